"""Text to stack code: an expression, a lambda, or a ``def`` with assignments, ``for``, ``if`` and ``return``.

``expressions`` parses the expressions, this module the statements around them. Statements are instructions too; the
body of a loop or a branch is code of its own.
"""

from __future__ import annotations

import keyword
from dataclasses import dataclass

from app import errors
from app.language.grammar import expressions, lexer, operators, stack_code
from app.language.grammar.cursor import Cursor
from app.language.grammar.stack_code import Assign, Branch, Break, Collection, Continue, Instruction, Loop, Name, Return

_AUGMENTED = {
    "+=": ("sum", "+"), "-=": ("sum", "-"), "*=": ("product", "*"), "/=": ("product", "/"),
    "**=": ("binary", "**"), "^=": ("binary", "**"), "//=": ("binary", "//"), "%=": ("binary", "%"),
    "@=": ("binary", "@"),
}  # fmt: skip
"""Kind and operator of each augmented assignment."""

_MAX_BLOCKS = 20
"""Greatest nesting of blocks, as in CPython."""


@dataclass(frozen=True, slots=True)
class Source:
    """A parsed text: its parameters, None for a bare expression, and its code."""

    parameters: tuple[str, ...] | None
    code: stack_code.Code


def parse(text: str, *, max_nesting: int) -> Source:
    """Parse an expression, a lambda or a def with at most ``max_nesting`` brackets open at once."""
    return _Parser(text, max_nesting).source()


class _Parser:
    def __init__(self, text: str, max_nesting: int) -> None:
        self._text = text.replace("\r\n", " \n").replace("\r", "\n") if "\r" in text else text
        self._cursor = Cursor(lexer.tokens(self._text))
        self._expressions = expressions.ExpressionParser(self._cursor, max_nesting)

    def source(self) -> Source:
        self._cursor.skip_newlines()
        first = self._cursor.peek()
        if first.text == "def":
            return self._def()
        parameters = None
        if first.text == "lambda":
            self._cursor.take()
            parameters = self._parameters(":")
        code = self._expressions.code()
        self._finish()
        return Source(parameters, code)

    def _def(self) -> Source:
        outer = self._column(self._cursor.take())
        name = self._cursor.take()
        if name.kind != "name":
            raise self._cursor.unexpected(name, "the name of the function")
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
        if isinstance(code[-1], Return):
            code.pop()  # the value of the function is the value that its last expression leaves
        return Source(parameters, code)

    def _parameters(self, closing: str) -> tuple[str, ...]:
        names: list[str] = []
        while self._cursor.peek().text != closing:
            token = self._cursor.take()
            if token.text in {"*", "**", "/"}:
                raise errors.SyntaxRejected("star arguments are not in the language", offset=token.offset)
            if token.kind != "name" or keyword.iskeyword(token.text):
                raise self._cursor.unexpected(token, "the name of an argument")
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
                raise self._cursor.unexpected(separator, f"',' or '{closing}'")
        self._cursor.take()
        if not names:
            raise errors.SyntaxRejected("the function has no arguments", offset=self._cursor.peek().offset)
        return tuple(names)

    def _body(self, outer: int, depth: int) -> list[Instruction]:
        """Return the code of a block: the rest of the line of its colon, or the lines indented more than ``outer``."""
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
            if code and isinstance(code[-1], (Return, Break, Continue)):
                rest = self._cursor.peek()
                if rest.kind != "end" and self._column(rest) > outer:
                    raise errors.SyntaxRejected("nothing may follow the return statement", offset=rest.offset)
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
        while True:
            self._simple(code)
            token = self._cursor.peek()
            if token.text == ";":
                self._cursor.take()
            elif token.kind not in {"end", "newline"}:
                raise self._cursor.unexpected(token, "the end of the statement")
            if self._cursor.peek().kind in {"end", "newline"}:
                self._cursor.skip_newlines()
                return

    def _loop(self, code: list[Instruction], column: int, depth: int) -> None:
        token = self._cursor.take()
        pattern = self._cursor.pattern()
        word = self._cursor.take()
        if word.text != "in":
            raise self._cursor.unexpected(word, "'in'")
        code += self._expressions.code()
        self._expect(":")
        code.append(Loop(pattern, self._body(column, depth + 1), token.offset))
        following = self._cursor.peek()
        if following.text == "else" and self._column(following) == column:
            raise errors.SyntaxRejected("a loop has no else in the language", offset=following.offset)

    def _branch(self, code: list[Instruction], column: int, depth: int) -> None:
        token = self._cursor.take()
        code += self._expressions.code()
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
        code.append(Branch(chosen, other, token.offset))

    def _simple(self, code: list[Instruction]) -> None:
        token = self._cursor.peek()
        if token.kind == "string":
            self._cursor.take()  # a docstring, or a string as a comment
        elif token.text == "return":
            self._cursor.take()
            code += self._expressions.code()
            code.append(Return(token.offset))
        elif token.text in {"break", "continue", "pass"}:
            self._cursor.take()
            if token.text != "pass":
                code.append(Break(token.offset) if token.text == "break" else Continue(token.offset))
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
        pattern = self._cursor.pattern()
        sign = self._cursor.take()
        if sign.text in _AUGMENTED and isinstance(pattern, str):
            code.append(Name(pattern, start.offset))
            code += self._expressions.code()
            kind, operator = _AUGMENTED[sign.text]
            code.append(operators.INSTRUCTIONS[kind]([operator], sign.offset))
        elif sign.text == "=":
            code += self._expressions.code()
        else:
            what = "annotations are not in the language" if sign.text == ":" else "expected '=' after the name"
            raise errors.SyntaxRejected(what, offset=sign.offset)
        patterns = [pattern]
        while self._cursor.peek().text == "=" and _is_target(code[-1]):
            patterns.append(self._chained(code))
        *kept, last = patterns
        code += [Assign(each, keep=True, offset=start.offset) for each in kept]
        code.append(Assign(last, keep=False, offset=start.offset))

    def _chained(self, code: list[Instruction]) -> stack_code.Pattern:
        last = code.pop()
        if not isinstance(last, Name) or "." in last.name:
            raise errors.SyntaxRejected("only names can be assigned to", offset=last.offset)
        self._cursor.take()
        code += self._expressions.code()
        return last.name

    def _column(self, token: lexer.Token) -> int:
        """Return the indentation of a token on its line."""
        start = self._text.rfind("\n", 0, token.offset) + 1
        return len(self._text[start : token.offset].expandtabs(8))

    def _expect(self, text: str) -> None:
        token = self._cursor.take()
        if token.text != text:
            raise self._cursor.unexpected(token, f"'{text}'")

    def _finish(self) -> None:
        self._cursor.skip_newlines()
        token = self._cursor.peek()
        if token.kind != "end":
            what = "a second line after a complete expression"
            hint = "put an expression of several lines in parentheses"
            if token.text in {":", ";"}:
                what, hint = f"'{token.text}' is not in the language here", "give one expression"
            raise errors.SyntaxRejected(what, hint=hint, offset=token.offset)


def _returns(code: stack_code.Code) -> bool:
    if not code:
        return False
    last = code[-1]
    if isinstance(last, Branch):
        return _returns(last.chosen) and _returns(last.other)
    return isinstance(last, Return)


def _is_target(last: Instruction) -> bool:
    return isinstance(last, Name) or (isinstance(last, Collection) and last.kind == "tuple")
