"""Text to stack code: an expression, a lambda, or a ``def`` with assignments, ``for``, ``if`` and ``return``.

``expressions`` parses the expressions, this module the statements around them. Statements are instructions too; the
body of a loop or a branch is code of its own.
"""

from __future__ import annotations

import keyword
from dataclasses import dataclass
from typing import NamedTuple

from app import errors
from app.language.grammar import (
    expressions,
    lexer,
    operators,
    parameters,
    pasted,
    spreadsheet,
    stack_code,
    targets,
)
from app.language.grammar.cursor import Cursor
from app.language.grammar.stack_code import (
    Assign,
    Augment,
    Branch,
    Break,
    Change,
    Collection,
    Comprehension,
    Continue,
    Element,
    Instruction,
    Loop,
    Name,
    Return,
    Signature,
    Unary,
    While,
)

_MAX_BLOCKS = 20
"""Greatest nesting of blocks, as in CPython."""


class Import(NamedTuple):
    """``import module as alias`` or ``from module import name as alias``; what is not there is empty."""

    module: str
    name: str
    alias: str
    offset: int


@dataclass(frozen=True, slots=True)
class Source:
    """A parsed text: its parameters, None for a bare expression, and its code."""

    parameters: tuple[str, ...] | None
    code: stack_code.Code
    name: str = ""
    around: stack_code.Code = ()  # statements before the function that it needs
    defaults: tuple[tuple[str, stack_code.Code], ...] = ()  # code of the default values, by parameter
    imports: tuple[Import, ...] = ()


def parse(text: str, *, max_nesting: int) -> Source:
    """Parse an expression, a lambda or a def with at most ``max_nesting`` brackets open at once."""
    return Parser(text, max_nesting).source()


