"""Plain texts to their recordings, in one pass: operators, literals, and functions of one number, of named arguments.

Most texts that a client sends for the first time are of this kind. ``read`` gives the recording that ``parse.read`` and
``tape.record_cells`` give, in a fifth of their time: it makes no tokens with offsets, no stack code and no nodes. It
leaves everything else to them, by None: texts with other words, constants to fold, and all errors.

An operator waits until its right operand is complete (Dijkstra 1961). A sum or product is written to the tape when all
of it is complete, because its instructions follow those of all its operands.
"""

from __future__ import annotations

import itertools
import keyword
import math
import operator
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, NamedTuple

from app import errors
from app.autodiff import tape
from app.language.grammar import lexer
from app.language.limits import TextLimits
from app.language.numeric.hosted import precise
from app.language.vocabulary import constants, resolve, words
from app.language.vocabulary.functions import control
from app.language.vocabulary.word import Word

_TOKEN = re.compile(
    r"[A-Za-z_][A-Za-z_0-9.]*\(?|(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?(?![\w.])|\*\*|[^ \t]"
)
"""A name with the bracket of its call, a number, a power, or one character, which may be none of the language."""
_PIECE = operator.itemgetter(0)

_LOCK_CHARACTERS = 4_000
"""Up to this length a text is split by one call, which holds the interpreter's lock: a fifth of a millisecond."""

_LONGEST = 20
"""Characters of a number: one that is longer may be too large."""

_FEW, _MODERATE = 8, 1e9
"""So many constants, none larger or smaller than this or its inverse, have finite products and quotients."""

_SQRT = "sqrt"
_SQRT_STEPS = 8
"""At least so many steps as its definition takes."""

_NEGATED = "negate"
_TYPES = frozenset({"float", "int", "bool"})
_PREFIXES = ("", "np.", "jnp.", "numpy.", "math.")


class PlainFunction(NamedTuple):
    """A plain text that is recorded; attributes as of a ``parse.ParsedFunction``."""

    args: tuple[str, ...]
    ranks: tuple[int | None, ...]  # 0 of an argument that is used, None of one that is not
    recording: tape.Recording
    text: str
    limits: TextLimits

    @property
    def defaults(self) -> Mapping[str, Any]:
        """Default values of arguments: there are none."""
        return {}


class _NotPlain(Exception):
    """The text is of another kind."""


def read(
    text: str, names: Sequence[str] | None, limits: TextLimits, declared: Collection[str] = ()
) -> PlainFunction | None:
    """Return the function of a plain text; None if the text is of another kind, or may be at fault.

    Without ``names`` the arguments are those that the text names, in the order in which they appear. Names in
    ``declared`` are known to be arguments, if the text has them.
    """
    if not text.isascii() or len(text) > limits.max_expression_bytes:
        return None
    if names is not None and not 0 < len(names) <= limits.max_arguments:
        return None
    if not all(map(_is_name, declared if names is None else names)):
        return None
    try:
        reader = _PlainReader(names, limits, declared)
        short = len(text) <= _LOCK_CHARACTERS
        recording = reader.recording(_TOKEN.findall(text) if short else map(_PIECE, _TOKEN.finditer(text)))
    except _NotPlain:
        return None
    args = tuple(reader.arguments)
    used = {argument for argument, _ in recording.inputs}
    ranks = tuple([0 if index in used else None for index in range(len(args))])
    return PlainFunction(args, ranks, recording, text, limits)


def _is_name(name: str) -> bool:
    """Return whether a name is what ``lexer.identifier`` makes of it."""
    plain = name.isascii() and name.isidentifier() and len(name) <= lexer.MAX_NAME_LENGTH
    return plain and not name.startswith("__") and not keyword.iskeyword(name)


