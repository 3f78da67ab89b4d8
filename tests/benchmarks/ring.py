"""A simulation of replicas behind a hash ring: which replica gets a function, and how often it is compiled there.

``python -m tests.benchmarks.ring`` prints the tables of deploy/sizing/README.md; tests/live/test_proxy.py holds this
against nginx and three replicas.

The ring is nginx's ``hash ... consistent`` (ngx_http_upstream_hash_module.c): 160 points a server, each the CRC-32 of
``HOST \\0 PORT`` and the point before it; a key belongs to the first point at or after its own CRC-32. The cache is a
replica's: least recently used goes. Requests follow Zipf's law, the n-th function being asked in proportion to 1/n**s.
"""

from __future__ import annotations

import bisect
import zlib
from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

_POINTS = 160
"""Points on the ring for each server of weight 1."""


class Ring:
    """Servers on a circle.

    Args:
        servers: "host:port" each, as in nginx's configuration.
    """

    def __init__(self, servers: Sequence[str]) -> None:
        points = sorted((point, server) for server in servers for point in _points(server))
        self._points = [point for point, _ in points]
        self._servers = [server for _, server in points]
        self._count = len(set(servers))

    def order(self, key: bytes) -> list[str]:
        """Return the servers in the order in which a key goes to them, its own first."""
        found: dict[str, None] = {}
        place = bisect.bisect_left(self._points, zlib.crc32(key))
        while len(found) < self._count:
            found[self._servers[place % len(self._points)]] = None
            place += 1
        return list(found)

    def owner(self, key: bytes) -> str:
        """Return the server that a key belongs to."""
        return self._servers[bisect.bisect_left(self._points, zlib.crc32(key)) % len(self._points)]


def _points(server: str) -> Iterable[int]:
    host, _, port = server.rpartition(":")
    point = 0
    for _ in range(_POINTS):
        point = zlib.crc32(b"%b\0%b%b" % (host.encode(), port.encode(), point.to_bytes(4, "little")))
        yield point


class Recent:
    """The keys that a replica holds; the least recently used ones are dropped.

    Args:
        capacity: how many.
    """

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._keys: OrderedDict[int, None] = OrderedDict()

    def ask(self, key: int) -> bool:
        """Return whether a key is held, and hold it."""
        held = key in self._keys
        self._keys[key] = None
        self._keys.move_to_end(key)
        if len(self._keys) > self._capacity:
            self._keys.popitem(last=False)
        return held


def zipf(functions: int, requests: int, exponent: float, seed: int) -> NDArray[np.int64]:
    """Return which function each request is about, int, shape (requests,), 0 being asked most."""
    shares = np.arange(1, functions + 1) ** -exponent
    places = np.searchsorted(np.cumsum(shares), np.random.default_rng(seed).uniform(0, shares.sum(), requests))
    return places.astype(np.int64)


def hit_ratio(requests: Sequence[int], replica: Callable[[int, int], int], replicas: int, capacity: int) -> float:
    """Return the share of requests whose replica holds the function; at first, all caches are full of other functions.

    Args:
        requests: the function of each.
        replica: from the number of a request and its function to the number of the replica that it goes to.
        replicas: how many there are.
        capacity: how many functions each holds.
    """
    held = [Recent(capacity) for _ in range(replicas)]
    hits = sum(held[replica(number, function)].ask(function) for number, function in enumerate(requests))
    return hits / len(requests)
