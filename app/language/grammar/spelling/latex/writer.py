"""Writes tokens of the language, and keeps what is open in the LaTeX: groups, brackets, operands without brackets.

Nothing here calls itself: what is open waits in a list of frames, each with what is to be done when it is closed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

from app import errors
from app.language.grammar.lexer import Token
from app.language.grammar.spelling.latex.marks import Mark, Marks
from app.language.grammar.spelling.latex.names import Names

IMPLICIT = frozenset({"argument", "body", "derivative"})
"""Kinds of frames that no sign closes: the operands of a function without brackets, of a sum and of a derivative."""

_ENDS = {
    "argument": ("the function has no operand", r"write its operand in brackets: \sin(x)"),
    "body": ("the sum has nothing to add", r"write what is added behind it: \sum_{i=1}^{3} i"),
    "derivative": ("the derivative has no operand", r"write what is differentiated behind it: \frac{d}{dx} x^2"),
    "group": ("nothing stands between the brackets", "write a value there"),
    "text": ("the text ends where a value was expected", None),
}
_AMBIGUOUS_SLASH = r"write \frac{a}{b}, or brackets: a/(b c) or (a/b) c"
_AMBIGUOUS_OPERAND = r"put the operand in brackets: \sin(x) (y + 1), or \sin(x (y + 1))"
_AMBIGUOUS_FACTOR = r"put brackets: \left[\frac{d}{dx} (x + 1)\right] y, or \frac{d}{dx} [(x + 1) y]"

Then = Callable[[Mark], None]


@dataclass(slots=True)
class Frame:
    """Something that is open, and the operand that was read last in it."""

    kind: str  # text, group, bars, argument, body, derivative, cases, matrix
    closer: str  # the sign that closes it, "" if there is none
    opened: Mark
    then: Then  # called when it is closed
    commas: bool = False  # whether it has several operands
    value: bool = False  # whether an operand is complete
    start: int = 0  # of that operand, in the tokens
    raised: bool = False  # whether it has an exponent
    bold: bool = False  # whether it is an array by its font
    slash: bool = False  # whether it stands behind a /
    turned: bool = False  # whether a transpose stands in the term, so that its products are of matrices
    dot: int = -1  # the token of a product sign behind an array, -1 if there is none
    bracketed: bool = False  # whether its first factor is a bracket directly behind a derivative
    cells: int = 0  # complete ones of the row of a table


class TokenWriter:
    """Writes the tokens of one formula."""

    def __init__(self, marks: Marks, names: Names, max_nesting: int) -> None:
        self._marks = marks.marks
        self._paired = marks
        self._closing = marks.closing
        self._names = names
        self._max_nesting = max_nesting
        self._next = 0
        self._jumps: dict[int, int] = {}  # indices that are read already, by where they begin, to their ends
        self._tokens: list[Token] = []
        self._written: Counter[str] = Counter()  # how often each name was written
        self._frames = [Frame("text", "", self._marks[0], lambda _: None)]

    # Marks

    def _peek(self) -> Mark:
        self._next = self._jumps.get(self._next, self._next)
        return self._marks[self._next]

    def _take(self) -> Mark:
        mark = self._peek()
        self._next += 1
        return mark

    def _behind(self, at: int) -> int:
        """Return the index behind the operand of a command."""
        return self._closing[at] + 1 if self._marks[at].sign == "{" else min(at + 1, len(self._marks) - 1)

    def _inner(self, at: int, most: int = 8) -> list[Mark]:
        """Return the marks of an operand, at most so many."""
        if self._marks[at].sign != "{":
            return [self._marks[at]]
        return self._marks[at + 1 : min(self._closing[at], at + 1 + most)]

    # Tokens

    def _put(self, mark: Mark, texts: str) -> None:
        """Write tokens, which are separated by spaces."""
        for text in texts.split():
            kind = "name" if text[0].isalpha() or text[0] == "_" else "number" if text[0].isdecimal() else "op"
            self._tokens.append(Token(kind, text, mark.offset))

    def _taken(self, start: int) -> list[Token]:
        """Take the tokens from an index on off again."""
        taken = self._tokens[start:]
        del self._tokens[start:]
        return taken

    # Frames

    @property
    def _frame(self) -> Frame:
        return self._frames[-1]

    @property
    def _bracket(self) -> Frame:
        """The innermost frame that a sign closes."""
        return next(frame for frame in reversed(self._frames) if frame.kind not in IMPLICIT)

    def _open(self, kind: str, closer: str, mark: Mark, then: Then, *, commas: bool = False) -> Frame:
        if len(self._frames) > self._max_nesting:
            what = f"brackets are nested more than {self._max_nesting} deep"
            raise errors.TooComplex(what, offset=mark.offset)
        self._frames.append(Frame(kind, closer, mark, then, commas))
        return self._frame

    def _close(self, mark: Mark) -> None:
        frame = self._frame
        if not frame.value:
            what, hint = _ENDS.get(frame.kind, _ENDS["group"])
            offset = mark.offset if frame.kind == "text" else frame.opened.offset
            raise errors.SyntaxRejected(what, hint=hint, offset=offset)
        if len(self._frames) > 1:
            self._frames.pop()
        frame.then(mark)

    def _close_with(self, mark: Mark) -> None:
        """Close the innermost frame with its sign."""
        self._end_terms(mark)
        if self._frame.closer != mark.sign or not mark.sign:
            what = f"{errors.quote(mark.shown)} closes nothing"
            hint = f"{errors.quote(self._frame.opened.shown)} is open" if len(self._frames) > 1 else None
            raise errors.SyntaxRejected(what, hint=hint, offset=mark.offset)
        self._close(mark)

    def _end_terms(self, mark: Mark, kinds: frozenset[str] = IMPLICIT) -> None:
        """Close what no sign closes."""
        while self._frame.kind in kinds:
            self._close(mark)

    # Operands

    def _begin(self, mark: Mark, kind: str = "factor", *, bold: bool = False) -> None:
        """Begin an operand, with a product sign where another one stands before it.

        ``kind`` is factor, function or bracket: the operand of a function without brackets has only factors.
        """
        while kind != "factor" and self._frame.kind == "argument" and self._frame.value:
            if kind == "bracket":
                what = "it is not clear whether this bracket is part of the operand before it"
                raise errors.SyntaxRejected(what, hint=_AMBIGUOUS_OPERAND, offset=mark.offset)
            self._close(mark)
        frame = self._frame
        if frame.value:
            self._juxtapose(mark, bold=bold)
        elif bold and frame.dot >= 0:
            self._tokens[frame.dot] = self._tokens[frame.dot]._replace(text="@")
        frame.start, frame.raised, frame.bold, frame.value = len(self._tokens), False, bold, False

    def _juxtapose(self, mark: Mark, *, bold: bool) -> None:
        """Write the product sign between two operands that stand side by side."""
        frame = self._frame
        if frame.slash:
            what = "it is not clear what the / divides by"
            raise errors.SyntaxRejected(what, hint=_AMBIGUOUS_SLASH, offset=mark.offset)
        number = self._tokens[-1].kind == "number" and self._marks[self._next].sign != "^"
        if mark.kind == "number" and (number or not mark.spaced):
            hint = r"write \cdot for a product, ^{2} for a power, _{2} for an index"
            raise errors.SyntaxRejected("a number follows a value", hint=hint, offset=mark.offset)
        self._refuse_behind_bracket(mark)
        self._put(mark, "@" if frame.turned or (bold and frame.bold) else "*")

    def _refuse_behind_bracket(self, mark: Mark) -> None:
        """Refuse a factor behind a bracket that may be all that a derivative is of."""
        if self._frame.bracketed and not self._frame.raised:
            what = "it is not clear whether this is part of the operand of the derivative"
            raise errors.SyntaxRejected(what, hint=_AMBIGUOUS_FACTOR, offset=mark.offset)
        self._frame.bracketed = False

    def _done(self, _: Mark | None = None) -> None:
        """Say that an operand is complete."""
        self._frame.value = True

    def _expect_value(self, mark: Mark) -> None:
        if not self._frame.value:
            what = f"{errors.quote(mark.shown)} has no value before it"
            raise errors.SyntaxRejected(what, offset=mark.offset)

    def _argument(self, of: Mark, then: Then) -> None:
        """Read the operand of a command or of ^: a group, or one letter, digit or letter of a command."""
        mark = self._take()
        if mark.sign == "{":
            self._open("group", "}", mark, then)
            return
        if mark.kind == "number" and len(mark.text) == 1:
            self._put(mark, mark.text)
        elif not self._letter(mark):
            rest = f"{{{mark.text}}}" if mark.kind == "number" else "{...}"
            what = f"{of.shown} takes one sign, or a group in braces"
            raise errors.SyntaxRejected(what, hint=f"put braces: {of.shown}{rest}"[:80], offset=mark.offset)
        then(mark)

    def _letter(self, mark: Mark) -> bool:
        """Write the one letter that a mark is, without an index; return whether it is one."""
        raise NotImplementedError
