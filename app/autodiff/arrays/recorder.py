"""A namespace whose values are slots of a tape: what is computed with it is written down.

The rules of ``table`` and of ``pullbacks`` run over it unchanged. Equal instructions are written once, numbers are
computed at once, and what no result needs is left out. A broadcast is moved behind elementwise words, so that numbers
are not multiplied where they are repeated.
"""

from __future__ import annotations

import functools
import math
from typing import Any

import numpy as np

from app.autodiff import table
from app.autodiff.arrays import primitives
from app.autodiff.arrays.tape import ArrayTape, Instruction, Parameters, Shape, make
from app.language.numeric import numpy_words


class Slot:
    """A value on a recorder's tape; ``number`` is its value if it is known, of shape ()."""

    __array_ufunc__ = None  # NumPy leaves the operators to this class
    __slots__ = ("index", "number", "recorder", "shape")

    def __init__(self, recorder: Recorder, index: int, shape: Shape, number: float | None = None) -> None:
        self.recorder = recorder
        self.index = index
        self.shape = shape
        self.number = number

    def __add__(self, other: Any) -> Slot:
        return self.recorder.word("add", self, other)

    def __radd__(self, other: Any) -> Slot:
        return self.recorder.word("add", other, self)

    def __sub__(self, other: Any) -> Slot:
        return self.recorder.word("sub", self, other)

    def __rsub__(self, other: Any) -> Slot:
        return self.recorder.word("sub", other, self)

    def __mul__(self, other: Any) -> Slot:
        return self.recorder.word("mul", self, other)

    def __rmul__(self, other: Any) -> Slot:
        return self.recorder.word("mul", other, self)

    def __truediv__(self, other: Any) -> Slot:
        return self.recorder.word("div", self, other)

    def __rtruediv__(self, other: Any) -> Slot:
        return self.recorder.word("div", other, self)

    def __neg__(self) -> Slot:
        return self.recorder.word("neg", self)


class Recorder:
    """Writes a tape; every word of the table is a method (``recorder.exp(x)``), by ``word``."""

    def __init__(self) -> None:
        self._code: list[Instruction] = []
        self._slots: list[Slot] = []
        self._known: dict[Any, Slot] = {}
        self.inputs: list[Slot] = []
        self._constants: list[Slot] = []

    def __getattr__(self, opcode: str) -> Any:
        if opcode not in table.TABLE:
            raise AttributeError(opcode)
        word = functools.partial(self.word, opcode)
        setattr(self, opcode, word)
        return word

    def input(self, shape: Shape) -> Slot:
        """Return a new input leaf."""
        self.inputs.append(self._append("input", (), (len(self.inputs),), shape))
        return self.inputs[-1]

    def leaf(self, shape: Shape, *, integers: bool = False) -> Slot:
        """Return a new constant leaf, of numbers or of integers that are indices."""
        opcode = "integers" if integers else "constant"
        self._constants.append(self._append(opcode, (), (len(self._constants),), shape))
        return self._constants[-1]

    def phantom(self, shape: Shape) -> Slot:
        """Return a leaf that no result may need."""
        return self._append("phantom", (), (), shape)

    def number(self, value: float) -> Slot:
        """Return a number that belongs to the structure."""
        value = float(value)
        known = ("static", value.hex())
        if known not in self._known:
            self._known[known] = self._append("static", (), (), (), value)
        return self._known[known]

    def lift(self, value: Any) -> Slot:
        return value if isinstance(value, Slot) else self.number(value)

    def constant(self, number: float, like: Slot) -> Slot:  # noqa: ARG002 - as in other namespaces
        """Return a number; it broadcasts to any shape."""
        return self.number(number)

    def made_by(self, slot: Slot) -> Instruction:
        """Return the instruction of a slot; that of a leaf has the opcode "input", "constant" or "static"."""
        return self._code[slot.index]

    def operand(self, slot: Slot, position: int = 0) -> Slot:
        """Return an operand of the instruction of a slot."""
        return self._slots[self._code[slot.index][1][position]]

    def operands(self, slot: Slot) -> list[Slot]:
        """Return the operands of the instruction of a slot."""
        return [self._slots[index] for index in self._code[slot.index][1]]

    def rewrite(self, slot: Slot, parameters: Parameters) -> None:
        """Give the instruction of a slot other parameters, by which it has more results."""
        opcode, operands, _ = self._code[slot.index]
        self._code[slot.index] = (opcode, operands, parameters)
        slot.shape = primitives.shape(opcode, parameters, *[self._slots[index].shape for index in operands])

    def word(self, opcode: str, *operands: Any) -> Slot:
        """Write an elementwise word."""
        given = [self._real(self.lift(operand)) for operand in operands]
        if all(slot.number is not None for slot in given):
            return self.number(_computed(opcode, [slot.number for slot in given]))
        shape = broadcast_shapes(*[slot.shape for slot in given])
        inner = [self.operand(slot) if self.made_by(slot)[0] == "broadcast" else slot for slot in given]
        small = shape if inner == given else broadcast_shapes(*[slot.shape for slot in inner])
        result = _simplified(self, opcode, inner, small)
        if result is None:
            result = self._write(opcode, (), inner, small)
        return result if result.shape == shape else self.emit("broadcast", (shape,), result)

    def emit(self, opcode: str, parameters: Parameters, *operands: Any) -> Slot:
        """Write a primitive."""
        given = [self.lift(operand) for operand in operands]
        if opcode != "real" and opcode not in primitives.KEEPS_INTEGERS:
            indices = primitives.INDICES.get(opcode)
            given = [slot if position == indices else self._real(slot) for position, slot in enumerate(given)]
        shortcut = primitives.SHORTCUTS.get(opcode)
        result = shortcut(self, parameters, *given) if shortcut else None
        if result is None:
            shape = primitives.shape(opcode, parameters, *[slot.shape for slot in given])
            result = self._write(opcode, parameters, given, shape)
        return result

    def unbroadcast(self, x: Slot, shape: Shape) -> Slot:
        """Return x summed over the axes along which something of this shape was broadcast."""
        if x.shape == shape:
            return x
        extra = len(x.shape) - len(shape)
        repeated = [extra + axis for axis, size in enumerate(shape) if size == 1 and x.shape[extra + axis] != 1]
        return self.emit("reshape", (shape,), self.emit("reduce_sum", ((*range(extra), *repeated),), x))

    def integer(self, slot: Slot) -> bool:
        """Return whether a slot holds integers, which only serve as indices."""
        index = slot.index
        while self._code[index][0] in primitives.KEEPS_INTEGERS:
            (index,) = self._code[index][1]
        return self._code[index][0] in primitives.INTEGERS

    def finish(self, *results: Slot) -> ArrayTape:
        """Return the tape that computes these slots, with all inputs and constants that were made.

        The recorder lets go of everything: its slots refer to it, and a cycle would wait for the garbage collector.
        """
        live = self._live(results)
        statics = [slot for slot in self._slots if slot.number is not None and live[slot.index]]
        leaves = [*self.inputs, *self._constants, *statics]
        kept = [slot for slot in self._slots if live[slot.index] and self.made_by(slot)[0] not in _LEAVES]
        order = {slot.index: position for position, slot in enumerate([*leaves, *kept])}
        code = []
        for slot in kept:
            opcode, operands, parameters = self._code[slot.index]
            code.append((opcode, tuple([order[index] for index in operands]), parameters))
        tape = make(
            tuple([slot.shape for slot in self.inputs]),
            tuple([slot.shape for slot in self._constants]),
            tuple([float(slot.number) for slot in statics if slot.number is not None]),
            tuple(code),
            tuple([slot.shape for slot in (*leaves, *kept)]),
            tuple([order[slot.index] for slot in results]),
        )
        vars(self).clear()
        return tape

    def _live(self, results: tuple[Slot, ...]) -> list[bool]:
        live = [False] * len(self._code)
        for slot in results:
            live[slot.index] = True
        for index in range(len(self._code) - 1, -1, -1):
            if live[index]:
                for operand in self._code[index][1]:
                    live[operand] = True
        return live

    def _real(self, slot: Slot) -> Slot:
        """Return a slot as numbers in floating point."""
        return self.emit("real", (), slot) if slot.number is None and self.integer(slot) else slot

    def _write(self, opcode: str, parameters: Parameters, operands: list[Slot], shape: Shape) -> Slot:
        instruction = (opcode, tuple([slot.index for slot in operands]), parameters)
        known = self._known.get(instruction)
        if known is None:
            known = self._known[instruction] = self._append(*instruction, shape)
        return known

    def _append(
        self, opcode: str, operands: tuple[int, ...], parameters: Parameters, shape: Shape, number: float | None = None
    ) -> Slot:
        slot = Slot(self, len(self._slots), shape, number)
        self._code.append((opcode, operands, parameters))
        self._slots.append(slot)
        return slot


