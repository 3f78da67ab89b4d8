"""Rows of elementary and activation functions.

Derivatives keep their relative accuracy in the tails (sech(x)**2, not 1 - tanh(x)**2). At kinks they are those of
``jax.grad``. Source: Abramowitz & Stegun, Handbook of Mathematical Functions (1964), chapter 4.
"""

from __future__ import annotations

import math

from app.autodiff.table.row import Namespace, Number, Row, row

_LN2, _LN10 = math.log(2.0), math.log(10.0)


def _unit_leg(xp: Namespace, x: Number) -> Number:
    """Return sqrt(1 - x*x), exact near 1."""
    return xp.sqrt(xp.one_minus_square(x))


def _outer_leg(xp: Namespace, x: Number) -> Number:
    """Return |x| * sqrt(x*x - 1), exact near 1 and without overflow."""
    size = xp.abs(x)
    return size * xp.sqrt(size - 1) * xp.sqrt(size + 1)


def _asec(xp: Namespace, _: Number, x: Number) -> Number:
    """Return 1 / (|x| * sqrt(x*x - 1)); far out by 1/x, because the square would overflow."""
    far = xp.square(1 / x)
    return xp.select(xp.less(1024.0, xp.abs(x)), far / xp.sqrt(1 - far), 1 / _outer_leg(xp, x))


def _apart(xp: Namespace, x: Number, y: Number) -> Number:
    """Return the derivative of exp(x) / (exp(x) + exp(y)) by x."""
    return xp.share(x, y) * xp.share(y, x)


def _sided(xp: Namespace, x: Number) -> Number:
    """Return 1 for x >= 0, else -1."""
    return xp.select(xp.less_equal(0.0, x), 1.0, -1.0)


ELEMENTARY: dict[str, Row] = {
    "sin": row(lambda xp, y, x: xp.cos(x)),
    "cos": row(lambda xp, y, x: -xp.sin(x)),
    "tan": row(lambda xp, y, x: 1 + y * y),
    "sec": row(lambda xp, y, x: y * xp.tan(x)),
    "csc": row(lambda xp, y, x: -y * xp.cot(x)),
    "cot": row(lambda xp, y, x: -xp.square(xp.csc(x))),
    "asin": row(lambda xp, y, x: 1 / _unit_leg(xp, x)),
    "acos": row(lambda xp, y, x: -1 / _unit_leg(xp, x)),
    "atan": row(lambda xp, y, x: 1 / (1 + x * x)),
    "asec": row(_asec),
    "acsc": row(lambda xp, y, x: -_asec(xp, y, x)),
    "acot": row(lambda xp, y, x: -1 / (1 + x * x)),
    "sinh": row(lambda xp, y, x: xp.cosh(x)),
    "cosh": row(lambda xp, y, x: xp.sinh(x)),
    "tanh": row(lambda xp, y, x: xp.square(xp.sech(x))),
    "sech": row(lambda xp, y, x: -y * xp.tanh(x)),
    "csch": row(lambda xp, y, x: -y * xp.coth(x)),
    "coth": row(lambda xp, y, x: -xp.square(xp.csch(x))),
    "asinh": row(lambda xp, y, x: 1 / xp.hypot(x, 1.0)),
    "acosh": row(lambda xp, y, x: 1 / (xp.sqrt(x - 1) * xp.sqrt(x + 1))),
    "atanh": row(lambda xp, y, x: 1 / xp.one_minus_square(x)),
    "asech": row(lambda xp, y, x: -1 / (x * _unit_leg(xp, x))),
    "acsch": row(lambda xp, y, x: -1 / (xp.abs(x) * xp.hypot(x, 1.0))),
    "acoth": row(lambda xp, y, x: 1 / xp.one_minus_square(x)),
    "exp": row(lambda xp, y, x: y),
    "exp2": row(lambda xp, y, x: _LN2 * y),
    "expm1": row(lambda xp, y, x: xp.exp(x)),
    "log": row(lambda xp, y, x: 1 / x),
    "log2": row(lambda xp, y, x: 1 / x / _LN2),
    "log10": row(lambda xp, y, x: 1 / x / _LN10),
    "log1p": row(lambda xp, y, x: 1 / (1 + x)),
    "cbrt": row(lambda xp, y, x: 1 / (3 * y * y)),
    "abs": row(lambda xp, y, x: _sided(xp, x)),
    "sign": row(None),
    "floor": row(None),
    "ceil": row(None),
    "trunc": row(None),
    "round": row(None),
    "usinc": row(lambda xp, y, x: xp.usinc_derivative(1.0, x)),
    "sigmoid": row(lambda xp, y, x: 0.25 * xp.square(xp.sech(0.5 * x))),
    "softplus": row(lambda xp, y, x: xp.sigmoid(x)),
    "erf": row(lambda xp, y, x: 2 / math.sqrt(math.pi) * xp.exp(-x * x)),
    "atan2": row(lambda xp, z, y, x: xp.angle_slope(x, y), lambda xp, z, y, x: -xp.angle_slope(y, x)),
    "hypot": row(lambda xp, z, x, y: xp.hypot_slope(x, y), lambda xp, z, x, y: xp.hypot_slope(y, x)),
    "logaddexp": row(lambda xp, z, x, y: xp.share(x, y), lambda xp, z, x, y: xp.share(y, x)),
    "xlogy": row(lambda xp, z, x, y: xp.log(y), lambda xp, z, x, y: xp.strong_div(x, y)),
    "xlog1py": row(lambda xp, z, x, y: xp.log1p(y), lambda xp, z, x, y: xp.strong_div(x, 1 + y)),
    "soft_sign": row(lambda xp, y, x: 1 / xp.square(1 + xp.abs(x))),
    "celu": row(
        lambda xp, z, x, a: xp.select(xp.less(0.0, x), 1.0, xp.exp(x / a)),
        lambda xp, z, x, a: xp.select(xp.less(0.0, x), 0.0, xp.expm1_rest(x / a)),
    ),
    "copysign": row(lambda xp, z, x, y: xp.copysign(1.0, x) * xp.copysign(1.0, y), None),
}

