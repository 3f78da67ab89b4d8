"""Source files: their numbers, what they refuse, and that nothing of a client's text is code in them."""

import math
from collections.abc import Sequence
from typing import Any

import jax
import numpy as np
import pytest
import tree_sitter
import tree_sitter_julia
from mpmath import mp

from app import errors
from app.autodiff import table
from app.export import arrays, definitions, expansion, names, printing, source
from app.export.languages import table as languages
from app.export.languages.table import LANGUAGES
from app.language import parse
from app.language.limits import TextLimits
from tests.export import runners
from tests.export.functions import CASES, Case
from tests.support import reference

SHEET_LACKS = ("polygamma", "beta")
COMPILED = ["jax", "stablehlo"]


def document(text: str, language: str, args: Sequence[str] | None = None, **asked: Any) -> dict[str, Any]:
    limits = asked.pop("limits", source.CodeLimits())
    known = parse.read(text, args).args
    return source.document(source.Asked(text, known, language, **asked), TextLimits(), limits)


def written(case: Case, language: str, **asked: Any) -> str:
    shapes = tuple([np.shape(each) for each in case.point])
    code: str = document(case.text, language, case.args, shapes=shapes, **asked)["source"]
    return code


def close(found: Sequence[float], case: Case, exact: tuple[Any, Any] | None = None) -> None:
    """Assert that numbers are the value and gradient of a function, relative to the largest of them."""
    value, gradient = exact or reference.gradient(case.text, case.args, case.point)
    wanted = [float(value), *map(float, reference.flat(gradient))]
    np.testing.assert_allclose(found, wanted, rtol=0, atol=1e-12 * max(map(abs, wanted)))


def ids(case: Case) -> str:
    return case.text.replace("\n", " ")[:40]


@pytest.mark.parametrize("case", CASES, ids=ids)
def test_python_numpy_and_sheets_give_value_and_gradient(case: Case) -> None:
    exact = reference.gradient(case.text, case.args, case.point)
    close(runners.python(written(case, "python"), case.point), case, exact)
    close(runners.python(written(case, "numpy"), case.point), case, exact)
    if not case.text.startswith(SHEET_LACKS):
        close(runners.spreadsheet(written(case, "excel"), case.point), case, exact)


@pytest.mark.parametrize("case", [CASES[k] for k in (2, 16, 23, 31)], ids=ids)
def test_jax_and_stablehlo_give_value_and_gradient(case: Case) -> None:
    exact = reference.gradient(case.text, case.args, case.point)
    close(runners.python(written(case, "jax"), case.point), case, exact)
    close(runners.stablehlo(written(case, "stablehlo"), case.point), case, exact)


@pytest.mark.parametrize("case", CASES, ids=ids)
def test_julia_is_syntax_of_julia(case: Case) -> None:
    parser = tree_sitter.Parser(tree_sitter.Language(tree_sitter_julia.language()))
    code = written(case, "julia", hvp=True)
    assert not parser.parse(code.encode()).root_node.has_error, code


@pytest.mark.parametrize("language", ["python", "numpy"])
@pytest.mark.parametrize("case", [CASES[k] for k in (0, 2, 3, 16, 21, 28, 41)], ids=ids)
def test_a_file_may_have_products_of_the_hessian(case: Case, language: str) -> None:
    space: dict[str, Any] = {}
    exec(written(case, language, hvp=True), space)  # noqa: S102 - the file
    count = len(reference.flat(case.point))
    flat = [0.5 + 0.25 * k for k in range(count)]
    value, product = space["value_and_hvp"](*case.point, reference.nested(flat, case.point))
    rows = reference.hessian(case.text, case.args, case.point)
    wanted = [float(sum(row[k] * flat[k] for k in range(count))) for row in rows]
    found = [n for part in product for n in np.ravel(np.asarray(part, float))]
    np.testing.assert_allclose(found, wanted, rtol=0, atol=1e-12 * max(1.0, *map(abs, wanted)))
    assert float(value) == pytest.approx(float(reference.value(case.text, case.args, case.point)), rel=1e-12)


