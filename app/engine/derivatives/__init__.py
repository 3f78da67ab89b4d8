"""Derivatives of every kind at points: what a query asks for, and what computes it.

``transforms`` has one row for each transform, and queries that are ready to run; ``directions`` reads their tangents.
``scalars`` computes them for functions recorded as tapes of numbers, with the interpreter's programs, ``arrays`` for
functions recorded as tapes of arrays, with NumPy; ``tiers`` decides which of these are better compiled. ``verify``
compares with differences.
"""

__all__ = ["arrays", "directions", "scalars", "tiers", "transforms", "verify"]
