"""Elementary functions that XLA computes in several ways."""

from __future__ import annotations

import jax.numpy as jnp
from jax import Array, lax


def cbrt(x: Array) -> Array:
    """Return the real cube root."""
    # XLA has several cube roots, each a few ulp off. One Newton step makes their results agree; its cube must not be so
    # small that its last digits are 0.
    least, up, down = (1e-200, 2.0**600, 2.0**-200) if x.dtype == jnp.float64 else (1e-20, 2.0**60, 2.0**-20)
    small = lax.abs(x) < least
    x = jnp.where(small, x * up, x)
    y = lax.cbrt(x)
    step = (y * y * y - x) / (3 * y * y)
    return (y - jnp.where((x != 0) & lax.is_finite(x), step, 0)) * jnp.where(small, down, 1)


def _halves(x: Array) -> tuple[Array, Array]:
    """Return exp(x)/2 and exp(-x)/2 for x >= 0; the first overflows only where it must.

    XLA's hyperbolic functions have exp(x - log(2)), whose argument is rounded.
    """
    root = lax.exp(0.5 * x)
    return 0.5 * root * root, 0.5 / root / root


def sinh(x: Array) -> Array:
    """Return the hyperbolic sine."""
    size = lax.abs(x)
    up, down = _halves(size)
    return jnp.where(size < 1, lax.sinh(x), lax.sign(x) * (up - down))


def cosh(x: Array) -> Array:
    """Return the hyperbolic cosine."""
    up, down = _halves(lax.abs(x))
    return up + down
