"""Host words as balls: elliptic, Bessel, hypergeometric functions and their relatives (NIST DLMF, chapters 9 to 25).

Each is a function of complex balls, of which ``slopes`` gives the derivatives. Where the table writes a derivative with
an integral that Arb does not have, ``ROWS`` has that derivative by ``slopes``.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

from flint import acb, arb

from app.autodiff import table
from app.autodiff.balls import ball, slopes
from app.autodiff.balls.ball import Arb
from app.autodiff.balls.elementary import order
from app.autodiff.balls.slopes import Acb, Analytic
from app.autodiff.balls.special import polygamma
from app.autodiff.table.row import Namespace, Number, Partial, Row

Word = Callable[..., Arb]

_HALF = arb(0.5)


def _below_one(m: Arb) -> Arb:
    return _HALF.min((1 - m) / 2)


def _all_positive(*operands: Arb) -> list[Arb]:
    return [x / 2 for x in operands]


# Elliptic functions


def _leg(m: Acb, phi: Acb) -> Acb:
    return 1 - m * phi.sin() ** 2


def _parameter(m: Arb, phi: Arb) -> Arb:
    """Return a radius about m in which 1 - m*sin**2 has no zero between 0 and an angle."""
    most = phi.sin() ** 2 if abs(phi) < 1.5 else arb(1)
    return _HALF.min((1 / most.max(arb(0.0625)) - m) / 4)


def _angle(m: Arb, phi: Arb) -> Arb:
    """Return a radius about an angle in which 1 - m*sin**2 has no zero."""
    if m < 1:
        return _HALF.min((1 / (abs(m) + (1 - m) / 2).sqrt()).asinh() / 4)
    return ((1 / m.sqrt()).asin() - abs(phi)) / 4


def _legs(phi: Acb, m: Acb) -> list[Acb]:
    return [_leg(m, phi)]


def _jacobi(u: Acb, m: Acb) -> tuple[Acb, Acb, Acb]:
    """Return sn, cn and dn by theta functions (NIST DLMF 22.2); a negative m by 22.17."""
    if m.is_zero():
        return u.sin(), u.cos(), acb(1)
    if (1 - m).is_zero():
        return u.tanh(), u.sech(), u.sech()
    if m.real < 0:
        root = (1 - m).sqrt()
        sn, cn, dn = _jacobi(u * root, -m / (1 - m))
        return sn / dn / root, cn / dn, 1 / dn
    first = m.elliptic_k()
    tau = acb(0, 1) * (1 - m).elliptic_k() / first
    theta1, theta2, theta3, theta4 = acb.modular_theta(u / (2 * first), tau)
    _, two, three, four = acb.modular_theta(acb(0), tau)
    return three / two * theta1 / theta4, four / two * theta2 / theta4, four / three * theta3 / theta4


def _am(u: Acb, m: Acb) -> Acb:
    """Return the amplitude, whose sine is sn and whose cosine is cn, in the turn that u is in."""
    sn, cn, _ = _jacobi(u, m)
    if (1 - m).is_zero():
        return 2 * (u / 2).tanh().atan()
    turns = round(float((u / (2 * m.elliptic_k())).real.mid()))
    if turns % 2:
        sn, cn = -sn, -cn
    return acb(arb.pi() * turns + arb.atan2(sn.real, cn.real))


def _jacobi_radii(u: Arb, m: Arb) -> list[Arb]:
    return [arb(0.125), _HALF.min(abs(m)).min(abs(1 - m)) / 4]


# Functions of an order


def _bessel_radii(v: Arb, x: Arb) -> list[Arb]:
    return [_HALF, _HALF if v.is_exact() and v.is_integer() else x / 2]


def _spherical(method: str) -> Callable[[Acb, Acb], Acb]:
    def value(n: Acb, x: Acb) -> Acb:
        if x.is_zero():
            return acb(1) if n.is_zero() else acb(0)
        if x.imag.is_zero() and x.real < 0 and n.real.is_integer():
            return (-1) ** order(n.real) * (1 if method == "bessel_j" else -1) * value(n, -x)
        return (acb(arb.pi()) / (2 * x)).sqrt() * getattr(x, method)(n + 0.5)

    return value


def _struve(sign: int) -> Callable[[Acb, Acb], Acb]:
    def value(v: Acb, x: Acb) -> Acb:
        rest = (sign * x * x / 4).hypgeom([acb(1)], [acb(1.5), v + 1.5], regularized=True)
        return (x / 2).pow(v + 1) * rest

    return value


def _scaled_i(v: Acb, x: Acb) -> Acb:
    """Return exp(-|x|) * I_v(x); Arb's factor is exp(-x)."""
    if x.imag.is_zero() and x.real < 0:
        return (-1) ** order(v.real) * _scaled_i(v, -x) if v.real.is_integer() else acb(arb.nan())
    return x.bessel_i(v, scaled=True)


