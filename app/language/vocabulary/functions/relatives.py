"""Relatives of elementary and gamma functions, each a text of the language: names of C, R, MATLAB, Julia and SymPy."""

from __future__ import annotations

from app.language.vocabulary.word import Word, defined

ROOTS: tuple[Word, ...] = (
    defined(
        "lambda x, n: x**(1/n) if x >= 0 else (-(-x)**(1/n) if mod(n, 2) == 1 else nan)",
        *("nthroot", "nthRoot", "real_root", "surd", "Surd"),
        doc="real n-th root, of a negative x for odd n; n = 2 if not given",
    ),
)

TRIGONOMETRIC: tuple[Word, ...] = (
    defined("lambda x: cospi(x) / sinpi(x)", "cotpi", doc="cot(pi * x)"),
    defined("lambda x: asin(x) / pi", "asinpi", doc="asin(x) / pi"),
    defined("lambda x: acos(x) / pi", "acospi", doc="acos(x) / pi"),
    defined("lambda x: atan(x) / pi", "atanpi", doc="atan(x) / pi"),
    defined("lambda y, x: atan2(y, x) / pi", "atan2pi", doc="atan2(y, x) / pi"),
    defined("lambda x: asin(x) * (180 / pi)", "asind", "asindg", doc="asin(x) in degrees"),
    defined("lambda x: acos(x) * (180 / pi)", "acosd", "acosdg", doc="acos(x) in degrees"),
    defined("lambda x: atan(x) * (180 / pi)", "atand", "atandg", doc="atan(x) in degrees"),
    defined("lambda y, x: atan2(y, x) * (180 / pi)", "atan2d", doc="atan2(y, x) in degrees"),
    defined("lambda x: 1 / cosdg(x)", "secd", doc="secant of x in degrees"),
    defined("lambda x: 1 / sindg(x)", "cscd", doc="cosecant of x in degrees"),
)

EXPONENTIAL: tuple[Word, ...] = (
    defined(
        "lambda x: log1p(2 * sinh(x/2)**2) if abs(x) < 1 else abs(x) + log1p(expm1(-2 * abs(x)) / 2)",
        *("logcosh", "log_cosh"),
        doc="log(cosh(x)) without overflow",
    ),
    defined("lambda x: x + log1mexp(x)", "logexpm1", "log_expm1", doc="log(exp(x) - 1), x > 0"),
    defined("lambda x, y: x + log1mexp(x - y)", "logsubexp", "log_diff_exp", "logdiffexp", doc="log(exp(x) - exp(y))"),
    defined("lambda x: xlogy(x, x)", "xlogx", doc="x * log(x), 0 at 0"),
    defined("lambda x: expm1(x * log(2))", "exp2m1", doc="2**x - 1, exact near 0"),
    defined("lambda x: expm1(x * log(10))", "exp10m1", doc="10**x - 1, exact near 0"),
    defined("lambda x: log1p(x) / log(2)", "log2p1", doc="log2(1 + x), exact near 0"),
    defined("lambda x: log1p(x) / log(10)", "log10p1", doc="log10(1 + x), exact near 0"),
    defined(
        "lambda x, y: expm1(xlogy(y, x)) if logical_and(x > 0, abs(x**y - 1) < 0.5) else x**y - 1",
        "powm1",
        doc="x**y - 1, exact near 0",
    ),
    defined("lambda p: log(-log1p(-p))", "cloglog", doc="log(-log(1 - p))"),
)

GAMMAS: tuple[Word, ...] = (
    defined(  # what rounding x + 1 loses counts near 0
        "lambda x: lgamma(x + 1) + digamma(x + 1) * (x - ((x + 1) - 1)) if abs(x) < 0.5 else lgamma(x + 1)",
        *("lfactorial", "logfactorial", "log_factorial"),
        doc="log(gamma(x + 1))",
    ),
    defined(
        "lambda n, k: lgamma_step(n - k + 1, k) - lgamma_step(1, k) if logical_and(abs(k) < 1, n - k > -1) else"
        " (lgamma_step(k + 1, n - k) - lgamma_step(1, n - k) if logical_and(abs(n - k) < 1, k > -1) else"
        " -log(n + 1) - betaln(n - k + 1, k + 1))",
        *("lchoose", "log_binom"),
        doc="log of the binomial coefficient, n - k > -1 and k > -1",
    ),
    defined("lambda x: order_polygamma(2, x)", "tetragamma", doc="second derivative of digamma"),
    defined(
        "lambda x: li(x) - 1.0451637801174927848446", "Li", doc="li(x) - li(2), SymPy's Li; Li(n, z) is polylog(n, z)"
    ),
    defined(
        "lambda x: harmonic_near_zero(x) if abs(x) < 0.25 else digamma(x + 1) + 0.57721566490153286061",
        "harmonic",
        doc="harmonic number of real x; harmonic(x, m) is the sum of 1 / k**m",
    ),
)

DEFINED: tuple[Word, ...] = (*ROOTS, *TRIGONOMETRIC, *EXPONENTIAL, *GAMMAS)
"""Words that are a text of the language."""

_REST = (
    *("0.13313701469403143", "0.008849784597883887", "0.00078320663265751731", "7.7866464609900563e-5"),
    *("8.2459167064278225e-6", "9.0834408171632259e-7", "1.0277789964424068e-7", "1.1855428948546459e-8"),
    *("1.3873883862387975e-9", "1.6417563e-10"),
)
"""The sums of 1 / n**(k + 1) over n > 7, for k = 1, 2, ..."""

INNER: dict[str, Word] = {
    "harmonic_near_zero": defined(
        "lambda x: x * (sum(1 / (k * (k + x)) for k in range(1, 8)) + " + " - x * (".join(_REST) + ")" * len(_REST),
        "harmonic_near_zero",
        doc="harmonic(x) for small x, by its power series",
    ),
}
"""Words that only definitions may call."""

OVERLOADS: dict[tuple[str, int], str] = {
    ("nthroot", 1): "lambda x: sqrt(x)",
    ("harmonic", 2): "lambda x, m: harmonic(x) if m == 1 else zeta(m) - hurwitz(m, x + 1)",
}
"""Definitions for a second number of arguments, by canonical name."""
