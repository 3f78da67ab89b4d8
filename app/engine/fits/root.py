"""Roots of as many functions as numbers, by ``scipy.optimize.root`` with exact Jacobians."""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy
from numpy.typing import NDArray

from app import errors
from app.engine.fits.methods import Method
from app.engine.fits.query import Outcome
from app.engine.fits.search import FAILURES, Search, Stopped, failed, quiet, refuse_start

Array = NDArray[Any]

_TOLERANCE = 1e-12
_SMALL = 1e-9
"""Values below this part of what a change of x by itself, or by 1, makes of them are zero."""
_FALLEN = 1e-8
"""Values that have fallen to this part of those at the start are zero if the method says so: at a double root, say."""


def run(search: Search) -> Outcome:
    """Return where all values are zero, found from one start; the methods are tried in turn until one converges."""
    search.oracle.track(_squares)
    with quiet():
        values, jacobian = search.oracle.jacobian(search.start)
        if not (np.isfinite(values).all() and np.isfinite(jacobian).all()):
            raise refuse_start("the values or their derivatives are")
        if values.size != search.start.size:
            raise errors.BadShape(
                f"a root of {values.size} functions in {search.start.size} numbers",
                hint="give as many functions as numbers that move, or POST /v1/least_squares",
                field="expression",
            )
        enough = _FALLEN**2 * _squares(values)
        x, converged, message, name = search.start, False, "", ""
        try:
            for method in search.methods:
                name = method.name
                x, success, message = _solve(search, method, x)
                values, jacobian = search.oracle.at_end("jacobian", x)
                converged = _is_root(values, jacobian, x) or (success and _squares(values) <= enough)
                if converged:
                    message = "converged: every value is zero within the tolerance"
                    break
        except Stopped as stopped:
            x, message = search.stopped_at(x), str(stopped)
        return _outcome(search, x, converged, message, name)


def _squares(values: Array) -> float:
    return float(0.5 * (values @ values))


def _solve(search: Search, method: Method, x: Array) -> tuple[Array, bool, str]:
    oracle, tolerance = search.oracle, search.tolerance or _TOLERANCE

    def values(x: Array) -> Array:
        found = oracle.values(x)
        if method.uses != "jacobian":
            search.step(x, _squares(found))
        return found

    def jacobian(x: Array) -> Array:
        values, found = oracle.jacobian(x)
        search.step(x, _squares(values))
        return found

    given = {"jac": jacobian} if method.uses == "jacobian" else {}
    try:
        found = scipy.optimize.root(values, x, method=method.name, tol=tolerance, **given)
    except FAILURES as error:
        return search.stopped_at(x), False, failed(error)
    return search.ended_at(found.x), bool(found.success), " ".join(str(found.message).split())


def _is_root(values: Array, jacobian: Array, x: Array) -> bool:
    """Return whether values, (n,), are zero as far as x has digits."""
    return bool((np.abs(values) <= _SMALL * (np.abs(jacobian) @ np.maximum(np.abs(x), 1.0))).all())


def _outcome(search: Search, x: Array, converged: bool, message: str, name: str) -> Outcome:
    values, jacobian = search.oracle.at_end("jacobian", x)
    return Outcome(
        x, values, _squares(values), values @ jacobian, converged, message, name,
        search.budget.evaluations, search.iterations,
    )  # fmt: skip
