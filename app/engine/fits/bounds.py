"""Bounds of moved arguments, from JSON to vectors."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app import errors
from app.engine import points
from app.language.expression.values import Shape
from app.language.grammar import lexer

Json = Any
Array = NDArray[Any]


def read(given: Json, args: Sequence[str], chosen: Sequence[int], shapes: Sequence[Shape]) -> tuple[Array, Array]:
    """Return the lower and the upper bounds of the moved numbers, each (n,), infinite where there is none.

    ``given`` is an object by argument name of pairs [low, high]. Each of a pair is a number for all elements of the
    argument, null for no bound, or nested like the argument, with nulls. ``chosen`` are the positions of the arguments
    that move, ``shapes`` those of all arguments. Raises ``errors.InvalidField`` or ``BadShape``.
    """
    if not isinstance(given, Mapping | None):
        hint = 'write {"x": [0, null]}'
        raise errors.InvalidField("bounds is an object of pairs by argument name", hint=hint, field="bounds")
    named = {lexer.identifier(name): (name, pair) for name, pair in (given or {}).items()}
    for name in named:
        if name not in args:
            raise errors.InvalidField(f"{errors.quote(name)} is not an argument", field="bounds")
        if args.index(name) not in chosen:
            hint = "name it in argnums, or leave its bounds out"
            raise errors.InvalidField(f"{errors.quote(name)} does not move", hint=hint, field=f"bounds.{name}")
    lower, upper = [], []
    for argument in chosen:
        name, pair = named.get(args[argument], (args[argument], [None, None]))
        low, high = _pair(pair, shapes[argument], f"bounds.{name}")
        lower.append(low.ravel())
        upper.append(high.ravel())
    return np.concatenate(lower), np.concatenate(upper)


def _pair(pair: Json, shape: Shape, field: str) -> tuple[Array, Array]:
    if not isinstance(pair, list) or len(pair) != 2:
        hint = "write [low, high], with null for none"
        raise errors.InvalidField("the bounds of an argument are a pair", hint=hint, field=field)
    low, high = (_end(end, shape, none, field) for end, none in zip(pair, (-math.inf, math.inf), strict=True))
    if not (low <= high).all():
        raise errors.InvalidField("a lower bound is above the upper one", field=field)
    return low, high


def _end(end: Json, shape: Shape, none: float, field: str) -> Array:
    """Return the bounds at one end, in the shape of the argument."""
    found = points.array(_without_null(end, none), field, finite=False)
    if found.shape not in {(), shape}:
        detail = f"bounds of shape {list(found.shape)} for an argument of shape {list(shape)}"
        raise errors.BadShape(detail, hint="give one number, or one for each element", field=field)
    return np.broadcast_to(found, shape)


def _without_null(end: Json, none: float) -> Json:
    if isinstance(end, list):
        return [_without_null(each, none) for each in end]
    return none if end is None else end
