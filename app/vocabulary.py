"""What a client may write: one row per function, and the constants. Data only.

A row is either *primitive*, with a SymPy node and an opcode of its own (see ``rules``), or *defined*, a text in
the language itself which the parser reads once and expands at each call. Names are what people type under NumPy,
JAX, SymPy and ``math``; a prefix such as ``jnp.`` is accepted on every name and changes nothing, except for the
names in ``QUALIFIED``, where libraries mean different functions by one name.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import sympy
from sympy.core.basic import Basic


@dataclass(frozen=True, slots=True)
class Word:
    """One function of the language.

    Attributes:
        names: every spelling; the first is the canonical one.
        doc: what it computes, in one line.
        arity: least and greatest number of arguments; None means no greatest.
        node: the SymPy class of a primitive.
        opcode: the tape instruction of a primitive, a key of ``rules.RULES``.
        definition: the lambda a defined word stands for.
        kind: what the arguments and the result are: numbers, conditions or arrays; "order" if the first argument is an
            integer known from the text, for which ``ORDERED`` has the definition.
        parameters: names of the parameters of a word of arrays, in order.
        keywords: those that may be given by name, and left out.
    """

    names: tuple[str, ...]
    doc: str
    arity: tuple[int, int | None] = (1, 1)
    node: type[Basic] | None = None
    opcode: str | None = None
    definition: str | None = None
    kind: str = "elementwise"
    parameters: tuple[str, ...] = ()
    keywords: tuple[str, ...] = ()


def _opaque(name: str) -> Any:
    """Return a SymPy function class that never evaluates itself."""
    return sympy.Function(name)


def _row(node: Any, opcode: str, *names: str, doc: str, arity: int = 1) -> Word:
    return Word(names, doc, (arity, arity), node, opcode)


def _defined(definition: str, *names: str, doc: str) -> Word:
    parameters = definition.removeprefix("lambda ").split(":", 1)[0].split(",")
    return Word(names, doc, (len(parameters), len(parameters)), definition=definition)


def _ordered(*names: str, doc: str) -> Word:
    return Word(names, doc, (2, 2), kind="order")


PRIMITIVES: tuple[Word, ...] = (
    _row(sympy.sin, "sin", "sin", doc="sine of x in radians"),
    _row(sympy.cos, "cos", "cos", doc="cosine of x in radians"),
    _row(sympy.tan, "tan", "tan", doc="tangent of x in radians"),
    _row(sympy.sec, "sec", "sec", doc="1 / cos(x)"),
    _row(sympy.csc, "csc", "csc", "cosec", doc="1 / sin(x)"),
    _row(sympy.cot, "cot", "cot", doc="1 / tan(x)"),
    _row(sympy.asin, "asin", "asin", "arcsin", doc="inverse sine, in [-pi/2, pi/2]"),
    _row(sympy.acos, "acos", "acos", "arccos", doc="inverse cosine, in [0, pi]"),
    _row(sympy.atan, "atan", "atan", "arctan", doc="inverse tangent, in [-pi/2, pi/2]"),
    _row(sympy.asec, "asec", "asec", "arcsec", doc="inverse secant, acos(1/x)"),
    _row(sympy.acsc, "acsc", "acsc", "arccsc", doc="inverse cosecant, asin(1/x)"),
    _row(sympy.acot, "acot", "acot", "arccot", doc="inverse cotangent, atan(1/x), in (-pi/2, pi/2]"),
    _row(sympy.sinh, "sinh", "sinh", doc="hyperbolic sine"),
    _row(sympy.cosh, "cosh", "cosh", doc="hyperbolic cosine"),
    _row(sympy.tanh, "tanh", "tanh", doc="hyperbolic tangent"),
    _row(sympy.sech, "sech", "sech", doc="1 / cosh(x)"),
    _row(sympy.csch, "csch", "csch", doc="1 / sinh(x)"),
    _row(sympy.coth, "coth", "coth", doc="1 / tanh(x)"),
    _row(sympy.asinh, "asinh", "asinh", "arcsinh", doc="inverse hyperbolic sine"),
    _row(sympy.acosh, "acosh", "acosh", "arccosh", doc="inverse hyperbolic cosine, x >= 1"),
    _row(sympy.atanh, "atanh", "atanh", "arctanh", doc="inverse hyperbolic tangent, -1 < x < 1"),
    _row(sympy.asech, "asech", "asech", "arcsech", doc="inverse hyperbolic secant, 0 < x <= 1"),
    _row(sympy.acsch, "acsch", "acsch", "arccsch", doc="inverse hyperbolic cosecant"),
    _row(sympy.acoth, "acoth", "acoth", "arccoth", doc="inverse hyperbolic cotangent, |x| > 1"),
    _row(sympy.exp, "exp", "exp", doc="e**x"),
    _row(_opaque("exp2"), "exp2", "exp2", doc="2**x"),
    _row(_opaque("expm1"), "expm1", "expm1", doc="exp(x) - 1, exact near 0"),
    _row(sympy.log, "log", "log", "ln", doc="natural logarithm; log(x, b) is the logarithm to base b"),
    _row(_opaque("log2"), "log2", "log2", doc="logarithm to base 2"),
    _row(_opaque("log10"), "log10", "log10", doc="logarithm to base 10"),
    _row(_opaque("log1p"), "log1p", "log1p", doc="log(1 + x), exact near 0"),
    _row(_opaque("cbrt"), "cbrt", "cbrt", doc="real cube root, also of negative x"),
    _row(sympy.Abs, "abs", "abs", "Abs", "absolute", "fabs", doc="|x|; the gradient at 0 is 1, as in JAX"),
    _row(sympy.sign, "sign", "sign", doc="-1, 0 or 1; gradient 0"),
    _row(sympy.floor, "floor", "floor", doc="greatest integer <= x; gradient 0"),
    _row(sympy.ceiling, "ceil", "ceil", "ceiling", doc="least integer >= x; gradient 0"),
    _row(_opaque("trunc"), "trunc", "trunc", "fix", doc="x without its fraction; gradient 0"),
    _row(_opaque("round"), "round", "round", "rint", "around", doc="nearest integer, ties to even; gradient 0"),
    _row(sympy.sinc, "usinc", "usinc", doc="sin(x) / x, 1 at 0: SymPy's sinc"),
    _row(_opaque("sigmoid"), "sigmoid", "sigmoid", "expit", "logistic", doc="1 / (1 + exp(-x))"),
    _row(_opaque("softplus"), "softplus", "softplus", doc="log(1 + exp(x))"),
    _row(sympy.erf, "erf", "erf", doc="error function"),
    _row(sympy.erfc, "erfc", "erfc", doc="1 - erf(x), exact for large x"),
    _row(_opaque("erfcx"), "erfcx", "erfcx", doc="exp(x**2) * erfc(x)"),
    _row(sympy.erfi, "erfi", "erfi", doc="imaginary error function, 2/sqrt(pi) * exp(x**2) * dawsn(x)"),
    _row(_opaque("dawsn"), "dawsn", "dawsn", doc="Dawson's integral"),
    _row(sympy.erfinv, "erfinv", "erfinv", "erf_inv", doc="inverse of erf"),
    _row(sympy.erfcinv, "erfcinv", "erfcinv", doc="inverse of erfc"),
    _row(sympy.gamma, "gamma", "gamma", doc="gamma function"),
    _row(sympy.loggamma, "lgamma", "lgamma", "gammaln", "loggamma", doc="log |gamma(x)|"),
    _row(_opaque("rgamma"), "rgamma", "rgamma", doc="1 / gamma(x), 0 at the poles"),
    _row(sympy.digamma, "digamma", "digamma", "psi", doc="derivative of lgamma"),
    _row(sympy.trigamma, "trigamma", "trigamma", doc="derivative of digamma"),
    _row(_opaque("betaln"), "betaln", "betaln", doc="log(beta(a, b)), a and b positive", arity=2),
    _row(sympy.zeta, "riemann", "zeta", doc="Riemann's zeta function; zeta(s, q) is Hurwitz', q > 0"),
    _row(_opaque("j0"), "j0", "j0", doc="Bessel function J of order 0"),
    _row(_opaque("j1"), "j1", "j1", doc="Bessel function J of order 1"),
    _row(_opaque("y0"), "y0", "y0", doc="Bessel function Y of order 0, x > 0"),
    _row(_opaque("y1"), "y1", "y1", doc="Bessel function Y of order 1, x > 0"),
    _row(_opaque("i0"), "i0", "i0", doc="modified Bessel function I of order 0"),
    _row(_opaque("i1"), "i1", "i1", doc="modified Bessel function I of order 1"),
    _row(_opaque("i0e"), "i0e", "i0e", "bessel_i0e", doc="exp(-|x|) * i0(x)"),
    _row(_opaque("i1e"), "i1e", "i1e", "bessel_i1e", doc="exp(-|x|) * i1(x)"),
    _row(_opaque("k0"), "k0", "k0", doc="modified Bessel function K of order 0, x > 0"),
    _row(_opaque("k1"), "k1", "k1", doc="modified Bessel function K of order 1, x > 0"),
    _row(_opaque("k0e"), "k0e", "k0e", doc="exp(x) * k0(x)"),
    _row(_opaque("k1e"), "k1e", "k1e", doc="exp(x) * k1(x)"),
    _row(sympy.Ei, "expi", "expi", "Ei", doc="exponential integral Ei"),
    _row(sympy.Si, "Si", "Si", doc="sine integral"),
    _row(sympy.Ci, "Ci", "Ci", doc="cosine integral, x > 0"),
    _row(sympy.Shi, "Shi", "Shi", doc="hyperbolic sine integral"),
    _row(sympy.Chi, "Chi", "Chi", doc="hyperbolic cosine integral, x > 0"),
    _row(sympy.fresnels, "fresnels", "fresnels", doc="Fresnel's integral of sin(pi/2 * t**2)"),
    _row(sympy.fresnelc, "fresnelc", "fresnelc", doc="Fresnel's integral of cos(pi/2 * t**2)"),
    _row(sympy.LambertW, "lambertw", "lambertw", "LambertW", doc="w with w * exp(w) = x, the branch w >= -1"),
    _row(_opaque("exprel"), "exprel", "exprel", doc="(exp(x) - 1) / x, 1 at 0"),
    _row(_opaque("sindg"), "sindg", "sindg", doc="sine of x in degrees"),
    _row(_opaque("cosdg"), "cosdg", "cosdg", doc="cosine of x in degrees"),
    _row(_opaque("kl_div"), "kl_div", "kl_div", doc="x * log(x/y) - x + y", arity=2),
    _row(sympy.atan2, "atan2", "atan2", "arctan2", doc="angle of the point (x, y); the arguments are y, x", arity=2),
    _row(_opaque("hypot"), "hypot", "hypot", doc="sqrt(x**2 + y**2) without overflow", arity=2),
    _row(_opaque("logaddexp"), "logaddexp", "logaddexp", doc="log(exp(x) + exp(y)) without overflow", arity=2),
    _row(_opaque("xlogy"), "xlogy", "xlogy", doc="x * log(y), 0 where x is 0", arity=2),
    _row(_opaque("xlog1py"), "xlog1py", "xlog1py", doc="x * log(1 + y), 0 where x is 0", arity=2),
    _row(_opaque("soft_sign"), "soft_sign", "soft_sign", "softsign", doc="x / (1 + |x|)"),
    _row(
        _opaque("celu"),
        "celu",
        "celu",
        doc="x above 0, a * (exp(x/a) - 1) below, with a = 1 if not given",
        arity=2,
    ),
    _row(_opaque("copysign"), "copysign", "copysign", doc="|x| with the sign of y", arity=2),
    _row(sympy.Mod, "mod", "mod", "Mod", "remainder", doc="x % y, with the sign of y", arity=2),
    _row(_opaque("fmod"), "fmod", "fmod", doc="remainder of x / y with the sign of x, as in C", arity=2),
    _row(_opaque("floor_divide"), "floor_divide", "floor_divide", doc="x // y; gradient 0", arity=2),
    Word(("max", "Max"), "the greatest argument; ties share in halves", (2, None), sympy.Max, "maximum"),
    Word(("min", "Min"), "the least argument; ties share in halves", (2, None), sympy.Min, "minimum"),
    Word(("logical_and", "And"), "all conditions hold", (2, None), sympy.And, "and", kind="logic"),
    Word(("logical_or", "Or"), "some condition holds", (2, None), sympy.Or, "or", kind="logic"),
    Word(("logical_not", "Not"), "the condition does not hold", (1, 1), sympy.Not, "not", kind="logic"),
    Word(
        ("Piecewise",),
        "Piecewise((value, condition), ..., (value, True)): the first value whose condition holds; nan if none",
        (1, None),
        sympy.Piecewise,
        "select",
        kind="piecewise",
    ),
    _ordered("jn", "jv", "besselj", doc="Bessel function J of integer order n from 0 to 20"),
    _ordered("yn", "yv", "bessely", doc="Bessel function Y of integer order n from 0 to 20, x > 0"),
    _ordered("iv", "besseli", doc="modified Bessel function I of integer order n from 0 to 20"),
    _ordered("kn", "kv", "besselk", doc="modified Bessel function K of integer order n from 0 to 20, x > 0"),
    _ordered("expn", "expint", doc="exponential integral E_n of integer order n from 0 to 20, x > 0"),
    _ordered("polygamma", doc="n-th derivative of digamma, n from 0 to 20; x > 0 from n = 2 on"),
)

INNER: dict[str, Word] = {
    "hurwitz": _row(_opaque("hurwitz"), "zeta", "hurwitz", doc="zeta(s, q)", arity=2),
    "j_series": _row(_opaque("j_series"), "j_series", "j_series", doc="jn below about its order", arity=2),
    "i_integral": _row(_opaque("i_integral"), "i_integral", "i_integral", doc="iv for |x| < 220", arity=2),
    "expn_far": _row(_opaque("expn_far"), "expn_far", "expn_far", doc="expn for x > 1", arity=2),
    "gamma_part": _row(_opaque("gamma_part"), "gamma_part", "gamma_part", doc="gammainc, or gammaincc", arity=3),
    "betainc_ab": _row(_opaque("betainc_ab"), "betainc_ab", "betainc_ab", doc="betainc of a and b", arity=3),
    "betainc_x": _row(_opaque("betainc_x"), "betainc_x", "betainc_x", doc="0, with betainc's slope by x", arity=3),
}
"""Primitives that only definitions may call."""

DEFINED_SPECIAL: tuple[Word, ...] = (
    _defined("lambda x: 10**x", "exp10", doc="10**x"),
    _defined("lambda x: -2 * sin(x/2)**2", "cosm1", doc="cos(x) - 1, exact near 0"),
    _defined("lambda x: 2 * atan(tanh(x/2))", "gd", doc="Gudermannian"),
    _defined("lambda x: sindg(x) / cosdg(x)", "tandg", doc="tangent of x in degrees"),
    _defined("lambda x: cosdg(x) / sindg(x)", "cotdg", doc="cotangent of x in degrees"),
    _defined("lambda x: x - floor(x)", "frac", doc="x less floor(x)"),
    _defined("lambda x, y, z: x*y + z", "fma", doc="x*y + z"),
    _defined("lambda x, n: x * 2**n", "ldexp", doc="x * 2**n"),
    _defined("lambda x, y: 1 if x == y else 0", "KroneckerDelta", doc="1 where both are equal, else 0"),
    _defined("lambda x: erfc(-0.70710678118654752 * x) / 2", "ndtr", doc="normal distribution function"),
    _defined(
        "lambda x: log(erfcx(-0.70710678118654752 * x) / 2) - x**2 / 2 if x < -1"
        " else log1p(-erfc(0.70710678118654752 * x) / 2)",
        "log_ndtr",
        doc="log(ndtr(x)), exact in both tails",
    ),
    _defined("lambda p: -1.4142135623730950488 * erfcinv(2*p)", "ndtri", doc="inverse of ndtr"),
    _defined(
        "lambda x, y: erfc(x) - erfc(y) if min(x, y) > 0.5 else"
        " (erfc(-y) - erfc(-x) if max(x, y) < -0.5 else erf(y) - erf(x))",
        "erf2",
        doc="erf(y) - erf(x)",
    ),
    _defined("lambda x: gamma(x + 1)", "factorial", doc="gamma(x + 1)"),
    _defined(
        "lambda a, b: exp(betaln(a, b)) if logical_and(a > 0, b > 0) else gamma(a) * gamma(b) * rgamma(a + b)",
        "beta",
        doc="gamma(a) * gamma(b) / gamma(a + b)",
    ),
    _defined(
        "lambda n, k: exp(-betaln(n - k + 1, k + 1)) / (n + 1) if logical_and(n - k > -1, k > -1)"
        " else gamma(n + 1) * rgamma(k + 1) * rgamma(n - k + 1)",
        "binom",
        "binomial",
        "comb",
        doc="binomial coefficient of real numbers",
    ),
    _defined(
        "lambda x, m: exp(lgamma(m) - betaln(x, m)) if logical_and(x > 0, m > 0.25) else"
        " (exp(lgamma(m + 1) - betaln(x, m + 1)) / (x + m) if logical_and(x > 0, x + m > 0, m > -0.75)"
        " else gamma(x + m) * rgamma(x))",
        "poch",
        "rf",
        "RisingFactorial",
        doc="gamma(x + m) / gamma(x)",
    ),
    _defined(
        "lambda x, k: poch(x - k + 1, k)", "ff", "FallingFactorial", "perm", doc="gamma(x + 1) / gamma(x - k + 1)"
    ),
    _defined("lambda x: 1 if x > 0 else 1 - 2 * mod(floor(x), 2)", "gammasgn", doc="sign of gamma(x)"),
    _defined("lambda a, x: gamma_part(a, x, 0)", "gammainc", "igamma", doc="regularised lower incomplete gamma, a > 0"),
    _defined("lambda a, x: gamma_part(a, x, 1)", "gammaincc", "igammac", doc="1 - gammainc(a, x), exact in its tail"),
    _defined("lambda a, x: gamma_part(a, x, 0) * gamma(a)", "lowergamma", doc="lower incomplete gamma, a > 0"),
    _defined("lambda a, x: gamma_part(a, x, 1) * gamma(a)", "uppergamma", doc="upper incomplete gamma, a > 0"),
    _defined(
        "lambda a, b, x: betainc_ab(a, b, x) + betainc_x(a, b, x)",
        "betainc",
        "regularized_incomplete_beta",
        doc="regularised incomplete beta, 0 <= x <= 1",
    ),
    _defined("lambda x: -expi(-x) if x >= 0 else nan", "exp1", "E1", doc="exponential integral E_1, x > 0"),
    _defined("lambda x: expi(log(x))", "li", doc="logarithmic integral"),
    _defined("lambda x: xlogy(-x, x) if x >= 0 else -inf", "entr", doc="-x * log(x), 0 at 0"),
    _defined(
        "lambda x, y: x * log(x/y) if logical_and(x > 0, y > 0) else (0 if logical_and(x == 0, y >= 0) else inf)",
        "rel_entr",
        doc="x * log(x/y), 0 where x is 0",
    ),
    _defined(
        "lambda d, r: r**2 / 2 if abs(r) <= d else d * (abs(r) - d/2)", "huber", doc="r**2/2 within d, a line beyond"
    ),
    _defined("lambda d, r: r**2 / ((1 + (r/d)**2)**(1/2) + 1)", "pseudo_huber", doc="d**2 * (sqrt(1 + (r/d)**2) - 1)"),
    _defined("lambda x, l: log(x) * exprel(l * log(x))", "boxcox", doc="(x**l - 1) / l, log(x) for l = 0"),
    _defined("lambda x, l: log1p(x) * exprel(l * log1p(x))", "boxcox1p", doc="boxcox(1 + x, l)"),
)
"""Special functions, and what SciPy keeps beside them."""

DEFINED: tuple[Word, ...] = (
    _defined("lambda x: x**(1/2)", "sqrt", doc="square root"),
    _defined("lambda x: x**-(1/2)", "rsqrt", doc="1 / sqrt(x)"),
    _defined("lambda x: x**2", "square", doc="x**2"),
    _defined("lambda x: x**-1", "reciprocal", doc="1 / x"),
    _defined("lambda x: -x", "negative", "neg", doc="-x"),
    _defined("lambda x: x", "positive", doc="x"),
    _defined("lambda x, y: x + y", "add", doc="x + y"),
    _defined("lambda x, y: x - y", "subtract", "sub", doc="x - y"),
    _defined("lambda x, y: x * y", "multiply", "mul", doc="x * y"),
    _defined("lambda x, y: x / y", "divide", "true_divide", "div", doc="x / y"),
    _defined("lambda x, y: x**y", "power", "pow", "Pow", "float_power", doc="x**y"),
    _defined("lambda p, q: p / q", "Rational", doc="p / q, exact as an exponent"),
    _defined("lambda x, n: x**(1/n)", "root", doc="the n-th root of x >= 0"),
    _defined("lambda x: x", "Integer", "Float", "float", doc="x"),
    _defined("lambda x, y: max(x, y)", "maximum", "fmax", doc="the greater of two; ties share in halves"),
    _defined("lambda x, y: min(x, y)", "minimum", "fmin", doc="the less of two; ties share in halves"),
    _defined("lambda x, low, high: min(max(x, low), high)", "clip", "clamp", doc="x kept within [low, high]"),
    _defined("lambda c, x, y: x if c else y", "where", doc="x where the condition holds, else y"),
    _defined("lambda x, y: x > y", "greater", "Gt", "StrictGreaterThan", doc="x > y"),
    _defined("lambda x, y: x >= y", "greater_equal", "Ge", "GreaterThan", doc="x >= y"),
    _defined("lambda x, y: x < y", "less", "Lt", "StrictLessThan", doc="x < y"),
    _defined("lambda x, y: x <= y", "less_equal", "Le", "LessThan", doc="x <= y"),
    _defined("lambda x, y: x == y", "equal", "Eq", "Equality", doc="x == y"),
    _defined("lambda x, y: x != y", "not_equal", "Ne", "Unequality", doc="x != y"),
    _defined(
        "lambda x, y: logical_and(logical_or(x, y), logical_not(logical_and(x, y)))",
        "logical_xor",
        "Xor",
        doc="exactly one condition holds",
    ),
    _defined(
        "lambda x, h: 0.0 if x < 0 else (h if x == 0 else (1.0 if x > 0 else x))",
        "heaviside",
        "Heaviside",
        doc="0 below 0, 1 above, h at 0 (1/2 if not given)",
    ),
    _defined("lambda x: x * (pi / 180)", "deg2rad", "radians", "rad", doc="degrees to radians"),
    _defined("lambda x: x * (180 / pi)", "rad2deg", "degrees", "deg", doc="radians to degrees"),
    _defined("lambda x: usinc(pi * x)", "sinc", doc="sin(pi*x) / (pi*x), 1 at 0: NumPy's sinc"),
    _defined("lambda x, y: logaddexp(x * log(2), y * log(2)) / log(2)", "logaddexp2", doc="log2(2**x + 2**y)"),
    _defined("lambda x: -softplus(-x)", "log_sigmoid", "log_expit", doc="log(sigmoid(x))"),
    _defined(
        "lambda x: 2*atanh(2*x - 1) if abs(x - 0.5) < 0.25 else log(x) - log1p(-x)", "logit", doc="log(x / (1 - x))"
    ),
    _defined("lambda x: x if x > 0 else 0", "relu", doc="max(x, 0); the gradient at 0 is 0"),
    _defined("lambda x: 0 if x <= 0 else (6 if x >= 6 else x)", "relu6", doc="x kept within [0, 6]"),
    _defined("lambda x: x * sigmoid(x)", "silu", "swish", doc="x * sigmoid(x)"),
    _defined("lambda x: x * tanh(softplus(x))", "mish", doc="x * tanh(softplus(x))"),
    _defined("lambda x: x if x > 0 else expm1(x)", "elu", doc="x above 0, exp(x) - 1 below"),
    _defined(
        "lambda x: 1.0507009873554804934193349852946 * (x if x > 0 else 1.6732632423543772848170429916717 * expm1(x))",
        "selu",
        doc="scaled elu (Klambauer et al. 2017)",
    ),
    _defined("lambda x: x if x >= 0 else 0.01 * x", "leaky_relu", doc="x above 0, x / 100 below"),
    _defined(
        "lambda x: x * sigmoid(2 * (2/pi)**(1/2) * (x + 0.044715 * x**3))",
        "gelu",
        doc="Gaussian error linear unit, the tanh approximation that jax.nn.gelu uses by default",
    ),
    _defined("lambda x: 1 if x > 1 else (-1 if x < -1 else x)", "hard_tanh", "hardtanh", doc="x kept within [-1, 1]"),
    _defined("lambda x: relu6(x + 3) / 6", "hard_sigmoid", doc="relu6(x + 3) / 6"),
    _defined("lambda x: x * (relu6(x + 3) / 6)", "hard_silu", "hard_swish", doc="x * hard_sigmoid(x)"),
    _defined(
        "lambda x: squareplus(x, 4)",
        "squareplus",
        doc="(x + sqrt(x**2 + b)) / 2, with b = 4 if not given",
    ),
    _defined("lambda x: log(-expm1(-x)) if x < 0.7 else log1p(-exp(-x))", "log1mexp", doc="log(1 - exp(-x)), x > 0"),
    _defined(
        "lambda x: 0 if x <= -1 else (x if x >= 1 else (x + 1)**2 / 4)",
        "sparse_plus",
        doc="0 below -1, x above 1, (x + 1)**2 / 4 between",
    ),
    _defined("lambda x: 0 if x <= -1 else (1 if x >= 1 else (x + 1) / 2)", "sparse_sigmoid", doc="its slope"),
    *DEFINED_SPECIAL,
)


def _array(signature: str, *names: str, doc: str) -> Word:
    """Return a word of arrays; what has a = in its signature may be left out, * stands for any number."""
    parameters = tuple(signature.replace(" ", "").split(",")) if signature else ()
    required = [name for name in parameters if not name.endswith("=") and name != "*"]
    optional = tuple(name[:-1] for name in parameters if name.endswith("="))
    most = None if "*" in parameters else len(parameters)
    everything = tuple(name.rstrip("=") for name in parameters if name != "*")
    return Word(names, doc, (len(required), most), kind="array", parameters=everything, keywords=optional)


ARRAYS: tuple[Word, ...] = (
    _array("x, axis=, dtype=, out=, keepdims=", "sum", doc="sum of all elements, or along an axis"),
    _array("x, axis=, dtype=, out=, keepdims=", "prod", "product", doc="product of all elements, or along an axis"),
    _array("x, axis=, dtype=, out=, keepdims=", "mean", doc="mean of all elements, or along an axis"),
    _array("x, axis=, dtype=, out=, ddof=, keepdims=", "var", doc="variance; ddof is subtracted from the count"),
    _array("x, axis=, dtype=, out=, ddof=, keepdims=", "std", doc="standard deviation"),
    _array("x, axis=, out=, keepdims=", "amax", doc="greatest element; max(x) of an array"),
    _array("x, axis=, out=, keepdims=", "amin", doc="least element; min(x) of an array"),
    _array("x, axis=, out=, keepdims=", "ptp", doc="greatest less least element"),
    _array("x, axis=, weights=", "average", doc="weighted mean"),
    _array("x, axis=", "median", doc="middle element, or the mean of the two in the middle"),
    _array("x, axis=", "sort", "sorted", doc="elements in ascending order"),
    _array("x, axis=", "cumsum", doc="sums of the first elements"),
    _array("x, axis=", "cumprod", doc="products of the first elements"),
    _array("x, n=, axis=", "diff", "ediff1d", doc="differences of neighbours, n times"),
    _array("y, x=, dx=, axis=", "trapezoid", "trapz", doc="integral by the trapezoidal rule"),
    _array("x, ord=, axis=, keepdims=", "norm", "vector_norm", doc="Euclidean norm; ord 1, 2, inf or another number"),
    _array("x, axis=, b=, keepdims=", "logsumexp", doc="log of the sum of b * exp(x), without overflow"),
    _array("x, axis=", "softmax", doc="exp(x) / sum(exp(x)), without overflow"),
    _array("x, axis=", "log_softmax", doc="log of softmax, exact in the tails"),
    _array("x, axis=", "all", "alltrue", doc="whether all conditions hold"),
    _array("x, axis=", "any", "sometrue", doc="whether some condition holds"),
    _array("x, y", "dot", doc="scalar product, or matrix product, as numpy.dot"),
    _array("x, y", "matmul", doc="matrix product, x @ y"),
    _array("x, y", "inner", doc="product over the last axes"),
    _array("x, y", "vdot", doc="scalar product of all elements"),
    _array("x, y", "outer", doc="products of each element of x with each of y"),
    _array("x, y", "kron", doc="Kronecker product"),
    _array("x, y", "cross", doc="vector product in three dimensions, or its third component in two"),
    _array("x, y, axes=", "tensordot", doc="product over several axes"),
    _array("x, y", "convolve", doc="full discrete convolution"),
    _array("p, x", "polyval", doc="polynomial with coefficients p, the highest power first"),
    _array("x", "multi_dot", doc="matrix product of a list"),
    _array("x, n", "matrix_power", doc="n-th power of a square matrix"),
    _array("x, offset=", "trace", doc="sum of the diagonal"),
    _array("x", "det", doc="determinant"),
    _array("x", "slogdet", doc="(sign, log |determinant|)"),
    _array("x", "inv", doc="inverse matrix"),
    _array("a, b", "solve", doc="x of a @ x = b"),
    _array("x", "cholesky", doc="lower triangular L with L @ L.T = x"),
    _array("x, k=", "diag", doc="diagonal of a matrix, or the matrix of a diagonal"),
    _array("x, offset=", "diagonal", doc="diagonal of a matrix"),
    _array("x, k=", "tril", doc="lower triangle"),
    _array("x, k=", "triu", doc="upper triangle"),
    _array("n, m=, k=, dtype=", "eye", doc="ones on the diagonal"),
    _array("n, dtype=", "identity", doc="unit matrix"),
    _array("shape, dtype=", "zeros", doc="array of zeros"),
    _array("shape, dtype=", "ones", doc="array of ones"),
    _array("shape, fill_value, dtype=", "full", doc="array of one value"),
    _array("x, dtype=", "zeros_like", doc="zeros in the shape of x"),
    _array("x, dtype=", "ones_like", doc="ones in the shape of x"),
    _array("x, fill_value, dtype=", "full_like", doc="one value in the shape of x"),
    _array("x, dtype=", "array", "asarray", "Matrix", doc="array of nested lists"),
    _array("x", "list", "tuple", doc="items as a list"),
    _array("start, stop=, step=, dtype=", "arange", doc="numbers from start to before stop"),
    _array("start, stop=, step=", "range", doc="integers from start to before stop"),
    _array("start, stop, num=, endpoint=, dtype=", "linspace", doc="num evenly spaced numbers, 50 if not given"),
    _array("x, axis=", "concatenate", "concat", doc="arrays end to end"),
    _array("x, y, axis=", "append", doc="two arrays end to end"),
    _array("x, axis=", "stack", doc="arrays along a new axis"),
    _array("x", "hstack", doc="arrays side by side"),
    _array("x", "vstack", doc="arrays one below the other"),
    _array("x", "column_stack", doc="vectors as columns"),
    _array("x, shape, *", "reshape", doc="the same elements in another shape"),
    _array("x", "ravel", "flatten", doc="all elements in one axis"),
    _array("x, axes=", "transpose", doc="axes reversed, or in the order given"),
    _array("x, axis1, axis2", "swapaxes", doc="two axes exchanged"),
    _array("x, source, destination", "moveaxis", doc="an axis moved"),
    _array("x, axis", "expand_dims", doc="a new axis of length 1"),
    _array("x, axis=", "squeeze", doc="without axes of length 1"),
    _array("x, shape", "broadcast_to", doc="x repeated to a shape"),
    _array("x, axis=", "flip", doc="elements in reverse order"),
    _array("x, shift, axis=", "roll", doc="elements moved round"),
    _array("x, reps", "tile", doc="x several times over"),
    _array("x, repeats, axis=", "repeat", doc="each element several times"),
    _array("x, indices, axis=", "take", doc="elements at integer indices"),
    _array("x, y, *", "meshgrid", doc="coordinate arrays of a grid"),
    _array("x", "atleast_1d", doc="x with at least one axis"),
    _array("x", "len", doc="length of the first axis"),
    _array("x, axis=", "size", doc="number of elements"),
    _array("x", "ndim", doc="number of axes"),
    _array("x", "shape", doc="lengths of all axes"),
    _array("x, start=", "enumerate", doc="pairs of index and item"),
    _array("x, *", "zip", doc="items side by side"),
    _array("x", "reversed", doc="items in reverse order"),
)
"""Functions of whole arrays, computed by ``arrays`` while the text is read."""

REDUCTIONS: dict[str, str] = {"max": "amax", "min": "amin"}
"""What a function of several numbers is when it is given one array."""

OVERLOADS: dict[tuple[str, int], str] = {
    ("log", 2): "lambda x, b: log(x) / log(b)",
    ("zeta", 2): "lambda s, q: hurwitz(s, q)",
    ("gelu", 2): (
        "lambda x, approximate: x * sigmoid(2 * (2/pi)**(1/2) * (x + 0.044715 * x**3)) if approximate"
        " else x * erfc(-0.70710678118654752 * x) / 2"
    ),
    ("heaviside", 1): "lambda x: heaviside(x, 1/2)",
    ("leaky_relu", 2): "lambda x, slope: x if x >= 0 else slope * x",
    ("elu", 2): "lambda x, alpha: x if x > 0 else alpha * expm1(x)",
    ("celu", 1): "lambda x: celu(x, 1)",
    ("squareplus", 2): ("lambda x, b: 0.5 * (x + (x**2 + b)**(1/2)) if x > 0 else 0.5 * b / ((x**2 + b)**(1/2) - x)"),
}
"""Definitions for a second number of arguments, by canonical name."""


def _recurrence(first: str, second: str, sign: str) -> Callable[[int], list[str]]:
    """Return what makes the lines that lead to order n >= 2 by z[k+1] = 2k/x * z[k] + z[k-1], with these signs."""

    def lines(n: int) -> list[str]:
        steps = [f"z{k + 1} = {sign[0]}{2 * k} / x * z{k} {sign[1]} z{k - 1}" for k in range(1, n)]
        return [f"z0 = {first}(x)", f"z1 = {second}(x)", *steps]

    return lines


def _bessel(first: str, second: str, sign: str, result: str = "z{n}") -> Callable[[int], str]:
    """Return what makes the definition of an order from those of 0 and 1."""
    lines = _recurrence(first, second, sign)

    def define(n: int) -> str:
        if n < 2:
            return f"lambda n, x: {second if n else first}(x)"
        body = [*lines(n), f"return {result.format(n=n, limit=max(8, n * n / 2))}"]
        return "def f(n, x):\n    " + "\n    ".join(body)

    return define


def _exponential(n: int) -> str:
    """Return the definition of E_n: from E_1 by its recurrence up to 3 (DLMF 8.19.12)."""
    if n < 2:
        return "lambda n, x: exp1(x)" if n else "lambda n, x: exp(-x) / x"
    steps = [f"z{k + 1} = (d - x * z{k}) / {k}" for k in range(1, n)]
    body = ["d = exp(-x)", "z1 = exp1(x) if x > 0 else 0", *steps]
    body.append(f"return nan if x < 0 else (z{n} if x <= 3 else expn_far(n, x))")
    return "def f(n, x):\n    " + "\n    ".join(body)


def _polygamma(n: int) -> str:
    """Return the definition of the n-th derivative of digamma (DLMF 5.15.1)."""
    if n < 2:
        return f"lambda n, x: {'trigamma' if n else 'digamma'}(x)"
    return f"lambda n, x: {(-1) ** (n + 1) * math.factorial(n)} * hurwitz({n + 1}, x)"


ORDERED: dict[str, Callable[[int], str]] = {
    "jn": _bessel("j0", "j1", "+-", "j_series(n, x) if abs(x) < 0.75 * n else z{n}"),
    "yn": _bessel("y0", "y1", "+-"),
    "iv": _bessel("i0", "i1", "-+", "i_integral(n, x) if abs(x) < {limit} else z{n}"),
    "kn": _bessel("k0", "k1", "++"),
    "expn": _exponential,
    "polygamma": _polygamma,
}
"""Definitions by order, for the words of that kind; ``MAX_ORDER`` is the greatest."""

MAX_ORDER = 20

QUALIFIED: dict[tuple[str, str], str] = {
    ("sympy", "sinc"): "usinc",
    ("jax", "identity"): "positive",
}
"""(library, name) -> canonical name, where the prefix decides; the bare name is NumPy's."""

