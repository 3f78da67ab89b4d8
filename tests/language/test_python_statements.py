"""``match``, ``nonlocal``, ``:=``, ``in``, ``is`` and ``continue``: a function has the value that Python gives it."""

from typing import Any

import numpy as np
import pytest

from app import errors
from app.language import parse
from tests.support.service import Client

MATCHES = """
def f(x, y):
    total = 0.0
    for step in [("scale", 2.0), ("shift", 1.0), ("poly", 1.0, 3.0, -2.0), "square", 3, -1, None, [x, y], (4, 5)]:
        match step:
            case ("scale", s):
                total = s*total + x
            case ("shift", b):
                total += b*y
            case (_, first, *rest) as everything if len(everything) > 2:
                total += first*sum(c*x**k for k, c in enumerate(rest)) + len(everything)
            case "square" | "power":
                total = total**2
            case -1 | 2:
                total -= y
            case None:
                total = total + 100
            case (a, 5):
                total = total*a
            case [*both]:
                total = total*both[0] + both[-1]
            case n:
                total = total*n
    return total + n
"""
NONLOCAL = """
def f(x, y):
    s, n = 1.0, 0

    def bump(v, *more, w=2.0):
        nonlocal s, n
        n += 1 + len(more)
        if v > 0:
            s *= v*w
            return s
        s += v
        return n

    def note(v):
        nonlocal n
        n = n + v

    def seen():
        return s + n

    a = bump(x)
    if y > 0:
        bump(y)
    b = bump(y, 1, 2, w=3.0)
    for k in range(3):
        bump(x + k)
        note(k)
    a += bump(2.0)
    if x > 0.5:
        note(y)
    return a*b + s*n + seen()
"""
WALRUS = """
def f(x, y):
    total = (z := x*y) + z**2
    if (r := x - y) > 0 and r < 10:
        total += r
    n = 0
    while (n := n + 1) < 4:
        total += n*x
    items = [(last := v)*n for v in (x, y, 3)]
    return total + sum(items) + last + max(w := y, 2.0) + w + (u := x if x > y else y)*u
"""
RELATIONS = """
def f(x, y=None, mode="mean"):
    if y is None:
        y = 2*x
    if mode in ("mean", "sum") and mode not in ["max"] and "b" not in {"a": 1}:
        x = x + 1
    if y is not None and x not in (1.25, 3.5):
        x = x*y
    return x + sum(k for k in range(5) if k in (1, 3)) + ("ea" in mode)
"""
CONTINUES = """
def f(x, y):
    total, best, seen = 0, x, np.zeros(4)
    for i, v in enumerate([x, y, x*y, x - y]):
        if v > 0.4:
            if v > 2:
                total += 1
                continue
            total += v
        elif v < -0.5:
            continue
        total += 10*v
        seen[i] = v
        if v <= best:
            continue
        best = v
    k = 0
    while k < 3:
        k += 1
        if total > 9:
            total = total/2
            continue
        total = 1.5*total
    return total + 100*best + seen @ np.arange(4)
"""


@pytest.mark.parametrize(
    "text",
    [MATCHES, NONLOCAL, WALRUS, RELATIONS, CONTINUES],
    ids=["match", "nonlocal", "walrus", "in", "continue"],
)
@pytest.mark.parametrize("point", [[1.25, 0.5], [0.25, -0.75], [2.5, 3.5]])
def test_a_function_has_the_value_that_python_gives_it(client: Client, text: str, point: list[float]) -> None:
    names: dict[str, Any] = {"np": np}
    exec(text, names)  # noqa: S102 - a text of this file
    point = point[:1] if text is RELATIONS else point
    answer = client.answer({"expression": text, "point": point}, "/v1/evaluate")
    assert answer["value"] == pytest.approx(names["f"](*point), rel=1e-13)


REFUSED = [
    ("def f(x):\n    s = 0\n    def g():\n        nonlocal s\n        s += x\n        return s\n    return g() + g()",
     "on a line of its own", 7),
    ("def f(x):\n    def g(v):\n        nonlocal s\n        s = v\n    g(x)\n    return x", "the function around", 5),
    ("def f(x):\n    y = 2\n    return y if x > 5 and (y := x) > 1 else y", "on a line of its own", 3),
    ("def f(x):\n    y = 2\n    z = (y := x) if x > 5 else 3\n    return y + z", "on a line of its own", 3),
    ("def f(x):\n    match x:\n        case {'a': 1}:\n            return x\n        case _:\n            return 1",
     "if and elif", 3),
    ("def f(x):\n    match 3:\n        case 1:\n            return x", "", 3),
    ("x if x is 2 else 3", "compare with ==", 1),
    ("x if 1 in x else 3", "any(x == a", 1),
]  # fmt: skip


@pytest.mark.parametrize(("text", "hint", "line"), REFUSED)
def test_what_python_would_do_otherwise_is_refused(text: str, hint: str, line: int) -> None:
    with pytest.raises(errors.Rejected) as caught:
        parse.parse(text)
    assert hint in (caught.value.hint or "")
    assert caught.value.position is not None
    assert caught.value.position.line == line


def test_names_of_a_match_do_not_change_the_identity() -> None:
    first, second = (
        parse.read(f"lambda {x}: sum(({y} := {x}) * {y} for k in range(len({x})))") for x, y in (("a", "b"), ("c", "d"))
    )
    assert first.identity != second.identity  # the arguments have other names
    again = parse.read("lambda a: sum((z := a) * z for k in range(len(a)))")
    assert first.identity == again.identity
    other = parse.read("lambda a: sum((z := 2) * a for k in range(len(a)))")
    assert first.identity != other.identity


@pytest.mark.parametrize("chosen", [0, 25, 399])
def test_a_choice_known_from_the_text_may_have_hundreds_of_cases(client: Client, chosen: int) -> None:
    cases = "".join(f"        case {n}:\n            y = x*{n}\n" for n in range(400))
    match = f"def g(k, x):\n    match k:\n{cases}    return y\ndef f(x):\n    return g({chosen}, x)"
    tests = "".join(f"    {'elif' if n else 'if'} k == {n}:\n        return x*{n}\n" for n in range(400))
    branches = f"def g(k, x):\n{tests}    else:\n        return 1\ndef f(x):\n    return g({chosen}, x)"
    assert [client.grad(text, [3.0])["gradient"] for text in (match, branches)] == [chosen, chosen]


def test_a_choice_that_depends_on_the_point_may_have_dozens_of_cases(client: Client) -> None:
    tests = "".join(f"    {'elif' if n else 'if'} x < {n}:\n        y = x*{n}\n" for n in range(24))
    text = f"def f(x):\n{tests}    else:\n        y = 1\n    return y"
    assert [client.grad(text, [x])["gradient"] for x in (-1.0, 22.5, 99.0)] == [0, 23, 0]


def test_an_import_has_its_name_in_a_while_loop(client: Client) -> None:
    text = (
        "import jax.numpy as foo\ndef f(x):\n    i = 0\n    while i < 2:\n        x = foo.square(x)\n        i += 1\n"
    )
    assert client.grad(text + "    return x", [2.0])["value"] == 16
