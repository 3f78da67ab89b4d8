"""An estimate of replicas, memory, store and network from measured costs.

``python -m tests.benchmarks.sizing`` prints the tables of deploy/sizing/README.md.

Requests follow Zipf's law over all functions. A cache of the C most recently used of them has the hit ratio of Che's
approximation (Che, Tung and Wang 2002): ``sum p_i (1 - exp(-p_i t))`` with the t for which ``sum (1 - exp(-p_i t))`` is
C. With affinity n replicas are one cache of n * C; without it each is one of C.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.settings import Settings

EXPONENT = 0.9
"""Exponent of Zipf's law; between 0.6 and 1 for requests on the web (Breslau et al. 1999)."""

BUSY = 0.6
"""Share of its time that a replica may be busy; above it, requests wait for each other."""

REPLICAS_OF_A_MACHINE = 4
"""Replicas on a machine of 8 cores and 16 GB: one core for requests and one for the compile worker of each."""

RATES = (1, 10, 100, 1_000, 10_000)
FUNCTIONS = (1_000, 10_000, 100_000, 1_000_000, 10_000_000)

_EXACT, _BINS, _AGES = 2_000, 1_000, 600


@dataclass(frozen=True, slots=True)
class Costs:
    """What ``tests.benchmarks.costs`` has measured: microseconds of processor time, and bytes."""

    hot: float = 84.0
    proxy: float = 35.0
    interpreted: float = 515.0
    first: float = 1600.0
    load: float = 2200.0
    rest: float = 650e6
    workers: float = 990e6
    known: float = 7.6e3
    executable: float = 320e3
    stored: float = 15.7e3
    entry: float = 4096.0
    exchanged: float = 655.0


COSTS = Costs()


def _default(setting: str) -> int:
    return int(Settings.model_fields[setting].default)


@dataclass(frozen=True, slots=True)
class Capacities:
    """What a replica and the store hold, in functions: the defaults of the settings."""

    executables: int = _default("executable_max_bytes") // 312_000  # bytes of one, as the service estimates it
    known: int = _default("plan_capacity") // (40 + 15)
    stored_bytes: int = 1 << 30


CAPACITIES = Capacities()


class Popularity:
    """Shares of requests by Zipf's law; functions far down are counted in bins, all of one alike.

    Args:
        functions: how many.
        exponent: of the law.
    """

    def __init__(self, functions: int, exponent: float = EXPONENT) -> None:
        edges = np.arange(1, min(functions, _EXACT) + 2, dtype=float)
        if functions > _EXACT:
            further = np.unique(np.rint(np.geomspace(_EXACT + 1, functions + 1, _BINS)))
            edges = np.concatenate([edges[:-1], further])
        self.counts: NDArray[np.float64] = np.diff(edges)
        middles = np.sqrt(edges[:-1] * (edges[1:] - 1))
        weights = middles**-exponent
        self.shares: NDArray[np.float64] = weights / (weights @ self.counts)

        # From nobody remembered to everybody remembered: what is held, and how much is hit.
        ages = np.geomspace(0.01 / self.shares[0], 40.0 / self.shares[-1], _AGES)
        asked = np.array([-np.expm1(-self.shares * age) for age in ages])
        self._held = asked @ self.counts
        self._hit = asked @ (self.counts * self.shares)

    def hit_ratio(self, capacity: float) -> float:
        """Return the share of requests that a cache of the most recently used functions answers."""
        return float(np.interp(capacity, self._held, self._hit))


@dataclass(frozen=True, slots=True)
class Plan:
    """The estimate for one load.

    Attributes:
        replicas: at least two, so that one may go.
        compiled: share of requests that an executable answers.
        cost: microseconds of a replica for a request.
    """

    replicas: int
    compiled: float
    cost: float

    @property
    def machines(self) -> int:
        """Number of machines for the replicas."""
        return math.ceil(self.replicas / REPLICAS_OF_A_MACHINE)


def cost(popularity: Popularity, replicas: int, *, affinity: bool = True) -> tuple[float, float]:
    """Return the share of requests answered by executables, and microseconds of a replica for a request."""
    together = replicas if affinity else 1
    compiled = popularity.hit_ratio(together * CAPACITIES.executables)
    known = max(compiled, popularity.hit_ratio(together * CAPACITIES.known))
    stored = max(compiled, popularity.hit_ratio(CAPACITIES.stored_bytes / COSTS.stored))
    spent = compiled * COSTS.hot + (known - compiled) * COSTS.interpreted + (1 - known) * COSTS.first
    return compiled, spent + (stored - compiled) * COSTS.load


def plan(rate: float, popularity: Popularity, *, affinity: bool = True) -> Plan:
    """Return the least number of replicas that answer this many requests per second."""
    replicas = 2
    while True:
        compiled, spent = cost(popularity, replicas, affinity=affinity)
        needed = math.ceil(rate * spent / (1e6 * BUSY))
        if needed <= replicas:
            return Plan(replicas, compiled, spent)
        replicas += 1


def memory(functions: int, replicas: int) -> float:
    """Return the bytes of the server and workers of a replica with full caches."""
    share = math.ceil(functions / replicas)
    executables, known = min(share, CAPACITIES.executables), min(share, CAPACITIES.known)
    return COSTS.rest + COSTS.workers + executables * COSTS.executable + known * COSTS.known


def tables() -> str:
    """Return the table of the documents."""
    popularities = {functions: Popularity(functions) for functions in FUNCTIONS}
    rows = [[f"{rate:,}", *[_needed(rate, each) for each in popularities.values()]] for rate in RATES]
    needed = _table(["requests/s", *[f"{functions:,} functions" for functions in FUNCTIONS]], rows)
    held = _table(
        [
            "functions",
            "compiled where asked: 2 replicas",
            "12",
            "12 without affinity",
            "microseconds a request, 12",
            "memory of one of 12",
            "all compiled, in the store",
            "all registered, in the store",
        ],
        [_held(functions, popularity) for functions, popularity in popularities.items()],
    )
    moved = _table(
        ["requests/s", "bytes/s through nginx, on both sides of it", "processors for nginx"],
        [[f"{rate:,}", _size(2 * rate * COSTS.exchanged), f"{rate * COSTS.proxy / 1e6:.2g}"] for rate in RATES],
    )
    return f"{needed}\n\n{held}\n\n{moved}"


def _needed(rate: float, popularity: Popularity) -> str:
    found, without = plan(rate, popularity), plan(rate, popularity, affinity=False)
    return f"{found.replicas} / {without.replicas} on {found.machines}"


def _held(functions: int, popularity: Popularity) -> list[str]:
    (few, _), (many, spent), (without, _) = [
        cost(popularity, replicas, affinity=affinity) for replicas, affinity in ((2, True), (12, True), (12, False))
    ]
    stored = (functions * COSTS.stored, functions * COSTS.entry)
    resident = memory(functions, 12)
    return [
        f"{functions:,}",
        *[f"{share:.0%}" for share in (few, many, without)],
        f"{spent:,.0f}",
        *map(_size, (resident, *stored)),
    ]


def _table(head: list[str], rows: list[list[str]]) -> str:
    return "\n".join(f"| {' | '.join(row)} |" for row in [head, ["---"] * len(head), *rows])


def _size(count: float) -> str:
    for unit in ("B", "kB", "MB", "GB"):
        if count < 1000:
            return f"{count:.3g} {unit}"
        count /= 1000
    return f"{count:.3g} TB"


if __name__ == "__main__":
    print(tables())
