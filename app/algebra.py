"""Values of a text while it is read: SymPy nodes with their folded constants, and arrays of them.

Every node is made by ``Basic.__new__``, which calls no ``eval`` and simplifies nothing: ``x/x`` stays, ``9**9**9``
costs nothing. Equal nodes of one reading are one object, so identity is structural equality and no recursive hash or
comparison is ever needed.

An array is a NumPy array of such values: slicing, transposing and broadcasting are NumPy's own, and an operation on
arrays is the operation on each of their cells. What that may cost is bounded before it is paid: ``room`` counts cells
and steps, ``max_operations`` nodes.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import sympy
from numpy.typing import NDArray
from sympy.core.basic import Basic
from sympy.functions.elementary.piecewise import ExprCondPair

from app import constants, errors, lexing, vocabulary
from app.constants import Number

MAX_RANK = 8
"""Axes of an array, in a text or in a point, those of a batch included."""

Cells = NDArray[Any]
Shape = tuple[int, ...]

_RELATIONS: dict[str, type[Basic]] = {
    "<": sympy.StrictLessThan,
    "<=": sympy.LessThan,
    ">": sympy.StrictGreaterThan,
    ">=": sympy.GreaterThan,
    "==": sympy.Eq,
    "!=": sympy.Ne,
}


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds on a text, checked before the cost they bound is paid.

    Attributes:
        max_expression_bytes: of the text in UTF-8.
        max_arguments: of the function.
        max_nesting: brackets open at once.
        max_operations: nodes of the expression, counted as binary operations.
        max_steps: steps of loops and of what is run again, and cells of arrays gone through, of the whole text.
        max_name_length: characters.
        max_rank: axes of an array.
    """

    max_expression_bytes: int = 131_072
    max_arguments: int = 64
    max_nesting: int = 512
    max_operations: int = 65_536
    max_steps: int = 500_000
    max_name_length: int = lexing.MAX_NAME_LENGTH
    max_rank: int = MAX_RANK


@dataclass(slots=True, eq=False)
class Value:
    """What an instruction leaves: a node with its folded constant, or something that is not one number.

    ``kind`` is number or condition, which have a node; argument, one used as ``items`` say so far; tuple, also for
    lists, and slice, whose parts are ``items``; array, with its ``cells``; none or ellipsis.
    """

    node: Basic
    constant: Number | None = None
    kind: str = "number"
    items: tuple[Value, ...] = ()
    argument: int = -1
    cells: Cells | None = None


class NeedsShapes(Exception):
    """The text cannot be read before the shapes of its arguments are known."""


_NOTHING = sympy.Integer(0)
NONE = Value(_NOTHING, kind="none")
ELLIPSIS = Value(_NOTHING, kind="ellipsis")
_COLLECTIONS = frozenset({"array", "tuple"})


def tuple_of(items: Sequence[Value]) -> Value:
    """Return items as one value."""
    return Value(_NOTHING, kind="tuple", items=tuple(items))


def span(shape: Sequence[int]) -> int:
    """Return the cells of an array, or how many lines of nothing there are in one that has none: (9, 0) spans 9."""
    return math.prod([max(size, 1) for size in shape])


def array_of(cells: Any) -> Value:
    """Return cells as one value; an array without axes is its only cell."""
    if not isinstance(cells, np.ndarray):
        found: Value = cells
        return found
    return Value(_NOTHING, kind="array", cells=cells) if cells.ndim else cells.item()


