"""A parsed expression to formulae: the function as a SymPy expression of real symbols, and its partial sympy_words.

One pass over the unevaluated tree, operands first, computes for each node its value and its gradient, the derivatives
that are not zero everywhere (forward mode; Griewank & Walther 2008, section 3.1):

    value(y) = f(value(x0), ...),    gradient(y)[v] = sum over i of df/dxi * gradient(xi)[v]

SymPy evaluates the expressions as they are built: it collects like terms, and 1/2 + 1/3 is 5/6. It does not
differentiate, because its derivatives of abs, max and floor are not functions of the language. Literals are exact
decimals: 0.1 is 1/10. Max, min, cases and comparisons stay unevaluated.

Where evaluation leaves the real line or float64 (the square root of something that SymPy proves negative, 10**300
cubed), all expressions are built again without evaluation.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import sympy
from sympy.core.basic import Basic
from sympy.functions.elementary.piecewise import ExprCondPair

from app import errors
from app.autodiff import tape
from app.autodiff.namespaces import sympy_words
from app.autodiff.symbolic import display
from app.language.expression.result import Expression
from app.language.vocabulary import words

Expr = sympy_words.Expr
Gradient = dict[Basic, Expr]  # derivatives by symbol; a derivative that is missing is zero
_ZERO, _ONE = sympy.Integer(0), sympy.Integer(1)
_LARGEST_EXPONENT = 1000  # powers with larger exponents are not evaluated: 3**(10**9) has too many digits
_MAX_BITS = 1023
_MINUS_INFINITY = -sympy.oo
_NUMBERS = "ask for the formulae by the other arguments (argnums); /v1/grad has the numbers by all of them"


@dataclass(frozen=True, slots=True)
class Partial:
    """A partial derivative: the argument's position, the indices into it (() for a number), and the expression."""

    argument: int
    indices: tuple[int, ...]
    expression: Expr


@dataclass(frozen=True, slots=True)
class SymbolicGradient:
    """A function and its partial sympy_words."""

    function: Expr
    partials: tuple[Partial, ...]  # in the order of argnums, then of indices
    leaves: dict[Basic, tape.Leaf]  # the element that each symbol stands for
    decimals: bool  # the client writes decimals, so 3/10 is printed as 0.3
    evaluated: bool  # SymPy has evaluated the expressions


def derive(parsed: Expression, argnums: Sequence[int], *, evaluate: bool = True) -> SymbolicGradient:
    """Differentiate a scalar expression by every element that it uses of the arguments at ``argnums``.

    Raises:
        errors.NotDifferentiable: a word has no derivative in words of the language.
    """
    nodes = list(_postorder(parsed.root))
    leaves = _leaves(nodes)
    if evaluate and not any(_is_huge(node, parsed.constants) for node in nodes):
        formulae = _derive(parsed, nodes, leaves, argnums, evaluated=True)
        written = frozenset(node for node in nodes if node in (sympy.oo, sympy.nan))
        if all(expressible(e, written) for e in (formulae.function, *(p.expression for p in formulae.partials))):
            return formulae
    with sympy.evaluate(False):
        return _derive(parsed, nodes, leaves, argnums, evaluated=False)


