"""Airy functions, Owen's T and the lower branch of Lambert's W, of float64 vectors."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import scipy

from app.language.numeric.special_forms import errors

Array = Any
"""A float64 vector."""

_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(48)
_NODES, _WEIGHTS = (_NODES + 1) / 2, _WEIGHTS / 2
_BEYOND = 10.0
"""Where exp(-h*h*tan(t)**2/2) is below 2e-22."""


def ai(x: Array) -> Array:
    return scipy.special.airy(x)[0]


def ai_prime(x: Array) -> Array:
    return scipy.special.airy(x)[1]


def bi(x: Array) -> Array:
    return scipy.special.airy(x)[2]


def bi_prime(x: Array) -> Array:
    return scipy.special.airy(x)[3]


def _angular(h: Array, a: Array) -> Array:
    """Return T(h, a) for h >= 0 and a >= 0: the integral of exp(-(h/cos(t))**2 / 2) / (2*pi) over 0 < t < atan(a)."""
    limit = np.minimum(np.arctan(a), np.arctan(_BEYOND / np.maximum(h, 1e-300)))
    slope = h[:, None] * np.tan(limit[:, None] * _NODES)
    terms = _WEIGHTS * np.exp(-0.5 * slope * slope)
    return np.exp(-0.5 * h * h) * limit * np.sum(terms, axis=-1) / (2 * math.pi)


def owens_t(h: Array, a: Array) -> Array:
    """Return Owen's T. For a > 1 and h < 1 by T(h, a) + T(a*h, 1/a) = (P(h) + P(a*h))/2 - P(h)*P(a*h), P = 1 - ndtr."""
    size, slope = np.abs(h), np.abs(a)
    far = (slope > 1) & (size < 1)
    safe = np.where(far, slope, 1)
    direct = _angular(np.where(far, safe * size, size), np.where(far, 1 / safe, slope))
    p, q = scipy.special.ndtr(-size), scipy.special.ndtr(-safe * size)
    turned = 0.5 * (p + q) - p * q - direct
    return np.sign(a) * np.where(far, turned, direct)


def lower_rise(x: Array, w: Array) -> Array:
    """Return 1 + W(x) for the branch W <= -1, which keeps its digits near the branch point -1/e; w is W(x)."""
    p = np.sqrt(np.maximum(2 * math.e * ((x + errors.INVERSE_E) + errors.INVERSE_E_LOW), 0))
    near = p < 0.02
    q = np.where(near, -p, 0)
    return np.where(near, q * np.polynomial.polynomial.polyval(q, errors.BRANCH), 1 + w)


def lower_lambertw(x: Array) -> Array:
    """Return the branch W <= -1 of w * exp(w) = x, for -1/e <= x < 0."""
    inside = (x >= -errors.INVERSE_E) & (x < 0)
    safe = np.where(inside, x, -0.1)
    w = scipy.special.lambertw(safe, -1).real
    rise = lower_rise(safe, w)
    close = np.abs(rise) < 0.02
    # One step of Newton's method for w + log(-w) = log(-x).
    step = np.where(close, 0, (np.log(safe / w) - w) * w / np.where(close, 1, 1 + w))
    found = np.where(close, rise - 1, w + step)
    return np.where(inside, found, np.where(x == 0, -np.inf, np.nan))
