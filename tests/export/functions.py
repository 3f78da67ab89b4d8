"""Functions whose files are run in every language: words of every kind, branches, kinks, arrays, awkward names."""

from typing import Any, NamedTuple


class Case(NamedTuple):
    """A function and where it is asked."""

    text: str
    args: list[str]
    point: list[Any]


def _case(text: str, *arguments: tuple[str, object]) -> Case:
    return Case(text, [name for name, _ in arguments], [value for _, value in arguments])


X, Y = ("x", 0.7), ("y", -1.3)

CASES = [
    _case("5*(x1**2) + 6*(x2**2) + 7*(x3**2)", ("x1", 1.0), ("x2", 2.0), ("x3", 3.0)),
    _case("5*X[0]**2 + 6*X[1]**2 + 7*X[2]**2", ("X", [1.0, 2.0, 3.0])),
    _case("A[0, 1]*A[1, 2]**2 + sin(A[1, 0])*y", ("A", [[0.5, 1.5, 2.5], [-0.5, 3.5, 1.25]]), ("y", 2.0)),
    _case("sin(x)*y + cos(x*y)", X, Y),
    _case("x*exp(-x*y)/(1 + x**2)", X, Y),
    _case("x**3 - 2*x**-2 + x**0.5 + 2**x + x**y", X, Y),
    _case("log(x) + log2(x) + log10(x) + log1p(x) + sqrt(x)", X),
    _case("tan(x) + asin(x) + acos(x) + atan(x) + atan2(x, y)", X, Y),
    _case("sinh(x) + cosh(x) + tanh(x*y)", X, Y),
    _case("asinh(x) + acosh(2 + x) + atanh(x)", X),
    _case("sec(x) + csc(x) + cot(x) + sech(x) + csch(x) + coth(x)", X),
    _case("asec(x) + acsc(x) + acot(x) + acoth(x)", ("x", 1.7)),
    _case("asech(x) + acsch(x)", X),
    _case("abs(x*y) + sign(x) + floor(3.5*x) + ceil(x) + trunc(2.2*x) + round(3.3*x)*x", X, Y),
    _case("maximum(x, y)*minimum(x, 2*y) + maximum(x, x)", X, Y),
    _case("where(x > 0, sqrt(x), 0.0) + where(y > 0, sqrt(y), 0.0)", X, Y),
    _case("where(y > 0, log(y), x**2) + where(x < y, exp(1000*x), x)", X, Y),
    _case("x if x > y and not y > 0 else y**2", X, Y),
    _case("where((x > 0) | (y > 0), x*y, 1/x) + (x <= y)*x + (x != y)*y", X, Y),
    _case("where(x > 0, x*y, x/y) + where(x < 0, y*log(x), y)*(y == x)", X, ("y", 0.0)),
    _case("exp2(x) + expm1(1e-5*x) + cbrt(y)", X, Y),
    _case("sigmoid(x) + softplus(y) + silu(x*y) + soft_sign(y)", X, Y),
    _case("relu(x) + elu(y) + gelu(x) + selu(y) + celu(y)", X, Y),
    _case("logaddexp(x, y) + logsumexp([x, y, 1.0])", X, Y),
    _case("hypot(x, y) + x/hypot(x, 3.0)", X, Y),
    _case("sinc(x) + sinc(y*1e-3)", X, Y),
    _case("xlogy(x, 2 + y) + xlog1py(x, y/2) + entr(x)", X, Y),
    _case("kl_div(x, 1.5) + rel_entr(x, 0.25)", X),
    _case("erf(x) + erf(y) + erf(10*x) + erf(1e-3*x)", X, Y),
    _case("erfc(x)*erfc(3*x) + erfc(y)", X, Y),
    _case("erfcx(x) + erfcx(-0.5*x)", X),
    _case("ndtr(x)*ndtr(-4*x) + y", X, Y),
    _case("gamma(x) + gamma(5.5*x) + gamma(y)", X, Y),
    _case("lgamma(x) + lgamma(7*x) + lgamma(100*x) + lgamma(y)", X, Y),
    _case("digamma(x) + digamma(20*x) + digamma(y)", X, Y),
    _case("polygamma(1, x) + polygamma(2, 3*x) + polygamma(1, y)", X, Y),
    _case("beta(x, 2.5) + betaln(x, 3*x)", X),
    _case("x % 0.3 + fmod(y, 0.5)*x + y // 0.4", X, Y),
    _case("copysign(x, y) + x*copysign(1.0, y)", X, Y),
    _case("sum(X**2)*mean(X) + prod(X)", ("X", [1.5, -2.0, 0.5])),
    _case("dot(X, X)/norm(X) + max(X)", ("X", [1.5, -2.0, 0.5])),
    _case("sum(A @ v) + A[0, 0]**2", ("A", [[1.0, 2.0], [3.0, 4.0]]), ("v", [0.5, -1.5])),
    _case("(1 - a)**2 + 100*(b - a**2)**2", ("a", -1.2), ("b", 1.0)),
    _case("sum((y - a*exp(-b*t))**2)", ("a", 2.0), ("b", 0.3), ("t", [0.0, 1.0, 2.5]), ("y", [2.0, 1.4, 1.1])),
    _case("def f(x, y):\n    s = 0\n    for k in range(5):\n        s += sin(k*x)*y**k\n    return s", X, Y),
    _case("lambda T, c, e, t1: T*c + e**t1", ("T", 1.5), ("c", -0.5), ("e", 2.5), ("t1", 0.3)),
    _case("gradient*value + point*tangents + list*c", ("gradient", 1.0), ("value", 2.0), ("point", 3.0),
          ("tangents", 4.0), ("list", 5.0), ("c", 6.0)),
    _case("θ*sin(β_1) + exp_*softplus", ("θ", 1.5), ("β_1", 0.5), ("exp_", 0.25), ("softplus", 3.0)),
    _case("gd(x) + exprel(y) + pseudo_huber(1.5, x)", X, Y),
    _case("boxcox(x, 0.5) + boxcox1p(x, y) + x", X, Y),
    _case("log(cosh(x)) + tanh(x)**2*erf(x/y) - 1e-300*x + 1e300*0*y", X, Y),
]  # fmt: skip
"""At least fifty; a language may refuse a word by name."""
