"""Expressions to text, without recursion and to a bounded length.

Writing has two halves. A *reader* looks at one node and says what it is to a human eye, a ``View``: a sum with its
signs, a quotient, a root. A *style* says how a view is laid out: the strings, with the places where its parts go and
how tightly each part must bind to stand there without parentheses. ``write`` puts both together over a stack, from
left to right, and stops at a limit, so that neither depth nor size of an expression matters to it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

import sympy

ANY, CHOICE, OR, AND, NOT, RELATION, SUM, PRODUCT, POWER, ATOM = range(10)
"""How tightly a text binds, loosest first."""

Leaf = tuple[int, tuple[int, ...]]
"""An argument, and the indices into it, () for a number."""


@dataclass(frozen=True, slots=True)
class View:
    """What a node is to the eye.

    Kinds, with their data and parts:

        name       a leaf                          number    unsigned digits
        constant   pi, e, inf or nan               sum       a sign for each part; one part if it is a negation
        product    * or / for each part            power     base, exponent
        root       index (2 or 3); radicand        call      word; operands
        relation   operator; two sides             and, or   conditions
        not        condition                       cases     value, condition, value, condition, ...
        truth      True or False
    """

    kind: str
    data: Any = None
    parts: tuple[Any, ...] = ()


Reader = Callable[[Any], View]
Piece = Any
"""A string, or a part (a node or a view) with how tightly it must bind."""

Layout = tuple[int, list[Piece]]
"""How tightly a view binds, and its pieces."""


class Style(Protocol):
    """How views are laid out."""

    def lay(self, view: View) -> Layout:
        """Return how tightly the layout binds, and its pieces."""

    def enclose(self, pieces: list[Piece]) -> list[Piece]:
        """Return pieces in parentheses."""


class TooLong(Exception):
    """The text passed its limit.

    Args:
        text: what was written until then.
    """

    def __init__(self, text: str) -> None:
        super().__init__("too long")
        self.text = text


def write(root: Any, read: Reader, style: Style, limit: int) -> str:
    """Return the text of an expression.

    Raises:
        TooLong: it has more than ``limit`` characters.
    """
    written: list[str] = []
    length = 0
    stack: list[Piece] = [(root, ANY)]
    while stack:
        piece = stack.pop()
        if isinstance(piece, str):
            written.append(piece)
            length += len(piece)
            if length > limit:
                raise TooLong("".join(written))
            continue
        part, least = piece
        binding, pieces = style.lay(part if isinstance(part, View) else read(part))
        stack.extend(reversed(style.enclose(pieces) if binding < least else pieces))
    return "".join(written)


# Text of the language


class Text:
    """The language itself. A word whose name an argument has taken gets a prefix.

    Args:
        args: the argument names in order.
    """

    def __init__(self, args: Sequence[str]) -> None:
        self._args = args
        self._taken = frozenset(args)

    def lay(self, view: View) -> Layout:
        return self._LAYOUTS[view.kind](self, view)

    def enclose(self, pieces: list[Piece]) -> list[Piece]:
        return ["(", *pieces, ")"]

    def _word(self, name: str, prefix: str) -> str:
        return f"{prefix}.{name}" if name in self._taken else name

    def _name(self, view: View) -> Layout:
        argument, indices = view.data
        element = f"[{', '.join(map(str, indices))}]" if indices else ""
        return ATOM, [self._args[argument] + element]

    def _literal(self, view: View) -> Layout:
        return ATOM, [view.data]

    def _constant(self, view: View) -> Layout:
        return ATOM, [self._word(view.data, "math")]

    def _sum(self, view: View) -> Layout:
        pieces: list[Piece] = []
        for sign, part in zip(view.data, view.parts, strict=True):
            if not pieces:
                pieces += [(part, SUM)] if sign == "+" else ["-", (part, PRODUCT)]
            else:
                pieces += [f" {sign} ", (part, PRODUCT)]
        return SUM, pieces

    def _product(self, view: View) -> Layout:
        first, *rest = view.parts
        pieces: list[Piece] = [(first, PRODUCT)]
        for sign, part in zip(view.data[1:], rest, strict=True):
            pieces += [sign, (part, POWER)]
        return PRODUCT, pieces

    def _power(self, view: View) -> Layout:
        base, exponent = view.parts
        return POWER, [(base, ATOM), "**", (exponent, POWER)]

    def _root(self, view: View) -> Layout:
        return self._call(View("call", "sqrt" if view.data == 2 else "cbrt", view.parts))

    def _call(self, view: View) -> Layout:
        return ATOM, [self._word(view.data, "np"), "(", *separated(", ", view.parts, ANY), ")"]

    def _relation(self, view: View) -> Layout:
        left, right = view.parts
        return RELATION, [(left, SUM), f" {view.data} ", (right, SUM)]

    def _and(self, view: View) -> Layout:
        return AND, separated(" and ", view.parts, NOT)

    def _or(self, view: View) -> Layout:
        return OR, separated(" or ", view.parts, AND)

    def _not(self, view: View) -> Layout:
        return NOT, ["not ", (view.parts[0], ATOM)]

    def _cases(self, view: View) -> Layout:
        if len(view.parts) == 4 and view.parts[3] is sympy.true:
            chosen, condition, other, _ = view.parts
            return self._call(View("call", "where", (condition, chosen, other)))
        pieces: list[Piece] = [self._word("Piecewise", "np"), "("]
        for index in range(0, len(view.parts), 2):
            value, condition = view.parts[index : index + 2]
            pieces += [", (" if index else "(", (value, CHOICE), ", ", (condition, CHOICE), ")"]
        return ATOM, [*pieces, ")"]

    _LAYOUTS: ClassVar[dict[str, Callable[..., Layout]]] = {
        "name": _name,
        "number": _literal,
        "truth": _literal,
        "constant": _constant,
        "sum": _sum,
        "product": _product,
        "power": _power,
        "root": _root,
        "call": _call,
        "relation": _relation,
        "and": _and,
        "or": _or,
        "not": _not,
        "cases": _cases,
    }


def separated(separator: str, parts: Sequence[Any], least: int = ANY) -> list[Piece]:
    """Return parts with a string between them."""
    pieces: list[Piece] = []
    for part in parts:
        pieces += [separator, (part, least)] if pieces else [(part, least)]
    return pieces
