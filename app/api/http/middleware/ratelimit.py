"""How often a caller may send requests, and the middleware that refuses more.

A rate holds for everybody but the keys that have a quota of their own (``app.runtime.keys``).
The rate is a moving window (https://limits.readthedocs.io), counted in memory, or in Redis, where all replicas see it.
If Redis cannot be reached, or does not answer in time, the service goes on: each process counts for itself.
"""

from __future__ import annotations

import asyncio
import logging
import math
import time
from collections.abc import Sequence
from typing import Protocol

import limits
from limits import aio, strategies
from limits import storage as storages
from starlette.types import ASGIApp, Receive, Scope, Send

from app import errors
from app.api.http import context
from app.runtime import keys

_log = logging.getLogger("gradserve")

UNCOUNTED = frozenset({"/healthz", "/readyz", "/metrics"})  # paths without a rate
_STORE_SECONDS = 0.5  # for an answer of the store
_RETRY_STORE_SECONDS = 10.0
_STEP_SECONDS = 1.0


class RateLimit:
    """ASGI middleware that refuses callers who send requests too often."""

    def __init__(self, app: ASGIApp, rate: Rate) -> None:
        self._app, self._rate = app, rate

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["path"] not in UNCOUNTED:
            request = context.of(scope)
            await self._rate.count(request.caller, request.quota)
        await self._app(scope, receive, send)


class Rate(Protocol):
    """Bounds how often a caller may send requests: by its own quota, or by the rate of all who have none."""

    async def count(self, caller: str, quota: str = "") -> None:
        """Count a request, or raise ``errors.Overloaded``."""

    def count_now(self, caller: str, quota: str = "") -> bool:
        """Count a request without waiting; False if it must be counted by ``count``."""


class LocalRate:
    """A bound counted in this process, written as ``keys.rates`` reads it."""

    def __init__(self, rate: str) -> None:
        self._rate = rate
        self._storage = storages.MemoryStorage()
        self._window = strategies.MovingWindowRateLimiter(self._storage)
        self._latest = 0.0

    def count_now(self, caller: str, quota: str = "") -> bool:
        now = time.time()
        if now < self._latest - _STEP_SECONDS:
            self._storage.reset()  # a clock set back would keep callers out until it has caught up
        self._latest = now
        # All rates are tested before one is charged: a refused request uses up none of them.
        items = keys.rates(quota or self._rate)
        if len(items) > 1 and not all(self._window.test(item, caller) for item in items):
            return False
        charged = [self._window.hit(item, caller) for item in items]
        return all(charged)

    async def count(self, caller: str, quota: str = "") -> None:
        if not self.count_now(caller, quota):
            resets = [self._window.get_window_stats(item, caller) for item in keys.rates(quota or self._rate)]
            raise _too_often([stats.reset_time for stats in resets if stats.remaining <= 0])


class SharedRate:
    """A bound counted by several processes together, in the store at a URI such as "redis://host:6379/0"."""

    def __init__(self, rate: str, uri: str) -> None:
        options: dict[str, str] = {"implementation": "redispy"} if uri.startswith(("redis", "rediss")) else {}
        storage = storages.storage_from_string(f"async+{uri}", **options)
        self._rate = rate
        self._window = aio.strategies.MovingWindowRateLimiter(storage)
        self._fallback = LocalRate(rate)
        self._retry_at = 0.0

    def count_now(self, caller: str, quota: str = "") -> bool:  # noqa: ARG002 - the protocol's name
        return not (quota or self._rate)  # counting takes a round trip

    async def count(self, caller: str, quota: str = "") -> None:
        if time.monotonic() < self._retry_at:
            await self._fallback.count(caller, quota)
            return
        try:
            # A store that is stopped keeps its connections, and its library would wait for ever.
            async with asyncio.timeout(_STORE_SECONDS):
                resets = [await self._reset(item, caller) for item in keys.rates(quota or self._rate)]
        except Exception as error:  # noqa: BLE001 - whatever its client raises: requests go on
            if time.monotonic() >= self._retry_at:  # else a request that waited meanwhile has said it
                name = type(error).__name__
                _log.warning("the store of rates does not answer, each process counts alone: %s", name)
            self._retry_at = time.monotonic() + _RETRY_STORE_SECONDS
            await self._fallback.count(caller, quota)
            return
        if any(resets):
            raise _too_often([reset for reset in resets if reset])

    async def _reset(self, item: limits.RateLimitItem, caller: str) -> float:
        """Count a request; return 0, or the time at which the next request is allowed."""
        if await self._window.hit(item, caller):
            return 0.0
        return (await self._window.get_window_stats(item, caller)).reset_time


def parse(text: str, uri: str, *, quotas: bool = False) -> Rate | None:
    """Return the rate of a setting; None if it is empty and no key can have a quota.

    Raises ``ValueError`` if it is not a rate, or not its storage.
    """
    if not (text or quotas):
        return None
    keys.rates(text)
    try:
        return SharedRate(text, uri) if uri else LocalRate(text)
    except limits.errors.ConfigurationError as error:
        # Not its text, which has the address, with a password.
        if "prerequisite" in str(error):
            raise ValueError("this storage needs a library; for Redis pip install 'gradserve[redis]'") from None
        raise ValueError("this is no storage such as redis://host:6379") from None


def _too_often(resets: Sequence[float]) -> errors.Overloaded:
    # A day at most: a clock that was set back may say a time in the distant future.
    seconds = min(max(resets, default=0.0) - time.time(), 86_400.0)
    return errors.Overloaded("this client asks too often", retry_after_seconds=max(1, math.ceil(seconds)))
