"""Uncertainty of inputs to that of a value: standard deviations or a covariance in, the same of the value out."""

from typing import Annotated, Any, Literal

import numpy as np
from fastapi import APIRouter
from pydantic import ConfigDict, Field

from app.api.http import handler, json_stream, replies, routing
from app.api.rest import schemas
from app.engine import engine, query
from app.engine.derivatives import propagation
from app.engine.functions import bindings

_POWER: dict[str, Any] = {"expression": "U**2/R", "args": ["U", "R"], "point": [10.0, 50.0]}
REQUEST_EXAMPLE = _POWER | {"std": {"U": 0.5, "R": 2.0}}
_ANSWER: dict[str, Any] = {
    "value": 2.0, "std": 0.21540659228538017, "shares": [0.8620689655172413, 0.13793103448275862], "order": 1,
    "args": ["U", "R"], "argnums": [0, 1], "finite": True, "function_id": "1d46ea5ac5a8b589c79481203e61fc94",
}  # fmt: skip
_NAMED: dict[str, Any] = {schemas.NAME: "Numbers"}
_NULL: dict[str, Any] = {"type": "null"}


class _PropagateFields(schemas.RequestFields):
    """Where, and how uncertain the inputs are."""

    point: schemas.Point
    in_axes: schemas.InAxes = None
    argnums: Annotated[
        schemas.Chosen | None,
        Field(description="a position or name of an argument, or a list of them: the uncertain ones. Default: all."),
    ] = None
    std: Annotated[
        Any,
        Field(
            description="an object by argument name, or a list for argnums: standard deviations, each a number for all "
            "elements or a list in the argument's shape; what is left out is exact. Inputs are then independent.",
            json_schema_extra={
                "anyOf": [{"type": "array", "items": _NAMED}, {schemas.NAME: "PointByName"}, {"type": "number"}, _NULL]
            },
        ),
    ] = None
    covariance: Annotated[
        Any,
        Field(
            description="a matrix. Instead of std: the covariance of the numbers of argnums in order, as "
            "/v1/least_squares answers it.",
            json_schema_extra={"anyOf": [_NAMED, _NULL]},
        ),
    ] = None
    order: Annotated[
        Literal[1, 2] | Annotated[None, schemas.null_is(1)],
        Field(description="1 or 2. 2 adds what the Hessian says, which is exact for quadratic functions."),
    ] = 1


class PropagateRequest(_PropagateFields, schemas.FunctionFields):
    """A function, a point and the uncertainty of its inputs there."""

    model_config = ConfigDict(json_schema_extra={"examples": [REQUEST_EXAMPLE]})


class PropagateAtRequest(_PropagateFields):
    """A point and the uncertainty of the inputs there."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{name: REQUEST_EXAMPLE[name] for name in ("point", "std")}]}
    )


class PropagateResponse(schemas.AnswerFields):
    """A value and its uncertainty."""

    std: Annotated[schemas.Numbers, Field(description="Standard deviation, in the shape of the value.")]
    shares: Annotated[
        schemas.Numbers,
        Field(description="The part of the variance that is each input's, nested like a Jacobian; they sum to 1."),
    ]
    mean: Annotated[schemas.Numbers | None, Field(description="To second order, if that was asked for.")] = None
    covariance: Annotated[
        schemas.Numbers | None, Field(description="Of the values, if there are several: a matrix.")
    ] = None
    order: Annotated[int, Field(description="What was asked.")]
    argnums: Annotated[int | list[int], Field(description="Positions of the uncertain arguments.")]


async def _answer(
    request: Any, expression: Any, args: Any, served: engine.Engine, binding: bindings.Binding | None
) -> replies.Reply:
    given = query.Query(
        "jacobian", expression, request.point, args, request.argnums, in_axes=request.in_axes, binding=binding
    )
    asked = propagation.PropagationQuery(request.std, request.covariance, request.order)
    answer = await served.propagate(given, asked)
    found, own = answer.found, answer.query
    shape, batched = own.specialization.shape, own.point.batch is not None

    def shaped(rows: Any) -> Any:
        listed = rows.reshape((-1, *shape)).tolist()
        return listed if batched else listed[0]

    document = {"value": shaped(answer.values), "std": shaped(found.std), "shares": own.nest(found.shares)}
    if found.mean is not None:
        document["mean"] = shaped(found.mean)
    if shape:
        document["covariance"] = found.covariance.tolist() if batched else found.covariance[0].tolist()
    finite = bool(np.isfinite(answer.values).all() and np.isfinite(found.covariance).all())
    document |= {"order": request.order, "args": own.args, "argnums": own.argnums, "finite": finite}
    document["function_id"] = own.function_id
    if binding is not None:
        binding.shown_in(document)
    computed = replies.Computed(own.hit, answer.tier, answer.parse_seconds, answer.execute_seconds)
    return replies.Reply(200, await json_stream.dump(document), computed=computed)


OPERATIONS = handler.on_function(PropagateRequest, PropagateAtRequest, _answer)

router = APIRouter(prefix="/v1", route_class=routing.Route, responses=schemas.PROBLEMS)
_SUMMARY = "Uncertainty of a value from that of its inputs"
_DOCUMENTED: dict[str, Any] = {
    "response_model": PropagateResponse,
    "response_model_exclude_none": True,
    "description": "Propagate standard deviations or a covariance of the inputs through the exact derivatives of a "
    "function (GUM, JCGM 100:2008): the standard deviation of the value, and the share that each input has in its "
    "variance. With `order` 2 the mean and the variance to second order, of functions of one value.",
}
_RESPONSES: dict[int | str, dict[str, Any]] = {
    200: {"content": {"application/json": {"examples": {"example": {"value": _ANSWER}}}}}
}
routing.add_on_function(
    router, "propagate", OPERATIONS, _SUMMARY, "derivatives", _RESPONSES, schemas.UNKNOWN, **_DOCUMENTED
)
