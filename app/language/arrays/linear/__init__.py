"""Products of arrays, and functions of matrices.

``products`` has the products of two arrays, ``contraction`` einsum of many, ``linalg`` the words that are one primitive
and diagonals, ``matrix_functions`` triangular and Cholesky solvers, eigenvalues and the exponential.
"""

__all__ = ["contraction", "factors", "linalg", "matrix_functions", "products"]
