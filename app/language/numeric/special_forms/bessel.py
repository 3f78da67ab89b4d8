"""Means of exponentials over an angle, which modified Bessel functions and their derivatives are made of."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from app.language.numeric.special_forms.quadrature import Array, axis, half_line

_ANGLES = (np.arange(100) + 0.5) * (np.pi / 100)
_SQUARES = np.sin(_ANGLES) ** 2
# 2*sin(t/2)**2 is 1 - cos(t), with the digits that the difference loses.
_FALLS = 2 * np.sin(_ANGLES / 2) ** 2
_FAR, _FARTHEST = 220.0, 1e30  # float32 has both
_K_STEP = 0.2
_K_NODES = _K_STEP * np.arange(55)
_K_WEIGHTS = np.where(_K_NODES == 0, _K_STEP / 2, _K_STEP)


def iv_mean(np: Any, k: int, n: int, x: Array) -> Array:
    """Return the mean of (cos(t) - 1)**k * exp(x*(cos(t) - 1)) over 0 < t < pi, weighted by sin(t)**(2*n), for x >= 0.

    It is the k-th derivative of exp(-x) * n! / (x/2)**n * I_n(x) by Poisson's integral (NIST DLMF 10.32.2): terms of
    one sign, and a periodic integrand, for which the trapezoidal rule converges geometrically (Trefethen & Weideman,
    SIAM Review 56, 2014). For large x, where the integrand is narrow, by u = 1 - cos(t) over the half line.
    """
    weights = _SQUARES**n / (_SQUARES**n).sum()
    near = np.minimum(x, _FAR)
    inside = np.sum(axis(np, weights * (-_FALLS) ** k, x) * np.exp(-near[..., None] * axis(np, _FALLS, x)), axis=-1)
    far = np.clip(x, _FAR, _FARTHEST)
    u, steps = half_line(np, (1 + n + k) / far)
    if n == 0:  # 1/sqrt(u) is singular at 0, so the variable is the root
        root, steps = half_line(np, np.sqrt((1 + k) / far))
        u, steps = root * root, 2 * root * steps
    below = u < 2
    u = np.where(below, u, 1)
    density = (u * (2 - u)) ** (n - 0.5) * (-u) ** k * np.exp(-far[..., None] * u)
    norm = math.pi * math.prod((2 * j - 1) / (2 * j) for j in range(1, n + 1))
    outside = np.sum(np.where(below, steps * density, 0), axis=-1) / norm
    # Beyond, it is its leading term.
    outside = outside * (_FARTHEST / np.maximum(x, _FARTHEST)) ** (n + k + 0.5)
    return np.where(x < _FAR, inside, outside)


def kv_mean(np: Any, k: int, n: int, x: Array) -> Array:
    """Return the k-th derivative of exp(x) * K_n(x), for x >= 1 and n = 0 or 1.

    The integral of (1 - cosh(t))**k * exp(x*(1 - cosh(t))) * cosh(n*t) over t > 0 (NIST DLMF 10.32.9), by the
    trapezoidal rule.
    """
    root = np.sqrt(np.maximum(x, 1))
    t = axis(np, _K_NODES, x) / root[..., None]
    fall = 2 * np.sinh(0.5 * t) ** 2
    terms = axis(np, _K_WEIGHTS, x) * (-fall) ** k * np.exp(-np.maximum(x, 1)[..., None] * fall) * np.cosh(n * t)
    return np.sum(terms, axis=-1) / root
