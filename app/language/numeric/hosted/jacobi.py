"""Jacobi's elliptic functions of u and the parameter m <= 1, by descending Landen transformations.

Every step adds positive numbers, so that cn and dn keep their relative digits where they are small (Bulirsch, Numerical
calculation of elliptic integrals and elliptic functions, Numerische Mathematik 7, 1965).
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import scipy

from app.language.numeric.hosted import carlson

Array = Any
"""A float64 vector."""

_STEPS = 20


def _three(u: Array, m: Array) -> tuple[Array, Array, Array]:
    """Return sn, cn and dn."""
    rest = 1 - m
    inside = (rest > 0) & np.isfinite(rest)
    square = np.where(inside, rest, 1)
    first, steps = np.ones_like(u), []
    for _ in range(_STEPS):
        root = np.sqrt(square)
        steps.append((first, root))
        mean = 0.5 * (first + root)
        square, first = first * root, mean
    phase = u * first
    sine = np.sin(phase)
    flat = sine == 0
    cotangent = np.cos(phase) / np.where(flat, 1, sine)
    product, delta, c = cotangent, np.ones_like(u), first * cotangent
    for arithmetic, geometric in reversed(steps):
        product, c = product * c, c * delta
        delta, product = (geometric + product) / (arithmetic + product), c / arithmetic
    sn = np.copysign(1 / np.hypot(c, 1), sine)
    sn, cn = np.where(flat, 0 * u, sn), np.where(flat, np.cos(phase), c * sn)
    delta = np.where(flat, 1, delta)
    with np.errstate(over="ignore"):
        sech = 1 / np.cosh(u)
    found = (np.where(rest == 0, np.tanh(u), sn), np.where(rest == 0, sech, cn), np.where(rest == 0, sech, delta))
    outside = ~inside & (rest != 0)
    return tuple(np.where(outside, np.nan, x) for x in found)  # type: ignore[return-value]


def sn(u: Array, m: Array) -> Array:
    return _three(u, m)[0]


def cn(u: Array, m: Array) -> Array:
    return _three(u, m)[1]


def dn(u: Array, m: Array) -> Array:
    return _three(u, m)[2]


def _turned(angle: Array, u: Array, m: Array, turn: float) -> Array:
    """Return how many turns the amplitude is beyond an angle, to the nearest."""
    return np.rint((u / scipy.special.ellipk(m) * (math.pi / 2) - angle) / turn)


def am(u: Array, m: Array) -> Array:
    """Return the amplitude, whose sine is sn and whose cosine is cn."""
    sine, cosine, _ = _three(u, m)
    angle = np.arctan2(sine, cosine)
    return angle + 2 * math.pi * _turned(angle, u, m, 2 * math.pi)


def integral(a: Array, c: Array, u: Array, m: Array) -> Array:
    """Return the integral of sin(t)**(2*a) * (1 - m*sin(t)**2)**-c over 0 < t < am(u, m)."""
    sine, cosine, delta = _three(u, m)
    zero, one = np.zeros_like(u), np.ones_like(u)
    exponents = (zero, one / 2, 1 + a - c, zero, c)
    half = np.where(cosine < 0, -1, 1) * sine  # of the angle within a quarter turn of 0
    part = carlson.integral(*exponents, cosine * cosine, one, one, delta * delta)
    turns = _turned(np.arctan2(half, np.abs(cosine)), u, m, math.pi)
    found = 0.5 * half * np.abs(half) ** (2 * a) * part
    if not np.any(turns):
        return found
    return found + np.where(turns == 0, 0, turns * carlson.integral(*exponents, zero, one, one, 1 - m))
