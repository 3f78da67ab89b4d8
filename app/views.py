"""Nodes of SymPy to views: what a human eye sees in a program's tree, or in a formula.

``canonical_text`` is the text of a program: what the client wrote, but for its spelling. Parsing it gives the same
function again, and the same id unless a local variable was used twice.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from typing import Any

import sympy
from sympy.core.basic import Basic

from app import parsing, printing, vocabulary

_CANONICAL_CHARACTERS = 2_000
_MINUS_INFINITY = -sympy.oo
_LONG_DIGITS = 21
"""Exact numbers with more digits are written in float64: nobody reads them, and the service computes in it."""


class Nameless(Exception):
    """A part of an expression that no word of the language stands for, such as one of those ``jn`` is made of."""


def canonical_text(program: parsing.Program) -> str:
    """Return a scalar program as text of the language with the client's names, at most 2,000 characters.

    Programs of one function id have one text. A longer text is cut and ends with ``...``.

    Raises:
        Nameless: some part has no text.
    """
    try:
        return printing.write(
            program.expression, program_reader(program), printing.Text(program.args), _CANONICAL_CHARACTERS
        )
    except printing.TooLong as long:
        return long.text[: _CANONICAL_CHARACTERS - 3] + "..."


# What programs and formulae have in common

_RELATIONS: dict[type[Basic], str] = {
    sympy.StrictLessThan: "<",
    sympy.LessThan: "<=",
    sympy.StrictGreaterThan: ">",
    sympy.GreaterThan: ">=",
    sympy.Eq: "==",
    sympy.Ne: "!=",
}
_CONSTANTS: dict[Basic, str] = {sympy.pi: "pi", sympy.E: "e", sympy.oo: "inf", sympy.nan: "nan"}
WORDS: dict[type[Basic], str] = {
    word.node: word.names[0] for word in vocabulary.PRIMITIVES if word.node is not None and word.kind == "elementwise"
}
"""The name of each function node; a node beside these has no text."""

_JOINED: dict[type[Basic], str] = {sympy.And: "and", sympy.Or: "or", sympy.Not: "not"}


def word(node: Basic) -> str | None:
    """Return the name of the language for a function node, None if it has none."""
    found = WORDS.get(type(node))
    name = getattr(type(node), "__name__", "")
    return found or (
        name if isinstance(node, sympy.core.function.AppliedUndef) and name in vocabulary.BY_NAME else None
    )


def _common(node: Basic) -> printing.View:
    """Return the view of what is no sum, product, power, number or leaf."""
    kind = type(node)
    if kind in _RELATIONS:
        return printing.View("relation", _RELATIONS[kind], node.args)
    if kind in _JOINED:
        return printing.View(_JOINED[kind], None, node.args)
    if kind is sympy.Piecewise:
        return printing.View("cases", None, tuple(part for pair in node.args for part in pair.args))
    if node is sympy.true or node is sympy.false:
        return printing.View("truth", str(node is sympy.true))
    if node is _MINUS_INFINITY:
        return negated(printing.View("constant", "inf"))
    constant = _CONSTANTS.get(node)
    if constant:
        return printing.View("constant", constant)
    name = word(node)
    if name is None:
        raise Nameless
    return printing.View("call", name, node.args)


def negated(part: Any) -> printing.View:
    """Return the view of -part."""
    return printing.View("sum", "-", (part,))


def _signed(value: Fraction | float, digits: str) -> printing.View:
    return (
        negated(printing.View("number", digits))
        if value < 0 or math.copysign(1.0, value) < 0
        else printing.View("number", digits)
    )


def fraction(value: Fraction) -> printing.View:
    """Return the view of an exact number as numerator over denominator."""
    number = _signed(value, str(abs(value.numerator)))
    if value.denominator == 1:
        return number
    quotient = printing.View(
        "product",
        "*/",
        (printing.View("number", str(abs(value.numerator))), printing.View("number", str(value.denominator))),
    )
    return negated(quotient) if value < 0 else quotient


def decimal(value: float) -> printing.View:
    """Return the view of a float64, in its fewest digits."""
    if math.isnan(value):
        return printing.View("constant", "nan")
    if math.isinf(value):
        return printing.View("constant", "inf") if value > 0 else negated(printing.View("constant", "inf"))
    return _signed(value, repr(abs(value)))


# Programs


def program_reader(program: parsing.Program) -> printing.Reader:
    """Return the reader of a program's unevaluated tree: everything as it was written, constants folded."""
    folded = program.constants

    def read(node: Any) -> printing.View:
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
            return printing.View("name", (int(str(node)[1:]), ()))
        if kind is sympy.Indexed:
            return printing.View("name", leaf_of(node))
        return _common(node)

    return read


def leaf_of(node: Basic) -> printing.Leaf:
    """Return the argument and the indices of a Symbol or Indexed of a program."""
    if type(node) is sympy.Indexed:
        return int(str(node.args[0])[1:]), tuple(int(str(index)) for index in node.args[1:])
    return int(str(node)[1:]), ()


def _leaf_view(value: float) -> printing.View:
    """Return the view of a constant leaf, by its value alone: 1/3 and 0.333... are one function."""
    if value in (math.pi, math.e):
        return printing.View("constant", "pi" if value == math.pi else "e")
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


