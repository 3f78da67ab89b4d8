"""Kinks, removable singularities, overflow and branches not taken: what the answer is there, and why.

Expectations come from mathematics, or from what JAX documents for the point where mathematics leaves a choice:
ties of maximum split in halves, abs has slope 1 at 0, relu slope 0, functions with steps have slope 0.
"""

import math

import pytest

from tests.support import jax_reference
from tests.support.service import Client

INF, NAN = math.inf, math.nan
HALF_PI, LOG_2, E = math.pi / 2, math.log(2), math.e
SELU = 1.0507009873554804934193349852946 * 1.6732632423543772848170429916717
Row = tuple[str, tuple[float, ...], float, tuple[float, ...], str]

KINKS: tuple[Row, ...] = (
    ("abs(x)", (0.0,), 0.0, (1.0,), "JAX's slope of abs at 0 is 1"),
    ("abs(x - y)", (2.0, 2.0), 0.0, (1.0, -1.0), "the same slope, through the chain rule"),
    ("abs(x)", (-0.5,), 0.5, (-1.0,), "the slope left of the kink"),
    ("x*abs(x)", (0.0,), 0.0, (0.0,), "once differentiable: 2|x|"),
    ("abs(x)**3", (0.0,), 0.0, (0.0,), "3 |x|**2 sign(x)"),
    ("max(x, y)", (1.5, 1.5), 1.5, (0.5, 0.5), "a tie splits in halves"),
    ("min(x, y)", (1.5, 1.5), 1.5, (0.5, 0.5), "a tie splits in halves"),
    ("max(x, 0)", (0.0,), 0.0, (0.5,), "half of a tie with a constant"),
    ("max(x, x)", (3.0,), 3.0, (1.0,), "both halves are the same argument"),
    ("max(x, -x)", (0.0,), 0.0, (0.0,), "halves of opposite slopes"),
    ("max(x, 0)**2", (0.0,), 0.0, (0.0,), "2 max(x, 0) times anything"),
    ("max(x, y) - min(x, y)", (1.0, 1.0), 0.0, (0.0, 0.0), "halves less halves"),
    ("clip(x, -1, 1)", (2.0,), 1.0, (0.0,), "outside the bounds"),
    ("clip(x, -1, 1)", (1.0,), 1.0, (0.5,), "jnp.clip is a minimum of a maximum"),
    ("relu(x)", (0.0,), 0.0, (0.0,), "documented for jax.nn.relu"),
    ("relu6(x)", (6.0,), 6.0, (0.0,), "documented for jax.nn.relu6"),
    ("leaky_relu(x)", (0.0,), 0.0, (1.0,), "jax.nn.leaky_relu takes the right branch at 0"),
    ("elu(x)", (0.0,), 0.0, (1.0,), "both sides have slope 1"),
    ("selu(x)", (0.0,), 0.0, (SELU,), "the left branch, scale * alpha * exp(0)"),
    ("hard_tanh(x)", (1.0,), 1.0, (1.0,), "jax.nn.hard_tanh compares strictly"),
    ("x if x >= 0 else -x", (0.0,), 0.0, (1.0,), "the branch taken at 0 has slope 1"),
    ("x if x > 0 else -x", (0.0,), 0.0, (-1.0,), "the branch taken at 0 has slope -1"),
    ("where(x < y, x, y)", (2.0, 2.0), 2.0, (0.0, 1.0), "no tie here: the condition is false"),
    ("sign(x)", (0.0,), 0.0, (0.0,), "sign(0) is 0, steps have slope 0"),
    ("floor(x)", (2.0,), 2.0, (0.0,), "steps have slope 0, at the step too"),
    ("ceil(x)", (-0.5,), 0.0, (0.0,), "steps have slope 0"),
    ("round(x)", (2.5,), 2.0, (0.0,), "ties to even"),
    ("trunc(x)", (-2.5,), -2.0, (0.0,), "towards 0"),
    ("x - floor(x)", (2.0,), 0.0, (1.0,), "a sawtooth rises by 1"),
    ("heaviside(x, 0.5)", (0.0,), 0.5, (0.0,), "the middle value, and slope 0"),
    ("x % y", (7.5, 2.0), 1.5, (1.0, -3.0), "x - y floor(x/y)"),
    ("x % y", (-5.5, 2.0), 0.5, (1.0, 3.0), "x - y floor(x/y), floor(-2.75) being -3"),
    ("fmod(x, y)", (-5.5, 2.0), -1.5, (1.0, 2.0), "x - y trunc(x/y), trunc(-2.75) being -2"),
    ("x // 2", (5.5,), 2.0, (0.0,), "a step function"),
    ("copysign(x, y)", (2.0, -1.0), -2.0, (-1.0, 0.0), "|x| with the sign of y"),
)

