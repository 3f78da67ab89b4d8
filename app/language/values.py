"""Values of a text while it is traced: SymPy nodes with their folded constants, and arrays of them.

There are two readings. Read cell by cell, an array is a value of kind "array", whose ``cells`` are values. Read as a
whole, it is a number or a condition as any other, with a ``shape`` and one node, and its constant is a NumPy array.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import sympy
from numpy.typing import NDArray
from sympy.core.basic import Basic

MAX_RANK = 8
"""Greatest number of axes of an array, in a text or in a point; batch axes count."""

COLLECTIONS = frozenset({"array", "tuple"})
"""Kinds of values that have axes, besides arguments of known shape."""

Cells = NDArray[Any]
Shape = tuple[int, ...]


@dataclass(slots=True, eq=False)
class Value:
    """A value on the tracer's stack.

    Its kind is "number", "condition", "pair" (a case of Piecewise), "argument", "tuple" (also for a list), "slice",
    "array", "text" (a string, which only some functions take), "none" or "ellipsis".
    """

    node: Basic  # of a number or a condition; a placeholder for other kinds
    constant: Any = None  # folded value, a ``Number`` or an array; None if it depends on an argument
    kind: str = "number"
    items: tuple[Value, ...] = ()  # items of a tuple, parts of a slice, or the indices of an argument so far
    argument: int = -1  # number of the argument
    cells: Cells | None = None  # numbers and conditions of an array that is read cell by cell
    shape: Shape = ()  # of a number or condition that is read as a whole array
    listed: bool = False  # whether it is a list of the parts of an array
    text: str = ""  # of a string


class NeedsShapes(Exception):
    """The expression depends on the shapes of the arguments, which are not given."""


class NeedsWhole(NeedsShapes):
    """The text has a function that exists for whole arrays only, so it is not read cell by cell."""


_NOTHING = sympy.Integer(0)
NONE = Value(_NOTHING, kind="none")
ELLIPSIS = Value(_NOTHING, kind="ellipsis")


def text_of(text: str) -> Value:
    return Value(_NOTHING, kind="text", text=text)


def tuple_of(items: Sequence[Value], kind: str = "tuple") -> Value:
    """Return a tuple or list of items, or the slice of a start, a stop and a step."""
    return Value(_NOTHING, kind=kind, items=tuple(items))


def charged_cells(shape: Sequence[int]) -> int:
    """Return the cells to charge for an array; a length of 0 counts as 1, so that empty arrays have a cost."""
    return math.prod([max(size, 1) for size in shape])


def array_of(cells: Any) -> Value:
    """Return an array of cells; without axes, its only cell."""
    if not isinstance(cells, np.ndarray):
        found: Value = cells
        return found
    return Value(_NOTHING, kind="array", cells=cells) if cells.ndim else cells.item()


def argument_of(index: int, items: tuple[Value, ...] = ()) -> Value:
    """Return an argument, indexed by ``items`` so far."""
    return Value(_NOTHING, kind="argument", items=items, argument=index)


def indices_of(argument: Value) -> tuple[int, ...]:
    """Return the indices of an argument so far."""
    return tuple([item.constant for item in argument.items if isinstance(item.constant, int)])


def decided(value: Value) -> bool | None:
    """Return whether a single condition holds; None if it depends on the point, or is no condition or an array."""
    known = value.kind == "condition" and value.constant is not None and value.shape == ()
    return bool(value.constant) if known else None
