"""Partial derivatives of host words as formulae, in words of the language (NIST DLMF chapters 19 and 25).

A formula is written with ``call``, which applies the word of an opcode: (call, x0, x1, ...) -> dy/dxi. Where no formula
is known, the language has none; numbers are right in any case, by ``app.autodiff.table.hosted``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import sympy

Expr = Any
Call = Callable[..., Expr]
Formula = Callable[..., Expr]

_ZERO, _ONE = sympy.Integer(0), sympy.Integer(1)


def leg_square(m: Expr, phi: Expr) -> Expr:
    return 1 - m * sympy.sin(phi) ** 2


def _leg(m: Expr, phi: Expr) -> Expr:
    return sympy.sqrt(leg_square(m, phi))


def _first_by_m(call: Call, phi: Expr, m: Expr) -> Expr:
    inner = call("ellipeinc", phi, m) / (1 - m) - call("ellipkinc", phi, m)
    return inner / (2 * m) - sympy.sin(2 * phi) / (4 * (1 - m) * _leg(m, phi))


def _third_by_n(call: Call, n: Expr, phi: Expr, m: Expr) -> Expr:
    edge = n * _leg(m, phi) * sympy.sin(2 * phi) / (2 * leg_square(n, phi))
    inner = (m - n) * call("ellipkinc", phi, m) / n + (n**2 - m) * call("ellippiinc", n, phi, m) / n
    return (call("ellipeinc", phi, m) + inner - edge) / (2 * (m - n) * (n - 1))


def _third_by_m(call: Call, n: Expr, phi: Expr, m: Expr) -> Expr:
    edge = m * sympy.sin(2 * phi) / (2 * (m - 1) * _leg(m, phi))
    return (call("ellipeinc", phi, m) / (m - 1) + call("ellippiinc", n, phi, m) - edge) / (2 * (n - m))


def _complete_third_by_n(call: Call, n: Expr, m: Expr) -> Expr:
    inner = (m - n) * call("ellipk", m) / n + (n**2 - m) * call("ellippi", n, m) / n
    return (call("ellipe", m) + inner) / (2 * (m - n) * (n - 1))


def _rg(call: Call, x: Expr, y: Expr, z: Expr) -> Expr:
    return call("elliprf", x, y, z) / 4 - x * call("elliprd", y, z, x) / 12


PARTIALS: dict[tuple[str, int], Formula] = {
    ("ellipk", 0): lambda call, m: call("elliprd", _ZERO, _ONE, 1 - m) / 6,
    ("ellipe", 0): lambda call, m: -call("elliprd", _ZERO, 1 - m, _ONE) / 6,
    ("ellippi", 0): _complete_third_by_n,
    ("ellippi", 1): lambda call, n, m: (call("ellipe", m) / (m - 1) + call("ellippi", n, m)) / (2 * (n - m)),
    ("ellipkinc", 1): _first_by_m,
    ("ellipeinc", 1): lambda call, phi, m: (call("ellipeinc", phi, m) - call("ellipkinc", phi, m)) / (2 * m),
    ("ellippiinc", 0): _third_by_n,
    ("ellippiinc", 2): _third_by_m,
    ("elliprc", 0): lambda call, x, y: -call("elliprd", y, y, x) / 6,
    ("elliprc", 1): lambda call, x, y: -call("elliprd", x, y, y) / 3,
    ("elliprf", 0): lambda call, x, y, z: -call("elliprd", y, z, x) / 6,
    ("elliprf", 1): lambda call, x, y, z: -call("elliprd", x, z, y) / 6,
    ("elliprf", 2): lambda call, x, y, z: -call("elliprd", x, y, z) / 6,
    ("elliprg", 0): _rg,
    ("elliprg", 1): lambda call, x, y, z: _rg(call, y, z, x),
    ("elliprg", 2): lambda call, x, y, z: _rg(call, z, x, y),
    ("am", 0): lambda call, u, m: call("dn", u, m),
    ("sn", 0): lambda call, u, m: call("cn", u, m) * call("dn", u, m),
    ("cn", 0): lambda call, u, m: -call("sn", u, m) * call("dn", u, m),
    ("dn", 0): lambda call, u, m: -m * call("sn", u, m) * call("cn", u, m),
    ("polygamma_of", 1): lambda call, n, x: call("polygamma_of", n + 1, x),
    ("polylog", 1): lambda call, s, z: call("polylog", s - 1, z) / z,
    ("spence", 0): lambda call, z: sympy.log(z) / (1 - z),
}
"""Formula of the derivative of an opcode by an operand."""

FORMS: dict[str, Callable[..., Expr]] = {"leg_square": leg_square}
"""How an opcode is written that is no function of the language."""
