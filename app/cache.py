"""A bounded map that makes what it lacks once, however many ask at the same time. Knows no JAX and no HTTP."""

from __future__ import annotations

import asyncio
from collections import Counter, OrderedDict
from collections.abc import Awaitable, Callable, Hashable
from typing import Generic, TypeVar

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")


class Cache(Generic[Key, Value]):
    """Least-recently-used map with single flight per key.

    Belongs to one event loop. A value that could not be made is not kept, and everyone who waited for it gets the
    same exception; a waiter that is cancelled does not stop the making for the others.

    Args:
        capacity: how much is held at most.
        weigh: what a value counts against the capacity; each counts 1 if not given.
    """

    def __init__(self, capacity: int, weigh: Callable[[Value], int] = lambda _: 1) -> None:
        if capacity < 1:
            raise ValueError(f"capacity must be at least 1, not {capacity}")
        self._capacity = capacity
        self._weigh = weigh
        self._weight = 0
        self._values: OrderedDict[Key, tuple[Value, int]] = OrderedDict()
        self._making: dict[Key, asyncio.Task[Value]] = {}
        self._asking: Counter[Key] = Counter()

    def __len__(self) -> int:
        return len(self._values)

    @property
    def making(self) -> int:
        """How many values are being made now."""
        return len(self._making)

    def get(self, key: Key) -> Value | None:
        """Return the value, now the most recently used, or None."""
        found = self._values.get(key)
        if found is None:
            return None
        self._values.move_to_end(key)
        return found[0]

    def put(self, key: Key, value: Value) -> None:
        """Hold a value, letting the least recently used go; one too heavy by itself is still held, alone."""
        before = self._values.pop(key, None)
        if before is not None:
            self._weight -= before[1]
        weight = self._weigh(value)  # kept: what a value weighs may change while it is held
        self._values[key] = value, weight
        self._weight += weight
        while self._weight > self._capacity and len(self._values) > 1:
            _, (_, weight) = self._values.popitem(last=False)
            self._weight -= weight

    async def get_or_make(
        self, key: Key, make: Callable[[], Awaitable[Value]], *, begun: Callable[[], bool] = lambda: True
    ) -> Value:
        """Return the value, making it if nobody has and nobody is.

        Args:
            key: of the value.
            make: makes it.
            begun: whether making has begun in earnest; until then it is given up when the last who asked went away.
        """
        value = self.get(key)
        if value is not None:
            return value
        task = self._making.get(key)
        if task is None:
            task = self._making[key] = asyncio.ensure_future(self._make(key, make))
            # Asked for here so that a failure nobody waits for any more is not reported as forgotten.
            task.add_done_callback(lambda done: done.cancelled() or done.exception())
        self._asking[key] += 1
        try:
            return await asyncio.shield(task)
        finally:
            self._asking[key] -= 1
            if not self._asking[key]:
                del self._asking[key]
                if not task.done() and not begun():
                    task.cancel()

    async def _make(self, key: Key, make: Callable[[], Awaitable[Value]]) -> Value:
        try:
            value = await make()
            self.put(key, value)
            return value
        finally:
            del self._making[key]

    def clear(self) -> None:
        """Let every value go."""
        self._values.clear()
        self._weight = 0
