"""Applies a word of arrays, which is unrolled into operations on numbers.

Functions that only move elements are NumPy's own, on arrays of values. Functions that compute are written as operations
on numbers, so that every limit, constant and derivative of numbers holds for arrays. Sums run in the order of the
elements. Names, defaults and shapes are NumPy's.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from app import errors
from app.language.building import word_operands
from app.language.building.builder import Builder
from app.language.unrolled import creation, linalg, products, reductions
from app.language.unrolled.arguments import WordCall
from app.language.values import NeedsShapes, NeedsWhole, Value, charged_cells
from app.language.vocabulary.word import Word

_FUNCTIONS = reductions.FUNCTIONS | products.FUNCTIONS | linalg.FUNCTIONS | creation.FUNCTIONS
_VARIADIC = linalg.VARIADIC | creation.VARIADIC

WORDS = frozenset(_FUNCTIONS) | frozenset(_VARIADIC)
"""Canonical names of the words of arrays that are read cell by cell; the others make the text be read as a whole."""

_MEASURES = frozenset({"len", "ndim", "shape", "size"})
"""Words that look at shapes only, so nothing is charged for the cells."""


def apply(
    builder: Builder, word: Word, name: str, operands: Sequence[Value], options: Mapping[str, Value], offset: int
) -> Value:
    """Apply a word of arrays, spelled ``name``, to its operands and keyword operands."""
    if word.names[0] not in WORDS:
        raise NeedsWhole
    if any(operand.kind in {"number", "condition"} and operand.constant is None for operand in operands):
        if builder.shapes is None:
            raise NeedsShapes  # a function of arguments that may be arrays
        builder.number_as_array = True
    given = word_operands.by_parameter(word, name, operands, options, offset)
    canonical = word.names[0]
    if canonical not in _MEASURES:
        builder.charge(sum([_extent(builder, operand) for operand in (*operands, *options.values())]), offset)
    call = WordCall(builder, name, given, offset)
    if canonical in _VARIADIC:
        return _VARIADIC[canonical](call, list(operands))
    try:
        return _FUNCTIONS[canonical](call)
    except ValueError as error:  # NumPy raises it for shapes that do not fit
        raise errors.BadShape(f"{name}: {error}"[:160], offset=offset) from None


def _extent(builder: Builder, value: Value) -> int:
    if value.kind == "tuple":
        return len(value.items)
    if value.kind == "argument":
        return 1 if builder.shapes is None else charged_cells(builder.shapes[value.argument][len(value.items) :])
    return 1 if value.cells is None else charged_cells(value.cells.shape)


def has_axis(builder: Builder, name: str, operands: Sequence[Value]) -> bool:
    """Return whether the second operand is an axis, as in ``np.max(x, 0)``; in ``max(x, 0)`` it is a number."""
    return "." in name and len(operands) == 2 and builder.is_array(operands[0]) and type(operands[1].constant) is int
