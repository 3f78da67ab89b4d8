"""Routes that answer requests themselves; FastAPI only documents them.

FastAPI's own reading of a request is unbounded and its errors have another form, so no endpoint here runs as one of
FastAPI's. From the signature of an endpoint it learns what the OpenAPI document says of body and path.
"""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any

from fastapi import APIRouter, FastAPI
from fastapi.routing import APIRoute
from starlette import routing
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from app.api.http import context, event_stream, handler, replies

AnswerRequest = Callable[[Request], Awaitable[replies.Reply]]
Endpoint = Callable[[Request], Awaitable[replies.Reply | event_stream.EventStream]]


_OPERATIONS: dict[Callable[..., Any], handler.Operation] = {}
"""By the endpoints that ``add_operation`` made."""


def operations(routers: Iterable[APIRouter]) -> dict[str, handler.Operation]:
    """Return the operations that routers answer, by path."""
    routes = [route for router in routers for route in router.routes if isinstance(route, APIRoute)]
    return {route.path: _OPERATIONS[route.endpoint] for route in routes if route.endpoint in _OPERATIONS}


class Route(APIRoute):
    """Route whose endpoint takes the request alone and returns a reply.

    FastAPI makes a validator of every model that a route documents: half a second for all routes. No request needs
    one, so they are made with the OpenAPI document, see ``documented``.
    """

    def __init__(self, path: str, endpoint: Endpoint, **documentation: Any) -> None:
        async def handle(request: Request) -> Response:
            reply = await endpoint(request)
            context.of(request.scope).computed = reply.computed
            return reply.response()

        methods = documentation["methods"]
        # Starlette's part alone: that of ``APIRoute`` is what takes the time.
        routing.Route.__init__(self, path, handle, methods=methods, name=documentation.get("name"))
        self.methods = set(methods)  # Starlette adds HEAD to GET; the middleware HeadAsGet answers it
        self.endpoint = endpoint
        self._documentation = documentation

    def documented(self) -> APIRoute:
        """Return the route as FastAPI documents it."""
        return APIRoute(self.path, self.endpoint, **self._documentation)


def add(app: FastAPI, router: APIRouter) -> None:
    """Add the routes of a router. ``FastAPI.include_router`` makes each of them, and its validators, once more."""
    app.router.routes += router.routes


def documented(app: FastAPI) -> list[BaseRoute]:
    """Return all routes as FastAPI documents them."""
    return [route.documented() if isinstance(route, Route) else route for route in app.routes]


def add_on_function(
    router: APIRouter,
    name: str,
    operations: tuple[handler.Operation, handler.Operation],
    summary: str,
    tag: str,
    responses: Mapping[int | str, dict[str, Any]],
    unknown: Mapping[int | str, dict[str, Any]],
    **documentation: Any,
) -> None:
    """Add the routes of ``handler.on_function``: /name, and /functions/{function_id}/name.

    ``unknown`` is what the document says of an id that nobody has.
    """
    by_text, by_id = operations
    add_operation(
        router, f"/{name}", by_text, name=name, operation_id=name, summary=summary, tags=[tag],
        responses=dict(responses), **documentation,
    )  # fmt: skip
    add_operation(
        router, f"/functions/{{function_id}}/{name}", by_id, name=f"{name} by id", operation_id=f"{name}_by_id",
        summary=f"{summary}, by its id", tags=["functions"], responses={**responses, **unknown}, **documentation,
    )  # fmt: skip


def add_operation(router: APIRouter, path: str, operation: handler.Operation, **documentation: Any) -> None:
    """Add a POST route for an operation, with ``{function_id}`` in the path if the operation needs one."""

    async def endpoint(request: Request) -> replies.Reply | event_stream.EventStream:
        answers: handler.Handler = request.app.state.services.request_handler
        parameters, headers = request.path_params, request.scope["headers"]
        named = handler.owner(request.scope) if operation.needs == "owner" else parameters.get(operation.needs, "")
        if operation.stream is not None and event_stream.is_wanted(headers):
            return await answers.stream(operation, named, headers, request.receive)
        reply = await answers.perform(operation, named, headers, request.receive)
        if operation.as_text is not None and reply.status == 200 and replies.names_type(headers, b"text/plain"):
            return operation.as_text(reply)
        return reply

    kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
    documented = [inspect.Parameter("body", kind, annotation=operation.model)]
    if operation.needs == "function_id":
        documented.append(inspect.Parameter("function_id", kind, annotation=str))
    endpoint.__signature__ = inspect.Signature(documented)  # type: ignore[attr-defined]
    _OPERATIONS[endpoint] = operation
    router.add_api_route(path, endpoint, methods=["POST"], route_class_override=Route, **documentation)
