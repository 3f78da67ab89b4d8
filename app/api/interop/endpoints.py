"""Endpoints of other projects' protocols: their routes, and their entries in the OpenAPI document.

An endpoint takes a Starlette request and returns a reply. FastAPI only finds the route and writes the document.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import pydantic
from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from app import errors
from app.api.http import replies, routing

FUNCTION_ID = "4226752467f825da2f16ea77bfc0464d"
"""Id of the function of the examples, 5*(x1**2) + 6*(x2**2) + 7*(x3**2)."""

OBJECT: dict[str, Any] = {"type": "object"}

_BODY_ERRORS = {
    408: "The body did not arrive in time",
    413: "The body is too large",
    415: "The body is compressed",
    429: "Too much is waiting already",
}


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
        request: Any,
        reply: Any,
        statuses: Mapping[int, str],
        schema: Mapping[str, Any] = OBJECT,
        **documentation: Any,
    ) -> None:
        """Add an endpoint: a POST with an example of a body, ``request``, or a GET if that is None.

        ``reply`` is the reply to the example, ``schema`` describes all replies with status 200, and ``statuses`` each
        error status but those that every body may cause. ``documentation`` is as ``APIRouter.add_api_route`` takes it.
        """

        async def answer_or_refuse(request: Request) -> replies.Reply:
            try:
                return await answer(request)
            except errors.GradserveError as error:
                return self.refusal(error)

        content = {"schema": schema} | ({} if reply is None else {"example": reply})
        responses: dict[int | str, dict[str, Any]] = {200: {"content": {"application/json": content}}}
        extra = _parameters(path)
        if request is not None:
            body = {"application/json": {"schema": OBJECT, "example": request}}
            extra["requestBody"] = {"required": True, "content": body}
            statuses = {**statuses, **_BODY_ERRORS}
        for status, description in statuses.items():
            responses[status] = {"model": self.error_model, "description": description}
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


def _parameters(path: str) -> dict[str, Any]:
    """Return the entry of the parameters in a path, as FastAPI would write it."""
    parameters = []
    for name in re.findall(r"{(\w+)}", path):
        schema = {"type": "string", "title": name.replace("_", " ").title()}
        parameters.append({"name": name, "in": "path", "required": True, "schema": schema})
    return {"parameters": parameters} if parameters else {}
