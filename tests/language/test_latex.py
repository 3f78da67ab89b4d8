"""LaTeX is read as the function it shows, or refused where it is not clear, with the place and what to write."""

import contextlib
import json
import random
import time
from collections.abc import Collection, Sequence

import pytest

from app import errors
from app.autodiff.symbolic import partials
from app.engine.functions.functions import Function
from app.language import parse
from app.language.grammar.spelling.latex import translator as latex
from app.language.limits import TextLimits
from tests.language.latex_texts import MEANINGS, PIECES, REFUSALS


def read(text: str, args: Sequence[str] | None = None, declared: Collection[str] = ()) -> parse.ParsedFunction:
    return parse.read(latex.marked(text), args, declared, partials=partials.text)


def refused(text: str) -> errors.GradserveError:
    with pytest.raises(errors.Rejected) as caught:
        parse.parse(latex.marked(text), shapes=None, partials=partials.text)
    return caught.value


@pytest.mark.parametrize(("text", "meaning"), MEANINGS)
def test_a_formula_is_the_same_function_as_its_text(text: str, meaning: str) -> None:
    args = read(text).args
    if not meaning.startswith("lambda"):
        plain = parse.read(meaning, declared=args, partials=partials.text).args
        assert args == plain
    assert Function(read(text)).function_id == Function(parse.read(meaning, args, partials=partials.text)).function_id


@pytest.mark.parametrize(("text", "meaning"), MEANINGS)
def test_a_formula_is_the_same_once_its_arguments_are_known(text: str, meaning: str) -> None:
    assert meaning
    first = read(text)
    for again in (read(text, first.args), read(text, declared=first.args)):
        assert again.args == first.args
        assert Function(again).function_id == Function(first).function_id


def test_an_argument_by_the_name_of_an_operator_is_a_factor() -> None:
    found = read(r"2 \operatorname{rate} x", ["rate", "x"])
    assert Function(found).function_id == Function(parse.read("2*rate*x", ["rate", "x"])).function_id


def test_there_are_many_refusals() -> None:
    assert len(REFUSALS) >= 60


@pytest.mark.parametrize(("shown", "code", "hint"), REFUSALS)
def test_what_is_not_read_is_refused_where_it_stands(shown: str, code: str, hint: str) -> None:
    place = shown.index("⟨")
    error = refused(shown.replace("⟨", "").replace("⟩", ""))
    assert error.code == code, error.detail
    assert error.position is not None
    assert error.position.offset == place, error.detail
    assert hint in (error.hint or ""), error.detail


@pytest.mark.parametrize(
    ("text", "known", "meaning"),
    [
        ("x_1 + x_{2}", ["x"], "x[1] + x[2]"),
        ("x_1", ["x1"], "x1"),
        ("x_1", ["x_1", "x"], "x_1"),
        ("X_{1, 2}", ["X"], "X[1, 2]"),
        ("X_{12}", ["X"], "X[12]"),
        ("A_{ij}", ["A", "i", "j"], "A[i, j]"),
        ("x_{i+1}", ["x", "i"], "x[i + 1]"),
        ("e^x", ["e", "x"], "e**x"),
        (r"\mathrm{e}^x + e", ["e", "x"], "math.e**x + e"),
        (r"\pi x", ["pi", "x"], "pi*x"),
        (r"\Gamma(x)", ["Gamma", "x"], "Gamma*x"),
        ("rate t", ["rate", "t"], "rate*t"),
        ("x1 + y", ["x1", "y"], "x1 + y"),
        (r"\lambda", ["lam"], "lam"),
        (r"\lambda + \theta", ["λ", "θ"], "λ + θ"),
        (r"\varepsilon", ["epsilon"], "epsilon"),
        (r"x^T A x", ["x", "A"], "x.T @ A @ x"),
        (r"x^T", ["x", "T"], "x**T"),
        (r"\operatorname{erf}(x)", ["erf", "x"], "np.erf(x)"),
        (r"\sin x", ["sin", "x"], "np.sin(x)"),
        (r"\hat{y}", ["y_hat"], "y_hat"),
        (r"g", ["g_"], "g_"),
    ],
)
def test_arguments_decide_what_a_letter_means(text: str, known: list[str], meaning: str) -> None:
    assert Function(read(text, known)).function_id == Function(parse.read(meaning, known)).function_id
    assert set(read(text, declared=known).args) <= set(known)


def test_a_list_of_formulae_is_read_as_one_function() -> None:
    found = parse.read([latex.marked(r"\frac{x}{y}"), latex.marked(r"x^2")])
    assert Function(found).function_id == Function(parse.read(["x/y", "x**2"])).function_id
    with pytest.raises(errors.SyntaxRejected) as caught:
        parse.read([latex.marked("x"), latex.marked("x + 2 3")])
    assert (caught.value.field, caught.value.position and caught.value.position.offset) == ("expression.1", 6)


