"""``/v1/propagate``: uncertainty of inputs to that of a value, against sampling and closed forms."""

import math
from typing import Any

import numpy as np
import pytest

from app.api.rest import propagate
from tests.support import assertions
from tests.support.service import Client

PATH = "/v1/propagate"
POWER: dict[str, Any] = {"expression": "U**2/R", "args": ["U", "R"], "point": [10.0, 50.0]}


def answer(client: Client, **fields: Any) -> dict[str, Any]:
    return client.answer(fields, PATH)


def refused(client: Client, **fields: Any) -> dict[str, Any]:
    response = client.post(fields, PATH)
    assert response.status_code == 422, response.text
    problem: dict[str, Any] = response.json()
    return problem


def test_the_documented_example_is_answered_as_documented(client: Client) -> None:
    assert assertions.is_close(answer(client, **propagate.REQUEST_EXAMPLE), propagate._ANSWER)


def test_relative_errors_of_a_product_add_in_squares(client: Client) -> None:
    found = answer(client, **POWER, std={"U": 0.5, "R": 2.0})
    parts = [(2 * 0.5 / 10) ** 2, (2.0 / 50) ** 2]
    assert found["std"] == pytest.approx(2.0 * math.sqrt(sum(parts)))
    assert found["shares"] == pytest.approx([part / sum(parts) for part in parts])
    assert "mean" not in found
    assert "covariance" not in found


def test_what_is_left_out_is_exact(client: Client) -> None:
    found = answer(client, **POWER, std={"U": 0.5})
    assert found["std"] == pytest.approx(2.0 * 2 * 0.5 / 10)
    assert found["shares"] == [1.0, 0.0]
    assert answer(client, **POWER, std={})["shares"] == [0.0, 0.0]
    found = answer(client, **POWER, std=[0.5], argnums=["U"])
    assert found["shares"] == [1.0]
    assert found["argnums"] == [0]


def test_correlated_inputs_have_a_covariance(client: Client) -> None:
    covariance = [[0.04, -0.03], [-0.03, 0.09]]
    found = answer(client, expression="x + y", point=[1.0, 2.0], covariance=covariance)
    assert found["std"] == pytest.approx(math.sqrt(0.04 + 0.09 - 0.06))
    assert sum(found["shares"]) == pytest.approx(1.0)


def test_arrays_have_an_uncertainty_for_each_element(client: Client) -> None:
    found = answer(client, expression="sum(X*w)", point={"X": [1.0, 2.0], "w": [3.0, 4.0]}, std={"X": [0.1, 0.2]})
    assert found["std"] == pytest.approx(math.hypot(0.3, 0.8))
    np.testing.assert_allclose(found["shares"], [[0.09 / 0.73, 0.64 / 0.73], [0.0, 0.0]])


def test_several_values_have_a_covariance(client: Client) -> None:
    found = answer(client, expression=["x + y", "x - y"], point=[1.0, 2.0], std={"x": 1.0, "y": 2.0})
    np.testing.assert_allclose(found["covariance"], [[5.0, -3.0], [-3.0, 5.0]])
    np.testing.assert_allclose(found["std"], [math.sqrt(5)] * 2)
    np.testing.assert_allclose(found["shares"], [[0.2, 0.2], [0.8, 0.8]])


def test_the_second_order_is_exact_for_a_quadratic_function(client: Client) -> None:
    covariance = np.array([[0.5, 0.2], [0.2, 0.3]])
    found = answer(client, expression="x**2 + x*y", point=[1.0, -2.0], covariance=covariance.tolist(), order=2)
    rng = np.random.default_rng(5)
    x, y = rng.multivariate_normal([1.0, -2.0], covariance, 2_000_000).T
    sampled = x**2 + x * y
    assert found["mean"] == pytest.approx(sampled.mean(), abs=0.005)
    assert found["std"] == pytest.approx(sampled.std(), rel=0.005)
    hessian = np.array([[2.0, 1.0], [1.0, 0.0]])
    assert found["mean"] == pytest.approx(-1.0 + np.trace(hessian @ covariance) / 2)
    assert sum(found["shares"]) == pytest.approx(1.0)


