"""The wire of model servers: Open Inference Protocol, version 2, in JSON or with binary tensors.

The model ``gradient`` takes its function as ``parameters.expression``; registered functions are models by their id.
Inputs are the arguments by name, or one tensor X for all, see ``tensors``; a tensor of shape [1] may stand for a
number. Outputs are ``value`` and ``gradient`` by ``parameters.argnums``, in the dtype of the inputs: by one argument in
its tensor's shape, by several one behind the other. Leading axes are a batch.

Specification: https://github.com/kserve/open-inference-protocol, whose tensors this takes as JSON, and the binary
extension of https://github.com/triton-inference-server/server/blob/main/docs/protocol/extension_binary_data.md: the
tensors' bytes, little-endian, follow the JSON document, whose length stands in Inference-Header-Content-Length.
"""

import dataclasses
import math
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pydantic
from fastapi import APIRouter
from numpy.typing import NDArray
from starlette.requests import Request
from starlette.responses import Response

from app import __version__, engine, errors, functions, points
from app.protocols import foreign, inference_wire, problem, tensors

Array = NDArray[Any]
Shape = tuple[int, ...]

MODEL = "gradient"


async def _infer(request: Request, model: str) -> Response:
    served = foreign.served(request)
    query, function = await _model(served, model)
    asked = await inference_wire.read(
        await foreign.content(request), request.headers.get(inference_wire.LENGTH), request.app.state.body_limits
    )
    if function is None:
        query, function = await _given(served, asked)
    elif "expression" in asked.parameters:
        raise errors.InvalidField(f"the model {errors.quote(model)} is a function of its own", field="expression")
    shapes = {name: each.shape for name, each in asked.tensors.items()}
    frame = tensors.place(function, _numbers(function, shapes), served.limits.point, _rank(asked.parameters))
    single = all(each.dtype == np.float32 for each in asked.tensors.values())
    flat = {each.name: asked.tensors[each.name].reshape(each.shape) for each in frame.inputs}
    at = dataclasses.replace(query, point=frame.point(flat), dtype="float32" if single else "float64")
    shaped = await served.shape(query.expression, query.args, frame.shapes)
    wanted = asked.outputs or dict.fromkeys(inference_wire.OUTPUTS[: 1 + (shaped.shape == ())], asked.binary)
    chosen = _chosen(function, frame, asked.parameters) if "gradient" in wanted else None
    found = await served.numbers(dataclasses.replace(at, transform="value" if chosen is None else "grad"))
    answers = {"value": found.values.reshape(frame.lead + found.shape)}
    if chosen is not None:
        assert found.derivative is not None
        answers["gradient"] = _gradient(found.derivative[:, 0], frame, chosen, shapes)
    response = await inference_wire.reply({name: answers[name] for name in wanted}, wanted, model, asked.id)
    response.headers["Cache-Status"] = f"gradserve; detail={found.tier}"
    return response


async def _given(served: engine.Engine, asked: inference_wire.Asked) -> tuple[engine.Query, functions.Function]:
    """Return the function that a request brings."""
    expression, args = asked.parameters.get("expression"), asked.parameters.get("args")
    if not isinstance(expression, str):
        hint = "or register the function, and ask the model of its id"
        raise errors.InvalidField("parameters.expression is missing: the function as text", hint=hint)
    names = None if args is None else _names(args, "args")
    return engine.Query("value", expression, None, names), await served.look(expression, names)


async def _model(served: engine.Engine, model: str) -> tuple[engine.Query, functions.Function | None]:
    """Return the function of a model, None of ``gradient``.

    Raises:
        errors.NotFound: there is no such model.
    """
    if model == MODEL:
        return engine.Query("value", "", None), None
    try:
        entry = await served.registrar.entry(model)
    except errors.NotFound:
        hint = f"the models are {MODEL} and the ids of functions registered at /v1/functions"
        raise errors.NotFound(f"there is no model {errors.quote(model)}", hint=hint) from None
    args = list(entry.args)
    return engine.Query("value", entry.expression, None, args), await served.look(entry.expression, args)


def _names(value: Any, field: str) -> list[str]:
    """Return names in a list, or in a text with commas between them: parameters are no lists in the specification."""
    return foreign.texts([part.strip() for part in value.split(",")] if isinstance(value, str) else value, field)


