import asyncio
import gc
from collections.abc import Coroutine
from typing import Any

import pytest

from app.cache import Cache

ASKERS = 1000


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


def test_what_was_put_is_found_and_what_was_not_is_none() -> None:
    cache: Cache[str, int] = Cache(2)
    cache.put("a", 1)
    assert (cache.get("a"), cache.get("b"), len(cache)) == (1, None, 1)


def test_the_least_recently_used_value_goes_first() -> None:
    cache: Cache[str, int] = Cache(3)
    for value, key in enumerate("abc"):
        cache.put(key, value)
    cache.get("a")
    cache.put("d", 3)
    assert [cache.get(key) for key in "abcd"] == [0, None, 2, 3]


def test_putting_again_counts_as_use_and_takes_no_more_room() -> None:
    cache: Cache[str, int] = Cache(2)
    cache.put("a", 1)
    cache.put("b", 2)
    cache.put("a", 3)
    cache.put("c", 4)
    assert [cache.get(key) for key in "abc"] == [3, None, 4]


@pytest.mark.parametrize("capacity", [1, 2, 17])
def test_a_cache_never_holds_more_than_its_capacity(capacity: int) -> None:
    cache: Cache[int, int] = Cache(capacity)
    for key in range(5 * capacity):
        cache.put(key, key)
        assert len(cache) == min(key + 1, capacity)


@pytest.mark.parametrize("capacity", [0, -1])
def test_a_cache_that_can_hold_nothing_is_refused(capacity: int) -> None:
    with pytest.raises(ValueError, match="at least 1"):
        Cache(capacity)


def test_clearing_lets_every_value_go() -> None:
    cache: Cache[str, int] = Cache(2)
    cache.put("a", 1)
    cache.clear()
    assert (len(cache), cache.get("a")) == (0, None)


def test_a_thousand_concurrent_askers_make_the_value_once() -> None:
    async def scenario() -> None:
        cache: Cache[str, str] = Cache(4)
        make = Maker()
        askers = [asyncio.create_task(cache.get_or_make("key", make)) for _ in range(ASKERS)]
        await asyncio.sleep(0)
        assert cache.making == 1
        make.release.set()
        assert await asyncio.gather(*askers) == ["made"] * ASKERS
        assert make.calls == 1
        assert cache.making == 0

    run(scenario())


def test_different_keys_are_made_at_the_same_time() -> None:
    async def scenario() -> None:
        cache: Cache[int, str] = Cache(4)
        makers = [Maker(str(key)) for key in range(3)]
        askers = [asyncio.create_task(cache.get_or_make(key, make)) for key, make in enumerate(makers)]
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert [make.calls for make in makers] == [1, 1, 1]
        for make in makers:
            make.release.set()
        assert await asyncio.gather(*askers) == ["0", "1", "2"]

    run(scenario())


def test_a_value_that_is_there_is_not_made_again() -> None:
    async def scenario() -> None:
        cache: Cache[str, str] = Cache(4)
        cache.put("key", "old")
        make = Maker()
        assert await cache.get_or_make("key", make) == "old"
        assert make.calls == 0

    run(scenario())


def test_a_failure_reaches_every_asker_and_is_not_kept() -> None:
    async def scenario() -> None:
        cache: Cache[str, str] = Cache(4)
        error = LookupError("no such thing")
        failing = Maker(error=error)
        askers = [asyncio.create_task(cache.get_or_make("key", failing)) for _ in range(ASKERS)]
        await asyncio.sleep(0)
        failing.release.set()
        outcomes = await asyncio.gather(*askers, return_exceptions=True)
        assert all(outcome is error for outcome in outcomes)
        assert failing.calls == 1
        assert (len(cache), cache.making) == (0, 0)
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


def test_what_every_waiter_gave_up_on_is_still_kept() -> None:
    async def scenario() -> None:
        cache: Cache[str, str] = Cache(4)
        make = Maker()
        only = asyncio.create_task(cache.get_or_make("key", make))
        await asyncio.sleep(0)
        only.cancel()
        make.release.set()
        while cache.making:  # noqa: ASYNC110 - nothing is there to wait for: that is the case
            await asyncio.sleep(0)
        assert cache.get("key") == "made"

    run(scenario())


def test_a_failure_nobody_waits_for_any_more_is_not_reported_as_forgotten() -> None:
    async def scenario() -> None:
        complaints: list[dict[str, Any]] = []
        asyncio.get_running_loop().set_exception_handler(lambda _, context: complaints.append(context))
        cache: Cache[str, str] = Cache(4)
        failing = Maker(error=LookupError("no such thing"))
        only = asyncio.create_task(cache.get_or_make("key", failing))
        await asyncio.sleep(0)
        only.cancel()
        failing.release.set()
        while cache.making:  # noqa: ASYNC110 - nothing is there to wait for: that is the case
            await asyncio.sleep(0)
        del only
        gc.collect()
        assert complaints == []

    run(scenario())
