"""The tape of a plain text, written piece by piece.

An operator waits until its right operand is complete (Dijkstra 1961). A sum or product is written to the tape when all
of it is complete, because its instructions follow those of all its operands.
"""

from __future__ import annotations

import itertools
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from app.autodiff import tape
from app.engine.functions.plain import constants, vocabulary
from app.engine.functions.plain.constants import is_constant
from app.engine.functions.plain.vocabulary import Constant, NotPlain
from app.language.limits import TextLimits
from app.language.numeric.folding import Number

_SQRT_STEPS = 8
"""At least so many steps as the definition of sqrt takes."""

_NEGATED = "negate"

Written = int | Constant
"""An operand that is on the tape, or a leaf of each use."""

Part = int | tuple[Any, ...]
"""An operand: a slot, a constant, ("neg", slot), ("inv", slot or constant), or ("add" or "mul", parts) not written."""

_E = vocabulary.CONSTANTS["e"]
_MINUS_ONE: Constant = ("constant", -1, int)
_MINUS_ONE_LEAF: Constant = ("constant", -1.0, float)
_HALF: Constant = ("constant", Fraction(1, 2), "1/2")
_HALF_KEY = ("mul", ("constant", 1, int), ("inv", ("constant", 2, int)))


@dataclass(slots=True)
class _Bracket:
    """An open bracket, or the text itself, and what waits in it."""

    opcode: str = ""  # of the function that is called
    count: int | None = 1  # of its operands, None for two or more
    operands: list[Written] | None = None  # those that are complete, before a comma
    terms: list[Part] | None = None
    sign: str = ""  # before the next term
    factors: list[Part] | None = None
    by: str = ""  # before the next factor
    tight: list[Written | str] | None = None  # bases of powers, and ``_NEGATED``


