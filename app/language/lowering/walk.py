"""Walks an expression and replaces each array by its cells: a NumPy array whose elements are values of numbers.

An elementwise node becomes one node for each cell, with its constants folded, so that a choice by a condition that is
known is made. A loop that was read once becomes its steps. What no rule is for raises ``NeedsWhole``.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np
import sympy
from sympy.core.basic import Basic

from app import errors
from app.language.building.array_builder import ArrayBuilder
from app.language.expression import nodes
from app.language.expression.values import NeedsWhole, Shape, Value, charged_cells
from app.language.lowering import lines, rules
from app.language.lowering.cells import Array, as_array, filled
from app.language.vocabulary import relations, words

Cells = Value | Array
"""A value, or a NumPy array of values that has axes."""

_FEW = 64
"""Elements up to which a known array keeps the nodes it was computed by, as in 1/3; of others, they are decimals."""

_MINUS_ONE, _ZERO = sympy.Integer(-1), sympy.Integer(0)


def lowered(builder: ArrayBuilder, found: Value) -> tuple[tuple[Basic, ...], Shape]:
    """Return the nodes of the cells of a value or a list, row-major, and its shape.

    Raises:
        NeedsWhole: some node exists for whole arrays only.
        errors.TooComplex: there are too many cells.
    """
    builder.defining += 1  # what is not finite has been refused where it was read
    try:
        found_cells = Lowering(builder).value(found)
    finally:
        builder.defining -= 1
    array = as_array(found_cells)
    if not array.size:
        raise errors.BadShape("the function returns an empty array")
    return tuple([builder.number(cell, 0).node for cell in array.ravel().tolist()]), array.shape


class Lowering:
    """The cells of the nodes of one expression; ``offset`` is that of the array node that is being lowered."""

    def __init__(self, builder: ArrayBuilder) -> None:
        self.builder = builder
        self.offset = 0
        self.truths: dict[int, Value] = {}  # by ``id`` of a node that is 1 or 0, the condition it says
        self._values = builder.values_by_node()
        self._done: dict[int, Any] = {}

    def value(self, value: Value) -> Cells:
        if value.kind != "tuple":
            return self.node(self.builder.array(value, self.offset).node)
        parts = [as_array(self.value(item)) for item in value.items]
        if len({part.shape for part in parts}) > 1:
            raise errors.BadShape("the items of a list differ in shape", offset=self.offset)
        self.builder.charge(len(parts), self.offset)
        return np.stack(parts) if parts else np.empty(0, object)

    def node(self, root: Basic) -> Cells:
        """Return the cells of a node, after those it is made of."""
        done, stack = self._done, [(root, False)]
        while stack:
            node, ready = stack.pop()
            if id(node) in done:
                continue
            if ready:
                found = self._lowered(node)
                done[id(node)] = found.item() if isinstance(found, np.ndarray) and not found.ndim else found
            else:
                stack.append((node, True))
                stack.extend([(operand, False) for operand in self._operands(node)])
        cells: Cells = done[id(root)]
        return cells

    # Which nodes are below a node

    def _is_leaf(self, node: Basic) -> bool:
        value = self._values.get(id(node))
        if value is None or value.constant is None:
            return type(node) is sympy.Indexed or type(node) is nodes.Map or not node.args
        return value.shape == () or math.prod(value.shape) > _FEW or type(node) is nodes.ArrayConstant

    def _operands(self, node: Basic) -> Sequence[Basic]:
        """Return the nodes whose cells are needed for those of a node."""
        if self._is_leaf(node):
            return ()
        kind = type(node)
        if id(node) in self.builder.meanings:
            return [operand.node for operand in self.builder.meanings[id(node)].operands]
        if kind is sympy.Piecewise:
            return [part for case in node.args for part in case.args]
        if kind is nodes.Scan:
            return node.args[: node.results]  # type: ignore[no-any-return]
        if rules.is_sorted(node):
            return node.args[:1]  # type: ignore[no-any-return]
        return node.args  # type: ignore[no-any-return]

    def _lowered(self, node: Basic) -> Cells:
        if self._is_leaf(node):
            return self._leaf(node)
        operands = [self._done[id(operand)] for operand in self._operands(node)]
        kind = type(node)
        if id(node) in self.builder.meanings:
            meaning = self.builder.meanings[id(node)]
            return lines.RULES[meaning.word](self, meaning.axes, *map(as_array, operands))  # type: ignore[no-any-return]
        if kind is nodes.Scan:
            return self._steps(node, operands)  # type: ignore[return-value]  # ``scan_result`` picks one
        if kind is nodes.ArrayNode:
            return self._primitive(node, operands)
        shape = self._values[id(node)].shape
        function = self._elementwise(node)
        if shape == ():
            same = all(value.node is part for value, part in zip(operands, self._operands(node), strict=True))
            return self._values[id(node)] if same else function(operands)
        self.builder.charge(charged_cells(shape), self.offset)
        columns = [_column(each, shape) for each in operands]
        return filled([function(column) for column in zip(*columns, strict=True)], shape)

    def _leaf(self, node: Basic) -> Cells:
        if node is sympy.true or node is sympy.false:
            return self.builder.truth(node is sympy.true)
        if type(node) is nodes.Map:
            return self._map(node)
        value = self._values[id(node)]
        if value.shape == ():
            return value
        self.builder.charge(charged_cells(value.shape), self.offset)
        if value.constant is None:  # an argument
            inputs = [self.builder.input(value.argument, indices) for indices in np.ndindex(value.shape)]
            return filled(inputs, value.shape)
        if value.items:
            return np.stack([as_array(self.value(item)) for item in value.items])
        make = self.builder.truth if value.kind == "condition" else self.builder.leaf
        return filled([make(item) for item in value.constant.ravel().tolist()], value.shape)

    # Elementwise

    def _elementwise(self, node: Basic) -> Callable[[Sequence[Value]], Value]:
        """Return the function of cells that a node is of its operands."""
        builder, kind = self.builder, type(node)
        if kind is sympy.Piecewise:
            return self._chosen
        if kind is sympy.Add:
            return lambda cells: builder.sum(cells, "+" * len(cells), 0)
        if kind is sympy.Mul and len(node.args) == 2 and node.args[0] is _MINUS_ONE:
            return lambda cells: builder.negative(cells[1], 0)
        if kind is sympy.Mul:
            return lambda cells: builder.product(cells, "*" * len(cells), 0)
        if kind is sympy.Pow and node.args[1] is _MINUS_ONE:
            return lambda cells: builder.inverse(cells[0], 0)
        if kind is sympy.Pow:
            return lambda cells: builder.power(cells[0], cells[1], 0)
        if kind is sympy.Not:
            return lambda cells: builder.invert(cells[0], 0)
        if kind is sympy.And or kind is sympy.Or:
            join = builder.all if kind is sympy.And else builder.any
            return lambda cells: join(cells, 0)
        if kind is sympy.Ne and node.args[1] is _ZERO:
            return lambda cells: self.truths.get(id(cells[0].node)) or builder.compare(cells, ("!=",), 0)
        relation = relations.BY_NODE.get(kind)
        if relation is not None:
            sign = relation.sign
            return lambda cells: builder.compare(cells, (sign,), 0)
        opcode = words.OPCODES[kind]

        def call(cells: Sequence[Value]) -> Value:
            known = [cell.constant for cell in cells]
            return builder.make_folded(kind, cells, lambda _: builder.folding.fold_call(opcode, known, None), 0)

        return call

    def _chosen(self, parts: Sequence[Value]) -> Value:
        """Return the first value whose condition holds; what is known not to be chosen is left out."""
        cases = []
        for value, condition in zip(parts[::2], parts[1::2], strict=True):
            if condition.constant is None or condition.constant:
                cases.append((value, condition))
            if condition.constant:
                break
        if not cases or cases[0][1].constant:
            return cases[0][0] if cases else self.builder.named("nan", math.nan)
        found = self.builder.piecewise(cases, 0)
        if [value.constant for value, _ in cases] == [1, 0]:
            self.truths[id(found.node)] = cases[0][1]
        return found

    # Arrays

    def _primitive(self, node: nodes.ArrayNode, operands: Sequence[Any]) -> Cells:
        self.offset = node.offset
        if node.opcode == "scan_result":
            found: Cells = operands[0][node.parameters[0]]
            return found
        rule: rules.Rule | None = lines.sort if rules.is_sorted(node) else rules.RULES.get(node.opcode)
        if rule is None:
            raise NeedsWhole
        shape = self._values[id(node)].shape
        moves = node.opcode in rules.MOVES
        self.builder.charge(1 + charged_cells(shape) // 64 if moves else charged_cells(shape), self.offset)
        return rule(self, node.parameters, *map(as_array, operands))  # type: ignore[no-any-return]

    # Loops

    def _map(self, node: nodes.Map) -> Cells:
        body, parts = node.args[0], []
        shape = self._values[id(node)].shape[1:]
        moving = self._moving(node.args, (node.index,))
        self.builder.charge(node.count * (1 + len(moving)), self.offset)
        self.builder.charge(charged_cells(self._values[id(node)].shape), self.offset)
        for step in range(node.count):
            self._bind(moving, [(node.index, self.builder.leaf(step))])
            parts.append(np.broadcast_to(as_array(self.node(body)), shape))
        return np.stack(parts) if parts else np.empty((0, *shape), object)

    def _steps(self, node: nodes.Scan, first: Sequence[Cells]) -> list[Cells]:
        """Return the carried values after the last step, and the outputs of all steps."""
        carried, size = list(first), node.results
        shapes = [self._values[id(each)].shape if id(each) in self._values else () for each in node.args[2 * size :]]
        rows: list[list[Any]] = [[] for _ in shapes]
        moving = self._moving(node.args[node.results :], (node.index, *node.carried))
        self.builder.charge(node.count * (1 + len(moving)), self.offset)
        for step in range(node.count):
            given = [_shaped(cells, each.shape) for cells, each in zip(carried, node.carried, strict=True)]
            self._bind(moving, [(node.index, self.builder.leaf(step)), *zip(node.carried, given, strict=True)])
            carried = [self.node(each) for each in node.args[size : 2 * size]]
            for row, each, shape in zip(rows, node.args[2 * size :], shapes, strict=True):
                row.append(np.broadcast_to(as_array(self.node(each)), shape))
        last = [_shaped(cells, each.shape) for cells, each in zip(carried, node.carried, strict=True)]
        return [*last, *[np.stack(row) for row in rows]]

    def _bind(self, moving: Iterable[int], variables: Sequence[tuple[Basic, Cells]]) -> None:
        """Give the variables of a loop their cells of one step, and forget what depends on them."""
        for each in moving:
            self._done.pop(each, None)
        self._done.update({id(variable): cells for variable, cells in variables})

    def _moving(self, roots: Sequence[Basic], variables: Sequence[Basic]) -> set[int]:
        """Return the nodes that depend on variables, by ``id``."""
        moving, seen = {id(variable) for variable in variables}, set()
        stack = [(root, False) for root in roots]
        while stack:
            node, ready = stack.pop()
            if ready:
                if any(id(part) in moving for part in node.args):
                    moving.add(id(node))
            elif id(node) not in seen:
                seen.add(id(node))
                stack.append((node, True))
                stack.extend([(part, False) for part in node.args])
        return moving


def _column(cells: Cells, shape: Shape) -> list[Value]:
    """Return the cells of an operand, one for each cell of a result of this shape."""
    if not isinstance(cells, np.ndarray):
        return [cells] * math.prod(shape)
    column: list[Value] = (cells if cells.shape == shape else np.broadcast_to(cells, shape)).ravel().tolist()
    return column


def _shaped(cells: Cells, shape: Shape) -> Cells:
    return np.broadcast_to(as_array(cells), shape) if shape else cells
