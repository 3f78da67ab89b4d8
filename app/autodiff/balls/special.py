"""Values of special words as balls, by Arb's functions. Source of the formulae: NIST DLMF, chapters 5 to 10 and 25."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable

from flint import acb, arb

from app.autodiff.balls import slopes
from app.autodiff.balls.ball import Arb, sign
from app.autodiff.balls.elementary import order
from app.autodiff.balls.slopes import Acb, Analytic

Word = Callable[..., Arb]

_HALF = arb(0.5)


def _erfcx(x: Arb) -> Arb:
    if x > 5:
        return (x * x).hypgeom_u(_HALF, _HALF) / arb.const_sqrt_pi()
    return (x * x).exp() * x.erfc()


def _dawsn(x: Arb) -> Arb:
    return x * (-x * x).hypgeom_1f1(1, arb(1.5))


def _erfcx_derivative(n: Arb, x: Arb) -> Arb:
    before, last = arb(0), _erfcx(x)
    for k in range(order(n)):
        constant = 2 / arb.const_sqrt_pi() if k == 0 else arb(0)
        before, last = last, 2 * x * last + 2 * k * before - constant
    return last


def _dawsn_derivative(n: Arb, x: Arb, _: Arb) -> Arb:
    before, last = arb(0), _dawsn(x)
    for k in range(order(n)):
        before, last = last, (1 if k == 0 else 0) - 2 * x * last - 2 * k * before
    return last


def lgamma(x: Arb) -> Arb:
    """Return log |gamma(x)|."""
    if x > 0:
        return x.lgamma()
    return (arb.pi() / abs(x.sin_pi())).log() - (1 - x).lgamma()


def polygamma(n: int, x: Arb) -> Arb:
    return x.digamma() if n == 0 else slopes.real(acb(x).polygamma(n))


def _betaln(a: Arb, b: Arb) -> Arb:
    return lgamma(a) + lgamma(b) - lgamma(a + b)


def _gamma_part(a: Arb, x: Arb, upper: Arb) -> Arb:
    if x.is_zero() and a > 0:
        return arb(upper)
    return x.gamma_upper(a, 1) if upper == 1 else x.gamma_lower(a, 1)


# Functions of parameters by which they are differentiated


def _gamma_density(a: Acb, x: Acb) -> Acb:
    return ((a - 1) * x.log() - x).exp() * a.rgamma()


def _beta_density(a: Acb, b: Acb, x: Acb) -> Acb:
    scale = (a + b).gamma() * a.rgamma() * b.rgamma()
    return ((a - 1) * x.log() + (b - 1) * (1 - x).log()).exp() * scale


def _zeta_entire(u: Acb, q: Acb) -> Acb:
    return acb(1) if u.is_zero() else u * (1 + u).zeta(q)


def _beta_radii(a: Arb, b: Arb, x: Arb) -> list[Arb]:
    return [_HALF.min(a / 2), _HALF.min(b / 2), x.min(1 - x) / 2]


PARAMETRIC: dict[str, Analytic] = {
    "gammainc": Analytic(lambda a, x: x.gamma_lower(a, 1), lambda a, x: (_HALF.min(a / 2), x / 2)),
    "gamma_density": Analytic(_gamma_density, lambda a, x: (_HALF, x / 2)),
    "uppergamma": Analytic(lambda s, x: x.gamma_upper(s), lambda s, x: (_HALF, x / 2), (0,)),
    "betainc": Analytic(lambda a, b, x: x.beta_lower(a, b, 1), _beta_radii),
    "beta_density": Analytic(_beta_density, _beta_radii),
    "zeta": Analytic(lambda s, q: s.zeta(q), lambda s, q: (_HALF.min(abs(s - 1) / 2), q / 2)),
    "zeta_entire": Analytic(_zeta_entire, lambda u, q: (_HALF, q / 2), (0,)),
}
"""Functions whose derivatives by parameters have words of their own."""


def _slope(name: str, *orders: Arb, operands: tuple[Arb, ...]) -> Arb:
    known = [order(each) for each in orders]
    return slopes.derivative(PARAMETRIC[name], [*known, *[0] * (len(operands) - len(known))], operands)


def _gammainc_n(k: Arb, a: Arb, x: Arb) -> Arb:
    if x.is_zero() and a > 0:
        return arb(0)
    return _slope("gammainc", k, operands=(a, x))


def _density_at_zero(a: Arb, rest: Arb) -> Arb:
    """Return the density of a power x**(a-1) at x = 0."""
    if a == 1:
        return rest
    return arb(0) if a > 1 else arb.nan()


def _gamma_density_n(k: Arb, a: Arb, x: Arb) -> Arb:
    if x.is_zero():
        return _density_at_zero(a, arb(1) if k == 0 else arb.nan())
    return _slope("gamma_density", k, operands=(a, x))


def _beta_density_n(i: Arb, j: Arb, a: Arb, b: Arb, x: Arb, _: Arb) -> Arb:
    at_edge = arb.nan() if i + j != 0 else arb(1)
    if x.is_zero():
        return _density_at_zero(a, b * at_edge)
    if (1 - x).is_zero():
        return _density_at_zero(b, a * at_edge)
    return _slope("beta_density", i, j, operands=(a, b, x))


def _betainc_n(i: Arb, j: Arb, a: Arb, b: Arb, x: Arb, _: Arb) -> Arb:
    if x.is_zero() or (1 - x).is_zero():
        return x if i + j == 0 else arb(0)
    return _slope("betainc", i, j, operands=(a, b, x))


# Bessel functions of integer order


def _bessel(method: str, n: Arb, x: Arb) -> Arb:
    return getattr(x, method)(order(n))


def _bessel_derivative(method: str, signs: tuple[int, int], k: Arb, n: Arb, x: Arb) -> Arb:
    """Return the k-th derivative of a Bessel function z, for z[n]' = (s*z[n-1] + t*z[n+1]) / 2 with the signs."""
    known, first = order(k), order(n)
    total = arb(0)
    for j in range(known + 1):
        weight = math.comb(known, j) * signs[0] ** (known - j) * signs[1] ** j
        total += weight * getattr(x, method)(first - known + 2 * j)
    return total / 2**known


