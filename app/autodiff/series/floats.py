"""The lowest namespace: numbers and arrays of float64, with NumPy's words and primitives."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from typing import Any

import numpy as np

from app.autodiff import table
from app.autodiff.arrays import primitives
from app.autodiff.arrays.kernels import structural
from app.autodiff.table import row
from app.language.numeric import numpy_words


@functools.lru_cache(4096)
def _kernel(opcode: str, parameters: Any, shapes: tuple[tuple[int, ...], ...]) -> Callable[..., Any]:
    if opcode == "real":
        return lambda x: np.asarray(x, np.float64)
    return structural.MAKERS[opcode](parameters, *shapes)


def primitive(opcode: str, parameters: Any, *operands: Any) -> Any:
    """Return a primitive of arrays."""
    if opcode in primitives.CREATED:
        return structural.created(opcode, parameters, np.dtype(np.float64))
    arrays = [np.asarray(x) for x in operands]
    return _kernel(opcode, parameters, tuple([x.shape for x in arrays]))(*arrays)


def _density_by_x(xp: Any, y: Any, k: Any, a: Any, x: Any) -> Any:
    """Return the derivative of ``gamma_density`` by x without the densities of negative shapes, but at x = 0."""
    found = y * ((a - 1) / x - 1)
    if not (isinstance(k, float | int) and k == 0):
        found = found + k * xp.gamma_density(k - 1, a, x) / x
    partial = table.TABLE["gamma_density"].partials[2]
    assert callable(partial)
    return xp.select(xp.less(0.0, x), found, partial(xp, y, k, a, x))


ROWS = table.TABLE | {
    "gamma_density": row.Row((None, table.TABLE["gamma_density"].partials[1], _density_by_x)),
}
"""The rows of the table; for derivatives of high order some have another form."""


class Floats:
    """The words, and what ``power.Space`` asks of the namespace below."""

    rows, level = ROWS, 0

    def __getattr__(self, opcode: str) -> Any:
        word = numpy_words.WORDS[opcode]
        setattr(self, opcode, word)
        return word

    primitive = staticmethod(primitive)

    def number(self, x: float) -> Any:
        """Return a number."""
        return np.float64(x)

    def value(self, x: Any) -> Any:
        return x

    def each(self, function: Callable[[Any], Any], x: Any) -> Any:
        return function(np.asarray(x))

    def stack(self, rows: list[Any]) -> Any:
        return np.stack(rows)

    def shape(self, x: Any) -> tuple[int, ...]:
        return np.shape(x)

    def zeros(self, x: Any) -> Any:
        return np.zeros_like(x)

    def finite(self, x: Any) -> bool:
        if isinstance(x, float):
            return math.isfinite(x)
        return bool(np.isfinite(np.add.reduce(x, axis=None)))

    def settled(self, x: Any) -> Any:
        return x

    def fitted(self, x: Any, shape: tuple[int, ...]) -> Any:
        return x if np.shape(x) == shape else np.broadcast_to(x, shape)

    def forget(self) -> None:
        """Nothing is kept here."""

    def constant(self, number: float, like: Any) -> Any:
        return np.full_like(like, number)


class Shaken(Floats):
    """The same, but every coefficient is moved by a rounding at random: what changes much has lost its digits.

    Source: Vignes, Discrete stochastic arithmetic for validating results of numerical software, Numerical Algorithms 37
    (2004).
    """

    def __init__(self) -> None:
        self._random = np.random.default_rng(0)

    def settled(self, x: Any) -> Any:
        return x if x is None else x * (1 + _ROUNDING * (2 * self._random.integers(2) - 1))


_ROUNDING = 2.0**-52
FLOATS = Floats()
