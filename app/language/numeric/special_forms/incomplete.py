"""Incomplete gamma and beta functions and exponential integrals, and their derivatives by every argument.

With t = x*exp(-v) the integral from 0 to x becomes an integral over v >= 0 of exp(h(v)) with h(0) = 0. It decreases
from v = 0 on if x is below the peak of the integrand; for x above the peak, the integral from x upward is computed
instead. All terms are positive, so the tails keep their digits. A derivative by a parameter is the same integral of the
integrand's derivative, which has a factor made of logarithms and polygammas (``jets``).
"""

from __future__ import annotations

import math
from typing import Any

from app.language.numeric import closed_forms
from app.language.numeric.special_forms import gammas, jets
from app.language.numeric.special_forms.quadrature import Array, axis, half_line

_LARGE = 8
_SHIFT = 4
_RISING = (0.0, 6.0, 11.0, 6.0, 1.0)
"""Coefficients of a*(a+1)*(a+2)*(a+3), lowest first."""


def _log(np: Any, x: Array) -> Array:
    """Return log(x), for x = 0 that of the smallest number: no product with it is nan."""
    return np.log(np.maximum(x, 5e-308))


def _density(np: Any, a: Array, x: Array) -> Array:
    """Return x**(a-1) * exp(-x) / gamma(a), for a < 1 without the factors a*(a+1)*(a+2)*(a+3)."""
    large = a >= _LARGE
    base = np.where(large, a, _LARGE)
    mu = (x - base) / base
    close = np.abs(mu) < 0.5
    apart = np.where(close, closed_forms.log1pmx(np, np.where(close, mu, 0)), _log(np, x / base) - mu)
    far = np.sqrt(base / (2 * math.pi)) * np.exp(base * apart - gammas.remainder(base)) / np.maximum(x, 5e-308)
    end = np.where(large, 8, a + _LARGE)
    stirling = (end - 0.5) * np.log(end) - end + 0.5 * math.log(2 * math.pi) + gammas.remainder(end)
    power = np.where(a == 1, 0, (a - 1) * _log(np, x))
    rest = gammas.rising(a, _SHIFT, _LARGE) * np.where(a < 1, 1, gammas.rising(a, 0, _SHIFT))
    near = np.exp(power - x - stirling) * rest
    near = np.where((x == 0) & (a != 1), np.where(a < 1, np.inf, 0), near)
    return np.where(large, np.where(x == 0, 0, far), near)


def gamma_density(np: Any, k: int, a: Array, x: Array) -> Array:
    """Return the k-th derivative by a of x**(a-1) * exp(-x) / gamma(a), for a > -4 and x >= 0.

    It is exact where gamma(a) is infinite.
    """
    low = a < 1
    start = np.where(low, a + _SHIFT, a)
    scale, logarithm = _density(np, a, x), _log(np, x)
    polygammas = [gammas.above(np, j, start) for j in range(k)]
    ratios = jets.bell(lambda j: (logarithm if j == 1 else 0) - polygammas[j - 1], k)
    total = 0.0
    for i in range(k + 1):
        falling = [math.perm(j, i) * c for j, c in enumerate(_RISING) if j >= i]
        factor = np.where(low, closed_forms.polynomial(a, falling), 0 if i else 1)
        total = total + math.comb(k, i) * np.where(factor == 0, 0, factor * (scale * ratios[k - i]))
    return np.where(x >= 0, total, np.nan)


def gammainc_n(np: Any, k: int, a: Array, x: Array, upper: Array | float = 0.0) -> Array:
    """Return the k-th derivative by a of P(a, x), or of Q = 1 - P where ``upper`` is 1, for a > 0 and x >= 0.

    Below x = 1, small a by P(a, x) = P(a + 1, x) + x**a * exp(-x) / gamma(a + 1), because 1/a would cancel.
    """
    lower = x < np.maximum(a, 1)
    shifted = lower & (a < 1)
    p = np.where(shifted, a + 1, a)
    v, weights = half_line(np, 1 / (np.abs(p - x) + np.sqrt(x)))
    signed = np.where(lower, -1, 1)[..., None] * v
    terms = weights * np.exp(p[..., None] * signed - x[..., None] * np.expm1(signed))
    density = gamma_density(np, 0, p, x)
    polygammas = [gammas.above(np, j, p) for j in range(k)]
    centre = _log(np, x) - polygammas[0] if k else 0 * x

    def logarithm(j: int) -> Array:
        return (centre[..., None] + signed) if j == 1 else -polygammas[j - 1][..., None]

    found = x * density * np.sum(terms * jets.bell(logarithm, k)[k], axis=-1)
    added = density * jets.bell(lambda j: centre if j == 1 else -polygammas[j - 1], k)[k]
    found = found + np.where(shifted, added, 0)
    whole = 0 if k else 1
    found = np.where(lower == np.equal(upper, 0), found, whole - found)
    found = np.where(x == 0, whole * upper, np.where(np.isinf(x), whole * (1 - upper), found))
    return np.where((a > 0) & (x >= 0), found, np.nan)


