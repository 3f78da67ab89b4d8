"""What is plain: names of functions and constants, numbers, and elements of arguments."""

from __future__ import annotations

import keyword
import math
from collections.abc import Iterator

from app import errors
from app.language.grammar import lexer
from app.language.numeric.folding import Number
from app.language.numeric.hosted import precise
from app.language.vocabulary import constants, resolve, words
from app.language.vocabulary.functions import control
from app.language.vocabulary.word import Word

Constant = tuple[str, Number, type | str | int]
"""("constant", value, origin). The origin tells constants of one value apart, as the nodes of the general reader are:
the type of a literal (2 and 2.0 are different operands), a name, or a number for each expression that was folded."""

SQRT = "sqrt"

_DEFINED = {SQRT: 1, "maximum": 2, "minimum": 2}
"""Words that are defined by a text, which is an instruction of their name; with the number of their operands."""

_LONGEST = 20
"""Characters of a number: one that is longer may be too large."""

_PREFIXES = ("", "np.", "jnp.", "numpy.", "math.")
_TYPES = frozenset({"float", "int", "bool"})


class NotPlain(Exception):
    """The text is of another kind."""


def is_name(name: str) -> bool:
    """Return whether a name is what ``lexer.identifier`` makes of it."""
    plain = name.isascii() and name.isidentifier() and len(name) <= lexer.MAX_NAME_LENGTH
    return plain and not name.startswith("__") and not keyword.iskeyword(name)


def is_argument(name: str) -> bool:
    """Return whether a name that nothing declares is an argument."""
    return name not in constants.BARE and name not in _TYPES and is_name(name)


def number(piece: str) -> Constant:
    """Return the constant of a number."""
    if len(piece) > _LONGEST:
        raise NotPlain
    value: int | float = int(piece) if piece.isdigit() else float(piece)
    if not math.isfinite(value):
        raise NotPlain
    return "constant", value, type(value)


def element(piece: str) -> tuple[str, tuple[int, ...]]:
    """Return the argument and the indices of an element: ``X[0][1]`` and ``X[0, 1]`` are one."""
    name, _, rest = piece.partition("[")
    digits = rest[:-1].replace("][", ",").split(",")
    if any(len(each.lstrip(" ")) > 1 and each.lstrip(" ")[0] == "0" for each in digits):
        raise NotPlain  # Python refuses 01
    return name, tuple(map(int, digits))


def _names(wanted: Word) -> Iterator[str]:
    """Yield the names of a word, with their prefixes, that mean it."""
    for name in wanted.names:
        for prefix in ("",) if wanted.arity[1] is None else _PREFIXES:  # np.max takes an axis
            if _word(prefix + name) is wanted and name not in control.BY_NAME:
                yield prefix + name


def _word(name: str) -> Word | None:
    try:
        return resolve.word(name, (), 0)
    except errors.Rejected:
        return None


def is_function(word: Word) -> bool:
    """Return whether a word is a function of one number, or of several, without more."""
    plain = word.kind == "elementwise" and not word.hosted and not word.options
    shared = word.opcode in words.ORDERS or word.opcode in precise.functions.OPERANDS
    if word.opcode in words.FOLDED_LEFT:
        return plain and word.arity == (2, None)
    return plain and not shared and word.arity in {(1, 1), (2, 2)} and (word.names[0], 1) not in words.OVERLOADS


def _opcodes() -> dict[str, tuple[str, int | None]]:
    found: dict[str, tuple[str, int | None]] = {
        f"{prefix}{name}(": (name, count) for name, count in _DEFINED.items() for prefix in _PREFIXES
    }
    for word in filter(is_function, words.PRIMITIVES):
        assert word.opcode is not None, "a primitive of numbers has one"
        for name in _names(word):
            found[f"{name}("] = word.opcode, word.arity[1]
    return found


OPCODES: dict[str, tuple[str, int | None]] = _opcodes()
"""Opcode of each function, and how many numbers it takes, None for two or more; by its name with prefix and bracket."""


def _named(name: str) -> Constant:
    return "constant", constants.BARE[name], constants.CANONICAL.get(name, name)


CONSTANTS: dict[str, Constant] = {
    "E": _named("E"),
    **{prefix + name: _named(name) for prefix in _PREFIXES for name in ("pi", "e")},
}
"""The constants by name, where no argument has it."""
