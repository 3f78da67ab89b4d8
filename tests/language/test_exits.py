"""Loops and functions that are left as the point decides: Python, run at each point, takes the same way."""

import contextlib
import math
from typing import Any

import pytest

from app import errors
from app.autodiff import tape
from app.language import parse
from tests.support import dual_numbers, float_tapes
from tests.support.dual_numbers import Dual
from tests.support.loop_programs import LoopProgram
from tests.support.service import Client

POINTS = [(1.75, -0.5), (0.31, 0.9), (-1.2, 0.4), (0.05, -2.0), (0.7, 0.7)]


def function_of(text: str, **names: Any) -> Any:
    exec(text, names)  # noqa: S102 - generated here
    return names["f"]


def same_as_python(seed: int) -> int:
    """Compare a program at random with Python; return at how many points it could be."""
    text = LoopProgram(seed).text()
    expected = function_of(text, sin=math.sin)
    function = parse.read(text)
    recording = tape.record(function.expression or function.at([(), ()]))
    compared = 0
    for point in POINTS:
        with contextlib.suppress(ValueError, OverflowError):  # of Python's sin(inf), where the way is not taken
            found = float_tapes.evaluate(recording, function.args, dict(zip("xy", point, strict=True)))
            assert math.isclose(found, expected(*point), rel_tol=1e-9, abs_tol=1e-9), (point, text)
            compared += 1
    return compared


def test_programs_at_random_take_pythons_way() -> None:
    assert sum(map(same_as_python, range(150))) > 145 * len(POINTS)


@pytest.mark.slow
def test_many_programs_at_random_take_pythons_way() -> None:
    assert sum(map(same_as_python, range(150, 4000))) > 3700 * len(POINTS)


@pytest.mark.parametrize("seed", range(12))
def test_the_derivative_is_that_of_the_way_taken(seed: int, client: Client) -> None:
    text = LoopProgram(10_000 + seed).text()
    run = function_of(text, sin=dual_numbers.FUNCTIONS["sin"])
    columns = [list(column) for column in zip(*POINTS, strict=True)]
    answer = client.grad(text, columns, argnums=[0, 1], in_axes=0)
    for row, (x, y) in enumerate(POINTS):
        slopes = [dual_numbers.tangent_of(run(*each)) for each in ((Dual(x, 1.0), y), (x, Dual(y, 1.0)))]
        found = [answer["gradient"][0][row], answer["gradient"][1][row]]
        assert found == pytest.approx(slopes, rel=1e-9, abs=1e-9), text


NEWTON = """\
def f(a):
    x = a
    for i in range(60):
        step = (x*x - a)/(2*x)
        x = x - step
        if abs(step) < 1e-14*abs(x):
            break
    return x"""


def test_newtons_method_with_a_break_has_the_derivative_of_the_root(client: Client) -> None:
    answer = client.grad(NEWTON, [[0.01, 1.0, 7.0, 1e6]], in_axes=0)
    assert answer["value"] == pytest.approx([0.1, 1.0, math.sqrt(7), 1e3], rel=1e-14)
    assert answer["gradient"] == pytest.approx([5.0, 0.5, 0.5 / math.sqrt(7), 5e-4], rel=1e-12)


def test_steps_after_the_way_out_make_no_derivative_nan(client: Client) -> None:
    text = "def f(x):\n    for i in range(4):\n        x = x/2\n        if x < 1:\n            break\n"
    answer = client.grad(text + "        y = 1/(x - x)\n    return x**2", [1.5])
    assert answer["value"] == 0.5625
    assert answer["gradient"] == 0.75


def test_what_is_assigned_before_the_way_out_alone_is_undefined_after_it() -> None:
    text = "def f(x):\n    for i in range(3):\n        if x > i:\n            break\n        y = x\n    return y"
    with pytest.raises(errors.UnknownName, match="'y' is not defined"):
        parse.parse(text)


@pytest.mark.parametrize(
    ("text", "what", "hint"),
    [
        ("def f(x):\n    if x < 0: return x\n    return f(x - 1)", "f calls itself more than 30 deep", "by the count"),
        ("def f(x): return g(x)\ndef g(x): return f(x)", "calls itself more than 30 deep", "by the count"),
        ("def f(x):\n    while x > 1:\n        for k in range(9**4): x = x/2\n    return x", "too long", "bound its"),
    ],
)
def test_what_goes_on_without_end_is_refused(text: str, what: str, hint: str) -> None:
    with pytest.raises(errors.Rejected, match=what) as caught:
        parse.parse(text)
    assert hint in str(caught.value.hint)
    assert caught.value.offset


@pytest.mark.parametrize(
    "text",
    [
        "def f(x):\n    while x > 1:\n        x = x/2\n    return x",
        "def f(x):\n    while x > 1 and x < 1e99:\n        x = x/2\n    return x",
        "def f(x):\n    while True:\n        if x <= 1: break\n        x = x/2\n    return x",
        "def g(x, n=0):\n    while x > 1: x, n = x/2, n + 1\n    return n, x\ndef f(x): return sum(g(x)) - g(x)[0]",
        "def f(x): return lax.while_loop(lambda s: s > 1, lambda s: s/2, x)",
        "def f(x): return lax.while_loop(lambda s: s[1] > 1, lambda s: (s[0] + 1, s[1]/2), (0, x))[1]",
    ],
)
def test_a_loop_that_the_point_alone_ends_has_200_steps_and_then_nan(text: str, client: Client) -> None:
    answer = client.grad(text, [[0.5, 10.0, 2.0**200, 2.0**201]], in_axes=0)
    assert answer["value"] == [0.5, 0.625, 1.0, "NaN"]
    assert answer["gradient"][:3] == [1.0, 2.0**-4, 2.0**-200]


@pytest.mark.parametrize(("depth", "expected"), [(1, 0.5), (5, 0.96875), (29, 1 - 2.0**-29)])
def test_a_function_may_call_itself_a_known_number_of_times(depth: int, expected: float, client: Client) -> None:
    text = f"def g(n, x):\n    if n == 0: return 0.0\n    return x*(1 + g(n - 1, x))\ndef f(x): return g({depth}, x)"
    assert client.grad(text, [0.5])["value"] == pytest.approx(expected, rel=1e-15)
