"""The application in a replica of Ray's, asked by doors."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from typing import Any

from starlette.types import ASGIApp, Message

from app import logs, main
from app.settings import Settings
from deploy.ray.messages import Answered, Asked, Headers


class Replica:
    """The application and its engine."""

    async def __init__(self) -> None:  # type: ignore[misc] # Ray awaits it
        settings = Settings()
        logs.configure(settings.log_level, settings.log_format)
        self._app = main.create_app(settings)
        self._life = AsyncExitStack()
        await self._life.enter_async_context(self._app.router.lifespan_context(self._app))

    async def answer(self, asked: Asked) -> Answered:
        """Return what the application answers."""
        return await respond(self._app, asked)

    async def check_health(self) -> None:
        """Raise if the replica is to be replaced; asked by Ray."""
        if not self._app.state.ready:
            raise RuntimeError("not ready")

    async def __del__(self) -> None:
        # Ray awaits it when a replica has finished what it had.
        await self._life.aclose()


async def respond(app: ASGIApp, asked: Asked) -> Answered:
    """Return the answer of an application that speaks ASGI."""
    scope: dict[str, Any] = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "scheme": "http",
        "root_path": "",
        "method": asked.method,
        "path": asked.path,
        "raw_path": asked.raw_path,
        "query_string": asked.query,
        "headers": asked.headers,
        "client": asked.client,
        "server": None,
    }
    unread = [asked.content]
    status, headers, content = 500, Headers(), bytearray()

    async def receive() -> Message:
        if unread:
            return {"type": "http.request", "body": unread.pop(), "more_body": False}
        await asyncio.Event().wait()  # a client that goes away cancels the call
        raise AssertionError

    async def send(message: Any) -> None:
        nonlocal status, headers
        if message["type"] == "http.response.start":
            status, headers = message["status"], [(bytes(name), bytes(value)) for name, value in message["headers"]]
        elif message["type"] == "http.response.body":
            content.extend(message.get("body", b""))

    await app(scope, receive, send)
    return Answered(status, headers, bytes(content))
