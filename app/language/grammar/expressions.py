"""One expression to stack code, in one pass with explicit stacks; nothing is evaluated.

The grammar is a part of Python's expression grammar. The code is in postfix order (Dijkstra 1961, the shunting yard):
operands first, then the operator. So neither this module nor the tracer recurses, however deep a text nests. A chain of
one precedence level is one instruction: ``a - b + c`` is ``Sum("+-+")`` over three operands.
"""

from __future__ import annotations

import itertools
import keyword

from app import errors
from app.language.grammar import dotted, lexer, operators, parameters, stack_code
from app.language.grammar.cursor import CALLS, Bracket, Cursor
from app.language.grammar.operators import Operator
from app.language.grammar.stack_code import (
    Apply,
    Attribute,
    Code,
    Collection,
    Instruction,
    Marker,
    Name,
    Number,
    Product,
    Sum,
)

MAX_FUNCTIONS = 20
"""Greatest nesting of functions in functions, as of blocks in CPython."""

_ENDS = {"text": frozenset({",", ";", ":"}), "default": frozenset({",", ":", ")"})}
"""Signs that end an expression, by its kind."""

_VALUES = frozenset({"True", "False"})
_SERIES = frozenset({"Sum", "Product", "summation", "product"})
"""SymPy's words for a series, whose body runs over an index of its own: Sum(body, (i, a, b))."""


