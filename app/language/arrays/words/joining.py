"""Arrays joined, and the same elements in another shape or order."""

from __future__ import annotations

import math
from collections.abc import Sequence

from app import errors
from app.language.arrays import indexing
from app.language.arrays.call import ArrayCall, ArrayWord, VariadicWord
from app.language.arrays.words.scans import flat, part
from app.language.expression.values import Shape, Value, tuple_of

# Joined


def _parts(call: ArrayCall) -> list[Value]:
    parts = [call.builder.array(item, call.offset) for item in call.items("x")]
    if not parts:
        raise call.bad_shape(f"{call.name} of nothing")
    return parts


def joined(call: ArrayCall, parts: Sequence[Value], axis: int) -> Value:
    """Return arrays end to end, which must have one shape but for this axis."""
    shapes = {shape[:axis] + shape[axis + 1 :] for shape in (each.shape for each in parts)}
    ranks = {len(each.shape) for each in parts}
    if len(shapes) > 1 or len(ranks) > 1 or ranks == {0}:
        listed = " and ".join(str(list(each.shape)) for each in parts[:4])
        raise call.bad_shape(f"{call.name}: shapes {listed} do not fit each other")
    if any(each.kind == "number" for each in parts):
        parts = call.numbers(*parts)
    return call.emit("concatenate", (axis,), *parts)


def _concatenate(call: ArrayCall) -> Value:
    parts = _parts(call)
    if call.gave("axis") and not call.has("axis"):
        return joined(call, [flat(call, each) for each in parts], 0)
    return joined(call, parts, call.axis(parts[0], 0) or 0)


def _append(call: ArrayCall) -> Value:
    x, y = call.array("x"), call.array("y")
    if call.has("axis"):
        return joined(call, [x, y], call.axis(x, 0) or 0)
    return joined(call, [flat(call, x), flat(call, y)], 0)


def _stack(call: ArrayCall) -> Value:
    parts = _parts(call)
    rank = len(parts[0].shape) + 1
    axis = call.integer("axis", 0)
    if not -rank <= axis < rank:
        raise call.bad_shape(f"axis {axis} of an array of {rank} axes")
    if len({each.shape for each in parts}) > 1:
        raise call.bad_shape(f"{call.name}: all arrays must have the same shape")
    axis %= rank
    return joined(call, [_with_axis(call, each, axis) for each in parts], axis)


def _with_axis(call: ArrayCall, array: Value, axis: int) -> Value:
    return call.reshape(array, (*array.shape[:axis], 1, *array.shape[axis:]))


def of_rank(call: ArrayCall, array: Value, rank: int) -> Value:
    """Return an array with at least so many axes, new ones first."""
    return call.reshape(array, (1,) * (rank - len(array.shape)) + array.shape)


def _hstack(call: ArrayCall) -> Value:
    parts = [of_rank(call, each, 1) for each in _parts(call)]
    return joined(call, parts, 0 if len(parts[0].shape) == 1 else 1)


def _vstack(call: ArrayCall) -> Value:
    return joined(call, [of_rank(call, each, 2) for each in _parts(call)], 0)


def _column_stack(call: ArrayCall) -> Value:
    columns = [call.reshape(each, (math.prod(each.shape), 1)) if len(each.shape) < 2 else each for each in _parts(call)]
    return joined(call, columns, 1)


# Another shape


