"""POST /mcp: the tools over streamable HTTP, without sessions.

Specification: https://modelcontextprotocol.io/specification, revisions 2024-11-05 to 2026-07-28. A message is one JSON
document, and so is its reply. A call of a tool is answered by the operation of its REST route, for the same caller,
with the same limits, deadlines and rates.
"""

from __future__ import annotations

import asyncio
import dataclasses
import functools
import importlib
import importlib.util
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import pydantic_core
from fastapi import APIRouter
from starlette.requests import Request

from app import errors
from app.api import services
from app.api.http import body, handler, json_faults, json_stream, replies, routing
from app.api.http.middleware import ratelimit
from app.api.interop import endpoints
from app.api.interop.mcp import json_rpc, service

PATH = "/mcp"
_SERVICE = "gradserve.service"  # in the scope of a message: what answers its call
_ACCEPT = (b"accept", b"application/json, text/event-stream")
_TYPES = frozenset({"application/json", "application/*", "*/*"})

Language = Callable[[], Awaitable[service.Document]]


@functools.cache
def is_installed() -> bool:
    """Return whether the official SDK is there, without importing it: that takes half a second."""
    return importlib.util.find_spec("mcp") is not None


class Mcp:
    """The endpoint of the protocol.

    ``operations`` are those of the REST routes by path, and ``language`` answers /v1/language.
    """

    def __init__(self, operations: Mapping[str, handler.Operation], language: Language) -> None:
        self._operations, self._language = operations, language
        self._server: Any = None  # of the SDK, made for the first message
        self.router = APIRouter(tags=["model context protocol"], route_class=routing.Route)
        protocol = endpoints.Protocol(self.router, json_rpc.McpRefusal, json_rpc.refusal)
        protocol.add(
            PATH,
            self._answer,
            endpoints.Body(json_rpc.McpMessage, _PING),
            endpoints.Body(json_rpc.McpReply, _PONG),
            _STATUSES,
            operation_id="mcp",
            summary="Message of the Model Context Protocol",
            description=_DESCRIPTION,
        )

    async def _answer(self, request: Request) -> replies.Reply:
        parts = services.of(request)
        headers = request.scope["headers"]
        _check_origin(request.headers.get("origin"), parts.origins)
        _check_accept(request.headers.get("accept"))
        most = min(parts.limits.max_message_bytes, parts.limits.max_body_bytes)
        limits = dataclasses.replace(parts.limits, max_body_bytes=most)
        raw = await body.receive(headers, request.receive, limits)
        try:
            json_rpc.check(await json_stream.load(raw, limits.max_json_values, unique_names=True))
        except ValueError as error:
            raise json_faults.fault(error, raw) from None
        sdk = await _loaded()
        if self._server is None:
            self._server = sdk.make(lambda asking: asking.scope[_SERVICE])
        asked = _ThisApplication(self._operations, self._language, request)
        # The SDK wants more types accepted than it answers.
        accepting = [*(each for each in headers if each[0] != b"accept"), _ACCEPT]
        scope = {**request.scope, "headers": accepting, _SERVICE: asked}
        reply: replies.Reply = await sdk.over_http(self._server, scope, raw, request.receive)
        reply.computed = asked.computed
        return reply


class _ThisApplication:
    """Asks the operations of this application, for the caller of one request; see ``service.Service``."""

    def __init__(self, operations: Mapping[str, handler.Operation], language: Language, request: Request) -> None:
        self._operations, self._language, self._request = operations, language, request
        self._asked = 0
        self.computed: replies.Computed | None = None  # how the last answer was

    async def language(self) -> service.Document:
        return await self._language()

    async def ask(self, path: str, document: service.Document) -> service.Document:
        """Return the answer to a document; each but the first of a call counts as another request."""
        parts = services.of(self._request)
        self._asked += 1
        if self._asked > 1 and parts.rate is not None:
            await ratelimit.charge(parts.rate, self._request.scope)
        raw = pydantic_core.to_json(document)
        reply = await parts.request_handler.ask(self._operations[path], "", raw, self._request.receive)
        self.computed = reply.computed
        answer: service.Document = pydantic_core.from_json(reply.content)
        return answer


async def _loaded() -> Any:
    """Return the module that has the SDK, imported in a thread the first time."""
    if not is_installed():
        raise errors.NotFound(
            "this service does not speak the Model Context Protocol",
            hint="its operator can install gradserve[agents]; the routes at /v1 answer the same",
        )
    return await asyncio.to_thread(importlib.import_module, "app.api.interop.mcp.sdk")


def _check_origin(origin: str | None, allowed: tuple[str, ...]) -> None:
    """Refuse pages of origins that may not call the service: DNS rebinding makes a foreign page one of this host."""
    if origin is not None and origin not in allowed and "*" not in allowed:
        hint = "its operator can allow the origin by GRADSERVE_CORS_ORIGINS; programs send no Origin"
        raise errors.Forbidden(f"pages of {errors.quote(origin)} may not call this service", hint=hint)


def _check_accept(accept: str | None) -> None:
    if accept is not None and not any(each.split(";")[0].strip().lower() in _TYPES for each in accept.split(",")):
        hint = "Accept: application/json, text/event-stream"
        raise errors.NotAcceptable("the answer is application/json, which the request does not accept", hint=hint)


_PING = {"jsonrpc": "2.0", "id": 1, "method": "ping"}
_PONG = {"jsonrpc": "2.0", "id": 1, "result": {}}
_STATUSES = {
    202: "A notification was taken; there is no content",
    400: "The body is not one message, or the version of the protocol is not known here",
    403: "The page that sends it is of an origin that is not allowed",
    404: "There is no such method, or the operator has not installed gradserve[agents]",
    406: "The answer would be JSON, which is not accepted",
}
_DESCRIPTION = (
    "The tools of this service for agents, over streamable HTTP without sessions.\n\nThe body is one JSON-RPC message, "
    "such as `tools/list` or `tools/call`. What is wrong with a call of a tool is in its result, with `isError`. "
    "`docs/agents.md` has the tools and the settings of hosts."
)
