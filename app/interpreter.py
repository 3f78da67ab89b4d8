"""Any tape to its gradient, by programs that were compiled before the tape was known.

The program takes the tape as an input: rows of integers, executed by a loop of one ``lax.switch`` forward and one of
two in reverse, the same sweep as ``transforms`` on the same ``rules``. Buckets bound the size of a tape, never the
work, which is the number of instructions actually there; see ``instructions`` for what a row says.

What XLA for CPU makes of the loops decides the speed. It turns a loop into one kernel, whose fixed cost grows with
the number of values inside it, hence branches that return one number each. And it copies a whole buffer at each
step unless every write depends on every read before it and no read is repeated for a write: what is written comes
out of one ``cond``, which takes all that was read and which no read is fused into. A barrier does not survive long
enough for that in every version.
"""

from __future__ import annotations

import functools
import itertools
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array, lax
from numpy.typing import NDArray

from app import instructions, rules, traced

Numbers = NDArray[np.floating[Any]]

_TRACED = 200
_TRACED_SPECIAL = {"gradient": 8, "rows": 8, "hvp": 4}
"""Instructions, and special ones among them, up to which tracing and compiling a tape takes some seconds at most, which
is less than a program that knows everything takes."""

_TRACED_TAPES = 32
"""Tapes that do without a program before it is made after all, beside those that go on without it until it is there."""

_JOINED = 8192
# Tapes run together only up to here: what is larger gains nothing from company and would fall out of the cache.
_WIDTHS = {32: (32, 512), 512: (32,)}
# Points that "rows" takes at once, by bucket. Wider rows fall out of the cache, too; in larger buckets one point at a
# time is as fast.


class Program(NamedTuple):
    """What is compiled: "gradient", "hvp" (one tangent) or "rows" (``width`` points), for tapes up to a size.

    With ``special`` it knows every opcode, otherwise none of ``rules.SPECIAL``.
    """

    kind: str
    bucket: int
    width: int = 0
    special: bool = False

    @property
    def arrays(self) -> int:
        """How many arrays the executable takes."""
        return 2

    def name(self, dtype: str) -> str:
        """Return the name that the program of this dtype is stored under."""
        return f"{self.kind}-{self.bucket}-{self.width}-{'special' if self.special else 'core'}-{dtype}"


GRADIENTS = tuple(Program("gradient", bucket) for bucket in instructions.BUCKETS)
ROWS = tuple(Program("rows", bucket, width) for bucket, widths in _WIDTHS.items() for width in widths)
SECOND_ORDER = tuple(Program("hvp", bucket) for bucket in instructions.BUCKETS)
SPECIAL = tuple(
    program._replace(special=True)
    for program in (*GRADIENTS, *ROWS, SECOND_ORDER[1])
    if program.bucket in instructions.SPECIAL_BUCKETS
)
"""What the same takes for tapes with special functions."""
AHEAD = (
    *GRADIENTS[:2],
    SECOND_ORDER[0],
    *ROWS,
    SPECIAL[0],
    *GRADIENTS[2:],
    SECOND_ORDER[1],
    *SPECIAL[1:],
)
"""What is worth making before it is asked for, in this order: the first are what somebody may soon wait for."""


_Block = tuple[instructions.Encoded, Numbers]


def _read(buffer: Array, index: Array) -> Array:
    found: Array = lax.dynamic_index_in_dim(buffer, index, keepdims=False, allow_negative_indices=False)
    return found


def _write(buffer: Array, value: Array, index: Array) -> Array:
    updated: Array = lax.dynamic_update_index_in_dim(buffer, value, index, 0, allow_negative_indices=False)
    return updated


def _forward(known: instructions.Set, code: Array, slots: Array) -> Array:
    def step(index: Array, slots: Array) -> Array:
        opcode, _, _, slot, a, b, c = _read(code, index)
        return _write(slots, lax.switch(opcode, known.values, _read(slots, a), _read(slots, b), _read(slots, c)), slot)

    filled: Array = lax.fori_loop(1, code[0, 0] + 1, step, slots)
    return filled


