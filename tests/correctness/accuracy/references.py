"""Words by Arb's balls, for what mpmath computes slowly or with few digits; the other words are mpmath's.

A reference takes and returns numbers of mpmath at the precision in force. A result whose ball has too few digits is
computed again with more; one that never has enough raises ``ValueError``, as does a point outside the real domain.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import flint
from flint import acb, arb
from mpmath import mp, mpf

from tests.support import mpmath_functions

Reference = Callable[..., mpf]

_TRIES = 4


def reference(word: str) -> Reference:
    """Return the function of a word, by Arb if it is there."""
    return _balls(_ARB[word]) if word in _ARB else mpmath_functions.function(word)


def is_precise(word: str) -> bool:
    """Return whether every digit of the reference is right, which mpmath does not promise."""
    return word in _ARB


def names() -> set[str]:
    return mpmath_functions.names() | set(_ARB)


def _balls(function: Callable[..., Any]) -> Reference:
    def call(*operands: mpf) -> mpf:
        wanted = mp.prec
        for trial in range(_TRIES):
            flint.ctx.prec = wanted * 2**trial + 64
            found = function(*map(_ball, operands))
            if isinstance(found, acb):
                if not found.imag.contains(0):
                    raise ValueError("outside the real domain")
                found = found.real
            if found.is_finite() and (found.rel_accuracy_bits() >= wanted or found.is_zero()):
                mantissa, exponent = found.mid().man_exp()
                return mp.ldexp(mpf(int(mantissa)), int(exponent))
        raise ValueError("no digits")

    return call


def _ball(x: mpf) -> arb:
    sign, mantissa, exponent, _ = x._mpf_
    if not mantissa and exponent:
        raise ValueError("not finite")
    return arb((-int(mantissa) if sign else int(mantissa), exponent))


def _half() -> arb:
    return arb(0.5)


def _lgamma(x: arb) -> arb:
    return x.lgamma() if x > 0 else abs(x.gamma()).log()


def _rlgamma(x: arb) -> arb:
    """Return log(1/|gamma(x)|)."""
    return -_lgamma(x)


def _gammainc(a: arb, x: arb, upper: bool) -> arb:
    if x < 0 or not a > 0:
        raise ValueError("outside the real domain")
    return x.gamma_upper(a, regularized=1) if upper else x.gamma_lower(a, regularized=1)


def _polygamma(n: int, x: arb) -> Any:
    return x.digamma() if n == 0 else acb(x).polygamma(acb(n))


def _of_order(function: Callable[[Any, Any], Any]) -> Callable[..., Any]:
    """Return a Bessel function of order and x; of integer order it is real for negative x, too."""

    def call(order: arb, x: arb) -> Any:
        return function(acb(order), acb(x))

    return call


_J = _of_order(lambda v, x: x.bessel_j(v))
_Y = _of_order(lambda v, x: x.bessel_y(v))
_I = _of_order(lambda v, x: x.bessel_i(v))


def _positive(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function that is real only for a positive last argument."""

    def call(*operands: arb) -> Any:
        if not operands[-1] > 0:
            raise ValueError("outside the real domain")
        return function(*operands)

    return call


_K = _positive(lambda v, x: x.bessel_k(v))


def _betaln(a: arb, b: arb) -> arb:
    return _lgamma(a) + _lgamma(b) - _lgamma(a + b)


def _beta(a: arb, b: arb) -> arb:
    return a.gamma() * b.gamma() * (a + b).rgamma()


def _binom(n: arb, k: arb) -> arb:
    return (n + 1).gamma() * (k + 1).rgamma() * (n - k + 1).rgamma()


def _elliptic_pi(n: arb, m: arb) -> acb:
    return acb.elliptic_pi(acb(n), acb(m))


def _struve(v: arb, x: arb, sign: int) -> Any:
    half = x / 2
    series = (sign * half * half).hypgeom([arb(1)], [arb(1.5), v + 1.5])
    return acb(half).pow(acb(v + 1)) * series * arb(1.5).rgamma() * (v + 1.5).rgamma()


