"""Functions of whole arrays, unrolled into scalar operations while the text is read.

What only moves elements is NumPy's on arrays of ``algebra`` values; what computes is written here in terms of the
scalar operations, so every word, rule and limit of numbers holds for arrays too. Sums run in the order of the
elements. Names, defaults and shapes are NumPy's.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from app import errors, vocabulary
from app.algebra import Algebra, Cells, NeedsShapes, Value, array_of, tuple_of

_MAX_LAPLACE = 4
"""Determinants of matrices up to this size are expanded by minors, which is exact where the matrix is singular."""


class _Call:
    """One call of a word: its operands by the names of the parameters, and what they are asked for."""

    def __init__(self, do: Algebra, name: str, given: Mapping[str, Value], offset: int) -> None:
        self.do = do
        self.name = name
        self.offset = offset
        self._given = given

    def has(self, name: str) -> bool:
        """Return whether a parameter was given, None being as good as nothing."""
        return name in self._given and self._given[name].kind != "none"

    def gave(self, name: str) -> bool:
        """Return whether a parameter was given, be it None."""
        return name in self._given

    def value(self, name: str) -> Value:
        """Return an operand as it is."""
        return self._given[name]

    def cells(self, name: str, rank: int | None = None) -> Cells:
        """Return an operand as an array, of so many axes."""
        found = self.do.cells(self._given[name], self.offset)
        if rank is not None and found.ndim != rank:
            raise self.bad_shape(f"{self.name} takes an array of {rank} axes, not of shape {list(found.shape)}")
        return found

    def square(self, name: str) -> Cells:
        """Return an operand that is a square matrix."""
        found = self.cells(name, 2)
        if found.shape[0] != found.shape[1] or not found.size:
            raise self.bad_shape(f"{self.name} takes a square matrix, not one of shape {list(found.shape)}")
        return found

    def integer(self, name: str, default: int) -> int:
        """Return an operand that is an integer known from the text."""
        return self.do.integer(self._given[name], self.offset, name) if self.has(name) else default

    def integers(self, name: str) -> list[int]:
        """Return an operand that is an integer or a list of them."""
        return [self.do.integer(cell, self.offset, name) for cell in self.cells(name).ravel().tolist()]

    def flag(self, name: str, *, default: bool) -> bool:
        """Return an operand that is True or False."""
        return bool(self._given[name].constant) if self.has(name) else default

    def axis(self, cells: Cells, default: int | None = None) -> int | None:
        """Return the axis asked for, None for all of them."""
        if not self.has("axis"):
            return default
        axis = self.integer("axis", 0)
        if not -cells.ndim <= axis < cells.ndim:
            raise self.bad_shape(f"axis {axis} of an array of shape {list(cells.shape)}")
        return axis % cells.ndim

    def along(self, cells: Cells, function: Callable[[list[Value]], Any], default: int | None = None) -> Value:
        """Apply a function of a list of cells along an axis, or to all of them."""
        axis = self.axis(cells, default)
        keep = self.flag("keepdims", default=False)
        lines = cells.reshape(1, -1) if axis is None else np.moveaxis(cells, axis, -1).reshape(-1, cells.shape[axis])
        if not lines.shape[1]:
            raise self.bad_shape(f"{self.name} of an empty array")
        self.do.room(cells.size, self.offset)
        shape = () if axis is None else cells.shape[:axis] + cells.shape[axis + 1 :]
        found = filled([function(line.tolist()) for line in lines], shape)
        if keep:
            found = found.reshape([1] * cells.ndim) if axis is None else np.expand_dims(found, axis)
        return array_of(found)

    def lines(self, cells: Cells, function: Callable[[list[Value]], list[Value]], axis: int) -> Value:
        """Replace each line of cells along an axis by another."""
        moved = np.moveaxis(cells, axis, -1)
        self.do.room(cells.size, self.offset)
        results = [function(line.tolist()) for line in moved.reshape(-1, moved.shape[-1])]
        length = len(results[0]) if results else 0
        found = filled([cell for line in results for cell in line], (*moved.shape[:-1], length))
        return array_of(np.moveaxis(found, -1, axis))

    def numbers(self, cells: Sequence[Value]) -> list[Value]:
        """Return cells as numbers."""
        return [self.do.number(cell, self.offset) for cell in cells]

    def bad_shape(self, detail: str) -> errors.BadShape:
        """Return the refusal of shapes that do not fit."""
        return errors.BadShape(detail, offset=self.offset)

    # Scalar arithmetic

    def sum(self, terms: Sequence[Value]) -> Value:
        """Return a sum of numbers, 0 if there are none."""
        numbers = self.numbers(terms)
        return self.do.sum(numbers, "+" * len(numbers), self.offset) if numbers else self.do.leaf(0)

    def product(self, factors: Sequence[Value]) -> Value:
        """Return a product of numbers, 1 if there are none."""
        numbers = self.numbers(factors)
        return self.do.product(numbers, "*" * len(numbers), self.offset) if numbers else self.do.leaf(1)

    def sub(self, x: Value, y: Value) -> Value:
        """Return x - y."""
        return self.do.sum(self.numbers((x, y)), "+-", self.offset)

    def div(self, x: Value, y: Value) -> Value:
        """Return x / y."""
        return self.do.product(self.numbers((x, y)), "*/", self.offset)

    def of(self, word: str, *operands: Value) -> Value:
        """Return a word of the vocabulary applied to numbers or arrays."""
        return self.do.call(word, *operands, offset=self.offset)

    def dot(self, x: Sequence[Value], y: Sequence[Value]) -> Value:
        """Return the sum of products."""
        return self.sum([self.product(pair) for pair in zip(x, y, strict=True)])


def apply(
    do: Algebra,
    word: vocabulary.Word,
    name: str,
    operands: Sequence[Value],
    options: Mapping[str, Value],
    offset: int,
) -> Value:
    """Return a word of arrays applied to its operands.

    Raises:
        errors.BadShape: shapes do not fit.
        errors.BadArity: an operand is missing.
        algebra.NeedsShapes: an operand is an argument of unknown shape.
    """
    if any(operand.kind in {"number", "condition"} and operand.constant is None for operand in operands):
        if do.shapes is None:
            raise NeedsShapes  # a function of arguments that may be arrays
        do.measured = True
    given = dict(options)
    for parameter, operand in zip(word.parameters, operands, strict=False):
        if parameter in given:
            raise errors.SyntaxRejected(f"{name} got '{parameter}' twice", offset=offset)
        given[parameter] = operand
    required = [parameter for parameter in word.parameters if parameter not in word.keywords]
    for parameter in required:
        if parameter not in given:
            raise errors.BadArity(f"{name} needs '{parameter}'", offset=offset)
    call = _Call(do, name, given, offset)
    canonical = word.names[0]
    if canonical in _VARIADIC:
        return _VARIADIC[canonical](call, list(operands))
    try:
        return FUNCTIONS[canonical](call)
    except ValueError as error:  # NumPy's word for shapes that do not fit
        raise errors.BadShape(f"{name}: {error}"[:160], offset=offset) from None


def has_axis(do: Algebra, name: str, operands: Sequence[Value]) -> bool:
    """Return whether ``np.max(x, 0)`` asks for an axis; ``max(x, 0)`` never does."""
    return "." in name and len(operands) == 2 and do.is_array(operands[0]) and type(operands[1].constant) is int


def filled(cells: Sequence[Value], shape: tuple[int, ...]) -> Cells:
    """Return cells in a shape."""
    found = np.empty(len(cells), object)
    found[:] = cells
    return found.reshape(shape)


def fold(do: Algebra, kind: str, terms: Sequence[Value], offset: int) -> Value:
    """Return the sum or product of values of any shape, as Python's sum of a list."""
    call = _Call(do, kind, {}, offset)
    if not any(do.is_array(term) for term in terms):
        return call.sum(terms) if kind == "sum" else call.product(terms)
    combine = call.sum if kind == "sum" else call.product
    return do.lift(lambda *cells: combine(cells), terms, offset)


