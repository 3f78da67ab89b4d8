"""The body of a loop over numbers, run by Python's own floating point.

An operation on two numbers of Python takes a tenth of the time that it takes NumPy. Where Python raises an exception or
a result is not finite, the step is done again with NumPy's words.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from typing import Any

from app.autodiff import table
from app.autodiff.arrays.tape import ArrayTape
from app.language.numeric import numpy_words

Function = Callable[..., float]
Step = Callable[[list[float]], list[float]]


def _maximum(x: float, y: float) -> float:
    return x if x >= y or x != x else y  # noqa: PLR0124 - nan is not equal to itself


def _minimum(x: float, y: float) -> float:
    return x if x <= y or x != x else y  # noqa: PLR0124 - nan is not equal to itself


FUNCTIONS: dict[str, Function] = {
    "add": operator.add, "sub": operator.sub, "mul": operator.mul, "div": operator.truediv, "neg": operator.neg,
    "square": lambda x: x * x, "reciprocal": lambda x: 1.0 / x,
    "sqrt": math.sqrt, "exp": math.exp, "log": math.log, "log1p": math.log1p, "expm1": math.expm1,
    "sin": math.sin, "cos": math.cos, "tan": math.tan, "atan": math.atan, "sinh": math.sinh, "cosh": math.cosh,
    "tanh": math.tanh, "hypot": math.hypot, "abs": abs,
    "less": lambda x, y: 1.0 if x < y else 0.0, "less_equal": lambda x, y: 1.0 if x <= y else 0.0,
    "equal": lambda x, y: 1.0 if x == y else 0.0, "not_equal": lambda x, y: 1.0 if x != y else 0.0,
    "select": lambda c, x, y: x if c else y, "maximum": _maximum, "minimum": _minimum,
    "sech": lambda x: 1.0 / math.cosh(x),
}  # fmt: skip
"""Words by Python; the others are NumPy's."""


_PLAIN = {"strong_mul": operator.mul, "strong_div": operator.truediv, "zero_mul": operator.mul}
"""Products that are right unless a result is infinite or nan."""

Code = list[tuple[Function, Any, int | None]]
"""A function, and its operands: two slots, or one and None, or a tuple and -1."""


def _by_numpy(opcode: str) -> Function:
    word = numpy_words.WORDS[opcode]
    return lambda *operands: float(word(*operands))


def fits(tape: ArrayTape) -> bool:
    """Return whether all of a tape are words of numbers."""
    return all(shape == () for shape in tape.shapes) and all(opcode in table.TABLE for opcode, _, _ in tape.code)


def step(tape: ArrayTape) -> Step:
    """Return the function of a tape's leaves, numbers of Python, that returns its results."""
    fast = _code(tape, lambda opcode: _PLAIN.get(opcode) or FUNCTIONS.get(opcode) or _by_numpy(opcode))
    exact = _code(tape, _by_numpy)
    results, statics = tape.results, tape.statics

    def run(leaves: list[float]) -> list[float]:
        leaves.extend(statics)
        slots = leaves.copy()
        try:
            _run(fast, slots)
            found = [slots[i] for i in results]
            if math.isfinite(sum(found)):
                return found
        except (ValueError, ArithmeticError):
            pass
        _run(exact, leaves)
        return [leaves[i] for i in results]

    return run


def _code(tape: ArrayTape, function: Callable[[str], Function]) -> Code:
    code: Code = []
    for opcode, operands, _ in tape.code:
        if len(operands) == 1:
            code.append((function(opcode), operands[0], None))
        elif len(operands) == 2:
            code.append((function(opcode), *operands))
        else:
            code.append((function(opcode), operands, -1))
    return code


def _run(code: Code, slots: list[float]) -> None:
    append = slots.append
    for function, first, second in code:
        if second is None:
            append(function(slots[first]))
        elif second >= 0:
            append(function(slots[first], slots[second]))
        else:
            append(function(*[slots[i] for i in first]))
