"""The two ways a gradient is computed, with one call for both, so that every law can be held against each."""

from collections.abc import Callable, Sequence
from typing import Any

import jax
import numpy as np

from app import parsing, points, rules, tape, transforms
from tests.service import SyncEngine

Gradients = tuple[Any, list[Any]]
Tier = Callable[..., Gradients]
"""tier(text, args, point, dtype=..., in_axes=...) = value, gradient by every argument"""


def compiled(
    text: str,
    args: Sequence[str] | None,
    point: Any,
    *,
    dtype: str = "float64",
    in_axes: int | Sequence[int | None] | None = None,
) -> Gradients:
    """Answer as the compiler tier does, from the same stages: parse, record, transform, jit."""
    program = parsing.parse(text, args)
    recording = tape.record(program)
    bound = points.bind(point, program.args, program.ranks, in_axes)
    positions = np.array(tape.positions(recording, program.args, bound.shapes), dtype=np.intp)
    run = jax.jit(transforms.packed_rows(recording.tape, "grad"), compiler_options=rules.COMPILER_OPTIONS)
    flat = bound.flat if bound.batch is not None else bound.flat.reshape(-1, 1)
    with np.errstate(over="ignore"):
        leaves, constants = flat[positions].astype(dtype), np.array(recording.constants).astype(dtype)
    result = np.asarray(run(leaves, constants))
    partials = np.zeros(flat.shape, dtype)
    np.add.at(partials, positions, result[1:])
    everything = range(len(program.args))
    if bound.batch is None:
        return result[0, 0].item(), points.nest(partials[:, 0], bound.shapes, everything)
    return result[0].tolist(), points.nest(partials, bound.shapes, everything)


def served(engine: SyncEngine) -> Tier:
    """Return the tier that asks the engine, whichever of its own tiers it picks."""

    def ask(text: str, args: Sequence[str] | None, point: Any, **fields: Any) -> Gradients:
        count = len(parsing.parse(text, args).args)
        answer = engine.grad(text, point, list(range(count)), args=args, **fields)
        return answer.value, answer.derivative

    return ask


def by_row(gradient: list[Any], row: int) -> list[float]:
    """Return one point's gradient out of a batch of number arguments."""
    return [column[row] for column in gradient]
