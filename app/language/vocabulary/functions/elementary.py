"""Elementary functions, activation functions, comparisons, choices and rounding."""

from __future__ import annotations

import sympy

from app.language.vocabulary.word import Word, defined, opaque, primitive

OF_ONE: tuple[Word, ...] = (
    primitive(sympy.sin, "sin", "sin", doc="sine of x in radians"),
    primitive(sympy.cos, "cos", "cos", doc="cosine of x in radians"),
    primitive(sympy.tan, "tan", "tan", doc="tangent of x in radians"),
    primitive(sympy.sec, "sec", "sec", doc="1 / cos(x)"),
    primitive(sympy.csc, "csc", "csc", "cosec", doc="1 / sin(x)"),
    primitive(sympy.cot, "cot", "cot", doc="1 / tan(x)"),
    primitive(sympy.asin, "asin", "asin", "arcsin", doc="inverse sine, in [-pi/2, pi/2]"),
    primitive(sympy.acos, "acos", "acos", "arccos", doc="inverse cosine, in [0, pi]"),
    primitive(sympy.atan, "atan", "atan", "arctan", doc="inverse tangent, in [-pi/2, pi/2]"),
    primitive(sympy.asec, "asec", "asec", "arcsec", doc="inverse secant, acos(1/x)"),
    primitive(sympy.acsc, "acsc", "acsc", "arccsc", doc="inverse cosecant, asin(1/x)"),
    primitive(sympy.acot, "acot", "acot", "arccot", doc="inverse cotangent, atan(1/x), in (-pi/2, pi/2]"),
    primitive(sympy.sinh, "sinh", "sinh", doc="hyperbolic sine"),
    primitive(sympy.cosh, "cosh", "cosh", doc="hyperbolic cosine"),
    primitive(sympy.tanh, "tanh", "tanh", doc="hyperbolic tangent"),
    primitive(sympy.sech, "sech", "sech", doc="1 / cosh(x)"),
    primitive(sympy.csch, "csch", "csch", doc="1 / sinh(x)"),
    primitive(sympy.coth, "coth", "coth", doc="1 / tanh(x)"),
    primitive(sympy.asinh, "asinh", "asinh", "arcsinh", doc="inverse hyperbolic sine"),
    primitive(sympy.acosh, "acosh", "acosh", "arccosh", doc="inverse hyperbolic cosine, x >= 1"),
    primitive(sympy.atanh, "atanh", "atanh", "arctanh", doc="inverse hyperbolic tangent, -1 < x < 1"),
    primitive(sympy.asech, "asech", "asech", "arcsech", doc="inverse hyperbolic secant, 0 < x <= 1"),
    primitive(sympy.acsch, "acsch", "acsch", "arccsch", doc="inverse hyperbolic cosecant"),
    primitive(sympy.acoth, "acoth", "acoth", "arccoth", doc="inverse hyperbolic cotangent, |x| > 1"),
    primitive(sympy.exp, "exp", "exp", doc="e**x"),
    primitive(opaque("exp2"), "exp2", "exp2", doc="2**x"),
    primitive(opaque("expm1"), "expm1", "expm1", doc="exp(x) - 1, exact near 0"),
    primitive(sympy.log, "log", "log", "ln", doc="natural logarithm; log(x, b) is the logarithm to base b"),
    primitive(opaque("log2"), "log2", "log2", doc="logarithm to base 2"),
    primitive(opaque("log10"), "log10", "log10", doc="logarithm to base 10"),
    primitive(opaque("log1p"), "log1p", "log1p", doc="log(1 + x), exact near 0"),
    primitive(opaque("cbrt"), "cbrt", "cbrt", doc="real cube root, also of negative x"),
    primitive(sympy.Abs, "abs", "abs", "Abs", "absolute", "fabs", doc="|x|; the gradient at 0 is 1, as in JAX"),
    primitive(sympy.sign, "sign", "sign", "sgn", doc="-1, 0 or 1; gradient 0"),
    primitive(sympy.floor, "floor", "floor", doc="greatest integer <= x; gradient 0"),
    primitive(sympy.ceiling, "ceil", "ceil", "ceiling", doc="least integer >= x; gradient 0"),
    primitive(opaque("trunc"), "trunc", "trunc", "fix", doc="x without its fraction; gradient 0"),
    primitive(
        opaque("round"),
        "round",
        "round",
        "rint",
        "around",
        doc="nearest integer, ties to even; gradient 0",
        options="decimals|ndigits=0",
    ),
    primitive(sympy.sinc, "usinc", "usinc", doc="sin(x) / x, 1 at 0: SymPy's sinc"),
    primitive(opaque("sigmoid"), "sigmoid", "sigmoid", "expit", "logistic", doc="1 / (1 + exp(-x))"),
    primitive(opaque("softplus"), "softplus", "softplus", "log1pexp", "log1p_exp", doc="log(1 + exp(x))"),
)
"""Primitives of one argument."""

