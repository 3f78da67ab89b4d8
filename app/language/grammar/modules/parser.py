"""A text of several statements to its function: constants, imports and helpers around it, and what follows it.

The function asked about is the one that is named, or the last one. A text whose last statements compute with names that
nothing defines is itself the function, of these names. Statements that the function does not need are dropped: they are
neither run nor do they change what the function is called.
"""

from __future__ import annotations

import keyword
from collections.abc import Container

from app import errors
from app.language.grammar import idle, lexer, matching, stack_code, targets
from app.language.grammar.definitions import returns
from app.language.grammar.expressions import operators
from app.language.grammar.modules import records
from app.language.grammar.modules.choice import FOLLOWS, Choice, refuse_second
from app.language.grammar.modules.classes import DECORATED, ClassParser
from app.language.grammar.modules.entries import ModuleEntry
from app.language.grammar.stack_code import Assign, Function, Instruction
from app.language.grammar.statements import Import, Source, unindented

OWN_HINTS = (
    FOLLOWS,
    DECORATED,
    "its functions are",
    "put the fields",
    "put an expression of several lines",
    "leave the import out",
    "write if and elif",
    "add a def",
    "write = to assign",
    "indent the lines",
    records.INSTEAD,
    targets.SET,
)
"""How the hints of a module begin, which no other replaces."""

_ARROW = "write = to assign, and x < -y to compare"

_STARTS = frozenset({"lambda", "not", "True", "False", "None"})
"""Keywords that an expression or a statement of one line may start with."""

_SYMBOLS = frozenset({"symbols", "Symbol", "var", "Symbols"})
"""Functions of SymPy that make names: these are the arguments."""

_BRACKETS = {"(": 1, "[": 1, "{": 1, ")": -1, "]": -1, "}": -1}


_NAMING = "\n# function: "
"""Begins a last line that says by name which function of a text is asked about."""


def naming(text: str, name: str) -> str:
    """Return a text that says which of its functions is asked about."""
    try:
        return f"{text}{_NAMING}{lexer.identifier(name)}"
    except errors.InvalidName as error:
        error.field = "function"
        raise


def parse(
    text: str, *, max_nesting: int, words: Container[str] = (), tokens: list[lexer.Token] | None = None
) -> Source:
    """Parse a text with at most ``max_nesting`` brackets open at once.

    ``words`` are names that mean something of their own, which an equation ``f(x) = ...`` cannot define. ``tokens`` are
    those of a text in another notation.
    """
    _, line, asked = text.rpartition(_NAMING)
    named = bool(line) and asked.isidentifier()
    return _ModuleParser(text, max_nesting, words, tokens).module(asked if named else None)


