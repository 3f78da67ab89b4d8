"""Functions some of whose arguments are bound to data that stay."""

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from app.engine import registry
from app.runtime.data import store as data_store
from app.settings import Settings
from tests.support import assertions
from tests.support.service import Client, serving

LINE = {"expression": "sum((y - a*X - b)**2)", "args": ["a", "X", "b", "y"]}
X, Y = [1.0, 2.0, 3.0], [2.0, 4.0, 7.0]
DATA = {"X": X, "y": Y}
POINT = {"a": 2.0, "b": 0.5}


def bound(client: Client, function: dict[str, Any] = LINE, data: dict[str, Any] = DATA) -> str:
    response = client.post(function | {"data": data}, "/v1/functions")
    assert response.status_code in {200, 201}, response.text
    function_id: str = response.json()["function_id"]
    return function_id


def test_the_id_covers_function_and_data(client: Client) -> None:
    numbers = bound(client)
    data_id = client.post({"values": X}, "/v1/data").json()["data_id"]
    assert bound(client, data={"X": {"data": data_id}, "y": Y}) == numbers
    others = [
        bound(client, data={"X": X, "y": X}),
        bound(client, data={"X": X}),
        bound(client, data={"y": X, "X": Y}),
        bound(client, LINE | {"expression": "sum((y - a*X + b)**2)"}),
        client.post(LINE, "/v1/functions").json()["function_id"],
    ]
    assert len({numbers, *others}) == 6
    described = client.get(f"/v1/functions/{numbers}").json()
    assert described["args"] == ["a", "b"]
    assert described["data"]["X"] == data_id
    assert "data" not in client.get(f"/v1/functions/{others[-1]}").json()


REQUESTS: list[tuple[str, dict[str, Any]]] = [
    ("grad", {"argnums": [0, 1]}),
    ("grad", {"argnums": "b"}),
    ("grad", {"argnums": -1}),
    ("grad", {"argnums": ["b", "a"], "dtype": "float32"}),
    ("grad", {"argnums": [0, 1], "verify": True}),
    ("evaluate", {}),
    ("jacobian", {"argnums": [0, 1]}),
    ("hessian", {"argnums": [0, 1]}),
    ("jvp", {"argnums": [0, 1], "tangents": [1.0, 2.0]}),
    ("vjp", {"argnums": [1, 0], "cotangent": 2.0}),
    ("hvp", {"argnums": [0, 1], "tangents": [1.0, 2.0]}),
    ("taylor", {"order": 3, "direction": {"b": 1.0, "a": 2.0}}),
    ("taylor", {"orders": {"a": 1, "b": 1}}),
    ("minimize", {"argnums": [0, 1]}),
    ("minimize", {"argnums": "a", "constraints": [{"type": "ineq", "expression": "1 - a"}]}),
    ("propagate", {"argnums": [0, 1], "std": {"a": 0.1, "b": 0.2}}),
    ("propagate", {"argnums": [1], "std": [0.2], "order": 2}),
]
NAMES = ["a", "b"]


@pytest.mark.parametrize(("route", "fields"), REQUESTS)
def test_a_bound_function_is_the_function_of_its_other_arguments(
    client: Client, route: str, fields: dict[str, Any]
) -> None:
    """The same numbers as with the data in the point, under the names and positions of the free arguments."""
    whole = dict(fields)
    if "argnums" in fields:  # by name, since positions differ
        given = fields["argnums"]
        whole["argnums"] = (
            [NAMES[n] if isinstance(n, int) else n for n in given]
            if isinstance(given, list)
            else NAMES[given]
            if isinstance(given, int)
            else given
        )
    expected = client.answer(LINE | {"point": POINT | DATA} | whole, f"/v1/{route}")
    function_id = bound(client)
    for point in (POINT, list(POINT.values())):
        found = client.answer({"point": point} | fields, f"/v1/functions/{function_id}/{route}")
        assert found["args"] == NAMES
        assert found["function_id"] == function_id
        if "argnums" in expected:
            names, positions = expected["args"], expected["argnums"]
            shown = positions if isinstance(positions, list) else [positions]
            asked = found["argnums"] if isinstance(found["argnums"], list) else [found["argnums"]]
            assert [NAMES[each] for each in asked] == [names[each] for each in shown]
        differing = {"args", "function_id", "argnums", "orders"}
        assert {n: v for n, v in found.items() if n not in differing} == {
            n: v for n, v in expected.items() if n not in differing
        }


