"""Functions as values: helpers, lambdas, closures. Python itself says what a text means."""

# ruff: noqa: E501 - a text is one line

import math
from typing import Any

import numpy as np
import pytest

from app import errors
from app.autodiff import tape
from app.language import identity, parse
from app.language.grammar import statements
from tests.support import float_tapes, random_programs, whole_arrays

NUMBERS = {"sin": math.sin, "exp": math.exp, "np": np, "jnp": np, "math": math}

OF_NUMBERS = {
    "a def": "def f(x):\n    def g(y):\n        return y*x\n    return g(x) + g(2)",
    "a def of several statements": "def f(x):\n    def g(y):\n        if y > 1:\n            return y**2\n        return -y\n"
    "    return g(x) + g(x - 2)",
    "defaults and keywords": "def f(x):\n    g = lambda z, a=2.0: z*a\n    return g(x) + g(x, a=5) + g(x, 3) + g(a=x, z=1)",
    "a default is computed once": "def f(x):\n    k = 2\n    def g(z, a=k*x): return a*z\n    k = 3\n    return g(x)",
    "annotations": "def f(x):\n    def g(y: float, *, k: 'float' = 2.0) -> float: return k*y\n    return g(x, k=3) + g(x)",
    "positional only": "def f(x):\n    def g(y, /, z): return y - z\n    return g(x, z=3)",
    "a variable changed later": "def f(x):\n    a = 1.0\n    def g(z): return a*z\n    a = 2.0\n    return g(x)",
    "a variable given later": "def f(x):\n    def g(z): return a*z\n    a = 2.0\n    return g(x)",
    "a variable changed in a branch": "def f(x):\n    a = 1.0\n    def g(z): return a*z\n    if x > 0:\n        a = 2.0\n"
    "        return g(x)\n    return g(x)",
    "a variable changed in a loop": "def f(x):\n    a = 1.0\n    g = lambda z: a*z\n    t = 0.0\n"
    "    for i in range(4):\n        a = a*x\n        t = t + g(1.0)\n    return t + g(x)",
    "a variable of a comprehension hides none": "def f(x):\n    a = 2.0\n    def g(z): return a*z\n"
    "    return sum(g(x) for a in range(3))",
    "a local name hides none": "def f(x):\n    a = 2.0\n    def g(z):\n        a = z\n        return a\n    return g(x)*a",
    "late binding in a list": "def f(x):\n    fs = [lambda z: z*i for i in range(3)]\n    return fs[0](x) + fs[1](x)",
    "binding by a default": "def f(x):\n    fs = [lambda z, i=i: z*i for i in range(3)]\n    return fs[0](x) + fs[1](x)",
    "a loop over functions": "def f(x):\n    v = [g(x) for g in [lambda z: z, lambda z: 2*z]]\n    return v[0] - v[1]*3",
    "called where it is made": "def f(x):\n    return sum([(lambda z: z*i)(x) for i in range(3)])",
    "a word as a value": "def f(x):\n    g = sin\n    return g(x)*g(x)",
    "a word with its prefix": "def f(x):\n    g = np.exp\n    h = lambda f, t: f(f(t))\n    return h(g, x)",
    "functions of functions": "def f(x):\n    twice = lambda h: lambda y: h(h(y))\n"
    "    return twice(twice(lambda z: z*3))(x)",
    "a maker": "def f(x):\n    def make(n):\n        def g(y): return y**n\n        return g\n"
    "    a, b = make(2), make(3)\n    return a(x) + b(x)",
    "a maker's variables are its own": "def f(x):\n    n = 7\n    def make(n):\n        return lambda y: y*n\n    a = make(2)\n"
    "    n = 9\n    return a(x)*n",
    "two levels": "def f(x):\n    k = x + 1\n    def g(y):\n        def h(z): return z*k + y\n        return h(y) + h(2)\n"
    "    return g(x)",
    "a helper calls one defined later": "def f(x):\n    def g(y): return h(y) + 1\n    def h(y): return y*x\n    return g(x)",
    "one of two": "def f(x):\n    if x > 0: g = lambda z: z\n    else: g = lambda z: -z\n    return g(x)*x",
    "one of two in an expression": "def f(x):\n    g = (lambda z: z) if x > 0 else (lambda z: -z)\n    return g(x)*x",
    "a lambda up to the comma": "def f(x):\n    a, b = lambda z: z + 1 if z > 0 else z - 1, 3\n    return a(x)*b",
    "a name that is a word": "def f(x):\n    def sin(z): return z*x\n    return sin(2)",
    "in a long loop": "def f(x):\n    t = 0\n    def step(t, i): return t + i*x\n    for i in range(1000): t = step(t, i)\n"
    "    return t",
    "a lambda called at once": "def f(x):\n    return (lambda y: y*2)(x) + (lambda: 3)()",
}


