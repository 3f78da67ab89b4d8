"""Special words of arrays, where SciPy's functions lose digits, against 40 digits."""

import random
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from mpmath import mp, mpf

from app.language.numeric import numpy_words

_WORDS = numpy_words.WORDS


def _sizes(count: int, least: float, most: float, seed: int) -> list[float]:
    chance = random.Random(seed)  # noqa: S311 - the same in every run
    return [10 ** chance.uniform(least, most) for _ in range(count)]


def _close(found: Any, points: list[float], reference: Callable[[mpf], Any], relative: float) -> None:
    with mp.workdps(40):
        exact = [reference(mpf(x)) for x in points]
    known = [1e-290 < abs(each) < 1e290 for each in exact]
    assert sum(known) > len(known) // 4
    np.testing.assert_allclose(found[known], [float(each) for each in np.array(exact)[known]], rtol=relative)


@pytest.mark.parametrize("order", [0, 1, 2, 5, 20])
def test_a_modified_bessel_function_has_its_digits_wherever_it_is_finite(order: int) -> None:
    points = _sizes(60, -4, 1.5, order) + _sizes(60, -10, 2.4 if order < 6 else 1.6, 100 + order)
    with np.errstate(all="ignore"):
        regular, decaying = (_WORDS[word](order, np.array(points)) for word in ("iv", "kn"))
    _close(regular, points, lambda x: mp.besseli(order, x), 5e-15)
    _close(decaying, points, lambda x: mp.besselk(order, x), 5e-15)


@pytest.mark.parametrize("order", [0, 1, 3])
def test_a_modified_bessel_function_of_a_huge_number_is_infinite_or_zero(order: int) -> None:
    huge = np.array([1e10, 2.2e226, 1e300])
    with np.errstate(all="ignore"):
        for derivative in range(3):
            assert _WORDS["iv_derivative"](derivative, order, huge).tolist() == [np.inf] * 3
            assert _WORDS["kn_derivative"](derivative, order, huge).tolist() == [0] * 3


def test_orders_of_each_element_give_what_one_order_gives() -> None:
    orders, points = np.array([0.0, 1, 2, 20, 2]), np.array([0.5, -1.5, 2.0, 3.0, 1e-3])
    for word in ("iv", "kn"):
        one_by_one = [_WORDS[word](order, x) for order, x in zip(orders, points, strict=True)]
        np.testing.assert_array_equal(_WORDS[word](orders, points), one_by_one)
    assert _WORDS["iv"](2, np.ones(3, np.float32)).dtype == np.float32


def test_the_digamma_function_has_its_digits_beside_its_poles() -> None:
    chance = random.Random(1)  # noqa: S311
    near = [chance.choice([1, -1]) * size for size in _sizes(300, -9, -1.1, 2)]
    points = [step - chance.randint(1, 60) for step in near]
    _close(_WORDS["digamma"](np.array(points)), points, mp.digamma, 1e-15)
    assert np.isnan(_WORDS["digamma"](np.array([-1.0, -7.0]))).all()


@pytest.mark.parametrize("zero", [1.0, 2.0])
def test_the_logarithm_of_the_gamma_function_has_its_digits_beside_its_zeros(zero: float) -> None:
    points = [zero + sign * size for size in _sizes(150, -12, -0.5, 3) for sign in (1, -1)]
    _close(_WORDS["lgamma"](np.array(points)), points, mp.loggamma, 4e-15)
    assert _WORDS["lgamma"](np.array([zero])).tolist() == [0.0]
    assert _WORDS["lgamma"](np.ones(3, np.float32)).dtype == np.float32


def test_dawsons_integral_has_its_digits_where_it_is_small() -> None:
    points = [sign * size for size in _sizes(200, -8, 0.5, 4) for sign in (1, -1)]
    _close(
        _WORDS["dawsn"](np.array(points)),
        points,
        lambda x: mp.sqrt(mp.pi) / 2 * mp.exp(-x * x) * mp.erfi(x),
        1e-15,
    )
