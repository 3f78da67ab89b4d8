import json
import math
from typing import Any

import httpx
import hypothesis
import hypothesis.strategies as st
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from app.api.interop.umbridge import model, routes
from tests.support.service import Client

TUTORIAL = {"expression": "5*x1**2 + 6*x2**2 + 7*x3**2"}
POLAR = {"expression": ["r*cos(t)", "r*sin(t)"], "args": ["r", "t"]}
AT = {"outWrt": 0, "inWrt": 0, "inWrt1": 0, "inWrt2": 0}


def call(client: Client, name: str, config: Any = None, base: str = "", /, **fields: Any) -> httpx.Response:
    document = {"name": "gradient", "config": config or {}, **AT, **fields}
    return client.request("POST", f"{base}/{name}", content=json.dumps(document).encode())


def output(client: Client, name: str, config: Any = None, base: str = "", /, **fields: Any) -> Any:
    response = call(client, name, config, base, **fields)
    assert response.status_code == 200, response.text
    assert response.headers["content-type"] == "application/json"
    assert set(response.json()) == {"output"}
    return response.json()["output"]


def sizes(client: Client, config: Any, base: str = "", /, **fields: Any) -> tuple[Any, Any]:
    inputs = call(client, "InputSizes", config, base, **fields)
    outputs = call(client, "OutputSizes", config, base, **fields)
    assert inputs.status_code == outputs.status_code == 200, inputs.text + outputs.text
    return inputs.json()["inputSizes"], outputs.json()["outputSizes"]


def refusal(response: httpx.Response, kind: str = "InvalidInput", status: int = 400) -> str:
    """Check that a response is an error of the protocol, and return its message."""
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/json"
    assert response.headers["x-request-id"]
    document = response.json()
    assert set(document) == {"error"}
    assert set(document["error"]) == {"type", "message"}
    assert document["error"]["type"] == kind
    message: str = document["error"]["message"]
    assert message
    assert len(message) < 1000
    assert "Traceback" not in message
    return message


def register(client: Client, expression: Any, args: list[str]) -> str:
    response = client.post({"expression": expression, "args": args}, "/v1/functions")
    function_id: str = response.json()["function_id"]
    return function_id


# Models


def test_info_lists_the_model_of_any_function_first(client: Client) -> None:
    response = client.get("/Info")
    assert response.json()["protocolVersion"] == 1.0
    assert response.json()["models"][0] == "gradient"
    assert set(response.json()) == {"protocolVersion", "models"}


def test_a_model_supports_everything(client: Client) -> None:
    response = client.request("POST", "/ModelInfo", content=b'{"name": "gradient"}')
    assert response.json() == {
        "support": {"Evaluate": True, "Gradient": True, "ApplyJacobian": True, "ApplyHessian": True}
    }


def test_without_a_config_the_model_is_a_demonstration(client: Client) -> None:
    inputs, outputs = sizes(client, None)
    assert inputs == outputs
    assert output(client, "Evaluate", input=[[0.0]]) == [[0.0]]
    assert output(client, "Evaluate", input=[[3.0]]) == [[9.0]]
    assert output(client, "Gradient", input=[[3.0]], sens=[2.0]) == [12.0]


# Numbers


def test_the_tutorial_in_one_vector(client: Client) -> None:
    point = [[1.0, 2.0, 3.0]]
    assert sizes(client, TUTORIAL) == ([3], [1])
    assert output(client, "Evaluate", TUTORIAL, input=point) == [[92.0]]
    assert output(client, "Gradient", TUTORIAL, input=point, sens=[1.0]) == [10.0, 24.0, 42.0]
    assert output(client, "ApplyJacobian", TUTORIAL, input=point, vec=[1.0, 0.5, -1.0]) == [10.0 + 12.0 - 42.0]
    assert output(client, "ApplyHessian", TUTORIAL, input=point, sens=[2.0], vec=[1.0, 0.5, -1.0]) == [
        20.0,
        12.0,
        -28.0,
    ]


