"""Bodies as other languages write them: null for what is not given, an entry alone for a list of one."""

from typing import Any

import pytest

from tests.api.test_openapi import operations, schemas_of
from tests.support import assertions, documented
from tests.support.service import Client

ONE: dict[str, Any] = {"expression": "x**3", "args": ["x"], "point": [2.0]}
VECTOR: dict[str, Any] = {"expression": "X[0]**3", "args": ["X"], "point": [2.0]}
SQUARE: dict[str, Any] = {"expression": "(x - 1)**2", "args": ["x"], "point": [3.0]}


def without_time(answer: dict[str, Any]) -> dict[str, Any]:
    shown: dict[str, Any] = assertions.timeless(answer)
    return shown | {"tier": ""}


def test_null_means_that_a_field_is_not_given(client: Client) -> None:
    document = client.get("/openapi.json").json()
    tried = 0
    for path, _, operation in operations(document):
        if "requestBody" not in operation:
            continue
        schema, *_ = schemas_of(document, operation)
        example, address = documented.asked(document, operation)[0], path
        if "{function_id}" in path:
            twin = document["paths"]["/v1/" + path.rpartition("/")[2]]["post"]
            whole = documented.asked(document, twin)[0]
            function = {name: whole[name] for name in ("expression", "args")}
            address = path.format(function_id=client.post(function, "/v1/functions").json()["function_id"])
        for name in schema["properties"].keys() - schema.get("required", ()):
            assert {"type": "null"} in schema["properties"][name]["anyOf"], f"{name} of {path}"
            rest = {key: value for key, value in example.items() if key != name}
            if "max_evaluations" in schema["properties"].keys() - {name}:
                rest["max_evaluations"] = 20  # without its constraints one has no minimum
            expected, found = client.post(rest, address), client.post(rest | {name: None}, address)
            assert {expected.status_code, found.status_code} in ({200}, {201}, {200, 201}, {422}), found.text
            assert assertions.is_close(without_time(found.json()), without_time(expected.json())), found.text
            tried += 1
    assert tried > 100


@pytest.mark.parametrize("name", ["expression", "point"])
def test_a_field_that_is_needed_is_not_null(client: Client, name: str) -> None:
    assert assertions.assert_problem(client.post(ONE | {name: None}), 422, "invalid_field")["field"] == name


@pytest.mark.parametrize("name", ["name", "parameters"])
def test_null_in_a_tensor_that_is_kept_means_that_it_is_not_given(client: Client, name: str) -> None:
    assert client.post({"shape": [1], "datatype": "FP64", "data": [1.5], name: None}, "/v1/data").is_success


SINGLE = [
    ("grad", ONE, "args", "x"),
    ("grad", ONE, "point", 2.0),
    ("grad", ONE, "point", 2),
    ("grad", VECTOR, "point", 2.0),
    ("grad", VECTOR | {"point": {"X": [2.0]}}, "point", {"X": 2.0}),
    ("grad", {"expression": "sum(X**2)", "point": [2.0]}, "point", 2.0),
    ("grad", {"expression": "lambda x, a=2.0: a*x", "point": [3.0]}, "point", 3.0),
    ("grad", {"expression": "X[0]*a", "args": ["X", "a"], "point": [[2.0], 3.0]}, "point", [2.0, 3.0]),
    ("grad", ONE | {"in_axes": 0}, "point", 2.0),
    ("jacobian", ONE | {"expression": ["x", "x**2"]}, "point", 2.0),
    ("jvp", ONE | {"argnums": [0], "tangents": [1.0]}, "tangents", 1.0),
    ("jvp", VECTOR | {"tangents": [1.0]}, "tangents", 1.0),
    ("jvp", VECTOR | {"argnums": [0], "tangents": [[1.0]]}, "tangents", 1.0),
    ("hvp", VECTOR | {"tangents": [1.0]}, "tangents", 1.0),
    ("vjp", ONE | {"expression": ["x**2"], "cotangent": [1.0]}, "cotangent", 1.0),
    ("taylor", VECTOR | {"order": 3, "direction": [1.0]}, "direction", 1.0),
    ("taylor", ONE | {"order": 3, "direction": [1.0]}, "direction", 1.0),
    ("taylor", ONE | {"orders": [2]}, "orders", 2),
    ("propagate", ONE | {"std": [0.5]}, "std", 0.5),
    ("propagate", ONE | {"covariance": [[0.25]]}, "covariance", 0.25),
    ("minimize", SQUARE | {"constraints": [{"type": "ineq", "expression": "x - 2"}]}, "constraints",
     {"type": "ineq", "expression": "x - 2"}),
    ("minimize", SQUARE, "point", 3.0),
    ("least_squares", SQUARE | {"expression": ["x - 1"]}, "args", "x"),
    ("root", SQUARE | {"expression": ["x - 1"]}, "point", 3),
    ("symbolic", {"expression": "sum(X**2)", "shapes": [[2]]}, "shapes", 2),
    ("symbolic", {"expression": "sum(X**2)", "shapes": [[2]]}, "shapes", [2]),
    ("code", {"expression": "sum(X**2)", "shapes": [[2]], "language": "c"}, "shapes", 2),
]  # fmt: skip


@pytest.mark.parametrize(("route", "document", "name", "alone"), SINGLE)
def test_the_entry_of_a_list_of_one_may_stand_alone(
    client: Client, route: str, document: dict[str, Any], name: str, alone: Any
) -> None:
    expected, found = (client.answer(each, f"/v1/{route}") for each in (document, document | {name: alone}))
    assert assertions.is_close(found, expected)


@pytest.mark.parametrize(
    "free", [{"expression": "a*x", "args": ["a", "x"]}, {"expression": "a*X[0]", "args": ["a", "X"]}]
)
def test_so_may_the_point_of_a_bound_function(client: Client, free: dict[str, Any]) -> None:
    bound = client.post(free | {"data": {"a": 3.0}}, "/v1/functions").json()["function_id"]
    expected, found = (client.answer({"point": point}, f"/v1/functions/{bound}/grad") for point in ([2.0], 2.0))
    assert found == expected


@pytest.mark.parametrize(
    ("document", "code", "words"),
    [
        ({"expression": "x*y", "point": 2.0}, "invalid_field", "must be a list or an object"),
        ({"expression": "x*y", "point": [2.0]}, "invalid_field", "1 entries for 2"),
        ({"expression": "x**2", "point": True}, "invalid_field", "must be a list or an object"),
        ({"expression": "x**2", "point": "2"}, "invalid_field", "must be a list or an object"),
        ({"expression": "X[0]*X[1]", "point": 2.0}, "bad_shape", "X"),
        ({"expression": "x**2", "point": [2.0], "args": 5}, "invalid_field", "a list of argument names in order"),
        ({"expression": "x**2", "point": [2.0], "args": "y z"}, "invalid_name", "y z"),
    ],
)
def test_another_entry_alone_is_refused(client: Client, document: Any, code: str, words: str) -> None:
    assert words in assertions.assert_problem(client.post(document), 422, code)["detail"]


def test_the_axes_of_a_link_may_be_null(client: Client) -> None:
    links = ["/v1/grad?expression=x**2&x=3" + more for more in ("", "&in_axes=null")]
    expected, found = (client.get(link) for link in links)
    assert found.status_code == 200
    assert found.json() == expected.json()
