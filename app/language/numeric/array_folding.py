"""Folding of arrays known from the text, by NumPy; numbers are folded by ``folding``.

Every function here is one of ``folding`` that takes arrays, too. An array of integers stays one as long as sums,
products and powers of it are within 2**62, so that it can index; what is more, or not whole, is float64.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Any

import numpy as np

from app import errors
from app.language.expression.primitives import Shape
from app.language.numeric import folding, numpy_words
from app.language.vocabulary import words
from app.language.vocabulary.relations import Relation

_EXACT_LIMIT = 2.0**62


def _some_array(operands: Sequence[Any]) -> bool:
    return np.ndarray in map(type, operands)


def _plain(operand: Any) -> Any:
    """Return an operand as NumPy computes with it: arrays of numbers, integers, and floats for all other numbers."""
    if isinstance(operand, np.ndarray):
        return operand.astype(np.int64) if operand.dtype.kind == "b" else operand
    if isinstance(operand, int) and abs(operand) < _EXACT_LIMIT:
        return np.int64(operand)
    return np.float64(folding.inverse(operand.denominator) * operand.numerator if _is_long(operand) else operand)


def _is_long(operand: Any) -> bool:
    """Return whether an exact fraction has a numerator or a denominator beyond float64."""
    return isinstance(operand, Fraction) and operand.denominator.bit_length() > 1000


def is_finite(constant: Any) -> bool:
    if isinstance(constant, np.ndarray):
        return constant.dtype.kind != "f" or bool(np.isfinite(constant).all())
    return math.isfinite(constant)


def finite(constant: Any, offset: int) -> Any:
    if not isinstance(constant, np.ndarray):
        return folding.finite(constant, offset)
    if not is_finite(constant):
        raise errors.BadConstant("a constant is not finite in float64", offset=offset)
    return constant


def _checked(result: Any, operands: Sequence[Any], offset: int | None) -> Any:
    """Refuse a result that is not finite, of finite operands; not so within a definition, where the offset is None."""
    found = np.asarray(result)
    if offset is None or is_finite(found) or not all(map(is_finite, operands)):
        return found
    return finite(found, offset)


def _exactly(operation: Callable[[Any, Any], Any], first: Any, second: Any) -> Any:
    """Return an operation of two integers or arrays, in integers where the result is in their range."""
    first, second = _plain(first), _plain(second)
    rough = operation(np.float64(first), np.float64(second))
    if first.dtype.kind == second.dtype.kind == "i" and np.all(np.abs(rough) < _EXACT_LIMIT):
        return operation(first, second)
    return rough


_CHAIN: dict[str, Callable[[Any, Any], Any]] = {
    "+": functools.partial(_exactly, np.add),
    "-": functools.partial(_exactly, np.subtract),
    "*": functools.partial(_exactly, np.multiply),
    "/": lambda a, b: np.divide(np.float64(_plain(a)), np.float64(_plain(b))),
}


def fold_chain(operands: Sequence[Any], signs: str, offset: int | None) -> Any:
    if operands[0] is None:
        return None
    if not _some_array(operands):
        return folding.fold_chain(operands, signs, offset)
    if any(operand is None for operand in operands):
        return None
    total, *rest = operands
    with np.errstate(all="ignore"):
        for operand, sign in zip(rest, signs[1:], strict=True):
            total = _CHAIN[sign](total, operand)
    return _checked(total, operands, offset)


def fold_power(base: Any, exponent: Any, offset: int | None) -> Any:
    if base is None or exponent is None or not _some_array((base, exponent)):
        return folding.fold_power(base, exponent, offset)
    with np.errstate(all="ignore"):
        whole = np.all(_plain(exponent) >= 0)
        first, second = (base, exponent) if whole else (np.float64(_plain(base)), exponent)
        return _checked(_exactly(np.power, first, second), (base, exponent), offset)


_IN_INTEGERS: dict[str, Callable[..., Any]] = {
    "maximum": np.maximum,
    "minimum": np.minimum,
    "mod": np.mod,
    "floor_divide": np.floor_divide,
    "abs": np.abs,
}
"""Functions that keep integers."""

_REMAINDERS = frozenset({"mod", "floor_divide"})
"""Of these, those that are no integers where the divisor is 0."""


def fold_call(opcode: str, operands: Sequence[Any], offset: int | None) -> Any:
    if not _some_array(operands) or any(operand is None for operand in operands):
        return folding.fold_call(opcode, operands, offset)
    known = [_plain(operand) for operand in operands]
    function = numpy_words.WORDS[opcode]
    exact = all(operand.dtype.kind == "i" for operand in known)
    if exact and opcode in _IN_INTEGERS and (opcode not in _REMAINDERS or np.all(known[-1] != 0)):
        function = _IN_INTEGERS[opcode]
    else:
        known = [np.asarray(operand, np.float64) for operand in known]
    with np.errstate(all="ignore"):
        result = functools.reduce(function, known) if opcode in words.FOLDED_LEFT else function(*known)
    return _checked(result, operands, offset)


def fold_relation(relation: Relation, first: Any, second: Any) -> Any:
    if first is None or second is None or not _some_array((first, second)):
        return folding.fold_relation(relation, first, second)
    return relation.holds(_plain(first), _plain(second))


def fold_cases(cases: Sequence[tuple[Any, Any]]) -> Any:
    if not _some_array([part for case in cases for part in case]):
        return folding.fold_cases(cases)
    if any(part is None for case in cases for part in case):
        return None
    total: Any = math.nan
    for value, condition in reversed(cases):
        total = np.where(condition, _plain(value), total)
    return total


def inverse(value: Any) -> Any:
    if not isinstance(value, np.ndarray):
        return folding.inverse(value)
    with np.errstate(all="ignore"):
        return np.divide(1.0, value)


def _slice(parameters: Any, x: Any) -> Any:
    slices = []
    for start, count, step in parameters:
        end = start + count * step
        slices.append(slice(start, end if end >= 0 else None, step) if count else slice(0, 0))
    return x[tuple(slices)]


def _cumsum(parameters: Any, x: Any) -> Any:
    axis, reverse = parameters
    return np.flip(np.cumsum(np.flip(x, axis), axis), axis) if reverse else np.cumsum(x, axis)


def _placed(parameters: Any, x: Any) -> Any:
    shape, slices = parameters
    found = np.zeros(shape, x.dtype)
    _slice(slices, found)[...] = x
    return found


PRIMITIVES: dict[str, Callable[..., Any]] = {
    "reshape": lambda p, x: np.reshape(x, p[0]),
    "transpose": lambda p, x: np.transpose(x, p[0]),
    "broadcast": lambda p, x: np.broadcast_to(x, p[0]),
    "slice": _slice,
    "place": _placed,
    "gather": lambda p, x, indices: np.take(x, indices, axis=p[0]),
    "take_along": lambda p, x, indices: np.take_along_axis(x, indices, axis=p[0]),
    "concatenate": lambda p, *x: np.concatenate(x, axis=p[0]),
    "reduce_sum": lambda p, x: np.sum(x, axis=p[0]),
    "reduce_max": lambda p, x: np.max(x, axis=p[0]),
    "reduce_min": lambda p, x: np.min(x, axis=p[0]),
    "cumsum": _cumsum,
    "einsum": lambda p, x, y: np.einsum(p[0], x, y),
    "stop_gradient": lambda _, x: x,
}
"""Values of the primitives that are folded: they move elements, or are sums and extremes."""


def fold_primitive(opcode: str, parameters: tuple[Any, ...], operands: Sequence[Any]) -> Any:
    """Return the constant of a primitive over constants, or None if it is not folded."""
    function = PRIMITIVES.get(opcode)
    if function is None or any(operand is None for operand in operands):
        return None
    known = [np.asarray(operand if isinstance(operand, np.ndarray | bool) else _plain(operand)) for operand in operands]
    try:
        with np.errstate(all="ignore"):
            return np.asarray(function(parameters, *known))
    except (IndexError, ValueError):
        return None  # an index that is out of range, or the extreme of nothing: the node says so


def cost(opcode: str, parameters: tuple[Any, ...], shape: Shape, operands: Sequence[Shape]) -> int:
    """Return the elements to charge for folding a primitive; of a contraction, all its products."""
    stored = max([math.prod(shape), *map(math.prod, operands)])
    if opcode != "einsum":
        return stored
    letters = parameters[0].split("->")[0].replace(",", "")
    sizes = [size for operand in operands for size in operand]
    return max(stored, math.prod(dict(zip(letters, sizes, strict=True)).values()))


def stacked(constants: Sequence[Any], *, condition: bool) -> Any:
    """Return constants of one shape as an array with one more axis."""
    if condition:
        return np.array(constants, bool)
    exact = all(np.asarray(constant).dtype.kind in "bi" for constant in constants)
    return np.array(constants, np.int64 if exact else np.float64)
