"""Rows of special functions. Source: NIST Digital Library of Mathematical Functions, chapters 5 to 10 and 25.

Opcodes that only derivatives have are named by what they are a derivative of: ``erfcx_derivative(n, x)`` is the n-th of
erfcx, ``gammainc_n(k, a, x)`` the k-th by a. Their orders come first; a negative one gives 0.
"""

from __future__ import annotations

import math

from app.autodiff.table.row import Namespace, Number, Row, row

_ROOT_PI = math.sqrt(math.pi)


def _rgamma(xp: Namespace, y: Number, x: Number) -> Number:
    """Return the derivative of 1/gamma(x); below 1/2 of sin(pi*x)/pi * gamma(1 - x), which is exact at the poles."""
    mirror = 1 - x
    near = (xp.cospi(x) - xp.sinpi(x) / math.pi * xp.digamma(mirror)) * xp.gamma(mirror)
    return xp.select(xp.less(x, 0.5), near, -xp.digamma(x) * y)


def _betaln(xp: Namespace, a: Number, b: Number) -> Number:
    """Return digamma(a) - digamma(a + b), without cancellation where both have one sign.

    Below 0 they are reflected (NIST DLMF 5.5.4). The difference of two cotangents is that of their angles' sine over
    both sines, where that is small.
    """
    both = a + b
    positive, negative = xp.less(0.0, xp.minimum(a, both)), xp.less_equal(xp.maximum(a, both), 0.0)
    sine, other = xp.sinpi(a), xp.sinpi(both)
    near = xp.strong_mul(xp.sinpi(b), math.pi / (sine * other))
    apart = math.pi * (xp.cospi(a) / sine - xp.cospi(both) / other)
    cotangents = xp.select(xp.less_equal(2 * xp.abs(xp.sinpi(b)), xp.abs(sine)), near, apart)
    below = xp.polygamma_step(0.0, 1 - a, -b) + cotangents
    apart = xp.select(negative, below, xp.digamma(both) - xp.digamma(a))
    return -xp.select(positive, xp.polygamma_step(0.0, a, b), apart)


def _erfcx(xp: Namespace, y: Number, x: Number) -> Number:
    """Return 2*x*erfcx(x) - 2/sqrt(pi), which would cancel for large x."""
    return xp.select(xp.less(x, 0.0), 2 * x * y - 2 / _ROOT_PI, xp.erfcx_derivative(1.0, x))


def _expi(xp: Namespace, x: Number) -> Number:
    """Return exp(x) / x, where exp(x) overflows before the quotient does."""
    half = xp.exp(0.5 * x)
    return half / x * half


def _uppergamma(xp: Namespace, y: Number, s: Number, x: Number) -> Number:
    """Return the derivative by s; below 1 not from gamma(s), whose pole at 0 would cancel."""
    above = y * xp.digamma(s) - xp.gamma(s) * xp.gammainc_n(1.0, s, x)
    return xp.select(xp.less(s, 1.0) * xp.less(0.0, x), xp.uppergamma_n(1.0, s, x), above)


def _i1e(xp: Namespace, y: Number, x: Number) -> Number:
    """Return the derivative of exp(-|x|) * I of order 1; far out, where both terms cancel, its leading term."""
    size = xp.abs(x)
    near = 0.5 * (xp.iv_mean(0.0, 1.0, size) + size * xp.iv_mean(1.0, 1.0, size))
    return xp.select(xp.less(1e17, size), -0.5 * y / x, near)


def _square(xp: Namespace, x: Number) -> Number:
    """Return x*x less a multiple of 4, without the rounding of a large square.

    With x = n + f for an integer n, the product n*f has no more digits than x, and n*n is 0 or 1 less such a multiple.
    """
    n = xp.round(x)
    f = x - n
    return xp.mod(n, 2.0) + (2 * (n * f) - 4 * xp.round(0.5 * (n * f))) + f * f


def _power_exp(xp: Namespace, s: Number, x: Number) -> Number:
    """Return x**(s-1) * exp(-x), by the logarithm where the factors may overflow or underflow."""
    usual = xp.less(xp.maximum(xp.abs((s - 1) * xp.log(x)), x), 700.0)
    return xp.select(usual, xp.pow(x, s - 1) * xp.exp(-x), xp.exp((s - 1) * xp.log(x) - x))


