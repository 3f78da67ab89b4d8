"""Modified Bessel functions K of real order, and their derivatives by order and argument, by one quadrature.

    K_v(x) = integral of exp(-x*cosh(t)) * cosh(v*t) over t > 0    (NIST DLMF 10.32.9)

Derivatives have powers of t and -cosh(t) as factors, so that all terms have one sign. The integrand is even and
analytic, so the trapezoidal rule converges geometrically (Trefethen & Weideman, SIAM Review 56, 2014).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from app import errors

_MOST_ORDER = 1000
_FALL = 48.0
"""Where the integrand has fallen by exp(-48) it is left out."""
_STEP, _NARROW = 0.17, 0.45


def word(*, scaled: bool) -> Callable[..., Any]:
    """Return the function (k, m, v, x): derivatives of order k by v and m by x of K_v(x), or of exp(x) * K_v(x)."""

    def call(k: Any, m: Any, v: Any, x: Any) -> Any:
        found = np.result_type(v, x)
        dtype = found if found.kind == "f" else np.dtype(float)
        arrays = np.broadcast_arrays(*[np.asarray(each, float) for each in (k, m, v, x)])
        rows = zip(*[array.ravel().tolist() for array in arrays], strict=True)
        values = [_value(int(k), int(m), v, x, scaled=scaled) for k, m, v, x in rows]
        with np.errstate(over="ignore"):
            return np.array(values, float).reshape(arrays[0].shape).astype(dtype)[()]

    return call


def _value(k: int, m: int, v: float, x: float, *, scaled: bool) -> float:
    if k < 0 or m < 0:
        return 0.0
    if math.isnan(v) or not x >= 0 or math.isinf(v):
        return math.nan
    if abs(v) > _MOST_ORDER:
        raise errors.TooComplex(f"the order {v:.6g} of a Bessel function K", hint=f"orders are up to {_MOST_ORDER}")
    if x == 0:
        return math.nan if k or m else math.inf
    if math.isinf(x):
        return 0.0
    with np.errstate(under="ignore", over="ignore"):
        return _integral(k, m, v, x, scaled=scaled)


def _integral(k: int, m: int, v: float, x: float, *, scaled: bool) -> float:
    order, logarithm = abs(v), math.log(x)

    def fall(t: Any) -> Any:
        """Return x * (cosh(t) - 1), for t that is too large for cosh as well."""
        near = 2 * x * np.sinh(np.minimum(t, 1) / 2) ** 2
        far = 0.5 * (np.exp(t + logarithm) + np.exp(logarithm - t)) - x
        return np.where(t < 1, near, far)

    def exponent(t: Any) -> Any:
        return order * t - fall(t)

    peak = math.asinh(order / x) if order < 1e15 * x else math.log(2 * order) - logarithm
    top = float(exponent(np.float64(peak)))
    width = math.hypot(x, order) ** -0.5
    first, last = peak, peak
    stride = width
    while first > 0 and float(exponent(np.float64(first))) > top - _FALL:
        first, stride = first - stride, 1.25 * stride
    stride = width
    while float(exponent(np.float64(last))) > top - _FALL:
        last, stride = last + min(stride, 2.0), 1.25 * stride
    step = min(_STEP, _NARROW * width)
    t = step * np.arange(max(0, math.floor(first / step)), math.ceil(last / step) + 1)
    turned = -0.5 * np.expm1(-2 * order * t) * math.copysign(1, v) if k % 2 else 0.5 * (1 + np.exp(-2 * order * t))
    if scaled:
        factor = (-2 * np.sinh(np.minimum(t, 350) / 2) ** 2) ** m if m else 1.0
    else:
        factor = (-np.cosh(np.minimum(t, 700))) ** m if m else 1.0
    terms = np.exp(exponent(t) - top) * turned * t**k * factor
    terms[0] = terms[0] / 2 if t[0] == 0 else terms[0]
    total = step * float(np.sum(terms))
    # exp() in two halves, so that a product that is in range is found.
    half: float = math.exp(0.5 * min(max(top if scaled else top - x, -1400), 1400))
    return float(half * (half * total))