OF_SEVERAL: tuple[Word, ...] = (
    primitive(
        sympy.atan2, "atan2", "atan2", "arctan2", doc="angle of the point (x, y); the arguments are y, x", arity=2
    ),
    primitive(opaque("hypot"), "hypot", "hypot", doc="sqrt(x**2 + y**2) without overflow", arity=2),
    primitive(opaque("logaddexp"), "logaddexp", "logaddexp", doc="log(exp(x) + exp(y)) without overflow", arity=2),
    primitive(opaque("xlogy"), "xlogy", "xlogy", doc="x * log(y), 0 where x is 0", arity=2),
    primitive(opaque("xlog1py"), "xlog1py", "xlog1py", doc="x * log(1 + y), 0 where x is 0", arity=2),
    primitive(opaque("soft_sign"), "soft_sign", "soft_sign", "softsign", doc="x / (1 + |x|)"),
    primitive(
        opaque("celu"),
        "celu",
        "celu",
        doc="x above 0, a * (exp(x/a) - 1) below, with a = 1 if not given",
        arity=2,
        options="alpha=1.0",
    ),
    primitive(opaque("copysign"), "copysign", "copysign", doc="|x| with the sign of y", arity=2),
    primitive(sympy.Mod, "mod", "mod", "Mod", "remainder", doc="x % y, with the sign of y", arity=2),
    primitive(opaque("fmod"), "fmod", "fmod", doc="remainder of x / y with the sign of x, as in C", arity=2),
    primitive(opaque("floor_divide"), "floor_divide", "floor_divide", doc="x // y; gradient 0", arity=2),
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
)
"""Primitives of several arguments, and conditions."""

