"""Functions with and without brackets, fractions, roots, binomials, sums and products."""

from __future__ import annotations

import functools
from dataclasses import dataclass, field

from app import errors
from app.language.grammar.lexer import Token
from app.language.grammar.spelling.latex import commands, names
from app.language.grammar.spelling.latex.marks import Mark
from app.language.grammar.spelling.latex.operands import Operands
from app.language.grammar.spelling.latex.writer import Then

_OPENS = frozenset(commands.CLOSERS)
_BASES = {"2": "log2", "10": "log10", "e": "log"}
_SERIES = {"sum": "Sum", "prod": "Product"}
_BOUNDS = r"write \sum_{i=1}^{n}, with one index; or \sum_{i} over the elements of an array x_{i}"


@dataclass(slots=True)
class _Call:
    """A function whose operand comes: its base if it is a logarithm, and its exponent."""

    word: str
    mark: Mark
    base: list[Token] = field(default_factory=list)
    power: list[Token] = field(default_factory=list)


@dataclass(slots=True)
class _Series:
    """A sum or product: its index, where its bounds stand in the LaTeX, and their tokens."""

    mark: Mark
    index: str = ""
    upper: int = -1
    end: int = 0
    first: list[Token] = field(default_factory=list)
    last: list[Token] = field(default_factory=list)


