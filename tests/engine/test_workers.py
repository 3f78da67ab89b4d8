"""Compilations in another process: what comes back works, and nothing that happens to the process is a failure."""

import asyncio
import dataclasses
import errno
import functools
import json
import os
import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import pytest
import uvloop

from app import errors
from app.autodiff import compiler, tape
from app.autodiff.symbolic import formulae
from app.engine.workers import jobs, pool, process
from app.language import parse
from app.language.limits import TextLimits
from app.runtime import events, processes
from tests.support import assertions
from tests.support.engines import Recorder

Result = TypeVar("Result")


def job(text: str, rows: int = 0) -> jobs.TapeJob:
    return jobs.TapeJob(tape.record(parse.parse(text)).tape, "grad", "float64", rows)


@functools.cache
def huge_job() -> jobs.TapeJob:
    """Return a job that takes XLA minutes."""
    return job(" + ".join(f"{i}.5*sin({i}*x)*exp(-x**2)" for i in range(3000)))


def formulae_job(text: str, **limits: Any) -> jobs.FormulaeJob:
    program = parse.parse(text)
    function_id = tape.record(program).function_id
    bounds = dataclasses.replace(formulae.FormulaLimits(), **limits)
    return jobs.FormulaeJob(text, program.args, (0,), True, TextLimits(), bounds, function_id)


SECRETS = ("GRADSERVE_API_KEYS", "AWS_SECRET_ACCESS_KEY")


def environment(pid: int) -> bytes:
    return Path(f"/proc/{pid}/environ").read_bytes()


def told(pid: int) -> dict[str, str]:
    """Return what the kernel says of a process and its limits, by the first 26 columns."""
    texts = [Path(f"/proc/{pid}/{name}").read_text() for name in ("limits", "status")]
    return {line[:26].strip(): line[26:] for line in "\n".join(texts).splitlines()}


def with_workers(
    use: Callable[[pool.Workers], Awaitable[Result]], limits: pool.WorkerLimits = pool.WorkerLimits()
) -> tuple[Result, Recorder]:
    recorder = Recorder()

    async def run() -> Result:
        workers = pool.Workers(1, limits, recorder)
        workers.start()
        try:
            return await use(workers)
        finally:
            await workers.close()

    return asyncio.run(run()), recorder


Use = Callable[[Callable[[pool.Workers], Awaitable[Result]]], tuple[Result, Recorder]]


@pytest.fixture(scope="module")
def with_shared_workers() -> Iterator[Use[Any]]:
    """Like ``with_workers``, by workers that were started once, with secrets in the environment."""
    with asyncio.Runner() as runner, pytest.MonkeyPatch.context() as patch:
        for name in SECRETS:
            patch.setenv(name, "secret")
        recorder = Recorder()

        async def start() -> pool.Workers:
            workers = pool.Workers(1, pool.WorkerLimits(), recorder)
            workers.start()
            return workers

        workers = runner.run(start())

        def run(use: Callable[[pool.Workers], Awaitable[Any]]) -> tuple[Any, Recorder]:
            async def call() -> Any:
                return await use(workers)

            recorder.events.clear()
            return runner.run(call()), recorder

        yield run
        runner.run(workers.close())


def test_a_worker_returns_an_executable_with_the_same_numbers(with_shared_workers: Use[list[bytes]]) -> None:
    batch = job("a*sin(x)**3 - x**-2", rows=8)
    single = job("a*sin(x)**3 - x**-2")

    async def use(workers: pool.Workers) -> list[bytes]:
        return [await workers.compile(single), await workers.compile(batch)]

    blobs, _ = with_shared_workers(use)
    leaves = np.array([2.0, 0.5])
    here = compiler.compile_tape(single.tape, "grad", "float64")(leaves)
    np.testing.assert_array_equal(compiler.restore(blobs[0], 0)(leaves), here)
    rows = np.repeat(leaves[:, None], 8, axis=1)
    np.testing.assert_allclose(
        compiler.restore(blobs[1], 8)(rows, np.empty(0)), np.repeat(here[:, None], 8, 1), rtol=1e-14
    )