SINGULARITIES: tuple[Row, ...] = (
    ("sinc(x)", (0.0,), 1.0, (0.0,), "removable: sin(pi x)/(pi x) is even and 1 at 0"),
    ("sinc(x)", (1e-9,), 1.0, (-(math.pi**2) * 1e-9 / 3,), "the series 1 - (pi x)**2/6"),
    ("sympy.sinc(x)", (0.0,), 1.0, (0.0,), "removable: sin(x)/x is even and 1 at 0"),
    ("where(x != 0, sin(x)/x, 1)", (0.0,), 1.0, (0.0,), "the branch taken is a constant"),
    ("where(abs(x) < 1e-4, 1 - x**2/6, sin(x)/x)", (0.0,), 1.0, (0.0,), "-x/3 at 0"),
    ("where(x == 0, 0, x**2*sin(1/x))", (0.0,), 0.0, (0.0,), "the branch taken is a constant"),
    ("sin(x)/x", (0.0,), NAN, (NAN,), "0/0 as written"),
    ("x/x", (0.0,), NAN, (NAN,), "0/0 as written"),
    ("1/x", (0.0,), INF, (-INF,), "-1/x**2"),
    ("log(x)", (0.0,), -INF, (INF,), "1/x"),
    ("log(x)", (-1.0,), NAN, (-1.0,), "no real value; JAX's 1/x does not look at the domain"),
    ("log1p(x)", (-1.0,), -INF, (INF,), "1/(1 + x)"),
    ("sqrt(x)", (0.0,), 0.0, (INF,), "1/(2 sqrt(x))"),
    ("sqrt(x)", (-1.0,), NAN, (NAN,), "outside the domain"),
    ("cbrt(x)", (-8.0,), -2.0, (1 / 12,), "real for negative x"),
    ("x**(1/3)", (-8.0,), NAN, (NAN,), "a power of a negative number is not real"),
    ("x**1.5", (0.0,), 0.0, (0.0,), "1.5 sqrt(x)"),
    ("x**0.5", (0.0,), 0.0, (INF,), "0.5 x**-0.5"),
    ("x**2", (0.0,), 0.0, (0.0,), "2 x"),
    ("x**1", (0.0,), 0.0, (1.0,), "x"),
    ("x**0", (0.0,), 1.0, (0.0,), "a constant, everywhere"),
    ("x**0.0", (0.0,), 1.0, (0.0,), "a constant, everywhere"),
    ("(x - 1)**0 + x", (1.0,), 2.0, (1.0,), "a constant, everywhere"),
    ("x**3", (-2.0,), -8.0, (12.0,), "an integer power of a negative number"),
    ("0**x", (2.0,), 0.0, (0.0,), "0 for all positive exponents"),
    ("0**(x**2 + 1)", (0.5,), 0.0, (0.0,), "0 for all positive exponents"),
    ("x**y", (0.0, 2.0), 0.0, (0.0, 0.0), "0 for all positive exponents, and 2 x"),
    ("asin(x)", (1.0,), HALF_PI, (INF,), "1/sqrt(1 - x**2)"),
    ("acos(x)", (1.0,), 0.0, (-INF,), "-1/sqrt(1 - x**2)"),
    ("acosh(x)", (1.0,), 0.0, (INF,), "1/sqrt(x**2 - 1)"),
    ("atanh(x)", (1.0,), INF, (INF,), "1/(1 - x**2)"),
    ("acot(x)", (0.0,), HALF_PI, (-1.0,), "-1/(1 + x**2), the range being (-pi/2, pi/2]"),
    ("atan2(x, y)", (0.0, -1.0), math.pi, (-1.0, 0.0), "y/(x**2 + y**2) and -x/(x**2 + y**2)"),
    ("atan2(x, y)", (1.0, 0.0), HALF_PI, (0.0, -1.0), "the formula has no singularity on the axis"),
    ("logit(x)", (0.5,), 0.0, (4.0,), "1/(x (1 - x))"),
    ("xlogy(x, y)", (0.0, 2.0), 0.0, (LOG_2, 0.0), "log(y) and x/y"),
    ("xlog1py(x, y)", (0.0, 1.0), 0.0, (LOG_2, 0.0), "log(1 + y) and x/(1 + y)"),
    ("lgamma(x)", (1.0,), 0.0, (-0.57721566490153286061,), "digamma(1) is minus Euler's constant"),
    ("sqrt(x**2)", (0.0,), 0.0, (NAN,), "infinity times 0 by the chain rule, as in JAX"),
)

