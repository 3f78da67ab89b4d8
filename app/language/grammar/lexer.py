"""Text to tokens with their offsets. Names are normalised here and nowhere else.

Identifiers are NFKC-normalised, as in Python (PEP 3131). The text is not, because x² would become the name x2.
"""

# ruff: noqa: RUF001 - the very characters that people paste

from __future__ import annotations

import keyword
import re
import unicodedata
from typing import NamedTuple

from app import errors

MAX_NAME_LENGTH = 64
"""Characters of a name, before and after normalisation."""

_MAX_STRING_LENGTH = 200
"""Characters of a string."""

_TOKEN = re.compile(
    r"""
    (?P<space>[ \t]+|\#[^\n]*|\\[ \t]*\n)
  | (?P<newline>\n)
  | (?P<number>0[xX][0-9a-fA-F_]+|0[bB][01_]+|0[oO][0-7_]+
              |(?:[0-9][0-9_]*(?:\.[0-9_]*)?|\.[0-9][0-9_]*)(?:[eE][+-]?[0-9_]+)?)
  | (?P<name>[^\W\d⁰¹²³⁴-⁹ⁿ][^\W⁰¹²³⁴-⁹ⁿ]*)
  | (?P<exponent>[⁺⁻]?(?:[⁰¹²³⁴-⁹]+|ⁿ))
  | √(?P<root>(?=[ \t]*\()|(?:[^\W\d]\w*+|[0-9]++(?:\.[0-9]++)?+)(?![ \t]*(?:\*\*|[\^(\[.⁺⁻⁰¹²³⁴-⁹ⁿ])))
  | (?P<infinite>∞)
  | (?P<string>[rRbBuUfF]{0,2}(?:\"\"\"(?s:.*?)\"\"\"|'''(?s:.*?)'''|"[^"\n]*"|'[^'\n]*'))
  | (?P<op>[≤≥≠]|\*\*=|//=|[-+*/%^@&|]=|\*\*|//|<=|>=|==|!=|->|:=|[-+*/%^@~<>=()\[\]{},:.;&|])
    """,
    re.VERBOSE,
)

_WRITTEN_INSTEAD = {
    "²": "write **2", "³": "write **3", "√": "write sqrt(...)", "∞": "write inf",
    "×": "write *", "·": "write *", "÷": "write /",
    "−": "write the ASCII minus -", "–": "write the ASCII minus -",
    "≤": "write <=", "≥": "write >=", "≠": "write !=",
    "$": "write plain text, not LaTeX", "!": "write gamma(n + 1) for n!",
}  # fmt: skip

_WRITTEN = {"≤": "<=", "≥": ">=", "≠": "!="}
_EXPONENTS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹ⁿ⁺⁻", "0123456789n+-")
_SUBSCRIPTS = str.maketrans("₀₁₂₃₄₅₆₇₈₉", "0123456789")

_METHODS = frozenset({"__call__", "__init__", "__repr__", "__str__"})
"""Methods of classes that a text may define; only ``__init__`` may be called by its name."""
_CLASS = re.compile(r"^[ \t]*class[ \t]+\w", re.MULTILINE)
_BRACKETS = {"(": 1, "[": 1, "{": 1, ")": -1, "]": -1, "}": -1}


class Token(NamedTuple):
    """A lexical unit; ``kind`` is number, name, string, op, newline or end; offset in characters."""

    kind: str
    text: str
    offset: int


def identifier(name: str, offset: int | None = None) -> str:
    """Return a name NFKC-normalised, as Python does it (PEP 3131); refuse a keyword, a dunder or a long name."""
    if len(name) > MAX_NAME_LENGTH:
        raise errors.InvalidName(f"the name {errors.quote(name)} is over {MAX_NAME_LENGTH} characters", offset=offset)
    if not name.isascii():
        name = name.translate(_SUBSCRIPTS)
    normal = name if name.isascii() else unicodedata.normalize("NFKC", name)
    if not (normal.isidentifier() and name.isidentifier()):
        raise errors.InvalidName(f"{errors.quote(name)} is not a name", hint="use letters, digits and _", offset=offset)
    if keyword.iskeyword(normal):
        hint = "use lambda_ or lam" if normal == "lambda" else None
        raise errors.InvalidName(f"'{normal}' is a Python keyword", hint=hint, offset=offset)
    if normal.startswith("__") or len(normal) > MAX_NAME_LENGTH:
        hint = "names do not begin with __: nothing is evaluated by Python" if normal.startswith("__") else None
        raise errors.InvalidName(f"the name {errors.quote(name)} cannot be used", hint=hint, offset=offset)
    return normal


