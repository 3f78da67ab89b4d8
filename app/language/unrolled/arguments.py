"""One call of a word of arrays: its operands, and the arithmetic that its function is written in."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_index

from app.language.building.builder import Builder
from app.language.building.word_operands import WordOperands
from app.language.values import Cells, Value, array_of


class WordCall(WordOperands[Builder]):
    """A call of a word: its operands by parameter name, converted as the function needs them."""

    def cells(self, name: str, rank: int | None = None) -> Cells:
        """Return an operand as an array, which must have ``rank`` axes if that is given."""
        found = self.builder.cells(self._given[name], self.offset)
        if rank is not None and found.ndim != rank:
            raise self.bad_shape(f"{self.name} takes an array of {rank} axes, not of shape {list(found.shape)}")
        return found

    def square(self, name: str) -> Cells:
        found = self.cells(name, 2)
        if found.shape[0] != found.shape[1] or not found.size:
            raise self.bad_shape(f"{self.name} takes a square matrix, not one of shape {list(found.shape)}")
        return found

    def integers(self, name: str) -> list[int]:
        """Return an operand that is an integer or a list of them."""
        return [self.checked_integer(cell, name) for cell in self.cells(name).ravel().tolist()]

    def axis(self, cells: Cells, default: int | None = None) -> int | None:
        """Return the axis of the call; None means all axes."""
        return self.axis_in(cells.shape, default)

    def along(
        self, cells: Cells, function: Callable[[list[Value]], Any], default: int | None = None, *, empty: bool = False
    ) -> Value:
        """Apply a function of a list of cells along the axis of the call, or to all cells; none if ``empty``."""
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
        """Return ``count`` lists of ``length`` cells along an axis."""
        self.builder.charge(max(cells.size, count), self.offset)  # an empty list costs as much as one cell
        lines = cells if axis is None else np.moveaxis(cells, axis, -1)
        found: list[list[Value]] = lines.reshape(count, length).tolist()
        return found

    def numbers(self, cells: Sequence[Value]) -> list[Value]:
        return [self.builder.number(cell, self.offset) for cell in cells]

    # Scalar arithmetic

    def sum(self, terms: Sequence[Value]) -> Value:
        numbers = self.numbers(terms)
        return self.builder.sum(numbers, "+" * len(numbers), self.offset) if numbers else self.builder.leaf(0)

    def product(self, factors: Sequence[Value]) -> Value:
        numbers = self.numbers(factors)
        return self.builder.product(numbers, "*" * len(numbers), self.offset) if numbers else self.builder.leaf(1)

    def sub(self, x: Value, y: Value) -> Value:
        return self.builder.sum(self.numbers((x, y)), "+-", self.offset)

    def div(self, x: Value, y: Value) -> Value:
        return self.builder.product(self.numbers((x, y)), "*/", self.offset)

    def of(self, word: str, *operands: Value) -> Value:
        return self.builder.call(word, operands, self.offset)

    def dot(self, x: Sequence[Value], y: Sequence[Value]) -> Value:
        return self.sum([self.product(pair) for pair in zip(x, y, strict=True)])


ArrayFunction = Callable[[WordCall], Value]
VariadicFunction = Callable[[WordCall, list[Value]], Value]
"""Function of a word with any number of operands."""


def filled(cells: Sequence[Value], shape: tuple[int, ...]) -> Cells:
    found = np.empty(len(cells), object)
    found[:] = cells
    return found.reshape(shape)


def fold(builder: Builder, kind: str, terms: Sequence[Value], offset: int) -> Value:
    """Return the sum or product of values of any shape, as Python's sum of a list."""
    call = WordCall(builder, kind, {}, offset)
    if not any(builder.is_array(term) for term in terms):
        return call.sum(terms) if kind == "sum" else call.product(terms)
    combine = call.sum if kind == "sum" else call.product
    return builder.lift(lambda *cells: combine(cells), terms, offset)
