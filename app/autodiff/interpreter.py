"""Programs that compute the value and gradient of any tape, compiled before the tape is known.

A program takes the tape as an input: rows of integers (see ``bytecode``), which a loop with one ``lax.switch`` executes
forward and a loop with two executes in reverse. The sweep is that of ``reverse``, the words those of ``table``. A
program has room for a bounded number of instructions; its work grows with the number of instructions in the tape.

XLA for CPU decides how fast the loops are, for two reasons. It turns a loop into one kernel whose fixed cost grows with
the number of values inside; therefore a branch returns one number. It copies a whole buffer at each step unless every
write depends on every earlier read and no read is repeated for a write; therefore one ``cond`` takes everything that
was read and returns everything that is written. An optimization barrier does not survive in every version of XLA.
"""

from __future__ import annotations

import functools
import itertools
import operator
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array, lax

from app.autodiff import bytecode, reverse
from app.autodiff.bytecode import Numbers
from app.autodiff.namespaces import forward, jax_words

_MOST_BY_NUMPY = 20_000
"""Instructions of one answer by NumPy, less than a second of work."""
_WORTH_COMPILING, _WORTH_LOADING = 200_000, 20_000
"""Instructions of all answers by NumPy before a thread compiles their program, or loads it if it is the largest."""
_POINTS = 512
"""Points that NumPy takes at once."""

_JOINED = 8192
"""Instructions, and leaves, of the tapes that run together. More would not fit into the processor's cache."""
_JOINED_AT_FIRST = 512
"""The same until there is a program for more, which takes some seconds to compile, and with special functions."""

_WIDTHS = {32: (32, 512), 512: (32,)}
"""Points that "rows" takes at once, by bucket. In larger buckets, one point at a time is as fast.

With special functions, points one behind the other are as fast.
"""


class Program(NamedTuple):
    """Names a program: "gradient", "hvp" (along one tangent) or "rows" (``width`` points), for tapes up to a size.

    A program with ``special`` knows every opcode, one without none of ``table.SPECIAL``.
    """

    kind: str
    bucket: int
    width: int = 0
    special: bool = False

    @property
    def arrays(self) -> int:
        """Number of arrays that the executable takes."""
        return 2

    def name(self, dtype: str) -> str:
        """Return the name that the program of this dtype is stored under."""
        return f"{self.kind}-{self.bucket}-{self.width}-{'special' if self.special else 'core'}-{dtype}"


GRADIENTS = tuple(Program("gradient", bucket) for bucket in bytecode.BUCKETS)
ROWS = tuple(Program("rows", bucket, width) for bucket, widths in _WIDTHS.items() for width in widths)
SECOND_ORDER = tuple(Program("hvp", bucket) for bucket in bytecode.BUCKETS)
SPECIAL = tuple(
    program._replace(special=True)
    for program in (*GRADIENTS, SECOND_ORDER[1])
    if program.bucket in bytecode.SPECIAL_BUCKETS
)
"""The programs for tapes with special functions: 140 MB of memory each, and 310 MB the last one, for second order."""
AHEAD = (
    *GRADIENTS[:2],
    SECOND_ORDER[0],
    *ROWS,
    SPECIAL[0],
    *GRADIENTS[2:],
    SECOND_ORDER[1],
    *SPECIAL[1:],
    SECOND_ORDER[2],
)
"""Programs to compile before a tape needs them, the most likely ones first."""


def _read(buffer: Any, index: Array) -> Any:
    """Return an element of a buffer, or of each of several."""
    return jax.tree.map(
        lambda each: lax.dynamic_index_in_dim(each, index, keepdims=False, allow_negative_indices=False), buffer
    )


def _write(buffer: Any, value: Any, index: Array) -> Any:
    return jax.tree.map(
        lambda each, new: lax.dynamic_update_index_in_dim(each, new, index, 0, allow_negative_indices=False),
        buffer,
        value,
    )


Branch = Callable[..., Any]
"""A function of numbers, arrays or pairs of arrays, that gives one number."""


def _forward(values: Sequence[Branch], code: Array, slots: Any) -> Any:
    def step(index: Array, slots: Any) -> Any:
        opcode, _, _, slot, a, b, c = _read(code, index)
        return _write(slots, lax.switch(opcode, values, _read(slots, a), _read(slots, b), _read(slots, c)), slot)

    return lax.fori_loop(1, code[0, 0] + 1, step, slots)


