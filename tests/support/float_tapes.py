"""A tape run in Python floats: a second, independent definition of what its instructions mean."""

import functools
import math
from collections.abc import Callable, Mapping

import numpy as np

from app.autodiff import bytecode, interpreter, tape
from app.autodiff.bytecode import Numbers
from app.language import parse

OPERATIONS: dict[str, Callable[..., float]] = {
    "add": lambda x, y: x + y,
    "sub": lambda x, y: x - y,
    "mul": lambda x, y: x * y,
    "div": lambda x, y: x / y,
    "neg": lambda x: -x,
    "reciprocal": lambda x: 1 / x,
    "square": lambda x: x * x,
    "sqrt": math.sqrt,
    "pow": lambda x, n: x**n,
    "pow_const": lambda x, n: x**n,
    "const_pow": lambda x, n: x**n,
    "mod": lambda x, y: x % y,
    "floor_divide": lambda x, y: x // y,
    "maximum": max,
    "minimum": min,
    "less": lambda x, y: float(x < y),
    "less_equal": lambda x, y: float(x <= y),
    "equal": lambda x, y: float(x == y),
    "not_equal": lambda x, y: float(x != y),
    "and": lambda x, y: float(bool(x) and bool(y)),
    "or": lambda x, y: float(bool(x) or bool(y)),
    "not": lambda x: float(not x),
    "select": lambda condition, x, y: x if condition else y,
    "sin": math.sin,
    "cos": math.cos,
    "tanh": math.tanh,
    "exp": math.exp,
    "log": math.log,
    "abs": abs,
    "atan": math.atan,
}


def recorded(text: str, *args: str) -> tape.Recording:
    return tape.record(parse.parse(text, args or None))


def evaluate(recording: tape.Recording, args: tuple[str, ...], point: Mapping[str, float]) -> float:
    """Return the value of a recorded function of numbers."""
    leaves = [point[args[argument]] for argument, _ in recording.inputs]
    return run(recording.tape, [*leaves, *recording.constants])


def run(structure: tape.Tape, leaves: list[float]) -> float:
    """Return the value of a tape for the values of its inputs and constants."""
    slots = [*leaves, *map(float, structure.statics)]
    for opcode, operands in structure.code:
        slots.append(OPERATIONS[opcode](*[slots[slot] for slot in operands]))
    return slots[structure.result]


def means(text: str, **point: float) -> float:
    """Return the value of a text at a point given by name."""
    program = parse.parse(text, tuple(point) or None)
    return evaluate(tape.record(program), program.args, point)


@functools.cache
def key(text: str) -> str:
    return recorded(text).tape.key


def hvp(run: interpreter.Interpreter, encoded: bytecode.Encoded, leaves: Numbers, tangent: Numbers) -> Numbers:
    """Return [value, *gradient] and its derivative along the tangent, of shape (2, 1 + n)."""
    (found,) = run.hvps([(encoded, leaves, tangent)])
    return found


def hessian(run: interpreter.Interpreter, encoded: bytecode.Encoded, leaves: Numbers) -> Numbers:
    """Return [value, *gradient, *Hessian], row by row."""
    n = encoded.inputs
    found = np.stack(run.hvps([(encoded, leaves, direction) for direction in np.eye(n)]))
    return np.concatenate([found[0, 0], found[:, 1, 1:].T.ravel()])