def test_repeated_requests_follow_the_point(client: Client) -> None:
    function_id = bound(client)
    for b in (0.5, 0.5, 1.5, -2.0, 1e3):
        found = client.answer({"point": [2.0, b], "argnums": [0, 1]}, f"/v1/functions/{function_id}/grad")
        residuals = np.array(Y) - 2.0 * np.array(X) - b
        assert found["value"] == pytest.approx((residuals**2).sum(), rel=1e-14)
        expected = [-2.0 * (residuals * X).sum(), -2.0 * residuals.sum()]
        assert found["gradient"] == pytest.approx(expected, rel=1e-14)
        assert found["argnums"] == [0, 1]


def test_many_points_of_a_bound_function(client: Client) -> None:
    path = f"/v1/functions/{bound(client)}/grad"
    found = client.answer({"point": [[2.0, 1.0], 0.5], "in_axes": [0, None], "argnums": 1}, path)
    single = [client.answer({"point": [a, 0.5], "argnums": 1}, path) for a in (2.0, 1.0)]
    assert found["gradient"] == [each["gradient"] for each in single]
    every = client.answer({"point": {"a": [2.0, 1.0], "b": [0.5, 0.25]}, "in_axes": 0, "argnums": [0, 1]}, path)
    assert every["value"][0] == single[0]["value"]


def test_the_one_free_argument_may_be_given_as_its_list(client: Client) -> None:
    function = {"expression": "sum((A @ w - y)**2)", "args": ["A", "w", "y"]}
    function_id = bound(client, function, {"A": [[1.0, 2.0], [3.0, 4.0]], "y": [1.0, -1.0]})
    path = f"/v1/functions/{function_id}/grad"
    flat, nested, named = (
        client.answer({"point": point}, path) for point in ([0.5, 0.25], [[0.5, 0.25]], {"w": [0.5, 0.25]})
    )
    assert flat == nested == named
    assert len(flat["gradient"]) == 2


@pytest.mark.parametrize(
    ("data", "status"),
    [
        ({"X": X, "y": Y, "a": 1.0, "b": 2.0}, 422),
        ({"z": X}, 422),
        ({"X": "x"}, 422),
        ({"X": None}, 422),
        ({"X": [True]}, 422),
        ({"X": {"data": "f" * 32}}, 404),
        ([X], 422),
    ],
)
def test_data_that_cannot_be_bound_are_refused(client: Client, data: Any, status: int) -> None:
    assert client.post(LINE | {"data": data}, "/v1/functions").status_code == status


@pytest.mark.parametrize(
    "fields",
    [
        {"point": POINT | {"X": X}},
        {"point": [1.0, 2.0, 3.0]},
        {"point": [1.0]},
        {"point": POINT, "argnums": 2},
        {"point": POINT, "argnums": "X"},
        {"point": POINT, "in_axes": [0, None, None, None]},
        {"point": 1.0},
    ],
)
def test_a_request_that_does_not_fit_the_free_arguments_is_refused(client: Client, fields: dict[str, Any]) -> None:
    problem = client.post(fields, f"/v1/functions/{bound(client)}/grad")
    assertions.assert_problem(problem, 422, "invalid_field")


def test_a_bound_function_whose_data_are_gone_says_which(client: Client) -> None:
    data = {"X": [9.0, 8.0, 7.5], "y": Y}
    path = f"/v1/functions/{bound(client, data=data)}"
    data_id = client.get(path).json()["data"]["X"]
    request = {"point": [1.0, 2.0], "argnums": [0, 1]}
    for _ in range(3):
        expected = client.answer(request, f"{path}/grad")
    assert client.request("DELETE", f"/v1/data/{data_id}").status_code == 204
    problem = client.post(request, f"{path}/grad")
    found = assertions.assert_problem(problem, 404, "not_found")
    assert found["field"] == "data.X"
    assert data_id in found["detail"]
    assert "POST /v1/data" in found["hint"]
    client.post({"values": data["X"]}, "/v1/data")
    assert client.answer(request, f"{path}/grad") == expected


