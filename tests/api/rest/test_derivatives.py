# ruff: noqa: RUF001 - look-alikes are what is tested

import logging
import math
import re
from typing import Any

import pytest

from tests.support import assertions
from tests.support.service import Client

TUTORIAL = {"expression": "5*(x1**2) + 6*(x2**2) + 7*(x3**2)", "args": ["x1", "x2", "x3"], "point": [1.0, 2.0, 3.0]}
IN_X = "5*(X[0]**2) + 6*(X[1]**2) + 7*(X[2]**2)"
IN_SCALARS = "5*(x1**2) + 6*(x2**2) + 7*(x3**2)"
PASTED = """def y(X):
    # the function of the design notes
    r = 5*(X[0]**2)
    s = 6*(X[1]**2)
    return r + s + 7*(X[2]**2)
"""
FOREIGN = {"tesseract", "open inference", "UM-Bridge", "model context protocol"}
"""Tags of other projects' wires: their requests are as those projects have them."""
GRAD_MEMBERS = {"value", "gradient", "args", "argnums", "dtype", "finite", "function_id"}


def request(expression: str, point: Any, **fields: Any) -> dict[str, Any]:
    return {"expression": expression, "point": point, **fields}


# The calls of the design notes


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize(
    "expression",
    [IN_X, f"lambda X: {IN_X}", PASTED, PASTED.replace("\n", "\r\n"), IN_X.replace("**", "^")],
    ids=["expression", "lambda", "def", "def from Windows", "carets"],
)
def test_one_array_argument(client: Client, expression: str, dtype: str) -> None:
    answer = client.grad(expression, [1.0, 2.0, 3.0], dtype=dtype)
    assert answer["value"] == 92.0
    assert answer["gradient"] == [10.0, 24.0, 42.0]
    assert (answer["args"], answer["argnums"], answer["dtype"], answer["finite"]) == (["X"], 0, dtype, True)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize(
    "expression",
    [
        IN_SCALARS,
        f"lambda x1, x2, x3: {IN_SCALARS}",
        f"def y(x1, x2, x3):\n    return {IN_SCALARS}",
        "5*x1^2 + 6*x2^2 + 7*x3^2",
    ],
)
@pytest.mark.parametrize(
    ("argnums", "gradient", "positions"),
    [
        ([0, 1, 2], [10.0, 24.0, 42.0], [0, 1, 2]),
        ([0, 2], [10.0, 42.0], [0, 2]),
        ([2, 0], [42.0, 10.0], [2, 0]),
        ([1], [24.0], [1]),
        (1, 24.0, 1),
        (-1, 42.0, 2),
        ([-1, -3], [42.0, 10.0], [2, 0]),
        ("x2", 24.0, 1),
        (["x3", "x1"], [42.0, 10.0], [2, 0]),
        (["x3", 0], [42.0, 10.0], [2, 0]),
    ],
)
def test_three_scalar_arguments(
    client: Client, expression: str, dtype: str, argnums: Any, gradient: Any, positions: Any
) -> None:
    answer = client.grad(expression, [1.0, 2.0, 3.0], argnums=argnums, dtype=dtype)
    assert answer["value"] == 92.0
    assert answer["gradient"] == gradient
    assert answer["argnums"] == positions
    assert answer["args"] == ["x1", "x2", "x3"]


def test_argnums_is_the_first_argument_unless_given(client: Client) -> None:
    answer = client.grad(IN_SCALARS, [1.0, 2.0, 3.0])
    assert (answer["gradient"], answer["argnums"]) == (10.0, 0)


def test_the_example_of_the_readme_is_answered(client: Client) -> None:
    answer = client.answer(TUTORIAL | {"argnums": [0, 2], "dtype": "float64", "in_axes": None})
    assert answer["value"] == 92.0
    assert answer["gradient"] == [10.0, 42.0]


def test_the_members_of_an_answer(client: Client) -> None:
    assert set(client.grad("x*y", [1, 2])) == GRAD_MEMBERS
    assert set(client.answer(request("x*y", [1, 2]), "/v1/evaluate")) == GRAD_MEMBERS - {"gradient", "argnums"}


@pytest.mark.parametrize(
    "point", [[1.0, 2.0, 3.0], [1, 2, 3], {"x1": 1, "x2": 2, "x3": 3}, {"x3": 3.0, "x2": 2.0, "x1": 1.0}]
)
def test_a_point_is_a_list_or_an_object(client: Client, point: Any) -> None:
    assert client.grad(IN_SCALARS, point, argnums=[0, 1, 2])["gradient"] == [10.0, 24.0, 42.0]


def test_args_decide_the_order(client: Client) -> None:
    answer = client.grad(IN_SCALARS, [3.0, 1.0, 2.0], args=["x3", "x1", "x2"], argnums=[0, 1, 2])
    assert answer["gradient"] == [42.0, 10.0, 24.0]
    assert answer["args"] == ["x3", "x1", "x2"]