def test_the_tutorial_in_a_vector_for_each_argument(client: Client) -> None:
    config = TUTORIAL | {"layout": "args"}
    point = [[1.0], [2.0], [3.0]]
    assert sizes(client, config) == ([1, 1, 1], [1])
    assert output(client, "Evaluate", config, input=point) == [[92.0]]
    assert output(client, "Gradient", config, input=point, inWrt=2, sens=[1.0]) == [42.0]
    assert output(client, "ApplyJacobian", config, input=point, inWrt=1, vec=[0.5]) == [12.0]


def test_args_decide_the_order_of_the_vector(client: Client) -> None:
    config = {"expression": "x - 2*y", "args": ["y", "x"]}
    assert output(client, "Gradient", config, input=[[5.0, 7.0]], sens=[1.0]) == [-2.0, 1.0]


@pytest.mark.parametrize("layout", ["vector", "args"])
def test_blocks_of_the_hessian_by_two_arguments_are_those_of_jax(client: Client, layout: str) -> None:
    def function(a: Any, x: Any) -> Any:
        return jnp.exp(a * x[0]) * jnp.sin(x[1]) + a**3 * x[2]

    config = {"expression": "exp(a*X[0])*sin(X[1]) + a**3*X[2]", "args": ["a", "X"], "layout": layout}
    a, x, sens = 0.4, [0.3, 1.1, -0.7], 1.5
    blocks = jax.hessian(function, (0, 1))(a, jnp.array(x))
    if layout == "args":
        vec = [0.5, -1.0, 2.0]
        for outer in (0, 1):
            found = output(client, "ApplyHessian", config, input=[[a], x], inWrt1=outer, inWrt2=1, sens=[sens], vec=vec)
            assert found == pytest.approx(np.ravel(sens * (blocks[outer][1] @ jnp.array(vec))), rel=1e-13)
        return
    dense = np.block([[np.reshape(blocks[0][0], (1, 1)), np.reshape(blocks[0][1], (1, 3))],
                      [np.reshape(blocks[1][0], (3, 1)), blocks[1][1]]])  # fmt: skip
    vec = [1.0, 0.5, -1.0, 2.0]
    found = output(client, "ApplyHessian", config, input=[[a, *x]], sens=[sens], vec=vec)
    assert found == pytest.approx(sens * dense @ vec, rel=1e-13)


def test_a_function_of_several_values_has_one_output_vector(client: Client) -> None:
    def polar(x: Any) -> Any:
        return jnp.array([x[0] * jnp.cos(x[1]), x[0] * jnp.sin(x[1])])

    x, sens, vec = [2.0, 0.5], np.array([1.0, 10.0]), np.array([0.5, 0.25])
    jacobian = np.asarray(jax.jacobian(polar)(jnp.array(x)))
    hessian = np.asarray(jax.hessian(polar)(jnp.array(x)))
    assert sizes(client, POLAR) == ([2], [2])
    assert output(client, "Evaluate", POLAR, input=[x])[0] == pytest.approx(np.asarray(polar(x)), rel=1e-15)
    for name, fields, expected in (
        ("Gradient", {"sens": sens.tolist()}, sens @ jacobian),
        ("ApplyJacobian", {"vec": vec.tolist()}, jacobian @ vec),
        ("ApplyHessian", {"sens": sens.tolist(), "vec": vec.tolist()}, np.einsum("k,kij,j", sens, hessian, vec)),
    ):
        assert output(client, name, POLAR, input=[x], **fields) == pytest.approx(expected, rel=1e-13), name


def test_an_array_value_is_one_vector_in_row_major_order(client: Client) -> None:
    config = {"expression": "outer(X, Y)", "shapes": {"X": 2, "Y": [3]}}
    assert sizes(client, config) == ([5], [6])
    assert output(client, "Evaluate", config, input=[[1.0, 2.0, 3.0, 4.0, 5.0]]) == [[3.0, 4.0, 5.0, 6.0, 8.0, 10.0]]
    found = output(client, "Gradient", config, input=[[1.0, 2.0, 3.0, 4.0, 5.0]], sens=[1.0] * 6)
    assert found == [12.0, 12.0, 3.0, 3.0, 3.0]


