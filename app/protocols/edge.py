"""What every response has and every request must respect, as one ASGI layer around the application."""

from __future__ import annotations

import itertools
import logging
import os
import re
from collections.abc import Iterable, Mapping

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app import errors
from app.protocols import body, exchange

_log = logging.getLogger("gradserve")

_PROCESS = os.urandom(8).hex().encode()
_NUMBERS = itertools.count(1)
"""A request id is the process's and a number: unique, and a tenth of the price of a random one."""

_REQUEST_ID = re.compile(rb"[A-Za-z0-9._:/+=-]{1,128}")


class Edge:
    """Checks and answers X-Request-ID, refuses headers beyond the limits, and has a lane for the hot routes.

    The lane serves an operation straight from ASGI messages; what it does not know goes on to the application,
    whose routes of the same operations go through the same ``exchange.Exchange``.

    Args:
        app: the application inside.
        lane: operations by path, all POST.
        performs: answers them.
        limits: bounds on headers.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        lane: Mapping[str, exchange.Operation],
        performs: exchange.Exchange,
        limits: body.Limits,
    ) -> None:
        self._app = app
        self._lane = lane
        self._exchange = performs
        self._limits = limits

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = _request_id(scope["headers"])
        started = False
        # HEAD is GET without the content (RFC 9110, section 9.3.2).
        head = scope["method"] == "HEAD"
        if head:
            scope = {**scope, "method": "GET"}

        async def send_with_id(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                message["headers"] = [*message["headers"], (b"x-request-id", request_id)]
            elif head:
                message["body"] = b""
            await send(message)

        try:
            reply = await self._reply(scope, receive)
            if reply is None:
                await self._app(scope, receive, send_with_id)
                return
        except Exception:  # noqa: BLE001 - a bug of ours: the client learns nothing of it, the log everything
            _log.exception("request %s failed", request_id.decode())
            if started:
                return  # the framework has answered it, or the server will see that nobody finished
            reply = exchange.refusal(errors.GradserveError("something went wrong here; the log has the request id"))
        headers = [*reply.raw_headers(), (b"x-request-id", request_id)]
        await send({"type": "http.response.start", "status": reply.status, "headers": headers})
        await send({"type": "http.response.body", "body": reply.content})

    async def _reply(self, scope: Scope, receive: Receive) -> exchange.Reply | None:
        """Return the reply to what is refused here or has a lane, None for what the application answers."""
        headers = scope["headers"]
        if len(headers) > self._limits.max_header_lines or _size(headers) > self._limits.max_header_bytes:
            return exchange.refusal(errors.HeadersTooLarge("the headers are over the published limit"))
        operation = self._lane.get(scope["path"]) if scope["method"] == "POST" else None
        if operation is None:
            return None
        return await self._exchange.perform(operation, headers, receive)


def _request_id(headers: Iterable[tuple[bytes, bytes]]) -> bytes:
    """Return the client's request id if it is harmless in a log line, else a new one."""
    for name, value in headers:
        if name == b"x-request-id" and _REQUEST_ID.fullmatch(value):
            return value
    return b"%s%016x" % (_PROCESS, next(_NUMBERS))


def _size(headers: Iterable[tuple[bytes, bytes]]) -> int:
    return sum([len(name) + len(value) + 4 for name, value in headers])
