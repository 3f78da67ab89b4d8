"""Balls with Python's operators, what is known of a comparison, and the way back to float64, rounded outwards."""

from __future__ import annotations

import math
import operator
import sys
from collections.abc import Callable
from fractions import Fraction
from typing import Any

from flint import arb, ctx, fmpq

Arb = Any
"""A real ball of python-flint."""

CONSTANTS: dict[float, Callable[[], Arb]] = {
    math.pi: arb.pi,
    math.pi / 2: lambda: arb.pi() / 2,
    2 * math.pi: lambda: 2 * arb.pi(),
    math.sqrt(math.pi): arb.const_sqrt_pi,
    math.sqrt(math.pi) / 2: lambda: arb.const_sqrt_pi() / 2,
    2 / math.sqrt(math.pi): lambda: 2 / arb.const_sqrt_pi(),
    math.sqrt(8 * math.pi): lambda: arb.const_sqrt_pi() * arb(8).sqrt(),
    math.sqrt(0.5): lambda: arb(0.5).sqrt(),
    math.log(2): arb.const_log2,
    math.log(10): arb.const_log10,
}
"""What the floats of the table stand for."""

_SHORT_BITS = 20
_LARGEST = sys.float_info.max
_LEAST = 5e-324


def _operator(operation: Callable[[Arb, Arb], Arb]) -> Callable[[Ball, Any], Any]:
    def apply(self: Ball, other: Any) -> Any:
        if isinstance(other, Ball | int | float):
            return Ball(operation(self.x, exact(other)))
        return NotImplemented  # a number with a tangent has operators of its own

    return apply


class Ball:
    """A real number that is known up to a radius; a ball that is not finite says nothing of it.

    An operand of an operator may be a number of the table: its float64 of an irrational number stands for that.
    """

    __slots__ = ("x",)

    def __init__(self, x: Arb) -> None:
        self.x = x

    __add__ = __radd__ = _operator(operator.add)
    __mul__ = __rmul__ = _operator(operator.mul)
    __sub__ = _operator(operator.sub)
    __rsub__ = _operator(lambda x, y: y - x)
    __truediv__ = _operator(operator.truediv)
    __rtruediv__ = _operator(lambda x, y: y / x)

    def __neg__(self) -> Ball:
        return Ball(-self.x)


def exact(number: Any) -> Arb:
    """Return a ball, or a number of the table, as Arb's."""
    if isinstance(number, Ball):
        return number.x
    if isinstance(number, int):
        return arb(number)
    known = CONSTANTS.get(abs(number))
    if known is not None:
        return known() if number > 0 else -known()
    if math.isfinite(number) and Fraction(number).numerator.bit_length() > _SHORT_BITS:
        raise AssertionError(f"the table has the number {number!r}, which has no exact meaning")
    return arb(number)


def rational(number: float | Fraction) -> Arb:
    """Return a ball of a number that means itself."""
    return arb(fmpq(number.numerator, number.denominator)) if isinstance(number, Fraction) else arb(number)


# What is known of a condition is a number: 1 if it holds, 0 if not, and the ball from 0 to 1 if that is not known.


def truth(known: bool | None) -> Arb:
    return hull(arb(0), arb(1)) if known is None else arb(int(known))


def holds(condition: Arb) -> bool | None:
    """Return whether a number is not 0, None if that is not known."""
    if condition.is_zero():
        return False
    return True if condition != 0 else None


def hull(x: Arb, y: Arb) -> Arb:
    """Return a ball with both."""
    return x.union(y)


def less(x: Arb, y: Arb) -> bool | None:
    """Return whether x < y, None if that is not known."""
    if x < y:
        return True
    return False if x >= y else None


def less_equal(x: Arb, y: Arb) -> bool | None:
    if x <= y:
        return True
    return False if x > y else None


def equal(x: Arb, y: Arb) -> bool | None:
    if x != y:
        return False
    if x == y or (x is y and x.is_finite()):
        return True
    return None


def sign(x: Arb) -> int | None:
    """Return -1, 0 or 1, None if that is not known."""
    if x > 0:
        return 1
    if x < 0:
        return -1
    return 0 if x.is_zero() else None


def integer(x: Arb) -> int | None:
    """Return the integer that a ball is, None if it is none or not known."""
    return int(x.unique_fmpz()) if x.is_exact() and x.is_finite() and x.is_integer() else None


def chosen(condition: bool | None, x: Callable[[], Arb], y: Callable[[], Arb]) -> Arb:
    """Return x if a condition holds, y if not, a ball with both if that is not known."""
    if condition is None:
        return hull(x(), y())
    return x() if condition else y()


def bounds(x: Arb) -> tuple[float, float]:
    """Return the least and greatest float64 between which a ball surely lies; infinite where nothing is known."""
    if x.is_finite():
        return _below(x.lower()) + 0.0, 0.0 - _below((-x).lower())  # never -0.0
    if x == arb.pos_inf():
        return math.inf, math.inf
    if x == arb.neg_inf():
        return -math.inf, -math.inf
    return -math.inf, math.inf


def _below(x: Arb) -> float:
    """Return the greatest float64 that is not above a number without a radius."""
    mantissa, exponent = (int(part) for part in x.man_exp())
    bits = mantissa.bit_length() + exponent
    if mantissa == 0 or bits < -1080:
        return -_LEAST if mantissa < 0 else 0.0
    if bits > 1024:
        return -math.inf if mantissa < 0 else _LARGEST
    value = Fraction(mantissa) * Fraction(2) ** exponent
    try:
        found = float(value)
    except OverflowError:
        return -math.inf if mantissa < 0 else _LARGEST
    return math.nextafter(found, -math.inf) if found > value else found


def set_precision(bits: int) -> None:
    """Set the precision of all balls of this process."""
    ctx.prec = bits


def precision() -> int:
    return int(ctx.prec)
