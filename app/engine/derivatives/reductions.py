"""Sums and means over a batch, of a value and its derivatives, as ``jax.grad`` of the sum gives them.

The function of one row becomes a function of many rows at once, whose value is the sum: a tape of arrays, as the
client could have written it. It is run on as many rows at a time as a processor's cache holds, and the parts are added.
"""

from __future__ import annotations

import dataclasses
import math
import threading
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app import errors
from app.autodiff.arrays import recording
from app.autodiff.arrays.rules import batching
from app.engine import points, query
from app.engine.derivatives import arrays
from app.engine.derivatives.transforms import DerivativeQuery, Numbers
from app.engine.functions import array_plans, functions
from app.runtime import cache

Array = NDArray[Any]

TRANSFORMS = frozenset({"value", "grad", "hessian", "hvp"})
_PIECE_BYTES = 1 << 22  # of the arrays that exist at one time; more than twice as many take longer for each row
_CAPACITY = 100_000  # operations of all reduced functions that are kept


class Rows(points.Point):
    """The pieces of a batch as points: each has so many rows of the batched arguments, and all of the others."""

    __slots__ = ("_given", "_own", "_rows", "_start")

    def __init__(self, given: points.Point, rows: int, count: int, start: int) -> None:
        self._own = tuple(given.batched)
        super().__init__(None, _with_rows(given.shapes, self._own, rows), count)
        self._given, self._rows, self._start = given, rows, start

    def arguments(self, index: int) -> list[Array]:
        first = self._start + index * self._rows
        return self._given.piece(first, first + self._rows)


class ReducedQuery:
    """A query for a sum or mean, of which everything but its numbers is known.

    Args:
        total: the same as a query for a function of all rows, at one point; it is presented, never run.
        parts: queries for the sums of pieces.
        batched: of each argument, whether it has the axis of the rows.
        scale: what the sum is multiplied by.
    """

    name: str
    executable = None
    derivative = None
    verify = False

    def __init__(
        self, total: DerivativeQuery, parts: Sequence[DerivativeQuery], batched: Sequence[bool], scale: float
    ) -> None:
        self.total, self.parts, self.scale = total, parts, scale
        self._batched = batched
        self.name, self.hit, self.start, self.point = total.name, total.hit, total.start, total.point

    @property
    def seconds(self) -> float:
        """Infinite: it is not answered on the event loop."""
        return math.inf

    def without_point(self, _: str) -> None:
        """Return None: it is prepared again each time."""

    @np.errstate(all="ignore")
    def combined(self, found: Sequence[Numbers]) -> Numbers:
        """Return value and derivative of all rows, given those of each piece of each part."""
        dtype = self.total.dtype
        values = sum(each.sum(axis=0, dtype=np.float64, keepdims=True) for each, _ in found)
        flats = [flat for _, flat in found]
        if self.total.transform.name == "grad":
            derivative = self._gradient(flats)
        else:
            derivative = sum(each.sum(axis=0, dtype=np.float64, keepdims=True) for each in flats)
        return (values * self.scale).astype(dtype), np.asarray(derivative * self.scale).astype(dtype)

    def _gradient(self, flats: Sequence[Array]) -> Array:
        """Return the gradient, (1, n): arguments with the axis of the rows have theirs one behind the other."""
        blocks: list[list[Array]] = [[] for _ in self.total.chosen]
        for part, flat in zip(self.parts, flats, strict=True):
            start = 0
            for block, shape in zip(blocks, part.chosen_shapes, strict=True):
                stop = start + math.prod(shape)
                block.append(flat[:, start:stop])
                start = stop
        rows = [
            np.concatenate([each.ravel() for each in block])
            if self._batched[argument]
            else sum(each.sum(axis=0, dtype=np.float64) for each in block)
            for argument, block in zip(self.total.chosen, blocks, strict=True)
        ]
        return np.concatenate(rows)[None]

    def present(self, result: query.Result) -> query.Answer:
        return self.total.present(result)

    def arrays(self, result: query.Result) -> query.ArrayAnswer:
        return self.total.arrays(result)


