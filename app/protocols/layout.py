"""Input vectors to the arguments of a function: how many vectors there are, how long, and which numbers are whose.

A client of UM-Bridge knows vectors only. They are the arguments behind one another: all in one vector ("vector"), or
each in a vector of its own ("args"). Either way the vectors behind one another are the function's flat point.

The length of an argument that is used as an array is what the client declares, else what the indices in the text
need (``X[0]*X[2]`` makes three), else what the client sends.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app import errors, functions, lexing

Array = NDArray[np.float64]
Shape = tuple[int, ...]
Json = Any

_MAX_AXES = 8


@dataclass(frozen=True, slots=True)
class Layout:
    """The vectors of a function.

    Attributes:
        shapes: shape of each argument.
        joined: whether all arguments are one vector.
    """

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

    def spread(self, vector: int, numbers: Array) -> list[Json]:
        """Return numbers for one vector and zeros for the others as JSON, one entry for each argument."""
        flat = np.zeros(sum(self.sizes))
        flat[self.part(vector)] = numbers
        ends = [0, *itertools.accumulate(map(math.prod, self.shapes))]
        pieces = zip(itertools.pairwise(ends), self.shapes, strict=True)
        return [flat[start:stop].reshape(shape).tolist() for (start, stop), shape in pieces]


def declared(shapes: Json, args: Sequence[str], max_elements: int) -> dict[str, Shape]:
    """Return the shapes a client declares, an object of lengths or lists of them by argument name.

    Raises:
        errors.InvalidField: not that, or not of arguments.
        errors.TooComplex: over ``max_elements`` numbers.
    """
    if not isinstance(shapes, dict):
        raise errors.InvalidField('shapes is an object such as {"X": [3]}', field="config.shapes")
    found: dict[str, Shape] = {}
    for given, shape in shapes.items():
        name = lexing.identifier(given)
        if name not in args:
            raise errors.InvalidField(f"shapes names {errors.quote(given)}, which is not an argument")
        found[name] = _shape(shape, name)
        if math.prod(found[name]) > max_elements:
            raise errors.TooComplex(f"{errors.quote(name)} has more than {max_elements} numbers", field="config.shapes")
    return found


def known(args: Sequence[str], given: dict[str, Shape], parts: Sequence[functions.Function]) -> list[Shape | None]:
    """Return the shape of each argument as far as config and text tell, None where only what is sent will.

    Args:
        args: argument names in order.
        given: shapes declared by name.
        parts: the function; or the functions of each of its values, which may tell more.
    """
    if any(part.general is None for part in parts):
        # Who declares shapes declares those of all arrays: what is left is numbers.
        rest = () if given else None
        return [given.get(name, rest) for name in args]
    return [given[name] if name in given else _extent(index, parts) for index, name in enumerate(args)]


def candidates(
    args: Sequence[str], shapes: Sequence[Shape | None], lengths: Sequence[int] | None, *, joined: bool
) -> list[Layout]:
    """Return the layouts that vectors of these lengths may have, the most likely first.

    Args:
        args: argument names in order.
        shapes: as ``known`` returns them.
        lengths: of the vectors sent, None if none are.
        joined: whether all arguments are one vector.

    Raises:
        errors.InvalidField: nothing tells the length of an argument.
    """
    unknown = [index for index, shape in enumerate(shapes) if shape is None]
    if not unknown:
        return [Layout(tuple(shape or () for shape in shapes), joined)]
    expected = 1 if joined else len(args)
    if lengths is not None and len(lengths) == expected:
        if not joined:
            return _each(shapes, lengths)
        rest = lengths[0] - sum(math.prod(shape) for shape in shapes if shape is not None)
        if len(unknown) == 1 and rest >= 1:
            return [Layout(tuple((rest,) if shape is None else shape for shape in shapes), joined)]
    names = ", ".join(args[index] for index in unknown)
    hint = 'say so in config: "shapes": {"%s": [3]}' % args[unknown[-1]]  # noqa: UP031 - braces and quotes
    raise errors.InvalidField(f"nothing tells the length of {errors.quote(names)}", hint=hint, field="config.shapes")


def _each(shapes: Sequence[Shape | None], lengths: Sequence[int]) -> list[Layout]:
    """Return layouts for a vector sent for each argument: one number is a number, or else an array of one."""
    numbers, arrays = (
        tuple(
            ((length,) if length != 1 else one) if shape is None else shape
            for shape, length in zip(shapes, lengths, strict=True)
        )
        for one in ((), (1,))
    )
    return [Layout(found, joined=False) for found in dict.fromkeys((numbers, arrays))]


def _shape(shape: Json, name: str) -> Shape:
    sizes = shape if isinstance(shape, list) else [shape]
    if not all(type(size) is int and size >= 1 for size in sizes) or len(sizes) > _MAX_AXES:
        hint = 'a length or a list of lengths: {"X": 3}, {"A": [2, 3]}, [] for a number'
        raise errors.InvalidField(f"not a shape for {errors.quote(name)}", hint=hint, field="config.shapes")
    return tuple(sizes)


def _extent(argument: int, parts: Sequence[functions.Function]) -> Shape | None:
    """Return the least shape that has all elements of an argument that the text uses, () for a number."""
    ranks = {part.ranks[argument] for part in parts} - {None}
    if not ranks:
        return ()
    if len(ranks) > 1:
        return None
    used = {
        indices
        for part in parts
        if part.general is not None
        for cell in part.general.cells
        for owner, indices in cell.recording.inputs
        if owner == argument
    }
    if not used:
        return (1,) * (ranks.pop() or 0)
    return tuple(1 + max(axis) for axis in zip(*used, strict=True))
