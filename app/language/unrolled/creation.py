"""Functions that create, reshape, join and iterate over arrays, mostly by NumPy itself on arrays of values."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np

from app import errors
from app.language.unrolled.arguments import ArrayFunction, VariadicFunction, WordCall, filled
from app.language.values import Cells, Value, array_of, charged_cells, tuple_of


def _constant_array(call: WordCall, shape: Sequence[int], value: Value) -> Value:
    if any(size < 0 for size in shape):
        raise call.bad_shape(f"a shape has no negative lengths: {list(shape)}")
    call.builder.check_rank(len(shape), call.offset)
    call.builder.charge(charged_cells(shape), call.offset)
    return array_of(filled([value] * math.prod(shape), tuple(shape)))


def _fill_value(call: WordCall) -> Value:
    return call.builder.number(call.value("fill_value"), 0)


def _full_like(call: WordCall, value: Value) -> Value:
    return _constant_array(call, call.cells("x").shape, value)


def _eye(call: WordCall) -> Value:
    rows = call.integer("n", 0)
    columns, place = call.integer("m", rows), call.integer("k", 0)
    found = call.builder.cells(_constant_array(call, (rows, columns), call.builder.leaf(0)), call.offset)
    for i, j in np.ndindex(found.shape):
        if j - i == place:
            found[i, j] = call.builder.leaf(1)
    return array_of(found)


def _range_of(call: WordCall) -> range:
    found = call.range()
    call.builder.charge(min(len(found), 10**9), call.offset)
    return found


def _arange(call: WordCall) -> Value:
    given = [call.value(name).constant for name in ("start", "stop", "step") if call.has(name)]
    if all(type(constant) is int for constant in given):
        integers = _range_of(call)
        return array_of(filled([call.builder.leaf(i) for i in integers], (len(integers),)))
    if any(constant is None for constant in given):
        raise errors.SyntaxRejected("arange takes numbers known from the text", offset=call.offset)
    floats = [float(constant) for constant in given if constant is not None]
    start, stop = (0.0, floats[0]) if len(floats) == 1 else floats[:2]
    step = floats[2] if len(floats) == 3 else 1.0
    length = (stop - start) / step if step else math.nan
    if not math.isfinite(length):
        raise call.bad_shape(f"arange from {start:g} to {stop:g} in steps of {step:g}")
    count = max(math.ceil(length), 0)
    call.builder.charge(count, call.offset)
    return array_of(filled([call.builder.leaf(start + i * step) for i in range(count)], (count,)))


def _linspace(call: WordCall) -> Value:
    count = call.integer("num", 50)
    call.builder.charge(max(count, 0), call.offset)
    if count < 1:
        raise call.bad_shape("linspace takes at least one point")
    parts = count - 1 if call.flag("endpoint", default=True) else count
    start, stop = (call.builder.number(call.value(name), call.offset) for name in ("start", "stop"))
    known = start.constant, stop.constant
    if known[0] is not None and known[1] is not None:
        low, high = float(known[0]), float(known[1])
        with np.errstate(all="ignore"):
            points = np.linspace(low, high, count, endpoint=parts == count - 1).tolist()
        return array_of(filled([call.builder.leaf(int(p) if p.is_integer() else p) for p in points], (count,)))
    width = call.sub(stop, start)
    cells = [start]
    for i in range(1, count):
        share = call.builder.product([call.builder.leaf(i), width, call.builder.leaf(parts)], "**/", call.offset)
        cells.append(call.sum((start, share)))
    if parts == count - 1 and count > 1:
        cells[-1] = stop
    return array_of(filled(cells, (count,)))


def _parts(call: WordCall) -> list[Cells]:
    parts = [call.builder.cells(item, call.offset) for item in call.items("x")]
    call.builder.charge(sum(charged_cells(part.shape) for part in parts), call.offset)
    if not parts:
        raise call.bad_shape(f"{call.name} of nothing")
    return parts


def _concatenate(call: WordCall) -> Value:
    parts = _parts(call)
    if call.gave("axis") and not call.has("axis"):
        return array_of(np.concatenate([part.ravel() for part in parts]))
    return array_of(np.concatenate(parts, axis=call.axis(parts[0], 0)))


def _append(call: WordCall) -> Value:
    x, y = call.cells("x"), call.cells("y")
    if call.has("axis"):
        return array_of(np.concatenate([x, y], axis=call.axis(x, 0)))
    return array_of(np.concatenate([x.ravel(), y.ravel()]))


def _stack(call: WordCall) -> Value:
    parts = _parts(call)
    call.builder.check_rank(parts[0].ndim + 1, call.offset)
    return array_of(np.stack(parts, axis=call.integer("axis", 0)))


def _reshape(call: WordCall, operands: list[Value]) -> Value:
    cells = call.builder.cells(operands[0], call.offset)
    shape = [
        call.checked_integer(part, "shape")
        for each in operands[1:]
        for part in call.builder.cells(each, call.offset).ravel().tolist()
    ]
    call.builder.check_rank(len(shape), call.offset)
    if not cells.size:
        call.builder.charge(charged_cells(shape), call.offset)
    try:
        return array_of(cells.reshape(shape))
    except ValueError:
        raise call.bad_shape(f"an array of shape {list(cells.shape)} has no shape {shape}") from None


def _transpose(call: WordCall) -> Value:
    cells = call.cells("x")
    return array_of(cells.transpose(call.integers("axes")) if call.has("axes") else cells.T)


def _axis_only(function: Callable[..., Cells]) -> Callable[[WordCall], Value]:
    """Return the function of a word from NumPy's function of an array and an axis."""

    def run(call: WordCall) -> Value:
        cells = call.cells("x")
        axis = call.integer("axis", 0) if call.has("axis") else None
        return array_of(function(cells, axis))

    return run


