"""Clausen's function of order 2, by its power series about 0 and about pi (NIST DLMF 25.12(i); Wood 1968)."""

from __future__ import annotations

import functools
import math
from typing import Any

import numpy as np
import scipy

from app.language.numeric.closed_forms import polynomial

Array = Any
"""A float64 vector."""

_TERMS = 28
_PI_REST = 1.2246467991473532e-16  # pi less the float next to it


@functools.cache
def _terms() -> tuple[list[float], list[float]]:
    """Return the coefficients about 0 and about pi."""
    ks = range(1, _TERMS)
    at_zero = [scipy.special.zeta(2 * k) / ((2 * math.pi) ** (2 * k) * k * (2 * k + 1)) for k in ks]
    return at_zero, [(4.0**k - 1) * c for k, c in zip(ks, at_zero, strict=True)]


def clausen(x: Array) -> Array:
    """Return the sum of sin(k*x) / k**2, which has the period 2*pi."""
    turned = np.remainder(x + math.pi, 2 * math.pi) - math.pi
    angle = np.where(np.abs(x) <= math.pi, x, turned)
    size = np.abs(angle)
    rest = (math.pi - size) + _PI_REST
    at_zero, at_pi = _terms()
    square, other = size * size, rest * rest
    logarithm = np.log(np.where(size > 0, size, 1))
    near = size * (1 - logarithm + square * polynomial(square, at_zero))
    far = rest * (math.log(2) - other * polynomial(other, at_pi))
    return np.copysign(np.where(size < math.pi / 2, near, far), angle)
