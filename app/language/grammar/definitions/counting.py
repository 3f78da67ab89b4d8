"""Which parameters with a default value a function counts by: in a range, a shape, an index. They are no arguments."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

from app.language.grammar import stack_code
from app.language.grammar.stack_code import (
    Apply,
    Assign,
    Branch,
    Break,
    Code,
    Collection,
    Index,
    Instruction,
    Loop,
    Method,
    Name,
    Product,
    Return,
    While,
)

_COUNTED = frozenset({
    "range", "arange", "linspace", "zeros", "ones", "full", "eye", "reshape", "tile", "repeat", "roll", "split",
    "array_split", "hsplit", "vsplit", "ndindex",
})  # fmt: skip
"""Functions whose operands are numbers of things."""


def counts(code: Code, function: str) -> set[str]:
    """Return the names by which a code counts: in the bounds of a range, a shape, an index, an option, ``[a]*n``.

    So do those in conditions on which a loop is left, ``k < n``, and in operands of calls of the function itself. So do
    those of which the values of such variables are made.
    """
    lists = {name for each in _codes(code) for name in _lists(each)}
    parts = itertools.chain(_counting(code, lists), _leaving(code), _recurring(code, function))
    return _with_sources(code, {name for part in parts for name in _names_in(part)})


def ranges(code: Code) -> set[str]:
    """Return the names by which the bounds of ranges are computed."""
    operands = (
        part
        for each in _codes(code)
        for end, instruction in enumerate(each)
        if isinstance(instruction, Apply) and instruction.name == "range"
        for part in stack_code.operand_codes(each[: end + 1])
    )
    return _with_sources(code, {name for part in operands for name in _names_in(part)})


def _counting(code: Code, lists: set[str]) -> Iterator[Code]:
    """Yield the codes of operands that are numbers of things."""
    for each in _codes(code):
        for end, instruction in enumerate(each):
            if isinstance(instruction, Index):
                yield from stack_code.operand_codes(each[: end + 1])[1:]
            elif isinstance(instruction, Apply | Method) and instruction.name.rpartition(".")[2] in _COUNTED:
                yield from stack_code.operand_codes(each[: end + 1])[isinstance(instruction, Method) :]
            elif isinstance(instruction, Apply) and instruction.keywords:
                yield from stack_code.operand_codes(each[: end + 1])[-len(instruction.keywords) :]
            elif isinstance(instruction, Product) and instruction.signs == "**":
                pair = stack_code.operand_codes(each[: end + 1])
                last = [part[-1] for part in pair]
                if any(_is_list(part) or (isinstance(part, Name) and part.name in lists) for part in last):
                    yield from pair


def _leaving(code: Code) -> Iterator[Code]:
    """Yield the codes of the conditions on which loops are left."""
    for loop in stack_code.instructions(code):
        if isinstance(loop, While):
            yield loop.test
        for each in _codes(loop.body) if isinstance(loop, Loop | While) else ():
            for index, instruction in enumerate(each):
                if isinstance(instruction, Branch) and any(
                    isinstance(inner, Break | Return) for inner in stack_code.own_instructions([instruction])
                ):
                    yield each[stack_code.start_of_last(each, index) : index]


def _recurring(code: Code, function: str) -> Iterator[Code]:
    """Yield the codes of the operands that a function gives to itself."""
    for each in _codes(code) if function else ():
        for end, instruction in enumerate(each):
            if isinstance(instruction, Apply) and instruction.name == function:
                yield from stack_code.operand_codes(each[: end + 1])


def _with_sources(code: Code, found: set[str]) -> set[str]:
    """Return names, with those in the values that are assigned to them."""
    sources: dict[str, set[str]] = {}
    for each in _codes(code):
        for index, instruction in enumerate(each):
            if not isinstance(instruction, Assign) or not isinstance(instruction.pattern, str) or not index:
                continue
            if not isinstance(each[index - 1], Assign):  # a = b = value
                value = each[stack_code.start_of_last(each, index) : index]
                sources.setdefault(instruction.pattern, set()).update(_names_in(value))
    left = list(found)
    while left:
        new = sources.pop(left.pop(), set()) - found
        found |= new
        left += new
    return found


def _names_in(code: Code) -> Iterator[str]:
    return (each.name for each in stack_code.instructions(code) if isinstance(each, Name))


def _is_list(instruction: Instruction) -> bool:
    return isinstance(instruction, Collection) and instruction.kind == "list"


def _lists(code: Code) -> Iterator[str]:
    """Yield the names that a code assigns lists to."""
    for before, instruction in itertools.pairwise(code):
        if isinstance(instruction, Assign) and _is_list(before):
            yield from stack_code.names_of(instruction.pattern)


def _codes(part: Any) -> Iterator[Code]:
    """Yield a code and every code within its instructions."""
    if isinstance(part, list | tuple):
        if part and hasattr(part[0], "offset"):
            yield part
        for each in part:
            yield from _codes(each)