def matmul(do: Algebra, x: Value, y: Value, offset: int) -> Value:
    """Return x @ y, as numpy.matmul for up to two axes each."""
    return _product(_Call(do, "@", {"x": x, "y": y}, offset))


def _items(call: _Call, name: str) -> Sequence[Value]:
    return call.do.items(call.value(name), call.offset)


# Reductions


def _reduction(combine: Callable[[_Call], Callable[[list[Value]], Value]], kind: str | None = None) -> Any:
    def run(call: _Call) -> Value:
        value = call.value("x")
        bare_list = value.kind == "tuple" and "." not in call.name
        if kind and bare_list and any(call.do.is_array(item) and item.kind != "tuple" for item in value.items):
            return fold(call.do, kind, value.items, call.offset)  # Python's sum of a list of arrays
        if kind and value.kind == "tuple" and not value.items:
            return call.do.leaf(0 if kind == "sum" else 1)
        return call.along(call.cells("x"), combine(call))

    return run


def _mean(call: _Call) -> Callable[[list[Value]], Value]:
    return lambda cells: call.div(call.sum(cells), call.do.leaf(len(cells)))


def _variance(call: _Call) -> Callable[[list[Value]], Value]:
    ddof = call.integer("ddof", 0)

    def run(cells: list[Value]) -> Value:
        mean = _mean(call)(cells)
        squares = [call.of("square", call.sub(cell, mean)) for cell in cells]
        return call.div(call.sum(squares), call.do.leaf(len(cells) - ddof))

    return run


def _deviation(call: _Call) -> Callable[[list[Value]], Value]:
    variance = _variance(call)
    return lambda cells: call.of("sqrt", variance(cells))


def _extreme(word: str) -> Callable[[_Call], Callable[[list[Value]], Value]]:
    def combine(call: _Call) -> Callable[[list[Value]], Value]:
        def run(cells: list[Value]) -> Value:
            # In pairs, as a tournament: the tape stays shallow.
            while len(cells) > 1:
                pairs = [call.of(word, *cells[i : i + 2]) for i in range(0, len(cells) - 1, 2)]
                cells = pairs + cells[len(cells) - len(cells) % 2 :]
            return call.do.number(cells[0], call.offset)

        return run

    return combine


