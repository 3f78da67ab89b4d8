"""Polygamma functions whose order is a number of the point."""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy

from app.language.numeric.special_forms import gammas

Array = Any
"""A float64 vector."""

MOST_ORDER = 100


def polygamma(n: Array, x: Array) -> Array:
    """Return the n-th derivative of digamma; nan unless n is an integer from 0 to ``MOST_ORDER``."""
    whole = (n == np.rint(n)) & (n >= 0) & (n <= MOST_ORDER)
    positive = whole & (n > 0)
    found = np.where(whole, scipy.special.digamma(x), np.nan)
    if np.any(positive):
        found[positive] = gammas.polygamma(np, n[positive], x[positive])
    return found
