"""Texts of several statements: constants, imports, helpers, and what follows a function."""

# ruff: noqa: E501 - a text is one line

import math
from typing import Any

import numpy as np
import pytest

from app import errors
from app.autodiff import tape
from app.engine import points
from app.engine.functions import functions
from app.language import parse
from app.language.grammar.modules import parser as modules
from tests.support import float_tapes, whole_arrays

NUMBERS: dict[str, tuple[str, tuple[str, ...], float]] = {
    "constants before": ("a = 2.5\nb = a**2\ndef f(x):\n    return a*x**2 + b", ("x",), 2.5 * 9 + 6.25),
    "helpers before": ("def g(z):\n    return z + k\nk = 3.0\ndef f(x):\n    return g(x)*k", ("x",), 18.0),
    "the last one": ("def f(x):\n    return x\ndef g(z):\n    return z*2", ("z",), 6.0),
    "a lambda with a name": ("k = 3\nf = lambda x: k*x**2", ("x",), 27.0),
    "a lambda without a name": ("k = 3\nlambda x: k*x**2", ("x",), 27.0),
    "an equation": ("f(x) = x^2 + 1", ("x",), 10.0),
    "an equation with colon": ("f(x, y) := x^2 - y", ("x", "y"), 5.0),
    "statements and an expression": ("a = 2.5*x\na**2", ("x",), 56.25),
    "statements and a return": ("a = 2.5*x\nreturn a**2", ("x",), 56.25),
    "an assignment": ("y = x**2 + 1", ("x",), 10.0),
    "the last assignment": ("a = x*2\nb = a + y", ("x", "y"), 10.0),
    "order of appearance": ("a = z*2\nb = a - y\nb + x", ("z", "y", "x"), 6.0 - 4 + 5),
    "an argument that is changed": ("x = x + 1\nx**2", ("x",), 16.0),
    "a loop": ("s = 0\nfor i in range(3):\n    s += x**i\ns", ("x",), 13.0),
    "a branch": ("if x > 0:\n    s = x\nelse:\n    s = -x\ns*2", ("x",), 6.0),
    "an expression with a helper": ("def g(z): return z**2\ng(x) + y", ("x", "y"), 13.0),
    "an assignment with a helper": ("def g(z): return z**2\ny = g(x)\n", ("x",), 9.0),
    "a helper's free name": ("def g(z): return a*z\ng(x)", ("a", "x"), 12.0),
    "uses after": (
        "def f(x): return x**2\nprint(f(2))\ngrad_f = jax.grad(f)\nprint(f'{grad_f(2.0)}', {1: 2})\njax.grad(f)(x)\nx0 = 2.0\nf(x0)\nf = jax.jit(f)",
        ("x",),
        9.0,
    ),
    "decorators": ("@jax.jit\n@partial(jit, static_argnums=(1,))\ndef f(x):\n    return x**2", ("x",), 9.0),
    "imports": (
        "import numpy as np, jax\nimport jax.numpy as xp\nfrom jax import numpy as foo, grad\nfrom math import (exp as e1, tau,\n  sin)\nfrom numpy import *\ndef f(x):\n    return xp.square(x) + foo.sin(x) + e1(1) + sin(0) + tau",
        ("x",),
        9.0 + math.sin(3.0) + math.e + math.tau,
    ),
    "an import that a parameter hides": ("from math import exp\ndef f(exp): return exp*2", ("exp",), 6.0),
    "a local import": ("import autograd.numpy as anp\nanp.sin(x)", ("x",), math.sin(3.0)),
    "semicolons": ("a = 2; b = a*x; b**2;", ("x",), 36.0),
    "docstring and comment": ('"""doc"""\n# comment\nx**2  # more', ("x",), 9.0),
    "annotations": ("a: float = 2.0\ndef f(x: 'Float[Array, \"n\"]') -> float:\n    b: float = a\n    return b*x", ("x",), 6.0),
    "a method": ("    def f(self, x):\n        return x**2\n", ("x",), 9.0),
    "assert and print": ("def f(x):\n    assert x > 0, 'no'\n    print(f'{x}')\n    return x", ("x",), 3.0),
    "elements changed before": ("import numpy as np\ndata = np.zeros(3)\ndata[0] = 5.0\ndef f(x): return x*data[0]", ("x",), 15.0),
    "changed by another name": ("import numpy as np\ndata = np.zeros(3)\nother = data\nother[0] = 5.0\ndef f(x): return x*data[0]", ("x",), 15.0),
    "a list that grows": ("c = []\nc.append(2.0)\nfor k in range(3):\n    c.append(k)\ndef f(x): return x*c[0] + c[3]", ("x",), 8.0),
    "a list that grows after": ("c = [1.0]\ndef f(x): return x*c[0] + len(c)\nout = []\nout.append(jax.grad(f)(2.0))\nc.append(3.0)", ("x",), 5.0),
    "keyword-only": ("def f(x, /, *, y):\n    return x - y", ("x", "y"), -1.0),
    "a default that is no number": ("def f(x, act=math.sin, y=None, k=True, *, n=3):\n    return act(x) + sum(x*i for i in range(n))", ("x",), math.sin(3.0) + 9.0),
    "a name used as its own default": ("k = 2\ndef g(x, k=k): return k*x\nk = 5\ndef f(x): return g(x)", ("x",), 6.0),
}  # fmt: skip
POINT = [3.0, 4.0, 5.0]


