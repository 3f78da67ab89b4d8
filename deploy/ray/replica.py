"""The application in a replica of Ray Serve, called by doors."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from typing import Any

from starlette.types import ASGIApp, Message

from app import application
from app.environment import read
from app.runtime import logs
from deploy.ray import messages


class Replica:
    """The application and its engine."""

    async def __init__(self) -> None:  # type: ignore[misc] # Ray awaits it
        settings = read()
        logs.configure(settings.log_level, settings.log_format)
        self._app = application.create_app(settings)
        self._life = AsyncExitStack()
        await self._life.enter_async_context(self._app.router.lifespan_context(self._app))

    async def answer(self, request: messages.Request) -> messages.Response:
        """Return the response of the application."""
        return await respond(self._app, request)

    async def check_health(self) -> None:
        """Raise an error if Ray should replace this replica; called by Ray."""
        if not self._app.state.services.lifecycle.ready:
            raise RuntimeError("not ready")

    async def __del__(self) -> None:
        # Ray awaits this when the replica has finished its requests.
        await self._life.aclose()


async def respond(app: ASGIApp, request: messages.Request) -> messages.Response:
    """Return the response of an ASGI application."""
    scope: dict[str, Any] = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "scheme": "http",
        "root_path": "",
        "method": request.method,
        "path": request.path,
        "raw_path": request.raw_path,
        "query_string": request.query,
        "headers": request.headers,
        "client": request.client,
        "server": None,
    }
    unread = [request.content]
    status, headers, content = 500, messages.Headers(), bytearray()

    async def receive() -> Message:
        if unread:
            return {"type": "http.request", "body": unread.pop(), "more_body": False}
        await asyncio.Event().wait()  # Ray cancels the call if the client disconnects
        raise AssertionError

    async def send(message: Any) -> None:
        nonlocal status, headers
        if message["type"] == "http.response.start":
            status, headers = message["status"], [(bytes(name), bytes(value)) for name, value in message["headers"]]
        elif message["type"] == "http.response.body":
            content.extend(message.get("body", b""))

    await app(scope, receive, send)
    return messages.Response(status, headers, bytes(content))