ABSENT: dict[tuple[str, str], str] = {
    ("math", "remainder"): "x - y*round(x/y)",
    ("sympy", "jn"): "besselj(n, x), which is not spherical",
    ("sympy", "yn"): "bessely(n, x), which is not spherical",
    ("sympy", "betainc"): "scipy.special.betainc(a, b, x), which is regularised",
    ("scipy", "sici"): "Si(x) or Ci(x)",
    ("scipy", "shichi"): "Shi(x) or Chi(x)",
    ("scipy", "fresnel"): "fresnels(x) or fresnelc(x)",
}
"""(library, name) -> what to write instead, where a name means here what that library does not mean by it."""

CONSTANTS: dict[str, float] = {"pi": math.pi, "e": math.e, "E": math.e, "inf": math.inf, "nan": math.nan}
"""Constants by bare name, which an argument of the same name takes over."""

CONSTANTS_TEXT: dict[str, str] = {name: repr(value) for name, value in CONSTANTS.items()}
"""The same, as text: JSON has no infinity."""

QUALIFIED_CONSTANTS: dict[str, float] = CONSTANTS | {
    "tau": math.tau,
    "oo": math.inf,
    "euler_gamma": 0.57721566490153286061,
    "EulerGamma": 0.57721566490153286061,
    "GoldenRatio": (1 + math.sqrt(5)) / 2,
}
"""Constants that need a prefix (``math.tau``), because bare they are names people give to arguments."""

