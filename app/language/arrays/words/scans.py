"""Functions that replace each line of an array along an axis by another: running sums, order, differences."""

from __future__ import annotations

import math
from collections.abc import Callable

from app.language.arrays.call import ArrayCall, ArrayWord
from app.language.arrays.words import reductions
from app.language.expression.values import Shape, Value

Line = Callable[[ArrayCall, Value, int], Value]


def _lines(function: Line, default: int | None) -> ArrayWord:
    """Return the function of a word; the default axis None means that all elements are one line."""

    def run(call: ArrayCall) -> Value:
        array = call.array("x")
        if default is None and not call.has("axis"):
            array = flat(call, array)
        if not array.shape:
            raise call.bad_shape(f"{call.name} takes an array, not a number")
        axis = call.axis(array, len(array.shape) - 1) or 0
        return function(call, array, axis) if math.prod(array.shape) else array

    return run


def flat(call: ArrayCall, array: Value) -> Value:
    return call.reshape(array, (math.prod(array.shape),))


def part(call: ArrayCall, array: Value, axis: int, start: int, count: int, step: int = 1) -> Value:
    """Return a slice along one axis."""
    slices = [(start, count, step) if at == axis else (0, size, 1) for at, size in enumerate(array.shape)]
    return call.emit("slice", tuple(slices), array)


def _cumsum(call: ArrayCall, array: Value, axis: int) -> Value:
    return call.emit("cumsum", (axis, False), *call.numbers(array))


def _running(word: str) -> Line:
    """Return the function of a running word by that of two elements."""

    def run(call: ArrayCall, array: Value, axis: int) -> Value:
        return _associative(call, word, call.numbers(array)[0], axis)

    return run


def _associative(call: ArrayCall, word: str, array: Value, axis: int) -> Value:
    """Return running values in log2(n) steps, combined in pairs as ``lax.associative_scan`` does, so ties agree."""
    size = array.shape[axis]
    if size < 2:
        return array
    half, odd = divmod(size, 2)
    pairs = call.of(word, part(call, array, axis, 0, half, 2), part(call, array, axis, 1, half, 2))
    uneven = _associative(call, word, pairs, axis)
    inner = half - 1 + odd
    first = part(call, array, axis, 0, 1)
    if inner:
        later = call.of(word, part(call, uneven, axis, 0, inner), part(call, array, axis, 2, inner, 2))
        first = call.emit("concatenate", (axis,), first, later)
    both = [_spread(call, each, axis, at, size) for at, each in enumerate((first, uneven))]
    return call.add(*both)


def _spread(call: ArrayCall, array: Value, axis: int, start: int, size: int) -> Value:
    """Return zeros with the elements in every other place along an axis."""
    shape = tuple([size if at == axis else each for at, each in enumerate(array.shape)])
    places = [(start, each, 2) if at == axis else (0, each, 1) for at, each in enumerate(array.shape)]
    return call.emit("place", (shape, tuple(places)), array)


def _softmax(call: ArrayCall, array: Value, axes: reductions.Axes) -> Value:
    _, others, taken, one = reductions.exponentials(call, array, axes)
    whole = call.add(reductions.total(call, others, axes), one)
    found = call.div(call.add(others, taken), call.reshape(whole, reductions.kept(array, axes)))
    return call.builder.mean("softmax", axes, call.numbers(array), found)


def _log_softmax(call: ArrayCall, array: Value, axes: reductions.Axes) -> Value:
    top, others, taken, one = reductions.exponentials(call, array, axes)
    shape = reductions.kept(array, axes)
    rest = call.mul(call.sub(array, call.reshape(top, shape)), call.sub(call.builder.leaf(1), taken))
    found = call.sub(rest, call.reshape(reductions.log_of_total(call, others, one, axes), shape))
    return call.builder.mean("log_softmax", axes, call.numbers(array), found)


def _over_axes(function: Callable[[ArrayCall, Value, reductions.Axes], Value]) -> ArrayWord:
    """Return the function of a word over the last axis, an axis, several or all (None, and scipy.special's default)."""

    def run(call: ArrayCall) -> Value:
        array = call.array("x")
        if not array.shape or 0 in array.shape:
            raise call.bad_shape(f"{call.name} takes an array with elements")
        last = not call.gave("axis") and "special" not in call.name.split(".")
        axes = (len(array.shape) - 1,) if last else call.axes(array)
        if not call.has("where"):
            return function(call, array, axes)
        chosen, none = call.array("where"), call.builder.named("-inf", -math.inf)
        found = function(call, call.select(chosen, array, none), axes)
        left_out = call.builder.leaf(0) if function is _softmax else none
        return call.select(chosen, found, left_out)

    return run


