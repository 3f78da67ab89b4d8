"""What a language lacks, defined by words that it has: each definition is recorded, and printed as a function.

A definition is a function (np, orders..., operands...) as those of ``app.language.numeric``, most of which it uses as
they stand; ``np`` is a ``tracing.Namespace``. Sources: Abramowitz & Stegun, Handbook of Mathematical Functions (1964);
NIST Digital Library of Mathematical Functions (DLMF).
"""

from __future__ import annotations

import functools
import math
import operator
from collections.abc import Callable
from typing import Any

import scipy

from app.language.numeric import closed_forms, numpy_words
from app.language.numeric.closed_forms import polynomial
from app.language.numeric.special_forms import errors, gammas

Definition = Callable[..., Any]

_LOG1P_TERMS = [2 / (2 * k + 1) for k in range(18)]
_EXPM1_TERMS = [1 / math.factorial(k) for k in range(1, 19)]
_SINH_TERMS = [1 / math.factorial(2 * k + 1) for k in range(11)]
_ERF_TERMS = [2 / math.sqrt(math.pi) * (-1) ** k / (math.factorial(k) * (2 * k + 1)) for k in range(20)]
_HALF_LOG_2PI = 0.5 * math.log(2 * math.pi)
_EULER = 0.5772156649015329
_STIRLING_FROM, _STIRLING_STEPS = 9.0, 9

_ERFCX_TERMS = [
    1.1775789345674018, -0.004590054580646477, -0.08424913336651792, 0.05920993999819189, -0.026658668435305752,
    0.009074997670705265, -0.002413163540417608, 0.0004907758365258086, -6.916973302501207e-05, 4.139027986073010e-06,
    7.740383066198491e-07, -2.188640104923440e-07, 1.076499946567091e-08, 4.521959811218287e-09,
    -7.754400208831351e-10, -6.318088340886684e-11, 2.868795010930670e-11, 1.945586854577735e-13,
    -9.654696748433439e-13, 3.252548148148740e-14, 3.347811948286805e-14, -1.864562880419313e-15,
    -1.250795053064869e-15, 7.418235256624043e-17, 5.068148904796112e-17,
]  # fmt: skip
"""Chebyshev coefficients of (1 + 2*x) * erfcx(x) in t = (x - 3.75) / (x + 3.75), for x >= 0."""


@functools.cache
def _lgamma_terms() -> list[float]:
    """Return the coefficients of log(gamma(2 + z)) / z (A&S 6.1.33)."""
    return [1 - _EULER, *[(-1) ** k * float(scipy.special.zetac(k)) / k for k in range(2, 30)]]


def log1p(np: Any, x: Any) -> Any:
    """Return it near 0 by 2*atanh(x / (2 + x))."""
    near = np.abs(x) < 0.5
    r = np.where(near, x, 0) / (2 + np.where(near, x, 0))
    return np.where(near, r * polynomial(r * r, _LOG1P_TERMS), np.log(1 + x))


def expm1(np: Any, x: Any) -> Any:
    """Return it near 0 by the power series."""
    near = np.abs(x) < 0.5
    return np.where(near, x * polynomial(np.where(near, x, 0), _EXPM1_TERMS), np.exp(x) - 1)


def sinh(np: Any, x: Any) -> Any:
    near = np.abs(x) < 1
    return np.where(near, x * polynomial(x * x, _SINH_TERMS), 0.5 * (np.exp(x) - np.exp(-x)))


def tanh(np: Any, x: Any) -> Any:
    half = np.expm1(-2 * np.abs(x))
    return np.sign(x) * (-half / (2 + half))


def asinh(np: Any, x: Any) -> Any:
    size = np.abs(x)
    return np.sign(x) * np.log1p(size + size * (size / (1 + np.hypot(size, 1))))


def atanh(np: Any, x: Any) -> Any:
    size = np.abs(x)
    return np.sign(x) * 0.5 * np.log1p(2 * size / (1 - size))


