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
from collections.abc import Set as AbstractSet
from typing import Any, NamedTuple, TypeAlias, get_args

# Targets of an assignment besides names: ``name[i][j, k]``, whose steps are the codes of the indices of each bracket
# and how many these are; ``*name``, which takes the items that are left.
Element = NamedTuple("Element", [("name", str), ("steps", "tuple[tuple[Code, int], ...]"), ("offset", int)])
Star = NamedTuple("Star", [("name", str), ("offset", int)])

Pattern: TypeAlias = "str | Element | Star | tuple[Pattern, ...]"
"""What a value is assigned to: a name, elements of an array or list, or patterns for its items."""

# Leaves: a number as the text spells it; an argument, variable or constant with its prefix; "none" (None, and what a
# slice leaves out) or "ellipsis"; a string that is an operand of a function.
Number = NamedTuple("Number", [("text", str), ("offset", int)])
Name = NamedTuple("Name", [("name", str), ("offset", int)])
Marker = NamedTuple("Marker", [("name", str), ("offset", int)])
Text = NamedTuple("Text", [("text", str), ("offset", int)])


class Base(Name):
    """A name that one index follows."""

    __slots__ = ()


# Operators: "negate", "not" or "star" (``*items``); "**", "//", "%" or "@"; the signs + and - of terms, or * and / of
# factors, one for each; the signs of ``a < b <= c``, or "case"; conditions joined by "and" or "or".
Unary = NamedTuple("Unary", [("operator", str), ("offset", int)])
Binary = NamedTuple("Binary", [("operator", str), ("offset", int)])
Sum = NamedTuple("Sum", [("signs", str), ("offset", int)])
Product = NamedTuple("Product", [("signs", str), ("offset", int)])
Compare = NamedTuple("Compare", [("signs", tuple[str, ...]), ("offset", int)])
Joined = NamedTuple("Joined", [("word", str), ("size", int), ("offset", int)])

# ``name := value`` leaves its value; ``sure`` is False behind an ``and`` or ``or``.
Bind = NamedTuple("Bind", [("name", str), ("sure", bool), ("offset", int)])

# Choices: Test skips instructions if the condition on the stack is known to fail, Unless if the condition below the
# value on the stack is known to hold. Decide skips what is left of ``and`` or ``or``, of which ``size`` operands are on
# the stack, if the last one is known to decide.
Test = NamedTuple("Test", [("skip", int), ("offset", int)])
Decide = NamedTuple("Decide", [("word", str), ("size", int), ("skip", int), ("offset", int)])
Unless = NamedTuple("Unless", [("skip", int), ("offset", int)])
IfElse = NamedTuple("IfElse", [("offset", int)])

# A "tuple", "list" or "slice" (start, stop, step); a function by name, whose last operands are ``keywords``;
# ``operand[...]``; ``operand.name``; ``operand.name(...)``, whose last operands are ``keywords``.
Collection = NamedTuple("Collection", [("kind", str), ("size", int), ("offset", int)])
Apply = NamedTuple("Apply", [("name", str), ("size", int), ("keywords", tuple[str, ...]), ("offset", int)])
Index = NamedTuple("Index", [("size", int), ("offset", int)])
Attribute = NamedTuple("Attribute", [("name", str), ("offset", int)])
Method = NamedTuple("Method", [("name", str), ("size", int), ("keywords", tuple[str, ...]), ("offset", int)])

DICT = " dict"
"""The function that makes a dict of pairs; no name of a text has a space in it."""
EXACTLY, AT_LEAST = " exactly", " at least"
"""The functions of a list and a number that tell whether it has so many items."""
METHODS = " methods"
"""The function that gives a record its methods: their names and kinds, and the methods."""
INSTANCE, ATTRIBUTE = " instance", " attribute"
"""The functions that make a record without fields, and one with another field: record, name and value."""
FIRST = "next.first"
"""Name of the function that ``next(iter(items))`` calls."""

# ``body for pattern in items if conditions``, the outermost clause first.
Clause = NamedTuple("Clause", [("pattern", Pattern), ("items", "Code"), ("conditions", "tuple[Code, ...]")])
Comprehension = NamedTuple("Comprehension", [("body", "Code"), ("clauses", tuple[Clause, ...]), ("offset", int)])

