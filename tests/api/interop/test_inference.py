"""The Open Inference Protocol, without its client; ``tests/live`` has tests with the client."""

import json
import struct
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from tests.support.service import Client

TUTORIAL = "5*X[0]**2 + 6*X[1]**2 + 7*X[2]**2"
SCALARS = "5*x1**2 + 6*x2**2 + 7*x3**2"
POINT = [1.0, 2.0, 3.0]
INFER = "/v2/models/gradient/infer"
_LENGTH = "Inference-Header-Content-Length"


def tensor(name: str, array: Any, datatype: str = "FP64") -> dict[str, Any]:
    shape = list(np.shape(array))
    return {"name": name, "shape": shape, "datatype": datatype, "data": np.ravel(array).tolist()}


def request(expression: str | None, *inputs: Any, outputs: Any = None, **parameters: Any) -> dict[str, Any]:
    text = {} if expression is None else {"expression": expression}
    document: dict[str, Any] = {"inputs": list(inputs), "parameters": text | parameters}
    return document if outputs is None else document | {"outputs": [{"name": name} for name in outputs]}


def post(client: Client, document: Any, path: str = INFER, **headers: str) -> Any:
    content = document if isinstance(document, bytes) else json.dumps(document).encode()
    return client.request("POST", path, content=content, headers=headers)


def infer(client: Client, document: Any, path: str = INFER) -> dict[str, np.ndarray[Any, Any]]:
    response = post(client, document, path)
    assert response.status_code == 200, response.text
    dtypes = {"FP32": "float32", "FP64": "float64"}
    return {
        output["name"]: np.array(output["data"], dtypes[output["datatype"]]).reshape(output["shape"])
        for output in json.loads(response.content)["outputs"]
    }


def binary(document: dict[str, Any], arrays: list[np.ndarray[Any, Any]]) -> tuple[bytes, dict[str, str]]:
    """Return a request whose tensors' bytes follow it."""
    for each, array in zip(document["inputs"], arrays, strict=True):
        each.pop("data", None)
        each["parameters"] = {"binary_data_size": array.nbytes}
    head = json.dumps(document).encode()
    return head + b"".join(array.tobytes() for array in arrays), {_LENGTH: str(len(head))}


def refused(client: Client, document: Any, path: str = INFER, **headers: str) -> str:
    response = post(client, document, path, **headers)
    assert response.status_code == 400, response.text
    assert list(response.json()) == ["error"]
    assert len(response.content) <= 1024
    return str(response.json()["error"])


@pytest.fixture(scope="module")
def registered(client: Client) -> str:
    return str(client.post({"expression": "lambda a, x: a * sin(x[0]*x[1])"}, "/v1/functions").json()["function_id"])


# Values and gradients


@pytest.mark.parametrize("datatype", ["FP32", "FP64"])
def test_the_tutorial_has_its_value_and_gradient_in_the_datatype_of_its_input(client: Client, datatype: str) -> None:
    document = request(TUTORIAL, tensor("X", POINT, datatype)) | {"id": "seven"}
    answer = post(client, document).json()
    assert answer == {
        "model_name": "gradient",
        "model_version": "1",
        "id": "seven",
        "outputs": [
            {"name": "value", "datatype": datatype, "shape": [1], "data": [92.0]},
            {"name": "gradient", "datatype": datatype, "shape": [3], "data": [10.0, 24.0, 42.0]},
        ],
    }


@pytest.mark.parametrize(
    ("argnums", "gradient"),
    [
        (None, [10.0]),
        (0, [10.0]),
        ("1", [24.0]),
        ("x3", [42.0]),
        ("0,2", [10.0, 42.0]),
        ("[2, 0]", [42.0, 10.0]),
        ([0, 1, 2], [10.0, 24.0, 42.0]),
        ("x3, x1", [42.0, 10.0]),
        (-1, [42.0]),
        ("0,", None),
    ],
)
def test_a_gradient_by_several_arguments_is_one_vector(
    client: Client, argnums: Any, gradient: list[float] | None
) -> None:
    inputs = [tensor(name, [x]) for name, x in zip(("x3", "x1", "x2"), (3.0, 1.0, 2.0), strict=True)]
    document = request(SCALARS, *inputs, **({} if argnums is None else {"argnums": argnums}))
    if gradient is None:
        assert "argument" in refused(client, document)
    else:
        assert infer(client, document)["gradient"].tolist() == gradient


