"""POST /v1/explain: the tape as rows, with the values that JAX has, what answered and what it cost."""

import json
import math
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from app.engine.functions import listing
from tests.support.service import Client

BY_JAX: dict[str, Any] = {
    "square": jnp.square, "sin": jnp.sin, "exp": jnp.exp, "add": jnp.add, "mul": jnp.multiply, "sub": jnp.subtract,
    "div": jnp.divide, "log": jnp.log, "neg": jnp.negative, "reciprocal": jnp.reciprocal, "sqrt": jnp.sqrt,
    "pow_const": jnp.power,
}  # fmt: skip


def explained(client: Client, expression: str, point: Any, **fields: Any) -> dict[str, Any]:
    return client.answer({"expression": expression, "point": point} | fields, "/v1/explain")


@pytest.mark.parametrize(
    ("expression", "point"),
    [
        ("x**2 + sin(y)", {"x": 3.0, "y": 0.5}),
        ("exp(x)/(1 + x**2.5) - log(y)*x", {"x": 1.5, "y": 2.0}),
        ("sqrt(X[0])*X[1] - 1/X[2]", {"X": [4.0, 2.0, 8.0]}),
    ],
)
def test_each_row_of_numbers_is_its_operation_on_the_rows_it_names(
    client: Client, expression: str, point: dict[str, Any]
) -> None:
    found = explained(client, expression, point, args=list(point))
    values = {row["slot"]: row["value"] for row in found["rows"]}
    leaves = ("input", "constant", "static")
    computed = [row for row in found["rows"] if row["operation"] not in leaves]
    assert found["kind"] == "numbers"
    assert found["operations"] == len(computed) == found["cost"]["operations"]
    for row in computed:
        operands = [values[slot] for slot in row["operands"]]
        assert row["value"] == pytest.approx(float(BY_JAX[row["operation"]](*operands)), rel=1e-14)
        assert row["shape"] == []
    assert values[found["result"]] == found["value"]
    names = {"x": "x", "y": "y"} if "X" not in point else {f"X[{n}]": None for n in range(3)}
    assert {row["detail"] for row in found["rows"] if "detail" in row} == set(names)


def test_rows_of_arrays_have_shapes_and_the_values_that_jax_has(client: Client) -> None:
    rows_of = np.arange(40.0).reshape(20, 2) / 7
    w = [0.5, -1.0]
    found = explained(client, "sum(exp(X @ w))", {"X": rows_of.tolist(), "w": w})
    rows = {row["operation"]: row for row in found["rows"]}
    assert found["kind"] == "arrays"
    assert rows["exp"]["shape"] == [20]
    assert "value" not in rows["exp"], "more numbers than are shown"
    assert found["rows"][-1]["value"] == pytest.approx(
        float(jnp.exp(jnp.asarray(rows_of) @ jnp.asarray(w)).sum()), rel=1e-12
    )
    assert [row["detail"] for row in found["rows"] if row["operation"] == "input"] == ["X", "w"]
    assert found["cost"]["bytes"] >= 8 * 20


def test_a_loop_is_one_row(client: Client) -> None:
    text = "def f(x):\n    for i in range(20000):\n        x = x - 0.001*sin(x)\n    return x"
    found = explained(client, text, 1.0)
    (loop,) = [row for row in found["rows"] if row["operation"] == "scan"]
    assert loop["detail"].startswith("20000 steps of ")
    assert not {"shape", "value"} & set(loop)
    step = jax.lax.fori_loop(0, 20000, lambda _, x: x - 0.001 * jnp.sin(x), jnp.asarray(1.0))
    assert found["value"] == pytest.approx(float(step), rel=1e-9)


def test_long_tapes_are_cut_and_the_value_is_there_all_the_same(client: Client) -> None:
    terms = [f"{n}*sin({n}*x)" for n in range(1, 400)]
    found = explained(client, " + ".join(terms), 0.25)
    operations = [row for row in found["rows"] if row["operation"] not in {"input", "constant", "static"}]
    assert len(operations) == listing.MAX_ROWS < found["operations"]
    assert found["value"] == pytest.approx(math.fsum(n * math.sin(n * 0.25) for n in range(1, 400)), rel=1e-10)
    assert found["result"] not in {row["slot"] for row in operations}


def test_a_function_that_is_asked_often_becomes_compiled(client: Client) -> None:
    text = "sin(x)*cos(3*x) + 0.123*x"
    found = explained(client, text, 0.5)
    assert found["compilation"]["state"] in {"waiting", "compiling"}
    assert 0 < found["compilation"]["needed_seconds"] < found["compilation"]["expected_seconds"]
    for n in range(2000):
        if explained(client, text, n / 100)["compilation"]["state"] != "waiting":
            break
    client.run(client.app.state.services.engine.wait_until_idle())
    explained(client, text, 0.5)  # its first numbers are compared
    found = explained(client, text, 0.5)
    assert (found["tier"], found["compilation"]["state"]) == ("compiled", "compiled")


def test_values_that_are_not_finite_are_strings(client: Client) -> None:
    found = explained(client, "log(x) + 1", 0.0)
    assert [row["value"] for row in found["rows"] if row["operation"] == "log"] == ["-Infinity"]
    assert found["finite"] is False
    json.loads(json.dumps(found, allow_nan=False))


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"expression": "[x, x]", "point": 1.0}, "bad_shape"),
        ({"expression": "sine(x)", "point": 1.0}, "unknown_name"),
        ({"expression": "x", "point": 1.0, "in_axes": 0}, "invalid_field"),
        ({"expression": "x", "point": 1.0, "argnums": 3}, "invalid_field"),
        ({"expression": ["x"], "point": 1.0}, "invalid_field"),
    ],
)
def test_what_has_no_gradient_has_no_explanation(client: Client, body: dict[str, Any], code: str) -> None:
    response = client.post(body, "/v1/explain")
    assert (response.status_code, response.json()["code"]) == (422, code)


def test_a_registered_function_is_explained_by_its_id(client: Client) -> None:
    text = {"expression": "x**2 + sin(y)", "args": ["x", "y"]}
    function_id = client.post(text, "/v1/functions").json()["function_id"]
    place = {"point": [3.0, 0.5], "argnums": [0, 1]}
    found = client.answer(place, f"/v1/functions/{function_id}/explain")
    assert found["function_id"] == function_id
    assert found["rows"] == client.answer(text | place, "/v1/explain")["rows"]
    assert client.post(place, f"/v1/functions/{'0' * 32}/explain").status_code == 404


def test_a_function_bound_to_data_is_explained_at_its_free_arguments(client: Client) -> None:
    rows = [[1.0, 2.0], [3.0, -1.0], [0.5, 0.25]]
    model = {"expression": "sum(log1p(exp(X @ w)))", "args": ["X", "w"], "data": {"X": rows}}
    function_id = client.post(model, "/v1/functions").json()["function_id"]
    found = client.answer({"point": [[0.5, -1.0]]}, f"/v1/functions/{function_id}/explain")
    assert found["args"] == ["w"]
    assert found["value"] == pytest.approx(float(np.log1p(np.exp(np.array(rows) @ [0.5, -1.0])).sum()), rel=1e-14)
    assert found["function_id"] == function_id
