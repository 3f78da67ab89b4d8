"""Derivatives of the gamma function's logarithm, by Euler and Maclaurin's formula (NIST DLMF 5.11, 25.11)."""

from __future__ import annotations

import functools
import math
import numbers
import operator
from collections.abc import Callable
from typing import Any

from app.language.numeric import closed_forms
from app.language.numeric.special_forms import errors
from app.language.numeric.special_forms.quadrature import Array, axis

BERNOULLI = (1 / 6, -1 / 30, 1 / 42, -1 / 30, 5 / 66, -691 / 2730, 7 / 6, -3617 / 510, 43867 / 798, -174611 / 330)
_STIRLING = [b / (2 * k * (2 * k - 1)) for k, b in enumerate(BERNOULLI[:8], 1)]
_HEAD = 16
_MOST = 170


def factorial(np: Any, n: Any, like: Array) -> Any:
    """Return n! for an integer up to 170."""
    if isinstance(n, numbers.Real):
        return float(math.factorial(round(float(n))))
    k = axis(np, range(1, _MOST + 1), like)
    return np.prod(np.where(k <= n[..., None], k, 1), axis=-1)


def _head(np: Any, x: Array) -> Array:
    return x[..., None] + axis(np, range(_HEAD), x)


def digamma(np: Any, x: Array) -> Array:
    """Return the derivative of log(gamma(x)) for x > 0."""
    end = x + _HEAD
    square = 1 / (end * end)
    rest = closed_forms.polynomial(square, [b / (2 * k) for k, b in enumerate(BERNOULLI[:8], 1)])
    return np.log(end) - 0.5 / end - square * rest - np.sum(1 / _head(np, x), axis=-1)


def hurwitz(np: Any, s: Any, x: Array) -> Array:
    """Return the sum of (x + k)**-s over k >= 0, for s >= 2 and x > 0."""
    end = x + _HEAD
    last = end ** (-s)
    total = np.sum(_head(np, x) ** (-(s if isinstance(s, numbers.Real) else s[..., None])), axis=-1)
    total = total + end ** (1 - s) / (s - 1) + last / 2  # not last * end, which is 0 before it must be
    factor = last * s / end
    for j, bernoulli in enumerate(BERNOULLI, 1):
        total = total + bernoulli / math.factorial(2 * j) * factor
        factor = factor * ((s + 2 * j - 1) * (s + 2 * j)) / (end * end)
    return total


def above(np: Any, n: int, x: Array) -> Array:
    """Return the n-th derivative of digamma for x > 0."""
    if n == 0:
        return digamma(np, x)
    return (-1) ** (n + 1) * math.factorial(n) * hurwitz(np, n + 1, x)


def polygamma(np: Any, n: Any, x: Array) -> Array:
    """Return the n-th derivative of digamma, n >= 1.

    It is (-1)**(n+1) * n! times the sum of (x + k)**-(n+1) over k >= 0. For negative x = f - m, 0 < f < 1, that is the
    sum from f on and the sum over the negative x + k, which is a difference of two sums from 1 - f and 1 - x on.
    """
    odd = np.mod(n, 2) * 2 - 1  # (-1)**(n+1)
    apart = x - np.round(x)  # exact; f and 1 - f follow without rounding the small one of both
    below = np.where(apart < 0, 1 + apart, apart)
    rest = np.where(apart < 0, -apart, 1 - apart)
    left = x < 0
    start = np.stack([np.where(left, below, x), np.where(left, rest, 1), np.where(left, 1 - x, 1)], axis=-1)
    order = n + 1 if isinstance(n, numbers.Real) else (n + 1)[..., None] + np.zeros_like(start)
    first, second, third = (hurwitz(np, order, start)[..., i] for i in range(3))
    total = np.where(left, (first + odd * second) - odd * third, first)
    found = odd * factorial(np, n, x) * total
    pole = left & (apart == 0) | (x == 0)
    return np.where(pole, np.where(odd > 0, np.inf, np.nan), found)


