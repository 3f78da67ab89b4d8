"""Primitives of arrays over power series: rule(space, opcode, parameters, operands...) -> series.

What is linear acts on each coefficient. A product has the sums of products of the coefficients. Results of linear
algebra follow from what defines them, coefficient by coefficient: A @ X = B for ``solve``, L @ L^T = A for
``cholesky``; or from their derivative, as the determinant and the eigenvalues do.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from app.autodiff.arrays import primitives
from app.autodiff.series import floats

_MINORS = 6
"""Determinants up to this size are computed without division, so that they are right for singular matrices, too."""
_MOST_MINORS, _SINGULAR = 24, 1e8
"""Up to this size also those of matrices whose condition number is above the second number."""

Rule = Callable[..., Any]


def _each(space: Any, opcode: str, parameters: Any, x: Any, *indices: Any) -> Any:
    """Return what is linear in its first operand."""
    where = [space.value(each) for each in indices]
    return space.each(lambda c: floats.primitive(opcode, parameters, c, *where), x)


def _constant(space: Any, opcode: str, parameters: Any, x: Any) -> Any:
    """Return what has the derivative zero everywhere."""
    return floats.primitive(opcode, parameters, space.value(x))


def _concatenate(space: Any, opcode: str, parameters: Any, *operands: Any) -> Any:
    zeros = [space.below.zeros(space.at(x, 0)) for x in operands]

    def following(k: int) -> Any:
        found = [space.at(x, k) for x in operands]
        if all(x is None for x in found):
            return None
        parts = [zero if x is None else x for x, zero in zip(found, zeros, strict=True)]
        return space.below.primitive(opcode, parameters, *parts)

    return space.series(following)


def _extreme(space: Any, opcode: str, parameters: Any, x: Any) -> Any:
    """Return the greatest or least element; those that are equal to it share its derivative evenly."""
    (axes,) = parameters
    value = space.value(x)
    wins = np.equal(value, np.expand_dims(floats.primitive(opcode, parameters, value), axes))
    count = np.sum(wins, axis=axes)
    start = space.below.primitive(opcode, parameters, x[0])

    def share(c: Any) -> Any:
        return np.sum(np.where(wins, c, 0.0), axis=axes) / count

    return space.series(lambda k: start if k == 0 else None if x[k] is None else space.below.each(share, x[k]))


def _einsum(space: Any, _: str, parameters: Any, x: Any, y: Any) -> Any:
    return space.series(lambda k: _contracted(space, k, parameters, x, y))


def _contracted(space: Any, k: int, parameters: Any, x: Any, y: Any, first: int = 0, last: int = 0) -> Any:
    """Return the sum of einsum of x_j and y_(k-j) over j = first ... k - last."""
    pairs = space.pairs(k, x, y, first, last)
    return space.total([space.below.primitive("einsum", parameters, a, b) for a, b, _ in pairs])


# Linear algebra; matrices are the last two axes.


def _product(space: Any, x: Any, text: str = "xy,yz->xz") -> tuple[str]:
    """Return the parameters of einsum for matrices with the leading axes of x."""
    lead = primitives.letters(len(space.shape(x)) - 2, "xyz")
    first, _, rest = text.partition(",")
    second, _, result = rest.partition("->")
    return (f"{lead}{first},{lead}{second}->{lead}{result}",)


def _turned(a: Any) -> Any:
    return np.swapaxes(a, -1, -2)


def _even(a: Any) -> Any:
    return 0.5 * (a + _turned(a))


def _half(a: Any) -> Any:
    """Return the lower triangle with half of the diagonal."""
    return np.tril(a) - 0.5 * np.eye(a.shape[-1]) * a


def _negative(x: Any, y: Any) -> Any:
    """Return x - y of coefficients."""
    if y is None:
        return x
    return -y if x is None else x - y


def _solve(space: Any, opcode: str, parameters: Any, a: Any, b: Any) -> Any:
    """From A @ X = B."""
    below = space.below
    matrix = a
    if opcode == "solve_triangular":
        lower, transposed = parameters
        matrix = space.each(np.tril if lower else np.triu, a)
        matrix = space.each(_turned, matrix) if transposed else matrix
    product = _product(space, a)
    found = space.series(None)

    def following(k: int) -> Any:
        rest = _contracted(space, k, product, matrix, found, first=1) if k else None
        right = _negative(space.at(b, k), rest)
        return None if right is None else below.primitive(opcode, parameters, space.at(a, 0), right)

    return found.follow(following)


def _inv(space: Any, opcode: str, parameters: Any, a: Any) -> Any:
    """From A @ X = 1."""
    below, product = space.below, _product(space, a)
    found = space.series(None)

    def following(k: int) -> Any:
        if k == 0:
            return below.primitive(opcode, parameters, a[0])
        rest = _contracted(space, k, product, a, found, first=1)
        return None if rest is None else -below.primitive("einsum", product, found[0], rest)

    return found.follow(following)


def _cholesky(space: Any, opcode: str, parameters: Any, a: Any) -> Any:
    """From L @ L^T = A."""
    below, even = space.below, space.each(_even, a)
    product, outer = _product(space, a), _product(space, a, "xz,yz->xy")
    found = space.series(None)

    def following(k: int) -> Any:
        if k == 0:
            return below.primitive(opcode, parameters, a[0])
        rest = _negative(even[k], _contracted(space, k, outer, found, found, first=1, last=1))
        if rest is None:
            return None
        left = below.primitive("solve_triangular", (True, False), found[0], rest)
        both = below.primitive("solve_triangular", (True, False), found[0], below.each(_turned, left))
        return below.primitive("einsum", product, found[0], below.each(_half, below.each(_turned, both)))

    return found.follow(following)


def _logarithmic(space: Any, a: Any) -> Any:
    """Return the derivative of log|det A|: the trace of inv(A) @ A'."""
    return space.primitive("einsum", _product(space, a, "xy,yx->"), space.primitive("inv", (), a), a.slope)


