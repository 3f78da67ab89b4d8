"""Partial derivatives of Bessel, hypergeometric and related functions as formulae (NIST DLMF 10, 11, 13, 15, 16).

A formula is (call, x0, x1, ...) -> dy/dxi, as in ``hosted_formulae``. There is one by the argument; by orders and
parameters the language has none, and numbers are right all the same.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import sympy

Expr = Any
Call = Callable[..., Expr]
Formula = Callable[..., Expr]


def _mean(opcode: str, sign_below: int, sign_above: int) -> Formula:
    """Return the derivative of a Bessel function z: (s*z(v - 1) + t*z(v + 1)) / 2."""

    def formula(call: Call, v: Expr, x: Expr) -> Expr:
        below, above = call(opcode, v - 1, x), call(opcode, v + 1, x)
        return ((below if sign_below > 0 else -below) + (above if sign_above > 0 else -above)) / 2

    return formula


def _scaled_i(call: Call, v: Expr, x: Expr) -> Expr:
    return _mean("scaled_i", 1, 1)(call, v, x) - sympy.sign(x) * call("scaled_i", v, x)


def _scaled_k(call: Call, v: Expr, x: Expr) -> Expr:
    return call("scaled_k", v, x) + _mean("scaled_k", -1, -1)(call, v, x)


def _spherical(opcode: str) -> Formula:
    return lambda call, n, x: n / x * call(opcode, n, x) - call(opcode, n + 1, x)


def _struve(opcode: str) -> Formula:
    return lambda call, v, x: call(opcode, v - 1, x) - v / x * call(opcode, v, x)


def _hypergeometric(p: int, q: int) -> Formula:
    """Return the derivative of pFq by x: the quotient of the parameters' products, and the function of them plus 1."""
    return lambda call, *operands: (
        math.prod(operands[:p])
        / math.prod(operands[p : p + q])
        * call(f"hyp{p}f{q}", *[each + 1 for each in operands[: p + q]], operands[-1])
    )


PARTIALS: dict[tuple[str, int], Formula] = {
    ("bessel_j", 1): _mean("bessel_j", 1, -1),
    ("bessel_y", 1): _mean("bessel_y", 1, -1),
    ("bessel_i", 1): _mean("bessel_i", 1, 1),
    ("bessel_k", 1): _mean("bessel_k", -1, -1),
    ("scaled_i", 1): _scaled_i,
    ("scaled_k", 1): _scaled_k,
    ("spherical_j", 1): _spherical("spherical_j"),
    ("spherical_y", 1): _spherical("spherical_y"),
    ("struve_h", 1): _struve("struve_h"),
    ("struve_l", 1): _struve("struve_l"),
    ("exp_integral", 1): lambda call, n, x: -call("exp_integral", n - 1, x),
    ("hyp0f1", 1): _hypergeometric(0, 1),
    ("hyp1f1", 2): _hypergeometric(1, 1),
    ("hyp2f1", 3): _hypergeometric(2, 1),
    ("hyp1f2", 3): _hypergeometric(1, 2),
    ("hyp2f2", 4): _hypergeometric(2, 2),
    ("hyp2f3", 5): _hypergeometric(2, 3),
    ("hyp3f2", 5): _hypergeometric(3, 2),
    ("hyperu", 2): lambda call, a, b, x: -a * call("hyperu", a + 1, b + 1, x),
}
"""Formula of the derivative of an opcode by an operand."""

FORMS: dict[str, Callable[..., Expr]] = {"lower_lambertw_rise": lambda x, value: 1 + value}
"""How an opcode is written that is no function of the language."""
