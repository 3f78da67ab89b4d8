"""Any tape to its gradient, by programs that were compiled before the tape was known.

The program takes the tape as an input: rows of integers, executed by a loop of one ``lax.switch`` forward and one of
two in reverse, the same sweep as ``transforms`` on the same ``rules``. Buckets bound the size of a tape, never the
work, which is the number of instructions actually there. There are two instruction sets: special functions are long
formulae, and a program without them is smaller and faster, so a tape that has none runs in one that has none.

Slot 0 is a cell for the value, the leaves follow, then the instructions. The last instruction of a tape is
``result(slot, cell)``, whose pullbacks are 1 and the value itself: one reverse sweep leaves ``[value, *gradient]``
in the first slots, forward mode through it gives second derivatives, and several tapes laid end to end in one
program do not disturb each other.

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
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array, lax
from numpy.typing import NDArray

from app import rules, traced
from app.tape import Tape

Numbers = NDArray[np.floating[Any]]

BUCKETS = (32, 512, 8192, 65_600)
"""Instructions, and leaves, that a program has room for; the last holds ``parsing.Limits.max_operations``.

A program that knows all special functions is 80 to 190 MB of machine code, so there is none of the smallest room: what
it would save a call, some microseconds, is little beside a special function.
"""

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


GRADIENTS = tuple(Program("gradient", bucket) for bucket in BUCKETS)
ROWS = tuple(Program("rows", bucket, width) for bucket, widths in _WIDTHS.items() for width in widths)
SECOND_ORDER = tuple(Program("hvp", bucket) for bucket in BUCKETS)
SPECIAL = tuple(
    program._replace(special=True) for program in (*GRADIENTS, *ROWS, SECOND_ORDER[1]) if program.bucket > BUCKETS[0]
)
"""What the same takes for tapes with special functions."""
AHEAD = (
    *GRADIENTS[:2],
    SECOND_ORDER[0],
    SPECIAL[0],
    *GRADIENTS[2:],
    *ROWS,
    SECOND_ORDER[1],
    *SPECIAL[1:],
)
"""What is worth making before it is asked for, in this order: the first are what somebody may soon wait for."""


@dataclass(frozen=True, slots=True, eq=False)
class Encoded:
    """A tape as the programs read it.

    Attributes:
        bucket: the room it needs.
        inputs: number of input leaves.
        leaves: number of leaves.
        statics: values of the static leaves, float64.
        code: int32 of shape (instructions, 7), columns opcode, first and second pullback, result slot, operands.
        placed: ``code`` behind a row holding its length, padded to the bucket; on the device where that pays.
        specials: how many of its instructions are special functions.
        tape: what it encodes.
    """

    bucket: int
    inputs: int
    leaves: int
    statics: Numbers
    code: NDArray[np.int32]
    placed: Array | NDArray[np.int32]
    specials: int
    tape: Tape

    @property
    def special(self) -> bool:
        """Whether it needs a program that knows special functions."""
        return self.specials > 0

    def block(self, leaves: Numbers) -> Numbers:
        """Return the first slots: the cell and all leaves, for leaves (n + k,) or (n + k, width)."""
        block = np.zeros((1 + self.leaves, *leaves.shape[1:]))
        block[1 : 1 + len(leaves)] = leaves
        block[1 + len(leaves) :] = self.statics if leaves.ndim == 1 else self.statics[:, None]
        return block


_Block = tuple[Encoded, Numbers]


class _Entry(NamedTuple):
    """The opcode's number, its pullbacks' numbers, and which operand stands in each of the three columns."""

    opcode: int
    first: int
    second: int
    order: tuple[int, int, int]


def _nothing(g: Array, *_: Array) -> Array:
    return jnp.zeros_like(g)


_RESULT = rules.Rule(lambda x, _: x, (lambda g, *_: jnp.ones_like(g), lambda _, y, *__: y), lambda x, _: x)
_CORE = {**rules.CORE, "result": _RESULT}
_RESULT_NUMBER = list(_CORE).index("result")
_SELECT_NUMBER = list(_CORE).index("select")


class _Set(NamedTuple):
    """An instruction set: numbered opcodes, and the functions by those numbers."""

    entries: dict[str, _Entry]
    values: list[rules.Value]
    first: list[rules.Pullback]
    second: list[rules.Pullback]


def _tabulate(table: Mapping[str, rules.Rule]) -> _Set:
    """Return opcodes and pullbacks numbered in the order of the table; pullback 0 stands for no contribution.

    Operands that are differentiated come first, so no opcode writes to its third: of those that have three, one is
    a condition or has its derivative elsewhere.
    """
    rows: dict[str, _Entry] = {}
    values: list[rules.Value] = []
    pullbacks: tuple[list[rules.Pullback], list[rules.Pullback]] = ([_nothing], [_nothing])
    for opcode, rule in table.items():
        order = sorted(range(len(rule.pullbacks)), key=[pullback is None for pullback in rule.pullbacks].__getitem__)
        numbers = [0, 0]
        for column, operand in enumerate(order[:2]):
            pullback = rule.pullbacks[operand]
            if pullback is not None:
                numbers[column] = len(pullbacks[column])
                pullbacks[column].append(_placed(pullback, order, lead=2))
        columns = (*order, *order[:1] * (3 - len(order)))
        rows[opcode] = _Entry(len(values), numbers[0], numbers[1], (columns[0], columns[1], columns[2]))
        values.append(_placed(rule.value, order, lead=0))
    return _Set(rows, values, *pullbacks)


def _placed(function: Callable[..., Array], order: Sequence[int], lead: int) -> Callable[..., Array]:
    """Return the function of its leading arguments and three columns, which it reads back in its own order."""
    columns = [lead + order.index(operand) for operand in range(len(order))]

    def call(*arguments: Array) -> Array:
        found = function(*arguments[:lead], *(arguments[column] for column in columns))
        return found.astype(arguments[0].dtype)

    return call


_SETS = {False: _tabulate(_CORE), True: _tabulate({**_CORE, **rules.SPECIAL})}
# The larger set begins with the smaller: a number means the same in both, and tapes of both can be joined.


def fits(tape: Tape) -> bool:
    """Return whether some program has room for the tape."""
    return _needed(len(tape.code) + 1, tape.leaves + 1, special=False) is not None


def _needed(instructions: int, leaves: int, *, special: bool) -> int | None:
    rooms = BUCKETS[1:] if special else BUCKETS
    return next((bucket for bucket in rooms if max(instructions, leaves) <= bucket), None)


def encode(tape: Tape) -> Encoded:
    """Return the tape as the programs read it, which any number of calls share.

    Raises:
        ValueError: no program has room for it; see ``fits``.
    """
    specials = sum(opcode in rules.SPECIAL for opcode, _ in tape.code)
    bucket = _needed(len(tape.code) + 1, tape.leaves + 1, special=specials > 0)
    if bucket is None:
        raise ValueError(f"a tape of {len(tape.code)} instructions and {tape.leaves} leaves fits no bucket")
    rows = []
    entries = _SETS[specials > 0].entries
    for slot, (opcode, operands) in enumerate(tape.code, start=1 + tape.leaves):
        number, first, second, (a, b, c) = entries[opcode]
        rows.append((number, first, second, slot, operands[a] + 1, operands[b] + 1, operands[c] + 1))
    number, first, second, _ = entries["result"]
    rows.append((number, first, second, 0, tape.result + 1, 0, 0))
    padded = _pad(np.array(rows, np.int32), bucket)
    # Placing costs more than the copies that a few dozen calls would make of a small tape.
    placed = padded if bucket <= 512 else jax.device_put(padded)
    statics = np.array([float(static) for static in tape.statics])
    return Encoded(bucket, tape.inputs, tape.leaves, statics, padded[1 : 1 + len(rows)], placed, specials, tape)


def _pad(code: NDArray[np.int32], bucket: int) -> NDArray[np.int32]:
    padded = np.zeros((1 + bucket, code.shape[1]), np.int32)
    padded[0, 0] = len(code)
    padded[1 : 1 + len(code)] = code
    return padded


def _read(buffer: Array, index: Array) -> Array:
    found: Array = lax.dynamic_index_in_dim(buffer, index, keepdims=False, allow_negative_indices=False)
    return found


def _write(buffer: Array, value: Array, index: Array) -> Array:
    updated: Array = lax.dynamic_update_index_in_dim(buffer, value, index, 0, allow_negative_indices=False)
    return updated


def _forward(known: _Set, code: Array, slots: Array) -> Array:
    def step(index: Array, slots: Array) -> Array:
        opcode, _, _, slot, a, b, c = _read(code, index)
        return _write(slots, lax.switch(opcode, known.values, _read(slots, a), _read(slots, b), _read(slots, c)), slot)

    filled: Array = lax.fori_loop(1, code[0, 0] + 1, step, slots)
    return filled


def _reverse(known: _Set, code: Array, slots: Array) -> tuple[Array, Array]:
    """Return the adjoint of every slot, and whether the sweep came to it through branches that were taken."""

    def step(done: Array, state: tuple[Array, Array]) -> tuple[Array, Array]:
        adjoints, taken = state
        opcode, first, second, slot, a, b, c = _read(code, code[0, 0] - done)
        read = _read(adjoints, slot), _read(slots, slot), _read(slots, a), _read(slots, b), _read(slots, c)
        here = _read(taken, slot) | (opcode == _RESULT_NUMBER)
        parts = lax.switch(first, known.first, *read), lax.switch(second, known.second, *read)
        # x + -0.0 is x, whatever x is: a part that must not count leaves no trace.
        parts = jnp.where(here, parts[0], -0.0), jnp.where(here, parts[1], -0.0)
        reached = here & (first > 0), here & (second > 0)
        before = _read(adjoints, a), _read(adjoints, b), _read(taken, a), _read(taken, b)
        branches = _below_select, _below_any
        sums = lax.cond(opcode == _SELECT_NUMBER, *branches, a == b, read[-1], parts, reached, before)
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


def _gradient(known: _Set, code: Array, leaves: Array) -> Array:
    """Return [value, *gradient, ...] for leaves of shape (bucket,) or, for many points, (bucket, width)."""
    room = code.shape[0] - 1
    slots = jnp.concatenate([leaves, jnp.zeros((room, *leaves.shape[1:]), leaves.dtype)])
    adjoints, taken = _reverse(known, code, _forward(known, code, slots))
    return jnp.where(taken[: len(leaves)], adjoints[: len(leaves)], 0)


def _hvp(known: _Set, code: Array, pair: Array) -> Array:
    """Return [value, *gradient, ...] and its derivative, for leaves and their tangents."""
    return jnp.stack(jax.jvp(lambda leaves: _gradient(known, code, leaves), (pair[0],), (pair[1],)))


def compile_program(program: Program, dtype: str) -> Any:
    """Return JAX's executable of the program, of two arrays: the code, and what fills the first slots.

    These have shape (bucket,), for "rows" (bucket, width), for "hvp" (2, bucket); the result has the same shape.
    """
    kind, bucket, width, special = program
    shape = {"gradient": (bucket,), "rows": (bucket, width), "hvp": (2, bucket)}[kind]
    arrays = jax.ShapeDtypeStruct((1 + bucket, 7), np.int32), jax.ShapeDtypeStruct(shape, dtype)
    run = functools.partial(_hvp if kind == "hvp" else _gradient, _SETS[special])
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

    def ready(self, encoded: Encoded, batch: int | None = None) -> bool:
        """Return whether nothing must be compiled for the gradient at a point, or at a batch of them."""
        widths = _WIDTHS.get(encoded.bucket, ())
        if batch is None or not widths:
            return Program("gradient", encoded.bucket, 0, encoded.special) in self._executables
        return all(Program("rows", encoded.bucket, width, encoded.special) in self._executables for width in widths)

    def gradient(self, encoded: Encoded, leaves: Numbers) -> Numbers:
        """Return [value, *gradient], of shape (1 + n,), for leaves of shape (n + k,): inputs, then constants."""
        return self._alone("gradient", encoded, encoded.block(leaves))

    def gradients(self, calls: Sequence[tuple[Encoded, Numbers]]) -> list[Numbers]:
        """Return ``gradient`` of each call, in as few runs as their sizes allow."""
        return self._all("gradient", [(encoded, encoded.block(leaves)) for encoded, leaves in calls])

    def gradient_rows(self, encoded: Encoded, points: Numbers, constants: Numbers) -> Numbers:
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

    def hvps(self, calls: Sequence[tuple[Encoded, Numbers, Numbers]]) -> list[Numbers]:
        """Return [value, *gradient] and its derivative along a tangent, of shape (2, 1 + n), for each call.

        A call is a tape, its leaves (n + k,) and a tangent (n,). The second row is
        [gradient . tangent, *(Hessian @ tangent)].
        """
        blocks = [(encoded, _with_tangent(encoded.block(leaves), tangent)) for encoded, leaves, tangent in calls]
        return self._all("hvp", blocks)

    def _alone(self, kind: str, encoded: Encoded, block: Numbers) -> Numbers:
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
        code, filled = _join(tapes), np.concatenate([block for _, block in group], axis=-1)
        size = filled.shape[-1]
        special = any(tape.special for tape in tapes)
        bucket = _needed(len(code), size, special=special)
        assert bucket is not None
        program = Program(kind, bucket, 0, special)
        if self._is_missing(program):
            return [self._alone(kind, encoded, block) for encoded, block in group]
        first = np.zeros((*filled.shape[:-1], bucket), self._dtype)
        first[..., :size] = filled
        run = self._executable(program)
        adjoints = np.asarray(run(_pad(code, bucket), first))
        starts = itertools.accumulate((1 + tape.leaves for tape in tapes), initial=0)
        return [adjoints[..., start : start + 1 + tape.inputs] for start, tape in zip(starts, tapes, strict=False)]

    def _does_without(self, program: Program, encoded: Encoded) -> bool:
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


def _join(tapes: Sequence[Encoded]) -> NDArray[np.int32]:
    """Return the tapes end to end as one: the first slots of all of them, then all instructions."""
    code = np.concatenate([encoded.code for encoded in tapes])
    sizes = np.array([(1 + encoded.leaves, len(encoded.code)) for encoded in tapes], np.int32)
    leaves, lengths = sizes[:, 0], sizes[:, 1]
    leaf_shift = np.cumsum(leaves, dtype=np.int32) - leaves
    code_shift = leaves.sum() + np.cumsum(lengths, dtype=np.int32) - lengths - leaves
    is_leaf = code[:, 3:] < np.repeat(leaves, lengths)[:, None]
    shifts = np.repeat(leaf_shift, lengths)[:, None], np.repeat(code_shift, lengths)[:, None]
    code[:, 3:] += np.where(is_leaf, *shifts).astype(np.int32)
    return code
