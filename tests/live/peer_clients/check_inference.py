"""Triton's own client for the Open Inference Protocol."""

import json
import urllib.request
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import tritonclient.http as triton
from tritonclient.utils import InferenceServerException

from tests.live.peer_clients.address import CURVED, URL

jax.config.update("jax_enable_x64", True)

CLIENT = triton.InferenceServerClient(URL.removeprefix("http://"))
SCALARS = "5*x1**2 + 6*x2**2 + 7*x3**2"
X = np.array([0.7, -1.3, 0.4])

binary = pytest.mark.parametrize("binary", [False, True], ids=["json", "binary"])


def curved(x: Any) -> Any:
    return x[0] * x[1] * jnp.sin(x[2]) + jnp.exp(x[0] * x[2]) + x[1] ** 3


def infer(
    expression: str | None, *, model: str = "gradient", binary: bool = True, outputs: Any = None, **arrays: Any
) -> dict[str, Any]:
    """Return outputs by name. Options that are arrays are inputs, all others are parameters."""
    inputs = []
    parameters = {} if expression is None else {"expression": expression}
    for name, array in arrays.items():
        if not isinstance(array, np.ndarray):
            parameters[name] = array
            continue
        inputs.append(triton.InferInput(name, list(array.shape), "FP32" if array.dtype == np.float32 else "FP64"))
        inputs[-1].set_data_from_numpy(array, binary_data=binary)
    wanted = [triton.InferRequestedOutput(name, binary_data=binary) for name in outputs or ("value", "gradient")]
    found = CLIENT.infer(model, inputs, outputs=wanted, parameters=parameters, request_id="7")
    assert found.get_response()["id"] == "7"
    return {name: found.as_numpy(name) for name in outputs or ("value", "gradient")}


def test_the_client_finds_the_server_and_its_models() -> None:
    assert CLIENT.is_server_live()
    assert CLIENT.is_server_ready()
    assert CLIENT.get_server_metadata()["name"] == "gradserve"
    assert CLIENT.is_model_ready("gradient")
    assert CLIENT.is_model_ready("gradient", "1")
    assert not CLIENT.is_model_ready("nope")
    assert [each["name"] for each in CLIENT.get_model_metadata("gradient")["outputs"]] == ["value", "gradient"]


@binary
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_values_and_gradients_in_the_dtype_of_the_point(binary: bool, dtype: str) -> None:
    found = infer(CURVED, binary=binary, X=X.astype(dtype))
    rounding = 1e-12 if dtype == "float64" else 1e-5
    assert {array.dtype.name for array in found.values()} == {dtype}
    np.testing.assert_allclose(found["value"], [curved(X)], rtol=rounding)
    np.testing.assert_allclose(found["gradient"], jax.grad(curved)(X), rtol=rounding)


def test_both_outputs_are_binary_if_the_request_names_none() -> None:
    point = triton.InferInput("X", [3], "FP64")
    point.set_data_from_numpy(X)
    found = CLIENT.infer("gradient", [point], parameters={"expression": CURVED})
    np.testing.assert_allclose(found.as_numpy("gradient"), jax.grad(curved)(X), rtol=1e-12)


@binary
def test_arguments_by_name(binary: bool) -> None:
    numbers: dict[str, Any] = {"x1": np.array([1.0]), "x2": np.array([2.0]), "x3": np.array([3.0])}
    assert infer(SCALARS, binary=binary, argnums="0,2", **numbers)["gradient"].tolist() == [10.0, 42.0]
    assert infer(SCALARS, binary=binary, argnums=1, **numbers)["gradient"].tolist() == [24.0]


@binary
def test_nan_and_infinities_are_read_and_written(binary: bool) -> None:
    found = infer("log(X[0]) + X[1]", binary=binary, X=np.array([0.0, 1.0]))
    assert found["value"].tolist() == [-np.inf]
    assert found["gradient"].tolist() == [np.inf, 1.0]
    assert np.isnan(infer("2*x", binary=binary, x=np.array([np.nan]))["value"]).all()


@binary
def test_batches(binary: bool) -> None:
    rows = np.random.default_rng(3).uniform(-1.5, 1.5, (500, 3))
    found = infer(CURVED, binary=binary, X=rows)
    np.testing.assert_allclose(found["value"], jax.vmap(curved)(rows), rtol=1e-11)
    np.testing.assert_allclose(found["gradient"], jax.vmap(jax.grad(curved))(rows), rtol=1e-11, atol=1e-13)


def test_a_hundred_thousand_points_in_both_tiers() -> None:
    rows = np.random.default_rng(4).uniform(-1.5, 1.5, (100_000, 3))
    value, gradient = jax.jit(jax.vmap(jax.value_and_grad(curved)))(rows)
    for _ in range(12):  # interpreted at first, compiled later
        found = infer(CURVED, X=rows)
        np.testing.assert_allclose(found["value"], value, rtol=1e-10, atol=1e-12)
        np.testing.assert_allclose(found["gradient"], gradient, rtol=1e-10, atol=1e-12)


def test_a_registered_function_is_a_model() -> None:
    body = json.dumps({"expression": CURVED}).encode()
    request = urllib.request.Request(URL + "/v1/functions", body, {"Content-Type": "application/json"})  # noqa: S310
    with urllib.request.urlopen(request) as response:  # noqa: S310
        model = json.load(response)["function_id"]
    assert CLIENT.get_model_metadata(model)["inputs"][0]["name"] == "X"
    np.testing.assert_allclose(infer(None, model=model, X=X)["gradient"], jax.grad(curved)(X), rtol=1e-12)


@pytest.mark.parametrize(
    ("expression", "options", "status", "says"),
    [
        ("sine(X[0])", {}, "400", "did you mean sin"),
        (None, {}, "400", "expression is missing"),
        (CURVED, {"argnums": 1}, "400", "out of range"),
        (CURVED, {"Y": X}, "400", "'Y'"),
        (CURVED, {"outputs": ["nope"]}, "400", "'nope'"),
        (CURVED, {"model": "nope"}, "404", "'nope'"),
    ],
)
def test_an_exception_names_the_mistake(expression: Any, options: Any, status: str, says: str) -> None:
    with pytest.raises(InferenceServerException, match=says) as caught:
        infer(expression, X=X, **options)
    assert caught.value.status() == status
