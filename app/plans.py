"""A scalar function ready to be asked about: recorded, encoded, and what its askers repeat remembered."""

from __future__ import annotations

import math
import operator
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app import instructions, points, tape, worker

Array = NDArray[Any]

_WEIGHT = 40
"""What a plan counts beside its operations, in operations: its text, names and dictionaries."""

_REMEMBERED = 4
"""How many ways of asking about one function are remembered; clients repeat themselves."""


@dataclass(frozen=True, slots=True)
class Layout:
    """Where the input leaves of a plan lie in a flat point of certain shapes.

    Attributes:
        positions: for each leaf, int, shape (n,).
        whole: whether the leaves are the flat point itself, the usual case.
        straight: whether that, and every argument is a number.
    """

    positions: Array
    whole: bool
    straight: bool


@dataclass(frozen=True, slots=True)
class Call:
    """A way of asking about a function: everything settled but the point.

    Attributes:
        plan: the function.
        transform: "grad" or "value".
        argnums: positions: an int or a list, as asked; empty where nothing is differentiated by.
        job: what to compile for one point, and the key of its executable.
    """

    plan: Plan
    transform: str
    argnums: int | list[int]
    job: worker.Job


class Plan:
    """A function ready to be asked about.

    Args:
        recording: the function.
        args: argument names in order.
        ranks: how each argument is used, as in ``parsing.Program``.
        shapes: of the arguments it was read for, None if it holds for all that fit the ranks.
        function_id: names the function it is, or a value of which.
    """

    __slots__ = (
        "_calls",
        "_jobs",
        "_layouts",
        "_templates",
        "args",
        "encoded",
        "function_id",
        "operations",
        "ranks",
        "recording",
        "shapes",
    )

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
        self.ranks = ranks
        self.shapes = shapes
        self.recording = recording
        self.function_id = function_id or recording.function_id
        self.encoded = instructions.encode(recording.tape)
        self._layouts: dict[tuple[tuple[int, ...], ...], Layout] = {}
        self._templates: dict[str, Array] = {}
        # Not the calls themselves: they have the plan, and a cycle would outlive its place in a cache.
        self._calls: dict[Hashable, tuple[int | list[int], worker.Job]] = {}
        self._jobs: dict[tuple[str, str, int], worker.Job] = {}
        self.operations = len(self.recording.tape.code)

    @property
    def weight(self) -> int:
        """What keeping it costs, in operations."""
        return _WEIGHT + self.operations

    def fits(self, shapes: tuple[tuple[int, ...], ...]) -> bool:
        """Return whether the plan is of the function for arguments of these shapes."""
        if self.shapes is not None:
            return shapes == self.shapes
        return all(rank is None or rank == len(shape) for rank, shape in zip(self.ranks, shapes, strict=True))

    def call(self, transform: str, argnums: int | str | Sequence[int | str], dtype: str) -> Call:
        """Return a way of asking about this function, remembering a few.

        Raises:
            errors.InvalidField: argnums do not fit, see ``points.resolve_argnums``.
        """
        key = (transform, argnums if isinstance(argnums, int | str) else tuple(argnums), dtype)
        found = self._calls.get(key)
        if found is None:
            positions = points.resolve_argnums(argnums, self.args) if transform == "grad" else []
            if len(self._calls) >= _REMEMBERED:
                self._calls.clear()
            found = self._calls[key] = positions, self.job(transform, dtype, 0)
        return Call(self, transform, *found)

    def job(self, transform: str, dtype: str, rows: int) -> worker.Job:
        """Return what to compile for a transform of this function; there are few, and all are remembered."""
        found = self._jobs.get((transform, dtype, rows))
        if found is None:
            found = worker.Job(self.recording.tape, transform, dtype, rows)
            self._jobs[transform, dtype, rows] = found
        return found

    def layout(self, shapes: tuple[tuple[int, ...], ...]) -> Layout:
        """Return the layout for these shapes, remembering a few."""
        found = self._layouts.get(shapes)
        if found is None:
            leaves = tape.positions(self.recording, self.args, shapes)
            size = sum(map(math.prod, shapes))
            whole = len(leaves) == size and all(map(operator.eq, leaves, range(size)))
            positions = np.array(leaves, dtype=np.intp)
            if len(self._layouts) >= _REMEMBERED:
                self._layouts.clear()
            found = self._layouts[shapes] = Layout(positions, whole, straight=whole and not any(shapes))
        return found

    def leaves(self, flat: Array, layout: Layout, dtype: str) -> Array:
        """Return inputs ++ constants, shape (n + k,), for a flat point of shape (m,)."""
        template = self._templates.get(dtype)
        if template is None:
            leaves = np.array((0.0,) * len(layout.positions) + self.recording.constants)
            with np.errstate(over="ignore"):  # beyond float32 is infinity, as JAX has it
                template = self._templates[dtype] = leaves.astype(dtype)
        vector = template.copy()
        if dtype == "float32":
            with np.errstate(over="ignore"):
                vector[: len(layout.positions)] = flat[layout.positions]
        elif layout.whole:
            vector[: len(flat)] = flat
        else:
            vector[: len(layout.positions)] = flat[layout.positions]
        return vector

    def rows(self, flat: Array, layout: Layout, dtype: str) -> tuple[Array, Array]:
        """Return the inputs of many points, shape (n, batch), and the constants, shape (k,)."""
        with np.errstate(over="ignore"):
            inputs = flat if layout.whole else flat[layout.positions]
            return inputs.astype(dtype, copy=False), np.array(self.recording.constants).astype(dtype)
