"""How much hard work is taken on at a time, and how much of it for one caller.

Cheap answers come from the event loop and are never refused here. What takes longer stands in line for a thread, and
there is only so much room to stand: whoever comes when it is full is told when to come again, instead of waiting for
longer than anybody would. No caller gets more than half of the room, so that one alone cannot fill it. The seconds
that worker processes spend for a caller are drawn from a budget that fills up again with time (a token bucket).

Who the caller is stands in a context variable, which whoever receives a request sets: what is done for them, in tasks
and callbacks too, is then on their account. Nobody's work is the service's own, and is not bounded.
"""

from __future__ import annotations

import asyncio
import contextlib
import math
import threading
import time
from collections import Counter, OrderedDict
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import ContextVar
from typing import TypeVar

from app import errors

Result = TypeVar("Result")

CALLER: ContextVar[str] = ContextVar("caller", default="")

_MAX_RETRY_SECONDS = 60

PATIENCE_SECONDS = 3.0
"""For a turn; whoever has not had one by then is told to come again, instead of waiting behind others' long work."""

ANSWER_SECONDS = 9.0
"""For an answer, the turn included; what takes longer is given up, though a thread cannot be made to."""

_CALLERS = 10_000
"""Budgets remembered; those of who has not come for longest are forgotten, and full again."""


_FULL = "too much work is waiting already"


class Room:
    """A bounded number of places, half of them at most for one caller. Safe to use from threads.

    Args:
        places: how many.
        full: what to say when there is none.
    """

    def __init__(self, places: int, full: str) -> None:
        self._places = places
        self._share = max(1, places // 2)
        self._full = full
        self._by_caller: Counter[str] = Counter()
        self._lock = threading.Lock()

    def __len__(self) -> int:
        with self._lock:
            return self._by_caller.total()

    def enter(self, caller: str, retry_after_seconds: float = 1.0) -> None:
        """Take a place for a caller.

        Raises:
            errors.Overloaded: there is none, or none for this caller.
        """
        with self._lock:
            taken = self._by_caller.total()
            if taken >= self._places or (caller and self._by_caller[caller] >= self._share):
                raise errors.Overloaded(self._full, retry_after_seconds=_whole(retry_after_seconds))
            self._by_caller[caller] += 1

    def leave(self, caller: str) -> None:
        """Give the place of a caller back."""
        with self._lock:
            self._by_caller[caller] -= 1
            if self._by_caller[caller] <= 0:
                del self._by_caller[caller]

    @contextlib.contextmanager
    def place(self) -> Iterator[None]:
        """Hold a place for the caller of now.

        Raises:
            errors.Overloaded: as ``enter``.
        """
        caller = CALLER.get()
        self.enter(caller)
        try:
            yield
        finally:
            self.leave(caller)


class Pool:
    """Threads, and room for those who wait for one. Belongs to one event loop.

    Args:
        threads: how many.
        places: in line for one.
        name: of the threads.
        late: what to say of work that takes too long.

    Attributes:
        places: as given, and one for each thread.
        threads: as an executor, for the service's own work, which is not refused.
    """

    def __init__(
        self, threads: int, places: int, name: str, late: Callable[[], errors.GradserveError] | None = None
    ) -> None:
        self.threads = ThreadPoolExecutor(threads, thread_name_prefix=name)
        self._count = threads
        self.places = places + threads
        self._room = Room(self.places, _FULL)
        self._late = late or too_long
        self._seconds = 0.05  # that a piece of work takes, on average

    def __len__(self) -> int:
        return len(self._room)

    async def run(self, work: Callable[[], Result]) -> Result:
        """Return what ``work`` returns in a thread. Who is cancelled leaves the line; work under way is finished.

        Raises:
            errors.Overloaded: there is no room, or no thread in time.
            errors.TooExpensive: the work takes too long; or what ``late`` says then.
        """
        caller = CALLER.get()
        self._room.enter(caller, len(self) * self._seconds / self._count)

        def leave(_: Future[Result]) -> None:
            self._room.leave(caller)

        try:
            future = self.threads.submit(self._timed, work)
        except RuntimeError:  # shut down
            self._room.leave(caller)
            raise errors.Draining("the service is stopping") from None
        future.add_done_callback(leave)
        return await (self._soon(future) if caller else asyncio.wrap_future(future))

    async def _soon(self, future: Future[Result]) -> Result:
        """Return the result of work, if it has begun and ended in time."""
        waiting = asyncio.wrap_future(future)
        waiting.add_done_callback(_look_away)
        try:
            if await _done(waiting, PATIENCE_SECONDS):
                return waiting.result()
            if future.cancel():  # which cannot be done once it is under way
                raise errors.Overloaded(_FULL, retry_after_seconds=_whole(PATIENCE_SECONDS))
            if await _done(waiting, ANSWER_SECONDS - PATIENCE_SECONDS):
                return waiting.result()
            raise self._late()
        except asyncio.CancelledError:
            future.cancel()
            raise

    def shutdown(self) -> None:
        """Let what is in line go, and wait for what is under way."""
        self.threads.shutdown(wait=True, cancel_futures=True)

    def _timed(self, work: Callable[[], Result]) -> Result:
        start = time.perf_counter()
        try:
            return work()
        finally:
            self._seconds += 0.1 * (time.perf_counter() - start - self._seconds)


async def _done(waiting: asyncio.Future[Result], seconds: float) -> bool:
    done, _ = await asyncio.wait({waiting}, timeout=seconds)
    return bool(done)


def _look_away(waiting: asyncio.Future[Result]) -> None:
    """Retrieve the error of work that nobody waits for any more: it is no news."""
    if not waiting.cancelled():
        waiting.exception()


def too_long() -> errors.TooExpensive:
    """Return what to say of work that has taken too long already."""
    return errors.TooExpensive(f"the answer takes longer than {ANSWER_SECONDS:g} s", hint="ask for less at a time")


class Budget:
    """Seconds of worker processes for each caller: a token bucket that may be overdrawn by the last who drew from it.

    What work costs is known when it is done. So whoever has anything left may have it done, and pays then.

    Args:
        seconds_per_minute: what flows in, and, for a minute's worth, what a caller has at first and at most.
    """

    def __init__(self, seconds_per_minute: float) -> None:
        self._most = seconds_per_minute
        self._rate = seconds_per_minute / 60.0
        self._levels: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def left(self, caller: str) -> float:
        """Return what a caller has left, negative where they owe."""
        if not caller:
            return math.inf
        level, then = self._levels.get(caller, (self._most, 0.0))
        return min(self._most, level + (time.monotonic() - then) * self._rate)

    def check(self) -> None:
        """Refuse the caller of now if nothing is left.

        Raises:
            errors.Overloaded: until when.
        """
        left = self.left(CALLER.get())
        if left <= 0:
            detail = "this client has used up the seconds of work that a minute holds"
            raise errors.Overloaded(detail, retry_after_seconds=_whole((self._rate - left) / self._rate))

    def pay(self, seconds: float) -> None:
        """Draw seconds for the caller of now."""
        caller = CALLER.get()
        if caller:
            self._levels[caller] = self.left(caller) - seconds, time.monotonic()
            self._levels.move_to_end(caller)
            while len(self._levels) > _CALLERS:
                self._levels.popitem(last=False)


def _whole(seconds: float) -> int:
    """Return seconds to wait as a header says them."""
    return min(max(1, math.ceil(seconds)), _MAX_RETRY_SECONDS)
