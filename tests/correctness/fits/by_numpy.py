"""The texts of the collections as NumPy reads them: a reference that shares nothing with the service.

Every text is an expression of Python with NumPy's names, so Python itself is the reader.
"""

import builtins
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import special

from tests.correctness.fits import Problem

Array = NDArray[np.float64]

_NAMES = {
    **vars(np),
    **{name: getattr(builtins, name) for name in ("sum", "range", "len", "max", "min")},
    "np": np,
    "ndtr": special.ndtr,
    "chebyshevt": special.eval_chebyt,
}


def values(problem: Problem, text: str, moved: Mapping[str, Any]) -> Array:
    """Return the values of a text of a problem, (m,), where its moved arguments have these numbers."""
    data = {name: _data(numbers) for name, numbers in problem.data.items()}
    point = {name: np.asarray(numbers, np.float64) for name, numbers in moved.items()}
    with np.errstate(all="ignore"):
        found = eval(text, {**_NAMES, **data, **point})  # noqa: S307 - the texts are this package's
    return np.ravel(np.asarray(found, np.float64))


def _data(numbers: Any) -> Any:
    found = np.asarray(numbers)
    return found if found.dtype.kind == "i" and found.ndim == 1 else found.astype(np.float64)  # may be indices


def moved_at(problem: Problem, start: int, x: Array) -> dict[str, Any]:
    """Return the arguments that move, from their numbers in order, (n,)."""
    moved, place = {}, 0
    for name, numbers in problem.starts[start].items():
        count = np.size(numbers)
        moved[name] = x[place : place + count] if np.shape(numbers) else float(x[place])
        place += count
    return moved


def numbers(moved: Mapping[str, Any]) -> Array:
    """Return the numbers of arguments in order, (n,)."""
    return np.concatenate([np.ravel(np.asarray(each, np.float64)) for each in moved.values()])


def violation(problem: Problem, moved: Mapping[str, Any]) -> float:
    """Return by how much the worst bound or constraint is violated, in parts of 1 or of the point's size."""
    worst = 0.0
    for name, (low, high) in problem.bounds.items():
        x = np.asarray(moved[name], np.float64)
        lower, upper = (np.asarray(end, np.float64) for end in (low, high))  # None is NaN
        worst = max(worst, float(np.fmax.reduce(np.fmax(lower - x, x - upper), axis=None, initial=0.0)))
    for kind, text in problem.constraints:
        found = values(problem, text, moved)
        worst = max(worst, float(np.max(np.abs(found) if kind == "eq" else -found)))
    return worst
