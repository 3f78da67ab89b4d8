"""``match`` statements, as branches: a ``case`` is a condition on the subject, and assigns what it captures.

A pattern is read as an expression; its code becomes that of the condition.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from app import errors
from app.language.grammar import stack_code
from app.language.grammar.cursor import Cursor
from app.language.grammar.stack_code import (
    Apply,
    Assign,
    Bind,
    Code,
    Collection,
    Compare,
    Index,
    Instruction,
    Joined,
    Marker,
    Name,
    Number,
    Text,
    Unary,
)

_MAX_DEPTH = 8
_INSTEAD = "write if and elif; a case is a number, a string, a name, or several in brackets"


class Case(NamedTuple):
    """The code of a condition, empty if it always holds; the code of what is captured, by name; guard and body."""

    condition: list[Instruction]
    captured: dict[str, list[Instruction]]
    guard: Code = ()
    body: Code = ()
    offset: int = 0


def begins(cursor: Cursor) -> bool:
    """Return whether a ``match`` begins here; ``match`` may be a name, too."""
    if cursor.peek().text != "match" or cursor.peek(1).text in {"=", ".", ",", ":", ")", ""}:
        return False
    ahead = 1
    while cursor.peek(ahead).kind not in {"newline", "end"}:
        ahead += 1
    has_colon = cursor.peek(ahead - 1).text == ":"
    while cursor.peek(ahead).kind == "newline":
        ahead += 1
    return has_colon and cursor.peek(ahead).text == "case"


def branches(subject: str, value: Code, cases: Sequence[Case], offset: int) -> list[Instruction]:
    """Return the code of a match of a value, which is kept under the name ``subject``."""
    arms: list[tuple[Code, Code, int]] = []
    other: list[Instruction] = []
    for condition, captured, guard, body, start in cases:
        assigned, tested = list[Instruction](), list(guard)
        for name, code in captured.items():
            if guard:
                tested = [*code, Bind(name, True, start), *tested]
            else:
                assigned += [*code, Assign(name, keep=False, augmented=False, offset=start)]
        if guard and captured:  # its value is the last of what the stack has now
            tested += [Collection("tuple", 1 + len(captured), start), *_integer(-1, start), Index(1, start)]
        tested = _both(condition, tested, start) if condition and guard else [*condition, *tested]
        if not tested:
            other = [*assigned, *body]
            break
        arms.append((tested, [*assigned, *body], start))
    chosen = stack_code.branches(arms, other, cases=True)
    return [*value, Assign(subject, keep=False, augmented=False, offset=offset), *chosen]


def case(pattern: Code, subject: Code, depth: int = 0) -> Case:
    """Return the case of a pattern, of which the code is given as that of an expression."""
    last = pattern[-1]
    offset = last.offset
    if isinstance(last, Name) and "." not in last.name and last.name not in {"True", "False"}:
        return Case([], {} if last.name == "_" else {last.name: list(subject)})
    if isinstance(last, Collection) and last.kind != "slice" and depth < _MAX_DEPTH:
        return _sequence(stack_code.operand_codes(pattern), subject, depth, offset)
    if isinstance(last, Joined) and last.word == "or":
        return _alternatives([case(each, subject, depth + 1) for each in stack_code.operand_codes(pattern)], offset)
    if isinstance(last, Name | Number | Text | Marker) or (
        isinstance(last, Unary) and last.operator == "negate" and len(pattern) == 2
    ):
        return Case([*subject, *pattern, Compare(("case",), offset)], {})
    raise errors.SyntaxRejected("this pattern is not in the language", hint=_INSTEAD, offset=offset)


def _alternatives(cases: Sequence[Case], offset: int) -> Case:
    if any(each.captured for each in cases):
        raise errors.SyntaxRejected("an alternative of a pattern captures a name", hint=_INSTEAD, offset=offset)
    joined: list[Instruction] = cases[-1].condition
    for each in reversed(cases[:-1]):
        joined = _either(each.condition, joined, offset) if each.condition and joined else []
    return Case(joined, {})


def _sequence(parts: Sequence[Code], subject: Code, depth: int, offset: int) -> Case:
    starred = [index for index, part in enumerate(parts) if isinstance(part[-1], Unary) and part[-1].operator == "star"]
    if len(starred) > 1:
        raise errors.SyntaxRejected("a pattern has only one starred name", hint=_INSTEAD, offset=offset)
    least = len(parts) - len(starred)
    test = Apply(stack_code.AT_LEAST if starred else stack_code.EXACTLY, 2, (), offset)
    conditions: list[list[Instruction]] = [[*subject, Number(str(least), offset), test]]
    captured: dict[str, list[Instruction]] = {}
    for index, part in enumerate(parts):
        if index in starred:
            ends = [*_integer(index, offset), *_end(index + 1 - len(parts), offset), Marker("none", offset)]
            found = case(part[:-1], [*subject, *ends, Collection("slice", 3, offset), Index(1, offset)], depth + 1)
        else:
            place = index if not starred or index < starred[0] else index - len(parts)
            found = case(part, [*subject, *_integer(place, offset), Index(1, offset)], depth + 1)
        captured |= found.captured
        conditions += [found.condition] if found.condition else []
    joined = conditions.pop()
    while conditions:
        joined = _both(conditions.pop(), joined, offset)
    return Case(joined, captured)


def _integer(number: int, offset: int) -> list[Instruction]:
    return [Number(str(abs(number)), offset), *([Unary("negate", offset)] if number < 0 else [])]


def _end(number: int, offset: int) -> list[Instruction]:
    return _integer(number, offset) if number else [Marker("none", offset)]


def _both(first: Code, second: Code, offset: int) -> list[Instruction]:
    """Return ``second if first else False``."""
    return _choice(first, second, [Name("False", offset)], offset)


def _either(first: Code, second: Code, offset: int) -> list[Instruction]:
    """Return ``True if first else second``."""
    return _choice(first, [Name("True", offset)], second, offset)


def _choice(condition: Code, chosen: Code, other: Code, offset: int) -> list[Instruction]:
    test, unless = stack_code.Test(len(chosen) + 1, offset), stack_code.Unless(len(other) + 1, offset)
    return [*condition, test, *chosen, unless, *other, stack_code.IfElse(offset)]
