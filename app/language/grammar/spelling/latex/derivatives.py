r"""Derivatives: ``\frac{d}{dx}``, ``\frac{\partial^2}{\partial x \partial y}``, ``\partial_x``, and what they are of.

A derivative takes the term behind it, up to the next plus or minus, as a sum does. It becomes the word ``Derivative``.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import NamedTuple

from app import errors
from app.language.grammar.spelling.latex import names
from app.language.grammar.spelling.latex.constructs import Constructs
from app.language.grammar.spelling.latex.marks import Mark

_OPENS = frozenset({"(", "[", r"\{"})
_ABOVE = r"write \frac{d}{dx} before the formula, and the formula itself: \frac{d}{dx} x^2"
_BELOW = r"write \frac{d}{dx}, \frac{d^2}{dx^2} or \frac{\partial^2}{\partial x \partial y}"
_ONE_LETTER = r"write \partial_x, \partial_x^2, or \partial_x \partial_y"


class Variable(NamedTuple):
    """A variable that a derivative is by, where it stands, and the order."""

    name: str
    mark: Mark
    order: int


class DerivativeSigns(Constructs):
    """Reads derivatives."""

    def _fraction(self, mark: Mark) -> None:
        variables = self._variables(mark)
        if not variables:
            super()._fraction(mark)
            return
        self._next = self._behind(self._behind(self._next))
        self._derivative(mark, variables)

    def _partial(self, mark: Mark) -> None:
        r"""Read ``\partial_x`` and ``\partial_x^2``."""
        power, order = (self._next, self._order(self._next)) if self._peek().sign == "^" else (0, (1, self._next))
        at = order[1]
        if self._marks[at].sign != "_":
            self._refuse(mark)
        group = self._marks[at + 1].sign == "{"
        variable, end = self._variable(at + 1 + group)
        if variable is None or (group and end != self._closing[at + 1]):
            what = "these variables of a derivative are not read"
            raise errors.SyntaxRejected(what, hint=_ONE_LETTER, offset=self._marks[at + 1].offset)
        end += group
        if self._marks[end].sign == "^" and not power:
            order = self._order(end)
            end = order[1]
        self._next = end
        self._derivative(mark, [variable._replace(order=order[0])])

    def _refuse(self, mark: Mark) -> None:
        raise NotImplementedError

    # The operator

    def _differential(self, at: int) -> tuple[str, int]:
        r"""Return which sign of a derivative stands at an index, "partial" or "d", and the index behind; "" if none."""
        mark = self._marks[at]
        kind, end = "", at + 1
        if mark.sign == "partial":
            kind = "partial"
        elif mark.kind == "word" and mark.font == "operatorname":
            kind = "d" if mark.text == "d" else ""
        else:
            found = names.spelling(self._paired, at)
            if found is not None and found[0].names[0] == "d" and (found[0].upright or not self._names.is_known("d")):
                kind, end = "d", found[1]
        return ("", at) if self._marks[min(end, len(self._marks) - 1)].sign == "_" else (kind, end)

    def _inside(self, at: int) -> tuple[int, int]:
        """Return where the operand of a command begins and ends."""
        return (at + 1, self._closing[at]) if self._marks[at].sign == "{" else (at, at + 1)

    def _order(self, at: int) -> tuple[int, int]:
        """Return the order that stands as an exponent at an index, and the index behind it."""
        if self._marks[at].sign != "^":
            return 1, at
        inner, end = self._inner(at + 1, 2), self._behind(at + 1)
        digits = inner[0] if len(inner) == 1 else self._marks[at]
        if digits.kind != "number" or not digits.text.isdecimal() or not 0 < int(digits.text[:3]) <= _MOST:
            what = "the order of a derivative is a number"
            raise errors.SyntaxRejected(what, hint=r"write \frac{d^2}{dx^2}", offset=self._marks[at].offset)
        if self._marks[at + 1].sign != "{" and len(digits.text) > 1:
            what, hint = "TeX takes only the first digit as an exponent", f"put braces: ^{{{digits.text[:3]}}}"
            raise errors.SyntaxRejected(what, hint=hint, offset=digits.offset)
        return int(digits.text), end

    def _variables(self, mark: Mark) -> list[Variable]:
        """Return what the derivative is by that a fraction begins, nothing if it is a quotient."""
        start, stop = self._inside(self._next)
        kind, at = self._differential(start)
        below, end = self._inside(self._behind(self._next))
        other, behind = self._differential(below)
        if not kind or kind != other or (kind == "d" and names.spelling(self._paired, behind) is None):
            return []
        total, at = self._order(at)
        if at != stop:
            what = "the function of a derivative stands behind the fraction"
            raise errors.SyntaxRejected(what, hint=_ABOVE, offset=self._marks[at].offset)
        found: list[Variable] = []
        at = below
        while at < end:
            other, behind = self._differential(at)
            variable, after = self._variable(behind) if other == kind else (None, at)
            if variable is None:
                what = "this is no variable of a derivative"
                raise errors.SyntaxRejected(what, hint=_BELOW, offset=self._marks[at].offset)
            order, at = self._order(after)
            found.append(variable._replace(order=order))
        if sum(each.order for each in found) != total:
            what = f"the order above is {total}, those below are {sum(each.order for each in found)} in all"
            raise errors.SyntaxRejected(what, hint=_BELOW, offset=mark.offset)
        return found

    def _variable(self, at: int) -> tuple[Variable | None, int]:
        """Return the variable at an index, with the order 1, and the index behind it."""
        mark, found = self._marks[at], names.spelling(self._paired, at)
        if found is None:
            return None, at
        spelled, end = found
        parts: tuple[str, ...] | None = ()
        if self._marks[end].sign == "_":
            parts, end = names.index_parts(self._paired, end + 1)
        if parts is None:
            return None, at
        name, left = self._names.resolve(spelled, parts)
        if left or name in self._names.bound or (not parts and self._constant(spelled)):
            what = f"{errors.quote(mark.shown)} is no argument that is a number"
            hint = "a derivative is by a number, not by an element, an index of a sum or a constant"
            raise errors.SyntaxRejected(what, hint=hint, offset=mark.offset)
        return Variable(name, mark, 1), end

    # What it is of

    def _derivative(self, mark: Mark, variables: Sequence[Variable]) -> None:
        while self._frame.kind == "argument" and self._frame.value:
            self._close(mark)
        if self._frame.kind == "derivative" and self._frame.value:
            what = "it is not clear whether this derivative is part of the operand of the one before it"
            hint = r"put brackets: \left(\frac{d}{dx} x^2\right) \frac{d}{dx} x^3"
            raise errors.SyntaxRejected(what, hint=hint, offset=mark.offset)
        self._begin(mark, "function")
        self._put(mark, "sympy . Derivative (" if self._names.is_known("Derivative") else "Derivative (")
        written = [self._written[each.name] for each in variables]
        frame = self._open("derivative", "", mark, functools.partial(self._end_derivative, variables, written))
        frame.bracketed = self._peek().sign in _OPENS

    def _end_derivative(self, variables: Sequence[Variable], written: Sequence[int], mark: Mark) -> None:
        """Write what a derivative is by; ``written`` is how often each name was written before the operand."""
        for variable, before in zip(variables, written, strict=True):
            if self._written[variable.name] == before:
                what = f"the operand of the derivative has no {errors.quote(variable.name)} in it"
                hint = "write the function out, f itself is only a name; or leave the derivative out, it is 0"
                raise errors.SyntaxRejected(what, hint=hint, offset=variable.mark.offset)
        for name, stands, order in variables:
            self._put(stands, ", (")
            self._name(name, stands)
            self._put(stands, f", {order} )")
        self._end_group(")", mark)


_MOST = 20
"""Greatest order of a derivative."""