WHOLE = [
    ("def f(w, X, y):\n    z = X @ w\n    return mean(logaddexp(0, z) - y*z) + 0.1*sum(w**2)", [(3,), (5, 3), (5,)]),
    (
        "def f(A, b):\n    S = A @ A.T + 3*eye(4)\n    return b @ solve(S, b) + sum(log(diag(cholesky(S))))",
        [(4, 4), (4,)],
    ),
    (
        "def f(A):\n    S = A @ A.T + 3*eye(4)\n    return linalg.slogdet(S)[1] + trace(inv(S)) + linalg.det(S)",
        [(4, 4)],
    ),
    ("sum(linalg.eigvalsh(A @ A.T)**2)", [(4, 4)]),
    ("sum(cumsum(x)**2) + max(x)*min(x) + sum(sort(x)*arange(6.0)) + sum(x[[0, 2, 2]]**2)", [(6,)]),
    ("sum(x[::2]*x[1::2]) + sum(x[::-1]*arange(6.0)) + sum(softmax(x)*x) + logsumexp(x)", [(6,)]),
    ("sum(A[1:, :]*A[:-1, :]) + prod(A[0]) + sum(where(A > 0, exp(A), 0)) + A[-1, -1]", [(3, 4)]),
    ("sum(tanh(A @ tanh(B @ v))) + einsum('ij,jk,k->i', A, B, v)[0]", [(3, 4), (4, 2), (2,)]),
    ("sum(erf(A)*gamma(2 + abs(A))) + sum(median(A, axis=0))", [(3, 4)]),
]


@pytest.mark.parametrize(("text", "shapes"), WHOLE)
def test_functions_of_whole_arrays_agree_with_jax(text: str, shapes: list[tuple[int, ...]]) -> None:
    random = np.random.default_rng(5)
    point = [random.normal(size=shape) for shape in shapes]
    lines = "\n".join(f"    {line}" for line in text.splitlines())
    body = (
        f"{lines}\n    return f"
        if text.startswith("def")
        else f"    return lambda {', '.join(parse.read(text).args)}: {text}"
    )
    space: dict[str, Any] = {}
    exec("from jax.numpy import *\nfrom jax.numpy.linalg import *\nfrom jax.numpy import linalg, sum, max, min, abs\n"  # noqa: S102
         "from jax.nn import softmax\nfrom jax.scipy.special import logsumexp, erf, gamma\n"
         f"def made():\n{body.replace('x[[0, 2, 2]]', 'x[array([0, 2, 2])]')}", space)  # fmt: skip
    function = space["made"]()
    wanted = jax.value_and_grad(function, argnums=tuple(range(len(point))))(*map(jax.numpy.asarray, point))
    for language in ("numpy", "jax"):
        code = document(text, language, shapes=tuple(shapes))["source"]
        found: dict[str, Any] = {}
        exec(code, found)  # noqa: S102 - the file
        value, gradient = found["value_and_grad"](*point)
        assert [np.shape(each) for each in gradient] == shapes
        scale = max(float(np.max(np.abs(each))) for each in (wanted[0], *wanted[1]))
        for mine, theirs in zip((value, *gradient), (wanted[0], *wanted[1]), strict=True):
            np.testing.assert_allclose(np.asarray(mine), np.asarray(theirs), rtol=0, atol=1e-12 * scale)


def test_the_answer_says_what_the_file_is() -> None:
    found = {name: document("x*y", name) for name in languages.NAMES}
    assert {name: each["language"] for name, each in found.items()} == {name: name for name in languages.NAMES}
    assert all(set(each) == {"language", "filename", "media_type", "entry", "source"} for each in found.values())
    assert found["c"]["filename"] == "value_and_grad.c"
    assert found["javascript"]["entry"] == "valueAndGrad"


def test_one_argument_is_not_a_list() -> None:
    space: dict[str, Any] = {}
    exec(document("X[0]*y**2 + 0*X[1]", "python", argnums=1)["source"], space)  # noqa: S102 - the file
    assert space["value_and_grad"]([3.0, 1.0], 5.0) == (75.0, 30.0)
    exec(document("X[0]*y**2 + z", "python", argnums=(2, 0))["source"], space)  # noqa: S102 - the file
    assert space["value_and_grad"]([3.0], 5.0, 1.0) == (76.0, [1.0, [25.0]])


def test_data_are_numbers_of_the_file() -> None:
    given = {"t": [0.0, 1.0, 2.0], "y": [1.0, 0.5, 0.25]}
    for language in ("python", "numpy", "jax"):
        code = document("sum((y - a*exp(-b*t))**2)", language, ["a", "b", "t", "y"], shapes=((), ()), data=given)
        space: dict[str, Any] = {}
        exec(code["source"], space)  # noqa: S102 - the file
        value, gradient = space["value_and_grad"](1.5, 0.5)
        exact = reference.gradient("sum((y - a*exp(-b*t))**2)", ["a", "b", "t", "y"], [1.5, 0.5, *given.values()])
        np.testing.assert_allclose([value, *gradient], [float(exact[0]), *map(float, exact[1][:2])], rtol=1e-14)


