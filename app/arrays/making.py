"""Arrays made, moved, joined and gone through: mostly NumPy's own work on arrays of values."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from app import errors
from app.algebra import Cells, Value, array_of, span, tuple_of
from app.arrays.calls import Call, Function, Variadic, filled, items


def _shape(call: Call, name: str) -> tuple[int, ...]:
    return tuple(call.integers(name))


def _constant_array(call: Call, shape: tuple[int, ...], value: Value) -> Value:
    if any(size < 0 for size in shape):
        raise call.bad_shape(f"a shape has no negative lengths: {list(shape)}")
    call.do.check_rank(len(shape), call.offset)
    call.do.room(span(shape), call.offset)
    return array_of(filled([value] * math.prod(shape), shape))


def _full_like(call: Call, value: Value) -> Value:
    return _constant_array(call, call.cells("x").shape, value)


def _eye(call: Call) -> Value:
    rows = call.integer("n", 0)
    columns, place = call.integer("m", rows), call.integer("k", 0)
    found = call.do.cells(_constant_array(call, (rows, columns), call.do.leaf(0)), call.offset)
    for i, j in np.ndindex(found.shape):
        if j - i == place:
            found[i, j] = call.do.leaf(1)
    return array_of(found)


def _range_of(call: Call) -> range:
    start, stop = call.integer("start", 0), 0
    if call.has("stop"):
        stop = call.integer("stop", 0)
    else:
        start, stop = 0, start
    step = call.integer("step", 1)
    if step == 0:
        raise call.bad_shape("the step of a range is 0")
    found = range(start, stop, step)
    call.do.room(min(len(found), 10**9), call.offset)
    return found


def _arange(call: Call) -> Value:
    given = [call.value(name).constant for name in ("start", "stop", "step") if call.has(name)]
    if all(type(constant) is int for constant in given):
        integers = _range_of(call)
        return array_of(filled([call.do.leaf(i) for i in integers], (len(integers),)))
    if any(constant is None for constant in given):
        raise errors.SyntaxRejected("arange takes numbers known from the text", offset=call.offset)
    floats = [float(constant) for constant in given if constant is not None]
    start, stop = (0.0, floats[0]) if len(floats) == 1 else floats[:2]
    step = floats[2] if len(floats) == 3 else 1.0
    length = (stop - start) / step if step else math.nan
    if not math.isfinite(length):
        raise call.bad_shape(f"arange from {start:g} to {stop:g} in steps of {step:g}")
    count = max(math.ceil(length), 0)
    call.do.room(count, call.offset)
    return array_of(filled([call.do.leaf(start + i * step) for i in range(count)], (count,)))


def _linspace(call: Call) -> Value:
    count = call.integer("num", 50)
    call.do.room(max(count, 0), call.offset)
    if count < 1:
        raise call.bad_shape("linspace takes at least one point")
    parts = count - 1 if call.flag("endpoint", default=True) else count
    start, stop = (call.do.number(call.value(name), call.offset) for name in ("start", "stop"))
    known = start.constant, stop.constant
    if known[0] is not None and known[1] is not None:
        low, high = float(known[0]), float(known[1])
        with np.errstate(all="ignore"):
            points = np.linspace(low, high, count, endpoint=parts == count - 1).tolist()
        return array_of(filled([call.do.leaf(int(p) if p.is_integer() else p) for p in points], (count,)))
    width = call.sub(stop, start)
    cells = [start]
    for i in range(1, count):
        share = call.do.product([call.do.leaf(i), width, call.do.leaf(parts)], "**/", call.offset)
        cells.append(call.sum((start, share)))
    if parts == count - 1 and count > 1:
        cells[-1] = stop
    return array_of(filled(cells, (count,)))


def _parts(call: Call) -> list[Cells]:
    parts = [call.do.cells(item, call.offset) for item in items(call, "x")]
    call.do.room(sum(span(part.shape) for part in parts), call.offset)
    if not parts:
        raise call.bad_shape(f"{call.name} of nothing")
    return parts


def _concatenate(call: Call) -> Value:
    parts = _parts(call)
    if call.gave("axis") and not call.has("axis"):
        return array_of(np.concatenate([part.ravel() for part in parts]))
    return array_of(np.concatenate(parts, axis=call.axis(parts[0], 0)))


def _append(call: Call) -> Value:
    x, y = call.cells("x"), call.cells("y")
    if call.has("axis"):
        return array_of(np.concatenate([x, y], axis=call.axis(x, 0)))
    return array_of(np.concatenate([x.ravel(), y.ravel()]))


def _stack(call: Call) -> Value:
    parts = _parts(call)
    call.do.check_rank(parts[0].ndim + 1, call.offset)
    return array_of(np.stack(parts, axis=call.integer("axis", 0)))


def _reshape(call: Call, operands: list[Value]) -> Value:
    cells = call.do.cells(operands[0], call.offset)
    shape = [call.whole(part, "shape") for each in operands[1:] for part in _flat(call, each)]
    call.do.check_rank(len(shape), call.offset)
    if not cells.size:
        call.do.room(span(shape), call.offset)
    try:
        return array_of(cells.reshape(shape))
    except ValueError:
        raise call.bad_shape(f"an array of shape {list(cells.shape)} has no shape {shape}") from None


def _flat(call: Call, value: Value) -> list[Value]:
    return call.do.cells(value, call.offset).ravel().tolist()


def _transpose(call: Call) -> Value:
    cells = call.cells("x")
    return array_of(cells.transpose(call.integers("axes")) if call.has("axes") else cells.T)


def _axis_only(function: Callable[..., Cells]) -> Callable[[Call], Value]:
    """Make a word of a function of NumPy's that takes an array and an axis."""

    def run(call: Call) -> Value:
        cells = call.cells("x")
        axis = call.integer("axis", 0) if call.has("axis") else None
        return array_of(function(cells, axis))

    return run


