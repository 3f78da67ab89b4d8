"""UM-Bridge 1.0 over HTTP, at the root and at /f/{function_id}: its calls as routes, its errors in its form.

The protocol (https://um-bridge-benchmarks.readthedocs.io/en/docs/umbridge/) has models by name, whose input and
output are lists of vectors. Its clients send JSON under any Content-Type, or none, and take {"error": {"type",
"message"}} whatever the status. Unlike everywhere else here, numbers that are not finite are the tokens NaN, Infinity
and -Infinity: a sampler must be able to hear that a density is zero, and this is how its client reads it.
"""

from __future__ import annotations

import functools
import logging
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from typing import Any, Literal

import pydantic
import pydantic_core
from fastapi import APIRouter
from fastapi.routing import APIRoute
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive

from app import errors
from app.protocols import body, bridge, edge, exchange, foreign, pieces, problem

_log = logging.getLogger("gradserve")

Json = Any
Content = dict[str, Json]

_SUPPORT = {"Evaluate": True, "Gradient": True, "ApplyJacobian": True, "ApplyHessian": True}
_JSON = (b"content-type", b"application/json")


@dataclass(frozen=True, slots=True)
class Call:
    """One call of the protocol.

    Attributes:
        name: of the route.
        answer: from the bridge, the fields of a request and the function id in the path to the document it gets.
        summary: one line.
        example: fields of a request.
        gets: exactly what they get.
    """

    name: str
    answer: Callable[[bridge.Bridge, Content, str], Awaitable[Content]]
    summary: str
    example: Content
    gets: Content

    @property
    def description(self) -> str:
        """Markdown for the OpenAPI document."""
        return (
            "A call of UM-Bridge 1.0, for its clients; the body is read under any Content-Type.\n\n"
            "`config` may have `expression`, `args`, `layout` (`vector` or `args`), `shapes` and `dtype`."
        )


async def _model_info(bridged: bridge.Bridge, fields: Content, function_id: str) -> Content:
    await bridged.entry(fields, function_id)
    return {"support": _SUPPORT}


async def _input_sizes(bridged: bridge.Bridge, fields: Content, function_id: str) -> Content:
    vectors, _ = await bridged.sizes(fields, function_id)
    return {"inputSizes": vectors.sizes}


async def _output_sizes(bridged: bridge.Bridge, fields: Content, function_id: str) -> Content:
    _, length = await bridged.sizes(fields, function_id)
    return {"outputSizes": [length]}


def _of(
    method: Callable[[bridge.Bridge, bridge.Asked], Awaitable[Json]],
) -> Callable[[bridge.Bridge, Content, str], Awaitable[Content]]:
    """Return how to answer a call about a model at a point."""

    async def answer(bridged: bridge.Bridge, fields: Content, function_id: str) -> Content:
        return {"output": await method(bridged, await bridged.ask(fields, function_id))}

    return answer


_NAME: Content = {"name": "gradient"}
_FUNCTION: Content = _NAME | {"config": {"expression": "5*(x1**2) + 6*(x2**2) + 7*(x3**2)"}}
_AT: Content = _FUNCTION | {"input": [[1.0, 2.0, 3.0]], "outWrt": 0}
_ALONG: Content = {"vec": [1.0, 0.0, 0.0]}
_WEIGHTED: Content = {"sens": [1.0]}

CALLS = (
    Call("ModelInfo", _model_info, "What a model supports", _NAME, {"support": _SUPPORT}),
    Call("InputSizes", _input_sizes, "Lengths of the input vectors", _FUNCTION, {"inputSizes": [3]}),
    Call("OutputSizes", _output_sizes, "Lengths of the output vectors", _FUNCTION, {"outputSizes": [1]}),
    Call(
        "Evaluate",
        _of(bridge.Bridge.evaluate),
        "Output vectors at a point",
        _FUNCTION | {"input": [[1.0, 2.0, 3.0]]},
        {"output": [[92.0]]},
    ),
    Call(
        "Gradient",
        _of(bridge.Bridge.gradient),
        "Gradient of the weighted outputs",
        _AT | {"inWrt": 0} | _WEIGHTED,
        {"output": [10.0, 24.0, 42.0]},
    ),
    Call(
        "ApplyJacobian",
        _of(bridge.Bridge.apply_jacobian),
        "Product of the Jacobian and a vector",
        _AT | {"inWrt": 0} | _ALONG,
        {"output": [10.0]},
    ),
    Call(
        "ApplyHessian",
        _of(bridge.Bridge.apply_hessian),
        "Product of the Hessian of the weighted outputs and a vector",
        _AT | {"inWrt1": 0, "inWrt2": 0} | _WEIGHTED | _ALONG,
        {"output": [10.0, 0.0, 0.0]},
    ),
)


class UmBridgeError(pydantic.BaseModel):
    """What is wrong, as this protocol says it."""

    type: Literal["InvalidInput", "InvalidOutput", "ModelNotFound"]
    message: str


class UmBridgeRefusal(pydantic.BaseModel):
    """An error of UM-Bridge."""

    error: UmBridgeError


_BY_NAME = {call.name: call for call in CALLS}


