"""Functions that assign variables around them by ``nonlocal``: they take these as operands, and give them back.

``y = add(x)`` of ``def add(x): nonlocal s; ...`` is ``y, s = add(x, s=s)``. So a call is an assignment as others are,
and branches and loops know what it changes. A call stands alone in a statement: ``add(x)``, ``y = add(x)`` or
``return add(x)``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from app import errors
from app.language.grammar import stack_code
from app.language.grammar.stack_code import (
    Apply,
    Assign,
    Branch,
    Chain,
    Code,
    Collection,
    Instruction,
    Loop,
    Name,
    Number,
    While,
)

_VALUE = " value"
"""The variable for what a call returns; no name of a text has a space in it."""
UNUSED = " unused"
"""The variable for what a call returns that stands alone."""


class Writer(NamedTuple):
    """A function by what it assigns around it, and whether it returns a value; else it is 0, which nobody uses."""

    written: tuple[str, ...]
    has_value: bool


def inner_name(name: str) -> str:
    """Return the name under which such a function is called."""
    return f"{name} "


def giving_back(body: Code, writer: Writer, offset: int) -> list[Instruction]:
    """Return the body of a function that returns what it assigns around it, behind its value."""

    def with_returns(code: Code) -> list[Instruction]:
        found: list[Instruction] = []
        for each in code:
            if isinstance(each, stack_code.Return):
                found += _given(writer, each.offset)
            if isinstance(each, Branch):
                found.append(each._replace(chosen=with_returns(each.chosen), other=with_returns(each.other)))
            elif isinstance(each, Chain):
                bodies = tuple([with_returns(body) for body in each.bodies])
                found.append(each._replace(bodies=bodies, other=with_returns(each.other)))
            elif isinstance(each, Loop | While):
                found.append(each._replace(body=with_returns(each.body)))
            else:
                found.append(each)
        return found

    if writer.has_value:
        return with_returns(body)
    return [*body, Number("0", offset), *_given(writer, offset), stack_code.Return(offset)]


def _given(writer: Writer, offset: int) -> list[Instruction]:
    names = [Name(each, offset) for each in writer.written]
    return [*names, Collection("tuple", 1 + len(names), offset)]


def with_written(signature: stack_code.Signature, writer: Writer, offset: int) -> stack_code.Signature:
    """Return the signature of a function that is given what it assigns around it."""
    for each in writer.written:
        if each in signature.names:
            raise errors.SyntaxRejected(f"'{each}' is an argument and nonlocal", hint="leave one out", offset=offset)
    by_name = signature.by_name + len(writer.written)
    return signature._replace(names=(*signature.names, *writer.written), by_name=by_name)


def called(code: Code, writers: Mapping[str, Writer], but: str = "") -> list[Instruction] | None:
    """Return the code of a call that assigns what the function writes; None if it calls no such function.

    The value that the function returns is left on the stack. The function must not write the name ``but``.
    """
    last = code[-1]
    writer = writers.get(last.name) if isinstance(last, Apply) else None
    if writer is None or not isinstance(last, Apply) or but in writer.written:
        return None
    written, offset = writer.written, last.offset
    names = [Name(each, offset) for each in written]
    call = Apply(inner_name(last.name), last.size + len(names), (*last.keywords, *written), offset)
    assign = Assign((_VALUE, *written), keep=False, augmented=False, offset=offset)
    return [*code[:-1], *names, call, assign, Name(_VALUE, offset)]


def check(code: Code, arguments: Iterable[str], writers: Mapping[str, Writer]) -> None:
    """Refuse a body that does not assign what its functions write, or has such a function elsewhere than in a call."""
    own = {*arguments, *_assigned(code)}
    for each in stack_code.instructions(code) if writers else ():
        if isinstance(each, Name | Apply) and each.name in writers:
            what = f"{each.name} assigns variables around it, so its call stands alone"
            hint = f"write y = {each.name}(...) on a line of its own"
            raise errors.SyntaxRejected(what, hint=hint, offset=each.offset)
        if isinstance(each, Apply) and each.name.endswith(" "):
            for name in writers[each.name[:-1]].written:
                if name not in own:
                    hint = f"write {name} = ... in the function around it"
                    what = f"the nonlocal '{name}' is no variable of the function around"
                    raise errors.SyntaxRejected(what, hint=hint, offset=each.offset)


def _assigned(code: Code) -> Sequence[str]:
    """Return the names that statements assign, without those that calls of functions assign."""
    return [
        name
        for each in stack_code.own_instructions(code)
        if isinstance(each, Assign | Loop) and each.pattern[:1] != (_VALUE,)
        for name in stack_code.names_of(each.pattern)
    ]
