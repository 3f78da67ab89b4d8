"""Values of special functions of several parameters, and their derivatives by each of them, at many digits.

No series or recurrence of float64 is right for every parameter of a hypergeometric or Bessel function, so these are
computed by mpmath, one element at a time, in tenths of a millisecond to milliseconds. ``functions.FUNCTIONS`` has a row
for each. Derivatives by the argument are closed forms; those by parameters are differences of steps of 1e-30, between
values of some 60 digits.
"""

from app.language.numeric.hosted.precise import bessel, digits, functions, hypergeometric, macdonald, others

__all__ = ["bessel", "digits", "functions", "hypergeometric", "macdonald", "others"]
