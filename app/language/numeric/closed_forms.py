"""Values of elementary words in closed form, for NumPy's functions or those of JAX.

``np`` is the module ``numpy`` or ``jax.numpy``. Operands are arrays of one dtype, float64 or float32, whose shapes
broadcast. The textbook forms cancel, overflow or divide by zero somewhere: log(x + sqrt(x*x - 1)) loses half its digits
near 1. Only values are computed here; the derivatives are words of ``app.autodiff.table``.
"""

from __future__ import annotations

import math
from typing import Any

from numpy.polynomial import legendre

Array = Any
"""An array of NumPy or of JAX."""

_LOG1PMX = [2 / (2 * k + 3) for k in range(16)]
_EXPM1_REST = [(k - 1) / math.factorial(k) for k in range(2, 19)]
_NODES, _WEIGHTS = legendre.leggauss(24)
_NODES, _WEIGHTS = (_NODES + 1) / 2, _WEIGHTS / 2
_FAR = 25.0
_MAX_DERIVATIVE = 24


def polynomial(x: Array, coefficients: list[float]) -> Array:
    """Return the polynomial with these coefficients, lowest first, by Horner's rule."""
    total = x * 0 + coefficients[-1]
    for coefficient in reversed(coefficients[:-1]):
        total = total * x + coefficient
    return total


def log1pmx(np: Any, x: Array) -> Array:
    """Return log(1 + x) - x.

    Near 0 from log(1 + x) = 2*atanh(r), r = x/(2 + x), whose first term is taken out: x - 2*r is x*r.
    """
    small = np.abs(x) < 0.5
    t = np.where(small, x, 0)
    r = t / (2 + t)
    square = r * r
    return np.where(small, r * (square * polynomial(square, _LOG1PMX) - t), np.log1p(x) - x)


def kl_div(np: Any, x: Array, y: Array) -> Array:
    """Return x*log(x/y) - x + y, for positive x and y; y where x is 0, infinite elsewhere."""
    inside = (x > 0) & (y > 0)
    apart = (y - x) / np.where(inside, x, 1)
    close = np.abs(apart) < 0.5
    found = np.where(close, -x * log1pmx(np, np.where(close, apart, 0)), x * log_ratio(np, x, y) - x + y)
    return np.where(inside, found, np.where((x == 0) & (y >= 0), y, np.inf))


def leg(np: Any, x: Array) -> Array:
    """Return sqrt(x*x - 1), exact near 1 and without overflow."""
    return np.sqrt(np.abs(x) - 1) * np.sqrt(np.abs(x) + 1)


def asec(np: Any, x: Array) -> Array:
    """Return acos(1/x)."""
    return np.arctan2(leg(np, x), np.sign(x))


def acsc(np: Any, x: Array) -> Array:
    """Return asin(1/x)."""
    return np.sign(x) * np.arctan2(np.ones_like(x), leg(np, x))


def acot(np: Any, x: Array) -> Array:
    """Return atan(1/x), pi/2 at 0."""
    zero = x == 0
    return np.where(zero, math.pi / 2, np.arctan(1 / np.where(zero, 1, x)))


def acosh(np: Any, x: Array) -> Array:
    """Return the inverse hyperbolic cosine, with all digits near 1."""
    t = x - 1  # exact near 1
    return np.log1p(t + np.sqrt(t) * np.sqrt(t + 2))


def asech(np: Any, x: Array) -> Array:
    """Return acosh(1/x), with all digits near 1."""
    t = (1 - x) / x
    return np.log1p(t + np.sqrt(t) * np.sqrt(t + 2))


def acoth(np: Any, x: Array) -> Array:
    """Return atanh(1/x)."""
    return np.sign(x) * 0.5 * np.log1p(2 / (np.abs(x) - 1))


def gd(np: Any, x: Array) -> Array:
    """Return the Gudermannian, 2*atan(tanh(x/2))."""
    return 2 * np.arctan(np.tanh(0.5 * x))


def usinc(np: Any, x: Array) -> Array:
    """Return sin(x) / x, 1 at 0."""
    zero = x == 0
    return np.where(zero, 1, np.sin(x) / np.where(zero, 1, x))


def exprel(np: Any, x: Array) -> Array:
    """Return (exp(x) - 1) / x, 1 at 0."""
    zero = x == 0
    return np.where(zero, 1, np.expm1(x) / np.where(zero, 1, x))


def soft_sign(np: Any, x: Array) -> Array:
    """Return x / (1 + |x|)."""
    return x / (1 + np.abs(x))


