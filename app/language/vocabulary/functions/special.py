"""Special functions, as SciPy and SymPy name them."""

from __future__ import annotations

from collections.abc import Callable

import sympy

from app.language.vocabulary.word import Word, defined, of_order, opaque, primitive

PRIMITIVES: tuple[Word, ...] = (
    primitive(sympy.erf, "erf", "erf", doc="error function"),
    primitive(sympy.erfc, "erfc", "erfc", doc="1 - erf(x), exact for large x"),
    primitive(opaque("erfcx"), "erfcx", "erfcx", doc="exp(x**2) * erfc(x)"),
    primitive(sympy.erfi, "erfi", "erfi", doc="imaginary error function, 2/sqrt(pi) * exp(x**2) * dawsn(x)"),
    primitive(opaque("dawsn"), "dawsn", "dawsn", doc="Dawson's integral"),
    primitive(sympy.erfinv, "erfinv", "erfinv", "erf_inv", doc="inverse of erf"),
    primitive(sympy.erfcinv, "erfcinv", "erfcinv", doc="inverse of erfc"),
    primitive(sympy.gamma, "gamma", "gamma", doc="gamma function"),
    primitive(sympy.loggamma, "lgamma", "lgamma", "gammaln", "loggamma", doc="log |gamma(x)|"),
    primitive(opaque("rgamma"), "rgamma", "rgamma", doc="1 / gamma(x), 0 at the poles"),
    primitive(sympy.digamma, "digamma", "digamma", "psi", doc="derivative of lgamma"),
    primitive(
        opaque("lgamma_step"),
        "lgamma_step",
        "lgamma_step",
        doc="lgamma(x + h) - lgamma(x), exact for small h; x > 0, x + h > 0",
        arity=2,
    ),
    primitive(opaque("betaln"), "betaln", "betaln", "lbeta", "logbeta", doc="log |beta(a, b)|", arity=2),
    primitive(opaque("uppergamma"), "uppergamma", "uppergamma", doc="upper incomplete gamma, x > 0", arity=2),
    primitive(
        opaque("betainc"),
        "betainc",
        *("betainc", "regularized_incomplete_beta"),
        doc="regularised incomplete beta, 0 <= x <= 1",
        arity=3,
    ),
    primitive(opaque("sinpi"), "sinpi", "sinpi", doc="sin(pi * x), exact at multiples of 1/2"),
    primitive(opaque("cospi"), "cospi", "cospi", doc="cos(pi * x), exact at multiples of 1/2"),
    primitive(opaque("i0e"), "i0e", "i0e", "bessel_i0e", doc="exp(-|x|) * i0(x)"),
    primitive(opaque("i1e"), "i1e", "i1e", "bessel_i1e", doc="exp(-|x|) * i1(x)"),
    primitive(opaque("k0e"), "k0e", "k0e", doc="exp(x) * k0(x)"),
    primitive(opaque("k1e"), "k1e", "k1e", doc="exp(x) * k1(x)"),
    primitive(sympy.Ei, "expi", "expi", "Ei", doc="exponential integral Ei"),
    primitive(sympy.li, "li", "li", doc="logarithmic integral, x > 0"),
    primitive(sympy.Si, "Si", "Si", doc="sine integral"),
    primitive(sympy.Ci, "Ci", "Ci", doc="cosine integral, x > 0"),
    primitive(sympy.Shi, "Shi", "Shi", doc="hyperbolic sine integral"),
    primitive(sympy.Chi, "Chi", "Chi", doc="hyperbolic cosine integral, x > 0"),
    primitive(sympy.fresnels, "fresnels", "fresnels", doc="Fresnel's integral of sin(pi/2 * t**2)"),
    primitive(sympy.fresnelc, "fresnelc", "fresnelc", doc="Fresnel's integral of cos(pi/2 * t**2)"),
    primitive(sympy.LambertW, "lambertw", "lambertw", "LambertW", doc="w with w * exp(w) = x, the branch w >= -1"),
    primitive(opaque("exprel"), "exprel", "exprel", doc="(exp(x) - 1) / x, 1 at 0"),
    primitive(opaque("kl_div"), "kl_div", "kl_div", doc="x * log(x/y) - x + y", arity=2),
    primitive(opaque("gd"), "gd", "gd", doc="Gudermannian"),
    primitive(opaque("boxcox"), "boxcox", "boxcox", doc="(x**l - 1) / l, log(x) for l = 0", arity=2),
    primitive(opaque("boxcox1p"), "boxcox1p", "boxcox1p", doc="boxcox(1 + x, l)", arity=2),
    primitive(opaque("pseudo_huber"), "pseudo_huber", "pseudo_huber", doc="d**2 * (sqrt(1 + (r/d)**2) - 1)", arity=2),
)
"""Functions of one argument, and of two."""

