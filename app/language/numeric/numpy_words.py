"""The value of every word, by NumPy and SciPy: constants are folded and arrays computed with it.

Words take and return arrays of float64 or float32, or numbers; operands broadcast. A condition is 1.0 if it holds, else
0.0. No word warns by itself: the caller decides with ``numpy.errstate``.
"""

from __future__ import annotations

import functools
import math
import types
from collections.abc import Callable
from typing import Any

import numpy as np
import scipy

from app.language.numeric import closed_forms
from app.language.numeric.hosted import words as hosted
from app.language.numeric.special_forms import in_numpy

Word = Callable[..., Any]


_DOUBLE = np.dtype(float)


def _dtype(*operands: Any) -> Any:
    """Return the dtype that operands have together, float64 unless they are floating point."""
    if {getattr(x, "dtype", _DOUBLE) for x in operands} == {_DOUBLE}:
        return _DOUBLE
    found = np.result_type(*operands)
    return found if found.kind == "f" else _DOUBLE


def _typed(result: Any, *operands: Any) -> Any:
    return np.asarray(result).astype(_dtype(*operands), copy=False)[()]


def _condition(test: Word) -> Word:
    return lambda *operands: _typed(test(*operands), *operands)


def _select(c: Any, x: Any, y: Any) -> Any:
    return _typed(np.where(np.not_equal(c, 0), x, y), c, x, y)


def _strong(operation: Word, both: bool = False) -> Word:
    """Return an operation that gives 0 where its first operand is 0, or one of both, whatever the other one is."""

    def call(g: Any, p: Any) -> Any:
        found = operation(g, p)
        # Only a product that is not finite can be wrong: one sum finds out more cheaply than a comparison of each.
        if isinstance(found, float) and math.isfinite(found):
            return found
        if np.isfinite(np.add.reduce(found, axis=None)):
            return found
        zero = np.equal(g, 0) | np.equal(p, 0) if both else np.equal(g, 0)
        return _typed(np.where(zero, 0.0, found), g, p)

    return call


def _closed(name: str) -> Word:
    """Return a closed form in the dtype of its operands."""
    form = functools.partial(getattr(closed_forms, name), np)
    ordered = name in ORDERED.split()

    def call(*operands: Any) -> Any:
        dtype = _dtype(*operands)
        arrays: list[Any] = [np.asarray(x, dtype) for x in operands]
        if ordered and arrays[0].ndim == 0:
            arrays[0] = float(arrays[0])
        return np.asarray(form(*arrays)).astype(dtype, copy=False)[()]

    return call


def _named(module: Any, names: str) -> dict[str, Word]:
    """Return the functions of a module whose names are opcodes."""
    return {name: getattr(module, name) for name in names.split()}


CLOSED = (
    "asec acsc acot acosh asech acoth gd usinc usinc_derivative exprel exprel_derivative soft_sign celu"
    " kl_div softplus logaddexp angle_slope hypot_slope hypot_rest expm1_rest power_log power_log1p"
    " boxcox boxcox_derivative boxcox1p boxcox1p_derivative pseudo_huber pseudo_huber_slope"
    " one_minus_square shortfall log_ratio"
)
"""Opcodes whose values are in ``closed_forms``, here as in JAX."""

CLOSED_IN_JAX = "xlogy xlog1py share strong_mul strong_div zero_mul"
"""More of these, for which NumPy has something better."""

ORDERED = "usinc_derivative exprel_derivative boxcox_derivative boxcox1p_derivative power_log power_log1p"
"""Those whose first operand is an order, which has a form of its own where it is one number."""

WORDS: dict[str, Word] = {
    # Arithmetic and logic
    **_named(np, "add reciprocal square sqrt mod fmod floor_divide maximum minimum"),
    "sub": np.subtract, "mul": np.multiply, "div": np.divide, "neg": np.negative,
    "pow": np.power, "pow_const": np.power, "const_pow": np.power,
    "less": _condition(np.less), "less_equal": _condition(np.less_equal),
    "equal": _condition(np.equal), "not_equal": _condition(np.not_equal),
    "and": _condition(np.logical_and), "or": _condition(np.logical_or), "not": _condition(np.logical_not),
    "select": _select, "strong_mul": _strong(np.multiply), "strong_div": _strong(np.divide),
    "zero_mul": _strong(np.multiply, both=True),
    # Elementary
    **_named(np, "sin cos tan asin acos atan atan2 sinh cosh tanh asinh atanh hypot abs sign copysign"),
    **_named(np, "exp exp2 expm1 log log2 log10 log1p cbrt floor ceil trunc round"),
    "sec": lambda x: 1 / np.cos(x), "csc": lambda x: 1 / np.sin(x), "cot": lambda x: 1 / np.tan(x),
    "sech": lambda x: 1 / np.cosh(x), "csch": lambda x: 1 / np.sinh(x), "coth": lambda x: 1 / np.tanh(x),
    "acsch": lambda x: np.arcsinh(np.reciprocal(x)),
    "sigmoid": in_numpy.of_scipy("expit"), "xlogy": in_numpy.of_scipy("xlogy"), "xlog1py": in_numpy.of_scipy("xlog1py"),
    "share": lambda x, y: scipy.special.expit(np.where(np.equal(x, y), 0 * x, np.subtract(x, y))),
    **{name: _closed(name) for name in CLOSED.split()},
    "erf": in_numpy.of_scipy("erf"),
    **in_numpy.WORDS,
    **hosted.WORDS,
}  # fmt: skip
"""Function of each opcode; ``app.autodiff.table`` has a row for every opcode of this table, and no other."""

NAMESPACE = types.SimpleNamespace(**WORDS, constant=lambda number, like: np.full_like(like, number))
"""The words as a namespace."""
