"""Rows of host words, which NumPy computes and JAX does not (``app.language.numeric.hosted``).

Source: NIST Digital Library of Mathematical Functions, chapters 19 and 25.
"""

from __future__ import annotations

import math

from app.autodiff.table.row import Namespace, Number, Partial, Row, row


def _legendre(xp: Namespace, a: float, b: float, c: float, n: Number, phi: Number, m: Number) -> Number:
    return xp.legendre_integral(a, b, c, n, phi, m)


def _complete(xp: Namespace, a: float, b: float, c: float, n: Number, m: Number) -> Number:
    """Return the integral of the family of Legendre's integrals over a quarter turn."""
    return 0.5 * xp.carlson_integral(0.0, 0.5, 1.0 + a - b - c, b, c, 0.0, 1.0, 1 - n, 1 - m)


def _integrand(xp: Namespace, b: float, c: float, n: Number, phi: Number, m: Number) -> Number:
    """Return the integrand of Legendre's integrals at phi, with a = 0."""
    return xp.pow_const(xp.leg_square(n, phi), -b) * xp.pow_const(xp.leg_square(m, phi), -c)


_LEGENDRE: dict[str, Row] = {
    "ellipk": row(lambda xp, y, m: 0.5 * _complete(xp, 1.0, 0.0, 1.5, 0.0, m)),
    "ellipe": row(lambda xp, y, m: -0.5 * _complete(xp, 1.0, 0.0, 0.5, 0.0, m)),
    "ellippi": row(
        lambda xp, y, n, m: _complete(xp, 1.0, 2.0, 0.5, n, m),
        lambda xp, y, n, m: 0.5 * _complete(xp, 1.0, 1.0, 1.5, n, m),
    ),
    "ellipkinc": row(
        lambda xp, y, phi, m: 1 / xp.sqrt(xp.leg_square(m, phi)),
        lambda xp, y, phi, m: 0.5 * _legendre(xp, 1.0, 0.0, 1.5, 0.0, phi, m),
    ),
    "ellipeinc": row(
        lambda xp, y, phi, m: xp.sqrt(xp.leg_square(m, phi)),
        lambda xp, y, phi, m: -0.5 * _legendre(xp, 1.0, 0.0, 0.5, 0.0, phi, m),
    ),
    "ellippiinc": row(
        lambda xp, y, n, phi, m: _legendre(xp, 1.0, 2.0, 0.5, n, phi, m),
        lambda xp, y, n, phi, m: 1 / (xp.leg_square(n, phi) * xp.sqrt(xp.leg_square(m, phi))),
        lambda xp, y, n, phi, m: 0.5 * _legendre(xp, 1.0, 1.0, 1.5, n, phi, m),
    ),
}


def _carlson(factor: float, q: float, *exponents: float) -> Row:
    """Return the row of a word whose derivatives are those of factor * carlson_integral(q, *exponents, ...)."""
    count = len(exponents)
    rest = (0.0,) * (4 - count), (1.0,) * (4 - count)

    def by(index: int) -> Partial:
        raised = [exponent + (i == index) for i, exponent in enumerate(exponents)]
        scale = -factor * exponents[index]
        return lambda xp, _, *x: scale * xp.carlson_integral(q, *raised, *rest[0], *x, *rest[1])

    return row(*[by(index) for index in range(count)])


def _slope(argument: int) -> Partial:
    """Return the derivative of carlson_integral by one of its last four operands."""

    def partial(xp: Namespace, _: Number, q: Number, *operands: Number) -> Number:
        raised = [x + 1 if i == argument else x for i, x in enumerate(operands)]
        return -operands[argument] * xp.carlson_integral(q, *raised)

    return partial


_CARLSON: dict[str, Row] = {
    "elliprc": _carlson(0.5, 0.0, 0.5, 1.0),
    "elliprd": _carlson(1.5, 0.0, 0.5, 0.5, 1.5),
    "elliprf": _carlson(0.5, 0.0, 0.5, 0.5, 0.5),
    "elliprg": row(
        *[
            lambda xp, _, *x, e=e: 0.125 * xp.carlson_integral(1.0, *e, 0.0, *x, 1.0)
            for e in ((1.5, 0.5, 0.5), (0.5, 1.5, 0.5), (0.5, 0.5, 1.5))
        ]
    ),
    "elliprj": _carlson(1.5, 0.0, 0.5, 0.5, 0.5, 1.0),
}


