"""Proofs of digits: enclosures of an answer's numbers by ball arithmetic, and whether the answer lies within them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app import errors
from app.autodiff.balls import ends
from app.engine.derivatives.transforms import DerivativeQuery, Numbers
from app.engine.workers import enclosures as work
from app.engine.workers import pool
from app.language.limits import TextLimits

Array = NDArray[Any]

_MOST_ULP = 4


@dataclass(frozen=True, slots=True)
class Proof:
    """Enclosures of an answer's numbers as pairs [lower, upper], nested as the numbers are."""

    value: Any
    derivative: Any  # None for a value alone
    certified: bool  # whether every number is within 4 ulp of an enclosure that is tight
    reason: str | None  # why not


class Prover:
    """Encloses the numbers of queries in worker processes. Belongs to one event loop."""

    def __init__(self, workers: pool.Workers, texts: TextLimits, limits: work.EnclosureLimits) -> None:
        self._workers = workers
        self._texts = texts
        self._limits = limits

    def check(self, query: DerivativeQuery) -> None:
        """Refuse what cannot be enclosed here."""
        if not ends.is_installed():
            raise errors.InvalidField(
                "this service has no ball arithmetic to enclose numbers with",
                hint="its operator can install gradserve[proofs]; true compares with differences",
                field="verify",
            )
        if query.dtype != "float64":
            raise errors.InvalidField("enclosures are of float64 numbers", hint="leave dtype out", field="verify")
        if query.weights is not None:
            raise errors.InvalidField("a product of a weighted sum has no enclosure", field="verify")
        if query.size > self._limits.max_enclosed_numbers:
            raise errors.TooComplex(
                f"enclosures of {query.size} numbers, the limit is {self._limits.max_enclosed_numbers}",
                hint="ask for fewer points, or name the arguments in argnums",
                field="verify",
            )

    async def prove(self, query: DerivativeQuery, numbers: Numbers) -> Proof:
        """Return enclosures of a query's numbers."""
        values, derivative = numbers
        if not query.transform.order:
            derivative = derivative[:, :0]
        job = self._job(query)
        found = await self._workers.derive(job)
        lower, upper = (np.array(found[end], float).reshape(query.point.count, -1) for end in ("lower", "upper"))
        flat = np.concatenate([part.reshape(len(values), -1) for part in (values, derivative)], axis=1)
        reason = _doubt(flat, lower, upper, found["bits"])
        m = values.shape[1]
        both = [
            (
                _shaped(query, end[:, :m]),
                query.nest(end[:, m:].reshape(derivative.shape)) if flat.shape[1] > m else None,
            )
            for end in (lower, upper)
        ]
        pairs = [_paired(*ends) for ends in zip(*both, strict=True)]
        return Proof(pairs[0], pairs[1], reason is None, reason)

    def _job(self, query: DerivativeQuery) -> work.EnclosureJob:
        direction = (
            () if query.direction is None else tuple(tuple(map(tuple, rows)) for rows in query.direction.tolist())
        )
        columns = tuple(map(int, query.columns)) if query.transform.order else ()
        points = tuple(map(tuple, query.point.rows.tolist()))
        text = query.function.text
        return work.EnclosureJob(
            text, query.function.args, query.point.shapes, points, columns, query.name, direction,
            self._texts, self._limits, query.function_id,
        )  # fmt: skip


def _shaped(query: DerivativeQuery, values: Array) -> Any:
    found = values.reshape((-1, *query.specialization.shape)).tolist()
    return found[0] if query.point.batch is None else found


def _paired(lower: Any, upper: Any) -> Any:
    """Return two nested lists of numbers as one of pairs."""
    if isinstance(lower, list):
        return [_paired(*ends) for ends in zip(lower, upper, strict=True)]
    return None if lower is None else [lower, upper]


def _doubt(found: Array, lower: Array, upper: Array, bits: int) -> str | None:
    """Return why the numbers of an answer are not certified, None if they are."""
    unknown = np.isneginf(lower) & np.isposinf(upper)
    if unknown.any():
        return (
            f"nothing is known of {unknown.sum()} of {found.size} numbers with {bits} bits: a function is not finite "
            "there, a comparison or a rounding is undecided, or the time was up"
        )
    wide = sum(not ends.is_tight(low, high) for low, high in zip(lower.flat, upper.flat, strict=True))
    if wide:
        return f"the enclosures of {wide} of {found.size} numbers are wider than 1e-15 of them with {bits} bits"
    apart = sum(not _is_near(*each) for each in zip(found.flat, lower.flat, upper.flat, strict=True))
    return f"{apart} of {found.size} numbers are more than 4 ulp from their enclosures" if apart else None


def _is_near(x: float, lower: float, upper: float) -> bool:
    """Return whether a number is within 4 ulp of an enclosure."""
    if lower <= x <= upper:
        return True
    if not math.isfinite(x):
        return False
    end = lower if x < lower else upper
    return abs(x - end) <= _MOST_ULP * math.ulp(end)
