"""A request of Ray's proxy to the replica of its function; what a replica loses is asked again."""

from __future__ import annotations

import asyncio
import logging

from ray import exceptions
from ray.serve import handle
from starlette.requests import Request
from starlette.responses import Response

from deploy.ray.messages import Answered, Asked, function_of

_log = logging.getLogger("ray.serve")

_TRIES = 4
_PAUSE_SECONDS = 0.1
"""Before asking again, doubled each time: replicas that die together are found dead one after the other."""


class Door:
    """Sends each request to the replica of its function.

    Args:
        replicas: Ray's handle of them.
        max_bytes: of a body, beyond which nothing more is read; the replica then says that it is too long.
    """

    def __init__(self, replicas: handle.DeploymentHandle, max_bytes: int) -> None:
        self._replicas = replicas
        self._max_bytes = max_bytes

    async def __call__(self, request: Request) -> Response:
        """Answer a request of Ray's proxy."""
        content = await self._read(request)
        scope = request.scope
        asked = Asked(
            method=scope["method"],
            path=scope["path"],
            raw_path=scope.get("raw_path") or scope["path"].encode(),
            query=scope["query_string"],
            headers=[(bytes(name), bytes(value)) for name, value in scope["headers"]],
            client=tuple(scope["client"]) if scope.get("client") else None,
            content=content,
        )
        answered = await self._ask(function_of(asked.path, content), asked)
        response = Response(answered.content, answered.status)
        # Ray writes this one itself; it has told the replica its value.
        response.raw_headers = [header for header in answered.headers if header[0] != b"x-request-id"]
        return response

    async def _read(self, request: Request) -> bytes:
        content = bytearray()
        async for piece in request.stream():
            content += piece
            if len(content) > self._max_bytes:
                break
        return bytes(content)

    async def _ask(self, function: str, asked: Asked) -> Answered:
        near = self._replicas.options(session_id=function) if function else self._replicas
        for attempt in range(_TRIES):
            try:
                answered: Answered = await near.answer.remote(asked)
            except (exceptions.ActorDiedError, exceptions.ActorUnavailableError):
                _log.warning("a replica was lost, and with it attempt %d at %s", attempt + 1, asked.path)
                if attempt == _TRIES - 1:
                    raise
                await asyncio.sleep(_PAUSE_SECONDS * 2**attempt)
            else:
                return answered
        raise AssertionError("the last attempt returns or raises")
