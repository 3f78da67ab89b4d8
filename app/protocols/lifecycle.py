"""A signal to a server that is gone, none of its requests lost.

After SIGTERM /readyz says no at once, and whoever balances loads stops sending; until they have noticed, requests are
still answered. Then what is new gets a 503 that says to come again, to another process, and what is under way is
finished. Then the server ends. No phase can hold it up: it ends within ``END_SECONDS`` whatever happens. Ctrl-C skips
the first phase, for nobody balances loads there; a second signal skips the others.
"""

from __future__ import annotations

import os
import signal
import threading
import time
from types import FrameType
from typing import Protocol

import uvicorn

END_SECONDS = 13.5
"""From the signal to the end, the first phase apart."""

_FINISH_SECONDS = 9.0
"""For what is under way, before it is cancelled."""

_CLOSE_SECONDS = 2
"""For connections to close after that."""


class Drained(Protocol):
    """What a server serves, as far as its end is concerned."""

    @property
    def in_flight(self) -> int:
        """How many requests are under way."""

    def retire(self) -> None:
        """Say that this process is not ready any more."""

    def drain(self) -> None:
        """Take no more requests."""


class Server(uvicorn.Server):
    """A server that ends in the order above.

    Args:
        config: uvicorn's.
        served: what it serves.
        notice_seconds: between saying not to be ready and taking no more requests.
    """

    def __init__(self, config: uvicorn.Config, served: Drained, notice_seconds: float) -> None:
        config.timeout_graceful_shutdown = _CLOSE_SECONDS
        super().__init__(config)
        self._served = served
        self._notice_seconds = notice_seconds
        self._signal: int | None = None
        self._drains_at = 0.0
        self._draining = False

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Begin to end; called between two steps of the event loop's thread, so it only sets things."""
        if self._signal is not None:
            super().handle_exit(sig, frame)
            return
        self._signal = sig
        self._drains_at = time.monotonic() + (0.0 if sig == signal.SIGINT else self._notice_seconds)
        self._served.retire()
        last_resort = threading.Timer(END_SECONDS + self._notice_seconds, os._exit, (1,))
        last_resort.daemon = True
        last_resort.start()

    async def on_tick(self, counter: int) -> bool:
        """Go on from one phase to the next; called ten times a second."""
        now = time.monotonic()
        if self._signal is not None and now >= self._drains_at:
            if not self._draining:
                self._draining = True
                self._served.drain()
            elif not self._served.in_flight or now >= self._drains_at + _FINISH_SECONDS:
                super().handle_exit(self._signal, None)
        return await super().on_tick(counter)
