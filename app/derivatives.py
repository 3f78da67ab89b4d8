"""Derivatives beyond the gradient, from the interpreter's programs: Jacobians, Hessians and products with them.

A function with m values is m tapes, each no longer than its value needs. All of them, at all points asked for, are
run together, tape behind tape, in as few calls as their sizes allow.

    jacobian    reverse mode, one sweep for each value          (batch, m, n)
    hessian     forward over reverse, one run for each input    (batch, n, n)
    hvp         the same, one run for each tangent              (batch, k, n)
    jvp, vjp    products with the Jacobian                      (batch, k, m) and (batch, k, n)

n is the number of a point's elements, whether or not the function reads them; batch is 1 for one point.

Differences, to verify the above with, are central ones along a direction, extrapolated to step 0 (Ridders 1982,
Advances in Engineering Software 4(2), 75-76): of the table of extrapolations the entry that its neighbours confirm
best is taken.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app import errors, functions, nesting, plans, points, programs

Array = NDArray[Any]
Cell = tuple[plans.Plan, plans.Layout]
"""A function of one value, and where its inputs lie in the points."""
Found = tuple[Array, Array]
"""Values (batch, m), and the derivative asked for in the flat shape that the module docstring gives."""

MAX_WORK = 20_000_000
"""Instructions, times points, times directions, that one request may have run: some seconds' worth."""

MAX_NUMBERS = 2_000_000
"""Numbers in an answer."""

_STEPS = 7
_FIRST_STEP = 2.0**-5


class Asked:
    """A derivative asked for at points: everything but its numbers.

    Args:
        transform: "value", "grad", "jacobian", "hessian", "jvp", "vjp" or "hvp".
        shaped: the function for arguments of these shapes; a scalar one for "grad", "hessian" and "hvp".
        point: where.
        argnums: positions, an int or a list.
        dtype: "float64" or "float32".
        direction: tangents or cotangent as JSON, or as an array (batch, k, n) or (batch, k, m).

    Raises:
        errors.Rejected: the direction does not fit.
        errors.TooComplex: the answer would be too large.
    """

    def __init__(
        self,
        transform: str,
        shaped: functions.Shaped,
        point: points.Point,
        argnums: int | list[int],
        dtype: str,
        direction: Any = None,
    ) -> None:
        self.transform = transform
        self.dtype = dtype
        self.cells = [(plan, plan.layout(point.shapes)) for plan in shaped.cells]
        self.flat = point.flat if point.flat.ndim == 2 else point.flat[:, None]
        self._shaped = shaped
        self._point = point
        self._argnums = argnums
        self._several = False
        self.direction: Array | None = None
        if isinstance(direction, np.ndarray):
            self.direction = direction
            self._several = True
        elif transform in {"jvp", "hvp"}:
            self.direction, self._several = nesting.tangents(direction, point.shapes, argnums, point.batch)
        elif transform == "vjp":
            self.direction, self._several = nesting.cotangents(direction, shaped.shape, point.batch)
        if self.direction is not None and self.direction.ndim == 2:
            self.direction = self.direction[None]
        elements, batch = self.flat.shape
        rows = {"jacobian": len(self.cells), "hessian": elements}.get(transform, 1)
        if batch * max(rows * elements, len(self.cells)) > MAX_NUMBERS:
            raise errors.TooComplex(f"the answer would have more than {MAX_NUMBERS} numbers")

    def value(self, found: Found) -> Any:
        """Return the value as JSON."""
        values = found[0].reshape((-1, *self._shaped.shape))
        return values.tolist() if self._point.batch is not None else values[0].tolist()

    def derivative(self, found: Found) -> Any:
        """Return the derivative as JSON, nested as JAX nests it."""
        flat, shapes, argnums = found[1], self._point.shapes, self._argnums
        if self._point.batch is None:
            flat = flat[0]
        if self.transform == "value":
            return None
        if self.transform == "jacobian":
            return nesting.jacobian(flat, self._shaped.shape, shapes, argnums)
        if self.transform == "hessian":
            return nesting.hessian(flat, shapes, argnums)
        if self.transform != "grad" and not self._several:
            flat = flat[..., 0, :]
        if self.transform == "jvp":
            return flat.reshape((*flat.shape[:-1], *self._shaped.shape)).tolist()
        return nesting.vector(flat, shapes, argnums)

    def finite(self, found: Found) -> bool:
        """Return whether every number of the answer is finite."""
        if not np.isfinite(found[0]).all():
            return False
        # What was not asked for does not count, but when all of it is finite nothing need be looked at again.
        return bool(np.isfinite(found[1]).all()) or all(map(math.isfinite, _numbers(self.derivative(found))))


