"""NumPy's array functions over object arrays of mpmath numbers, dual numbers or Python's numbers.

They are plain definitions without a library's numerics: a determinant is Gaussian elimination. ``reference`` runs
texts over them.
"""

import functools
import operator
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np

Scalars = Mapping[str, Callable[..., Any]]
"""Functions of numbers by name; at least sqrt, exp, log, power."""


def array(values: Any, dtype: Any = None) -> Any:  # noqa: ARG001 - everything is an object here
    """Return an object array of nested sequences, generators and arrays."""
    if isinstance(values, np.ndarray):
        return values
    return np.array(_listed(values), dtype=object)


def lift(function: Callable[..., Any], nan: Any) -> Callable[..., Any]:
    """Return a function of arrays, which broadcasts. Outside its domain it is nan, because ``where`` may drop that."""

    def call(*arguments: Any, **options: Any) -> Any:
        def one(*numbers: Any) -> Any:
            try:
                return function(*numbers, **options)
            except (ValueError, ZeroDivisionError, OverflowError):
                return nan

        columns = [array(a) if isinstance(a, list | tuple) else a for a in arguments]
        if not any(isinstance(column, np.ndarray) for column in columns):
            return one(*columns)
        return np.frompyfunc(one, len(columns), 1)(*columns)

    return call


def namespace(scalars: Scalars, nan: Any) -> dict[str, Any]:
    """Return the names of a text: every scalar function lifted to arrays, and the array functions."""
    lifted: dict[str, Any] = {name: lift(function, nan) for name, function in scalars.items()}
    return {**lifted, **_PLAIN, **_reductions(lifted), **_linear(lifted), "where": where, "__where__": where}


def where(condition: Any, chosen: Callable[[], Any], otherwise: Callable[[], Any]) -> Any:
    """Choose between two branches, given as functions; a branch that no element takes is not computed."""
    if isinstance(condition, np.ndarray):
        columns = [chosen() if condition.any() else 0, 0 if condition.all() else otherwise()]
        return np.frompyfunc(lambda c, a, b: a if c else b, 3, 1)(condition, *columns)
    return chosen() if condition else otherwise()


def summed(body: Callable[[int], Any], first: int, last: int) -> Any:
    return functools.reduce(operator.add, [body(i) for i in range(int(first), int(last) + 1)], 0)


def multiplied(body: Callable[[int], Any], first: int, last: int) -> Any:
    return functools.reduce(operator.mul, [body(i) for i in range(int(first), int(last) + 1)], 1)


# Reductions


def _listed(values: Any) -> Any:
    if isinstance(values, np.ndarray):
        return values.tolist()
    return [_listed(value) for value in values] if isinstance(values, Iterable) else values


def _fold(step: Callable[[Any, Any], Any], empty: Any = None) -> Callable[..., Any]:
    """Return the reduction of all elements, or along an axis."""

    def reduce(values: Any, axis: int | None = None, keepdims: bool = False) -> Any:
        if axis is None and not keepdims and not isinstance(values, np.ndarray):
            return functools.reduce(step, values, *([] if empty is None else [empty]))  # items may be arrays
        elements = array(values)
        if axis is None:
            found = functools.reduce(step, elements.ravel().tolist(), *([] if empty is None else [empty]))
            return np.full((1,) * elements.ndim, found, dtype=object) if keepdims else found
        rows = list(np.moveaxis(elements, axis, 0))
        found = functools.reduce(np.frompyfunc(step, 2, 1), rows)
        return np.expand_dims(found, axis) if keepdims else found

    return reduce


_sum, _prod = _fold(operator.add, 0), _fold(operator.mul, 1)


def _extreme(better: Callable[[Any, Any], bool]) -> Callable[..., Any]:
    fold = _fold(lambda a, b: a if better(a, b) else b)

    def extreme(first: Any, *others: Any, axis: int | None = None, keepdims: bool = False) -> Any:
        return fold([first, *others]) if others else fold(first, axis, keepdims)

    return extreme


def _count(elements: Any, axis: int | None) -> int:
    return int(elements.size if axis is None else elements.shape[axis])