def cbrt(np: Any, x: Any) -> Any:
    """Return a power, after one step of Newton's method."""
    zero = x == 0
    size = np.where(zero, 1, np.abs(x))
    root = np.exp(np.log(size) / 3)
    return np.where(zero, 0, np.sign(x) * (root - (root - size / (root * root)) / 3))


def hypot(np: Any, x: Any, y: Any) -> Any:
    large, small = np.maximum(np.abs(x), np.abs(y)), np.minimum(np.abs(x), np.abs(y))
    ratio = small / np.where(large == 0, 1, large)
    return large * np.sqrt(1 + ratio * ratio)


def copysign(np: Any, x: Any, y: Any) -> Any:
    return np.where(y < 0, -np.abs(x), np.abs(x))


def erfcx(np: Any, x: Any) -> Any:
    """Return exp(x**2) * erfc(x), by a series in t = (|x| - 3.75) / (|x| + 3.75).

    The form is that of Schonfelder, Chebyshev expansions for the error and related functions, Mathematics of
    Computation 32 (1978); the coefficients are computed here.
    """
    size = np.abs(x)
    near = np.minimum(size, 1e17)
    tail = _chebyshev((near - 3.75) / (near + 3.75), _ERFCX_TERMS) / (1 + 2 * size)
    return np.where(x < 0, 2 / errors.gauss(np, x) - tail, tail)


def _chebyshev(t: Any, terms: list[float]) -> Any:
    """Return the sum of terms[k] * T_k(t), by Clenshaw's recurrence."""
    last: Any = 0.0
    before: Any = 0.0
    for term in reversed(terms[1:]):
        last, before = 2 * t * last - before + term, last
    return t * last - before + terms[0]


def erf(np: Any, x: Any) -> Any:
    near = np.abs(x) < 1
    inside = np.where(near, x, 0)
    series = inside * polynomial(inside * inside, _ERF_TERMS)
    return np.where(near, series, np.sign(x) * (1 - _tail(np, np.abs(x))))


def erfc(np: Any, x: Any) -> Any:
    near = np.abs(x) < 0.5
    inside = np.where(near, x, 0)
    tail = _tail(np, np.abs(x))
    return np.where(near, 1 - inside * polynomial(inside * inside, _ERF_TERMS), np.where(x < 0, 2 - tail, tail))


def _tail(np: Any, size: Any) -> Any:
    return np.word("gauss", size) * np.word("erfcx", size)


def _stirling(np: Any, x: Any) -> tuple[Any, Any]:
    """Return y >= 9 and the product by which gamma(x) is gamma(y) over it, for x > 0."""
    low = x < _STIRLING_FROM
    product = functools.reduce(operator.mul, [x + k for k in range(1, _STIRLING_STEPS)], x)
    return np.where(low, x + _STIRLING_STEPS, x), np.where(low, product, 1)


def _lgamma_above(np: Any, x: Any) -> Any:
    """Return log(gamma(x)) for x > 0: by its series around 2 where that is near, else by Stirling's (DLMF 5.11)."""
    near = (x > 0.5) & (x < 2.5)
    low = x < 1.5
    z = np.where(near, np.where(low, x - 1, x - 2), 0)
    series = z * polynomial(z, _lgamma_terms()) - np.where(low, np.log1p(z), 0)
    y, product = _stirling(np, x)
    far = (y - 0.5) * (np.log(y) - 1) + (_HALF_LOG_2PI - 0.5 + gammas.remainder(y)) - np.log(product)
    return np.where(near, series, far)


def lgamma(np: Any, x: Any) -> Any:
    """Return the logarithm of |gamma(x)|, reflected below 0 (DLMF 5.5.3)."""
    above = _lgamma_above(np, np.where(x < 0, 1 - x, x))
    return np.where(x < 0, math.log(math.pi) - np.log(np.abs(np.word("sinpi", x))) - above, above)


