"""Starting, and starting again.

How long until /readyz answers 200 with an empty cache directory, and with the one that start has left, against
importing JAX and FastAPI, which no such service can do without. Then the restart: functions are made hot, the server is
ended and started again with its cache directory, and the first request of each is timed, and how long it takes until
it is answered by its own executable, next to functions that nobody has seen.
"""

import statistics
import sys
import tempfile
from contextlib import ExitStack

from tests.benchmarks import contenders, expressions, load, processes, table
from tests.benchmarks.contenders import GRADSERVE
from tests.benchmarks.table import Row, Run

FUNCTIONS = 12


def measure(run: Run) -> None:
    """Measure starts and restarts, and add the rows."""
    first: list[float] = []
    again: list[float] = []
    imports: list[float] = []
    for _ in range(run.rounds):
        imports.append(processes.seconds_to_run([sys.executable, "-c", "import jax, fastapi"]))
        with tempfile.TemporaryDirectory(prefix="bench-") as kept:
            for starts in (first, again):
                with ExitStack() as stack:
                    starts.append(GRADSERVE.start(stack, {"GRADSERVE_CACHE_DIR": kept}).start_seconds)
    run.keep("restart/imports", imports)
    for label, starts in (("empty cache", first), ("kept cache", again)):
        run.keep(f"restart/ready, {label}", starts)
        run.add(
            Row(
                f"start to /readyz, {label}: gradserve",
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
                contenders.settle(port, request)
        with ExitStack() as stack:
            port = GRADSERVE.start(stack, environment).port
            after = [load.ask(port, request)[0] * 1e3 for request in hot]
            compiled = [contenders.settle(port, request) * 1e3 for request in hot]
            new = [load.ask(port, request)[0] * 1e3 for request in unseen]

    run.keep("restart/first request of a hot function", after)
    run.keep("restart/the same before the restart", before)
    run.keep("restart/then compiled after", compiled)
    run.keep("restart/first request of an unseen function", new)
    what = "first request of a hot function after a restart, median: gradserve"
    for against, reference in (("of an unseen function", new), ("of the same function before", before)):
        middle, other = statistics.median(after), statistics.median(reference)
        run.add(Row(what, middle, "ms", against, other, middle / other))
    what = "until its own executable answers, median: gradserve"
    run.add(Row(what, statistics.median(compiled), "ms"))


def _request(run: Run) -> bytes:
    point = run.source.point()
    return GRADSERVE.request(expressions.text(run.source.function(point)), expressions.NAMES, point)