def _span(call: _Call) -> Callable[[list[Value]], Value]:
    greatest, least = _extreme("maximum")(call), _extreme("minimum")(call)
    return lambda cells: call.sub(greatest(cells), least(cells))


def _average(call: _Call) -> Value:
    cells = call.cells("x")
    if not call.has("weights"):
        return call.along(cells, _mean(call))
    weights = call.cells("weights").ravel().tolist()

    def run(line: list[Value]) -> Value:
        if len(line) != len(weights):
            raise call.bad_shape(f"{len(weights)} weights for {len(line)} elements")
        return call.div(call.dot(line, weights), call.sum(weights))

    return call.along(cells, run)


def _sorted(call: _Call, cells: list[Value]) -> list[Value]:
    """Return cells in ascending order, by a network of odd-even transpositions (Knuth, TAOCP vol. 3, 5.3.4)."""
    call.do.room(len(cells) ** 2, call.offset)
    cells = call.numbers(cells)
    for step in range(len(cells)):
        for i in range(step % 2, len(cells) - 1, 2):
            pair = cells[i], cells[i + 1]
            cells[i], cells[i + 1] = call.of("minimum", *pair), call.of("maximum", *pair)
    return cells


def _median(call: _Call) -> Callable[[list[Value]], Value]:
    def run(cells: list[Value]) -> Value:
        ordered, middle = _sorted(call, cells), len(cells) // 2
        if len(cells) % 2:
            return ordered[middle]
        return call.div(call.sum(ordered[middle - 1 : middle + 1]), call.do.leaf(2))

    return run


def _sort(call: _Call) -> Value:
    cells = call.cells("x")
    return call.lines(cells, lambda line: _sorted(call, line), call.axis(cells, -1) or 0)


def _norm(call: _Call) -> Callable[[list[Value]], Value]:
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
        power = call.do.leaf(order)
        total = call.sum([call.of("power", size, power) for size in sizes])
        return call.of("power", total, call.div(call.do.leaf(1), power))

    return run


def _norm_of(call: _Call) -> Value:
    cells = call.cells("x")
    if cells.ndim > 1 and not call.has("axis") and call.has("ord"):
        raise call.bad_shape("norm of a matrix takes no ord here: the default is Frobenius'")
    return call.along(cells, _norm(call))


def _logsumexp(call: _Call) -> Value:
    def run(cells: list[Value], weights: list[Value] | None = None) -> Value:
        if weights is None:
            total = call.do.number(cells[0], call.offset)
            for cell in cells[1:]:
                total = call.of("logaddexp", total, cell)
            return total
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


def _log_softmax(call: _Call, line: list[Value]) -> list[Value]:
    total = call.do.number(line[0], call.offset)
    for cell in line[1:]:
        total = call.of("logaddexp", total, cell)
    return [call.sub(cell, total) for cell in line]


def _softmax(call: _Call, line: list[Value]) -> list[Value]:
    return [call.of("exp", part) for part in _log_softmax(call, line)]


def _lines(function: Callable[[_Call, list[Value]], list[Value]], default: int) -> Callable[[_Call], Value]:
    def run(call: _Call) -> Value:
        cells = call.cells("x")
        if not cells.ndim or not cells.size:
            raise call.bad_shape(f"{call.name} takes an array with elements")
        axis = call.axis(cells)
        if axis is None and default == 0:
            cells, axis = cells.reshape(-1), 0
        return call.lines(cells, lambda line: function(call, line), cells.ndim - 1 if axis is None else axis)

    return run


def _running(call: _Call, line: list[Value], combine: Callable[[Sequence[Value]], Value]) -> list[Value]:
    found = call.numbers(line[:1])
    for cell in line[1:]:
        found.append(combine((found[-1], cell)))
    return found


def _diff(call: _Call) -> Value:
    cells = call.cells("x")
    axis, times = call.axis(cells, -1) or 0, call.integer("n", 1)
    for _ in range(min(times, cells.shape[axis] if cells.ndim else 0)):
        found = call.lines(cells, lambda line: [call.sub(b, a) for a, b in itertools.pairwise(line)], axis)
        cells = call.do.cells(found, call.offset)
    return array_of(cells)


def _trapezoid(call: _Call) -> Value:
    cells = call.cells("y", 1)
    values = call.numbers(cells.tolist())
    if call.has("x"):
        places = call.cells("x", 1).tolist()
        if len(places) != len(values):
            raise call.bad_shape(f"{len(places)} places for {len(values)} values")
        steps = [call.sub(b, a) for a, b in itertools.pairwise(places)]
    else:
        steps = [call.value("dx") if call.has("dx") else call.do.leaf(1)] * (len(values) - 1)
    half = call.do.leaf(2)
    pairs = zip(values, values[1:], steps, strict=False)
    return call.sum([call.div(call.product((step, call.sum((a, b)))), half) for a, b, step in pairs])