def tokens(text: str) -> list[Token]:
    """Split text into tokens; newlines inside brackets are white space."""
    found: list[Token] = []
    names: dict[str, str] = {}
    position = depth = 0
    for token in _TOKEN.finditer(text):
        start, stop = token.span()
        if start != position:
            break  # finditer skips characters that begin no token
        position = stop
        kind = token.lastgroup or ""
        if kind == "space":
            continue
        word = token.group()
        if kind == "op":
            word = _WRITTEN.get(word, word)
            depth += _BRACKETS.get(word, 0)
        elif kind == "infinite":
            kind, word = "name", "inf"
        elif kind in {"exponent", "root"}:
            found += _exponent(word, start) if kind == "exponent" else _root(token)
            continue
        elif kind == "number":
            _check_number(text, token)
        elif kind == "name":
            normal = names.get(word)
            if normal is None:
                normal = names[word] = word if keyword.iskeyword(word) else _name(text, word, start)
            word = normal
        elif kind == "newline" and depth > 0:
            continue
        found.append(Token(kind, word, start))
    if position < len(text):
        raise _stray(text, position)
    found.append(Token("end", "", len(text)))
    return found


def plain(token: Token) -> str:
    """Return what stands in a string, which may have no prefix, no escapes and not three quotes."""
    inner = token.text[1:-1]
    if token.text[0] not in "'\"" or "\\" in inner or inner[:1] in {"'", '"'} or len(inner) > _MAX_STRING_LENGTH:
        raise errors.SyntaxRejected("only short plain strings are in the language", offset=token.offset)
    return inner


def _exponent(word: str, start: int) -> list[Token]:
    """Return the tokens of ² or ⁻¹."""
    plain = word.translate(_EXPONENTS)
    sign = [Token("op", plain[0], start)] if plain[0] in "+-" else []
    digits = plain.lstrip("+-")
    return [Token("op", "**", start), *sign, Token("name" if digits == "n" else "number", digits, start)]


def _root(token: re.Match[str]) -> list[Token]:
    """Return the tokens of √ before a bracket, or of √x or √2."""
    start, inner = token.start(), token["root"]
    root = Token("name", "sqrt", start)
    if not inner:
        return [root]
    kind = "number" if inner[0].isdecimal() else "name"
    operand = Token(kind, inner if kind == "number" else _name(token.string, inner, start + 1), start + 1)
    return [root, Token("op", "(", start), operand, Token("op", ")", start)]


def _name(text: str, word: str, position: int) -> str:
    """Return the normalised name; refuse a character that no identifier may have."""
    word = word if word.isascii() else word.translate(_SUBSCRIPTS)
    for index in range(len(word) if not word.isidentifier() else 0):
        if not word[: index + 1].isidentifier():
            raise _stray(text, position + index)
    if word in _METHODS and text[:position].endswith(("def ", ".") if word == "__init__" else "def "):
        return word
    if word.startswith("__") and _CLASS.search(text, 0, position):
        hint = f"names do not begin with __: write {word.strip('_')[:40] or 'a name'}"
        raise errors.InvalidName(f"the name {errors.quote(word)} cannot be used", hint=hint, offset=position)
    return identifier(word, position)


def _stray(text: str, position: int) -> errors.SyntaxRejected:
    character = text[position]
    if character in "'\"":
        return errors.SyntaxRejected("a string is not closed, and strings are not in the language", offset=position)
    if character == "\\":
        return errors.SyntaxRejected("a backslash may only end a line", offset=position)
    return errors.SyntaxRejected(
        f"the character {errors.quote(character)} is not in the language",
        hint=_WRITTEN_INSTEAD.get(character),
        offset=position,
    )


def _check_number(text: str, token: re.Match[str]) -> None:
    after = text[token.end() : token.end() + 1]
    if after.isidentifier() or after.isdecimal():
        hint = "complex numbers are not in the language" if after in "jJ" else "write a * between a number and a name"
        raise errors.SyntaxRejected(f"a number runs into {errors.quote(after)}", hint=hint, offset=token.end())
    if len(token.group()) > 400:
        raise errors.BadConstant("a number is written with more than 400 characters", offset=token.start())
