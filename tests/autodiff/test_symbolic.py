"""Formulae: the derivatives are right, their text is text of the language, their markup is well-formed and harmless."""

# ruff: noqa: RUF001 - look-alikes are what is tested

import gc
import itertools
import json
import math
import re
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from xml.etree import ElementTree as ET

import mpmath
import pytest
import sympy
from hypothesis import given, settings
from hypothesis import strategies as st
from mpmath import mp, mpf

from app import errors
from app.autodiff import tape
from app.autodiff.symbolic import differentiate, formulae, notation, printers, simplifier
from app.engine.workers import process
from app.language import parse
from app.language.expression.result import Expression
from app.language.limits import TextLimits
from app.language.vocabulary import words
from app.language.vocabulary.word import Word
from tests.correctness import formulas
from tests.support import assertions, reference, strategies
from tests.support.service import Client

PATIENT = formulae.FormulaLimits(symbolic_seconds=600.0, simplify_seconds=120.0)
MATHML = "{http://www.w3.org/1998/Math/MathML}"


@pytest.fixture(autouse=True)
def deep() -> Iterator[None]:
    """Run under the recursion limit of a child, where all of this happens."""
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(process.RECURSION)
    yield
    sys.setrecursionlimit(before)


def derived(text: str, args: Sequence[str] | None = None, *, simplify: bool = True) -> dict[str, Any]:
    """Return what /v1/symbolic answers for every argument, made in this process."""
    args = parse.parse(text, args).args
    return formulae.document(text, args, range(len(args)), simplify=simplify, texts=TextLimits(), limits=PATIENT) | {
        "args": args
    }


def partial(text: str, argument: str = "x", *, simplify: bool = True) -> str:
    """Return the text of one partial derivative."""
    found = derived(text, simplify=simplify)["partials"]
    return str(next(part["text"] for part in found if part["arg"] == argument and not part["index"]))


def evaluated(text: str, args: Sequence[str], point: reference.Point) -> mpf:
    """Return the value of a text in 50-digit arithmetic."""
    with mp.workdps(60):
        return reference.value(text, args, point)


def element(gradient: Sequence[Any], args: Sequence[str], part: Mapping[str, Any]) -> mpf:
    found = gradient[list(args).index(part["arg"])]
    for index in part["index"] or ():
        found = found[index]
    return found


def check_partials(text: str, args: Sequence[str], point: reference.Point, *, simplify: bool) -> None:
    """Check every partial derivative against 50-digit central differences."""
    _, gradient = reference.gradient(text, args, point)
    for part in derived(text, args, simplify=simplify)["partials"]:
        exact, found = element(gradient, args, part), evaluated(part["text"], args, point)
        assert abs(found - exact) <= 1e-12 * max(abs(exact), mpf(reference.SMALL)), part["text"]


# What comes out


@pytest.mark.parametrize(
    ("text", "argument", "expected"),
    [
        ("5*(x1**2) + 6*(x2**2) + 7*(x3**2)", "x2", "12*x2"),
        ("x**(3/2)", "x", "3*sqrt(x)/2"),
        ("x/3", "x", "1/3"),
        ("0.1*x**3", "x", "0.3*x**2"),
        ("5*x", "x", "5"),
        ("x**-1", "x", "-1/x**2"),
        ("1e-7*x**2", "x", "2e-07*x"),
        ("x**y", "y", "x**y*log(x)"),
        ("exp(-x**2/2)", "x", "-x*exp(-x**2/2)"),
        ("sin(x)**2 + cos(x)**2", "x", "0"),
        ("softplus(x)", "x", "sigmoid(x)"),
        ("log1p(x)", "x", "1/(x + 1)"),
        ("lgamma(x)", "x", "digamma(x)"),
        ("abs(x)", "x", "where(x >= 0, 1, -1)"),
        ("max(x, y)", "x", "Piecewise((1, x > y), (0, x < y), (1/2, True))"),
        ("max(x, 0)", "x", "Piecewise((1, x > 0), (0, x < 0), (1/2, True))"),
        ("floor(x) + sign(x) + round(x)", "x", "0"),
        ("where(x > 0, sqrt(x), 0)", "x", "where(x > 0, 1/(2*sqrt(x)), 0)"),
        ("mod(x, y)", "y", "-floor(x/y)"),
        ("x**0 + x**0.0", "x", "0"),
        ("E*x", "x", "e"),
        ("log(x)**2/(1 + log(x))", "x", "(log(x) + 2)*log(x)/(x*(log(x) + 1)**2)"),
        ("(x**2 - 1)/(x - 1)", "x", "1"),
        ("x*inf", "x", "inf"),
    ],
)
def test_a_derivative_is_printed_as_people_write_it(text: str, argument: str, expected: str) -> None:
    assert partial(text, argument) == expected


