"""Linear algebra of small matrices, unrolled."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence

import numpy as np

from app import errors
from app.language.unrolled.arguments import ArrayFunction, VariadicFunction, WordCall, filled
from app.language.unrolled.products import matmul
from app.language.values import Cells, Value, array_of, tuple_of

_MAX_LAPLACE = 4
"""Largest matrix whose determinant is expanded by minors, which is exact for a singular matrix."""


def _det(call: WordCall) -> Value:
    cells = call.square("x")
    if len(cells) <= _MAX_LAPLACE:
        return _minors(call, cells)
    sign, rows = _eliminated(call, cells)
    return call.product([sign, *[row[i] for i, row in enumerate(rows)]])


def _minors(call: WordCall, cells: Cells) -> Value:
    """Return the determinant by Laplace's expansion along the rows, each minor computed once."""
    size = len(cells)
    found: dict[tuple[int, ...], Value] = {(): call.builder.leaf(1)}
    for row in range(size - 1, -1, -1):
        choices = itertools.combinations(range(size), size - row)
        found = {columns: _expanded(call, cells[row], columns, found) for columns in choices}
    return found[tuple(range(size))]


def _expanded(call: WordCall, row: Cells, columns: tuple[int, ...], minors: Mapping[tuple[int, ...], Value]) -> Value:
    if len(columns) == 1:
        return call.builder.number(row[columns[0]], call.offset)
    others = [minors[columns[:place] + columns[place + 1 :]] for place in range(len(columns))]
    terms = [call.product((row[column], minor)) for column, minor in zip(columns, others, strict=True)]
    return call.builder.sum(terms, ("+-" * len(terms))[: len(terms)], call.offset)


def _eliminated(call: WordCall, cells: Cells) -> tuple[Value, list[list[Value]]]:
    """Return the sign of the row exchanges and the rows in upper triangular form.

    Gaussian elimination with partial pivoting (Golub & Van Loan, 4th ed. 2013, section 3.4); which row is the pivot
    depends on the point, so rows are exchanged by selecting.
    """
    rows = [call.numbers(row) for row in cells.tolist()]
    size = len(rows)
    call.builder.charge(size**2 * len(rows[0]), call.offset)
    sign = call.builder.leaf(1)
    for column in range(size):
        for other in range(column + 1, size):
            larger = call.of("greater", call.of("abs", rows[other][column]), call.of("abs", rows[column][column]))
            first, second = rows[column], rows[other]
            rows[column] = [call.builder.choose(larger, b, a, call.offset) for a, b in zip(first, second, strict=True)]
            rows[other] = [call.builder.choose(larger, a, b, call.offset) for a, b in zip(first, second, strict=True)]
            sign = call.builder.choose(larger, call.builder.negative(sign, call.offset), sign, call.offset)
        for other in range(column + 1, size):
            factor = call.div(rows[other][column], rows[column][column])
            for place in range(column + 1, len(rows[0])):
                step = call.product((factor, rows[column][place]))
                rows[other][place] = call.sub(rows[other][place], step)
    return sign, rows


def _solved(call: WordCall, cells: Cells, right: Cells) -> Cells:
    """Return x of cells @ x = right, right having two axes."""
    size = len(cells)
    _, rows = _eliminated(call, np.concatenate([cells, right], axis=1))
    found = np.empty(right.shape, object)
    for place in range(right.shape[1]):
        for i in range(size - 1, -1, -1):
            known = [call.product((rows[i][j], found[j, place])) for j in range(i + 1, size)]
            found[i, place] = call.div(_less(call, rows[i][size + place], known), rows[i][i])
    return found


def _less(call: WordCall, value: Value, terms: Sequence[Value]) -> Value:
    """Return value - terms[0] - terms[1] - ..."""
    return call.builder.sum([value, *terms], "+" + "-" * len(terms), call.offset) if terms else value


def _solve(call: WordCall) -> Value:
    cells, right = call.square("a"), call.cells("b")
    if right.ndim not in {1, 2} or len(right) != len(cells):
        raise call.bad_shape(f"solve of shapes {list(cells.shape)} and {list(right.shape)}")
    found = _solved(call, cells, right.reshape(len(cells), -1))
    return array_of(found.reshape(right.shape))


