"""Values of arithmetic and elementary words as balls, by textbook formulae: more bits make up for what cancels."""

from __future__ import annotations

import math
from collections.abc import Callable

from flint import arb

from app.autodiff.balls import ball
from app.autodiff.balls.ball import Arb, chosen, holds, less, sign, truth

Word = Callable[..., Arb]

_NAN = arb.nan()


def power(x: Arb, n: Arb) -> Arb:
    """Return x**n; for a negative x if n is an integer."""
    if n.is_zero():
        return arb(1)
    if x.is_zero():
        return arb(0) if n > 0 else _NAN
    return x**n


def trunc(x: Arb) -> Arb:
    return chosen(less(x, arb(0)), x.ceil, x.floor)


def round_even(x: Arb) -> Arb:
    """Return the nearest integer, ties to even."""
    up = (x + arb(0.5)).floor()
    if ball.equal(x + arb(0.5), up) is True and not (up / 2).is_integer():
        return up - 1
    return up


def _maximum(x: Arb, y: Arb) -> Arb:
    return x.max(y)


def _minimum(x: Arb, y: Arb) -> Arb:
    return x.min(y)


def _select(c: Arb, x: Arb, y: Arb) -> Arb:
    return chosen(holds(c), lambda: x, lambda: y)


def _and(x: Arb, y: Arb) -> Arb:
    known = holds(x), holds(y)
    return truth(False if False in known else None if None in known else True)


def _or(x: Arb, y: Arb) -> Arb:
    known = holds(x), holds(y)
    return truth(True if True in known else None if None in known else False)


def _not(known: bool | None) -> Arb:
    return truth(None if known is None else not known)


def sech(x: Arb) -> Arb:
    small = (-abs(x)).exp()
    return 2 * small / (1 + small * small)


def _csch(x: Arb) -> Arb:
    size = abs(x)
    return -2 * x.sgn() * (-size).exp() / (-2 * size).expm1()


def _sigmoid(x: Arb) -> Arb:
    return chosen(less(x, arb(0)), lambda: x.exp() / (1 + x.exp()), lambda: 1 / (1 + (-x).exp()))


def _logaddexp(x: Arb, y: Arb) -> Arb:
    return x.max(y) + (-abs(x - y)).exp().log1p()


def cbrt(x: Arb) -> Arb:
    if x.is_zero():
        return arb(0)
    return x.sgn() * abs(x).root(3)


def _acot(x: Arb) -> Arb:
    return arb.pi() / 2 if x.is_zero() else (1 / x).atan()


def _unless_zero(x: Arb, value: Callable[[], Arb], at_zero: Callable[[], Arb]) -> Arb:
    return at_zero() if x.is_zero() else value()


def _xlogy(x: Arb, y: Arb) -> Arb:
    return _unless_zero(x, lambda: x * y.log(), lambda: arb(0))


def _xlog1py(x: Arb, y: Arb) -> Arb:
    return _unless_zero(x, lambda: x * y.log1p(), lambda: arb(0))


def _celu(x: Arb, a: Arb) -> Arb:
    return chosen(less(arb(0), x), lambda: x, lambda: a * (x / a).expm1())


def _copysign(x: Arb, y: Arb) -> Arb:
    """Return |x| with the sign of y; a zero may have either."""
    side = sign(y)
    size = abs(x)
    return size * side if side else ball.hull(size, -size)


def _kl_div(x: Arb, y: Arb) -> Arb:
    if x.is_zero() and y >= 0:
        return y
    return x * (x / y).log() - x + y


def _integer_order(n: Arb) -> int:
    known = ball.integer(n)
    if known is None:
        raise AssertionError("an order is no integer")
    return known


def wave(n: int, x: Arb) -> Arb:
    """Return cos(x + n*pi/2)."""
    return (x.cos(), -x.sin(), -x.cos(), x.sin())[n % 4]


def _usinc_derivative(n: Arb, x: Arb) -> Arb:
    """Return the n-th derivative of sin(x)/x, by parts from that of order 0."""
    order = _integer_order(n)
    if x.is_zero():
        return wave(order, x) / (order + 1)
    found = x.sin() / x
    for k in range(1, order + 1):
        found = (wave(k - 1, x) - k * found) / x
    return found


def exprel_derivative(n: int, x: Arb) -> Arb:
    """Return the n-th derivative of (exp(x) - 1)/x."""
    if x.is_zero():
        return arb(1) / (n + 1)
    found = x.expm1() / x
    for k in range(1, n + 1):
        found = (x.exp() - k * found) / x
    return found


def _sinhc_derivative(n: Arb, x: Arb) -> Arb:
    order = _integer_order(n)
    return (exprel_derivative(order, x) + (-1) ** order * exprel_derivative(order, -x)) / 2


def _boxcox_derivative(k: Arb, logarithm: Callable[[], Arb], at_zero: bool, power: Arb) -> Arb:
    """Return z**(k+1) times the k-th derivative of (exp(u) - 1)/u at u = l*z; at z = -inf its limit."""
    order = _integer_order(k)
    if at_zero:
        return -math.factorial(order) * (-1 / power) ** order / power if power > 0 else _NAN
    z = logarithm()
    return z ** (order + 1) * exprel_derivative(order, power * z)


