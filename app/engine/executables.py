"""Compiled code: executables of functions that have earned one, and the programs of the interpreter.

Both are kept in a store, where other processes, other machines and the next start find them. Names in the store are
BLAKE2b digests of what is compiled and of everything that machine code depends on: the source of rules and transforms,
the versions of jax and jaxlib, the platform and its version, the device kind, XLA_FLAGS, and the features of the CPU.

A function is interpreted at once. It is compiled when its interpretation has cost a fraction of the expected time to
compile it (the ski-rental rule; Karlin et al. 1988); the expectation is a measured curve of the number of operations.
Compiling happens in a worker process. A store on this machine is searched when a function is first met, one farther
away when the function is about to be compiled.
"""

from __future__ import annotations

import asyncio
import hashlib
import inspect
import logging
import time
from collections.abc import Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any

import numpy as np

from app import errors
from app.autodiff import arrays, bytecode, compiler, interpreter, reverse, table, tape
from app.autodiff.namespaces import forward, jax_words
from app.engine.workers import jobs, pool
from app.runtime import cache, processes, queue
from app.runtime.store import disk

_log = logging.getLogger("gradserve")

_FORMULAE = (*table.MODULES, forward, jax_words, *jax_words.MODULES)
"""What both executables and programs are made of."""

_WHOLE = 10**9
"""All that executables in memory may hold."""

_MAX_NEW = 64
"""New functions after which the disk is searched, even if the event loop has had no turn for long."""

_TRIM_EVERY = 32
"""Executables loaded after which free memory is given back to the system: those that made room for them left gaps."""

_MAX_EXPECTED_SECONDS = 15.0
"""Functions expected to take longer are never compiled: a third of the time a killed worker would waste."""

_FIRST = interpreter.GRADIENTS[0]
"""The program that nearly every function fits: loaded before a service is ready, if the store has it."""

_LARGE = frozenset(interpreter.SPECIAL[1:])
"""Programs of 140 and 310 MB: made ahead, but loaded only when needed, as long as there is a store to keep them."""

_ON_DEMAND_BYTES = 512 << 20
"""What all programs together may hold that were loaded on demand."""
_UNUSED_SECONDS = 60.0
"""After so long without use, a program that was loaded on demand is let go. Loading it takes at most two seconds."""