def test_formulae_are_simplified_only_on_request() -> None:
    text = "log(x)**2/(1 + log(x))"
    asked, unasked = derived(text), derived(text, simplify=False)
    assert (asked["simplified"], unasked["simplified"]) == (True, False)
    assert len(asked["partials"][0]["text"]) < len(unasked["partials"][0]["text"])


def test_an_array_argument_has_a_partial_for_each_element_used() -> None:
    parts = derived("X[2]**2*y + X[0] + Z[1, 0]")["partials"]
    assert [(part["arg"], part["index"], part["text"]) for part in parts] == [
        ("X", [0], "1"),
        ("X", [2], "2*X[2]*y"),
        ("y", None, "X[2]**2"),
        ("Z", [1, 0], "1"),
    ]


def test_an_argument_that_is_not_used_has_partial_zero() -> None:
    assert [part["text"] for part in derived("x", ["x", "unused"])["partials"]] == ["1", "0"]


def test_locals_are_written_out() -> None:
    assert partial("def f(x):\n    a = x**2\n    b = a + 1\n    return a*b") == "4*x**3 + 2*x"


# They are right


@pytest.mark.parametrize("simplify", [False, True])
def test_derivatives_of_published_formulae_are_central_differences(simplify: bool) -> None:
    for formula in formulas.ALL[:: 10 if simplify else 3]:
        if "digamma" not in formula.expression:
            check_partials(formula.expression, formula.args, formula.point, simplify=simplify)


@pytest.mark.parametrize("simplify", [False, True])
def test_derivatives_of_generated_functions_are_central_differences(simplify: bool) -> None:
    @settings(max_examples=40)
    @given(strategies.TREES, st.permutations(strategies.POINTS))
    def law(tree: strategies.Tree, point: Sequence[float]) -> None:
        check_partials(tree.text(), strategies.VARIABLES, point[:3], simplify=simplify)

    law()


POINTS: dict[str, tuple[tuple[float, ...], ...]] = {
    "asec": ((1.75,), (-2.5,)),
    "acsc": ((1.75,), (-2.5,)),
    "acosh": ((1.75,), (20.0,)),
    "acoth": ((1.75,), (-2.5,)),
    "log": ((0.3,), (7.5,)),
    "log2": ((0.3,), (7.5,)),
    "log10": ((0.3,), (7.5,)),
    "li": ((0.3,), (7.5,)),
    "asech": ((0.3,), (0.9,)),
    "gamma": ((0.3,), (3.75,), (-1.5,)),
    "lgamma": ((0.3,), (3.75,), (-1.5,)),
    **dict.fromkeys(("y0", "y1", "k0", "k1", "k0e", "k1e", "Ci", "Chi", "erfcinv", "trigamma"), ((0.3,), (1.75,))),
    "lambertw": ((0.3,), (-0.2,)),
    "kl_div": ((0.3, 0.7), (1.7, 1.1)),
    "betaln": ((0.3, 0.7), (1.7, 1.1)),
    "boxcox": ((0.3, 0.7), (1.7, 1.1)),
}
UNARY = ((0.3,), (-0.7,))
BINARY = ((0.3, 0.7), (-0.6, 0.4), (1.7, 1.1))
IN_DIFFERENTIATE = {"maximum", "minimum", "and", "or", "not", "select"}
"""Opcodes whose rule is not in the table of derivatives."""
PRIMITIVES = [
    word
    for word in words.PRIMITIVES
    if word.kind == "elementwise" and word not in words.HOST and word.opcode not in IN_DIFFERENTIATE
]
WITHOUT = {"gammainc", "gammaincc", "lowergamma", "uppergamma", "betainc", "zeta"}
"""Words whose derivatives by some argument have no closed form; that by the last has, but for the zeta function."""


