"""Enclosures in this process, and whether they hold a number of many digits."""

import time
from collections.abc import Sequence
from typing import Any

from mpmath import mp, mpf

from app.autodiff import tape
from app.autodiff.balls import enclosing, ends
from app.language import parse

Pair = tuple[float, float]


def enclosed(
    text: str, args: str, point: Sequence[float], transform: str = "grad", seconds: float = 20.0
) -> list[Pair]:
    """Return enclosures of value and derivative of a function of numbers, flat."""
    names = args.split()
    expression = parse.read(text, names).exactly([()] * len(names))
    parts = []
    for recording in tape.record_cells(expression, exactly=True):
        positions = tape.positions(recording, names, [()] * len(names))
        parts.append((recording.tape, [*[point[each] for each in positions], *recording.constants], positions))
    found = enclosing.enclose(parts, transform, len(names), (), time.monotonic() + seconds)
    return list(zip(found.lower, found.upper, strict=True))


def holds(pair: Pair, reference: Any) -> bool:
    """Return whether an enclosure holds a reference, which has an error of 35 digits."""
    slack = abs(reference) * mpf(10) ** -35 + mpf(10) ** -400
    return bool(mpf(pair[0]) - slack <= reference <= mpf(pair[1]) + slack)


def is_tight(pair: Pair) -> bool:
    return ends.is_tight(*pair)


def partials(function: Any, point: Sequence[float]) -> list[Any]:
    """Return [value, *gradient] of a function of mpmath's numbers, to 45 digits or so."""
    with mp.workdps(60):
        exact = [mpf(x) for x in point]
        found = [function(*exact)]
        for index in range(len(point)):
            order = tuple(int(i == index) for i in range(len(point)))
            found.append(mp.diff(function, tuple(exact), order))
    return found
