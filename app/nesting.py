"""Tangents and cotangents from JSON, and Jacobians and Hessians back to it, nested as JAX nests them.

Inside, everything is flat: a point of the function is a vector of n numbers, the row-major concatenation of its
arguments, a value m of them. A Jacobian is (m, n), a Hessian (n, n), each behind a batch axis where there is one.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app import errors, points

Array = NDArray[Any]
Json = Any
Shape = tuple[int, ...]
Argnums = int | list[int]


def columns(shapes: Sequence[Shape], argnums: Argnums) -> Array:
    """Return where in the flat point the elements of the arguments of argnums lie, in the order asked."""
    return np.concatenate([np.arange(0), *(np.arange(start, stop) for start, stop, _ in _chosen(shapes, argnums))])


def jacobian(flat: Array, value: Shape, shapes: Sequence[Shape], argnums: Argnums) -> Json:
    """Return a Jacobian (..., m, n) as JSON: value's axes, then the argument's, one block for each of argnums."""
    blocks = [
        flat[..., start:stop].reshape((*flat.shape[:-2], *value, *shape)).tolist()
        for start, stop, shape in _chosen(shapes, argnums)
    ]
    return blocks[0] if isinstance(argnums, int) else blocks


def hessian(flat: Array, shapes: Sequence[Shape], argnums: Argnums) -> Json:
    """Return a Hessian (..., n, n) as JSON: for a list of argnums a list of lists of blocks."""
    chosen = list(_chosen(shapes, argnums))
    blocks = [
        [
            flat[..., start:stop, first:last].reshape((*flat.shape[:-2], *shape, *other)).tolist()
            for first, last, other in chosen
        ]
        for start, stop, shape in chosen
    ]
    return blocks[0][0] if isinstance(argnums, int) else blocks


def vector(flat: Array, shapes: Sequence[Shape], argnums: Argnums) -> Json:
    """Return a vector (..., n) of the arguments' space as JSON, one entry for each of argnums."""
    entries = [
        flat[..., start:stop].reshape((*flat.shape[:-1], *shape)).tolist()
        for start, stop, shape in _chosen(shapes, argnums)
    ]
    return entries[0] if isinstance(argnums, int) else entries


def tangents(given: Json, shapes: Sequence[Shape], argnums: Argnums, batch: int | None) -> tuple[Array, bool]:
    """Return tangents as rows, and whether several were given.

    Args:
        given: shaped like the arguments of argnums, or a list of several such. With a batch axis it is one tangent for
            all points, or one for each.
        shapes: of all arguments.
        argnums: positions.
        batch: number of points, None without a batch axis.

    Returns:
        float64 of shape (k, n), 0 in arguments that are not among argnums, or (batch, 1, n) with a batch axis.

    Raises:
        errors.BadShape: not shaped like the arguments.
        errors.InvalidField: not numbers.
    """
    wanted = [shapes[argnum] for argnum in ([argnums] if isinstance(argnums, int) else argnums)]
    ranges = [(start, stop) for start, stop, _ in _chosen(shapes, argnums)]
    count = sum(math.prod(shape) for shape in shapes)

    def row(entries: Sequence[Array]) -> Array:
        found = np.zeros(count)
        for (start, stop), entry in zip(ranges, entries, strict=True):
            found[start:stop] = entry.ravel()
        return found

    if isinstance(argnums, int):
        array = points.array(given, "tangents")
        several = _several([array], wanted, "tangents")
        rows = [row([each]) for each in array] if several else [row([array])]
    else:
        if not isinstance(given, list):
            raise errors.InvalidField("tangents is a list with one entry for each of argnums", field="tangents")
        if not given:
            raise errors.InvalidField("tangents is empty", field="tangents")
        several = not _fits(given, wanted)
        groups = given if several else [given]
        rows = [row(_entries(group, wanted)) for group in groups]
    stacked = np.stack(rows)
    if batch is None:
        return stacked, several
    if several and len(stacked) != batch:
        raise errors.BadShape(f"{len(stacked)} tangents for {batch} points: give one, or one each", field="tangents")
    return np.broadcast_to(stacked[:, None, :] if several else stacked[None], (batch, 1, count)), False


def cotangents(given: Json, value: Shape, batch: int | None) -> tuple[Array, bool]:
    """Return cotangents as rows of shape (k, m), or (batch, 1, m), and whether several were given; see ``tangents``."""
    array = points.array(given, "cotangent")
    several = _several([array], [value], "cotangent")
    rows = array.reshape(-1, math.prod(value))
    if batch is None:
        return rows, several
    if several and len(rows) != batch:
        raise errors.BadShape(f"{len(rows)} cotangents for {batch} points: give one, or one each", field="cotangent")
    return np.broadcast_to(rows[:, None, :] if several else rows[None], (batch, 1, rows.shape[1])), False


def weights(given: Json, value: Shape) -> Array:
    """Return one cotangent as float64 of shape (m,).

    Raises:
        errors.BadShape: not in the shape of the value.
    """
    rows, several = cotangents(given, value, None)
    if several:
        raise errors.BadShape(f"several cotangents where one in shape {list(value)} is wanted", field="cotangent")
    flat: Array = rows[0]
    return flat


def _chosen(shapes: Sequence[Shape], argnums: Argnums) -> list[tuple[int, int, Shape]]:
    """Return where in the flat point each of argnums begins and ends, and its shape."""
    ends = list(itertools.accumulate((math.prod(shape) for shape in shapes), initial=0))
    return [(ends[a], ends[a + 1], shapes[a]) for a in ([argnums] if isinstance(argnums, int) else argnums)]


def _several(arrays: Sequence[Array], wanted: Sequence[Shape], field: str) -> bool:
    """Return whether arrays have one axis more than wanted."""
    if all(array.shape == shape for array, shape in zip(arrays, wanted, strict=True)):
        return False
    if all(array.shape[1:] == shape and array.ndim for array, shape in zip(arrays, wanted, strict=True)):
        if len(arrays[0]) == 0:
            raise errors.InvalidField(f"{field} is empty", field=field)
        return True
    found, shapes = [list(array.shape) for array in arrays], [list(shape) for shape in wanted]
    raise errors.BadShape(f"{field} has shape {found[0]}, not {shapes[0]}", field=field)


def _fits(entries: Sequence[Json], wanted: Sequence[Shape]) -> bool:
    """Return whether entries are one tangent: one for each of argnums, each in its argument's depth."""
    return len(entries) == len(wanted) and all(
        points.depth(entry) == len(shape) for entry, shape in zip(entries, wanted, strict=True)
    )


def _entries(given: Json, wanted: Sequence[Shape]) -> list[Array]:
    if not isinstance(given, list) or len(given) != len(wanted):
        raise errors.InvalidField(f"a tangent has {len(wanted)} entries, one for each of argnums", field="tangents")
    arrays = [points.array(entry, "tangents") for entry in given]
    for array, shape in zip(arrays, wanted, strict=True):
        if array.shape != shape:
            raise errors.BadShape(f"a tangent has shape {list(array.shape)}, not {list(shape)}", field="tangents")
    return arrays
