"""Compiles and derives formulae in worker processes, which can be killed.

Neither can be stopped from within (https://github.com/jax-ml/jax/issues/18246), and both hold the GIL. So a worker does
the job, and its result comes back as bytes: a serialised executable, or formulae as JSON. A worker that exceeds its
deadline or memory limit is killed, and the next one, kept warm, takes its place.
"""

from __future__ import annotations

import asyncio
import json
import logging
import math
import time
from dataclasses import dataclass
from typing import Any

from app import errors
from app.engine.workers import jobs, process
from app.runtime import cache, deadlines, events, processes, queue

_log = logging.getLogger("gradserve")

_MAX_WAITING = 32  # requests for formulae at one time; the next one is refused
_BUSY = "too many formulae and enclosures are being derived"
_NO_WORKER = "no process is ready that derives formulae and enclosures"

_PAUSE_SECONDS = 1.0
_MAPS_EVERY = 16

_MAX_REFUSED = 4096  # jobs that are refused for a while because they were killed


@dataclass(frozen=True, slots=True)
class WorkerLimits:
    """Bounds on one compilation and on the life of a worker."""

    deadline_seconds: float = 30.0  # wall-clock time of one compilation
    memory_bytes: int = 2 << 30  # resident memory of a worker
    jobs: int = 500  # compilations after which a worker is replaced
    rest_bytes: int = 1 << 30  # resident memory between two jobs beyond which it is replaced
    maps: int = 20_000  # memory maps beyond which it is replaced; the kernel allows some 65,000
    forget_seconds: float = 600.0  # how long a job that was killed is refused at once


