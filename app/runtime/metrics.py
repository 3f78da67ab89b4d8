"""Counters, histograms and gauges of a process, in plain dictionaries that are read at each scrape.

Counting a hot request takes 0.6 us of CPU time. The five metric objects of prometheus_client take 3.6 us for the same,
even with their children cached by labels: each has a lock, and a histogram tries its buckets one by one. So the library
only writes the text formats, in ``app.api``.

A snapshot can be written as JSON. Processes that serve together write theirs into one directory, and each of them
publishes the sum. (In prometheus_client's mode for several processes, gauges cannot be functions.)
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import secrets
import tempfile
from bisect import bisect_left
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from app.runtime import events

Labels = tuple[str, ...]
Gauge = Callable[[], float | Mapping[Labels, float]]  # returns the current value, or values by labels
Snapshot = dict[str, dict[Labels, list[float]]]
"""Values by family and labels: [value], or for a histogram the counts of all buckets and the sum of its values."""

BOUNDS = (1e-4, 2.5e-4, 5e-4, 1e-3, 2.5e-3, 5e-3, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
"""Upper bounds of the buckets of a histogram, in seconds. One more bucket is above the last bound."""
_ROW = len(BOUNDS) + 2  # numbers of a histogram: the counts of its buckets, and the sum
_WRITE_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Family:
    """A metric with the names of its labels."""

    name: str  # without the prefix of all metrics
    kind: str  # "counter", "histogram" or "gauge"
    help: str
    labels: Labels = ()


FAMILIES = (
    Family("requests", "counter", "Requests answered, by route and status.", ("route", "status")),
    Family("request_seconds", "histogram", "Time from a request to its answer.", ("route", "tier")),
    Family("cache_requests", "counter", "Queries, by the tier that answered and use of the cache.", ("tier", "result")),
    Family("answer_seconds", "histogram", "Time within the engine, by transform and tier.", ("transform", "tier")),
    Family("points", "counter", "Points at which functions were asked for.", ("tier",)),
    Family("compile_seconds", "histogram", "Time to compile an executable.", ("transform",)),
    Family("derive_seconds", "histogram", "Time to derive formulae."),
    Family("enclose_seconds", "histogram", "Time to enclose the numbers of an answer."),
    Family("worker_restarts", "counter", "Worker processes replaced, by the reason.", ("reason",)),
    Family("disagreements", "counter", "Executables thrown away because their numbers were not the interpreter's."),
    Family("data_evictions", "counter", "Data that had to go, by what was full.", ("reason",)),
    Family("data_bytes", "gauge", "Memory that data that stay take."),
    Family("ready", "gauge", "Processes that take requests."),
    Family("requests_in_flight", "gauge", "Requests under way."),
    Family("queue_length", "gauge", "Work under way or in line, by the threads it needs.", ("pool",)),
    Family("queue_capacity", "gauge", "Places for such work.", ("pool",)),
    Family("formulae_waiting", "gauge", "Formulae being derived or waiting for it."),
    Family("compilations_waiting", "gauge", "Executables being fetched or made, or waiting for it."),
    Family("executables_live", "gauge", "Executables held in memory."),
    Family("functions_known", "gauge", "Functions held in memory, parsed."),
    Family(
        "programs_missing", "gauge", "Programs of the interpreter that are still to be made; none after a first start."
    ),
    Family("workers_alive", "gauge", "Worker processes."),
    Family("memory_maps", "gauge", "Memory maps of the process; the kernel allows some 65,000."),
    Family("resident_bytes", "gauge", "Resident memory of the process."),
)


class Metrics:
    """All metrics of one process. Belongs to one event loop."""

    def __init__(self) -> None:
        self.gauges: dict[str, Gauge] = {}  # by the name of the family
        self.measured: dict[str, Gauge] = {}  # gauges for which the kernel is asked
        self._rows: Snapshot = {family.name: {} for family in FAMILIES if family.kind != "gauge"}
        # One row holds all numbers of requests with the same labels, or of answers. A snapshot splits the rows.
        self._requests: dict[tuple[str, int, str], list[float]] = {}
        self._answers: dict[tuple[str, str, bool], list[float]] = {}

    def request(self, route: str, status: int, tier: str, seconds: float) -> None:
        """Count an answered request."""
        row = self._requests.get((route, status, tier))
        if row is None:
            row = self._requests[route, status, tier] = [0.0] * _ROW
        row[bisect_left(BOUNDS, seconds)] += 1
        row[-1] += seconds

    def observe(self, event: events.Event) -> None:
        """Count an event."""
        if isinstance(event, events.Answered):
            key = event.transform, event.tier, event.hit
            row = self._answers.get(key)
            if row is None:
                row = self._answers[key] = [0.0] * (_ROW + 1)
            row[bisect_left(BOUNDS, event.seconds)] += 1
            row[-2] += event.seconds
            row[-1] += event.points
        elif isinstance(event, events.Compiled):
            self._time("compile_seconds", (event.transform,), event.seconds)
        elif isinstance(event, events.Derived):
            self._time("derive_seconds", (), event.seconds)
        elif isinstance(event, events.Enclosed):
            self._time("enclose_seconds", (), event.seconds)
        elif isinstance(event, events.WorkerReplaced):
            _add(self._rows, "worker_restarts", (event.reason,), [1.0])
        elif isinstance(event, events.DataEvicted):
            _add(self._rows, "data_evictions", (event.reason,), [float(event.count)])
        else:
            _add(self._rows, "disagreements", (), [1.0])

    async def measure(self) -> Snapshot:
        """Return all current values. The kernel is asked in a thread: while memory is mapped it may answer late."""
        return self.snapshot() | await asyncio.to_thread(_current, self.measured)

    def snapshot(self) -> Snapshot:
        """Return all current values but those that are measured."""
        found = total([self._rows])
        for (route, status, tier), row in self._requests.items():
            _add(found, "requests", (route, str(status)), [sum(row[:-1])])
            _add(found, "request_seconds", (route, tier), row)
        for (transform, tier, hit), row in self._answers.items():
            _add(found, "cache_requests", (tier, "hit" if hit else "miss"), [sum(row[:-2])])
            _add(found, "points", (tier,), [row[-1]])
            _add(found, "answer_seconds", (transform, tier), row[:-1])
        return found | _current(self.gauges)

    def _time(self, name: str, labels: Labels, seconds: float) -> None:
        row = self._rows[name].setdefault(labels, [0.0] * _ROW)
        row[bisect_left(BOUNDS, seconds)] += 1
        row[-1] += seconds


def _current(gauges: Mapping[str, Gauge]) -> Snapshot:
    found: Snapshot = {}
    for name, read in gauges.items():
        now = read()
        values = now if isinstance(now, Mapping) else {(): now}
        found[name] = {labels: [value] for labels, value in values.items()}
    return found


def total(snapshots: Iterable[Snapshot]) -> Snapshot:
    """Return the sum of the snapshots of several processes."""
    found: Snapshot = {}
    for snapshot in snapshots:
        for name, rows in snapshot.items():
            found.setdefault(name, {})
            for labels, row in rows.items():
                _add(found, name, labels, row)
    return found


def _add(found: Snapshot, name: str, labels: Labels, row: list[float]) -> None:
    before = found[name].get(labels)
    found[name][labels] = list(row) if before is None else [sum(pair) for pair in zip(before, row, strict=True)]


class SharedDirectory:
    """A directory of the snapshots of all processes that serve together; empty before the first process starts.

    Counters and histograms of a process that has ended still count; its gauges do not. Raises ``OSError`` if the
    directory cannot be created or written.
    """

    def __init__(self, directory: Path) -> None:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=directory).close()
        self._directory = directory
        self._own = directory / f"{os.getpid()}-{secrets.token_hex(4)}.json"

    def write(self, snapshot: Snapshot) -> None:
        """Replace the snapshot of this process; if the disk is full, the last one stays."""
        text = json.dumps({name: [[labels, row] for labels, row in rows.items()] for name, rows in snapshot.items()})
        draft = self._own.with_suffix(".draft")
        with contextlib.suppress(OSError):
            draft.write_text(text)
            draft.replace(self._own)

    def others(self) -> list[Snapshot]:
        """Return the snapshots of the other processes, without those that cannot be read."""
        found = []
        for path in sorted(self._directory.glob("*.json")):
            if path != self._own:
                with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
                    alive = _alive(int(path.stem.partition("-")[0]))
                    found.append(_restored(json.loads(path.read_text()), alive=alive))
        return found


@contextlib.asynccontextmanager
async def write_regularly(metrics: Metrics, directory: SharedDirectory | None) -> AsyncIterator[None]:
    """Write the metrics of this process every second and at the end, if there is a directory."""
    if directory is None:
        yield
        return

    async def write() -> None:
        while True:
            directory.write(await metrics.measure())
            await asyncio.sleep(_WRITE_SECONDS)

    writing = asyncio.ensure_future(write())
    try:
        yield
    finally:
        writing.cancel()
        directory.write(await metrics.measure())


def _restored(document: dict[str, Any], *, alive: bool) -> Snapshot:
    """Return the snapshot of a JSON document, without gauges if its process has ended."""
    families = [family for family in FAMILIES if family.name in document and (alive or family.kind != "gauge")]
    return {family.name: {tuple(labels): row for labels, row in document[family.name]} for family in families}


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True
