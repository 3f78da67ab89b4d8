"""Numbers: what each opcode computes, and its vector-Jacobian products, as traceable JAX functions.

For an opcode with ``y = value(x0, x1, ...)`` the i-th pullback is the contract of reverse mode

    pullbacks[i](g, y, x0, x1, ...) = g * dy/dx_i

with operands and results of one shape, float32 or float64. ``None`` stands for a derivative that is zero
everywhere (``floor``, comparisons). Choices at kinks follow ``jax.grad`` as installed. Formulae are written so
that derivatives keep their relative accuracy in the tails (``1 / cosh(x)**2``, not ``1 - tanh(x)**2``) and a
second derivative by forward mode through them is finite wherever the function is smooth.

``host`` is the same function on plain floats, used to fold constants; it is NumPy's or SciPy's, so folding never
depends on the code that runs on the accelerator.

Conditions are numbers here: 1.0 holds, 0.0 does not.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import jax.numpy as jnp
import numpy as np
import scipy.special
from jax import Array, lax

from app.special import bessel, elementary, gammas, incomplete, integrals, normal

Value = Callable[..., Array]
Pullback = Callable[..., Array]


COMPILER_OPTIONS = {"xla_disable_hlo_passes": "algsimp"}
"""How these formulae are compiled, in either tier: as they are written.

