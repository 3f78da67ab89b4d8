"""SymPy nodes to displays: what a reader sees of a node, before any notation is chosen.

A *reader* takes one node and returns its ``Display``: a sum with its signs, a quotient, a root. ``expression_reader``
shows the unevaluated tree of a text as the client wrote it; ``formula_reader`` shows an expression that SymPy has
evaluated.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import sympy
from sympy.core.basic import Basic

from app.autodiff import tape
from app.language.expression.result import Expression
from app.language.vocabulary import relations, words
from app.language.vocabulary.functions import special

_MINUS_INFINITY = -sympy.oo
_LONG_DIGITS = 21  # exact numbers with more digits are written as float64, the precision that the service computes in


class Nameless(Exception):
    """A node has no word in the language, such as the opcodes that ``jn`` is made of."""


@dataclass(frozen=True, slots=True)
class Display:
    """What a reader sees of a node.

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


Reader = Callable[[Any], Display]


def is_number(part: Any) -> bool:
    """Return whether a part, a display or a SymPy expression, is a number."""
    return part.kind == "number" if isinstance(part, Display) else bool(part.is_Rational)


# What expressions and formulae have in common

_CONSTANTS: dict[Basic, str] = {sympy.pi: "pi", sympy.E: "e", sympy.oo: "inf", sympy.nan: "nan"}
WORDS: dict[type[Basic], str] = {
    word.node: word.names[0] for word in words.PRIMITIVES if word.node is not None and word.kind == "elementwise"
}
"""The name of each function node; a node beside these has no text."""

_JOINED: dict[type[Basic], str] = {sympy.And: "and", sympy.Or: "or", sympy.Not: "not"}


def spelled(node: Basic) -> tuple[str | None, tuple[Any, ...]]:
    """Return the name of the language for a function node, None if it has none, and its operands.

    ``jn(0, x)`` is spelled ``j0(x)``.
    """
    for place, short in special.SPELLINGS.get(getattr(type(node), "__name__", ""), ()):
        operand = node.args[place]
        name = (
            short.get(int(operand))
            if operand.is_Integer or (operand.is_Float and float(operand).is_integer())
            else None
        )
        if name is not None:
            return name, tuple(arg for index, arg in enumerate(node.args) if index != place)
    return word(node), node.args


def word(node: Basic) -> str | None:
    """Return the name of the language for a function node, None if it has none."""
    found = WORDS.get(type(node))
    name = getattr(type(node), "__name__", "")
    return found or (name if isinstance(node, sympy.core.function.AppliedUndef) and name in words.BY_NAME else None)


def _common(node: Basic) -> Display:
    """Return the display of a node that is no sum, product, power, number or leaf."""
    kind = type(node)
    if kind in relations.BY_NODE:
        return Display("relation", relations.BY_NODE[kind].sign, node.args)
    if kind in _JOINED:
        return Display(_JOINED[kind], None, node.args)
    if kind is sympy.Piecewise:
        return Display("cases", None, tuple(part for pair in node.args for part in pair.args))
    if node is sympy.true or node is sympy.false:
        return Display("truth", str(node is sympy.true))
    if node is _MINUS_INFINITY:
        return negated(Display("constant", "inf"))
    constant = _CONSTANTS.get(node)
    if constant:
        return Display("constant", constant)
    name, operands = spelled(node)
    if name is None:
        raise Nameless
    return Display("call", name, operands)


def negated(part: Any) -> Display:
    """Return -part."""
    return Display("sum", "-", (part,))


def fraction(value: Fraction) -> Display:
    """Return an exact number as numerator over denominator."""
    shown = Display("number", str(abs(value.numerator)))
    if value.denominator != 1:
        shown = Display("product", "*/", (shown, Display("number", str(value.denominator))))
    return negated(shown) if value < 0 else shown


