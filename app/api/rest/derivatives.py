"""The REST protocol, version 1: POST a function as text and a point, get its derivatives.

Each derivative has two routes: one for a function in the request, and its twin for a registered function.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass, field
from typing import Any

import pydantic
from fastapi import APIRouter

from app.api.http import handler, json_stream, replies, routing
from app.api.rest import schemas
from app.engine import dispatch, engine, query
from app.engine.derivatives import gradients, transforms
from app.engine.functions import bindings
from app.runtime import queue

_TUTORIAL = {"expression": "5*(x1**2) + 6*(x2**2) + 7*(x3**2)", "args": ["x1", "x2", "x3"], "point": [1.0, 2.0, 3.0]}
_POLAR = {"expression": ["r*cos(t)", "r*sin(t)"], "args": ["r", "t"], "point": [2.0, 0.0]}
_CUBIC = {"expression": "x**2*y + y**3", "args": ["x", "y"], "point": [1.0, 2.0]}


def _answered(request: dict[str, Any], value: Any, function_id: str) -> dict[str, Any]:
    """Return the answer to an example request by all arguments, without the derivative."""
    args, argnums = request["args"], list(range(len(request["args"])))
    computed = {"dtype": "float64", "finite": True, "function_id": function_id}
    return {"value": value, "args": args, "argnums": argnums, **computed}


_TUTORIAL_ANSWER = _answered(_TUTORIAL, 92.0, "4226752467f825da2f16ea77bfc0464d")
_POLAR_ANSWER = _answered(_POLAR, [2.0, 0.0], "083547c25f9c6a7b2fee1e5ef176e502")
_CUBIC_ANSWER = _answered(_CUBIC, 10.0, "8294a910a27291fd8a33f0f2782a04c5")


@dataclass(frozen=True, slots=True)
class Derivative:
    """A derivative on the wire."""

    name: str  # of the route
    transform: transforms.Transform  # the field of a request that holds a direction is named like the transform's
    field: str | None  # of the answer that holds the derivative, None for the value alone
    bases: tuple[type[pydantic.BaseModel], ...]  # what the model of a request is composed of, the function's first
    response: type[pydantic.BaseModel]
    summary: str
    description: str  # in Markdown
    request_example: dict[str, Any]  # posted by a test
    response_example: dict[str, Any]  # exactly what the request example gets

    def model(self, *, by_id: bool) -> type[pydantic.BaseModel]:
        """Return the model of a request's body, with or without the function in it."""
        example = dict(self.request_example)
        bases = self.bases
        if by_id:
            bases = bases[1:]
            example = {
                name: value
                for name, value in example.items()
                if name not in ("expression", "args", "function", "format")
            }
        name = self.name.capitalize() + ("AtRequest" if by_id else "Request")
        more = {"json_schema_extra": {"examples": [example]}}
        # Fields in the order of the bases, which is how people write them: pydantic's is the other way round.
        return pydantic.create_model(name, __base__=bases[::-1], __doc__=self.summary, __cls_kwargs__=more)

    def shown(self) -> dict[str, Any]:
        """Return the example of an answer in the order in which the protocol writes it."""
        first = [name for name in ("value", self.field) if name is not None]
        return {name: self.response_example[name] for name in first} | self.response_example

    def document(self, answer: query.Answer) -> dict[str, Any]:
        """Return an answer as the protocol writes it."""
        document: dict[str, Any] = {"value": answer.value}
        if self.field is not None:
            document[self.field] = answer.derivative
        document["args"] = answer.args
        if self.field is not None:
            document["argnums"] = answer.argnums
        document["dtype"] = answer.dtype
        document["finite"] = answer.finite
        document["function_id"] = answer.function_id
        if answer.difference is not None:
            document["verify"] = {
                "max_relative_difference": answer.difference,
                "method": "central differences, extrapolated (Ridders)",
            }
        if answer.proof is not None:
            document["enclosure"] = {"value": answer.proof.value, self.field: answer.proof.derivative}
            document["certified"] = answer.proof.certified
            if answer.proof.reason is not None:
                document["reason"] = answer.proof.reason
        return document


_OF_ONE = (schemas.ScalarFields, schemas.PointFields, schemas.ReduceFields, schemas.ArgnumsFields)
_OF_ANY = (schemas.FunctionFields, schemas.PointFields, schemas.ArgnumsFields)