XLA's algebraic simplifier reads a/b/c as a/(b*c), which is 0 or infinite where b*c over- or underflows.
"""


@dataclass(frozen=True, slots=True)
class Rule:
    """How one opcode computes and differentiates; see the module docstring for the contract."""

    value: Value
    pullbacks: tuple[Pullback | None, ...]
    host: Callable[..., float]


def _power(x: Array, n: Array) -> Array:
    return lax.pow(x, n)


def _power_slope(g: Array, x: Array, n: Array) -> Array:
    """Return g * n * x**(n-1), which is 0 for n = 0 whatever x is."""
    constant = n == 0
    return jnp.where(constant, 0, g * n * lax.pow(x, jnp.where(constant, 1, n - 1)))


def _exponent_slope(g: Array, y: Array, x: Array, n: Array) -> Array:
    """Return g * y * log(x); 0**n has slope 0 for n >= 0, as jax.grad has it."""
    flat = (x == 0) & (n >= 0)
    return jnp.where(flat, 0, g * y * lax.log(jnp.where(flat, 1, x)))


def _asinh_slope(x: Array) -> Array:
    return 1 / jnp.hypot(x, jnp.ones_like(x))


def _acosh(x: Array) -> Array:
    # log(x + sqrt(x*x - 1)) loses half the digits near 1; in t = x - 1, exact there, it does not.
    t = x - 1
    return lax.log1p(t + lax.sqrt(t) * lax.sqrt(t + 2))


def _asech(x: Array) -> Array:
    t = (1 - x) / x
    return lax.log1p(t + lax.sqrt(t) * lax.sqrt(t + 2))


def _leg(x: Array) -> Array:
    """Return sqrt(x*x - 1), exact near 1 and without overflow."""
    magnitude = lax.abs(x)
    return lax.sqrt(magnitude - 1) * lax.sqrt(magnitude + 1)


def _asec(x: Array) -> Array:
    return lax.atan2(_leg(x), lax.sign(x))


def _acsc(x: Array) -> Array:
    return lax.sign(x) * lax.atan2(jnp.ones_like(x), _leg(x))


def _acot(x: Array) -> Array:
    zero = x == 0
    return jnp.where(zero, math.pi / 2, lax.atan(1 / jnp.where(zero, 1, x)))


def _acoth(x: Array) -> Array:
    magnitude = lax.abs(x)
    return lax.sign(x) * 0.5 * lax.log1p(2 / (magnitude - 1))


def _cbrt(x: Array) -> Array:
    y = lax.cbrt(x)
    # XLA has several cube roots, each a few ulp off; one step of Newton's makes them one.
    step = (y * y * y - x) / (3 * y * y)
    return y - jnp.where((x != 0) & lax.is_finite(x), step, 0)


def _usinc(x: Array) -> Array:
    zero = x == 0
    safe = jnp.where(zero, 1, x)
    return jnp.where(zero, 1 - x * x / 6, lax.sin(safe) / safe)


def _usinc_slope(x: Array) -> Array:
    """Return d/dx sin(x)/x = -j1(x), by its power series below 1.5, where the closed form cancels."""
    small = lax.abs(x) < 1.5
    t = jnp.where(small, x, 0)
    series = jnp.ones_like(x)
    for k in range(10, 0, -1):
        series = 1 - t * t / (2 * k * (2 * k + 3)) * series
    safe = jnp.where(small, 2, x)
    return jnp.where(small, -t / 3 * series, (lax.cos(safe) - lax.sin(safe) / safe) / safe)


def _angle_slope(x: Array, y: Array) -> Array:
    """Return x / (x*x + y*y) without over- or underflow on the way."""
    scale = lax.max(lax.abs(x), lax.abs(y))
    a, b = x / scale, y / scale
    return a / ((a * a + b * b) * scale)


def _celu_slope(x: Array, a: Array) -> Array:
    """Return d/da a*expm1(x/a) = expm1(u) - u*exp(u), u = x/a, by its power series where that cancels."""
    u = x / a
    small = lax.abs(u) < 0.5
    t = jnp.where(small, u, 0)
    series = jnp.zeros_like(x)
    for k in range(18, 1, -1):  # Horner: the sum over k >= 2 of (k - 1) / k! * t**(k - 2)
        series = series * t + (k - 1) / math.factorial(k)
    return jnp.where(small, -t * t * series, lax.expm1(u) - u * lax.exp(u))


def _logaddexp(x: Array, y: Array) -> Array:
    top = lax.max(x, y)
    finite = lax.is_finite(top)
    difference = jnp.where(finite, x - y, 0)
    return jnp.where(finite, top + lax.log1p(lax.exp(-lax.abs(difference))), top)


def _share(x: Array, y: Array) -> Array:
    """Return exp(x) / (exp(x) + exp(y)); equal infinities share in halves."""
    return lax.logistic(jnp.where(x == y, 0, x - y))


def _xlogy(x: Array, y: Array) -> Array:
    zero = x == 0
    return jnp.where(zero, 0, x * lax.log(jnp.where(zero, 1, y)))


def _xlog1py(x: Array, y: Array) -> Array:
    zero = x == 0
    return jnp.where(zero, 0, x * lax.log1p(jnp.where(zero, 0, y)))


def _softplus(x: Array) -> Array:
    return lax.max(x, jnp.zeros_like(x)) + lax.log1p(lax.exp(-lax.abs(x)))


def _tie(g: Array, x: Array, y: Array, wins: Array) -> Array:
    """Return g where the operand wins, half of it where both are equal, nothing where it loses."""
    return jnp.where(x == y, g / 2, jnp.where(wins, g, 0))


def _flag(condition: Array, like: Array) -> Array:
    return condition.astype(like.dtype)


def _squared(x: Array) -> Array:
    return x * x


_LN2, _LN10 = math.log(2.0), math.log(10.0)


def _unary(value: Value, slope: Pullback | None, host: Callable[..., float]) -> Rule:
    """Make the rule of y = value(x) from slope(y, x) = dy/dx."""
    if slope is None:
        return Rule(value, (None,), host)
    return Rule(value, (lambda g, y, x: g * slope(y, x),), host)


def _compare(relation: Callable[[Array, Array], Array], host: Callable[..., float]) -> Rule:
    return Rule(lambda x, y: _flag(relation(x, y), x), (None, None), host)


ARITHMETIC: dict[str, Rule] = {
    "add": Rule(lax.add, (lambda g, z, x, y: g, lambda g, z, x, y: g), np.add),
    "sub": Rule(lax.sub, (lambda g, z, x, y: g, lambda g, z, x, y: -g), np.subtract),
    "mul": Rule(lax.mul, (lambda g, z, x, y: g * y, lambda g, z, x, y: g * x), np.multiply),
    "div": Rule(lax.div, (lambda g, z, x, y: g / y, lambda g, z, x, y: -(g / y) * z), np.divide),
    "neg": Rule(lax.neg, (lambda g, y, x: -g,), np.negative),
    "reciprocal": _unary(lambda x: 1 / x, lambda y, x: -y * y, np.reciprocal),
    "square": _unary(_squared, lambda y, x: 2 * x, np.square),
    "sqrt": _unary(lax.sqrt, lambda y, x: 0.5 / y, np.sqrt),
    # Both operands vary. The two below hold one of them still, so no derivative of a constant is ever formed:
    # log(x) of a negative base would turn a second derivative of x**3 into NaN.
    "pow": Rule(
        _power,
        (lambda g, y, x, n: _power_slope(g, x, n), _exponent_slope),
        np.power,
    ),
    "pow_const": Rule(
        lambda x, n: _power(x, lax.stop_gradient(n)),
        (lambda g, y, x, n: _power_slope(g, x, lax.stop_gradient(n)), None),
        np.power,
    ),
    "const_pow": Rule(
        lambda x, n: _power(lax.stop_gradient(x), n),
        (None, lambda g, y, x, n: _exponent_slope(g, y, lax.stop_gradient(x), n)),
        np.power,
    ),
    "mod": Rule(jnp.mod, (lambda g, z, x, y: g, lambda g, z, x, y: -g * lax.floor(x / y)), np.mod),
    "fmod": Rule(lax.rem, (lambda g, z, x, y: g, lambda g, z, x, y: -g * jnp.trunc(x / y)), np.fmod),
    "floor_divide": Rule(jnp.floor_divide, (None, None), np.floor_divide),
    "maximum": Rule(
        lax.max, (lambda g, z, x, y: _tie(g, x, y, x > y), lambda g, z, x, y: _tie(g, x, y, y > x)), np.maximum
    ),
    "minimum": Rule(
        lax.min, (lambda g, z, x, y: _tie(g, x, y, x < y), lambda g, z, x, y: _tie(g, x, y, y < x)), np.minimum
    ),
}

LOGIC: dict[str, Rule] = {
    "less": _compare(lax.lt, np.less),
    "less_equal": _compare(lax.le, np.less_equal),
    "equal": _compare(lax.eq, np.equal),
    "not_equal": _compare(lax.ne, np.not_equal),
    "and": _compare(lambda x, y: (x != 0) & (y != 0), np.logical_and),
    "or": _compare(lambda x, y: (x != 0) | (y != 0), np.logical_or),
    "not": Rule(lambda x: _flag(x == 0, x), (None,), np.logical_not),
    # The sweep masks whatever the branch not taken sends further down; see transforms.
    "select": Rule(
        lambda c, x, y: jnp.where(c != 0, x, y),
        (None, lambda g, z, c, x, y: jnp.where(c != 0, g, 0), lambda g, z, c, x, y: jnp.where(c != 0, 0, g)),
        lambda c, x, y: x if c else y,
    ),
}

ELEMENTWISE: dict[str, Rule] = {
    "sin": _unary(lax.sin, lambda y, x: lax.cos(x), np.sin),
    "cos": _unary(lax.cos, lambda y, x: -lax.sin(x), np.cos),
    "tan": _unary(lax.tan, lambda y, x: 1 + y * y, np.tan),
    "sec": _unary(lambda x: 1 / lax.cos(x), lambda y, x: y * lax.tan(x), lambda x: 1 / np.cos(x)),
    "csc": _unary(lambda x: 1 / lax.sin(x), lambda y, x: -y / lax.tan(x), lambda x: 1 / np.sin(x)),
    "cot": _unary(lambda x: 1 / lax.tan(x), lambda y, x: -1 / _squared(lax.sin(x)), lambda x: 1 / np.tan(x)),
    "asin": _unary(lax.asin, lambda y, x: 1 / lax.sqrt((1 - x) * (1 + x)), np.arcsin),
    "acos": _unary(lax.acos, lambda y, x: -1 / lax.sqrt((1 - x) * (1 + x)), np.arccos),
    "atan": _unary(lax.atan, lambda y, x: 1 / (1 + x * x), np.arctan),
    "asec": _unary(_asec, lambda y, x: 1 / (lax.abs(x) * _leg(x)), lambda x: np.arccos(1 / np.float64(x))),
    "acsc": _unary(_acsc, lambda y, x: -1 / (lax.abs(x) * _leg(x)), lambda x: np.arcsin(1 / np.float64(x))),
    "acot": _unary(_acot, lambda y, x: -1 / (1 + x * x), lambda x: np.arctan(1 / np.float64(x)) if x else np.pi / 2),
    "sinh": _unary(lax.sinh, lambda y, x: lax.cosh(x), np.sinh),
    "cosh": _unary(lax.cosh, lambda y, x: lax.sinh(x), np.cosh),
    "tanh": _unary(lax.tanh, lambda y, x: 1 / _squared(lax.cosh(x)), np.tanh),
    "sech": _unary(lambda x: 1 / lax.cosh(x), lambda y, x: -y * lax.tanh(x), lambda x: 1 / np.cosh(x)),
    "csch": _unary(lambda x: 1 / lax.sinh(x), lambda y, x: -y / lax.tanh(x), lambda x: 1 / np.sinh(x)),
    "coth": _unary(lambda x: 1 / lax.tanh(x), lambda y, x: -1 / _squared(lax.sinh(x)), lambda x: 1 / np.tanh(x)),
    "asinh": _unary(lax.asinh, lambda y, x: _asinh_slope(x), np.arcsinh),
    "acosh": _unary(_acosh, lambda y, x: 1 / (lax.sqrt(x - 1) * lax.sqrt(x + 1)), np.arccosh),
    "atanh": _unary(lax.atanh, lambda y, x: 1 / ((1 - x) * (1 + x)), np.arctanh),
    "asech": _unary(
        _asech, lambda y, x: -1 / (x * lax.sqrt((1 - x) * (1 + x))), lambda x: np.arccosh(1 / np.float64(x))
    ),
    "acsch": _unary(
        lambda x: lax.asinh(1 / x),
        lambda y, x: -1 / (lax.abs(x) * jnp.hypot(x, jnp.ones_like(x))),
        lambda x: np.arcsinh(1 / np.float64(x)),
    ),
    "acoth": _unary(_acoth, lambda y, x: -1 / ((x - 1) * (x + 1)), lambda x: np.arctanh(1 / np.float64(x))),
    "exp": _unary(lax.exp, lambda y, x: y, np.exp),
    "exp2": _unary(lambda x: lax.pow(jnp.full_like(x, 2), x), lambda y, x: _LN2 * y, np.exp2),
    "expm1": _unary(lax.expm1, lambda y, x: lax.exp(x), np.expm1),
    "log": _unary(lax.log, lambda y, x: 1 / x, np.log),
    "log2": _unary(jnp.log2, lambda y, x: 1 / (x * _LN2), np.log2),
    "log10": _unary(jnp.log10, lambda y, x: 1 / (x * _LN10), np.log10),
    "log1p": _unary(lax.log1p, lambda y, x: 1 / (1 + x), np.log1p),
    "cbrt": _unary(_cbrt, lambda y, x: 1 / (3 * y * y), np.cbrt),
    "abs": _unary(lax.abs, lambda y, x: jnp.where(x >= 0, 1, -1).astype(x.dtype), np.abs),
    "sign": _unary(lax.sign, None, np.sign),
    "floor": _unary(lax.floor, None, np.floor),
    "ceil": _unary(lax.ceil, None, np.ceil),
    "trunc": _unary(jnp.trunc, None, np.trunc),
    "round": _unary(lambda x: lax.round(x, lax.RoundingMethod.TO_NEAREST_EVEN), None, np.round),
    "usinc": _unary(_usinc, lambda y, x: _usinc_slope(x), lambda x: np.sinc(x / np.pi)),
    "sigmoid": _unary(lax.logistic, lambda y, x: y * lax.logistic(-x), scipy.special.expit),
    "softplus": _unary(_softplus, lambda y, x: lax.logistic(x), lambda x: np.logaddexp(x, 0.0)),
    "erf": _unary(lax.erf, lambda y, x: 2 / math.sqrt(math.pi) * lax.exp(-x * x), scipy.special.erf),
    "atan2": Rule(
        lax.atan2,
        (lambda g, z, y, x: g * _angle_slope(x, y), lambda g, z, y, x: -g * _angle_slope(y, x)),
        np.arctan2,
    ),
    "hypot": Rule(jnp.hypot, (lambda g, z, x, y: g * (x / z), lambda g, z, x, y: g * (y / z)), np.hypot),
    "logaddexp": Rule(
        _logaddexp,
        (lambda g, z, x, y: g * _share(x, y), lambda g, z, x, y: g * _share(y, x)),
        np.logaddexp,
    ),
    "xlogy": Rule(_xlogy, (lambda g, z, x, y: g * lax.log(y), lambda g, z, x, y: g * (x / y)), scipy.special.xlogy),
    "xlog1py": Rule(
        _xlog1py, (lambda g, z, x, y: g * lax.log1p(y), lambda g, z, x, y: g * (x / (1 + y))), scipy.special.xlog1py
    ),
    "soft_sign": _unary(
        lambda x: x / (1 + lax.abs(x)), lambda y, x: 1 / _squared(1 + lax.abs(x)), lambda x: x / (1 + np.abs(x))
    ),
    "celu": Rule(
        lambda x, a: jnp.where(x > 0, x, a * lax.expm1(jnp.where(x > 0, 0, x) / a)),
        (
            lambda g, z, x, a: g * jnp.where(x > 0, 1, lax.exp(jnp.where(x > 0, 0, x) / a)),
            lambda g, z, x, a: jnp.where(x > 0, 0, g * _celu_slope(jnp.where(x > 0, 0, x), a)),
        ),
        lambda x, a: x if x > 0 else a * np.expm1(x / a),
    ),
    "copysign": Rule(
        jnp.copysign,
        (lambda g, z, x, y: jnp.where(jnp.signbit(x) == jnp.signbit(y), g, -g), None),
        np.copysign,
    ),
}


def _of_order(value: Value, slope: Pullback, host: Callable[..., float]) -> Rule:
    """Make the rule of y = value(n, x), n a known integer, from slope(n, y, x) = dy/dx."""
    return Rule(value, (None, lambda g, y, n, x: g * slope(n, y, x)), host)


def _host_betaln(a: float, b: float) -> float:
    """Return log B(a, b); SciPy's subtracts lgamma(a + b) from lgamma(b), which leaves nothing of a small a."""
    p, q = min(a, b), max(a, b)
    if not 0 < p < 16 <= q < math.inf:
        return float(scipy.special.betaln(a, b))

    def rest(x: float) -> float:
        return (1 / 12 - (1 / 360 - (1 / 1260 - (1 / 1680 - 1 / (1188 * x * x)) / (x * x)) / (x * x)) / (x * x)) / x

    apart = rest(q) - rest(p + q) - (p + q - 0.5) * math.log1p(p / q) + p
    return math.lgamma(p) + (apart - p * math.log(q))


