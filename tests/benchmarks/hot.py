"""A gradient everybody has asked for before: how many a second, and how long one takes.

Every server answers the gradient of the tutorial's function at points that differ from request to request: requests a
second over 16 connections, then the time of one after the other over one. All run at the same time and take turns, in
another order each round. Against them: the same gradient by JAX in the process that asks.
"""

import statistics
from contextlib import ExitStack

from tests.benchmarks import contenders, load, processes, table
from tests.benchmarks.contenders import BARE, GRADSERVE, MODELLED, PLAIN, Contender
from tests.benchmarks.table import Goal, Row, Run

CONNECTIONS = 16
SECONDS, LATENCY_SECONDS = 1.0, 0.6
_POINTS = [[1.0 + n / 7, 2.0 - n / 11, 3.0 + n / 13] for n in range(500)]

Figures = dict[str, list[float]]


def measure(run: Run) -> None:
    """Measure every server in turn, and add the rows."""
    um_bridge, tesseract = contenders.um_bridge(run.peers), contenders.tesseract(run.peers)
    field = [GRADSERVE, um_bridge, tesseract, PLAIN, MODELLED, BARE]
    names = [contender.name for contender in field]
    rates, middles, tails, costs = _empty(names), _empty(names), _empty(names), _empty(names)
    alone: list[float] = []
    with ExitStack() as stack:
        servers = {contender.name: contender.start(stack) for contender in field}
        process = contenders.in_process(run.peers, stack)
        process.order(do="hot", points=_POINTS, seconds=0.2)
        for contender in field:
            _warm(contender, servers[contender.name].port)
        for server in servers.values():
            processes.wait_until_idle(server.pid)
        for turn in range(run.rounds):
            first = turn % len(field)
            for contender in field[first:] + field[:first]:
                server, requests = servers[contender.name], [contender.tutorial(point) for point in _POINTS]
                used = processes.cpu_seconds(server.pid)
                busy = load.closed(server.port, requests, CONNECTIONS, SECONDS)
                used = processes.cpu_seconds(server.pid) - used
                quiet = load.closed(server.port, requests, 1, LATENCY_SECONDS)
                rates[contender.name].append(busy.rate)
                costs[contender.name].append(used / len(busy.latencies) * 1e6)
                middles[contender.name].append(load.percentile(quiet.latencies, 0.5) * 1e6)
                tails[contender.name].append(load.percentile(quiet.latencies, 0.99) * 1e6)
            alone.append(process.order(do="hot", points=_POINTS, seconds=0.3)["seconds"] * 1e6)

    for kind, figures in (("rate", rates), ("p50", middles), ("p99", tails), ("cpu", costs)):
        for name, values in figures.items():
            run.keep(f"hot/{kind}/{name}", values)
    run.keep("hot/in process", alone)
    # Below 1 the machine, and not the server, has set the rate.
    busy = [rate * cost / 1e6 for rate, cost in zip(rates[BARE.name], costs[BARE.name], strict=True)]
    run.keep(f"hot/busy/{BARE.name}", busy)
    goals = {
        um_bridge.name: Goal((2.2, 3.0)),
        tesseract.name: Goal((20.0, 30.0)),
        BARE.name: Goal((0.55, 0.75)),
    }
    for other in field[1:]:
        run.add(_row("hot gradient, 16 connections", rates, "/s", GRADSERVE, other, goals.get(other.name)))
    run.add(_row("hot gradient, 16 connections", rates, "/s", PLAIN, um_bridge))
    beside = (um_bridge, BARE)
    for what, figures in (("1 connection, p50", middles), ("1 connection, p99", tails), ("server's CPU time", costs)):
        if all(figures[BARE.name]):
            run.add(*(_row(f"hot gradient, {what}", figures, "us", GRADSERVE, other) for other in beside))
    run.add(
        Row(
            "hot gradient, 1 connection, p50",
            "jit in process",
            statistics.median(alone),
            "us",
            GRADSERVE.name,
            statistics.median(middles[GRADSERVE.name]),
            table.ratio(alone, middles[GRADSERVE.name]),
        )
    )


def _empty(names: list[str]) -> Figures:
    return {name: [] for name in names}


def _row(what: str, figures: Figures, unit: str, one: Contender, other: Contender, goal: Goal | None = None) -> Row:
    mine, theirs = figures[one.name], figures[other.name]
    return Row(
        what,
        one.name,
        statistics.median(mine),
        unit,
        other.name,
        statistics.median(theirs),
        table.ratio(mine, theirs),
        goal,
    )


def _warm(contender: Contender, port: int) -> None:
    """Check the answers at a few points, and let the server find its pace."""
    for point in _POINTS[:3]:
        _, response = load.ask(port, contender.tutorial(point))
        contender.check(response, contenders.tutorial_gradient(point))
    load.closed(port, [contender.tutorial(point) for point in _POINTS], CONNECTIONS, 0.3)
    contenders.settle(port, contender.tutorial(_POINTS[0]))
