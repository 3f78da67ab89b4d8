"""Admission of expensive work: bounded queues, thread pools, turns, and a quota of worker seconds for each caller.

Cheap answers are computed on the event loop and are never refused here. Expensive work waits for a thread. The queue
is bounded: a request that finds it full is refused at once and told when to retry. One caller gets at most half of
the places, so no caller can fill the queue alone.

The context variable ``CALLER`` names the caller. The receiver of a request sets it, and tasks and callbacks inherit
it. An empty name means the service itself: its work has no share and no deadline.
"""

from __future__ import annotations

import asyncio
import contextlib
import math
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import ContextVar
from typing import TypeVar

from app import errors
from app.runtime import cache, deadlines, processes

Result = TypeVar("Result")

CALLER: ContextVar[str] = ContextVar("caller", default="")

_MAX_RETRY_SECONDS = 60
_MAX_CALLERS = 10_000
"""Callers whose quota is remembered. The least recently active ones are forgotten; their quota is then full again."""

_TURN_SECONDS = 1e-3
_PAUSE_SECONDS = 5e-4
"""At the end of a turn: the event loop then has the lock for itself, and answers all that has arrived. Beside 50 fits,
the 99th percentile of a hot gradient is 1.5 to 2 times that of quiet times. It is 5.5 times that with turns of 3 ms and
pauses of 0.3 ms."""

_BUSY_SECONDS = 0.2
"""How long after an answer others are expected to ask again. Where nobody asks, searches make no pauses."""

_QUEUE_FULL = "too much work is waiting already"