def test_a_job_past_its_deadline_is_stopped_and_refused_for_a_while() -> None:
    async def use(workers: pool.Workers) -> tuple[tuple[int, ...], tuple[int, ...]]:
        await workers.compile(job("x + 1"))
        before = workers.pids
        with pytest.raises(errors.TooExpensive, match="deadline"):
            await workers.compile(huge_job())
        with pytest.raises(errors.TooExpensive, match="a short while ago"):
            await workers.compile(huge_job())
        await workers.compile(job("x * 2"))
        return before, workers.pids

    (before, after), recorder = with_workers(use, pool.WorkerLimits(deadline_seconds=2))
    assert recorder.reasons() == ["deadline"]
    assert set(before) != set(after)


def test_time_in_which_the_service_was_paused_does_not_count_for_a_job() -> None:
    async def use(workers: pool.Workers) -> bytes:
        await workers.compile(job("x + 1"))
        compiling = asyncio.ensure_future(workers.compile(job("sin(x)/x")))
        await asyncio.sleep(0.01)
        time.sleep(3)  # noqa: ASYNC251 - as if the process had been stopped
        return await compiling

    blob, recorder = with_workers(use, pool.WorkerLimits(deadline_seconds=2))
    assert blob
    assert recorder.reasons() == []


def test_a_worker_that_cannot_be_started_is_started_later(monkeypatch: pytest.MonkeyPatch) -> None:
    start, failures = subprocess.Popen, [OSError(errno.EAGAIN, "no more processes"), OSError(errno.ENOMEM, "no memory")]

    def popen(*arguments: Any, **options: Any) -> Any:
        if failures:
            raise failures.pop()
        return start(*arguments, **options)

    monkeypatch.setattr(subprocess, "Popen", popen)
    blob, _ = with_workers(lambda workers: workers.compile(job("x")))
    assert blob
    assert not failures


def test_a_job_past_its_memory_is_stopped() -> None:
    async def use(workers: pool.Workers) -> None:
        with pytest.raises(errors.TooExpensive, match="memory"):
            await workers.compile(huge_job())

    _, recorder = with_workers(use, pool.WorkerLimits(memory_bytes=150 << 20))
    assert recorder.reasons() == ["memory"]


def test_a_job_survives_the_death_of_its_worker_at_any_moment() -> None:
    async def use(workers: pool.Workers) -> list[bytes]:
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


def test_a_worker_gets_no_secret_of_the_environment(with_shared_workers: Use[list[bytes]]) -> None:
    assert all(os.environ[name] == "secret" for name in SECRETS)

    async def use(workers: pool.Workers) -> list[bytes]:
        await workers.compile(job("x"))
        return [environment(pid) for pid in workers.pids]

    environments, _ = with_shared_workers(use)
    assert environments
    assert not any(b"secret" in environment for environment in environments)


def test_worker_processes_end_with_their_pool() -> None:
    async def use(workers: pool.Workers) -> tuple[int, ...]:
        await workers.compile(job("x"))
        return workers.pids

    pids, _ = with_workers(use)
    assert pids
    assert not any(Path(f"/proc/{pid}/cmdline").exists() for pid in pids)


def test_a_job_cancelled_after_the_end_starts_no_worker() -> None:
    async def run() -> tuple[int, ...]:
        workers = pool.Workers(1, pool.WorkerLimits(), Recorder())
        workers.start()
        await workers.compile(job("x"))
        compiling = asyncio.ensure_future(workers.compile(huge_job()))
        await asyncio.sleep(0.1)
        await workers.close()
        compiling.cancel()
        await asyncio.gather(compiling, return_exceptions=True)
        await asyncio.sleep(0.1)
        return workers.pids

    assert asyncio.run(run()) == ()


