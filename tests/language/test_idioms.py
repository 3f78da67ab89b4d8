"""What people write from habits of other languages is taken with the right meaning, or the hint says what to write."""

# ruff: noqa: RUF001 - the very characters that people paste

import math
from typing import Any

import pytest

from tests.support.service import Client

V, M = [1.0, 2.0, 4.0], [[1.0, 2.0], [3.0, 4.0]]

TAKEN: list[tuple[str, dict[str, Any], Any]] = [
    ("dot(x, y) + sum(x[-1:])", {"x": V, "y": V}, 25.0),
    ("x @ y", {"x": V, "y": V}, 21.0),
    ("solve(A, b)", {"A": M, "b": [5.0, 11.0]}, [1.0, 2.0]),
    ("round(x, 2)", {"x": 1.234}, 1.23),
    ("norm(A, 'fro')**2", {"A": M}, 30.0),
    ("fix(x) + mod(x, 3)", {"x": -4.5}, -2.5),
    ("nthroot(x, 3) + log2(x)", {"x": 8.0}, 5.0),
    ("ones(2)*x", {"x": 3.0}, [3.0, 3.0]),
    ("polyval([1, 2, 3], x)", {"x": 2.0}, 11.0),
    ("f(x) = x^2 + 1", {"x": 3.0}, 10.0),
    ("√x + cosd(y)", {"x": 4.0, "y": 60.0}, 2.5),
    ("clamp(x, 0, 1)", {"x": 3.0}, 1.0),
    ("=SUMPRODUCT(A, B)", {"A": V, "B": V}, 21.0),
    ("=IF(A1>0;A1^2;0)", {"A1": 3.0}, 9.0),
    ("=IF(A1>0;A1*1,5;0,5)", {"A1": 3.0}, 4.5),
    ("=ROUND(A1;0)", {"A1": 2.5}, 3.0),
    ("=INT(A1) + MOD(A1, 3)", {"A1": -2.5}, -2.5),
    ("=LOG(A1) + LN(B1) + LOG(A1, 10)", {"A1": 100.0, "B1": math.e}, 5.0),
    ("E^x + Abs(y) + Max(x, y)", {"x": 0.0, "y": -2.0}, 3.0),
    ("Piecewise((x, x > 0), (0, True))", {"x": 2.0}, 2.0),
    ("x = symbols('x')\nf = x**2 + sin(x)", {"x": 0.0}, 0.0),
    ("x.item()**2", {"x": 3.0}, 9.0),
    ("fabs(x) + fmax(x, y)", {"x": -1.0, "y": 2.0}, 3.0),
    ("e^(-x^2/2)", {"x": 0.0}, 1.0),
    ("np.einsum(‘i,i->’, x, x)", {"x": V}, 21.0),
    ("where(x &gt; 0, x, 0)", {"x": 2.0}, 2.0),
    ("x&nbsp;&times; y&minus;1", {"x": 2.0, "y": 3.0}, 5.0),
    ("1 if (x &lt;= y) &amp; (x &gt; 0) else 0", {"x": 1.0, "y": 2.0}, 1.0),
    ("x < -3", {"x": -4.0}, 1.0),
    ("x <-3", {"x": -4.0}, 1.0),
    ("x₀ + x₁²", {"x0": 1.0, "x1": 3.0}, 10.0),
    ("3 < x < 5", {"x": 4.0}, 1.0),
    ("return x**2;", {"x": 3.0}, 9.0),
    ("lambda x, y: np.cross(x, y)[0]", {"x": [[1.0, 0.0, 0.0]], "y": [0.0, 1.0, 0.0]}, [0.0, 0.0, 1.0]),
]
"""Texts, points, and the values by their own systems."""

