"""What every response has and every request must respect, as one ASGI layer around the application."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app import errors
from app.protocols import body, exchange

_REQUEST_ID = re.compile(rb"[A-Za-z0-9._:/+=-]{1,128}")


class Edge:
    """Checks and answers X-Request-ID, refuses headers beyond the limits, and has a lane for the hot routes.

    The lane serves an operation straight from ASGI messages; what it does not know goes on to the application,
    whose routes of the same operations are made of the same ``exchange.perform``.

    Args:
        app: the application inside.
        lane: operations by path, all POST.
        served: what operations are handed: the engine.
        limits: bounds on headers and bodies.
    """

    def __init__(
        self, app: ASGIApp, *, lane: Mapping[str, exchange.Operation], served: object, limits: body.Limits
    ) -> None:
        self._app = app
        self._lane = lane
        self._served = served
        self._limits = limits

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = scope["headers"]
        request_id = _request_id(headers)
        if len(headers) > self._limits.max_header_lines or _size(headers) > self._limits.max_header_bytes:
            refused = exchange.refusal(errors.HeadersTooLarge("the headers are over the published limit"))
            await _send(refused, request_id, send)
            return
        operation = self._lane.get(scope["path"]) if scope["method"] == "POST" else None
        if operation is not None:
            reply = await exchange.perform(operation, self._served, headers, receive, self._limits)
            await _send(reply, request_id, send)
            return

        async def send_with_id(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], (b"x-request-id", request_id)]
            await send(message)

        await self._app(scope, receive, send_with_id)


async def _send(reply: exchange.Reply, request_id: bytes, send: Send) -> None:
    headers = [*reply.raw_headers(), (b"x-request-id", request_id)]
    await send({"type": "http.response.start", "status": reply.status, "headers": headers})
    await send({"type": "http.response.body", "body": reply.content})


def _request_id(headers: Iterable[tuple[bytes, bytes]]) -> bytes:
    """Return the client's request id if it is harmless in a log line, else a new one."""
    for name, value in headers:
        if name == b"x-request-id" and _REQUEST_ID.fullmatch(value):
            return value
    return os.urandom(16).hex().encode()


def _size(headers: Iterable[tuple[bytes, bytes]]) -> int:
    return sum([len(name) + len(value) + 4 for name, value in headers])
