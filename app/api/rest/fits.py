"""The loop beside the function: minima, least squares and roots in one request, with progress as events."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

import pydantic
from fastapi import APIRouter
from pydantic import Field

from app.api.http import event_stream, handler, json_stream, replies, routing
from app.api.rest import schemas
from app.engine import engine, query
from app.engine.fits import methods
from app.engine.fits.query import Constraint, FitAnswer, FitQuery, Kind
from app.engine.functions import bindings


class _FitFields(schemas.RequestFields):
    """Where to start, what moves, and how to search."""

    point: schemas.Point
    argnums: Annotated[
        schemas.Chosen | None,
        Field(
            description="a position or name of an argument, or a list of them: those that move from where the point "
            "has them. Default: all."
        ),
    ] = None
    in_axes: schemas.InAxes = None
    bounds: Annotated[
        Any,
        Field(
            description="an object by argument name of pairs [low, high]: each a number for all elements, null for "
            "none, or a list in the argument's shape.",
            json_schema_extra={
                "anyOf": [{"type": "object", "additionalProperties": {"type": "array", "items": {}}}, {"type": "null"}]
            },
        ),
    ] = None
    method: Annotated[str | None, Field(description="the name of a method of SciPy. Default: a good one.")] = None
    tolerance: Annotated[
        float | None,
        Field(gt=0, lt=1, description="a number between 0 and 1. The relative error of what the method compares."),
    ] = None
    max_evaluations: Annotated[
        schemas.Whole | None,
        Field(ge=1, description="a positive number. How often the function or a derivative is computed at most."),
    ] = None


class ConstraintFields(schemas.RequestFields):
    """A condition on the arguments: every value of its expression is at least 0, or is 0."""

    type: Annotated[Literal["ineq", "eq"], Field(description='"ineq" for >= 0, "eq" for == 0.')]
    expression: Annotated[schemas.Texts, Field(description="A text, or a list of them, of the same arguments.")]
    format: schemas.Format = "text"


class _ConstraintsFields(schemas.RequestFields):
    """Conditions."""

    constraints: Annotated[
        list[ConstraintFields]
        | Annotated[ConstraintFields, schemas.listed]
        | Annotated[None, pydantic.AfterValidator(lambda _: [])],
        Field(description='a list of objects {"type": "ineq" or "eq", "expression": text}. Conditions on the minimum.'),
    ] = []  # noqa: RUF012 - pydantic copies it


class FitResponse(schemas.AnswerFields):
    """What was found. With in_axes each member but the last four has a leading axis."""

    x: Annotated[schemas.Numbers, Field(description="The arguments that move, nested like a gradient.")]
    gradient: Annotated[schemas.Numbers, Field(description="Of what is minimised, there.")]
    converged: Annotated[bool | list[bool], Field(description="Whether it is a solution, as far as can be told.")]
    message: Annotated[str | list[str], Field(description="Why the search ended.")]
    method: Annotated[str | list[str], Field(description="The method that ended it.")]
    evaluations: Annotated[int | list[int], Field(description="How often the function or a derivative was computed.")]
    iterations: Annotated[int | list[int], Field(description="How many steps the methods took.")]
    argnums: Annotated[int | list[int], Field(description="Positions of those that moved.")]


class LeastSquaresResponse(FitResponse):
    """Parameters whose residuals have the least sum of squares, and what is known of them."""

    value: Annotated[schemas.Numbers, Field(description="Half the sum of squares.")]
    covariance: Annotated[
        schemas.Numbers | None,
        Field(description="Of the numbers that moved, in order: the residual variance times inv(J.T @ J)."),
    ]
    standard_errors: Annotated[schemas.Numbers | None, Field(description="Nested like x.")]
    reason: Annotated[str | list[str | None] | None, Field(description="Why there is no covariance.")] = None


class RootResponse(FitResponse):
    """Arguments at which every value is 0."""

    value: Annotated[schemas.Numbers, Field(description="Of the functions, which should be 0.")]
    gradient: Annotated[schemas.Numbers, Field(description="Of half the sum of squares of the values.")]


@dataclass(frozen=True, slots=True)
class FitRoute:
    """A kind of fit on the wire."""

    kind: Kind
    function: type[pydantic.BaseModel]  # the fields that hold the function
    more: tuple[type[pydantic.BaseModel], ...]  # further fields
    response: type[pydantic.BaseModel]
    summary: str
    description: str  # in Markdown
    request_example: dict[str, Any]  # posted by a test
    response_example: dict[str, Any]  # exactly what the request example gets
    members: tuple[str, ...] = field(default=())  # of the answer, beside those of every kind

    def model(self, *, by_id: bool) -> type[pydantic.BaseModel]:
        """Return the model of a request's body, with or without the function in it."""
        example = dict(self.request_example)
        bases: tuple[type[pydantic.BaseModel], ...] = (self.function, _FitFields, *self.more)
        if by_id:
            bases = bases[1:]
            example = {name: value for name, value in example.items() if name not in {"expression", "args"}}
        name = "".join(map(str.capitalize, self.kind.split("_"))) + ("AtRequest" if by_id else "Request")
        config: dict[str, Any] = {"json_schema_extra": {"examples": [example]}}
        return pydantic.create_model(name, __base__=bases[::-1], __doc__=self.summary, __cls_kwargs__=config)

    def document(self, answer: FitAnswer) -> dict[str, Any]:
        """Return an answer as the protocol writes it."""
        names = ("x", "value", "gradient", "converged", "message", "method", "evaluations", "iterations")
        document = {name: getattr(answer, name) for name in (*names, *self.members)}
        reasons = answer.reason if isinstance(answer.reason, list) else [answer.reason]
        if any(reason is not None for reason in reasons):
            document["reason"] = answer.reason
        return document | {name: getattr(answer, name) for name in ("args", "argnums", "finite", "function_id")}


