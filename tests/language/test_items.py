"""Python's ways through items: what is kept and in what order is known from the text."""

import pytest

from tests.support.service import Client


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("def f(x):\n    it = iter([x, 2*x])\n    return next(it) + next(it)", "[v for v in x]"),
        ("def f(x):\n    it = (v*x for v in [1, 2])\n    return next(it) + next(it)", "x[0]"),
        ("def f(x):\n    return next(v*x for v in [1, 2] if v > 2)", ""),
        ("sum(filter(lambda v: v > 1, [x, 2*x]))", "where(x > 0"),
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
