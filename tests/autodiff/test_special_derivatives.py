"""Derivatives of special functions to third order at round points, against 50-digit arithmetic."""

import functools
import itertools
from collections.abc import Callable, Sequence
from typing import Any

import jax.numpy as jnp
import numpy as np
import pytest
from mpmath import mp, mpf

from app.autodiff import table
from app.autodiff.namespaces import forward, jax_words
from app.language.numeric import numpy_words
from app.language.vocabulary import words
from tests.support import mpmath_functions
from tests.support.slopes import slope

Point = tuple[float, ...]
Exact = Callable[..., Any]
ALL_OF = mpmath_functions.function


def _points(*numbers: float) -> tuple[Point, ...]:
    return tuple((number,) for number in numbers)


def _orders(order: int, *numbers: float) -> tuple[Point, ...]:
    return tuple((order, number) for number in numbers)


def _gamma_part(a: Any, x: Any, upper: Any) -> Any:
    """Return the incomplete gamma function from the part that is smaller than 1/2, so that differences are exact."""
    if x < a:
        lower = mp.gammainc(a, 0, x) * mp.rgamma(a)
        return 1 - lower if upper else lower
    above = mp.gammainc(a, x) * mp.rgamma(a)
    return above if upper else 1 - above


EXACT: dict[str, Exact] = {
    "gamma_part": _gamma_part,
    "erfinv": mp.erfinv,
    "betaln": lambda a, b: mp.log(abs(mp.beta(a, b))),
    "expi": lambda x: mp.re(mp.ei(x)),
    "lambertw": lambda x: mp.re(mp.lambertw(x)),
    "zeta": mp.zeta,
}
"""Where the reference by the same name is not that of the opcode."""

_SHAPES = ((0.5, 0.25), (1.0, 1.0), (2.0, 1.0), (16.0, 16.0), (20.0, 20.0), (2.25, 8.0), (0.25, 2.0), (8.0, 3.0))