OF_ORDER: tuple[Word, ...] = (
    of_order("jn", "jv", "besselj", "BesselJ", doc="Bessel function J of order v"),
    of_order("yn", "yv", "bessely", "BesselY", doc="Bessel function Y of order v, x > 0"),
    of_order("iv", "besseli", "BesselI", doc="modified Bessel function I of order v"),
    of_order("kn", "kv", "besselk", "BesselK", doc="modified Bessel function K of order v, x > 0"),
    of_order("expn", "expint", "ExpIntegralE", doc="exponential integral E_n, x > 0"),
    of_order("polygamma", "PolyGamma", doc="n-th derivative of digamma, n from 0 to 20"),
)
"""Words whose first argument is an integer known from the text."""

INNER: dict[str, Word] = {
    "hurwitz": primitive(opaque("zeta"), "zeta", "hurwitz", doc="zeta(s, q)", arity=2),
    "gamma_part": primitive(opaque("gamma_part"), "gamma_part", "gamma_part", doc="gammainc, or gammaincc", arity=3),
    **{
        f"order_{name}": primitive(opaque(name), name, f"order_{name}", doc=f"{name} of any order", arity=2)
        for name in ("jn", "yn", "iv", "kn", "expn", "polygamma")
    },
    "sine_of_degrees": defined(
        "lambda x: sinpi((180 * round(x/180) - x) / 180) if mod(round(x/180), 2) == 1 else"
        " sinpi((x - 180 * round(x/180)) / 180)",
        "sine_of_degrees",
        doc="sine of -360 < x < 360 degrees, exact near multiples of 180",
    ),
    "cosine_of_degrees": defined(
        "lambda x: sinpi((90 - abs(x)) / 180) if abs(abs(x) - 90) < 45 else"
        " (-sinpi((270 - abs(x)) / 180) if abs(abs(x) - 270) < 45 else"
        " (1 - 2 * mod(round(x/180), 2)) * cospi((x - 180 * round(x/180)) / 180))",
        "cosine_of_degrees",
        doc="cosine of -360 < x < 360 degrees, exact near its zeros",
    ),
    "lowergamma_of_large": defined(
        "def lowergamma_of_large(a, x):\n    c = (a - x) + 30\n    for n in range(30, 0, -1):\n"
        "        c = (a - x) + (n - 1) + n*x/c\n    root = (x * exp(-x/a))**(a/2)\n    return root * (root/c)\n",
        "lowergamma_of_large",
        doc="lowergamma where x is less than a, Jones & Thron, Continued Fractions (1980), 7.3",
    ),
    "poch_positive": defined(
        "lambda x, m: exp(lgamma_step(x, m)) if logical_or(x >= 1, m <= x) else"
        " (x * exp(lgamma_step(x + 1, m - 1)) if x + m >= 1 else x/(x + m) * exp(lgamma_step(x + 1, m)))",
        "poch_positive",
        doc="poch for positive x and x + m; 1/gamma(x) has a factor x",
    ),
}
"""Words that only definitions may call."""

ORDERS: dict[str, int] = {"jn": 0, "yn": 0, "iv": 0, "kn": 0, "expn": 0, "polygamma": 0, "gamma_part": 2}
"""By opcode, the operand that is an integer known from the text; it belongs to the structure of a tape."""

SPELLINGS: dict[str, tuple[tuple[int, dict[int, str]], ...]] = {
    "jn": ((0, {0: "j0", 1: "j1"}),),
    "yn": ((0, {0: "y0", 1: "y1"}),),
    "iv": ((0, {0: "i0", 1: "i1"}),),
    "kn": ((0, {0: "k0", 1: "k1"}),),
    "polygamma": ((0, {1: "trigamma"}),),
    "zeta": ((1, {1: "zeta"}),),
    "gamma_part": ((2, {0: "gammainc", 1: "gammaincc"}),),
}
"""By name of a node: an operand, and for its value the name of the function of the other operands."""

