"""The cost of a request by its kind: processor time of the server, against a server that computes nothing.

One connection, one request after the other, on a core of its own where there are two. No point is asked for twice. The
other server takes the same request and answers with as many bytes, so its cost is the limit for the kind. "In the
engine" is what Server-Timing says of the same answers, the median: reading the text and computing, without the
connection, HTTP and JSON.
"""

from __future__ import annotations

import itertools
import os
import re
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any

from tests.benchmarks import contenders, expressions, load, processes, table, wrk
from tests.benchmarks.contenders import ECHO, GRADSERVE
from tests.benchmarks.processes import Server
from tests.benchmarks.table import Row, Run

_SECONDS = 1.0  # for each kind, round and server
_STEPS = re.compile(r"dur=([0-9.]+)")
_TARGET = re.compile(rb"^POST \S+ ")
_WIDE = 1000
_ROWS = 1000

Made = Callable[[int], bytes]
"""A request by its number; no two are the same."""


@dataclass(slots=True)
class Kind:
    """A kind of request.

    Attributes:
        name: what the table calls it.
        request: makes the requests.
        found: processor time for each request, in microseconds, one figure a round.
        least: the same of the server that computes nothing.
        engine: microseconds of Server-Timing, one for each request.
        sizes: bytes of a request and of an answer.
    """

    name: str
    request: Made
    found: list[float] = field(default_factory=list)
    least: list[float] = field(default_factory=list)
    engine: list[float] = field(default_factory=list)
    sizes: tuple[int, int] = (0, 0)

    def note(self, content: bytes, answer: load.Response) -> None:
        """Note the size of a request and its answer, and the time in the engine."""
        self.sizes = len(content), len(answer.head) + len(answer.body)
        self.engine.append(sum(map(float, _STEPS.findall(answer.header("server-timing")))) * 1e3)

    def to_echo(self, number: int) -> bytes:
        """Return a request to the server that computes nothing."""
        return _TARGET.sub(b"POST /%d " % self.sizes[1], self.request(number), count=1)


def measure(run: Run) -> None:
    """Ask in every way, in turn, and add the rows."""
    numbers = itertools.count(1)
    cores, others = wrk.cores()
    before = os.sched_getaffinity(0)
    with ExitStack() as stack:
        server, echo = GRADSERVE.start(stack, cores=cores), ECHO.start(stack, cores=cores)
        os.sched_setaffinity(0, others)
        stack.callback(os.sched_setaffinity, 0, before)
        kinds = _kinds(run, server)
        for kind in kinds:
            contenders.settle(server.port, kind.request(next(numbers)))
            _cost(server, map(kind.request, numbers), kind.note)
            kind.engine.clear()
        processes.wait_until_idle(server.pid)
        for turn in range(run.rounds):
            first = turn % len(kinds)
            for kind in kinds[first:] + kinds[:first]:
                kind.found.append(_cost(server, map(kind.request, numbers), kind.note))
                kind.least.append(_cost(echo, map(kind.to_echo, numbers), lambda *_: None))
    for kind in kinds:
        what = f"{kind.name} ({kind.sizes[0]:,} B in, {kind.sizes[1]:,} B out)"
        run.keep(f"kinds/{kind.name}", kind.found)
        run.add(table.compare(what, GRADSERVE.name, kind.found, "us", ECHO.name, kind.least))
        run.add(Row("in the engine", GRADSERVE.name, statistics.median(kind.engine), "us"))


def _kinds(run: Run, server: Server) -> list[Kind]:
    data = load.ask(server.port, load.post("/v1/data", {"values": _table()}))[1].json()["data_id"]
    model = {"expression": "mean(log1p(exp(-X @ w)))", "args": ["X", "w"], "data": {"X": {"data": data}}}
    bound = load.ask(server.port, load.post("/v1/functions", model))[1].json()["function_id"]
    registered = {"expression": contenders.TUTORIAL, "args": list(contenders.ARGUMENTS)}
    known = load.ask(server.port, load.post("/v1/functions", registered))[1].json()["function_id"]
    new = _new(run)

    def tutorial(number: int) -> list[float]:
        return [1 + number / 7e6, 2 + number / 11e6, 3 + number / 13e6]

    def post(path: str, document: Callable[[int], dict[str, Any]]) -> Made:
        return lambda number: load.post(path, document(number))

    wide = {"expression": "sum(sin(X)*X)", "args": ["X"]}
    return [
        Kind("gradient of three numbers, hot", lambda number: GRADSERVE.tutorial(tutorial(number))),
        Kind(
            "the same by function id",
            post(f"/v1/functions/{known}/grad", lambda n: {"point": tutorial(n), "argnums": [0, 1, 2]}),
        ),
        Kind("its Hessian", post("/v1/hessian", lambda n: registered | {"point": tutorial(n), "argnums": [0, 1, 2]})),
        Kind(
            f"its gradients at {_ROWS} points",
            post(
                "/v1/grad",
                lambda n: (
                    registered
                    | {
                        "point": [[x + k for k in range(_ROWS)] for x in tutorial(n)],
                        "in_axes": 0,
                        "argnums": [0, 1, 2],
                    }
                ),
            ),
        ),
        Kind(
            f"gradient by an array of {_WIDE} numbers",
            post("/v1/grad", lambda n: wide | {"point": [[1 + n / 7e6 + k / _WIDE for k in range(_WIDE)]]}),
        ),
        Kind(
            f"gradient of a logistic loss of {_ROWS} rows that stay",
            post(f"/v1/functions/{bound}/grad", lambda n: {"point": [tutorial(n)], "argnums": "w"}),
        ),
        Kind("first gradient of a function of 6 to 25 operations", lambda _: next(new)),
    ]


def _table() -> list[list[float]]:
    return [[(k * 37 % 101) / 101, (k * 53 % 97) / 97, (k * 29 % 89) / 89] for k in range(_ROWS)]


def _new(run: Run) -> Iterator[bytes]:
    while True:
        point = run.source.point()
        yield GRADSERVE.request(expressions.text(run.source.function(point)), expressions.NAMES, point)


def _cost(server: Server, requests: Iterator[bytes], note: Callable[[bytes, load.Response], None]) -> float:
    """Ask for some time; return the processor time for each request, in microseconds."""
    connection = load.Connection(server.port)
    try:
        used, count, end = processes.cpu_seconds(server.pid), 0, time.perf_counter() + _SECONDS
        while time.perf_counter() < end:
            content = next(requests)
            note(content, connection.ask(content)[1])
            count += 1
        return (processes.cpu_seconds(server.pid) - used) / count * 1e6
    finally:
        connection.close()
