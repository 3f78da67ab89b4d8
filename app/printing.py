"""Expressions to text, without recursion and to a bounded length.

Writing has two halves. A *reader* looks at one node and says what it is to a human eye, a ``View``: a sum with its
signs, a quotient, a root. A *style* says how a view is laid out: the strings, with the places where its parts go and
how tightly each part must bind to stand there without parentheses. ``write`` puts both together over a stack, from
left to right, and stops at a limit, so that neither depth nor size of an expression matters to it.

``canonical_text`` is the text of a program: what the client wrote, but for its spelling. Parsing it gives the same
function again, with the same id.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Protocol

import sympy
from sympy.core.basic import Basic

from app import parsing, vocabulary

ANY, CHOICE, OR, AND, NOT, RELATION, SUM, PRODUCT, POWER, ATOM = range(10)
"""How tightly a text binds, loosest first."""

Leaf = tuple[int, tuple[int, ...]]
"""An argument, and the indices into it, () for a number."""

_CANONICAL_CHARACTERS = 2_000
_LONG_DIGITS = 21
"""Exact numbers with more digits are written in float64: nobody reads them, and the service computes in it."""


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


class Style(Protocol):
    """How views are laid out."""

    def lay(self, view: View) -> tuple[int, list[Piece]]:
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


def canonical_text(program: parsing.Program) -> str:
    """Return a program as text of the language with the client's names, at most 2,000 characters.

    Two programs with one function id have one text. A longer text ends with ``...``.
    """
    try:
        return write(program.expression, program_reader(program), Text(program.args), _CANONICAL_CHARACTERS)
    except TooLong as long:
        return long.text[: _CANONICAL_CHARACTERS - 3] + "..."


# Text of the language


class Text:
    """The language itself. A word whose name an argument has taken gets a prefix.

    Args:
        args: the argument names in order.
    """

    def __init__(self, args: Sequence[str]) -> None:
        self._args = args
        self._taken = frozenset(args)

    def lay(self, view: View) -> tuple[int, list[Piece]]:
        return _TEXT[view.kind](self, view)

    def enclose(self, pieces: list[Piece]) -> list[Piece]:
        return ["(", *pieces, ")"]

    def _word(self, name: str, prefix: str) -> str:
        return f"{prefix}.{name}" if name in self._taken else name

    def _name(self, view: View) -> tuple[int, list[Piece]]:
        argument, indices = view.data
        element = f"[{', '.join(map(str, indices))}]" if indices else ""
        return ATOM, [self._args[argument] + element]

    def _literal(self, view: View) -> tuple[int, list[Piece]]:
        return ATOM, [view.data]

    def _constant(self, view: View) -> tuple[int, list[Piece]]:
        return ATOM, [self._word(view.data, "math")]

    def _sum(self, view: View) -> tuple[int, list[Piece]]:
        pieces: list[Piece] = []
        for sign, part in zip(view.data, view.parts, strict=True):
            if not pieces:
                pieces += [(part, SUM)] if sign == "+" else ["-", (part, PRODUCT)]
            else:
                pieces += [f" {sign} ", (part, PRODUCT)]
        return SUM, pieces

    def _product(self, view: View) -> tuple[int, list[Piece]]:
        first, *rest = view.parts
        pieces: list[Piece] = [(first, PRODUCT)]
        for sign, part in zip(view.data[1:], rest, strict=True):
            pieces += [sign, (part, POWER)]
        return PRODUCT, pieces

    def _power(self, view: View) -> tuple[int, list[Piece]]:
        base, exponent = view.parts
        return POWER, [(base, ATOM), "**", (exponent, POWER)]

    def _root(self, view: View) -> tuple[int, list[Piece]]:
        return self._call(View("call", "sqrt" if view.data == 2 else "cbrt", view.parts))

    def _call(self, view: View) -> tuple[int, list[Piece]]:
        return ATOM, [self._word(view.data, "np"), "(", *separated(", ", view.parts, ANY), ")"]

    def _relation(self, view: View) -> tuple[int, list[Piece]]:
        left, right = view.parts
        return RELATION, [(left, SUM), f" {view.data} ", (right, SUM)]

    def _and(self, view: View) -> tuple[int, list[Piece]]:
        return AND, separated(" and ", view.parts, NOT)

    def _or(self, view: View) -> tuple[int, list[Piece]]:
        return OR, separated(" or ", view.parts, AND)

    def _not(self, view: View) -> tuple[int, list[Piece]]:
        return NOT, ["not ", (view.parts[0], ATOM)]

    def _cases(self, view: View) -> tuple[int, list[Piece]]:
        if len(view.parts) == 4 and view.parts[3] is sympy.true:
            chosen, condition, other, _ = view.parts
            return self._call(View("call", "where", (condition, chosen, other)))
        pieces: list[Piece] = [self._word("Piecewise", "np"), "("]
        for index in range(0, len(view.parts), 2):
            value, condition = view.parts[index : index + 2]
            pieces += [", (" if index else "(", (value, CHOICE), ", ", (condition, CHOICE), ")"]
        return ATOM, [*pieces, ")"]


_TEXT: dict[str, Callable[[Text, View], tuple[int, list[Piece]]]] = {
    "name": Text._name,
    "number": Text._literal,
    "truth": Text._literal,
    "constant": Text._constant,
    "sum": Text._sum,
    "product": Text._product,
    "power": Text._power,
    "root": Text._root,
    "call": Text._call,
    "relation": Text._relation,
    "and": Text._and,
    "or": Text._or,
    "not": Text._not,
    "cases": Text._cases,
}


def separated(separator: str, parts: Sequence[Any], least: int = ANY) -> list[Piece]:
    """Return parts with a string between them."""
    pieces: list[Piece] = []
    for part in parts:
        pieces += [separator, (part, least)] if pieces else [(part, least)]
    return pieces


# What a node is, in programs and formulae alike

_RELATIONS: dict[type[Basic], str] = {
    sympy.StrictLessThan: "<",
    sympy.LessThan: "<=",
    sympy.StrictGreaterThan: ">",
    sympy.GreaterThan: ">=",
    sympy.Eq: "==",
    sympy.Ne: "!=",
}
_CONSTANTS: dict[Basic, str] = {sympy.pi: "pi", sympy.E: "e", sympy.oo: "inf", sympy.nan: "nan"}
_WORDS: dict[type[Basic], str] = {
    word.node: word.names[0] for word in vocabulary.PRIMITIVES if word.node is not None and word.kind == "elementwise"
}
_JOINED: dict[type[Basic], str] = {sympy.And: "and", sympy.Or: "or", sympy.Not: "not"}


def word(node: Basic) -> str | None:
    """Return the name of the language for a function node, None if it has none."""
    found = _WORDS.get(type(node))
    name = getattr(type(node), "__name__", "")
    return found or (name if isinstance(node, sympy.core.function.AppliedUndef) and name in vocabulary.BY_NAME else None)


def _common(node: Basic) -> View:
    """Return the view of what is no sum, product, power, number or leaf."""
    kind = type(node)
    if kind in _RELATIONS:
        return View("relation", _RELATIONS[kind], node.args)
    if kind in _JOINED:
        return View(_JOINED[kind], None, node.args)
    if kind is sympy.Piecewise:
        return View("cases", None, tuple(part for pair in node.args for part in pair.args))
    if node is sympy.true or node is sympy.false:
        return View("truth", str(node is sympy.true))
    if node is sympy.S.NegativeInfinity:
        return negated(View("constant", "inf"))
    constant = _CONSTANTS.get(node)
    return View("constant", constant) if constant else View("call", word(node), node.args)


def negated(part: Any) -> View:
    """Return the view of -part."""
    return View("sum", "-", (part,))


def _signed(value: Fraction | float, digits: str) -> View:
    return negated(View("number", digits)) if value < 0 or math.copysign(1.0, value) < 0 else View("number", digits)


def fraction(value: Fraction) -> View:
    """Return the view of an exact number as numerator over denominator."""
    number = _signed(value, str(abs(value.numerator)))
    if value.denominator == 1:
        return number
    quotient = View("product", "*/", (View("number", str(abs(value.numerator))), View("number", str(value.denominator))))
    return negated(quotient) if value < 0 else quotient


def decimal(value: float) -> View:
    """Return the view of a float64, in its fewest digits."""
    if math.isnan(value):
        return View("constant", "nan")
    if math.isinf(value):
        return View("constant", "inf") if value > 0 else negated(View("constant", "inf"))
    return _signed(value, repr(abs(value)))


# Programs


def program_reader(program: parsing.Program) -> Reader:
    """Return the reader of a program's unevaluated tree: everything as it was written, constants folded."""
    folded = program.constants

    def read(node: Any) -> View:
        constant = folded.get(id(node))
        kind = type(node)
        if constant is not None and kind not in _RELATIONS:
            return _leaf_view(float(constant))
        if kind is sympy.Add:
            return _program_sum(node, folded)
        if kind is sympy.Mul:
            return _program_product(node)
        if kind is sympy.Pow:
            return _program_power(node, folded.get(id(node.args[1])))
        if kind is sympy.Symbol:
            return View("name", (int(str(node)[1:]), ()))
        if kind is sympy.Indexed:
            return View("name", leaf_of(node))
        return _common(node)

    return read


