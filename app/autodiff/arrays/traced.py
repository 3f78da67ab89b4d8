"""The function of a tape by jax.numpy, which XLA compiles.

Derivatives are tapes already: JAX differentiates nothing here.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import jax.numpy as jnp
from jax import Array, lax

from app.autodiff import table
from app.autodiff.arrays import primitives
from app.autodiff.arrays.kernels import structural
from app.autodiff.arrays.tape import ArrayTape, Parameters
from app.autodiff.namespaces import jax_words

Value = Callable[..., Any]


def function(tape: ArrayTape) -> Callable[[Sequence[Any]], list[Array]]:
    """Return the traceable function of a tape's inputs and constants: arrays of one dtype, indices of integers."""

    def run(leaves: Sequence[Any]) -> list[Array]:
        arrays = [jnp.asarray(leaf) for leaf in leaves]
        dtype = next((x.dtype for x in arrays if jnp.issubdtype(x.dtype, jnp.floating)), jnp.dtype(float))
        arrays = [x.astype(dtype) if jnp.issubdtype(x.dtype, jnp.floating) else x for x in arrays]
        return [jnp.asarray(x, dtype) for x in _run(tape, arrays, dtype)]

    return run


def _run(tape: ArrayTape, leaves: Sequence[Any], dtype: Any) -> list[Any]:
    slots: list[Any] = [*leaves, *tape.statics]
    for opcode, operands, parameters in tape.code:
        given = [slots[i] for i in operands]
        if opcode in table.TABLE:
            slots.append(jax_words.WORDS[opcode](*given))
        elif opcode in primitives.CREATED:
            slots.append(jnp.asarray(structural.created(opcode, parameters, dtype)))
        else:
            given = [jnp.asarray(x, dtype) if isinstance(x, float) else x for x in given]
            slots.append(
                _OTHERS[opcode](parameters, dtype, *given) if opcode in _OTHERS else VALUES[opcode](parameters, *given)
            )
    return [slots[i] for i in tape.results]


def _slice(p: Parameters, x: Any) -> Any:
    return x[structural.slices(p)]


def _place(p: Parameters, x: Any) -> Any:
    """Pad with zeros, between the elements too; a negative step is turned round first."""
    shape, triples = p
    x = lax.rev(x, [axis for axis, (_, count, step) in enumerate(triples) if step < 0 and count])
    padding = []
    for size, (start, count, step) in zip(shape, triples, strict=True):
        low = start if step > 0 else start + (count - 1) * step
        high = size - low - ((count - 1) * abs(step) + 1)
        padding.append((low, high, abs(step) - 1) if count else (size, 0, 0))
    return lax.pad(x, jnp.zeros((), x.dtype), padding)


def _positions(indices: Any, size: int) -> tuple[Any, Any]:
    """Return indices as integers from 0, and whether each is a position of an axis of this size."""
    found = indices.astype(int)
    inside = (found.astype(indices.dtype) == indices) & (found >= -size) & (found < size)
    return jnp.where(inside, jnp.where(found < 0, found + size, found), 0), inside


def _gather(p: Parameters, x: Any, indices: Any) -> Any:
    (axis,) = p
    if not x.shape[axis]:
        return jnp.full(primitives.shape("gather", p, x.shape, indices.shape), jnp.nan, x.dtype)
    where, inside = _positions(indices, x.shape[axis])
    after = (1,) * (x.ndim - axis - 1)
    return jnp.where(inside.reshape(inside.shape + after), jnp.take(x, where, axis, mode="clip"), jnp.nan)


def _scatter_add(p: Parameters, x: Any, indices: Any) -> Any:
    axis, size = p
    where, inside = _positions(indices, size)
    after = (1,) * (x.ndim - axis - indices.ndim)
    kept = jnp.where(inside.reshape(inside.shape + after), x, 0)
    shape = primitives.shape("scatter_add", p, x.shape, indices.shape)
    return jnp.zeros(shape, x.dtype).at[(*[slice(None)] * axis, where)].add(kept)


def _take_along(p: Parameters, x: Any, indices: Any) -> Any:
    where, inside = _positions(indices, x.shape[p[0]])
    return jnp.where(inside, jnp.take_along_axis(x, where, p[0]), jnp.nan)


