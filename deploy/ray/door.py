"""Forwards requests from Ray's proxy to the replica of their function, and again if the replica dies."""

from __future__ import annotations

import asyncio
import logging

from ray import exceptions
from ray.serve import handle
from starlette.requests import Request
from starlette.responses import Response

from deploy.ray import messages

_log = logging.getLogger("ray.serve")

_TRIES = 4
_PAUSE_SECONDS = 0.1
"""Before the second try, then doubled: Ray notices replicas that die together one after the other."""


class Door:
    """Sends each request to the replica of its function.

    Args:
        replicas: Ray's handle of the replicas.
        max_bytes: no more of a body is read; the replica then refuses the request.
    """

    def __init__(self, replicas: handle.DeploymentHandle, max_bytes: int) -> None:
        self._replicas = replicas
        self._max_bytes = max_bytes

    async def __call__(self, request: Request) -> Response:
        """Return the response to a request from Ray's proxy."""
        content = await self._read(request)
        scope = request.scope
        forwarded = messages.Request(
            method=scope["method"],
            path=scope["path"],
            raw_path=scope.get("raw_path") or scope["path"].encode(),
            query=scope["query_string"],
            headers=[(bytes(name), bytes(value)) for name, value in scope["headers"]],
            client=tuple(scope["client"]) if scope.get("client") else None,
            content=content,
        )
        answer = await self._send(messages.function_of(forwarded.path, content), forwarded)
        response = Response(answer.content, answer.status)
        # Ray adds this header itself. The replica got its value from Ray.
        response.raw_headers = [header for header in answer.headers if header[0] != b"x-request-id"]
        return response

    async def _read(self, request: Request) -> bytes:
        content = bytearray()
        async for piece in request.stream():
            content += piece
            if len(content) > self._max_bytes:
                break
        return bytes(content)

    async def _send(self, function: str, request: messages.Request) -> messages.Response:
        replicas = self._replicas.options(session_id=function) if function else self._replicas
        for attempt in range(_TRIES):
            try:
                response: messages.Response = await replicas.answer.remote(request)
            except (exceptions.ActorDiedError, exceptions.ActorUnavailableError):
                _log.warning("a replica died during attempt %d at %s", attempt + 1, request.path)
                if attempt == _TRIES - 1:
                    raise
                await asyncio.sleep(_PAUSE_SECONDS * 2**attempt)
            else:
                return response
        raise AssertionError("the last attempt returns or raises")
