"""Bessel functions of integer order.

Orders 0 and 1 come from charts: of even entire functions near the origin (Y and K after their logarithms are taken
out, DLMF 10.8.1, 10.31.1), of Hankel's amplitudes P and Q beyond (10.17.3). Higher orders follow by the recurrence
where it is stable: forward for Y and K everywhere and for J above about its order, otherwise by the power series; for
I by the continued fraction of the ratios (10.33.1), from an estimate far out.

The derivatives are those of DLMF 10.6.2 and 10.29.2, except where two neighbours cancel in the tails, which have
charts of their difference.
"""

from __future__ import annotations

import math
from typing import Any

import jax.numpy as jnp
from jax import Array, lax

from app.special.charts import Chart

MAX_ORDER = 20
_NEAR_PIECES, _FAR_FROM = 37, 25.0


def _near_place(mp: Any, u: Any) -> Any:
    return mp.sqrt(u) if u < 16 else u - 12


def _amplitudes(order: int) -> tuple[Any, Any]:
    def turned(mp: Any, x: Any) -> tuple[Any, Any]:
        angle = x - (mp.mpf(order) / 2 + mp.mpf(1) / 4) * mp.pi
        return mp.cos(angle), mp.sin(angle)

    def p(mp: Any, x: Any) -> Any:
        c, s = turned(mp, x)
        return mp.sqrt(x) * (mp.besselj(order, x) * c + mp.bessely(order, x) * s)

    def q(mp: Any, x: Any) -> Any:
        c, s = turned(mp, x)
        return mp.sqrt(x) * (mp.bessely(order, x) * c - mp.besselj(order, x) * s)

    return p, q


def _regular_y0(mp: Any, x: Any) -> Any:
    return mp.bessely(0, x) - 2 / mp.pi * mp.log(x) * mp.besselj(0, x)


def _regular_y1(mp: Any, x: Any) -> Any:
    return (mp.bessely(1, x) - 2 / mp.pi * (mp.log(x) * mp.besselj(1, x) - 1 / x)) / x


_NEAR = Chart(
    _NEAR_PIECES,
    _near_place,
    (lambda mp, x: mp.besselj(0, x), lambda mp, x: mp.besselj(1, x) / x, _regular_y0, _regular_y1),
)
_FAR = Chart(4, lambda mp, u: 4 * _FAR_FROM / u, (*_amplitudes(0), *_amplitudes(1)))

_MODIFIED_NEAR = Chart(
    4,
    lambda mp, u: mp.sqrt(u),
    (
        lambda mp, x: mp.besseli(0, x),
        lambda mp, x: mp.besseli(1, x) / x,
        lambda mp, x: mp.besselk(0, x) + mp.log(x) * mp.besseli(0, x),
        lambda mp, x: (mp.besselk(1, x) - mp.log(x) * mp.besseli(1, x) - 1 / x) / x,
    ),
)
_MODIFIED_FAR = Chart(
    16,
    lambda mp, u: 16 / u,
    (
        lambda mp, x: mp.sqrt(x) * mp.exp(-x) * mp.besseli(0, x),
        lambda mp, x: mp.sqrt(x) * mp.exp(-x) * mp.besseli(1, x),
        lambda mp, x: x * mp.sqrt(x) * mp.exp(-x) * (mp.besseli(0, x) - mp.besseli(1, x)),
        lambda mp, x: mp.sqrt(x) * mp.exp(x) * mp.besselk(0, x),
        lambda mp, x: mp.sqrt(x) * mp.exp(x) * mp.besselk(1, x),
        lambda mp, x: x * mp.sqrt(x) * mp.exp(x) * (mp.besselk(1, x) - mp.besselk(0, x)),
    ),
)


def _near(x: Array, column: int) -> Array:
    return _NEAR(jnp.where(x < 4, x * x, x + 12), column)


def _waves(x: Array, order: int) -> tuple[Array, Array]:
    """Return J and Y of order 0 or 1 for large x."""
    u = 4 * _FAR_FROM / x
    p, q = _FAR(u, 2 * order), _FAR(u, 2 * order + 1)
    sine, cosine = lax.sin(x), lax.cos(x)
    # cos and sin of x - pi/4 or x - 3*pi/4, without rounding the difference
    c, s = (cosine + sine, sine - cosine) if order == 0 else (sine - cosine, -(cosine + sine))
    scale = math.sqrt(0.5) / lax.sqrt(x)
    return scale * (p * c - q * s), scale * (p * s + q * c)


def j0(x: Array) -> Array:
    """Return J of order 0."""
    x = lax.abs(x)
    return jnp.where(x < _FAR_FROM, _near(x, 0), _waves(x, 0)[0])


