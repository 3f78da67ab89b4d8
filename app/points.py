"""JSON point to arrays, and a flat gradient back to the nesting of the arguments.

An argument is a number, shape (), or an array. With ``in_axes`` it may carry a leading batch axis, as in
``jax.vmap``. The flat point is the row-major concatenation of the arguments in order: shape (n,), or (n, batch).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app import algebra, errors, lexing

Json = Any
Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds on a point."""

    max_points: int = 100_000
    max_elements: int = 2_000_000


@dataclass(frozen=True, slots=True)
class Point:
    """A point in the shape of a function's arguments.

    Attributes:
        flat: float64, shape (n,), or (n, batch) with a batch axis.
        shapes: shape of each argument, without the batch axis.
        batch: number of points, or None for one point.
    """

    flat: Array
    shapes: tuple[tuple[int, ...], ...]
    batch: int | None


def names_in(point: Json) -> tuple[str, ...]:
    """Return the argument names a point declares by being an object."""
    return tuple(point) if isinstance(point, dict) else ()


def bind(
    point: Json,
    args: Sequence[str],
    ranks: Sequence[int | None],
    in_axes: int | Sequence[int | None] | None,
    limits: Limits = Limits(),
    whole: Sequence[int | None] | None = None,
) -> Point:
    """Fit a JSON point to a function's arguments.

    Args:
        point: a list with one entry for each argument, an object by name, or, for a function of one argument, the
            list that is that argument.
        args: argument names in order.
        ranks: how the function uses each: None not at all, 0 as a number, r >= 1 with r indices.
        in_axes: None, 0, or one of them for each argument, as in jax.vmap.
        limits: bounds on the point.
        whole: the rank that a list is taken to have which may be a function's one argument, or the list of its
            entries; ``ranks`` if not given.

    Raises:
        errors.InvalidField: point and args disagree, or an entry is not numbers.
        errors.BadShape: shapes do not fit.
        errors.TooComplex: over a limit.
    """
    if in_axes is None and type(point) is list:
        quick = _numbers(point, whole or ranks, limits)
        if quick is not None:
            return quick
    batched = _batched(in_axes, len(args))
    arrays = [
        array(entry, f"point.{index}" if isinstance(point, list) else f"point.{args[index]}")
        for index, entry in enumerate(_entries(point, args, whole or ranks, batched))
    ]
    if sum(array.size for array in arrays) > limits.max_elements:
        raise errors.TooComplex(f"the point has more than {limits.max_elements} numbers", field="point")
    shaped = [
        _fit(array, name, rank, axis) for array, name, rank, axis in zip(arrays, args, ranks, batched, strict=True)
    ]
    batch = _batch(shaped, args, batched, limits)
    shapes = tuple(a.shape[1:] if axis else a.shape for a, axis in zip(shaped, batched, strict=True))
    if batch is None:
        return Point(np.concatenate([array.ravel() for array in shaped]), shapes, None)
    rows = [
        array.reshape(batch, -1).T if axis else np.broadcast_to(array.reshape(-1, 1), (array.size, batch))
        for array, axis in zip(shaped, batched, strict=True)
    ]
    return Point(np.concatenate(rows), shapes, batch)


def nest(flat: Array, shapes: Sequence[tuple[int, ...]], argnums: Sequence[int]) -> list[Json]:
    """Return the flat gradient as one entry for each of ``argnums``, each in its argument's shape.

    ``flat`` has shape (n,) or (n, batch); a batch axis comes first in every entry.
    """
    if all(shape == () for shape in shapes):
        values = flat.tolist()
        return [values[argnum] for argnum in argnums]
    offsets = [0]
    for shape in shapes:
        offsets.append(offsets[-1] + math.prod(shape))
    entries = []
    for argnum in argnums:
        part = flat[offsets[argnum] : offsets[argnum + 1]]
        shape = shapes[argnum]
        entries.append((part.T.reshape(flat.shape[1], *shape) if flat.ndim == 2 else part.reshape(shape)).tolist())
    return entries


def resolve_argnums(argnums: int | str | Sequence[int | str], args: Sequence[str]) -> int | list[int]:
    """Return argnums with names and negative numbers turned into positions.

    Raises:
        errors.InvalidField: out of range, unknown, repeated or empty.
    """
    if isinstance(argnums, int | str):
        return _position(argnums, args, "argnums")
    if not argnums:
        raise errors.InvalidField("argnums is empty: nothing to differentiate by", field="argnums")
    found: list[int] = []
    for index, argnum in enumerate(argnums[: len(args) + 1]):
        position = _position(argnum, args, f"argnums.{index}")
        if position in found:
            raise errors.InvalidField(f"argnums names argument {position} twice", field=f"argnums.{index}")
        found.append(position)
    return found


