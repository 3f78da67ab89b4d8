"""Incomplete gamma and beta functions and exponential integrals, and their derivatives by every argument.

With t = x*exp(-v) the integral from 0 to x becomes an integral over v >= 0 of exp(h(v)) with h(0) = 0. It decreases
from v = 0 on if x is below the peak of the integrand; for x above the peak, the integral from x upward is computed
instead. All terms are positive, so the tails keep their digits. A derivative by a parameter is the same integral of the
integrand's derivative, which has a factor made of logarithms and polygammas (``jets``).
"""

from __future__ import annotations

import itertools
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
    half = np.exp(0.5 * (power - x - stirling))  # the whole power may be 0 where its product is not
    near = half * rest * half
    near = np.where((x == 0) & (a != 1), np.where(a < 1, np.inf, 0), near)
    return np.where(large, np.where(x == 0, 0, far), near)


def gamma_density(np: Any, k: int, a: Array, x: Array) -> Array:
    """Return the k-th derivative by a of x**(a-1) * exp(-x) / gamma(a), for a > -4 and x >= 0.

    It is exact where gamma(a) is infinite.
    """
    low = a < 1
    start = np.where(low, a + _SHIFT, a)
    scale, logarithm = _density(np, a, x), np.where((x == 0) & (a == 1), -np.inf, _log(np, x))
    polygammas = [gammas.above(np, j, start) for j in range(k)]
    ratios = jets.bell(lambda j: (logarithm if j == 1 else 0) - polygammas[j - 1], k)
    total = 0.0
    for i in range(k + 1):
        falling = [math.perm(j, i) * c for j, c in enumerate(_RISING) if j >= i]
        factor = np.where(low, closed_forms.polynomial(a, falling), 0 if i else 1)
        total = total + math.comb(k, i) * np.where(factor == 0, 0, factor * (scale * ratios[k - i]))
    total = np.where((x == 0) & (a > 0) & low, (-1) ** k * np.inf, total)
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
    # 1/gamma(a) has a zero at 0, so for small a the part above x is its own product
    product, upside = _upper_product(np, k, np.minimum(a, 1), x), np.not_equal(upper, 0)
    small = (a < 1) & ((x >= 1) | (upside & (k == 0))) & (x > 0)
    found = np.where(small, np.where(upside | (k > 0), product, 1 - product) * (1 if k == 0 else -1), found)
    found = np.where(x == 0, whole * upper, np.where(np.isinf(x), whole * (1 - upper), found))
    return np.where((a > 0) & (x >= 0), found, np.nan)


def _upper_product(np: Any, k: int, a: Array, x: Array) -> Array:
    """Return the k-th derivative by a of Q(a, x) for 0 < a <= 1 and x > 0, from uppergamma(a, x) and 1/gamma(a)."""
    start, end = np.where(x > 0, a, 1), a + _SHIFT
    polygammas = [gammas.above(np, j, end) for j in range(k)]
    ratios = jets.bell(lambda j: -polygammas[j - 1], k)
    stirling = (a + _LARGE - 0.5) * np.log(a + _LARGE) - (a + _LARGE) + 0.5 * math.log(2 * math.pi)
    scale = gammas.rising(a, _SHIFT, _LARGE) * np.exp(-stirling - gammas.remainder(a + _LARGE))
    total = 0.0
    for j in range(k + 1):
        reciprocal = 0.0
        for i in range(k - j + 1):
            falling = [math.perm(m, i) * c for m, c in enumerate(_RISING) if m >= i]
            reciprocal = reciprocal + math.comb(k - j, i) * closed_forms.polynomial(a, falling) * ratios[k - j - i]
        total = total + math.comb(k, j) * uppergamma_n(np, j, start, np.where(x > 0, x, 1)) * (scale * reciprocal)
    return total


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
    # x**i * exprel(u) for u = (n - 1 - i) * log(x), which is x**(n-1) * exprel(-u): neither overflows
    argument = (n[..., None] - 1 - axis(np, i, x)) * logarithm[..., None]
    powers = np.where(argument > 0, (small ** (n - 1))[..., None], small[..., None] ** axis(np, i, x))
    near = np.sum(signs * powers * closed_forms.exprel(np, -np.abs(argument)), -1)
    found = np.where(x < 1, small ** (n - 1) * far - logarithm * near, far)
    return np.where(
        x > 0, found, np.where((x == 0) & (n > 1), 1 / np.where(n > 1, n - 1, 1), np.where(x == 0, np.inf, np.nan))
    )