def _logabsdet(space: Any, opcode: str, parameters: Any, a: Any) -> Any:
    return space.integral(space.below.primitive(opcode, parameters, a[0]), lambda _: _logarithmic(space, a))


def _det(space: Any, opcode: str, parameters: Any, a: Any) -> Any:
    value = space.value(a)
    size = value.shape[-1]
    if size <= _MINORS or (size <= _MOST_MINORS and not np.all(_condition(value) < _SINGULAR)):
        return _divisionless(space, a, size)
    return space.integral(space.below.primitive(opcode, parameters, a[0]), lambda found: found * _logarithmic(space, a))


def _condition(value: Any) -> Any:
    try:
        return np.linalg.cond(value)
    except np.linalg.LinAlgError:
        return np.inf


def _divisionless(space: Any, a: Any, size: int) -> Any:
    """Return the determinant by products and sums.

    Source: Bird, A simple division-free algorithm for computing determinants, Information Processing Letters 111
    (2011).
    """
    product, x = _product(space, a), a
    for _ in range(size - 1):
        x = space.settled(space.primitive("einsum", product, space.each(_sifted, x), a))
    sign = -1.0 if size % 2 == 0 else 1.0
    return space.each(lambda c: sign * c[..., 0, 0], x)


def _sifted(x: Any) -> Any:
    """Return what is above the diagonal, and on it the negative sums of what is further down the diagonal of x."""
    diagonal = np.diagonal(x, axis1=-2, axis2=-1)
    below = np.flip(np.cumsum(np.flip(diagonal, -1), -1), -1) - diagonal
    return np.triu(x, 1) - below[..., None] * np.eye(x.shape[-1])


def _eigen(space: Any, opcode: str, _: Any, a: Any) -> Any:
    """Return eigenvalues w or eigenvectors V.

    w' is the diagonal of S = V^T A' V, and V' = V (F * S) with F_ij = 1/(w_j - w_i).
    """
    even = space.each(_even, a)
    product, left = _product(space, a), _product(space, a, "yx,yz->xz")
    values, vectors = space.series(None), space.series(None)
    eye = np.eye(space.shape(a)[-1])
    half = space.primitive("einsum", left, vectors, even.slope)
    turning = space.primitive("einsum", product, half, vectors)
    slopes = space.each(lambda c: np.diagonal(c, axis1=-2, axis2=-1), turning)
    apart = space.each(lambda w: w[..., None, :] - w[..., :, None], values)
    rates = space.select(eye, 0.0, turning / space.select(eye, 1.0, apart))
    moves = space.primitive("einsum", product, vectors, rates)
    starts = [space.below.primitive(each, (), a[0]) for each in ("eigvalsh", "eigvecsh")]
    values.follow(lambda k: starts[0] if k == 0 else space.quotient(slopes[k - 1], k))
    vectors.follow(lambda k: starts[1] if k == 0 else space.quotient(moves[k - 1], k))
    if opcode == "eigvalsh":
        return values
    return vectors


RULES: dict[str, Rule] = {
    **dict.fromkeys(("reshape", "transpose", "broadcast", "slice", "place", "reduce_sum", "cumsum", "real"), _each),
    **dict.fromkeys(("gather", "scatter_add", "take_along", "put_along"), _each),
    **dict.fromkeys(("argsort", "argmax", "argmin", "detsign", "flat_index", "stop_gradient"), _constant),
    **dict.fromkeys(("reduce_max", "reduce_min"), _extreme),
    **dict.fromkeys(("solve", "solve_triangular"), _solve),
    **dict.fromkeys(("eigvalsh", "eigvecsh"), _eigen),
    "concatenate": _concatenate,
    "einsum": _einsum,
    "inv": _inv,
    "cholesky": _cholesky,
    "det": _det,
    "logabsdet": _logabsdet,
}
