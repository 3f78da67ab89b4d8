"""``/v1/minimize``, ``/v1/least_squares`` and ``/v1/root``: what they take, answer, stream and refuse.

That published problems are solved is tested in ``tests/correctness/fits``.
"""

import asyncio
import json
import math
import threading
from collections.abc import AsyncGenerator, Iterator
from typing import Any

import numpy as np
import pytest

from app.api.rest import fits
from app.engine.fits import methods
from app.runtime import queue
from app.settings import Settings
from tests.support import assertions
from tests.support.service import Client, serving
from tests.support.waiting import until

ROSENBROCK: dict[str, Any] = {"expression": "(1 - x)**2 + 100*(y - x**2)**2", "point": [-1.2, 1.0]}
TIMES = [0.0, 0.5, 1.0, 1.5, 2.0, 3.0, 4.0]
DECAY: dict[str, Any] = {
    "expression": "a*exp(-b*t) - y",
    "args": ["a", "b", "t", "y"],
    "point": {"a": 1.0, "b": 1.0, "t": TIMES, "y": [2.5 * math.exp(-1.3 * t) for t in TIMES]},
    "argnums": ["a", "b"],
}


def answer(client: Client, path: str, **fields: Any) -> dict[str, Any]:
    return client.answer(fields, f"/v1/{path}")


def refused(client: Client, path: str, **fields: Any) -> dict[str, Any]:
    response = client.post(fields, f"/v1/{path}")
    assert response.status_code == 422, response.text
    problem: dict[str, Any] = response.json()
    return problem


@pytest.mark.parametrize("fit", fits.FITS, ids=lambda fit: fit.kind)
def test_the_documented_example_is_answered_as_documented(client: Client, fit: fits.FitRoute) -> None:
    found = answer(client, fit.kind, **fit.request_example)
    assert assertions.is_close(found, fit.response_example), found


def test_without_argnums_every_argument_moves(client: Client) -> None:
    found = answer(client, "minimize", **ROSENBROCK)
    assert found["x"] == pytest.approx([1.0, 1.0], abs=1e-8)
    assert found["argnums"] == [0, 1]
    assert found["converged"]
    assert answer(client, "minimize", expression="(x - 3)**2", point=[0.0])["x"] == pytest.approx(3.0)


def test_arguments_that_are_not_named_stand_still(client: Client) -> None:
    found = answer(client, "minimize", **ROSENBROCK, argnums="y")
    assert found["x"] == pytest.approx(1.44)
    assert found["value"] == pytest.approx(2.2**2)
    assert found["gradient"] == pytest.approx(0.0, abs=1e-9)


def test_an_array_moves_as_a_whole(client: Client) -> None:
    point = {"X": [[1.0, 2.0], [3.0, 4.0]], "c": 0.5}
    found = answer(client, "minimize", expression="sum((X - c*[[1, 2], [3, 4]])**2)", point=point, argnums=["X"])
    np.testing.assert_allclose(found["x"], [[[0.5, 1.0], [1.5, 2.0]]], rtol=1e-9)


@pytest.mark.parametrize(
    "method", ["BFGS", "CG", "L-BFGS-B", "Newton-CG", "trust-krylov", "trust-ncg", "trust-exact", "dogleg", "SLSQP",
               "TNC", "trust-constr", "Nelder-Mead", "Powell", "COBYQA"],
)  # fmt: skip
def test_every_method_finds_the_minimum(client: Client, method: str) -> None:
    found = answer(client, "minimize", **ROSENBROCK, method=method.lower())
    assert found["x"] == pytest.approx([1.0, 1.0], abs=1e-6)
    assert found["method"] == method
    assert found["converged"]


@pytest.mark.parametrize("method", ["L-BFGS-B", "TNC", "SLSQP", "trust-constr", None])
def test_bounds_hold(client: Client, method: str | None) -> None:
    found = answer(client, "minimize", **ROSENBROCK, bounds={"x": [None, 0.5]}, method=method)
    assert found["x"] == pytest.approx([0.5, 0.25], abs=1e-6)
    assert found["x"][0] <= 0.5
    assert found["converged"]


