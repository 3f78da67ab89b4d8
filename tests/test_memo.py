from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pytest

from app import engine, memo, points
from tests.service import Client


class Counting:
    """An engine, and what it was asked."""

    def __init__(self, served: engine.Engine) -> None:
        self._served = served
        self.asked: list[engine.Query] = []

    async def answer(self, query: engine.Query) -> engine.Answer:
        self.asked.append(query)
        return await self._served.answer(query)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._served, name)


@contextmanager
def counted(client: Client, capacity: int = 1000) -> Iterator[tuple[memo.Memo, list[engine.Query]]]:
    counting = Counting(client.app.state.engine)
    yield memo.Memo(counting, capacity), counting.asked  # type: ignore[arg-type]


def at(*numbers: float) -> points.Point:
    return points.Point(np.array(numbers), ((),) * len(numbers), None)


def ask(
    client: Client, remembered: memo.Memo, point: points.Point, expression: Any = "x*y", dtype: str = "float64"
) -> engine.Answer:
    return client.run(remembered.at(expression, ("x", "y"), point, dtype))


def test_a_point_asked_about_twice_is_computed_once(client: Client) -> None:
    with counted(client) as (remembered, asked):
        first, second = (ask(client, remembered, at(2.0, 3.0)) for _ in range(2))
        assert (first.value, first.derivative) == (6.0, [3.0, 2.0])
        assert second is first
        assert len(asked) == 1


@pytest.mark.parametrize(
    "other",
    [
        {"point": at(2.0, 3.5)},
        {"expression": "x + y"},
        {"expression": "2*x*y"},
        {"dtype": "float32"},
        {"point": points.Point(np.array([2.0, 3.0]), ((1,), (1,)), None)},
        {"point": points.Point(np.array([[2.0], [3.0]]), ((), ()), 1)},
    ],
)
def test_another_point_function_precision_or_shape_is_computed(client: Client, other: dict[str, Any]) -> None:
    with counted(client) as (remembered, asked):
        ask(client, remembered, at(2.0, 3.0))
        ask(client, remembered, **{"point": at(2.0, 3.0), **other})
        assert len(asked) == 2


def test_the_sign_of_zero_is_another_point(client: Client) -> None:
    with counted(client) as (remembered, _):
        found = [ask(client, remembered, at(zero, 1.0), "1/x + y").value for zero in (0.0, -0.0)]
        assert found == [float("inf"), float("-inf")]


def test_a_text_that_is_spelled_otherwise_is_the_same_function(client: Client) -> None:
    with counted(client) as (remembered, asked):
        for text in ("x*y", "x * y", "lambda x, y: x*y"):
            ask(client, remembered, at(2.0, 3.0), text)
        assert len(asked) == 1


def test_an_array_has_a_value_and_no_gradient(client: Client) -> None:
    with counted(client) as (remembered, _):
        answer = ask(client, remembered, at(2.0, 3.0), ("x", "x*y"))
        assert (answer.value, answer.derivative) == ([2.0, 6.0], None)


def test_what_is_remembered_is_bounded(client: Client) -> None:
    with counted(client, 100) as (remembered, asked):
        for number in range(50):
            ask(client, remembered, at(float(number), 1.0))
        ask(client, remembered, at(49.0, 1.0))
        assert len(asked) == 50
        ask(client, remembered, at(0.0, 1.0))
        assert len(asked) == 51


def test_a_point_too_large_to_remember_pushes_nothing_out(client: Client) -> None:
    large = points.Point(np.arange(60.0), ((30,), (30,)), None)
    with counted(client, 400) as (remembered, asked):
        ask(client, remembered, at(2.0, 3.0))
        for _ in range(2):
            assert ask(client, remembered, large, "dot(x, y)").value == float(np.arange(30) @ np.arange(30, 60))
        ask(client, remembered, at(2.0, 3.0))
        assert len(asked) == 3


def test_evaluate_and_then_gradient_at_a_point_ask_the_engine_once(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    served = client.app.state.engine
    asked: list[engine.Query] = []

    async def answer(query: engine.Query) -> engine.Answer:
        asked.append(query)
        found: engine.Answer = await original(query)
        return found

    original = served.answer
    monkeypatch.setattr(served, "answer", answer)
    document = {"name": "gradient", "config": {"expression": "exp(x)*y"}, "input": [[0.25, 0.75]]}
    more = {"outWrt": 0, "inWrt": 0, "sens": [1.0], "vec": [1.0, 0.0]}
    for name in ("Evaluate", "Gradient", "ApplyJacobian"):
        assert client.request("POST", f"/{name}", json=document | more).status_code == 200
    assert [query.transform for query in asked] == ["grad"]