# ``word(body, (name, first, last), ...)``: Sum or Product, ``last`` included; as in SymPy, the innermost bounds first.
Bounds = NamedTuple("Bounds", [("name", str), ("first", "Code"), ("last", "Code")])
Series = NamedTuple("Series", [("word", str), ("body", "Code"), ("bounds", tuple[Bounds, ...]), ("offset", int)])

# A lambda or def, whose operands are the default values of its parameters, in the order of ``signature.defaulted``. Its
# body binds the names ``local``, parameters among them, and reads ``free`` from around. A call of the value below the
# operands, the last of which are ``keywords``.
Signature = NamedTuple(
    "Signature",
    [
        ("names", tuple[str, ...]), ("positional", int), ("by_name", int), ("defaulted", tuple[str, ...]),
        ("rest", str), ("options", str),
    ],
)  # fmt: skip
# Of the names, the first ``positional`` are given by position only, the last ``by_name`` by keyword only; the names of
# ``*rest`` and ``**options`` are empty if there are none.
Function = NamedTuple(
    "Function",
    [
        ("name", str), ("signature", Signature), ("body", "Code"), ("local", frozenset[str]), ("free", tuple[str, ...]),
        ("offset", int),
    ],
)  # fmt: skip
Call = NamedTuple("Call", [("size", int), ("keywords", tuple[str, ...]), ("offset", int)])

# Statements. ``keep`` leaves the value on the stack for the next target of ``a = b = value``; ``augmented`` is for the
# result of ``a += value``, which an array or list takes in place. Change is ``target.method(...)``, with ``size``
# operands, and Augment ``target[...] += value``, whose operator takes the element and the operand on the stack.
Assign = NamedTuple("Assign", [("pattern", Pattern), ("keep", bool), ("augmented", bool), ("offset", int)])
Augment = NamedTuple("Augment", [("target", Element), ("operator", "Instruction"), ("offset", int)])
Change = NamedTuple("Change", [("target", "str | Element"), ("method", str), ("size", int), ("offset", int)])
Loop = NamedTuple("Loop", [("pattern", Pattern), ("body", "Code"), ("offset", int)])
While = NamedTuple("While", [("test", "Code"), ("body", "Code"), ("offset", int)])
Branch = NamedTuple("Branch", [("chosen", "Code"), ("other", "Code"), ("offset", int)])


class Cases(Branch):
    """A case of a ``match`` and those after it."""

    __slots__ = ()


# As many branches one after the other, each the ``other`` of the one before it; ``cases`` if they are of a ``match``.
Chain = NamedTuple(
    "Chain",
    [
        ("tests", "tuple[Code, ...]"),
        ("bodies", "tuple[Code, ...]"),
        ("other", "Code"),
        ("cases", bool),
        ("offset", int),
    ],
)
Return = NamedTuple("Return", [("offset", int)])
Break = NamedTuple("Break", [("offset", int)])
Continue = NamedTuple("Continue", [("offset", int)])

Instruction: TypeAlias = (
    Number | Name | Base | Marker | Text | Attribute | Method | Unary | Binary | Sum | Product | Compare | Joined | Bind
    | Decide | Test | Unless | IfElse | Collection | Apply | Index | Comprehension | Series | Function | Call | Assign
    | Augment | Change | Loop | While | Branch | Chain | Return | Break | Continue
)  # fmt: skip
Code: TypeAlias = "Sequence[Instruction]"

STATEMENTS = (Assign, Augment, Change, Loop, While, Branch, Chain, Return, Break, Continue)

_FLAT = frozenset(get_args(Instruction)) - {Comprehension, Series, Function, *STATEMENTS}
"""Instructions without code of their own. Most are, so the walks over a code, which may be long, know them first."""
_STATEMENTS = frozenset(STATEMENTS)
_MAY_CHANGE = frozenset(get_args(Instruction)) - _FLAT | {Attribute}


