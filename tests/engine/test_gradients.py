"""Requests for one function that are computed together: the same numbers as one by one, and JAX's."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from app.engine import engine, query
from app.engine.derivatives import gradients
from app.runtime import events
from app.runtime.store import disk
from tests.support import programs

TEXT = "a*exp(-b*x)*sin(x)"
ARGS = ("a", "b", "x")


def by_jax(point: list[float]) -> tuple[float, list[float]]:
    def function(a: Any, b: Any, x: Any) -> Any:
        return a * jnp.exp(-b * x) * jnp.sin(x)

    with jax.disable_jit():
        value, gradient = jax.value_and_grad(function, (0, 1, 2))(*point)
    return float(value), [float(each) for each in gradient]


def points(count: int) -> list[list[float]]:
    return [[1 + n / 7, 0.1 + n / 11, 2 - n / 13] for n in range(count)]


@asynccontextmanager
async def hot(tmp_path: Path, observer: events.Observer | None = None) -> AsyncIterator[tuple[engine.Engine, Any]]:
    """Start an engine that answers the function by its executable; yield it and what it prepares again."""
    kept = programs.Store(disk.DiskStore(tmp_path, 1 << 30))
    served = engine.Engine(query.Options(kept=kept, observer=observer or events.Observers()))
    await served.start()
    try:
        tier = ""
        while tier != "compiled":
            prepared = await served.preparation.prepare(query.Query("grad", TEXT, [1.0, 0.5, 2.0], ARGS, [0, 1, 2]))
            tier = served.present(prepared, await served.run(prepared)).tier
            await asyncio.sleep(0.01)
        yield served, prepared.without_point("compiled")
    finally:
        await served.close()


def calls(served: engine.Engine, earlier: Any, count: int) -> list[Any]:
    return [served.preparation.prepare_again(earlier, point) for point in points(count)]


async def together(served: engine.Engine, earlier: Any, count: int) -> list[Any]:
    """Return calls that were run together, as soon as there is an executable for that many."""
    deadline = time.monotonic() + 120
    while True:
        found = calls(served, earlier, count)
        served.together.run(found)
        if found[0].result is not None:
            return found
        assert time.monotonic() < deadline
        await asyncio.sleep(0.001)


@pytest.mark.parametrize("count", [3, 10, 17, 33, 100])
def test_calls_run_together_have_the_numbers_of_each(tmp_path: Path, count: int) -> None:
    async def run() -> None:
        async with hot(tmp_path) as (served, earlier):
            single = calls(served, earlier, count)
            for one, many in zip(single, await together(served, earlier, count), strict=True):
                alone = one.run().numbers
                np.testing.assert_array_max_ulp(np.array(many.run().numbers), np.array(alone), maxulp=4)
                assert many.run() is many.result
            for point, call in zip(points(count), await together(served, earlier, count), strict=True):
                answer = served.present(call, call.run())
                value, gradient = by_jax(point)
                assert answer.value == pytest.approx(value, rel=1e-14)
                assert answer.derivative == pytest.approx(gradient, rel=1e-14)
                assert (answer.tier, answer.hit, answer.finite) == ("compiled", True, True)

    asyncio.run(run())


def test_few_calls_and_calls_of_others_are_left_alone(tmp_path: Path) -> None:
    async def run() -> None:
        async with hot(tmp_path) as (served, earlier):
            await together(served, earlier, 8)
            few = calls(served, earlier, 2)
            served.together.run([*few, object()])
            assert [each.result for each in few] == [None, None]

    asyncio.run(run())


def test_a_batch_with_other_numbers_is_never_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[events.Event] = []

    class Seen:
        def observe(self, event: events.Event) -> None:
            seen.append(event)

    async def run() -> None:
        async with hot(tmp_path, Seen()) as (served, earlier):
            job = earlier.plan.job("grad", "float64", 8)
            await served.executables.obtain(job)
            executable = served.executables.get(job.key)
            right = type(executable).__call__
            monkeypatch.setattr(type(executable), "__call__", lambda self, *arrays: right(self, *arrays) * 1.001)
            found = calls(served, earlier, 4)
            served.together.run(found)
            assert [each.result for each in found] == [None] * 4
            assert served.executables.get(job.key) is None
            assert any(isinstance(event, events.Disagreed) for event in seen)

    asyncio.run(run())


def test_the_executable_for_a_batch_is_earned(tmp_path: Path) -> None:
    async def run() -> None:
        async with hot(tmp_path) as (served, earlier):
            job = earlier.plan.job("grad", "float64", 8)
            served.together.run(calls(served, earlier, 8))
            await served.executables.wait_until_idle()
            assert served.executables.get(job.key) is None
            turns = int(job.worth * job.expected_seconds / (7 * gradients._SAVED_SECONDS)) + 1
            for _ in range(turns):
                served.together.run(calls(served, earlier, 8))
            await served.executables.wait_until_idle()
            assert served.executables.get(job.key) is not None

    asyncio.run(run())
