"""Combinations of elementary functions that cancel where they are written out."""

from __future__ import annotations

import math

import jax.numpy as jnp
from jax import Array, lax

from app.special.charts import polynomial

_EXPREL_SLOPE = [(k + 1) / math.factorial(k + 2) for k in range(17)]


def sin_pi(x: Array) -> Array:
    """Return sin(pi*x), 0 at every integer."""
    turn = x - 2 * lax.round(lax.stop_gradient(x) / 2, lax.RoundingMethod.TO_NEAREST_EVEN)
    folded = jnp.where(turn > 0.5, 1 - turn, jnp.where(turn < -0.5, -1 - turn, turn))
    return lax.sin(math.pi * folded)


def cos_pi(x: Array) -> Array:
    """Return cos(pi*x), 0 half-way between integers."""
    turn = lax.abs(x - 2 * lax.round(lax.stop_gradient(x) / 2, lax.RoundingMethod.TO_NEAREST_EVEN))
    near = lax.sin(math.pi * (0.5 - turn))
    return jnp.where((turn > 0.25) & (turn < 0.75), near, lax.cos(math.pi * turn))


def tan_pi(x: Array) -> Array:
    """Return tan(pi*x)."""
    turn = x - lax.round(lax.stop_gradient(x), lax.RoundingMethod.TO_NEAREST_EVEN)
    return lax.tan(math.pi * turn)


def log1pmx(x: Array) -> Array:
    """Return log(1 + x) - x.

    Near 0 from log(1 + x) = 2*atanh(r), r = x/(2 + x), whose first term is taken out: x - 2*r is x*r.
    """
    r = x / (2 + x)
    square = r * r
    small = lax.abs(x) < 0.5
    series = polynomial(jnp.where(small, square, 0), [2 / (2 * k + 3) for k in range(16)])
    return jnp.where(small, r * (square * series - x), lax.log1p(x) - x)


def exprel(x: Array) -> Array:
    """Return (exp(x) - 1) / x, 1 at 0."""
    zero = x == 0
    return jnp.where(zero, 1 + 0.5 * x, lax.expm1(x) / jnp.where(zero, 1, x))


def exprel_slope(y: Array, x: Array) -> Array:
    """Return d/dx exprel(x) = (exp(x) - exprel(x)) / x, infinite where exprel(x) is."""
    small = lax.abs(x) < 1
    near = polynomial(jnp.where(small, x, 0), _EXPREL_SLOPE)
    return jnp.where(small, near, jnp.where(y == jnp.inf, y, (lax.exp(x) - y) / jnp.where(small, 1, x)))


def kl_div(x: Array, y: Array) -> Array:
    """Return x*log(x/y) - x + y, for positive x and y; y where x is 0, infinite elsewhere."""
    inside = (x > 0) & (y > 0)
    apart = (y - x) / jnp.where(inside, x, 1)
    near = -x * log1pmx(apart)
    found = jnp.where(lax.abs(apart) < 0.5, near, x * lax.log(x / y) - x + y)
    return jnp.where(inside, found, jnp.where((x == 0) & (y >= 0), y, jnp.inf)).astype(x.dtype)
