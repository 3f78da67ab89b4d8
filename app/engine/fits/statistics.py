"""Covariance and standard errors of the parameters of a least-squares fit.

With r of shape (m,) the residuals at the solution and J (m, n) their Jacobian, the covariance is
``s**2 * inv(J.T @ J)`` with ``s**2 = r @ r / (m - n)``: Bates and Watts, Nonlinear Regression Analysis and Its
Applications (1988), section 2.2. It is formed from a singular value decomposition of J with its columns scaled to
length 1, because J.T @ J has half of J's digits.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


def covariance(residuals: Array, jacobian: Array) -> tuple[Array | None, str | None]:
    """Return the covariance of the parameters, (n, n), or None and why there is none.

    ``residuals`` is (m,), ``jacobian`` (m, n), both at the solution, float64.
    """
    m, n = jacobian.shape
    if m <= n:
        return None, f"{m} residuals leave no degrees of freedom for {n} parameters"
    if not (np.isfinite(jacobian).all() and np.isfinite(residuals).all()):
        return None, "residuals or their derivatives are not finite at the solution"
    lengths = np.sqrt(np.sum(jacobian**2, axis=0))
    if not lengths.all():
        return None, "the residuals do not depend on some of the parameters at the solution"
    _, singular, right = np.linalg.svd(jacobian / lengths, full_matrices=False)
    if singular[-1] <= np.finfo(float).eps * max(m, n) * singular[0]:
        return None, "the parameters cannot be told apart: the Jacobian is singular at the solution"
    scaled = right.T / (singular * lengths[:, None])
    return scaled @ scaled.T * (residuals @ residuals / (m - n)), None


def standard_errors(covariance: Array) -> Array:
    """Return the standard errors of parameters, (n,)."""
    return np.asarray(np.sqrt(np.diagonal(covariance)))
