"""Derivatives of host words, to second order, against mpmath."""

import itertools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest
from mpmath import mp, mpf

from app.autodiff import table
from app.autodiff.namespaces import forward
from app.language.numeric import numpy_words

Point = tuple[float, ...]

EXACT: dict[str, Callable[..., Any]] = {
    "ellipk": mp.ellipk,
    "ellipe": mp.ellipe,
    "ellippi": mp.ellippi,
    "ellipkinc": mp.ellipf,
    "ellipeinc": mp.ellipe,
    "ellippiinc": mp.ellippi,
    "elliprc": mp.elliprc,
    "elliprd": mp.elliprd,
    "elliprf": mp.elliprf,
    "elliprg": mp.elliprg,
    "elliprj": mp.elliprj,
    "polylog": mp.polylog,
    "spence": lambda z: mp.polylog(2, 1 - z),
}

_M = (-1e6, -3.0, -1.0, -1e-8, 0.0, 1e-10, 0.25, 0.5, 0.9, 1 - 2**-30)
_PHI = (-1.25, 0.0, 1e-9, 0.5, 1.5, 1.6, 3.25, -100.0)

POINTS: dict[str, Sequence[Point]] = {
    "ellipk": [(m,) for m in _M],
    "ellipe": [(m,) for m in _M],
    "ellippi": [(n, m) for n in (-50.0, -1.0, 0.0, 0.25, 0.9, 1 - 2**-20) for m in (-3.0, 0.0, 0.25, 0.9)],
    "ellipkinc": [*itertools.product(_PHI, (-3.0, -1e-8, 0.0, 0.25, 0.9)), (0.5, 1.0), (0.5, 3.0), (1e-3, 100.0)],
    "ellipeinc": [*itertools.product(_PHI, (-3.0, -1e-8, 0.0, 0.25, 0.9)), (0.5, 1.0), (0.5, 3.0), (1e-3, 100.0)],
    "ellippiinc": [
        *itertools.product((-50.0, 0.0, 0.25, 0.9), (-1.25, 0.0, 3.25), (-3.0, 0.0, 0.25)),
        (1.5, 0.5, 0.25),
        (1.5, 0.5, 2.0),
        (2.0, 0.5, 2.0),
    ],
    "elliprc": [(1.0, 1.0), (2.0, 2.0 + 2**-30), (1e-9, 3.0), (5.0, 0.25), (1e8, 1e-3), (1.0, 1e100)],
    "elliprd": [(1.0, 2.0, 3.0), (1.0, 1.0, 1.0), (2.0, 2.0, 0.5), (1e-6, 1.0, 1e6), (0.3, 5.0, 1e-3)],
    "elliprf": [(1.0, 2.0, 3.0), (1.0, 1.0, 1.0), (2.0, 2.0, 0.5), (1e-6, 1.0, 1e6), (0.3, 5.0, 1e-3)],
    "elliprg": [(1.0, 2.0, 3.0), (1.0, 1.0, 1.0), (2.0, 2.0, 0.5), (1e-6, 1.0, 1e6), (0.3, 5.0, 1e-3)],
    "polylog": [
        *itertools.product((-5.0, -1.0, 0.0, 1.0, 2.0, 3.0, 20.0), (-1e10, -50.0, -1.0, -0.5, 0.0, 1e-9, 0.25, 0.5, 0.9)),
        *[(2.5, -0.75), (0.5, 0.25), (3.0, 1 - 2**-30), (2.0, 1 - 2**-40)],
    ],
    "spence": [(z,) for z in (1e-10, 0.25, 0.5, 1 - 1e-9, 1.0, 1 + 1e-9, 1.5, 2.0, 10.0, 1e10)],
    "elliprj": [(1.0, 2.0, 3.0, 4.0), (1.0, 1.0, 1.0, 1.0), (2.0, 2.0, 0.5, 2.0), (1e-6, 1.0, 1e6, 1e-2)],
}


def test_every_host_word_has_points() -> None:
    assert table.hosted.HOSTED.keys() == POINTS.keys() == EXACT.keys()


def varied(opcode: str) -> list[int]:
    """Return the operands that a derivative can be taken by."""
    return [index for index, partial in enumerate(table.HOSTED[opcode].partials) if partial is not None]


def slopes(opcode: str, points: Sequence[Point], by: Sequence[int]) -> Any:
    """Return a derivative at each point, by forward mode over NumPy."""
    xp: Any = numpy_words.NAMESPACE
    numbers: list[Any] = [np.array(column) for column in zip(*points, strict=True)]
    spaces = []
    for direction in by:
        xp = forward.Forward(xp)
        numbers[direction] = forward.Moving(xp, numbers[direction], 1.0)
        spaces.append(xp)
    with np.errstate(all="ignore"):
        found = getattr(xp, opcode)(*numbers)
    for space in reversed(spaces):
        found = found.tangent if isinstance(found, forward.Moving) and found.space is space else 0.0
    return np.broadcast_to(found, len(points))


def exact(opcode: str, point: Point, by: Sequence[int]) -> Any:
    """Return a derivative by differences, to some 20 digits."""
    function = EXACT[opcode]
    with mp.workdps(25 + 25 * len(by)):
        at = [mpf(x) for x in point]
        counts = tuple(by.count(index) for index in range(len(point)))
        step = mpf(10) ** -25 * min([abs(x) for x in at if x] + [mpf(1)])
        if not by:
            return mp.re(function(*at))
        place, times = (at[0], counts[0]) if len(at) == 1 else (tuple(at), counts)
        return mp.re(mp.diff(function, place, times, h=step))


@pytest.mark.parametrize("opcode", POINTS)
@pytest.mark.parametrize("order", [0, 1, pytest.param(2, marks=pytest.mark.slow)])
def test_derivatives_of_a_host_word_are_right(opcode: str, order: int) -> None:
    points = POINTS[opcode][:: 4 if order == 2 and len(POINTS[opcode]) > 30 else 1]
    for by in itertools.combinations_with_replacement(varied(opcode), order):
        found = slopes(opcode, points, by)
        for number, point in zip(found, points, strict=True):
            true = exact(opcode, point, by)
            allowed = (1e-13, 2e-13, 1e-12)[order] * abs(true) + mpf("1e-40")
            assert abs(mpf(float(number)) - true) <= allowed, f"{point} by {by}: {number} for {mp.nstr(true, 17)}"
