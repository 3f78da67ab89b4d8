"""Functions of numbers by the names that libraries give them, at mpmath's precision in force.

Where libraries disagree about a name, the meaning is SciPy's, or SymPy's for what SciPy does not have.
"""

import functools
from collections.abc import Callable
from typing import Any

from mpmath import mp, mpf


def function(name: str) -> Callable[..., mpf]:
    """Return a function of numbers; outside its real domain it raises ValueError."""
    implementation = _FUNCTIONS[name]

    @functools.wraps(implementation)
    def call(*arguments: Any, **options: Any) -> mpf:
        return real(implementation(*map(mpf, arguments), **options))

    return call


def names() -> set[str]:
    return set(_FUNCTIONS)


def _gd(x: mpf) -> mpf:
    with mp.workdps(mp.dps + 330):  # its derivative is 1 / cosh(x)
        return 2 * mp.atan(mp.tanh(x / 2))


def real(value: Any) -> mpf:
    """Return a result that must be real. A complex result means a point outside the domain: ValueError."""
    if isinstance(value, mp.mpc):
        raise ValueError("outside the real domain")
    return mpf(value)


def _power(base: Any, exponent: Any) -> mpf:
    return real(mpf(base) ** mpf(exponent))


def _log(x: Any, base: Any = None) -> mpf:
    return real(mp.log(x) if base is None else mp.log(x) / mp.log(base))


def _cbrt(x: Any) -> mpf:
    return mp.sign(x) * mp.cbrt(abs(x))


def _unnormalized_sinc(x: Any) -> mpf:
    return mp.sin(x) / x if x else mpf(1)


def _logaddexp(x: Any, y: Any) -> mpf:
    return max(x, y) + mp.log1p(mp.exp(-abs(x - y)))


def _truncate(x: Any) -> mpf:
    return mp.sign(x) * mp.floor(abs(x))


def _heaviside(x: Any, middle: Any = 0.5) -> mpf:
    return mpf(middle) if x == 0 else mpf(x > 0)


def _lgamma(x: Any) -> mpf:
    return mp.log(abs(mp.gamma(x)))


def _sigmoid(x: Any) -> mpf:
    return 1 / (1 + mp.exp(-x))


def _softplus(x: Any) -> mpf:
    return _logaddexp(x, mpf(0))


def _elu(x: Any, alpha: Any = 1) -> mpf:
    return x if x > 0 else alpha * mp.expm1(x)


def _selu(x: Any) -> mpf:
    alpha, scale = mpf("1.6732632423543772848170429916717"), mpf("1.0507009873554804934193349852946")
    return scale * _elu(x, alpha)


def _gelu(x: Any, approximate: bool = True) -> mpf:
    if not approximate:
        return x * mp.ncdf(x)
    return x / 2 * (1 + mp.tanh(mp.sqrt(2 / mp.pi) * (x + mpf("0.044715") * x**3)))


def _leaky_relu(x: Any, negative_slope: Any = 0.01) -> mpf:
    return x if x >= 0 else mpf(negative_slope) * x


def _celu(x: Any, alpha: Any = 1) -> mpf:
    return x if x > 0 else alpha * mp.expm1(x / alpha)


def _clip(x: Any, low: Any, high: Any) -> mpf:
    return min(max(x, low), high)


def _relu6(x: Any) -> mpf:
    return _clip(x, mpf(0), mpf(6))


def _xlogy(x: Any, y: Any) -> mpf:
    return x * _log(y) if x else mpf(0)


def _xlog1py(x: Any, y: Any) -> mpf:
    return x * real(mp.log1p(y)) if x else mpf(0)


def _mod(x: Any, y: Any) -> mpf:
    return x - y * mp.floor(x / y)


def _fmod(x: Any, y: Any) -> mpf:
    return x - y * _truncate(x / y)