@pytest.mark.parametrize(("text", "args", "value"), NUMBERS.values(), ids=NUMBERS)
def test_a_text_of_several_statements(text: str, args: tuple[str, ...], value: float) -> None:
    function = parse.read(text)
    assert function.args == args
    recording = tape.record(function.at([()] * len(args)))
    point = dict(zip(args, POINT, strict=False))
    assert math.isclose(float_tapes.evaluate(recording, args, point), value, rel_tol=1e-14)


def test_the_function_asked_for_by_name() -> None:
    text = "def f(x):\n    return g(x)*2\ng = lambda z: z + 1\nh(y) = y"
    assert [parse.read(modules.naming(text, name)).args for name in "fgh"] == [("x",), ("z",), ("y",)]
    with pytest.raises(errors.InvalidField, match="no function 'k'") as caught:
        parse.read(modules.naming(text, "k"))
    assert "f, g, h" in (caught.value.hint or "")


def test_data_in_the_text() -> None:
    text = "import numpy as np\ndata = np.array([1.0, 2.0, 4.0])\nN = len(data)\ndef loss(w):\n    r = data*w - 1\n    return np.sum(r**2)/N"
    own: dict[str, Any] = {}
    exec(text, own)  # noqa: S102 - written above
    w = np.array([0.3, -0.5, 0.7])
    found = whole_arrays.value(parse.read(text).at([w.shape], whole=True), [w])
    assert math.isclose(float(found), own["loss"](w), rel_tol=1e-14)


def test_sympys_names_after_its_star() -> None:
    assert parse.read("from sympy import *\nsinc(x)").expression != parse.read("sinc(x)").expression
    assert parse.read("from sympy import *\nsinc(x)").expression == parse.read("sympy.sinc(x)").expression


@pytest.mark.parametrize("text", ["y: float\ndef f(x): return x**2", "y: float\nx**2", "...\nx**2", "y: u\n...; x**2"])
def test_a_line_that_only_declares_is_left_out(text: str) -> None:
    assert float_tapes.means(text, x=3.0) == 9.0


