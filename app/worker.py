"""Compiling and deriving formulae in another process, which can be killed.

Neither can be stopped from within (https://github.com/jax-ml/jax/issues/18246), and both hold the GIL. So a spawned
child does the work and its result comes back as bytes: a serialised executable, or formulae as JSON. A child that
passes its deadline or memory cap is killed and the next one, kept warm, takes its place. Children are started, never
forked: JAX has threads.

A frame on the pipes is a length, a JSON header and a blob:

    4 bytes, big-endian   length of the header
    4 bytes, big-endian   length of the blob
    header, blob          request: {"kind": ..., "seconds": ..., ...}, what the job is and may take, and nothing
                          reply: {"ok": true} and the result; {"refused": {...}}, an error of the client's; or
                          {"error": text}, one of ours

The child gets an environment of a few named variables, so no secret of the service reaches it, and dies with its
parent.
"""

from __future__ import annotations

import asyncio
import io
import json
import logging
import math
import os
import struct
import subprocess
import sys
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from app import admission, compiler, errors, jobs, processes, telemetry
from app.jobs import FormulaeJob, Job, Key, ProgramJob, Work
from app.tape import Tape

__all__ = ["FormulaeJob", "Job", "Key", "Limits", "ProgramJob", "Workers"]

_log = logging.getLogger("gradserve")

_LENGTHS = struct.Struct(">II")
_MAX_BLOB = 1 << 30
_KEPT_ENVIRONMENT = (
    "PATH",
    "LD_LIBRARY_PATH",
    "VIRTUAL_ENV",
    "PYTHONPATH",
    "LANG",
    "TMPDIR",
    "XLA_FLAGS",
    "JAX_PLATFORMS",
)
RECURSION = 20_000
"""Calls within calls in a child: SymPy needs some ten for a level of nesting."""

_MAX_WAITING = 32
"""Formulae asked for at one time, beyond which the next is refused."""
_BUSY = "too many formulae are being derived"

_WATCH_SECONDS = 0.1
_STOOD_STILL_SECONDS = 1.0
"""Between two looks at a child; what is beyond that, this process was stopped or its machine was paused."""
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


class _Died(Exception):
    """The child went away without an answer."""


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
        self._count = count
        self._spare = spare
        self._turns = asyncio.Semaphore(count)
        # Of the children one more than compile: formulae never wait for a compilation, nor it for them.
        self._formulae = asyncio.Semaphore(spare)
        self._room = admission.Room(_MAX_WAITING, _BUSY)
        self._budget = budget or admission.Budget(math.inf)
        self._at_work: set[Key] = set()
        self._idle: asyncio.Queue[_Child] = asyncio.Queue()
        self._children: set[_Child] = set()
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
            except _Died:
                continue  # killed from outside, or crashed: the job itself may be innocent
        self._remember(job)
        raise errors.TooExpensive(f"{job.doing} ended its process three times")

    async def close(self) -> None:
        """Kill the children."""
        for task in self._starting:
            task.cancel()
        await asyncio.gather(*self._starting, return_exceptions=True)
        await asyncio.gather(*(child.kill() for child in tuple(self._children)))
        self._children.clear()

    async def _ask(self, child: _Child, job: Work) -> bytes:
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
        except _Died:
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

    async def _next(self) -> _Child:
        while True:
            child = await self._idle.get()
            if child.alive:
                return child
            self._observer.observe(telemetry.WorkerReplaced("died"))
            await self._replace(child)

    async def _give_back(self, child: _Child) -> None:
        if self._is_worn(child):
            self._observer.observe(telemetry.WorkerReplaced("recycled"))
            await self._replace(child)
        else:
            self._idle.put_nowait(child)

    def _is_worn(self, child: _Child) -> bool:
        """Return whether a child has done enough: what XLA and SymPy keep for themselves goes with it."""
        limits = self._limits
        if child.jobs >= limits.jobs or processes.resident_bytes(child.pid) > limits.rest_bytes:
            return True
        # Each executable leaves a few maps behind at most, so they need not be counted every time.
        return child.jobs % _MAPS_EVERY == 0 and processes.memory_maps(child.pid) > limits.maps

    async def _replace(self, child: _Child) -> None:
        await child.kill()
        self._children.discard(child)
        self._spawn()

    def _spawn(self) -> None:
        task = asyncio.ensure_future(self._start_child())
        self._starting.add(task)
        task.add_done_callback(self._starting.discard)

    async def _start_child(self) -> None:
        try:
            child = await _Child.start(self._limits)
        except OSError as error:  # no process, no memory, no file for it, for now
            _log.warning("a compile worker could not be started: %s", error.strerror)
            await self._spawn_later()
            return
        self._children.add(child)
        try:
            await child.ready()
        except _Died:
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


