"""The value of every special word, by NumPy and SciPy; see ``app.language.numeric.numpy_words``."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import scipy

from app.language.numeric.special_forms import gammas, incomplete, words

Word = Callable[..., Any]

_AT_ONCE = 4096
"""Elements that a quadrature takes at once, with about 150 nodes for each of them."""
_LARGE_SHAPE = 1e4
_MOST_BY_RECURRENCE = 100  # orders of Bessel functions
_NEAR_POLE = 0.1
_NEAR_ONE = 0.3  # and near two, where the logarithm of the gamma function is 0
_DAWSN_BY_SERIES = 0.5  # up to here 15 terms have all digits
_HIGH_ORDER = 6  # from here on SciPy's modified Bessel functions have 13 digits
_NEAR_ZERO = 40.0  # up to here the series of a modified Bessel function takes 75 terms


def _by_pieces(form: Word, *operands: Any) -> Any:
    """Return form(*operands) for operands that broadcast, a bounded number of elements at a time, in their dtype."""
    found = np.result_type(*operands)
    arrays = np.broadcast_arrays(*[np.asarray(x, found if found.kind == "f" else float) for x in operands])
    shape = arrays[0].shape
    flat = [array.ravel() for array in arrays]
    pieces = [
        np.asarray(form(*[x[start : start + _AT_ONCE] for x in flat])) for start in range(0, flat[0].size, _AT_ONCE)
    ]
    joined = np.concatenate(pieces) if pieces else flat[0]
    return joined.astype(arrays[0].dtype, copy=False).reshape(shape)[()]


def _plain(form: words.Form) -> Word:
    return functools.partial(_by_pieces, functools.partial(form, np))


def _ordered(leading: int, form: words.Form) -> Word:
    """Return a word whose first operands are orders: one number for all elements, or one for each."""

    def call(*operands: Any) -> Any:
        orders = operands[:leading]
        if all(np.ndim(order) == 0 or np.all(order == np.ravel(order)[0]) for order in orders):
            known = [int(np.ravel(order)[0]) for order in orders]
            if min(known) < 0:
                return _by_pieces(lambda *rest: 0 * rest[0], *operands[leading:])
            return _by_pieces(functools.partial(form, np, *known), *operands[leading:])
        arrays = np.broadcast_arrays(*operands)
        total = np.zeros(arrays[0].shape)
        for chosen in set(zip(*[order.ravel() for order in arrays[:leading]], strict=True)):
            here = np.logical_and.reduce([order == k for order, k in zip(arrays, chosen, strict=False)])
            total[here] = call(*chosen, *[array[here] for array in arrays[leading:]])
        return total

    return call


def _uniform(n: Any) -> Any:
    """Return an order as a plain number if it is one number for all elements."""
    return float(np.ravel(n)[0]) if np.ndim(n) == 0 or np.all(n == np.ravel(n)[0]) else n


def _polygamma(n: Any, x: Any) -> Any:
    order = _uniform(n)
    if isinstance(order, float):
        return _by_pieces(functools.partial(gammas.polygamma, np, order), x)
    return _by_pieces(functools.partial(gammas.polygamma, np), n, x)


def _betaln(a: Any, b: Any) -> Any:
    """Return log |B(a, b)|."""
    return np.asarray(gammas.betaln(np, _positive_betaln, a, b))[()]


def _positive_betaln(a: Any, b: Any) -> Any:
    """Return lgamma(a) + lgamma(b) - lgamma(a + b) for positive numbers.

    SciPy subtracts lgamma(a + b) from lgamma(b), which cancels where a is small and b is large.
    """
    p, q = np.minimum(a, b), np.maximum(a, b)
    inside = (p > 0) & (p < 16) & (q >= 16) & np.isfinite(q)
    small, large = np.where(inside, p, 1.0), np.where(inside, q, 16.0)
    rest = gammas.remainder(large) - gammas.remainder(small + large)
    apart = rest - (small + large - 0.5) * np.log1p(small / large) + small
    mixed = scipy.special.gammaln(small) + (apart - small * np.log(large))
    return np.where(inside, mixed, scipy.special.betaln(a, b))[()]


def _gamma_part(a: Any, x: Any, upper: Any) -> Any:
    known = _uniform(upper)
    if isinstance(known, float):
        return scipy.special.gammaincc(a, x) if known else scipy.special.gammainc(a, x)
    return np.where(upper != 0, scipy.special.gammaincc(a, x), scipy.special.gammainc(a, x))


def _uppergamma(s: Any, x: Any) -> Any:
    tail = _by_pieces(functools.partial(incomplete.uppergamma_n, np, 0), np.minimum(s, 1), x)
    low = np.less(s, 1) & np.greater(x, 0)
    large = np.where(low, 1.0, s)
    return np.where(low, tail, scipy.special.gamma(large) * scipy.special.gammaincc(large, x))[()]


def _betainc(a: Any, b: Any, x: Any) -> Any:
    """Return I_x(a, b). SciPy's has ten digits for some shapes beyond 1e4."""
    found = scipy.special.betainc(a, b, x)
    large = np.maximum(a, b) > _LARGE_SHAPE
    if not np.any(large):
        return found
    exact = _by_pieces(functools.partial(incomplete.betainc_n, np, 0, 0), a, b, x, -_betaln(np.add(a, 1), np.add(b, 1)))
    return np.where(large, exact, found).astype(found.dtype, copy=False)[()]


