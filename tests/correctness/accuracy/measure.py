"""Errors in units in the last place of the exact result, at points that are exact numbers."""

from __future__ import annotations

import itertools
import math
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from mpmath import mp, mpf

from app.errors import GradserveError
from tests.correctness.accuracy import references
from tests.correctness.accuracy.rows import Point, Row
from tests.support.service import SyncEngine

KINDS = ("value", "first", "second")

_BITS, _MORE_BITS = 420, 1400
_STEP = 80
"""Differences are taken with steps of 2**-80 of the argument, so their own error is near 1e-48."""
_AGREE = mpf(2) ** -60
_SECONDS = 2.0
"""Processor time of a reference, so that a busy machine gives up the same ones."""
_SWING = 1024
_SAFE = 1e100
"""Values up to which a difference of 0 in 5,000 bits means that a derivative is 0."""
_LARGEST, _LEAST = mpf("1.797e308"), mpf("1e-290")
_OUTSIDE = (ValueError, ZeroDivisionError, NotImplementedError, OverflowError, TypeError, mp.NoConvergence)


@dataclass
class Exact:
    """The derivatives of a word at a point; what is not smooth there is missing.

    ``swings`` are how fast each of them changes when an argument x does: the largest of x times the next derivative.
    Where a second derivative is 0 and does not change, it is the first one over x, which its terms are as large as.
    """

    value: mpf | None = None
    first: dict[tuple[int, ...], mpf] = field(default_factory=dict)
    second: dict[tuple[int, ...], mpf] = field(default_factory=dict)
    swings: dict[tuple[int, ...], mpf] = field(default_factory=dict)
    noisy: bool = False  # whether a difference is as small as its own error, so 0 if more digits change nothing


@dataclass(frozen=True)
class Worst:
    """The largest error of a kind, and where it is."""

    ulps: float = 0.0
    point: Point = ()
    found: float = 0.0
    exact: str = ""


class _Slow(ValueError):
    """A reference takes too long."""


@contextmanager
def _bounded() -> Iterator[None]:
    """Give up after ``_SECONDS``. The handler stays, because a late signal would end the process without one."""
    running, end = True, time.thread_time() + _SECONDS

    def stop(*_: Any) -> None:
        left = end - time.thread_time()  # the timer counts other threads, too
        if running and left > 0:
            signal.setitimer(signal.ITIMER_PROF, left)
        elif running:
            raise _Slow

    signal.signal(signal.SIGPROF, stop)
    signal.setitimer(signal.ITIMER_PROF, _SECONDS)
    try:
        yield
    finally:
        running = False
        signal.setitimer(signal.ITIMER_PROF, 0)


def exact(function: Callable[..., mpf], point: Point, precise: bool = True) -> Exact:
    """Return value, first and second derivatives of a function, to 50 digits.

    A function that is not ``precise`` may lose digits where its formula cancels, and is computed with more.
    """
    sizes = [math.frexp(x)[1] for x in point if x]
    bits = (_BITS if precise else _MORE_BITS) + 4 * max([0, *sizes]) + 3 * max([0, *[-size for size in sizes]])
    best = Exact()
    try:
        with _bounded():
            for more in (0, 1000, 4000):
                with mp.workprec(bits + more):
                    best = _exact(function, [mpf(x) for x in point])
                if not best.noisy or abs(best.value or 0) > _SAFE:
                    break
    except _OUTSIDE:
        pass
    if best.noisy and abs(best.value or 0) > _SAFE:
        for found in (best.first, best.second):
            for key in [key for key, number in found.items() if number == 0]:
                del found[key]
    return best


class _Stencil:
    """Values of a function at steps around a place, each computed once."""

    def __init__(self, function: Callable[..., mpf], place: list[mpf]) -> None:
        self._function, self._place = function, place
        self.steps = [min(abs(x) or mpf(1), mpf(1)) * mpf(2) ** -_STEP for x in place]
        self._known: dict[tuple[int, ...], mpf] = {}

    def __call__(self, *moves: tuple[int, int]) -> mpf:
        key = [0] * len(self._place)
        for index, times in moves:
            key[index] += times
        if tuple(key) not in self._known:
            moved = [x + k * h for x, k, h in zip(self._place, key, self.steps, strict=True)]
            value = self._function(*moved)
            if not mp.isfinite(value):
                raise ValueError("not finite")
            self._known[tuple(key)] = value
        return self._known[tuple(key)]


def _exact(function: Callable[..., mpf], place: list[mpf]) -> Exact:
    at = _Stencil(function, place)
    found = Exact(at())
    for i in range(len(place)):
        with suppress(*_OUTSIDE):
            _along(found, at, i, place[i])
    for i, j in itertools.combinations(range(len(place)), 2):
        if (i, i) in found.second and (j, j) in found.second:
            with suppress(*_OUTSIDE):
                _mixed(found, at, i, j)
    _swing(found, place)
    return found


def _along(found: Exact, at: _Stencil, i: int, x: mpf) -> None:
    """Fill in the derivatives by one argument, where the differences to both sides agree."""
    h, middle = at.steps[i], at()
    noise = mpf(2) ** (60 - mp.prec) * abs(middle) / h
    up, down = (at((i, 1)) - middle) / h, (middle - at((i, -1))) / h
    wide = (at((i, 2)) - at((i, -2))) / (4 * h)
    if max(abs(up - down), abs(2 * wide - up - down)) > _AGREE * (abs(up) + abs(down)) + noise:
        return
    found.first[i,] = (up + down) / 2 if abs(up + down) > noise else mpf(0)
    near, far = (up - down) / h, (at((i, 2)) - 2 * middle + at((i, -2))) / (4 * h * h)
    right, left = (at((i, sign)) - (middle + at((i, 2 * sign))) / 2 for sign in (1, -1))
    one_sided = abs(right - left) > _AGREE * (abs(right) + abs(left)) + noise * h
    if abs(near - far) > _AGREE * abs(near) + noise / h or one_sided:
        return
    found.noisy |= abs(near) <= noise / h or abs(up + down) <= noise
    found.second[i, i] = near if abs(near) > noise / h else mpf(0)
    third = (at((i, 2)) - 2 * at((i, 1)) + 2 * at((i, -1)) - at((i, -2))) / (2 * h**3)
    found.swings[i, i] = abs(x * third)


