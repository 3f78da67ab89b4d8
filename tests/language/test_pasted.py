"""Signs of print, spaces, fences, prompts and formulae of spreadsheets."""

# ruff: noqa: RUF001 - the very characters that people paste

import math

import pytest

from app import errors
from app.language import parse
from app.language.grammar.spelling import pasted
from tests.support import float_tapes

SAME = {
    "π*r²": "pi*r**2",
    "x⁻¹ + y³": "x**(-1) + y**3",
    "2²*x": "2**2*x",
    "(x + 1)² − 1": "(x + 1)**2 - 1",
    "x¹²": "x**12",
    "xⁿ": "x**n",
    "-x²": "-(x**2)",
    "x × 2 · 3 ÷ 4": "x*2*3/4",
    "√(x) + √2 + √x*2": "sqrt(x) + sqrt(2) + sqrt(x)*2",
    "1 if x ≤ 2 else y": "1 if x <= 2 else y",
    "x if 0 ≤ x < y else y": "x if 0 <= x < y else y",
    "x if x ≠ 2 else y": "x if x != 2 else y",
    "where(x ≥ 2, ∞, x)": "where(x >= 2, inf, x)",
    "x₁ + x₂": "x1 + x2",
    "α·β": "α*β",
    "x ∗∗ 2": "x**2",
    "x\u00a0+\u20091\u200b": "x + 1",
    "\ufeffx + 1\u2028": "x + 1",
    "（x＋１）": "(x+1)",
    "x\f+\v1": "x + 1",
    "```python\ndef f(x):\n    return x**2\n```": "lambda x: x**2",
    "```\nx**2\n```\n": "x**2",
    "`x**2`": "x**2",
    ">>> import math\n>>> def f(x):\n...     a = 2\n...     return a*x\n...\n>>> f(2)\n4\n": "lambda x: 2*x",
    "In [1]: def f(x):\n   ...:     return x*2\n   ...: \nOut[1]: 3\n": "lambda x: x*2",
    "def f(x):\r\n\treturn x + \\  \r\n\t\t1\r\n": "lambda x: x + 1",
    'def f(x):\n    """“doc” — don’t"""\n    return x  # it’s – fine\n': "lambda x: x",
    "=A1^2+EXP(-B1)": "A1**2 + exp(-B1)",
    "=(-A1)^2 + -(A1^2) + 2^-A1": "(-A1)**2 - A1**2 + 2**-A1",
    "=B1-A1^2": "B1 - A1**2",
    "=-2*A1^2": "-2*A1**2",
    "=SUM(A1, B1, 2)*PI()": "np.sum([A1, B1, 2])*pi",
    "=IF(A1=2, LN(A1), LOG(A1))": "where(A1 == 2, log(A1), log10(A1))",
    "=IF(A1<>2, POWER(A1, 3), sqrt(A1))": "where(A1 != 2, A1**3, sqrt(A1))",
    "=AVERAGE(A1,MAX(B1,3))": "mean([A1, np.max([np.max(B1), np.max(3)])])",
    "=NORM.DIST(A1, B1, 2, TRUE)": "scipy.stats.norm.cdf(A1, B1, 2)",
    "=norm.s.dist(A1,FALSE)+NORMSDIST(A1)": "scipy.stats.norm.pdf(A1) + scipy.stats.norm.cdf(A1)",
    "=EXPON.DIST(A1, B1+1, 1)": "scipy.stats.expon.cdf(A1, scale=1/(B1 + 1))",
    "=GAMMA.DIST(A1, B1, 2, FALSE)": "scipy.stats.gamma.pdf(A1, B1, scale=2)",
    "=LOGNORM.DIST(A1, B1, 2, TRUE)": "scipy.stats.lognorm.cdf(A1, 2, scale=exp(B1))",
    "=WEIBULL.DIST(A1, 3, B1, TRUE)": "scipy.stats.weibull_min.cdf(A1, 3, scale=B1)",
    "=NORM.INV(A1, MAX(B1, 1), 2)": "scipy.stats.norm.ppf(A1, np.max([np.max(B1), np.max(1)]), 2)",
    "=STDEV.S(A1, B1, 3) + VAR.P(A1, B1)": "np.std([A1, B1, 3], ddof=1) + np.var([A1, B1])",
}


@pytest.mark.parametrize(("text", "plain"), SAME.items(), ids=[ascii(text) for text in SAME])
def test_a_pasted_text_is_the_plain_one(text: str, plain: str) -> None:
    found, expected = parse.read(text), parse.read(plain)
    assert found.args == expected.args
    assert found.identity == expected.identity
    roots = [None if each.expression is None else each.expression.root for each in (found, expected)]
    assert roots[0] == roots[1]


@pytest.mark.parametrize("text", [*SAME, "x\r\n", "x\r", "’“‘\x85\u2029", "`" * 7, ">>>\n", "..."])
def test_offsets_stay(text: str) -> None:
    assert len(pasted.plain(text)) == len(text)


def test_a_spreadsheets_number_is_the_spreadsheets() -> None:
    assert float_tapes.means("=(-A1)^2*PI()", A1=2.0) == 4 * math.pi


def test_pi_is_a_name_where_it_is_given() -> None:
    assert parse.read("lambda π: 2*π").args == ("π",)
    assert parse.read("π*x", ["π", "x"]).args == ("π", "x")
    assert parse.read("π*x").args == ("x",)


@pytest.mark.parametrize(
    ("text", "hint", "offset"),
    [
        ("=-A1^2", "parentheses", 4),
        ("=3*-SIN(A1)^2", "parentheses", 11),
        ("=2^A1^2", "parentheses", 5),
        ("=A1%", "100", 3),
        ("=SUM(A1:A3)", "", 7),
        ("=NORM.DIST(A1, 0, 1, B1)", "TRUE", 1),
        ("=NORM.DIST(A1, 0, TRUE)", "every operand", 16),
        ("=NORMSINV(A1, B1)", "every operand", 12),
        ("=NORM.DIST(A1", "write )", 1),
        ("=VLOOKUP(A1)", "cell", 1),
        ("√x²", "**2", 2),
        ("sin²(x)", "", 4),
        ("x²y", "*", 2),
        ("²", "", 0),
        ("x + “y”", "", 4),
    ],
)
def test_what_is_not_clear_is_refused(text: str, hint: str, offset: int) -> None:
    with pytest.raises(errors.Rejected) as caught:
        parse.parse(text)
    assert hint in (caught.value.hint or "")
    assert caught.value.position is not None
    assert caught.value.position.offset == offset
