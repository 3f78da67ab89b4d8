"""A function ready to be asked about: parsed, recorded, encoded, and what its askers repeat remembered."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app import interpreter, parsing, points, tape, worker

Array = NDArray[Any]

_REMEMBERED = 4
"""How many ways of asking about one function are remembered; clients repeat themselves."""


@dataclass(frozen=True, slots=True)
class Layout:
    """Where the input leaves of a plan lie in a flat point of certain shapes.

    Attributes:
        positions: for each leaf, int, shape (n,).
        straight: whether the leaves are the flat point itself and every argument a number, the usual case.
    """

    positions: Array
    straight: bool


class Plan:
    """A function ready to be asked about.

    Args:
        program: the parsed function; its expression is not kept.
    """

    __slots__ = ("_argnums", "_jobs", "_layouts", "_templates", "args", "encoded", "operations", "ranks", "recording")

    def __init__(self, program: parsing.Program) -> None:
        self.args = program.args
        self.ranks = program.ranks
        self.recording = tape.record(program)
        self.encoded = interpreter.encode(self.recording.tape)
        self._layouts: dict[tuple[tuple[int, ...], ...], Layout] = {}
        self._templates: dict[str, Array] = {}
        self._argnums: dict[Any, int | list[int]] = {}
        self._jobs: dict[tuple[str, str, int], worker.Job] = {}
        self.operations = len(self.recording.tape.code)

    def argnums(self, asked: int | str | Sequence[int | str]) -> int | list[int]:
        """Return ``points.resolve_argnums`` of these, remembering a few."""
        key = asked if isinstance(asked, int | str) else tuple(asked)
        found = self._argnums.get(key)
        if found is None:
            found = points.resolve_argnums(asked, self.args)
            if len(self._argnums) >= _REMEMBERED:
                self._argnums.clear()
            self._argnums[key] = found
        return found

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
            positions = np.array(tape.positions(self.recording, self.args, shapes), dtype=np.intp)
            straight = not any(shapes) and positions.tolist() == list(range(len(shapes)))
            if len(self._layouts) >= _REMEMBERED:
                self._layouts.clear()
            found = self._layouts[shapes] = Layout(positions, straight)
        return found

    def leaves(self, flat: Array, layout: Layout, dtype: str) -> Array:
        """Return inputs ++ constants, shape (n + k,), for a flat point of shape (m,)."""
        template = self._templates.get(dtype)
        if template is None:
            with np.errstate(over="ignore"):  # beyond float32 is infinity, as JAX has it
                constants = np.array(self.recording.constants).astype(dtype)
            template = self._templates[dtype] = np.concatenate((np.zeros(len(layout.positions), dtype), constants))
        vector = template.copy()
        if dtype == "float32":
            with np.errstate(over="ignore"):
                vector[: len(layout.positions)] = flat[layout.positions]
        elif layout.straight:
            vector[: len(flat)] = flat
        else:
            vector[: len(layout.positions)] = flat[layout.positions]
        return vector

    def rows(self, flat: Array, layout: Layout, dtype: str) -> tuple[Array, Array]:
        """Return the inputs of many points, shape (n, batch), and the constants, shape (k,)."""
        with np.errstate(over="ignore"):
            return flat[layout.positions].astype(dtype), np.array(self.recording.constants).astype(dtype)