def _holds(combine: str) -> Callable[[_Call], Value]:
    def run(call: _Call) -> Value:
        def join(cells: list[Value]) -> Value:
            conditions = [call.do.condition(cell, call.offset) for cell in cells]
            return (call.do.all if combine == "all" else call.do.any)(conditions, call.offset)

        return call.along(call.cells("x"), join)

    return run


# Products


def _product(call: _Call) -> Value:
    x, y = call.cells("x"), call.cells("y")
    if not x.ndim or not y.ndim:
        raise call.bad_shape(f"{call.name} takes arrays, not numbers")
    if max(x.ndim, y.ndim) > 2:
        raise call.bad_shape(f"{call.name} takes vectors and matrices")
    rows, columns = np.atleast_2d(x), (y.reshape(-1, 1) if y.ndim == 1 else y)
    if rows.shape[1] != columns.shape[0]:
        raise call.bad_shape(f"{call.name} of shapes {list(x.shape)} and {list(y.shape)}")
    call.do.room(rows.shape[0] * columns.size, call.offset)
    entries = [call.dot(row, column) for row in rows.tolist() for column in columns.T.tolist()]
    shape = x.shape[:-1] + (y.shape[1:] if y.ndim == 2 else ())
    return array_of(filled(entries, shape))


def _dot(call: _Call) -> Value:
    x, y = call.cells("x"), call.cells("y")
    if not x.ndim or not y.ndim:
        return call.of("multiply", array_of(x), array_of(y))
    return _product(call)


def _inner(call: _Call) -> Value:
    x, y = call.cells("x"), call.cells("y")
    if not x.ndim or not y.ndim:
        return call.of("multiply", array_of(x), array_of(y))
    return matmul(call.do, array_of(x), array_of(y.T), call.offset)


def _vdot(call: _Call) -> Value:
    x, y = call.cells("x").ravel().tolist(), call.cells("y").ravel().tolist()
    if len(x) != len(y):
        raise call.bad_shape(f"vdot of {len(x)} and {len(y)} elements")
    return call.dot(x, y)


def _outer(call: _Call) -> Value:
    x, y = call.cells("x").ravel(), call.cells("y").ravel()
    return call.of("multiply", array_of(x.reshape(-1, 1)), array_of(y.reshape(1, -1)))


def _kron(call: _Call) -> Value:
    x, y = np.atleast_2d(call.cells("x")), np.atleast_2d(call.cells("y"))
    if max(x.ndim, y.ndim) > 2:
        raise call.bad_shape("kron takes vectors and matrices")
    product = call.of("multiply", array_of(x[:, None, :, None]), array_of(y[None, :, None, :]))
    cells = call.do.cells(product, call.offset).reshape(x.shape[0] * y.shape[0], x.shape[1] * y.shape[1])
    return array_of(cells[0] if call.cells("x").ndim == call.cells("y").ndim == 1 else cells)


def _cross(call: _Call) -> Value:
    x, y = call.cells("x", 1).tolist(), call.cells("y", 1).tolist()

    def minor(i: int, j: int) -> Value:
        return call.sub(call.product((x[i], y[j])), call.product((x[j], y[i])))

    if len(x) == len(y) == 2:
        return minor(0, 1)
    if len(x) != 3 or len(y) != 3:
        raise call.bad_shape("cross takes two vectors of length 3, or of length 2")
    return array_of(filled([minor(1, 2), minor(2, 0), minor(0, 1)], (3,)))


def _tensordot(call: _Call) -> Value:
    x, y, count = call.cells("x"), call.cells("y"), call.integer("axes", 2)
    if not 0 <= count <= min(x.ndim, y.ndim) or x.shape[x.ndim - count :] != y.shape[:count]:
        raise call.bad_shape(f"tensordot over {count} axes of shapes {list(x.shape)} and {list(y.shape)}")
    kept, shared = x.shape[: x.ndim - count], math.prod(y.shape[:count])
    rows, columns = array_of(x.reshape(-1, shared)), array_of(y.reshape(shared, -1))
    found = call.do.cells(matmul(call.do, rows, columns, call.offset), call.offset)
    return array_of(found.reshape(kept + y.shape[count:]))


def _convolve(call: _Call) -> Value:
    x, y = call.cells("x", 1).tolist(), call.cells("y", 1).tolist()
    call.do.room(len(x) * len(y), call.offset)
    sums: list[list[Value]] = [[] for _ in range(len(x) + len(y) - 1)]
    for i, a in enumerate(x):
        for j, b in enumerate(y):
            sums[i + j].append(call.product((a, b)))
    return array_of(filled([call.sum(terms) for terms in sums], (len(sums),)))


def _polyval(call: _Call) -> Value:
    total, x = call.do.leaf(0), call.value("x")
    for coefficient in call.cells("p", 1).tolist():
        total = coefficient if total.constant == 0 else call.of("add", call.of("multiply", total, x), coefficient)
    return total


def _multi_dot(call: _Call, operands: list[Value]) -> Value:
    first, *rest = call.do.items(operands[0], call.offset)
    for each in rest:
        first = matmul(call.do, first, each, call.offset)
    return first