def instructions(code: Sequence[Any]) -> Iterator[Instruction]:
    """Yield every instruction of a code, also those of the code within others."""
    for each in code:
        if type(each) in _FLAT:
            yield each
        elif isinstance(each, list | tuple):
            if hasattr(each, "offset"):
                yield each  # type: ignore[misc]
            yield from instructions(each)


def has_statements(code: Code) -> bool:
    return not _STATEMENTS.isdisjoint(map(type, code))


def own_instructions(code: Code) -> Iterator[Instruction]:
    """Yield the instructions of a code and of its loops and branches, not those of functions and comprehensions."""
    for each in code:
        yield each
        if isinstance(each, While):
            yield from own_instructions(each.test)
        if isinstance(each, Loop | While):
            yield from own_instructions(each.body)
        elif isinstance(each, Branch):
            yield from own_instructions(each.chosen)
            yield from own_instructions(each.other)
        elif isinstance(each, Chain):
            for part in (*each.tests, *each.bodies, each.other):
                yield from own_instructions(part)


def assigned(code: Code) -> Iterator[str]:
    """Yield the names that the statements of a code assign."""
    for each in own_instructions(code):
        if isinstance(each, Assign | Loop):
            yield from names_of(each.pattern)
        elif isinstance(each, Bind):
            yield each.name
        elif isinstance(each, Comprehension):
            yield from bound_in(each)


def bound_in(comprehension: Comprehension) -> Iterator[str]:
    """Yield the names around a comprehension that it binds by ``:=``."""
    for part in (*[code for clause in comprehension.clauses for code in clause.conditions], comprehension.body):
        yield from assigned(part)


def function(name: str, signature: Signature, body: Code, offset: int) -> Function:
    """Return a function, with the names that it binds and those that it reads from around."""
    local = frozenset((*signature.names, signature.rest, signature.options, *assigned(body)))
    read = dict.fromkeys(
        each.name.partition(".")[0] for each in instructions(body) if isinstance(each, Name | Apply | Element)
    ) | dict.fromkeys(
        each.target for each in instructions(body) if isinstance(each, Change) and isinstance(each.target, str)
    )
    read |= dict.fromkeys(each.word for each in instructions(body) if isinstance(each, Series))
    return Function(name, signature, body, local, tuple([each for each in read if each not in local]), offset)


def attribute_set(record: str, name: str, value: str, offset: int) -> list[Instruction]:
    """Return the code that gives a variable, which is a record, a field with the value of another variable."""
    given: list[Instruction] = [
        Name(record, offset),
        Text(name, offset),
        Name(value, offset),
        Apply(ATTRIBUTE, 3, (), offset),
    ]
    return [*given, Assign(record, keep=False, augmented=False, offset=offset)]


_LONG = 20
"""Branches one after the other that are written each in the other one."""


def branches(arms: Sequence[tuple[Code, Code, int]], other: Code, *, cases: bool = False) -> list[Instruction]:
    """Return the code of conditions one after the other, each with its body and offset, and of what is else."""
    if len(arms) > _LONG:
        tests, bodies = tuple([test for test, _, _ in arms]), tuple([body for _, body, _ in arms])
        return [Chain(tests, bodies, other, cases, arms[0][2])]
    kind = Cases if cases else Branch
    found = list(other)
    for test, body, offset in reversed(arms):
        found = [*test, kind(body, found, offset)]
    return found


def operands(instruction: Instruction) -> int:
    """Return how many operands an instruction of an expression takes off the stack."""
    match instruction:
        case Sum(signs) | Product(signs):
            return len(signs)
        case Compare(signs):
            return len(signs) + 1
        case Joined() | Collection() | Apply():
            return instruction.size
        case Index(size) | Call(size) | Method(_, size):
            return size + 1
        case Function():
            return len(instruction.signature.defaulted)
        case Unary() | Attribute() | Bind() | Decide() | Test() | Unless():
            return 1
        case Binary():
            return 2
        case IfElse():
            return 3
    return 0


def start_of_last(code: Code, end: int | None = None) -> int:
    """Return where the code of the last of several operands begins; ``end`` is where the code ends."""
    index, needed = len(code) if end is None else end, 1
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


