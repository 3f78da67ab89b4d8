"""For each of many common mistakes and foreign idioms, the hint says what to write, at the place of the mistake."""

# ruff: noqa: RUF001 - the very characters that people paste

import time

import pytest

from app import errors
from app.engine import points
from app.language import parse
from app.language.advice import slips

ROWS: list[tuple[str, str, int]] = [
    ("@(x) x.^2", "write lambda x:", 1),
    ("@(x, y) x*y", "write lambda x, y:", 1),
    ("f = @(t) exp(-t)", "write lambda t:", 5),
    ("\\(x) x^2", "write lambda x:", 1),
    ("function(x) x^2", "write lambda x:", 13),
    ("function(x, y) { x*y }", "write lambda x, y:", 16),
    ("f <- function(x) x^2", "write lambda x:", 18),
    ("x -> x^2", "write lambda x:", 3),
    ("(x, y) -> x*y", "write lambda x, y:", 8),
    ("x => x**2", "write lambda x:", 3),
    ("(x, y) => x*y", "write lambda x, y:", 8),
    ("const f = (x) => x**2", "write lambda x:", 7),
    ("f = x -> x^2", "write lambda x:", 7),
    ("function f(x) { return x*x; }", "write def f(x):", 10),
    ("double f(double x) { return x*x; }", "write def f", 8),
    ("x ↦ x^2", "write lambda x:", 3),
    ("x.*y", "write *", 2),
    ("x./y", "write /", 2),
    ("x.^2", "write ^", 2),
    ("x .+ y", "write +", 3),
    ("sin.(x)", "write sin(x)", 4),
    ("x'*y", "X.T", 2),
    ("x'", "X.T", 2),
    ("(x*y)'", "X.T", 6),
    ("x && y", "write and", 4),
    ("x > 0 || y > 0", "write or", 8),
    ("!x", "write not", 1),
    ("x!", "factorial", 2),
    ("x++", "x + 1", 4),
    ("x ? y : 1", "a if condition else b", 3),
    ("x > 0 ? x : -x", "a if condition else b", 7),
    ("x === y", "write ==", 5),
    ("x !== y", "write ==", 5),
    ("x ~= y", "write !=", 3),
    ("x <> y", "write !=", 4),
    ("x =< y", "write <=", 3),
    ("x %*% y", "write @", 4),
    ("x %% y", "write %", 4),
    ("x %/% y", "write //", 4),
    ("x %in% y", "(x == a) or", 4),
    ("x .and. y", "write and", 1),
    ("x .lt. y", "write <", 1),
    ("2x", "write 2*x", 2),
    ("2x^2 + 3y", "write 2*x", 2),
    ("x y", "write *", 3),
    ("sin x", "write sin(x)", 5),
    ("sin 2x", "write sin(2*x)", 6),
    ("sin^2(x)", "write sin(x)**2", 6),
    ("sin^2 x", "write sin(x)**2", 7),
    ("cos**2(x)", "write cos(x)**2", 7),
    ("sin^-1(x)", "1/sin(x)", 7),
    ("|x|", "write abs(x)", 1),
    ("2*|x - 1|", "write abs(x - 1)", 3),
    ("x + |y|", "write abs(y)", 5),
    ("‖x‖", "write norm(x)", 1),
    ("3(x+1)", "write *", 2),
    ("(a)(b)", "write *", 4),
    ("2(x)", "write *", 2),
    ("(x + 1", "write )", 1),
    ("sin(x", "write )", 4),
    ("[1, 2", "write ]", 1),
    ("max(x, y", "write )", 4),
    ("sin((x)", "write )", 4),
    ("(x]", "write )", 3),
    ("sin([x)", "write ]", 7),
    ("x)", "leave )", 2),
    ("x]", "leave ]", 2),
    ("x ==", "a value after ==", 5),
    ("x +", "a value after +", 4),
    ("x **", "a value after **", 5),
    ("x @", "a value after @", 4),
    ("(x > 0) and", "a value after and", 12),
    ("not", "a value after not", 4),
    ("x +* y", "leave one of + and *", 4),
    ("* x", "before *", 1),
    ("x and and y", "leave one of", 7),
    ("∑x", "Sum(", 1),
    ("½x", "write 1/2", 1),
    ("x → y", "lambda", 3),
    ("‘x’", "no strings", 1),
    ("∫x", "not computed", 1),
    ("∂x", "/v1/grad", 1),
    ("x ∧ y", "write and", 3),
    ("x`", "backquotes", 2),
    ("1e", "1e5", 2),
    ("2e*x", "1e5", 2),
    ("1.d0*x", "1e-3", 3),
    ("1d0", "1e-3", 2),
    ("1.5D-3*x", "1e-3", 4),
    ("2i", "complex", 2),
    ("3im*x", "complex", 2),
    ("1j", "complex", 2),
    ("2.0f*x", "without a type", 4),
    ("10%", "0.1", 4),
    ("x*10%", "0.1", 6),
    ("1.2.3", "one point", 4),
    ("{x, y}", "[a, b]", 1),
    ("{x for x in y}", "[... for", 1),
    ("{}", "number", 1),
    ("{x: 1}", "dict", 1),
    ("x^{2}", "**(2)", 3),
    ("x_{1}", "LaTeX", 3),
    ("\\frac{x}{2}", "(a)/(b)", 1),
    ("\\sin(x)", "write sin(x)", 1),
    ("\\alpha*x", "write alpha", 1),
    ("$x^2$", "LaTeX", 1),
    ("x /* c */", "#", 4),
    ('"x"', "no strings", 1),
    ('f"{x}"', "no strings", 2),
    ("x is y", "==", 3),
    ("x not in y", "any(x == a", 3),
    ("y := x + 1", "on a line of its own", 3),
    ("class A: pass", "in __init__, or is a NamedTuple", 1),
    ("try: x", "leave it out", 1),
    ("with x: y", "leave it out", 1),
    ("yield x", "write return", 1),
    ("async def f(x): return x", "write def", 1),
    ("await x", "leave it out", 1),
    ("if x > 0 then 1 else 2", "a if condition else b", 10),
    ("x if y", "a if condition else b", 7),
    ("x else y", "a if condition else b", 3),
    ("lambda x, y", "colon", 12),
    ("lambda x:", "after the colon", 10),
    ("[1 2 3]", "commas", 4),
    ("[1, 2; 3, 4]", "[[a, b], [c, d]]", 6),
    ("x(1:3)", "x[0:3]", 4),
    ("x(:, 1)", "X[:, 0]", 3),
    ("1:10", "range(1, 10 + 1)", 2),
    ("sum(A1:B3)", "sum(X)", 7),
    ("IF(x>0;1;2)", "commas", 7),
    ("sin(x,,y)", "commas", 7),
    ("()", "a value in the parentheses", 2),
    ("x[]", "a value in the brackets", 3),
    ("x.", "leave the point out", 2),
    ("x..y", "points", 2),
    (".x", "leave the point out", 1),
    ("sin()", "write sin(x)", 1),
    ("pnorm(x)", "ndtr", 1),
    ("2*dnorm(x)", "scipy.stats.norm.pdf(x, mean, sd)", 3),
    ("qnorm(x)", "ndtri", 1),
    ("ifelse(x > 0, x, 0)", "write where(", 1),
    ("rowSums(x)", "axis=1", 1),
    ("colMeans(x)", "axis=0", 1),
    ("sapply(x, y)", "for v in x", 1),
    ("pmax(x, y)", "maximum", 1),
    ("normcdf(x)", "ndtr", 1),
    ("numel(x)", "size", 1),
    ("abs2(x)", "x**2", 1),
    ("LN(x)", "log(x)", 1),
    ("POWER(x, 2)", "x**n", 1),
    ("SUMSQ(x)", "sum(x**2)", 1),
    ("1 + AVERAGE(x)", "mean(x)", 5),
    ("NORM.S.DIST(x)", "ndtr(x)", 1),
    ("PI()*x", "pi", 1),
    ("LOG(x)", "log10(x)", 1),
    ("EXP(x)", "exp(x)", 1),
    ("ArcTan(x)", "arctan(x)", 1),
    ("Total(x)", "sum(x)", 1),
    ("ProductLog(x)", "lambertw", 1),
    ("if_else(x > 0, x, 0)", "write where(", 1),
    ("mtimes(x, y)", "@", 1),
    ("sumsqr(x)", "sum(x**2)", 1),
    ("norm_2(x)", "norm(x)", 1),
    ("torch.exp(x)", "write exp(x)", 1),
    ("F.softplus(x)", "write softplus(x)", 1),
    ("torch.clamp(x, 0, 1)", "clamp(", 1),
    ("tf.reduce_sum(x)", "sum(x)", 1),
    ("tf.math.tanh(x)", "write tanh(x)", 1),
    ("Math.pow(x, 2)", "pow(", 1),
    ("Math.PI*x", "write pi", 1),
    ("tg(x)", "tan(x)", 1),
    ("arctg(x)", "atan(x)", 1),
    ("lg(x)", "log10(x)", 1),
    ("sen(x)", "sin(x)", 1),
    ("dsqrt(x)", "sqrt(x)", 1),
    ("tgamma(x)", "gamma(x)", 1),
    ("expf(x)", "exp(x)", 1),
    ("Symbol(x)", "arguments", 1),
    ("integrate(x, y)", "not computed", 1),
    ("limit(x, y, 0)", "not computed", 1),
    ("fsolve(x)", "solved", 1),
    ("print(x)", "printed", 1),
    ("random(x)", "random", 1),
    ("np.random.rand(3)*x", "random", 1),
    ("open(x)", "read or written", 1),
    ("eval(x)", "evaluated", 1),
    ("exec(x)", "evaluated", 1),
    ("__import__(x)", "evaluated", 1),
    ("scipy.integrate.quad(x, 0, 1)", "not computed", 1),
    ("jax.grad(x)", "differentiate", 1),
    ("sqrtm(x)", "decomposition", 1),
    ("sine(x)", "did you mean sin?", 1),
    ("sinn(x)", "sin", 1),
    ("exq(x)", "GET", 1),
    ("Sin(x)", "write sin(x)", 1),
    ("foo(x)", "multiplies", 1),
    ("sum(x, dim=1)", "axis", 1),
    ("sum(x, keepdim=True)", "keepdims", 1),
]
"""A text, a fragment of the hint to its refusal, and the column of the mistake."""