DEFINED: tuple[Word, ...] = (
    defined("lambda x: x**(1/2)", "sqrt", doc="square root"),
    defined("lambda x: x**-(1/2)", "rsqrt", doc="1 / sqrt(x)"),
    defined("lambda x: x**2", "square", doc="x**2"),
    defined("lambda x: x**-1", "reciprocal", doc="1 / x"),
    defined("lambda x: -x", "negative", "neg", doc="-x"),
    defined("lambda x: x", "positive", "copy", "conj", "conjugate", "real", doc="x"),
    defined("lambda x, y: x + y", "add", doc="x + y"),
    defined("lambda x, y: x - y", "subtract", "sub", doc="x - y"),
    defined("lambda x, y: x * y", "multiply", "mul", doc="x * y"),
    defined("lambda x, y: x / y", "divide", "true_divide", "div", doc="x / y"),
    defined("lambda x, y: x**y", "power", "pow", "Pow", "float_power", doc="x**y"),
    defined("lambda p, q: p / q", "Rational", doc="p / q, exact as an exponent"),
    defined("lambda x, n: x**(1/n)", "root", doc="the n-th root of x >= 0"),
    defined("lambda x: x", "Integer", "Float", "float", "float64", "float32", "float16", "double", doc="x"),
    defined("lambda x: trunc(x)", "int", "int64", "int32", "int_", "int16", "int8", doc="x without its fraction"),
    defined("lambda x: x != 0", "bool", "bool_", doc="whether x is not 0"),
    defined("lambda x, y: max(x, y)", "maximum", "fmax", doc="the greater of two; ties share in halves"),
    defined("lambda x, y: min(x, y)", "minimum", "fmin", doc="the less of two; ties share in halves"),
    defined(
        "lambda x, low, high: min(max(x, low), high)",
        "clip",
        "clamp",
        doc="x kept within [low, high]",
        options="min|a_min|low|lower=None max|a_max|high|upper=None",
    ),
    defined("lambda c, x, y: x if c else y", "where", doc="x where the condition holds, else y"),
    defined("lambda x, y: x > y", "greater", "Gt", "StrictGreaterThan", doc="x > y"),
    defined("lambda x, y: x >= y", "greater_equal", "Ge", "GreaterThan", doc="x >= y"),
    defined("lambda x, y: x < y", "less", "Lt", "StrictLessThan", doc="x < y"),
    defined("lambda x, y: x <= y", "less_equal", "Le", "LessThan", doc="x <= y"),
    defined("lambda x, y: x == y", "equal", "Eq", "Equality", doc="x == y"),
    defined("lambda x, y: x != y", "not_equal", "Ne", "Unequality", doc="x != y"),
    defined(
        "lambda x, y: logical_and(logical_or(x, y), logical_not(logical_and(x, y)))",
        "logical_xor",
        "Xor",
        doc="exactly one condition holds",
    ),
    defined(
        "lambda x, h: 0.0 if x < 0 else (h if x == 0 else (1.0 if x > 0 else x))",
        "heaviside",
        "Heaviside",
        doc="0 below 0, 1 above, h at 0 (1/2 if not given)",
        options="h|h0|H0|x2=0.5",
    ),
    defined("lambda x: x != x", "isnan", doc="whether x is nan"),
    defined("lambda x: abs(x) == inf", "isinf", doc="whether x is infinite"),
    defined("lambda x: abs(x) < inf", "isfinite", doc="whether x is a number and not infinite"),
    defined(
        "lambda x: 0 if x != x else min(max(x, -1.7976931348623157e308), 1.7976931348623157e308)",
        "nan_to_num",
        doc="x, with nan and infinities replaced by 0 and the largest numbers",
        options="nan=0.0 posinf=None neginf=None",
    ),
    defined("lambda x: x * (pi / 180)", "deg2rad", "radians", "rad", doc="degrees to radians"),
    defined("lambda x: x * (180 / pi)", "rad2deg", "degrees", "deg", doc="radians to degrees"),
    defined(
        "lambda x: usinc(pi * x) if abs(x) < 0.5 else sinpi(x) / (pi * x)",
        "sinc",
        doc="sin(pi*x) / (pi*x), 1 at 0: NumPy's sinc",
    ),
    defined("lambda x, y: logaddexp(x * log(2), y * log(2)) / log(2)", "logaddexp2", doc="log2(2**x + 2**y)"),
    defined("lambda x: -softplus(-x)", "log_sigmoid", "log_expit", doc="log(sigmoid(x))"),
    defined(
        "lambda x: 2*atanh(2*x - 1) if abs(x - 0.5) < 0.25 else log(x) - log1p(-x)", "logit", doc="log(x / (1 - x))"
    ),
    defined("lambda x: x if x > 0 else 0", "relu", doc="max(x, 0); the gradient at 0 is 0"),
    defined("lambda x: 0 if x <= 0 else (6 if x >= 6 else x)", "relu6", doc="x kept within [0, 6]"),
    defined("lambda x: x * sigmoid(x)", "silu", "swish", doc="x * sigmoid(x)"),
    defined("lambda x: x * tanh(softplus(x))", "mish", doc="x * tanh(softplus(x))"),
    defined("lambda x: x if x > 0 else expm1(x)", "elu", doc="x above 0, exp(x) - 1 below", options="alpha=1.0"),
    defined(
        "lambda x: 1.0507009873554804934193349852946 * (x if x > 0 else 1.6732632423543772848170429916717 * expm1(x))",
        "selu",
        doc="scaled elu (Klambauer et al. 2017)",
    ),
    defined(
        "lambda x: x if x >= 0 else 0.01 * x",
        "leaky_relu",
        doc="x above 0, x / 100 below",
        options="negative_slope|alpha=0.01",
    ),
    defined(
        "lambda x: x * sigmoid(2 * (2/pi)**(1/2) * (x + 0.044715 * x**3))",
        "gelu",
        doc="Gaussian error linear unit, the tanh approximation that jax.nn.gelu uses by default",
        options="approximate=True",
    ),
    defined("lambda x: 1 if x > 1 else (-1 if x < -1 else x)", "hard_tanh", "hardtanh", doc="x kept within [-1, 1]"),
    defined("lambda x: 0 if x <= -3 else (1 if x >= 3 else (x + 3) / 6)", "hard_sigmoid", doc="relu6(x + 3) / 6"),
    defined("lambda x: x * hard_sigmoid(x)", "hard_silu", "hard_swish", doc="x * hard_sigmoid(x)"),
    defined(
        "lambda x: 0.5 * (x + hypot(x, 2)) if x > 0 else 2 / (hypot(x, 2) - x)",
        "squareplus",
        doc="(x + sqrt(x**2 + b)) / 2, with b = 4 if not given",
        options="b=4",
    ),
    defined("lambda x: log(-expm1(-x)) if x < 0.7 else log1p(-exp(-x))", "log1mexp", doc="log(1 - exp(-x)), x > 0"),
    defined(
        "lambda x: 0 if x <= -1 else (x if x >= 1 else (x + 1)**2 / 4)",
        "sparse_plus",
        doc="0 below -1, x above 1, (x + 1)**2 / 4 between",
    ),
    defined("lambda x: 0 if x <= -1 else (1 if x >= 1 else (x + 1) / 2)", "sparse_sigmoid", doc="its slope"),
)
"""Words that are a text of the language."""


