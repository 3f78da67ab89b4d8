"""Points and directions from JSON to flat arrays.

An argument is a number, shape (), or an array. With ``in_axes`` it may carry a leading batch axis, as in ``jax.vmap``.
The flat point is the row-major concatenation of the arguments in order, float64 of shape (n,) or (batch, n); the flat
value has m numbers.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app import errors
from app.language.expression import values
from app.language.grammar import lexer
from app.language.vocabulary import words
from app.language.vocabulary.foreign import lookup

Json = Any
Array = NDArray[Any]
Shape = tuple[int, ...]

NUMERIC = frozenset({int, float})  # types of numbers in JSON
_POINTS = frozenset({list, dict})
_FEW_NUMBERS = 64  # stay a list
_FEW = 1000  # numbers of a vector that becomes part of one array; longer ones stay apart, each aligned

_MAX_FLAT = 1 << 26
"""Numbers of all points together: half a gigabyte. Arguments without a batch axis count for each point."""


@dataclass(frozen=True, slots=True)
class PointLimits:
    """Bounds on a point."""

    max_points: int = 100_000
    max_elements: int = 2_000_000


class Point:
    """A point in the shape of a function's arguments.

    Args:
        flat: (n,), or (batch, n) with a batch axis. A list of n numbers becomes an array when it is first read as one,
            and None is made of ``arrays``.
        shapes: of each argument, without the batch axis.
        batch: number of points, None for one point.
        arrays: each argument, if ``flat`` is not given.
        batched: whether each of ``arrays`` has the batch axis, as its first.
    """

    __slots__ = ("_arrays", "_batched", "_flat", "batch", "shapes")

    def __init__(
        self,
        flat: Array | list[float] | None,
        shapes: tuple[Shape, ...],
        batch: int | None,
        arrays: Sequence[Array] = (),
        batched: Sequence[bool] = (),
    ) -> None:
        self._flat, self.shapes, self.batch = flat, shapes, batch
        self._arrays, self._batched = arrays, batched

    @property
    def flat(self) -> Array:
        """All numbers of the point, (n,) or (batch, n); an argument without a batch axis is repeated."""
        if not isinstance(self._flat, np.ndarray):
            self._flat = self._flattened() if self._flat is None else np.array(self._flat, np.float64)
        return self._flat

    @property
    def numbers(self) -> Array | list[float]:
        """All numbers of one point, (n,), a list if they came as one: several points become one array together."""
        return self.flat if self._flat is None else self._flat

    @property
    def rows(self) -> Array:
        """The points as rows, shape (batch, n); batch is 1 for one point."""
        return self.flat[None] if self.batch is None else self.flat

    @property
    def count(self) -> int:
        """Number of points."""
        return 1 if self.batch is None else self.batch

    @property
    def size(self) -> int:
        """Number of numbers of one point."""
        return sum(map(math.prod, self.shapes))

    def with_shapes(self, shapes: tuple[Shape, ...]) -> Point:
        """Return the point with its arguments in other shapes of as many numbers."""
        return Point(self._flat, shapes, self.batch, self._arrays, self._batched)

    @property
    def batched(self) -> Sequence[bool]:
        """Whether each argument has the batch axis."""
        return self._batched if self._flat is None else [self.batch is not None] * len(self.shapes)

    def arguments(self, index: int) -> list[Array]:
        """Return the arguments at a point, each in its shape; nothing is copied."""
        if self._flat is None:
            chosen = zip(self._arrays, self._batched, self.shapes, strict=True)
            return [(array[index] if own else array).reshape(shape) for array, own, shape in chosen]
        return split(self.rows[index], self.shapes)

    def piece(self, start: int, stop: int) -> list[Array]:
        """Return the arguments at some points of a batch; those with the batch axis have it first."""
        if self._flat is None:
            chosen = zip(self._arrays, self._batched, self.shapes, strict=True)
            return [
                array[start:stop].reshape(-1, *shape) if own else array.reshape(shape) for array, own, shape in chosen
            ]
        return split(self.flat[start:stop], self.shapes)

    def _flattened(self) -> Array:
        if self.batch is None:
            return np.concatenate([array.ravel() for array in self._arrays])
        if self.batch * self.size > _MAX_FLAT:
            raise errors.TooComplex(
                f"{self.batch} points of {self.size} numbers",
                hint="ask for fewer points at once",
                field="point",
            )
        # In memory one input behind the other, as executables and the interpreter read them: see ``Plan.columns``.
        columns = [
            array.reshape(self.batch, -1).T if own else np.broadcast_to(array.reshape(-1, 1), (array.size, self.batch))
            for array, own in zip(self._arrays, self._batched, strict=True)
        ]
        return np.concatenate(columns).T


def split(flat: Array, shapes: Sequence[Shape]) -> list[Array]:
    """Return the arrays of these shapes whose elements are a flat array, (..., n), behind the same leading axes."""
    ends = itertools.accumulate(map(math.prod, shapes), initial=0)
    places = zip(itertools.pairwise(ends), shapes, strict=True)
    return [flat[..., start:stop].reshape((*flat.shape[:-1], *shape)) for (start, stop), shape in places]


def bind(
    point: Json,
    args: Sequence[str],
    ranks: Sequence[int | None],
    in_axes: int | Sequence[int | None] | None,
    limits: PointLimits = PointLimits(),
    list_ranks: Sequence[int | None] | None = None,
    defaults: Mapping[str, Json] | None = None,
) -> Point:
    """Fit a JSON point to a function's arguments.

    The point is a list with one entry for each argument, an object by name, or, for a function of one argument, the
    number or list that is that argument. ``ranks`` says how the function uses each: None not at all, 0 as a number,
    r >= 1 with r indices. ``list_ranks`` tells a list that is the one argument from a list with one entry, the
    argument; it is ``ranks`` if not given. Arguments with ``defaults`` may be left out, in a list the last ones. Raises
    ``errors.InvalidField``, ``BadShape`` or ``TooComplex``.
    """
    if in_axes is None and type(point) in _POINTS:
        quick = _quick(point, args, ranks, list_ranks or ranks, limits)
        if quick is not None:
            return quick
    elif type(point) in NUMERIC and len(args) - len(defaults or ()) <= 1:
        point = [point]
    if defaults:
        point, in_axes = _completed(point, args, defaults, in_axes)
    batched = _batched(in_axes, len(args))
    arrays = [
        array(entry, f"point.{index}" if isinstance(point, list) else f"point.{args[index]}")
        for index, entry in enumerate(_entries(point, args, list_ranks or ranks, batched))
    ]
    if sum(array.size for array in arrays) > limits.max_elements:
        raise errors.TooComplex(f"the point has more than {limits.max_elements} numbers", field="point")
    shaped = [
        _fit(array, name, rank, axis) for array, name, rank, axis in zip(arrays, args, ranks, batched, strict=True)
    ]
    batch = _batch(shaped, args, batched, limits)
    shapes = tuple(a.shape[1:] if axis else a.shape for a, axis in zip(shaped, batched, strict=True))
    return Point(None, shapes, batch, shaped, batched)


def _quick(
    point: list[Json] | dict[str, Json],
    args: Sequence[str],
    ranks: Sequence[int | None],
    list_ranks: Sequence[int | None],
    limits: PointLimits,
) -> Point | None:
    """Return a point of numbers and vectors, the common case; None if it has anything else."""
    if isinstance(point, dict):
        if len(point) != len(args) or not point.keys() >= set(args):
            return None
        point = [point[name] for name in args]
    shapes: tuple[Shape, ...]
    if len(point) == len(ranks) and not any(list_ranks):
        numbers, shapes = point, ((),) * len(point)
    elif len(list_ranks) == 1 and list_ranks[0] == 1 and len(point) > 1:
        numbers, shapes = point, ((len(point),),)  # the list is the one argument
    elif len(point) == len(ranks):
        numbers, shapes = _joined(point, [rank or listed for rank, listed in zip(ranks, list_ranks, strict=True)])
    else:
        return None
    few = len(numbers) <= _FEW_NUMBERS
    try:
        # A sum that overflows may be of finite numbers: the caller checks each. ``math.fsum`` makes floats of integers.
        if not NUMERIC.issuperset(map(type, numbers)) or not math.isfinite(math.fsum(numbers) if few else sum(numbers)):
            return None
        chosen = numbers if few else np.array(numbers, np.float64)
        return None if len(numbers) > limits.max_elements else Point(chosen, shapes, None)
    except OverflowError:
        return None


def _joined(point: list[Json], ranks: Sequence[int | None]) -> tuple[list[Json], tuple[Shape, ...]]:
    """Return the few numbers of numbers and vectors, and the shapes of these; None among them if they are not that."""
    numbers: list[Json] = []
    shapes: list[Shape] = []
    for entry, rank in zip(point, ranks, strict=True):
        if type(entry) is list and rank == 1 and len(entry) <= _FEW:
            numbers += entry
            shapes.append((len(entry),))
        else:
            numbers.append(None if rank else entry)
            shapes.append(())
    return numbers, tuple(shapes)


def _batched(in_axes: int | Sequence[int | None] | None, count: int) -> list[bool]:
    if in_axes is None:
        return [False] * count
    axes = [in_axes] * count if isinstance(in_axes, int) else list(in_axes)
    if len(axes) != count:
        raise errors.InvalidField(f"in_axes has {len(axes)} entries for {count} argument(s)", field="in_axes")
    if any(axis not in (0, None) for axis in axes):
        raise errors.InvalidField("in_axes takes 0 and null: the batch axis comes first", field="in_axes")
    if all(axis is None for axis in axes):
        raise errors.InvalidField("in_axes maps no argument: at least one entry must be 0", field="in_axes")
    return [axis == 0 for axis in axes]


def _completed(
    point: Json, args: Sequence[str], defaults: Mapping[str, Json], in_axes: int | Sequence[int | None] | None
) -> tuple[Json, int | Sequence[int | None] | None]:
    """Return a point with the default values of the arguments that it leaves out, which have no batch axis."""
    if isinstance(point, dict):
        given = {lexer.identifier(name) for name in point}
        left_out = [name for name in args if name not in given and name in defaults]
        point = {**point, **{name: defaults[name] for name in left_out}}
    elif isinstance(point, list):
        left_out = [name for name in args[len(point) :] if name in defaults]
        point = [*point, *[defaults[name] for name in left_out]] if len(point) + len(left_out) == len(args) else point
    else:
        return point, in_axes
    if isinstance(in_axes, int):
        in_axes = [None if name in left_out else in_axes for name in args]
    elif in_axes is not None and len(in_axes) == len(args) - len(left_out):
        axes = iter(in_axes)
        in_axes = [None if name in left_out else next(axes) for name in args]
    return point, in_axes


def _entries(point: Json, args: Sequence[str], ranks: Sequence[int | None], batched: Sequence[bool]) -> list[Json]:
    """Return one entry for each argument."""
    if isinstance(point, dict):
        return _by_name(point, args)
    if not isinstance(point, list):
        hint = "give one entry for each argument, [1.5, 2.0], or an object by name"
        raise errors.InvalidField("point must be a list or an object", hint=hint, field="point")
    if len(args) == 1 and is_argument(point, (ranks[0] or 0) + batched[0]):
        return [point]
    if len(point) != len(args):
        listed = errors.quote(", ".join(args))
        detail = f"point has {len(point)} entries for {len(args)} argument(s) {listed}"
        raise errors.InvalidField(detail, hint=_mistaken(args), field="point")
    return point


def _mistaken(args: Sequence[str]) -> str | None:
    """Return a hint if an argument has the name that a constant or function has in another language: NaN, Sin[x]."""
    for name in args:
        found = lookup.constant(name)
        if name in words.BY_NAME:
            found = f"it is a function, too: write {lookup.call(name)}"
        elif name.lower() in words.BY_NAME:
            found = f"write {lookup.call(name.lower())}"
        found = found or lookup.function(name)
        if found is not None:
            return f"{name} is an argument here: {found}"
    return None


def _by_name(point: Mapping[str, Json], args: Sequence[str]) -> list[Json]:
    named = {lexer.identifier(name): entry for name, entry in point.items()}
    if len(named) != len(point):
        raise errors.InvalidName("two names in point are equal after NFKC normalisation", field="point")
    for name in args:
        if name not in named:
            detail = f"point has no entry for the argument {errors.quote(name)}"
            raise errors.InvalidField(detail, hint=_mistaken([name]), field="point")
    for name in named:
        if name not in args:
            raise errors.InvalidField(f"point names {errors.quote(name)}, which is not an argument", field="point")
    return [named[name] for name in args]


def is_argument(point: list[Json], wanted: int) -> bool:
    """Return whether a list is the one argument itself rather than a list with one entry for it."""
    if len(point) != 1:
        return True
    if isinstance(point[0], np.ndarray):
        return False
    return depth(point[0]) != wanted and depth(point) == wanted


def depth(value: Json) -> int:
    """Return the number of nested lists around the first number of a value; an array has as many as axes."""
    depth = 0
    while isinstance(value, list):
        depth += 1
        value = value[0] if value else None
    return depth + value.ndim if isinstance(value, np.ndarray) else depth


def array(entry: Json, field: str, *, finite: bool = True) -> Array:
    """Return an entry as a float64 array, one that has been made here before as it is.

    Booleans, strings and null are not numbers. ``finite`` is whether NaN and infinities are refused: JSON has none, but
    other protocols do.
    """
    if isinstance(entry, np.ndarray):
        return entry
    level, shape = entry, []
    while isinstance(level, list):
        shape.append(len(level))
        level = level[0] if level else None
        if len(shape) > values.MAX_RANK:
            raise errors.TooComplex(f"an array of more than {values.MAX_RANK} axes", field=field)
    flat = entry if shape else [entry]
    for size in shape[1:]:
        if set(map(type, flat)) != {list} or set(map(len, flat)) != {size}:
            raise errors.BadShape("the rows of an array must have the same length", field=field)
        flat = list(itertools.chain.from_iterable(flat))
    try:
        found = _of_numbers(flat)
    except OverflowError:
        found, finite = np.array([math.inf]), True
    if found is None:
        raise errors.InvalidField("a point is made of numbers: no strings, booleans or null", field=field)
    if finite and not np.isfinite(found).all():
        raise errors.InvalidField("a number is not finite in float64", field=field)
    return found.reshape(shape)


def _of_numbers(flat: list[Json]) -> Array | None:
    """Return numbers as an array, None if there is anything else among them; OverflowError beyond float64.

    A sum takes a third of the time that looking at each type takes, and fails for all but booleans; these are 0 or 1.
    """
    try:
        sum(flat)
        found = np.array(flat, dtype=np.float64)
    except (TypeError, ValueError):
        return None
    if found.ndim != 1:
        return None  # arrays among the numbers
    (doubtful,) = np.nonzero((found == 0) | (found == 1))
    chosen = flat if len(doubtful) > len(flat) // 4 else [flat[index] for index in doubtful.tolist()]
    return found if NUMERIC.issuperset(map(type, chosen)) else None


def _fit(array: Array, name: str, rank: int | None, axis: bool) -> Array:
    """Return the array in the rank that the function uses: a list of one number as a number, and a number as a list."""
    own = array.shape[1:] if axis else array.shape
    if axis and array.ndim == 0:
        raise errors.BadShape(f"{errors.quote(name)} has no batch axis, but in_axes says 0", field="point")
    if rank == 0 and own == (1,):
        return array.reshape(array.shape[:-1])
    if rank == 1 and array.ndim == 0:
        return array.reshape(1)
    return array


def _batch(arrays: Sequence[Array], args: Sequence[str], batched: Sequence[bool], limits: PointLimits) -> int | None:
    sizes = {array.shape[0]: name for array, name, axis in zip(arrays, args, batched, strict=True) if axis}
    if not sizes:
        return None
    if len(sizes) > 1:
        first, second, *_ = (f"{errors.quote(name)} has {size}" for size, name in sizes.items())
        raise errors.BadShape(f"batch axes differ: {first}, {second}", field="point")
    batch = int(next(iter(sizes)))
    if batch == 0:
        raise errors.BadShape("the batch is empty", field="point")
    if batch > limits.max_points:
        raise errors.TooComplex(f"{batch} points, the limit is {limits.max_points}", field="point")
    return batch
