"""A tape as rows of integers, the input of the interpreter's programs.

There are two instruction sets. Programs without special functions are smaller and faster, so a tape without special
functions is encoded for them.

Slot 0 is a cell for the value, the leaves follow, then the instructions. The last instruction of a tape is
``result(slot, cell)``, whose pullbacks are 1 and the value itself. One reverse sweep therefore leaves
``[value, *gradient]`` in the first slots, and several tapes can be laid end to end in one program.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import jax
import numpy as np
from jax import Array
from numpy.typing import NDArray

from app.autodiff import table
from app.autodiff.table import chain
from app.autodiff.tape import Tape

Numbers = NDArray[np.floating[Any]]
"""An array of float64 or float32."""

BUCKETS = (32, 512, 8192, 65_600)
"""Instructions, and leaves, that a program has room for; the largest holds every text within ``max_operations``."""

SPECIAL_BUCKETS = (512, 65_600)
"""The same for programs with special functions. Each is 80 to 190 MB of machine code, so there are only two; a smaller
one would save a call 0.2 ms at most.
"""


@dataclass(frozen=True, slots=True, eq=False)
class Encoded:
    """A tape encoded for the programs.

    Attributes:
        bucket: the smallest of ``BUCKETS`` or ``SPECIAL_BUCKETS`` that has room for the tape.
        inputs: number of input leaves.
        leaves: number of leaves.
        statics: values of the static leaves, float64.
        code: int32 of shape (instructions, 7), columns opcode, first and second pullback, result slot, operands.
        specials: number of instructions that are special functions.
        tape: the tape.
    """

    bucket: int
    inputs: int
    leaves: int
    statics: Numbers
    code: NDArray[np.int32]
    specials: int
    tape: Tape
    on_device: Array | None  # ``placed`` if it is large

    @property
    def placed(self) -> Array | NDArray[np.int32]:
        """A row with the length of ``code``, then ``code``, padded to the bucket; on the device if it is large.

        Padding a small tape takes a microsecond or two. Kept, it would be most of the memory of a small function.
        """
        return pad(self.code, self.bucket) if self.on_device is None else self.on_device

    @property
    def special(self) -> bool:
        """Whether the tape needs a program with special functions."""
        return self.specials > 0

    def block(self, leaves: Numbers) -> Numbers:
        """Return the first slots, the cell and all leaves, for leaves of shape (n + k,) or (n + k, width)."""
        block = np.zeros((1 + self.leaves, *leaves.shape[1:]))
        block[0] = -0.0  # -0.0 + x is x for every x, so that the cell keeps the sign of a value that is -0.0
        block[1 : 1 + len(leaves)] = leaves
        block[1 + len(leaves) :] = self.statics if leaves.ndim == 1 else self.statics[:, None]
        return block

    def unblocked(self, block: Numbers) -> Numbers:
        """Return inputs and constants of a block."""
        return block[..., 1 : 1 + self.tape.inputs + self.tape.constants]


Block = tuple[Encoded, Numbers]
"""A tape and its first slots, see ``Encoded.block``."""


class _Opcode(NamedTuple):
    """Numbers of an opcode and of its pullbacks, and the operand in each of the three columns."""

    opcode: int
    first: int
    second: int
    order: tuple[int, int, int]


def _nothing(xp: Any, g: Any, *_: Any) -> Any:
    return xp.constant(0.0, g)


def _named(opcode: str) -> Callable[..., Any]:
    return lambda xp, *operands: getattr(xp, opcode)(*operands)


_CORE: dict[str, int] = {opcode: len(row.partials) for opcode, row in table.CORE.items()} | {"result": 2}
"""Number of operands of each opcode of the smaller set."""
_SPLIT: dict[str, tuple[str, str]] = {"betainc": ("betainc_ab", "betainc_x")}
"""Opcodes with three pullbacks, more than an instruction has, as a sum: the value with the first two pullbacks, and 0
with the third."""
_SPECIAL = {name: len(row.partials) for opcode, row in table.SPECIAL.items() for name in _SPLIT.get(opcode, (opcode,))}
_PULLBACKS: dict[str, tuple[chain.Pullback | None, ...]] = table.PULLBACKS | {
    "result": (lambda xp, g, *_: xp.constant(1.0, g), lambda _xp, _g, y, *_: y),
    **{first: (*table.PULLBACKS[opcode][:2], None) for opcode, (first, _) in _SPLIT.items()},
    **{second: (None, None, table.PULLBACKS[opcode][2]) for opcode, (_, second) in _SPLIT.items()},
}
_VALUES: dict[str, Callable[..., Any]] = {
    "result": lambda _, x, __: x,
    **{first: _named(opcode) for opcode, (first, _) in _SPLIT.items()},
    **{second: lambda xp, a, *_: xp.constant(0.0, a) for _, second in _SPLIT.values()},
}


class InstructionSet(NamedTuple):
    """An instruction set: the numbers of opcodes, and the functions with these numbers.

    The functions take a namespace first: (xp, a, b, c) for values, (xp, g, y, a, b, c) for pullbacks.
    """

    entries: dict[str, _Opcode]
    values: list[Callable[..., Any]]
    first: list[Callable[..., Any]]
    second: list[Callable[..., Any]]


def _tabulate(arities: Mapping[str, int]) -> InstructionSet:
    """Return opcodes and pullbacks numbered in the order of the table; pullback 0 contributes nothing.

    Operands with a pullback come first. No opcode has three pullbacks, so the third column needs none.
    """
    rows: dict[str, _Opcode] = {}
    values: list[Callable[..., Any]] = []
    columns: tuple[list[Callable[..., Any]], list[Callable[..., Any]]] = ([_nothing], [_nothing])
    for opcode, arity in arities.items():
        pullbacks = _PULLBACKS[opcode]
        order = sorted(range(arity), key=[pullback is None for pullback in pullbacks].__getitem__)
        numbers = [0, 0]
        for column, operand in enumerate(order[:2]):
            pullback = pullbacks[operand]
            if pullback is not None:
                numbers[column] = len(columns[column])
                columns[column].append(_placed(pullback, order, lead=3))
        placed = (*order, *order[:1] * (3 - arity))
        rows[opcode] = _Opcode(len(values), numbers[0], numbers[1], (placed[0], placed[1], placed[2]))
        values.append(_placed(_VALUES.get(opcode) or _named(opcode), order, lead=1))
    return InstructionSet(rows, values, *columns)


def _placed(function: Callable[..., Any], order: Sequence[int], lead: int) -> Callable[..., Any]:
    """Return the function of its leading arguments and of the three columns, put back in the function's order."""
    columns = [lead + order.index(operand) for operand in range(len(order))]
    return lambda *arguments: function(*arguments[:lead], *[arguments[column] for column in columns])


