"""Arrays by the names of a function's arguments, as points of the function, and flat derivatives as arrays again.

Each argument gets the array of its name. Where no argument is called X, one array X may hold all arguments: the only
argument, or the vector of several numbers. An array's last axes are those of its argument; the axes before are the
batch, and the batches of all arrays broadcast as in NumPy.

A point has n numbers, all arguments flat in their order. A batch has b points. Derivatives come from the engine flat,
with shapes (b, n) and (b, m, n).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app import errors
from app.engine import points
from app.engine.functions import bindings, functions
from app.language.expression import values

Array = NDArray[Any]
Shape = tuple[int, ...]
Rank = int | Sequence[int] | None
"""Number of axes of the arguments as a client tells it: one for all, one for each, None if only the text tells it."""

Arguments = functions.Function | bindings.FreeArguments

X = "X"
"""Name of the array that may hold all arguments."""

MAX_SIZE = 1 << 31
"""Axes are shorter."""


@dataclass(frozen=True, slots=True)
class NamedArray:
    """An array of a request, without its numbers. In a point it lies from ``start`` to ``stop``."""

    name: str
    shape: Shape
    point_shape: Shape  # without the batch axes
    start: int
    stop: int

    @property
    def batch_shape(self) -> Shape:
        """The batch axes of this array, before broadcasting."""
        return self.shape[: len(self.shape) - len(self.point_shape)]

    @property
    def rows(self) -> int:
        """Number of points that the array has numbers for."""
        return math.prod(self.batch_shape)

    def row_of_points(self, batch_shape: Shape) -> Array:
        """Return the row of the array that each point of a batch takes its numbers from, shape (b,)."""
        return np.broadcast_to(np.arange(self.rows).reshape(self.batch_shape), batch_shape).ravel()


@dataclass(frozen=True, slots=True)
class ArrayLayout:
    """How the arrays of a request, in the order of the arguments, make up the points of a function."""

    arrays: tuple[NamedArray, ...]
    batch_shape: Shape  # () for one point
    argument_shapes: tuple[Shape, ...]

    @property
    def batch(self) -> int:
        """Number of points."""
        return math.prod(self.batch_shape)

    @property
    def gradient_shape(self) -> Shape:
        """Shape of the gradient at a point: the array's if there is one array, else (n,)."""
        return self.arrays[0].point_shape if len(self.arrays) == 1 else (self.arrays[-1].stop,)

    def point(self, numbers: Mapping[str, Array]) -> points.Point:
        """Return the points that arrays make up."""
        flat = self.flatten(numbers).astype(np.float64, copy=False)
        if self.batch_shape:
            return points.Point(flat, self.argument_shapes, self.batch)
        return points.Point(flat[0], self.argument_shapes, None)

    def flatten(self, numbers: Mapping[str, Array]) -> Array:
        """Return arrays as rows of shape (b, n), zeros for a missing array."""
        rows = []
        for array in self.arrays:
            value = numbers.get(array.name, np.zeros(()))
            rows.append(np.broadcast_to(value, self.batch_shape + array.point_shape).reshape(self.batch, -1))
        return rows[0] if len(rows) == 1 else np.concatenate(rows, axis=1)

    def cotangent(self, rows: Array, array: NamedArray) -> Array:
        """Return the cotangent of an array from those of the points, (b, n): the sum over broadcast batch axes."""
        own = rows[:, array.start : array.stop]
        if array.rows == self.batch:
            return own.reshape(array.shape)
        sums = np.zeros((array.rows, own.shape[1]), rows.dtype)
        np.add.at(sums, array.row_of_points(self.batch_shape), own)
        return sums.reshape(array.shape)

    def jacobian(self, rows: Array, output_shape: Shape, array: NamedArray) -> Array:
        """Return the Jacobian of an output by an array, shape ``batch_shape + output_shape + array.shape``.

        ``rows`` are the Jacobians at each point, (b, m, n). A point's output does not depend on other points, so the
        Jacobian of a batch is block-diagonal.
        """
        own = rows[:, :, array.start : array.stop]
        if self.batch == 1:
            return own.reshape(self.batch_shape + output_shape + array.shape)
        blocks = np.zeros((self.batch, own.shape[1], array.rows, own.shape[2]), rows.dtype)
        blocks[np.arange(self.batch), :, array.row_of_points(self.batch_shape)] = own
        return blocks.reshape(self.batch_shape + output_shape + array.shape)


def read_shape(value: Any, field: str) -> Shape:
    """Return the shape that a client has written as a list of sizes."""
    if not isinstance(value, list) or not all(type(size) is int and 0 <= size < MAX_SIZE for size in value):
        raise errors.InvalidField("shape is a list of sizes", field=field)
    if len(value) > values.MAX_RANK:
        raise errors.TooComplex(f"an array of more than {values.MAX_RANK} axes", field=field)
    return tuple(value)


def read_rank(value: Any, field: str) -> Rank:
    """Return the rank that a client has written."""
    ranks = value if isinstance(value, list) else [] if value is None else [value]
    if not all(type(rank) is int and 0 <= rank <= values.MAX_RANK for rank in ranks):
        raise errors.InvalidField("rank is a number of axes, or one for each argument", field=field)
    return value  # type: ignore[no-any-return]