def test_an_argument_that_is_not_used_has_gradient_zero(client: Client) -> None:
    answer = client.grad("x**2", [3.0, 7.0], args=["x", "unused"], argnums=[0, 1])
    assert answer["gradient"] == [6.0, 0.0]


def test_names_come_back_normalised(client: Client) -> None:
    assert client.grad("ｘ*α", {"x": 2, "α": 3}, argnums="ｘ")["args"] == ["x", "α"]


# Batches


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_a_batch_has_a_leading_axis_everywhere(client: Client, dtype: str) -> None:
    answer = client.grad(
        "x*y + Z[0]", [[1, 2, 4], 3, [[1], [2], [3]]], argnums=[0, 1, 2], in_axes=[0, None, 0], dtype=dtype
    )
    assert answer["value"] == [4.0, 8.0, 15.0]
    assert answer["gradient"] == [[3.0, 3.0, 3.0], [1.0, 2.0, 4.0], [[1.0], [1.0], [1.0]]]


@pytest.mark.parametrize("size", [1, 7, 8, 9, 63, 64, 65, 513])
def test_every_point_of_a_batch_gets_its_own_answer(client: Client, size: int) -> None:
    points = [0.01 * k - 2.0 for k in range(size)]
    answer = client.grad("x*sin(x)", points, in_axes=0)
    assertions.assert_close(answer["value"], [x * math.sin(x) for x in points], 1e-12, 1e-15)
    assertions.assert_close(answer["gradient"], [math.sin(x) + x * math.cos(x) for x in points], 1e-12, 1e-14)


def test_a_point_that_is_not_finite_does_not_change_the_others(client: Client) -> None:
    answer = client.grad("1/x", [1.0, 0.0, -2.0], in_axes=0)
    assert answer["value"] == [1.0, "Infinity", -0.5]
    assert answer["gradient"] == [-1.0, "-Infinity", -0.25]
    assert answer["finite"] is False


# Numbers


@pytest.mark.parametrize(
    ("expression", "point", "value", "gradient"),
    [
        ("1/x", 0.0, "Infinity", "-Infinity"),
        ("log(x)", 0.0, "-Infinity", "Infinity"),
        ("log(x)", -1.0, "NaN", -1.0),
        ("sqrt(x)", 0.0, 0.0, "Infinity"),
        ("x*nan", 1.0, "NaN", "NaN"),
        ("exp(x)", 1000.0, "Infinity", "Infinity"),
        ("where(x > 0, x, -inf)", -1.0, "-Infinity", 0.0),
    ],
)
def test_a_number_that_is_not_finite_is_a_string(
    client: Client, expression: str, point: float, value: Any, gradient: Any
) -> None:
    answer = client.grad(expression, [point])
    assert (answer["value"], answer["gradient"], answer["finite"]) == (value, gradient, False)


def test_finite_is_about_the_requested_arguments_only(client: Client) -> None:
    assert client.grad("x + sqrt(y)", [1.0, 0.0], argnums=0)["finite"] is True
    assert client.grad("x + sqrt(y)", [1.0, 0.0], argnums=1)["finite"] is False
    assert client.grad("sqrt(x)", [0.0])["value"] == 0.0


def test_float32_rounds_and_overflows(client: Client) -> None:
    third = client.grad("x/3", [1.0], dtype="float32")
    assert third["value"] == pytest.approx(1 / 3, rel=1e-7)
    assert third["value"] != 1 / 3
    assert client.grad("exp(x)", [100.0], dtype="float32")["value"] == "Infinity"
    assert client.grad("x", [1e300], dtype="float32")["value"] == "Infinity"
    assert client.grad("exp(x)", [100.0])["value"] == pytest.approx(math.exp(100), rel=1e-14)


def test_numbers_survive_the_round_trip(client: Client) -> None:
    for x in (0.1, 1 / 3, 5e-300, 1.7976931348623157e308, -2.2250738585072014e-308, 2**53 + 2):
        assert client.grad("x", [x])["value"] == x


def test_integers_are_numbers(client: Client) -> None:
    answer = client.grad("x/y", [7, 2], argnums=[0, 1])
    assert (answer["value"], answer["gradient"]) == (3.5, [0.5, -1.75])


# Identity and headers


def test_the_function_id_depends_on_the_function_only(client: Client) -> None:
    same = [
        request("x**2*y", [1, 2]),
        request("lambda x, y: x**2 * y", [3, 4], argnums=1),
        request("np.square(x) * y", {"x": 1, "y": 2}, dtype="float32"),
        request("(x^2)*(y)", [[1, 2], [3, 4]], in_axes=0),
        request("def f(x, y):\n  return x**2*y", [1, 2], argnums=[0, 1], args=["x", "y"]),
    ]
    other = [
        request("x**2*z", [1, 2]),
        request("x**2*y", [1, 2], args=["y", "x"]),
        request("x**3*y", [1, 2]),
        request("2*x**2*y", [1, 2]),
    ]
    ids = [client.answer(document)["function_id"] for document in same]
    assert len(set(ids)) == 1
    assert client.answer(same[0], "/v1/evaluate")["function_id"] == ids[0]
    assert ids[0] not in {client.answer(document)["function_id"] for document in other}
    assert re.fullmatch("[0-9a-f]{32}", ids[0])


