"""One call of a word of arrays: its operands, and the arithmetic that its function is written in."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_index
from numpy.typing import NDArray

from app import errors
from app.language.building.array_builder import ArrayBuilder
from app.language.expression.values import Shape, Value, tuple_of
from app.language.vocabulary.word import Word

LARGEST = int(np.iinfo(np.intc).max)
"""Largest axis or length: NumPy takes a C int, and raises OverflowError beyond."""


class ArrayCall:
    """A call of a word, spelled ``name``: its operands by parameter, converted as its function needs them."""

    def __init__(self, builder: ArrayBuilder, name: str, given: Mapping[str, Value], offset: int) -> None:
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

    def array(self, name: str, rank: int | None = None) -> Value:
        """Return an operand as numbers or conditions, which must have ``rank`` axes if that is given."""
        found = self.builder.array(self._given[name], self.offset)
        if rank is not None and len(found.shape) != rank:
            raise self.bad_shape(f"{self.name} takes an array of {rank} axes, not of shape {list(found.shape)}")
        return found

    def number(self, name: str) -> Value:
        """Return an operand as one number."""
        return self.builder.single(self._given[name], self.offset)

    def integers(self, name: str) -> list[int]:
        """Return an operand that is an integer or a list of them."""
        return self.integers_of(self._given[name], name)

    def integers_of(self, value: Value, name: str) -> list[int]:
        array = self.builder.array(value, self.offset)
        if not array.shape:
            return [self.checked_integer(array, name)]
        known = array.constant
        if known is None or array.kind != "number" or (known.dtype.kind != "i" and known.size):
            raise errors.SyntaxRejected(f"{name} must be an integer known from the text", offset=self.offset)
        if known.size and np.abs(known).max() > LARGEST:
            raise errors.TooComplex(f"{name} is beyond {LARGEST}", offset=self.offset)
        return [int(each) for each in known.ravel()]

    def axis(self, array: Value, default: int | None = None) -> int | None:
        """Return the axis of the call; None means all axes."""
        return self.checked_axis(self.integer("axis", 0), array.shape) if self.has("axis") else default

    def axes(self, array: Value) -> tuple[int, ...]:
        """Return the axes of the call, all of them if it has none; an axis may be a tuple."""
        if not self.has("axis"):
            return tuple(range(len(array.shape)))
        found = [self.checked_axis(axis, array.shape) for axis in self.integers("axis")]
        if len(set(found)) < len(found):
            raise self.bad_shape(f"an axis of {self.name} is given twice")
        return tuple(sorted(found))

    def check_known(self, count: int) -> None:
        """Refuse to make an array that is known from the text if it has too many elements."""
        most = self.builder.limits.max_known_elements
        if count > most:
            what = f"an array of more than {most} elements that are known from the text"
            raise errors.TooComplex(what, offset=self.offset)

    # Arithmetic on whole arrays

    def known(self, array: NDArray[Any] | float) -> Value:
        return self.builder.known(np.asarray(array))

    def emit(self, opcode: str, parameters: tuple[Any, ...], *operands: Value) -> Value:
        return self.builder.emit(opcode, parameters, *operands, offset=self.offset)

    def of(self, word: str, *operands: Value) -> Value:
        return self.builder.call(word, operands, self.offset)

    def numbers(self, *operands: Value) -> list[Value]:
        return [self.builder.number(operand, self.offset) for operand in operands]

    def add(self, *terms: Value) -> Value:
        return self.builder.sum(self.numbers(*terms), "+" * len(terms), self.offset)

    def sub(self, x: Value, y: Value) -> Value:
        return self.builder.sum(self.numbers(x, y), "+-", self.offset)

    def mul(self, *factors: Value) -> Value:
        return self.builder.product(self.numbers(*factors), "*" * len(factors), self.offset)

    def div(self, x: Value, y: Value) -> Value:
        return self.builder.product(self.numbers(x, y), "*/", self.offset)

    def select(self, condition: Value, chosen: Value, other: Value) -> Value:
        return self.builder.choose(self.builder.condition(condition, self.offset), chosen, other, self.offset)

    def stacked(self, items: Sequence[Value]) -> Value:
        return self.builder.array(tuple_of(items), self.offset)

    def reshape(self, value: Value, shape: Shape) -> Value:
        return self.emit("reshape", (shape,), value)

    def broadcast(self, value: Value, shape: Shape) -> Value:
        own = value.shape
        if len(own) > len(shape) or any(a not in (1, b) for a, b in zip(own[::-1], shape[::-1], strict=False)):
            raise self.bad_shape(f"{self.name}: an array of shape {list(own)} is not broadcast to {list(shape)}")
        return self.builder.broadcast(value, shape, self.offset)


def by_parameter(
    word: Word, name: str, operands: Sequence[Value], options: Mapping[str, Value], offset: int
) -> dict[str, Value]:
    """Return operands and keyword operands by the names of the word's parameters, none twice and none missing."""
    given = dict(options)
    by_position = word.parameters if word.arity[1] is not None else word.parameters[: word.arity[0]]
    for parameter, operand in zip(by_position, operands, strict=False):
        if parameter in given:
            raise errors.SyntaxRejected(f"{name} got '{parameter}' twice", offset=offset)
        given[parameter] = operand
    for parameter in word.parameters[: word.arity[0]]:
        if parameter not in given:
            raise errors.BadArity(f"{name} needs '{parameter}'", offset=offset)
    return given


ArrayWord = Callable[[ArrayCall], Value]
VariadicWord = Callable[[ArrayCall, list[Value]], Value]
"""Function of a word with any number of operands."""
