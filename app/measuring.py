"""A function asked again and again: until it is compiled, or to see how long it takes."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from app import asking

_PAUSE_EVERY = 64
"""Requests after which whatever is being compiled is waited for."""


@dataclass(slots=True)
class Timings:
    """How long requests took, in seconds, by the tier that answered.

    Attributes:
        first: the first request.
        whole: from question to answer, by tier, after the first.
        inside: of which the service itself accounts for, by tier.
    """

    first: float = 0.0
    whole: dict[str, list[float]] = field(default_factory=dict)
    inside: dict[str, list[float]] = field(default_factory=dict)

    def add(self, seconds: float, found: asking.Found) -> None:
        """Count a request."""
        self.whole.setdefault(found.tier, []).append(seconds)
        self.inside.setdefault(found.tier, []).append(found.seconds)

    def rows(self) -> list[dict[str, Any]]:
        """Return one row for each tier: requests, medians and 99th percentile in microseconds, requests a second."""
        return [
            {
                "tier": tier,
                "requests": len(whole),
                "median_us": round(statistics.median(whole) * 1e6, 1),
                "p99_us": round(sorted(whole)[int(0.99 * (len(whole) - 1))] * 1e6, 1),
                "inside_us": round(statistics.median(self.inside[tier]) * 1e6, 1),
                "per_second": round(len(whole) / sum(whole), 1),
            }
            for tier, whole in self.whole.items()
        ]


async def measure(
    asker: asking.Asker, document: dict[str, Any], seconds: float, progress: Callable[[float], None]
) -> Timings:
    """Ask one gradient for so many seconds, one after the other; ``progress`` is told how many have passed.

    What a compilation takes meanwhile does not count.
    """
    timings = Timings()
    start = time.perf_counter()
    await asker.ask("/v1/grad", document)
    timings.first = time.perf_counter() - start
    began = time.perf_counter()
    while (passed := time.perf_counter() - began) < seconds:
        start = time.perf_counter()
        found = await asker.ask("/v1/grad", document)
        timings.add(time.perf_counter() - start, found)
        if found.tier == "interpreted" and _is_turn(len(timings.whole[found.tier])):
            paused = time.perf_counter()
            await asker.settle()
            began += time.perf_counter() - paused
        progress(passed)
    return timings


async def warm(asker: asking.Asker, document: dict[str, Any], seconds: float) -> asking.Found:
    """Ask one gradient until it is compiled, or for so many seconds; return the last answer."""
    began, count = time.perf_counter(), 0
    while True:
        found = await asker.ask("/v1/grad", document)
        count += 1
        if found.tier == "compiled" or time.perf_counter() - began > seconds:
            return found
        if _is_turn(count):
            await asker.settle()


def _is_turn(count: int) -> bool:
    return count % _PAUSE_EVERY == 0