REFUSED: list[tuple[str, list[str], str]] = [
    # R
    ("y <- x^2", ["x"], "write = to assign"),
    ("x <- 3; x^2", ["x"], "write = to assign"),
    ("exp(-x) |> sum()", ["x"], "write f(x)"),
    ("x %o% y", ["x", "y"], "outer(x, y)"),
    ("for (i in 1:10) { s <- s + x^i }", ["x", "s"], "for i in range(1, 10 + 1):"),
    ("sapply(x, function(v) v^2)", ["x"], "lambda v:"),
    ("log(x, base = 2)", ["x"], "log(x)/log(b)"),
    ("is.na(x)", ["x"], "isnan(x)"),
    ("if (x > 0) x else -x", ["x"], "a if condition else b"),
    ("df$x^2", ["df"], "argument of its own"),
    ("which.max(x)", ["x"], "argmax(x)"),
    ("besselI(x, 1)", ["x"], "iv(n, x)"),
    ("dnorm(x, m, s, log = TRUE)", ["x", "m", "s"], "norm.logpdf(x, mean, sd)"),
    ("x + NULL", ["x"], "None"),
    ("1:3", [], "range(1, 3 + 1)"),
    # MATLAB
    ("A \\ b", ["A", "b"], "solve(A, b)"),
    ("A\\b", ["A", "b"], "solve(A, b)"),
    ("sum(A(:))", ["A"], "X.ravel()"),
    ("x^2 % the square", ["x"], "begin with #"),
    ("bsxfun(@plus, x, y)", ["x", "y"], "without @"),
    ("arrayfun(@(t) t^2, x)", ["x"], "lambda t:"),
    ("x.'", ["x"], "X.T"),
    ("if x > 0\n  y = x;\nend", ["x"], "colon at the end of the line"),
    ("for k = 1:n\n  s = s + x^k;\nend", ["x", "s"], "for k in range(1, n + 1):"),
    ("x[end]^2", ["x"], "x[-1]"),
    ("rem(x, 3)", ["x"], "fmod(x, y)"),
    ("repmat(x, 2, 2)", ["x"], "tile("),
    # Julia
    ("sum(abs2, x)", ["x"], "x**2"),
    ("sum(x -> x^2, v)", ["v"], "lambda x:"),
    ("map((a, b) -> a*b, v, w)", ["v", "w"], "lambda a, b:"),
    ("f(x::Real) = x^2", ["x"], "leave the type out"),
    ("@. x^2 + 1", ["x"], "element by element"),
    ("x |> sin |> exp", ["x"], "write f(x)"),
    ("max(x...)", ["x"], "*x"),
    ("maximum(x)", ["x"], "max(X)"),
    ("sum(x, dims=1)", ["x"], "counts from 0"),
    ("exp(im*x)", ["x"], "real"),
    ("√x + ∛y", ["x", "y"], "cbrt(x)"),
    ("x ≈ y", ["x", "y"], "abs(x - y)"),
    # Excel
    ("=A1^2 + 1,5", ["A1"], "1.5"),
    ("=Sheet1!A1^2", ["A1"], "without its sheet"),
    ("=LET(a, A1^2, a+1)", ["A1"], "on a line before"),
    ("=LAMBDA(x, x^2)(A1)", ["A1"], "lambda x: x**2"),
    ("=A1*10%", ["A1"], "divide by 100"),
    # Mathematica
    ("#^2 &", [], "lambda x: x**2"),
    ("x^2 /. x -> 3", ["x"], "on a line before"),
    ("f[x_] := x^2", ["x"], "f(x) = ..."),
    ("If[x > 0, x, 0]", ["x"], "where(condition, a, b)"),
    ("Abs[x]", ["x"], "Abs(x)"),
    ("Total[x^2]", ["x"], "sum(x)"),
    ("D[x^2, x]", ["x"], "/v1/grad"),
    ("Integrate[x^2, {x, 0, 1}]", ["x"], "trapezoid"),
    ("Sum[x^i, {i, 1, 10}]", ["x"], "Sum(f, (i, 1, 10))"),
    ("Table[x^i, {i, 3}]", ["x"], "for i in range(1, 3 + 1)"),
    ("Piecewise[{{x, x > 0}}, 0]", ["x"], "Piecewise((value, condition), (0, True))"),
    ("Module[{a = 2}, a x]", ["x"], "def with assignments"),
    ("1.5*^3 x", ["x"], "1.5e3"),
    ("x^2 (* the square *)", ["x"], "begin with #"),
    # CasADi, PyTorch and TensorFlow
    ("ca.vertcat(x, y)", ["x", "y"], "concatenate"),
    ("x = ca.SX.sym('x')\nf = x**2", ["x"], "leave it out"),
    ("x.pow(2).sum(dim=0)", ["x"], "x**n"),
    ("x.view(-1).sum()", ["x"], "reshape"),
    ("x.mm(y)", ["x", "y"], "x @ y"),
    ("x.clamp(min=0)", ["x"], "clamp(x, low, high)"),
    ("x.unsqueeze(0)", ["x"], "expand_dims"),
    ("x.mul(y).add(1)", ["x", "y"], "x*y"),
    ("F.gelu(x)", ["x"], "approximate=False"),
    ("torch.max(x, dim=0).values", ["x"], "amax(X, axis=0)"),
    ("torch.tensor(2.0, requires_grad=True)*x", ["x"], "array("),
    ("tf.reduce_mean(x, axis=0)", ["x"], "mean(x)"),
    ("tf.nn.gelu(x)", ["x"], "approximate=False"),
    # Stan
    ("normal_lpdf(y | mu, sigma)", ["y", "mu", "sigma"], "norm.logpdf(y, mu, sigma)"),
    ("normal_lpdf(y, mu, sigma)", ["y", "mu", "sigma"], "norm.logpdf(y, mu, sigma)"),
    ("y ~ normal(mu, sigma)", ["y", "mu", "sigma"], "norm.logpdf(y, mu, sigma)"),
    ("log1m(x)", ["x"], "log1p(-x)"),
    ("inv_logit(x)", ["x"], "sigmoid(x)"),
    # JavaScript, C, Rust and Maxima
    ("Math.max(...x)", ["x"], "*x"),
    ("x.map(v => v*v)", ["x"], "lambda v:"),
    ("x.reduce((a, b) => a + b, 0)", ["x"], "lambda a, b:"),
    ("x.length", ["x"], "len(x)"),
    ("std::sin(x)", ["x"], "sin(x)"),
    ("(double) x / 2", ["x"], "leave the type out"),
    ("for (int i = 0; i < 10; i++) s += x;", ["x", "s"], "for i in range(10)"),
    ("#include <math.h>\ndouble f(double x) { return x*x; }", ["x"], "write def f"),
    ("x.powi(2)", ["x"], "x**n"),
    ("|x| x * x", ["x"], "lambda x:"),
    ("f(x) := x^2$", ["x"], "leave $ out"),
    ("%pi*x", ["x"], "write pi"),
    # Slips
    ("exp^x", ["x"], "exp(x)"),
    ("sin*(x)", ["x"], "sin(x)"),
    ("ln|x|", ["x"], "ln(abs(x))"),
    ("||x||", ["x"], "norm(x)"),
    ("sin²(x)", ["x"], "sin(x)**2"),
    ("tan^{-1}(x)", ["x"], "atan(x)"),
    ("max{x, y}", ["x", "y"], "max(x, y)"),
    ("x^2y", ["x", "y"], "2*y"),
    ("x ** 2 2", ["x"], "multiply"),
    ("x^2(y + 1)", ["x", "y"], "multiply"),
    ("where(x = 0, 1, x)", ["x"], "=="),
    ("1 000*x", ["x"], "1000"),
    ("1'000*x", ["x"], "1000"),
    ("50% * x", ["x"], "0.1 for 10%"),
    ("f'(x)", ["x"], "/v1/grad"),
    ("x mod 3", ["x"], "write %"),
    ("x div 3", ["x"], "write //"),
    ("x xor y", ["x", "y"], "!="),
    ("x squared", ["x"], "x**2"),
    ("x if x gt 0 else 1", ["x"], ">"),
    ("lambda x. x**2", ["x"], "lambda x:"),
    ("lambda (x, y): x*y", ["x", "y"], "lambda x, y:"),
    ("lambda x y: x*y", ["x", "y"], "lambda x, y:"),
    ("λx: x²", ["x"], "lambda x:"),
    ("x<sup>2</sup>", ["x"], "x**2"),
    ("x &amp;&amp; y", ["x", "y"], "write and"),
    ("def f(x):\n    y = x\n  return y**2", ["x"], "same number of blanks"),
    ("\\left(x\\right)^2", ["x"], "\\left"),
    ("\\sum_{i=1}^{n} x_i", ["x_i"], "sum(f(i) for i in range(n))"),
    ("\\int x", ["x"], "trapezoid"),
    ("\\mathrm{erf}(x)", ["x"], "write erf"),
    ("x \\partial", ["x"], "plain text, not LaTeX"),
]
"""Texts, the names in their points, and what the hint says."""


@pytest.mark.parametrize(("text", "point", "value"), TAKEN, ids=[ascii(text) for text, _, _ in TAKEN])
def test_an_idiom_that_is_taken_means_what_it_means_elsewhere(
    client: Client, text: str, point: dict[str, Any], value: Any
) -> None:
    found = client.answer({"expression": text, "point": point}, "/v1/evaluate")["value"]
    assert found == pytest.approx(value, rel=1e-12)


@pytest.mark.parametrize(("text", "names", "fragment"), REFUSED, ids=[ascii(text) for text, _, _ in REFUSED])
def test_an_idiom_that_is_refused_gets_a_hint_at_what_to_write(
    client: Client, text: str, names: list[str], fragment: str
) -> None:
    answer = client.post({"expression": text, "point": dict.fromkeys(names, 1.5)}).json()
    assert answer["status"] == 422
    assert fragment in answer["hint"], answer
    assert answer.get("position") or answer["field"].startswith("point")  # what a name means is said by the point


def test_there_are_many() -> None:
    assert len(TAKEN) + len(REFUSED) >= 140