def _reverse(known: instructions.Set, code: Array, slots: Array) -> tuple[Array, Array]:
    """Return the adjoint of every slot, and whether the sweep came to it through branches that were taken."""

    def step(done: Array, state: tuple[Array, Array]) -> tuple[Array, Array]:
        adjoints, taken = state
        opcode, first, second, slot, a, b, c = _read(code, code[0, 0] - done)
        read = _read(adjoints, slot), _read(slots, slot), _read(slots, a), _read(slots, b), _read(slots, c)
        here = _read(taken, slot) | (opcode == instructions.RESULT)
        parts = lax.switch(first, known.first, *read), lax.switch(second, known.second, *read)
        # x + -0.0 is x, whatever x is: a part that must not count leaves no trace.
        parts = jnp.where(here, parts[0], -0.0), jnp.where(here, parts[1], -0.0)
        reached = here & (first > 0), here & (second > 0)
        before = _read(adjoints, a), _read(adjoints, b), _read(taken, a), _read(taken, b)
        branches = _below_select, _below_any
        sums = lax.cond(opcode == instructions.SELECT, *branches, a == b, read[-1], parts, reached, before)
        adjoints = _write(_write(adjoints, sums[0], a), sums[1], b)
        return adjoints, _write(_write(taken, sums[2], a), sums[3], b)

    start = jnp.full_like(slots, -0.0), jnp.zeros(slots.shape, bool)
    adjoints, taken = lax.fori_loop(0, code[0, 0], step, start)
    return adjoints, taken


_Pair = tuple[Array, Array]
_Four = tuple[Array, Array, Array, Array]


def _below_any(same: Array, _: Array, parts: _Pair, reached: _Pair, before: _Four) -> _Four:
    """Return the adjoints of two operands and whether they count; one that stands in both columns collects both."""
    sum_a, any_a = before[0] + parts[0], before[2] | reached[0]
    sum_b = jnp.where(same, sum_a, before[1]) + parts[1]
    any_b = jnp.where(same, any_a, before[3]) | reached[1]
    return jnp.where(same, sum_b, sum_a), sum_b, jnp.where(same, any_b, any_a), any_b


def _below_select(same: Array, condition: Array, parts: _Pair, reached: _Pair, before: _Four) -> _Four:
    """Return the same where only the chosen operand goes on to count."""
    chosen = condition != 0
    return _below_any(same, condition, parts, (reached[0] & chosen, reached[1] & ~chosen), before)


def _gradient(known: instructions.Set, code: Array, leaves: Array) -> Array:
    """Return [value, *gradient, ...] for leaves of shape (bucket,) or, for many points, (bucket, width)."""
    room = code.shape[0] - 1
    slots = jnp.concatenate([leaves, jnp.zeros((room, *leaves.shape[1:]), leaves.dtype)])
    adjoints, taken = _reverse(known, code, _forward(known, code, slots))
    return jnp.where(taken[: len(leaves)], adjoints[: len(leaves)], 0)


def _hvp(known: instructions.Set, code: Array, pair: Array) -> Array:
    """Return [value, *gradient, ...] and its derivative, for leaves and their tangents."""
    return jnp.stack(jax.jvp(lambda leaves: _gradient(known, code, leaves), (pair[0],), (pair[1],)))


def compile_program(program: Program, dtype: str) -> Any:
    """Return JAX's executable of the program, of two arrays: the code, and what fills the first slots.

    These have shape (bucket,), for "rows" (bucket, width), for "hvp" (2, bucket); the result has the same shape.
    """
    kind, bucket, width, special = program
    shape = {"gradient": (bucket,), "rows": (bucket, width), "hvp": (2, bucket)}[kind]
    arrays = jax.ShapeDtypeStruct((1 + bucket, 7), np.int32), jax.ShapeDtypeStruct(shape, dtype)
    run = functools.partial(_hvp if kind == "hvp" else _gradient, instructions.SETS[special])
    return jax.jit(run, compiler_options=rules.COMPILER_OPTIONS).lower(*arrays).compile()


