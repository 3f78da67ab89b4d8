"""Linear algebra of small matrices in numbers: elimination, minors, and Cholesky's factor."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from app.language.arrays.call import ArrayCall
from app.language.expression.values import Value
from app.language.lowering.cells import Array, as_array, filled

if TYPE_CHECKING:
    from app.language.lowering.walk import Lowering

_MAX_LAPLACE = 4
"""Largest matrix whose determinant is expanded by minors, which is exact for a singular matrix."""

Rows = list[list[Value]]


def _for_each(function: Callable[..., Any]) -> Callable[..., Array]:
    """Return the rule of a function of matrices; axes before the last two hold several of them."""

    def rule(low: Lowering, parameters: tuple[Any, ...], *operands: Array) -> Array:
        call = ArrayCall(low.builder, "", {}, low.offset)
        outer = operands[0].shape[:-2]
        low.builder.charge(operands[0].size * operands[0].shape[-1], low.offset)
        found = [as_array(function(call, *parameters, *[x[at] for x in operands])) for at in np.ndindex(outer)]
        return np.stack(found).reshape(outer + found[0].shape) if found else np.empty(operands[-1].shape, object)

    return rule


def _det(call: ArrayCall, matrix: Array) -> Value:
    if len(matrix) <= _MAX_LAPLACE:
        return _minors(call, matrix)
    sign, rows = _eliminated(call, matrix)
    return call.mul(sign, *[row[i] for i, row in enumerate(rows)])


def _minors(call: ArrayCall, matrix: Array) -> Value:
    """Return the determinant by Laplace's expansion along the rows, each minor computed once."""
    size = len(matrix)
    found: dict[tuple[int, ...], Value] = {}
    for row in range(size - 1, -1, -1):
        choices = itertools.combinations(range(size), size - row)
        found = {columns: _expanded(call, matrix[row], columns, found) for columns in choices}
    return found[tuple(range(size))]


def _expanded(call: ArrayCall, row: Array, columns: tuple[int, ...], minors: Mapping[tuple[int, ...], Value]) -> Value:
    if len(columns) == 1:
        found: Value = row[columns[0]]
        return found
    others = [minors[columns[:place] + columns[place + 1 :]] for place in range(len(columns))]
    terms = [call.mul(row[column], minor) for column, minor in zip(columns, others, strict=True)]
    return call.builder.sum(terms, ("+-" * len(terms))[: len(terms)], call.offset)


def _eliminated(call: ArrayCall, matrix: Array) -> tuple[Value, Rows]:
    """Return the sign of the row exchanges and the rows in upper triangular form.

    Gaussian elimination with partial pivoting (Golub & Van Loan, 4th ed. 2013, section 3.4); which row is the pivot
    depends on the point, so rows are exchanged by selecting.
    """
    rows: Rows = matrix.tolist()
    size = len(rows)
    sign = call.builder.leaf(1)
    for column in range(size):
        for other in range(column + 1, size):
            larger = call.of("greater", call.of("abs", rows[other][column]), call.of("abs", rows[column][column]))
            first, second = rows[column], rows[other]
            rows[column] = [call.select(larger, b, a) for a, b in zip(first, second, strict=True)]
            rows[other] = [call.select(larger, a, b) for a, b in zip(first, second, strict=True)]
            sign = call.select(larger, call.builder.negative(sign, call.offset), sign)
        for other in range(column + 1, size):
            factor = call.div(rows[other][column], rows[column][column])
            for place in range(column + 1, len(rows[0])):
                rows[other][place] = call.sub(rows[other][place], call.mul(factor, rows[column][place]))
    return sign, rows


def _back(call: ArrayCall, matrix: Rows, right: Array) -> Array:
    """Return x of matrix @ x = right, of an upper triangular matrix, whose other triangle is not read."""
    found = np.empty(right.shape, object)
    for i in range(len(matrix) - 1, -1, -1):
        for place in range(right.shape[1]):
            known = [call.mul(matrix[i][j], found[j, place]) for j in range(i + 1, len(matrix))]
            found[i, place] = call.div(_less(call, right[i, place], known), matrix[i][i])
    return found


def _solve(call: ArrayCall, matrix: Array, right: Array) -> Array:
    call.builder.charge(right.size * len(matrix), call.offset)
    _, rows = _eliminated(call, np.concatenate([matrix, right], axis=1))
    columns = [row[len(matrix) :] for row in rows]
    return _back(call, rows, filled([cell for row in columns for cell in row], right.shape)) if right.size else right


def _solve_triangular(call: ArrayCall, lower: bool, transposed: bool, matrix: Array, right: Array) -> Array:
    call.builder.charge(right.size * len(matrix), call.offset)
    matrix = matrix.T if transposed else matrix
    if lower == transposed:
        return _back(call, matrix.tolist(), right)
    return _back(call, matrix[::-1, ::-1].tolist(), right[::-1])[::-1]  # read from its end, it is an upper one


def _inv(call: ArrayCall, matrix: Array) -> Array:
    unit = [call.builder.leaf(int(i == j)) for i, j in np.ndindex(matrix.shape)]
    return _solve(call, matrix, filled(unit, matrix.shape))


def _detsign(call: ArrayCall, matrix: Array) -> Value:
    sign, rows = _eliminated(call, matrix)
    return call.mul(sign, *[call.of("sign", row[i]) for i, row in enumerate(rows)])


def _logabsdet(call: ArrayCall, matrix: Array) -> Value:
    _, rows = _eliminated(call, matrix)
    return call.add(*[call.of("log", call.of("abs", row[i])) for i, row in enumerate(rows)])


def _cholesky(call: ArrayCall, matrix: Array) -> Array:
    found = np.full(matrix.shape, call.builder.leaf(0), object)
    for i in range(len(matrix)):
        for j in range(i + 1):
            known = [call.mul(found[i, k], found[j, k]) for k in range(j)]
            rest = _less(call, _even(call, matrix[i, j], matrix[j, i]), known)
            found[i, j] = call.of("sqrt", rest) if i == j else call.div(rest, found[j, j])
    return found


def _less(call: ArrayCall, value: Value, terms: Sequence[Value]) -> Value:
    """Return value - terms[0] - terms[1] - ..."""
    return call.builder.sum([value, *terms], "+" + "-" * len(terms), call.offset) if terms else value


def _even(call: ArrayCall, x: Value, y: Value) -> Value:
    """Return the mean of an entry and its mirror image, as JAX makes a matrix symmetric."""
    return x if x.node is y.node else call.div(call.add(x, y), call.builder.leaf(2))


RULES = {
    "det": _for_each(_det), "detsign": _for_each(_detsign), "logabsdet": _for_each(_logabsdet),
    "inv": _for_each(_inv), "solve": _for_each(_solve), "solve_triangular": _for_each(_solve_triangular),
    "cholesky": _for_each(_cholesky),
}  # fmt: skip
"""Rules of linear algebra, see ``rules``."""