class Capacity:
    """A bounded number of places. One caller gets at most half of them. Safe to use from threads."""

    def __init__(self, places: int, full: str) -> None:
        self._places = places
        self._share = max(1, places // 2)
        self._full = full
        self._used_by: Counter[str] = Counter()
        self._lock = threading.Lock()

    @property
    def used(self) -> int:
        with self._lock:
            return self._used_by.total()

    def acquire(self, caller: str, retry_after_seconds: float = 1.0) -> None:
        """Take a place for a caller, or raise ``errors.Overloaded``."""
        with self._lock:
            if self._used_by.total() >= self._places or (caller and self._used_by[caller] >= self._share):
                raise errors.Overloaded(self._full, retry_after_seconds=_retry_after(retry_after_seconds))
            self._used_by[caller] += 1

    def release(self, caller: str) -> None:
        with self._lock:
            self._used_by[caller] -= 1
            if self._used_by[caller] <= 0:
                del self._used_by[caller]

    @contextlib.contextmanager
    def place(self) -> Iterator[None]:
        """Hold one place for the current caller, or raise ``errors.Overloaded``."""
        caller = CALLER.get()
        self.acquire(caller)
        try:
            yield
        finally:
            self.release(caller)


class ThreadPool:
    """Threads with a bounded queue. Belongs to one event loop.

    The service's own work may go to the executor ``threads`` directly and is then never refused.
    """

    def __init__(self, threads: int, queue: int, name: str) -> None:
        self.threads = ThreadPoolExecutor(threads, thread_name_prefix=name, initializer=processes.compute_in_background)
        self._count = threads
        self.places = queue + threads  # work in progress and in the queue, at most
        self._capacity = Capacity(self.places, _QUEUE_FULL)
        self._mean_seconds = 0.05  # of one piece of work; a moving average

    def __len__(self) -> int:
        return self._capacity.used

    async def run(self, work: Callable[[], Result]) -> Result:
        """Return the result of ``work``, run in a thread.

        If the waiting task is cancelled, work in the queue is dropped and work in progress is finished. Raises
        ``errors.Overloaded`` if the queue is full or the work does not start in time, ``errors.TooExpensive`` if
        it does not end in time, and ``errors.Draining`` if the pool is shut down.
        """
        caller = CALLER.get()
        self._capacity.acquire(caller, len(self) * self._mean_seconds / self._count)
        try:
            future = self.threads.submit(self._timed, work)
        except RuntimeError:  # shut down
            self._capacity.release(caller)
            raise errors.Draining("the service is stopping") from None
        future.add_done_callback(lambda _: self._capacity.release(caller))
        try:
            return await (self._in_time(future) if caller else asyncio.wrap_future(future))
        finally:
            del future  # an error refers to this frame, and the future to the error: that would be a reference cycle

    async def _in_time(self, future: Future[Result]) -> Result:
        waiting = asyncio.wrap_future(future)
        # Retrieve the error, so that asyncio does not report it when nobody waits any more.
        waiting.add_done_callback(lambda done: done.cancelled() or done.exception())
        try:
            if await _done(waiting, deadlines.START_SECONDS):
                return waiting.result()
            if future.cancel():  # fails once the work has started
                raise errors.Overloaded(_QUEUE_FULL, retry_after_seconds=_retry_after(deadlines.START_SECONDS))
            if await _done(waiting, deadlines.ANSWER_SECONDS - deadlines.START_SECONDS):
                return waiting.result()
            raise too_long()
        except asyncio.CancelledError:
            future.cancel()
            raise
        finally:
            del future, waiting  # see ``run``

    def shutdown(self) -> None:
        """Drop work in the queue and wait for work in progress."""
        self.threads.shutdown(wait=True, cancel_futures=True)

    def _timed(self, work: Callable[[], Result]) -> Result:
        start = time.perf_counter()
        try:
            return work()
        except errors.GradserveError as error:
            # Its traceback, and those of the errors before it, keep alive everything that the work has made.
            error.__cause__ = error.__context__ = None
            raise error.with_traceback(None)  # noqa: B904 - nothing is kept of it
        finally:
            self._mean_seconds += 0.1 * (time.perf_counter() - start - self._mean_seconds)


async def _done(waiting: asyncio.Future[Result], seconds: float) -> bool:
    done, _ = await asyncio.wait({waiting}, timeout=seconds)
    return bool(done)


def too_long() -> errors.TooExpensive:
    """Return the error for work that passes ``deadlines.ANSWER_SECONDS``."""
    detail = f"the answer takes longer than {deadlines.ANSWER_SECONDS:g} s"
    return errors.TooExpensive(detail, hint="ask for less at a time")


class Turns:
    """Turns of threads that compute in Python: one does so at a time; who has waited longest is next.

    Threads share the interpreter's lock. The event loop needs it several times for one answer, and each time it waits
    for every thread that wants it. At best a hot gradient takes 1.0 ms, 4.8 ms beside two searches of small functions,
    and 1.6 ms beside two that take turns.

    Attributes:
        answered: when the event loop answered a query last, by ``time.perf_counter``. The loop writes it.
    """

    def __init__(self) -> None:
        self._turn, self._next = threading.Lock(), threading.Lock()
        self._since = 0.0
        self.answered = -math.inf

    @contextlib.contextmanager
    def taken(self) -> Iterator[None]:
        """Wait for a turn, and have it for the block."""
        self._take()
        try:
            yield
        finally:
            self._turn.release()

    @contextlib.contextmanager
    def given_up(self) -> Iterator[None]:
        """Let others have the turn for the block: what it computes needs the interpreter's lock seldom."""
        self._turn.release()
        try:
            yield
        finally:
            self._take()

    def pass_on(self) -> None:
        """Let the event loop, and then whoever waits, have the next turn, if this one has been long enough."""
        now = time.perf_counter()
        if now > self._since + _TURN_SECONDS:
            if now < self.answered + _BUSY_SECONDS:
                time.sleep(_PAUSE_SECONDS)
            self._turn.release()
            self._take()

    def _take(self) -> None:
        with self._next:  # so that a thread that gives a turn up is behind the one that waits for it
            self._turn.acquire()
        self._since = time.perf_counter()


class Quota:
    """Seconds of worker processes for each caller: token buckets that may become negative.

    The cost of work is known only when it is done. So a caller with anything left may start work, and spends then.
    A bucket holds what is refilled in one minute, and is full at first.
    """

    def __init__(self, seconds_per_minute: float) -> None:
        self._size = seconds_per_minute
        self._rate = seconds_per_minute / 60.0
        self._levels: cache.LruDict[str, tuple[float, float]] = cache.LruDict(_MAX_CALLERS)  # level, time of it

    def left(self, caller: str) -> float:
        """Return the seconds that a caller has left; negative if overdrawn, infinite for the service itself."""
        if not caller:
            return math.inf
        level, then = self._levels.get(caller) or (self._size, 0.0)
        return min(self._size, level + (time.monotonic() - then) * self._rate)

    def check(self) -> None:
        """Raise ``errors.Overloaded`` if the current caller has nothing left, until its bucket is above zero again."""
        left = self.left(CALLER.get())
        if left <= 0:
            detail = "this client has used up the seconds of work that a minute holds"
            raise errors.Overloaded(detail, retry_after_seconds=_retry_after((self._rate - left) / self._rate))

    def spend(self, seconds: float) -> None:
        """Take seconds from the bucket of the current caller."""
        caller = CALLER.get()
        if caller:
            self._levels[caller] = self.left(caller) - seconds, time.monotonic()


def _retry_after(seconds: float) -> int:
    """Return whole seconds for the Retry-After header, from 1 to 60."""
    return min(max(1, math.ceil(seconds)), _MAX_RETRY_SECONDS)
