"""Minima by ``scipy.optimize.minimize`` with exact gradients, Hessians and their products, bounds and conditions."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import scipy
from numpy.typing import NDArray

from app.engine.fits import optimality, scaling
from app.engine.fits.methods import Method
from app.engine.fits.oracle import Oracle
from app.engine.fits.query import Outcome
from app.engine.fits.scaling import Scaling
from app.engine.fits.search import FAILURES, Search, Stalled, Stopped, failed, quiet, refuse_start

Array = NDArray[Any]
End = tuple[Array, bool, str, str]
"""Where a method has ended, whether it says it has converged, why it ended, and its name."""

_TOLERANCE = 1e-10
_CONVERGED = "converged: to first order no feasible direction falls any more"
_FAR = 1e300
"""What a value that is not a number counts as, so that a line search turns back."""


def run(search: Search) -> Outcome:
    """Return a local minimum, found from one start."""
    search.oracle.track(lambda values: float(values[0]))
    with quiet():
        value, gradient = search.oracle.gradient(search.start)
        if not (math.isfinite(value) and np.isfinite(gradient).all()):
            raise refuse_start("the value or its gradient is")
        return _outcome(search, *(_under_conditions(search) if search.constraints else _in_turn(search)))


def _in_turn(search: Search) -> End:
    """Return where the first method ends that converges; each starts where the one before it has ended.

    A method that has gained next to nothing may be on a plateau, on which others see a curvature.
    """
    x, success, message, name = search.start, False, "", ""
    try:
        for method in search.methods:
            name, before = method.name, _at_end(search, x)[0]
            try:
                x, success, message = _solve(search, method, x)
            except Stalled as stalled:
                x, success, message = search.stopped_at(x), False, str(stalled)
            gained = before - _at_end(search, x)[0]
            if (success or _holds(search, x)) and gained > _LITTLE * abs(before):
                break
    except Stopped as stopped:
        x, success, message = search.stopped_at(x), False, str(stopped)
    return x, success, message, name


_LITTLE = 1e-6
"""Of a value: what two methods may differ by that end at the same minimum."""


def _under_conditions(search: Search) -> End:
    """Return the best of the points where the methods end.

    SLSQP is exact and stops at the first minimum. trust-constr comes from the inside, often to a lower one, and ends a
    little before it; a second run of SLSQP goes on from there.
    """
    ends: list[End] = []
    x = search.start
    for method in search.methods:
        search.last = start = search.start if method.name == "trust-constr" else x
        try:
            x, success, message = _solve(search, method, start)
        except Stopped as stopped:
            ends.append((search.last, False, str(stopped), method.name))
            break
        ends.append((x, success, message, method.name))
    best = ends[0]
    for end in ends[1:]:
        best = end if _is_better(search, end[0], best[0]) else best
    return best


def _is_better(search: Search, x: Array, than: Array) -> bool:
    """Return whether x violates the conditions less, or meets them with a value that is lower by more than rounding.

    What a violation of the allowed size gains counts as rounding.
    """
    violation, other = (max(optimality.violation(search, each), optimality.VIOLATION) for each in (x, than))
    if violation != other:
        return violation < other
    value, before = _at_end(search, x)[0], _at_end(search, than)[0]
    return value < before - _LITTLE * abs(before) or not math.isfinite(before)


def _solve(search: Search, method: Method, x: Array) -> tuple[Array, bool, str]:
    """Return where a method of SciPy ends, whether it says it has converged, and why it ended."""
    scale = scaling.of(search) if method.name == "SLSQP" else scaling.none(search)
    given: dict[str, Any] = _derivatives(search.oracle, method, scale)
    if method.bounds and search.is_bounded:
        lower, upper = search.lower / scale.sizes, search.upper / scale.sizes
        given["bounds"] = scipy.optimize.Bounds(lower, upper, keep_feasible=True)
        if method.name == "trust-constr":
            x = _inside(search, x)
    if search.constraints:
        condition = _exact_condition if method.name == "trust-constr" else _condition
        given["constraints"] = [
            condition(constraint.kind, oracle, scale.sizes, rows)
            for (constraint, oracle), rows in zip(search.constraints, scale.rows, strict=True)
        ]

    def callback(z: Array, *_: Any) -> None:
        search.step(z * scale.sizes, _value(search.oracle, z * scale.sizes))

    try:
        found = scipy.optimize.minimize(
            lambda z: scale.objective * _value(search.oracle, z * scale.sizes),
            x / scale.sizes,
            method=method.name,
            callback=callback,
            options=_options(search, method),
            **given,
        )
    except FAILURES as error:  # as where the function is not finite at a point that it went to
        return search.ended_at(search.last), False, failed(error)
    return search.ended_at(found.x * scale.sizes), bool(found.success), " ".join(str(found.message).split())


def _inside(search: Search, x: Array) -> Array:
    """Return x a little within its bounds: trust-constr stays where it is on a bound that it must not leave."""
    room = np.minimum(_ROOM * np.maximum(1.0, np.abs(x)), (search.upper - search.lower) / 4)
    return np.clip(x, search.lower + room, search.upper - room)


_ROOM = 1e-2


def _options(search: Search, method: Method) -> dict[str, Any]:
    """Return a method's options: its tolerances, and the bounds on its iterations."""
    tolerance, most = search.tolerance or _TOLERANCE, search.budget.max_evaluations
    is_one_of_several = len(search.methods) > 1
    if is_one_of_several and method.name == "trust-constr":
        rough = max(tolerance, _ROUGH)
        return {"gtol": rough, "xtol": rough, "barrier_tol": rough, "maxiter": min(most, _MOST_INSIDE)}
    options: dict[str, Any] = {name: part * tolerance for name, part in _TOLERANCES.get(method.name, {}).items()}
    options |= dict.fromkeys(_COUNTS.get(method.name, ("maxiter",)), most)
    if is_one_of_several and method.name == "SLSQP":
        options["maxiter"] = min(most, _MOST_STEPS)
    return options


