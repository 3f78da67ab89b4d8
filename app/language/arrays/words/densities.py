"""Densities of vectors: multivariate normal, Dirichlet and multinomial, with SciPy's parameters."""

from __future__ import annotations

import math

from app import errors
from app.language.arrays.call import ArrayCall, ArrayWord
from app.language.arrays.linear import linalg
from app.language.arrays.linear.matrix_functions import solved
from app.language.arrays.words import reductions
from app.language.expression.values import Value
from app.language.vocabulary.distributions import names


def _inner(call: ArrayCall, name: str, *operands: Value) -> Value:
    """Return a word that only definitions of distributions may call."""
    return call.builder.apply(names.INNER[name], operands, call.offset)


def _over_last(call: ArrayCall, terms: Value) -> Value:
    return reductions.total(call, terms, (len(terms.shape) - 1,))


def _needed(call: ArrayCall, name: str, rank: int | None = None) -> Value:
    if not call.has(name):
        raise errors.BadArity(f"{call.name} needs '{name}'", offset=call.offset)
    return call.array(name, rank)


def _normal(call: ArrayCall) -> Value:
    """Return the log density of a multivariate normal distribution; without a vector, that of each number of x."""
    x, leaf = _needed(call, "x"), call.builder.leaf
    mean = call.array("mean") if call.has("mean") else leaf(0)
    cov = call.array("cov") if call.has("cov") else leaf(1)
    if not mean.shape and not cov.shape:
        apart, size = call.sub(x, mean), 1
        square = call.div(call.mul(apart, apart), cov)
        return _of_square(call, square, call.of("log", cov), size)
    size = mean.shape[-1] if mean.shape else cov.shape[-1]
    fits = cov.shape in ((), (size,), (size, size)) and (mean.shape or not call.has("mean"))
    if not x.shape or x.shape[-1] != size or not fits:
        shapes = f"x {list(x.shape)}, mean {list(mean.shape)}, cov {list(cov.shape)}"
        raise call.bad_shape(f"{call.name} takes vectors x and mean and their covariances, not shapes {shapes}")
    apart = call.sub(x, mean)
    if len(cov.shape) < 2:
        square = _over_last(call, call.div(call.mul(apart, apart), cov))
        return _of_square(call, square, _over_last(call, call.of("log", call.broadcast(cov, (size,)))), size)
    factor = call.emit("cholesky", (), cov)
    rows = call.reshape(apart, (math.prod(apart.shape[:-1]), size))
    columns = call.emit("transpose", ((1, 0),), rows)
    half = solved(call, factor, columns, lower=True, transposed=False)
    square = call.reshape(reductions.total(call, call.mul(half, half), (0,)), apart.shape[:-1])
    logarithms = call.of("log", linalg.diagonal_of(call, factor, 0))
    return _of_square(call, square, call.mul(leaf(2), _over_last(call, logarithms)), size)


def _of_square(call: ArrayCall, square: Value, logarithm: Value, size: int) -> Value:
    """Return the log density for a squared distance and the logarithm of the determinant of the covariances."""
    leaf = call.builder.leaf
    return call.mul(leaf(-0.5), call.add(square, logarithm, _inner(call, "times_log_two_pi", leaf(size))))


def _dirichlet(call: ArrayCall) -> Value:
    """Return the log density of a Dirichlet distribution; x may lack its last component.

    It is that of independent gamma variables of the sum of alpha, over the density of their total.
    """
    leaf = call.builder.leaf
    alpha, x = _needed(call, "alpha", 1), call.numbers(_needed(call, "x"))[0]
    size = alpha.shape[0]
    if not x.shape or x.shape[0] not in (size, size - 1):
        raise call.bad_shape(f"{call.name} takes x with {size} components along its first axis, not {list(x.shape)}")
    if x.shape[0] == size - 1:
        last = call.sub(leaf(1), reductions.total(call, x, (0,)))
        x = call.emit("concatenate", (0,), x, call.reshape(last, (1, *x.shape[1:])))
    total = _over_last(call, alpha)
    column = call.reshape(alpha, (size,) + (1,) * (len(x.shape) - 1))
    excess = call.sub(reductions.total(call, x, (0,)), leaf(1))
    parts = reductions.total(call, _inner(call, "log_gamma_density", column, call.mul(total, x)), (0,))
    found = call.add(
        parts,
        call.mul(leaf(size - 1), call.of("log", total)),
        call.mul(total, excess),
        call.builder.negative(_inner(call, "log_gamma_density", total, total), call.offset),
    )
    inside = call.of(
        "logical_and",
        call.of("less", call.of("abs", excess), leaf(1e-6)),
        call.of("greater_equal", reductions.least(call, x, (0,)), leaf(0)),
    )
    found = call.select(inside, found, leaf(-math.inf))
    valid = call.of("greater", reductions.least(call, alpha, (0,)), leaf(0))
    return call.select(valid, found, leaf(math.nan))


def _multinomial(call: ArrayCall) -> Value:
    """Return the log probability of a multinomial distribution, that of Poisson variables over that of their total."""
    leaf = call.builder.leaf
    x, n, p = (call.numbers(_needed(call, name))[0] for name in ("x", "n", "p"))
    if not x.shape or not p.shape or x.shape[-1] != p.shape[-1]:
        raise call.bad_shape(f"{call.name} takes vectors x and p, not shapes {list(x.shape)} and {list(p.shape)}")
    beside = call.reshape(n, (*n.shape, 1)) if n.shape else n
    parts = _over_last(call, _inner(call, "log_poisson", x, call.mul(beside, p)))
    rest = call.mul(n, call.sub(_over_last(call, p), leaf(1)))
    found = call.sub(call.add(parts, rest), _inner(call, "log_poisson", n, n))
    whole = call.of("equal", x, call.of("floor", x))
    low = call.of("logical_and", whole, call.of("greater_equal", x, leaf(0)))
    bad = _over_last(call, call.select(low, leaf(0), leaf(1)))
    inside = call.of("logical_and", call.of("equal", _over_last(call, x), n), call.of("equal", bad, leaf(0)))
    return call.select(inside, found, leaf(-math.inf))


def _exponential(of: ArrayWord) -> ArrayWord:
    return lambda call: call.of("exp", of(call))


FUNCTIONS: dict[str, ArrayWord] = {
    "multivariate_normal.logpdf": _normal, "multivariate_normal.pdf": _exponential(_normal),
    "dirichlet.logpdf": _dirichlet, "dirichlet.pdf": _exponential(_dirichlet),
    "multinomial.logpmf": _multinomial, "multinomial.pmf": _exponential(_multinomial),
}  # fmt: skip
