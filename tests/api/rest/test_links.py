"""A GET gives the answer of the POST that its query string stands for."""

import csv
import io
from typing import Any
from urllib.parse import quote, urlencode

import numpy as np
import pytest

from tests.support import assertions
from tests.support.service import Client

TUTORIAL = "5*x**2 + 6*y**2 + 7*z**2"
ARRAY = "def f(X, b):\n    return sum(X**2)*b"


def get(client: Client, path: str, parameters: Any, status: int = 200) -> Any:
    response = client.get(f"{path}?{urlencode(parameters)}")
    assert response.status_code == status, response.text
    return response


def cells(client: Client, path: str, parameters: dict[str, Any]) -> list[list[float]]:
    response = get(client, path, parameters | {"format": "csv"})
    assert response.headers["content-type"].startswith("text/csv")
    return [[float(cell) for cell in line] for line in csv.reader(io.StringIO(response.text, newline=""))]


@pytest.mark.parametrize(
    ("path", "parameters", "posted"),
    [
        (
            "/v1/grad",
            {"expression": TUTORIAL, "argnums": "0,1,2", "x": "1", "y": "2", "z": "3.0"},
            {"expression": TUTORIAL, "argnums": [0, 1, 2], "point": {"x": 1, "y": 2, "z": 3.0}},
        ),
        (
            "/v1/grad",
            {"expression": TUTORIAL, "argnums": "y", "x": "1e+2", "y": "-2.5E-1", "z": "3"},
            {"expression": TUTORIAL, "argnums": "y", "point": {"x": 100, "y": -0.25, "z": 3}},
        ),
        (
            "/v1/grad",
            {"expression": ARRAY, "argnums": "X,b", "X": "[[1, 2], [3, 4]]", "b": "0.5", "dtype": "float32"},
            {
                "expression": ARRAY,
                "argnums": ["X", "b"],
                "point": {"X": [[1, 2], [3, 4]], "b": 0.5},
                "dtype": "float32",
            },
        ),
        ("/v1/evaluate", {"expression": "point*x", "point": "[2, 3]"}, {"expression": "point*x", "point": [2, 3]}),
        (
            "/v1/evaluate",
            {"expression": "a - b", "args": "b, a", "point": "[1, 5]"},
            {"expression": "a - b", "args": ["b", "a"], "point": [1, 5]},
        ),
        (
            "/v1/jacobian",
            [("expression", "r*cos(t)"), ("expression", "r*sin(t)"), ("argnums", "0,1"), ("r", "2"), ("t", "0")],
            {"expression": ["r*cos(t)", "r*sin(t)"], "argnums": [0, 1], "point": {"r": 2, "t": 0}},
        ),
        (
            "/v1/hessian",
            {"expression": "x**3", "x": "[1, 2, 3]", "in_axes": "0"},
            {"expression": "x**3", "point": {"x": [1, 2, 3]}, "in_axes": 0},
        ),
    ],
)
def test_the_answer_is_that_of_the_post(client: Client, path: str, parameters: Any, posted: dict[str, Any]) -> None:
    assert assertions.is_close(get(client, path, parameters).json(), client.answer(posted, path))


def test_a_registered_function_is_asked_by_its_id(client: Client) -> None:
    function_id = client.post({"expression": TUTORIAL}, "/v1/functions").json()["function_id"]
    found = get(client, f"/v1/functions/{function_id}/grad", {"argnums": "x,z", "x": 1, "y": 2, "z": 3}).json()
    assert found["gradient"] == [10.0, 42.0]
    expression = {"expression": "x", "x": 1, "y": 2, "z": 3}
    assert get(client, f"/v1/functions/{function_id}/grad", expression, 422).json()["field"] == "expression"
    get(client, f"/v1/functions/{'0' * 32}/grad", {"x": 1}, 404)


def test_csv_has_the_derivative_as_cells(client: Client) -> None:
    point = {"x": 1, "y": 2, "z": 3}
    assert cells(client, "/v1/grad", {"expression": TUTORIAL, "argnums": "0,1,2", **point}) == [[10, 24, 42]]
    assert cells(client, "/v1/grad", {"expression": TUTORIAL, "argnums": "1", **point}) == [[24]]
    assert cells(client, "/v1/evaluate", {"expression": TUTORIAL, **point}) == [[92]]
    hessian = cells(client, "/v1/hessian", {"expression": "x**2*y", "argnums": "0,1", "x": 3, "y": 5})
    assert hessian == [[10, 6], [6, 0]]
    rows = cells(client, "/v1/grad", {"expression": "sum(X**2)", "X": "[[1, 2], [3, 4]]"})
    assert np.array_equal(rows, [[2, 4], [6, 8]])


def test_an_answer_may_be_kept_by_caches_and_a_refusal_may_not(client: Client) -> None:
    assert get(client, "/v1/evaluate", {"expression": "x", "x": 1}).headers["cache-control"] == "public, max-age=86400"
    assert "cache-control" not in get(client, "/v1/evaluate", {"expression": "x", "x": "one"}, 422).headers


def test_a_plus_that_was_not_encoded_is_explained(client: Client) -> None:
    response = client.get("/v1/grad?expression=x+y&x=1&y=2")
    problem = assertions.assert_problem(response, 422, response.json()["code"])
    assert "%2B" in problem["hint"]
    assert client.get(f"/v1/grad?expression={quote('x+y')}&x=1e+2&y=2").json()["value"] == 102


@pytest.mark.parametrize(
    ("parameters", "field"),
    [
        ({"x": 1}, "expression"),
        ({"expression": "x"}, "point"),
        ({"expression": "x", "x": "1,5"}, "point.x"),
        ({"expression": "x", "x": "true"}, "point.x"),
        ({"expression": "x", "x": '"1"'}, "point.x"),
        ({"expression": "x", "x": "[1, "}, "point.x"),
        ({"expression": "x", "x": "[" * 2000}, "point.x"),
        ({"expression": "x", "x": ""}, "point.x"),
        ({"expression": "x", "x": "1e400"}, "point.x"),
        ({"expression": "x", "x": 1, "format": "xlsx"}, "format"),
        ({"expression": "x", "x": 1, "point": "[1]"}, "point"),
        ({"expression": "x", "x": 1, "dtype": "float16"}, "dtype"),
        ({"expression": "x", "x": 1, "argnums": "--1"}, "argnums"),
        ({"expression": "x", "x": 1, "argnums": "²"}, "argnums"),
        ({"expression": "x", "x": 1, "argnums": ""}, "argnums"),
        ({"expression": "x", "x": 1, "argnums": "9" * 5000}, "argnums"),
        ([("expression", "x"), ("x", 1), ("x", 2)], "x"),
        ([("expression", "x"), ("x", 1), ("argnums", "0"), ("argnums", "0")], "argnums"),
    ],
)
def test_what_is_no_request_is_refused_with_its_parameter(client: Client, parameters: Any, field: str) -> None:
    problem = get(client, "/v1/grad", parameters, 422).json()
    assert problem["field"] == field
    assert problem["detail"]
