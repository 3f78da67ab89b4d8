"""Values of special functions that libraries lack, for NumPy's functions or those of JAX.

``np`` is the module ``numpy`` or ``jax.numpy``. Operands are arrays of one shape and one dtype, float64 or float32; an
order is a plain number. A function ``f_derivative(np, n, x)``, or ``f_n``, is the n-th derivative of f, so that the
table of derivatives closes: the partial of one is the next. Most are integrals of positive terms, by quadratures with a
fixed number of nodes, on a new last axis.
"""

from app.language.numeric.special_forms import (
    bessel,
    errors,
    gammas,
    in_numpy,
    incomplete,
    jets,
    quadrature,
    words,
    zetas,
)

__all__ = ["bessel", "errors", "gammas", "in_numpy", "incomplete", "jets", "quadrature", "words", "zetas"]

MODULES = (quadrature, jets, gammas, zetas, errors, incomplete, bessel, words)
"""Modules whose source is part of the key of every program and executable on disk: a change recompiles them all."""
