"""Functions that are given functions: loops of JAX, vmap, and Python's own, and the derivative; by name with prefix."""

from __future__ import annotations

_NAMES = {
    "": "vmap scan associative_scan fori_loop while_loop map vectorize partial reduce apply_along_axis piecewise jit"
    " checkpoint remat",
    "jax": "vmap jit checkpoint remat",
    "lax": "scan associative_scan fori_loop while_loop map cond switch",
    "functools": "partial reduce",
    "np": "vectorize apply_along_axis piecewise",
    "numba": "jit njit",
    "sympy": "Derivative",
}
_PREFIXES = {
    "": ("",),
    "jax": ("jax.",),
    "lax": ("lax.", "jax.lax."),
    "functools": ("functools.",),
    "np": ("np.", "jnp.", "numpy.", "jax.numpy."),
    "numba": ("numba.",),
    "sympy": ("", "sympy.", "sp.", "sym."),
}

BY_NAME: dict[str, str] = {
    prefix + name: f"lax.{name}" if (library, name) == ("lax", "map") else name
    for library, names in _NAMES.items()
    for prefix in _PREFIXES[library]
    for name in names.split()
}
"""Canonical name by the name in a text; ``lax.map`` is not Python's map."""

GRADIENTS = frozenset({"grad", "value_and_grad", "jacobian", "jacfwd", "jacrev", "hessian", "vjp", "jvp", "linearize"})
"""Functions of JAX that differentiate, which a text cannot."""
