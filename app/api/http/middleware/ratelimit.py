"""How often a caller may send requests, and the middlewares that refuse more and say how many are left.

A rate holds for everybody but the keys that have a quota of their own (``app.runtime.keys``).
The rate is a moving window (https://limits.readthedocs.io), counted in memory, or in Redis, where all replicas see it.
If Redis cannot be reached, or does not answer in time, the service goes on: each process counts for itself.

``limits`` is imported for the first rate: a service without one starts without it.
"""

from __future__ import annotations

import asyncio
import functools
import logging
import math
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app import errors
from app.api.http import context, replies
from app.runtime import keys

if TYPE_CHECKING:
    import limits

_log = logging.getLogger("gradserve")

UNCOUNTED = frozenset({"/healthz", "/readyz", "/metrics"})  # paths without a rate
_STORE_SECONDS = 0.5  # for an answer of the store
_RETRY_STORE_SECONDS = 10.0
_STEP_SECONDS = 1.0
_DAY_SECONDS = 86_400.0


class RateLimit:
    """ASGI middleware that refuses callers who send requests too often."""

    def __init__(self, app: ASGIApp, rate: Rate) -> None:
        self._app, self._rate = app, rate

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["path"] not in UNCOUNTED:
            await charge(self._rate, scope)
        await self._app(scope, receive, send)


async def charge(rate: Rate, scope: Scope) -> None:
    """Count a request for its caller, once more if it was counted; ``errors.Overloaded`` if it is one too many."""
    request = context.of(scope)
    counted = await rate.count(request.caller, request.quota)
    request.left = counted.headers
    if counted.refusal is not None:
        raise counted.refusal


