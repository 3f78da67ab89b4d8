"""Capacities, thread pools and quotas by themselves; test_overload.py has them in the application."""

import asyncio
import threading
import time
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app import errors
from app.runtime import deadlines, queue
from tests.support.waiting import until

Result = TypeVar("Result")


@contextmanager
def caller(name: str) -> Iterator[None]:
    token = queue.CALLER.set(name)
    try:
        yield
    finally:
        queue.CALLER.reset(token)


def with_pool(
    use: Callable[[queue.ThreadPool], Coroutine[Any, Any, Result]], *, threads: int = 1, places: int = 4
) -> Result:
    async def run() -> Result:
        pool = queue.ThreadPool(threads, places, "test")
        try:
            return await use(pool)
        finally:
            pool.shutdown()

    return asyncio.run(run())


@given(st.lists(st.tuples(st.sampled_from("abc"), st.booleans()), max_size=60), st.integers(1, 8))
def test_a_capacity_is_bounded_and_one_caller_gets_at_most_half(moves: list[tuple[str, bool]], places: int) -> None:
    capacity, inside = queue.Capacity(places, "full"), dict.fromkeys("abc", 0)
    for name, enters in moves:
        if enters:
            allowed = sum(inside.values()) < places and inside[name] < max(1, places // 2)
            if allowed:
                capacity.acquire(name)
                inside[name] += 1
            else:
                with pytest.raises(errors.Overloaded, match="full"):
                    capacity.acquire(name)
        elif inside[name]:
            capacity.release(name)
            inside[name] -= 1
        assert capacity.used == sum(inside.values())


def test_run_returns_the_result_of_work_and_raises_its_error() -> None:
    async def use(pool: queue.ThreadPool) -> int:
        with pytest.raises(errors.BadShape):
            await pool.run(lambda: (_ for _ in ()).throw(errors.BadShape("no")))
        return await pool.run(lambda: 7)

    assert with_pool(use) == 7


def test_a_full_queue_refuses_work_and_says_when_to_retry() -> None:
    async def use(pool: queue.ThreadPool) -> None:
        stop = threading.Event()
        inside = [asyncio.ensure_future(pool.run(stop.wait)) for _ in range(5)]  # one in progress, four in the queue
        await asyncio.sleep(0)
        with pytest.raises(errors.Overloaded) as refused:
            await pool.run(stop.wait)
        assert refused.value.retry_after_seconds >= 1
        stop.set()
        await asyncio.gather(*inside)
        assert await pool.run(lambda: 1) == 1

    with_pool(use)


def test_work_that_does_not_start_in_time_is_refused_and_work_in_progress_is_finished(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(deadlines, "START_SECONDS", 0.05)

    async def use(pool: queue.ThreadPool) -> None:
        stop = threading.Event()
        queue.CALLER.set("somebody")
        first = asyncio.ensure_future(pool.run(stop.wait))
        await asyncio.sleep(0)
        with pytest.raises(errors.Overloaded) as refused:
            await pool.run(lambda: 7)
        assert refused.value.retry_after_seconds >= 1
        assert not first.done()
        stop.set()
        assert await first
        await until(lambda: not len(pool))
        assert await pool.run(lambda: 7) == 7

    with_pool(use)


def test_work_that_takes_too_long_is_abandoned_and_keeps_its_place_until_it_ends(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(deadlines, "START_SECONDS", 0.02)
    monkeypatch.setattr(deadlines, "ANSWER_SECONDS", 0.1)

    async def use(pool: queue.ThreadPool) -> None:
        stop = threading.Event()
        queue.CALLER.set("somebody")
        with pytest.raises(errors.TooExpensive):
            await pool.run(stop.wait)
        assert len(pool) == 1
        stop.set()
        await until(lambda: not len(pool))
        assert await pool.run(lambda: 7) == 7

    with_pool(use)


def test_one_caller_cannot_fill_the_queue() -> None:
    async def use(pool: queue.ThreadPool) -> None:
        stop = threading.Event()
        with caller("greedy"):
            inside = [asyncio.ensure_future(pool.run(stop.wait)) for _ in range(3)]
            await asyncio.sleep(0)
            with pytest.raises(errors.Overloaded):
                await pool.run(stop.wait)
        with caller("other"):
            inside.append(asyncio.ensure_future(pool.run(stop.wait)))
            await asyncio.sleep(0)
        stop.set()
        await asyncio.gather(*inside)

    with_pool(use, threads=2, places=4)


def test_cancelling_drops_work_in_the_queue_and_lets_work_in_progress_finish() -> None:
    async def use(pool: queue.ThreadPool) -> None:
        stop, begun = threading.Event(), threading.Event()

        def work() -> None:
            begun.set()
            stop.wait()

        first = asyncio.ensure_future(pool.run(work))
        await until(begun.is_set)
        second = asyncio.ensure_future(pool.run(stop.wait))
        await asyncio.sleep(0)
        assert len(pool) == 2
        first.cancel()
        second.cancel()
        await asyncio.gather(first, second, return_exceptions=True)
        assert len(pool) == 1
        stop.set()
        await until(lambda: len(pool) == 0)

    with_pool(use)


def test_a_quota_is_used_up_and_refilled() -> None:
    quota = queue.Quota(600.0)
    with caller("a"):
        quota.check()
        quota.spend(600.5)
        with pytest.raises(errors.Overloaded) as refused:
            quota.check()
        assert refused.value.retry_after_seconds >= 1
        deadline = time.monotonic() + 30
        while quota.left("a") <= 0:
            assert time.monotonic() < deadline
            time.sleep(0.01)
        quota.check()
    with caller("b"):
        quota.check()


@given(st.lists(st.floats(0, 100), max_size=20))
def test_a_quota_never_holds_more_than_one_minute(payments: list[float]) -> None:
    quota = queue.Quota(10.0)
    with caller("a"):
        for seconds in payments:
            before = quota.left("a")
            quota.spend(seconds)
            assert before - seconds <= quota.left("a") <= 10.0


def test_the_service_itself_has_no_quota() -> None:
    quota = queue.Quota(1.0)
    quota.spend(1e9)
    quota.check()


def test_quotas_of_the_least_recently_active_callers_are_forgotten() -> None:
    quota = queue.Quota(1.0)
    for n in range(queue._MAX_CALLERS + 100):
        with caller(str(n)):
            quota.spend(2.0)
    assert len(quota._levels) == queue._MAX_CALLERS
    assert quota.left("0") == 1.0
    assert quota.left(str(queue._MAX_CALLERS + 99)) < 0