def _gamma_density_by_x(xp: Namespace, y: Number, k: Number, a: Number, x: Number) -> Number:
    """Return the derivative by x of the k-th derivative by a of x**(a-1) * exp(-x) / gamma(a)."""
    lower = 0.0 if isinstance(k, float) and k == 0 else k * xp.gamma_density(k - 1, a, x)
    zero = xp.equal(x, 0.0)
    inside = ((a - 1) * y + lower) / xp.select(zero, 1.0, x)
    return xp.select(zero, xp.gamma_density(k, a - 1, x), inside) - y


def _times(k: Number, factor: Number) -> Number:
    return 0.0 if isinstance(k, (int, float)) and k == 0 else k * factor


def _entire_by_q(xp: Namespace, k: Number, u: Number, q: Number) -> Number:
    lower = 0.0 if isinstance(k, float) and k == 0 else k * xp.zeta_entire(k - 1, u + 1, q)
    return -(u * xp.zeta_entire(k, u + 1, q) + lower)


def _beta_density_by_x(
    xp: Namespace, y: Number, orders: tuple[Number, Number], a: Number, b: Number, x: Number, scale: Number
) -> Number:
    """Return the derivative by x of the beta distribution's density, or of its derivatives by a and b.

    At 0 and 1 the power of a zero must be formed before the density, which is 0 there, is divided by x.
    """
    i, j = orders
    rest = 1 - x
    found = ((a - 1) / x - (b - 1) / rest) * y
    if not (isinstance(i, float) and i == 0):
        found = found + i * xp.beta_density(i - 1, j, a, b, x, scale) / x
    if not (isinstance(j, float) and j == 0):
        found = found - j * xp.beta_density(i, j - 1, a, b, x, scale) / rest
    if not (isinstance(i, float) and isinstance(j, float) and i == j == 0):
        return found
    falls = xp.strong_mul(a - 1, xp.pow(x, a - 2)) * xp.pow(rest, b - 1)
    rises = xp.strong_mul(b - 1, xp.pow(rest, b - 2)) * xp.pow(x, a - 1)
    inverse = xp.exp(scale) / (1 + a + b) * (a * (b / (a + b)))  # 1 / B(a, b)
    return xp.select(xp.equal(x * rest, 0.0), inverse * (falls - rises), found)


def _beta_scale(xp: Namespace, a: Number, b: Number) -> Number:
    """Return -log B(a + 1, b + 1), which is small where a shape is."""
    return -xp.betaln(1 + a, 1 + b)


def _exp_of_square(xp: Namespace, y: Number, tail: Number) -> Number:
    """Return exp(y*y) where erfc(|y|) is tail: beyond 1 by erfcx, because the square's rounding would be magnified."""
    size = xp.abs(y)
    usual = xp.exp(y * y)
    # not erfcx / tail, of whose second derivative both terms overflow
    return xp.select(xp.less(1.0, size) * xp.less(0.0, tail), 1 / (tail / xp.erfcx(size)), usual)


_ERRORS: dict[str, Row] = {
    "erfc": row(lambda xp, y, x: -2 / _ROOT_PI * xp.gauss(x)),
    "erfcx": row(_erfcx),
    "erfinv": row(lambda xp, y, x: _ROOT_PI / 2 * _exp_of_square(xp, y, 1 - xp.abs(x))),
    "erfcinv": row(lambda xp, y, x: -_ROOT_PI / 2 * _exp_of_square(xp, y, xp.minimum(x, 2 - x))),
    "dawsn": row(lambda xp, y, x: xp.dawsn_derivative(1.0, x, y)),
    "erfi": row(lambda xp, y, x: 2 / _ROOT_PI / xp.gauss(x)),
    "sinpi": row(lambda xp, y, x: math.pi * xp.cospi(x)),
    "cospi": row(lambda xp, y, x: -math.pi * xp.sinpi(x)),
}

