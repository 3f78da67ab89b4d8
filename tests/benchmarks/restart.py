"""Starting, and starting again.

How long until /readyz answers 200 with an empty cache directory, and with the one that start has left, against
importing JAX and FastAPI, which no such service can do without. Then the restart: functions are made hot, the server is
ended and started again with its cache directory, and the first request of each is timed, next to functions that nobody
has seen. Cache-Status says whether its own executable has answered.
"""

import statistics
import sys
import tempfile
from contextlib import ExitStack, closing

from tests.benchmarks import contenders, expressions, load, processes, table
from tests.benchmarks.contenders import GRADSERVE
from tests.benchmarks.table import Row, Run

FUNCTIONS = 12
STARTS = 3

_LABELS = ("a hot function after a restart", "unseen function", "before the restart")


def measure(run: Run) -> None:
    """Measure starts and restarts, and add the rows."""
    first: list[float] = []
    again: list[float] = []
    stops: list[float] = []
    imports: list[float] = []
    for _ in range(min(run.rounds, STARTS)):
        imports.append(processes.seconds_to_run([sys.executable, "-c", "import jax, fastapi"]))
        with tempfile.TemporaryDirectory(prefix="bench-") as kept:
            for starts in (first, again):
                with ExitStack() as stack:
                    server = GRADSERVE.start(stack, {"GRADSERVE_CACHE_DIR": kept}, settle=False)
                starts.append(server.start_seconds)
                stops.append(server.stop_seconds)
    run.keep("restart/imports", imports)
    for label, starts in (("empty cache", first), ("kept cache", again)):
        run.keep(f"restart/ready, {label}", starts)
        what = f"start to /readyz, {label}"
        run.add(table.compare(what, GRADSERVE.name, starts, "s", "import jax, fastapi", imports))
    run.keep("restart/stop", stops)
    run.add(Row("SIGTERM to ended", GRADSERVE.name, statistics.median(stops), "s"))
    _again(run)


def _again(run: Run) -> None:
    hot = [_request(run) for _ in range(FUNCTIONS)]
    unseen = [_request(run) for _ in range(FUNCTIONS)]
    with tempfile.TemporaryDirectory(prefix="bench-") as kept:
        environment = {"GRADSERVE_CACHE_DIR": kept}
        with ExitStack() as stack:
            port = GRADSERVE.start(stack, environment, settle=False).port
            before = _first(port, hot)
            for request in hot:
                load.closed(port, [request], 1, 0.05)
                contenders.settle(port, request)
        with ExitStack() as stack:
            port = GRADSERVE.start(stack, environment, settle=False).port
            after = _first(port, hot)
            settled = [contenders.settle(port, request) * 1e3 for request in hot]
            new = _first(port, unseen)

    answers = dict(zip(_LABELS, (after, new, before), strict=True))
    times = {label: [seconds * 1e3 for seconds, _ in asked] for label, asked in answers.items()}
    for label, values in times.items():
        run.keep(f"restart/{label}", values)
    middle, *others = (statistics.median(values) for values in times.values())
    for label, other in zip(_LABELS[1:], others, strict=True):
        what = "first request after a restart, median"
        run.add(Row(what, GRADSERVE.name, middle, "ms", label, other, middle / other))
    at_once = sum(contenders.compiled(response) for _, response in after)
    run.add(Row("of these by their own executable", GRADSERVE.name, at_once, f"of {FUNCTIONS}"))
    run.keep("restart/own executable after", settled)
    run.add(Row("the others by their own executable after, at most", GRADSERVE.name, max(settled), "ms"))


def _first(port: int, requests: list[bytes]) -> list[tuple[float, load.Response]]:
    """Send one request after the other; return seconds and answers."""
    with closing(load.Connection(port)) as connection:
        return [connection.ask(request) for request in requests]


def _request(run: Run) -> bytes:
    point = run.source.point()
    return GRADSERVE.request(expressions.text(run.source.function(point)), expressions.NAMES, point)