def _iv_mean(k: Arb, n: Arb, x: Arb) -> Arb:
    """Return the k-th derivative of exp(-x) * n! / (x/2)**n * I_n(x), which is 1F1(n + 1/2; 2*n + 1; -2*x)."""
    steps, a, b = order(k), n + _HALF, 2 * n + 1
    factor = functools.reduce(lambda total, i: total * -2 * (a + i) / (b + i), range(steps), arb(1))
    return factor * (-2 * x).hypgeom_1f1(a + steps, b + steps)


def _kv_mean(k: Arb, n: Arb, x: Arb) -> Arb:
    """Return the k-th derivative of exp(x) * K_n(x)."""
    known = order(k)
    terms = [math.comb(known, j) * _bessel_derivative("bessel_k", (-1, -1), arb(j), n, x) for j in range(known + 1)]
    return x.exp() * sum(terms, arb(0))


def _scaled_i1(x: Arb) -> Arb:
    return x * _iv_mean(arb(0), arb(1), abs(x)) / 2


def _expn(n: Arb, x: Arb) -> Arb:
    if x.is_zero():
        return 1 / (n - 1) if n > 1 else arb.nan()
    return x.expint(n)


def _cosine_integral(x: Arb, method: str) -> Arb:
    return getattr(x, method)() if sign(x) == 1 else arb.nan()


_BESSEL = {
    "jn": ("bessel_j", (1, -1)), "yn": ("bessel_y", (1, -1)),
    "iv": ("bessel_i", (1, 1)), "kn": ("bessel_k", (-1, -1)),
}  # fmt: skip

WORDS: dict[str, Word] = {
    "erfc": lambda x: x.erfc(), "erfcx": _erfcx, "erfinv": lambda x: x.erfinv(), "erfcinv": lambda x: x.erfcinv(),
    "dawsn": _dawsn, "erfi": lambda x: x.erfi(), "gauss": lambda x: (-x * x).exp(),
    "sinpi": lambda x: x.sin_pi(), "cospi": lambda x: x.cos_pi(),
    "erfcx_derivative": _erfcx_derivative, "dawsn_derivative": _dawsn_derivative,
    "gamma": lambda x: x.gamma(), "lgamma": lgamma, "rgamma": lambda x: x.rgamma(), "digamma": lambda x: x.digamma(),
    "polygamma": lambda n, x: polygamma(order(n), x), "betaln": _betaln,
    "lgamma_step": lambda x, h: lgamma(x + h) - lgamma(x),
    "polygamma_step": lambda n, x, h: polygamma(order(n), x + h) - polygamma(order(n), x),
    "zeta": lambda s, q: s.zeta(q),
    "zeta_n": lambda k, s, q: _slope("zeta", k, operands=(s, q)),
    "zeta_entire": lambda k, u, q: _slope("zeta_entire", k, operands=(u, q)),
    "gamma_part": _gamma_part, "gammainc_n": _gammainc_n, "gamma_density": _gamma_density_n,
    "uppergamma": lambda s, x: x.gamma_upper(s),
    "uppergamma_n": lambda k, s, x: _slope("uppergamma", k, operands=(s, x)),
    "betainc": lambda a, b, x: x.beta_lower(a, b, 1), "betainc_n": _betainc_n, "beta_density": _beta_density_n,
    **{name: functools.partial(_bessel, method) for name, (method, _) in _BESSEL.items()},
    **{f"{name}_derivative": functools.partial(_bessel_derivative, *row) for name, row in _BESSEL.items()},
    "iv_mean": _iv_mean, "kv_mean": _kv_mean,
    "i0e": lambda x: _iv_mean(arb(0), arb(0), abs(x)), "i1e": _scaled_i1,
    "k0e": lambda x: x.bessel_k(0, True), "k1e": lambda x: x.bessel_k(1, True),
    "expi": lambda x: x.ei(), "li": lambda x: x.li() if x > 0 else arb.nan(), "expn": _expn,
    "Si": lambda x: x.si(), "Ci": lambda x: _cosine_integral(x, "ci"),
    "Shi": lambda x: x.shi(), "Chi": lambda x: _cosine_integral(x, "chi"),
    "fresnels": lambda x: x.fresnel_s(), "fresnelc": lambda x: x.fresnel_c(),
    "lambertw": lambda x: x.lambertw(), "lambertw_rise": lambda x, _: 1 + x.lambertw(),
}  # fmt: skip
