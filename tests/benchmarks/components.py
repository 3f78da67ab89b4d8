"""A gradient by Tesseract's own client: from the call in Python to the answer, over the connection of the client.

It asks gradserve, which gets the function as text with every call, and the server that its authors ship, which holds
it, turn by turn: for a gradient, and for a value and then the gradient there, as programs of JAX do.
"""

from __future__ import annotations

import time
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any

from tests.benchmarks import contenders, load, processes, table
from tests.benchmarks.contenders import GRADSERVE
from tests.benchmarks.processes import Process, Server
from tests.benchmarks.table import Goal, Run

CALLS, WARM_CALLS = 200, 300
GOAL = Goal((1.0,))
"""Goal: not slower."""

_IN_X = "5*X[0]**2 + 6*X[1]**2 + 7*X[2]**2"


@dataclass(slots=True)
class Asked:
    """One server, and what the client needs to know of it.

    Attributes:
        server: it.
        path: of its address.
        inputs: of every call, beside the point.
        output: what is differentiated.
        figures: microseconds by kind, one a round.
    """

    server: Server
    path: str
    inputs: dict[str, Any]
    output: str
    figures: dict[str, list[float]] = field(default_factory=lambda: {"p50": [], "p99": [], "cost": [], "both": []})

    def order(self, count: int, *, value: bool = False) -> dict[str, Any]:
        """Return the command for gradients at points that are new."""
        start = time.time() % 1e3
        return {
            "do": "gradients",
            "url": f"http://127.0.0.1:{self.server.port}{self.path}",
            "inputs": self.inputs,
            "output": self.output,
            "value": value,
            "points": [[start + n / 7, 2.0 - n / 11, 3.0 + n / 13] for n in range(count)],
        }


def measure(run: Run) -> None:
    """Measure both servers, and add the rows."""
    with ExitStack() as stack:
        ours = Asked(GRADSERVE.start(stack), "/tesseract", {"expression": _IN_X}, "value")
        theirs = Asked(contenders.tesseract(run.peers).start(stack), "", {}, "result")
        command = [str(run.peers), "-m", "tests.benchmarks.servers.tesseract_client"]
        client = stack.enter_context(Process(command, conversing=True))
        for asked in (ours, theirs):
            _check(client, asked)
            processes.wait_until_idle(asked.server.pid)
        for turn in range(run.rounds):
            for asked in (ours, theirs) if turn % 2 else (theirs, ours):
                _take_turn(client, asked)
    _report(run, ours, theirs)


def _check(client: Process, asked: Asked) -> None:
    """Check the answer of a server, and warm it up."""
    order = asked.order(WARM_CALLS)
    found, expected = client.order(**order)["gradient"], order["points"][-1]
    if any(abs(a - b) > 1e-9 * abs(b) for a, b in zip(found, contenders.tutorial_gradient(expected), strict=True)):
        raise RuntimeError(f"{asked.path or 'Tesseract'} answered {found} at {expected}")


def _take_turn(client: Process, asked: Asked) -> None:
    used = processes.cpu_seconds(asked.server.pid)
    one = client.order(**asked.order(CALLS))["seconds"]
    used = processes.cpu_seconds(asked.server.pid) - used
    two = client.order(**asked.order(CALLS, value=True))["seconds"]
    asked.figures["p50"].append(load.percentile(one, 0.5) * 1e6)
    asked.figures["p99"].append(load.percentile(one, 0.99) * 1e6)
    asked.figures["cost"].append(used / CALLS * 1e6)
    asked.figures["both"].append(load.percentile(two, 0.5) * 1e6)


def _report(run: Run, ours: Asked, theirs: Asked) -> None:
    for asked, kind, goal in (
        ("gradient, p50", "p50", GOAL),
        ("gradient, p99", "p99", None),
        ("gradient, server's CPU time", "cost", None),
        ("value and gradient, p50", "both", GOAL),
    ):
        mine, other = ours.figures[kind], theirs.figures[kind]
        run.keep(f"components/tesseract/{kind}/gradserve", mine)
        run.keep(f"components/tesseract/{kind}/its own server", other)
        if not all(mine):
            continue  # nothing here tells processor time
        what = f"Tesseract's client, {asked}"
        run.add(table.compare(what, "gradserve", mine, "us", "its own server", other, goal, faster=True))
