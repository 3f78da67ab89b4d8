"""Tesseract's protocol, without its client; ``tests/live`` has tests with the client."""

import base64
import json
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from app.api.interop.tesseract import arrays
from tests.support.service import Client

TUTORIAL = "5*X[0]**2 + 6*X[1]**2 + 7*X[2]**2"
CURVED = "X[0]*X[1]*sin(X[2]) + exp(X[0]*X[2]) + X[1]**3"
POINT = [0.7, -1.3, 0.4]
BATCH = [[0.7, -1.3, 0.4], [0.1, 2.0, -0.6], [-1.0, 0.5, 1.5], [0.2, 0.3, 0.9]]
BASE64 = {"Accept": "application/*; gpu_transport=none"}


def curved(x: Any) -> Any:
    return x[0] * x[1] * jnp.sin(x[2]) + jnp.exp(x[0] * x[2]) + x[1] ** 3


GRADIENT, HESSIAN = jax.grad(curved), jax.hessian(curved)


def post(client: Client, endpoint: str, document: Any, base: str = "/tesseract", **headers: str) -> Any:
    content = document if isinstance(document, bytes) else json.dumps(document).encode()
    return client.request("POST", f"{base}/{endpoint}", content=content, headers=headers)


def ask(client: Client, endpoint: str, inputs: Any, base: Any = "/tesseract", **members: Any) -> Any:
    response = post(client, endpoint, {"inputs": inputs, **members}, base)
    assert response.status_code == 200, response.text
    return _decoded(json.loads(response.content))


def _decoded(answer: Any) -> Any:
    if "object_type" not in answer:
        return {name: _decoded(each) for name, each in answer.items()}
    assert answer["object_type"] == "array"
    data = answer["data"]
    if data["encoding"] == "json":
        found = np.array(data["buffer"], answer["dtype"])
    else:
        found = np.frombuffer(base64.b64decode(data["buffer"]), answer["dtype"]).reshape(answer["shape"])
    assert found.shape == tuple(answer["shape"])
    return found


def binary(array: Any, dtype: str = "float64") -> dict[str, Any]:
    found = np.asarray(array, dtype)
    buffer = base64.b64encode(found.tobytes()).decode()
    return {"shape": list(found.shape), "dtype": dtype, "data": {"buffer": buffer, "encoding": "base64"}}


def refused(client: Client, endpoint: str, document: Any, base: str = "/tesseract") -> dict[str, Any]:
    response = post(client, endpoint, document, base)
    assert response.status_code == 422, response.text
    (mistake,) = response.json()["detail"]
    assert isinstance(mistake["type"], str)
    assert mistake["loc"][0] == "body"
    assert mistake["msg"]
    assert len(response.content) <= 1024
    found: dict[str, Any] = mistake
    return found


@pytest.fixture(scope="module")
def registered(client: Client) -> str:
    return str(client.post({"expression": CURVED}, "/v1/functions").json()["function_id"])


@pytest.fixture(scope="module")
def of_two(client: Client) -> str:
    text = "lambda a, x: a**2 * sin(x[0]*x[1])"
    return str(client.post({"expression": text}, "/v1/functions").json()["function_id"])


# Values and derivatives


def test_the_tutorial_has_its_value_and_gradient(client: Client) -> None:
    found = ask(client, "apply", {"expression": TUTORIAL, "X": [1.0, 2.0, 3.0]})
    assert found["value"].tolist() == 92.0
    assert found["gradient"].tolist() == [10.0, 24.0, 42.0]


