"""The executables this process has, and which one it will have next.

A function is interpreted at once and compiled when it has shown that it is worth it: when the time its interpretation
has cost comes to a fraction of what compiling is expected to cost (the ski-rental rule; Karlin et al. 1988). The
expectation is a measured curve of the number of operations. Compiling happens in a worker process; what comes back
is kept in memory, bounded, and in a store, where other processes, other machines and the next start find it. What lies
on this machine is fetched when a function is first met; farther away is looked when it is about to be compiled.

Keys: an executable in memory is known by (tape key, transform, dtype, rows). In a store its name is a BLAKE2b digest of
these and of everything that machine code depends on: the format of the tape, the source of rules and transforms, the
versions of jax and jaxlib, the platform and its version, the device kind, XLA_FLAGS, and the features of the CPU.
"""

from __future__ import annotations

import asyncio
import hashlib
import inspect
import logging
from collections import OrderedDict
from concurrent.futures import Executor

from app import admission, compiler, errors, rules, special, store, tape, transforms, worker

_log = logging.getLogger("gradserve")

Key = tuple[str, str, str, int]

_WORTH = 0.02
"""Fraction of the expected compile time that interpretation may cost first: some fifty calls of a small function."""

_LOOKED_FOR_AT_ONCE = 64

_MAX_EXPECTED_SECONDS = 15.0
"""Functions expected to take longer are never compiled: a third of the time a killed worker would waste."""


class Library:
    """Live executables, and the promotion of functions that earn one. Belongs to one event loop.

    Args:
        workers: compile, in other processes.
        kept: has executables for others and for later.
        loading: threads where executables are loaded.
        waiting: threads where entries are fetched and put.
        capacity: live executables held; each holds some five memory maps.
        budget: who pays for compilations; a caller's functions stay interpreted while nothing is left.
    """

    def __init__(
        self,
        workers: worker.Workers,
        kept: store.Store,
        *,
        loading: Executor,
        waiting: Executor,
        capacity: int,
        budget: admission.Budget,
    ) -> None:
        self._workers = workers
        self._kept = kept
        self._loading = loading
        self._waiting = waiting
        self._capacity = capacity
        self._budget = budget
        # Another rule or transform makes another executable, whether or not somebody remembers to say so.
        sources = [inspect.getsource(module) for module in (rules, transforms, *special.MODULES)]
        environment = repr((tape.FORMAT, sources, *compiler.environment()))
        self._environment = hashlib.blake2b(environment.encode(), digest_size=20).hexdigest()
        self._live: OrderedDict[Key, compiler.Executable] = OrderedDict()
        self._spent: OrderedDict[Key, float] = OrderedDict()
        self._coming: dict[Key, asyncio.Task[None]] = {}
        self._hopeless: OrderedDict[Key, None] = OrderedDict()
        self._new: list[worker.Job] = []
        self._closed = False

    def __len__(self) -> int:
        return len(self._live)

    @property
    def coming(self) -> int:
        """How many executables are being fetched or made."""
        return len(self._coming)

    def get(self, key: Key) -> compiler.Executable | None:
        """Return a live executable, now the most recently used."""
        executable = self._live.get(key)
        if executable is not None:
            self._live.move_to_end(key)
        return executable

    def spend(self, job: worker.Job, seconds: float) -> None:
        """Account for an interpretation; once it has cost enough, the executable is fetched or made behind it."""
        key = job.key
        if key in self._coming or key in self._hopeless:
            return
        before = self._spent.pop(key, None)
        spent = (before or 0.0) + seconds
        self._spent[key] = spent
        if len(self._spent) > 16 * self._capacity:
            self._spent.popitem(last=False)
        if before is None:
            self._look_later(job)
        expected = expected_seconds(len(job.tape.code))
        worth = expected < _MAX_EXPECTED_SECONDS and spent > _WORTH * expected
        if worth and len(self._coming) < self._capacity and self._budget.left(admission.CALLER.get()) > 0:
            self._budget.pay(expected)
            self._come(job)

    def _look_later(self, job: worker.Job) -> None:
        """Look on disk when the answer has gone out: it takes as long as a small interpretation."""
        self._new.append(job)
        if len(self._new) == 1:
            asyncio.get_running_loop().call_soon(self._look)
        elif len(self._new) >= _LOOKED_FOR_AT_ONCE:  # the loop has not had a turn for long
            self._look()

    def _look(self) -> None:
        new, self._new = self._new, []
        for job in new:
            if not self._closed and job.key not in self._coming and self._kept.has(self.name(job.key)):
                self._come(job)

    def discard(self, key: Key) -> None:
        """Throw an executable away for good: it gave wrong numbers."""
        self._live.pop(key, None)
        self._give_up(key)
        self._waiting.submit(self._kept.remove, self.name(key))

    async def settle(self) -> None:
        """Wait until nothing is being fetched or made."""
        await asyncio.sleep(0)  # for what is about to be
        while self._coming:
            await asyncio.gather(*self._coming.values(), return_exceptions=True)

    async def close(self) -> None:
        """Stop what is being made and let everything go."""
        self._closed = True
        for task in self._coming.values():
            task.cancel()
        await asyncio.gather(*self._coming.values(), return_exceptions=True)
        self._live.clear()

    def name(self, key: Key) -> str:
        """Return the name of an executable in a store."""
        return hashlib.blake2b(repr((key, self._environment)).encode(), digest_size=20).hexdigest()

    def _come(self, job: worker.Job) -> None:
        task = self._coming[job.key] = asyncio.ensure_future(self._bring(job))
        task.add_done_callback(lambda _: self._coming.pop(job.key, None))

    async def _bring(self, job: worker.Job) -> None:
        """Fetch an executable, or have it made and keep it."""
        loop = asyncio.get_running_loop()
        name = self.name(job.key)
        blob = await loop.run_in_executor(self._waiting, self._kept.get, name)
        fetched = blob is not None
        try:
            if blob is None:
                blob = await self._workers.compile(job)
            executable = await loop.run_in_executor(self._loading, compiler.restore, blob, job.rows)
        except errors.TooExpensive:
            self._give_up(job.key)
            return
        except Exception:  # noqa: BLE001 - whatever XLA finds wrong with an entry, the interpreter goes on
            _log.exception("an executable could not be loaded")
            await loop.run_in_executor(self._waiting, self._kept.remove, name)
            self._give_up(job.key)
            return
        self._live[job.key] = executable
        self._spent.pop(job.key, None)
        while len(self._live) > self._capacity:
            self._live.popitem(last=False)
        if not fetched:
            await loop.run_in_executor(self._waiting, self._kept.put, name, blob)

    def _give_up(self, key: Key) -> None:
        self._hopeless[key] = None
        while len(self._hopeless) > self._capacity:
            self._hopeless.popitem(last=False)


def expected_seconds(operations: int) -> float:
    """Return the expected time to compile a gradient, a fit to measurements from 8 to 1500 operations.

    Quadratic, because XLA is: 0.05 s for 8 operations, 0.2 s for 160, 3 s for 1500, half a minute for 5000.
    """
    return 0.04 + 5e-4 * operations + 1e-6 * operations**2
