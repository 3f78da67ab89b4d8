"""Endpoints of other projects' protocols: their routes, and their entries in the OpenAPI document.

An endpoint takes a Starlette request and returns a reply. FastAPI only finds the route and writes the document.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, NamedTuple

import pydantic
from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from app import errors
from app.api.http import replies, routing

FUNCTION_ID = "4226752467f825da2f16ea77bfc0464d"
"""Id of the function of the examples, 5*(x1**2) + 6*(x2**2) + 7*(x3**2)."""

Numbers = Annotated[
    Any,
    pydantic.WithJsonSchema(
        {
            "anyOf": [{"type": "number"}, {"type": "array", "items": {}}],
            "description": "A number, or a nested list of numbers.",
        }
    ),
]
"""Numbers of an array in the model of a body."""

_BODY_ERRORS = {
    408: "The body did not arrive in time",
    413: "The body is too large",
    415: "The body is compressed in a way that is not known here",
    429: "Too much is waiting already",
}


class Body(NamedTuple):
    """A body in the OpenAPI document: what it may be, and an example."""

    model: type[pydantic.BaseModel]
    example: Any
    others: Mapping[str, Any] = {}  # media types beside JSON
    headers: Mapping[str, Any] = {}  # that may come with it


@dataclass(frozen=True, slots=True)
class Protocol:
    """The routes of a protocol, and its errors: their form in the OpenAPI document, and the reply to each."""

    router: APIRouter
    error_model: type[pydantic.BaseModel]
    refusal: Callable[[errors.GradserveError], replies.Reply]

    def add(
        self,
        path: str,
        answer: routing.AnswerRequest,
        request: Body | None,
        reply: Body,
        statuses: Mapping[int, str],
        **documentation: Any,
    ) -> None:
        """Add an endpoint: a POST with a body like ``request``, or a GET if that is None.

        ``reply`` is what has status 200, for the example the reply to it, and ``statuses`` describes each other status,
        of errors or without content, but those that every body may cause. ``documentation`` is as
        ``APIRouter.add_api_route`` takes it.
        """

        async def answer_or_refuse(request: Request) -> replies.Reply:
            try:
                return await answer(request)
            except errors.GradserveError as error:
                return self.refusal(error)

        answered = {"model": reply.model, "content": _content(reply), "headers": reply.headers}
        responses: dict[int | str, dict[str, Any]] = {200: answered}
        extra: dict[str, Any] = {}
        if request is not None:
            extra["requestBody"] = {"content": _content(request)}
            extra["parameters"] = [{"name": name, "in": "header", **each} for name, each in request.headers.items()]
            statuses = {**statuses, **_BODY_ERRORS}
        for status, description in statuses.items():
            responses[status] = {"description": description}
            if status >= 400:
                responses[status]["model"] = self.error_model
        answer_or_refuse.__signature__ = _signature(path, request)  # type: ignore[attr-defined]
        self.router.add_api_route(
            path,
            answer_or_refuse,
            methods=["GET" if request is None else "POST"],
            response_model=None,
            response_class=Response,
            openapi_extra=extra,
            responses=responses,
            **documentation,
        )


def _content(body: Body) -> dict[str, Any]:
    example = {} if body.example is None else {"example": body.example}
    return {"application/json": example, **body.others}


def _signature(path: str, request: Body | None) -> inspect.Signature:
    """Return the signature from which FastAPI documents the parameters in a path and the body."""
    kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
    parameters = [inspect.Parameter(name, kind, annotation=str) for name in re.findall(r"{(\w+)}", path)]
    if request is not None:
        parameters.append(inspect.Parameter("body", kind, annotation=request.model))
    return inspect.Signature(parameters)