BRANCHES: tuple[Row, ...] = (
    ("where(x > 0, sqrt(x), 0.0)", (0.0,), 0.0, (0.0,), "the root is not taken"),
    ("where(x > 0, sqrt(x), 0.0)", (-4.0,), 0.0, (0.0,), "the root is not taken"),
    ("where(x > 0, log(x), -inf)", (-1.0,), -INF, (0.0,), "a constant, if an infinite one"),
    ("where(x > 0, log(x), x**2)", (-3.0,), 9.0, (-6.0,), "only the square is taken"),
    ("log(x) if x > 0 else 2*x", (0.0,), 0.0, (2.0,), "only the line is taken"),
    ("Piecewise((log(x), x > 0), (x, True))", (-2.0,), -2.0, (1.0,), "only the line is taken"),
    ("where(x > 0, where(x > 1, log(x - 1), 3*x), 0)", (0.5,), 1.5, (3.0,), "neither logarithm nor zero"),
    ("where((x > 0) & (x < 1), sqrt(x*(1 - x)), 5)", (2.0,), 5.0, (0.0,), "the root is not taken"),
    ("where(0 < x < 1, log(x), x)", (3.0,), 3.0, (1.0,), "a chained comparison that fails"),
    ("where(y > 0, x/y, x)", (2.0, 0.0), 2.0, (1.0, 0.0), "the quotient is not taken"),
    ("where(x < 100, exp(x), 7)", (1000.0,), 7.0, (0.0,), "the exponential would overflow"),
    ("where(x < 1, x, x**-0.5)*where(x < 1, 1, 1/x)", (0.0,), 0.0, (1.0,), "two conditions, both protected"),
)

TAILS: tuple[Row, ...] = (
    ("softplus(x)", (1000.0,), 1000.0, (1.0,), "x + log1p(exp(-x))"),
    ("softplus(x)", (-1000.0,), 0.0, (0.0,), "exp(x), below the least number"),
    ("sigmoid(x)", (1000.0,), 1.0, (0.0,), "1 to 400 digits"),
    ("sigmoid(x)", (-700.0,), math.exp(-700), (math.exp(-700),), "exp(x) to 300 digits"),
    ("log_sigmoid(x)", (-1000.0,), -1000.0, (1.0,), "x to 400 digits"),
    ("logaddexp(x, y)", (1000.0, 1000.0), 1000 + LOG_2, (0.5, 0.5), "equal weights"),
    ("logaddexp(x, y)", (1000.0, 0.0), 1000.0, (1.0, 0.0), "all weight on the greater"),
    ("tanh(x)", (1000.0,), 1.0, (0.0,), "1 to 800 digits"),
    ("expm1(x)", (1e-20,), 1e-20, (1.0,), "x + x**2/2"),
    ("log1p(x)", (1e-20,), 1e-20, (1.0,), "x - x**2/2"),
    ("hypot(x, y)", (3e200, 4e200), 5e200, (0.6, 0.8), "the squares alone would overflow"),
    ("exp(x)", (-1000.0,), 0.0, (0.0,), "below the least number"),
    ("exp(x)", (1000.0,), INF, (INF,), "above the greatest number"),
    ("erf(x)", (10.0,), 1.0, (2 / math.sqrt(math.pi) * math.exp(-100),), "1 to 40 digits"),
    (
        "log(1 + exp(x))",
        (1000.0,),
        INF,
        (0.0,),
        "as written it overflows, and 1/inf is a strong zero: softplus does not",
    ),
    ("gamma(x)", (172.0,), INF, (INF,), "171! is above the greatest number"),
    ("x*1e308", (10.0,), INF, (1e308,), "the value overflows, the slope does not"),
)

ALL = KINKS + SINGULARITIES + BRANCHES + TAILS


def close(found: float, expected: float) -> bool:
    if math.isnan(expected):
        return math.isnan(found)
    return found == expected or math.isclose(found, expected, rel_tol=1e-12)


@pytest.mark.parametrize(
    ("text", "point", "value", "gradient", "why"), ALL, ids=[f"{row[0]} at {row[1]}" for row in ALL]
)
def test_an_answer_at_a_kink_or_an_edge_is_the_tabulated_one(
    client: Client, text: str, point: tuple[float, ...], value: float, gradient: tuple[float, ...], why: str
) -> None:
    answer = client.grad(text, list(point), args=["x", "y"][: len(point)], argnums=list(range(len(point))))
    found = [float(slope) for slope in answer["gradient"]]
    assert close(float(answer["value"]), value), why
    assert all(map(close, found, gradient)), (found, why)
    assert answer["finite"] == all(map(math.isfinite, (value, *gradient)))


@pytest.mark.parametrize(("text", "point", "value", "gradient", "why"), KINKS, ids=[row[0] for row in KINKS])
def test_jax_gives_the_tabulated_answer_at_a_kink(
    text: str, point: tuple[float, ...], value: float, gradient: tuple[float, ...], why: str
) -> None:
    found, slopes = jax_reference.gradient(text, ["x", "y"][: len(point)], point)
    assert close(found, value), why
    assert all(map(close, slopes, gradient)), (slopes, why)


def test_the_table_is_long_enough() -> None:
    assert len(set(ALL)) == len(ALL) >= 60
