"""Products of vectors and matrices, unrolled; terms are added in NumPy's order."""

from __future__ import annotations

import math

import numpy as np

from app.language.building.builder import Builder
from app.language.unrolled.arguments import ArrayFunction, WordCall, filled
from app.language.values import NeedsWhole, Value, array_of, charged_cells


def _product(call: WordCall) -> Value:
    x, y = call.cells("x"), call.cells("y")
    if not x.ndim or not y.ndim:
        raise call.bad_shape(f"{call.name} takes arrays, not numbers")
    if max(x.ndim, y.ndim) > 2:
        raise call.bad_shape(f"{call.name} takes vectors and matrices")
    rows, columns = np.atleast_2d(x), (y.reshape(-1, 1) if y.ndim == 1 else y)
    if rows.shape[1] != columns.shape[0]:
        raise call.bad_shape(f"{call.name} of shapes {list(x.shape)} and {list(y.shape)}")
    call.builder.charge(charged_cells((*rows.shape, columns.shape[1])), call.offset)
    entries = [call.dot(row, column) for row in rows.tolist() for column in columns.T.tolist()]
    shape = x.shape[:-1] + (y.shape[1:] if y.ndim == 2 else ())
    return array_of(filled(entries, shape))


def _dot(call: WordCall) -> Value:
    x, y = call.cells("x"), call.cells("y")
    if not x.ndim or not y.ndim:
        return call.of("multiply", array_of(x), array_of(y))
    return _product(call)


def _inner(call: WordCall) -> Value:
    x, y = call.cells("x"), call.cells("y")
    if not x.ndim or not y.ndim:
        return call.of("multiply", array_of(x), array_of(y))
    return matmul(call.builder, array_of(x), array_of(y.T), call.offset)


def _vdot(call: WordCall) -> Value:
    x, y = call.cells("x").ravel().tolist(), call.cells("y").ravel().tolist()
    if len(x) != len(y):
        raise call.bad_shape(f"vdot of {len(x)} and {len(y)} elements")
    return call.dot(x, y)


def _outer(call: WordCall) -> Value:
    x, y = call.cells("x").ravel(), call.cells("y").ravel()
    return call.of("multiply", array_of(x.reshape(-1, 1)), array_of(y.reshape(1, -1)))


def _kron(call: WordCall) -> Value:
    x, y = np.atleast_2d(call.cells("x")), np.atleast_2d(call.cells("y"))
    if max(x.ndim, y.ndim) > 2:
        raise call.bad_shape("kron takes vectors and matrices")
    product = call.of("multiply", array_of(x[:, None, :, None]), array_of(y[None, :, None, :]))
    cells = call.builder.cells(product, call.offset).reshape(x.shape[0] * y.shape[0], x.shape[1] * y.shape[1])
    return array_of(cells[0] if call.cells("x").ndim == call.cells("y").ndim == 1 else cells)


def _cross(call: WordCall) -> Value:
    x, y = call.cells("x", 1).tolist(), call.cells("y", 1).tolist()

    def minor(i: int, j: int) -> Value:
        return call.sub(call.product((x[i], y[j])), call.product((x[j], y[i])))

    if len(x) == len(y) == 2:
        return minor(0, 1)
    if len(x) != 3 or len(y) != 3:
        raise call.bad_shape("cross takes two vectors of length 3, or of length 2")
    return array_of(filled([minor(1, 2), minor(2, 0), minor(0, 1)], (3,)))


def _tensordot(call: WordCall) -> Value:
    x, y, count = call.cells("x"), call.cells("y"), call.integer("axes", 2)
    if not 0 <= count <= min(x.ndim, y.ndim) or x.shape[x.ndim - count :] != y.shape[:count]:
        raise call.bad_shape(f"tensordot over {count} axes of shapes {list(x.shape)} and {list(y.shape)}")
    kept, shared = x.shape[: x.ndim - count], math.prod(y.shape[:count])
    rows, columns = array_of(x.reshape(-1, shared)), array_of(y.reshape(shared, -1))
    found = call.builder.cells(matmul(call.builder, rows, columns, call.offset), call.offset)
    return array_of(found.reshape(kept + y.shape[count:]))


def _convolve(call: WordCall) -> Value:
    if call.has("mode"):
        raise NeedsWhole
    x, y = call.cells("x", 1).tolist(), call.cells("y", 1).tolist()
    call.builder.charge(len(x) * len(y), call.offset)
    sums: list[list[Value]] = [[] for _ in range(len(x) + len(y) - 1)]
    for i, a in enumerate(x):
        for j, b in enumerate(y):
            sums[i + j].append(call.product((a, b)))
    return array_of(filled([call.sum(terms) for terms in sums], (len(sums),)))


def _polyval(call: WordCall) -> Value:
    total, x = call.builder.leaf(0), call.value("x")
    for coefficient in call.cells("p", 1).tolist():
        total = coefficient if total.constant == 0 else call.of("add", call.of("multiply", total, x), coefficient)
    return total


def matmul(builder: Builder, x: Value, y: Value, offset: int) -> Value:
    """Return x @ y, as numpy.matmul for up to two axes each."""
    return _product(WordCall(builder, "@", {"x": x, "y": y}, offset))


FUNCTIONS: dict[str, ArrayFunction] = {
    "dot": _dot, "matmul": _product, "inner": _inner, "vdot": _vdot, "outer": _outer, "kron": _kron, "cross": _cross,
    "tensordot": _tensordot, "convolve": _convolve, "polyval": _polyval,
}  # fmt: skip