def _am_by_m(xp: Namespace, u: Number, m: Number) -> Number:
    return -0.5 * xp.dn(u, m) * xp.jacobi_integral(1.0, 1.5, u, m)


_JACOBI: dict[str, Row] = {
    "am": row(lambda xp, y, u, m: xp.dn(u, m), lambda xp, y, u, m: _am_by_m(xp, u, m)),
    "sn": row(lambda xp, y, u, m: xp.cn(u, m) * xp.dn(u, m), lambda xp, y, u, m: xp.cn(u, m) * _am_by_m(xp, u, m)),
    "cn": row(lambda xp, y, u, m: -xp.sn(u, m) * xp.dn(u, m), lambda xp, y, u, m: -xp.sn(u, m) * _am_by_m(xp, u, m)),
    "dn": row(
        lambda xp, y, u, m: -m * xp.sn(u, m) * xp.cn(u, m),
        lambda xp, y, u, m: (
            0.5 * xp.sn(u, m) * (m * xp.cn(u, m) * xp.jacobi_integral(1.0, 1.5, u, m) - xp.sn(u, m) / y)
        ),
    ),
}


def _no_number(xp: Namespace, y: Number, *_: Number) -> Number:
    """Return nan: there is no derivative by an order that must be an integer."""
    return xp.constant(math.nan, y)


_POLYLOGS: dict[str, Row] = {
    "polylog": row(
        lambda xp, y, s, z: xp.polylog_n(0.0, 1.0, s, z),
        lambda xp, y, s, z: xp.polylog_n(1.0, 0.0, s, z),
    ),
    "clausen": row(lambda xp, y, x: -xp.log(2 * xp.abs(xp.sin(0.5 * x)))),
    "polygamma_of": row(_no_number, lambda xp, y, n, x: xp.polygamma_of(n + 1, x)),
    # log(z) / (1 - z)
    "spence": row(lambda xp, y, z: -xp.carlson_integral(0.0, 1.0, 1.0, 0.0, 0.0, 1.0, z, 1.0, 1.0)),
}

HOSTED: dict[str, Row] = _LEGENDRE | _CARLSON | _JACOBI | _POLYLOGS
"""Host words that a text has."""

INNER: dict[str, Row] = {
    "carlson_integral": row(None, None, None, None, None, *[_slope(argument) for argument in range(4)]),
    "legendre_integral": row(
        None,
        None,
        None,
        lambda xp, y, a, b, c, n, phi, m: b * xp.legendre_integral(a + 1, b + 1, c, n, phi, m),
        lambda xp, y, a, b, c, n, phi, m: xp.pow_const(xp.square(xp.sin(phi)), a) * _integrand(xp, b, c, n, phi, m),
        lambda xp, y, a, b, c, n, phi, m: c * xp.legendre_integral(a + 1, b, c + 1, n, phi, m),
    ),
    # The integral of sin(t)**(2*a) * (1 - m*sin(t)**2)**-c over 0 < t < am(u, m).
    "jacobi_integral": row(
        None,
        None,
        lambda xp, y, a, c, u, m: (
            xp.pow_const(xp.square(xp.sn(u, m)), a) * xp.pow_const(xp.square(xp.dn(u, m)), 0.5 - c)
        ),
        lambda xp, y, a, c, u, m: (
            c * xp.jacobi_integral(a + 1, c + 1, u, m)
            + xp.pow_const(xp.square(xp.sn(u, m)), a) * xp.pow_const(xp.square(xp.dn(u, m)), -c) * _am_by_m(xp, u, m)
        ),
    ),
    # The derivatives of order k by z and j by s of polylog(s, z).
    "polylog_n": row(
        None,
        None,
        lambda xp, y, k, j, s, z: xp.polylog_n(k, j + 1, s, z),
        lambda xp, y, k, j, s, z: xp.polylog_n(k + 1, j, s, z),
    ),
    # 1 - m * sin(phi)**2
    "leg_square": row(
        lambda xp, y, m, phi: -xp.square(xp.sin(phi)), lambda xp, y, m, phi: -2 * m * xp.sin(phi) * xp.cos(phi)
    ),
}
"""Host words that only derivatives have."""

QUADRATURES = frozenset({"ellippi", "ellippiinc", "polylog", "polylog_n", *INNER} - {"leg_square"})
"""Those that take some hundred nodes for each element."""
