"""The Open Inference Protocol, version 2, by which clients of model servers ask: JSON, or binary tensors.

Inputs are the arguments by name, or one tensor X for all of them (``named_arrays``). A tensor of shape [1] may be a
number. Leading axes are a batch. Outputs are ``value`` and ``gradient``, in the datatype of the inputs.

Specification: https://github.com/kserve/open-inference-protocol, and its binary extension
https://github.com/triton-inference-server/server/blob/main/docs/protocol/extension_binary_data.md.
"""

from __future__ import annotations

from typing import Any

import pydantic
from fastapi import APIRouter
from starlette.requests import Request

from app import __version__, errors
from app.api import services
from app.api.http import body, problem, replies, routing
from app.api.interop import array_query, endpoints, json_bodies
from app.api.interop.inference import model, schemas, tensors

_SERVER = {"name": "gradserve", "version": __version__, "extensions": ["binary_tensor_data"]}


async def _server(_: Request) -> replies.Reply:
    return json_bodies.reply(_SERVER)


async def _live(_: Request) -> replies.Reply:
    return json_bodies.reply({"live": True})


async def _ready(request: Request) -> replies.Reply:
    _check_ready(request)
    return json_bodies.reply({"ready": True})


async def _metadata(request: Request) -> replies.Reply:
    name, named = await _model(request)
    return json_bodies.reply(model.describe(name, named))


async def _model_ready(request: Request) -> replies.Reply:
    name, _ = await _model(request)
    _check_ready(request)
    return json_bodies.reply({"name": name, "ready": True})


async def _infer(request: Request) -> replies.Reply:
    name, named = await _model(request)
    parts = services.of(request)
    raw = await body.receive_once(request.scope["headers"], request.receive, parts.limits, any_type=True)
    tensor_request = await tensors.read(raw, request.headers.get(tensors.LENGTH), parts.limits)
    outputs, tier = await model.infer(parts.engine, name, named, tensor_request)
    reply = await tensors.reply(outputs, tensor_request, name)
    reply.headers += ((b"cache-status", f"gradserve; detail={tier}".encode()),)
    return reply


async def _model(request: Request) -> tuple[str, array_query.NamedFunction | None]:
    """Return the name and the function of the model in a request's path, see ``model.find``."""
    version = request.path_params.get("version", tensors.VERSION)
    if version != tensors.VERSION:
        raise errors.NotFound(f"models have one version, {tensors.VERSION}, and no {errors.quote(version)}")
    name = request.path_params["model"]
    return name, await model.find(services.of(request).engine, name)


def _check_ready(request: Request) -> None:
    if not services.of(request).lifecycle.ready:
        raise errors.Draining("the service is starting or stopping")


def refusal(error: errors.GradserveError) -> replies.Reply:
    status = problem.status(type(error))
    return json_bodies.refusal(error, 400 if status == 422 else status, {"error": json_bodies.one_line(error)})


class InferenceRefusal(pydantic.BaseModel):
    """An error of the Open Inference Protocol."""

    error: str


router = APIRouter(prefix="/v2", tags=["open inference"], route_class=routing.Route)
_protocol = endpoints.Protocol(router, InferenceRefusal, refusal)

_BAD_REQUEST = {400: "The request is at fault"}
_STARTING = {503: "Starting or stopping"}
_NO_MODEL = {404: "Nobody registered the function here, or there is no such version"}
_MODEL_READY = {"name": model.MODEL, "ready": True}
_REQUEST = {
    "parameters": {"expression": "5*X[0]**2 + 6*X[1]**2 + 7*X[2]**2"},
    "inputs": [{"name": "X", "shape": [3], "datatype": "FP64", "data": [1.0, 2.0, 3.0]}],
}
_REPLY = {
    "model_name": model.MODEL,
    "model_version": tensors.VERSION,
    "outputs": [
        {"name": "value", "datatype": "FP64", "shape": [1], "data": [92.0]},
        {"name": "gradient", "datatype": "FP64", "shape": [3], "data": [10.0, 24.0, 42.0]},
    ],
}


_BYTES = "The document, and behind it the bytes of tensors; the header tells the length of the document."
_BINARY = {"application/octet-stream": {"schema": {"type": "string", "format": "binary", "description": _BYTES}}}
_HEADERS = {
    tensors.LENGTH: {
        "description": "Length of the document, if the bytes of tensors follow it.",
        "schema": {"type": "integer", "minimum": 0},
    }
}


def _add_of_server(
    path: str,
    answer: routing.AnswerRequest,
    reply: endpoints.Body,
    statuses: dict[int, str],
    summary: str,
    description: str,
) -> None:
    """Add an endpoint about the server."""
    name = path.rpartition("/")[2] or "server"
    documentation: dict[str, Any] = {"summary": summary, "description": description}
    _protocol.add(path, answer, None, reply, statuses, operation_id=f"inference_{name}", **documentation)


def _add_of_model(
    name: str,
    path: str,
    summary: str,
    answer: routing.AnswerRequest,
    reply: endpoints.Body,
    statuses: dict[int, str],
    request: endpoints.Body | None = None,
) -> None:
    """Add an endpoint about a model, with and without the model's version in the path."""
    for prefix, suffix, condition in (
        ("/models/{model}", "", ""),
        ("/models/{model}/versions/{version}", "_by_version", ", by its version"),
    ):
        documentation: dict[str, Any] = {"operation_id": f"inference_{name}{suffix}", "summary": summary + condition}
        _protocol.add(prefix + path, answer, request, reply, _NO_MODEL | statuses, **documentation)


_info = endpoints.Body(schemas.InferenceServer, _SERVER)
_add_of_server("", _server, _info, {}, "What server this is", "Name, version and extensions of the server.")
_add_of_server(
    "/health/live",
    _live,
    endpoints.Body(schemas.InferenceLive, {"live": True}),
    {},
    "Whether the process is alive",
    "Answer 200 as long as the event loop runs.",
)
_add_of_server(
    "/health/ready",
    _ready,
    endpoints.Body(schemas.InferenceReady, {"ready": True}),
    _STARTING,
    "Whether the server takes requests",
    "Answer 200 once the numbers of the installed JAX are checked, 503 while starting or stopping.",
)
_add_of_model(
    "metadata",
    "",
    "Inputs and outputs of a model",
    _metadata,
    endpoints.Body(schemas.InferenceModel, model.describe(model.MODEL, None)),
    {},
)
_ready_body = endpoints.Body(schemas.InferenceModelReady, _MODEL_READY)
_add_of_model("model_ready", "/ready", "Whether a model takes requests", _model_ready, _ready_body, _STARTING)
_add_of_model(
    "infer",
    "/infer",
    "Value and gradient of a function",
    _infer,
    endpoints.Body(schemas.InferenceReply, _REPLY, _BINARY, _HEADERS),
    _BAD_REQUEST,
    endpoints.Body(schemas.InferenceRequest, _REQUEST, _BINARY, _HEADERS),
)
