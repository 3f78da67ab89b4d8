"""Text to stack code: an expression, a lambda, or a ``def`` with assignments, ``for``, ``if`` and ``return``.

``expressions`` parses the expressions, this module the statements around them. Statements are instructions too; the
body of a loop or a branch is code of its own.
"""

from __future__ import annotations

import keyword
from dataclasses import dataclass
from typing import NamedTuple

from app import errors
from app.language.grammar import idle, matching, simple_statements, stack_code
from app.language.grammar.definitions import nonlocals, parameters, returns
from app.language.grammar.stack_code import (
    Assign,
    Branch,
    Break,
    Chain,
    Continue,
    Instruction,
    Loop,
    Name,
    Return,
    Signature,
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


def unindented(offset: int) -> errors.SyntaxRejected:
    hint = "indent the lines of a block by the same number of blanks"
    return errors.SyntaxRejected("the indentation fits no block", hint=hint, offset=offset)


def _assigned(name: str, truth: str, offset: int) -> list[Instruction]:
    return [Name(truth, offset), Assign(name, keep=False, augmented=False, offset=offset)]


def _noting(code: stack_code.Code, flag: str) -> list[Instruction]:
    """Return the body of a loop that makes a variable False before each break of this loop."""
    found: list[Instruction] = []
    for each in code:
        match each:
            case Branch(chosen, other):
                found.append(each._replace(chosen=_noting(chosen, flag), other=_noting(other, flag)))
            case Chain(_, bodies, other):
                noting = tuple([_noting(body, flag) for body in bodies])
                found.append(each._replace(bodies=noting, other=_noting(other, flag)))
            case Break(offset):
                found += [*_assigned(flag, "False", offset), each]
            case _:
                found.append(each)
    return found


def parse(text: str, *, max_nesting: int) -> Source:
    """Parse an expression, a lambda or a def with at most ``max_nesting`` brackets open at once."""
    return Parser(text, max_nesting).source()


class Parser(simple_statements.SimpleStatements):
    """Reads blocks of statements; ``modules`` reads what stands around them."""

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

    def _function(
        self, outer: int, depth: int, *, needs_value: bool = True, instance: str = ""
    ) -> tuple[str, list[Instruction], Signature, list[Instruction]]:
        """Return the name of a def, the code of its default values, its signature and its body.

        ``instance`` is what an ``__init__`` calls the object whose attributes it may set.
        """
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
        around = self._globals, self._nonlocals, self._writers, self._instance
        self._globals, self._nonlocals, self._writers, self._instance = {}, [], {}, instance
        code = self._body(outer, depth)
        for assigned in stack_code.assigned(code):
            if assigned in self._globals:
                hint = "return the new value, and give the old one as a parameter"
                what = f"the function changes '{assigned}' around it"
                raise errors.SyntaxRejected(what, hint=hint, offset=self._globals[assigned])
        nonlocals.check(code, (*signature.names, *self._nonlocals), self._writers)
        if self._nonlocals:
            writer = nonlocals.Writer(tuple(dict.fromkeys(self._nonlocals)), returns.may_return(code))
            signature = nonlocals.with_written(signature, writer, name.offset)
            code = nonlocals.giving_back(code, writer, name.offset)
            around[2][name.text] = writer
        self._globals, self._nonlocals, self._writers, self._instance = around
        if len(code) == 2 and code[0] == returns.nothing(code[0].offset):
            hint = "write the value that it returns"
            raise errors.SyntaxRejected("the function only raises an error", hint=hint, offset=code[0].offset)
        if not returns.returns(code) and (needs_value or returns.may_return(code)):
            raise returns.missing(self._cursor.peek().offset, empty=not code)
        return name.text, defaults, signature, code

    def _helper(self, code: list[Instruction], column: int, depth: int) -> None:
        """Read a def inside a def."""
        offset = self._cursor.peek().offset
        name, defaults, signature, body = self._function(column, depth + 1)
        code += defaults
        target = nonlocals.inner_name(name) if name in self._writers else name
        code += [
            stack_code.function(name, signature, body, offset),
            Assign(target, keep=False, augmented=False, offset=offset),
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
                raise unindented(self._cursor.peek().offset)
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
            test = self._expressions.code(test=True)
            self._expect(":")
            code.append(While(test, self._body(column, depth + 1), token.offset))
            following = self._cursor.peek()
            if following.text == "else" and self._column(following) == column:
                self._after_loop(code, column, depth)
        elif token.text == "def":
            self._helper(code, column, depth)
        elif matching.begins(self._cursor):
            self._match(code, column, depth)
        elif token.text == "with" and idle.is_mode(self._cursor):
            while self._cursor.peek().text != ":":
                self._cursor.take()
            self._cursor.take()
            code += self._body(column, depth + 1)
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
            self._after_loop(code, column, depth)

    def _after_loop(self, code: list[Instruction], column: int, depth: int) -> None:
        """Read the ``else`` of a loop, which is run unless a break ends the loop."""
        token = self._cursor.take()
        self._expect(":")
        other = self._body(column, depth + 1)
        loop = code.pop()
        assert isinstance(loop, Loop | While)
        if not any(isinstance(each, Break) for each in stack_code.own_instructions(loop.body)):
            code += [loop, *other]
            return
        flag = f" unbroken {token.offset}"
        start = stack_code.start_of_last(code) if isinstance(loop, Loop) else len(code)
        code[start:start] = _assigned(flag, "True", token.offset)
        code += [loop._replace(body=_noting(loop.body, flag)), Name(flag, token.offset)]
        code.append(Branch(other, (), token.offset))

    def _match(self, code: list[Instruction], column: int, depth: int) -> None:
        token = self._cursor.take()
        value = self._expressions.code()
        self._expect(":")
        self._cursor.skip_newlines()
        inner = self._column(self._cursor.peek())
        subject = f" match {token.offset}"
        cases: list[matching.Case] = []
        while self._cursor.peek().text == "case" and self._column(self._cursor.peek()) == inner > column:
            start = self._cursor.take()
            case = matching.case(self._expressions.code(case=True), [Name(subject, start.offset)])
            if self._cursor.peek().text == "as":
                self._cursor.take()
                case.captured[self._cursor.take().text] = [Name(subject, start.offset)]
            guard: stack_code.Code = ()
            if self._cursor.peek().text == "if":
                self._cursor.take()
                guard = self._expressions.code()
            self._expect(":")
            cases.append(case._replace(guard=guard, body=self._body(inner, depth + 1), offset=start.offset))
        code += matching.branches(subject, value, cases, token.offset)

    def _branch(self, code: list[Instruction], column: int, depth: int) -> None:
        """Read ``if``, what is ``elif`` after it, and ``else``."""
        arms: list[tuple[stack_code.Code, stack_code.Code, int]] = []
        while True:
            token = self._cursor.take()
            test = self._expressions.code(test=True)
            self._expect(":")
            arms.append((test, self._body(column, depth + 1), token.offset))
            following = self._cursor.peek()
            if following.text != "elif" or self._column(following) != column:
                break
        other: list[Instruction] = []
        if following.text == "else" and self._column(following) == column:
            self._cursor.take()
            self._expect(":")
            other = self._body(column, depth + 1)
        code += stack_code.branches(arms, other)

    def _finish(self) -> None:
        self._cursor.skip_newlines()
        token = self._cursor.peek()
        if token.kind != "end":
            what = "a second line after a complete expression"
            hint = "put an expression of several lines in parentheses"
            if token.text in {":", ";"}:
                what, hint = f"'{token.text}' is not in the language here", "give one expression"
            raise errors.SyntaxRejected(what, hint=hint, offset=token.offset)
