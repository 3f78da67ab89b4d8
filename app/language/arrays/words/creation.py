"""Arrays made of numbers known from the text, lengths, and items."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from app import errors
from app.language.arrays.call import ArrayCall, ArrayWord
from app.language.arrays.linear import linalg
from app.language.expression.values import Value, list_of, tuple_of
from app.language.vocabulary import types


def _filled(call: ArrayCall, shape: Sequence[int], value: Value) -> Value:
    if any(size < 0 for size in shape):
        raise call.bad_shape(f"a shape has no negative lengths: {list(shape)}")
    call.builder.check_rank(len(shape), call.offset)
    return call.broadcast(value, tuple(shape))


def _like(call: ArrayCall, value: Value) -> Value:
    """Return a value in the shape of an array, or in the one that is given."""
    if call.has("shape"):
        return _filled(call, call.integers("shape"), value)
    return call.broadcast(value, call.array("x").shape)


def _is_whole(call: ArrayCall) -> bool:
    """Return whether the type that is asked for is one of integers or conditions."""
    return types.kind(call.value("dtype").text, call.offset) != "float"


def _of_type(call: ArrayCall, number: int, like: Value | None = None) -> Value:
    """Return a number as an element of a new array: a float, where it matters that NumPy makes floats."""
    of_integers = like is not None and np.asarray(like.constant).dtype.kind == "i"
    integers = _is_whole(call) if call.has("dtype") else of_integers
    return call.builder.leaf(number if integers or not call.builder.changes else float(number))


def _eye(call: ArrayCall) -> Value:
    rows = call.integer("n", 0)
    shape = rows, call.integer("m", rows)
    if min(shape) < 0:
        raise call.bad_shape(f"a shape has no negative lengths: {list(shape)}")
    return linalg.diagonal_matrix(call, _of_type(call, 1), shape, call.integer("k", 0))


def _range(call: ArrayCall) -> Value:
    integers = call.range()
    call.builder.charge(len(integers), call.offset)
    return list_of([call.builder.leaf(i) for i in integers])


def _listed(call: ArrayCall) -> Value:
    bare = call.name.rpartition(".")[2]
    return (tuple_of if bare == "tuple" else list_of)(call.items("x"))


def _arange(call: ArrayCall) -> Value:
    given = [call.number(name).constant for name in ("start", "stop", "step") if call.has(name)]
    if all(type(constant) is int for constant in given):
        integers = call.range()
        call.check_known(len(integers))
        return call.known(np.arange(integers.start, integers.stop, integers.step, dtype=np.int64))
    if any(constant is None for constant in given):
        raise errors.SyntaxRejected("arange takes numbers known from the text", offset=call.offset)
    floats = [float(constant) for constant in given]
    start, stop = (0.0, floats[0]) if len(floats) == 1 else floats[:2]
    step = floats[2] if len(floats) == 3 else 1.0
    length = (stop - start) / step if step else math.nan
    if not math.isfinite(length):
        raise call.bad_shape(f"arange from {start:g} to {stop:g} in steps of {step:g}")
    count = max(math.ceil(length), 0)
    call.check_known(count)
    return call.known(start + np.arange(count) * step)


def _linspace(call: ArrayCall) -> Value:
    count = call.integer("num", 50)
    if count < 1:
        raise call.bad_shape("linspace takes at least one point")
    call.check_known(count)
    start, stop, ends = call.number("start"), call.number("stop"), call.flag("endpoint", default=True)
    found = _spaced(call, start, stop, count, ends=ends)
    if not call.flag("retstep", default=False):
        return found
    parts = count - 1 if ends else count
    if not parts:
        raise call.bad_shape("linspace of one point has no step")
    return tuple_of([found, call.div(call.sub(stop, start), call.builder.leaf(parts))])


def _spaced(call: ArrayCall, start: Value, stop: Value, count: int, *, ends: bool) -> Value:
    if start.constant is not None and stop.constant is not None:
        with np.errstate(all="ignore"):
            points = np.linspace(float(start.constant), float(stop.constant), count, endpoint=ends)
        whole = np.all(np.abs(points) < 2**53) and np.all(points == np.floor(points))
        return call.known(points.astype(np.int64) if whole else points)
    parts = count - 1 if ends else count
    if not parts:
        return call.broadcast(start, (1,))
    shares = call.div(call.mul(call.known(np.arange(count)), call.sub(stop, start)), call.builder.leaf(parts))
    found = call.add(start, shares)
    if not ends:
        return found
    inner = call.emit("slice", ((0, count - 1, 1),), found)
    return call.emit("concatenate", (0,), inner, call.reshape(stop, (1,)))


def _length(call: ArrayCall) -> Value:
    value = call.value("x")
    if value.kind in {"tuple", "dict"}:
        return call.builder.leaf(len(value.items))
    shape = call.array("x").shape
    if not shape:
        raise call.bad_shape("a number has no items to go through")
    return call.builder.leaf(shape[0])


def _size(call: ArrayCall) -> Value:
    array = call.array("x")
    axis = call.axis(array)
    return call.builder.leaf(math.prod(array.shape) if axis is None else array.shape[axis])


def _typed(call: ArrayCall) -> Value:
    """Return an array as numbers of a type: integers are what is left without the fraction."""
    kind = types.kind(call.value("dtype").text, call.offset)
    if kind == "bool":
        return call.builder.condition(call.array("x"), call.offset)
    (numbers,) = call.numbers(call.array("x"))
    if kind == "float":
        return numbers
    found = call.of("trunc", numbers)
    known = found.constant
    return (
        call.known(np.asarray(known).astype(np.int64)) if known is not None and np.all(np.abs(known) < 2**53) else found
    )


def _enumerated(call: ArrayCall) -> Value:
    numbered = enumerate(call.items("x"), call.integer("start", 0))
    return tuple_of([tuple_of((call.builder.leaf(i), item)) for i, item in numbered])


FUNCTIONS: dict[str, ArrayWord] = {
    "eye": _eye, "identity": _eye, "arange": _arange, "linspace": _linspace, "range": _range,
    "zeros": lambda call: _filled(call, call.integers("shape"), _of_type(call, 0)),
    "ones": lambda call: _filled(call, call.integers("shape"), _of_type(call, 1)),
    "full": lambda call: _filled(call, call.integers("shape"), call.array("fill_value")),
    "zeros_like": lambda call: _like(call, _of_type(call, 0, call.array("x"))),
    "ones_like": lambda call: _like(call, _of_type(call, 1, call.array("x"))),
    "full_like": lambda call: _like(call, call.array("fill_value")),
    "array": lambda call: call.array("x"), "astype": _typed,
    "stop_gradient": lambda call: call.emit("stop_gradient", (), call.array("x")),
    "given": lambda call: call.builder.truth(call.has("x")),
    "len": _length, "size": _size, "enumerate": _enumerated,
    "ndim": lambda call: call.builder.leaf(len(call.array("x").shape)),
    "shape": lambda call: tuple_of([call.builder.leaf(size) for size in call.array("x").shape]),
    "list": _listed,
    "reversed": lambda call: tuple_of(list(call.items("x"))[::-1]),
}  # fmt: skip
