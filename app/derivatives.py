"""Derivatives beyond the gradient, from the interpreter's programs: Jacobians, Hessians and products with them.

A function with m values is m tapes, each no longer than its value needs. All of them, at all points asked for, are
run together, tape behind tape, in as few calls as their sizes allow.

    jacobian    reverse mode, one sweep for each value          (batch, m, n)
    hessian     forward over reverse, one run for each input    (batch, n, n)
    hvp         the same, one run for each tangent              (batch, k, n)
    jvp, vjp    products with the Jacobian                      (batch, k, m) and (batch, k, n)

n is the number of elements of the arguments differentiated by, in the order of argnums, whether or not the function
reads them; batch is 1 for one point.

Differences, to verify the above with, are central ones along a direction, extrapolated to step 0 (Ridders 1982,
Advances in Engineering Software 4(2), 75-76): of the table of extrapolations the entry that its neighbours confirm
best is taken.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app import errors, functions, nesting, points, programs

Array = NDArray[Any]
Found = tuple[Array, Array]
"""Values (batch, m), and the derivative asked for in the flat shape that the module docstring gives."""

_STEPS = 7
_FIRST_STEP = 2.0**-5


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds on one request.

    Attributes:
        max_work: instructions, times points, times directions, to be run: some seconds' worth.
        max_numbers: in the answer.
    """

    max_work: int = 20_000_000
    max_numbers: int = 2_000_000