_ROUGH = 1e-6
"""The tolerance of trust-constr if SLSQP goes on from its end."""
_MOST_INSIDE = 100
_MOST_STEPS = 300
"""Iterations of trust-constr and of SLSQP if other methods follow them."""

_TOLERANCES: dict[str, dict[str, float]] = {
    "Nelder-Mead": {"xatol": 1.0, "fatol": 1.0},
    "Powell": {"xtol": 1.0, "ftol": 1.0},
    "COBYQA": {"final_tr_radius": 1.0},
    "CG": {"gtol": 1.0},
    "BFGS": {"gtol": 1.0},
    "L-BFGS-B": {"ftol": 1e-5, "gtol": 1.0},
    "TNC": {"ftol": 1e-5, "gtol": 1.0, "xtol": 1e-5},
    "SLSQP": {"ftol": 1e-4},
    "Newton-CG": {"xtol": 1.0},
    "trust-ncg": {"gtol": 1.0},
    "trust-krylov": {"gtol": 1.0},
    "trust-exact": {"gtol": 1.0},
    "dogleg": {"gtol": 1.0},
    "trust-constr": {"gtol": 1.0, "xtol": 1e-2},
}
"""SciPy's names of each method's tolerances, each in parts of the search's."""

_COUNTS: dict[str, tuple[str, ...]] = {
    "L-BFGS-B": ("maxiter", "maxfun"),
    "TNC": ("maxfun",),
    "Nelder-Mead": ("maxiter", "maxfev"),
    "Powell": ("maxiter", "maxfev"),
    "COBYQA": ("maxiter", "maxfev"),
}
"""SciPy's names of the bounds on a method's iterations and evaluations, which the search bounds itself."""


def _derivatives(oracle: Oracle, method: Method, scale: Scaling) -> dict[str, Any]:
    """Return the derivatives that a method uses, as SciPy takes them."""
    given: dict[str, Any] = {}
    if method.uses:
        given["jac"] = lambda z: scale.objective * scale.sizes * oracle.gradient(z * scale.sizes)[1]
    if method.uses == "products":
        given["hessp"] = oracle.hvp
    if method.uses == "hessian":
        given["hess"] = oracle.hessian
    return given


def _value(oracle: Oracle, x: Array) -> float:
    value = oracle.gradient(x)[0]
    return value if not math.isnan(value) else _FAR


def _condition(kind: str, oracle: Oracle, sizes: Array, rows: Array) -> dict[str, Any]:
    """Return a condition as SLSQP takes it: its m values times ``rows``, (m,), of numbers in parts of ``sizes``."""
    return {
        "type": kind,
        "fun": lambda z: rows * oracle.values(z * sizes),
        "jac": lambda z: rows[:, None] * oracle.jacobian(z * sizes)[1] * sizes,
    }


def _exact_condition(kind: str, oracle: Oracle, *_: Array) -> scipy.optimize.NonlinearConstraint:
    """Return a condition as trust-constr takes it, with its Hessian if that is known."""
    given: dict[str, Any] = {}
    if oracle.knows("hessian"):
        given["hess"] = lambda x, multipliers: multipliers[0] * oracle.hessian(x)
    return scipy.optimize.NonlinearConstraint(
        oracle.values, 0.0, 0.0 if kind == "eq" else np.inf, jac=lambda x: oracle.jacobian(x)[1], **given
    )


def _holds(search: Search, x: Array) -> bool:
    """Return whether x is feasible, and a minimum to first order."""
    value, gradient = _at_end(search, x)
    return optimality.violation(search, x) <= optimality.VIOLATION and optimality.is_stationary(
        search, x, value, gradient
    )


def _at_end(search: Search, x: Array) -> tuple[float, Array]:
    values, gradient = search.oracle.at_end("grad", x)
    return float(values[0]), gradient


def _outcome(search: Search, x: Array, success: bool, message: str, name: str) -> Outcome:
    value, gradient = _at_end(search, x)
    violation = optimality.violation(search, x)
    converged = success and violation <= 10 * optimality.VIOLATION
    if _holds(search, x):
        converged, message = True, _CONVERGED
    if not converged and violation > optimality.VIOLATION:
        message = f"{message} (the conditions are violated by {violation:.1e})"
    return Outcome(
        x, np.array([value]), value, gradient, converged, message, name, search.budget.evaluations, search.iterations
    )
