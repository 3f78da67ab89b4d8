"""From a signal to the end of a server, without losing a request.

    1  After SIGTERM /readyz answers 503 at once, and load balancers stop sending requests. Until they have noticed,
       requests are still answered.
    2  New requests get a 503 with Retry-After and go to another process. Requests in flight are finished.
    3  The server ends, at the latest ``deadlines.END_SECONDS`` after the first phase.

SIGHUP, which a terminal sends when it is closed, is as SIGTERM, unless ``nohup`` has it ignored. Ctrl-C skips the first
phase, because no load balancer is involved. A second signal skips the second phase.
"""

from __future__ import annotations

import contextlib
import os
import signal
import threading
import time
from collections.abc import Iterator
from types import FrameType

import uvicorn

from app.api.http.middleware import draining
from app.runtime import deadlines


class Server(uvicorn.Server):
    """A server that ends in the order of this module's docstring; its first phase takes ``notice_seconds``."""

    def __init__(self, config: uvicorn.Config, lifecycle: draining.Lifecycle, notice_seconds: float) -> None:
        config.timeout_graceful_shutdown = deadlines.CLOSE_SECONDS
        super().__init__(config)
        self._lifecycle, self._notice_seconds = lifecycle, notice_seconds
        self._signal: int | None = None
        self._drains_at = 0.0

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        with super().capture_signals():
            if (
                threading.current_thread() is threading.main_thread()
                and signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN
            ):
                signal.signal(signal.SIGHUP, lambda *_: self.handle_exit(signal.SIGTERM, None))
            yield

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Begin to end. A signal handler may interrupt the event loop anywhere, so this only sets attributes."""
        if self._signal is not None:
            super().handle_exit(sig, frame)
            return
        self._signal = sig
        self._drains_at = time.monotonic() + (0.0 if sig == signal.SIGINT else self._notice_seconds)
        self._lifecycle.ready = False
        last_resort = threading.Timer(deadlines.END_SECONDS + self._notice_seconds, os._exit, (1,))
        last_resort.daemon = True
        last_resort.start()

    async def on_tick(self, counter: int) -> bool:
        """Go on from one phase to the next; uvicorn calls this ten times a second."""
        now = time.monotonic()
        if self._signal is not None and now >= self._drains_at:
            if not self._lifecycle.draining:
                self._lifecycle.drain()
            elif not self._lifecycle.in_flight or now >= self._drains_at + deadlines.FINISH_SECONDS:
                super().handle_exit(self._signal, None)
        return await super().on_tick(counter)
