"""LaTeX is taken by every route that takes a text, and gives the answer of the text that means the same."""

from typing import Any
from urllib.parse import urlencode

import pytest

from tests.support.service import Client

QUOTIENT = (r"\frac{x^2}{1 + y}", "x**2/(1 + y)")
POINT = [1.5, 0.25]
BOTH: tuple[tuple[str, str | list[str], str | list[str], dict[str, Any]], ...] = (
    ("/v1/grad", *QUOTIENT, {"point": POINT, "argnums": [0, 1]}),
    ("/v1/evaluate", *QUOTIENT, {"point": POINT}),
    ("/v1/evaluate", [r"\frac{x}{y}", "x^2"], ["x/y", "x**2"], {"point": POINT}),
    ("/v1/jacobian", [r"r \cos t", r"r \sin t"], ["r*cos(t)", "r*sin(t)"], {"point": [2.0, 0.3], "argnums": [0, 1]}),
    ("/v1/hessian", *QUOTIENT, {"point": POINT, "argnums": [0, 1]}),
    ("/v1/jvp", *QUOTIENT, {"point": POINT, "tangents": 1.0}),
    ("/v1/vjp", *QUOTIENT, {"point": POINT, "cotangent": 1.0}),
    ("/v1/hvp", *QUOTIENT, {"point": POINT, "tangents": 1.0}),
    ("/v1/taylor", *QUOTIENT, {"point": POINT, "order": 3, "direction": {"x": 1.0}}),
    ("/v1/propagate", *QUOTIENT, {"point": POINT, "std": [0.1, 0.2]}),
    ("/v1/symbolic", *QUOTIENT, {"argnums": ["x", "y"]}),
    ("/v1/functions", *QUOTIENT, {}),
    ("/v1/minimize", r"(x - 1)^2 + (y + 2)^2", "(x - 1)**2 + (y + 2)**2", {"point": POINT, "argnums": [0, 1]}),
    ("/v1/root", [r"x^2 + y^2 - 4", "x - y"], ["x**2 + y**2 - 4", "x - y"], {"point": POINT, "argnums": [0, 1]}),
    (
        "/v1/least_squares",
        "a + b t - y",
        "a + b*t - y",
        {"point": {"a": 0, "b": 0, "t": [-1, 1, 1], "y": [0, 2, 4]}, "argnums": ["a", "b"]},
    ),
    ("/v1/grad", r"\frac{1}{2} \lVert x \rVert_2^2", "1/2*norm(x)**2", {"point": [[3.0, 4.0]]}),
    ("/v1/grad", r"\sum_i x_i^2", "Sum(x[i]**2, (i, 0, len(x) - 1))", {"point": {"x": [3.0, 4.0]}}),
    ("/v1/grad", r"x_0 x_1", "x[0]*x[1]", {"point": {"x": [3.0, 4.0]}}),
    ("/v1/grad", r"E \cdot 2", "E*2", {"point": {"E": 3.0}}),
)


def bare(answer: dict[str, Any]) -> dict[str, Any]:
    """Return an answer without what depends on when it was asked."""
    return {name: answer[name] for name in answer if name != "tier"}


@pytest.mark.parametrize(("path", "formula", "text", "fields"), BOTH)
def test_a_formula_gets_the_answer_of_the_text(
    client: Client, path: str, formula: Any, text: Any, fields: dict[str, Any]
) -> None:
    expected = client.post({"expression": text, "format": "text", **fields}, path)
    found = client.post({"expression": formula, "format": "latex", **fields}, path)
    assert found.status_code in {200, 201}, found.text
    assert bare(found.json()) == bare(expected.json())


def test_a_function_registered_in_latex_is_that_of_the_text(client: Client) -> None:
    formula, text = r"\sqrt{x^2 + 3 y^2}", "sqrt(x**2 + 3*y**2)"
    registered = client.post({"expression": formula, "format": "latex"}, "/v1/functions").json()
    assert registered["expression"] == text
    found = client.answer({"point": [1.0, 1.0], "argnums": [0, 1]}, f"/v1/functions/{registered['function_id']}/grad")
    assert (found["value"], found["gradient"]) == (2.0, [0.5, 1.5])
    assert found["function_id"] == client.grad(text, [1.0, 1.0])["function_id"]


def test_a_condition_of_a_minimum_may_be_latex(client: Client) -> None:
    asked = {"expression": "x + y", "point": [0.5, 0.5], "argnums": [0, 1]}
    condition = {"type": "ineq", "expression": "2 - x^2 - y^2", "format": "latex"}
    found = client.answer(asked | {"constraints": [condition]}, "/v1/minimize")
    assert found["x"] == pytest.approx([-1.0, -1.0])


def test_a_link_takes_latex_as_its_notation(client: Client) -> None:
    asked = {"expression": r"\frac{x^2}{2}", "notation": "latex", "x": "3"}
    for more, content in (({"format": "csv"}, "3.0\r\n"), ({}, None)):
        response = client.get(f"/v1/grad?{urlencode(asked | more)}")
        assert response.status_code == 200, response.text
        assert content in {response.text, None}
    assert response.json()["gradient"] == 3.0


def test_a_text_that_says_it_is_latex_is_read_by_every_protocol(client: Client) -> None:
    text = "\\frac{x_1^2}{2}\n% LaTeX"
    asked = {"name": "gradient", "input": [[3.0]], "config": {"expression": text}}
    assert client.post(asked, "/Evaluate").json() == {"output": [[4.5]]}


@pytest.mark.parametrize(
    ("fields", "code", "field"),
    [
        ({"expression": "x", "format": "latex", "function": "f"}, "invalid_field", "function"),
        ({"expression": "x", "format": "tex"}, "invalid_field", "format"),
        ({"expression": "x", "format": 1}, "invalid_field", "format"),
    ],
)
def test_fields_that_do_not_fit_are_refused(client: Client, fields: dict[str, Any], code: str, field: str) -> None:
    problem = client.post(fields | {"point": [1.0]})
    assert problem.status_code == 422
    assert (problem.json()["code"], problem.json()["field"]) == (code, field)


def test_a_format_of_null_is_text(client: Client) -> None:
    assert client.grad("x**2", [3.0], format=None)["gradient"] == 6.0


def test_a_refusal_has_its_place_in_the_latex(client: Client) -> None:
    problem = client.post({"expression": "x^2 +\n\\sin x (y + 1)", "format": "latex", "point": [1.0, 2.0]}).json()
    assert problem["code"] == "syntax_error"
    assert problem["position"] == {"line": 2, "column": 8, "offset": 13}
    assert problem["field"] == "expression"
    assert problem["hint"] == r"put the operand in brackets: \sin(x) (y + 1), or \sin(x (y + 1))"
