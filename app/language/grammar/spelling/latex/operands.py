"""Operands: numbers, names with indices, brackets and bars, and what stands behind them: powers and factorials."""

from __future__ import annotations

import functools
from collections.abc import Sequence

from app import errors
from app.language.grammar.lexer import Token
from app.language.grammar.spelling.latex import commands, names
from app.language.grammar.spelling.latex.marks import Mark
from app.language.grammar.spelling.latex.names import Spelling
from app.language.grammar.spelling.latex.writer import TokenWriter

_TURNED = frozenset({"top", "intercal"})
_MARKED = {
    "prime": ("a derivative", commands.REFUSED["prime"][1]),
    "*": ("a star", "give it a name of its own: x_{star}"),
    "star": ("a star", "give it a name of its own: x_{star}"),
    "ast": ("a star", "give it a name of its own: x_{star}"),
    "dagger": ("a dagger", r"write \top for a transpose; numbers are real here"),
    "circ": ("an angle in degrees", commands.REFUSED["degree"][1]),
    "+": ("a sign alone", "give it a name of its own: x_{plus}"),
    "-": ("a sign alone", "give it a name of its own: x_{minus}"),
}
"""What may stand as an exponent and is none."""

_CONSTANTS = {"NaN": "nan", "nan": "nan", "True": "True", "False": "False", "inf": "inf"}


