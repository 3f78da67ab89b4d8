"""Arrays that a client has named, placed as the arguments of a function, and flat derivatives placed back.

A function is asked for its arguments by their names. Where none is called X, one array of that name may stand for all
of them: for the only argument, or for the vector of several numbers. Axes before those that an argument has are a
batch, and broadcast as in NumPy.

Derivatives are flat: a point has n numbers, the arrays one behind the other, and a batch b points.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app import algebra, errors, functions, points

Array = NDArray[Any]
Shape = tuple[int, ...]

ALL = "X"
"""The array that may stand for all arguments."""


@dataclass(frozen=True, slots=True)
class Input:
    """An array of the client's.

    Attributes:
        name: of it.
        shape: with the axes of a batch.
        own: without.
        start: where in a point it begins.
        stop: where it ends.
    """

    name: str
    shape: Shape
    own: Shape
    start: int
    stop: int

    @property
    def rows(self) -> int:
        """How many points' worth it holds."""
        return math.prod(self.shape[: len(self.shape) - len(self.own)])

    def row(self, lead: Shape) -> Array:
        """Return for each point of a batch which of the array's rows it is made of, shape (b,)."""
        mine = self.shape[: len(self.shape) - len(self.own)]
        return np.broadcast_to(np.arange(self.rows).reshape(mine), lead).ravel()


@dataclass(frozen=True, slots=True)
class Frame:
    """How arrays make up points.

    Attributes:
        inputs: the arrays, in the order of the arguments.
        lead: axes of the batch; () for one point.
        shapes: of the function's arguments.
    """

    inputs: tuple[Input, ...]
    lead: Shape
    shapes: tuple[Shape, ...]

    @property
    def batch(self) -> int:
        """Number of points."""
        return math.prod(self.lead)

    @property
    def count(self) -> int:
        """Numbers of a point."""
        return self.inputs[-1].stop

    @property
    def gradient(self) -> Shape:
        """Shape of the gradient at a point: the array's, or a vector where there are several."""
        return self.inputs[0].own if len(self.inputs) == 1 else (self.count,)

    def point(self, arrays: Mapping[str, Array]) -> points.Point:
        """Return the arrays as points for the engine."""
        rows = self.flat(arrays)
        flat = rows.astype(np.float64, copy=False).T
        return points.Point(flat, self.shapes, self.batch) if self.lead else points.Point(flat[:, 0], self.shapes, None)

    def flat(self, arrays: Mapping[str, Array]) -> Array:
        """Return arrays in the shapes of inputs as rows, shape (b, n); those that are not there are 0."""
        rows = []
        for each in self.inputs:
            array = arrays.get(each.name)
            whole = np.zeros(()) if array is None else array
            rows.append(np.broadcast_to(whole, self.lead + each.own).reshape(self.batch, -1))
        return rows[0] if len(rows) == 1 else np.concatenate(rows, axis=1)

    def gathered(self, rows: Array, each: Input) -> Array:
        """Return cotangents of points (b, n) as the cotangent of an array: summed where it was broadcast."""
        mine = rows[:, each.start : each.stop]
        if each.rows == self.batch:
            return mine.reshape(each.shape)
        sums = np.zeros((each.rows, mine.shape[1]), rows.dtype)
        np.add.at(sums, each.row(self.lead), mine)
        return sums.reshape(each.shape)

    def spread(self, rows: Array, own: Shape, each: Input) -> Array:
        """Return Jacobians at each point (b, m, n) as that of outputs lead + own by an array: the points' side by side.

        A point's output does not depend on other points, so of a batch all but the diagonal is 0.
        """
        mine = rows[:, :, each.start : each.stop]
        if self.batch == 1:
            return mine.reshape(self.lead + own + each.shape)
        whole = np.zeros((self.batch, mine.shape[1], each.rows, mine.shape[2]), rows.dtype)
        whole[np.arange(self.batch), :, each.row(self.lead)] = mine
        return whole.reshape(self.lead + own + each.shape)


def shape(value: Any, field: str) -> Shape:
    """Return a shape that a client has written.

    Raises:
        errors.InvalidField: it is no list of sizes.
        errors.TooComplex: too many axes.
    """
    if not isinstance(value, list) or not all(type(size) is int and 0 <= size < 1 << 31 for size in value):
        raise errors.InvalidField("shape is a list of sizes", field=field)
    if len(value) > algebra.MAX_RANK:
        raise errors.TooComplex(f"an array of more than {algebra.MAX_RANK} axes", field=field)
    return tuple(value)


def rank(value: Any, field: str) -> int | list[int] | None:
    """Return how many axes the arguments have, as a client has written it: a number, or one for each.

    Raises:
        errors.InvalidField: it is something else.
    """
    ranks = value if isinstance(value, list) else [] if value is None else [value]
    if not all(type(each) is int and 0 <= each <= algebra.MAX_RANK for each in ranks):
        raise errors.InvalidField("rank is a number of axes, or one for each argument", field=field)
    return value  # type: ignore[no-any-return]


def stands_for_all(function: functions.Function) -> bool:
    """Return whether one array may stand for all arguments."""
    if ALL in function.args:
        return False
    numbers = function.general is not None and not any(function.ranks)
    return len(function.args) == 1 or numbers


