"""Constants of a plain text, folded by the functions that the general reader folds them with.

Each function returns a number, and raises ``NotPlain`` if the general reader has a refusal for it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from app import errors
from app.engine.functions.plain.vocabulary import Constant, NotPlain
from app.language.numeric import folding
from app.language.numeric.folding import Number

_WHOLE = frozenset({"floor", "ceil", "trunc"})
"""Functions whose value is an integer under some of their names, and a float under others."""


def is_constant(part: Any) -> bool:
    """Return whether an operand is a constant, or the inverse of one."""
    return type(part) is tuple and (part[0] == "constant" or (part[0] == "inv" and type(part[1]) is tuple))


def negative(constant: Constant) -> Number:
    """Return the negative of a constant."""
    if not constant[1]:
        raise NotPlain  # -0.0 and 0.0 are different operands
    return -constant[1]


def chain(kind: str, parts: Sequence[Any]) -> Number:
    """Return a sum ("add") or product ("mul") of constants; the parts of a product may be inverses."""
    sign = "+" if kind == "add" else "*"
    signs = "".join(["/" if part[0] == "inv" else sign for part in parts])
    values = [part[1][1] if part[0] == "inv" else part[1] for part in parts]
    return _finite(lambda: folding.fold_chain(values, signs, 0))


def power(base: Constant, exponent: Constant) -> Number:
    """Return a power of constants."""
    return _finite(lambda: folding.fold_power(base[1], exponent[1], 0))


def call(opcode: str, operands: Sequence[Constant]) -> Number:
    """Return a function of constants."""
    if opcode in _WHOLE:
        raise NotPlain
    return _finite(lambda: folding.fold_call(opcode, [operand[1] for operand in operands], 0))


def _finite(fold: Callable[[], Number | None]) -> Number:
    try:
        value = fold()
    except errors.Rejected:
        raise NotPlain from None  # to be refused, if it is used
    assert value is not None, "all operands are constants"
    return value