def test_many_points_share_the_uncertainty(client: Client) -> None:
    for order in (1, 2):
        points = [[10.0, 50.0], [20.0, 40.0]]
        found = answer(
            client, expression=POWER["expression"], args=["U", "R"], point=np.transpose(points).tolist(), in_axes=0,
            std={"U": 0.5, "R": 2.0}, order=order,
        )  # fmt: skip
        for index, point in enumerate(points):
            alone = answer(client, **(POWER | {"point": point}), std={"U": 0.5, "R": 2.0}, order=order)
            assert found["std"][index] == pytest.approx(alone["std"], rel=1e-14)
            assert [share[index] for share in found["shares"]] == pytest.approx(alone["shares"], rel=1e-14)


def test_the_covariance_of_a_fit_gives_the_band_of_its_curve(client: Client) -> None:
    times = [0.0, 0.5, 1.0, 2.0, 4.0]
    values = [2.51, 1.31, 0.69, 0.18, 0.01]
    fitted = client.answer(
        {"expression": "a*exp(-b*t) - y", "args": ["a", "b", "t", "y"], "argnums": ["a", "b"],
         "point": {"a": 1.0, "b": 1.0, "t": times, "y": values}},
        "/v1/least_squares",
    )  # fmt: skip
    a, b = fitted["x"]
    found = answer(
        client, expression="a*exp(-b*t)", args=["a", "b", "t"], argnums=["a", "b"],
        point={"a": a, "b": b, "t": times}, covariance=fitted["covariance"],
    )  # fmt: skip
    slopes = np.stack([np.exp(-b * np.array(times)), -a * np.array(times) * np.exp(-b * np.array(times))], axis=1)
    expected = np.sqrt(np.diag(slopes @ np.array(fitted["covariance"]) @ slopes.T))
    np.testing.assert_allclose(found["std"], expected, rtol=1e-9)


def test_a_registered_function_is_asked_by_its_id(client: Client) -> None:
    given = {name: POWER[name] for name in ("expression", "args")}
    function_id = client.post(given, "/v1/functions").json()["function_id"]
    asked = {"point": POWER["point"], "std": {"U": 0.5}}
    found = client.answer(asked, f"/v1/functions/{function_id}/propagate")
    assert found["std"] == pytest.approx(0.2)


@pytest.mark.parametrize(
    ("fields", "code", "field", "told"),
    [
        ({}, "invalid_field", "std", "either std or covariance"),
        ({"std": {"U": 0.1}, "covariance": [[1, 0], [0, 1]]}, "invalid_field", "std", "either"),
        ({"std": {"V": 0.1}}, "invalid_field", "std", "not an argument"),
        ({"std": {"U": 0.1}, "argnums": ["R"]}, "invalid_field", "std", "not among argnums"),
        ({"std": {"U": -0.1}}, "invalid_field", "std.U", "not negative"),
        ({"std": {"U": [0.1]}}, "bad_shape", "std.U", "shape"),
        ({"std": {"U": "0.1"}}, "invalid_field", "std.U", "numbers"),
        ({"std": [0.1]}, "invalid_field", "std", "1 entries for 2"),
        ({"std": 0.1}, "invalid_field", "std", "an object"),
        ({"covariance": [[1.0]]}, "bad_shape", "covariance", "2 uncertain numbers"),
        ({"covariance": [[1.0, 0.5], [0.0, 1.0]]}, "invalid_field", "covariance", "symmetric"),
        ({"covariance": [[1.0, 2.0], [2.0, 1.0]]}, "invalid_field", "covariance", "negative eigenvalue"),
        ({"std": {"U": 0.1}, "order": 3}, "invalid_field", "order", "1 or 2"),
    ],
)
def test_a_mistake_is_named(client: Client, fields: dict[str, Any], code: str, field: str, told: str) -> None:
    problem = refused(client, **POWER, **fields)
    assert (problem["code"], problem["field"]) == (code, field), problem
    assert told in problem["detail"]


def test_the_second_order_is_of_one_value(client: Client) -> None:
    problem = refused(client, expression=["x", "y"], point=[1.0, 2.0], std={"x": 1.0}, order=2)
    assert problem["code"] == "bad_shape"


def test_numbers_that_overflow_are_said(client: Client) -> None:
    for order in (1, 2):
        found = answer(client, expression="x**3", point=[1e200], std={"x": 1e300}, order=order)
        assert found["finite"] is False
