"""Bessel, spherical Bessel and Struve functions of real order."""

from __future__ import annotations

from typing import Any

from app.language.numeric.hosted.precise.digits import Form, Number, Outside


def _mean(mp: Any, family: Form, signs: tuple[int, int], m: int, v: Number, x: Number) -> Number:
    """Return the m-th derivative by x of a function whose first is (s*f(v - 1) + t*f(v + 1)) / 2 (NIST DLMF 10.6.7)."""
    terms = [signs[0] ** (m - k) * signs[1] ** k * mp.binomial(m, k) * family(v - m + 2 * k, x) for k in range(m + 1)]
    return mp.fsum(terms) / mp.mpf(2) ** m


def _turned(mp: Any, form: Form, m: int, v: Number, x: Number) -> Number:
    """Return the derivative for negative x of a function of integer order, which is even or odd."""
    if not mp.isint(v):
        raise Outside
    return (-1) ** (int(v) + m) * form(mp, m, v, -x)


def _at_zero(mp: Any, v: Number) -> Number:
    """Return J and I at 0."""
    if v == 0:
        return mp.mpf(1)
    if v > 0 or mp.isint(v):
        return mp.mpf(0)
    return mp.inf * mp.sign(mp.rgamma(v + 1))


def bessel_j(mp: Any, m: int, v: Number, x: Number) -> Number:
    """Return the m-th derivative by x of J_v(x); x < 0 for integer v only."""
    if x < 0:
        return _turned(mp, bessel_j, m, v, x)
    return _mean(mp, lambda order, y: mp.besselj(order, y) if y else _at_zero(mp, order), (1, -1), m, v, x)


def bessel_i(mp: Any, m: int, v: Number, x: Number) -> Number:
    """Return the m-th derivative by x of I_v(x); x < 0 for integer v only."""
    if x < 0:
        return _turned(mp, bessel_i, m, v, x)

    def family(order: Number, y: Number) -> Number:
        if y == 0:
            return _at_zero(mp, order)
        return mp.besseli(abs(order) if mp.isint(order) else order, y)

    return _mean(mp, family, (1, 1), m, v, x)


def bessel_y(mp: Any, m: int, v: Number, x: Number) -> Number:
    """Return the m-th derivative by x of Y_v(x) for x > 0."""
    if x < 0 or (m and x == 0):
        raise Outside
    return _mean(mp, mp.bessely, (1, -1), m, v, x)


def scaled_i(mp: Any, m: int, v: Number, x: Number) -> Number:
    """Return the m-th derivative by x of exp(-|x|) * I_v(x); x < 0 for integer v only."""
    if x < 0:
        return _turned(mp, scaled_i, m, v, x)
    return _scaled(mp, bessel_i, -1, m, v, x)


def _scaled(mp: Any, form: Form, sign: int, m: int, v: Number, x: Number) -> Number:
    with mp.extradps(5 + 2 * m * max(0, int(mp.log10(1 + x)))):
        terms = [mp.binomial(m, j) * sign ** (m - j) * form(mp, j, v, x) for j in range(m + 1)]
        return mp.exp(sign * x) * mp.fsum(terms)


def spherical_j(mp: Any, m: int, n: Number, x: Number) -> Number:
    """Return the m-th derivative by x of sqrt(pi/(2*x)) * J_(n+1/2)(x), n >= 0; x < 0 for integer n only."""
    if n < -0.25:
        raise Outside
    if x < 0:
        return _turned(mp, spherical_j, m, n, x)
    if x == 0:
        return _spherical_at_zero(mp, m, n)
    return _spherical(mp, bessel_j, m, n, x)


def _spherical_at_zero(mp: Any, m: int, n: Number) -> Number:
    if n > m:
        return mp.mpf(0)
    if not mp.isint(n):
        raise Outside
    k, odd = divmod(m - int(n), 2)
    if odd:
        return mp.mpf(0)
    # The coefficient of x**m in the power series (NIST DLMF 10.53.1).
    return mp.factorial(m) * mp.mpf(-0.5) ** k / (mp.factorial(k) * mp.fac2(2 * int(n) + 2 * k + 1))


def spherical_y(mp: Any, m: int, n: Number, x: Number) -> Number:
    """Return the m-th derivative by x of sqrt(pi/(2*x)) * Y_(n+1/2)(x), n >= 0 and x > 0; x < 0 for integer n only."""
    if n < -0.25 or (m and x == 0):
        raise Outside
    if x < 0:
        if not mp.isint(n):
            raise Outside
        return -((-1) ** (int(n) + m)) * spherical_y(mp, m, n, -x)
    return _spherical(mp, bessel_y, m, n, x) if x else -mp.inf


def _spherical(mp: Any, form: Form, m: int, n: Number, x: Number) -> Number:
    half = mp.mpf(1) / 2
    with mp.extradps(5 + 2 * m * max(0, int(-mp.log10(x)))):
        powers = [mp.ff(-half, k) * x ** (-half - k) for k in range(m + 1)]
        terms = [mp.binomial(m, j) * powers[m - j] * form(mp, j, n + half, x) for j in range(m + 1)]
        return mp.sqrt(mp.pi / 2) * mp.fsum(terms)


def struve_h(mp: Any, m: int, v: Number, x: Number) -> Number:
    """Return the m-th derivative by x of Struve's H_v(x), v > -1; x < 0 for integer v only."""
    return _struve(mp, mp.struveh, m, v, x)


def struve_l(mp: Any, m: int, v: Number, x: Number) -> Number:
    """Return the m-th derivative by x of the modified L_v(x), v > -1; x < 0 for integer v only."""
    return _struve(mp, mp.struvel, m, v, x)


def _struve(mp: Any, family: Form, m: int, v: Number, x: Number) -> Number:
    """By f(v)' = f(v - 1) - v/x * f(v) (NIST DLMF 11.4.27 and 11.4.29)."""
    if x < 0:
        if not mp.isint(v):
            raise Outside
        return (-1) ** (int(v) + 1 + m) * _struve(mp, family, m, v, -x)
    if x == 0:
        if v + 1 > m:
            return mp.mpf(0)
        if v + 1 == m:
            return mp.factorial(m) / mp.mpf(2) ** m * mp.rgamma(v + 1.5) * 2 / mp.sqrt(mp.pi)
        raise Outside
    if v <= -1:
        raise Outside
    with mp.extradps(5 + 2 * m * max(0, int(abs(mp.log10(x))))):
        # rows[i] has the derivatives of order v - m + i, each one order less than the row before.
        row = [family(v - m, x)]
        for i in range(1, m + 1):
            order = v - m + i
            found = [family(order, x)]
            for k in range(i):
                products = [
                    mp.binomial(k, j) * (-1) ** (k - j) * mp.factorial(k - j) / x ** (k - j + 1) * found[j]
                    for j in range(k + 1)
                ]
                found.append(row[k] - order * mp.fsum(products))
            row = found
        return row[m]