class Asked:
    """A derivative asked for at points: everything but its numbers.

    Args:
        transform: "value", "grad", "jacobian", "hessian", "jvp", "vjp" or "hvp".
        shaped: the function for arguments of these shapes; a scalar one for "grad", "hessian" and "hvp".
        point: where.
        argnums: positions, an int or a list.
        dtype: "float64" or "float32".
        direction: tangents or cotangent as JSON, or as an array (batch, k, n) or (batch, k, m).
        cotangent: weights of the values whose sum "hvp" differentiates, as JSON.

    Raises:
        errors.Rejected: the direction does not fit.
    """

    def __init__(
        self,
        transform: str,
        shaped: functions.Shaped,
        point: points.Point,
        argnums: int | list[int],
        dtype: str,
        direction: Any = None,
        cotangent: Any = None,
    ) -> None:
        self.transform = transform
        self.dtype = dtype
        self.cells = [(plan, plan.layout(point.shapes)) for plan in shaped.cells]
        self.flat = point.flat if point.flat.ndim == 2 else point.flat[:, None]
        self.columns = nesting.columns(point.shapes, argnums)
        self._shaped = shaped
        self._point = point
        self._shapes = [point.shapes[a] for a in ([argnums] if isinstance(argnums, int) else argnums)]
        self._argnums = 0 if isinstance(argnums, int) else list(range(len(argnums)))
        self._several = False
        self.direction: Array | None = None
        if isinstance(direction, np.ndarray):
            self.direction = direction
            self._several = True
        elif transform in {"jvp", "hvp"}:
            self.direction, self._several = nesting.tangents(direction, self._shapes, self._argnums, point.batch)
        elif transform == "vjp":
            self.direction, self._several = nesting.cotangents(direction, shaped.shape, point.batch)
        self.weights: Array | None = None
        if cotangent is not None:
            self.weights = nesting.weights(cotangent, shaped.shape)
        if self.direction is not None and self.direction.ndim == 2:
            self.direction = self.direction[None]

    def reads(self, cell: int) -> tuple[Array, Array]:
        """Return which inputs of a cell are among the columns, and which column each of them is."""
        positions = self.cells[cell][1].positions
        place = np.full(len(self.flat), -1)
        place[self.columns] = np.arange(len(self.columns))
        (read,) = np.nonzero(place[positions] >= 0)
        return read, place[positions][read]

    @property
    def numbers(self) -> int:
        """How many numbers the answer has at most."""
        elements, batch = len(self.columns), self.flat.shape[1]
        rows = {"jacobian": len(self.cells), "hessian": elements}.get(self.transform, 1)
        if self.direction is not None:
            rows = self.direction.shape[1]
        return int(batch * max(rows, 1) * max(elements, len(self.cells)))

    @property
    def work(self) -> int:
        """How many instructions will be run, about."""
        elements, batch = len(self.columns), self.flat.shape[1]
        runs = {"hessian": 2 * elements, "hvp": 0 if self.direction is None else 2 * self.direction.shape[1]}
        return int(sum(plan.operations for plan, _ in self.cells) * batch * runs.get(self.transform, 1))

    def value(self, found: Found) -> Any:
        """Return the value as JSON."""
        values = found[0].reshape((-1, *self._shaped.shape))
        return values.tolist() if self._point.batch is not None else values[0].tolist()

    def derivative(self, found: Found) -> Any:
        """Return the derivative as JSON, nested as JAX nests it."""
        flat, shapes, argnums = found[1], self._shapes, self._argnums
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
        limits: bounds on one request.
    """

    def __init__(self, interpreters: programs.Interpreters, limits: Limits) -> None:
        self._interpreters = interpreters
        self._limits = limits

    def check(self, asked: Asked) -> None:
        """Refuse what would be too much to send.

        Raises:
            errors.TooComplex: over ``max_numbers``.
        """
        if asked.numbers > self._limits.max_numbers:
            raise errors.TooComplex(f"the answer would have more than {self._limits.max_numbers} numbers")

    @np.errstate(all="ignore")
    def answer(self, asked: Asked, first: Array | None = None) -> Found:
        """Return values and the derivative asked for.

        Args:
            asked: what and where.
            first: [value, *partials of the input leaves] of a scalar function, (1 + n,) or (1 + n, batch), if known.

        Raises:
            errors.TooComplex: too much work.
        """
        if asked.weights is not None:
            return self._weighted(asked, asked.weights)
        if asked.transform in {"hessian", "hvp"}:
            return self._second(asked)
        values, slopes = self._first(asked, first)
        return values, _product(asked, slopes)

    @np.errstate(all="ignore")
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
            units = np.eye(len(asked.columns)) if not along or asked.direction is None else asked.direction[index]
            moves = np.zeros((len(units), len(here)))
            moves[:, asked.columns] = units
            outputs = len(asked.columns) if second else len(asked.cells)
            slopes = np.zeros((0, outputs))
            if len(units):
                slopes = _differences(lambda moved: function(asked, moved), here, moves)  # (directions, outputs)
            flats.append(slopes if along or second else _contracted(asked, slopes.T, index))
        expected = np.array(_numbers(asked.derivative((found[0], np.stack(flats)))))
        numbers = np.array(_numbers(asked.derivative(found)))
        if not numbers.size:
            return 0.0
        scale = np.maximum(np.maximum(np.abs(numbers), np.abs(expected)), 1e-3 * np.abs(numbers).max(initial=0.0))
        return float(np.where(scale == 0, 0.0, np.abs(numbers - expected) / scale).max())

    def _first(self, asked: Asked, first: Array | None) -> Found:
        """Return values (batch, m) and the Jacobian (batch, m, n)."""
        if first is None:
            return self._jacobian(asked, asked.flat, asked.dtype)
        rows = first if first.ndim == 2 else first[:, None]
        read, columns = asked.reads(0)
        slopes = np.zeros((rows.shape[1], 1, len(asked.columns)), rows.dtype)
        np.add.at(slopes[:, 0].T, columns, rows[1:][read])
        return rows[0][:, None], slopes

    def _weighted(self, asked: Asked, weights: Array) -> Found:
        """Return values (batch, m), and products with the Hessian of their weighted sum."""
        found = [self._second(asked, cell) for cell in range(len(asked.cells))]
        total = sum(weight * products for weight, (_, products) in zip(weights, found, strict=True))
        return np.concatenate([values for values, _ in found], axis=1), np.asarray(total)

    def _values(self, asked: Asked, flat: Array) -> Array:
        """Return values (batch, m) at points (elements, batch), in float64."""
        self._bound(sum(plan.operations for plan, _ in asked.cells) * flat.shape[1])
        run = self._interpreters["float64"].gradient_rows
        values = [run(plan.encoded, *plan.rows(flat, layout, "float64"))[0] for plan, layout in asked.cells]
        return np.stack(values, axis=1)

    def _slopes(self, asked: Asked, flat: Array) -> Array:
        """Return the gradient (batch, n) of a scalar function at points (elements, batch), in float64."""
        return self._jacobian(asked, flat, "float64")[1][:, 0]

    def _jacobian(self, asked: Asked, flat: Array, dtype: str) -> Found:
        """Return values (batch, m) and Jacobians (batch, m, n) at points (elements, batch)."""
        cells, batch = asked.cells, flat.shape[1]
        self._bound(sum(plan.operations for plan, _ in cells) * batch)
        calls = [(plan.encoded, plan.leaves(flat[:, b], layout, dtype)) for b in range(batch) for plan, layout in cells]
        found = self._interpreters[dtype].gradients(calls)
        values = np.array([result[0] for result in found]).reshape(batch, len(cells))
        rows = np.zeros((batch, len(cells), len(asked.columns)), values.dtype)
        reads = [asked.reads(cell) for cell in range(len(cells))]
        for index, result in enumerate(found):
            point, cell = divmod(index, len(cells))
            read, columns = reads[cell]
            np.add.at(rows[point, cell], columns, result[1:][read])
        return values, rows

    def _second(self, asked: Asked, cell: int = 0) -> Found:
        """Return values (batch, 1) and Hessians (batch, n, n) or products with tangents (batch, k, n), of one value."""
        plan, layout = asked.cells[cell]
        batch = asked.flat.shape[1]
        read, columns = asked.reads(cell)
        # A Hessian is its products with the unit vectors of the inputs that are read and asked for.
        directions = np.zeros((batch, len(read), len(layout.positions)))
        directions[:, np.arange(len(read)), read] = 1.0
        if asked.direction is not None:
            directions = np.zeros((batch, asked.direction.shape[1], len(layout.positions)))
            directions[:, :, read] = asked.direction[:, :, columns]
        self._bound(2 * plan.operations * batch * max(directions.shape[1], 1))
        if not directions.shape[1]:
            values, _ = self._jacobian(asked, asked.flat, asked.dtype)
            return values, np.zeros((batch, len(asked.columns), len(asked.columns)), values.dtype)
        calls = []
        for index in range(batch):
            leaves = plan.leaves(asked.flat[:, index], layout, asked.dtype)
            calls += [(plan.encoded, leaves, direction) for direction in directions[index]]
        found = np.stack(self._interpreters[asked.dtype].hvps(calls)).reshape((*directions.shape[:2], 2, -1))
        products = np.zeros((*directions.shape[:2], len(asked.columns)), found.dtype)
        np.add.at(np.moveaxis(products, 2, 0), columns, np.moveaxis(found[:, :, 1, 1 + read], 2, 0))
        if asked.direction is None:
            spread = np.zeros((batch, len(asked.columns), len(asked.columns)), found.dtype)
            np.add.at(np.moveaxis(spread, 1, 0), columns, np.moveaxis(products, 1, 0))
            products = spread
        return found[:, 0, 0, :1], products

    def _bound(self, work: int) -> None:
        if work > self._limits.max_work:
            raise errors.TooComplex(
                f"{work} operations in all, the limit is {self._limits.max_work}",
                hint="ask for fewer points or directions at once",
            )


def _product(asked: Asked, slopes: Array) -> Array:
    """Return what was asked for, from Jacobians (batch, m, n)."""
    return np.stack([_contracted(asked, own, index) for index, own in enumerate(slopes)])


def _contracted(asked: Asked, slopes: Array, index: int) -> Array:
    """Return the same at one point, from its Jacobian (m, n)."""
    if asked.direction is None:
        return slopes[0] if asked.transform == "grad" else slopes
    direction = asked.direction[index].astype(slopes.dtype)
    product: Array = direction @ (slopes if asked.transform == "vjp" else slopes.T)
    return product


def _differences(function: Callable[[Array], Array], here: Array, directions: Array) -> Array:
    """Return the derivative of a function along directions (k, n) at a point (n,), of shape (k, outputs).

    ``function`` takes points (n, batch) and gives (batch, outputs).
    """
    room = np.maximum(np.abs(here), 0.125)
    reach = np.where(directions != 0, room / np.abs(directions), np.inf).min(axis=1, initial=np.inf)
    steps = np.where(np.isfinite(reach), reach, 1.0)[:, None] * _FIRST_STEP * 0.5 ** np.arange(_STEPS)
    moves = steps[..., None] * directions[:, None, :]  # (k, steps, n)
    moved = np.concatenate([here + moves, here - moves]).reshape(2 * steps.size, len(here))
    found = function(moved.T)
    ahead, behind = found.reshape(2, *steps.shape, found.shape[1])
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
