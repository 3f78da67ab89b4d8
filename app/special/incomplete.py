"""Incomplete gamma and beta functions, in value and in every derivative, by one quadrature.

With t = x*exp(-v) the integral from 0 to x becomes an integral over v >= 0 of exp(h(v)) with h(0) = 0, which falls at
once where x is below the peak of the integrand; above it the same is done from x upward. All terms are positive, so
the tails keep their digits, and the derivatives by the parameters are averages of -v and the like under the same
integrand.
"""

from __future__ import annotations

import math

import jax.numpy as jnp
from jax import Array, lax

from app.special import elementary, gammas, quadrature


def gamma_density(a: Array, x: Array) -> Array:
    """Return x**(a-1) * exp(-x) / gamma(a)."""
    return _scaled_power(a, x) / x


def _scaled_power(a: Array, x: Array) -> Array:
    """Return x**a * exp(-x) / gamma(a)."""
    large = a >= 16
    base = jnp.where(large, a, 16)
    mu = (x - base) / base
    apart = jnp.where(lax.abs(mu) < 0.5, elementary.log1pmx(mu), lax.log(x / base) - mu)
    far = lax.sqrt(base / (2 * math.pi)) * lax.exp(base * apart - gammas.remainder(base))
    near = lax.exp(a * lax.log(x) - x - gammas.lgamma(a))
    return jnp.where(large, far, near)


def _gamma_parts(a: Array, x: Array) -> tuple[Array, Array, Array]:
    """Return whether it is the lower part, its value, and its derivative by a."""
    lower = x < jnp.maximum(a, 1)
    side = jnp.where(lower, -1, 1).astype(x.dtype)
    v, weights = quadrature.half_line(1 / jnp.where(lower & (a < 1), a, lax.abs(a - x) + lax.sqrt(x)))
    signed = side[..., None] * v
    terms = weights * lax.exp(a[..., None] * signed - x[..., None] * jnp.expm1(signed))
    scale = _scaled_power(a, x)
    value = scale * jnp.sum(terms, axis=-1)
    centre = lax.log(x) - gammas.digamma(a)
    slope = value * centre + scale * jnp.sum(terms * signed, axis=-1)
    small = lower & (a < 1)
    return lower, value, jnp.where(small, _small_slope(jnp.where(small, a, 1), jnp.where(small, x, 1)), slope)


def _small_slope(a: Array, x: Array) -> Array:
    """Return the derivative of P(a, x) by a for a, x <= 1, by the series of DLMF 8.7.1, which small a do not cancel."""
    term, total = jnp.ones_like(x), jnp.ones_like(x)
    harmonic, change = jnp.zeros_like(x), jnp.zeros_like(x)
    for k in range(1, 20):
        term, harmonic = term * x / (a + k), harmonic + 1 / (a + k)
        total, change = total + term, change + term * harmonic
    front = lax.exp(a * lax.log(x) - x - gammas.lgamma(1 + a))
    return front * (total * (lax.log(x) - gammas.digamma(1 + a)) - change)


def gamma_part(a: Array, x: Array, upper: Array) -> Array:
    """Return the regularised incomplete gamma function P(a, x), or Q(a, x) = 1 - P if upper is 1; a > 0, x >= 0."""
    lower, value, _ = _gamma_parts(a, x)
    found = jnp.where(x == 0, upper, jnp.where(lower == (upper == 0), value, 1 - value))
    return jnp.where((a > 0) & (x >= 0), found, jnp.nan).astype(x.dtype)


def gamma_part_slope(a: Array, x: Array, upper: Array) -> Array:
    """Return its derivative by a."""
    lower, _, slope = _gamma_parts(a, x)
    found = jnp.where(x == 0, 0, jnp.where(lower == (upper == 0), slope, -slope))
    return jnp.where((a > 0) & (x >= 0), found, jnp.nan).astype(x.dtype)


def beta_density(a: Array, b: Array, x: Array) -> Array:
    """Return x**(a-1) * (1-x)**(b-1) / B(a, b)."""
    return lax.exp((a - 1) * lax.log(x) + (b - 1) * lax.log1p(-x) - gammas.betaln(a, b))


def _beta_parts(a: Array, b: Array, x: Array) -> tuple[Array, Array, Array, Array]:
    """Return whether it is the part from 0, its value, and its derivatives by a and b."""
    lower = x * (a + b) < a

    def swap(first: Array, second: Array) -> Array:
        return jnp.where(lower, first, second)

    p, q, near, rest = swap(a, b), swap(b, a), swap(x, 1 - x), swap(1 - x, x)
    log_near, log_rest = swap(lax.log(x), lax.log1p(-x)), swap(lax.log1p(-x), lax.log(x))
    odds = near / rest
    fall = jnp.maximum(p - (q - 1) * odds, 0) + lax.sqrt(lax.abs(q - 1) * near) / rest
    v, weights = quadrature.half_line(1 / jnp.where((p < 1) | (q < 1), p, fall))
    growth = lax.log1p(-odds[..., None] * jnp.expm1(-v))
    terms = weights * lax.exp((q[..., None] - 1) * growth - p[..., None] * v)
    scale = lax.exp(p * log_near + (q - 1) * log_rest - gammas.betaln(a, b))
    value = scale * jnp.sum(terms, axis=-1)
    by_p = value * (log_near + gammas.digamma_step(p, q)) - scale * jnp.sum(terms * v, axis=-1)
    by_q = value * (log_rest + gammas.digamma_step(q, p)) + scale * jnp.sum(terms * growth, axis=-1)
    return lower, value, swap(by_p, by_q), swap(by_q, by_p)


def _inside(a: Array, b: Array, x: Array) -> Array:
    return (a > 0) & (b > 0) & (x >= 0) & (x <= 1)


def betainc(a: Array, b: Array, x: Array) -> Array:
    """Return the regularised incomplete beta function I_x(a, b), for a, b > 0, 0 <= x <= 1."""
    lower, value, _, _ = _beta_parts(a, b, x)
    found = jnp.where(lower, value, 1 - value)
    return jnp.where(_inside(a, b, x), jnp.where(x == 0, 0, jnp.where(x == 1, 1, found)), jnp.nan).astype(x.dtype)


def betainc_slope(a: Array, b: Array, x: Array, operand: int) -> Array:
    """Return its derivative by a (0) or b (1)."""
    lower, _, *slopes = _beta_parts(a, b, x)
    found = jnp.where(lower, slopes[operand], -slopes[operand])
    return jnp.where(_inside(a, b, x), jnp.where((x == 0) | (x == 1), 0, found), jnp.nan).astype(x.dtype)
