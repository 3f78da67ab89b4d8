"""A namespace of formulae: words of the language as SymPy expressions, and other opcodes written in such words.

``partials`` gives the rows of ``app.autodiff.table`` as formulae. Constants are exact: 0.25 is 1/4, and the float of
log(2) is log(2). Most functions stay unevaluated, because SymPy defines them differently or evaluates them slowly.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Any

import sympy
from sympy.core.basic import Basic
from sympy.functions.elementary.piecewise import ExprCondPair

from app.autodiff import table
from app.autodiff.namespaces import hosted_formulae, order_formulae
from app.language.vocabulary import words
from app.language.vocabulary.functions import special

Expr = Any  # a SymPy expression; SymPy has no type annotations

_ZERO, _ONE = sympy.Integer(0), sympy.Integer(1)

_NODES: dict[str, Any] = {
    word.opcode: word.node
    for word in (*words.PRIMITIVES, *words.INNER.values())
    if word.node is not None and word.opcode is not None
}

EVALUATED = {
    *(sympy.sin, sympy.cos, sympy.tan, sympy.sec, sympy.csc, sympy.cot, sympy.asin, sympy.acos, sympy.atan),
    *(sympy.sinh, sympy.cosh, sympy.tanh, sympy.exp, sympy.log, sympy.Abs, sympy.sign, sympy.floor, sympy.ceiling),
    *(sympy.erf, sympy.erfc),
}
"""Functions that SymPy may evaluate. The others are defined differently in SymPy, or are slow to evaluate."""

_CONSTANTS: dict[float, Expr] = {
    math.pi: sympy.pi,
    math.pi / 2: sympy.pi / 2,
    math.pi / 180: sympy.pi / 180,
    math.sqrt(math.pi): sympy.sqrt(sympy.pi),
    math.sqrt(math.pi) / 2: sympy.sqrt(sympy.pi) / 2,
    2 / math.sqrt(math.pi): 2 / sympy.sqrt(sympy.pi),
    math.log(2): sympy.log(2),
    math.log(10): sympy.log(10),
}
"""What the floats of the table stand for."""


def relation(kind: type[Basic], left: Expr, right: Expr) -> Expr:
    """Return a comparison, evaluated only if both sides are rational numbers."""
    return kind(left, right) if left.is_Rational and right.is_Rational else Basic.__new__(kind, left, right)


def cases(*pairs: tuple[Expr, Expr]) -> Expr:
    """Return the cases: the first value whose condition holds, nan if none holds. Conditions stay unevaluated."""
    kept: list[tuple[Expr, Expr]] = []
    for value, condition in pairs:
        if condition is not sympy.false:
            kept.append((value, condition))
        if condition is sympy.true:
            break
    if not kept:
        return sympy.nan
    if kept[-1][1] is sympy.true:
        while len(kept) > 1 and kept[-2][0] == kept[-1][0]:
            del kept[-2]
        if len(kept) == 1:
            return kept[0][0]
    # Built as the parser builds them: SymPy's constructors solve conditions, which may take very long.
    return Basic.__new__(sympy.Piecewise, *[Basic.__new__(ExprCondPair, *pair) for pair in kept])


def call(opcode: str, *operands: Expr) -> Expr:
    """Return the word of an opcode applied to operands; unevaluated, but for ``EVALUATED``.

    Raises:
        KeyError: the language has no word for the opcode.
    """
    node = _NODES[opcode]
    undefined = isinstance(node, sympy.core.function.UndefinedFunction)
    return node(*operands) if undefined or node in EVALUATED else node(*operands, evaluate=False)


def partial(opcode: str, operands: Sequence[Expr], index: int) -> Expr | None:
    """Return the partial derivative of a word by one of its operands, None if it is zero everywhere.

    Raises:
        KeyError: the language has no words for it.
    """
    written = _PARTIALS.get((opcode, index))
    if written is not None:
        return written(*operands)
    found = table.TABLE[opcode].partials[index]
    if callable(found):
        found = found(NAMESPACE, Written(call(opcode, *operands)), *[Written(operand) for operand in operands])
    return None if found is None else exact(found)


def exact(number: Any) -> Expr:
    """Return a number, or a formula, as SymPy's; a condition is 1 if it holds, else 0."""
    if isinstance(number, Written):
        found = number.expression
        return cases((_ONE, found), (_ZERO, sympy.true)) if _is_condition(found) else found
    if isinstance(number, int):
        return sympy.Integer(number)
    known = _CONSTANTS.get(abs(number))
    if known is not None:
        return known if number > 0 else -known
    fraction = Fraction(number)
    return sympy.Rational(fraction.numerator, fraction.denominator)


