"""Derivatives of functions recorded as tapes of numbers, beyond what executables compute: the interpreter's programs.

A function with m values is m tapes, each no longer than its value needs. All of them, at all points of a query, are
run together, tape behind tape, in as few calls as their sizes allow.

    value       no derivative
    grad        reverse mode, one sweep
    jacobian    reverse mode, one sweep for each value
    hessian     forward over reverse, one run for each input
    hvp         forward over reverse, one run for each tangent
    jvp, vjp    products with the Jacobian
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from app import errors
from app.engine import executables
from app.engine import query as queries
from app.engine.derivatives.transforms import DerivativeQuery, Numbers

Array = NDArray[Any]


class Derivatives:
    """Computes derivatives with the interpreter's programs. Safe to use from threads."""

    def __init__(self, interpreters: executables.Interpreters, limits: queries.WorkLimits) -> None:
        self._interpreters = interpreters
        self._limits = limits

    def at_hand(self, query: DerivativeQuery) -> bool:
        """Return whether ``compute`` without ``gradients`` waits for no program, at one point.

        That is not asked of special functions, which take a hundred times as long.
        """
        tapes = [plan.encoded for plan, _ in query.plans]
        if query.weights is not None or query.point.batch is not None or any(tape.special for tape in tapes):
            return False
        if query.transform.order < 2:
            return self._interpreters[query.dtype].at_hand("gradient", tapes)
        runs = query.directions or len(query.inputs(0)[0])
        return runs > 0 and self._interpreters[query.dtype].at_hand("hvp", tapes * runs)

    @np.errstate(all="ignore")
    def compute(self, query: DerivativeQuery, gradients: Array | None = None) -> Numbers:
        """Return values and the derivative of a query, or raise ``errors.TooComplex``.

        ``gradients`` has [value, *partials by every element] of a scalar function, (batch, 1 + elements), if known.
        """
        if query.weights is not None:
            return self._weighted(query, query.weights)
        if query.transform.order == 2:
            return self._second(query)
        if gradients is None:
            values, jacobians = self.jacobians(query, query.point.rows, query.dtype)
        else:
            values, jacobians = gradients[:, :1], gradients[:, None, 1 + query.columns]
        directions = None if query.direction is None else query.direction.astype(jacobians.dtype)
        return values, query.transform.contract(jacobians, directions)

    def values(self, query: DerivativeQuery, rows: Array) -> Array:
        """Return values (batch, m) at points (batch, elements), in float64."""
        self._check_work(sum(plan.operations for plan, _ in query.plans) * len(rows))
        run = self._interpreters["float64"].gradient_rows
        values = [run(plan.encoded, *plan.columns(rows, layout, "float64"))[0] for plan, layout in query.plans]
        return np.stack(values, axis=1)

    def jacobians(self, query: DerivativeQuery, rows: Array, dtype: str) -> Numbers:
        """Return values (batch, m) and Jacobians (batch, m, n) at points (batch, elements)."""
        m, batch = len(query.plans), len(rows)
        self._check_work(sum(plan.operations for plan, _ in query.plans) * batch)
        calls = [(plan.encoded, plan.leaves(row, layout, dtype)) for row in rows for plan, layout in query.plans]
        found = self._interpreters[dtype].gradients(calls)
        values = np.array([result[0] for result in found]).reshape(batch, m)
        jacobians = np.zeros((batch, m, len(query.columns)), values.dtype)
        inputs = [query.inputs(value) for value in range(m)]
        for index, result in enumerate(found):
            point, value = divmod(index, m)
            read, columns = inputs[value]
            jacobians[point, value] = _placed(result[1:][read], columns, len(query.columns))
        return values, jacobians

    def gradients(self, query: DerivativeQuery, rows: Array) -> Array:
        """Return gradients (batch, n) of a scalar function at points (batch, elements), in float64."""
        _, jacobians = self.jacobians(query, rows, "float64")
        return np.asarray(jacobians[:, 0])

    def _weighted(self, query: DerivativeQuery, weights: Array) -> Numbers:
        """Return values (batch, m), and products with the Hessian of their weighted sum."""
        found = [self._second(query, value) for value in range(len(query.plans))]
        total = sum(weight * products for weight, (_, products) in zip(weights, found, strict=True))
        return np.concatenate([values for values, _ in found], axis=1), np.asarray(total)

    def _second(self, query: DerivativeQuery, value: int = 0) -> Numbers:
        """Return values (batch, 1) and Hessians (batch, n, n) or products with tangents (batch, k, n), of one value."""
        plan, layout = query.plans[value]
        rows, n = query.point.rows, len(query.columns)
        read, columns = query.inputs(value)
        directions = _directions(query, len(layout.positions), read, columns)
        self._check_work(2 * plan.operations * len(rows) * max(directions.shape[1], 1))
        if not directions.shape[1]:
            values, _ = self.jacobians(query, rows, query.dtype)
            return values, np.zeros((len(rows), n, n), values.dtype)
        calls = []
        for row, own in zip(rows, directions, strict=True):
            leaves = plan.leaves(row, layout, query.dtype)
            calls += [(plan.encoded, leaves, direction) for direction in own]
        found = np.stack(self._interpreters[query.dtype].hvps(calls)).reshape((*directions.shape[:2], 2, -1))
        products = _placed(found[:, :, 1, 1 + read], columns, n)
        if query.direction is None:
            hessians = _placed(products.swapaxes(1, 2), columns, n).swapaxes(1, 2)
            # Its columns are runs of their own, which round differently.
            turned = np.swapaxes(hessians, 1, 2)
            products = np.where(hessians == turned, hessians, 0.5 * hessians + 0.5 * turned)
        return found[:, 0, 0, :1], products

    def _check_work(self, work: int) -> None:
        if work > self._limits.max_work:
            raise errors.TooComplex(
                f"{work} operations in all, the limit is {self._limits.max_work}",
                hint="ask for fewer points or directions at once",
            )


def _placed(parts: Array, columns: Array, n: int) -> Array:
    """Return parts (..., r) in the columns, of n, that they belong to; those of one column are added."""
    found = np.zeros((*parts.shape[:-1], n), parts.dtype)
    if len(set(columns.tolist())) == len(columns):
        found[..., columns] = parts
    else:
        np.add.at(np.moveaxis(found, -1, 0), columns, np.moveaxis(parts, -1, 0))
    return found


def _directions(query: DerivativeQuery, inputs: int, read: Array, columns: Array) -> Array:
    """Return the tangents of a plan's inputs, shape (batch, k, inputs).

    A Hessian is its products with the unit vectors of the inputs that the plan reads and the query differentiates by.
    """
    k = len(read) if query.direction is None else query.direction.shape[1]
    directions = np.zeros((len(query.point.rows), k, inputs))
    directions[:, :, read] = np.eye(k) if query.direction is None else query.direction[:, :, columns]
    return directions