class PlainWriter(tape.TapeWriter):
    """Writes the tape of one text; raises ``NotPlain`` where the text is not plain."""

    def __init__(self, names: Sequence[str] | None, limits: TextLimits, declared: Collection[str]) -> None:
        super().__init__()
        self.arguments = dict[str, int]() if names is None else dict(zip(names, range(len(names)), strict=True))
        self._slots: dict[str, int] = {}  # of arguments and elements, as the text writes them
        self._ranks: dict[str, int] = {}
        self._named = names is not None
        self._declared = declared
        if names is not None and len(self.arguments) != len(names):
            raise NotPlain
        self._limits = limits
        self._operations = 2  # of 1/2, which is known
        self._steps = 0
        # By what is computed: what reads alike is computed once. sqrt(x) and x**(1/2) do.
        self._known: dict[tuple[Any, ...], Written] = {_HALF_KEY: _HALF}
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
                    bracket = self._opened(piece)
                    open_brackets.append(bracket)
                    if len(open_brackets) > self._limits.max_nesting:
                        raise NotPlain
            elif piece == ")":
                if len(open_brackets) == 1:
                    raise NotPlain
                value = self._closed(bracket, value)
                open_brackets.pop()
                bracket = open_brackets[-1]
            elif piece == ",":
                self._separate(bracket, value)
                value = None
            else:
                self._operator(piece, bracket, value)
                value = None
        if value is None or len(open_brackets) > 1:
            raise NotPlain
        result = self._slot(self._closed(bracket, value))
        self._check()
        return self.written(result, tuple(self.arguments))

    def _check(self) -> None:
        """Refuse a text near its limits, and one with a function that is an argument."""
        beyond = self._operations > self._limits.max_operations or self._steps > self._limits.max_steps
        hidden = any(
            first in self.arguments or first in self._declared
            for first in (name.partition(".")[0] for name in self._called)
        )
        if beyond or hidden or not self.arguments or len(self.arguments) > self._limits.max_arguments:
            raise NotPlain

    def _operand(self, piece: str, bracket: _Bracket) -> Part | None:
        """Take a piece where a value must start; None if it has only begun."""
        if piece in self.arguments:
            return self._read(piece, piece, ())
        first, last = piece[0], piece[-1]
        if first.isdigit() or (first == "." and len(piece) > 1):
            return vocabulary.number(piece)
        if last == "]" and len(piece) > 1:
            name, indices = vocabulary.element(piece)
            return self._read(piece, name, indices)
        if piece == "-":
            bracket.tight = bracket.tight or []
            bracket.tight.append(_NEGATED)
        elif last != "(" and piece != "+":
            constant = vocabulary.CONSTANTS.get(piece)
            if constant is None:
                return self._read(piece, piece, ())
            self._called[piece] = None
            return constant
        return None

    def _read(self, piece: str, name: str, indices: tuple[int, ...]) -> int:
        """Return the slot of an argument, or of an element, that is read for the first time."""
        if name not in self.arguments:
            if self._named or not vocabulary.is_argument(name):
                raise NotPlain
            self.arguments[name] = len(self.arguments)
        rank = len(indices)
        if self._ranks.setdefault(name, rank) != rank or rank > self._limits.max_rank:
            raise NotPlain
        slot = self._slots[piece] = self._input((self.arguments[name], indices))
        return slot

    def _opened(self, piece: str) -> _Bracket:
        """Return the bracket that a piece opens, alone or of a function."""
        if piece == "(":
            return _Bracket()
        found = vocabulary.OPCODES.get(piece)
        if found is None:
            raise NotPlain
        self._called[piece[:-1]] = None
        return _Bracket(*found)

    def _separate(self, bracket: _Bracket, value: Part) -> None:
        """Take a comma after a complete value."""
        if bracket.count == 1:
            raise NotPlain
        bracket.operands = bracket.operands or []
        bracket.operands.append(self._written(self._complete(bracket, value)))
        bracket.terms = None

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
            raise NotPlain

    def _closed(self, bracket: _Bracket, value: Part) -> Part:
        """Return what stands in a bracket that closes, or its function of it."""
        value = self._complete(bracket, value)
        if bracket.count == 1:
            return self._call(bracket.opcode, value) if bracket.opcode else value
        operands = [*(bracket.operands or ()), self._written(value)]
        if len(operands) != (bracket.count or max(len(operands), 2)):
            raise NotPlain
        return self._call_of_several(bracket.opcode, operands)

    def _complete(self, bracket: _Bracket, value: Part) -> Part:
        """Return the sum or product that ends with a value."""
        value = self._product(bracket, value)
        return value if bracket.terms is None else ("add", self._chain("add", bracket.terms, bracket.sign, value))

    def _product(self, bracket: _Bracket, value: Part) -> Part:
        if bracket.tight:
            value = self._tightened(bracket.tight, value)
        if bracket.factors is None:
            return value
        factors, bracket.factors = self._chain("mul", bracket.factors, bracket.by, value), None
        return "mul", factors

    def _tightened(self, waiting: list[Written | str], value: Part) -> Part:
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
            return [self._written(value)]
        inverse = "neg" if kind == "add" else "inv"
        if sign in "-/":
            value = self._negative(self._written(value)) if kind == "add" else self._inverse(value)
        elif not (type(value) is tuple and value[0] == inverse):
            value = self._written(value)
        parts.append(value)
        return parts

    def _negative(self, value: Part) -> Part:
        written = self._written(value)
        self._operations += 1
        if isinstance(written, int):
            return "neg", written
        negative = constants.negative(written)
        if isinstance(written[2], type):
            return "constant", negative, written[2]  # a literal, too
        key = ("neg", written)
        return self._known.get(key) or self._folded(key, negative)

    def _inverse(self, value: Part) -> Part:
        value = self._written(value)
        if type(value) is tuple and not value[1]:
            raise NotPlain  # of 0 there is none to be folded
        self._operations += 1
        return "inv", value

    def _power(self, base: Written, exponent: Part) -> Part:
        """Return a power whose base is written."""
        exponent = self._written(exponent)
        self._operations += 1
        key = ("pow", base, exponent)
        known = self._known.get(key)
        if known is not None:
            return known
        if base == _E:
            raise NotPlain  # an exponential
        if isinstance(exponent, int):
            opcode = "pow" if isinstance(base, int) else "const_pow"
            return self._new(key, self._append(opcode, self._leaf(base), exponent))
        if isinstance(base, tuple):
            if exponent == _MINUS_ONE:
                raise NotPlain  # a divisor of a product that it is part of
            return self._folded(key, constants.power(base, exponent))
        value = exponent[1]
        if value in {0, 1}:
            raise NotPlain  # no instruction
        if exponent == _MINUS_ONE:
            return "inv", base
        if isinstance(value, float):
            return self._new(key, self._append("pow_const", base, self._constant(value)))
        return self._new(key, self._raised(base, value))

    def _call(self, opcode: str, operand: Part) -> Part:
        written = self._written(operand)
        if opcode == vocabulary.SQRT:
            self._operations += 2
            self._steps += _SQRT_STEPS
            return self._power(written, _HALF)
        self._operations += 1
        key = (opcode, written)
        known = self._known.get(key)
        if known is not None:
            return known
        if isinstance(written, int):
            return self._new(key, self._append(opcode, written))
        return self._folded(key, constants.call(opcode, [written]))

    def _call_of_several(self, opcode: str, operands: Sequence[Written]) -> Part:
        self._operations += len(operands) - 1
        key = (opcode, *operands)
        known = self._known.get(key)
        if known is not None:
            return known
        folded = [operand for operand in operands if isinstance(operand, tuple)]
        if len(folded) == len(operands):
            return self._folded(key, constants.call(opcode, folded))
        total = self._leaf(operands[0])
        for operand in operands[1:]:
            total = self._append(opcode, total, self._leaf(operand))
        return self._new(key, total)

    def _slot(self, value: Part) -> int:
        """Return the slot of an operand that is no constant."""
        written = self._written(value)
        if type(written) is not int:
            raise NotPlain
        return written

    def _written(self, value: Part) -> Written:
        """Return the slot of an operand, by now on the tape, or a constant, which is a leaf of each use."""
        if type(value) is int:
            return value
        assert type(value) is tuple
        kind, operand, *_ = value
        if kind == "constant":
            return value
        if type(operand) is list:
            return self._chained(kind, operand)
        known = self._known.get(value)
        if known is not None:
            return known
        return self._new(value, self._append("neg", operand) if kind == "neg" else self._raised(operand, -1))

    def _chained(self, kind: str, parts: list[Part]) -> Written:
        """Return the slot of a sum or product, or what it is if all of its parts are constants."""
        leading = list(itertools.takewhile(is_constant, parts))
        if kind == "mul" and parts[0] == _MINUS_ONE:  # a leaf here: a product with the integer would be a negation
            parts = [_MINUS_ONE_LEAF, *parts[1:]]
        key = (kind, *parts)
        known = self._known.get(key)
        if known is not None:
            return known
        self._operations += len(parts)
        if len(leading) > 1:
            value = constants.chain(kind, leading)  # must be finite, also where a variable follows
            if len(leading) == len(parts):
                return self._folded(key, value)
        total = self._leaf(parts[0])
        inverse = ("neg", "sub") if kind == "add" else ("inv", "div")
        for part in parts[1:]:
            if type(part) is tuple and part[0] == inverse[0]:
                total = self._append(inverse[1], total, self._leaf(part[1]))
            else:
                total = self._append(kind, total, self._leaf(part))
        return self._new(key, total)

    def _leaf(self, part: Part) -> int:
        """Return the slot of a part; a constant gets a new leaf at each use."""
        return part if type(part) is int else self._constant(float(part[1]))  # type: ignore[index]

    def _new(self, key: tuple[Any, ...], part: Written) -> Written:
        self._known[key] = part
        return part

    def _folded(self, key: tuple[Any, ...], value: Number) -> Written:
        """Return a constant that was folded. Its origin is a number, because keys that contain others would be deep."""
        return self._new(key, ("constant", value, len(self._known)))
