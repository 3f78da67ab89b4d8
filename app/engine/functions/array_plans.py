"""A function of whole arrays, recorded, and the derivatives that its clients ask for as tapes that NumPy runs."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from app.autodiff.arrays import cost, recording, run, transforms
from app.autodiff.arrays.rules import batching
from app.autodiff.arrays.tape import ArrayTape
from app.engine.workers import jobs
from app.language.expression.values import Shape

Array = NDArray[Any]
Key = TypeVar("Key")

_WEIGHT = 40  # of a plan beside its instructions, as of a ``plans.Plan``
_MAX_KEPT = 8  # derivatives of one function; clients repeat themselves

_LOOP = 4  # more instructions than so many times those of the tape are run in loops
_OVERHEAD = 0.2  # of a run that NumPy spends between its operations, from which many points are run at once
_PIECE_BYTES = 1 << 24  # of intermediate arrays: what a processor's cache holds, about

_SECONDS_PER_INSTRUCTION, _SECONDS_PER_OPERATION = 2e-6, 1e-9
"""Of NumPy, about: what a run is expected to take before one has been measured."""


class ArrayDerivative:
    """A transform of a function of arrays: a tape of its own, which NumPy runs. Safe to use from threads.

    Args:
        recorded: the function.
        tape: its results are the value, and then the blocks that ``transforms.derive`` lists.
        wanted: the arguments differentiated by that the function reads.
        size: how many points a run takes, 0 for a point without an axis; see ``batch``.

    Attributes:
        cost: of one run.
        seconds: what one run by NumPy takes, expected or measured.
        hosted: whether it has host words, so that only NumPy runs it.
    """

    __slots__ = (
        "_batches",
        "_constants",
        "_jobs",
        "_recording",
        "_run",
        "cost",
        "hosted",
        "seconds",
        "size",
        "tape",
        "wanted",
    )

    def __init__(
        self, recorded: recording.ArrayRecording, tape: ArrayTape, wanted: tuple[int, ...], size: int = 0
    ) -> None:
        self._recording, self.tape, self.wanted, self.size = recorded, tape, wanted, size
        self.cost = cost.cost(self.tape)
        self.hosted = self.tape.hosted
        self.seconds = _SECONDS_PER_INSTRUCTION * self.cost.instructions + _SECONDS_PER_OPERATION * self.cost.flops
        self._run: Callable[[Sequence[Array]], list[Array]] | None = None
        self._jobs: dict[str, jobs.ArrayJob] = {}
        self._constants: dict[str, list[Array]] = {}
        self._batches: dict[tuple[tuple[bool, ...], int], ArrayDerivative] = {}

    @property
    def overhead_seconds(self) -> float:
        """What NumPy is expected to spend between its operations."""
        return _SECONDS_PER_INSTRUCTION * self.cost.instructions

    def pieces(self, points: int) -> int:
        """Return how many of so many points are best run at once; 1 if NumPy's own time is what counts."""
        if self.overhead_seconds < _OVERHEAD * self.seconds:
            return 1
        most = max(1, _PIECE_BYTES // max(self.cost.bytes, 1))
        return -(-points // -(-points // most))

    def batch(self, mapped: Sequence[bool], size: int) -> ArrayDerivative:
        """Return this transform at many points at once: a leading axis in results, and in arguments that are mapped.

        Directions have the axis, too. A few are kept.
        """
        key = tuple([mapped[argument] for argument in self._recording.inputs]), size
        found = self._batches.get(key)
        if found is None:
            directions = len(self.tape.inputs) - len(key[0])
            flags = [*key[0], *[True] * directions, *[False] * len(self.tape.constants)]
            tape = batching.batch(self.tape, flags, size)
            found = ArrayDerivative(self._recording, tape, self.wanted, size)
            _keep(self._batches, key, found)
        return found

    def job(self, dtype: str) -> jobs.ArrayJob:
        """Return what to compile for this tape."""
        found = self._jobs.get(dtype)
        if found is None:
            constants = [each.dtype.name for each in self._constants_in(dtype)]
            dtypes = (*[dtype] * len(self.tape.inputs), *constants)
            found = self._jobs[dtype] = jobs.ArrayJob(self.tape, dtype, dtypes, self._worth())
        return found

    def _worth(self) -> float:
        """Return the fraction of the expected compile time that NumPy may cost first: less where compiling gains more.

        Compiled code takes a hundredth of NumPy's time for a loop of many steps, a third for many small operations. A
        fit asks some hundred times, so most calls should come after the compilation.
        """
        if self.cost.instructions > _LOOP * len(self.tape.code):
            return 0.02
        return 0.03 if self.overhead_seconds > 0.5 * self.seconds else 0.3

    def leaves(self, arguments: Sequence[Array], directions: Sequence[Array], dtype: str) -> list[Array]:
        """Return what the tape takes: the arguments that the function reads, directions, and constants."""
        chosen = [arguments[argument] for argument in self._recording.inputs]
        with np.errstate(over="ignore"):  # beyond float32 is infinity, as JAX has it
            inputs = [leaf.astype(dtype, copy=False) for leaf in (*chosen, *directions)]
        if [leaf.shape for leaf in inputs] != list(self.tape.inputs):
            raise AssertionError("the leaves of a tape of arrays have other shapes than it was made for")
        return inputs + self._constants_in(dtype)

    def _constants_in(self, dtype: str) -> list[Array]:
        """Return the constants; those that are used as indices are integers in any dtype."""
        found = self._constants.get(dtype)
        if found is None:
            with np.errstate(over="ignore"):
                found = self._constants[dtype] = [
                    each if each.dtype.kind == "i" else each.astype(dtype, copy=False)
                    for each in self._recording.constants
                ]
        return found

    def __call__(self, leaves: Sequence[Array]) -> list[Array]:
        """Return the results, by NumPy."""
        if self._run is None:
            self._run = run.prepare(self.tape)
        return self._run(leaves)


class ArrayPlan:
    """A function for arguments of given shapes, recorded."""

    __slots__ = ("_derivatives", "_lock", "function_id", "operations", "recording", "shape", "shapes")

    def __init__(
        self, recorded: recording.ArrayRecording, shapes: tuple[Shape, ...], shape: Shape, function_id: str
    ) -> None:
        self.recording = recorded
        self.shapes = shapes  # of the arguments
        self.shape = shape  # of the value
        self.function_id = function_id
        self.operations = len(recorded.tape.code)
        self._derivatives: dict[tuple[str, tuple[int, ...], int], ArrayDerivative] = {}
        self._lock = threading.Lock()

    @property
    def weight(self) -> int:
        """What keeping it costs, in operations of a ``plans.Plan``, of some 160 bytes each.

        A cache asks once, before the first derivative is made: a gradient has about three times the instructions of
        its function, and an instruction on arrays takes twice the memory of one on numbers.
        """
        constants = sum(constant.size for constant in self.recording.constants)
        return _WEIGHT + 2 * 4 * self.operations + constants // 20

    def derivative(self, transform: str, argnums: Sequence[int], columns: int) -> ArrayDerivative:
        """Return a transform by these arguments, along this many directions; a few are kept."""
        key = self._key(transform, argnums, columns)
        with self._lock:
            found = self._derivatives.get(key)
        if found is None:
            name, wanted, columns = key
            leaves = tuple([self.recording.inputs.index(argument) for argument in wanted])
            tape = transforms.derive(self.recording.tape, name, leaves, columns)
            found = ArrayDerivative(self.recording, tape, wanted)
            with self._lock:
                _keep(self._derivatives, key, found)
        return found

    def knows(self, transform: str, argnums: Sequence[int], columns: int) -> bool:
        """Return whether a transform is kept."""
        return self._key(transform, argnums, columns) in self._derivatives

    def _key(self, transform: str, argnums: Sequence[int], columns: int) -> tuple[str, tuple[int, ...], int]:
        wanted = tuple([argument for argument in argnums if argument in self.recording.inputs])
        return (transform, wanted, columns) if wanted else ("value", (), 0)


def _keep(kept: dict[Key, ArrayDerivative], key: Key, value: ArrayDerivative) -> None:
    while len(kept) >= _MAX_KEPT:
        kept.pop(next(iter(kept)), None)
    kept[key] = value