class Constructs(Operands):
    """Reads functions and constructs with groups."""

    # Functions

    def _call(self, word: str, mark: Mark) -> None:
        """Read what stands behind the name of a function: base, exponent, operand."""
        self._begin(mark, "function")
        if self._names.is_known(word):
            word = f"np . {word}"
        self._behind_function(_Call(word, mark))

    def _behind_function(self, call: _Call) -> None:
        mark = self._peek()
        if mark.sign == "_" and not call.base and call.word in {"log", "np . log"}:
            self._take()
            start = len(self._tokens)
            self._argument(mark, functools.partial(self._end_base, call, start))
        elif mark.sign == "_":
            what, hint = "this function has no index", r"write \max(a, b) for the greater one"
            raise errors.SyntaxRejected(what, hint=hint, offset=mark.offset)
        elif mark.sign == "^" and not call.power:
            self._function_power(self._take(), call)
        else:
            self._operand_of(call)

    def _end_base(self, call: _Call, start: int, _: Mark) -> None:
        call.base = self._taken(start)
        self._behind_function(call)

    def _function_power(self, mark: Mark, call: _Call) -> None:
        inner, start = self._inner(self._next, 3), len(self._tokens)
        if [each.text for each in inner] == ["-", "1"]:
            inverse = commands.INVERSES.get(call.word)
            if inverse is None:
                what = f"{call.mark.shown}^{{-1}} may be an inverse or a reciprocal"
                hint = rf"write \frac{{1}}{{{call.mark.shown}(x)}}"
                raise errors.SyntaxRejected(what, hint=hint[:80], offset=mark.offset)
            call.word = inverse
            self._next = self._behind(self._next)
            self._behind_function(call)
            return
        self._argument(mark, functools.partial(self._end_power, call, start))

    def _end_power(self, call: _Call, start: int, _: Mark) -> None:
        call.power = self._taken(start)
        self._behind_function(call)

    def _operand_of(self, call: _Call) -> None:
        mark = self._peek()
        self._put(call.mark, self._begins(call))
        end = functools.partial(self._end_function, call)
        if mark.sign in _OPENS or mark.sign == "{":
            self._take()
            if mark.sign in commands.ROUND or mark.sign == "langle":
                hint = r"write \sin(\lfloor x \rfloor)"
                raise errors.SyntaxRejected("put the operand in brackets", hint=hint, offset=mark.offset)
            self._open("group", commands.CLOSERS.get(mark.sign, "}"), mark, end, commas=True)
        elif mark.sign in commands.BARS and mark.sign not in {"rvert", "rVert"} and mark.side != "right":
            self._open("argument", "", call.mark, end)
            self._bar(self._take())
            self._bracket.then = functools.partial(self._end_bar_operand, self._bracket.then)
        else:
            self._open("argument", "", call.mark, end)

    def _end_bar_operand(self, then: Then, mark: Mark) -> None:
        then(mark)
        self._close(mark)  # bars around the whole operand end it

    def _begins(self, call: _Call) -> str:
        base = call.base[0].text if len(call.base) == 1 else ""
        if base in _BASES:
            call.word, call.base = _BASES[base], []
            if self._names.is_known(call.word):
                call.word = f"np . {call.word}"
        return f"( {call.word} (" if call.base else f"{call.word} ("

    def _end_function(self, call: _Call, mark: Mark) -> None:
        self._put(mark, ")")
        if call.base:
            self._put(mark, f"/ {call.word} (")
            self._tokens += call.base
            self._put(mark, ") )")
        if call.power:
            self._put(mark, "** (")
            self._tokens += call.power
            self._put(mark, ")")
        self._done()
        self._frame.raised = bool(call.power)

    def _operator_name(self, mark: Mark) -> None:
        r"""Read ``\operatorname{erf}``."""
        word = commands.WORDS.get(mark.text, mark.text)
        if word not in self._names.words and self._names.is_known(word):
            self._begin(mark)
            self._name(word, mark)
            self._done()
            return
        self._call(word, mark)

    # Groups

    def _fraction(self, mark: Mark) -> None:
        self._begin(mark)
        self._put(mark, "( (")
        if self._two_digits(mark, ") / (", ") )"):
            return
        self._argument(mark, functools.partial(self._second, mark, ") / (", ") )"))

    def _binomial(self, mark: Mark) -> None:
        self._begin(mark)
        self._put(mark, "binom (")
        if not self._two_digits(mark, ",", ")"):
            self._argument(mark, functools.partial(self._second, mark, ",", ")"))

    def _second(self, mark: Mark, between: str, after: str, end: Mark) -> None:
        self._put(end, between)
        self._argument(mark, functools.partial(self._end_group, after))

    def _two_digits(self, mark: Mark, between: str, after: str) -> bool:
        r"""Read ``\frac12``, which TeX takes apart; return whether it stands here."""
        digits = self._peek()
        if digits.kind != "number" or len(digits.text) == 1:
            return False
        if not digits.text.isdecimal() or len(digits.text) > 2:
            what, hint = "TeX takes the digits one by one", f"put braces: {mark.shown}{{...}}{{...}}"
            raise errors.SyntaxRejected(what, hint=hint, offset=digits.offset)
        self._take()
        self._put(digits, f"{digits.text[0]} {between} {digits.text[1]} {after}")
        self._done()
        return True

    def _end_group(self, after: str, mark: Mark) -> None:
        self._put(mark, after)
        self._done()

    def _root(self, mark: Mark) -> None:
        self._begin(mark)
        opened = self._peek()
        if opened.sign != "[":
            self._radicand(mark, [])
            return
        self._take()
        self._open("group", "]", opened, functools.partial(self._end_root_index, mark, len(self._tokens)))

    def _end_root_index(self, mark: Mark, start: int, _: Mark) -> None:
        self._radicand(mark, self._taken(start))

    def _radicand(self, mark: Mark, index: list[Token]) -> None:
        digits = index[0].text if len(index) == 1 else ""
        word = {"": "nthroot", "2": "sqrt", "3": "cbrt"}.get(digits, "nthroot") if index else "sqrt"
        self._put(mark, f"{word} (")
        self._argument(mark, functools.partial(self._end_radicand, index if word == "nthroot" else []))

    def _end_radicand(self, index: list[Token], mark: Mark) -> None:
        if index:
            self._put(mark, ",")
            self._tokens += index
        self._end_group(")", mark)

    # Sums and products

    def _sum(self, mark: Mark) -> None:
        self._begin(mark, "function")
        series = _Series(mark)
        at, lower = self._next, -1
        for _ in range(2):
            sign = self._marks[at].sign
            if sign == "_" and lower < 0:
                lower = at + 1
            elif sign == "^" and series.upper < 0:
                series.upper = at + 1
            else:
                break
            at = self._behind(at + 1)
        series.end = at
        if lower < 0:
            raise errors.SyntaxRejected("the sum has no index", hint=_BOUNDS, offset=mark.offset)
        group = self._marks[lower].sign == "{"
        found = names.spelling(self._paired, lower + group)
        after = self._marks[found[1]] if found else mark
        ends = found is not None and found[1] == (self._closing[lower] if group else lower + 1)
        if found is None or not (ends or (group and after.sign == "=")):
            raise errors.SyntaxRejected("these bounds are not read", hint=_BOUNDS, offset=self._marks[lower].offset)
        series.index = self._names.resolve(found[0])[0]
        if ends and series.upper < 0:
            self._body(series)
            return
        if ends:
            raise errors.SyntaxRejected("the sum has no lower bound", hint=_BOUNDS, offset=self._marks[lower].offset)
        if series.upper < 0:
            raise errors.SyntaxRejected("the sum has no upper bound", hint=_BOUNDS, offset=mark.offset)
        self._next = found[1] + 1
        self._open("group", "}", self._marks[lower], functools.partial(self._end_lower, series, len(self._tokens)))

    def _end_lower(self, series: _Series, start: int, _: Mark) -> None:
        series.first = self._taken(start)
        self._next = series.upper
        self._argument(self._marks[series.upper - 1], functools.partial(self._end_upper, series, start))

    def _end_upper(self, series: _Series, start: int, _: Mark) -> None:
        series.last = self._taken(start)
        self._body(series)

    def _body(self, series: _Series) -> None:
        self._next = series.end
        self._names.bound.append(series.index)
        self._put(series.mark, f"{_SERIES[series.mark.text]} (")
        self._open("body", "", series.mark, functools.partial(self._end_sum, series, len(self._tokens)))

    def _end_sum(self, series: _Series, start: int, mark: Mark) -> None:
        self._names.bound.pop()
        if not series.first:
            self._over_elements(series, start)
        self._put(series.mark, f", ( {series.index} ,")
        self._tokens += series.first
        self._put(series.mark, ",")
        self._tokens += series.last
        self._end_group(") )", mark)

    def _over_elements(self, series: _Series, start: int) -> None:
        """Find the array whose elements the index of a sum without bounds counts, and give it that array's bounds."""
        offset, depth = series.mark.offset, 0
        opened: list[tuple[str, int]] = []  # the arrays whose indices are open, with how many of them are complete
        for before, token, after in zip(
            self._tokens[start:], self._tokens[start + 1 :], self._tokens[start + 2 :], strict=False
        ):
            if token.text == "[":
                opened.append((before.text, 0))
            elif token.text == "]" and opened:
                opened.pop()
            elif token.text == "," and opened:
                opened[-1] = opened[-1][0], opened[-1][1] + 1
            elif token.text == series.index and opened and before.text in {"[", ","} and after.text in {"]", ","}:
                name, depth = opened[-1]
                size = f"len ( {name} ) - 1" if depth == 0 else f"shape ( {name} ) [ {depth} ] - 1"
                series.first = [Token("number", "0", offset)]
                series.last = []
                self._size(series, size)
                return
        what = f"the sum over {errors.quote(series.index)} has no bounds, and no array has that index"
        raise errors.SyntaxRejected(what, hint=_BOUNDS, offset=offset)

    def _size(self, series: _Series, size: str) -> None:
        start = len(self._tokens)
        self._put(series.mark, size)
        series.last = self._taken(start)
