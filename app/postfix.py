"""Postfix code: what the grammar makes of a text and the machine runs.

The instructions, with the operands they take off the stack:

    number text            0    name dotted-name     0    none, ellipsis        0    negate, not            1
    sum signs              n    product signs        n    binary op (// % @)    2    power                  2
    compare relations    n+1    and / or count       n    tuple / list n        n
    test skip              1    unless skip          1    ifelse                3
    call Call              n    index n            n+1    slice                 3    attribute name         1
    comprehension          0    series               0    (their parts are code of their own, run once an item)
    store, keep pattern    1    loop Loop            1    branch Branch         1    return 1, break 0, continue 0

The last line is of statements, which ``syntax`` emits. ``a if c else b`` is ``c test a unless b ifelse``: where c is
known, ``test`` or ``unless`` goes past the value that is not chosen, which may not even make sense.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple, TypeAlias

Pattern: TypeAlias = "str | tuple[Pattern, ...]"
"""What a value is assigned to: a name, or names for its items."""


class Instruction(NamedTuple):
    """One postfix instruction, its data, and where in the text it comes from."""

    kind: str
    data: Any
    offset: int


Code = Sequence[Instruction]


class Call(NamedTuple):
    """A function by name and its operands; ``keywords`` names the last of them."""

    name: str
    operands: int
    keywords: tuple[str, ...] = ()


class Clause(NamedTuple):
    """``for pattern in items``, where all conditions hold."""

    pattern: Pattern
    items: Code
    conditions: tuple[Code, ...]


class Comprehension(NamedTuple):
    """``body for ... in ...``, the outermost clause first."""

    body: Code
    clauses: tuple[Clause, ...]


class Bounds(NamedTuple):
    """``(name, first, last)`` of a series, the last included."""

    name: str
    first: Code
    last: Code


class Series(NamedTuple):
    """``Sum(body, bounds...)`` or ``Product``; as in SymPy, the innermost bounds come first."""

    word: str
    body: Code
    bounds: tuple[Bounds, ...]


class Loop(NamedTuple):
    """The body of a ``for`` statement, run for every item of its operand."""

    pattern: Pattern
    body: Code


class Branch(NamedTuple):
    """The two bodies of an ``if`` statement, of which its operand chooses one."""

    chosen: Code
    other: Code


_OPERANDS = {
    "negate": 1,
    "not": 1,
    "attribute": 1,
    "test": 1,
    "unless": 1,
    "binary": 2,
    "power": 2,
    "ifelse": 3,
    "slice": 3,
}


def _operands(instruction: Instruction) -> int:
    """Return how many operands an instruction of an expression takes."""
    kind, data, _ = instruction
    if kind in {"sum", "product"}:
        return len(data)
    if kind == "compare":
        return len(data) + 1
    if kind in {"and", "or", "tuple", "list"}:
        return int(data)
    if kind == "index":
        return int(data) + 1
    return data.operands if kind == "call" else _OPERANDS.get(kind, 0)


def start_of_last(code: Code) -> int:
    """Return where the last of several operands begins."""
    index, needed = len(code), 1
    while needed:
        index -= 1
        needed += _operands(code[index]) - 1
    return index


def free_names(code: Code, bound: frozenset[str] = frozenset()) -> Iterator[tuple[int, str]]:
    """Yield the names that an expression does not bind itself, each with its place."""
    for kind, data, offset in code:
        if kind == "name" and data not in bound:
            yield offset, data
        elif kind == "comprehension":
            inner = bound
            for clause in data.clauses:
                yield from free_names(clause.items, inner)
                inner = inner | frozenset(names_of(clause.pattern))
                for condition in clause.conditions:
                    yield from free_names(condition, inner)
            yield from free_names(data.body, inner)
        elif kind == "series":
            inner = bound | {bounds.name for bounds in data.bounds}
            for bounds in data.bounds:
                yield from free_names(bounds.first, inner)
                yield from free_names(bounds.last, inner)
            yield from free_names(data.body, inner)


def names_of(pattern: Pattern) -> Iterator[str]:
    """Yield the names of a pattern."""
    if isinstance(pattern, str):
        yield pattern
    else:
        for part in pattern:
            yield from names_of(part)
