"""A class of fields, a ``NamedTuple`` or a ``@dataclass``, to the function that makes its records."""

from __future__ import annotations

from typing import NamedTuple

from app import errors
from app.language.grammar import stack_code
from app.language.grammar.stack_code import Apply, Assign, Call, Code, Instruction, Name, Return, Text

INSTEAD = "write a def; a class sets its attributes in __init__, or is a NamedTuple or @dataclass of fields, a: float"
"""Hint for other classes."""

DECORATORS = frozenset({"dataclass"})
"""The last names of decorators that make a class of fields."""


class Field(NamedTuple):
    """A line ``name: annotation = default``; the code of the default value is empty if there is none."""

    name: str
    default: Code
    offset: int


class Method(NamedTuple):
    """A def of a class: a "method", "property" or "static", and the code that leaves the function."""

    name: str
    kind: str
    code: list[Instruction]


KINDS = {"property": "property", "cached_property": "property", "staticmethod": "static"}
"""What a decorator makes of a def of a class."""

_EMPTY = {"list": False, "dict": True, "tuple": False}


def default(code: Code) -> Code:
    """Return the code of the default value of a field, which ``field(default_factory=...)`` may say."""
    last = code[-1]
    if not isinstance(last, Apply) or last.name.rpartition(".")[2] != "field":
        return code
    given = dict(zip(last.keywords, stack_code.operand_codes(code), strict=False))
    if "default_factory" not in given:
        return given.get("default", ())
    factory = given["default_factory"]
    made = factory[-1]
    if not isinstance(made, Name):
        return [*factory, Call(0, (), last.offset)]
    if made.name not in _EMPTY:
        return [Apply(made.name, 0, (), last.offset)]
    empty = [stack_code.Collection("tuple" if made.name == "tuple" else "list", 0, last.offset)]
    return [*empty, Apply(stack_code.DICT, 1, (), last.offset)] if _EMPTY[made.name] else empty


def made(name: str, fields: list[Field], methods: list[Method], offset: int) -> list[Instruction]:
    """Return the code of a class: of its methods, and of a function of the fields that makes a record.

    It is ``def Params(a, b): return namedtuple("Params", "a b")(a, b)``.
    """
    names = tuple(field.name for field in fields)
    with_default = tuple(field.name for field in fields if field.default)
    if not names or len(set(names)) < len(names):
        hint = "write a: float for each field, each with a name of its own"
        raise errors.SyntaxRejected("a class is a record of fields here", hint=hint, offset=offset)
    if names[len(names) - len(with_default) :] != with_default:
        hint = "put the fields with defaults last"
        raise errors.SyntaxRejected("a field without a default follows one with it", hint=hint, offset=offset)
    body: list[Instruction] = [
        Text(name, offset),
        Text(" ".join(names), offset),
        Apply("collections.namedtuple", 2, (), offset),
        *[Name(each, offset) for each in names],
        Call(len(names), (), offset),
    ]
    code: list[Instruction] = []
    for method in methods:
        code += [*method.code, Assign(f" {name} {method.name}", keep=False, augmented=False, offset=offset)]
    if methods:
        body += [Text(" ".join(each.name for each in methods), offset), Text(" ".join(m.kind for m in methods), offset)]
        body += [Name(f" {name} {method.name}", offset) for method in methods]
        body.append(Apply(stack_code.METHODS, 3 + len(methods), (), offset))
    body.append(Return(offset))
    signature = stack_code.Signature(names, 0, 0, with_default, "", "")
    defaults = [instruction for field in fields for instruction in field.default]
    return [*code, *defaults, stack_code.function(name, signature, body, offset)]