DERIVATIVES = (
    Derivative(
        "grad",
        transforms.TRANSFORMS["grad"],
        "gradient",
        _OF_ONE,
        schemas.GradResponse,
        "Value and gradient of a function at a point",
        "Differentiate a scalar function by some of its arguments, as jax.value_and_grad does.\n\n"
        "`argnums` says by which: a position or name gives that argument's gradient in the argument's shape, a list "
        "gives a list. With `in_axes` the value and every gradient carry a leading batch axis.",
        _TUTORIAL | {"argnums": [0, 1, 2]},
        _TUTORIAL_ANSWER | {"gradient": [10.0, 24.0, 42.0]},
    ),
    Derivative(
        "evaluate",
        transforms.TRANSFORMS["value"],
        None,
        (schemas.FunctionFields, schemas.PointFields, schemas.ReduceFields),
        schemas.EvaluateResponse,
        "Value of a function at a point",
        "Evaluate a function at a point, or at many with `in_axes`.",
        _TUTORIAL,
        {name: value for name, value in _TUTORIAL_ANSWER.items() if name != "argnums"},
    ),
    Derivative(
        "jacobian",
        transforms.TRANSFORMS["jacobian"],
        "jacobian",
        _OF_ANY,
        schemas.JacobianResponse,
        "Value and Jacobian of a function at a point",
        "Differentiate a function of one or many values, as jax.jacobian does.\n\n`expression` may be a list of "
        "texts, or give an array. The Jacobian has the axes of the value, then those of the argument; for a list of "
        "`argnums` it is a list of such blocks.",
        _POLAR | {"argnums": [0, 1]},
        _POLAR_ANSWER | {"jacobian": [[1.0, 0.0], [0.0, 2.0]]},
    ),
    Derivative(
        "hessian",
        transforms.TRANSFORMS["hessian"],
        "hessian",
        _OF_ONE,
        schemas.HessianResponse,
        "Value and Hessian of a function at a point",
        "Differentiate a scalar function twice, as jax.hessian does: for a list of `argnums` the Hessian is a list of "
        "lists of blocks. Exact: forward mode over reverse mode, no differences.",
        _CUBIC | {"argnums": [0, 1]},
        _CUBIC_ANSWER | {"hessian": [[4.0, 2.0], [2.0, 12.0]]},
    ),
    Derivative(
        "jvp",
        transforms.TRANSFORMS["jvp"],
        "jvp",
        (schemas.FunctionFields, schemas.PointFields, schemas.ArgnumsFields, schemas.TangentsFields),
        schemas.JvpResponse,
        "Value and Jacobian-vector product of a function at a point",
        "The directional derivative along `tangents`, as jax.jvp gives it. Arguments that are not among `argnums` are "
        "held still.",
        _POLAR | {"argnums": [0, 1], "tangents": [0.5, 0.25]},
        _POLAR_ANSWER | {"jvp": [0.5, 0.5]},
    ),
    Derivative(
        "vjp",
        transforms.TRANSFORMS["vjp"],
        "vjp",
        (schemas.FunctionFields, schemas.PointFields, schemas.ArgnumsFields, schemas.CotangentFields),
        schemas.VjpResponse,
        "Value and vector-Jacobian product of a function at a point",
        "The gradient of the values weighted by `cotangent`, as jax.vjp gives it.",
        _POLAR | {"argnums": [0, 1], "cotangent": [1.0, 10.0]},
        _POLAR_ANSWER | {"vjp": [1.0, 20.0]},
    ),
    Derivative(
        "hvp",
        transforms.TRANSFORMS["hvp"],
        "hvp",
        (*_OF_ONE, schemas.TangentsFields),
        schemas.HvpResponse,
        "Value and Hessian-vector product of a function at a point",
        "The derivative of the gradient along `tangents`, without forming the Hessian.",
        _CUBIC | {"argnums": [0, 1], "tangents": [1.0, 0.5]},
        _CUBIC_ANSWER | {"hvp": [5.0, 8.0]},
    ),
)

BY_NAME = {derivative.name: derivative for derivative in DERIVATIVES}

router = APIRouter(prefix="/v1", route_class=routing.Route, responses=schemas.PROBLEMS)


def _add(derivative: Derivative) -> None:
    """Add a route for a function in the request, and its twin for a registered function."""
    responses = {200: {"content": {"application/json": {"examples": {"example": {"value": derivative.shown()}}}}}}
    shown = {"response_model": derivative.response, "response_model_exclude_none": True}

    def route(path: str, operation: handler.Operation, **documentation: Any) -> None:
        documentation |= shown | {"description": derivative.description}
        routing.add_operation(router, path, operation, **documentation)

    name, summary = derivative.name, derivative.summary
    at_once = functools.partial(_at_once, derivative) if derivative.name in {"grad", "evaluate"} else None
    by_text = handler.Operation(
        derivative.model(by_id=False), functools.partial(_answer_by_text, derivative), at_once=at_once
    )
    names = {"name": name, "operation_id": name}
    route(f"/{name}", by_text, **names, summary=summary, tags=["derivatives"], responses=responses)

    answer = functools.partial(_answer_by_id, derivative)
    by_id = handler.Operation(derivative.model(by_id=True), answer, needs="function_id")
    names = {"name": f"{name} by id", "operation_id": f"{name}_by_id"}
    path, summary = f"/functions/{{function_id}}/{name}", f"{summary}, by its id"
    route(path, by_id, **names, summary=summary, tags=["functions"], responses=responses | schemas.UNKNOWN)


