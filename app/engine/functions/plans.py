"""A scalar function, recorded and encoded, with the calls and layouts that its clients repeat."""

from __future__ import annotations

import itertools
import math
import operator
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.autodiff import bytecode, tape
from app.engine.functions import arguments
from app.engine.workers import jobs

Array = NDArray[Any]

_WEIGHT = 40  # of a plan beside its operations: its text, names and dictionaries
_MAX_KEPT = 4  # calls and layouts of one function; clients repeat themselves


@dataclass(frozen=True, slots=True)
class Layout:
    """Where the input leaves of a plan lie in a flat point of certain shapes."""

    positions: Array  # for each leaf, int, shape (n,)
    identity: bool  # whether the leaves are the elements of the flat point in order, the usual case
    cuts: tuple[int | slice, ...] | None
    """Where the partials of each argument lie in [value, *partials] if that holds and all are numbers or vectors."""


@dataclass(frozen=True, slots=True)
class PlannedCall:
    """A plan with transform, argnums and dtype: a query of a scalar function without its point."""

    plan: Plan
    transform: str  # "grad" or "value"
    argnums: int | list[int]  # positions, an int or a list as in the query; empty for a value
    job: jobs.TapeJob  # what to compile for one point; its key is the executable's

    @property
    def args(self) -> tuple[str, ...]:
        """Names of the arguments."""
        return self.plan.args

    @property
    def list_ranks(self) -> tuple[int | None, ...]:
        """Rank that a list given for a function of one argument is taken to have."""
        return self.plan.ranks

    @property
    def dtype(self) -> str:
        return self.job.dtype

    @property
    def weight(self) -> int:
        """What keeping it costs, in operations."""
        return self.plan.weight


class Plan:
    """A scalar function, recorded and encoded."""

    __slots__ = (
        "_calls", "_jobs", "_layouts", "_templates",
        "args", "encoded", "function_id", "operations", "ranks", "recording", "shapes",
    )  # fmt: skip

    def __init__(
        self,
        recording: tape.Recording,
        args: tuple[str, ...],
        ranks: tuple[int | None, ...],
        *,
        shapes: tuple[tuple[int, ...], ...] | None = None,
        function_id: str | None = None,
    ) -> None:
        self.args = args
        self.ranks = ranks  # how each argument is used, as in ``Expression``
        self.shapes = shapes  # of the arguments it was read for, None if it holds for all that fit the ranks
        self.recording = recording
        # Of the function that this is, or is a value of.
        self.function_id = function_id or recording.function_id
        self.encoded: bytecode.Encoded
        if not recording.tape.hosted:  # else it is there for formulae only, and nothing runs it
            self.encoded = bytecode.encode(recording.tape)
        self._layouts: dict[tuple[tuple[int, ...], ...], Layout] = {}
        self._templates: dict[str, Array] = {}
        # Not the calls themselves: they have the plan, and a cycle would outlive its place in a cache.
        self._calls: dict[Hashable, tuple[int | list[int], jobs.TapeJob]] = {}
        self._jobs: dict[tuple[str, str, int], jobs.TapeJob] = {}
        self.operations = len(self.recording.tape.code)

    @property
    def weight(self) -> int:
        """What keeping it costs, in operations."""
        return _WEIGHT + self.operations

    def fits(self, shapes: tuple[tuple[int, ...], ...]) -> bool:
        """Return whether the plan is of the function for arguments of these shapes."""
        if self.shapes is not None:
            return shapes == self.shapes
        for rank, shape in zip(self.ranks, shapes, strict=True):  # not all(...): this runs for every hot request
            if rank is not None and rank != len(shape):
                return False
        return True

    def call(self, transform: str, argnums: int | str | Sequence[int | str] | None, dtype: str) -> PlannedCall:
        """Return a call of this function; a few are kept. Raises ``errors.InvalidField`` if argnums do not fit."""
        key = (transform, argnums if isinstance(argnums, int | str | None) else tuple(argnums), dtype)
        found = self._calls.get(key)
        if found is None:
            positions = arguments.resolve(argnums, self.args) if transform == "grad" else []
            if len(self._calls) >= _MAX_KEPT:
                self._calls.clear()
            found = self._calls[key] = positions, self.job(transform, dtype, 0)
        return PlannedCall(self, transform, *found)

    def job(self, transform: str, dtype: str, rows: int) -> jobs.TapeJob:
        """Return what to compile for a transform of this function; there are few, and all are kept."""
        found = self._jobs.get((transform, dtype, rows))
        if found is None:
            found = jobs.TapeJob(self.recording.tape, transform, dtype, rows)
            self._jobs[transform, dtype, rows] = found
        return found

    def layout(self, shapes: tuple[tuple[int, ...], ...]) -> Layout:
        """Return the layout for these shapes; a few are kept."""
        found = self._layouts.get(shapes)
        if found is None:
            leaves = tape.positions(self.recording, self.args, shapes)
            size = sum(map(math.prod, shapes))
            identity = len(leaves) == size and all(map(operator.eq, leaves, range(size)))
            positions = np.array(leaves, dtype=np.intp)
            if len(self._layouts) >= _MAX_KEPT:
                self._layouts.clear()
            found = self._layouts[shapes] = Layout(positions, identity, _cuts(shapes) if identity else None)
        return found

    def leaves(self, flat: Array, layout: Layout, dtype: str) -> Array:
        """Return inputs ++ constants, shape (n + k,), for a flat point of shape (m,)."""
        vector = self._template(layout, dtype).copy()
        if dtype == "float32":
            with np.errstate(over="ignore"):
                vector[: len(layout.positions)] = flat[layout.positions]
        elif layout.identity:
            vector[: len(flat)] = flat
        else:
            vector[: len(layout.positions)] = flat[layout.positions]
        return vector

    def columns(self, rows: Array, layout: Layout, dtype: str) -> tuple[Array, Array]:
        """Return the inputs of points (batch, m) as (n, batch), and the constants, shape (k,).

        Executables and the interpreter take the batch last; everywhere else it comes first.
        """
        flat = rows.T
        inputs = flat if layout.identity else flat[layout.positions]
        if dtype == "float32":
            with np.errstate(over="ignore"):
                inputs = inputs.astype(dtype)
        return inputs, self._template(layout, dtype)[len(layout.positions) :]

    def _template(self, layout: Layout, dtype: str) -> Array:
        """Return zeros for the inputs ++ constants, shape (n + k,); nothing changes it."""
        found = self._templates.get(dtype)
        if found is None:
            leaves = np.array((0.0,) * len(layout.positions) + self.recording.constants)
            with np.errstate(over="ignore"):  # beyond float32 is infinity, as JAX has it
                found = self._templates[dtype] = leaves.astype(dtype)
        return found


def _cuts(shapes: Sequence[tuple[int, ...]]) -> tuple[int | slice, ...] | None:
    """Return where the partials of each argument lie in [value, *partials]; None if one is more than a vector."""
    if not any(shapes):
        return tuple(range(1, 1 + len(shapes)))
    if any(len(shape) > 1 for shape in shapes):
        return None
    starts = itertools.accumulate(map(math.prod, shapes), initial=1)
    return tuple([slice(start, start + shape[0]) if shape else start for start, shape in zip(starts, shapes)])  # noqa: B905
