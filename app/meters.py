"""What happens inside as numbers that only grow, and a few that do not: plain dictionaries, read when somebody asks.

Adding to one costs a fraction of a microsecond, so the hot path can afford it; whoever publishes them translates. A
snapshot is JSON, so processes that serve together can lay theirs into one directory and each can tell the sum.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import secrets
from bisect import bisect_left
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from app import telemetry

Labels = tuple[str, ...]
Gauge = Callable[[], float | Mapping[Labels, float]]
"""What tells how things are now: a number, or numbers by labels."""
Snapshot = dict[str, dict[Labels, list[float]]]
"""For each family and its labels: [value], or of a histogram the counts of all buckets and the sum."""

BOUNDS = (1e-4, 2.5e-4, 5e-4, 1e-3, 2.5e-3, 5e-3, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
"""Upper bounds of the buckets of a histogram, in seconds; above the last is one more."""


_ROW = len(BOUNDS) + 2
"""The numbers of a histogram: its buckets, and the sum."""

_WRITE_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Family:
    """Numbers of one name.

    Attributes:
        name: without the prefix that all have.
        kind: "counter", "histogram" or "gauge".
        help: one line.
        labels: names of its labels.
    """

    name: str
    kind: str
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
    Family("worker_restarts", "counter", "Worker processes replaced, by the reason.", ("reason",)),
    Family("disagreements", "counter", "Executables thrown away because their numbers were not the interpreter's."),
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


class Meters:
    """All numbers of one process. Belongs to one event loop.

    Attributes:
        gauges: by the names of their families.
    """

    def __init__(self) -> None:
        self.gauges: dict[str, Gauge] = {}
        self._counts: dict[str, defaultdict[Labels, float]] = {
            family.name: defaultdict(float) for family in FAMILIES if family.kind == "counter"
        }
        self._times: dict[str, dict[Labels, list[float]]] = {
            family.name: {} for family in FAMILIES if family.kind == "histogram"
        }
        # What every request adds to is one row for all that is known of it; a snapshot takes it apart.
        self._requests: dict[tuple[str, int, str], list[float]] = {}
        self._answers: dict[tuple[str, str, bool], list[float]] = {}

    def request(self, route: str, status: int, tier: str, seconds: float) -> None:
        """Count an answered request."""
        row = self._requests.get((route, status, tier))
        if row is None:
            row = self._requests[route, status, tier] = [0.0] * _ROW
        row[bisect_left(BOUNDS, seconds)] += 1
        row[-1] += seconds

    def observe(self, event: telemetry.Event) -> None:
        """Count an event."""
        if isinstance(event, telemetry.Answered):
            key = event.transform, event.tier, event.hit
            row = self._answers.get(key)
            if row is None:
                row = self._answers[key] = [0.0] * (_ROW + 1)
            row[bisect_left(BOUNDS, event.seconds)] += 1
            row[-2] += event.seconds
            row[-1] += event.points
        elif isinstance(event, telemetry.Compiled):
            self._time("compile_seconds", (event.transform,), event.seconds)
        elif isinstance(event, telemetry.Derived):
            self._time("derive_seconds", (), event.seconds)
        elif isinstance(event, telemetry.WorkerReplaced):
            self._counts["worker_restarts"][event.reason,] += 1
        else:
            self._counts["disagreements"][()] += 1

    def snapshot(self) -> Snapshot:
        """Return everything as it is now."""
        found: Snapshot = {
            name: {labels: [value] for labels, value in counts.items()} for name, counts in self._counts.items()
        }
        found |= {name: {labels: list(row) for labels, row in rows.items()} for name, rows in self._times.items()}
        for (route, status, tier), row in self._requests.items():
            _add(found, "requests", (route, str(status)), [sum(row[:-1])])
            _add(found, "request_seconds", (route, tier), row)
        for (transform, tier, hit), row in self._answers.items():
            _add(found, "cache_requests", (tier, "hit" if hit else "miss"), [sum(row[:-2])])
            _add(found, "points", (tier,), [row[-1]])
            _add(found, "answer_seconds", (transform, tier), row[:-1])
        for name, read in self.gauges.items():
            now = read()
            found[name] = {
                labels: [value] for labels, value in (now if isinstance(now, Mapping) else {(): now}).items()
            }
        return found

    def _time(self, name: str, labels: Labels, seconds: float) -> None:
        row = self._times[name].get(labels)
        if row is None:
            row = self._times[name][labels] = [0.0] * _ROW
        row[bisect_left(BOUNDS, seconds)] += 1
        row[-1] += seconds


def add(snapshots: Iterable[Snapshot]) -> Snapshot:
    """Return the sum of what several processes tell."""
    total: Snapshot = {}
    for snapshot in snapshots:
        for name, rows in snapshot.items():
            total.setdefault(name, {})
            for labels, row in rows.items():
                _add(total, name, labels, row)
    return total


def _add(total: Snapshot, name: str, labels: Labels, row: list[float]) -> None:
    before = total[name].get(labels)
    total[name][labels] = list(row) if before is None else [sum(pair) for pair in zip(before, row, strict=True)]


class Together:
    """A directory in which processes that serve together lay their snapshots.

    What a process that has ended counted stays counted; what it measured, its gauges, went with it.

    Args:
        directory: for these alone, of one user, and emptied before the first of them starts.
    """

    def __init__(self, directory: Path) -> None:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._directory = directory
        self._own = directory / f"{os.getpid()}-{secrets.token_hex(4)}.json"

    def write(self, snapshot: Snapshot) -> None:
        """Lay down a snapshot of this process in place of its last; a disk that is full keeps the last."""
        text = json.dumps({name: [[labels, row] for labels, row in rows.items()] for name, rows in snapshot.items()})
        draft = self._own.with_suffix(".draft")
        with contextlib.suppress(OSError):
            draft.write_text(text)
            draft.replace(self._own)

    def others(self) -> list[Snapshot]:
        """Return the snapshots of the others."""
        found = []
        for path in sorted(self._directory.glob("*.json")):
            if path != self._own:
                with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
                    found.append(
                        _restored(json.loads(path.read_text()), alive=_alive(int(path.stem.partition("-")[0])))
                    )
        return found


@contextlib.asynccontextmanager
async def shared(counted: Meters, together: Together | None) -> AsyncIterator[None]:
    """Lay down the meters of this process every second, and at the end, if there is a directory for them."""
    if together is None:
        yield
        return

    async def lay_down() -> None:
        while True:
            together.write(counted.snapshot())
            await asyncio.sleep(_WRITE_SECONDS)

    writing = asyncio.ensure_future(lay_down())
    try:
        yield
    finally:
        writing.cancel()
        together.write(counted.snapshot())


def _restored(document: dict[str, Any], *, alive: bool) -> Snapshot:
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
