"""Factors of matrices of any shape: QR, singular values, least squares, the pseudo-inverse, and norms of matrices.

QR is Householder's, with the signs of LAPACK. The singular values of A are the eigenvalues above 0 of the symmetric
matrix [[0, A], [A.T, 0]], whose eigenvectors are the singular vectors (Golub and Van Loan 2013, section 8.6.1): so
they are as accurate as those of LAPACK, which those of A.T @ A are not.
"""

from __future__ import annotations

import math

import numpy as np

from app import errors
from app.language.arrays.call import ArrayCall, ArrayWord
from app.language.arrays.linear import products
from app.language.arrays.linear.matrix_functions import solved, turned
from app.language.arrays.words import reductions
from app.language.arrays.words.scans import part
from app.language.expression.values import Value, tuple_of

_SQUARE_ROOT_OF_2 = math.sqrt(2)


def _matrix(call: ArrayCall, name: str) -> Value:
    (found,) = call.numbers(call.array(name, 2))
    if 0 in found.shape:
        raise call.bad_shape(f"{call.name} of an empty matrix")
    return found


def _product(call: ArrayCall, x: Value, y: Value) -> Value:
    return products.matmul(call.builder, x, y, call.offset, call.name)


def _columns(call: ArrayCall, matrix: Value, start: int, count: int) -> Value:
    return part(call, matrix, 1, start, count)


def _reflected(call: ArrayCall, vector: Value, scale: Value, rows: Value) -> Value:
    """Return rows - scale * vector (vector.T @ rows), a Householder reflection."""
    along = _product(call, vector, rows)
    outer = call.mul(call.reshape(vector, (vector.shape[0], 1)), call.reshape(along, (1, along.shape[0])))
    return call.sub(rows, call.mul(scale, outer))


def qr(call: ArrayCall, matrix: Value, *, complete: bool = False) -> tuple[Value, Value]:
    """Return Q with orthonormal columns and R, upper triangular, with Q @ R = matrix; all columns of Q if complete."""
    rows, columns = matrix.shape
    steps = min(rows - 1, columns)
    call.builder.charge(steps * 16, call.offset)
    left, done, reflectors = matrix, [], []
    for at in range(steps):  # ``left`` is what is not triangular yet, without the rows and columns before
        column = call.reshape(_columns(call, left, 0, 1), (rows - at,))
        first = call.builder.item(column, 0, call.offset)
        length = call.of("sqrt", reductions.total(call, call.of("square", column), (0,)))
        negative = call.of("less", first, call.builder.leaf(0))
        top = call.select(negative, length, call.builder.negative(length, call.offset))
        pivot = call.sub(first, top)
        rest = part(call, column, 0, 1, rows - at - 1)
        vector = call.emit("concatenate", (0,), call.reshape(pivot, (1,)), rest)
        norm = reductions.total(call, call.of("square", vector), (0,))
        none = call.of("equal", norm, call.builder.leaf(0))
        two, one = call.builder.leaf(2), call.builder.leaf(1)
        scale = call.select(none, call.builder.leaf(0), call.div(two, call.select(none, one, norm)))
        reflectors.append((vector, scale))
        left = _reflected(call, vector, scale, left)
        done.append(part(call, left, 0, 0, 1))
        left = part(call, _columns(call, left, 1, columns - at - 1), 0, 1, rows - at - 1)
    width = rows if complete else min(rows, columns)
    return _orthogonal(call, reflectors, rows, width), _triangle(call, done, left, width, columns)


def _triangle(call: ArrayCall, done: list[Value], left: Value, rows: int, columns: int) -> Value:
    """Return rows that become shorter, and what is left below them, as a matrix."""
    shape, blocks = (rows, columns), []
    for at, row in enumerate(done):
        places = ((at, 1, 1), (at, row.shape[1], 1))
        blocks.append(call.emit("place", (shape, places), row))
    count = min(left.shape[0], rows - len(done)) if left.shape[1] else 0
    if count:
        places = ((len(done), count, 1), (len(done), left.shape[1], 1))
        blocks.append(call.emit("place", (shape, places), part(call, left, 0, 0, count)))
    return call.add(*blocks) if len(blocks) > 1 else blocks[0]


