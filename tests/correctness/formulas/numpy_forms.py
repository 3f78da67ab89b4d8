"""Published functions in the spellings people paste: vectorised, in loops and comprehensions, as sums, indexed."""

from tests.correctness.formulas import pasted

NUMPY = pasted.read("optimisation", "learning", "science", "arrays")
SUMS = pasted.read("sums")
SCALAR = pasted.read("scalar")
ALL = NUMPY + SUMS + SCALAR