class Algebra:
    """Makes values of values.

    Args:
        args: argument names, for messages.
        limits: bounds on what is made.
        shapes: shape of each argument, or None if they are not known; then ``NeedsShapes`` is raised where they matter.

    Attributes:
        measured: whether a function of arrays has met a number in the place of one.
    """

    def __init__(self, args: Sequence[str], limits: Limits, shapes: Sequence[Shape] | None = None) -> None:
        self.limits = limits
        self.shapes = shapes
        self.ranks: list[int | None] = [None] * len(args)
        # Without tracebacks: their frames have the algebra.
        self.faults: dict[int, errors.BadConstant] = {}
        self.expand: Callable[[str, list[Value], int], Value] = never
        self._args = args
        self._interned: dict[tuple[Any, ...], Value] = {}
        self._cells: dict[int, Cells] = {}
        self._operations = 0
        self._steps = 0
        self.defining = 0
        self.measured = False

    def constants(self) -> Mapping[int, Number]:
        """Return the folded value of every node that is constant, by ``id``.

        The interned values keep every node alive until the last is made, so no two of a tree have one id.
        """
        return {id(value.node): value.constant for value in self._interned.values() if value.constant is not None}

    def room(self, steps: int, offset: int) -> None:
        """Account for steps about to be taken: iterations, or cells of an array.

        Raises:
            errors.TooComplex: over ``max_steps`` in all.
        """
        self._steps += steps
        if self._steps > self.limits.max_steps:
            raise errors.TooComplex(
                f"loops and arrays of more than {self.limits.max_steps} steps and elements", offset=offset
            )

    def check_rank(self, rank: int, offset: int) -> None:
        """Refuse an array of more axes than an array may have.

        Raises:
            errors.TooComplex: over ``max_rank``.
        """
        if rank > self.limits.max_rank:
            raise errors.TooComplex(f"an array of more than {self.limits.max_rank} axes", offset=offset)

    # Leaves

    def argument(self, index: int) -> Value:
        """Return an argument, whole."""
        if self.shapes is not None and self.shapes[index] == ():
            return self._input(index, ())
        return Value(_NOTHING, kind="argument", argument=index)

    def leaf(self, constant: Number) -> Value:
        """Return a number known from the text."""
        key = (type(constant), constant, math.copysign(1.0, constant))
        known = self._interned.get(key)
        if known is None:
            node = sympy.Integer(constant) if isinstance(constant, int) else sympy.Float(constant)
            known = self._interned[key] = Value(node, constant=constant)
        return known

    def named(self, name: str, constant: float) -> Value:
        """Return a constant by its canonical name, which SymPy may have a node for."""
        key = ("constant", constant, name)
        known = self._interned.get(key)
        if known is None:
            node = {"pi": sympy.pi, "E": sympy.E, "inf": sympy.oo, "nan": sympy.nan}.get(name)
            value = Value(sympy.Float(constant) if node is None else node, constant=constant)
            known = self._interned[key] = value
        return known

    def truth(self, holds: bool) -> Value:
        """Return a condition that is known."""
        return Value(sympy.true if holds else sympy.false, int(holds), kind="condition")

    def _input(self, argument: int, indices: tuple[int, ...]) -> Value:
        key = ("input", argument, indices)
        known = self._interned.get(key)
        if known is None:
            if indices:
                node = Basic.__new__(sympy.Indexed, _base(argument), *[self.leaf(index).node for index in indices])
            else:
                node = sympy.Symbol(f"v{argument}")
            known = self._interned[key] = Value(node)
        return known

    # Kinds

    def is_array(self, value: Value) -> bool:
        """Return whether a value has axes."""
        return value.kind in _COLLECTIONS or (value.kind == "argument" and self.shapes is not None)

    def extent(self, value: Value) -> int:
        """Return how much there is to go through: items, or cells."""
        if value.kind == "tuple":
            return len(value.items)
        if value.kind == "argument":
            return 1 if self.shapes is None else span(self.shapes[value.argument][len(value.items) :])
        return 1 if value.cells is None else span(value.cells.shape)

    def number(self, value: Value, offset: int) -> Value:
        """Return a value as a number: an argument is used whole, a condition counts 1 or 0."""
        if value.kind == "number":
            return value
        if value.kind == "condition":
            if value.constant is not None:
                return self.leaf(int(value.constant))
            return self.piecewise(((self.leaf(1), value), (self.leaf(0), self.truth(True))), offset)
        if value.kind == "argument" and self.shapes is None:
            self._use(value.argument, len(value.items), offset)
            return self._input(value.argument, tuple([_integer(item) for item in value.items]))
        if self.is_array(value):
            shape = list(self.cells(value, offset).shape)
            raise errors.BadShape(f"an array of shape {shape} stands where a number was expected", offset=offset)
        raise errors.SyntaxRejected(f"{_WHAT[value.kind]} stands where a number was expected", offset=offset)

    def condition(self, value: Value, offset: int, joined: str | None = None) -> Value:
        """Return a value as a condition; numbers hold where they are not 0, but are not ``joined`` by operators."""
        if value.kind == "condition":
            return value
        if joined and not (value.kind == "number" and isinstance(value.constant, int)):
            hint = "put parentheses around each comparison: (x > 0) & (y > 0)"
            raise errors.SyntaxRejected(f"'{joined}' joins conditions, not numbers", hint=hint, offset=offset)
        number = self.number(value, offset)
        if number.constant is not None:
            return self.truth(number.constant != 0)
        return self.make(sympy.Ne, (number, self.leaf(0)), offset, kind="condition")

    def cells(self, value: Value, offset: int) -> Cells:
        """Return a value as an array of numbers or conditions, of shape () for one of them.

        Raises:
            errors.BadShape: a list whose items differ in shape.
            NeedsShapes: an argument of unknown shape.
        """
        if value.cells is not None:
            return value.cells
        if value.kind == "argument":
            return self._argument_cells(value, offset)
        if value.kind == "tuple":
            parts = [self.cells(item, offset) for item in value.items]
            if len({part.shape for part in parts}) > 1:
                raise errors.BadShape("the items of a list differ in shape", offset=offset)
            self.room(sum([span(part.shape) for part in parts]), offset)
            stacked: Cells = np.stack(parts) if parts else np.empty(0, object)
            self.check_rank(stacked.ndim, offset)
            return stacked
        found = np.empty((), object)
        found[()] = value if value.kind == "condition" else self.number(value, offset)
        return found

    def _argument_cells(self, value: Value, offset: int) -> Cells:
        if self.shapes is None:
            raise NeedsShapes
        found = self._cells.get(value.argument)
        if found is None:
            shape = self.shapes[value.argument]
            self.room(span(shape), offset)
            found = np.empty(shape, object)
            for indices in np.ndindex(shape):
                found[indices] = self._input(value.argument, indices)
            self._cells[value.argument] = found
        part: Cells = found[tuple([_integer(item) for item in value.items])]
        return part

    def items(self, value: Value, offset: int) -> Sequence[Value]:
        """Return what iterating over a value yields: the items of a list, an array's parts along its first axis."""
        if value.kind == "tuple":
            return value.items
        if value.kind == "argument" and self.shapes is None:
            raise NeedsShapes
        if not self.is_array(value):
            raise errors.BadShape("a number has no items to go through", offset=offset)
        cells = self.cells(value, offset)
        if not cells.size:
            self.room(len(cells), offset)  # parts with nothing in them have not been counted yet
        return [array_of(part) for part in cells]

    def _use(self, argument: int, rank: int, offset: int) -> None:
        before = self.ranks[argument]
        if before is not None and before != rank:
            if before and rank:
                raise NeedsShapes  # X[0] and X[0, 1]: a row and a number
            name = self._args[argument]
            uses = sorted(("a number" if r == 0 else f"an array of rank {r}") for r in (before, rank))
            raise errors.BadShape(f"'{name}' is used as {uses[0]} and as {uses[1]}", offset=offset)
        self.ranks[argument] = rank

    # Arrays

    def lift(self, function: Callable[..., Value], values: Sequence[Value], offset: int) -> Value:
        """Apply a function of single values to each cell of broadcast arrays."""
        parts = [self.cells(value, offset) for value in values]
        try:
            shape = np.broadcast_shapes(*[part.shape for part in parts])
        except ValueError:
            listed = " and ".join(str(list(part.shape)) for part in parts)
            raise errors.BadShape(f"shapes {listed} do not fit each other", offset=offset) from None
        self.room(span(shape), offset)
        found = np.empty(shape, object)
        flat = [np.broadcast_to(part, shape).ravel().tolist() for part in parts]
        found.ravel()[:] = [function(*cells) for cells in zip(*flat, strict=True)] if found.size else []
        return array_of(found)

    def element(self, base: Value, indices: Sequence[Value], offset: int) -> Value:
        """Return what indices and slices choose.

        Raises:
            errors.BadShape: out of range, or more indices than axes.
        """
        for index in indices:
            if index.kind in {"argument", "condition"} or (index.kind == "number" and index.constant is None):
                self.integer(index, offset)
        if base.kind == "tuple" and len(indices) == 1 and indices[0].kind in {"number", "slice"}:
            return self._item(base, indices[0], offset)
        if base.kind == "argument" and all(index.kind == "number" for index in indices):
            return self._argument_element(base, indices, offset)
        if base.kind == "argument" and self.shapes is None:
            raise NeedsShapes
        if not self.is_array(base):
            raise errors.BadShape("a number cannot be indexed", hint="only arrays have elements", offset=offset)
        cells = self.cells(base, offset)
        key = tuple([self._index(index, offset) for index in indices])
        chosen = [len(part) for part in key if isinstance(part, list)]
        self.room(span(cells.shape) * math.prod(chosen) if chosen else 1, offset)
        self.check_rank(cells.ndim + key.count(None), offset)
        try:
            return array_of(cells[key])
        except (IndexError, OverflowError):
            written = ", ".join("..." if part is Ellipsis else str(part) for part in key)
            shape = list(cells.shape)
            raise errors.BadShape(f"index {written[:60]} into an array of shape {shape}", offset=offset) from None

    def _item(self, base: Value, index: Value, offset: int) -> Value:
        if index.kind == "slice":
            chosen = base.items[self._index(index, offset)]
            self.room(len(chosen), offset)
            return tuple_of(chosen)
        position = self.integer(index, offset)
        if not -len(base.items) <= position < len(base.items):
            raise errors.BadShape(f"index {position} into {len(base.items)} items", offset=offset)
        return base.items[position]

    def _argument_element(self, base: Value, indices: Sequence[Value], offset: int) -> Value:
        numbers = [self.integer(index, offset) for index in indices]
        shape = None if self.shapes is None else self.shapes[base.argument][len(base.items) :]
        if shape is not None:
            name = self._args[base.argument]
            if len(numbers) > len(shape):
                found = list(self.shapes[base.argument]) if self.shapes else []
                raise errors.BadShape(f"more indices into '{name}' than its shape {found} has axes", offset=offset)
            for axis, size in enumerate(shape[: len(numbers)]):
                if not -size <= numbers[axis] < size:
                    detail = f"index {numbers[axis]} into '{name}', which has length {size} there"
                    raise errors.BadShape(detail, offset=offset)
                numbers[axis] %= size
        # Each index becomes one literal, however it was computed.
        items = (*base.items, *map(self.leaf, numbers))
        if len(items) > self.limits.max_rank:
            raise errors.TooComplex(f"more than {self.limits.max_rank} indices", offset=offset)
        if shape is not None and len(shape) == len(numbers):
            return self._input(base.argument, tuple([_integer(item) for item in items]))
        return Value(_NOTHING, kind="argument", items=items, argument=base.argument)

    def _index(self, index: Value, offset: int) -> Any:
        """Return an index as NumPy takes it."""
        if index.kind == "slice":
            bounds = [None if part.kind == "none" else self.integer(part, offset) for part in index.items]
            if bounds[2] == 0:
                raise errors.BadShape("the step of a slice is 0", offset=offset)
            return slice(*bounds)
        if index.kind == "none":
            return None
        if index.kind == "ellipsis":
            return Ellipsis
        if index.kind in _COLLECTIONS:
            return [self.integer(array_of(part), offset) for part in self.cells(index, offset)]
        return self.integer(index, offset)

    def integer(self, value: Value, offset: int, what: str = "an index") -> int:
        """Return an integer known from the text."""
        if type(value.constant) is not int or value.kind != "number":
            raise errors.SyntaxRejected(f"{what} must be an integer known from the text", offset=offset)
        return value.constant

    # Nodes

    def make(
        self,
        cls: type[Basic],
        operands: Sequence[Value],
        offset: int,
        *,
        kind: str = "number",
        constant: Number | None = None,
    ) -> Value:
        """Return the one node of this class over these operands."""
        key = (cls, *[id(operand.node) for operand in operands])
        known = self._interned.get(key)
        if known is not None:
            return known
        self._operations += max(1, len(operands) - 1)
        if self._operations > self.limits.max_operations:
            raise errors.TooComplex(f"more than {self.limits.max_operations} operations", offset=offset)
        node = Basic.__new__(cls, *[operand.node for operand in operands])
        if cls is sympy.Add or cls is sympy.Mul or cls is sympy.Pow:
            node.is_commutative = True
        value = self._interned[key] = Value(node, constant, kind)
        return value

    def _folding(self, cls: type[Basic], operands: Sequence[Value], fold: Callable[..., Any], offset: int) -> Value:
        """Return a node with its constant; one that is not finite is a fault, if the function comes to use it."""
        constant, fault = None, None
        try:
            constant = fold(None if self.defining else offset)
        except errors.BadConstant as error:
            constant, fault = fold(None), error
        if len(operands) == 1 and cls in (sympy.Add, sympy.Mul):
            return operands[0]
        value = self.make(cls, operands, offset, constant=constant)
        if fault is not None:
            self.faults[id(value.node)] = fault.with_traceback(None)
        return value

    def negative(self, value: Value, offset: int) -> Value:
        """Return -value."""
        if value.constant is not None:
            constant = -value.constant
            if value.node.is_Number:
                return self.leaf(constant)
            return self.make(sympy.Mul, (self.leaf(-1), value), offset, constant=constant)
        return self.make(sympy.Mul, (self.leaf(-1), value), offset)

    def sum(self, terms: Sequence[Value], signs: str, offset: int) -> Value:
        """Return a sum of numbers; the signs are + and -, the first is +."""
        signed = [self.negative(t, offset) if sign == "-" else t for t, sign in zip(terms, signs, strict=True)]
        known = [term.constant for term in terms]
        return self._folding(sympy.Add, signed, lambda where: constants.fold_chain(known, signs, where), offset)

    def product(self, factors: Sequence[Value], signs: str, offset: int) -> Value:
        """Return a product of numbers; the signs are * and /, the first is *."""
        known = [factor.constant for factor in factors]
        first, *rest = factors
        if first.node is sympy.Integer(-1):
            # Mul(-1, x) is how a negation is written, so a literal -1 becomes a float: same value, a leaf.
            first = self.leaf(-1.0)
        parts = [first]
        for factor, sign in zip(rest, signs[1:], strict=True):
            parts.append(self._inverse(factor, offset) if sign == "/" else factor)
        return self._folding(sympy.Mul, parts, lambda where: constants.fold_chain(known, signs, where), offset)

    def _inverse(self, value: Value, offset: int) -> Value:
        """Return the denominator ``value`` as Pow(value, -1), the way SymPy writes a division."""
        constant = constants.inverse(value.constant)
        return self.make(sympy.Pow, (value, self.leaf(-1)), offset, constant=constant)

    def power(self, base: Value, exponent: Value, offset: int) -> Value:
        """Return base**exponent."""
        known = base.constant, exponent.constant
        return self._folding(sympy.Pow, (base, exponent), lambda where: constants.fold_power(*known, where), offset)

    def compare(self, terms: Sequence[Value], relations: Sequence[str], offset: int) -> Value:
        """Return a comparison of numbers, chained where there are more than two."""
        parts = []
        for relation, first, second in zip(relations, terms, terms[1:], strict=False):
            known = constants.fold_relation(relation, first.constant, second.constant)
            cls = _RELATIONS[relation]
            parts.append(self.make(cls, (first, second), offset, kind="condition", constant=known))
        return self.all(parts, offset)

    def all(self, conditions: Sequence[Value], offset: int) -> Value:
        """Return whether all conditions hold."""
        return self._join(sympy.And, conditions, False, offset)

    def any(self, conditions: Sequence[Value], offset: int) -> Value:
        """Return whether some condition holds."""
        return self._join(sympy.Or, conditions, True, offset)

    def _join(self, cls: type[Basic], conditions: Sequence[Value], decisive: bool, offset: int) -> Value:
        known = [condition.constant for condition in conditions]
        if any(constant is not None and bool(constant) == decisive for constant in known):
            return self.truth(decisive)
        if all(constant is not None for constant in known):
            return self.truth(not decisive)
        if len(conditions) == 1:
            return conditions[0]
        return self.make(cls, conditions, offset, kind="condition")

    def invert(self, condition: Value, offset: int) -> Value:
        """Return whether a condition does not hold."""
        if condition.constant is not None:
            return self.truth(not condition.constant)
        return self.make(sympy.Not, (condition,), offset, kind="condition")

    def choose(self, test: Value, chosen: Value, other: Value, offset: int) -> Value:
        """Return one of two numbers or conditions, as a condition says."""
        if test.constant is not None:
            return chosen if test.constant else other
        if chosen.kind == other.kind == "condition":
            either = self.all((test, chosen), offset), self.all((self.invert(test, offset), other), offset)
            return self.any(either, offset)
        cases = ((self.number(chosen, offset), test), (self.number(other, offset), self.truth(True)))
        return self.piecewise(cases, offset)

    def piecewise(self, cases: Sequence[tuple[Value, Value]], offset: int) -> Value:
        """Return the first value whose condition holds, nan if none does."""
        pairs = [self.make(ExprCondPair, case, offset, kind="pair") for case in cases]
        return self.make(sympy.Piecewise, pairs, offset, constant=_chosen(cases))

    # Functions

    def apply(self, word: vocabulary.Word, operands: Sequence[Value], offset: int) -> Value:
        """Return an elementwise function of numbers or conditions, or of arrays of them, cell by cell."""
        if word.kind == "order":
            _order(operands[0], word.names[0], offset)
        if any(self.is_array(operand) for operand in operands):
            return self.lift(lambda *cells: self.apply(word, cells, offset), operands, offset)
        definition = vocabulary.OVERLOADS.get((word.names[0], len(operands))) or word.definition
        if word.kind == "order":
            definition = vocabulary.ORDERED[word.names[0]](_order(operands[0], word.names[0], offset))
        if definition is not None:
            return self._defined(definition, list(operands), offset)
        if word.node is None or word.opcode is None:
            raise AssertionError(f"{word.names[0]} has neither a node nor a definition")
        if word.kind == "logic":
            conditions = [self.condition(value, offset) for value in operands]
            if word.opcode == "not":
                return self.invert(conditions[0], offset)
            return (self.all if word.opcode == "and" else self.any)(conditions, offset)
        numbers = [self.number(value, offset) for value in operands]
        known, opcode = [number.constant for number in numbers], word.opcode
        return self._folding(word.node, numbers, lambda where: constants.fold_call(opcode, known, where), offset)

    def call(self, name: str, *operands: Value, offset: int) -> Value:
        """Return a word of the vocabulary by its canonical name, applied."""
        return self.apply(vocabulary.BY_NAME[name], operands, offset)

    def _defined(self, definition: str, operands: list[Value], offset: int) -> Value:
        """Return a definition of the vocabulary expanded; of its constants only the result must be finite."""
        self.defining += 1
        result = self.expand(definition, operands, offset)
        self.defining -= 1
        if result.constant is not None and result.kind == "number" and not self.defining:
            known = [operand.constant for operand in operands if operand.constant is not None]
            if all(map(math.isfinite, known)):
                try:
                    constants.finite(result.constant, offset)
                except errors.BadConstant as error:
                    self.faults[id(result.node)] = error.with_traceback(None)
        return result


def never(*_: object) -> Value:
    """Stand for the reader of definitions where there is none."""
    raise AssertionError("nobody said how definitions are expanded")


_WHAT = {
    "none": "None",
    "ellipsis": "an ellipsis",
    "slice": "a slice",
    "pair": "a case",
}


def _order(value: Value, name: str, offset: int) -> int:
    """Return the order of a function that has one for each integer."""
    order, most = value.constant, vocabulary.MAX_ORDER
    if value.kind != "number" or order is None or order != order // 1 or not 0 <= order <= most:
        hint = f"write {name}(2, x); the orders are the integers from 0 to {most}"
        raise errors.SyntaxRejected(f"the order of {name} is not one that is supported", hint=hint, offset=offset)
    return int(order)


def _integer(value: Value) -> int:
    assert isinstance(value.constant, int)
    return value.constant


def _chosen(cases: Sequence[tuple[Value, Value]]) -> Number | None:
    """Return the constant of the case that constant conditions choose."""
    for value, condition in cases:
        if condition.constant is None:
            return None
        if condition.constant:
            return value.constant
    return None


@functools.cache
def _base(argument: int) -> Basic:
    base: Basic = sympy.IndexedBase(f"v{argument}")
    return base
