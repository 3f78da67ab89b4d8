"""Integrals of elementary functions: exponential, sine and cosine, Fresnel; and Lambert's W.

Near 0, a table of the entire part, without the logarithm; beyond, a table in c/x of the quotient by the factor that
oscillates or grows (DLMF 6.2, 6.6, 6.12 and 7.2, 7.5, 7.12).
"""

from __future__ import annotations

import math
from typing import Any

import jax.numpy as jnp
from jax import Array, lax

from app.autodiff.special.chebyshev import Table, polynomial

_EULER = 0.57721566490153286061


def _entire(function: str, mp: Any, x: Any, power: int = 1) -> Any:
    """Return (function(x) - gamma - log|x|) / x**power."""
    return (mp.re(getattr(mp, function)(x)) - mp.euler - mp.log(abs(x))) / x**power


_EI_NEAR = Table("integrals.ei_near", 7, lambda mp, u: u - 1, (lambda mp, x: _entire("ei", mp, x),))
_EI_ABOVE = Table("integrals.ei_above", 16, lambda mp, u: 96 / u, (lambda mp, x: x * mp.exp(-x) * mp.ei(x),), degree=20)
_EI_BELOW = Table("integrals.ei_below", 16, lambda mp, u: 16 / u, (lambda mp, x: x * mp.exp(x) * mp.e1(x),))

_WAVE_NEAR = Table(
    "integrals.wave_near",
    16,
    lambda mp, u: mp.sqrt(u),
    (
        lambda mp, x: mp.si(x) / x,
        lambda mp, x: _entire("ci", mp, x, 2),
        lambda mp, x: mp.shi(x) / x,
        lambda mp, x: _entire("chi", mp, x, 2),
    ),
)
_WAVE_FAR = Table(
    "integrals.wave_far",
    16,
    lambda mp, u: 64 / u,
    (
        lambda mp, x: x * (mp.ci(x) * mp.sin(x) + (mp.pi / 2 - mp.si(x)) * mp.cos(x)),
        lambda mp, x: x * x * ((mp.pi / 2 - mp.si(x)) * mp.sin(x) - mp.ci(x) * mp.cos(x)),
    ),
)


def _halves(mp: Any, x: Any) -> tuple[Any, Any, Any, Any]:
    angle = mp.pi * x * x / 2
    return mp.cos(angle), mp.sin(angle), 0.5 - mp.fresnelc(x), 0.5 - mp.fresnels(x)


def _fresnel_f(mp: Any, x: Any) -> Any:
    cosine, sine, c, s = _halves(mp, x)
    return x * (s * cosine - c * sine)


def _fresnel_g(mp: Any, x: Any) -> Any:
    cosine, sine, c, s = _halves(mp, x)
    return x**3 * (c * cosine + s * sine)


_FRESNEL_NEAR = Table(
    "integrals.fresnel_near",
    8,
    lambda mp, u: mp.sqrt(u / 2),
    (lambda mp, x: mp.fresnels(x) / x**3, lambda mp, x: mp.fresnelc(x) / x),
)
_FRESNEL_FAR = Table("integrals.fresnel_far", 16, lambda mp, u: 32 / u, (_fresnel_f, _fresnel_g))


def _ei_near(x: Array) -> Array:
    return _EULER + lax.log(lax.abs(x)) + x * _EI_NEAR(x + 1)


def _ei_above(x: Array) -> Array:
    half = lax.exp(0.5 * x)  # exp(x) would overflow before exp(x)/x does
    return half * (half * (_EI_ABOVE(96 / x) / x))


def _e1_far(x: Array) -> Array:
    return lax.exp(-x) / x * _EI_BELOW(16 / x)


def expi(x: Array) -> Array:
    """Return the exponential integral Ei(x)."""
    return jnp.where(x < -1, -_e1_far(-x), jnp.where(x < 6, _ei_near(x), _ei_above(x)))


def li(x: Array) -> Array:
    """Return the logarithmic integral, Ei(log(x)); exp(log(x)) is not rounded again."""
    logarithm = lax.log(x)
    below = x / logarithm * _EI_BELOW(-16 / logarithm)
    above = x / logarithm * _EI_ABOVE(96 / logarithm)
    return jnp.where(logarithm < -1, below, jnp.where(logarithm < 6, _ei_near(logarithm), above))


def sine_integral(x: Array) -> Array:
    """Return Si(x)."""
    size = lax.abs(x)
    u = 64 / size
    pair = _WAVE_FAR(u, 0, 1)
    f, g = pair[..., 0] / size, pair[..., 1] / (size * size)
    far = math.pi / 2 - f * lax.cos(size) - g * lax.sin(size)
    return jnp.where(size < 4, x * _WAVE_NEAR(x * x, 0), lax.sign(x) * far)