@pytest.mark.parametrize(
    ("text", "fragment", "hint", "offset"),
    [
        ("def f(x): return x\nf = jax.grad(f)", "f is changed", "leave out what follows", 19),
        ("@foo\ndef f(x): return x", "decorator", "jit", 0),
        ("x = 1\nimport torch\nx", "torch", "jnp.", 6),
        ("import requests\nx", "'requests'", "np.", 0),
        ("a + b\n+ c", "second line", "parentheses", 6),
        ("a + b\nc = 2", "second line", "parentheses", 6),
        ("x, y = 1, 2", "without a value", "end with", 0),
        ("sin(x) = 3", "'=' assigns", "another name", 7),
        ("x**2 + y**2 = 1", "'=' assigns", "==", 12),
        ("def f(x): return x\nif __name__ == 'main':\n    f(2)", "__name__", "", 22),
        ("def f(): return 1", "no arguments", "", 0),
        ("def f(x): return f(x - 1)", "calls itself", "loop", 17),
        ("def f(x): return g(x)\ndef g(x): return f(x)", "calls itself", "loop", 39),
        ("x = 1\n  x + 2", "indentation", "", 8),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused_at_its_place(text: str, fragment: str, hint: str, offset: int) -> None:
    with pytest.raises(errors.Rejected) as caught:
        parse.parse(text)
    assert fragment in caught.value.detail
    assert hint in (caught.value.hint or "")
    assert caught.value.position is not None
    assert caught.value.position.offset == offset


def test_an_argument_that_the_text_assigns_is_refused() -> None:
    with pytest.raises(errors.SyntaxRejected, match="which is an argument"):
        parse.read("a = 2.5*x\na**2", ["x", "a"])
    assert parse.read("a = a*x\na**2", ["x", "a"]).args == ("x", "a")


def read(text: str) -> functions.Function:
    return functions.Function(parse.read(text))


def test_an_id_is_that_of_the_function_alone() -> None:
    plain = read("def loss(w, X):\n    return np.sum(w*X)*2.0").function_id
    assert (
        read("import numpy as onp\nunused = 3\ndef f(w, X):\n    return onp.sum(w*X)*2.0\nprint(f(1, 2))").function_id
        == plain
    )
    text = "{0} = 2.0\ndef {1}(v): return {0}*v\ndef loss(w):\n    return np.sum({1}(w))"
    assert read(text.format("a", "g")).function_id == read(text.format("b", "h")).function_id
    assert read(text.format("a", "g")).function_id != read(text.replace("2.0", "3.0").format("a", "g")).function_id
    assert read("k = 2\ndef f(x): return k*x").function_id == read("2*x").function_id


def bound(text: str, point: Any, in_axes: Any = None) -> list[Any]:
    function = read(text)
    found = points.bind(
        point, function.args, function.ranks, in_axes, list_ranks=function.list_ranks, defaults=function.defaults
    )
    return list(found.rows.tolist())


def test_default_values_may_be_left_out_of_the_point() -> None:
    text = "def f(x, a=2.0, b=np.array([1.0, 3.0])):\n    return x*a*b[0]"
    assert bound(text, [5.0]) == [[5.0, 2.0, 1.0, 3.0]]
    assert bound(text, [5.0, 7.0]) == [[5.0, 7.0, 1.0, 3.0]]
    assert bound(text, [5.0, 7.0, [0.0, 1.0]]) == [[5.0, 7.0, 0.0, 1.0]]
    assert bound(text, {"b": [0.0, 1.0], "x": 5.0}) == [[5.0, 2.0, 0.0, 1.0]]
    assert bound(text, [[5.0, 6.0]], 0) == [[5.0, 2.0, 1.0, 3.0], [6.0, 2.0, 1.0, 3.0]]
    assert bound(text, {"x": [5.0, 6.0], "a": 1.0}, [0, None]) == [[5.0, 1.0, 1.0, 3.0], [6.0, 1.0, 1.0, 3.0]]
    with pytest.raises(errors.InvalidField, match="no entry for the argument 'x'"):
        bound(text, {"a": 1.0})
    assert read(text).function_id != read(text.replace("2.0", "4.0")).function_id
    assert read("def f(X, a=2.0): return np.sum(X)*a").defaults == {"a": 2.0}