RARE: dict[str, Row] = {
    "gd": row(lambda xp, y, x: xp.sech(x)),
    "kl_div": row(lambda xp, z, x, y: xp.log_ratio(x, y), lambda xp, z, x, y: xp.shortfall(x, y)),
    "exprel": row(lambda xp, y, x: xp.exprel_derivative(1.0, x)),
    "boxcox": row(lambda xp, z, x, n: xp.pow(x, n - 1), lambda xp, z, x, n: xp.boxcox_derivative(1.0, x, n)),
    "boxcox1p": row(
        lambda xp, z, x, n: xp.power_log1p(0.0, x, n - 1), lambda xp, z, x, n: xp.boxcox1p_derivative(1.0, x, n)
    ),
    "pseudo_huber": row(
        lambda xp, z, d, r: _sided(xp, d) * xp.hypot_rest(r, d) * (xp.hypot_rest(r, d) / xp.hypot(r, d)),
        lambda xp, z, d, r: xp.pseudo_huber_slope(d, r),
    ),
}
"""Rows of less common words, which only the larger programs of the interpreter have."""

INNER: dict[str, Row] = {
    # The n-th derivatives of sin(x)/x and of (exp(x) - 1)/x.
    "usinc_derivative": row(None, lambda xp, y, n, x: xp.usinc_derivative(n + 1, x)),
    "exprel_derivative": row(None, lambda xp, y, n, x: xp.exprel_derivative(n + 1, x)),
    # exp(x) / (exp(x) + exp(y))
    "share": row(lambda xp, z, x, y: _apart(xp, x, y), lambda xp, z, x, y: -_apart(xp, x, y)),
    # x / (x**2 + y**2)
    "angle_slope": row(
        lambda xp, z, x, y: (y - x) / xp.hypot(x, y) * ((y + x) / xp.hypot(x, y)) / xp.hypot(x, y) / xp.hypot(x, y),
        lambda xp, z, x, y: -2 * z * xp.angle_slope(y, x),
    ),
    # x / sqrt(x**2 + y**2)
    "hypot_slope": row(
        lambda xp, z, x, y: xp.square(xp.hypot_slope(y, x)) / xp.hypot(x, y),
        lambda xp, z, x, y: -z * xp.hypot_slope(y, x) / xp.hypot(x, y),
    ),
    # sqrt(x**2 + y**2) - |y|
    "hypot_rest": row(
        lambda xp, z, x, y: xp.hypot_slope(x, y), lambda xp, z, x, y: -_sided(xp, y) * z / xp.hypot(x, y)
    ),
    # |d| * r / sqrt(d**2 + r**2)
    "pseudo_huber_slope": row(
        lambda xp, z, d, r: _sided(xp, d) * xp.hypot_slope(r, d) * xp.square(xp.hypot_slope(r, d)),
        lambda xp, z, d, r: xp.abs(d) * xp.square(xp.hypot_slope(d, r)) / xp.hypot(d, r),
    ),
    # log(x/y), 1 - x**2, 1 - x/y
    "log_ratio": row(lambda xp, z, x, y: 1 / x, lambda xp, z, x, y: -1 / y),
    "one_minus_square": row(lambda xp, y, x: -2 * x),
    "shortfall": row(lambda xp, z, x, y: -1 / y, lambda xp, z, x, y: xp.strong_div(xp.strong_div(x, y), y)),
    # The k-th derivatives of boxcox and boxcox1p by l.
    "boxcox_derivative": row(
        None, lambda xp, z, k, x, n: xp.power_log(k, x, n - 1), lambda xp, z, k, x, n: xp.boxcox_derivative(k + 1, x, n)
    ),
    "boxcox1p_derivative": row(
        None,
        lambda xp, z, k, x, n: xp.power_log1p(k, x, n - 1),
        lambda xp, z, k, x, n: xp.boxcox1p_derivative(k + 1, x, n),
    ),
    # exp(u) - 1 - u*exp(u)
    "expm1_rest": row(lambda xp, y, u: -u * xp.exp(u)),
}
"""Opcodes that only derivatives have."""