# Bounds


def nested(depth: int) -> list[str]:
    """Return formulae that are nested so deep."""
    return [
        "(" * depth + "x" + ")" * depth,
        "{" * depth + "x" + "}" * depth,
        r"\frac{" * depth + "x" + "}{2}" * depth,
        r"\sqrt[" * depth + "x" + "]{2}" * depth,
        r"\sqrt{" * depth + "x" + "}" * depth,
        "x^{" * depth + "x" + "}" * depth,
        "x_{" * depth + "x" + "}" * depth,
        r"\sum_{i=0}^{" * depth + "1" + "} x" * depth,
        r"\sum_{i=0}^{1}" * depth + "x",
        r"\sin" * depth + " x",
        r"\sin^{" * depth + "x" + "} x" * depth,
        r"\log_{" * depth + "x" + "} x" * depth,
        r"\frac{d}{dx}" * depth + " x^2",
        r"\partial_x" * depth + " x",
        r"\frac{d}{d" * depth + "x" + "}" * depth + " x",
        r"\left|" * depth + "x" + r"\right|" * depth,
        r"\hat{" * depth + "x" + "}" * depth,
        r"\begin{cases}" * depth + "x" + r"& x > 0 \\ 1 & \text{otherwise} \end{cases}" * depth,
        r"\begin{pmatrix}" * depth + "x" + r"\end{pmatrix}" * depth,
        r"\begin{aligned}" * depth + "x" + r"\end{aligned}" * depth,
        "$" * depth + "x" + "$" * depth,
        "(" * depth + "x" + ")!" * depth,
        "(" * depth + "x" + r")^\top" * depth,
    ]


LONG = [
    "x" * 5000, "x!+" * 2000 + "x", "x_{" + "a" * 5000 + "}", r"\text{" * 2000, r"\text{" + "a" * 5000, "{,}" * 3000,
    "x^2_" * 2000, r"\frac" * 4000, r"\left" * 4000, r"\begin{" * 3000, "|" * 4000, "_" * 4000, "^" * 4000, "'" * 4000,
    "a_{b" * 2000 + "}" * 2000, "%" * 5000, "\\" * 5000, "1{,}" * 3000, "x(" * 3000, "x," * 3000, "&" * 4000,
    r"\frac{d}{dx}" * 500 + "x" * 3000, r"\partial_x" * 3000,
    r"\sum_i x_i" * 800, r"\operatorname{a}" * 2000, " " * 20000 + "x", "~" * 20000, "f(" + "x," * 3000 + "x) = 1",
    "x" + ":" * 5000, r"\sum_i (" + "x_i + " * 2000 + "1)", "$" * 5001 + "x", r"\[" * 3000 + "x", "x = " * 3000 + "x",
]  # fmt: skip


@pytest.mark.parametrize("depth", [60, 3000])
@pytest.mark.parametrize("kind", range(len(nested(1))))
def test_a_deep_formula_is_read_or_refused(kind: int, depth: int) -> None:
    try:
        read(nested(depth)[kind])
    except errors.Rejected as error:
        assert error.position is not None or error.is_over_limits  # noqa: PT017 - it may be read, too


@pytest.mark.parametrize("text", LONG, ids=range(len(LONG)))
def test_the_time_for_a_long_formula_is_linear(text: str) -> None:
    def seconds(times: int) -> float:
        best = float("inf")
        for _ in range(3):
            start = time.process_time()
            with contextlib.suppress(errors.Rejected):
                latex.translated(latex.marked(" + ".join([text] * times)), (), (), 512)
            best = min(best, time.process_time() - start)
        return best

    assert seconds(8) < 40 * seconds(1) + 0.05


def test_a_formula_over_the_limit_of_bytes_is_refused() -> None:
    limits = TextLimits(max_expression_bytes=100)
    assert parse.read(latex.marked("x" + "+x" * 49), limits=limits).args == ("x",)
    with pytest.raises(errors.TooComplex, match="has 101 bytes"):
        parse.read(latex.marked("x" + "+x" * 50), limits=limits)


def test_random_formulae_are_read_or_refused() -> None:
    generator = random.Random(20261130)  # noqa: S311 - a test's
    was_read = 0
    for _ in range(8000):
        text = " ".join(generator.choices(PIECES.split(), k=generator.randint(1, 14)))
        try:
            found = read(text, declared=generator.sample(["x", "y", "T", "e"], 2))
        except errors.Rejected as error:
            position = error.position
            assert position is None or 0 <= position.offset <= len(text), json.dumps(text)
        else:
            was_read += 1
            assert found.args is not None
    assert was_read > 100