def cosine_integral(x: Array) -> Array:
    """Return Ci(x), for x > 0."""
    u = 64 / x
    pair = _WAVE_FAR(u, 0, 1)
    f, g = pair[..., 0] / x, pair[..., 1] / (x * x)
    near = _EULER + lax.log(x) + x * x * _WAVE_NEAR(x * x, 1)
    return jnp.where(x < 4, near, f * lax.sin(x) - g * lax.cos(x))


def _ei_from_4(x: Array) -> Array:
    return jnp.where(x < 6, _ei_near(x), _ei_above(x))


def sinh_integral(x: Array) -> Array:
    """Return Shi(x)."""
    size = lax.abs(x)
    far = 0.5 * (_ei_from_4(size) + _e1_far(size))
    return jnp.where(size < 4, x * _WAVE_NEAR(x * x, 2), lax.sign(x) * far)


def cosh_integral(x: Array) -> Array:
    """Return Chi(x), for x > 0."""
    near = _EULER + lax.log(x) + x * x * _WAVE_NEAR(x * x, 3)
    return jnp.where(x < 4, near, 0.5 * (_ei_from_4(x) - _e1_far(x)))


def fresnel_angle(x: Array) -> Array:
    """Return pi/2 * x**2 less full turns, without the rounding of a large square.

    With x = n + f for an integer n, the product n*f has no more digits than x, and n*n is 0 or 1 less a multiple of 4.
    """
    n = lax.round(x, lax.RoundingMethod.TO_NEAREST_EVEN)
    f = x - n
    product = n * f
    turns = 4 * lax.round(0.5 * product, lax.RoundingMethod.TO_NEAREST_EVEN)
    return math.pi / 2 * (lax.abs(lax.rem(n, jnp.full_like(n, 2))) + (2 * product - turns) + f * f)


def fresnel(x: Array, sine: bool) -> Array:
    """Return the integral of sin(pi/2 * t**2), or of cos, from 0 to x."""
    size = jnp.minimum(lax.abs(x), 1e18)
    square = size * size
    near = x * square * _FRESNEL_NEAR(2 * square, 0) if sine else x * _FRESNEL_NEAR(2 * square, 1)
    u = 32 / size
    pair = _FRESNEL_FAR(u, 0, 1)
    f, g = pair[..., 0] / size, pair[..., 1] / size / square
    angle = fresnel_angle(x)
    s, c = lax.sin(angle), lax.cos(angle)
    far = 0.5 - f * c - g * s if sine else 0.5 + f * s - g * c
    return jnp.where(size < 2, near, lax.sign(x) * far)


# W near its branch point in p = sqrt(2*(e*x + 1)): the inverse of that series, DLMF 4.13.6.
_BRANCH = [-1.0, 1.0, -1 / 3, 11 / 72, -43 / 540, 769 / 17280, -221 / 8505, 680863 / 43545600, -1963 / 204120]
_INVERSE_E, _INVERSE_E_LOW = 0.36787944117144233, -1.2428753672788363e-17


def lambertw(x: Array) -> Array:
    """Return the principal branch of w * exp(w) = x, for x >= -1/e.

    Two steps of fourth order (Fritsch, Shafer & Crowley, CACM 16, 1973) from a guess, none near the branch point.
    """
    p = lax.sqrt(jnp.maximum(2 * math.e * ((x + _INVERSE_E) + _INVERSE_E_LOW), 0))
    branch = polynomial(p, _BRANCH)
    rise = lax.log1p(jnp.maximum(x, -0.3))
    w = jnp.where(x < -0.25, branch, rise * (1 - lax.log1p(rise) / (2 + rise)))
    for _ in range(3):
        safe = jnp.where(x == 0, 1, w)
        z = lax.log(jnp.where(x == 0, 1, x) / safe) - safe
        q = 2 * (1 + safe) * (1 + safe + 2 * z / 3)
        w = w * (1 + z / (1 + safe) * ((q - z) / (q - 2 * z)))
    w = jnp.where(p < 0.02, branch, jnp.where(x == 0, x, w))
    return jnp.where(x < -_INVERSE_E, jnp.nan, jnp.where(x == jnp.inf, x, w)).astype(x.dtype)


TABLES = (_EI_NEAR, _EI_ABOVE, _EI_BELOW, _WAVE_NEAR, _WAVE_FAR, _FRESNEL_NEAR, _FRESNEL_FAR)
