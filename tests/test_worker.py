"""Compilations in another process: what comes back works, and nothing that happens to the process is a failure."""

import asyncio
import os
import signal
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar

import numpy as np
import pytest

from app import compiler, errors, parsing, tape, telemetry, worker

Result = TypeVar("Result")


class Recorder:
    """Keeps every event."""

    def __init__(self) -> None:
        self.events: list[telemetry.Event] = []

    def observe(self, event: telemetry.Event) -> None:
        self.events.append(event)

    def reasons(self) -> list[str]:
        return [event.reason for event in self.events if isinstance(event, telemetry.WorkerReplaced)]


def job(text: str, rows: int = 0) -> worker.Job:
    return worker.Job(tape.record(parsing.parse(text)).tape, "grad", "float64", rows)


HUGE = job(" + ".join(f"{i}.5*sin({i}*x)*exp(-x**2)" for i in range(3000)))
"""Takes XLA minutes."""


def environment(pid: int) -> bytes:
    return Path(f"/proc/{pid}/environ").read_bytes()


def with_workers(
    use: Callable[[worker.Workers], Awaitable[Result]], limits: worker.Limits = worker.Limits()
) -> tuple[Result, Recorder]:
    recorder = Recorder()

    async def run() -> Result:
        workers = worker.Workers(1, limits, recorder)
        workers.start()
        try:
            return await use(workers)
        finally:
            await workers.close()

    return asyncio.run(run()), recorder


def test_what_comes_back_computes_what_compiling_here_does() -> None:
    batch = job("a*sin(x)**3 - x**-2", rows=8)
    single = job("a*sin(x)**3 - x**-2")

    async def use(workers: worker.Workers) -> list[bytes]:
        return [await workers.compile(single), await workers.compile(batch)]

    blobs, _ = with_workers(use)
    leaves = np.array([2.0, 0.5])
    here = compiler.compile_tape(single.tape, "grad", "float64")(leaves)
    np.testing.assert_array_equal(compiler.restore(blobs[0], 0)(leaves), here)
    rows = np.repeat(leaves[:, None], 8, axis=1)
    np.testing.assert_allclose(
        compiler.restore(blobs[1], 8)(rows, np.empty(0)), np.repeat(here[:, None], 8, 1), rtol=1e-14
    )


def test_a_job_past_its_deadline_is_stopped_remembered_and_the_next_one_served() -> None:
    async def use(workers: worker.Workers) -> tuple[tuple[int, ...], tuple[int, ...]]:
        await workers.compile(job("x + 1"))
        before = workers.pids
        with pytest.raises(errors.TooExpensive, match="deadline"):
            await workers.compile(HUGE)
        with pytest.raises(errors.TooExpensive, match="a short while ago"):
            await workers.compile(HUGE)
        await workers.compile(job("x * 2"))
        return before, workers.pids

    (before, after), recorder = with_workers(use, worker.Limits(deadline_seconds=2))
    assert recorder.reasons() == ["deadline"]
    assert set(before) != set(after)


def test_a_job_past_its_memory_is_stopped() -> None:
    async def use(workers: worker.Workers) -> None:
        with pytest.raises(errors.TooExpensive, match="memory"):
            await workers.compile(HUGE)

    _, recorder = with_workers(use, worker.Limits(memory_bytes=150 << 20))
    assert recorder.reasons() == ["memory"]


def test_killing_the_worker_at_any_moment_fails_no_job() -> None:
    async def use(workers: worker.Workers) -> list[bytes]:
        async def kill(after: float) -> None:
            await asyncio.sleep(after)
            for pid in workers.pids:
                os.kill(pid, signal.SIGKILL)

        await workers.compile(job("x"))
        killer = asyncio.ensure_future(kill(0.01))
        blobs = [await workers.compile(job("+".join(["x*y"] * n))) for n in (1, 2)]
        await killer
        await kill(0)  # idle ones too
        blobs.append(await workers.compile(job("x - y")))
        return blobs

    blobs, recorder = with_workers(use)
    assert all(blobs)
    assert set(recorder.reasons()) == {"died"}


def test_a_child_gets_none_of_the_services_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GRADSERVE_API_KEYS", "secret")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")

    async def use(workers: worker.Workers) -> list[bytes]:
        await workers.compile(job("x"))
        return [environment(pid) for pid in workers.pids]

    environments, _ = with_workers(use)
    assert environments
    assert not any(b"secret" in environment for environment in environments)


def test_children_end_with_their_workers() -> None:
    async def use(workers: worker.Workers) -> tuple[int, ...]:
        await workers.compile(job("x"))
        return workers.pids

    pids, _ = with_workers(use)
    assert pids
    assert not any(Path(f"/proc/{pid}/cmdline").exists() for pid in pids)


def test_a_child_is_replaced_after_its_share_of_jobs() -> None:
    async def use(workers: worker.Workers) -> None:
        for n in range(1, 5):
            await workers.compile(job("+".join(["x*y"] * n)))

    _, recorder = with_workers(use, worker.Limits(jobs=2))
    assert recorder.reasons() == ["recycled"] * 2
