"""A formula of a spreadsheet, ``=A1^2 + EXP(-B1)``, to tokens of the language."""

from __future__ import annotations

import functools
import re
from typing import NamedTuple

from app import errors
from app.language.grammar import lexer
from app.language.grammar.lexer import Token

_SAME = (
    "ABS SIGN SQRT EXP LOG10 SIN COS TAN ASIN ACOS ATAN SINH COSH TANH ASINH ACOSH ATANH SEC CSC COT POWER MOD TRUNC"
    " DEGREES RADIANS ERF ERFC GAMMA"
)
FUNCTIONS: dict[str, str] = {name: name.lower() for name in _SAME.split()} | {
    "LN": "log", "INT": "floor", "GAMMALN": "lgamma", "FACT": "factorial", "IF": "where",
    "AND": "logical_and", "OR": "logical_or", "NOT": "logical_not",
}  # fmt: skip
"""Name in the language by name in a spreadsheet, whatever its case."""


class _Spelling(NamedTuple):
    """A function of the language, and what stands before, between and after its operands, with spaces."""

    function: str
    begins: str = "("
    between: tuple[str, ...] = (",",)  # the last one again and again
    ends: str = ")"
    operands: int = 0  # how many it takes, 0 for any number
    flagged: bool = False  # whether another operand says which function is asked


def _of_each(function: str) -> _Spelling:
    """Return the spelling of a function of all elements of its operands, which may be arrays and numbers."""
    return _Spelling(function, f"( [ {function} (", (f") , {function} (",), ") ] )")


def _distribution(name: str, *parameters: str, density: str = "pdf") -> dict[str, _Spelling]:
    """Return the spellings of the density and of the distribution function of parameters, by the last operand."""
    between = tuple([") , " + parameter for parameter in parameters])
    return {
        flag: _Spelling(f"scipy.stats.{name}.{function}", "( (", between, ") )", 1 + len(parameters), True)
        for flag, function in {"TRUE": "cdf", "1": "cdf", "FALSE": density, "0": density}.items()
    }


_ANNUITY = "n*exprel(n*log1p(r))/exprel(log1p(r))"  # ((1 + r)**n - 1)/r, for r = 0 too
_FORMULAE: dict[str, str] = {
    "ATAN2": "x, y: atan2(y, x)",
    "LOG": "x, b=10: log10(x) if b == 10 else log(x)/log(b)",
    # Away from zero at a half, unlike the language's own
    "ROUND": "x, n: sign(x)*floor(abs(x)*10**n + 0.5)/10**n",
    "ROUNDUP": "x, n: sign(x)*ceil(abs(x)*10**n)/10**n",
    "ROUNDDOWN": "x, n: sign(x)*floor(abs(x)*10**n)/10**n",
    "TRUNC": "x, n=0: sign(x)*floor(abs(x)*10**n)/10**n",
    "MROUND": "x, m: m*floor(x/m + 0.5)",
    **dict.fromkeys(("CEILING", "CEILING.MATH"), "x, s=1: s*ceil(x/s)"),
    **dict.fromkeys(("FLOOR", "FLOOR.MATH"), "x, s=1: s*floor(x/s)"),
    "QUOTIENT": "x, y: trunc(x/y)",
    "COMBIN": "n, k: binom(n, k)",
    "PERMUT": "n, k: ff(n, k)",
    "SQRTPI": "x: sqrt(pi*x)",
    "GAUSS": "x: erf(x/sqrt(2))/2",
    "FISHER": "x: atanh(x)",
    "FISHERINV": "x: tanh(x)",
    "FV": f"r, n, pmt, pv=0, due=0: -(pv*(1 + r)**n + pmt*(1 + r*due)*{_ANNUITY})",
    "PV": f"r, n, pmt, fv=0, due=0: -(pmt*(1 + r*due)*{_ANNUITY} + fv)/(1 + r)**n",
    "PMT": f"r, n, pv, fv=0, due=0: -(pv*(1 + r)**n + fv)/((1 + r*due)*{_ANNUITY})",
    "NPER": "r, pmt, pv, fv=0, due=0: log((pmt*(1 + r*due) - fv*r)/(pmt*(1 + r*due) + pv*r))/log1p(r)",
    "NPV": "r, *v: sum([c/(1 + r)**(k + 1) for k, c in enumerate(np.concatenate([np.ravel(x) for x in v]))])",
    **dict.fromkeys(("CHISQ.DIST.RT", "CHIDIST"), "x, n: scipy.stats.chi2.sf(x, n)"),
    **dict.fromkeys(("F.DIST.RT", "FDIST"), "x, m, n: scipy.stats.f.sf(x, m, n)"),
    "T.DIST.RT": "x, n: scipy.stats.t.sf(x, n)",
    "T.DIST.TT": "x, n: 2*scipy.stats.t.sf(x, n)",
    "TDIST": "x, n, tails: tails*scipy.stats.t.sf(x, n)",
    "BETADIST": "x, a, b, low=0, high=1: scipy.stats.beta.cdf(x, a, b, low, high - low)",
    "LOGNORMDIST": "x, m, s: scipy.stats.lognorm.cdf(x, s, 0, exp(m))",
    **dict.fromkeys(("LOGNORM.INV", "LOGINV"), "p, m, s: exp(m + s*ndtri(p))"),
    **dict.fromkeys(("CONFIDENCE.NORM", "CONFIDENCE"), "p, s, n: -ndtri(p/2)*s/sqrt(n)"),
    "SLOPE": "y, x: np.sum((x - np.mean(x))*(y - np.mean(y)))/np.sum((x - np.mean(x))**2)",
    "INTERCEPT": "y, x: np.mean(y) - np.mean(x)*np.sum((x - np.mean(x))*(y - np.mean(y)))/np.sum((x - np.mean(x))**2)",
    **dict.fromkeys(("CORREL", "PEARSON"), "x, y: np.corrcoef(x, y)[0, 1]"),
    "RSQ": "y, x: np.corrcoef(x, y)[0, 1]**2",
    **dict.fromkeys(("COVARIANCE.P", "COVAR"), "x, y: np.mean((x - np.mean(x))*(y - np.mean(y)))"),
    "SUMX2MY2": "x, y: np.sum(x**2 - y**2)",
    "SUMX2PY2": "x, y: np.sum(x**2 + y**2)",
    "DEVSQ": "x: np.sum((x - np.mean(x))**2)",
}
"""Functions that are lambdas of their operands."""