def _listed(kind: Kind) -> str:
    return ", ".join(f"`{method.name}`" for method in methods.ALL if method.kind == kind)


_EVENTS = (
    "\n\nWith `Accept: text/event-stream` each iteration is an event `iteration` with `start`, `iteration`, "
    "`evaluations`, `value` and `x`, and the answer an event `answer` at the end. A client that goes away ends the "
    "search. A search that does not converge within its bounds answers 200 with `converged` false and the best that "
    "was found."
)
_CIRCLE = {"expression": "x + y", "args": ["x", "y"], "point": [0.5, 0.5]}
_LINE = {
    "expression": "a + b*t - y",
    "args": ["a", "b", "t", "y"],
    "point": {"a": 0.0, "b": 0.0, "t": [-1.0, -1.0, 1.0, 1.0], "y": [0.0, 2.0, 4.0, 6.0]},
    "argnums": ["a", "b"],
}
_CROSSING = {"expression": ["x**2 + y**2 - 4", "x - y"], "args": ["x", "y"], "point": [2.0, 1.0]}
_FOUND = {"converged": True, "argnums": [0, 1], "finite": True}
_CIRCLE_ANSWER = {
    "x": [-1.0, -1.0], "value": -2.0, "gradient": [1.0, 1.0],
    "message": "converged: to first order no feasible direction falls any more",
    "method": "SLSQP", "evaluations": 21, "iterations": 7, "args": ["x", "y"],
    "function_id": "9d18881a7ee0a7baed5d0b1527edff09",
}  # fmt: skip
_LINE_ANSWER = {
    "x": [3.0, 2.0], "value": 2.0, "gradient": [0.0, 0.0], "message": "converged: the sum of squares no longer falls",
    "method": "trf", "evaluations": 9, "iterations": 5, "covariance": [[0.5, 0.0], [0.0, 0.5]],
    "standard_errors": [0.7071067811865476, 0.7071067811865476], "args": ["a", "b", "t", "y"],
    "function_id": "16eb4c91176755db0c9da67192de9e79",
}  # fmt: skip
_CROSSING_ANSWER = {
    "x": [1.4142135623730951, 1.4142135623730951], "value": [0.0, 0.0], "gradient": [0.0, 0.0],
    "message": "converged: every value is zero within the tolerance", "method": "hybr", "evaluations": 12,
    "iterations": 3, "args": ["x", "y"], "function_id": "94884d248539a9741cc7f6f4f9594a66",
}  # fmt: skip

