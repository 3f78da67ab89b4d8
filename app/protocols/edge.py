"""What every response has and every request must respect, as one ASGI layer around the application."""

from __future__ import annotations

import re
import uuid

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app import errors
from app.protocols import body, problem

_REQUEST_ID = re.compile(rb"[A-Za-z0-9._:/+=-]{1,128}")


class Edge:
    """Echoes or makes X-Request-ID, and refuses headers beyond the limits.

    Args:
        app: the application inside.
        limits: bounds on headers.
    """

    def __init__(self, app: ASGIApp, limits: body.Limits) -> None:
        self._app = app
        self._limits = limits

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = _request_id(scope)

        async def send_with_id(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message)["X-Request-ID"] = request_id
            await send(message)

        headers = scope["headers"]
        if len(headers) > self._limits.max_header_lines or _size(headers) > self._limits.max_header_bytes:
            refusal = problem.response(errors.HeadersTooLarge("the headers are over the published limit"))
            await refusal(scope, receive, send_with_id)
            return
        await self._app(scope, receive, send_with_id)


def _request_id(scope: Scope) -> str:
    """Return the client's request id if it is harmless in a log line, else a new one."""
    for name, value in scope["headers"]:
        if name == b"x-request-id" and _REQUEST_ID.fullmatch(value):
            return str(value, "ascii")
    return uuid.uuid4().hex


def _size(headers: list[tuple[bytes, bytes]]) -> int:
    return sum(len(name) + len(value) + 4 for name, value in headers)
