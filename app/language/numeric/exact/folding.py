"""Folding of constants where nothing is rounded: a constant is exact, or it is no constant.

It has the functions of ``array_folding``. Arrays that are known from the text, and what is not finite, are folded as
there: their elements are float64 numbers.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Any

from app.language.numeric import array_folding
from app.language.vocabulary.relations import Relation

_MOST_BITS = 8192
"""Exact values longer than this are computed, not folded."""


def _exact(constant: Any) -> Fraction | None:
    """Return a finite number as an exact one, None for anything else."""
    if isinstance(constant, bool) or not isinstance(constant, int | float | Fraction) or not math.isfinite(constant):
        return None
    return Fraction(constant)


def _constant(value: Fraction) -> Any:
    """Return an exact constant, None if it is too long."""
    if max(value.numerator.bit_length(), value.denominator.bit_length()) > _MOST_BITS:
        return None
    return value.numerator if value.denominator == 1 else value


def _fold(operation: Callable[..., Any], operands: Sequence[Any], otherwise: Callable[[], Any]) -> Any:
    """Return an exact result, None if there is none; ``otherwise`` for what is not a finite number."""
    if any(operand is None for operand in operands):
        return None
    known = [_exact(operand) for operand in operands]
    if None in known:
        return otherwise()
    try:
        result = operation(*known)
    except (ZeroDivisionError, OverflowError):
        return otherwise()
    return None if result is None else _constant(Fraction(result))


def _power(base: Fraction, exponent: Fraction) -> Fraction | None:
    if exponent.denominator == 1:
        bits = max(base.numerator.bit_length(), base.denominator.bit_length())
        return base**exponent.numerator if abs(exponent) * bits <= _MOST_BITS else None
    if exponent.denominator == 2 and base > 0 and abs(exponent.numerator) == 1:
        root = Fraction(math.isqrt(base.numerator), math.isqrt(base.denominator))
        return root**exponent.numerator if root * root == base else None
    return None


_CALLS: dict[str, Callable[..., Any]] = {
    "maximum": lambda *x: max(x),
    "minimum": lambda *x: min(x),
    "mod": lambda x, y: x % y,
    "floor_divide": lambda x, y: x // y,
    "abs": abs,
    "floor": math.floor,
    "ceil": math.ceil,
    "trunc": math.trunc,
    "round": round,
    "sign": lambda x: (x > 0) - (x < 0),
}
"""Functions of rational numbers that are rational."""


class _Folding:
    """The functions of ``array_folding``, as a builder takes them."""

    is_finite = staticmethod(array_folding.is_finite)
    finite = staticmethod(array_folding.finite)
    fold_cases = staticmethod(array_folding.fold_cases)

    def fold_chain(self, operands: Sequence[Any], signs: str, offset: int | None) -> Any:
        def chain(*known: Fraction) -> Fraction:
            total, *rest = known
            for operand, sign in zip(rest, signs[1:], strict=True):
                total = _STEPS[sign](total, operand)
            return total

        return _fold(chain, operands, lambda: array_folding.fold_chain(operands, signs, offset))

    def fold_power(self, base: Any, exponent: Any, offset: int | None) -> Any:
        return _fold(_power, (base, exponent), lambda: array_folding.fold_power(base, exponent, offset))

    def fold_call(self, opcode: str, operands: Sequence[Any], offset: int | None) -> Any:
        operation = _CALLS.get(opcode, lambda *_: None)
        return _fold(operation, operands, lambda: array_folding.fold_call(opcode, operands, offset))

    def fold_relation(self, relation: Relation, first: Any, second: Any) -> Any:
        return array_folding.fold_relation(relation, first, second)

    def inverse(self, value: Any) -> Any:
        exact = _exact(value)
        return array_folding.inverse(value) if not exact else _constant(1 / exact)


_STEPS: dict[str, Callable[[Fraction, Fraction], Fraction]] = {
    "+": lambda x, y: x + y,
    "-": lambda x, y: x - y,
    "*": lambda x, y: x * y,
    "/": lambda x, y: x / y,
}

FOLDING = _Folding()
