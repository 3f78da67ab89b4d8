import asyncio
import gc
from collections.abc import Coroutine
from typing import Any

import pytest

from app.runtime.cache import Cache, LruDict
from tests.support.waiting import until

WAITERS = 1000


def run(coroutine: Coroutine[Any, Any, None]) -> None:
    asyncio.run(coroutine)


class Maker:
    """Makes one value, slowly, and counts how often it was asked to."""

    def __init__(self, value: str = "made", error: Exception | None = None) -> None:
        self.calls = 0
        self.release = asyncio.Event()
        self._value = value
        self._error = error

    async def __call__(self) -> str:
        self.calls += 1
        await self.release.wait()
        if self._error is not None:
            raise self._error
        return self._value


def test_get_returns_what_was_stored_or_none() -> None:
    entries: LruDict[str, int] = LruDict(2)
    entries["a"] = 1
    assert (entries.get("a"), entries.get("b"), len(entries)) == (1, None, 1)


def test_the_least_recently_used_value_goes_first() -> None:
    entries: LruDict[str, int] = LruDict(3)
    for value, key in enumerate("abc"):
        entries[key] = value
    entries.get("a")
    entries["d"] = 3
    assert [entries.get(key) for key in "abcd"] == [0, None, 2, 3]


def test_storing_a_key_again_counts_as_use_and_adds_no_weight() -> None:
    entries: LruDict[str, int] = LruDict(2)
    entries["a"] = 1
    entries["b"] = 2
    entries["a"] = 3
    entries["c"] = 4
    assert [entries.get(key) for key in "abc"] == [3, None, 4]


@pytest.mark.parametrize("capacity", [1, 2, 17])
def test_an_lru_dict_never_holds_more_than_its_capacity(capacity: int) -> None:
    entries: LruDict[int, int] = LruDict(capacity)
    for key in range(5 * capacity):
        entries[key] = key
        assert len(entries) == min(key + 1, capacity)


@pytest.mark.parametrize("capacity", [0, -1])
def test_a_capacity_of_nothing_is_refused(capacity: int) -> None:
    with pytest.raises(ValueError, match="at least 1"):
        LruDict(capacity)


def test_clear_removes_every_entry() -> None:
    entries: LruDict[str, int] = LruDict(2)
    entries["a"] = 1
    entries.clear()
    assert (len(entries), entries.get("a")) == (0, None)


def test_a_thousand_concurrent_requests_make_the_value_once() -> None:
    async def scenario() -> None:
        cache: Cache[str, str] = Cache(4)
        make = Maker()
        waiters = [asyncio.create_task(cache.get_or_make("key", make)) for _ in range(WAITERS)]
        await asyncio.sleep(0)
        assert cache.in_flight == 1
        make.release.set()
        assert await asyncio.gather(*waiters) == ["made"] * WAITERS
        assert make.calls == 1
        assert cache.in_flight == 0

    run(scenario())


def test_different_keys_are_made_at_the_same_time() -> None:
    async def scenario() -> None:
        cache: Cache[int, str] = Cache(4)
        makers = [Maker(str(key)) for key in range(3)]
        waiters = [asyncio.create_task(cache.get_or_make(key, make)) for key, make in enumerate(makers)]
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert [make.calls for make in makers] == [1, 1, 1]
        for make in makers:
            make.release.set()
        assert await asyncio.gather(*waiters) == ["0", "1", "2"]

    run(scenario())


def test_a_stored_value_is_not_made_again() -> None:
    async def scenario() -> None:
        cache: Cache[str, str] = Cache(4)
        cache["key"] = "old"
        make = Maker()
        assert await cache.get_or_make("key", make) == "old"
        assert make.calls == 0

    run(scenario())


def test_a_failure_reaches_every_waiter_and_is_not_stored() -> None:
    async def scenario() -> None:
        cache: Cache[str, str] = Cache(4)
        error = LookupError("no such thing")
        failing = Maker(error=error)
        waiters = [asyncio.create_task(cache.get_or_make("key", failing)) for _ in range(WAITERS)]
        await asyncio.sleep(0)
        failing.release.set()
        outcomes = await asyncio.gather(*waiters, return_exceptions=True)
        assert all(outcome is error for outcome in outcomes)
        assert failing.calls == 1
        assert (len(cache), cache.in_flight) == (0, 0)
        working = Maker()
        working.release.set()
        assert await cache.get_or_make("key", working) == "made"

    run(scenario())


def test_a_cancelled_waiter_does_not_stop_the_others() -> None:
    async def scenario() -> None:
        cache: Cache[str, str] = Cache(4)
        make = Maker()
        first, *rest = [asyncio.create_task(cache.get_or_make("key", make)) for _ in range(3)]
        await asyncio.sleep(0)
        first.cancel()
        await asyncio.sleep(0)
        assert first.cancelled()
        make.release.set()
        assert await asyncio.gather(*rest) == ["made", "made"]
        assert make.calls == 1

    run(scenario())


def test_a_value_is_stored_even_if_all_waiters_are_cancelled() -> None:
    async def scenario() -> None:
        cache: Cache[str, str] = Cache(4)
        make = Maker()
        only = asyncio.create_task(cache.get_or_make("key", make))
        await asyncio.sleep(0)
        only.cancel()
        make.release.set()
        await until(lambda: not cache.in_flight)
        assert cache.get("key") == "made"

    run(scenario())


def test_a_failure_without_waiters_is_not_reported_by_asyncio() -> None:
    async def scenario() -> None:
        complaints: list[dict[str, Any]] = []
        asyncio.get_running_loop().set_exception_handler(lambda _, context: complaints.append(context))
        cache: Cache[str, str] = Cache(4)
        failing = Maker(error=LookupError("no such thing"))
        only = asyncio.create_task(cache.get_or_make("key", failing))
        await asyncio.sleep(0)
        only.cancel()
        failing.release.set()
        await until(lambda: not cache.in_flight)
        del only
        gc.collect()
        assert complaints == []

    run(scenario())


def test_a_flight_that_has_not_started_is_cancelled_with_its_last_waiter() -> None:
    async def scenario() -> None:
        cache: Cache[str, str] = Cache(4)
        make = Maker()
        first, last = [asyncio.create_task(cache.get_or_make("key", make, started=lambda: False)) for _ in range(2)]
        await asyncio.sleep(0)
        first.cancel()
        await asyncio.sleep(0.01)
        assert cache.in_flight == 1
        last.cancel()
        await until(lambda: not cache.in_flight)
        assert (make.calls, len(cache)) == (1, 0)

    run(scenario())


def test_a_request_during_a_cancellation_begins_a_flight_of_its_own() -> None:
    async def scenario() -> None:
        cache: Cache[str, str] = Cache(4)
        ending = asyncio.Event()

        async def reluctant() -> str:
            try:
                await asyncio.sleep(60)
            finally:
                await ending.wait()  # as a worker process takes a while to be killed
            return "never"

        async def quick() -> str:
            return "value"

        first = asyncio.create_task(cache.get_or_make("key", reluctant, started=lambda: False))
        await asyncio.sleep(0.01)
        first.cancel()
        await asyncio.gather(first, return_exceptions=True)
        async with asyncio.timeout(5):
            assert await cache.get_or_make("key", quick) == "value"
        ending.set()
        await asyncio.sleep(0.01)
        assert (cache.in_flight, cache.get("key")) == (0, "value")

    run(scenario())
