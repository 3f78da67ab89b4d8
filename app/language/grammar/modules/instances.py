"""A class with ``__init__`` to functions: one that makes an instance, and one that ``super().__init__`` calls.

An instance is a record whose fields are set one after the other: ``self.a = v`` is ``self = with_attribute(self, "a",
v)``. So nothing changes an instance once its ``__init__`` has returned.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from app.language.grammar import stack_code
from app.language.grammar.modules.records import Field, Method
from app.language.grammar.stack_code import Apply, Assign, Call, Code, Function, Instruction, Name, Return, Signature

_SELF = " self"
"""The instance in the function that makes it; no name of a text has a space in it."""

_NOTHING = Signature((), 0, 0, (), "", "")


class Class(NamedTuple):
    """A class by what others inherit: its attributes, the signature and default values of ``__init__``, its methods."""

    attributes: tuple[Field, ...]
    signature: Signature
    defaults: Code
    initial: str  # the variable of its __init__, empty if it has none
    methods: tuple[tuple[str, str, str], ...]  # name, kind and variable of each


OBJECT = Class((), _NOTHING, (), "", ())
"""The class without anything."""


def made(
    name: str, base: Class, attributes: Sequence[Field], initial: Code, methods: Sequence[Method], offset: int
) -> tuple[Class, list[Instruction]]:
    """Return a class, and the code of its methods and of the function that makes an instance.

    ``initial`` is the code of its ``__init__``: default values, and the function; it is empty if there is none.
    """
    code: list[Instruction] = []
    for method in methods:
        code += [*method.code, _assign(f" {name} {method.name}", offset)]
    if initial:
        code += [*initial, _assign(f" {name} __init__", offset)]
    own = {each.name: (each.name, each.kind, f" {name} {each.name}") for each in methods}
    inherited = {each[0]: each for each in base.methods}
    found = Class(
        (*base.attributes, *attributes),
        _without_first(initial[-1]) if initial else base.signature,
        initial[:-1] if initial else base.defaults,
        f" {name} __init__" if initial else base.initial,
        tuple({**inherited, **own}.values()),
    )
    function = stack_code.function(name, found.signature, _maker(found, offset), offset)
    return found, [*code, *found.defaults, function]


def giving_itself(body: Code, name: str, offset: int) -> list[Instruction]:
    """Return the body of an ``__init__`` that returns the instance, which it calls ``name``."""
    return [*body, Name(name, offset), Return(offset)]


def initialised(base: Class, name: str, operands: Code, size: int, keywords: tuple[str, ...], offset: int) -> Code:
    """Return the code of ``super().__init__(...)`` for the instance that is called ``name``."""
    if not base.initial:
        return []
    return [Name(name, offset), *operands, Apply(base.initial, size + 1, keywords, offset), _assign(name, offset)]


def _assign(name: str, offset: int) -> Assign:
    return Assign(name, keep=False, augmented=False, offset=offset)


def _without_first(initial: Instruction) -> Signature:
    assert isinstance(initial, Function)
    signature = initial.signature
    return signature._replace(names=signature.names[1:], positional=max(0, signature.positional - 1))


def _maker(made: Class, offset: int) -> list[Instruction]:
    """Return the body of the function that makes an instance."""
    code: list[Instruction] = [Apply(stack_code.INSTANCE, 0, (), offset)]
    if made.methods:
        names, kinds, variables = zip(*made.methods, strict=True)
        code += [stack_code.Text(" ".join(names), offset), stack_code.Text(" ".join(kinds), offset)]
        code += [Name(each, offset) for each in variables]
        code.append(Apply(stack_code.METHODS, 3 + len(names), (), offset))
    code.append(_assign(_SELF, offset))
    known: set[str] = set()
    for name, value, start in made.attributes:
        # An attribute of the class sees those before it.
        own = [
            each._replace(name=f" {each.name}") if isinstance(each, Name) and each.name in known else each
            for each in value
        ]
        code += [*own, _assign(f" {name}", start), *stack_code.attribute_set(_SELF, name, f" {name}", start)]
        known.add(name)
    signature = made.signature
    first = len(signature.names) - signature.by_name
    operands: list[Instruction] = [Name(each, offset) for each in (_SELF, *signature.names[:first])]
    size, keywords = 1 + len(signature.names), signature.names[first:]
    if signature.rest:
        operands += [Name(signature.rest, offset), stack_code.Unary("star", offset)]
        size += 1
    operands += [Name(each, offset) for each in keywords]
    if signature.options:
        operands += [Name(signature.options, offset), stack_code.Unary("star", offset)]
        size, keywords = size + 1, (*keywords, "**")
    call: list[Instruction] = [Name(made.initial, offset), *operands, Call(size, keywords, offset)]
    return [*code, *(call if made.initial else [Name(_SELF, offset)]), Return(offset)]
