"""A tape run by ``jax.jit`` of itself: what stands in for a program of the interpreter that nobody has made yet.

The programs that know every special function take ten seconds and more to compile, one function of a few of them a
tenth of that. So who asks for one before its program is there waits for nothing else.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from numpy.typing import NDArray

from app import rules, transforms
from app.tape import Tape

Numbers = NDArray[np.floating[Any]]

_KEPT = 64
"""Functions kept; each holds three memory maps for every number of rows it has met."""


class Traced:
    """Runs tapes. Safe to use from threads."""

    def __init__(self) -> None:
        self._jitted: OrderedDict[tuple[str, str], Any] = OrderedDict()
        self._lock = threading.Lock()

    def run(self, kind: str, tape: Tape, leaves: Numbers, dtype: str) -> Numbers:
        """Run "gradient", "hvp" or "rows" as the program of that name would.

        Args:
            kind: what to compute.
            tape: n inputs and k constants.
            leaves: (n + k,), for "hvp" with their tangents (2, n + k), for "rows" (n + k, width).
            dtype: "float64" or "float32".

        Returns:
            [value, *gradient], of shape (1 + n,), (2, 1 + n) or (1 + n, width).
        """
        key = (tape.key, kind)
        with self._lock:
            jitted = self._jitted.get(key)
            if jitted is None:
                jitted = self._jitted[key] = jax.jit(_FUNCTIONS[kind](tape), compiler_options=rules.COMPILER_OPTIONS)
            self._jitted.move_to_end(key)
            while len(self._jitted) > _KEPT:
                self._jitted.popitem(last=False)
        return np.asarray(jitted(leaves.astype(dtype)))


def _gradient(tape: Tape) -> Callable[[Array], Array]:
    return transforms.packed(tape, "grad")


def _hvp(tape: Tape) -> Callable[[Array], Array]:
    gradient = transforms.packed(tape, "grad")
    return lambda pair: jnp.stack(jax.jvp(gradient, (pair[0],), (pair[1],)))


def _rows(tape: Tape) -> Callable[[Array], Array]:
    return jax.vmap(transforms.packed(tape, "grad"), in_axes=1, out_axes=1)


_FUNCTIONS = {"gradient": _gradient, "hvp": _hvp, "rows": _rows}
