"""Distributions far out and of many degrees of freedom, against 50 digits."""

import functools
import math
from typing import Any

import numpy as np
import pytest
from mpmath import mp, mpf

from tests.correctness.accuracy import measure
from tests.support import mpmath_distributions
from tests.support.service import SyncEngine

_RELATIVE = {"f.logsf": 1e-11, "beta.logcdf": 2e-12}
"""Where digits are lost: two derivatives of an incomplete beta function by a shape."""


def _close(got: Any, right: Any, size: float, relative: float = 1e-12) -> None:
    """A derivative far smaller than its function over its argument is a difference of terms of that size."""
    np.testing.assert_allclose(got, float(right), rtol=relative, atol=1e-14 * size)


@pytest.mark.parametrize(
    ("name", "known", "point"),
    [
        ("gamma.logsf", (), (700.0, 1.25)),
        ("gamma.logsf", (), (400.0, 2.0)),
        ("gamma.logsf", (), (3e3, 1e3)),
        ("gamma.logcdf", (), (1e-12, 40.0)),
        ("chi2.logsf", (), (2000.0, 3.0)),
        ("chi2.logcdf", (), (0.01, 250.0)),
        ("invgamma.logcdf", (), (0.001, 2.5)),
        ("invgamma.logsf", (), (1e12, 40.0)),
        ("maxwell.logcdf", (), (1e-60,)),
        ("maxwell.logsf", (), (60.0,)),
        ("gennorm.logsf", (), (60.0, 1.7)),
        ("t.logsf", (), (1e4, 60.0)),
        ("t.logcdf", (), (-40.0, 300.0)),
        ("f.logsf", (), (60.0, 3.0, 1e3)),
        ("f.logcdf", (), (1e-6, 150.0, 40.0)),
        ("beta.logcdf", (), (1e-9, 50.0, 0.5)),
        ("beta.logcdf", (), (0.35, 1.1e3, 1.5e3)),
        ("beta.logsf", (), (0.999, 2.5, 150.0)),
        ("norm.logsf", (), (1e5,)),
        ("weibull_min.logsf", (), (1e3, 1.5)),
        ("poisson.logcdf", (3.0,), (900.0,)),
        ("poisson.logsf", (300.0,), (1.5,)),
        ("binom.logcdf", (3.0, 400.0), (0.97,)),
        ("binom.logsf", (300.0, 400.0), (0.01,)),
        ("nbinom.logcdf", (3.0,), (300.0, 0.03)),
        ("nbinom.logsf", (900.0,), (2.5, 0.75)),
    ],
)
def test_a_tail_that_underflows(
    engine: SyncEngine, name: str, known: tuple[float, ...], point: tuple[float, ...]
) -> None:
    reference = mpmath_distributions.function(name)
    assert reference is not None
    args = list("xyz"[: len(point)])
    call = f"{name}({', '.join([*(f'{each:.0f}' for each in known), *args])})"
    slopes = engine.answer("grad", call, list(point), args=args, argnums=list(range(len(args))))
    bends = engine.answer("hessian", call, list(point), args=args, argnums=list(range(len(args)))).derivative
    exact = measure.exact(functools.partial(reference, *map(mpf, known)), point)
    assert exact.value is not None
    size = abs(float(exact.value))
    assert not math.isinf(size)
    _close(slopes.value, exact.value, size)
    assert set(exact.first) == {(i,) for i in range(len(point))}
    for (i,), slope in exact.first.items():
        _close(slopes.derivative[i], slope, size / abs(point[i]))
    for (i, j), bend in exact.second.items():
        _close(bends[i][j], bend, size / abs(point[i] * point[j]), _RELATIVE.get(name, 1e-12))


def test_the_tail_of_a_gamma_distribution_of_shape_one_is_exponential(engine: SyncEngine) -> None:
    """Its derivative by the shape is log(x) + exp(x) * E_1(x) + Euler's constant."""
    found = engine.grad("scipy.stats.gamma.logsf(x, a)", [700.0, 1.0], [0, 1], args=["x", "a"])
    by_shape = mp.log(700) + mp.exp(700) * mp.e1(700) + mp.euler
    np.testing.assert_allclose([found.value, *found.derivative], [-700, -1, float(by_shape)], rtol=1e-14)


@pytest.mark.parametrize(
    ("name", "point", "digits"),
    [
        ("t.logpdf", (0.3, 1001.0), 1e-13),
        ("t.logpdf", (0.3, 1e6), 1e-13),
        ("t.logpdf", (-2.5, 1e8), 1e-13),
        ("t.logpdf", (30.0, 1e5), 1e-13),
        ("t.cdf", (2.5, 1e4), 1e-10),
        ("f.cdf", (1.5, 3.0, 5e4), 1e-10),
        ("f.sf", (1.5, 3.0, 5e4), 1e-10),
        ("t.sf", (2.5, 1e6), 5e-9),
    ],
)
def test_a_derivative_by_many_degrees_of_freedom(
    engine: SyncEngine, name: str, point: tuple[float, ...], digits: float
) -> None:
    reference = mpmath_distributions.function(name)
    assert reference is not None
    exact = measure.exact(reference, point)
    assert exact.value is not None
    args = list("xnm"[: len(point)])
    call, asked = f"{name}({', '.join(args)})", {"args": args, "argnums": list(range(len(args)))}
    slopes = engine.answer("grad", call, list(point), **asked)
    bends = engine.answer("hessian", call, list(point), **asked).derivative
    np.testing.assert_allclose(slopes.value, float(exact.value), rtol=1e-13)
    for (i,), slope in exact.first.items():
        np.testing.assert_allclose(slopes.derivative[i], float(slope), rtol=digits if i else 1e-13)
    for (i, j), bend in exact.second.items():
        np.testing.assert_allclose(bends[i][j], float(bend), rtol=digits if j else 1e-13)
