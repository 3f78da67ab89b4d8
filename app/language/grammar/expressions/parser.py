"""One expression to stack code, in one pass with explicit stacks; nothing is evaluated.

The grammar is a part of Python's expression grammar. The code is in postfix order (Dijkstra 1961, the shunting yard):
operands first, then the operator. So neither this module nor the tracer recurses, however deep a text nests. A chain of
one precedence level is one instruction: ``a - b + c`` is ``Sum("+-+")`` over three operands.
"""

from __future__ import annotations

import keyword

from app import errors
from app.language.grammar import lexer, stack_code
from app.language.grammar.cursor import CALLS, Bracket, Cursor
from app.language.grammar.definitions import parameters
from app.language.grammar.expressions import operators
from app.language.grammar.expressions.brackets import ENDS, Brackets
from app.language.grammar.expressions.operators import Operator
from app.language.grammar.stack_code import (
    Attribute,
    Code,
    Collection,
    Instruction,
    Marker,
    Name,
    Number,
)

MAX_FUNCTIONS = 20
"""Greatest nesting of functions in functions, as of blocks in CPython."""

_OPENED = {"(": "group", "[": "list", "{": "dict"}
_CLOSED = frozenset({")", "]", "}"})
_VALUES = frozenset({"True", "False"})


_OF_STAN = ("_lpdf", "_lpmf", "_lupdf", "_lupmf", "_lcdf", "_lccdf")
"""How densities of Stan are called, whose first operand a ``|`` follows."""


