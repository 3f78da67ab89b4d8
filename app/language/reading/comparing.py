"""Comparisons: of numbers and arrays, of strings, with None, and whether a value is among others."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from app import errors
from app.language.expression.values import Value
from app.language.grammar import stack_code
from app.language.reading import dictionaries

if TYPE_CHECKING:
    from app.language.reading.operations import StackFrame

_COMPARED = frozenset({"text", "none"})
_OF_ITEMS = frozenset({"tuple", "dict", "function"})
_RELATIONS = {"is": ("is", False), "is not": ("is", True), "in": ("in", False), "not in": ("in", True)}
"""What a relation asks, and whether it is negated."""


def compare(frame: StackFrame, comparison: stack_code.Compare) -> None:
    builder, signs, offset = frame.builder, comparison.signs, frame.offset
    if not _RELATIONS.keys().isdisjoint(signs):
        frame.stack.append(_related(frame, frame.pop(len(signs) + 1), signs))
        return
    if signs == ("case",):
        first, signs = frame.stack[-2], ("==",)
        if first.kind in _OF_ITEMS or first.listed:  # which is no number or string
            del frame.stack[-2:]
            frame.stack.append(builder.truth(False))
            return
    if frame.stack[-1].kind in _COMPARED or frame.stack[-2].kind in _COMPARED:
        frame.stack.append(_same(frame, frame.pop(len(signs) + 1), signs))
        return
    if len(signs) == 1 and signs[0] in {"==", "!="} and frame.stack[-1].kind == frame.stack[-2].kind == "tuple":
        frame.stack.append(_same_items(frame, *frame.pop(2), negated=signs[0] == "!="))
        return
    frame.push(len(signs) + 1, lambda cells: builder.compare(frame.numbers(cells), signs, offset))


def _same(frame: StackFrame, operands: Sequence[Value], signs: Sequence[str]) -> Value:
    """Return whether two strings are the same, or a value is None."""
    if len(operands) != 2 or signs[0] not in {"==", "!="}:
        raise errors.SyntaxRejected("strings are compared by == and !=", offset=frame.offset)
    first, second = operands
    same = first.kind == second.kind and first.text == second.text
    return frame.builder.truth(same == (signs[0] == "=="))


def _same_items(frame: StackFrame, first: Value, second: Value, *, negated: bool) -> Value:
    """Return whether two lists have the same items, as Python compares them."""
    builder, offset = frame.builder, frame.offset
    different = [builder.truth(len(first.items) != len(second.items))]
    for pair in zip(first.items, second.items, strict=False):
        frame.stack += pair
        compare(frame, stack_code.Compare(("!=",), offset))
        different.append(builder.condition(frame.stack.pop(), offset, "or"))
    found = builder.any(different, offset)
    return found if negated else builder.invert(found, offset)


def _related(frame: StackFrame, operands: Sequence[Value], signs: Sequence[str]) -> Value:
    """Return whether a value is among others, or is None."""
    builder, offset = frame.builder, frame.offset
    if len(signs) > 1:
        raise errors.SyntaxRejected(f"'{signs[0]}' is not chained in the language", hint="join with and", offset=offset)
    first, second = operands
    word, negated = _RELATIONS[signs[0]]
    if word == "is":
        if "none" not in {first.kind, second.kind}:
            raise errors.SyntaxRejected("'is' is for None alone", hint="compare with ==", offset=offset)
        return builder.truth((first.kind == second.kind) != negated)
    if first.kind == second.kind == "text":
        return builder.truth((first.text in second.text) != negated)
    if second.kind == "dict":
        return builder.truth((dictionaries.position(second, [first], offset) is not None) != negated)
    if not (second.kind == "tuple" or second.listed):
        hint = "write any(x == a for a in items), or jnp.isin(x, X)"
        raise errors.SyntaxRejected("'in' is for lists written out", hint=hint, offset=offset)
    found = []
    for item in builder.items(second, offset):
        frame.stack += [first, item]
        compare(frame, stack_code.Compare(("==",), offset))
        found.append(builder.condition(frame.stack.pop(), offset, "or"))
    among = builder.any(found, offset) if found else builder.truth(False)
    return builder.invert(among, offset) if negated else among
