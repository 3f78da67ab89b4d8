"""A tape in the words of one language: others are written out, or become functions; guards that are not needed go.

The products of the chain rule are 0 where the cotangent is 0, even where the partial derivative is infinite or nan
(``app.autodiff.table.chain``). They are plain products where the partial is sure to be finite, which ``signs`` finds.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from app import errors
from app.autodiff import table
from app.autodiff.arrays import sweep
from app.autodiff.arrays.recorder import Recorder, Slot
from app.autodiff.arrays.tape import ArrayTape
from app.export import arrays, definitions, forms, signs, tracing
from app.export.language import Language

_ROUNDS = 8  # a definition uses words that have definitions, to this depth
_PLAIN = {"strong_mul": "mul", "strong_div": "div", "zero_mul": "mul"}


@dataclass(frozen=True, slots=True)
class LackingWords:
    """Says of a word that a language lacks which languages have it."""

    languages: Mapping[str, Language]

    def refuse(self, opcode: str, language: Language) -> errors.NotWritten:
        having = [each.title for each in self.languages.values() if has(each, opcode)]
        hint = f"these have it: {', '.join(having)}" if having else "no language has it"
        detail = f"{language.title} has no word for {errors.quote(opcode)}"
        return errors.NotWritten(detail, hint=hint, field="language")


def has(language: Language, opcode: str) -> bool:
    """Return whether a language has a word, or a definition of it."""
    if opcode not in table.TABLE:
        return bool(language.arrays) and opcode in arrays.PRIMITIVES
    return opcode in language.words or opcode in definitions.INLINE or opcode in definitions.FUNCTIONS


def rewritten(tape: ArrayTape, language: Language) -> ArrayTape:
    """Return a tape whose words the language has, or are in ``definitions.FUNCTIONS``."""
    tape = _with_plain_numbers(_weakened(tape))
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


def _defined(r: Recorder, opcode: str, orders: Sequence[float], operands: Sequence[Slot], language: Language) -> Slot:
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


def _with_plain_numbers(tape: ArrayTape) -> ArrayTape:
    """Return a tape in which a number that elementwise words repeat is not shaped before."""
    given = len(tape.inputs) + len(tape.constants)
    shaped = {
        tape.leaves + position: operands[0]
        for position, (opcode, operands, _) in enumerate(tape.code)
        if opcode in {"reshape", "broadcast"} and given <= operands[0] < tape.leaves
    }
    needed = set(tape.results)
    for position, (opcode, operands, _) in enumerate(tape.code):
        others = [tape.shapes[i] for i in operands if i not in shaped]
        if opcode not in table.TABLE or tape.shapes[tape.leaves + position] not in others:
            needed.update(operands)
    slots = shaped.keys() - needed
    if not slots:
        return tape
    return _replayed(tape, lambda _, __, slot, operands: operands[0] if slot in slots else None)


def _weakened(tape: ArrayTape) -> ArrayTape:
    """Return a tape with plain products where a guard changes nothing."""
    known = signs.of_tape(tape)

    def rewrite(r: Recorder, opcode: str, slot: int, operands: Sequence[Slot]) -> Slot | None:
        if opcode not in _PLAIN:
            return _known(r, opcode, operands)
        chosen = _of_branch(r, *operands) if opcode == "strong_mul" else None
        if chosen is not None:
            return chosen
        g, p = [known[i] for i in tape.code[slot - tape.leaves][1]]
        safe = {"finite", "nonzero"} <= p if opcode == "strong_div" else "finite" in p
        if opcode == "zero_mul":
            safe = "finite" in p and "finite" in g
        return r.word(_PLAIN[opcode], *operands) if safe or ("nonzero" in g and opcode != "zero_mul") else None

    return _replayed(tape, rewrite)


def _known(r: Recorder, opcode: str, operands: Sequence[Slot]) -> Slot | None:
    """Return the operand that a word of conditions gives, if one of these is known."""
    if opcode == "select" and operands[0].number is not None:
        return operands[1] if operands[0].number else operands[2]
    if opcode in {"and", "or"}:
        for condition, other in (operands, reversed(operands)):
            if condition.number is not None and r.made_by(other)[0] in forms.LOGICAL:
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