def _reverse(first: Sequence[Branch], second: Sequence[Branch], code: Array, slots: Any, start: Any) -> Any:
    """Return the adjoint of each slot, added to what is there at the start."""

    def step(done: Array, adjoints: Any) -> Any:
        _, one, two, slot, a, b, c = _read(code, code[0, 0] - done)
        read = _read(adjoints, slot), _read(slots, slot), _read(slots, a), _read(slots, b), _read(slots, c)
        parts = lax.switch(one, first, *read), lax.switch(two, second, *read)
        sums = lax.cond(a == b, _to_one, _to_two, parts, (_read(adjoints, a), _read(adjoints, b)))
        return _write(_write(adjoints, sums[0], a), sums[1], b)

    return lax.fori_loop(0, code[0, 0], step, start)


def _to_two(parts: tuple[Any, Any], before: tuple[Any, Any]) -> tuple[Any, Any]:
    """Return the adjoints of two operands."""
    return jax.tree.map(operator.add, before[0], parts[0]), jax.tree.map(operator.add, before[1], parts[1])


def _to_one(parts: tuple[Any, Any], before: tuple[Any, Any]) -> tuple[Any, Any]:
    """Return the same where both operands are one."""
    total = jax.tree.map(lambda x, y, z: x + y + z, before[0], *parts)
    return total, total


def _on_numbers(function: Branch) -> Branch:
    """Return a function of a namespace as a function of arrays."""
    return lambda *numbers: function(jax_words.NAMESPACE, *numbers)


def _on_pairs(function: Branch) -> Branch:
    """Return a function of a namespace as a function of pairs, a value and its tangent."""
    space = forward.Forward(jax_words.NAMESPACE)

    def call(*pairs: tuple[Array, Array]) -> tuple[Array, Array]:
        found = function(space, *[forward.Moving(space, *pair) for pair in pairs])
        moves = isinstance(found, forward.Moving)
        return (found.value, found.tangent) if moves else (found, jnp.zeros_like(found))

    return call


def _gradient(known: bytecode.InstructionSet, as_branch: Callable[[Branch], Branch], code: Array, leaves: Any) -> Any:
    """Return [value, *gradient, ...] for leaves of shape (bucket,) or, for many points, (bucket, width), or a pair."""
    values, first, second = ([as_branch(each) for each in column] for column in known[1:])
    room = code.shape[0] - 1

    def with_room(each: Array) -> Array:
        return jnp.concatenate([each, jnp.zeros((room, *each.shape[1:]), each.dtype)])

    start = jax.tree.map(lambda each: with_room(jnp.where(each == 0, each, 0)), leaves)
    adjoints = _reverse(first, second, code, _forward(values, code, jax.tree.map(with_room, leaves)), start)
    return jax.tree.map(lambda found, each: found[: len(each)], adjoints, leaves)


def _hvp(known: bytecode.InstructionSet, code: Array, pair: Array) -> Array:
    """Return [value, *gradient, ...] and its derivative, for leaves and their tangents."""
    return jnp.stack(_gradient(known, _on_pairs, code, (pair[0], pair[1])))


def compile_program(program: Program, dtype: str) -> Any:
    """Return the JAX executable of a program.

    It takes the code, int32 of shape (1 + bucket, 7), and the first slots, of shape (bucket,), for "rows"
    (bucket, width), for "hvp" (2, bucket). The result has the shape of the first slots.
    """
    kind, bucket, width, special = program
    shape = {"gradient": (bucket,), "rows": (bucket, width), "hvp": (2, bucket)}[kind]
    arrays = jax.ShapeDtypeStruct((1 + bucket, 7), np.int32), jax.ShapeDtypeStruct(shape, dtype)
    known = bytecode.INSTRUCTION_SETS[special]
    run = functools.partial(_hvp, known) if kind == "hvp" else functools.partial(_gradient, known, _on_numbers)
    return jax.jit(run, compiler_options=jax_words.COMPILER_OPTIONS).lower(*arrays).compile()