def test_float32_is_computed_in_float32(client: Client) -> None:
    config = {"expression": "x/3", "dtype": "float32"}
    assert output(client, "Evaluate", config, input=[[1.0]]) == [[float(np.float32(1) / np.float32(3))]]


def test_numbers_that_are_not_finite_are_the_tokens_that_clients_read(client: Client) -> None:
    response = call(client, "Evaluate", {"expression": "log(x)"}, input=[[0.0]])
    assert response.text == '{"output":[[-Infinity]]}'
    response = call(client, "Evaluate", {"expression": ["log(x)", "1/x", "x"]}, input=[[-0.0]])
    assert response.text == '{"output":[[-Infinity,-Infinity,-0.0]]}'
    assert math.isnan(output(client, "Evaluate", {"expression": "log(x)"}, input=[[-1.0]])[0][0])
    assert output(client, "Gradient", {"expression": "log(x)"}, input=[[0.0]], sens=[1.0]) == [math.inf]


def test_the_derivative_by_an_unused_argument_is_zero(client: Client) -> None:
    config = {"expression": "x**2", "args": ["x", "unused"]}
    assert sizes(client, config) == ([2], [1])
    assert output(client, "Gradient", config, input=[[3.0, 7.0]], sens=[1.0]) == [6.0, 0.0]


# Lengths


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        ({"expression": "X[0]*X[2]"}, [3]),
        ({"expression": "X[0, 1]*X[2, 0]"}, [6]),
        ({"expression": "a*X[1]", "args": ["a", "X"]}, [3]),
        ({"expression": "a*X[1]", "args": ["a", "X"], "layout": "args"}, [1, 2]),
        ({"expression": ["X[0]", "X[1]*a"], "args": ["X", "a"], "layout": "args"}, [2, 1]),
        ({"expression": "sum(X**2)", "shapes": {"X": 4}}, [4]),
        ({"expression": "sum(A @ A)", "shapes": {"A": [2, 2]}}, [4]),
        ({"expression": "a*sum(X)", "shapes": {"X": [4]}, "layout": "args"}, [1, 4]),
        ({"expression": "X[0]", "shapes": {"X": [5]}}, [5]),
        ({"expression": "lambda X, a: sum(X)*a", "shapes": {"X": 2}}, [3]),
        ({"expression": "x**2", "shapes": {"x": []}}, [1]),
    ],
)
def test_the_length_of_an_array_is_declared_or_needed_by_its_indices(
    client: Client, config: dict[str, Any], expected: list[int]
) -> None:
    assert sizes(client, config) == (expected, [1 if isinstance(config["expression"], str) else 2])


def test_a_long_list_of_values_declares_its_arrays(client: Client) -> None:
    config: dict[str, Any] = {"expression": ["X[0]", "X[1]"] * 50}
    refusal(call(client, "InputSizes", config))
    assert sizes(client, config | {"shapes": {"X": 2}}) == ([2], [100])
    assert output(client, "Gradient", config, input=[[3.0, 4.0]], sens=[1.0] * 100) == [50.0, 50.0]


def test_a_number_declared_as_an_array_makes_an_array_of_values(client: Client) -> None:
    config = {"expression": "x**2", "shapes": {"x": [3]}}
    assert sizes(client, config) == ([3], [3])
    assert output(client, "Evaluate", config, input=[[1.0, 2.0, 3.0]]) == [[1.0, 4.0, 9.0]]


@pytest.mark.parametrize("count", [1, 2, 5])
def test_the_input_tells_the_length_of_an_array(client: Client, count: int) -> None:
    point = [0.5 + n for n in range(count)]
    expected = math.fsum(x**2 for x in point)
    assert output(client, "Evaluate", {"expression": "sum(X**2)"}, input=[point])[0] == pytest.approx([expected])
    found = output(client, "Gradient", {"expression": "sum(X**2)"}, input=[point], sens=[1.0])
    assert found == [2 * x for x in point]


