"""How the words of a tape are written in a language: a text with places for the operands, and how tightly it binds."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

CHOICE, OR, AND, NOT, COMPARISON, SUM, PRODUCT, SIGN, POWER, ATOM = range(0, 100, 10)
"""How tightly an expression binds, from the loosest; an operand that binds less tightly gets parentheses."""


@dataclass(frozen=True, slots=True)
class WordForm:
    """A word in a language.

    Attributes:
        text: with {0}, {1}, ... for the operands.
        level: how tightly it binds.
        operands: how tightly each operand must bind; the last one counts for all that follow.
        needs: names of the functions of ``Language.snippets`` that it calls.
    """

    text: str
    level: int = ATOM
    operands: tuple[int, ...] = (CHOICE,)
    needs: tuple[str, ...] = ()

    def least(self, position: int) -> int:
        """Return how tightly the operand at a position must bind."""
        return self.operands[min(position, len(self.operands) - 1)]

    def repeats(self, position: int) -> bool:
        """Return whether the operand at a position is written more than once."""
        return self.text.count(f"{{{position}}}") > 1


def infix(symbol: str, level: int) -> WordForm:
    """Return an operator between two operands; what stands on its right binds tighter, so that order is kept."""
    return WordForm(f"{{0}} {symbol} {{1}}", level, (level, level + 1))


def prefix(symbol: str, level: int) -> WordForm:
    return WordForm(f"{symbol}{{0}}", level, (level,))


def calls(named: str, arity: int = 1, *, before: str = "", needs: bool = False) -> dict[str, WordForm]:
    """Return the forms of functions: ``named`` lists words, or ``word=function`` where the language's name differs.

    ``needs`` is whether the functions are snippets of the language.
    """
    places = ", ".join(f"{{{position}}}" for position in range(arity))
    found = {}
    for entry in named.split():
        word, _, function = entry.partition("=")
        name = function or word
        found[word] = WordForm(f"{before}{name}({places})", needs=(name,) if needs else ())
    return found


OPERATORS: dict[str, WordForm] = {
    "add": infix("+", SUM),
    "sub": infix("-", SUM),
    "mul": infix("*", PRODUCT),
    "div": infix("/", PRODUCT),
    "neg": prefix("-", SIGN),
    "square": WordForm("{0} * {0}", PRODUCT, (ATOM,)),
    "reciprocal": WordForm("1 / {0}", PRODUCT, (PRODUCT + 1,)),
    "less": infix("<", COMPARISON),
    "less_equal": infix("<=", COMPARISON),
    "equal": infix("==", COMPARISON),
    "not_equal": infix("!=", COMPARISON),
}
"""Words that most languages write alike."""

C_LOGIC: dict[str, WordForm] = {
    "and": infix("&&", AND),
    "or": WordForm("{0} || {1}", OR, (NOT,)),  # && within || gets parentheses, which compilers ask for
    "not": WordForm("!{0}", SIGN, (ATOM,)),
    "select": WordForm("{0} ? {1} : {2}", CHOICE, (CHOICE + 1, CHOICE + 1, CHOICE + 1)),
}
"""Conditions as C writes them."""

LOGICAL = frozenset({"less", "less_equal", "equal", "not_equal", "and", "or", "not"})
"""Words whose value is a condition."""

CONDITIONS: Mapping[str, tuple[int, ...]] = {"and": (0, 1), "or": (0, 1), "not": (0,), "select": (0,)}
"""Operands that are conditions, by word."""

_IDENTIFIER = re.compile(r"(?<![\w.])[A-Za-z_]\w*")


def identifiers(text: str) -> set[str]:
    """Return the names in a text that stand alone, so that no argument takes one of them."""
    return set(_IDENTIFIER.findall(text))