@pytest.mark.parametrize("by_id", [False, True])
def test_every_derivative_is_that_of_jax(client: Client, registered: str, by_id: bool) -> None:
    base = f"/f/{registered}/tesseract" if by_id else "/tesseract"
    inputs = {"X": POINT} if by_id else {"expression": CURVED, "X": POINT}
    x = jnp.array(POINT)
    found = ask(client, "apply", inputs, base)
    np.testing.assert_allclose(found["value"], curved(x), rtol=1e-13)
    np.testing.assert_allclose(found["gradient"], GRADIENT(x), rtol=1e-13)
    found = ask(client, "jacobian", inputs, base, jac_inputs=["X"], jac_outputs=["gradient", "value"])
    np.testing.assert_allclose(found["value"]["X"], GRADIENT(x), rtol=1e-13)
    np.testing.assert_allclose(found["gradient"]["X"], HESSIAN(x), rtol=1e-12, atol=1e-14)
    tangent = [0.5, 2.0, -1.0]
    ahead = {"jvp_inputs": ["X"], "jvp_outputs": ["value", "gradient"], "tangent_vector": {"X": tangent}}
    found = ask(client, "jacobian_vector_product", inputs, base, **ahead)
    np.testing.assert_allclose(found["value"], GRADIENT(x) @ jnp.array(tangent), rtol=1e-12)
    np.testing.assert_allclose(found["gradient"], HESSIAN(x) @ jnp.array(tangent), rtol=1e-12)
    back = {"vjp_inputs": ["X"], "vjp_outputs": ["value", "gradient"]}
    weights = {"value": 3.0, "gradient": tangent}
    found = ask(client, "vector_jacobian_product", inputs, base, **back, cotangent_vector=weights)
    np.testing.assert_allclose(found["X"], 3 * GRADIENT(x) + HESSIAN(x) @ jnp.array(tangent), rtol=1e-12)


@pytest.mark.parametrize("axes", [(4, 3), (2, 2, 3), (1, 4, 3)])
def test_leading_axes_are_a_batch(client: Client, axes: tuple[int, ...]) -> None:
    inputs = {"expression": CURVED, "X": np.reshape(BATCH, axes).tolist()}
    rows, lead = jnp.array(BATCH), axes[:-1]
    found = ask(client, "apply", inputs)
    np.testing.assert_allclose(found["value"], jax.vmap(curved)(rows).reshape(lead), rtol=1e-12)
    np.testing.assert_allclose(found["gradient"], jax.vmap(GRADIENT)(rows).reshape(axes), rtol=1e-12)
    ones = {"value": np.ones(lead).tolist()}
    back = {"vjp_inputs": ["X"], "vjp_outputs": ["value"]}
    found = ask(client, "vector_jacobian_product", inputs, **back, cotangent_vector=ones)
    np.testing.assert_allclose(found["X"], jax.vmap(GRADIENT)(rows).reshape(axes), rtol=1e-12)
    ahead = {"jvp_inputs": ["X"], "jvp_outputs": ["gradient"], "tangent_vector": {"X": np.ones(axes).tolist()}}
    found = ask(client, "jacobian_vector_product", inputs, **ahead)
    expected = jax.vmap(lambda x: HESSIAN(x) @ jnp.ones(3))(rows)
    np.testing.assert_allclose(found["gradient"], expected.reshape(axes), rtol=1e-12)


@pytest.mark.parametrize("cotangent", [1.0, [1.0]])
def test_one_cotangent_serves_a_batch(client: Client, cotangent: Any) -> None:
    back = {"vjp_inputs": ["X"], "vjp_outputs": ["value"], "cotangent_vector": {"value": cotangent}}
    found = ask(client, "vector_jacobian_product", {"expression": CURVED, "X": BATCH}, **back)
    np.testing.assert_allclose(found["X"], jax.vmap(GRADIENT)(jnp.array(BATCH)), rtol=1e-12)


def test_the_jacobian_of_a_batch_is_block_diagonal(client: Client) -> None:
    ahead = {"jac_inputs": ["X"], "jac_outputs": ["value", "gradient"]}
    found = ask(client, "jacobian", {"expression": CURVED, "X": BATCH}, **ahead)
    rows = jnp.array(BATCH)
    np.testing.assert_allclose(found["value"]["X"], jax.jacobian(jax.vmap(curved))(rows), rtol=1e-12, atol=1e-14)
    expected = jax.jacobian(jax.vmap(GRADIENT))(rows)
    np.testing.assert_allclose(found["gradient"]["X"], expected, rtol=1e-12, atol=1e-14)


