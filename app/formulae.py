"""Program to formulae: the function as a SymPy expression of real symbols, and its partial derivatives.

One pass over the unevaluated tree, operands first, carries for each node its value and the derivatives that are not
zero everywhere (forward mode; Griewank & Walther 2008, section 3.1):

    value(y) = f(value(x0), ...),    slope(y, v) = sum over i of df/dxi * slope(xi, v)

SymPy evaluates what is built, so like terms are collected and 1/2 + 1/3 is 5/6, and never differentiates: its own
derivatives of |x|, max and floor are not functions of the language. Literals are the decimals they are written as,
exactly: 0.1 is 1/10. Max, min, cases and comparisons are kept as they stand.

Where evaluation leaves the real line or float64 (the square root of something SymPy proves negative, 10**300 cubed),
the whole is built again as it stands, with nothing evaluated.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import sympy
from sympy.core.basic import Basic
from sympy.functions.elementary.piecewise import ExprCondPair

from app import errors, parsing, printing, slopes, views, vocabulary

Expr = slopes.Expr
Slope = dict[Basic, Expr]
"""Derivatives by the symbol they are taken by; what is not there is zero."""

_ZERO, _ONE = sympy.Integer(0), sympy.Integer(1)
_LARGEST_EXPONENT = 1000
"""Powers beyond this are not evaluated: 3**(10**9) is not a number to write down."""

_MAX_BITS = 1023
_MINUS_INFINITY = -sympy.oo
_EVALUATED: frozenset[Any] = frozenset(
    {
        *(sympy.sin, sympy.cos, sympy.tan, sympy.sec, sympy.csc, sympy.cot),
        *(sympy.asin, sympy.acos, sympy.atan, sympy.sinh, sympy.cosh, sympy.tanh),
        *(sympy.exp, sympy.log, sympy.Abs, sympy.sign, sympy.floor, sympy.ceiling, sympy.erf, sympy.erfc),
    }
)
"""Functions that SymPy may evaluate; the others mean something else there off the real line, or cost too much."""


@dataclass(frozen=True, slots=True)
class Partial:
    """One partial derivative: by which argument, the indices into it (() for a number), and the expression."""

    argument: int
    indices: tuple[int, ...]
    expression: Expr


@dataclass(frozen=True, slots=True)
class Formulae:
    """A function and its partial derivatives.

    Attributes:
        function: the function.
        partials: in the order of argnums, then of indices.
        leaves: what each symbol stands for.
        decimals: whether the client writes decimals, so that 3/10 is 0.3.
        evaluated: whether SymPy has evaluated anything.
    """

    function: Expr
    partials: tuple[Partial, ...]
    leaves: dict[Basic, printing.Leaf]
    decimals: bool
    evaluated: bool


def derive(program: parsing.Program, argnums: Sequence[int], *, evaluate: bool = True) -> Formulae:
    """Differentiate a program by every element used of the arguments at ``argnums``.

    Args:
        program: a function of numbers and elements of arrays.
        argnums: positions of arguments.
        evaluate: whether SymPy may evaluate what it is made of.

    Raises:
        errors.NotDifferentiable: a word has no derivative in words of the language.
    """
    nodes = list(_postorder(program.expression))
    leaves = _leaves(nodes)
    if evaluate and not any(_is_huge(node, program.constants) for node in nodes):
        formulae = _derive(program, nodes, leaves, argnums, evaluated=True)
        written = frozenset(node for node in nodes if node in (sympy.oo, sympy.nan))
        if all(expressible(e, written) for e in (formulae.function, *(p.expression for p in formulae.partials))):
            return formulae
    with sympy.evaluate(False):
        return _derive(program, nodes, leaves, argnums, evaluated=False)


def expressible(expression: Expr, written: frozenset[Basic] = frozenset()) -> bool:
    """Return whether an expression is real, within float64, and made of words of the language.

    ``written`` are the constants beyond numbers, inf and nan, that it may hold.
    """
    seen: set[Basic] = set()
    stack = [expression]
    while stack:
        node = stack.pop()
        if node in seen:
            continue
        seen.add(node)
        if not _is_writable(node, written):
            return False
        stack.extend(node.args)
    return True


def _is_writable(node: Any, written: frozenset[Basic]) -> bool:
    if node.is_Rational:
        return max(int(node.p).bit_length(), int(node.q).bit_length()) <= _MAX_BITS and bool(node == 0 or float(node))
    if node.is_Pow and node.args[0].is_negative and node.args[0].is_Rational:
        return bool(node.args[1].is_integer)
    if node.args:
        return isinstance(node, _KNOWN) or views.word(node) is not None
    if node is _MINUS_INFINITY:
        return sympy.oo in written
    return node.is_Symbol or node in (sympy.pi, sympy.E, sympy.true, sympy.false) or node in written


_KNOWN = (
    *(sympy.Add, sympy.Mul, sympy.Pow, sympy.Max, sympy.Min, sympy.Piecewise),
    *(ExprCondPair, sympy.core.relational.Relational),
    *(sympy.And, sympy.Or, sympy.Not),
)


def _postorder(root: Basic) -> Iterator[Basic]:
    """Yield each node of a program once, after its operands; the indices of an element are none."""
    done: set[int] = set()
    stack = [(root, False)]
    while stack:
        node, ready = stack.pop()
        if id(node) in done:
            continue
        if ready or not node.args or type(node) is sympy.Indexed:
            done.add(id(node))
            yield node
            continue
        stack.append((node, True))
        stack.extend((child, False) for child in reversed(node.args))


def _leaves(nodes: Sequence[Basic]) -> dict[printing.Leaf, Basic]:
    """Return a real symbol for each element of an argument that is used; SymPy orders them as they are here."""
    found = sorted({views.leaf_of(node) for node in nodes if type(node) in (sympy.Symbol, sympy.Indexed)})
    return {leaf: sympy.Symbol(f"v{number:05d}", real=True) for number, leaf in enumerate(found)}


def _is_huge(node: Basic, folded: Any) -> bool:
    exponent = folded.get(id(node.args[1])) if type(node) is sympy.Pow else None
    return exponent is not None and abs(exponent) > _LARGEST_EXPONENT


def _derive(
    program: parsing.Program,
    nodes: Sequence[Basic],
    leaves: dict[printing.Leaf, Basic],
    argnums: Sequence[int],
    *,
    evaluated: bool,
) -> Formulae:
    builder = _Builder(program, leaves, frozenset(argnums))
    for node in nodes:
        builder.add(node)
    function, slope = builder.result()
    partials = []
    for argnum in argnums:
        used = [(leaf, symbol) for leaf, symbol in leaves.items() if leaf[0] == argnum]
        partials += [Partial(argnum, leaf[1], slope.get(symbol, _ZERO)) for leaf, symbol in used]
        if not used:
            partials.append(Partial(argnum, (), _ZERO))
    decimals = any(node.is_Float and not float(node).is_integer() for node in nodes)
    return Formulae(function, tuple(partials), {s: leaf for leaf, s in leaves.items()}, decimals, evaluated)


class _Builder:
    """Values and slopes of nodes, by identity.

    Args:
        program: what is differentiated.
        leaves: the symbol of each element used.
        wanted: positions of the arguments to differentiate by.
    """

    def __init__(self, program: parsing.Program, leaves: dict[printing.Leaf, Basic], wanted: frozenset[int]) -> None:
        self._program = program
        self._leaves = leaves
        self._wanted = wanted
        self._values: dict[int, Expr] = {}
        self._slopes: dict[int, Slope] = {}

    def result(self) -> tuple[Expr, Slope]:
        root = id(self._program.expression)
        return self._values[root], self._slopes[root]

    def add(self, node: Basic) -> None:
        """Build a node whose operands are built."""
        value, slope = self._built(node)
        self._values[id(node)] = value
        self._slopes[id(node)] = slope

    def _built(self, node: Any) -> tuple[Expr, Slope]:
        kind = type(node)
        if kind is sympy.Symbol or kind is sympy.Indexed:
            leaf = views.leaf_of(node)
            symbol = self._leaves[leaf]
            return symbol, {symbol: _ONE} if leaf[0] in self._wanted else {}
        if not node.args:
            return _literal(node), {}
        values = [self._values[id(child)] for child in node.args]
        found = [self._slopes[id(child)] for child in node.args]
        structure = _STRUCTURES.get(kind)
        if structure is not None:
            return structure(values, found)
        if isinstance(node, sympy.core.relational.Relational):
            return slopes.relation(kind, *values), {}
        return _function(kind, values, found)


def _literal(node: Any) -> Expr:
    if not node.is_Float:
        return node
    exact = Fraction(repr(float(node)))
    return sympy.Rational(exact.numerator, exact.denominator)


def _plus(terms: Sequence[Expr]) -> Expr:
    kept = [term for term in terms if term is not _ZERO]
    return kept[0] if len(kept) == 1 else sympy.Add(*kept)


def _times(factors: Sequence[Expr]) -> Expr:
    kept = [factor for factor in factors if factor is not _ONE]
    return kept[0] if len(kept) == 1 else sympy.Mul(*kept)


def _merged(terms: Sequence[tuple[Expr, Slope]]) -> Slope:
    """Return the sum of slopes, each with its factor."""
    gathered: dict[Basic, list[Expr]] = {}
    for factor, slope in terms:
        for symbol, derivative in slope.items():
            gathered.setdefault(symbol, []).append(_times([factor, derivative]))
    summed = {symbol: _plus(parts) for symbol, parts in gathered.items()}
    return {symbol: derivative for symbol, derivative in summed.items() if derivative is not _ZERO}


def _sum(values: list[Expr], found: list[Slope]) -> tuple[Expr, Slope]:
    return _plus(values), _merged([(_ONE, slope) for slope in found])


def _product(values: list[Expr], found: list[Slope]) -> tuple[Expr, Slope]:
    terms = [(_times([*values[:i], *values[i + 1 :]]), slope) for i, slope in enumerate(found) if slope]
    return _times(values), _merged(terms)


def _power(values: list[Expr], found: list[Slope]) -> tuple[Expr, Slope]:
    """Return x**n: n * x**(n-1) by x, 0 for n = 0 whatever x is; x**n * log(x) by n, 0 for x = 0."""
    base, exponent = values
    value = sympy.exp(exponent) if base is sympy.E else base if exponent is _ONE else sympy.Pow(base, exponent)
    terms = []
    if found[0] and exponent is not _ZERO:
        terms.append((_times([exponent, _lowered(base, exponent)]), found[0]))
    if found[1] and base is not _ZERO:
        terms.append((value if base is sympy.E else _times([value, sympy.log(base)]), found[1]))
    return value, _merged(terms)


def _lowered(base: Expr, exponent: Expr) -> Expr:
    """Return base**(exponent - 1)."""
    if exponent.is_Rational:
        lower = Fraction(int(exponent.p), int(exponent.q)) - 1
        exponent = sympy.Rational(lower.numerator, lower.denominator)
        return _ONE if exponent is _ZERO else base if exponent is _ONE else sympy.Pow(base, exponent)
    return sympy.Pow(base, sympy.Add(exponent, sympy.Integer(-1)))


def _piecewise(values: list[Expr], found: list[Slope]) -> tuple[Expr, Slope]:
    """Return cases, differentiated case by case: what a branch not taken does never shows."""
    pairs = [pair.args for pair in values]
    symbols = dict.fromkeys(symbol for slope in found for symbol in slope)
    slope = {
        symbol: slopes.cases(
            *[(own.get(symbol, _ZERO), condition) for own, (_, condition) in zip(found, pairs, strict=True)],
            (_ZERO, sympy.true),
        )
        for symbol in symbols
    }
    return slopes.cases(*pairs), {symbol: found for symbol, found in slope.items() if found is not _ZERO}


def _pair(values: list[Expr], found: list[Slope]) -> tuple[Expr, Slope]:
    return sympy.Tuple(*values), found[0]


def _extreme(kind: Any, wins: Any, loses: Any) -> Callable[[list[Expr], list[Slope]], tuple[Expr, Slope]]:
    """Return the rule of max or min, folded from the left: the winner's slope, both in halves on a tie."""

    def build(values: list[Expr], found: list[Slope]) -> tuple[Expr, Slope]:
        total, slope = values[0], found[0]
        for index in range(1, len(values)):
            first, second = _compared(wins, loses, total, values[index])
            slope = _winner(first, second, slope, found[index])
            total = _joined(kind, values[: index + 1])
        return total, slope

    return build


