"""Compiling and deriving formulae in other processes, which can be killed.

Neither can be stopped from within (https://github.com/jax-ml/jax/issues/18246), and both hold the GIL. So a child does
the work, and its result comes back as bytes: a serialised executable, or formulae as JSON. A child that passes its
deadline or memory cap is killed and the next one, kept warm, takes its place.
"""

from __future__ import annotations

import asyncio
import json
import logging
import math
import time
from collections import OrderedDict
from dataclasses import dataclass
from typing import Any

from app import admission, children, errors, processes, telemetry
from app.jobs import FormulaeJob, Job, Key, ProgramJob, Work

__all__ = ["FormulaeJob", "Job", "Key", "Limits", "ProgramJob", "Workers"]

_log = logging.getLogger("gradserve")

_MAX_WAITING = 32
"""Formulae asked for at one time, beyond which the next is refused."""
_BUSY = "too many formulae are being derived"

_PAUSE_SECONDS = 1.0
_MAPS_EVERY = 16


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds on one compilation and on the life of a child.

    Attributes:
        deadline_seconds: wall-clock time of one compilation.
        memory_bytes: resident memory of a child.
        jobs: compilations after which a child is replaced.
        rest_bytes: resident memory of a child between two jobs beyond which it is replaced.
        maps: memory maps beyond which it is; the kernel allows some 65,000.
        forget_seconds: how long a job that was killed is refused at once.
    """

    deadline_seconds: float = 30.0
    memory_bytes: int = 2 << 30
    jobs: int = 500
    rest_bytes: int = 1 << 30
    maps: int = 20_000
    forget_seconds: float = 600.0


class Workers:
    """Compiles jobs in children, one at a time each, and keeps one child more than that warm, which derives formulae.

    Belongs to one event loop; ``start`` before, ``close`` after.

    Args:
        count: compilations at one time.
        limits: bounds on each.
        observer: takes events.
        budget: who pays for formulae, and for what was stopped.
        spare: children beside those that compile; without one there are no formulae.
    """

    def __init__(
        self,
        count: int,
        limits: Limits,
        observer: telemetry.Observer,
        budget: admission.Budget | None = None,
        *,
        spare: int = 1,
    ) -> None:
        self._limits = limits
        self._observer = observer
        self._closed = False
        self._count = count
        self._spare = spare
        self._turns = asyncio.Semaphore(count)
        # Of the children one more than compile: formulae never wait for a compilation, nor it for them.
        self._formulae = asyncio.Semaphore(spare)
        self._room = admission.Room(_MAX_WAITING, _BUSY)
        self._budget = budget or admission.Budget(math.inf)
        self._at_work: set[Key] = set()
        self._idle: asyncio.Queue[children.Child] = asyncio.Queue()
        self._children: set[children.Child] = set()
        self._starting: set[asyncio.Task[None]] = set()
        self._killed: OrderedDict[Key, float] = OrderedDict()

    def start(self) -> None:
        """Start the children, without waiting for them."""
        for _ in range(self._count + self._spare):
            self._spawn()

    @property
    def pids(self) -> tuple[int, ...]:
        """Process ids of the living children."""
        return tuple(child.pid for child in self._children)

    async def compile(self, job: Job | ProgramJob) -> bytes:
        """Return the serialised executable of a job.

        Raises:
            errors.TooExpensive: killed at its deadline or memory cap, now or lately.
        """
        async with self._turns:
            return await self._do(job)

    async def derive(self, job: FormulaeJob) -> dict[str, Any]:
        """Return the formulae of a function, see ``symbolic.document``.

        Raises:
            errors.Overloaded: too many are waiting, or the caller has had enough for now.
            errors.TooExpensive: killed at its deadline or memory cap, now or lately.
            errors.Rejected: what ``symbolic.document`` refuses.
        """
        self._budget.check()
        with self._room.place():
            patience = admission.PATIENCE_SECONDS if admission.CALLER.get() else None
            try:
                async with asyncio.timeout(patience):
                    await self._formulae.acquire()
            except TimeoutError:
                raise errors.Overloaded(_BUSY, retry_after_seconds=math.ceil(admission.PATIENCE_SECONDS)) from None
            try:
                document: dict[str, Any] = json.loads(await self._do(job))
            finally:
                self._formulae.release()
        return document

    def at_work_on(self, key: Key) -> bool:
        """Return whether a child has begun with a job: it is then best finished."""
        return key in self._at_work

    @property
    def waiting(self) -> int:
        """How many formulae are asked for."""
        return len(self._room)

    async def _do(self, job: Work) -> bytes:
        forgotten = self._killed.get(job.key)
        if forgotten is not None and time.monotonic() < forgotten:
            raise errors.TooExpensive(f"{job.doing} was stopped at its deadline a short while ago")
        for _ in range(3):
            child = await self._next()
            try:
                return await self._ask(child, job)
            except children.Died:
                continue  # killed from outside, or crashed: the job itself may be innocent
        self._remember(job)
        raise errors.TooExpensive(f"{job.doing} ended its process three times")

    async def close(self) -> None:
        """Kill the children; none is started any more."""
        self._closed = True
        for task in self._starting:
            task.cancel()
        await asyncio.gather(*self._starting, return_exceptions=True)
        await asyncio.gather(*(child.kill() for child in tuple(self._children)))
        self._children.clear()

    async def _ask(self, child: children.Child, job: Work) -> bytes:
        start = time.perf_counter()
        answered = False
        self._at_work.add(job.key)
        seconds = job.seconds or self._limits.deadline_seconds
        asked = asyncio.ensure_future(child.ask(job, seconds))
        watched = asyncio.ensure_future(child.passes(seconds, self._limits.memory_bytes))
        try:
            done, _ = await asyncio.wait({asked, watched}, return_when=asyncio.FIRST_COMPLETED)
            if asked in done:
                header, blob = asked.result()
                answered = True
                child.jobs += 1
                if "refused" in header:
                    raise errors.restored(header["refused"])
                if "error" in header:
                    self._remember(job)
                    _log.warning("%s failed: %s", job.doing, header["error"])
                    raise errors.TooExpensive(f"{job.doing} failed")
                self._observer.observe(job.done(time.perf_counter() - start))
                return blob
            self._remember(job)
            reason = watched.result()
            self._observer.observe(telemetry.WorkerReplaced(reason))
            await self._replace(child)
            raise errors.TooExpensive(f"{job.doing} was stopped at its {reason} limit")
        except children.Died:
            self._observer.observe(telemetry.WorkerReplaced("died"))
            await self._replace(child)
            raise
        except asyncio.CancelledError:
            await self._replace(child)
            raise
        finally:
            self._at_work.discard(job.key)
            if not answered or isinstance(job, FormulaeJob):  # else whoever had it compiled has paid
                self._budget.pay(min(time.perf_counter() - start, seconds))
            for task in (asked, watched):
                task.cancel()
            await asyncio.gather(asked, watched, return_exceptions=True)
            if child.alive:
                await self._give_back(child)

    async def _next(self) -> children.Child:
        while True:
            child = await self._idle.get()
            if child.alive:
                return child
            self._observer.observe(telemetry.WorkerReplaced("died"))
            await self._replace(child)

    async def _give_back(self, child: children.Child) -> None:
        if self._is_worn(child):
            self._observer.observe(telemetry.WorkerReplaced("recycled"))
            await self._replace(child)
        else:
            self._idle.put_nowait(child)

    def _is_worn(self, child: children.Child) -> bool:
        """Return whether a child has done enough: what XLA and SymPy keep for themselves goes with it."""
        limits = self._limits
        if child.jobs >= limits.jobs or processes.resident_bytes(child.pid) > limits.rest_bytes:
            return True
        # Each executable leaves a few maps behind at most, so they need not be counted every time.
        return child.jobs % _MAPS_EVERY == 0 and processes.memory_maps(child.pid) > limits.maps

    async def _replace(self, child: children.Child) -> None:
        await child.kill()
        self._children.discard(child)
        self._spawn()

    def _spawn(self) -> None:
        if self._closed:  # what is cancelled late would leave a child behind that nobody ends
            return
        task = asyncio.ensure_future(self._start_child())
        self._starting.add(task)
        task.add_done_callback(self._starting.discard)

    async def _start_child(self) -> None:
        try:
            child = await children.Child.start(self._limits.memory_bytes)
        except OSError as error:  # no process, no memory, no file for it, for now
            _log.warning("a compile worker could not be started: %s", error.strerror)
            await self._spawn_later()
            return
        self._children.add(child)
        try:
            await child.ready()
        except children.Died:
            await child.kill()
            self._children.discard(child)
            await self._spawn_later()
        else:
            self._idle.put_nowait(child)

    async def _spawn_later(self) -> None:
        await asyncio.sleep(_PAUSE_SECONDS)  # whatever keeps children from starting, do not spin
        self._spawn()

    def _remember(self, job: Work) -> None:
        self._killed[job.key] = time.monotonic() + self._limits.forget_seconds
        while len(self._killed) > 4096:
            self._killed.popitem(last=False)
