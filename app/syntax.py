"""Text to postfix code: an expression, a lambda, or a ``def`` with assignments, ``for``, ``if`` and ``return``.

Expressions are ``grammar``'s; this module reads what stands around them. The code of a def is one sequence: statements
are instructions too, and what a loop or a branch holds is code of its own.
"""

from __future__ import annotations

import keyword
from dataclasses import dataclass

from app import errors, grammar, lexing, postfix
from app.postfix import Instruction

_AUGMENTED = {
    "+=": "sum",
    "-=": "sum",
    "*=": "product",
    "/=": "product",
    "**=": "power",
    "^=": "power",
    "//=": "binary",
    "%=": "binary",
    "@=": "binary",
}
_MAX_BLOCKS = 20
"""How deep blocks may stand in each other, as in CPython."""


@dataclass(frozen=True, slots=True)
class Source:
    """A parsed text: its parameters, None for a bare expression, and its postfix code."""

    parameters: tuple[str, ...] | None
    code: postfix.Code


def parse(text: str, *, max_nesting: int) -> Source:
    """Parse an expression, a lambda or a def.

    Args:
        text: UTF-8 encodable text within the length limit, which the caller has checked.
        max_nesting: how many brackets may be open at once.

    Raises:
        errors.SyntaxRejected: not in the grammar.
        errors.InvalidName: a name that cannot be used.
        errors.TooComplex: nested too deep.
    """
    return _Parser(text, max_nesting).source()


