"""Words whose form in numbers is another than in primitives: order, and what is exponential in its operands.

A rule takes the lowering, the axes and the cells of its operands.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from app.language.expression.values import Value
from app.language.lowering.cells import Array, reduced, replaced
from app.language.lowering.rules import Rule, added, extreme

if TYPE_CHECKING:
    from app.language.lowering.walk import Lowering

Axes = tuple[int, ...]


def _of(low: Lowering, word: str, *cells: Value) -> Value:
    return low.builder.call(word, cells, low.offset)


def _less(low: Lowering, x: Value, y: Value) -> Value:
    return low.builder.sum((x, y), "+-", low.offset)


def sort(low: Lowering, parameters: Axes, x: Array) -> Array:
    """Return cells in ascending order, by a network of odd-even transpositions (Knuth, TAOCP vol. 3, 5.3.4)."""
    low.builder.charge(x.size * x.shape[parameters[0]], low.offset)

    def run(cells: list[Value]) -> list[Value]:
        for step in range(len(cells)):
            for i in range(step % 2, len(cells) - 1, 2):
                pair = cells[i], cells[i + 1]
                cells[i], cells[i + 1] = _of(low, "minimum", *pair), _of(low, "maximum", *pair)
        return cells

    return replaced(x, parameters, run)


def _logsumexp(low: Lowering, axes: Axes, x: Array, *weights: Array) -> Array:
    low.builder.charge(x.size, low.offset)
    if not weights:
        return reduced(x, axes, lambda cells: _log_of_total(low, cells))
    pairs = np.stack([x, weights[0]])
    return reduced(pairs, (0, *[axis + 1 for axis in axes]), lambda cells: _weighted(low, cells))


def _log_of_total(low: Lowering, cells: Sequence[Value]) -> Value:
    total = cells[0]
    for cell in cells[1:]:
        total = _of(low, "logaddexp", total, cell)
    return total


def _weighted(low: Lowering, cells: Sequence[Value]) -> Value:
    """Return log(sum(b * exp(x))) of cells that are x, and then b."""
    numbers, weights = list(cells[: len(cells) // 2]), cells[len(cells) // 2 :]
    top = extreme(low, "maximum", numbers)
    parts = [_of(low, "exp", _less(low, cell, top)) for cell in numbers]
    terms = [low.builder.product(pair, "**", low.offset) for pair in zip(weights, parts, strict=True)]
    return added(low, [top, _of(low, "log", added(low, terms))])


def _odds(low: Lowering, line: list[Value]) -> list[Value]:
    """Return the logarithm of p / (1 - p) for each probability p of a softmax of two or more numbers.

    It is the number less the logsumexp of all others, so the derivatives of a probability near 1 keep their digits.
    """
    before, after = line[:1], line[-1:]  # logsumexp of the first, and of the last, 1, 2, ... numbers
    for first, last in zip(line[1:-1], line[-2:0:-1], strict=True):
        before.append(_of(low, "logaddexp", before[-1], first))
        after.append(_of(low, "logaddexp", after[-1], last))
    middle = [_of(low, "logaddexp", *pair) for pair in zip(before[:-1], after[-2::-1], strict=True)]
    return [_less(low, *pair) for pair in zip(line, [after[-1], *middle, before[-1]], strict=True)]


def _softmax(of_one: str, of_odds: str) -> Rule:
    """Return the rule of softmax or its logarithm: a word of the odds, or of 0 if there is one number alone."""

    def rule(low: Lowering, axes: Axes, x: Array) -> Array:
        def run(line: list[Value]) -> list[Value]:
            if len(line) > 1:
                return [_of(low, of_odds, odds) for odds in _odds(low, line)]
            return [_of(low, of_one, _less(low, line[0], line[0]))]

        low.builder.charge(x.size, low.offset)
        return replaced(x, axes, run)

    return rule


RULES: dict[str, Rule] = {
    "logsumexp": _logsumexp,
    "softmax": _softmax("exp", "sigmoid"),
    "log_softmax": _softmax("positive", "log_sigmoid"),
}
"""Rule by word, for what ``ArrayBuilder.meanings`` notes."""
