"""100 problems of Hock and Schittkowski (1981): smooth functions with bounds and constraints, and their least values.

Source: W. Hock, K. Schittkowski, Test examples for nonlinear programming codes, Lecture Notes in Economics and
Mathematical Systems 187, Springer 1981, with the book's starts, feasible or not. Left out are those that are no smooth
function of a formula (8 is only equations; 67, 85, 87 to 92 and 99) and those that are the longest to write (105, 107,
109, 116, 118).

The values are the book's but for four. SciPy finds lower ones for 106 and 112, and for 47 one beside the book's 0. The
coefficients that the book prints for 59 are rounded: their least value, found by SciPy, is above the book's -7.804226.
"""

from tests.correctness.fits.hock_schittkowski import from_68, up_to_66

PROBLEMS = (*up_to_66.PROBLEMS, *from_68.PROBLEMS)
