"""The gamma function's family.

Charts up to 16, Stirling's series above (NIST DLMF 5.11), reflection below (5.5.3). lgamma has its zeros at 1 and 2
taken out; functions of several gammas whose logarithms would cancel shift their arguments up first, where what is left
of the logarithms is Stirling's remainder.
"""

from __future__ import annotations

import math

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array, lax

from app.special import elementary
from app.special.charts import Chart, behind, polynomial

_BERNOULLI = (1 / 6, -1 / 30, 1 / 42, -1 / 30, 5 / 66, -691 / 2730, 7 / 6, -3617 / 510, 43867 / 798, -174611 / 330)
_STIRLING = [b / (2 * k * (2 * k - 1)) for k, b in enumerate(_BERNOULLI[:8], 1)]
_DIGAMMA = [b / (2 * k) for k, b in enumerate(_BERNOULLI[:8], 1)]
_HALF_LOG_2PI = 0.5 * math.log(2 * math.pi)
_LARGE = 16

# Two pieces a unit, from 1 on; lgamma by its quotient by (x - 1)*(x - 2) from 1/2 to 3.
_CHART = Chart(
    "gammas.chart",
    30,
    lambda mp, u: 1 + u / 2,
    (lambda mp, x: mp.gamma(x), lambda mp, x: mp.loggamma(x), lambda mp, x: mp.digamma(x)),
)
_ZEROS = Chart(
    "gammas.zeros", 5, lambda mp, u: (u + 1) / 2, (lambda mp, x: mp.loggamma(x) / ((x - 1) * (x - 2)),), degree=20
)


def remainder(x: Array) -> Array:
    """Return lgamma(x) - ((x - 1/2)*log(x) - x + log(2*pi)/2) for x >= 16."""
    return polynomial(1 / (x * x), _STIRLING) / x


def _lgamma_above(x: Array) -> Array:
    """Return lgamma(x) for x > 0."""
    # Below 1/2 by lgamma(x + 1) - log(x); the zeros' chart goes down to 1/2.
    low = x < 0.5
    shifted = jnp.where(low, x + 1, x)
    zeros = (shifted - 1) * (shifted - 2) * _ZEROS(2 * shifted - 1)
    found = jnp.where(shifted < 3, zeros, _CHART(2 * (shifted - 1), 1))
    far = (x - 0.5) * (lax.log(x) - 1) + (_HALF_LOG_2PI - 0.5 + remainder(x))
    return jnp.where(x < 16, found - jnp.where(low, lax.log(x), 0), far)


def lgamma(x: Array) -> Array:
    """Return log |gamma(x)|."""
    above = _lgamma_above(jnp.where(x < 0, 1 - x, x))
    mirrored = math.log(math.pi) - lax.log(lax.abs(elementary.sin_pi(x))) - above
    return jnp.where(x < 0, mirrored, above)


def _gamma_above(x: Array) -> Array:
    """Return gamma(x) for x >= 1/2."""
    low = x < 1
    near = _CHART(2 * (jnp.where(low, x + 1, x) - 1)) / jnp.where(low, x, 1)
    half = lax.pow(x, 0.5 * x - 0.25)
    far = math.sqrt(2 * math.pi) * half * lax.exp(-x) * half * lax.exp(remainder(x))
    return jnp.where(x < 16, near, jnp.where(x > 172, jnp.inf, far).astype(x.dtype))


def gamma(x: Array) -> Array:
    """Return the gamma function; nan at negative integers."""
    low = x < 0.5
    above = _gamma_above(jnp.where(low, 1 - x, x))
    sine = elementary.sin_pi(x)
    mirrored = jnp.where((sine == 0) & (x < 0), jnp.nan, math.pi / (sine * above))
    near = _gamma_above(1 + x) / x
    return jnp.where(low, jnp.where(lax.abs(x) < 0.5, near, mirrored), above).astype(x.dtype)


def rgamma(x: Array) -> Array:
    """Return 1 / gamma(x), 0 at the poles."""
    low = x < 0.5
    above = _gamma_above(jnp.where(low, 1 - x, x))
    return jnp.where(low, elementary.sin_pi(x) / math.pi * above, 1 / above)


def rgamma_slope(y: Array, x: Array) -> Array:
    """Return d/dx 1/gamma(x), also at the poles."""
    low = x < 0.5
    mirror = jnp.where(low, 1 - x, x)
    above = _gamma_above(mirror)
    slope = _digamma_above(mirror)
    return jnp.where(low, (elementary.cos_pi(x) - elementary.sin_pi(x) / math.pi * slope) * above, -slope * y)