class Parser:
    """Reads blocks of statements; ``modules`` reads what stands around them."""

    def __init__(self, text: str, max_nesting: int) -> None:
        self._text = pasted.plain(text)
        tokens = lexer.tokens(self._text)
        first = next((index for index, token in enumerate(tokens) if token.kind != "newline"), 0)
        if tokens[first].text == "=":
            tokens = spreadsheet.translated(tokens[first + 1 :])
        self._cursor = Cursor(tokens)
        self._expressions = expressions.ExpressionParser(self._cursor, max_nesting)

    def source(self) -> Source:
        self._cursor.skip_newlines()
        first = self._cursor.peek()
        if first.text == "def":
            return self._def()
        names = None
        if first.text == "lambda":
            self._cursor.take()
            names = self._asked(self._parameters(":")[0])
        code = self._expressions.code()
        self._finish()
        return Source(names, code)

    def _def(self) -> Source:
        outer = self._column(self._cursor.peek())
        _, _, signature, code = self._function(outer, 0)
        rest = self._cursor.peek()
        if rest.kind != "end":
            raise errors.SyntaxRejected("nothing may follow the function", offset=rest.offset)
        if isinstance(code[-1], Return):
            code.pop()  # the value of the function is the value that its last expression leaves
        return Source(self._asked(signature), code)

    def _asked(self, signature: Signature) -> tuple[str, ...]:
        """Return the arguments of the function that is asked about."""
        offset = self._cursor.before().offset
        if not signature.names:
            raise errors.SyntaxRejected("the function has no arguments", offset=offset)
        if signature.defaulted:
            raise errors.SyntaxRejected("default values are not in the language", offset=offset)
        return signature.names

    def _function(self, outer: int, depth: int) -> tuple[str, list[Instruction], Signature, list[Instruction]]:
        """Return the name of a def, the code of its default values, its signature and its body."""
        self._cursor.take()
        name = self._cursor.take()
        if name.kind != "name" or keyword.iskeyword(name.text):
            raise self._cursor.unexpected(name, "the name of the function")
        self._expect("(")
        signature, defaults = self._parameters(")")
        if self._cursor.peek().text == "->":
            self._cursor.take()
            parameters.skip_annotation(self._cursor, {":"})
        self._expect(":")
        code = self._body(outer, depth)
        if not _returns(code):
            hint = "every way through the function must end in a return" if code else None
            raise errors.SyntaxRejected("the def has no return statement", hint=hint, offset=self._cursor.peek().offset)
        return name.text, defaults, signature, code

    def _parameters(self, closing: str) -> tuple[Signature, list[Instruction]]:
        """Return parameters up to a closing sign, and the code of their default values."""
        return parameters.read(self._cursor, closing, self._expressions.default)

    def _skip(self) -> None:
        """Go past the rest of a statement without reading it."""
        while self._cursor.peek().kind not in {"end", "newline"} and self._cursor.peek().text != ";":
            self._cursor.take()

    def _helper(self, code: list[Instruction], column: int, depth: int) -> None:
        """Read a def inside a def."""
        offset = self._cursor.peek().offset
        name, defaults, signature, body = self._function(column, depth + 1)
        code += defaults
        code += [
            stack_code.function(name, signature, body, offset),
            Assign(name, keep=False, augmented=False, offset=offset),
        ]

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
        elif token.text == "while":
            self._cursor.take()
            test = self._expressions.code()
            self._expect(":")
            code.append(While(test, self._body(column, depth + 1), token.offset))
        elif token.text == "def":
            self._helper(code, column, depth)
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
        elif token.text == "assert" or (token.text == "print" and self._cursor.peek(1).text == "("):
            self._skip()
        elif token.text == "return":
            self._cursor.take()
            code += self._expressions.code()
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
        pattern = targets.pattern(target)
        if sign.text == ":":
            parameters.skip_annotation(self._cursor, {"="})
            sign = self._cursor.take()
            if sign.text != "=":
                raise errors.SyntaxRejected("an annotated name needs a value", offset=sign.offset)
        if sign.text != "=":
            self._augmented(code, pattern, sign, start.offset)
            return
        patterns = [pattern]
        value = self._expressions.code(target=True)
        while self._cursor.peek().text == "=":
            self._cursor.take()
            patterns.append(targets.pattern(value))
            value = self._expressions.code(target=True)
        if any(isinstance(each, Unary) and each.operator == "star" for each in stack_code.instructions(value)):
            raise errors.SyntaxRejected("a starred value is not in the language", offset=value[0].offset)
        code += value
        *kept, last = patterns
        code += [Assign(each, keep=True, augmented=False, offset=start.offset) for each in kept]
        code.append(Assign(last, keep=False, augmented=False, offset=start.offset))

    def _augmented(self, code: list[Instruction], pattern: stack_code.Pattern, sign: lexer.Token, offset: int) -> None:
        kind, operator = operators.AUGMENTED[sign.text]
        operation = operators.INSTRUCTIONS[kind]([operator], sign.offset)
        if isinstance(pattern, str):
            value = self._expressions.code()
            if sign.text == "+=" and _is_list(value[-1]):
                code += [*value, Change(pattern, "+=", 1, offset)]
                return
            code += [Name(pattern, offset), *value]
            code += [operation, Assign(pattern, keep=False, augmented=True, offset=offset)]
        elif isinstance(pattern, Element):
            code += self._expressions.code()
            code.append(Augment(pattern, operation, offset))
        else:
            raise errors.SyntaxRejected(f"'{sign.text}' takes one target", offset=sign.offset)

    def _change(self, code: list[Instruction], called: stack_code.Code, following: lexer.Token) -> None:
        found = targets.changing(called)
        if found is None:
            raise errors.SyntaxRejected("expected '=' after the name", offset=following.offset)
        target, method, operands, size = found
        code += operands
        code.append(Change(target, method, size, called[-1].offset))

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


def _is_list(last: Instruction) -> bool:
    return isinstance(last, Comprehension) or (isinstance(last, Collection) and last.kind == "list")