def _expn(n: Any, x: Any) -> Any:
    if np.all(np.greater_equal(n, 0)):
        return _like(scipy.special.expn(np.asarray(n, int), x), x)
    return _by_pieces(functools.partial(incomplete.expn, np), n, x)


def _like(found: Any, x: Any) -> Any:
    """Return an array in the dtype of x, float64 if x is a Python number."""
    return found.astype(getattr(x, "dtype", float), copy=False)[()]


def _bessel_derivative(derivative: Word) -> Word:
    """Return (k, n, x) -> k-th derivative, from a function of SciPy (n, x, k)."""
    return lambda k, n, x: derivative(n, x, int(_uniform(k)))


def _modified(scaled: Word, sign: int) -> Word:
    """Return (k, n, x) -> k-th derivative of a modified Bessel function, from it times exp(-sign*|x|).

    SciPy's functions without the factor are 0, or infinite, too early.
    """

    def call(k: Any, n: Any, x: Any) -> Any:
        order = int(_uniform(k))
        terms = [math.comb(order, j) * scaled(np.subtract(n, order - 2 * j), x) for j in range(order + 1)]
        half = np.exp(sign * 0.5 * np.abs(x))
        return half * (half * (sign**order / 2**order * sum(terms)))

    return call


def _for_each_order(form: Word) -> Word:
    """Return (n, x) -> form(n, x) for n one number for all elements, or one for each."""

    def call(n: Any, x: Any) -> Any:
        order = _uniform(n)
        if isinstance(order, float):
            return form(abs(int(order)), x)
        orders, points = np.broadcast_arrays(n, x)
        found = np.empty(points.shape, np.asarray(x).dtype)
        for one in np.unique(orders):
            here = orders == one
            found[here] = form(abs(int(one)), points[here])
        return found

    return call


def _scaled_kn(n: int, x: Any) -> Any:
    """Return exp(x) * K_n(x), by the recurrence of NIST DLMF 10.29.1.

    SciPy's own is nan beyond 1e9, and 26 ulp off for order 20. The recurrence adds positive terms.
    """
    if n > _MOST_BY_RECURRENCE:
        return scipy.special.kve(n, x)
    before, found = scipy.special.k0e(x), scipy.special.k1e(x)
    for order in range(1, n):
        before, found = found, before + np.divide(2 * order, x) * found
    return found if n else before


def _scaled_in(n: int, x: Any) -> Any:
    """Return exp(-|x|) * I_n(x), by the series for small and for large x (NIST DLMF 10.25.2 and 10.40.1).

    SciPy's own is nan beyond 1e9, and hundreds of ulp off where it is small.
    """
    if n > _MOST_BY_RECURRENCE:
        return scipy.special.ive(n, x)
    size = np.abs(x)
    few = 2 * math.sqrt(n + 1)
    near, far = size < (few if n < _HIGH_ORDER else _NEAR_ZERO), size > max(1e4, 25.0 * n * n)
    small, large = np.where(near, size, 0), np.where(far, size, 1e4)
    quarter = 0.25 * small * small
    term = series = rise = descent = np.ones_like(quarter)
    for k in range(1, 25 if np.max(small, initial=0) < few else 75):
        term = term * quarter / (k * (n + k))
        series = series + term
        if k <= 10:
            rise = rise * -(4 * n * n - (2 * k - 1) ** 2) / (8 * k * large)
            descent = descent + rise
    below = (0.5 * small) ** n / math.factorial(n) * series * np.exp(-small)
    above = descent / np.sqrt(2 * math.pi * large)
    middle = scipy.special.ive(n, np.where(near | far, 1, size))
    found = np.where(near, below, np.where(far, above, middle))
    return _like(np.where(np.less(x, 0) & (n % 2 == 1), -found, found), x)