def _digamma_above(x: Array) -> Array:
    """Return digamma(x) for x > 0."""
    low = x < 1
    near = _CHART(2 * (jnp.where(low, x + 1, x) - 1), 2) - jnp.where(low, 1 / x, 0)
    square = 1 / (x * x)
    return jnp.where(x < 16, near, lax.log(x) - 0.5 / x - square * polynomial(square, _DIGAMMA))


def digamma(x: Array) -> Array:
    """Return gamma'(x) / gamma(x)."""
    above = _digamma_above(jnp.where(x < 0, 1 - x, x))
    return jnp.where(x < 0, above - math.pi / elementary.tan_pi(x), above)


def trigamma(x: Array) -> Array:
    """Return digamma'(x)."""
    above = zeta(jnp.full_like(x, 2), jnp.where(x < 0, 1 - x, x))
    return jnp.where(x < 0, lax.square(math.pi / elementary.sin_pi(x)) - above, above)


def zeta(s: Array, q: Array, above_1: Array | None = None) -> Array:
    """Return Hurwitz' zeta function, the sum of (q + k)**-s over k >= 0, for q > 0 (DLMF 25.11.28).

    Euler and Maclaurin's formula after 24 terms; at q = 1 good for s >= 0 as well. ``above_1`` is s - 1 where that
    is known to more digits than s has.
    """
    terms = behind(np.arange(24), s)
    head = jnp.sum(lax.pow(*jnp.broadcast_arrays(q[..., None] + terms, -s[..., None])), axis=-1)
    end = q + 24
    last = lax.pow(end, -s)
    total = head + last * end / (s - 1 if above_1 is None else above_1) + last / 2
    factor = last * s / end
    for j, bernoulli in enumerate(_BERNOULLI, 1):
        total = total + bernoulli / math.factorial(2 * j) * factor
        factor = factor * ((s + 2 * j - 1) * (s + 2 * j)) / (end * end)
    return jnp.where(q > 0, total, jnp.nan).astype(s.dtype)


def riemann(s: Array) -> Array:
    """Return Riemann's zeta function of a real number."""
    low = s < 0
    above = zeta(jnp.where(low, 1 - s, s), jnp.ones_like(s), jnp.where(low, -s, s - 1))
    # The functional equation, DLMF 25.4.1.
    mirror = (
        2
        * lax.pow(jnp.full_like(s, 2 * math.pi), s - 1)
        * elementary.sin_pi(s / 2)
        * _gamma_above(jnp.where(low, 1 - s, 1))
    )
    return jnp.where(low, mirror * above, jnp.where(s == 1, jnp.inf, above)).astype(s.dtype)


def betaln(a: Array, b: Array) -> Array:
    """Return log(gamma(a) * gamma(b) / gamma(a + b)); a and b positive."""
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


def digamma_step(x: Array, h: Array) -> Array:
    """Return digamma(x + h) - digamma(x) for positive x and x + h, exact for small h."""
    k = behind(np.arange(_LARGE), x)
    low = x < _LARGE
    start = x[..., None] + k
    head = jnp.where(low, jnp.sum(h[..., None] / (start * (start + h[..., None])), axis=-1), 0)
    x = jnp.where(low, x + _LARGE, x)
    end = x + h
    p, q = 1 / (x * x), 1 / (end * end)
    # The divided difference of the asymptotic series, by Horner's rule.
    value = slope = jnp.zeros_like(x)
    for coefficient in reversed([0.0, *_DIGAMMA]):
        slope = slope * p + value
        value = value * q + coefficient
    apart = h * (x + end) * p * q
    return head + lax.log1p(h / x) + 0.5 * h / (x * end) + apart * slope


def tetragamma(x: Array) -> Array:
    """Return trigamma'(x)."""
    above = -2 * zeta(jnp.full_like(x, 3), jnp.where(x < 0, 1 - x, x))
    turn = 2 * math.pi**3 / (elementary.tan_pi(x) * lax.square(elementary.sin_pi(x)))
    return jnp.where(x < 0, above - turn, above)


def zeta_slope(s: Array, q: Array) -> Array:
    """Return d/ds of Hurwitz' zeta function."""
    slope: Array = jax.jvp(lambda s: zeta(s, q), (s,), (jnp.ones_like(s),))[1]
    return slope


def riemann_slope(s: Array) -> Array:
    """Return d/ds of Riemann's zeta function."""
    slope: Array = jax.jvp(riemann, (s,), (jnp.ones_like(s),))[1]
    return slope


CHARTS = (_CHART, _ZEROS)