def test_one_tensor_may_hold_several_scalar_arguments(client: Client) -> None:
    assert infer(client, request(SCALARS, tensor("X", POINT)))["gradient"].tolist() == [10.0, 24.0, 42.0]
    chosen = infer(client, request(SCALARS, tensor("X", [POINT, POINT]), argnums="0,2"))
    assert chosen["gradient"].tolist() == [[10.0, 42.0]] * 2


@pytest.mark.parametrize("column", [False, True])
def test_a_batch_of_scalars_may_have_a_last_axis_of_length_1(client: Client, column: bool) -> None:
    values = np.array([0.1, 0.7, -0.4])
    sent = values[:, None] if column else values
    found = infer(client, request("a * sin(x)", tensor("a", [2.0]), tensor("x", sent), argnums="x"))
    np.testing.assert_allclose(found["value"], 2 * np.sin(values), rtol=1e-14)
    np.testing.assert_allclose(found["gradient"], 2 * np.cos(sent), rtol=1e-14)
    both = infer(client, request("a * sin(x)", tensor("a", [2.0]), tensor("x", sent), argnums="a,x"))
    np.testing.assert_allclose(both["gradient"], np.stack([np.sin(values), 2 * np.cos(values)], axis=1), rtol=1e-14)


def test_a_registered_function_is_a_model(client: Client, registered: str) -> None:
    rows = np.array([[0.3, 0.8], [1.0, -0.5], [2.0, 0.1]])
    document = request(None, tensor("a", [1.5, 2.5, 3.5]), tensor("x", rows), argnums="a,x")
    found = infer(client, document, f"/v2/models/{registered}/infer")
    points = jnp.concatenate([jnp.array([[1.5], [2.5], [3.5]]), jnp.array(rows)], axis=1)
    expected = jax.vmap(jax.grad(lambda p: p[0] * jnp.sin(p[1] * p[2])))(points)
    np.testing.assert_allclose(found["gradient"], expected, rtol=1e-12)


def test_a_function_of_several_values_has_a_value_and_no_gradient(client: Client) -> None:
    document = request("X[0]*X", tensor("X", POINT))
    assert infer(client, document)["value"].tolist() == [1.0, 2.0, 3.0]
    assert list(infer(client, document)) == ["value"]
    assert "scalar" in refused(client, request("X[0]*X", tensor("X", POINT), outputs=["gradient"]))


def test_the_reply_has_the_requested_outputs_in_their_order(client: Client) -> None:
    assert list(infer(client, request(TUTORIAL, tensor("X", POINT), outputs=["gradient"]))) == ["gradient"]
    both = infer(client, request(TUTORIAL, tensor("X", POINT), outputs=["gradient", "value"]))
    assert list(both) == ["gradient", "value"]


def test_cache_status_says_which_tier_answered(client: Client) -> None:
    document = request("X[0] + 0.0078125*X[1]", tensor("X", [1.0, 2.0]))
    assert post(client, document).headers["cache-status"] == "gradserve; detail=interpreted"


# Binary tensors


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("rows", [None, 1, 5, 3000])
def test_binary_tensors_are_read_and_written(client: Client, dtype: str, rows: int | None) -> None:
    shape = (3,) if rows is None else (rows, 3)
    array = np.random.default_rng(7).uniform(-2, 2, shape).astype(dtype)
    datatype = {"float32": "FP32", "float64": "FP64"}[dtype]
    document = request(TUTORIAL, tensor("X", array, datatype), binary_data_output=True)
    content, headers = binary(document, [array])
    response = post(client, content, **headers)
    assert response.status_code == 200, response.text
    assert response.headers["content-type"] == "application/octet-stream"
    length = int(response.headers[_LENGTH])
    value, gradient = json.loads(response.content[:length])["outputs"]
    assert "data" not in value
    size = value["parameters"]["binary_data_size"]
    found = np.frombuffer(response.content[length : length + size], dtype).reshape(value["shape"])
    slopes = np.frombuffer(response.content[length + size :], dtype).reshape(gradient["shape"])
    rounding = 1e-14 if dtype == "float64" else 1e-5
    np.testing.assert_allclose(found.reshape(shape[:-1]), (array.astype(float) ** 2) @ [5, 6, 7], rtol=rounding)
    np.testing.assert_allclose(slopes, array.astype(float) * [10, 12, 14], rtol=rounding)