OVERLOADS: dict[tuple[str, int], str] = {
    ("log", 2): "lambda x, b: log(x) / log(b)",
    ("gelu", 2): (
        "lambda x, approximate: x * sigmoid(2 * (2/pi)**(1/2) * (x + 0.044715 * x**3)) if approximate"
        " else x * erfc(-0.70710678118654752 * x) / 2"
    ),
    ("hypot", 3): "lambda x, y, z: hypot(hypot(x, y), z) if abs(z) <= max(abs(x), abs(y)) else hypot(hypot(z, x), y)",
    ("hypot", 4): (
        "lambda x, y, z, w: hypot(hypot(x, y, z), w) if max(abs(z), abs(w)) <= max(abs(x), abs(y))"
        " else hypot(hypot(z, w, x), y)"
    ),
    ("round", 2): "lambda x, n: round(x * 10**n) / 10**n",
    ("nan_to_num", 2): "lambda x, n: n if x != x else min(max(x, -1.7976931348623157e308), 1.7976931348623157e308)",
    ("nan_to_num", 3): "lambda x, n, p: n if x != x else (p if x == inf else max(x, -1.7976931348623157e308))",
    ("nan_to_num", 4): "lambda x, n, p, q: n if x != x else (p if x == inf else (q if x == -inf else x))",
    ("heaviside", 1): "lambda x: heaviside(x, 1/2)",
    ("leaky_relu", 2): "lambda x, slope: x if x >= 0 else slope * x",
    ("elu", 2): "lambda x, alpha: x if x > 0 else alpha * expm1(x)",
    ("celu", 1): "lambda x: celu(x, 1)",
    ("squareplus", 2): ("lambda x, b: 0.5 * (x + (x**2 + b)**(1/2)) if x > 0 else 0.5 * b / ((x**2 + b)**(1/2) - x)"),
}
"""Definitions for a second number of arguments, by canonical name."""