class _ModuleParser(ClassParser):
    def __init__(self, text: str, max_nesting: int, words: Container[str], tokens: list[lexer.Token] | None) -> None:
        super().__init__(text, max_nesting, tokens)
        self._words = words
        self._imports: list[Import] = []
        self._procedures: list[int] = []  # offsets of functions without a value

    def module(self, asked: str | None) -> Source:
        self._cursor.skip_newlines()
        base = self._column(self._cursor.peek())
        while self._cursor.peek().kind != "end":
            if self._column(self._cursor.peek()) != base:
                raise unindented(self._cursor.peek().offset)
            self._top(base)
        if not self._entries and self._procedures:
            raise returns.missing(self._procedures[-1], empty=False)
        return Choice(self._entries, self._imports, self._words, len(self._text)).source(asked)

    # Statements

    def _top(self, column: int) -> None:
        """Read a statement of the module, or a line of them."""
        token = self._cursor.peek()
        if token.text == "@" and self._cursor.peek(1).kind == "name":
            of_fields = self._decorators()
            token = self._cursor.peek()
            if token.text != ("class" if of_fields else "def"):
                raise self._cursor.unexpected(token, "a def after its decorator")
            if of_fields:
                self._class(column, of_fields=True)
                return
        if token.text == "try" and self._cursor.peek(3).text in {"import", "from"}:
            self._attempt(column)
        elif token.text == "class":
            self._class(column, of_fields=False)
        elif token.text == "def":
            name, defaults, signature, body = self._function(column, 0, needs_value=False)
            if not returns.may_return(body):
                self._procedures.append(self._cursor.peek().offset)
                self._cursor.skip_newlines()
                return
            made = stack_code.function(name, signature, body, token.offset)
            self._entries.append(ModuleEntry("function", [*defaults, made], token.offset, name))
            self._cursor.skip_newlines()
        elif token.text in {"for", "if", "while"} or matching.begins(self._cursor):
            code: list[Instruction] = []
            self._statement(code, column, 0)
            self._entries.append(ModuleEntry("code", code, token.offset))
        else:
            self._simple_line()

    def _simple_line(self) -> None:
        while True:
            self._small()
            token = self._cursor.peek()
            if token.text == ";":
                while self._cursor.peek().text == ";":
                    self._cursor.take()
            elif token.kind not in {"end", "newline"}:
                what, hint = f"{errors.quote(token.text)} is not in the language here", "give one expression"
                raise errors.SyntaxRejected(what, hint=hint, offset=token.offset)
            if self._cursor.peek().kind in {"end", "newline"}:
                self._cursor.skip_newlines()
                return

    def _small(self) -> None:
        token = self._cursor.peek()
        if token.text in {"import", "from"}:
            self._import()
        elif token.text == "return":
            self._cursor.take()
            self._value(token.offset)
        elif token.text == "pass" or (idle.is_idle(self._cursor) and (self._entries or token.text != "print")):
            self._skip()
        elif keyword.iskeyword(token.text) and token.text not in _STARTS:
            self._simple([])  # says what may start a statement
        elif token.kind == "name" and self._arrow():
            what = "'<-' assigns in other languages"
            raise errors.SyntaxRejected(what, hint=_ARROW, offset=self._cursor.peek(1).offset)
        elif token.text == "lambda" or not self._assigns():
            if token.kind == "string" and self._cursor.peek(1).kind == "newline" and self._cursor.peek(2).kind != "end":
                self._cursor.take()  # a docstring
            else:
                self._value(token.offset)
        elif self._equation() or self._named_library():
            return
        elif not self._may_be_target():
            self._value(token.offset)
        else:
            code: list[Instruction] = []
            self._simple(code)
            if code:  # y: float has none
                self._add(code, token.offset)

    def _add(self, code: list[Instruction], offset: int) -> None:
        last = code[-1]
        made = code[-2] if len(code) > 1 else None
        if (
            isinstance(last, Assign)
            and isinstance(last.pattern, str)
            and isinstance(made, Function)
            and stack_code.start_of_last(code[:-1]) == 0
        ):
            self._entries.append(ModuleEntry("function", code[:-1], offset, last.pattern))
        else:
            self._entries.append(ModuleEntry("code", code, offset))

    def _value(self, offset: int) -> None:
        """Read an expression that is a statement."""
        if self._entries and self._entries[-1].kind == "value":
            refuse_second(offset)
        if self._cursor.peek().text == "lambda":
            token = self._cursor.take()
            signature, defaults = self._parameters(":")
            made = stack_code.function("", signature, self._expressions.code(), token.offset)
            self._entries.append(ModuleEntry("function", [*defaults, made], offset))
            return
        code = self._expressions.code()
        found = targets.changing(code)
        stored = targets.in_place(code)
        if stored is not None:
            self._entries.append(ModuleEntry("code", stored, offset))
        elif found is None:
            self._entries.append(ModuleEntry("value", code, offset))
        else:
            target, method, operands, size = found
            change = stack_code.Change(target, method, size, code[-1].offset)
            self._entries.append(ModuleEntry("code", [*operands, change], offset))

    def _assigns(self) -> bool:
        """Return whether the statement assigns to something."""
        if "=" not in self._text and ":" not in self._text:
            return False  # known at once of a long expression
        depth = ahead = 0
        before = self._cursor.peek()
        while True:
            token = self._cursor.peek(ahead)
            if token.kind in {"end", "newline"} or (depth == 0 and token.text in {";", "lambda"}):
                return False
            if token.kind == "op":
                depth += _BRACKETS.get(token.text, 0)
                if depth == 0 and (token.text in {"=", ":=", ":"} or token.text in operators.AUGMENTED):
                    # => and =< and ~= are of other languages
                    return before.text != "~" and self._cursor.peek(ahead + 1).text not in {">", "<"}
            before = token
            ahead += 1

    def _arrow(self) -> bool:
        """Return whether the statement begins with ``name <- ``, which a comparison does not spell so."""
        signs = [self._cursor.peek(1), self._cursor.peek(2), self._cursor.peek(3)]
        places = [each.offset - signs[0].offset for each in signs]
        return (
            [each.text for each in signs[:2]] == ["<", "-"]
            and places[1] == 1
            and places[2] > 2
            and signs[2].text != "function"
        )

    def _may_be_target(self) -> bool:
        """Return whether the statement begins like something to assign to: a name, an element, or several of them."""
        first, second = self._cursor.peek(), self._cursor.peek(1)
        if first.text in {"(", "["}:
            return True
        signs = {"=", ",", ".", "[", ":"}
        return first.kind == "name" and (second.text in signs or second.text in operators.AUGMENTED)

    def _equation(self) -> bool:
        """Read ``f(x, y) = ...`` if that is what comes; return whether it is."""
        name, ahead, names = self._cursor.peek(), 1, []
        if name.kind != "name" or self._cursor.peek(1).text != "(" or keyword.iskeyword(name.text):
            return False
        while True:
            parameter, sign = self._cursor.peek(ahead + 1), self._cursor.peek(ahead + 2)
            if parameter.kind != "name" or keyword.iskeyword(parameter.text) or sign.text not in {",", ")"}:
                return False
            names.append(parameter.text)
            ahead += 2
            if sign.text == ")":
                break
        equals = self._cursor.peek(ahead + 1)
        if equals.text not in {"=", ":="}:
            return False
        if name.text in self._words:
            what, hint = "'=' assigns, and this is no name", "compare with ==; or give the function another name"
            raise errors.SyntaxRejected(what, hint=hint, offset=equals.offset)
        self._cursor.take()
        self._cursor.take()
        signature, _ = self._parameters(")")
        self._cursor.take()
        made = stack_code.function(name.text, signature, self._expressions.code(), name.offset)
        self._entries.append(ModuleEntry("function", [made], name.offset, name.text))
        return True

    def _named_library(self) -> bool:
        """Read ``tfd = tfp.distributions``, which is an import, or ``x = symbols("x")``; return whether it is one."""
        ahead = 0
        while self._cursor.peek(ahead).kind == "name" or self._cursor.peek(ahead).text in {".", ",", "="}:
            ahead += 1
        last, following = self._cursor.peek(ahead - 1), self._cursor.peek(ahead)
        if last.text in _SYMBOLS and following.text == "(" and self._cursor.peek(ahead + 1).kind == "string":
            self._skip()
            return True
        if last.text != "distributions" or following.kind not in {"newline", "end"}:
            return False
        name = self._cursor.take()
        self._expect("=")
        self._imports.append(Import(self._dotted(), "", name.text, name.offset))
        return True

    def _import(self) -> None:
        """Read an import; nothing is imported."""
        start = self._cursor.take()
        if start.text == "import":
            while True:
                module = self._dotted()
                self._imports.append(Import(module, "", self._as(), start.offset))
                if self._cursor.peek().text != ",":
                    return
                self._cursor.take()
        module = self._dotted()
        self._expect("import")
        bracket = self._cursor.peek().text == "("
        if bracket:
            self._cursor.take()
        while True:
            token = self._cursor.take()
            if token.text != "*" and (token.kind != "name" or keyword.iskeyword(token.text)):
                raise self._cursor.unexpected(token, "a name to import")
            self._imports.append(Import(module, token.text, self._as(), start.offset))
            if self._cursor.peek().text == ",":
                self._cursor.take()
            if self._cursor.peek().kind in {"newline", "end"} or self._cursor.peek().text in {")", ";"}:
                break
        if bracket:
            self._expect(")")

    def _attempt(self, column: int) -> None:
        """Read the imports of a ``try``; what stands for them if they fail is not read."""
        for _ in ("try", ":", "newline"):
            self._cursor.take()
        while self._cursor.peek().kind != "end" and self._column(self._cursor.peek()) > column:
            self._simple_line()
        while self._cursor.peek().text in {"except", "else", "finally"}:
            while self._cursor.peek().kind != "end":
                if self._cursor.take().kind == "newline":
                    self._cursor.skip_newlines()
                    if self._column(self._cursor.peek()) <= column:
                        break

    def _dotted(self) -> str:
        parts = []
        while True:
            token = self._cursor.take()
            if token.kind != "name":
                raise self._cursor.unexpected(token, "the name of a library")
            parts.append(token.text)
            if self._cursor.peek().text != ".":
                return ".".join(parts)
            self._cursor.take()

    def _as(self) -> str:
        if self._cursor.peek().text != "as":
            return ""
        self._cursor.take()
        token = self._cursor.take()
        if token.kind != "name" or keyword.iskeyword(token.text):
            raise self._cursor.unexpected(token, "a name")
        return token.text