def polygamma_step(np: Any, n: Any, x: Array, h: Array) -> Array:
    """Return the n-th derivative of digamma at x + h less that at x, for n >= 0, positive x and x + h.

    In Euler and Maclaurin's formula u**-s - v**-s is v**-s * expm1(-s * log(u/v)), so that small h lose nothing.
    """
    s = n + 1
    end, more = x + _HEAD, np.log1p(h / (x + _HEAD))
    head = _head(np, x)
    order = s if isinstance(s, numbers.Real) else s[..., None]
    total = np.sum(head**-order * np.expm1(-order * np.log1p(h[..., None] / head)), axis=-1)
    last = end ** (-s)
    first = np.where(np.equal(s, 1), -more, np.expm1((1 - s) * more) * end * last / np.where(np.equal(s, 1), 1, s - 1))
    total = total + first + last / 2 * np.expm1(-s * more)
    factor = last * s / end
    for j, bernoulli in enumerate(BERNOULLI, 1):
        total = total + bernoulli / math.factorial(2 * j) * factor * np.expm1(-(s + 2 * j - 1) * more)
        factor = factor * ((s + 2 * j - 1) * (s + 2 * j)) / (end * end)
    return (np.mod(n, 2) * 2 - 1) * factorial(np, n, x) * total


def _log_quotient(np: Any, x: Array, h: Array) -> Array:
    """Return log((x + h) / x) for positive x and x + h, without cancellation and overflow."""
    close = np.abs(h) <= 0.5 * x
    return np.where(close, np.log1p(np.where(close, h, 0) / x), np.log(x + h) - np.log(x))


def lgamma_step(np: Any, x: Array, h: Array) -> Array:
    """Return lgamma(x + h) - lgamma(x), for positive x and x + h; small h lose nothing.

    Stirling's formula (NIST DLMF 5.11) after 16 factors.
    """
    end = x + _HEAD
    more = _log_quotient(np, end, h)
    close = np.abs(h) <= 0.5 * end
    apart = end * np.where(close, closed_forms.log1pmx(np, np.where(close, h, 0) / end), more) - np.where(close, 0, h)
    total = apart + (h - 0.5) * more + h * np.log(end)
    total = total - np.sum(_log_quotient(np, _head(np, x), h[..., None]), axis=-1)
    for k, term in enumerate(_STIRLING, 1):
        total = total + term / end ** (2 * k - 1) * np.expm1(-(2 * k - 1) * more)
    one = np.abs(h) == 1  # one factor: exactly 0 at (1, 1) and (2, -1)
    return np.where(one, h * np.log(np.where(one, np.where(h > 0, x, x - 1), 1)), total)


def betaln(np: Any, positive: Callable[[Array, Array], Array], a: Array, b: Array) -> Array:
    """Return log |gamma(a) * gamma(b) / gamma(a + b)|, from a function that is right for positive arguments.

    Each gamma of a negative number is reflected (NIST DLMF 5.5.3), so that no two logarithms cancel. A quotient of
    sines is 1 for an integer b, also where a is a pole of both.
    """
    p, q = np.minimum(a, b), np.maximum(a, b)
    both = p + q
    usual, mixed = p > 0, (p <= 0) & (both > 0)
    left, right = (p <= 0) & (q > 0) & (both <= 0), q <= 0
    first = np.where(usual, p, np.where(left, q, 1 - p))
    second = np.where(usual, q, np.where(mixed, both, np.where(left, 1 - both, 1 - q)))
    known = positive(first, second)

    def sine(x: Array, wanted: Array) -> Array:
        return np.log(np.where(wanted, np.abs(errors.sinpi(np, x)), 1))

    of_p, log_pi = sine(p, ~usual), math.log(math.pi)
    of_both = np.where(left & (q == np.round(q)), of_p, sine(both, left | right))
    found = np.where(usual, known, log_pi - of_p - np.log(np.where(mixed, q, 1)) - known)
    found = np.where(left, np.where(q == np.round(q), known, known + of_both - of_p), found)
    below = log_pi + of_both - of_p - sine(q, right) - known - np.log(np.where(right, 1 - both, 1))
    return np.where(right, below, found)


def remainder(x: Array) -> Array:
    """Return lgamma(x) - ((x - 1/2)*log(x) - x + log(2*pi)/2) for x >= 8."""
    square = 1 / (x * x)
    return closed_forms.polynomial(square, _STIRLING) / x


def rising(x: Array, start: int, stop: int) -> Array:
    """Return (x + start) * ... * (x + stop - 1)."""
    return functools.reduce(operator.mul, [x + k for k in range(start, stop)])