def gamma(np: Any, x: Any) -> Any:
    """Return it by Stirling's series; reflected below 1/2."""
    low = x < 0.5
    y, product = _stirling(np, np.where(low, 1 - x, x))
    half = np.power(y, 0.5 * y - 0.25)  # y**(y - 1/2) would overflow before gamma(y) does
    above = math.sqrt(2 * math.pi) * half * np.exp(-y) * half * np.exp(gammas.remainder(y)) / product
    return np.where(low, math.pi / (np.word("sinpi", x) * above), above)


def rgamma(np: Any, x: Any) -> Any:
    return 1 / np.word("gamma", x)


def digamma(np: Any, x: Any) -> Any:
    above = gammas.digamma(np, np.where(x < 0, 1 - x, x))
    return np.where(x < 0, above - math.pi * np.word("cospi", x) / np.word("sinpi", x), above)


def polygamma(np: Any, n: float, x: Any) -> Any:
    """Return a sum over x, x + 1, ... (DLMF 25.11), as ``gammas.polygamma`` does."""
    order, odd = int(n) + 1, -1.0 if n % 2 == 0 else 1.0
    apart = x - np.round(x)
    below = np.where(apart < 0, 1 + apart, apart)
    rest = np.where(apart < 0, -apart, 1 - apart)
    left = x < 0
    first = gammas.hurwitz(np, order, np.where(left, below, x))
    others = gammas.hurwitz(np, order, np.where(left, rest, 1)) - gammas.hurwitz(np, order, np.where(left, 1 - x, 1))
    return odd * math.factorial(int(n)) * (first + np.where(left, odd * others, 0))


def betaln(np: Any, a: Any, b: Any) -> Any:
    """Return it for positive a and b."""
    return np.word("lgamma", a) + np.word("lgamma", b) - np.word("lgamma", a + b)


def gamma_density(np: Any, k: float, a: Any, x: Any) -> Any:
    """Return x**(a-1) * exp(-x) / gamma(a)."""
    _only_value(k)
    return np.exp((a - 1) * np.log(x) - x - np.word("lgamma", a))


def beta_density(np: Any, i: float, j: float, a: Any, b: Any, x: Any, _: Any) -> Any:
    """Return x**(a-1) * (1-x)**(b-1) / B(a, b)."""
    _only_value(i + j)
    return np.exp((a - 1) * np.log(x) + (b - 1) * np.log1p(-x) - np.word("betaln", a, b))


def _only_value(order: float) -> None:
    if order:
        raise NotImplementedError


def _bessel_derivative(opcode: str, signs: tuple[int, int]) -> Definition:
    """Return (k, n, x) -> k-th derivative of a Bessel function z, from z[n]' = (s*z[n-1] + t*z[n+1]) / 2."""

    def derivative(np: Any, k: float, n: float, x: Any) -> Any:
        order = int(k)
        total: Any = 0.0
        for j in range(order + 1):
            weight = math.comb(order, j) * signs[0] ** (order - j) * signs[1] ** j / 2**order
            total = total + weight * np.word(opcode, n - order + 2 * j, x)
        return total

    return derivative


def sign(np: Any, x: Any) -> Any:
    return np.where(x > 0, 1, np.where(x < 0, -1, 0))


def trunc(np: Any, x: Any) -> Any:
    return np.sign(x) * np.floor(np.abs(x))


def nearest(np: Any, x: Any) -> Any:
    """Return the nearest integer, the even one of two."""
    above = np.floor(x + 0.5)
    odd = above - 2 * np.floor(0.5 * above)
    return np.where((above - x == 0.5) & (odd != 0), above - 1, above)


def fmod(np: Any, x: Any, y: Any) -> Any:
    """Return the remainder with the sign of x."""
    return x - y * np.word("trunc", x / y)


def mod(np: Any, x: Any, y: Any) -> Any:
    """Return the remainder with the sign of y."""
    rest = np.word("fmod", x, y)
    return np.where((rest != 0) & ((rest < 0) != (y < 0)), rest + y, rest)