def _matrix_power(call: _Call) -> Value:
    cells, power = call.square("x"), call.integer("n", 1)
    if not 0 <= power <= 64:
        raise errors.SyntaxRejected("matrix_power takes n from 0 to 64", offset=call.offset)
    total = array_of(_diagonal_of([call.do.leaf(1)] * len(cells), call))
    for _ in range(power):
        total = matmul(call.do, total, array_of(cells), call.offset)
    return total


# Linear algebra


def _det(call: _Call) -> Value:
    cells = call.square("x")
    if len(cells) <= _MAX_LAPLACE:
        return _minors(call, cells)
    sign, rows = _eliminated(call, cells)
    return call.product([sign, *[row[i] for i, row in enumerate(rows)]])


def _minors(call: _Call, cells: Cells) -> Value:
    """Return the determinant by Laplace's expansion along the rows, each minor computed once."""
    size = len(cells)
    found: dict[tuple[int, ...], Value] = {(): call.do.leaf(1)}
    for row in range(size - 1, -1, -1):
        found = {columns: _expanded(call, cells[row], columns, found) for columns in _choices(range(size), size - row)}
    return found[tuple(range(size))]


def _expanded(call: _Call, row: Cells, columns: tuple[int, ...], minors: Mapping[tuple[int, ...], Value]) -> Value:
    if len(columns) == 1:
        return call.do.number(row[columns[0]], call.offset)
    terms = []
    for place, column in enumerate(columns):
        minor = minors[columns[:place] + columns[place + 1 :]]
        terms.append(call.product((row[column], minor)))
    return call.do.sum(terms, "".join("+-"[place % 2] for place in range(len(terms))), call.offset)


def _choices(items: Sequence[int], count: int) -> list[tuple[int, ...]]:
    if count == 0:
        return [()]
    return [(item, *rest) for place, item in enumerate(items) for rest in _choices(items[place + 1 :], count - 1)]


def _eliminated(call: _Call, cells: Cells) -> tuple[Value, list[list[Value]]]:
    """Return the sign of the row exchanges and the rows in upper triangular form.

    Gaussian elimination with partial pivoting (Golub & Van Loan, 4th ed. 2013, section 3.4); which row is the pivot
    depends on the point, so rows are exchanged by selecting.
    """
    rows = [call.numbers(row) for row in cells.tolist()]
    size = len(rows)
    call.do.room(size**2 * len(rows[0]), call.offset)
    sign = call.do.leaf(1)
    for column in range(size):
        for other in range(column + 1, size):
            larger = call.of("greater", call.of("abs", rows[other][column]), call.of("abs", rows[column][column]))
            first, second = rows[column], rows[other]
            rows[column] = [call.do.choose(larger, b, a, call.offset) for a, b in zip(first, second, strict=True)]
            rows[other] = [call.do.choose(larger, a, b, call.offset) for a, b in zip(first, second, strict=True)]
            sign = call.do.choose(larger, call.do.negative(sign, call.offset), sign, call.offset)
        for other in range(column + 1, size):
            factor = call.div(rows[other][column], rows[column][column])
            for place in range(column + 1, len(rows[0])):
                step = call.product((factor, rows[column][place]))
                rows[other][place] = call.sub(rows[other][place], step)
    return sign, rows


def _solved(call: _Call, cells: Cells, right: Cells) -> Cells:
    """Return x of cells @ x = right, right having two axes."""
    size = len(cells)
    _, rows = _eliminated(call, np.concatenate([cells, right], axis=1))
    found = np.empty(right.shape, object)
    for place in range(right.shape[1]):
        for i in range(size - 1, -1, -1):
            known = [call.product((rows[i][j], found[j, place])) for j in range(i + 1, size)]
            rest = rows[i][size + place]
            if known:
                rest = call.do.sum([rest, *known], "+" + "-" * len(known), call.offset)
            found[i, place] = call.div(rest, rows[i][i])
    return found


def _solve(call: _Call) -> Value:
    cells, right = call.square("a"), call.cells("b")
    if right.ndim not in {1, 2} or len(right) != len(cells):
        raise call.bad_shape(f"solve of shapes {list(cells.shape)} and {list(right.shape)}")
    found = _solved(call, cells, right.reshape(len(cells), -1))
    return array_of(found.reshape(right.shape))


def _inv(call: _Call) -> Value:
    cells = call.square("x")
    return array_of(_solved(call, cells, _diagonal_of([call.do.leaf(1)] * len(cells), call)))


def _slogdet(call: _Call) -> Value:
    sign, rows = _eliminated(call, call.square("x"))
    pivots = [row[i] for i, row in enumerate(rows)]
    signs = call.product([sign, *[call.of("sign", pivot) for pivot in pivots]])
    return tuple_of((signs, call.sum([call.of("log", call.of("abs", pivot)) for pivot in pivots])))


