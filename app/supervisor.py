"""Several processes in the place of one: started, replaced and ended together.

``gradserve serve`` becomes this module when it is to serve in several, so that what watches over them holds neither
JAX nor 130 MB. uvicorn's own supervisor is not used because four things it does are not ours to change: Ctrl-C reaches
its children twice, from the terminal and from the parent, which here means to hurry; a child that does not answer holds
up a signal; a parent that is killed leaves its children behind; and all children are alike, so that none can own the
accelerator.
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

from app import logs

_log = logging.getLogger("gradserve")

FAILED = 3
"""Exit code of a process that could not start, uvicorn's."""

_PAUSE_SECONDS = 1.0
"""Between two starts in one place: whatever ends processes, do not spin."""


class Supervisor:
    """Keeps a process running in each of several places until it is told to end.

    A signal to end is passed on. The processes are in groups of their own, so that Ctrl-C comes from here alone.

    Args:
        command: what each runs.
        environments: of each, by its place; whoever is started in a place takes it over.
        end_seconds: after the first signal, what is left is killed.
    """

    def __init__(
        self,
        command: Sequence[str],
        environments: Sequence[Mapping[str, str]],
        end_seconds: float,
    ) -> None:
        self._command = command
        self._environments = environments
        self._end_seconds = end_seconds
        self._running: set[asyncio.subprocess.Process] = set()
        self._ending: asyncio.Event = asyncio.Event()

    async def run(self) -> int:
        """Run them to the end; return an exit code."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._end, number)
        return max(await asyncio.gather(*map(self._keep, self._environments)))

    async def _keep(self, environment: Mapping[str, str]) -> int:
        """Have a process running in one place; return an exit code at the end.

        Whatever keeps the first from starting would keep the others; those that follow it may have more luck.
        """
        first = True
        while not self._ending.is_set():
            began = time.monotonic()
            code = await self._run(environment)
            if code == FAILED and first and not self._ending.is_set():
                _log.error("a process could not start, so none does")
                self._end(signal.SIGTERM)
                return FAILED
            first = False
            if time.monotonic() - began < _PAUSE_SECONDS:
                await self._pause()
        return 0

    async def _run(self, environment: Mapping[str, str]) -> int:
        """Run one process to its end; return its exit code."""
        process = await asyncio.create_subprocess_exec(*self._command, env=environment, process_group=0)
        self._running.add(process)
        if self._ending.is_set():  # it was told while this one was being started
            process.terminate()
        code = await process.wait()
        self._running.discard(process)
        if not self._ending.is_set():
            how = f"by {signal.Signals(-code).name}" if code < 0 else f"with {code}"
            _log.warning("process %d ended %s, another takes its place", process.pid, how)
        return code

    async def _pause(self) -> None:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._ending.wait(), _PAUSE_SECONDS)

    def _end(self, number: int) -> None:
        if not self._ending.is_set():
            self._ending.set()
            asyncio.get_running_loop().call_later(self._end_seconds, self._kill)
        self._tell(number)

    def _kill(self) -> None:
        self._tell(signal.SIGKILL)

    def _tell(self, number: int) -> None:
        for process in self._running:
            with contextlib.suppress(ProcessLookupError):  # it has just ended
                process.send_signal(number)


@dataclass(frozen=True, slots=True)
class Plan:
    """What to serve in several processes.

    Attributes:
        count: how many.
        end_seconds: after the first signal, what is left is killed.
        log_level: as ``logs.configure`` takes it.
        log_format: likewise.
        metrics_dir: where they add up their metrics; empty for a directory that goes at the end.
    """

    count: int
    end_seconds: float
    log_level: str
    log_format: str
    metrics_dir: str

    def become(self) -> NoReturn:
        """Turn this process into the one that watches over them."""
        arguments = json.dumps(dataclasses.asdict(self))
        os.execv(sys.executable, [sys.executable, "-m", "app.supervisor", arguments])  # noqa: S606 - our own words


def environments(count: int, metrics_dir: str) -> list[dict[str, str]]:
    """Return the environments of so many processes that serve together: the first owns the accelerator.

    Two processes on one accelerator would each want most of its memory. The others are told before they import JAX
    that there is none, so nobody needs to know here whether there is.
    """
    first = {**os.environ, "GRADSERVE_METRICS_DIR": metrics_dir}
    return [first, *({**first, "JAX_PLATFORMS": "cpu"} for _ in range(count - 1))]


def _supervise(plan: Plan, metrics_dir: str) -> int:
    command = [sys.executable, "-m", "app.serving", str(os.getpid())]
    return asyncio.run(Supervisor(command, environments(plan.count, metrics_dir), plan.end_seconds).run())


def _main() -> None:
    plan = Plan(**json.loads(sys.argv[1]))
    logs.configure(plan.log_level, plan.log_format)
    if plan.metrics_dir:
        sys.exit(_supervise(plan, plan.metrics_dir))
    try:
        directory = tempfile.TemporaryDirectory(prefix="gradserve-")
    except OSError as error:
        _log.error("GRADSERVE_METRICS_DIR must name a directory, for there is no temporary one: %s", error)
        sys.exit(FAILED)
    with directory:
        sys.exit(_supervise(plan, directory.name))


if __name__ == "__main__":
    _main()
