"""Text to postfix code, in one pass with explicit stacks and nothing evaluated.

The grammar is the part of Python's expression grammar the contract lists, a lambda, and a straight-line ``def``.
The tree is handed on in postfix order (Dijkstra 1961, the shunting yard): operands first, then what joins them, so
neither building nor reading it recurses, however deep the client nests. Chains of one precedence level stay one
instruction: ``a - b + c`` is ``("sum", "+-+")`` over three operands, a thousand terms long as cheaply as two.

The instructions, with the operands they take off the stack:

    number text            0    name dotted-name     0    negate                1    not               1
    sum signs              n    product signs        n    binary op (// % @)    2    power             2
    compare relations    n+1    and / or count       n    ifelse                3    tuple / list n    n
    call (name, n)         n    index n            n+1    store names           1
"""

from __future__ import annotations

import keyword
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from app import errors, lexing

_OR, _AND, _NOT, _COMPARE, _BIT_OR, _BIT_AND, _SUM, _PRODUCT, _UNARY, _POWER = range(2, 12)
_TERNARY = 1
_CHAINS = {
    "or": ("or", _OR),
    "and": ("and", _AND),
    "|": ("or", _BIT_OR),
    "&": ("and", _BIT_AND),
    "+": ("sum", _SUM),
    "-": ("sum", _SUM),
    "*": ("product", _PRODUCT),
    "/": ("product", _PRODUCT),
    "<": ("compare", _COMPARE),
    "<=": ("compare", _COMPARE),
    ">": ("compare", _COMPARE),
    ">=": ("compare", _COMPARE),
    "==": ("compare", _COMPARE),
    "!=": ("compare", _COMPARE),
}
_OPERATOR_WORDS = frozenset({"and", "or", "not", "if", "else", "True", "False"})
_AUGMENTED = {"+=": "sum", "-=": "sum", "*=": "product", "/=": "product", "**=": "power", "^=": "power"}


class Instruction(NamedTuple):
    """One postfix instruction, its data, and where in the text it comes from."""

    kind: str
    data: Any
    offset: int


@dataclass(frozen=True, slots=True)
class Source:
    """A parsed text: its parameters, None for a bare expression, and its postfix code."""

    parameters: tuple[str, ...] | None
    code: Sequence[Instruction]


@dataclass(slots=True)
class _Frame:
    """An open bracket, or the text itself, with the operators waiting inside it."""

    kind: str
    offset: int
    operators: list[tuple[int, str, list[str], int]] = field(default_factory=list)
    items: int = 0
    name: str = ""


def parse(text: str, *, max_nesting: int) -> Source:
    """Parse an expression, a lambda or a straight-line def.

    Args:
        text: UTF-8 encodable text within the length limit, which the caller has checked.
        max_nesting: how many brackets may be open at once.

    Raises:
        errors.SyntaxRejected: not in the grammar.
        errors.InvalidName: a name that cannot be used.
        errors.TooComplex: nested too deep.
    """
    return _Parser(lexing.tokens(text), max_nesting).source()


