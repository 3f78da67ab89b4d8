"""Applies a word of arrays to whole arrays: a few nodes, whatever the arrays hold. Names and defaults are NumPy's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from app.language.arrays import creation, joining, positions, reductions, scans, statistics
from app.language.arrays.call import ArrayCall
from app.language.arrays.linear import contraction, linalg, matrix_functions, products
from app.language.building import word_operands
from app.language.building.array_builder import ArrayBuilder
from app.language.values import Value
from app.language.vocabulary.word import Word

_FUNCTIONS = (
    reductions.FUNCTIONS
    | scans.FUNCTIONS
    | products.FUNCTIONS
    | linalg.FUNCTIONS
    | matrix_functions.FUNCTIONS
    | positions.FUNCTIONS
    | statistics.FUNCTIONS
    | creation.FUNCTIONS
    | joining.FUNCTIONS
)
_VARIADIC = products.VARIADIC | joining.VARIADIC | contraction.VARIADIC

WORDS = frozenset(_FUNCTIONS) | frozenset(_VARIADIC)
"""Canonical names of all words of arrays."""


def apply(
    builder: ArrayBuilder, word: Word, name: str, operands: Sequence[Value], options: Mapping[str, Value], offset: int
) -> Value:
    """Apply a word of arrays, spelled ``name``, to its operands and keyword operands."""
    if any(o.kind in {"number", "condition"} and o.shape == () and o.constant is None for o in operands):
        builder.number_as_array = True
    given = word_operands.by_parameter(word, name, operands, options, offset)
    call = ArrayCall(builder, name, given, offset)
    canonical = word.names[0]
    if canonical in _VARIADIC:
        return _VARIADIC[canonical](call, list(operands))
    return _FUNCTIONS[canonical](call)