class ExpressionParser:
    """Parses expressions by a shunting yard: one pass over the tokens, with a stack of open brackets."""

    def __init__(self, cursor: Cursor, max_nesting: int, depth: int = 0) -> None:
        self._cursor = cursor
        self._max_nesting = max_nesting
        self._functions = depth  # that are open
        self._code: list[Instruction] = []
        self._brackets: list[Bracket] = []
        self._chosen: list[tuple[int, Code]] = []  # where each value before an open ``if`` began, and its code
        self._target = False
        self._unless: list[int] = []  # places of the ``Unless`` whose other value is being read

    def code(self, *, target: bool = False) -> list[Instruction]:
        """Return the code of a comma-separated list of expressions; more than one makes a tuple.

        With ``target`` it may be what is assigned to: it ends before ``=``, and names may be starred.
        """
        self._target = target
        start = self._cursor.peek().offset
        self._code = []
        self._expression()
        count, several = 1, False
        while self._cursor.peek().text == ",":
            several = True
            self._cursor.take()
            if self._cursor.peek().kind in {"end", "newline"} or (target and self._cursor.peek().text == "="):
                break  # a trailing comma
            self._expression()
            count += 1
        if several:
            self._code.append(Collection("tuple", count, start))
        return self._code

    def default(self) -> Code:
        """Return the code of the default value of a parameter, which ends at a comma, a colon or a bracket."""
        inner = ExpressionParser(self._cursor, self._max_nesting, self._functions + 1)
        brackets = self._cursor.brackets
        inner._expression("default")
        self._cursor.brackets = brackets
        return inner._code

    def _expression(self, kind: str = "text") -> None:
        """Parse one expression, up to a token that cannot continue it outside all brackets.

        It is a statement's ("text"), or the default value of a parameter ("default"), which a bracket may end, too.
        """
        if self._functions > MAX_FUNCTIONS:
            what = f"functions are nested more than {MAX_FUNCTIONS} deep"
            raise errors.TooComplex(what, offset=self._cursor.peek().offset)
        self._brackets = self._cursor.brackets = [Bracket(kind, self._cursor.peek().offset, len(self._code))]
        ends = _ENDS[kind] | operators.ASSIGNING if self._target else _ENDS[kind]
        operand = True
        while True:
            token = self._cursor.take()
            if operand:
                operand = self._operand(token)
                continue
            while self._brackets[-1].kind == "lambda" and self._ends_lambda(token):
                self._lambda_body(token)
            if len(self._brackets) == 1 and (token.kind in {"end", "newline"} or token.text in ends):
                self._cursor.back()
                self._reduce(operators.CONDITIONAL)
                self._refuse_open_if(token)
                return
            operand = self._operator(token)

    def _operand(self, token: lexer.Token) -> bool:
        """Take a token where a value must start; True if one must still start after it."""
        kind, text, offset = token
        if kind == "number":
            self._code.append(Number(text, offset))
            return False
        if kind == "name" and (not keyword.iskeyword(text) or text in _VALUES):
            return self._name(token)
        if kind == "newline":
            return True  # an expression cannot end here, so the line break is white space
        bracket = self._brackets[-1]
        if text in {"+", "-", "~"} and kind == "op":
            name = operators.UNARY_OPERATORS[text]
            kind = "positive" if text == "+" else "unary"
            bracket.operators.append(Operator(operators.UNARY, kind, [name], offset))
        elif text == "*" and self._target and bracket.kind in {"text", "group", "list"}:
            bracket.operators.append(Operator(operators.UNARY, "unary", ["star"], offset))
        elif text == "not":
            if bracket.operators and bracket.operators[-1].level > operators.NOT:
                raise self._cursor.unexpected(token, "a value; put parentheses around 'not ...'")
            bracket.operators.append(Operator(operators.NOT, "unary", ["not"], offset))
        elif text in {"(", "["} and kind == "op":
            self._open("group" if text == "(" else "list", offset)
        elif text == "lambda":
            self._lambda(token)
        elif text in {")", "]"} and self._may_close(bracket, text):
            self._close(token)
            return False
        else:
            return self._rare_operand(token, bracket)
        return True

    def _rare_operand(self, token: lexer.Token, bracket: Bracket) -> bool:
        if token.text == "None":
            self._code.append(Marker("none", token.offset))
            return False
        if token.kind == "string" and bracket.kind in CALLS | {"default"} and not bracket.operators:
            self._code.append(stack_code.Text(lexer.plain(token), token.offset))
            return False
        if bracket.kind == "index" and not bracket.operators:
            if token.text == ":":
                self._colon(bracket, token.offset, missing=True)
                return True
            if token.text == "," and bracket.colons:
                self._item(token)
                return True
            if token.text == "." and self._cursor.peek().text == self._cursor.peek(1).text == ".":
                self._cursor.take()
                self._cursor.take()
                self._code.append(Marker("ellipsis", token.offset))
                return False
        raise self._cursor.unexpected(token, "a value")

    def _may_close(self, bracket: Bracket, text: str) -> bool:
        """Return whether a bracket may close where a value could start: f(), (a,), [a,] and X[1:]."""
        if bracket.operators or bracket.clauses is not None:
            return False
        if bracket.kind in CALLS and text == ")":
            return not bracket.keyword
        if bracket.kind == "index" and text == "]":
            return bracket.colons > 0
        empty = self._cursor.before().text in {"(", "["} and (text == "]" or len(self._brackets) > 2)
        return (
            (bracket.items > 0 or empty) and bracket.kind in {"group", "list"} and text == ")]"[bracket.kind == "list"]
        )

    def _operator(self, token: lexer.Token) -> bool:
        """Take a token after a complete value; True if another value must start after it."""
        kind, text, offset = token
        bracket = self._brackets[-1]
        chain = operators.CHAINS.get(text)
        if chain is not None:
            self._chain(*chain, text, offset)
        elif text in {"**", "^"}:
            bracket.operators.append(Operator(operators.POWER, "binary", ["**"], offset))
        elif text in {"//", "%", "@"}:
            self._reduce(operators.PRODUCT)
            bracket.operators.append(Operator(operators.PRODUCT, "binary", [text], offset))
        elif text == "(" and self._cursor.before().kind != "number":
            self._parenthesis(offset)
        elif text == "[":
            self._open("index", offset)
        elif text in {")", "]"} and kind == "op":
            self._close(token)
            return False
        elif text == ",":
            self._item(token)
        elif text == "if" and bracket.clauses is not None:
            self._part(token)
        elif text == "if":
            self._if(offset)
        elif text == "else":
            self._else(token)
        else:
            return self._rare_operator(token, bracket)
        return True

    def _parenthesis(self, offset: int) -> None:
        """Open the brackets of a call: of a function by its name, of a method, or of a value."""
        called = self._code[-1]
        if self._cursor.before().kind == "name" and isinstance(called, Name | Attribute):
            self._code.pop()
            self._open("call" if isinstance(called, Name) else "method", called.offset, called.name)
        else:
            self._open("value", offset)

    def _rare_operator(self, token: lexer.Token, bracket: Bracket) -> bool:
        if token.text == "for":
            self._for(token, bracket)
            return True
        if token.text == ":" and bracket.kind == "index":
            self._reduce(operators.CONDITIONAL)
            self._refuse_open_if(token)
            self._colon(bracket, token.offset, missing=False)
            return True
        if token.text == "." and self._cursor.peek().kind == "name":
            name = self._cursor.take()
            self._code.append(Attribute(name.text, name.offset))
            return False
        raise self._cursor.misplaced(token)

    def _name(self, token: lexer.Token) -> bool:
        """Take a dotted name, or the name of a keyword argument, after which its value must start."""
        parts = [token]
        following = self._cursor.peek()
        while following.text == "." and self._cursor.peek(1).kind == "name":
            self._cursor.take()
            parts.append(self._cursor.take())
            following = self._cursor.peek()
        bracket = self._brackets[-1]
        if following.text == "=" and bracket.kind in CALLS and len(parts) == 1:
            if bracket.keyword or bracket.operators or len(self._code) != bracket.start:
                raise self._cursor.misplaced(self._cursor.take())
            self._cursor.take()
            bracket.keyword = token.text
            return True
        texts = [part.text for part in parts]
        bare_call = following.text == "(" and self._cursor.peek(1).text == ")"
        if len(parts) > 1 and dotted.is_member(texts, self._cursor.variables(), bare_call=bare_call):
            self._code.append(Name(token.text, token.offset))
            self._code += [Attribute(part.text, part.offset) for part in parts[1:]]
        else:
            self._code.append(Name(".".join(texts), token.offset))
        return False

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
        waiting.append(Operator(level, kind, texts, offset))

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
        if waiting is None:
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
        self._unless.append(len(self._code))
        self._code.append(stack_code.Unless(0, offset))  # ``_reduce`` sets how long the other value is
        waiting.append(Operator(operators.CONDITIONAL, "ifelse", [], offset))

    def _refuse_open_if(self, token: lexer.Token) -> None:
        """Refuse an ``if`` without its ``else``, the only operator that ``_reduce`` leaves."""
        if self._brackets[-1].operators:
            raise self._cursor.unexpected(token, "an 'else' for the 'if'")

    # Brackets and what they hold

    def _open(self, kind: str, offset: int, name: str = "") -> None:
        if len(self._brackets) > self._max_nesting:
            raise errors.TooComplex(f"brackets are nested more than {self._max_nesting} deep", offset=offset)
        self._brackets.append(Bracket(kind, offset, len(self._code), name=name))

    def _lambda(self, token: lexer.Token) -> None:
        """Read the parameters of a lambda; the code of their default values stays before that of its body."""
        waiting = self._brackets[-1].operators
        if waiting and waiting[-1].level > operators.CONDITIONAL:
            raise self._cursor.unexpected(token, "a value; put parentheses around 'lambda ...'")
        signature, code = parameters.read(self._cursor, ":", self.default)
        self._code += code
        self._functions += 1
        if self._functions > MAX_FUNCTIONS:
            raise errors.TooComplex(f"functions are nested more than {MAX_FUNCTIONS} deep", offset=token.offset)
        self._open("lambda", token.offset)
        self._brackets[-1].signature = signature

    def _ends_lambda(self, token: lexer.Token) -> bool:
        """Return whether a token after a complete value ends the body of the innermost lambda."""
        if token.text == "for":
            return True
        return token.kind in {"end", "newline"} or (token.kind == "op" and token.text in {",", ")", "]", ":", ";"})

    def _lambda_body(self, token: lexer.Token) -> None:
        self._reduce(operators.CONDITIONAL)
        self._refuse_open_if(token)
        bracket = self._brackets.pop()
        assert bracket.signature is not None
        self._functions -= 1
        self._code.append(stack_code.function("", bracket.signature, self._cut(bracket), bracket.offset))

    def _item(self, token: lexer.Token) -> None:
        """Finish an item of the innermost bracket."""
        self._reduce(operators.CONDITIONAL)
        self._refuse_open_if(token)
        bracket = self._brackets[-1]
        if bracket.kind in _ENDS:
            raise self._cursor.unexpected(token, "an operator")
        if bracket.clauses is not None:
            self._comprehension(token, bracket)
        if bracket.colons:
            self._slice(token, bracket)
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
        if len(self._brackets) == 1 or (token.text == ")") != (bracket.kind in CALLS | {"group"}):
            self._reduce(operators.CONDITIONAL)
            self._refuse_open_if(token)
            raise errors.SyntaxRejected(f"'{token.text}' closes nothing", offset=token.offset)
        before = self._cursor.before().text
        bare = bracket.items == 0 and bracket.clauses is None
        empty = before in {"(", "["} and bracket.kind != "index" and len(self._code) == bracket.start
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
            self._code.append(stack_code.Index(bracket.items, bracket.offset))
        elif bracket.clauses is None and (bracket.kind == "list" or not bare or empty):
            kind = "list" if bracket.kind == "list" else "tuple"
            self._code.append(Collection(kind, bracket.items, bracket.offset))

    def _call(self, bracket: Bracket) -> None:
        if bracket.name.rpartition(".")[2] in _SERIES and bracket.items > 1:
            self._code.append(self._series(bracket))
        else:
            self._code.append(Apply(bracket.name, bracket.items, tuple(bracket.keywords), bracket.offset))

    def _series(self, bracket: Bracket) -> stack_code.Series:
        """Take the operands of a series off the code again: its body runs with names of its own."""
        cuts = [*bracket.starts, len(self._code)]
        body, *limits = [self._code[first:last] for first, last in itertools.pairwise(cuts)]
        bounds = []
        for limit in limits:
            name, last = limit[0], limit[-1]
            if not (
                isinstance(name, Name) and isinstance(last, Collection) and last.kind != "slice" and last.size == 3
            ):
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

    def _for(self, token: lexer.Token, bracket: Bracket) -> None:
        """Begin a clause: what stands before the first is the body, which runs once an item."""
        self._reduce(operators.CONDITIONAL)
        self._refuse_open_if(token)
        if bracket.kind not in CALLS | {"group", "list"} or bracket.items or bracket.keyword:
            raise self._cursor.unexpected(token, "an operator")
        if bracket.clauses is None:
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

    def _reduce(self, level: int) -> None:
        """Emit the waiting operators of the innermost bracket that bind at least as tightly as ``level``."""
        waiting = self._brackets[-1].operators
        while waiting and waiting[-1][0] >= level:
            _, kind, texts, offset = waiting.pop()
            if kind == "ifelse":
                start = self._unless.pop()
                self._code[start] = stack_code.Unless(len(self._code) - start, self._code[start].offset)
                self._code.append(stack_code.IfElse(offset))
            elif kind != "positive":
                self._code.append(operators.INSTRUCTIONS[kind](texts, offset))