def celu(np: Any, x: Array, a: Array) -> Array:
    """Return x above 0, a*(exp(x/a) - 1) below."""
    return np.where(x > 0, x, a * np.expm1(np.where(x > 0, 0, x) / a))


def softplus(np: Any, x: Array) -> Array:
    """Return log(1 + exp(x))."""
    return np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x)))


def logaddexp(np: Any, x: Array, y: Array) -> Array:
    """Return log(exp(x) + exp(y))."""
    top = np.maximum(x, y)
    finite = np.isfinite(top)
    apart = np.where(finite, x - y, 0)
    return np.where(finite, top + np.log1p(np.exp(-np.abs(apart))), top)


def share(np: Any, x: Array, y: Array) -> Array:
    """Return exp(x) / (exp(x) + exp(y)); 1/2 for equal infinities."""
    return 1 / (1 + np.exp(np.where(x == y, 0, y - x)))


def xlogy(np: Any, x: Array, y: Array) -> Array:
    """Return x*log(y), 0 where x is 0."""
    zero = x == 0
    return np.where(zero, 0, x * np.log(np.where(zero, 1, y)))


def xlog1py(np: Any, x: Array, y: Array) -> Array:
    """Return x*log(1 + y), 0 where x is 0."""
    zero = x == 0
    return np.where(zero, 0, x * np.log1p(np.where(zero, 0, y)))


def angle_slope(np: Any, x: Array, y: Array) -> Array:
    """Return x / (x*x + y*y) without over- or underflow on the way."""
    scale = np.maximum(np.abs(x), np.abs(y))
    a, b = x / scale, y / scale
    return a / ((a * a + b * b) * scale)


def hypot_slope(np: Any, x: Array, y: Array) -> Array:
    """Return x / sqrt(x*x + y*y)."""
    return x / np.hypot(x, y)


def hypot_rest(np: Any, x: Array, y: Array) -> Array:
    """Return sqrt(x*x + y*y) - |y|, without cancellation."""
    total = np.hypot(x, y) + np.abs(y)
    zero = total == 0
    return np.where(zero, total, x * (x / np.where(zero, 1, total)))


def pseudo_huber(np: Any, d: Array, r: Array) -> Array:
    """Return d**2 * (sqrt(1 + (r/d)**2) - 1), 0 for d = 0."""
    size, total = np.abs(d), np.hypot(r, d) + np.abs(d)
    share = size / np.where(total == 0, 1, total)
    return np.where(np.abs(r) > size, size * hypot_rest(np, r, d), r * (r * share))


def pseudo_huber_slope(np: Any, d: Array, r: Array) -> Array:
    """Return |d| * r / sqrt(d*d + r*r)."""
    return np.where(np.abs(r) > np.abs(d), np.abs(d) * hypot_slope(np, r, d), r * hypot_slope(np, np.abs(d), r))


def one_minus_square(_: Any, x: Array) -> Array:
    """Return 1 - x*x, exact near 1."""
    return (1 - x) * (1 + x)


def log_ratio(np: Any, x: Array, y: Array) -> Array:
    """Return log(x/y), where the quotient is near 1, overflows or underflows, too."""
    ratio, apart = x / y, (x - y) / y
    near = np.abs(apart) < 0.5
    usual = (ratio > 1e-290) & (ratio < np.inf)
    far = np.log(np.where(x > 0, x, 1)) - np.log(np.where(y > 0, y, 1))
    found = np.where(usual | ~((x > 0) & (y > 0) & (x < np.inf) & (y < np.inf)), np.log(ratio), far)
    return np.where(near, np.log1p(np.where(near, apart, 0)), found)


def shortfall(np: Any, x: Array, y: Array) -> Array:
    """Return 1 - x/y, exact where x is near y; 1 where x is 0."""
    return np.where(x == 0, 1, (y - x) / y)


def expm1_rest(np: Any, u: Array) -> Array:
    """Return exp(u) - 1 - u*exp(u), by its power series where that cancels."""
    small = np.abs(u) < 0.5
    t = np.where(small, u, 0)
    return np.where(small, -t * t * polynomial(t, _EXPM1_REST), np.expm1(u) - u * np.exp(u))


def power_log(np: Any, k: Array | float, x: Array, n: Array) -> Array:
    """Return x**n * log(x)**k, and 0 for x = 0, n >= 0 and k > 0."""
    flat = (x == 0) & (n >= 0) & (k > 0)
    logarithm = np.log(np.where(flat, 1, x))
    return np.where(flat, 0, np.power(x, n) * (logarithm if _static(k) == 1 else np.power(logarithm, k)))