def partials_of(text: str, args: Sequence[str], by: Sequence[int]) -> list[dict[str, Any]]:
    """Return the partial derivatives of a text by the arguments at these positions."""
    document = formulae.document(text, args, by, simplify=True, texts=TextLimits(), limits=PATIENT)
    return list(document["partials"])


@pytest.mark.parametrize("word", PRIMITIVES, ids=lambda word: word.names[0])
def test_every_primitive_has_a_derivative_or_says_that_it_has_none(word: Word) -> None:
    args = ["x", "y", "z"][: word.arity[0]]
    text = f"{word.names[0]}({', '.join(args)})"
    by = range(len(args))
    if word.names[0] in WITHOUT:
        with pytest.raises(errors.NotDifferentiable, match=word.names[0]):
            derived(text)
        by = by[-1:]
    points = UNARY if len(args) == 1 else BINARY if len(args) == 2 else ((1.5, 2.5, 0.3),)
    for point in POINTS.get(word.names[0], points):
        for part in partials_of(text, args, by):
            with mp.workdps(30):
                exact = mpmath.diff(lambda *x: reference.value(text, args, x), point, _order(args, part))
            found = evaluated(part["text"], args, point)
            assert abs(found - exact) <= 1e-12 * max(1, abs(exact))


def _order(args: Sequence[str], part: Mapping[str, Any]) -> tuple[int, ...]:
    return tuple(int(name == part["arg"]) for name in args)


@pytest.mark.parametrize(
    "word", [word for word in words.DEFINED if word not in words.HOST], ids=lambda word: word.names[0]
)
def test_every_defined_word_has_a_derivative(word: Word) -> None:
    args = [f"x{index}" for index in range(word.arity[0])]
    text = f"{word.names[0]}({', '.join(args)})"
    point = [0.3, 0.45, 0.7][: len(args)]
    if word.names[0] in {"logical_xor", "where"} or " > " in word.doc or word.doc.startswith("x =="):
        text = f"where({text}, x0**2, x0)" if word.names[0] != "where" else "where(x0 > 0, x1, x2)"
    by = range(len(args))
    if word.names[0] in WITHOUT:
        with pytest.raises(errors.NotDifferentiable):
            derived(text)
        by = by[len(by) - (word.names[0] != "zeta") :]
    parts = partials_of(text, args, by)
    assert len(parts) == len(by)
    for part in parts:
        assert math.isfinite(evaluated(part["text"], args, point))


