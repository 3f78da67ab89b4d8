"""StableHLO of value and gradient, as JAX lowers it (https://openxla.org/stablehlo)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from app import errors
from app.autodiff.arrays import recording, traced, transforms
from app.language.expression.values import Shape

NAME = "stablehlo"
TITLE = "StableHLO"


def document(
    recorded: recording.ArrayRecording,
    bound: Mapping[int, np.ndarray],
    shapes: Sequence[Shape],
    wanted: Sequence[int],
) -> dict[str, Any]:
    """Return the members of the answer: a module whose function takes the arguments that are not bound, float64.

    Its results are the value, and then the gradient by each argument of ``wanted``. Raises
    ``errors.NotWritten`` for a function that JAX does not compute.
    """
    if recorded.tape.hosted:
        raise errors.NotWritten(f"{TITLE} lacks a word of this function, which only NumPy has", field="language")
    leaves = tuple([recorded.inputs.index(position) for position in wanted if position in recorded.inputs])
    run = traced.function(transforms.derive(recorded.tape, "grad" if leaves else "value", leaves))
    free = [position for position in range(len(shapes)) if position not in bound]

    def value_and_grad(*arguments: jax.Array) -> tuple[jax.Array, ...]:
        given = dict(zip(free, arguments, strict=True)) | {place: jnp.asarray(each) for place, each in bound.items()}
        constants = [jnp.asarray(each) for each in recorded.constants]
        value, *found = run([*[given[place] for place in recorded.inputs], *constants])
        partials = dict(zip([place for place in wanted if place in recorded.inputs], found, strict=True))
        return (value, *[partials.get(place, jnp.zeros(shapes[place])) for place in wanted])

    abstract = [jax.ShapeDtypeStruct(shapes[position], np.dtype(np.float64)) for position in free]
    # keep_unused: the function takes every argument, also one that it does not read.
    traced_once = jax.jit(value_and_grad, keep_unused=True).trace(*abstract)
    return {
        "language": NAME,
        "filename": "value_and_grad.mlir",
        "media_type": "text/plain",
        "entry": "main",
        "source": traced_once.lower(lowering_platforms=("cpu",)).as_text(),
    }
