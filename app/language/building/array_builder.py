"""Makes the nodes of a text whose arrays are read as wholes: one node for an array, with a shape beside it.

``array_values`` and ``array_operations`` have what is below: values and operations of elements. Here are loops, rows
and the result. Reading costs what the text costs, whatever the arguments hold: neither steps nor nodes are counted by
elements.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import sympy
from sympy.core.basic import Basic

from app.language.building.array_operations import ArrayOperations
from app.language.expression import nodes
from app.language.expression.values import Shape, Value


class ArrayBuilder(ArrayOperations):
    """Makes the values of one text, for arguments of known shapes.

    If ``shapes`` is None, an argument is a number, or has its elements by known indices, as it is used; what depends on
    more of its shape raises ``NeedsShapes``.
    """

    # Loops

    def loop_variable(self, shape: Shape) -> Value:
        """Return the index of a loop, or a value that it carries."""
        node = Basic.__new__(nodes.LoopIndex)
        self.has_arrays = True
        node.slot, node.shape = self._loop_variables, shape
        self._loop_variables += 1
        value = self._interned["loop", node.slot] = Value(node, shape=shape)
        return value

    def map(self, count: int, index: Value, body: Value) -> Value:
        """Return a body for every index below ``count``, along a new first axis."""
        key = ("map", count, id(index.node), id(body.node))
        known = self._interned.get(key)
        if known is None:
            node = Basic.__new__(nodes.Map, body.node)
            node.count, node.index = count, index.node
            known = self._interned[key] = Value(node, shape=(count, *body.shape))
        return known

    def scan(
        self,
        count: int,
        index: Value,
        carried: Sequence[Value],
        first: Sequence[Value],
        following: Sequence[Value],
        outputs: Sequence[Value] = (),
    ) -> list[Value]:
        """Return the carried values after ``count`` steps, and the outputs of all steps along a new first axis."""
        scan = Basic.__new__(nodes.Scan, *[value.node for value in (*first, *following, *outputs)])
        scan.count, scan.index, scan.results = count, index.node, len(carried)
        scan.carried = tuple([value.node for value in carried])
        results = []
        shapes = [variable.shape for variable in carried] + [(count, *output.shape) for output in outputs]
        for number, shape in enumerate(shapes):
            node = Basic.__new__(nodes.ArrayNode, scan)
            node.opcode, node.parameters, node.offset = "scan_result", (number,), 0
            value = self._interned["scan", id(scan), number] = Value(node, shape=shape)
            results.append(value)
        return results

    def values_by_node(self) -> dict[int, Value]:
        """Return every value by the ``id`` of its node."""
        for value in itertools.islice(self._interned.values(), self._listed, None):
            self._by_node[id(value.node)] = value
        self._listed = len(self._interned)
        return self._by_node

    # Rows at a position that depends on the point or a loop

    def places(self, index: Value, size: int, offset: int) -> tuple[Value, Value]:
        """Return positions that count from the start, and whether they are positions of an axis of this size."""
        index = self.number(index, offset)
        negative = self.compare((index, self.leaf(0)), ("<",), offset)
        wrapped = self.sum((index, self.leaf(size)), "++", offset)
        found = self.choose(negative, wrapped, index, offset)
        inside = self.compare((self.leaf(0), found, self.leaf(size)), ("<=", "<"), offset)
        whole = self.compare((self.call("floor", [found], offset), found), ("==",), offset)
        return found, self.all((inside, whole), offset)

    def updated(self, array: Value, index: Value, row: Value, offset: int) -> Value:
        """Return an array with another row at an index, nan if there is no such row; ``updates`` remembers how."""
        size = array.shape[0]
        known = self.updates.get(id(array.node))
        if known is not None and known[1].node is index.node:
            array = known[0]  # the row that was there is overwritten
        place, valid = self.places(index, size, offset)
        rows = self.known(np.arange(size))
        here = self.compare((rows, place), ("==",), offset)
        wide = self.emit("reshape", ((size, *[1] * len(row.shape)),), here, offset=offset)
        chosen = self.choose(self.broadcast(wide, array.shape, offset), row, array, offset)
        found = self.choose(valid, chosen, self.named("nan", math.nan), offset)
        self.updates[id(found.node)] = (array, index, row)
        return found

    # The result

    def reached(self, root: Basic) -> tuple[Mapping[int, Any], Mapping[int, Shape]]:
        """Return constants and shapes, by ``id``, of the nodes below a root, as far as they are computed."""
        values = {id(value.node): value for value in self._interned.values() if value.kind != "pair"}
        constants: dict[int, Any] = {}
        shapes: dict[int, Shape] = {}
        seen: set[int] = set()
        stack = [root]
        while stack:
            node = stack.pop()
            if id(node) in seen:
                continue
            seen.add(id(node))
            value = values.get(id(node))
            if value is not None and value.shape:
                shapes[id(node)] = value.shape
            if value is not None and value.constant is not None:
                constants[id(node)] = value.constant
                stack.extend(node.args if type(node) is sympy.Pow else ())  # x / 3 is read as a division by 3
            elif not isinstance(node, sympy.Indexed):
                stack.extend(node.args)
        return constants, shapes
