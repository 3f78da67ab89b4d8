"""Running a function: by its executable if there is one, else by the interpreter; here or in a thread.

The interpreter answers what has no executable; the library hears what that has cost, and sees to it that what is worth
it gets one. An executable's first numbers are compared with the interpreter's.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app import admission, compiler, library, plans, points, programs, telemetry, worker

Array = NDArray[Any]
Found = tuple[Any, Any, bool]
"""Value, gradient nested as asked, and whether all of it is finite."""

_INLINE_WORK = 16_000
"""Operations times points up to which work runs on the event loop: less than a thread's turn and wake-up cost."""

_BRIEF_WORK = 200_000
"""Likewise, up to which it has threads of its own: some milliseconds, which never wait for what takes longer."""


class Asked:
    """A call at a point, all of it at hand: ``run`` does the numerical part of answering it and nothing else.

    Machine code that has just run is fast and what ran before everything else is not, by a factor of three for so
    short a computation; who has several of these runs them one after the other.
    """

    __slots__ = ("_executable", "call", "executed", "layout", "parsed", "point", "result", "start", "vector")

    def __init__(
        self, call: plans.Call, point: points.Point, layout: plans.Layout, executable: compiler.Executable, start: float
    ) -> None:
        self._executable = executable
        self.call = call
        self.point = point
        self.layout = layout
        self.start = start
        self.vector = call.plan.leaves(point.flat, layout, call.job.dtype)
        self.parsed = self.executed = 0.0
        self.result: Sequence[float] = ()

    def run(self) -> None:
        """Compute [value, *partials of the input leaves]."""
        self.parsed = time.perf_counter()
        self.result = self._executable.numbers(self.vector)
        self.executed = time.perf_counter()


class Tiers:
    """Runs functions. Belongs to one event loop.

    Args:
        executables: the compiled tier.
        interpreters: the interpreted one.
        brief: threads for what takes milliseconds.
        lengthy: threads for what takes longer.
        observer: takes events.
    """

    def __init__(
        self,
        executables: library.Library,
        interpreters: programs.Interpreters,
        brief: admission.Pool,
        lengthy: admission.Pool,
        observer: telemetry.Observer,
    ) -> None:
        self._library = executables
        self._interpreters = interpreters
        self._brief = brief
        self._lengthy = lengthy
        self._observer = observer

    def at_hand(self, call: plans.Call, point: points.Point, layout: plans.Layout, start: float) -> Asked | None:
        """Return a call ready to run, if an executable that is known to be right and takes no time is at hand."""
        executable = self._library.get(call.job.key)
        if executable is None or not executable.checked or call.plan.operations > _INLINE_WORK:
            return None
        return Asked(call, point, layout, executable, start)

    async def run(self, call: plans.Call, point: points.Point, layout: plans.Layout) -> tuple[Array, str]:
        """Return [value, *partials of the input leaves], behind a batch axis if there is one, and the tier.

        The result has shape (1 + n,) or (1 + n, batch).
        """
        return await (self._one if point.batch is None else self._many)(call, point, layout)

    async def _one(self, call: plans.Call, point: points.Point, layout: plans.Layout) -> tuple[Array, str]:
        """Return [value, *partials of the input leaves] at one point, and the tier that computed it."""
        vector = call.plan.leaves(point.flat, layout, call.job.dtype)

        def interpret() -> Array:
            return self._interpreters[call.job.dtype].gradient(call.plan.encoded, vector)

        return await self._choose(call.job, call.plan, interpret, lambda executable: executable(vector), 1)

    async def _many(self, call: plans.Call, point: points.Point, layout: plans.Layout) -> tuple[Array, str]:
        """Return the same with a batch axis behind."""
        plan, dtype = call.plan, call.job.dtype
        leaves, constants = plan.rows(point.flat, layout, dtype)
        batch = leaves.shape[1]
        job = plan.job(call.transform, dtype, compiler.bucket(batch))

        def interpret() -> Array:
            run = self._interpreters[dtype].gradient_rows
            return run(plan.encoded, leaves, constants)

        def execute(executable: compiler.Executable) -> Array:
            return _in_pieces(lambda piece: _padded(executable, piece, constants), leaves, executable.rows)

        return await self._choose(job, plan, interpret, execute, batch)

    async def _choose(
        self,
        job: worker.Job,
        plan: plans.Plan,
        interpret: Callable[[], Array],
        execute: Callable[[compiler.Executable], Array],
        batch: int,
    ) -> tuple[Array, str]:
        work = plan.operations * batch
        inline, pool = work <= _INLINE_WORK, self.pool(work)
        executable = self._library.get(job.key)
        if executable is not None and (
            executable.checked or await self._agrees(job, executable, interpret, execute, pool)
        ):
            found = executable
            return (execute(found) if inline else await pool.run(lambda: execute(found))), "compiled"
        ready = self._interpreters[job.dtype].ready(plan.encoded, batch if job.rows else None)
        start = time.perf_counter()
        result = interpret() if inline and ready else await (pool if ready else self._lengthy).run(interpret)
        # What a busy machine or a program's first use adds is not the function's to pay.
        self._library.spend(job, min(time.perf_counter() - start, 1e-4 + 5e-7 * work))
        return result, "interpreted"

    async def _agrees(
        self,
        job: worker.Job,
        executable: compiler.Executable,
        interpret: Callable[[], Array],
        execute: Callable[[compiler.Executable], Array],
        pool: admission.Pool,
    ) -> bool:
        """Compare an executable's first numbers with the interpreter's; throw it away if they differ."""
        interpreted, compiled = await pool.run(lambda: (interpret(), execute(executable)))
        if compiler.agree(interpreted[: len(compiled)], compiled):
            executable.checked = True
            return True
        self._observer.observe(telemetry.Disagreed(job.tape.key, job.transform))
        self._library.discard(job.key)
        return False

    def pool(self, work: int) -> admission.Pool:
        """Return the threads for so many operations."""
        return self._brief if work <= _BRIEF_WORK else self._lengthy