_GAMMAS: dict[str, Row] = {
    "gamma": row(lambda xp, y, x: y * xp.digamma(x)),
    "lgamma": row(lambda xp, y, x: xp.digamma(x)),
    "rgamma": row(_rgamma),
    "lgamma_step": row(lambda xp, y, x, h: xp.polygamma_step(0.0, x, h), lambda xp, y, x, h: xp.digamma(xp.add(x, h))),
    "digamma": row(lambda xp, y, x: xp.polygamma(1.0, x)),
    "polygamma": row(None, lambda xp, y, n, x: xp.polygamma(n + 1, x)),
    "zeta": row(lambda xp, y, s, q: xp.zeta_n(1.0, s, q), lambda xp, y, s, q: -xp.zeta_entire(0.0, s, q)),
    "betaln": row(lambda xp, y, a, b: _betaln(xp, a, b), lambda xp, y, a, b: _betaln(xp, b, a)),
    "gamma_part": row(
        lambda xp, y, a, x, upper: (1 - 2 * upper) * xp.gammainc_n(1.0, a, x),
        lambda xp, y, a, x, upper: (1 - 2 * upper) * xp.gamma_density(0.0, a, x),
        None,
    ),
    "uppergamma": row(_uppergamma, lambda xp, y, s, x: -_power_exp(xp, s, x)),
    "betainc": row(
        lambda xp, y, a, b, x: xp.betainc_n(1.0, 0.0, a, b, x, _beta_scale(xp, a, b)),
        lambda xp, y, a, b, x: xp.betainc_n(0.0, 1.0, a, b, x, _beta_scale(xp, a, b)),
        lambda xp, y, a, b, x: xp.beta_density(0.0, 0.0, a, b, x, _beta_scale(xp, a, b)),
    ),
}

_BESSEL: dict[str, Row] = {
    "jn": row(None, lambda xp, y, n, x: xp.jn_derivative(1.0, n, x)),
    "yn": row(None, lambda xp, y, n, x: xp.yn_derivative(1.0, n, x)),
    "iv": row(None, lambda xp, y, n, x: xp.iv_derivative(1.0, n, x)),
    "kn": row(None, lambda xp, y, n, x: xp.kn_derivative(1.0, n, x)),
    "i0e": row(lambda xp, y, x: xp.select(xp.less(x, 0.0), -1.0, 1.0) * xp.iv_mean(1.0, 0.0, xp.abs(x))),
    "i1e": row(_i1e),
    # Below 1 the integrals would need many more nodes, and the differences do not cancel.
    "k0e": row(lambda xp, y, x: xp.select(xp.less(x, 1.0), y - xp.k1e(x), xp.kv_mean(1.0, 0.0, x))),
    "k1e": row(lambda xp, y, x: xp.select(xp.less(x, 1.0), y - y / x - xp.k0e(x), xp.kv_mean(1.0, 1.0, x))),
}

_INTEGRALS: dict[str, Row] = {
    "expi": row(lambda xp, y, x: _expi(xp, x)),
    "li": row(lambda xp, y, x: 1 / xp.log(x)),
    "expn": row(None, lambda xp, y, n, x: -xp.expn(n - 1, x)),
    "Si": row(lambda xp, y, x: xp.usinc(x)),
    "Ci": row(lambda xp, y, x: xp.cos(x) / x),
    "Shi": row(lambda xp, y, x: xp.sinhc_derivative(0.0, x)),
    "Chi": row(lambda xp, y, x: xp.cosh(x) / x),
    "fresnels": row(lambda xp, y, x: xp.sinpi(0.5 * _square(xp, x))),
    "fresnelc": row(lambda xp, y, x: xp.cospi(0.5 * _square(xp, x))),
    "lambertw": row(lambda xp, y, x: xp.exp(-y) / xp.lambertw_rise(x, y)),
}

SPECIAL: dict[str, Row] = _ERRORS | _GAMMAS | _BESSEL | _INTEGRALS
"""Opcodes of special functions that a text has."""