def _cholesky(call: _Call) -> Value:
    cells = call.square("x")
    size = len(cells)
    call.do.room(size**3, call.offset)
    found = filled([call.do.leaf(0)] * size**2, (size, size))
    for i in range(size):
        for j in range(i + 1):
            known = [call.product((found[i, k], found[j, k])) for k in range(j)]
            rest = call.do.number(cells[i, j], call.offset)
            if known:
                rest = call.do.sum([rest, *known], "+" + "-" * len(known), call.offset)
            found[i, j] = call.of("sqrt", rest) if i == j else call.div(rest, found[j, j])
    return array_of(found)


def _trace(call: _Call) -> Value:
    return call.sum(np.diagonal(call.cells("x", 2), call.integer("offset", 0)).tolist())


def _diagonal_of(cells: Sequence[Value], call: _Call, place: int = 0) -> Cells:
    size = len(cells) + abs(place)
    call.do.room(size**2, call.offset)
    found = filled([call.do.leaf(0)] * size**2, (size, size))
    for i, cell in enumerate(cells):
        found[i + max(0, -place), i + max(0, place)] = cell
    return found


def _diag(call: _Call) -> Value:
    cells, place = call.cells("x"), call.integer("k", 0)
    if cells.ndim == 1:
        return array_of(_diagonal_of(cells.tolist(), call, place))
    return array_of(np.diagonal(call.cells("x", 2), place).copy())


def _triangle(call: _Call, keep: Callable[[int, int, int], bool]) -> Value:
    found, place = call.cells("x", 2).copy(), call.integer("k", 0)
    for i, j in np.ndindex(found.shape):
        if not keep(i, j, place):
            found[i, j] = call.do.leaf(0)
    return array_of(found)


# Making and moving


def _shape(call: _Call, name: str) -> tuple[int, ...]:
    return tuple(call.integers(name))


def _constant_array(call: _Call, shape: tuple[int, ...], value: Value) -> Value:
    if any(size < 0 for size in shape):
        raise call.bad_shape(f"a shape has no negative lengths: {list(shape)}")
    if len(shape) > call.do.limits.max_rank:
        raise errors.TooComplex(f"an array of more than {call.do.limits.max_rank} axes", offset=call.offset)
    call.do.room(math.prod(shape), call.offset)
    return array_of(filled([value] * math.prod(shape), shape))


def _full_like(call: _Call, value: Value) -> Value:
    return _constant_array(call, call.cells("x").shape, value)


def _eye(call: _Call) -> Value:
    rows = call.integer("n", 0)
    columns, place = call.integer("m", rows), call.integer("k", 0)
    found = call.do.cells(_constant_array(call, (rows, columns), call.do.leaf(0)), call.offset)
    for i, j in np.ndindex(found.shape):
        if j - i == place:
            found[i, j] = call.do.leaf(1)
    return array_of(found)


def _range_of(call: _Call) -> range:
    start, stop = call.integer("start", 0), 0
    if call.has("stop"):
        stop = call.integer("stop", 0)
    else:
        start, stop = 0, start
    step = call.integer("step", 1)
    if step == 0:
        raise call.bad_shape("the step of a range is 0")
    found = range(start, stop, step)
    call.do.room(min(len(found), 10**9), call.offset)
    return found


def _arange(call: _Call) -> Value:
    given = [call.value(name).constant for name in ("start", "stop", "step") if call.has(name)]
    if all(type(constant) is int for constant in given):
        integers = _range_of(call)
        return array_of(filled([call.do.leaf(i) for i in integers], (len(integers),)))
    if any(constant is None for constant in given):
        raise errors.SyntaxRejected("arange takes numbers known from the text", offset=call.offset)
    floats = [float(constant) for constant in given if constant is not None]
    start, stop = (0.0, floats[0]) if len(floats) == 1 else floats[:2]
    step = floats[2] if len(floats) == 3 else 1.0
    count = math.ceil((stop - start) / step) if step and math.isfinite((stop - start) / step) else -1
    if count < 0:
        count = 0 if step else -1
    if count < 0:
        raise call.bad_shape("arange with a step of 0")
    call.do.room(count, call.offset)
    return array_of(filled([call.do.leaf(start + i * step) for i in range(count)], (count,)))


def _linspace(call: _Call) -> Value:
    count = call.integer("num", 50)
    call.do.room(max(count, 0), call.offset)
    if count < 1:
        raise call.bad_shape("linspace takes at least one point")
    parts = count - 1 if call.flag("endpoint", default=True) else count
    start, stop = (call.do.number(call.value(name), call.offset) for name in ("start", "stop"))
    known = start.constant, stop.constant
    if known[0] is not None and known[1] is not None:
        low, high = float(known[0]), float(known[1])
        points = np.linspace(low, high, count, endpoint=parts == count - 1).tolist()
        return array_of(filled([call.do.leaf(int(p) if p.is_integer() else p) for p in points], (count,)))
    width = call.sub(stop, start)
    cells = [start]
    for i in range(1, count):
        share = call.do.product([call.do.leaf(i), width, call.do.leaf(parts)], "**/", call.offset)
        cells.append(call.sum((start, share)))
    if parts == count - 1 and count > 1:
        cells[-1] = stop
    return array_of(filled(cells, (count,)))


