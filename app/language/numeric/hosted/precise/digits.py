"""Functions at many digits, differentiated and rounded to float64."""

from __future__ import annotations

import contextlib
import functools
import itertools
import math
import threading
import time
from collections.abc import Callable, Iterator, Sequence
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
_MORE_DIGITS = (0, 16, 40, 100, 300, 400)
_STEP_DIGITS = 30
_AGREEMENT = 1e-15
_LEAST = 5e-324
_REMEMBERED = 20_000
_LOCK = threading.Lock()
_MP = mpmath.MPContext()
"""mpmath keeps constants and precision in its context, so one thread at a time uses it."""


_MOST_SECONDS = 5.0
_PAUSE = 0.02
"""Calls of one thread with shorter pauses than this, in seconds, are parts of one computation."""


class _Spent(threading.local):
    """What the computation of a thread has taken."""

    seconds = 0.0
    until = 0.0


_SPENT = _Spent()


class Outside(Exception):
    """A point outside the real domain; the value is nan."""


@dataclass(frozen=True, slots=True)
class PreciseFunction:
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


def word(name: str, function: PreciseFunction) -> Callable[..., Any]:
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
def value(name: str, function: PreciseFunction, orders: tuple[float, ...], point: tuple[float, ...]) -> float:
    """Return a derivative of these orders at a point; nan outside the real domain.

    Raises:
        errors.TooComplex: the point is outside the range in which the function is computed.
        errors.TooExpensive: the computation of which this is a part has taken too long.
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
    with _LOCK, _counted(name):
        try:
            return _agreed(function, known, point)
        except Outside:
            return math.nan
        except ZeroDivisionError:
            return math.nan if any(known) else math.inf
        except (ValueError, OverflowError, mpmath.libmp.NoConvergence):
            raise refusal(name, function, point) from None


@contextlib.contextmanager
def _counted(name: str) -> Iterator[None]:
    """Count the CPU seconds of a block, and refuse it if those before it were too many: most take a thousandth."""
    if time.monotonic() - _SPENT.until > _PAUSE:
        _SPENT.seconds = 0.0
    if _SPENT.seconds > _MOST_SECONDS:
        _SPENT.seconds = 0.0
        what = f"numbers of {name} took more than {_MOST_SECONDS:g} seconds"
        raise errors.TooExpensive(what, hint="send fewer points, or some that are less extreme")
    start = time.thread_time()
    try:
        yield
    finally:
        _SPENT.seconds += time.thread_time() - start
        _SPENT.until = time.monotonic()


def _agreed(function: PreciseFunction, orders: Sequence[int], point: Sequence[float]) -> float:
    """Return a derivative that two computations, with other digits and steps, agree about.

    A difference that is far smaller than the values that it is of needs more digits, and is 0 only with the most.
    """
    argument = function.argument % function.operands
    differences = sum(orders) - orders[argument]
    before: Number = None
    for more in _MORE_DIGITS:
        step_digits = _STEP_DIGITS + more // 8
        _MP.dps = _DIGITS + more + step_digits * differences
        numbers = [_MP.mpf(x) for x in point]
        found = _difference(function.form, argument, orders, numbers, _MP.mpf(10) ** -step_digits)
        close = before is not None and (found == before or abs(found - before) <= max(_AGREEMENT * abs(found), _LEAST))
        if close and (abs(found) > _LEAST or not differences or more == _MORE_DIGITS[-1]):
            return float(found)
        before = found
    raise ValueError("the computations disagree")


def refusal(name: str, function: PreciseFunction, point: Sequence[float]) -> errors.TooComplex:
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
