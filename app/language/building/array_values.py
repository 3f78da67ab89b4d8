"""Makes values that are arrays, and their primitives: one node for an array, with a shape beside it.

Everything that is no elementwise operation is an ``ArrayNode``, made by ``emit``. NumPy folds arrays that are known
from the text, up to ``max_known_elements`` elements in all; beyond, they are nodes as any other.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import sympy
from numpy.typing import NDArray
from sympy.core.basic import Basic

from app import errors
from app.language.building.builder import WHAT, Builder, Expand
from app.language.expression import nodes, primitives
from app.language.expression.values import NeedsShapes, Reference, Shape, Value, argument_of, text_of
from app.language.limits import TextLimits
from app.language.numeric import array_folding

_SMALL = 1024
"""Bytes of a constant array that is compared with others; equal ones are one node."""

MOVERS = frozenset({"reshape", "transpose", "broadcast", "slice", "gather", "take_along", "concatenate"})
"""Primitives that only move elements, so that of conditions they give conditions."""


class Meaning(NamedTuple):
    """A word of arrays whose value is written in primitives."""

    word: str
    axes: tuple[int, ...]
    operands: tuple[Value, ...]


class ArrayValues(Builder):
    """Makes the values of one text, for arguments of known shapes.

    If ``shapes`` is None, an argument is a number, or has its elements by known indices, as it is used; what depends on
    more of its shape raises ``NeedsShapes``.
    """

    folding: Any = array_folding

    def __init__(
        self,
        args: Sequence[str],
        limits: TextLimits,
        shapes: Sequence[Shape] | None,
        expand: Expand,
    ) -> None:
        super().__init__(args, limits, None if shapes is None else tuple(shapes), expand)
        self.meanings: dict[int, Meaning] = {}  # by ``id`` of a node, the word that it is written in primitives for
        self._budget = limits.max_known_elements
        self._loop_variables = 0
        self._by_node: dict[int, Value] = {}  # values by the ``id`` of their node, the first ``_listed``
        self._listed = 0
        self.has_arrays = False  # whether there are nodes that are no numbers
        self.updates: dict[int, tuple[Value, Value, Value]] = {}  # see ``updated``

    # Leaves

    def argument(self, index: int) -> Value:
        if self.shapes is None:
            return argument_of(index)
        value = self.input(index, ())
        value.argument, value.shape = index, self.shapes[index]
        self.has_arrays |= value.shape != ()
        return value

    def known(self, array: NDArray[Any]) -> Value:
        """Return an array that is known from the text; of shape (), its number or truth."""
        if array.ndim == 0:
            item = array.item()
            return self.truth(item) if isinstance(item, bool) else self.leaf(item)
        kind = array.dtype.kind
        if kind not in "bif":
            array, kind = array.astype(np.float64), "f"
        elif kind != "b":
            array = array.astype(np.int64 if kind == "i" else np.float64, copy=False)
        key = ("array", array.shape, kind, array.tobytes() if array.size * 8 <= _SMALL else id(array))
        found = self._interned.get(key)
        if found is None:
            node = Basic.__new__(nodes.ArrayConstant)
            found = Value(node, array, "condition" if kind == "b" else "number", shape=array.shape)
            self._interned[key] = found
            self.has_arrays = True
        return found

    # What a value is

    def is_array(self, value: Value) -> bool:
        return value.shape != () or value.kind == "tuple"

    def check_shapes(self, operands: Sequence[Value]) -> None:
        """Refuse an argument whose shape is not known beside an array: it may be broadcast."""
        some = self.shapes is None and any([o.kind == "argument" for o in operands])  # noqa: C419 - faster so
        if some and any(self.is_array(operand) for operand in operands):
            raise NeedsShapes

    def array(self, value: Value, offset: int) -> Value:
        """Return a value as numbers or conditions of one shape; a list is stacked."""
        if value.kind == "argument":
            raise NeedsShapes
        if value.kind == "tuple":
            return self._stacked([self.array(item, offset) for item in self.items(value, offset)], offset)
        if value.listed:
            return Value(value.node, value.constant, value.kind, shape=value.shape)
        return value if value.kind == "condition" else self.number(value, offset)

    def number(self, value: Value, offset: int) -> Value:
        """Return a value as numbers; a condition is 1 or 0."""
        if value.kind == "number":
            return value
        if value.kind == "tuple":
            return self.number(self.array(value, offset), offset)
        if value.shape and value.constant is not None:
            return self.known(value.constant.astype(np.int64))
        return super().number(value, offset)

    def single(self, value: Value, offset: int) -> Value:
        """Return a value as one number."""
        if self.is_array(value):
            shape = list(self.array(value, offset).shape)
            raise errors.BadShape(f"an array of shape {shape} stands where a number was expected", offset=offset)
        return self.number(value, offset)

    def condition(self, value: Value, offset: int, joined: str | None = None) -> Value:
        if value.kind == "tuple":
            value = self.array(value, offset)
        if value.kind != "number" or not value.shape:
            return super().condition(value, offset, joined)
        constant = value.constant
        if constant is not None and (not joined or constant.dtype.kind == "i"):
            return self.known(constant != 0)
        return super().condition(value, offset, joined)

    def by_items(self, value: Value) -> Value:
        """Return whether a list, tuple, dict or string has items; None has none. Any other value as it is."""
        if value.kind in {"tuple", "dict", "text", "none"} or value.listed:
            return self.truth(bool(value.items or value.text or (value.listed and value.shape[0])))
        return value

    def decision(self, value: Value, offset: int) -> Value:
        """Return a value as one condition, as ``if`` takes it."""
        value = self.by_items(value)
        return self.condition(self.single(value, offset) if self.is_array(value) else value, offset)

    def items(self, value: Value, offset: int) -> Sequence[Value]:
        if value.kind == "tuple":
            self.charge(len(value.items), offset)
            return value.items
        if value.kind == "argument":
            raise NeedsShapes
        if value.kind == "dict":
            self.charge(len(value.items), offset)
            return list(value.function.values())  # its keys
        if value.kind == "text":
            self.charge(len(value.text), offset)
            return [text_of(character) for character in value.text]
        if not value.shape:
            if value.kind in WHAT:
                raise errors.SyntaxRejected(f"{WHAT[value.kind]} has no items to go through", offset=offset)
            raise errors.BadShape("a number has no items to go through", offset=offset)
        self.charge(value.shape[0], offset)
        return [self.item(value, index, offset) for index in range(value.shape[0])]

    def item(self, value: Value, index: int, offset: int) -> Value:
        """Return a part of an array along its first axis."""
        if value.argument >= 0 and len(value.shape) == 1 and value.reference is None:
            return self.input(value.argument, (*[item.constant for item in value.items], index))
        rest = value.shape[1:]
        part = self.emit("slice", ((index, 1, 1), *[(0, size, 1) for size in rest]), value, offset=offset)
        part = self.emit("reshape", (rest,), part, offset=offset)
        if value.reference is not None:
            step = ("index", (self.leaf(index),))
            found = Reference(value.reference.key, (*value.reference.path, step), value.reference.perhaps)
            return Value(part.node, part.constant, part.kind, shape=part.shape, reference=found)
        if value.argument >= 0 and part.constant is None:
            part.argument, part.items = value.argument, (*value.items, self.leaf(index))
        return part

    def _stacked(self, parts: Sequence[Value], offset: int) -> Value:
        if len({part.shape for part in parts}) > 1:
            raise errors.BadShape("the items of a list differ in shape", offset=offset)
        if not parts:
            return self.known(np.empty(0))
        inner = parts[0].shape
        self.check_rank(len(inner) + 1, offset)
        self._check_operations(len(parts) - sum(part.constant is not None for part in parts), offset)
        if any(part.kind == "number" for part in parts):
            parts = [self.number(part, offset) for part in parts]
        runs: list[Value] = []
        known: list[Value] = []
        for part in parts:
            if part.constant is not None:
                known.append(part)
                continue
            runs += self._run(known)
            known = []
            runs.append(self.emit("reshape", ((1, *inner),), part, offset=offset))
        return self.emit("concatenate", (0,), *runs, *self._run(known), offset=offset)

    def _run(self, parts: Sequence[Value]) -> list[Value]:
        """Return parts that are known as one array, which remembers them."""
        if not parts:
            return []
        constants = [part.constant for part in parts]
        found = self.known(array_folding.stacked(constants, condition=parts[0].kind == "condition"))
        found.items = found.items or tuple(parts)
        return [found]

    def joint(self, operands: Sequence[Value], offset: int) -> Shape:
        """Return the shape to which operands are broadcast."""
        for operand in operands:
            if operand.shape:
                break
        else:
            return ()
        self.check_shapes(operands)
        shapes = {operand.shape for operand in operands} - {()}
        if len(shapes) < 2:
            return shapes.pop() if shapes else ()
        try:
            return np.broadcast_shapes(*shapes)
        except ValueError:
            listed = " and ".join(str(list(operand.shape)) for operand in operands)
            raise errors.BadShape(f"shapes {listed} do not fit each other", offset=offset) from None

    # Primitives

    def emit(self, opcode: str, parameters: tuple[Any, ...], *operands: Value, offset: int) -> Value:
        """Return a primitive of ``primitives`` over values; one that changes nothing is its operand."""
        values: Sequence[Value] = [self.array(operand, offset) for operand in operands]
        kind = "condition" if opcode in MOVERS and values[0].kind == "condition" else "number"
        if kind == "number":
            values = [self.number(value, offset) for value in values]
        if _changes_nothing(opcode, parameters, values):
            return values[0]
        shape = primitives.SHAPES[opcode](parameters, *[value.shape for value in values])
        self.check_rank(len(shape), offset)
        self._check_empty(shape, offset)
        known = all(value.constant is not None for value in values)
        if known and self._affords(array_folding.cost(opcode, parameters, shape, [value.shape for value in values])):
            constant = array_folding.fold_primitive(opcode, parameters, [value.constant for value in values])
            if constant is not None:
                return self.known(constant)
        key = (opcode, parameters, *[id(value.node) for value in values])
        return self._interned.get(key) or self._array_node(key, values, shape, kind, offset)

    def _array_node(
        self, key: tuple[Any, ...], operands: Sequence[Value], shape: Shape, kind: str, offset: int
    ) -> Value:
        self._check_operations(max(1, len(operands) - 1), offset)
        self._operations += max(1, len(operands) - 1)
        node = Basic.__new__(nodes.ArrayNode, *[operand.node for operand in operands])
        node.opcode, node.parameters, node.offset = key[0], key[1], offset
        self.has_arrays = True
        value = self._interned[key] = Value(node, None, kind, shape=shape)
        return value

    def _check_empty(self, shape: Shape, offset: int) -> None:
        """Refuse a billion rows of nothing: their positions would cost as much as if they had cells."""
        if 0 in shape and max(shape) > self.limits.max_known_elements:
            most = self.limits.max_known_elements
            raise errors.TooComplex(f"an array without elements that has more than {most} places", offset=offset)

    def _check_operations(self, more: int, offset: int) -> None:
        if self._operations + more > self.limits.max_operations:
            raise errors.TooComplex(f"more than {self.limits.max_operations} operations", offset=offset)

    def mean(self, word: str, axes: tuple[int, ...], operands: Sequence[Value], value: Value) -> Value:
        """Note that a value is a word of arrays over axes, and return it."""
        self.meanings[id(value.node)] = Meaning(word, axes, tuple(operands))
        return value

    def refused(self, error: errors.Rejected) -> Value:
        """Return a value that is refused with this error if the function uses it."""
        node = Basic.__new__(sympy.Dummy)
        self.faults[id(node)] = error
        value = self._interned["refused", id(node)] = Value(node)
        return value

    def broadcast(self, value: Value, shape: Shape, offset: int) -> Value:
        return value if value.shape == shape else self.emit("broadcast", (shape,), value, offset=offset)

    def _affords(self, elements: int) -> bool:
        if elements > self._budget:
            return False
        self._budget -= elements
        return True


def _changes_nothing(opcode: str, parameters: tuple[Any, ...], operands: Sequence[Value]) -> bool:
    shape = operands[0].shape
    match opcode:
        case "reshape" | "broadcast":
            return bool(parameters[0] == shape)
        case "transpose":
            return bool(parameters[0] == tuple(range(len(shape))))
        case "slice":
            return parameters == tuple([(0, size, 1) for size in shape])
        case "concatenate":
            return len(operands) == 1
    return False
