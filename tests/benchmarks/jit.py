"""The question of the tutorial: how much faster is a compiled gradient than the same gradient run op by op?"""

import statistics
import time
from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from app.autodiff import compiler, tape
from app.language import parse
from tests.benchmarks.table import Row, Run

EXPRESSION = "5*X[0]**2 + 6*X[1]**2 + 7*X[2]**2"
POINT = np.array([1.0, 2.0, 3.0])
ROUNDS = 15


def tutorial(x: Array) -> Array:
    """Return the tutorial's function of a vector of three."""
    return 5 * x[0] ** 2 + 6 * x[1] ** 2 + 7 * x[2] ** 2


def measure(rounds: int = ROUNDS) -> dict[str, float]:
    """Return the median microseconds of one gradient for each way; the ways take turns in every round."""
    recording = tape.record(parse.parse(EXPRESSION))
    executable = compiler.compile_tape(recording.tape, "grad", "float64")
    leaves = np.concatenate((POINT, recording.constants))
    op_by_op, jitted = jax.grad(tutorial), jax.jit(jax.grad(tutorial))
    device_point = jnp.asarray(POINT)
    ways: dict[str, tuple[Callable[[], object], int]] = {
        "jax.grad, op by op": (lambda: op_by_op(device_point).block_until_ready(), 3),
        "jax.jit(jax.grad), warm": (lambda: jitted(device_point).block_until_ready(), 2000),
        "gradserve's executable": (lambda: executable(leaves), 2000),
    }
    found: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(rounds + 1):
        for name, (call, count) in ways.items():
            start = time.perf_counter()
            for _ in range(count):
                call()
            found[name].append((time.perf_counter() - start) / count * 1e6)
    # The first round pays for compilation and caches.
    return {name: statistics.median(times[1:]) for name, times in found.items()}


def add(run: Run) -> None:
    """Add a row for each way after the first, with the ratio to the way without compilation."""
    (slowest, slow), *others = measure().items()
    for name, micro in others:
        run.add(Row(f"gradient of {EXPRESSION}", name, micro, "us", slowest, slow, slow / micro))
