"""A tape as rows of integers, which the interpreter's programs read.

There are two instruction sets: special functions are long formulae, and a program without them is smaller and faster,
so a tape that has none is numbered for one that has none.

Slot 0 is a cell for the value, the leaves follow, then the instructions. The last instruction of a tape is
``result(slot, cell)``, whose pullbacks are 1 and the value itself: one reverse sweep leaves ``[value, *gradient]``
in the first slots, forward mode through it gives second derivatives, and several tapes laid end to end in one
program do not disturb each other.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from numpy.typing import NDArray

from app import rules
from app.tape import Tape

Numbers = NDArray[np.floating[Any]]

BUCKETS = (32, 512, 8192, 65_600)
"""Instructions, and leaves, that a program has room for; the last holds ``parsing.Limits.max_operations``."""

SPECIAL_BUCKETS = (512, 65_600)
"""The same of programs that know all special functions. Each is 80 to 190 MB of machine code, so there are few: what
one of smaller room would save a call, a fifth of a millisecond at most, is little beside so many special functions.
"""


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
RESULT = list(_CORE).index("result")
SELECT = list(_CORE).index("select")


class Set(NamedTuple):
    """An instruction set: numbered opcodes, and the functions by those numbers."""

    entries: dict[str, _Entry]
    values: list[rules.Value]
    first: list[rules.Pullback]
    second: list[rules.Pullback]


def _tabulate(table: Mapping[str, rules.Rule]) -> Set:
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
    return Set(rows, values, *pullbacks)


def _placed(function: Callable[..., Array], order: Sequence[int], lead: int) -> Callable[..., Array]:
    """Return the function of its leading arguments and three columns, which it reads back in its own order."""
    columns = [lead + order.index(operand) for operand in range(len(order))]

    def call(*arguments: Array) -> Array:
        found = function(*arguments[:lead], *(arguments[column] for column in columns))
        return found.astype(arguments[0].dtype)

    return call


SETS = {False: _tabulate(_CORE), True: _tabulate({**_CORE, **rules.SPECIAL})}
# The larger set begins with the smaller: a number means the same in both, and tapes of both can be joined.


def fits(tape: Tape) -> bool:
    """Return whether some program has room for the tape."""
    return needed(len(tape.code) + 1, tape.leaves + 1, special=False) is not None


def needed(instructions: int, leaves: int, *, special: bool) -> int | None:
    rooms = SPECIAL_BUCKETS if special else BUCKETS
    return next((bucket for bucket in rooms if max(instructions, leaves) <= bucket), None)


def encode(tape: Tape) -> Encoded:
    """Return the tape as the programs read it, which any number of calls share.

    Raises:
        ValueError: no program has room for it; see ``fits``.
    """
    specials = sum(opcode in rules.SPECIAL for opcode, _ in tape.code)
    bucket = needed(len(tape.code) + 1, tape.leaves + 1, special=specials > 0)
    if bucket is None:
        raise ValueError(f"a tape of {len(tape.code)} instructions and {tape.leaves} leaves fits no bucket")
    rows = []
    entries = SETS[specials > 0].entries
    for slot, (opcode, operands) in enumerate(tape.code, start=1 + tape.leaves):
        number, first, second, (a, b, c) = entries[opcode]
        rows.append((number, first, second, slot, operands[a] + 1, operands[b] + 1, operands[c] + 1))
    number, first, second, _ = entries["result"]
    rows.append((number, first, second, 0, tape.result + 1, 0, 0))
    padded = pad(np.array(rows, np.int32), bucket)
    # Placing costs more than the copies that a few dozen calls would make of a small tape.
    placed = padded if bucket <= 512 else jax.device_put(padded)
    statics = np.array([float(static) for static in tape.statics])
    return Encoded(bucket, tape.inputs, tape.leaves, statics, padded[1 : 1 + len(rows)], placed, specials, tape)


def pad(code: NDArray[np.int32], bucket: int) -> NDArray[np.int32]:
    padded = np.zeros((1 + bucket, code.shape[1]), np.int32)
    padded[0, 0] = len(code)
    padded[1 : 1 + len(code)] = code
    return padded


def join(tapes: Sequence[Encoded]) -> NDArray[np.int32]:
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