def _argnums(value: Any) -> int | str | list[int | str]:
    """Return argnums: a number, a name, a list of them, or a text of either with commas between several."""
    if isinstance(value, str):
        parts = [part.strip() for part in value.strip().removeprefix("[").removesuffix("]").split(",")]
        listed = [int(part) if part.lstrip("-").isdecimal() and len(part) < 6 else part for part in parts]
        return listed if "," in value or value.strip().startswith("[") else listed[0]
    entries = value if isinstance(value, list) else [value]
    if not all(type(entry) is int or isinstance(entry, str) for entry in entries):
        raise errors.InvalidField("argnums is a position, a name, or several of them", field="argnums")
    return value  # type: ignore[no-any-return]


def _rank(parameters: Mapping[str, Any]) -> int | list[int] | None:
    rank = parameters.get("rank")
    if isinstance(rank, str):
        rank = [int(part) if part.isdecimal() and len(part) == 1 else part for part in _names(rank, "rank")]
    return tensors.rank(rank, "rank")


def _numbers(function: functions.Function, given: Mapping[str, Shape]) -> dict[str, Shape]:
    """Return shapes with the axis taken off that the protocol's numbers have: it knows no tensor without axes."""
    ranks = dict(zip(function.args, function.ranks, strict=True))
    if len(function.args) == 1:
        ranks[tensors.ALL] = function.ranks[0]
    return {name: shape[:-1] if ranks.get(name) == 0 and shape[-1:] == (1,) else shape for name, shape in given.items()}


@dataclass(frozen=True, slots=True)
class _Chosen:
    """The numbers of a point that the gradient is taken by: ``columns`` of a flat one, and the tensor they are."""

    columns: Array
    own: Shape
    name: str | None


def _chosen(function: functions.Function, frame: tensors.Frame, parameters: Mapping[str, Any]) -> _Chosen:
    """Return what ``argnums`` names: the first argument, or the tensor that stands for all, if it is not there."""
    first = frame.inputs[0]
    argnums = parameters.get("argnums")
    if argnums is None:
        return _Chosen(np.arange(first.start, first.stop), first.own, first.name)
    ends = np.cumsum([0, *map(math.prod, frame.shapes)]).tolist()
    positions = points.resolve_argnums(_argnums(argnums), function.args)
    if isinstance(positions, int):
        name = first.name if len(function.args) == 1 else function.args[positions]
        return _Chosen(np.arange(ends[positions], ends[positions + 1]), frame.shapes[positions], name)
    columns = np.concatenate([np.arange(ends[each], ends[each + 1]) for each in positions])
    return _Chosen(columns, (len(columns),), None)


def _gradient(rows: Array, frame: tensors.Frame, chosen: _Chosen, sent: Mapping[str, Shape]) -> Array:
    """Return the gradient, in the shape that its tensor was sent in where that has one entry for each point."""
    mine = rows[:, chosen.columns] if len(chosen.columns) < rows.shape[1] or chosen.name is None else rows
    shape = frame.lead + chosen.own
    same = None if chosen.name is None else sent.get(chosen.name)
    return mine.reshape(same if same is not None and math.prod(same) == math.prod(shape) else shape)


def _refusal(error: errors.GradserveError) -> Response:
    status = problem.status(type(error))
    return foreign.reply({"error": foreign.sentence(error)}, 400 if status == 422 else status)


# Routes

_SERVER: dict[str, Any] = {"name": "gradserve", "version": __version__, "extensions": ["binary_tensor_data"]}

router = APIRouter(prefix="/v2", tags=["open inference"], route_class=foreign.route(_refusal))


@router.get("", operation_id="inference_server", summary="What server this is", responses=foreign.example(_SERVER))
async def server() -> dict[str, Any]:
    """Name, version and extensions of the server."""
    return _SERVER


@router.get(
    "/health/live",
    operation_id="inference_live",
    summary="Whether the process is alive",
    responses=foreign.example({"live": True}),
)
async def live() -> dict[str, bool]:
    """Answer 200 as long as the event loop runs."""
    return {"live": True}


class InferenceRefusal(pydantic.BaseModel):
    """An error of the Open Inference Protocol."""

    error: str


