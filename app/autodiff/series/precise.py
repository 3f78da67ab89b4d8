"""The namespace of numbers at many digits, by mpmath, for series whose terms cancel in float64.

It has no arrays, and not every word: what it lacks, or would take long for, raises ``Lacking``. With so many digits a
derivative may be a difference that cancels, so some words have shorter rows here than in the table.
"""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable
from typing import Any

import mpmath

from app.autodiff import table
from app.autodiff.table.row import Row, row

_DIGITS = 60
_LARGEST, _LEAST = 1100, -2200  # binary exponents of numbers
_FAR = 700.0
"""Operands beyond this are not given to words whose value may overflow, or takes longer there."""

Word = Callable[..., Any]


class Lacking(Exception):
    """A word or point that this namespace does not have."""


class _Context(threading.local):
    """A context of mpmath for each thread: it keeps constants and precision."""

    def __init__(self) -> None:
        self.mp = mpmath.MPContext()
        self.mp.dps = _DIGITS


_CONTEXT = _Context()


def _named(names: str) -> dict[str, Word]:
    return {name: lambda mp, *x, name=name: getattr(mp, name)(*x) for name in names.split()}


def _test(test: Word) -> Word:
    return lambda _, *x: 1.0 if test(*x) else 0.0


def _root(mp: Any, x: Any) -> Any:
    return mp.sign(x) * mp.cbrt(abs(x))


def _gamma_part(mp: Any, a: Any, x: Any, upper: Any) -> Any:
    return (mp.gammainc(a, x) if upper else mp.gammainc(a, 0, x)) * mp.rgamma(a)


def _order_zero(*orders: Any) -> None:
    if any(orders):
        raise Lacking


def _gamma_density(mp: Any, k: Any, a: Any, x: Any) -> Any:
    _order_zero(k)
    return x ** (a - 1) * mp.exp(-x) * mp.rgamma(a)


def _beta_density(mp: Any, i: Any, j: Any, a: Any, b: Any, x: Any, scale: Any) -> Any:
    _order_zero(i, j)
    return x ** (a - 1) * (1 - x) ** (b - 1) * mp.exp(scale) / (1 + a + b) * a * b / (a + b)


_PLAIN: dict[str, Word] = {
    "reciprocal": lambda _, x: 1 / x,
    "square": lambda _, x: x * x,
    "maximum": lambda _, x, y: max(x, y),
    "minimum": lambda _, x, y: min(x, y),
    "less": _test(lambda x, y: x < y),
    "less_equal": _test(lambda x, y: x <= y),
    "equal": _test(lambda x, y: x == y),
    "not_equal": _test(lambda x, y: x != y),
    "and": _test(lambda x, y: bool(x) and bool(y)),
    "or": _test(lambda x, y: bool(x) or bool(y)),
    "not": _test(lambda x: not x),
    "select": lambda _, c, x, y: x if c else y,
    "strong_mul": lambda _, g, p: g * p if g else 0.0,
    "strong_div": lambda _, g, p: g / p if g else 0.0,
    "zero_mul": lambda _, x, y: x * y if x and y else 0.0,
    "abs": lambda _, x: abs(x),
    "one_minus_square": lambda _, x: 1 - x * x,
    "shortfall": lambda _, x, y: 1 - x / y,
    "soft_sign": lambda _, x: x / (1 + abs(x)),
    "angle_slope": lambda _, x, y: x / (x * x + y * y),
    "hypot_slope": lambda mp, x, y: x / mp.hypot(x, y),
    "hypot_rest": lambda mp, x, y: mp.hypot(x, y) - abs(y),
    "copysign": lambda _, x, y: -abs(x) if y < 0 else abs(x),
    "sqrt": lambda mp, x: mp.sqrt(x),
    "cbrt": _root,
    "log2": lambda mp, x: mp.log(x) / mp.ln2,
    "log10": lambda mp, x: mp.log(x) / mp.ln10,
    "log_ratio": lambda mp, x, y: mp.log(x) - mp.log(y),
    "xlogy": lambda mp, x, y: x * mp.log(y) if x else 0.0,
    "xlog1py": lambda mp, x, y: x * mp.log1p(y) if x else 0.0,
    **_named("sign floor log log1p sin cos atan asinh acosh atanh asin acos atan2 hypot tan sec csc cot sinpi cospi"),
    "asec": lambda mp, x: mp.asec(x),
    "acsc": lambda mp, x: mp.acsc(x),
    "acot": lambda mp, x: mp.atan(1 / x),
    "asech": lambda mp, x: mp.asech(x),
    "acsch": lambda mp, x: mp.acsch(x),
    "acoth": lambda mp, x: mp.acoth(x),
    "lambertw": lambda mp, x: mp.lambertw(x),
}
"""Words that may have any operand."""

