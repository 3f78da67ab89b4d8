"""Bessel functions of integer order.

Orders 0 and 1 come from charts: of even entire functions near the origin (Y and K after their logarithms are taken
out, DLMF 10.8.1, 10.31.1), of Hankel's amplitudes P and Q beyond (10.17.3). Higher orders follow by the recurrence
in the vocabulary where that is stable; here is what they need where it is not: the power series of J below about its
order (10.2.2), and Poisson's integral of I (10.32.2) by the trapezoidal rule.

The derivatives are those of DLMF 10.6.2 and 10.29.2, except where two neighbours cancel in the tails, which have
charts of their difference.
"""

from __future__ import annotations

import math
from typing import Any

import jax.numpy as jnp
import numpy as np
from jax import Array, lax

from app.special.charts import Chart, behind

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
    "bessel.near",
    _NEAR_PIECES,
    _near_place,
    (lambda mp, x: mp.besselj(0, x), lambda mp, x: mp.besselj(1, x) / x, _regular_y0, _regular_y1),
)
_FAR = Chart("bessel.far", 4, lambda mp, u: 4 * _FAR_FROM / u, (*_amplitudes(0), *_amplitudes(1)))

_MODIFIED_NEAR = Chart(
    "bessel.modified_near",
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
    "bessel.modified_far",
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


def _near(x: Array, *columns: int) -> Array:
    return _NEAR(jnp.where(x < 4, x * x, x + 12), *columns)


def _waves(x: Array, order: int) -> tuple[Array, Array]:
    """Return J and Y of order 0 or 1 for large x."""
    pair = _FAR(4 * _FAR_FROM / x, 2 * order, 2 * order + 1)
    p, q = pair[..., 0], pair[..., 1]
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
    pair = _near(x, 0, 2)
    near = 2 / math.pi * lax.log(x) * pair[..., 0] + pair[..., 1]
    return jnp.where(x < _FAR_FROM, near, _waves(x, 0)[1])


def y1(x: Array) -> Array:
    """Return Y of order 1, for x > 0."""
    pair = _near(x, 1, 3)
    near = 2 / math.pi * (lax.log(x) * (x * pair[..., 0]) - 1 / x) + x * pair[..., 1]
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
    pair = _MODIFIED_NEAR(x * x, 0, 1)
    near = lax.exp(-x) * (pair[..., 0] - x * pair[..., 1])
    return jnp.where(x < 2, near, _modified_far(x, 2))


def i0e_slope(x: Array) -> Array:
    """Return d/dx i0e(x)."""
    return jnp.where(x < 0, 1, -1) * _i_apart(lax.abs(x))


def i1e_slope(x: Array) -> Array:
    """Return d/dx i1e(x)."""
    size = lax.abs(x)
    over_x = jnp.where(size < 2, lax.exp(-size) * _MODIFIED_NEAR(x * x, 1), _modified_far(size, 1) / size)
    return _i_apart(size) - over_x


def _k0_near(x: Array) -> Array:
    pair = _MODIFIED_NEAR(x * x, 0, 2)
    return pair[..., 1] - lax.log(x) * pair[..., 0]


def _k1_near(x: Array) -> Array:
    pair = _MODIFIED_NEAR(x * x, 1, 3)
    return 1 / x + x * (pair[..., 1] + lax.log(x) * pair[..., 0])


def k0(x: Array) -> Array:
    """Return K of order 0, for x > 0."""
    return jnp.where(x >= 1, lax.exp(-x) * _modified_far(x, 3), _k0_near(x))


def k1(x: Array) -> Array:
    """Return K of order 1, for x > 0."""
    return jnp.where(x >= 1, lax.exp(-x) * _modified_far(x, 4), _k1_near(x))


def k0e(x: Array) -> Array:
    """Return exp(x) * K of order 0, for x > 0."""
    return jnp.where(x >= 1, _modified_far(x, 3), lax.exp(x) * _k0_near(x))


def k1e(x: Array) -> Array:
    """Return exp(x) * K of order 1, for x > 0."""
    return jnp.where(x >= 1, _modified_far(x, 4), lax.exp(x) * _k1_near(x))


def k0e_slope(x: Array) -> Array:
    """Return d/dx k0e(x)."""
    return -jnp.where(x >= 1, _modified_far(x, 5), lax.exp(x) * (_k1_near(x) - _k0_near(x)))


def k1e_slope(y: Array, x: Array) -> Array:
    """Return d/dx k1e(x)."""
    return -k0e_slope(x) - y / x


def j_series(n: Array, x: Array) -> Array:
    """Return J of integer order n >= 1 for |x| < 0.75*n, by its power series."""
    k = behind(np.arange(1, 31), x)
    z = (-0.25 * x * x)[..., None]
    terms = jnp.cumprod(z / (k * (n[..., None] + k)), axis=-1)
    return _lead(n, x) * (1 + jnp.sum(terms, axis=-1))


def _lead(n: Array, x: Array) -> Array:
    """Return (x/2)**n / n!, for integer n up to 21."""
    k = behind(np.arange(1, MAX_ORDER + 2), x)
    return jnp.prod(jnp.where(k <= n[..., None], 0.5 * x[..., None] / k, 1), axis=-1)


def j_series_slope(n: Array, x: Array) -> Array:
    """Return d/dx J = J[n-1] - J[n+1] in halves."""
    return 0.5 * (j_series(n - 1, x) - j_series(n + 1, x))


def i_integral(n: Array, x: Array) -> Array:
    """Return I of integer order n up to 21, for |x| < 220.

    It is the lead of the power series times a mean of exp(x*cos(t)) weighted by sin(t)**(2*n): positive terms, and a
    periodic integrand, for which the trapezoidal rule converges geometrically (Trefethen & Weideman, SIAM Review
    56, 2014).
    """
    size = lax.abs(x)
    angle = behind((np.arange(100) + 0.5) * (np.pi / 100), x)
    weight = lax.pow(*jnp.broadcast_arrays(lax.square(lax.sin(angle)), n[..., None]))
    # 2*sin(t/2)**2 is 1 - cos(t), with the digits that the difference loses.
    fall = behind(2 * np.sin((np.arange(100) + 0.5) * (np.pi / 200)) ** 2, x)
    mean = jnp.sum(weight * lax.exp(-size[..., None] * fall), axis=-1) / jnp.sum(weight, axis=-1)
    return _grow(size, _lead(n, x) * mean)


def i_integral_slope(n: Array, x: Array) -> Array:
    """Return d/dx I = I[n-1] and I[n+1] in halves."""
    return 0.5 * (i_integral(n - 1, x) + i_integral(n + 1, x))


CHARTS = (_NEAR, _FAR, _MODIFIED_NEAR, _MODIFIED_FAR)
