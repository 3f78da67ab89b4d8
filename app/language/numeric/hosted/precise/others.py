"""The Voigt profile, and exponential integrals of real order."""

from __future__ import annotations

from typing import Any

from app.language.numeric.hosted.precise.digits import Number, Outside


def voigt(mp: Any, m: int, x: Number, sigma: Number, gamma: Number) -> Number:
    """Return the m-th derivative by x of the Voigt profile: a normal density convolved with a Cauchy density.

    It is the real part of w(z) / (sigma*sqrt(2*pi)), z = (x + i*gamma) / (sigma*sqrt(2)), with w(z)' = 2*i/sqrt(pi) -
    2*z*w(z) (NIST DLMF 7.10).
    """
    if sigma <= 0 or gamma < -1e-20:
        raise Outside
    scale = sigma * mp.sqrt(2)
    z = mp.mpc(x, gamma) / scale
    size = max(0, int(mp.mag(z) * 0.302))
    with mp.extradps(20 + 2 * (m + 1) * size):
        square = -z * z
        before, last = mp.mpc(0), mp.exp(square) * mp.erfc(-mp.j * z)
        for k in range(m):
            constant = 2 * mp.j / mp.sqrt(mp.pi) if k == 0 else 0
            before, last = last, constant - 2 * z * last - 2 * k * before
        return (last / scale**m).real / (sigma * mp.sqrt(2 * mp.pi))


def exp_integral(mp: Any, m: int, n: Number, x: Number) -> Number:
    """Return the m-th derivative by x of E_n(x) of real order, for x > 0 (NIST DLMF 8.19.13)."""
    if x < 0 or (m and x == 0):
        raise Outside
    if x == 0:
        return 1 / (n - 1) if n > 1 else mp.inf
    return (-1) ** m * mp.expint(n - m, x)