def _expand_dims(call: Call) -> Value:
    cells = call.cells("x")
    call.do.check_rank(cells.ndim + 1, call.offset)
    return array_of(np.expand_dims(cells, call.integer("axis", 0)))


def _broadcast_to(call: Call) -> Value:
    shape = _shape(call, "shape")
    call.do.room(span(shape), call.offset)
    return array_of(np.broadcast_to(call.cells("x"), shape).copy())


def _roll(call: Call) -> Value:
    cells, shift = call.cells("x"), call.integer("shift", 0)
    return array_of(np.roll(cells, shift % max(cells.size, 1) if not call.has("axis") else shift, call.axis(cells)))


def _tile(call: Call) -> Value:
    cells, times = call.cells("x"), call.integers("reps")
    call.do.check_rank(len(times), call.offset)
    call.do.room(span(cells.shape) * span(times), call.offset)
    if any(t < 0 for t in times):
        raise call.bad_shape(f"tile {times} times")
    return array_of(np.tile(cells, times))


def _repeat(call: Call) -> Value:
    cells, times = call.cells("x"), call.integer("repeats", 1)
    call.do.room(span(cells.shape) * max(times, 1), call.offset)
    return array_of(np.repeat(cells, times, axis=call.axis(cells)))


def _take(call: Call) -> Value:
    cells, places = call.cells("x"), call.cells("indices")
    axis = call.axis(cells)
    call.do.room(span(places.shape) * span(cells.shape), call.offset)
    indices = [call.do.integer(place, call.offset) for place in places.ravel().tolist()]
    try:
        return array_of(np.take(cells, np.array(indices, np.intp).reshape(places.shape), axis=axis))
    except (IndexError, OverflowError):
        raise call.bad_shape(f"an index into an array of shape {list(cells.shape)}") from None


def _meshgrid(call: Call, operands: list[Value]) -> Value:
    parts = [call.do.cells(each, call.offset).ravel() for each in operands]
    call.do.room(len(parts) * span([part.size for part in parts]), call.offset)
    return tuple_of([array_of(grid) for grid in np.meshgrid(*parts)])


def _length(call: Call) -> Value:
    value = call.value("x")
    is_array = value.kind != "tuple" and call.do.is_array(value)
    return call.do.leaf(len(call.cells("x") if is_array else items(call, "x")))


def _size(call: Call) -> Value:
    cells = call.cells("x")
    axis = call.axis(cells)
    return call.do.leaf(cells.size if axis is None else cells.shape[axis])


def _enumerated(call: Call) -> Value:
    start = call.integer("start", 0)
    found = items(call, "x")
    return tuple_of([tuple_of((call.do.leaf(i), item)) for i, item in enumerate(found, start)])


def _zipped(call: Call, operands: list[Value]) -> Value:
    columns = [call.do.items(each, call.offset) for each in operands]
    call.do.room(len(columns) * min(map(len, columns)), call.offset)
    return tuple_of([tuple_of(row) for row in zip(*columns, strict=False)])


def _integers(call: Call) -> Value:
    return tuple_of([call.do.leaf(i) for i in _range_of(call)])


def _shape_of(call: Call) -> Value:
    return tuple_of([call.do.leaf(size) for size in call.cells("x").shape])


FUNCTIONS: dict[str, Function] = {
    "eye": _eye,
    "identity": _eye,
    "zeros": lambda call: _constant_array(call, _shape(call, "shape"), call.do.leaf(0)),
    "ones": lambda call: _constant_array(call, _shape(call, "shape"), call.do.leaf(1)),
    "full": lambda call: _constant_array(call, _shape(call, "shape"), call.do.number(call.value("fill_value"), 0)),
    "zeros_like": lambda call: _full_like(call, call.do.leaf(0)),
    "ones_like": lambda call: _full_like(call, call.do.leaf(1)),
    "full_like": lambda call: _full_like(call, call.do.number(call.value("fill_value"), 0)),
    "array": lambda call: array_of(call.cells("x")),
    "list": lambda call: tuple_of(items(call, "x")),
    "arange": _arange,
    "range": _integers,
    "linspace": _linspace,
    "concatenate": _concatenate,
    "append": _append,
    "stack": _stack,
    "hstack": lambda call: array_of(np.hstack(_parts(call))),
    "vstack": lambda call: array_of(np.vstack(_parts(call))),
    "column_stack": lambda call: array_of(np.column_stack(_parts(call))),
    "ravel": lambda call: array_of(call.cells("x").ravel()),
    "transpose": _transpose,
    "swapaxes": lambda call: array_of(np.swapaxes(call.cells("x"), call.integer("axis1", 0), call.integer("axis2", 1))),
    "moveaxis": lambda call: array_of(
        np.moveaxis(call.cells("x"), call.integer("source", 0), call.integer("destination", 0))
    ),
    "expand_dims": _expand_dims,
    "squeeze": _axis_only(np.squeeze),
    "broadcast_to": _broadcast_to,
    "flip": _axis_only(np.flip),
    "roll": _roll,
    "tile": _tile,
    "repeat": _repeat,
    "take": _take,
    "atleast_1d": lambda call: array_of(np.atleast_1d(call.cells("x"))),
    "len": _length,
    "size": _size,
    "ndim": lambda call: call.do.leaf(call.cells("x").ndim),
    "shape": _shape_of,
    "enumerate": _enumerated,
    "reversed": lambda call: tuple_of(list(items(call, "x"))[::-1]),
}

VARIADIC: dict[str, Variadic] = {"zip": _zipped, "meshgrid": _meshgrid, "reshape": _reshape}
