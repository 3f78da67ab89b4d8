"""A text of several statements to its function: constants, imports and helpers around it, and what follows it.

The function asked about is the one that is named, or the last one. A text whose last statements compute with names that
nothing defines is itself the function, of these names. Statements that the function does not need are dropped: they are
neither run nor do they change what the function is called.
"""

from __future__ import annotations

import itertools
import keyword
from collections.abc import Container, Iterator, Sequence
from typing import NamedTuple

from app import errors
from app.language.grammar import lexer, operators, stack_code, statements, targets
from app.language.grammar.stack_code import Apply, Assign, Code, Function, Instruction, Name, Return
from app.language.grammar.statements import Import, Source

_USES = frozenset({
    "grad", "value_and_grad", "elementwise_grad", "jacobian", "jacfwd", "jacrev", "hessian", "vjp", "jvp", "linearize",
    "check_grads", "approx_fprime", "minimize", "minimize_scalar", "root_scalar", "lambdify", "print",
})  # fmt: skip
"""Functions that are given a function, or show a value: a statement with one is dropped, after a function."""

_SHOWS = frozenset({"print", "plt", "display"})
"""Names that begin a statement that only shows something; it is not even read."""

_SAME = frozenset({"jit", "njit", "checkpoint", "remat", "vectorize"})
"""Functions that give the function that they are given; ``vectorize`` as numbers go."""

_DECORATORS = _SAME | {
    "cache",
    "lru_cache",
    "staticmethod",
    "jaxtyped",
    "typechecked",
    "beartype",
    "override",
    "function",
}


_FOLLOWS = "leave out what follows the function"
_DECORATED = "leave the decorator out; jit, partial(jit, ...), njit and vectorize may stay"
OWN_HINTS = (_FOLLOWS, _DECORATED, "its functions are", "put an expression of several lines", "leave the import out")
"""How the hints of a module begin, which no other replaces."""

_STARTS = frozenset({"lambda", "not", "True", "False", "None"})
"""Keywords that an expression or a statement of one line may start with."""

_BRACKETS = {"(": 1, "[": 1, "{": 1, ")": -1, "]": -1, "}": -1}


class _Entry(NamedTuple):
    """A statement of a module: "function" (its code leaves the function), "code", or "value" (leaves the value)."""

    kind: str
    code: list[Instruction]
    offset: int
    name: str = ""  # of a function, empty for a lambda without one

    @property
    def names(self) -> set[str]:
        """Names that it assigns."""
        if self.kind == "function":
            return {self.name}
        return {*stack_code.assigned(self.code), *stack_code.changed(self.code)}

    @property
    def stored(self) -> list[Instruction]:
        """Its code as a statement."""
        if self.kind != "function":
            return self.code
        return [*self.code, Assign(self.name, keep=False, augmented=False, offset=self.offset)]


_NAMING = "\n# function: "
"""Begins a last line that says by name which function of a text is asked about."""


def naming(text: str, name: str) -> str:
    """Return a text that says which of its functions is asked about."""
    try:
        return f"{text}{_NAMING}{lexer.identifier(name)}"
    except errors.InvalidName as error:
        error.field = "function"
        raise


def parse(text: str, *, max_nesting: int, words: Container[str] = ()) -> Source:
    """Parse a text with at most ``max_nesting`` brackets open at once.

    ``words`` are names that mean something of their own, which an equation ``f(x) = ...`` cannot define.
    """
    _, line, asked = text.rpartition(_NAMING)
    named = bool(line) and asked.isidentifier()
    return _ModuleParser(text, max_nesting, words).module(asked if named else None)


