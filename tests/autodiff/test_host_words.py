"""Derivatives of host words, to second order, against mpmath."""

import itertools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest
from mpmath import mp, mpf

from app.autodiff import table
from app.autodiff.arrays import recording, run
from app.autodiff.namespaces import hosted_formulae
from app.autodiff.symbolic import formulae
from app.language import parse
from app.language.limits import TextLimits
from app.language.numeric import numpy_words
from app.language.vocabulary.functions import hosted
from tests.support.slopes import slope

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
    "sn": lambda u, m: mp.ellipfun("sn", u, m=m),
    "cn": lambda u, m: mp.ellipfun("cn", u, m=m),
    "dn": lambda u, m: mp.ellipfun("dn", u, m=m),
    "am": lambda u, m: mp.asin(mp.ellipfun("sn", u, m=m)) + 2 * mp.pi * (u > 15),
    "polylog": mp.polylog,
    "clausen": lambda x: mp.clsin(2, x),
    "spence": lambda z: mp.polylog(2, 1 - z),
    "polygamma_of": lambda n, x: mp.psi(int(n), x) if x > 0 else mp.diff(mp.digamma, x, int(n)),
}

_M = (-1e6, -3.0, -1.0, -1e-8, 0.0, 1e-10, 0.25, 0.5, 0.9, 1 - 2**-30)
_PHI = (-1.25, 0.0, 1e-9, 0.5, 1.5, 1.6, 3.25, -100.0)
_JACOBI = [*itertools.product((-2.5, 1e-9, 0.5, 10.0, 100.0), (-3.0, 1e-9, 0.25, 0.9)), (5.0, 1 - 2**-20)]
JACOBI = ("sn", "cn", "dn", "am")

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
    "sn": _JACOBI,
    "cn": _JACOBI,
    "dn": _JACOBI,
    "am": [(-1.2, 0.25), (1e-9, -3.0), (0.5, 1e-9), (1.5, 0.9), (5.0, 1 - 2**-20), (18.0, 1 - 2**-10)],
    "polylog": [
        *itertools.product((1.0, 2.0, 20.0), (-1e10, -50.0, -1.0, -0.5, 0.0, 1e-9, 0.25)),
        *itertools.product((-5.0, -1.0, 0.0), (-0.5, 0.0, 1e-9, 0.25)),
        *[(2.5, -0.75), (0.5, 0.25)],
    ],
    "polygamma_of": [(0.0, 0.25), (0.0, -1.75), (1.0, 0.25), (2.0, -1.75), (3.0, 1e4), (30.0, 2.5)],
    "clausen": [(x,) for x in (-0.7, 1e-9, 1e-3, 0.5, 1.5, 1.6, 3.0, 3.14159, 4.0, 20.0)],
    "spence": [(z,) for z in (1e-10, 0.25, 0.5, 1 - 1e-9, 1.0, 1 + 1e-9, 1.5, 2.0, 10.0, 1e10)],
    "elliprj": [(1.0, 2.0, 3.0, 4.0), (1.0, 1.0, 1.0, 1.0), (2.0, 2.0, 0.5, 2.0), (1e-6, 1.0, 1e6, 1e-2)],
}


def test_every_host_word_has_points() -> None:
    assert table.hosted.HOSTED.keys() == POINTS.keys() == EXACT.keys()


WHOLE = {("polygamma_of", 0)}
"""Operands that are integers: the derivative by them is nan."""


def varied(opcode: str) -> list[int]:
    """Return the operands that a derivative can be taken by."""
    partials = table.HOSTED[opcode].partials
    return [index for index, partial in enumerate(partials) if partial is not None and (opcode, index) not in WHOLE]


def slopes(opcode: str, points: Sequence[Point], by: Sequence[int]) -> Any:
    """Return a derivative at each point."""
    columns = [np.array(column) for column in zip(*points, strict=True)]
    return np.broadcast_to(slope(numpy_words.NAMESPACE, opcode, columns, by), len(points))


def _polylog(order: float, z: float, by_order: int, by_z: int) -> Any:
    """Return a derivative by z in lower orders, and by the order by differences, which near z = 1 take very long."""
    with mp.workdps(25 + 50 * by_order):
        x = mpf(z)

        def by_argument(s: Any) -> Any:
            if not z:
                return (mpf(0), mpf(1), mpf(2) ** (1 - s))[by_z]
            if by_z == 0:
                return mp.re(mp.polylog(s, x))
            lower = mp.re(mp.polylog(s - 1, x))
            return lower / x if by_z == 1 else (mp.re(mp.polylog(s - 2, x)) - lower) / x**2

        return mp.diff(by_argument, mpf(order), by_order, h=mpf(10) ** -25) if by_order else by_argument(mpf(order))