def test_each_output_may_be_binary_or_json(client: Client) -> None:
    outputs = [{"name": "value", "parameters": {"binary_data": True}}, {"name": "gradient"}]
    response = post(client, request(TUTORIAL, tensor("X", POINT)) | {"outputs": outputs})
    length = int(response.headers[_LENGTH])
    value, gradient = json.loads(response.content[:length])["outputs"]
    assert value["parameters"] == {"binary_data_size": 8}
    assert response.content[length:] == struct.pack("<d", 92.0)
    assert gradient["data"] == [10.0, 24.0, 42.0]


def test_the_expression_may_be_a_tensor_of_text(client: Client) -> None:
    text: dict[str, Any] = {"name": "expression", "shape": [1], "datatype": "BYTES", "data": [TUTORIAL]}
    assert infer(client, request(None, tensor("X", POINT), text))["value"].tolist() == [92.0]
    raw = struct.pack("<I", len(TUTORIAL)) + TUTORIAL.encode()
    del text["data"]
    text["parameters"] = {"binary_data_size": len(raw)}
    head = json.dumps(request(None, tensor("X", POINT), text)).encode()
    response = post(client, head + raw, **{_LENGTH: str(len(head))})
    assert response.json()["outputs"][1]["data"] == [10.0, 24.0, 42.0]


def test_nan_and_infinities_are_read_and_written(client: Client) -> None:
    content, headers = binary(request("log(x)*y", tensor("X", [0.0, 1.0])), [np.array([0.0, np.inf])])
    outputs = json.loads(post(client, content, **headers).content)["outputs"]
    assert outputs[0]["data"] == [-np.inf]
    raw = b'{"parameters":{"expression":"2*x"},"inputs":[{"name":"x","shape":[1],"datatype":"FP64","data":[NaN]}]}'
    assert np.isnan(infer(client, raw)["value"]).all()


# The server and its models


def test_the_server_describes_itself(client: Client, registered: str) -> None:
    assert client.get("/v2").json()["extensions"] == ["binary_tensor_data"]
    assert client.get("/v2/health/live").json() == {"live": True}
    assert client.get("/v2/models/gradient").json()["inputs"] == [{"name": "X", "datatype": "FP64", "shape": [-1]}]
    described = client.get(f"/v2/models/{registered}").json()
    assert [(each["name"], each["shape"]) for each in described["inputs"]] == [("a", [1]), ("x", [-1])]
    assert [output["name"] for output in described["outputs"]] == ["value", "gradient"]
    for model in ("gradient", registered, f"{registered}/versions/1"):
        assert client.get(f"/v2/models/{model}/ready").status_code == 200


def test_the_server_is_ready_after_its_start(client: Client) -> None:
    assert client.get("/v2/health/ready").json() == {"ready": True}
    client.app.state.services.lifecycle.ready = False
    try:
        response = client.get("/v2/health/ready")
    finally:
        client.app.state.services.lifecycle.ready = True
    assert response.status_code == 503
    assert list(response.json()) == ["error"]
    assert int(response.headers["retry-after"]) > 0


@pytest.mark.parametrize(
    "path", ["nope", "nope/ready", "nope/infer", "gradient/versions/2", "gradient/versions/2/ready"]
)
def test_an_unknown_model_or_version_is_404(client: Client, path: str) -> None:
    method = "POST" if path.endswith("infer") else "GET"
    content = json.dumps(request(TUTORIAL, tensor("X", POINT))).encode()
    response = client.request(method, f"/v2/models/{path}", content=content)
    assert response.status_code == 404
    assert list(response.json()) == ["error"]


# Mistakes

_GOOD = request(TUTORIAL, tensor("X", POINT))