_BOUNDED: dict[str, Word] = {
    **_named("exp expm1 sinh cosh tanh sech csch coth erf erfc erfi gamma rgamma digamma fresnels fresnelc"),
    "exp2": lambda mp, x: mp.exp(x * mp.ln2),
    "usinc": lambda mp, x: mp.sin(x) / x,
    "exprel": lambda mp, x: mp.expm1(x) / x,
    "sigmoid": lambda mp, x: 1 / (1 + mp.exp(-x)),
    "softplus": lambda mp, x: mp.log1p(mp.exp(x)),
    "gd": lambda mp, x: 2 * mp.atan(mp.tanh(x / 2)),
    "gauss": lambda mp, x: mp.exp(-x * x),
    "logaddexp": lambda mp, x, y: mp.log(mp.exp(x) + mp.exp(y)),
    "share": lambda mp, x, y: 1 / (1 + mp.exp(y - x)),
    "kl_div": lambda mp, x, y: x * mp.log(x / y) - x + y,
    "celu": lambda mp, x, a: x if x > 0 else a * mp.expm1(x / a),
    "expm1_rest": lambda mp, u: mp.expm1(u) - u * mp.exp(u),
    "pow": lambda _, x, n: x**n,
    "pow_const": lambda _, x, n: x**n,
    "const_pow": lambda _, x, n: x**n,
    "power_log": lambda mp, k, x, n: x**n * mp.log(x) ** k if k >= 0 else 0.0,
    "power_log1p": lambda mp, k, x, n: (1 + x) ** n * mp.log1p(x) ** k if k >= 0 else 0.0,
    "erfcx": lambda mp, x: mp.exp(x * x) * mp.erfc(x),
    "dawsn": lambda mp, x: mp.sqrt(mp.pi) / 2 * mp.exp(-x * x) * mp.erfi(x),
    "lgamma": lambda mp, x: mp.log(abs(mp.gamma(x))),
    "betaln": lambda mp, a, b: mp.log(abs(mp.gamma(a) * mp.gamma(b) * mp.rgamma(a + b))),
    "lgamma_step": lambda mp, x, h: mp.loggamma(x + h) - mp.loggamma(x),
    "polygamma": lambda mp, n, x: mp.psi(int(n), x),
    "gamma_part": _gamma_part,
    "gamma_density": _gamma_density,
    "beta_density": _beta_density,
    "betainc": lambda mp, a, b, x: mp.betainc(a, b, 0, x, regularized=True),
    "uppergamma": lambda mp, s, x: mp.gammainc(s, x),
    "jn": lambda mp, n, x: mp.besselj(int(n), x),
    "yn": lambda mp, n, x: mp.bessely(int(n), x),
    "iv": lambda mp, n, x: mp.besseli(int(n), x),
    "kn": lambda mp, n, x: mp.besselk(int(n), x),
    "i0e": lambda mp, x: mp.besseli(0, x) * mp.exp(-abs(x)),
    "i1e": lambda mp, x: mp.besseli(1, x) * mp.exp(-abs(x)),
    "k0e": lambda mp, x: mp.besselk(0, x) * mp.exp(x),
    "k1e": lambda mp, x: mp.besselk(1, x) * mp.exp(x),
    "expi": lambda mp, x: mp.ei(x),
    "li": lambda mp, x: mp.li(x),
    "expn": lambda mp, n, x: mp.expint(int(n), x),
    "Si": lambda mp, x: mp.si(x),
    "Ci": lambda mp, x: mp.ci(x),
    "Shi": lambda mp, x: mp.shi(x),
    "Chi": lambda mp, x: mp.chi(x),
}
"""Words whose operands are bounded."""


