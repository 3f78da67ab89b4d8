"""Makes operations on the elements of arrays: each is the node that it is for numbers, with a shape beside it."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import sympy
from sympy.core.basic import Basic
from sympy.functions.elementary.piecewise import ExprCondPair

from app.language.building.array_values import ArrayValues
from app.language.expression.values import Value, decided
from app.language.vocabulary.word import Word


class ArrayOperations(ArrayValues):
    """Applies operations of numbers to arrays that are broadcast."""

    def lift(self, function: Callable[..., Value], operands: Sequence[Value], offset: int) -> Value:
        """Apply a function of values to arrays that are broadcast."""
        parts = [self.array(operand, offset) if operand.kind == "tuple" else operand for operand in operands]
        return self.broadcast(function(*parts), self.joint(parts, offset), offset)

    def apply(self, word: Word, operands: Sequence[Value], offset: int) -> Value:
        if any(operand.kind == "tuple" for operand in operands):
            operands = [self.array(o, offset) if o.kind == "tuple" else o for o in operands]
        shape = self.joint(operands, offset)
        found = super().apply(word, operands, offset)
        return self.broadcast(found, shape, offset) if shape else found  # a branch that is known may be a number

    def _affordable(self, operands: Sequence[Value], offset: int) -> Sequence[Value]:
        """Return operands, without their constants if the result is no constant or too large to be folded."""
        shape = self.joint(operands, offset)
        if not shape or (all(o.constant is not None for o in operands) and self._affords(math.prod(shape))):
            return operands
        return [Value(o.node, None, o.kind, shape=o.shape) if o.shape else o for o in operands]

    def make(
        self,
        cls: type[Basic],
        operands: Sequence[Value],
        offset: int,
        *,
        kind: str = "number",
        constant: Any = None,
    ) -> Value:
        shape = self.joint(operands, offset)
        if shape and constant is not None:
            constant = np.broadcast_to(constant, shape)
        value = super().make(cls, operands, offset, kind=kind, constant=constant)
        value.shape = shape
        return value

    def make_folded(self, cls: type[Basic], operands: Sequence[Value], fold: Callable[..., Any], offset: int) -> Value:
        affordable = self._affordable(operands, offset)
        if affordable is not operands:
            return super().make_folded(cls, affordable, _unknown, offset)
        return super().make_folded(cls, operands, fold, offset)

    def compare(self, terms: Sequence[Value], signs: Sequence[str], offset: int) -> Value:
        return super().compare(self._affordable(terms, offset), signs, offset)

    def invert(self, condition: Value, offset: int) -> Value:
        if condition.shape and condition.constant is not None:
            return self.known(~condition.constant)
        return super().invert(condition, offset)

    def _join(self, cls: type[Basic], conditions: Sequence[Value], decisive: bool, offset: int) -> Value:
        shape = self.joint(conditions, offset)
        if not shape:
            return super()._join(cls, conditions, decisive, offset)
        if any(decided(condition) is decisive for condition in conditions):
            return self.broadcast(self.truth(decisive), shape, offset)
        left = self._affordable([condition for condition in conditions if decided(condition) is None], offset)
        if all(condition.constant is not None for condition in left):
            join = np.logical_or if decisive else np.logical_and
            total = left[0].constant
            for condition in left[1:]:
                total = join(total, condition.constant)
            return self.known(total)
        return left[0] if len(left) == 1 else self.make(cls, left, offset, kind="condition")

    def choose(self, test: Value, chosen: Value, other: Value, offset: int) -> Value:
        shape = self.joint((test, chosen, other), offset)
        if not shape:
            return super().choose(test, chosen, other, offset)
        if test.constant is not None:
            if np.all(test.constant):
                return self.broadcast(chosen, shape, offset)
            if not np.any(test.constant):
                return self.broadcast(other, shape, offset)
        if chosen.kind == other.kind == "condition":
            either = self.all((test, chosen), offset), self.all((self.invert(test, offset), other), offset)
            return self.any(either, offset)
        cases = ((self.number(chosen, offset), test), (self.number(other, offset), self.truth(True)))
        return self.piecewise(cases, offset)

    def piecewise(self, cases: Sequence[tuple[Value, Value]], offset: int) -> Value:
        flat = [part for case in cases for part in case]
        if not self.joint(flat, offset):
            return super().piecewise(cases, offset)
        affordable = self._affordable(flat, offset)
        if affordable is flat and all(part.constant is not None for part in flat):
            constant = self.folding.fold_cases([(value.constant, test.constant) for value, test in cases])
            return self.known(np.asarray(constant))
        pairs = [self.make(ExprCondPair, case, offset, kind="pair") for case in cases]
        return self.make(sympy.Piecewise, pairs, offset)


def _unknown(offset: int | None) -> None:
    """Fold nothing."""