def _spherical(function: Callable[[arb, arb], Any]) -> Callable[..., Any]:
    return lambda n, x: (acb(arb.pi()) / (2 * x)).sqrt() * function(n + 0.5, x)


def _theta(u: arb, m: arb) -> tuple[Any, ...]:
    k, rest = acb(m).elliptic_k(), acb(1 - m).elliptic_k()
    tau = acb(0, 1) * rest / k
    z = acb(u) / (2 * k)
    here, zero = acb.modular_theta(z, tau), acb.modular_theta(acb(0), tau)
    return here, zero


def _sn(u: arb, m: arb) -> Any:
    (t1, _, _, t4), (_, z2, z3, _) = _theta(u, m)
    return z3 * t1 / (z2 * t4)


def _cn(u: arb, m: arb) -> Any:
    (_, t2, _, t4), (_, z2, _, z4) = _theta(u, m)
    return z4 * t2 / (z2 * t4)


def _dn(u: arb, m: arb) -> Any:
    (_, _, t3, t4), (_, _, z3, z4) = _theta(u, m)
    return z4 * t3 / (z3 * t4)


def _am(u: arb, m: arb) -> Any:
    if not 0 <= m < 1:
        raise ValueError("not by theta functions")
    k = acb(m).elliptic_k().real
    turns = (u / (2 * k) + 0.5).floor().unique_fmpz()
    if turns is None:
        raise ValueError("between two turns")
    return _sn(u - 2 * k * turns, m).real.asin() + turns * arb.pi()


def _owens_t(h: arb, a: arb) -> Any:
    return acb.integral(lambda t, _: (-h * h * (1 + t * t) / 2).exp() / (1 + t * t), acb(0), acb(a)) / (2 * arb.pi())


def _voigt(x: arb, sigma: arb, gamma: arb) -> Any:
    if not (sigma > 0 and gamma >= 0):
        raise ValueError("outside the domain")
    z = acb(x, gamma) / (sigma * arb(2).sqrt())
    w = (-z * z).exp() * (acb(0, -1) * z).erfc()
    return w.real / (sigma * (2 * arb.pi()).sqrt())


def _expn(n: arb, x: arb) -> Any:
    return x.expint(n)


def _hyp(p: int) -> Callable[..., Any]:
    return lambda *operands: operands[-1].hypgeom(list(operands[:p]), list(operands[p:-1]))


def _hyp2f1(a: arb, b: arb, c: arb, x: arb) -> Any:
    return x.hypgeom_2f1(a, b, c)


def _lchoose(n: arb, k: arb) -> arb:
    if not (n > -1 and k > -1 and n - k > -1):
        raise ValueError("outside the domain")
    return _binom(n, k).log()


def _gammasgn(x: arb) -> arb:
    whole = x.floor().unique_fmpz()
    if whole is None or x == x.floor():
        raise ValueError("at a step")
    return arb(-1 if x < 0 and int(whole) % 2 == 1 else 1)


def _positive_first(function: Callable[..., Any]) -> Callable[..., Any]:
    def call(x: arb, *operands: arb) -> Any:
        if not x > 0:
            raise ValueError("outside the domain")
        return function(x, *operands)

    return call


def _betainc(a: arb, b: arb, x: arb) -> Any:
    if not (a > 0 and b > 0 and 0 <= x <= 1):
        raise ValueError("outside the domain")
    return x.beta_lower(a, b, regularized=1)


def _kl_div(x: arb, y: arb) -> arb:
    if not (x > 0 and y > 0):
        raise ValueError("outside the domain")
    return x * (x / y).log() - x + y


def _parameter(a: arb, least: int) -> arb:
    """Return the parameter of orthogonal polynomials."""
    if not least < a < 1e6:
        raise ValueError("outside the domain")
    return a


def _near(x: arb) -> arb:
    """Return x where steps of 2**-80 are short beside the waves of a Fresnel integral."""
    if not abs(x) < 1e9:
        raise ValueError("oscillates too fast")
    return x


