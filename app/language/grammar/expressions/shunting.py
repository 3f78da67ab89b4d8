"""Operators by a shunting yard (Dijkstra 1961): those that wait for an operand, and the code that they become."""

from __future__ import annotations

from app import errors
from app.language.grammar import lexer, stack_code
from app.language.grammar.cursor import Bracket, Cursor
from app.language.grammar.expressions import operators
from app.language.grammar.expressions.operators import Operator
from app.language.grammar.stack_code import Bind, Code, Comprehension, Instruction, Product, Sum

_DECIDING = frozenset({operators.AND, operators.OR})
"""Levels of the operators whose operands Python leaves out where one before them decides."""
_MOST_DECIDED = 32
"""Operands of one of them up to which the others may be left out."""
_SKIPPING = frozenset({"and", "or", "compare"})
"""Kinds of operators whose last operands Python may leave out."""


class Operators:
    """The code so far, the open brackets, and in each of them the operators that wait."""

    def __init__(self, cursor: Cursor, max_nesting: int) -> None:
        self._cursor = cursor
        self._max_nesting = max_nesting
        self._code: list[Instruction] = []
        self._brackets: list[Bracket] = []
        self._chosen: list[tuple[int, Code]] = []  # where each value before an open ``if`` began, and its code
        self._unless: list[int] = []  # places of the ``Unless`` whose other value is being read
        self._binds = False  # whether the code has a ``:=``

    def _chain(self, kind: str, level: int, text: str, offset: int) -> None:
        """Push an operator, or lengthen the chain of its level that is already waiting."""
        self._reduce(level + 1)
        waiting = self._brackets[-1].operators
        if waiting and waiting[-1].level == level:
            if waiting[-1].kind == kind:
                waiting[-1].texts.append(text)
                return
            self._reduce(level)
        texts = [text]
        first = self._code[-1]
        if (isinstance(first, Sum) and kind == "sum") or (isinstance(first, Product) and kind == "product"):
            # The first operand is a chain of this level in parentheses: (a + b) + c is a + b + c.
            texts = [*first.signs[1:], text]
            self._code.pop()
        waiting.append(Operator(level, kind, texts, offset, len(self._code)))

    def _if(self, offset: int) -> None:
        """Put the value before an ``if`` aside, because the code of its condition comes first."""
        self._reduce(operators.CONDITIONAL + 1)
        waiting = self._brackets[-1].operators
        start = self._start_of_conditional(waiting[-1].kind if waiting else None)
        self._chosen.append((start, self._code[start:]))
        del self._code[start:]
        waiting.append(Operator(operators.OPEN_IF, "if", [], offset))

    def _start_of_conditional(self, waiting: str | None) -> int:
        """Return where the code of the value before an ``if`` begins, for the kind of operator that waits for it."""
        if waiting in {None, "walrus"}:
            bracket = self._brackets[-1]
            return max(bracket.start, bracket.part)
        if waiting == "ifelse":  # a if c else HERE if ...
            return self._unless[-1] + 1
        return self._chosen[-1][0]  # a if HERE if ...

    def _else(self, token: lexer.Token) -> None:
        """Emit the condition's test and the value that was put aside."""
        self._reduce(operators.CONDITIONAL)
        waiting = self._brackets[-1].operators
        if not waiting or waiting[-1].kind != "if":
            raise self._cursor.unexpected(token, "an 'if' before it")
        offset = waiting.pop().offset
        _, chosen = self._chosen.pop()
        self._code.append(stack_code.Test(len(chosen) + 1, offset))
        self._code += chosen
        self._refuse_bound(chosen)
        self._unless.append(len(self._code))
        self._code.append(stack_code.Unless(0, offset))  # ``_reduce`` sets how long the other value is
        waiting.append(Operator(operators.CONDITIONAL, "ifelse", [], offset))

    def _refuse_open_if(self, token: lexer.Token) -> None:
        """Refuse an ``if`` without its ``else``, the only operator that ``_reduce`` leaves."""
        if self._brackets[-1].operators:
            raise self._cursor.unexpected(token, "an 'else' for the 'if'")

    def _reduce(self, level: int) -> None:
        """Emit the waiting operators of the innermost bracket that bind at least as tightly as ``level``."""
        waiting = self._brackets[-1].operators
        while waiting and waiting[-1][0] >= level:
            found, kind, texts, offset, start = waiting.pop()
            if self._binds and kind in _SKIPPING:
                self._unsure(start)
            if found in _DECIDING and len(texts) < _MOST_DECIDED:
                self._decide(kind, len(texts), offset)
            if kind == "ifelse":
                start = self._unless.pop()
                self._refuse_bound(self._code[start:])
                self._code[start] = stack_code.Unless(len(self._code) - start, self._code[start].offset)
                self._code.append(stack_code.IfElse(offset))
            elif kind != "positive":
                self._code.append(operators.INSTRUCTIONS[kind](texts, offset))

    def _decide(self, word: str, count: int, offset: int) -> None:
        """Put ``Decide`` before each operand of ``and`` or ``or`` but the first; ``count`` are these."""
        left, behind = self._code, list[Instruction]()
        for size in range(count, 0, -1):
            start = stack_code.start_of_last(left)
            behind = [*left[start:], *behind]
            behind.insert(0, stack_code.Decide(word, size, len(behind) + 1, offset))  # and the operator itself
            del left[start:]
        left += behind

    def _unsure(self, start: int) -> None:
        """Note that Python may not come to what the code from ``start`` on binds."""
        self._refuse_bound(self._code[start:])
        for index, each in enumerate(self._code[start:], start):
            if isinstance(each, Bind):
                self._code[index] = each._replace(sure=False)

    def _refuse_bound(self, code: Code) -> None:
        """Refuse a comprehension that binds names around it where Python may not come to it."""
        for each in code if self._binds else ():
            if isinstance(each, Comprehension) and any(stack_code.bound_in(each)):
                hint = "write the comprehension on a line of its own before it"
                raise errors.SyntaxRejected("':=' stands behind a condition", hint=hint, offset=each.offset)