@dataclass(frozen=True, slots=True)
class ExecutableCapacity:
    """What all executables in memory may hold together. Whatever comes to its end first is the bound."""

    count: int = 1024
    resident_bytes: int = 96 << 20
    memory_maps: int = field(default_factory=lambda: processes.most_memory_maps() // 2)  # threads have some, too

    def share(self, executable: compiler.Executable | compiler.ArrayExecutable) -> int:
        """Return which part of ``_WHOLE`` one executable takes."""
        own = executable.footprint
        return max(
            _WHOLE // self.count,
            _WHOLE * own.resident_bytes // self.resident_bytes,
            _WHOLE * own.memory_maps // max(self.memory_maps, 1),
        )


@dataclass(frozen=True, slots=True)
class Promotion:
    """How far a function is from being compiled.

    Attributes:
        state: "compiled", "compiling", "waiting" until interpretation has cost enough, or "never".
        spent_seconds: what interpretation has cost since it was last compiled or began.
        needed_seconds: what it has to cost.
        expected_seconds: what compiling is expected to take.
    """

    state: str
    spent_seconds: float = 0.0
    needed_seconds: float | None = None
    expected_seconds: float | None = None


class Executables:
    """Executables in memory by the key of their job, and their promotion.

    Belongs to one event loop. ``budget`` pays for compilations; while a caller's is spent, the functions of that caller
    stay interpreted.
    """

    def __init__(
        self,
        workers: pool.Workers,
        kept: disk.Store,
        *,
        loading: Executor,
        waiting: Executor,
        capacity: ExecutableCapacity,
        budget: queue.Quota,
    ) -> None:
        self._workers = workers
        self._kept = kept
        self._loading = loading  # threads where executables are loaded
        self._waiting = waiting  # threads for entries of the store: they wait more than they work
        self._most_pending = capacity.count
        self._budget = budget
        # A changed rule or transform makes another executable, whether or not anybody changes a version number.
        self._environment = _environment(tape.FORMAT, [reverse, *_FORMULAE, *arrays.MODULES])
        self._live: cache.LruDict[jobs.Key, Any] = cache.LruDict(_WHOLE, capacity.share)
        self.get = self._live.get  # without a method around it: this runs for every hot request
        self._spent: cache.LruDict[jobs.Key, float] = cache.LruDict(16 * capacity.count)
        self._blocked: cache.LruDict[jobs.Key, bool] = cache.LruDict(capacity.count)
        self._pending: dict[jobs.Key, asyncio.Task[None]] = {}
        self._new: list[jobs.Compilation] = []
        self._loaded = 0
        self._closed = False

    def __len__(self) -> int:
        return len(self._live)

    @property
    def pending(self) -> int:
        """How many executables are being loaded or compiled."""
        return len(self._pending)

    def awaits(self, key: jobs.Key) -> bool:
        """Return whether an executable is being loaded or compiled."""
        return key in self._pending

    def promotion(self, job: jobs.Compilation | None) -> Promotion:
        """Return how far a job is from being compiled; None is a function that only NumPy runs."""
        if job is None:
            return Promotion("never")
        expected = job.expected_seconds
        never = job.key in self._blocked or expected >= _MAX_EXPECTED_SECONDS
        state = "never" if never else "compiling" if job.key in self._pending else "waiting"
        state = "compiled" if job.key in self._live else state
        return Promotion(state, self._spent.get(job.key) or 0.0, job.worth * expected, expected)

    def record_cost(self, job: jobs.Compilation, seconds: float) -> None:
        """Add to what interpreting a function has cost; promote the function once that is enough."""
        key = job.key
        if key in self._pending or key in self._blocked:
            return
        before = self._spent.get(key)
        self._spent[key] = spent = (before or 0.0) + seconds
        if before is None:
            self._search_disk_later(job)
        expected = job.expected_seconds
        worth = expected < _MAX_EXPECTED_SECONDS and spent > job.worth * expected
        if worth and len(self._pending) < self._most_pending and self._budget.left(queue.CALLER.get()) > 0:
            self._budget.spend(expected)
            self._promote(job)

    async def obtain(self, job: jobs.Compilation) -> Any:
        """Return the executable of a job, compiled now if need be; None if that takes too long or fails."""
        if job.key not in self._live and job.key not in self._blocked:
            if job.key not in self._pending:
                self._budget.check()
                self._budget.spend(job.expected_seconds)
                self._promote(job)
            await asyncio.shield(self._pending[job.key])
        return self.get(job.key)

    def _search_disk_later(self, job: jobs.Compilation) -> None:
        """Search the disk when the answer has gone out: it takes as long as a small interpretation."""
        self._new.append(job)
        if len(self._new) == 1:
            asyncio.get_running_loop().call_soon(self._search_disk)
        elif len(self._new) >= _MAX_NEW:
            self._search_disk()

    def _search_disk(self) -> None:
        new, self._new = self._new, []
        for job in new:
            if not self._closed and job.key not in self._pending and self._kept.has(self.name(job.key)):
                self._promote(job)

    def discard(self, key: jobs.Key) -> None:
        """Throw an executable away for good: it gave wrong numbers, or it is of no use."""
        self._live.pop(key)
        self._blocked[key] = True
        self._waiting.submit(self._kept.remove, self.name(key))

    async def wait_until_idle(self) -> None:
        await asyncio.sleep(0)  # for what is about to begin
        while self._pending:
            await asyncio.gather(*self._pending.values(), return_exceptions=True)

    async def close(self) -> None:
        """Stop what is being loaded and compiled, and let every executable go."""
        self._closed = True
        for task in self._pending.values():
            task.cancel()
        await asyncio.gather(*self._pending.values(), return_exceptions=True)
        self._live.clear()

    def name(self, key: jobs.Key) -> str:
        return _digest(repr((key, self._environment)))

    def _promote(self, job: jobs.Compilation) -> None:
        task = self._pending[job.key] = asyncio.ensure_future(self._load_or_compile(job))
        task.add_done_callback(lambda _: self._pending.pop(job.key, None))

    async def _load_or_compile(self, job: jobs.Compilation) -> None:
        loop = asyncio.get_running_loop()
        name = self.name(job.key)
        blob = await loop.run_in_executor(self._waiting, self._kept.get, name)
        fetched = blob is not None
        try:
            if blob is None:
                blob = await self._workers.compile(job)
            executable = await loop.run_in_executor(self._loading, job.restore, blob)
        except errors.TooExpensive:
            self._blocked[job.key] = True
            return
        except Exception:  # noqa: BLE001 - whatever XLA finds wrong with an entry, the interpreter goes on
            _log.exception("an executable could not be loaded")
            await loop.run_in_executor(self._waiting, self._kept.remove, name)
            self._blocked[job.key] = True
            return
        self._live[job.key] = executable
        self._spent.pop(job.key)
        self._loaded += 1
        if self._loaded % _TRIM_EVERY == 0:
            self._loading.submit(processes.trim)
        if not fetched:
            await loop.run_in_executor(self._waiting, self._kept.put, name, blob)


class Interpreters:
    """One interpreter for each dtype; their programs come from a store where it has them. Safe to use from threads."""

    def __init__(self, kept: disk.Store) -> None:
        self._kept = kept
        # A program is made of the rules and of the interpreter's own source; any change makes another program.
        self._environment = _environment(None, [bytecode, interpreter, *_FORMULAE])
        self._by_dtype = {
            dtype: interpreter.Interpreter(dtype, self._make, self._at_hand) for dtype in ("float64", "float32")
        }
        self._bytes: dict[tuple[interpreter.Program, str], int] = {}

    def __getitem__(self, dtype: str) -> interpreter.Interpreter:
        return self._by_dtype[dtype]

    @property
    def missing(self) -> int:
        """How many of the programs that are worth making ahead are neither loaded nor kept."""
        run = self._by_dtype["float64"]
        return sum(not run.installed(each) and not self._at_hand(each, "float64") for each in interpreter.AHEAD)

    def warm(self) -> None:
        """Load the program that most functions need, if the store has it."""
        if self._at_hand(_FIRST, "float64"):
            self._by_dtype["float64"].warm([_FIRST])

    def release(self, unused_seconds: float = _UNUSED_SECONDS) -> int:
        """Let go of programs loaded on demand: unused ones, and the least recently used beyond a bound of bytes.

        Returns:
            How many were let go.
        """
        oldest = time.monotonic() - unused_seconds
        loaded: list[tuple[float, str, interpreter.Program]] = []
        for dtype, run in self._by_dtype.items():
            loaded += [(when, dtype, program) for program, when in [*run.on_demand.items()]]
        released = held = 0
        for when, dtype, program in sorted(loaded, reverse=True):
            held += self._bytes.get((program, dtype), 0)
            if when <= oldest or held > _ON_DEMAND_BYTES:
                self._by_dtype[dtype].release(program)
                released += 1
        return released

    async def warm_rest(self, makers: pool.Workers, threads: Executor) -> None:
        """Make all programs, unless the store has them; NumPy runs meanwhile what they are for.

        ``makers`` start only if a program is missing. They have nothing else to do: on a busy machine the programs may
        take minutes, and functions that have earned an executable must not wait behind them.
        """
        run = self._by_dtype["float64"]
        missing = [program for program in interpreter.AHEAD if not run.installed(program)]
        missing = [program for program in missing if not await self._fetch(program, threads)]
        if not missing:
            return
        makers.start()
        try:
            for program in missing:
                if await self._fetch(program, threads):  # another process has made it meanwhile
                    continue
                try:
                    blob = await makers.compile(jobs.ProgramJob(program, "float64"))
                except errors.TooExpensive as error:  # NumPy goes on; a thread makes it if it is needed often
                    _log.warning("%s was not made ahead: %s", program.name("float64"), error)
                else:
                    await self._fetch(program, threads, blob)
        finally:
            await makers.close()

    async def _fetch(self, program: interpreter.Program, threads: Executor, made: bytes | None = None) -> bool:
        """Keep a program just made, or fetch it; install it unless it can wait. Return whether it is at hand."""
        loop = asyncio.get_running_loop()
        name = self._name(program, "float64")
        if made is not None:
            if program == _FIRST and not await loop.run_in_executor(threads, _is_right, made):
                _log.error("%s was made and has wrong numbers: it is not used", program.name("float64"))
                return False
            await loop.run_in_executor(threads, self._kept.put, name, made)
        if program in _LARGE and self._kept.has(name):
            return True
        blob = made or await loop.run_in_executor(threads, self._kept.get, name)
        loaded = blob and await loop.run_in_executor(threads, _load, blob, program)
        if not loaded:
            return False
        self._by_dtype["float64"].install(program, loaded)
        return True

    def _at_hand(self, program: interpreter.Program, dtype: str) -> bool:
        return self._kept.has(self._name(program, dtype))

    def _name(self, program: interpreter.Program, dtype: str) -> str:
        return _digest(f"{program.name(dtype)} {self._environment}")

    def _make(self, program: interpreter.Program, dtype: str) -> Any:
        name = self._name(program, dtype)
        blob = self._kept.get(name)
        found = None if blob is None else _load(blob, program)
        if blob is None or found is None:
            found = interpreter.compile_program(program, dtype)
            blob = compiler.dump(found)
            self._kept.put(name, blob)
        self._bytes[program, dtype] = compiler.Footprint.of(blob).resident_bytes
        return found


def _is_right(blob: bytes) -> bool:
    """Return whether the program ``_FIRST`` has the value and the gradient of x*y + z**2."""
    loaded = _load(blob, _FIRST)
    code = ("mul", (0, 1)), ("square", (2,)), ("add", (3, 4))
    probe = bytecode.encode(tape.Tape(3, 0, (), code, 5, "probe"))
    run = interpreter.Interpreter("float64", lambda *_: loaded)
    return bool(loaded and run.gradient(probe, np.array([5.0, 6.0, 7.0])).tolist() == [79.0, 6.0, 5.0, 14.0])


def _load(blob: bytes, program: interpreter.Program) -> Any:
    """Return the executable that was serialised, or None."""
    try:
        loaded = compiler.load(blob, program.arrays)
    except Exception:  # noqa: BLE001 - whatever XLA finds wrong with it, it can be made again
        _log.exception("a program could not be loaded")
        return None
    processes.trim()
    return loaded


def _environment(version: Any, modules: Sequence[ModuleType]) -> str:
    """Return a digest of these modules' source and of what machine code depends on."""
    return _digest(repr((version, [inspect.getsource(module) for module in modules], *compiler.environment())))


def _digest(text: str) -> str:
    return hashlib.blake2b(text.encode(), digest_size=20).hexdigest()