@pytest.mark.parametrize("count", [1, 4])
def test_several_input_vectors_tell_the_lengths_of_arrays(client: Client, count: int) -> None:
    config = {"expression": "a*sum(x**2 for x in X)", "args": ["a", "X"], "layout": "args"}
    point = [1.0 + n for n in range(count)]
    assert output(client, "Gradient", config, input=[[3.0], point], inWrt=1, sens=[1.0]) == [6.0 * x for x in point]


@pytest.mark.parametrize("expression", ["sum(X**2)", "a*sum(X**2)"])
def test_an_unknown_length_is_refused_with_a_hint(client: Client, expression: str) -> None:
    message = refusal(call(client, "InputSizes", {"expression": expression}))
    assert '"shapes": {"X": [3]}' in message


# Registered functions


def test_a_registered_function_is_a_model_by_its_id(client: Client) -> None:
    function_id = register(client, "a*X[0]*X[2]", ["a", "X"])
    assert function_id in client.get("/Info").json()["models"]
    assert sizes(client, None, name=function_id) == ([4], [1])
    config = {"layout": "args", "dtype": "float64"}
    assert sizes(client, config, name=function_id) == ([1, 3], [1])
    point = [[2.0], [1.0, 5.0, 3.0]]
    assert output(client, "Gradient", config, name=function_id, input=point, inWrt=1, sens=[1.0]) == [6.0, 0.0, 2.0]


@pytest.mark.parametrize("by_id", [True, False])
def test_a_function_has_a_base_path_of_its_own(client: Client, by_id: bool) -> None:
    function_id = register(client, "x*sin(y)", ["x", "y"])
    base = f"/f/{function_id}"
    assert client.get(f"{base}/Info").json() == {"protocolVersion": 1.0, "models": [function_id, "gradient"]}
    name = function_id if by_id else "gradient"
    assert client.request("POST", f"{base}/ModelInfo", json={"name": name}).status_code == 200
    assert sizes(client, None, base, name=name) == ([2], [1])
    found = output(client, "Gradient", None, base, name=name, input=[[2.0, 0.5]], sens=[1.0])
    assert found == pytest.approx([math.sin(0.5), 2 * math.cos(0.5)], rel=1e-15)


def test_a_registered_function_of_several_values(client: Client) -> None:
    function_id = register(client, ["x*y", "x+y"], ["x", "y"])
    assert output(client, "Evaluate", None, f"/f/{function_id}", input=[[2.0, 3.0]]) == [[6.0, 5.0]]


@pytest.mark.parametrize("name", ["expression", "args"])
def test_the_function_of_a_registered_model_cannot_be_replaced(client: Client, name: str) -> None:
    function_id = register(client, "x*sin(y)", ["x", "y"])
    response = call(client, "Evaluate", {name: "x"}, f"/f/{function_id}", input=[[1.0, 2.0]])
    assert "given" in refusal(response)


@pytest.mark.parametrize("function_id", ["0" * 32, "x", "%2e%2e", "☃", "a" * 5000])
def test_an_unknown_function_is_no_model(client: Client, function_id: str) -> None:
    refusal(client.get(f"/f/{function_id}/Info"), "ModelNotFound")
    refusal(call(client, "Evaluate", None, f"/f/{function_id}", input=[[1.0]]), "ModelNotFound")


@pytest.mark.parametrize("name", [each.name for each in routes.OPERATIONS])
def test_an_unknown_model_is_reported_before_other_mistakes(client: Client, name: str) -> None:
    document = {"name": "wrong_model_name", "config": 7}
    refusal(client.request("POST", f"/{name}", json=document), "ModelNotFound")


def test_the_path_of_a_function_has_no_other_models(client: Client) -> None:
    function_id = register(client, "x*sin(y)", ["x", "y"])
    refusal(call(client, "Evaluate", None, f"/f/{function_id}", name="forward", input=[[1.0, 2.0]]), "ModelNotFound")


# How clients write


