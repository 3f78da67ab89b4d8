"""A formula of a spreadsheet, ``=A1^2 + EXP(-B1)``, to tokens of the language."""

from __future__ import annotations

from app import errors
from app.language.grammar.lexer import Token

_SAME = (
    "ABS SIGN SQRT EXP LOG10 SIN COS TAN ASIN ACOS ATAN SINH COSH TANH ASINH ACOSH ATANH SEC CSC COT POWER MOD TRUNC"
    " DEGREES RADIANS ERF ERFC GAMMA MAX MIN"
)
FUNCTIONS: dict[str, str] = {name: name.lower() for name in _SAME.split()} | {
    "LN": "log", "LOG": "log10", "INT": "floor", "GAMMALN": "lgamma", "FACT": "factorial", "IF": "where",
    "AND": "logical_and", "OR": "logical_or", "NOT": "logical_not",
    "SUM": "sum", "PRODUCT": "prod", "AVERAGE": "mean",
}  # fmt: skip
"""Name in the language by name in a spreadsheet, whatever its case."""

_OF_LISTS = frozenset({"SUM", "PRODUCT", "AVERAGE"})
"""Functions of any number of operands, of which the language makes a list."""

_INSTEAD = {"ATAN2": "ATAN2(x, y) of a spreadsheet is atan2(y, x)"}
_REFUSED = {
    "%": "divide by 100",
    "&": "there is no text here; write AND(a, b) for conditions",
    ":": "name the cells one by one: A1 + A2 + A3",
}


def translated(tokens: list[Token]) -> list[Token]:
    """Return the tokens of a formula, without its leading sign, as tokens of the language."""
    found: list[Token] = []
    closing: list[bool] = []  # whether a list ends with each open bracket
    index = 0
    while index < len(tokens):
        kind, text, offset = token = tokens[index]
        following = tokens[min(index + 1, len(tokens) - 1)]
        if kind == "name" and following.text == "(":
            name = text.upper()
            if name == "PI" and tokens[index + 2].text == ")":
                found.append(Token("name", "pi", offset))
                index += 3
                continue
            found.append(Token("name", _function(token), offset))
            found += [following, Token("op", "[", following.offset)] if name in _OF_LISTS else [following]
            closing.append(name in _OF_LISTS)
            index += 2
            continue
        if text in _REFUSED and kind == "op":
            what = f"{errors.quote(text)} of a spreadsheet is not in the language"
            raise errors.SyntaxRejected(what, hint=_REFUSED[text], offset=offset)
        if text == "(":
            closing.append(False)
        elif text == ")" and closing and closing.pop():
            found.append(Token("op", "]", offset))
        elif text == "=":
            token = Token("op", "==", offset)
        elif text == "<" and following.text == ">":
            token = Token("op", "!=", offset)
            index += 1
        elif text == "^":
            _refuse_other_order(found, offset)
        found.append(token)
        index += 1
    return found


def _function(token: Token) -> str:
    meant = FUNCTIONS.get(token.text.upper())
    if meant is None:
        hint = _INSTEAD.get(token.text.upper(), "leave out the = before the formula, and write the language's own name")
        what = f"the function {errors.quote(token.text)} of a spreadsheet is not in the language"
        raise errors.UnknownName(what, hint=hint, offset=token.offset)
    return meant


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
