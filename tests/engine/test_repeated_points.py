"""Value and gradient at a point, asked for one after the other, are computed once."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from app.engine import dispatch, engine, points, query
from tests.support.service import Client

Computed = list[points.Point]


@pytest.fixture
def computed(client: Client, monkeypatch: pytest.MonkeyPatch) -> Computed:
    """Return the points at which the engine computes."""
    served = client.app.state.services.engine
    found: Computed = []
    original: Callable[..., Any] = served.run

    async def run(prepared: dispatch.Prepared) -> query.Result:
        found.append(prepared.point)
        result: query.Result = await original(prepared)
        return result

    monkeypatch.setattr(served, "run", run)
    served._memo.clear()
    return found


def at(*numbers: float) -> points.Point:
    return points.Point(np.array(numbers), ((),) * len(numbers), None)


def ask(
    client: Client, point: points.Point, expression: str = "x*y", dtype: str = "float64", transform: str = "grad"
) -> query.ArrayAnswer:
    asked = query.Query(transform, expression, point, ("x", "y"), dtype=dtype)
    found: query.ArrayAnswer = client.run(client.app.state.services.engine.numbers(asked))
    return found


def test_value_and_gradient_at_one_point_are_computed_once(client: Client, computed: Computed) -> None:
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
        {"point": points.Point(np.array([[2.0, 3.0]]), ((), ()), 1)},
    ],
)
def test_another_point_function_dtype_or_shape_is_computed_again(
    client: Client, computed: Computed, other: dict[str, Any]
) -> None:
    ask(client, at(2.0, 3.0))
    ask(client, **{"point": at(2.0, 3.0), **other})
    assert len(computed) == 2


def test_zero_and_minus_zero_are_different_points(client: Client, computed: Computed) -> None:
    found = [ask(client, at(zero, 1.0), "1/x + y").values.tolist() for zero in (0.0, -0.0)]
    assert found == [[[float("inf")]], [[float("-inf")]]]
    assert len(computed) == 2


def test_two_spellings_of_one_function_share_the_numbers(client: Client, computed: Computed) -> None:
    for text in ("x*y", "x * y", "lambda x, y: x*y"):
        ask(client, at(2.0, 3.0), text)
    assert len(computed) == 1


def test_a_point_too_large_to_keep_evicts_nothing(
    client: Client, computed: Computed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "_MEMO_SHARE", 40)
    large = points.Point(np.arange(60.0), ((30,), (30,)), None)
    ask(client, at(2.0, 3.0))
    for _ in range(2):
        assert ask(client, large, "dot(x, y)").values[0, 0] == float(np.arange(30) @ np.arange(30, 60))
    ask(client, at(2.0, 3.0))
    assert len(computed) == 3


def test_umbridge_evaluate_and_gradient_at_one_point_are_computed_once(client: Client, computed: Computed) -> None:
    document = {"name": "gradient", "config": {"expression": "exp(x)*y"}, "input": [[0.25, 0.75]]}
    more = {"outWrt": 0, "inWrt": 0, "sens": [1.0], "vec": [1.0, 0.0]}
    for name in ("Evaluate", "Gradient", "ApplyJacobian"):
        assert client.request("POST", f"/{name}", json=document | more).status_code == 200
    assert len(computed) == 1
