"""Derivatives of Hurwitz' zeta function by its first argument, from Hermite's formula (NIST DLMF 25.11.29).

    zeta(s, a) = a**-s / 2 + a**(1-s) / (s - 1) + 2 * I(s, a)

for every s, where I is the integral of sin(s*atan(t/a)) / (a*a + t*t)**(s/2) / (exp(2*pi*t) - 1) over t > 0. The
numerator and the power are the imaginary part of (a - i*t)**-s, whose derivatives by s have powers of -log(a - i*t) as
factors. For s >= 0 the formula comes after 24 terms of the sum of (q + k)**-s; for s < 0 those would cancel, and it
comes at once.
"""

from __future__ import annotations

import math
from typing import Any

from app.language.numeric.special_forms.quadrature import Array, axis, half_line

_HEAD = 24


def _parts(np: Any, k: int, s: Array, q: Array) -> tuple[list[Array], Array]:
    """Return derivatives 0 ... k of zeta(s, q) - a**(1-s) / (s - 1), and a."""
    low = s < 0
    a = np.where(low, q, q + _HEAD)
    start = q[..., None] + axis(np, range(_HEAD), q)
    head = np.where(low[..., None], 0, start ** -s[..., None])
    t, weights = half_line(np, (1 + np.maximum(-s, 0) / 8) / (2 * math.pi))
    base = a[..., None]
    size, angle = np.log(np.hypot(base, t)), np.arctan(t / base)
    scale = 2 * weights * np.exp(-s[..., None] * size) / np.expm1(2 * math.pi * t)
    real, imaginary = scale * np.cos(s[..., None] * angle), scale * np.sin(s[..., None] * angle)
    logarithm, last, found = np.log(start), 0.5 * a**-s, []
    for _ in range(k + 1):
        found.append(np.sum(head, axis=-1) + last + np.sum(imaginary, axis=-1))
        head, last = -logarithm * head, -np.log(a) * last
        real, imaginary = -size * real - angle * imaginary, -size * imaginary + angle * real
    return found, a


def zeta_n(np: Any, k: int, s: Array, q: Array) -> Array:
    """Return the k-th derivative of zeta(s, q) by s, for q > 0."""
    found, a = _parts(np, k, s, q)
    u, logarithm = s - 1, np.log(a)
    pole = u == 0
    safe = np.where(pole, 1, u)
    series = sum((safe * logarithm) ** i / math.factorial(i) for i in range(k + 1))
    total = found[k] + (-1) ** k * math.factorial(k) / safe ** (k + 1) * a**-safe * series
    total = np.where(pole, np.nan if k else np.inf, total)
    return np.where(q > 0, total, np.nan)


def zeta_entire(np: Any, k: int, u: Array, q: Array) -> Array:
    """Return the k-th derivative of u * zeta(1 + u, q) by u, which has no pole, for q > 0."""
    found, a = _parts(np, k, 1 + u, q)
    total = u * found[k] + (k * found[k - 1] if k else 0) + (-np.log(a)) ** k * a**-u
    return np.where(q > 0, total, np.nan)
