"""Special functions and their derivatives as straight-line JAX code.

Each function takes and returns arrays of one shape and dtype, float64 or float32. Functions of one variable are
piecewise polynomials (``chebyshev``); the others are series, recurrences and quadratures of fixed length. No function
has a loop, because the interpreter compiles every function into one kernel. ``namespaces.jax_words`` names them.
"""

from app.autodiff.special import bessel, chebyshev, elementary, gammas, integrals, normal

__all__ = ["bessel", "chebyshev", "elementary", "gammas", "integrals", "normal"]

MODULES = (chebyshev, elementary, normal, gammas, bessel, integrals)
"""Modules whose source is part of the key of every program and executable on disk: a change recompiles them all."""

TABLES = (*normal.TABLES, *gammas.TABLES, *bessel.TABLES, *integrals.TABLES)
"""Every table of ``chebyshev.json``."""
