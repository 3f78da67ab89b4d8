"""One expression to postfix code, in one pass with explicit stacks and nothing evaluated.

The grammar is the part of Python's expression grammar the contract lists. The tree is handed on in postfix order
(Dijkstra 1961, the shunting yard): operands first, then what joins them, so neither building nor reading it recurses,
however deep the client nests. Chains of one precedence level stay one instruction: ``a - b + c`` is
``("sum", "+-+")`` over three operands, a thousand terms long as cheaply as two. ``postfix`` lists the instructions.
"""

from __future__ import annotations

import itertools
import keyword
from dataclasses import dataclass, field

from app import errors, lexing, postfix
from app.postfix import Bounds, Call, Clause, Code, Comprehension, Instruction, Pattern, Series

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
_OPERATOR_WORDS = frozenset({"and", "or", "not", "if", "else", "for", "in", "True", "False", "None"})
_VALUES = frozenset({"True", "False"})
_SERIES = frozenset({"Sum", "Product", "summation", "product"})
"""SymPy's words for a series, whose body runs over an index of its own: Sum(body, (i, a, b))."""


@dataclass(slots=True)
class _Frame:
    """An open bracket, or the text itself, with the operators waiting inside it.

    Attributes:
        start: where in the code the item that is being read begins.
        part: the same of the part of a slice, once one is complete.
    """

    kind: str
    offset: int
    start: int
    operators: list[tuple[int, str, list[str], int]] = field(default_factory=list)
    starts: list[int] = field(default_factory=list)
    name: str = ""
    keyword: str = ""
    keywords: dict[str, None] = field(default_factory=dict)
    colons: int = 0
    part: int = 0
    body: Code = ()
    clauses: list[Clause] | None = None
    pattern: Pattern | None = None

    @property
    def items(self) -> int:
        """Number of items that are complete."""
        return len(self.starts)


class Cursor:
    """A place in a list of tokens."""

    def __init__(self, tokens: list[lexing.Token]) -> None:
        self._tokens = tokens
        self._next = 0

    def peek(self, ahead: int = 0) -> lexing.Token:
        """Return the next token, or one further ahead."""
        return self._tokens[min(self._next + ahead, len(self._tokens) - 1)]

    def take(self) -> lexing.Token:
        """Return the next token and go past it."""
        token = self.peek()
        self._next += 1
        return token

    def back(self) -> None:
        """Go back by one token."""
        self._next -= 1

    def before(self) -> lexing.Token:
        """Return the token before the last one taken."""
        return self._tokens[self._next - 2]

    def skip_newlines(self) -> None:
        """Go past line breaks."""
        while self.peek().kind == "newline":
            self._next += 1