def test_bounds_may_differ_by_element(client: Client) -> None:
    found = answer(
        client, "minimize", expression="sum((X - 1)**2)", point=[[0.0, 0.0, 0.0]],
        bounds={"X": [[2.0, None, None], [None, None, 0.5]]},
    )  # fmt: skip
    assert found["x"] == pytest.approx([2.0, 1.0, 0.5], abs=1e-8)


@pytest.mark.parametrize("method", ["SLSQP", "trust-constr", "COBYQA", None])
def test_conditions_hold(client: Client, method: str | None) -> None:
    found = answer(
        client, "minimize", expression="x*y", point=[2.0, 0.5], method=method,
        constraints=[{"type": "eq", "expression": "x**2 + y**2 - 2"}, {"type": "ineq", "expression": "x"}],
    )  # fmt: skip
    assert found["x"] == pytest.approx([1.0, -1.0], abs=1e-5)
    assert found["value"] == pytest.approx(-1.0, abs=1e-6)
    assert found["converged"]


def test_a_condition_that_cannot_hold_is_said(client: Client) -> None:
    found = answer(
        client, "minimize", expression="x**2", point=[1.0],
        constraints=[{"type": "eq", "expression": "x**2 + 1"}],
    )  # fmt: skip
    assert not found["converged"]
    assert "violated" in found["message"]


@pytest.mark.parametrize("method", ["trf", "dogbox", "lm", None])
def test_parameters_of_a_curve_are_found(client: Client, method: str | None) -> None:
    found = answer(client, "least_squares", **DECAY, method=method)
    assert found["x"] == pytest.approx([2.5, 1.3], rel=1e-9)
    assert found["value"] == pytest.approx(0.0, abs=1e-20)
    assert found["converged"]


def test_the_covariance_of_a_line_is_that_of_linear_regression(client: Client) -> None:
    t, y = np.array([0.0, 1.0, 2.0, 3.0]), np.array([1.0, 3.0, 4.0, 8.0])
    design = np.stack([np.ones(4), t], axis=1)
    expected, (squares,), _, _ = np.linalg.lstsq(design, y)
    found = answer(
        client, "least_squares", expression="a + b*t - y", args=["a", "b", "t", "y"], argnums=[0, 1],
        point=[0.0, 0.0, t.tolist(), y.tolist()],
    )  # fmt: skip
    assert found["x"] == pytest.approx(expected)
    assert found["value"] == pytest.approx(squares / 2)
    covariance = squares / 2 * np.linalg.inv(design.T @ design)
    np.testing.assert_allclose(found["covariance"], covariance, rtol=1e-9)
    assert found["standard_errors"] == pytest.approx(np.sqrt(np.diag(covariance)))


@pytest.mark.parametrize(
    ("expression", "point", "reason"),
    [
        (["a - 1", "b - 2"], [0.0, 0.0], "no degrees of freedom"),
        (["a + b - 1", "a + b - 2", "a + b"], [0.0, 0.0], "cannot be told apart"),
        (["a - 1", "a - 2", "a*0*b"], [0.0, 0.0], "do not depend"),
    ],
)
def test_why_there_is_no_covariance_is_said(client: Client, expression: list[str], point: Any, reason: str) -> None:
    found = answer(client, "least_squares", expression=expression, args=["a", "b"], point=point)
    assert found["covariance"] is None
    assert found["standard_errors"] is None
    assert reason in found["reason"]


@pytest.mark.parametrize("method", ["hybr", "lm", "krylov", "df-sane", "broyden1", "anderson", None])
def test_roots_are_found(client: Client, method: str | None) -> None:
    found = answer(client, "root", expression=["x + 0.1*y**2 - 1", "y - 0.1*x"], point=[0.8, 0.2], method=method)
    x, y = found["x"]
    assert x + 0.1 * y**2 == pytest.approx(1.0)
    assert y == pytest.approx(0.1 * x)
    np.testing.assert_allclose(found["value"], [0.0, 0.0], atol=1e-9)
    assert found["converged"]


def test_a_root_of_one_equation_is_a_number(client: Client) -> None:
    found = answer(client, "root", expression="cos(x) - x", point=[1.0])
    assert found["x"] == pytest.approx(0.7390851332151607, rel=1e-15)
    assert isinstance(found["value"], float)


def test_no_root_is_said(client: Client) -> None:
    found = answer(client, "root", expression="x**2 + 1", point=[1.0])
    assert not found["converged"]
    assert abs(found["value"]) >= 1.0


