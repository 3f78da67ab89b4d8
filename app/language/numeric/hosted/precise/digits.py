"""Functions at many digits, differentiated and rounded to float64."""

from __future__ import annotations

import functools
import itertools
import math
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import mpmath
import numpy as np

from app import errors

Number = Any
"""A number of mpmath."""

Form = Callable[..., Number]
"""(mp, m, *operands) -> the m-th derivative by the argument, where ``mp`` is a context of mpmath."""

_DIGITS = 30
_MORE_DIGITS = 16
_STEP_DIGITS = 30
_AGREEMENT = 1e-15
_REMEMBERED = 20_000
_LOCK = threading.Lock()
_MP = mpmath.MPContext()
"""mpmath keeps constants and precision in its context, so one thread at a time uses it."""


class Outside(Exception):
    """A point outside the real domain; the value is nan."""


@dataclass(frozen=True, slots=True)
class Function:
    """A function of parameters and an argument.

    Attributes:
        form: its derivatives by the argument.
        operands: how many parameters and arguments it has.
        within: whether a point is one that can be computed in a bounded time.
        range: the points for which that holds, in words.
        argument: the operand that ``form`` differentiates by, the last one if that is not said.
        smooth: whether a point has derivatives of these orders, given orders and point; elsewhere they are nan.
    """

    form: Form
    operands: int
    within: Callable[..., bool]
    range: str
    argument: int = -1
    smooth: Callable[[Sequence[int], Sequence[float]], bool] = lambda _orders, _point: True


def word(name: str, function: Function) -> Callable[..., Any]:
    """Return the word of NumPy that takes an order of differentiation for each operand, and then the operands."""

    def call(*numbers: Any) -> Any:
        found = np.result_type(*numbers[function.operands :])
        dtype = found if found.kind == "f" else np.dtype(float)
        arrays = np.broadcast_arrays(*[np.asarray(x, float) for x in numbers])
        rows = zip(*[array.ravel().tolist() for array in arrays], strict=True)
        values = [value(name, function, row[: function.operands], row[function.operands :]) for row in rows]
        with np.errstate(over="ignore"):
            return np.array(values, float).reshape(arrays[0].shape).astype(dtype)[()]

    return call


@functools.lru_cache(_REMEMBERED)
def value(name: str, function: Function, orders: tuple[float, ...], point: tuple[float, ...]) -> float:
    """Return a derivative of these orders at a point; nan outside the real domain.

    Raises:
        errors.TooComplex: the point is outside the range in which the function is computed.
    """
    if any(order < 0 for order in orders):
        return 0.0
    if any(math.isnan(x) for x in point):
        return math.nan
    if not function.within(*point):
        raise refusal(name, function, point)
    known = [int(order) for order in orders]
    if any(known) and not function.smooth(known, point):
        return math.nan
    with _LOCK:
        try:
            return _agreed(function, known, point)
        except Outside:
            return math.nan
        except ZeroDivisionError:
            return math.nan if any(known) else math.inf
        except (ValueError, OverflowError, mpmath.libmp.NoConvergence):
            raise refusal(name, function, point) from None


def _agreed(function: Function, orders: Sequence[int], point: Sequence[float]) -> float:
    """Return a derivative that two computations, with other digits and steps, agree about."""
    found = []
    argument = function.argument % function.operands
    differences = sum(orders) - orders[argument]
    for more in (0, _MORE_DIGITS):
        step_digits = _STEP_DIGITS + more // 4
        _MP.dps = _DIGITS + more + step_digits * differences
        numbers = [_MP.mpf(x) for x in point]
        found.append(_difference(function.form, argument, orders, numbers, _MP.mpf(10) ** -step_digits))
    first, second = found
    if first == second or abs(first - second) <= _AGREEMENT * abs(second):
        return float(second)
    raise ValueError("two computations disagree")


def refusal(name: str, function: Function, point: Sequence[float]) -> errors.TooComplex:
    where = ", ".join(f"{x:.6g}" for x in point)
    return errors.TooComplex(
        f"{name}({where}) cannot be computed to 1e-12", hint=f"{name} is there for {function.range}"
    )


def _difference(form: Form, argument: int, orders: Sequence[int], point: Sequence[Number], step: Number) -> Number:
    """Return the central difference of orders by the parameters, of the derivative by the argument."""
    counts = [0 if index == argument else order for index, order in enumerate(orders)]
    stencils = [[(count / 2 - k, (-1) ** k * math.comb(count, k)) for k in range(count + 1)] for count in counts]
    terms = []
    for places in itertools.product(*stencils):
        moved = [x + shift * step if shift else x for x, (shift, _) in zip(point, places, strict=True)]
        terms.append(math.prod(weight for _, weight in places) * _real(form(_MP, orders[argument], *moved)))
    return _MP.fsum(terms) / step ** sum(counts)


def _real(number: Number) -> Number:
    if isinstance(number, _MP.mpc):
        if number.imag != 0:
            raise Outside
        return number.real
    return number
