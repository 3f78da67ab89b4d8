"""A smooth function to a table of polynomials, made once from its definition in many digits.

A chart covers [0, pieces) with one polynomial on each unit interval. A caller maps its argument there (``x**2`` near
the origin of an even function, ``c/x`` in a tail), so that pieces are narrow where the function bends:

    chart(u) = p_i(u - i - 1/2),   i = floor(u)

The coefficients are those of the polynomial through the Chebyshev points of the piece (Trefethen, Approximation
Theory and Practice, 2013, chapters 3 and 8), computed in 50 digits by mpmath and rounded once. Around the middle of
a piece the leading coefficient is the value itself, so that evaluation costs about one rounding of
the largest value on the piece.

The tables are in ``charts.json``, which ``python -m app.special`` writes anew from the definitions beside the charts;
a test holds them against each other.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jax.numpy as jnp
import numpy as np
from jax import Array, lax
from numpy.typing import NDArray

_DIGITS = 50
TABLES = Path(__file__).with_name("charts.json")

Exact = Callable[[Any, Any], Any]
"""A function of a context of mpmath's, which has the precision, and of one of its numbers."""


@dataclass(frozen=True, slots=True)
class Chart:
    """One or more functions over [0, pieces).

    Attributes:
        name: what the tables are stored under.
        pieces: number of unit intervals.
        place: the argument x that stands at u.
        functions: what is approximated, as functions of x.
        degree: of each polynomial.
    """

    name: str
    pieces: int
    place: Exact
    functions: tuple[Exact, ...]
    degree: int = 16

    def __call__(self, u: Array, *columns: int) -> Array:
        """Return functions at u, of shape () or (n,); outside [0, pieces] the result means nothing.

        One column, 0 if not given, has the shape of u; several have a last axis for the columns.
        """
        index = jnp.clip(lax.floor(lax.stop_gradient(u)), 0, self.pieces - 1)
        tables = [_tables()[self.name][column] for column in columns or (0,)]
        table = jnp.asarray(np.stack(tables, axis=1) if len(tables) > 1 else tables[0], u.dtype)
        rows = jnp.take(table, index.astype(jnp.int32), axis=0, mode="clip")
        t = u - index - 0.5
        return polynomial(t[..., None] if len(tables) > 1 else t, rows)


def behind(values: Any, like: Array) -> Array:
    """Return a vector on an axis behind those of an array, in its dtype."""
    return jnp.asarray(values, like.dtype).reshape((1,) * like.ndim + (-1,))


def polynomial(t: Array, coefficients: Any) -> Array:
    """Return the polynomial with these coefficients on their last axis, lowest first, for finite t.

    A sum over a table of powers: as many roundings as Horner's rule, and a fraction of the code.
    """
    rows = jnp.asarray(coefficients, t.dtype)
    powers = jnp.arange(rows.shape[-1], dtype=t.dtype)
    shape = t.shape if rows.ndim == 1 else rows.shape[:-1]
    terms = lax.pow(
        jnp.broadcast_to(t[..., None], (*t.shape, len(powers))), jnp.broadcast_to(powers, (*t.shape, len(powers)))
    )
    return jnp.sum(jnp.broadcast_to(rows, (*shape, len(powers))) * jnp.broadcast_to(terms, (*shape, len(powers))), -1)


@functools.cache
def _tables() -> dict[str, NDArray[np.float64]]:
    """Return, by name, the coefficients of every chart, lowest first, of shape (functions, pieces, degree + 1)."""
    return {name: np.array(table) for name, table in json.loads(TABLES.read_text()).items()}


def coefficients(chart: Chart, column: int, piece: int) -> list[float]:
    """Return the coefficients of one polynomial, from the definition of its function."""
    mp = _context()
    points, inverse = _points(chart.degree)
    function = chart.functions[column]
    values = [mp.re(function(mp, chart.place(mp, piece + mp.mpf(0.5) + t))) for t in points]
    return [float(mp.fdot(line, values)) for line in inverse]


@functools.cache
def _context() -> Any:
    """Return a context of our own: the precision of the shared one is everybody's."""
    import mpmath  # noqa: PLC0415 - only who makes tables needs it

    mp = mpmath.mp.clone()
    mp.dps = _DIGITS
    return mp


@functools.cache
def _points(degree: int) -> tuple[list[Any], list[list[Any]]]:
    """Return the Chebyshev points of [-1/2, 1/2] and what turns values there into coefficients."""
    mp = _context()
    points = [mp.cos(mp.pi * (2 * k + 1) / (2 * degree + 2)) / 2 for k in range(degree + 1)]
    inverse = mp.matrix([[t**k for k in range(degree + 1)] for t in points]) ** -1
    return points, inverse.tolist()
