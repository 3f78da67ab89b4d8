"""Second derivatives of every word at round points, where pieces of an implementation meet.

For ``y*f(x)`` the mixed entries of the Hessian are both f'(x), which needs no reference, and the first is y*f''(x),
which is held against second differences in 60-digit arithmetic.
"""

import itertools
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from mpmath import mp, mpf
from numpy.typing import NDArray

from app.language.vocabulary import words
from tests.support import mpmath_functions
from tests.support.service import SyncEngine

Array = NDArray[np.float64]

Y = 1.5
"""The factor; a power of two would hide a rounding."""

_FACTOR = "factor"
_BITS = 2.0**-50
"""How far two entries that must be equal may be apart, in parts of them."""
_DIGITS, _MOST_DIGITS, _STEP_DIGITS = 60, 400, 14
_SECONDS = 24
"""Points of a word where its second derivative is held against the reference, which takes longest."""
_NO_REFERENCE = {"gammainc", "gammaincc", "lowergamma", "uppergamma", "log_ndtr", "fresnelc", "fresnels"}
"""Words whose reference takes for ever, or has too few digits, far out; ``test_special_derivatives`` has another."""
_LONG = {
    "gammainc",
    "gammaincc",
    "lowergamma",
    "uppergamma",
    "k0",
    "k1",
    "k0e",
    "k1e",
    "y0",
    "y1",
    "yn",
    "kn",
    "fresnelc",
    "fresnels",
}
"""Words whose reference takes a second a point: not in the fast set."""
_EDGES = {"root", "nthroot", "li", "Li"}
"""Words whose domain ends where their last argument is 0."""
_CANCEL = {"beta", "binom", "lchoose", "poch", "ff", "gegenbauer", "assoc_laguerre"}
"""Words whose definitions add 1 to an argument, which then has lost digits if it is 1e-8; or terms that cancel."""
_LARGEST, _LEAST = 1e150, 1e-290  # beyond these, an intermediate result may over- or underflow

_AROUND_ZERO = [0.0, 1e-16, 1e-8, 1e-4]
_ROUND = [0.125, 0.25, 0.5, 0.75, 1.0, 1.25, 1.75, 2.0, 2.25, 3.0, 4.5, 5.5, 6.4, 12.8, 16.0, 32.0, 50.0, 360.0, 720.0]
_EIGHTHS = [k / 8 for k in range(1, 81)]
_FAR = [1.28, 6.4, 12.8, 16.0, 17.5, 20.0, 25.0, 32.0, 50.0, 64.0, 100.0, 180.0, 360.0, 699.0, 720.0, 1e4, 1e8, 1e-100]

Points = list[tuple[float, ...]]


def _both(numbers: Sequence[float]) -> Points:
    return [(x,) for x in sorted({*numbers, *[-x for x in numbers]})]


_PLANE = [0.0, 1e-8, 0.25, 0.5, 1.0, 1.75, 2.0, 2.5, 4.0, 6.4, 16.0, 32.0, -0.5, -1.0, -2.25]
_PAIRS: Points = [
    *[(x, x) for x in (1e-8, 0.5, 1.0, 2.25, 16.0, -1.0)],
    *[(2.0, 0.0), (0.0, 2.0), (0.0, 1.0), (3.0, 0.0), (1.0, 2.0), (0.5, 2.5), (2.25, 0.25), (6.4, 3.0), (-0.5, 2.0)],
    *[(2.0, -0.5), (16.0, 12.0), (1.0, 1e-8), (1e-8, 1.0), (32.0, 0.5)],
]
FEW: dict[int, Points] = {
    1: _both([*_AROUND_ZERO, *_ROUND]),
    2: _PAIRS,
    3: [(1.0, 3.0, 0.5), (2.0, 2.0, 0.5), (0.5, 0.25, 0.125), (16.0, 4.0, 0.75), (0.25, 1.0, 1.0)],
}
MANY: dict[int, Points] = {
    1: _both([*_AROUND_ZERO, *_EIGHTHS, *_FAR]),
    2: list(itertools.product(_PLANE, repeat=2)),
    3: list(itertools.product([0.25, 0.5, 1.0, 2.0, 2.25, 16.0], [0.5, 1.0, 3.0, 16.0], [0.125, 0.25, 0.5, 0.875])),
}
"""Points by the number of arguments, for the fast set and for the slow one."""


@dataclass(frozen=True)
class Case:
    """A word called with so many arguments, behind an order if it has one."""

    word: str
    count: int
    order: int | None = None

    def __str__(self) -> str:
        return self.call()

    def args(self) -> list[str]:
        return [f"x{index}" for index in range(self.count)]

    def call(self) -> str:
        first = [] if self.order is None else [str(self.order)]
        return f"{self.word}({', '.join([*first, *self.args()])})"

    def exact(self) -> Callable[..., Any]:
        function = mpmath_functions.function(self.word)
        return function if self.order is None else lambda *point: function(self.order, *point)


