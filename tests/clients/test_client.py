"""The client answers what JAX computes, in programs and in coroutines, and finds again what the service let go."""

import inspect
from collections.abc import Callable
from typing import Any

import gradserve
import httpx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from gradserve import numbers

from tests.support.direct import Direct
from tests.support.service import Client

TEXT = "a*exp(-b*t)"
POINT = (2.0, 0.5, 1.5)
TIMES = [0.0, 0.5, 1.0, 2.0]


def decay(a: Any, b: Any, t: Any) -> Any:
    return a * jnp.exp(-b * t)


def polar(r: Any, t: Any) -> Any:
    return jnp.stack([r * jnp.cos(t), r * jnp.sin(t)])


METHODS: dict[str, tuple[Callable[[gradserve.Function], Any], Callable[[], Any]]] = {
    "value": (lambda f: f(*POINT), lambda: decay(*POINT)),
    "value by name": (lambda f: f({"b": 0.5, "a": 2.0, "t": 1.5}), lambda: decay(*POINT)),
    "batch": (lambda f: f(2.0, 0.5, TIMES, in_axes=[None, None, 0]), lambda: decay(2.0, 0.5, jnp.array(TIMES))),
    "sum": (
        lambda f: f.grad(2.0, 0.5, np.array(TIMES), in_axes=[None, None, 0], reduce="sum", argnums="b"),
        lambda: jax.grad(lambda b: decay(2.0, b, jnp.array(TIMES)).sum())(0.5),
    ),
    "grad": (lambda f: f.grad(*POINT), lambda: jax.grad(decay)(*POINT)),
    "grad by two": (lambda f: f.grad(*POINT, argnums=["b", "t"]), lambda: jax.grad(decay, (1, 2))(*POINT)),
    "value_and_grad": (lambda f: f.value_and_grad(*POINT), lambda: jax.value_and_grad(decay)(*POINT)),
    "jacobian": (lambda f: f.jacobian(*POINT, argnums=[0, 1]), lambda: jax.jacobian(decay, (0, 1))(*POINT)),
    "hessian": (lambda f: f.hessian(*POINT, argnums=[0, 1]), lambda: jax.hessian(decay, (0, 1))(*POINT)),
    "jvp": (
        lambda f: f.jvp(*POINT, tangents=[1.0, -2.0, 0.5], argnums=[0, 1, 2]),
        lambda: jax.jvp(decay, POINT, (1.0, -2.0, 0.5))[1],
    ),
    "vjp": (lambda f: f.vjp(*POINT, cotangent=3.0, argnums=[0, 2]), lambda: jax.vjp(decay, *POINT)[1](3.0)[::2]),
    "hvp": (
        lambda f: f.hvp(*POINT, tangents=[1.0, -2.0], argnums=[0, 1]),
        lambda: jax.jvp(jax.grad(lambda ab: decay(ab[0], ab[1], 1.5)), ([2.0, 0.5],), ([1.0, -2.0],))[1],
    ),
}


@pytest.mark.parametrize("name", METHODS)
def test_a_method_answers_what_jax_computes(remote: gradserve.Client, name: str) -> None:
    ask, expected = METHODS[name]
    found, wanted = ask(remote.function(TEXT)), expected()
    assert str(jax.tree.structure(found)) == str(jax.tree.structure(nested_as(found, wanted)))
    for one, other in zip(jax.tree.leaves(found), jax.tree.leaves(wanted), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-13)


@pytest.mark.parametrize("name", METHODS)
def test_a_coroutine_answers_the_same(client: Client, remote: gradserve.Client, name: str) -> None:
    async def ask() -> Any:
        async with gradserve.AsyncClient("http://service", transport=httpx.ASGITransport(client.app)) as there:
            return await METHODS[name][0](await there.function(TEXT))

    for one, other in zip(
        jax.tree.leaves(client.run(ask())), jax.tree.leaves(METHODS[name][0](remote.function(TEXT))), strict=True
    ):
        np.testing.assert_array_equal(one, other)


def nested_as(found: Any, wanted: Any) -> Any:
    """Return what JAX nests in tuples in what was found: lists, as JSON has them, or a tuple."""
    if isinstance(wanted, tuple | list):
        return type(found)(nested_as(found[0], each) for each in wanted)
    return 0.0


def test_arrays_are_numpy_arrays_in_the_precision_that_was_asked_for(remote: gradserve.Client) -> None:
    f = remote.function("sum(X**2)")
    for array in (np.arange(6.0).reshape(2, 3), jnp.arange(6.0).reshape(2, 3), [[0, 1, 2], [3, 4, 5]]):
        assert f(array) == 55
        for dtype in ("float64", "float32"):
            found = f.grad(array, dtype=dtype)
            assert (found.dtype, found.tolist()) == (dtype, [[0, 2, 4], [6, 8, 10]])