def _program_sum(node: Basic, folded: Mapping[int, Any]) -> printing.View:
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
    return printing.View("sum", signs, tuple(parts))


def _program_product(node: Basic) -> printing.View:
    if _is_negation(node):
        return negated(node.args[1])
    first, *rest = node.args
    signs, parts = "*", [first]
    for factor in rest:
        divides = type(factor) is sympy.Pow and factor.args[1] is _MINUS_ONE
        signs += "/" if divides else "*"
        parts.append(factor.args[0] if divides else factor)
    return printing.View("product", signs, tuple(parts))


def _program_power(node: Basic, exponent: Any) -> printing.View:
    base = node.args[0]
    if exponent is None:
        return printing.View("power", None, node.args)
    if isinstance(exponent, float):
        return printing.View("power", None, (base, decimal(exponent)))
    exact = Fraction(exponent)
    if exact == Fraction(1, 2):
        return printing.View("root", 2, (base,))
    return printing.View("power", None, (base, fraction(exact)))


# Formulae


def formula_reader(leaves: Mapping[Basic, printing.Leaf], *, decimals: bool, ordered: bool) -> printing.Reader:
    """Return the reader of SymPy expressions.

    Args:
        leaves: what each symbol stands for.
        decimals: whether rational numbers are written 0.3 rather than 3/10.
        ordered: whether terms and factors are put in SymPy's order, which evaluates powers of numbers.
    """

    def number(value: Fraction) -> printing.View:
        return _rational(value, decimals=decimals)

    def arranged(args: Sequence[Any]) -> Sequence[Any]:
        return sorted(args, key=lambda factor: factor.sort_key()) if ordered else args

    def read(node: Any) -> printing.View:
        if node.is_Rational:
            return number(Fraction(int(node.p), int(node.q)))
        if node.is_Symbol:
            return printing.View("name", leaves[node])
        if node.is_Add:
            return _formula_sum(node.as_ordered_terms() if ordered else node.args, product)
        if node.is_Mul:
            return product(node)
        if node.is_Pow:
            return _formula_power(node, number)
        return _common(node)

    def product(node: Any) -> printing.View:
        """Return the view of a product, or of a number."""
        if not node.is_Mul:
            return number(Fraction(int(node.p), int(node.q)))
        return _formula_product(
            arranged(node.args[1:] if _coefficient(node) != 1 else node.args), _coefficient(node), number
        )

    return read


def _rational(value: Fraction, *, decimals: bool) -> printing.View:
    """Return the view of an exact number: as a decimal where one is asked for and as short, or nothing else is."""
    digits = max(len(str(abs(value.numerator))), len(str(value.denominator)))
    if value.denominator == 1:
        rounded = float(value) if digits > _LONG_DIGITS else 0.0
        return decimal(rounded) if rounded and Fraction(repr(rounded)) == value else fraction(value)
    if digits > _LONG_DIGITS:
        return decimal(float(value))
    if decimals and (value.denominator > 1000 or Fraction(repr(float(value))) == value):
        return decimal(float(value))
    return fraction(value)


def _formula_sum(terms: Sequence[Any], product: printing.Reader) -> printing.View:
    negative = [bool(_coefficient(term) < 0) for term in terms]
    parts = [_magnitude(term, product) if minus else term for term, minus in zip(terms, negative, strict=True)]
    return printing.View("sum", "".join("-" if minus else "+" for minus in negative), tuple(parts))


def _coefficient(node: Any) -> Any:
    """Return the rational number that a term begins with, 1 if none."""
    if node.is_Rational:
        return node
    return node.args[0] if node.is_Mul and node.args[0].is_Rational else sympy.Integer(1)


def _magnitude(node: Any, product: printing.Reader) -> Any:
    """Return the view of -node for a term whose coefficient is negative."""
    return product(node).parts[0]


def _formula_product(
    factors: Sequence[Any], coefficient: Any, number: Callable[[Fraction], printing.View]
) -> printing.View:
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


def _quotient(above: list[Any], below: list[Any]) -> printing.View:
    """Return the view of a product over another."""
    if not below:
        return printing.View("product", "*" * len(above), tuple(above))
    under = below[0] if len(below) == 1 else printing.View("product", "*" * len(below), tuple(below))
    return printing.View("product", "*" * max(1, len(above)) + "/", (*(above or [printing.View("number", "1")]), under))


def _turned(factor: Any, number: Callable[[Fraction], printing.View]) -> Any:
    """Return 1/factor for a power whose exponent is a negative number, else None."""
    exponent = factor.args[1] if factor.is_Pow else None
    if exponent is None or not exponent.is_Rational or exponent >= 0:
        return None
    if exponent == -1:
        return factor.args[0]
    return _raised(
        factor.args[0], number(Fraction(-int(exponent.p), int(exponent.q))), exponent == sympy.Rational(-1, 2)
    )


def _raised(base: Any, exponent: Any, is_root: bool) -> printing.View:
    return printing.View("root", 2, (base,)) if is_root else printing.View("power", None, (base, exponent))


def _formula_power(node: Any, number: Callable[[Fraction], printing.View]) -> printing.View:
    turned = _turned(node, number)
    if turned is not None:
        return _quotient([], [turned])
    base, exponent = node.args
    return _raised(base, exponent, exponent == sympy.Rational(1, 2))
