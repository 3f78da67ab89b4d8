"""Methods of NumPy's universal functions: ``np.add.reduce``, ``np.maximum.accumulate``, ``np.subtract.outer``."""

from __future__ import annotations

from app.language.vocabulary.word import Word, of_arrays

_REDUCE = {
    "add": "np.sum", "multiply": "np.prod", "maximum": "np.max", "minimum": "np.min", "logical_and": "np.all",
    "logical_or": "np.any", "logaddexp": "logsumexp",
}  # fmt: skip
_ACCUMULATE = {
    "add": "np.cumsum", "multiply": "np.cumprod", "maximum": "running_max", "minimum": "running_min",
    "logaddexp": "running_logsumexp",
}  # fmt: skip
_OUTER = ("add", "subtract", "multiply", "divide", "maximum", "minimum", "power", "less", "greater", "equal")

FUNCTIONS: tuple[Word, ...] = (
    *[
        of_arrays("x, axis=0, dtype=None, out=None, keepdims=False", f"np.{name}.reduce",
                  doc=f"{name} of all elements along an axis", definition=f"{word}(x, axis=axis, keepdims=keepdims)")
        for name, word in _REDUCE.items()
    ],
    *[
        of_arrays("x, axis=0, dtype=None, out=None", f"np.{name}.accumulate",
                  doc=f"{name} of the first elements along an axis", definition=f"{word}(x, axis=axis)")
        for name, word in _ACCUMULATE.items()
    ],
    *[
        of_arrays("x, y", f"np.{name}.outer", doc=f"{name} of each element of x and each of y",
                  definition=f"{name}(np.reshape(x, [n for n in np.shape(x)] + [1 for n in np.shape(y)]), y)")
        for name in _OUTER
    ],
)  # fmt: skip
"""Words that are known behind a prefix of NumPy only."""