class _Parser:
    """Reads statements; the yard reads the expressions in them."""

    def __init__(self, text: str, max_nesting: int) -> None:
        self._text = text.replace("\r\n", " \n").replace("\r", "\n") if "\r" in text else text
        self._cursor = grammar.Cursor(lexing.tokens(self._text))
        self._yard = grammar.Yard(self._cursor, max_nesting)

    def source(self) -> Source:
        self._cursor.skip_newlines()
        first = self._cursor.peek()
        if first.text == "lambda":
            return self._lambda()
        if first.text == "def":
            return self._def()
        code = self._yard.expressions()
        self._finish()
        return Source(None, code)

    def _lambda(self) -> Source:
        self._cursor.take()
        parameters = self._parameters(":")
        code = self._yard.expressions()
        self._finish()
        return Source(parameters, code)

    def _def(self) -> Source:
        outer = self._column(self._cursor.take())
        name = self._cursor.take()
        if name.kind != "name":
            raise self._yard.unexpected(name, "the name of the function")
        self._expect("(")
        parameters = self._parameters(")")
        if self._cursor.peek().text == "->":
            raise errors.SyntaxRejected("annotations are not in the language", offset=self._cursor.peek().offset)
        self._expect(":")
        code = self._body(outer, depth=0)
        rest = self._cursor.peek()
        if not _returns(code):
            hint = "every way through the function must end in a return" if code else None
            raise errors.SyntaxRejected("the def has no return statement", hint=hint, offset=rest.offset)
        if rest.kind != "end":
            raise errors.SyntaxRejected("nothing may follow the function", offset=rest.offset)
        if code[-1].kind == "return":
            code.pop()  # the value of the code is what its last expression leaves
        return Source(parameters, code)

    def _parameters(self, closing: str) -> tuple[str, ...]:
        names: list[str] = []
        while self._cursor.peek().text != closing:
            token = self._cursor.take()
            if token.text in {"*", "**", "/"}:
                raise errors.SyntaxRejected("star arguments are not in the language", offset=token.offset)
            if token.kind != "name" or keyword.iskeyword(token.text):
                raise self._yard.unexpected(token, "the name of an argument")
            if token.text in names:
                raise errors.InvalidName(f"the argument '{token.text}' appears twice", offset=token.offset)
            names.append(token.text)
            separator = self._cursor.peek()
            if separator.text in {"=", ":"} and separator.text != closing:
                what = "default values" if separator.text == "=" else "annotations"
                raise errors.SyntaxRejected(f"{what} are not in the language", offset=separator.offset)
            if separator.text == ",":
                self._cursor.take()
            elif separator.text != closing:
                raise self._yard.unexpected(separator, f"',' or '{closing}'")
        self._cursor.take()
        if not names:
            raise errors.SyntaxRejected("the function has no arguments", offset=self._cursor.peek().offset)
        return tuple(names)

    # Statements

    def _body(self, outer: int, depth: int) -> list[Instruction]:
        """Return the code of a block: what stands on the line of its colon, or further in than ``outer``."""
        first = self._cursor.peek()
        if depth > _MAX_BLOCKS:
            raise errors.TooComplex(f"blocks are nested more than {_MAX_BLOCKS} deep", offset=first.offset)
        code: list[Instruction] = []
        if first.kind != "newline":
            self._line(code)
            return code
        self._cursor.skip_newlines()
        inner = self._column(self._cursor.peek())
        if inner <= outer or self._cursor.peek().kind == "end":
            raise errors.SyntaxRejected("expected an indented block", offset=self._cursor.peek().offset)
        while self._cursor.peek().kind != "end" and (column := self._column(self._cursor.peek())) > outer:
            if column != inner:
                raise errors.SyntaxRejected("the indentation fits no block", offset=self._cursor.peek().offset)
            self._statement(code, inner, depth)
            if code and code[-1].kind in {"return", "break", "continue"}:
                self._refuse_dead(outer)
        return code

    def _statement(self, code: list[Instruction], column: int, depth: int) -> None:
        token = self._cursor.peek()
        if token.text == "for":
            self._loop(code, column, depth)
        elif token.text == "if":
            self._branch(code, column, depth)
        else:
            self._line(code)

    def _line(self, code: list[Instruction]) -> None:
        """Parse the simple statements of one line."""
        while True:
            self._simple(code)
            token = self._cursor.peek()
            if token.text == ";":
                self._cursor.take()
            elif token.kind not in {"end", "newline"}:
                raise self._yard.unexpected(token, "the end of the statement")
            if self._cursor.peek().kind in {"end", "newline"}:
                self._cursor.skip_newlines()
                return

    def _refuse_dead(self, outer: int) -> None:
        rest = self._cursor.peek()
        if rest.kind != "end" and self._column(rest) > outer:
            raise errors.SyntaxRejected("nothing may follow the return statement", offset=rest.offset)

    def _loop(self, code: list[Instruction], column: int, depth: int) -> None:
        token = self._cursor.take()
        pattern = self._yard.pattern()
        word = self._cursor.take()
        if word.text != "in":
            raise self._yard.unexpected(word, "'in'")
        code += self._yard.expressions()
        self._expect(":")
        code.append(Instruction("loop", postfix.Loop(pattern, self._body(column, depth + 1)), token.offset))
        if self._cursor.peek().text == "else":
            raise errors.SyntaxRejected("a loop has no else in the language", offset=self._cursor.peek().offset)

    def _branch(self, code: list[Instruction], column: int, depth: int) -> None:
        token = self._cursor.take()
        code += self._yard.expressions()
        self._expect(":")
        chosen = self._body(column, depth + 1)
        other: list[Instruction] = []
        following = self._cursor.peek()
        if following.text in {"elif", "else"} and self._column(following) == column:
            if following.text == "elif":
                self._branch(other, column, depth + 1)
            else:
                self._cursor.take()
                self._expect(":")
                other = self._body(column, depth + 1)
        code.append(Instruction("branch", postfix.Branch(chosen, other), token.offset))

    def _simple(self, code: list[Instruction]) -> None:
        token = self._cursor.peek()
        if token.kind == "string":
            self._cursor.take()  # a docstring, or a comment in the shape of one
        elif token.text == "return":
            self._cursor.take()
            code += self._yard.expressions()
            code.append(Instruction("return", None, token.offset))
        elif token.text in {"break", "continue", "pass"}:
            self._cursor.take()
            if token.text != "pass":
                code.append(Instruction(token.text, None, token.offset))
        elif token.kind != "name" or keyword.iskeyword(token.text):
            raise errors.SyntaxRejected(
                f"{errors.quote(token.text)} cannot start a statement: only assignments, for, if and return are in the "
                "language",
                offset=token.offset,
            )
        else:
            self._assignment(code)

    def _assignment(self, code: list[Instruction]) -> None:
        start = self._cursor.peek()
        pattern = self._yard.pattern()
        sign = self._cursor.take()
        if sign.text in _AUGMENTED and isinstance(pattern, str):
            code.append(Instruction("name", pattern, start.offset))
            code += self._yard.expressions()
            kind, operator = _AUGMENTED[sign.text], sign.text[:-1]
            data = {"sum": "+" + operator, "product": "*" + operator, "binary": operator}.get(kind)
            code.append(Instruction(kind, data, sign.offset))
        elif sign.text == "=":
            code += self._yard.expressions()
        else:
            what = "annotations are not in the language" if sign.text == ":" else "expected '=' after the name"
            raise errors.SyntaxRejected(what, offset=sign.offset)
        patterns = [pattern]
        while self._cursor.peek().text == "=" and code[-1].kind in {"name", "tuple"}:
            patterns.append(self._chained(code))
        *kept, last = patterns
        code += [Instruction("keep", each, start.offset) for each in kept]
        code.append(Instruction("store", last, start.offset))

    def _chained(self, code: list[Instruction]) -> postfix.Pattern:
        """Return the second target of ``a = b = value``, which read as a value at first."""
        last = code.pop()
        if last.kind != "name" or "." in last.data:
            raise errors.SyntaxRejected("only names can be assigned to", offset=last.offset)
        self._cursor.take()
        code += self._yard.expressions()
        target: str = last.data
        return target

    # Tokens

    def _column(self, token: lexing.Token) -> int:
        """Return how far in a token stands on its line."""
        start = self._text.rfind("\n", 0, token.offset) + 1
        return len(self._text[start : token.offset].expandtabs(8))

    def _expect(self, text: str) -> None:
        token = self._cursor.take()
        if token.text != text:
            raise self._yard.unexpected(token, f"'{text}'")

    def _finish(self) -> None:
        self._cursor.skip_newlines()
        token = self._cursor.peek()
        if token.kind != "end":
            what = "a second line after a complete expression"
            hint = "put an expression of several lines in parentheses"
            if token.text in {":", ";"}:
                what, hint = f"'{token.text}' is not in the language here", "give one expression"
            raise errors.SyntaxRejected(what, hint=hint, offset=token.offset)


def _returns(code: postfix.Code) -> bool:
    """Return whether every way through the code comes to a return."""
    if not code:
        return False
    last = code[-1]
    return last.kind == "return" or (last.kind == "branch" and _returns(last.data.chosen) and _returns(last.data.other))