def _digamma(x: Any) -> Any:
    """Return the digamma function. Near its poles, by reflection: SciPy's own has the digits of pi*x there."""
    found = scipy.special.digamma(x)
    apart = np.subtract(x, np.round(x))
    near = np.less(x, -0.5) & (np.abs(apart) < _NEAR_POLE) & (apart != 0)
    if not np.any(near):
        return found
    beside = np.where(near, apart, 0.25)
    return _like(
        np.where(near, scipy.special.digamma(np.subtract(1, x)) - math.pi / np.tan(math.pi * beside), found), x
    )


def _lgamma(x: Any) -> Any:
    """Return log |gamma(x)|. Near 1 and 2 by its series (NIST DLMF 5.7.3): SciPy's own has the digits of x there."""
    found = scipy.special.gammaln(x)
    beside_one = np.less(x, 1.5)
    apart = np.subtract(x, np.where(beside_one, 1, 2))
    near = np.abs(apart) < _NEAR_ONE
    if not np.any(near):
        return found
    z = np.where(near, apart, 0)
    series = (1 - np.euler_gamma) * z
    power = z
    for k in range(2, 25):
        power = power * -z
        series = series - scipy.special.zetac(k) / k * power
    return _like(np.where(near, series - np.where(beside_one, np.log1p(z), 0), found), x)


def _dawsn(x: Any) -> Any:
    """Return Dawson's integral. Below 1/2 by its series (NIST DLMF 7.6.3): SciPy's own is up to 77 ulp off there."""
    small = np.abs(x) < _DAWSN_BY_SERIES
    if not np.any(small):
        return scipy.special.dawsn(x)
    inside = np.where(small, x, 0)
    term = series = inside
    for k in range(1, 16):
        term = term * (-2 * inside * inside / (2 * k + 1))
        series = series + term
    return _like(np.where(small, series, scipy.special.dawsn(x)), x)


def of_scipy(name: str) -> Word:
    """Return a function of ``scipy.special``, which is imported when one is needed first: that takes half a second."""

    def call(*operands: Any) -> Any:
        return getattr(scipy.special, name)(*operands)

    return call


_OF_SCIPY = "erfc erfcx erfinv erfcinv erfi gamma rgamma expi i0e i1e k0e k1e"
"""Opcodes that are names of SciPy's functions."""

WORDS: dict[str, Word] = {
    **{name: of_scipy(name) for name in _OF_SCIPY.split()},
    "dawsn": _dawsn, "digamma": _digamma, "lgamma": _lgamma, "polygamma": _polygamma, "betaln": _betaln,
    "gamma_part": _gamma_part, "uppergamma": _uppergamma, "expn": _expn,
    "betainc": _betainc,
    "jn": of_scipy("jv"), "yn": of_scipy("yv"), "iv": functools.partial(_modified(_for_each_order(_scaled_in), 1), 0),
    "kn": functools.partial(_modified(_for_each_order(_scaled_kn), -1), 0),
    "jn_derivative": _bessel_derivative(of_scipy("jvp")), "yn_derivative": _bessel_derivative(of_scipy("yvp")),
    "iv_derivative": _modified(_for_each_order(_scaled_in), 1),
    "kn_derivative": _modified(_for_each_order(_scaled_kn), -1),
    "li": lambda x: scipy.special.expi(np.log(x)),
    "Si": lambda x: scipy.special.sici(x)[0], "Ci": lambda x: scipy.special.sici(x)[1],
    "Shi": lambda x: scipy.special.shichi(x)[0], "Chi": lambda x: scipy.special.shichi(x)[1],
    "fresnels": lambda x: scipy.special.fresnel(np.clip(x, -1e100, 1e100))[0],
    "fresnelc": lambda x: scipy.special.fresnel(np.clip(x, -1e100, 1e100))[1],
    "lambertw": lambda x: _like(scipy.special.lambertw(x).real, x),
    **{opcode: _plain(form) for opcode, form in words.PLAIN.items()},
    **{opcode: _ordered(*form) for opcode, form in words.ORDERED.items()},
}  # fmt: skip
"""Function of each special opcode."""