def _put_along(p: Parameters, x: Any, indices: Any) -> Any:
    axis, size = p
    where, inside = _positions(indices, size)
    grid = list(jnp.ogrid[tuple(slice(0, each) for each in indices.shape)])
    place = (*grid[:axis], where, *grid[axis + 1 :])
    return (
        jnp.zeros(primitives.shape("put_along", p, x.shape, indices.shape), x.dtype)
        .at[place]
        .add(jnp.where(inside, x, 0))
    )


def _flat_index(p: Parameters, indices: Any) -> Any:
    (size,) = p
    count = indices.shape[0]
    where, inside = _positions(indices, size)
    first = jnp.arange(count).reshape(count, *(1,) * (indices.ndim - 1)) * size
    return jnp.where(inside, where + first, count * size)


def _cumsum(p: Parameters, x: Any) -> Any:
    return jnp.flip(jnp.cumsum(jnp.flip(x, p[0]), p[0]), p[0]) if p[1] else jnp.cumsum(x, p[0])


def _triangular(p: Parameters, a: Any, b: Any) -> Any:
    return lax.linalg.triangular_solve(a, b, left_side=True, lower=p[0], transpose_a=p[1])


def _cofactor(p: Parameters, a: Any) -> Any:
    u, s, v = jnp.linalg.svd(a)
    others = jnp.where(jnp.eye(s.shape[-1], dtype=bool), 1, s[..., None, :])
    sign = jnp.linalg.det(u) * jnp.linalg.det(v)
    return (u * (sign[..., None] * jnp.prod(others, axis=-1))[..., None, :]) @ v


VALUES: dict[str, Value] = {
    "reshape": lambda p, x: x.reshape(p[0]),
    "transpose": lambda p, x: x.transpose(p[0]),
    "broadcast": lambda p, x: jnp.broadcast_to(x, p[0]),
    "slice": _slice,
    "place": _place,
    "gather": _gather,
    "scatter_add": _scatter_add,
    "take_along": _take_along,
    "put_along": _put_along,
    "flat_index": _flat_index,
    "concatenate": lambda p, *operands: jnp.concatenate(operands, p[0]),
    "reduce_sum": lambda p, x: jnp.sum(x, p[0]),
    "reduce_max": lambda p, x: jnp.max(x, p[0]),
    "reduce_min": lambda p, x: jnp.min(x, p[0]),
    "cumsum": _cumsum,
    "argsort": lambda p, x: jnp.argsort(x, p[0], stable=True),
    "argmax": lambda p, x: jnp.argmax(x, p[0]),
    "argmin": lambda p, x: jnp.argmin(x, p[0]),
    "einsum": lambda p, x, y: jnp.einsum(p[0], x, y, precision=lax.Precision.HIGHEST),
    "cholesky": lambda p, a: jnp.linalg.cholesky(a),
    "solve_triangular": _triangular,
    "solve": lambda p, a, b: jnp.linalg.solve(a, b),
    "inv": lambda p, a: jnp.linalg.inv(a),
    "det": lambda p, a: jnp.linalg.det(a),
    "cofactor": _cofactor,
    "logabsdet": lambda p, a: jnp.linalg.slogdet(a)[1],
    "detsign": lambda p, a: jnp.linalg.slogdet(a)[0],
    "eigvalsh": lambda p, a: jnp.linalg.eigvalsh(a),
    "eigvecsh": lambda p, a: jnp.linalg.eigh(a)[1],
    "stop_gradient": lambda p, x: x,
    "scan_result": lambda p, values: values[p[0]],
}
"""Value of each primitive, of its parameters and operands."""


def _scan(p: Parameters, dtype: Any, *operands: Any) -> tuple[Any, ...]:
    count, reverse, carried, stacked, body = p
    fixed = operands[carried + stacked :]

    def step(state: Any, row: Any) -> tuple[Any, Any]:
        index, given = row
        found = [jnp.asarray(x, dtype) for x in _run(body, [index, *state, *given, *fixed], dtype)]
        return tuple(found[:carried]), tuple(found[carried:])

    rows = jnp.arange(count, dtype=dtype), operands[carried : carried + stacked]
    first = tuple([jnp.asarray(x, dtype) for x in operands[:carried]])
    state, saved = lax.scan(step, first, rows, length=count, reverse=reverse)
    return (*state, *saved)


_OTHERS: dict[str, Value] = {"scan": _scan, "real": lambda p, dtype, x: x.astype(dtype)}
"""Primitives that need the dtype of the tape."""
