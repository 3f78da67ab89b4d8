"""One search: a function, a start, bounds and conditions, what it may spend, and whom it tells of each iteration."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app import errors
from app.engine.fits.methods import Method
from app.engine.fits.oracle import Budget, Oracle, Stopped
from app.engine.fits.query import Constraint

Array = NDArray[Any]
Tell = Callable[[int, Array, float], None]
"""Takes the iteration, x and the objective there."""


@dataclass(slots=True)
class Search:
    """What one start of a fit is; n numbers move.

    Attributes:
        start: (n,), within the bounds.
        lower, upper: (n,), infinite where there is no bound.
        constraints: conditions and the oracles of their values.
        tolerance: relative; None for the method's default.
    """

    oracle: Oracle
    start: Array
    lower: Array
    upper: Array
    budget: Budget
    tell: Tell
    methods: list[Method]
    constraints: list[tuple[Constraint, Oracle]] = field(default_factory=list)
    tolerance: float | None = None
    iterations: int = 0
    last: Array = field(default_factory=lambda: np.zeros(0))  # (n,), of the last iteration
    _least: float = math.inf
    _idle: int = 0  # iterations since the objective has fallen

    @property
    def is_bounded(self) -> bool:
        return bool(np.isfinite(self.lower).any() or np.isfinite(self.upper).any())

    def step(self, x: Array, objective: float) -> None:
        """Count an iteration and tell of it; raise ``Stalled`` if many have brought nothing."""
        self.iterations += 1
        self.last = x.copy()
        self.tell(self.iterations, x, objective)
        self._idle = 0 if objective < self._least else self._idle + 1
        self._least = min(self._least, objective)
        if self._idle > _MOST_IDLE and not self.constraints:
            raise Stalled(f"stopped: the objective has not fallen in {_MOST_IDLE} iterations")

    def ended_at(self, x: Any) -> Array:
        """Return where a method says that it has ended; if that is no point, the best that was seen."""
        found = np.asarray(x, float)
        return found if found.shape == self.start.shape and np.isfinite(found).all() else self.stopped_at(self.start)

    def stopped_at(self, otherwise: Array) -> Array:
        """Return where a search that is stopped has found its least objective."""
        return otherwise if self.oracle.best is None else self.oracle.best[1]


class Stalled(Stopped):
    """Rounding is larger than what a further iteration could gain: at a solution, or where a method is stuck."""


_MOST_IDLE = 60
"""Iterations without a fall: a trust region has shrunk to nothing by then."""


FAILURES = (ValueError, ArithmeticError, IndexError, RuntimeError, np.linalg.LinAlgError)
"""What SciPy's methods raise at numbers that they cannot go on from: the search ends there."""


def failed(error: Exception) -> str:
    """Return why a search has ended, in a line."""
    return f"stopped: {' '.join(str(error).split())[:200]}"


def refuse_start(what: str) -> errors.InvalidField:
    """Return the refusal of a start where the function is not finite."""
    hint = "start where the function and its derivatives are finite numbers"
    return errors.InvalidField(f"{what} not finite at the start", hint=hint, field="point")


@contextmanager
def quiet() -> Iterator[None]:
    """Run SciPy without its warnings: what they say is in the message of the answer."""
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


__all__ = ["FAILURES", "Search", "Stalled", "Stopped", "Tell", "failed", "quiet", "refuse_start"]