def test_without_numpy_arrays_are_lists(remote: gradserve.Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(numbers, "_HAS_NUMPY", False)
    f = remote.function("X[0]**2 + X[1]")
    assert f.value_and_grad([3.0, 1.0]) == (10.0, [6.0, 1.0])
    assert f.hessian([3.0, 1.0], argnums=["X"]) == [[[[2.0, 0.0], [0.0, 0.0]]]]


def test_numbers_that_are_not_finite_are_floats(remote: gradserve.Client) -> None:
    found = remote.function("log(x)").grad([0.0, 4.0], in_axes=0)
    np.testing.assert_array_equal(found, [np.inf, 0.25])
    assert np.isnan(remote.function("sqrt(x)")(-1.0))
    with pytest.raises(ValueError, match="JSON compliant"):
        remote.function("sqrt(x)")(float("nan"))


def test_a_function_of_several_values_has_a_jacobian(remote: gradserve.Client) -> None:
    f = remote.function(["r*cos(t)", "r*sin(t)"])
    assert (f.args, f.shape) == (["r", "t"], (2,))
    np.testing.assert_allclose(f.jacobian(2.0, 0.3, argnums="t"), jax.jacobian(polar, 1)(2.0, 0.3), rtol=1e-14)
    found = f.ask("jacobian", 2.0, 0.3, argnums=[0])
    np.testing.assert_allclose(found["value"], polar(2.0, 0.3), rtol=1e-14)
    assert isinstance(found["jacobian"], list)


def test_searches_answer_a_document_with_arrays(remote: gradserve.Client) -> None:
    found = remote.function("sum((X - c)**2)").minimize([0.0, 0.0], 3.0, argnums="X")
    assert found["converged"]
    np.testing.assert_allclose(found["x"], [3.0, 3.0], rtol=1e-8)
    line = remote.function("a + b*t - y", ["a", "b", "t", "y"])
    fit = line.least_squares(0.0, 0.0, [-1, -1, 1, 1], [0, 2, 4, 6], argnums=["a", "b"])
    assert fit["x"] == pytest.approx([3.0, 2.0])
    np.testing.assert_allclose(fit["covariance"], [[0.5, 0.0], [0.0, 0.5]], atol=1e-12)
    assert remote.function("x**2 - 2").root(1.0)["x"] == pytest.approx(2**0.5)
    assert remote.function("x**3").taylor(2.0, order=3)["derivatives"].tolist() == [8, 12, 12, 6]
    assert remote.function("2*x").propagate(1.0, std=[0.5])["std"] == 1.0


# What stays


def test_data_stand_for_an_array_in_points_and_in_functions(remote: gradserve.Client, direct: Direct) -> None:
    times = remote.data(np.array(TIMES))
    assert (times.shape, times.dtype) == ((4,), "float64")
    f = remote.function("sum(a*exp(-b*t))", ["a", "b", "t"])
    expected = jax.grad(lambda a: decay(a, 0.5, jnp.array(TIMES)).sum())(2.0)
    bound = f.bind(t=times)
    assert bound.args == ["a", "b"]
    for found in (f.grad(2.0, 0.5, times), f.grad({"a": 2.0, "b": 0.5, "t": times}), bound.grad(2.0, 0.5)):
        assert found == pytest.approx(float(expected), rel=1e-14)
    assert bound.bind(b=0.5).grad(2.0) == pytest.approx(float(expected), rel=1e-14)
    assert direct.asked.count("POST /v1/data") == 1


def test_data_that_are_gone_are_sent_again(remote: gradserve.Client, client: Client, direct: Direct) -> None:
    times = remote.data(np.array([0.25, 0.75]), shared=True)
    f = remote.function("sum(a*t)", ["a", "t"])
    bound = f.bind(t=times)
    asks: list[Callable[[], Any]] = [lambda: f(2.0, times), lambda: bound(2.0), lambda: f.bind(t=times)(2.0)]
    for ask in asks:
        assert client.request("DELETE", f"/v1/data/{times.id}").status_code == 204
        assert ask() == 2.0
    assert direct.asked.count("POST /v1/data") == 4


def forgetful(direct: Direct, times: int) -> httpx.MockTransport:
    """Return a transport to a service that does not find so many functions."""
    left = [times]

    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path.count("/") > 2 and left[0]:
            left[0] -= 1
            return httpx.Response(404, json={"code": "not_found", "detail": "gone", "status": 404})
        return direct.handle_request(request)

    return httpx.MockTransport(answer)


def test_a_function_that_is_gone_is_registered_again(direct: Direct) -> None:
    f = gradserve.Client("http://service", transport=forgetful(direct, 1)).function("x**2")
    assert f.grad(3.0) == 6.0
    assert direct.asked == ["POST /v1/functions", "POST /v1/functions", f"POST /v1/functions/{f.id}/grad"]


def test_a_function_that_stays_away_is_not_found(direct: Direct) -> None:
    f = gradserve.Client("http://service", transport=forgetful(direct, 2)).function("x**2")
    with pytest.raises(gradserve.NotFound, match="gone"):
        f.grad(3.0)


# The package


def test_address_and_key_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GRADSERVE_URL", "https://gradients.example.org/under/")
    monkeypatch.setenv("GRADSERVE_KEY", "secret")
    asked: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return httpx.Response(200, json={"function_id": "f", "args": ["x"], "expression": "x", "shape": []})

    gradserve.Client(transport=httpx.MockTransport(answer)).function("x")
    assert str(asked[0].url) == "https://gradients.example.org/under/v1/functions"
    assert asked[0].headers["authorization"] == "Bearer secret"
    gradserve.Client("http://here", key="", transport=httpx.MockTransport(answer)).function("x")
    assert str(asked[1].url) == "http://here/v1/functions"
    assert "authorization" not in asked[1].headers


def test_both_clients_have_the_same_methods() -> None:
    def methods(kind: type) -> set[str]:
        return {name for name, _ in inspect.getmembers(kind, callable) if not name.startswith("_")}

    assert methods(gradserve.Client) == methods(gradserve.AsyncClient)
