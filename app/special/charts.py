"""A smooth function to a table of polynomials, made from its definition in many digits when it is first traced.

A chart covers [0, pieces) with one polynomial on each unit interval. A caller maps its argument there (``x**2`` near
the origin of an even function, ``c/x`` in a tail), so that pieces are narrow where the function bends:

    chart(u) = p_i(u - i - 1/2),   i = floor(u)

The coefficients are those of the polynomial through the Chebyshev points of the piece (Trefethen, Approximation
Theory and Practice, 2013, chapters 3 and 8), computed in 50 digits by mpmath and rounded once. Around the middle of
a piece the leading coefficient is the value itself, so that evaluation by Horner's rule costs about one rounding of
the largest value on the piece. Nothing is computed before a program that needs the chart is traced.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import jax.numpy as jnp
import mpmath
import numpy as np
from jax import Array, lax
from numpy.typing import NDArray

_DIGITS = 50

Exact = Callable[[Any, Any], Any]
"""A function of a context of mpmath's, which has the precision, and of one of its numbers."""


@dataclass(frozen=True, slots=True)
class Chart:
    """One or more functions over [0, pieces).

    Attributes:
        pieces: number of unit intervals.
        place: the argument x that stands at u.
        functions: what is approximated, as functions of x.
        degree: of each polynomial.
    """

    pieces: int
    place: Exact
    functions: tuple[Exact, ...]
    degree: int = 16

    def __call__(self, u: Array, column: int = 0) -> Array:
        """Return a function at u, of shape () or (n,); outside [0, pieces] the result means nothing."""
        index = jnp.clip(lax.floor(lax.stop_gradient(u)), 0, self.pieces - 1)
        table = jnp.asarray(_table(self, column), u.dtype)
        rows = jnp.take(table, index.astype(jnp.int32), axis=0, mode="clip")
        return horner(u - index - 0.5, [rows[..., k] for k in range(self.degree + 1)])


def horner(t: Array, coefficients: list[Any]) -> Array:
    """Return the polynomial with these coefficients, lowest first."""
    total = jnp.zeros_like(t) + coefficients[-1]
    for coefficient in reversed(coefficients[:-1]):
        total = total * t + coefficient
    return total


@functools.cache
def _table(chart: Chart, column: int) -> NDArray[np.float64]:
    """Return the coefficients, lowest first, of shape (pieces, degree + 1)."""
    mp = mpmath.mp.clone()  # of our own: the precision of the shared one is everybody's
    mp.dps = _DIGITS
    points, inverse = _points(mp, chart.degree)
    function = chart.functions[column]
    rows = []
    for piece in range(chart.pieces):
        values = [mp.re(function(mp, chart.place(mp, piece + mp.mpf(0.5) + t))) for t in points]
        rows.append([float(mp.fdot(line, values)) for line in inverse])
    return np.array(rows)


def _points(mp: Any, degree: int) -> tuple[list[Any], list[list[Any]]]:
    """Return the Chebyshev points of [-1/2, 1/2] and what turns values there into coefficients."""
    points = [mp.cos(mp.pi * (2 * k + 1) / (2 * degree + 2)) / 2 for k in range(degree + 1)]
    inverse = mp.matrix([[t**k for k in range(degree + 1)] for t in points]) ** -1
    return points, inverse.tolist()