def _host_kl_div(x: float, y: float) -> float:
    """Return x*log(x/y) - x + y, near x = y by the series of log(1 + u) - u in r = u / (2 + u)."""
    if not (x > 0 and y > 0) or abs(y - x) > 0.5 * x:
        return float(scipy.special.kl_div(x, y))
    u = (y - x) / x
    r = u / (2 + u)
    return -x * r * (sum(2 / (2 * k + 3) * r ** (2 * k + 2) for k in range(16)) - u)


_ERRORS: dict[str, Rule] = {
    "erfc": _unary(normal.erfc, lambda y, x: normal.gauss_slope(x, -1), scipy.special.erfc),
    "erfcx": _unary(normal.erfcx, normal.erfcx_slope, scipy.special.erfcx),
    "erfinv": _unary(normal.erfinv, lambda y, x: normal.inverse_slope(y, 1 - lax.abs(x)), scipy.special.erfinv),
    "erfcinv": _unary(normal.erfcinv, lambda y, x: -normal.inverse_slope(y, lax.min(x, 2 - x)), scipy.special.erfcinv),
    "dawsn": _unary(normal.dawson, normal.dawson_slope, scipy.special.dawsn),
    "erfi": _unary(normal.erfi, lambda y, x: 2 / math.sqrt(math.pi) / normal.gauss(x), scipy.special.erfi),
    "sindg": _unary(
        lambda x: elementary.sin_pi(x / 180),
        lambda y, x: math.pi / 180 * elementary.cos_pi(x / 180),
        scipy.special.sindg,
    ),
    "cosdg": _unary(
        lambda x: elementary.cos_pi(x / 180),
        lambda y, x: -math.pi / 180 * elementary.sin_pi(x / 180),
        scipy.special.cosdg,
    ),
    "kl_div": Rule(
        elementary.kl_div,
        (lambda g, z, x, y: g * lax.log(x / y), lambda g, z, x, y: g * ((y - x) / y)),
        _host_kl_div,
    ),
    "exprel": _unary(elementary.exprel, elementary.exprel_slope, scipy.special.exprel),
}

