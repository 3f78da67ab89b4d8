"""A namespace of numbers with a tangent, over any other namespace: forward mode (Griewank & Walther 2008, chapter 3).

    value(y) = f(value(x0), ...),    tangent(y) = sum over i of df/dxi * tangent(xi)

with the partial derivatives of the table and its strong zeros. ``Forward(Forward(xp))`` gives second derivatives.
"""

from __future__ import annotations

import functools
from fractions import Fraction
from typing import Any

from app.autodiff import table


class Moving:
    """A value and its tangent, both numbers of the namespace below."""

    __array_ufunc__ = None  # NumPy leaves the operators to this class
    __slots__ = ("space", "tangent", "value")

    def __init__(self, space: Forward, value: Any, tangent: Any) -> None:
        self.space = space
        self.value = value
        self.tangent = tangent

    def __add__(self, other: Any) -> Any:
        return self.space.add(self, other)

    def __radd__(self, other: Any) -> Any:
        return self.space.add(other, self)

    def __sub__(self, other: Any) -> Any:
        return self.space.sub(self, other)

    def __rsub__(self, other: Any) -> Any:
        return self.space.sub(other, self)

    def __mul__(self, other: Any) -> Any:
        return self.space.mul(self, other)

    def __rmul__(self, other: Any) -> Any:
        return self.space.mul(other, self)

    def __truediv__(self, other: Any) -> Any:
        return self.space.div(self, other)

    def __rtruediv__(self, other: Any) -> Any:
        return self.space.div(other, self)

    def __neg__(self) -> Any:
        return self.space.neg(self)


class Forward:
    """The words over ``Moving`` numbers; a number of the namespace below is a constant here.

    Args:
        below: the namespace of values and tangents.
    """

    def __init__(self, below: Any) -> None:
        self.below = below
        self.pullbacks = getattr(below, "pullbacks", table.PULLBACKS)

    def __getattr__(self, opcode: str) -> Any:
        word = functools.partial(self._call, opcode)
        setattr(self, opcode, word)
        return word

    def _call(self, opcode: str, *operands: Any) -> Any:
        values = [x.value if isinstance(x, Moving) and x.space is self else x for x in operands]
        y = getattr(self.below, opcode)(*values)
        tangent = None
        for operand, pullback in zip(operands, self.pullbacks[opcode], strict=True):
            if pullback is not None and isinstance(operand, Moving) and operand.space is self:
                part = pullback(self.below, operand.tangent, y, *values)
                tangent = part if tangent is None else tangent + part
        return y if tangent is None else Moving(self, y, tangent)

    def static(self, number: int | Fraction) -> Any:
        """Return an exact number of a tape, which is a constant of the namespace below."""
        return getattr(self.below, "static", float)(number)

    def constant(self, number: float, like: Any) -> Any:
        """Return a constant of the namespace below, in the shape and dtype of a number."""
        return self.below.constant(number, like.value if isinstance(like, Moving) and like.space is self else like)