def leaf_of(node: Basic) -> Leaf:
    """Return the argument and the indices of a Symbol or Indexed of a program."""
    if type(node) is sympy.Indexed:
        return int(str(node.args[0])[1:]), tuple(int(str(index)) for index in node.args[1:])
    return int(str(node)[1:]), ()


def _leaf_view(value: float) -> View:
    """Return the view of a constant leaf, by its value alone: 1/3 and 0.333... are one function."""
    if value == math.pi or value == math.e:
        return View("constant", "pi" if value == math.pi else "e")
    if value.is_integer() and abs(value) < 2**53 and math.copysign(1.0, value) == (1.0 if value >= 0 else -1.0):
        return _signed(value, str(abs(int(value))))
    if math.isfinite(value) and len(repr(value)) > 12:
        near = Fraction(value).limit_denominator(100)
        if float(near) == value and near.denominator > 1:
            return fraction(near)
    return decimal(value)


_MINUS_ONE = sympy.Integer(-1)


def _is_negation(node: Basic) -> bool:
    return type(node) is sympy.Mul and len(node.args) == 2 and node.args[0] is _MINUS_ONE


def _program_sum(node: Basic, folded: Mapping[int, Any]) -> View:
    signs, parts = "", []
    for index, term in enumerate(node.args):
        constant = folded.get(id(term))
        if constant is not None:
            negative = index > 0 and constant < 0
            signs += "-" if negative else "+"
            parts.append(_leaf_view(-float(constant)) if negative else term)
        elif index > 0 and _is_negation(term):
            signs += "-"
            parts.append(term.args[1])
        else:
            signs += "+"
            parts.append(term)
    return View("sum", signs, tuple(parts))


