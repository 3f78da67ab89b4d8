"""Legendre's elliptic integrals of the parameter m = k**2, and the family that all their derivatives are.

    integral(a, b, c, n, phi, m) = integral over 0 < t < phi of
        sin(t)**(2*a) * (1 - n*sin(t)**2)**-b * (1 - m*sin(t)**2)**-c

Its derivative by phi is the integrand, that by n is b times the integral of (a + 1, b + 1, c), and that by m likewise.
With w = 1/sin(t)**2 - 1/sin(phi)**2 it is one of ``carlson.integral``, for |phi| <= pi/2; beyond, whole periods are
added. F, E and Pi are those of (0, 0, 1/2), (0, 0, -1/2) and (0, 1, 1/2).
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import scipy

from app.language.numeric.hosted import carlson

Array = Any
"""A float64 vector."""


def _reduced(phi: Array) -> tuple[Array, Array, Array]:
    """Return the number k of half turns in phi, sin(phi - k*pi), and cos(phi)**2."""
    turns = np.rint(phi / math.pi)
    sine = np.where(turns % 2 == 0, 1, -1) * np.sin(phi)
    return turns, sine, np.cos(phi) ** 2


def _leg(m: Array, sine: Array, cosine2: Array) -> Array:
    """Return 1 - m*sin**2, without cancellation for 0 < m < 1."""
    return np.where(m > 0.5, (1 - m) + m * cosine2, 1 - m * sine * sine)


def leg_square(m: Array, phi: Array) -> Array:
    """Return 1 - m*sin(phi)**2."""
    _, sine, cosine2 = _reduced(phi)
    return _leg(m, sine, cosine2)


def _over_periods(turns: Array, part: Array, period: Array) -> Array:
    """Return a part and 2*turns quarter periods."""
    return part + np.where(turns == 0, 0, 2 * turns * period)


def _quarter(a: Array, b: Array, c: Array, n: Array, m: Array) -> Array:
    """Return the integral of the family over 0 < t < pi/2."""
    zero, one = np.zeros_like(m), np.ones_like(m)
    return 0.5 * carlson.integral(zero, one / 2, 1 + a - b - c, b, c, zero, one, 1 - n, 1 - m)


def integral(a: Array, b: Array, c: Array, n: Array, phi: Array, m: Array) -> Array:
    """Return the integral of the family; nan where the integrand is not real and finite before phi."""
    turns, sine, cosine2 = _reduced(phi)
    one = np.ones_like(phi)
    legs = (_leg(n, sine, cosine2), _leg(m, sine, cosine2))
    part = carlson.integral(0 * one, one / 2, 1 + a - b - c, b, c, cosine2, one, *legs)
    part = 0.5 * sine * np.abs(sine) ** (2 * a) * part
    return _over_periods(turns, part, _quarter(a, b, c, n, m)) if np.any(turns) else part


def complete_first(m: Array) -> Array:
    """Return K(m), m <= 1."""
    return scipy.special.ellipk(m)


def complete_second(m: Array) -> Array:
    """Return E(m), m <= 1."""
    return scipy.special.ellipe(m)


def complete_third(n: Array, m: Array) -> Array:
    """Return Pi(n, m), for n < 1 and m < 1."""
    return _quarter(np.zeros_like(n), np.ones_like(n), np.full_like(n, 0.5), n, m)


def first(phi: Array, m: Array) -> Array:
    """Return F(phi, m)."""
    turns, sine, cosine2 = _reduced(phi)
    part = sine * carlson.rf(cosine2, _leg(m, sine, cosine2), np.ones_like(phi))
    return _over_periods(turns, part, complete_first(m))


def second(phi: Array, m: Array) -> Array:
    """Return E(phi, m)."""
    turns, sine, cosine2 = _reduced(phi)
    one, leg = np.ones_like(phi), _leg(m, sine, cosine2)
    part = sine * (carlson.rf(cosine2, leg, one) - m * sine * sine / 3 * carlson.rd(cosine2, leg, one))
    return _over_periods(turns, part, complete_second(m))


def third(n: Array, phi: Array, m: Array) -> Array:
    """Return Pi(n, phi, m)."""
    return integral(np.zeros_like(n), np.ones_like(n), np.full_like(n, 0.5), n, phi, m)
