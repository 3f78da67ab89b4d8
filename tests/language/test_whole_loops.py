"""Long loops are read once and mean what Python means, step by step."""

import functools
import math
from typing import Any

import numpy as np
import pytest
from sympy.core.basic import Basic

from app import errors
from app.language import parse
from app.language.expression.result import Expression
from tests.support import whole_arrays

_RNG = np.random.default_rng(0)
POINT: dict[str, Any] = {
    "x": _RNG.normal(size=400),
    "A": _RNG.normal(size=(300, 3)),
    "s": 0.7,
    "w": _RNG.normal(size=3),
}

MAPS = [
    "sum(x[i]**2*s for i in range(len(x)))",
    "sum(x[i]*x[i-1] for i in range(1, len(x)))",
    "sum(x[i]*s for i in range(len(x)) if i % 3 == 1)",
    "sum(x[i]*x[j] for i in range(100) for j in range(i) if (i + j) % 2 == 0)",
    "sum(x[i]*x[j] for i in range(60) for j in range(60) if i != j)",
    "sum(v*s for v in x)",
    "sum(a*b + i for i, (a, b) in enumerate(zip(x, x[1:])))",
    "sum(np.dot(r, w)**2 for r in A)",
    "sum(np.sum(r) for r in A)",
    "np.sum(sum(r*w for r in A)**2)",
    "np.sum(sum([r*w*i for i, r in enumerate(A)])**2)",
    "np.sum([r*w for r in A])",
    "max(v*s for v in x)",
    "np.array([s*k for k in range(1000)]) @ np.array([k/1000 for k in range(1000)])",
    "len([v for v in x])*s",
    "np.prod([1 + v/100 for v in x])",
    "sum(x[i]*(s if i < 50 else 2*s) for i in range(len(x)))",
    "sum(x[399-i]*s for i in range(len(x)))",
    "sum(x[i]*s for i in reversed(range(len(x))))",
    "sum(x[i]*i for i in range(399, -1, -2))",
    "sum(x[i]*s for i in range(len(x)) if i > 500) + s",
    "np.sum(np.array([[x[i]*j for j in range(3)] for i in range(300)])[:, 1])*s",
    *"""
def f(x, s):
  t = 0
  for i in range(len(x)):
    t += x[i]*s
  return t + i

def f(A, w):
  t = 0
  for i in range(300):
    for j in range(3):
      t += A[i, j]*w[j]
  return t

def f(A):
  t = 0
  for i in range(60):
    for j in range(60):
      t += A[i, 0]*A[j, 1]
  return t

def f(x, s):
  a, b = 0, 0
  for v in x:
    d = v - s
    a += d
    b += d**2
  return b/len(x) - (a/len(x))**2

def f(x, s):
  t = 0
  for i in range(len(x)):
    if i % 2 == 0:
      t += x[i]*s
    elif i % 3 == 0:
      t -= x[i]
  return t

def f(x, s):
  a, b = 0, 1
  for v in x:
    a += v*s
    b += v*s
  return a*b

def f(x, s):
  c = 0
  for v in x:
    if v > 0:
      c += 1
  return c*s
""".strip().split("\n\n"),
]
"""Loops whose steps do not depend on each other."""

SCANS = [
    *"""
def f(x, s):
  t = 0
  for v in x:
    t = s*t + v
  return t

def f(x, s):
  t, u = 0, 1
  for v in x:
    t, u = s*t + v*u, u*0.99
  return t + u

def f(A, w):
  h = 0
  for r in A:
    z = r*w
    h = np.tanh(h*0.5 + z)
  return np.sum(h) + z[0]

def f(x, s):
  t = 0
  for i in range(len(x)):
    if x[i] > 0:
      t += x[i]*s
    else:
      t = t*0.9
  return t

def f(x):
  t, y = 0, 0
  for i in range(len(x)):
    for k in range(3):
      y = y*0.5 + x[i]*k
    t += y
  return t + i + k + y

def f(x, s):
  m = -1e9
  for v in x:
    m = max(m, v*s)
  return m

def f(x, s):
  p = [0, 1]
  for v in x:
    p = [p[1], p[0]*s + v]
  return p[0] + 2*p[1]

def f(x, s):
  a, b = 0, 0
  for v in x:
    a += v*s
    b += a
  return b

def f(s):
  a = s
  for i in range(1, 500):
    a = a - (a*a - 2)/(2*a)*0.01
  return a

def f(s):
  a = s
  for i in range(300):
    b = a
    a = b*0.5 + i
  return a + b

def f(s):
  a = s
  for i in range(60):
    a = a*0.9
    for j in range(60):
      a += 0.001*a*j
  return a
""".strip().split("\n\n"),
]
"""Loops that carry values from step to step."""

