"""The protocol of UM-Bridge, version 1.0, by which samplers evaluate and differentiate models.

    /...                  models by name
    /f/{function_id}/...  the model of one registered function

Protocol: https://um-bridge-benchmarks.readthedocs.io/en/docs/umbridge/. Its clients send JSON under any media type.
They ignore the status and look for {"error": {"type", "message"}}. Numbers that are not finite are the tokens NaN,
Infinity and -Infinity, because a sampler must see that a log-density is -Infinity.
"""

from __future__ import annotations

import functools
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import pydantic
from fastapi import APIRouter
from starlette.requests import Request
from starlette.types import Receive

from app import errors
from app.api.http import body, handler, problem, replies, routing
from app.api.http.middleware import framework
from app.api.interop import endpoints, json_bodies
from app.api.interop.umbridge import model, schemas
from app.api.interop.umbridge.fields import Fields, Json

_log = logging.getLogger("gradserve")

_SUPPORT = {"Evaluate": True, "Gradient": True, "ApplyJacobian": True, "ApplyHessian": True}

Answer = Callable[[model.Models, Fields, str], Awaitable[Fields]]
"""Returns the document of a reply, from the fields of a request and the function id in the path."""


@dataclass(frozen=True, slots=True)
class ModelOperation:
    """An operation of the protocol on a model, sent by POST, with the example of a request and its reply."""

    name: str
    summary: str
    answer: Answer
    request: Fields
    reply: Fields


async def _model_info(models: model.Models, fields: Fields, function_id: str) -> Fields:
    await models.entry(fields, function_id)
    return {"support": _SUPPORT}


async def _input_sizes(models: model.Models, fields: Fields, function_id: str) -> Fields:
    sizes, _ = await models.sizes(fields, function_id)
    return {"inputSizes": sizes}


async def _output_sizes(models: model.Models, fields: Fields, function_id: str) -> Fields:
    _, size = await models.sizes(fields, function_id)
    return {"outputSizes": [size]}


def _at_point(compute: Callable[[model.ModelRequest], Awaitable[Json]]) -> Answer:
    async def answer(models: model.Models, fields: Fields, function_id: str) -> Fields:
        return {"output": await compute(await models.request(fields, function_id))}

    return answer


_EVALUATE, _GRADIENT = _at_point(model.ModelRequest.evaluate), _at_point(model.ModelRequest.gradient)
_JACOBIAN, _HESSIAN = _at_point(model.ModelRequest.apply_jacobian), _at_point(model.ModelRequest.apply_hessian)
_NAME: Fields = {"name": "gradient"}
_MODEL: Fields = _NAME | {"config": {"expression": "5*(x1**2) + 6*(x2**2) + 7*(x3**2)"}}
_POINT: Fields = _MODEL | {"input": [[1.0, 2.0, 3.0]]}
_FIRST: Fields = _POINT | {"outWrt": 0, "inWrt": 0}
_SECOND: Fields = _POINT | {"outWrt": 0, "inWrt1": 0, "inWrt2": 0}
_SENS: Fields = {"sens": [1.0]}
_VEC: Fields = {"vec": [1.0, 0.0, 0.0]}

OPERATIONS = (
    ModelOperation("ModelInfo", "What a model supports", _model_info, _NAME, {"support": _SUPPORT}),
    ModelOperation("InputSizes", "Lengths of the input vectors", _input_sizes, _MODEL, {"inputSizes": [3]}),
    ModelOperation("OutputSizes", "Lengths of the output vectors", _output_sizes, _MODEL, {"outputSizes": [1]}),
    ModelOperation("Evaluate", "Output vectors at a point", _EVALUATE, _POINT, {"output": [[92.0]]}),
    ModelOperation(
        "Gradient", "Gradient of the weighted outputs", _GRADIENT, _FIRST | _SENS, {"output": [10.0, 24.0, 42.0]}
    ),
    ModelOperation(
        "ApplyJacobian", "Product of the Jacobian and a vector", _JACOBIAN, _FIRST | _VEC, {"output": [10.0]}
    ),
    ModelOperation(
        "ApplyHessian",
        "Product of the Hessian of the weighted outputs and a vector",
        _HESSIAN,
        _SECOND | _SENS | _VEC,
        {"output": [10.0, 0.0, 0.0]},
    ),
)


