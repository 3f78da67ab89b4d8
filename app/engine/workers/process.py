"""A worker process: how the service starts, uses and ends it, and what runs in it.

Workers are started, never forked: JAX has threads. A worker gets an environment of a few named variables, so no secret
of the service reaches it, and dies with the service.

A frame on the pipes is two lengths, a JSON header and a blob:

    4 bytes, big-endian   length of the header
    4 bytes, big-endian   length of the blob
    header, blob          request: {"kind": ..., "seconds": ..., "job": {...}}, see ``jobs``, and nothing
                          reply: {"ok": true} and the result; {"refused": {...}}, an error of the client's; or
                          {"error": text}, one of ours
"""

from __future__ import annotations

import asyncio
import gc
import io
import json
import os
import select
import struct
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any, Literal

from app import errors
from app.autodiff import compiler
from app.autodiff.tape import Tape
from app.engine.workers import jobs
from app.runtime import processes

_LENGTHS = struct.Struct(">II")
_MAX_BLOB = 1 << 30
_KEPT_ENVIRONMENT = (
    "PATH", "LD_LIBRARY_PATH", "VIRTUAL_ENV", "PYTHONPATH", "LANG", "TMPDIR", "XLA_FLAGS", "JAX_PLATFORMS",
)  # fmt: skip
RECURSION = 20_000
"""Depth of calls in a worker: SymPy needs some ten for a level of nesting."""

_TIDY_EVERY = 10
"""Jobs after which a worker gives memory back to the system. A job leaves half a megabyte, one on arrays up to 20, and
takes 50 ms or more; giving back takes a few ms."""
_IDLE_SECONDS = 1.0
"""After this time without a job it gives back what the last ones have left."""

_WATCH_SECONDS = 0.1
_STOOD_STILL_SECONDS = 1.0
"""Longest time counted between two looks at a worker: beyond that, the service or its machine was paused."""


class WorkerDied(Exception):
    """The worker ended without an answer."""


class WorkerProcess:
    """One worker process and its pipes. Belongs to one event loop; ``kill`` ends it."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._process = process
        self._replies = asyncio.StreamReader()
        self._pipes: list[asyncio.BaseTransport] = []
        self.jobs = 0  # how many it has done

    @classmethod
    async def start(cls, memory_bytes: int) -> WorkerProcess:
        """Start a worker, which is not ready yet.

        Raises ``OSError`` if the system has no process, memory or file for it.
        """
        environment = {name: os.environ[name] for name in _KEPT_ENVIRONMENT if name in os.environ}
        # The service owns the accelerator; a worker on the same one takes only what it needs.
        environment["XLA_PYTHON_CLIENT_PREALLOCATE"] = "false"
        environment["PYTHONHASHSEED"] = "0"  # SymPy's choices among equals are the same in every process
        command = processes.command("app.engine.workers.process", str(os.getpid()), str(memory_bytes))
        # Not the event loop's own: uvloop's runs the at-fork hooks, and JAX then warns of a fork that is none.
        process = subprocess.Popen(  # noqa: ASYNC220, S603 - a millisecond, and every word of the command is ours
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment
        )
        worker = cls(process)
        # Not to be cancelled half-way: the event loop would close a pipe that is still open to the process object,
        # which would later close whatever has the number of that file then.
        connecting = asyncio.ensure_future(worker._connect())
        try:
            await asyncio.shield(connecting)
        except BaseException:
            await asyncio.wait([connecting])
            await worker.kill()
            raise
        return worker

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
        """Wait until the worker has imported JAX and compiled something."""
        await self._read()

    async def perform(self, job: jobs.Job, seconds: float) -> tuple[dict[str, Any], bytes]:
        """Return header and blob of the reply to a job, which may take so many seconds on every core.

        Raises ``WorkerDied`` if there is none.
        """
        request = {"kind": job.kind, "seconds": seconds, "job": job.header()}
        self._requests.write(_frame(request, b""))  # if the worker is gone, the reply tells
        return await self._read()

    async def exceeded(self, seconds: float, memory_bytes: int) -> Literal["deadline", "memory"]:
        """Wait until the worker exceeds a limit, of running time or of memory, and return which."""
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
            raise WorkerDied from None


def _frame(header: dict[str, Any], blob: bytes) -> bytes:
    encoded = json.dumps(header).encode()
    return _LENGTHS.pack(len(encoded), len(blob)) + encoded + blob


# In the worker


def _serve(requests: io.BufferedReader, reply: Callable[[bytes], object]) -> None:
    """Answer frames until the service closes the pipe."""
    done = 0  # since memory was given back
    while True:
        if done >= _TIDY_EVERY or (done and not select.select([requests], [], [], _IDLE_SECONDS)[0]):
            compiler.forget()
            processes.trim()
            done = 0
        lengths = requests.read(_LENGTHS.size)  # a frame comes when the last one is answered: none is buffered
        if len(lengths) < _LENGTHS.size:
            return
        header_size, _ = _LENGTHS.unpack(lengths)
        document = json.loads(requests.read(header_size))
        processes.grant(document["seconds"])
        try:
            blob = jobs.read(document["kind"], document["job"]).perform()
        except errors.Rejected as error:
            reply(_frame({"refused": error.portable()}, b""))
        except Exception as error:  # noqa: BLE001 - whatever XLA raises, the service must hear of it
            reply(_frame({"error": f"{type(error).__name__}: {error}"[:500]}, b""))
        else:
            reply(_frame({"ok": True}, blob))
        done += 1


def _main() -> None:
    parent, memory_bytes = map(int, sys.argv[1:3])
    processes.confine(parent, memory_bytes)
    sys.setrecursionlimit(RECURSION)
    pipe = os.fdopen(os.dup(1), "wb", buffering=0)
    os.dup2(2, 1)  # whatever a library prints must not end up between frames
    compiler.configure()
    warm = Tape(1, 0, (), (("sin", (0,)),), 1, "warm")
    compiler.serialise(compiler.compile_tape(warm, "grad", "float64"))
    gc.freeze()  # what is loaded by now is never garbage: a collection would take 80 ms to walk through it

    def reply(frame: bytes) -> None:
        view = memoryview(frame)
        while view:
            view = view[pipe.write(view) :]

    reply(_frame({"ready": True}, b""))
    _serve(sys.stdin.buffer, reply)  # type: ignore[arg-type]


if __name__ == "__main__":
    _main()
