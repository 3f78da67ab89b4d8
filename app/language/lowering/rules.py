"""The cells of each primitive of arrays: what moves elements is NumPy's own, sums are sums of cells.

A rule takes the lowering, the parameters of the primitive and the cells of its operands, and returns the cells of the
result. Primitives without a rule exist for whole arrays only.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from sympy.core.basic import Basic

from app import errors
from app.language.expression import nodes, primitives
from app.language.expression.values import NeedsWhole, Value
from app.language.lowering import matrices
from app.language.lowering.cells import Array, as_array, filled, reduced, replaced
from app.language.numeric import array_folding

if TYPE_CHECKING:
    from app.language.lowering.walk import Lowering

Rule = Callable[..., Any]

MOVES = frozenset({"reshape", "transpose", "broadcast", "slice", "concatenate"})
"""Primitives whose cells are those of their operands."""


def is_sorted(node: Basic) -> bool:
    """Return whether a node is an array in ascending order."""
    if type(node) is not nodes.ArrayNode or node.opcode != "take_along":
        return False
    array, order = node.args
    return (
        type(order) is nodes.ArrayNode
        and (order.opcode, order.parameters) == ("argsort", node.parameters)
        and order.args[0] is array
    )


def _moved(opcode: str) -> Rule:
    function = array_folding.PRIMITIVES[opcode]
    return lambda _, parameters, *operands: function(parameters, *operands)


def _placed(low: Lowering, parameters: tuple[Any, ...], x: Array) -> Array:
    shape, slices = parameters
    found = np.full(shape, low.builder.leaf(0), object)
    array_folding.PRIMITIVES["slice"](slices, found)[...] = x
    return found


def _known(indices: Array) -> NDArray[Any]:
    """Return indices as numbers, which must be known."""
    known = [cell.constant for cell in indices.ravel().tolist()]
    if any(constant is None for constant in known):
        raise NeedsWhole
    return np.array(known, float).reshape(indices.shape)


def _inside(indices: Array, size: int) -> tuple[NDArray[Any], NDArray[Any]]:
    """Return indices that are known as integers, and where they are whole numbers within a length."""
    known = _known(indices)
    inside = (known >= -size) & (known < size) & (known == np.floor(known))
    return np.where(inside, known, 0).astype(int), inside


def _outside(low: Lowering, size: int) -> Array:
    """Return an element that is not there, which is refused if the function uses it."""
    detail = f"an index is out of range: the axis has length {size}"
    return as_array(low.builder.refused(errors.BadShape(detail, offset=low.offset)))


def _gathered(low: Lowering, parameters: tuple[Any, ...], x: Array, indices: Array) -> Array:
    (axis,) = parameters
    places, inside = _inside(indices, x.shape[axis])
    if inside.all():
        return np.take(x, places, axis=axis)
    outside = _outside(low, x.shape[axis])
    if not x.shape[axis]:
        return np.broadcast_to(outside, primitives.SHAPES["gather"](parameters, x.shape, indices.shape))
    mask = inside.reshape(inside.shape + (1,) * (x.ndim - axis - 1))
    return np.where(mask, np.take(x, places, axis=axis), outside)


def _taken_along(low: Lowering, parameters: tuple[Any, ...], x: Array, indices: Array) -> Array:
    (axis,) = parameters
    places, inside = _inside(indices, x.shape[axis])
    found = np.take_along_axis(x, places, axis=axis)
    return found if inside.all() else np.where(inside, found, _outside(low, x.shape[axis]))


def added(low: Lowering, terms: Sequence[Value]) -> Value:
    """Return a sum of cells; those that are 0 in a border or a triangle are left out."""
    zero = low.builder.leaf(0)
    left = [term for term in terms if term is not zero]
    return low.builder.sum(left, "+" * len(left), low.offset) if left else zero


def _summed(low: Lowering, parameters: tuple[Any, ...], x: Array) -> Array:
    low.builder.charge(x.size, low.offset)
    return reduced(x, parameters[0], lambda row: added(low, row))


def extreme(low: Lowering, word: str, cells: list[Value]) -> Value:
    """Return the greatest or least cell, in pairs, as a tournament: the tape stays shallow."""
    builder = low.builder
    conditions = [low.truths.get(id(cell.node)) for cell in cells if cell.constant is None]
    if conditions and all(conditions) and all(cell.constant in {None, 0, 1} for cell in cells):
        conditions += [builder.truth(bool(cell.constant)) for cell in cells if cell.constant is not None]
        join = builder.any if word == "maximum" else builder.all
        joined = join([condition for condition in conditions if condition is not None], low.offset)
        found = builder.number(joined, low.offset)
        if found.constant is None:
            low.truths[id(found.node)] = joined
        return found
    while len(cells) > 1:
        pairs = [builder.call(word, cells[i : i + 2], low.offset) for i in range(0, len(cells) - 1, 2)]
        cells = pairs + cells[len(cells) - len(cells) % 2 :]
    return cells[0]


def _extreme(word: str) -> Rule:
    def rule(low: Lowering, parameters: tuple[Any, ...], x: Array) -> Array:
        low.builder.charge(x.size, low.offset)
        return reduced(x, parameters[0], lambda row: extreme(low, word, row))

    return rule


def _running(low: Lowering, parameters: tuple[Any, ...], x: Array) -> Array:
    axis, reverse = parameters

    def run(row: list[Value]) -> list[Value]:
        found: list[Value] = []
        for cell in row[::-1] if reverse else row:
            found.append(added(low, [*found[-1:], cell]))
        return found[::-1] if reverse else found

    return replaced(x, (axis,), run)


def _contracted(low: Lowering, parameters: tuple[Any, ...], x: Array, y: Array) -> Array:
    operands, _, result = parameters[0].partition("->")
    first, _, second = operands.partition(",")
    low.builder.charge(array_folding.cost("einsum", parameters, (), (x.shape, y.shape)), low.offset)
    summed = [letter for letter in dict.fromkeys(first + second) if letter not in result]
    order = [*result, *summed]

    def aligned(array: Array, letters: str) -> Array:
        kept = [letter for letter in order if letter in letters]
        moved = array.transpose([letters.index(letter) for letter in kept])
        sizes = iter(moved.shape)
        return moved.reshape([next(sizes) if letter in letters else 1 for letter in order])

    pairs = np.broadcast_arrays(aligned(x, first), aligned(y, second))
    columns = [pair.ravel().tolist() for pair in pairs]
    products = [low.builder.product(pair, "**", low.offset) for pair in zip(*columns, strict=True)]
    found = filled(products, pairs[0].shape)
    return reduced(found, range(len(result), len(order)), lambda row: added(low, row)) if summed else found


RULES: dict[str, Rule] = {
    **{opcode: _moved(opcode) for opcode in MOVES},
    "place": _placed, "gather": _gathered, "take_along": _taken_along,
    "reduce_sum": _summed, "reduce_max": _extreme("maximum"), "reduce_min": _extreme("minimum"), "cumsum": _running,
    "einsum": _contracted,
    **matrices.RULES,
}  # fmt: skip