@pytest.mark.parametrize(
    ("name", "fields", "expected"),
    [
        ("Gradient", {"sens": 2.0}, [12.0]),
        ("Gradient", {"sens": 2, "outWrt": 0.0, "inWrt": [0]}, [12.0]),
        ("ApplyJacobian", {"vec": 2.0}, [12.0]),
        ("ApplyHessian", {"sens": 1.0, "vec": 2.0}, [4.0]),
        ("Gradient", {"sens": [2.0], "input": [3.0]}, [12.0]),
        ("Gradient", {"sens": [2.0], "config": []}, [12.0]),
        ("Gradient", {"sens": [2.0], "config": None}, [12.0]),
        ("Gradient", {"sens": [2.0], "name": ["gradient"]}, [12.0]),
        ("Gradient", {"sens": [2.0], "config": {"expression": ["x^2"], "layout": ["args"], "args": ["x"]}}, [12.0]),
        ("Gradient", {"sens": [2.0], "config": {"expression": "x^2", "args": "x", "dtype": ["float64"]}}, [12.0]),
        ("Gradient", {"sens": [2.0], "tid": "7"}, [12.0]),
    ],
)
def test_single_values_may_be_in_a_list_or_not(
    client: Client, name: str, fields: dict[str, Any], expected: list[float]
) -> None:
    document = {"name": "gradient", **AT, "input": [[3.0]], **fields}
    response = client.request("POST", f"/{name}", json=document)
    assert response.status_code == 200, response.text
    assert response.json()["output"] == expected


def test_a_client_that_asks_for_shared_memory_gets_404(client: Client) -> None:
    assert client.request("POST", "/TestShMem", json={"name": "gradient"}).status_code == 404


# Mistakes


