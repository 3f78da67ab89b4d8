"""Rows of host words that depend on parameters: Airy, Bessel and hypergeometric functions and their relatives.

Most have a word of derivatives, ``name_n``, which takes an order of differentiation for each operand before the
operands (``app.language.numeric.hosted.precise``).
"""

from __future__ import annotations

import math

from app.autodiff.table.row import Namespace, Number, Partial, Row, row
from app.language.numeric.hosted import precise

_OPERANDS = precise.functions.OPERANDS


def _raised(name: str, index: int) -> Partial:
    """Return the derivative of ``name_n`` by an operand: one order more."""
    count = _OPERANDS[name]

    def partial(xp: Namespace, _: Number, *numbers: Number) -> Number:
        orders = [order + 1 if i == index else order for i, order in enumerate(numbers[:count])]
        return getattr(xp, f"{name}_n")(*orders, *numbers[count:])

    return partial


def _first(name: str, index: int) -> Partial:
    """Return the derivative of a function by an operand."""
    orders = [float(i == index) for i in range(_OPERANDS[name])]
    return lambda xp, _, *operands: getattr(xp, f"{name}_n")(*orders, *operands)


def _gauss(xp: Namespace, h: Number) -> Number:
    return xp.exp(-0.5 * xp.square(h))


HOSTED: dict[str, Row] = {
    **{name: row(*[_first(name, i) for i in range(count)]) for name, count in _OPERANDS.items()},
    "airyai": row(lambda xp, y, x: xp.airyaiprime(x)),
    "airyaiprime": row(lambda xp, y, x: x * xp.airyai(x)),
    "airybi": row(lambda xp, y, x: xp.airybiprime(x)),
    "airybiprime": row(lambda xp, y, x: x * xp.airybi(x)),
    "owens_t": row(
        lambda xp, y, h, a: -_gauss(xp, h) * xp.erf(math.sqrt(0.5) * a * h) / math.sqrt(8 * math.pi),
        lambda xp, y, h, a: _gauss(xp, h) * _gauss(xp, a * h) / (2 * math.pi * (1 + a * a)),
    ),
    "lower_lambertw": row(lambda xp, y, x: xp.exp(-y) / xp.lower_lambertw_rise(x, y)),
}
"""Host words that a text has."""

INNER: dict[str, Row] = {
    **{
        f"{name}_n": row(*[None] * count, *[_raised(name, i) for i in range(count)])
        for name, count in _OPERANDS.items()
    },
    "lower_lambertw_rise": row(lambda xp, y, x, value: xp.exp(1 - y) / y, None),
}
"""Host words that only derivatives have."""

PRECISE = frozenset({*_OPERANDS, *[f"{name}_n" for name in _OPERANDS]})
"""Those that take some milliseconds for each element."""