def ordered(call: ArrayCall, array: Value, axis: int) -> Value:
    (numbers,) = call.numbers(array)
    if numbers.shape[axis] < 2:
        return numbers
    return call.emit("take_along", (axis,), numbers, call.emit("argsort", (axis,), numbers))


def _sort(call: ArrayCall) -> Value:
    array = call.array("x")
    if not array.shape:
        raise call.bad_shape(f"{call.name} takes an array, not a number")
    if call.gave("axis") and not call.has("axis"):
        return ordered(call, flat(call, array), 0)
    return ordered(call, array, call.axis(array, len(array.shape) - 1) or 0)


def line_of(call: ArrayCall, array: Value, axes: reductions.Axes) -> Value:
    """Return an array with the axes joined into one, which is the first."""
    others = [axis for axis in range(len(array.shape)) if axis not in axes]
    moved = call.emit("transpose", ((*axes, *others),), array)
    shape = tuple([array.shape[axis] for axis in others])
    return call.reshape(moved, (math.prod([array.shape[axis] for axis in axes]), *shape))


def _median(call: ArrayCall, array: Value, axes: reductions.Axes) -> Value:
    lines = line_of(call, array, axes)
    sorted_, middle = ordered(call, lines, 0), (lines.shape[0] - 1) // 2
    return reductions.mean(call, part(call, sorted_, 0, middle, 2 - lines.shape[0] % 2), (0,))


def _diff(call: ArrayCall) -> Value:
    array = call.array("x")
    times = call.integer("n", 1)
    if times < 0:
        raise call.bad_shape(f"diff takes no differences {times} times")
    if not array.shape:
        raise call.bad_shape("diff takes an array, not a number")
    axis = call.axis(array, len(array.shape) - 1) or 0
    if call.has("prepend") or call.has("append"):
        array = _extended(call, array, axis)
    call.builder.charge(min(times, array.shape[axis]), call.offset)
    for _ in range(min(times, array.shape[axis])):
        count = max(array.shape[axis] - 1, 0)
        array = call.sub(part(call, array, axis, 1, count), part(call, array, axis, 0, count))
    return array


def _extended(call: ArrayCall, array: Value, axis: int) -> Value:
    """Return an array with what diff puts before it and after it along an axis."""
    parts = [array]
    for name in ("prepend", "append"):
        if call.has(name):
            edge = call.array(name)
            shape = (*array.shape[:axis], 1, *array.shape[axis + 1 :])
            parts.insert(0 if name == "prepend" else len(parts), edge if edge.shape else call.broadcast(edge, shape))
    if any(
        each.shape[:axis] + each.shape[axis + 1 :] != array.shape[:axis] + array.shape[axis + 1 :] for each in parts
    ):
        raise call.bad_shape("prepend and append have the shape of the array but along the axis")
    return call.emit("concatenate", (axis,), *parts)


def _trapezoid(call: ArrayCall) -> Value:
    (array,) = call.numbers(call.array("y"))
    if not array.shape:
        raise call.bad_shape(f"{call.name} takes an array, not a number")
    axis = call.axis(array, len(array.shape) - 1) or 0
    steps = call.number("dx") if call.has("dx") else call.builder.leaf(1)
    if call.has("x"):
        steps = _steps(call, call.array("x"), array.shape, axis)
    heights = call.add(*_neighbours(call, array, axis))
    halves = call.div(call.mul(steps, heights), call.builder.leaf(2))
    return reductions.total(call, halves, (axis,))


def _neighbours(call: ArrayCall, array: Value, axis: int) -> tuple[Value, Value]:
    """Return an array without the last, and without the first, element of each line."""
    count = max(array.shape[axis] - 1, 0)
    return part(call, array, axis, min(1, count), count), part(call, array, axis, 0, count)


def _steps(call: ArrayCall, places: Value, shape: Shape, axis: int) -> Value:
    """Return distances of places along an axis; a vector holds the places of all lines."""
    if places.shape not in {shape, (shape[axis],)}:
        raise call.bad_shape(f"{math.prod(places.shape)} places for {shape[axis]} values")
    if len(places.shape) == 1:
        places = call.reshape(places, tuple([size if at == axis else 1 for at, size in enumerate(shape)]))
    return call.sub(*_neighbours(call, places, axis))


FUNCTIONS: dict[str, ArrayWord] = {
    "cumsum": _lines(_cumsum, None), "cumprod": _lines(_running("multiply"), None),
    "running_max": _lines(_running("maximum"), None), "running_min": _lines(_running("minimum"), None),
    "running_logsumexp": _lines(_running("logaddexp"), None),
    "softmax": _over_axes(_softmax), "log_softmax": _over_axes(_log_softmax),
    "sort": _sort, "median": reductions.reduction(_median), "diff": _diff, "trapezoid": _trapezoid,
}  # fmt: skip
