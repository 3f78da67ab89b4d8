"""The first answer to long texts: sums of 1000 and 3000 random terms, about 30 and 90 kB.

A text that takes longer than 60 seconds counts as 60, and ends the measurement of its size: the server is still busy
with it. With ``--slow`` the plain service is asked too.
"""

import statistics
from contextlib import ExitStack

from tests.benchmarks import expressions, load
from tests.benchmarks.contenders import GRADSERVE, PLAIN, Contender
from tests.benchmarks.table import Goal, Row, Run

TERMS = (1000, 3000)
GOALS = {1000: Goal((0.4,), at_most=True, unit=" s"), 3000: Goal((1.2,), at_most=True, unit=" s")}

_LIMIT_SECONDS = 60.0
_ENOUGH_SECONDS = 5.0


def measure(run: Run) -> None:
    """Ask for each size a few times, and add the rows."""
    for contender in (GRADSERVE, PLAIN) if run.slow else (GRADSERVE,):
        found = {terms: _times(run, contender, terms) for terms in TERMS}
        for terms, times in found.items():
            run.keep(f"large/{terms}/{contender.name}", times)
            goal = GOALS[terms] if contender is GRADSERVE else None
            late = " (cut off)" if max(times) >= _LIMIT_SECONDS else ""
            what = f"first gradient, sum of {terms} terms{late}: {contender.name}"
            run.add(Row(what, statistics.median(times), "s", goal=goal))
        few, many = (statistics.median(found[terms]) for terms in TERMS)
        what = f"first gradient, time per term of {TERMS[1]}: {contender.name}"
        run.add(Row(what, many / TERMS[1] * 1e6, "us", f"of {TERMS[0]}", few / TERMS[0] * 1e6, many / few / 3))


def _times(run: Run, contender: Contender, terms: int) -> list[float]:
    """Return the seconds that texts of one size took, each on a server that has seen none."""
    times: list[float] = []
    with ExitStack() as stack:
        port = contender.start(stack).port
        while len(times) < run.rounds and sum(times) < _ENOUGH_SECONDS:
            trees, point = run.source.terms(terms), run.source.point()
            text = " + ".join(expressions.text(tree) for tree in trees)
            try:
                seconds, response = load.ask(port, contender.request(text, expressions.NAMES, point), _LIMIT_SECONDS)
            except TimeoutError:
                return [*times, _LIMIT_SECONDS]
            _check(contender, response, trees, point)
            times.append(seconds)
    return times


def _check(contender: Contender, response: load.Response, trees: list[expressions.Tree], point: list[float]) -> None:
    value, expected = response.json()["value"], sum(expressions.value(tree, point) for tree in trees)
    if abs(value - expected) > 1e-9 * max(1.0, abs(expected)):
        raise RuntimeError(f"{contender.name} answered {value} where {expected} is right")
