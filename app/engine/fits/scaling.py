"""Numbers of like size for SLSQP, which compares violations, steps and values with each other as they stand.

The numbers that move are measured in parts of their size at the start, and the objective and each condition in parts of
their largest slope there: Nocedal and Wright, Numerical Optimization (2006), section 2.2.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.engine.fits.search import Search

Array = NDArray[Any]


@dataclass(frozen=True, slots=True)
class Scaling:
    """What SciPy sees: z with x = ``sizes*z``, ``objective`` times the value, ``rows`` times a condition's values."""

    sizes: Array  # (n,)
    objective: float
    rows: list[Array]  # (m,) of each condition


def none(search: Search) -> Scaling:
    """Return the scaling that changes nothing."""
    rows = [np.ones(len(oracle.values(search.start))) for _, oracle in search.constraints]
    return Scaling(np.ones_like(search.start), 1.0, rows)


def of(search: Search) -> Scaling:
    """Return the scaling of a search, which its start decides."""
    sizes = np.maximum(1.0, np.abs(search.start))
    gradient = search.oracle.gradient(search.start)[1] * sizes
    slopes = [np.abs(oracle.jacobian(search.start)[1] * sizes).max(axis=1) for _, oracle in search.constraints]
    return Scaling(sizes, float(_inverse(np.abs(gradient).max())), [_inverse(each) for each in slopes])


def _inverse(slopes: Any) -> Array:
    slopes = np.asarray(slopes, float)
    usual = np.isfinite(slopes) & (slopes > _FLAT)
    return np.where(usual, 1.0 / np.where(usual, slopes, 1.0), 1.0)


_FLAT = 1e-8
"""A slope up to which nothing is scaled by it: it may be rounding."""

__all__ = ["Scaling", "none", "of"]