INSTRUCTION_SETS = {False: _tabulate(_CORE), True: _tabulate(_CORE | _SPECIAL)}
# The larger set begins with the smaller one: a number means the same in both, so tapes of both can be joined.


def fits(tape: Tape) -> bool:
    """Return whether a program has room for the tape."""
    return needed(len(_split(tape)[0]) + 1, tape.leaves + 1, special=False) is not None


def needed(instructions: int, leaves: int, *, special: bool) -> int | None:
    """Return the smallest bucket with room for this many instructions and leaves, None if there is none."""
    rooms = SPECIAL_BUCKETS if special else BUCKETS
    return next((bucket for bucket in rooms if max(instructions, leaves) <= bucket), None)


def room(tapes: Sequence[Encoded]) -> int:
    """Return the room that tapes take together: their instructions, or their first slots, if these are more."""
    return max(sum([len(tape.code) for tape in tapes]), sum([1 + tape.leaves for tape in tapes]))


def bucket(tapes: Sequence[Encoded]) -> int:
    """Return the smallest bucket with room for tapes together, which are one of ``groups``."""
    found = needed(room(tapes), 0, special=any(tape.special for tape in tapes))
    assert found is not None, "a group has room"
    return found


def _split(tape: Tape) -> tuple[Sequence[tuple[str, Sequence[int]]], int]:
    """Return the code and the result of a tape with the opcodes of ``_SPLIT`` written as sums."""
    if not any(opcode in _SPLIT for opcode, _ in tape.code):
        return tape.code, tape.result
    slots = list(range(tape.leaves))  # new slot by old slot
    code: list[tuple[str, Sequence[int]]] = []
    for opcode, operands in tape.code:
        moved = [slots[operand] for operand in operands]
        if opcode in _SPLIT:
            code += [(part, moved) for part in _SPLIT[opcode]]
            code.append(("add", [tape.leaves + len(code) - 2, tape.leaves + len(code) - 1]))
        else:
            code.append((opcode, moved))
        slots.append(tape.leaves + len(code) - 1)
    return code, slots[tape.result]


