"""The first answer to long texts: sums of 1000 and 3000 random terms, about 30 and 90 kB.

A text that takes longer than 60 seconds counts as 60 and ends the measurement. With ``--slow`` the plain service is
asked too.
"""

import statistics
from contextlib import ExitStack

from tests.benchmarks import expressions, load
from tests.benchmarks.contenders import GRADSERVE, PLAIN, Contender
from tests.benchmarks.table import Goal, Row, Run

TERMS = (1000, 3000)
GOALS = (Goal((0.15,), at_most=True, unit=" s"), Goal((0.4,), at_most=True, unit=" s"))

_LIMIT_SECONDS = 60.0
_ENOUGH_SECONDS = 20.0


def measure(run: Run) -> None:
    """Ask for each size a few times, and add the rows."""
    for contender in (GRADSERVE, PLAIN) if run.slow else (GRADSERVE,):
        with ExitStack() as stack:
            port = contender.start(stack).port
            few = _times(run, contender, port, TERMS[0])
            # A server that is still busy with a short text cannot be asked for a long one.
            many = [_LIMIT_SECONDS] if few[-1] >= _LIMIT_SECONDS else _times(run, contender, port, TERMS[1])
        for terms, times, goal in zip(TERMS, (few, many), GOALS, strict=True):
            run.keep(f"large/{terms}/{contender.name}", times)
            what = f"first gradient, sum of {terms} terms" + " (cut off)" * (times[-1] >= _LIMIT_SECONDS)
            goal_of = goal if contender is GRADSERVE else None
            run.add(Row(what, contender.name, statistics.median(times), "s", goal=goal_of))
        run.add(Row("first gradient, the very first of these texts", contender.name, few[0], "s"))
        if max(*few, *many) < _LIMIT_SECONDS:
            each, other = (
                statistics.median(times) / terms * 1e6 for terms, times in zip(TERMS[::-1], (many, few), strict=True)
            )
            what = f"first gradient, time per term of {TERMS[1]}"
            run.add(Row(what, contender.name, each, "us", f"of {TERMS[0]}", other, each / other))


def _times(run: Run, contender: Contender, port: int, terms: int) -> list[float]:
    """Return the seconds for texts of one size."""
    times: list[float] = []
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
