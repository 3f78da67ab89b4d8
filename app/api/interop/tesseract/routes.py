"""The protocol of Tesseract, by which other programs evaluate and differentiate a function as a component.

    /tesseract/...                  the function is the input ``expression``
    /f/{function_id}/tesseract/...  the function is a registered one

Inputs are the arguments by name, or one array X for all of them (``named_arrays``). Leading axes are a batch.
The protocol is that of tesseract-core 1.15 (https://docs.pasteurlabs.ai/projects/tesseract-core).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pydantic
from fastapi import APIRouter
from starlette.requests import Request

from app import errors
from app.api import services
from app.api.http import problem, replies, routing
from app.api.interop import array_query, endpoints, json_bodies
from app.api.interop.tesseract import arrays, model, schemas

_EXPRESSION = "5*X[0]**2 + 6*X[1]**2 + 7*X[2]**2"
_POINT = [1.0, 2.0, 3.0]
_GRADIENT = np.array([10.0, 24.0, 42.0])


@dataclass(frozen=True, slots=True)
class Derivation:
    """An endpoint that computes outputs or their derivatives. A request has ``inputs`` and the example's members."""

    name: str
    summary: str
    compute: Callable[[model.TesseractRequest], Awaitable[Mapping[str, Any]]]
    request: Mapping[str, Any]
    reply: Mapping[str, Any]


DERIVATIONS = (
    Derivation(
        "apply",
        "Value and gradient",
        model.TesseractRequest.apply,
        {},
        {"value": np.array(92.0), "gradient": _GRADIENT},
    ),
    Derivation(
        "jacobian",
        "Jacobians of value and gradient",
        model.TesseractRequest.jacobian,
        {"jac_inputs": ["X"], "jac_outputs": ["gradient"]},
        {"gradient": {"X": np.diag([10.0, 12.0, 14.0])}},
    ),
    Derivation(
        "jacobian_vector_product",
        "Products of these Jacobians and a tangent",
        model.TesseractRequest.jacobian_vector_product,
        {"jvp_inputs": ["X"], "jvp_outputs": ["value"], "tangent_vector": {"X": [1.0, 0.0, 0.0]}},
        {"value": np.array(10.0)},
    ),
    Derivation(
        "vector_jacobian_product",
        "Products of a cotangent and these Jacobians",
        model.TesseractRequest.vector_jacobian_product,
        {"vjp_inputs": ["X"], "vjp_outputs": ["value"], "cotangent_vector": {"value": 1.0}},
        {"X": _GRADIENT},
    ),
)
_MEMBERS = frozenset({"inputs"}.union(*(derivation.request for derivation in DERIVATIONS)))
_ENDPOINTS = [*(derivation.name for derivation in DERIVATIONS), "abstract_eval", "health"]

_NOT_ACCEPTABLE = {
    "message": "nothing that the Accept header asks for is offered",
    "available_formats": arrays.FORMATS,
    "available_gpu_transports": ["none"],
    "available_compressions": ["none"],
}


def _derive(derivation: Derivation) -> routing.AnswerRequest:
    async def answer(request: Request) -> replies.Reply:
        encoding = arrays.accepted_format(request.headers.get("accept", ""))
        if encoding is None:
            return json_bodies.reply({"detail": _NOT_ACCEPTABLE}, 406)
        served, document = services.of(request).engine, await _document(request)
        function_id = request.path_params.get("function_id")
        outputs = await derivation.compute(await model.read(served, document, [*derivation.request], function_id))
        return await json_bodies.large_reply(arrays.encode(outputs, encoding))

    return answer


async def _abstract_eval(request: Request) -> replies.Reply:
    served, document = services.of(request).engine, await _document(request)
    return json_bodies.reply(await model.abstract_eval(served, document, request.path_params.get("function_id")))


async def _schema(request: Request) -> replies.Reply:
    function_id, function = request.path_params.get("function_id"), None
    if function_id is not None:
        function = (await array_query.by_id(services.of(request).engine, function_id)).function
    return json_bodies.reply(model.describe(function, function_id or "gradserve", _ENDPOINTS))


async def _health(request: Request) -> replies.Reply:
    function_id = request.path_params.get("function_id")
    if function_id is not None:
        await services.of(request).engine.registry.entry(function_id)
    return json_bodies.reply({"status": "ok"})


async def _document(request: Request) -> dict[str, Any]:
    return await json_bodies.read(request.scope["headers"], request.receive, services.of(request).limits)


def refusal(error: errors.GradserveError) -> replies.Reply:
    """Return an error as the client expects it: mistakes in the request are a list, as pydantic writes them."""
    document, message = problem.body(error), json_bodies.one_line(error)
    if document["status"] not in (400, 422):
        return json_bodies.refusal(error, document["status"], {"detail": message})
    context = {name: document[name] for name in ("position", "hint") if name in document}
    mistake = {"type": error.code, "loc": ["body", *_location(error)], "msg": message, "input": None}
    return json_bodies.refusal(error, 422, {"detail": [mistake | ({"ctx": context} if context else {})]})


def _location(error: errors.GradserveError) -> list[str]:
    """Return the path of an error in the body."""
    if isinstance(error, errors.InvalidJson):
        return []
    path = (error.field or "inputs").split(".")
    if path[0] == "body":
        return path[1:]
    return path if path[0] in _MEMBERS else ["inputs", *path]


class TesseractRefusal(pydantic.BaseModel):
    """An error of Tesseract: text, mistakes in the inputs as pydantic writes them, or what Accept may ask for."""

    detail: str | list[dict[str, Any]] | dict[str, Any]


router = APIRouter(tags=["tesseract"], route_class=routing.Route)
_protocol = endpoints.Protocol(router, TesseractRefusal, refusal)

_UNKNOWN = {404: "Nobody registered the function here"}
_POST_ERRORS = {406: "Nothing that the Accept header asks for is offered", 422: "The request is at fault"}
_OUTLINE = {"value": {"shape": [], "dtype": "float64"}, "gradient": {"shape": [3], "dtype": "float64"}}


def _add(
    name: str, summary: str, answer: routing.AnswerRequest, reply: Any, members: Mapping[str, Any] | None = None
) -> None:
    """Add an endpoint for functions in the request and for registered ones; ``members`` is None for a GET."""
    for prefix, inputs, statuses, suffix, condition in (
        ("", {"expression": _EXPRESSION, "X": _POINT}, {}, "", ""),
        ("/f/{function_id}", {"X": _POINT}, _UNKNOWN, "_by_id", ", of a registered function"),
    ):
        _protocol.add(
            f"{prefix}/tesseract/{name}",
            answer,
            None
            if members is None
            else endpoints.Body(schemas.request(name, by_id=bool(prefix)), {"inputs": inputs, **members}),
            endpoints.Body(schemas.REPLIES[name], reply),
            statuses if members is None else statuses | _POST_ERRORS,
            operation_id=f"tesseract_{name.partition('.')[0]}{suffix}",
            summary=summary + condition,
        )


for _each in DERIVATIONS:
    _add(_each.name, _each.summary, _derive(_each), arrays.encode(_each.reply, "json"), _each.request)
_add("abstract_eval", "Shapes and dtypes of the outputs, nothing computed", _abstract_eval, _OUTLINE, {})
_add("health", "Whether it is alive", _health, {"status": "ok"})
_add("openapi.json", "What its clients read first: endpoints, inputs and outputs", _schema, None)
