"""A worker process: how its parent starts, asks and ends it, and what it does.

Children are started, never forked: JAX has threads. A child gets an environment of a few named variables, so no secret
of the service reaches it, and dies with its parent.

A frame on the pipes is two lengths, a JSON header and a blob:

    4 bytes, big-endian   length of the header
    4 bytes, big-endian   length of the blob
    header, blob          request: {"kind": ..., "seconds": ..., ...}, what the job is and may take, and nothing
                          reply: {"ok": true} and the result; {"refused": {...}}, an error of the client's; or
                          {"error": text}, one of ours
"""

from __future__ import annotations

import asyncio
import io
import json
import os
import struct
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

from app import compiler, errors, jobs, processes
from app.tape import Tape

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

_WATCH_SECONDS = 0.1
_STOOD_STILL_SECONDS = 1.0
"""Between two looks at a child; what is beyond that, this process was stopped or its machine was paused."""


class Died(Exception):
    """The child went away without an answer."""


class Child:
    """One child process and its pipes. Belongs to one event loop; ``kill`` ends it.

    Args:
        process: as ``start`` starts it.

    Attributes:
        jobs: how many it has done.
    """

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._process = process
        self._replies = asyncio.StreamReader()
        self._pipes: list[asyncio.BaseTransport] = []
        self.jobs = 0

    @classmethod
    async def start(cls, memory_bytes: int) -> Child:
        """Return a child that has been started and is not ready yet.

        Args:
            memory_bytes: resident memory it may have.

        Raises:
            OSError: the system has no process, memory or file for it.
        """
        environment = {name: os.environ[name] for name in _KEPT_ENVIRONMENT if name in os.environ}
        # The service owns the accelerator; a child on the same one takes only what it needs.
        environment["XLA_PYTHON_CLIENT_PREALLOCATE"] = "false"
        environment["PYTHONHASHSEED"] = "0"  # SymPy's choices among equals are the same in every process
        command = [sys.executable, "-m", "app.children", str(os.getpid()), str(memory_bytes)]
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
        """Its process id."""
        return self._process.pid

    @property
    def alive(self) -> bool:
        """Whether it has not ended."""
        return self._process.poll() is None

    async def ready(self) -> None:
        """Wait until the child has JAX imported and has compiled something.

        Raises:
            Died: it has not.
        """
        await self._read()

    async def ask(self, job: jobs.Work, seconds: float) -> tuple[dict[str, Any], bytes]:
        """Return header and blob of the reply to a job, which may take so many seconds on every core.

        Raises:
            Died: there is none.
        """
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
        """End it, now."""
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
            raise Died from None


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
