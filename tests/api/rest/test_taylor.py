"""``/v1/taylor``: what it takes, answers and refuses; the numbers are tested in ``tests/autodiff/test_series.py``."""

import math
from typing import Any

import pytest

from tests.support.service import Client

PATH = "/v1/taylor"
PRODUCT: dict[str, Any] = {"expression": "x**2*exp(y)", "args": ["x", "y"], "point": [3.0, 0.0]}


def answer(client: Client, **fields: Any) -> dict[str, Any]:
    return client.answer(fields, PATH)


def refused(client: Client, **fields: Any) -> dict[str, Any]:
    response = client.post(fields, PATH)
    assert response.status_code == 422, response.text
    problem: dict[str, Any] = response.json()
    return problem


def test_a_function_of_one_number_needs_no_direction(client: Client) -> None:
    found = answer(client, expression="sin(x)", point=[0.5], order=5)
    sine, cosine = math.sin(0.5), math.cos(0.5)
    assert found["derivatives"] == pytest.approx([sine, cosine, -sine, -cosine, sine, cosine], rel=1e-15)
    assert found["value"] == sine
    assert found["order"] == 5
    assert "derivative" not in found


def test_a_direction_is_a_list_or_an_object_that_may_leave_out_arguments(client: Client) -> None:
    whole = answer(client, **PRODUCT, order=3, direction=[2.0, 1.0])["derivatives"]
    # x = 3 + 2t, y = t: (3 + 2t)**2 * exp(t)
    assert whole == pytest.approx([9.0, 9 + 12, 9 + 2 * 12 + 8, 9 + 3 * 12 + 3 * 8], rel=1e-15)
    along = answer(client, **PRODUCT, order=3, direction={"x": 1.0})["derivatives"]
    assert along == [9.0, 6.0, 2.0, 0.0]


def test_a_direction_is_in_the_shape_of_an_array(client: Client) -> None:
    found = answer(client, expression="prod(X)", point=[[1.0, 2.0, 3.0]], order=3, direction=[1.0, 1.0, 1.0])
    assert found["derivatives"] == pytest.approx([6.0, 11.0, 12.0, 6.0], rel=1e-15)


def test_values_may_be_arrays_and_points_many(client: Client) -> None:
    found = answer(
        client, expression=["x**2", "y*x"], point=[[1.0, 2.0], 3.0], in_axes=[0, None], order=2, direction=[1, 1]
    )
    assert found["derivatives"] == [[[1.0, 3.0], [4.0, 6.0]], [[2.0, 4.0], [4.0, 5.0]], [[2.0, 2.0], [2.0, 2.0]]]


def test_a_mixed_derivative_is_by_arguments(client: Client) -> None:
    for orders in ({"x": 1, "y": 2}, [1, 2]):
        found = answer(client, **PRODUCT, orders=orders)
        assert found["derivative"] == pytest.approx(6.0, rel=1e-15)
        assert found["orders"] == [1, 2]
    assert answer(client, **PRODUCT, orders={})["derivative"] == 9.0
    assert answer(client, **PRODUCT, orders={"x": 3})["derivative"] == 0.0


def test_mixed_derivatives_are_of_arrays_and_of_many_points_too(client: Client) -> None:
    found = answer(client, expression="[x*y**2, x**3*y]", point=[[1.0, 2.0], [3.0, 4.0]], in_axes=0, orders=[1, 1])
    assert found["derivative"] == [[6.0, 3.0], [8.0, 12.0]]
    weighted = answer(client, expression="sum(w*sin(x*w))", point={"x": 0.0, "w": [1.0, 2.0]}, orders={"x": 3})
    assert weighted["derivative"] == pytest.approx(-17.0, rel=1e-15)


def test_a_registered_function_takes_the_point_alone(client: Client) -> None:
    registered = client.post({"expression": "x**3", "args": ["x"]}, "/v1/functions").json()
    path = f"/v1/functions/{registered['function_id']}/taylor"
    found = client.answer({"point": [2.0], "order": 4}, path)
    assert found["derivatives"] == [8.0, 12.0, 12.0, 6.0, 0.0]
    assert found["function_id"] == registered["function_id"]
    assert client.post({"point": [2.0], "order": 1}, "/v1/functions/00/taylor").status_code == 404


def test_numbers_that_are_not_finite_are_text(client: Client) -> None:
    found = answer(client, expression="sqrt(x)", point=[0.0], order=2)
    assert found["derivatives"] == [0.0, "Infinity", "-Infinity"]
    assert found["finite"] is False


def test_float32_rounds_the_answer(client: Client) -> None:
    found = answer(client, expression="exp(x)", point=[1.0], order=1, dtype="float32")
    assert found["derivatives"] == [2.7182817459106445] * 2


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({}, "order"),
        ({"order": 1, "orders": {"x": 1}}, "order"),
        ({"order": 21}, "order"),
        ({"order": -1}, "order"),
        ({"order": 2.5}, "order"),
        ({"order": 1}, "direction"),
        ({"order": 1, "direction": 1.0}, "direction"),
        ({"order": 1, "direction": [1.0]}, "direction"),
        ({"order": 1, "direction": [1.0, [1.0]]}, "direction"),
        ({"order": 1, "direction": {"z": 1.0}}, "direction"),
        ({"order": 1, "direction": [1.0, "a"]}, "direction"),
        ({"orders": {"x": 1}, "direction": [1.0, 1.0]}, "direction"),
        ({"orders": {"z": 1}}, "orders"),
        ({"orders": [1]}, "orders"),
        ({"orders": [11, 10]}, "orders"),
        ({"orders": {"x": -1}}, "orders"),
        ({"orders": {"x": True}}, "orders"),
    ],
)
def test_what_does_not_fit_is_refused(client: Client, fields: dict[str, Any], field: str) -> None:
    assert refused(client, **PRODUCT, **fields)["field"].startswith(field)


def test_an_array_has_no_order(client: Client) -> None:
    problem = refused(client, expression="sum(X)", point=[[1.0, 2.0]], orders={"X": 1})
    assert "direction" in problem["hint"]


def test_an_order_that_a_word_does_not_have_is_refused_by_its_name(client: Client) -> None:
    problem = refused(client, expression="x + gammainc(a, x)", args=["a", "x"], point=[1.5, 2.0], orders=[10, 10])
    assert problem["code"] == "too_complex"
    assert problem["detail"].startswith("gammainc ")
    assert problem["position"] == {"line": 1, "column": 5, "offset": 4}


def test_too_much_work_is_refused_before_it_is_done(client: Client) -> None:
    many = [f"x{index}" for index in range(20)]
    product = {"expression": "*".join(many), "args": many, "point": [1.0] * 20, "orders": [1] * 20}
    problem = refused(client, **product)
    assert (problem["code"], problem["field"]) == ("too_complex", "orders")
    loop = "def f(x):\n    for i in range(100000):\n        x = sin(x)\n    return x"
    problem = refused(client, expression=loop, point=[1.0], order=20)
    assert (problem["code"], problem["field"]) == ("too_complex", "order")