INNER: dict[str, Row] = {
    "gauss": row(lambda xp, y, x: -2 * x * y),
    "erfcx_derivative": row(None, lambda xp, y, n, x: xp.erfcx_derivative(n + 1, x)),
    # The last operand is dawsn(x), or W(x): it saves computing it again, and its derivative is part of that by x.
    "dawsn_derivative": row(None, lambda xp, y, n, x, value: xp.dawsn_derivative(n + 1, x, value), None),
    "lambertw_rise": row(lambda xp, y, x, value: xp.exp(1 - y) / y, None),
    "sinhc_derivative": row(None, lambda xp, y, n, x: xp.sinhc_derivative(n + 1, x)),
    # The n-th derivative of digamma at x + h less that at x.
    "polygamma_step": row(
        None,
        lambda xp, y, n, x, h: xp.polygamma_step(n + 1, x, h),
        lambda xp, y, n, x, h: xp.polygamma(n + 1, xp.add(x, h)),
    ),
    # The k-th derivatives by s of zeta(s, q), and by u of u * zeta(1 + u, q), which has no pole at u = 0.
    "zeta_n": row(None, lambda xp, y, k, s, q: xp.zeta_n(k + 1, s, q), lambda xp, y, k, s, q: -xp.zeta_entire(k, s, q)),
    "zeta_entire": row(
        None,
        lambda xp, y, k, u, q: xp.zeta_entire(k + 1, u, q),
        lambda xp, y, k, u, q: _entire_by_q(xp, k, u, q),
    ),
    # The k-th derivative by a of x**(a-1) * exp(-x) / gamma(a).
    "gamma_density": row(
        None,
        lambda xp, y, k, a, x: xp.gamma_density(k + 1, a, x),
        _gamma_density_by_x,
    ),
    "gammainc_n": row(
        None,
        lambda xp, y, k, a, x: xp.gammainc_n(k + 1, a, x),
        lambda xp, y, k, a, x: xp.gamma_density(k, a, x),
    ),
    "uppergamma_n": row(
        None,
        lambda xp, y, k, s, x: xp.uppergamma_n(k + 1, s, x),
        lambda xp, y, k, s, x: -xp.pow_const(xp.log(x), k) * _power_exp(xp, s, x),
    ),
    # The derivatives of order i by a and j by b of betainc(a, b, x), and of the density; the last operand is
    # -betaln(a + 1, b + 1), whose derivative is part of those by a and b.
    "betainc_n": row(
        None,
        None,
        lambda xp, y, i, j, a, b, x, scale: xp.betainc_n(i + 1, j, a, b, x, scale),
        lambda xp, y, i, j, a, b, x, scale: xp.betainc_n(i, j + 1, a, b, x, scale),
        lambda xp, y, i, j, a, b, x, scale: xp.beta_density(i, j, a, b, x, scale),
        None,
    ),
    "beta_density": row(
        None,
        None,
        lambda xp, y, i, j, a, b, x, scale: xp.beta_density(i + 1, j, a, b, x, scale),
        lambda xp, y, i, j, a, b, x, scale: xp.beta_density(i, j + 1, a, b, x, scale),
        lambda xp, y, i, j, a, b, x, scale: _beta_density_by_x(xp, y, (i, j), a, b, x, scale),
        None,
    ),
    # The k-th derivatives of Bessel functions: sums over the orders n - k, n - k + 2, ..., n + k.
    "jn_derivative": row(None, None, lambda xp, y, k, n, x: xp.jn_derivative(k + 1, n, x)),
    "yn_derivative": row(None, None, lambda xp, y, k, n, x: xp.yn_derivative(k + 1, n, x)),
    "iv_derivative": row(None, None, lambda xp, y, k, n, x: xp.iv_derivative(k + 1, n, x)),
    "kn_derivative": row(None, None, lambda xp, y, k, n, x: xp.kn_derivative(k + 1, n, x)),
    # The k-th derivatives of exp(-x) * n! / (x/2)**n * I_n(x), and of exp(x) * K_n(x).
    "iv_mean": row(None, None, lambda xp, y, k, n, x: xp.iv_mean(k + 1, n, x)),
    "kv_mean": row(None, None, lambda xp, y, k, n, x: xp.kv_mean(k + 1, n, x)),
}
"""Opcodes that only derivatives have."""
