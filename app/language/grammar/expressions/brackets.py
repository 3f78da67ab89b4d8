"""Brackets: calls, lists, indices, slices, comprehensions and series, and the code that they become."""

from __future__ import annotations

import itertools

from app import errors
from app.language.grammar import lexer, stack_code
from app.language.grammar.cursor import CALLS, SIGNS, Bracket
from app.language.grammar.expressions import operators
from app.language.grammar.expressions.shunting import Operators
from app.language.grammar.stack_code import Apply, Code, Collection, Marker, Name

ENDS = {
    "text": frozenset({",", ";", ":"}),
    "default": frozenset({",", ":", ")"}),
    "case": frozenset({",", ":", "if", "as"}),
}
"""Signs that end an expression, by its kind."""

_SERIES = frozenset({"Sum", "Product", "summation", "product"})
"""SymPy's words for a series, whose body runs over an index of its own: Sum(body, (i, a, b))."""
_BEFORE_SETS = frozenset({"in", "="})
"""What stands before a set of known items; in other places, braces are those of LaTeX and Mathematica."""


class Brackets(Operators):
    """Opens and closes brackets, and finishes the items in them."""

    def _open(self, kind: str, offset: int, name: str = "", sign: int = -1) -> None:
        if len(self._brackets) > self._max_nesting:
            raise errors.TooComplex(f"brackets are nested more than {self._max_nesting} deep", offset=offset)
        bracket = Bracket(kind, offset, len(self._code), name=name, sign=sign)
        bracket.may_be_set = kind == "dict" and self._cursor.before().text in _BEFORE_SETS
        self._brackets.append(bracket)

    def _item(self, token: lexer.Token) -> None:
        """Finish an item of the innermost bracket."""
        self._reduce(operators.CONDITIONAL)
        self._refuse_open_if(token)
        bracket = self._brackets[-1]
        if bracket.kind in ENDS:
            raise self._cursor.unexpected(token, "an operator")
        if bracket.clauses is not None:
            self._comprehension(token, bracket)
        if bracket.kind == "dict" and bracket.starred:
            self._code.append(stack_code.Method("items", 0, (), token.offset))
        elif bracket.kind == "dict":
            self._entry(token, bracket)
        elif bracket.colons:
            self._slice(token, bracket)
        if bracket.starred:
            self._code.append(stack_code.Unary("star", token.offset))
            bracket.starred = False
        if bracket.keyword:
            if bracket.keyword in bracket.keywords:
                raise errors.SyntaxRejected(f"the keyword '{bracket.keyword}' stands twice", offset=token.offset)
            bracket.keywords[bracket.keyword] = None
            bracket.keyword = ""
        elif bracket.keywords:
            raise errors.SyntaxRejected("a value without a keyword follows one with a keyword", offset=token.offset)
        bracket.starts.append(bracket.start)
        bracket.start = len(self._code)

    def _close(self, token: lexer.Token) -> None:
        bracket = self._brackets[-1]
        if SIGNS.get(bracket.kind, "  ")[1] != token.text:
            self._reduce(operators.CONDITIONAL)
            self._refuse_open_if(token)
            raise errors.SyntaxRejected(f"'{token.text}' closes nothing", offset=token.offset)
        before = self._cursor.before().text
        bare = bracket.items == 0 and bracket.clauses is None
        empty = before in {"(", "[", "{"} and bracket.kind != "index" and len(self._code) == bracket.start
        if before != "," and not empty:
            self._item(token)
        self._brackets.pop()
        if bracket.kind == "call":
            self._call(bracket)
        elif bracket.kind == "method":
            method = stack_code.Method(bracket.name, bracket.items, tuple(bracket.keywords), bracket.offset)
            self._code.append(method)
        elif bracket.kind == "value":
            self._code.append(stack_code.Call(bracket.items, tuple(bracket.keywords), bracket.offset))
        elif bracket.kind == "index":
            self._index(bracket)
        elif bracket.kind == "dict":
            if bracket.is_set:
                self._code.append(Collection("set", bracket.items, bracket.offset))
                return
            if bracket.clauses is None:
                self._code.append(Collection("list", bracket.items, bracket.offset))
            self._code.append(Apply(stack_code.DICT, 1, (), bracket.offset))
        elif bracket.clauses is None and (bracket.kind == "list" or not bare or empty):
            kind = "list" if bracket.kind == "list" else "tuple"
            self._code.append(Collection(kind, bracket.items, bracket.offset))

    def _index(self, bracket: Bracket) -> None:
        first = bracket.starts[0] if bracket.starts else len(self._code)
        if bracket.items == 1 and type(self._code[first - 1]) is Name:
            self._code[first - 1] = stack_code.Base(*self._code[first - 1])
        self._code.append(stack_code.Index(bracket.items, bracket.offset))

    def _call(self, bracket: Bracket) -> None:
        if bracket.name == "next" and bracket.items:
            self._first(bracket)
        elif bracket.name == "isinstance" and bracket.items == 2:
            self._types(bracket)
        elif bracket.name.rpartition(".")[2] in _SERIES and bracket.items > 1 and not self._of_itertools(bracket):
            self._code.append(self._series(bracket))
        else:
            self._code.append(Apply(bracket.name, bracket.items, tuple(bracket.keywords), bracket.offset))

    def _of_itertools(self, bracket: Bracket) -> bool:
        """Return whether ``product(a, b)`` goes through items, as Python's does: b is no bounds (i, first, last)."""
        cuts = [*bracket.starts[1:], len(self._code)]
        bounded = [_is_bounds(self._code[first:last]) for first, last in itertools.pairwise(cuts)]
        return bracket.name.rpartition(".")[2] == "product" and not any(bounded)

    def _first(self, bracket: Bracket) -> None:
        """Finish ``next(items)``, which is the first item where no name stands for the iterator."""
        last = [*bracket.starts[1:], len(self._code)][0] - 1
        made = self._code[last]
        if isinstance(made, Apply) and made.name == "iter" and made.size == 1:
            del self._code[last]
        elif not isinstance(made, stack_code.Comprehension):
            self._code.append(Apply("next", bracket.items, tuple(bracket.keywords), bracket.offset))
            return
        self._code.append(Apply(stack_code.FIRST, bracket.items, tuple(bracket.keywords), bracket.offset))

    def _types(self, bracket: Bracket) -> None:
        """Finish ``isinstance(value, types)``: the names of types are no values."""
        start = bracket.starts[1]
        names = [each.name.rpartition(".")[2] for each in self._code[start:] if isinstance(each, Name)]
        self._code[start:] = [stack_code.Text(" ".join(names), bracket.offset)]
        self._code.append(Apply(bracket.name, 2, (), bracket.offset))

    def _series(self, bracket: Bracket) -> stack_code.Series:
        """Take the operands of a series off the code again: its body runs with names of its own."""
        cuts = [*bracket.starts, len(self._code)]
        body, *limits = [self._code[first:last] for first, last in itertools.pairwise(cuts)]
        bounds = []
        for limit in limits:
            name = limit[0]
            if not _is_bounds(limit) or not isinstance(name, Name):
                what, hint = (
                    "the bounds of a series are (i, first, last)",
                    f"write {bracket.name}(f(i), (i, first, last))",
                )
                raise errors.SyntaxRejected(what, hint=hint, offset=name.offset)
            middle = stack_code.start_of_last(limit[:-1])
            bounds.append(stack_code.Bounds(name.name, limit[1:middle], limit[middle:-1]))
        del self._code[bracket.starts[0] :]
        return stack_code.Series(bracket.name, body, tuple(bounds), bracket.offset)

    def _colon(self, bracket: Bracket, offset: int, *, missing: bool) -> None:
        if missing:
            self._code.append(Marker("none", offset))
        bracket.colons += 1
        bracket.part = len(self._code)
        if bracket.colons > 2:
            raise errors.SyntaxRejected("a slice has at most two colons", offset=offset)

    def _slice(self, token: lexer.Token, bracket: Bracket) -> None:
        if self._cursor.before().text == ":":
            self._code.append(Marker("none", token.offset))
        if bracket.colons == 1:
            self._code.append(Marker("none", token.offset))
        self._code.append(Collection("slice", 3, token.offset))
        bracket.colons = 0

    def _entry(self, token: lexer.Token, bracket: Bracket) -> None:
        """Finish an entry of a dict, or of a comprehension of entries: a pair."""
        if bracket.clauses is None:
            if not bracket.items and not bracket.colons and token.text != "for":
                bracket.is_set = bracket.may_be_set
            if bracket.colons != (0 if bracket.is_set else 1):
                what, hint = "sets are not in the language here", "write a list: [a, b]"
                raise errors.SyntaxRejected(what, hint=hint, offset=bracket.offset)
            if not bracket.is_set:
                self._code.append(Collection("tuple", 2, token.offset))
        bracket.colons = 0

    def _for(self, token: lexer.Token, bracket: Bracket) -> None:
        """Begin a clause: what stands before the first is the body, which runs once an item."""
        self._reduce(operators.CONDITIONAL)
        self._refuse_open_if(token)
        takes = bracket.kind in CALLS or (bracket.kind in {"group", "list", "dict"} and not bracket.starred)
        if not takes or bracket.items or bracket.keyword:
            raise self._cursor.unexpected(token, "an operator")
        if bracket.clauses is None:
            if bracket.kind == "dict":
                self._entry(token, bracket)
            bracket.body = self._cut(bracket)
            bracket.clauses = []
        else:
            self._part(token)
        bracket.pattern = self._cursor.pattern()
        word = self._cursor.take()
        if word.text != "in":
            raise self._cursor.unexpected(word, "'in'")

    def _part(self, token: lexer.Token) -> None:
        """Finish the items or a condition of a clause."""
        self._reduce(operators.CONDITIONAL)
        self._refuse_open_if(token)
        bracket = self._brackets[-1]
        assert bracket.clauses is not None
        code = self._cut(bracket)
        if bracket.pattern is not None:
            bracket.clauses.append(stack_code.Clause(bracket.pattern, code, ()))
            bracket.pattern = None
        else:
            last = bracket.clauses[-1]
            bracket.clauses[-1] = last._replace(conditions=(*last.conditions, code))

    def _comprehension(self, token: lexer.Token, bracket: Bracket) -> None:
        if token.text == ",":
            raise errors.SyntaxRejected("nothing may follow a comprehension in its brackets", offset=token.offset)
        self._part(token)
        assert bracket.clauses is not None
        self._code.append(stack_code.Comprehension(bracket.body, tuple(bracket.clauses), bracket.offset))

    def _cut(self, bracket: Bracket) -> Code:
        code = self._code[bracket.start :]
        del self._code[bracket.start :]
        return code


def _is_bounds(code: Code) -> bool:
    """Return whether an operand is (i, first, last)."""
    last = code[-1]
    return isinstance(code[0], Name) and isinstance(last, Collection) and last.kind != "slice" and last.size == 3