def _in_pieces(run: Callable[[Array], Array], leaves: Array, rows: int) -> Array:
    """Run a batch, shape (n, batch), in pieces of at most ``rows`` points."""
    batch = leaves.shape[1]
    if batch <= rows:
        return run(leaves)
    return np.concatenate([run(leaves[:, first : first + rows]) for first in range(0, batch, rows)], axis=1)


def _padded(executable: compiler.Executable, leaves: Array, constants: Array) -> Array:
    """Run fewer points than the executable takes: the rest are copies of the last, which cost nothing new."""
    missing = executable.rows - leaves.shape[1]
    if missing:
        leaves = np.pad(leaves, ((0, 0), (0, missing)), mode="edge")
    return executable(np.ascontiguousarray(leaves), constants)[:, : executable.rows - missing]


def unpacked(call: plans.Call, point: points.Point, layout: plans.Layout, numbers: Sequence[float]) -> Found:
    """Return value, gradient nested as asked, and whether all of it is finite, at one point."""
    if layout.straight and call.transform == "grad":
        return _chosen(numbers, call.argnums)
    return unpack(call, point, layout, np.array(numbers, call.job.dtype))


def _chosen(numbers: Sequence[float], argnums: int | list[int]) -> Found:
    """Return value, gradient as asked and whether all of it is finite, of a function of numbers at one point."""
    value = numbers[0]
    if isinstance(argnums, int):
        partial = numbers[argnums + 1]
        return value, partial, math.isfinite(value) and math.isfinite(partial)
    chosen = [numbers[argnum + 1] for argnum in argnums]
    return value, chosen, math.isfinite(value) and all(map(math.isfinite, chosen))


def unpack(call: plans.Call, point: points.Point, layout: plans.Layout, result: Array) -> Found:
    """Return value, gradient nested as asked, and whether all of it is finite, from what ``Tiers.run`` returns."""
    if layout.straight and call.transform == "grad" and point.batch is None:
        return _chosen(result.tolist(), call.argnums)
    finite = bool(np.isfinite(result[0]).all())
    if call.transform == "value":
        return result[0].tolist(), None, finite
    if layout.whole:
        flat = result[1:]
    else:
        flat = np.zeros(point.flat.shape, dtype=result.dtype)
        np.add.at(flat, layout.positions, result[1:])
    argnums = call.argnums
    entries = points.nest(flat, point.shapes, [argnums] if isinstance(argnums, int) else argnums)
    # What was not asked for does not count, but when all of it is finite nothing need be looked at again.
    finite = finite and (bool(np.isfinite(flat).all()) or all(bool(np.isfinite(entry).all()) for entry in entries))
    return result[0].tolist(), entries[0] if isinstance(argnums, int) else entries, finite