def test_inputs_are_the_arguments_by_name(client: Client, of_two: str) -> None:
    def function(a: Any, x: Any) -> Any:
        return a**2 * jnp.sin(x[0] * x[1])

    a, x = 1.5, jnp.array([0.3, 0.8])
    base, inputs = f"/f/{of_two}/tesseract", {"x": [0.3, 0.8], "a": 1.5}
    found = ask(client, "apply", inputs, base)
    slope, slopes = jax.grad(function, (0, 1))(a, x)
    np.testing.assert_allclose(found["gradient"], [slope, *slopes], rtol=1e-12)
    found = ask(client, "jacobian", inputs, base, jac_inputs=["x", "a"], jac_outputs=["value", "gradient"])
    np.testing.assert_allclose(found["value"]["a"], slope, rtol=1e-12)
    np.testing.assert_allclose(found["value"]["x"], slopes, rtol=1e-12)
    second = jax.hessian(function, (0, 1))(a, x)
    np.testing.assert_allclose(found["gradient"]["a"], [second[0][0], *second[1][0]], rtol=1e-12)
    np.testing.assert_allclose(found["gradient"]["x"], [second[0][1], *second[1][1]], rtol=1e-12)


def test_the_cotangent_of_an_input_shared_by_a_batch_is_a_sum(client: Client, of_two: str) -> None:
    rows = jnp.array([[0.3, 0.8], [1.0, -0.5], [2.0, 0.1]])

    def total(a: Any, x: Any) -> Any:
        return jnp.sum(a**2 * jnp.sin(x[:, 0] * x[:, 1]))

    back = {"vjp_inputs": ["a", "x"], "vjp_outputs": ["value"], "cotangent_vector": {"value": 1.0}}
    for a in (1.5, [1.5]):
        found = ask(client, "vector_jacobian_product", {"a": a, "x": rows.tolist()}, f"/f/{of_two}/tesseract", **back)
        slope, slopes = jax.grad(total, (0, 1))(jnp.array(a), rows)
        np.testing.assert_allclose(found["a"], slope, rtol=1e-12)
        np.testing.assert_allclose(found["x"], slopes, rtol=1e-12)
    ahead = {"jac_inputs": ["a"], "jac_outputs": ["value"]}
    found = ask(client, "jacobian", {"a": [1.5], "x": rows.tolist()}, f"/f/{of_two}/tesseract", **ahead)
    np.testing.assert_allclose(found["value"]["a"][:, 0], 3.0 * jnp.sin(rows[:, 0] * rows[:, 1]), rtol=1e-12)


def test_one_array_may_hold_several_scalar_arguments(client: Client) -> None:
    found = ask(client, "apply", {"expression": "5*x1**2 + 6*x2**2 + 7*x3**2", "X": [[1.0, 2.0, 3.0]] * 2})
    assert found["value"].tolist() == [92.0, 92.0]
    assert found["gradient"].tolist() == [[10.0, 24.0, 42.0]] * 2
    by_order = {"expression": "x - 2*y", "args": ["y", "x"], "X": [1.0, 2.0]}
    assert ask(client, "apply", by_order)["gradient"].tolist() == [-2.0, 1.0]