@pytest.mark.parametrize(
    ("document", "says"),
    [
        (request(None, tensor("X", POINT)), "expression"),
        (request("sine(X[0])", tensor("X", POINT)), "did you mean sin?"),
        (request(TUTORIAL), "'X'"),
        (request(TUTORIAL, tensor("Y", POINT)), "'X'"),
        (request(TUTORIAL, tensor("X", POINT), tensor("Y", POINT)), "'Y'"),
        (request(TUTORIAL, tensor("X", POINT), tensor("X", POINT)), "name of its own"),
        (request(TUTORIAL, tensor("X", POINT), outputs=["hessian_"]), "hessian_"),
        (request(TUTORIAL, tensor("X", POINT), argnums=1), "out of range"),
        (request(TUTORIAL, tensor("X", POINT), argnums=True), "argnums"),
        (request(TUTORIAL, tensor("X", POINT), argnums=""), "argument"),
        (request(TUTORIAL, tensor("X", POINT), argnum=0), "'argnum'"),
        (request(TUTORIAL, tensor("X", POINT), rank="x"), "rank"),
        (request(TUTORIAL, tensor("X", POINT), args=7), "args"),
        (request(TUTORIAL, tensor("X", POINT), binary_data_output=1), "binary_data_output"),
        (request(TUTORIAL, tensor("X", POINT, "INT64")), "FP32 or FP64"),
        (request(TUTORIAL, tensor("X", POINT) | {"shape": [4]}), "3 numbers"),
        (request(TUTORIAL, tensor("X", POINT) | {"shape": None}), "shape"),
        (request(TUTORIAL, tensor("X", POINT) | {"shape": [1] * 70, "data": [1.0]}), "axes"),
        (request(TUTORIAL, tensor("X", POINT) | {"data": ["a", 2, 3]}), "numbers"),
        (request(TUTORIAL, tensor("X", POINT) | {"data": None}), "numbers"),
        (request(TUTORIAL, tensor("X", POINT) | {"parameters": {"binary_data_size": 24}}), "binary_data_size"),
        (request(TUTORIAL, tensor("X", POINT) | {"parameters": {"shared_memory_region": "a"}}), "shared memory"),
        (request(TUTORIAL, {"name": "expression", "datatype": "BYTES", "shape": [1], "data": [1]}), "expression"),
        (_GOOD | {"inputs": {}}, "inputs"),
        (_GOOD | {"outputs": [7]}, "outputs"),
        (_GOOD | {"parameters": []}, "parameters"),
        (_GOOD | {"id": 7}, "id"),
        ([], "object"),
    ],
)
def test_an_error_names_the_mistake(client: Client, document: Any, says: str) -> None:
    assert says in refused(client, document)


@pytest.mark.parametrize("length", ["-1", "x", "999999", "", "9" * 5000])
def test_a_wrong_length_of_the_document_is_refused(client: Client, length: str) -> None:
    assert refused(client, json.dumps(_GOOD).encode(), **{_LENGTH: length})


def test_bytes_that_belong_to_no_tensor_are_refused(client: Client) -> None:
    content, headers = binary(request(TUTORIAL, tensor("X", POINT)), [np.array(POINT)])
    assert "bytes" in refused(client, content + b"more", **headers)
    assert "binary_data_size" in refused(client, content[:-1], **headers)
    odd = request(TUTORIAL, tensor("X", POINT) | {"parameters": {"binary_data_size": 7}})
    head = json.dumps(odd).encode()
    assert "7 bytes" in refused(client, head + bytes(7), **{_LENGTH: str(len(head))})


def test_an_expression_for_a_registered_function_is_refused(client: Client, registered: str) -> None:
    document = request("a*x[0]*x[1]", tensor("a", [1.0]), tensor("x", [1.0, 2.0]))
    assert "its own" in refused(client, document, f"/v2/models/{registered}/infer")


def test_a_billion_empty_rows_are_refused(client: Client) -> None:
    nothing = {"name": "X", "shape": [10**9, 0], "datatype": "FP64", "data": []}
    assert "more than" in refused(client, request("sum(X)", nothing, rank=2))


def test_too_many_points_are_refused(client: Client) -> None:
    array = np.zeros((100_001, 1), "float32")
    content, headers = binary(request("2*x", tensor("x", [0.0], "FP32") | {"shape": [100_001, 1]}), [array])
    assert "100001 points" in refused(client, content, **headers)
