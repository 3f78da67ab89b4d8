"""Loops with carried values.

* scans: the instruction, and its vector-Jacobian product
* splitting: what of a body need not be in the loop is computed for all steps at once, before it or after
"""

from app.autodiff.arrays.loops import scans, splitting

__all__ = ["scans", "splitting"]
