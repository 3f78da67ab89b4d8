"""Derivatives from flat arrays to JSON, nested as JAX nests them.

A Jacobian is (m, n), a Hessian (n, n), each behind a batch axis where there is one: n numbers of the arguments, m of
the value.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.engine.functions.arguments import Argnums
from app.language.expression.values import Shape

Json = Any
Array = NDArray[Any]


def columns(shapes: Sequence[Shape], argnums: Argnums) -> Array:
    """Return where in the flat point the elements of the arguments of argnums lie, in their order."""
    return np.concatenate([np.arange(0), *(np.arange(start, stop) for start, stop, _ in ranges(shapes, argnums))])


def jacobian(flat: Array, value: Shape, shapes: Sequence[Shape], argnums: Argnums) -> Json:
    """Return a Jacobian (..., m, n) as JSON: value's axes, then the argument's, one block for each of argnums."""
    blocks = [
        flat[..., start:stop].reshape((*flat.shape[:-2], *value, *shape)).tolist()
        for start, stop, shape in ranges(shapes, argnums)
    ]
    return blocks[0] if isinstance(argnums, int) else blocks


def hessian(flat: Array, shapes: Sequence[Shape], argnums: Argnums) -> Json:
    """Return a Hessian (..., n, n) as JSON: for a list of argnums a list of lists of blocks."""
    found = ranges(shapes, argnums)

    def block(start: int, stop: int, shape: Shape, first: int, last: int, other: Shape) -> Json:
        return flat[..., start:stop, first:last].reshape((*flat.shape[:-2], *shape, *other)).tolist()

    blocks = [[block(*down, *across) for across in found] for down in found]
    return blocks[0][0] if isinstance(argnums, int) else blocks


def vector(flat: Array, shapes: Sequence[Shape], argnums: Argnums) -> Json:
    """Return vectors (..., n) of the arguments' space as JSON, one entry for each of argnums, leading axes first."""
    if flat.ndim < 3 and not any(shapes):
        entries = flat.T.tolist()
        return entries[argnums] if isinstance(argnums, int) else [entries[argnum] for argnum in argnums]
    found = arrays(flat, shapes, argnums)
    return found.tolist() if isinstance(found, np.ndarray) else [entry.tolist() for entry in found]


def arrays(flat: Array, shapes: Sequence[Shape], argnums: Argnums) -> Array | list[Array]:
    """Return the same as arrays: (..., *shape), one for each of argnums."""
    entries = [
        flat[..., start:stop].reshape((*flat.shape[:-1], *shape)) for start, stop, shape in ranges(shapes, argnums)
    ]
    return entries[0] if isinstance(argnums, int) else entries


def is_finite(values: Array, flat: Array, derivative: Json) -> bool:
    """Return whether every number of an answer is finite.

    ``flat`` has all partial derivatives that were computed; only those in ``derivative`` count, but if all in ``flat``
    are finite, as nearly always, the nested lists need not be searched.
    """
    if not np.isfinite(values).all():
        return False
    return bool(np.isfinite(flat).all()) or all(map(math.isfinite, leaves(derivative)))


def leaves(nested: Json) -> list[float]:
    """Return the numbers in nested lists or arrays, in order; none for None."""
    if isinstance(nested, list):
        return [number for part in nested for number in leaves(part)]
    if isinstance(nested, np.ndarray):
        return nested.ravel().tolist()
    return [] if nested is None else [nested]


def ranges(shapes: Sequence[Shape], argnums: Argnums) -> list[tuple[int, int, Shape]]:
    """Return where in the flat point each of argnums begins and ends, and its shape."""
    ends = list(itertools.accumulate((math.prod(shape) for shape in shapes), initial=0))
    return [(ends[a], ends[a + 1], shapes[a]) for a in ([argnums] if isinstance(argnums, int) else argnums)]
