"""Bounds on the headers and the URL of a request."""

from __future__ import annotations

from starlette.types import ASGIApp, Receive, Scope, Send

from app import errors
from app.api.http import body


class HeaderLimits:
    """ASGI middleware that refuses requests with too many or too large headers, or too long a URL."""

    def __init__(self, app: ASGIApp, limits: body.RequestLimits) -> None:
        self._app, self._limits = app, limits

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if not self._limits.allow_headers(scope["headers"]):
            raise errors.HeadersTooLarge("the headers are over the published limit")
        url_bytes = len(scope.get("raw_path") or scope["path"]) + len(scope["query_string"])
        if url_bytes > self._limits.max_url_bytes:
            raise errors.AddressTooLong("the address is over the published limit")
        await self._app(scope, receive, send)
