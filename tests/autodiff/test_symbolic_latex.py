"""What /v1/symbolic writes as LaTeX reads back to the same function: functions and partial derivatives."""

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given, settings

from app import errors
from app.autodiff.symbolic import formulae
from app.engine.functions.functions import Function
from app.language import parse
from app.language.grammar.spelling.latex import translator as latex
from app.language.limits import TextLimits
from app.language.vocabulary import words
from app.language.vocabulary.word import Word
from tests.correctness import formulas
from tests.support import assertions, strategies
from tests.support.service import Client

LIMITS = formulae.FormulaLimits(symbolic_seconds=600.0, simplify_seconds=120.0)
ARGUMENTS = ("x", "y", "z", "u", "v", "w", "s", "t")
LETTERS = ("gamma", "e", "pi", "psi", "lambda_", "T", "X1", "x_1", "x1", "rate", "g_", "beta", "E")
"""Names of arguments that LaTeX sets like functions, constants or one another."""


def forms(text: str, args: Sequence[str], *, simplify: bool = False) -> list[dict[str, Any]]:
    """Return the function and its partial derivatives, without those that have no formula."""
    everything = range(len(args))
    for by in (everything, [], *[[n] for n in everything]):
        try:
            found = formulae.document(text, args, by, simplify=simplify, texts=TextLimits(), limits=LIMITS)
        except errors.NotDifferentiable:
            continue
        return [found["function"], *found["partials"]]
    raise AssertionError(text)


def function_id(text: str, args: Sequence[str]) -> str:
    return Function(parse.read(text, args)).function_id


def check(client: Client, form: dict[str, Any], args: Sequence[str], point: Sequence[Any]) -> None:
    """Check that LaTeX and text are one function: by their id, else, where brackets stand otherwise, by their value."""
    marked = latex.marked(form["latex"])
    assert parse.read(marked, args).args == tuple(args)
    if function_id(marked, args) == function_id(form["text"], args):
        return
    asked = {"args": list(args), "point": list(point)}
    expected = client.answer(asked | {"expression": form["text"]}, "/v1/evaluate")["value"]
    found = client.answer(asked | {"expression": form["latex"], "format": "latex"}, "/v1/evaluate")["value"]
    assertions.assert_close(found, expected, 1e-12, 1e-300)


@pytest.mark.parametrize(
    "word",
    [word for word in (*words.PRIMITIVES, *words.DEFINED) if word.kind == "elementwise" and word not in words.HOST],
    ids=lambda word: word.names[0],
)
def test_every_word_in_latex_reads_back(client: Client, word: Word) -> None:
    args = ARGUMENTS[: max(1, word.arity[0])]
    for form in forms(f"{word.names[0]}({', '.join(args)})", args):
        check(
            client, form, args, [1.75 if word.names[0] == "acsc" else 0.3, 0.45, 0.7, 0.2, 0.1, 0.6, 0.8][: len(args)]
        )


@pytest.mark.parametrize("simplify", [False, True])
def test_published_formulae_in_latex_read_back(client: Client, simplify: bool) -> None:
    for formula in formulas.ALL[:: 20 if simplify else 4]:
        for form in forms(formula.expression, formula.args, simplify=simplify):
            check(client, form, formula.args, [*formula.point])


def test_generated_formulae_in_latex_read_back(client: Client) -> None:
    @settings(max_examples=40)
    @given(strategies.TREES)
    def law(tree: strategies.Tree) -> None:
        for form in forms(tree.text(), strategies.VARIABLES):
            check(client, form, strategies.VARIABLES, strategies.POINTS[:3])

    law()


@pytest.mark.parametrize("name", LETTERS)
def test_a_name_in_latex_reads_back(client: Client, name: str) -> None:
    args = [name, "x" if name != "x" else "y"]
    for text in (
        f"{name}**2*(x + 1) + np.exp(x) + np.gamma(x) + math.pi*x - {name}*(x + 2)",
        f"np.erf({name})*math.e**x",
    ):
        for form in forms(text, args):
            check(client, form, args, [0.7, 1.3])


@pytest.mark.parametrize(
    ("text", "args", "point"),
    [
        ("x1 + x_1*y", ("x1", "x_1", "y"), (0.7, 1.3, 0.4)),
        ("X[0]*X[11]**2 + Z[1, 0]*x1[0]", ("X", "Z", "x1"), ([0.5] * 12, [[1.0, 2.0], [3.0, 4.0]], [7.0])),
        ("X[1]*X[0]*y", ("X", "X1", "y"), ([0.5, 0.3], 2.0, 0.7)),
        ("X[1, 0]", ("X", "X1"), ([[0.5, 0.3], [0.7, 0.1]], [2.0])),
        ("gamma(x)*digamma(x)*(psi + Gamma)", ("x", "psi", "Gamma"), (1.3, 0.5, 0.3)),
        ("x1[0]*x_1[1]", ("x1", "x_1"), ([0.5, 0.3], [0.7, 1.2])),
        ("long_name[2]*alpha[0]", ("long_name", "alpha"), ([0.5, 0.3, 0.2], [0.7])),
        ("where((x > 0) & (y < 2) | ~(x == 1), x**2, y)", ("x", "y"), (0.5, 0.3)),
        ("Piecewise((x, x > 1), (y, y <= 0.5), (x*y, True))", ("x", "y"), (0.5, 0.3)),
        ("abs(x)*floor(y)*ceil(x) - cbrt(y)*sqrt(x)/log2(y)*log10(x)", ("x", "y"), (0.5, 1.3)),
        ("1e-7*x + 2.5e30*y + 10**0.4*x*0.5", ("x", "y"), (0.5, 1.3)),
        ("-x**2 - (-y)**2 - -x*(-y)", ("x", "y"), (0.5, 1.3)),
        ("x*inf", ("x",), (0.5,)),
        ("max(x, y, 2*x)*min(y, abs(x))", ("x", "y"), (0.5, 1.3)),
    ],
)
def test_what_is_set_in_another_way_reads_back(
    client: Client, text: str, args: Sequence[str], point: Sequence[Any]
) -> None:
    for form in forms(text, args):
        check(client, form, args, point)
