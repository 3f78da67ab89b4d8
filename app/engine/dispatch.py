"""Runs prepared queries: by an executable if there is one, else by the interpreter; on the event loop or in a thread.

The interpreter runs functions without an executable. ``Executables`` is told what that has cost, and promotes functions
that are worth it. An executable's first numbers are compared with the interpreter's.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.autodiff import compiler
from app.engine import executables as live
from app.engine import points, query
from app.engine.derivatives import arrays, enclosures, gradients, reductions, scalars, tiers, transforms, verify
from app.engine.functions import listing, plans
from app.engine.workers import jobs
from app.runtime import events, queue

Array = NDArray[Any]

# Operations times points.
_INLINE_WORK = 16_000  # up to this, work runs on the event loop: to wake a thread would cost more
_INTERPRETED_WORK = 5_000  # the same for work of the interpreter at many points: half a millisecond
_SPECIAL_WORK = 60  # a special function at a point, in operations
_BRIEF_WORK = 200_000  # up to this, work runs in threads of its own, so that milliseconds do not wait for seconds

_INLINE_NUMBERS = 10_000  # up to so many, a product with a known gradient is formed on the event loop

_PROMPT_WORK = 1_000
"""Up to this, what only the interpreter computes runs on the event loop, too: to wake a thread takes as long."""
_PROMPT_SECONDS, _SECONDS_PER_WORK = 2e-4, 5e-7
"""Expected of that: what each run takes, and its work."""


Prepared = gradients.GradientCall | transforms.DerivativeQuery | reductions.ReducedQuery
"""A query that is ready to run: ``present`` and ``arrays`` make answers of its numbers."""

PreparedAgain = gradients.GradientCall | transforms.DerivativeQuery
"""One that may be run where it is called."""

Earlier = plans.PlannedCall | transforms.DerivativeQuery
"""A query that has been answered, without its point."""


@dataclass(frozen=True, slots=True, eq=False)
class PromptNumbers:
    """Computes a query for a function of numbers on the event loop; see ``transforms.Prompt``."""

    dispatch: Dispatch
    gradient: gradients.GradientCall | None  # of which it is a product
    seconds: float

    def run(self, query: transforms.DerivativeQuery) -> tuple[transforms.Numbers, str]:
        if self.gradient is None:
            return self.dispatch.derivatives.compute(query), "interpreted"
        prompt = self.gradient.executable is not None
        found = self.gradient.run() if prompt else self.dispatch.interpret(self.gradient)
        return self.dispatch.derivatives.compute(query, self.gradient.rows(found.numbers)), found.tier


@dataclass(slots=True, eq=False)
class Dispatch:
    """Runs prepared queries. Belongs to one event loop."""

    executables: live.Executables
    interpreters: live.Interpreters
    derivatives: scalars.Derivatives  # what only the interpreter computes
    array_derivatives: arrays.ArrayDerivatives
    brief: queue.ThreadPool  # threads for work of milliseconds
    lengthy: queue.ThreadPool  # for longer work
    prover: enclosures.Prover
    observer: events.Observer
    _computed_kinds: set[tuple[str, str, int]] = field(default_factory=set)
    _tiers: tiers.ArrayTiers = field(init=False)

    def __post_init__(self) -> None:
        self._tiers = tiers.ArrayTiers(
            self.executables, self.array_derivatives, self.brief, self.lengthy, self.observer
        )

    def prepare(self, call: plans.PlannedCall, point: points.Point, start: float, hit: bool) -> gradients.GradientCall:
        """Return a call ready to run at a point.

        It has its executable if that is loaded, known to be right, and so quick that it can run on the event loop.
        """
        layout = call.plan.layout(point.shapes)
        if point.batch is None and call.plan.operations <= _INLINE_WORK:
            executable = self.executables.get(call.job.key)
            if executable is not None and executable.checked:
                return gradients.GradientCall(call, point, layout, start, hit, executable)
        return gradients.GradientCall(call, point, layout, start, hit)

    def prompt(self, prepared: transforms.DerivativeQuery) -> transforms.Prompt | None:
        """Return what computes a query on the event loop at once, None if it may have to wait or takes too long."""
        if prepared.verify:
            return None
        if prepared.derivative is not None:
            return self._tiers.prompt(prepared)
        if prepared.work > _PROMPT_WORK or prepared.point.batch is not None:
            return None
        gradient = self._gradient_of(prepared)
        if gradient is None:
            ready = self.derivatives.at_hand(prepared)
        else:
            ready = gradient.executable is not None or self.interprets_at_once(gradient)
        seconds = _PROMPT_SECONDS + _SECONDS_PER_WORK * prepared.work
        return PromptNumbers(self, gradient, seconds) if ready else None

    async def run(self, prepared: Prepared) -> query.Result:
        """Return the numbers of a prepared query."""
        if isinstance(prepared, transforms.DerivativeQuery):
            return await self._derive(prepared)
        if isinstance(prepared, reductions.ReducedQuery):
            return await self._reduce(prepared)
        if prepared.executable is not None:
            return prepared.run()
        if self.interprets_at_once(prepared):
            return self.interpret(prepared)
        began = time.perf_counter()
        numbers, tier = await self._gradients(prepared)
        ended = time.perf_counter()
        return query.Result(_listed(prepared, numbers), tier, began, ended)

    def interprets_at_once(self, prepared: gradients.GradientCall) -> bool:
        """Return whether ``interpret`` runs a call, without waiting: there is no executable, and a program."""
        call = prepared.call
        inline = prepared.point.batch is None and call.plan.operations <= _INLINE_WORK
        if not inline or self.executables.get(call.job.key) is not None:
            return False
        return self.interpreters[call.job.dtype].ready(call.plan.encoded)

    def interpret(self, prepared: gradients.GradientCall) -> query.Result:
        """Return the numbers of a call at one point by the interpreter; note what that has cost."""
        call, began = prepared.call, time.perf_counter()
        vector = call.plan.leaves(prepared.point.flat, prepared.layout, call.job.dtype)
        numbers = self.interpreters[call.job.dtype].gradient(call.plan.encoded, vector)
        ended = time.perf_counter()
        self._record_cost(call.job, ended - began, call.plan.operations)
        return query.Result(_listed(prepared, numbers), "interpreted", began, ended)

    def _record_cost(self, job: jobs.TapeJob, seconds: float, work: int) -> None:
        # Bounded, because a busy machine or the first use of a program takes longer.
        self.executables.record_cost(job, min(seconds, 1e-4 + 5e-7 * work))

    async def _derive(self, prepared: transforms.DerivativeQuery) -> query.Result:
        began = time.perf_counter()
        computer: verify.Differentiated = self.derivatives
        if prepared.derivative is not None:
            computer = self.array_derivatives
            found, tier = await self._tiers.run(prepared)
        else:
            found, tier = await self._numbers(prepared)
        difference = proof = None
        if prepared.verify == "rigorous":
            proof = await self.prover.prove(prepared, found)
        elif prepared.verify:
            difference = await self.lengthy.run(lambda: verify.difference(computer, prepared, found))
        return query.Result(found, tier, began, time.perf_counter(), difference, proof)

    async def _reduce(self, prepared: reductions.ReducedQuery) -> query.Result:
        began = time.perf_counter()
        found = [await self._tiers.run(part) for part in prepared.parts]
        numbers = prepared.combined([each for each, _ in found])
        return query.Result(numbers, found[0][1], began, time.perf_counter())

    async def _numbers(self, prepared: transforms.DerivativeQuery) -> tuple[transforms.Numbers, str]:
        """Return the numbers of a query for a function recorded as tapes of numbers, and the tier."""
        rows, tier = None, "interpreted"
        gradient = self._gradient_of(prepared)
        if gradient is not None:
            numbers, tier = await self._gradients(gradient)
            rows = gradient.rows(numbers)
        return await self._compute(prepared, rows), tier

    def _gradient_of(self, prepared: transforms.DerivativeQuery) -> gradients.GradientCall | None:
        """Return the call for the gradient with which a derivative is a product; an executable may compute it."""
        if prepared.specialization.shape != () or prepared.transform.order != 1:
            return None
        call = prepared.plans[0][0].call("grad", prepared.argnums, prepared.dtype)
        return self.prepare(call, prepared.point, prepared.start, prepared.hit)

    async def _compute(self, prepared: transforms.DerivativeQuery, rows: Array | None) -> transforms.Numbers:
        if rows is not None and prepared.size <= _INLINE_NUMBERS:
            return self.derivatives.compute(prepared, rows)
        if rows is None and prepared.work <= _PROMPT_WORK and self.derivatives.at_hand(prepared):
            return self.derivatives.compute(prepared)
        # The first of its kind and size may have to wait until a program is compiled.
        operations = max(plan.operations for plan, _ in prepared.plans)
        kind = (prepared.transform.name, prepared.dtype, operations.bit_length())
        pool = self._pool(prepared.work) if kind in self._computed_kinds else self.lengthy
        found = await pool.run(lambda: self.derivatives.compute(prepared, rows))
        self._computed_kinds.add(kind)
        return found

    async def _gradients(self, prepared: gradients.GradientCall) -> tuple[Array, str]:
        """Return [value, *partials of the inputs], (1 + inputs,) or (batch, 1 + inputs), and the tier."""
        if prepared.point.batch is None:
            return await self._at_one_point(prepared)
        return await self._at_many_points(prepared)

    async def _at_one_point(self, prepared: gradients.GradientCall) -> tuple[Array, str]:
        call = prepared.call
        vector = call.plan.leaves(prepared.point.flat, prepared.layout, call.job.dtype)

        def interpret() -> Array:
            return self.interpreters[call.job.dtype].gradient(call.plan.encoded, vector)

        return await self._execute_or_interpret(
            call.job, call.plan, interpret, lambda executable: executable(vector), 1
        )

    async def _at_many_points(self, prepared: gradients.GradientCall) -> tuple[Array, str]:
        call = prepared.call
        plan, dtype = call.plan, call.job.dtype
        columns, constants = plan.columns(prepared.point.flat, prepared.layout, dtype)
        batch = columns.shape[1]
        job = plan.job(call.transform, dtype, compiler.bucket(batch))

        def interpret() -> Array:
            return self.interpreters[dtype].gradient_rows(plan.encoded, columns, constants)

        def execute(executable: compiler.Executable) -> Array:
            return _in_pieces(executable, columns, constants)

        found, tier = await self._execute_or_interpret(job, plan, interpret, execute, batch)
        return found.T, tier

    async def _execute_or_interpret(
        self,
        job: jobs.TapeJob,
        plan: plans.Plan,
        interpret: Callable[[], Array],
        execute: Callable[[compiler.Executable], Array],
        batch: int,
    ) -> tuple[Array, str]:
        """Return the numbers by the executable of a job if there is one, else by the interpreter; and the tier."""
        work = (plan.operations + _SPECIAL_WORK * plan.encoded.specials) * batch
        inline, pool = work <= _INLINE_WORK, self._pool(work)
        executable = self.executables.get(job.key)
        if executable is not None and (
            executable.checked or await self._agrees(job, executable, interpret, execute, pool)
        ):
            found = executable
            return (execute(found) if inline else await pool.run(lambda: execute(found))), "compiled"
        inline = work <= (_INTERPRETED_WORK if job.rows else _INLINE_WORK)
        ready = self.interpreters[job.dtype].ready(plan.encoded, batch if job.rows else None)
        start = time.perf_counter()
        result = interpret() if inline and ready else await (pool if ready else self.lengthy).run(interpret)
        self._record_cost(job, time.perf_counter() - start, work)
        return result, "interpreted"

    async def _agrees(
        self,
        job: jobs.TapeJob,
        executable: compiler.Executable,
        interpret: Callable[[], Array],
        execute: Callable[[compiler.Executable], Array],
        pool: queue.ThreadPool,
    ) -> bool:
        """Return whether an executable's first numbers are the interpreter's; if not, discard it."""
        interpreted, compiled = await pool.run(lambda: (interpret(), execute(executable)))
        if compiler.agree(interpreted[: len(compiled)], compiled):
            executable.checked = True
            return True
        self.observer.observe(events.Disagreed(job.tape.key, job.transform))
        self.executables.discard(job.key)
        return False

    def _pool(self, work: int) -> queue.ThreadPool:
        return self.brief if work <= _BRIEF_WORK else self.lengthy


def _listed(prepared: gradients.GradientCall, numbers: Array) -> list[float] | Array:
    """Return numbers as ``present`` reads them: a list for one point, if its layout has cuts."""
    found: list[float] | Array = numbers
    if prepared.layout.cuts is not None and prepared.point.batch is None:
        found = numbers.tolist()
    return found


def _in_pieces(executable: compiler.Executable, columns: Array, constants: Array) -> Array:
    """Run a batch, shape (n, batch), in pieces of as many points as an executable takes; the last point fills up."""
    batch, rows = columns.shape[1], executable.rows
    piece = np.empty((len(columns), rows), columns.dtype)  # one for all: new memory costs as much as the copy
    found = None
    for start in range(0, batch, rows):
        count = min(rows, batch - start)
        piece[:, :count] = columns[:, start : start + count]
        piece[:, count:] = piece[:, count - 1 : count]
        results = executable(piece, constants)[:, :count]
        if count == batch:
            return results
        if found is None:
            found = np.empty((len(results), batch), results.dtype)
        found[:, start : start + count] = results
    assert found is not None
    return found


def job_of(prepared: Prepared) -> jobs.Compilation | None:
    """Return what is compiled for a gradient at one point, None if only NumPy runs it."""
    if isinstance(prepared, gradients.GradientCall):
        return prepared.call.job
    assert isinstance(prepared, transforms.DerivativeQuery)
    derivative = arrays.derivative_of(prepared)
    return None if derivative.hosted else derivative.job(prepared.dtype)


def listed(prepared: Prepared) -> listing.TapeListing:
    """Return the tape of the function of a gradient at one point, with its values there."""
    if isinstance(prepared, gradients.GradientCall):
        return listing.of_numbers(prepared.call.plan, prepared.point)
    assert isinstance(prepared, transforms.DerivativeQuery)
    return listing.of_arrays(arrays.plan_of(prepared), prepared.function.args, prepared.point)


def numbers_key(prepared: Prepared, most: int) -> Hashable:
    """Return what the numbers of a call depend on, None for what is not kept: points of more numbers, for one."""
    point = prepared.point
    if point.size * point.count > most:
        return None
    if isinstance(prepared, reductions.ReducedQuery):
        return None
    if not isinstance(prepared, transforms.DerivativeQuery):
        function_id, dtype = prepared.call.plan.function_id, prepared.call.job.dtype
    elif prepared.derivative is not None and prepared.name == "jacobian" and prepared.specialization.shape == ():
        function_id, dtype = prepared.function_id, prepared.dtype
    else:
        return None
    return function_id, dtype, point.shapes, point.batch, point.flat.tobytes()
