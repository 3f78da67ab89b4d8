"""Who may ask, and how often: the headers of a request to its caller, or an error.

A key comes as ``Authorization: Bearer KEY`` (RFC 6750), as the password of ``Authorization: Basic`` (RFC 7617), or as
``X-API-Key: KEY``. A caller is the digest of the key, or without keys the client's address; everything that is counted
is counted by caller. An IPv6 caller is the /64 network: who has one address there has all of them.

The rate is a moving window (the library ``limits``), in memory, or where all replicas see it, in Redis. A store that
cannot be reached must not take the service with it: meanwhile each process counts for itself.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import ipaddress
import logging
import math
import time
from collections.abc import Sequence
from typing import Any, Protocol

import limits
from limits import aio, strategies
from limits import storage as storages

from app import errors

_log = logging.getLogger("gradserve")

Headers = Sequence[tuple[bytes, bytes]]
Client = tuple[str, int] | None
"""Address and port, as in an ASGI scope."""

_PROBES = frozenset({"/healthz", "/readyz"})
_OPEN = _PROBES | {"/", "/docs", "/openapi.json", "/v1/limits", "/v1/errors", "/v1/language"}
_OPEN_FOLDERS = ("/docs/assets/", "/web/")
"""What needs no key: it computes nothing, and tells what every server of this version tells. All else is closed."""

UNCOUNTED = _PROBES | {"/metrics"}
"""What may be asked as often as anybody likes."""

CALLER = "gradserve.caller"
"""Where a scope carries the caller."""

_RETRY_STORE_SECONDS = 10.0
_STEP_SECONDS = 1.0


_SCHEMES = {
    "bearer": {"type": "http", "scheme": "bearer"},
    "basic": {"type": "http", "scheme": "basic", "description": "The password is the key, the user is ignored."},
    "header": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
}


def describe(document: dict[str, Any]) -> None:
    """Say in an OpenAPI document how a key is sent, and what needs none."""
    document.setdefault("components", {})["securitySchemes"] = _SCHEMES
    document["security"] = [{name: []} for name in _SCHEMES]
    for path, methods in document["paths"].items():
        for operation in methods.values() if is_open(path) else ():
            operation["security"] = []


class Gate:
    """Tells callers apart, and keeps out who has no key or asks too often.

    Args:
        keys: those that open it; without any it is open.
        trusted: networks of proxies whose X-Forwarded-For is believed.
        rate: bounds how often a caller may ask.

    Attributes:
        plain: whether everybody is let through.
        keyed: whether a key is needed.
    """

    def __init__(self, keys: Sequence[str] = (), trusted: Sequence[str] = (), rate: Rate | None = None) -> None:
        self._keys = tuple(hashlib.sha256(key.encode()).digest() for key in keys)
        self._trusted = tuple(ipaddress.ip_network(network) for network in trusted)
        self._rate = rate or NoRate()
        self.plain = not (keys or trusted or rate)
        self.keyed = bool(keys)

    def caller(self, path: str, headers: Headers, client: Client) -> str:
        """Return who asks.

        Raises:
            errors.Unauthorized: no key where one is needed, another one, or an Authorization that makes no sense.
        """
        if self._keys and not is_open(path):
            return self._holder(_presented(headers))
        return _network(self._address(headers, client))

    async def count(self, path: str, caller: str) -> None:
        """Count a request.

        Raises:
            errors.Overloaded: the caller asks too often.
        """
        if path not in UNCOUNTED:
            await self._rate.count(caller)

    def count_now(self, caller: str) -> bool:
        """Count a request to a computing route without waiting; False if it must be counted by ``count``."""
        return self._rate.count_now(caller)

    def _holder(self, key: bytes) -> str:
        digest = hashlib.sha256(key).digest()
        # All of them, each in constant time: the time tells neither whether one fits nor which.
        found = [hmac.compare_digest(digest, known) for known in self._keys]
        if not any(found):
            raise errors.Unauthorized("this key is not known")
        return "key:" + digest.hex()[:16]

    def _address(self, headers: Headers, client: Client) -> str:
        """Return the address of the client, or, behind trusted proxies, the nearest one that is none of theirs."""
        address = client[0] if client else ""
        if not self._trusted or not self._trusts(address):
            return address
        hops = b",".join(value for name, value in headers if name == b"x-forwarded-for").decode("latin-1").split(",")
        for hop in reversed(hops):
            if _parsed(hop.strip()) is None:
                break
            address = hop.strip()
            if not self._trusts(address):
                break
        return address

    def _trusts(self, address: str) -> bool:
        parsed = _parsed(address)
        return parsed is not None and any(parsed in network for network in self._trusted)


class Rate(Protocol):
    """Bounds how often a caller may ask."""

    async def count(self, caller: str) -> None:
        """Count a request, or raise ``errors.Overloaded``."""

    def count_now(self, caller: str) -> bool:
        """Count a request without waiting; False if that cannot be done, or the caller asks too often."""


class NoRate:
    """No bound."""

    async def count(self, caller: str) -> None:
        pass

    def count_now(self, caller: str) -> bool:  # noqa: ARG002 - the protocol's name
        return True


class LocalRate:
    """A bound kept in this process.

    Args:
        rate: as ``limits`` writes it, "5/second" or "100 per 2 minutes; 1000/day".
    """

    def __init__(self, rate: str) -> None:
        self._items = limits.parse_many(rate.replace(",", ";"))
        self._storage = storages.MemoryStorage()
        self._window = strategies.MovingWindowRateLimiter(self._storage)
        self._latest = 0.0

    def count_now(self, caller: str) -> bool:
        now = time.time()
        if now < self._latest - _STEP_SECONDS:
            self._storage.reset()  # a clock set back would keep callers out until it is there again
        self._latest = now
        # All are asked before one is charged: a request that is refused uses up nothing.
        if len(self._items) > 1 and not all(self._window.test(item, caller) for item in self._items):
            return False
        charged = [self._window.hit(item, caller) for item in self._items]
        return all(charged)

    async def count(self, caller: str) -> None:
        if not self.count_now(caller):
            resets = [self._window.get_window_stats(item, caller) for item in self._items]
            raise _too_often([stats.reset_time for stats in resets if stats.remaining <= 0])


class SharedRate:
    """A bound that several processes keep together.

    Args:
        rate: as for ``LocalRate``.
        uri: where, such as "redis://host:6379/0".
    """

    def __init__(self, rate: str, uri: str) -> None:
        options: dict[str, str] = {"implementation": "redispy"} if uri.startswith(("redis", "rediss")) else {}
        storage = storages.storage_from_string(f"async+{uri}", **options)
        self._items = limits.parse_many(rate.replace(",", ";"))
        self._window = aio.strategies.MovingWindowRateLimiter(storage)
        self._alone = LocalRate(rate)
        self._retry = 0.0

    def count_now(self, caller: str) -> bool:  # noqa: ARG002 - asking takes a round trip
        return False

    async def count(self, caller: str) -> None:
        if time.monotonic() < self._retry:
            await self._alone.count(caller)
            return
        try:
            resets = [await self._reset(item, caller) for item in self._items]
        except Exception as error:  # noqa: BLE001 - whatever its client raises: requests go on
            self._retry = time.monotonic() + _RETRY_STORE_SECONDS
            _log.warning("the store of rates cannot be reached, each process counts alone: %s", type(error).__name__)
            await self._alone.count(caller)
            return
        if any(resets):
            raise _too_often([reset for reset in resets if reset])

    async def _reset(self, item: limits.RateLimitItem, caller: str) -> float:
        """Count a request; return 0, or when there is room again."""
        if await self._window.hit(item, caller):
            return 0.0
        return (await self._window.get_window_stats(item, caller)).reset_time


def rate(text: str, uri: str) -> Rate | None:
    """Return the bound of a setting, None for an empty one.

    Raises:
        ValueError: not a rate.
    """
    if not text:
        return None
    return SharedRate(text, uri) if uri else LocalRate(text)


def _too_often(resets: Sequence[float]) -> errors.Overloaded:
    # A day at most: what a clock that was set says of the distant future helps nobody.
    seconds = min(max(resets, default=0.0) - time.time(), 86_400.0)
    return errors.Overloaded("this client asks too often", retry_after_seconds=max(1, math.ceil(seconds)))


def is_open(path: str) -> bool:
    """Return whether a path needs no key."""
    return path in _OPEN or path.startswith(_OPEN_FOLDERS)


def _presented(headers: Headers) -> bytes:
    """Return the key in the headers of a request."""
    authorizations = [value for name, value in headers if name == b"authorization"]
    if authorizations:
        if len(authorizations) > 1:
            raise errors.Unauthorized("there is more than one Authorization header")
        return _credentials(authorizations[0])
    keys = [value for name, value in headers if name == b"x-api-key"]
    if len(keys) != 1 or not keys[0]:
        raise errors.Unauthorized("this needs a key", hint="send Authorization: Bearer KEY, or X-API-Key: KEY")
    return keys[0]


def _credentials(authorization: bytes) -> bytes:
    """Return the key in an Authorization header (RFC 9110, section 11.4)."""
    scheme, _, value = authorization.strip().partition(b" ")
    value = value.strip()
    if scheme.lower() == b"bearer" and value and b" " not in value:
        return value
    if scheme.lower() == b"basic":
        try:
            _, colon, password = base64.b64decode(value, validate=True).partition(b":")
        except binascii.Error:
            colon = password = b""
        if colon and password:
            return password
    hint = "send Authorization: Bearer KEY, or Basic with the key as password"
    raise errors.Unauthorized("the Authorization header is malformed", hint=hint)


def _parsed(address: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(address)
    except ValueError:
        return None


def _network(address: str) -> str:
    """Return what an address is counted as."""
    if ":" not in address:
        return address
    parsed = _parsed(address.partition("%")[0])
    if not isinstance(parsed, ipaddress.IPv6Address):
        return address
    if parsed.ipv4_mapped is not None:
        return str(parsed.ipv4_mapped)
    return str(ipaddress.ip_network((parsed, 64), strict=False))
