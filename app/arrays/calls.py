"""One call of a word of arrays: its operands, and what its function is written with."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_index

from app import errors
from app.algebra import Algebra, Cells, Value, array_of

_LARGEST = int(np.iinfo(np.intc).max)
"""NumPy takes an axis as a C int and raises OverflowError beyond; no length within the limits comes near it."""


class Call:
    """One call of a word: its operands by the names of the parameters, and what they are asked for."""

    def __init__(self, do: Algebra, name: str, given: Mapping[str, Value], offset: int) -> None:
        self.do = do
        self.name = name
        self.offset = offset
        self._given = given

    def has(self, name: str) -> bool:
        """Return whether a parameter was given, None being as good as nothing."""
        return name in self._given and self._given[name].kind != "none"

    def gave(self, name: str) -> bool:
        """Return whether a parameter was given, be it None."""
        return name in self._given

    def value(self, name: str) -> Value:
        """Return an operand as it is."""
        return self._given[name]

    def cells(self, name: str, rank: int | None = None) -> Cells:
        """Return an operand as an array, of so many axes."""
        found = self.do.cells(self._given[name], self.offset)
        if rank is not None and found.ndim != rank:
            raise self.bad_shape(f"{self.name} takes an array of {rank} axes, not of shape {list(found.shape)}")
        return found

    def square(self, name: str) -> Cells:
        """Return an operand that is a square matrix."""
        found = self.cells(name, 2)
        if found.shape[0] != found.shape[1] or not found.size:
            raise self.bad_shape(f"{self.name} takes a square matrix, not one of shape {list(found.shape)}")
        return found

    def integer(self, name: str, default: int) -> int:
        """Return an operand that is an integer known from the text."""
        return self.whole(self._given[name], name) if self.has(name) else default

    def integers(self, name: str) -> list[int]:
        """Return an operand that is an integer or a list of them."""
        return [self.whole(cell, name) for cell in self.cells(name).ravel().tolist()]

    def whole(self, value: Value, name: str) -> int:
        """Return a value that is an integer known from the text, and such as NumPy takes for an axis or a length."""
        found = self.do.integer(value, self.offset, name)
        if abs(found) > _LARGEST:
            raise errors.TooComplex(f"{name} is beyond {_LARGEST}", offset=self.offset)
        return found

    def flag(self, name: str, *, default: bool) -> bool:
        """Return an operand that is True or False."""
        return bool(self._given[name].constant) if self.has(name) else default

    def axis(self, cells: Cells, default: int | None = None) -> int | None:
        """Return the axis asked for, None for all of them."""
        if not self.has("axis"):
            return default
        axis = self.integer("axis", 0)
        if not -cells.ndim <= axis < cells.ndim:
            raise self.bad_shape(f"axis {axis} of an array of shape {list(cells.shape)}")
        return axis % cells.ndim

    def along(
        self, cells: Cells, function: Callable[[list[Value]], Any], default: int | None = None, *, empty: bool = False
    ) -> Value:
        """Apply a function of a list of cells along an axis, or to all of them; of no cells only if it may be empty."""
        axis = self.axis(cells, default)
        keep = self.flag("keepdims", default=False)
        shape = () if axis is None else cells.shape[:axis] + cells.shape[axis + 1 :]
        length = cells.size if axis is None else cells.shape[axis]
        if not length and not empty:
            raise self.bad_shape(f"{self.name} of an empty array")
        found = filled([function(line) for line in self._lines(cells, axis, math.prod(shape), length)], shape)
        if keep:
            found = found.reshape([1] * cells.ndim) if axis is None else np.expand_dims(found, axis)
        return array_of(found)

    def lines(self, cells: Cells, function: Callable[[list[Value]], list[Value]], axis: int) -> Value:
        """Replace each line of cells along an axis by another."""
        axis = normalize_axis_index(axis, cells.ndim)
        shape = cells.shape[:axis] + cells.shape[axis + 1 :]
        results = [function(line) for line in self._lines(cells, axis, math.prod(shape), cells.shape[axis])]
        length = len(results[0]) if results else 0
        found = filled([cell for line in results for cell in line], (*shape, length))
        return array_of(np.moveaxis(found, -1, axis))

    def _lines(self, cells: Cells, axis: int | None, count: int, length: int) -> list[list[Value]]:
        """Return the cells along an axis, so many lines of that length."""
        self.do.room(max(cells.size, count), self.offset)  # a line of nothing is a line
        lines = cells if axis is None else np.moveaxis(cells, axis, -1)
        found: list[list[Value]] = lines.reshape(count, length).tolist()
        return found

    def numbers(self, cells: Sequence[Value]) -> list[Value]:
        """Return cells as numbers."""
        return [self.do.number(cell, self.offset) for cell in cells]

    def bad_shape(self, detail: str) -> errors.BadShape:
        """Return the refusal of shapes that do not fit."""
        return errors.BadShape(detail, offset=self.offset)

    # Scalar arithmetic

    def sum(self, terms: Sequence[Value]) -> Value:
        """Return a sum of numbers, 0 if there are none."""
        numbers = self.numbers(terms)
        return self.do.sum(numbers, "+" * len(numbers), self.offset) if numbers else self.do.leaf(0)

    def product(self, factors: Sequence[Value]) -> Value:
        """Return a product of numbers, 1 if there are none."""
        numbers = self.numbers(factors)
        return self.do.product(numbers, "*" * len(numbers), self.offset) if numbers else self.do.leaf(1)

    def sub(self, x: Value, y: Value) -> Value:
        """Return x - y."""
        return self.do.sum(self.numbers((x, y)), "+-", self.offset)

    def div(self, x: Value, y: Value) -> Value:
        """Return x / y."""
        return self.do.product(self.numbers((x, y)), "*/", self.offset)

    def of(self, word: str, *operands: Value) -> Value:
        """Return a word of the vocabulary applied to numbers or arrays."""
        return self.do.call(word, *operands, offset=self.offset)

    def dot(self, x: Sequence[Value], y: Sequence[Value]) -> Value:
        """Return the sum of products."""
        return self.sum([self.product(pair) for pair in zip(x, y, strict=True)])


Function = Callable[[Call], Value]
"""A word of so many operands."""
Variadic = Callable[[Call, list[Value]], Value]
"""A word of any number."""


def filled(cells: Sequence[Value], shape: tuple[int, ...]) -> Cells:
    """Return cells in a shape."""
    found = np.empty(len(cells), object)
    found[:] = cells
    return found.reshape(shape)


def fold(do: Algebra, kind: str, terms: Sequence[Value], offset: int) -> Value:
    """Return the sum or product of values of any shape, as Python's sum of a list."""
    call = Call(do, kind, {}, offset)
    if not any(do.is_array(term) for term in terms):
        return call.sum(terms) if kind == "sum" else call.product(terms)
    combine = call.sum if kind == "sum" else call.product
    return do.lift(lambda *cells: combine(cells), terms, offset)


def items(call: Call, name: str) -> Sequence[Value]:
    """Return what iterating over an operand yields."""
    return call.do.items(call.value(name), call.offset)
