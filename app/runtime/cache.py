"""Bounded mappings: ``LruDict``, and ``Cache``, which also makes missing values, once for all concurrent requests."""

from __future__ import annotations

import asyncio
from collections import Counter, OrderedDict
from collections.abc import Awaitable, Callable, Hashable, Iterator
from typing import Generic, TypeVar

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")


class LruDict(Generic[Key, Value]):
    """Mapping of bounded weight; the least recently used entries are evicted first. Not safe to use from threads.

    ``get`` and assignment count as use of an entry; ``in`` and iteration do not. One entry is always kept, even if it
    weighs more than ``capacity``. Without ``weigh`` each value weighs 1.

    Attributes:
        evictions: how many entries have been evicted.
        weight: of all entries.
    """

    def __init__(self, capacity: int, weigh: Callable[[Value], int] = lambda _: 1) -> None:
        if capacity < 1:
            raise ValueError(f"capacity must be at least 1, not {capacity}")
        self._capacity, self._weigh = capacity, weigh
        self.weight, self.evictions = 0, 0
        self._entries: OrderedDict[Key, tuple[Value, int]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._entries)

    def __contains__(self, key: Key) -> bool:
        return key in self._entries

    def __iter__(self) -> Iterator[Key]:
        """Yield the keys, the least recently used first."""
        return iter(self._entries)

    def __reversed__(self) -> Iterator[Key]:
        return reversed(self._entries)

    def __setitem__(self, key: Key, value: Value) -> None:
        self.pop(key)
        weight = self._weigh(value)  # stored, because the weight of a value may change later
        self._entries[key] = value, weight
        self.weight += weight
        while self.weight > self._capacity and len(self._entries) > 1:
            _, (_, weight) = self._entries.popitem(last=False)
            self.weight -= weight
            self.evictions += 1

    def get(self, key: Key) -> Value | None:
        """Return the value, or None; its entry becomes the most recently used."""
        if (entry := self._entries.get(key)) is None:
            return None
        self._entries.move_to_end(key)
        return entry[0]

    def pop(self, key: Key) -> Value | None:
        """Remove an entry; return its value, or None if there is no such entry."""
        if (entry := self._entries.pop(key, None)) is None:
            return None
        self.weight -= entry[1]
        return entry[0]

    def clear(self) -> None:
        self._entries.clear()
        self.weight = 0


class Cache(LruDict[Key, Value]):
    """``LruDict`` that makes missing values, with a single flight for each key. Belongs to one event loop.

    If making a value fails, nothing is stored, and all who wait for it get the same exception. A waiter that is
    cancelled does not cancel the work of the others.
    """

    def __init__(self, capacity: int, weigh: Callable[[Value], int] = lambda _: 1) -> None:
        super().__init__(capacity, weigh)
        self._flights: dict[Key, asyncio.Task[Value]] = {}
        self._waiters: Counter[Key] = Counter()

    @property
    def in_flight(self) -> int:
        return len(self._flights)

    async def get_or_make(
        self, key: Key, make: Callable[[], Awaitable[Value]], *, started: Callable[[], bool] = lambda: True
    ) -> Value:
        """Return the value; if it is missing, make it, or wait for the flight that makes it.

        As long as ``started`` returns False, the flight is cancelled with its last waiter.
        """
        if (value := self.get(key)) is not None:
            return value
        flight = self._flights.get(key)
        if flight is None:
            flight = self._flights[key] = asyncio.ensure_future(self._make(key, make))
            # Retrieve the exception, so that asyncio does not report it when all waiters are gone.
            flight.add_done_callback(lambda done: done.cancelled() or done.exception())
        self._waiters[key] += 1
        try:
            return await asyncio.shield(flight)
        finally:
            self._waiters[key] -= 1
            if not self._waiters[key]:
                del self._waiters[key]
                if not flight.done() and not started():
                    flight.cancel()
                    del self._flights[key]  # cancelling takes a while; the next to ask begins a flight of their own
            del flight  # an error refers to this frame, and the flight to the error: that would be a reference cycle

    async def _make(self, key: Key, make: Callable[[], Awaitable[Value]]) -> Value:
        try:
            value = self[key] = await make()
            return value
        finally:
            if self._flights.get(key) is asyncio.current_task():
                del self._flights[key]
