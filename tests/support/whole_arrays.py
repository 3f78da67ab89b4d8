"""The value of an expression of whole arrays, node by node in NumPy: what a tape of it must give, too."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Any

import numpy as np
import scipy.linalg
import sympy
from sympy.core.basic import Basic
from sympy.functions.elementary.piecewise import ExprCondPair

from app.language.expression import nodes
from app.language.expression.result import Expression
from app.language.numeric import array_folding, numpy_words
from app.language.vocabulary import relations, words

Array = Any


def _gather(parameters: Any, x: Array, indices: Array) -> Array:
    (axis,) = parameters
    size = x.shape[axis]
    valid = (indices >= -size) & (indices < size) & (np.floor(indices) == indices)
    taken = np.take(x, np.where(valid, indices, 0).astype(int), axis=axis)
    mask = valid.reshape((1,) * axis + valid.shape + (1,) * (x.ndim - axis - 1))
    return np.where(mask, taken, np.nan)


def _triangular(parameters: Any, a: Array, b: Array) -> Array:
    lower, transposed = parameters
    a = np.tril(a) if lower else np.triu(a)
    return np.linalg.solve(np.swapaxes(a, -1, -2) if transposed else a, b)


PRIMITIVES: dict[str, Any] = {
    "scan_result": lambda p, results: results[p[0]],
    **array_folding.PRIMITIVES,
    "gather": _gather,
    "take_along": lambda p, x, indices: np.take_along_axis(x, indices.astype(int), axis=p[0]),
    "argsort": lambda p, x: np.argsort(x, axis=p[0], kind="stable").astype(float),
    "argmax": lambda p, x: np.argmax(x, axis=p[0]).astype(float),
    "argmin": lambda p, x: np.argmin(x, axis=p[0]).astype(float),
    "cholesky": lambda _, a: np.linalg.cholesky(a),
    "solve_triangular": _triangular,
    "solve": lambda _, a, b: np.linalg.solve(a, b),
    "inv": lambda _, a: np.linalg.inv(a),
    "det": lambda _, a: np.linalg.det(a),
    "logabsdet": lambda _, a: np.linalg.slogdet(a)[1],
    "detsign": lambda _, a: np.linalg.slogdet(a)[0],
    "eigvalsh": lambda _, a: np.linalg.eigvalsh(a),
    "eigvecsh": lambda _, a: scipy.linalg.eigh(a)[1],
}


def value(expression: Expression, point: Sequence[Array]) -> Array:
    """Return the value at a point, of the shape of the expression; every node has the shape that is noted for it."""
    assert expression.whole
    return _value(expression, expression.root, {}, point)


def _value(expression: Expression, root: Basic, known: dict[int, Array], point: Sequence[Array]) -> Array:
    with np.errstate(all="ignore"):
        stack = [(root, False)]
        while stack:
            node, ready = stack.pop()
            if id(node) in known:
                continue
            if type(node) is nodes.Map or type(node) is nodes.Scan:
                known[id(node)] = _loop(expression, node, known, point)
                continue
            if ready or id(node) in expression.constants or type(node) is sympy.Indexed:
                found = _node(expression, node, known, point)
                if type(node) is not ExprCondPair:
                    assert np.shape(found) == expression.shape_of.get(id(node), ()), node
                known[id(node)] = found
                continue
            stack.append((node, True))
            stack.extend((child, False) for child in node.args)
    return known[id(root)]


def _loop(expression: Expression, node: Any, known: dict[int, Array], point: Sequence[Array]) -> Any:
    """Return the values of a map, or the list of the last values of a scan, step by step."""
    variables = {key: each for key, each in known.items() if key in _VARIABLES}
    if type(node) is nodes.Map:
        _VARIABLES[id(node.index)] = node.index
        return np.stack(
            [
                np.broadcast_to(
                    _value(expression, node.args[0], variables | {id(node.index): np.float64(index)}, point),
                    expression.shape_of[id(node)][1:],
                )
                for index in range(node.count)
            ]
        )
    first, following = node.args[: node.results], node.args[node.results : 2 * node.results]
    outputs = node.args[2 * node.results :]
    rows: list[list[Array]] = [[] for _ in outputs]
    _VARIABLES.update({id(variable): variable for variable in (node.index, *node.carried)})
    state = [_value(expression, each, dict(variables), point) for each in first]
    for index in range(node.count):
        carried = {id(v): np.broadcast_to(x, v.shape) for v, x in zip(node.carried, state, strict=True)}
        inner = variables | {id(node.index): np.float64(index)} | carried
        state = [_value(expression, each, dict(inner), point) for each in following]
        for row, each in zip(rows, outputs, strict=True):
            row.append(_value(expression, each, dict(inner), point))
    last = [np.broadcast_to(x, v.shape) for v, x in zip(node.carried, state, strict=True)]
    return [*last, *[np.stack(row) for row in rows]]


_VARIABLES: dict[int, Basic] = {}
"""Every variable of a loop, by its ``id``."""


def _node(expression: Expression, node: Basic, known: dict[int, Array], point: Sequence[Array]) -> Array:
    constant = expression.constants.get(id(node))
    if constant is not None:
        return np.asarray(constant).astype(float)
    kind = type(node)
    if kind is sympy.Symbol:
        return np.asarray(point[int(str(node)[1:])], float)
    if kind is sympy.Indexed:
        return np.asarray(point[int(str(node.args[0])[1:])], float)[tuple(map(int, node.args[1:]))]
    if kind is nodes.ArrayNode:
        return PRIMITIVES[node.opcode](node.parameters, *[known[id(arg)] for arg in node.args])
    if node in (sympy.true, sympy.false):
        return np.float64(node is sympy.true)
    if type(node) is ExprCondPair:
        return known[id(node.args[0])], known[id(node.args[1])]
    operands = [known[id(arg)] for arg in node.args]
    return _elementwise(node, operands)


def _elementwise(node: Basic, operands: list[Array]) -> Array:
    kind = type(node)
    if kind is sympy.Piecewise:
        total: Array = np.nan
        for case, condition in reversed(operands):
            total = np.where(condition != 0, case, total)
        return total
    for cls, opcode in ((sympy.Add, "add"), (sympy.Mul, "mul"), (sympy.Pow, "pow")):
        if kind is cls:
            return functools.reduce(numpy_words.WORDS[opcode], operands)
    relation = relations.BY_NODE.get(kind)
    if relation is not None:
        return numpy_words.WORDS[relation.opcode](*(operands[::-1] if relation.swapped else operands))
    opcode = words.OPCODES[kind]
    function = numpy_words.WORDS[opcode]
    return functools.reduce(function, operands) if opcode in words.FOLDED_LEFT else function(*operands)


def cells(expression: Expression, point: Sequence[Array]) -> Array:
    """Return the value of an expression that was read cell by cell."""
    known: dict[int, Array] = {}
    return np.reshape([_value(expression, cell, known, point) for cell in expression.cells()], expression.shape)