@pytest.mark.parametrize("text", OF_NUMBERS.values(), ids=OF_NUMBERS)
@pytest.mark.parametrize("x", [1.75, -0.5])
def test_a_function_of_numbers_is_pythons(text: str, x: float) -> None:
    own: dict[str, Any] = dict(NUMBERS)
    exec(text, own)  # noqa: S102 - written above
    assert math.isclose(float_tapes.means(text, x=x), own["f"](x), rel_tol=1e-14)


OF_ARRAYS = {
    "a helper of an array": "def f(X):\n    def centre(v): return v - np.mean(v)\n    return np.sum(centre(X)**2)",
    "a helper in a long loop": "def f(X):\n    def step(s, v): return 0.5*s + v*X[0]\n    s = 0.0\n    for i in range(len(X)):\n"
    "        s = step(s, X[i])\n    return s",
    "a helper in a comprehension": "def f(X):\n    a = 2.0\n    g = lambda v: a*v**2\n"
    "    return np.sum(np.array([g(a) for a in X])) + g(a)",
    "a variable of a long loop": "def f(X):\n    a = 1.0\n    g = lambda v: a*v\n    s = 0.0\n    for v in X:\n"
    "        a = 0.9*a + v\n        s = s + g(v)\n    return s + g(1.0)",
    "a helper in a filter": "def f(X):\n    def log1p(i): return i % 3\n"
    "    return np.sum(np.array([X[i]*i for i in range(len(X)) if log1p(i) == 1]))",
    "a matrix and words as values": "def f(X):\n    act = np.tanh\n    layer = lambda h, w: act(h*w)\n    h = X\n"
    "    for k in range(3):\n        h = layer(h, k + 0.5)\n    return np.sum(h)",
}


@pytest.mark.parametrize("text", OF_ARRAYS.values(), ids=OF_ARRAYS)
@pytest.mark.parametrize("count", [4, 200])
def test_a_function_of_an_array_is_numpys(text: str, count: int) -> None:
    x = np.random.default_rng(count).normal(size=count) / 3
    own: dict[str, Any] = dict(NUMBERS)
    exec(text, own)  # noqa: S102 - written above
    found = whole_arrays.value(parse.read(text).at([x.shape], whole=True), [x])
    assert math.isclose(float(found), own["f"](x), rel_tol=1e-12)


@pytest.mark.parametrize(
    ("text", "detail", "offset"),
    [
        ("def f(x):\n    def g(y): return g(y)\n    return g(x)", "calls itself", 31),
        ("def f(x):\n    w = (lambda h: h(h))(lambda h: h(h))\n    return x", "calls itself", 45),
        ("def f(x):\n    def g(y): return y\n    return g()", "needs the argument 'y'", 44),
        ("def f(x):\n    def g(y): return y\n    return g(x, x)", "takes 1 arguments, not 2", 44),
        ("def f(x):\n    def g(y): return y\n    return g(z=x)", "no argument 'z'", 44),
        ("def f(x):\n    def g(y): return y\n    return g(x, y=x)", "got 'y' twice", 44),
        ("def f(x):\n    def g(y): return y\n    return g + x", "function 'g' stands where", 46),
        ("def f(x):\n    return sin", "function 'sin' stands where", 21),
        ("(x + 1)(x)", "only a function can be called", 7),
        ("lambda x: (lambda y=1, z: y)(x)", "follows one that has one", 23),
    ],
)
def test_a_call_that_cannot_be_is_refused_at_its_place(text: str, detail: str, offset: int) -> None:
    with pytest.raises(errors.Rejected) as caught:
        parse.parse(text)
    assert detail in caught.value.detail
    assert caught.value.position is not None
    assert caught.value.position.offset == offset