FITS = (
    FitRoute(
        "minimize",
        schemas.ScalarFields,
        (_ConstraintsFields,),
        FitResponse,
        "Minimum of a function",
        "Find a local minimum by a method of `scipy.optimize.minimize`, with exact gradients, and exact Hessians or "
        f"their products where the method uses them: {_listed('minimize')}. "
        "`bounds` hold at every evaluation, `constraints` at the end." + _EVENTS,
        _CIRCLE | {"constraints": [{"type": "ineq", "expression": "2 - x**2 - y**2"}]},
        _FOUND | _CIRCLE_ANSWER,
    ),
    FitRoute(
        "least_squares",
        schemas.FunctionFields,
        (),
        LeastSquaresResponse,
        "Parameters of a least-squares fit",
        "Find where half the sum of squares of the values is least, by a method of `scipy.optimize.least_squares` "
        f"with exact Jacobians: {_listed('least_squares')}. The values are the residuals: a list of texts, or one text "
        "that gives an array, as in `a*exp(-b*t) + c - y`. Data are arguments that do not move." + _EVENTS,
        _LINE,
        _FOUND | _LINE_ANSWER,
        ("covariance", "standard_errors"),
    ),
    FitRoute(
        "root",
        schemas.FunctionFields,
        (),
        RootResponse,
        "Root of a system of equations",
        "Find where all values are 0, by a method of `scipy.optimize.root` with exact Jacobians: "
        f"{_listed('root')}. There are as many values as numbers that move." + _EVENTS,
        _CROSSING,
        _FOUND | _CROSSING_ANSWER,
    ),
)  # fmt: skip


def _query(
    fit: FitRoute, request: Any, expression: Any, args: Any, binding: bindings.Binding | None = None
) -> FitQuery:
    start = query.Query("value", expression, request.point, args, in_axes=request.in_axes, binding=binding)
    conditions = [
        Constraint(each.type, schemas.written(each.expression, each.format))
        for each in getattr(request, "constraints", ())
    ]
    return FitQuery(
        fit.kind, start, request.argnums, request.bounds, conditions,
        request.method, request.tolerance, request.max_evaluations,
    )  # fmt: skip


async def _asked(fit: FitRoute, request: Any, served: engine.Engine, function_id: str) -> FitQuery:
    """Return the query of a request, for the function in it or a registered one."""
    if not function_id:
        return _query(fit, request, request.text, request.args)
    entry = await served.registry.entry(function_id)
    return _query(fit, request, entry.expression, entry.args, entry.binding)


def _document(fit: FitRoute, answer: FitAnswer, binding: bindings.Binding | None) -> dict[str, Any]:
    document = fit.document(answer)
    return document if binding is None else binding.shown_in(document)


def _operation(fit: FitRoute, *, by_id: bool) -> handler.Operation:
    async def answer(request: Any, served: engine.Engine, function_id: str) -> replies.Reply:
        asked = await _asked(fit, request, served, function_id)
        found = await served.fits.answer(asked)
        computed = replies.Computed(found.hit, found.tier, found.parse_seconds, found.execute_seconds)
        return replies.Reply(200, await json_stream.dump(_document(fit, found, asked.start.binding)), computed=computed)

    async def stream(request: Any, served: engine.Engine, function_id: str) -> AsyncIterator[event_stream.Event]:
        asked = await _asked(fit, request, served, function_id)
        async for part in served.fits.stream(asked):
            if isinstance(part, FitAnswer):
                yield "answer", _document(fit, part, asked.start.binding)
            else:
                progress = {"start": part.index, "iteration": part.iteration, "evaluations": part.evaluations}
                yield "iteration", progress | {"value": part.objective, "x": part.x}

    return handler.Operation(fit.model(by_id=by_id), answer, needs="function_id" if by_id else "", stream=stream)


router = APIRouter(prefix="/v1", route_class=routing.Route, responses=schemas.PROBLEMS)


def _add(fit: FitRoute) -> None:
    documented: dict[str, Any] = {
        "response_model": fit.response,
        "response_model_exclude_none": True,
        "description": fit.description,
    }
    examples = {"example": {"value": fit.response_example}}
    responses: dict[int | str, dict[str, Any]] = {
        200: {"content": {"application/json": {"examples": examples}, event_stream.MEDIA_TYPE: {}}}
    }
    both = _operation(fit, by_id=False), _operation(fit, by_id=True)
    routing.add_on_function(router, fit.kind, both, fit.summary, "fits", responses, schemas.UNKNOWN, **documented)


for _each in FITS:
    _add(_each)
