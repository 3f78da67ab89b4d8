"""The functions, one row each."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from app.language.numeric.hosted.precise import bessel, hypergeometric, macdonald, others
from app.language.numeric.hosted.precise.digits import Form, PreciseFunction, word


def _bounds(*most: float) -> Callable[..., bool]:
    """Return whether each number is within its bound."""
    return lambda *point: all(abs(x) <= bound for x, bound in zip(point, most, strict=True))


def _of_order(form: Form, least: float = -200) -> PreciseFunction:
    """Return a function of an order, at least ``least``, and an argument."""
    bounds = _bounds(200, 1e5)
    return PreciseFunction(
        form, 2, lambda v, x: v >= least and bounds(v, x), f"orders from {least} to 200 and |x| up to 1e5"
    )


def _polynomial(form: Form, operands: int) -> PreciseFunction:
    bounds = _bounds(*[200.0] * (operands - 1), 1e4)
    return PreciseFunction(form, operands, bounds, "degrees and parameters up to 200 and |x| up to 1e4")


def _hyper(p: int, q: int) -> PreciseFunction:
    form, smooth = hypergeometric.pfq(p, q), hypergeometric.smooth(p, q)
    if p == q + 1 and p > 2:
        most = 0.95
        bounds = _bounds(*[100.0] * (p + q), most)
        return PreciseFunction(form, p + q + 1, bounds, f"parameters up to 100 and |x| up to {most}", smooth=smooth)
    bounds = _bounds(*[1000.0] * (p + q), 1e4)
    return PreciseFunction(form, p + q + 1, bounds, "parameters up to 1000 and |x| up to 1e4", smooth=smooth)


MOST_PARAMETERS = 4
"""Greatest number of upper, and of lower, parameters of a hypergeometric function."""

FUNCTIONS: dict[str, PreciseFunction] = {
    "bessel_j": _of_order(bessel.bessel_j),
    "bessel_y": _of_order(bessel.bessel_y),
    "bessel_i": _of_order(bessel.bessel_i),
    "scaled_i": _of_order(bessel.scaled_i),
    "spherical_j": _of_order(bessel.spherical_j, 0),
    "spherical_y": _of_order(bessel.spherical_y, 0),
    "struve_h": _of_order(bessel.struve_h, -1),
    "struve_l": _of_order(bessel.struve_l, -1),
    "hyperu": PreciseFunction(hypergeometric.hyperu, 3, _bounds(100, 100, 1e4), "parameters up to 100 and x up to 1e4"),
    **{
        f"hyp{p}f{q}": _hyper(p, q)
        for p in range(MOST_PARAMETERS + 1)
        for q in range(MOST_PARAMETERS + 1)
        if p <= q + 1 and q + p > 0 and (p, q) != (1, 0)
    },
    "exp_integral": PreciseFunction(others.exp_integral, 2, _bounds(200, 1e4), "orders up to 200 and x up to 1e4"),
    "voigt": PreciseFunction(others.voigt, 3, _bounds(1e6, 1e6, 1e6), "numbers up to 1e6", argument=0),
    "legendre_p": _polynomial(hypergeometric.legendre, 2),
    "chebyshev_t": _polynomial(hypergeometric.chebyshev_t, 2),
    "chebyshev_u": _polynomial(hypergeometric.chebyshev_u, 2),
    "laguerre_l": _polynomial(hypergeometric.laguerre, 3),
    "gegenbauer_c": _polynomial(hypergeometric.gegenbauer, 3),
    "jacobi_p": _polynomial(hypergeometric.jacobi, 4),
}
"""The functions by the name of their opcode; ``name_n`` takes orders of differentiation before the operands."""


def _plain(name: str, derivatives: Callable[..., Any]) -> Callable[..., Any]:
    """Return the function itself, of its operands alone."""
    orders = [0.0] * OPERANDS[name]
    return lambda *operands: derivatives(*orders, *operands)


_DERIVATIVES: dict[str, Callable[..., Any]] = {
    **{name: word(name, function) for name, function in FUNCTIONS.items()},
    "bessel_k": macdonald.word(scaled=False),
    "scaled_k": macdonald.word(scaled=True),
}
"""The derivatives of each function, which take an order for each operand before the operands."""

OPERANDS: dict[str, int] = {name: function.operands for name, function in FUNCTIONS.items()} | {
    "bessel_k": 2,
    "scaled_k": 2,
}
"""How many operands each function has."""

WORDS: dict[str, Callable[..., Any]] = {
    **{name: _plain(name, derivatives) for name, derivatives in _DERIVATIVES.items()},
    **{f"{name}_n": derivatives for name, derivatives in _DERIVATIVES.items()},
}
"""The functions by opcode, and their derivatives by opcode, which is that of the function and ``_n``."""