@pytest.mark.parametrize(
    "text",
    [
        "lambda x: " + "lambda y: " * 100 + "x",
        "lambda x, y=" * 100 + "x",
        "def f(x):\n" + "".join(" " * k + f"def g{k}(y):\n" for k in range(1, 50)) + " " * 50 + "return x",
        "def f(x):\n    g0 = lambda z: z*x\n"
        + "".join(f"    g{k} = lambda z: g{k - 1}(z) + g{k - 1}(2*z)\n" for k in range(1, 25))
        + "    return g24(x)",
        "def f(x):\n    g0 = lambda z: z*x\n"
        + "".join(f"    g{k} = lambda z: g{k - 1}(z + 1)\n" for k in range(1, 120))
        + "    return g119(x)",
    ],
)
def test_functions_that_are_nested_or_called_too_deep_are_refused(text: str) -> None:
    with pytest.raises(errors.TooComplex):
        parse.parse(text)


def test_an_id_does_not_depend_on_the_names_of_helpers() -> None:
    def digest(text: str) -> str:
        source = statements.parse(text, max_nesting=100)
        return identity.digest(source.code, source.parameters or ())

    text = "def f(X):\n    {0} = 2.0\n    def {1}(v): return {0}*v\n    {2} = 3.0\n    return np.sum({1}(X)) + {2}"
    assert digest(text.format("a", "g", "b")) == digest(text.format("b", "h", "a"))
    assert digest(text.format("a", "g", "a")) != digest(text.format("a", "g", "b"))
    late = "def f(X):\n    def g(v): return a*v\n    {0} = 2.0\n    {1} = 3.0\n    return np.sum(g(X))"
    assert digest(late.format("a", "b")) != digest(late.format("b", "a"))
    called = "def f(X):\n    def g({0}, {1}): return {0} - {1}\n    return np.sum(g(a=X, b=2))"
    assert digest(called.format("a", "b")) != digest(called.format("b", "a"))
    given = "def f(X):\n    g = {}\n    return np.sum(g(X))"
    assert digest(given.format("np.sin")) == digest(given.format("jnp.sin")) != digest(given.format("np.cos"))


def same_as_python(seed: int) -> bool:
    """Compare a program at random with Python; return whether it is one that both can run."""
    text = random_programs.Program(seed).text()
    own: dict[str, Any] = {}
    try:
        exec(text, own)  # noqa: S102 - generated here
        expected = own["f"](1.75, -0.5)
        function = parse.read(text)
        expression = function.expression or function.at([(), ()])
    except (NameError, OverflowError, errors.UnknownName, errors.BadConstant, errors.TooComplex):
        return False  # UnknownName: Python did not come to the place
    found = float_tapes.evaluate(tape.record(expression), function.args, {"x": 1.75, "y": -0.5})
    assert math.isclose(found, expected, rel_tol=1e-9, abs_tol=1e-9), text
    return True


@pytest.mark.parametrize("text", ["lambda norm: norm.pdf(2.0)", "lambda stats: stats.norm.pdf(2.0)"])
def test_a_distribution_is_hidden_by_a_variable_of_its_name(text: str) -> None:
    with pytest.raises(errors.UnknownName, match=r"the attribute \.\w+ is not in the language"):
        parse.parse(text)


def test_programs_at_random_are_pythons() -> None:
    assert sum(map(same_as_python, range(200))) > 120


@pytest.mark.slow
def test_many_programs_at_random_are_pythons() -> None:
    assert sum(map(same_as_python, range(200, 4000))) > 2000