class Interpreter:
    """Runs tapes; compiles a program when it is first needed unless it was given or warmed.

    Arrays returned may be read-only views.

    Args:
        dtype: "float64", for which the caller has enabled x64, or "float32".
        make: returns the executable of a program and a dtype; ``compile_program``, or what finds it on disk.
        at_hand: whether ``make`` need not compile a program; tapes with special functions, whose programs take long,
            are run by programs of their own until then. Without it every program is made when it is needed.
    """

    __slots__ = ("_at_hand", "_compiling", "_dtype", "_executables", "_make", "_traced", "_without")

    def __init__(
        self,
        dtype: str,
        make: Callable[[Program, str], Any] = compile_program,
        at_hand: Callable[[Program, str], bool] | None = None,
    ) -> None:
        self._dtype = dtype
        self._make = make
        self._at_hand = at_hand
        self._traced = traced.Traced()
        self._executables: dict[Program, Any] = {}
        self._compiling: dict[Program, threading.Lock] = {}
        self._without: dict[Program, set[str]] = {}

    def warm(self, programs: Iterable[Program]) -> None:
        """Compile these programs now."""
        for program in programs:
            self._executable(program)

    def install(self, program: Program, executable: Any) -> None:
        """Have this executable run the program from now on."""
        self._executables.setdefault(program, executable)

    def installed(self, program: Program) -> bool:
        """Return whether the program need not be made."""
        return program in self._executables

    @property
    def making(self) -> bool:
        """Whether a program is being made because it is needed."""
        return any(lock.locked() for lock in tuple(self._compiling.values()))

    def ready(self, encoded: instructions.Encoded, batch: int | None = None) -> bool:
        """Return whether nothing must be compiled for the gradient at a point, or at a batch of them."""
        widths = _WIDTHS.get(encoded.bucket, ())
        if batch is None or not widths:
            return Program("gradient", encoded.bucket, 0, encoded.special) in self._executables
        return all(Program("rows", encoded.bucket, width, encoded.special) in self._executables for width in widths)

    def gradient(self, encoded: instructions.Encoded, leaves: Numbers) -> Numbers:
        """Return [value, *gradient], of shape (1 + n,), for leaves of shape (n + k,): inputs, then constants."""
        return self._alone("gradient", encoded, encoded.block(leaves))

    def gradients(self, calls: Sequence[tuple[instructions.Encoded, Numbers]]) -> list[Numbers]:
        """Return ``gradient`` of each call, in as few runs as their sizes allow."""
        return self._all("gradient", [(encoded, encoded.block(leaves)) for encoded, leaves in calls])

    def gradient_rows(self, encoded: instructions.Encoded, points: Numbers, constants: Numbers) -> Numbers:
        """Return (1 + n, batch) for points of shape (n, batch), one row of all points per input, and constants (k,)."""
        n, batch = points.shape
        leaves = np.concatenate([points, np.repeat(constants[:, None], batch, axis=1)])
        widths = _WIDTHS.get(encoded.bucket)
        if widths is None:
            return np.stack(self.gradients([(encoded, column) for column in leaves.T]), axis=1)
        found = np.empty((1 + n, batch), self._dtype)
        start = 0
        while start < batch:
            width = next((width for width in widths if width >= batch - start), widths[-1])
            stop = min(start + width, batch)
            program = Program("rows", encoded.bucket, width, encoded.special)
            if self._does_without(program, encoded):
                piece = np.pad(leaves[:, start:stop], ((0, 0), (0, width - (stop - start))), mode="edge")
                part = self._traced.run("rows", encoded.tape, piece, self._dtype)
                found[:, start:stop] = part[:, : stop - start]
                start = stop
                continue
            first = np.zeros((encoded.bucket, width), self._dtype)
            first[: 1 + encoded.leaves, : stop - start] = encoded.block(leaves[:, start:stop])
            run = self._executable(program)
            found[:, start:stop] = np.asarray(run(encoded.placed, first))[: 1 + n, : stop - start]
            start = stop
        return found

    def hvps(self, calls: Sequence[tuple[instructions.Encoded, Numbers, Numbers]]) -> list[Numbers]:
        """Return [value, *gradient] and its derivative along a tangent, of shape (2, 1 + n), for each call.

        A call is a tape, its leaves (n + k,) and a tangent (n,). The second row is
        [gradient . tangent, *(Hessian @ tangent)].
        """
        blocks = [(encoded, _with_tangent(encoded.block(leaves), tangent)) for encoded, leaves, tangent in calls]
        return self._all("hvp", blocks)

    def _alone(self, kind: str, encoded: instructions.Encoded, block: Numbers) -> Numbers:
        program = Program(kind, encoded.bucket, 0, encoded.special)
        if self._does_without(program, encoded):
            leaves = block[..., 1 : 1 + encoded.tape.inputs + encoded.tape.constants]
            return self._traced.run(kind, encoded.tape, leaves, self._dtype)
        first = np.zeros((*block.shape[:-1], encoded.bucket), self._dtype)
        first[..., : 1 + encoded.leaves] = block
        run = self._executable(program)
        return np.asarray(run(encoded.placed, first))[..., : 1 + encoded.inputs]

    def _all(self, kind: str, blocks: Sequence[_Block]) -> list[Numbers]:
        found: list[Numbers] = []
        for group in _groups(blocks):
            found += self._together(kind, group) if len(group) > 1 else [self._alone(kind, *group[0])]
        return found

    def _together(self, kind: str, group: Sequence[_Block]) -> list[Numbers]:
        tapes = [encoded for encoded, _ in group]
        code, filled = instructions.join(tapes), np.concatenate([block for _, block in group], axis=-1)
        size = filled.shape[-1]
        special = any(tape.special for tape in tapes)
        bucket = instructions.needed(len(code), size, special=special)
        assert bucket is not None
        program = Program(kind, bucket, 0, special)
        if self._is_missing(program):
            return [self._alone(kind, encoded, block) for encoded, block in group]
        first = np.zeros((*filled.shape[:-1], bucket), self._dtype)
        first[..., :size] = filled
        run = self._executable(program)
        adjoints = np.asarray(run(instructions.pad(code, bucket), first))
        starts = itertools.accumulate((1 + tape.leaves for tape in tapes), initial=0)
        return [adjoints[..., start : start + 1 + tape.inputs] for start, tape in zip(starts, tapes, strict=False)]

    def _does_without(self, program: Program, encoded: instructions.Encoded) -> bool:
        """Return whether to run a tape without the program, because making that would take longer."""
        few = len(encoded.code) <= _TRACED and encoded.specials <= _TRACED_SPECIAL[program.kind]
        if not few or not self._is_missing(program):
            return False
        without = self._without.setdefault(program, set())
        if len(without) < _TRACED_TAPES:
            without.add(encoded.tape.key)
            if len(without) == _TRACED_TAPES:
                threading.Thread(target=self._executable, args=(program,), name="gradserve-program").start()
        return True

    def _is_missing(self, program: Program) -> bool:
        """Return whether the program must be made, and takes long."""
        if not program.special or program in self._executables or self._at_hand is None:
            return False
        return not self._at_hand(program, self._dtype)

    def _executable(self, program: Program) -> Any:
        found = self._executables.get(program)
        if found is None:
            # A lock for each: who needs a small program does not wait for a large one being made ahead.
            with self._compiling.setdefault(program, threading.Lock()):
                if program not in self._executables:
                    self._executables[program] = self._make(program, self._dtype)
                found = self._executables[program]
        return found


def _with_tangent(block: Numbers, tangent: Numbers) -> Numbers:
    pair = np.zeros((2, len(block)))
    pair[0] = block
    pair[1, 1 : 1 + len(tangent)] = tangent
    return pair


def _groups(blocks: Sequence[_Block]) -> Iterator[list[_Block]]:
    """Yield what is run together."""
    group: list[_Block] = []
    instructions = leaves = 0
    for encoded, block in blocks:
        instructions += len(encoded.code)
        leaves += 1 + encoded.leaves
        if group and max(instructions, leaves) > _JOINED:
            yield group
            group, instructions, leaves = [], len(encoded.code), 1 + encoded.leaves
        group.append((encoded, block))
    if group:
        yield group
