"""How NumPy computes einsum of two arrays: as a product of matrices, for which it has BLAS.

index of   x, y, result   "shared"       runs along
           x, y           "summed"
           x, result      "rows"         may be of y alone: "columns"
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from app.autodiff.arrays.primitives import subscripts
from app.autodiff.arrays.tape import Parameters, Shape, elements

Value = Callable[..., Any]


def make(parameters: Parameters, x: Shape, y: Shape) -> Value:
    """Return the function of two arrays of these shapes that computes einsum."""
    first, second, result = subscripts(parameters)
    sizes = dict(zip(first + second, x + y, strict=True))
    alone = [_alone(own, far + result) for own, far in ((first, second), (second, first))]
    if any(alone):
        return _after_sums(first, second, result, alone, x, y)
    summed = [letter for letter in first if letter in second and letter not in result]
    shared = [letter for letter in result if letter in first and letter in second]
    rows = [letter for letter in result if letter in first and letter not in second]
    columns = [letter for letter in result if letter in second and letter not in first]
    if not summed:
        return _aligned(first, second, result, sizes)
    if not rows and not columns and shared:
        text = parameters[0]
        return lambda x, y: np.einsum(text, x, y)
    if not (rows or columns):
        return _dot(first, second)
    # The order whose result needs no transposing is better for what follows.
    if "".join([*shared, *columns, *rows]) == result and columns:
        product = _matrices(second, first, result, (shared, columns, summed, rows), sizes)
        return lambda x, y: product(y, x)
    return _matrices(first, second, result, (shared, rows, summed, columns), sizes)


def _alone(own: str, others: str) -> tuple[int, ...]:
    return tuple([axis for axis, letter in enumerate(own) if letter not in others])


def _after_sums(first: str, second: str, result: str, alone: list[tuple[int, ...]], x: Shape, y: Shape) -> Value:
    """Return einsum after the sum over the indices that one operand alone has."""
    left, right = alone
    kept = ["".join([c for c in own if c in far + result]) for own, far in ((first, second), (second, first))]
    shapes = [
        tuple([size for axis, size in enumerate(shape) if axis not in own]) for shape, own in ((x, left), (y, right))
    ]
    inner = make((f"{kept[0]},{kept[1]}->{result}",), *shapes)
    return lambda x, y: inner(np.add.reduce(x, axis=left), np.add.reduce(y, axis=right))


def _arranged(own: str, wanted: str, shape: Shape | None) -> Value:
    """Return the function that orders the axes of an array and then shapes it."""
    axes = tuple([own.index(letter) for letter in wanted])
    if axes == tuple(range(len(axes))):
        return (lambda x: x) if shape is None else lambda x: x.reshape(shape)
    if shape is None:
        return lambda x: x.transpose(axes)
    return lambda x: x.transpose(axes).reshape(shape)


def _aligned(first: str, second: str, result: str, sizes: dict[str, int]) -> Value:
    """Return the product without sums: both operands get the axes of the result."""
    sides = []
    for own in (first, second):
        order = "".join([letter for letter in result if letter in own])
        shape = tuple([sizes[letter] if letter in own else 1 for letter in result])
        sides.append(_arranged(own, order, None if order == result else shape))
    left, right = sides
    return lambda x, y: np.multiply(left(x), right(y))


def _dot(first: str, second: str) -> Value:
    """Return the sum of all products."""
    if len(first) == 1:
        return np.dot
    arrange = _arranged(second, first, None)
    return lambda x, y: np.dot(np.ravel(x), np.ravel(arrange(y)))


def _matrices(first: str, second: str, result: str, groups: tuple[list[str], ...], sizes: dict[str, int]) -> Value:
    """Return the product of matrices x (shared, rows, summed) and y (shared, summed, columns)."""
    shared, rows, summed, columns = groups
    lead = tuple([sizes[letter] for letter in shared])
    if not shared and len(summed) == 1 and len(rows) <= 1 and len(columns) <= 1:
        left, right = _arranged(first, "".join(rows + summed), None), _arranged(second, "".join(summed + columns), None)
        after = _arranged("".join(rows + columns), result, None)
        if "".join(rows + columns) == result:
            return lambda x, y: np.dot(left(x), right(y))
        return lambda x, y: after(np.dot(left(x), right(y)))
    count = {
        name: elements(tuple([sizes[c] for c in group]))
        for name, group in zip("rsc", (rows, summed, columns), strict=True)
    }
    left = _arranged(first, "".join(shared + rows + summed), (*lead, count["r"], count["s"]))
    right = _arranged(second, "".join(shared + summed + columns), (*lead, count["s"], count["c"]))
    plain = "".join(shared + rows + columns)
    shape = tuple([sizes[letter] for letter in plain])
    axes = tuple([plain.index(letter) for letter in result])

    def call(x: Any, y: Any) -> Any:
        return np.matmul(left(x), right(y)).reshape(shape).transpose(axes)

    return call
