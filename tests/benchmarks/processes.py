"""Processes of the benchmark: started on free ports, watched, and ended by their own ids whatever happens.

Every child leads a session of its own, so that what it starts itself ends with it, and nothing else does.
"""

# ruff: noqa: S603  # the commands are written here

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from tests.benchmarks import load

ROOT = Path(__file__).parents[2]
START_SECONDS = 120.0
"""Seconds after which a server that is not ready counts as failed."""

_STOP_SECONDS = 10.0
_PYTHON = {"PYTHONUNBUFFERED": "1", "PYTHONDONTWRITEBYTECODE": ""}
"""Variables of Python. It may keep its bytecode: an installed package has it, and compiles nothing when it starts."""
_IDLE_SECONDS, _IDLE_WINDOW_SECONDS = 20.0, 0.1


class Process:
    """A child process, ended when the block is left.

    Args:
        command: program and arguments.
        environment: variables to add.
        conversing: whether orders are written to it and answers read, see ``order``.
        cores: the processor cores it may run on, and all it starts; None for all.

    Attributes:
        stop_seconds: from being asked to end to having ended; ten if it had to be made to.
    """

    def __init__(
        self,
        command: list[str],
        environment: Mapping[str, str] | None = None,
        *,
        conversing: bool = False,
        cores: set[int] | None = None,
    ) -> None:
        # Not into a pipe: nobody would read it and the server would stop when it is full.
        self._log = tempfile.TemporaryFile()  # noqa: SIM115  # closed by stop
        self.stop_seconds = 0.0
        pipe = subprocess.PIPE if conversing else None
        self._child = subprocess.Popen(
            command if cores is None else pinned(command, cores),
            cwd=ROOT,
            env=os.environ | _PYTHON | dict(environment or {}),
            stdin=pipe or subprocess.DEVNULL,
            stdout=pipe or self._log,
            stderr=self._log,
            start_new_session=True,
            text=True,
        )

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._child.pid

    def order(self, **order: Any) -> Any:
        """Write a command as a line of JSON and return the line of the answer."""
        if self._child.stdin is None or self._child.stdout is None:
            raise TypeError("not a process to converse with")
        try:
            self._child.stdin.write(json.dumps(order) + "\n")
            self._child.stdin.flush()
            return json.loads(self._child.stdout.readline())
        except (BrokenPipeError, ValueError):
            raise RuntimeError(f"{order['do']} failed:\n{self.log()}") from None

    def running(self) -> bool:
        """Return whether it has not ended by itself."""
        return self._child.poll() is None

    def log(self) -> str:
        """Return the end of what it printed."""
        self._log.seek(0, os.SEEK_END)
        self._log.seek(max(0, self._log.tell() - 4_000))
        return self._log.read().decode(errors="replace")

    def stop(self) -> None:
        """Terminate it and all that it started; kill what does not end."""
        start = time.perf_counter()
        self._child.terminate()
        try:
            self._child.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._child.kill()
            self._child.wait()
        finally:
            self.stop_seconds = time.perf_counter() - start
            # Its own session, so its own group: what it left behind, if anything.
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self._child.pid, signal.SIGKILL)
            for stream in (self._child.stdin, self._child.stdout, self._log):
                if stream is not None:
                    with contextlib.suppress(BrokenPipeError):
                        stream.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        self.stop()


class Server(Process):
    """A server on a port of 127.0.0.1, ready when the constructor returns.

    Args:
        command: program and arguments; ``{port}`` stands for the port.
        ready: path that answers 200 when it can be asked.
        environment: variables to add.
        cores: see ``Process``.

    Attributes:
        port: where it listens.
        start_seconds: from starting the process to ready.
    """

    def __init__(
        self,
        command: list[str],
        ready: str,
        environment: Mapping[str, str] | None = None,
        *,
        cores: set[int] | None = None,
    ) -> None:
        self.port = free_port()
        start = time.perf_counter()
        super().__init__([part.replace("{port}", str(self.port)) for part in command], environment, cores=cores)
        try:
            self._wait(ready, start + START_SECONDS)
        except BaseException:
            self.stop()
            raise
        self.start_seconds = time.perf_counter() - start

    def _wait(self, ready: str, end: float) -> None:
        while time.perf_counter() < end:
            if not self.running():
                raise RuntimeError(f"the server ended:\n{self.log()}")
            with contextlib.suppress(OSError, load.BadAnswer):
                load.ask(self.port, load.get(ready), 5.0)
                return
            time.sleep(0.01)
        raise RuntimeError(f"not ready after {START_SECONDS:g} s:\n{self.log()}")


def pinned(command: list[str], cores: set[int]) -> list[str]:
    """Return a command that runs another one on these processor cores, as the same process."""
    return ["taskset", "--cpu-list", ",".join(map(str, sorted(cores))), *command]


def seconds_to_run(command: list[str]) -> float:
    """Return how long a command takes from start to end."""
    start = time.perf_counter()
    subprocess.run(command, cwd=ROOT, check=True, timeout=START_SECONDS, stdin=subprocess.DEVNULL)
    return time.perf_counter() - start


def free_port() -> int:
    """Return a free port."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def tree(pid: int) -> Iterator[Path]:
    """Yield the /proc directories of a process and all its descendants; nothing where there is no /proc."""
    parents: dict[int, list[int]] = {}
    for directory in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            parents.setdefault(int(_stat(directory)[1]), []).append(int(directory.name))
    pending = [pid]
    while pending:
        found = pending.pop()
        pending += parents.get(found, [])
        yield Path("/proc") / str(found)


def memory_bytes(pid: int) -> int:
    """Return the resident memory of a process and its descendants; 0 where there is no /proc."""
    pages = 0
    for directory in tree(pid):
        with contextlib.suppress(OSError):
            pages += int((directory / "statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


def proportional_bytes(pid: int) -> int:
    """Return the memory of a process and its descendants; a page that n processes share counts one n-th for each."""
    kilobytes = 0
    for directory in tree(pid):
        with contextlib.suppress(OSError):
            lines = (directory / "smaps_rollup").read_text().splitlines()
            kilobytes += sum(int(line.split()[1]) for line in lines if line.startswith("Pss:"))
    return kilobytes * 1024


def cpu_seconds(pid: int) -> float:
    """Return the processor time a process and its descendants have used; 0 where there is no /proc."""
    ticks = 0
    for directory in tree(pid):
        with contextlib.suppress(OSError):
            ticks += sum(int(field) for field in _stat(directory)[11:13])
    return ticks / os.sysconf("SC_CLK_TCK")


def wait_until_idle(pid: int) -> None:
    """Wait until a process and its descendants use no processor time, for some seconds at most.

    What a server does behind its answers must not be charged to what is measured next.
    """
    end = time.perf_counter() + _IDLE_SECONDS
    before = -1.0
    while (now := cpu_seconds(pid)) > before + _IDLE_WINDOW_SECONDS / 10 and time.perf_counter() < end:
        before = now
        time.sleep(_IDLE_WINDOW_SECONDS)


def end_children_on_termination() -> None:
    """Make SIGTERM unwind the stack, so that every block that started a process ends it."""

    def unwind(number: int, _: object) -> None:
        sys.exit(128 + number)

    signal.signal(signal.SIGTERM, unwind)


def _stat(directory: Path) -> list[str]:
    """Return the fields of /proc/PID/stat after the name, which may hold blanks: [0] is the state, [1] the parent."""
    return (directory / "stat").read_text().rpartition(")")[2].split()
