"""Tangents and cotangents from JSON to rows of a flat space, see ``points``."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app import errors
from app.engine import points
from app.engine.derivatives import nesting
from app.engine.functions import arguments
from app.language.expression.values import Shape

Json = Any
Array = NDArray[Any]


def tangents(given: Json, shapes: Sequence[Shape], argnums: arguments.Argnums, batch: int | None) -> tuple[Array, bool]:
    """Return tangents as float64 rows, and whether several were given.

    JSON has one tangent shaped like the arguments of argnums, or a list of several; with a batch axis one for all
    points, or one for each. Rows are (k, n), 0 in arguments that are not among argnums, or (batch, 1, n) with a batch
    axis. Raises ``errors.BadShape`` or ``InvalidField``.
    """
    wanted = [shapes[argnum] for argnum in ([argnums] if isinstance(argnums, int) else argnums)]
    places = [(start, stop) for start, stop, _ in nesting.ranges(shapes, argnums)]
    count = sum(math.prod(shape) for shape in shapes)

    def row(entries: Sequence[Array]) -> Array:
        found = np.zeros(count)
        for (start, stop), entry in zip(places, entries, strict=True):
            found[start:stop] = entry.ravel()
        return found

    if isinstance(argnums, int):
        own = _in_shape(points.array(given, "tangents"), wanted[0])
        several = _several(own, wanted[0], "tangents")
        rows = [row([each]) for each in own] if several else [row([own])]
    else:
        if type(given) in points.NUMERIC and len(wanted) == 1:
            given = [[given] if wanted[0] == (1,) else given]
        if not isinstance(given, list):
            raise errors.InvalidField("tangents is a list with one entry for each of argnums", field="tangents")
        if not given:
            raise errors.InvalidField("tangents is empty", field="tangents")
        several = not _is_one_tangent(given, wanted)
        rows = [row(_tangent_entries(group, wanted)) for group in (given if several else [given])]
    return _for_points(np.stack(rows), several, batch, "tangents")


def cotangents(given: Json, value: Shape, batch: int | None) -> tuple[Array, bool]:
    """Return cotangents as rows of shape (k, m), or (batch, 1, m), and whether several were given; see ``tangents``."""
    own = _in_shape(points.array(given, "cotangent"), value)
    several = _several(own, value, "cotangent")
    return _for_points(own.reshape(-1, math.prod(value)), several, batch, "cotangent")


def _for_points(rows: Array, several: bool, batch: int | None, field: str) -> tuple[Array, bool]:
    """Return rows as they are, or with a batch axis one for each point: shape (batch, 1, ...)."""
    if batch is None:
        return rows, several
    if several and len(rows) != batch:
        given = f"{len(rows)} {field.removesuffix('s')}s"
        raise errors.BadShape(f"{given} for {batch} points: give one, or one each", field=field)
    return np.broadcast_to(rows[:, None, :] if several else rows[None], (batch, 1, rows.shape[1])), False


def weights(given: Json, value: Shape) -> Array:
    """Return one cotangent as float64 of shape (m,)."""
    rows, several = cotangents(given, value, None)
    if several:
        raise errors.BadShape(f"several cotangents where one in shape {list(value)} is wanted", field="cotangent")
    return np.asarray(rows[0])


def _in_shape(array: Array, wanted: Shape) -> Array:
    """Return a number as a list of one where that is wanted, any other array as it is."""
    return array.reshape(wanted) if array.shape == () and wanted == (1,) else array


def _several(array: Array, wanted: Shape, field: str) -> bool:
    """Return whether an array has one axis more than wanted."""
    if array.shape == wanted:
        return False
    if array.shape[1:] != wanted or not array.ndim:
        raise errors.BadShape(f"{field} has shape {list(array.shape)}, not {list(wanted)}", field=field)
    if len(array) == 0:
        raise errors.InvalidField(f"{field} is empty", field=field)
    return True


def _is_one_tangent(entries: Sequence[Json], wanted: Sequence[Shape]) -> bool:
    """Return whether entries are one tangent: one for each of argnums, each in its argument's depth."""
    return len(entries) == len(wanted) and all(
        points.depth(entry) == len(shape) for entry, shape in zip(entries, wanted, strict=True)
    )


def _tangent_entries(given: Json, wanted: Sequence[Shape]) -> list[Array]:
    if not isinstance(given, list) or len(given) != len(wanted):
        raise errors.InvalidField(f"a tangent has {len(wanted)} entries, one for each of argnums", field="tangents")
    arrays = [points.array(entry, "tangents") for entry in given]
    for entry, shape in zip(arrays, wanted, strict=True):
        if entry.shape != shape:
            raise errors.BadShape(f"a tangent has shape {list(entry.shape)}, not {list(shape)}", field="tangents")
    return arrays