_LEAVES = frozenset({"input", "constant", "integers", "static"})


@functools.lru_cache(maxsize=4096)
def _broadcast_shapes(shapes: tuple[Shape, ...]) -> Shape:
    return np.broadcast_shapes(*shapes)


def broadcast_shapes(*shapes: Shape) -> Shape:
    """Return the shape that arrays of these shapes broadcast to."""
    first = shapes[0]
    if all(shape == first for shape in shapes):
        return first
    return _broadcast_shapes(shapes)


def _computed(opcode: str, numbers: list[float | None]) -> float:
    with np.errstate(all="ignore"):
        return float(numpy_words.WORDS[opcode](*[np.float64(number) for number in numbers]))


_STRONG = {"strong_mul": "mul", "strong_div": "div", "zero_mul": "mul"}


def _simplified(recorder: Recorder, opcode: str, operands: list[Slot], shape: Shape) -> Slot | None:
    """Return what an elementwise word is by the numbers among its operands, or None.

    Only what is exact for every other operand, infinite or nan, is replaced.
    """
    if opcode in _STRONG:
        return _weakened(recorder, opcode, operands)
    if opcode not in _NEUTRAL:
        if opcode == "neg" and recorder.made_by(operands[0])[0] == "neg":
            return recorder.operand(operands[0])
        return None
    x, y = operands
    neutral = _NEUTRAL[opcode]
    if y.number == neutral and x.shape == shape:
        return x
    if x.number == neutral and y.shape == shape and opcode in {"add", "mul"}:
        return y
    if opcode in {"mul", "div"} and y.number == -1.0 and x.shape == shape:
        return recorder.word("neg", x)
    return None


_NEUTRAL = {"add": 0.0, "sub": 0.0, "mul": 1.0, "div": 1.0}


def _weakened(recorder: Recorder, opcode: str, operands: list[Slot]) -> Slot | None:
    """Return a strong product as a plain one if a number among its operands makes them equal, else None."""
    g, p = operands
    if g.number == 0 or (p.number == 0 and opcode == "zero_mul"):
        return recorder.number(0.0)
    plain = _STRONG[opcode]
    factor_is_safe = p.number is not None and math.isfinite(p.number) and (plain == "mul" or p.number != 0)
    if factor_is_safe or (g.number is not None and (opcode != "zero_mul" or math.isfinite(g.number))):
        return recorder.word(plain, g, p)
    return None
