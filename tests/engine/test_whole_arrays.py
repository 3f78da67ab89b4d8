"""Functions of arrays too large to be unrolled: every transform against un-jitted JAX, and what they may cost."""

import asyncio
import json
import math
import threading
import time
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from app.autodiff.arrays import transforms as array_transforms
from app.engine import engine, query
from app.engine.functions import functions
from app.language import parse
from tests.support import assertions
from tests.support.engines import with_engine
from tests.support.service import Client

Function = Callable[..., Any]
RNG = np.random.default_rng(14)
ROWS = 40
X, W, Y = RNG.normal(size=(ROWS, 3)), RNG.normal(size=3), np.sign(RNG.normal(size=ROWS))
A = RNG.normal(size=(6, 6))
POINT = [W.tolist(), X.tolist(), Y.tolist()]
LOSS = "lambda w, X, y: mean(log1p(exp(-y*(X @ w)))) + 0.5*sum(w**2)"


def loss(w: Any, x: Any, y: Any) -> Any:
    return jnp.mean(jnp.log1p(jnp.exp(-y * (x @ w)))) + 0.5 * jnp.sum(w**2)


SCALARS: list[tuple[str, Function, list[Any]]] = [
    (LOSS, loss, POINT),
    (
        "sum(exp(-(x[:, None] - x[None, :])**2))",
        lambda x: jnp.sum(jnp.exp(-((x[:, None] - x[None, :]) ** 2))),
        [Y.tolist()],
    ),
    ("log(det(A @ A.T + eye(6)))", lambda a: jnp.log(jnp.linalg.det(a @ a.T + jnp.eye(6))), [A.tolist()]),
    (
        "sum(where(X > 0, sqrt(X), X**2))*s",
        lambda x, s: jnp.sum(jnp.where(x > 0, jnp.sqrt(jnp.abs(x)), x**2)) * s,
        [X.tolist(), 1.5],
    ),
    (
        "sum(a*0.0) + b**2 + sum(X[0])",
        lambda x, a, b: jnp.sum(a * 0.0) + b**2 + jnp.sum(x[0]),
        [X.tolist(), Y.tolist(), 2.0],
    ),
]
VECTORS: list[tuple[str, Function, list[Any]]] = [
    ("X @ w", lambda w, x: x @ w, [W.tolist(), X.tolist()]),
    ("tanh(A) @ A", lambda a: jnp.tanh(a) @ a, [A.tolist()]),
]
ARGS = {SCALARS[-1][0]: ["X", "a", "b"], SCALARS[3][0]: ["X", "s"], "X @ w": ["w", "X"]}


def asked(client: Client, path: str, text: str, point: list[Any], **fields: Any) -> dict[str, Any]:
    document = {"expression": text, "point": point, **fields}
    if text in ARGS:
        document["args"] = ARGS[text]
    response = client.post(document, path)
    assert response.status_code == 200, response.text
    assert "detail=interpreted" in response.headers["cache-status"]
    answer: dict[str, Any] = response.json()
    return answer


def as_arrays(point: list[Any], dtype: str = "float64") -> list[Any]:
    return [jnp.asarray(entry, dtype) for entry in point]


def hashable(argnums: int | list[int]) -> int | tuple[int, ...]:
    return argnums if isinstance(argnums, int) else tuple(argnums)


def ways(cases: list[tuple[Any, Function, list[Any]]]) -> list[Any]:
    return [
        pytest.param(text, function, point, argnums, id=f"{text}-{argnums}")
        for text, function, point in cases
        for argnums in [0, len(point) - 1, [0], list(range(len(point)))[::-1]]
    ]


def close(found: Any, expected: Any, rtol: float = 1e-10) -> None:
    expected = jax.tree.map(np.asarray, expected)
    if isinstance(expected, tuple | list):
        assert len(found) == len(expected)
        for one, other in zip(found, expected, strict=True):
            close(one, other, rtol)
        return
    scale = np.abs(expected).max(initial=1e-300)
    np.testing.assert_allclose(np.asarray(found), expected, rtol=rtol, atol=rtol * scale)