class _Parser:
    """The shunting yard: one pass over the tokens, a stack of frames, code in postfix order."""

    def __init__(self, tokens: list[lexing.Token], max_nesting: int) -> None:
        self._tokens = tokens
        self._next = 0
        self._max_nesting = max_nesting
        self._code: list[Instruction] = []
        self._frames: list[_Frame] = []

    # Statements

    def source(self) -> Source:
        self._skip_newlines()
        if self._peek().text == "lambda":
            return self._lambda()
        if self._peek().text == "def":
            return self._def()
        self._expressions()
        self._finish()
        return Source(None, self._code)

    def _lambda(self) -> Source:
        self._next += 1
        parameters = self._parameters(":")
        self._expressions()
        self._finish()
        return Source(parameters, self._code)

    def _def(self) -> Source:
        self._next += 1
        name = self._take()
        if name.kind != "name":
            raise self._unexpected(name, "the name of the function")
        self._expect("(")
        parameters = self._parameters(")")
        if self._peek().text == "->":
            raise errors.SyntaxRejected("annotations are not in the language", offset=self._peek().offset)
        self._expect(":")
        self._skip_newlines()
        if self._peek().kind == "string":
            self._next += 1
            self._end_statement()
        while not self._statement():
            self._end_statement()
        self._end_statement()
        rest = self._peek()
        if rest.kind != "end":
            raise errors.SyntaxRejected("nothing may follow the return statement", offset=rest.offset)
        return Source(parameters, self._code)

    def _parameters(self, closing: str) -> tuple[str, ...]:
        names: list[str] = []
        while self._peek().text != closing:
            token = self._take()
            if token.text in {"*", "**", "/"}:
                raise errors.SyntaxRejected("star arguments are not in the language", offset=token.offset)
            if token.kind != "name" or keyword.iskeyword(token.text):
                raise self._unexpected(token, "the name of an argument")
            if token.text in names:
                raise errors.InvalidName(f"the argument '{token.text}' appears twice", offset=token.offset)
            names.append(token.text)
            separator = self._peek()
            if separator.text in {"=", ":"} and separator.text != closing:
                what = "default values" if separator.text == "=" else "annotations"
                raise errors.SyntaxRejected(f"{what} are not in the language", offset=separator.offset)
            if separator.text == ",":
                self._next += 1
            elif separator.text != closing:
                raise self._unexpected(separator, f"',' or '{closing}'")
        self._next += 1
        if not names:
            raise errors.SyntaxRejected("the function has no arguments", offset=self._peek().offset)
        return tuple(names)

    def _statement(self) -> bool:
        """Parse one statement of a def; True after its return."""
        token = self._peek()
        if token.text == "return":
            self._next += 1
            self._expressions()
            return True
        if token.kind == "end":
            raise errors.SyntaxRejected("the def has no return statement", offset=token.offset)
        if token.kind != "name" or keyword.iskeyword(token.text):
            hint = "choose with a if condition else b" if token.text == "if" else None
            raise errors.SyntaxRejected(
                f"{errors.quote(token.text)} cannot start a statement: only assignments and return are in the language",
                hint=hint,
                offset=token.offset,
            )
        self._assignment()
        return False

    def _assignment(self) -> None:
        names = [self._take()]
        while self._peek().text == ",":
            self._next += 1
            names.append(self._take())
        for name in names:
            if name.kind != "name" or keyword.iskeyword(name.text):
                raise self._unexpected(name, "a name to assign to")
        sign = self._take()
        target = tuple(name.text for name in names)
        if sign.text in _AUGMENTED and len(names) == 1:
            self._emit("name", target[0], names[0].offset)
            self._expressions()
            kind = _AUGMENTED[sign.text]
            self._emit(kind, "+" + sign.text[0] if kind == "sum" else "*" + sign.text[0], sign.offset)
        elif sign.text == "=":
            self._expressions()
        else:
            what = "annotations are not in the language" if sign.text == ":" else "expected '=' after the name"
            raise errors.SyntaxRejected(what, offset=sign.offset)
        self._emit("store", target, names[0].offset)

    # Expressions

    def _expressions(self) -> None:
        """Parse a comma-separated list of expressions; more than one makes a tuple."""
        start = self._peek().offset
        self._expression()
        count = 1
        while self._peek().text == ",":
            self._next += 1
            self._expression()
            count += 1
        if count > 1:
            self._emit("tuple", count, start)

    def _expression(self) -> None:
        """Parse one expression, up to a token that cannot continue it outside all brackets."""
        self._frames = [_Frame("text", self._peek().offset)]
        operand = True
        while True:
            token = self._take()
            if operand:
                operand = self._operand(token)
            elif len(self._frames) == 1 and (token.kind in {"end", "newline"} or token.text in {",", ";"}):
                self._next -= 1
                self._reduce(0)
                self._close_conditionals(token)
                return
            else:
                operand = self._operator(token)

    def _operand(self, token: lexing.Token) -> bool:
        """Take a token where a value must start; True if one must still start after it."""
        kind, text, offset = token
        if kind == "number":
            self._emit("number", text, offset)
            return False
        if kind == "name" and (not keyword.iskeyword(text) or text in {"True", "False"}):
            self._name(token)
            return False
        if kind == "newline":
            return True  # an expression cannot end here, so the line break is white space
        frame = self._frames[-1]
        if text in {"+", "-", "~"} and kind == "op":
            frame.operators.append((_UNARY, {"+": "positive", "-": "negate", "~": "not"}[text], [], offset))
        elif text == "not":
            if frame.operators and frame.operators[-1][0] > _NOT:
                raise self._unexpected(token, "a value; put parentheses around 'not ...'")
            frame.operators.append((_NOT, "not", [], offset))
        elif text in {"(", "["} and kind == "op":
            self._open("group" if text == "(" else "list", offset)
        elif text in {")", "]"} and self._may_close(frame, text):
            self._close(token)
            return False
        else:
            raise self._unexpected(token, "a value")
        return True

    def _may_close(self, frame: _Frame, text: str) -> bool:
        """Return whether a bracket may close where a value could start: f(), (a,) and [a,]."""
        if frame.operators:
            return False
        if frame.kind == "call" and text == ")":
            return True
        return frame.items > 0 and frame.kind in {"group", "list"} and text == ")]"[frame.kind == "list"]

    def _operator(self, token: lexing.Token) -> bool:
        """Take a token after a complete value; True if another value must start after it."""
        kind, text, offset = token
        if text in _CHAINS:
            self._chain(text, offset)
        elif text in {"**", "^"}:
            self._frames[-1].operators.append((_POWER, "power", [], offset))
        elif text in {"//", "%", "@"}:
            self._reduce(_PRODUCT)
            self._frames[-1].operators.append((_PRODUCT, "binary", [text], offset))
        elif text == "(" and self._tokens[self._next - 2].kind == "name":
            function = self._code.pop()
            self._open("call", function.offset, function.data)
        elif text == "[":
            self._open("index", offset)
        elif text in {")", "]"} and kind == "op":
            self._close(token)
            return False
        elif text == ",":
            self._reduce(0)
            self._close_conditionals(token)
            self._frames[-1].items += 1
        elif text == "if":
            self._reduce(_TERNARY + 1)
            self._frames[-1].operators.append((0, "if", [], offset))
        elif text == "else":
            self._else(token)
        else:
            raise self._misplaced(token)
        return True

    def _name(self, token: lexing.Token) -> None:
        parts = [token.text]
        while self._peek().text == "." and self._peek(1).kind == "name":
            parts.append(self._peek(1).text)
            self._next += 2
        following = self._peek()
        if following.text == "=" and self._frames[-1].kind == "call" and len(parts) == 1:
            raise errors.SyntaxRejected(f"the keyword argument '{token.text}' is not known here", offset=token.offset)
        self._emit("name", ".".join(parts), token.offset)

    def _chain(self, text: str, offset: int) -> None:
        """Push an operator, or lengthen the chain of its level that is already waiting."""
        kind, level = _CHAINS[text]
        self._reduce(level + 1)
        operators = self._frames[-1].operators
        if operators and operators[-1][0] == level:
            if operators[-1][1] == kind:
                operators[-1][2].append(text)
                return
            self._reduce(level)
        texts = [text]
        if kind in {"sum", "product"} and self._code[-1].kind == kind:
            # The first operand is a chain of this level in parentheses: (a + b) + c is a + b + c.
            texts = [*self._code.pop().data[1:], text]
        operators.append((level, kind, texts, offset))

    def _else(self, token: lexing.Token) -> None:
        self._reduce(1)
        operators = self._frames[-1].operators
        if not operators or operators[-1][1] != "if":
            raise self._unexpected(token, "an 'if' before it")
        offset = operators.pop()[3]
        operators.append((_TERNARY, "ifelse", [], offset))

    def _close_conditionals(self, token: lexing.Token) -> None:
        operators = self._frames[-1].operators
        if operators:  # only a marker without its else survives _reduce(0)
            raise self._unexpected(token, "an 'else' for the 'if'")

    def _open(self, kind: str, offset: int, name: str = "") -> None:
        if len(self._frames) > self._max_nesting:
            raise errors.TooComplex(f"brackets are nested more than {self._max_nesting} deep", offset=offset)
        self._frames.append(_Frame(kind, offset, name=name))

    def _close(self, token: lexing.Token) -> None:
        self._reduce(0)
        self._close_conditionals(token)
        frame = self._frames[-1]
        if len(self._frames) == 1 or (token.text == ")") != (frame.kind in {"group", "call"}):
            raise errors.SyntaxRejected(f"'{token.text}' closes nothing", offset=token.offset)
        self._frames.pop()
        before = self._tokens[self._next - 2].text
        count = frame.items + (before not in {",", "("} or (before == "(" and frame.kind != "call"))
        if frame.kind == "call":
            self._emit("call", (frame.name, count), frame.offset)
        elif frame.kind == "index":
            self._emit("index", count, frame.offset)
        elif frame.kind == "list" or frame.items:
            self._emit("list" if frame.kind == "list" else "tuple", count, frame.offset)

    def _reduce(self, level: int) -> None:
        """Emit the waiting operators of the innermost frame that bind at least as tightly as ``level``."""
        operators = self._frames[-1].operators
        while operators and operators[-1][0] >= max(level, 1):
            _, kind, texts, offset = operators.pop()
            if kind in {"sum", "product"}:
                self._emit(kind, ("+" if kind == "sum" else "*") + "".join(texts), offset)
            elif kind in {"and", "or"}:
                self._emit(kind, len(texts) + 1, offset)
            elif kind == "compare":
                self._emit(kind, tuple(texts), offset)
            elif kind == "binary":
                self._emit(kind, texts[0], offset)
            elif kind != "positive":
                self._emit(kind, None, offset)

    # Tokens and errors

    def _emit(self, kind: str, data: object, offset: int) -> None:
        self._code.append(Instruction(kind, data, offset))

    def _peek(self, ahead: int = 0) -> lexing.Token:
        return self._tokens[min(self._next + ahead, len(self._tokens) - 1)]

    def _take(self) -> lexing.Token:
        token = self._peek()
        self._next += 1
        return token

    def _expect(self, text: str) -> None:
        token = self._take()
        if token.text != text:
            raise self._unexpected(token, f"'{text}'")

    def _skip_newlines(self) -> None:
        while self._peek().kind == "newline":
            self._next += 1

    def _end_statement(self) -> None:
        token = self._peek()
        if token.kind not in {"end", "newline"} and token.text != ";":
            raise self._unexpected(token, "the end of the statement")
        while self._peek().kind == "newline" or self._peek().text == ";":
            self._next += 1

    def _finish(self) -> None:
        self._skip_newlines()
        token = self._peek()
        if token.kind != "end":
            raise errors.SyntaxRejected(
                "a second line after a complete expression",
                hint="put an expression of several lines in parentheses",
                offset=token.offset,
            )

    def _misplaced(self, token: lexing.Token) -> errors.SyntaxRejected:
        kind, text, offset = token
        if kind in {"number", "name"} and text not in _OPERATOR_WORDS and not keyword.iskeyword(text):
            return errors.SyntaxRejected(
                f"{errors.quote(text)} follows a value", hint="write * to multiply", offset=offset
            )
        if text == "(":
            return errors.SyntaxRejected(
                "only a function by its name can be called", hint="write * to multiply", offset=offset
            )
        if text == "=":
            return errors.SyntaxRejected(
                "'=' assigns; assignments stand only in a def",
                hint="compare with ==; give the right-hand side alone as the expression",
                offset=offset,
            )
        return self._unexpected(token, "an operator")

    def _unexpected(self, token: lexing.Token, expected: str) -> errors.SyntaxRejected:
        if token.kind == "end":
            frame = self._frames[-1] if self._frames else None
            if frame is not None and frame.kind != "text":
                bracket = "(" if frame.kind in {"group", "call"} else "["
                return errors.SyntaxRejected(f"'{bracket}' is never closed", offset=frame.offset)
            return errors.SyntaxRejected(f"the text ends where {expected} was expected", offset=token.offset)
        if token.kind == "string":
            return errors.SyntaxRejected("strings are not in the language", offset=token.offset)
        if keyword.iskeyword(token.text) and token.text not in _OPERATOR_WORDS:
            return errors.SyntaxRejected(f"'{token.text}' is not in the language here", offset=token.offset)
        shown = "the end of the line" if token.kind == "newline" else errors.quote(token.text)
        return errors.SyntaxRejected(f"found {shown} where {expected} was expected", offset=token.offset)
