"""Compressed bodies, both ways (RFC 9110, section 8.4): gzip, and zstd (RFC 8878) where its library is at hand.

What comes out of a compressed request is bounded as other bodies are, and counted with them. An answer is compressed if
the client accepts that, unless it is small. What takes long runs in threads, so that nobody else waits.
"""

from __future__ import annotations

import asyncio
import functools
import gzip
import io
import sys
import zlib
from collections.abc import Callable
from typing import Any, NamedTuple

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app import errors
from app.api.http import body, replies
from app.api.http.middleware import backpressure

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    try:
        from backports import zstd  # gradserve[zstd]
    except ImportError:
        zstd = None  # type: ignore[assignment]  # gzip alone

_MIN_BYTES = 1024  # answers below fit in a packet anyway
_INLINE_BYTES = 1 << 14  # answers up to this length are compressed on the event loop: a thread would cost more
_LEVEL, _LEVEL_OF_NUMBERS = 9, 1  # numbers are hardly shorter at higher levels, which take several times as long
_GZIP = 31  # of ``wbits``: with the header and the checksum of gzip (RFC 1952)
_JSON = b"application/json"
_TEXTS = (_JSON, b"application/problem+json", b"application/javascript", b"image/svg+xml", b"text/")
_EVENTS = b"text/event-stream"  # each has to arrive at once
_PARTIAL = 206
_PLAIN = (b"", b"identity")  # codings of a body that is sent as it is
_VALUES = 64  # of Accept-Encoding that are kept with what they mean: a client sends the same one each time


class Coding(NamedTuple):
    """A content coding."""

    compressor: Callable[[int], Any]  # of a level; has compress() and flush()
    reader: Callable[[io.BytesIO], Any]  # a file of what was compressed
    faults: tuple[type[Exception], ...]  # of that file


CODINGS = {
    b"gzip": Coding(
        lambda level: zlib.compressobj(level, wbits=_GZIP),
        lambda file: gzip.GzipFile(fileobj=file),
        (OSError, EOFError, zlib.error),
    )
}
"""What is understood, by name: the last is the best."""

if zstd is not None:
    CODINGS[b"zstd"] = Coding(zstd.ZstdCompressor, zstd.ZstdFile, (EOFError, zstd.ZstdError))


class Compression:
    """ASGI middleware that decompresses requests and compresses answers."""

    def __init__(self, app: ASGIApp, limits: body.RequestLimits, budgets: backpressure.Budgets) -> None:
        self._app, self._limits, self._budgets = app, limits, budgets

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = scope["headers"]
        accepted, coding = _codings(headers)
        if scope["method"] == "GET" or (accepted is not None and scope["method"] != "HEAD"):
            send = _Compressed(send, accepted)
        if coding in _PLAIN:
            await self._app(scope, receive, send)
            return
        limits = self._limits.of_data() if scope["path"] == body.DATA_PATH else self._limits
        budget = self._budgets.of_bodies(scope["path"])
        plain = [(name, value) for name, value in headers if name not in (b"content-encoding", b"content-length")]
        if coding not in CODINGS:
            await self._app({**scope, "headers": plain}, _refuse, send)
            return
        decompressed = _Decompressed(CODINGS[coding], plain, receive, limits, budget)
        try:
            await self._app({**scope, "headers": plain}, decompressed, send)
        finally:
            budget.bytes -= decompressed.held


class _Decompressed:
    """``receive`` of ASGI that gives the body of a request as it was before it was compressed.

    What is wrong with the body is raised where it is read, so that each protocol says it in its own form.
    """

    __slots__ = ("_budget", "_coding", "_given", "_headers", "_limits", "_receive", "held")

    def __init__(
        self,
        coding: Coding,
        headers: replies.Headers,
        receive: Receive,
        limits: body.RequestLimits,
        budget: backpressure.MemoryBudget,
    ) -> None:
        self._coding, self._headers, self._receive = coding, headers, receive
        self._limits, self._budget = limits, budget
        self._given, self.held = False, 0

    async def __call__(self) -> Message:
        if self._given:
            return await self._receive()
        self._given = True
        raw = await body.receive_once(self._headers, self._receive, self._limits, any_type=True)
        content = await asyncio.to_thread(self._read, raw)
        self._budget.take(len(content))
        self.held = len(content)
        return {"type": "http.request", "body": content, "more_body": False}

    def _read(self, raw: bytes | bytearray) -> bytes:
        """Return at most one byte more than is allowed."""
        try:
            content: bytes = self._coding.reader(io.BytesIO(raw)).read(self._limits.max_body_bytes + 1)
        except self._coding.faults:
            raise errors.BadRequest("the body is not what its Content-Encoding says") from None
        return content


