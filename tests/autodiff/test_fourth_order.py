"""The fourth derivative of every word of one argument, by nested forward mode, against differences in 150 digits."""

import math

import pytest

from app.language.vocabulary import words
from tests.autodiff import test_special_derivatives, test_table
from tests.support import mpmath_functions

pytestmark = pytest.mark.slow

POINTS = (0.25, 0.5, 0.8125, 1.0, 1.75, 3.5, 6.4, -0.3125, -2.25, 0.0, 12.8)
"""Points inside the domain of some word; where a word is not defined or not smooth, a point is left out."""

OF_ONE = sorted(
    word.names[0]
    for word in (*words.PRIMITIVES, *words.DEFINED)
    if word.arity[0] == 1 and word.kind == "elementwise" and word.names[0] in mpmath_functions.names()
)


BESSEL = {"k0": ("kn", 0), "k1": ("kn", 1), "y0": ("yn", 0), "y1": ("yn", 1)}
"""Opcode and order of words whose differences take long."""


def exact(name: str, x: float, order: int) -> float:
    if name in BESSEL:
        opcode, n = BESSEL[name]
        if x <= 0:
            raise ValueError
        return test_special_derivatives.exact(opcode, (n, x), (1,) * order)
    if name in ("k0e", "k1e"):
        if x <= 0:
            raise ValueError
        return test_special_derivatives.exact(name, (x,), (0,) * order)
    return test_table.exact(f"{name}(x)", ["x"], (0,) * order, (x,))


def test_nearly_every_word_of_one_argument_has_a_reference() -> None:
    smooth = [word.names[0] for word in (*words.PRIMITIVES, *words.DEFINED) if word.arity[0] == 1]
    without = set(smooth) - set(OF_ONE) - test_table.PIECEWISE
    of_orders = {"airyaiprime", "airybi", "airybiprime", "lambertwm1"}  # in test_order_words
    assert without <= {"logical_not", "Piecewise", "ellipkm1"} | of_orders


@pytest.mark.parametrize("name", OF_ONE)
def test_the_fourth_derivative_is_right(name: str) -> None:
    found = test_table.slopes(f"{name}(x)", ["x"], (0, 0, 0, 0), [(x,) for x in POINTS])
    checked = 0
    for x, slope in zip(POINTS, found, strict=True):
        try:
            true = exact(name, x, 4)
            below = max(abs(exact(name, x, order)) for order in range(4))
        except (ValueError, ZeroDivisionError, TypeError, OverflowError):
            continue
        checked += 1
        assert math.isfinite(slope), (name, x)
        assert abs(slope - true) <= 1e-9 * abs(true) + 1e-12 * below + 1e-35, (name, x, slope, true)
    assert checked > 2
