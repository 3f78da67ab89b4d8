"""Sums and means over a batch, against JAX's of the array form."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from app.engine.derivatives import reductions
from tests.support import assertions
from tests.support.service import Client

RNG = np.random.default_rng(5)
ROWS = 60
X, Y = RNG.normal(size=(2, ROWS))
A = RNG.normal(size=(ROWS, 3))
W = RNG.normal(size=3)

CASES: list[tuple[str, list[str], list[Any], list[Any], Callable[..., Any]]] = [
    ("(y - a*x)**2", ["a", "x", "y"], [1.5, X, Y], [None, 0, 0], lambda a, x, y: (y - a * x) ** 2),
    ("x**3", ["x"], [X], [0], lambda x: x**3),
    (
        "where(x > a, log1p((x - a)**2), 0.0)",
        ["x", "a"],
        [X, 0.1],
        [0, None],
        lambda x, a: jnp.where(x > a, jnp.log1p((x - a) ** 2), 0.0),
    ),
    (
        "log1p(exp(-y*dot(w, r)))",
        ["w", "r", "y"],
        [W, A, Y],
        [None, 0, 0],
        lambda w, r, y: jnp.log1p(jnp.exp(-y * jnp.dot(w, r))),
    ),
    (
        "sum(r**2)*b + 7",
        ["r", "b", "unused"],
        [A, 2.0, Y],
        [0, None, 0],
        lambda r, b, unused: jnp.sum(r**2) * b + 7 + 0 * unused,
    ),
    ("b", ["b", "x"], [2.0, X], [None, 0], lambda b, x: b + 0 * x),
]


def request(case: Any, **fields: Any) -> dict[str, Any]:
    expression, args, point, in_axes, _ = case
    given = [each.tolist() if isinstance(each, np.ndarray) else each for each in point]
    return {"expression": expression, "args": args, "point": given, "in_axes": in_axes, **fields}


def summed(case: Any, how: str) -> Callable[..., Any]:
    *_, in_axes, function = case
    rows = jax.vmap(function, in_axes=in_axes)
    reduce = {"sum": jnp.sum, "mean": jnp.mean}[how]
    return lambda *point: reduce(rows(*point))


@pytest.fixture(params=[1 << 22, 1000, 100], ids=["one piece", "some pieces", "many pieces"], autouse=True)
def piece_bytes(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reductions, "_PIECE_BYTES", request.param)


@pytest.mark.parametrize("case", CASES, ids=[case[0] for case in CASES])
@pytest.mark.parametrize("how", ["sum", "mean"])
@pytest.mark.parametrize(("dtype", "rel"), [("float64", 1e-12), ("float32", 2e-5)])
def test_value_and_gradient_are_those_of_the_array_form(
    client: Client, case: Any, how: str, dtype: str, rel: float
) -> None:
    argnums = list(range(len(case[1])))
    found = client.answer(request(case, reduce=how, argnums=argnums, dtype=dtype))
    point = [jnp.asarray(each, "float64") for each in case[2]]
    value, gradient = jax.value_and_grad(summed(case, how), argnums)(*point)
    assert found["value"] == pytest.approx(float(value), rel=rel)
    for mine, reference in zip(found["gradient"], gradient, strict=True):
        assert np.shape(mine) == np.shape(reference)
        scale = float(np.abs(reference).max()) or 1.0
        np.testing.assert_allclose(np.array(mine), np.asarray(reference), rtol=rel, atol=rel * scale)
    assert client.answer(request(case, reduce=how, dtype=dtype), "/v1/evaluate")["value"] == found["value"]


@pytest.mark.parametrize("case", [CASES[0], CASES[2], CASES[3]], ids=["line", "kink", "logistic"])
def test_second_derivatives_are_by_what_all_rows_share(client: Client, case: Any) -> None:
    own = case[3].index(None)
    point = [jnp.asarray(each, "float64") for each in case[2]]
    expected = jax.hessian(summed(case, "sum"), own)(*point)
    found = client.answer(request(case, reduce="sum", argnums=own), "/v1/hessian")["hessian"]
    np.testing.assert_allclose(np.array(found), np.asarray(expected), rtol=1e-11, atol=1e-11)
    tangent = jnp.ones_like(point[own]) * 0.5
    product = client.answer(request(case, reduce="sum", argnums=own, tangents=tangent.tolist()), "/v1/hvp")["hvp"]
    expected = jnp.tensordot(expected, tangent, tangent.ndim)
    np.testing.assert_allclose(np.array(product), np.asarray(expected), rtol=1e-11, atol=1e-11)


def test_a_number_of_rows_without_divisors_is_summed_whole(client: Client) -> None:
    rows = np.linspace(-1.0, 2.0, 997)
    found = client.grad("a*x**2", [3.0, rows.tolist()], in_axes=[None, 0], argnums=[0, 1], reduce="sum")
    assert found["gradient"][0] == pytest.approx((rows**2).sum(), rel=1e-13)
    np.testing.assert_allclose(found["gradient"][1], 6.0 * rows, rtol=1e-15)


def test_the_value_may_be_an_array(client: Client) -> None:
    asked = {"expression": ["a*x", "a*x**2"], "args": ["a", "x"], "point": [1.0, X.tolist()], "in_axes": [None, 0]}
    found = client.answer(asked | {"reduce": "mean"}, "/v1/evaluate")
    assert found["value"] == pytest.approx([X.mean(), (X**2).mean()], rel=1e-13)


def test_more_rows_than_points_are_allowed(client: Client) -> None:
    rows = [0.5] * 100_001
    assertions.assert_problem(client.post({"expression": "x**2", "point": [rows], "in_axes": 0}), 422, "too_complex")
    found = client.grad("x**2*a", {"x": rows, "a": 2.0}, in_axes=[0, None], argnums="a", reduce="sum")
    assert found["gradient"] == 25000.25


def test_a_registered_function_is_reduced_by_its_id(client: Client) -> None:
    case = CASES[0]
    expected = client.answer(request(case, reduce="sum"))
    function = {name: request(case)[name] for name in ("expression", "args")}
    function_id = client.post(function, "/v1/functions").json()["function_id"]
    asked = {name: value for name, value in request(case, reduce="sum").items() if name not in function}
    assert client.answer(asked, f"/v1/functions/{function_id}/grad") == expected


@pytest.mark.parametrize(
    ("path", "fields"),
    [
        ("grad", {"reduce": "sum", "in_axes": None, "expression": "sum(x)*a", "args": ["a", "x", "y"]}),
        ("grad", {"reduce": "max"}),
        ("grad", {"reduce": "sum", "verify": True}),
        ("hessian", {"reduce": "sum", "argnums": "x"}),
        ("hvp", {"reduce": "sum", "argnums": "x", "tangents": X.tolist()}),
        ("jacobian", {"reduce": "sum"}),
    ],
)
def test_what_is_not_reduced_is_refused(client: Client, path: str, fields: dict[str, Any]) -> None:
    problem = client.post(request(CASES[0]) | fields, f"/v1/{path}")
    assertions.assert_problem(problem, 422, "invalid_field")