def test_many_starts_at_once_are_answered_as_each_alone(client: Client) -> None:
    starts = [-2.5, 0.1, 2.5]
    found = answer(client, "minimize", expression="(x**2 - 4)**2 + x", point=[starts], in_axes=0)
    for index, start in enumerate(starts):
        alone = answer(client, "minimize", expression="(x**2 - 4)**2 + x", point=[start])
        for name in ("x", "value", "gradient", "converged", "message", "evaluations"):
            assert found[name][index] == alone[name]


def test_many_data_sets_are_fitted_in_one_request(client: Client) -> None:
    rates = [0.5, 1.0, 1.5]
    data = [[2.0 * math.exp(-rate * t) for t in TIMES] for rate in rates]
    point = {**DECAY["point"], "y": data}
    found = answer(client, "least_squares", **{**DECAY, "point": point}, in_axes=[None, None, None, 0])
    np.testing.assert_allclose(found["x"], [[2.0] * 3, rates], rtol=1e-8)
    assert np.shape(found["covariance"]) == (3, 2, 2)
    assert np.shape(found["standard_errors"]) == (2, 3)
    assert found["converged"] == [True] * 3


def test_a_data_set_without_covariance_has_standard_errors_that_are_not_numbers(client: Client) -> None:
    point = {"a": 1.0, "b": 1.0, "t": [1.0, 2.0, 3.0], "w": [[1.0, 1.0, 1.0], [1.0, 0.0, 0.0]]}
    found = answer(
        client, "least_squares", expression="w*(a + b*t - t**2)", args=["a", "b", "t", "w"], argnums=[0, 1],
        point=point, in_axes=[None, None, None, 0],
    )  # fmt: skip
    assert found["covariance"][1] is None
    assert found["reason"] == [None, "the parameters cannot be told apart: the Jacobian is singular at the solution"]
    assert [row[1] for row in found["standard_errors"]] == ["NaN", "NaN"]


def test_a_search_ends_at_its_bound_with_the_best_so_far(client: Client) -> None:
    for path, fields in (("minimize", ROSENBROCK), ("least_squares", DECAY)):
        found = answer(client, path, **fields, max_evaluations=6)
        assert not found["converged"]
        assert found["evaluations"] == 6
        assert "stopped after 6 evaluations" in found["message"]
    assert answer(client, "minimize", **ROSENBROCK, max_evaluations=6)["value"] < 24.2


@pytest.mark.parametrize("method", [method for method in methods.ALL if not method.constraints], ids=str)
@pytest.mark.parametrize("tolerance", [5e-324, 1e-300, 0.999])
def test_no_tolerance_is_too_small_or_too_large_for_a_method(
    client: Client, method: methods.Method, tolerance: float
) -> None:
    expression = "(x - 1)**2 + (y - 2)**4" if method.kind == "minimize" else ["x - 1", "y**3 - 8"]
    fields = {"expression": expression, "point": [0.5, 1.5], "tolerance": tolerance, "max_evaluations": 2000}
    found = answer(client, method.kind, **fields, method=method.name)
    assert found["message"]


@pytest.mark.parametrize("kind", ["minimize", "least_squares", "root"])
@pytest.mark.parametrize(
    "expression", ["exp(exp(x))", "x**300", "1e300*x", "1/x", "tan(x)", "sqrt(x - 1)", "where(x > 2, x, nan)", "0*x"]
)
@pytest.mark.parametrize("start", [1.5, 1e-300, 5.0, 1e150])
def test_a_function_that_is_hard_to_search_is_answered_or_refused(
    client: Client, kind: str, expression: str, start: float
) -> None:
    response = client.post({"expression": expression, "point": [start], "max_evaluations": 200}, f"/v1/{kind}")
    assert response.status_code in {200, 422}, response.text


def test_the_same_request_has_the_same_answer(client: Client) -> None:
    for path, fields in (("minimize", ROSENBROCK), ("least_squares", DECAY)):
        first, second = (client.post(fields, f"/v1/{path}").content for _ in range(2))
        assert first == second


