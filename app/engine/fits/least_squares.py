"""Nonlinear least squares by ``scipy.optimize.least_squares`` with exact Jacobians.

The default tolerance is that of float64: with SciPy's own of 1e-8, 18 of the 54 runs of NIST's nonlinear regression
problems end with less than 6 digits, with this one 2. It costs some ten evaluations more.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy
from numpy.typing import NDArray

from app.engine.fits import statistics
from app.engine.fits.methods import Method
from app.engine.fits.query import Outcome
from app.engine.fits.search import FAILURES, Search, Stopped, failed, quiet, refuse_start

Array = NDArray[Any]

_TOLERANCE = 1e-15
"""SciPy takes none below the precision of float64."""
_CONVERGED = "converged: the sum of squares no longer falls"


def run(search: Search) -> Outcome:
    """Return where half the sum of squares of the values is least, found from one start.

    The methods of the search are tried in turn until one converges; each but the first starts where the best was.
    """
    search.oracle.track(_cost)
    with quiet():
        values, jacobian = search.oracle.jacobian(search.start)
        if not (np.isfinite(values).all() and np.isfinite(jacobian).all()):
            raise refuse_start("the residuals or their derivatives are")
        x, converged, message, name = search.start, False, "", ""
        try:
            for method in search.methods:
                name = method.name
                if method.name == "lm" and len(values) < len(search.start):
                    continue  # MINPACK wants a residual for each parameter
                x, converged, message = _solve(search, method, x)
                if converged:
                    break
        except Stopped as stopped:
            x, message = search.stopped_at(x), str(stopped)
        return _outcome(search, x, converged, message, name)


def _cost(values: Array) -> float:
    return float(0.5 * (values @ values))


def _solve(search: Search, method: Method, x: Array) -> tuple[Array, bool, str]:
    oracle, tolerance = search.oracle, max(search.tolerance or 0.0, _TOLERANCE)

    def jacobian(x: Array) -> Array:
        values, found = oracle.jacobian(x)
        search.step(x, _cost(values))
        return found

    given: dict[str, Any] = {"method": method.name, "x_scale": "jac"}
    if method.bounds:
        given["bounds"] = search.lower, search.upper
    try:
        found = scipy.optimize.least_squares(
            oracle.values, x, jacobian, ftol=tolerance, xtol=tolerance, gtol=tolerance,
            max_nfev=search.budget.max_evaluations, **given,
        )  # fmt: skip
    except FAILURES as error:
        return search.stopped_at(x), False, failed(error)
    return search.ended_at(found.x), found.status > 0, _CONVERGED if found.status > 0 else "stopped before it converged"


def _outcome(search: Search, x: Array, converged: bool, message: str, name: str) -> Outcome:
    values, jacobian = search.oracle.at_end("jacobian", x)
    covariance, reason = statistics.covariance(values, jacobian)
    return Outcome(
        x, values, _cost(values), values @ jacobian, converged, message, name,
        search.budget.evaluations, search.iterations, covariance, reason,
    )  # fmt: skip