def takes_x(function: Arguments) -> bool:
    """Return whether one array X may hold all arguments of a function."""
    if X in function.args:
        return False
    only_numbers = function.general is not None and not any(function.ranks)
    return len(function.args) == 1 or only_numbers


def layout(function: Arguments, shapes: Mapping[str, Shape], limits: points.PointLimits, rank: Rank) -> ArrayLayout:
    """Return how arrays of these shapes make up points of a function.

    Raises errors.InvalidField if an array is missing or is not of an argument, errors.BadShape if the shapes do not
    fit, errors.TooComplex if the points are over a limit.
    """
    count = len(function.args)
    if not takes_x(function) or list(shapes) != [X]:
        _check_names(function, shapes)
        own_shapes = [shapes[name] for name in function.args]
        return _layout(function.args, own_shapes, _ranks(function, own_shapes, rank), limits)
    shape = shapes[X]
    if count == 1:
        return _layout((X,), [shape], _ranks(function, [shape], rank), limits)
    if not shape or shape[-1] != count:
        detail = f"X has shape {list(shape)}, but the function has {count} arguments: its last axis must have {count}"
        raise errors.BadShape(detail, field=f"inputs.{X}")
    vector = _layout((X,), [shape], [1], limits)
    return ArrayLayout(vector.arrays, vector.batch_shape, ((),) * count)


def _check_names(function: Arguments, given: Mapping[str, Shape]) -> None:
    for name in function.args:
        if name not in given:
            hint = f"or give one array {X} for all" if takes_x(function) else None
            detail = f"there is no input for the argument {errors.quote(name)}"
            raise errors.InvalidField(detail, hint=hint, field=f"inputs.{name[:80]}")
    for name in given:
        if name not in function.args:
            args = errors.quote(", ".join(function.args))
            detail = f"{errors.quote(name)} is not an argument of the function; its arguments are {args}"
            raise errors.InvalidField(detail, field=f"inputs.{name[:80]}")


def _ranks(function: Arguments, shapes: Sequence[Shape], given: Rank) -> list[int]:
    """Return the rank of each argument, from the shape of its array and the rank that the client tells.

    If the text does not tell the rank of an only argument, the argument is a vector, or a number if its array has no
    axes. If the text does not tell the rank of one of several arguments, the argument has the axes of its array less
    the batch axes of the other arrays.
    """
    count = len(function.args)
    if given is not None:
        ranks = [given] * count if isinstance(given, int) else list(given)
        if len(ranks) != count:
            raise errors.InvalidField(f"rank has {len(ranks)} entries for {count} argument(s)", field="inputs.rank")
        return ranks
    axes = list(zip(map(len, shapes), function.ranks, strict=True))
    known = [axis - rank for axis, rank in axes if rank is not None]
    batch_axes = max(0, *known, len(shapes[0]) - 1 if count == 1 and not known else 0)
    return [max(axis - batch_axes, 0) if rank is None else rank for axis, rank in axes]


def _layout(
    names: Sequence[str], shapes: Sequence[Shape], ranks: Sequence[int], limits: points.PointLimits
) -> ArrayLayout:
    batch_shapes, point_shapes = [], []
    for name, shape, rank in zip(names, shapes, ranks, strict=True):
        if len(shape) < rank:
            detail = f"{errors.quote(name)} has shape {list(shape)}, but the function uses it with {rank} axes"
            raise errors.BadShape(detail, field=f"inputs.{name}")
        batch_shapes.append(shape[: len(shape) - rank])
        point_shapes.append(shape[len(shape) - rank :])
    batch_shape = _broadcast(batch_shapes)
    ends = np.cumsum([0, *map(math.prod, point_shapes)], dtype=object).tolist()
    _check_size(batch_shape, max([ends[-1], *map(values.charged_cells, point_shapes)]), limits)
    arrays = map(NamedArray, names, shapes, point_shapes, ends[:-1], ends[1:])
    return ArrayLayout(tuple(arrays), batch_shape, tuple(point_shapes))


def _broadcast(shapes: Sequence[Shape]) -> Shape:
    """Return the shape that batches broadcast to, also beyond 2**63 numbers, which NumPy refuses."""
    result: Shape = ()
    for shape in shapes:
        left = (1,) * (len(shape) - len(result)) + result
        right = (1,) * (len(result) - len(shape)) + shape
        if any(1 not in pair and pair[0] != pair[1] for pair in zip(left, right, strict=True)):
            raise errors.BadShape(f"batches of shapes {list(result)} and {list(shape)} do not fit", field="inputs")
        result = tuple(b if a == 1 else a for a, b in zip(left, right, strict=True))
    return result


def _check_size(batch_shape: Shape, numbers: int, limits: points.PointLimits) -> None:
    batch = math.prod(batch_shape)
    if batch == 0:
        raise errors.BadShape("the batch is empty", field="inputs")
    if batch > limits.max_points:
        raise errors.TooComplex(f"{batch} points, the limit is {limits.max_points}", field="inputs")
    if batch * numbers > limits.max_elements:
        raise errors.TooComplex(f"the points have more than {limits.max_elements} numbers", field="inputs")