def _compared(wins: Any, loses: Any, one: Expr, other: Expr) -> tuple[Expr, Expr]:
    """Return whether one wins and whether the other does, numbers on the right."""
    if one.is_Rational:
        return slopes.relation(loses, other, one), slopes.relation(wins, other, one)
    return slopes.relation(wins, one, other), slopes.relation(loses, one, other)


def _winner(first: Expr, second: Expr, one: Slope, other: Slope) -> Slope:
    half = sympy.Rational(1, 2)
    slope = {}
    for symbol in dict.fromkeys((*one, *other)):
        a, b = one.get(symbol, _ZERO), other.get(symbol, _ZERO)
        tie = (
            a
            if a == b
            else _plus([_times([half, a]) if a is not _ZERO else a, _times([half, b]) if b is not _ZERO else b])
        )
        slope[symbol] = slopes.cases((a, first), (b, second), (tie, sympy.true))
    return slope


def _joined(kind: Any, values: Sequence[Expr]) -> Expr:
    """Return the max or min of values; numbers alone are decided."""
    if all(value.is_Rational for value in values):
        return kind(*values)
    return Basic.__new__(kind, *values)


def _condition(kind: Any) -> Callable[[list[Expr], list[Slope]], tuple[Expr, Slope]]:
    def build(values: list[Expr], _: list[Slope]) -> tuple[Expr, Slope]:
        decided = all(value is sympy.true or value is sympy.false for value in values)
        return (kind(*values) if decided else Basic.__new__(kind, *values)), {}

    return build


