"""A tape in the words of one language: others are written out, or become functions; guards that are not needed go.

The products of the chain rule are 0 where the cotangent is 0, even where the partial derivative is infinite or nan
(``app.autodiff.table.chain``). They are plain products where the partial is sure to be finite, which ``_signs`` finds.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from app import errors
from app.autodiff.arrays import sweep
from app.autodiff.arrays.recorder import Recorder, Slot
from app.autodiff.arrays.tape import ArrayTape
from app.export import definitions, tracing
from app.export.language import Language

_ROUNDS = 8  # a definition uses words that have definitions, to this depth
_PLAIN = {"strong_mul": "mul", "strong_div": "div", "zero_mul": "mul"}


@dataclass(frozen=True, slots=True)
class Lacking:
    """Says of a word that a language lacks which languages have it."""

    languages: Mapping[str, Language]

    def refuse(self, opcode: str, language: Language) -> errors.NotDifferentiable:
        having = [each.title for each in self.languages.values() if has(each, opcode)]
        hint = f"these have it: {', '.join(having)}" if having else "no language has it"
        detail = f"{language.title} has no word for {errors.quote(opcode)}"
        return errors.NotDifferentiable(detail, hint=hint, field="language")


def has(language: Language, opcode: str) -> bool:
    """Return whether a language has a word, or a definition of it."""
    return opcode in language.words or opcode in definitions.INLINE or opcode in definitions.FUNCTIONS


def rewritten(tape: ArrayTape, language: Language) -> ArrayTape:
    """Return a tape whose words the language has, or are in ``definitions.FUNCTIONS``."""
    tape = _weakened(tape)
    for _ in range(_ROUNDS):
        if not any(_is_written_out(opcode, language) for opcode, _, _ in tape.code):
            return tape
        tape = _replayed(tape, lambda r, opcode, _, operands: _expanded(r, opcode, operands, language))
    raise AssertionError("a definition uses itself")


def definition(opcode: str, orders: Sequence[float], arity: int, language: Language) -> ArrayTape:
    """Return the definition of a word as a tape of its operands that are no orders."""
    r = Recorder()
    operands = [r.input(()) for _ in range(arity)]
    return r.finish(_defined(r, opcode, orders, operands, language))


def _is_written_out(opcode: str, language: Language) -> bool:
    if opcode in language.words:
        return False
    return opcode in definitions.INLINE or (language.inline and opcode in definitions.FUNCTIONS)


def _expanded(r: Recorder, opcode: str, operands: Sequence[Slot], language: Language) -> Slot | None:
    if not _is_written_out(opcode, language):
        return None
    known = definitions.ORDERS.get(opcode, 0)
    orders = [slot.number for slot in operands[:known]]
    if None in orders:
        return None
    return _defined(r, opcode, [order for order in orders if order is not None], operands[known:], language)


def _defined(
    r: Recorder, opcode: str, orders: Sequence[float], operands: Sequence[Slot], language: Language
) -> Slot:
    space = tracing.Namespace(r, finite=language.inline)
    form = definitions.INLINE.get(opcode) or definitions.FUNCTIONS[opcode]
    found = form(space, *orders, *[space.traced(slot) for slot in operands])
    return found.slot if isinstance(found, tracing.Traced) else r.number(float(found))


Rewrite = Callable[[Recorder, str, int, Sequence[Slot]], Slot | None]


def _replayed(tape: ArrayTape, rewrite: Rewrite) -> ArrayTape:
    """Return a tape with some instructions replaced: ``rewrite`` is given recorder, opcode, slot and operands."""
    r = Recorder()
    slots = [*[r.input(shape) for shape in tape.inputs], *[r.leaf(shape) for shape in tape.constants]]
    slots += [r.number(value) for value in tape.statics]
    for position, (opcode, operands, parameters) in enumerate(tape.code):
        given = [slots[i] for i in operands]
        found = rewrite(r, opcode, tape.leaves + position, given)
        slots.append(sweep.written(r, opcode, parameters, given) if found is None else found)
    return r.finish(*[slots[i] for i in tape.results])


def _weakened(tape: ArrayTape) -> ArrayTape:
    """Return a tape with plain products where a guard changes nothing."""
    signs = _signs(tape)

    def rewrite(r: Recorder, opcode: str, slot: int, operands: Sequence[Slot]) -> Slot | None:
        if opcode not in _PLAIN:
            return _known(opcode, operands)
        chosen = _of_branch(r, *operands) if opcode == "strong_mul" else None
        if chosen is not None:
            return chosen
        g, p = [signs[i] for i in tape.code[slot - tape.leaves][1]]
        safe = {"finite", "nonzero"} <= p if opcode == "strong_div" else "finite" in p
        if opcode == "zero_mul":
            safe = "finite" in p and "finite" in g
        return r.word(_PLAIN[opcode], *operands) if safe or ("nonzero" in g and opcode != "zero_mul") else None

    return _replayed(tape, rewrite)


def _known(opcode: str, operands: Sequence[Slot]) -> Slot | None:
    """Return the operand that a word of conditions gives, if one of these is known."""
    if opcode == "select" and operands[0].number is not None:
        return operands[1] if operands[0].number else operands[2]
    if opcode in {"and", "or"}:
        for condition, other in (operands, reversed(operands)):
            if condition.number is not None:
                return other if bool(condition.number) == (opcode == "and") else condition
    return None


def _of_branch(r: Recorder, g: Slot, p: Slot) -> Slot | None:
    """Return the product of p and a condition as a choice between p and 0."""
    opcode, _, _ = r.made_by(g)
    if opcode != "select":
        return None
    condition, x, y = r.operands(g)
    if (x.number, y.number) == (1.0, 0.0):
        return r.word("select", condition, p, 0.0)
    return r.word("select", condition, 0.0, p) if (x.number, y.number) == (0.0, 1.0) else None


Signs = frozenset[str]
_BOUNDED = (
    "sin cos tanh atan erf sinpi cospi sign floor ceil trunc round usinc asinh atan2 soft_sign less less_equal equal"
    " not_equal and or not sigmoid softplus logaddexp share erfc gauss sech hypot i0e i1e cbrt copysign"
    " fresnels fresnelc Si gd celu one_minus_square"
).split()
_POSITIVE = "less less_equal equal not_equal and or not sigmoid softplus share erfc gauss sech exp cosh exp2 hypot".split()
_OVERFLOWING = "exp exp2 cosh sinh expm1 const_pow".split()


def _signs(tape: ArrayTape) -> list[Signs]:
    """Return of each slot what is sure for finite inputs: "finite", "nonzero", and "nonnegative" or "nonpositive".

    A sum or product of finite numbers counts as finite. So does what can only overflow, unless a branch may be left.
    """
    branches = any(opcode == "select" for opcode, _, _ in tape.code)
    found: list[Signs] = [frozenset({"finite"})] * (len(tape.inputs) + len(tape.constants))
    found += [_of_number(value) for value in tape.statics]
    for opcode, operands, _ in tape.code:
        found.append(_of_word(opcode, [found[i] for i in operands], operands, branches))
    return found


def _of_number(value: float) -> Signs:
    signs = {"nonzero"} if value else set()
    if abs(value) < float("inf"):
        signs.add("finite")
    return frozenset(signs | ({"nonnegative"} if value >= 0 else {"nonpositive"} if value < 0 else set()))


def _of_word(opcode: str, of: Sequence[Signs], operands: Sequence[int], branches: bool) -> Signs:
    signs: set[str] = set()
    finite = all("finite" in each for each in of)
    nonnegative = all("nonnegative" in each for each in of)
    nonzero = all("nonzero" in each for each in of)
    if finite and (opcode in _BOUNDED or opcode in _KEPT or (opcode in _OVERFLOWING and not branches)):
        signs.add("finite")
    if opcode in _POSITIVE or opcode in {"abs", "square"}:
        signs.add("nonnegative")
    rule = _RULES.get(opcode)
    if rule is not None:
        signs |= rule(of, operands, finite, nonnegative, nonzero)
    return frozenset(signs)


_KEPT = frozenset({"add", "sub", "mul", "neg", "square", "abs", "maximum", "minimum", "select", "stop_gradient"})
"""Words whose value is finite where all operands are."""


def _flags(**signs: bool) -> set[str]:
    return {name for name, holds in signs.items() if holds}


def _sum(of: Sequence[Signs], _: Any, finite: bool, nonnegative: bool, nonzero: bool) -> set[str]:
    some = any("nonzero" in each for each in of)
    return _flags(nonnegative=nonnegative, nonzero=nonnegative and some, finite=finite)


def _product(of: Sequence[Signs], operands: Any, finite: bool, nonnegative: bool, nonzero: bool) -> set[str]:
    return _flags(nonnegative=nonnegative or operands[0] == operands[1], nonzero=nonzero, finite=finite)


def _quotient(of: Sequence[Signs], _: Any, finite: bool, nonnegative: bool, nonzero: bool) -> set[str]:
    below = "nonzero" in of[-1]
    return _flags(finite=finite and below, nonnegative=nonnegative, nonzero=nonzero and finite)


def _negative(of: Sequence[Signs], *_: Any) -> set[str]:
    (x,) = of
    return _flags(nonnegative="nonpositive" in x, nonpositive="nonnegative" in x, nonzero="nonzero" in x)


def _root(of: Sequence[Signs], _: Any, finite: bool, nonnegative: bool, nonzero: bool) -> set[str]:
    return _flags(finite=finite and nonnegative, nonnegative=True, nonzero=nonzero and nonnegative)


def _logarithm(of: Sequence[Signs], _: Any, finite: bool, nonnegative: bool, nonzero: bool) -> set[str]:
    return _flags(finite=finite and nonnegative and nonzero)


def _log1p(of: Sequence[Signs], _: Any, finite: bool, nonnegative: bool, nonzero: bool) -> set[str]:
    return _flags(finite=finite and nonnegative, nonnegative=nonnegative)


def _selected(of: Sequence[Signs], *_: Any) -> set[str]:
    return set(of[1] & of[2])


def _exponential(of: Sequence[Signs], _: Any, finite: bool, *__: Any) -> set[str]:
    return _flags(finite=finite and "nonpositive" in of[0])


_RULES: dict[str, Callable[..., set[str]]] = {
    "add": _sum,
    "mul": _product,
    "div": _quotient,
    "reciprocal": _quotient,
    "neg": _negative,
    "sqrt": _root,
    "log": _logarithm,
    "log1p": _log1p,
    "select": _selected,
    "exp": _exponential,
    "square": lambda of, *_: _flags(nonzero="nonzero" in of[0]),
    "abs": lambda of, *_: _flags(nonzero="nonzero" in of[0]),
    "cosh": lambda *_: {"nonzero"},
    "hypot": lambda of, *_: _flags(nonzero=any("nonzero" in each for each in of)),
}
"""What is sure of a word's value, by what is sure of its operands."""