def _power_log(base: Arb, logarithm: Callable[[], Arb], k: Arb, n: Arb) -> Arb:
    order = _integer_order(k)
    if order <= 0:
        return power(base, n) if order == 0 else arb(0)
    if base.is_zero():
        return arb(0) if n >= 0 else _NAN
    return power(base, n) * logarithm() ** order


def _hypot(x: Arb, y: Arb) -> Arb:
    if x.is_zero() or y.is_zero():
        return abs(x + y)
    return (x * x + y * y).sqrt()


def _strong(operation: Callable[[Arb, Arb], Arb]) -> Word:
    return lambda g, p: arb(0) if g.is_zero() else operation(g, p)


def _comparison(test: Callable[[Arb, Arb], bool | None]) -> Word:
    return lambda x, y: truth(test(x, y))


ARITHMETIC: dict[str, Word] = {
    "add": lambda x, y: x + y, "sub": lambda x, y: x - y, "mul": lambda x, y: x * y, "div": lambda x, y: x / y,
    "neg": lambda x: -x, "reciprocal": lambda x: 1 / x, "square": lambda x: x * x, "sqrt": lambda x: x.sqrt(),
    "pow": power, "pow_const": power, "const_pow": power,
    "mod": lambda x, y: x - y * (x / y).floor(), "fmod": lambda x, y: x - y * trunc(x / y),
    "floor_divide": lambda x, y: (x / y).floor(), "maximum": _maximum, "minimum": _minimum,
    "less": _comparison(less), "less_equal": _comparison(ball.less_equal), "equal": _comparison(ball.equal),
    "not_equal": lambda x, y: _not(ball.equal(x, y)), "and": _and, "or": _or, "not": lambda x: _not(holds(x)),
    "select": _select,
    "strong_mul": _strong(lambda g, p: g * p), "strong_div": _strong(lambda g, p: g / p),
    "zero_mul": lambda x, y: arb(0) if x.is_zero() or y.is_zero() else x * y,
    "power_log": lambda k, x, n: _power_log(x, x.log, k, n),
    "power_log1p": lambda k, x, n: _power_log(1 + x, x.log1p, k, n),
}  # fmt: skip

_METHODS = "sin cos tan sec csc cot asin acos atan sinh cosh tanh coth asinh acosh atanh exp expm1 log log1p floor ceil"

ELEMENTARY: dict[str, Word] = {
    **{name: (lambda x, method=name: getattr(x, method)()) for name in _METHODS.split()},
    "asec": lambda x: (1 / x).acos(), "acsc": lambda x: (1 / x).asin(), "acot": _acot,
    "sech": sech, "csch": _csch,
    "asech": lambda x: (1 / x).acosh(), "acsch": lambda x: (1 / x).asinh(), "acoth": lambda x: (1 / x).atanh(),
    "exp2": lambda x: power(arb(2), x), "log2": lambda x: x.log() / arb.const_log2(),
    "log10": lambda x: x.log() / arb.const_log10(), "cbrt": cbrt, "abs": abs, "sign": lambda x: x.sgn(),
    "trunc": trunc, "round": round_even, "usinc": lambda x: x.sinc(),
    "sigmoid": _sigmoid, "softplus": lambda x: _logaddexp(x, arb(0)), "erf": lambda x: x.erf(),
    "atan2": arb.atan2, "hypot": _hypot, "logaddexp": _logaddexp,
    "xlogy": _xlogy, "xlog1py": _xlog1py, "soft_sign": lambda x: x / (1 + abs(x)), "celu": _celu,
    "copysign": _copysign,
    "gd": lambda x: 2 * (x / 2).tanh().atan(), "kl_div": _kl_div, "exprel": lambda x: exprel_derivative(0, x),
    "boxcox": lambda x, n: _boxcox_derivative(arb(0), x.log, x.is_zero(), n),
    "boxcox1p": lambda x, n: _boxcox_derivative(arb(0), x.log1p, (1 + x).is_zero(), n),
    "pseudo_huber": lambda d, r: abs(d) * (_hypot(d, r) - abs(d)),
    "usinc_derivative": _usinc_derivative, "exprel_derivative": lambda n, x: exprel_derivative(_integer_order(n), x),
    "sinhc_derivative": _sinhc_derivative,
    "share": lambda x, y: _sigmoid(x - y), "angle_slope": lambda x, y: x / (x * x + y * y),
    "hypot_slope": lambda x, y: x / _hypot(x, y), "hypot_rest": lambda x, y: _hypot(x, y) - abs(y),
    "pseudo_huber_slope": lambda d, r: abs(d) * r / _hypot(d, r),
    "log_ratio": lambda x, y: (x / y).log(), "one_minus_square": lambda x: 1 - x * x,
    "shortfall": lambda x, y: arb(1) if x.is_zero() else (y - x) / y,
    "expm1_rest": lambda u: u.expm1() - u * u.exp(),
    "boxcox_derivative": lambda k, x, n: _boxcox_derivative(k, x.log, x.is_zero(), n),
    "boxcox1p_derivative": lambda k, x, n: _boxcox_derivative(k, x.log1p, (1 + x).is_zero(), n),
    "leg_square": lambda m, phi: 1 - m * phi.sin() ** 2,
}  # fmt: skip

order = _integer_order

WORDS: dict[str, Word] = ARITHMETIC | ELEMENTARY