_NORMAL = ("loc = (", "scale = (")
_SPELLED: dict[str, _Spelling] = {
    "SUM": _Spelling("np.sum", "( [", (",",), "] )"), "PRODUCT": _Spelling("prod", "( [", (",",), "] )"),
    "MAX": _of_each("np.max"), "MIN": _of_each("np.min"),
    "AVERAGE": _Spelling("mean", "( [", (",",), "] )"), "MEDIAN": _Spelling("np.median", "( [", (",",), "] )"),
    "SUMPRODUCT": _Spelling("np.sum", "( np.prod ( [", (",",), "] , axis = 0 ) )"),
    "SUMSQ": _Spelling("np.sum", "( np.square ( [", (",",), "] ) )"),
    "SUMXMY2": _Spelling("np.sum", "( np.square ( (", (") - (",), ") ) )", 2),
    **dict.fromkeys(("STDEV", "STDEV.S"), _Spelling("np.std", "( [", (",",), "] , ddof = 1 )")),
    **dict.fromkeys(("STDEVP", "STDEV.P"), _Spelling("np.std", "( [", (",",), "] )")),
    **dict.fromkeys(("VAR", "VAR.S"), _Spelling("np.var", "( [", (",",), "] , ddof = 1 )")),
    **dict.fromkeys(("VARP", "VAR.P"), _Spelling("np.var", "( [", (",",), "] )")),
    **dict.fromkeys(("NORMSDIST",), _Spelling("scipy.stats.norm.cdf", operands=1)),
    **dict.fromkeys(("NORMSINV", "NORM.S.INV"), _Spelling("scipy.stats.norm.ppf", operands=1)),
    **dict.fromkeys(("NORMINV", "NORM.INV"), _Spelling("scipy.stats.norm.ppf", operands=3)),
    "PHI": _Spelling("scipy.stats.norm.pdf", operands=1),
    "STANDARDIZE": _Spelling("", "( ( (", (") - (", ") ) / ("), ") )", 3),
    **{name: _Spelling("", f"( lambda {text} ) (") for name, text in _FORMULAE.items()},
}  # fmt: skip
"""Spellings of functions whose operands stand otherwise in the language: sums and extremes are of all elements."""