@pytest.mark.parametrize(
    ("text", "point"),
    [
        ("abs(x)", [0.0]),
        ("max(x, y)", [1.0, 1.0]),
        ("min(x, y, z)", [1.0, 1.0, 1.0]),
        ("max(x, y, y)", [2.0, 2.0]),
        ("relu(x)", [0.0]),
        ("clip(x, 0, 1)", [0.0]),
        ("clip(x, 0, 1)", [1.0]),
        ("sinc(x)", [0.0]),
        ("where(x > 0, sqrt(x), 0)", [-1.0]),
        ("sigmoid(x)", [-700.0]),
        ("tanh(x)", [300.0]),
        ("1/(1 + exp(-x))", [900.0]),
        ("copysign(x, y)", [-1.0, -2.0]),
        ("x if x > 1 and not y < 0 or x == -3 else y", [-3.0, 2.0]),
        ("x**0.0*y", [0.0, 2.0]),
        ("X[0]*X[1]**3/X[2]", [[1.5, -2.0, 0.7]]),
        ("where((x > 0) & (x < 2), x**2, -inf)", [1.0]),
        ("1e200*x*(1e200*y)", [1e-200, 1e-190]),
        ("(x**0.1)**0.1*y", [3.0, 1.0]),
        ("-x**2 - (-y)**2", [3.0, 1.0]),
        ("2**-x*(y - (x - 1) - (y - (x + 2)))", [3.0, 1.0]),
        ("(x/y)/(y/x)/x**(y**x)", [1.5, 1.25]),
    ],
)
def test_a_formula_posted_back_gives_the_same_numbers(client: Client, text: str, point: list[Any]) -> None:
    args = list(parse.parse(text).args)
    everything = list(range(len(args)))
    asked = {"expression": text, "args": args, "point": point, "argnums": everything}
    graded = client.answer(asked)
    for simplify in (True, False):
        answer = client.answer(
            {"expression": text, "args": args, "argnums": everything, "simplify": simplify}, "/v1/symbolic"
        )
        back = client.answer(asked | {"expression": answer["function"]["text"]})
        assertions.assert_close(back["value"], graded["value"], 1e-13)
        assertions.assert_close(back["gradient"], graded["gradient"], 1e-12)
        for part in answer["partials"]:
            document = {"expression": part["text"], "args": args, "point": point}
            again = client.answer(document, "/v1/evaluate")["value"]
            assertions.assert_close(again, element(graded["gradient"], args, part), 1e-12)


def test_generated_formulae_posted_back_give_the_same_numbers(client: Client) -> None:
    @settings(max_examples=25)
    @given(strategies.TREES)
    def law(tree: strategies.Tree) -> None:
        args, point = list(strategies.VARIABLES), list(strategies.POINTS[:3])
        graded = client.grad(tree.text(), point, args=args, argnums=[0, 1, 2])
        for part in derived(tree.text(), args)["partials"]:
            document = {"expression": part["text"], "args": args, "point": point}
            again = client.answer(document, "/v1/evaluate")["value"]
            assertions.assert_close(again, element(graded["gradient"], args, part), 1e-9, 1e-12)

    law()


# Shortening


@pytest.mark.parametrize(
    "text",
    [
        "sqrt(x**2)",
        "log(x**2)",
        "sqrt(x)*sqrt(y)",
        "log(x) + log(y)",
        "(x**2)**y",
        "log(x*y)",
        "sqrt(x/y)",
        "atan2(y, x)",
    ],
)
@pytest.mark.parametrize("point", [(0.7, 1.3), (-0.7, 1.3), (-0.7, -1.3), (0.7, -1.3)])
def test_simplifying_keeps_what_depends_on_a_sign(text: str, point: tuple[float, ...]) -> None:
    text = f"{text} + 0*x*y"
    try:
        exact, _ = reference.gradient(text, ["x", "y"], point)
    except ValueError:
        return  # outside the domain, where nothing is promised
    assert abs(evaluated(derived(text, ["x", "y"])["function"]["text"], ["x", "y"], point) - exact) < 1e-12


def test_simplifying_makes_no_exponential_that_overflows() -> None:
    assert "exp(x)" not in partial("1/(1 + exp(-x))")


def test_a_rewriting_that_fails_leaves_the_expression() -> None:
    def attempt(_rewriting: simplifier.Rewriting, _expression: Any) -> Any:
        raise TimeoutError

    x = sympy.Symbol("x", real=True)
    assert simplifier.shorten(x**2 + x, lambda e: float(len(str(e))), attempt) == x**2 + x


