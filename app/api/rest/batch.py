"""Many requests in one body, each answered as soon as it is ready: newline-delimited JSON in, and out.

A line of the body is one request: the path to which it would be posted, and its document. A line of the answer has the
id of its request, the status and the document that it would have got alone. Each request counts for the rate of its
caller and needs the scope of its route; the limits are those of a request that comes alone.
"""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Annotated, Any

import pydantic
import pydantic_core
from fastapi import APIRouter
from pydantic import Field
from starlette.requests import Request
from starlette.responses import StreamingResponse
from starlette.types import Message

from app import errors
from app.api import services
from app.api.http import body, event_stream, handler, problem, replies, routing
from app.api.http.middleware import ratelimit
from app.api.rest import schemas

MEDIA_TYPE = "application/x-ndjson"
_AT_ONCE = 8
"""Requests of one body that are answered at one time, so that a body leaves room for other clients."""
_READY = 64
"""Answers that wait to be sent. While there are so many, no further request of the body begins."""

_Id = str | int | None
_LINE = b'{"id":%b,"status":%d,"body":%b}\n'


_ASKED: dict[str, Any] = {
    "id": "a",
    "path": "/v1/grad",
    "body": {"expression": "x**2*y", "args": ["x", "y"], "point": [3.0, 2.0], "argnums": [0, 1]},
}


class BatchLine(schemas.RequestFields):
    """One request; a body has one in each line."""

    model_config = pydantic.ConfigDict(json_schema_extra={"examples": [_ASKED]})

    path: Annotated[str, Field(description="where it would be posted, such as /v1/grad.")]
    body: Annotated[dict[str, Any], Field(description="the document that would be posted there.")]
    id: Annotated[_Id, Field(description="a text or an integer. Default: the number of the line, from 0.")] = None


class BatchAnswer(pydantic.BaseModel):
    """One answer; a line of the response."""

    id: Annotated[str | int, Field(description="As in the request.")]
    status: Annotated[int, Field(description="The HTTP status that the request would have got alone.")]
    body: Annotated[dict[str, Any], Field(description="The answer, or the problem document.")]


_ANSWERED: dict[str, Any] = {
    "id": "a",
    "status": 200,
    "body": {
        "value": 18.0, "gradient": [12.0, 9.0], "args": ["x", "y"], "argnums": [0, 1], "dtype": "float64",
        "finite": True, "function_id": "9d7bca5155b4a52093e3980742571c80",
    },
}  # fmt: skip
_KIND = inspect.Parameter.POSITIONAL_OR_KEYWORD


class BatchRoute:
    """The route. ``operations`` are what a line can ask for, by path."""

    def __init__(self, operations: Mapping[str, handler.Operation]) -> None:
        self._operations = handler.OperationTable(operations)
        self.router = APIRouter(
            prefix="/v1", tags=["derivatives"], route_class=routing.Route, responses=schemas.PROBLEMS
        )

        async def batch(request: Request) -> replies.Reply | Lines:
            try:
                return await self._answer(request)
            except errors.GradserveError as error:
                return problem.refusal(error)

        line = inspect.Parameter("body", _KIND, annotation=BatchLine)
        batch.__signature__ = inspect.Signature([line])  # type: ignore[attr-defined]  # what FastAPI documents
        self.router.add_api_route("/batch", batch, methods=["POST"], **_DOCUMENTED)

    async def _answer(self, request: Request) -> Lines:
        parts = services.of(request)
        raw = await body.receive(request.scope["headers"], request.receive, parts.limits, any_type=True)
        lines = [line for line in raw.splitlines() if line.strip()]
        if not lines:
            raise errors.InvalidJson("the body has no line", hint='a line is {"path": "/v1/grad", "body": {...}}')
        most = parts.limits.max_batch_lines
        if len(lines) > most:
            raise errors.TooComplex(f"{len(lines)} requests in one body, the limit is {most}")
        return Lines(_Answers(request, self._operations).of(lines))


class Lines:
    """A reply of lines as they are ready, see ``replies.Reply``."""

    computed: replies.Computed | None = None  # nothing is known when it starts

    def __init__(self, lines: AsyncIterator[bytes]) -> None:
        self._lines = lines

    def response(self) -> StreamingResponse:
        return StreamingResponse(self._lines, media_type=MEDIA_TYPE, headers=event_stream.HEADERS)


class _Answers:
    """Answers the lines of one body."""

    def __init__(self, request: Request, operations: handler.OperationTable) -> None:
        scope = request.scope
        self._parts = services.of(request)
        self._scope, self._operations = scope, operations
        self._caller = self._parts.authenticator.caller(scope["path"], scope["headers"], scope.get("client"))

    async def of(self, lines: Sequence[bytes]) -> AsyncIterator[bytes]:
        """Yield the line of each answer as soon as it is there; ends all work when it is closed."""
        ready: asyncio.Queue[bytes] = asyncio.Queue(_READY)
        waiting = iter(enumerate(lines))

        async def work() -> None:
            for number, line in waiting:
                await ready.put(await self._line(number, line))

        workers = [asyncio.ensure_future(work()) for _ in range(min(_AT_ONCE, len(lines)))]
        try:
            for _ in lines:
                yield await ready.get()
        finally:
            for worker in workers:
                worker.cancel()
            await asyncio.gather(*workers, return_exceptions=True)

    async def _line(self, number: int, line: bytes) -> bytes:
        name: str | int = number
        try:
            asked = await body.decode(BatchLine, line, self._parts.limits)
            name = number if asked.id is None else asked.id
            if number and self._parts.rate is not None:  # the first is the request that brings them
                await ratelimit.charge(self._parts.rate, self._scope)
            reply = await self._reply(asked)
        except errors.GradserveError as error:
            reply = problem.refusal(error)
        return _LINE % (pydantic_core.to_json(name), reply.status, reply.content)

    async def _reply(self, asked: BatchLine) -> replies.Reply:
        found = self._operations.find(asked.path)
        if found is None:
            raise errors.NotFound(f"a batch has no requests to {errors.quote(asked.path)}", field="path")
        self._caller.check("POST", asked.path)
        operation, function_id = found
        named = handler.owner(self._scope) if operation.needs == "owner" else function_id
        raw = pydantic_core.to_json(asked.body)
        return await self._parts.request_handler.ask(operation, named, raw, _never)


async def _never() -> Message:
    """Wait for a message that does not come: that the client goes away ends the whole response."""
    await asyncio.get_running_loop().create_future()
    raise AssertionError


_DOCUMENTED: dict[str, Any] = {
    "response_model": BatchAnswer,
    "name": "batch",
    "operation_id": "batch",
    "summary": "Many requests in one body",
    "description": "Answer many requests, each as soon as it is ready: newline-delimited JSON in, and out.\n\n"
    "A line of the body is a request: the path of a route that computes or registers, and the document that would be "
    "posted there. A line of the answer has the id of its request, the status and the document of its answer. Each "
    "request counts for the rate of its caller.",
    "responses": {
        200: {
            "description": "A line for each request, in the order in which they are ready",
            "content": {
                "application/json": {"examples": {"example": {"value": _ANSWERED}}},
                MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/BatchAnswer"}},
            },
        }
    },
}
