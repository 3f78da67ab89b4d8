"""UM-Bridge's own Python server, as its package ships it, with the tutorial's function and its jitted gradient.

``python -m tests.benchmarks.servers.um_bridge PORT``. Runs in the environment of the peers.
"""

# ruff: noqa: ARG002  # UM-Bridge's signatures

import functools
import sys
from typing import Any

import jax
import numpy as np
import umbridge.um  # lives in the environment of the peers only
from jax import Array

jax.config.update("jax_enable_x64", True)


def tutorial(x: Array) -> Array:
    return 5 * x[0] ** 2 + 6 * x[1] ** 2 + 7 * x[2] ** 2


VALUE, GRADIENT = jax.jit(tutorial), jax.jit(jax.grad(tutorial))


class Model(umbridge.Model):  # type: ignore[misc]  # likewise
    def __init__(self) -> None:
        super().__init__("forward")

    def get_input_sizes(self, config: Any) -> list[int]:
        return [3]

    def get_output_sizes(self, config: Any) -> list[int]:
        return [1]

    def __call__(self, parameters: list[list[float]], config: Any) -> list[list[float]]:
        return [[float(VALUE(np.asarray(parameters[0])))]]

    def gradient(
        self, out_wrt: int, in_wrt: int, parameters: list[list[float]], sens: list[float], config: Any
    ) -> list[float]:
        found: list[float] = (np.asarray(GRADIENT(np.asarray(parameters[0]))) * sens[0]).tolist()
        return found

    def supports_evaluate(self) -> bool:
        return True

    def supports_gradient(self) -> bool:
        return True


if __name__ == "__main__":
    # It would listen on every interface.
    umbridge.um.web.run_app = functools.partial(umbridge.um.web.run_app, host="127.0.0.1")
    umbridge.serve_models([Model()], int(sys.argv[1]))
