"""Derivatives inside a text: their values, gradients and formulae, against SymPy and mpmath at many digits."""

import math
import random
from typing import Any

import mpmath
import pytest
import sympy
from mpmath import mp, mpf

from app.language.vocabulary import words
from tests.support import assertions, mpmath_functions
from tests.support.service import Client

X, Y, T = SYMBOLS = sympy.symbols("x y t", real=True)
POINT = {"x": 0.7, "y": 1.3, "t": 0.4}
_FACTORS: list[tuple[str, str, Any]] = [
    # the LaTeX of a factor, the text, and the same in SymPy
    (r"x^2", "x**2", X**2),
    (r"y^{-1}", "y**(-1)", 1 / Y),
    (r"\sin(x y)", "sin(x*y)", sympy.sin(X * Y)),
    (r"e^{-t x}", "exp(-t*x)", sympy.exp(-T * X)),
    (r"\ln(1 + x^2)", "log(1 + x**2)", sympy.log(1 + X**2)),
    (r"\frac{x}{1 + y^2}", "(x/(1 + y**2))", X / (1 + Y**2)),
    (r"\sqrt{t + x}", "sqrt(t + x)", sympy.sqrt(T + X)),
    (r"x^{y}", "x**y", X**Y),
    (r"\arctan(x - y)", "atan(x - y)", sympy.atan(X - Y)),
    (r"\tanh(t y)", "tanh(t*y)", sympy.tanh(T * Y)),
    (r"(x + t)^{5}", "(x + t)**5", (X + T) ** 5),
    (r"\operatorname{erf}(x)", "erf(x)", sympy.erf(X)),
    (r"\left(2\right)^{x}", "2**x", 2**X),
    (r"\cosh(x)^{\frac{1}{2}}", "cosh(x)**(1/2)", sympy.sqrt(sympy.cosh(X))),
]


def _operators(generator: random.Random) -> tuple[str, str, list[Any]]:
    """Return a derivative in LaTeX, its variables as text, and these variables."""
    variables = generator.choices(SYMBOLS, k=generator.randint(1, 3))
    forms = {
        1: lambda: rf"\frac{{\partial}}{{\partial {variables[0]}}}",
        2: lambda: rf"\frac{{\partial^2}}{{\partial {variables[0]} \partial {variables[1]}}}",
        3: lambda: " ".join(rf"\partial_{each}" for each in variables),
    }
    return forms[len(variables)](), ", ".join(map(str, variables)), variables


def _formula(generator: random.Random) -> tuple[str, str, Any]:
    """Return a sum of derivatives of products, which have all variables in them: LaTeX, text, SymPy."""
    latex, text, meaning = [], [], sympy.Integer(0)
    for _ in range(generator.randint(1, 2)):
        operator, by, variables = _operators(generator)
        factors = generator.sample(_FACTORS, generator.randint(1, 3))
        inside = " ".join(each[0] for each in factors) + " + x y t"
        product = sympy.Mul(*[each[2] for each in factors]) + X * Y * T
        latex.append(rf"{operator} \left[{inside}\right]")
        text.append(f"Derivative({'*'.join(each[1] for each in factors)} + x*y*t, {by})")
        meaning += sympy.diff(product, *variables)
    return " + ".join(latex) + " + x", " + ".join(text) + " + x", meaning + X


@pytest.mark.parametrize("seed", range(40))
@pytest.mark.parametrize("form", ["latex", "text"])
def test_value_and_gradient_of_derivatives_are_those_of_sympy(client: Client, seed: int, form: str) -> None:
    latex, text, meaning = _formula(random.Random(seed))  # noqa: S311 - a test's
    answer = client.grad(latex if form == "latex" else text, POINT, format=form, args=list(POINT), argnums=[0, 1, 2])
    exact = {symbol: sympy.Float(POINT[str(symbol)], 50) for symbol in SYMBOLS}
    wanted = [meaning, *[sympy.diff(meaning, symbol) for symbol in SYMBOLS]]
    for found, formula in zip([answer["value"], *answer["gradient"]], wanted, strict=True):
        assertions.assert_close(found, float(formula.evalf(50, subs=exact)), 1e-11, 1e-12)