class _ModuleParser(statements.Parser):
    def __init__(self, text: str, max_nesting: int, words: Container[str]) -> None:
        super().__init__(text, max_nesting)
        self._words = words
        self._entries: list[_Entry] = []
        self._imports: list[Import] = []

    def module(self, asked: str | None) -> Source:
        self._cursor.skip_newlines()
        base = self._column(self._cursor.peek())
        while self._cursor.peek().kind != "end":
            if self._column(self._cursor.peek()) != base:
                raise errors.SyntaxRejected("the indentation fits no block", offset=self._cursor.peek().offset)
            self._top(base)
        found = [index for index, entry in enumerate(self._entries) if entry.kind == "function"]
        if asked is not None:
            found = [index for index in found if self._entries[index].name == asked]
            if not found:
                listed = ", ".join(entry.name for entry in self._entries if entry.kind == "function") or "none"
                hint = f"its functions are {errors.quote(listed)}"
                raise errors.InvalidField(
                    f"the text has no function {errors.quote(asked)}", hint=hint, field="function"
                )
            return self._function_at(found[-1])
        if found and not self._computes(self._entries[found[-1] + 1 :]):
            return self._function_at(found[-1])
        return self._script()

    # Statements

    def _top(self, column: int) -> None:
        """Read a statement of the module, or a line of them."""
        token = self._cursor.peek()
        if token.text == "@" and self._cursor.peek(1).kind == "name":
            self._decorators()
            token = self._cursor.peek()
            if token.text != "def":
                raise self._cursor.unexpected(token, "a def after its decorator")
        if token.text == "def":
            name, defaults, signature, body = self._function(column, 0)
            made = stack_code.function(name, signature, body, token.offset)
            self._entries.append(_Entry("function", [*defaults, made], token.offset, name))
            self._cursor.skip_newlines()
        elif token.text in {"for", "if", "while"}:
            code: list[Instruction] = []
            self._statement(code, column, 0)
            self._entries.append(_Entry("code", code, token.offset))
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
        elif token.text in {"pass", "assert"} or (self._entries and self._shows()):
            self._skip()
        elif keyword.iskeyword(token.text) and token.text not in _STARTS:
            self._simple([])  # says what may start a statement
        elif token.text == "lambda" or not self._assigns():
            if token.kind == "string" and self._cursor.peek(1).kind == "newline" and self._cursor.peek(2).kind != "end":
                self._cursor.take()  # a docstring
            else:
                self._value(token.offset)
        elif self._equation():
            return
        elif not self._may_be_target():
            self._value(token.offset)
        else:
            code: list[Instruction] = []
            self._simple(code)
            self._add(code, token.offset)

    def _shows(self) -> bool:
        """Return whether the statement only shows something."""
        return self._cursor.peek().text in _SHOWS and self._cursor.peek(1).text in {"(", "."}

    def _add(self, code: list[Instruction], offset: int) -> None:
        last = code[-1]
        made = code[-2] if len(code) > 1 else None
        if (
            isinstance(last, Assign)
            and isinstance(last.pattern, str)
            and isinstance(made, Function)
            and stack_code.start_of_last(code[:-1]) == 0
        ):
            self._entries.append(_Entry("function", code[:-1], offset, last.pattern))
        else:
            self._entries.append(_Entry("code", code, offset))

    def _value(self, offset: int) -> None:
        """Read an expression that is a statement."""
        if self._entries and self._entries[-1].kind == "value":
            self._refuse_second(offset)
        if self._cursor.peek().text == "lambda":
            token = self._cursor.take()
            signature, defaults = self._parameters(":")
            made = stack_code.function("", signature, self._expressions.code(), token.offset)
            self._entries.append(_Entry("function", [*defaults, made], offset))
            return
        code = self._expressions.code()
        found = targets.changing(code)
        if found is None:
            self._entries.append(_Entry("value", code, offset))
        else:
            target, method, operands, size = found
            change = stack_code.Change(target, method, size, code[-1].offset)
            self._entries.append(_Entry("code", [*operands, change], offset))

    def _refuse_second(self, offset: int) -> None:
        what, hint = "a second line after a complete expression", "put an expression of several lines in parentheses"
        raise errors.SyntaxRejected(what, hint=hint, offset=offset)

    def _assigns(self) -> bool:
        """Return whether the statement assigns to something."""
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
        self._entries.append(_Entry("function", [made], name.offset, name.text))
        return True

    def _decorators(self) -> None:
        while self._cursor.peek().text == "@":
            start = self._cursor.take()
            words = self._words_of_line()
            name = words[0].rpartition(".")[2] if words else ""
            if name == "partial" and len(words) > 1:
                name = words[1].rpartition(".")[2]
            if name not in _DECORATORS:
                what = "a decorator that may change the function is not in the language"
                raise errors.SyntaxRejected(what, hint=_DECORATED, offset=start.offset)
            self._cursor.skip_newlines()

    def _words_of_line(self) -> list[str]:
        """Return the dotted names of the line, and go past it."""
        found: list[str] = []
        dotted = False
        while self._cursor.peek().kind not in {"end", "newline"}:
            token = self._cursor.take()
            if token.kind == "name":
                found[-1:] = [f"{found[-1]}.{token.text}"] if dotted else [*found[-1:], token.text]
            dotted = token.text == "." and bool(found)
        return found

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

    # The function

    def _function_at(self, index: int) -> Source:
        """Return a function with the statements around it that it needs."""
        entry = self._entries[index]
        function = entry.code[-1]
        assert isinstance(function, Function)
        self._refuse_changed(entry.name, self._entries[index + 1 :])
        code = list(function.body)
        if code and isinstance(code[-1], Return):
            code.pop()  # the value of the function is the value that its last expression leaves
        names = function.signature.names
        if names[:1] == ("self",) and "self" not in set(_read(code)):
            names = names[1:]  # a method
        if not names:
            raise errors.SyntaxRejected("the function has no arguments", offset=entry.offset)
        defaults = stack_code.operand_codes(entry.code)
        needed = self._needed({*function.free, *[name for each in defaults for name in _read(each)]})
        around = [instruction for each in needed for instruction in each.stored]
        pairs = tuple(zip(function.signature.defaulted, defaults, strict=True))
        return Source(names, code, entry.name, around, pairs, tuple(self._imports))

    def _refuse_changed(self, name: str, after: Sequence[_Entry]) -> None:
        for entry in after:
            if name and name in entry.names:
                called = [each for each in entry.code if isinstance(each, Apply)]
                if not (called and all(each.name.rpartition(".")[2] in _SAME for each in called)):
                    what = f"{name} is changed after it is defined"
                    raise errors.SyntaxRejected(what, hint=_FOLLOWS, offset=entry.offset)

    def _needed(self, wanted: set[str]) -> list[_Entry]:
        """Return the statements that assign or change what is wanted, or wanted by those."""
        linked = self._linked()
        by_name: dict[str, list[int]] = {}
        for index, entry in enumerate(self._entries):
            changed = stack_code.changed(entry.code) if entry.kind == "code" else ()
            for name in {*entry.names, *[f"#{linked.get(name, name)}" for name in changed]}:
                by_name.setdefault(name, []).append(index)
        found: set[int] = set()
        left = list(wanted)
        while left:
            name = left.pop()
            for index in [*by_name.pop(name, ()), *by_name.pop(f"#{linked.get(name, name)}", ())]:
                if index not in found:
                    found.add(index)
                    left += [*_read(self._entries[index].code), *self._entries[index].names]
        return [self._entries[index] for index in sorted(found)]

    def _linked(self) -> dict[str, str]:
        """Return one name for all names that may stand for one array or list: those of one assignment."""
        made = {name for entry in self._entries if entry.kind == "code" for name in entry.names}
        group: dict[str, str] = {}
        members: dict[str, list[str]] = {}
        for entry in self._entries:
            if entry.kind != "code":
                continue
            names = made.intersection((*entry.names, *_read(entry.code), *stack_code.changed(entry.code)))
            groups = dict.fromkeys(group.get(name, name) for name in sorted(names))
            joined = [member for each in groups for member in members.pop(each, [each])]
            for first in list(groups)[:1]:
                members[first] = joined
                for member in joined:
                    group[member] = first
        return group

    def _computes(self, entries: Sequence[_Entry]) -> bool:
        """Return whether statements compute with names that nothing defines, so that they are the function."""
        defined = {each.alias or each.name for each in self._imports}
        for each in self._entries:
            defined |= each.names
        known = frozenset(defined)
        return any(
            "." not in name and name not in self._words
            for entry in entries
            if not self._is_use(entry)
            for _, name in stack_code.free_names(entry.code, known)
        )

    def _script(self) -> Source:
        """Return the function of the names that nothing defines: the value of the last expression or assignment."""
        entries = [entry for entry in self._entries if not self._is_use(entry)] or self._entries
        if not entries:
            raise errors.SyntaxRejected("the text ends where a value was expected", offset=len(self._text))
        *before, last = entries
        code = [instruction for entry in before for instruction in entry.stored]
        for entry, following in itertools.pairwise(entries):
            if entry.kind == "value":
                self._refuse_second(following.offset)
        code += last.code
        if last.kind == "code":
            assigned = last.code[-1]
            if not isinstance(assigned, Assign) or not isinstance(assigned.pattern, str):
                hint = "end with the expression that is its value"
                raise errors.SyntaxRejected("the text ends without a value", hint=hint, offset=last.offset)
            code.append(Name(assigned.pattern, last.offset))
        return Source(None, code, imports=tuple(self._imports))

    def _is_use(self, entry: _Entry) -> bool:
        called = (each.name for each in stack_code.instructions(entry.code) if isinstance(each, Apply))
        return any(name.rpartition(".")[2] in _USES for name in called)


def _read(code: Code) -> Iterator[str]:
    """Yield the names that a code reads, without what follows a dot."""
    for each in stack_code.instructions(code):
        if isinstance(each, Name | Apply):
            yield each.name.partition(".")[0]
    yield from stack_code.changed(code)