def test_a_bound_function_outlives_a_restart(tmp_path: Path) -> None:
    settings = Settings(cache_dir=str(tmp_path))
    with serving(settings, workers=False) as first:
        function_id = bound(first)
        expected = first.answer({"point": POINT}, f"/v1/functions/{function_id}/grad")
    with serving(settings, workers=False) as second:
        assert second.answer({"point": POINT}, f"/v1/functions/{function_id}/grad") == expected


def test_a_batch_of_the_free_arguments_is_summed_over_bound_data(client: Client) -> None:
    path, slopes, b = f"/v1/functions/{bound(client)}/grad", np.array([1.0, 2.0, -0.5]), 0.5
    request = {"point": [slopes.tolist(), b], "in_axes": [0, None], "argnums": [0, 1]}
    residuals = np.array(Y)[:, None] - slopes * np.array(X)[:, None] - b
    by_slope = -2 * np.array(X) @ residuals
    for reduce, scale in (("sum", 1.0), ("mean", 1 / 3)):
        found = client.answer(request | {"reduce": reduce}, path)
        assert found["value"] == pytest.approx(scale * np.sum(residuals**2), rel=1e-12)
        assert found["gradient"][0] == pytest.approx(scale * by_slope, rel=1e-12)
        assert found["gradient"][1] == pytest.approx(scale * -2 * np.sum(residuals), rel=1e-12)


def test_the_store_hears_of_what_is_used_from_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else it would forget first what is used most, and nothing would be left of it after a restart."""
    monkeypatch.setattr(data_store, "_FRESH_SECONDS", 0.0)
    with serving(Settings(cache_dir=str(tmp_path)), workers=False) as served:
        function_id = bound(served)
        used = [*(tmp_path / "data").glob("*.entry"), tmp_path / f"{registry._name(function_id)}.entry"]
        assert len(used) == 2 * 2 + 1 + 1  # record and numbers of each, what their owner has, and the function
        for path in used:
            os.utime(path, (1000, 1000))
        served.answer({"point": POINT}, f"/v1/functions/{function_id}/grad")
        assert [path.name for path in used if path.stat().st_mtime == 1000] == []


def test_a_bound_function_of_private_data_is_its_owners(tmp_path: Path) -> None:
    settings = Settings(api_keys="alice,bob", cache_dir=str(tmp_path))
    alice, bob = {"X-API-Key": "alice"}, {"X-API-Key": "bob"}
    with serving(settings, workers=False) as keyed:
        function = keyed.request("POST", "/v1/functions", json=LINE | {"data": DATA}, headers=alice).json()
        request = {"point": [2.0, 0.5]}

        def ask(function_id: str, who: dict[str, str]) -> tuple[int, str]:
            response = keyed.request("POST", f"/v1/functions/{function_id}/grad", json=request, headers=who)
            described = keyed.request("GET", f"/v1/functions/{function_id}", headers=who)
            return response.status_code, response.text.replace(function_id, "") + described.text.replace(
                function_id, ""
            )

        for _ in range(4):  # hot by then
            assert ask(function["function_id"], alice)[0] == 200
            assert ask(function["function_id"], bob) == ask("f" * 32, bob)
        # With the same data the function is his, too.
        again = keyed.request("POST", "/v1/functions", json=LINE | {"data": DATA}, headers=bob)
        assert (again.status_code, again.json()["function_id"]) == (201, function["function_id"])
        assert ask(function["function_id"], bob)[0] == 200


def test_all_free_arguments_of_a_fit_move_if_none_are_named(client: Client) -> None:
    found = client.answer({"point": [0.0, 0.0]}, f"/v1/functions/{bound(client)}/minimize")
    slope, intercept = np.polyfit(X, Y, 1)
    assert found["x"] == pytest.approx([slope, intercept], rel=1e-6)
    assert (found["args"], found["argnums"]) == (NAMES, [0, 1])