_NO_NUMBERS = {"Integer", "logical_and", "logical_or", "logical_not", "logical_xor", "where", "Piecewise"}
_CONDITIONS = {
    *("greater", "greater_equal", "less", "less_equal", "equal", "not_equal"),
    *("isnan", "isinf", "isfinite", "nan_to_num"),
}
_ORDERS = (0, 1, 2, 5)


def _cases() -> list[Case]:
    found = []
    for word in words.ALL:
        name = word.names[0]
        if word.kind == "order":
            found += [Case(name, word.arity[0] - 1, order) for order in _ORDERS]
        elif word.kind == "elementwise" and word not in words.HOST and name not in _NO_NUMBERS | _CONDITIONS:
            found.append(Case(name, word.arity[0]))
    return found


CASES = _cases()


class _OutsideTheDomain(Exception):
    """The reference has no smooth second derivative there."""


@dataclass(frozen=True)
class Derivatives:
    """Numbers of f, and of ``factor*f``, at many points."""

    value: Array  # of f, (points,)
    gradient: Array  # of f, (points, count)
    hessian: Array  # of the product, (points, 1 + count, 1 + count); the factor comes first


def by_numbers(engine: SyncEngine, case: Case, points: Points) -> Derivatives:
    """Return what the service gives for a batch of points."""
    columns = [list(column) for column in zip(*points, strict=True)]
    everything = list(range(case.count))
    single = engine.answer("grad", case.call(), columns, args=case.args(), argnums=everything, in_axes=0)
    product = engine.answer(
        "hessian",
        f"{_FACTOR}*{case.call()}",
        [Y, *columns],
        args=[_FACTOR, *case.args()],
        argnums=list(range(1 + case.count)),
        in_axes=[None, *[0] * case.count],
    )
    hessian = np.array(product.derivative, dtype=np.float64)  # blocks (i, j) of (points,)
    gradient = np.array(single.derivative, dtype=np.float64).T
    return Derivatives(np.array(single.value), gradient, np.moveaxis(hessian, -1, 0))


def by_arrays(engine: SyncEngine, case: Case, points: Points) -> Derivatives:
    """Return the same from the sum over arrays of all points: its Hessian is one for each point."""
    columns = [list(column) for column in zip(*points, strict=True)]
    text, args = f"sum({_FACTOR}*{case.call()})", [_FACTOR, *case.args()]
    asked: dict[str, Any] = {"args": args, "argnums": list(range(1 + case.count))}
    place = [[Y] * len(points), *columns]
    ones = engine.answer("grad", f"sum({case.call()})", columns, args=case.args(), argnums=list(range(case.count)))
    rows = []
    for direction in range(1 + case.count):
        tangents = [[float(index == direction)] * len(points) for index in range(1 + case.count)]
        rows.append(engine.answer("hvp", text, place, direction=tangents, **asked).derivative)
    hessian = np.array(rows, dtype=np.float64)
    gradient = np.array(ones.derivative, dtype=np.float64).T
    value = engine.answer("value", case.call(), columns, args=case.args(), in_axes=0).value
    return Derivatives(np.array(value), gradient, np.moveaxis(hessian, -1, 0))


def second(case: Case, point: tuple[float, ...], i: int, j: int) -> tuple[mpf, mpf]:
    """Return d2f/dxi dxj, and how much of it nobody can know; raise where it jumps.

    That is what two roundings of the arguments change, and the noise of the reference itself.
    """
    function, exact = case.exact(), [mpf(x) for x in point]
    steps = [(abs(x) or 1) * mpf(10) ** -_STEP_DIGITS for x in exact]

    def at(*moves: tuple[int, int]) -> Any:
        moved = list(exact)
        for index, times in moves:
            moved[index] += times * steps[index]
        try:
            value = function(*moved)
        except (ValueError, ZeroDivisionError, NotImplementedError, OverflowError, mp.NoConvergence) as error:
            raise _OutsideTheDomain from error
        if not mp.isfinite(value):
            raise _OutsideTheDomain
        return value

    def difference(c: int) -> Any:
        if i == j:
            left, middle, right = (at((i, c + move)) for move in (-1, 0, 1))
            return (left - 2 * middle + right) / steps[i] ** 2
        d = 3 * c  # away from x = y too
        same = at((i, c + 1), (j, d + 1)) + at((i, c - 1), (j, d - 1))
        return (same - at((i, c + 1), (j, d - 1)) - at((i, c - 1), (j, d + 1))) / (4 * steps[i] * steps[j])

    around = [difference(centre) for centre in (-2, 0, 2)]
    drift = max(abs(around[0] - around[1]), abs(around[2] - around[1]))
    noise = abs(at()) * mpf(10) ** (4 - mp.dps) / (steps[i] * steps[j])
    if noise > 1e-8 * abs(around[1]) and mp.dps < _MOST_DIGITS:
        with mp.workdps(_MOST_DIGITS):
            return second(case, point, i, j)
    if drift > mpf("1e-7") * max(map(abs, around)) + mpf("1e-9") + noise:
        raise _OutsideTheDomain
    return around[1], sum(abs(drift / steps[i] * x) for x in exact) * mpf(2) ** -50 + noise


