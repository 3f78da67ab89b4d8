"""A hot function while new ones arrive: does the first gradient of one client delay the other clients?

200 requests a second for a hot function, first alone, then with 8 functions a second that nobody has seen. Requests
leave on a clock and their time counts from when they were due.
"""

import statistics
from contextlib import ExitStack
from itertools import cycle

from tests.benchmarks import contenders, expressions, load, processes, table
from tests.benchmarks.contenders import GRADSERVE, PLAIN, Contender
from tests.benchmarks.processes import Server
from tests.benchmarks.table import Goal, Row, Run

HOT_RATE, COLD_RATE = 200.0, 8.0
QUIET_SECONDS, MIXED_SECONDS = 2.5, 4.0
GOAL = Goal((3.0, 1.5), at_most=True)

_CONNECTIONS = 16
_POINTS = [[1.0 + n / 7, 2.0 - n / 11, 3.0 + n / 13] for n in range(500)]


def measure(run: Run) -> None:
    """Measure both services in turn, quiet and mixed, and add the rows."""
    field = (GRADSERVE, PLAIN)
    quiet: dict[str, list[list[float]]] = {contender.name: [] for contender in field}
    mixed: dict[str, list[list[float]]] = {contender.name: [] for contender in field}
    arriving: dict[str, list[float]] = {contender.name: [] for contender in field}
    with ExitStack() as stack:
        servers = {contender.name: contender.start(stack) for contender in field}
        for contender in field:
            requests = [contender.tutorial(point) for point in _POINTS]
            load.closed(servers[contender.name].port, requests, 1, 0.3)
            contenders.settle(servers[contender.name].port, requests[0])
        for _ in range(run.rounds):
            for contender in field:
                server = servers[contender.name]
                processes.wait_until_idle(server.pid)
                alone, _ = _hot(run, contender, server, QUIET_SECONDS, 0.0)
                quiet[contender.name].append(alone)
                beside, first = _hot(run, contender, server, MIXED_SECONDS, COLD_RATE)
                mixed[contender.name].append(beside)
                arriving[contender.name] += first

    for label, share in (("p50", 0.5), ("p99", 0.99)):
        for name, turns in quiet.items():
            before = [load.percentile(values, share) * 1e3 for values in turns]
            after = [load.percentile(values, share) * 1e3 for values in mixed[name]]
            run.keep(f"mixed/{label}/quiet/{name}", before)
            run.keep(f"mixed/{label}/{name}", after)
            what = f"hot while {COLD_RATE:g} new ones/s arrive, {label}"
            goal = GOAL if name == GRADSERVE.name and label == "p99" else None
            run.add(table.compare(what, name, after, "ms", "the same, quiet", before, goal))
    for name, times in arriving.items():
        run.keep(f"mixed/arriving/{name}", times)
        run.add(Row("the new ones meanwhile, median", name, statistics.median(times) * 1e3, "ms"))


def _hot(
    run: Run, contender: Contender, server: Server, seconds: float, cold_rate: float
) -> tuple[list[float], list[float]]:
    """Return the seconds for the hot function, and those for the new ones."""
    hot = load.Stream(cycle([contender.tutorial(point) for point in _POINTS]), HOT_RATE, _CONNECTIONS)
    # Made beforehand: the generator has no time for it.
    unseen = [_unseen(run, contender) for _ in range(int(cold_rate * seconds) + 2)]
    cold = load.Stream(iter(unseen), cold_rate, _CONNECTIONS)
    load.paced(server.port, [hot, cold] if cold_rate else [hot], seconds)
    # SymPy's own parser gives up on some functions; that is the plain service's affair, and not measured.
    expected = (hot, cold) if contender is GRADSERVE else (hot,)
    if any(stream.failed or stream.unanswered for stream in expected):
        counts = [(len(stream.latencies), stream.failed, stream.unanswered) for stream in expected]
        raise RuntimeError(f"{contender.name}: (answered, failed, unanswered) are {counts}\n{server.log()}")
    return hot.latencies, cold.latencies


def _unseen(run: Run, contender: Contender) -> bytes:
    point = run.source.point()
    return contender.request(expressions.text(run.source.function(point)), expressions.NAMES, point)
