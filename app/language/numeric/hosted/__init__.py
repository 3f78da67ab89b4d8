"""Values of the host words: special functions that NumPy, SciPy or our own NumPy code computes, and XLA does not.

A module has the functions of one family, of float64 arrays of one shape (n,); ``words`` gives them to opcodes. They are
nan outside their real domain, and never raise, except those of ``precise``, which refuse points that would take long.
Their derivatives are rows of ``app.autodiff.table.hosted`` and ``orders``.
"""

from app.language.numeric.hosted import (
    airy,
    carlson,
    clausen,
    elliptic,
    gammas,
    jacobi,
    polylogs,
    precise,
    trapezoid,
    words,
)

__all__ = ["airy", "carlson", "clausen", "elliptic", "gammas", "jacobi", "polylogs", "precise", "trapezoid", "words"]
