"""The primitives of the tape: those of the language, those that only derivatives have, and how they simplify.

opcode       parameters          operands       result
iota         (count,)                           0, 1, ..., integers
eye          (size,)                            the identity matrix
triangle     (size, diagonal)                   1 below the diagonal, a number on it, 0 above
real         ()                  x              integers as numbers in floating point
flat_index   (size,)             indices        of an array of shape (n, size, ...) with the first axes made one,
                                                for indices of shape (n, ...)
cofactor     ()                  a              det(a) times the transposed inverse, of singular matrices too
scan         (count, reverse, carried, stacked, body)  see ``scans``
scan_result  (i,)                a scan         its i-th value
"""

from __future__ import annotations

import string
from collections.abc import Callable
from typing import Any

from app.autodiff.arrays.tape import Parameters, Shape, elements
from app.language.expression import primitives

INTEGERS = frozenset({"argsort", "argmax", "argmin", "iota", "flat_index", "integers"})
"""Opcodes whose results are integers."""

KEEPS_INTEGERS = frozenset({"slice", "reshape", "transpose", "broadcast"})
"""Opcodes that give integers for integers."""

INDICES = {"gather": 1, "scatter_add": 1, "take_along": 1, "put_along": 1, "flat_index": 0}
"""Position of the operand that holds indices."""

CREATED = frozenset({"iota", "eye", "triangle"})
"""Opcodes without operands."""


def _scanned(parameters: Parameters, *operands: Shape) -> Any:
    count, _, carried, _, body = parameters
    stacked = [(count, *body.shapes[slot]) for slot in body.results[carried:]]
    return (*operands[:carried], *stacked)


SHAPES: dict[str, Callable[..., Shape]] = {
    **primitives.SHAPES,
    "iota": lambda parameters: parameters,
    "eye": lambda parameters: parameters * 2,
    "triangle": lambda parameters: (parameters[0],) * 2,
    "real": lambda parameters, x: x,
    "flat_index": lambda parameters, indices: indices,
    "cofactor": lambda parameters, a: a,
    "scan": _scanned,
    "scan_result": lambda parameters, scan: scan[parameters[0]],
}


def shape(opcode: str, parameters: Parameters, *operands: Shape) -> Shape:
    """Return the shape of a primitive's result."""
    return SHAPES[opcode](parameters, *operands)


def subscripts(parameters: Parameters) -> tuple[str, str, str]:
    """Return the index letters of both operands of einsum, and of its result."""
    operands, _, result = parameters[0].partition("->")
    first, _, second = operands.partition(",")
    return first, second, result


def letters(count: int, taken: str = "") -> str:
    """Return index letters that are not taken."""
    return "".join([letter for letter in string.ascii_letters if letter not in taken][:count])


# Shortcuts: (recorder, parameters, operands...) -> a slot that holds the same, or None.

Shortcut = Callable[..., Any]


def _source(r: Any, x: Any, opcode: str) -> Any:
    """Return the operand of x if x is made by this opcode, else None."""
    return r.operand(x) if r.made_by(x)[0] == opcode else None


def _number(r: Any, x: Any) -> Any:
    """Return the slot of shape () that an array repeats, or None."""
    if x.shape == ():
        return x
    source = _source(r, x, "broadcast")
    return source if source is not None and source.shape == () else None


def _reshape(r: Any, parameters: Parameters, x: Any) -> Any:
    (new,) = parameters
    if new == x.shape:
        return x
    inner = _source(r, x, "reshape")
    if inner is not None:
        return r.emit("reshape", parameters, inner)
    number = _number(r, x) if x.shape != () else None
    return None if number is None else r.emit("broadcast", parameters, number)


def _broadcast(r: Any, parameters: Parameters, x: Any) -> Any:
    (new,) = parameters
    if new == x.shape:
        return x
    inner = _source(r, x, "broadcast")
    if inner is not None:
        return r.emit("broadcast", parameters, inner)
    if elements(new) == elements(x.shape):
        return r.emit("reshape", parameters, x)
    return None


