"""Bessel functions of integer order.

Orders 0 and 1 come from tables: near the origin, tables of even entire functions (for Y and K without their logarithms,
DLMF 10.8.1, 10.31.1); beyond, tables of Hankel's amplitudes P and Q (10.17.3). Higher orders follow by recurrence where
it is stable; where it is not, by the power series of J (10.2.2) and by Poisson's integral of I (10.32.2).
"""

from __future__ import annotations

import math
from typing import Any

import jax.numpy as jnp
import numpy as np
from jax import Array, lax

from app.autodiff.special.chebyshev import Table, on_last_axis

MOST_ORDER = 26
"""The greatest order of a text is 20; derivatives have greater ones."""

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


_NEAR = Table(
    "bessel.near",
    _NEAR_PIECES,
    _near_place,
    (lambda mp, x: mp.besselj(0, x), lambda mp, x: mp.besselj(1, x) / x, _regular_y0, _regular_y1),
)
_FAR = Table("bessel.far", 4, lambda mp, u: 4 * _FAR_FROM / u, (*_amplitudes(0), *_amplitudes(1)))

_MODIFIED_NEAR = Table(
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
_MODIFIED_FAR = Table(
    "bessel.modified_far",
    16,
    lambda mp, u: 16 / u,
    (
        lambda mp, x: mp.sqrt(x) * mp.exp(-x) * mp.besseli(0, x),
        lambda mp, x: mp.sqrt(x) * mp.exp(-x) * mp.besseli(1, x),
        lambda mp, x: mp.sqrt(x) * mp.exp(x) * mp.besselk(0, x),
        lambda mp, x: mp.sqrt(x) * mp.exp(x) * mp.besselk(1, x),
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


def _j0(x: Array) -> Array:
    return jnp.where(x < _FAR_FROM, _near(x, 0), _waves(x, 0)[0])


def _j1(x: Array) -> Array:
    return jnp.where(x < _FAR_FROM, x * _near(x, 1), _waves(x, 1)[0])


def _y0(x: Array) -> Array:
    pair = _near(x, 0, 2)
    near = 2 / math.pi * lax.log(x) * pair[..., 0] + pair[..., 1]
    return jnp.where(x < _FAR_FROM, near, _waves(x, 0)[1])


def _y1(x: Array) -> Array:
    pair = _near(x, 1, 3)
    near = 2 / math.pi * (lax.log(x) * (x * pair[..., 0]) - 1 / x) + x * pair[..., 1]
    return jnp.where(x < _FAR_FROM, near, _waves(x, 1)[1])


def _modified_far(x: Array, column: int) -> Array:
    return _MODIFIED_FAR(16 / x, column) / lax.sqrt(x)


def _grow(x: Array, scaled: Array) -> Array:
    """Return exp(x) * scaled, which overflows only where the product does."""
    half = lax.exp(0.5 * x)
    return half * (half * scaled)


def i0e(x: Array) -> Array:
    """Return exp(-|x|) * I of order 0."""
    x = lax.abs(x)
    return jnp.where(x < 2, lax.exp(-x) * _MODIFIED_NEAR(x * x, 0), _modified_far(x, 0))


def i1e(x: Array) -> Array:
    """Return exp(-|x|) * I of order 1."""
    size = lax.abs(x)
    return jnp.where(size < 2, lax.exp(-size) * x * _MODIFIED_NEAR(x * x, 1), lax.sign(x) * _modified_far(size, 1))


def _k0_near(x: Array) -> Array:
    pair = _MODIFIED_NEAR(x * x, 0, 2)
    return pair[..., 1] - lax.log(x) * pair[..., 0]


def _k1_near(x: Array) -> Array:
    pair = _MODIFIED_NEAR(x * x, 1, 3)
    return 1 / x + x * (pair[..., 1] + lax.log(x) * pair[..., 0])


def k0e(x: Array) -> Array:
    """Return exp(x) * K of order 0, for x > 0."""
    return jnp.where(x >= 1, _modified_far(x, 2), lax.exp(x) * _k0_near(x))


def k1e(x: Array) -> Array:
    """Return exp(x) * K of order 1, for x > 0."""
    return jnp.where(x >= 1, _modified_far(x, 3), lax.exp(x) * _k1_near(x))


Order = Any
"""An integer: a plain number, or an array of the shape of x."""


def _is_odd(n: Order) -> Any:
    return jnp.mod(n, 2) == 1


def _by_recurrence(n: Order, x: Array, first: Array, second: Array, signs: tuple[int, int]) -> Array:
    """Return order |n| from orders 0 and 1 by z[k+1] = 2k/x * z[k] + z[k-1], with the two signs given."""
    size = abs(n)
    most = int(size) if isinstance(size, (int, float)) else MOST_ORDER
    found = jnp.where(size == 0, first, jnp.where(size == 1, second, jnp.nan))
    for k in range(1, most):
        first, second = second, signs[0] * (2 * k / x) * second + signs[1] * first
        found = jnp.where(size == k + 1, second, found)
    return found


def jn(n: Order, x: Array) -> Array:
    """Return J of integer order n up to 26.

    Below about its order by the power series, beyond by recurrence, which is stable there.
    """
    size = lax.abs(x)
    above = _by_recurrence(n, size, _j0(size), _j1(size), (1, -1))
    low = size < 0.75 * abs(n)
    found = jnp.where(low, _j_series(abs(n), jnp.where(low, size, 0)), above)
    return jnp.where(_is_odd(n) & ((x < 0) != (jnp.asarray(n) < 0)), -found, found)


def yn(n: Order, x: Array) -> Array:
    """Return Y of integer order n up to 26, for x > 0."""
    found = _by_recurrence(n, x, _y0(x), _y1(x), (1, -1))
    return jnp.where(_is_odd(n) & (jnp.asarray(n) < 0), -found, found)


def iv(n: Order, x: Array) -> Array:
    """Return I of integer order n up to 26.

    By recurrence for |x| above n**2/2, where that is stable, else by Poisson's integral.
    """
    size = lax.abs(x)
    order = abs(n)
    low = size < jnp.maximum(8, order * order / 2)
    far = jnp.where(low, 340, size)
    above = _by_recurrence(order, far, _modified_far(far, 0), _modified_far(far, 1), (-1, 1))
    near = jnp.where(low, size, 0)
    found = _grow(size, jnp.where(low, _lead(order, near) * _poisson(order, near), above))
    return jnp.where(_is_odd(n) & (x < 0), -found, found)


def kn(n: Order, x: Array) -> Array:
    """Return K of integer order n up to 26, for x > 0."""
    half = lax.exp(-0.5 * x)
    return half * (half * scaled_kn(n, x))


def scaled_kn(n: Order, x: Array) -> Array:
    """Return exp(x) * K of integer order n up to 26, for x > 0."""
    return _by_recurrence(n, x, k0e(x), k1e(x), (1, 1))


def _j_series(n: Order, x: Array) -> Array:
    """Return J of integer order n for 0 <= x < 0.75*n, by its power series."""
    k = on_last_axis(np.arange(1, 31), x)
    z = (-0.25 * x * x)[..., None]
    terms = jnp.cumprod(z / (k * (_with_axis(n) + k)), axis=-1)
    return _lead(n, x) * (1 + jnp.sum(terms, axis=-1))


def _with_axis(n: Order) -> Any:
    return n if isinstance(n, (int, float)) else n[..., None]


def _lead(n: Order, x: Array) -> Array:
    """Return (x/2)**n / n!."""
    k = on_last_axis(np.arange(1, MOST_ORDER + 1), x)
    return jnp.prod(jnp.where(k <= _with_axis(n), 0.5 * x[..., None] / k, 1), axis=-1)


def _poisson(n: Order, x: Array) -> Array:
    """Return exp(-x) * n! / (x/2)**n * I_n(x) for 0 <= x < 340.

    It is a mean of exp(x*cos(t)) weighted by sin(t)**(2*n): positive terms, and a periodic integrand, for which the
    trapezoidal rule converges geometrically (Trefethen & Weideman, SIAM Review 56, 2014).
    """
    angle = on_last_axis((np.arange(128) + 0.5) * (np.pi / 128), x)
    weight = lax.pow(*jnp.broadcast_arrays(lax.square(lax.sin(angle)), jnp.asarray(_with_axis(n), x.dtype)))
    # 2*sin(t/2)**2 is 1 - cos(t), with the digits that the difference loses.
    fall = on_last_axis(2 * np.sin((np.arange(128) + 0.5) * (np.pi / 256)) ** 2, x)
    return jnp.sum(weight * lax.exp(-x[..., None] * fall), axis=-1) / jnp.sum(weight, axis=-1)


TABLES = (_NEAR, _FAR, _MODIFIED_NEAR, _MODIFIED_FAR)
