"""An event loop with simulated time, and executors whose work takes simulated time.

Nothing waits: when nobody can go on before some later time, that time is now. A loop on which nobody can ever go on
raises ``Stuck``, and so does one on which time stands still for ever.
"""

from __future__ import annotations

import asyncio
import contextvars
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Executor, Future
from typing import Any

_MOST_STEPS = 200_000  # of the loop at one time
_TICK_SECONDS = 2e-5  # that pass whenever somebody looks at the clock

Work = Callable[[], Any]


class Stuck(AssertionError):
    """The loop can never go on, or goes on for ever without getting anywhere."""


class SimulatedLoop(asyncio.BaseEventLoop):
    """An event loop without files, whose ``select`` passes the time instead of waiting."""

    def __init__(self, seconds: Callable[[], float]) -> None:
        super().__init__()
        self.now = 1000.0
        self._steps = 0
        self._selector = self  # what asyncio waits with
        self._anonymous = SimulatedExecutor(self, seconds, 4)

    def time(self) -> float:
        return self.now

    def select(self, timeout: float | None) -> Sequence[Any]:
        """Pass the time until something is due."""
        if timeout is None:
            raise Stuck("everybody waits for something that nobody will do")
        self._steps = 0 if timeout > 0 else self._steps + 1
        if self._steps > _MOST_STEPS:
            raise Stuck("time stands still")
        self.now += timeout
        return ()

    def run_in_executor(  # type: ignore[override]
        self, executor: Executor | None, func: Callable[..., Any], *args: Any
    ) -> asyncio.Future[Any]:
        return asyncio.wrap_future((executor or self._anonymous).submit(func, *args), loop=self)

    def _process_events(self, event_list: Sequence[Any]) -> None:
        pass

    def _write_to_self(self) -> None:
        pass


class SimulatedExecutor(Executor):
    """Threads of which only the order and the duration are simulated: work is done at its end, in one step.

    Args:
        loop: on which time passes.
        seconds: draws how long the next work takes.
        threads: how much is done at a time.
    """

    def __init__(self, loop: SimulatedLoop, seconds: Callable[[], float], threads: int) -> None:
        self._loop, self._seconds, self._free = loop, seconds, threads
        self._waiting: deque[tuple[Future[Any], Work]] = deque()
        self._running: dict[Future[Any], tuple[asyncio.TimerHandle, Work]] = {}
        self._closed = False

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        if self._closed:
            raise RuntimeError("cannot schedule new futures after shutdown")
        future: Future[Any] = Future()
        self._waiting.append((future, lambda: fn(*args, **kwargs)))
        self._begin()
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """End at once what is running: whoever calls this waits for it."""
        self._closed = True
        if cancel_futures:
            for future, _ in self._waiting:
                future.cancel()
            self._waiting.clear()
        while wait and (self._running or self._waiting):
            future = next(iter(self._running))
            self._running[future][0].cancel()
            self._end(future)

    def _begin(self) -> None:
        while self._free and self._waiting:
            future, work = self._waiting.popleft()
            if future.set_running_or_notify_cancel():
                self._free -= 1
                handle = self._loop.call_later(self._seconds(), self._end, future)
                self._running[future] = handle, work

    def _end(self, future: Future[Any]) -> None:
        _, work = self._running.pop(future)
        self._free += 1
        try:
            result = contextvars.Context().run(work)  # threads do not inherit the context
        except Exception as error:  # noqa: BLE001 - it is for whoever waits
            future.set_exception(error)
        else:
            future.set_result(result)
        self._begin()


class SimulatedTime:
    """Stands for the module ``time`` in the modules of the service. Looking at the clock takes a while."""

    def __init__(self, loop: SimulatedLoop) -> None:
        self._loop = loop

    def monotonic(self) -> float:
        self._loop.now += _TICK_SECONDS
        return self._loop.now

    perf_counter = monotonic

    def time(self) -> float:
        return 1.8e9 + self.monotonic()

    def sleep(self, seconds: float) -> None:
        self._loop.now += seconds

    def __getattr__(self, name: str) -> Any:
        raise AssertionError(f"time.{name} is not simulated")