_STRUCTURES: dict[Any, Callable[[list[Expr], list[Slope]], tuple[Expr, Slope]]] = {
    sympy.Add: _sum,
    sympy.Mul: _product,
    sympy.Pow: _power,
    sympy.Piecewise: _piecewise,
    ExprCondPair: _pair,
    sympy.Max: _extreme(sympy.Max, sympy.StrictGreaterThan, sympy.StrictLessThan),
    sympy.Min: _extreme(sympy.Min, sympy.StrictLessThan, sympy.StrictGreaterThan),
    sympy.And: _condition(sympy.And),
    sympy.Or: _condition(sympy.Or),
    sympy.Not: _condition(sympy.Not),
}


def _function(kind: Any, values: list[Expr], found: list[Slope]) -> tuple[Expr, Slope]:
    opcode = vocabulary.OPCODES.get(kind)
    if opcode is None or kind not in views.WORDS:
        raise errors.NotDifferentiable(f"{kind.__name__} has no formula in the language")
    value = kind(*values) if kind in _EVALUATED else slopes.call(opcode, *values)
    if not any(found):
        return value, {}
    partials = slopes.of(opcode, tuple(values))
    if partials is None:
        word = views.word(slopes.call(opcode, *values))
        raise errors.NotDifferentiable(f"the derivative of {word or opcode} has no formula in the language")
    pairs = zip(partials, found, strict=True)
    return value, _merged(
        [(partial, slope) for partial, slope in pairs if partial is not None and partial is not _ZERO]
    )