def test_server_timing_has_parse_and_execute(client: Client) -> None:
    header = client.post(request("x*y", [1, 2])).headers["server-timing"]
    entries = [re.fullmatch(r"([a-z]+);dur=([0-9.]+)", entry.strip()) for entry in header.split(",")]
    assert all(entries)
    assert {"parse", "execute"} <= {entry[1] for entry in entries if entry}
    assert all(float(entry[2]) >= 0 for entry in entries if entry)


def test_cache_status_says_whether_the_function_was_known(client: Client) -> None:
    pattern = re.compile(r"gradserve; (hit|fwd=miss); detail=(interpreted|compiled)")
    document = request("x*y + 0.123456*x", [1, 2])
    first, second = (pattern.fullmatch(client.post(document).headers["cache-status"]) for _ in range(2))
    assert first is not None
    assert second is not None
    assert (first[1], second[1]) == ("fwd=miss", "hit")


def test_a_request_id_is_echoed(client: Client) -> None:
    response = client.post(request("x", [1]), X_Request_ID="abc-123.4:5/6+7=")
    assert response.headers["x-request-id"] == "abc-123.4:5/6+7="


@pytest.mark.parametrize("harmful", ["", "a b", "x" * 129, 'a"b', "<script>", "a;b", "a,b", "é"])
def test_a_malformed_request_id_is_replaced(client: Client, harmful: str) -> None:
    headers = {"Content-Type": "application/json", "X-Request-ID": harmful.encode("utf-8")}
    response = client.request("POST", "/v1/grad", json=request("x", [1]), headers=headers)
    assert re.fullmatch("[0-9a-f-]{32,36}", response.headers["x-request-id"])


def test_request_ids_are_unique(client: Client) -> None:
    paths = ["/healthz", "/v1/limits", "/openapi.json", "/nowhere"]
    ids = [client.get(path).headers["x-request-id"] for path in paths] + [client.post(b"{").headers["x-request-id"]]
    assert len(set(ids)) == len(ids)


def test_the_media_type_may_have_a_charset(client: Client) -> None:
    for media_type in (
        "application/json; charset=utf-8",
        "Application/JSON;charset=UTF-8",
        'application/json; charset="utf-8"',
    ):
        assert client.post(request("x", [1]), Content_Type=media_type).status_code == 200


# Many at once


def test_identical_requests_at_the_same_time_compile_once(client: Client, caplog: pytest.LogCaptureFixture) -> None:
    document = request("sin(x)*cos(y) + sin(x*y)*0.77 - x/y", [0.3, 0.7], argnums=[0, 1])
    with caplog.at_level(logging.INFO, logger="gradserve"):
        responses = client.together([document] * 200)
    assert {response.status_code for response in responses} == {200}
    assert len({response.content for response in responses}) == 1
    compiled = [record.getMessage() for record in caplog.records if record.getMessage().startswith("compiled")]
    assert len(compiled) == len(set(compiled)) <= 1


def test_different_requests_at_the_same_time_get_their_own_answers(client: Client) -> None:
    documents = [request(f"x**{n} + {n}*y", [1.5, 2.0], argnums=[0, 1]) for n in range(2, 40)]
    for n, response in enumerate(client.together(documents), start=2):
        assertions.assert_close(response.json()["gradient"], [n * 1.5 ** (n - 1), float(n)], 1e-12)


def test_refusals_and_answers_at_the_same_time_are_not_mixed_up(client: Client) -> None:
    documents = [request("x + ", [1]) if n % 2 else request(f"x + {n}", [1]) for n in range(50)]
    for n, response in enumerate(client.together(documents)):
        if n % 2:
            assertions.assert_problem(response, 422, "syntax_error")
        else:
            assert response.json()["value"] == 1.0 + n


# Evaluate


def test_evaluate_is_the_value_of_grad(client: Client) -> None:
    for document in (request("x*sin(y)", [2.0, 0.5]), request("X[0]/X[1]", [[1, 2], [3, 4]], in_axes=0), TUTORIAL):
        evaluated, graded = client.answer(document, "/v1/evaluate"), client.answer(document)
        assert evaluated == {name: graded[name] for name in evaluated}


def test_evaluate_takes_no_argnums(client: Client) -> None:
    assertions.assert_problem(client.post(request("x", [1], argnums=0), "/v1/evaluate"), 422, "invalid_field")


@pytest.mark.parametrize(("expression", "value"), [("log(x)", "-Infinity"), ("x/x", "NaN")])
def test_evaluate_writes_strict_json(client: Client, expression: str, value: str) -> None:
    answer = client.answer(request(expression, [0.0]), "/v1/evaluate")
    assert (answer["value"], answer["finite"]) == (value, False)