def test_an_alarm_that_a_callback_of_the_collector_swallows_rings_again(capfd: pytest.CaptureFixture[str]) -> None:
    waited: list[bool] = []

    def wait(_phase: str, _info: dict[str, int]) -> None:
        if not waited:
            waited.append(True)
            time.sleep(0.2)  # the alarm rings here, where Python drops the exception

    def rewrite(_expression: Any) -> Any:
        gc.collect()
        time.sleep(30)

    gc.callbacks.append(wait)
    try:
        with pytest.raises(TimeoutError):
            formulae._Clock(0.4).attempt(rewrite, sympy.Symbol("x"))
    finally:
        gc.callbacks.remove(wait)
    assert waited
    assert not capfd.readouterr().err


def test_an_expression_off_the_real_line_is_not_expressible() -> None:
    x = sympy.Symbol("x", real=True)
    for bad in (sympy.I * x, sympy.zoo, sympy.nan, sympy.Integer(10) ** 400 * x, sympy.arg(x), sympy.Heaviside(x)):
        assert not differentiate.expressible(bad)
    assert differentiate.expressible(sympy.sqrt(x) / 3)


@pytest.mark.parametrize(
    "text",
    ["sqrt(-x**2 - 1)", "(-x**2)**(1/3)", "sqrt(-2*x**2)", "tan(pi/2)*x", "x**1e9*(2*x)**1000000000", "acosh(x*0)"],
)
def test_a_text_that_sympy_cannot_evaluate_is_printed_as_it_stands(text: str) -> None:
    for form in (derived(text)["function"], *derived(text)["partials"]):
        parse.parse(form["text"], ["x"])


# Names


def test_names_of_functions_and_constants_may_be_arguments(client: Client) -> None:
    text = "lambda pi, sin, where: np.pi*pi*np.sin(sin) + np.where(where > 0, where, math.e)"
    answer = derived(text)
    args, point = list(answer["args"]), [0.5, 0.25, 2.0]
    graded = client.grad(text, point, argnums=[0, 1, 2])
    for part, slope in zip(answer["partials"], graded["gradient"], strict=True):
        document = {"expression": part["text"], "args": args, "point": point}
        assertions.assert_close(client.answer(document, "/v1/evaluate")["value"], slope, 1e-13)
    assert "math.pi" in answer["partials"][1]["text"]


@pytest.mark.parametrize(
    ("name", "latex"),
    [
        ("x", "x"),
        ("alpha", r"\alpha"),
        ("α", r"\alpha"),
        ("lambda_", r"\lambda"),
        ("Gamma", r"\Gamma"),
        ("x1", "x_{1}"),
        ("x_12", "x_{12}"),
        ("beta_1", r"\beta_{1}"),
        ("x_max", r"x_{\mathit{max}}"),
        ("foo", r"\mathit{foo}"),
        ("a_b_c", r"\mathit{a\_b\_c}"),
        ("_", r"\_"),
        ("_x", r"\mathit{\_x}"),
        ("长度", r"\mathit{长度}"),
    ],
)
def test_a_name_is_set_as_people_write_it(name: str, latex: str) -> None:
    assert derived(f"2*{name}")["function"]["latex"] == rf"2 \, {latex}"


def test_names_that_would_look_alike_are_told_apart() -> None:
    for text, args in (("x1 + x_1", ["x1", "x_1"]), ("α + alpha", ["α", "alpha"]), ("X[0] + X0", ["X", "X0"])):
        for form in ("latex", "mathml"):
            first, second = (part[form] for part in derived(f"({text})**2/2 + {args[1]}", args)["partials"])
            assert first != second
            latex = derived(text, args)["function"][form]
            assert len(set(re.split(r" \+ |<mo>\+</mo>", latex))) == 2


def test_the_constant_is_upright_beside_an_argument_of_its_name() -> None:
    assert r"\mathrm{\pi}" in derived("pi*np.pi", ["pi"])["function"]["latex"]
    assert r"\mathrm{e}^{x}" in derived("e*exp(x)", ["e", "x"])["function"]["latex"]


# Markup

