"""Carlson's elliptic integrals, and the family of integrals that all their derivatives are.

    integral(q, a, b, c, d, x, y, z, p) = integral over t > 0 of t**q * (t+x)**-a * (t+y)**-b * (t+z)**-c * (t+p)**-d

Its derivative by x is -a times that of exponent a + 1 (NIST DLMF 19.16(ii) and 19.18). The integrand is positive, so
nothing cancels. With t = exp(u) it is analytic in a strip of half width pi about the real line and decays exponentially
at both ends, so the trapezoidal rule is exact to rounding (Trefethen & Weideman, SIAM Review 56, 2014).
"""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy

from app.language.numeric.hosted import trapezoid

Array = Any
"""A float64 vector."""

_DIGITS = 40.0
"""Logarithm of the precision at which the tails of an integral are cut off."""
_MOST_NODES = 1 << 16


def integral(*operands: Array) -> Array:
    """Return the integral of the family, for arguments >= 0; infinite where it diverges."""
    q, exponents, arguments = operands[0], np.stack(operands[1:5]), np.stack(operands[5:])
    used = exponents != 0
    scale = np.max(np.where(used, arguments, 0), axis=0)
    inside = np.all(~used | (arguments >= 0), axis=0) & (scale > 0) & np.isfinite(scale)
    unit = np.where(inside, scale, 1)
    points = np.where(used & inside, arguments / unit, 1)
    left = q + 1 - np.sum(np.where(points == 0, exponents, 0), axis=0)
    right = np.sum(exponents, axis=0) - q - 1
    converges = inside & (left > 0) & (right > 0)
    found = np.full(scale.shape, np.nan)
    found[inside & ~converges] = np.inf
    least = np.min(np.where(points > 0, points, 1), axis=0)
    starts = np.log(least) - _DIGITS / np.where(converges, left, 1)
    ends = _DIGITS / np.where(converges, right, 1)
    for now, step, u in trapezoid.groups(starts, ends, converges, _MOST_NODES):
        t, total = np.exp(u), (q[now, None] + 1) * u
        for exponent, point in zip(exponents[:, now], points[:, now], strict=True):
            zero = point[:, None] == 0  # t may underflow
            total = total - exponent[:, None] * np.where(zero, u, np.log(np.where(zero, 1, t + point[:, None])))
        found[now] = step * np.sum(np.exp(total), axis=1) * unit[now] ** -right[now]
    return found


def rc(x: Array, y: Array) -> Array:
    """Return R_C(x, y) for x >= 0 and y != 0; its principal value for y < 0."""
    return scipy.special.elliprc(x, y)


def rd(x: Array, y: Array, z: Array) -> Array:
    return scipy.special.elliprd(x, y, z)


def rf(x: Array, y: Array, z: Array) -> Array:
    return scipy.special.elliprf(x, y, z)


def rg(x: Array, y: Array, z: Array) -> Array:
    return scipy.special.elliprg(x, y, z)


def rj(x: Array, y: Array, z: Array, p: Array) -> Array:
    return scipy.special.elliprj(x, y, z, p)
