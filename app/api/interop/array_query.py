"""The function that a request names, by its text or by its id, and its derivatives at the points of named arrays."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from app.api.interop import named_arrays
from app.api.interop.named_arrays import Array, Shape
from app.engine import engine, points, query
from app.engine.functions import bindings


@dataclass(frozen=True, slots=True)
class NamedFunction:
    """A function for arguments of any shapes, and the text and argument names by which the request names it."""

    function: named_arrays.Arguments
    expression: str | Sequence[str]
    args: Sequence[str] | None
    binding: bindings.Binding | None = None


async def by_text(served: engine.Engine, expression: str | Sequence[str], args: Sequence[str] | None) -> NamedFunction:
    """Return the function of a text, or of one text for each value; without ``args`` the text tells the arguments."""
    return NamedFunction(await served.function(expression, args), expression, args)


async def by_id(served: engine.Engine, function_id: str) -> NamedFunction:
    """Return a registered function; errors.NotFound if nobody registered it here."""
    entry = await served.registry.entry(function_id)
    named = await by_text(served, entry.expression, list(entry.args))
    if entry.binding is None:
        return named
    free = bindings.FreeArguments.of(entry.binding, named.function.ranks)
    return NamedFunction(free, named.expression, named.args, entry.binding)


@dataclass(frozen=True, slots=True)
class ArrayQuery:
    """A function at the points that named arrays make up; ``value_shape`` is that of its value at one point."""

    served: engine.Engine
    named: NamedFunction
    layout: named_arrays.ArrayLayout
    point: points.Point
    dtype: str
    value_shape: Shape

    async def answer(self, transform: str, direction: Array | None = None) -> query.ArrayAnswer:
        """Return what the engine answers, by all arguments."""
        expression, args = self.named.expression, self.named.args
        return await self.served.numbers(
            query.Query(
                transform,
                expression,
                self.point,
                args,
                dtype=self.dtype,
                direction=direction,
                binding=self.named.binding,
            )
        )


async def prepare(
    served: engine.Engine, named: NamedFunction, values: Mapping[str, Array], rank: named_arrays.Rank
) -> ArrayQuery:
    """Return a function at the points of arrays by name, in float32 if all arrays are, else in float64."""
    shapes = {name: value.shape for name, value in values.items()}
    layout = named_arrays.layout(named.function, shapes, served.limits.point, rank)
    dtype = "float32" if all(value.dtype == np.float32 for value in values.values()) else "float64"
    point = layout.point(values)
    specialization = await served.specialization(named.expression, named.args, layout.argument_shapes, named.binding)
    return ArrayQuery(served, named, layout, point, dtype, specialization.shape)
