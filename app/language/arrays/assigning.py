"""Elements of whole arrays replaced: ``y[i] = v`` gives another array. Indices are as in ``indexing``.

Elements at evenly spaced indices are joined with what stands around them; elements at arrays of indices that are
known are gathered from both arrays. Where indices depend on the point or on a loop, each element is chosen by
comparing its position with them. As in NumPy, of several values for one element the last one stays.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from app import errors
from app.language.arrays import indexing
from app.language.arrays.indexing import Part
from app.language.building.array_builder import ArrayBuilder
from app.language.expression.values import NONE, Shape, Value, tuple_of

_ALL = tuple_of([NONE, NONE, NONE], "slice")


def assigned(builder: ArrayBuilder, array: Value, indices: Sequence[Value], value: Value, offset: int) -> Value:
    """Return an array in which the elements that the indices choose are ``value``, which is broadcast."""
    array = builder.array(array, offset)
    value = fitting(builder, array, value, offset)
    if not array.shape:
        raise errors.BadShape("a number cannot be indexed", hint="only arrays have elements", offset=offset)
    if len(indices) == 1 and _is_mask(indices[0]):
        return _masked(builder, array, indices[0], value, offset)
    parts = indexing.parts_of(builder, array, indices, offset)
    if all(part.kind != "array" for part in parts):
        region = tuple([len(part.range) for part in parts if part.kind in {"new", "range"}])
        value = spread(builder, value, region, offset)
        kept = [part for part in parts if part.kind != "new"]
        value = builder.emit("reshape", (tuple([len(part.range) for part in kept]),), value, offset=offset)
        return _placed(builder, array, [part.range for part in kept], value, 0, offset)
    if all(part.array is None or part.array.constant is not None for part in parts):
        return _at_known(builder, array, parts, value, offset)
    return _at_unknown(builder, array, parts, indices, value, offset)


def fitting(builder: ArrayBuilder, array: Value, value: Value, offset: int) -> Value:
    """Return a value as elements of the type of an array; an array of integers takes only integers."""
    value = builder.array(value, offset)
    if array.kind == "condition":
        return builder.condition(value, offset)
    value = builder.number(value, offset)
    known = array.constant
    if known is not None and np.asarray(known).dtype.kind == "i":
        if value.constant is None or np.asarray(value.constant).dtype.kind not in "ib":
            hint = "make it of floats, as in np.array([1.0, 2.0]) or np.zeros(n)"
            what = "an array of integers takes no other numbers: NumPy would cut them off"
            raise errors.SyntaxRejected(what, hint=hint, offset=offset)
        return value
    if value.constant is None:
        return value
    return builder.known(np.asarray(value.constant, np.float64))


def _is_mask(index: Value) -> bool:
    return index.kind == "condition" and bool(index.shape)


def spread(builder: ArrayBuilder, value: Value, shape: Shape, offset: int) -> Value:
    """Return a value in a shape, without the first axes of length 1 that it has more."""
    more = len(value.shape) - len(shape)
    if more > 0 and set(value.shape[:more]) == {1}:
        value = builder.emit("reshape", (value.shape[more:],), value, offset=offset)
    try:
        fits = np.broadcast_shapes(value.shape, shape) == shape
    except ValueError:
        fits = False
    if not fits:
        what = f"a value of shape {list(value.shape)} is assigned to elements of shape {list(shape)}"
        raise errors.BadShape(what, offset=offset)
    return builder.broadcast(value, shape, offset)


def _sliced(builder: ArrayBuilder, array: Value, axis: int, rows: range, offset: int) -> Value:
    triples = [indexing.triple(rows) if at == axis else (0, size, 1) for at, size in enumerate(array.shape)]
    return builder.emit("slice", tuple(triples), array, offset=offset)


def _placed(
    builder: ArrayBuilder, array: Value, ranges: Sequence[range], value: Value, axis: int, offset: int
) -> Value:
    """Return an array with ``value`` in ranges of its axes, from ``axis`` on."""
    while axis < len(ranges) and ranges[axis] == range(array.shape[axis]):
        axis += 1
    if axis == len(ranges):
        return value
    rows, size = ranges[axis], array.shape[axis]
    if not rows:
        return array
    if rows.step < 0:
        rows = rows[::-1]
        value = _sliced(builder, value, axis, range(len(rows))[::-1], offset)
    if len(rows) > 1 and rows.step > 1:
        return _interleaved(builder, array, ranges, rows, value, axis, offset)
    middle = _placed(builder, _sliced(builder, array, axis, rows, offset), ranges, value, axis + 1, offset)
    around = [range(rows[0]), range(rows[-1] + 1, size)]
    before, after = [[_sliced(builder, array, axis, each, offset)] if each else [] for each in around]
    return builder.emit("concatenate", (axis,), *before, middle, *after, offset=offset)


def _interleaved(
    builder: ArrayBuilder, array: Value, ranges: Sequence[range], rows: range, value: Value, axis: int, offset: int
) -> Value:
    """Return an array with ``value`` in every n-th row: gathered from the array and the new rows, end to end."""
    new = _placed(builder, _sliced(builder, array, axis, rows, offset), ranges, value, axis + 1, offset)
    places = np.arange(array.shape[axis])
    places[rows.start : rows.stop : rows.step] = array.shape[axis] + np.arange(len(rows))
    both = builder.emit("concatenate", (axis,), array, new, offset=offset)
    return builder.emit("gather", (axis,), both, builder.known(places), offset=offset)


# Masks


def _masked(builder: ArrayBuilder, array: Value, mask: Value, value: Value, offset: int) -> Value:
    rank = len(mask.shape)
    if mask.shape != array.shape[:rank]:
        detail = f"a mask of shape {list(mask.shape)} for an array of shape {list(array.shape)}"
        raise errors.BadShape(detail, offset=offset)
    rest = array.shape[rank:]
    if len(value.shape) <= len(rest):
        value = spread(builder, value, rest, offset)
    elif value.shape[0] == 1 and len(value.shape) == len(rest) + 1:
        value = spread(builder, value, (1, *rest), offset)
    elif mask.constant is not None:
        places = indexing.parts_of(builder, array, [mask], offset)
        return _at_known(builder, array, places, value, offset)
    else:
        hint = "write y = where(mask, values, y), with a value for each element of y"
        what = "how many elements a mask chooses depends on the point, so it takes one value for all"
        raise errors.SyntaxRejected(what, hint=hint, offset=offset)
    wide = builder.emit("reshape", ((*mask.shape, *[1] * len(rest)),), mask, offset=offset)
    return builder.choose(builder.broadcast(wide, array.shape, offset), value, array, offset)


# Arrays of indices


def _at_known(builder: ArrayBuilder, array: Value, parts: Sequence[Part], value: Value, offset: int) -> Value:
    """Replace elements at positions that are known: each element is gathered from the array or the value."""
    size = math.prod(array.shape)
    places = positions(builder, array, parts, offset)
    value = spread(builder, value, places.shape, offset)
    if not places.size:
        return array
    source = np.arange(size)
    source[places.ravel()] = size + np.arange(places.size)
    flat = [builder.emit("reshape", ((math.prod(each.shape),),), each, offset=offset) for each in (array, value)]
    both = builder.emit("concatenate", (0,), *flat, offset=offset)
    return builder.emit("gather", (0,), both, builder.known(source.reshape(array.shape)), offset=offset)


def positions(builder: ArrayBuilder, array: Value, parts: Sequence[Part], offset: int) -> Any:
    """Return the positions of the elements at known indices, counted row by row."""
    size = math.prod(array.shape)
    _check_known(builder, size, offset)
    try:
        return np.arange(size).reshape(array.shape)[tuple([_key(part) for part in parts])]
    except IndexError as error:
        raise errors.BadShape(str(error)[:160], offset=offset) from None


def _key(part: Part) -> Any:
    if part.kind == "new":
        return None
    if part.kind == "integer":
        return part.range.start
    if part.kind == "range":
        rows = part.range
        stop = rows.stop if rows.stop >= 0 else None
        return slice(rows.start, stop, rows.step) if rows else slice(0, 0)
    assert part.array is not None
    return np.asarray(part.array.constant)


def _at_unknown(
    builder: ArrayBuilder, array: Value, parts: Sequence[Part], indices: Sequence[Value], value: Value, offset: int
) -> Value:
    """Replace elements at positions that depend on the point or a loop."""
    arrays = [part for part in parts if part.array is not None]
    if any(part.array is not None and part.array.shape for part in parts):
        if len(arrays) > 1 or parts[0].kind != "array" or any(part.kind != "range" for part in parts[1:]):
            hint = "write a loop over the positions, or one array of positions into the first axis"
            raise errors.SyntaxRejected("these indices are too many for an assignment", hint=hint, offset=offset)
        return _at_rows(builder, array, parts, value, offset)
    if parts[0].array is not None and parts[0].kind == "array":
        index = parts[0].array
        if len(parts) > 1:
            row = indexing.element(builder, array, [index], offset)
            value = assigned(builder, row, indices[1:], value, offset)
        else:
            value = spread(builder, value, (), offset)
        return builder.updated(array, index, builder.broadcast(value, array.shape[1:], offset), offset)
    # The index that depends on the point is not the first: take its axis to the front.
    axis = next(at for at, part in enumerate(p for p in parts if p.kind != "new") if part.kind == "array")
    if any(part.kind == "new" for part in parts):
        raise errors.SyntaxRejected("None is not in the language among these indices", offset=offset)
    rank = len(array.shape)
    order = (axis, *[at for at in range(rank) if at != axis])
    full = [indexing.index_of(builder, part) for part in parts]
    moved = builder.emit("transpose", (order,), array, offset=offset)
    changed = assigned(builder, moved, [full[at] for at in order], value, offset)
    return builder.emit("transpose", (tuple(np.argsort(order).tolist()),), changed, offset=offset)


def _at_rows(builder: ArrayBuilder, array: Value, parts: Sequence[Part], value: Value, offset: int) -> Value:
    """Replace rows at an array of positions that depends on the point: of two for one row, the last stays."""
    index = parts[0].array
    assert index is not None
    if any(part.range != range(part.size) for part in parts[1:]):
        rest = [_ALL, *[indexing.index_of(builder, part) for part in parts[1:]]]
        inner = indexing.element(builder, array, rest, offset)
        changed = _at_rows(builder, inner, [parts[0], *[_full(part) for part in parts[1:]]], value, offset)
        return assigned(builder, array, rest, changed, offset)
    size, row = array.shape[0], array.shape[1:]
    value = spread(builder, value, (*index.shape, *row), offset)
    count = math.prod(index.shape)
    places, valid = builder.places(builder.emit("reshape", ((count,),), index, offset=offset), size, offset)
    rows = builder.emit("reshape", ((count, *row),), value, offset=offset)
    same = builder.compare(
        (builder.emit("reshape", ((1, count),), places, offset=offset), _column(builder, size)), ("==",), offset
    )
    order = builder.choose(same, builder.known(np.arange(1, count + 1)), builder.leaf(0), offset)
    last = builder.emit("reduce_max", ((1,),), order, offset=offset)
    both = builder.emit("concatenate", (0,), builder.broadcast(builder.leaf(0), (1, *row), offset), rows, offset=offset)
    new = builder.emit("gather", (0,), both, last, offset=offset)
    written = builder.compare((last, builder.leaf(0)), (">",), offset)
    wide = builder.emit("reshape", ((size, *[1] * len(row)),), written, offset=offset)
    found = builder.choose(builder.broadcast(wide, array.shape, offset), new, array, offset)
    least = builder.emit("reduce_min", ((0,),), builder.number(valid, offset), offset=offset)
    return builder.choose(builder.condition(least, offset), found, builder.named("nan", math.nan), offset)


def _check_known(builder: ArrayBuilder, size: int, offset: int) -> None:
    most = builder.limits.max_known_elements
    if size > most:
        raise errors.TooComplex(f"an assignment to elements of an array of more than {most}", offset=offset)


def _full(part: Part) -> Part:
    return Part("range", len(part.range), range(len(part.range)))


def _column(builder: ArrayBuilder, size: int) -> Value:
    return builder.known(np.arange(size).reshape(size, 1))
