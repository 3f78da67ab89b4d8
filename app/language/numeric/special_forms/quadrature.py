"""Quadratures with the same number of nodes for every argument."""

from __future__ import annotations

from typing import Any

import numpy as np

Array = Any
"""An array of NumPy or of JAX."""

_STEP = 0.06
_S = np.arange(-3.6, 5.2, _STEP)
_NODES = np.exp(_S - np.exp(-_S))
_WEIGHTS = _STEP * _NODES * (1 + np.exp(-_S))


def axis(np: Any, values: Any, like: Array) -> Array:
    """Return a vector that broadcasts against ``like`` with one more axis, in its dtype."""
    return np.asarray(values, like.dtype).reshape((1,) * like.ndim + (-1,))


def half_line(np: Any, width: Array) -> tuple[Array, Array]:
    """Return nodes and weights of an integral over v >= 0, on a new last axis.

    The trapezoidal rule in s for v = width * exp(s - exp(-s)) (Takahasi & Mori, Double exponential formulas for
    numerical integration, Publ. RIMS 9, 1974). It is exact to rounding for an integrand that decays like exp(-v/width)
    and that changes slowly, on the scale of log(v), below v = width.
    """
    return width[..., None] * axis(np, _NODES, width), width[..., None] * axis(np, _WEIGHTS, width)