def expressible(expression: Expr, written: frozenset[Basic] = frozenset()) -> bool:
    """Return whether an expression is real, within float64, and made of words of the language.

    ``written`` are inf and nan if the client has written them; no other expression may contain them.
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
        return isinstance(node, _KNOWN) or display.spelled(node)[0] is not None
    if node is _MINUS_INFINITY:
        return sympy.oo in written
    return node.is_Symbol or node in (sympy.pi, sympy.E, sympy.true, sympy.false) or node in written


_KNOWN = (
    *(sympy.Add, sympy.Mul, sympy.Pow, sympy.Max, sympy.Min, sympy.Piecewise),
    *(ExprCondPair, sympy.core.relational.Relational),
    *(sympy.And, sympy.Or, sympy.Not),
)


def _postorder(root: Basic) -> Iterator[Basic]:
    """Yield each node of an expression once, after its operands. The indices of an element are no operands."""
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


def _leaves(nodes: Sequence[Basic]) -> dict[tape.Leaf, Basic]:
    """Return a real symbol for each element that is used; the names make SymPy order the symbols as the arguments."""
    found = sorted({tape.leaf_of(node) for node in nodes if type(node) in (sympy.Symbol, sympy.Indexed)})
    return {leaf: sympy.Symbol(f"v{number:05d}", real=True) for number, leaf in enumerate(found)}


def _is_huge(node: Basic, folded: Any) -> bool:
    exponent = folded.get(id(node.args[1])) if type(node) is sympy.Pow else None
    return exponent is not None and abs(exponent) > _LARGEST_EXPONENT


def _derive(
    parsed: Expression,
    nodes: Sequence[Basic],
    leaves: dict[tape.Leaf, Basic],
    argnums: Sequence[int],
    *,
    evaluated: bool,
) -> SymbolicGradient:
    built: dict[int, tuple[Expr, Gradient]] = {}  # by the identity of the node
    for node in nodes:
        if type(node) in (sympy.Symbol, sympy.Indexed):
            leaf = tape.leaf_of(node)
            built[id(node)] = leaves[leaf], {leaves[leaf]: _ONE} if leaf[0] in argnums else {}
        else:
            operands = [built[id(child)] for child in node.args]
            built[id(node)] = _node(node, [value for value, _ in operands], [gradient for _, gradient in operands])
    function, gradient = built[id(parsed.root)]
    partials = []
    for argnum in argnums:
        used = [(leaf, symbol) for leaf, symbol in leaves.items() if leaf[0] == argnum]
        partials += [Partial(argnum, leaf[1], gradient.get(symbol, _ZERO)) for leaf, symbol in used]
        if not used:
            partials.append(Partial(argnum, (), _ZERO))
    decimals = any(node.is_Float and not float(node).is_integer() for node in nodes)
    return SymbolicGradient(function, tuple(partials), {s: leaf for leaf, s in leaves.items()}, decimals, evaluated)


def _node(node: Any, values: list[Expr], gradients: list[Gradient]) -> tuple[Expr, Gradient]:
    """Return the value and the gradient of a node from those of its operands."""
    kind = type(node)
    if not node.args:
        return _literal(node), {}
    if kind in _STRUCTURES:
        return _STRUCTURES[kind](values, gradients)
    if isinstance(node, sympy.core.relational.Relational):
        return sympy_words.relation(kind, *values), {}
    return _function(kind, values, gradients)


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


def _merged(terms: Sequence[tuple[Expr, Gradient]]) -> Gradient:
    """Return the sum of gradients, each multiplied by its factor."""
    gathered: dict[Basic, list[Expr]] = {}
    for factor, gradient in terms:
        for symbol, derivative in gradient.items():
            gathered.setdefault(symbol, []).append(_times([factor, derivative]))
    summed = {symbol: _plus(parts) for symbol, parts in gathered.items()}
    return {symbol: derivative for symbol, derivative in summed.items() if derivative is not _ZERO}


def _sum(values: list[Expr], gradients: list[Gradient]) -> tuple[Expr, Gradient]:
    return _plus(values), _merged([(_ONE, gradient) for gradient in gradients])


def _product(values: list[Expr], gradients: list[Gradient]) -> tuple[Expr, Gradient]:
    terms = [(_times([*values[:i], *values[i + 1 :]]), gradient) for i, gradient in enumerate(gradients) if gradient]
    return _times(values), _merged(terms)


def _power(values: list[Expr], gradients: list[Gradient]) -> tuple[Expr, Gradient]:
    """Return x**n: n * x**(n-1) by x, 0 for n = 0 whatever x is; x**n * log(x) by n, 0 for x = 0."""
    base, exponent = values
    value = sympy.exp(exponent) if base is sympy.E else base if exponent is _ONE else sympy.Pow(base, exponent)
    terms = []
    if gradients[0] and exponent is not _ZERO:
        terms.append((_times([exponent, _lowered(base, exponent)]), gradients[0]))
    if gradients[1] and base is not _ZERO:
        terms.append((value if base is sympy.E else _times([value, sympy.log(base)]), gradients[1]))
    return value, _merged(terms)


def _lowered(base: Expr, exponent: Expr) -> Expr:
    """Return base**(exponent - 1)."""
    if exponent.is_Rational:
        lower = Fraction(int(exponent.p), int(exponent.q)) - 1
        exponent = sympy.Rational(lower.numerator, lower.denominator)
        return _ONE if exponent is _ZERO else base if exponent is _ONE else sympy.Pow(base, exponent)
    return sympy.Pow(base, sympy.Add(exponent, sympy.Integer(-1)))


def _piecewise(values: list[Expr], gradients: list[Gradient]) -> tuple[Expr, Gradient]:
    """Return cases, differentiated case by case."""
    pairs = [pair.args for pair in values]
    gradient = {}
    for symbol in dict.fromkeys(itertools.chain(*gradients)):
        own = [(each.get(symbol, _ZERO), condition) for each, (_, condition) in zip(gradients, pairs, strict=True)]
        derivative = sympy_words.cases(*own, (_ZERO, sympy.true))
        if derivative is not _ZERO:
            gradient[symbol] = derivative
    return sympy_words.cases(*pairs), gradient


def _pair(values: list[Expr], gradients: list[Gradient]) -> tuple[Expr, Gradient]:
    return sympy.Tuple(*values), gradients[0]


def _extreme(kind: Any, wins: Any, loses: Any) -> Callable[[list[Expr], list[Gradient]], tuple[Expr, Gradient]]:
    """Return the rule of max or min, folded from the left: the winner's gradient, or the mean of both on a tie."""

    def build(values: list[Expr], gradients: list[Gradient]) -> tuple[Expr, Gradient]:
        total, gradient = values[0], gradients[0]
        for index in range(1, len(values)):
            first, second = _compared(wins, loses, total, values[index])
            gradient = _winner(first, second, gradient, gradients[index])
            total = _joined(kind, values[: index + 1])
        return total, gradient

    return build


