"""Constants of a plain text, folded by the functions that the general reader folds them with.

A constant is its value and its origin. The origin tells constants of one value apart, as the nodes of the general
reader are: ``5.0`` and ``2.0 + 3.0`` are different operands.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Any

from app import errors
from app.engine.functions.plain.vocabulary import Constant, NotPlain
from app.language.numeric import folding

_WHOLE = frozenset({"floor", "ceil", "trunc"})
"""Functions whose value is an integer under some of their names, and a float under others."""

_SIGNS = {"add": ("+", "+"), "mul": ("*", "/")}


def is_constant(part: Any) -> bool:
    """Return whether an operand is a constant, or the inverse of one."""
    return type(part) is tuple and (part[0] == "constant" or (part[0] == "inv" and type(part[1]) is tuple))


def negative(constant: Constant) -> Constant:
    """Return the negative of a constant, which of a literal is a literal."""
    _, value, origin = constant
    if not value:
        raise NotPlain  # -0.0 and 0.0 are different operands
    return "constant", -value, origin if isinstance(origin, type) else ("neg", constant)


def chain(kind: str, key: tuple[Any, ...], parts: Sequence[Any]) -> Constant:
    """Return a sum ("add") or product ("mul") of constants; the parts of a product may be inverses."""
    direct, inverse = _SIGNS[kind]
    inverted = [part[0] == "inv" for part in parts]
    values = [part[1][1] if by else part[1] for part, by in zip(parts, inverted, strict=True)]
    signs = "".join([inverse if by else direct for by in inverted])
    return _finite(key, lambda: folding.fold_chain(values, signs, 0))


def power(key: tuple[Any, ...], base: Constant, exponent: Constant) -> Constant:
    """Return a power of constants."""
    return _finite(key, lambda: folding.fold_power(base[1], exponent[1], 0))


def call(key: tuple[Any, ...], opcode: str, operands: Sequence[Constant]) -> Constant:
    """Return a function of constants."""
    if opcode in _WHOLE:
        raise NotPlain
    return _finite(key, lambda: folding.fold_call(opcode, [operand[1] for operand in operands], 0))


def _finite(origin: tuple[Any, ...], fold: Any) -> Constant:
    try:
        value: int | float | Fraction = fold()
    except errors.Rejected:
        raise NotPlain from None  # to be refused, if it is used
    return "constant", value, origin
