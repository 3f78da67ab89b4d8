"""The identity of a text whose tape depends on shapes: equal for texts that read alike, whatever they are spelled.

Postfix code has neither spaces nor parentheses any more. Beyond that, arguments and local names become numbers in the
order they are met, functions their canonical names, literals their values; a lambda, a def and an expression of one
body have one code anyway.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

from app import constants, errors, postfix, vocabulary

_COLLECTIONS = frozenset({"tuple", "list", "comprehension"})


def of(code: postfix.Code, args: Sequence[str]) -> str:
    """Return 32 hex digits naming a function: a BLAKE2b digest (RFC 7693) of its code and argument names."""
    names = {name: f"argument {index}" for index, name in enumerate(args)}
    read = _Reader(names).code(code, names)
    return hashlib.blake2b(repr((tuple(args), read)).encode(), digest_size=16).hexdigest()


class _Reader:
    """Numbers local names as they are bound; the numbers of one text never repeat."""

    def __init__(self, names: dict[str, str]) -> None:
        self._bound = len(names)

    def code(self, code: postfix.Code, names: dict[str, str]) -> tuple[Any, ...]:
        read = [self._instruction(kind, data, names) for kind, data, _ in code]
        for index, (kind, data, _) in enumerate(code):
            if kind == "call" and "." not in data.name and index and code[index - 1].kind in _COLLECTIONS:
                read[index] = (*read[index], "bare")  # Python's sum of a list of arrays is not NumPy's
        return tuple(read)

    def _instruction(self, kind: str, data: Any, names: dict[str, str]) -> Any:
        if kind == "number":
            return _number(data)
        if kind == "name":
            return names.get(data) or f"constant {data.rpartition('.')[2]}"
        if kind == "call":
            return kind, _word(data.name), data.operands, data.keywords
        if kind in {"store", "keep"}:
            return kind, self._bind(data, names)
        if kind == "loop":
            return kind, self._bind(data.pattern, names), self.code(data.body, names)
        if kind == "branch":
            return kind, self.code(data.chosen, names), self.code(data.other, names)
        if kind == "comprehension":
            return self._comprehension(data, dict(names))
        if kind == "series":
            return self._series(data, dict(names))
        return kind, data

    def _comprehension(self, data: postfix.Comprehension, names: dict[str, str]) -> Any:
        clauses = []
        for clause in data.clauses:
            items = self.code(clause.items, names)
            bound = self._bind(clause.pattern, names)
            clauses.append((items, bound, [self.code(condition, names) for condition in clause.conditions]))
        return "comprehension", clauses, self.code(data.body, names)

    def _series(self, data: postfix.Series, names: dict[str, str]) -> Any:
        read = []
        for bounds in reversed(data.bounds):
            ends = self.code(bounds.first, names), self.code(bounds.last, names)
            read.append((ends, self._bind(bounds.name, names)))
        return "series", data.word.rpartition(".")[2], read, self.code(data.body, names)

    def _bind(self, pattern: postfix.Pattern, names: dict[str, str]) -> Any:
        if not isinstance(pattern, str):
            return tuple([self._bind(part, names) for part in pattern])
        self._bound += 1
        names[pattern] = f"local {self._bound}"
        return names[pattern]


def _number(text: str) -> Any:
    try:
        value = constants.literal(text, 0)
    except errors.Rejected:
        return text  # it may stand where nobody comes to it
    return value.hex() if isinstance(value, float) else value


def _word(name: str) -> str:
    prefix, _, bare = name.rpartition(".")
    library = vocabulary.PREFIXES.get(prefix, "")
    word = vocabulary.BY_NAME.get(vocabulary.QUALIFIED.get((library, bare), bare))
    return name if word is None else word.names[0]
