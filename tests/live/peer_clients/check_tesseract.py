"""Tesseract's own clients: tesseract-core in Python, and tesseract-jax in JAX programs."""

import json
import urllib.request
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from pydantic import ValidationError
from tesseract_core import Tesseract
from tesseract_jax import apply_tesseract

from tests.live.peer_clients.address import CURVED, URL

jax.config.update("jax_enable_x64", True)

X = jnp.array([0.7, -1.3, 0.4])
BATCH = jnp.array([[0.7, -1.3, 0.4], [0.1, 2.0, -0.6], [-1.0, 0.5, 1.5]])
DIRECTION = jnp.array([0.5, 2.0, -1.0])


def curved(x: Any) -> Any:
    return x[0] * x[1] * jnp.sin(x[2]) + jnp.exp(x[0] * x[2]) + x[1] ** 3


def post(path: str, document: Any) -> Any:
    body = json.dumps(document).encode()
    request = urllib.request.Request(URL + path, body, {"Content-Type": "application/json"})  # noqa: S310
    with urllib.request.urlopen(request) as response:  # noqa: S310
        return json.load(response)


TEXT = Tesseract.from_url(f"{URL}/tesseract")
REGISTERED = Tesseract.from_url(f"{URL}/f/{post('/v1/functions', {'expression': CURVED})['function_id']}/tesseract")
FORMS: Any = [(TEXT, {"expression": CURVED}), (REGISTERED, {})]
forms = pytest.mark.parametrize(("tesseract", "inputs"), FORMS, ids=["text", "registered"])


def of(tesseract: Any, inputs: Any, output: str) -> Any:
    """Return a JAX function that the server computes."""
    return lambda x: apply_tesseract(tesseract, {**inputs, "X": x}, vmap_method="auto_experimental")[output]


def close(found: Any, expected: Any) -> None:
    assert jnp.shape(found) == jnp.shape(expected)
    np.testing.assert_allclose(found, expected, rtol=1e-11, atol=1e-13)


# tesseract-core


def test_the_client_finds_a_healthy_server() -> None:
    assert TEXT.health() == {"status": "ok"}
    assert {"apply", "jacobian", "jacobian_vector_product", "vector_jacobian_product"} < set(TEXT.available_endpoints)


@forms
@pytest.mark.parametrize("encoding", ["json", "json+base64", None])
def test_values_and_derivatives(tesseract: Any, inputs: Any, encoding: str | None) -> None:
    asked = tesseract if encoding is None else tesseract.with_encoding(output_format=encoding)
    x, v = np.asarray(X), np.asarray(DIRECTION)
    inputs = {**inputs, "X": x}
    found = asked.apply(inputs)
    close(found["value"], curved(X))
    close(found["gradient"], jax.grad(curved)(X))
    found = asked.jacobian(inputs, ["X"], ["value", "gradient"])
    close(found["value"]["X"], jax.grad(curved)(X))
    close(found["gradient"]["X"], jax.hessian(curved)(X))
    found = asked.jacobian_vector_product(inputs, ["X"], ["value", "gradient"], {"X": v})
    close(found["value"], jax.grad(curved)(X) @ v)
    close(found["gradient"], jax.hessian(curved)(X) @ v)
    found = asked.vector_jacobian_product(inputs, ["X"], ["value"], {"value": np.array(2.0)})
    close(found["X"], 2 * jax.grad(curved)(X))
    assert asked.abstract_eval({**inputs, "X": {"shape": [3], "dtype": "float64"}})["gradient"]["shape"] == [3]


def test_a_point_may_be_a_list() -> None:
    assert TEXT.apply({"expression": "5*X[0]**2 + 6*X[1]**2", "X": [1.0, 2.0]})["gradient"].tolist() == [10.0, 24.0]


@pytest.mark.parametrize("encoding", ["json", "json+base64"])
def test_nan_and_infinities_are_read_and_written(encoding: str) -> None:
    asked = TEXT.with_encoding(output_format=encoding)
    found = asked.apply({"expression": "log(X[0]) + X[1]", "X": np.array([0.0, 1.0])})
    assert found["value"] == -np.inf
    assert found["gradient"].tolist() == [np.inf, 1.0]
    assert np.isnan(asked.apply({"expression": "2*x", "X": np.array(np.nan)})["value"])