def _is_condition(expression: Expr) -> bool:
    return bool(expression.is_Boolean or expression.is_Relational)


class Written:
    """A formula with Python's operators."""

    __slots__ = ("expression",)

    def __init__(self, expression: Expr) -> None:
        self.expression = expression

    def __add__(self, other: Any) -> Written:
        return Written(exact(self) + exact(other))

    def __radd__(self, other: Any) -> Written:
        return Written(exact(other) + exact(self))

    def __sub__(self, other: Any) -> Written:
        return Written(exact(self) - exact(other))

    def __rsub__(self, other: Any) -> Written:
        return Written(exact(other) - exact(self))

    def __mul__(self, other: Any) -> Written:
        return Written(exact(self) * exact(other))

    def __rmul__(self, other: Any) -> Written:
        return Written(exact(other) * exact(self))

    def __truediv__(self, other: Any) -> Written:
        return Written(exact(self) / exact(other))

    def __rtruediv__(self, other: Any) -> Written:
        return Written(exact(other) / exact(self))

    def __neg__(self) -> Written:
        return Written(-exact(self))


class SympyWords:
    """The words over ``Written`` formulae."""

    def __getattr__(self, opcode: str) -> Callable[..., Written]:
        build = _FORMS.get(opcode) or functools.partial(call, opcode)

        def word(*operands: Any) -> Written:
            return Written(build(*[exact(operand) for operand in operands]))

        def select(condition: Any, x: Any, y: Any) -> Written:
            chosen = condition.expression
            if not _is_condition(chosen):
                chosen = relation(sympy.Ne, chosen, _ZERO)
            return Written(cases((exact(x), chosen), (exact(y), sympy.true)))

        found = select if opcode == "select" else word
        setattr(self, opcode, found)
        return found


NAMESPACE = SympyWords()
"""The words as a namespace."""


def _less(strict: Any, reverse: Any) -> Callable[[Expr, Expr], Expr]:
    """Return a comparison that is written with numbers on the right."""

    def build(x: Expr, y: Expr) -> Expr:
        if x is _ZERO and y.is_nonnegative and strict is sympy.LessThan:
            return sympy.true
        return relation(reverse, y, x) if x.is_Rational else relation(strict, x, y)

    return build


def _at_zero(x: Expr, elsewhere: Expr, value: Expr) -> Expr:
    """Return a formula that is 0/0 at 0, with its value there."""
    return cases((elsewhere, relation(sympy.Ne, x, _ZERO)), (value, sympy.true))


def _wave(n: int, x: Expr) -> Expr:
    """Return cos(x + n*pi/2)."""
    return (sympy.cos(x), -sympy.sin(x), -sympy.cos(x), sympy.sin(x))[n % 4]


def _usinc_derivative(n: Expr, x: Expr) -> Expr:
    found = call("usinc", x)
    for k in range(1, int(n) + 1):
        found = (_wave(k - 1, x) - k * found) / x
    return _at_zero(x, found, _wave(int(n), _ZERO) / (n + 1)) if n else found


def _exprel_derivative(n: Expr, x: Expr) -> Expr:
    found = call("exprel", x)
    for k in range(1, int(n) + 1):
        found = (sympy.exp(x) - k * found) / x
    return _at_zero(x, found, 1 / (n + 1)) if n else found


