"""One gradient requested again and again: to have it compiled, or to measure how long it takes."""

from __future__ import annotations

import statistics
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from app.cli import client

if TYPE_CHECKING:
    import httpx

_PAUSE_EVERY = 64  # interpreted requests between two pauses for compilation


@dataclass(slots=True)
class Timings:
    """Times of requests in seconds."""

    first: float = 0.0
    later: defaultdict[str, list[tuple[float, float]]] = field(default_factory=lambda: defaultdict(list))
    """By tier: the time from request to answer, and the part of it that the service reports."""

    def rows(self) -> list[dict[str, Any]]:
        """Return one row for each tier: requests, median and 99th percentile in microseconds, requests per second."""
        rows = []
        for tier, times in self.later.items():
            total, inside = zip(*times, strict=True)
            rows.append(
                {
                    "tier": tier,
                    "requests": len(total),
                    "median_us": round(statistics.median(total) * 1e6, 1),
                    "p99_us": round(sorted(total)[int(0.99 * (len(total) - 1))] * 1e6, 1),
                    "inside_us": round(statistics.median(inside) * 1e6, 1),
                    "per_second": round(len(total) / sum(total), 1),
                }
            )
        return rows


async def measure(
    service: client.Client, document: dict[str, Any], seconds: float, progress: Callable[[float], None]
) -> Timings:
    """Request one gradient for some seconds, one request after the other; pauses for compilation do not count.

    ``progress`` is called with the seconds that have passed.
    """
    timings = Timings()
    start = time.perf_counter()
    await service.post("/v1/grad", document)
    timings.first = time.perf_counter() - start
    began = time.perf_counter()
    while (passed := time.perf_counter() - began) < seconds:
        start = time.perf_counter()
        response = await service.post("/v1/grad", document)
        tier, times = client.tier(response), (time.perf_counter() - start, client.service_seconds(response))
        timings.later[tier].append(times)
        if tier == "interpreted" and len(timings.later[tier]) % _PAUSE_EVERY == 0:
            paused = time.perf_counter()
            await service.wait_until_idle()
            began += time.perf_counter() - paused
        progress(passed)
    return timings


async def warm(service: client.Client, document: dict[str, Any], seconds: float) -> httpx.Response:
    """Request one gradient until it is compiled, for some seconds at most; return the last response."""
    began, count = time.perf_counter(), 0
    while True:
        response = await service.post("/v1/grad", document)
        count += 1
        if client.tier(response) == "compiled" or time.perf_counter() - began > seconds:
            return response
        if count % _PAUSE_EVERY == 0:
            await service.wait_until_idle()
