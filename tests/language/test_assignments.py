"""Assignments to elements, slices and masks, and lists that grow, against Python itself with NumPy."""

from collections.abc import Sequence
from random import Random
from typing import Any

import numpy as np
import pytest

from app import errors
from app.language import parse
from app.language.arrays import loops
from tests.autodiff.arrays.test_texts import value_and_gradient
from tests.support import numpy_programs

X, A, Z = np.array([0.3, -1.2, 2.0, 0.7]), np.arange(12.0).reshape(3, 4) / 7 - 0.6, np.float64(1.3)


def check(text: str, point: Sequence[Any]) -> None:
    """Assert that value and gradient of a def are what Python makes of it."""
    value, gradient = value_and_gradient(text, point)
    np.testing.assert_allclose(value, numpy_programs.value(text, point), rtol=1e-11, atol=1e-12)
    np.testing.assert_allclose(gradient, numpy_programs.gradient(text, point), rtol=1e-9, atol=1e-10)


def of_lines(*lines: str, arguments: str = "x, A, z") -> str:
    return "\n".join([f"def f({arguments}):", *[f"    {line}" for line in lines]])


@pytest.mark.parametrize(
    "lines",
    [
        ["y = np.zeros(4)", "y[0] = x[0]*2", "y[1:3] = x[1:3]**2", "y[-1] += z", "return np.sum(y**2)"],
        ["x[1:] -= x[:-1]", "return np.sum(x**2)"],
        ["x[0], x[2] = x[2], x[0]", "return np.sum(x*np.arange(4.0)) + x[0]**2"],
        ["A[0, 1] += z", "A[:, 0] = z*A[:, 1]", "A[..., -1] *= 2", "return np.sum(A**2)"],
        ["A[::2, ::-1] = x", "A[1, 1:3] = x[:2]", "return np.sum(A**3)"],
        ["A[[0, 2], [1, 1]] = x[:2]", "A[[0, 0]] *= z", "return np.sum(A**2)"],
        ["y = x*1", "y[y < 0] = 0", "y[x > 1] *= z", "return np.sum(y*x)"],
        ["y = np.zeros(3)", "y[[True, False, True]] = x[:2]", "return np.sum(y*x[1:])"],
        ["B = A[1:, ::2]", "B[0] = x[:2]", "A[2, 2] = z", "return np.sum(B**2) + np.sum(A)"],
        ["r = A[1]", "A[1] = x*z", "return np.sum(r*x)"],
        ["B = A.T", "B[0] = z", "C = B[1:].T", "C *= x[1]", "return np.sum(A**2)"],
        ["a = b = x", "b[0] = z", "c = a", "c += x", "return np.sum(a**2)"],
        ["a = b = np.zeros(3)", "b[0] = z", "return a[0]*x[1] + np.sum(a)"],
        ["y = x if True else A[0]", "y[1] = z", "return np.sum(x**2)"],
        ["a, (b, *c), d = x[0], x, z", "return a*b + np.sum(np.array(c))*d"],
        ["a, b, c, d = x", "(n, m), k = A.shape, 2", "return a*b + c*d*n + m*k"],
        ["*w, b = x", "w[1] = b*z", "return w[0]*w[1] + b"],
        ["t: float = z*x[0]", "u: 'number' = t**2", "return t*u"],
        ["y = w = x[1]*z", "return y*w"],
        ["for row in A:", "    row[0] = z", "    row[1:] *= row[0]", "return np.sum(A**2)"],
        ["for i, v in enumerate(x[:-1]):", "    x[i + 1] += v*z", "return np.sum(x**2)"],
        ["y = np.zeros(3)", "y[2] = x[0]", "if z > 1:", "    y[0] = z", "else:", "    y[1] = 2",
         "return np.sum(y*A[0, :3])"],
        ["if z > 1:", "    y = np.zeros(4)", "else:", "    y = x*2", "y[1] = z**2", "return np.sum(y*x)"],
        ["y = np.zeros((2, 3))", "for i in range(2):", "    for j in range(3):", "        y[i, j] = A[i, j]*x[j]*z",
         "return np.sum(y**2)"],
        ["out = []", "for v in x:", "    out.append(v**2)", "out += [z, out[-1]]", "return sum(out)*out[1] + len(out)"],
        ["out = [x[0]]", "out.extend([v*z for v in x])", "out[0] = z", "out[1:3] = [x[1], z**2]", "b = out",
         "b.append(x[3])",
         "return np.sum(np.array(out)**2)"],
        ["M = [[x[0], z], [x[1], 1.0]]", "M[0][1] = M[1][0]**2", "N = M[1]", "N[0] *= z",
         "return M[0][1]*M[1][0] + M[1][1]"],
        ["M = [[0.0]*2 for i in range(3)]", "M[1][1] = z", "M[2][0] = x[1]", "return sum([sum(row) for row in M])**2"],
        ["rows = [x, A[0]]", "rows[0][1] = z", "return np.sum(x**2) + np.sum(rows[0]*rows[1])"],
        ["y = np.array(x)", "y[0] = z", "return np.sum(x*y)"],
        ["def g(v):", "    w = v*1.0", "    w[0] = z", "    return w", "y = g(x)", "y[1] = z", "return np.sum(x*y)"],
        ["n = 0", "t = z", "while n < 5:", "    n += 1", "    if n == 2:", "        continue", "    t = t*x[0] + n",
         "    if n > 3:", "        break", "return t**2"],
        ["for k in range(3):", "    y = x*k", "    y[k] = z", "    A[k] = y", "return np.sum(A**2)"],
    ],
)  # fmt: skip
@pytest.mark.parametrize("unrolled", [True, False])
def test_an_assignment_does_what_numpy_does(lines: list[str], unrolled: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    if not unrolled:
        monkeypatch.setattr(loops, "_SHORT", 0)
    check(of_lines(*lines), [X, A, Z])


@pytest.mark.parametrize(
    "lines",
    [
        ["v = x[:]", "x[0] = z", "v *= 2", "return np.sum(v)"],
        ["v = x[::-1]", "if x[0] > 0:", "    x[0] = z", "x[1] = 3*z", "return np.sum(v*x)"],
        ["v = x", "v[0] = z", "return np.sum(x)"],
        ["def h():", "    return np.sum(x)", "v = x[1:]", "v[0] = z", "return h()"],
        ["v = [x, z*x][1]", "v[0] = z", "return np.sum(v)"],
    ],
)
def test_a_function_that_is_called_has_views_of_what_it_is_given(lines: list[str]) -> None:
    helper = of_lines(*lines, arguments="x, z").replace("def f", "def g")
    check(f"{helper}\ndef f(x, A, z):\n    return g(x*z, z) + g(z*A[0], x[0])", [X, A, Z])


@pytest.mark.parametrize("default", ["np.zeros(3)", "[1.0, 2.0]"])
def test_a_default_value_is_one_object_that_no_call_may_change(default: str) -> None:
    text = f"def g(s, v={default}):\n    v[0] = v[0] + s\n    return v[0]\ndef f(x, A, z):\n    return g(z) + g(z)"
    with pytest.raises(errors.SyntaxRejected, match="may not change"):
        check(text, [X, A, Z])
    check(text.replace("v[0] = v[0] + s", "s = v[0] + s"), [X, A, Z])


def test_random_programs_do_what_numpy_does() -> None:
    compare_programs(range(60), refused=0)


def test_random_programs_read_once_do_what_numpy_does(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loops, "_SHORT", 0)
    compare_programs(range(60, 120), refused=2)


@pytest.mark.slow
def test_many_random_programs_do_what_numpy_does() -> None:
    compare_programs(range(1000, 2200), refused=12)


def compare_programs(seeds: range, refused: int) -> None:
    """Compare programs of these seeds with NumPy; at most ``refused`` may be refused."""
    answered = 0
    for seed in seeds:
        text = numpy_programs.Programs(Random(seed)).program()  # noqa: S311
        numbers = np.random.default_rng(seed).normal(size=5)
        point = [numbers[:4], numbers[4]]
        try:
            check(text, point)
        except errors.SyntaxRejected:
            refused -= 1
        except errors.BadShape:
            with pytest.raises(IndexError):  # NumPy refuses it, too
                numpy_programs.value(text, point)
        except AssertionError:
            pytest.fail(text)
        else:
            answered += 1
    assert refused >= 0
    assert answered


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (["y = np.array([1, 2, 3])", "y[0] = z", "return y[0]"], "array of integers"),
        (["y = np.zeros(3)", "y[3] = z", "return y[0]"], "index 3"),
        (["y = np.zeros(3)", "y[0:2] = x", "return y[0]"], "shape"),
        (["y = np.zeros(3)", "y[x > 0] = z", "return y[0]"], "mask of shape"),
        (["y = np.zeros(4)", "y[x > 0] = x[1:]", "return y[0]"], "depends on the point"),
        (["y = x if z > 0 else A[0]", "y[0] = z", "return np.sum(x)"], "another name may share"),
        (["y = np.reshape(x, (2, 2))", "y[0, 0] = z", "return np.sum(x)"], "another name may share"),
        (["t = (z, 1)", "t[0] = 2", "return t[0]"], "a tuple has no elements to assign to"),
        (["z[0] = 2", "return z"], "a number has no elements to assign to"),
        (["q[0] = 2", "return z"], "'q' is not defined"),
        (["def g(v):", "    v[0] = 1.0", "    return v[0]", "return g(x)"], "may not change what it is given"),
        (["y = []", "if z > 0:", "    y.append(z)", "return sum(y)"], "0 or 1 items, as the point is|1 or 0 items"),
        (["n = 1", "while n:", "    n += 1", "return z"], "more than"),
        (["sin(x) = 2", "return z"], "only names and elements"),
        (["a, *b, *c = x", "return z"], "only one starred name"),
        (["return *x, 1"], "where a value was expected"),
    ],
)
def test_what_is_refused(lines: list[str], message: str) -> None:
    with pytest.raises(errors.Rejected, match=message) as caught:
        parse.read(of_lines(*lines)).at([(4,), (3, 4), ()])
    assert caught.value.position is not None


def test_lists_of_thousands_grow() -> None:
    lines = "a, b = [z], [x]", "for i in range(5_000):", "    a.append(a[-1]/2 + i)", "    b.append(b[-1]/2)"
    read = parse.read(of_lines(*lines, "return a[-1] + b[-1].sum()"))
    assert read.at([(4,), (3, 4), ()]).shape == ()
