"""Tape to traceable JAX functions: the value, and value and gradient by one reverse sweep.

The sweep is reverse mode on the tape itself (Griewank & Walther 2008, section 3.2), not ``jax.grad`` of the traced
function: it emits only what the gradient needs, and it knows which instructions stand in a branch that was not
taken. With ``taken`` the condition under which an instruction counts,

    adjoint[x] += where(taken, pullback(adjoint[y]), 0)

so an untaken ``sqrt`` of a negative number, whose partial is NaN, adds nothing, where ``jax.grad`` adds 0 * NaN.
``taken`` is followed only below a select; everything else pays nothing for it.

Every slot of a sweep has one shape, () for a point or (batch,) for many, and one dtype, float32 or float64.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import jax.numpy as jnp
from jax import Array, lax

from app import rules
from app.tape import Tape

Swept = tuple[Array, list[Array]]


def value(tape: Tape, leaves: Sequence[Array]) -> Array:
    """Return the tape's value for these leaves."""
    return _forward(tape, leaves)[tape.result]


def value_and_grad(tape: Tape, leaves: Sequence[Array]) -> Swept:
    """Return the value and its partial derivative with respect to each input leaf."""
    slots = _forward(tape, leaves)
    return slots[tape.result], _reverse(tape, slots)


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
    return jnp.stack([result, *gradient])


def _forward(tape: Tape, leaves: Sequence[Array]) -> list[Array]:
    like = leaves[0]
    slots = [*leaves, *(jnp.full_like(like, float(static)) for static in tape.statics)]
    for opcode, operands in tape.code:
        slots.append(rules.RULES[opcode].value(*[slots[slot] for slot in operands]))
    return slots


def _reverse(tape: Tape, slots: list[Array]) -> list[Array]:
    """Return the adjoints of the input leaves."""
    varied = tape.varied()
    adjoints: dict[int, Array] = {tape.result: jnp.ones_like(slots[tape.result])}
    taken: dict[int, Array | None] = {tape.result: None}
    for index in range(len(tape.code) - 1, -1, -1):
        slot = tape.leaves + index
        adjoint = adjoints.pop(slot, None)
        if adjoint is None:
            continue
        opcode, operands = tape.code[index]
        values = [slots[operand] for operand in operands]
        here = taken[slot]
        for number, (pullback, operand) in enumerate(zip(rules.RULES[opcode].pullbacks, operands, strict=True)):
            if pullback is None or not varied[operand]:
                continue
            part = pullback(adjoint, slots[slot], *values)
            if here is not None:
                part = jnp.where(here, part, 0)
            below = here
            if opcode == "select":
                chosen = (values[0] != 0) == (number == 1)
                below = chosen if here is None else here & chosen
            if operand in adjoints:
                adjoints[operand] = adjoints[operand] + part
                before = taken[operand]
                taken[operand] = None if before is None or below is None else before | below
            else:
                adjoints[operand], taken[operand] = part, below
    zero = jnp.zeros_like(slots[0])
    return [adjoints.get(leaf, zero) for leaf in range(tape.inputs)]
