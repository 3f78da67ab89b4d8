"""The supervisor, with short scripts instead of servers."""

import asyncio
import os
import signal
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from app.cli.serving import supervisor

STAY = "import signal; signal.sigwait([signal.SIGTERM, signal.SIGINT])"
"""Exits with 0 on a signal, as a server does."""
BLOCKED = "import signal; signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM, signal.SIGINT]); "
HERE = "import os, pathlib; pathlib.Path(os.environ['BOOK'], f'{os.getpid()}').write_text(os.environ['PLACE'])\n"


class Places:
    """A supervisor at work, and the book in which each of its processes has entered its place.

    Args:
        book: a directory.
        script: what each process runs once it has entered itself.
        count: places.
        end_seconds: the supervisor's.
    """

    def __init__(self, book: Path, script: str, count: int = 2, end_seconds: float = 30.0) -> None:
        self._book = book
        environments = [{"BOOK": str(book), "PLACE": str(place)} for place in range(count)]
        command = [sys.executable, "-I", "-S", "-c", BLOCKED + HERE + script]
        self.supervisor = supervisor.Supervisor(command, environments, end_seconds)

    def entered(self) -> dict[int, str]:
        """Return the place of each process that has ever run, by its id."""
        return {int(path.name): text for path in self._book.iterdir() if (text := path.read_text())}

    async def wait(self, processes: int) -> dict[int, str]:
        """Wait until so many have entered themselves."""
        deadline = time.monotonic() + 60
        while len(entered := self.entered()) < processes:
            assert time.monotonic() < deadline
            await asyncio.sleep(0.01)
        return entered

    def run(self, use: Callable[["Places"], Awaitable[None]]) -> int:
        """Run to the end, told by a SIGTERM when ``use`` has returned if not before; return the exit code."""

        async def both() -> int:
            running = asyncio.ensure_future(self.supervisor.run())
            await asyncio.sleep(0)  # its handlers are in place
            await use(self)
            if not running.done():
                os.kill(os.getpid(), signal.SIGTERM)
            return await running

        return asyncio.run(both())


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_a_process_runs_in_every_place_until_the_end(tmp_path: Path) -> None:
    found: dict[int, str] = {}

    async def use(places: Places) -> None:
        found.update(await places.wait(3))

    assert Places(tmp_path, STAY, count=3).run(use) == 0
    assert sorted(found.values()) == ["0", "1", "2"]
    assert not any(map(alive, found))


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSEGV])
def test_a_process_that_dies_is_replaced_in_its_place(tmp_path: Path, number: int) -> None:
    async def use(places: Places) -> None:
        for processes in (3, 4):
            owner = next(
                pid for pid, place in (await places.wait(processes - 1)).items() if place == "0" and alive(pid)
            )
            os.kill(owner, number)
            entered = await places.wait(processes)
            assert sorted(entered.values()) == ["0"] * (processes - 1) + ["1"]

    assert Places(tmp_path, STAY).run(use) == 0


def test_if_a_first_process_cannot_start_all_processes_end(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    script = f"if os.environ['PLACE'] == '1': raise SystemExit({supervisor.FAILED})\n{STAY}"
    places = Places(tmp_path, script)

    async def use(places: Places) -> None:
        await places.wait(2)
        await places.supervisor._ending.wait()

    assert places.run(use) == supervisor.FAILED
    assert "could not start" in caplog.text
    assert not any(map(alive, places.entered()))


def test_a_replacement_that_cannot_start_is_tried_again_while_the_others_run(tmp_path: Path) -> None:
    """The first in place 1 dies, the second cannot start, the third stays."""
    script = f"""
nth = sum(path.read_text() == "1" for path in pathlib.Path(os.environ["BOOK"]).iterdir())
if os.environ["PLACE"] == "1" and nth < 3:
    raise SystemExit([1, {supervisor.FAILED}][nth - 1])
{STAY}"""

    async def use(places: Places) -> None:
        entered = await places.wait(4)
        assert sorted(entered.values()) == ["0", "1", "1", "1"]
        assert alive(next(pid for pid, place in entered.items() if place == "0"))

    assert Places(tmp_path, script).run(use) == 0


def test_a_process_that_does_not_end_is_killed(tmp_path: Path) -> None:
    async def use(places: Places) -> None:
        await places.wait(2)

    places = Places(tmp_path, "import time; time.sleep(600)", end_seconds=0.5)
    began = time.monotonic()
    assert places.run(use) == 0
    assert time.monotonic() - began < 60
    assert not any(map(alive, places.entered()))


def test_only_the_first_process_may_use_an_accelerator(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JAX_PLATFORMS", "cuda")
    monkeypatch.setenv("GRADSERVE_QUEUE", "7")
    found = supervisor.environments(3, "/metrics")
    assert [each["JAX_PLATFORMS"] for each in found] == ["cuda", "cpu", "cpu"]
    assert all(each["GRADSERVE_METRICS_DIR"] == "/metrics" and each["GRADSERVE_QUEUE"] == "7" for each in found)
    monkeypatch.delenv("JAX_PLATFORMS")
    assert "JAX_PLATFORMS" not in supervisor.environments(2, "")[0]


def test_processes_divide_the_cores_for_linear_algebra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(8)))
    monkeypatch.delenv("OPENBLAS_NUM_THREADS", raising=False)
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    for count, share in ((2, "4"), (3, "2"), (16, "1")):
        for each in supervisor.environments(count, ""):
            assert (each["OPENBLAS_NUM_THREADS"], each["OMP_NUM_THREADS"]) == (share, "3")