class Calls:
    """Answers calls from ASGI messages: the edge hands them here, so that only a route never met goes through FastAPI.

    Args:
        bridged: what is behind the protocol.
        limits: bounds on bodies.
    """

    def __init__(self, bridged: bridge.Bridge, limits: body.Limits) -> None:
        self._bridged = bridged
        self._limits = limits

    def find(self, path: str) -> tuple[str, edge.Answers] | None:
        """Return the route of a POST to a path and what answers it, if that is a call."""
        before, _, name = path.rpartition("/")
        call = _BY_NAME.get(name)
        if call is None:
            return None
        function_id = before.removeprefix("/f/")
        if "/" in function_id or (function_id == before) != (before == "") or before == "/f/":
            return None
        route = f"/f/{{function_id}}/{name}" if function_id else f"/{name}"
        return route, functools.partial(self.perform, call, function_id)

    async def perform(
        self, call: Call, function_id: str, headers: exchange.Headers, receive: Receive
    ) -> exchange.Reply:
        """Answer a call, whatever comes.

        Args:
            call: which.
            function_id: in the path, empty at the root.
            headers: of the request.
            receive: as in ASGI.
        """
        fields: Content = {}
        try:
            fields = await self._fields(headers, receive)
            return _reply(await call.answer(self._bridged, fields, function_id))
        except errors.GradserveError as error:
            return _refusal(error, await self._bridged.explain(error, fields, function_id))
        except Exception:  # noqa: BLE001 - a bug of ours: the client learns nothing of it, the log everything
            _log.exception("a call of UM-Bridge failed")
            return _refusal(errors.GradserveError(""), "something went wrong here; the log has the request")

    async def info(self, function_id: str, owner: str) -> exchange.Reply:
        """Answer Info."""
        try:
            names = await self._bridged.names(function_id, owner)
        except errors.GradserveError as error:
            return _refusal(error, await self._bridged.explain(error, {}, function_id))
        return _reply({"protocolVersion": 1.0, "models": names})

    async def _fields(self, headers: exchange.Headers, receive: Receive) -> Content:
        """Return the fields of a request.

        Raises:
            errors.InvalidJson: not a JSON object in UTF-8; NaN and infinities as tokens are read.
            errors.Rejected: too large, or too slow.
        """
        # Half of the clients say text/plain, or nothing.
        kept = [header for header in headers if header[0] != b"content-type"]
        raw = await body.receive([*kept, _JSON], receive, self._limits)
        try:
            document = await pieces.load(raw, self._limits.max_json_values, inf_nan=True)
        except ValueError as error:
            raise body.not_json(error) from None
        if not isinstance(document, dict):
            raise errors.InvalidJson("the body must be a JSON object")
        return document


def _reply(content: Content, status: int = 200, headers: tuple[tuple[bytes, bytes], ...] = ()) -> exchange.Reply:
    return exchange.Reply(status, pydantic_core.to_json(content, inf_nan_mode="constants"), headers=headers)


def _refusal(error: errors.GradserveError, message: str) -> exchange.Reply:
    """Return an error in the protocol's form: whatever is wrong with what a request says has status 400 there."""
    status = problem.status(type(error))
    if isinstance(error, errors.NotFound):
        kind = "ModelNotFound"
    else:
        kind = "InvalidInput" if isinstance(error, errors.Rejected) else "InvalidOutput"
    headers: tuple[tuple[bytes, bytes], ...] = ()
    if isinstance(error, errors.Refused):
        headers = ((b"retry-after", b"%d" % error.retry_after_seconds),)
    return _reply({"error": {"type": kind, "message": message}}, 400 if status in (404, 422) else status, headers)


class Route(APIRoute):
    """A route whose endpoint gets the request as it is and answers it whole: FastAPI only documents it."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        async def handle(request: Request) -> Response:
            reply: exchange.Reply = await self.endpoint(request, **request.path_params)
            response = Response(reply.content, reply.status)
            response.raw_headers = reply.raw_headers()
            return response

        return handle


router = APIRouter(tags=["UM-Bridge"], route_class=Route)


def _add(call: Call) -> None:
    """Document a call at both of its paths."""

    async def at_root(request: Request) -> exchange.Reply:
        return await _calls(request).perform(call, "", request.scope["headers"], request.receive)

    async def by_id(request: Request, function_id: str) -> exchange.Reply:
        return await _calls(request).perform(call, function_id, request.scope["headers"], request.receive)

    named = {name: value for name, value in call.example.items() if name != "config"}
    for path, endpoint, more, example in (
        (f"/{call.name}", at_root, "", call.example),
        (f"/f/{{function_id}}/{call.name}", by_id, _BY_ID, named),
    ):
        router.add_api_route(
            path,
            endpoint,
            methods=["POST"],
            response_model=None,
            summary=call.summary + more,
            description=call.description,
            operation_id=f"umbridge_{call.name}{'_by_id' if more else ''}",
            openapi_extra=foreign.asks(example),
            responses=foreign.answers(call.gets, UmBridgeRefusal, body=True, of_400=_FAULT),
        )


_FAULT = "The request is at fault, or nobody registered the function here"
_BY_ID = ", by the function's id"

for _each in CALLS:
    _add(_each)


@router.get(
    "/Info",
    response_model=None,
    summary="Protocol version and models",
    operation_id="umbridge_Info",
    responses=foreign.answers({"protocolVersion": 1.0, "models": ["gradient"]}, UmBridgeRefusal, body=False),
)
async def info(request: Request) -> exchange.Reply:
    """List the models: "gradient", which takes any function, and what was registered from here."""
    return await _calls(request).info("", exchange.owner(request.scope))


@router.get(
    "/f/{function_id}/Info",
    response_model=None,
    summary=f"Protocol version and models{_BY_ID}",
    operation_id="umbridge_Info_by_id",
    responses=foreign.answers(
        {"protocolVersion": 1.0, "models": [foreign.FUNCTION_ID, "gradient"]},
        UmBridgeRefusal,
        body=False,
        of_400="Nobody registered the function here",
    ),
)
async def info_by_id(request: Request, function_id: str) -> exchange.Reply:
    """List the models: the function, by its id and as "gradient"."""
    return await _calls(request).info(function_id, exchange.owner(request.scope))


def _calls(request: Request) -> Calls:
    calls: Calls = request.app.state.umbridge
    return calls