def place(
    function: functions.Function,
    given: Mapping[str, Shape],
    limits: points.Limits,
    ranks: int | Sequence[int] | None = None,
) -> Frame:
    """Return how arrays of these shapes make up points of a function.

    Args:
        function: it.
        given: shapes by name.
        limits: bounds on the points.
        ranks: how many axes each argument has, where the text does not say it.

    Raises:
        errors.InvalidField: an array is missing or not an argument.
        errors.BadShape: the shapes do not fit.
        errors.TooComplex: over a limit.
    """
    if stands_for_all(function) and list(given) == [ALL]:
        return _whole(function, given[ALL], limits, ranks)
    _check_names(function, given)
    wanted = _ranks(function, [len(given[name]) for name in function.args], ranks)
    shapes = [given[name] for name in function.args]
    return _frame(function.args, shapes, wanted, limits)


def _whole(
    function: functions.Function, shape: Shape, limits: points.Limits, ranks: int | Sequence[int] | None
) -> Frame:
    if len(function.args) == 1:
        return _frame((ALL,), [shape], _ranks(function, [len(shape)], ranks), limits)
    count = len(function.args)
    if not shape or shape[-1] != count:
        detail = f"X has shape {list(shape)}, but the function has {count} arguments: its last axis must have {count}"
        raise errors.BadShape(detail, field=f"inputs.{ALL}")
    frame = _frame((ALL,), [shape], [1], limits)
    return Frame(frame.inputs, frame.lead, ((),) * count)


def _check_names(function: functions.Function, given: Mapping[str, Shape]) -> None:
    for name in function.args:
        if name not in given:
            hint = f"or give one array {ALL} for all" if stands_for_all(function) else None
            detail = f"there is no input for the argument {errors.quote(name)}"
            raise errors.InvalidField(detail, hint=hint, field=f"inputs.{name[:80]}")
    for name in given:
        if name not in function.args:
            listed = errors.quote(", ".join(function.args))
            detail = f"{errors.quote(name)} is not an argument of the function; its arguments are {listed}"
            raise errors.InvalidField(detail, field=f"inputs.{name[:80]}")


def _ranks(function: functions.Function, axes: Sequence[int], given: int | Sequence[int] | None) -> list[int]:
    """Return how many axes each argument has, the batch's apart.

    Where the text leaves it open a function's one argument is a vector, or a number if it comes as one, and of
    several an argument has the axes it comes with, but for those of the batch that others show.
    """
    count = len(function.args)
    if given is not None:
        ranks = [given] * count if isinstance(given, int) else list(given)
        if len(ranks) != count:
            raise errors.InvalidField(f"rank has {len(ranks)} entries for {count} argument(s)", field="inputs.rank")
        return ranks
    known = [axis - rank for axis, rank in zip(axes, function.ranks, strict=True) if rank is not None]
    lead = max(0, *known, axes[0] - 1 if count == 1 and not known else 0)
    return [max(axis - lead, 0) if rank is None else rank for axis, rank in zip(axes, function.ranks, strict=True)]


def _frame(names: Sequence[str], shapes: Sequence[Shape], ranks: Sequence[int], limits: points.Limits) -> Frame:
    leads, owns = [], []
    for name, shape, rank in zip(names, shapes, ranks, strict=True):
        if len(shape) < rank:
            detail = f"{errors.quote(name)} has shape {list(shape)}, but the function uses it with {rank} axes"
            raise errors.BadShape(detail, field=f"inputs.{name}")
        leads.append(shape[: len(shape) - rank])
        owns.append(shape[len(shape) - rank :])
    lead = _broadcast(leads)
    ends = np.cumsum([0, *map(math.prod, owns)], dtype=object).tolist()
    _check_size(lead, max([ends[-1], *map(algebra.span, owns)]), limits)
    inputs = [
        Input(name, shape, own, start, stop)
        for name, shape, own, start, stop in zip(names, shapes, owns, ends, ends[1:], strict=False)
    ]
    return Frame(tuple(inputs), lead, tuple(owns))


def _broadcast(leads: Sequence[Shape]) -> Shape:
    lead: Shape = ()
    for each in leads:
        longer = (1,) * (len(lead) - len(each)) + each
        before = (1,) * (len(longer) - len(lead)) + lead
        if any(1 not in pair and pair[0] != pair[1] for pair in zip(before, longer, strict=True)):
            raise errors.BadShape(f"batches of shapes {list(lead)} and {list(each)} do not fit", field="inputs")
        lead = tuple(two if one == 1 else one for one, two in zip(before, longer, strict=True))
    return lead


def _check_size(lead: Shape, count: int, limits: points.Limits) -> None:
    batch = math.prod(lead)
    if batch == 0:
        raise errors.BadShape("the batch is empty", field="inputs")
    if batch > limits.max_points:
        raise errors.TooComplex(f"{batch} points, the limit is {limits.max_points}", field="inputs")
    if batch * count > limits.max_elements:
        raise errors.TooComplex(f"the points have more than {limits.max_elements} numbers", field="inputs")