COMMANDS = {
    *("frac", "sqrt", "left", "right", "sin", "cos", "tan", "sec", "csc", "cot", "arcsin", "arccos", "arctan"),
    *("sinh", "cosh", "tanh", "coth", "log", "max", "min", "Gamma", "psi", "pi", "begin", "end", "text"),
    *("operatorname", "mathit", "mathrm", "le", "ge", "ne", "wedge", "vee", "neg", "lfloor", "rfloor", "lceil"),
    *("rceil", "infty", "cdot", "alpha", "beta", "lambda"),
}
ELEMENTS = {
    *("math", "mrow", "mi", "mn", "mo", "mtext", "mfrac", "msup", "msub", "msqrt", "mroot", "mtable", "mtr", "mtd"),
}
ARITY = {"mfrac": 2, "msup": 2, "msub": 2, "mroot": 2}
EVERYTHING = [
    "alpha*x_1**2/lambda_ + sqrt(beta)*where(x_1 > 0, 1e-7, exp(-x_1))*log10(alpha)*2**x - X[1, 2]",
    *[f"{word.names[0]}({', '.join('xyz'[: word.arity[0]])})" for word in PRIMITIVES if word.names[0] not in WITHOUT],
    "Piecewise((x, (x > 0) & ~(y >= x)), (y, (x != y) | (x <= 1) | (x == 2)), (1/x, x < 3))",
    "-(x + y)*(-x)**2/(-y)**(-x/2) - (-2)*x*(1e30*y)**-2*cbrt(x/y)",
    "where(x > 0, inf, nan)*max(x, y, 3)**min(x, y)",
]


@pytest.mark.parametrize(("construct", "row"), (notation.SYMBOLS | notation.MARKUP).items())
def test_a_construct_has_as_many_parts_in_every_notation(construct: str, row: tuple[str, ...]) -> None:
    assert len({template.count("□") for template in row}) == 1, construct


@pytest.mark.parametrize("text", EVERYTHING)
def test_latex_is_balanced_and_has_known_commands_only(text: str) -> None:
    for form in _forms(text):
        latex = form["latex"]
        assert set(re.findall(r"\\([A-Za-z]+)", latex)) <= COMMANDS
        assert latex.count(r"\left") == latex.count(r"\right")
        assert latex.count(r"\begin") == latex.count(r"\end")
        depths = list(itertools.accumulate({"{": 1, "}": -1}.get(character, 0) for character in latex))
        assert min([0, *depths]) == 0
        assert depths[-1] == 0


@pytest.mark.parametrize("text", EVERYTHING)
def test_mathml_is_a_document_of_core_elements(text: str) -> None:
    for form in _forms(text):
        root = ET.fromstring(form["mathml"])  # noqa: S314 - made here
        assert root.tag == f"{MATHML}math"
        for node in root.iter():
            name = node.tag.removeprefix(MATHML)
            assert name in ELEMENTS
            assert len(node) == ARITY.get(name, len(node))
            assert set(node.attrib) <= ({"display"} if name == "math" else {"mathvariant"})
            if name in {"mi", "mn", "mo", "mtext"}:
                assert node.text
            else:
                assert not (node.text or "").strip()


def _forms(text: str) -> list[dict[str, str]]:
    answer = derived(text)
    return [answer["function"], *answer["partials"]]


def test_parentheses_stand_where_they_are_needed() -> None:
    assert derived("(x/y)**z")["function"]["latex"] == r"\left(\frac{x}{y}\right)^{z}"
    assert derived("(x**y)**2.5*(x + y)")["function"]["text"] == "(x + y)*(x**y)**2.5"
    assert derived("x*where(y > 0, x, 1)")["function"]["latex"].count(r"\left(") == 1


# The text of a program


def canonical_text(program: Expression) -> str:
    text = printers.canonical_text(program)
    assert text is not None
    return text


