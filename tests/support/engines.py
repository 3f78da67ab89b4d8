"""Engines of their own for tests that need one, the events they record, and a function to have them compile."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import nullcontext
from typing import Any, TypeVar

import pytest

from app.engine import engine, query
from app.runtime import events
from app.runtime.store import disk as disk_store
from tests.support import programs
from tests.support.service import without_workers

Result = TypeVar("Result")
TEXT, POINT, GRADIENT = "a*x**3 + b/x", [2.0, 0.5, 3.0], [0.125, 1.5 - 12.0, 2.0]
ARGS = ["a", "x", "b"]


class Recorder:
    """Keeps every event."""

    def __init__(self) -> None:
        self.events: list[events.Event] = []

    def observe(self, event: events.Event) -> None:
        self.events.append(event)

    def reasons(self) -> list[str]:
        return [event.reason for event in self.events if isinstance(event, events.WorkerReplaced)]


def with_engine(
    use: Callable[[engine.Engine], Awaitable[Result]],
    disk: disk_store.Store | None = None,
    *,
    workers: bool = True,
    **given: Any,
) -> tuple[Result, Recorder]:
    """Start an engine, use it and stop it. Return the result and the events."""
    recorder, kept = Recorder(), programs.Store(disk or disk_store.NoStore())

    async def run() -> Result:
        served = engine.Engine(query.Options(kept=kept, observer=recorder, **given))
        await served.start()
        try:
            return await use(served)
        finally:
            await served.close()

    with nullcontext() if workers else without_workers():
        return asyncio.run(run()), recorder


async def ask(served: engine.Engine, text: str = TEXT, times: int = 1) -> query.Answer:
    for _ in range(times):
        answer = await served.answer(query.Query("grad", text, POINT, ARGS, [0, 1, 2]))
        assert answer.derivative == pytest.approx(GRADIENT, rel=1e-14)
    return answer


async def promote(served: engine.Engine, text: str = TEXT) -> query.Answer:
    """Ask until the function has been compiled, and once more."""
    while not len(served.executables):
        await ask(served, text, times=50)
        await served.executables.wait_until_idle()
    return await ask(served, text)


def compilations(recorder: Recorder) -> int:
    """Return how many functions were compiled, the interpreter's own programs aside."""
    return sum(isinstance(event, events.Compiled) and event.transform != "program" for event in recorder.events)
