r"""A formula in LaTeX to tokens of the language.

A text of LaTeX ends with a line that says so, as ``marked`` writes it: a comment of LaTeX, which no text of the
language has. Products have no sign, operands of functions no brackets; where that leaves two readings, the formula is
refused with the place and both ways to write it.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Collection, Mapping
from typing import NamedTuple

from app import errors
from app.language.grammar.lexer import Token
from app.language.grammar.spelling.latex import commands
from app.language.grammar.spelling.latex.head import Head, head, unwrapped
from app.language.grammar.spelling.latex.marks import Mark, Marks, marks
from app.language.grammar.spelling.latex.names import Names
from app.language.grammar.spelling.latex.tables import Tables

_MARKING = "\n% LaTeX"
_FRACTIONS = frozenset({"frac", "dfrac", "tfrac", "nicefrac", "sfrac"})
_BINOMIALS = frozenset({"binom", "dbinom", "tbinom"})
_CLOSERS = frozenset({*commands.CLOSERS.values(), "}"})
_ONE_SIDE = "give one side alone; inside brackets and cases, = compares"


class Translation(NamedTuple):
    """A formula as tokens of the language, and the names in it that are arguments."""

    tokens: list[Token]
    arguments: tuple[str, ...]


def marked(text: str) -> str:
    """Return LaTeX as a text that says it is."""
    return text + _MARKING


def is_marked(text: str) -> bool:
    return text.endswith(_MARKING)


def unmarked(text: str) -> str:
    """Return the LaTeX of a text that says it is."""
    return text.removesuffix(_MARKING)


def translated(text: str, known: Collection[str], words: Collection[str], max_nesting: int) -> Translation:
    """Return a marked text as tokens of the language, whose offsets are those of the LaTeX.

    ``known`` are names that are arguments: an index of such a name counts its elements, from 0. ``words`` are the
    functions of the language. ``errors.SyntaxRejected`` says what is not read.
    """
    found = unwrapped(marks(unmarked(text)))
    begins = head(found)
    names = Names({*known, *(begins.parameters or ())}, words)
    return Translator(found, names, max_nesting).translation(begins)


class Translator(Tables):
    """Reads the marks of a formula one by one."""

    def __init__(self, found: Marks, names: Names, max_nesting: int) -> None:
        super().__init__(found, names, max_nesting)
        self._read: dict[str, Callable[[Mark], None]] = {  # what reads each sign and command
            **dict.fromkeys(commands.PLUS_MINUS, self._plus_minus),
            **dict.fromkeys(commands.TIMES, self._times),
            **dict.fromkeys(commands.DIVISION, self._divide),
            **dict.fromkeys(commands.NEGATIONS, self._not),
            **dict.fromkeys([*commands.CLOSERS, "{"], self._open_bracket),
            **dict.fromkeys(_CLOSERS, self._close_with),
            **dict.fromkeys(commands.BARS, self._bar),
            **dict.fromkeys(_FRACTIONS, self._fraction),
            **dict.fromkeys(_BINOMIALS, self._binomial),
            **dict.fromkeys(("sum", "prod"), self._sum),
            **dict.fromkeys((",", ";", "."), self._comma),
            "^": self._raise,
            "!": self._factorial,
            "&": self._cell,
            r"\\": self._row,
            "sqrt": self._root,
            "infty": self._infinity,
            "partial": self._partial,
        }

    def translation(self, begins: Head) -> Translation:
        if begins.parameters is not None:
            self._parameters(begins.parameters)
        self._next = begins.start
        while self._peek().kind != "last":
            self._step(self._take())
        last = self._peek()
        self._end_terms(last)
        if len(self._frames) > 1:
            opened = self._frame.opened
            what = f"{errors.quote(opened.shown)} is never closed"
            raise errors.SyntaxRejected(what, hint="close it", offset=opened.offset)
        self._close(last)
        self._tokens.append(Token("end", "", last.offset))
        return Translation(self._tokens, tuple(self._names.found))

    def _parameters(self, parameters: Mapping[str, Mark]) -> None:
        """Write the head of a formula as that of a lambda."""
        first = next(iter(parameters.values()))
        self._put(first, "lambda")
        for name, mark in parameters.items():
            if mark is not first:
                self._put(mark, ",")
            self._name(name, mark)
        self._put(first, ":")

    def _step(self, mark: Mark) -> None:
        if mark.kind == "number":
            self._number(mark)
        elif mark.kind == "begin":
            self._environment(mark)
        elif mark.kind == "end":
            self._end_environment(mark)
        elif mark.kind == "word" and mark.font == "operatorname":
            self._operator_name(mark)
        elif mark.kind == "word" and self._words(mark) in commands.CONNECTIVES:
            self._relation(mark, commands.CONNECTIVES[self._words(mark)])
        elif not self._sign(mark) and not self._named(mark):
            self._refuse(mark)

    def _sign(self, mark: Mark) -> bool:
        """Read a sign or a command that is no name; return whether it is one."""
        sign = mark.sign
        read = self._read.get(sign)
        if read is not None:
            read(mark)
        elif sign in commands.FUNCTIONS:
            self._call(commands.FUNCTIONS[sign], mark)
        elif sign in commands.RELATIONS:
            self._relation(mark, commands.RELATIONS[sign])
        elif sign in commands.CONNECTIVES:
            self._relation(mark, commands.CONNECTIVES[sign])
        else:
            return False
        return True

    def _infinity(self, mark: Mark) -> None:
        self._begin(mark)
        self._put(mark, "inf")
        self._done()

    # Signs between operands

    def _plus_minus(self, mark: Mark) -> None:
        if self._frame.value or (self._frame.kind == "argument" and mark.sign == "+"):
            self._end_terms(mark)
            self._after_operator()
        self._put(mark, mark.sign)

    def _times(self, mark: Mark) -> None:
        self._end_terms(mark, frozenset({"argument"}))
        self._expect_value(mark)
        self._refuse_behind_bracket(mark)
        bold = self._frame.bold and mark.sign == "cdot"
        self._put(mark, "*")
        turned, self._frame.value, self._frame.slash = self._frame.turned, False, False
        self._frame.dot = len(self._tokens) - 1 if bold or turned else -1

    def _divide(self, mark: Mark) -> None:
        if self._frame.kind == "argument" and self._frame.value:
            what = "it is not clear whether the / is part of the operand before it"
            hint = r"put brackets: \sin(x)/2, or \sin(x/2)"
            raise errors.SyntaxRejected(what, hint=hint, offset=mark.offset)
        self._expect_value(mark)
        self._refuse_behind_bracket(mark)
        self._put(mark, "/")
        self._frame.value, self._frame.slash, self._frame.dot = False, True, -1

    def _relation(self, mark: Mark, text: str) -> None:
        self._end_terms(mark)
        if text == "==" and self._frame.kind == "text":
            raise errors.SyntaxRejected("an equation has two sides", hint=_ONE_SIDE, offset=mark.offset)
        self._expect_value(mark)
        self._put(mark, text)
        self._after_operator()

    def _not(self, mark: Mark) -> None:
        self._end_terms(mark)
        self._put(mark, "not")

    def _after_operator(self) -> None:
        frame = self._frame
        frame.value = frame.slash = frame.turned = frame.bold = frame.raised = False
        frame.dot = -1

    def _comma(self, mark: Mark) -> None:
        self._end_terms(mark)
        behind = self._peek()
        if self._frame.kind == "cases" and (behind.sign in {"&", r"\\"} or behind.kind == "end"):
            return
        if not self._frame.commas or mark.sign != ",":
            what = f"{errors.quote(mark.sign)} separates nothing here"
            hint = r"write 1.5 or 1{,}5 for a decimal comma; \land for two conditions"
            raise errors.SyntaxRejected(what, hint=hint, offset=mark.offset)
        self._expect_value(mark)
        self._put(mark, ",")
        self._after_operator()

    # Refusals

    def _refuse(self, mark: Mark) -> None:
        what, hint = commands.REFUSED.get(mark.sign, ("", ""))
        if what:
            raise errors.SyntaxRejected(f"{what} is not read here", hint=hint, offset=mark.offset)
        if mark.sign == "'":
            hint = commands.REFUSED["prime"][1]
            raise errors.SyntaxRejected("a derivative is not read here", hint=hint, offset=mark.offset)
        if mark.sign == "_":
            what, hint = "an index stands behind no name", "write x_{1}"
            raise errors.SyntaxRejected(what, hint=hint, offset=mark.offset)
        if mark.kind == "command":
            listed = [*self._read, *commands.FUNCTIONS, *commands.LETTERS, *commands.RELATIONS, *commands.ACCENTS]
            near = difflib.get_close_matches(mark.text[:40], listed, 1, 0.7)
            hint = f"did you mean \\{near[0]}?" if near else rf"a function is \operatorname{{{mark.text[:20]}}}(x)"
            raise errors.SyntaxRejected(
                f"the command {errors.quote(mark.shown)} is not read", hint=hint, offset=mark.offset
            )
        what = f"{errors.quote(mark.shown)} is not read in a formula"
        raise errors.SyntaxRejected(what, hint=_INSTEAD.get(mark.text), offset=mark.offset)


_INSTEAD = {
    "$": "one formula stands between the dollars",
    "\\": r"write \\ between rows of cases and matrices alone",
    "@": "write \\cdot, or \\mathbf for matrices",
    '"': "leave it out",
    "?": "write cases",
    "%": "write 0.1 for 10%",
    "#": "leave it out",
    "\\|": r"write \lVert x \rVert",
    "\\_": r"write \mathit{x\_1} for a name with an underscore",
}