def _mixed(found: Exact, at: _Stencil, i: int, j: int) -> None:
    """Fill in the derivative by two arguments, where the differences in opposite quadrants agree."""
    corners = {(a, b): at((i, a), (j, b)) for a in (1, -1) for b in (1, -1)}
    one = corners[1, 1] - at((i, 1)) - at((j, 1)) + at()
    other = corners[-1, -1] - at((i, -1)) - at((j, -1)) + at()
    noise = mpf(2) ** (60 - mp.prec) * abs(at())
    if abs(one - other) > _AGREE * (abs(one) + abs(other)) + noise:
        return
    both = corners[1, 1] + corners[-1, -1] - corners[1, -1] - corners[-1, 1]
    found.noisy |= abs(both) <= noise
    found.second[i, j] = both / (4 * at.steps[i] * at.steps[j]) if abs(both) > noise else mpf(0)


def _swing(found: Exact, place: list[mpf]) -> None:
    """Fill in how fast the value and the first derivatives change."""
    zero = mpf(0)
    for i, j in itertools.combinations(range(len(place)), 2):
        around = [abs(found.first[k,] / place[m]) for k, m in ((i, j), (j, i)) if place[m] and (k,) in found.first]
        found.swings[i, j] = max([zero, *around])
    found.swings[()] = max([zero, *[abs(place[i] * slope) for (i,), slope in found.first.items()]])
    for (i,) in found.first:
        bends = [(j if k == i else k, bend) for (k, j), bend in found.second.items() if i in {k, j}]
        found.swings[i,] = max([zero, *[abs(place[j] * bend) for j, bend in bends]])
    for (i, j), bend in found.second.items():
        if bend == found.swings.get((i, j), zero) == 0 and place[j]:
            found.swings[i, j] = abs(found.first[i,] / place[j])


def ulps(found: float, true: mpf, swing: mpf) -> float:
    """Return the error in units in the last place of the exact number.

    Near a zero, and where a function oscillates, a number is much less than its swing: what it changes by when an
    argument changes by as much as itself. Its unit is then that of a thousandth of the swing. Below ``_LEAST`` the unit
    is that of it, because intermediate results are 0 there. What is beyond float64 may be infinite or nan.
    """
    if not math.isfinite(found):
        return 0.0 if abs(true) > _LARGEST else math.inf
    size = max(abs(true), swing / _SWING, _LEAST)
    return float(abs(found - true) / mpf(2) ** (int(mp.floor(mp.log(size, 2))) - 52))


def answers(engine: SyncEngine, row: Row, points: Sequence[Point]) -> dict[str, Any]:
    """Return what the service gives at each point: value (points,), first (points, n), second (points, n, n)."""
    try:
        return _batch(engine, row, points)
    except GradserveError:
        each = []
        for point in points:
            try:
                each.append(_batch(engine, row, [point]))
            except GradserveError:
                nothing = np.full((1, row.count, row.count), None)
                each.append({"value": nothing[:, 0, 0], "first": nothing[:, 0], "second": nothing})
        return {kind: np.concatenate([answer[kind] for answer in each]) for kind in KINDS}


def _batch(engine: SyncEngine, row: Row, points: Sequence[Point]) -> dict[str, Any]:
    columns = [list(column) for column in zip(*points, strict=True)]
    asked: dict[str, Any] = {"args": row.args, "in_axes": 0}
    everything = list(range(row.count))
    single = engine.answer("grad", str(row), columns, argnums=everything, **asked)
    twice = engine.answer("hessian", str(row), columns, argnums=everything, **asked)
    second = np.moveaxis(np.array(twice.derivative, dtype=float).reshape(row.count, row.count, -1), -1, 0)
    first = np.array(single.derivative, dtype=float).reshape(row.count, -1).T
    return {"value": np.array(single.value, dtype=float), "first": first, "second": second}


def measure(engine: SyncEngine, row: Row, points: Sequence[Point]) -> dict[str, Worst]:
    """Return the worst error of each kind over these points."""
    everything = errors(engine, row, points)
    return {kind: max(everything[kind], key=lambda each: each.ulps, default=Worst()) for kind in KINDS}


def errors(engine: SyncEngine, row: Row, points: Sequence[Point]) -> dict[str, list[Worst]]:
    """Return every error of each kind."""
    found, function = answers(engine, row, points), row.reference()
    errors: dict[str, list[Worst]] = {kind: [] for kind in KINDS}
    for place, point in enumerate(points):
        true = exact(function, point, references.is_precise(row.word))
        compared: list[tuple[str, Any, mpf, tuple[int, ...]]] = []
        if true.value is not None:
            compared.append(("value", found["value"][place], true.value, ()))
        compared += [("first", found["first"][place, i], slope, (i,)) for (i,), slope in true.first.items()]
        for (i, j), bend in true.second.items():
            for entry in {(i, j), (j, i)}:
                compared.append(("second", found["second"][(place, *entry)], bend, (i, j)))
        for kind, number, right, key in compared:
            refused = row.hosted and (number is None or np.isnan(number))
            if not refused:
                off = ulps(number, right, true.swings.get(key, mpf(0)))
                errors[kind].append(Worst(off, point, float(number), mp.nstr(right, 20)))
    return errors