def _parts(call: _Call) -> list[Cells]:
    parts = [call.do.cells(item, call.offset) for item in _items(call, "x")]
    call.do.room(sum(part.size for part in parts), call.offset)
    if not parts:
        raise call.bad_shape(f"{call.name} of nothing")
    return parts


def _concatenate(call: _Call) -> Value:
    parts = _parts(call)
    if call.gave("axis") and not call.has("axis"):
        return array_of(np.concatenate([part.ravel() for part in parts]))
    return array_of(np.concatenate(parts, axis=call.axis(parts[0], 0)))


def _append(call: _Call) -> Value:
    x, y = call.cells("x"), call.cells("y")
    call.do.room(x.size + y.size, call.offset)
    if call.has("axis"):
        return array_of(np.concatenate([x, y], axis=call.axis(x, 0)))
    return array_of(np.concatenate([x.ravel(), y.ravel()]))


def _stack(call: _Call) -> Value:
    parts = _parts(call)
    if parts[0].ndim >= call.do.limits.max_rank:
        raise errors.TooComplex(f"an array of more than {call.do.limits.max_rank} axes", offset=call.offset)
    return array_of(np.stack(parts, axis=call.integer("axis", 0)))


def _reshape(call: _Call, operands: list[Value]) -> Value:
    cells = call.do.cells(operands[0], call.offset)
    shape = [call.do.integer(part, call.offset, "shape") for each in operands[1:] for part in _flat(call, each)]
    if len(shape) > call.do.limits.max_rank:
        raise errors.TooComplex(f"an array of more than {call.do.limits.max_rank} axes", offset=call.offset)
    try:
        return array_of(cells.reshape(shape))
    except ValueError:
        raise call.bad_shape(f"an array of shape {list(cells.shape)} has no shape {shape}") from None


def _flat(call: _Call, value: Value) -> list[Value]:
    return call.do.cells(value, call.offset).ravel().tolist()


def _transpose(call: _Call) -> Value:
    cells = call.cells("x")
    return array_of(cells.transpose(call.integers("axes")) if call.has("axes") else cells.T)


def _axis_only(function: Callable[..., Cells]) -> Callable[[_Call], Value]:
    """Make a word of a function of NumPy's that takes an array and an axis."""

    def run(call: _Call) -> Value:
        cells = call.cells("x")
        axis = call.integer("axis", 0) if call.has("axis") else None
        return array_of(function(cells, axis))

    return run


def _expand_dims(call: _Call) -> Value:
    cells = call.cells("x")
    if cells.ndim >= call.do.limits.max_rank:
        raise errors.TooComplex(f"an array of more than {call.do.limits.max_rank} axes", offset=call.offset)
    return array_of(np.expand_dims(cells, call.integer("axis", 0)))


def _broadcast_to(call: _Call) -> Value:
    shape = _shape(call, "shape")
    call.do.room(math.prod(shape) if all(size >= 0 for size in shape) else 0, call.offset)
    return array_of(np.broadcast_to(call.cells("x"), shape).copy())


def _roll(call: _Call) -> Value:
    cells, shift = call.cells("x"), call.integer("shift", 0)
    return array_of(np.roll(cells, shift % max(cells.size, 1) if not call.has("axis") else shift, call.axis(cells)))


def _tile(call: _Call) -> Value:
    cells, times = call.cells("x"), call.integers("reps")
    call.do.room(cells.size * math.prod([max(t, 0) for t in times]), call.offset)
    if any(t < 0 for t in times) or len(times) > call.do.limits.max_rank:
        raise call.bad_shape(f"tile {times} times")
    return array_of(np.tile(cells, times))


def _repeat(call: _Call) -> Value:
    cells, times = call.cells("x"), call.integer("repeats", 1)
    call.do.room(cells.size * max(times, 0), call.offset)
    return array_of(np.repeat(cells, times, axis=call.axis(cells)))


def _take(call: _Call) -> Value:
    cells, places = call.cells("x"), call.cells("indices")
    axis = call.axis(cells)
    call.do.room(places.size * max(1, cells.size), call.offset)
    indices = np.array([call.do.integer(p, call.offset) for p in places.ravel().tolist()], np.intp)
    try:
        return array_of(np.take(cells, indices.reshape(places.shape), axis=axis))
    except IndexError:
        raise call.bad_shape(f"an index into an array of shape {list(cells.shape)}") from None


def _meshgrid(call: _Call, operands: list[Value]) -> Value:
    parts = [call.do.cells(each, call.offset).ravel() for each in operands]
    call.do.room(len(parts) * math.prod([part.size for part in parts]), call.offset)
    return tuple_of([array_of(grid) for grid in np.meshgrid(*parts)])


def _length(call: _Call) -> Value:
    return call.do.leaf(len(_items(call, "x")))


def _size(call: _Call) -> Value:
    cells = call.cells("x")
    axis = call.axis(cells)
    return call.do.leaf(cells.size if axis is None else cells.shape[axis])


def _enumerated(call: _Call) -> Value:
    start = call.integer("start", 0)
    items = _items(call, "x")
    call.do.room(len(items), call.offset)
    return tuple_of([tuple_of((call.do.leaf(i), item)) for i, item in enumerate(items, start)])