def _orthogonal(call: ArrayCall, reflectors: list[tuple[Value, Value]], rows: int, columns: int) -> Value:
    found = call.known(np.eye(rows, columns))
    for at in range(len(reflectors) - 1, -1, -1):
        vector, scale = reflectors[at]
        below = _reflected(call, vector, scale, part(call, found, 0, at, rows - at))
        found = call.emit("concatenate", (0,), part(call, found, 0, 0, at), below) if at else below
    return found


def _qr(call: ArrayCall) -> Value:
    mode = call.value("mode").text if call.has("mode") else "reduced"
    if call.name.startswith(("scipy.", "jax.scipy.", "jsp.", "sla.")):
        mode = {"reduced": "complete", "full": "complete", "economic": "reduced"}.get(mode, mode)
    if mode not in {"reduced", "r", "complete"}:
        hint = 'modes are "reduced", "r" and "complete"'
        raise errors.SyntaxRejected(f"this mode of {call.name} is not in the language", hint=hint, offset=call.offset)
    orthogonal, triangle = qr(call, _matrix(call, "a"), complete=mode == "complete")
    if mode == "r":
        return triangle
    return _named(tuple_of((orthogonal, triangle)), "Q R")


def _named(found: Value, names: str) -> Value:
    """Return a tuple whose items are attributes, too."""
    found.text = names
    return found


# Singular values


def _pairs(call: ArrayCall, matrix: Value) -> Value:
    """Return [[0, A], [A.T, 0]]."""
    rows, columns = matrix.shape
    shape = (rows + columns, rows + columns)
    upper = call.emit("place", (shape, ((0, rows, 1), (rows, columns, 1))), matrix)
    lower = call.emit("place", (shape, ((rows, columns, 1), (0, rows, 1))), turned(call, matrix))
    return call.add(upper, lower)


def singular_values(call: ArrayCall, matrix: Value) -> Value:
    """Return the singular values of a matrix, in descending order."""
    count, size = min(matrix.shape), sum(matrix.shape)
    found = call.emit("slice", ((size - 1, count, -1),), call.emit("eigvalsh", (), _pairs(call, matrix)))
    return call.of("abs", found)


def _svd(call: ArrayCall) -> Value:
    """Return (U, S, Vh) of as many columns and rows as there are singular values; S alone if so asked."""
    matrix = _matrix(call, "a")
    rows, columns = matrix.shape
    if not call.flag("compute_uv", default=True):
        return singular_values(call, matrix)
    if rows != columns and call.flag("full_matrices", default=True):
        hint = f"write {call.name}(A, full_matrices=False)"
        raise errors.SyntaxRejected("singular vectors of the value 0 are not determined", hint=hint, offset=call.offset)
    tall = matrix if rows >= columns else turned(call, matrix)
    orthogonal, square = qr(call, tall) if rows != columns else (None, tall)
    size = square.shape[0]
    pairs = _pairs(call, square)
    values = call.emit("slice", ((2 * size - 1, size, -1),), call.emit("eigvalsh", (), pairs))
    vectors = call.emit("eigvecsh", (), pairs)
    halves = [
        call.mul(
            call.builder.leaf(_SQUARE_ROOT_OF_2),
            call.emit("slice", ((start, size, 1), (2 * size - 1, size, -1)), vectors),
        )
        for start in (0, size)
    ]
    left = halves[0] if orthogonal is None else _product(call, orthogonal, halves[0])
    right = halves[1]
    if rows < columns:
        left, right = right, left
    return _named(tuple_of((left, call.of("abs", values), turned(call, right))), "U S Vh")


# Least squares