@pytest.mark.parametrize(("text", "function", "point", "argnums"), ways(SCALARS))
def test_gradients_and_hessians_are_those_of_jax(
    client: Client, text: str, function: Function, point: list[Any], argnums: Any
) -> None:
    with jax.disable_jit():  # here only: compiled code of the service does not run within it
        value, gradient = jax.value_and_grad(function, hashable(argnums))(*as_arrays(point))
        hessian = jax.hessian(function, hashable(argnums))(*as_arrays(point))
    found = asked(client, "/v1/grad", text, point, argnums=argnums)
    close(found["value"], value)
    close(found["gradient"], gradient)
    close(asked(client, "/v1/hessian", text, point, argnums=argnums)["hessian"], hessian)


@pytest.mark.parametrize(("text", "function", "point", "argnums"), ways(VECTORS + SCALARS[:2]))
def test_jacobians_are_those_of_jax(
    client: Client, text: str, function: Function, point: list[Any], argnums: Any
) -> None:
    found = asked(client, "/v1/jacobian", text, point, argnums=argnums)
    close(found["value"], function(*as_arrays(point)))
    close(found["jacobian"], jax.jacobian(function, hashable(argnums))(*as_arrays(point)))


@pytest.mark.parametrize(("text", "function", "point"), SCALARS[:2] + VECTORS)
def test_products_are_those_of_jax(client: Client, text: str, function: Function, point: list[Any]) -> None:
    arrays = as_arrays(point)
    tangent = jnp.asarray(RNG.normal(size=arrays[0].shape))

    def by_first(first: Any) -> Any:
        return function(first, *arrays[1:])

    value, expected = jax.jvp(by_first, (arrays[0],), (tangent,))
    close(asked(client, "/v1/jvp", text, point, tangents=tangent.tolist())["jvp"], expected)
    several = asked(client, "/v1/jvp", text, point, tangents=[tangent.tolist(), (2 * tangent).tolist()])["jvp"]
    close(several, [expected, 2 * expected])
    cotangent = jnp.asarray(RNG.normal(size=value.shape))
    (pulled,) = jax.vjp(by_first, arrays[0])[1](cotangent)
    close(asked(client, "/v1/vjp", text, point, cotangent=cotangent.tolist())["vjp"], pulled)
    if value.shape == ():
        _, expected = jax.jvp(jax.grad(by_first), (arrays[0],), (tangent,))
        close(asked(client, "/v1/hvp", text, point, tangents=tangent.tolist())["hvp"], expected)


def test_arguments_have_names_and_every_one_may_be_asked_for(client: Client) -> None:
    _, expected = jax.value_and_grad(loss, (2, 0))(*as_arrays(POINT))
    close(asked(client, "/v1/grad", LOSS, POINT, argnums=["y", "w"])["gradient"], expected)
    by_name = dict(zip("wXy", POINT, strict=True))
    found = client.grad(LOSS, by_name, argnums=["y", "w"])
    close(found["gradient"], expected)


def test_float32_is_computed_in_float32(client: Client) -> None:
    found = asked(client, "/v1/grad", LOSS, POINT, dtype="float32")
    value, gradient = jax.value_and_grad(loss)(*as_arrays(POINT, "float32"))
    close(found["gradient"], gradient, 1e-5)
    assert found["value"] == float(np.float32(found["value"]))
    assert abs(found["value"] - float(value)) < 1e-6


@pytest.mark.parametrize("path", ["grad", "hessian", "evaluate", "hvp"])
def test_a_batch_is_as_many_points(client: Client, path: str) -> None:
    ws = RNG.normal(size=(5, 3))
    fields: dict[str, Any] = {"tangents": [1.0, 0.0, 2.0]} if path == "hvp" else {}
    document = {"expression": LOSS, "point": [ws.tolist(), X.tolist(), Y.tolist()], "in_axes": [0, None, None]}
    found = client.answer(document | fields, f"/v1/{path}")
    for index, w in enumerate(ws):
        single = client.answer({"expression": LOSS, "point": [w.tolist(), *POINT[1:]]} | fields, f"/v1/{path}")
        for name in ("value", "gradient", "hessian", "hvp"):
            assert (name in found) == (name in single)
            if name in found:
                close(found[name][index], single[name], 1e-13)


