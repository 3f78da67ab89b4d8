"""The compiled tier alone and the running engine behind one call, so that a test can check both."""

from collections.abc import Callable, Sequence
from typing import Any

import jax
import numpy as np

from app.autodiff import reverse, tape
from app.autodiff.namespaces import jax_words
from app.engine import points
from app.engine.derivatives import nesting
from app.language import parse
from tests.support.service import SyncEngine

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
    """Compute as the compiled tier does, by the same stages: parse, record, transform, jit."""
    program = parse.parse(text, args)
    recording = tape.record(program)
    bound = points.bind(point, program.args, program.ranks, in_axes)
    positions = np.array(tape.positions(recording, program.args, bound.shapes), dtype=np.intp)
    run = jax.jit(reverse.packed_rows(recording.tape, "grad"), compiler_options=jax_words.COMPILER_OPTIONS)
    flat = bound.rows.T
    with np.errstate(over="ignore"):
        leaves, constants = flat[positions].astype(dtype), np.array(recording.constants).astype(dtype)
    result = np.asarray(run(leaves, constants))
    partials = np.zeros(flat.shape, dtype)
    np.add.at(partials, positions, result[1:])
    everything = list(range(len(program.args)))
    if bound.batch is None:
        return result[0, 0].item(), nesting.vector(partials[:, 0], bound.shapes, everything)
    return result[0].tolist(), nesting.vector(partials.T, bound.shapes, everything)


def served(engine: SyncEngine) -> Tier:
    """Return a tier that asks the engine, which chooses interpreted or compiled itself."""

    def ask(text: str, args: Sequence[str] | None, point: Any, **fields: Any) -> Gradients:
        count = len(parse.parse(text, args).args)
        answer = engine.grad(text, point, list(range(count)), args=args, **fields)
        return answer.value, answer.derivative

    return ask


def by_row(gradient: list[Any], row: int) -> list[float]:
    """Return the gradient at one point of a batch; every argument is a number."""
    return [column[row] for column in gradient]