def _program_product(node: Basic) -> View:
    if _is_negation(node):
        return negated(node.args[1])
    first, *rest = node.args
    signs, parts = "*", [first]
    for factor in rest:
        divides = type(factor) is sympy.Pow and factor.args[1] is _MINUS_ONE
        signs += "/" if divides else "*"
        parts.append(factor.args[0] if divides else factor)
    return View("product", signs, tuple(parts))


def _program_power(node: Basic, exponent: Any) -> View:
    base = node.args[0]
    if exponent is None:
        return View("power", None, node.args)
    if isinstance(exponent, float):
        return View("power", None, (base, decimal(exponent)))
    exact = Fraction(exponent)
    if exact == Fraction(1, 2):
        return View("root", 2, (base,))
    return View("power", None, (base, fraction(exact)))


# Formulae


def formula_reader(leaves: Mapping[Basic, Leaf], *, decimals: bool, ordered: bool) -> Reader:
    """Return the reader of SymPy expressions.

    Args:
        leaves: what each symbol stands for.
        decimals: whether rational numbers are written 0.3 rather than 3/10.
        ordered: whether terms and factors are put in SymPy's order, which evaluates powers of numbers.
    """

    def number(value: Fraction) -> View:
        return _rational(value, decimals=decimals)

    def arranged(args: Sequence[Any]) -> Sequence[Any]:
        return sorted(args, key=lambda factor: factor.sort_key()) if ordered else args

    def read(node: Any) -> View:
        if node.is_Rational:
            return number(Fraction(int(node.p), int(node.q)))
        if node.is_Symbol:
            return View("name", leaves[node])
        if node.is_Add:
            return _formula_sum(node.as_ordered_terms() if ordered else node.args, product)
        if node.is_Mul:
            return product(node)
        if node.is_Pow:
            return _formula_power(node, number)
        return _common(node)

    def product(node: Any) -> View:
        """Return the view of a product, or of a number."""
        if not node.is_Mul:
            return number(Fraction(int(node.p), int(node.q)))
        return _formula_product(arranged(node.args[1:] if _coefficient(node) != 1 else node.args), _coefficient(node), number)

    return read


