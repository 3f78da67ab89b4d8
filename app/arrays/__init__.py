"""Functions of whole arrays, unrolled into scalar operations while the text is read.

What only moves elements is NumPy's on arrays of ``algebra`` values; what computes is written here in terms of the
scalar operations, so every word, rule and limit of numbers holds for arrays too. Sums run in the order of the
elements. Names, defaults and shapes are NumPy's.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from app import errors, vocabulary
from app.algebra import Algebra, NeedsShapes, Value
from app.arrays import making, matrices, products, reductions
from app.arrays.calls import Call, fold
from app.arrays.products import matmul

__all__ = ["WORDS", "apply", "fold", "has_axis", "matmul"]

_FUNCTIONS = reductions.FUNCTIONS | products.FUNCTIONS | matrices.FUNCTIONS | making.FUNCTIONS
_VARIADIC = matrices.VARIADIC | making.VARIADIC

WORDS = frozenset(_FUNCTIONS) | frozenset(_VARIADIC)
"""Canonical names of all words of arrays."""

_MEASURES = frozenset({"len", "ndim", "shape", "size"})
"""Words that do not go through what they are given."""


def apply(
    do: Algebra,
    word: vocabulary.Word,
    name: str,
    operands: Sequence[Value],
    options: Mapping[str, Value],
    offset: int,
) -> Value:
    """Return a word of arrays applied to its operands.

    Raises:
        errors.BadShape: shapes do not fit.
        errors.BadArity: an operand is missing.
        algebra.NeedsShapes: an operand is an argument of unknown shape.
    """
    if any(operand.kind in {"number", "condition"} and operand.constant is None for operand in operands):
        if do.shapes is None:
            raise NeedsShapes  # a function of arguments that may be arrays
        do.measured = True
    given = dict(options)
    for parameter, operand in zip(word.parameters, operands, strict=False):
        if parameter in given:
            raise errors.SyntaxRejected(f"{name} got '{parameter}' twice", offset=offset)
        given[parameter] = operand
    required = [parameter for parameter in word.parameters if parameter not in word.keywords]
    for parameter in required:
        if parameter not in given:
            raise errors.BadArity(f"{name} needs '{parameter}'", offset=offset)
    canonical = word.names[0]
    if canonical not in _MEASURES:
        do.room(sum([do.extent(operand) for operand in (*operands, *options.values())]), offset)
    call = Call(do, name, given, offset)
    if canonical in _VARIADIC:
        return _VARIADIC[canonical](call, list(operands))
    try:
        return _FUNCTIONS[canonical](call)
    except ValueError as error:  # NumPy's word for shapes that do not fit
        raise errors.BadShape(f"{name}: {error}"[:160], offset=offset) from None


def has_axis(do: Algebra, name: str, operands: Sequence[Value]) -> bool:
    """Return whether ``np.max(x, 0)`` asks for an axis; ``max(x, 0)`` never does."""
    return "." in name and len(operands) == 2 and do.is_array(operands[0]) and type(operands[1].constant) is int
