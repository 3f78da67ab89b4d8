"""The random functions of the benchmarks are such that ways of computing that round differently must agree."""

from __future__ import annotations

import operator

import mpmath
import pytest

from tests.benchmarks import expressions
from tests.benchmarks.expressions import NAMES, Tree

_EXACT = {
    **{name: getattr(mpmath, name) for name in ("sin", "cos", "exp", "tanh", "log1p")},
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "**": operator.pow,
}


def _gradient(tree: Tree, point: list[float], digits: int) -> list[float]:
    """Return the gradient by central differences, every operation in so many digits."""
    with mpmath.workdps(digits):
        step = mpmath.mpf(10) ** (-digits // 3)

        def at(moved: str, sign: int) -> mpmath.mpf:
            names = {name: mpmath.mpf(c) + sign * step * (name == moved) for name, c in zip(NAMES, point, strict=True)}
            found: mpmath.mpf = expressions.fold(tree, names, _EXACT)
            return found

        return [float((at(name, 1) - at(name, -1)) / (2 * step)) for name in NAMES]


_EXPONENTIALS = ["exp", ["exp", ["exp", ["+", 1.0, ["*", 0.3, "x"]]]]]


@pytest.mark.parametrize(
    "tree",
    [
        ["sin", _EXPONENTIALS],
        ["*", "y", ["cos", ["**", _EXPONENTIALS, 3]]],
        ["-", ["+", _EXPONENTIALS, "y"], _EXPONENTIALS],
        ["+", "y", ["sin", ["*", 1e12, ["*", "x", "x"]]]],
    ],
    ids=["sine", "product", "difference", "frequency"],
)
def test_a_function_without_right_digits_is_refused(tree: Tree) -> None:
    assert not expressions.well_conditioned(tree, [0.7, 0.4, 0.9])


@pytest.mark.parametrize("tree", [["*", "x", ["sin", ["*", "y", "y"]]], ["exp", ["tanh", ["+", "x", ["**", "z", 3]]]]])
def test_an_ordinary_function_is_not_refused(tree: Tree) -> None:
    assert expressions.well_conditioned(tree, [0.7, 0.4, 0.9])


def test_gradients_have_the_digits_that_services_must_agree_on() -> None:
    source = expressions.Source(0)
    for _ in range(1000):
        point = source.point()
        tree = source.function(point)
        exact, found = _gradient(tree, point, 80), expressions.gradient(tree, point)
        largest = max(map(abs, exact))
        assert 1e-3 < largest < 1e4
        assert found == pytest.approx(exact, rel=0, abs=1e-8 * largest)