def free_names(code: Code, bound: AbstractSet[str] = frozenset()) -> Iterator[tuple[int, str]]:
    """Yield the names that an expression uses but does not bind, each with its offset."""
    for instruction in code:
        if isinstance(instruction, Bind):
            bound = bound | {instruction.name}
        elif isinstance(instruction, Name | Assign | Augment | Change):
            yield from ((offset, name) for offset, name in _of_targets(instruction) if name not in bound)
        elif isinstance(instruction, Comprehension):
            inner = bound
            for clause in instruction.clauses:
                yield from free_names(clause.items, inner)
                inner = inner | frozenset(names_of(clause.pattern))
                for condition in clause.conditions:
                    yield from free_names(condition, inner)
                    inner = inner | frozenset(assigned(condition))
            yield from free_names(instruction.body, inner)
            bound = bound | frozenset(bound_in(instruction))
        elif isinstance(instruction, Series):
            inner = bound | {bounds.name for bounds in instruction.bounds}
            for bounds in instruction.bounds:
                yield from free_names(bounds.first, inner)
                yield from free_names(bounds.last, inner)
            yield from free_names(instruction.body, inner)
        elif isinstance(instruction, Function):
            yield from free_names(instruction.body, bound | instruction.local)
        elif isinstance(instruction, Loop | While | Branch | Chain):
            for body in _bodies(instruction):
                yield from free_names(body, bound)


def unbound_names(
    code: Code, bound: set[str] | None = None, late: frozenset[str] | None = None
) -> Iterator[tuple[int, str]]:
    """Yield the names that statements read before they assign them, each with its offset.

    Functions see what is assigned later, too.
    """
    bound = set() if bound is None else bound
    late = frozenset(assigned(code)) if late is None else late
    for each in code:
        match each:
            case Assign(pattern):
                yield from free_names([each], bound)
                bound.update(names_of(pattern))
            case Loop(pattern, body):
                bound.update(names_of(pattern))
                yield from unbound_names(body, bound, late)
            case Bind(name):
                bound.add(name)
            case While(test, body):
                yield from free_names(test, bound)
                bound.update(assigned(test))
                yield from unbound_names(body, bound, late)
            case Branch(chosen, other):
                yield from unbound_names(chosen, bound, late)
                yield from unbound_names(other, bound, late)
            case Chain():
                for part in _bodies(each):
                    yield from unbound_names(part, bound, late)
            case Function():
                yield from free_names([each], late | bound)
            case _ if type(each) not in _FLAT or isinstance(each, Name):
                yield from free_names([each], bound)
                if isinstance(each, Comprehension):
                    bound.update(bound_in(each))


def _bodies(instruction: Loop | While | Branch | Chain) -> Sequence[Code]:
    if isinstance(instruction, Chain):
        return *instruction.tests, *instruction.bodies, instruction.other
    if isinstance(instruction, Branch):
        return instruction.chosen, instruction.other
    return (instruction.body,) if isinstance(instruction, Loop) else (instruction.test, instruction.body)


def _of_targets(instruction: Instruction) -> Iterator[tuple[int, str]]:
    """Yield a name, or those that a statement reads to find the elements that it changes, each with its offset."""
    for each in instructions([instruction]):
        if isinstance(each, Element | Name):
            yield each.offset, each.name
        elif isinstance(each, Change) and isinstance(each.target, str):
            yield each.offset, each.target


def changed(code: Code) -> Iterator[str]:
    """Yield the names whose arrays or lists a code changes."""
    for each in instructions(code):
        if isinstance(each, Element):
            yield each.name
        elif isinstance(each, Change) and isinstance(each.target, str):
            yield each.target


def changes(code: Code) -> bool:
    """Return whether a code changes arrays or lists that it has made or was given."""
    if _MAY_CHANGE.isdisjoint(map(type, code)):
        return False
    return any(
        isinstance(each, Element | Augment | Change) or (isinstance(each, Attribute) and each.name == "at")
        for each in instructions(code)
    )


def names_of(pattern: Pattern) -> Iterator[str]:
    """Yield the names that a pattern binds."""
    if isinstance(pattern, str):
        yield pattern
    elif isinstance(pattern, Star):
        yield pattern.name
    elif not isinstance(pattern, Element):
        for part in pattern:
            yield from names_of(part)
