"""Displays to text, LaTeX and MathML, without recursion and to a bounded length.

A printer lays out one ``Display``: it returns the strings, the parts between them, and how tightly each part must bind
to stand there without parentheses. ``write`` walks over an explicit stack from left to right and stops at a limit, so
that a function of any depth and size can be printed. ``Markup`` prints LaTeX and MathML; ``notation`` has the symbols.

Two libraries were tried instead. SymPy's LaTeX printer writes the decimals of the client as fractions, 24.3*v as
243 v / 10, and sorts the operands of max, min, and, or, so that LaTeX and text would differ. latex2mathml writes
``expm1`` as five letters, and multiplication as a space, which a screen reader does not speak.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import sympy

from app.autodiff.symbolic import display, notation
from app.autodiff.symbolic.display import Display
from app.autodiff.tape import Leaf
from app.language.expression.result import Expression

ANY, CHOICE, OR, AND, NOT, RELATION, SUM, PRODUCT, POWER, ATOM = range(10)  # how tightly a text binds, loosest first
Piece = str | tuple[Any, int]  # a string, or a part (a node or a display) with how tightly it must bind
Layout = tuple[int, list[Piece]]  # how tightly the whole binds, and its pieces
_CANONICAL_CHARACTERS = 2_000
_DRAWN = frozenset({"sqrt", "cbrt", "abs", "floor", "ceil"})
"""Functions that LaTeX and MathML draw around their operand."""


class TooLong(Exception):
    """The text passed its limit; ``text`` was written until then."""

    def __init__(self, text: str) -> None:
        super().__init__("too long")
        self.text = text


def canonical_text(parsed: Expression) -> str | None:
    """Return a scalar expression as text of the language with the client's names, at most 2,000 characters.

    Expressions of one function id have one text, whatever their spelling. Parsing it gives the same function again,
    with the same id unless a local variable was used twice. A longer text is cut and ends with ``...``. The result is
    None if some part has no text, such as the opcodes that ``jn`` is made of.
    """
    printer = Text(parsed.args, as_written=True)
    try:
        return write(parsed.root, display.expression_reader(parsed), printer, _CANONICAL_CHARACTERS)
    except display.Nameless:
        return None
    except TooLong as long:
        return long.text[: _CANONICAL_CHARACTERS - 3] + "..."


def write(root: Any, read: display.Reader, printer: Printer, limit: int) -> str:
    """Return the text of an expression; raise ``TooLong`` if it has more than ``limit`` characters."""
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
        binding, pieces = printer.lay_out(part if isinstance(part, Display) else read(part))
        stack.extend(reversed(printer.enclosed(pieces) if binding < least else pieces))
    return "".join(written)


class Printer:
    """Lays out displays with the template of each construct; what all notations have in common."""

    # Each notation defines these.
    name: Callable[[Leaf], str]
    constant: Callable[[str], str]
    product: Callable[[str, Sequence[Any]], list[Piece]]
    power: Callable[[Any, Any], list[Piece]]
    call: Callable[[str, Sequence[Any]], Layout]
    cases: Callable[[list[tuple[Any, Any]]], Layout]

    def __init__(self, symbols: Mapping[str, str]) -> None:
        self._symbols = symbols

    def lay_out(self, shown: Display) -> Layout:
        return _LAYOUTS[shown.kind](self, shown.data, shown.parts)

    def enclosed(self, pieces: list[Piece]) -> list[Piece]:
        return self.filled("()", pieces)

    def number(self, digits: str) -> Layout:
        return ATOM, self.filled("number", [digits])

    def negative(self, part: Any) -> list[Piece]:
        return [self._symbols["negative"], (part, PRODUCT)]

    def sum(self, signs: str, parts: Sequence[Any]) -> list[Piece]:
        pieces: list[Piece] = [(parts[0], SUM)] if signs[0] == "+" else self.negative(parts[0])
        for sign, part in zip(signs[1:], parts[1:], strict=True):
            pieces += [self._symbols[sign], (part, PRODUCT)]
        return pieces

    def separated(self, separator: str, parts: Sequence[Any], least: int = ANY) -> list[Piece]:
        """Return parts with a symbol between them."""
        pieces: list[Piece] = []
        for part in parts:
            pieces += [self._symbols[separator], (part, least)] if pieces else [(part, least)]
        return pieces

    def filled(self, construct: str, *holes: list[Piece]) -> list[Piece]:
        """Return the template of a construct with pieces in its holes."""
        first, *rest = self._symbols[construct].split("□")
        pieces: list[Piece] = [first]
        for hole, after in zip(holes, rest, strict=True):
            pieces += [*hole, after]
        return pieces


_LAYOUTS: dict[str, Callable[[Printer, Any, tuple[Any, ...]], Layout]] = {
    "name": lambda printer, leaf, _: (ATOM, [printer.name(leaf)]),
    "number": lambda printer, digits, _: printer.number(digits),
    "constant": lambda printer, name, _: (ATOM, [printer.constant(name)]),
    "truth": lambda printer, word, _: (ATOM, printer.filled("truth", [word])),
    "sum": lambda printer, signs, parts: (SUM, printer.sum(signs, parts)),
    "product": lambda printer, signs, parts: (PRODUCT, printer.product(signs, parts)),
    "power": lambda printer, _, parts: (POWER, printer.power(*parts)),
    "root": lambda printer, index, parts: printer.call("sqrt" if index == 2 else "cbrt", parts),
    "call": lambda printer, word, parts: printer.call(word, parts),
    "relation": lambda printer, sign, parts: (RELATION, printer.separated(sign, parts, SUM)),
    "and": lambda printer, _, parts: (AND, printer.separated("and", parts, NOT)),
    "or": lambda printer, _, parts: (OR, printer.separated("or", parts, AND)),
    "not": lambda printer, _, parts: (NOT, printer.filled("not", [(parts[0], ATOM)])),
    "cases": lambda printer, _, parts: printer.cases(list(zip(parts[::2], parts[1::2], strict=True))),
}
"""The layout of each kind of display, from its data and its parts."""


class Text(Printer):
    """Prints text of the language. A word whose name an argument has taken gets a prefix.

    With ``as_written``, -(x*y) and (-x)*y are told apart, which have the same value and different ids.
    """

    def __init__(self, args: Sequence[str], *, as_written: bool = False) -> None:
        super().__init__(notation.TEXT)
        self._args = args
        self._taken = frozenset(args)
        self._negated = POWER if as_written else PRODUCT

    def name(self, leaf: Leaf) -> str:
        argument, indices = leaf
        return self._args[argument] + (f"[{', '.join(map(str, indices))}]" if indices else "")

    def constant(self, name: str) -> str:
        return self._word(name, "math")

    def negative(self, part: Any) -> list[Piece]:
        return ["-", (part, PRODUCT if isinstance(part, Display) else self._negated)]

    def product(self, signs: str, parts: Sequence[Any]) -> list[Piece]:
        pieces: list[Piece] = [(parts[0], PRODUCT)]
        for sign, part in zip(signs[1:], parts[1:], strict=True):
            pieces += [sign, (part, POWER)]
        return pieces

    def power(self, base: Any, exponent: Any) -> list[Piece]:
        return self.filled("power", [(base, ATOM)], [(exponent, POWER)])

    def call(self, word: str, operands: Sequence[Any]) -> Layout:
        return ATOM, [self._word(word, "np"), *self.enclosed(self.separated(",", operands))]

    def cases(self, pairs: list[tuple[Any, Any]]) -> Layout:
        if len(pairs) == 2 and pairs[1][1] is sympy.true:
            (value, condition), (other, _) = pairs
            return self.call("where", (condition, value, other))
        pieces: list[Piece] = []
        for value, condition in pairs:
            pieces += [", "] if pieces else []
            pieces += self.enclosed([(value, CHOICE), ", ", (condition, CHOICE)])
        return ATOM, [self._word("Piecewise", "np"), *self.enclosed(pieces)]

    def _word(self, name: str, prefix: str) -> str:
        return f"{prefix}.{name}" if name in self._taken else name


class Markup(Printer):
    """Prints LaTeX or MathML of expressions in which ``leaves`` occur."""

    def __init__(self, written: notation.Notation, args: Sequence[str], leaves: Iterable[Leaf]) -> None:
        super().__init__(written.symbols)
        self._written = written
        self._names = written.names(leaves, args)
        self._taken = frozenset(self._names.values())

    def name(self, leaf: Leaf) -> str:
        return self._names[leaf]

    def number(self, digits: str) -> Layout:
        mantissa, _, exponent = digits.partition("e")
        if not exponent:
            return super().number(digits)
        sign = self._symbols["negative"] if exponent.startswith("-") else ""
        power = [sign, *self.filled("number", [str(abs(int(exponent)))])]
        return PRODUCT, self.filled("scientific", self.filled("number", [mantissa]), power)

    def constant(self, name: str) -> str:
        """Return a constant, upright where an argument looks like it."""
        drawn = self._symbols[name]
        return self._symbols.get(f"upright {name}", drawn) if drawn in self._taken else drawn

    def product(self, signs: str, parts: Sequence[Any]) -> list[Piece]:
        above, below = ([part for sign, part in zip(signs, parts, strict=True) if sign == kind] for kind in "*/")
        if not below:
            return self._juxtaposed(above)
        return self.filled("quotient", self._juxtaposed(above), self._juxtaposed(below))

    def _juxtaposed(self, factors: list[Any]) -> list[Piece]:
        if len(factors) == 1:
            return [(factors[0], ANY)]
        pieces: list[Piece] = [(factors[0], PRODUCT)]
        for factor in factors[1:]:
            times = "times a number" if display.is_number(factor) else "times"
            pieces += [self._symbols[times], (factor, PRODUCT)]
        return pieces

    def power(self, base: Any, exponent: Any) -> list[Piece]:
        return self.filled("power", [(base, ATOM)], [(exponent, ANY)])

    def call(self, word: str, operands: Sequence[Any]) -> Layout:
        parts = self.separated(",", operands)
        if word == "exp":
            return POWER, self.filled("exp", [self.constant("e")], parts)
        if word in _DRAWN:
            return ATOM, self.filled(word, parts)
        drawn = self._written.word(word)
        if drawn in self._taken:  # by an argument that looks like it
            drawn = self._written.spelled(word)
        return ATOM, self.filled("call", [drawn], parts)

    def cases(self, pairs: list[tuple[Any, Any]]) -> Layout:
        rows: list[Piece] = []
        for value, condition in pairs:
            rows += [self._symbols["next case"]] if rows else []
            if condition is sympy.true:
                rows += self.filled("otherwise", [(value, ANY)])
            else:
                rows += self.filled("if", [(value, ANY)], [(condition, ANY)])
        return RELATION, self.filled("cases", rows)


def mathml_document(content: str) -> str:
    """Return a complete ``math`` element, which a page can hold."""
    return f'<math xmlns="http://www.w3.org/1998/Math/MathML" display="block"><mrow>{content}</mrow></math>'
