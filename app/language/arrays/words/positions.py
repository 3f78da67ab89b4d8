"""Positions of elements, elements at positions, choices, borders, and interpolation."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from app import errors
from app.language.arrays import indexing
from app.language.arrays.call import ArrayCall, ArrayWord
from app.language.arrays.words import reductions
from app.language.arrays.words.scans import flat, part
from app.language.expression.values import Value

_COPIED = frozenset({"edge", "reflect", "symmetric", "wrap"})
"""Modes of pad whose border is made of elements of the array."""


def _position(opcode: str) -> ArrayWord:
    """Return the function of argmax or argmin: over all elements unless an axis is given."""

    def run(call: ArrayCall) -> Value:
        array = call.array("x")
        axis = call.axis(array)
        lines = flat(call, array) if axis is None else array
        if not lines.shape[axis or 0]:
            raise call.bad_shape(f"{call.name} of an empty array")
        found = call.emit(opcode, (axis or 0,), *call.numbers(lines))
        if call.flag("keepdims", default=False):
            axes = tuple(range(len(array.shape))) if axis is None else (axis,)
            return call.reshape(found, reductions.kept(array, axes))
        return found

    return run


def _argsort(call: ArrayCall) -> Value:
    array = call.array("x")
    if (call.gave("axis") and not call.has("axis")) or not array.shape:
        array = flat(call, array)
    axis = call.axis(array, len(array.shape) - 1) or 0
    (numbers,) = call.numbers(array)
    if call.flag("descending", default=False):
        numbers = call.builder.negative(numbers, call.offset)
    return call.emit("argsort", (axis,), numbers)


def _take_along_axis(call: ArrayCall) -> Value:
    array, indices = call.array("arr"), call.array("indices")
    if call.gave("axis") and not call.has("axis"):
        array = flat(call, array)
    axis = call.axis(array, len(array.shape) - 1) or 0
    if len(array.shape) != len(indices.shape) or not array.shape:
        raise _unfit(call, array, indices)
    one = [[1 if at == axis else size for at, size in enumerate(each.shape)] for each in (array, indices)]
    try:
        around = np.broadcast_shapes(*map(tuple, one))
    except ValueError:
        raise _unfit(call, array, indices) from None
    indices = indexing.checked(call.builder, array, indices, array.shape[axis], call.offset)
    wide = [(*around[:axis], each.shape[axis], *around[axis + 1 :]) for each in (array, indices)]
    return call.emit("take_along", (axis,), call.broadcast(array, wide[0]), call.broadcast(indices, wide[1]))


def _unfit(call: ArrayCall, *arrays: Value) -> errors.BadShape:
    listed = " and ".join(str(list(each.shape)) for each in arrays)
    return call.bad_shape(f"{call.name} of shapes {listed}")


def _select(call: ArrayCall) -> Value:
    """Return the first choice whose condition holds."""
    conditions, choices = call.value("condlist"), call.value("choicelist")
    tests, chosen = call.builder.items(conditions, call.offset), call.builder.items(choices, call.offset)
    if len(tests) != len(chosen) or not tests:
        raise call.bad_shape(f"select of {len(tests)} conditions and {len(chosen)} choices")
    found = call.array("default") if call.has("default") else call.builder.leaf(0)
    for test, value in zip(reversed(tests), reversed(chosen), strict=True):
        condition, choice = (call.builder.array(each, call.offset) for each in (test, value))
        found = call.select(condition, choice, found)
    return found


# Borders


def _pad(call: ArrayCall) -> Value:
    array = call.array("x")
    widths = _widths(call, len(array.shape))
    shape = [size + sum(width) for size, width in zip(array.shape, widths, strict=True)]
    mode = call.value("mode").text if call.has("mode") else "constant"
    if mode not in {*_COPIED, "constant"} or (call.has("mode") and call.value("mode").kind != "text"):
        hint = 'modes are "constant", "edge", "reflect", "symmetric" and "wrap"'
        raise errors.SyntaxRejected("this mode of pad is not in the language", hint=hint, offset=call.offset)
    if mode == "constant":
        return _with_constants(call, array, widths)
    call.check_known(max(shape, default=0))
    for axis, width in enumerate(widths):
        try:
            places = np.pad(np.arange(array.shape[axis]), width, mode=mode)  # type: ignore[call-overload]
        except ValueError as error:
            raise call.bad_shape(f"pad: {error}"[:160]) from None
        array = indexing.taken(call.builder, array, axis, call.known(places), call.offset)
    return array


def _widths(call: ArrayCall, rank: int) -> list[tuple[int, int]]:
    """Return how many elements to add before and after each axis."""
    given = call.array("pad_width")
    numbers = call.integers("pad_width")
    if any(number < 0 for number in numbers):
        raise call.bad_shape("pad takes no negative widths")
    try:
        pairs = np.broadcast_to(np.reshape(numbers, given.shape), (rank, 2))
    except ValueError:
        raise call.bad_shape(f"pad_width of shape {list(given.shape)} for {rank} axes") from None
    return [(int(before), int(after)) for before, after in pairs]


def _with_constants(call: ArrayCall, array: Value, widths: Sequence[tuple[int, int]]) -> Value:
    given = call.array("constant_values") if call.has("constant_values") else call.builder.leaf(0)
    if given.constant is not None and not np.any(given.constant):
        shape = tuple([size + sum(width) for size, width in zip(array.shape, widths, strict=True)])
        places = [(before, size, 1) for size, (before, _) in zip(array.shape, widths, strict=True)]
        return call.emit("place", (shape, tuple(places)), *call.numbers(array)) if widths else array
    try:
        pairs = call.broadcast(given, np.broadcast_shapes(given.shape, (len(widths), 2)))
    except ValueError:
        pairs = call.broadcast(call.builder.leaf(0), (0, 2))
    if pairs.shape != (len(widths), 2):
        raise call.bad_shape(f"constant_values of shape {list(given.shape)} for {len(widths)} axes")
    for axis, width in enumerate(widths):
        (row,) = [call.builder.item(pairs, axis, call.offset)]
        blocks = [
            call.broadcast(
                call.builder.item(row, at, call.offset), (*array.shape[:axis], count, *array.shape[axis + 1 :])
            )
            for at, count in enumerate(width)
        ]
        array = call.emit("concatenate", (axis,), *call.numbers(blocks[0], array, blocks[1]))
    return array


# Interpolation


def _interp(call: ArrayCall) -> Value:
    """Return the broken line through (xp, fp) at x, as jax.numpy.interp: its slope at a knot is that on the right."""
    x, places, values = call.numbers(call.array("x"), call.array("xp", 1), call.array("fp", 1))
    if places.shape != values.shape or not places.shape[0]:
        raise _unfit(call, places, values)
    count = places.shape[0]
    first, last = (call.builder.item(places, at, call.offset) for at in (0, count - 1))
    found = call.broadcast(call.builder.item(values, 0, call.offset), x.shape)
    if count > 1:
        found = _between(call, x, places, values)
    for name, at, beyond in (("left", 0, ("less", x, first)), ("right", count - 1, ("greater", x, last))):
        outer = call.number(name) if call.has(name) else call.builder.item(values, at, call.offset)
        found = call.select(call.of(*beyond), outer, found)
    return found


def gathered(call: ArrayCall, array: Value, index: Value) -> Value:
    """Return numpy.take along the first axis; an index that is known is a whole number in range."""
    if index.constant is not None:
        index = call.known(np.asarray(index.constant if index.shape else int(index.constant)).astype(np.int64))
    return call.emit("gather", (0,), array, index)


def _between(call: ArrayCall, x: Value, places: Value, values: Value) -> Value:
    count = places.shape[0]
    passed = call.of("less_equal", places, call.reshape(x, (*x.shape, 1)))
    upper = call.of("clip", reductions.total(call, passed, (len(x.shape),)), *map(call.builder.leaf, (1, count - 1)))
    steps = [
        call.sub(part(call, each, 0, 1, count - 1), part(call, each, 0, 0, count - 1)) for each in (places, values)
    ]
    lower = call.sub(upper, call.builder.leaf(1))
    start, height, width, rise = (gathered(call, each, lower) for each in (places, values, *steps))
    same = call.of("less_equal", call.of("abs", width), call.builder.leaf(_NARROW))
    slope = call.div(rise, call.select(same, call.builder.leaf(1), width))
    sloped = call.add(height, call.mul(call.sub(x, start), slope))
    return call.select(same, height, sloped)


_NARROW = math.ulp(np.finfo(float).eps)
"""Distance of knots below which the line is a step, as in JAX."""

FUNCTIONS: dict[str, ArrayWord] = {
    "argmax": _position("argmax"), "argmin": _position("argmin"), "argsort": _argsort,
    "take_along_axis": _take_along_axis, "select": _select, "pad": _pad, "interp": _interp,
}  # fmt: skip