def power_log1p(np: Any, k: Array | float, x: Array, n: Array) -> Array:
    """Return (1 + x)**n * log(1 + x)**k, and 0 for x = -1, n >= 0 and k > 0."""
    flat = (x == -1) & (n >= 0) & (k > 0)
    logarithm = np.log1p(np.where(flat, 0, x))
    # With u = 1 + x as it is rounded, (1 + x)**n is u**n * exp(n*(x - (u - 1))/u).
    near = np.abs(x) < 1
    u = 1 + np.where(near, x, 0)
    power = np.power(1 + x, n) * np.where(near & (u > 0), np.exp(n * ((x - (u - 1)) / np.where(u > 0, u, 1))), 1)
    order = _static(k)
    return np.where(flat, 0, power * (1 if order == 0 else logarithm if order == 1 else np.power(logarithm, k)))


def strong_mul(np: Any, g: Array, p: Array) -> Array:
    """Return g*p, and 0 where g is 0, whatever p is."""
    return np.where(g == 0, 0, g * p)


def strong_div(np: Any, g: Array, p: Array) -> Array:
    """Return g/p, and 0 where g is 0, whatever p is."""
    return np.where(g == 0, 0, g / p)


def zero_mul(np: Any, x: Array, y: Array) -> Array:
    """Return x*y, and 0 where one of both is 0, whatever the other is."""
    return np.where((x == 0) | (y == 0), 0, x * y)


def _on_last_axis(np: Any, values: Any, like: Array) -> Array:
    """Return a vector that broadcasts against ``like`` with one more axis, in its dtype."""
    return np.asarray(values, like.dtype).reshape((1,) * np.ndim(like) + (-1,))


def _boxcox_derivative(np: Any, k: Array | float, logarithm: Array, power: Array) -> Array:
    """Return z**(k+1) times the k-th derivative of (exp(u) - 1)/u at u = l*z, for z = log(x)."""
    at_zero = logarithm == -np.inf
    product = np.where(power == 0, 0, power * logarithm)
    found = np.power(logarithm, k + 1) * exprel_derivative(np, k, product)
    positive = np.where(power > 0, power, 1)
    order = _static(k)
    if order is not None:
        limit = -math.factorial(order) * np.power(-1 / positive, order) / positive
    else:
        orders = _on_last_axis(np, range(1, _MAX_DERIVATIVE + 1), positive)
        n = (k * np.ones_like(positive))[..., None]
        limit = -np.prod(np.where(orders <= n, -orders / positive[..., None], 1), axis=-1) / positive
    return np.where(at_zero & (power > 0), limit, found)


def boxcox_derivative(np: Any, k: Array | float, x: Array, power: Array) -> Array:
    """Return the k-th derivative of (x**l - 1)/l by l."""
    return _boxcox_derivative(np, k, np.log(x), power)


def boxcox1p_derivative(np: Any, k: Array | float, x: Array, power: Array) -> Array:
    """Return the k-th derivative of ((1 + x)**l - 1)/l by l."""
    return _boxcox_derivative(np, k, np.log1p(x), power)


def _boxcox(np: Any, logarithm: Array, power: Array) -> Array:
    at_zero = (logarithm == -np.inf) & (power > 0)
    z = np.where(at_zero, -1, logarithm)
    return np.where(at_zero, -1 / np.where(at_zero, power, 1), z * exprel(np, np.where(power == 0, 0, power * z)))


def boxcox(np: Any, x: Array, power: Array) -> Array:
    """Return (x**l - 1)/l, log(x) for l = 0."""
    return _boxcox(np, np.log(x), power)


def boxcox1p(np: Any, x: Array, power: Array) -> Array:
    """Return ((1 + x)**l - 1)/l, log(1 + x) for l = 0."""
    return _boxcox(np, np.log1p(x), power)


def _wave(np: Any, n: Array, x: Array) -> Array:
    """Return cos(x + n*pi/2) for integer n."""
    turned = np.where(np.mod(n, 2) == 1, np.sin(x), np.cos(x))
    quarter = np.mod(n, 4)
    return np.where((quarter == 1) | (quarter == 2), -turned, turned)


def _falling(np: Any, n: Array, x: Array) -> Array:
    """Return (-1)**k * n*(n-1)*...*(n-k+1) / x**k for k = 0, 1, ... on a new last axis; 0 from k = n + 1 on."""
    k = _on_last_axis(np, range(_MAX_DERIVATIVE), x)
    ratios = (k - n[..., None]) / x[..., None]
    return np.cumprod(np.concatenate([np.ones_like(x)[..., None], ratios], axis=-1), axis=-1)


