"""The collections are written down rightly: counts, values at the starts, and derivatives, against NumPy's reading."""

import json

import numpy as np
import pytest

from app.language import parse
from tests.correctness.fits import Problem, by_numpy, hock_schittkowski, more_garbow_hillstrom, nist
from tests.support.service import Client

ALL = (*nist.PROBLEMS, *more_garbow_hillstrom.PROBLEMS, *hock_schittkowski.PROBLEMS)


def named(problem: Problem) -> str:
    return problem.name


def texts(problem: Problem) -> list[str]:
    return [problem.expression, *(text for _, text in problem.constraints)]


def test_the_collections_are_whole() -> None:
    assert len(nist.PROBLEMS) == 27
    assert [len(problem.starts) for problem in nist.PROBLEMS] == [2] * 27
    numbers = [int(problem.name.split()[0]) for problem in more_garbow_hillstrom.PROBLEMS]
    assert sorted(set(numbers)) == list(range(1, 36))
    assert len({problem.name for problem in hock_schittkowski.PROBLEMS}) == 100


@pytest.mark.parametrize("problem", ALL, ids=named)
def test_the_service_reads_what_numpy_reads(client: Client, problem: Problem) -> None:
    """Values and Jacobians at the start, of the function and of every condition."""
    start = by_numpy.numbers(problem.starts[0])
    document = problem.request()
    for text in texts(problem):
        parse.read(text, document["args"])
        answer = client.answer(
            {name: document[name] for name in ("args", "point", "argnums")} | {"expression": text}, "/v1/jacobian"
        )
        found = np.ravel(np.asarray(answer["value"], np.float64))
        expected = by_numpy.values(problem, text, problem.starts[0])
        size = np.max(np.abs(expected), initial=1e-300)
        np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-13 * max(1.0, size))
        jacobian = np.column_stack(
            [np.reshape(np.asarray(part, np.float64), (len(expected), -1)) for part in answer["jacobian"]]
        )
        slopes, error = _central_differences(problem, text, start)
        assert jacobian.shape == slopes.shape
        assert np.all(np.abs(jacobian - slopes) <= 10 * error + 1e-6 * np.max(np.abs(slopes), initial=0.0)), text


def _central_differences(problem: Problem, text: str, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return slopes (m, n) by two steps, and how far these two are from each other."""
    columns, errors = [], []
    for place in range(len(x)):
        by_step = []
        for step in (1e-4, 1e-5):
            h = np.zeros_like(x)
            h[place] = step * max(abs(x[place]), 1e-2)
            ends = [by_numpy.values(problem, text, by_numpy.moved_at(problem, 0, x + sign * h)) for sign in (1, -1)]
            by_step.append((ends[0] - ends[1]) / (2 * h[place]))
        columns.append(by_step[1])
        errors.append(np.abs(by_step[0] - by_step[1]))
    return np.column_stack(columns), np.column_stack(errors)


@pytest.mark.parametrize("problem", nist.PROBLEMS, ids=named)
def test_residuals_at_the_certified_parameters_have_the_certified_sum_of_squares(problem: Problem) -> None:
    certified = by_numpy.moved_at(problem, 0, np.array(problem.solution))
    found = float(np.sum(by_numpy.values(problem, problem.expression, certified) ** 2))
    # Lanczos1's is that of rounding the parameters to 11 digits, not that of its data: 1.4e-25.
    assert found == pytest.approx(problem.minima[0], rel=1e-9, abs=1e-20)


@pytest.mark.parametrize("problem", [*more_garbow_hillstrom.PROBLEMS, *hock_schittkowski.PROBLEMS], ids=named)
def test_the_value_at_the_start_is_the_published_one(problem: Problem) -> None:
    values = by_numpy.values(problem, problem.expression, problem.starts[0])
    found = float(values[0]) if problem in hock_schittkowski.PROBLEMS else float(np.sum(values**2))
    assert found == pytest.approx(problem.start_values[0], rel=1e-5, abs=1e-9)


@pytest.mark.parametrize("problem", ALL, ids=named)
def test_a_request_is_json(problem: Problem) -> None:
    document = problem.request()
    assert set(document["argnums"]) <= set(document["args"]) == set(document["point"])
    assert json.loads(json.dumps(document, allow_nan=False))["expression"] == problem.expression
