"""Formulas in LaTeX as textbooks set them: value and gradient are those of the same function in mpmath."""

from collections.abc import Callable
from typing import Any

import mpmath
import pytest
from mpmath import mp, mpf

from tests.correctness.formulas import latex
from tests.support import assertions
from tests.support.service import Client


def test_there_are_many_and_each_once() -> None:
    assert len(latex.ROWS) >= 100
    assert len({row[0] for row in latex.ROWS}) == len({row[1] for row in latex.ROWS}) == len(latex.ROWS)


@pytest.mark.parametrize("row", latex.ROWS, ids=lambda row: row[0])
def test_a_published_formula_in_latex(client: Client, row: latex.Row) -> None:
    name, text, point, function = row
    assert name
    numbers = [argument for argument, entry in point.items() if isinstance(entry, float)]
    by = numbers or list(point)
    answer = client.grad(text, point, format="latex", argnums=by)
    assert set(answer["args"]) == set(point)
    with mp.workdps(50):
        exact = {argument: _exact(entry) for argument, entry in point.items()}
        assertions.assert_close(answer["value"], float(function(**exact)), 1e-12)
        for argument, slope in zip(numbers, answer["gradient"], strict=False):
            # Rounding of the point alone moves oscillating functions by more than a few ulp.
            assertions.assert_close(slope, float(_slope(function, exact, argument)), 1e-9, 1e-12)


def _exact(entry: Any) -> Any:
    return [_exact(each) for each in entry] if isinstance(entry, list) else mpf(entry)


def _slope(function: Callable[..., Any], point: dict[str, Any], argument: str) -> Any:
    return mpmath.diff(lambda x: function(**(point | {argument: x})), point[argument])
