"""Expression of whole arrays to tape: one pass over its nodes, each recorded once.

Elementwise nodes are recorded as those of numbers are (``autodiff.tape``). The body of a map is a tape of its own,
which is written for all indices at once; that of a scan is the body of an instruction. What does not depend on the
loop is computed outside it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from sympy.core.basic import Basic

from app.autodiff import tape as scalars
from app.autodiff.arrays import primitives
from app.autodiff.arrays.loops import splitting
from app.autodiff.arrays.recorder import Recorder, Slot
from app.autodiff.arrays.rules import batching
from app.autodiff.arrays.tape import ArrayTape, Shape, digest
from app.language.expression import nodes
from app.language.expression.result import Expression


@dataclass(frozen=True, slots=True)
class ArrayRecording:
    """A tape, and what its leaves read.

    Attributes:
        tape: the structure; its only result is the value.
        inputs: number of the argument that each input leaf is.
        constants: values of the constant leaves, float64, or int64 where they are indices.
        function_id: 32 hex digits naming the function: the digest of the tape's key, the input leaves, the constants
            bit by bit, and the argument names in order.
    """

    tape: ArrayTape
    inputs: tuple[int, ...]
    constants: tuple[np.ndarray, ...]
    function_id: str


def record(expression: Expression) -> ArrayRecording:
    """Record an expression of whole arrays, whose shapes are known."""
    reader = _NodeReader(expression)
    return reader.finish(reader.shaped(reader.slot(expression.root), expression.shape))


def _digest_of(array: np.ndarray) -> str:
    """Return a digest of the bytes of an array, which are too many to be written as text."""
    return hashlib.blake2b(array.tobytes(), digest_size=16).hexdigest()


class _NodeReader(scalars.ScalarRecorder):
    """Records an expression of whole arrays, or the body of a loop in it."""

    _slots: dict[int, Slot]  # type: ignore[assignment]

    def __init__(self, expression: Expression) -> None:
        super().__init__(expression)
        self.recorder = Recorder()
        self._values: list[np.ndarray] = []
        self._arguments: dict[int, Slot] = {}
        self._scans: dict[int, list[Slot]] = {}

    def finish(self, result: Slot) -> ArrayRecording:  # type: ignore[override]
        inputs = tuple(sorted(self._arguments))
        self.recorder.inputs = [self._arguments[argument] for argument in inputs]
        tape = self.recorder.finish(result)
        constants = [(array.shape, array.dtype.str, _digest_of(array)) for array in self._values]
        function_id = digest(16, tape.key, inputs, constants, self.expression.args)
        return ArrayRecording(tape, inputs, tuple(self._values), function_id)

    def slot(self, root: Basic) -> Slot:  # type: ignore[override]
        return super().slot(root)  # type: ignore[return-value]

    def shaped(self, slot: Slot, shape: Shape) -> Slot:
        """Return a slot broadcast to the shape that its node has."""
        return slot if slot.shape == shape else self.recorder.emit("broadcast", (shape,), slot)

    def children(self, node: Basic) -> Sequence[Basic]:
        """Return the nodes whose slots ``_emit`` reads."""
        kind = type(node)
        if kind is nodes.Map or kind is nodes.Scan or kind is nodes.LoopIndex:
            return ()
        return super().children(node)

    def _emit(self, node: Basic) -> Slot:  # type: ignore[override]
        kind = type(node)
        if kind is nodes.Scan:
            self._scans[id(node)] = _BodyReader(self, node.carried, node.index).scan(node)
            return self._scans[id(node)][0]
        if kind is nodes.Map:
            return _BodyReader(self, (), node.index).map(node)
        if kind is nodes.ArrayNode:
            return self._primitive(node)
        return super()._emit(node)  # type: ignore[return-value]

    def _primitive(self, node: nodes.ArrayNode) -> Slot:
        if node.opcode == "scan_result":
            return self._scans[id(node.args[0])][int(node.parameters[0])]
        indices = primitives.INDICES.get(node.opcode)
        operands = [
            self._indices(arg) if position == indices else self._operand(arg) for position, arg in enumerate(node.args)
        ]
        return self.recorder.emit(node.opcode, node.parameters, *operands)

    def _input(self, leaf: scalars.Leaf) -> Slot:  # type: ignore[override]
        argument, indices = leaf
        if argument not in self._arguments:
            shapes = self.expression.shapes
            self._arguments[argument] = self.recorder.input(shapes[argument] if shapes is not None else ())
        whole = self._arguments[argument]
        if not indices:
            return whole
        triples = tuple([(i + size if i < 0 else i, 1, 1) for i, size in zip(indices, whole.shape, strict=True)])
        return self.recorder.emit("reshape", ((),), self.recorder.emit("slice", triples, whole))

    def _operand(self, node: Basic) -> Slot:  # type: ignore[override]
        constant = self._folded.get(id(node))
        if constant is None and node.is_Number:
            constant = float(node)
        return self._slots[id(node)] if constant is None else self._constant(constant)

    def _indices(self, node: Basic) -> Slot:
        constant: Any = self._folded.get(id(node))
        if constant is None or not np.array_equal(np.asarray(constant, np.int64), constant):
            return self._operand(node)
        return self.leaf(np.asarray(constant, np.int64))

    def _constant(self, value: Any) -> Slot:  # type: ignore[override]
        return self.leaf(np.asarray(value, np.float64))

    def leaf(self, array: np.ndarray) -> Slot:
        self._values.append(array)
        return self.recorder.leaf(array.shape, integers=array.dtype.kind == "i")

    def _static(self, value: Any) -> Slot:  # type: ignore[override]
        return self.recorder.number(float(value))

    def _append(self, opcode: str, *operands: Any) -> Slot:  # type: ignore[override]
        return self.recorder.word(opcode, *operands)

    def _power(self, node: Basic) -> Slot:  # type: ignore[override]
        base, exponent = node.args
        value: Any = self._folded.get(id(exponent))
        if isinstance(value, np.ndarray):
            return self._append("pow_const", self._operand(base), self._operand(exponent))
        if value == 0:
            return self.shaped(self._static(1), self._operand(base).shape)
        return super()._power(node)  # type: ignore[return-value]


class _BodyReader(_NodeReader):
    """Records the body of a loop of another reader.

    Its leaves are the index, the carried values, and then what the body reads from outside.
    """

    def __init__(self, outer: _NodeReader, carried: tuple[nodes.LoopIndex, ...], index: nodes.LoopIndex) -> None:
        super().__init__(outer.expression)
        self._outer = outer
        self._loop = (index, *carried)
        self._given: list[Slot] = []
        self._moving: set[int] = set()
        for variable in self._loop:
            self._slots[id(variable)] = self.recorder.input(variable.shape)

    def map(self, node: nodes.Map) -> Slot:
        """Return the body for all indices, in the reader around it."""
        self._find_moving(node.args)
        result = self.slot(node.args[0])
        tape = self.recorder.finish(result)
        r = self._outer.recorder
        leaves = [r.emit("iota", (node.count,)), *self._given]
        mapped = [True, *[False] * len(self._given)]
        (slot,) = batching.all_mapped(r, batching.inline(r, tape, leaves, mapped, node.count), node.count)
        return slot

    def scan(self, node: nodes.Scan) -> list[Slot]:
        """Return the last carried values and the outputs of all steps, in the reader around it."""
        self._find_moving(node.args)
        first, following = node.args[: node.results], node.args[node.results : 2 * node.results]
        shapes = [variable.shape for variable in node.carried]
        results = [self.shaped(self.slot(each), shape) for each, shape in zip(following, shapes, strict=True)]
        shape_of = self.expression.shape_of
        results += [self.shaped(self.slot(each), shape_of.get(id(each), ())) for each in node.args[2 * node.results :]]
        tape = self.recorder.finish(*results)
        start = [self._outer.shaped(self._outer.slot(x), shape) for x, shape in zip(first, shapes, strict=True)]
        return splitting.emit(self._outer.recorder, (node.count, False, node.results, 0, tape), [*start, *self._given])

    def _find_moving(self, roots: tuple[Basic, ...]) -> None:
        """Find the nodes that depend on the loop."""
        loop = {id(variable) for variable in self._loop}
        seen: set[int] = set()
        stack = [(root, False) for root in roots]
        while stack:
            node, ready = stack.pop()
            if ready:
                if id(node) in loop or any(id(arg) in self._moving for arg in node.args):
                    self._moving.add(id(node))
            elif id(node) not in seen and id(node) not in self._folded:
                seen.add(id(node))
                stack.append((node, True))
                stack.extend((arg, False) for arg in node.args)

    def children(self, node: Basic) -> Sequence[Basic]:
        return super().children(node) if id(node) in self._moving else ()

    def _emit(self, node: Basic) -> Slot:  # type: ignore[override]
        return super()._emit(node) if id(node) in self._moving else self._outside(self._outer.slot(node))

    def _outside(self, slot: Slot) -> Slot:
        if slot.number is not None:
            return self.recorder.number(slot.number)
        self._given.append(slot)
        return self.recorder.input(slot.shape)

    def leaf(self, array: np.ndarray) -> Slot:
        return self._outside(self._outer.leaf(array))