def decimal(value: float) -> Display:
    """Return a float64 in the fewest digits that read back as the same number."""
    if math.isnan(value):
        return Display("constant", "nan")
    shown = Display("constant", "inf") if math.isinf(value) else Display("number", repr(abs(value)))
    return negated(shown) if math.copysign(1.0, value) < 0 else shown


# Expressions


def expression_reader(expression: Expression) -> Reader:
    """Return the reader of a parsed text's unevaluated tree: everything as it was written, constants folded."""
    folded = expression.constants

    def read(node: Any) -> Display:
        constant = folded.get(id(node))
        kind = type(node)
        if constant is not None and kind not in relations.BY_NODE:
            return _constant(float(constant))
        if kind is sympy.Add:
            return _expression_sum(node, folded)
        if kind is sympy.Mul:
            return _expression_product(node)
        if kind is sympy.Pow:
            return _expression_power(node, folded.get(id(node.args[1])))
        if kind is sympy.Symbol or kind is sympy.Indexed:
            return Display("name", tape.leaf_of(node))
        return _common(node)

    return read


def _constant(value: float) -> Display:
    """Return a constant by its value alone, because 1/3 and 0.333... make one function."""
    if value in (math.pi, math.e):
        return Display("constant", "pi" if value == math.pi else "e")
    if value.is_integer() and abs(value) < 2**53 and math.copysign(1.0, value) == (1.0 if value >= 0 else -1.0):
        return fraction(Fraction(int(value)))
    if math.isfinite(value) and len(repr(value)) > 12:
        near = Fraction(value).limit_denominator(100)
        if float(near) == value and near.denominator > 1:
            return fraction(near)
    return decimal(value)


def _expression_sum(node: Basic, folded: Mapping[int, Any]) -> Display:
    signs, parts = "+", [node.args[0]]
    for term in node.args[1:]:
        subtracted = _subtracted(term, folded.get(id(term)))
        signs += "+" if subtracted is None else "-"
        parts.append(term if subtracted is None else subtracted)
    return Display("sum", signs, tuple(parts))


def _subtracted(term: Basic, constant: Any) -> Any:
    """Return what a term of a sum subtracts, None if it adds."""
    if constant is None:
        return tape.negated(term)
    return _constant(-float(constant)) if constant < 0 else None


def _expression_product(node: Basic) -> Display:
    operand = tape.negated(node)
    if operand is not None:
        return negated(operand)
    first, *rest = node.args
    signs, parts = "*", [first]
    for factor in rest:
        divisor = tape.divisor(factor)
        signs += "*" if divisor is None else "/"
        parts.append(factor if divisor is None else divisor)
    return Display("product", signs, tuple(parts))


def _expression_power(node: Basic, exponent: Any) -> Display:
    base = node.args[0]
    if exponent is None:
        return Display("power", None, node.args)
    if isinstance(exponent, float):
        return Display("power", None, (base, decimal(exponent)))
    exact = Fraction(exponent)
    if exact == Fraction(1, 2):
        return Display("root", 2, (base,))
    return Display("power", None, (base, fraction(exact)))


# Formulae


def formula_reader(leaves: Mapping[Basic, tape.Leaf], *, decimals: bool, ordered: bool) -> Reader:
    """Return the reader of SymPy expressions; ``leaves`` has the element that each symbol stands for.

    With ``decimals``, rational numbers are written 0.3 rather than 3/10. With ``ordered``, terms and factors are put in
    SymPy's order, which evaluates powers of numbers.
    """
    number = functools.partial(_rational, decimals=decimals)

    def arranged(args: Sequence[Any]) -> Sequence[Any]:
        return sorted(args, key=lambda factor: factor.sort_key()) if ordered else args

    def read(node: Any) -> Display:
        if node.is_Rational:
            return number(Fraction(int(node.p), int(node.q)))
        if node.is_Symbol:
            return Display("name", leaves[node])
        if node.is_Add:
            return _formula_sum(node.as_ordered_terms() if ordered else node.args, product)
        if node.is_Mul:
            return product(node)
        if node.is_Pow:
            return _formula_power(node, number)
        return _common(node)

    def product(node: Any) -> Display:
        if not node.is_Mul:
            return number(Fraction(int(node.p), int(node.q)))
        coefficient = _coefficient(node)
        return _formula_product(arranged(node.args[1:] if coefficient != 1 else node.args), coefficient, number)

    return read