# Words


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_word_is_written_or_refused_by_its_name(language: str) -> None:
    known = LANGUAGES[language]
    assert set(known.words) <= set(table.TABLE)
    assert set(known.careful) <= set(known.words)
    used = {name for form in (*known.words.values(), *known.careful.values()) for name in form.needs}
    assert used <= set(known.snippets)
    lacking = expansion.LackingWords(LANGUAGES)
    written, refused = 0, dict[str, errors.NotWritten]()
    for opcode, row in table.TABLE.items():
        orders = definitions.ORDERS.get(opcode, 0)
        helpers = printing.Helpers(known, lacking, frozenset())
        try:
            if opcode not in known.words and opcode not in definitions.INLINE:
                helpers.defined(opcode, (1.0,) * orders, len(row.partials) - orders)
        except errors.NotWritten as error:
            refused[opcode] = error
            continue
        except AttributeError:
            assert known.inline  # without functions, definitions are written out where they stand
        written += 1
    assert written > 90
    assert all(opcode in error.detail and error.field == "language" for opcode, error in refused.items())


def test_definitions_and_primitives_are_of_words() -> None:
    assert set(definitions.INLINE) | set(definitions.FUNCTIONS) | set(definitions.ORDERS) <= set(table.TABLE)
    assert not set(definitions.INLINE) & set(definitions.FUNCTIONS)
    assert not set(arrays.PRIMITIVES) & set(table.TABLE)


EXACT: dict[str, tuple[Any, list[float]]] = {
    "log1p": (mp.log1p, [-0.9, -1e-9, 1e-300, 0.3, 1e5]),
    "expm1": (mp.expm1, [-40.0, -1e-9, 1e-300, 0.3, 5.0]),
    "sinh": (mp.sinh, [-3.0, 1e-9, 0.9, 20.0]),
    "tanh": (mp.tanh, [-3.0, 1e-9, 0.9, 40.0]),
    "asinh": (mp.asinh, [-3.0, 1e-9, 0.9, 1e200]),
    "atanh": (mp.atanh, [-0.99, 1e-9, 0.5]),
    "cbrt": (lambda x: mp.sign(x) * mp.cbrt(abs(x)), [-3.0, 1e-200, 27.0]),
    "gauss": (lambda x: mp.exp(-x * x), [-3.0, 0.1, 25.3]),
    "sinpi": (mp.sinpi, [-3.25, 0.1, 1000.5]),
    "cospi": (mp.cospi, [-3.25, 0.1, 1000.25]),
    "erf": (mp.erf, [-3.0, -0.3, 1e-200, 0.999, 1.001, 2.5, 6.0]),
    "erfc": (mp.erfc, [-3.0, -0.3, 1e-200, 0.499, 0.501, 2.5, 6.0, 26.0]),
    "erfcx": (lambda x: mp.exp(x * x) * mp.erfc(x), [-3.0, -0.3, 0.0, 0.499, 2.5, 30.0, 1e9]),
    "gamma": (mp.gamma, [-3.3, 0.1, 1.0, 5.0, 8.99, 9.01, 120.5]),
    "lgamma": (lambda x: mp.log(abs(mp.gamma(x))), [-3.3, 0.1, 0.51, 0.999, 1.4999, 1.5001, 2.001, 2.5, 9.0, 1e5]),
    "digamma": (mp.digamma, [-3.3, 0.1, 1.0, 15.0, 1e5]),
}
"""What is defined here for languages that lack it, by mpmath, and where."""


@pytest.mark.parametrize("opcode", EXACT)
def test_definitions_are_right_to_a_few_roundings(opcode: str) -> None:
    numpy = LANGUAGES["numpy"]
    helpers = printing.Helpers(numpy, expansion.LackingWords(LANGUAGES), frozenset())
    name = helpers.defined(opcode, (), 1)
    space: dict[str, Any] = {"np": np}
    exec("\n".join(helpers.sources.values()), space)  # noqa: S102 - the functions of a file
    exact, points = EXACT[opcode]
    with mp.workdps(40), np.errstate(all="ignore"):
        for x in points:
            assert float(space[name](np.float64(x))) == pytest.approx(float(exact(mp.mpf(x))), rel=3e-14), x


@pytest.mark.parametrize("order", [1, 2, 3])
def test_polygamma_is_defined_by_its_order(order: int) -> None:
    helpers = printing.Helpers(LANGUAGES["numpy"], expansion.LackingWords(LANGUAGES), frozenset())
    space: dict[str, Any] = {"np": np}
    name = helpers.defined("polygamma", (float(order),), 1)
    exec("\n".join(helpers.sources.values()), space)  # noqa: S102 - the functions of a file
    for x in (-2.7, 0.3, 4.5, 100.0):
        with np.errstate(all="ignore"):
            assert float(space[name](np.float64(x))) == pytest.approx(float(mp.psi(order, x)), rel=1e-13)


