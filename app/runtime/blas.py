"""How many threads NumPy's linear algebra has: one, but several for the time of a long computation.

OpenBLAS divides even a product of small matrices between all cores, and its threads then wait in a loop for the next
one. On a machine whose cores are busy, a Gaussian process of 100 points takes 130 ms with two threads, and 1 ms with
one. NumPy and SciPy each bring an OpenBLAS of their own; threadpoolctl finds them.
"""

from __future__ import annotations

import contextlib
import functools
import threading
from collections.abc import Iterator

import threadpoolctl


class BlasThreads:
    """The threads of every library for linear algebra that this process has loaded."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._long = 0  # computations that may use several threads now
        found = threadpoolctl.ThreadpoolController().select(user_api="blas").lib_controllers
        self._libraries = [(library, library.num_threads) for library in found]
        self._change(0)

    @contextlib.contextmanager
    def several(self) -> Iterator[None]:
        """Let linear algebra use as many threads as the environment allowed at the start."""
        self._change(1)
        try:
            yield
        finally:
            self._change(-1)

    def _change(self, by: int) -> None:
        with self._lock:
            self._long += by
            for library, most in self._libraries:
                library.set_num_threads(most if self._long else 1)


@functools.cache
def threads() -> BlasThreads:
    """Return the threads of this process; from the first call on, there is one."""
    return BlasThreads()