_GAMMAS: dict[str, Rule] = {
    "gamma": _unary(gammas.gamma, lambda y, x: y * gammas.digamma(x), scipy.special.gamma),
    "lgamma": _unary(gammas.lgamma, lambda y, x: gammas.digamma(x), scipy.special.gammaln),
    "rgamma": _unary(gammas.rgamma, gammas.rgamma_slope, scipy.special.rgamma),
    "digamma": _unary(gammas.digamma, lambda y, x: gammas.trigamma(x), scipy.special.digamma),
    "trigamma": _unary(gammas.trigamma, lambda y, x: gammas.tetragamma(x), lambda x: scipy.special.polygamma(1, x)),
    "riemann": _unary(gammas.riemann, lambda y, s: gammas.riemann_slope(s), scipy.special.zeta),
    "zeta": Rule(
        gammas.zeta,
        (lambda g, y, s, q: g * gammas.zeta_slope(s, q), lambda g, y, s, q: -g * s * gammas.zeta(s + 1, q)),
        scipy.special.zeta,
    ),
    "betaln": Rule(
        gammas.betaln,
        (lambda g, y, a, b: -g * gammas.digamma_step(a, b), lambda g, y, a, b: -g * gammas.digamma_step(b, a)),
        _host_betaln,
    ),
    "gamma_part": Rule(
        incomplete.gamma_part,
        (
            lambda g, y, a, x, upper: g * incomplete.gamma_part_slope(a, x, upper),
            lambda g, y, a, x, upper: g * ((1 - 2 * upper) * incomplete.gamma_density(a, x)),
            None,
        ),
        lambda a, x, upper: scipy.special.gammaincc(a, x) if upper else scipy.special.gammainc(a, x),
    ),
    # An instruction passes on two adjoints at most, so the incomplete beta function of three is a sum of two: its
    # value with the derivatives by a and b, and 0 with the derivative by x.
    "betainc_ab": Rule(
        incomplete.betainc,
        (
            lambda g, y, a, b, x: g * incomplete.betainc_slope(a, b, x, 0),
            lambda g, y, a, b, x: g * incomplete.betainc_slope(a, b, x, 1),
            None,
        ),
        scipy.special.betainc,
    ),
    "betainc_x": Rule(
        lambda a, b, x: jnp.zeros_like(x),
        (None, None, lambda g, y, a, b, x: g * incomplete.beta_density(a, b, x)),
        lambda a, b, x: 0.0,
    ),
}

