"""What has been read, asked about and forgotten is gone at once: nothing of it waits for the garbage collector.

A cycle would keep every node of a text alive until a collection, which holds the event loop for as long as it takes.
"""

import asyncio
import gc
from collections.abc import Iterator
from typing import Any

import pytest

from app import errors
from app.engine import points
from app.engine.functions import functions
from app.language import parse
from app.language.limits import TextLimits
from app.runtime import queue

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
    ("def g(z): return a*z\na = 2\ndef f(x, y):\n    h = lambda v: g(v) + y\n    return h(x)", [0.5, 1.5]),
    ("def f(X):\n    g = lambda v: v*len(X)\n    return sum([g(v) for v in X])", [[0.5, 1.5]]),
    ("def f(x, y):\n    g = lambda v: g(v)\n    return g(x)", [0.5, 1.5]),
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


@pytest.mark.parametrize("caller", ["", "somebody"])
def test_a_refusal_from_a_thread_is_in_no_cycle(garbage: list[Any], caller: str) -> None:
    """The waiting task, the future of the thread and the error must not refer to each other."""
    texts = ["sum(sin(i*x) for i in range(400)) + foo(x)", "x + " + "y1 + " * 600 + "foo(x)"]

    async def ask_all(number: int) -> list[str]:
        pool = queue.ThreadPool(1, 4, "test")
        known = functions.FunctionCache(TextLimits(max_steps=100_000), 1000, pool, pool)
        queue.CALLER.set(caller)
        codes = []
        for text in texts:
            try:
                await known.function(f"{text} + {number}", None)
            except errors.Rejected as error:
                codes.append(error.code)
        pool.shutdown()
        return codes

    gc.set_debug(0)
    assert asyncio.run(ask_all(1)) == ["unknown_name"] * 2
    gc.collect()
    gc.set_debug(gc.DEBUG_SAVEALL)
    assert asyncio.run(ask_all(2)) == ["unknown_name"] * 2
    gc.collect()
    kinds = {type(each).__name__ for each in garbage}
    assert not kinds & {"UnknownName", "traceback", "frame", "Builder", "Value"}, kinds
