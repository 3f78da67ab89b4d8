"""Derivatives compared with differences.

Differences are central ones along a direction, extrapolated to step 0 (Ridders 1982, Advances in Engineering Software
4(2), 75-76): of the table of extrapolations the entry that its neighbours confirm best is taken.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from app.engine.derivatives import nesting
from app.engine.derivatives.transforms import DerivativeQuery, Numbers

Array = NDArray[Any]

_STEPS = 7
_FIRST_STEP = 2.0**-5


class Differentiated(Protocol):
    """What computes a function at other points than the query's."""

    def values(self, query: DerivativeQuery, rows: Array) -> Array:
        """Return values (batch, m) at points (batch, elements), in float64."""

    def gradients(self, query: DerivativeQuery, rows: Array) -> Array:
        """Return gradients (batch, n) at points (batch, elements), in float64."""


def points_for(directions: int) -> int:
    """Return at how many points a function is computed for its differences along some directions."""
    return 2 * _STEPS * directions


@np.errstate(all="ignore")
def difference(derivatives: Differentiated, query: DerivativeQuery, numbers: Numbers) -> float:
    """Return the greatest difference of the numbers of a derivative to central differences.

    It is relative to the number, or to a thousandth of the greatest one where that is more. Raises
    ``errors.TooComplex``.
    """
    found = np.array(nesting.leaves(query.nest(numbers[1])))
    expected = np.array(nesting.leaves(query.nest(_derivative(derivatives, query))))
    if not found.size:
        return 0.0
    scale = np.maximum(np.maximum(np.abs(found), np.abs(expected)), 1e-3 * np.abs(found).max(initial=0.0))
    return float(np.where(scale == 0, 0.0, np.abs(found - expected) / scale).max())


def _derivative(derivatives: Differentiated, query: DerivativeQuery) -> Array:
    """Return the derivative of a query by differences, in the flat shape that ``transforms`` lists."""
    second = query.transform.order == 2

    def function(rows: Array) -> Array:
        if second:
            return derivatives.gradients(query, rows)
        return derivatives.values(query, rows)

    outputs = query.width if second else query.values
    along = query.transform.direction == "tangents"
    found = []
    for index, here in enumerate(query.point.rows):
        directions = np.eye(len(query.columns)) if not along or query.direction is None else query.direction[index]
        moves = np.zeros((len(directions), len(here)))
        moves[:, query.columns] = directions
        found.append(_differences(function, here, moves) if len(moves) else np.zeros((0, outputs)))
    differences = np.stack(found)  # (batch, directions, outputs)
    if along or second:
        return differences
    return query.transform.contract(differences.swapaxes(1, 2), query.direction)


def _differences(function: Callable[[Array], Array], here: Array, directions: Array) -> Array:
    """Return the derivative of a function along directions (k, n) at a point (n,), of shape (k, outputs).

    ``function`` takes points (batch, n) and gives (batch, outputs).
    """
    distance = np.maximum(np.abs(here), 0.125)
    step_limit = np.where(directions != 0, distance / np.abs(directions), np.inf).min(axis=1, initial=np.inf)
    steps = np.where(np.isfinite(step_limit), step_limit, 1.0)[:, None] * _FIRST_STEP * 0.5 ** np.arange(_STEPS)
    moves = steps[..., None] * directions[:, None, :]  # (k, steps, n)
    moved = np.concatenate([here + moves, here - moves]).reshape(2 * steps.size, len(here))
    found = function(moved)
    forward, backward = found.reshape(2, *steps.shape, found.shape[1])
    return _extrapolate((forward - backward) / (2 * steps[..., None]))


def _extrapolate(quotients: Array) -> Array:
    """Return the limit of central differences (k, steps, outputs), each of half the step of the one before."""
    column, best = quotients, quotients[:, 0]
    error = np.full(best.shape, np.inf)
    for order in range(1, quotients.shape[1]):
        finer = column[:, 1:] + (column[:, 1:] - column[:, :-1]) / (4.0**order - 1)
        doubt = np.maximum(np.abs(finer - column[:, 1:]), np.abs(finer - column[:, :-1]))
        for row in range(finer.shape[1]):
            better = doubt[:, row] <= error
            best, error = np.where(better, finer[:, row], best), np.where(better, doubt[:, row], error)
        column = finer
    return best