@pytest.mark.parametrize(
    ("name", "fields", "part"),
    [
        ("Evaluate", {}, "input is missing"),
        ("Evaluate", {"input": []}, "list of vectors"),
        ("Evaluate", {"input": {}}, "list of vectors"),
        ("Evaluate", {"input": "3"}, "list of vectors"),
        ("Evaluate", {"input": [[3.0, 4.0]]}, "has 2 number(s), the model takes 1"),
        ("Evaluate", {"input": [[]]}, "has 0 number(s), the model takes 1"),
        ("Evaluate", {"input": [[3.0], [4.0]]}, "2 vector(s), the model takes 1"),
        ("Evaluate", {"input": [[[3.0]]]}, "list of numbers"),
        ("Evaluate", {"input": [["3"]]}, "numbers"),
        ("Evaluate", {"input": [[True]]}, "numbers"),
        ("Evaluate", {"input": [[None]]}, "numbers"),
        ("Evaluate", {"input": [[10**400]]}, "not finite"),
        ("Evaluate", {"input": [[math.nan]]}, "not finite"),
        ("Evaluate", {"input": [[-math.inf]]}, "not finite"),
        ("Evaluate", {"input": [[1.0]], "name": None}, "name is missing"),
        ("Evaluate", {"input": [[1.0]], "name": {}}, "name is missing"),
        ("Evaluate", {"input": [[1.0]], "config": 7}, "config is an object"),
        ("Evaluate", {"input": [[1.0]], "config": ["x"]}, "config is an object"),
        ("Evaluate", {"input": [[1.0]], "config": {"variables": ["x"]}}, "it takes expression, args"),
        ("Evaluate", {"input": [[1.0]], "config": {"expression": 7}}, "expression is a text"),
        ("Evaluate", {"input": [[1.0]], "config": {"expression": []}}, "expression is a text"),
        ("Evaluate", {"input": [[1.0]], "config": {"expression": None}}, "expression is a text"),
        ("Evaluate", {"input": [[1.0]], "config": {"expression": ["x", 7]}}, "expression is a text"),
        ("Evaluate", {"input": [[1.0]], "config": {"expression": "1"}}, "no arguments"),
        ("Evaluate", {"input": [[1.0]], "config": {"expression": "x", "args": [7]}}, "args is a list"),
        ("Evaluate", {"input": [[1.0]], "config": {"expression": "x", "args": {"x": 1}}}, "args is a list"),
        ("Evaluate", {"input": [[1.0]], "config": {"layout": "rows"}}, 'layout is "vector" or "args"'),
        ("Evaluate", {"input": [[1.0]], "config": {"layout": {}}}, 'layout is "vector" or "args"'),
        ("Evaluate", {"input": [[1.0]], "config": {"dtype": "float16"}}, 'dtype is "float64" or "float32"'),
        ("Evaluate", {"input": [[1.0]], "config": {"shapes": [3]}}, "shapes is an object"),
        ("Evaluate", {"input": [[1.0]], "config": {"shapes": {"X": 3}}}, "not an argument"),
        ("Evaluate", {"input": [[1.0]], "config": {"shapes": {"x": 0}}}, "not a shape"),
        ("Evaluate", {"input": [[1.0]], "config": {"shapes": {"x": [1.5]}}}, "not a shape"),
        ("Evaluate", {"input": [[1.0]], "config": {"shapes": {"x": True}}}, "not a shape"),
        ("Evaluate", {"input": [[1.0]], "config": {"shapes": {"x": [1] * 9}}}, "not a shape"),
        ("Evaluate", {"input": [[1.0]], "config": {"shapes": {"x": [10**9, 10**9]}}}, "more than"),
        ("InputSizes", {"config": {"expression": "sum(X)", "shapes": {"X": 10**9}}}, "more than"),
        ("OutputSizes", {"config": {"expression": "X[3]", "shapes": {"X": 2}}}, "index 3"),
        ("Gradient", {"input": [[1.0]]}, "sens is missing"),
        ("Gradient", {"input": [[1.0]], "sens": [1.0, 2.0]}, "sens has 2 number(s), it takes 1"),
        ("Gradient", {"input": [[1.0]], "sens": []}, "sens has 0"),
        ("Gradient", {"input": [[1.0]], "sens": None}, "numbers"),
        ("Gradient", {"input": [[1.0]], "sens": [[1.0]]}, "not of lists"),
        ("Gradient", {"input": [[1.0]], "sens": [1.0], "outWrt": 1}, "outWrt is out of range"),
        ("Gradient", {"input": [[1.0]], "sens": [1.0], "inWrt": 1}, "inWrt is out of range"),
        ("Gradient", {"input": [[1.0]], "sens": [1.0], "inWrt": -1}, "inWrt is out of range"),
        ("Gradient", {"input": [[1.0]], "sens": [1.0], "inWrt": 10**400}, "inWrt is out of range"),
        ("Gradient", {"input": [[1.0]], "sens": [1.0], "inWrt": 0.5}, "the number of an input vector"),
        ("Gradient", {"input": [[1.0]], "sens": [1.0], "inWrt": math.inf}, "the number of an input vector"),
        ("Gradient", {"input": [[1.0]], "sens": [1.0], "inWrt": math.nan}, "the number of an input vector"),
        ("Gradient", {"input": [[1.0]], "sens": [1.0], "inWrt": False}, "the number of an input vector"),
        ("Gradient", {"input": [[1.0]], "sens": [1.0], "inWrt": "0"}, "the number of an input vector"),
        ("ApplyJacobian", {"input": [[1.0]], "vec": [1.0, 2.0]}, "vec has 2"),
        ("ApplyHessian", {"input": [[1.0]], "vec": [1.0], "sens": [1.0], "inWrt2": 1}, "inWrt2 is out of range"),
        ("ApplyHessian", {"input": [[1.0]], "vec": [1.0, 2.0], "sens": [1.0]}, "vec has 2"),
        ("ApplyHessian", {"input": [[1.0]], "vec": [1.0]}, "sens is missing"),
    ],
)
def test_mistakes_are_invalid_input(client: Client, name: str, fields: dict[str, Any], part: str) -> None:
    document = {"name": "gradient", **AT, **fields}
    assert part in refusal(client.request("POST", f"/{name}", content=json.dumps(document).encode()))


@pytest.mark.parametrize("field", ["outWrt", "inWrt"])
def test_the_error_names_a_missing_field(client: Client, field: str) -> None:
    document = {"name": "gradient", **AT, "input": [[1.0]], "sens": [1.0]}
    del document[field]
    assert refusal(client.request("POST", "/Gradient", json=document)) == f"the field {field} is missing"


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"7", b"\xff", b"[" * 5000, b'{"name": "gradient"'])
@pytest.mark.parametrize("name", [each.name for each in routes.OPERATIONS])
def test_a_body_that_is_not_a_json_object_is_invalid_input(client: Client, name: str, content: bytes) -> None:
    refusal(client.request("POST", f"/{name}", content=content))


