"""Values of a text while it is traced: SymPy nodes with their folded constants.

An array is a number or a condition as any other, with a ``shape`` and one node, and its constant is a NumPy array.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import sympy
from sympy.core.basic import Basic

MAX_RANK = 8
"""Greatest number of axes of an array, in a text or in a point; batch axes count."""

Shape = tuple[int, ...]


@dataclass(slots=True, eq=False)
class Value:
    """A value on the tracer's stack.

    Its kind is "number", "condition", "pair" (a case of Piecewise), "argument" (of unknown shape), "tuple" (also for a
    list), "dict", "starred" (``*items``), "distribution", "chosen" (elements of an array, as a mask is), "at"
    (``x.at`` and its indices), "slice", "text" (a string, which only some functions take), "function", "scope" (under
    the name " " among the variables of a function, see ``reading.functions``), "none" or "ellipsis".
    """

    node: Basic  # of a number or a condition; a placeholder for other kinds
    constant: Any = None  # folded value, a ``Number`` or an array; None if it depends on an argument
    kind: str = "number"
    items: tuple[Value, ...] = ()  # of a tuple, a slice or a known array; or the indices of an argument so far
    argument: int = -1  # number of the argument
    shape: Shape = ()  # of an array of numbers or conditions
    listed: bool = False  # whether it is a list of the parts of an array
    text: str = ""  # of a string; the name of a function
    function: Any = None  # of a function, a ``reading.functions.Called``; of a scope, the scope; of a dict, its keys
    is_list: bool = False  # whether it is a list, which can grow, and no tuple
    holds: bool = False  # whether items have references
    reference: Reference | None = None  # what object it is, in a text that changes arrays or lists


@dataclass(frozen=True, slots=True)
class Reference:
    """Which object of a text a value is.

    Attributes:
        key: the name that has the content of the object.
        path: how a view is got from it: "index" and indices, or "transpose" and axes.
        perhaps: keys of other objects that it may be or share elements with.
    """

    key: str
    path: tuple[tuple[str, Any], ...] = ()
    perhaps: frozenset[str] = frozenset()


MARK = "#"
"""First character of the names under which the variables of a text have its objects."""


def is_place(name: str) -> bool:
    return name.startswith(MARK)


def copied(value: Value) -> Value:
    """Return a value as another object, whose fields may be set."""
    return Value(
        value.node, value.constant, value.kind, value.items, value.argument, value.shape, value.listed, value.text,
        value.function, value.is_list, value.holds, value.reference,
    )  # fmt: skip


def references(value: Value) -> Iterator[Reference]:
    """Yield the references of a value and of its items."""
    if value.reference is not None:
        yield value.reference
    if value.holds:
        for item in value.items:
            yield from references(item)


def content(value: Value) -> Value:
    """Return a value as what it holds now, whatever object of the text it is."""
    if value.reference is None and not value.holds:
        return value
    found = copied(value)
    found.reference, found.holds = None, False
    found.items = tuple([content(item) for item in value.items])
    return found


class NeedsShapes(Exception):
    """The expression depends on the shapes of the arguments, which are not given."""


class NeedsWhole(NeedsShapes):
    """The text has something that exists for whole arrays only, so it cannot be lowered to numbers."""


_NOTHING = sympy.Integer(0)
NONE = Value(_NOTHING, kind="none")
ELLIPSIS = Value(_NOTHING, kind="ellipsis")


def text_of(text: str) -> Value:
    return Value(_NOTHING, kind="text", text=text)


def tuple_of(items: Sequence[Value], kind: str = "tuple") -> Value:
    """Return a tuple or list of items, or the slice of a start, a stop and a step."""
    found = Value(_NOTHING, kind=kind, items=tuple(items))
    found.holds = any([item.reference is not None or item.holds for item in found.items])  # noqa: C419 - faster so
    return found


def list_of(items: Sequence[Value]) -> Value:
    found = tuple_of(items)
    found.is_list = True
    return found


def charged_cells(shape: Sequence[int]) -> int:
    """Return the cells to charge for an array; a length of 0 counts as 1, so that empty arrays have a cost."""
    return math.prod([max(size, 1) for size in shape])


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
