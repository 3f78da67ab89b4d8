"""The tape of arrays: instructions over slots that have shapes.

    slots      inputs, constants, statics, then one for each instruction
    instruction  (opcode, slots it reads, static parameters)

An opcode is a word of ``table.TABLE``, which works elementwise and broadcasts, or a primitive of
``language.expression.primitives`` or of ``primitives.INNER``. Statics are numbers that belong to the structure:
exponents, orders, and the numbers of derivatives. A tape holds neither names nor values of inputs and constants.
"""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass
from typing import Any

from app.autodiff import table

Shape = tuple[int, ...]
Parameters = tuple[Any, ...]
Instruction = tuple[str, tuple[int, ...], Parameters]

FORMAT = "1"
"""Part of every key: changes when the meaning of an opcode or of the layout does."""


@dataclass(frozen=True, slots=True, eq=False)
class ArrayTape:
    """The structure of a function of arrays.

    Attributes:
        inputs: shape of each input leaf.
        constants: shape of each constant leaf.
        statics: numbers, each a leaf of shape ().
        code: the instructions, each after those it reads.
        shapes: shape of every slot; of a scan, which has several values, the tuple of their shapes.
        results: slots of the values.
        key: 40 hex digits; equal tapes have equal keys.
    """

    inputs: tuple[Shape, ...]
    constants: tuple[Shape, ...]
    statics: tuple[float, ...]
    code: tuple[Instruction, ...]
    shapes: tuple[Shape, ...]
    results: tuple[int, ...]
    key: str

    @property
    def leaves(self) -> int:
        """Number of leaves, which is the slot of the first instruction."""
        return len(self.inputs) + len(self.constants) + len(self.statics)

    @property
    def hosted(self) -> bool:
        """Whether some instruction is a host word, which only NumPy computes, also within a loop."""
        return any(
            opcode in table.HOSTED or (opcode == "scan" and parameters[-1].hosted)
            for opcode, _, parameters in self.code
        )

    def last_uses(self) -> list[int]:
        """Return, for each slot, the position of the last instruction that reads it; -1 if none, results are kept."""
        last = [-1] * len(self.shapes)
        for position, (_, operands, _) in enumerate(self.code):
            for slot in operands:
                last[slot] = position
        for slot in self.results:
            last[slot] = len(self.code)
        return last

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ArrayTape) and self.key == other.key

    def __hash__(self) -> int:
        return hash(self.key)

    def __repr__(self) -> str:
        # ``make`` digests the parameters of a scan, which holds tapes.
        return f"ArrayTape({self.key})"


def make(
    inputs: tuple[Shape, ...],
    constants: tuple[Shape, ...],
    statics: tuple[float, ...],
    code: tuple[Instruction, ...],
    shapes: tuple[Shape, ...],
    results: tuple[int, ...],
) -> ArrayTape:
    """Return the tape with its key."""
    exact = [value.hex() for value in statics]
    key = digest(20, FORMAT, inputs, constants, exact, code, results)
    return ArrayTape(inputs, constants, statics, code, shapes, results, key)


def digest(size: int, *ingredients: object) -> str:
    """Return a BLAKE2b digest (RFC 7693) of numbers, strings, tapes and tuples of them, in 2*size hex digits."""
    return hashlib.blake2b(repr(ingredients).encode(), digest_size=size).hexdigest()


def elements(shape: Shape) -> int:
    """Return how many numbers an array has."""
    return math.prod(shape)


def dump(tape: ArrayTape) -> dict[str, Any]:
    """Return a tape as a document of JSON."""
    return {
        "inputs": tape.inputs,
        "constants": tape.constants,
        "statics": [value.hex() for value in tape.statics],
        "code": [[opcode, operands, _dumped(parameters)] for opcode, operands, parameters in tape.code],
        "shapes": tape.shapes,
        "results": tape.results,
    }


def load(document: dict[str, Any]) -> ArrayTape:
    """Return the tape of a document that ``dump`` made."""
    return make(
        _loaded(document["inputs"]),
        _loaded(document["constants"]),
        tuple([float.fromhex(value) for value in document["statics"]]),
        _loaded(document["code"]),
        _loaded(document["shapes"]),
        _loaded(document["results"]),
    )


def _dumped(value: Any) -> Any:
    if isinstance(value, ArrayTape):
        return dump(value)
    return [_dumped(each) for each in value] if isinstance(value, tuple) else value


def _loaded(value: Any) -> Any:
    if isinstance(value, dict):
        return load(value)
    return tuple([_loaded(each) for each in value]) if isinstance(value, list | tuple) else value
