"""What has been read, asked about and forgotten is gone at once: nothing of it waits for the garbage collector.

A cycle would keep every node of a text alive until a collection, which holds the event loop for as long as it takes.
"""

import gc
from collections.abc import Iterator
from typing import Any

import pytest

from app import errors
from app.engine import functions, points
from app.language import parse

TEXTS: list[tuple[str, list[Any]]] = [
    ("sin(2.5*x)*y + 3*x**2", [0.5, 1.5]),
    (" + ".join(f"sin({n}.5*x)*y" for n in range(50)), [0.5, 1.5]),
    ("sum(2.5*X[i]**2 for i in range(len(X)) if i != 1)", [[0.5, 1.5]]),
    ("def f(x):\n    a = 2*x\n    for i in range(3):\n        a = a*x\n    return a**2", [0.5]),
    ("def f(X):\n    if X[0] > 1:\n        return X[1]**2\n    return X[1]", [[0.5, 1.5]]),
    ("Sum(x**n/factorial(n), (n, 0, 10))", [0.5]),
    ("gelu(x)*erf(y) + Piecewise((x, x > 1), (y, True)) + where(x > 0, sqrt(x), 0)", [0.5, 1.5]),
    ("det(array([[x, 2], [y, x]])) + logsumexp([x, y]) + (lambda t: t**2)(x)", [0.5, 1.5]),
    ("mean(stack([A, 2*A]) @ ones((2,)))", [[[0.5, 1.5], [1.0, 2.0]]]),
    ("x + foo(y)", [0.5, 1.5]),
    ("x +* y", [0.5, 1.5]),
    ("sin(x, y, z)", [0.5, 1.5]),
    ("log(0)*x", [0.5]),
]


@pytest.fixture
def garbage() -> Iterator[list[Any]]:
    """Keep what the collector finds instead of letting it go."""
    gc.collect()
    gc.disable()
    gc.set_debug(gc.DEBUG_SAVEALL)
    yield gc.garbage
    gc.set_debug(0)
    gc.garbage.clear()
    gc.enable()


def ask(text: str, point: list[Any]) -> None:
    try:
        function = functions.Function(parse.read(text))
        bound = points.bind(point, function.args, function.ranks, None, points.PointLimits(), function.list_ranks)
        for plan in function.specialize(bound.shapes).plans:
            plan.call("grad", 0, "float64")
            plan.layout(bound.shapes)
    except errors.Rejected:
        pass


@pytest.mark.parametrize(("text", "point"), TEXTS)
def test_nothing_of_a_text_is_left_in_a_cycle(garbage: list[Any], text: str, point: list[Any]) -> None:
    gc.set_debug(0)
    ask(text, point)  # what is made once and kept
    gc.collect()
    gc.set_debug(gc.DEBUG_SAVEALL)
    ask(text, point)
    gc.collect()
    assert [type(each).__name__ for each in garbage] == []


def test_a_cycle_is_found(garbage: list[Any]) -> None:
    cycle: list[Any] = []
    cycle.append(cycle)
    del cycle
    gc.collect()
    assert len(garbage) == 1
