"""Worker processes and stores that take time and fail, as often as the seed says."""

from __future__ import annotations

import asyncio
import os
import random
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal

from app import errors
from app.engine.workers import jobs, process


@dataclass
class Fates:
    """The seed's choices: how probable each fault is, and how long things take. A quiet world has no faults."""

    draw: random.Random
    quiet: bool = False
    counts: dict[str, int] = field(default_factory=dict)  # how often each fault happened

    def happens(self, fault: str, probability: float) -> bool:
        if self.quiet or self.draw.random() >= probability:
            return False
        self.counts[fault] = self.counts.get(fault, 0) + 1
        return True

    def seconds(self, usual: float = 1e-3) -> float:
        """Return how long something takes: mostly about ``usual``, sometimes seconds, seldom past every deadline."""
        if self.happens("endless", 0.003):
            return self.draw.uniform(9.0, 40.0)
        if self.happens("slow", 0.05):
            return self.draw.uniform(0.1, 8.0)
        return usual * self.draw.uniform(0.1, 10.0)


class Worker:
    """Stands for ``process.WorkerProcess``: does the jobs here, in simulated time, or dies of them."""

    fates: ClassVar[Fates]  # of the world that is simulated now
    living: ClassVar[set[Worker]]
    _done: ClassVar[dict[jobs.Key, tuple[dict[str, Any], bytes]]] = {}
    """What jobs have made: the same in every world."""

    def __init__(self) -> None:
        self.pid = os.getpid()
        self.jobs = 0
        self.alive = True
        self._death = asyncio.get_running_loop().create_future()
        self._eats = False
        self.living.add(self)

    @classmethod
    async def start(cls, memory_bytes: int) -> Worker:
        assert memory_bytes > 0
        await asyncio.sleep(cls.fates.seconds())
        if cls.fates.happens("no process to be had", 0.05):
            raise OSError(11, "Resource temporarily unavailable")
        return cls()

    async def ready(self) -> None:
        await self._take(self.fates.seconds(1.0), dies=0.05)

    async def perform(self, job: jobs.Job, seconds: float) -> tuple[dict[str, Any], bytes]:
        assert seconds > 0
        self._eats = self.fates.happens("memory", 0.03)
        hangs = self._eats or self.fates.happens("a job that never ends", 0.03)
        await self._take(1e9 if hangs else self.fates.seconds(0.1), dies=0.05)
        if self.fates.happens("a job that fails", 0.02):
            return {"error": "XlaRuntimeError: of the simulation"}, b""
        return self._result(job)

    async def exceeded(self, seconds: float, memory_bytes: int) -> Literal["deadline", "memory"]:
        assert memory_bytes > 0
        if self._eats:
            await asyncio.sleep(min(seconds, 0.5))
            return "memory"
        await asyncio.sleep(seconds)
        return "deadline"

    async def kill(self) -> None:
        self._die()
        await asyncio.sleep(self.fates.seconds())

    def _die(self) -> None:
        self.alive = False
        self.living.discard(self)
        if not self._death.done():
            self._death.set_result(None)

    async def _take(self, seconds: float, dies: float) -> None:
        if self.fates.happens("a worker dies", dies):
            asyncio.get_running_loop().call_later(seconds * self.fates.draw.random(), self._die)
        await asyncio.wait({self._death}, timeout=seconds)
        if not self.alive:
            raise process.WorkerDied

    @classmethod
    def _result(cls, job: jobs.Job) -> tuple[dict[str, Any], bytes]:
        if job.key not in cls._done:
            try:
                blob = jobs.read(job.kind, job.header()).perform()
            except errors.Rejected as error:
                cls._done[job.key] = {"refused": error.portable()}, b""
            else:
                cls._done[job.key] = {"ok": True}, blob
        return cls._done[job.key]


class Store:
    """Stands for a ``disk.Store``. It outlives the service, and forgets, fails and damages.

    Damaged entries are found out by their HMAC, so they are misses.
    """

    def __init__(self, fates: Fates) -> None:
        self._fates = fates
        self.entries: dict[str, bytes] = {}

    def get(self, name: str) -> bytes | None:
        if self._fates.happens("an entry is damaged", 0.05):
            self.entries.pop(name, None)
        return self.entries.get(name)

    latest = get

    def has(self, name: str) -> bool:
        return name in self.entries

    def touch(self, name: str) -> None:
        pass

    def put(self, name: str, payload: bytes) -> bool:
        if self._fates.happens("a full disk", 0.05):
            return False
        self.entries[name] = bytes(payload)
        return True

    def remove(self, name: str) -> None:
        self.entries.pop(name, None)
