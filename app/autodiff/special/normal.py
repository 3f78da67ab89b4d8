"""The error function's family, with full relative accuracy in the tails.

All functions use erf near 0 and erfcx(x) = exp(x**2) * erfc(x) beyond, whose tables are in the variable 4 / (4 + x)
(S. G. Johnson, Faddeeva package, 2012). exp(-x**2) is a product of two factors, because rounding x**2 would cost x**2
units in the last place.
"""

from __future__ import annotations

import math
from typing import Any

import jax.numpy as jnp
from jax import Array, lax

from app.autodiff.special.chebyshev import Table
from app.language.numeric.special_forms.errors import gauss

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


_NEAR = Table("normal.near", 2, lambda mp, u: mp.sqrt(u / 2), (lambda mp, x: mp.erf(x) / x,))
_TAIL = Table(
    "normal.tail",
    16,
    lambda mp, u: 64 / u - 4,
    (lambda mp, x: _erfcx(mp, x) * (x + 4) / 4,),
)
_DAWSON_NEAR = Table("normal.dawson_near", 9, lambda mp, u: mp.sqrt(u), (lambda mp, x: _dawson(mp, x) / x,))
_DAWSON_FAR = Table(
    "normal.dawson_far",
    16,
    lambda mp, u: 48 / u,
    (lambda mp, x: x * _dawson(mp, x),),
)
_INVERSE_NEAR = Table("normal.inverse_near", 2, lambda mp, u: mp.sqrt(u / 8), (lambda mp, x: mp.erfinv(x) / x,))
_INVERSE_TAIL = Table("normal.inverse_tail", 54, lambda mp, u: (u + 1) / 2, (_erfcinv,))


def _tail(x: Array) -> Array:
    s = 4 / (4 + x)
    return _TAIL(16 * s) * s


def erfcx(x: Array) -> Array:
    """Return exp(x**2) * erfc(x)."""
    positive = _tail(lax.abs(x))
    return jnp.where(x >= 0, positive, 2 / gauss(jnp, x) - positive)


def erfc(x: Array) -> Array:
    """Return 1 - erf(x)."""
    near = 1 - x * _NEAR(jnp.minimum(2 * x * x, 2))
    beyond = gauss(jnp, x) * _tail(lax.abs(x))
    return jnp.where(lax.abs(x) < 0.5, near, jnp.where(x > 0, beyond, 2 - beyond))


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


def dawson(x: Array) -> Array:
    """Return Dawson's integral, exp(-x**2) times the integral of exp(t**2) from 0 to x."""
    near = x * _DAWSON_NEAR(x * x)
    return jnp.where(lax.abs(x) < 3, near, _DAWSON_FAR(48 / lax.abs(x)) / x)


def erfi(x: Array) -> Array:
    """Return -i * erf(i*x) = 2/sqrt(pi) * exp(x**2) * dawson(x)."""
    found: Array = 2 / _ROOT_PI * dawson(x) / gauss(jnp, x)
    return found


TABLES = (_NEAR, _TAIL, _DAWSON_NEAR, _DAWSON_FAR, _INVERSE_NEAR, _INVERSE_TAIL)
