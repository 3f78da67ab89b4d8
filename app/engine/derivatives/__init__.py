"""Derivatives of every kind at points: what a query asks for, and what computes it.

``transforms`` has one row for each transform, and queries that are ready to run; ``directions`` reads their tangents,
``nesting`` writes them as JSON. ``gradients`` are the queries that an executable of one function computes, one by one
or together.
``scalars`` computes them for functions recorded as tapes of numbers, with the interpreter's programs, ``arrays`` for
functions recorded as tapes of arrays, with NumPy; ``tiers`` decides which of these are better compiled. ``verify``
compares with differences. ``reductions`` sums over a batch. ``taylor`` has derivatives of high order, ``propagation``
the uncertainty of values.
"""

__all__ = [
    "arrays", "directions", "enclosures", "gradients", "nesting", "propagation", "reductions", "scalars", "taylor",
    "tiers", "transforms", "verify",
]  # fmt: skip