def _compared(wins: Any, loses: Any, one: Expr, other: Expr) -> tuple[Expr, Expr]:
    """Return the conditions that the one wins and that the other wins, with numbers on the right."""
    if one.is_Rational:
        return sympy_words.relation(loses, other, one), sympy_words.relation(wins, other, one)
    return sympy_words.relation(wins, one, other), sympy_words.relation(loses, one, other)


def _winner(first: Expr, second: Expr, one: Gradient, other: Gradient) -> Gradient:
    half = sympy.Rational(1, 2)
    gradient = {}
    for symbol in dict.fromkeys((*one, *other)):
        a, b = one.get(symbol, _ZERO), other.get(symbol, _ZERO)
        tie = a if a == b else _plus([_times([half, side]) for side in (a, b) if side is not _ZERO])
        gradient[symbol] = sympy_words.cases((a, first), (b, second), (tie, sympy.true))
    return gradient


def _joined(kind: Any, values: Sequence[Expr]) -> Expr:
    """Return the max or min of values, evaluated only if all are numbers."""
    return kind(*values) if all(value.is_Rational for value in values) else Basic.__new__(kind, *values)


def _condition(kind: Any) -> Callable[[list[Expr], list[Gradient]], tuple[Expr, Gradient]]:
    def build(values: list[Expr], _: list[Gradient]) -> tuple[Expr, Gradient]:
        decided = all(value is sympy.true or value is sympy.false for value in values)
        return (kind(*values) if decided else Basic.__new__(kind, *values)), {}

    return build


_STRUCTURES: dict[Any, Callable[[list[Expr], list[Gradient]], tuple[Expr, Gradient]]] = {
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


def _function(kind: Any, values: list[Expr], gradients: list[Gradient]) -> tuple[Expr, Gradient]:
    opcode = words.OPCODES.get(kind)
    if opcode is None:
        raise errors.NotDifferentiable(f"{kind.__name__} has no formula in the language", hint=_NUMBERS)
    value = sympy_words.call(opcode, *values)
    terms = []
    for index, gradient in enumerate(gradients):
        if gradient:
            try:
                partial = sympy_words.partial(opcode, values, index)
            except KeyError:
                word = display.spelled(value)[0] or opcode
                detail = f"the derivative of {word} by its operand {index + 1} has no formula in the language"
                raise errors.NotDifferentiable(detail, hint=_NUMBERS) from None
            if partial is not None and partial is not _ZERO:
                terms.append((partial, gradient))
    return value, _merged(terms)