def _rational(value: Fraction, *, decimals: bool) -> View:
    """Return the view of an exact number: as a decimal where one is asked for and as short, or nothing else is."""
    digits = max(len(str(abs(value.numerator))), len(str(value.denominator)))
    if value.denominator == 1:
        rounded = float(value) if digits > _LONG_DIGITS else 0.0
        return decimal(rounded) if rounded and Fraction(repr(rounded)) == value else fraction(value)
    if digits > _LONG_DIGITS:
        return decimal(float(value))
    rounded = repr(float(value))
    if decimals and (value.denominator > 1000 or Fraction(rounded) == value):
        return decimal(float(value))
    return fraction(value)


def _formula_sum(terms: Sequence[Any], product: Reader) -> View:
    negative = [bool(_coefficient(term) < 0) for term in terms]
    parts = [_magnitude(term, product) if minus else term for term, minus in zip(terms, negative, strict=True)]
    return View("sum", "".join("-" if minus else "+" for minus in negative), tuple(parts))


def _coefficient(node: Any) -> Any:
    """Return the rational number that a term begins with, 1 if none."""
    if node.is_Rational:
        return node
    return node.args[0] if node.is_Mul and node.args[0].is_Rational else sympy.Integer(1)


def _magnitude(node: Any, product: Reader) -> Any:
    """Return the view of -node for a term whose coefficient is negative."""
    return product(node).parts[0]


def _formula_product(factors: Sequence[Any], coefficient: Any, number: Callable[[Fraction], View]) -> View:
    """Return a product as one fraction: coefficient and factors, over those of negative exponent."""
    above: list[Any] = []
    below: list[Any] = []
    value = abs(Fraction(int(coefficient.p), int(coefficient.q)))
    if value != 1:
        view = number(value)
        if view.kind == "product":
            above += [view.parts[0]] if value.numerator != 1 else []
            below.append(view.parts[1])
        else:
            above.append(view)
    for factor in factors:
        turned = _turned(factor, number)
        (above if turned is None else below).append(factor if turned is None else turned)
    quotient = _quotient(above, below)
    return negated(quotient) if coefficient < 0 else quotient


def _quotient(above: list[Any], below: list[Any]) -> Any:
    """Return the view of a product over another."""
    if not below:
        return View("product", "*" * len(above), tuple(above))
    under = below[0] if len(below) == 1 else View("product", "*" * len(below), tuple(below))
    return View("product", "*" * max(1, len(above)) + "/", (*(above or [View("number", "1")]), under))


def _turned(factor: Any, number: Callable[[Fraction], View]) -> Any:
    """Return 1/factor for a power whose exponent is a negative number, else None."""
    exponent = factor.args[1] if factor.is_Pow else None
    if exponent is None or not exponent.is_Rational or exponent >= 0:
        return None
    if exponent == -1:
        return factor.args[0]
    return _raised(factor.args[0], number(Fraction(-int(exponent.p), int(exponent.q))), exponent == sympy.Rational(-1, 2))


def _raised(base: Any, exponent: Any, is_root: bool) -> View:
    return View("root", 2, (base,)) if is_root else View("power", None, (base, exponent))


def _formula_power(node: Any, number: Callable[[Fraction], View]) -> View:
    turned = _turned(node, number)
    if turned is not None:
        return _quotient([], [turned])
    base, exponent = node.args
    return _raised(base, exponent, exponent == sympy.Rational(1, 2))
