"""Derivatives of Hurwitz' zeta function by its first argument, from Hermite's formula (NIST DLMF 25.11.29).

    zeta(s, a) = a**-s / 2 + a**(1-s) / (s - 1) + 2 * I(s, a)

for every s, where I is the integral of sin(s*atan(t/a)) / (a*a + t*t)**(s/2) / (exp(2*pi*t) - 1) over t > 0. The
numerator and the power are the imaginary part of (a - i*t)**-s, whose derivatives by s have powers of -log(a - i*t) as
factors. For s >= 1 the formula comes after 24 terms of the sum of (q + k)**-s. Below those would cancel, and so does
the formula for a large a: a is made small, by terms from q - 1 down, or by one more where it would be too small.
"""

from __future__ import annotations

import math
from typing import Any

from app.language.numeric.special_forms import errors, gammas, jets
from app.language.numeric.special_forms.quadrature import Array, axis, half_line

_HEAD = 24
_DOWN, _LEAST, _WHOLE = 8, 1e-3, -2
"""Below s = 1, a is q less up to so many, and not less than this above s = -2; from there on it may be 0."""
_REFLECTED, _TERMS = -10, 32
"""Below, so many terms of Hurwitz' formula have all digits, where a is at most 1."""


def _start(np: Any, s: Array, q: Array) -> tuple[Array, Array]:
    """Return a, from where on the formula is used, and a - q, the number of terms before it."""
    whole = s <= _WHOLE
    down = np.where((s < 0) & (q <= 1 + _DOWN), np.maximum(np.where(whole, np.floor(q), np.ceil(q) - 1), 0), 0)
    steps = np.where(s < 1, np.where((q - down < _LEAST) & ~whole, 1 - down, -down), _HEAD)
    return np.where(q + steps == 0, 1e-300, q + steps), steps


def _parts(np: Any, k: int, s: Array, q: Array) -> tuple[list[Array], list[Array], Array]:
    """Return derivatives 0 ... k of zeta(s, q) - a**(1-s) / (s - 1), those of zeta(s, q) - zeta(s, a), and a."""
    a, steps = _start(np, s, q)
    start = np.minimum(a, q)[..., None] + axis(np, range(_HEAD), q)
    within = axis(np, range(_HEAD), q) < np.abs(steps)[..., None]
    head = np.where(within, np.sign(steps)[..., None] * np.where(within, start, 1) ** -s[..., None], 0)
    t, weights = half_line(np, (1 + np.clip(-s, 0, 40) / 8) / (2 * math.pi))
    base = a[..., None]
    size, angle = np.log(np.hypot(base, t)), np.arctan(t / base)
    # one exponential, because the power alone overflows where s is far below 0
    scale = 2 * weights * np.exp(-s[..., None] * size - 2 * math.pi * t) / -np.expm1(-2 * math.pi * t)
    real, imaginary = scale * np.cos(s[..., None] * angle), scale * np.sin(s[..., None] * angle)
    logarithm, last, found, heads = np.log(start), 0.5 * a**-s, [], []
    for _ in range(k + 1):
        heads.append(np.sum(head, axis=-1))
        found.append(heads[-1] + last + np.sum(imaginary, axis=-1))
        head, last = -logarithm * head, -np.log(a) * last
        real, imaginary = -size * real - angle * imaginary, -size * imaginary + angle * real
    return found, heads, a


def _reflected(np: Any, k: int, s: Array, q: Array) -> Array:
    """Return the k-th derivative of zeta(s, q) by s, for s < -10 and 0 < q <= 1.

    Hurwitz' formula (NIST DLMF 25.13.2): 2 * gamma(1-s) / (2*pi)**(1-s) times the sum of n**(s-1) * sin(2*pi*n*q +
    pi*s/2) over n >= 1. The logarithm of the first factors has polygammas as derivatives.
    """
    z = 1 - np.minimum(s, _REFLECTED)
    size = (z - 0.5) * np.log(z) - z * (1 + math.log(2 * math.pi)) + 0.5 * math.log(2 * math.pi) + gammas.remainder(z)
    half = np.exp(0.5 * size)
    n = axis(np, range(1, _TERMS + 1), q)
    weights, rates, turns = (
        n ** -z[..., None],
        np.log(n),
        2 * np.mod(n * q[..., None], 1) + np.mod(0.5 * s, 2)[..., None],
    )

    def logarithm(j: int) -> Array:
        return (-1) ** j * gammas.above(np, j - 1, z) + (math.log(2 * math.pi) if j == 1 else 0)

    def waves(j: int) -> Array:
        parts = [
            math.comb(j, i) * rates ** (j - i) * (math.pi / 2) ** i * errors.sinpi(np, turns + i / 2)
            for i in range(j + 1)
        ]
        return np.sum(weights * sum(parts), axis=-1)

    growth = jets.bell(logarithm, k)
    wave = sum(math.comb(k, i) * growth[i] * waves(k - i) for i in range(k + 1))
    return 2 * half * (half * wave)


def zeta_n(np: Any, k: int, s: Array, q: Array) -> Array:
    """Return the k-th derivative of zeta(s, q) by s, for q > 0."""
    found, heads, a = _parts(np, k, s, q)
    u, logarithm = s - 1, np.log(a)
    pole = u == 0
    safe = np.where(pole, 1, u)
    series = sum((safe * logarithm) ** i / math.factorial(i) for i in range(k + 1))
    total = found[k] + (-1) ** k * math.factorial(k) / safe ** (k + 1) * a**-safe * series
    total = np.where(pole, np.nan if k else np.inf, total)
    total = np.where((s < _REFLECTED) & (a <= 1), _reflected(np, k, s, a) + heads[k], total)
    if k == 0:  # the trivial zeros
        total = np.where((s < 0) & (q == 1) & (np.mod(s, 2) == 0), 0, total)
    return np.where(q > 0, total, np.nan)


def zeta_entire(np: Any, k: int, u: Array, q: Array) -> Array:
    """Return the k-th derivative of u * zeta(1 + u, q) by u, which has no pole, for q > 0."""
    found, heads, a = _parts(np, k, 1 + u, q)
    total = u * found[k] + (k * found[k - 1] if k else 0) + (-np.log(a)) ** k * a**-u
    reflected = [_reflected(np, j, 1 + u, a) + heads[j] for j in range(max(k - 1, 0), k + 1)]
    below = u * reflected[-1] + (k * reflected[0] if k else 0)
    total = np.where((1 + u < _REFLECTED) & (a <= 1), below, total)
    return np.where(q > 0, total, np.nan)