def _beta_logarithm(np: Any, a: Array, b: Array, shifts: tuple[Any, Any, Any]) -> Any:
    """Return the function of (i, j) that gives the derivative of order i by a and j by b of a logarithm.

    It is that of gamma(a + b + n) / (gamma(a + k) * gamma(b + m)), for the shifts (k, m, n).
    """
    of_a, of_b, of_both = shifts

    def derivative(i: int, j: int) -> Array:
        if i and j:
            return gammas.above(np, i + j - 1, a + b + of_both)
        if i:
            return gammas.polygamma_step(np, i - 1, a + of_a, b + (of_both - of_a))
        return gammas.polygamma_step(np, j - 1, b + of_b, a + (of_both - of_b))

    return derivative


def _half_mean(i: int, j: int, a: Array, b: Array) -> Array:
    """Return the derivative of order i by a and j by b of a*b / (a + b), for positive a and b.

    Of order n >= 2 it is (-1)**n * (n-2)! / (a+b)**(n+1) times j*(1-j)*a**2 + i*(1-i)*b**2 + 2*i*j*a*b.
    """
    n, of_a, of_b = i + j, a / (a + b), b / (a + b)
    if n < 2:
        return a * of_b if n == 0 else (of_b * of_b if i else of_a * of_a)
    found = j * (1 - j) * of_a * of_a + i * (1 - i) * of_b * of_b + 2 * i * j * of_a * of_b
    return (-1) ** n * math.factorial(n - 2) * found / (a + b) ** (n - 1)


def _part(i: int, j: int, a: Array, b: Array) -> Array:
    """Return the derivative of order i by a and j by b of b / (a + b), for positive a and b."""
    n, both = i + j, a + b
    if n == 0:
        return b / both
    return (-1) ** n * math.factorial(n - 1) * (i * (b / both) - j * (a / both)) / both**n


def _beta_power(np: Any, a: Array, b: Array, x: Array, rest: Array) -> Array:
    """Return x**a * rest**b / B(a, b) for rest = 1 - x and shapes of at least 8; smaller ones count as 8.

    The logarithms of its factors would cancel. Stirling's formula leaves
    a * (log(1 + u) - u) + b * (log(1 + v) - v) for 1 + u = x*(a + b)/a and 1 + v = (1 - x)*(a + b)/b: a*u + b*v is 0.
    """
    p, q = np.maximum(a, _LARGE), np.maximum(b, _LARGE)
    both = p + q
    off = x * q - rest * p

    def apart(shape: Array, share: Array, u: Array) -> Array:
        close = np.abs(u) < 0.5
        return shape * np.where(
            close, closed_forms.log1pmx(np, np.where(close, u, 0)), _log(np, share * both / shape) - u
        )

    size = apart(p, x, off / p) + apart(q, rest, -off / q)
    size = size + (gammas.remainder(both) - gammas.remainder(p) - gammas.remainder(q))
    return np.sqrt(p * (q / both) / (2 * math.pi)) * np.exp(size)


def beta_density(np: Any, i: int, j: int, a: Array, b: Array, x: Array, scale: Array) -> Array:
    """Return the derivatives of order i by a and j by b of x**(a-1) * (1-x)**(b-1) / B(a, b), for 0 <= x <= 1.

    ``scale`` is -log B(a + 1, b + 1). For a shape below 1 the factor a*b/(a + b) of 1/B is differentiated by itself,
    because what is left has no large derivatives.
    """
    by_a, by_b = np.where(a == 1, 0, (a - 1) * _log(np, x)), np.where(b == 1, 0, (b - 1) * _log(np, 1 - x))
    small = np.log1p(-np.minimum(x, 0.5))
    by_b = np.where((b != 1) & (x < 0.5), (b - 1) * small, by_b)
    value = np.exp(by_a + by_b + scale) / (1 + a + b)
    large, inside = (a >= _LARGE) & (b >= _LARGE), (x > 0) & (x < 1)
    middle = np.where(inside, x, 0.5)
    power = _beta_power(np, a, b, middle, 1 - middle) / (middle * (1 - middle))
    log_x = np.where((x == 0) & (a <= 1), -np.inf, _log(np, x))
    log_rest = np.where((x == 1) & (b <= 1), -np.inf, np.where(x < 0.5, small, _log(np, 1 - x)))
    apart = np.where(np.minimum(a, b) < 1, 1, 0)
    parts, logs = _beta_logarithm(np, a, b, (apart, apart, apart)), {(1, 0): log_x, (0, 1): log_rest}
    ratio = jets.bell_of_two(lambda r, s: parts(r, s) + logs.get((r, s), 0))
    total = _half_mean(0, 0, a, b) * ratio(i, j)
    for r, s in itertools.product(range(i + 1), range(j + 1)):
        if r + s:
            part = math.comb(i, r) * math.comb(j, s) * _half_mean(r, s, a, b) * ratio(i - r, j - s)
            total = total + np.where(apart == 1, part, 0)
    total = np.where(large, power * ratio(i, j), value * total)
    edge = np.where(x == 0, a, np.where(x == 1, b, 1))
    return np.where(edge > 1, 0, np.where(edge < 1, np.inf * ratio(i, j), total))