def _reshape(call: ArrayCall, operands: list[Value]) -> Value:
    array = call.builder.array(operands[0], call.offset)
    shape = [size for each in operands[1:] for size in call.integers_of(each, "shape")]
    call.builder.check_rank(len(shape), call.offset)
    count, known = math.prod(array.shape), math.prod([size for size in shape if size != -1])
    full = [count // known if size == -1 and known else size for size in shape]
    if min(full, default=0) < 0 or shape.count(-1) > 1 or math.prod(full) != count:
        raise call.bad_shape(f"an array of shape {list(array.shape)} has no shape {shape}")
    return call.reshape(array, tuple(full))


def _axis(call: ArrayCall, array: Value, axis: int) -> int:
    rank = len(array.shape)
    if not -rank <= axis < rank:
        raise call.bad_shape(f"axis {axis} of an array of shape {list(array.shape)}")
    return axis % rank


def _transpose(call: ArrayCall) -> Value:
    array = call.array("x")
    if not call.has("axes"):
        return indexing.transposed(call.builder, array, call.offset)
    axes = tuple([_axis(call, array, axis) for axis in call.integers("axes")])
    return _permuted(call, array, axes)


def _permuted(call: ArrayCall, array: Value, axes: Sequence[int]) -> Value:
    if sorted(axes) != list(range(len(array.shape))):
        raise call.bad_shape(f"axes {list(axes)} of an array of shape {list(array.shape)}")
    return call.emit("transpose", (tuple(axes),), array)


def _swapaxes(call: ArrayCall) -> Value:
    array = call.array("x")
    first, second = (_axis(call, array, call.integer(name, 0)) for name in ("axis1", "axis2"))
    axes = list(range(len(array.shape)))
    axes[first], axes[second] = second, first
    return _permuted(call, array, axes)


def _moveaxis(call: ArrayCall) -> Value:
    array = call.array("x")
    source, destination = ([_axis(call, array, at) for at in call.integers(name)] for name in ("source", "destination"))
    if len({*source}) != len(source) or len({*destination}) != len(destination) or len(source) != len(destination):
        raise call.bad_shape(f"{call.name} of axes {source} to {destination}")
    axes = [axis for axis in range(len(array.shape)) if axis not in source]
    for place, axis in sorted(zip(destination, source, strict=True)):
        axes.insert(place, axis)
    return _permuted(call, array, axes)


def _expand_dims(call: ArrayCall) -> Value:
    array, given = call.array("x"), call.integers("axis")
    rank = len(array.shape) + len(given)
    call.builder.check_rank(rank, call.offset)
    if any(not -rank <= axis < rank for axis in given) or len({axis % rank for axis in given}) < len(given):
        raise call.bad_shape(f"axes {given} of an array of {rank} axes")
    for axis in sorted(axis % rank for axis in given):
        array = _with_axis(call, array, axis)
    return array


def _squeeze(call: ArrayCall) -> Value:
    array = call.array("x")
    axes = call.axes(array) if call.has("axis") else [at for at, size in enumerate(array.shape) if size == 1]
    if any(array.shape[axis] != 1 for axis in axes):
        raise call.bad_shape(f"{call.name}: an axis has more than one element")
    return call.reshape(array, tuple([size for at, size in enumerate(array.shape) if at not in axes]))


def _broadcast_to(call: ArrayCall) -> Value:
    array, shape = call.array("x"), tuple(call.integers("shape"))
    if min(shape, default=0) < 0:
        raise call.bad_shape(f"a shape has no negative lengths: {list(shape)}")
    return call.broadcast(array, shape)


def _tile(call: ArrayCall) -> Value:
    array, times = call.array("x"), call.integers("reps")
    if any(each < 0 for each in times):
        raise call.bad_shape(f"tile {times} times")
    rank = max(len(array.shape), len(times))
    call.builder.check_rank(len(times), call.offset)
    times = [1] * (rank - len(times)) + times
    for axis, count in enumerate(times):
        array = _copied(call, of_rank(call, array, rank), axis, count)
    return array


def _copied(call: ArrayCall, array: Value, axis: int, count: int, *, inner: bool = False) -> Value:
    """Return an array several times over along an axis; each element several times if ``inner``."""
    before, size, after = array.shape[:axis], array.shape[axis], array.shape[axis + 1 :]
    if count == 1:
        return array
    ones, many = ((size, 1), (size, count)) if inner else ((1, size), (count, size))
    flat_before, flat_after = math.prod(before), math.prod(after)
    wide = call.reshape(array, (flat_before, *ones, flat_after))
    return call.reshape(call.broadcast(wide, (flat_before, *many, flat_after)), (*before, size * count, *after))


def _repeat(call: ArrayCall) -> Value:
    array, times = call.array("x"), call.integer("repeats", 1)
    if times < 0:
        raise call.bad_shape(f"repeat {times} times")
    axis = call.axis(array)
    if axis is None:
        return _copied(call, flat(call, array), 0, times, inner=True)
    return _copied(call, array, axis, times, inner=True)


# Another order


def _flip(call: ArrayCall) -> Value:
    array = call.array("x")
    axes = call.axes(array)
    if not array.shape:
        return array
    slices: list[tuple[int, int, int]] = []
    for at, size in enumerate(array.shape):
        slices.append((max(size - 1, 0), size, -1) if at in axes else (0, size, 1))
    return call.emit("slice", tuple(slices), array)


def _roll(call: ArrayCall) -> Value:
    array, shifts = call.array("x"), call.integers("shift")
    shape, axes = array.shape, [0]
    if call.has("axis"):
        axes = [call.checked_axis(axis, shape) for axis in call.integers("axis")]
    else:
        array = flat(call, array)
    if len(shifts) != len(axes) and 1 not in {len(shifts), len(axes)}:
        raise call.bad_shape(f"{call.name} by {len(shifts)} steps along {len(axes)} axes")
    for at in range(max(len(shifts), len(axes)) if shifts and axes else 0):
        axis, shift = axes[at % len(axes)], shifts[at % len(shifts)]
        size = array.shape[axis]
        place = -shift % size if size else 0
        if place:
            halves = part(call, array, axis, place, size - place), part(call, array, axis, 0, place)
            array = call.emit("concatenate", (axis,), *halves)
    return call.reshape(array, shape)


def _take(call: ArrayCall) -> Value:
    array, axis = call.array("x"), call.axis(call.array("x"))
    if axis is None:
        array, axis = flat(call, array), 0
    return indexing.taken(call.builder, array, axis, call.array("indices"), call.offset)


def _meshgrid(call: ArrayCall, operands: list[Value]) -> Value:
    parts = [flat(call, call.builder.array(each, call.offset)) for each in operands]
    sizes = [each.shape[0] for each in parts]
    call.builder.check_rank(len(parts), call.offset)
    indexing_ = call.value("indexing").text if call.has("indexing") else "xy"
    if indexing_ not in {"xy", "ij"}:
        raise errors.SyntaxRejected('indexing is "xy" or "ij"', offset=call.offset)
    order = list(range(len(parts)))
    if indexing_ == "xy" and len(parts) > 1:
        order[:2] = 1, 0  # rows are the second operand's
    shape = tuple([sizes[axis] for axis in order])
    sparse = call.flag("sparse", default=False)
    grids = []
    for at, each in enumerate(parts):
        own: Shape = tuple([sizes[at] if axis == at else 1 for axis in order])
        grids.append(call.broadcast(call.reshape(each, own), own if sparse else shape))
    return tuple_of(grids)


def _zipped(call: ArrayCall, operands: list[Value]) -> Value:
    columns = [call.builder.items(each, call.offset) for each in operands]
    call.builder.charge(len(columns) * min(map(len, columns)), call.offset)
    return tuple_of([tuple_of(row) for row in zip(*columns, strict=False)])


FUNCTIONS: dict[str, ArrayWord] = {
    "concatenate": _concatenate, "append": _append, "stack": _stack,
    "hstack": _hstack, "vstack": _vstack, "column_stack": _column_stack,
    "transpose": _transpose, "swapaxes": _swapaxes, "moveaxis": _moveaxis,
    "expand_dims": _expand_dims, "squeeze": _squeeze, "broadcast_to": _broadcast_to, "tile": _tile,
    "repeat": _repeat, "flip": _flip, "roll": _roll, "take": _take,
    "ravel": lambda call: flat(call, call.array("x")),
    "atleast_1d": lambda call: of_rank(call, call.array("x"), 1),
}  # fmt: skip

VARIADIC: dict[str, VariadicWord] = {"zip": _zipped, "meshgrid": _meshgrid, "reshape": _reshape}
