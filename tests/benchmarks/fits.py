"""Fits: what they cost against the same evaluations sent one by one, and what they cost everybody else.

A fit of some 200 evaluations is one request. Without it a client runs the search itself and asks for 200 gradients, one
after the other on one connection; what its search takes is not counted. Then 50 fits of seconds each arrive at once, on
as many connections: how long do ``/healthz`` and a hot gradient take meanwhile? A fit that finds the queue full is
refused, which is what happens to most of them, and asked again.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from itertools import cycle
from typing import Any

from tests.benchmarks import contenders, load, table
from tests.benchmarks.contenders import GRADSERVE
from tests.benchmarks.processes import Server
from tests.benchmarks.table import Goal, Run

EVALUATIONS = 200
FITS = 50
QUIET_SECONDS, FITTING_SECONDS = 2.5, 4.0
RATE, CONNECTIONS = 100.0, 8
GOAL = Goal((2.0,), at_most=True)

VALLEY = "sum(100*(X[1:] - X[:-1]**2)**2 + (1 - X[:-1])**2)"
"""Rosenbrock's function; a search of 10 numbers takes some 200 evaluations, one of 30 without gradients many more."""
REGRESSION = "sum((y - X[0]*exp(-X[1]*t) - X[2]*exp(-X[3]*t))**2)"
"""Of 1000 rows: flat, so that a search goes on for hundreds of evaluations."""

_ROWS = 1000
_SETTLE_SECONDS = 0.5
_HEALTH = load.get("/healthz")


def measure(run: Run) -> None:
    """Measure both, and add the rows."""
    with ExitStack() as stack:
        server = GRADSERVE.start(stack)
        for what, fit, gradient in _pairs(server):
            _compare(run, server, what, fit, gradient)
        _beside(run, server)


def endless() -> bytes:
    """Return a fit that goes on until its time is up."""
    return _fit({"expression": VALLEY, "point": [[0.5] * 30], "method": "Nelder-Mead"}, None)


def _fit(function: dict[str, Any], evaluations: int | None, path: str = "/v1/minimize") -> bytes:
    return load.post(path, function | {"tolerance": 1e-15, "max_evaluations": evaluations})


def _pairs(server: Server) -> Iterator[tuple[str, bytes, Callable[[list[float]], bytes]]]:
    """Yield a fit, and a gradient of the same function."""
    method = {"method": "CG"}
    start = [-1.2, 1.0] * 5
    valley = {"expression": VALLEY, "args": ["X"]}
    yield (
        "10 numbers",
        _fit(valley | method | {"point": [start]}, EVALUATIONS),
        lambda x: load.post("/v1/grad", valley | {"point": [x]}),
    )
    draw = random.Random(0)  # noqa: S311 - numbers to fit
    t = [n / _ROWS for n in range(_ROWS)]
    y = [draw.random() for _ in t]
    function, point = {"expression": REGRESSION, "args": ["X", "t", "y"], "argnums": [0]}, [1.0, 1.0, 0.5, 2.0]
    yield (
        f"{_ROWS} rows in each request",
        _fit(function | method | {"point": [point, t, y]}, EVALUATIONS),
        lambda x: load.post("/v1/grad", function | {"point": [x, t, y]}),
    )
    bound = {"expression": REGRESSION, "args": ["X", "t", "y"], "data": {"t": t, "y": y}}
    _, registered = load.ask(server.port, load.post("/v1/functions", bound))
    path = f"/v1/functions/{registered.json()['function_id']}"
    yield (
        f"{_ROWS} rows that stay",
        _fit(method | {"point": [point]}, EVALUATIONS, f"{path}/minimize"),
        lambda x: load.post(f"{path}/grad", {"point": [x]}),
    )


def _compare(run: Run, server: Server, what: str, fit: bytes, gradient: Callable[[list[float]], bytes]) -> None:
    """Time one request for a fit, and as many for gradients as it has computed."""
    connection = load.Connection(server.port)
    together, single = [], []
    try:
        _, response = connection.ask(fit)
        found = response.json()
        x = found["x"] if isinstance(found["x"][0], float) else found["x"][0]
        count = found["evaluations"]
        if count < EVALUATIONS // 2:
            raise RuntimeError(f"a fit of {what} ended after {count} evaluations: {found['message']}")
        requests = [gradient([each * (1 + n * 1e-6) for each in x]) for n in range(count)]
        for _ in range(1 + run.rounds):
            together.append(1e3 * connection.ask(fit)[0])
            began = time.perf_counter()
            for request in requests:
                connection.ask(request)
            single.append(1e3 * (time.perf_counter() - began))
    finally:
        connection.close()
    run.keep(f"fits/{what}/one request", together[1:])
    run.keep(f"fits/{what}/one by one", single[1:])
    label = f"a fit of {count} evaluations, {what}"
    against = f"{count} requests for gradients"
    run.add(table.compare(label, GRADSERVE.name, together[1:], "ms", against, single[1:]))


def _beside(run: Run, server: Server) -> None:
    requests = [GRADSERVE.tutorial([1.0 + n / 7, 2.0 - n / 11, 3.0 + n / 13]) for n in range(500)]
    load.closed(server.port, requests, 1, 0.3)
    contenders.settle(server.port, requests[0])
    load.ask(server.port, _HEALTH)
    hot: dict[str, list[list[float]]] = {"quiet": [], "fits": []}
    health: dict[str, list[list[float]]] = {"quiet": [], "fits": []}
    for _ in range(run.rounds):
        for name, seconds in (("quiet", QUIET_SECONDS), ("fits", FITTING_SECONDS)):
            with fitting(server.port, FITS if name == "fits" else 0):
                streams = [load.Stream(cycle(each), RATE, CONNECTIONS) for each in (requests, [_HEALTH])]
                load.paced(server.port, streams, seconds)
            if any(stream.failed or stream.unanswered for stream in streams):
                raise RuntimeError(f"requests failed beside fits\n{server.log()}")
            hot[name].append(streams[0].latencies)
            health[name].append(streams[1].latencies)
    for what, found in (("a hot gradient", hot), ("/healthz", health)):
        for label, share in (("p50", 0.5), ("p99", 0.99)):
            quiet, beside = ([load.percentile(turn, share) * 1e3 for turn in found[name]] for name in ("quiet", "fits"))
            run.keep(f"fits/{label}/{what}/quiet", quiet)
            run.keep(f"fits/{label}/{what}", beside)
            goal = GOAL if label == "p99" else None
            title = f"{what} beside {FITS} fits at once, {label}"
            run.add(table.compare(title, GRADSERVE.name, beside, "ms", "the same, quiet", quiet, goal))


@contextmanager
def fitting(port: int, count: int) -> Iterator[None]:
    """Send fits, each on a connection of its own, and close these at the end of the block, which ends the fits."""
    connections = [load.Connection(port) for _ in range(count)]
    for connection in connections:
        connection.send(endless(), 0.0)
    time.sleep(_SETTLE_SECONDS)
    try:
        yield
    finally:
        for connection in connections:
            connection.close()
        time.sleep(_SETTLE_SECONDS)