def _sided(xp: Any, x: Any) -> Any:
    return xp.select(xp.less_equal(0.0, x), 1.0, -1.0)


def _bessel(name: str, sign: float) -> Row:
    def by_argument(xp: Any, y: Any, n: Any, x: Any) -> Any:
        return float(n) / x * y + sign * getattr(xp, name)(n + 1, x)

    return row(None, by_argument)


ROWS: dict[str, Row] = table.TABLE | {
    "erfcx": row(lambda _, y, x: 2 * x * y - 2 / _CONTEXT.mp.sqrt(_CONTEXT.mp.pi)),
    "erfi": row(lambda xp, _, x: 2 / _CONTEXT.mp.sqrt(_CONTEXT.mp.pi) * xp.exp(x * x)),
    "dawsn": row(lambda _, y, x: 1 - 2 * x * y),
    "rgamma": row(lambda xp, y, x: -xp.digamma(x) * y),
    "betaln": row(
        lambda xp, _, a, b: xp.digamma(a) - xp.digamma(a + b), lambda xp, _, a, b: xp.digamma(b) - xp.digamma(a + b)
    ),
    "gamma_density": row(
        None,
        table.TABLE["gamma_density"].partials[1],
        lambda _, y, __, a, x: y * ((a - 1) / x - 1),
    ),
    "usinc": row(lambda xp, y, x: (xp.cos(x) - y) / x),
    "exprel": row(lambda xp, y, x: (xp.exp(x) - y) / x),
    "i0e": row(lambda xp, y, x: xp.i1e(x) - _sided(xp, x) * y),
    "i1e": row(lambda xp, y, x: xp.i0e(x) - y / x - _sided(xp, x) * y),
    "k0e": row(lambda xp, y, x: y - xp.k1e(x)),
    "k1e": row(lambda xp, y, x: y - y / x - xp.k0e(x)),
    "jn": _bessel("jn", -1.0),
    "yn": _bessel("yn", -1.0),
    "iv": _bessel("iv", 1.0),
    "kn": _bessel("kn", -1.0),
    "expi": row(lambda xp, _, x: xp.exp(x) / x),
    "Shi": row(lambda xp, _, x: xp.sinh(x) / x),
    "lambertw": row(lambda _, y, x: y / (x * (1 + y))),
}
"""The rows for so many digits."""


class Precise:
    """The words of numbers, and what ``power.Space`` asks of the namespace below."""

    rows, level = ROWS, 0

    def __init__(self, tick: Callable[[], None]) -> None:
        self._tick = tick
        self._mp = _CONTEXT.mp

    def __getattr__(self, opcode: str) -> Any:
        if opcode not in _PLAIN and opcode not in _BOUNDED:
            raise Lacking(opcode)
        word = functools.partial(self._call, opcode, _PLAIN.get(opcode) or _BOUNDED[opcode])
        setattr(self, opcode, word)
        return word

    def _call(self, opcode: str, word: Word, *operands: Any) -> Any:
        self._tick()
        given = [self._mp.mpf(x) for x in operands]
        if opcode in _BOUNDED and any(abs(x) > _FAR for x in given):
            raise Lacking(opcode)
        try:
            found = word(self._mp, *given)
        except (ArithmeticError, ValueError, NotImplementedError, mpmath.libmp.NoConvergence):
            raise Lacking(opcode) from None
        return self.settled(found)

    def number(self, x: float) -> Any:
        """Return a number of float64."""
        return self._mp.mpf(float(x))

    def settled(self, x: Any) -> Any:
        """Return a coefficient, if it is one that float64 may have."""
        if x is None or isinstance(x, float):
            return x
        if isinstance(x, self._mp.mpc) or not self._mp.isfinite(x):
            raise Lacking
        if x and not _LEAST < self._mp.mag(x) < _LARGEST:
            raise Lacking
        return x

    def value(self, x: Any) -> Any:
        return x

    def finite(self, x: Any) -> bool:
        return bool(self._mp.isfinite(x))

    def forget(self) -> None:
        """Nothing is kept here."""

    def constant(self, number: float, _: Any) -> Any:
        return self.number(number)