POINTS: dict[str, tuple[Point, ...]] = {
    "erfc": _points(-3.25, -0.5, 0.0, 0.25, 0.5, 3.0, 6.4, 12.8),
    "erfcx": _points(-3.25, -0.5, 0.0, 0.25, 0.5, 3.0, 6.4, 32.0, 1e3),
    "erfi": _points(-3.25, -0.5, 0.0, 0.25, 0.5, 3.0, 6.4, 12.8),
    "dawsn": _points(-3.25, -0.5, 0.0, 0.25, 1.0, 3.0, 6.4, 7.0, 12.8, 50.0),
    "erfinv": _points(-0.75, -0.5, 0.0, 0.125, 0.25, 0.875, 0.999),
    "erfcinv": _points(1.75, 0.125, 0.25, 1.0, 1e-8, 1e-100),
    "sinpi": _points(-3.25, -0.5, 0.0, 0.25, 1.0),
    "cospi": _points(-3.25, -0.5, 0.0, 0.25, 1.0),
    "gamma": _points(-3.25, -2.5, -0.25, 0.125, 0.25, 1.0, 1.5, 2.25, 4.5, 6.4, 12.8, 64.0),
    "lgamma": _points(-3.25, -0.25, 1e-8, 0.125, 0.25, 0.5, 1.0, 2.0, 2.25, 4.5, 6.4, 12.8, 16.0, 64.0),
    "rgamma": _points(-3.25, -3.0, -2.0, -1.0, 0.0, -0.25, 0.125, 0.25, 0.5, 1.0, 2.25, 4.5, 6.4, 12.8),
    "digamma": _points(-3.25, -0.25, 0.125, 0.25, 0.5, 1.0, 2.25, 4.5, 6.4, 12.8, 16.0, 64.0),
    "polygamma": (*_orders(1, -2.5, -0.25, 0.5, 2.0, 32.0), *_orders(2, -0.5, 0.25, 1.0, 3.0)),
    "zeta": ((-2.0, 1.0), (-0.75, 1.0), (0.0, 1.0), (2.0, 1.0), (6.4, 1.0), (3.5, 2.5), (-1.5, 2.5), (0.0, 0.5)),
    "lgamma_step": ((0.5, 0.5), (1.0, 1e-8), (2.25, -2.0), (0.125, 20.0), (32.0, 1e-3), (1e-3, 1e-3)),
    "betaln": ((0.5, 0.5), (1.0, 2.0), (2.25, 3.0), (0.125, 20.0), (32.0, 64.0), (-17.25, 2.0), (1e-3, 8.0)),
    "uppergamma": ((-0.5, 0.5), (-1.0, 0.5), (0.0, 0.25), (-2.0, 3.0), (1e-8, 0.5), (0.5, 2.0), (1.0, 1.0), (3.0, 8.0)),
    "gamma_part": tuple((*shape, upper) for shape in _SHAPES for upper in (0.0, 1.0)),
    "betainc": ((1.0, 3.0, 0.25), (2.0, 2.0, 0.5), (0.5, 0.5, 0.125), (2.25, 4.0, 0.875), (8.0, 3.0, 0.75)),
    "jn": (
        *_orders(0, -2.0, 0.0, 0.125, 1.0, 4.5, 5.5, 6.4, 25.0, 100.0),
        *_orders(1, 0.0, 1e-8, 4.5, 64.0),
        *_orders(2, 0.0, 0.5, 1.5, 8.0),
        *_orders(7, 1.0, 5.25, 20.0),
        *_orders(20, 1.0, 15.0, 30.0),
    ),
    "yn": (*_orders(0, 0.125, 1.0, 4.5, 5.5, 25.0), *_orders(1, 1e-4, 4.5, 64.0), *_orders(7, 1.0, 5.0, 20.0)),
    "iv": (
        *_orders(0, -1.0, 0.0, 0.125, 1.28, 6.4, 8.0, 32.0),
        *_orders(1, 0.0, 1e-8, 1.28, 64.0),
        *_orders(7, 1.0, 24.0, 25.0),
        *_orders(20, 1.0, 199.0, 205.0),
    ),
    "kn": (*_orders(0, 0.125, 1.0, 1.28, 6.4, 100.0), *_orders(1, 1e-4, 1.0, 64.0), *_orders(7, 1.0, 5.0, 20.0)),
    "i0e": _points(-3.0, 0.125, 1.0, 6.4, 32.0, 219.0, 221.0, 1e4),
    "i1e": _points(-3.0, 0.125, 1.0, 6.4, 32.0, 219.0, 221.0, 1e4),
    "k0e": _points(0.125, 1.0, 6.4, 32.0, 1e4),
    "k1e": _points(0.125, 1.0, 6.4, 32.0, 1e4),
    "expi": _points(-32.0, -1.0, -0.125, 0.125, 0.5, 2.0, 5.5, 6.4, 32.0),
    "li": _points(1e-8, 0.125, 0.5, 1.25, 1.4513692348833810, 2.0, 6.4, 1e9),
    "expn": (*_orders(2, 0.125, 0.5, 1.0, 6.4, 32.0), *_orders(3, 1e-8, 1.0), *_orders(20, 0.5, 8.0)),
    "Si": _points(-32.0, -1.0, 0.0, 1e-16, 0.125, 2.0, 4.0, 4.5, 6.4),
    "Ci": _points(0.125, 0.5, 2.0, 4.0, 4.5, 6.4, 32.0),
    "Shi": _points(-32.0, -1.0, 0.0, 1e-16, 1e-8, 0.125, 2.0, 4.0, 6.4),
    "Chi": _points(0.125, 0.5, 2.0, 4.0, 4.5, 6.4, 32.0),
    "fresnels": _points(-3.0, -0.125, 0.0, 0.5, 2.0, 4.5, 6.4),
    "fresnelc": _points(-3.0, -0.125, 0.0, 0.5, 2.0, 4.5, 6.4),
    "lambertw": _points(-0.367, -0.25, 0.0, 1e-8, 0.5, 2.0, 32.0, 1e9),
}