def encode(tape: Tape) -> Encoded:
    """Return the tape encoded for the programs.

    Raises:
        ValueError: no program has room for the tape; see ``fits``.
    """
    code, result = _split(tape)
    specials = sum(opcode in _SPECIAL for opcode, _ in code)
    bucket = needed(len(code) + 1, tape.leaves + 1, special=specials > 0)
    if bucket is None:
        raise ValueError(f"a tape of {len(code)} instructions and {tape.leaves} leaves fits no bucket")
    rows = []
    entries = INSTRUCTION_SETS[specials > 0].entries
    for slot, (opcode, operands) in enumerate(code, start=1 + tape.leaves):
        number, first, second, (a, b, c) = entries[opcode]
        rows.append((number, first, second, slot, operands[a] + 1, operands[b] + 1, operands[c] + 1))
    number, first, second, _ = entries["result"]
    rows.append((number, first, second, 0, result + 1, 0, 0))
    instructions = np.array(rows, np.int32)
    # Placing a small tape on the device costs more than a few dozen copies of it.
    on_device = None if bucket <= 512 else jax.device_put(pad(instructions, bucket))
    statics = np.array([float(static) for static in tape.statics])
    return Encoded(bucket, tape.inputs, tape.leaves, statics, instructions, specials, tape, on_device)


def pad(code: NDArray[np.int32], bucket: int) -> NDArray[np.int32]:
    padded = np.zeros((1 + bucket, code.shape[1]), np.int32)
    padded[0, 0] = len(code)
    padded[1 : 1 + len(code)] = code
    return padded


def join(tapes: Sequence[Encoded]) -> NDArray[np.int32]:
    """Return the code of the tapes end to end as one tape: the first slots of all tapes, then all instructions."""
    first, count = tapes[0], len(tapes)
    if count * len(first.code) <= BUCKETS[1] and all(each is first for each in tapes):
        return _repeated(first, count)
    return _end_to_end(tapes)


@functools.lru_cache(maxsize=64)
def _repeated(encoded: Encoded, count: int) -> NDArray[np.int32]:
    """Return the code of one tape several times: a Hessian runs it for each input, at one point after the other."""
    code = _end_to_end([encoded] * count)
    code.flags.writeable = False
    return code


def _end_to_end(tapes: Sequence[Encoded]) -> NDArray[np.int32]:
    code = np.concatenate([encoded.code for encoded in tapes])
    sizes = np.array([(1 + encoded.leaves, len(encoded.code)) for encoded in tapes], np.int32)
    leaves, lengths = sizes[:, 0], sizes[:, 1]
    leaf_shift = np.cumsum(leaves, dtype=np.int32) - leaves
    code_shift = leaves.sum() + np.cumsum(lengths, dtype=np.int32) - lengths - leaves
    is_leaf = code[:, 3:] < np.repeat(leaves, lengths)[:, None]
    shifts = np.repeat(leaf_shift, lengths)[:, None], np.repeat(code_shift, lengths)[:, None]
    code[:, 3:] += np.where(is_leaf, *shifts).astype(np.int32)
    return code


def groups(blocks: Sequence[Block], room: int) -> Iterator[list[Block]]:
    """Yield the tapes that run together: ``room`` instructions, and leaves, at most."""
    group: list[Block] = []
    instructions = leaves = 0
    for encoded, block in blocks:
        instructions += len(encoded.code)
        leaves += 1 + encoded.leaves
        if group and max(instructions, leaves) > room:
            yield group
            group, instructions, leaves = [], len(encoded.code), 1 + encoded.leaves
        group.append((encoded, block))
    if group:
        yield group