def _usinc_of_order(np: Any, n: int, x: Array) -> Array:
    """Return the n-th derivative of sin(x)/x for one n: by its power series, beyond 3 by recurrence from sin(x)/x."""
    near = np.abs(x) < 3
    t, far = np.where(near, x, 0), np.where(near, 3, x)
    odd = n % 2
    signs = [(-1) ** ((k + n) // 2) / (math.factorial(k) * (n + k + 1)) for k in range(odd, 32, 2)]
    series = polynomial(t * t, signs)
    sine, cosine = np.sin(far), np.cos(far)
    found = sine / far
    for k in range(1, n + 1):
        found = ((cosine, -sine, -cosine, sine)[(k - 1) % 4] - k * found) / far
    return np.where(near, t * series if odd else series, found)


def _exprel_of_order(np: Any, n: int, x: Array) -> Array:
    """Return the n-th derivative of (exp(x) - 1)/x for one n: by its power series, or recurrence."""
    near = np.abs(x) < 3
    t, far = np.where(near, x, 0), np.where(near | (x == np.inf), 3, x)
    series = polynomial(t, [1 / (math.factorial(k) * (n + k + 1)) for k in range(31)])
    # exp(x) would overflow before exp(x)/x does
    half = np.exp(0.5 * np.maximum(far, 0))
    top = np.where(far > 0, half, np.exp(far))
    found = (top - 1 / half) / far
    for k in range(1, n + 1):
        found = (top - k * found) / far
    return np.where(near, series, np.where(x == np.inf, x, half * found))


_MAX_RECURRENCE = 8
"""Order up to which the recurrences above lose no more than two digits."""


def _static(n: Any) -> int | None:
    """Return an order that is known and low, else None."""
    return int(n) if isinstance(n, int | float) and 0 <= n <= _MAX_RECURRENCE and n == int(n) else None


def usinc_derivative(np: Any, n: Array | float, x: Array) -> Array:
    """Return the n-th derivative of sin(x)/x, the integral of t**n * cos(x*t + n*pi/2) over 0 < t < 1, for n <= 24.

    Near 0 by Gauss and Legendre's rule; beyond, the integral by parts, n times. An n that is a number has its own form.
    """
    order = _static(n)
    if order is not None:
        return _usinc_of_order(np, order, x)
    n, x = np.broadcast_arrays(n * np.ones_like(x), x)
    near = np.abs(x) < _FAR
    t, weights = _on_last_axis(np, _NODES, x), _on_last_axis(np, _WEIGHTS, x)
    order = n[..., None]
    inside = np.sum(weights * np.power(t, order) * _wave(np, order, np.where(near, x, 0)[..., None] * t), axis=-1)
    far = np.where(near, _FAR, x)
    k = _on_last_axis(np, range(_MAX_DERIVATIVE + 1), x)
    outside = np.sum(_falling(np, n, far) * _wave(np, order - k - 1, far[..., None]), axis=-1) / far
    return np.where(n > _MAX_DERIVATIVE, np.nan, np.where(near, inside, outside))


def exprel_derivative(np: Any, n: Array | float, x: Array) -> Array:
    """Return the n-th derivative of (exp(x) - 1)/x, the integral of t**n * exp(x*t) over 0 < t < 1, for n <= 24.

    By the same rules as ``usinc_derivative``.
    """
    order = _static(n)
    if order is not None:
        return _exprel_of_order(np, order, x)
    n, x = np.broadcast_arrays(n * np.ones_like(x), x)
    near = np.abs(x) < _FAR
    t, weights = _on_last_axis(np, _NODES, x), _on_last_axis(np, _WEIGHTS, x)
    inside = np.sum(weights * np.power(t, n[..., None]) * np.exp(np.where(near, x, 0)[..., None] * t), axis=-1)
    far = np.where(near | np.isinf(x), _FAR, x)
    half = np.exp(0.5 * far)  # exp(x) would overflow before exp(x)/x does
    falling = _falling(np, n, far)
    k = _on_last_axis(np, range(_MAX_DERIVATIVE + 1), x)
    last = np.sum(np.where(k == n[..., None], falling, 0), axis=-1)
    outside = half * (half * (np.sum(falling, axis=-1) / far)) - last / far
    outside = np.where(np.isinf(x), np.where(x > 0, x, 0), outside)
    return np.where(n > _MAX_DERIVATIVE, np.nan, np.where(near, inside, outside))
