"""Everything beyond the gradient against un-jitted JAX, nested as JAX nests it."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from tests.support import assertions
from tests.support.service import Client

Function = Callable[..., Any]

SCALARS: list[tuple[str, Function, list[Any]]] = [
    ("sin(x)*y**3 + x/y", lambda x, y: jnp.sin(x) * y**3 + x / y, [0.7, 1.3]),
    ("sum(X**3)*y + X[0]*X[2]", lambda v, y: jnp.sum(v**3) * y + v[0] * v[2], [[0.3, -0.4, 1.2], 0.8]),
    ("trace(A @ A) * exp(A[0, 1])", lambda a: jnp.trace(a @ a) * jnp.exp(a[0, 1]), [[[0.1, 0.5], [-0.3, 0.9]]]),
    ("where(x > 0, sqrt(x)*y, y**2)", lambda x, y: jnp.where(x > 0, jnp.sqrt(x) * y, y**2), [0.4, 1.1]),
    ("w @ v + w[0]**2*v[1]**2", lambda w, v: w @ v + w[0] ** 2 * v[1] ** 2, [[0.2, 0.9], [1.5, -0.6]]),
]
VECTORS: list[tuple[Any, Function, list[Any]]] = [
    ("[x*y, sin(x), y]", lambda x, y: jnp.stack([x * y, jnp.sin(x), y]), [0.7, 1.3]),
    ("A @ X * y", lambda a, v, y: a @ v * y, [[[1.0, 2.0, 0.5], [0.3, -1.0, 2.0]], [0.2, -0.7, 1.1], 0.6]),
    ("X**2", lambda v: v**2, [[[0.1, 0.5], [-0.3, 0.9]]]),
    ("lambda x: x**3", lambda x: x**3, [1.7]),
    (["x*y", "x - y**2"], lambda x, y: jnp.stack([x * y, x - y**2]), [0.7, 1.3]),
]

DIRECTIONS: dict[str, dict[str, Any]] = {
    "jvp": {"tangents": [0.5, -1.0]},
    "hvp": {"tangents": [0.5, -1.0]},
    "vjp": {"cotangent": 2.0},
}


def ways(cases: list[tuple[Any, Function, list[Any]]]) -> list[Any]:
    return [
        pytest.param(text, function, point, argnums, id=f"{text}-{argnums}")
        for text, function, point in cases
        for argnums in [0, len(point) - 1, [0], list(range(len(point)))[::-1]]
    ]


def asked(client: Client, path: str, text: Any, point: list[Any], **fields: Any) -> dict[str, Any]:
    document = {"expression": text, "point": point, **fields}
    response = client.post(document, path)
    assert response.status_code == 200, response.text
    answer: dict[str, Any] = response.json()
    return answer


def as_arrays(point: list[Any]) -> list[Any]:
    return [jnp.asarray(entry) for entry in point]


def hashable(argnums: int | list[int]) -> int | tuple[int, ...]:
    return argnums if isinstance(argnums, int) else tuple(argnums)


def assert_nested(found: Any, expected: Any, tolerance: float = 1e-11) -> None:
    """Assert equal nesting of lists, tuples of JAX's being lists, and close numbers."""
    if isinstance(expected, tuple):
        assert len(found) == len(expected)
        for one, other in zip(found, expected, strict=True):
            assert_nested(one, other, tolerance)
        return
    array = np.asarray(found, dtype=float)
    assert array.shape == expected.shape
    np.testing.assert_allclose(array, expected, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize(("text", "function", "point", "argnums"), ways(SCALARS))
def test_hessian_equals_jax(client: Client, text: str, function: Function, point: list[Any], argnums: Any) -> None:
    answer = asked(client, "/v1/hessian", text, point, argnums=argnums)
    assert_nested(answer["hessian"], jax.hessian(function, hashable(argnums))(*as_arrays(point)))
    assertions.assert_close(answer["value"], float(function(*as_arrays(point))), 1e-13)
    assert answer["argnums"] == argnums


@pytest.mark.parametrize(("text", "function", "point", "argnums"), ways([*SCALARS, *VECTORS]))
def test_jacobian_equals_jax(client: Client, text: Any, function: Function, point: list[Any], argnums: Any) -> None:
    answer = asked(client, "/v1/jacobian", text, point, argnums=argnums)
    assert_nested(answer["jacobian"], jax.jacobian(function, hashable(argnums))(*as_arrays(point)))
    assert_nested(answer["value"], jnp.asarray(function(*as_arrays(point))))


def directions(point: list[Any], argnums: int | list[int], seed: int) -> Any:
    random = np.random.default_rng(seed)
    entries = [random.normal(size=np.shape(point[a])) for a in ([argnums] if isinstance(argnums, int) else argnums)]
    return entries[0] if isinstance(argnums, int) else entries


def as_json(value: Any) -> Any:
    return [as_json(part) for part in value] if isinstance(value, list) else np.asarray(value).tolist()


def full(point: list[Any], argnums: int | list[int], tangents: Any) -> list[Any]:
    """Return tangents of all arguments: those that are not asked for are held still."""
    found = [jnp.zeros(np.shape(entry)) for entry in point]
    for argnum, entry in [(argnums, tangents)] if isinstance(argnums, int) else zip(argnums, tangents, strict=True):
        found[argnum] = jnp.asarray(entry)
    return found


@pytest.mark.parametrize(("text", "function", "point", "argnums"), ways([*SCALARS, *VECTORS]))
def test_jvp_equals_jax(client: Client, text: Any, function: Function, point: list[Any], argnums: Any) -> None:
    tangents = directions(point, argnums, 1)
    answer = asked(client, "/v1/jvp", text, point, argnums=argnums, tangents=as_json(tangents))
    _, expected = jax.jvp(function, as_arrays(point), full(point, argnums, tangents))
    assert_nested(answer["jvp"], expected)
    several = asked(client, "/v1/jvp", text, point, argnums=argnums, tangents=[as_json(tangents)] * 2)
    np.testing.assert_allclose(several["jvp"], [answer["jvp"]] * 2, rtol=1e-13)


@pytest.mark.parametrize(("text", "function", "point", "argnums"), ways([*SCALARS, *VECTORS]))
def test_vjp_equals_jax(client: Client, text: Any, function: Function, point: list[Any], argnums: Any) -> None:
    value, pull = jax.vjp(function, *as_arrays(point))
    cotangent = np.random.default_rng(2).normal(size=value.shape)
    answer = asked(client, "/v1/vjp", text, point, argnums=argnums, cotangent=cotangent.tolist())
    parts = pull(jnp.asarray(cotangent))
    assert_nested(answer["vjp"], parts[argnums] if isinstance(argnums, int) else tuple(parts[a] for a in argnums))
    several = asked(client, "/v1/vjp", text, point, argnums=argnums, cotangent=[cotangent.tolist()] * 3)
    one = answer["vjp"] if isinstance(argnums, list) else [answer["vjp"]]
    stacked = several["vjp"] if isinstance(argnums, list) else [several["vjp"]]
    for block, part in zip(stacked, one, strict=True):
        np.testing.assert_allclose(block, [part] * 3, rtol=1e-13)


@pytest.mark.parametrize(("text", "function", "point", "argnums"), ways(SCALARS))
def test_hvp_equals_jax(client: Client, text: str, function: Function, point: list[Any], argnums: Any) -> None:
    tangents = directions(point, argnums, 3)
    answer = asked(client, "/v1/hvp", text, point, argnums=argnums, tangents=as_json(tangents))
    by = hashable(argnums)
    _, expected = jax.jvp(jax.grad(function, by), as_arrays(point), full(point, argnums, tangents))
    assert_nested(answer["hvp"], expected)


@pytest.mark.parametrize("path", ["/v1/hessian", "/v1/jacobian", "/v1/jvp", "/v1/vjp", "/v1/hvp", "/v1/evaluate"])
@pytest.mark.parametrize("in_axes", [0, [0, None]])
def test_a_batch_gives_the_answers_of_its_points(client: Client, path: str, in_axes: Any) -> None:
    field = path.rpartition("/")[2]
    extra: dict[str, Any] = dict(DIRECTIONS.get(field, {}))
    if field != "evaluate":
        extra |= {"argnums": [0, 1]}
    xs, ys = [0.3, 1.2, 2.0], [1.0, -0.5, 0.7] if in_axes == 0 else 1.7
    whole = asked(client, path, "x**2*y + sin(x*y)", [xs, ys], in_axes=in_axes, **extra)
    member = "value" if field == "evaluate" else field
    for index, x in enumerate(xs):
        y = ys[index] if isinstance(ys, list) else ys
        alone = asked(client, path, "x**2*y + sin(x*y)", [x, y], **extra)
        assertions.assert_close(whole["value"][index], alone["value"], 1e-14)
        found = np.moveaxis(np.array(whole[member]), -1, 0)[index] if field != "jvp" else whole[member][index]
        np.testing.assert_allclose(found, alone[member], rtol=1e-13)


def test_tangents_may_differ_from_point_to_point(client: Client) -> None:
    point = [[0.3, 1.2], [1.0, -0.5]]
    whole = asked(client, "/v1/jvp", "x**2*y", point, in_axes=0, argnums=[0], tangents=[[1.0], [10.0]])
    assert whole["jvp"] == pytest.approx([2 * 0.3 * 1.0, 10 * 2 * 1.2 * -0.5], rel=1e-14)


@pytest.mark.parametrize("path", ["/v1/grad", "/v1/jacobian", "/v1/hessian", "/v1/jvp", "/v1/vjp", "/v1/hvp"])
def test_a_verified_answer_has_its_distance_from_differences(client: Client, path: str) -> None:
    field = path.rpartition("/")[2]
    extra: dict[str, Any] = DIRECTIONS.get(field, {})
    fields = extra | {"argnums": [0, 1], "verify": True}
    smooth = asked(client, path, "exp(x)*sin(y) + x/y", [0.4, 1.9], **fields)["verify"]
    assert 0 <= smooth["max_relative_difference"] < 1e-8
    kink = asked(client, path, "abs(x)*(1 + x)*y", [0.0, 1.0], **fields)["verify"]
    assert kink["max_relative_difference"] > 0.1
    assert "verify" not in asked(client, path, "x*y", [0.4, 1.9], **(fields | {"verify": False}))


@pytest.mark.parametrize(
    ("path", "fields", "code", "field"),
    [
        ("/v1/jvp", {"tangents": [1.0]}, "bad_shape", "tangents"),
        ("/v1/jvp", {"tangents": [[1.0, 2.0, 3.0]], "argnums": 1}, "bad_shape", "tangents"),
        ("/v1/jvp", {"tangents": 1.0, "argnums": [0, 1]}, "invalid_field", "tangents"),
        ("/v1/jvp", {"tangents": [1.0, "2"], "argnums": [0, 1]}, "invalid_field", "tangents"),
        ("/v1/jvp", {"tangents": [], "argnums": 0}, "bad_shape", "tangents"),
        ("/v1/vjp", {"cotangent": [[1.0, 2.0]]}, "bad_shape", "cotangent"),
        ("/v1/vjp", {"cotangent": None}, "invalid_field", "cotangent"),
        ("/v1/jvp", {}, "invalid_field", "tangents"),
        ("/v1/vjp", {}, "invalid_field", "cotangent"),
        ("/v1/hessian", {"argnums": 7}, "invalid_field", "argnums"),
        ("/v1/hessian", {"tangents": 1.0}, "invalid_field", None),
    ],
)
def test_a_direction_that_does_not_fit_is_refused(
    client: Client, path: str, fields: dict[str, Any], code: str, field: str | None
) -> None:
    if path == "/v1/jvp" and fields.get("argnums", 0) == 0 and fields.get("tangents") == [1.0]:
        fields = {"tangents": [[1.0]]}
    document = {"expression": "X[0]*y", "point": [[1.0, 2.0], 3.0]} | fields
    problem = assertions.assert_problem(client.post(document, path), 422, code)
    if field is not None:
        assert problem["field"].startswith(field)


@pytest.mark.parametrize("path", ["/v1/grad", "/v1/hessian", "/v1/hvp"])
def test_the_gradient_of_an_array_is_refused(client: Client, path: str) -> None:
    document = {"expression": "X**2", "point": [1.0, 2.0]} | ({"tangents": [1.0, 1.0]} if "hvp" in path else {})
    problem = assertions.assert_problem(client.post(document, path), 422, "bad_shape")
    assert "jacobian" in problem["hint"]


def test_an_element_under_two_indices_has_the_sum_of_their_derivatives(client: Client) -> None:
    asked = {"expression": "X[0]**2*X[-1]", "point": [[2.0]]}  # X[0]**3
    assert client.post(asked, "/v1/hessian").json()["hessian"] == [[12.0]]
    assert client.post(asked | {"tangents": [[3.0]]}, "/v1/hvp").json()["hvp"] == [[36.0]]


def test_a_hessian_by_few_arguments_of_many_is_within_the_limits(client: Client) -> None:
    # By all 2,000 elements the Hessian would have four million numbers.
    point = [2.0, [0.5] * 2000]
    assert asked(client, "/v1/hessian", "a**3 * sum(X)", point, argnums=0)["hessian"] == pytest.approx(12000.0)
    refused = client.post({"expression": "a**3 * sum(X)", "point": point, "argnums": 1}, "/v1/hessian")
    assertions.assert_problem(refused, 422, "too_complex")


@pytest.mark.parametrize("text", ["[x*y, x]", "jn(2, x)*y", "gammainc(x, y)", "np.array([1.0, 2.0])*x*y", "x + y*nan"])
def test_every_function_that_is_answered_can_be_registered(client: Client, text: str) -> None:
    registered = client.post({"expression": text, "args": ["x", "y"]}, "/v1/functions")
    assert registered.status_code in {200, 201}
    path = f"/v1/functions/{registered.json()['function_id']}"
    assert client.get(path).json()["args"] == ["x", "y"]
    assert client.post({"point": [0.5, 1.5]}, f"{path}/evaluate").status_code == 200


@pytest.mark.parametrize("point", [[[], 2.0], [[]]])
@pytest.mark.parametrize("name", ["grad", "jacobian", "hessian", "jvp", "hvp", "vjp"])
def test_an_empty_array_has_no_derivatives_to_verify(client: Client, name: str, point: list[Any]) -> None:
    directions: dict[str, dict[str, Any]] = {
        "jvp": {"tangents": []},
        "hvp": {"tangents": []},
        "vjp": {"cotangent": 1.0},
    }
    along = directions.get(name, {})
    text, args = ("3*y + len(X)", ["X", "y"]) if len(point) > 1 else ("6 + len(X)", ["X"])
    answer = asked(client, f"/v1/{name}", text, point, argnums=0, verify=True, args=args, **along)
    assert answer["value"] == 6.0
    assert answer["verify"]["max_relative_difference"] == 0.0


@pytest.mark.parametrize("name", ["jvp", "hvp"])
def test_no_tangents_are_refused(client: Client, name: str) -> None:
    document = {"expression": "x*y", "point": [1.0, 2.0], "argnums": [0, 1], "tangents": []}
    assert assertions.assert_problem(client.post(document, f"/v1/{name}"), 422, "invalid_field")["field"] == "tangents"