def _rational(value: Fraction, *, decimals: bool) -> Display:
    """Return an exact number: as a decimal if its fraction is long, or if decimals are wanted and one is exact."""
    digits = max(len(str(abs(value.numerator))), len(str(value.denominator)))
    if value.denominator == 1:
        rounded = float(value) if digits > _LONG_DIGITS else 0.0
        return decimal(rounded) if rounded and Fraction(repr(rounded)) == value else fraction(value)
    if digits > _LONG_DIGITS:
        return decimal(float(value))
    if decimals and (value.denominator > 1000 or Fraction(repr(float(value))) == value):
        return decimal(float(value))
    return fraction(value)


def _formula_sum(terms: Sequence[Any], product: Reader) -> Display:
    negative = [bool(_coefficient(term) < 0) for term in terms]
    # The display of a term with a negative coefficient is a negation; the sign goes to the sum.
    parts = [product(term).parts[0] if minus else term for term, minus in zip(terms, negative, strict=True)]
    return Display("sum", "".join("-" if minus else "+" for minus in negative), tuple(parts))


def _coefficient(node: Any) -> Any:
    """Return the rational number that a term begins with, 1 if none."""
    if node.is_Rational:
        return node
    return node.args[0] if node.is_Mul and node.args[0].is_Rational else sympy.Integer(1)


def _formula_product(factors: Sequence[Any], coefficient: Any, number: Callable[[Fraction], Display]) -> Display:
    """Return a product as one fraction: coefficient and factors, over those of negative exponent."""
    above: list[Any] = []
    below: list[Any] = []
    value = abs(Fraction(int(coefficient.p), int(coefficient.q)))
    if value != 1:
        shown = number(value)
        if shown.kind == "product":
            above += [shown.parts[0]] if value.numerator != 1 else []
            below.append(shown.parts[1])
        else:
            above.append(shown)
    for factor in factors:
        turned = _turned(factor, number)
        (above if turned is None else below).append(factor if turned is None else turned)
    quotient = _quotient(above, below)
    return negated(quotient) if coefficient < 0 else quotient


def _quotient(above: list[Any], below: list[Any]) -> Display:
    """Return the product of the factors above the bar over that of those below it."""
    if not below:
        return Display("product", "*" * len(above), tuple(above))
    under = below[0] if len(below) == 1 else Display("product", "*" * len(below), tuple(below))
    return Display("product", "*" * max(1, len(above)) + "/", (*(above or [Display("number", "1")]), under))


def _turned(factor: Any, number: Callable[[Fraction], Display]) -> Any:
    """Return 1/factor for a power whose exponent is a negative number, else None."""
    exponent = factor.args[1] if factor.is_Pow else None
    if exponent is None or not exponent.is_Rational or exponent >= 0:
        return None
    if exponent == -1:
        return factor.args[0]
    positive = number(Fraction(-int(exponent.p), int(exponent.q)))
    return _raised(factor.args[0], positive, exponent == sympy.Rational(-1, 2))


def _raised(base: Any, exponent: Any, is_root: bool) -> Display:
    return Display("root", 2, (base,)) if is_root else Display("power", None, (base, exponent))


def _formula_power(node: Any, number: Callable[[Fraction], Display]) -> Display:
    turned = _turned(node, number)
    if turned is not None:
        return _quotient([], [turned])
    base, exponent = node.args
    return _raised(base, exponent, exponent == sympy.Rational(1, 2))
