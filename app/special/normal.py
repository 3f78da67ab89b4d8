"""The error function's family, with full relative accuracy in the tails.

Everything comes from erf near 0 and from erfcx(x) = exp(x**2) * erfc(x) beyond, whose charts are in 4 / (4 + x)
(the variable of S. G. Johnson, Faddeeva package, 2012). exp(-x**2) is formed in two factors, because the rounding of
x**2 alone would cost x**2 units in the last place.
"""

from __future__ import annotations

import math
from typing import Any

import jax.numpy as jnp
from jax import Array, lax

from app.special.charts import Chart

_ROOT_PI = math.sqrt(math.pi)


def _erfcx(mp: Any, x: Any) -> Any:
    return mp.exp(x * x) * mp.erfc(x)


def _dawson(mp: Any, x: Any) -> Any:
    return mp.sqrt(mp.pi) / 2 * mp.exp(-x * x) * mp.erfi(x)


def _erfcinv(mp: Any, w: Any) -> Any:
    """Return x with erfc(x) = exp(-w**2), by Newton's method on the logarithm."""
    x = mp.mpf(w)
    for _ in range(9):
        tail = mp.erfc(x)
        x += (mp.log(tail) + w * w) * tail * mp.sqrt(mp.pi) / 2 * mp.exp(x * x)
    return x


_NEAR = Chart("normal.near", 2, lambda mp, u: mp.sqrt(u / 2), (lambda mp, x: mp.erf(x) / x,))
_TAIL = Chart(
    "normal.tail",
    16,
    lambda mp, u: 64 / u - 4,
    (
        lambda mp, x: _erfcx(mp, x) * (x + 4) / 4,
        lambda mp, x: (2 / mp.sqrt(mp.pi) - 2 * x * _erfcx(mp, x)) * ((x + 4) / 4) ** 2,
    ),
)
_DAWSON_NEAR = Chart("normal.dawson_near", 9, lambda mp, u: mp.sqrt(u), (lambda mp, x: _dawson(mp, x) / x,))
_DAWSON_FAR = Chart(
    "normal.dawson_far",
    16,
    lambda mp, u: 48 / u,
    (lambda mp, x: x * _dawson(mp, x), lambda mp, x: x * x * (1 - 2 * x * _dawson(mp, x))),
)
_INVERSE_NEAR = Chart("normal.inverse_near", 2, lambda mp, u: mp.sqrt(u / 8), (lambda mp, x: mp.erfinv(x) / x,))
_INVERSE_TAIL = Chart("normal.inverse_tail", 54, lambda mp, u: (u + 1) / 2, (_erfcinv,))


def gauss(x: Array) -> Array:
    """Return exp(-x**2)."""
    head = lax.stop_gradient(lax.round(x * 16) / 16)  # its square is exact
    head = jnp.where(lax.abs(x) < 64, head, x)
    return lax.exp(-head * head) * lax.exp(-(x - head) * (x + head))


def _tail(x: Array, column: int) -> Array:
    s = 4 / (4 + x)
    return _TAIL(16 * s, column) * (s if column == 0 else -s * s)


def erfcx(x: Array) -> Array:
    """Return exp(x**2) * erfc(x)."""
    positive = _tail(lax.abs(x), 0)
    return jnp.where(x >= 0, positive, 2 / gauss(x) - positive)


def erfcx_slope(y: Array, x: Array) -> Array:
    """Return 2*x*erfcx(x) - 2/sqrt(pi), which would cancel for large x."""
    return jnp.where(x >= 0, _tail(lax.abs(x), 1), 2 * x * y - 2 / _ROOT_PI)


def erfc(x: Array) -> Array:
    """Return 1 - erf(x)."""
    near = 1 - x * _NEAR(jnp.minimum(2 * x * x, 2))
    beyond = gauss(x) * _tail(lax.abs(x), 0)
    return jnp.where(lax.abs(x) < 0.5, near, jnp.where(x > 0, beyond, 2 - beyond))


def gauss_slope(x: Array, factor: float = 1.0) -> Array:
    """Return factor * 2/sqrt(pi) * exp(-x**2)."""
    return factor * 2 / _ROOT_PI * gauss(x)


def _inverse(y: Array, x: Array) -> Array:
    """Return erfcinv(y) = erfinv(x) for x + y = 1, 0 < y <= 1."""
    near = x * _INVERSE_NEAR(8 * x * x)
    return jnp.where(x < 0.5, near, _INVERSE_TAIL(2 * lax.sqrt(-lax.log(y)) - 1))


def erfinv(x: Array) -> Array:
    """Return y with erf(y) = x."""
    size = lax.abs(x)
    found = jnp.where(x < 0, -1, 1) * _inverse(1 - size, size)
    return jnp.where(size == 1, jnp.where(x < 0, -jnp.inf, jnp.inf), found).astype(x.dtype)


def erfcinv(y: Array) -> Array:
    """Return x with erfc(x) = y."""
    flipped = y > 1
    small = jnp.where(flipped, 2 - y, y)
    found = jnp.where(flipped, -1, 1) * _inverse(small, 1 - small)
    return jnp.where(small == 0, jnp.where(flipped, -jnp.inf, jnp.inf), found).astype(y.dtype)


def inverse_slope(y: Array, tail: Array) -> Array:
    """Return sqrt(pi)/2 * exp(y**2), the slope of erfinv where its value is y, for tail = erfc(|y|).

    In the tail exp(y**2) is erfcx(y) / erfc(y), for y**2 would lose digits.
    """
    far = tail < 0.5
    size = lax.abs(y)
    return _ROOT_PI / 2 * jnp.where(far, _tail(size, 0) / jnp.where(far, tail, 1), 1 / gauss(y))


def dawson(x: Array) -> Array:
    """Return Dawson's integral, exp(-x**2) times the integral of exp(t**2) from 0 to x."""
    near = x * _DAWSON_NEAR(x * x)
    return jnp.where(lax.abs(x) < 3, near, _DAWSON_FAR(48 / lax.abs(x)) / x)


def dawson_slope(y: Array, x: Array) -> Array:
    """Return 1 - 2*x*dawson(x), which would cancel for large x."""
    return jnp.where(lax.abs(x) < 3, 1 - 2 * x * y, _DAWSON_FAR(48 / lax.abs(x), 1) / (x * x))


def erfi(x: Array) -> Array:
    """Return -i * erf(i*x) = 2/sqrt(pi) * exp(x**2) * dawson(x)."""
    return 2 / _ROOT_PI * dawson(x) / gauss(x)


CHARTS = (_NEAR, _TAIL, _DAWSON_NEAR, _DAWSON_FAR, _INVERSE_NEAR, _INVERSE_TAIL)