def _opcodes() -> dict[str, str]:
    """Return the opcode of each function of one number by its name, with its prefix and the bracket of its call."""
    found = {f"{prefix}{_SQRT}(": _SQRT for prefix in _PREFIXES}
    for word in words.PRIMITIVES:
        if not _is_plain(word):
            continue
        for name in word.names:
            for prefix in _PREFIXES:
                if _word(prefix + name) is word and name not in control.BY_NAME:
                    found[f"{prefix}{name}("] = words.OPCODES[word.node]
    return found


def _is_plain(word: Word) -> bool:
    number = word.kind == "elementwise" and word.arity == (1, 1) and not word.hosted and not word.options
    shared = word.opcode in words.ORDERS or word.opcode in precise.functions.OPERANDS
    return number and not shared and (word.names[0], 1) not in words.OVERLOADS


def _word(name: str) -> Any:
    try:
        return resolve.word(name, (), 0)
    except errors.Rejected:
        return None


_OPCODES = _opcodes()

Constant = tuple[str, int | float | Fraction, type]
"""("constant", value, its type): 2 and 2.0 are different operands."""

Part = int | tuple[Any, ...]
"""An operand: a slot, a constant, ("neg", slot), ("inv", slot or constant), or ("add" or "mul", parts) not written."""

_MINUS_ONE: Constant = ("constant", -1, int)
_HALF: Constant = ("constant", Fraction(1, 2), Fraction)


@dataclass(slots=True)
class _Bracket:
    """An open bracket, or the text itself, and what waits in it."""

    opcode: str = ""  # of the function that is called
    terms: list[Part] | None = None
    sign: str = ""  # before the next term
    factors: list[Part] | None = None
    by: str = ""  # before the next factor
    tight: list[Part | str] | None = None  # bases of powers, and ``_NEGATED``


