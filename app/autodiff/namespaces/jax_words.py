"""The value of every word, by JAX: what XLA is made to compute.

Operands are arrays of one dtype, float64 or float32, or Python numbers; shapes broadcast. A condition is 1 if it holds,
else 0. JAX never differentiates these functions: their derivatives are words again (``app.autodiff.table``).
"""

from __future__ import annotations

import functools
import types
from collections.abc import Callable
from typing import Any

import jax.numpy as jnp
from jax import Array, lax

from app.autodiff import special
from app.autodiff.namespaces import jax_special
from app.autodiff.special import elementary
from app.language.numeric import closed_forms, numpy_words, special_forms

Word = Callable[..., Array]

COMPILER_OPTIONS = {"xla_disable_hlo_passes": "algsimp"}
"""Options for every compilation of these functions.

XLA's algebraic simplifier is off, because it turns a/b/c into a/(b*c), which is 0 or infinite where b*c overflows or
underflows.
"""


def _together(word: Word) -> Word:
    """Return a word of several operands that takes arrays of any shapes that broadcast, and Python numbers."""

    @functools.wraps(word)
    def call(*operands: Any) -> Array:
        arrays = jax_special.together(operands)
        return word(*arrays).astype(arrays[0].dtype)

    return call


def _condition(test: Word) -> Word:
    return _together(lambda *operands: test(*operands).astype(operands[0].dtype))


def _closed(name: str) -> Word:
    form = functools.partial(getattr(closed_forms, name), jnp)
    together = _together(form)
    if name not in numpy_words.ORDERED.split():
        return together

    def call(order: Any, *operands: Any) -> Array:
        if isinstance(order, int | float):
            return _together(functools.partial(form, order))(*operands)
        return together(order, *operands)

    return call


_PLAIN: dict[str, Word] = {
    "neg": lax.neg,
    "reciprocal": lambda x: 1 / x,
    "square": lambda x: x * x,
    "sqrt": lax.sqrt,
    "not": lambda x: (x == 0).astype(x.dtype),
    "sin": lax.sin, "cos": lax.cos, "tan": lax.tan,
    "sec": lambda x: 1 / lax.cos(x), "csc": lambda x: 1 / lax.sin(x), "cot": lambda x: 1 / lax.tan(x),
    "asin": lax.asin, "acos": lax.acos, "atan": lax.atan,
    "sinh": elementary.sinh, "cosh": elementary.cosh, "tanh": lax.tanh,
    "sech": lambda x: 1 / elementary.cosh(x), "csch": lambda x: 1 / elementary.sinh(x),
    "coth": lambda x: 1 / lax.tanh(x),
    "asinh": lax.asinh, "atanh": lax.atanh, "acsch": lambda x: lax.asinh(1 / x),
    "exp": lax.exp, "exp2": lambda x: lax.pow(jnp.full_like(x, 2), x), "expm1": lax.expm1,
    "log": lax.log, "log2": jnp.log2, "log10": jnp.log10, "log1p": lax.log1p,
    "cbrt": elementary.cbrt, "abs": lax.abs, "sign": lax.sign,
    "floor": lax.floor, "ceil": lax.ceil, "trunc": jnp.trunc,
    "round": lambda x: lax.round(x, lax.RoundingMethod.TO_NEAREST_EVEN),
    "sigmoid": lax.logistic, "erf": lax.erf,
}  # fmt: skip
"""Words of one operand."""

_JOINED: dict[str, Word] = {
    "add": lax.add, "sub": lax.sub, "mul": lax.mul, "div": lax.div,
    "pow": lax.pow, "pow_const": lax.pow, "const_pow": lax.pow,
    "mod": jnp.mod, "fmod": lax.rem, "floor_divide": jnp.floor_divide, "maximum": lax.max, "minimum": lax.min,
    "select": lambda c, x, y: jnp.where(c != 0, x, y),
    "atan2": lax.atan2, "hypot": jnp.hypot, "copysign": jnp.copysign,
}  # fmt: skip
"""Words of several operands, written for arrays of one shape."""

WORDS: dict[str, Word] = {
    **_PLAIN,
    **{opcode: _together(word) for opcode, word in _JOINED.items()},
    **jax_special.WORDS,
    "less": _condition(lax.lt),
    "less_equal": _condition(lax.le),
    "equal": _condition(lax.eq),
    "not_equal": _condition(lax.ne),
    "and": _condition(lambda x, y: (x != 0) & (y != 0)),
    "or": _condition(lambda x, y: (x != 0) | (y != 0)),
    **{opcode: _closed(opcode) for opcode in (*numpy_words.CLOSED.split(), *numpy_words.CLOSED_IN_JAX.split())},
}
"""Function of each opcode of ``app.autodiff.table``."""


MODULES = (closed_forms, jax_special, *special_forms.MODULES, *special.MODULES)
"""Modules whose source is part of these words: a change makes another program and other executables on disk."""

NAMESPACE = types.SimpleNamespace(**WORDS, constant=lambda number, like: jnp.full_like(like, number))
"""The words as a namespace."""
