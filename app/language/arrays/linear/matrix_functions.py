"""Triangular and Cholesky solvers, eigenvalues and the exponential of matrices."""

from __future__ import annotations

import math

import numpy as np

from app import errors
from app.language.arrays.call import ArrayCall, ArrayWord
from app.language.arrays.linear import products
from app.language.arrays.words import reductions
from app.language.expression.values import Shape, Value, tuple_of

_TRANSPOSED = {"N": False, "T": True, "C": True}

_THETA = 5.371920351148152
"""Largest norm for which the approximant of expm is exact to a rounding (Higham 2005, table 2.3)."""

_PADE = (
    64764752532480000, 32382376266240000, 7771770303897600, 1187353796428800, 129060195264000, 10559470521600,
    670442572800, 33522128640, 1323241920, 40840800, 960960, 16380, 182, 1,
)  # fmt: skip
"""Coefficients of the [13/13] Padé approximant of the exponential (Higham 2005, equation 2.11)."""

_MAX_SQUARINGS = 16
"""The exponential of a matrix of a norm beyond ``_THETA * 2**16`` is nan, as in JAX."""


def matrices(call: ArrayCall, name: str) -> Value:
    """Return an operand as square matrices; axes before the last two hold several of them."""
    found = call.array(name)
    if len(found.shape) < 2 or found.shape[-1] != found.shape[-2] or not found.shape[-1]:
        raise call.bad_shape(f"{call.name} takes a square matrix, not one of shape {list(found.shape)}")
    return call.numbers(found)[0]


def turned(call: ArrayCall, matrix: Value) -> Value:
    """Return the transpose of matrices."""
    rank = len(matrix.shape)
    return call.emit("transpose", ((*range(rank - 2), rank - 1, rank - 2),), matrix)


def right_hand(call: ArrayCall, matrix: Value, right: Value) -> tuple[Value, Value, Shape]:
    """Return matrices, right-hand sides as columns beside them, and the shape that a solution gets."""
    size, vector = matrix.shape[-1], len(right.shape) == 1
    wide = call.reshape(right, (*right.shape, 1)) if vector else right
    try:
        if not right.shape or wide.shape[-2] != size:
            raise ValueError
        stack = np.broadcast_shapes(matrix.shape[:-2], wide.shape[:-2])
    except ValueError:
        raise call.bad_shape(f"{call.name} of shapes {list(matrix.shape)} and {list(right.shape)}") from None
    many = call.broadcast(matrix, (*stack, size, size))
    wide = call.broadcast(wide, (*stack, size, wide.shape[-1]))
    return many, call.numbers(wide)[0], wide.shape[:-1] if vector else wide.shape


def solved(call: ArrayCall, matrix: Value, right: Value, *, lower: bool, transposed: bool) -> Value:
    """Return x of matrix @ x = right, of a triangular matrix whose other triangle is not read."""
    many, wide, shape = right_hand(call, matrix, right)
    return call.reshape(call.emit("solve_triangular", (lower, transposed), many, wide), shape)


def _solve_triangular(call: ArrayCall) -> Value:
    matrix, right = matrices(call, "a"), call.array("b")
    if call.flag("unit_diagonal", default=False):
        diagonal = call.known(np.eye(matrix.shape[-1], dtype=bool))
        matrix = call.select(diagonal, call.builder.leaf(1), matrix)
    lower = call.flag("lower", default=False)
    return solved(call, matrix, right, lower=lower, transposed=_transposed(call))


def _transposed(call: ArrayCall) -> bool:
    """Return whether ``trans`` asks for the transpose: 0, 1, 2, or "N", "T", "C"."""
    given = call.value("trans") if call.has("trans") else call.builder.leaf(0)
    found = _TRANSPOSED.get(given.text) if given.kind == "text" else {0: False, 1: True, 2: True}.get(given.constant)
    if found is None:
        raise errors.SyntaxRejected("trans is 0, 1 or 2", offset=call.offset)
    return found


def _cho_factor(call: ArrayCall) -> Value:
    """Return the factor and whether it is the lower one; the other triangle is zero."""
    lower = call.flag("lower", default=False)
    factor = call.emit("cholesky", (), matrices(call, "a"))
    return tuple_of((factor if lower else turned(call, factor), call.builder.truth(lower)))


