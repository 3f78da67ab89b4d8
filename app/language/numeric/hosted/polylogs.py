"""Polylogarithms of real order and all their derivatives, by z and by the order; Clausen's function.

    polylog(k, j, s, z) = the derivative of order k by z and j by s of Li_s(z), for z < 1

For s > 0, with t = log(1 + exp(u)) in Li_s(z) = z / Gamma(s) * integral over t > 0 of t**(s-1) / (exp(t) - z),

    D_z^k Li_s(z) = k! / Gamma(s) * integral over all u of log(1 + exp(u))**(s-1) * exp(u) / (1 - z + exp(u))**(k+1)

for k > 0, and nothing cancels. It is analytic in the strip |Im u| < pi for every z < 1, so the trapezoidal rule is
exact to rounding. Orders s < 0.02 are raised by Li_s = z * d/dz Li_(s+1) (NIST DLMF 25.12).
"""

from __future__ import annotations

import functools
import math
from typing import Any

import numpy as np
import scipy

from app.language.numeric.hosted import trapezoid
from app.language.numeric.special_forms import jets

Array = Any
"""A float64 vector."""

_TAIL = 40.0
LEAST_ORDER = -6
"""Least order: below, the terms of a negative z cancel."""
_MOST_ORDER = 100
_LOWEST = 0.02
"""Least order that is not raised; the tail of its integral takes 5000 nodes."""


def polylog(k: Array, j: Array, s: Array, z: Array) -> Array:
    """Return the derivative of order k by z and j by s of Li_s(z).

    It is nan for z > 1, for orders below ``LEAST_ORDER``, and for z < -1 where s < 0.02 is no integer or j > 0.
    """
    inside = (s >= LEAST_ORDER) & (s <= _MOST_ORDER) & (z <= 1) & (z >= -1e300) & (k >= 0) & (j >= 0)
    raised = np.where(inside & (s < _LOWEST), np.ceil(_LOWEST - s), 0)
    mirrored = (raised > 0) & (z < -1)
    inside &= ~mirrored | ((s == np.rint(s)) & (j == 0))
    found = np.full(z.shape, np.nan)
    keys = np.stack([k, j, raised, mirrored])
    for key in {tuple(column) for column in keys[:, inside].T}:
        here = inside & np.all(keys == np.array(key)[:, None], axis=0)
        by_z, by_order, times = map(int, key[:3])
        form = _mirrored if key[3] else _raised
        found[here] = form(by_z, by_order, times, s[here], z[here])
    return found


def _mirrored(k: int, j: int, raised: int, s: Array, z: Array) -> Array:
    """Return the derivative for integers s <= 0 and z < -1, by Li_s(z) = (-1)**(1-s) * Li_s(1/z), less 1 for s = 0."""
    sign = -1 if raised % 2 else 1
    if k == 0:
        return sign * _raised(0, j, raised, s, 1 / z) - (raised == 1)
    terms = [
        math.comb(k - 1, i - 1) * math.perm(k, k - i) * z ** -(k + i) * _raised(i, j, raised, s, 1 / z)
        for i in range(1, k + 1)
    ]
    return sign * (-1) ** k * sum(terms)


def _raised(k: int, j: int, raised: int, s: Array, z: Array) -> Array:
    """Return D_z^k (z * D_z)**raised of the function of order s + raised > 0."""
    order = s + raised

    @functools.cache
    def slope(times: int) -> Array:
        return _positive(times, j, order, z)

    if not raised:
        return slope(k)
    total = np.zeros_like(z)
    for i in range(1, raised + 1):
        for l in range(min(k, i) + 1):  # noqa: E741 - Leibniz' rule for z**i and the derivative
            factor = _subsets(raised, i) * math.comb(k, l) * math.perm(i, l)
            total = total + factor * z ** (i - l) * slope(i + k - l)
    return total


@functools.cache
def _subsets(n: int, k: int) -> int:
    """Return Stirling's number of the second kind."""
    return int(n == k) if n == 0 or k == 0 else k * _subsets(n - 1, k) + _subsets(n - 1, k - 1)


def _positive(k: int, j: int, s: Array, z: Array) -> Array:
    """Return the derivative for orders s > 0, in pieces."""
    near = 1 - z
    left = np.where(near == 0, s - 1 - k, s)
    converges = left >= _LOWEST
    found = np.where(left > 0, np.nan, np.inf if j == 0 else np.nan)
    if k == j == 0:
        found = np.where(left > 0, scipy.special.zeta(np.maximum(s, 1)), found)  # z = 1 and s is close to 1
    starts = np.log(np.clip(np.where(near > 0, near, 1), 1e-300, 1)) - _TAIL / np.where(converges, left, 1)
    ends = np.maximum(np.log(np.maximum(near, 1)), s * 2) + _TAIL + 10
    for now, step, u in trapezoid.groups(starts, ends, converges):
        found[now] = step * np.sum(_terms(k, j, s[now, None], z[now, None], near[now, None], u), axis=1)
    return found


def _terms(k: int, j: int, s: Array, z: Array, near: Array, u: Array) -> Array:
    """Return the integrand over u."""
    t = np.logaddexp(0, u)
    logarithm = np.where(u < -40, u, np.log(np.maximum(t, 1e-300)))
    power = (s - 1) * logarithm - scipy.special.gammaln(s) + u
    below = np.logaddexp(np.log(np.where(near > 0, near, 5e-324)), u)  # log(exp(t) - z)
    whole = z * np.exp(power - t - below) if k == 0 else math.factorial(k) * np.exp(power - (k + 1) * below)
    if j == 0:
        return whole
    if k < 2:
        # The term z of the power series has no derivative by s. Where it is not small it is left out.
        factor = np.exp(below) + np.exp(t) if k else z
        rest = z * factor * np.exp(power - 2 * t - (k + 1) * below)
        whole = np.where(z > -np.exp(0.5 * s), rest, whole)
    return whole * jets.bell(lambda i: (logarithm if i == 1 else 0) - scipy.special.polygamma(i - 1, s), j)[j]


def of_order(s: Array, z: Array) -> Array:
    """Return Li_s(z)."""
    zero = np.zeros_like(z)
    found = np.where(s == 1, -np.log1p(-z), polylog(zero, zero, np.where(s == 1, 2, s), z))
    return np.where(z > 1, np.nan, found)
