"""The words that are measured, how they are called, and at which points."""

from __future__ import annotations

import itertools
import math
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from mpmath import mpf

from app.language.vocabulary import words
from tests.correctness.accuracy import references

Point = tuple[float, ...]

_NO_NUMBERS = """
    Integer logical_and logical_or logical_not logical_xor where Piecewise greater greater_equal less less_equal equal
    not_equal isnan isinf isfinite nan_to_num bool
"""
_CONDITIONS = frozenset(_NO_NUMBERS.split())
"""Words without a number that could be off, or without a domain of numbers."""
_ORDERS = (0, 1, 2, 5, 20)
_OF_DEGREE = """
    legendre chebyshevt chebyshevu hermite hermite_prob laguerre assoc_laguerre gegenbauer jacobi
"""
_POLYNOMIALS = frozenset(_OF_DEGREE.split())
_STEPS = frozenset({"mod", "fmod", "floor_divide"})
"""Words with steps, which are everywhere where the quotient is large."""
_TIES = frozenset({"max", "min", "maximum", "minimum", "clip"})
"""Words whose derivatives at equal arguments are a convention; ``tests/correctness/test_kinks.py`` has these."""
_SLOW = frozenset({"owens_t"})
"""Words whose references take seconds."""
_MOST = {1: 240, 2: 140}
"""How many points are taken, by the number of arguments."""
_MORE = (("zeta", 2), ("log", 2), ("hypot", 3), ("squareplus", 2))
"""Words of another number of arguments."""

_SPECIAL = [
    1.0,
    2.0,
    0.5,
    3.0,
    5.0,
    1 / math.e,
    math.pi / 2,
    math.pi,
    1.4616321449683623,
    0.7,
    90.0,
    180.0,
    709.0,
    171.0,
]
_TINY = [2.5e-308, 1e-300, 1e-100, 1e-20, 1e-16, 1e-8, 1e-4]
_HUGE = [1e4, 1e8, 1e16, 1e100, 1e300]


@dataclass(frozen=True)
class Row:
    """A word called with so many arguments, behind an order if it has one."""

    word: str
    count: int
    order: int | None = None
    hosted: bool = False

    @property
    def args(self) -> list[str]:
        return ["x", "y", "z", "u", "v", "w"][: self.count]

    def __str__(self) -> str:
        first = [] if self.order is None else [str(self.order)]
        return f"{self.word}({', '.join([*first, *self.args])})"

    def reference(self) -> Callable[..., mpf]:
        function = references.reference(self.word)
        return function if self.order is None else lambda *point: function(mpf(self.order), *point)

    def points(self) -> list[Point]:
        """Return the points of this row: always the same ones."""
        chosen = random.Random(str(self))  # noqa: S311 - the same points in every run
        if self.hosted:
            found = _hosted(self.count, chosen)
        else:
            found = _one(chosen) if self.count == 1 else _several(self.count, chosen)
        if self.word in _STEPS:
            found = [(x, y) for x, y in found if 0 < abs(x) < 1e12 * abs(y)]
        if self.word in _TIES:
            found = [point for point in found if len({*point}) == len(point)]
        most = 6 if self.word in _SLOW else _MOST.get(self.count, len(found))
        return sorted(chosen.sample(found, min(most, len(found))))


def rows() -> list[Row]:
    found = []
    for word in words.ALL:
        name = word.names[0]
        if word.kind == "order":
            orders = (2, 5, 20) if name in _POLYNOMIALS else _ORDERS
            found += [Row(name, word.arity[0] - 1, order) for order in orders]
        elif word.kind == "elementwise" and name not in _CONDITIONS:
            found.append(Row(name, word.arity[0], hosted=word in words.HOST))
    return found + [Row(name, count) for name, count in _MORE]


def _wide(chosen: random.Random, least: float, most: float) -> float:
    """Return a number whose logarithm is evenly distributed, of either sign."""
    return chosen.choice([1, -1]) * math.exp(chosen.uniform(math.log(least), math.log(most)))


def _one(chosen: random.Random) -> list[Point]:
    round_ones = [k / 8 for k in range(81)] + [
        12.8,
        16.0,
        17.5,
        25.0,
        32.0,
        50.0,
        64.0,
        100.0,
        180.0,
        360.0,
        699.0,
        705.0,
    ]
    near = [c * (1 + d) for c in _SPECIAL for d in (0.0, 2.0**-52, -(2.0**-53), 1e-8, -1e-8, 1e-3)]
    both = [*round_ones, *near, *_TINY, *_HUGE]
    drawn = [chosen.uniform(-10, 10) for _ in range(60)] + [chosen.uniform(0, 1) for _ in range(30)]
    drawn += [_wide(chosen, 1e-6, 1e3) for _ in range(80)] + [_wide(chosen, 1e-300, 1e300) for _ in range(20)]
    return [(x,) for x in sorted({*both, *[-x for x in both], *drawn})]


def _several(count: int, chosen: random.Random) -> list[Point]:
    eighths = [k / 8 for k in range(1, 65)]
    kinds: Sequence[Callable[[], float]] = (
        lambda: chosen.choice(eighths),
        lambda: chosen.choice(eighths) * chosen.choice([1, -1]),
        lambda: chosen.uniform(0, 1),
        lambda: chosen.uniform(0, 20),
        lambda: _wide(chosen, 1e-6, 1e3),
        lambda: abs(_wide(chosen, 1e-6, 1e3)),
        lambda: chosen.choice([*_TINY[1:], *_HUGE, 0.0, 1.0, 2.0, 0.5]),
    )
    most = 30 if count == 2 else 10
    found = {tuple(kind() for _ in range(count)) for kind in kinds for _ in range(most)}
    found |= {tuple(chosen.choice(kinds)() for _ in range(count)) for _ in range(3 * most)}
    ties = [(x,) * count for x in [0.5, 1.0, 2.25, 16.0, chosen.uniform(0, 9)]]
    near = [(x, *[x * (1 + d)] * (count - 1)) for x in (0.3, 1.0, 20.0) for d in (2.0**-52, 1e-8, -1e-8, 1e-3)]
    unit = [(*[chosen.uniform(0, 9)] * (count - 1), x) for x in (0.0, 1.0, 1 - 2.0**-53, 1e-20, 0.999)]
    whole = list(itertools.islice(itertools.product([1.0, 2.0, 3.0, -2.0, 5.0], repeat=count), 25))
    return sorted({*found, *ties, *near, *unit, *whole})


def _hosted(count: int, chosen: random.Random) -> list[Point]:
    """Return fewer points, of moderate size, because each takes milliseconds."""
    kinds: Sequence[Callable[[], float]] = (
        lambda: chosen.uniform(0, 1),
        lambda: chosen.choice([k / 8 for k in range(1, 25)]),
        lambda: chosen.uniform(-3, 3),
        lambda: chosen.uniform(0, 20),
    )
    found = {tuple(kind() for _ in range(count)) for kind in kinds for _ in range(8)}
    found |= {tuple(chosen.choice(kinds)() for _ in range(count)) for _ in range(8)}
    return sorted(found)
