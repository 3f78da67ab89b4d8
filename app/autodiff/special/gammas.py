"""The gamma function's family.

Tables up to 16, Stirling's series above (NIST DLMF 5.11), reflection for negative x (5.5.3). The table of lgamma near 1
and 2 is divided by its zeros. Functions of several gammas, whose logarithms would cancel, first shift their arguments
up, where Stirling's remainder is all that is left of the logarithms.
"""

from __future__ import annotations

import math
from typing import cast

import jax.numpy as jnp
from jax import Array, lax

from app.autodiff.special.chebyshev import Table, polynomial
from app.language.numeric.special_forms import errors
from app.language.numeric.special_forms import gammas as forms

_BERNOULLI = (1 / 6, -1 / 30, 1 / 42, -1 / 30, 5 / 66, -691 / 2730, 7 / 6, -3617 / 510, 43867 / 798, -174611 / 330)
_STIRLING = [b / (2 * k * (2 * k - 1)) for k, b in enumerate(_BERNOULLI[:8], 1)]
_DIGAMMA = [b / (2 * k) for k, b in enumerate(_BERNOULLI[:8], 1)]
_HALF_LOG_2PI = 0.5 * math.log(2 * math.pi)
_LARGE = 16

# Two pieces a unit, from 1 on; lgamma by its quotient by (x - 1)*(x - 2) from 1/2 to 3.
_TABLE = Table(
    "gammas.table",
    30,
    lambda mp, u: 1 + u / 2,
    (lambda mp, x: mp.gamma(x), lambda mp, x: mp.loggamma(x), lambda mp, x: mp.digamma(x)),
)
_ZEROS = Table(
    "gammas.zeros", 5, lambda mp, u: (u + 1) / 2, (lambda mp, x: mp.loggamma(x) / ((x - 1) * (x - 2)),), degree=20
)


def remainder(x: Array) -> Array:
    """Return lgamma(x) - ((x - 1/2)*log(x) - x + log(2*pi)/2) for x >= 16."""
    return polynomial(1 / (x * x), _STIRLING) / x


def _lgamma_above(x: Array) -> Array:
    """Return lgamma(x) for x > 0."""
    # Below 1/2 by lgamma(x + 1) - log(x); the zeros' table goes down to 1/2.
    low = x < 0.5
    shifted = jnp.where(low, x + 1, x)
    zeros = (shifted - 1) * (shifted - 2) * _ZEROS(2 * shifted - 1)
    found = jnp.where(shifted < 3, zeros, _TABLE(2 * (shifted - 1), 1))
    far = (x - 0.5) * (lax.log(x) - 1) + (_HALF_LOG_2PI - 0.5 + remainder(x))
    return jnp.where(x < 16, found - jnp.where(low, lax.log(x), 0), far)


def lgamma(x: Array) -> Array:
    """Return log |gamma(x)|."""
    above = _lgamma_above(jnp.where(x < 0, 1 - x, x))
    mirrored = math.log(math.pi) - lax.log(lax.abs(errors.sinpi(jnp, x))) - above
    return jnp.where(x < 0, mirrored, above)


def _gamma_above(x: Array) -> Array:
    """Return gamma(x) for x >= 1/2."""
    low = x < 1
    near = _TABLE(2 * (jnp.where(low, x + 1, x) - 1)) / jnp.where(low, x, 1)
    half = lax.pow(x, 0.5 * x - 0.25)
    far = math.sqrt(2 * math.pi) * half * lax.exp(-x) * half * lax.exp(remainder(x))
    return jnp.where(x < 16, near, jnp.where(x > 172, jnp.inf, far).astype(x.dtype))


_LOW, _FACTORS = -150, 16


def _start(x: Array) -> Array:
    return jnp.where(x < _LOW, jnp.minimum(1 - x, 400) - _FACTORS, 1 - _LOW)


def _top(x: Array) -> Array:
    """Return gamma of 1 - x less 16, for x < -150, where gamma(1 - x) overflows too early."""
    return _gamma_above(_start(x))


def _rest(x: Array) -> Array:
    """Return gamma(1 - x) / _top(x)."""
    return cast("Array", forms.rising(_start(x), 0, _FACTORS))


def gamma(x: Array) -> Array:
    """Return the gamma function; nan at negative integers."""
    low = x < 0.5
    above = _gamma_above(jnp.where(low, 1 - x, x))
    sine = errors.sinpi(jnp, x)
    mirrored = jnp.where(
        (sine == 0) & (x < 0),
        jnp.nan,
        jnp.where(x < _LOW, math.pi / sine / _top(x) / _rest(x), math.pi / (sine * above)),
    )
    near = _gamma_above(1 + x) / x
    return jnp.where(low, jnp.where(lax.abs(x) < 0.5, near, mirrored), above).astype(x.dtype)


def rgamma(x: Array) -> Array:
    """Return 1 / gamma(x), 0 at the poles."""
    low = x < 0.5
    above = _gamma_above(jnp.where(low, 1 - x, x))
    sine = errors.sinpi(jnp, x)
    mirrored = sine / math.pi * jnp.where(x < _LOW, 1, above)
    mirrored = jnp.where(x < _LOW, mirrored * _top(x) * _rest(x), mirrored)
    return jnp.where(low, jnp.where(sine == 0, 0, mirrored), 1 / above)


def _digamma_above(x: Array) -> Array:
    """Return digamma(x) for x > 0."""
    low = x < 1
    near = _TABLE(2 * (jnp.where(low, x + 1, x) - 1), 2) - jnp.where(low, 1 / x, 0)
    square = 1 / (x * x)
    return jnp.where(x < 16, near, lax.log(x) - 0.5 / x - square * polynomial(square, _DIGAMMA))


def digamma(x: Array) -> Array:
    """Return gamma'(x) / gamma(x)."""
    above = _digamma_above(jnp.where(x < 0, 1 - x, x))
    return jnp.where(x < 0, above - math.pi * errors.cospi(jnp, x) / errors.sinpi(jnp, x), above)


def betaln(a: Array, b: Array) -> Array:
    """Return log |gamma(a) * gamma(b) / gamma(a + b)|."""
    return cast("Array", forms.betaln(jnp, _positive_betaln, a, b))


def _positive_betaln(a: Array, b: Array) -> Array:
    p, q = jnp.minimum(a, b), jnp.maximum(a, b)
    both = p + q
    ratio = lax.log1p(p / q)
    # lgamma(q) - lgamma(p + q), every term of which is small where p is
    apart = remainder(q) - remainder(both) - (both - 0.5) * ratio + p
    known = lgamma(jnp.stack([p, q, both], axis=-1))
    mixed = known[..., 0] + (apart - p * lax.log(q))
    far = _HALF_LOG_2PI + (remainder(p) - p + apart) - 0.5 * lax.log(q) + (p - 0.5) * lax.log(p / q)
    near = known[..., 0] + known[..., 1] - known[..., 2]
    return jnp.where(p >= _LARGE, far, jnp.where((q >= _LARGE) & (p > 0), mixed, near))


TABLES = (_TABLE, _ZEROS)
