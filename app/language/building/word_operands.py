"""The operands of one call of a word of arrays by the names of its parameters, as both readings convert them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Generic, TypeVar

import numpy as np
from numpy.lib.array_utils import normalize_axis_index

from app import errors
from app.language.building.builder import Builder
from app.language.values import Shape, Value
from app.language.vocabulary.word import Word

LARGEST = int(np.iinfo(np.intc).max)
"""Largest axis or length: NumPy takes a C int, and raises OverflowError beyond."""

B = TypeVar("B", bound=Builder)


class WordOperands(Generic[B]):
    """A call of a word, spelled ``name``, at an offset of the text."""

    def __init__(self, builder: B, name: str, given: Mapping[str, Value], offset: int) -> None:
        self.builder = builder
        self.name = name
        self.offset = offset
        self._given = given

    def has(self, name: str) -> bool:
        return name in self._given and self._given[name].kind != "none"

    def gave(self, name: str) -> bool:
        """Return whether a parameter was given; it may be None."""
        return name in self._given

    def value(self, name: str) -> Value:
        return self._given[name]

    def items(self, name: str) -> Sequence[Value]:
        return self.builder.items(self._given[name], self.offset)

    def integer(self, name: str, default: int) -> int:
        return self.checked_integer(self._given[name], name) if self.has(name) else default

    def checked_integer(self, value: Value, name: str) -> int:
        """Return an integer known from the text, in the range that NumPy takes for an axis or a length."""
        found = self.builder.integer(value, self.offset, name)
        if abs(found) > LARGEST:
            raise errors.TooComplex(f"{name} is beyond {LARGEST}", offset=self.offset)
        return found

    def flag(self, name: str, *, default: bool) -> bool:
        if not self.has(name):
            return default
        value = self._given[name]
        if value.constant is None or value.shape != ():
            raise errors.SyntaxRejected(f"{name} must be True or False", offset=self.offset)
        return bool(value.constant)

    def axis_in(self, shape: Shape, default: int | None = None) -> int | None:
        """Return the axis of the call, of an array of this shape; None means all axes."""
        return self.checked_axis(self.integer("axis", 0), shape) if self.has("axis") else default

    def checked_axis(self, axis: int, shape: Shape) -> int:
        if not -len(shape) <= axis < len(shape):
            raise self.bad_shape(f"axis {axis} of an array of shape {list(shape)}")
        return normalize_axis_index(axis, len(shape))

    def range(self) -> range:
        """Return the integers of the operands start, stop and step, as Python's range."""
        start, stop = 0, self.integer("start", 0)
        if self.has("stop"):
            start, stop = stop, self.integer("stop", 0)
        step = self.integer("step", 1)
        if step == 0:
            raise self.bad_shape("the step of a range is 0")
        return range(start, stop, step)

    def bad_shape(self, detail: str) -> errors.BadShape:
        return errors.BadShape(detail, offset=self.offset)


def by_parameter(
    word: Word, name: str, operands: Sequence[Value], options: Mapping[str, Value], offset: int
) -> dict[str, Value]:
    """Return operands and keyword operands by the names of the word's parameters, none twice and none missing."""
    given = dict(options)
    for parameter, operand in zip(word.parameters, operands, strict=False):
        if parameter in given:
            raise errors.SyntaxRejected(f"{name} got '{parameter}' twice", offset=offset)
        given[parameter] = operand
    for parameter in word.parameters:
        if parameter not in given and parameter not in word.keywords:
            raise errors.BadArity(f"{name} needs '{parameter}'", offset=offset)
    return given
