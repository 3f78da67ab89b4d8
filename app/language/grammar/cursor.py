"""A position in a list of tokens, and the refusal of a token that does not fit there."""

from __future__ import annotations

import keyword
from collections.abc import Sequence
from dataclasses import dataclass, field

from app import errors
from app.language.grammar.expressions import dotted
from app.language.grammar.expressions.operators import Operator
from app.language.grammar.lexer import Token
from app.language.grammar.stack_code import Clause, Code, Pattern, Signature

CALLS = frozenset({"call", "value", "method"})
"""Kinds of brackets that hold the operands of a call."""

SIGNS = (
    dict.fromkeys(("call", "value", "method", "group"), "()") | dict.fromkeys(("list", "index"), "[]") | {"dict": "{}"}
)
"""The signs of brackets, by their kind."""

_OPEN = frozenset({"text", "default", "lambda"})
"""Kinds of brackets that have no sign."""

_OPERATOR_WORDS = frozenset({"and", "or", "not", "if", "else", "for", "in", "True", "False", "None"})


@dataclass(slots=True)
class Bracket:
    """An open bracket, or the text itself, and what has been read inside it."""

    kind: str  # "text", "default", "group", "list", "dict", "call", "method", "value" (a call), "index", "lambda"
    offset: int
    start: int  # where in the code the current item begins
    operators: list[Operator] = field(default_factory=list)  # that wait for their right operand
    starts: list[int] = field(default_factory=list)  # where in the code each complete item begins
    name: str = ""  # of the function or method that is called
    keyword: str = ""  # of the current item
    keywords: dict[str, None] = field(default_factory=dict)  # of the complete items
    colons: int = 0  # of the current item, which is a slice if there are any; in a dict, its value follows one
    starred: bool = False  # whether the current item is *items, or **items where ``keyword`` is "**"
    may_be_set: bool = False  # whether what is in braces may be no pairs
    is_set: bool = False
    part: int = 0  # where in the code the current part of a slice begins
    body: Code = ()  # of a comprehension
    clauses: list[Clause] | None = None  # that are complete; None if the item is no comprehension so far
    pattern: Pattern | None = None  # of the clause whose items come next; None where a condition comes next
    signature: Signature | None = None  # of a lambda
    sign: int = -1  # offset of the bracket itself, if that of a call is that of its name

    @property
    def items(self) -> int:
        return len(self.starts)


class Cursor:
    """A position in a list of tokens; ``brackets`` are those open there, the text itself first."""

    def __init__(self, tokens: list[Token]) -> None:
        self._tokens = tokens
        self._next = 0
        self.brackets: Sequence[Bracket] = ()
        self._variables: frozenset[str] | None = None
        self._imported: frozenset[str] = frozenset()

    def is_member(self, parts: Sequence[str], *, bare_call: bool) -> bool:
        """Return whether a dotted name means a member of a variable, see ``dotted``."""
        if self._variables is None:
            self._variables, self._imported = dotted.variables(self._tokens), dotted.imported(self._tokens)
        return dotted.is_member(parts, self._variables, self._imported, bare_call=bare_call)

    def peek(self, ahead: int = 0) -> Token:
        try:
            return self._tokens[self._next + ahead]
        except IndexError:  # the end is the last token, however often it is taken
            return self._tokens[-1]

    def take(self) -> Token:
        token = self.peek()
        self._next += 1
        return token

    def back(self) -> None:
        self._next -= 1

    def before(self) -> Token:
        return self._tokens[self._next - 2]

    def skip_newlines(self) -> None:
        while self.peek().kind == "newline":
            self._next += 1

    def pattern(self) -> Pattern:
        """Return names to assign to, ``a`` or ``a, (b, c)``, and go past them."""
        parts = [self._part_of_pattern()]
        while self.peek().text == ",":
            self.take()
            if self.peek().text in {"in", "="}:
                return tuple(parts)
            parts.append(self._part_of_pattern())
        return parts[0] if len(parts) == 1 else tuple(parts)

    def _part_of_pattern(self, depth: int = 0) -> Pattern:
        token = self.take()
        if token.text in {"(", "["} and depth < 8:
            parts = [self._part_of_pattern(depth + 1)]
            comma = False
            while self.peek().text == ",":
                self.take()
                comma = self.peek().text in {")", "]"}
                if not comma:
                    parts.append(self._part_of_pattern(depth + 1))
            closing = self.take()
            if closing.text not in {")", "]"}:
                raise self.unexpected(closing, "')'")
            return parts[0] if len(parts) == 1 and not comma else tuple(parts)
        if token.kind != "name" or keyword.iskeyword(token.text):
            raise self.unexpected(token, "a name to assign to")
        following = self.peek()
        if following.text in {"[", "."}:
            hint = "build a list with a comprehension: [... for ... in ...]" if following.text == "[" else None
            raise errors.SyntaxRejected("only names can be assigned to", hint=hint, offset=following.offset)
        return token.text

    def unexpected(self, token: Token, expected: str) -> errors.SyntaxRejected:
        if token.kind == "end":
            bracket = next((each for each in reversed(self.brackets) if each.kind not in _OPEN), None)
            if bracket is not None:
                return errors.SyntaxRejected(
                    f"'{SIGNS[bracket.kind][0]}' is never closed", offset=max(bracket.offset, bracket.sign)
                )
            return errors.SyntaxRejected(f"the text ends where {expected} was expected", offset=token.offset)
        if token.kind == "string":
            return errors.SyntaxRejected("strings are not in the language", offset=token.offset)
        if keyword.iskeyword(token.text) and token.text not in _OPERATOR_WORDS:
            return errors.SyntaxRejected(f"'{token.text}' is not in the language here", offset=token.offset)
        shown = "the end of the line" if token.kind == "newline" else errors.quote(token.text)
        return errors.SyntaxRejected(f"found {shown} where {expected} was expected", offset=token.offset)

    def misplaced(self, token: Token) -> errors.SyntaxRejected:
        kind, text, offset = token
        if kind in {"number", "name"} and text not in _OPERATOR_WORDS and not keyword.iskeyword(text):
            what, hint = f"{errors.quote(text)} follows a value", "write * to multiply"
        elif text == "(":
            what, hint = "only a function can be called", "write * to multiply"
        elif text == "=":
            what = "'=' assigns, and this is no name"
            hint = "compare with ==; give the right-hand side alone as the expression"
        else:
            return self.unexpected(token, "an operator")
        return errors.SyntaxRejected(what, hint=hint, offset=offset)