def uppergamma_n(np: Any, k: int, s: Array, x: Array) -> Array:
    """Return the integral of log(t)**k * t**(s-1) * exp(-t) over t > x, for x > 0 and s below about max(x, 1).

    It is the k-th derivative by s of the upper incomplete gamma function. Below x = 1 the integral from x to 1 is added
    term by term of the power series of exp(-t).
    """
    start = np.maximum(x, 1)
    v, weights = half_line(np, 1 / (np.abs(s - start) + np.sqrt(start)))
    terms = weights * np.exp(s[..., None] * v - start[..., None] * np.expm1(v))
    logarithms = (np.log(start)[..., None] + v) ** k if k else 1.0
    found = start**s * np.exp(-start) * np.sum(terms * logarithms, axis=-1)
    logarithm = np.log(np.minimum(x, 1))
    i = range(19)
    signs = axis(np, [(-1) ** j / math.factorial(j) for j in i], x)
    powers = (s[..., None] + axis(np, i, x)) * logarithm[..., None]
    series = np.sum(signs * closed_forms.exprel_derivative(np, float(k), powers), axis=-1)
    return np.where(x > 0, found - logarithm ** (k + 1) * series, np.nan)


def expn(np: Any, n: Array, x: Array) -> Array:
    """Return E_n(x), the integral of exp(-x*t) / t**n over t > 1, for x > 0 and real n above about -8.

    Below x = 1 as the integral over x*t > 1 and that from 1 to 1/x, term by term of the power series of exp(-x*t).
    """
    start = np.maximum(x, 1)
    v, weights = half_line(np, 1 / (start + np.maximum(n, 0)))
    far = np.exp(-start) * np.sum(weights * np.exp(-start[..., None] * v - n[..., None] * np.log1p(v)), axis=-1)
    small = np.minimum(x, 1)
    logarithm = _log(np, small)
    i = range(19)
    signs = axis(np, [(-1) ** j / math.factorial(j) for j in i], x)
    powers = small[..., None] ** axis(np, i, x)
    near = np.sum(
        signs * powers * closed_forms.exprel(np, (n[..., None] - 1 - axis(np, i, x)) * logarithm[..., None]), -1
    )
    found = np.where(x < 1, small ** (n - 1) * far - logarithm * near, far)
    return np.where(
        x > 0, found, np.where((x == 0) & (n > 1), 1 / np.where(n > 1, n - 1, 1), np.where(x == 0, np.inf, np.nan))
    )


def _beta_logarithm(np: Any, a: Array, b: Array) -> Any:
    """Return the function of (i, j) that gives derivatives of -betaln(a, b), i of a and j of b."""

    def derivative(i: int, j: int) -> Array:
        if i and j:
            return gammas.above(np, i + j - 1, a + b)
        return gammas.polygamma_step(np, i + j - 1, *((a, b) if i else (b, a)))

    return derivative


def beta_density(np: Any, i: int, j: int, a: Array, b: Array, x: Array, minus_betaln: Array) -> Array:
    """Return the derivatives of order i by a and j by b of x**(a-1) * (1-x)**(b-1) / B(a, b), for 0 <= x <= 1."""
    by_a, by_b = np.where(a == 1, 0, (a - 1) * _log(np, x)), np.where(b == 1, 0, (b - 1) * _log(np, 1 - x))
    small = np.log1p(-np.minimum(x, 0.5))
    by_b = np.where((b != 1) & (x < 0.5), (b - 1) * small, by_b)
    value = np.exp(by_a + by_b + minus_betaln)
    edge = np.where(x == 0, a, np.where(x == 1, b, 1))
    value = np.where(edge > 1, 0, np.where(edge < 1, np.inf, value))
    parts, logs = _beta_logarithm(np, a, b), {(1, 0): _log(np, x), (0, 1): np.where(x < 0.5, small, _log(np, 1 - x))}
    return value * jets.bell_of_two(lambda r, s: parts(r, s) + logs.get((r, s), 0), (i, j))


def betainc_n(np: Any, i: int, j: int, a: Array, b: Array, x: Array, minus_betaln: Array) -> Array:
    """Return the derivatives of order i by a and j by b of I_x(a, b), for a, b > 0, 0 <= x <= 1."""
    lower = x * (a + b) < a
    rest, log_x, log_rest = 1 - x, _log(np, x), np.log1p(-np.where(x < 1, x, 0.5))
    p, q = np.where(lower, a, b), np.where(lower, b, a)
    near, far = np.where(lower, x, rest), np.where(lower, rest, x)
    log_near, log_far = np.where(lower, log_x, log_rest), np.where(lower, log_rest, log_x)
    odds = near / np.where(far == 0, 1, far)
    fall = np.maximum(p - (q - 1) * odds, 0) + np.sqrt(np.abs(q - 1) * near) / np.where(far == 0, 1, far)
    v, weights = half_line(np, 1 / np.where((p < 1) | (q < 1), p, fall))
    growth = np.log1p(-odds[..., None] * np.expm1(-v))
    terms = weights * np.exp((q[..., None] - 1) * growth - p[..., None] * v)
    scale = np.exp(p * log_near + (q - 1) * log_far + minus_betaln)
    of_near, of_far = log_near[..., None] - v, log_far[..., None] + growth
    side = lower[..., None]
    logs = {(1, 0): np.where(side, of_near, of_far), (0, 1): np.where(side, of_far, of_near)}
    parts = _beta_logarithm(np, a, b)
    ratio = jets.bell_of_two(lambda r, s: parts(r, s)[..., None] + logs.get((r, s), 0), (i, j))
    found = scale * np.sum(terms * ratio, axis=-1)
    whole = 0 if i + j else 1
    found = np.where(lower, found, whole - found)
    found = np.where(x == 0, 0, np.where(x == 1, whole, found))
    return np.where((a > 0) & (b > 0) & (x >= 0) & (x <= 1), found, np.nan)