class _PlainReader(tape.TapeWriter):
    """Reads one text onto a tape; raises ``_NotPlain`` where it is not plain."""

    def __init__(self, names: Sequence[str] | None, limits: TextLimits, declared: Collection[str]) -> None:
        super().__init__()
        self.arguments = dict[str, int]() if names is None else dict(zip(names, range(len(names)), strict=True))
        self._slots: dict[str, int] = {}
        self._named = names is not None
        self._declared = declared
        if names is not None and len(self.arguments) != len(names):
            raise _NotPlain
        self._limits = limits
        self._operations = 0
        self._steps = 0
        self._known: dict[tuple[Any, ...], int] = {}  # slots by what is computed: what reads alike is computed once
        self._called: dict[str, None] = {}

    def recording(self, pieces: Iterable[str]) -> tape.Recording:
        """Return the recording of a text."""
        bracket = _Bracket()
        open_brackets = [bracket]
        value: Part | None = None  # the operand that is complete
        for piece in pieces:
            if value is None:
                value = self._slots.get(piece)
                if value is None:
                    value = self._operand(piece, bracket)
                if value is None and piece[-1] == "(":
                    bracket = _Bracket(self._opcode(piece))
                    open_brackets.append(bracket)
                    if len(open_brackets) > self._limits.max_nesting:
                        raise _NotPlain
            elif piece == ")":
                if len(open_brackets) == 1:
                    raise _NotPlain
                value = self._closed(bracket, value)
                open_brackets.pop()
                bracket = open_brackets[-1]
            else:
                self._operator(piece, bracket, value)
                value = None
        if value is None or len(open_brackets) > 1:
            raise _NotPlain
        result = self._slot(self._closed(bracket, value))
        self._check()
        return self.written(result, tuple(self.arguments))

    def _check(self) -> None:
        """Refuse a text near its limits, and one with a function that is an argument."""
        beyond = self._operations > self._limits.max_operations or self._steps > self._limits.max_steps
        hidden = any(
            first in self.arguments or first in self._declared
            for first in (name[:-1].partition(".")[0] for name in self._called)
        )
        if beyond or hidden or not self.arguments or len(self.arguments) > self._limits.max_arguments:
            raise _NotPlain

    def _operand(self, piece: str, bracket: _Bracket) -> Part | None:
        """Take a piece where a value must start; None if it has only begun."""
        if piece in self.arguments:
            return self._read(piece)
        first = piece[0]
        if first.isdigit() or (first == "." and len(piece) > 1):
            return _constant(piece)
        if piece == "-":
            bracket.tight = bracket.tight or []
            bracket.tight.append(_NEGATED)
        elif piece[-1] != "(" and piece != "+":
            return self._new_argument(piece)
        return None

    def _new_argument(self, piece: str) -> int:
        if self._named or piece in constants.BARE or piece in _TYPES or not _is_name(piece):
            raise _NotPlain
        self.arguments[piece] = len(self.arguments)
        return self._read(piece)

    def _read(self, name: str) -> int:
        """Return the slot of an argument that is read for the first time."""
        slot = self._slots[name] = self._input((self.arguments[name], ()))
        return slot

    def _opcode(self, piece: str) -> str:
        """Return the opcode of the function whose bracket a piece opens; none for a bracket alone."""
        if piece == "(":
            return ""
        opcode = _OPCODES.get(piece)
        if opcode is None:
            raise _NotPlain
        self._called[piece] = None
        return opcode

    def _operator(self, piece: str, bracket: _Bracket, value: Part) -> None:
        """Take an operator after a complete value."""
        if piece in {"**", "^"}:
            bracket.tight = bracket.tight or []
            bracket.tight.append(self._written(value))
        elif piece in {"*", "/"}:
            if bracket.tight:
                value = self._tightened(bracket.tight, value)
            bracket.factors = self._chain("mul", bracket.factors, bracket.by, value)
            bracket.by = piece
        elif piece in {"+", "-"}:
            bracket.terms = self._chain("add", bracket.terms, bracket.sign, self._product(bracket, value))
            bracket.sign = piece
        else:
            raise _NotPlain

    def _closed(self, bracket: _Bracket, value: Part) -> Part:
        """Return what stands in a bracket that closes, or its function of it."""
        value = self._product(bracket, value)
        if bracket.terms is not None:
            value = ("add", self._chain("add", bracket.terms, bracket.sign, value))
        return self._call(bracket.opcode, value) if bracket.opcode else value

    def _product(self, bracket: _Bracket, value: Part) -> Part:
        if bracket.tight:
            value = self._tightened(bracket.tight, value)
        if bracket.factors is None:
            return value
        factors, bracket.factors = self._chain("mul", bracket.factors, bracket.by, value), None
        return "mul", factors

    def _tightened(self, waiting: list[Part | str], value: Part) -> Part:
        """Apply the powers and minus signs that wait for a value, the last first."""
        while waiting:
            base = waiting.pop()
            value = self._negative(value) if isinstance(base, str) else self._power(base, value)
        return value

    def _chain(self, kind: str, parts: list[Part] | None, sign: str, value: Part) -> list[Part]:
        """Return the parts of a sum or product with one more; a chain in brackets that begins one is continued."""
        if parts is None:
            if type(value) is tuple and value[0] == kind:
                found: list[Part] = value[1]
                return found
            value = self._written(value)
            # -1 is a leaf here: a product with the integer would be a negation.
            return [("constant", -1.0, float) if value == _MINUS_ONE and kind == "mul" else value]
        inverse = "neg" if kind == "add" else "inv"
        if sign in "-/":
            value = self._negative(self._written(value)) if kind == "add" else self._inverse(value)
        elif not (type(value) is tuple and value[0] == inverse):
            value = self._written(value)
        parts.append(value)
        return parts

    def _negative(self, value: Part) -> Part:
        value = self._written(value)
        if isinstance(value, int):
            self._operations += 1
            return "neg", value
        if not value[1]:
            raise _NotPlain  # -0.0 and 0.0 are different operands
        return "constant", -value[1], value[2]

    def _inverse(self, value: Part) -> Part:
        value = self._written(value)
        if type(value) is tuple and not value[1]:
            raise _NotPlain  # of 0 there is none to be folded
        self._operations += 1
        return "inv", value

    def _power(self, base: Part, exponent: Part) -> Part:
        """Return a power whose base is written."""
        exponent = self._written(exponent)
        self._operations += 1
        known = self._known.get(("pow", base, exponent))
        if known is not None:
            return known
        if type(exponent) is int:
            opcode = "pow" if type(base) is int else "const_pow"
            return self._new(("pow", base, exponent), self._append(opcode, self._leaf(base), exponent))
        assert type(exponent) is tuple
        value, kind = exponent[1:]
        if type(base) is not int or value in {0, 1}:
            raise _NotPlain  # to be folded, or no instruction
        if value == -1 and kind is int:
            return "inv", base
        exact = kind is not float
        slot = self._raised(base, value) if exact else self._append("pow_const", base, self._constant(value))
        return self._new(("pow", base, exponent), slot)

    def _call(self, opcode: str, operand: Part) -> Part:
        slot = self._slot(operand)
        if opcode == _SQRT:
            self._operations += 2
            self._steps += _SQRT_STEPS
            return self._power(slot, _HALF)
        self._operations += 1
        key = (opcode, slot)
        known = self._known.get(key)
        return self._new(key, self._append(opcode, slot)) if known is None else known

    def _slot(self, value: Part) -> int:
        """Return the slot of an operand that is no constant."""
        written = self._written(value)
        if type(written) is not int:
            raise _NotPlain
        return written

    def _written(self, value: Part) -> Part:
        """Return the slot of an operand, by now on the tape, or a constant, which is a leaf of each use."""
        if type(value) is int:
            return value
        assert type(value) is tuple
        kind, operand, *_ = value
        if kind == "constant":
            return value
        key = (kind, *operand) if type(operand) is list else value
        known = self._known.get(key)
        if known is not None:
            return known
        if kind == "neg":
            return self._new(key, self._append("neg", operand))
        if kind == "inv":
            return self._new(key, self._raised(operand, -1))
        if _is_constant(operand[0]) and _is_constant(operand[1]):
            _refuse_fold(operand)
        self._operations += len(operand)
        total = self._leaf(operand[0])
        inverse = ("neg", "sub") if kind == "add" else ("inv", "div")
        for part in operand[1:]:
            if type(part) is tuple and part[0] == inverse[0]:
                total = self._append(inverse[1], total, self._leaf(part[1]))
            else:
                total = self._append(kind, total, self._leaf(part))
        return self._new(key, total)

    def _leaf(self, part: Part) -> int:
        """Return the slot of a part; a constant gets a new leaf at each use."""
        return part if type(part) is int else self._constant(float(part[1]))  # type: ignore[index]

    def _new(self, key: tuple[Any, ...], slot: int) -> int:
        self._known[key] = slot
        return slot


def _constant(piece: str) -> Constant:
    if len(piece) > _LONGEST:
        raise _NotPlain
    value: int | float = int(piece) if piece.isdigit() else float(piece)
    if not math.isfinite(value):
        raise _NotPlain
    return "constant", value, type(value)


def _refuse_fold(parts: Sequence[Part]) -> None:
    """Refuse a chain that is a constant, or begins with constants whose own value may not be finite."""
    known = list(itertools.takewhile(_is_constant, parts))
    values = [abs(part[1][1] if part[0] == "inv" else part[1]) for part in known if isinstance(part, tuple)]
    if len(known) == len(parts) or len(known) > _FEW or max(values) > _MODERATE or min(values) * _MODERATE < 1:
        raise _NotPlain


def _is_constant(part: Part) -> bool:
    return type(part) is tuple and (part[0] == "constant" or (part[0] == "inv" and type(part[1]) is tuple))
