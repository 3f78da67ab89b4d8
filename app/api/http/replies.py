"""What an operation answers: status, body and how it was computed. Headers are made from these, once, at the end."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from starlette.requests import Request
from starlette.responses import Response
from starlette.staticfiles import NotModifiedResponse, StaticFiles
from starlette.types import Send

Header = tuple[bytes, bytes]
Headers = Sequence[Header]  # names in lower case, as in ASGI
_CONDITIONS = StaticFiles()  # knows how to compare ETags


@dataclass(slots=True)
class Computed:
    """How an answer was computed. The headers Cache-Status and Server-Timing, metrics and spans are made from this."""

    hit: bool  # the function was known already
    tier: str = ""  # "interpreted" or "compiled"; empty for formulae, which are derived and not run
    parse_seconds: float = 0.0  # from the text to the start of the computation
    execute_seconds: float = 0.0
    derive_seconds: float = 0.0

    def steps(self) -> dict[str, float]:
        """Return the seconds of each step, in order."""
        if self.tier:
            return {"parse": self.parse_seconds, "execute": self.execute_seconds}
        return {"derive": self.derive_seconds}

    def server_timing(self) -> bytes:
        """Return the value of Server-Timing (W3C), in milliseconds."""
        if self.tier:
            return b"parse;dur=%.3f, execute;dur=%.3f" % (self.parse_seconds * 1e3, self.execute_seconds * 1e3)
        return b"derive;dur=%.3f" % (self.derive_seconds * 1e3)


# Values of Cache-Status (RFC 9211).
_CACHE_STATUS = {
    (hit, tier): f"gradserve; {'hit' if hit else 'fwd=miss'}{f'; detail={tier}' if tier else ''}".encode()
    for hit in (True, False)
    for tier in ("interpreted", "compiled", "")
}


@dataclass(slots=True)
class Reply:
    """A response.

    ``headers`` are further headers. ``repeated`` is the request without its point, if it can be answered again without
    being read.
    """

    status: int
    content: bytes
    media_type: bytes = b"application/json"
    headers: tuple[Header, ...] = ()
    computed: Computed | None = None
    repeated: RepeatedRequest | None = None

    def raw_headers(self) -> list[Header]:
        """Return all headers as ASGI takes them."""
        headers = [(b"content-length", b"%d" % len(self.content))]
        if self.content:
            headers.append((b"content-type", self.media_type))
        computed = self.computed
        if computed is not None:
            headers.append((b"server-timing", computed.server_timing()))
            headers.append((b"cache-status", _CACHE_STATUS[computed.hit, computed.tier]))
        headers.extend(self.headers)
        return headers

    def head(self) -> bytes:
        """Return the same as HTTP/1.1 writes them, a line each."""
        computed = self.computed
        if computed is None or not self.content or self.headers:
            return b"".join([b"%b: %b\r\n" % line for line in self.raw_headers()])
        # What most answers are, in a third of the time.
        return b"content-length: %d\r\ncontent-type: %b\r\nserver-timing: %b\r\ncache-status: %b\r\n" % (
            len(self.content), self.media_type, computed.server_timing(), _CACHE_STATUS[computed.hit, computed.tier],
        )  # fmt: skip

    def response(self) -> Response:
        """Return the reply as Starlette's routes return it."""
        response = Response(self.content, self.status)
        response.raw_headers = self.raw_headers()
        return response

    async def send(self, send: Send) -> None:
        """Send the reply as ASGI messages."""
        await send({"type": "http.response.start", "status": self.status, "headers": self.raw_headers()})
        await send({"type": "http.response.body", "body": self.content})


def names_type(headers: Headers, media_type: bytes) -> bool:
    """Return whether a client names a media type in Accept (RFC 9110, section 12.5.1)."""
    return any(name == b"accept" and media_type in value.lower() for name, value in headers)


class PreparedRequest(Protocol):
    """A request that is ready to be computed."""

    @property
    def prepared(self) -> Any:
        """What the engine computes; calls of one function may be computed together before ``run``."""

    @property
    def seconds(self) -> float:
        """How long ``run`` and ``reply`` are expected to take together, infinite if they may have to wait."""

    def run(self) -> None:
        """Compute the numbers and nothing else, unless that may have to wait."""

    def reply(self) -> Reply:
        """Return the reply that they make."""

    async def answer(self) -> Reply:
        """Compute the numbers and return the reply, however long it takes."""


class RepeatedRequest(Protocol):
    """A request that has been answered, without its point."""

    @property
    def weight(self) -> int:
        """What it costs to keep it, in operations."""

    @property
    def arguments(self) -> int:
        """How many arguments the function has."""

    @property
    def seconds(self) -> float:
        """How long it is expected to take at another point, as ``PreparedRequest.seconds``."""

    def prepare(self, point: Any) -> PreparedRequest | None:
        """Return the same request at another point, given as a list or by name, None if it is not the same there.

        Entries may be arrays. Raises ``errors.Rejected``.
        """


def etag(content: bytes) -> str:
    """Return the ETag of a content: its digest, in quotes (RFC 9110, section 8.8.3)."""
    return f'"{hashlib.blake2b(content, digest_size=16).hexdigest()}"'


def unless_known(response: Response, request: Request) -> Response:
    """Return a response with an ETag, or a 304 if the client has it already (RFC 9110, section 13.1.2)."""
    if _CONDITIONS.is_not_modified(response.headers, request.headers):
        return NotModifiedResponse(response.headers)
    return response