async def _answer_by_text(derivative: Derivative, request: Any, served: engine.Engine, _: str) -> replies.Reply:
    return await _answer(derivative, _query(derivative, request, request.text, request.args), served)


def _at_once(derivative: Derivative, request: Any, served: engine.Engine, caller: str) -> _FirstDerivative | None:
    prepared = served.preparation.prepare_at_once(_query(derivative, request, request.text, request.args))
    return None if prepared is None else _FirstDerivative(derivative, served, prepared, None, caller)


async def _answer_by_id(derivative: Derivative, request: Any, served: engine.Engine, function_id: str) -> replies.Reply:
    entry = await served.registry.entry(function_id)
    return await _answer(derivative, _query(derivative, request, entry.expression, entry.args, entry.binding), served)


async def _answer(derivative: Derivative, given: query.Query, served: engine.Engine) -> replies.Reply:
    prepared = await served.preparation.prepare(given)
    answer = _shown(served.present(prepared, await served.run(prepared)), given.binding)
    reply = _reply(answer, await json_stream.dump(derivative.document(answer)))
    if answer.hit and not given.verify and (given.in_axes is None or given.binding is None):
        earlier = prepared.without_point(answer.tier)
        if earlier is not None:
            reply.repeated = _RepeatedDerivative(derivative, served, earlier, given.binding, queue.CALLER.get())
    return reply


def _shown(answer: query.Answer, binding: bindings.Binding | None) -> query.Answer:
    """Return an answer for a bound function as that function's own, in place."""
    if binding is not None:
        answer.args, answer.function_id = binding.free, binding.function_id
        if answer.derivative is not None:
            answer.argnums = binding.shown(answer.argnums)
    return answer


def _query(
    derivative: Derivative, request: Any, expression: Any, args: Any, binding: bindings.Binding | None = None
) -> query.Query:
    direction = derivative.transform.direction
    return query.Query(
        derivative.transform.name,
        expression,
        request.point,
        args,
        getattr(request, "argnums", 0),
        request.dtype,
        request.in_axes,
        getattr(request, direction) if direction else None,
        getattr(request, "verify", False),
        binding=binding,
        reduce=getattr(request, "reduce", None),
    )


def _reply(answer: query.Answer, content: bytes) -> replies.Reply:
    computed = replies.Computed(answer.hit, answer.tier, answer.parse_seconds, answer.execute_seconds)
    return replies.Reply(200, content, computed=computed)


@dataclass(frozen=True, slots=True, eq=False)
class _RepeatedDerivative:
    """A derivative of a known function, see ``replies.RepeatedRequest``."""

    derivative: Derivative
    served: engine.Engine
    earlier: dispatch.Earlier
    binding: bindings.Binding | None
    caller: str  # who may use the data of the binding

    @property
    def weight(self) -> int:
        return self.earlier.weight

    @property
    def arguments(self) -> int:
        return len(self.earlier.args if self.binding is None else self.binding.free)

    @property
    def seconds(self) -> float:
        return self.served.preparation.seconds_again(self.earlier)

    def prepare(self, point: Any) -> _PreparedDerivative | None:
        again = self.served.preparation.prepare_again
        prepared = again(self.earlier, point, self.binding, self.caller)
        return None if prepared is None else _PreparedDerivative(self.derivative, self.served, prepared, self.binding)


@dataclass(slots=True, eq=False)
class _PreparedDerivative:
    """The same at a point, see ``replies.PreparedRequest``."""

    derivative: Derivative
    served: engine.Engine
    prepared: dispatch.PreparedAgain
    binding: bindings.Binding | None
    result: query.Result = field(init=False)

    @property
    def seconds(self) -> float:
        return self.prepared.seconds

    def run(self) -> None:
        self.result = self.prepared.run()

    def reply(self) -> replies.Reply:
        answer = _shown(self.served.present(self.prepared, self.result), self.binding)
        return _reply(answer, json_stream.encode(self.derivative.document(answer)))

    async def answer(self) -> replies.Reply:
        answer = _shown(self.served.present(self.prepared, await self.served.run(self.prepared)), self.binding)
        return _reply(answer, await json_stream.dump(self.derivative.document(answer)))


@dataclass(slots=True, eq=False)
class _FirstDerivative(_PreparedDerivative):
    """The same of a function that is new or not compiled: it is computed at once all the same."""

    caller: str  # who pays if it is compiled

    @property
    def seconds(self) -> float:
        return _INTERPRETED_SECONDS

    def run(self) -> None:
        before = queue.CALLER.set(self.caller)
        try:
            assert isinstance(self.prepared, gradients.GradientCall)
            self.result = self.served.run_at_once(self.prepared)
        finally:
            queue.CALLER.reset(before)


_INTERPRETED_SECONDS = 2e-4  # expected

for _each in DERIVATIVES:
    _add(_each)