def _position(argnum: int | str, args: Sequence[str], field: str) -> int:
    if isinstance(argnum, str):
        try:
            return list(args).index(lexing.identifier(argnum))
        except (ValueError, errors.InvalidName):
            raise errors.InvalidField(f"{errors.quote(argnum)} is not an argument", field=field) from None
    if not -len(args) <= argnum < len(args):
        raise errors.InvalidField(f"argnums out of range: the function has {len(args)} argument(s)", field=field)
    return argnum % len(args)


def _numbers(point: list[Json], ranks: Sequence[int | None], limits: Limits) -> Point | None:
    """Return a point of plain numbers, or None if it is anything else.

    Either every argument is one of them, the common case, or they are the one argument, used as a vector.
    """
    if len(point) == len(ranks) and not any(ranks):
        shapes: tuple[tuple[int, ...], ...] = ((),) * len(point)
    elif len(ranks) == 1 and ranks[0] == 1 and 1 < len(point) <= limits.max_elements:
        shapes = ((len(point),),)
    else:
        return None
    try:
        # A sum that is not finite may be of numbers that are; who asks looks at them one by one then.
        if not _NUMERIC.issuperset(map(type, point)) or not math.isfinite(sum(point)):
            return None
        return Point(np.array(point, dtype=np.float64), shapes, None)
    except OverflowError:
        return None


_NUMERIC = frozenset({int, float})


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


def _entries(point: Json, args: Sequence[str], ranks: Sequence[int | None], batched: Sequence[bool]) -> list[Json]:
    """Return one entry for each argument."""
    if isinstance(point, dict):
        return _by_name(point, args)
    if not isinstance(point, list):
        hint = "give one entry for each argument, [1.5, 2.0], or an object by name"
        raise errors.InvalidField("point must be a list or an object", hint=hint, field="point")
    if len(args) == 1 and _is_whole(point, (ranks[0] or 0) + batched[0]):
        return [point]
    if len(point) != len(args):
        listed = errors.quote(", ".join(args))
        raise errors.InvalidField(f"point has {len(point)} entries for {len(args)} argument(s) {listed}", field="point")
    return point


def _by_name(point: Mapping[str, Json], args: Sequence[str]) -> list[Json]:
    named = {lexing.identifier(name): entry for name, entry in point.items()}
    if len(named) != len(point):
        raise errors.InvalidName("two names in point are equal after NFKC normalisation", field="point")
    for name in args:
        if name not in named:
            raise errors.InvalidField(f"point has no entry for the argument {errors.quote(name)}", field="point")
    for name in named:
        if name not in args:
            raise errors.InvalidField(f"point names {errors.quote(name)}, which is not an argument", field="point")
    return [named[name] for name in args]


def _is_whole(point: list[Json], wanted: int) -> bool:
    """Return whether a list is the one argument itself rather than a list with one entry for it."""
    if len(point) != 1:
        return True
    return depth(point[0]) != wanted and depth(point) == wanted


def depth(value: Json) -> int:
    """Return how many lists a value stands in."""
    depth = 0
    while isinstance(value, list):
        depth += 1
        value = value[0] if value else None
    return depth


def array(entry: Json, field: str, *, finite: bool = True) -> Array:
    """Return an entry as a float64 array; booleans, strings and null are not numbers.

    ``finite`` is whether NaN and infinities are refused: JSON has none, but other protocols do.
    """
    level, shape = entry, []
    while isinstance(level, list):
        shape.append(len(level))
        level = level[0] if level else None
        if len(shape) > algebra.MAX_RANK:
            raise errors.TooComplex(f"an array of more than {algebra.MAX_RANK} axes", field=field)
    flat = entry if shape else [entry]
    for size in shape[1:]:
        if not all(type(row) is list and len(row) == size for row in flat):
            raise errors.BadShape("the rows of an array must have the same length", field=field)
        flat = [number for row in flat for number in row]
    if not set(map(type, flat)) <= _NUMERIC:
        raise errors.InvalidField("a point is made of numbers: no strings, booleans or null", field=field)
    try:
        found = np.array(flat, dtype=np.float64)
    except OverflowError:
        found, finite = np.array([math.inf]), True
    if finite and not np.isfinite(found).all():
        raise errors.InvalidField("a number is not finite in float64", field=field)
    return found.reshape(shape)


def _fit(array: Array, name: str, rank: int | None, axis: bool) -> Array:
    """Return the array in the rank the function uses; a list of one number is that number if it uses one."""
    own = array.shape[1:] if axis else array.shape
    if axis and array.ndim == 0:
        raise errors.BadShape(f"{errors.quote(name)} has no batch axis, but in_axes says 0", field="point")
    if rank == 0 and own == (1,):
        return array.reshape(array.shape[:-1])
    return array


def _batch(arrays: Sequence[Array], args: Sequence[str], batched: Sequence[bool], limits: Limits) -> int | None:
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
