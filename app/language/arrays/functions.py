"""Applies a word of arrays to whole arrays: a few nodes, whatever the arrays hold. Names and defaults are NumPy's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from app.language.arrays.call import ArrayCall, by_parameter
from app.language.arrays.linear import contraction, factors, linalg, matrix_functions, products
from app.language.arrays.words import (
    convolutions,
    creation,
    densities,
    hypergeometric,
    joining,
    positions,
    reductions,
    scans,
    searching,
    splitting,
    statistics,
)
from app.language.building.array_builder import ArrayBuilder
from app.language.expression.values import NeedsShapes, Value
from app.language.vocabulary.word import Word

_FUNCTIONS = (
    reductions.FUNCTIONS
    | scans.FUNCTIONS
    | products.FUNCTIONS
    | linalg.FUNCTIONS
    | matrix_functions.FUNCTIONS
    | factors.FUNCTIONS
    | positions.FUNCTIONS
    | searching.FUNCTIONS
    | splitting.FUNCTIONS
    | statistics.FUNCTIONS
    | creation.FUNCTIONS
    | joining.FUNCTIONS
    | hypergeometric.FUNCTIONS
    | densities.FUNCTIONS
    | convolutions.FUNCTIONS
)
_VARIADIC = joining.VARIADIC | contraction.VARIADIC | searching.VARIADIC | splitting.VARIADIC

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
    if word.definition is not None:
        return builder.defined(word.definition, _with_defaults(builder, word, given, offset), offset)
    call = ArrayCall(builder, name, given, offset)
    canonical = word.names[0]
    if canonical in _VARIADIC:
        return _VARIADIC[canonical](call, list(operands))
    return _FUNCTIONS[canonical](call)


def _with_defaults(builder: ArrayBuilder, word: Word, given: Mapping[str, Value], offset: int) -> list[Value]:
    """Return an operand for every parameter of a defined word."""
    defaults = dict(zip(word.parameters[word.arity[0] :], word.defaults, strict=True))
    return [
        given[name] if name in given else builder.expand(builder, defaults[name], [], offset)
        for name in word.parameters
    ]


def has_axis(builder: ArrayBuilder, name: str, operands: Sequence[Value]) -> bool:
    """Return whether the second operand is an axis, as in ``np.max(x, 0)``; in ``max(x, 0)`` it is a number."""
    if "." not in name or len(operands) != 2 or type(operands[1].constant) is not int or "lax." in name:
        return False
    if builder.shapes is None and operands[0].constant is None and operands[0].kind != "tuple":
        raise NeedsShapes
    return builder.is_array(operands[0])