@pytest.mark.parametrize(
    ("texts", "canonical"),
    [
        (["x**2*y", "lambda x, y: x^2 * y", "np.square(x)*(y)", "def f(x, y):\n    return x**2*y"], "x**2*y"),
        (["5*(x1**2) + 6*(x2**2)"], "5*x1**2 + 6*x2**2"),
        (["x*pi", "x*3.141592653589793"], "x*pi"),
        (["x/3 + 1/3*x", "x/3.0 + 0.3333333333333333*x"], "x/3 + 1/3*x"),
        (["x - (y - 1) - 3", "x-(y-(2-1))-3"], "x - (y - 1) - 3"),
        (["relu(x)", "x if x > 0 else 0"], "where(x > 0, x, 0)"),
        (["sqrt(x)", "x**(1/2)", "x**(2/4)"], "sqrt(x)"),
        (["x**0.5"], "x**0.5"),
        (["-x**2", "-(x**2)"], "-x**2"),
        (["(-x)**-2"], "(-x)**(-2)"),
        (["-x*y", "(-x)*y"], "(-x)*y"),
        (["-(x*y)", "-((x)*y)"], "-(x*y)"),
        (["X[-1, 1 + 1]"], "X[-1, 2]"),
        (
            ["(x > 0) & ~(y < x) | (x == 1)", "x > 0 and not y < x or x == 1"],
            "where(x > 0 and not (y < x) or x == 1, 1, 0)",
        ),
    ],
)
def test_canonical_text_does_not_depend_on_the_spelling(texts: list[str], canonical: str) -> None:
    assert {canonical_text(parse.parse(text)) for text in texts} == {canonical}


@pytest.mark.parametrize("formula", formulas.ALL[::2], ids=lambda formula: formula.name)
def test_canonical_text_means_the_same_function(formula: formulas.Formula) -> None:
    program = parse.parse(formula.expression, formula.args)
    again = parse.parse(canonical_text(program), formula.args)
    assert canonical_text(again) == canonical_text(program)
    if "=" not in formula.expression:  # a local used twice is computed once, which no expression can say
        assert tape.record(again).function_id == tape.record(program).function_id


@given(strategies.TREES)
def test_canonical_text_of_generated_functions_has_their_id(tree: strategies.Tree) -> None:
    program = parse.parse(tree.text(), strategies.VARIABLES)
    text = canonical_text(program)
    if not text.endswith("..."):
        assert tape.record(parse.parse(text, strategies.VARIABLES)).function_id == tape.record(program).function_id


@pytest.mark.parametrize(
    "text",
    [
        " + ".join(["sin(x)"] * 10_000),
        "sin(" * 400 + "x" + ")" * 400,
        "def f(x):\n" + "    x = x + sin(x)*x\n" * 5_000 + "    return x",
        "-(" * 500 + "x" + ")" * 500,
    ],
)
def test_canonical_text_is_bounded_however_large_or_deep_the_function(text: str) -> None:
    sys.setrecursionlimit(1000)
    found = canonical_text(parse.parse(text))
    assert len(found) <= 2000
    assert found.endswith(("...", ")"))


# The route


def symbolic_answer(client: Client, expression: str, **fields: Any) -> dict[str, Any]:
    return client.answer({"expression": expression, **fields}, "/v1/symbolic")


def test_an_answer_has_these_members(client: Client) -> None:
    answer = symbolic_answer(client, "x1*x2", argnums=["x2", 0])
    assert set(answer) == {"function", "partials", "args", "argnums", "simplified", "function_id"}
    assert (answer["args"], answer["argnums"], answer["simplified"]) == (["x1", "x2"], [1, 0], True)
    assert [(part["arg"], part["index"], part["text"]) for part in answer["partials"]] == [
        ("x2", None, "x1"),
        ("x1", None, "x2"),
    ]
    assert set(answer["partials"][0]) == {"arg", "index", "text", "latex", "mathml"}
    assert set(answer["function"]) == {"text", "latex", "mathml"}
    assert answer["function_id"] == client.grad("x1*x2", [1, 2])["function_id"]


