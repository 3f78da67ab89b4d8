"""The value of each primitive by NumPy.

A maker takes the parameters and the shapes of the operands, and returns the function of the operands. What can be
decided once, such as how einsum becomes a product of matrices, is decided there. Singular matrices give nan.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np
import scipy

from app.autodiff.arrays import primitives
from app.autodiff.arrays.kernels import contractions
from app.autodiff.arrays.tape import Parameters, Shape

Value = Callable[..., Any]
Maker = Callable[..., Value]


def slices(triples: Parameters) -> tuple[slice, ...]:
    """Return triples of start, count and step as slices."""
    found = []
    for start, count, step in triples:
        stop = start + count * step
        found.append(slice(start, None if stop < 0 else stop, step) if count else slice(0, 0))
    return tuple(found)


def _slice(p: Parameters, x: Shape) -> Value:
    where = slices(p)
    if all(size == 1 for size in primitives.shape("slice", p, x)):
        place = tuple([start for start, _, _ in p])
        result = (1,) * len(x)
        return lambda x: np.reshape(x[place], result)
    return lambda x: x[where]


def _place(p: Parameters, x: Shape) -> Value:
    shape, where = p[0], slices(p[1])

    def call(x: Any) -> Any:
        result = np.zeros(shape, x.dtype)
        result[where] = x
        return result

    return call


def positions(indices: Any, size: int) -> Any:
    """Return indices as integers; one that is no whole number is beyond the end."""
    if indices.dtype.kind in "iu":
        return indices
    found = indices.astype(np.intp)
    return found if np.array_equal(found, indices) else np.where(found == indices, found, size)


def _gather(p: Parameters, x: Shape, indices: Shape) -> Value:
    (axis,) = p
    size = x[axis]
    around = (1,) * (len(x) - axis - 1)

    def call(x: Any, indices: Any) -> Any:
        where = positions(indices, size)
        try:
            return np.take(x, where, axis)
        except IndexError:
            inside = np.asarray((where >= -size) & (where < size))
            result = (
                np.take(x, np.where(inside, where, 0), axis)
                if size
                else np.zeros(primitives.shape("gather", p, x.shape, where.shape), x.dtype)
            )
            return np.where(inside.reshape(inside.shape + around), result, np.asarray(np.nan, x.dtype))

    return call


def _scatter_add(p: Parameters, x: Shape, indices: Shape) -> Value:
    axis, size = p
    before, after = x[:axis], x[axis + len(indices) :]
    count = int(np.prod(indices))
    order = (*range(axis, axis + len(indices)), *range(axis), *range(axis + len(indices), len(x)))
    back = (*range(1, axis + 1), 0, *range(axis + 1, axis + 1 + len(after)))
    width = int(np.prod(before + after))

    def call(x: Any, indices: Any) -> Any:
        where = np.ravel(positions(indices, size))
        values = np.transpose(x, order).reshape(count, width)
        inside = (where >= -size) & (where < size)
        if not inside.all():
            where, values = where[inside], values[inside]
        return np.transpose(
            _summed(np.where(where < 0, where + size, where), values, size).reshape(size, *before, *after), back
        )

    return call


def _summed(where: Any, values: Any, size: int) -> Any:
    """Return rows of values, shape (n, width), summed into the rows that ``where`` names."""
    if values.shape[1] == 1:
        return np.bincount(where, values[:, 0], minlength=size).astype(values.dtype, copy=False)
    order = np.argsort(where, kind="stable")
    found, starts = np.unique(where[order], return_index=True)
    result = np.zeros((size, values.shape[1]), values.dtype)
    if len(found):
        result[found] = np.add.reduceat(values[order], starts, axis=0)
    return result


def _take_along(p: Parameters, x: Shape, indices: Shape) -> Value:
    (axis,) = p
    size = x[axis]

    def call(x: Any, indices: Any) -> Any:
        where = positions(indices, size)
        inside = (where >= -size) & (where < size)
        if inside.all():
            return np.take_along_axis(x, where, axis)
        return np.where(inside, np.take_along_axis(x, np.where(inside, where, 0), axis), np.asarray(np.nan, x.dtype))

    return call


def _put_along(p: Parameters, x: Shape, indices: Shape) -> Value:
    axis, size = p
    shape = primitives.shape("put_along", p, x, indices)
    grid = np.ogrid[tuple(slice(0, each) for each in indices)]

    def call(x: Any, indices: Any) -> Any:
        where = positions(indices, size)
        inside = (where >= -size) & (where < size)
        place = [*grid[:axis], np.where(inside, where, 0), *grid[axis + 1 :]]
        flat = np.ravel_multi_index(tuple(np.broadcast_arrays(*place)), shape, mode="wrap")
        weights = np.where(inside, np.broadcast_to(x, indices.shape), 0)
        summed = np.bincount(flat.ravel(), weights.ravel(), minlength=int(np.prod(shape)))
        return summed.astype(x.dtype, copy=False).reshape(shape)

    return call


def _flat_index(p: Parameters, indices: Shape) -> Value:
    (size,) = p
    count = indices[0]
    first = np.arange(count).reshape(count, *(1,) * (len(indices) - 1)) * size

    def call(indices: Any) -> Any:
        where = positions(indices, size)
        inside = (where >= -size) & (where < size)
        return np.where(inside, np.where(where < 0, where + size, where) + first, count * size)

    return call


def _reduction(reduce: Any) -> Maker:
    def make(p: Parameters, x: Shape) -> Value:
        axes = None if len(p[0]) == len(x) else p[0]
        return lambda x: reduce(x, axis=axes)

    return make


def _cumsum(p: Parameters, x: Shape) -> Value:
    axis, reverse = p
    if not reverse:
        return lambda x: np.cumsum(x, axis)
    return lambda x: np.flip(np.cumsum(np.flip(x, axis), axis), axis)


def _bound(function: Any) -> Maker:
    """Return the maker of a function whose only parameter is an axis, or that has none."""
    return lambda p, *shapes: (lambda x: function(x, p[0])) if p else function


# Linear algebra


def _even(a: Any) -> Any:
    return 0.5 * (a + np.swapaxes(a, -1, -2))


def _nan_where_singular(function: Any, shapes: Any) -> Maker:
    """Return the maker of a function of matrices; where one of them is refused, its own result alone is nan.

    ``shapes`` gives the shape of the result by the shapes of the operands.
    """

    def call(*operands: Any) -> Any:
        try:
            return function(*operands)
        except np.linalg.LinAlgError:
            result = np.full(shapes(*[x.shape for x in operands]), np.nan, operands[0].dtype)
            for index in np.ndindex(operands[0].shape[:-2]) if operands[0].ndim > 2 else ():
                result[index] = call(*[x[index] for x in operands])
            return result

    return lambda p, *shapes: call


def _solve_triangular(p: Parameters, a: Shape, b: Shape) -> Value:
    lower, transposed = p

    def one(a: Any, b: Any) -> Any:
        if not b.size:
            return b
        lapack = scipy.linalg.lapack
        solve = lapack.dtrtrs if a.dtype == np.float64 else lapack.strtrs
        # LAPACK stores by columns, so it reads the transpose of a.
        x, singular = solve(a.T, b, lower=not lower, trans=not transposed)
        return np.full_like(b, np.nan) if singular else x

    if len(a) == 2:
        return one

    def call(a: Any, b: Any) -> Any:
        result = np.empty(b.shape, b.dtype)
        for index in np.ndindex(b.shape[:-2]):
            result[index] = one(a[index], b[index])
        return result

    return call


def _cofactor(a: Any) -> Any:
    """Return det(a) a^-T = det(U V) U diag(products of the other singular values) V, which holds for singular a."""
    u, s, v = np.linalg.svd(a)
    n = s.shape[-1]
    others = np.where(np.eye(n, dtype=bool), 1, s[..., None, :])
    sign = np.linalg.det(u) * np.linalg.det(v)
    return (u * (sign[..., None] * np.prod(others, axis=-1))[..., None, :]) @ v


def _square(a: Shape, *rest: Shape) -> Shape:
    return a


MAKERS: dict[str, Maker] = {
    "reshape": lambda p, x: lambda x: x.reshape(p[0]),
    "transpose": lambda p, x: lambda x: x.transpose(p[0]),
    "broadcast": lambda p, x: lambda x: np.broadcast_to(x, p[0]),
    "slice": _slice,
    "place": _place,
    "gather": _gather,
    "scatter_add": _scatter_add,
    "take_along": _take_along,
    "put_along": _put_along,
    "flat_index": _flat_index,
    "concatenate": lambda p, *shapes: lambda *operands: np.concatenate(operands, p[0]),
    "reduce_sum": _reduction(np.add.reduce),
    "reduce_max": _reduction(np.maximum.reduce),
    "reduce_min": _reduction(np.minimum.reduce),
    "cumsum": _cumsum,
    "argsort": _bound(functools.partial(np.argsort, kind="stable")),
    "argmax": _bound(np.argmax),
    "argmin": _bound(np.argmin),
    "einsum": contractions.make,
    "cholesky": _nan_where_singular(lambda a: np.linalg.cholesky(_even(a)), _square),
    "solve_triangular": _solve_triangular,
    "solve": _nan_where_singular(np.linalg.solve, lambda a, b: b),
    "inv": _nan_where_singular(np.linalg.inv, _square),
    "det": _bound(np.linalg.det),
    "cofactor": _nan_where_singular(_cofactor, _square),
    "logabsdet": _bound(lambda a: np.linalg.slogdet(a)[1]),
    "detsign": _bound(lambda a: np.linalg.slogdet(a)[0]),
    "eigvalsh": _nan_where_singular(lambda a: np.linalg.eigvalsh(_even(a)), lambda a: a[:-1]),
    "eigvecsh": _nan_where_singular(lambda a: np.linalg.eigh(_even(a))[1], _square),
    "stop_gradient": lambda p, x: lambda x: x,
    "scan_result": lambda p, scan: lambda values: values[p[0]],
}
"""Maker of each primitive that takes arrays; ``run`` has the others."""


def created(opcode: str, parameters: Parameters, dtype: Any) -> Any:
    """Return the array of an opcode without operands."""
    if opcode == "iota":
        return np.arange(parameters[0])
    if opcode == "eye":
        return np.eye(parameters[0], dtype=dtype)
    size, diagonal = parameters
    return np.tri(size, k=-1, dtype=dtype) + np.asarray(diagonal, dtype) * np.eye(size, dtype=dtype)
