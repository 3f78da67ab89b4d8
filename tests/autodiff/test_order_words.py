"""Host words of orders and parameters, in value and derivatives, against integrals and exact forms in mpmath.

Bessel and hypergeometric functions are held against integrals that define them, which share nothing with the series
that compute them, and against elementary functions that they are for some parameters.
"""

import functools
import itertools
import math
import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest
from mpmath import mp, mpf

from app import errors
from app.autodiff import table
from app.language.numeric import numpy_words
from tests.support.slopes import slope

Point = tuple[float, ...]
Exact = Callable[..., Any]

INF = mp.inf


def _schlaefli(v: Any, x: Any, trigonometric: Exact, tail: Exact) -> Any:
    """Return an integral over half a turn and one over t > 0 (NIST DLMF 10.9.6, 10.9.7, 10.32.4)."""
    half = mp.quad(trigonometric, mp.linspace(0, mp.pi, 4 + int(abs(v) + abs(x)) // 4))
    return (half + mp.quad(tail, [0, 1, 2, 4, 8])) / mp.pi


def _bessel_j(v: Any, x: Any) -> Any:
    return _schlaefli(
        v, x, lambda t: mp.cos(x * mp.sin(t) - v * t), lambda t: -mp.sinpi(v) * mp.exp(-x * mp.sinh(t) - v * t)
    )


def _bessel_y(v: Any, x: Any) -> Any:
    def tail(t: Any) -> Any:
        return -(mp.exp(v * t) + mp.exp(-v * t) * mp.cospi(v)) * mp.exp(-x * mp.sinh(t))

    return _schlaefli(v, x, lambda t: mp.sin(x * mp.sin(t) - v * t), tail)


def _bessel_i(v: Any, x: Any) -> Any:
    def tail(t: Any) -> Any:
        return -mp.sinpi(v) * mp.exp(-x * mp.cosh(t) - v * t)

    return _schlaefli(v, x, lambda t: mp.exp(x * mp.cos(t)) * mp.cos(v * t), tail)


def _bessel_k(v: Any, x: Any) -> Any:
    return mp.quad(lambda t: mp.exp(-x * mp.cosh(t)) * mp.cosh(v * t), [0, 1, 2, 4, 8, 13])


def _spherical(function: Exact) -> Exact:
    return lambda n, x: mp.sqrt(mp.pi / (2 * x)) * function(n + mpf(1) / 2, x)


def _struve(sign: int) -> Exact:
    """Return H, or L for the sign -1 (NIST DLMF 11.5.1, 11.5.6)."""

    def function(v: Any, x: Any) -> Any:
        inner: Exact = mp.sin if sign > 0 else mp.sinh
        power = v - mpf(1) / 2
        integral = mp.quad(lambda t: inner(x * mp.cos(t)) * mp.sin(t) ** (2 * v), mp.linspace(0, mp.pi / 2, 4))
        return 2 * (x / 2) ** v / (mp.sqrt(mp.pi) * mp.gamma(power + 1)) * integral

    return function


def _euler(a: Any, b: Any, c: Any, x: Any) -> Any:
    """Return 2F1 for c > b > 0 by t = sin(u)**2 (NIST DLMF 15.6.1)."""

    def term(u: Any) -> Any:
        s, co = mp.sin(u), mp.cos(u)
        return 2 * s ** (2 * b - 1) * co ** (2 * (c - b) - 1) * (1 - x * s * s) ** -a

    return mp.gammaprod([c], [b, c - b]) * mp.quad(term, [0, mp.pi / 4, mp.pi / 2])


def _kummer(a: Any, b: Any, x: Any) -> Any:
    """Return 1F1 for b > a > 0 (NIST DLMF 13.4.1)."""

    def term(u: Any) -> Any:
        s, co = mp.sin(u), mp.cos(u)
        return 2 * mp.exp(x * s * s) * s ** (2 * a - 1) * co ** (2 * (b - a) - 1)

    return mp.gammaprod([b], [a, b - a]) * mp.quad(term, [0, mp.pi / 4, mp.pi / 2])


def _tricomi(a: Any, b: Any, x: Any) -> Any:
    """Return U for a > 0 (NIST DLMF 13.4.4), by t = exp(s - exp(-s)), where both ends decay exponentially."""

    def term(s: Any) -> Any:
        t = mp.exp(s - mp.exp(-s))
        return mp.exp(-x * t) * t**a * (1 + t) ** (b - a - 1) * (1 + mp.exp(-s))

    return mp.rgamma(a) * mp.quad(term, [-6, -3, 0, 2, 4, 7])


def _clausen(a: Any, b: Any, c: Any, d: Any, e: Any, x: Any) -> Any:
    """Return 3F2 as an integral of 2F1 for e > c > 0 (NIST DLMF 16.5.2)."""

    def term(u: Any) -> Any:
        s, co = mp.sin(u), mp.cos(u)
        return 2 * s ** (2 * c - 1) * co ** (2 * (e - c) - 1) * mp.hyp2f1(a, b, d, x * s * s)

    return mp.gammaprod([e], [c, e - c]) * mp.quad(term, [0, mp.pi / 4, mp.pi / 2])


def _voigt(x: Any, sigma: Any, gamma: Any) -> Any:
    """Return the convolution of a normal and a Cauchy density."""

    def term(t: Any) -> Any:
        normal = mp.exp(-((t / sigma) ** 2) / 2) / (sigma * mp.sqrt(2 * mp.pi))
        return normal * gamma / (mp.pi * ((x - t) ** 2 + gamma**2))

    near = sorted({-8 * sigma, mpf(0), 8 * sigma, x, x - gamma, x + gamma})
    return mp.quad(term, [-INF, *near, INF])


def _owens_t(h: Any, a: Any) -> Any:
    return mp.quad(lambda t: mp.exp(-h * h * mp.sec(t) ** 2 / 2), mp.linspace(0, mp.atan(a), 9)) / (2 * mp.pi)


def _exp_integral(n: Any, x: Any) -> Any:
    return mp.quad(lambda s: mp.exp(-x * mp.exp(s)) * mp.exp((1 - n) * s), [0, 1, 2, 4, 8])


def _jacobi(n: Any, a: Any, b: Any, x: Any) -> Any:
    return mp.jacobi(n, a, b, x)


EXACT: dict[str, Exact] = {
    "bessel_j": _bessel_j,
    "bessel_y": _bessel_y,
    "bessel_i": _bessel_i,
    "bessel_k": _bessel_k,
    "scaled_i": lambda v, x: mp.exp(-x) * _bessel_i(v, x),
    "scaled_k": lambda v, x: mp.exp(x) * _bessel_k(v, x),
    "spherical_j": _spherical(_bessel_j),
    "spherical_y": _spherical(_bessel_y),
    "struve_h": _struve(1),
    "struve_l": _struve(-1),
    "exp_integral": _exp_integral,
    "hyp2f1": _euler,
    "hyp1f1": _kummer,
    "hyp0f1": lambda b, x: mp.gamma(b) * x ** ((1 - b) / 2) * _bessel_i(b - 1, 2 * mp.sqrt(x)),
    "hyperu": _tricomi,
    "hyp3f2": _clausen,
    "voigt": _voigt,
    "owens_t": _owens_t,
    "legendre_p": mp.legendre,
    "chebyshev_t": lambda v, x: mp.cos(v * mp.acos(x)),
    "chebyshev_u": lambda v, x: mp.sin((v + 1) * mp.acos(x)) / mp.sin(mp.acos(x)),
    "laguerre_l": lambda v, a, x: mp.gammaprod([a + v + 1], [a + 1, v + 1]) * mp.hyp1f1(-v, a + 1, x),
    "gegenbauer_c": mp.gegenbauer,
    "jacobi_p": _jacobi,
    "airyai": mp.airyai,
    "airyaiprime": lambda x: mp.airyai(x, derivative=1),
    "airybi": mp.airybi,
    "airybiprime": lambda x: mp.airybi(x, derivative=1),
    "lower_lambertw": lambda x: mp.re(mp.lambertw(x, -1)),
}
"""The exact value of an opcode."""

_ORDERS = ((0.5, 1.25), (2.0, 3.0), (-1.75, 2.0), (3.25, 0.125), (7.5, 12.0))
_DEGREES = ((2.5, 0.25), (0.5, -0.75), (3.0, 0.5), (11.25, 0.875))

POINTS: dict[str, Sequence[Point]] = {
    "bessel_j": _ORDERS,
    "bessel_y": _ORDERS,
    "bessel_i": _ORDERS,
    "bessel_k": (*_ORDERS, (40.5, 30.0), (-0.25, 1e-3), (1e-9, 5.0)),
    "scaled_i": (*_ORDERS[:4], (0.5, 60.0)),
    "scaled_k": (*_ORDERS, (0.5, 60.0)),
    "spherical_j": ((0.0, 1.5), (1.0, 0.25), (2.0, 4.0), (3.5, 2.0)),
    "spherical_y": ((0.0, 1.5), (1.0, 0.25), (2.0, 4.0), (3.5, 2.0)),
    "struve_h": ((0.0, 1.5), (1.0, 0.25), (2.5, 8.0), (0.25, 3.0)),
    "struve_l": ((0.0, 1.5), (1.0, 0.25), (2.5, 8.0), (0.25, 3.0)),
    "exp_integral": ((0.5, 1.25), (1.0, 0.5), (2.0, 3.0), (-1.5, 0.75), (30.25, 0.5), (1 + 2**-30, 0.5)),
    "hyp2f1": (
        (0.5, 0.25, 1.75, 0.5),
        (-1.5, 2.0, 3.0, -1.0),
        (2.5, 1.0, 1.75, -7.5),
        (0.5, 1.5, 3.0, 0.96875),
        (1.0, 1.0, 2.0, 1 - 2**-10),
        (3.25, 0.5, 2.0, 1e-9),
        (20.0, 12.5, 30.0, 0.25),
    ),
    "hyp1f1": ((0.5, 1.5, 1.0), (1.0, 2.0, -20.0), (2.5, 3.25, 30.0), (0.25, 8.0, 1e-3), (1.0, 3.0, -0.5)),
    "hyp0f1": ((1.5, 1.0), (2.0, 0.25), (0.75, 9.0)),
    "hyperu": ((0.5, 1.5, 1.0), (1.0, 2.0, 0.25), (2.5, -1.0, 4.0), (1.0, 1.0, 20.0), (0.25, 0.5, 1.5)),
    "hyp3f2": ((0.5, 0.25, 1.0, 1.75, 2.5, 0.5), (1.0, 2.0, 0.75, 1.5, 2.0, -0.875)),
    "voigt": ((0.5, 1.0, 0.5), (-3.0, 0.25, 0.125), (8.0, 1.5, 0.25)),
    "owens_t": ((0.5, 1.25), (-1.5, 0.25), (3.0, -2.0), (0.125, 8.0), (6.5, 1e-6), (0.0, 3.0), (1e-3, 1e3)),
    "legendre_p": _DEGREES,
    "chebyshev_t": _DEGREES,
    "chebyshev_u": _DEGREES,
    "laguerre_l": ((2.5, 0.25, 0.75), (3.0, 1.0, 2.0), (0.5, -0.5, -3.0)),
    "gegenbauer_c": ((2.5, 0.75, 0.25), (3.0, 1.0, -0.5), (0.5, 2.25, 0.875)),
    "jacobi_p": ((2.5, 0.75, 0.25, 0.5), (3.0, 1.0, 0.0, -0.5), (4.0, -0.5, 0.25, 0.875)),
    "airyai": ((-7.5,), (-1.0,), (0.0,), (0.5,), (4.0,), (12.5,)),
    "airyaiprime": ((-7.5,), (-1.0,), (0.0,), (0.5,), (4.0,), (12.5,)),
    "airybi": ((-7.5,), (-1.0,), (0.0,), (0.5,), (4.0,), (12.5,)),
    "airybiprime": ((-7.5,), (-1.0,), (0.0,), (0.5,), (4.0,), (12.5,)),
    "lower_lambertw": ((-0.3671875,), (-0.25,), (-1e-3,), (-1e-200,)),
}
"""Round points, and some at which series cancel or poles meet."""

GENERATED = {name for name in table.orders.HOSTED if name.startswith("hyp")} - POINTS.keys()
"""Hypergeometric functions of other numbers of parameters, which have the rows and the code of those above."""

QUICK = (
    *("bessel_j", "bessel_k", "spherical_j", "exp_integral", "hyp1f1", "hyp2f1", "legendre_p", "chebyshev_t"),
    *("laguerre_l", "jacobi_p", "owens_t", "airyai", "airyaiprime", "airybi", "airybiprime", "lower_lambertw"),
)
"""Those whose references take less than seconds."""


@pytest.fixture(autouse=True)
def another_computation() -> None:
    """Wait until the next call counts as one of another computation, of which the seconds are bounded."""
    time.sleep(0.03)


def test_every_word_has_points() -> None:
    assert table.orders.HOSTED.keys() - GENERATED == POINTS.keys() == EXACT.keys()


@functools.cache
def _at(opcode: str, point: Point, moves: tuple[int, ...]) -> Any:
    """Return the exact value at a point of which each operand is moved by so many steps."""
    return EXACT[opcode](*[mpf(x) + move * _step(x) for x, move in zip(point, moves, strict=True)])


def _step(x: float) -> Any:
    return mpf(10) ** -10 * min(1, abs(mpf(x)) or 1)


def exact(opcode: str, point: Point, by: Sequence[int]) -> Any:
    """Return a derivative by central differences of small steps, whose error is below 1e-17 of the function."""
    counts = [by.count(index) for index in range(len(point))]
    stencils = [{0: {0: 1}, 1: {-1: -1, 1: 1}, 2: {-2: 1, 0: -2, 2: 1}}[count] for count in counts]
    total = mpf(0)
    for places in itertools.product(*[stencil.items() for stencil in stencils]):
        weight = math.prod(each for _, each in places)
        total += weight * mp.re(_at(opcode, point, tuple(move for move, _ in places)))
    return total / math.prod([2 * _step(point[index]) for index in by])


def check(opcode: str, point: Point, most: int) -> None:
    for order in range(most + 1):
        for by in itertools.combinations_with_replacement(range(len(point)), order):
            with mp.workdps(40):
                true = exact(opcode, point, by)
                found = slope(numpy_words.NAMESPACE, opcode, [np.float64(x) for x in point], by)
                near = abs(found - true) <= (1e-12, 1e-12, 1e-11)[order] * abs(true) + 1e-15 * (abs(true) < 1e-15)
                assert near, f"{opcode}{point} by {by}: {found!r}, {mp.nstr(true, 17)}"


@pytest.mark.parametrize("opcode", QUICK)
def test_values_and_first_derivatives_are_right(opcode: str) -> None:
    check(opcode, POINTS[opcode][0], 1)


@pytest.mark.slow
@pytest.mark.parametrize("opcode", POINTS)
def test_derivatives_to_second_order_are_right(opcode: str) -> None:
    for index, point in enumerate(POINTS[opcode]):
        check(opcode, point, 1 if index or len(point) > 4 else 2)


@pytest.mark.parametrize(
    ("opcode", "point", "expected"),
    [
        ("hyp2f1", (1.0, 1.0, 2.0, 0.5), 2 * math.log(2)),
        ("hyp2f1", (1.0, 1.0, 2.0, -1e3), math.log1p(1e3) / 1e3),
        ("hyp2f1", (0.5, 1.0, 1.5, -1.0), math.pi / 4),
        ("hyp2f1", (0.5, 0.5, 1.5, 1.0), math.pi / 2),
        ("hyp2f1", (1.0, 2.0, 2.5, 1.0), math.inf),
        ("hyp2f1", (-2.0, 1.0, 1.0, 3.0), 4.0),
        ("hyp2f1", (0.5, 0.5, 1.5, 1.5), math.nan),
        ("hyp2f1", (1.0, 2.0, -3.0, 0.5), math.inf),
        ("hyp2f1", (2.0, 3.0, 4.0, 0.0), 1.0),
        ("hyp1f1", (2.0, 2.0, 700.0), math.exp(700.0)),
        ("hyp1f1", (1.0, 2.0, -1e4), 1e-4),
        ("hyp1f1", (1.0, 2.0, 1e4), math.inf),
        ("hyp0f1", (0.5, -0.25 * math.pi**2), -1.0),
        ("hyperu", (1.5, 2.5, 2.0), 2.0**-1.5),
        ("hyperu", (1.0, 0.5, 0.0), 2.0),
        ("hyperu", (1.0, 0.5, -1.0), math.nan),
        ("hyperu", (-3.0, 2.0, 5.0), -19.0),
        ("hyp1f2", (1.5, 1.5, 2.0, 1.0), 1.5906368546373291),
        ("bessel_j", (0.5, math.pi), 0.0),
        ("bessel_j", (-3.0, -2.0), 0.12894324947440206),
        ("bessel_j", (0.5, -2.0), math.nan),
        ("bessel_j", (0.0, 0.0), 1.0),
        ("bessel_j", (0.5, 0.0), 0.0),
        ("bessel_j", (-0.5, 0.0), math.inf),
        ("bessel_y", (0.5, -1.0), math.nan),
        ("bessel_y", (0.5, 0.0), -math.inf),
        ("bessel_k", (0.5, 2.0), math.sqrt(math.pi / 4) * math.exp(-2)),
        ("bessel_k", (0.5, 1e-300), math.sqrt(math.pi / 2e-300)),
        ("bessel_k", (0.5, 800.0), 0.0),
        ("bessel_k", (0.5, 0.0), math.inf),
        ("bessel_k", (0.5, -1.0), math.nan),
        ("scaled_k", (0.5, 1e6), math.sqrt(math.pi / 2e6)),
        ("scaled_k", (0.5, 1e300), math.sqrt(math.pi / 2) * 1e-150),
        ("scaled_i", (0.5, 1e5), 1 / math.sqrt(2e5 * math.pi)),
        ("spherical_j", (0.0, 0.0), 1.0),
        ("spherical_j", (1.0, -0.5), -0.16253703063606657),
        ("spherical_y", (0.0, math.pi), 1 / math.pi),
        ("struve_h", (0.5, 2.0), math.sqrt(1 / math.pi) * (1 - math.cos(2.0))),
        ("exp_integral", (0.0, 2.0), math.exp(-2) / 2),
        ("exp_integral", (1.5, 0.0), 2.0),
        ("legendre_p", (2.5, 1.0), 1.0),
        ("legendre_p", (2.5, -1.5), math.nan),
        ("lower_lambertw", (0.0,), -math.inf),
        ("lower_lambertw", (-0.5,), math.nan),
        ("owens_t", (0.0, 1.0), 0.125),
        ("voigt", (0.5, 2.0, 0.0), math.exp(-1 / 32) / (2 * math.sqrt(2 * math.pi))),
        ("voigt", (0.5, -1.0, 1.0), math.nan),
    ],
)
def test_a_value_that_is_elementary_or_at_an_edge(opcode: str, point: Point, expected: float) -> None:
    found = float(numpy_words.WORDS[opcode](*point))
    assert found == pytest.approx(expected, rel=1e-13, abs=2e-16, nan_ok=True)


@pytest.mark.parametrize(
    ("opcode", "point", "index", "expected"),
    [
        ("bessel_j", (1.0, 0.0), 1, 0.5),
        ("bessel_j", (2.0, 0.0), 1, 0.0),
        ("bessel_j", (0.5, 0.0), 1, math.inf),
        ("bessel_j", (3.0, 0.0), 0, 0.0),
        ("spherical_j", (1.0, 0.0), 1, 1 / 3),
        ("spherical_j", (0.0, 0.0), 1, 0.0),
        ("struve_h", (0.0, 0.0), 1, 2 / math.pi),
        ("hyp2f1", (2.0, 3.0, 4.0, 0.0), 3, 1.5),
        ("hyp2f1", (2.0, 3.0, 4.0, 0.0), 0, 0.0),
        ("hyp2f1", (1.0, 2.0, -3.0, 0.5), 0, math.nan),
        ("hyp1f1", (0.0, 3.0, 1.0), 2, 0.0),
        ("hyp1f1", (1.0, -1.0, 1.0), 1, math.nan),
        ("voigt", (0.0, 1.0, 0.5), 0, 0.0),
        ("bessel_k", (0.0, 2.0), 0, 0.0),
        ("hyp1f1", (1.0, 2.0, 1e-200), 0, 5e-201),
        ("hyp1f1", (1.0, 2.0, 1e-200), 1, -2.5e-201),
        ("bessel_k", (1.0, 0.0), 1, math.nan),
    ],
)
def test_a_derivative_at_an_edge(opcode: str, point: Point, index: int, expected: float) -> None:
    assert slope(numpy_words.NAMESPACE, opcode, [np.float64(x) for x in point], (index,)) == pytest.approx(
        expected, rel=1e-13, nan_ok=True
    )


@pytest.mark.parametrize(
    ("opcode", "point"),
    [
        ("hyp2f1", (1e5, 1.0, 2.0, 0.5)),
        ("hyp1f1", (1.0, 2.0, 1e6)),
        ("hyp3f2", (1.0, 1.0, 1.0, 2.0, 2.0, 0.99)),
        ("bessel_j", (1e4, 1.0)),
        ("bessel_k", (1e4, 1.0)),
        ("struve_h", (1.0, 1e7)),
        ("struve_h", (-1.5, 1.0)),
        ("spherical_j", (-1.0, 1.0)),
        # Terms of this series fall below 1e-60 and grow again.
        (
            "hyp3f2",
            (-2.2746003572435134, -3 + 1e-14, -1.4103430695818764, -53.52936970214876, -45.277249223208074, 0.59),
        ),
    ],
)
def test_a_point_that_cannot_be_computed_is_refused(opcode: str, point: Point) -> None:
    with pytest.raises(errors.TooComplex, match=r"cannot be computed|the order"):
        numpy_words.WORDS[opcode](*point)


@pytest.mark.parametrize(("a", "b", "x"), [(39.0, -28.375, 367.75), (-12.5, 7.0, 20.25), (2.0, 2.0, 90.0)])
def test_tricomi_of_kummers_transformation_is_the_same(a: float, b: float, x: float) -> None:
    for orders in ((0.0, 0.0, 0.0), (1.0, 0.0, 0.0)):
        found = numpy_words.WORDS["hyperu_n"](*orders, a, b, x)
        turned = numpy_words.WORDS["hyperu_n"](*orders, a - b + 1, 2 - b, x)
        assert mpf(found) == pytest.approx(mpf(turned) * mpf(x) ** (1 - mpf(b)), rel=1e-12)


def test_arrays_broadcast_and_keep_their_dtype() -> None:
    found = numpy_words.WORDS["bessel_j"](np.float32(0.5), np.array([[1.0, 2.0]], np.float32))
    assert found.shape == (1, 2)
    assert found.dtype == np.float32
    expected = [math.sqrt(2 / (math.pi * x)) * math.sin(x) for x in (1.0, 2.0)]
    np.testing.assert_allclose(found[0], expected, rtol=1e-6)
    assert numpy_words.WORDS["bessel_k"](0.5, np.empty((0,))).shape == (0,)
    assert numpy_words.WORDS["bessel_j"](0.5, np.empty((0,))).shape == (0,)
