"""Starting, and starting again.

How long until /readyz answers 200, against importing JAX and FastAPI, which no such service can do without. Then the
restart: functions are made hot on a server with a cache directory, the server is ended and started again, and the
first request of each is timed, and how long it takes until it is answered by its own executable, next to functions
that nobody has seen.
"""

import statistics
import sys
import tempfile
import time
from contextlib import ExitStack

from tests.benchmarks import expressions, load, processes, table
from tests.benchmarks.contenders import GRADSERVE
from tests.benchmarks.table import Row, Run

FUNCTIONS = 12
_TIMES_ASKED = 200
_SETTLE_SECONDS = 5.0


def measure(run: Run) -> None:
    """Measure starts and restarts, and add the rows."""
    starts, imports = [], []
    for _ in range(run.rounds):
        imports.append(processes.seconds_to_run([sys.executable, "-c", "import jax, fastapi"]))
        with ExitStack() as stack:
            starts.append(GRADSERVE.start(stack).start_seconds)
    run.keep("restart/ready", starts)
    run.keep("restart/imports", imports)
    run.add(
        Row(
            "start to /readyz: gradserve",
            statistics.median(starts),
            "s",
            "importing jax and fastapi",
            statistics.median(imports),
            table.ratio(starts, imports),
        )
    )
    _again(run)


def _again(run: Run) -> None:
    hot = [_request(run) for _ in range(FUNCTIONS)]
    unseen = [_request(run) for _ in range(FUNCTIONS)]
    with tempfile.TemporaryDirectory(prefix="bench-") as kept:
        environment = {"GRADSERVE_CACHE_DIR": kept}
        with ExitStack() as stack:
            port = GRADSERVE.start(stack, environment).port
            before = [load.ask(port, request)[0] * 1e3 for request in hot]
            for request in hot:
                load.closed(port, [request], 1, 0.05)
                _settle(port, request)
        with ExitStack() as stack:
            server = GRADSERVE.start(stack, environment)
            after = [load.ask(server.port, request)[0] * 1e3 for request in hot]
            compiled = [_settle(server.port, request) * 1e3 for request in hot]
            new = [load.ask(server.port, request)[0] * 1e3 for request in unseen]

    run.keep("restart/first request of a hot function", after)
    run.keep("restart/the same before the restart", before)
    run.keep("restart/then compiled after", compiled)
    run.keep("restart/first request of an unseen function", new)
    what = "first request of a hot function after a restart, median: gradserve"
    for against, reference in (("of an unseen function", new), ("of the same function before", before)):
        middle, other = statistics.median(after), statistics.median(reference)
        run.add(Row(what, middle, "ms", against, other, middle / other))
    run.add(
        Row("start to /readyz with the kept cache: gradserve", server.start_seconds, "s"),
        Row("all of them compiled again, after their first request", max(compiled), "ms"),
    )


def _settle(port: int, request: bytes) -> float:
    """Ask until the answer comes from the function's own executable, and return the seconds that took."""
    start = time.perf_counter()
    while (passed := time.perf_counter() - start) < _SETTLE_SECONDS:
        _, response = load.ask(port, request)
        if "compiled" in response.header("cache-status"):
            break
    return passed


def _request(run: Run) -> bytes:
    point = run.source.point()
    return GRADSERVE.request(expressions.text(run.source.function(point)), expressions.NAMES, point)