def test_every_special_opcode_has_points() -> None:
    assert table.special.SPECIAL.keys() == POINTS.keys()


def varied(opcode: str) -> list[int]:
    """Return the operands that a derivative can be taken by."""
    return [index for index in range(len(POINTS[opcode][0])) if index != words.ORDERS.get(opcode)]


def directions(opcode: str, most: int) -> list[tuple[int, ...]]:
    """Return the operands that a derivative is taken by, one after the other, up to an order."""
    operands = varied(opcode)
    return [by for order in range(most + 1) for by in itertools.combinations_with_replacement(operands, order)]


@functools.cache
def _bessel(opcode: str, order: int, x: float, times: int) -> Any:
    """Return a derivative of a Bessel function in orders (NIST DLMF 10.6.7, 10.29.5); differences take very long."""
    function = mp.besselk if opcode == "kn" else mp.bessely
    signs = (-1) ** times if opcode == "kn" else 1
    terms = [
        (1 if opcode == "kn" else (-1) ** k) * mp.binomial(times, k) * function(order - times + 2 * k, mpf(x))
        for k in range(times + 1)
    ]
    return signs * mp.fsum(terms) / mpf(2) ** times


def exact(opcode: str, point: Point, by: Sequence[int]) -> float:
    """Return a derivative by differences in 130 digits."""
    if opcode in ("yn", "kn"):
        with mp.workdps(40):
            return float(_bessel(opcode, int(point[0]), point[1], len(by)))
    if opcode in ("k0e", "k1e"):
        order, times = int(opcode[1]), len(by)
        with mp.workdps(40):
            terms = [mp.binomial(times, i) * _bessel("kn", order, point[0], i) for i in range(times + 1)]
            return float(mp.exp(point[0]) * mp.fsum(terms))
    if opcode == "polygamma":
        order, x = int(point[0]) + len(by), mpf(point[1])
        with mp.workdps(80):
            return float(mp.psi(order, x) if x > 0 else mp.diff(mp.digamma, x, order))
    function, moved = EXACT.get(opcode) or ALL_OF(opcode), varied(opcode)

    def call(*numbers: Any) -> Any:
        operands = [mpf(x) for x in point]
        for index, number in zip(moved, numbers, strict=True):
            operands[index] = number
        return function(*operands)

    with mp.workdps(130):
        at = [mpf(point[index]) for index in moved]
        counts = [by.count(index) for index in moved]
        step = mpf(10) ** -25 * max(abs(x) if x else 1 for x in at)
        if not by:
            return float(mp.re(call(*at)))
        return float(mp.re(mp.diff(call, at[0] if len(at) == 1 else at, counts[0] if len(at) == 1 else counts, h=step)))


MOST = dict.fromkeys(("zeta", "uppergamma", "gamma_part", "betainc", "expn"), 2)
"""Orders of derivatives whose references take long, less than 3."""


@pytest.mark.parametrize("opcode", POINTS)
def test_derivatives_of_a_special_function_are_right(opcode: str) -> None:
    for by in directions(opcode, MOST.get(opcode, 3)):
        for point in POINTS[opcode]:
            true = exact(opcode, point, by)
            tolerance = (1e-12, 1e-11, 1e-10, 1e-9)[len(by)]
            for sequence in {by, by[::-1]}:  # what comes first decides which rows of the table are used
                found = slope(numpy_words.NAMESPACE, opcode, [np.float64(x) for x in point], sequence)
                assert abs(found - true) <= tolerance * abs(true) + 1e-13 * (abs(true) < 1e-13), (
                    f"{point} by {sequence}"
                )


