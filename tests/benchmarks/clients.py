"""A gradient by UM-Bridge's Python client: from the call in Python to the answer, over the connections of the client.

Each client asks gradserve and the server that its authors ship, turn by turn, another one first each round: for a
gradient, and for a value and the gradient at the same point, as samplers do.
"""

from __future__ import annotations

import time
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any

from tests.benchmarks import contenders, load, processes, table
from tests.benchmarks.contenders import GRADSERVE, TUTORIAL
from tests.benchmarks.processes import Process, Server
from tests.benchmarks.table import Goal, Run

CALLS, WARM_CALLS = 300, 300

GOAL = Goal((1.0,))
"""Goal: not slower."""


@dataclass(slots=True)
class Contestant:
    """One server, and what a client needs to know of it.

    Attributes:
        server: it.
        model: name of the model.
        config: of every call.
        p50: microseconds of a gradient, one figure a round.
        p99: likewise.
        cost: microseconds of processor time the server and all it started use for each, which other work on the
            machine changes less.
        both: microseconds of a value and the gradient there, the median.
    """

    server: Server
    model: str
    config: dict[str, Any]
    p50: list[float] = field(default_factory=list)
    p99: list[float] = field(default_factory=list)
    cost: list[float] = field(default_factory=list)
    both: list[float] = field(default_factory=list)

    def order(self, count: int, *, value: bool = False) -> dict[str, Any]:
        """Return the command for gradients at points that are new."""
        start = time.time() % 1e3
        return {
            "url": f"http://127.0.0.1:{self.server.port}",
            "name": self.model,
            "config": self.config,
            "value": value,
            "points": [[start + n / 7, 2.0 - n / 11, 3.0 + n / 13] for n in range(count)],
        }


def measure(run: Run) -> None:
    """Measure every client, and add the rows."""
    with ExitStack() as stack:
        ours = Contestant(GRADSERVE.start(stack), "gradient", {"expression": TUTORIAL})
        theirs = Contestant(contenders.um_bridge(run.peers).start(stack), "forward", {})
        command = [str(run.peers), "-m", "tests.benchmarks.servers.um_bridge_client"]
        client = stack.enter_context(Process(command, conversing=True))
        contenders.settle(ours.server.port, GRADSERVE.tutorial([1.0, 2.0, 3.0]))
        for asked in (ours, theirs):
            _check(client, asked)
            processes.wait_until_idle(asked.server.pid)
        for turn in range(run.rounds):
            for asked in (ours, theirs) if turn % 2 else (theirs, ours):
                _take_turn(client, asked)
    _report(run, ours, theirs)


def _check(client: Process, asked: Contestant) -> None:
    """Check the answer of a server, and warm it up."""
    order = asked.order(WARM_CALLS)
    found, expected = client.order(do="gradient", **order)["gradient"], order["points"][-1]
    if any(abs(a - b) > 1e-9 * abs(b) for a, b in zip(found, contenders.tutorial_gradient(expected), strict=True)):
        raise RuntimeError(f"{asked.model} answered {found} at {expected}")


def _take_turn(client: Process, asked: Contestant) -> None:
    used = processes.cpu_seconds(asked.server.pid)
    one = client.order(do="gradient", **asked.order(CALLS))["seconds"]
    used = processes.cpu_seconds(asked.server.pid) - used
    two = client.order(do="gradient", **asked.order(CALLS, value=True))["seconds"]
    asked.p50.append(load.percentile(one, 0.5) * 1e6)
    asked.p99.append(load.percentile(one, 0.99) * 1e6)
    asked.cost.append(used / CALLS * 1e6)
    asked.both.append(load.percentile(two, 0.5) * 1e6)


def _report(run: Run, ours: Contestant, theirs: Contestant) -> None:
    for what, kind, goal in (
        ("gradient, p50", "p50", GOAL),
        ("gradient, p99", "p99", None),
        ("gradient, server's CPU time", "cost", None),
        ("value and gradient, p50", "both", GOAL),
    ):
        mine, other = getattr(ours, kind), getattr(theirs, kind)
        run.keep(f"clients/um-bridge/{kind}/gradserve", mine)
        run.keep(f"clients/um-bridge/{kind}/its own server", other)
        if not all(mine):
            continue  # nothing here tells processor time
        named = f"UM-Bridge's client, {what}"
        run.add(table.compare(named, "gradserve", mine, "us", "its own server", other, goal, faster=True))
