"""A Tesseract of the tutorial's function with its jitted gradient, for Tesseract's own server.

``TESSERACT_API_PATH=tests/benchmarks/servers/tesseract_api.py tesseract-runtime serve``. Runs in the environment of the
peers; the names are the ones Tesseract looks for.
"""

# ruff: noqa: ARG001  # Tesseract's signatures

from typing import Any

import jax
import numpy as np
from jax import Array
from pydantic import BaseModel
from tesseract_core.runtime import (  # type: ignore[import-not-found]  # lives in the environment of the peers only
    Array as Declared,
)
from tesseract_core.runtime import Differentiable, Float64

jax.config.update("jax_enable_x64", True)


class InputSchema(BaseModel):
    X: Differentiable[Declared[(3,), Float64]]


class OutputSchema(BaseModel):
    result: Differentiable[Float64]


def tutorial(x: Array) -> Array:
    return 5 * x[0] ** 2 + 6 * x[1] ** 2 + 7 * x[2] ** 2


VALUE, GRADIENT = jax.jit(tutorial), jax.jit(jax.grad(tutorial))


def apply(inputs: InputSchema) -> OutputSchema:
    return OutputSchema(result=np.asarray(VALUE(inputs.X)))


def vector_jacobian_product(
    inputs: InputSchema, vjp_inputs: set[str], vjp_outputs: set[str], cotangent_vector: dict[str, Any]
) -> dict[str, Any]:
    return {"X": np.asarray(GRADIENT(inputs.X)) * cotangent_vector["result"]}