@pytest.mark.parametrize("order", [1, 2, 5, 8, 20])
def test_derivatives_of_high_order(client: Client, order: int) -> None:
    answer = client.grad(rf"\frac{{d^{{{order}}}}}{{dx^{{{order}}}}} \sin(2x) e^{{x}}", {"x": 0.3}, format="latex")
    meaning = sympy.diff(sympy.sin(2 * X) * sympy.exp(X), X, order)
    for found, formula in zip([answer["value"], answer["gradient"]], [meaning, meaning.diff(X)], strict=True):
        assertions.assert_close(found, float(formula.evalf(50, subs={X: sympy.Float(0.3, 50)})), 1e-10)


# Words

_CANDIDATES = (0.3, 0.7, 1.9, -0.6, 2.5, 4.2)
_LESS_DIGITS: dict[str, float] = {"usinc": 1e-9, "exprel": 1e-9}
_OF_MPMATH = mpmath_functions.names()
_HOSTED = {"airyai", "airybiprime", "spence", "jacobiSN", "hyp1f1", "elliptic_k"}  # the reference of others takes long
_WORDS = [
    (word.names[0], word.arity[0])
    for word in words.PRIMITIVES
    if word.kind == "elementwise" and word.names[0] in _OF_MPMATH and (not word.hosted or word.names[0] in _HOSTED)
]


@pytest.mark.parametrize(("name", "arity"), _WORDS)
def test_the_derivative_of_a_word_by_each_operand(client: Client, name: str, arity: int) -> None:
    names = [f"a{number}" for number in range(arity)]
    function = mpmath_functions.function(name)
    checked = 0
    for place in range(arity):
        text = f"Derivative({name}({', '.join(names)}), {names[place]}) + 0*({' + '.join(names)})"
        for offset in range(len(_CANDIDATES)):
            point = [_CANDIDATES[(offset + 2 * k) % len(_CANDIDATES)] for k in range(arity)]
            wanted = _slope(function, point, place)
            if wanted is None:
                continue
            response = client.post({"expression": text, "point": point, "args": names}, "/v1/evaluate")
            if response.status_code == 422 and "no formula" in response.json()["detail"]:
                checked += 1
                break
            found = response.json()["value"]
            assertions.assert_close(found, wanted, _LESS_DIGITS.get(name, 1e-11), 1e-12)
            checked += 1
    assert checked


def _slope(function: Any, point: list[float], place: int) -> float | None:
    """Return a derivative by mpmath, None where the function or its derivative is not real and smooth there."""
    with mp.workdps(40):
        try:
            slopes = [
                mpmath.diff(
                    lambda x: function(*[*map(mpf, point[:place]), x, *map(mpf, point[place + 1 :])]),
                    mpf(point[place]),
                    direction=side,
                )
                for side in (-1, 1)
            ]
        except (ValueError, ZeroDivisionError, ArithmeticError, NotImplementedError, TypeError):
            return None
        return float(slopes[0]) if abs(slopes[0] - slopes[1]) < mpf(10) ** -8 * (1 + abs(slopes[0])) else None


# Kinks, branches, loops and arrays


@pytest.mark.parametrize(
    ("text", "point", "value"),
    [
        ("Derivative(abs(x), x)", {"x": 0.0}, 1.0),
        ("Derivative(max(x, y), x)", {"x": 1.0, "y": 1.0}, 0.5),
        ("Derivative(max(x, y, t), t)", {"x": 1.0, "y": 2.0, "t": 3.0}, 1.0),
        ("Derivative(min(x, y, x*y), x)", {"x": 1.5, "y": 0.5}, 0.0),
        ("Derivative(where(x > 0, log(x), 0), x)", {"x": -1.0}, 0.0),
        ("Derivative(x**2 if x < 1 else x**3, x)", {"x": 2.0}, 12.0),
        ("Derivative(floor(x)*x, x)", {"x": 2.5}, 2.0),
        ("Derivative(y, x) + x", {"x": 2.5, "y": 1.0}, 2.5),
        ("Derivative(x**y, y)", {"x": 0.0, "y": 2.0}, 0.0),
        ("Derivative(x**0 + 3*x, x)", {"x": 0.0}, 3.0),
        ("def f(x, n):\n    s = 1\n    for k in range(4):\n        s = s*x + k\n    return Derivative(s, x) + n",
         {"x": 2.0, "n": 0.0}, 4 * 2.0**3 + 2 * 2.0 + 2),
        ("f = lambda u: u**3\nDerivative(f(x), x)*x", {"x": 2.0}, 24.0),
        ("Derivative(Derivative(x**3*y, x), y)", {"x": 2.0, "y": 5.0}, 12.0),
        ("sum(Derivative(x**k, x) for k in range(4))", {"x": 2.0}, 1 + 4 + 12.0),
        ("Derivative(sum(exp(-t*v)), t)", {"t": 0.5, "v": [0.0, 1.0, 2.0]}, -math.exp(-0.5) - 2 * math.exp(-1.0)),
        ("Derivative(v @ (t*w + t**2), t)", {"t": 0.5, "v": [1.0, 2.0], "w": [3.0, 4.0]}, 3 + 8 + 1 + 2.0),
        ("sum(Derivative(t*v + 1, t))", {"t": 0.5, "v": [1.0, 2.0]}, 3.0),
        ("sum(Derivative([t, t**2, 5], t))", {"t": 0.5}, 2.0),
        ("Derivative(sum(t*v[i]**2 for i in range(40)), t)", {"t": 0.5, "v": [1.0] * 40}, 40.0),
    ],
)  # fmt: skip
def test_what_a_derivative_goes_through(client: Client, text: str, point: dict[str, Any], value: float) -> None:
    found = client.post({"expression": text, "point": point}, "/v1/evaluate").json()
    assert found.get("value") == pytest.approx(value, rel=1e-13, abs=1e-15), found


