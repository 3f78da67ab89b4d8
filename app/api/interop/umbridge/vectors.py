"""Input vectors of UM-Bridge to the arguments of a function, and back.

The input is the function's arguments, flat and in their order: all in one vector ("vector"), or each in its own vector
("args"). Either way the concatenated vectors are the function's flat point.

The length of an argument that is an array is the one that the client declares, else the one that the indices in the
text need (``X[0]*X[2]`` needs three), else the one of the input.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from app import errors
from app.api.interop.named_arrays import Array, Shape
from app.engine.functions import bindings, functions
from app.language.grammar import lexer

_MAX_AXES = 8


@dataclass(frozen=True, slots=True)
class VectorLayout:
    """How input vectors hold arguments of these shapes: joined in one vector, or each in its own."""

    shapes: tuple[Shape, ...]
    joined: bool

    @property
    def sizes(self) -> list[int]:
        """Length of each vector."""
        lengths = [math.prod(shape) for shape in self.shapes]
        return [sum(lengths)] if self.joined else lengths

    def part(self, vector: int) -> slice:
        """Return where a vector lies in the flat point."""
        ends = [0, *itertools.accumulate(self.sizes)]
        return slice(ends[vector], ends[vector + 1])

    def tangent(self, vector: int, numbers: Array) -> Array:
        """Return a tangent of the flat point: these numbers for one vector, zeros for the others."""
        tangent = np.zeros(sum(self.sizes))
        tangent[self.part(vector)] = numbers
        return tangent

    def check(self, lengths: Sequence[int]) -> None:
        """Raise errors.BadShape if input vectors have other lengths than this layout."""
        if len(lengths) != len(self.sizes):
            detail = f"input has {len(lengths)} vector(s), the model takes {len(self.sizes)}"
            raise errors.BadShape(detail, field="input")
        for index, (length, size) in enumerate(zip(lengths, self.sizes, strict=True)):
            if length != size:
                detail = f"input vector {index} has {length} number(s), the model takes {size}"
                raise errors.BadShape(detail, field=f"input.{index}")


def declared_shapes(shapes: Any, args: Sequence[str], max_elements: int) -> dict[str, Shape]:
    """Return by argument name the shapes that a client declares, in an object of lengths or lists of lengths."""
    if not isinstance(shapes, dict):
        raise errors.InvalidField('shapes is an object such as {"X": [3]}', field="config.shapes")
    declared: dict[str, Shape] = {}
    for given, shape in shapes.items():
        name = lexer.identifier(given)
        if name not in args:
            raise errors.InvalidField(f"shapes names {errors.quote(given)}, which is not an argument")
        declared[name] = _shape(shape, name)
        if math.prod(declared[name]) > max_elements:
            raise errors.TooComplex(f"{errors.quote(name)} has more than {max_elements} numbers", field="config.shapes")
    return declared


def known_shapes(
    args: Sequence[str], declared: dict[str, Shape], inspected: Sequence[functions.Function | bindings.FreeArguments]
) -> list[Shape | None]:
    """Return the shape of each argument as far as configuration and text tell, None where only the input tells.

    ``inspected`` is the function, or a function for each of its values.
    """
    if any(function.general is None for function in inspected):
        # A client that declares shapes declares those of all arrays: the other arguments are numbers.
        rest = () if declared else None
        return [declared.get(name, rest) for name in args]
    return [declared[name] if name in declared else _smallest(index, inspected) for index, name in enumerate(args)]


def layouts(
    args: Sequence[str], shapes: Sequence[Shape | None], lengths: Sequence[int] | None, *, joined: bool
) -> list[VectorLayout]:
    """Return the possible layouts of input vectors of these lengths, the most likely first.

    ``shapes`` are those of ``known_shapes``. ``lengths`` is None for a request without input.
    """
    unknown = [index for index, shape in enumerate(shapes) if shape is None]
    if not unknown:
        return [VectorLayout(tuple(shape or () for shape in shapes), joined)]
    expected = 1 if joined else len(args)
    if lengths is not None and len(lengths) == expected:
        if not joined:
            return _separate(shapes, lengths)
        rest = lengths[0] - sum(math.prod(shape) for shape in shapes if shape is not None)
        if len(unknown) == 1 and rest >= 1:
            return [VectorLayout(tuple((rest,) if shape is None else shape for shape in shapes), joined)]
    names = ", ".join(args[index] for index in unknown)
    hint = 'say so in config: "shapes": {"%s": [3]}' % args[unknown[-1]]  # noqa: UP031 - braces and quotes
    raise errors.InvalidField(f"nothing tells the length of {errors.quote(names)}", hint=hint, field="config.shapes")


def _separate(shapes: Sequence[Shape | None], lengths: Sequence[int]) -> list[VectorLayout]:
    """Return the layouts with a vector for each argument. A vector of length 1 is a number, or else an array."""
    arrays = tuple((length,) if shape is None else shape for shape, length in zip(shapes, lengths, strict=True))
    pairs = zip(shapes, arrays, strict=True)
    numbers = tuple(() if shape is None and array == (1,) else array for shape, array in pairs)
    return [VectorLayout(shapes, joined=False) for shapes in dict.fromkeys((numbers, arrays))]


def _shape(shape: Any, name: str) -> Shape:
    sizes = shape if isinstance(shape, list) else [shape]
    if not all(type(size) is int and size >= 1 for size in sizes) or len(sizes) > _MAX_AXES:
        hint = 'a length or a list of lengths: {"X": 3}, {"A": [2, 3]}, [] for a number'
        raise errors.InvalidField(f"not a shape for {errors.quote(name)}", hint=hint, field="config.shapes")
    return tuple(sizes)


def _smallest(argument: int, inspected: Sequence[functions.Function | bindings.FreeArguments]) -> Shape | None:
    """Return the smallest shape with all elements of an argument that the text uses, () for a number."""
    ranks = {function.ranks[argument] for function in inspected} - {None}
    if not ranks:
        return ()
    if len(ranks) > 1:
        return None
    used = {
        indices
        for function in inspected
        if function.general is not None
        for plan in function.general.plans
        for owner, indices in plan.recording.inputs
        if owner == argument
    }
    if not used:
        return (1,) * (ranks.pop() or 0)
    return tuple(1 + max(axis) for axis in zip(*used, strict=True))