def _expand_dims(call: WordCall) -> Value:
    cells = call.cells("x")
    call.builder.check_rank(cells.ndim + 1, call.offset)
    return array_of(np.expand_dims(cells, call.integer("axis", 0)))


def _broadcast_to(call: WordCall) -> Value:
    shape = call.integers("shape")
    call.builder.charge(charged_cells(shape), call.offset)
    return array_of(np.broadcast_to(call.cells("x"), shape).copy())


def _roll(call: WordCall) -> Value:
    cells, shift = call.cells("x"), call.integer("shift", 0)
    return array_of(np.roll(cells, shift % max(cells.size, 1) if not call.has("axis") else shift, call.axis(cells)))


def _tile(call: WordCall) -> Value:
    cells, times = call.cells("x"), call.integers("reps")
    call.builder.check_rank(len(times), call.offset)
    call.builder.charge(charged_cells(cells.shape) * charged_cells(times), call.offset)
    if any(t < 0 for t in times):
        raise call.bad_shape(f"tile {times} times")
    return array_of(np.tile(cells, times))


def _repeat(call: WordCall) -> Value:
    cells, times = call.cells("x"), call.integer("repeats", 1)
    call.builder.charge(charged_cells(cells.shape) * max(times, 1), call.offset)
    return array_of(np.repeat(cells, times, axis=call.axis(cells)))


def _take(call: WordCall) -> Value:
    cells, places = call.cells("x"), call.cells("indices")
    axis = call.axis(cells)
    call.builder.charge(charged_cells(places.shape) * charged_cells(cells.shape), call.offset)
    indices = [call.builder.integer(place, call.offset) for place in places.ravel().tolist()]
    try:
        return array_of(np.take(cells, np.array(indices, np.intp).reshape(places.shape), axis=axis))
    except (IndexError, OverflowError):
        raise call.bad_shape(f"an index into an array of shape {list(cells.shape)}") from None


def _meshgrid(call: WordCall, operands: list[Value]) -> Value:
    parts = [call.builder.cells(each, call.offset).ravel() for each in operands]
    call.builder.charge(len(parts) * charged_cells([part.size for part in parts]), call.offset)
    return tuple_of([array_of(grid) for grid in np.meshgrid(*parts)])


def _length(call: WordCall) -> Value:
    value = call.value("x")
    is_array = value.kind != "tuple" and call.builder.is_array(value)
    return call.builder.leaf(len(call.cells("x") if is_array else call.items("x")))


def _size(call: WordCall) -> Value:
    cells = call.cells("x")
    axis = call.axis(cells)
    return call.builder.leaf(cells.size if axis is None else cells.shape[axis])


def _enumerated(call: WordCall) -> Value:
    numbered = enumerate(call.items("x"), call.integer("start", 0))
    return tuple_of([tuple_of((call.builder.leaf(i), item)) for i, item in numbered])


def _zipped(call: WordCall, operands: list[Value]) -> Value:
    columns = [call.builder.items(each, call.offset) for each in operands]
    call.builder.charge(len(columns) * min(map(len, columns)), call.offset)
    return tuple_of([tuple_of(row) for row in zip(*columns, strict=False)])


FUNCTIONS: dict[str, ArrayFunction] = {
    # New arrays
    "eye": _eye, "identity": _eye, "arange": _arange, "linspace": _linspace,
    "zeros": lambda call: _constant_array(call, call.integers("shape"), call.builder.leaf(0)),
    "ones": lambda call: _constant_array(call, call.integers("shape"), call.builder.leaf(1)),
    "full": lambda call: _constant_array(call, call.integers("shape"), _fill_value(call)),
    "zeros_like": lambda call: _full_like(call, call.builder.leaf(0)),
    "ones_like": lambda call: _full_like(call, call.builder.leaf(1)),
    "full_like": lambda call: _full_like(call, _fill_value(call)),
    "array": lambda call: array_of(call.cells("x")),
    # Joined arrays
    "concatenate": _concatenate, "append": _append, "stack": _stack,
    "hstack": lambda call: array_of(np.hstack(_parts(call))),
    "vstack": lambda call: array_of(np.vstack(_parts(call))),
    "column_stack": lambda call: array_of(np.column_stack(_parts(call))),
    # The same elements in another shape or order
    "transpose": _transpose, "expand_dims": _expand_dims, "broadcast_to": _broadcast_to, "roll": _roll, "tile": _tile,
    "repeat": _repeat, "take": _take, "squeeze": _axis_only(np.squeeze), "flip": _axis_only(np.flip),
    "ravel": lambda call: array_of(call.cells("x").ravel()),
    "atleast_1d": lambda call: array_of(np.atleast_1d(call.cells("x"))),
    "swapaxes": lambda call: array_of(np.swapaxes(call.cells("x"), call.integer("axis1", 0), call.integer("axis2", 1))),
    "moveaxis": lambda call: array_of(
        np.moveaxis(call.cells("x"), call.integer("source", 0), call.integer("destination", 0))
    ),
    # Lengths and items
    "len": _length, "size": _size, "enumerate": _enumerated,
    "ndim": lambda call: call.builder.leaf(call.cells("x").ndim),
    "shape": lambda call: tuple_of([call.builder.leaf(size) for size in call.cells("x").shape]),
    "range": lambda call: tuple_of([call.builder.leaf(i) for i in _range_of(call)]),
    "list": lambda call: tuple_of(call.items("x")),
    "reversed": lambda call: tuple_of(list(call.items("x"))[::-1]),
}  # fmt: skip

VARIADIC: dict[str, VariadicFunction] = {"zip": _zipped, "meshgrid": _meshgrid, "reshape": _reshape}
