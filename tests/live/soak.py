"""Hours of mixed traffic beside a fuzz: ``python -m tests.live.soak [SECONDS]`` (two hours unless told).

A server answers mixed traffic and a fuzz from one process, and a hot function from another. What must hold at the end:
no answer was a 5xx of ours, the memory of the process tree is flat, and the p99 of the hot function is within twice its
p99 before. A report is printed each minute and at the end; the exit code is 1 if something does not hold.
"""

from __future__ import annotations

import asyncio
import json
import multiprocessing
import os
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count, cycle
from multiprocessing.synchronize import Event
from pathlib import Path
from typing import Any

import httpx

from app.runtime import processes
from tests.benchmarks import load
from tests.live.server import Server, serving
from tests.support import random_requests
from tests.support.documented import examples
from tests.support.traffic import Request, Traffic

SETTLED_SECONDS = 60.0
"""Of traffic, before the memory counts."""
GROWTH_BYTES = 300_000_000
SLOWER = 2.0
"""Bound on p99 beside the traffic, as a multiple of p99 before."""

_HOT_RATE, _HOT_CONNECTIONS = 100.0, 4
_MIXED_RATE, _FUZZ_RATE = 20.0, 5.0
"""Requests a second: about half of what two cores answer."""
_QUIET_SECONDS, _REPORT_SECONDS = 20.0, 60.0
_EXPECTED = {200, 201, 202, 204, 400, 401, 404, 405, 406, 409, 411, 413, 415, 422, 429, 503}
"""A 503 is a refusal of what takes too long on a busy machine; it says when to come again."""


@dataclass
class Report:
    """What a soak has found.

    Attributes:
        statuses: number of answers by status.
        problems: what must not be, in words.
        quiet, beside: p99 of the hot function in seconds: before the traffic, and of each interval beside it.
        bytes: resident memory of the process tree at the end of each interval.
    """

    statuses: Counter[int] = field(default_factory=Counter)
    problems: list[str] = field(default_factory=list)
    quiet: float = 0.0
    beside: list[float] = field(default_factory=list)
    bytes: list[int] = field(default_factory=list)

    @property
    def growth(self) -> int:
        """Bytes the process tree has grown by since the first interval."""
        return self.bytes[-1] - self.bytes[0]

    @property
    def slower(self) -> float:
        """The median p99 of the intervals as a multiple of that before."""
        return sorted(self.beside)[len(self.beside) // 2] / self.quiet

    def __str__(self) -> str:
        answers = ", ".join(f"{number} of {status}" for status, number in sorted(self.statuses.items()))
        return (
            f"{answers}; {self.bytes[-1] / 1e6:.0f} MB, grown by {self.growth / 1e6:.0f} MB; "
            f"p99 of a hot function {self.slower:.2f} times {self.quiet * 1e3:.2f} ms; {len(self.problems)} problems"
        )


def soak(seconds: float, cache: Path, settled: float = SETTLED_SECONDS, interval: float = _REPORT_SECONDS) -> Report:
    """Run a server under mixed traffic and a fuzz for some seconds; return what was found."""
    report = Report()
    processes.wake_at_once()  # what measures waits for no worker of the server
    context = multiprocessing.get_context("spawn")
    with serving(cache) as server:
        port = server.http.base_url.port
        assert port is not None
        _hot(port, _QUIET_SECONDS)  # warms up
        report.quiet = _hot(port, _QUIET_SECONDS)
        ended, results = context.Event(), context.Queue()
        asked = examples(server.http.get("/openapi.json").json())
        traffic = context.Process(target=_traffic, args=(str(server.http.base_url), asked, ended, results))
        traffic.start()
        try:
            _hot(port, settled)
            report.bytes.append(_resident_bytes(server))
            end = time.monotonic() + seconds
            while time.monotonic() < end:
                report.beside.append(_hot(port, min(interval, max(end - time.monotonic(), 1.0))))
                report.bytes.append(_resident_bytes(server))
                print(f"{end - time.monotonic():.0f} s left: {report}", flush=True)  # noqa: T201 - of a command
        finally:
            ended.set()
            statuses, problems = results.get(timeout=300)
            traffic.join()
        report.statuses, report.problems = Counter(statuses), problems
        if server.metric("gradserve_disagreements_total"):
            report.problems.append("two tiers disagreed")
    return report


def _hot(port: int, seconds: float) -> float:
    """Return the p99 of a hot function in seconds, no point twice."""
    requests = (load.post("/v1/grad", {"expression": "sin(x)*y", "point": [1 + n / 7e3, 2.0]}) for n in count())
    stream = load.Stream(requests, _HOT_RATE, _HOT_CONNECTIONS)
    load.paced(port, [stream], seconds)
    assert not stream.failed
    assert not stream.unanswered
    return load.percentile(stream.latencies, 0.99)


def _resident_bytes(server: Server) -> int:
    return sum(map(processes.resident_bytes, server.tree()))


def _traffic(base_url: Any, asked: list[Request], ended: Event, results: Any) -> None:
    """Send mixed traffic and a fuzz until told to end; report the statuses and what must not be.

    Clients know nothing of each other, so the pauses are exponential. Their process has the lowest priority:
    nobody waits while the requests are made.
    """
    if sys.platform == "linux":
        os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
    pauses = random.Random()  # noqa: S311 - not for secrets
    statuses: Counter[int] = Counter()
    problems: list[str] = []

    async def send(requests: Iterator[Request], rate: float, http: httpx.AsyncClient) -> None:
        due = time.monotonic()
        while not ended.is_set():
            path, document = next(requests)
            due += pauses.expovariate(rate)
            await asyncio.sleep(max(0.0, due - time.monotonic()))
            response = await http.post(path, content=json.dumps(document), headers={"Content-Type": "application/json"})
            statuses[response.status_code] += 1
            if response.status_code not in _EXPECTED and len(problems) < 100:
                problems.append(f"{response.status_code} to POST {path} {document!r:.2000}: {response.text:.500}")

    async def run() -> None:
        mixed, fuzz = Traffic(seed=int(time.time())), _fuzz(asked, random.Random())  # noqa: S311 - not for secrets
        async with httpx.AsyncClient(base_url=base_url, timeout=120) as http:
            each = [send(mixed.endless(), _MIXED_RATE / 4, http) for _ in range(4)]
            await asyncio.gather(*each, *(send(fuzz, _FUZZ_RATE / 2, http) for _ in range(2)))

    try:
        asyncio.run(run())
    except Exception as error:  # noqa: BLE001 - told to the other process
        problems.append(repr(error))
    results.put((dict(statuses), problems))


def _fuzz(asked: list[Request], chance: random.Random) -> Iterator[Request]:
    for path, document in cycle(asked):
        yield random_requests.request(chance)
        yield path, random_requests.changed(document, chance)


def main() -> int:
    """Run a soak and print what was found."""
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 7200.0
    with tempfile.TemporaryDirectory() as folder:
        report = soak(seconds, Path(folder))
    print(report, *report.problems, sep="\n")  # noqa: T201 - of a command
    return int(bool(report.problems) or report.growth > GROWTH_BYTES or report.slower > SLOWER)


if __name__ == "__main__":
    sys.exit(main())
