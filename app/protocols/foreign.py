"""What the wires of other projects share: any media type is read, and errors are written in each wire's own form."""

from collections.abc import Callable, Coroutine
from typing import Any

import pydantic
import pydantic_core
from fastapi.routing import APIRoute
from starlette.requests import Request
from starlette.responses import Response

from app import engine, errors
from app.protocols import body, pieces, problem

TEXTS = 64
"""Members that any one list of names in a request may have."""


def route(refusal: Callable[[errors.GradserveError], Response]) -> type[APIRoute]:
    """Return a class of routes whose errors ``refusal`` writes."""

    class Route(APIRoute):
        def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
            answer = super().get_route_handler()

            async def handle(request: Request) -> Response:
                try:
                    return await answer(request)
                except errors.GradserveError as error:
                    refused = refusal(error)
                    if isinstance(error, errors.Refused):
                        refused.headers["Retry-After"] = str(error.retry_after_seconds)
                    return refused

            return handle

    return Route


FUNCTION_ID = "4226752467f825da2f16ea77bfc0464d"
"""The function of the examples."""

_STOPPED = {
    408: "The body did not arrive in time",
    413: "The body is too large",
    415: "The body is compressed",
    429: "Too much is waiting already",
}


def asks(example: Any) -> dict[str, Any]:
    """Return what an OpenAPI document says of the body of a request; None for one without."""
    if example is None:
        return {}
    content = {"application/json": {"schema": {"type": "object"}, "example": example}}
    return {"requestBody": {"required": True, "content": content}}


def example(found: Any) -> dict[int | str, dict[str, Any]]:
    """Return what an OpenAPI document says of the only response there is, by what it is."""
    return {200: {"content": {"application/json": {"example": found}}}}


def answers(
    example: Any, refused: type[pydantic.BaseModel], *, body: bool, **statuses: str
) -> dict[int | str, dict[str, Any]]:
    """Return what an OpenAPI document says of responses.

    Args:
        example: exactly what the example of the request gets.
        refused: the form of errors.
        body: whether a request has one.
        statuses: descriptions by "of_" and the status, beside those that every body can get.
    """
    found = {int(status.removeprefix("of_")): text for status, text in statuses.items()}
    content = {"schema": {"type": "object"}} | ({} if example is None else {"example": example})
    told: dict[int | str, dict[str, Any]] = {200: {"content": {"application/json": content}}}
    for status, text in (found | (_STOPPED if body else {})).items():
        told[status] = {"model": refused, "description": text}
    return told


def served(request: Request) -> engine.Engine:
    """Return the engine that serves a request."""
    found: engine.Engine = request.app.state.engine
    return found


async def content(request: Request) -> bytes:
    """Return the body of a request, whatever media type it says it is.

    Raises:
        errors.Rejected: too large, too slow or compressed.
    """
    return await body.receive(request.scope["headers"], request.receive, request.app.state.body_limits, any_type=True)


async def read(request: Request) -> dict[str, Any]:
    """Return the body of a request as a JSON object, see ``content`` and ``document``."""
    return await document(await content(request), request.app.state.body_limits)


async def document(raw: bytes, limits: body.Limits) -> dict[str, Any]:
    """Return a JSON object; NaN and infinities may be tokens, as these wires' own clients write them.

    Raises:
        errors.InvalidJson: it is none.
        errors.TooComplex: it has more than any request needs.
    """
    try:
        found = await pieces.load(raw, limits.max_json_values, inf_nan=True)
    except ValueError as error:
        raise body.not_json(error) from None
    if not isinstance(found, dict):
        raise errors.InvalidJson("the body must be a JSON object")
    return found


async def answer(document: Any) -> Response:
    """Return a document that may be large as ``reply`` does."""
    return Response(await pieces.dump(document, inf_nan="constants"), media_type="application/json")


def reply(answer: Any, status: int = 200) -> Response:
    """Return a document as JSON in which NaN and infinities are tokens, as these wires' clients read them."""
    return Response(pydantic_core.to_json(answer, inf_nan_mode="constants"), status, media_type="application/json")


def sentence(error: errors.GradserveError) -> str:
    """Return what an error says, where, and what to write instead, as one line of text."""
    told = problem.body(error)
    text: str = told["detail"]
    if error.position is not None:
        text += f" (line {error.position.line}, column {error.position.column})"
    return f"{text}; {told['hint']}" if "hint" in told else text


def texts(value: Any, field: str) -> list[str]:
    """Return a list of texts.

    Raises:
        errors.InvalidField: it is none, or too long.
    """
    if not isinstance(value, list) or not all(isinstance(text, str) for text in value) or len(value) > TEXTS:
        raise errors.InvalidField(f"{field.rpartition('.')[2]} is a list of at most {TEXTS} texts", field=field)
    return value
