"""Derivatives beyond the gradient, from the interpreter's programs: Jacobians, Hessians and products with them.

A function with m values is m tapes, each no longer than its value needs. All of them, at all points asked for, are
run together, tape behind tape, in as few calls as their sizes allow.

    jacobian    reverse mode, one sweep for each value          (batch, m, n)
    hessian     forward over reverse, one run for each input    (batch, n, n)
    hvp         the same, one run for each tangent              (batch, k, n)

n is the number of a point's elements, whether or not the function reads them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app import errors, plans, programs

Array = NDArray[Any]
Cell = tuple[plans.Plan, plans.Layout]
"""A function of one value, and where its inputs lie in the points."""

MAX_WORK = 20_000_000
"""Instructions, times points, times directions, that one request may have run: some seconds' worth."""


class Derivatives:
    """Computes them. Safe to use from threads.

    Args:
        interpreters: run the tapes.
    """

    def __init__(self, interpreters: programs.Interpreters) -> None:
        self._interpreters = interpreters

    def jacobian(self, cells: Sequence[Cell], points: Array, dtype: str) -> tuple[Array, Array]:
        """Return values (batch, m) and Jacobians (batch, m, n) of m functions at points (n, batch).

        Raises:
            errors.TooComplex: too much work.
        """
        count, batch = points.shape
        _bound(sum(plan.operations for plan, _ in cells) * batch)
        calls = [
            (plan.encoded, plan.leaves(points[:, b], layout, dtype)) for b in range(batch) for plan, layout in cells
        ]
        found = self._interpreters[dtype].gradients(calls)
        values = np.array([result[0] for result in found]).reshape(batch, len(cells))
        rows = np.zeros((batch, len(cells), count), values.dtype)
        for index, result in enumerate(found):
            point, cell = divmod(index, len(cells))
            np.add.at(rows[point, cell], cells[cell][1].positions, result[1:])
        return values, rows

    def hessian(self, cell: Cell, points: Array, dtype: str) -> tuple[Array, Array]:
        """Return values (batch,) and Hessians (batch, n, n) of a scalar function at points (n, batch).

        Raises:
            errors.TooComplex: too much work.
        """
        count, batch = points.shape
        positions = cell[1].positions
        inputs = len(positions)
        values, products = self._products(cell, points, np.broadcast_to(np.eye(inputs), (batch, inputs, inputs)), dtype)
        found = np.zeros((batch, count, count), products.dtype)
        for point in range(batch):
            np.add.at(found[point], (positions[:, None], positions[None, :]), products[point])
        return values, found

    def hvp(self, cell: Cell, points: Array, tangents: Array, dtype: str) -> tuple[Array, Array]:
        """Return values (batch,) and products (batch, k, n) of the Hessian and tangents (batch, k, n).

        Raises:
            errors.TooComplex: too much work.
        """
        count, batch = points.shape
        positions = cell[1].positions
        values, products = self._products(cell, points, tangents[:, :, positions], dtype)
        found = np.zeros((batch, tangents.shape[1], count), products.dtype)
        for point in range(batch):
            for row, product in zip(found[point], products[point], strict=True):
                np.add.at(row, positions, product)
        return values, found

    def _products(self, cell: Cell, points: Array, tangents: Array, dtype: str) -> tuple[Array, Array]:
        """Return values (batch,) and Hessian products (batch, k, inputs), for tangents of the input leaves."""
        plan, layout = cell
        batch, directions = tangents.shape[:2]
        _bound(2 * plan.operations * batch * max(directions, 1))
        if not directions:
            values, _ = self.jacobian([cell], points, dtype)
            return values[:, 0], np.zeros((batch, 0, plan.encoded.inputs), values.dtype)
        calls = [
            (plan.encoded, leaves, tangent)
            for b in range(batch)
            for leaves in [plan.leaves(points[:, b], layout, dtype)]
            for tangent in tangents[b]
        ]
        found = np.stack(self._interpreters[dtype].hvps(calls)).reshape(batch, directions, 2, -1)
        return found[:, 0, 0, 0], found[:, :, 1, 1:]


def _bound(work: int) -> None:
    if work > MAX_WORK:
        raise errors.TooComplex(
            f"{work} operations in all, the limit is {MAX_WORK}", hint="ask for fewer points or directions at once"
        )