def test_argnums_is_the_first_argument_unless_given(client: Client) -> None:
    answer = symbolic_answer(client, "x*y")
    assert (answer["argnums"], [part["text"] for part in answer["partials"]]) == (0, ["y"])


def test_formulae_are_kept(client: Client) -> None:
    document = {"expression": "x*y + 0.98765*y"}
    headers = [client.post(document, "/v1/symbolic").headers for _ in range(2)]
    assert [header["cache-status"] for header in headers] == ["gradserve; fwd=miss", "gradserve; hit"]
    assert all(re.fullmatch(r"derive;dur=[0-9.]+", header["server-timing"]) for header in headers)


def test_a_client_gets_decimals_or_fractions_as_in_its_text(client: Client) -> None:
    assert symbolic_answer(client, "0.5*x")["function"]["text"] == "0.5*x"
    assert symbolic_answer(client, "(1/2)*x")["function"]["text"] == "x/2"


def test_a_worker_process_derives_what_this_process_derives(client: Client) -> None:
    for text in ("x**3*y + exp(x*y)/x", "(x*y + x)/(x + y)", "max(x, y, x*y)*abs(x - y)"):
        answer = symbolic_answer(client, text, argnums=[0, 1])
        here = derived(text)
        assert json.loads(json.dumps(here["partials"])) == answer["partials"]


@pytest.mark.parametrize(
    ("document", "code"),
    [
        ({"expression": "x + "}, "syntax_error"),
        ({"expression": "zeta(x)"}, "unknown_name"),
        ({"expression": "x", "argnums": 1}, "invalid_field"),
        ({"expression": "x", "argnums": []}, "invalid_field"),
        ({"expression": "x", "simplify": 1}, "invalid_field"),
        ({"expression": "x", "point": [1.0]}, "invalid_field"),
        ({"expression": "x", "dtype": "float64"}, "invalid_field"),
        ({"expression": "1 + 2"}, "invalid_field"),
        ({"argnums": 0}, "invalid_field"),
        ({"expression": " + ".join(["sin(x)"] * 600)}, "too_complex"),
        ({"expression": "def f(x):\n" + "    x = x + sin(x)*x\n" * 20 + "    return x"}, "too_complex"),
    ],
)
def test_a_function_without_formulae_is_refused(client: Client, document: dict[str, Any], code: str) -> None:
    assertions.assert_problem(client.post(document, "/v1/symbolic"), 422, code)


def test_a_refusal_of_a_worker_process_keeps_its_title_and_detail(client: Client) -> None:
    problem = assertions.assert_problem(client.post({"expression": "zeta(x)"}, "/v1/symbolic"), 422, "unknown_name")
    assert problem["detail"] == "the derivative of zeta by its operand 1 has no formula in the language"
    assert problem["title"] == errors.NotDifferentiable.title


def test_a_derivation_that_takes_too_long_is_stopped_and_the_next_one_is_answered(client: Client) -> None:
    powers = "*".join(f"(x + {n}*y)**{n}" for n in range(1, 99))
    response = client.post({"expression": powers}, "/v1/symbolic")
    assertions.assert_problem(response, 422, {"too_complex", "too_expensive"})
    assert symbolic_answer(client, "x**2")["partials"][0]["text"] == "2*x"


def test_limits_are_published(client: Client) -> None:
    published = client.get("/v1/limits").json()
    assert published["max_symbolic_operations"] == 500
    assert {"max_symbolic_characters", "symbolic_seconds", "simplify_seconds"} <= set(published)


def test_the_derivative_of_boxcox_by_its_power_has_its_limit_at_zero(client: Client) -> None:
    """(x**k - 1)/k is log(x) + log(x)**2/2*k + ..."""
    asked = {"expression": partial("boxcox(x, k)", "k"), "args": ["x", "k"], "point": [2.0, 0.0]}
    found = client.post(asked, "/v1/evaluate").json()["value"]
    assert found == pytest.approx(math.log(2.0) ** 2 / 2, rel=1e-14)