class Reductions:
    """Functions of rows made functions of their sums. Safe to use from threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._known: cache.LruDict[Any, functions.Specialization] = cache.LruDict(_CAPACITY, lambda made: made.weight)

    def prepare(
        self,
        given: query.Query,
        function: functions.Function,
        point: points.Point,
        argnums: int | list[int],
        limits: query.WorkLimits,
        start: float,
    ) -> ReducedQuery:
        """Return a query ready to run; refuse what would be too much."""
        if given.transform not in TRANSFORMS:
            raise errors.InvalidField("only value, gradient, Hessian and hvp are reduced", field="reduce")
        if given.verify:
            raise errors.InvalidField("a sum over a batch is not verified", field="verify")
        if point.batch is None:
            raise errors.InvalidField("there is no batch to reduce: set in_axes", field="reduce")
        batched, count = tuple(point.batched), point.batch
        chosen = [argnums] if isinstance(argnums, int) else argnums
        if given.transform in ("hessian", "hvp") and any(batched[argument] for argument in chosen):
            hint = "name the arguments without the batch axis in argnums"
            raise errors.InvalidField("second derivatives of a sum by its rows", hint=hint, field="argnums")
        with self._lock:
            hit = (function.function_id, function.text, point.shapes, batched, 1) in self._known
        rows = self._rows(function, point, batched, count)
        pieces, rest = divmod(count, rows)

        def made(size: int, where: points.Point) -> DerivativeQuery:
            specialization = self._reduced(function, point.shapes, batched, size)
            return DerivativeQuery(
                dataclasses.replace(given, in_axes=None, point=None), function, specialization, where, argnums, start,
                hit=hit,
            )  # fmt: skip

        whole_shapes = tuple(
            [(count, *shape) if own else shape for shape, own in zip(point.shapes, batched, strict=True)]
        )
        total = made(rows, points.Point(None, whole_shapes, None))
        total.check(limits)
        parts = [made(rows, Rows(point, rows, pieces, 0))]
        if rest:
            parts.append(made(rest, Rows(point, rest, 1, pieces * rows)))
        for part in parts:
            arrays.derive_once(part)
        return ReducedQuery(total, parts, batched, 1.0 / count if given.reduce == "mean" else 1.0)

    def _rows(self, function: functions.Function, point: points.Point, batched: tuple[bool, ...], count: int) -> int:
        """Return how many rows a piece has: a divisor of their number, if one is near what the cache holds."""
        one = self._reduced(function, point.shapes, batched, 1)
        assert one.whole is not None
        own = [argument for argument in one.whole.recording.inputs if batched[argument]]
        bytes_each = max(one.whole.derivative("grad" if one.shape == () else "value", own, 0).cost.bytes, 8)
        pieces = max(1, -(-count * bytes_each // _PIECE_BYTES))
        for more in range(pieces, min(2 * pieces, count) + 1):
            if count % more == 0:
                return count // more
        return -(-count // pieces)

    def _reduced(
        self, function: functions.Function, shapes: tuple[points.Shape, ...], batched: tuple[bool, ...], rows: int
    ) -> functions.Specialization:
        """Return the function of so many rows whose value is the sum over them."""
        key = (function.function_id, function.text, shapes, batched, rows)
        with self._lock:
            found = self._known.get(key)
        if found is None:
            recorded = function.recorded_whole(shapes)
            flags = [*[batched[argument] for argument in recorded.inputs], *[False] * len(recorded.constants)]
            tape = batching.batch_sum(recorded.tape, flags, rows)
            whole = recording.ArrayRecording(tape, recorded.inputs, recorded.constants, function.function_id)
            own = _with_rows(shapes, batched, rows)
            shape = tape.shapes[tape.results[0]]
            plan = array_plans.ArrayPlan(whole, own, shape, function.function_id)
            found = functions.Specialization(shape, (), plan.operations, plan)
            with self._lock:
                self._known[key] = found
        return found


def _with_rows(shapes: Sequence[points.Shape], batched: Sequence[bool], rows: int) -> tuple[points.Shape, ...]:
    return tuple([(rows, *shape) if own else shape for shape, own in zip(shapes, batched, strict=True)])
