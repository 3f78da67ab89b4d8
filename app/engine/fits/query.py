"""What a fit is asked for, what one start has led to, and the answer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from numpy.typing import NDArray

from app.engine import query

Array = NDArray[Any]
Json = Any
Kind = Literal["minimize", "least_squares", "root"]


@dataclass(frozen=True, slots=True)
class Constraint:
    """A condition on the arguments of a minimum: its values are at least 0 ("ineq"), or 0 ("eq")."""

    kind: Literal["ineq", "eq"]
    expression: str | Sequence[str]  # of the arguments of the function that is minimised


@dataclass(frozen=True, slots=True)
class FitQuery:
    """A function, a start, and what is to be found.

    Attributes:
        kind: "minimize" for a minimum of a number, "least_squares" for one of half the sum of squares of the values,
            "root" for values that are all 0.
        start: a query for the value: the function and its point, of which some arguments move.
        argnums: those that move, as in ``jax.grad``; None for all.
        bounds: by argument name, [low, high], each a number, None, or nested like the argument.
        method: as SciPy names it; None for a good one.
        tolerance: relative, of what the method compares; None for its default.
    """

    kind: Kind
    start: query.Query
    argnums: int | str | Sequence[int | str] | None = None
    bounds: Json = None
    constraints: Sequence[Constraint] = ()
    method: str | None = None
    tolerance: float | None = None
    max_evaluations: int | None = None


@dataclass(slots=True)
class Outcome:
    """What one start has led to: n numbers moved, the function has m values."""

    x: Array  # (n,)
    values: Array  # (m,), of the function
    objective: float  # what is minimised; for roots half the sum of squares
    gradient: Array  # (n,), of the objective
    converged: bool
    message: str  # why it stopped
    method: str
    evaluations: int
    iterations: int
    covariance: Array | None = None  # (n, n), of least squares
    reason: str | None = None  # why there is no covariance


@dataclass(frozen=True, slots=True)
class Progress:
    """An iteration."""

    index: int  # of the start, from 0
    iteration: int
    evaluations: int
    objective: float
    x: Json  # nested like the arguments that move; None if these are many


@dataclass(frozen=True, slots=True)
class FitAnswer:
    """The answer, ready for JSON: each member but ``args`` and those after it has a leading axis with ``in_axes``."""

    x: Json
    value: Json
    gradient: Json
    converged: Json
    message: Json
    method: Json
    evaluations: Json
    iterations: Json
    covariance: Json  # of least squares
    standard_errors: Json
    reason: Json
    args: tuple[str, ...]
    argnums: int | Sequence[int]
    finite: bool
    function_id: str
    hit: bool  # whether the function was known
    tier: str
    parse_seconds: float
    execute_seconds: float
