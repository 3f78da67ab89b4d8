"""The second reference: Python runs a trusted text over jax.numpy in float64; un-jitted jax.grad differentiates it."""

import ast
import builtins
import functools
import math
import operator
from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.scipy import special

from tests.support import mpmath_arrays, reference


def gradient(text: str, args: Sequence[str], point: Sequence[Any]) -> tuple[float, list[Any]]:
    """Return the value and the gradient by un-jitted jax.grad in float64."""
    value, slopes = _transformed(text, args, point, jax.value_and_grad)
    return float(value), [np.asarray(slope).tolist() for slope in slopes]


def hessian(text: str, args: Sequence[str], point: Sequence[Any]) -> list[list[Any]]:
    """Return the blocks of second derivatives by un-jitted jax.hessian in float64."""
    return [[np.asarray(block).tolist() for block in row] for row in _transformed(text, args, point, jax.hessian)]


def _transformed(text: str, args: Sequence[str], point: Sequence[Any], transform: Callable[..., Any]) -> Any:
    call = reference.compiled(text, args, _namespace())

    def function(*entries: Any) -> Any:
        return jnp.asarray(call(entries), jnp.float64)

    with jax.numpy_dtype_promotion("standard"), jax.numpy_rank_promotion("allow"):
        entries = [jnp.asarray(entry, jnp.float64) for entry in point]
        return transform(function, argnums=tuple(range(len(entries))))(*entries)


def _extreme(pair: Callable[..., Any], whole: Callable[..., Any]) -> Callable[..., Any]:
    def extreme(first: Any, *others: Any, **options: Any) -> Any:
        if others or not isinstance(first, jax.Array):
            return functools.reduce(pair, [first, *others] if others else first)
        return whole(first, **options)

    return extreme


def _fold(step: Callable[[Any, Any], Any], empty: int, whole: Callable[..., Any]) -> Callable[..., Any]:
    def fold(values: Any, **options: Any) -> Any:
        if isinstance(values, jax.Array) or options:
            return whole(jnp.asarray(values), **options)
        return functools.reduce(step, values, empty)

    return fold


def _where(condition: Any, chosen: Callable[[], Any], otherwise: Callable[[], Any]) -> Any:
    if isinstance(condition, bool):
        return chosen() if condition else otherwise()
    return jnp.where(condition, chosen(), otherwise())


@functools.cache
def _namespace() -> dict[str, Any]:
    libraries = (jnp, jnp.linalg, jax.nn, special, jax.lax)
    names = reference.names() | set(mpmath_arrays._PLAIN)
    found = {
        name: next(getattr(library, name) for library in libraries if hasattr(library, name))
        for name in names
        if any(hasattr(library, name) for library in libraries)
    }
    return {**found, **_OWN}


def knows(text: str) -> bool:
    """Return whether JAX has all the functions that a text calls, with derivatives by every argument."""
    calls = [node.func for node in ast.walk(ast.parse(text.replace("^", "**"))) if isinstance(node, ast.Call)]
    called = {ast.unparse(function).rsplit(".", 1)[-1] for function in calls}
    return called <= set(_namespace()) | set(dir(builtins)) | {"Piecewise"} and "zeta" not in called


def _binomial(n: Any, k: Any) -> Any:
    if isinstance(n, int):
        return math.comb(n, k)
    return jnp.exp(special.gammaln(n + 1) - special.gammaln(k + 1) - special.gammaln(n - k + 1))


_ALIASES = {
    "ln": jnp.log, "Abs": jnp.abs, "fabs": jnp.abs, "Pow": jnp.power, "Mod": jnp.mod,
    "log": lambda x, *base: jnp.log(x) / (jnp.log(base[0]) if base else 1),
    "lgamma": special.gammaln, "loggamma": special.gammaln, "psi": special.digamma,
    "softsign": jax.nn.soft_sign, "ceiling": jnp.ceil, "radians": jnp.deg2rad, "erf": special.erf,
    "sec": lambda x: 1 / jnp.cos(x), "csc": lambda x: 1 / jnp.sin(x), "cot": lambda x: 1 / jnp.tan(x),
    "sech": lambda x: 1 / jnp.cosh(x), "csch": lambda x: 1 / jnp.sinh(x), "coth": lambda x: 1 / jnp.tanh(x),
    "acot": lambda x: jnp.arctan(1 / x), "asec": lambda x: jnp.arccos(1 / x), "acsc": lambda x: jnp.arcsin(1 / x),
    "asech": lambda x: jnp.arccosh(1 / x), "acsch": lambda x: jnp.arcsinh(1 / x),
    "acoth": lambda x: jnp.arctanh(1 / x), "factorial": special.factorial, "binomial": _binomial,
    "Heaviside": lambda x, h=0.5: jnp.heaviside(x, h), "heaviside": lambda x, h=0.5: jnp.heaviside(x, h),
    "exp10": lambda x: 10.0**x, "unnormalized_sinc": lambda x: jnp.sinc(x / jnp.pi),
    "gamma": special.gamma, "And": jnp.logical_and, "Or": jnp.logical_or, "Not": jnp.logical_not,
}  # fmt: skip
_OWN: dict[str, Any] = {
    **_ALIASES,
    **dict.fromkeys(("max", "amax", "Max"), _extreme(jnp.maximum, jnp.max)),
    **dict.fromkeys(("min", "amin", "Min"), _extreme(jnp.minimum, jnp.min)),
    "sum": _fold(operator.add, 0, jnp.sum),
    "prod": _fold(operator.mul, 1, jnp.prod),
    "mean": lambda values, **options: jnp.mean(jnp.asarray(values), **options),
    "norm": lambda values, **options: jnp.linalg.norm(jnp.asarray(values), **options),
    "array": lambda values, **_: jnp.asarray(values, jnp.float64),
    "asarray": lambda values, **_: jnp.asarray(values, jnp.float64),
    "where": _where,
    "Sum": mpmath_arrays.summed,
    "Product": mpmath_arrays.multiplied,
    "__number__": float,
    "float": lambda number: number,
    "__divide__": operator.truediv,
    "__floor_divide__": operator.floordiv,
    "__mod__": operator.mod,
    "__power__": operator.pow,
    "__nan__": math.nan,
    "oo": math.inf,
    "E": math.e,
    "tau": math.tau,
}
