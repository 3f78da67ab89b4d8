"""The parameters of a lambda or def: names, default values, and what may stand beside them without a meaning here."""

from __future__ import annotations

import keyword
from collections.abc import Callable

from app import errors
from app.language.grammar import stack_code
from app.language.grammar.cursor import Cursor
from app.language.grammar.stack_code import Signature

_PAIRS = {"(": ")", "[": "]", "{": "}"}


def read(
    cursor: Cursor, closing: str, value: Callable[[], stack_code.Code]
) -> tuple[Signature, list[stack_code.Instruction]]:
    """Read parameters up to a closing sign and go past it; ``value`` reads the expression of a default value.

    Return the signature, and the code of all default values, one behind the other.
    """
    names: list[str] = []
    defaulted: list[str] = []
    code: list[stack_code.Instruction] = []
    positional, by_name = 0, -1
    rest: dict[str, str] = {}  # by star
    while cursor.peek().text != closing:
        token = cursor.take()
        if token.text == "*" and cursor.peek().text == "," and by_name < 0:
            by_name = len(names)
        elif token.text == "/" and names and not positional and by_name < 0:
            positional = len(names)
        elif token.text in {"*", "**"} and cursor.peek().kind == "name" and token.text not in rest:
            rest[token.text] = cursor.take().text
            by_name = len(names) if by_name < 0 else by_name
        elif token.kind != "name" or keyword.iskeyword(token.text):
            raise cursor.unexpected(token, "the name of an argument")
        else:
            if token.text in names:
                raise errors.InvalidName(f"the argument '{token.text}' appears twice", offset=token.offset)
            names.append(token.text)
            if cursor.peek().text == ":" and closing != ":":
                cursor.take()
                skip_annotation(cursor, {",", "=", closing})
            if cursor.peek().text == "=":
                cursor.take()
                code += value()
                defaulted.append(token.text)
            elif defaulted and by_name < 0:
                what = f"the argument '{token.text}' without a default value follows one that has one"
                raise errors.SyntaxRejected(what, offset=token.offset)
        separator = cursor.peek()
        if separator.text == ",":
            cursor.take()
        elif separator.text != closing:
            raise cursor.unexpected(separator, f"',' or '{closing}'")
    cursor.take()
    by_name = len(names) - by_name if by_name >= 0 else 0
    return Signature(tuple(names), positional, by_name, tuple(defaulted), rest.get("*", ""), rest.get("**", "")), code


def skip_annotation(cursor: Cursor, ends: set[str], *, or_line: bool = False) -> None:
    """Go past an annotation, which means nothing here, up to one of the signs ``ends`` outside its brackets.

    With ``or_line`` the end of the line may end it, too.
    """
    start = cursor.peek()
    if start.text in ends:
        raise cursor.unexpected(start, "an annotation")
    open_brackets: list[str] = []
    while True:
        token = cursor.peek()
        if token.kind == "end" or (token.kind == "newline" and not open_brackets):
            if or_line and token.kind == "newline" and token is not start:
                return
            raise cursor.unexpected(token, " or ".join(f"'{each}'" for each in sorted(ends)))
        if not open_brackets and token.text in ends and token.kind == "op":
            return
        cursor.take()
        if token.kind == "op" and token.text in _PAIRS:
            open_brackets.append(_PAIRS[token.text])
        elif open_brackets and token.text == open_brackets[-1]:
            open_brackets.pop()
