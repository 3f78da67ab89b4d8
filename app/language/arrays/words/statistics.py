"""Quantiles and covariances."""

from __future__ import annotations

import math

import numpy as np

from app import errors
from app.language.arrays.call import ArrayCall, ArrayWord
from app.language.arrays.linear import linalg, products
from app.language.arrays.words import reductions
from app.language.arrays.words.positions import gathered
from app.language.arrays.words.scans import ordered
from app.language.expression.values import Value


def _quantile(parts: int) -> ArrayWord:
    """Return the function of quantile, or of percentile, which divides by 100."""

    def run(call: ArrayCall) -> Value:
        array, shares = call.numbers(call.array("x"), call.array("q"))
        if call.has("method") and call.value("method").text != "linear":
            raise errors.SyntaxRejected(f"the method of {call.name} is linear", offset=call.offset)
        if shares.constant is not None and not np.all((np.asarray(shares.constant) >= 0) & (shares.constant <= parts)):
            raise call.bad_shape(f"{call.name} takes q from 0 to {parts}")
        axes = call.axes(array)
        line, rest = _line(call, array, axes)
        found = _at(call, line, call.div(shares, call.builder.leaf(parts)))
        if call.flag("keepdims", default=False):
            rest = reductions.kept(array, axes)
        return call.reshape(found, (*shares.shape, *rest))

    return run


def _line(call: ArrayCall, array: Value, axes: tuple[int, ...]) -> tuple[Value, tuple[int, ...]]:
    """Return an array with some axes as one, which comes first, and the shape of the others."""
    others = [axis for axis in range(len(array.shape)) if axis not in axes]
    rest = tuple([array.shape[axis] for axis in others])
    count = math.prod([array.shape[axis] for axis in axes])
    if not count:
        raise call.bad_shape(f"{call.name} of an empty array")
    return call.reshape(call.emit("transpose", ((*axes, *others),), array), (count, *rest)), rest


def _at(call: ArrayCall, line: Value, shares: Value) -> Value:
    """Return values between neighbours in ascending order, along a first axis; nan if an element is nan."""
    count = line.shape[0]
    place = call.mul(shares, call.builder.leaf(count - 1))
    below = call.of("floor", place)
    known = call.builder.leaf(0), call.builder.leaf(count)
    lower = call.select(call.of("less", below, known[0]), known[1], below)  # beyond the end, which gives nan
    sorted_ = ordered(call, line, 0)
    first = gathered(call, sorted_, lower)
    second = gathered(call, sorted_, call.of("ceil", place))
    weight = call.sub(place, below)
    weight = call.reshape(weight, (*weight.shape, *[1] * (len(line.shape) - 1)))
    found = call.add(first, call.mul(weight, call.sub(second, first)))
    unknown = reductions.greatest(call, call.of("not_equal", line, line), (0,))
    return call.select(unknown, call.builder.named("nan", math.nan), found)


def _variables(call: ArrayCall) -> Value:
    """Return the variables of cov, one in each row."""
    by_rows = call.flag("rowvar", default=True)
    found = []
    for name in ("m", "y"):
        if name == "y" and not call.has(name):
            continue
        array = call.array(name)
        if len(array.shape) > 2:
            raise call.bad_shape(f"{call.name} takes vectors and matrices")
        matrix = call.reshape(array, (1,) * (2 - len(array.shape)) + array.shape)
        turn = not by_rows and len(array.shape) == 2
        found.append(call.emit("transpose", ((1, 0),), matrix) if turn else matrix)
    if len({matrix.shape[1] for matrix in found}) > 1 or not found[0].shape[1]:
        raise call.bad_shape(f"{call.name} of arrays of {' and '.join(str(m.shape[1]) for m in found)} observations")
    return call.emit("concatenate", (0,), *call.numbers(*found))


def _covariance(call: ArrayCall) -> Value:
    rows = _variables(call)
    count = rows.shape[1]
    centred = call.sub(rows, call.reshape(reductions.mean(call, rows, (1,)), (rows.shape[0], 1)))
    freedom = count - call.integer("ddof", 0 if call.flag("bias", default=False) else 1)
    if freedom <= 0:
        raise call.bad_shape(f"{call.name} of {count} observation(s) leaves no degrees of freedom")
    return call.div(products.contract(call, centred, centred, [1], [1]), call.builder.leaf(freedom))


def _cov(call: ArrayCall) -> Value:
    found = _covariance(call)
    return call.reshape(found, ()) if found.shape == (1, 1) else found


def _corrcoef(call: ArrayCall) -> Value:
    found = _covariance(call)
    size = found.shape[0]
    deviations = call.of("sqrt", linalg.diagonal_of(call, found, 0))
    found = call.div(call.div(found, call.reshape(deviations, (size, 1))), deviations)
    return call.reshape(found, ()) if size == 1 else found


FUNCTIONS: dict[str, ArrayWord] = {
    "quantile": _quantile(1), "percentile": _quantile(100), "cov": _cov, "corrcoef": _corrcoef,
}  # fmt: skip