def _transpose(r: Any, parameters: Parameters, x: Any) -> Any:
    (axes,) = parameters
    if axes == tuple(range(len(axes))):
        return x
    inner = _source(r, x, "transpose")
    if inner is not None:
        own = r.made_by(x)[2][0]
        return r.emit("transpose", (tuple([own[axis] for axis in axes]),), inner)
    number = _number(r, x)
    return None if number is None else r.emit("broadcast", (shape("transpose", parameters, x.shape),), number)


def _slice(r: Any, parameters: Parameters, x: Any) -> Any:
    if all(each == (0, size, 1) for each, size in zip(parameters, x.shape, strict=True)):
        return x
    if _source(r, x, "place") is not None and r.made_by(x)[2] == (x.shape, parameters):
        return r.operand(x)
    number = _number(r, x) if x.shape != () else None
    return None if number is None else r.emit("broadcast", (shape("slice", parameters, x.shape),), number)


def _reduce_sum(r: Any, parameters: Parameters, x: Any) -> Any:
    (axes,) = parameters
    if not axes:
        return x
    result = shape("reduce_sum", parameters, x.shape)
    if 1 in [x.shape[axis] for axis in axes]:
        rest = tuple([axis for axis in axes if x.shape[axis] != 1])
        return r.emit("reshape", (result,), r.emit("reduce_sum", (rest,), x))
    number = _number(r, x)
    if number is None:
        return None
    return r.emit("broadcast", (result,), number * float(elements(tuple([x.shape[axis] for axis in axes]))))


def _reduce_extreme(r: Any, parameters: Parameters, x: Any) -> Any:
    return x if not parameters[0] else None


def _einsum(r: Any, parameters: Parameters, x: Any, y: Any) -> Any:
    first, second, result = subscripts(parameters)
    for one, other, own, far in ((x, y, first, second), (y, x, second, first)):
        if _number(r, one) is not None:
            return _repeated(r, _number(r, one), one, other, own, far, result)
        if r.made_by(one)[0] == "eye":
            renamed = _renamed(own, far, result)
            if renamed:
                return r.emit("transpose", (tuple([renamed.index(letter) for letter in result]),), other)
    return None


def _renamed(own: str, far: str, result: str) -> str:
    """Return the letters of an operand whose product with an identity matrix only renames an index, or ""."""
    for inner, outer in ((own[0], own[1]), (own[1], own[0])):
        if inner in far and inner not in result and outer in result and outer not in far:
            renamed = far.replace(inner, outer)
            if sorted(renamed) == sorted(result):
                return renamed
    return ""


def _repeated(r: Any, number: Any, one: Any, other: Any, own: str, far: str, result: str) -> Any:
    """Return einsum of an array that repeats one number, and another array."""
    sizes = dict(zip(own, one.shape, strict=True)) | dict(zip(far, other.shape, strict=True))
    times = elements(tuple([sizes[letter] for letter in own if letter not in far and letter not in result]))
    total = r.emit("reduce_sum", (tuple([i for i, letter in enumerate(far) if letter not in result]),), other)
    kept = [letter for letter in far if letter in result]
    order = [letter for letter in result if letter in kept]
    total = r.emit("transpose", (tuple([kept.index(letter) for letter in order]),), total)
    total = r.emit("reshape", (tuple([sizes[letter] if letter in kept else 1 for letter in result]),), total)
    return r.emit("broadcast", (tuple([sizes[letter] for letter in result]),), total * (number * float(times)))


def _gather(r: Any, parameters: Parameters, x: Any, indices: Any) -> Any:
    (axis,) = parameters
    opcode, _, own = r.made_by(indices)
    return x if opcode == "iota" and own == (x.shape[axis],) else None


def _real(r: Any, parameters: Parameters, x: Any) -> Any:
    return None if r.integer(x) else x


SHORTCUTS: dict[str, Shortcut] = {
    "reshape": _reshape,
    "broadcast": _broadcast,
    "transpose": _transpose,
    "slice": _slice,
    "reduce_sum": _reduce_sum,
    "reduce_max": _reduce_extreme,
    "reduce_min": _reduce_extreme,
    "einsum": _einsum,
    "gather": _gather,
    "real": _real,
}
