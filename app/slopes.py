"""Derivatives in closed form: for each opcode the partial derivatives of its word, as SymPy expressions.

For a word y = f(x0, x1, ...) a row returns

    (dy/dx0, dy/dx1, ...)

over the operands it is given; None stands for a derivative that is zero everywhere (``floor``). The forms are those
that keep their digits in the tails when they are evaluated (1/cosh(x)**2, not 1 - tanh(x)**2), and choose at kinks
what ``rules`` chooses. They use words of the vocabulary only, so their text is text of the language. Sums, products,
powers, ``max``, ``min`` and cases are differentiated where they are built, in ``formulae``. Formulae: Abramowitz &
Stegun, Handbook of Mathematical Functions (1964), chapters 4, 6 and 7.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import sympy
from sympy.core.basic import Basic
from sympy.functions.elementary.piecewise import ExprCondPair

from app import vocabulary

Expr = Any
"""A SymPy expression; SymPy publishes no types."""

Slopes = Callable[..., tuple[Expr | None, ...]]

_ONE, _TWO, _HALF = sympy.Integer(1), sympy.Integer(2), sympy.Rational(1, 2)
_NODES: dict[str, Any] = {
    word.opcode: word.node for word in vocabulary.PRIMITIVES if word.node is not None and word.opcode is not None
}


def relation(kind: type[Basic], left: Expr, right: Expr) -> Expr:
    """Return a comparison, decided only where both sides are rational numbers."""
    return kind(left, right) if left.is_Rational and right.is_Rational else Basic.__new__(kind, left, right)


def cases(*pairs: tuple[Expr, Expr]) -> Expr:
    """Return the first value whose condition holds, nan if none; no condition is looked into."""
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
    # Made as the parser makes them: SymPy's own constructors solve conditions, which may take for ever.
    return Basic.__new__(sympy.Piecewise, *[Basic.__new__(ExprCondPair, *pair) for pair in kept])


def call(opcode: str, *operands: Expr) -> Expr:
    """Return a word of operands, as it stands."""
    node = _NODES[opcode]
    return (
        node(*operands) if isinstance(node, sympy.core.function.UndefinedFunction) else node(*operands, evaluate=False)
    )


def named(name: str, *operands: Expr) -> Expr | None:
    """Return a word that need not be a primitive, or None where the language has none of that name."""
    if name in _NODES:
        return call(name, *operands)
    return sympy.Function(name)(*operands) if name in vocabulary.BY_NAME else None


def _inverse_root(square: Expr) -> Expr:
    """Return 1 / sqrt(square)."""
    return square ** sympy.Rational(-1, 2)


def _sided(x: Expr, above: Expr, below: Expr) -> Expr:
    """Return ``above`` for x >= 0, ``below`` for x < 0."""
    if x.is_nonnegative:
        return above
    return cases((above, relation(sympy.GreaterThan, x, sympy.Integer(0))), (below, sympy.true))


def _usinc(x: Expr) -> Expr:
    return _bounded(x, (sympy.cos(x) - call("usinc", x)) / x, sympy.Integer(0))


def _celu(x: Expr, a: Expr) -> tuple[Expr, Expr]:
    above, ratio = relation(sympy.StrictGreaterThan, x, sympy.Integer(0)), x / a
    by_scale = call("expm1", ratio) - ratio * sympy.exp(ratio)
    return (
        cases((_ONE, above), (sympy.exp(ratio), sympy.true)),
        cases((sympy.Integer(0), above), (by_scale, sympy.true)),
    )


def _bounded(x: Expr, slope: Expr, at_zero: Expr) -> Expr:
    """Return a slope whose formula is 0/0 at 0."""
    return cases((slope, relation(sympy.Ne, x, sympy.Integer(0))), (at_zero, sympy.true))


def _gaussian(x: Expr) -> Expr:
    return _TWO * sympy.exp(-(x**2)) / sympy.sqrt(sympy.pi)


def _unary(slope: Callable[[Expr], Expr]) -> Slopes:
    return lambda x: (slope(x),)


def _flat(*operands: Expr) -> tuple[None, ...]:
    return (None,) * len(operands)


SLOPES: dict[str, Slopes] = {
    "sin": _unary(sympy.cos),
    "cos": _unary(lambda x: -sympy.sin(x)),
    "tan": _unary(lambda x: sympy.tan(x) ** 2 + 1),
    "sec": _unary(lambda x: sympy.sec(x) * sympy.tan(x)),
    "csc": _unary(lambda x: -sympy.csc(x) * sympy.cot(x)),
    "cot": _unary(lambda x: -(sympy.sin(x) ** -2)),
    "asin": _unary(lambda x: _inverse_root(1 - x**2)),
    "acos": _unary(lambda x: -_inverse_root(1 - x**2)),
    "atan": _unary(lambda x: 1 / (x**2 + 1)),
    "asec": _unary(lambda x: _inverse_root(x**2 - 1) / sympy.Abs(x)),
    "acsc": _unary(lambda x: -_inverse_root(x**2 - 1) / sympy.Abs(x)),
    "acot": _unary(lambda x: -1 / (x**2 + 1)),
    "sinh": _unary(sympy.cosh),
    "cosh": _unary(sympy.sinh),
    "tanh": _unary(lambda x: sympy.cosh(x) ** -2),
    "sech": _unary(lambda x: -sympy.sech(x) * sympy.tanh(x)),
    "csch": _unary(lambda x: -sympy.csch(x) * sympy.coth(x)),
    "coth": _unary(lambda x: -(sympy.sinh(x) ** -2)),
    "asinh": _unary(lambda x: _inverse_root(x**2 + 1)),
    "acosh": _unary(lambda x: _inverse_root(x - 1) * _inverse_root(x + 1)),
    "atanh": _unary(lambda x: 1 / (1 - x**2)),
    "asech": _unary(lambda x: -_inverse_root(1 - x**2) / x),
    "acsch": _unary(lambda x: -_inverse_root(x**2 + 1) / sympy.Abs(x)),
    "acoth": _unary(lambda x: 1 / (1 - x**2)),
    "exp": _unary(sympy.exp),
    "exp2": _unary(lambda x: sympy.log(2) * call("exp2", x)),
    "expm1": _unary(sympy.exp),
    "log": _unary(lambda x: 1 / x),
    "log2": _unary(lambda x: 1 / (sympy.log(2) * x)),
    "log10": _unary(lambda x: 1 / (sympy.log(10) * x)),
    "log1p": _unary(lambda x: 1 / (x + 1)),
    "cbrt": _unary(lambda x: call("cbrt", x) ** -2 / 3),
    "abs": _unary(lambda x: _sided(x, _ONE, -_ONE)),
    "sign": _flat,
    "floor": _flat,
    "ceil": _flat,
    "trunc": _flat,
    "round": _flat,
    "usinc": _unary(_usinc),
    "sigmoid": _unary(lambda x: call("sigmoid", x) * call("sigmoid", -x)),
    "softplus": _unary(lambda x: call("sigmoid", x)),
    "erf": _unary(_gaussian),
    "erfc": _unary(lambda x: -_gaussian(x)),
    "gamma": _unary(lambda x: call("gamma", x) * call("digamma", x)),
    "lgamma": _unary(lambda x: call("digamma", x)),
    "atan2": lambda y, x: (x / (x**2 + y**2), -y / (x**2 + y**2)),
    "hypot": lambda x, y: (x / call("hypot", x, y), y / call("hypot", x, y)),
    "logaddexp": lambda x, y: (call("sigmoid", x - y), call("sigmoid", y - x)),
    "xlogy": lambda x, y: (sympy.log(y), x / y),
    "xlog1py": lambda x, y: (call("log1p", y), x / (y + 1)),
    "soft_sign": _unary(lambda x: (sympy.Abs(x) + 1) ** -2),
    "celu": _celu,
    "copysign": lambda x, y: (call("copysign", _ONE, x) * call("copysign", _ONE, y), None),
    "mod": lambda x, y: (_ONE, -sympy.floor(x / y)),
    "fmod": lambda x, y: (_ONE, -call("trunc", x / y)),
    "floor_divide": _flat,
}
"""The partial derivatives by opcode."""

SLOPES |= {
    "erfcx": _unary(lambda x: _TWO * x * call("erfcx", x) - _TWO / sympy.sqrt(sympy.pi)),
    "erfi": _unary(lambda x: _TWO * sympy.exp(x**2) / sympy.sqrt(sympy.pi)),
    "dawsn": _unary(lambda x: 1 - _TWO * x * call("dawsn", x)),
    "erfinv": _unary(lambda x: sympy.sqrt(sympy.pi) * sympy.exp(call("erfinv", x) ** 2) / 2),
    "erfcinv": _unary(lambda x: -sympy.sqrt(sympy.pi) * sympy.exp(call("erfcinv", x) ** 2) / 2),
    "rgamma": _unary(lambda x: -call("digamma", x) * call("rgamma", x)),
    "betaln": lambda a, b: (
        call("digamma", a) - call("digamma", a + b),
        call("digamma", b) - call("digamma", a + b),
    ),
    "j0": _unary(lambda x: -call("j1", x)),
    "j1": _unary(lambda x: _bounded(x, call("j0", x) - call("j1", x) / x, _HALF)),
    "y0": _unary(lambda x: -call("y1", x)),
    "y1": _unary(lambda x: call("y0", x) - call("y1", x) / x),
    "i0": _unary(lambda x: call("i1", x)),
    "i1": _unary(lambda x: _bounded(x, call("i0", x) - call("i1", x) / x, _HALF)),
    "i0e": _unary(lambda x: call("i1e", x) - sympy.sign(x) * call("i0e", x)),
    "i1e": _unary(lambda x: _bounded(x, call("i0e", x) - sympy.sign(x) * call("i1e", x) - call("i1e", x) / x, _HALF)),
    "k0": _unary(lambda x: -call("k1", x)),
    "k1": _unary(lambda x: -call("k0", x) - call("k1", x) / x),
    "k0e": _unary(lambda x: call("k0e", x) - call("k1e", x)),
    "k1e": _unary(lambda x: call("k1e", x) - call("k0e", x) - call("k1e", x) / x),
    "expi": _unary(lambda x: sympy.exp(x) / x),
    "Si": _unary(lambda x: call("usinc", x)),
    "Ci": _unary(lambda x: sympy.cos(x) / x),
    "Shi": _unary(lambda x: _bounded(x, sympy.sinh(x) / x, _ONE)),
    "Chi": _unary(lambda x: sympy.cosh(x) / x),
    "fresnels": _unary(lambda x: sympy.sin(sympy.pi * x**2 / 2)),
    "fresnelc": _unary(lambda x: sympy.cos(sympy.pi * x**2 / 2)),
    "lambertw": _unary(lambda x: sympy.exp(-call("lambertw", x)) / (call("lambertw", x) + 1)),
    "exprel": _unary(lambda x: _bounded(x, (sympy.exp(x) - call("exprel", x)) / x, _HALF)),
    "sindg": _unary(lambda x: sympy.pi * call("cosdg", x) / 180),
    "cosdg": _unary(lambda x: -sympy.pi * call("sindg", x) / 180),
    "kl_div": lambda x, y: (sympy.log(x / y), 1 - x / y),
}
"""Those of special functions (NIST Digital Library of Mathematical Functions, chapters 5 to 7 and 10)."""

_ELSEWHERE: dict[str, tuple[str, tuple[Expr, ...]]] = {
    "digamma": ("trigamma", ()),
    "trigamma": ("polygamma", (_TWO,)),
}
"""Derivatives that are words of their own, with the operands before x."""

STRUCTURAL = frozenset({"maximum", "minimum", "and", "or", "not", "select"})
"""Opcodes whose derivative is not a matter of operands alone."""


def of(opcode: str, operands: tuple[Expr, ...]) -> tuple[Expr | None, ...] | None:
    """Return the partial derivatives of a word by its operands; None where it has none in words of the language."""
    if opcode in _ELSEWHERE:
        name, first = _ELSEWHERE[opcode]
        slope = named(name, *first, *operands)
        return None if slope is None else (slope,)
    row = SLOPES.get(opcode)
    return None if row is None else row(*operands)
