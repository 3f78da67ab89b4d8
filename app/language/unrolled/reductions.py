"""Reductions and other functions along an axis: sums, extremes, norms, sorting, differences."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from app import errors
from app.language.unrolled.arguments import ArrayFunction, WordCall, fold
from app.language.values import Value, array_of


def _reduction(combine: Callable[[WordCall], Callable[[list[Value]], Value]], kind: str | None = None) -> Any:
    def run(call: WordCall) -> Value:
        value = call.value("x")
        bare_list = value.kind == "tuple" and "." not in call.name
        if kind and bare_list and any(call.builder.is_array(item) and item.kind != "tuple" for item in value.items):
            return fold(call.builder, kind, value.items, call.offset)  # Python's sum of a list of arrays
        if kind and value.kind == "tuple" and not value.items:
            return call.builder.leaf(0 if kind == "sum" else 1)
        return call.along(call.cells("x"), combine(call), empty=kind is not None)

    return run


def _mean(call: WordCall) -> Callable[[list[Value]], Value]:
    return lambda cells: call.div(call.sum(cells), call.builder.leaf(len(cells)))


def _variance(call: WordCall) -> Callable[[list[Value]], Value]:
    ddof = call.integer("ddof", 0)

    def run(cells: list[Value]) -> Value:
        mean = _mean(call)(cells)
        squares = [call.of("square", call.sub(cell, mean)) for cell in cells]
        return call.div(call.sum(squares), call.builder.leaf(len(cells) - ddof))

    return run


def _deviation(call: WordCall) -> Callable[[list[Value]], Value]:
    variance = _variance(call)
    return lambda cells: call.of("sqrt", variance(cells))


def _extreme(word: str) -> Callable[[WordCall], Callable[[list[Value]], Value]]:
    def combine(call: WordCall) -> Callable[[list[Value]], Value]:
        def run(cells: list[Value]) -> Value:
            # In pairs, as a tournament: the tape stays shallow.
            while len(cells) > 1:
                pairs = [call.of(word, *cells[i : i + 2]) for i in range(0, len(cells) - 1, 2)]
                cells = pairs + cells[len(cells) - len(cells) % 2 :]
            return call.builder.number(cells[0], call.offset)

        return run

    return combine


def _span(call: WordCall) -> Callable[[list[Value]], Value]:
    greatest, least = _extreme("maximum")(call), _extreme("minimum")(call)
    return lambda cells: call.sub(greatest(cells), least(cells))


def _average(call: WordCall) -> Value:
    cells = call.cells("x")
    if not call.has("weights"):
        return call.along(cells, _mean(call))
    weights = call.cells("weights").ravel().tolist()

    def run(line: list[Value]) -> Value:
        if len(line) != len(weights):
            raise call.bad_shape(f"{len(weights)} weights for {len(line)} elements")
        return call.div(call.dot(line, weights), call.sum(weights))

    return call.along(cells, run)


def _sorted(call: WordCall, cells: list[Value]) -> list[Value]:
    """Return cells in ascending order, by a network of odd-even transpositions (Knuth, TAOCP vol. 3, 5.3.4)."""
    call.builder.charge(len(cells) ** 2, call.offset)
    cells = call.numbers(cells)
    for step in range(len(cells)):
        for i in range(step % 2, len(cells) - 1, 2):
            pair = cells[i], cells[i + 1]
            cells[i], cells[i + 1] = call.of("minimum", *pair), call.of("maximum", *pair)
    return cells


def _median(call: WordCall) -> Callable[[list[Value]], Value]:
    def run(cells: list[Value]) -> Value:
        ordered, middle = _sorted(call, cells), len(cells) // 2
        if len(cells) % 2:
            return ordered[middle]
        return call.div(call.sum(ordered[middle - 1 : middle + 1]), call.builder.leaf(2))

    return run


def _sort(call: WordCall) -> Value:
    cells = call.cells("x")
    return call.lines(cells, lambda line: _sorted(call, line), call.axis(cells, -1) or 0)


def _norm(call: WordCall) -> Callable[[list[Value]], Value]:
    order = call.value("ord").constant if call.has("ord") else 2

    def run(cells: list[Value]) -> Value:
        if order is None:
            raise errors.SyntaxRejected("ord must be a number known from the text", offset=call.offset)
        if order == 2:
            return call.of("sqrt", call.sum([call.of("square", cell) for cell in cells]))
        sizes = [call.of("abs", cell) for cell in cells]
        if order == 1:
            return call.sum(sizes)
        if math.isinf(order):
            return _extreme("maximum" if order > 0 else "minimum")(call)(sizes)
        power = call.builder.number(call.value("ord"), call.offset)
        total = call.sum([call.of("power", size, power) for size in sizes])
        return call.of("power", total, call.div(call.builder.leaf(1), power))

    return run


def _norm_of(call: WordCall) -> Value:
    cells = call.cells("x")
    if cells.ndim > 1 and not call.has("axis") and call.has("ord"):
        raise call.bad_shape("norm of a matrix takes no ord here: the default is Frobenius'")
    return call.along(cells, _norm(call))


def _log_of_sum(call: WordCall, cells: list[Value]) -> Value:
    total = call.builder.number(cells[0], call.offset)
    for cell in cells[1:]:
        total = call.of("logaddexp", total, cell)
    return total


def _logsumexp(call: WordCall) -> Value:
    def run(cells: list[Value], weights: list[Value] | None = None) -> Value:
        if weights is None:
            return _log_of_sum(call, cells)
        top = _extreme("maximum")(call)(cells)
        parts = [call.of("exp", call.sub(cell, top)) for cell in cells]
        return call.sum([top, call.of("log", call.dot(weights, parts))])

    cells = call.cells("x")
    if not call.has("b"):
        return call.along(cells, run)
    weights = np.broadcast_to(call.cells("b"), cells.shape).ravel().tolist()
    if call.has("axis"):
        raise errors.SyntaxRejected("logsumexp takes b or axis, not both", offset=call.offset)
    return call.along(cells, lambda line: run(line, weights))


def _odds(call: WordCall, line: list[Value]) -> list[Value]:
    """Return the logarithm of p / (1 - p) for each probability p of a softmax of two or more numbers.

    It is the number less the logsumexp of all others, so the derivatives of a probability near 1 keep their digits.
    """
    before, after = line[:1], line[-1:]  # logsumexp of the first, and of the last, 1, 2, ... numbers
    for first, last in zip(line[1:-1], line[-2:0:-1], strict=True):
        before.append(call.of("logaddexp", before[-1], first))
        after.append(call.of("logaddexp", after[-1], last))
    middle = [call.of("logaddexp", *pair) for pair in zip(before[:-1], after[-2::-1], strict=True)]
    return [call.sub(*pair) for pair in zip(line, [after[-1], *middle, before[-1]], strict=True)]


def _softmax(call: WordCall, line: list[Value]) -> list[Value]:
    if len(line) == 1:
        return [call.of("exp", call.sub(line[0], line[0]))]
    return [call.of("sigmoid", odds) for odds in _odds(call, line)]


def _log_softmax(call: WordCall, line: list[Value]) -> list[Value]:
    if len(line) == 1:
        return [call.sub(line[0], line[0])]
    return [call.of("log_sigmoid", odds) for odds in _odds(call, line)]


def _lines(function: Callable[[WordCall, list[Value]], list[Value]], default: int) -> Callable[[WordCall], Value]:
    """Return the function of a word from one of a line; with default 0, or of scipy.special, all elements are one."""

    def run(call: WordCall) -> Value:
        cells = call.cells("x")
        if not cells.ndim or not cells.size:
            raise call.bad_shape(f"{call.name} takes an array with elements")
        axis, shape = call.axis(cells), cells.shape
        of_all = axis is None and (default == 0 or call.gave("axis") or "special" in call.name.split("."))
        if of_all:
            cells, axis = cells.reshape(-1), 0
        found = call.lines(cells, lambda line: function(call, line), cells.ndim - 1 if axis is None else axis)
        return array_of(call.builder.cells(found, call.offset).reshape(shape)) if of_all and default else found

    return run


def _running(call: WordCall, line: list[Value], combine: Callable[[Sequence[Value]], Value]) -> list[Value]:
    found = call.numbers(line[:1])
    for cell in line[1:]:
        found.append(combine((found[-1], cell)))
    return found


def _diff(call: WordCall) -> Value:
    cells = call.cells("x")
    axis, times = call.axis(cells, -1) or 0, call.integer("n", 1)
    if times < 0:
        raise call.bad_shape(f"diff takes no differences {times} times")
    for _ in range(min(times, cells.shape[axis] if cells.ndim else 0)):
        found = call.lines(cells, lambda line: [call.sub(b, a) for a, b in itertools.pairwise(line)], axis)
        cells = call.builder.cells(found, call.offset)
    return array_of(cells)


def _trapezoid(call: WordCall) -> Value:
    cells = call.cells("y", 1)
    values = call.numbers(cells.tolist())
    if call.has("x"):
        places = call.cells("x", 1).tolist()
        if len(places) != len(values):
            raise call.bad_shape(f"{len(places)} places for {len(values)} values")
        steps = [call.sub(b, a) for a, b in itertools.pairwise(places)]
    else:
        steps = [call.value("dx") if call.has("dx") else call.builder.leaf(1)] * (len(values) - 1)
    half = call.builder.leaf(2)
    pairs = zip(values, values[1:], steps, strict=False)
    return call.sum([call.div(call.product((step, call.sum((a, b)))), half) for a, b, step in pairs])


def _holds(combine: str) -> Callable[[WordCall], Value]:
    def run(call: WordCall) -> Value:
        def join(cells: list[Value]) -> Value:
            conditions = [call.builder.condition(cell, call.offset) for cell in cells]
            return (call.builder.all if combine == "all" else call.builder.any)(conditions, call.offset)

        return call.along(call.cells("x"), join, empty=True)

    return run


FUNCTIONS: dict[str, ArrayFunction] = {
    "sum": _reduction(lambda call: call.sum, "sum"), "prod": _reduction(lambda call: call.product, "product"),
    "mean": _reduction(_mean), "var": _reduction(_variance), "std": _reduction(_deviation),
    "amax": _reduction(_extreme("maximum")), "amin": _reduction(_extreme("minimum")), "ptp": _reduction(_span),
    "median": _reduction(_median), "average": _average, "norm": _norm_of, "logsumexp": _logsumexp,
    "all": _holds("all"), "any": _holds("any"),
    "sort": _sort, "diff": _diff, "trapezoid": _trapezoid,
    "cumsum": _lines(lambda call, line: _running(call, line, call.sum), 0),
    "cumprod": _lines(lambda call, line: _running(call, line, call.product), 0),
    "softmax": _lines(_softmax, -1),
    "log_softmax": _lines(_log_softmax, -1),
}  # fmt: skip
