"""A gradient of a known function: requests per second, and the time of one.

Every server answers the gradient of the tutorial's function, as a function of three numbers and as one of an array of
three: over 16 connections, then over one. No point is asked for twice. The generator is wrk, in C, on a core of its own
where there are two; the servers share the other core, and all but the one that is asked are idle. They take turns, in
another order each round. Against them: the same gradient by JAX in the process that asks.

The no-ops bound what a service behind ASGI can reach on this server. gradserve runs on the same uvicorn, event loop and
parser, and answers hot requests before they become ASGI (app/api/server/protocol.py), so it could in
principle pass them.
"""

import dataclasses
import functools
import json
import statistics
from contextlib import ExitStack
from dataclasses import dataclass, field

from tests.benchmarks import contenders, load, processes, table, wrk
from tests.benchmarks.contenders import BARE, GRADSERVE, MODELLED, PLAIN, Contender
from tests.benchmarks.processes import Server
from tests.benchmarks.table import Goal, Run

MANY, ONE = 16, 1
"""Connections."""
SECONDS = {MANY: 2.0, ONE: 1.0}
WARM_SECONDS = 2.0
SATURATED = 0.9
"""Share of the time that a server under full load should use a processor."""

_POINTS = [[1.0 + n / 7, 2.0 - n / 11, 3.0 + n / 13] for n in range(500)]
_ARRAY = "5*X[0]**2 + 6*X[1]**2 + 7*X[2]**2"

GOALS = {
    "UM-Bridge's server": Goal((2.5,)),
    "Tesseract's server": Goal((25.0,)),
    BARE.name: Goal((0.65,)),
}
TAIL = Goal((2.0,), at_most=True)
"""Of p99 against p50 over many connections."""


@dataclass(slots=True)
class Measured:
    """The results of one server and form, one figure per round.

    Attributes:
        rate: answers a second over all connections.
        cost: microseconds of processor time for each of them, of the server and all it started.
        p50, p99: microseconds over all connections.
        one: microseconds over one connection, the median.
    """

    rate: list[float] = field(default_factory=list)
    cost: list[float] = field(default_factory=list)
    p50: list[float] = field(default_factory=list)
    p99: list[float] = field(default_factory=list)
    one: list[float] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Entry:
    """A server with a form of the function: its own has one, the service has two."""

    name: str
    contender: Contender
    template: bytes  # a request at ``wrk.PLACE``


def entries(peers: list[Contender]) -> list[Entry]:
    """Return what is measured: gradserve's two forms first."""
    array = load.post(GRADSERVE.path, {"expression": _ARRAY, "args": ["X"], "point": [wrk.PLACE], "argnums": [0]})
    mine = [
        Entry("three numbers", GRADSERVE, GRADSERVE.tutorial(wrk.PLACE)),
        Entry("an array", dataclasses.replace(GRADSERVE, gradient=lambda answer: list(answer["gradient"][0])), array),
    ]
    return mine + [Entry(peer.name, peer, peer.tutorial(wrk.PLACE)) for peer in peers]


def measure(run: Run) -> None:
    """Measure every server in turn, and add the rows."""
    peers = [contenders.um_bridge(run.peers), contenders.tesseract(run.peers), PLAIN, MODELLED, BARE]
    asked = entries(peers)
    found = {entry.name: Measured() for entry in asked}
    alone: list[float] = []
    cores, _ = wrk.cores()
    with ExitStack() as stack:
        servers = {each.name: each.start(stack, cores=cores) for each in (GRADSERVE, *peers)}
        process = contenders.in_process(run.peers, stack, cores)
        process.order(do="hot", points=_POINTS, seconds=0.2)
        for entry in asked:
            _warm(entry, servers[entry.contender.name].port)
        for server in servers.values():
            processes.wait_until_idle(server.pid)
        for turn in range(run.rounds):
            first = turn % len(asked)
            for entry in asked[first:] + asked[:first]:
                _take_turn(entry, servers[entry.contender.name], found[entry.name])
            alone.append(process.order(do="hot", points=_POINTS, seconds=0.3)["seconds"] * 1e6)
    _report(run, found, alone)


def _take_turn(entry: Entry, server: Server, found: Measured) -> None:
    used = processes.cpu_seconds(server.pid)
    many = wrk.run(server.port, entry.template, MANY, SECONDS[MANY])
    used = processes.cpu_seconds(server.pid) - used
    found.rate.append(many.rate)
    found.cost.append(used / many.count * 1e6)
    found.p50.append(many.p50)
    found.p99.append(many.p99)
    found.one.append(wrk.run(server.port, entry.template, ONE, SECONDS[ONE]).p50)


def _report(run: Run, found: dict[str, Measured], alone: list[float]) -> None:
    for name, measured in found.items():
        for kind in ("rate", "cost", "p50", "p99", "one"):
            run.keep(f"hot/{kind}/{name}", getattr(measured, kind))
    run.keep("hot/in process", alone)
    forms, others = list(found)[:2], list(found)[2:]
    for form in forms:
        mine = found[form]
        for name in others:
            what = f"hot gradient of {form}, {MANY} connections"
            run.add(table.compare(what, GRADSERVE.name, mine.rate, "/s", name, found[name].rate, GOALS.get(name)))
        run.add(table.compare("the same, p99", GRADSERVE.name, mine.p99, "us", "its p50", mine.p50, TAIL))
        for kind, what in (("one", "1 connection, p50"), ("cost", "server's CPU time")):
            for name in ("UM-Bridge's server", BARE.name):
                figures, theirs = getattr(mine, kind), getattr(found[name], kind)
                if all(theirs):
                    run.add(
                        table.compare(f"hot gradient of {form}, {what}", GRADSERVE.name, figures, "us", name, theirs)
                    )
    plain, peer = found[PLAIN.name], "UM-Bridge's server"
    run.add(table.compare("hot gradient", PLAIN.name, plain.rate, "/s", peer, found[peer].rate))
    what = "hot gradient, jitted, list in, list out"
    one = found[forms[0]].one
    run.add(table.compare(what, "in process", alone, "us", "gradserve, 1 connection, p50", one))
    _note_load(run, found[BARE.name])


def _note_load(run: Run, floor: Measured) -> None:
    busy = [rate * cost / 1e6 for rate, cost in zip(floor.rate, floor.cost, strict=True)]
    run.keep(f"hot/busy/{BARE.name}", busy)
    if 0.0 < (share := statistics.median(busy)) < SATURATED:
        run.notes.append(
            f"The {BARE.name} was running only {share:.0%} of its time: something else used the machine, and its rate "
            "suffers from that more than others'. Trust the servers' CPU time."
        )


def _warm(entry: Entry, port: int) -> None:
    """Check the answers at a few points, and warm up the server."""
    place = json.dumps(wrk.PLACE).encode()
    head, _, body = entry.template.partition(b"\r\n\r\n")
    path = head.split(b" ", 2)[1].decode()
    at = functools.partial(body.replace, place)
    for point in _POINTS[:3]:
        _, response = load.ask(port, load.post_bytes(path, at(json.dumps(point).encode())))
        entry.contender.check(response, contenders.tutorial_gradient(point))
    # Executables for one point and for many are made while this runs.
    wrk.run(port, entry.template, MANY, WARM_SECONDS)
    contenders.settle(port, entry.template)
    wrk.run(port, entry.template, MANY, WARM_SECONDS)
