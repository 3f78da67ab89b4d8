"""Arrays of cells: NumPy arrays whose elements are values of numbers or conditions."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.language.expression.values import Shape, Value

Array = NDArray[Any]


def as_array(cells: Any) -> Array:
    """Return cells as an array, of shape () for one value."""
    if isinstance(cells, np.ndarray):
        return cells
    found = np.empty((), object)
    found[()] = cells
    return found


def filled(cells: Sequence[Value], shape: Shape) -> Array:
    """Return an array of cells, row-major."""
    found = np.empty(len(cells), object)
    found[:] = cells
    return found.reshape(shape)


def reduced(array: Array, axes: Sequence[int], function: Callable[[list[Value]], Value]) -> Array:
    """Return a function of the cells along axes, which are left out."""
    rows, shape = lines_of(array, axes)
    return filled([function(row) for row in rows], shape)


def lines_of(array: Array, axes: Sequence[int]) -> tuple[list[list[Value]], Shape]:
    """Return the cells along axes, as a list for each place in the other axes, and the shape of these."""
    others = [axis for axis in range(array.ndim) if axis not in axes]
    shape = tuple([array.shape[axis] for axis in others])
    count = math.prod([array.shape[axis] for axis in axes])
    rows: list[list[Value]] = array.transpose(*others, *axes).reshape(math.prod(shape), count).tolist()
    return rows, shape


def replaced(array: Array, axes: Sequence[int], function: Callable[[list[Value]], list[Value]]) -> Array:
    """Return an array in which the cells along axes are replaced by a function of them."""
    rows, _ = lines_of(array, axes)
    order = [*[axis for axis in range(array.ndim) if axis not in axes], *axes]
    found = filled([cell for row in rows for cell in function(row)], tuple([array.shape[axis] for axis in order]))
    return found.transpose(np.argsort(order))
