"""Runs the service in several processes: starts them, replaces those that end, and ends all of them together.

``gradserve serve`` replaces itself by this module if it serves in several processes, so the supervisor holds neither
JAX nor 130 MB of memory. uvicorn's supervisor is not used, for four reasons. Its children get Ctrl-C twice, from the
terminal and from the parent, and here a second signal means to end at once. A child that hangs delays signals. If the
parent is killed, the children stay. All children are alike, so none of them can own the accelerator.
"""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import json
import logging
import os
import signal
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NoReturn

from app.runtime import logs, processes

_log = logging.getLogger("gradserve")

FAILED = 3  # exit code of a process that could not start, as uvicorn has it
_PAUSE_SECONDS = 1.0  # between two starts in one place, so that processes that end at once do not use all CPU time

_THREADS = ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "OMP_NUM_THREADS")
"""Variables that say how many threads the linear algebra of a process has."""


class Supervisor:
    """Keeps one process running in each of several places until a SIGTERM or SIGINT, which it passes on.

    All processes run one command, each place with an environment of its own. Each process is in a process group of its
    own, so that it gets Ctrl-C only from the supervisor. Processes that remain some seconds after the first signal are
    killed. All have the descriptors of ``shared``.
    """

    def __init__(
        self,
        command: Sequence[str],
        environments: Sequence[Mapping[str, str]],
        end_seconds: float,
        shared: Sequence[int] = (),
    ) -> None:
        self._command, self._environments, self._end_seconds = command, environments, end_seconds
        self._shared = tuple(shared)
        self._running: set[asyncio.subprocess.Process] = set()
        self._ending = asyncio.Event()

    async def run(self) -> int:
        """Run until all processes have ended; return the exit code."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._end, number)
        if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:  # as ``nohup`` has it
            loop.add_signal_handler(signal.SIGHUP, self._end, signal.SIGTERM)
        return max(await asyncio.gather(*map(self._keep, self._environments)))

    async def _keep(self, environment: Mapping[str, str]) -> int:
        """Keep a process running in one place; return the exit code.

        If the first process of a place cannot start, no process can, and all end. Later ones are tried again.
        """
        first = True
        while not self._ending.is_set():
            began = time.monotonic()
            code = await self._run(environment)
            if code == FAILED and first and not self._ending.is_set():
                _log.error("a process could not start, so all processes end")
                self._end(signal.SIGTERM)
                return FAILED
            first = False
            if time.monotonic() - began < _PAUSE_SECONDS:
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._ending.wait(), _PAUSE_SECONDS)
        return 0

    async def _run(self, environment: Mapping[str, str]) -> int:
        process = await asyncio.create_subprocess_exec(
            *self._command, env=environment, process_group=0, pass_fds=self._shared
        )
        self._running.add(process)
        if self._ending.is_set():  # a signal came while the process was being started
            process.terminate()
        code = await process.wait()
        self._running.discard(process)
        if not self._ending.is_set():
            how = f"by {signal.Signals(-code).name}" if code < 0 else f"with {code}"
            _log.warning("process %d ended %s, another takes its place", process.pid, how)
        return code

    def _end(self, number: int) -> None:
        if not self._ending.is_set():
            self._ending.set()
            asyncio.get_running_loop().call_later(self._end_seconds, self._send, signal.SIGKILL)
        self._send(number)

    def _send(self, number: int) -> None:
        for process in self._running:
            with contextlib.suppress(ProcessLookupError):  # it has just ended
                process.send_signal(number)


@dataclass(frozen=True, slots=True)
class Config:
    """Arguments of the supervisor's process."""

    count: int  # of processes
    end_seconds: float
    log_level: str
    log_format: str
    metrics_dir: str  # where the processes add up their metrics; if empty, a temporary directory
    shared: list[int]  # descriptors of the sockets that all processes listen on; if empty, each has its own

    def exec(self) -> NoReturn:
        """Replace this process by the supervisor."""
        arguments = json.dumps(dataclasses.asdict(self))
        command = processes.command("app.cli.serving.supervisor", arguments)
        os.execv(command[0], command)  # noqa: S606 - no user input


def environments(count: int, metrics_dir: str) -> list[dict[str, str]]:
    """Return the environments of processes that serve together; the first process owns the accelerator.

    Two processes on one accelerator would each reserve most of its memory. So JAX uses the CPU in all other processes,
    whether or not there is an accelerator.

    NumPy's linear algebra uses a thread on every core that it finds. So the processes divide the cores between them,
    unless a variable says otherwise; NumPy reads it when it is imported.
    """
    threads = str(max(1, len(os.sched_getaffinity(0)) // count))
    first = {**dict.fromkeys(_THREADS, threads), **os.environ, "GRADSERVE_METRICS_DIR": metrics_dir}
    return [first, *({**first, "JAX_PLATFORMS": "cpu"} for _ in range(count - 1))]


def _supervise(config: Config, metrics_dir: str) -> int:
    command = processes.command("app.cli.serving.serve", str(os.getpid()), json.dumps(config.shared))
    together = environments(config.count, metrics_dir)
    return asyncio.run(Supervisor(command, together, config.end_seconds, config.shared).run())


def _main() -> None:
    config = Config(**json.loads(sys.argv[1]))
    logs.configure(config.log_level, config.log_format)
    if config.metrics_dir:
        sys.exit(_supervise(config, config.metrics_dir))
    try:
        directory = tempfile.TemporaryDirectory(prefix="gradserve-")
    except OSError as error:
        _log.error("GRADSERVE_METRICS_DIR must name a directory, for there is no temporary one: %s", error)
        sys.exit(FAILED)
    with directory:
        sys.exit(_supervise(config, directory.name))


if __name__ == "__main__":
    _main()
