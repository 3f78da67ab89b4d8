"""Derivatives inside a text: the node of an expression to the node of its derivative by one argument.

One pass over the nodes, operands first, makes for each the derivative of its value (forward mode; Griewank & Walther,
Evaluating Derivatives, 2nd ed. 2008, section 3.1); None is a derivative that is zero everywhere. The derivatives of
words are not known here: a function that is given with the text returns each as a text of the language.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from typing import Any

import sympy
from sympy.core.basic import Basic
from sympy.functions.elementary.piecewise import ExprCondPair

from app import errors
from app.language.building.array_builder import ArrayBuilder
from app.language.expression import nodes
from app.language.expression.values import Value
from app.language.vocabulary import words

MAX_ORDER = 20
"""Greatest order of a derivative inside a text, that of all its variables together."""

_NEGATIVE_ONE = sympy.Integer(-1)  # a singleton, so identity is equality
_NODES_A_STEP = 64  # nodes of the text that are looked up for each step that is charged

_LINEAR = frozenset({"reshape", "transpose", "broadcast", "slice", "place", "reduce_sum", "cumsum"})
_CONSTANT = frozenset({"argsort", "argmax", "argmin", "detsign", "stop_gradient"})
_WINS = {"maximum": ">", "minimum": "<"}

Slopes = Sequence[Value | None]
"""The derivatives of the operands of a node, each in the shape of its operand."""


def derivative(builder: ArrayBuilder, of: Value, by: Value, offset: int) -> Value:
    """Return the derivative of a value by an argument that is a number.

    Raises:
        errors.NotDifferentiable: a word has no derivative in words of the language, or is one of whole arrays.
        errors.TooComplex: it has too many operations.
    """
    found = _Derivatives(builder, by, offset).of(of.node)
    return builder.broadcast(builder.leaf(0) if found is None else found, of.shape, offset)


class _Derivatives:
    """The derivatives of the nodes of one text by one argument, which the builder keeps."""

    def __init__(self, builder: ArrayBuilder, by: Value, offset: int) -> None:
        self._builder, self._by, self._offset = builder, by, offset
        self._found: dict[int, Value | None] = builder.derivatives.setdefault(id(by.node), {})
        self._values = builder.values_by_node()
        builder.charge(1 + len(self._values) // _NODES_A_STEP, offset)

    def of(self, root: Basic) -> Value | None:
        stack = [(root, False)]
        while stack:
            node, ready = stack.pop()
            if id(node) in self._found:
                continue
            if ready:
                self._found[id(node)] = self._shaped(node, self._derivative(node))
            elif self._is_leaf(node):
                self._found[id(node)] = self._builder.leaf(1) if node is self._by.node else None
            else:
                self._builder.charge(1, self._offset)
                stack.append((node, True))
                stack += [(child, False) for child in node.args]
        return self._found[id(root)]

    def _is_leaf(self, node: Basic) -> bool:
        """Return whether nothing below a node depends on an argument, or is one that is not a whole number."""
        value = self._values.get(id(node))
        return (
            not node.args
            or isinstance(node, sympy.Indexed)
            or (value is not None and (value.constant is not None or value.kind == "condition"))
        )

    def _shaped(self, node: Basic, found: Value | None) -> Value | None:
        """Return a derivative in the shape of its node; that of 1 + X by a number may be one number."""
        if found is None or type(node) is ExprCondPair:
            return found
        return self._builder.broadcast(found, self._values[id(node)].shape, self._offset)

    def _derivative(self, node: Basic) -> Value | None:
        slopes = [self._found[id(child)] for child in node.args]
        if not any(slopes):
            return None
        rule = _RULES.get(type(node), _Derivatives.word if type(node) in words.OPCODES else None)
        if rule is None:
            what = "a derivative does not go through this loop"
            raise errors.NotDifferentiable(what, hint="write it as a sum", offset=self._offset)
        return rule(self, node, slopes)

    def _operands(self, node: Basic) -> list[Value]:
        return [self._value(child) for child in node.args]

    def _value(self, node: Basic) -> Value:
        return self._builder.truth(True) if node is sympy.true else self._values[id(node)]

    def _text(self, text: str, *operands: Value) -> Value:
        """Return a text of the language over operands."""
        return self._builder.defined(text, list(operands), self._offset)

    def _times(self, slope: Value, factor: Value) -> Value:
        for one, other in ((slope, factor), (factor, slope)):
            if one.shape == () and one.constant == 1:
                return other
        return self._builder.product((slope, factor), "**", self._offset)

    def _total(self, terms: Sequence[Value]) -> Value | None:
        return self._builder.sum(terms, "+" * len(terms), self._offset) if terms else None

    # Numbers

    def word(self, node: Basic, slopes: Slopes) -> Value | None:
        opcode, operands = words.OPCODES[type(node)], self._operands(node)
        if opcode in _WINS:
            return self._extreme(_WINS[opcode], operands, slopes)
        place = words.ORDERS.get(opcode)
        order = None if place is None else int(operands[place].constant)
        terms = []
        for index, slope in enumerate(slopes):
            text = None if slope is None else self._partial(opcode, len(operands), index, order)
            if slope is not None and text is not None:
                terms.append(self._times(slope, self._text(text, *operands)))
        return self._total(terms)

    def _partial(self, opcode: str, arity: int, index: int, order: int | None) -> str | None:
        if self._builder.partials is None:
            raise errors.NotDifferentiable("no derivatives are known here", offset=self._offset)
        try:
            return self._builder.partials(opcode, arity, index, order)
        except errors.NotDifferentiable as error:
            error.offset = self._offset
            raise

    def _extreme(self, wins: str, operands: Sequence[Value], slopes: Slopes) -> Value:
        """Return that of max or min, folded from the left: the winner's, or the mean of both on a tie."""
        builder, zero = self._builder, self._builder.leaf(0)
        word = "maximum" if wins == ">" else "minimum"
        total, found = operands[0], slopes[0] or zero
        choice = f"lambda x, y, a, b: where(x {wins} y, a, where(y {wins} x, b, (a + b)/2))"
        for operand, slope in zip(operands[1:], slopes[1:], strict=True):
            found = self._text(choice, total, operand, found, slope or zero)
            total = builder.call(word, (total, operand), self._offset)
        return found

    def sum(self, _: Basic, slopes: Slopes) -> Value | None:
        return self._total([slope for slope in slopes if slope is not None])

    def product(self, node: Basic, slopes: Slopes) -> Value | None:
        operands = self._operands(node)
        if len(operands) == 2 and operands[0].node is _NEGATIVE_ONE and slopes[1] is not None:
            return self._builder.negative(slopes[1], self._offset)

        def times(first: Value, second: Value) -> Value:
            return self._builder.product((first, second), "**", self._offset)

        before = list(itertools.accumulate(operands[:-1], times))
        after = list(itertools.accumulate(operands[:0:-1], lambda product, operand: times(operand, product)))[::-1]
        terms = []
        for index, slope in enumerate(slopes):
            if slope is not None:
                others = [*before[max(index - 1, 0) : index], *after[index : index + 1]]
                other = others[0] if len(others) == 1 else times(*others)
                terms.append(self._times(slope, other))
        return self._total(terms)

    def power(self, node: Basic, slopes: Slopes) -> Value | None:
        """Return that of x**n: n * x**(n-1) by x, x**n * log(x) by n, which is 0 for x = 0."""
        base, exponent = self._operands(node)
        terms = []
        if slopes[0] is not None and exponent.constant != 0:
            terms.append(self._times(slopes[0], self._text(_lowered(exponent.constant), base, exponent)))
        if slopes[1] is not None:
            text = "lambda x, n: x**n" if base.node is sympy.E else "lambda x, n: xlogy(x**n, x)"
            terms.append(self._times(slopes[1], self._text(text, base, exponent)))
        return self._total(terms)

    def cases(self, node: Basic, slopes: Slopes) -> Value:
        conditions = [self._value(pair.args[1]) for pair in node.args]
        chosen = [slope or self._builder.leaf(0) for slope in slopes]
        return self._builder.piecewise(list(zip(chosen, conditions, strict=True)), self._offset)

    # Arrays

    def primitive(self, node: Any, slopes: Slopes) -> Value | None:
        builder, operands = self._builder, self._operands(node)

        def emit(*parts: Value) -> Value:
            return builder.emit(node.opcode, node.parameters, *parts, offset=self._offset)

        if node.opcode in _CONSTANT:
            return None
        if (node.opcode in _LINEAR or (node.opcode == "gather" and slopes[1] is None)) and slopes[0] is not None:
            return emit(slopes[0], *operands[1:])
        if node.opcode == "einsum":
            parts = [emit(*operands[:i], slope, *operands[i + 1 :]) for i, slope in enumerate(slopes) if slope]
            return self._total(parts)
        if node.opcode == "concatenate":
            zero = builder.leaf(0)
            return emit(
                *[
                    slope or builder.broadcast(zero, operand.shape, self._offset)
                    for slope, operand in zip(slopes, operands, strict=True)
                ]
            )
        what = "a derivative inside a text does not go through this function of arrays"
        hint = "write it in sums and elements, or ask /v1/grad for the derivative"
        raise errors.NotDifferentiable(what, hint=hint, offset=node.offset)

    def map(self, node: Any, slopes: Slopes) -> Value:
        (slope,) = slopes
        assert slope is not None
        return self._builder.map(node.count, self._values[id(node.index)], slope)


def _lowered(exponent: Any) -> str:
    """Return the derivative of x**n by x."""
    return {1: "lambda x, n: 1", 2: "lambda x, n: 2*x", -1: "lambda x, n: -1/(x*x)"}.get(
        exponent, "lambda x, n: n*x**(n - 1)"
    )


_RULES: dict[type[Basic], Callable[[_Derivatives, Any, Slopes], Value | None]] = {
    sympy.Add: _Derivatives.sum,
    sympy.Mul: _Derivatives.product,
    sympy.Pow: _Derivatives.power,
    sympy.Piecewise: _Derivatives.cases,
    ExprCondPair: lambda _, __, slopes: slopes[0],
    nodes.ArrayNode: _Derivatives.primitive,
    nodes.Map: _Derivatives.map,
}