def test_a_batch_runs_in_pieces_of_equal_size(client: Client) -> None:
    """The intermediate arrays of all points together are larger than a processor's cache."""
    ws, xs = RNG.normal(size=(1003, 60)), RNG.normal(size=(1003, 60))
    text = "lambda w, x: sum(sin(w[:, None]*x[None, :]))"
    found = client.answer({"expression": text, "point": [ws.tolist(), xs.tolist()], "in_axes": 0, "argnums": [0, 1]})
    products = ws[:, :, None] * xs[:, None, :]
    close(found["value"], np.sin(products).sum(axis=(1, 2)))
    close(found["gradient"][0], (np.cos(products) * xs[:, None, :]).sum(axis=2))
    close(found["gradient"][1], (np.cos(products) * ws[:, :, None]).sum(axis=1))


def test_data_without_a_batch_axis_are_not_repeated(client: Client) -> None:
    data, ws = RNG.normal(size=(20_000, 3)), RNG.normal(size=(200, 3))
    document = {
        "expression": "lambda w, X: sum((X @ w)**2)",
        "point": [ws.tolist(), data.tolist()],
        "in_axes": [0, None],
    }
    found = client.answer(document)
    close(found["gradient"], 2 * (ws @ data.T) @ data)


@pytest.mark.parametrize("path", ["grad", "hessian", "jvp"])
def test_differences_confirm_the_answer(client: Client, path: str) -> None:
    fields: dict[str, Any] = {"tangents": [1.0, 0.0, 2.0]} if path == "jvp" else {}
    found = client.answer({"expression": LOSS, "point": POINT, "verify": True} | fields, f"/v1/{path}")
    assert found["verify"]["max_relative_difference"] < 1e-6


def test_a_value_and_its_gradient_are_computed_once_for_clients_of_arrays(client: Client) -> None:
    served: engine.Engine = client.app.state.services.engine

    async def numbers(transform: str) -> query.ArrayAnswer:
        return await served.numbers(query.Query(transform, LOSS, POINT))

    value, gradient = client.run(numbers("value")), client.run(numbers("grad"))
    assert value.derivative is None
    assert gradient.derivative is not None
    assert value.values.shape == (1, 1)
    assert gradient.derivative.shape == (1, 1, 3 + 3 * ROWS + ROWS)
    expected = jax.grad(loss, (0, 1, 2))(*as_arrays(POINT))
    close(gradient.derivative[0, 0], np.concatenate([np.ravel(part) for part in expected]))


def test_um_bridge_takes_functions_of_arrays(client: Client) -> None:
    config = {"expression": LOSS, "layout": "args", "shapes": {"w": [3], "X": [ROWS, 3], "y": [ROWS]}}
    inputs = [np.ravel(part).tolist() for part in POINT]

    def output(name: str, **fields: Any) -> Any:
        document = {"name": "gradient", "config": config, "input": inputs, **fields}
        response = client.request("POST", f"/{name}", content=json.dumps(document).encode())
        assert response.status_code == 200, response.text
        return response.json()["output"]

    close(output("Evaluate"), [[loss(*as_arrays(POINT))]])
    for argument, expected in enumerate(jax.grad(loss, (0, 1, 2))(*as_arrays(POINT))):
        close(output("Gradient", outWrt=0, inWrt=argument, sens=[2.0]), np.ravel(2 * expected))
    vector = RNG.normal(size=3)
    _, expected = jax.jvp(lambda w: loss(w, *as_arrays(POINT[1:])), (jnp.asarray(W),), (jnp.asarray(vector),))
    close(output("ApplyJacobian", outWrt=0, inWrt=0, vec=vector.tolist()), [expected])
    _, expected = jax.jvp(jax.grad(lambda w: loss(w, *as_arrays(POINT[1:]))), (jnp.asarray(W),), (jnp.asarray(vector),))
    fields = {"outWrt": 0, "inWrt1": 0, "inWrt2": 0, "sens": [3.0], "vec": vector.tolist()}
    close(output("ApplyHessian", **fields), 3 * expected)