def _boxcox_derivative(logarithm: Expr, k: Expr, n: Expr) -> Expr:
    return logarithm ** (k + 1) * _exprel_derivative(k, n * logarithm)


def _of_order(opcode: str, n: Expr, x: Expr, signs: tuple[int, int]) -> Expr:
    """Return a Bessel function of any order, by z[k+1] = 2k/x * z[k] + z[k-1] with signs if the language has it not."""
    order = int(n)
    if order < 0:
        sign = -1 if opcode in ("jn", "yn") and order % 2 else 1
        return sign * call(opcode, sympy.Integer(-order), x)
    if order <= special.MAX_ORDER:
        return call(opcode, sympy.Integer(order), x)
    last, before = (call(opcode, sympy.Integer(k), x) for k in (order - 1, order - 2))
    return signs[0] * 2 * (order - 1) / x * last + signs[1] * before


def _order_derivative(opcode: str, signs: tuple[int, int], derivative: tuple[int, int]) -> Callable[..., Expr]:
    """Return (k, n, x) -> k-th derivative of a Bessel function z, for z[n]' = (s*z[n-1] + t*z[n+1]) / 2."""

    def build(k: Expr, n: Expr, x: Expr) -> Expr:
        if k == 0:
            return _of_order(opcode, n, x, signs)
        below, above = build(k - 1, n - 1, x), build(k - 1, n + 1, x)
        return (derivative[0] * below + derivative[1] * above) / 2

    return build


def _hypot(x: Expr, y: Expr) -> Expr:
    return sympy.sqrt(x**2 + y**2) if y.is_Rational else call("hypot", x, y)


_FORMS: dict[str, Callable[..., Expr]] = {
    # Words that SymPy has operators for
    "reciprocal": lambda x: 1 / x,
    "square": lambda x: x**2,
    "sqrt": sympy.sqrt,
    "pow": lambda x, n: x**n,
    "less": _less(sympy.StrictLessThan, sympy.StrictGreaterThan),
    "less_equal": _less(sympy.LessThan, sympy.GreaterThan),
    "equal": lambda x, y: relation(sympy.Eq, x, y),
    "hypot": _hypot,
    # Opcodes that only derivatives have
    "strong_mul": lambda g, p: g * p,
    "strong_div": lambda g, p: g / p,
    "power_log": lambda k, x, n: x**n * sympy.log(x) ** k,
    "power_log1p": lambda k, x, n: (1 + x) ** n * call("log1p", x) ** k,
    "one_minus_square": lambda x: 1 - x**2,
    "share": lambda x, y: call("sigmoid", x - y),
    "angle_slope": lambda x, y: x / (x**2 + y**2),
    "hypot_slope": lambda x, y: x / call("hypot", x, y),
    "hypot_rest": lambda x, y: call("hypot", x, y) - sympy.Abs(y),
    "pseudo_huber_slope": lambda d, r: sympy.Abs(d) * r / call("hypot", r, d),
    "log_ratio": lambda x, y: sympy.log(x / y),
    "shortfall": lambda x, y: 1 - x / y,
    "expm1_rest": lambda u: call("expm1", u) - u * sympy.exp(u),
    "usinc_derivative": _usinc_derivative,
    "exprel_derivative": _exprel_derivative,
    "boxcox_derivative": lambda k, x, n: _boxcox_derivative(sympy.log(x), k, n),
    "boxcox1p_derivative": lambda k, x, n: _boxcox_derivative(call("log1p", x), k, n),
    # Of special functions
    "gauss": lambda x: sympy.exp(-(x**2)),
    "minimum": lambda x, y: Basic.__new__(sympy.Min, x, y),
    "dawsn_derivative": lambda n, x, value: {1: 1 - 2 * x * value}[int(n)],
    "sinhc_derivative": lambda n, x: {0: _at_zero(x, sympy.sinh(x) / x, _ONE)}[int(n)],
    "lambertw_rise": lambda x, value: 1 + value,
    "jn": lambda n, x: _of_order("jn", n, x, (1, -1)),
    "yn": lambda n, x: _of_order("yn", n, x, (1, -1)),
    "iv": lambda n, x: _of_order("iv", n, x, (-1, 1)),
    "kn": lambda n, x: _of_order("kn", n, x, (1, 1)),
    "jn_derivative": _order_derivative("jn", (1, -1), (1, -1)),
    "yn_derivative": _order_derivative("yn", (1, -1), (1, -1)),
    "iv_derivative": _order_derivative("iv", (-1, 1), (1, 1)),
    "kn_derivative": _order_derivative("kn", (1, 1), (-1, -1)),
    "polygamma": lambda n, x: call("polygamma" if int(n) <= special.MAX_ORDER else "", sympy.Integer(int(n)), x),
    "expn": lambda n, x: call("expn", sympy.Integer(int(n)), x),
    **hosted_formulae.FORMS,
    **order_formulae.FORMS,
}
"""How an opcode is written that is no function of the language."""

