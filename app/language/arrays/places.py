"""The places of a loop: for which items its body runs, as index vectors that NumPy computes.

The clauses of a comprehension are expanded one after the other: ``for i in range(n) for j in range(i) if j % 2`` is
two vectors, one for each name. Filters and bounds that depend on the indices alone are resolved for all of them at
once; the body is read once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app import errors
from app.language.arrays import indexing
from app.language.building.array_builder import ArrayBuilder
from app.language.expression.values import Reference, Value, copied, tuple_of
from app.language.grammar import stack_code
from app.language.vocabulary import words

_MOST_CLAUSES = 30

Names = Mapping[str, Value]
Run = Callable[[stack_code.Code, Names], Value]
"""Runs the code of an expression."""
Integers = NDArray[np.int64]


class Unreadable(Exception):
    """The body cannot be read once for all items; the loop may still be unrolled."""


@dataclass(frozen=True, slots=True)
class Items:
    """What a loop goes through: how many, and the item at a position, which may be an array of positions."""

    count: int
    at: Callable[[Value], Value]
    keys: frozenset[str] = frozenset()  # of the objects whose items they are


@dataclass(slots=True)
class _Bound:
    """The items of a clause, and at which of them each place is."""

    pattern: stack_code.Pattern
    items: Items
    rows: Integers


class Places:
    """The places of nested clauses, the outermost first; ``names`` are those around them."""

    def __init__(self, builder: ArrayBuilder, run: Run, names: Names, offset: int) -> None:
        self.count = 1
        self._builder, self._run, self._names, self._offset = builder, run, names, offset
        self._bound: list[_Bound] = []

    def add(self, pattern: stack_code.Pattern, code: stack_code.Code) -> None:
        """Add a clause ``for pattern in code``."""
        names = {name for bound in self._bound for name in stack_code.names_of(bound.pattern)}
        if names.isdisjoint(_names(code)):
            self._add(pattern, items_of(self._builder, self._run, code, self._names, self._offset))
            return
        last = code[-1]
        if not (isinstance(last, stack_code.Apply) and _canonical(last, self._names) == "range"):
            raise Unreadable
        self.add_range(pattern, stack_code.operand_codes(code))

    def add_range(self, pattern: stack_code.Pattern, ends: Sequence[stack_code.Code], beyond: int = 0) -> None:
        """Add ``for pattern in range(*ends)``; ``beyond`` is added to the end."""
        found = [np.broadcast_to(self._integers(code), (self.count,)) for code in ends]
        start, stop = (np.zeros(self.count, np.int64), *found) if len(found) == 1 else found[:2]
        step = found[2] if len(found) == 3 else np.ones(self.count, np.int64)
        if not step.all():
            raise Unreadable
        stop = stop + beyond
        if beyond and (stop < start).any():
            raise Unreadable  # a series whose bounds run backwards
        lengths = np.maximum((stop - start + step - np.sign(step)) // step, 0)
        total = int(lengths.sum())
        self._check(total)
        repeated = np.repeat(np.arange(self.count), lengths)
        within = np.arange(total) - np.repeat(np.cumsum(lengths) - lengths, lengths)
        vector = start[repeated] + step[repeated] * within
        progression = _progression(vector)
        self._extend(repeated)
        if progression is not None:
            self._bound.append(_Bound(pattern, self._range(range(*progression)), np.arange(total)))
        else:
            self._bound.append(_Bound(pattern, self._array(self._builder.known(vector)), np.arange(total)))
        self.count = total

    def filter(self, code: stack_code.Code) -> None:
        """Keep the places where a condition holds, which must be known."""
        condition = self._builder.condition(self._vectorised(code), self._offset)
        if condition.constant is None or condition.shape not in {(), (self.count,)}:
            raise Unreadable
        keep = np.flatnonzero(np.broadcast_to(condition.constant, (self.count,)))
        self._extend(keep)
        self.count = len(keep)

    def known(self, code: stack_code.Code) -> Value | None:
        """Return the values of an expression at all places if they are known, by its elementwise operations alone."""
        try:
            found = self._vectorised(code)
        except (Unreadable, errors.Rejected):
            return None
        return found if found.constant is not None and found.shape == (self.count,) else None

    def at(self, index: Value) -> Iterator[tuple[stack_code.Pattern, Value]]:
        """Yield the patterns, each with its item at the place of this number."""
        for bound in self._bound:
            yield bound.pattern, bound.items.at(self._position(bound.rows, index))

    def _position(self, rows: Integers, index: Value) -> Value:
        progression = _progression(rows)
        if progression is not None:
            return self._range(range(*progression)).at(index)
        return indexing.element(self._builder, self._builder.known(rows), [index], self._offset)

    def _add(self, pattern: stack_code.Pattern, items: Items) -> None:
        self._check(self.count * items.count)
        within = np.tile(np.arange(items.count), self.count)
        self._extend(np.repeat(np.arange(self.count), items.count))
        self._bound.append(_Bound(pattern, items, within))
        self.count *= items.count

    def _charge(self) -> None:
        """Charge what one pass over the positions of all clauses costs."""
        if len(self._bound) >= _MOST_CLAUSES:
            raise errors.TooComplex(f"more than {_MOST_CLAUSES} clauses in one loop", offset=self._offset)
        self._builder.charge((1 + len(self._bound)) * (1 + self.count // 64), self._offset)

    def _extend(self, rows: Integers) -> None:
        self._charge()
        for bound in self._bound:
            bound.rows = bound.rows[rows]

    def _check(self, count: int) -> None:
        check(count, self._builder.limits.max_loop_indices, self._offset)

    def _integers(self, code: stack_code.Code) -> Integers:
        constant = self._vectorised(code).constant
        if constant is None or np.asarray(constant).dtype.kind != "i":
            raise Unreadable
        return np.asarray(constant, np.int64)

    def _vectorised(self, code: stack_code.Code) -> Value:
        """Run an expression for all places at once, if its operations on indices are elementwise."""
        self._charge()
        names = dict(self._names)
        for bound in self._bound:
            _bind(bound.pattern, bound.items.at(self._builder.known(bound.rows)), names)
        own = {name for bound in self._bound for name in stack_code.names_of(bound.pattern)}
        if not all(_is_elementwise(code, k, own, names) for k in range(len(code))):
            raise Unreadable
        return self._run(code, names)

    def _range(self, integers: range) -> Items:
        return _of_range(self._builder, integers, self._offset)

    def _array(self, array: Value) -> Items:
        return of_array(self._builder, array, self._offset)


def items_of(builder: ArrayBuilder, run: Run, code: stack_code.Code, names: Names, offset: int) -> Items:
    """Return what the code of an expression gives a loop to go through."""
    last = code[-1]
    word = _canonical(last, names)
    if isinstance(last, stack_code.Apply) and not last.keywords and word in _LAZY:
        return _LAZY[word](builder, run, stack_code.operand_codes(code), names, offset)
    value = run(code, names)
    if value.holds:
        raise Unreadable  # its items are objects that the body may change
    return of_array(builder, builder.array(value, offset), offset)


def of_array(builder: ArrayBuilder, array: Value, offset: int) -> Items:
    """Return the parts of an array along its first axis."""
    if not array.shape:
        raise errors.BadShape("a number has no items to go through", offset=offset)
    keys = frozenset[str]() if array.reference is None else frozenset((array.reference.key, *array.reference.perhaps))

    def at(position: Value) -> Value:
        found = indexing.element(builder, array, [position], offset)
        if keys and found.shape:
            found = copied(found)
            found.reference = Reference("", (), keys)
            builder.ambiguous = True
        return found

    return Items(array.shape[0], at, keys)


def _of_range(builder: ArrayBuilder, integers: range, offset: int) -> Items:
    def at(position: Value) -> Value:
        scaled = position
        if integers.step != 1:
            scaled = builder.product((builder.leaf(integers.step), position), "**", offset)
        return scaled if integers.start == 0 else builder.sum((scaled, builder.leaf(integers.start)), "++", offset)

    return Items(len(integers), at)


def check(count: int, most: int, offset: int) -> None:
    """Refuse a loop of too many steps."""
    if count > most:
        raise errors.TooComplex(f"loops of more than {most} steps", offset=offset)


def _length(integers: range) -> int:
    """Return the length of a range, which ``len`` refuses beyond 2**63."""
    return max(0, -((integers.start - integers.stop) // integers.step))


def _ranged(builder: ArrayBuilder, run: Run, operands: Sequence[stack_code.Code], names: Names, offset: int) -> Items:
    ends = [builder.integer(run(code, names), offset, "the end of a range") for code in operands]
    if not 1 <= len(ends) <= 3 or (len(ends) == 3 and ends[2] == 0):
        raise Unreadable  # the word says what is wrong
    check(_length(range(*ends)), builder.limits.max_loop_indices, offset)
    return _of_range(builder, range(*ends), offset)


def _zipped(builder: ArrayBuilder, run: Run, operands: Sequence[stack_code.Code], names: Names, offset: int) -> Items:
    columns = [items_of(builder, run, code, names, offset) for code in operands]
    count = min([column.count for column in columns])
    keys = frozenset[str]().union(*[column.keys for column in columns])
    return Items(count, lambda position: tuple_of([column.at(position) for column in columns]), keys)


def _enumerated(
    builder: ArrayBuilder, run: Run, operands: Sequence[stack_code.Code], names: Names, offset: int
) -> Items:
    items = items_of(builder, run, operands[0], names, offset)
    first = builder.integer(run(operands[1], names), offset, "start") if len(operands) > 1 else 0
    numbers = _of_range(builder, range(first, first + items.count), offset)
    return Items(items.count, lambda position: tuple_of([numbers.at(position), items.at(position)]), items.keys)


_LAZY: dict[str, Callable[[ArrayBuilder, Run, Sequence[stack_code.Code], Names, int], Items]] = {
    "range": _ranged,
    "zip": _zipped,
    "enumerate": _enumerated,
}
"""Words whose items are made when they are asked for."""

_FREE = (
    stack_code.Number, stack_code.Name, stack_code.Unary, stack_code.Sum, stack_code.Product, stack_code.Compare,
    stack_code.Joined, stack_code.Decide,
)  # fmt: skip
_OF_OPERANDS = (
    stack_code.Apply, stack_code.Index, stack_code.Attribute, stack_code.Call, stack_code.Method,
)  # fmt: skip


def _is_elementwise(code: stack_code.Code, k: int, own: set[str], names: Names) -> bool:
    """Return whether the k-th instruction works element by element, or not on the names in ``own``."""
    instruction = code[k]
    if isinstance(instruction, _FREE) or (isinstance(instruction, stack_code.Binary) and instruction.operator != "@"):
        return True
    if isinstance(instruction, stack_code.Apply) and instruction.name not in names:
        word = words.BY_NAME.get(instruction.name.rpartition(".")[2])
        if word is not None and word.kind == "elementwise" and word.names[0] not in words.REDUCTIONS:
            return True
    if isinstance(instruction, _OF_OPERANDS):
        return own.isdisjoint(_names(code[stack_code.start_of_last(code[: k + 1]) : k]))
    return False


def _canonical(instruction: Any, names: Names) -> str:
    if not isinstance(instruction, stack_code.Apply) or instruction.name in names:
        return ""
    word = words.BY_NAME.get(instruction.name.rpartition(".")[2])
    return word.names[0] if word is not None else ""


def _names(code: stack_code.Code) -> set[str]:
    return {name for _, name in stack_code.free_names(code)}


def _bind(pattern: stack_code.Pattern, value: Value, names: dict[str, Value]) -> None:
    """Bind names to values at many places."""
    if isinstance(pattern, str):
        names[pattern] = value
        return
    if isinstance(pattern, stack_code.Element | stack_code.Star):
        raise Unreadable
    if value.kind != "tuple" or len(value.items) != len(pattern):
        raise Unreadable
    for part, item in zip(pattern, value.items, strict=True):
        _bind(part, item, names)


def _progression(rows: Integers) -> tuple[int, int, int] | None:
    """Return the range that has these numbers, None if there is none."""
    if len(rows) < 2:
        return (int(rows[0]), int(rows[0]) + 1, 1) if len(rows) else (0, 0, 1)
    step = int(rows[1] - rows[0])
    if step == 0 or not (np.diff(rows) == step).all():
        return None
    return int(rows[0]), int(rows[-1]) + (1 if step > 0 else -1), step