class Workers:
    """Compiles jobs in ``count`` workers, and derives formulae in ``spare`` more, which are kept warm.

    Belongs to one event loop; ``start`` before, ``close`` after. ``budget`` pays for formulae, and for what was
    stopped.
    """

    def __init__(
        self,
        count: int,
        limits: WorkerLimits,
        observer: events.Observer,
        budget: queue.Quota | None = None,
        *,
        spare: int = 1,
    ) -> None:
        self._limits = limits
        self._observer = observer
        self._closed = False
        self._count = count
        self._spare = spare
        self._turns = asyncio.Semaphore(count)
        # There is one worker more than compile: formulae and compilations never wait for each other.
        self._formulae = asyncio.Semaphore(spare)
        self._queue = queue.Capacity(_MAX_WAITING, _BUSY)
        self._budget = budget or queue.Quota(math.inf)
        self._at_work: set[jobs.Key] = set()
        self._idle: asyncio.Queue[process.WorkerProcess] = asyncio.Queue()
        self._processes: set[process.WorkerProcess] = set()
        self._starting: set[asyncio.Task[None]] = set()
        self._refused: cache.LruDict[jobs.Key, tuple[float, str]] = cache.LruDict(_MAX_REFUSED)

    def start(self) -> None:
        """Start the workers, without waiting for them."""
        for _ in range(self._count + self._spare):
            self._spawn()

    @property
    def pids(self) -> tuple[int, ...]:
        """Process ids of the living workers."""
        return tuple(worker.pid for worker in self._processes)

    async def compile(self, job: jobs.Compilation | jobs.ProgramJob) -> bytes:
        """Return the serialised executable of a job.

        Raises ``errors.TooExpensive`` if the job was killed at its deadline or memory cap, now or lately.
        """
        async with self._turns:
            return await self._do(job)

    async def derive(self, job: jobs.Derivation) -> dict[str, Any]:
        """Return the formulae of a function, see ``formulae.document``, or enclosures.

        Raises ``errors.Rejected``, ``errors.TooExpensive``, or ``errors.Overloaded`` if too many are waiting or the
        caller has used up its quota of this minute.
        """
        self._budget.check()
        with self._queue.place():
            patience = deadlines.START_SECONDS if queue.CALLER.get() else None
            try:
                async with asyncio.timeout(patience):
                    await self._formulae.acquire()
            except TimeoutError:
                raise errors.Overloaded(_BUSY, retry_after_seconds=math.ceil(deadlines.START_SECONDS)) from None
            seconds = job.seconds or self._limits.deadline_seconds
            try:
                async with asyncio.timeout(patience and patience + seconds):
                    document: dict[str, Any] = json.loads(await self._do(job))
            except TimeoutError:
                raise errors.Overloaded(_NO_WORKER, retry_after_seconds=math.ceil(seconds)) from None
            finally:
                self._formulae.release()
        return document

    def at_work_on(self, key: jobs.Key) -> bool:
        """Return whether a worker has begun with a job: it is then best finished."""
        return key in self._at_work

    @property
    def waiting(self) -> int:
        """How many requests for formulae are waiting or being answered."""
        return self._queue.used

    async def _do(self, job: jobs.Job) -> bytes:
        refused = self._refused.get(job.key)
        if refused is not None and time.monotonic() < refused[0]:
            raise errors.TooExpensive(f"{refused[1]} a short while ago")
        left = job.seconds or self._limits.deadline_seconds  # of all tries together
        for _ in range(3):
            worker = await self._next()
            began = time.monotonic()
            try:
                return await self._perform(worker, job, left)
            except process.WorkerDied:  # killed from outside, or crashed: the job itself may be innocent
                left -= time.monotonic() - began
            if left <= 0:
                break
        raise self._refused_for_a_while(job, "ended its process every time")

    async def close(self) -> None:
        """Kill the workers; none is started any more."""
        self._closed = True
        for task in self._starting:
            task.cancel()
        await asyncio.gather(*self._starting, return_exceptions=True)
        await asyncio.gather(*(worker.kill() for worker in tuple(self._processes)))
        self._processes.clear()

    async def _perform(self, worker: process.WorkerProcess, job: jobs.Job, seconds: float) -> bytes:
        start = time.perf_counter()
        answered = False
        self._at_work.add(job.key)
        reply = asyncio.ensure_future(worker.perform(job, seconds))
        memory = job.memory_bytes or self._limits.memory_bytes
        watched = asyncio.ensure_future(worker.exceeded(seconds, memory))
        try:
            done, _ = await asyncio.wait({reply, watched}, return_when=asyncio.FIRST_COMPLETED)
            if reply in done:
                header, blob = reply.result()
                answered = True
                worker.jobs += 1
                if "refused" in header:
                    raise errors.restored(header["refused"])
                if "error" in header:
                    _log.warning("%s failed: %s", job.doing, header["error"])
                    raise self._refused_for_a_while(job, "failed")
                self._observer.observe(job.event(time.perf_counter() - start))
                return blob
            reason = watched.result()
            refusal = self._refused_for_a_while(job, f"was stopped at its {reason} limit")
            self._observer.observe(events.WorkerReplaced(reason))
            await self._replace(worker)
            raise refusal
        except process.WorkerDied:
            self._observer.observe(events.WorkerReplaced("died"))
            await self._replace(worker)
            raise
        except asyncio.CancelledError:
            await self._replace(worker)
            raise
        finally:
            self._at_work.discard(job.key)
            if not answered or isinstance(job, jobs.Derivation):  # compilations were paid for when they began
                self._budget.spend(min(time.perf_counter() - start, seconds))
            for task in (reply, watched):
                task.cancel()
            await asyncio.gather(reply, watched, return_exceptions=True)
            if worker.alive:
                await self._give_back(worker)

    async def _next(self) -> process.WorkerProcess:
        while True:
            worker = await self._idle.get()
            if worker.alive:
                return worker
            self._observer.observe(events.WorkerReplaced("died"))
            await self._replace(worker)

    async def _give_back(self, worker: process.WorkerProcess) -> None:
        if self._is_worn(worker):
            self._observer.observe(events.WorkerReplaced("recycled"))
            await self._replace(worker)
        else:
            self._idle.put_nowait(worker)

    def _is_worn(self, worker: process.WorkerProcess) -> bool:
        """Return whether a worker has done enough: what XLA and SymPy keep for themselves goes with it."""
        limits = self._limits
        if worker.jobs >= limits.jobs or processes.resident_bytes(worker.pid) > limits.rest_bytes:
            return True
        # Each executable leaves a few maps behind at most, so they need not be counted every time.
        return worker.jobs % _MAPS_EVERY == 0 and processes.memory_maps(worker.pid) > limits.maps

    async def _replace(self, worker: process.WorkerProcess) -> None:
        await worker.kill()
        self._processes.discard(worker)
        self._spawn()

    def _spawn(self) -> None:
        if self._closed:  # a worker started now would never be ended
            return
        task = asyncio.ensure_future(self._start_worker())
        self._starting.add(task)
        task.add_done_callback(self._starting.discard)

    async def _start_worker(self) -> None:
        try:
            worker = await process.WorkerProcess.start(self._limits.memory_bytes)
        except OSError as error:  # no process, no memory, no file for it, for now
            _log.warning("a compile worker could not be started: %s", error.strerror)
            await self._spawn_later()
            return
        self._processes.add(worker)
        try:
            await worker.ready()
        except process.WorkerDied:
            await worker.kill()
            self._processes.discard(worker)
            await self._spawn_later()
        else:
            self._idle.put_nowait(worker)

    async def _spawn_later(self) -> None:
        await asyncio.sleep(_PAUSE_SECONDS)  # whatever keeps workers from starting, do not spin
        self._spawn()

    def _refused_for_a_while(self, job: jobs.Job, what: str) -> errors.TooExpensive:
        """Return what a job is refused with, now and, with the same reason, until it is forgotten."""
        told = f"{job.doing} {what}"
        self._refused[job.key] = (time.monotonic() + self._limits.forget_seconds, told)
        return errors.TooExpensive(told)
