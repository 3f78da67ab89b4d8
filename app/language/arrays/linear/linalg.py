"""Linear algebra: each word is one primitive or a few."""

from __future__ import annotations

import math

import numpy as np

from app import errors
from app.language.arrays.call import ArrayCall, ArrayWord
from app.language.arrays.linear import products
from app.language.arrays.linear.matrix_functions import matrices, right_hand
from app.language.arrays.words import reductions
from app.language.expression.values import Value, tuple_of

_MAX_POWER = 1024
"""Greatest exponent of ``matrix_power``."""


def _of_matrix(opcode: str) -> ArrayWord:
    """Return the function of a word that is one primitive."""
    return lambda call: call.emit(opcode, (), matrices(call, "x"))


def _slogdet(call: ArrayCall) -> Value:
    matrix = matrices(call, "x")
    found = tuple_of((call.emit("detsign", (), matrix), call.emit("logabsdet", (), matrix)))
    found.text = "sign logabsdet"
    return found


def _solve(call: ArrayCall) -> Value:
    many, wide, shape = right_hand(call, matrices(call, "a"), call.array("b"))
    return call.reshape(call.emit("solve", (), many, wide), shape)


def _matrix_power(call: ArrayCall) -> Value:
    """Return a power of a matrix by squaring, a negative one of its inverse."""
    matrix, power = matrices(call, "x"), call.integer("n", 1)
    if abs(power) > _MAX_POWER:
        raise errors.SyntaxRejected(f"matrix_power takes n from -{_MAX_POWER} to {_MAX_POWER}", offset=call.offset)
    if power < 0:
        matrix, power = call.emit("inv", (), matrix), -power
    total: Value | None = None
    while power:
        if power % 2:
            total = matrix if total is None else products.matmul(call.builder, total, matrix, call.offset)
        power //= 2
        if power:
            matrix = products.matmul(call.builder, matrix, matrix, call.offset)
    return call.broadcast(call.known(np.eye(matrix.shape[-1], dtype=int)), matrix.shape) if total is None else total


def _places(rows: int, columns: int, offset: int) -> tuple[int, int, int]:
    """Return the diagonal of a matrix as a slice of its elements, row-major."""
    start = offset if offset >= 0 else -offset * columns
    count = max(min(rows, columns - offset) if offset >= 0 else min(rows + offset, columns), 0)
    return (start if count else 0, count, columns + 1)


def diagonal_of(call: ArrayCall, matrix: Value, offset: int) -> Value:
    rows, columns = matrix.shape
    return call.emit("slice", (_places(rows, columns, offset),), call.reshape(matrix, (rows * columns,)))


def diagonal_matrix(call: ArrayCall, diagonal: Value, shape: tuple[int, int], offset: int) -> Value:
    """Return zeros with a diagonal."""
    places = _places(*shape, offset)
    flat = call.emit("place", ((math.prod(shape),), (places,)), call.broadcast(diagonal, (places[1],)))
    return call.reshape(flat, shape)


def _diag(call: ArrayCall) -> Value:
    array, place = call.array("x"), call.integer("k", 0)
    if len(array.shape) != 1:
        return diagonal_of(call, call.array("x", 2), place)
    size = array.shape[0] + abs(place)
    return diagonal_matrix(call, array, (size, size), place)


def _trace(call: ArrayCall) -> Value:
    return reductions.total(call, diagonal_of(call, call.array("x", 2), call.integer("offset", 0)), (0,))


def _triangle(call: ArrayCall, relation: str) -> Value:
    matrix = call.array("x", 2)
    rows, columns = matrix.shape
    across, down = call.known(np.arange(columns)), call.known(np.arange(rows)[:, None])
    kept = call.of(relation, call.sub(across, down), call.builder.leaf(call.integer("k", 0)))
    return call.select(kept, matrix, call.builder.leaf(0))


FUNCTIONS: dict[str, ArrayWord] = {
    "det": _of_matrix("det"), "inv": _of_matrix("inv"), "cholesky": _of_matrix("cholesky"),
    "slogdet": _slogdet, "solve": _solve, "matrix_power": _matrix_power, "diag": _diag, "trace": _trace,
    "diagonal": lambda call: diagonal_of(call, call.array("x", 2), call.integer("offset", 0)),
    "tril": lambda call: _triangle(call, "less_equal"), "triu": lambda call: _triangle(call, "greater_equal"),
}  # fmt: skip
