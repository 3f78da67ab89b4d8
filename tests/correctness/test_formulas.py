"""Published formulas through both tiers, against 50-digit arithmetic."""

import functools
import itertools
from typing import Any

import pytest
from mpmath import mpf

from tests.correctness import formulas
from tests.correctness.formulas import Formula
from tests.support import reference
from tests.support.service import SyncEngine
from tests.support.tiers import Tier, compiled, served

FLOAT32_TOLERANCE, FLOAT32_EPSILON = 1e-4, 2.0**-23
ALL = {formula.name: formula for formula in formulas.ALL}


@functools.cache
def truth(name: str) -> tuple[mpf, list[Any], float]:
    """Return value, gradient, and the relative error that plain float64 arithmetic makes in the gradient."""
    formula = ALL[name]
    asked = formula.expression, formula.args, formula.point
    exact = reference.gradient(*asked)
    return *exact, reference.losses(*asked, exact)[1]


def point(formula: Formula) -> list[Any]:
    return [list(entry) if isinstance(entry, tuple) else entry for entry in formula.point]


def flat(entries: list[Any]) -> list[Any]:
    return [number for entry in entries for number in (flat(entry) if isinstance(entry, list) else [entry])]


def error(found: list[Any], exact: list[Any]) -> float:
    """Return the largest relative error of a component."""
    pairs = zip(flat(found), flat(exact), strict=True)
    return max(float(abs(f - e) / max(abs(e), reference.SMALL)) for f, e in pairs)


def check(tier: Tier, formula: Formula) -> None:
    value, gradient, loss = truth(formula.name)
    found, slopes = tier(formula.expression, formula.args, point(formula))
    tolerance = max(1e-12, 100 * loss)
    assert error(slopes, gradient) <= tolerance
    scale = max([abs(value), *[abs(g * x) for g, x in zip(flat(gradient), flat(point(formula)), strict=True)]])
    assert abs(found - value) <= 1e-13 * scale + 1e-12 * abs(value)


@pytest.mark.parametrize("formula", formulas.ALL[::3], ids=lambda formula: formula.name)  # XLA takes 0.1 s for each
def test_a_published_formula_compiled(formula: Formula) -> None:
    check(compiled, formula)


@pytest.mark.parametrize("formula", formulas.ALL, ids=lambda formula: formula.name)
def test_a_published_formula_asked_of_the_engine(engine: SyncEngine, formula: Formula) -> None:
    check(served(engine), formula)


def gentle(formula: Formula) -> bool:
    """Return whether float32 has the digits and the range for a formula."""
    value, gradient, _ = truth(formula.name)
    rounded = [float(x) * (1 + FLOAT32_EPSILON) for x in flat(point(formula))]
    if len(rounded) != len(formula.point) or any(abs(n) > 1e6 or 0 < abs(n) < 1e-6 for n in [value, *flat(gradient)]):
        return False
    moved = reference.gradient(formula.expression, formula.args, rounded)[1]
    return error([float(g) for g in flat(moved)], gradient) < 8 * FLOAT32_EPSILON


GENTLE = list(itertools.islice(filter(gentle, formulas.FEYNMAN), 40))


@pytest.mark.parametrize("formula", GENTLE, ids=lambda formula: formula.name)
def test_a_published_formula_in_float32(engine: SyncEngine, formula: Formula) -> None:
    value, gradient, _ = truth(formula.name)
    found, slopes = served(engine)(formula.expression, formula.args, point(formula), dtype="float32")
    assert error(slopes, gradient) <= FLOAT32_TOLERANCE
    assert error(slopes, gradient) > 0, "float32 cannot be as exact as float64"
    assert error([found], [value]) <= FLOAT32_TOLERANCE


def test_enough_formulas_are_tested() -> None:
    assert len(formulas.ALL) >= 200
    assert len({formula.name for formula in formulas.ALL}) == len(formulas.ALL)
    assert len(GENTLE) == 40
