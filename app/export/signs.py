"""What is sure of the slots of a tape, whatever finite inputs it has: finite, not 0, not negative or not positive.

A sum or product of finite numbers counts as finite. So does what can only overflow, unless a branch may be left: there
a number that overflows is multiplied by 0.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

from app.autodiff.arrays.tape import ArrayTape

Signs = frozenset[str]
"""Some of "finite", "nonzero", "nonnegative" and "nonpositive"."""

_BOUNDED = frozenset(
    "sin cos tanh atan erf sinpi cospi sign floor ceil trunc round usinc asinh atan2 soft_sign less less_equal equal "  # noqa: SIM905
    "not_equal and or not sigmoid softplus logaddexp share erfc gauss sech hypot i0e i1e cbrt copysign fresnels "
    "fresnelc Si gd celu one_minus_square".split()
)
_KEPT = frozenset(
    "add sub mul neg square abs maximum minimum select stop_gradient reshape transpose broadcast slice place "  # noqa: SIM905
    "concatenate reduce_sum reduce_max reduce_min cumsum einsum gather take_along iota eye triangle real".split()
)
"""With those above: words whose value is finite where all operands are."""
_OVERFLOWING = frozenset({"exp", "exp2", "cosh", "sinh", "expm1", "const_pow"})
_NOT_NEGATIVE = frozenset(
    "less less_equal equal not_equal and or not sigmoid softplus share erfc gauss sech exp cosh exp2 hypot abs "  # noqa: SIM905
    "square".split()
)


class _Of(NamedTuple):
    """What is sure of the operands: of each, of all, and whether the first two are one slot."""

    each: Sequence[Signs]
    finite: bool
    nonnegative: bool
    nonzero: bool
    same: bool

    def any(self, sign: str) -> bool:
        return any(sign in signs for signs in self.each)


def of_tape(tape: ArrayTape) -> list[Signs]:
    """Return what is sure of each slot."""
    branches = any(opcode == "select" for opcode, _, _ in tape.code)
    found: list[Signs] = [frozenset({"finite"})] * (len(tape.inputs) + len(tape.constants))
    found += [_of_number(value) for value in tape.statics]
    for opcode, operands, _ in tape.code:
        each = [found[slot] for slot in operands]
        all_are = [all(sign in signs for signs in each) for sign in ("finite", "nonnegative", "nonzero")]
        of = _Of(each, all_are[0], all_are[1], all_are[2], len(set(operands)) == 1)
        found.append(frozenset(_of_word(opcode, of, branches)))
    return found


def _of_number(value: float) -> Signs:
    sign = "nonnegative" if value >= 0 else "nonpositive"
    return frozenset(_flags(finite=math.isfinite(value), nonzero=value != 0) | (set() if math.isnan(value) else {sign}))


def _of_word(opcode: str, of: _Of, branches: bool) -> set[str]:
    bounded = opcode in _BOUNDED or opcode in _KEPT or (opcode in _OVERFLOWING and not branches)
    signs = _flags(finite=of.finite and bounded, nonnegative=opcode in _NOT_NEGATIVE)
    rule = _RULES.get(opcode)
    return signs if rule is None else signs | rule(of)


def _flags(**signs: bool) -> set[str]:
    return {name for name, holds in signs.items() if holds}


def _quotient(of: _Of) -> set[str]:
    finite = of.finite and "nonzero" in of.each[-1]
    return _flags(finite=finite, nonnegative=of.nonnegative, nonzero=of.nonzero and of.finite)


def _negative(of: _Of) -> set[str]:
    return _flags(nonnegative=of.any("nonpositive"), nonpositive=of.any("nonnegative"), nonzero=of.nonzero)


_RULES: dict[str, Callable[[_Of], set[str]]] = {
    "add": lambda of: _flags(nonnegative=of.nonnegative, nonzero=of.nonnegative and of.any("nonzero")),
    "mul": lambda of: _flags(nonnegative=of.nonnegative or of.same, nonzero=of.nonzero),
    "div": _quotient,
    "reciprocal": _quotient,
    "neg": _negative,
    "sqrt": lambda of: _flags(finite=of.finite and of.nonnegative, nonnegative=True, nonzero=of.nonzero),
    "log": lambda of: _flags(finite=of.finite and of.nonnegative and of.nonzero),
    "log1p": lambda of: _flags(finite=of.finite and of.nonnegative, nonnegative=of.nonnegative),
    "select": lambda of: set(of.each[1] & of.each[2]),
    "exp": lambda of: _flags(finite=of.finite and of.any("nonpositive")),
    "square": lambda of: _flags(nonzero=of.nonzero),
    "abs": lambda of: _flags(nonzero=of.nonzero),
    "reshape": lambda of: set(of.each[0]),
    "broadcast": lambda of: set(of.each[0]),
    "cosh": lambda _: {"nonzero"},
    "hypot": lambda of: _flags(nonzero=of.any("nonzero")),
}
"""What is sure of a word's value, by what is sure of its operands."""
