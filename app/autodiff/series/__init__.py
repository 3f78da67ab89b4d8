"""Derivatives of high order, by power series.

A point moves along a line, x(t) = x + t*v, and each instruction of the tape computes the first coefficients of its
value as a power series of t. The k-th derivative along v is k! times coefficient k of the result.

* power: series as numbers of a namespace, and the rules of words
* structure: the rules of primitives of arrays
* floats: the namespace of the coefficients; precise: one of many digits
* run: a tape over series
"""

from app.autodiff.series import floats, power, precise, run, structure

__all__ = ["floats", "power", "precise", "run", "structure"]
