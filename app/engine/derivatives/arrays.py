"""Derivatives of functions of whole arrays: each transform is a tape, run at one point after the other.

What a run costs is known from shapes. It is checked before anything is run.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app import errors
from app.engine import points
from app.engine import query as queries
from app.engine.derivatives import verify
from app.engine.derivatives.transforms import DerivativeQuery, Numbers
from app.engine.functions import array_plans
from app.language.expression.values import Shape

Array = NDArray[Any]
Run = Callable[[Sequence[Array]], Sequence[Array]]
"""Runs a tape: its leaves to its results."""


class ArrayDerivatives:
    """Computes derivatives of functions of whole arrays. Safe to use from threads."""

    def __init__(self, limits: queries.WorkLimits) -> None:
        self._limits = limits

    def check(self, query: DerivativeQuery) -> None:
        """Refuse what takes too much work or memory, by what it will cost."""
        derivative = derivative_of(query)
        self._check_cost(derivative, query.runs)
        if query.verify:
            rows = query.point.count * verify.points_for(query.width if query.directions == 0 else query.directions)
            if rows * query.point.size > self._limits.max_differences:
                raise errors.TooComplex(
                    f"differences at {rows} points of {query.point.size} numbers, the limit is "
                    f"{self._limits.max_differences} numbers in all",
                    hint="verify along fewer numbers: name the arguments in argnums",
                    field="verify",
                )
            self._check_cost(derivative, rows)

    def _check_cost(self, derivative: array_plans.ArrayDerivative, runs: int) -> None:
        cost, limits = derivative.cost, self._limits
        if cost.bytes > limits.max_intermediate_bytes:
            raise errors.TooComplex(
                f"the intermediate arrays take {cost.bytes} bytes, the limit is {limits.max_intermediate_bytes}",
                hint="write products as A @ x where possible, or send fewer rows at once",
            )
        if cost.flops * runs > limits.max_flops:
            raise errors.TooComplex(
                f"{cost.flops * runs:.0f} floating-point operations in all, the limit is {limits.max_flops}",
                hint="ask for fewer points or directions at once, or send fewer rows",
            )

    def compute(self, query: DerivativeQuery, run: Run | None = None) -> Numbers:
        """Return values and the derivative of a query, by NumPy or by ``run``."""
        derivative = derivative_of(query)
        parts = []
        for index in range(query.runs):
            results = [np.asarray(result) for result in (run or derivative)(self.leaves(query, index))]
            if derivative.size == 0:
                results = [result[None] for result in results]
            parts.append(_flat(query, derivative, results))
        if len(parts) == 1:
            ((values, flat),) = parts
        else:
            values, flat = (np.concatenate(part) for part in zip(*parts, strict=True))
        return values[: query.point.count], flat[: query.point.count]

    def leaves(self, query: DerivativeQuery, index: int) -> list[Array]:
        """Return what the tape of a query takes in one of its runs."""
        derivative = derivative_of(query)
        if derivative.size == 0:
            directions = _directions(query, derivative, slice(index, index + 1))
            return derivative.leaves(query.point.arguments(index), [each[0] for each in directions], query.dtype)
        start, stop = index * derivative.size, (index + 1) * derivative.size
        arguments, directions = query.point.piece(start, stop), _directions(query, derivative, slice(start, stop))
        missing = max(0, stop - query.point.count)
        arguments = [
            _padded(argument, missing) if own else argument
            for argument, own in zip(arguments, query.point.batched, strict=True)
        ]
        return derivative.leaves(arguments, [_padded(each, missing) for each in directions], query.dtype)

    def values(self, query: DerivativeQuery, rows: Array) -> Array:
        """Return values (batch, m) at points (batch, elements), in float64."""
        found = self._at(query, "value", rows)
        return np.stack([results[0].ravel() for results in found])

    def gradients(self, query: DerivativeQuery, rows: Array) -> Array:
        """Return gradients (batch, n) at points (batch, elements), in float64."""
        derivative = plan_of(query).derivative("grad", query.chosen, 0)
        found = self._at(query, "grad", rows)
        return np.stack([_by_argument(query, derivative, results[1:], ()) for results in found])

    def _at(self, query: DerivativeQuery, transform: str, rows: Array) -> list[list[Array]]:
        derivative = plan_of(query).derivative(transform, query.chosen, 0)
        shapes = query.point.shapes
        return [derivative(derivative.leaves(points.split(row, shapes), (), "float64")) for row in rows]


def plan_of(query: DerivativeQuery) -> array_plans.ArrayPlan:
    assert query.specialization.whole is not None
    return query.specialization.whole


def derivative_of(query: DerivativeQuery) -> array_plans.ArrayDerivative:
    assert query.derivative is not None
    return query.derivative


def derive(query: DerivativeQuery) -> None:
    """Give a query the tape that computes it, at one point or at many at once."""
    count = query.point.count
    derivative = plan_of(query).derivative(_transform(query), query.chosen, query.directions)
    size = derivative.pieces(count)
    if size > 1:
        derivative = derivative.batch(query.point.batched, size)
    query.derivative, query.runs = derivative, -(-count // max(derivative.size, 1))


def derive_once(query: DerivativeQuery) -> None:
    """Give a query the tape for one point, which is run at each of its points."""
    query.derivative = plan_of(query).derivative(_transform(query), query.chosen, query.directions)
    query.runs = query.point.count


def is_derived(query: DerivativeQuery) -> bool:
    """Return whether the tape for one point is at hand."""
    return plan_of(query).knows(_transform(query), query.chosen, query.directions)


def _transform(query: DerivativeQuery) -> str:
    return "grad" if query.name == "jacobian" and query.specialization.shape == () else query.name


def _padded(rows: Array, missing: int) -> Array:
    """Repeat the last row."""
    return np.concatenate([rows, np.repeat(rows[-1:], missing, axis=0)]) if missing else rows


def _directions(query: DerivativeQuery, derivative: array_plans.ArrayDerivative, places: slice) -> list[Array]:
    """Return tangents, a cotangent and weights at some points, as the tape takes them, with a leading axis."""
    if not derivative.wanted:
        return []
    found, shape = [], query.specialization.shape
    if query.direction is not None:
        rows = query.direction[places]
        if query.transform.direction == "cotangent":
            found.append(rows.reshape((*rows.shape[:-1], *shape)))
        else:
            parts = dict(zip(query.chosen, points.split(rows, query.chosen_shapes), strict=True))
            found += [parts[argument] for argument in derivative.wanted]
    if query.weights is not None and shape != ():
        count = len(range(query.point.count)[places])
        found.append(np.broadcast_to(query.weights.reshape(shape), (count, *shape)))
    return found


def _flat(query: DerivativeQuery, derivative: array_plans.ArrayDerivative, results: Sequence[Array]) -> Numbers:
    """Return the results of a tape as values (batch, m) and derivatives in the flat shape of ``transforms``."""
    values, *blocks = results
    batch, k, m = len(values), query.directions, query.values
    name = query.name
    flat: Array
    if name == "value":
        flat = np.zeros((batch, 0), values.dtype)
    elif name == "jvp":
        flat = blocks[0].reshape(batch, k, m) if blocks else np.zeros((batch, k, m))
    elif name == "hessian":
        flat = _hessian(query, derivative, batch, blocks)
    else:
        rows: Shape = {"grad": (), "jacobian": (m,)}.get(name, (k,))
        flat = _by_argument(query, derivative, blocks, (batch, *rows))
    if query.weights is not None and query.specialization.shape == ():
        flat = query.weights[0] * flat
    return values.reshape(batch, m), flat.astype(query.dtype, copy=False)


def _by_argument(
    query: DerivativeQuery, derivative: array_plans.ArrayDerivative, blocks: Sequence[Array], rows: Shape
) -> Array:
    """Return blocks, one for each argument of the tape, side by side, shape (*rows, n): zeros for other arguments."""
    found = dict(zip(derivative.wanted, blocks, strict=True))
    parts = [
        found[argument].reshape(*rows, -1) if argument in found else np.zeros((*rows, math.prod(shape)), query.dtype)
        for argument, shape in zip(query.chosen, query.chosen_shapes, strict=True)
    ]
    return parts[0] if len(parts) == 1 else np.concatenate(parts, axis=-1)


def _hessian(
    query: DerivativeQuery, derivative: array_plans.ArrayDerivative, batch: int, blocks: Sequence[Array]
) -> Array:
    """Return blocks, one for each pair of arguments of the tape, as matrices (batch, n, n)."""
    wanted = derivative.wanted
    pairs = [(down, across) for down in wanted for across in wanted]
    found = dict(zip(pairs, blocks, strict=True))
    sizes = dict(zip(query.chosen, map(math.prod, query.chosen_shapes), strict=True))
    rows = [
        [
            found[down, across].reshape(batch, sizes[down], sizes[across])
            if (down, across) in found
            else np.zeros((batch, sizes[down], sizes[across]), query.dtype)
            for across in query.chosen
        ]
        for down in query.chosen
    ]
    return rows[0][0] if len(query.chosen) == 1 else np.block(rows)
