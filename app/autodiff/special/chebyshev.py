"""A smooth function to a table of polynomials, computed once from its definition in 50 digits.

A table covers [0, pieces) with one polynomial on each unit interval. The caller maps its argument x to u in that
interval (u = x**2 near the origin of an even function, u = c/x in a tail), so that pieces are narrow where the
function bends:

    table(u) = p_i(u - i - 1/2),   i = floor(u)

Each polynomial interpolates the function at the Chebyshev points of its interval (Trefethen, Approximation Theory and
Practice, 2013, chapters 3 and 8). mpmath computes the coefficients in 50 digits; they are rounded once. The constant
coefficient is the value in the middle of the interval, so that evaluation costs about one rounding of the largest
value there.

The coefficients are in ``chebyshev.json``. ``python -m app.autodiff.special`` computes the file from the definitions
in the modules of this package; a test compares the two.
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
FILE = Path(__file__).with_name("chebyshev.json")

Exact = Callable[[Any, Any], Any]
"""A function (mp, x) of an mpmath context, which holds the precision, and a number of that context."""


@dataclass(frozen=True, slots=True)
class Table:
    """One or more functions over [0, pieces).

    Attributes:
        name: key in ``chebyshev.json``.
        pieces: number of unit intervals.
        place: maps u to the argument x.
        functions: the functions of x to approximate, one column each.
        degree: degree of each polynomial.
    """

    name: str
    pieces: int
    place: Exact
    functions: tuple[Exact, ...]
    degree: int = 16

    def __call__(self, u: Array, *columns: int) -> Array:
        """Return the functions of the given columns (0 if none is given) at u, of shape () or (n,).

        The result for one column has the shape of u. The result for several columns has one more axis, the last.
        Outside [0, pieces] the result is undefined.
        """
        index = jnp.clip(lax.floor(lax.stop_gradient(u)), 0, self.pieces - 1)
        tables = [_tables()[self.name][column] for column in columns or (0,)]
        table = jnp.asarray(np.stack(tables, axis=1) if len(tables) > 1 else tables[0], u.dtype)
        rows = jnp.take(table, index.astype(jnp.int32), axis=0, mode="clip")
        t = u - index - 0.5
        return polynomial(t[..., None] if len(tables) > 1 else t, rows)


def on_last_axis(values: Any, like: Array) -> Array:
    """Return a vector with shape (1, ..., 1, n), which broadcasts against ``like`` with one more axis, in its dtype."""
    return jnp.asarray(values, like.dtype).reshape((1,) * like.ndim + (-1,))


def polynomial(t: Array, coefficients: Any) -> Array:
    """Return the polynomial with these coefficients on their last axis, lowest first, for finite t.

    A sum over a table of powers: as many roundings as Horner's rule, but much less machine code.
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
    """Return, by name, the coefficients of every table, lowest first, of shape (functions, pieces, degree + 1)."""
    return {name: np.array(table) for name, table in json.loads(FILE.read_text()).items()}


def coefficients(table: Table, column: int, piece: int) -> list[float]:
    """Return the coefficients of one polynomial, from the definition of its function."""
    mp = _context()
    points, inverse = _points(table.degree)
    function = table.functions[column]
    values = [mp.re(function(mp, table.place(mp, piece + mp.mpf(0.5) + t))) for t in points]
    return [float(mp.fdot(line, values)) for line in inverse]


@functools.cache
def _context() -> Any:
    """Return a private mpmath context: changing the precision of the shared one would affect other code."""
    import mpmath  # noqa: PLC0415 - a test dependency, needed only to compute tables

    mp = mpmath.mp.clone()
    mp.dps = _DIGITS
    return mp


@functools.cache
def _points(degree: int) -> tuple[list[Any], list[list[Any]]]:
    """Return the Chebyshev points of [-1/2, 1/2], and the matrix that turns values there into coefficients."""
    mp = _context()
    points = [mp.cos(mp.pi * (2 * k + 1) / (2 * degree + 2)) / 2 for k in range(degree + 1)]
    inverse = mp.matrix([[t**k for k in range(degree + 1)] for t in points]) ** -1
    return points, inverse.tolist()