class ExpressionParser(Brackets):
    """Parses expressions by a shunting yard: one pass over the tokens, with a stack of open brackets."""

    def __init__(self, cursor: Cursor, max_nesting: int, depth: int = 0) -> None:
        super().__init__(cursor, max_nesting)
        self._functions = depth  # that are open
        self._target = self._case = self._test = False

    def code(self, *, target: bool = False, case: bool = False, test: bool = False) -> list[Instruction]:
        """Return the code of a comma-separated list of expressions; more than one makes a tuple.

        With ``target`` it may be what is assigned to: it ends before ``=``, and names may be starred. With ``case`` it
        is the pattern of a case, which ends before ``if`` and ``as``, too. With ``test`` it may be ``name := value``.
        """
        self._target, self._case, self._test = target or case, case, test
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
        ends = ENDS[kind] | operators.ASSIGNING if self._target else ENDS[kind]
        ends |= ENDS["case"] if self._case else ends
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
        elif text == "*" and self._target and bracket.kind == "text" and len(self._code) == bracket.start:
            bracket.operators.append(Operator(operators.BIT_OR, "unary", ["star"], offset))
        elif text == "not":
            if bracket.operators and bracket.operators[-1].level > operators.NOT:
                raise self._cursor.unexpected(token, "a value; put parentheses around 'not ...'")
            bracket.operators.append(Operator(operators.NOT, "unary", ["not"], offset))
        elif text in _OPENED and kind == "op":
            self._open(_OPENED[text], offset)
        elif text in {"*", "**"} and self._may_star(bracket, text):
            self._star(token, bracket)
        elif text == "lambda":
            self._lambda(token)
        elif text in _CLOSED and self._may_close(bracket, text):
            self._close(token)
            return False
        else:
            return self._rare_operand(token, bracket)
        return True

    def _rare_operand(self, token: lexer.Token, bracket: Bracket) -> bool:
        if token.text == "None":
            self._code.append(Marker("none", token.offset))
            return False
        if token.kind == "string" and self._takes_text(bracket):
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

    def _may_star(self, bracket: Bracket, text: str) -> bool:
        """Return whether ``*items`` or ``**options`` may begin here: f(*a, **b), [*a, 1], (*a, 1) and {**a, "b": 1}."""
        kinds = CALLS | {"group", "list"} if text == "*" else CALLS | {"dict"}
        empty = len(self._code) == bracket.start and not bracket.operators
        return bracket.kind in kinds and empty and not bracket.colons and bracket.clauses is None

    def _star(self, token: lexer.Token, bracket: Bracket) -> None:
        """Begin an operand ``*items`` or ``**options`` of a call, or such an item of a list, a tuple or a dict."""
        if token.text == "**" and bracket.kind != "dict":
            bracket.keyword = "**"
        bracket.starred = True

    def _takes_text(self, bracket: Bracket) -> bool:
        """Return whether a string may stand here: alone, or on a side of == and !=."""
        compared = bracket.operators and bracket.operators[-1].kind == "compare"
        named = self._target and bracket.kind == "text" and not bracket.operators
        if self._case or compared or named or self._cursor.peek().text in {"==", "!=", "in", "not", "is"}:
            return True
        return not bracket.operators and bracket.kind in CALLS | {"default", "index", "dict", "list", "group"}

    def _may_close(self, bracket: Bracket, text: str) -> bool:
        """Return whether a bracket may close where a value could start: f(), (a,), [a,] and X[1:]."""
        if bracket.operators or bracket.clauses is not None or bracket.starred:
            return False
        if bracket.kind == "dict":
            return text == "}" and not bracket.colons
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
        chain = operators.CHAINS.get(text) if kind == "op" or text in {"and", "or"} else None
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
        elif text in _CLOSED and kind == "op":
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
            if called.name.endswith(_OF_STAN) and self._cursor.peek(1).text == "|":
                raise errors.SyntaxRejected("'|' does not separate operands", offset=called.offset)
            self._code.pop()
            self._open("call" if isinstance(called, Name) else "method", called.offset, called.name, offset)
        else:
            self._open("value", offset)

    def _rare_operator(self, token: lexer.Token, bracket: Bracket) -> bool:
        if token.text == "for":
            self._for(token, bracket)
            return True
        if token.text == ":" and bracket.kind == "dict" and not bracket.colons and bracket.clauses is None:
            self._reduce(operators.CONDITIONAL)
            self._refuse_open_if(token)
            bracket.colons = 1
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
        if token.text in {"is", "in", "not"}:
            self._chain(*operators.CHAINS["in"], self._relation(token), token.offset)
            return True
        if token.text == ":=":
            self._walrus(token, bracket)
            return True
        raise self._cursor.misplaced(token)

    def _relation(self, token: lexer.Token) -> str:
        """Return ``is``, ``is not``, ``in`` or ``not in``, of which the first word is taken."""
        following = self._cursor.peek().text
        if (token.text, following) in {("is", "not"), ("not", "in")}:
            return f"{token.text} {self._cursor.take().text}"
        if token.text == "not":
            raise self._cursor.misplaced(token)
        return token.text

    def _walrus(self, token: lexer.Token, bracket: Bracket) -> None:
        """Take ``:=``, whose left side is a name alone."""
        name = self._code[-1]
        may_stand = bracket.kind in CALLS | {"group", "list", "index"} or (bracket.kind == "text" and self._test)
        alone = may_stand and len(self._code) - 1 == max(bracket.start, bracket.part) and not bracket.operators
        if not alone or not isinstance(name, Name) or "." in name.name or name.name in _VALUES or bracket.keyword:
            raise self._cursor.misplaced(token)
        self._code.pop()
        self._binds = True
        bracket.operators.append(Operator(operators.WALRUS, "walrus", [name.name], name.offset))

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
        if len(parts) == 1:
            self._code.append(Name(token.text, token.offset))
            return False
        texts = [part.text for part in parts]
        bare_call = following.text == "(" and self._cursor.peek(1).text == ")"
        if self._cursor.is_member(texts, bare_call=bare_call):
            self._code.append(Name(token.text, token.offset))
            self._code += [Attribute(part.text, part.offset) for part in parts[1:]]
        else:
            self._code.append(Name(".".join(texts), token.offset))
        return False

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
        return token.kind in {"end", "newline"} or (token.kind == "op" and token.text in {",", ")", "]", "}", ":", ";"})

    def _lambda_body(self, token: lexer.Token) -> None:
        self._reduce(operators.CONDITIONAL)
        self._refuse_open_if(token)
        bracket = self._brackets.pop()
        assert bracket.signature is not None
        self._functions -= 1
        self._code.append(stack_code.function("", bracket.signature, self._cut(bracket), bracket.offset))
