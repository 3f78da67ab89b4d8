"""Environments of LaTeX with rows and cells: cases and matrices."""

from __future__ import annotations

import functools
from dataclasses import dataclass, field

from app import errors
from app.language.grammar.lexer import Token
from app.language.grammar.spelling.latex import commands
from app.language.grammar.spelling.latex.derivatives import DerivativeSigns
from app.language.grammar.spelling.latex.marks import Mark, Marks
from app.language.grammar.spelling.latex.names import Names

_CASES = r"write \begin{cases} a & x > 0 \\ b & \text{otherwise} \end{cases}"


@dataclass(slots=True)
class MatrixRows:
    """The rows of a matrix: where the tokens of their brackets stand, and whether a row has several cells."""

    brackets: list[int] = field(default_factory=list)
    wide: bool = False


class Tables(DerivativeSigns):
    """Reads environments."""

    def __init__(self, found: Marks, names: Names, max_nesting: int) -> None:
        super().__init__(found, names, max_nesting)
        self._rows: list[MatrixRows] = []  # of the matrices that are open

    def _environment(self, mark: Mark) -> None:
        if mark.text in commands.CASES:
            self._begin(mark)
            self._put(mark, "Piecewise ( (")
            self._open("cases", "end", mark, functools.partial(self._end_group, ") )"))
        elif mark.text in commands.MATRICES:
            self._begin(mark, "bracket")
            determinant = mark.text == "vmatrix"
            self._put(mark, "det ( array ( [ [" if determinant else "array ( [ [")
            self._rows.append(MatrixRows([len(self._tokens) - 1]))
            end = functools.partial(self._end_matrix, "] ) )" if determinant else "] )")
            self._open("matrix", "end", mark, end)
        else:
            what = f"the environment {errors.quote(mark.text)} is not read here"
            hint = "write cases or pmatrix; an environment around the formula stands at its beginning and its end"
            raise errors.SyntaxRejected(what, hint=hint, offset=mark.offset)

    def _end_environment(self, mark: Mark) -> None:
        self._end_terms(mark)
        frame = self._frame
        if frame.closer != "end" or frame.opened.text != mark.text:
            what = f"\\end{{{mark.text}}} closes nothing"
            raise errors.SyntaxRejected(what, offset=mark.offset)
        self._check_row(mark)
        self._close(mark)

    def _end_matrix(self, after: str, mark: Mark) -> None:
        rows = self._rows.pop()
        self._put(mark, "]")
        rows.brackets.append(len(self._tokens) - 1)
        if not rows.wide:  # one column is an array of one axis
            for index in rows.brackets:
                text = "(" if self._tokens[index].text == "[" else ")"
                self._tokens[index] = Token("op", text, self._tokens[index].offset)
        self._end_group(after, mark)

    def _cell(self, mark: Mark) -> None:
        """Go to the next cell of a row."""
        self._end_terms(mark)
        frame = self._frame
        if frame.closer != "end":
            what, hint = "& separates nothing here", r"write \land for a condition with and"
            raise errors.SyntaxRejected(what, hint=hint, offset=mark.offset)
        self._expect_value(mark)
        if frame.kind == "cases" and frame.cells:
            raise errors.SyntaxRejected("a row of cases has a value and a condition", hint=_CASES, offset=mark.offset)
        self._put(mark, ",")
        self._fresh(frame.cells + 1)
        if frame.kind == "matrix":
            self._rows[-1].wide = True
        else:
            self._condition()

    def _condition(self) -> None:
        """Read the words before a condition, or the one that stands for any."""
        while self._peek().kind == "word" and self._words(self._peek()) in commands.LEADS:
            self._take()
        mark = self._peek()
        if mark.kind == "word" and self._words(mark) in commands.OTHERWISE:
            self._take()
            self._put(mark, "True")
            self._done()

    @staticmethod
    def _words(mark: Mark) -> str:
        return mark.text.lower().strip(" ,.:;")

    def _row(self, mark: Mark) -> None:
        self._end_terms(mark)
        frame = self._frame
        if frame.closer != "end":
            what, hint = "a second line of a formula", r"put it in \begin{aligned} ... \end{aligned}, or in one line"
            raise errors.SyntaxRejected(what, hint=hint, offset=mark.offset)
        if self._peek().kind == "end":
            return  # the last row may end so, too
        self._check_row(mark)
        self._expect_value(mark)
        if frame.kind == "cases":
            self._put(mark, ") , (")
        else:
            self._put(mark, "] , [")
            self._rows[-1].brackets += [len(self._tokens) - 3, len(self._tokens) - 1]
        self._fresh(0)

    def _check_row(self, mark: Mark) -> None:
        if self._frame.kind == "cases" and self._frame.value and self._frame.cells == 0:
            raise errors.SyntaxRejected("a row of cases has no condition", hint=_CASES, offset=mark.offset)

    def _fresh(self, cells: int) -> None:
        """Begin a cell."""
        frame = self._frame
        frame.value = frame.slash = frame.turned = frame.bold = frame.raised = False
        frame.dot, frame.cells = -1, cells