def _reductions(f: Scalars) -> dict[str, Any]:
    maximum = _extreme(operator.ge)
    divide = f["__divide__"]

    def mean(values: Any, axis: int | None = None, keepdims: bool = False) -> Any:
        elements = array(values)
        return divide(_sum(elements, axis, keepdims), _count(elements, axis))

    def var(values: Any, axis: int | None = None, ddof: int = 0, keepdims: bool = False) -> Any:
        elements = array(values)
        spread = elements - mean(elements, axis, keepdims=True)
        return divide(_sum(spread * spread, axis, keepdims), _count(elements, axis) - ddof)

    def logsumexp(values: Any, axis: int | None = None, keepdims: bool = False) -> Any:
        top = maximum(values, axis=axis, keepdims=True)
        total = f["log"](_sum(f["exp"](array(values) - top), axis, keepdims=True)) + top
        return total if keepdims else (total.ravel()[0] if axis is None else np.squeeze(total, axis))

    def norm(values: Any, ord: Any = None, axis: int | None = None, keepdims: bool = False) -> Any:  # noqa: A002
        sizes = f["abs"](array(values))
        if ord == 1:
            return _sum(sizes, axis, keepdims)
        if ord is not None and ord != 2:
            return maximum(sizes, axis=axis, keepdims=keepdims)
        return f["sqrt"](_sum(sizes * sizes, axis, keepdims))

    def softmax(values: Any, axis: int = -1) -> Any:
        powers = f["exp"](array(values) - maximum(values, axis=axis, keepdims=True))
        return divide(powers, _sum(powers, axis, keepdims=True))

    return {
        "mean": mean,
        "var": var,
        "std": lambda *a, **k: f["sqrt"](var(*a, **k)),
        "logsumexp": logsumexp,
        "norm": norm,
        "softmax": softmax,
        "log_softmax": lambda values, axis=-1: array(values) - logsumexp(values, axis, keepdims=True),
        **dict.fromkeys(("max", "amax", "Max"), maximum),
        **dict.fromkeys(("min", "amin", "Min"), _extreme(operator.le)),
    }


# Linear algebra


def _dot(left: Any, right: Any) -> Any:
    a, b = array(left), array(right)
    return a * b if 0 in (np.ndim(a), np.ndim(b)) else np.dot(a, b)


def _eliminate(matrix: Any, right: Any, divide: Callable[..., Any]) -> tuple[Any, Any]:
    """Return the determinant and the solution, by elimination with partial pivoting."""
    rows, sides = [list(row) for row in array(matrix)], [np.atleast_1d(side) for side in array(right)]
    size, determinant = len(rows), 1
    for k in range(size):
        best = k
        for i in range(k + 1, size):
            best = i if abs(rows[i][k]) > abs(rows[best][k]) else best
        if best != k:
            rows[k], rows[best], sides[k], sides[best] = rows[best], rows[k], sides[best], sides[k]
            determinant = -determinant
        determinant = determinant * rows[k][k]
        for i in [i for i in range(size) if i != k]:
            factor = divide(rows[i][k], rows[k][k])
            rows[i] = [a - factor * b for a, b in zip(rows[i], rows[k], strict=True)]
            sides[i] = sides[i] - factor * sides[k]
    return determinant, np.array([divide(side, rows[i][i]) for i, side in enumerate(sides)], dtype=object)


def _linear(f: Scalars) -> dict[str, Any]:
    divide = f["__divide__"]

    def det(matrix: Any) -> Any:
        return _eliminate(matrix, [[0]] * len(matrix), divide)[0]

    def solve(matrix: Any, right: Any) -> Any:
        return _eliminate(matrix, right, divide)[1].reshape(np.shape(array(right)))

    def linspace(start: Any, stop: Any, num: int = 50) -> Any:
        return array([start + divide((stop - start) * i, num - 1) for i in range(num)])

    return {
        "det": det,
        "solve": solve,
        "inv": lambda matrix: solve(matrix, np.eye(len(matrix), dtype=int).astype(object)),
        "linspace": linspace,
    }


def _shaped(fill: int) -> dict[str, Callable[..., Any]]:
    name = "ones" if fill else "zeros"
    return {
        name: lambda shape: np.full(shape, fill, dtype=object),
        f"{name}_like": lambda like: np.full(np.shape(array(like)), fill, dtype=object),
    }


def _arange(*bounds: Any) -> Any:
    start, stop, step = (0, *bounds, 1) if len(bounds) == 1 else (*bounds, 1)[:3]
    return array([start + step * i for i in range(max(0, -int(-((stop - start) / step) // 1)))])


def _joining(function: Callable[..., Any]) -> Callable[..., Any]:
    return lambda parts, **options: function([array(part) for part in parts], **options)


def _viewing(function: Callable[..., Any]) -> Callable[..., Any]:
    return lambda values, *arguments, **options: function(array(values), *arguments, **options)


_PLAIN: dict[str, Any] = {
    "array": array,
    "asarray": array,
    "sum": _sum,
    "prod": _prod,
    "dot": _dot,
    "arange": _arange,
    "eye": lambda n: np.eye(n, dtype=int).astype(object),
    "full": lambda shape, value: np.full(shape, value, dtype=object),
    **_shaped(0),
    **_shaped(1),
    "Sum": summed,
    "Product": multiplied,
    **{n: _joining(getattr(np, n)) for n in ("concatenate", "stack", "hstack", "vstack", "column_stack")},
    **{n: _viewing(getattr(np, n)) for n in ("outer", "cumsum", "cumprod", "diff", "trace", "diag", "cross")},
    **{n: _viewing(getattr(np, n)) for n in ("reshape", "ravel", "transpose", "roll")},
}
