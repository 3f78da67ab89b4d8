"""Derivatives of a function by those of its logarithm: complete Bell polynomials (Comtet, Advanced Combinatorics, 3.3).

With l = log(f) the derivative of order k is f times a polynomial in the derivatives of l:

    f' = f * l',    f'' = f * (l'**2 + l''),    ...
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from typing import Any

Array = Any
"""An array of NumPy or of JAX."""


def bell(logarithm: Callable[[int], Array], order: int) -> list[Array]:
    """Return f^(k) / f for k = 0 ... order; ``logarithm(k)`` is the k-th derivative of log(f)."""
    found: list[Array] = [1.0]
    for k in range(1, order + 1):
        found.append(sum(math.comb(k - 1, i) * logarithm(i + 1) * found[k - 1 - i] for i in range(k)))
    return found


def bell_of_two(logarithm: Callable[[int, int], Array]) -> Callable[[int, int], Array]:
    """Return the function of two orders that gives the derivative by two variables of f, divided by f."""

    @functools.cache
    def ratio(i: int, j: int) -> Array:
        if i == j == 0:
            return 1.0
        if i == 0:
            return sum(math.comb(j - 1, s) * logarithm(0, s + 1) * ratio(0, j - 1 - s) for s in range(j))
        return sum(
            math.comb(i - 1, r) * math.comb(j, s) * logarithm(r + 1, s) * ratio(i - 1 - r, j - s)
            for r in range(i)
            for s in range(j + 1)
        )

    return ratio
