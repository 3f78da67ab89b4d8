"""The problems of Moré, Garbow and Hillstrom by all three routes, from their standard starts."""

import numpy as np
import pytest

from tests.correctness.fits import Problem, by_numpy, more_garbow_hillstrom
from tests.support.service import Client

PROBLEMS = more_garbow_hillstrom.PROBLEMS
ZERO = 1e-9
"""What counts as the minimum 0 of a sum of squares."""
LOCAL = {"2 Freudenstein and Roth", "26 Trigonometric"}
"""Problems whose standard start lies in the valley of a published minimum that is no root."""

UNSURE = {"10 Meyer"}
"""Problems at whose minimum rounding of the sum of squares hides whether its gradient is 0."""


def named(problem: Problem) -> str:
    return problem.name


def is_square(problem: Problem) -> bool:
    count = len(by_numpy.values(problem, problem.expression, problem.starts[0]))
    return count == len(problem.starts[0]["x"]) and 0 in problem.minima  # type: ignore[arg-type]


def is_published(value: float, problem: Problem) -> bool:
    """Return whether a sum of squares is a published minimum, to its six digits or their last one."""
    return any(
        abs(value - minimum) <= max(1.01e-5 * minimum, ZERO if minimum == 0 else 0) for minimum in problem.minima
    )


@pytest.mark.parametrize("problem", PROBLEMS, ids=named)
def test_least_squares(client: Client, problem: Problem) -> None:
    answer = client.answer(problem.request(), "/v1/least_squares")
    assert answer["converged"], answer["message"]
    residuals = by_numpy.values(problem, problem.expression, {"x": _only(answer["x"])})
    found = float(np.sum(residuals**2))
    assert is_published(found, problem), found
    assert 2 * answer["value"] == pytest.approx(found, rel=1e-6, abs=ZERO)


@pytest.mark.parametrize("problem", PROBLEMS, ids=named)
def test_the_sum_of_squares_as_a_function(client: Client, problem: Problem) -> None:
    text = f"np.sum(np.array({problem.expression})**2)"
    answer = client.answer(problem.request(expression=text), "/v1/minimize")
    assert answer["converged"] or problem.name in UNSURE, answer["message"]
    residuals = by_numpy.values(problem, problem.expression, {"x": _only(answer["x"])})
    found = float(np.sum(residuals**2))
    assert is_published(found, problem), found
    assert answer["value"] == pytest.approx(found, rel=1e-6, abs=ZERO)


@pytest.mark.parametrize("problem", [problem for problem in PROBLEMS if is_square(problem)], ids=named)
def test_equations(client: Client, problem: Problem) -> None:
    answer = client.answer(problem.request(), "/v1/root")
    residuals = by_numpy.values(problem, problem.expression, {"x": _only(answer["x"])})
    if problem.name in LOCAL:
        assert answer["converged"] == bool(np.max(np.abs(residuals)) < 1e-8)
    else:
        assert answer["converged"], answer["message"]
        assert np.max(np.abs(residuals)) < 1e-8


def _only(x: list[list[float]]) -> list[float]:
    """Return the one argument that moved: ``argnums`` is a list of it."""
    [numbers] = x
    return numbers
