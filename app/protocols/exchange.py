"""One request and its reply as bytes, below any web framework: what both the lane and the routes are made of."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from typing import Any

import pydantic
import pydantic_core
from starlette.types import Receive

from app import errors
from app.protocols import body, problem

Headers = Iterable[tuple[bytes, bytes]]


@dataclass(frozen=True, slots=True)
class Reply:
    """A response: status, body, media type and further headers, names in lower case."""

    status: int
    content: bytes
    media_type: bytes = b"application/json"
    headers: tuple[tuple[bytes, bytes], ...] = ()

    def raw_headers(self) -> list[tuple[bytes, bytes]]:
        """Return all headers as ASGI takes them."""
        length = b"%d" % len(self.content)
        return [(b"content-type", self.media_type), (b"content-length", length), *self.headers]


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation of a protocol: the model its body must fit, and what answers it.

    ``answer(query, served)`` gets the decoded body and the engine.
    """

    model: type[pydantic.BaseModel]
    answer: Callable[[Any, Any], Awaitable[Reply]]

    @classmethod
    def of(cls, endpoint: Callable[..., Any]) -> Operation:
        """Return the operation of an endpoint whose first parameter is annotated with the model."""
        model = next(iter(inspect.signature(endpoint).parameters.values())).annotation
        return cls(model, endpoint)


async def perform(
    operation: Operation, served: object, headers: Headers, receive: Receive, limits: body.Limits
) -> Reply:
    """Read a request, answer it, and turn whatever the client did wrong into a problem document."""
    try:
        raw = await body.receive(headers, receive, limits)
        return await operation.answer(body.decode(operation.model, raw), served)
    except errors.GradserveError as error:
        return refusal(error)


def refusal(error: errors.GradserveError) -> Reply:
    """Return the reply to a request that failed."""
    headers: tuple[tuple[bytes, bytes], ...] = ()
    if isinstance(error, errors.Refused):
        headers = ((b"retry-after", b"%d" % error.retry_after_seconds),)
    content = pydantic_core.to_json(problem.body(error))
    return Reply(problem.status(type(error)), content, problem.MEDIA_TYPE.encode(), headers)
