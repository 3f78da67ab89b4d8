r"""What is written around a formula: dollars, environments, and a head, ``f(x, y) =``."""

from __future__ import annotations

from typing import NamedTuple

from app import errors
from app.language.grammar.spelling.latex import commands, names
from app.language.grammar.spelling.latex.marks import Mark, Marks, paired

_AROUND = {"$": "$", r"\[": r"\]", r"\(": r"\)"}
_DEFINES = frozenset({"=", "coloneqq", "triangleq", "equiv", "doteq"})
_SEPARATES = frozenset({",", ";", "|", "mid", "vert"})
_OPENS = frozenset({"(", "[", "{", r"\{"})
_CLOSES = frozenset({")", "]", "}", r"\}"})


class Head(NamedTuple):
    """The parameters of a formula with their marks, None if it names none, and where its right-hand side begins."""

    parameters: dict[str, Mark] | None
    start: int


def unwrapped(marks: Marks) -> Marks:
    """Return the marks without what is around the formula, and without colons, which say ``:=``."""
    inner, last = [mark for mark in marks.marks[:-1] if mark.sign != ":"], marks.marks[-1]
    while len(inner) > 1:
        first, final = inner[0], inner[-1]
        if first.kind == "begin" and first.text in commands.AROUND and (final.kind, final.text) == ("end", first.text):
            inner = _in_one_line(inner[1:-1])
        elif first.sign in _AROUND and final.sign == _AROUND[first.sign]:
            inner = inner[1:-1]
        else:
            break
    while inner and inner[-1].sign in {".", ",", ";"}:
        inner.pop()
    if len(inner) == len(marks.marks) - 1:
        return marks
    return Marks([*inner, last], paired([*inner, last]))


def _in_one_line(inner: list[Mark]) -> list[Mark]:
    """Return marks without the ends of lines and the alignment of the environment around them."""
    kept, depth = [], 0
    for mark in inner:
        depth += (mark.kind == "begin") - (mark.kind == "end")
        if depth or mark.sign not in {"&", r"\\"}:
            kept.append(mark)
    return kept


def head(marks: Marks) -> Head:
    """Return the head of a formula; refuse a parameter that stands twice."""
    equals = _equals(marks)
    found = names.spelling(marks, 0)
    if equals is None or found is None:
        return Head(None, 0)
    at = _behind_index(marks, found[1])
    if at == equals:
        return Head(None, equals + 1)
    if marks.marks[at].sign not in {"(", "["} or marks.marks[equals - 1].sign not in {")", "]"}:
        return Head(None, 0)
    parameters: dict[str, Mark] = {}
    known = names.Names((), ())
    while True:
        mark, found = marks.marks[at + 1], names.spelling(marks, at + 1)
        if found is None:
            return Head(None, 0)
        parts: tuple[str, ...] | None = ()
        at = found[1]
        if marks.marks[at].sign == "_":
            parts, at = names.index_parts(marks, at + 1)
        if parts is None:
            return Head(None, 0)
        name, _ = known.resolve(found[0], parts)
        if name in parameters:
            raise errors.SyntaxRejected(f"the argument {errors.quote(name)} stands twice", offset=mark.offset)
        parameters[name] = mark
        if at == equals - 1:
            return Head(parameters, equals + 1)
        if marks.marks[at].sign not in _SEPARATES:
            return Head(None, 0)


def _behind_index(marks: Marks, at: int) -> int:
    if marks.marks[at].sign != "_":
        return at
    return marks.closing[at + 1] + 1 if marks.marks[at + 1].sign == "{" else at + 2


def _equals(marks: Marks) -> int | None:
    """Return where the sign stands that ends a head, None if there is none outside of brackets."""
    depth = 0
    for index, mark in enumerate(marks.marks):
        if depth == 0 and mark.sign in _DEFINES:
            return index
        depth += mark.sign in _OPENS or mark.kind == "begin"
        depth -= mark.sign in _CLOSES or mark.kind == "end"
    return None