def exact(opcode: str, point: Point, by: Sequence[int]) -> Any:
    """Return a derivative by differences, to some 20 digits."""
    function = EXACT[opcode]
    if opcode == "polylog":
        return _polylog(point[0], point[1], by.count(0), by.count(1))
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
            if order == 2 and opcode in JACOBI:
                allowed = 1e-11 * abs(true) + mpf("1e-14")  # sums of terms of either sign
            assert abs(mpf(float(number)) - true) <= allowed, f"{point} by {by}: {number} for {mp.nstr(true, 17)}"


@pytest.mark.parametrize("z", [0.9, 1 - 2**-20, 1 - 2**-40, -1e100])
@pytest.mark.parametrize("s", [-6.0, -1.0, 1.0, 2.0, 3.0, 50.0])
def test_a_polylogarithm_is_right_near_one_and_far_below(s: float, z: float) -> None:
    for times in (0, 1, 2):
        (found,) = slopes("polylog", [(s, z)], (1,) * times)
        assert found == pytest.approx(float(_polylog(s, z, 0, times)), rel=1e-12)


@pytest.mark.parametrize(
    ("opcode", "point", "by", "expected"),
    [
        ("ellipk", (1.0,), (), np.inf),
        ("ellipk", (1.0,), (0,), np.inf),
        ("ellipk", (1.5,), (), np.nan),
        ("ellipe", (1.0,), (), 1.0),
        ("ellipe", (1.0,), (0,), -np.inf),
        ("ellippi", (1.0, 0.5), (), np.inf),
        ("ellippi", (1.5, 0.5), (), np.nan),
        ("ellipkinc", (2.0, 1.5), (), np.nan),
        ("ellipkinc", (2.0, 1.0), (), np.inf),
        ("ellippiinc", (2.0, 1.0, 0.5), (), np.nan),
        ("elliprf", (0.0, 0.0, 1.0), (), np.inf),
        ("elliprf", (0.0, 1.0, 1.0), (0,), -np.inf),
        ("elliprc", (1.0, -1.0), (1,), np.nan),
        ("polylog", (2.0, 1.0), (), np.pi**2 / 6),
        ("polylog", (2.0, 1.0), (1,), np.inf),
        ("polylog", (3.0, 1.0), (1,), np.pi**2 / 6),
        ("polylog", (2.0, 1.5), (), np.nan),
        ("polylog", (-7.0, 0.5), (), np.nan),
        ("polylog", (1e-9, -5.0), (), np.nan),
        ("polylog", (0.02, -5.0), (), -0.8508507609148913),
        ("polylog", (0.03, 1 - 2**-52), (), 1555248166743899.5),
        ("polylog", (1 + 2**-20, 1.0), (), 1048576.5772157344),
        ("spence", (0.0,), (), np.pi**2 / 6),
        ("polygamma_of", (1.5, 2.0), (), np.nan),
        ("polygamma_of", (1.0, 2.0), (0,), np.nan),
        ("spence", (-1.0,), (), np.nan),
    ],
)
def test_a_value_at_the_edge_of_a_domain(opcode: str, point: Point, by: Sequence[int], expected: float) -> None:
    (found,) = slopes(opcode, [point], by)
    assert found == pytest.approx(expected, rel=1e-14, nan_ok=True)


GENERIC: dict[str, Sequence[Point]] = {
    "ellippi": [(0.3, 0.45), (-2.5, -0.75)],
    "ellipkinc": [(0.7, 0.45), (5.0, -0.75)],
    "ellipeinc": [(0.7, 0.45), (5.0, -0.75)],
    "ellippiinc": [(0.3, 0.7, 0.45), (-2.5, 5.0, -0.75)],
    "polylog": [(2.0, 0.45), (3.0, -4.0)],
    "polygamma_of": [(2.0, 0.45), (0.0, -1.75)],
    "elliprj": [(1.5, 0.25, 0.7, 2.0)],
}
"""Points for formulae, which may be 0/0 where the numbers are not."""


@pytest.mark.parametrize(("opcode", "index"), hosted_formulae.PARTIALS)
def test_a_formula_is_the_derivative(opcode: str, index: int) -> None:
    word = next(word for word in (*hosted.PRIMITIVES, *hosted.INNER.values()) if word.opcode == opcode)
    names = ["x", "y", "z", "w"][: word.arity[0]]
    text = f"{word.names[0]}({', '.join(names)})"
    found = formulae.document(
        text, names, [index], simplify=True, texts=TextLimits(), limits=formulae.FormulaLimits(simplify_seconds=0.5)
    )
    formula = found["partials"][0]["text"]
    points = GENERIC.get(opcode) or [(0.3, 0.45, 0.7)[: len(names)], (0.6, 0.25, 1.5)[: len(names)]]
    for point, expected in zip(points, slopes(opcode, points, (index,)), strict=True):
        recorded = recording.record(parse.read(formula, names).at([()] * len(names), whole=True))
        leaves = [np.float64(point[argument]) for argument in recorded.inputs]
        (value,) = run.prepare(recorded.tape)([*leaves, *recorded.constants])
        assert value == pytest.approx(expected, rel=1e-12), formula
