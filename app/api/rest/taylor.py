"""Derivatives of high order: by order along a direction, or one mixed derivative."""

from typing import Annotated, Any

import numpy as np
from fastapi import APIRouter
from pydantic import ConfigDict, Field

from app.api.http import handler, json_stream, replies, routing
from app.api.rest import schemas
from app.engine import engine, query
from app.engine.derivatives import taylor
from app.engine.functions import bindings

_FUNCTION: dict[str, Any] = {"expression": "x**2*exp(y)", "args": ["x", "y"], "point": [3.0, 0.0]}
_COMPUTED: dict[str, Any] = {"args": ["x", "y"], "dtype": "float64", "finite": True}
REQUEST_EXAMPLE = _ALONG = _FUNCTION | {"order": 4, "direction": [1.0, 0.0]}
_MIXED = _FUNCTION | {"orders": {"x": 1, "y": 2}}
_ID = {"function_id": "1a06b137ab9f1b3f982bd7d509b3eac4"}
_ALONG_ANSWER = {"value": 9.0, "derivatives": [9.0, 6.0, 2.0, 0.0, 0.0], "order": 4} | _COMPUTED | _ID
_MIXED_ANSWER = {"value": 9.0, "derivative": 6.0, "orders": [1, 2]} | _COMPUTED | _ID
_NAMED: dict[str, Any] = {schemas.NAME: "Numbers"}
_NULL: dict[str, Any] = {"type": "null"}

_Order = Annotated[schemas.Whole, Field(ge=0, le=taylor.MAX_ORDER)]


class _TaylorFields(schemas.PointFields):
    """What to derive."""

    order: Annotated[
        _Order | None,
        Field(description=f"a number from 0 to {taylor.MAX_ORDER}. The order of the last derivative along direction."),
    ] = None
    direction: Annotated[
        Any,
        Field(
            description="a number or nested list for each argument, in its shape, or an object by name; arguments that "
            "are left out stand still. Default: 1, for a function of one number. With in_axes one for all points.",
            json_schema_extra={
                "anyOf": [_NAMED, {"type": "array", "items": _NAMED}, {schemas.NAME: "PointByName"}, _NULL]
            },
        ),
    ] = None
    orders: Annotated[
        dict[str, _Order] | Annotated[list[_Order], Field(fail_fast=True)] | Annotated[_Order, schemas.listed] | None,
        Field(
            description="an object of orders by argument name, or a list of them. Instead of order: one mixed "
            f"derivative, of at most {taylor.MAX_ORDER} orders in all, by arguments that are numbers."
        ),
    ] = None


class TaylorRequest(_TaylorFields, schemas.FunctionFields):
    """A function, a point and what to derive there."""

    model_config = ConfigDict(json_schema_extra={"examples": [_ALONG, _MIXED]})


class TaylorAtRequest(_TaylorFields):
    """A point and what to derive there."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {name: given[name] for name in given if name not in {"expression", "args"}}
                for given in (_ALONG, _MIXED)
            ]
        }
    )


class TaylorResponse(schemas.EvaluateResponse):
    """Derivatives of high order; numbers that are not finite are the strings NaN, Infinity and -Infinity."""

    derivatives: Annotated[
        list[schemas.Numbers] | None,
        Field(
            description="Those of order 0, 1, ..., order along the direction, each as the value is. Not divided by "
            "factorials."
        ),
    ] = None
    order: Annotated[int | None, Field(description="What was asked.")] = None
    derivative: Annotated[schemas.Numbers | None, Field(description="The mixed derivative, as the value is.")] = None
    orders: Annotated[list[int] | None, Field(description="What was asked, for each argument.")] = None


async def _answer(
    request: Any, expression: Any, args: Any, served: engine.Engine, binding: bindings.Binding | None
) -> replies.Reply:
    given = query.Query(
        "value", expression, request.point, args, dtype=request.dtype, in_axes=request.in_axes, binding=binding
    )
    direction, orders = request.direction, request.orders
    if binding is not None:
        direction, orders = _of_all(direction, binding, default=orders is None), _of_all(orders, binding)
    asked = taylor.TaylorQuery(request.order, direction, orders)
    answer = await served.taylor(given, asked)
    with np.errstate(over="ignore"):
        found = [each.astype(request.dtype) for each in answer.derivatives.by_order]
    listed = [each.tolist() for each in found]
    document: dict[str, Any] = {"value": listed[0]}
    if answer.derivatives.orders is None:
        document |= {"derivatives": listed, "order": request.order}
    else:
        document |= {"derivative": listed[1], "orders": _of_free(answer.derivatives.orders, binding)}
    finite = all(bool(np.isfinite(each).all()) for each in found)
    document |= {"args": answer.args, "dtype": request.dtype, "finite": finite, "function_id": answer.function_id}
    if binding is not None:
        binding.shown_in(document)
    computed = replies.Computed(answer.hit, "interpreted", answer.parse_seconds, answer.execute_seconds)
    return replies.Reply(200, await json_stream.dump(document), computed=computed)


def _of_all(given: Any, binding: bindings.Binding, *, default: bool = False) -> Any:
    """Return what is given for the free arguments by name, so that bound ones stand still."""
    if given is None:
        return {binding.free[0]: 1.0} if default and len(binding.free) == 1 else None
    if isinstance(given, list) and len(given) == len(binding.free):
        return dict(zip(binding.free, given, strict=True))
    if not isinstance(given, dict):
        return {binding.free[0]: given} if len(binding.free) == 1 else given
    return given


def _of_free(orders: tuple[int, ...], binding: bindings.Binding | None) -> list[int]:
    return list(orders) if binding is None else [orders[place] for place in binding.positions]


OPERATIONS = handler.on_function(TaylorRequest, TaylorAtRequest, _answer)

router = APIRouter(prefix="/v1", route_class=routing.Route, responses=schemas.PROBLEMS)
_SUMMARY = "Value and derivatives of high order of a function at a point"
_DOCUMENTED: dict[str, Any] = {
    "response_model": TaylorResponse,
    "response_model_exclude_none": True,
    "description": f"Derivatives of order 0 to `order`, at most {taylor.MAX_ORDER}, along `direction`; "
    "of a function of one number those by it. With `orders` one mixed derivative instead.\n\nComputed by power "
    "series, without differences. The values may be arrays, and points many with `in_axes`.",
}
_EXAMPLES = {"along": {"value": _ALONG_ANSWER}, "mixed": {"value": _MIXED_ANSWER}}
_RESPONSES: dict[int | str, dict[str, Any]] = {200: {"content": {"application/json": {"examples": _EXAMPLES}}}}
routing.add_on_function(
    router, "taylor", OPERATIONS, _SUMMARY, "derivatives", _RESPONSES, schemas.UNKNOWN, **_DOCUMENTED
)