class Interpreter:
    """Runs tapes; compiles a program when it is first needed. Safe to use from threads.

    Arrays returned may be read-only views.

    Args:
        dtype: "float64", for which the caller has enabled x64, or "float32".
        make: returns the executable of a program and a dtype: ``compile_program``, or a function that first looks for
            it in a store.
        is_stored: whether ``make`` will find the program in a store. Without it, every program is compiled when it is
            needed; with it, NumPy runs what no program is at hand for, see ``reverse.run_by_numpy``, and what the
            largest of ``SPECIAL`` is for until that is worth loading it.

    Attributes:
        on_demand: programs that were loaded because they were needed, with the time of their last use in seconds of
            ``time.monotonic``. ``release`` lets them go.
    """

    __slots__ = ("_compiling", "_done", "_dtype", "_executables", "_is_stored", "_make", "on_demand")

    def __init__(
        self,
        dtype: str,
        make: Callable[[Program, str], Any] = compile_program,
        is_stored: Callable[[Program, str], bool] | None = None,
    ) -> None:
        self._dtype = dtype
        self._make = make
        self._is_stored = is_stored
        self._done: dict[Program, int] = {}  # instructions run by NumPy
        self._executables: dict[Program, Any] = {}
        self._compiling: dict[Program, threading.Lock] = {}
        self.on_demand: dict[Program, float] = {}

    def warm(self, programs: Iterable[Program]) -> None:
        """Compile these programs now, and keep them."""
        for program in programs:
            self._load(program)

    def install(self, program: Program, executable: Any) -> None:
        """Use this executable for the program from now on."""
        self._executables.setdefault(program, executable)
        self.on_demand.pop(program, None)

    def installed(self, program: Program) -> bool:
        """Return whether the program is loaded."""
        return program in self._executables

    def release(self, program: Program) -> None:
        """Let a program go that was loaded on demand. It is loaded again when it is needed again."""
        self.on_demand.pop(program, None)
        self._executables.pop(program, None)

    def ready(self, encoded: bytecode.Encoded, batch: int | None = None) -> bool:
        """Return whether the gradient at a point, or at a batch of points, waits for no program."""
        widths = () if encoded.special else _WIDTHS.get(encoded.bucket, ())
        if batch is None or not widths:
            return Program("gradient", encoded.bucket, 0, encoded.special) in self._executables
        return all(Program("rows", encoded.bucket, width, encoded.special) in self._executables for width in widths)

    def gradient(self, encoded: bytecode.Encoded, leaves: Numbers) -> Numbers:
        """Return [value, *gradient], of shape (1 + n,), for leaves of shape (n + k,): inputs, then constants."""
        program, block = Program("gradient", encoded.bucket, 0, encoded.special), encoded.block(leaves)
        if self._is_missing(program) and self._runs_by_numpy(program, len(encoded.code)):
            return reverse.run_by_numpy("gradient", encoded.tape, encoded.unblocked(block), self._dtype)
        return self._run_one("gradient", encoded, block)

    def gradients(self, calls: Sequence[tuple[bytecode.Encoded, Numbers]]) -> list[Numbers]:
        """Return ``gradient`` of each call, in as few runs as the sizes of the tapes allow."""
        return self._run_all("gradient", [(encoded, encoded.block(leaves)) for encoded, leaves in calls])

    def gradient_rows(self, encoded: bytecode.Encoded, points: Numbers, constants: Numbers) -> Numbers:
        """Return (1 + n, batch) for points of shape (n, batch), one row of all points per input, and constants (k,)."""
        n, batch = points.shape
        leaves = np.concatenate([points, np.repeat(constants[:, None], batch, axis=1)])
        widths = None if encoded.special else _WIDTHS.get(encoded.bucket)
        if widths is None:
            return np.stack(self.gradients([(encoded, column) for column in leaves.T]), axis=1)
        found = np.empty((1 + n, batch), self._dtype)
        start, work = 0, len(encoded.code) * -(-batch // _POINTS)
        while start < batch:
            width = next((width for width in widths if width >= batch - start), widths[-1])
            stop = min(start + width, batch)
            program = Program("rows", encoded.bucket, width)
            if self._is_missing(program) and self._runs_by_numpy(program, work):
                rows = reverse.run_by_numpy("rows", encoded.tape, leaves[:, start:stop], self._dtype)
            else:
                first = np.zeros((encoded.bucket, width), self._dtype)
                first[: 1 + encoded.leaves, : stop - start] = encoded.block(leaves[:, start:stop])
                rows = np.asarray(self._executable(program)(encoded.placed, first))
            found[:, start:stop] = rows[: 1 + n, : stop - start]
            start = stop
        return found

    def hvps(self, calls: Sequence[tuple[bytecode.Encoded, Numbers, Numbers]]) -> list[Numbers]:
        """Return [value, *gradient] and its derivative along a tangent, of shape (2, 1 + n), for each call.

        A call is a tape, its leaves (n + k,) and a tangent (n,). The second row is
        [gradient . tangent, *(Hessian @ tangent)].
        """
        blocks = [(encoded, _with_tangent(encoded.block(leaves), tangent)) for encoded, leaves, tangent in calls]
        return self._run_all("hvp", blocks)

    def at_hand(self, kind: str, tapes: Sequence[bytecode.Encoded]) -> bool:
        """Return whether a run of tapes together, none of them special, waits for no program: one with room for all."""
        if len(tapes) == 1:
            return Program(kind, tapes[0].bucket) in self._executables
        return bytecode.room(tapes) <= _JOINED_AT_FIRST and _joined(kind, tapes) in self._executables

    def _run_one(self, kind: str, encoded: bytecode.Encoded, block: Numbers) -> Numbers:
        first = np.zeros((*block.shape[:-1], encoded.bucket), self._dtype)
        first[..., : 1 + encoded.leaves] = block
        run = self._executable(Program(kind, encoded.bucket, 0, encoded.special))
        return np.asarray(run(encoded.placed, first))[..., : 1 + encoded.inputs]

    def _run_all(self, kind: str, blocks: Sequence[bytecode.Block]) -> list[Numbers]:
        found = self._all_by_numpy(kind, blocks)
        for group in bytecode.groups([] if found else blocks, self._room(kind, [encoded for encoded, _ in blocks])):
            found += self._run_joined(kind, group) if len(group) > 1 else [self._run_one(kind, *group[0])]
        return found

    def _room(self, kind: str, tapes: Sequence[bytecode.Encoded]) -> int:
        """Return how many instructions, and leaves, run together: more only if the program for more is at hand."""
        if bytecode.room(tapes) <= _JOINED_AT_FIRST or any(tape.special for tape in tapes):
            return _JOINED_AT_FIRST
        large, kept = Program(kind, _JOINED), self._is_stored
        return _JOINED if large in self._executables or not kept or kept(large, self._dtype) else _JOINED_AT_FIRST

    def _run_joined(self, kind: str, group: Sequence[bytecode.Block]) -> list[Numbers]:
        tapes = [encoded for encoded, _ in group]
        code, filled = bytecode.join(tapes), np.concatenate([block for _, block in group], axis=-1)
        size = filled.shape[-1]
        program = _joined(kind, tapes)
        if self._is_missing(program):
            return [self._run_one(kind, encoded, block) for encoded, block in group]
        first = np.zeros((*filled.shape[:-1], program.bucket), self._dtype)
        first[..., :size] = filled
        run = self._executable(program)
        adjoints = np.asarray(run(bytecode.pad(code, program.bucket), first))
        starts = itertools.accumulate((1 + tape.leaves for tape in tapes), initial=0)
        return [adjoints[..., start : start + 1 + tape.inputs] for start, tape in zip(starts, tapes, strict=False)]

    def _all_by_numpy(self, kind: str, blocks: Sequence[bytecode.Block]) -> list[Numbers]:
        """Return the results of calls whose programs are missing, each tape with all its points; none if it is long."""
        programs = {Program(kind, encoded.bucket, 0, encoded.special) for encoded, _ in blocks}
        missing = [program for program in programs if self._is_missing(program)]
        if not missing:
            return []
        runs: list[list[bytecode.Block]] = []
        for block in blocks:
            if not runs or runs[-1][0][0] is not block[0] or len(runs[-1]) == _POINTS:
                runs.append([])
            runs[-1].append(block)
        work = sum(len(run[0][0].code) for run in runs)
        if not all(self._runs_by_numpy(program, work) for program in missing):
            return []
        found: list[Numbers] = []
        for run in runs:
            encoded = run[0][0]
            leaves = np.stack([encoded.unblocked(block) for _, block in run], axis=-1)
            found += [*np.moveaxis(reverse.run_by_numpy(kind, encoded.tape, leaves, self._dtype), -1, 0)]
        return found

    def _runs_by_numpy(self, program: Program, instructions: int) -> bool:
        """Return whether NumPy runs so many instructions of a missing program; have a thread make it in time."""
        if instructions > _MOST_BY_NUMPY:
            return False
        self._done[program] = self._done.get(program, 0) + instructions
        stored = self._is_stored is not None and self._is_stored(program, self._dtype)
        making = self._compiling.get(program)
        if self._done[program] >= (_WORTH_LOADING if stored else _WORTH_COMPILING) and not (making and making.locked()):
            self._done[program] = 0
            threading.Thread(target=self._executable, args=(program,), name="gradserve-program").start()
        return True

    def _is_missing(self, program: Program) -> bool:
        """Return whether NumPy runs what the program is for, as long as that is little."""
        if program in self._executables or self._is_stored is None:
            return False
        return (program.special and program.kind == "hvp") or not self._is_stored(program, self._dtype)

    def _executable(self, program: Program) -> Any:
        """Return the executable of a program that is needed now."""
        found = self._executables.get(program)
        if found is None or program in self.on_demand:
            self.on_demand[program] = time.monotonic()
        return self._load(program) if found is None else found

    def _load(self, program: Program) -> Any:
        # One lock for each program: a call that needs a small program does not wait for a large one.
        with self._compiling.setdefault(program, threading.Lock()):
            found = self._executables.get(program)
            if found is None:
                found = self._executables[program] = self._make(program, self._dtype)
        return found


def _joined(kind: str, tapes: Sequence[bytecode.Encoded]) -> Program:
    """Return the program that runs several tapes together."""
    return Program(kind, bytecode.bucket(tapes), 0, any(tape.special for tape in tapes))


def _with_tangent(block: Numbers, tangent: Numbers) -> Numbers:
    pair = np.zeros((2, len(block)))
    pair[0] = block
    pair[1, 1 : 1 + len(tangent)] = tangent
    return pair
