"""Derivatives of the error function's family, sin and cos of multiples of pi, and other elementary integrals."""

from __future__ import annotations

import math
from typing import Any

from numpy.polynomial import Polynomial, legendre

from app.language.numeric import closed_forms
from app.language.numeric.special_forms.quadrature import Array, axis, half_line

_FAR = 7.0
_TERMS = 40
_NODES, _WEIGHTS = legendre.leggauss(24)
_NODES, _WEIGHTS = (_NODES + 1) / 2, _WEIGHTS / 2
_WIDE, _NEAR = 25.0, 3.0
_PANELS = [*(_NODES / 4), *(0.25 + 0.75 * _NODES)]
_PANEL_WEIGHTS = [*(_WEIGHTS / 4), *(0.75 * _WEIGHTS)]
BRANCH = [1.0, -1 / 3, 11 / 72, -43 / 540, 769 / 17280, -221 / 8505, 680863 / 43545600, -1963 / 204120]
"""1 + W in p = sqrt(2*(e*x + 1)), from p on (NIST DLMF 4.13.6)."""
INVERSE_E, INVERSE_E_LOW = 0.36787944117144233, -1.2428753672788363e-17


def gauss(np: Any, x: Array) -> Array:
    """Return exp(-x**2), a product of two factors, because rounding x**2 would cost x**2 units in the last place."""
    x = np.clip(x, -40, 40)  # farther out it is 0, and the second factor would overflow
    high = np.round(x * 32) / 32
    return np.exp(-high * high) * np.exp((high - x) * (high + x))


def sinpi(np: Any, x: Array) -> Array:
    """Return sin(pi*x), 0 at every integer."""
    turn = x - 2 * np.round(x / 2)
    return np.sin(math.pi * np.where(turn > 0.5, 1 - turn, np.where(turn < -0.5, -1 - turn, turn)))


def cospi(np: Any, x: Array) -> Array:
    """Return cos(pi*x), 0 half-way between integers."""
    turn = np.abs(x - 2 * np.round(x / 2))
    near = np.sin(math.pi * (0.5 - turn))
    return np.where((turn > 0.25) & (turn < 0.75), near, np.cos(math.pi * turn))


def erfcx_derivative(np: Any, n: int, x: Array) -> Array:
    """Return the n-th derivative of exp(x**2) * erfc(x), for x >= 0: the integral of (-2t)**n * exp(-t**2 - 2*x*t)."""
    width = 1 / (1 + np.maximum(x, 0))
    u, weights = half_line(np, np.ones_like(x))
    t = width[..., None] * u
    terms = weights * (-2 * u) ** n * np.exp(-t * (t + 2 * np.maximum(x, 0)[..., None]))
    return 2 / math.sqrt(math.pi) * np.sum(terms, axis=-1) * width ** (n + 1)


def dawsn_derivative(np: Any, n: int, x: Array, dawsn: Array) -> Array:
    """Return the n-th derivative of Dawson's integral, whose value is given, n >= 1.

    Below |x| = 3 from d' = 1 - 2*x*d, which cancels beyond: to 7 by the integral of exp(v*(v - 2*x)) over 0 < v < x,
    from there on by the asymptotic series (NIST DLMF 7.12), term by term.
    """
    far = np.abs(x) >= _FAR
    before, last = dawsn, 1 - 2 * x * dawsn
    for k in range(1, n):
        before, last = last, -2 * x * last - 2 * k * before
    safe = np.where(far, x, _FAR)
    inverse = 1 / safe
    j = range(1, _TERMS)
    ratios = axis(np, [(2 * k - 1) / 2 for k in j], x) * (inverse * inverse)[..., None]
    ones = np.ones_like(x)[..., None]
    terms = np.cumprod(np.concatenate([ones, ratios], axis=-1), axis=-1)
    rising = axis(np, [math.prod(range(2 * k + 1, 2 * k + 1 + n)) for k in range(_TERMS)], x)
    series = 0.5 * (-1) ** n * inverse ** (n + 1) * np.sum(terms * rising, axis=-1)
    middle = np.where(x < 0, (-1) ** (n + 1), 1) * _dawsn_between(np, n, np.clip(np.abs(x), _NEAR, _FAR))
    return np.where(far, series, np.where(np.abs(x) < _NEAR, last, middle))


def _dawsn_between(np: Any, n: int, x: Array) -> Array:
    """Return the n-th derivative of Dawson's integral for 3 <= x <= 7.

    Each derivative has another factor -2*v under the integral, and a term with exp(-x**2) from its upper end.
    """
    end = Polynomial([0.0])
    for k in range(n):
        end = end.deriv() - Polynomial([0, 2]) * end + (-1) ** k * Polynomial([0, 2]) ** k
    v = axis(np, _PANELS, x) * x[..., None]
    terms = axis(np, _PANEL_WEIGHTS, x) * (-2 * v) ** n * np.exp(v * (v - 2 * x[..., None]))
    return x * np.sum(terms, axis=-1) + np.exp(-x * x) * closed_forms.polynomial(x, end.coef.tolist())


def sinhc_derivative(np: Any, n: int, x: Array) -> Array:
    """Return the n-th derivative of sinh(x)/x, the integral of t**n * cosh(x*t), or sinh for odd n, over 0 < t < 1."""
    near = np.abs(x) < _WIDE
    t, weights = axis(np, _NODES, x), axis(np, _WEIGHTS, x)
    inner = np.where(near, x, 0)[..., None] * t
    inside = np.sum(weights * t**n * (np.sinh(inner) if n % 2 else np.cosh(inner)), axis=-1)
    far = np.where(near, _WIDE, x)
    of_far = closed_forms.exprel_derivative(np, float(n), far)
    of_other = closed_forms.exprel_derivative(np, float(n), -far)
    return np.where(near, inside, 0.5 * (of_far + (-1) ** n * of_other))


def lambertw_rise(np: Any, x: Array, w: Array) -> Array:
    """Return 1 + W(x), which keeps its digits near the branch point -1/e; w is W(x)."""
    p = np.sqrt(np.maximum(2 * math.e * ((x + INVERSE_E) + INVERSE_E_LOW), 0))
    near = p < 0.02
    return np.where(near, np.where(near, p, 0) * closed_forms.polynomial(np.where(near, p, 0), BRANCH), 1 + w)