PREFIXES: dict[str, str] = {
    "math": "math",
    "np": "numpy",
    "numpy": "numpy",
    "jnp": "numpy",
    "jax.numpy": "numpy",
    "lax": "numpy",
    "jax.lax": "numpy",
    "nn": "jax",
    "jax.nn": "jax",
    "jax.scipy.special": "scipy",
    "jsp.special": "scipy",
    "scipy.special": "scipy",
    "special": "scipy",
    "np.linalg": "numpy",
    "jnp.linalg": "numpy",
    "numpy.linalg": "numpy",
    "jax.numpy.linalg": "numpy",
    "linalg": "numpy",
    "scipy.linalg": "numpy",
    "jax.scipy.linalg": "numpy",
    "sympy": "sympy",
    "sp": "sympy",
    "sym": "sympy",
}
"""Prefix -> the library whose meaning it selects."""


def words() -> Iterator[Word]:
    """Yield every word, primitives first."""
    yield from PRIMITIVES
    yield from DEFINED
    yield from ARRAYS


BY_NAME: dict[str, Word] = {name: word for word in words() for name in word.names}
"""Word by any of its names."""

OPCODES: dict[type[Basic], str] = {
    word.node: word.opcode for word in (*PRIMITIVES, *INNER.values()) if word.node and word.opcode
}
"""Opcode by SymPy class, for the functions; sums, products and powers are the tape's own business."""

FOLDED_LEFT = frozenset({"maximum", "minimum", "and", "or"})
"""Opcodes of two operands whose words take any number, folded from the left."""