def _erfcx_derivative(np: Any, n: float, x: Any) -> Any:
    """Return it for x >= 0; what cancels is at most as large as the function's other parts."""
    before, last = np.word("erfcx", x), 2 * x * np.word("erfcx", x) - 2 / math.sqrt(math.pi)
    for k in range(1, int(n)):
        before, last = last, 2 * x * last + 2 * k * before
    return last


INLINE: dict[str, Definition] = {
    "reciprocal": lambda np, x: 1 / x,
    "sec": lambda np, x: 1 / np.cos(x),
    "csc": lambda np, x: 1 / np.sin(x),
    "cot": lambda np, x: 1 / np.tan(x),
    "sech": lambda np, x: 1 / np.cosh(x),
    "csch": lambda np, x: 1 / np.sinh(x),
    "coth": lambda np, x: 1 / np.tanh(x),
    "acsch": lambda np, x: np.word("asinh", 1 / x),
    "exp2": lambda np, x: np.power(2.0, x),
    "log2": lambda np, x: np.log(x) / math.log(2),
    "log10": lambda np, x: np.log(x) / math.log(10),
    "floor_divide": lambda np, x, y: np.floor(x / y),
    "acosh": closed_forms.acosh,
    "one_minus_square": closed_forms.one_minus_square,
    "soft_sign": closed_forms.soft_sign,
    "gd": closed_forms.gd,
    "jn_derivative": _bessel_derivative("jn", (1, -1)),
    "yn_derivative": _bessel_derivative("yn", (1, -1)),
    "iv_derivative": _bessel_derivative("iv", (1, 1)),
    "kn_derivative": _bessel_derivative("kn", (-1, -1)),
    "pow_const": lambda np, x, n: np.power(x, n),
    "const_pow": lambda np, x, n: np.power(x, n),
}
"""Words that are written out where they stand."""

_LISTED: dict[str, Definition] = {
    name: getattr(closed_forms, name)
    for name in f"{numpy_words.CLOSED} {numpy_words.CLOSED_IN_JAX}".split()
    if name not in INLINE
}

FUNCTIONS: dict[str, Definition] = {
    **_LISTED,
    "log1p": log1p, "expm1": expm1, "sinh": sinh, "tanh": tanh, "asinh": asinh, "atanh": atanh, "cbrt": cbrt,
    "hypot": hypot, "copysign": copysign,
    "sign": sign, "trunc": trunc, "round": nearest, "ceil": lambda np, x: -np.floor(-x), "fmod": fmod, "mod": mod,
    "sigmoid": lambda np, x: 1 / (1 + np.exp(-x)),
    "gauss": errors.gauss, "sinpi": errors.sinpi, "cospi": errors.cospi,
    "erf": erf, "erfc": erfc, "erfcx": erfcx, "erfcx_derivative": _erfcx_derivative,
    "gamma": gamma, "lgamma": lgamma, "rgamma": rgamma, "digamma": digamma, "polygamma": polygamma, "betaln": betaln,
    "polygamma_step": lambda np, n, x, h: gammas.polygamma_step(np, int(n), x, h),
    "lgamma_step": gammas.lgamma_step,
    "gamma_density": gamma_density, "beta_density": beta_density,
}  # fmt: skip
"""Words that become functions of the file."""

ORDERS: dict[str, int] = {
    "usinc_derivative": 1, "exprel_derivative": 1, "boxcox_derivative": 1, "boxcox1p_derivative": 1,
    "power_log": 1, "power_log1p": 1, "polygamma": 1, "polygamma_step": 1, "erfcx_derivative": 1, "gamma_density": 1,
    "beta_density": 2, "jn_derivative": 2, "yn_derivative": 2, "iv_derivative": 2, "kn_derivative": 2,
}  # fmt: skip
"""How many of the first operands of a word are orders: numbers that are known, and part of a function's name."""
