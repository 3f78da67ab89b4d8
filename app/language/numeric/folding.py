"""Folding of constant subexpressions: exact for rational numbers, else in float64.

Exponents and indices must be exact (``x**(3/2)``, ``X[7 // 2]``). Functions are folded by NumPy and SciPy, never by
the code that runs on the accelerator. A result that is not finite, of finite operands, is refused: ``1/0``,
``9**9**9``, ``log(0)``. It is not refused if the offset is None, which is so inside a definition of the vocabulary: the
branch of ``elu(1000)`` that is not taken is infinite, and only the result of the definition is checked.
"""

from __future__ import annotations

import functools
import math
import operator
from collections.abc import Callable, Sequence
from fractions import Fraction

import numpy as np

from app import errors
from app.language.numeric import numpy_words
from app.language.vocabulary import words
from app.language.vocabulary.relations import Relation

Number = int | Fraction | float
"""A folded constant; int and Fraction are exact, and within the range of float64."""

_EXACT_BITS = 2048
"""Exact values longer than this become floats: float64 itself spans 2098 bits."""


def literal(text: str, offset: int) -> Number:
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
    if base is None or exponent is None:
        return None
    return _fold(_raise, (base, exponent), offset)


def fold_call(opcode: str, operands: Sequence[Number | None], offset: int | None) -> Number | None:
    known = [operand for operand in operands if operand is not None]
    if len(known) != len(operands):
        return None
    exact = _EXACT.get(opcode)
    if exact is not None and not any(isinstance(value, float) for value in known):
        return _fold(exact, known, offset)
    function = numpy_words.WORDS[opcode]

    def call(*values: Number) -> float:
        floats = map(np.float64, values)
        return float(functools.reduce(function, floats) if opcode in words.FOLDED_LEFT else function(*floats))

    with np.errstate(all="ignore"):
        return _fold(call, known, offset)


def fold_relation(relation: Relation, first: Number | None, second: Number | None) -> bool | None:
    return None if first is None or second is None else relation.holds(first, second)


def fold_cases(cases: Sequence[tuple[Number | None, Number | None]]) -> Number | None:
    """Return the value of the first case whose condition holds, None unless conditions and value are constant."""
    for value, condition in cases:
        if condition is None:
            return None
        if condition:
            return value
    return None


def inverse(value: Number | None) -> Number | None:
    return None if value is None or value == 0 else _fold(_divide, (1, value), None)


def _fold(function: Callable[..., Number], operands: Sequence[Number], offset: int | None) -> Number:
    try:
        result = _simplest(function(*operands))
    except (OverflowError, ZeroDivisionError):
        result = math.inf
    if offset is None:
        return result
    return finite(result, offset) if all(math.isfinite(value) for value in operands) else result


is_finite = math.isfinite


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
            return base**exponent if exponent >= 0 else Fraction(base) ** exponent
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

_CHAIN: dict[str, Callable[..., Number]] = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "/": _divide,
}
