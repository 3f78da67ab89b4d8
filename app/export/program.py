"""A function and its derivatives, printed: what a language puts into a file."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

Shape = tuple[int, ...]
Place = Callable[[str, Sequence[int], Shape], str]
"""(name, indices from 0, shape) -> how an element of an array is read."""


@dataclass(frozen=True, slots=True)
class Argument:
    """An argument that a caller gives: its name in the file, its shape, and whether the function reads it."""

    name: str
    shape: Shape
    used: bool

    @property
    def size(self) -> int:
        return math.prod(self.shape)


@dataclass(frozen=True, slots=True)
class DerivedFunction:
    """One function of the file.

    Attributes:
        name: of the function.
        moved: whether it takes tangents, and gives a Hessian-vector product instead of a gradient.
        lines: its statements.
        value: expression of the value.
        entries: for each argument of the derivative the expressions of its elements, row-major; a single expression
            if it is a whole array.
    """

    name: str
    moved: bool
    lines: list[str]
    value: str
    entries: list[list[str]]


@dataclass(frozen=True, slots=True)
class SourceFileParts:
    """All of a file.

    Attributes:
        heading: lines of the comment at its top.
        arguments: in order.
        wanted: arguments of the derivative, in the order asked.
        single: whether the derivative is that of one argument, not a list of them.
        constants: statements of arrays that are part of the function.
        helpers: functions that its functions call, in order.
        functions: value and gradient, and perhaps value and Hessian-vector product.
    """

    heading: list[str]
    arguments: list[Argument]
    wanted: list[int]
    single: bool
    constants: list[str]
    helpers: list[str]
    functions: list[DerivedFunction]

    @property
    def flat(self) -> bool:
        """Whether the derivative is by numbers only."""
        return all(self.arguments[position].shape == () for position in self.wanted)

    @property
    def offsets(self) -> list[int]:
        """Return where each argument begins in a flat point."""
        return [0, *itertools.accumulate(argument.size for argument in self.arguments)]

    def shapes(self) -> list[Shape]:
        return [self.arguments[position].shape for position in self.wanted]


Layout = Callable[[SourceFileParts], str]


def nested(entries: Sequence[str], shape: Shape, opening: str = "[", closing: str = "]") -> str:
    """Return expressions as a nested list, row-major; one that is whole stays as it is."""
    if shape == () or len(entries) != math.prod(shape):
        return entries[0]
    width = len(entries) // shape[0] if shape[0] else 0
    rows = [nested(entries[k * width : (k + 1) * width], shape[1:], opening, closing) for k in range(shape[0])]
    return f"{opening}{', '.join(rows)}{closing}"


def by_columns(entries: Sequence[str], shape: Shape) -> list[str]:
    """Return expressions that are row-major in the order of columns, as Fortran has them."""
    strides = [math.prod(shape[axis + 1 :]) for axis in range(len(shape))]
    order = itertools.product(*[range(size) for size in reversed(shape)])
    return [entries[sum(i * s for i, s in zip(reversed(index), strides, strict=True))] for index in order]


def flat_place(indices: Sequence[int], shape: Shape) -> int:
    """Return the row-major position of an element."""
    place = 0
    for index, size in zip(indices, shape, strict=True):
        place = place * size + index
    return place


def bracketed(name: str, indices: Sequence[int], _: Shape) -> str:
    return name + "".join(f"[{index}]" for index in indices)


def broken(opening: str, entries: Sequence[str], closing: str, indent: str, width: int = 110) -> str:
    """Return a list on one line, or if that is long with one entry a line."""
    line = f"{opening}{', '.join(entries)}{closing}"
    if len(line) + len(indent) <= width:
        return line
    inner = "".join(f"{indent}    {entry},\n" for entry in entries)
    return f"{opening}\n{inner.rstrip(',' + chr(10))}\n{indent}{closing}"
