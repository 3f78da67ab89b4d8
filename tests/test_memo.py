"""Value and gradient at a point, asked for one after the other, are computed once."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from app import engine, points
from tests.service import Client

Computed = list[points.Point]


@pytest.fixture
def computed(client: Client, monkeypatch: pytest.MonkeyPatch) -> Computed:
    """Return the points that something is computed at."""
    served = client.app.state.engine
    found: Computed = []
    original: Callable[..., Any] = served._first

    async def first(call: Any, point: points.Point) -> Any:
        found.append(point)
        return await original(call, point)

    monkeypatch.setattr(served, "_first", first)
    served._memo.clear()
    return found


def at(*numbers: float) -> points.Point:
    return points.Point(np.array(numbers), ((),) * len(numbers), None)


def ask(
    client: Client, point: points.Point, expression: str = "x*y", dtype: str = "float64", transform: str = "grad"
) -> engine.Numbers:
    query = engine.Query(transform, expression, point, ("x", "y"), dtype=dtype)
    found: engine.Numbers = client.run(client.app.state.engine.numbers(query))
    return found


def test_a_point_asked_about_twice_is_computed_once(client: Client, computed: Computed) -> None:
    first, second = ask(client, at(2.0, 3.0)), ask(client, at(2.0, 3.0), transform="value")
    assert first.derivative is not None
    assert (first.values.tolist(), first.derivative.tolist()) == ([[6.0]], [[[3.0, 2.0]]])
    assert (second.values.tolist(), second.derivative) == ([[6.0]], None)
    assert len(computed) == 1


@pytest.mark.parametrize(
    "other",
    [
        {"point": at(2.0, 3.5)},
        {"expression": "x + y"},
        {"expression": "2*x*y"},
        {"dtype": "float32"},
        {"point": points.Point(np.array([2.0, 3.0]), ((1,), (1,)), None), "expression": "dot(x, y)"},
        {"point": points.Point(np.array([[2.0], [3.0]]), ((), ()), 1)},
    ],
)
def test_another_point_function_precision_or_shape_is_computed(
    client: Client, computed: Computed, other: dict[str, Any]
) -> None:
    ask(client, at(2.0, 3.0))
    ask(client, **{"point": at(2.0, 3.0), **other})
    assert len(computed) == 2


def test_the_sign_of_zero_is_another_point(client: Client, computed: Computed) -> None:
    found = [ask(client, at(zero, 1.0), "1/x + y").values.tolist() for zero in (0.0, -0.0)]
    assert found == [[[float("inf")]], [[float("-inf")]]]
    assert len(computed) == 2


def test_a_text_that_is_spelled_otherwise_is_the_same_function(client: Client, computed: Computed) -> None:
    for text in ("x*y", "x * y", "lambda x, y: x*y"):
        ask(client, at(2.0, 3.0), text)
    assert len(computed) == 1


def test_a_point_too_large_to_remember_pushes_nothing_out(
    client: Client, computed: Computed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "_MEMO_SHARE", 40)
    large = points.Point(np.arange(60.0), ((30,), (30,)), None)
    ask(client, at(2.0, 3.0))
    for _ in range(2):
        assert ask(client, large, "dot(x, y)").values[0, 0] == float(np.arange(30) @ np.arange(30, 60))
    ask(client, at(2.0, 3.0))
    assert len(computed) == 3


def test_evaluate_and_then_gradient_at_a_point_ask_the_engine_once(client: Client, computed: Computed) -> None:
    document = {"name": "gradient", "config": {"expression": "exp(x)*y"}, "input": [[0.25, 0.75]]}
    more = {"outWrt": 0, "inWrt": 0, "sens": [1.0], "vec": [1.0, 0.0]}
    for name in ("Evaluate", "Gradient", "ApplyJacobian"):
        assert client.request("POST", f"/{name}", json=document | more).status_code == 200
    assert len(computed) == 1
