"""What runs a function of whole arrays, NumPy or compiled code, and where: on the event loop or in a thread.

NumPy runs a tape at once. Compiled code fuses chains of small operations, and runs on an accelerator, but on large
matrices it is often no faster. So an executable that NumPy's runs have paid for is first compared with NumPy's numbers,
and then with NumPy's time: the best of some runs each. The faster one stays.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from app.autodiff import compiler
from app.engine import executables as live
from app.engine.derivatives import arrays
from app.engine.derivatives.transforms import DerivativeQuery, Numbers
from app.engine.functions import array_plans
from app.engine.workers import jobs
from app.runtime import blas, cache, deadlines, events, queue

Array = NDArray[Any]
Result = TypeVar("Result")

_INLINE_SECONDS = 5e-4  # expected; such work runs on the event loop: to wake a thread takes a third of it
_BRIEF_SECONDS = 2e-2  # up to this, work runs in threads of its own, so that milliseconds do not wait for seconds

_TURNS = 4  # runs of each that are compared
_GAIN = 0.9  # an executable stays if it takes less than this fraction of NumPy's time
_MAX_TRIALS = 4096  # functions that are remembered

_RISE = 0.25
"""Of the difference, by which a run that took longer than expected changes what is expected of the next."""

_MAX_SAMPLES = 8

_LATE_SECONDS = 0.6 * deadlines.ANSWER_SECONDS
"""A function that NumPy is expected to run for longer waits for its executable."""


@dataclass(slots=True)
class Trial:
    """The best time of NumPy and of an executable for one function; other runs were disturbed."""

    numpy: float = float("inf")
    compiled: float = float("inf")
    numpy_runs: int = 0
    compiled_runs: int = 0

    @property
    def over(self) -> bool:
        """Whether each has had its turns; one that is much slower gets no more of them."""
        if min(self.numpy_runs, self.compiled_runs) == 0:
            return False
        clear = self.compiled_runs > 1 and self.compiled < 0.3 * self.numpy
        return clear or min(self.numpy_runs, self.compiled_runs) >= _TURNS

    @property
    def won(self) -> bool:
        """Whether the executable is faster."""
        return self.compiled < _GAIN * self.numpy

    @property
    def turn(self) -> bool:
        """Whether the executable runs next."""
        return self.won if self.over else self.compiled_runs < max(1, min(self.numpy_runs, _TURNS))

    def record_numpy(self, derivative: array_plans.ArrayDerivative, seconds: float) -> None:
        """Record a run of NumPy. What is expected falls at once and rises slowly: long runs were disturbed."""
        share = 1.0 if seconds < derivative.seconds else _RISE
        derivative.seconds += share * (seconds - derivative.seconds)
        self.numpy, self.numpy_runs = min(self.numpy, seconds), self.numpy_runs + 1


@dataclass(frozen=True, slots=True, eq=False)
class PromptRun:
    """Computes a query on the event loop, by NumPy or by an executable; see ``transforms.Prompt``."""

    tiers: ArrayTiers
    executable: Any
    trial: Trial
    seconds: float

    def run(self, query: DerivativeQuery) -> tuple[Numbers, str]:
        derivative = arrays.derivative_of(query)
        began = time.perf_counter()
        found = self.tiers.derivatives.compute(query, self.executable)
        seconds = time.perf_counter() - began
        if self.executable is not None:
            self.tiers.record_compiled(query, self.trial, seconds / query.runs)
            return found, "compiled"
        self.trial.record_numpy(derivative, seconds / query.runs)
        if not derivative.hosted:
            job = derivative.job(query.dtype)
            if self.tiers.executables.get(job.key) is None:
                self.tiers.executables.record_cost(job, seconds)
        return found, "interpreted"


@dataclass(slots=True, eq=False)
class ArrayTiers:
    """Runs queries for functions of whole arrays. Belongs to one event loop."""

    executables: live.Executables
    derivatives: arrays.ArrayDerivatives
    brief: queue.ThreadPool  # threads for work of milliseconds
    lengthy: queue.ThreadPool  # for longer work
    observer: events.Observer
    # What NumPy computed for slow functions while their executables were being compiled.
    _samples: cache.LruDict[Hashable, tuple[DerivativeQuery, Numbers]] = field(
        default_factory=lambda: cache.LruDict(_MAX_SAMPLES)
    )
    _trials: cache.LruDict[Hashable, Trial] = field(default_factory=lambda: cache.LruDict(_MAX_TRIALS))

    async def run(self, query: DerivativeQuery) -> tuple[Numbers, str]:
        """Return the numbers of a query, and the tier that computed them."""
        derivative = arrays.derivative_of(query)
        if derivative.hosted:
            return (await self._numpy(query, Trial()))[0], "interpreted"
        job = derivative.job(query.dtype)
        executable = self.executables.get(job.key)
        if executable is None and self._is_for_executables(derivative, job, query.runs):
            executable = await self.executables.obtain(job)
        trial = self._trial(job.key)
        if executable is not None and not executable.checked:
            return await self._first(query, job, executable, trial)
        if executable is not None and trial.turn:
            return await self._compiled(query, executable, trial), "compiled"
        expected = derivative.seconds * query.runs
        if executable is None and expected > _BRIEF_SECONDS:
            self.executables.record_cost(job, expected)  # now, so that it is compiled meanwhile
        found, seconds = await self._numpy(query, trial)
        if executable is None:
            self.executables.record_cost(job, seconds)
            if seconds > _BRIEF_SECONDS and self.executables.awaits(job.key):
                self._samples[job.key] = query, found
        return found, "interpreted"

    def prompt(self, query: DerivativeQuery) -> PromptRun | None:
        """Return what computes a query on the event loop, None if it may have to wait or is expected to take long."""
        derivative, executable, trial = arrays.derivative_of(query), None, Trial()
        seconds = derivative.seconds
        if not derivative.hosted:
            key = derivative.job(query.dtype).key
            executable, trial = self.executables.get(key), self._trial(key)
            if executable is not None and not executable.checked:
                return None
            if executable is not None and trial.turn:
                seconds = trial.compiled if trial.compiled_runs else trial.numpy
            else:
                executable = None
        seconds *= query.runs
        return PromptRun(self, executable, trial, seconds) if seconds <= _INLINE_SECONDS else None

    def _trial(self, key: Hashable) -> Trial:
        found = self._trials.get(key)
        if found is None:
            found = self._trials[key] = Trial()
        return found

    def _is_for_executables(self, derivative: array_plans.ArrayDerivative, job: jobs.ArrayJob, runs: int) -> bool:
        """Return whether to wait for an executable: on an accelerator, or where NumPy is too slow."""
        limit = 2 * job.expected_seconds if compiler.accelerated() else _LATE_SECONDS
        return derivative.seconds * runs > limit

    async def _numpy(self, query: DerivativeQuery, trial: Trial) -> tuple[Numbers, float]:
        derivative, runs = arrays.derivative_of(query), query.runs
        found, seconds = await self._timed(lambda: self.derivatives.compute(query), derivative.seconds * runs)
        trial.record_numpy(derivative, seconds / runs)
        return found, seconds

    async def _compiled(self, query: DerivativeQuery, executable: Any, trial: Trial) -> Numbers:
        runs = query.runs
        expected = trial.compiled if trial.compiled_runs else trial.numpy
        found, seconds = await self._timed(lambda: self.derivatives.compute(query, executable), expected * runs)
        self.record_compiled(query, trial, seconds / runs)
        return found

    def record_compiled(self, query: DerivativeQuery, trial: Trial, seconds: float) -> None:
        """Record a run of an executable; throw it away if NumPy is found to be faster."""
        trial.compiled, trial.compiled_runs = min(trial.compiled, seconds), trial.compiled_runs + 1
        if trial.over and not trial.won:
            self.executables.discard(arrays.derivative_of(query).job(query.dtype).key)

    async def _timed(self, work: Callable[[], Result], expected: float) -> tuple[Result, float]:
        """Return the result of some work, and how long it took."""

        def timed() -> tuple[Result, float]:
            start = time.perf_counter()
            result = work()
            return result, time.perf_counter() - start

        def timed_on_all_cores() -> tuple[Result, float]:
            with blas.threads().several():
                return timed()

        if expected <= _INLINE_SECONDS:
            return timed()
        if expected <= _BRIEF_SECONDS:
            return await self.brief.run(timed)
        return await self.lengthy.run(timed_on_all_cores)

    async def _first(
        self, query: DerivativeQuery, job: jobs.ArrayJob, executable: Any, trial: Trial
    ) -> tuple[Numbers, str]:
        """Return the numbers of an executable that runs for the first time, if it computes what NumPy does.

        It is compared at a point where NumPy has been run, or now. If NumPy is too slow, the numbers are compared after
        they have been returned.
        """
        known = self._samples.pop(job.key)
        if known is None and arrays.derivative_of(query).seconds * query.runs > _LATE_SECONDS:
            executable.checked = True
            found = await self._compiled(query, executable, trial)
            self._compare_later(query, job, found)
            return found, "compiled"
        sample, expected = known or (query, (await self._numpy(query, trial))[0])
        found, _ = await self._timed(lambda: self.derivatives.compute(sample, executable), float("inf"))
        if not _agree(expected, found):
            self._disagreed(job)
            return (await self._numpy(query, trial))[0], "interpreted"
        executable.checked = True
        return (found if sample is query else await self._compiled(query, executable, trial)), "compiled"

    def _compare_later(self, query: DerivativeQuery, job: jobs.ArrayJob, found: Numbers) -> None:
        loop = asyncio.get_running_loop()

        def compare() -> None:
            if not _agree(self.derivatives.compute(query), found):
                loop.call_soon_threadsafe(self._disagreed, job)

        self.lengthy.threads.submit(compare)

    def _disagreed(self, job: jobs.ArrayJob) -> None:
        self.observer.observe(events.Disagreed(job.tape.key, job.transform))
        self.executables.discard(job.key)


def _agree(expected: Sequence[Array], found: Sequence[Array]) -> bool:
    return all(compiler.agree(np.asarray(a), np.asarray(b)) for a, b in zip(expected, found, strict=True))