@pytest.mark.parametrize(
    ("expression", "told"),
    [
        ("1 + sine(x)", "the function 'sine' is not defined\n1 + sine(x)\n    ^\ndid you mean sin?"),
        (["x", "x*\n  (y+"], "'(' is never closed\n  (y+\n  ^"),
        ("1/0 + x", "1/0 + x\n ^"),
    ],
)
def test_a_mistake_in_the_function_is_marked(client: Client, expression: Any, told: str) -> None:
    assert told in refusal(call(client, "InputSizes", {"expression": expression}))


def test_a_mistake_that_depends_on_shapes_is_marked(client: Client) -> None:
    message = refusal(call(client, "Evaluate", {"expression": "sum(X) + X[7]"}, input=[[1.0, 2.0]]))
    lines = message.split("\n")
    assert lines[1] == "sum(X) + X[7]"
    assert lines[2].index("^") in range(9, 13)


def test_a_long_line_is_shown_only_around_the_mistake(client: Client) -> None:
    expression = "x + " * 5000 + "sine(x)" + " + x" * 5000
    _, line, mark, *_ = refusal(call(client, "Evaluate", {"expression": expression}, input=[[1.0]])).split("\n")
    assert len(line) == 80
    assert line[mark.index("^") :].startswith("sine(x)")


def test_control_characters_are_not_shown(client: Client) -> None:
    message = refusal(call(client, "Evaluate", {"expression": "x +\t\x0b\u2028 sine(x)"}, input=[[1.0]]))
    assert all(character.isprintable() or character == "\n" for character in message)


def test_a_bug_is_reported_in_the_form_of_the_protocol_without_details(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(*_: object) -> None:
        raise KeyError("secret")

    monkeypatch.setattr(model.Models, "entry", fail)
    message = refusal(call(client, "Evaluate", input=[[1.0]]), "InvalidOutput", 500)
    assert "secret" not in message


def test_a_path_similar_to_an_operation_is_404(client: Client) -> None:
    for path in (
        "/x/Evaluate",
        "/f/a/b/Evaluate",
        "/f/Evaluate",
        "/f//Evaluate",
        "/g/a/Evaluate",
        "/v1/Evaluate",
    ):
        assert client.request("POST", path, json={"name": "gradient", "input": [[1.0]]}).status_code == 404


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-3, 3)
    | st.floats()
    | st.sampled_from(["", "x", "X[1]", "sum(X)", "(", "0"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["x", "X", "y"]), inner, max_size=2),
    max_leaves=6,
)
CONFIG = st.dictionaries(st.sampled_from(["expression", "args", "layout", "shapes", "dtype"]), JSON, max_size=3)
FIELDS = st.fixed_dictionaries(
    {"name": st.just("gradient"), "config": CONFIG | JSON, "input": JSON},
    optional=dict.fromkeys(("outWrt", "inWrt", "inWrt1", "inWrt2", "sens", "vec"), JSON),
)


@pytest.mark.parametrize("name", [each.name for each in routes.OPERATIONS])
@hypothesis.given(FIELDS)
def test_whatever_is_sent_is_answered_or_refused(client: Client, name: str, fields: dict[str, Any]) -> None:
    response = client.request("POST", f"/{name}", content=json.dumps(fields).encode())
    if response.status_code != 200:
        refusal(response)


# OpenAPI


def test_the_operations_are_in_the_openapi_document_with_their_own_tag(client: Client) -> None:
    paths = client.get("/openapi.json").json()["paths"]
    for name in ("Info", *(each.name for each in routes.OPERATIONS)):
        for path in (f"/{name}", f"/f/{{function_id}}/{name}"):
            operation = paths[path]["get" if name == "Info" else "post"]
            assert operation["tags"] == ["UM-Bridge"]
            assert operation["summary"]
