"""Hypergeometric functions. The m-th derivative by x is prod((a)_m) / prod((b)_m) * F(a + m; b + m; x)."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

from app.language.numeric.hosted.precise.digits import Form, Number, Outside

_MOST = {"maxterms": 20_000, "maxprec": 4_000, "zeroprec": 1_500}
_LOW = -8
_MOST_CANCELLED = 12_000
"""Bits."""


def pfq(p: int, q: int) -> Form:
    """Return the form of the function of p upper and q lower parameters."""

    def form(mp: Any, m: int, *point: Number) -> Number:
        a, b, x = point[:p], point[p : p + q], point[-1]
        upper = math.prod([mp.rf(each, m) for each in a])
        if upper == 0:
            return mp.mpf(0)
        if not _is_real(mp, a, b, x):
            raise Outside
        lower = math.prod([mp.rf(each, m) for each in b])
        raised, lowered = [each + m for each in a], [each + m for each in b]
        if lowered and min(lowered) < _LOW and _swells(mp, raised, lowered, x):
            raise ValueError("terms grow after they have become too small to be summed")
        return upper / lower * mp.hyper(raised, lowered, x, **_MOST)

    return form


def _swells(mp: Any, a: list[Number], b: list[Number], x: Number) -> bool:
    """Return whether terms of the series grow again after they were below the digits in force.

    A sum stops at the first term that is too small. Where a lower parameter is far below 0, later terms may be greater.
    """
    size, most, sunk = mp.mpf(0), mp.mpf(0), False
    for k in range(int(-min(b)) + 4):
        ratio = abs(math.prod([each + k for each in a]) * x / (math.prod([each + k for each in b]) * (k + 1)))
        if ratio == 0:
            return False
        size += mp.log10(ratio)
        most = max(most, size)
        sunk = sunk or size < most - mp.dps - 5
        if sunk and size > most - mp.dps - 15 - 10 and ratio > 1:
            return True
    return False


def smooth(p: int, q: int) -> Callable[[Sequence[int], Sequence[float]], bool]:
    """Return the test for derivatives: at a pole of a lower parameter only a series that ends before has them, by x."""

    def test(orders: Sequence[int], point: Sequence[float]) -> bool:
        poles = [b for b in point[p : p + q] if b <= 0 and b == int(b)]
        return not poles or (not any(orders[:-1]) and any(max(poles) <= a <= 0 and a == int(a) for a in point[:p]))

    return test


def _is_real(mp: Any, a: tuple[Number, ...], b: tuple[Number, ...], x: Number) -> bool:
    """Return whether the series ends, or the function has no branch point below x."""
    return len(a) <= len(b) or x <= 1 or any(mp.isnpint(each) for each in a)


def hyperu(mp: Any, m: int, a: Number, b: Number, x: Number) -> Number:
    """Return the m-th derivative by x of Tricomi's U(a, b, x), for x > 0 (NIST DLMF 13.3.22)."""
    if x < 0 or (m and x == 0):
        raise Outside
    factor = (-1) ** m * mp.rf(a, m)
    a, b = a + m, b + m
    if x == 0:
        return mp.hyperu(a, b, x)
    try:
        return factor * _asymptotic(mp, a, b, x)
    except mp.NoConvergence:
        return factor * _connected(mp, a, b, x)


def _series(mp: Any, upper: list[Number], lower: list[Number], x: Number, **options: int) -> Number:
    """Return a sum of mpmath's, which takes integers apart from other numbers."""
    whole = [bool(mp.isint(each)) for each in (*upper, *lower)]
    kinds = tuple("Z" if is_whole else "R" for is_whole in whole)
    numbers = [int(x) if is_whole else x for x, is_whole in zip((*upper, *lower), whole, strict=True)]
    return mp.hypsum(len(upper), len(lower), kinds, numbers, x, **options)


def _asymptotic(mp: Any, a: Number, b: Number, x: Number) -> Number:
    """Return U by its asymptotic series, which raises if its terms do not become small enough (NIST DLMF 13.7.3)."""
    with mp.extradps(5):
        return _series(mp, [a, 1 + a - b], [], -1 / x, maxterms=mp.prec) / x**a


def _connected(mp: Any, a: Number, b: Number, x: Number) -> Number:
    """Return U as the difference of two 1F1, with as many digits as cancel (NIST DLMF 13.2.42).

    An integer b, a pole of both, is moved by less than the digits in force.
    """
    wanted = mp.prec + 20
    extra = 2 * wanted + 40
    while extra < _MOST_CANCELLED:
        with mp.workprec(wanted + extra):
            moved = b + mp.ldexp(1, -wanted - 20) if mp.isint(b) else b
            terms = [
                mp.gammaprod([1 - moved], [a - moved + 1]) * _series(mp, [a], [moved], x),
                mp.gammaprod([moved - 1], [a]) * x ** (1 - moved) * _series(mp, [a - moved + 1], [2 - moved], x),
            ]
            found = terms[0] + terms[1]
            cancelled = max(mp.mag(term) for term in terms) - mp.mag(found) if found else extra + wanted
        if cancelled < extra - wanted:
            return +found
        extra = int(cancelled) + 2 * wanted + 40
    raise ValueError("too many digits cancel")


_GAUSS, _KUMMER = pfq(2, 1), pfq(1, 1)


def _of_half(mp: Any, m: int, *point: Number) -> Number:
    """Return the m-th derivative by x of F(a, b; c; (1 - x)/2)."""
    *parameters, x = point
    if x < -1 and not any(mp.isnpint(each) for each in parameters[:2]):
        raise Outside
    return mp.mpf(-0.5) ** m * _GAUSS(mp, m, *parameters, (1 - x) / 2)


def legendre(mp: Any, m: int, v: Number, x: Number) -> Number:
    """Return the m-th derivative of Legendre's P_v(x) (NIST DLMF 14.3.1); x > -1 unless v is an integer."""
    return _of_half(mp, m, -v, v + 1, mp.mpf(1), x)


def chebyshev_t(mp: Any, m: int, v: Number, x: Number) -> Number:
    """Return the m-th derivative of T_v(x) (NIST DLMF 15.9.5)."""
    return _of_half(mp, m, -v, v, mp.mpf(0.5), x)


def chebyshev_u(mp: Any, m: int, v: Number, x: Number) -> Number:
    """Return the m-th derivative of U_v(x) (NIST DLMF 15.9.6)."""
    return (v + 1) * _of_half(mp, m, -v, v + 2, mp.mpf(1.5), x)


def jacobi(mp: Any, m: int, v: Number, a: Number, b: Number, x: Number) -> Number:
    """Return the m-th derivative of Jacobi's P_v of a and b (NIST DLMF 15.9.1)."""
    return mp.gammaprod([a + 1 + v], [a + 1, v + 1]) * _of_half(mp, m, -v, v + a + b + 1, a + 1, x)


def gegenbauer(mp: Any, m: int, v: Number, a: Number, x: Number) -> Number:
    """Return the m-th derivative of Gegenbauer's C_v of a (NIST DLMF 15.9.2)."""
    return mp.gammaprod([2 * a + v], [2 * a, v + 1]) * _of_half(mp, m, -v, v + 2 * a, a + 0.5, x)


def laguerre(mp: Any, m: int, v: Number, a: Number, x: Number) -> Number:
    """Return the m-th derivative of Laguerre's L_v of a (NIST DLMF 13.6.19)."""
    return mp.gammaprod([a + 1 + v], [a + 1, v + 1]) * _KUMMER(mp, m, -v, a + 1, x)
