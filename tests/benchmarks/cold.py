"""The first gradient of a new function of 6 to 25 operations.

Each function goes to gradserve, to the plain service and to JAX in its own process in turn, to each for the first time:
over HTTP with the text, in process as ``jax.jit(jax.grad(f))`` called once. A second gradserve is given its point by
name, as people write it by hand. The gradients must agree.
"""

import dataclasses
import re
import statistics
from contextlib import ExitStack, closing
from typing import Any

from tests.benchmarks import contenders, expressions, load, processes, table
from tests.benchmarks.contenders import GRADSERVE, PLAIN, Contender
from tests.benchmarks.processes import Process
from tests.benchmarks.table import Goal, Row, Run

FUNCTIONS = 12
"""Functions for each round."""

GOAL = Goal((40.0, 100.0))
JIT = "jit(grad(f)) in process"


def _body_by_name(expression: str, arguments: list[str], point: list[float]) -> dict[str, Any]:
    """Return a request that does not list the arguments: they are the names in the text."""
    entries = zip(arguments, point, strict=True)
    named = {name: entry for name, entry in entries if re.search(rf"\b{name}\b", expression)}
    return {"expression": expression, "point": named, "argnums": list(named)}


def _gradient_by_name(answer: Any) -> list[float]:
    names = [answer["args"][index] for index in answer["argnums"]]
    partials = dict(zip(names, answer["gradient"], strict=True))
    return [partials.get(name, 0.0) for name in expressions.NAMES]


BY_NAME = dataclasses.replace(
    GRADSERVE, name="gradserve, point by name", body=_body_by_name, gradient=_gradient_by_name
)


def measure(run: Run) -> None:
    """Measure all in turn, function by function, and add the rows."""
    asked_over_http = (GRADSERVE, BY_NAME, PLAIN)
    times: dict[str, list[list[float]]] = {name: [] for name in (*(each.name for each in asked_over_http), JIT)}
    with ExitStack() as stack:
        servers = [(contender, contender.start(stack)) for contender in asked_over_http]
        process = contenders.in_process(run.peers, stack)
        for turn in range(run.rounds + 1):
            for turns in times.values():
                turns.append([])
            # The first turn, a short one, pays for what is paid once.
            with ExitStack() as connected:
                asked = [
                    (contender, server.pid, connected.enter_context(closing(load.Connection(server.port))))
                    for contender, server in servers
                ]
                for _ in range(FUNCTIONS if turn else 2):
                    _ask(run, process, asked, times)

    middles = {name: [statistics.median(values) for values in turns[1:]] for name, turns in times.items()}
    pooled = {name: [value for values in turns[1:] for value in values] for name, turns in times.items()}
    for name, values in pooled.items():
        run.keep(f"cold/{name}", values)
    pairs = ((GRADSERVE.name, JIT), (BY_NAME.name, JIT), (GRADSERVE.name, PLAIN.name), (PLAIN.name, JIT))
    for name, other in pairs:
        goal = GOAL if (name, other) == pairs[0] else None
        what = "first gradient of an unseen function, median"
        run.add(table.compare(what, name, middles[name], "ms", other, middles[other], goal, faster=True))
    for name, other in pairs:
        mine_p95, theirs_p95 = (load.percentile(pooled[each], 0.95) for each in (name, other))
        what = "first gradient of an unseen function, p95"
        run.add(Row(what, name, mine_p95, "ms", other, theirs_p95, theirs_p95 / mine_p95))


def _ask(
    run: Run, process: Process, asked: list[tuple[Contender, int, load.Connection]], times: dict[str, list[list[float]]]
) -> None:
    """Ask every service for the gradient of one new function, and note the milliseconds."""
    point = run.source.point()
    tree = run.source.function(point)
    alone = process.order(do="cold", tree=tree, point=point)
    times[JIT][-1].append(alone["seconds"] * 1e3)
    for contender, pid, connection in asked:
        try:
            seconds, response = connection.ask(contender.request(expressions.text(tree), expressions.NAMES, point))
        except load.BadAnswer:
            # SymPy's own parser gives up on some functions; that is the plain service's affair, and not measured.
            if contender is not PLAIN:
                raise
            continue
        contender.check(response, alone["gradient"])
        times[contender.name][-1].append(seconds * 1e3)
        processes.wait_until_idle(pid)
