"""Statements of one line: assignments, calls that change their target, ``return``, and what means nothing here."""

from __future__ import annotations

import keyword

from app import errors
from app.language.grammar import idle, lexer, stack_code, targets
from app.language.grammar.cursor import Cursor
from app.language.grammar.definitions import nonlocals, parameters, returns
from app.language.grammar.expressions import operators
from app.language.grammar.expressions import parser as expressions
from app.language.grammar.spelling import pasted, spreadsheet
from app.language.grammar.stack_code import (
    Assign,
    Augment,
    Break,
    Change,
    Collection,
    Comprehension,
    Continue,
    Element,
    Instruction,
    Return,
    Signature,
)


class SimpleStatements:
    """Reads statements that have no block."""

    def __init__(self, text: str, max_nesting: int, tokens: list[lexer.Token] | None = None) -> None:
        """Read a text, or the tokens that another notation than that of the language was made of."""
        self._text = text if tokens is not None else spreadsheet.plain(pasted.plain(text))
        if tokens is None:
            tokens = lexer.tokens(self._text)
            first = next((index for index, token in enumerate(tokens) if token.kind != "newline"), 0)
            if tokens[first].text == "=":
                tokens = spreadsheet.translated(tokens[first + 1 :])
        self._cursor = Cursor(tokens)
        self._expressions = expressions.ExpressionParser(self._cursor, max_nesting)
        self._globals: dict[str, int] = {}  # names that the function says are those around it, with their offsets
        self._nonlocals: list[str] = []  # names around it that it assigns
        self._writers: dict[str, nonlocals.Writer] = {}  # its functions that assign names of its own
        self._instance = ""  # in an __init__, the name of what it initialises

    def _simple(self, code: list[Instruction]) -> None:
        token = self._cursor.peek()
        if token.kind == "string":
            self._cursor.take()  # a docstring, or a string as a comment
        elif idle.is_idle(self._cursor):
            self._skip()
        elif token.text in {"global", "nonlocal"}:
            self._global()
        elif token.text == "raise":
            self._skip()
            code += [returns.nothing(token.offset), Return(token.offset)]
        elif token.text in {"import", "from"}:
            self._import()
        elif token.text == "return":
            self._cursor.take()
            value = self._expressions.code()
            code += nonlocals.called(value, self._writers) or targets.taken(value)
            code.append(Return(token.offset))
        elif token.text in {"break", "continue", "pass"}:
            self._cursor.take()
            if token.text != "pass":
                code.append(Break(token.offset) if token.text == "break" else Continue(token.offset))
        elif token.text not in {"(", "[", "*"} and (token.kind != "name" or keyword.iskeyword(token.text)):
            raise errors.SyntaxRejected(
                f"{errors.quote(token.text)} cannot start a statement: only assignments, for, if and return are in the "
                "language",
                offset=token.offset,
            )
        else:
            self._assignment(code)

    def _assignment(self, code: list[Instruction]) -> None:
        """Read an assignment, annotated, augmented or chained, or a call of a method that changes its target."""
        start = self._cursor.peek()
        target = self._expressions.code(target=True)
        sign = self._cursor.peek()
        if sign.text not in operators.ASSIGNING and sign.text != ":":
            self._change(code, target, sign)
            return
        self._cursor.take()
        pattern = targets.pattern(target, self._instance)
        if sign.text == ":":
            parameters.skip_annotation(self._cursor, {"="}, or_line=True)
            sign = self._cursor.take()
            if sign.kind == "newline":
                self._cursor.back()
                return
            if sign.text != "=":
                raise errors.SyntaxRejected("an annotated name needs a value", offset=sign.offset)
        if sign.text != "=":
            self._augmented(code, pattern, sign, start.offset)
            return
        patterns = [pattern]
        value = self._expressions.code(target=True)
        while self._cursor.peek().text == "=":
            self._cursor.take()
            patterns.append(targets.pattern(value, self._instance))
            value = self._expressions.code(target=True)
        code += nonlocals.called(value, self._writers) or targets.taken(value)
        *kept, last = patterns
        code += [Assign(each, keep=True, augmented=False, offset=start.offset) for each in kept]
        code.append(Assign(last, keep=False, augmented=False, offset=start.offset))
        for each in patterns:
            code += targets.attributes_set(each, self._instance, start.offset)

    def _augmented(self, code: list[Instruction], pattern: stack_code.Pattern, sign: lexer.Token, offset: int) -> None:
        kind, operator = operators.AUGMENTED[sign.text]
        operation = operators.INSTRUCTIONS[kind]([operator], sign.offset)
        if isinstance(pattern, str):
            value = self._expressions.code()
            writing = nonlocals.called(value, self._writers, but=pattern)
            if writing is not None:
                *before, last = writing
                code += before
                value = [last]
            if sign.text == "+=" and _is_list(value[-1]) and " " not in pattern:
                code += [*value, Change(pattern, "+=", 1, offset)]
                return
            code += [*targets.read(pattern, self._instance, offset), *value]
            code += [operation, Assign(pattern, keep=False, augmented=" " not in pattern, offset=offset)]
            code += targets.attributes_set(pattern, self._instance, offset)
        elif isinstance(pattern, Element):
            code += self._expressions.code()
            code.append(Augment(pattern, operation, offset))
        else:
            raise errors.SyntaxRejected(f"'{sign.text}' takes one target", offset=sign.offset)

    def _change(self, code: list[Instruction], called: stack_code.Code, following: lexer.Token) -> None:
        found = targets.changing(called)
        writing = nonlocals.called(called, self._writers)
        if writing is not None:
            code += [*writing, Assign(nonlocals.UNUSED, keep=False, augmented=False, offset=called[-1].offset)]
            return
        stored = targets.in_place(called)
        if stored is not None:
            code += stored
            return
        if found is None:
            raise errors.SyntaxRejected("expected '=' after the name", offset=following.offset)
        target, method, operands, size = found
        code += operands
        code.append(Change(target, method, size, called[-1].offset))

    def _global(self) -> None:
        """Go past ``global a, b``, names that the function may only read, or ``nonlocal a, b``."""
        token = self._cursor.take()
        while self._cursor.peek().kind == "name":
            if token.text == "global":
                self._globals[self._cursor.take().text] = token.offset
            else:
                self._nonlocals.append(self._cursor.take().text)
            if self._cursor.peek().text == ",":
                self._cursor.take()

    def _skip(self) -> None:
        """Go past the rest of a statement without reading it."""
        while self._cursor.peek().kind not in {"end", "newline"} and self._cursor.peek().text != ";":
            self._cursor.take()

    def _import(self) -> None:
        raise self._cursor.unexpected(self._cursor.peek(), "a statement")

    def _parameters(self, closing: str) -> tuple[Signature, list[Instruction]]:
        """Return parameters up to a closing sign, and the code of their default values."""
        return parameters.read(self._cursor, closing, self._expressions.default)

    def _column(self, token: lexer.Token) -> int:
        """Return the indentation of a token on its line."""
        start = self._text.rfind("\n", 0, token.offset) + 1
        return len(self._text[start : token.offset].expandtabs(8))

    def _expect(self, text: str) -> None:
        token = self._cursor.take()
        if token.text != text:
            raise self._cursor.unexpected(token, f"'{text}'")


def _is_list(last: Instruction) -> bool:
    return isinstance(last, Comprehension) or (isinstance(last, Collection) and last.kind == "list")