def j1_over_x(x: Array) -> Array:
    """Return J of order 1 divided by x."""
    x = lax.abs(x)
    return jnp.where(x < _FAR_FROM, _near(x, 1), _waves(x, 1)[0] / x)


def j1(x: Array) -> Array:
    """Return J of order 1."""
    return x * j1_over_x(x)


def y0(x: Array) -> Array:
    """Return Y of order 0, for x > 0."""
    near = 2 / math.pi * lax.log(x) * _near(x, 0) + _near(x, 2)
    return jnp.where(x < _FAR_FROM, near, _waves(x, 0)[1])


def y1(x: Array) -> Array:
    """Return Y of order 1, for x > 0."""
    near = 2 / math.pi * (lax.log(x) * (x * _near(x, 1)) - 1 / x) + x * _near(x, 3)
    return jnp.where(x < _FAR_FROM, near, _waves(x, 1)[1])


def _modified_far(x: Array, column: int) -> Array:
    root = lax.sqrt(x)
    return _MODIFIED_FAR(16 / x, column) / (root * x if column in (2, 5) else root)


def _grow(x: Array, scaled: Array) -> Array:
    """Return exp(x) * scaled, which overflows only where the product does."""
    half = lax.exp(0.5 * x)
    return half * (half * scaled)


def i0(x: Array) -> Array:
    """Return I of order 0."""
    x = lax.abs(x)
    return jnp.where(x < 2, _MODIFIED_NEAR(x * x, 0), _grow(x, _modified_far(x, 0)))


def i1_over_x(x: Array) -> Array:
    """Return I of order 1 divided by x."""
    x = lax.abs(x)
    return jnp.where(x < 2, _MODIFIED_NEAR(x * x, 1), _grow(x, _modified_far(x, 1)) / x)


def i1(x: Array) -> Array:
    """Return I of order 1."""
    return x * i1_over_x(x)


def i0e(x: Array) -> Array:
    """Return exp(-|x|) * I of order 0."""
    x = lax.abs(x)
    return jnp.where(x < 2, lax.exp(-x) * _MODIFIED_NEAR(x * x, 0), _modified_far(x, 0))


def i1e(x: Array) -> Array:
    """Return exp(-|x|) * I of order 1."""
    size = lax.abs(x)
    return jnp.where(size < 2, lax.exp(-size) * x * _MODIFIED_NEAR(x * x, 1), lax.sign(x) * _modified_far(size, 1))


def _i_apart(x: Array) -> Array:
    """Return exp(-x) * (I0(x) - I1(x)) for x >= 0."""
    near = lax.exp(-x) * (_MODIFIED_NEAR(x * x, 0) - x * _MODIFIED_NEAR(x * x, 1))
    return jnp.where(x < 2, near, _modified_far(x, 2))


def i0e_slope(x: Array) -> Array:
    """Return d/dx i0e(x)."""
    return jnp.where(x < 0, 1, -1) * _i_apart(lax.abs(x))


def i1e_slope(x: Array) -> Array:
    """Return d/dx i1e(x)."""
    size = lax.abs(x)
    over_x = jnp.where(size < 2, lax.exp(-size) * _MODIFIED_NEAR(x * x, 1), _modified_far(size, 1) / size)
    return _i_apart(size) - over_x


def _k_scaled(x: Array, column: int) -> Array:
    return _modified_far(x, column)


def _k0_near(x: Array) -> Array:
    return _MODIFIED_NEAR(x * x, 2) - lax.log(x) * _MODIFIED_NEAR(x * x, 0)


def _k1_near(x: Array) -> Array:
    return 1 / x + x * (_MODIFIED_NEAR(x * x, 3) + lax.log(x) * _MODIFIED_NEAR(x * x, 1))


def k0(x: Array) -> Array:
    """Return K of order 0, for x > 0."""
    return jnp.where(x >= 1, lax.exp(-x) * _k_scaled(x, 3), _k0_near(x))


def k1(x: Array) -> Array:
    """Return K of order 1, for x > 0."""
    return jnp.where(x >= 1, lax.exp(-x) * _k_scaled(x, 4), _k1_near(x))


def k0e(x: Array) -> Array:
    """Return exp(x) * K of order 0, for x > 0."""
    return jnp.where(x >= 1, _k_scaled(x, 3), lax.exp(x) * _k0_near(x))


def k1e(x: Array) -> Array:
    """Return exp(x) * K of order 1, for x > 0."""
    return jnp.where(x >= 1, _k_scaled(x, 4), lax.exp(x) * _k1_near(x))