def wrong_mixed(case: Case, points: Points, found: Derivatives) -> list[str]:
    """Return the mixed entries that are not the first derivatives."""
    wrong = []
    for point, value, slopes, matrix in zip(points, found.value, found.gradient, found.hessian, strict=True):
        if point[-1] == 0 and case.word in _EDGES:
            continue
        for index, slope in enumerate(slopes, 1):
            if not (_moderate(value) and _moderate(slope)):
                continue
            one, other = matrix[0, index], matrix[index, 0]
            off = max(abs(one - slope), abs(other - slope))
            # Where terms cancel, such as at a zero of the derivative, each has the roundings of its terms.
            scale = _BITS * (abs(slope) + abs(value) + max(abs(each) for each in slopes if _moderate(each)))
            near = 1e-10 * abs(slope) * (100 if case.word in _CANCEL else 1) + scale + _LEAST
            if not (off <= near and abs(one - other) <= scale * (1e6 if case.word in _CANCEL else 1) + _LEAST):
                wrong.append(f"{_FACTOR}*{case} at {point}, by x{index - 1}: {one!r} and {other!r} for {slope!r}")
    return wrong


def wrong_seconds(case: Case, points: Points, found: Derivatives) -> list[str]:
    """Return the second derivatives that are not the exact ones."""
    wrong = []
    for point, value, slopes, matrix in zip(points, found.value, found.gradient, found.hessian, strict=True):
        if not all(map(_moderate, [value, *slopes])):
            continue
        for i, j in itertools.combinations_with_replacement(range(case.count), 2):
            try:
                with mp.workdps(_digits(point)):
                    exact, rounding = second(case, point, i, j)
            except _OutsideTheDomain:
                continue
            part = 1e-7 if case.word in _CANCEL else 1e-13
            scale = max(map(abs, slopes)) + 1e-8 * np.abs(matrix[1:, 1:] / Y).max()
            least = 1e-15 if case.word in _CANCEL else _LEAST
            allowed = 1e-6 * abs(exact) + rounding + part * scale + least
            off = [abs(entry / Y - exact) for entry in (matrix[1 + i, 1 + j], matrix[1 + j, 1 + i])]
            if _moderate(exact) and not max(off) <= allowed:
                entries = f"{matrix[1 + i, 1 + j] / Y!r} and {matrix[1 + j, 1 + i] / Y!r}"
                wrong.append(f"{case} at {point}, by x{i} and x{j}: {entries} for {mp.nstr(exact, 17)}")
    return wrong


def _moderate(number: Any) -> bool:
    return bool(mp.isfinite(number) and abs(number) < _LARGEST)


def _digits(point: tuple[float, ...]) -> int:
    least = min((abs(x) for x in point if x), default=1.0)
    return _DIGITS - 2 * min(0, math.floor(math.log10(least)))


WAYS = {"numbers": by_numbers, "arrays": by_arrays}


def some(points: Points, found: Derivatives, count: int) -> tuple[Points, Derivatives]:
    """Return a part of the points, evenly, and what was found there."""
    rows = range(0, len(points), max(1, len(points) // count))
    return [points[row] for row in rows], Derivatives(found.value[rows], found.gradient[rows], found.hessian[rows])


def test_every_word_has_a_reference() -> None:
    assert len(CASES) > 150
    assert {case.word for case in CASES} <= mpmath_functions.names()


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_word_has_its_second_derivatives(engine: SyncEngine, case: Case, way: str) -> None:
    points = FEW[case.count]
    found = WAYS[way](engine, case, points)
    wrong = wrong_mixed(case, points, found)
    if way == "numbers" and case.word not in _LONG:
        wrong += wrong_seconds(case, *some(points, found, 6))
    assert not wrong, "\n".join(wrong)


@pytest.mark.slow
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_word_has_its_second_derivatives_everywhere(engine: SyncEngine, case: Case, way: str) -> None:
    points = MANY[case.count]
    found = WAYS[way](engine, case, points)
    wrong = wrong_mixed(case, points, found)
    if case.word not in _NO_REFERENCE:
        wrong += wrong_seconds(case, *some(points, found, _SECONDS))
    assert not wrong, "\n".join(wrong)
