"""Indexing of whole arrays: ``X[i, j]``, slices, ``None``, ``...``, and arrays of indices, as in NumPy.

Indices may depend on the point: ``alpha[county]`` gathers. Such an index that is out of range, or no whole number,
gives nan; one that is known from the text is refused if it is out of range.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from app import errors
from app.language.building.array_builder import ArrayBuilder
from app.language.expression.values import NONE, NeedsShapes, Shape, Value, argument_of, list_of, tuple_of


@dataclass(slots=True)
class Part:
    """One index: a new axis; a range of an axis that is kept; an integer; or an array of indices into an axis."""

    kind: Literal["new", "range", "integer", "array"]
    size: int = 1  # length of the axis it is for
    range: range = range(1)
    array: Value | None = None


def element(builder: ArrayBuilder, base: Value, indices: Sequence[Value], offset: int) -> Value:
    """Return what indices and slices choose."""
    if any(index.kind == "argument" for index in indices):
        raise NeedsShapes
    if is_of_list(base, indices):
        return _item(builder, base, indices[0], offset)
    if base.kind == "argument":
        return _element_of_any_shape(builder, base, indices, offset)
    array = builder.array(base, offset)
    if not array.shape:
        raise errors.BadShape("a number cannot be indexed", hint="only arrays have elements", offset=offset)
    if array.argument >= 0 and len(indices) == len(array.shape) == 1 and type(indices[0].constant) is int:
        place = _integer(builder, array, indices[0], array.shape[0], offset).start
        return builder.input(array.argument, (*[item.constant for item in array.items], place))
    parts = parts_of(builder, array, indices, offset)
    builder.check_rank(len(array.shape) + sum(part.kind == "new" for part in parts), offset)
    found = _direct(builder, array, parts)
    if found is not None:
        return found
    slices = tuple([triple(part.range) for part in parts if part.kind != "new"])
    chosen = builder.emit("slice", slices, array, offset=offset)
    if all(part.kind != "array" for part in parts):
        shape = tuple([len(part.range) for part in parts if part.kind in {"new", "range"}])
        return _marked(builder, array, parts, builder.emit("reshape", (shape,), chosen, offset=offset))
    return _gathered(builder, chosen, parts, offset)


def separate(indices: Sequence[Value]) -> Sequence[Value]:
    """Return indices one by one: ``X[(i, j)]`` is ``X[i, j]``, where ``X[[i, j]]`` has an array of indices."""
    if len(indices) == 1 and indices[0].kind == "tuple" and not indices[0].is_list and not indices[0].listed:
        return indices[0].items
    return indices


def listed(array: Value) -> Value:
    """Return the list of the parts of an array."""
    return Value(array.node, array.constant, array.kind, shape=array.shape, listed=True)


def transposed(builder: ArrayBuilder, value: Value, offset: int) -> Value:
    array = builder.array(value, offset)
    return builder.emit("transpose", (tuple(range(len(array.shape)))[::-1],), array, offset=offset)


def is_of_list(base: Value, indices: Sequence[Value]) -> bool:
    """Return whether indices choose an item of a list or tuple, or a slice of it."""
    return base.kind == "tuple" and len(indices) == 1 and _is_plain(indices[0])


def _is_plain(index: Value) -> bool:
    return index.kind == "slice" or (index.kind == "number" and not index.shape and index.constant is not None)


def _element_of_any_shape(builder: ArrayBuilder, base: Value, indices: Sequence[Value], offset: int) -> Value:
    """Return an element or row of an argument whose shape is not known."""
    for index in indices:
        if index.kind == "condition" and (index.constant is None or not index.shape):
            raise _by_condition(offset)
    if any(index.kind != "number" or index.shape or index.constant is None for index in indices):
        raise NeedsShapes
    # Each index becomes one literal, however it was computed.
    items = (*base.items, *[builder.leaf(builder.integer(index, offset)) for index in indices])
    builder.check_rank(len(items), offset)
    return argument_of(base.argument, items)


def _item(builder: ArrayBuilder, base: Value, index: Value, offset: int) -> Value:
    if index.kind == "slice":
        chosen = base.items[slice_of(builder, index, offset)]
        builder.charge(len(chosen), offset)
        return list_of(chosen) if base.is_list else tuple_of(chosen)
    position = builder.integer(index, offset)
    if not -len(base.items) <= position < len(base.items):
        raise errors.BadShape(f"index {position} into {len(base.items)} items", offset=offset)
    return base.items[position]


def slice_of(builder: ArrayBuilder, index: Value, offset: int) -> slice:
    bounds = [None if part.kind == "none" else builder.integer(part, offset) for part in index.items]
    if bounds[2] == 0:
        raise errors.BadShape("the step of a slice is 0", offset=offset)
    return slice(*bounds)


def parts_of(builder: ArrayBuilder, array: Value, indices: Sequence[Value], offset: int) -> list[Part]:
    """Return a part for each index; axes that have none are kept."""
    expanded: list[Value] = []
    for index in indices:
        expanded += _expanded(builder, index, array.shape, _axis_of_next(expanded), offset)
    left = len(array.shape) - sum(index.kind not in {"none", "ellipsis"} for index in expanded)
    if left < 0:
        raise _too_many(builder, array, indices, offset)
    rest = [index for index in expanded if index.kind == "ellipsis"]
    if len(rest) > 1:
        raise errors.BadShape("an index has only one '...'", offset=offset)
    if not rest:
        expanded.append(Value(array.node, kind="ellipsis"))
    parts: list[Part] = []
    sizes = iter(array.shape)
    for index in expanded:
        if index.kind == "none":
            parts.append(Part("new"))
        elif index.kind == "ellipsis":
            parts += [Part("range", size, range(size)) for size in itertools.islice(sizes, left)]
        else:
            parts.append(_part(builder, array, index, next(sizes), offset))
    return parts


def _expanded(builder: ArrayBuilder, index: Value, shape: Shape, axis: int, offset: int) -> Sequence[Value]:
    """Return an index, or the arrays of indices of a mask that is known from the text."""
    if index.kind == "tuple":
        index = builder.array(index, offset)
    if index.kind != "condition":
        return (index,)
    if index.constant is None or not index.shape:
        raise _by_condition(offset)
    if axis < 0 or index.shape != shape[axis : axis + len(index.shape)]:
        detail = f"a mask of shape {list(index.shape)} for an array of shape {list(shape)}"
        raise errors.BadShape(detail, hint="a mask stands before '...', and has the lengths of its axes", offset=offset)
    return [builder.known(places) for places in np.nonzero(index.constant)]


def _by_condition(offset: int) -> errors.SyntaxRejected:
    what = "a condition chooses elements only where it is known from the text"
    return errors.SyntaxRejected(what, hint="write where(condition, value, 0), which keeps the shape", offset=offset)


def _axis_of_next(indices: Sequence[Value]) -> int:
    """Return the axis that the next index is for, or -1 after '...', where it is not counted."""
    if any(index.kind == "ellipsis" for index in indices):
        return -1
    return sum(index.kind != "none" for index in indices)


def _part(builder: ArrayBuilder, array: Value, index: Value, size: int, offset: int) -> Part:
    if index.kind == "slice":
        return Part("range", size, range(size)[slice_of(builder, index, offset)])
    if not index.shape and index.constant is not None:
        return Part("integer", size, _integer(builder, array, index, size, offset))
    if index.kind != "number":
        builder.integer(index, offset)
    return Part("array", size, range(size), checked(builder, array, index, size, offset))


def index_of(builder: ArrayBuilder, part: Part) -> Value:
    """Return the index that a part stands for, of an axis that has all its elements."""
    if part.array is not None:
        return part.array
    if part.kind == "integer":
        return builder.leaf(part.range.start)
    rows = part.range
    stop = builder.leaf(rows.stop) if rows.stop >= 0 else NONE
    return tuple_of([builder.leaf(rows.start), stop, builder.leaf(rows.step)], "slice")


def _integer(builder: ArrayBuilder, array: Value, index: Value, size: int, offset: int) -> range:
    position = builder.integer(index, offset)
    if not -size <= position < size:
        if array.argument >= 0:
            detail = f"index {position} into '{builder.args[array.argument]}', which has length {size} there"
        else:
            detail = f"index {position} into an array of shape {list(array.shape)}"
        raise errors.BadShape(detail, offset=offset)
    return range(position % size, position % size + 1)


def checked(builder: ArrayBuilder, array: Value, index: Value, size: int, offset: int) -> Value:
    """Return an array of indices; if it is known, all are in range and count from the start."""
    if not size and 0 not in index.shape:
        raise errors.BadShape(f"an index into an array of shape {list(array.shape)}", offset=offset)
    if index.constant is None:
        return index
    if not index.shape:
        return builder.leaf(_integer(builder, array, index, size, offset).start)
    known = index.constant
    if known.dtype.kind != "i" and known.size:
        raise errors.SyntaxRejected("an index must be an integer known from the text", offset=offset)
    if known.size and (known.min() < -size or known.max() >= size):
        raise errors.BadShape(f"an index into an array of shape {list(array.shape)}", offset=offset)
    return builder.known(np.asarray(known.astype(np.int64) % max(size, 1)))


def _too_many(builder: ArrayBuilder, array: Value, indices: Sequence[Value], offset: int) -> errors.BadShape:
    shape = list(array.shape)
    if array.argument >= 0:
        detail = f"more indices into '{builder.args[array.argument]}' than its shape {shape} has axes"
    else:
        detail = f"{len(indices)} indices into an array of shape {shape}"
    return errors.BadShape(detail, offset=offset)


def triple(chosen: range) -> tuple[int, int, int]:
    """Return a range of an axis as start, count and step."""
    return (
        (chosen.start, len(chosen), chosen.step) if len(chosen) > 1 else (chosen.start if chosen else 0, len(chosen), 1)
    )


def _direct(builder: ArrayBuilder, array: Value, parts: Sequence[Part]) -> Value | None:
    """Return an element of an argument, which is a leaf."""
    if array.argument < 0 or any(part.kind != "integer" for part in parts):
        return None
    positions = [item.constant for item in array.items] + [part.range.start for part in parts]
    return builder.input(array.argument, tuple(positions))


def _marked(builder: ArrayBuilder, array: Value, parts: Sequence[Part], found: Value) -> Value:
    """Remember of which argument a row is, so that its elements are leaves."""
    integers = [part.range.start for part in parts if part.kind == "integer"]
    rows = all(part.kind == "integer" for part in parts[: len(integers)])
    full = all(len(part.range) == part.size and part.range.step == 1 for part in parts[len(integers) :])
    if array.argument >= 0 and integers and rows and full and all(part.kind != "new" for part in parts):
        found.argument, found.items = array.argument, (*array.items, *[builder.leaf(i) for i in integers])
    return found


def _gathered(builder: ArrayBuilder, chosen: Value, parts: Sequence[Part], offset: int) -> Value:
    """Return the elements at arrays of indices; ``chosen`` has an axis for each part but new ones.

    As in NumPy, integers count as arrays of indices beside arrays; the axes of all of them together are one group of
    axes, which stands where they stood, or first if other indices stand between them.
    """
    advanced = [place for place, part in enumerate(parts) if part.kind in {"integer", "array"}]
    adjacent = advanced[-1] - advanced[0] + 1 == len(advanced)
    first = advanced[0] if adjacent else 0
    before = [part for part in parts[:first] if part.kind in {"new", "range"}]
    after = [part for part in parts[first:] if part.kind in {"new", "range"}]
    x, sizes = _arranged(builder, chosen, parts, len([part for part in before if part.kind == "range"]), offset)
    arrays = [part.array for part in parts if part.array is not None]
    index = arrays[0] if len(arrays) == 1 else _flat(builder, arrays, sizes, offset)
    axis = len([part for part in before if part.kind == "range"])
    found = _taken(builder, x, axis, index, offset)
    shape = tuple([len(part.range) for part in before]) + index.shape + tuple([len(part.range) for part in after])
    builder.check_rank(len(shape), offset)
    return builder.emit("reshape", (shape,), found, offset=offset)


def _arranged(
    builder: ArrayBuilder, chosen: Value, parts: Sequence[Part], place: int, offset: int
) -> tuple[Value, list[int]]:
    """Return an array without the axes of integers; those of arrays are merged into one, after ``place`` others."""
    kept = [part for part in parts if part.kind in {"range", "array"}]
    x = builder.emit("reshape", (tuple([len(part.range) for part in kept]),), chosen, offset=offset)
    ranges = [axis for axis, part in enumerate(kept) if part.kind == "range"]
    arrays = [axis for axis, part in enumerate(kept) if part.kind == "array"]
    order = (*ranges[:place], *arrays, *ranges[place:])
    x = builder.emit("transpose", (order,), x, offset=offset)
    sizes = [kept[axis].size for axis in arrays]
    merged = (*x.shape[:place], math.prod(sizes), *x.shape[place + len(arrays) :])
    return builder.emit("reshape", (merged,), x, offset=offset), sizes


def taken(builder: ArrayBuilder, array: Value, axis: int, index: Value, offset: int) -> Value:
    """Return numpy.take along an axis."""
    if index.kind != "number":
        builder.integer(index, offset)
    return _taken(builder, array, axis, checked(builder, array, index, array.shape[axis], offset), offset)


def _taken(builder: ArrayBuilder, x: Value, axis: int, index: Value, offset: int) -> Value:
    """Return numpy.take along an axis; evenly spaced indices are a slice."""
    known = index.constant
    if known is not None and len(index.shape) == 1:
        steps = np.unique(np.diff(known))
        if known.size and len(steps) < 2 and 0 not in steps:
            triple = (int(known[0]), known.size, int(steps[0]) if steps.size else 1)
            slices = [triple if at == axis else (0, size, 1) for at, size in enumerate(x.shape)]
            return builder.emit("slice", tuple(slices), x, offset=offset)
    return builder.emit("gather", (axis,), x, index, offset=offset)


def _flat(builder: ArrayBuilder, arrays: Sequence[Value], sizes: Sequence[int], offset: int) -> Value:
    """Return indices into merged axes, of indices into each; beyond the end where one of them is out of range."""
    try:
        shape: Shape = np.broadcast_shapes(*[array.shape for array in arrays])
    except ValueError:
        listed = " and ".join(str(list(array.shape)) for array in arrays)
        raise errors.BadShape(f"indices of shapes {listed} do not fit each other", offset=offset) from None

    def word(name: str, *operands: Any) -> Value:
        values = [o if isinstance(o, Value) else builder.leaf(o) for o in operands]
        return builder.call(name, values, offset)

    total, valid = builder.leaf(0), builder.truth(True)
    for array, size in zip(arrays, sizes, strict=True):
        known = array.constant is not None
        index = array if known else word("where", word("less", array, 0), word("add", array, size), array)
        total = word("add", word("multiply", total, size), index)
        if not known:
            inside = [
                word("greater_equal", index, 0),
                word("less", index, size),
                word("equal", word("floor", index), index),
            ]
            valid = builder.all([valid, *inside], offset)
    return builder.broadcast(word("where", valid, total, math.prod(sizes)), shape, offset)