class Operands(TokenWriter):
    """Reads operands."""

    # Numbers

    def _number(self, mark: Mark) -> None:
        self._begin(mark)
        digits = mark.text
        exponent = self._exponent_of_ten()
        if exponent is not None:
            digits += f"e{exponent}"
        self._tokens.append(Token("number", digits, mark.offset))
        self._done()

    def _exponent_of_ten(self) -> str | None:
        r"""Read ``\cdot 10^{-3}`` behind a number, which is part of it; return the exponent, None if there is none."""
        at = self._next
        if len(self._marks) < at + 4:
            return None
        times, ten, power = self._marks[at : at + 3]
        if times.sign not in commands.TIMES or (ten.kind, ten.text) != ("number", "10") or power.sign != "^":
            return None
        inner, end = self._inner(at + 3, 3), self._behind(at + 3)
        digits = inner[-1] if inner else power
        if digits.kind != "number" or not digits.text.isdecimal() or len(digits.text) > 3 or len(inner) > 2:
            return None
        sign = inner[0].sign if len(inner) == 2 else ""
        if sign not in {"", "+", "-"} or self._marks[end].sign in {"^", "!"}:
            return None
        self._next = end
        return sign + digits.text

    # Names

    def _letter(self, mark: Mark) -> bool:
        if mark.sign == "infty":
            self._put(mark, "inf")
            return True
        found = names.spelling(self._paired, self._next - 1)
        if found is None:
            return False
        spelled, self._next = found
        constant = self._constant(spelled)
        if constant:
            self._put(mark, constant)
        else:
            self._name(self._names.resolve(spelled)[0], mark)
        return True

    def _named(self, mark: Mark) -> bool:
        """Read a name with its index if one stands here; return whether it does."""
        at = self._next - 1
        run = self._names.run(self._paired, at) if mark.kind == "letter" else None
        if run is not None:
            self._next = run[1]
            spelled = Spelling((run[0],))
        else:
            found = names.spelling(self._paired, at)
            if found is None:
                return False
            spelled, self._next = found
        parts, expression = self._index()
        called = "" if parts or expression else self._called(mark, spelled)
        if called:
            self._call(called, mark)
            return True
        self._begin(mark, bold=spelled.bold)
        constant = "" if parts or expression else self._constant(spelled)
        if constant in {"e", "math . e"} and self._peek().sign == "^" and not self._is_mark(self._next + 1):
            self._exponential(mark)
            return True
        if constant:
            self._put(mark, constant)
            self._done()
        elif expression:
            self._element_at(mark, spelled, expression)
        else:
            self._element(mark, spelled, parts)
        return True

    def _index(self) -> tuple[tuple[str, ...], int]:
        """Return the parts of the index behind a name, or where the expression stands that is its index."""
        self._peek()
        at = self._next
        behind = self._behind(at + 1) if self._marks[at].sign == "^" and at + 2 < len(self._marks) else at
        if self._marks[behind].sign != "_":
            return (), 0
        parts, end = names.index_parts(self._paired, behind + 1)
        if behind != at:
            if parts is None:
                what, hint = (
                    "an index that is an expression stands behind a power",
                    "write the index first: x_{i+1}^{2}",
                )
                raise errors.SyntaxRejected(what, hint=hint, offset=self._marks[behind].offset)
            self._jumps[behind] = end
        elif parts is not None:
            self._next = end
        return (parts, 0) if parts is not None else ((), behind + 1)

    def _called(self, mark: Mark, spelled: Spelling) -> str:
        """Return the function of the language that a name is before a bracket, '' if it is no function."""
        name, behind = spelled.names[0], self._peek()
        if any(map(self._names.is_known, spelled.names)) or behind.sign not in {"(", "[", r"\{"} or behind.spaced:
            return ""
        if mark.kind == "command":
            return commands.BEFORE_BRACKETS.get(mark.text, "")
        if mark.kind == "word" and mark.font not in commands.BOLD:
            word = commands.WORDS.get(name, name)
            return word if word in self._names.words else ""
        return ""

    def _call(self, word: str, mark: Mark) -> None:
        raise NotImplementedError

    def _constant(self, spelled: Spelling) -> str:
        """Return the constant that a name is, '' if it is an argument."""
        name = spelled.names[0]
        known = any(map(self._names.is_known, spelled.names))
        if name in {"e", "pi"} and (spelled.upright or not known):
            return f"math . {name}" if known else name
        return "" if known else _CONSTANTS.get(name, "")

    def _exponential(self, mark: Mark) -> None:
        power = self._take()
        self._put(mark, "exp (")
        self._argument(power, functools.partial(self._end_call, raised=True))

    def _end_call(self, mark: Mark, raised: bool = False) -> None:
        self._put(mark, ")")
        self._done()
        self._frame.raised = raised

    def _name(self, name: str, mark: Mark) -> None:
        self._written[name] += 1
        self._tokens.append(Token("name", self._names.use(name, mark.offset), mark.offset))

    def _element(self, mark: Mark, spelled: Spelling, parts: Sequence[str]) -> None:
        name, left = self._names.resolve(spelled, parts)
        self._name(name, mark)
        indices = [each for part in left for each in self._names.index(part)]
        for sign, index in zip("[" + "," * len(indices), indices, strict=False):
            self._put(mark, sign)
            if index.isdecimal():
                self._put(mark, index)
            else:
                self._name(index, mark)
        if indices:
            self._put(mark, "]")
        self._done()
        behind = self._peek()
        if mark.kind == "word" and mark.font == "mathit" and behind.sign == "[" and behind.side == "left":
            self._take()
            self._put(behind, "[")
            self._open("group", "]", behind, self._end_index, commas=True)

    def _element_at(self, mark: Mark, spelled: Spelling, at: int) -> None:
        """Read the element of an array at an index that is an expression."""
        if self._marks[at].sign != "{":
            hint = "write x_{1}, x_{ab} or x_{i+1}"
            raise errors.SyntaxRejected("this is no index", hint=hint, offset=self._marks[at].offset)
        name, _ = self._names.resolve(spelled)
        inner = self._inner(at, 64)
        if not self._names.is_known(name) and not any(each.text in self._names.bound for each in inner):
            what = "this index is no name: it has letters and digits alone, or counts the elements of an argument"
            hint = f"write x_{{ab}}; or name {name[:20]} in args, and its elements count from 0"
            raise errors.SyntaxRejected(what, hint=hint, offset=self._marks[at].offset)
        self._name(name, mark)
        self._put(self._marks[at], "[")
        self._next = at
        opened = self._take()
        self._open("group", "}", opened, self._end_index, commas=True)

    def _end_index(self, mark: Mark) -> None:
        self._put(mark, "]")
        self._done()

    # Brackets and bars

    def _open_bracket(self, mark: Mark) -> None:
        self._begin(mark, "bracket" if mark.sign != "{" else "factor")
        word = commands.ROUND.get(mark.sign, "dot" if mark.sign == "langle" else "")
        self._put(mark, f"{word} (")
        closer = commands.CLOSERS.get(mark.sign, "}")
        self._open("group", closer, mark, self._end_call, commas=mark.sign == "langle")

    def _bar(self, mark: Mark) -> None:
        word = commands.BARS[mark.sign]
        bracket = self._bracket
        closes = bracket.kind == "bars" and bracket.closer == word and self._frame.value
        if mark.side == "right" or mark.sign in {"rvert", "rVert"} or (closes and mark.side != "left"):
            if not closes:
                raise errors.SyntaxRejected("this bar closes nothing", offset=mark.offset)
            self._end_terms(mark)
            self._close(mark)
            return
        self._begin(mark, "bracket")
        self._put(mark, f"{word} (")
        self._open("bars", word, mark, self._end_bars)

    def _end_bars(self, mark: Mark) -> None:
        if commands.BARS[mark.sign] == "norm":
            parts, expression = self._index()
            if expression or len(parts) > 1 or (parts and not (parts[0].isdecimal() or parts[0] == "F")):
                inner = self._inner(expression) if expression else []
                if [each.sign for each in inner] != ["infty"]:
                    hint = r"write \lVert x \rVert_{2}, _{1} or _{\infty}"
                    raise errors.SyntaxRejected("this norm is not in the language", hint=hint, offset=mark.offset)
                self._put(mark, ", inf")
                self._next = self._behind(expression)
            elif parts and parts[0] not in {"2", "F"}:
                self._put(mark, f", {parts[0]}")
        self._end_call(mark)

    # Behind an operand

    def _is_mark(self, at: int) -> bool:
        """Return whether an exponent is none: a transpose, a prime, a star."""
        inner = self._inner(at, 3)
        if len(inner) != 1 or (inner[0].sign in commands.PLUS_MINUS and self._marks[at].sign != "{"):
            return False  # a sign before what braces are missing around
        return inner[0].sign in _MARKED or self._is_transpose(inner[0])

    def _is_transpose(self, mark: Mark) -> bool:
        if mark.kind == "word":
            return mark.text == "T" and mark.font in {"mathsf", "mathrm", "text", "textsf", "operatorname"}
        others = self._names.known or self._names.bound
        return mark.sign in _TURNED or (mark.text == "T" and bool(others) and not self._names.is_known("T"))

    def _raise(self, mark: Mark) -> None:
        """Read the exponent behind an operand."""
        self._expect_value(mark)
        frame, at = self._frame, self._next
        if frame.raised:
            what, hint = "two exponents follow one another", "put braces: {x^{2}}^{3}, or x^{2^{3}}"
            raise errors.SyntaxRejected(what, hint=hint, offset=mark.offset)
        inner = self._inner(at, 4)
        frame.raised = True
        is_mark = self._is_mark(at)
        if is_mark and self._is_transpose(inner[0]):
            self._put(mark, ". T")
            self._next, frame.turned = self._behind(at), True
            return
        if is_mark:
            what, hint = _MARKED[inner[0].sign]
            raise errors.SyntaxRejected(f"{what} is no exponent", hint=hint, offset=inner[0].offset)
        if [each.sign for each in inner[::2]] == ["(", ")"] and inner[1].kind in {"letter", "number"}:
            what, hint = "an index in brackets is no exponent", "write x^{i} for a power, x_{i} for an index"
            raise errors.SyntaxRejected(what, hint=hint, offset=inner[0].offset)
        if [each.text for each in inner] == ["-", "1"] and (frame.bold or frame.turned):
            self._wrap("inv", mark)
            self._next = self._behind(at)
            return
        self._put(mark, "** (")
        self._argument(mark, functools.partial(self._end_call, raised=True))

    def _wrap(self, word: str, mark: Mark) -> None:
        """Make the last operand that of a function."""
        start = self._frame.start
        self._tokens[start:start] = [Token("name", word, mark.offset), Token("op", "(", mark.offset)]
        self._put(mark, ")")

    def _factorial(self, mark: Mark) -> None:
        self._expect_value(mark)
        if self._frame.raised or self._marks[self._next - 2].sign == "!":
            what, hint = "it is not clear what the ! belongs to", "put brackets: (n!)!, (x^{2})!"
            raise errors.SyntaxRejected(what, hint=hint, offset=mark.offset)
        self._wrap("factorial", mark)
