"""What is around FastAPI: operations that are answered before it, and HEAD, which it does not serve."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.api.http import context, replies

Answer = Callable[[replies.Headers, Receive], Awaitable[replies.Reply]]
"""Answers one request from its headers and its body."""

Find = Callable[[str], tuple[str, Answer] | None]
"""Returns the route of a POST to a path and what answers it; None if there is no such operation."""


class Operations:
    """ASGI middleware that answers POSTs of known operations itself, which costs less than the framework."""

    def __init__(self, app: ASGIApp, find: Sequence[Find]) -> None:
        self._app, self._find = app, find

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        found = find(self._find, scope)
        if found is None:
            await self._app(scope, receive, send)
            return
        request = context.of(scope)
        request.route, answer = found
        reply = await answer(scope["headers"], receive)
        request.computed = reply.computed
        await reply.send(send)


def find(protocols: Sequence[Find], scope: Scope) -> tuple[str, Answer] | None:
    """Return the route of a request and what answers it, None if that is the framework's."""
    if scope["method"] == "POST":
        for find_operation in protocols:
            found = find_operation(scope["path"])
            if found is not None:
                return found
    return None


class HeadAsGet:
    """ASGI middleware that answers HEAD as GET without the content (RFC 9110, section 9.3.2)."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["method"] != "HEAD":
            await self._app(scope, receive, send)
            return

        async def send_without_content(message: Message) -> None:
            if message["type"] == "http.response.body":
                message["body"] = b""
            await send(message)

        get = {**scope, "method": "GET"}
        await self._app(get, receive, send_without_content)
        if "route" in get:
            scope["route"] = get["route"]
