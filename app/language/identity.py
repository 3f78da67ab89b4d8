"""Names a function that has no tape without shapes: texts that read alike have one name, however they are spelled.

Stack code has neither spaces nor parentheses. In the digest, arguments and local names are numbered in the order of
their binding, functions have their canonical names, and numbers their values. A lambda, a def and an expression of one
body have the same code anyway.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

from app import errors
from app.language.grammar import stack_code
from app.language.grammar.stack_code import (
    Apply,
    Assign,
    Branch,
    Collection,
    Comprehension,
    Function,
    Instruction,
    Loop,
    Series,
)
from app.language.numeric import folding
from app.language.vocabulary import prefixes, resolve
from app.language.vocabulary.distributions import names as distributions


def digest(code: stack_code.Code, args: Sequence[str], around: stack_code.Code = ()) -> str:
    """Return 32 hex digits naming a function: a BLAKE2b digest (RFC 7693) of its code and argument names.

    ``around`` is the code of statements before the function that it needs.
    """
    names = {name: f"argument {index}" for index, name in enumerate(args)}
    scoped = bool(around) or any(isinstance(each, Function | stack_code.Bind) for each in stack_code.instructions(code))
    reader = _Reader(names, scoped)
    read: tuple[Any, ...] = (tuple(args),)
    if around:
        outer: dict[str, str] = {}
        read = *read, reader.body(around, outer)
        names = outer | names
    read = *read, reader.body(code, names)
    return hashlib.blake2b(repr(read).encode(), digest_size=16).hexdigest()


class _Reader:
    """Numbers local names as they are bound; no number is used twice in one text."""

    def __init__(self, names: dict[str, str], scoped: bool) -> None:
        self._bound = len(names)
        self._scoped = scoped

    def body(self, code: stack_code.Code, names: dict[str, str]) -> tuple[Any, ...]:
        """Return the spelling of the body of a function, in whose ``names`` its parameters are.

        Functions inside see variables as they are later. So where there are any, a variable has one number in all of a
        body, whatever is assigned to it and when.
        """
        if self._scoped:
            for name in dict.fromkeys(stack_code.assigned(code)):
                self._number(name, names)
        return self.code(code, names)

    def code(self, code: stack_code.Code, names: dict[str, str]) -> tuple[Any, ...]:
        code = [each for each in code if not isinstance(each, stack_code.Decide)]  # clients keep ids from before it
        read = [self._instruction(instruction, names) for instruction in code]
        for index, instruction in enumerate(code):
            if isinstance(instruction, Apply) and "." not in instruction.name and index and _is_list(code[index - 1]):
                read[index] = (*read[index], "bare")  # Python's sum of a list of arrays is not NumPy's
        return tuple(read)

    def _instruction(self, instruction: Instruction, names: dict[str, str]) -> Any:
        match instruction:
            case stack_code.Number(text):
                return _number(text)
            case stack_code.Name(name):
                return names.get(name) or _constant(name)
            case Apply(name, size, keywords):
                return "call", names.get(name) or _word(name), size, keywords
            case stack_code.Marker(kind) | stack_code.Unary(kind):
                return kind, None
            case stack_code.Binary("**"):
                return "power", None
            case stack_code.Joined(kind, size):
                return kind, size
            case stack_code.Bind(name):
                return "bind", names[name]
            case Collection(kind, size):
                return kind, None if kind == "slice" else size
        return self._compound(instruction, names)

    def _compound(  # noqa: C901 - a case for each instruction
        self, instruction: Instruction, names: dict[str, str]
    ) -> Any:
        """Return the spelling of an instruction that binds names or has code of its own, or of a plain one."""
        match instruction:
            case Assign(pattern, keep):
                return "keep" if keep else "store", self._assign(pattern, names)
            case stack_code.Augment(target, operator):
                return "augment", self._bind(target, names), self._instruction(operator, names)
            case stack_code.Change(target, method, size):
                return "change", self._changed(target, names), method, size
            case Loop(pattern, body):
                return "loop", self._assign(pattern, names), self.code(body, names)
            case Function(_, signature):
                return "function", tuple(signature), self._function(instruction, dict(names))
            case stack_code.Call(size, keywords):
                return "call value", size, keywords
            case stack_code.While(test, body):
                return "while", self.code(test, names), self.code(body, names)
            case stack_code.Method(name, size, keywords):
                return "method", name, size, keywords
            case Branch(chosen, other):
                return "branch", self.code(chosen, names), self.code(other, names)
            case stack_code.Chain(tests, bodies, other):
                arms = [
                    (self.code(test, names), self.code(body, names)) for test, body in zip(tests, bodies, strict=True)
                ]
                return "chain", arms, self.code(other, names)
            case Comprehension():
                return self._comprehension(instruction, dict(names))
            case Series():
                return self._series(instruction, dict(names))
        kind = type(instruction).__name__.lower()  # clients keep ids: the names of instructions cannot change
        return kind, instruction[0] if len(instruction) > 1 else None

    def _comprehension(self, comprehension: Comprehension, names: dict[str, str]) -> Any:
        clauses = []
        for pattern, items, conditions in comprehension.clauses:
            read = self.code(items, names), self._bind(pattern, names)
            clauses.append((*read, [self.code(condition, names) for condition in conditions]))
        return "comprehension", clauses, self.code(comprehension.body, names)

    def _series(self, series: Series, names: dict[str, str]) -> Any:
        read = []
        for bounds in reversed(series.bounds):
            ends = self.code(bounds.first, names), self.code(bounds.last, names)
            read.append((ends, self._bind(bounds.name, names)))
        return "series", series.word.rpartition(".")[2], read, self.code(series.body, names)

    def _function(self, function: Function, names: dict[str, str]) -> Any:
        for name in function.signature.names:
            self._number(name, names)
        return self.body(function.body, names)

    def _assign(self, pattern: stack_code.Pattern, names: dict[str, str]) -> Any:
        if not self._scoped:
            return self._bind(pattern, names)
        if isinstance(pattern, str):
            return names[pattern]
        if isinstance(pattern, stack_code.Element | stack_code.Star):
            return self._bind(pattern, names)
        return tuple([self._assign(part, names) for part in pattern])

    def _changed(self, target: str | stack_code.Element, names: dict[str, str]) -> Any:
        return names.get(target, target) if isinstance(target, str) else self._bind(target, names)

    def _bind(self, pattern: stack_code.Pattern, names: dict[str, str]) -> Any:
        if isinstance(pattern, stack_code.Element):
            steps = [(self.code(code, names), size) for code, size in pattern.steps]
            return "element", names.get(pattern.name, pattern.name), steps
        if isinstance(pattern, stack_code.Star):
            return "star", self._assign(pattern.name, names)
        if not isinstance(pattern, str):
            return tuple([self._bind(part, names) for part in pattern])
        return self._number(pattern, names)

    def _number(self, name: str, names: dict[str, str]) -> str:
        self._bound += 1
        names[name] = f"local {self._bound}"
        return names[name]


def _is_list(instruction: Instruction) -> bool:
    if isinstance(instruction, Collection):
        return instruction.kind != "slice"
    return isinstance(instruction, Comprehension)


def _number(text: str) -> Any:
    try:
        value = folding.literal(text, 0)
    except errors.Rejected:
        return text  # no number; the text is refused only where the number is used
    return value.hex() if isinstance(value, float) else value


def _constant(name: str) -> str:
    prefix, _, bare = name.rpartition(".")
    if prefixes.LIBRARIES.get(prefix) == prefixes.NATURE and bare != "pi":
        return f"constant {prefixes.NATURE}.{bare}"
    return (
        f"function {_word(name)}"
        if resolve.is_word(name, ())
        else f"constant {name.rpartition('.')[2].replace('π', 'pi')}"
    )


def _word(name: str) -> str:
    density = distributions.find(name) if "." in name else None
    if density is not None:
        return density.names[0]
    prefix, _, bare = name.rpartition(".")
    word = resolve.named(prefix, bare)
    return name if word is None else word.names[0]
