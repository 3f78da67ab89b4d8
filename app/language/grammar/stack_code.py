"""Stack code: the instructions that the grammar makes of a text, in postfix order, and that the tracer runs.

An instruction of an expression takes its ``operands`` off a stack and leaves one value. The parts of Comprehension and
Series are code of their own, run once for each item.

``a if c else b`` is ``c Test a Unless b IfElse``. Where c is known, ``Test`` or ``Unless`` skips the value that is not
chosen, which may not even make sense.

Statements leave no value. ``Assign``, ``Loop``, ``Branch`` and ``Return`` take one operand, ``Break`` and ``Continue``
none. The last field of every instruction is its offset in the text, in characters.
"""

# ruff: noqa: UP014 - one line for each instruction

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple, TypeAlias

Pattern: TypeAlias = "str | tuple[Pattern, ...]"
"""A name to assign a value to, or names for its items."""

# Leaves: a number as the text spells it; an argument, variable or constant with its prefix; "none" (None, and what a
# slice leaves out) or "ellipsis"; a string that is an operand of a function.
Number = NamedTuple("Number", [("text", str), ("offset", int)])
Name = NamedTuple("Name", [("name", str), ("offset", int)])
Marker = NamedTuple("Marker", [("name", str), ("offset", int)])
Text = NamedTuple("Text", [("text", str), ("offset", int)])

# Operators: "negate" or "not"; "**", "//", "%" or "@"; the signs + and - of terms, or * and / of factors, one for each;
# the signs of ``a < b <= c``; conditions joined by "and" or "or".
Unary = NamedTuple("Unary", [("operator", str), ("offset", int)])
Binary = NamedTuple("Binary", [("operator", str), ("offset", int)])
Sum = NamedTuple("Sum", [("signs", str), ("offset", int)])
Product = NamedTuple("Product", [("signs", str), ("offset", int)])
Compare = NamedTuple("Compare", [("signs", tuple[str, ...]), ("offset", int)])
Joined = NamedTuple("Joined", [("word", str), ("size", int), ("offset", int)])

# Choices: Test skips instructions if the condition on the stack is known to fail, Unless if the condition below the
# value on the stack is known to hold.
Test = NamedTuple("Test", [("skip", int), ("offset", int)])
Unless = NamedTuple("Unless", [("skip", int), ("offset", int)])
IfElse = NamedTuple("IfElse", [("offset", int)])

# A "tuple", "list" or "slice" (start, stop, step); a function by name, whose last operands are ``keywords``;
# ``operand[...]``; ``operand.name``.
Collection = NamedTuple("Collection", [("kind", str), ("size", int), ("offset", int)])
Apply = NamedTuple("Apply", [("name", str), ("size", int), ("keywords", tuple[str, ...]), ("offset", int)])
Index = NamedTuple("Index", [("size", int), ("offset", int)])
Attribute = NamedTuple("Attribute", [("name", str), ("offset", int)])

# ``body for pattern in items if conditions``, the outermost clause first.
Clause = NamedTuple("Clause", [("pattern", Pattern), ("items", "Code"), ("conditions", "tuple[Code, ...]")])
Comprehension = NamedTuple("Comprehension", [("body", "Code"), ("clauses", tuple[Clause, ...]), ("offset", int)])

# ``word(body, (name, first, last), ...)``: Sum or Product, ``last`` included; as in SymPy, the innermost bounds first.
Bounds = NamedTuple("Bounds", [("name", str), ("first", "Code"), ("last", "Code")])
Series = NamedTuple("Series", [("word", str), ("body", "Code"), ("bounds", tuple[Bounds, ...]), ("offset", int)])

# Statements. ``keep`` leaves the value on the stack for the next target of ``a = b = value``.
Assign = NamedTuple("Assign", [("pattern", Pattern), ("keep", bool), ("offset", int)])
Loop = NamedTuple("Loop", [("pattern", Pattern), ("body", "Code"), ("offset", int)])
Branch = NamedTuple("Branch", [("chosen", "Code"), ("other", "Code"), ("offset", int)])
Return = NamedTuple("Return", [("offset", int)])
Break = NamedTuple("Break", [("offset", int)])
Continue = NamedTuple("Continue", [("offset", int)])

Instruction: TypeAlias = (
    Number | Name | Marker | Text | Attribute | Unary | Binary | Sum | Product | Compare | Joined | Test | Unless
    | IfElse | Collection | Apply | Index | Comprehension | Series | Assign | Loop | Branch | Return | Break | Continue
)  # fmt: skip
Code: TypeAlias = "Sequence[Instruction]"

ATTRIBUTES = frozenset({"T", "shape", "size", "ndim"})
"""Attributes of arrays."""

STATEMENTS = (Assign, Loop, Branch, Return, Break, Continue)


def instructions(code: Sequence[Any]) -> Iterator[Instruction]:
    """Yield every instruction of a code, also those of the code within others."""
    for each in code:
        if isinstance(each, list | tuple):
            if hasattr(each, "offset"):
                yield each  # type: ignore[misc]
            yield from instructions(each)


def operands(instruction: Instruction) -> int:
    """Return how many operands an instruction of an expression takes off the stack."""
    match instruction:
        case Sum(signs) | Product(signs):
            return len(signs)
        case Compare(signs):
            return len(signs) + 1
        case Joined() | Collection() | Apply():
            return instruction.size
        case Index(size):
            return size + 1
        case Unary() | Attribute() | Test() | Unless():
            return 1
        case Binary():
            return 2
        case IfElse():
            return 3
    return 0


def start_of_last(code: Code) -> int:
    """Return where the code of the last of several operands begins."""
    index, needed = len(code), 1
    while needed:
        index -= 1
        needed += operands(code[index]) - 1
    return index


def operand_codes(code: Code) -> list[Code]:
    """Return the code of each operand of the last instruction."""
    found: list[Code] = []
    left = code[:-1]
    for _ in range(operands(code[-1])):
        start = start_of_last(left)
        found.append(left[start:])
        left = left[:start]
    return found[::-1]


def free_names(code: Code, bound: frozenset[str] = frozenset()) -> Iterator[tuple[int, str]]:
    """Yield the names that an expression uses but does not bind, each with its offset."""
    for instruction in code:
        if isinstance(instruction, Name):
            if instruction.name not in bound:
                yield instruction.offset, instruction.name
        elif isinstance(instruction, Comprehension):
            inner = bound
            for clause in instruction.clauses:
                yield from free_names(clause.items, inner)
                inner = inner | frozenset(names_of(clause.pattern))
                for condition in clause.conditions:
                    yield from free_names(condition, inner)
            yield from free_names(instruction.body, inner)
        elif isinstance(instruction, Series):
            inner = bound | {bounds.name for bounds in instruction.bounds}
            for bounds in instruction.bounds:
                yield from free_names(bounds.first, inner)
                yield from free_names(bounds.last, inner)
            yield from free_names(instruction.body, inner)


def names_of(pattern: Pattern) -> Iterator[str]:
    if isinstance(pattern, str):
        yield pattern
    else:
        for part in pattern:
            yield from names_of(part)