def _zipped(call: _Call, operands: list[Value]) -> Value:
    columns = [call.do.items(each, call.offset) for each in operands]
    call.do.room(len(columns) * min(map(len, columns)), call.offset)
    return tuple_of([tuple_of(row) for row in zip(*columns, strict=False)])


def _integers(call: _Call) -> Value:
    return tuple_of([call.do.leaf(i) for i in _range_of(call)])


def _shape_of(call: _Call) -> Value:
    return tuple_of([call.do.leaf(size) for size in call.cells("x").shape])


FUNCTIONS: dict[str, Callable[[_Call], Value]] = {
    "sum": _reduction(lambda call: call.sum, "sum"),
    "prod": _reduction(lambda call: call.product, "product"),
    "mean": _reduction(_mean),
    "var": _reduction(_variance),
    "std": _reduction(_deviation),
    "amax": _reduction(_extreme("maximum")),
    "amin": _reduction(_extreme("minimum")),
    "ptp": _reduction(_span),
    "average": _average,
    "median": _reduction(_median),
    "sort": _sort,
    "cumsum": _lines(lambda call, line: _running(call, line, call.sum), 0),
    "cumprod": _lines(lambda call, line: _running(call, line, call.product), 0),
    "diff": _diff,
    "trapezoid": _trapezoid,
    "norm": _norm_of,
    "logsumexp": _logsumexp,
    "softmax": _lines(_softmax, -1),
    "log_softmax": _lines(_log_softmax, -1),
    "all": _holds("all"),
    "any": _holds("any"),
    "dot": _dot,
    "matmul": _product,
    "inner": _inner,
    "vdot": _vdot,
    "outer": _outer,
    "kron": _kron,
    "cross": _cross,
    "tensordot": _tensordot,
    "convolve": _convolve,
    "polyval": _polyval,
    "matrix_power": _matrix_power,
    "trace": _trace,
    "det": _det,
    "slogdet": _slogdet,
    "inv": _inv,
    "solve": _solve,
    "cholesky": _cholesky,
    "diag": _diag,
    "diagonal": lambda call: array_of(np.diagonal(call.cells("x", 2), call.integer("offset", 0)).copy()),
    "tril": lambda call: _triangle(call, lambda i, j, k: j - i <= k),
    "triu": lambda call: _triangle(call, lambda i, j, k: j - i >= k),
    "eye": _eye,
    "identity": _eye,
    "zeros": lambda call: _constant_array(call, _shape(call, "shape"), call.do.leaf(0)),
    "ones": lambda call: _constant_array(call, _shape(call, "shape"), call.do.leaf(1)),
    "full": lambda call: _constant_array(call, _shape(call, "shape"), call.do.number(call.value("fill_value"), 0)),
    "zeros_like": lambda call: _full_like(call, call.do.leaf(0)),
    "ones_like": lambda call: _full_like(call, call.do.leaf(1)),
    "full_like": lambda call: _full_like(call, call.do.number(call.value("fill_value"), 0)),
    "array": lambda call: array_of(call.cells("x")),
    "list": lambda call: tuple_of(_items(call, "x")),
    "arange": _arange,
    "range": _integers,
    "linspace": _linspace,
    "concatenate": _concatenate,
    "append": _append,
    "stack": _stack,
    "hstack": lambda call: array_of(np.hstack(_parts(call))),
    "vstack": lambda call: array_of(np.vstack(_parts(call))),
    "column_stack": lambda call: array_of(np.column_stack(_parts(call))),
    "ravel": lambda call: array_of(call.cells("x").ravel()),
    "transpose": _transpose,
    "swapaxes": lambda call: array_of(np.swapaxes(call.cells("x"), call.integer("axis1", 0), call.integer("axis2", 1))),
    "moveaxis": lambda call: array_of(
        np.moveaxis(call.cells("x"), call.integer("source", 0), call.integer("destination", 0))
    ),
    "expand_dims": _expand_dims,
    "squeeze": _axis_only(np.squeeze),
    "broadcast_to": _broadcast_to,
    "flip": _axis_only(np.flip),
    "roll": _roll,
    "tile": _tile,
    "repeat": _repeat,
    "take": _take,
    "atleast_1d": lambda call: array_of(np.atleast_1d(call.cells("x"))),
    "len": _length,
    "size": _size,
    "ndim": lambda call: call.do.leaf(call.cells("x").ndim),
    "shape": _shape_of,
    "enumerate": _enumerated,
    "reversed": lambda call: tuple_of(list(_items(call, "x"))[::-1]),
}
"""Every word of ``vocabulary.ARRAYS`` of so many operands, by canonical name."""

_VARIADIC: dict[str, Callable[[_Call, list[Value]], Value]] = {
    "zip": _zipped,
    "meshgrid": _meshgrid,
    "multi_dot": _multi_dot,
    "reshape": _reshape,
}
"""Those that take any number."""

WORDS = frozenset(FUNCTIONS) | frozenset(_VARIADIC)
"""Canonical names of all of them."""