@pytest.mark.parametrize(("text", "fragment", "column"), ROWS, ids=[text for text, _, _ in ROWS])
def test_a_common_mistake_gets_a_hint_at_its_place(text: str, fragment: str, column: int) -> None:
    with pytest.raises(errors.Rejected) as caught:
        parse.parse(text)
    error = caught.value
    assert fragment in (error.hint or ""), error.detail
    assert error.position is not None
    assert error.position.column == column


SHAPED: list[tuple[str, list[tuple[int, ...]], str, int]] = [
    ("X @ Y", [(3, 2), (3, 2)], "inner lengths", 3),
    ("np.dot(X, Y)", [(3,), (4,)], "inner lengths", 1),
    ("X + Y", [(3,), (4,)], "X[:, None]", 3),
    ("X[0, 1]", [(3,)], "leave an index out", 2),
    ("x[0]", [()], "only arrays", 2),
    ("sum(X, axis=2)", [(3, 2)], "-1 is the last", 1),
    ("reshape(X, (2, 2))", [(3,)], "-1 stands for", 1),
    ("inv(X)", [(3, 2)], "as many rows as columns", 1),
    ("sum(x[i] for i in range(10))", [(5,)], "from 0 to 4", 6),
    ("X[1.5]", [(3,)], "whole number", 2),
    ("concatenate([X, Y])", [(3,), (2, 2)], "lengths must be equal", 1),
    ("sum(X for i in range(Y))", [(), ()], "may not depend on the point", 16),
    ("diff(sin(x), x)", [()], "/v1/grad", 1),
    ("where(X, 1)", [(3,)], "where(c, x, y)", 1),
    ("sin(1,5)*x", [()], "write sin(x)", 1),
    ("def f(x):\n    y = x**2", [()], "return", 13),
]
"""A text, the shapes of its arguments, a fragment of the hint, and the column."""


