"""The structural operations on arrays: opcode, static parameters, and the shape of the result.

Words of arrays are written in these primitives and in the elementwise words of the vocabulary, which broadcast as in
NumPy. ``app.autodiff.arrays`` has the value and the vector-Jacobian products of each. An operation without static
parameters has the parameters ``()``. Parameters are tuples of integers, strings and tuples, so they can be compared,
hashed and written into the key of a tape.

    opcode            parameters                  operands            result
    reshape           (shape,)                    x                   the elements in another shape, row-major
    transpose         (axes,)                     x                   axis i of the result is axis axes[i] of x
    broadcast         (shape,)                    x                   x repeated, as numpy.broadcast_to
    slice             ((start, count, step), ...) x                   one triple for each axis; the step may be negative
    place             (shape, slices)             x                   zeros of this shape; those of the slices are x
    gather            (axis,)                     x, indices          numpy.take along an axis; nan beyond its end
    scatter_add       (axis, size)                x, indices          transpose of gather
    take_along        (axis,)                     x, indices          numpy.take_along_axis
    put_along         (axis, size)                x, indices          transpose of take_along
    concatenate       (axis,)                     x, y, ...           arrays end to end
    reduce_sum        (axes,)                     x                   sum over axes, which are left out
    reduce_max        (axes,)                     x                   greatest element; ties share the cotangent
    reduce_min        (axes,)                     x                   least element
    cumsum            (axis, reverse)             x                   sums of the first, or of the last, elements
    argsort, argmax, argmin  (axis,)              x                   positions; derivative zero
    einsum            (subscripts,)               x, y                products, summed; "ij,jk->ik"; no index repeated
                                                                      in one operand
    cholesky          ()                          a                   lower factor, (..., n, n)
    solve_triangular  (lower, transposed)         a, b                x of a @ x = b, b of shape (..., n, k)
    solve             ()                          a, b                the same of a general matrix
    inv               ()                          a                   inverse
    det               ()                          a                   determinant, shape (...)
    logabsdet         ()                          a                   log |det(a)|, shape (...)
    detsign           ()                          a                   sign of the determinant; derivative zero
    eigvalsh          ()                          a                   eigenvalues of a symmetric matrix, ascending
    eigvecsh          ()                          a                   its eigenvectors, in columns
    stop_gradient     ()                          x                   x; derivative zero
    map               (count,)                    see ``nodes.Map``   the body at each index, along a new first axis
    scan              (count,)                    see ``nodes.Scan``  the carried state after the last step

Indices are whole numbers in floating point or integer arrays, negative ones count from the end. Conditions are 1 and 0.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Shape = tuple[int, ...]
Parameters = tuple[Any, ...]


def _without(shape: Shape, axes: tuple[int, ...]) -> Shape:
    return tuple([size for axis, size in enumerate(shape) if axis not in axes])


def _with(shape: Shape, axis: int, size: int) -> Shape:
    return (*shape[:axis], size, *shape[axis + 1 :])


def _reduced(parameters: Parameters, x: Shape) -> Shape:
    return _without(x, parameters[0])


def _gathered(parameters: Parameters, x: Shape, indices: Shape) -> Shape:
    (axis,) = parameters
    return x[:axis] + indices + x[axis + 1 :]


def _scattered(parameters: Parameters, x: Shape, indices: Shape) -> Shape:
    axis, size = parameters
    return (*x[:axis], size, *x[axis + len(indices) :])


def _contracted(parameters: Parameters, x: Shape, y: Shape) -> Shape:
    operands, result = parameters[0].split("->")
    first, second = operands.split(",")
    sizes = dict(zip(first + second, x + y, strict=True))
    return tuple([sizes[index] for index in result])


def _concatenated(parameters: Parameters, *operands: Shape) -> Shape:
    (axis,) = parameters
    return _with(operands[0], axis, sum([shape[axis] for shape in operands]))


SHAPES: dict[str, Callable[..., Shape]] = {
    "reshape": lambda parameters, x: parameters[0],
    "transpose": lambda parameters, x: tuple([x[axis] for axis in parameters[0]]),
    "broadcast": lambda parameters, x: parameters[0],
    "slice": lambda parameters, x: tuple([count for _, count, _ in parameters]),
    "place": lambda parameters, x: parameters[0],
    "gather": _gathered,
    "scatter_add": _scattered,
    "take_along": lambda parameters, x, indices: indices,
    "put_along": lambda parameters, x, indices: _with(x, *parameters),
    "concatenate": _concatenated,
    "reduce_sum": _reduced,
    "reduce_max": _reduced,
    "reduce_min": _reduced,
    "cumsum": lambda parameters, x: x,
    "argsort": lambda parameters, x: x,
    "argmax": lambda parameters, x: _without(x, parameters),
    "argmin": lambda parameters, x: _without(x, parameters),
    "einsum": _contracted,
    "cholesky": lambda parameters, a: a,
    "solve_triangular": lambda parameters, a, b: b,
    "solve": lambda parameters, a, b: b,
    "inv": lambda parameters, a: a,
    "det": lambda parameters, a: a[:-2],
    "logabsdet": lambda parameters, a: a[:-2],
    "detsign": lambda parameters, a: a[:-2],
    "eigvalsh": lambda parameters, a: a[:-1],
    "eigvecsh": lambda parameters, a: a,
    "stop_gradient": lambda parameters, x: x,
}
"""Shape of the result, by parameters and the shapes of the operands. The caller has checked that they fit."""