def _exp_integral(n: Acb, x: Acb) -> Acb:
    return 1 / (n - 1) if x.is_zero() and n.real > 1 else x.expint(n)


def _owens_t(h: Acb, a: Acb) -> Acb:
    """Return the integral of exp(-h**2 * (1 + t**2) / 2) / (1 + t**2) / (2*pi) over 0 < t < a."""

    def density(t: Acb, _: bool) -> Acb:
        square = 1 + t * t
        return (-h * h / 2 * square).exp() / square

    return acb.integral(density, 0, a) / (2 * arb.pi())


def _voigt(x: Acb, sigma: Acb, gamma: Acb) -> Acb:
    """Return the real part of w(z) / (sigma*sqrt(2*pi)) at z = (x + i*gamma) / (sigma*sqrt(2)), as a sum of two."""
    scale = sigma * arb(2).sqrt()

    def faddeeva(z: Acb) -> Acb:
        return (-z * z).exp() * (acb(0, -1) * z).erfc()

    above = acb(0, 1) * gamma
    return (faddeeva((x + above) / scale) + faddeeva((above - x) / scale)) / (2 * scale * arb.const_sqrt_pi())


def _inside(n: Arb, x: Arb) -> list[Arb]:
    polynomial = n.is_exact() and n.is_integer() and n >= 0
    return [_HALF, _HALF if polynomial else (1 - abs(x)) / 2]


def _hyper(p: int, q: int) -> Analytic:
    def value(*operands: Acb) -> Acb:
        above, below, z = list(operands[:p]), list(operands[p : p + q]), operands[-1]
        if (p, q) == (2, 1):
            return z.hypgeom_2f1(*above, *below)
        return z.hypgeom(above, below)

    def radii(*operands: Arb) -> Sequence[Arb]:
        return [*[_HALF] * (p + q), _below_one(operands[-1]) if p == q + 1 else _HALF]

    return Analytic(value, radii)


def _polylog(s: Acb, z: Acb) -> Acb:
    """Return the polylogarithm; for a disc of orders and |z| < 1 a disc of the sum of |z|**k / k**s for the least s."""
    if s.is_exact() or not abs(z) < 1:
        return z.polylog(s)
    most = acb(abs(z).upper()).polylog(acb(s.real.lower()))
    around = arb(0, abs(most).upper())
    return acb(around, around)


def _polynomial(method: str) -> Callable[..., Acb]:
    return lambda *operands: getattr(operands[-1], method)(*operands[:-1])


_MOST_PARAMETERS = 4

