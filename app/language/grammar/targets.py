"""Targets of assignments: the code of an expression before ``=`` to a pattern."""

from __future__ import annotations

from app import errors
from app.language.grammar import stack_code
from app.language.grammar.stack_code import (
    Attribute,
    Change,
    Code,
    Collection,
    Element,
    Index,
    Name,
    Pattern,
    Star,
    Unary,
)

CHANGING = frozenset({"append", "extend", "insert", "pop", "reverse", "clear", "fill", "sort"})
"""Methods that change their list or array, called as statements."""


SET = "an object does not change once it is made"
"""How the hint begins where an attribute is set elsewhere than in ``__init__``."""


def pattern(code: Code, instance: str = "") -> Pattern:
    """Return the pattern that the code of an expression stands for as a target; refuse what nothing is assigned to.

    An attribute of ``instance`` is a variable, of which ``attributes_set`` makes the attribute.
    """
    last = code[-1]
    if isinstance(last, Attribute):
        if instance and code[:-1] == [Name(instance, code[0].offset)]:
            return f" {instance}.{last.name}"
        hint = f"{SET}: return the new value, or write p = dataclasses.replace(p, {last.name[:40]}=...)"
        raise errors.SyntaxRejected("attributes are set in __init__ alone", hint=hint, offset=last.offset)
    if isinstance(last, Name) and "." not in last.name and last.name not in {"True", "False"}:
        return last.name
    if isinstance(last, Index):
        return element(code)
    if isinstance(last, Collection) and last.kind != "slice":
        parts = tuple([pattern(part, instance) for part in stack_code.operand_codes(code)])
        if sum(isinstance(part, Star) for part in parts) > 1:
            raise errors.SyntaxRejected("a target has only one starred name", offset=last.offset)
        return parts
    if isinstance(last, Unary) and last.operator == "star" and isinstance(code[-2], Name) and len(code) == 2:
        return Star(code[-2].name, last.offset)
    hint = "a target is a name, elements of a name such as y[i], or a list of these"
    raise errors.SyntaxRejected("only names and elements can be assigned to", hint=hint, offset=last.offset)


def attributes_set(target: Pattern, instance: str, offset: int) -> list[stack_code.Instruction]:
    """Return the code that gives an instance the attributes among the variables of a target."""
    begins = f" {instance}."
    names = [each for each in stack_code.names_of(target) if instance and each.startswith(begins)]
    return [
        instruction
        for name in names
        for instruction in stack_code.attribute_set(instance, name.removeprefix(begins), name, offset)
    ]


def read(target: str, instance: str, offset: int) -> list[stack_code.Instruction]:
    """Return the code that reads a name, or the attribute that a variable stands for."""
    begins = f" {instance}."
    if instance and target.startswith(begins):
        return [Name(instance, offset), Attribute(target.removeprefix(begins), offset)]
    return [Name(target, offset)]


def element(code: Code) -> Element:
    """Return the target ``name[...][...]``."""
    steps = []
    offset = code[-1].offset
    while isinstance(last := code[-1], Index):
        base, *indices = stack_code.operand_codes(code)
        steps.append(([each for index in indices for each in index], last.size))
        code = base
    if len(code) != 1 or not isinstance(last, Name) or "." in last.name:
        hint = "give the array a name first"
        raise errors.SyntaxRejected("only elements of a name can be assigned to", hint=hint, offset=last.offset)
    return Element(last.name, tuple(steps[::-1]), offset)


def taken(value: Code) -> Code:
    """Return the code of a value to be assigned; ``y.pop()`` leaves the item that it takes off its list."""
    found = changing(value)
    if found is None or found[1] != "pop":
        return value
    name, method, operands, size = found
    if not isinstance(name, str):
        return value
    offset = value[-1].offset
    place = operands or [stack_code.Number("1", offset), Unary("negate", offset)]
    return [stack_code.Base(name, offset), *place, Index(1, offset), *operands, Change(name, method, size, offset)]


_IN_PLACE = frozenset({"put_along_axis", "fill_diagonal"})
"""Functions of NumPy that change their first operand."""
_AT = {
    "add": "add", "subtract": "subtract", "multiply": "multiply", "divide": "divide", "power": "power",
    "maximum": "max", "minimum": "min",
}  # fmt: skip
"""What ``np.add.at(y, indices, values)`` and its like do, by the function: ``y = y.at[indices].add(values)``."""


def in_place(code: Code) -> list[stack_code.Instruction] | None:
    """Return the code of a statement for a call of a function that changes its first operand, a name; else None."""
    last = code[-1]
    if isinstance(last, stack_code.Method) and last.name == "sort":
        return _sorted(code, last)
    if not isinstance(last, stack_code.Apply) or not last.size:
        return None
    _, _, name = last.name.rpartition(".")
    target, *operands = stack_code.operand_codes(code)
    if len(target) != 1 or not isinstance(target[0], Name) or "." in target[0].name:
        return None
    named = dict(zip(reversed(last.keywords), reversed(operands), strict=False))
    if any(isinstance(each, Name) and each.name == "False" for each in named.get("inplace", ())):
        return None  # as in JAX: the call has a value
    whole = Element(target[0].name, (((stack_code.Marker("ellipsis", last.offset),), 1),), last.offset)
    assign = stack_code.Assign(whole, keep=False, augmented=False, offset=last.offset)
    if name in _IN_PLACE:
        return [*code, assign]
    method = _AT.get(last.name.split(".")[-2]) if name == "at" and last.name.count(".") > 1 else None
    if method is None or len(operands) != 2:
        return None
    indices, values = operands
    begun = [*target, stack_code.Attribute("at", last.offset), *indices, Index(1, last.offset)]
    return [*begun, *values, stack_code.Method(method, 1, (), last.offset), assign]


def _sorted(code: Code, method: stack_code.Method) -> list[stack_code.Instruction] | None:
    """Return the code of ``y[:] = sorted(y, ...)`` for ``y.sort(...)``; None if y is no name."""
    target, *_ = stack_code.operand_codes(code)
    name, offset = target[0], method.offset
    if len(target) != 1 or not isinstance(name, Name) or "." in name.name:
        return None
    none = stack_code.Marker("none", offset)
    whole = Element(name.name, (((none, none, none, stack_code.Collection("slice", 3, offset)), 1),), offset)
    call = stack_code.Apply("sorted", 1 + method.size, method.keywords, offset)
    return [*code[:-1], call, stack_code.Assign(whole, keep=False, augmented=False, offset=offset)]


def changing(code: Code) -> tuple[str | Element, str, Code, int] | None:
    """Return target, method, code of the operands and their number, if an expression calls a method that changes."""
    last = code[-1]
    if not isinstance(last, stack_code.Method) or last.keywords or last.name not in CHANGING:
        return None
    receiver, *operands = stack_code.operand_codes(code)
    if len(receiver) == 1 and isinstance(receiver[0], Name) and "." not in receiver[0].name:
        target: str | Element = receiver[0].name
    elif isinstance(receiver[-1], Index):
        target = element(receiver)
    else:
        return None
    return target, last.name, [each for operand in operands for each in operand], last.size
