"""Definitions of the vocabulary, exactly: their decimals are numbers to all digits, or what the decimals stand for.

A definition writes sqrt(1/2) as 0.70710678118654752, because float64 has no more digits, and a function near a point as
a few terms of a series.
"""

from __future__ import annotations

import functools
import re
from fractions import Fraction

from app.language.vocabulary import words

_DECIMAL = re.compile(r"(?<![\w.])(?:\d+\.\d*(?:[eE][-+]?\d+)?|\d+[eE][-+]?\d+)(?![\w.])")

LONG = re.compile(r"(?<![\w.])\d+\.\d+")
"""A decimal, of which there is none in an exact definition."""
_PI = re.compile(r"(?<![\w.])pi(?![\w.])")

_ROOT_HALF, _LOG_2 = "(1/2)**(1/2)", "log(2)"

STANDS_FOR: dict[str, str] = {
    "0.22579135264472744": "log(acos(-1)/2)/2",
    "0.31830988618379067": "1/acos(-1)",
    "0.39894228040143268": "(2*acos(-1))**(-1/2)",
    "0.45158270528945486": "log(acos(-1)/2)",
    "0.57721566490153286061": "-digamma(1)",
    "0.63661977236758134": "2/acos(-1)",
    "0.69314718055994531": _LOG_2,
    "0.70710678118654752": _ROOT_HALF,
    "0.79788456080286536": "(2/acos(-1))**(1/2)",
    "0.91893853320467274": "log(2*acos(-1))/2",
    "1.0451637801174927848446": "li(2)",
    "1.1447298858494002": "log(acos(-1))",
    "1.4142135623730950": "2**(1/2)",
    "1.4142135623730950488": "2**(1/2)",
    "6.283185307179586477": "2*acos(-1)",
}
"""By decimal, the irrational number that it stands for, in words without decimals."""

_BY_NAME: dict[str, str] = {
    "harmonic_near_zero": "lambda x: digamma(x + 1) - digamma(1)",
    "lowergamma_of_large": "lambda a, x: gammainc(a, x) * gamma(a)",
    "stirling_rest": "lambda x: lgamma(x) - (x - 1/2)*log(x) + x - log(2*pi)/2",
    "log_part": "lambda c, s: log(c) if c < 1/2 else log1p(-s)",
    "log1p_square": "lambda x: log1p(x**2)",
    "log_rise": "lambda x: log1mexp(x)",
    "t_near": "lambda x, df: exp(-betaln(df/2, 1/2)) * df**(-1/2) * x * hyp2f1(1/2, (df + 1)/2, 3/2, -x**2/df)",
    "gennorm_rise": "lambda x, b: sign(x)*gammainc(1/b, abs(x)**b)/2",
}
"""Definitions that are series, or leave out what float64 does not see, by the name of the word."""

_WITHIN = {
    "c*log(x) if x**c < 1e-17 else log1mexp(x**c)": "log1mexp(x**c)",
    "2*log(x) - 0.69314718055994531 if x < 1e-9 else log1mexp(x**2/2)": "log1mexp(x**2/2)",
}
"""Parts of definitions that do so."""


@functools.cache
def exactly(definition: str) -> str:
    """Return the definition of a word for exact arithmetic."""
    text = _replaced().get(definition, definition)
    for part, whole in _WITHIN.items():
        text = text.replace(part, whole)
    return _PI.sub("acos(-1)", _DECIMAL.sub(_number, text))


def _number(match: re.Match[str]) -> str:
    """Return a decimal as what it stands for, or as a fraction."""
    text = match[0]
    if text in STANDS_FOR:
        return f"({STANDS_FOR[text]})"
    value = Fraction(text)
    return f"({value.numerator}/{value.denominator})" if value.denominator > 1 else str(value.numerator)


@functools.cache
def _replaced() -> dict[str, str]:
    found = {}
    for name, text in _BY_NAME.items():
        definition = words.INNER[name].definition
        assert definition is not None
        found[definition] = text
    return found
