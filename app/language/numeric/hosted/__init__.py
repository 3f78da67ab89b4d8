"""Values of the host words: special functions that NumPy, SciPy or our own NumPy code computes, and XLA does not.

A module has the functions of one family, of float64 arrays of one shape (n,); ``words`` gives them to opcodes. They are
nan outside their real domain, and never raise. Their derivatives are rows of ``app.autodiff.table.hosted``.
"""

from app.language.numeric.hosted import carlson, elliptic, words

__all__ = ["carlson", "elliptic", "words"]