class Derivatives:
    """Computes them. Safe to use from threads.

    Args:
        interpreters: run the tapes.
    """

    def __init__(self, interpreters: programs.Interpreters) -> None:
        self._interpreters = interpreters

    def answer(self, asked: Asked, first: Array | None = None) -> Found:
        """Return values and the derivative asked for.

        Args:
            asked: what and where.
            first: [value, *partials of the input leaves] of a scalar function, (1 + n,) or (1 + n, batch), if known.

        Raises:
            errors.TooComplex: too much work.
        """
        if asked.transform in {"hessian", "hvp"}:
            (cell,) = asked.cells
            values, second = self._second(asked, cell, asked.flat, asked.dtype)
            return values[:, None], second
        values, slopes = self._first(asked, first)
        return values, _product(asked, slopes)

    def difference(self, asked: Asked, found: Found) -> float:
        """Return the greatest difference of the numbers in an answer to central differences.

        It is relative to the number, or to a thousandth of the greatest one where that is more.

        Raises:
            errors.TooComplex: too much work.
        """
        second = asked.transform in {"hessian", "hvp"}
        function = self._slopes if second else self._values
        along = asked.transform in {"jvp", "hvp"}
        flats = []
        for index in range(asked.flat.shape[1]):
            here = asked.flat[:, index]
            units = np.eye(len(here)) if not along or asked.direction is None else asked.direction[index]
            slopes = _differences(lambda moved: function(asked.cells, moved), here, units)  # (directions, outputs)
            flats.append(slopes if along or second else _contracted(asked, slopes.T, index))
        expected = np.array(_numbers(asked.derivative((found[0], np.stack(flats)))))
        numbers = np.array(_numbers(asked.derivative(found)))
        if not numbers.size:
            return 0.0
        scale = np.maximum(np.maximum(np.abs(numbers), np.abs(expected)), 1e-3 * np.abs(numbers).max(initial=0.0))
        with np.errstate(all="ignore"):
            return float(np.where(scale == 0, 0.0, np.abs(numbers - expected) / scale).max())

    def _first(self, asked: Asked, first: Array | None) -> Found:
        """Return values (batch, m) and the Jacobian (batch, m, n)."""
        if first is None:
            return self.jacobian(asked.cells, asked.flat, asked.dtype)
        rows = first if first.ndim == 2 else first[:, None]
        ((_, layout),) = asked.cells
        slopes = np.zeros((rows.shape[1], 1, len(asked.flat)), rows.dtype)
        np.add.at(slopes[:, 0].T, layout.positions, rows[1:])
        return rows[0][:, None], slopes

    def _second(self, asked: Asked, cell: Cell, flat: Array, dtype: str) -> Found:
        if asked.transform == "hessian":
            return self.hessian(cell, flat, dtype)
        assert asked.direction is not None
        return self.hvp(cell, flat, asked.direction, dtype)

    def _values(self, cells: Sequence[Cell], flat: Array) -> Array:
        """Return values (batch, m) in float64."""
        _bound(sum(plan.operations for plan, _ in cells) * flat.shape[1])
        run = self._interpreters["float64"].gradient_rows
        return np.stack([run(plan.encoded, *plan.rows(flat, layout, "float64"))[0] for plan, layout in cells], axis=1)

    def _slopes(self, cells: Sequence[Cell], flat: Array) -> Array:
        """Return the gradient (batch, n) of a scalar function in float64."""
        return self.jacobian(cells, flat, "float64")[1][:, 0]

    def jacobian(self, cells: Sequence[Cell], flat: Array, dtype: str) -> Found:
        """Return values (batch, m) and Jacobians (batch, m, n) of m functions at points (n, batch).

        Raises:
            errors.TooComplex: too much work.
        """
        count, batch = flat.shape
        _bound(sum(plan.operations for plan, _ in cells) * batch)
        calls = [(plan.encoded, plan.leaves(flat[:, b], layout, dtype)) for b in range(batch) for plan, layout in cells]
        found = self._interpreters[dtype].gradients(calls)
        values = np.array([result[0] for result in found]).reshape(batch, len(cells))
        rows = np.zeros((batch, len(cells), count), values.dtype)
        for index, result in enumerate(found):
            point, cell = divmod(index, len(cells))
            np.add.at(rows[point, cell], cells[cell][1].positions, result[1:])
        return values, rows

    def hessian(self, cell: Cell, flat: Array, dtype: str) -> Found:
        """Return values (batch,) and Hessians (batch, n, n) of a scalar function at points (n, batch).

        Raises:
            errors.TooComplex: too much work.
        """
        count, batch = flat.shape
        positions = cell[1].positions
        inputs = len(positions)
        values, products = self._products(cell, flat, np.broadcast_to(np.eye(inputs), (batch, inputs, inputs)), dtype)
        found = np.zeros((batch, count, count), products.dtype)
        for point in range(batch):
            np.add.at(found[point], (positions[:, None], positions[None, :]), products[point])
        return values, found

    def hvp(self, cell: Cell, flat: Array, tangents: Array, dtype: str) -> Found:
        """Return values (batch,) and products (batch, k, n) of the Hessian and tangents (batch, k, n).

        Raises:
            errors.TooComplex: too much work.
        """
        count, batch = flat.shape
        positions = cell[1].positions
        values, products = self._products(cell, flat, tangents[:, :, positions], dtype)
        found = np.zeros((batch, tangents.shape[1], count), products.dtype)
        for rows, own in zip(found, products, strict=True):
            for row, product in zip(rows, own, strict=True):
                np.add.at(row, positions, product)
        return values, found

    def _products(self, cell: Cell, flat: Array, tangents: Array, dtype: str) -> Found:
        """Return values (batch,) and Hessian products (batch, k, inputs), for tangents of the input leaves."""
        plan, layout = cell
        batch, directions = tangents.shape[:2]
        _bound(2 * plan.operations * batch * max(directions, 1))
        if not directions:
            values, _ = self.jacobian([cell], flat, dtype)
            return values[:, 0], np.zeros((batch, 0, plan.encoded.inputs), values.dtype)
        calls = []
        for b in range(batch):
            leaves = plan.leaves(flat[:, b], layout, dtype)
            calls += [(plan.encoded, leaves, tangent) for tangent in tangents[b]]
        found = np.stack(self._interpreters[dtype].hvps(calls)).reshape(batch, directions, 2, -1)
        return found[:, 0, 0, 0], found[:, :, 1, 1:]


