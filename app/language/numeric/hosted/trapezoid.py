"""Nodes of the trapezoidal rule for many integrals over u at once, in groups that fit memory.

For an analytic integrand that decays at both ends the rule is exact to rounding (Trefethen & Weideman, SIAM Review 56,
2014).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

Array = Any
"""A float64 vector."""

STEP = 0.4
_AT_ONCE = 1 << 17
"""Nodes that are held at once, of all integrals together."""


def groups(starts: Array, ends: Array, chosen: Array, most: float = np.inf) -> Iterator[tuple[Array, Array, Array]]:
    """Yield the chosen integrals group by group: their indices, their steps, and their nodes u, of shape (group, n).

    ``most`` bounds the nodes of one integral.
    """
    nodes = np.minimum(np.ceil((ends - starts) / STEP), most).astype(int)
    left = np.flatnonzero(chosen)
    left = left[np.argsort(nodes[left], kind="stable")]
    while left.size:
        size = max(1, min(left.size, _AT_ONCE // int(nodes[left[0]])))
        size = int(np.searchsorted(nodes[left[:size]], 2 * nodes[left[0]], side="right"))
        now, left = left[:size], left[size:]
        count = int(nodes[now[-1]])
        step = (ends[now] - starts[now]) / count
        yield now, step, starts[now, None] + step[:, None] * (np.arange(count) + 0.5)
