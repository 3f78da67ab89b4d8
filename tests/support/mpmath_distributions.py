"""Densities and distribution functions by mpmath: the textbook's formulas, at loc 0 and scale 1."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from mpmath import mp, mpf

Exact = Callable[..., Any]


@dataclass(frozen=True)
class Reference:
    """The density, or the probability of an integer, and the distribution function from below and from above."""

    density: Exact
    cdf: Exact | None = None
    sf: Exact | None = None


def _gamma(x: Any, a: Any) -> Any:
    return x ** (a - 1) * mp.exp(-x) / mp.gamma(a)


def _beta(x: Any, a: Any, b: Any) -> Any:
    return x ** (a - 1) * (1 - x) ** (b - 1) / mp.beta(a, b)


def _lower(a: Any, x: Any) -> Any:
    return mp.gammainc(a, 0, x, regularized=True)


def _upper(a: Any, x: Any) -> Any:
    return mp.gammainc(a, x, mp.inf, regularized=True)


def _part(a: Any, b: Any, x: Any) -> Any:
    """Return the regularised incomplete beta function by its hypergeometric series."""
    return x**a * (1 - x) ** b / (a * mp.beta(a, b)) * mp.hyp2f1(1, a + b, a + 1, x)


def _t_sf(x: Any, df: Any) -> Any:
    below = mpf(1) / 2 + x * mp.gamma((df + 1) / 2) / (mp.sqrt(mp.pi * df) * mp.gamma(df / 2)) * mp.hyp2f1(
        0.5, (df + 1) / 2, 1.5, -x * x / df
    )
    if x < 1:
        return 1 - below
    return _part(df / 2, mpf(1) / 2, df / (df + x * x)) / 2


def _f(x: Any, p: Any, q: Any) -> Any:
    return mp.sqrt((p * x) ** p * q**q / (p * x + q) ** (p + q)) / (x * mp.beta(p / 2, q / 2))


def _invgauss_cdf(x: Any, mu: Any) -> Any:
    root = mp.sqrt(1 / x)
    return mp.ncdf(root * (x / mu - 1)) + mp.exp(2 / mu) * mp.ncdf(-root * (x / mu + 1))


def _gennorm_sf(x: Any, b: Any) -> Any:
    tail = _upper(1 / b, abs(x) ** b) / 2
    return tail if x >= 0 else 1 - tail


def _exponnorm(x: Any, k: Any) -> Any:
    return mp.exp(1 / (2 * k * k) - x / k) * mp.ncdf(x - 1 / k) / k


def _wrapcauchy_sf(x: Any, c: Any) -> Any:
    return mp.quad(lambda t: (1 - c * c) / (2 * mp.pi * (1 + c * c - 2 * c * mp.cos(t))), [x, 2 * mp.pi])


def _betabinom(k: Any, n: Any, a: Any, b: Any) -> Any:
    return mp.binomial(n, k) * mp.beta(k + a, n - k + b) / mp.beta(a, b)


REFERENCES: dict[str, Reference] = {
    "norm": Reference(mp.npdf, mp.ncdf, lambda x: mp.ncdf(-x)),
    "t": Reference(
        lambda x, df: (
            mp.gamma((df + 1) / 2) / (mp.sqrt(df * mp.pi) * mp.gamma(df / 2)) * (1 + x * x / df) ** (-(df + 1) / 2)
        ),
        lambda x, df: _t_sf(-x, df),
        _t_sf,
    ),
    "cauchy": Reference(
        lambda x: 1 / (mp.pi * (1 + x * x)),
        lambda x: mp.acot(-x) / mp.pi + (x > 0),
        lambda x: mp.acot(x) / mp.pi + (x < 0),
    ),
    "laplace": Reference(
        lambda x: mp.exp(-abs(x)) / 2,
        lambda x: mp.exp(x) / 2 if x < 0 else 1 - mp.exp(-x) / 2,
        lambda x: mp.exp(-x) / 2 if x > 0 else 1 - mp.exp(x) / 2,
    ),
    "logistic": Reference(
        lambda x: mp.exp(-x) / (1 + mp.exp(-x)) ** 2, lambda x: 1 / (1 + mp.exp(-x)), lambda x: 1 / (1 + mp.exp(x))
    ),
    "gumbel_r": Reference(
        lambda x: mp.exp(-x - mp.exp(-x)), lambda x: mp.exp(-mp.exp(-x)), lambda x: -mp.expm1(-mp.exp(-x))
    ),
    "gumbel_l": Reference(
        lambda x: mp.exp(x - mp.exp(x)), lambda x: -mp.expm1(-mp.exp(x)), lambda x: mp.exp(-mp.exp(x))
    ),
    "gennorm": Reference(
        lambda x, b: b / (2 * mp.gamma(1 / b)) * mp.exp(-(abs(x) ** b)), lambda x, b: _gennorm_sf(-x, b), _gennorm_sf
    ),
    "skewnorm": Reference(lambda x, a: 2 * mp.npdf(x) * mp.ncdf(a * x)),
    "exponnorm": Reference(
        _exponnorm,
        lambda x, k: mp.ncdf(x) - k * _exponnorm(x, k),
        lambda x, k: mp.ncdf(-x) + k * _exponnorm(x, k),
    ),
    "vonmises": Reference(lambda x, kappa: mp.exp(kappa * mp.cos(x)) / (2 * mp.pi * mp.besseli(0, kappa))),
    "wrapcauchy": Reference(
        lambda x, c: (1 - c * c) / (2 * mp.pi * (1 + c * c - 2 * c * mp.cos(x))),
        lambda x, c: 1 - _wrapcauchy_sf(x, c),
        _wrapcauchy_sf,
    ),
    "expon": Reference(lambda x: mp.exp(-x), lambda x: -mp.expm1(-x), lambda x: mp.exp(-x)),
    "gamma": Reference(_gamma, lambda x, a: _lower(a, x), lambda x, a: _upper(a, x)),
    "chi2": Reference(
        lambda x, df: _gamma(x / 2, df / 2) / 2,
        lambda x, df: _lower(df / 2, x / 2),
        lambda x, df: _upper(df / 2, x / 2),
    ),
    "invgamma": Reference(
        lambda x, a: x ** (-a - 1) * mp.exp(-1 / x) / mp.gamma(a),
        lambda x, a: _upper(a, 1 / x),
        lambda x, a: _lower(a, 1 / x),
    ),
    "f": Reference(
        _f,
        lambda x, p, q: _part(p / 2, q / 2, p * x / (p * x + q)),
        lambda x, p, q: _part(q / 2, p / 2, q / (p * x + q)),
    ),
    "lognorm": Reference(
        lambda x, s: mp.npdf(mp.log(x) / s) / (s * x),
        lambda x, s: mp.ncdf(mp.log(x) / s),
        lambda x, s: mp.ncdf(-mp.log(x) / s),
    ),
    "weibull_min": Reference(
        lambda x, c: c * x ** (c - 1) * mp.exp(-(x**c)), lambda x, c: -mp.expm1(-(x**c)), lambda x, c: mp.exp(-(x**c))
    ),
    "halfnorm": Reference(
        lambda x: 2 * mp.npdf(x), lambda x: mp.erf(x / mp.sqrt(2)), lambda x: mp.erfc(x / mp.sqrt(2))
    ),
    "halfcauchy": Reference(
        lambda x: 2 / (mp.pi * (1 + x * x)), lambda x: 2 * mp.atan(x) / mp.pi, lambda x: 2 * mp.acot(x) / mp.pi
    ),
    "rayleigh": Reference(
        lambda x: x * mp.exp(-x * x / 2), lambda x: -mp.expm1(-x * x / 2), lambda x: mp.exp(-x * x / 2)
    ),
    "maxwell": Reference(
        lambda x: mp.sqrt(2 / mp.pi) * x * x * mp.exp(-x * x / 2),
        lambda x: _lower(mpf(3) / 2, x * x / 2),
        lambda x: _upper(mpf(3) / 2, x * x / 2),
    ),
    "invgauss": Reference(
        lambda x, mu: mp.exp(-((x - mu) ** 2) / (2 * x * mu * mu)) / mp.sqrt(2 * mp.pi * x**3),
        _invgauss_cdf,
        lambda x, mu: 1 - _invgauss_cdf(x, mu),
    ),
    "fisk": Reference(
        lambda x, c: c * x ** (c - 1) / (1 + x**c) ** 2, lambda x, c: 1 / (1 + x**-c), lambda x, c: 1 / (1 + x**c)
    ),
    "pareto": Reference(lambda x, b: b * x ** (-b - 1), lambda x, b: 1 - x**-b, lambda x, b: x**-b),
    "uniform": Reference(lambda x: mpf(1) + 0 * x, lambda x: x, lambda x: 1 - x),
    "beta": Reference(_beta, lambda x, a, b: _part(a, b, x), lambda x, a, b: _part(b, a, 1 - x)),
    "powerlaw": Reference(lambda x, a: a * x ** (a - 1), lambda x, a: x**a, lambda x, a: 1 - x**a),
    "triang": Reference(
        lambda x, c: 2 * x / c if x < c else 2 * (1 - x) / (1 - c),
        lambda x, c: x * x / c if x < c else 1 - (1 - x) ** 2 / (1 - c),
        lambda x, c: 1 - x * x / c if x < c else (1 - x) ** 2 / (1 - c),
    ),
    "loguniform": Reference(
        lambda x, a, b: 1 / (x * mp.log(b / a)),
        lambda x, a, b: mp.log(x / a) / mp.log(b / a),
        lambda x, a, b: mp.log(b / x) / mp.log(b / a),
    ),
    "truncnorm": Reference(
        lambda x, a, b: mp.npdf(x) / (mp.ncdf(b) - mp.ncdf(a)),
        lambda x, a, b: (mp.ncdf(x) - mp.ncdf(a)) / (mp.ncdf(b) - mp.ncdf(a)),
        lambda x, a, b: (mp.ncdf(b) - mp.ncdf(x)) / (mp.ncdf(b) - mp.ncdf(a)),
    ),
    "bernoulli": Reference(
        lambda k, p: p if k == 1 else 1 - p,
        lambda k, p: mpf(1) if k == 1 else 1 - p,
        lambda k, p: mpf(0) if k == 1 else p,
    ),
    "binom": Reference(
        lambda k, n, p: mp.binomial(n, k) * p**k * (1 - p) ** (n - k),
        lambda k, n, p: sum(mp.binomial(n, j) * p**j * (1 - p) ** (n - j) for j in range(int(k) + 1)),
        lambda k, n, p: sum(mp.binomial(n, j) * p**j * (1 - p) ** (n - j) for j in range(int(k) + 1, int(n) + 1)),
    ),
    "poisson": Reference(
        lambda k, mu: mu**k * mp.exp(-mu) / mp.gamma(k + 1),
        lambda k, mu: sum(mu**j * mp.exp(-mu) / mp.factorial(j) for j in range(int(k) + 1)),
        lambda k, mu: _lower(k + 1, mu),
    ),
    "geom": Reference(lambda k, p: p * (1 - p) ** (k - 1), lambda k, p: 1 - (1 - p) ** k, lambda k, p: (1 - p) ** k),
    "nbinom": Reference(
        lambda k, n, p: mp.gamma(k + n) / (mp.gamma(n) * mp.gamma(k + 1)) * p**n * (1 - p) ** k,
        lambda k, n, p: sum(mp.rf(n, j) / mp.factorial(j) * p**n * (1 - p) ** j for j in range(int(k) + 1)),
        lambda k, n, p: _part(k + 1, n, 1 - p),
    ),
    "betabinom": Reference(_betabinom),
}


def function(name: str) -> Exact | None:
    """Return a function such as ``norm.logcdf`` of x and the shapes, None if there is no reference."""
    distribution, _, bare = name.partition(".")
    row = REFERENCES[distribution]
    if bare in ("pdf", "pmf", "logpdf", "logpmf"):
        plain: Exact | None = row.density
    else:
        plain = row.cdf if bare in ("cdf", "logcdf") else row.sf if bare in ("sf", "logsf") else None
    if plain is None or not bare.startswith("log"):
        return plain
    return lambda *operands: mp.log(plain(*operands))