def _solution(call: ArrayCall, matrix: Value, right: Value) -> Value:
    """Return the least squares solution, or of many the least, for a matrix of full rank."""
    rows, columns = matrix.shape
    if rows >= columns:
        orthogonal, triangle = qr(call, matrix)
        return solved(call, triangle, _product(call, turned(call, orthogonal), right), lower=False, transposed=False)
    orthogonal, triangle = qr(call, turned(call, matrix))
    return _product(call, orthogonal, solved(call, triangle, right, lower=False, transposed=True))


def _lstsq(call: ArrayCall) -> Value:
    """Return (solution, sums of squares of what is left, rank, singular values) for a matrix of full rank."""
    matrix, right = _matrix(call, "a"), call.numbers(call.array("b"))[0]
    rows, columns = matrix.shape
    if len(right.shape) not in {1, 2} or right.shape[0] != rows:
        raise call.bad_shape(f"{call.name} of shapes {list(matrix.shape)} and {list(right.shape)}")
    found = _solution(call, matrix, right)
    left = call.of("square", call.sub(right, _product(call, matrix, found)))
    sums = reductions.total(call, left, (0,))
    rest = call.reshape(sums, (math.prod(sums.shape),)) if rows > columns else call.known(np.empty(0))
    rank = call.builder.leaf(min(rows, columns))
    return tuple_of((found, rest, rank, singular_values(call, matrix)))


def _pinv(call: ArrayCall) -> Value:
    matrix = _matrix(call, "a")
    return _solution(call, matrix, call.known(np.eye(matrix.shape[0])))


# Norms


def norm(call: ArrayCall, array: Value, axes: tuple[int, ...]) -> Value:
    """Return a norm of matrices along two axes, by ``ord``: "fro", "nuc", 1, -1, 2, -2, inf or -inf."""
    given = call.value("ord") if call.has("ord") else None
    order = "fro" if given is None else given.text if given.kind == "text" else given.constant
    rows, columns = axes if not call.has("axis") else [call.checked_axis(a, array.shape) for a in call.integers("axis")]
    if order == "fro":
        return call.of("sqrt", reductions.total(call, call.of("square", array), axes))
    if order in {1, -1, math.inf, -math.inf}:
        inner, outer = (rows, columns) if abs(order) == 1 else (columns, rows)
        sums = reductions.total(call, call.of("abs", array), (inner,))
        return (reductions.greatest if order > 0 else reductions.least)(call, sums, (outer - (inner < outer),))
    if order not in {2, -2, "nuc"} or len(array.shape) != 2:
        hint = 'ord of a matrix is "fro", "nuc", 1, -1, 2, -2, inf or -inf'
        raise errors.SyntaxRejected(f"this ord of {call.name} is not in the language", hint=hint, offset=call.offset)
    values = singular_values(call, call.numbers(array)[0])
    if order == "nuc":
        return reductions.total(call, values, (0,))
    return call.builder.item(values, 0 if order == 2 else min(array.shape) - 1, call.offset)


def _norm_of(call: ArrayCall) -> Value:
    """Return numpy.linalg.norm: of vectors along an axis; of matrices over two axes, or if ``ord`` is given."""
    array = call.array("x")
    bare = call.name.rpartition(".")[2]
    count = len(call.integers("axis")) if call.has("axis") else len(array.shape)
    if bare == "matrix_norm" or (bare != "vector_norm" and count == 2 and (call.has("ord") or call.has("axis"))):
        if count != 2:
            raise call.bad_shape(f"{call.name} of a matrix takes two axes")
        return reductions.along(call, array, norm)
    if bare != "vector_norm" and count > 1 and call.has("ord"):
        raise call.bad_shape(f"{call.name} takes no ord for {count} axes")
    return reductions.along(call, array, reductions.norm)


FUNCTIONS: dict[str, ArrayWord] = {
    "qr": _qr, "svd": _svd, "lstsq": _lstsq, "pinv": _pinv, "norm": _norm_of,
    "svdvals": lambda call: singular_values(call, _matrix(call, "a")),
}  # fmt: skip