def _erfcinv(y: Any) -> mpf:
    """Return x with erfc(x) = y, by Newton's method on the logarithm, which has every digit of a tiny y."""
    if y > 1:
        return -_erfcinv(2 - y)
    x = mp.sqrt(-mp.log(y)) if y < 0.5 else mp.erfinv(1 - y)
    for _ in range(12):
        tail = mp.erfc(x)
        x += mp.log(tail / y) * tail * mp.sqrt(mp.pi) / 2 * mp.exp(x * x)
    return mpf(x)


def _betaln(a: Any, b: Any) -> mpf:
    return _lgamma(a) + _lgamma(b) - _lgamma(a + b)


def _laguerre(n: Any, a: Any, x: Any) -> mpf:
    degree = int(n)
    return mp.fsum(mp.binomial(degree + a, degree - k) * (-x) ** k / mp.factorial(k) for k in range(degree + 1))


def _owens_t(h: Any, a: Any) -> mpf:
    return mp.quad(lambda t: mp.exp(-h * h * (1 + t * t) / 2) / (1 + t * t), [0, a]) / (2 * mp.pi)


_ROWS: dict[str, Callable[..., Any]] = {
    "sin": mp.sin,
    "cos": mp.cos,
    "tan": mp.tan,
    "sec": mp.sec,
    "csc": mp.csc,
    "cot": mp.cot,
    "asin arcsin": mp.asin,
    "acos arccos": mp.acos,
    "atan arctan": mp.atan,
    "asec arcsec": mp.asec,
    "acsc arccsc": mp.acsc,
    "acot arccot": mp.acot,
    "sinh": mp.sinh,
    "cosh": mp.cosh,
    "tanh": mp.tanh,
    "sech": mp.sech,
    "csch": mp.csch,
    "coth": mp.coth,
    "asinh arcsinh": mp.asinh,
    "acosh arccosh": mp.acosh,
    "atanh arctanh": mp.atanh,
    "asech arcsech": mp.asech,
    "acsch arccsch": mp.acsch,
    "acoth arccoth": mp.acoth,
    "atan2 arctan2": mp.atan2,
    "hypot": lambda *legs: mp.sqrt(mp.fsum(x * x for x in legs)),
    "sinc": lambda x: _unnormalized_sinc(mp.pi * x),
    "unnormalized_sinc usinc": _unnormalized_sinc,
    "deg2rad radians rad": mp.radians,
    "rad2deg degrees deg": mp.degrees,
    "exp": mp.exp,
    "exp2": lambda x: mpf(2) ** x,
    "exp10": lambda x: mpf(10) ** x,
    "expm1": mp.expm1,
    "log ln": _log,
    "log2": lambda x: _log(x, 2),
    "log10": lambda x: _log(x, 10),
    "log1p": mp.log1p,
    "logaddexp log_sum_exp": _logaddexp,
    "logaddexp2": lambda x, y: _logaddexp(x * mp.ln2, y * mp.ln2) / mp.ln2,
    "sqrt": mp.sqrt,
    "rsqrt": lambda x: 1 / mp.sqrt(x),
    "cbrt": _cbrt,
    "square": lambda x: x * x,
    "reciprocal": lambda x: 1 / x,
    "power pow float_power Pow": _power,
    "abs fabs absolute Abs": abs,
    "sign sgn": mp.sign,
    "positive identity": lambda x: x,
    "negative": lambda x: -x,
    "add": lambda x, y: x + y,
    "subtract": lambda x, y: x - y,
    "multiply": lambda x, y: x * y,
    "divide true_divide Rational": lambda x, y: x / y,
    "copysign": lambda x, y: -abs(x) if y < 0 else abs(x),
    "floor": mp.floor,
    "ceil ceiling": mp.ceil,
    "trunc fix int": _truncate,
    "bool": lambda x: mpf(x != 0),
    "rint round": mp.nint,
    "mod Mod remainder": _mod,
    "fmod": _fmod,
    "min minimum Min fmin": min,
    "max maximum Max fmax": max,
    "clip": _clip,
    "where": lambda condition, chosen, otherwise: chosen if condition else otherwise,
    "heaviside Heaviside": _heaviside,
    "erf": mp.erf,
    "erfc": mp.erfc,
    "erfcx": lambda x: mp.exp(x * x) * mp.erfc(x),
    "erfi": mp.erfi,
    "dawsn": lambda x: mp.sqrt(mp.pi) / 2 * mp.exp(-x * x) * mp.erfi(x),
    "erfinv erf_inv": lambda x: _erfcinv(1 - x),
    "erfcinv": _erfcinv,
    "erf2": lambda x, y: mp.erfc(x) - mp.erfc(y),
    "ndtri": lambda p: -mp.sqrt(2) * _erfcinv(2 * p),
    "ndtr Phi": mp.ncdf,
    "log_ndtr": lambda x: mp.log(mp.ncdf(x)),
    "gamma": mp.gamma,
    "lgamma gammaln loggamma lngamma": _lgamma,
    "digamma psi": mp.digamma,
    "lgamma_step": lambda x, h: _lgamma(x + h) - _lgamma(x),
    "polygamma PolyGamma": lambda n, x: mp.psi(int(n), x),
    "factorial": mp.factorial,
    "binomial binom comb": mp.binomial,
    "beta": lambda a, b: mp.gamma(a) * mp.gamma(b) * mp.rgamma(a + b),
    "rgamma": mp.rgamma,
    "trigamma": lambda x: mp.zeta(2, x) if x > 0 else (mp.pi / mp.sinpi(x)) ** 2 - mp.zeta(2, 1 - x),
    "poch rf RisingFactorial": mp.rf,
    "ff FallingFactorial perm": mp.ff,
    "gammasgn": lambda x: mp.sign(mp.gamma(x)),
    "gammainc igamma": lambda a, x: mp.gammainc(a, 0, x) / mp.gamma(a),
    "gammaincc igammac": lambda a, x: mp.gammainc(a, x) / mp.gamma(a),
    "lowergamma": lambda a, x: mp.gammainc(a, 0, x),
    "uppergamma": mp.gammainc,
    "betainc regularized_incomplete_beta": lambda a, b, x: mp.betainc(a, b, 0, x) / mp.beta(a, b),
    "jn jv besselj BesselJ": mp.besselj,
    "yn yv bessely BesselY": mp.bessely,
    "iv besseli BesselI": mp.besseli,
    "kn kv besselk BesselK": mp.besselk,
    "j0": lambda x: mp.besselj(0, x),
    "j1 bessel_j1": lambda x: mp.besselj(1, x),
    "y0": lambda x: mp.bessely(0, x),
    "y1": lambda x: mp.bessely(1, x),
    "k0": lambda x: mp.besselk(0, x),
    "k1": lambda x: mp.besselk(1, x),
    "k0e": lambda x: mp.besselk(0, x) * mp.exp(x),
    "k1e": lambda x: mp.besselk(1, x) * mp.exp(x),
    "expi Ei": mp.ei,
    "exp1 E1": mp.e1,
    "expn expint ExpIntegralE": mp.expint,
    "li": mp.li,
    "Si": mp.si,
    "Ci": mp.ci,
    "Shi": mp.shi,
    "Chi": mp.chi,
    "fresnels": mp.fresnels,
    "fresnelc": mp.fresnelc,
    "lambertw LambertW": mp.lambertw,
    "exprel": lambda x: mp.expm1(x) / x if x else mpf(1),
    "sindg": lambda x: mp.sinpi(x / 180),
    "cosdg": lambda x: mp.cospi(x / 180),
    "tandg": lambda x: mp.tan(mp.radians(x)),
    "cotdg": lambda x: mp.cot(mp.radians(x)),
    "cosm1": lambda x: -2 * mp.sin(x / 2) ** 2,
    "gd": _gd,
    "frac": lambda x: x - mp.floor(x),
    "fma": lambda x, y, z: x * y + z,
    "ldexp": lambda x, n: x * mpf(2) ** n,
    "KroneckerDelta": lambda x, y: mpf(x == y),
    "rel_entr": lambda x, y: _xlogy(x, x / y),
    "kl_div": lambda x, y: _xlogy(x, x / y) - x + y,
    "huber": lambda d, r: r * r / 2 if abs(r) <= d else d * (abs(r) - d / 2),
    "pseudo_huber": lambda d, r: d * d * (mp.sqrt(1 + (r / d) ** 2) - 1),
    "boxcox": lambda x, power: mp.expm1(power * mp.log(x)) / power if power else mp.log(x),
    "boxcox1p": lambda x, power: mp.expm1(power * mp.log1p(x)) / power if power else mp.log1p(x),
    "log1mexp": lambda x: mp.log(-mp.expm1(-x)),
    "sparse_plus": lambda x: mpf(0) if x <= -1 else (x if x >= 1 else (x + 1) ** 2 / 4),
    "sparse_sigmoid": lambda x: _clip((x + 1) / 2, mpf(0), mpf(1)),
    "betaln lbeta": _betaln,
    "zeta": mp.zeta,
    "i0": lambda x: mp.besseli(0, x),
    "i1": lambda x: mp.besseli(1, x),
    "i0e": lambda x: mp.besseli(0, x) * mp.exp(-abs(x)),
    "i1e": lambda x: mp.besseli(1, x) * mp.exp(-abs(x)),
    "entr": lambda x: -_xlogy(x, x),
    "xlogy": _xlogy,
    "xlog1py": _xlog1py,
    "sigmoid expit logistic inv_logit": _sigmoid,
    "logit": lambda x: _log(x / (1 - x)),
    "log_sigmoid logsigmoid": lambda x: -_softplus(-x),
    "softplus log1pexp": _softplus,
    "softsign soft_sign": lambda x: x / (1 + abs(x)),
    "relu": lambda x: max(x, mpf(0)),
    "relu6": _relu6,
    "silu swish": lambda x: x * _sigmoid(x),
    "mish": lambda x: x * mp.tanh(_softplus(x)),
    "elu": _elu,
    "celu": _celu,
    "selu": _selu,
    "gelu": _gelu,
    "leaky_relu": _leaky_relu,
    "squareplus": lambda x, b=4: (x + mp.sqrt(x * x + b)) / 2,
    "hard_tanh": lambda x: _clip(x, mpf(-1), mpf(1)),
    "hard_sigmoid": lambda x: _relu6(x + 3) / 6,
    "hard_silu hard_swish": lambda x: x * _relu6(x + 3) / 6,
    "floor_divide": lambda x, y: mp.floor(x / y),
    "root": lambda x, n: _power(x, 1 / mpf(n)),
    "nthroot nthRoot real_root surd Surd": lambda x, n=2: mp.sign(x) * abs(x) ** (1 / mpf(n)),
    "cotpi": lambda x: mp.cospi(x) / mp.sinpi(x),
    "asinpi": lambda x: mp.asin(x) / mp.pi,
    "acospi": lambda x: mp.acos(x) / mp.pi,
    "atanpi": lambda x: mp.atan(x) / mp.pi,
    "atan2pi": lambda y, x: mp.atan2(y, x) / mp.pi,
    "asind asindg": lambda x: mp.degrees(mp.asin(x)),
    "acosd acosdg": lambda x: mp.degrees(mp.acos(x)),
    "atand atandg": lambda x: mp.degrees(mp.atan(x)),
    "atan2d": lambda y, x: mp.degrees(mp.atan2(y, x)),
    "secd": lambda x: mp.sec(mp.radians(x)),
    "cscd": lambda x: mp.csc(mp.radians(x)),
    "logcosh log_cosh": lambda x: mp.log(mp.cosh(x)),
    "logexpm1 log_expm1": lambda x: mp.log(mp.expm1(x)),
    "logsubexp log_diff_exp logdiffexp": lambda x, y: mp.log(mp.exp(x) - mp.exp(y)),
    "exp2m1": lambda x: mpf(2) ** x - 1,
    "exp10m1": lambda x: mpf(10) ** x - 1,
    "log2p1": lambda x: mp.log1p(x) / mp.log(2),
    "log10p1": lambda x: mp.log1p(x) / mp.log(10),
    "powm1": lambda x, y: x**y - 1,
    "cloglog": lambda p: mp.log(-mp.log1p(-p)),
    "lfactorial logfactorial log_factorial": lambda x: _lgamma(x + 1),
    "lchoose log_binom": lambda n, k: mp.log(mp.binomial(n, k)),
    "tetragamma": lambda x: mp.psi(2, x) if x > 0 else mp.diff(mp.digamma, x, 2),
    "Li": lambda x: mp.li(x) - mp.li(2),
    "harmonic": lambda x, m=1: mp.harmonic(x) if m == 1 else mp.zeta(m) - mp.zeta(m, x + 1),
    "sinpi": mp.sinpi,
    "cospi": mp.cospi,
    "tanpi": lambda x: mp.sinpi(x) / mp.cospi(x),
    "xlogx": lambda x: x * mp.log(x),
    "catalan": lambda x: mp.gamma(2 * x + 1) / (mp.gamma(x + 1) * mp.gamma(x + 2)),
    "elliptic_k ellipk EllipticK ellipticK": mp.ellipk,
    "elliptic_e ellipe EllipticE ellipticE ellipeinc": mp.ellipe,
    "elliptic_f ellipkinc ellipf EllipticF ellipticF": mp.ellipf,
    "elliptic_pi ellippi EllipticPi ellipticPi ellippiinc": mp.ellippi,
    "jacobiSN JacobiSN": lambda u, m: mp.ellipfun("sn", u, m=m),
    "jacobiCN JacobiCN": lambda u, m: mp.ellipfun("cn", u, m=m),
    "jacobiDN JacobiDN": lambda u, m: mp.ellipfun("dn", u, m=m),
    "clausen": lambda x: mp.clsin(2, x),
    "ellipkm1": lambda p: mp.ellipk(1 - p),
    "elliprc": mp.elliprc,
    "elliprd": mp.elliprd,
    "elliprf": mp.elliprf,
    "elliprg": mp.elliprg,
    "elliprj": mp.elliprj,
    "airyai": mp.airyai,
    "polylog PolyLog": mp.polylog,
    "dilog": lambda x: mp.polylog(2, x),
    "spence": lambda x: mp.polylog(2, 1 - x),
    "owens_t": _owens_t,
    "legendre legendre_p eval_legendre LegendreP": mp.legendre,
    "chebyshevt eval_chebyt ChebyshevT": mp.chebyt,
    "chebyshevu eval_chebyu ChebyshevU": mp.chebyu,
    "hermite eval_hermite HermiteH": lambda n, x: mp.hermite(int(n), x),
    "hermite_prob eval_hermitenorm": lambda n, x: mp.hermite(int(n), x / mp.sqrt(2)) / mp.sqrt(2) ** int(n),
    "laguerre eval_laguerre LaguerreL": lambda n, x: _laguerre(n, mpf(0), x),
    "assoc_laguerre eval_genlaguerre": _laguerre,
    "gegenbauer eval_gegenbauer GegenbauerC": mp.gegenbauer,
    "jacobi eval_jacobi JacobiP": mp.jacobi,
    "ive": lambda v, x: mp.besseli(v, x) * mp.exp(-abs(x)),
    "kve": lambda v, x: mp.besselk(v, x) * mp.exp(x),
    "hyp2f1 Hypergeometric2F1": mp.hyp2f1,
}


_FUNCTIONS = {name: implementation for names, implementation in _ROWS.items() for name in names.split()}
CONDITIONS: dict[str, Callable[..., bool]] = {
    "And": lambda *terms: all(terms),
    "Or": lambda *terms: any(terms),
    "Not": lambda term: not term,
    "logical_and": lambda left, right: bool(left and right),
    "logical_or": lambda left, right: bool(left or right),
    "logical_not": lambda term: not term,
    "greater": lambda left, right: left > right,
    "greater_equal": lambda left, right: left >= right,
    "less": lambda left, right: left < right,
    "less_equal": lambda left, right: left <= right,
}
"""Conditions by name."""
