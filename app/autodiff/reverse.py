"""Tape to value and gradient by one reverse sweep, over any namespace of numbers.

The sweep is reverse mode on the tape itself (Griewank & Walther 2008, section 3.2), not ``jax.grad`` of the traced
function. It emits only what the gradient needs:

    adjoint[x] += pullback(adjoint[y])

What lies in a branch that is not taken has the adjoint 0 and adds nothing, even where its partial is nan: the products
of ``app.autodiff.table.chain`` have strong zeros.

All slots of a sweep have one shape, () for a point or (batch,) for many points, and one dtype, float32 or float64.
"""

from __future__ import annotations

import types
from collections.abc import Callable, Sequence
from typing import Any

import jax.numpy as jnp
import numpy as np
from jax import Array, lax
from numpy.typing import NDArray

from app.autodiff import table
from app.autodiff.namespaces import forward, jax_words
from app.autodiff.tape import Tape
from app.language.numeric import numpy_words

Swept = tuple[Any, list[Any]]


def value(tape: Tape, leaves: Sequence[Any], xp: Any = jax_words.NAMESPACE) -> Any:
    """Return the tape's value for these leaves, numbers of the namespace ``xp``."""
    return _forward(tape, leaves, xp)[tape.result]


def value_and_grad(tape: Tape, leaves: Sequence[Any], xp: Any = jax_words.NAMESPACE) -> Swept:
    """Return the value and its partial derivative with respect to each input leaf; 0.0 where there is none."""
    slots = _forward(tape, leaves, xp)
    return slots[tape.result], _reverse(tape, slots, xp)


def packed(tape: Tape, transform: str) -> Callable[[Array], Array]:
    """Return f with f(inputs ++ constants) = [value, *gradient].

    Args:
        tape: n inputs and k constants.
        transform: "grad", or "value" for the value alone.

    Returns:
        Traceable function of a vector of shape (n + k,), giving shape (1 + n,), or (1,) for "value".
    """

    def run(vector: Array) -> Array:
        leaves = [lax.index_in_dim(vector, i, keepdims=False) for i in range(tape.inputs + tape.constants)]
        return _pack(tape, leaves, transform)

    return run


def packed_rows(tape: Tape, transform: str) -> Callable[[Array, Array], Array]:
    """Return f over many points at once, one row of all points per input.

    Returns:
        Traceable function of points (n, batch) and constants (k,), giving (1 + n, batch), or (1, batch).
    """

    def run(points: Array, constants: Array) -> Array:
        batch = (points.shape[1],)
        leaves = [lax.index_in_dim(points, i, keepdims=False) for i in range(tape.inputs)]
        leaves += [lax.broadcast(constants[i], batch) for i in range(tape.constants)]
        return _pack(tape, leaves, transform)

    return run


def _pack(tape: Tape, leaves: Sequence[Array], transform: str) -> Array:
    if transform == "value":
        return jnp.stack([value(tape, leaves)])
    result, gradient = value_and_grad(tape, leaves)
    # Adding 0 turns -0 into 0, as the interpreter's sums do.
    return jnp.stack([result, *[partial + 0.0 for partial in gradient]])


def _space(dtype: type[np.floating[Any]]) -> types.SimpleNamespace:
    return types.SimpleNamespace(**vars(numpy_words.NAMESPACE), static=lambda number: dtype(float(number)))


_SPACES = {"float64": _space(np.float64), "float32": _space(np.float32)}
"""The words by NumPy and SciPy."""


def run_by_numpy(kind: str, tape: Tape, leaves: NDArray[Any], dtype: str) -> NDArray[Any]:
    """Return what the program of a kind returns, at once: each instruction takes some microseconds.

    Args:
        kind: "gradient", "hvp" or "rows".
        tape: n inputs and k constants.
        leaves: (n + k,), for "hvp" with their tangents (2, n + k); many points have one more axis, the last.
        dtype: "float64" or "float32".

    Returns:
        [value, *gradient], of shape (1 + n,), or (2, 1 + n), with the axis of the points if there is one.
    """
    space: Any = _SPACES[dtype]
    given: list[Any] = list(leaves.astype(dtype))
    if kind == "hvp":
        space = forward.Forward(space)
        given = [forward.Moving(space, *pair) for pair in zip(*given, strict=True)]
    with np.errstate(all="ignore"):
        value, gradient = value_and_grad(tape, given, space)
    rows = [value, *gradient]
    zero = np.zeros(leaves.shape[2 if kind == "hvp" else 1 :], dtype)
    if kind == "hvp":
        pairs = [(x.value, x.tangent) if isinstance(x, forward.Moving) else (x, 0.0) for x in rows]
        return np.array([[zero + number for number in row] for row in zip(*pairs, strict=True)], dtype)
    return np.array([zero + number for number in rows], dtype)  # 0 + -0 is 0, as in the interpreter's sums


def _forward(tape: Tape, leaves: Sequence[Any], xp: Any) -> list[Any]:
    slots = [*leaves, *map(getattr(xp, "static", float), tape.statics)]
    for opcode, operands in tape.code:
        slots.append(getattr(xp, opcode)(*[slots[slot] for slot in operands]))
    return slots


def _reverse(tape: Tape, slots: list[Any], xp: Any) -> list[Any]:
    """Return the adjoints of the input leaves."""
    varied = tape.varied()
    pullbacks = getattr(xp, "pullbacks", table.PULLBACKS)
    adjoints: dict[int, Any] = {tape.result: xp.constant(1.0, slots[tape.result])}
    for index in range(len(tape.code) - 1, -1, -1):
        slot = tape.leaves + index
        adjoint = adjoints.pop(slot, None)
        if adjoint is None:
            continue
        opcode, operands = tape.code[index]
        values = [slots[operand] for operand in operands]
        for pullback, operand in zip(pullbacks[opcode], operands, strict=True):
            if pullback is None or not varied[operand]:
                continue
            part = pullback(xp, adjoint, slots[slot], *values)
            adjoints[operand] = adjoints[operand] + part if operand in adjoints else part
    return [adjoints[leaf] if leaf in adjoints else xp.constant(0.0, slots[leaf]) for leaf in range(tape.inputs)]