def test_an_array_of_unknown_rank_is_a_vector_unless_rank_is_given(client: Client) -> None:
    matrix = [[1.0, 2.0], [3.0, 4.0]]
    batch = ask(client, "apply", {"expression": "sum(X**2)", "X": matrix})
    assert batch["value"].tolist() == [5.0, 25.0]
    whole = ask(client, "apply", {"expression": "sum(X**2)", "X": matrix, "rank": 2})
    assert whole["value"].tolist() == 30.0
    assert whole["gradient"].tolist() == [[2.0, 4.0], [6.0, 8.0]]
    hessian = ask(
        client,
        "jacobian",
        {"expression": "sum(X**2)", "X": matrix, "rank": 2},
        jac_inputs=["X"],
        jac_outputs=["gradient"],
    )
    np.testing.assert_array_equal(hessian["gradient"]["X"], 2 * np.eye(4).reshape(2, 2, 2, 2))


def test_a_function_of_several_values_has_no_output_gradient(client: Client) -> None:
    inputs = {"expression": ["r*cos(t)", "r*sin(t)"], "X": [2.0, 0.5]}
    assert set(ask(client, "apply", inputs)) == {"value"}
    outline = post(client, "abstract_eval", {"inputs": inputs}).json()
    assert outline == {"value": {"shape": [2], "dtype": "float64"}}
    found = ask(client, "jacobian", inputs, jac_inputs=["X"], jac_outputs=["value"])["value"]["X"]
    expected = jax.jacobian(lambda x: x[0] * jnp.array([jnp.cos(x[1]), jnp.sin(x[1])]))(jnp.array([2.0, 0.5]))
    np.testing.assert_allclose(found, expected, rtol=1e-12)
    mistake = refused(client, "jacobian", {"inputs": inputs, "jac_inputs": ["X"], "jac_outputs": ["gradient"]})
    assert mistake["loc"] == ["body", "jac_outputs", "0"]


