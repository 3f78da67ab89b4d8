"""Densities and distribution functions: ``norm.logpdf(x, loc, scale)``, with SciPy's names and parameters.

``rows`` has the distributions, ``row`` makes their words, ``inner`` has what they are written in, ``names`` finds a
word by the name in a text.
"""

from app.language.vocabulary.distributions import inner, names, row, rows

__all__ = ["classes", "inner", "names", "row", "rows"]