def test_a_worker_is_replaced_after_its_number_of_jobs() -> None:
    async def use(workers: pool.Workers) -> None:
        for n in range(1, 5):
            await workers.compile(job("+".join(["x*y"] * n)))

    _, recorder = with_workers(use, pool.WorkerLimits(jobs=2))
    assert recorder.reasons() == ["recycled"] * 2


@pytest.mark.parametrize("limits", [pool.WorkerLimits(rest_bytes=1 << 20), pool.WorkerLimits(maps=10)])
def test_a_worker_that_has_grown_is_replaced_between_two_jobs(
    limits: pool.WorkerLimits, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pool, "_MAPS_EVERY", 1)

    async def use(workers: pool.Workers) -> None:
        assert await workers.compile(job("cosh(x)*x"))

    _, recorder = with_workers(use, limits)
    assert recorder.reasons() == ["recycled"]


def test_a_worker_gives_memory_back_after_a_while_without_a_job(monkeypatch: pytest.MonkeyPatch) -> None:
    given_back = queue.SimpleQueue[None]()
    monkeypatch.setattr(process, "_IDLE_SECONDS", 0.05)
    monkeypatch.setattr(processes, "trim", lambda: given_back.put(None))
    monkeypatch.setattr(processes, "grant", lambda _: None)  # it would limit this process
    monkeypatch.setattr(compiler, "forget", lambda: None)
    reading, writing = os.pipe()
    replies: list[bytes] = []
    with os.fdopen(reading, "rb") as requests, os.fdopen(writing, "wb", buffering=0) as pipe:
        serving = threading.Thread(target=process._serve, args=(requests, replies.append))
        serving.start()
        for text in ("x*x", "x*x*x"):
            asked = job(text)
            pipe.write(process._frame({"kind": asked.kind, "seconds": 30, "job": asked.header()}, b""))
            given_back.get(timeout=60)  # once for a job
            time.sleep(0.2)
            assert given_back.empty()
        pipe.close()
        serving.join()
    assert len(replies) == 2


def test_a_worker_is_confined(
    with_shared_workers: Use[dict[str, str]],
) -> None:
    async def use(workers: pool.Workers) -> dict[str, str]:
        await workers.compile(job("tanh(x)/x"))
        return told(workers.pids[0])

    found, _ = with_shared_workers(use)
    assert found["Max core file size"].split()[:2] == ["0", "0"]
    assert found["Max file size"].split()[:2] == ["0", "0"]
    assert int(found["Max open files"].split()[1]) <= 256
    assert found["Max address space"].split()[1].isdigit()
    assert any(line.split() == ["NoNewPrivs:", "1"] for line in found)


def test_a_worker_past_its_processor_time_is_stopped_by_the_kernel() -> None:
    code = (
        "import resource, sys; from app.runtime import processes; processes._SPARE_CPU_SECONDS = 0\n"
        "processes.grant(0.1)\n"
        "print(resource.getrlimit(resource.RLIMIT_CPU)[0], flush=True)\n"
        "while True: pass"
    )
    ended = subprocess.run([sys.executable, "-c", code], timeout=60, capture_output=True, check=False)  # noqa: S603
    assert ended.returncode == -signal.SIGXCPU
    assert int(ended.stdout) <= 5


def test_formulae_do_not_wait_for_a_compilation() -> None:
    async def use(workers: pool.Workers) -> bool:
        compiling = asyncio.ensure_future(workers.compile(huge_job()))
        await workers.derive(formulae_job("x**3"))
        waited = compiling.done()
        compiling.cancel()
        await asyncio.gather(compiling, return_exceptions=True)
        return waited

    waited, _ = with_workers(use)
    assert not waited