@pytest.mark.parametrize(
    ("inputs", "place", "says"),
    [
        ({"expression": "sine(X[0])", "X": np.ones(2)}, ("body", "inputs", "expression"), "did you mean sin?"),
        ({"X": np.ones(2)}, ("body", "inputs", "expression"), "missing"),
        ({"expression": "X[0]", "X": np.ones(2), "Y": np.ones(2)}, ("body", "inputs", "Y"), "not an argument"),
        ({"expression": "X[5]", "X": np.ones(2)}, ("body", "inputs"), "index 5"),
    ],
)
def test_a_mistake_is_a_validation_error_with_its_location(inputs: Any, place: Any, says: str) -> None:
    with pytest.raises(ValidationError, match=says.replace("?", r"\?")) as caught:
        TEXT.apply(inputs)
    assert caught.value.errors()[0]["loc"] == place


def test_an_unregistered_function_is_an_error_with_its_status() -> None:
    with pytest.raises(RuntimeError, match="404"):
        Tesseract.from_url(f"{URL}/f/0123/tesseract").apply({"X": np.ones(2)})


# tesseract-jax


@forms
def test_transformations_of_the_value(tesseract: Any, inputs: Any) -> None:
    value = of(tesseract, inputs, "value")
    close(value(X), curved(X))
    close(jax.jit(value)(X), curved(X))
    close(jax.grad(value)(X), jax.grad(curved)(X))
    close(jax.jit(jax.grad(value))(X), jax.grad(curved)(X))
    close(jax.value_and_grad(value)(X)[1], jax.grad(curved)(X))
    close(jax.jvp(value, (X,), (DIRECTION,))[1], jax.jvp(curved, (X,), (DIRECTION,))[1])
    close(jax.grad(lambda x: jnp.sin(value(2 * x)))(X), jax.grad(lambda x: jnp.sin(curved(2 * x)))(X))


@forms
def test_the_gradient_as_an_output_gives_hessians(tesseract: Any, inputs: Any) -> None:
    gradient = of(tesseract, inputs, "gradient")
    close(jax.jacfwd(gradient)(X), jax.hessian(curved)(X))
    close(jax.jacrev(gradient)(X), jax.hessian(curved)(X))
    close(jax.jit(jax.jacfwd(gradient))(X), jax.hessian(curved)(X))
    close(jax.jvp(gradient, (X,), (DIRECTION,))[1], jax.hessian(curved)(X) @ DIRECTION)


@forms
@pytest.mark.parametrize("by_jit", [False, True])
def test_batches(tesseract: Any, inputs: Any, by_jit: bool) -> None:
    made = jax.jit if by_jit else lambda function: function
    value, gradient = of(tesseract, inputs, "value"), of(tesseract, inputs, "gradient")
    close(made(jax.vmap(value))(BATCH), jax.vmap(curved)(BATCH))
    close(made(jax.vmap(jax.grad(value)))(BATCH), jax.vmap(jax.grad(curved))(BATCH))
    close(made(jax.vmap(jax.vmap(value)))(BATCH[None]), jax.vmap(curved)(BATCH)[None])
    close(made(jax.vmap(jax.jacfwd(gradient)))(BATCH), jax.vmap(jax.hessian(curved))(BATCH))


@pytest.mark.parametrize("method", ["sequential", "expand_dims", "broadcast_all", "auto_experimental"])
def test_every_way_of_batching(method: Any) -> None:
    def value(x: Any) -> Any:
        return apply_tesseract(TEXT, {"expression": CURVED, "X": x}, vmap_method=method)["value"]

    close(jax.vmap(jax.grad(value))(BATCH), jax.vmap(jax.grad(curved))(BATCH))


def test_a_batch_may_share_an_argument() -> None:
    text = "lambda a, x: a**2 * sin(x[0]*x[1])"
    tesseract = Tesseract.from_url(f"{URL}/f/{post('/v1/functions', {'expression': text})['function_id']}/tesseract")

    def served(a: Any, x: Any) -> Any:
        return apply_tesseract(tesseract, {"a": a, "x": x}, vmap_method="auto_experimental")["value"]

    def here(a: Any, x: Any) -> Any:
        return a**2 * jnp.sin(x[0] * x[1])

    a, rows = jnp.array(1.5), BATCH[:, :2]
    close(jax.grad(served)(a, rows[0]), jax.grad(here)(a, rows[0]))
    for function, other in (
        (served, here),
        (jax.grad(served), jax.grad(here)),
        (jax.grad(served, 1), jax.grad(here, 1)),
    ):
        close(jax.vmap(function, (None, 0))(a, rows), jax.vmap(other, (None, 0))(a, rows))


def test_single_precision_stays_single() -> None:
    found = jax.grad(of(TEXT, {"expression": CURVED}, "value"))(X.astype("float32"))
    assert found.dtype == jnp.float32
    np.testing.assert_allclose(found, jax.grad(curved)(X), rtol=1e-5)