ANALYTIC: dict[str, Analytic] = {
    "ellipk": Analytic(lambda m: m.elliptic_k(), lambda m: [(1 - m) / 2]),
    "ellipe": Analytic(lambda m: m.elliptic_e(), lambda m: [(1 - m) / 2]),
    "ellippi": Analytic(acb.elliptic_pi, lambda n, m: [(1 - n) / 2, (1 - m) / 2]),
    "ellipkinc": Analytic(acb.elliptic_f, lambda phi, m: [_angle(m, phi), _parameter(m, phi)], cuts=_legs),
    "ellipeinc": Analytic(acb.elliptic_e_inc, lambda phi, m: [_angle(m, phi), _parameter(m, phi)], cuts=_legs),
    "ellippiinc": Analytic(
        acb.elliptic_pi_inc,
        lambda n, phi, m: [_parameter(n, phi), _angle(m, phi).min(_angle(n, phi)), _parameter(m, phi)],
        cuts=lambda n, phi, m: [_leg(n, phi), _leg(m, phi)],
    ),
    "elliprc": Analytic(acb.elliptic_rc, _all_positive),
    "elliprd": Analytic(acb.elliptic_rd, _all_positive),
    "elliprf": Analytic(acb.elliptic_rf, _all_positive),
    "elliprg": Analytic(acb.elliptic_rg, _all_positive),
    "elliprj": Analytic(acb.elliptic_rj, _all_positive),
    **{
        name: Analytic(lambda u, m, place=place: _jacobi(u, m)[place], _jacobi_radii)
        for place, name in enumerate(("sn", "cn", "dn"))
    },
    "polylog": Analytic(_polylog, lambda s, z: [_HALF, _below_one(z)], (0,)),
    "spence": Analytic(lambda z: (1 - z).polylog(2), lambda z: [z / 2]),
    "bessel_j": Analytic(lambda v, x: x.bessel_j(v), _bessel_radii, (0,)),
    "bessel_y": Analytic(lambda v, x: x.bessel_y(v), lambda v, x: [_HALF, x / 2], (0,)),
    "bessel_i": Analytic(lambda v, x: x.bessel_i(v), _bessel_radii, (0,)),
    "bessel_k": Analytic(lambda v, x: x.bessel_k(v), lambda v, x: [_HALF, x / 2], (0,)),
    "scaled_i": Analytic(_scaled_i, lambda v, x: [_HALF, x / 2], (0,)),
    "scaled_k": Analytic(lambda v, x: x.bessel_k(v, scaled=True), lambda v, x: [_HALF, x / 2], (0,)),
    "spherical_j": Analytic(_spherical("bessel_j"), lambda n, x: [_HALF, x / 2], (0,)),
    "spherical_y": Analytic(_spherical("bessel_y"), lambda n, x: [_HALF, x / 2], (0,)),
    "struve_h": Analytic(_struve(-1), lambda v, x: [_HALF, x / 2], (0,)),
    "struve_l": Analytic(_struve(1), lambda v, x: [_HALF, x / 2], (0,)),
    "exp_integral": Analytic(_exp_integral, lambda n, x: [_HALF, x / 2], (0,)),
    "hyperu": Analytic(lambda a, b, x: x.hypgeom_u(a, b), lambda a, b, x: [_HALF, _HALF, x / 2], (1,)),
    **{
        f"hyp{p}f{q}": _hyper(p, q)
        for p in range(_MOST_PARAMETERS + 1)
        for q in range(_MOST_PARAMETERS + 1)
        if p <= q + 1 and q + p > 0 and (p, q) != (1, 0)
    },
    "owens_t": Analytic(_owens_t, lambda h, a: [_HALF, _HALF]),
    "voigt": Analytic(_voigt, lambda x, s, g: [_HALF, s / 2, _HALF]),
    "legendre_p": Analytic(_polynomial("legendre_p"), _inside),
    "chebyshev_t": Analytic(_polynomial("chebyshev_t"), _inside),
    "chebyshev_u": Analytic(_polynomial("chebyshev_u"), _inside),
    "laguerre_l": Analytic(_polynomial("laguerre_l"), lambda n, a, x: [_HALF] * 3),
    "gegenbauer_c": Analytic(_polynomial("gegenbauer_c"), lambda n, a, x: [_HALF, *_inside(n, x)]),
    "jacobi_p": Analytic(_polynomial("jacobi_p"), lambda n, a, b, x: [_HALF, _HALF, *_inside(n, x)]),
}
"""Functions by opcode."""


