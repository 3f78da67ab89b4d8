"""Memory after many distinct functions: resident bytes of the whole process tree.

Measured after 500 and after 3500 functions nobody has seen, so that what is bounded has filled up before the first,
and what a start leaves for later (the programs for batches and long functions) has been made.
"""

from contextlib import ExitStack

from tests.benchmarks import expressions, load, processes
from tests.benchmarks.contenders import GRADSERVE
from tests.benchmarks.table import Goal, Row, Run

BEFORE, AFTER = 500, 3500
GOAL = Goal((60.0,), at_most=True, unit=" MB")
_PATIENCE = 3


def measure(run: Run) -> None:
    """Ask for many functions, and add the row."""
    with ExitStack() as stack:
        server = GRADSERVE.start(stack)
        sizes = [processes.memory_bytes(server.pid) / 1e6]
        connection = load.Connection(server.port)
        stack.callback(connection.close)
        for asked in range(1, AFTER + 1):
            point = run.source.point()
            tree = run.source.function(point)
            connection.ask(GRADSERVE.request(expressions.text(tree), expressions.NAMES, point))
            if asked == BEFORE:
                for _ in range(_PATIENCE):
                    processes.wait_until_idle(server.pid)
            if asked % BEFORE == 0:
                sizes.append(processes.memory_bytes(server.pid) / 1e6)
    run.keep(f"memory/every {BEFORE} functions", sizes)
    what = f"resident memory after {AFTER} distinct functions"
    run.add(Row(what, GRADSERVE.name, sizes[-1], "MB", f"after {BEFORE}", sizes[1], sizes[-1] / sizes[1]))
    what = f"resident memory that the last {AFTER - BEFORE} of them added"
    run.add(Row(what, GRADSERVE.name, sizes[-1] - sizes[1], "MB", goal=GOAL))
