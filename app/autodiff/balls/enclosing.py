"""Enclosures of a function's values and derivatives: its tapes run on balls, with more bits until all are tight.

The numbers of a point are exact, as float64 has them. A ball is tight where float64 could hardly tell its ends apart.
One that is not when the time is up is given as it is; so is one of which nothing is known, from -inf to inf.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from flint import arb

from app.autodiff import reverse
from app.autodiff.balls import ball, words
from app.autodiff.balls.ball import Arb, Ball
from app.autodiff.balls.ends import is_tight
from app.autodiff.balls.words import LackingWord, OutOfTime
from app.autodiff.namespaces import forward
from app.autodiff.tape import Tape

PRECISIONS = tuple(106 * 2**k for k in range(9))
"""Bits of one run after the other."""

_HOPELESS = 1500
"""More bits than this help only if they have helped before: float64 spans 2098 bits."""

__all__ = ["PRECISIONS", "Ends", "LackingWord", "enclose"]

Part = tuple[Tape, Sequence[float], Sequence[int]]
"""The tape of a value, float64 of its inputs and constants, and for each input the column of its derivative or -1."""

Row = Sequence[float]


@dataclass(frozen=True, slots=True)
class Ends:
    """Lower and upper ends of the enclosures of some numbers, and how many bits they took."""

    lower: list[float]
    upper: list[float]
    bits: int


def enclose(parts: Sequence[Part], transform: str, width: int, directions: Sequence[Row], deadline: float) -> Ends:
    """Return enclosures of a function's values and a derivative at a point, flat: m values, then the derivative.

    Args:
        parts: one for each of the m values.
        transform: "value", "grad", "jacobian", "jvp", "vjp", "hessian" or "hvp"; the last two take one value.
        width: number of columns, n.
        directions: tangents (k, n) or cotangents (k, m), where the transform has them.
        deadline: by ``time.monotonic``.

    Raises:
        LackingWord: a word has no function over balls.
    """
    size = len(parts) + _SIZES[transform](len(parts), width, len(directions))
    lower, upper, bits = [-math.inf] * size, [math.inf] * size, 0
    space = words.Balls(deadline)
    for bits in PRECISIONS:
        ball.set_precision(bits)
        try:
            found = _run(parts, transform, width, directions, space)
        except OutOfTime:
            break
        before = lower[:], upper[:]
        for index, number in enumerate(found):
            low, high = ball.bounds(number)
            # Both hold, so their intersection does.
            lower[index], upper[index] = max(lower[index], low), min(upper[index], high)
        if all(map(is_tight, lower, upper)) or (bits > _HOPELESS and before == (lower, upper)):
            break
    return Ends(lower, upper, bits)


_SIZES: dict[str, Callable[[int, int, int], int]] = {
    "value": lambda m, n, k: 0,
    "grad": lambda m, n, k: n,
    "jacobian": lambda m, n, k: m * n,
    "jvp": lambda m, n, k: k * m,
    "vjp": lambda m, n, k: k * n,
    "hessian": lambda m, n, k: n * n,
    "hvp": lambda m, n, k: k * n,
}
"""How many numbers a derivative has."""


def _run(parts: Sequence[Part], transform: str, width: int, directions: Sequence[Row], space: words.Balls) -> list[Arb]:
    points = [(tape, [Ball(arb(leaf)) for leaf in leaves], columns) for tape, leaves, columns in parts]
    if transform == "value":
        return [reverse.value(tape, leaves, space).x for tape, leaves, _ in points]
    if transform in ("hessian", "hvp"):
        ((tape, leaves, columns),) = points
        units = [[float(i == j) for j in range(width)] for i in range(width)]
        rows = [
            _moving(tape, leaves, columns, tangent, width, space)
            for tangent in (directions if transform == "hvp" else units)
        ]
        return [reverse.value(tape, leaves, space).x, *[number for row in rows for number in row]]
    values, jacobian = [], []
    for tape, leaves, columns in points:
        value, gradient = reverse.value_and_grad(tape, leaves, space)
        values.append(value.x)
        jacobian.append(_by_column([partial.x for partial in gradient], columns, width))
    if transform == "jvp":
        rows = [[_product(tangent, row) for row in jacobian] for tangent in directions]
    elif transform == "vjp":
        by_column = [[row[column] for row in jacobian] for column in range(width)]
        rows = [[_product(cotangent, column) for column in by_column] for cotangent in directions]
    else:
        rows = jacobian
    return values + [number for row in rows for number in row]


def _product(weights: Row, numbers: Sequence[Arb]) -> Arb:
    return sum((arb(weight) * number for weight, number in zip(weights, numbers, strict=True) if weight), arb(0))


def _by_column(partials: Sequence[Arb], columns: Sequence[int], width: int) -> list[Arb]:
    """Return derivatives by the columns; several inputs may be the same element of the point."""
    found = [arb(0)] * width
    for partial, column in zip(partials, columns, strict=True):
        if column >= 0:
            found[column] = found[column] + partial
    return found


def _moving(
    tape: Tape, leaves: Sequence[Ball], columns: Sequence[int], tangent: Row, width: int, below: words.Balls
) -> list[Arb]:
    """Return the derivative of the gradient along a tangent, by forward over reverse mode."""
    space = forward.Forward(below)
    moving: list[Any] = list(leaves)
    for index, column in enumerate(columns):
        if column >= 0:
            moving[index] = forward.Moving(space, leaves[index], Ball(arb(tangent[column])))
    _, gradient = reverse.value_and_grad(tape, moving, space)
    tangents = [each.tangent.x if isinstance(each, forward.Moving) else arb(0) for each in gradient]
    return _by_column(tangents, columns, width)