def test_a_registered_function_is_fitted_by_its_id(client: Client) -> None:
    given = {name: DECAY[name] for name in ("expression", "args")}
    function_id = client.post(given, "/v1/functions").json()["function_id"]
    given = {name: DECAY[name] for name in ("point", "argnums")}
    found = client.answer(given, f"/v1/functions/{function_id}/least_squares")
    assert found["x"] == pytest.approx([2.5, 1.3], rel=1e-9)
    assert found["function_id"] == function_id
    assert client.post(given, "/v1/functions/0123/least_squares").status_code == 404


@pytest.mark.parametrize(
    ("path", "fields", "code", "field", "told"),
    [
        ("minimize", {"expression": "[x, x]", "point": [1.0]}, "bad_shape", "expression", "not a scalar"),
        ("minimize", ROSENBROCK | {"method": "newton"}, "invalid_field", "method", "not a method of minimize"),
        ("minimize", ROSENBROCK | {"method": "BFGS", "bounds": {"x": [0, 1]}}, "invalid_field", "bounds", "no bounds"),
        ("minimize", ROSENBROCK | {"bounds": {"z": [0, 1]}}, "invalid_field", "bounds", "not an argument"),
        ("minimize", ROSENBROCK | {"bounds": {"x": [1, 0]}}, "invalid_field", "bounds.x", "above"),
        ("minimize", ROSENBROCK | {"bounds": {"x": 3}}, "invalid_field", "bounds.x", "a pair"),
        ("minimize", ROSENBROCK | {"bounds": [[0, 1]]}, "invalid_field", "bounds", "an object"),
        ("minimize", ROSENBROCK | {"bounds": {"x": [["a"], None]}}, "invalid_field", "bounds.x", "numbers"),
        ("minimize", ROSENBROCK | {"bounds": {"x": [[0, 1], None]}}, "bad_shape", "bounds.x", "shape"),
        ("minimize", ROSENBROCK | {"bounds": {"y": [0, 1]}, "argnums": [0]}, "invalid_field", "bounds.y", "not move"),
        ("minimize", {"expression": "log(x)", "point": [-1.0]}, "invalid_field", "point", "not finite at the start"),
        ("least_squares", {"expression": "log(x)", "point": [-1.0]}, "invalid_field", "point", "at the start"),
        ("root", {"expression": ["log(x)"], "point": [-1.0]}, "invalid_field", "point", "not finite at the start"),
        ("root", {"expression": ["x", "x"], "point": [1.0]}, "bad_shape", "expression", "2 functions in 1 numbers"),
        ("minimize", ROSENBROCK | {"tolerance": 0}, "invalid_field", "tolerance", "between 0 and 1"),
        ("minimize", ROSENBROCK | {"max_evaluations": 0}, "invalid_field", "max_evaluations", "positive"),
        ("least_squares", DECAY | {"constraints": []}, "invalid_field", None, "not a field"),
        ("minimize", {"expression": "sum(X)", "point": {"X": []}}, "bad_shape", "argnums", "could move"),
    ],
)  # fmt: skip
def test_a_mistake_is_named(
    client: Client, path: str, fields: dict[str, Any], code: str, field: str | None, told: str
) -> None:
    problem = refused(client, path, **fields)
    assert (problem["code"], problem.get("field")) == (code, field), problem
    assert told in problem["detail"]


def test_a_mistake_in_a_condition_has_its_place(client: Client) -> None:
    problem = refused(
        client, "minimize", **ROSENBROCK,
        constraints=[{"type": "ineq", "expression": "x"}, {"type": "eq", "expression": "x + z"}],
    )  # fmt: skip
    assert problem["field"] == "constraints.1.expression"
    assert problem["position"]["column"] == 5
    assert problem["code"] == "unknown_name"


def test_events_tell_of_each_iteration_and_end_with_the_answer(client: Client) -> None:
    plain = answer(client, "least_squares", **DECAY)
    response = client.post(DECAY, "/v1/least_squares", Accept="text/event-stream")
    assert response.status_code == 200
    assert response.headers["content-type"].startswith("text/event-stream")
    events = [_event(part) for part in response.text.strip().split("\n\n")]
    *steps, (last, found) = events
    assert last == "answer"
    assert found == plain
    assert [name for name, _ in steps] == ["iteration"] * plain["iterations"]
    assert [step["iteration"] for _, step in steps] == [*range(1, plain["iterations"] + 1)]
    values = [step["value"] for _, step in steps]
    assert values[-1] < 1e-12 * values[0]
    assert steps[-1][1]["x"] == pytest.approx([2.5, 1.3], rel=1e-6)


