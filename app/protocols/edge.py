"""What every response has and every request must respect, as one ASGI layer around the application."""

from __future__ import annotations

import itertools
import logging
import os
import re
from collections.abc import Awaitable, Callable, Sequence

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app import errors
from app.protocols import body, exchange

_log = logging.getLogger("gradserve")

_PROCESS = os.urandom(8).hex().encode()
_NUMBERS = itertools.count(1)
"""A request id is the process's and a number: unique, and a tenth of the price of a random one."""

_REQUEST_ID = re.compile(rb"[A-Za-z0-9._:/+=-]{1,128}")


Answers = Callable[[exchange.Headers, Receive], Awaitable[exchange.Reply]]
"""Answers one request, whatever is wrong with it."""


class Edge:
    """Checks and answers X-Request-ID, refuses headers beyond the limits, and has a lane for the hot routes.

    The lane serves an operation straight from ASGI messages; what it does not know goes on to the application,
    whose routes of the same operations go through the same ``exchange.Exchange``.

    Args:
        app: the application inside.
        lane: operations, all POST.
        performs: answers them.
        limits: bounds on headers.
        others: from the path of a POST to what answers it, for protocols that read and write in their own way.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        lane: exchange.Lane,
        performs: exchange.Exchange,
        limits: body.Limits,
        others: Sequence[Callable[[str], Answers | None]] = (),
    ) -> None:
        self._app = app
        self._lane = lane
        self._exchange = performs
        self._limits = limits
        self._others = others

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = scope["headers"]
        request_id = identity(headers)
        if self._excessive(headers):
            reply = exchange.refusal(errors.HeadersTooLarge("the headers are over the published limit"))
        else:
            found = self._lane.find(scope["path"]) if scope["method"] == "POST" else None
            other = self._other(scope) if found is None else None
            if found is None and other is None:
                await self._forward(scope, receive, send, request_id)
                return
            try:
                if found is not None:
                    reply = await self._exchange.perform(*found, headers, receive)
                elif other is not None:
                    reply = await other(headers, receive)
            except Exception:  # noqa: BLE001 - a bug of ours: the client learns nothing of it, the log everything
                reply = _bug(request_id)
        await _send(reply, send, request_id)

    def prepare(self, path: str, headers: exchange.Headers, content: bytes) -> exchange.Pending | None:
        """Return what will answer a POST that is all here, if that needs no waiting, else None.

        What is wrong with a request is left to ``__call__`` to say.
        """
        found = self._lane.find(path)
        if found is None or self._excessive(headers):
            return None
        try:
            return self._exchange.prepare(*found, headers, content)
        except errors.GradserveError:
            return None

    def _other(self, scope: Scope) -> Answers | None:
        """Return what answers a POST of another protocol."""
        if scope["method"] != "POST":
            return None
        path = scope["path"]
        return next((found for find in self._others if (found := find(path)) is not None), None)

    def _excessive(self, headers: exchange.Headers) -> bool:
        return len(headers) > self._limits.max_header_lines or _size(headers) > self._limits.max_header_bytes

    async def _forward(self, scope: Scope, receive: Receive, send: Send, request_id: tuple[bytes, bytes]) -> None:
        """Have the application answer."""
        started = False
        # HEAD is GET without the content (RFC 9110, section 9.3.2).
        head = scope["method"] == "HEAD"
        if head:
            scope = {**scope, "method": "GET"}

        async def send_with_id(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                message["headers"] = [*message["headers"], request_id]
            elif head:
                message["body"] = b""
            await send(message)

        try:
            await self._app(scope, receive, send_with_id)
        except Exception:  # noqa: BLE001 - likewise
            reply = _bug(request_id)
            # Else the framework has answered it, or the server will see that nobody finished.
            if not started:
                await _send(reply, send, request_id)


def _bug(request_id: tuple[bytes, bytes]) -> exchange.Reply:
    _log.exception("request %s failed", request_id[1].decode())
    return exchange.refusal(errors.GradserveError("something went wrong here; the log has the request id"))


async def _send(reply: exchange.Reply, send: Send, request_id: tuple[bytes, bytes]) -> None:
    headers = [*reply.raw_headers(), request_id]
    await send({"type": "http.response.start", "status": reply.status, "headers": headers})
    await send({"type": "http.response.body", "body": reply.content})


def identity(headers: exchange.Headers) -> tuple[bytes, bytes]:
    """Return the header X-Request-ID of a response: the client's if it is harmless in a log line, else a new one."""
    for header in headers:
        if header[0] == b"x-request-id" and _REQUEST_ID.fullmatch(header[1]):
            return header
    return b"x-request-id", b"%s%016x" % (_PROCESS, next(_NUMBERS))


def _size(headers: exchange.Headers) -> int:
    return sum([len(name) + len(value) + 4 for name, value in headers])