_FORMULAE = hosted_formulae.PARTIALS | order_formulae.PARTIALS

_PARTIALS: dict[tuple[str, int], Callable[..., Expr]] = {
    ("mod", 1): lambda x, y: -sympy.floor(x / y),
    ("fmod", 1): lambda x, y: -call("trunc", x / y),
    ("log2", 0): lambda x: 1 / (x * sympy.log(2)),
    ("log10", 0): lambda x: 1 / (x * sympy.log(10)),
    ("asec", 0): lambda x: 1 / (sympy.Abs(x) * sympy.sqrt(x**2 - 1)),
    ("acsc", 0): lambda x: -1 / (sympy.Abs(x) * sympy.sqrt(x**2 - 1)),
    ("boxcox1p", 0): lambda x, power: (1 + x) ** (power - 1),
    ("uppergamma", 1): lambda s, x: -(x ** (s - 1)) * sympy.exp(-x),
    ("erfcx", 0): lambda x: 2 * x * call("erfcx", x) - 2 / sympy.sqrt(sympy.pi),
    ("rgamma", 0): lambda x: -call("digamma", x) * call("rgamma", x),
    ("zeta", 1): lambda s, q: -s * call("zeta", s + 1, q),
    ("lgamma_step", 0): lambda x, h: call("digamma", x + h) - call("digamma", x),
    ("lgamma_step", 1): lambda x, h: call("digamma", x + h),
    ("betaln", 0): lambda a, b: call("digamma", a) - call("digamma", a + b),
    ("betaln", 1): lambda a, b: call("digamma", b) - call("digamma", a + b),
    ("gamma_part", 1): lambda a, x, upper: (-1 if upper else 1) * x ** (a - 1) * sympy.exp(-x) / call("gamma", a),
    ("betainc", 2): lambda a, b, x: x ** (a - 1) * (1 - x) ** (b - 1) / sympy.Function("beta")(a, b),
    ("i0e", 0): lambda x: call("i1e", x) - sympy.sign(x) * call("i0e", x),
    ("i1e", 0): lambda x: _at_zero(
        x, call("i0e", x) - sympy.sign(x) * call("i1e", x) - call("i1e", x) / x, sympy.Rational(1, 2)
    ),
    ("k0e", 0): lambda x: call("k0e", x) - call("k1e", x),
    ("k1e", 0): lambda x: call("k1e", x) - call("k0e", x) - call("k1e", x) / x,
    ("expi", 0): lambda x: sympy.exp(x) / x,
    ("fresnels", 0): lambda x: sympy.sin(sympy.pi * x**2 / 2),
    ("fresnelc", 0): lambda x: sympy.cos(sympy.pi * x**2 / 2),
    **{place: functools.partial(formula, call) for place, formula in _FORMULAE.items()},
}
"""Partials, by opcode and operand, that the table writes in more digits but less readably."""