def _event(part: str) -> tuple[str, Any]:
    name, data = part.split("\n")
    return name.removeprefix("event: "), json.loads(data.removeprefix("data: "))


def test_what_is_at_fault_is_a_problem_even_where_events_are_wanted(client: Client) -> None:
    response = client.post({"expression": "x +", "point": [1.0]}, "/v1/minimize", Accept="text/event-stream")
    assert response.status_code == 422
    assert response.headers["content-type"] == "application/problem+json"
    response = client.post({"expression": "log(x)", "point": [-1.0]}, "/v1/minimize", Accept="text/event-stream")
    assert response.status_code == 422


def test_a_client_that_goes_away_ends_the_search(client: Client) -> None:
    served = client.app.state.services.engine
    endless = {"expression": "sum((X - 1)**2)", "point": [[0.0] * 4], "max_evaluations": 10_000, "method": "Powell"}

    async def leave() -> int:
        operation = fits._operation(fits.FITS[0], by_id=False)
        assert operation.stream is not None
        events = operation.stream(operation.model.model_validate(endless), served, "")
        await anext(events)
        assert isinstance(events, AsyncGenerator)
        await events.aclose()  # as the server does when the connection closes
        for _ in range(500):
            if not len(served.fits.pool):
                return 0
            await asyncio.sleep(0.01)
        return len(served.fits.pool)

    assert client.run(leave()) == 0


@pytest.fixture(scope="module")
def small() -> Iterator[Client]:
    """A service with one thread for fits and one place to wait, and little for each fit."""
    settings = Settings(max_evaluations=40, max_fit_seconds=0.2, fit_threads=1, fit_queue=1)
    with serving(settings, workers=False) as client:
        yield client


def test_a_fit_ends_at_the_evaluations_that_are_set(small: Client) -> None:
    asked = ROSENBROCK | {"method": "Nelder-Mead"}
    for most in (None, 10, 1000):
        found = answer(small, "minimize", **asked, max_evaluations=most)
        assert not found["converged"]
        assert found["evaluations"] == min(most or 40, 40)
        assert f"after {found['evaluations']} evaluations" in found["message"]


def test_a_fit_ends_after_the_seconds_that_are_set(small: Client) -> None:
    """Each of many starts has its evaluations, all of them together have the seconds."""
    starts = np.linspace(-2, 2, 2000)
    found = answer(small, "minimize", expression="cosh(x) + 0.1*x", point=[starts.tolist()], in_axes=0)
    ended = "stopped after 0.2 s, the most that this request may search"
    assert (found["message"][-1], found["evaluations"][-1], found["converged"][-1]) == (ended, 0, False)
    assert (found["x"][-1], found["value"][-1], found["gradient"][-1]) == (starts[-1], "NaN", "NaN")
    assert found["converged"][0]
    assert not found["finite"]


@pytest.mark.parametrize("path", ["least_squares", "root"])
def test_starts_that_are_not_reached_are_no_numbers(small: Client, path: str) -> None:
    starts = np.linspace(-2, 2, 2000).tolist()
    found = answer(small, path, expression=["sinh(x) + y", "x - y - 1"], point=[starts, starts], in_axes=0)
    assert found["x"][0][-1] == starts[-1]
    assert found["value"][-1] == ("NaN" if path == "least_squares" else ["NaN", "NaN"])
    if path == "least_squares":
        assert "0.2 s" in found["reason"][-1]


def test_so_many_fits_run_and_wait_as_are_set(small: Client) -> None:
    served = small.app.state.services.engine
    stop, started = threading.Event(), threading.Event()

    def work() -> None:
        started.set()
        stop.wait()

    async def send() -> list[int]:
        pool = served.fits.pool
        queue.CALLER.set("")  # the service itself, which has no share
        occupied = asyncio.ensure_future(pool.run(work))
        await until(started.is_set)
        sent = [asyncio.ensure_future(small._http.post("/v1/minimize", json=ROSENBROCK)) for _ in range(3)]
        try:
            await until(lambda: sum(each.done() for each in sent) == 2)
            assert len(pool) == 2
        finally:
            stop.set()
        await occupied
        return sorted([response.status_code for response in await asyncio.gather(*sent)])

    assert small.run(send()) == [200, 429, 429]