_DISTRIBUTIONS: dict[str, dict[str, _Spelling]] = {
    **dict.fromkeys(("NORM.DIST", "NORMDIST"), _distribution("norm", *_NORMAL)),
    "NORM.S.DIST": _distribution("norm"),
    **dict.fromkeys(("EXPON.DIST", "EXPONDIST"), _distribution("expon", "scale = 1 / (")),
    **dict.fromkeys(("GAMMA.DIST", "GAMMADIST"), _distribution("gamma", "a = (", "scale = (")),
    "BETA.DIST": _distribution("beta", "a = (", "b = ("),
    "LOGNORM.DIST": _distribution("lognorm", "scale = exp (", "s = ("),
    **dict.fromkeys(("WEIBULL.DIST", "WEIBULL"), _distribution("weibull_min", "c = (", "scale = (")),
    "T.DIST": _distribution("t", "df = ("),
    "CHISQ.DIST": _distribution("chi2", "df = ("),
    "F.DIST": _distribution("f", "dfn = (", "dfd = ("),
    **dict.fromkeys(("BINOM.DIST", "BINOMDIST"), _distribution("binom", "n = (", "p = (", density="pmf")),
    **dict.fromkeys(("POISSON.DIST", "POISSON"), _distribution("poisson", "mu = (", density="pmf")),
    "NEGBINOM.DIST": _distribution("nbinom", "n = (", "p = (", density="pmf"),
}
"""Distributions, whose last operand says whether the distribution function is asked or the density."""

_INSTEAD = {
    "MMULT": "send the cells as arguments, without the =: A @ B",
    "TRANSPOSE": "send the cells as one argument, without the =: A.T",
    "MDETERM": "send the cells as one argument, without the =: det(A)",
    "MINVERSE": "send the cells as one argument, without the =: inv(A)",
    "IFERROR": "write its first operand alone, or IF with the condition for it",
    "IFS": "write IF(a, x, IF(b, y, z))",
    "COUNT": "write the number",
    "LET": "write a = A1^2 on a line before, without the =, and the value on the last line",
    "LAMBDA": "write lambda x: x**2, without the =",
    "VLOOKUP": "name the cell itself",
    "INDEX": "name the cell itself",
    "RAND": "give the random number as an argument",
}
_REFUSED = {
    "%": "divide by 100",
    "&": "there is no text here; write AND(a, b) for conditions",
    ":": "name the cells one by one: A1 + A2 + A3",
}


_CELL = re.compile(r"\$?([A-Za-z]{1,3})\$(?=[0-9])|\$([A-Za-z]{1,3})(?=[0-9])")

_DECIMAL = re.compile(r"(?<=[0-9]),(?=[0-9])")

_TWO_TAILS = re.compile(r"(?i)\.2T(?=\()")


def plain(text: str) -> str:
    """Return a text of the same length without the $ of ``$A$1`` and with commas for ``;``, if it is a formula."""
    if not text.lstrip().startswith("="):
        return text
    text = _TWO_TAILS.sub(".TT", text)  # T.DIST.2T, which no name is
    # A sign that is left out goes before the name of its cell, so that the name stays in one piece.
    text = _CELL.sub(lambda found: (found[1] or found[2]).rjust(len(found.group())), text)
    if ";" in text:  # operands are separated so where a comma is the decimal point
        text = _DECIMAL.sub(".", text)
    return text.replace(";", ",") if "," not in text else text


def translated(tokens: list[Token]) -> list[Token]:
    """Return the tokens of a formula, without its leading sign, as tokens of the language."""
    found: list[Token] = []
    open_calls: list[tuple[_Spelling, int]] = []  # how each open bracket is spelled, and how many operands it had
    commas = _commas(tokens)
    index = 0
    while index < len(tokens):
        kind, text, offset = token = tokens[index]
        following = tokens[min(index + 1, len(tokens) - 1)]
        name, opening = _called(tokens, index) if kind == "name" else ("", index)
        if name:
            if name == "PI" and tokens[opening + 1].text == ")":
                found.append(Token("name", "pi", offset))
                index = opening + 2
                continue
            spelling = _spelling(Token("name", name, offset), tokens, opening, commas)
            if spelling.function:
                found.append(Token("name", spelling.function, offset))
            found += _spelled(spelling.begins, tokens[opening].offset)
            open_calls.append((spelling, 1))
            index = opening + 1
            continue
        if text in _REFUSED and kind == "op":
            what = f"{errors.quote(text)} of a spreadsheet is not in the language"
            raise errors.SyntaxRejected(what, hint=_REFUSED[text], offset=offset)
        if text == "," and not open_calls:
            what, hint = "a comma outside of parentheses", "write a point in a number: 1.5"
            raise errors.SyntaxRejected(what, hint=hint, offset=offset)
        if text == "(":
            open_calls.append((_Spelling(""), 1))
        elif text in {",", ")"} and open_calls:
            spelling, count = open_calls.pop()
            if text == "," and spelling.flagged and index in commas:
                index, text = commas[index], ")"  # what says which function is asked
            found += _spelled(_after_operand(spelling, count, text, offset), offset)
            if text == ",":
                open_calls.append((spelling, count + 1))
            index += 1
            continue
        found.append(_sign(token, following, found))
        index += 2 if found[-1].text == "!=" and text == "<" else 1
    return found