def _zeta(s: arb, q: arb | None = None) -> arb:
    if abs(s) > 1e4 or (q is not None and not q > 0):
        raise ValueError("outside the real domain")
    return s.zeta() if q is None else s.zeta(q)


def _gelu(x: arb) -> arb:
    return x / (1 + (-2 * (2 / arb.pi()).sqrt() * (x + arb("0.044715") * x * x * x)).exp())


def _log_ndtr(x: arb) -> arb:
    return ((-x / arb(2).sqrt()).erfc() / 2).log()


_ARB: dict[str, Callable[..., Any]] = {
    "erf": lambda x: x.erf(),
    "erfc": lambda x: x.erfc(),
    "erfcx": lambda x: (x * x).exp() * x.erfc(),
    "erfi": lambda x: x.erfi(),
    "dawsn": lambda x: arb.pi().sqrt() / 2 * (-x * x).exp() * x.erfi(),
    "erfinv": lambda x: x.erfinv(),
    "erfcinv": lambda x: x.erfcinv(),
    "erf2": lambda x, y: y.erf() - x.erf(),
    "ndtr": lambda x: (-x / arb(2).sqrt()).erfc() / 2,
    "ndtri": lambda p: -arb(2).sqrt() * (2 * p).erfcinv(),
    "log_ndtr": _log_ndtr,
    "gelu": _gelu,
    "gamma": lambda x: x.gamma(),
    "lgamma": _lgamma,
    "rgamma": lambda x: x.rgamma(),
    "digamma": lambda x: x.digamma(),
    "trigamma": lambda x: _polygamma(1, x),
    "tetragamma": lambda x: _polygamma(2, x),
    "polygamma": _polygamma,
    "factorial": lambda x: (x + 1).gamma(),
    "lfactorial": lambda x: _lgamma(x + 1),
    "lgamma_step": _positive_first(lambda x, h: _lgamma(x + h) - _lgamma(x) if x + h > 0 else arb("nan")),
    "betaln": _betaln,
    "beta": _beta,
    "binom": _binom,
    "lchoose": _lchoose,
    "rel_entr": lambda x, y: _kl_div(x, y) + x - y,
    "nthroot": _positive_first(lambda x, n: (x.log() / n).exp()),
    "gammasgn": _gammasgn,
    "poch": lambda x, m: (x + m).gamma() * x.rgamma(),
    "ff": lambda x, m: (x + 1).gamma() * (x - m + 1).rgamma(),
    "gammainc": lambda a, x: _gammainc(a, x, upper=False),
    "gammaincc": lambda a, x: _gammainc(a, x, upper=True),
    "uppergamma": _positive(lambda s, x: x.gamma_upper(s)),
    "lowergamma": _positive(lambda s, x: x.gamma_lower(s)),
    "betainc": _betainc,
    "zeta": _zeta,
    "harmonic": lambda x: (x + 1).digamma() + arb.const_euler(),
    "jn": _J,
    "yn": _positive(_Y),
    "iv": _I,
    "kn": _K,
    "j0": lambda x: x.bessel_j(0),
    "j1": lambda x: x.bessel_j(1),
    "y0": _positive(lambda x: x.bessel_y(0)),
    "y1": _positive(lambda x: x.bessel_y(1)),
    "i0": lambda x: x.bessel_i(0),
    "i1": lambda x: x.bessel_i(1),
    "i0e": lambda x: x.bessel_i(0) * (-abs(x)).exp(),
    "i1e": lambda x: x.bessel_i(1) * (-abs(x)).exp(),
    "k0": _positive(lambda x: x.bessel_k(0)),
    "k1": _positive(lambda x: x.bessel_k(1)),
    "k0e": _positive(lambda x: x.bessel_k(0) * x.exp()),
    "k1e": _positive(lambda x: x.bessel_k(1) * x.exp()),
    "ive": lambda v, x: _I(v, x) * (-abs(x)).exp(),
    "kve": _positive(lambda v, x: x.bessel_k(v) * x.exp()),
    "spherical_jn": _spherical(_J),
    "spherical_yn": _positive(_spherical(_Y)),
    "struve": lambda v, x: _struve(v, x, -1),
    "modstruve": lambda v, x: _struve(v, x, 1),
    "expi": lambda x: x.ei(),
    "exp1": _positive(lambda x: x.expint(arb(1))),
    "expn": _positive(_expn),
    "li": _positive(lambda x: x.li()),
    "Li": _positive(lambda x: x.li(offset=True)),
    "Si": lambda x: x.si(),
    "Ci": _positive(lambda x: x.ci()),
    "Shi": lambda x: x.shi(),
    "Chi": _positive(lambda x: x.chi()),
    "fresnels": lambda x: _near(x).fresnel_s(),
    "fresnelc": lambda x: _near(x).fresnel_c(),
    "lambertw": lambda x: x.lambertw(),
    "lambertwm1": lambda x: x.lambertw(-1),
    "airyai": lambda x: x.airy_ai(),
    "airyaiprime": lambda x: x.airy_ai(derivative=1),
    "airybi": lambda x: x.airy_bi(),
    "airybiprime": lambda x: x.airy_bi(derivative=1),
    "polylog": lambda s, z: acb(z).polylog(acb(s)),
    "spence": lambda z: acb(1 - z).polylog(acb(2)),
    "clausen": lambda x: (acb(0, 1) * x).exp().polylog(acb(2)).imag,
    "elliptic_k": lambda m: acb(m).elliptic_k(),
    "ellipkm1": lambda p: acb(1 - p).elliptic_k(),
    "elliptic_e": lambda m: acb(m).elliptic_e(),
    "elliptic_pi": _elliptic_pi,
    "elliptic_f": lambda phi, m: acb.elliptic_f(acb(phi), acb(m)),
    "ellipeinc": lambda phi, m: acb.elliptic_e_inc(acb(phi), acb(m)),
    "ellippiinc": lambda n, phi, m: acb.elliptic_pi_inc(acb(n), acb(phi), acb(m)),
    "elliprc": lambda x, y: acb.elliptic_rc(acb(x), acb(y)),
    "elliprd": lambda x, y, z: acb.elliptic_rd(acb(x), acb(y), acb(z)),
    "elliprf": lambda x, y, z: acb.elliptic_rf(acb(x), acb(y), acb(z)),
    "elliprg": lambda x, y, z: acb.elliptic_rg(acb(x), acb(y), acb(z)),
    "elliprj": lambda x, y, z, p: acb.elliptic_rj(acb(x), acb(y), acb(z), acb(p)),
    "jacobiSN": _sn,
    "jacobiCN": _cn,
    "jacobiDN": _dn,
    "jacobiAM": _am,
    "hyp0f1": lambda b, x: x.hypgeom_0f1(b),
    "hyp1f1": lambda a, b, x: x.hypgeom_1f1(a, b),
    "hyp2f1": _hyp2f1,
    "hyp1f2": _hyp(1),
    "hyp2f2": _hyp(2),
    "hyp2f3": _hyp(2),
    "hyp3f2": _hyp(3),
    "hyperu": _positive(lambda a, b, x: x.hypgeom_u(a, b)),
    "kl_div": _kl_div,
    "laguerre": lambda n, x: x.laguerre_l(n),
    "assoc_laguerre": lambda n, a, x: x.laguerre_l(n, _parameter(a, -1)),
    "gegenbauer": lambda n, a, x: x.gegenbauer_c(n, _parameter(a, 0)),
    "jacobi": lambda n, a, b, x: x.jacobi_p(n, _parameter(a, -1), _parameter(b, -1)),
    "sindg": lambda x: (x / 180).sin_pi(),
    "cosdg": lambda x: (x / 180).cos_pi(),
    "tandg": lambda x: (x / 180).tan_pi(),
    "cotdg": lambda x: (x / 180).cot_pi(),
    "secd": lambda x: 1 / (x / 180).cos_pi(),
    "cscd": lambda x: 1 / (x / 180).sin_pi(),
    "owens_t": _owens_t,
    "voigt_profile": _voigt,
}
