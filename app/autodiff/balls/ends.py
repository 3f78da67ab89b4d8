"""What can be said of enclosures without python-flint."""

from __future__ import annotations

import math
from importlib.util import find_spec


def is_installed() -> bool:
    """Return whether python-flint is there, without importing it."""
    return find_spec("flint") is not None


def is_tight(lower: float, upper: float) -> bool:
    """Return whether an enclosure is tight to 1e-15 of its size, or to the resolution of float64."""
    if lower == upper:
        return True
    if math.isinf(upper) or math.isinf(lower):  # beyond the largest number
        return lower > 1e308 or upper < -1e308
    return upper - lower <= max(1e-15 * max(abs(lower), abs(upper)), 1e-323)
