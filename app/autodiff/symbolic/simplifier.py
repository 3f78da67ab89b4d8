"""An expression to a shorter equal one, by a few of SymPy's rewritings.

``sympy.simplify`` takes seconds and often returns a longer expression. Here, cheap rewritings are tried one after the
other, and a result is kept if its text is shorter (Carette, Understanding expression simplification, ISSAC 2004). No
rewriting may change the function where it is defined:

- symbols are only known to be real, so log(x**2) and sqrt(x)*sqrt(y) stay;
- max, min, cases and comparisons are opaque: the values of cases are shortened, conditions are not;
- a result that leaves the real line, float64 or the language is dropped.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import sympy
from sympy.core.basic import Basic

from app.autodiff.namespaces import sympy_words
from app.autodiff.symbolic import differentiate

Expr = sympy_words.Expr
Rewriting = Callable[[Expr], Expr]
Weigh = Callable[[Expr], float]  # returns the length of an expression's text
Attempt = Callable[[Rewriting, Expr], Expr]
"""Applies a rewriting within a time limit; any exception means that it failed."""

_TRIGONOMETRIC = (
    sympy.functions.elementary.trigonometric.TrigonometricFunction,
    sympy.functions.elementary.hyperbolic.HyperbolicFunction,
)
_OPAQUE = (sympy.Piecewise, sympy.Max, sympy.Min)


def _trigonometric(expression: Expr) -> Expr:
    return sympy.trigsimp(expression) if expression.has(*_TRIGONOMETRIC) else expression


def _factored(expression: Expr) -> Expr:
    return sympy.factor_terms(sympy.together(expression))


_REWRITINGS: tuple[tuple[Rewriting, float], ...] = (
    (sympy.factor_terms, 4000.0),
    (sympy.powsimp, 1000.0),
    (_factored, 400.0),
    (sympy.cancel, 160.0),
    (_trigonometric, 160.0),
    (sympy.factor, 160.0),
    (_factored, 160.0),
)
"""Rewritings in order, each with the length from which it costs more time than it gains (measured)."""

_LONGEST_DENOMINATOR = 12  # rational numbers with larger denominators are opaque, too


def shorten(expression: Expr, weigh: Weigh, attempt: Attempt) -> Expr:
    """Return an expression that is equal wherever the given one is defined, and not longer by ``weigh``."""
    opaque = _opaque(expression)
    if expression in opaque:
        return _inside(expression, weigh, attempt)
    stand_ins = {node: sympy.Symbol(f"w{number:05d}", real=True) for number, node in enumerate(opaque)}
    originals = {symbol: _inside(node, weigh, attempt) for node, symbol in stand_ins.items()}
    outer = expression.xreplace(stand_ins)
    decimals = _decimals(outer)
    originals |= {symbol: number for number, symbol in decimals.items() if number > 0}
    found = _shortest(outer.xreplace(decimals), weigh, attempt).xreplace(originals)
    return found if differentiate.expressible(found) else expression


def _opaque(expression: Expr) -> list[Basic]:
    """Return the outermost parts that are opaque to rewritings, in preorder."""
    found: dict[Basic, None] = {}
    walk = sympy.preorder_traversal(expression)
    for node in walk:
        if isinstance(node, _OPAQUE):
            found[node] = None
            walk.skip()
    return list(found)


def _decimals(expression: Expr) -> dict[Expr, Expr]:
    """Return a symbol for each long decimal; over a common denominator decimals would become longer."""
    numbers = sorted({abs(n) for n in expression.atoms(sympy.Rational) if n.q > _LONGEST_DENOMINATOR})
    symbols = {number: sympy.Symbol(f"u{count:05d}", positive=True) for count, number in enumerate(numbers)}
    return symbols | {-number: -symbol for number, symbol in symbols.items()}


def _inside(node: Any, weigh: Weigh, attempt: Attempt) -> Expr:
    """Shorten the values of cases, not their conditions."""
    if not isinstance(node, sympy.Piecewise):
        return node
    return sympy_words.cases(*[(shorten(pair.args[0], weigh, attempt), pair.args[1]) for pair in node.args])


def _shortest(expression: Expr, weigh: Weigh, attempt: Attempt) -> Expr:
    best, least = expression, weigh(expression)
    for rewriting, most in _REWRITINGS:
        if least > most:
            continue
        try:
            found = attempt(rewriting, best)
            length = weigh(found) if differentiate.expressible(found) and not _overflows(found, expression) else least
        except Exception:  # noqa: BLE001, S112 - whatever SymPy cannot do, the expression stays as it is
            continue
        if length < least:
            best, least = found, length
    return best


def _overflows(found: Expr, before: Expr) -> bool:
    """Return whether exp(-u) became exp(u): exp(-x)/(1 + exp(-x)) is 0 where exp(x)/(exp(x) + 1)**2 is inf/inf."""
    known = before.atoms(sympy.exp)
    return any(new not in known and sympy.exp(-new.args[0]) in known for new in found.atoms(sympy.exp))