def _sign(token: Token, following: Token, before: list[Token]) -> Token:
    """Return a token that is no call as one of the language."""
    _, text, offset = token
    if text == "=" or (text == "<" and following.text == ">"):
        return Token("op", "==" if text == "=" else "!=", offset)
    if text == "^":
        _refuse_other_order(before, offset)
    return token


def _after_operand(spelling: _Spelling, count: int, sign: str, offset: int) -> str:
    """Return what stands for the comma or bracket after the operand of this number."""
    if spelling.operands and (count >= spelling.operands if sign == "," else count != spelling.operands):
        what = f"the function takes {spelling.operands + spelling.flagged} operands here"
        raise errors.BadArity(what, hint="name every operand, in the order of the spreadsheet", offset=offset)
    return spelling.ends if sign == ")" else spelling.between[min(count, len(spelling.between)) - 1]


def _called(tokens: list[Token], index: int) -> tuple[str, int]:
    """Return the name of the function that is called here, in upper case, and where its bracket opens."""
    parts = [tokens[index].text]
    while index + 2 < len(tokens) and tokens[index + 1].text == "." and tokens[index + 2].kind == "name":
        parts.append(tokens[index + 2].text)
        index += 2
    called = index + 1 < len(tokens) and tokens[index + 1].text == "("
    return (".".join(parts).upper() if called else ""), index + 1


def _commas(tokens: list[Token]) -> dict[int, int]:
    """Return where the last comma of each bracket stands, by where it opens, and where it closes, by that comma."""
    found: dict[int, int] = {}
    open_brackets: list[tuple[int, int]] = []  # with their last commas
    for index, token in enumerate(tokens):
        if token.text == "(":
            open_brackets.append((index, 0))
        elif token.text == "," and open_brackets:
            open_brackets[-1] = open_brackets[-1][0], index
        elif token.text == ")" and open_brackets:
            opening, last = open_brackets.pop()
            if last:
                found[opening], found[last] = last, index
    return found


def _spelled(text: str, offset: int) -> list[Token]:
    """Return the tokens of a text that stands for a bracket or a comma."""
    return [Token(kind, text, offset) for kind, text, _ in _tokens(text)]


@functools.cache
def _tokens(text: str) -> list[Token]:
    return lexer.tokens(text)[:-1]


def _spelling(name: Token, tokens: list[Token], opening: int, commas: dict[int, int]) -> _Spelling:
    """Return how a function of a spreadsheet is spelled in the language."""
    if name.text in FUNCTIONS:
        return _Spelling(FUNCTIONS[name.text])
    by_flag = _DISTRIBUTIONS.get(name.text)
    spelling = _SPELLED.get(name.text)
    if by_flag is not None:
        last = commas.get(opening, opening)
        flag = tokens[last + 1 : commas.get(last, last)]
        spelling = by_flag.get(flag[0].text.upper()) if len(flag) == 1 else None
        if spelling is None:
            what = f"{name.text} ends with TRUE for the distribution function, or FALSE for the density"
            raise errors.SyntaxRejected(what, hint=f"write {name.text}(..., TRUE)", offset=name.offset)
    if spelling is None:
        hint = _INSTEAD.get(name.text, "leave out the = before the formula, and write the language's own name")
        what = f"the function {errors.quote(name.text)} of a spreadsheet is not in the language"
        raise errors.UnknownName(what, hint=hint, offset=name.offset)
    return spelling


def _refuse_other_order(before: list[Token], offset: int) -> None:
    """Refuse ``-a^b`` and ``a^b^c``, which a spreadsheet reads as ``(-a)^b`` and ``(a^b)^c``."""
    start, depth = len(before) - 1, 0
    while start >= 0:
        depth += {")": 1, "]": 1, "(": -1, "[": -1}.get(before[start].text, 0)
        start -= 1
        if depth <= 0:
            break
    if start >= 0 and before[start + 1].text == "(" and before[start].kind == "name":
        start -= 1
    sign = before[start].text if start >= 0 else ""
    ahead = before[start - 1] if start > 0 else None
    unary = sign in {"-", "+"} and (ahead is None or (ahead.kind == "op" and ahead.text not in {")", "]"}))
    if unary or sign == "^":
        hint = "put parentheses: -(A1^2) or (-A1)^2, (a^b)^c or a^(b^c)"
        raise errors.SyntaxRejected("spreadsheets read this otherwise", hint=hint, offset=offset)