class QuotaHeaders:
    """ASGI middleware that tells a client in every answer to a counted request what it has left, refusals too."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = context.of(scope)

        async def send_with_quota(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], *request.left]
            await send(message)

        await self._app(scope, receive, send_with_quota)


@dataclass(frozen=True, slots=True)
class Counted:
    """A request that was counted: the headers of its answer, and why it is refused, if it is."""

    headers: replies.Headers
    refusal: errors.Overloaded | None = None


class Rate(Protocol):
    """Bounds how often a caller may send requests: by its own quota, or by the rate of all who have none."""

    async def count(self, caller: str, quota: str = "") -> Counted:
        """Count a request."""

    def count_now(self, caller: str, quota: str = "") -> replies.Headers | None:
        """Count a request without waiting, and return the headers of its answer; None if it needs ``count``."""


class _Policies:
    """Rates written as ``limits`` has it, "100 per 2 minutes; 1000/day", and their headers.

    The headers are those of draft-ietf-httpapi-ratelimit-headers-10: q requests in w seconds, r are left, and in t
    seconds there are more.
    """

    def __init__(self, text: str) -> None:
        self.items = keys.rates(text)
        single = len(self.items) == 1
        self.names = [b"default" if single else _name(item) for item in self.items]
        policies = [
            b'"%b";q=%d;w=%d' % (name, item.amount, item.get_expiry())
            for name, item in zip(self.names, self.items, strict=True)
        ]
        self.policy: replies.Header = (b"ratelimit-policy", b", ".join(policies))

    def headers(self, stats: Sequence[limits.WindowStats | None]) -> replies.Headers:
        """Return the headers after a request, None for a rate of which nothing is known."""
        if not self.items:
            return ()
        now = time.time()
        left = [
            b'"%b";r=%d;t=%d' % (name, max(found.remaining, 0), _seconds(found.reset_time - now, item.get_expiry()))
            for name, item, found in zip(self.names, self.items, stats, strict=True)
            if found is not None
        ]
        return (self.policy, (b"ratelimit", b", ".join(left))) if left else (self.policy,)


_policies = functools.lru_cache(4096)(_Policies)


class LocalRate:
    """A bound counted in this process."""

    def __init__(self, rate: str) -> None:
        from limits import storage as storages  # noqa: PLC0415
        from limits import strategies  # noqa: PLC0415

        self._rate = rate
        self._storage = storages.MemoryStorage()
        self._window = strategies.MovingWindowRateLimiter(self._storage)
        self._latest = 0.0

    def count_now(self, caller: str, quota: str = "") -> replies.Headers | None:
        policies = _policies(quota or self._rate)
        return policies.headers(self._stats(policies, caller)) if self._charge(policies, caller) else None

    async def count(self, caller: str, quota: str = "") -> Counted:
        policies = _policies(quota or self._rate)
        charged, stats = self._charge(policies, caller), self._stats(policies, caller)
        refusal = None if charged else _too_often([each.reset_time for each in stats if each.remaining <= 0])
        return Counted(policies.headers(stats), refusal)

    def _charge(self, policies: _Policies, caller: str) -> bool:
        now = time.time()
        if now < self._latest - _STEP_SECONDS:
            self._storage.reset()  # a clock set back would keep callers out until it has caught up
        self._latest = now
        # All rates are tested before one is charged: a refused request uses up none of them.
        if len(policies.items) > 1 and not all(self._window.test(item, caller) for item in policies.items):
            return False
        charged = [self._window.hit(item, caller) for item in policies.items]
        return all(charged)

    def _stats(self, policies: _Policies, caller: str) -> list[limits.WindowStats]:
        return [self._window.get_window_stats(item, caller) for item in policies.items]


class SharedRate:
    """A bound counted by several processes together, in the store at a URI such as "redis://host:6379/0".

    The store says only whether a request is allowed. What is left would be a second question to it, and is left out
    of the headers until nothing is left.
    """

    def __init__(self, rate: str, uri: str) -> None:
        from limits import aio  # noqa: PLC0415
        from limits import storage as storages  # noqa: PLC0415

        options: dict[str, str] = {"implementation": "redispy"} if uri.startswith(("redis", "rediss")) else {}
        storage = storages.storage_from_string(f"async+{uri}", **options)
        self._rate = rate
        self._window = aio.strategies.MovingWindowRateLimiter(storage)
        self._fallback = LocalRate(rate)
        self._retry_at = 0.0

    def count_now(self, caller: str, quota: str = "") -> replies.Headers | None:  # noqa: ARG002 - the protocol's name
        return None if quota or self._rate else ()  # counting takes a round trip

    async def count(self, caller: str, quota: str = "") -> Counted:
        if time.monotonic() < self._retry_at:
            return await self._fallback.count(caller, quota)
        policies = _policies(quota or self._rate)
        try:
            # A store that is stopped keeps its connections, and its library would wait for ever.
            async with asyncio.timeout(_STORE_SECONDS):
                stats = [await self._exhausted(item, caller) for item in policies.items]
        except Exception as error:  # noqa: BLE001 - whatever its client raises: requests go on
            if time.monotonic() >= self._retry_at:  # else a request that waited meanwhile has said it
                name = type(error).__name__
                _log.warning("the store of rates does not answer, each process counts alone: %s", name)
            self._retry_at = time.monotonic() + _RETRY_STORE_SECONDS
            return await self._fallback.count(caller, quota)
        resets = [each.reset_time for each in stats if each is not None]
        return Counted(policies.headers(stats), _too_often(resets) if resets else None)

    async def _exhausted(self, item: limits.RateLimitItem, caller: str) -> limits.WindowStats | None:
        """Count a request; return None, or the state of the rate that does not allow it."""
        if await self._window.hit(item, caller):
            return None
        return await self._window.get_window_stats(item, caller)


def parse(text: str, uri: str, *, quotas: bool = False) -> Rate | None:
    """Return the rate of a setting; None if it is empty and no key can have a quota.

    Raises ``ValueError`` if it is not a rate, or not its storage.
    """
    if not (text or quotas):
        return None
    keys.rates(text)
    from limits.errors import ConfigurationError  # noqa: PLC0415

    try:
        return SharedRate(text, uri) if uri else LocalRate(text)
    except ConfigurationError as error:
        # Not its text, which has the address, with a password.
        if "prerequisite" in str(error):
            raise ValueError("this storage needs a library; for Redis pip install 'gradserve[redis]'") from None
        raise ValueError("this is no storage such as redis://host:6379") from None


def _name(item: limits.RateLimitItem) -> bytes:
    """Return the name of one of several rates: "minute", "2minutes"."""
    unit = item.GRANULARITY.name
    return (unit if item.multiples == 1 else f"{item.multiples}{unit}s").encode()


def _seconds(seconds: float, most: float) -> int:
    """Return whole seconds to wait, at least one: a clock that was set back may say a time in the distant future."""
    return max(1, math.ceil(min(seconds, most)))


def _too_often(resets: Sequence[float]) -> errors.Overloaded:
    seconds = _seconds(max(resets, default=0.0) - time.time(), _DAY_SECONDS)
    return errors.Overloaded("this client asks too often", retry_after_seconds=seconds)
