"""Which tier answers: the interpreter at once, compiled code when it has been earned, and never a wrong number."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar

import numpy as np
import pytest

from app import compiler, engine, library, store, telemetry
from tests.test_worker import Recorder

Result = TypeVar("Result")
TEXT, POINT, GRADIENT = "a*x**3 + b/x", [2.0, 0.5, 3.0], [0.125, 1.5 - 12.0, 2.0]
ARGS = ["a", "x", "b"]


def with_engine(
    use: Callable[[engine.Engine], Awaitable[Result]], disk: store.Store | None = None, **options: int
) -> tuple[Result, Recorder]:
    recorder = Recorder()

    async def run() -> Result:
        served = engine.Engine(engine.Options(kept=disk or store.NoStore(), observer=recorder, **options))  # type: ignore[arg-type]
        await served.start()
        try:
            return await use(served)
        finally:
            await served.close()

    return asyncio.run(run()), recorder


async def ask(served: engine.Engine, text: str = TEXT, times: int = 1) -> engine.Answer:
    for _ in range(times):
        answer = await served.answer(engine.Query("grad", text, POINT, ARGS, [0, 1, 2]))
        assert answer.derivative == pytest.approx(GRADIENT, rel=1e-14)
    return answer


async def promote(served: engine.Engine, text: str = TEXT) -> engine.Answer:
    """Ask until the function has been compiled, and once more."""
    while not len(served.library):
        await ask(served, text, times=50)
        await served.library.settle()
    return await ask(served, text)


def compilations(recorder: Recorder) -> int:
    """Return how many functions were compiled, the interpreter's own programs aside."""
    return sum(isinstance(event, telemetry.Compiled) and event.transform != "program" for event in recorder.events)


@pytest.fixture(scope="module")
def disk(tmp_path_factory: pytest.TempPathFactory) -> store.DiskStore:
    return store.DiskStore(tmp_path_factory.mktemp("cache"), 1 << 30)


def test_a_new_function_is_interpreted_and_a_hot_one_compiled_with_the_same_numbers(disk: store.DiskStore) -> None:
    async def use(served: engine.Engine) -> tuple[engine.Answer, engine.Answer]:
        return await ask(served), await promote(served)

    (first, last), recorder = with_engine(use, disk)
    assert (first.tier, first.hit) == ("interpreted", False)
    assert (last.tier, last.hit) == ("compiled", True)
    assert first.derivative == pytest.approx(last.derivative, rel=1e-15)
    assert compilations(recorder) == 1


def test_a_function_that_was_hot_is_compiled_again_after_a_restart_without_compiling(disk: store.DiskStore) -> None:
    async def use(served: engine.Engine) -> tuple[engine.Answer, engine.Answer]:
        first = await ask(served)
        await served.library.settle()
        return first, await ask(served)

    (_, second), recorder = with_engine(use, disk)
    assert second.tier == "compiled"
    assert compilations(recorder) == 0


def test_one_executable_serves_every_function_of_its_structure(disk: store.DiskStore) -> None:
    async def use(served: engine.Engine) -> engine.Answer:
        await promote(served)
        return await served.answer(engine.Query("grad", "p*q**3 + r/q", [1.0, 1.0, 1.0]))

    answer, _ = with_engine(use, disk)
    assert answer.tier == "compiled"
    assert answer.derivative == 1.0


@pytest.mark.parametrize("damage", [b"", b"gradserve1\nnonsense", bytes(5000)])
def test_damage_on_disk_is_a_miss_and_never_a_wrong_number(tmp_path: Path, damage: bytes) -> None:
    kept = store.DiskStore(tmp_path, 1 << 30)
    with_engine(promote, kept)
    for path in tmp_path.glob("*.entry"):
        path.write_bytes(damage)
    answer, recorder = with_engine(promote, kept)
    assert answer.tier == "compiled"
    assert compilations(recorder) == 1


def test_an_executable_that_disagrees_is_thrown_away_and_never_answers(
    disk: store.DiskStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    honest = compiler.Executable.__call__

    def wrong(self: compiler.Executable, *arrays: object) -> object:
        return honest(self, *arrays) + 1.0  # type: ignore[arg-type]

    monkeypatch.setattr(compiler.Executable, "__call__", wrong)

    async def use(served: engine.Engine) -> engine.Answer:
        await ask(served)
        await served.library.settle()
        assert len(served.library) >= 1
        return await ask(served, times=100)

    answer, recorder = with_engine(use, disk)
    assert answer.tier == "interpreted"
    assert sum(isinstance(event, telemetry.Disagreed) for event in recorder.events) == 1


def test_live_executables_are_bounded(tmp_path: Path) -> None:
    async def use(served: engine.Engine) -> int:
        for power in range(2, 6):
            text = f"a*x**{power}"
            for _ in range(20):
                for _ in range(50):
                    await served.answer(engine.Query("grad", text, [1.0, 2.0]))
                await served.library.settle()
        return len(served.library)

    held, _ = with_engine(use, store.DiskStore(tmp_path, 1 << 30), executable_capacity=2)
    assert held == 2


def test_nobody_compiles_what_would_take_minutes() -> None:
    assert library.expected_seconds(8) < 0.1
    assert library.expected_seconds(20_000) > 100
    growth = np.diff([library.expected_seconds(n) for n in (1, 10, 100, 1000, 10_000)])
    assert (np.diff(growth) > 0).all()