def _inv(call: WordCall) -> Value:
    cells = call.square("x")
    return array_of(_solved(call, cells, _diagonal_of([call.builder.leaf(1)] * len(cells), call)))


def _slogdet(call: WordCall) -> Value:
    sign, rows = _eliminated(call, call.square("x"))
    pivots = [row[i] for i, row in enumerate(rows)]
    signs = call.product([sign, *[call.of("sign", pivot) for pivot in pivots]])
    return tuple_of((signs, call.sum([call.of("log", call.of("abs", pivot)) for pivot in pivots])))


def _cholesky(call: WordCall) -> Value:
    cells = call.square("x")
    size = len(cells)
    call.builder.charge(size**3, call.offset)
    found = filled([call.builder.leaf(0)] * size**2, (size, size))
    for i in range(size):
        for j in range(i + 1):
            known = [call.product((found[i, k], found[j, k])) for k in range(j)]
            rest = _less(call, _even(call, cells[i, j], cells[j, i]), known)
            found[i, j] = call.of("sqrt", rest) if i == j else call.div(rest, found[j, j])
    return array_of(found)


def _even(call: WordCall, x: Value, y: Value) -> Value:
    """Return the mean of an entry and its mirror image, as JAX makes a matrix symmetric."""
    x, y = call.numbers((x, y))
    return x if x.node is y.node else call.div(call.sum((x, y)), call.builder.leaf(2))


def _diagonal_of(cells: Sequence[Value], call: WordCall, place: int = 0) -> Cells:
    size = len(cells) + abs(place)
    call.builder.charge(size**2, call.offset)
    found = filled([call.builder.leaf(0)] * size**2, (size, size))
    for i, cell in enumerate(cells):
        found[i + max(0, -place), i + max(0, place)] = cell
    return found


def _diag(call: WordCall) -> Value:
    cells, place = call.cells("x"), call.integer("k", 0)
    if cells.ndim == 1:
        return array_of(_diagonal_of(cells.tolist(), call, place))
    return array_of(np.diagonal(call.cells("x", 2), place).copy())


def _triangle(call: WordCall, keep: Callable[[int, int, int], bool]) -> Value:
    found, place = call.cells("x", 2).copy(), call.integer("k", 0)
    for i, j in np.ndindex(found.shape):
        if not keep(i, j, place):
            found[i, j] = call.builder.leaf(0)
    return array_of(found)


def _matrix_power(call: WordCall) -> Value:
    cells, power = call.square("x"), call.integer("n", 1)
    if not 0 <= power <= 64:
        raise errors.SyntaxRejected("matrix_power takes n from 0 to 64", offset=call.offset)
    total = array_of(_diagonal_of([call.builder.leaf(1)] * len(cells), call))
    for _ in range(power):
        total = matmul(call.builder, total, array_of(cells), call.offset)
    return total


def _multi_dot(call: WordCall, operands: list[Value]) -> Value:
    matrices = call.builder.items(operands[0], call.offset)
    if not matrices:
        raise call.bad_shape("multi_dot of nothing")
    first, *rest = matrices
    for each in rest:
        first = matmul(call.builder, first, each, call.offset)
    return first


FUNCTIONS: dict[str, ArrayFunction] = {
    "det": _det, "slogdet": _slogdet, "inv": _inv, "solve": _solve, "cholesky": _cholesky,
    "matrix_power": _matrix_power, "diag": _diag,
    "trace": lambda call: call.sum(np.diagonal(call.cells("x", 2), call.integer("offset", 0)).tolist()),
    "diagonal": lambda call: array_of(np.diagonal(call.cells("x", 2), call.integer("offset", 0)).copy()),
    "tril": lambda call: _triangle(call, lambda i, j, k: j - i <= k),
    "triu": lambda call: _triangle(call, lambda i, j, k: j - i >= k),
}  # fmt: skip

VARIADIC: dict[str, VariadicFunction] = {"multi_dot": _multi_dot}
