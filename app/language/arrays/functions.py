"""Applies a word of arrays to whole arrays: a few nodes, whatever the arrays hold. Names and defaults are NumPy's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from app.language.arrays import creation, densities, hypergeometric, joining, positions, reductions, scans, statistics
from app.language.arrays.call import ArrayCall, by_parameter
from app.language.arrays.linear import contraction, linalg, matrix_functions, products
from app.language.building.array_builder import ArrayBuilder
from app.language.values import NeedsShapes, Value
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
    | hypergeometric.FUNCTIONS
    | densities.FUNCTIONS
)
_VARIADIC = products.VARIADIC | joining.VARIADIC | contraction.VARIADIC

WORDS = frozenset(_FUNCTIONS) | frozenset(_VARIADIC)
"""Canonical names of all words of arrays."""


def apply(
    builder: ArrayBuilder, word: Word, name: str, operands: Sequence[Value], options: Mapping[str, Value], offset: int
) -> Value:
    """Apply a word of arrays, spelled ``name``, to its operands and keyword operands."""
    numbers = (o for o in operands if o.kind in {"number", "condition"} and o.shape == () and o.constant is None)
    if word.names[0] not in hypergeometric.FUNCTIONS and any(numbers):
        if builder.shapes is None:
            raise NeedsShapes  # a function of arguments that may be arrays
        builder.number_as_array = True
    given = by_parameter(word, name, operands, options, offset)
    call = ArrayCall(builder, name, given, offset)
    canonical = word.names[0]
    if canonical in _VARIADIC:
        return _VARIADIC[canonical](call, list(operands))
    return _FUNCTIONS[canonical](call)


def has_axis(builder: ArrayBuilder, name: str, operands: Sequence[Value]) -> bool:
    """Return whether the second operand is an axis, as in ``np.max(x, 0)``; in ``max(x, 0)`` it is a number."""
    if "." not in name or len(operands) != 2 or type(operands[1].constant) is not int or "lax." in name:
        return False
    if builder.shapes is None and operands[0].constant is None and operands[0].kind != "tuple":
        raise NeedsShapes
    return builder.is_array(operands[0])