UNROLLED = [
    "sum(max([x[i], s]) for i in range(len(x)) if max([i, 10]) > 20)",
    "sum(x[i]*s for i in range(5))",
    *"""
def f(x, s):
  t = 0
  for i in range(len(x)):
    if i > 200:
      break
    t += x[i]*s
  return t + i

def f(A):
  t = 0
  for i in range(60):
    for j in range(i):
      t += A[i, 0]*A[j, 1]
  return t
""".strip().split("\n\n"),
]
"""Loops that are short, that end early, or whose inner bounds depend on the index."""


def read(text: str, **given: Any) -> tuple[Expression, list[Any]]:
    point = POINT | given
    function = parse.read(text)
    arguments = [np.asarray(point[name], float) for name in function.args]
    return function.at([each.shape for each in arguments], whole=True), arguments


def python(text: str) -> Any:
    """Return what Python computes."""
    names = {"np": np, "sum": _sum, "max": _max, "len": len, **POINT}
    if not text.startswith("def"):
        return eval(text, names)  # noqa: S307 - trusted texts of this test
    exec(text, names)  # noqa: S102 - trusted texts of this test
    function = names["f"]
    return function(**{name: POINT[name] for name in function.__code__.co_varnames[: function.__code__.co_argcount]})


def _sum(values: Any) -> Any:
    return functools.reduce(lambda x, y: x + y, list(values), 0)


def _max(*values: Any) -> Any:
    return max(*values) if len(values) > 1 else max(values[0])


def kinds(root: Basic) -> set[str]:
    """Return the loops below a node."""
    seen, stack, found = set(), [root], set()
    while stack:
        node = stack.pop()
        if id(node) in seen:
            continue
        seen.add(id(node))
        found |= {type(node).__name__} & {"Map", "Scan"}
        stack.extend(node.args)
    return found


@pytest.mark.parametrize("text", [*MAPS, *SCANS, *UNROLLED])
def test_a_loop_means_what_it_means_in_python(text: str) -> None:
    expression, point = read(text)
    true = python(text)
    assert math.isclose(whole_arrays.value(expression, point), true, rel_tol=1e-11, abs_tol=1e-11)


@pytest.mark.parametrize("text", MAPS)
def test_steps_that_do_not_depend_on_each_other_need_no_scan(text: str) -> None:
    assert "Scan" not in kinds(read(text)[0].root)


@pytest.mark.parametrize("text", SCANS)
def test_carried_values_are_a_scan(text: str) -> None:
    assert "Scan" in kinds(read(text)[0].root)


def test_reading_costs_what_the_text_costs() -> None:
    expression, _ = read("sum(np.sin(i*s)/(i + 1) for i in range(1000000))")
    assert kinds(expression.root) == {"Map"}


@pytest.mark.parametrize(
    "text",
    [
        "sum(i*s for i in range(1000001))",
        "sum(i*j*s for i in range(2000) for j in range(2000))",
        "def f(s):\n  t = s\n  for i in range(100001):\n    t = t*0.9 + i\n  return t",
    ],
)
def test_longer_loops_are_refused(text: str) -> None:
    with pytest.raises(errors.TooComplex):
        read(text)


def test_pairs_that_the_data_choose_are_refused() -> None:
    with pytest.raises(errors.SyntaxRejected, match="a filter may not depend on the point"):
        read("[(v, v) for v in x if v > 0][0][0]")


def test_a_list_made_by_a_loop_is_no_array() -> None:
    assert read("[v*s for v in x] + [v for v in x]")[0].shape == (2 * len(POINT["x"]),)
    with pytest.raises(errors.SyntaxRejected, match="arithmetic on lists"):
        read("[v*s for v in x] - [v for v in x]")
