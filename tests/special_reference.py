"""Special functions by the names other systems give them, at mpmath's precision in force.

Where libraries disagree on a name, the meaning is SciPy's for what SciPy has and SymPy's otherwise.
"""

from collections.abc import Callable
from typing import Any

from mpmath import mp, mpf


def _expint(order: Any, x: Any) -> Any:
    return mp.expint(order, x)


def _betainc(a: Any, b: Any, x: Any) -> Any:
    return mp.betainc(a, b, 0, x, regularized=True)


def _log_sum(x: Any, y: Any) -> Any:
    return mp.log(mp.exp(x) + mp.exp(y))


def _owens_t(h: Any, a: Any) -> Any:
    return mp.quad(lambda t: mp.exp(-h * h * (1 + t * t) / 2) / (1 + t * t), [0, a]) / (2 * mp.pi)


def _erfcinv(x: Any) -> Any:
    return mp.erfinv(1 - x)


def _spence(x: Any) -> Any:
    return mp.polylog(2, 1 - x)


def _bessel(kind: Callable[..., Any], order: int) -> Callable[..., Any]:
    return lambda x: kind(order, x)


_ROWS: dict[str, Callable[..., Any]] = {
    "gammainc": lambda a, x: mp.gammainc(a, 0, x, regularized=True),
    "gammaincc": lambda a, x: mp.gammainc(a, x, mp.inf, regularized=True),
    "betainc": _betainc,
    "elliptic_k ellipk": mp.ellipk,
    "elliptic_e ellipe": mp.ellipe,
    "besselj jv jn": mp.besselj,
    "bessely yv": mp.bessely,
    "besseli iv": mp.besseli,
    "besselk kv": mp.besselk,
    "j0": _bessel(mp.besselj, 0),
    "j1 bessel_j1": _bessel(mp.besselj, 1),
    "airyai": mp.airyai,
    "polylog": mp.polylog,
    "dilog": lambda x: mp.polylog(2, x),
    "spence": _spence,
    "lambertw": lambda x: mp.lambertw(x).real,
    "Ei expi": mp.ei,
    "exp1": mp.e1,
    "expn expint": _expint,
    "Si": mp.si,
    "Ci": mp.ci,
    "Shi": mp.shi,
    "li": mp.li,
    "erfi": mp.erfi,
    "erfcx": lambda x: mp.exp(x * x) * mp.erfc(x),
    "erfcinv": _erfcinv,
    "fresnels": mp.fresnels,
    "ndtri": lambda p: mp.sqrt(2) * mp.erfinv(2 * p - 1),
    "Phi": mp.ncdf,
    "owens_t": _owens_t,
    "legendre": lambda n, x: mp.legendre(int(n), x),
    "chebyshevt": lambda n, x: mp.chebyt(int(n), x),
    "hermite": lambda n, x: mp.hermite(int(n), x),
    "hyp2f1": mp.hyp2f1,
    "zeta": mp.zeta,
    "trigamma": lambda x: mp.psi(1, x),
    "lngamma": mp.loggamma,
    "RisingFactorial": mp.rf,
    "catalan": lambda x: mp.gamma(2 * x + 1) / (mp.gamma(x + 1) * mp.gamma(x + 2)),
    "frac": lambda x: x - mp.floor(x),
    "root": lambda x, n: x ** (1 / mpf(n)),
    "real_root": lambda x, n: mp.sign(x) * abs(x) ** (1 / mpf(n)),
    "rel_entr": lambda p, q: p * mp.log(p / q),
    "kl_div": lambda p, q: p * mp.log(p / q) - p + q,
    "sinpi": mp.sinpi,
    "logsigmoid": lambda x: -mp.log1p(mp.exp(-x)),
    "log1pexp": lambda x: mp.log1p(mp.exp(x)),
    "xlogx": lambda x: x * mp.log(x),
    "inv_logit": lambda x: 1 / (1 + mp.exp(-x)),
    "log_sum_exp": _log_sum,
    "lbeta": lambda a, b: mp.loggamma(a) + mp.loggamma(b) - mp.loggamma(a + b),
}
FUNCTIONS = {name: function for names, function in _ROWS.items() for name in names.split()}