_BESSEL: dict[str, Rule] = {
    "j0": _unary(bessel.j0, lambda y, x: -bessel.j1(x), scipy.special.j0),
    "j1": _unary(bessel.j1, lambda y, x: bessel.j0(x) - bessel.j1_over_x(x), scipy.special.j1),
    "y0": _unary(bessel.y0, lambda y, x: -bessel.y1(x), scipy.special.y0),
    "y1": _unary(bessel.y1, lambda y, x: bessel.y0(x) - y / x, scipy.special.y1),
    "i0": _unary(bessel.i0, lambda y, x: bessel.i1(x), scipy.special.i0),
    "i1": _unary(bessel.i1, lambda y, x: bessel.i0(x) - bessel.i1_over_x(x), scipy.special.i1),
    "i0e": _unary(bessel.i0e, lambda y, x: bessel.i0e_slope(x), scipy.special.i0e),
    "i1e": _unary(bessel.i1e, lambda y, x: bessel.i1e_slope(x), scipy.special.i1e),
    "k0": _unary(bessel.k0, lambda y, x: -bessel.k1(x), scipy.special.k0),
    "k1": _unary(bessel.k1, lambda y, x: -bessel.k0(x) - y / x, scipy.special.k1),
    "k0e": _unary(bessel.k0e, lambda y, x: bessel.k0e_slope(x), scipy.special.k0e),
    "k1e": _unary(bessel.k1e, bessel.k1e_slope, scipy.special.k1e),
    "j_series": _of_order(bessel.j_series, lambda n, y, x: bessel.j_series_slope(n, x), scipy.special.jv),
    "i_integral": _of_order(bessel.i_integral, lambda n, y, x: bessel.i_integral_slope(n, x), scipy.special.iv),
}

