"""Indexing: ``X[i, j]``, slices, ``None``, ``...`` and lists of indices, as in NumPy."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from app import errors
from app.language.building.builder import Builder
from app.language.values import COLLECTIONS, NeedsShapes, Value, argument_of, array_of, charged_cells, tuple_of

MASK_HINT = "write where(condition, value, 0), which keeps the shape"
"""What to write instead of choosing elements by a condition that depends on the point."""


def element(builder: Builder, base: Value, indices: Sequence[Value], offset: int) -> Value:
    """Return what indices and slices choose."""
    for index in indices:
        if index.kind == "argument" or (index.kind == "number" and index.constant is None):
            if builder.shapes is None:
                raise NeedsShapes  # an array that is read as a whole can be indexed by arguments
            builder.integer(index, offset)
        if index.kind == "condition":
            what = "an index must be an integer known from the text, or numbers"
            raise errors.SyntaxRejected(what, hint=MASK_HINT, offset=offset)
    if base.kind == "tuple" and len(indices) == 1 and indices[0].kind in {"number", "slice"}:
        return _item(builder, base, indices[0], offset)
    if base.kind == "argument" and all(index.kind == "number" for index in indices):
        return _argument_element(builder, base, indices, offset)
    if base.kind == "argument" and builder.shapes is None:
        raise NeedsShapes
    if not builder.is_array(base):
        raise errors.BadShape("a number cannot be indexed", hint="only arrays have elements", offset=offset)
    cells = builder.cells(base, offset)
    key = tuple([_index(builder, index, offset) for index in indices])
    chosen = [len(part) for part in key if isinstance(part, list)]
    builder.charge(charged_cells(cells.shape) * math.prod(chosen) if chosen else 1, offset)
    builder.check_rank(cells.ndim + key.count(None), offset)
    try:
        return array_of(cells[key])
    except (IndexError, OverflowError):
        written = ", ".join("..." if part is Ellipsis else str(part) for part in key)
        shape = list(cells.shape)
        raise errors.BadShape(f"index {written[:60]} into an array of shape {shape}", offset=offset) from None


def _item(builder: Builder, base: Value, index: Value, offset: int) -> Value:
    if index.kind == "slice":
        chosen = base.items[_index(builder, index, offset)]
        builder.charge(len(chosen), offset)
        return tuple_of(chosen)
    position = builder.integer(index, offset)
    if not -len(base.items) <= position < len(base.items):
        raise errors.BadShape(f"index {position} into {len(base.items)} items", offset=offset)
    return base.items[position]


def _argument_element(builder: Builder, base: Value, indices: Sequence[Value], offset: int) -> Value:
    numbers = [builder.integer(index, offset) for index in indices]
    shape = None if builder.shapes is None else builder.shapes[base.argument][len(base.items) :]
    if shape is not None:
        name = builder.args[base.argument]
        if len(numbers) > len(shape):
            found = list(builder.shapes[base.argument]) if builder.shapes else []
            raise errors.BadShape(f"more indices into '{name}' than its shape {found} has axes", offset=offset)
        for axis, size in enumerate(shape[: len(numbers)]):
            if not -size <= numbers[axis] < size:
                detail = f"index {numbers[axis]} into '{name}', which has length {size} there"
                raise errors.BadShape(detail, offset=offset)
            numbers[axis] %= size
    # Each index becomes one literal, however it was computed.
    items = (*base.items, *map(builder.leaf, numbers))
    if len(items) > builder.limits.max_rank:
        raise errors.TooComplex(f"more than {builder.limits.max_rank} indices", offset=offset)
    if shape is not None and len(shape) == len(numbers):
        return builder.input(base.argument, tuple([builder.integer(item, offset) for item in items]))
    return argument_of(base.argument, items)


def _index(builder: Builder, index: Value, offset: int) -> Any:
    """Return an index as NumPy takes it."""
    if index.kind == "slice":
        bounds = [None if part.kind == "none" else builder.integer(part, offset) for part in index.items]
        if bounds[2] == 0:
            raise errors.BadShape("the step of a slice is 0", offset=offset)
        return slice(*bounds)
    if index.kind == "none":
        return None
    if index.kind == "ellipsis":
        return Ellipsis
    if index.kind in COLLECTIONS:
        return [builder.integer(array_of(part), offset) for part in builder.cells(index, offset)]
    return builder.integer(index, offset)
