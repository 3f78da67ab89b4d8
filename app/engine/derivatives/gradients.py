"""Gradients and values of functions recorded as tapes of numbers: queries ready to run, one by one or together."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.autodiff import compiler
from app.engine import executables as live
from app.engine import points, query
from app.engine.derivatives import nesting
from app.engine.functions import plans
from app.runtime import events

Array = NDArray[Any]

_FEWEST = 3  # calls that are run together
_SAVED_SECONDS = 1e-6
"""What each further call of a group counts for when its batched executable is to be earned: a tenth of what it saves,
because that is one more executable of the same function."""


@dataclass(slots=True, eq=False)
class GradientCall:
    """Value or gradient of a scalar function at a point: everything but the numbers is known.

    Its numbers are [value, *partials by the inputs of the plan]: a sequence or array (1 + inputs,) for one point, an
    array (batch, 1 + inputs) for many.
    """

    call: plans.PlannedCall  # the query without its point
    point: points.Point
    layout: plans.Layout  # of the plan for the point
    start: float  # when the query arrived, by ``time.perf_counter``
    hit: bool  # whether the function was known
    executable: compiler.Executable | None = None  # runs the call, if it takes no time and is known to be right
    result: query.Result | None = None  # of a run together with others

    @property
    def name(self) -> str:
        """Name of the transform."""
        return self.call.transform

    @property
    def seconds(self) -> float:
        """How long ``run`` is expected to take: nothing that counts if there is an executable."""
        return 0.0 if self.executable is not None else math.inf

    def without_point(self, tier: str) -> plans.PlannedCall | None:
        """Return what ``Preparation.prepare_again`` takes, if this has been answered by a tier that it can use."""
        return self.call if tier == "compiled" and self.point.batch is None else None

    def run(self) -> query.Result:
        """Return the numbers that the executable computes, unless they are there; nothing else is done here.

        Several calls run one directly after the other: machine code that has just run is in the processor's caches,
        which makes so short a computation three times as fast.
        """
        if self.result is not None:
            return self.result
        assert self.executable is not None
        began = time.perf_counter()
        vector = self.call.plan.leaves(self.point.flat, self.layout, self.call.job.dtype)
        numbers = list(self.executable.numbers(vector))
        return query.Result(numbers, "compiled", began, time.perf_counter())

    def present(self, result: query.Result) -> query.Answer:
        call = self.call
        argnums = call.argnums
        if self.layout.cuts is not None and self.point.batch is None:
            value, derivative, finite = _chosen(result.numbers, argnums, self.layout.cuts)
            if call.transform == "value":
                derivative = None
        else:
            value, derivative, finite = self._nested(result.numbers, argnums)
        plan = call.plan
        return query.Answer(
            plan.args, argnums, call.job.dtype, plan.function_id, value, derivative, finite,
            self.hit, result.tier, result.began - self.start, result.ended - result.began,
        )  # fmt: skip

    def _nested(self, numbers: Sequence[float] | Array, argnums: int | list[int]) -> tuple[Any, Any, bool]:
        """Return value, derivative and whether all is finite; for many points as arrays."""
        rows = self.rows(numbers)
        many = self.point.batch is not None
        if not many:
            rows = rows[0]
        values, flat = rows[..., 0], rows[..., 1:]
        derivative = None
        if self.call.transform == "grad":
            nested = nesting.arrays if many else nesting.vector
            derivative = nested(flat, self.point.shapes, argnums)
        return values if many else values.tolist(), derivative, nesting.is_finite(values, flat, derivative)

    def arrays(self, result: query.Result) -> query.ArrayAnswer:
        """Return the answer as arrays: values (batch, 1) and gradients (batch, 1, n) by every element of the point."""
        rows = self.rows(result.numbers)
        return query.ArrayAnswer((), rows[:, :1], rows[:, None, 1:], result.tier)

    def rows(self, numbers: Sequence[float] | Array) -> Array:
        """Return [value, *partials by every element of the point], shape (batch, 1 + n)."""
        found = np.asarray(numbers, self.call.job.dtype)
        rows = found[None] if found.ndim == 1 else found
        if self.layout.identity or self.call.transform == "value":
            return rows
        columns = np.zeros((1 + self.point.flat.shape[-1], len(rows)), rows.dtype)
        columns[0] = rows[:, 0]
        np.add.at(columns, self.layout.positions + 1, rows[:, 1:].T)
        return columns.T


def _chosen(numbers: Sequence[float], argnums: int | list[int], cuts: Sequence[int | slice]) -> tuple[float, Any, bool]:
    """Return value, gradient by argnums and whether all of it is finite, of numbers and vectors at one point."""
    value = numbers[0]
    if isinstance(argnums, int):
        derivative: Any = numbers[cuts[argnums]]
    else:
        derivative = [numbers[cuts[argnum]] for argnum in argnums]
    # A sum that is finite is of finite numbers; one that is not may be of large ones, or of partials not asked for.
    finite = math.isfinite(sum(numbers)) or all(map(math.isfinite, nesting.leaves([value, derivative])))
    return value, derivative, finite


def _pieces(group: list[GradientCall]) -> list[list[GradientCall]]:
    """Return calls in pieces of about one size for the smallest executable, which is there first.

    There are none for so few calls that one piece is all of them, or that a piece saves nothing.
    """
    count = math.ceil(len(group) / compiler.BUCKETS[0])
    if count == 1:
        return []
    size = math.ceil(len(group) / count)
    pieces = [group[start : start + size] for start in range(0, len(group), size)]
    return [piece for piece in pieces if len(piece) >= _FEWEST]


@dataclass(frozen=True, slots=True)
class Together:
    """Runs calls for one function, at several points, as one call of its executable for a batch.

    An executable of three numbers takes 10 us, most of it to be called. Sixteen points at once take little more.
    """

    executables: live.Executables
    observer: events.Observer

    def run(self, calls: Sequence[Any]) -> None:
        """Give calls of the same function their results; those of others, and queries of other kinds, have none yet."""
        groups: dict[tuple[int, int], list[GradientCall]] = {}
        for call in calls:
            if isinstance(call, GradientCall) and call.executable is not None:
                groups.setdefault((id(call.call.job), id(call.layout)), []).append(call)
        for group in groups.values():
            if len(group) >= _FEWEST and not self._run(group[: compiler.BUCKETS[-1]]):
                for piece in _pieces(group):
                    self._run(piece)

    def _run(self, group: list[GradientCall]) -> bool:
        """Run calls by one executable; return whether there is one, or what it would save is counted."""
        call = group[0].call
        job = call.plan.job(call.transform, call.dtype, compiler.bucket(len(group)))
        executable = self.executables.get(job.key)
        if executable is None:
            self.executables.record_cost(job, _SAVED_SECONDS * (len(group) - 1))
            return False
        began = time.perf_counter()
        numbers = [each.point.numbers for each in group]
        rows = np.array(numbers + numbers[:1] * (executable.rows - len(group)), np.float64)
        columns, constants = call.plan.columns(rows, group[0].layout, job.dtype)
        found = executable(columns, constants)[:, : len(group)].T
        ended = time.perf_counter()
        if not executable.checked and not self._agrees(group, found):
            self.executables.discard(job.key)
            self.observer.observe(events.Disagreed(job.tape.key, job.transform))
            return True
        executable.checked = True
        for each, row in zip(group, found.tolist(), strict=True):
            each.result = query.Result(row, "compiled", began, ended)
        return True

    @staticmethod
    def _agrees(group: list[GradientCall], found: Array) -> bool:
        return compiler.agree(np.array([each.run().numbers for each in group], found.dtype), found)