@pytest.mark.parametrize("opcode", POINTS)
def test_jax_and_numpy_have_the_same_derivatives(opcode: str) -> None:
    order = words.ORDERS.get(opcode)
    for point in POINTS[opcode][::3]:
        traced = [x if index == order else jnp.asarray(x) for index, x in enumerate(point)]
        for by in directions(opcode, 2):
            found = slope(jax_words.NAMESPACE, opcode, traced, by)
            true = slope(numpy_words.NAMESPACE, opcode, [np.float64(x) for x in point], by)
            assert abs(found - true) <= 1e-10 * abs(true) + 1e-13, f"{point} by {by}"


@pytest.mark.parametrize("order", [5, jnp.asarray(5.0)], ids=["known", "of the point"])
@pytest.mark.parametrize("opcode", ["jn", "yn", "iv", "kn"])
def test_jax_has_the_third_derivative_of_a_bessel_function(opcode: str, order: Any) -> None:
    function = {"jn": mp.besselj, "yn": mp.bessely, "iv": mp.besseli, "kn": mp.besselk}[opcode]
    with mp.workdps(50):
        true = float(mp.diff(lambda x: function(5, x), mpf("1.75"), 3))
    found = slope(jax_words.NAMESPACE, opcode, [order, jnp.asarray(1.75)], (1, 1, 1))
    assert abs(found - true) <= 1e-10 * abs(true)


@pytest.mark.parametrize("opcode", POINTS)
def test_the_hessian_of_a_product_has_the_derivatives_of_the_word(opcode: str) -> None:
    order, xp = words.ORDERS.get(opcode), numpy_words.NAMESPACE
    space = forward.Forward(forward.Forward(xp))
    for point in POINTS[opcode]:
        for operand in varied(opcode):
            inner = [np.float64(x) for x in point]
            once, twice = (slope(xp, opcode, inner, (operand,) * times) for times in (1, 2))
            numbers: list[Any] = [x if index == order else np.float64(x) for index, x in enumerate(point)]
            numbers[operand] = forward.Moving(space, forward.Moving(space.below, inner[operand], 1.0), 1.0)
            with np.errstate(all="ignore"):
                second = space.mul(1.5, getattr(space, opcode)(*numbers)).tangent
                weight = forward.Moving(space, np.float64(1.5), 1.0)
                numbers[operand] = forward.Moving(space.below, inner[operand], 1.0)
                mixed = space.mul(weight, getattr(space.below, opcode)(*numbers)).tangent
            assert second.tangent == pytest.approx(1.5 * twice, rel=1e-13)
            assert mixed.tangent == pytest.approx(once, rel=1e-13)


@pytest.mark.parametrize(
    ("opcode", "point", "by", "expected"),
    [
        ("gamma_part", (1.0, 0.0, 0.0), (1,), 1.0),
        ("gamma_part", (2.0, 0.0, 0.0), (1,), 0.0),
        ("gamma_part", (2.0, 0.0, 0.0), (1, 1), 1.0),
        ("gamma_part", (1.0, 0.0, 1.0), (1, 1), 1.0),
        ("betainc", (1.0, 3.0, 0.0), (2,), 3.0),
        ("betainc", (1.0, 3.0, 0.0), (2, 2), -6.0),
        ("betainc", (2.0, 3.0, 0.0), (2, 2), 12.0),
        ("betainc", (3.0, 1.0, 1.0), (2,), 3.0),
        ("zeta", (0.0, 3.0), (1,), -1.0),
        ("zeta", (-20.0, 1.0), (), 0.0),
        ("zeta", (1.0, 1.0), (), np.inf),
        ("zeta", (1.0, 1.0), (0,), np.nan),
        ("rgamma", (-2.0,), (0,), 2.0),
        ("lambertw", (0.0,), (0, 0), -2.0),
        ("lambertw", (0.0,), (0, 0, 0), 9.0),
    ],
)
def test_a_derivative_at_the_edge_of_a_domain(opcode: str, point: Point, by: tuple[int, ...], expected: float) -> None:
    found = slope(numpy_words.NAMESPACE, opcode, [np.float64(x) for x in point], by)
    assert found == pytest.approx(expected, rel=1e-12, abs=1e-13, nan_ok=True)
