"""Forward-mode dual numbers in float64: the error that plain float64 arithmetic makes in a derivative.

Tests allow a multiple of this error, so that an ill-conditioned function does not fail them.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from mpmath import mp, mpf

from tests.support import mpmath_functions

_DIGITS, _STEP_DIGITS = 80, 26


class Dual:
    """A float64 value and its derivative along one direction."""

    __slots__ = ("tangent", "value")

    def __init__(self, value: float, tangent: float) -> None:
        self.value = value
        self.tangent = tangent

    def __neg__(self) -> "Dual":
        return Dual(-self.value, -self.tangent)

    def __pos__(self) -> "Dual":
        return self

    def __abs__(self) -> "Dual":
        return -self if self.value < 0 else self

    def __add__(self, other: Any) -> "Dual":
        if isinstance(other, np.ndarray):
            return NotImplemented  # NumPy then adds element by element
        return Dual(self.value + value_of(other), self.tangent + tangent_of(other))

    def __sub__(self, other: Any) -> "Dual":
        if isinstance(other, np.ndarray):
            return NotImplemented
        return Dual(self.value - value_of(other), self.tangent - tangent_of(other))

    def __rsub__(self, other: Any) -> "Dual":
        return Dual(other, 0.0) - self

    def __mul__(self, other: Any) -> "Dual":
        if isinstance(other, np.ndarray):
            return NotImplemented
        value = value_of(other)
        return Dual(self.value * value, self.tangent * value + self.value * tangent_of(other))

    def __truediv__(self, other: Any) -> "Dual":
        if isinstance(other, np.ndarray):
            return NotImplemented
        quotient = self.value / value_of(other)
        return Dual(quotient, (self.tangent - quotient * tangent_of(other)) / value_of(other))

    def __rtruediv__(self, other: Any) -> "Dual":
        return Dual(other, 0.0) / self

    __radd__ = __add__
    __rmul__ = __mul__

    def __lt__(self, other: Any) -> bool:
        return bool(self.value < value_of(other))

    def __le__(self, other: Any) -> bool:
        return bool(self.value <= value_of(other))

    def __gt__(self, other: Any) -> bool:
        return bool(self.value > value_of(other))

    def __ge__(self, other: Any) -> bool:
        return bool(self.value >= value_of(other))


def value_of(number: Any) -> Any:
    """Return the value of a float64 or dual number."""
    return number.value if isinstance(number, Dual) else number


def tangent_of(number: Any) -> float:
    """Return the tangent of a number, which is zero for a float64."""
    return number.tangent if isinstance(number, Dual) else 0.0


def power(base: Any, exponent: Any) -> Any:
    """Return a power by the textbook rule, an exponent that does not vary being kept as written."""
    b, n = value_of(base), value_of(exponent)
    value = b**n
    if isinstance(value, complex):
        raise ValueError("outside the real domain")
    if not isinstance(base, Dual) and not isinstance(exponent, Dual):
        return value
    tangent = n * b ** (n - 1) * tangent_of(base) if n else 0.0
    if isinstance(exponent, Dual):
        tangent += value * math.log(b) * exponent.tangent
    return Dual(value, tangent)


_ROWS: dict[str, tuple[Callable[[float], float], Callable[[float], float]]] = {
    "sin": (math.sin, math.cos),
    "cos": (math.cos, lambda x: -math.sin(x)),
    "tan": (math.tan, lambda x: 1 + math.tan(x) ** 2),
    "asin arcsin": (math.asin, lambda x: 1 / math.sqrt(1 - x * x)),
    "acos arccos": (math.acos, lambda x: -1 / math.sqrt(1 - x * x)),
    "atan arctan": (math.atan, lambda x: 1 / (1 + x * x)),
    "sinh": (math.sinh, math.cosh),
    "cosh": (math.cosh, math.sinh),
    "tanh": (math.tanh, lambda x: 1 - math.tanh(x) ** 2),
    "asinh arcsinh": (math.asinh, lambda x: 1 / math.sqrt(1 + x * x)),
    "acosh arccosh": (math.acosh, lambda x: 1 / math.sqrt(x * x - 1)),
    "atanh arctanh": (math.atanh, lambda x: 1 / (1 - x * x)),
    "exp": (math.exp, math.exp),
    "expm1": (math.expm1, math.exp),
    "log ln": (math.log, lambda x: 1 / x),
    "log2": (math.log2, lambda x: 1 / (x * math.log(2))),
    "log10": (math.log10, lambda x: 1 / (x * math.log(10))),
    "log1p": (math.log1p, lambda x: 1 / (1 + x)),
    "sqrt": (math.sqrt, lambda x: 0.5 / math.sqrt(x)),
    "erf": (math.erf, lambda x: 2 / math.sqrt(math.pi) * math.exp(-x * x)),
    "erfc": (math.erfc, lambda x: -2 / math.sqrt(math.pi) * math.exp(-x * x)),
    "deg2rad radians rad": (math.radians, lambda _: math.pi / 180),
    "rad2deg degrees deg": (math.degrees, lambda _: 180 / math.pi),
}
_RULES = {name: rule for names, rule in _ROWS.items() for name in names.split()}


def _function(name: str) -> Callable[..., Any]:
    """Return a function of float64 and dual numbers: by its rule if it has one, else the exact result rounded."""
    exact = mpmath_functions.function(name)

    def call(*arguments: Any, **options: Any) -> Any:
        values = [value_of(argument) for argument in arguments]
        if len(values) == 1 and name in _RULES:
            value, derivative = _RULES[name]
            partials = [derivative(values[0])] if isinstance(arguments[0], Dual) else []
            return _joined(value(values[0]), arguments, partials)
        places = [place for place, argument in enumerate(arguments) if isinstance(argument, Dual)]
        partials = [_partial(exact, values, place, options) for place in places]
        return _joined(float(exact(*values, **options)), arguments, partials)

    return call


def _joined(value: float, arguments: Sequence[Any], partials: Sequence[float]) -> Any:
    """Return a value with its tangent, if an argument has one; partials are by the dual arguments."""
    duals = [argument for argument in arguments if isinstance(argument, Dual)]
    tangents = [partial * dual.tangent for partial, dual in zip(partials, duals, strict=True)]
    return Dual(value, sum(tangents)) if duals else value


def _partial(exact: Callable[..., mpf], values: Sequence[float], place: int, options: Mapping[str, Any]) -> float:
    """Return a partial derivative by a central difference in many digits, rounded."""
    scale = min(0, math.floor(math.log10(abs(values[place])))) if values[place] else 0
    with mp.workdps(_DIGITS - scale):
        h = mpf(10) ** (scale - _STEP_DIGITS)
        ends = [exact(*values[:place], mpf(values[place]) + step, *values[place + 1 :], **options) for step in (h, -h)]
        return float((ends[0] - ends[1]) / (2 * h))


FUNCTIONS: dict[str, Callable[..., Any]] = {
    **{name: _function(name) for name in mpmath_functions.names()},
    **dict.fromkeys(("power", "pow", "float_power", "Pow"), power),
    **dict.fromkeys(("abs", "fabs", "absolute", "Abs"), abs),
    "square": lambda x: x * x,
}
"""Functions of float64 and dual numbers by name."""