def _product(asked: Asked, slopes: Array) -> Array:
    """Return what was asked for, from Jacobians (batch, m, n)."""
    return np.stack([_contracted(asked, own, index) for index, own in enumerate(slopes)])


def _contracted(asked: Asked, slopes: Array, index: int) -> Array:
    """Return the same at one point, from its Jacobian (m, n)."""
    if asked.direction is None:
        return slopes[0] if asked.transform == "grad" else slopes
    direction = asked.direction[index].astype(slopes.dtype)
    with np.errstate(all="ignore"):
        product: Array = direction @ (slopes if asked.transform == "vjp" else slopes.T)
    return product


def _differences(function: Callable[[Array], Array], here: Array, directions: Array) -> Array:
    """Return the derivative of a function along directions (k, n) at a point (n,), of shape (k, outputs).

    ``function`` takes points (n, batch) and gives (batch, outputs).
    """
    room = np.maximum(np.abs(here), 0.125)
    with np.errstate(divide="ignore"):
        reach = np.where(directions != 0, room / np.abs(directions), np.inf).min(axis=1, initial=np.inf)
    steps = np.where(np.isfinite(reach), reach, 1.0)[:, None] * _FIRST_STEP * 0.5 ** np.arange(_STEPS)
    moves = steps[..., None] * directions[:, None, :]  # (k, steps, n)
    moved = np.concatenate([here + moves, here - moves]).reshape(-1, len(here))
    with np.errstate(all="ignore"):
        ahead, behind = function(moved.T).reshape(2, *steps.shape, -1)
        return _extrapolated((ahead - behind) / (2 * steps[..., None]))


def _extrapolated(quotients: Array) -> Array:
    """Return the limit of central differences (k, steps, outputs), each of half the step of the one before."""
    column, best = quotients, quotients[:, 0]
    error = np.full(best.shape, np.inf)
    for order in range(1, quotients.shape[1]):
        finer = column[:, 1:] + (column[:, 1:] - column[:, :-1]) / (4.0**order - 1)
        doubt = np.maximum(np.abs(finer - column[:, 1:]), np.abs(finer - column[:, :-1]))
        for row in range(finer.shape[1]):
            better = doubt[:, row] <= error
            best, error = np.where(better, finer[:, row], best), np.where(better, doubt[:, row], error)
        column = finer
    return best


def _numbers(nested: Any) -> list[float]:
    if isinstance(nested, list):
        return [number for part in nested for number in _numbers(part)]
    return [] if nested is None else [nested]


def _bound(work: int) -> None:
    if work > MAX_WORK:
        raise errors.TooComplex(
            f"{work} operations in all, the limit is {MAX_WORK}", hint="ask for fewer points or directions at once"
        )