@pytest.mark.parametrize(
    ("text", "point", "code", "part"),
    [
        ("Derivative(x**2, 3)", {"x": 1.0}, "syntax_error", "an argument that is a number"),
        ("y = x**2\nDerivative(y**2, y)", {"x": 1.0}, "syntax_error", "an argument that is a number"),
        ("Derivative(sum(v), v)", {"v": [1.0, 2.0]}, "syntax_error", "an argument that is a number"),
        ("Derivative(v[0]**2 + v[1], v[0])", {"v": [1.0, 2.0]}, "syntax_error", "an argument that is a number"),
        ("Derivative(x**2)", {"x": 1.0}, "bad_arity", "takes a value and arguments"),
        ("Derivative(x**2, x, 1.5)", {"x": 1.0}, "syntax_error", "an argument that is a number"),
        ("Derivative(x**2, (x, -1))", {"x": 1.0}, "bad_arity", "takes a value and arguments"),
        ("Derivative(sin(x), (x, 21))", {"x": 1.0}, "too_complex", "order above 20"),
        ("Derivative(betainc(a, 2, 0.5), a)", {"a": 1.0}, "unknown_name", "has no formula in the language"),
        ("sum(Derivative(cholesky(t*A), t))", {"t": 1.0, "A": [[2.0, 0.0], [0.0, 2.0]]}, "unknown_name", "of arrays"),
    ],
)
def test_what_is_refused(client: Client, text: str, point: dict[str, Any], code: str, part: str) -> None:
    response = client.post({"expression": text, "point": point}, "/v1/evaluate")
    document = response.json()
    assert (response.status_code, document["code"]) == (422, code), document
    assert part in document["detail"]
    assert document["position"] is not None


def test_formulae_and_proofs_of_a_derivative(client: Client) -> None:
    asked = {"expression": r"\frac{d}{dx} \sin(x)^2 y", "format": "latex"}
    meaning = sympy.diff(sympy.sin(X) ** 2 * Y, X)
    wanted = [meaning, meaning.diff(X), meaning.diff(Y)]
    point = {"x": 0.3, "y": 2.0}
    exact = [float(each.evalf(50, subs={X: sympy.Float(0.3, 50), Y: 2})) for each in wanted]
    formulae = client.post(asked | {"argnums": [0, 1]}, "/v1/symbolic").json()
    for form, value in zip([formulae["function"], *formulae["partials"]], exact, strict=True):
        for text, written in ((form["text"], "text"), (form["latex"], "latex")):
            again = {"expression": text, "format": written, "point": point, "args": ["x", "y"]}
            assertions.assert_close(client.post(again, "/v1/evaluate").json()["value"], value, 1e-14)
    proved = client.grad(asked["expression"], point, format="latex", verify="rigorous", argnums=[0, 1])
    for found, value in zip([proved["value"], *proved["gradient"]], exact, strict=True):
        assertions.assert_close(found, value, 1e-15)


def test_a_large_derivative_is_refused_in_time(client: Client) -> None:
    product = "*".join(f"sin({k}*x)" for k in range(1, 400))
    response = client.post({"expression": f"Derivative({product}, (x, 8))", "point": [1.0]})
    assert response.json()["code"] == "too_complex"