class Yard:
    """The shunting yard: one pass over the tokens, a stack of frames, code in postfix order."""

    def __init__(self, cursor: Cursor, max_nesting: int) -> None:
        self._cursor = cursor
        self._max_nesting = max_nesting
        self._code: list[Instruction] = []
        self._frames: list[_Frame] = []
        self._aside: list[tuple[int, Code]] = []
        self._unless: list[int] = []

    def expressions(self) -> list[Instruction]:
        """Return the code of a comma-separated list of expressions; more than one makes a tuple.

        Raises:
            errors.SyntaxRejected: not in the grammar.
            errors.TooComplex: nested too deep.
        """
        start = self._cursor.peek().offset
        self._code = []
        self._expression()
        count, several = 1, False
        while self._cursor.peek().text == ",":
            several = True
            self._cursor.take()
            if self._cursor.peek().kind in {"end", "newline"}:
                break  # a trailing comma
            self._expression()
            count += 1
        if several:
            self._emit("tuple", count, start)
        return self._code

    def pattern(self) -> Pattern:
        """Return names to assign to, ``a`` or ``a, (b, c)``."""
        parts = [self._part_of_pattern()]
        while self._cursor.peek().text == ",":
            self._cursor.take()
            if self._cursor.peek().text in {"in", "="}:
                return tuple(parts)
            parts.append(self._part_of_pattern())
        return parts[0] if len(parts) == 1 else tuple(parts)

    def _part_of_pattern(self, depth: int = 0) -> Pattern:
        token = self._cursor.take()
        if token.text in {"(", "["} and depth < 8:
            parts = [self._part_of_pattern(depth + 1)]
            while self._cursor.peek().text == ",":
                self._cursor.take()
                parts.append(self._part_of_pattern(depth + 1))
            closing = self._cursor.take()
            if closing.text not in {")", "]"}:
                raise self.unexpected(closing, "')'")
            return parts[0] if len(parts) == 1 else tuple(parts)
        if token.kind != "name" or keyword.iskeyword(token.text):
            raise self.unexpected(token, "a name to assign to")
        following = self._cursor.peek()
        if following.text in {"[", "."}:
            hint = "build a list with a comprehension: [... for ... in ...]" if following.text == "[" else None
            raise errors.SyntaxRejected("only names can be assigned to", hint=hint, offset=following.offset)
        return token.text

    # The machine

    def _expression(self) -> None:
        """Parse one expression, up to a token that cannot continue it outside all brackets."""
        self._frames = [_Frame("text", self._cursor.peek().offset, len(self._code))]
        operand = True
        while True:
            token = self._cursor.take()
            if operand:
                operand = self._operand(token)
            elif len(self._frames) == 1 and (token.kind in {"end", "newline"} or token.text in {",", ";", ":"}):
                self._cursor.back()
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
        if kind == "name" and (not keyword.iskeyword(text) or text in _VALUES):
            return self._name(token)
        if kind == "newline":
            return True  # an expression cannot end here, so the line break is white space
        frame = self._frames[-1]
        if text in {"+", "-", "~"} and kind == "op":
            frame.operators.append((_UNARY, {"+": "positive", "-": "negate", "~": "not"}[text], [], offset))
        elif text == "not":
            if frame.operators and frame.operators[-1][0] > _NOT:
                raise self.unexpected(token, "a value; put parentheses around 'not ...'")
            frame.operators.append((_NOT, "not", [], offset))
        elif text in {"(", "["} and kind == "op":
            self._open("group" if text == "(" else "list", offset)
        elif text in {")", "]"} and self._may_close(frame, text):
            self._close(token)
            return False
        else:
            return self._rare_operand(token, frame)
        return True

    def _rare_operand(self, token: lexing.Token, frame: _Frame) -> bool:
        if token.text == "None" and frame.kind in {"call", "index"}:
            self._emit("none", None, token.offset)
            return False
        if frame.kind == "index" and not frame.operators:
            if token.text == ":":
                self._colon(frame, token.offset, missing=True)
                return True
            if token.text == "," and frame.colons:
                self._item(token)
                return True
            if token.text == "." and self._cursor.peek().text == self._cursor.peek(1).text == ".":
                self._cursor.take()
                self._cursor.take()
                self._emit("ellipsis", None, token.offset)
                return False
        raise self.unexpected(token, "a value")

    def _may_close(self, frame: _Frame, text: str) -> bool:
        """Return whether a bracket may close where a value could start: f(), (a,), [a,] and X[1:]."""
        if frame.operators or frame.clauses is not None:
            return False
        if frame.kind == "call" and text == ")":
            return not frame.keyword
        if frame.kind == "index" and text == "]":
            return frame.colons > 0
        return frame.items > 0 and frame.kind in {"group", "list"} and text == ")]"[frame.kind == "list"]

    def _operator(self, token: lexing.Token) -> bool:
        """Take a token after a complete value; True if another value must start after it."""
        kind, text, offset = token
        frame = self._frames[-1]
        if text in _CHAINS:
            self._chain(text, offset)
        elif text in {"**", "^"}:
            frame.operators.append((_POWER, "power", [], offset))
        elif text in {"//", "%", "@"}:
            self._reduce(_PRODUCT)
            frame.operators.append((_PRODUCT, "binary", [text], offset))
        elif text == "(" and self._cursor.before().kind == "name" and self._code[-1].kind == "name":
            function = self._code.pop()
            self._open("call", function.offset, function.data)
        elif text == "[":
            self._open("index", offset)
        elif text in {")", "]"} and kind == "op":
            self._close(token)
            return False
        elif text == ",":
            self._item(token)
        elif text == "if" and frame.clauses is not None:
            self._part(token)
        elif text == "if":
            self._if(offset)
        elif text == "else":
            self._else(token)
        else:
            return self._rare_operator(token, frame)
        return True

    def _rare_operator(self, token: lexing.Token, frame: _Frame) -> bool:
        if token.text == "for":
            self._for(token, frame)
            return True
        if token.text == ":" and frame.kind == "index":
            self._reduce(0)
            self._close_conditionals(token)
            self._colon(frame, token.offset, missing=False)
            return True
        if token.text == "." and self._cursor.peek().kind == "name":
            self._emit("attribute", self._cursor.take().text, token.offset)
            return False
        raise self._misplaced(token)

    def _name(self, token: lexing.Token) -> bool:
        """Take a dotted name, or the name of a keyword argument, after which its value must start."""
        parts = [token.text]
        while self._cursor.peek().text == "." and self._cursor.peek(1).kind == "name":
            self._cursor.take()
            parts.append(self._cursor.take().text)
        frame = self._frames[-1]
        if self._cursor.peek().text == "=" and frame.kind == "call" and len(parts) == 1:
            if frame.keyword or frame.operators or len(self._code) != frame.start:
                raise self._misplaced(self._cursor.take())
            self._cursor.take()
            frame.keyword = token.text
            return True
        transposed = len(parts) > 1 and parts[-1] == "T" and self._cursor.peek().text != "("
        self._emit("name", ".".join(parts[:-1] if transposed else parts), token.offset)
        if transposed:
            self._emit("attribute", "T", token.offset)
        return False

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

    def _if(self, offset: int) -> None:
        """Put the value before an ``if`` aside: its condition comes first."""
        self._reduce(_TERNARY + 1)
        frame = self._frames[-1]
        waiting = frame.operators[-1][1] if frame.operators else None
        if waiting is None:
            start = max(frame.start, frame.part)
        else:  # the value of an ``else``, or a condition: each begins where the code ended when it was to come
            start = self._unless[-1] + 1 if waiting == "ifelse" else self._aside[-1][0]
        self._aside.append((start, self._code[start:]))
        del self._code[start:]
        frame.operators.append((0, "if", [], offset))

    def _else(self, token: lexing.Token) -> None:
        self._reduce(1)
        operators = self._frames[-1].operators
        if not operators or operators[-1][1] != "if":
            raise self.unexpected(token, "an 'if' before it")
        offset = operators.pop()[3]
        _, chosen = self._aside.pop()
        self._emit("test", len(chosen) + 1, offset)
        self._code += chosen
        self._unless.append(len(self._code))
        self._emit("unless", None, offset)
        operators.append((_TERNARY, "ifelse", [], offset))

    def _close_conditionals(self, token: lexing.Token) -> None:
        operators = self._frames[-1].operators
        if operators:  # only a marker without its else survives _reduce(0)
            raise self.unexpected(token, "an 'else' for the 'if'")

    # Brackets and what they hold

    def _open(self, kind: str, offset: int, name: str = "") -> None:
        if len(self._frames) > self._max_nesting:
            raise errors.TooComplex(f"brackets are nested more than {self._max_nesting} deep", offset=offset)
        self._frames.append(_Frame(kind, offset, len(self._code), name=name))

    def _item(self, token: lexing.Token) -> None:
        """Finish an item of the innermost bracket."""
        self._reduce(0)
        self._close_conditionals(token)
        frame = self._frames[-1]
        if frame.kind == "text":
            raise self.unexpected(token, "an operator")
        if frame.clauses is not None:
            self._comprehension(token, frame)
        if frame.colons:
            self._slice(token, frame)
        if frame.keyword:
            if frame.keyword in frame.keywords:
                raise errors.SyntaxRejected(f"the keyword '{frame.keyword}' stands twice", offset=token.offset)
            frame.keywords[frame.keyword] = None
            frame.keyword = ""
        elif frame.keywords:
            raise errors.SyntaxRejected("a value without a keyword follows one with a keyword", offset=token.offset)
        frame.starts.append(frame.start)
        frame.start = len(self._code)

    def _close(self, token: lexing.Token) -> None:
        frame = self._frames[-1]
        if len(self._frames) == 1 or (token.text == ")") != (frame.kind in {"group", "call"}):
            self._reduce(0)
            self._close_conditionals(token)
            raise errors.SyntaxRejected(f"'{token.text}' closes nothing", offset=token.offset)
        before = self._cursor.before().text
        bare = frame.items == 0 and frame.clauses is None
        if before != "," and not (before == "(" and frame.kind == "call" and len(self._code) == frame.start):
            self._item(token)
        self._frames.pop()
        if frame.kind == "call":
            self._call(frame)
        elif frame.kind == "index":
            self._emit("index", frame.items, frame.offset)
        elif frame.clauses is None and (frame.kind == "list" or not bare):
            self._emit("list" if frame.kind == "list" else "tuple", frame.items, frame.offset)

    def _call(self, frame: _Frame) -> None:
        if frame.name.rpartition(".")[2] in _SERIES and frame.items > 1:
            self._emit("series", self._series(frame), frame.offset)
        else:
            self._emit("call", Call(frame.name, frame.items, tuple(frame.keywords)), frame.offset)

    def _series(self, frame: _Frame) -> Series:
        """Take the operands of a series off the code again: its body runs with names of its own."""
        cuts = [*frame.starts, len(self._code)]
        body, *limits = [self._code[first:last] for first, last in itertools.pairwise(cuts)]
        bounds = []
        for limit in limits:
            if limit[-1].kind not in {"tuple", "list"} or limit[-1].data != 3 or limit[0].kind != "name":
                hint = f"write {frame.name}(f(i), (i, first, last))"
                raise errors.SyntaxRejected(
                    "the bounds of a series are (i, first, last)", hint=hint, offset=limit[0][2]
                )
            middle = postfix.start_of_last(limit[:-1])
            bounds.append(Bounds(limit[0].data, limit[1:middle], limit[middle:-1]))
        del self._code[frame.starts[0] :]
        return Series(frame.name, body, tuple(bounds))

    def _colon(self, frame: _Frame, offset: int, *, missing: bool) -> None:
        if missing:
            self._emit("none", None, offset)
        frame.colons += 1
        frame.part = len(self._code)
        if frame.colons > 2:
            raise errors.SyntaxRejected("a slice has at most two colons", offset=offset)

    def _slice(self, token: lexing.Token, frame: _Frame) -> None:
        """Finish ``first:last:step``; what was left out is none."""
        if self._cursor.before().text == ":":
            self._emit("none", None, token.offset)
        if frame.colons == 1:
            self._emit("none", None, token.offset)
        self._emit("slice", None, token.offset)
        frame.colons = 0

    def _for(self, token: lexing.Token, frame: _Frame) -> None:
        """Begin a clause: what stands before the first is the body, which runs once an item."""
        self._reduce(0)
        self._close_conditionals(token)
        if frame.kind not in {"group", "list", "call"} or frame.items or frame.keyword:
            raise self.unexpected(token, "an operator")
        if frame.clauses is None:
            frame.body = self._cut(frame)
            frame.clauses = []
        else:
            self._part(token)
        frame.pattern = self.pattern()
        word = self._cursor.take()
        if word.text != "in":
            raise self.unexpected(word, "'in'")

    def _part(self, token: lexing.Token) -> None:
        """Finish the items or a condition of a clause."""
        self._reduce(0)
        self._close_conditionals(token)
        frame = self._frames[-1]
        assert frame.clauses is not None
        code = self._cut(frame)
        if frame.pattern is not None:
            frame.clauses.append(Clause(frame.pattern, code, ()))
            frame.pattern = None
        else:
            last = frame.clauses[-1]
            frame.clauses[-1] = last._replace(conditions=(*last.conditions, code))

    def _comprehension(self, token: lexing.Token, frame: _Frame) -> None:
        if token.text == ",":
            raise errors.SyntaxRejected("nothing may follow a comprehension in its brackets", offset=token.offset)
        self._part(token)
        assert frame.clauses is not None
        self._emit("comprehension", Comprehension(frame.body, tuple(frame.clauses)), frame.offset)

    def _cut(self, frame: _Frame) -> Code:
        code = self._code[frame.start :]
        del self._code[frame.start :]
        return code

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
            elif kind == "ifelse":
                start = self._unless.pop()
                self._code[start] = self._code[start]._replace(data=len(self._code) - start)
                self._emit(kind, None, offset)
            elif kind != "positive":
                self._emit(kind, None, offset)

    def _emit(self, kind: str, data: object, offset: int) -> None:
        self._code.append(Instruction(kind, data, offset))

    # Errors

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
        return self.unexpected(token, "an operator")

    def unexpected(self, token: lexing.Token, expected: str) -> errors.SyntaxRejected:
        """Return the refusal of a token that is not what was expected."""
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