def test_um_bridge_takes_weighted_hessians_of_values_that_are_arrays(client: Client) -> None:
    config = {"expression": "lambda w, X: tanh(X @ w)", "layout": "args", "shapes": {"w": [3], "X": [ROWS, 3]}}
    sens, vector = RNG.normal(size=ROWS), RNG.normal(size=3)

    def weighted(w: Any) -> Any:
        return jnp.asarray(sens) @ jnp.tanh(jnp.asarray(X) @ w)

    _, expected = jax.jvp(jax.grad(weighted), (jnp.asarray(W),), (jnp.asarray(vector),))
    fields = {"outWrt": 0, "inWrt1": 0, "inWrt2": 0, "sens": sens.tolist(), "vec": vector.tolist()}
    document = {"name": "gradient", "config": config, "input": [W.tolist(), X.ravel().tolist()], **fields}
    response = client.request("POST", "/ApplyHessian", content=json.dumps(document).encode())
    assert response.status_code == 200, response.text
    close(response.json()["output"], expected)


def test_open_inference_takes_functions_of_arrays(client: Client) -> None:
    tensors = [
        {"name": name, "shape": list(np.shape(value)), "datatype": "FP64", "data": np.ravel(value).tolist()}
        for name, value in zip("wXy", POINT, strict=True)
    ]
    document = {"inputs": tensors, "parameters": {"expression": LOSS, "argnums": "X"}}
    response = client.request("POST", "/v2/models/gradient/infer", content=json.dumps(document).encode())
    assert response.status_code == 200, response.text
    found = {output["name"]: output for output in response.json()["outputs"]}
    close(found["gradient"]["data"], np.ravel(jax.grad(loss, 1)(*as_arrays(POINT))))
    close(found["value"]["data"], [loss(*as_arrays(POINT))])


def test_tesseract_takes_functions_of_arrays(client: Client) -> None:
    inputs = {"expression": LOSS, "w": POINT[0], "X": POINT[1], "y": POINT[2]}
    document = {"inputs": inputs, "jac_inputs": ["w", "y"], "jac_outputs": ["value"]}
    response = client.request("POST", "/tesseract/jacobian", content=json.dumps(document).encode())
    assert response.status_code == 200, response.text
    expected = jax.grad(loss, (0, 2))(*as_arrays(POINT))
    for name, gradient in zip("wy", expected, strict=True):
        close(np.asarray(response.json()["value"][name]["data"]["buffer"]), gradient)


def test_what_would_cost_too_much_is_refused_before_it_is_run(client: Client) -> None:
    x = RNG.normal(size=20_000).tolist()
    start = time.perf_counter()
    for path, limit in (("grad", "max_intermediate_bytes"), ("hessian", "max_numbers")):
        response = client.post({"expression": "sum(exp(-(x[:, None] - x[None, :])**2))", "point": [x]}, f"/v1/{path}")
        assert response.status_code == 422
        assert response.json()["code"] == "too_complex"
        assert str(client.get("/v1/limits").json()[limit]) in response.json()["detail"]
    assert time.perf_counter() - start < 2


def test_long_work_leaves_the_event_loop_free(client: Client) -> None:
    served: engine.Engine = client.app.state.services.engine
    a = RNG.normal(size=(600, 600)) / 600

    async def ask() -> float:
        asked = asyncio.ensure_future(served.answer(query.Query("grad", "sum(inv(eye(600) + A @ A)**2)", [a.tolist()])))
        longest = 0.0
        while not asked.done():
            start = time.perf_counter()
            await asyncio.sleep(0.001)
            longest = max(longest, time.perf_counter() - start)
        await asked
        return longest

    client.run(ask())
    assert client.run(ask()) < 0.5


