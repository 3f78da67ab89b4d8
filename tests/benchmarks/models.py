"""Functions of arrays with their data in the request, against JAX in a process of its own.

The models of ``tests.correctness.models``, one after the other: the first gradient against ``jit(value_and_grad(f))``
called once, and hot ones, JSON to JSON, against ``orjson``, that function and ``orjson`` again. The parameters differ
from request to request, the data do not. The answers must agree.
"""

from __future__ import annotations

import json
import statistics
import tempfile
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from jax import Array

from tests.benchmarks import contenders, load, processes
from tests.benchmarks.contenders import GRADSERVE
from tests.benchmarks.table import Goal, Row, Run
from tests.correctness import models
from tests.correctness.models.model import Model, model

BODIES = 8
"""Points of a model."""

SETTLING = 40
"""Requests for a model before it counts as hot."""

BOUND = 1e-8
"""Difference of the gradients, in parts of the greatest entry."""

COLD, HOT = "jit(value_and_grad(f)) in process, called once", "orjson, jit, orjson in process"
ALLOWANCE_MS = 0.5
"""What a hot request may take beside three times what JAX takes in process."""

_SECONDS = 0.4  # of hot requests, for each model and contender
_TIMEOUT_SECONDS = 60.0


@model("w", lambda rng: {"X": rng.normal(size=(500, 3)), "w": rng.normal(size=3)}, "sum(cos(X @ w)**2)")
def warm_up(X: Array, w: Array) -> Any:  # noqa: N803
    """The first one pays for what is paid once."""
    return (X @ w).sum()


@dataclass(slots=True)
class Times:
    """Milliseconds by model, of gradserve and of JAX in process."""

    mine: list[float] = field(default_factory=list)
    theirs: list[float] = field(default_factory=list)

    def ratios(self) -> list[float]:
        return [mine / theirs for mine, theirs in zip(self.mine, self.theirs, strict=True)]


def measure(run: Run) -> None:
    """Measure model by model, and add the rows."""
    first, hot, names = Times(), Times(), []
    with ExitStack() as stack:
        server = GRADSERVE.start(stack)
        process = contenders.in_process(run.peers, stack)
        connection = stack.enter_context(closing(load.Connection(server.port)))
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bench-")))
        for body in _bodies(warm_up, folder):
            connection.ask(load.post_bytes(GRADSERVE.path, body.read_bytes()))
        for entry in models.ALL:
            bodies = _bodies(entry, folder)
            theirs = process.order(do="model", name=entry.name, paths=list(map(str, bodies)), seconds=_SECONDS)
            processes.wait_until_idle(server.pid)
            try:
                mine = _ask(connection, bodies, server.pid)
            except (load.BadAnswer, TimeoutError) as error:
                run.notes.append(f"{entry.name} was not answered: {str(error)[:160]}")
                continue
            _check(entry, mine["gradient"], theirs["gradient"])
            names.append(entry.name)
            first.mine.append(mine["first"] * 1e3)
            first.theirs.append(theirs["first"] * 1e3)
            hot.mine.append(mine["hot"] * 1e3)
            hot.theirs.append(theirs["hot"] * 1e3)
    _rows(run, first, hot, names)


def _bodies(entry: Model, folder: Path) -> list[Path]:
    """Write requests at points near the model's own; return where they are."""
    rng, paths = np.random.default_rng(0), []
    for number in range(BODIES):
        document = entry.document()
        for name in entry.wanted:
            numbers = np.asarray(document["point"][name], dtype=float)
            document["point"][name] = (numbers * (1 + 1e-3 * rng.normal(size=numbers.shape))).tolist()
        paths.append(folder / f"{entry.name}-{number}.json")
        paths[-1].write_text(json.dumps(document))
    return paths


def _ask(connection: load.Connection, bodies: list[Path], pid: int) -> dict[str, Any]:
    """Return the gradient at the first point, the seconds it took, and the median of hot requests."""
    requests = [load.post_bytes(GRADSERVE.path, body.read_bytes()) for body in bodies]
    seconds, response = connection.ask(requests[0], _TIMEOUT_SECONDS)
    spent, settling = 0.0, 0
    while settling < SETTLING and spent < 4 * _SECONDS:
        spent += connection.ask(requests[settling % BODIES], _TIMEOUT_SECONDS)[0]
        settling += 1
    processes.wait_until_idle(pid)
    connection.ask(requests[1], _TIMEOUT_SECONDS)
    times: list[float] = []
    while sum(times) < _SECONDS or len(times) < BODIES:
        times.append(connection.ask(requests[len(times) % BODIES], _TIMEOUT_SECONDS)[0])
    return {"first": seconds, "hot": statistics.median(times), "gradient": response.json()["gradient"]}


def _check(entry: Model, found: list[Any], expected: list[Any]) -> None:
    for name, mine, theirs in zip(entry.wanted, found, expected, strict=True):
        largest = np.abs(theirs).max()
        if not (np.abs(np.asarray(mine, dtype=float) - np.asarray(theirs)) <= BOUND * largest).all():
            raise RuntimeError(f"the gradient of {entry.name} by {name} is not JAX's")


def _rows(run: Run, first: Times, hot: Times, names: list[str]) -> None:
    for name, times in (("first", first), ("hot", hot)):
        run.keep(f"models/{name}/{GRADSERVE.name}", times.mine)
        run.keep(f"models/{name}/jax", times.theirs)
    run.add(Row("models answered", GRADSERVE.name, len(first.mine), "", "asked", len(models.ALL)))
    what = "first gradient of a model: jit's time over it"
    _add(run, what, first, COLD, 1 / np.array(first.ratios()), (Goal((20.0, 50.0)), Goal((5.0,))), worst=0.1)
    what = "hot gradient of a model, data in the request: its time over jit's"
    goals = (Goal((3.0, 2.0), at_most=True), Goal((3.0,), at_most=True))
    _add(run, what, hot, HOT, np.array(hot.ratios()), goals, worst=0.9)
    beyond = [
        f"{name} was answered hot in {mine:.2f} ms, by JAX in {theirs:.2f} ms"
        for name, mine, theirs in zip(names, hot.mine, hot.theirs, strict=True)
        if mine > 3 * theirs + ALLOWANCE_MS
    ]
    run.notes += beyond
    within = len(names) - len(beyond)
    run.add(Row(f"models hot within 3x + {ALLOWANCE_MS} ms", GRADSERVE.name, within, "", "answered", len(names)))


def _add(run: Run, what: str, times: Times, against: str, ratios: Any, goals: tuple[Goal, Goal], worst: float) -> None:
    """Add the median of the models' ratios, and the one that nine in ten reach; the figures are medians and p90s."""
    for name, quantile, figure, goal in zip(("median", "p90"), (0.5, worst), (0.5, 0.9), goals, strict=True):
        mine, theirs = (float(np.quantile(values, figure)) for values in (times.mine, times.theirs))
        ratio = float(np.quantile(ratios, quantile))
        run.add(Row(f"{what}, {name}", GRADSERVE.name, mine, "ms", against, theirs, ratio, goal))