@pytest.mark.parametrize(("text", "shapes", "fragment", "column"), SHAPED, ids=[row[0] for row in SHAPED])
def test_what_does_not_fit_the_shapes_gets_a_hint(
    text: str, shapes: list[tuple[int, ...]], fragment: str, column: int
) -> None:
    with pytest.raises(errors.Rejected) as caught:
        parse.read(text).at(shapes)
    error = caught.value
    assert fragment in (error.hint or ""), error.detail
    assert error.position is not None
    assert error.position.column == column


@pytest.mark.parametrize(
    ("args", "hint"),
    [
        (("Pi", "x"), "Pi is an argument here: write pi"),
        (("Sin", "x"), "Sin is an argument here: write sin(x)"),
        (("x", "end"), "end is an argument here: write x[-1]"),
        (("x", "NaN"), "NaN is an argument here: write nan"),
        (("x", "TRUE"), "TRUE is an argument here: write True"),
    ],
)
def test_a_point_that_does_not_fit_says_which_argument_was_none(args: tuple[str, ...], hint: str) -> None:
    with pytest.raises(errors.InvalidField) as caught:
        points.bind([1.0], args, (0, 0), None, points.PointLimits(), (0, 0))
    assert (caught.value.hint or "").startswith(hint)


def test_there_are_many_rows() -> None:
    assert len({text for text, _, _ in ROWS}) >= 150


@pytest.mark.parametrize(
    "text", ["(" * 60_000, "x " * 40_000, "\\(" + " " * 9000, "[" + "x " * 9000, "a" * 63 + " " * 9000]
)
def test_a_hint_for_a_long_text_is_found_at_once(text: str) -> None:
    start = time.perf_counter()
    slips.hint(text, len(text))
    slips.hint(text, len(text) // 2)
    assert time.perf_counter() - start < 0.5


@pytest.mark.parametrize(
    ("text", "line", "column"), [("x + sin[y)", 1, 8), ("x +\n(y + z]", 2, 1), ("x + (y\n  + sin[x)", 2, 8)]
)
def test_the_place_of_a_bracket_that_is_open_is_named(text: str, line: int, column: int) -> None:
    with pytest.raises(errors.Rejected) as caught:
        parse.parse(text)
    assert str(caught.value.hint).endswith(f"is open since line {line}, column {column}")
