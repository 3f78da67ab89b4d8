"""JAX's updates of arrays, which give another array: ``x.at[i].set(v)``, ``x.at[idx].add(v)``, ``x.at[i].get()``.

As in JAX, values for one element are added up by ``add``; of several that are set, the last one stays.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np

from app import errors
from app.language.arrays import assigning, indexing
from app.language.building.array_builder import ArrayBuilder
from app.language.expression.values import Value

_OPERATORS: dict[str, Callable[[ArrayBuilder, Value, Value, int], Value]] = {
    "add": lambda builder, x, y, offset: builder.sum((x, y), "++", offset),
    "subtract": lambda builder, x, y, offset: builder.sum((x, y), "+-", offset),
    "multiply": lambda builder, x, y, offset: builder.product((x, y), "**", offset),
    "mul": lambda builder, x, y, offset: builder.product((x, y), "**", offset),
    "divide": lambda builder, x, y, offset: builder.product((x, y), "*/", offset),
    "power": lambda builder, x, y, offset: builder.power(x, y, offset),
    "min": lambda builder, x, y, offset: builder.call("minimum", (x, y), offset),
    "max": lambda builder, x, y, offset: builder.call("maximum", (x, y), offset),
}
NAMES = frozenset({*_OPERATORS, "set", "get"})


def begun(value: Value) -> Value:
    """Return ``x.at``."""
    return Value(value.node, kind="at", items=(value,))


def of_elements(begun: Value, indices: Sequence[Value], offset: int) -> Value:
    """Return ``x.at[indices]``."""
    if len(begun.items) > 1:
        raise errors.SyntaxRejected(".at takes one pair of brackets", hint="write x.at[i, j]", offset=offset)
    return Value(begun.node, kind="at", items=(*begun.items, *indices))


def update(builder: ArrayBuilder, value: Value, name: str, operands: Sequence[Value], offset: int) -> Value:
    """Return ``x.at[indices].name(operand)``."""
    base, *indices = value.items
    if name not in NAMES or len(operands) != (name != "get") or not indices:
        hint = f"write x.at[i].set(v); updates are {', '.join(sorted(NAMES))}"
        raise errors.SyntaxRejected(f".at has no .{name[:40]}() of these operands", hint=hint, offset=offset)
    array = builder.array(base, offset)
    if name == "get":
        return indexing.element(builder, array, indices, offset)
    array = builder.number(array, offset)
    if name == "set":
        return assigning.assigned(builder, array, indices, operands[0], offset)
    operand = builder.number(builder.array(operands[0], offset), offset)
    if any(index.kind == "condition" and index.shape and index.constant is None for index in indices):
        if len(indices) > 1 or operand.shape or indices[0].shape != array.shape:
            hint = "write where(mask, x + v, x)"
            raise errors.SyntaxRejected("a mask takes one value for all elements", hint=hint, offset=offset)
        return builder.choose(indices[0], _OPERATORS[name](builder, array, operand, offset), array, offset)
    parts = indexing.parts_of(builder, array, indices, offset)
    if name in {"add", "subtract"} and any(part.array is not None and part.array.shape for part in parts):
        operand = builder.negative(operand, offset) if name == "subtract" else operand
        return _added(builder, array, parts, operand, offset)
    if any(part.array is not None and part.array.shape and _may_repeat(part.array) for part in parts):
        hint = "write a loop over the indices"
        raise errors.SyntaxRejected(f".{name}() at indices that may repeat is not known", hint=hint, offset=offset)
    old = indexing.element(builder, array, indices, offset)
    return assigning.assigned(builder, array, indices, _OPERATORS[name](builder, old, operand, offset), offset)


def _may_repeat(index: Value) -> bool:
    known = index.constant
    return known is None or len(np.unique(known)) < np.size(known)


def _added(builder: ArrayBuilder, array: Value, parts: Sequence[indexing.Part], operand: Value, offset: int) -> Value:
    """Return an array with values added at arrays of indices, several times where these repeat."""
    if all(part.array is None or part.array.constant is not None for part in parts):
        size = math.prod(array.shape)
        places = assigning.positions(builder, array, parts, offset)
        values = assigning.spread(builder, operand, places.shape, offset)
        flat = builder.emit("reshape", ((places.size,),), values, offset=offset)
        known = builder.known(places.ravel())
        sums = builder.emit("scatter_add", (0, size), flat, known, offset=offset)
        return builder.sum((array, builder.emit("reshape", (array.shape,), sums, offset=offset)), "++", offset)
    index = parts[0].array
    if index is None or any(part.kind != "range" or part.range != range(part.size) for part in parts[1:]):
        hint = "let the indices that depend on the point be those of the first axis, alone"
        raise errors.SyntaxRejected("these indices are too many for an update", hint=hint, offset=offset)
    values = assigning.spread(builder, operand, (*index.shape, *array.shape[1:]), offset)
    sums = builder.emit("scatter_add", (0, array.shape[0]), values, index, offset=offset)
    return builder.sum((array, sums), "++", offset)