def test_what_a_language_lacks_is_refused_with_the_languages_that_have_it() -> None:
    with pytest.raises(errors.NotWritten, match="Python has no word for 'jn'") as refused:
        document("jv(0, x)", "python")
    assert refused.value.hint == "these have it: MATLAB and GNU Octave"
    with pytest.raises(errors.NotWritten, match="words of whole arrays") as refused:
        document("sum(linalg.eigvalsh(A))", "c", shapes=((3, 3),))
    assert refused.value.hint == "NumPy and JAX have them"
    with pytest.raises(errors.NotWritten, match="only NumPy has"):
        document("ellipk(x)", "stablehlo")


# Limits


def test_limits_are_named() -> None:
    few = source.CodeLimits(max_code_operations=3, max_code_data=2)
    with pytest.raises(errors.TooComplex, match="up to 3 operations"):
        document("sin(x) + cos(x) + tan(x)", "c", limits=few)
    with pytest.raises(errors.TooComplex, match="at most 2 numbers of data"):
        document("sum(t*x)", "c", ["x", "t"], shapes=((),), data={"t": [1.0, 2.0, 3.0]}, limits=few)
    with pytest.raises(errors.TooComplex, match="more than 100 characters"):
        document("x", "c", limits=source.CodeLimits(max_code_characters=100))
    with pytest.raises(errors.TooComplex, match="at most 400 rows"):
        document("beta(x, 2.5)", "excel")


def test_shapes_are_asked_for_where_the_text_does_not_tell() -> None:
    for text in ("sum(X)", "X[-1]"):
        with pytest.raises(errors.InvalidField) as refused:
            document(text, "c")
        assert refused.value.field == "shapes"
        assert "X[2]" in document(text, "c", shapes=((3,),))["source"]
    with pytest.raises(errors.InvalidField, match="2 entries"):
        document("sum(X)", "c", shapes=((3,), ()))
    with pytest.raises(errors.BadShape):
        document("X[3]", "c", shapes=((3,),))
    with pytest.raises(errors.BadShape, match="not a scalar"):
        document("[x, y]", "c", shapes=((), ()))
    for language in ("excel", "stablehlo"):
        with pytest.raises(errors.InvalidField, match="no Hessian-vector products"):
            document("x*y", language, hvp=True)


# Texts of clients


HOSTILE = (
    "def f(x):\n    # */ int main(void) { return 1; } /* \\\n    # ??/\n    # %{\n    # coding: utf-7\n"
    '    # \u202e alert(1)\n    # """ + __import__("os") #= =# \r    # <!-- -->\n    return x*x'
)


@pytest.mark.parametrize("language", sorted(set(languages.NAMES) - {"stablehlo"}))
def test_nothing_of_a_text_leaves_its_comment(language: str) -> None:
    code = document(HOSTILE, language, ["x"])["source"]
    prefix = LANGUAGES[language].syntax.comment.strip()
    lines = code.splitlines()
    assert code.isprintable() or all(line.replace("\t", "").isprintable() for line in code.split("\n"))
    for line in lines:
        if any(word in line for word in ("int main", "alert", "__import__", "coding", "<!--")):
            assert line.startswith(prefix or "Value and gradient"), line
            assert not line.endswith("\\")
    assert "coding" not in "".join(lines[:2]) or language == "excel"
    if language == "python":
        assert runners.python(code, [3.0]) == [9.0, 6.0]


def test_names_are_identifiers_that_nothing_else_has() -> None:
    taken = {"int", "x", "x_"}
    assert names.safe("int", taken, unicode=False) == "int_"
    assert names.safe("x", taken, unicode=True) == "x__"
    assert names.safe("t12", taken, unicode=True) == "t12_"
    assert names.safe("_a", taken, unicode=True) == "x_a"
    assert names.safe("β", taken, unicode=True) == "β"
    assert names.safe("β", taken, unicode=False) == "xu03b2".removeprefix("x")


@pytest.mark.parametrize("value", [0.1, 1e-300, 5e-324, 1.7976931348623157e308, 2.0**53 + 2, 1 / 3, -0.0])
def test_numbers_read_back_as_they_are(value: float) -> None:
    for text in (names.number(abs(value), whole=True), names.number(abs(value), whole=False)):
        assert float(text) == abs(value)
    space: dict[str, Any] = {}
    exec(document(f"x*{abs(value)!r}", "python")["source"], space)  # noqa: S102 - the file
    assert space["value_and_grad"](1.0) == (abs(value), [abs(value)])
    assert math.copysign(1, value) < 0 or not names.is_negative(value)