_STARTING: dict[str, str] = {"of_503": "Starting or stopping"}


@router.get(
    "/health/ready",
    operation_id="inference_ready",
    summary="Whether the server takes requests",
    responses=foreign.answers({"ready": True}, InferenceRefusal, body=False, **_STARTING),
)
async def ready(request: Request) -> dict[str, bool]:
    """Answer 200 once the numbers of the installed JAX are checked, 503 while starting or stopping."""
    if not request.app.state.ready:
        raise errors.Draining("the service is starting or stopping")
    return {"ready": True}


async def _metadata(request: Request, model: str) -> Response:
    _, function = await _model(foreign.served(request), model)
    args: Sequence[str] = (tensors.ALL,) if function is None else function.args
    ranks: Sequence[int | None] = (1,) if function is None else function.ranks
    inputs = [
        {"name": name, "datatype": "FP64", "shape": [1] if rank == 0 else [-1] * (rank or 1)}
        for name, rank in zip(args, ranks, strict=True)
    ]
    outputs = [
        {"name": "value", "datatype": "FP64", "shape": [-1]},
        {"name": "gradient", "datatype": "FP64", "shape": [-1]},
    ]
    described = {
        "name": model,
        "versions": [inference_wire.VERSION],
        "platform": "gradserve",
        "inputs": inputs,
        "outputs": outputs,
    }
    return foreign.reply(described)


async def _model_ready(request: Request, model: str) -> Response:
    await _model(foreign.served(request), model)
    await ready(request)
    return foreign.reply({"name": model, "ready": True})


_EXAMPLE = {
    "parameters": {"expression": "5*X[0]**2 + 6*X[1]**2 + 7*X[2]**2"},
    "inputs": [{"name": "X", "shape": [3], "datatype": "FP64", "data": [1.0, 2.0, 3.0]}],
}

_ANSWERED = {
    "model_name": MODEL,
    "model_version": inference_wire.VERSION,
    "outputs": [
        {"name": "value", "datatype": "FP64", "shape": [1], "data": [92.0]},
        {"name": "gradient", "datatype": "FP64", "shape": [3], "data": [10.0, 24.0, 42.0]},
    ],
}
_DESCRIBED = {
    "name": MODEL,
    "versions": [inference_wire.VERSION],
    "platform": "gradserve",
    "inputs": [{"name": "X", "datatype": "FP64", "shape": [-1]}],
    "outputs": [
        {"name": "value", "datatype": "FP64", "shape": [-1]},
        {"name": "gradient", "datatype": "FP64", "shape": [-1]},
    ],
}

_OPERATIONS = {"": "inference_metadata", "/ready": "inference_model_ready", "/infer": "inference_infer"}


def _add(
    name: str, method: str, summary: str, handler: Callable[[Request, str], Awaitable[Response]], gets: Any
) -> None:
    """Add a route, and the same with a version of the model in its address."""

    async def latest(request: Request, model: str) -> Response:
        return await handler(request, model)

    async def versioned(request: Request, model: str, version: str) -> Response:
        if version != inference_wire.VERSION:
            raise errors.NotFound(f"models have one version, {inference_wire.VERSION}, and no {errors.quote(version)}")
        return await handler(request, model)

    posted = method == "POST"
    missing = {"of_404": "Nobody registered the function here, or there is no such version"}
    told = missing | ({"of_400": "The request is at fault"} if posted else _STARTING if name == "/ready" else {})
    for path, endpoint in (("", latest), ("/versions/{version}", versioned)):
        router.add_api_route(
            f"/models/{{model}}{path}{name}",
            endpoint,
            methods=[method],
            response_class=Response,
            operation_id=_OPERATIONS[name] + ("" if endpoint is latest else "_by_version"),
            summary=summary + ("" if endpoint is latest else ", by its version"),
            openapi_extra=foreign.asks(_EXAMPLE if posted else None),
            responses=foreign.answers(gets, InferenceRefusal, body=posted, **told),
        )


_add("", "GET", "Inputs and outputs of a model", _metadata, _DESCRIBED)
_add("/ready", "GET", "Whether a model takes requests", _model_ready, {"name": MODEL, "ready": True})
_add("/infer", "POST", "Value and gradient of a function", _infer, _ANSWERED)
