"""The first gradient of a function nobody has seen, of 6 to 25 operations.

Each function goes to gradserve, to the plain service and to JAX in its own process in turn, to each for the first time:
over HTTP with the text, in process as ``jax.jit(jax.grad(f))`` called once. The gradients must agree.
"""

import statistics
from contextlib import ExitStack

from tests.benchmarks import contenders, expressions, load, table
from tests.benchmarks.contenders import GRADSERVE, PLAIN
from tests.benchmarks.table import Goal, Row, Run

FUNCTIONS = 12
"""For each round."""

JIT = "jax.jit(jax.grad(f)) in process"


def measure(run: Run) -> None:
    """Measure all three in turn, function by function, and add the rows."""
    times: dict[str, list[list[float]]] = {name: [] for name in (GRADSERVE.name, PLAIN.name, JIT)}
    with ExitStack() as stack:
        servers = [(contender, contender.start(stack)) for contender in (GRADSERVE, PLAIN)]
        process = contenders.in_process(run.peers, stack)
        for turn in range(run.rounds + 1):
            for turns in times.values():
                turns.append([])
            # The first turn, a short one, pays for what is paid once.
            for _ in range(FUNCTIONS if turn else 2):
                point = run.source.point()
                tree = run.source.function(point)
                alone = process.order(do="cold", tree=tree, point=point)
                times[JIT][-1].append(alone["seconds"] * 1e3)
                for contender, server in servers:
                    request = contender.request(expressions.text(tree), expressions.NAMES, point)
                    seconds, response = load.ask(server.port, request)
                    contender.check(response, alone["gradient"])
                    times[contender.name][-1].append(seconds * 1e3)

    middles = {name: [statistics.median(values) for values in turns[1:]] for name, turns in times.items()}
    pooled = {name: [value for values in turns[1:] for value in values] for name, turns in times.items()}
    for name, values in pooled.items():
        run.keep(f"cold/{name}", values)
    for name, other, goal in (
        (GRADSERVE.name, JIT, Goal((40.0, 100.0))),
        (GRADSERVE.name, PLAIN.name, None),
        (PLAIN.name, JIT, None),
    ):
        run.add(
            Row(
                f"first gradient of an unseen function, median: {name}",
                statistics.median(middles[name]),
                "ms",
                other,
                statistics.median(middles[other]),
                table.ratio(middles[other], middles[name]),
                goal,
            )
        )
        tail, tail_of_other = (load.percentile(pooled[each], 0.95) for each in (name, other))
        run.add(
            Row(
                f"first gradient of an unseen function, p95: {name}",
                tail,
                "ms",
                other,
                tail_of_other,
                tail_of_other / tail,
            )
        )
