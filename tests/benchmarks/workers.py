"""One process on a port against two: new texts per second.

The goal is for two idle cores and a generator that is not the limit. So each request is a new text of 60 terms: 1.6 kB
to send and two milliseconds to read, of which the generator takes a few hundredths. Where something else uses the
cores, trust the row of processor time: two processes that spend on an answer what one does are twice as fast on two
cores of their own.
"""

import itertools
from contextlib import ExitStack

from tests.benchmarks import contenders, load, processes, table
from tests.benchmarks.contenders import GRADSERVE
from tests.benchmarks.table import Goal, Run

COUNT = 2
GOAL = Goal((1.7,))

_CONNECTIONS = 16
_SECONDS = 4.0
_TERMS = 60
_TEXTS = 8_000
"""Texts for each round: more than two processes can parse in that time."""
_POINT = [0.5, 1.5, 2.5]
_NAMES = ("x", "y", "z")


def measure(run: Run) -> None:
    """Measure both in turn, and add the rows."""
    rates: dict[int, list[float]] = {1: [], COUNT: []}
    costs: dict[int, list[float]] = {1: [], COUNT: []}
    numbers = itertools.count(run.source.seed)
    with ExitStack() as stack:
        servers = {count: GRADSERVE.start(stack, {"GRADSERVE_WORKERS": str(count)}) for count in rates}
        for count, server in servers.items():
            contenders.wait_for(server, f"gradserve_ready {count}.0", processes.START_SECONDS)
            load.closed(server.port, [_request(number) for number in itertools.islice(numbers, 500)], 4, 0.5)
        for turn in range(run.rounds):
            for count in sorted(servers, reverse=bool(turn % 2)):
                server = servers[count]
                processes.wait_until_idle(server.pid)
                requests = [_request(number) for number in itertools.islice(numbers, _TEXTS)]
                used = processes.cpu_seconds(server.pid)
                outcome = load.closed(server.port, requests, _CONNECTIONS, _SECONDS)
                used = processes.cpu_seconds(server.pid) - used
                rates[count].append(outcome.rate)
                costs[count].append(used / len(outcome.latencies) * 1e6)
    for kind, found in (("rate", rates), ("cost", costs)):
        for count, figures in found.items():
            run.keep(f"workers/{kind}/{count}", figures)
    what, one, several = "unseen texts, 16 connections", "1 process", f"{COUNT} processes"
    run.add(table.compare(what, several, rates[COUNT], "/s", one, rates[1], GOAL))
    if all(costs[COUNT]):
        run.add(table.compare(f"{what}, CPU time of each", several, costs[COUNT], "us", one, costs[1]))


def _request(number: int) -> bytes:
    terms = [f"{number}.{term}*sin({_NAMES[term % 3]})**{term % 4 + 2}" for term in range(_TERMS)]
    return GRADSERVE.request(" + ".join(terms), _NAMES, _POINT)