def _cho_solve(call: ArrayCall) -> Value:
    given = call.value("c")
    if given.kind != "tuple" or len(given.items) != 2 or given.items[1].constant is None or given.items[1].shape:
        hint = "write cho_solve(cho_factor(a), b) or cho_solve((L, True), b)"
        raise errors.SyntaxRejected("cho_solve takes a factor and whether it is lower", hint=hint, offset=call.offset)
    lower = bool(given.items[1].constant)
    inner = ArrayCall(call.builder, call.name, {"c": given.items[0]}, call.offset)
    factor = matrices(inner, "c")
    half = solved(call, factor, call.array("b"), lower=lower, transposed=not lower)
    return solved(call, factor, half, lower=lower, transposed=lower)


def _eigh(call: ArrayCall) -> Value:
    matrix = matrices(call, "a")
    found = tuple_of((call.emit("eigvalsh", (), matrix), call.emit("eigvecsh", (), matrix)))
    found.text = "eigenvalues eigenvectors"
    return found


def _expm(call: ArrayCall) -> Value:
    """Return the exponential by scaling and squaring (Higham 2005, algorithm 2.3).

    The number of squarings depends on the point; which of the ``_MAX_SQUARINGS`` are done is selected.
    """
    matrix = matrices(call, "x")
    squarings = _squarings(call, matrix)
    scale = _beside(call, call.of("power", call.builder.leaf(2.0), call.builder.negative(squarings, call.offset)))
    found = _approximant(call, call.mul(matrix, scale))
    for done in range(_MAX_SQUARINGS):
        more = _beside(call, call.of("greater", squarings, call.builder.leaf(done)))
        found = call.select(more, _product(call, found, found), found)
    enough = _beside(call, call.of("less_equal", squarings, call.builder.leaf(_MAX_SQUARINGS)))
    return call.select(enough, found, call.builder.named("nan", math.nan))


def _squarings(call: ArrayCall, matrix: Value) -> Value:
    """Return how many squarings each matrix needs, by its norm: the greatest sum of a column."""
    rank = len(matrix.shape)
    sums = reductions.total(call, call.of("abs", matrix), (rank - 2,))
    norm = reductions.greatest(call, sums, (rank - 2,))
    needed = call.of("ceil", call.of("log2", call.div(norm, call.builder.leaf(_THETA))))
    return call.emit("stop_gradient", (), call.of("maximum", needed, call.builder.leaf(0)))


def _beside(call: ArrayCall, value: Value) -> Value:
    """Return a number for each matrix with two more axes."""
    return call.reshape(value, (*value.shape, 1, 1)) if value.shape else value


def _approximant(call: ArrayCall, matrix: Value) -> Value:
    """Return (V - U)^-1 (V + U), U and V being the odd and the even powers of the numerator."""
    unit = call.known(np.eye(matrix.shape[-1], dtype=int))
    square = _product(call, matrix, matrix)
    fourth = _product(call, square, square)
    sixth = _product(call, fourth, square)
    powers = unit, square, fourth, sixth
    halves = [_even_powers(call, powers, odd) for odd in (1, 0)]
    odd, even = _product(call, matrix, halves[0]), halves[1]
    return call.emit("solve", (), call.sub(even, odd), call.add(even, odd))


def _even_powers(call: ArrayCall, powers: tuple[Value, ...], odd: int) -> Value:
    """Return the sum of the coefficients of one parity, times the even powers."""
    low = [call.mul(call.builder.leaf(_PADE[2 * i + odd]), power) for i, power in enumerate(powers)]
    high = [call.mul(call.builder.leaf(_PADE[2 * i + 6 + odd]), powers[i]) for i in (1, 2, 3)]
    return call.add(*low, _product(call, powers[3], call.add(*high)))


def _product(call: ArrayCall, x: Value, y: Value) -> Value:
    return products.matmul(call.builder, x, y, call.offset, call.name)


FUNCTIONS: dict[str, ArrayWord] = {
    "solve_triangular": _solve_triangular, "cho_factor": _cho_factor, "cho_solve": _cho_solve, "eigh": _eigh,
    "eigvalsh": lambda call: call.emit("eigvalsh", (), matrices(call, "a")), "expm": _expm,
}  # fmt: skip
