"""Python's ways through items, in an order that is known from the text; the point may choose what is reduced."""

import itertools
import math
from typing import Any

import numpy as np
import pytest

from tests.support.service import Client


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("def f(x):\n    it = iter([x, 2*x])\n    return next(it) + next(it)", "[v for v in x]"),
        ("def f(x):\n    it = (v*x for v in [1, 2])\n    return next(it) + next(it)", "x[0]"),
        ("def f(x):\n    return next(v*x for v in [1, 2] if v > 2)", ""),
        ("sorted(v for v in [x, 2*x] if v > 1)[0]", "where(condition"),
        ("np.sum([v*np.ones(2) for v in [x, 2*x] if v > 1])", "where(condition"),
        ("np.sum(np.array([v for v in [x, 2*x] if v > 1], dtype=int))", "where(condition"),
        ("{i: v for i, v in enumerate([x, 2*x]) if v > 1}[0]", "where(condition"),
        ("sorted([x, 2*x], key=lambda v: -v)[0]", "sorted(items)"),
        ("sorted([x, 2*x], cmp=1)[0]", ""),
    ],
)
def test_what_depends_on_the_point_or_is_consumed_is_refused(client: Client, text: str, hint: str) -> None:
    answer = client.post({"expression": text, "point": [3.0]}).json()
    assert "code" in answer
    assert hint in (answer.get("hint", ""))


@pytest.mark.parametrize("product", ["[y]*n", "n*[y]", "a*n", "n*a"])
def test_a_list_times_an_integer_by_default_is_that_list_several_times(client: Client, product: str) -> None:
    text = f"def f(y, n=3):\n    a = [y]\n    b = {product}\n    return sum(b)*len(b)"
    found = client.answer({"expression": text, "point": [2.0]})
    assert (found["value"], found["gradient"], found["args"]) == (18.0, 9.0, ["y"])


CHOSEN = [
    "sum(v for v in x if v > 0)",
    "sum([log(v) for v in x if v > 0 if v < 2])",
    "max(v*v for v in x if v < 1) + min([3*v for v in x if v > 0.5])",
    "len([v for v in x if v > 0])*x[0]",
    "np.mean([v for v in x if v > 0]) + np.prod([v for v in x if v < 2])",
    "np.std(np.array([v for v in x if v > 0]))",
    "sum(v*w for v in x if v > 0 for w in x if w > v)",
    "sum(v for i, v in enumerate(x) if i > 0 if v > 0)",
    "sum(v*v for v in x[x > 0])",
    "sum(v*v for v in np.outer(x, x)[np.outer(x, x) > 0.5])",
    "sum(2*v for v in [w - 1 for w in x if w > 0] if v < 1)",
    "sum(list(filter(lambda v: v > 0, x)))",
    "(any(v > 2 for v in x if v > 0) + all(v > 0.5 for v in x if v > 0))*x[1]",
    "sum(v for v in x if v > 100)",
    "sum(u*v for u, v in itertools.product(x, [1, 2]))",
    "sum(u*v for u, v in itertools.product(x, repeat=2))",
]


@pytest.mark.parametrize("text", CHOSEN)
def test_what_the_point_chooses_is_reduced_as_python_does_it(client: Client, text: str) -> None:
    own: dict[str, Any] = {"np": np, "itertools": itertools, "log": math.log}
    python = eval(f"lambda x: {text}", own)  # noqa: S307 - a text of this test
    point = np.array([0.7, -1.3, 2.1, 0.4])
    answer = client.answer({"expression": f"lambda x: {text}", "point": [point.tolist()]})
    steps = 1e-6 * np.eye(4)
    slopes = [(python(point + step) - python(point - step)) / 2e-6 for step in steps]
    assert answer["value"] == pytest.approx(float(python(point)), rel=1e-13)
    np.testing.assert_allclose(answer["gradient"], slopes, atol=1e-8)