def k0e_slope(x: Array) -> Array:
    """Return d/dx k0e(x)."""
    return -jnp.where(x >= 1, _k_scaled(x, 5), lax.exp(x) * (_k1_near(x) - _k0_near(x)))


def k1e_slope(y: Array, x: Array) -> Array:
    """Return d/dx k1e(x)."""
    return -k0e_slope(x) - y / x


def _forward(n: Array, x: Array, first: Array, second: Array, sign: int) -> Array:
    """Return the solution of order n of z[k+1] = 2k/x * z[k] + sign * z[k-1]."""
    before, here = first, second
    for k in range(1, MAX_ORDER):
        going = n > k
        before, here = jnp.where(going, here, before), jnp.where(going, 2 * k / x * here + sign * before, here)
    return jnp.where(n == 0, first, here)


def _series(n: Array, x: Array, sign: int) -> Array:
    """Return the power series of J (sign -1) or I (sign 1), DLMF 10.2.2 and 10.25.2."""
    z = sign * 0.25 * x * x
    total = jnp.ones_like(x)
    for k in range(30, 0, -1):
        total = 1 + total * z / (k * (n + k))
    lead = jnp.ones_like(x)
    for k in range(1, MAX_ORDER + 1):
        lead = jnp.where(n >= k, lead * (0.5 * x / k), lead)
    return lead * total


def _parity(n: Array, x: Array) -> Array:
    """Return (-1)**n for negative x, otherwise 1."""
    return jnp.where((x < 0) & (n % 2 == 1), -1, 1).astype(x.dtype)


def jn(n: Array, x: Array) -> Array:
    """Return J of integer order 0 <= n <= 20."""
    size = lax.abs(x)
    found = jnp.where(size < 0.75 * n, _series(n, size, -1), _forward(n, size, j0(size), j1(size), -1))
    return jnp.where(jnp.abs(n) > 1, _parity(n, x) * found, jnp.where(n == 0, j0(x), j1(x)))


def yn(n: Array, x: Array) -> Array:
    """Return Y of integer order 0 <= n <= 20, for x > 0."""
    return _forward(n, x, y0(x), y1(x), -1)


def kn(n: Array, x: Array) -> Array:
    """Return K of integer order 0 <= n <= 20, for x > 0."""
    return _forward(n, x, k0(x), k1(x), 1)


def iv(n: Array, x: Array) -> Array:
    """Return I of integer order 0 <= n <= 20."""
    size = lax.abs(x)
    far = _grow(size, _i_asymptotic(n, size))
    found = jnp.where(size < 4, _series(n, size, 1), jnp.where(size < 400, _i_ratios(n, size), far))
    return _parity(n, x) * found


def _i_ratios(n: Array, x: Array) -> Array:
    """Return I as I0 times the ratios of neighbours, by their continued fraction from order 100 down."""
    top = 100.0
    ratio = x / (top + lax.sqrt(top * top + x * x))
    product = i0(x)
    for k in range(99, 0, -1):
        ratio = x / (2 * k + x * ratio)
        product = jnp.where(k <= n, product * ratio, product) if k <= MAX_ORDER else product
    return product


def _i_asymptotic(n: Array, x: Array) -> Array:
    """Return exp(-x) * I for x large against n**2, DLMF 10.40.1."""
    total = jnp.ones_like(x)
    for k in range(20, 0, -1):
        total = 1 - total * ((4 * n * n - (2 * k - 1) ** 2) / (8 * k * x))
    return total / lax.sqrt(2 * math.pi * x)


def jn_slope(n: Array, x: Array) -> Array:
    """Return d/dx J = J[n-1] - n/x * J[n], by its limit at 0."""
    safe = jnp.where(x == 0, 1, x)
    below = jnp.where(n == 0, -jn(jnp.ones_like(n), x), jn(jnp.maximum(n - 1, 0), x))
    return below - jnp.where(x == 0, 0.5 * (n == 1), n / safe * jn(n, safe)).astype(x.dtype)


def iv_slope(n: Array, x: Array) -> Array:
    """Return d/dx I = I[n-1] - n/x * I[n], by its limit at 0."""
    safe = jnp.where(x == 0, 1, x)
    below = iv(jnp.where(n == 0, 1, lax.abs(n - 1)), x)
    return below - jnp.where(x == 0, 0.5 * (n == 1), n / safe * iv(n, safe)).astype(x.dtype)


def lower(function: Any, n: Array, x: Array, y: Array, sign: int) -> Array:
    """Return d/dx of Y (sign 1) or K (sign -1) of order n, whose value is y."""
    beside = function(jnp.where(n == 0, 1, lax.abs(n - 1)), x)
    return jnp.where(n == 0, -beside, sign * beside) - n / x * y