_INTEGRALS: dict[str, Rule] = {
    "expi": _unary(integrals.expi, lambda y, x: integrals.expi_slope(x), scipy.special.expi),
    "expn_far": _of_order(
        integrals.expn_far,
        lambda n, y, x: -integrals.expn_far(n - 1, x),
        lambda n, x: scipy.special.expn(int(n), x),
    ),
    "Si": _unary(integrals.sine_integral, lambda y, x: _usinc(x), lambda x: scipy.special.sici(x)[0]),
    "Ci": _unary(integrals.cosine_integral, lambda y, x: lax.cos(x) / x, lambda x: scipy.special.sici(x)[1]),
    "Shi": _unary(integrals.sinh_integral, lambda y, x: integrals.sinhc(x), lambda x: scipy.special.shichi(x)[0]),
    "Chi": _unary(integrals.cosh_integral, lambda y, x: lax.cosh(x) / x, lambda x: scipy.special.shichi(x)[1]),
    "fresnels": _unary(
        lambda x: integrals.fresnel(x, True),
        lambda y, x: lax.sin(integrals.fresnel_angle(x)),
        lambda x: scipy.special.fresnel(x)[0],
    ),
    "fresnelc": _unary(
        lambda x: integrals.fresnel(x, False),
        lambda y, x: lax.cos(integrals.fresnel_angle(x)),
        lambda x: scipy.special.fresnel(x)[1],
    ),
    "lambertw": _unary(
        integrals.lambertw, lambda y, x: integrals.lambertw_slope(y), lambda x: scipy.special.lambertw(x).real
    ),
}

CORE: dict[str, Rule] = ARITHMETIC | LOGIC | ELEMENTWISE
"""The opcodes that every program of the interpreter knows."""

SPECIAL: dict[str, Rule] = _ERRORS | _GAMMAS | _BESSEL | _INTEGRALS
"""The opcodes of special functions: long formulae, which only the programs that need them carry."""

RULES: dict[str, Rule] = CORE | SPECIAL
"""Every opcode of the tape, by name; the order is the opcode number of the interpreter."""
