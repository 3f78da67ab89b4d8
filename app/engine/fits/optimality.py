"""Whether a point is a minimum to first order: the conditions of Karush, Kuhn and Tucker.

At a minimum the gradient is a sum of the gradients of the active conditions, those of inequalities and bounds with
multipliers of one sign: Nocedal and Wright, Numerical Optimization (2006), theorem 12.1.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import scipy
from numpy.typing import NDArray

from app.engine.fits.search import Search

Array = NDArray[Any]

VIOLATION = 1e-7
"""Of a condition, in parts of 1 or of the numbers that it compares, up to which it holds."""
_ACTIVE = 1e-6
_STATIONARY = 1e-6
"""Of the relative change of the objective by a relative change of x: Dennis and Schnabel, Numerical Methods for
Unconstrained Optimization (1983), section 7.2."""


def violation(search: Search, x: Array) -> float:
    """Return by how much x, (n,), violates the worst condition; 0 if all hold."""
    found = float(np.max(np.maximum(search.lower - x, x - search.upper), initial=0.0))
    for constraint, oracle in search.constraints:
        values, jacobian = oracle.at_end("jacobian", x)
        missing = np.abs(values) if constraint.kind == "eq" else -values
        scale = np.maximum(1.0, np.abs(jacobian) @ np.abs(x))
        found = max(found, float(np.max(missing / scale, initial=0.0)))
    return found if math.isfinite(found) else math.inf


def is_stationary(search: Search, x: Array, objective: float, gradient: Array) -> bool:
    """Return whether no feasible direction falls to first order; ``gradient`` is (n,), that of the objective."""
    if not np.isfinite(gradient).all():
        return False
    rows, signs = [], []
    for constraint, oracle in search.constraints:
        values, jacobian = oracle.at_end("jacobian", x)
        scale = np.maximum(1.0, np.abs(jacobian) @ np.abs(x))
        active = np.full(len(values), True) if constraint.kind == "eq" else values <= _ACTIVE * scale
        rows += list(jacobian[active])
        signs += [-math.inf if constraint.kind == "eq" else 0.0] * int(active.sum())
    near = _ACTIVE * np.maximum(1.0, np.abs(x))
    for index in np.nonzero(x - search.lower <= near)[0]:
        rows.append(np.eye(len(x))[index])
        signs.append(0.0)
    for index in np.nonzero(search.upper - x <= near)[0]:
        rows.append(-np.eye(len(x))[index])
        signs.append(0.0)
    left, size = gradient, max(1.0, abs(objective))
    if rows:
        normals = np.array(rows)
        if not np.isfinite(normals).all():
            return False
        lengths = np.maximum(np.linalg.norm(normals, axis=1), np.finfo(float).tiny)
        normals = (normals.T / lengths).astype(float)
        found = scipy.optimize.lsq_linear(normals, gradient, (signs, np.inf), tol=1e-14)
        left = gradient - normals @ found.x
        size = max(size, float(np.max(np.abs(gradient) * np.maximum(1.0, np.abs(x)))))
    change = np.abs(left) * np.maximum(1.0, np.abs(x))
    return bool(np.max(change, initial=0.0) <= _STATIONARY * size)