class UmBridge:
    """Replies to the requests of the protocol.

    The middleware that finds operations by path (``find``) and the routes in the OpenAPI document (``router``) both
    call ``perform``.
    """

    def __init__(self, models: model.Models, limits: body.RequestLimits) -> None:
        self._models = models
        self._limits = limits
        self._paths = {path: operation for operation in OPERATIONS for path in _paths(operation.name)}
        self.router = APIRouter(tags=["UM-Bridge"], route_class=routing.Route)
        protocol = endpoints.Protocol(self.router, UmBridgeRefusal, refusal)
        for operation in OPERATIONS:
            self._add(protocol, operation)
        self._add_info(protocol)

    def find(self, path: str) -> tuple[str, framework.Answer] | None:
        """Return the route of a POST to a path and what replies to it, None if that is not an operation."""
        before, _, name = path.rpartition("/")
        folder, _, function_id = before.rpartition("/")
        route = f"{folder}/{{function_id}}/{name}" if function_id else path
        operation = self._paths.get(route)
        return None if operation is None else (route, functools.partial(self.perform, operation, function_id))

    async def perform(
        self, operation: ModelOperation, function_id: str, headers: replies.Headers, receive: Receive
    ) -> replies.Reply:
        """Return the reply to a request, also to one at fault and to one that meets a bug."""
        fields: Fields = {}
        try:
            fields = await json_bodies.read(headers, receive, self._limits)
            return json_bodies.reply(await operation.answer(self._models, fields, function_id))
        except errors.GradserveError as error:
            return refusal(error, await self._models.marked(error, fields, function_id))
        except Exception:  # noqa: BLE001 - a bug: the client learns nothing of it, the log has everything
            _log.exception("a call of UM-Bridge failed")
            return refusal(problem.bug())

    def _add(self, protocol: endpoints.Protocol, operation: ModelOperation) -> None:
        async def answer(request: Request) -> replies.Reply:
            function_id = request.path_params.get("function_id", "")
            return await self.perform(operation, function_id, request.scope["headers"], request.receive)

        root, by_id = _paths(operation.name)
        without_config = {name: value for name, value in operation.request.items() if name != "config"}
        for path, example, suffix, condition in (
            (root, operation.request, "", ""),
            (by_id, without_config, "_by_id", ", by the function's id"),
        ):
            protocol.add(
                path,
                answer,
                endpoints.Body(schemas.request(operation.name, by_id=path == by_id), example),
                endpoints.Body(schemas.REPLIES[operation.name], operation.reply),
                {400: "The request is at fault, or nobody registered the function here"},
                operation_id=f"umbridge_{operation.name}{suffix}",
                summary=operation.summary + condition,
                description=_DESCRIPTION,
            )

    def _add_info(self, protocol: endpoints.Protocol) -> None:
        async def answer(request: Request) -> replies.Reply:
            names = await self._models.names(request.path_params.get("function_id", ""), handler.owner(request.scope))
            return json_bodies.reply(_info(names))

        root, by_id = _paths("Info")
        protocol.add(
            root,
            answer,
            None,
            endpoints.Body(schemas.UmBridgeInfo, _info([model.MODEL])),
            {},
            operation_id="umbridge_Info",
            summary="Protocol version and models",
            description='List the models: "gradient", which takes any function, and what was registered from here.',
        )
        protocol.add(
            by_id,
            answer,
            None,
            endpoints.Body(schemas.UmBridgeInfo, _info([endpoints.FUNCTION_ID, model.MODEL])),
            {400: "Nobody registered the function here"},
            operation_id="umbridge_Info_by_id",
            summary="Protocol version and models, by the function's id",
            description='List the models: the function, by its id and as "gradient".',
        )


_DESCRIPTION = (
    "A call of UM-Bridge 1.0, for its clients; the body is read under any Content-Type.\n\n"
    "`config` may have `expression`, `args`, `layout` (`vector` or `args`), `shapes` and `dtype`."
)


def _paths(name: str) -> tuple[str, str]:
    """Return the paths of an operation: at the root, and for a function by its id."""
    return f"/{name}", f"/f/{{function_id}}/{name}"


def _info(names: Sequence[str]) -> Fields:
    return {"protocolVersion": 1.0, "models": names}


class UmBridgeError(pydantic.BaseModel):
    """What is wrong, as this protocol says it."""

    type: Literal["InvalidInput", "InvalidOutput", "ModelNotFound"]
    message: str


class UmBridgeRefusal(pydantic.BaseModel):
    """An error of UM-Bridge."""

    error: UmBridgeError


def refusal(error: errors.GradserveError, marked: Sequence[str] = ()) -> replies.Reply:
    """Return an error as the protocol writes it, with the marked lines of the function's text before the hint.

    Everything that is wrong with a request's fields has status 400.
    """
    status = problem.status(type(error))
    if isinstance(error, errors.NotFound):
        kind = "ModelNotFound"
    else:
        kind = "InvalidInput" if isinstance(error, errors.Rejected) else "InvalidOutput"
    lines = [error.detail, *marked, *([] if error.hint is None else [error.hint])]
    document = {"error": {"type": kind, "message": "\n".join(lines)}}
    return json_bodies.refusal(error, 400 if status in (404, 422) else status, document)