class _Child:
    """One child process and its pipes."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._process = process
        self._replies = asyncio.StreamReader()
        self._pipes: list[asyncio.BaseTransport] = []
        self.jobs = 0

    @classmethod
    async def start(cls, limits: Limits) -> _Child:
        environment = {name: os.environ[name] for name in _KEPT_ENVIRONMENT if name in os.environ}
        # The service owns the accelerator; a child on the same one takes only what it needs.
        environment["XLA_PYTHON_CLIENT_PREALLOCATE"] = "false"
        environment["PYTHONHASHSEED"] = "0"  # SymPy's choices among equals are the same in every process
        command = [sys.executable, "-m", "app.worker", str(os.getpid()), str(limits.memory_bytes)]
        # Not the event loop's own: uvloop's runs the at-fork hooks, and JAX then warns of a fork that is none.
        process = subprocess.Popen(  # noqa: ASYNC220, S603 - a millisecond, and every word of the command is ours
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment, cwd=Path(__file__).parent.parent
        )
        child = cls(process)
        try:
            await child._connect()
        except BaseException:
            await child.kill()
            raise
        return child

    async def _connect(self) -> None:
        loop = asyncio.get_running_loop()
        reading, _ = await loop.connect_read_pipe(
            lambda: asyncio.StreamReaderProtocol(self._replies), self._process.stdout
        )
        self._pipes.append(reading)
        self._requests, _ = await loop.connect_write_pipe(asyncio.BaseProtocol, self._process.stdin)
        self._pipes.append(self._requests)

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def alive(self) -> bool:
        return self._process.poll() is None

    async def ready(self) -> None:
        """Wait until the child has JAX imported and has compiled something."""
        await self._read()

    async def ask(self, job: Work, seconds: float) -> tuple[dict[str, Any], bytes]:
        """Return the reply to a job, which may take so many seconds on every core."""
        self._requests.write(_frame(job.header() | {"seconds": seconds}, b""))  # if it is gone, the reply tells
        return await self._read()

    async def passes(self, seconds: float, memory_bytes: int) -> Literal["deadline", "memory"]:
        """Return, when the child passes a limit, which: of time, in which we have not stood still, or of memory."""
        spent, last = 0.0, time.monotonic()
        while spent < seconds:  # the kernel sends no event for either
            if processes.resident_bytes(self.pid) > memory_bytes:
                return "memory"
            await asyncio.sleep(min(_WATCH_SECONDS, seconds - spent))
            now = time.monotonic()
            spent += min(now - last, _STOOD_STILL_SECONDS)
            last = now
        return "deadline"

    async def kill(self) -> None:
        self._process.kill()
        await asyncio.to_thread(self._process.wait)
        for pipe in (*self._pipes, self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()
        self._pipes.clear()

    async def _read(self) -> tuple[dict[str, Any], bytes]:
        try:
            lengths = await self._replies.readexactly(_LENGTHS.size)
            header_size, blob_size = _LENGTHS.unpack(lengths)
            header = json.loads(await self._replies.readexactly(header_size))
            return header, await self._replies.readexactly(min(blob_size, _MAX_BLOB))
        except (asyncio.IncompleteReadError, ConnectionResetError):
            await self.kill()
            raise _Died from None


def _frame(header: dict[str, Any], blob: bytes) -> bytes:
    encoded = json.dumps(header).encode()
    return _LENGTHS.pack(len(encoded), len(blob)) + encoded + blob


# The child


def _serve(requests: io.BufferedReader, reply: Callable[[bytes], object]) -> None:
    """Answer frames until the parent closes the pipe."""
    while True:
        lengths = requests.read(_LENGTHS.size)
        if len(lengths) < _LENGTHS.size:
            return
        header_size, _ = _LENGTHS.unpack(lengths)
        document = json.loads(requests.read(header_size))
        processes.grant(document.pop("seconds"))
        try:
            blob = jobs.perform(document)
        except errors.Rejected as error:
            reply(_frame({"refused": error.portable()}, b""))
        except Exception as error:  # noqa: BLE001 - whatever XLA raises, the parent must hear of it
            reply(_frame({"error": f"{type(error).__name__}: {error}"[:500]}, b""))
        else:
            reply(_frame({"ok": True}, blob))


def _main() -> None:
    parent, memory_bytes = map(int, sys.argv[1:3])
    processes.confine(parent, memory_bytes)
    sys.setrecursionlimit(RECURSION)
    pipe = os.fdopen(os.dup(1), "wb", buffering=0)
    os.dup2(2, 1)  # whatever a library prints must not end up between frames
    compiler.configure()
    warm = Tape(1, 0, (), (("sin", (0,)),), 1, "warm")
    compiler.serialise(compiler.compile_tape(warm, "grad", "float64"))

    def reply(frame: bytes) -> None:
        view = memoryview(frame)
        while view:
            view = view[pipe.write(view) :]

    reply(_frame({"ready": True}, b""))
    _serve(sys.stdin.buffer, reply)  # type: ignore[arg-type]


if __name__ == "__main__":
    _main()
