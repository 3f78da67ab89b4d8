"""A tape to lines of a language: what is used once is written where it is used, all else gets a name."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

from app.autodiff import table
from app.autodiff.arrays.tape import ArrayTape, Parameters
from app.export import arrays, definitions, expansion, forms, names
from app.export.forms import WordForm
from app.export.language import Language

_LONG = 72
"""Characters of an expression beyond which it gets a name of its own."""
_SHORT = 12
"""Characters up to which an element of an array is written twice."""

_EVERYWHERE = frozenset({"sin", "cos", "tan", "floor", "ceil", "trunc", "round"})
"""Words that have a value for every finite number, as those are that a caller gives."""


@dataclass(frozen=True, slots=True)
class Expr:
    """An expression: its text, how tightly it binds, and whether it is a condition."""

    text: str
    level: int = forms.ATOM
    condition: bool = False


@dataclass(slots=True)
class Helpers:
    """The functions that a file has beside its own: definitions and snippets, each before what uses it."""

    language: Language
    lacking: expansion.LackingWords
    reserved: frozenset[str]
    taken: set[str] = field(init=False)  # names of arguments and functions, beside what the language reserves
    sources: dict[str, str] = field(default_factory=dict)  # text by name
    _named: dict[tuple[str, tuple[float, ...]], str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.taken = set(self.reserved)

    def snippet(self, name: str) -> None:
        """Add a function of ``Language.snippets``."""
        self.sources.setdefault(name, self.language.snippets[name])

    def defined(self, opcode: str, orders: tuple[float, ...], arity: int) -> str:
        """Return the name of the function that is the definition of a word, which is added."""
        key = opcode, orders
        if key not in self._named:
            if opcode not in definitions.FUNCTIONS:
                raise self.lacking.refuse(opcode, self.language)
            try:
                tape = expansion.definition(opcode, orders, arity, self.language)
            except NotImplementedError:
                raise self.lacking.refuse(opcode, self.language) from None
            wanted = "_".join([opcode, *[str(int(order)) for order in orders]])
            name = names.safe(wanted, self.taken, unicode=False)
            self._named[key] = name
            self.taken.add(name)
            self.sources[name] = self._function(name, tape)
        return self._named[key]

    def _function(self, name: str, tape: ArrayTape) -> str:
        syntax = self.language.syntax
        operands = ["x"] if len(tape.inputs) == 1 else list("abcdefgh"[: len(tape.inputs)])
        parameters = [names.safe(each, self.reserved, unicode=False) for each in operands]
        body = printed(expansion.rewritten(tape, self.language), parameters, self)
        lines = [f"{syntax.indent}{line}\n" for line in body.lines]
        return syntax.function.format(
            name=name,
            parameters=", ".join(syntax.parameter.format(each) for each in parameters),
            body="".join(lines),
            result=body.results[0],
        )


@dataclass(frozen=True, slots=True)
class PrintedTape:
    """The statements of a function, and the expressions of its results."""

    lines: list[str]
    results: list[str]


def printed(tape: ArrayTape, leaves: Sequence[str], helpers: Helpers, *, first: str = "") -> PrintedTape:
    """Return a tape of numbers as statements.

    Args:
        tape: in the words of the language, see ``expansion.rewritten``.
        leaves: names of the inputs and constants.
        helpers: where functions that it needs are added.
        first: the name that the first result gets, if it gets one.
    """
    return _Printer(tape, leaves, helpers, first).body()


class _Printer:
    def __init__(self, tape: ArrayTape, leaves: Sequence[str], helpers: Helpers, first: str) -> None:
        self._tape, self._helpers, self._first = tape, helpers, first
        self._language = helpers.language
        branches = any(opcode == "select" for opcode, _, _ in tape.code)
        self._words = {**self._language.words, **self._language.careful} if branches else self._language.words
        self._next = 1
        self._lines: list[str] = []
        self._known = [Expr(leaf) for leaf in leaves] + [self._number(value) for value in tape.statics]
        self._uses = [0] * len(tape.shapes)
        for _, operands, _ in tape.code:
            for slot in operands:
                self._uses[slot] += 1
        for slot in tape.results:
            self._uses[slot] += 1

    def body(self) -> PrintedTape:
        tape = self._tape
        for position, (opcode, operands, parameters) in enumerate(tape.code):
            slot = tape.leaves + position
            found = self._word(opcode, operands, parameters)
            is_value = bool(self._first) and slot == tape.results[0]
            if self._uses[slot] > 1 or len(found.text) > _LONG or is_value:
                found = self._named(found, self._first if is_value else "")
            self._known.append(found)
        return PrintedTape(self._lines, [self._as_number(self._known[slot]).text for slot in tape.results])

    def _number(self, value: float) -> Expr:
        syntax = self._language.syntax
        if math.isnan(value):
            return Expr(syntax.nan)
        size = syntax.infinity if math.isinf(value) else names.number(abs(value), whole=syntax.whole)
        if names.is_negative(value):
            return Expr(f"-{size}", forms.SIGN)
        return Expr(size)

    def _named(self, found: Expr, name: str = "") -> Expr:
        """Write a statement that gives an expression a name."""
        syntax = self._language.syntax
        if name:
            found = self._as_number(found)
        else:
            name, self._next = f"t{self._next}", self._next + 1
        assign = syntax.assign_condition if found.condition else syntax.assign
        self._lines.append(assign.format(name, found.text))
        return Expr(name, forms.ATOM, found.condition)

    def _word(self, opcode: str, operands: Sequence[int], parameters: Parameters) -> Expr:
        form = self._words.get(opcode)
        if opcode in _EVERYWHERE and all(slot < self._tape.leaves for slot in operands):
            form = self._language.words.get(opcode)
        if opcode not in table.TABLE:
            form = arrays.form(opcode, self._language.arrays, parameters, [self._tape.shapes[i] for i in operands])
            if form is None:
                raise self._helpers.lacking.refuse(opcode, self._language)
        if opcode == "div" and self._is_number(operands[1]):
            form = self._language.words["div"]
        if form is None:
            known = definitions.ORDERS.get(opcode, 0)
            orders = [self._order(slot, opcode) for slot in operands[:known]]
            operands = operands[known:]
            form = self._call(opcode, tuple(orders), len(operands))
        for needed in form.needs:
            self._helpers.snippet(needed)
        conditions = forms.CONDITIONS.get(opcode, ())
        given = [self._operand(slot, position, position in conditions, form) for position, slot in enumerate(operands)]
        return Expr(form.text.format(*given), form.level, opcode in forms.LOGICAL)

    def _order(self, slot: int, opcode: str) -> float:
        if not self._is_number(slot):
            raise self._helpers.lacking.refuse(opcode, self._language)
        return self._tape.statics[slot - len(self._tape.inputs) - len(self._tape.constants)]

    def _is_number(self, slot: int) -> bool:
        return len(self._tape.inputs) + len(self._tape.constants) <= slot < self._tape.leaves

    def _call(self, opcode: str, orders: tuple[float, ...], arity: int) -> WordForm:
        name = self._helpers.defined(opcode, orders, arity)
        return WordForm(f"{name}({', '.join(f'{{{position}}}' for position in range(arity))})")

    def _operand(self, slot: int, position: int, condition: bool, form: WordForm) -> str:
        found = self._known[slot]
        found = self._as_condition(found) if condition else self._as_number(found)
        if form.repeats(position) and (found.level < forms.ATOM or len(found.text) > _SHORT or "(" in found.text):
            found = self._named(found)
        return f"({found.text})" if found.level < form.least(position) else found.text

    def _as_number(self, found: Expr) -> Expr:
        return self._turned(found, self._language.syntax.as_number, False) if found.condition else found

    def _as_condition(self, found: Expr) -> Expr:
        return found if found.condition else self._turned(found, self._language.syntax.as_condition, True)

    def _turned(self, found: Expr, form: WordForm, condition: bool) -> Expr:
        text = f"({found.text})" if found.level < form.least(0) else found.text
        return Expr(form.text.format(text), form.level, condition)
