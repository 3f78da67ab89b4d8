"""A gradient of a known function: requests per second, and the time of one.

Every server answers the gradient of the tutorial's function at points that differ from request to request: requests a
second over 16 connections, then the time of one after the other over one. All run at the same time and take turns, in
another order each round. Against them: the same gradient by JAX in the process that asks.

The no-ops bound what a service behind ASGI can reach on this server. gradserve runs on the same uvicorn, event loop and
parser, and answers hot requests before they become ASGI (app/api/server/protocol.py), so it could in
principle pass them.
"""

import statistics
from contextlib import ExitStack
from dataclasses import dataclass, field

from tests.benchmarks import contenders, load, processes, table
from tests.benchmarks.contenders import BARE, GRADSERVE, MODELLED, PLAIN, Contender
from tests.benchmarks.processes import Server
from tests.benchmarks.table import Goal, Run

CONNECTIONS = 16
SECONDS, LATENCY_SECONDS = 1.0, 0.6
SATURATED = 0.9
"""Share of the time that a server under full load should use a processor."""

_POINTS = [[1.0 + n / 7, 2.0 - n / 11, 3.0 + n / 13] for n in range(500)]

GOALS = {
    "UM-Bridge's server": Goal((2.2, 3.0)),
    "Tesseract's server": Goal((20.0, 30.0)),
    BARE.name: Goal((0.55, 0.75)),
}


@dataclass(slots=True)
class Measured:
    """The results of one server, one figure per round.

    Attributes:
        rate: answers a second over all connections.
        cost: microseconds of processor time for each of them, of the server and all it started.
        p50: microseconds over one connection.
        p99: likewise.
    """

    rate: list[float] = field(default_factory=list)
    cost: list[float] = field(default_factory=list)
    p50: list[float] = field(default_factory=list)
    p99: list[float] = field(default_factory=list)


def measure(run: Run) -> None:
    """Measure every server in turn, and add the rows."""
    contestants = [
        GRADSERVE,
        contenders.um_bridge(run.peers),
        contenders.tesseract(run.peers),
        PLAIN,
        MODELLED,
        BARE,
    ]
    found = {contender.name: Measured() for contender in contestants}
    alone: list[float] = []
    with ExitStack() as stack:
        servers = {contender.name: contender.start(stack) for contender in contestants}
        process = contenders.in_process(run.peers, stack)
        process.order(do="hot", points=_POINTS, seconds=0.2)
        for contender in contestants:
            _warm(contender, servers[contender.name].port)
        for server in servers.values():
            processes.wait_until_idle(server.pid)
        for turn in range(run.rounds):
            first = turn % len(contestants)
            for contender in contestants[first:] + contestants[:first]:
                _take_turn(contender, servers[contender.name], found[contender.name])
            alone.append(process.order(do="hot", points=_POINTS, seconds=0.3)["seconds"] * 1e6)
    _report(run, found, alone)


def _take_turn(contender: Contender, server: Server, found: Measured) -> None:
    requests = [contender.tutorial(point) for point in _POINTS]
    used = processes.cpu_seconds(server.pid)
    busy = load.closed(server.port, requests, CONNECTIONS, SECONDS)
    used = processes.cpu_seconds(server.pid) - used
    quiet = load.closed(server.port, requests, 1, LATENCY_SECONDS)
    found.rate.append(busy.rate)
    found.cost.append(used / len(busy.latencies) * 1e6)
    found.p50.append(load.percentile(quiet.latencies, 0.5) * 1e6)
    found.p99.append(load.percentile(quiet.latencies, 0.99) * 1e6)


def _report(run: Run, found: dict[str, Measured], alone: list[float]) -> None:
    mine = found[GRADSERVE.name]
    for name, theirs in found.items():
        for kind in ("rate", "cost", "p50", "p99"):
            run.keep(f"hot/{kind}/{name}", getattr(theirs, kind))
        if theirs is not mine:
            what = f"hot gradient, {CONNECTIONS} connections"
            run.add(table.compare(what, GRADSERVE.name, mine.rate, "/s", name, theirs.rate, GOALS.get(name)))
    what, plain, peer = f"hot gradient, {CONNECTIONS} connections", found[PLAIN.name], "UM-Bridge's server"
    run.add(table.compare(what, PLAIN.name, plain.rate, "/s", peer, found[peer].rate))
    run.keep("hot/in process", alone)
    floor = found[BARE.name]
    busy = [rate * cost / 1e6 for rate, cost in zip(floor.rate, floor.cost, strict=True)]
    run.keep(f"hot/busy/{BARE.name}", busy)
    if 0.0 < (share := statistics.median(busy)) < SATURATED:
        run.notes.append(
            f"The {BARE.name} was running only {share:.0%} of its time: something else used the machine, and its rate "
            "suffers from that more than others'. Trust the servers' CPU time."
        )
    for kind, what in (("p50", "1 connection, p50"), ("p99", "1 connection, p99"), ("cost", "server's CPU time")):
        for name in ("UM-Bridge's server", BARE.name):
            one, other = getattr(mine, kind), getattr(found[name], kind)
            if all(other):
                run.add(table.compare(f"hot gradient, {what}", GRADSERVE.name, one, "us", name, other))
    what = "hot gradient, jitted, list in, list out"
    run.add(table.compare(what, "in process", alone, "us", "gradserve, 1 connection, p50", mine.p50))


def _warm(contender: Contender, port: int) -> None:
    """Check the answers at a few points, and warm up the server."""
    for point in _POINTS[:3]:
        _, response = load.ask(port, contender.tutorial(point))
        contender.check(response, contenders.tutorial_gradient(point))
    load.closed(port, [contender.tutorial(point) for point in _POINTS], CONNECTIONS, 0.3)
    contenders.settle(port, contender.tutorial(_POINTS[0]))