DEFINED: tuple[Word, ...] = (
    defined("lambda x: 10**x", "exp10", doc="10**x"),
    defined("lambda x: -2 * sin(x/2)**2", "cosm1", doc="cos(x) - 1, exact near 0"),
    defined("lambda s: hurwitz(s, 1)", "zeta", doc="Riemann's zeta function; zeta(s, q) is Hurwitz', q > 0"),
    defined("lambda x: order_polygamma(1, x)", "trigamma", doc="derivative of digamma"),
    defined("lambda x: order_jn(0, x)", "j0", doc="Bessel function J of order 0"),
    defined("lambda x: order_jn(1, x)", "j1", doc="Bessel function J of order 1"),
    defined("lambda x: order_yn(0, x)", "y0", doc="Bessel function Y of order 0, x > 0"),
    defined("lambda x: order_yn(1, x)", "y1", doc="Bessel function Y of order 1, x > 0"),
    defined("lambda x: order_iv(0, x)", "i0", doc="modified Bessel function I of order 0"),
    defined("lambda x: order_iv(1, x)", "i1", doc="modified Bessel function I of order 1"),
    defined("lambda x: order_kn(0, x)", "k0", doc="modified Bessel function K of order 0, x > 0"),
    defined("lambda x: order_kn(1, x)", "k1", doc="modified Bessel function K of order 1, x > 0"),
    defined("lambda x: sinpi(x) / cospi(x)", "tanpi", doc="tan(pi * x)"),
    defined("lambda x: sine_of_degrees(fmod(x, 360))", "sindg", "sind", doc="sine of x in degrees"),
    defined("lambda x: cosine_of_degrees(fmod(x, 360))", "cosdg", "cosd", doc="cosine of x in degrees"),
    defined("lambda x: sindg(x) / cosdg(x)", "tandg", "tand", doc="tangent of x in degrees"),
    defined("lambda x: cosdg(x) / sindg(x)", "cotdg", "cotd", doc="cotangent of x in degrees"),
    defined("lambda x: x - floor(x)", "frac", doc="x less floor(x)"),
    defined("lambda x, y, z: x*y + z", "fma", doc="x*y + z"),
    defined("lambda x, n: x * 2**n", "ldexp", doc="x * 2**n"),
    defined("lambda x, y: 1 if x == y else 0", "KroneckerDelta", doc="1 where both are equal, else 0"),
    defined("lambda x: erfc(-0.70710678118654752 * x) / 2", "ndtr", doc="normal distribution function"),
    defined(
        "lambda x: log(erfcx(-0.70710678118654752 * x) / 2) - x**2 / 2 if x < -1"
        " else log1p(-erfc(0.70710678118654752 * x) / 2)",
        "log_ndtr",
        doc="log(ndtr(x)), exact in both tails",
    ),
    defined("lambda p: -1.4142135623730950488 * erfcinv(2*p)", "ndtri", "probit", doc="inverse of ndtr"),
    defined(
        "lambda x, y: erfc(x) - erfc(y) if min(x, y) > 0.5 else"
        " (erfc(-y) - erfc(-x) if max(x, y) < -0.5 else erf(y) - erf(x))",
        "erf2",
        doc="erf(y) - erf(x)",
    ),
    defined("lambda x: gamma(x + 1)", "factorial", doc="gamma(x + 1)"),
    defined(
        "lambda a, b: gamma(a) * exp(-lgamma_step(b, a)) if logical_and(abs(a) < 1, b > 0, a + b > 0) else"
        " (gamma(b) * exp(-lgamma_step(a, b)) if logical_and(abs(b) < 1, a > 0, a + b > 0) else"
        " (gamma(a) * gamma(b) * rgamma(a + b) if logical_and("
        "min(a, b) <= 0, max(abs(a), abs(b), abs(a + b)) < 100, logical_not(logical_and(a == floor(a), b == floor(b))))"
        " else (1 if min(a, b) > 0 else (1 - 2 * mod(min(abs(a), abs(b)), 2) if logical_and(max(a, b) > 0, a + b <= 0,"
        " a == floor(a), b == floor(b)) else gammasgn(a) * gammasgn(b) * gammasgn(a + b))) * exp(betaln(a, b))))",
        "beta",
        doc="gamma(a) * gamma(b) / gamma(a + b)",
    ),
    defined(
        "lambda n, k: (exp(lgamma_step(n - k + 1, k)) * rgamma(k + 1) if k < 1 else"
        " (exp(lgamma_step(k + 1, n - k)) * rgamma(n - k + 1) if n - k < 1 else"
        " exp(-betaln(n - k + 1, k + 1)) / (n + 1))) if logical_and(n - k > -1, k > -1) else"
        " ((1 - 2 * mod(k, 2)) * exp(-betaln(-n, k + 1)) / (k - n) if logical_and("
        "n < 0, k >= 0, n == floor(n), k == floor(k))"
        " else (exp(betaln(n + 1, k - n)) * sinpi(n - k + 1) / pi if logical_and(n > -1, n - k <= -1)"
        " else gamma(n + 1) * rgamma(k + 1) * rgamma(n - k + 1)))",
        "binom",
        "binomial",
        "comb",
        doc="binomial coefficient of real numbers",
    ),
    defined(
        "lambda x, m: poch_positive(x, m) if logical_and(x > 0, x + m > 0) else"
        " ((1 - 2 * mod(floor(m), 2) if logical_and(x == floor(x), m == floor(m)) else"
        " (cospi(m) - sinpi(m) * cotpi(x + m) if 4 * abs(m) < abs(x - round(x)) else sinpi(x) / sinpi(x + m)))"
        " * poch_positive(1 - x - m, m) if logical_and(x <= 0, x + m <= 0) else gamma(x + m) * rgamma(x))",
        "poch",
        "rf",
        "RisingFactorial",
        doc="gamma(x + m) / gamma(x)",
    ),
    defined("lambda x, k: poch(x - k + 1, k)", "ff", "FallingFactorial", "perm", doc="gamma(x + 1) / gamma(x - k + 1)"),
    defined("lambda x: 1 if x > 0 else 1 - 2 * mod(floor(x), 2)", "gammasgn", doc="sign of gamma(x)"),
    defined("lambda a, x: gamma_part(a, x, 0)", "gammainc", "igamma", doc="regularised lower incomplete gamma, a > 0"),
    defined("lambda a, x: gamma_part(a, x, 1)", "gammaincc", "igammac", doc="1 - gammainc(a, x), exact in its tail"),
    defined(
        "lambda a, x: lowergamma_of_large(a, x) if logical_and(a >= 20, x < (0.125 if a < 171.5 else 0.85)*a) else"
        " (exp(log(gamma_part(a, x, 0)) + lgamma(a)) if a > 171.5 else"
        " (gamma_part(a, x, 0) * gamma(a) if a > 0 else gamma(a) - uppergamma(a, x)))",
        "lowergamma",
        doc="lower incomplete gamma",
    ),
    defined("lambda x: -expi(-x) if x >= 0 else nan", "exp1", "E1", doc="exponential integral E_1, x > 0"),
    defined("lambda x: xlogy(-x, x) if x >= 0 else -inf", "entr", doc="-x * log(x), 0 at 0"),
    defined(
        "lambda x, y: (kl_div(x, y) + (x - y) if x > 0.5*y else xlogy(x, x/y)) if logical_and(x > 0, y > 0) else"
        " (0 if logical_and(x == 0, y >= 0) else inf)",
        "rel_entr",
        doc="x * log(x/y), 0 where x is 0",
    ),
    defined(
        "lambda d, r: r**2 / 2 if abs(r) < d else d * (abs(r) - d/2)", "huber", doc="r**2/2 within d, a line beyond"
    ),
)
"""Words that are a text of the language."""

OVERLOADS: dict[tuple[str, int], str] = {("zeta", 2): "lambda s, q: hurwitz(s, q)"}
"""Definitions for a second number of arguments, by canonical name."""


def _of_order(name: str, *below: str) -> Callable[[int], str]:
    """Return a function of n that gives the definition of order n: one of ``below``, or a word of any order."""
    return lambda n: f"lambda n, x: {below[n]}" if n < len(below) else f"lambda n, x: order_{name}(n, x)"


BY_ORDER: dict[str, Callable[[int], str]] = {
    "jn": _of_order("jn"),
    "yn": _of_order("yn"),
    "iv": _of_order("iv"),
    "kn": _of_order("kn"),
    "expn": _of_order("expn", "exp(-x) / x", "exp1(x)"),
    "polygamma": _of_order("polygamma", "digamma(x)"),
}
"""Definition by order of each word of ``OF_ORDER``."""

MAX_ORDER = 20
"""Greatest order."""