def _value(function: Analytic, *operands: Arb) -> Arb:
    return slopes.real(function.value(*map(acb, operands)))


def _derivatives(function: Analytic, count: int, *numbers: Arb) -> Arb:
    orders = [order(n) for n in numbers[:count]]
    return slopes.derivative(function, orders, numbers[count:])


def _polylog_n(k: Arb, j: Arb, s: Arb, z: Arb) -> Arb:
    return slopes.derivative(ANALYTIC["polylog"], [order(j), order(k)], (s, z))


def _clausen(x: Arb) -> Arb:
    return acb(x.cos(), x.sin()).polylog(2).imag


COUNTS = {name: len(table.TABLE[name].partials) for name in ANALYTIC}

WORDS: dict[str, Word] = {
    **{name: functools.partial(_value, function) for name, function in ANALYTIC.items()},
    **{f"{name}_n": functools.partial(_derivatives, function, COUNTS[name]) for name, function in ANALYTIC.items()},
    "am": lambda u, m: _am(acb(u), acb(m)).real,
    "polylog_n": _polylog_n,
    "clausen": _clausen,
    "polygamma_of": lambda n, x: polygamma(order(n), x) if ball.integer(n) is not None else arb.nan(),
    "airyai": lambda x: x.airy_ai(), "airyaiprime": lambda x: x.airy_ai(derivative=1),
    "airybi": lambda x: x.airy_bi(), "airybiprime": lambda x: x.airy_bi(derivative=1),
    "lower_lambertw": lambda x: x.lambertw(-1), "lower_lambertw_rise": lambda x, _: 1 + x.lambertw(-1),
}  # fmt: skip


def _first(name: str, index: int) -> Partial:
    orders = [float(i == index) for i in range(COUNTS[name])]
    return lambda xp, _, *operands: getattr(xp, f"{name}_n")(*orders, *operands)


def _raised(name: str, index: int) -> Partial:
    count = COUNTS[name]

    def partial(xp: Namespace, _: Number, *numbers: Number) -> Number:
        orders = [each + 1 if i == index else each for i, each in enumerate(numbers[:count])]
        return getattr(xp, f"{name}_n")(*orders, *numbers[count:])

    return partial


def _am_by_m(xp: Namespace, y: Number, u: Number, m: Number) -> Number:
    return xp.cn(u, m) * xp.sn_n(0.0, 1.0, u, m) - xp.sn(u, m) * xp.cn_n(0.0, 1.0, u, m)


_OWN: dict[str, tuple[int, ...]] = {
    "ellipk": (0,), "ellipe": (0,), "ellippi": (0, 1), "ellipkinc": (1,), "ellipeinc": (1,), "ellippiinc": (0, 2),
    "elliprc": (0, 1), "elliprd": (0, 1, 2), "elliprf": (0, 1, 2), "elliprg": (0, 1, 2), "elliprj": (0, 1, 2, 3),
    "sn": (1,), "cn": (1,), "dn": (1,), "spence": (0,),
}  # fmt: skip
"""Operands whose derivative is not the table's."""


def _i1e(xp: Any, _: Any, x: Any) -> Any:
    """Return the derivative of exp(-|x|) * I of order 1; the table's has a leading term far out."""
    size = xp.abs(x)
    return 0.5 * (xp.iv_mean(0.0, 1.0, size) + size * xp.iv_mean(1.0, 1.0, size))


ROWS: dict[str, Row] = {
    "am": Row((table.TABLE["am"].partials[0], _am_by_m)),
    "i1e": Row((_i1e,)),
    **{
        name: Row(
            tuple(
                _first(name, index) if index in own else partial
                for index, partial in enumerate(table.TABLE[name].partials)
            )
        )
        for name, own in _OWN.items()
    },
    **{
        f"{name}_n": Row((*[None] * COUNTS[name], *[_raised(name, index) for index in range(COUNTS[name])]))
        for name in _OWN
    },
}
"""Rows instead of the table's, and of words that it does not have."""