def test_a_new_function_is_read_specialised_and_differentiated_outside_the_event_loop(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each takes a millisecond or two, for which no other request would be answered."""
    threads: list[str] = []

    def noted(function: Function) -> Function:
        def call(*arguments: Any, **fields: Any) -> Any:
            threads.append(threading.current_thread().name)
            return function(*arguments, **fields)

        return call

    monkeypatch.setattr(parse, "read", noted(parse.read))
    monkeypatch.setattr(functions.Function, "specialize", noted(functions.Function.specialize))
    monkeypatch.setattr(array_transforms, "derive", noted(array_transforms.derive))
    text = "mean(log1p(exp(-y*(X @ w)))) + 0.21875*sum(w**2)"
    assert client.post({"expression": text, "args": ["w", "X", "y"], "point": POINT}).status_code == 200
    assert len(threads) == 3
    assert {name.partition("_")[0] for name in threads} == {"gradserve-brief"}


def test_other_requests_run_between_reading_a_text_and_running_it(client: Client) -> None:
    served: engine.Engine = client.app.state.services.engine

    async def turns() -> int:
        count = 0
        asked = query.Query("grad", "asinh(sin(0.8125) + x)*where(y > 0, y, 0)", [0.5, 2.0])
        answer = asyncio.ensure_future(served.answer(asked))
        while not answer.done():
            await asyncio.sleep(0)
            count += 1
        assert answer.result().value == pytest.approx(2 * math.asinh(math.sin(0.8125) + 0.5))
        return count

    assert client.run(turns()) > 1


def test_a_text_that_is_read_element_by_element_only_may_take_longer_than_the_event_loop_allows(client: Client) -> None:
    text = (
        "[x[i]*(2 + 5*x[i]**2) - sum(x[j]*(1 + x[j]) for j in range(max(0, i - 5), min(len(x), i + 2)) if j != i)"
        " for i in range(len(x))]"
    )
    x = np.linspace(-1.0, 1.0, 10)
    found = client.answer({"expression": text, "point": [x.tolist()]}, "/v1/jacobian")
    i, j = np.indices((10, 10))
    near = (j >= i - 5) & (j < i + 2) & (i != j)
    np.testing.assert_allclose(found["value"], x * (2 + 5 * x**2) - near @ (x * (1 + x)), rtol=1e-13)
    np.testing.assert_allclose(found["jacobian"], np.diag(2 + 15 * x**2) - near * (1 + 2 * x), rtol=1e-13)


def test_an_id_stands_for_a_function_of_arrays(client: Client) -> None:
    registered = client.post({"expression": LOSS}, "/v1/functions").json()
    found = client.answer({"point": POINT}, f"/v1/functions/{registered['function_id']}/grad")
    assert found["function_id"] == registered["function_id"]
    close(found["gradient"], jax.grad(loss)(*as_arrays(POINT)))


def test_formulae_of_large_arrays_are_refused(client: Client) -> None:
    shapes = [[3], [4000, 3], [4000]]
    response = client.post({"expression": LOSS, "shapes": shapes}, "/v1/symbolic")
    assert response.status_code == 422
    assert response.json()["code"] == "too_complex"


def test_an_executable_takes_over_when_it_is_faster_and_right() -> None:
    """A chain of many elementwise operations, which compiled code fuses."""
    text = "sum(" + "sin(" * 12 + "x" + ")" * 12 + ")"
    x = RNG.normal(size=3000).tolist()

    async def use(served: engine.Engine) -> set[str]:
        tiers, first = set(), None
        for _ in range(4000):
            answer = await served.answer(query.Query("grad", text, [x]))
            first = first or answer.derivative
            np.testing.assert_allclose(answer.derivative, first, rtol=1e-12, atol=1e-14)
            tiers.add(answer.tier)
            if len(tiers) == 2:
                break
        await served.executables.wait_until_idle()
        return tiers

    tiers, _ = with_engine(use)
    assert "interpreted" in tiers


def test_the_answer_is_strict_json(client: Client) -> None:
    response = client.post({"expression": "sum(log(x))", "point": [[0.0] * 30]})
    assert assertions.strict_json(response.content)["finite"] is False
    assert json.loads(response.content)["gradient"][0] == "Infinity"