def betainc_n(np: Any, i: int, j: int, a: Array, b: Array, x: Array, scale: Array) -> Array:
    """Return the derivatives of order i by a and j by b of I_x(a, b), for a, b > 0, 0 <= x <= 1.

    ``scale`` is -log B(a + 1, b + 1). With p and q for a and b, or b and a where the tail is above x, I(p, q) for p < 1
    is I(p + 1, q) + x**p * (1-x)**q / (p * B(p, q)) (NIST DLMF 8.17.20), and 1/B has a factor q below 1 that is
    differentiated by itself: what is left has no large derivatives.
    """
    lower = x * (a + b) < a
    rest, log_x, log_rest = 1 - x, _log(np, x), np.log1p(-np.where(x < 1, x, 0.5))
    p, q = np.where(lower, a, b), np.where(lower, b, a)
    near, far = np.where(lower, x, rest), np.where(lower, rest, x)
    log_near, log_far = np.where(lower, log_x, log_rest), np.where(lower, log_rest, log_x)
    odds = near / np.where(far == 0, 1, far)
    raised, split = p < 1, q < 1
    above = np.where(raised, p + 1, p)
    fall = np.maximum(above - (q - 1) * odds, 0) + np.sqrt(np.abs(q - 1) * near) / np.where(far == 0, 1, far)
    v, weights = half_line(np, 1 / np.where(q < 1, above, fall))
    growth = np.log1p(-odds[..., None] * np.expm1(-v))
    terms = weights * np.exp((q[..., None] - 1) * growth - above[..., None] * v)
    binomial = np.exp(scale) / (1 + a + b)  # gamma(a + b + 1) / (gamma(a + 1) * gamma(b + 1))
    size = np.exp(above * log_near + (q - 1) * log_far) * (binomial * np.where(raised, 1, p / (p + q)))
    size = size * np.where(split, 1, q)
    large = (a >= _LARGE) & (b >= _LARGE) & (far > 0)
    size = np.where(large, _beta_power(np, p, q, near, far) / np.where(far == 0, 1, far), size)
    of_near, of_far = log_near[..., None] - v, log_far[..., None] + growth
    side = lower[..., None]
    logs = {(1, 0): np.where(side, of_near, of_far), (0, 1): np.where(side, of_far, of_near)}
    parts = _beta_logarithm(np, a, b, tuple(np.where(shifted, 1, 0) for shifted in (a < 1, b < 1, raised)))
    ratio = jets.bell_of_two(lambda r, s: parts(r, s)[..., None] + logs.get((r, s), 0))
    split_a, split_b = split & ~lower, split & lower
    integrand = np.where(split, q, 1)[..., None] * ratio(i, j)
    if i:
        integrand = integrand + np.where(split_a, i, 0)[..., None] * ratio(i - 1, j)
    if j:
        integrand = integrand + np.where(split_b, j, 0)[..., None] * ratio(i, j - 1)
    found = size * np.sum(terms * integrand, axis=-1)
    found = found + np.where(raised, _first_term(np, (i, j), a, b, (log_x, log_rest), lower) * binomial, 0)
    whole = 0 if i + j else 1
    found = np.where(lower, found, whole - found)
    found = np.where(x == 0, 0, np.where(x == 1, whole, found))
    return np.where((a > 0) & (b > 0) & (x >= 0) & (x <= 1), found, np.nan)


def _first_term(
    np: Any, orders: tuple[int, int], a: Array, b: Array, logarithms: tuple[Array, Array], lower: Array
) -> Array:
    """Return derivatives by a and b of x**a * (1-x)**b / (p * B(a, b)), divided by the binomial coefficient in 1/B."""
    logs = {(1, 0): logarithms[0], (0, 1): logarithms[1]}
    parts = _beta_logarithm(np, a, b, (1, 1, 1))
    ratio = jets.bell_of_two(lambda r, s: parts(r, s) + logs.get((r, s), 0))
    total = 0.0
    for r, s in itertools.product(range(orders[0] + 1), range(orders[1] + 1)):
        share = np.where(lower, _part(r, s, a, b), _part(s, r, b, a))
        times = math.comb(orders[0], r) * math.comb(orders[1], s)
        total = total + times * share * ratio(orders[0] - r, orders[1] - s)
    return np.exp(a * logarithms[0] + b * logarithms[1]) * total