def test_a_second_request_at_the_same_point_computes_nothing(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    served, asked = client.app.state.services.engine, []
    compute = served.run

    async def count(*args: Any) -> Any:
        asked.append(args)
        return await compute(*args)

    monkeypatch.setattr(served, "run", count)
    inputs = {"expression": "X[0]**3*X[1] + 0.125", "X": POINT[:2]}
    back = {"vjp_inputs": ["X"], "vjp_outputs": ["value"], "cotangent_vector": {"value": 1.0}}
    ask(client, "apply", inputs)
    ask(client, "vector_jacobian_product", inputs, **back)
    assert len(asked) == 1
    single = inputs | {"X": binary(POINT[:2], "float32")}
    for other in (inputs | {"X": POINT[1:]}, inputs | {"expression": "X[0]**3*X[1] + 0.25"}, single):
        ask(client, "vector_jacobian_product", other, **back)
    assert len(asked) == 4


# Arrays


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_outputs_have_the_dtype_of_the_inputs(client: Client, dtype: str) -> None:
    inputs = {"expression": TUTORIAL, "X": binary([1.0, 2.0, 3.0], dtype)}
    for headers in ({}, BASE64):
        response = post(client, "apply", {"inputs": inputs}, **headers)
        found = _decoded(response.json())
        assert {array.dtype.name for array in found.values()} == {dtype}
        assert found["gradient"].tolist() == [10.0, 24.0, 42.0]


@pytest.mark.parametrize(
    ("header", "encoding"),
    [
        ("", "json"),
        ("*/*", "json"),
        ("application/json", "json"),
        ("application/json+base64", "base64"),
        ("application/*; gpu_transport=none", "base64"),
        ("application/json;q=0.4, application/json+base64;q=0.9", "base64"),
        ("application/json+base64; compression=lz4, application/json;q=0.1", "json"),
    ],
)
def test_accept_chooses_the_encoding(client: Client, header: str, encoding: str) -> None:
    response = post(client, "apply", {"inputs": {"expression": "x**2", "X": 3.0}}, Accept=header)
    assert response.json()["value"]["data"]["encoding"] == encoding


@pytest.mark.parametrize("header", ["application/json+binref", "application/*; gpu_transport=cuda_ipc", "text/html"])
def test_a_format_that_is_not_offered_is_406(client: Client, header: str) -> None:
    response = post(client, "apply", {"inputs": {"expression": "x**2", "X": 3.0}}, Accept=header)
    assert response.status_code == 406
    assert response.json()["detail"]["available_formats"] == ["json", "json+base64"]


def test_nan_and_infinities_are_read_and_written(client: Client) -> None:
    inputs = {"expression": "log(x)*y", "X": binary([0.0, np.nan])}
    found = _decoded(post(client, "apply", {"inputs": inputs}, **BASE64).json())
    assert np.isnan(found["value"])
    found = _decoded(json.loads(post(client, "apply", b'{"inputs": {"expression": "log(x)", "X": 0.0}}').content))
    assert found["value"] == -np.inf
    assert found["gradient"] == np.inf
    found = _decoded(json.loads(post(client, "apply", b'{"inputs": {"expression": "2*x", "X": NaN}}').content))
    assert np.isnan(found["value"])


@pytest.mark.parametrize(
    "array",
    [
        {"shape": [2], "dtype": "float64", "data": [3.0, 4.0]},
        {"shape": [2], "dtype": "float64", "data": {"buffer": [3.0, 4.0], "encoding": "json"}},
        {"object_type": "array", "shape": [2], "dtype": "int64", "data": {"buffer": [3, 4], "encoding": "raw"}},
        binary([3, 4], "int32"),
        [3, 4.0],
    ],
)
def test_arrays_are_read_as_clients_write_them(client: Client, array: Any) -> None:
    assert ask(client, "apply", {"expression": "X[0]*X[1]", "X": array})["gradient"].tolist() == [4.0, 3.0]


# Shapes and schema


@pytest.mark.parametrize("shape", [[3], [7, 3], [2, 5, 3]])
def test_abstract_eval_says_what_apply_returns(client: Client, shape: list[int]) -> None:
    inputs = {"expression": CURVED, "X": {"shape": shape, "dtype": "float32"}}
    outline = post(client, "abstract_eval", {"inputs": inputs}).json()
    assert outline == {
        "value": {"shape": shape[:-1], "dtype": "float32"},
        "gradient": {"shape": shape, "dtype": "float32"},
    }
    inputs["X"] = binary(np.ones(shape), "float32")
    found = ask(client, "apply", inputs)
    assert {name: list(array.shape) for name, array in found.items()} == {
        name: each["shape"] for name, each in outline.items()
    }


def test_the_schema_without_a_function_requires_an_expression(client: Client, registered: str) -> None:
    whole = client.get("/tesseract/openapi.json").json()
    schemas = whole["components"]["schemas"]
    assert {"/apply", "/jacobian", "/jacobian_vector_product", "/vector_jacobian_product"} < set(whole["paths"])
    assert {"/abstract_eval", "/health"} < set(whole["paths"])
    assert {"expression", "X"} <= set(schemas["Apply_InputSchema"]["properties"])
    assert "expression" in schemas["Apply_InputSchema"]["required"]
    assert set(schemas["ApplyOutputSchema"]["differentiable_arrays"]) == {"value", "gradient"}
    assert "shape" not in schemas["ApplyInputSchema"]["differentiable_arrays"]["X"]
    assert whole["x-supported-output-formats"] == list(arrays.FORMATS)
    mine = client.get(f"/f/{registered}/tesseract/openapi.json").json()["components"]["schemas"]
    assert "expression" not in mine["Apply_InputSchema"]["properties"]
    assert set(mine["ApplyInputSchema"]["differentiable_arrays"]) == {"X"}


def test_the_schema_of_a_registered_function_names_its_arguments(client: Client, of_two: str) -> None:
    schemas = client.get(f"/f/{of_two}/tesseract/openapi.json").json()["components"]["schemas"]
    assert set(schemas["ApplyInputSchema"]["differentiable_arrays"]) == {"a", "x"}


def test_health_is_ok(client: Client, registered: str) -> None:
    for base in ("/tesseract", f"/f/{registered}/tesseract"):
        assert client.get(f"{base}/health").json() == {"status": "ok"}


# Mistakes

_X = {"X": [1.0, 2.0, 3.0]}
_GOOD = {"expression": TUTORIAL} | _X


@pytest.mark.parametrize(
    ("endpoint", "document", "where"),
    [
        ("apply", {"inputs": _X}, ["inputs", "expression"]),
        ("apply", {"inputs": _X | {"expression": None}}, ["inputs", "expression"]),
        ("apply", {"inputs": _X | {"expression": 7}}, ["inputs", "expression"]),
        ("apply", {"inputs": _X | {"expression": "sine(X[0])"}}, ["inputs", "expression"]),
        ("apply", {"inputs": _X | {"expression": "X[0"}}, ["inputs", "expression"]),
        ("apply", {"inputs": _X | {"expression": "3"}}, ["inputs", "expression"]),
        ("apply", {"inputs": {"expression": TUTORIAL}}, ["inputs", "X"]),
        ("apply", {"inputs": _GOOD | {"Y": 1.0}}, ["inputs", "Y"]),
        ("apply", {"inputs": _GOOD | {"X": "abc"}}, ["inputs", "X"]),
        ("apply", {"inputs": _GOOD | {"X": None}}, ["inputs", "X"]),
        ("apply", {"inputs": _GOOD | {"X": True}}, ["inputs", "X"]),
        ("apply", {"inputs": _GOOD | {"X": []}}, ["inputs"]),
        ("apply", {"inputs": _GOOD | {"X": [[], []]}}, ["inputs"]),
        ("apply", {"inputs": _GOOD | {"X": [[1.0], [1.0, 2.0]]}}, ["inputs", "X"]),
        ("apply", {"inputs": _GOOD | {"X": 1.0}}, ["inputs", "X"]),
        ("apply", {"inputs": _GOOD | {"X": [1.0, 2.0]}}, ["inputs"]),
        ("apply", {"inputs": _GOOD | {"X": {"shape": [3]}}}, ["inputs", "X"]),
        ("apply", {"inputs": _GOOD | {"X": {"shape": "3", "dtype": "float64", "data": [1]}}}, ["inputs", "X"]),
        ("apply", {"inputs": _GOOD | {"X": {"shape": [1] * 65, "dtype": "float64", "data": [1]}}}, ["inputs", "X"]),
        ("apply", {"inputs": _GOOD | {"X": {"shape": [3], "dtype": "complex64", "data": [1, 2, 3]}}}, ["inputs", "X"]),
        ("apply", {"inputs": _GOOD | {"X": {"shape": [4], "dtype": "float64", "data": [1, 2, 3]}}}, ["inputs", "X"]),
        ("apply", {"inputs": _GOOD | {"X": binary([1.0, 2.0]) | {"shape": [3]}}}, ["inputs", "X"]),
        ("apply", {"inputs": _GOOD | {"X": binary([1.0, 2.0]) | {"shape": [-2]}}}, ["inputs", "X"]),
        ("apply", {"inputs": _GOOD | {"rank": "x"}}, ["inputs", "rank"]),
        ("apply", {"inputs": _GOOD | {"rank": [1, 1]}}, ["inputs", "rank"]),
        ("apply", {"inputs": _GOOD | {"args": ["Z"]}}, ["inputs", "expression"]),
        ("apply", {"inputs": _GOOD | {"args": "X"}}, ["inputs", "args"]),
        ("apply", {"inputs": {"expression": "x1 + x2", "X": [1.0, 2.0, 3.0]}}, ["inputs", "X"]),
        ("apply", {"inputs": [1.0]}, ["inputs"]),
        ("apply", {}, ["inputs"]),
        ("apply", {"inputs": _GOOD, "more": 1}, ["more"]),
        ("apply", [1.0], []),
        ("jacobian", {"inputs": _GOOD}, ["jac_inputs"]),
        ("jacobian", {"inputs": _GOOD, "jac_inputs": [], "jac_outputs": ["value"]}, ["jac_inputs"]),
        ("jacobian", {"inputs": _GOOD, "jac_inputs": ["Y"], "jac_outputs": ["value"]}, ["jac_inputs", "0"]),
        ("jacobian", {"inputs": _GOOD, "jac_inputs": ["X"], "jac_outputs": ["result"]}, ["jac_outputs", "0"]),
        (
            "jacobian_vector_product",
            {"inputs": _GOOD, "jvp_inputs": ["X"], "jvp_outputs": ["value"], "tangent_vector": {"X": [1.0, 2.0]}},
            ["tangent_vector", "X"],
        ),
        (
            "jacobian_vector_product",
            {"inputs": _GOOD, "jvp_inputs": ["X"], "jvp_outputs": ["value"], "tangent_vector": {}},
            ["tangent_vector"],
        ),
        (
            "vector_jacobian_product",
            {"inputs": _GOOD, "vjp_inputs": ["X"], "vjp_outputs": ["value"], "cotangent_vector": {"value": [1.0, 2.0]}},
            ["cotangent_vector", "value"],
        ),
        ("abstract_eval", {"inputs": {"expression": TUTORIAL, "X": {"shape": [3]}}}, ["inputs", "X"]),
        (
            "abstract_eval",
            {"inputs": {"expression": "sum(X)", "X": {"shape": [1 << 30], "dtype": "float64"}}},
            ["inputs"],
        ),
    ],
)
def test_an_error_has_the_location_of_the_mistake(
    client: Client, endpoint: str, document: Any, where: list[str]
) -> None:
    assert refused(client, endpoint, document)["loc"] == ["body", *where]


def test_a_syntax_error_has_its_position_in_the_text(client: Client) -> None:
    mistake = refused(client, "apply", {"inputs": {"expression": "X[0] +\n sine(X[1])", "X": [1.0, 2.0]}})
    assert mistake["ctx"]["position"] == {"line": 2, "column": 2, "offset": 8}
    assert "line 2, column 2" in mistake["msg"]
    assert "sin" in mistake["ctx"]["hint"]


def test_an_expression_beside_a_registered_function_is_refused(client: Client, registered: str) -> None:
    mistake = refused(client, "apply", {"inputs": _GOOD}, f"/f/{registered}/tesseract")
    assert mistake["loc"] == ["body", "inputs", "expression"]


@pytest.mark.parametrize("endpoint", ["apply", "abstract_eval"])
def test_an_unregistered_function_is_404(client: Client, endpoint: str) -> None:
    response = post(client, endpoint, {"inputs": _X}, "/f/0123456789abcdef/tesseract")
    assert response.status_code == 404
    assert isinstance(response.json()["detail"], str)
    assert client.get("/f/0123456789abcdef/tesseract/openapi.json").status_code == 404
    assert client.get("/f/0123456789abcdef/tesseract/health").status_code == 404


def test_a_jacobian_too_large_for_a_reply_is_refused(client: Client) -> None:
    document = {"inputs": {"expression": "sum(X)", "X": [1.0] * 2000}, "jac_inputs": ["X"]}
    assert refused(client, "jacobian", document | {"jac_outputs": ["gradient"]})["type"] == "too_complex"


@pytest.mark.parametrize("endpoint", ["apply", "abstract_eval"])
@pytest.mark.parametrize("shape", [[10**9, 0], [0, 10**9], [3, 10**9, 0]])
def test_a_billion_empty_rows_are_refused(client: Client, endpoint: str, shape: list[int]) -> None:
    data = {"buffer": "", "encoding": "base64"} if endpoint == "apply" else None
    nothing = {"object_type": "array", "shape": shape, "dtype": "float64"} | ({"data": data} if data else {})
    document = {"inputs": {"expression": "sum(X)", "X": nothing, "rank": 2}}
    assert refused(client, endpoint, document)["type"] == "too_complex"
