"""Functions of the service as ``scipy.optimize`` wants them."""

import functools
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from gradserve.function import Function


class Callables(NamedTuple):
    """Functions of a vector: value, gradient or Jacobian, Hessian, and Hessian times vector."""

    fun: Callable[..., Any]
    jac: Callable[..., Any]
    hess: Callable[..., Any]
    hessp: Callable[..., Any]


def as_scipy(function: Function) -> Callables:
    """Return a function of one vector, or of numbers, as the callables of ``scipy.optimize``.

    ``minimize(g.fun, x0, jac=g.jac, hess=g.hess)``, with ``hessp=g.hessp`` in place of ``hess`` for a long vector, and
    ``least_squares(g.fun, x0, g.jac)`` for a function of several values. ``fun`` and ``jac`` share a request.
    """
    alone = len(function.args) == 1
    argnums = 0 if alone else list(range(len(function.args)))

    def point(x: Any) -> list[Any]:
        return [x] if alone else list(x)

    @functools.lru_cache(maxsize=2)
    def first(numbers: bytes) -> tuple[Any, Any]:
        found = function.ask("jacobian", *point(np.frombuffer(numbers)), argnums=argnums)
        return found["value"], found["jacobian"] if alone else np.stack(found["jacobian"], axis=-1)

    return Callables(
        fun=lambda x: first(np.asarray(x, float).tobytes())[0],
        jac=lambda x: first(np.asarray(x, float).tobytes())[1],
        hess=lambda x: np.asarray(function.hessian(*point(x), argnums=argnums)),
        hessp=lambda x, p: np.asarray(function.hvp(*point(x), tangents=p, argnums=argnums)),
    )