class _Compressed:
    """``send`` of ASGI that compresses an answer of text, if there is a coding.

    Caches learn from ``Vary`` that there may be one.
    """

    __slots__ = ("_coding", "_compressor", "_send", "_start")

    def __init__(self, send: Send, coding: bytes | None) -> None:
        self._send, self._coding = send, coding
        self._start: Message | None = None
        self._compressor: Any = None

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._start = message  # kept until it is known how long the body is
            return
        start, self._start = self._start, None
        if start is None:
            await self._send(await self._compressed(message))
        elif not _is_worth(start, message):
            await self._send(start)
            await self._send(message)
        else:
            headers = _varying(start["headers"])
            if self._coding is not None:
                numbers = dict(headers).get(b"content-type", b"").startswith(_JSON)
                self._compressor = CODINGS[self._coding].compressor(_LEVEL_OF_NUMBERS if numbers else _LEVEL)
                message = await self._compressed(message)
                headers = _encoded(headers, self._coding, None if message.get("more_body") else len(message["body"]))
            await self._send({**start, "headers": headers})
            await self._send(message)

    async def _compressed(self, message: Message) -> Message:
        """Return a piece of the body, compressed if the answer is."""
        compressor, content, ends = self._compressor, message.get("body", b""), not message.get("more_body", False)
        if compressor is None:
            return message

        def compress() -> bytes:
            found: bytes = compressor.compress(content) + (compressor.flush() if ends else b"")
            return found

        found = compress() if len(content) <= _INLINE_BYTES else await asyncio.to_thread(compress)
        return {**message, "body": found}


def _is_worth(start: Message, message: Message) -> bool:
    """Return whether an answer with this start and this first piece of its body may be compressed."""
    headers = dict(start["headers"])
    media_type = headers.get(b"content-type", b"")
    long = message.get("more_body", False) or len(message.get("body", b"")) >= _MIN_BYTES
    text = media_type.startswith(_TEXTS) and not media_type.startswith(_EVENTS)
    return long and text and start["status"] != _PARTIAL and b"content-encoding" not in headers


async def _refuse() -> Message:
    """Refuse a body in a coding that is not known, where it is read."""
    names = " or ".join([name.decode() for name in CODINGS])
    raise errors.UnsupportedMediaType("the Content-Encoding is not known here", hint=f"{names}, or the body as it is")


def _codings(headers: replies.Headers) -> tuple[bytes | None, bytes]:
    """Return the best coding that a client accepts, and the coding of the body, empty if it has none."""
    accepted = coding = b""
    for name, value in headers:
        if name == b"accept-encoding":
            accepted = accepted + b"," + value if accepted else value
        elif name == b"content-encoding":
            coding = coding + b"," + value if coding else value
    return _best(accepted), coding.strip().lower().removeprefix(b"x-")  # RFC 9110, section 8.4.1.3: x-gzip is gzip


@functools.lru_cache(_VALUES)
def _best(accepted: bytes) -> bytes | None:
    """Return the best coding that an Accept-Encoding accepts (RFC 9110, section 12.5.3)."""
    entries = [entry.replace(b" ", b"").partition(b";q=") for entry in accepted.lower().split(b",")]
    found = {name for name, _, weight in entries if not weight or weight.strip(b"0.")}
    return next((name for name in reversed(CODINGS) if name in found), None)


def _varying(headers: replies.Headers) -> list[replies.Header]:
    others = [value for name, value in headers if name == b"vary"]
    vary = b", ".join([*others, b"Accept-Encoding"])
    return [*((name, value) for name, value in headers if name != b"vary"), (b"vary", vary)]


def _encoded(headers: replies.Headers, coding: bytes, size: int | None) -> list[replies.Header]:
    """Return headers of the same answer, compressed, to so many bytes if that is known.

    Its ETag becomes a weak one: the answer is the same but for its bytes.
    """
    found = [(name, value) for name, value in headers if name != b"content-length"]
    found = [(name, b"W/" + value if name == b"etag" and value[:1] == b'"' else value) for name, value in found]
    lengths = [] if size is None else [(b"content-length", b"%d" % size)]
    return [*found, (b"content-encoding", coding), *lengths]