def test_formulae_past_their_deadline_are_stopped_and_refused_for_a_while() -> None:
    nested = formulae_job("sin(" * 400 + "x" + ")" * 400, symbolic_seconds=0.5)

    async def use(workers: pool.Workers) -> None:
        with pytest.raises(errors.TooExpensive, match=r"deriving formulae .* deadline"):
            await workers.derive(nested)
        with pytest.raises(errors.TooExpensive, match="a short while ago"):
            await workers.derive(nested)
        await workers.derive(formulae_job("x**2"))

    _, recorder = with_workers(use)
    assert recorder.reasons() == ["deadline"]


def test_a_refusal_comes_back_as_it_was_raised_and_keeps_the_worker(with_shared_workers: Use[tuple[int, ...]]) -> None:
    async def use(workers: pool.Workers) -> tuple[int, ...]:
        await workers.derive(formulae_job("x"))
        before = workers.pids
        for _ in range(2):
            with pytest.raises(errors.NotDifferentiable, match="zeta"):
                await workers.derive(formulae_job("zeta(x)"))
        with pytest.raises(errors.TooComplex, match="more than 100 characters") as caught:
            await workers.derive(formulae_job("x**2*sin(x)", max_symbolic_characters=100))
        assert (caught.value.field, caught.value.hint) == ("expression", "ask for fewer argnums")
        return tuple(set(before) - set(workers.pids))

    lost, recorder = with_shared_workers(use)
    assert not lost
    assert recorder.reasons() == []


def test_more_formulae_than_can_wait_are_refused_with_a_time_to_try_again(with_shared_workers: Use[list[Any]]) -> None:
    async def use(workers: pool.Workers) -> list[Any]:
        asked = [workers.derive(formulae_job(f"x**{n}")) for n in range(1, 60)]
        return list(await asyncio.gather(*asked, return_exceptions=True))

    answers, _ = with_shared_workers(use)
    refused = [answer for answer in answers if isinstance(answer, BaseException)]
    assert refused
    assert all(isinstance(error, errors.Overloaded) and error.retry_after_seconds > 0 for error in refused)
    assert len(answers) - len(refused) >= 16


def test_simplifying_formulae_has_a_deadline_of_its_own(
    with_shared_workers: Use[tuple[dict[str, Any], dict[str, Any]]],
) -> None:
    text = " + ".join(f"sin({n}*x)*cos(x)**{n}/(1 + x**{n})" for n in range(1, 6))

    async def use(workers: pool.Workers) -> tuple[dict[str, Any], dict[str, Any]]:
        hasty = await workers.derive(formulae_job(text, simplify_seconds=1e-3))
        return hasty, await workers.derive(formulae_job("x**3*y", simplify_seconds=5.0))

    (hasty, patient), recorder = with_shared_workers(use)
    assert (hasty["simplified"], patient["simplified"]) == (False, True)
    assert hasty["partials"][0]["text"]
    assert [part["text"] for part in patient["partials"]] == ["3*x**2*y"]
    assert [type(event) for event in recorder.events] == [events.Derived] * 2


def test_an_error_of_any_class_is_restored_in_another_process() -> None:
    for cls in assertions.subclasses(errors.Rejected):
        error = cls("detail", hint="hint", field="field")
        error.position = errors.TextPosition(1, 2, 3)
        again = errors.restored(json.loads(json.dumps(error.portable())))
        assert type(again) is cls
        assert (again.detail, again.hint, again.field, again.position) == ("detail", "hint", "field", error.position)


@pytest.mark.parametrize("turns", [0, 1, 2, 3])
def test_a_worker_that_is_not_wanted_any_more_while_it_starts_leaves_no_trace(
    caplog: pytest.LogCaptureFixture, turns: int
) -> None:
    async def start_and_close() -> None:
        workers = pool.Workers(1, pool.WorkerLimits(), Recorder())
        workers.start()
        for _ in range(turns):
            await asyncio.sleep(0)
        await workers.close()

    files = []
    for _ in range(2):  # the first loop of a process opens files that stay
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:  # its pipes are closed by number
            runner.run(start_and_close())
        files.append(len(list(Path("/proc/self/fd").iterdir())))
    assert caplog.records == []
    assert files[1] <= files[0]
