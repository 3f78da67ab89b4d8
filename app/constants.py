"""Constant subexpressions, folded: exactly while they are rational, in float64 beyond.

Exactness is for exponents and indices (``x**(3/2)``, ``X[7 // 2]``). Functions fold by the host's own (NumPy, SciPy),
never by the code that runs on the accelerator. A result that is not finite though all its operands are is
refused, ``1/0``, ``9**9**9``, ``log(0)``, unless its offset is None: inside a definition of the vocabulary only the end
result counts, for the branch not taken of ``elu(1000)`` is infinite.
"""

from __future__ import annotations

import functools
import math
import operator
from collections.abc import Callable, Sequence
from fractions import Fraction

import numpy as np

from app import errors, rules, vocabulary

Number = int | Fraction | float
"""A folded constant; int and Fraction are exact, and never beyond what float64 holds."""

_EXACT_BITS = 2048
"""Exact values longer than this become floats: float64 itself spans 2098 bits."""


def literal(text: str, offset: int) -> Number:
    """Return the number a token spells.

    Raises:
        errors.BadConstant: not finite in float64.
        errors.SyntaxRejected: misplaced underscores and the like.
    """
    try:
        if text.isdigit():
            return finite(int(text), offset)
        if text[:2].lower() in {"0x", "0b", "0o"} or ("_" in text and "." not in text and "e" not in text.lower()):
            return finite(int(text, 0), offset)
        return finite(float(text), offset)
    except ValueError:
        raise errors.SyntaxRejected(f"{errors.quote(text)} is not a number", offset=offset) from None


def fold_chain(operands: Sequence[Number | None], signs: str, offset: int | None) -> Number | None:
    """Fold a sum or product from the left; the signs are ``+-`` or ``*/``, the first one ``+`` or ``*``.

    Leading constants are folded, and refused if not finite, even where a variable follows.
    """
    total: Number | None = None
    for operand, sign in zip(operands, signs, strict=True):
        if operand is None:
            return None
        total = operand if total is None else _fold(_CHAIN[sign], (total, operand), offset)
    return total


def fold_power(base: Number | None, exponent: Number | None, offset: int | None) -> Number | None:
    """Fold base**exponent if both are constant."""
    if base is None or exponent is None:
        return None
    return _fold(_raise, (base, exponent), offset)


def fold_call(opcode: str, operands: Sequence[Number | None], offset: int | None) -> Number | None:
    """Fold a function of constants only."""
    known = [operand for operand in operands if operand is not None]
    if len(known) != len(operands):
        return None
    exact = _EXACT.get(opcode)
    if exact is not None and not any(isinstance(value, float) for value in known):
        return _fold(exact, known, offset)
    host: Callable[..., float] = rules.RULES[opcode].host

    def call(*values: Number) -> float:
        floats = map(float, values)
        return float(functools.reduce(host, floats) if opcode in vocabulary.FOLDED_LEFT else host(*floats))

    with np.errstate(all="ignore"):
        return _fold(call, known, offset)


def fold_relation(relation: str, first: Number | None, second: Number | None) -> bool | None:
    """Fold a comparison of constants."""
    return None if first is None or second is None else _RELATIONS[relation](first, second)


def inverse(value: Number | None) -> Number | None:
    """Return 1 / value where that is a constant; 1/0 is none, for it only ever divides something."""
    return None if value is None or value == 0 else _fold(_divide, (1, value), None)


def _fold(function: Callable[..., Number], operands: Sequence[Number], offset: int | None) -> Number:
    try:
        result = _simplest(function(*operands))
    except (OverflowError, ZeroDivisionError):
        result = math.inf
    if offset is None:
        return result
    return finite(result, offset) if all(math.isfinite(value) for value in operands) else result


def finite(constant: Number, offset: int) -> Number:
    """Return a constant in its simplest form, if it is finite in float64."""
    simplest = _simplest(constant)
    if not math.isfinite(simplest):
        raise errors.BadConstant("a constant is not finite in float64", offset=offset)
    return simplest


def _simplest(constant: Number) -> Number:
    """Return a constant in its simplest form: a float where it is too large or too long to be exact."""
    if isinstance(constant, float):
        return constant
    try:
        value = float(constant)
    except OverflowError:
        return math.inf if constant > 0 else -math.inf
    if isinstance(constant, Fraction):
        if constant.denominator == 1:
            return constant.numerator
        if constant.denominator.bit_length() > _EXACT_BITS:
            return value
    return constant


def _divide(numerator: Number, denominator: Number) -> Number:
    if isinstance(numerator, float) or isinstance(denominator, float) or denominator == 0:
        with np.errstate(all="ignore"):
            return float(np.divide(float(numerator), float(denominator)))
    return Fraction(numerator) / denominator


def _raise(base: Number, exponent: Number) -> Number:
    """Return base**exponent: exact for rational base and small integer exponent, else in float64."""
    if isinstance(exponent, int) and not isinstance(base, float):
        bits = max(base.numerator.bit_length(), base.denominator.bit_length())
        if abs(exponent) * bits <= _EXACT_BITS:
            return Fraction(base) ** exponent
    with np.errstate(all="ignore"):
        return float(np.power(float(base), float(exponent)))


_EXACT: dict[str, Callable[..., Number]] = {
    "maximum": max,
    "minimum": min,
    "mod": operator.mod,
    "floor_divide": operator.floordiv,
    "abs": abs,
}
"""Functions that keep exact constants exact."""

_RELATIONS: dict[str, Callable[[Number, Number], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "==": operator.eq,
    "!=": operator.ne,
}

_CHAIN: dict[str, Callable[..., Number]] = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "/": _divide,
}
