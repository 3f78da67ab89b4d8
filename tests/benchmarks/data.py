"""Data that stay: the gradient of a log density bound to a million numbers, against ``jit`` in process with them there.

A request has the two parameters and nothing else. The server is started again half way: data and function are then read
from its store.
"""

from __future__ import annotations

import statistics
import time
from contextlib import ExitStack

import jax
import jax.numpy as jnp
import numpy as np

from tests.benchmarks import load, table
from tests.benchmarks.contenders import GRADSERVE
from tests.benchmarks.table import Goal, Run

NUMBERS = 1_000_000
DENSITY = "sum(-0.5*((y - mu)/sigma)**2 - log(sigma))"
MOST_BYTES = 1000
GOAL = Goal((1.0,), at_most=True)

_TURNS, _WARM_SECONDS = 20, 5.0


def measure(run: Run) -> None:
    """Measure both in turn, before and after a restart, and add the rows."""
    y = np.random.default_rng(0).normal(1.0, 2.0, NUMBERS)
    there = jax.device_put(y)
    jitted = jax.jit(
        jax.value_and_grad(lambda mu, sigma: jnp.sum(-0.5 * ((there - mu) / sigma) ** 2 - jnp.log(sigma)), (0, 1))
    )
    path, held, kept, bound = "", [], [], []
    for _ in range(2):
        with ExitStack() as stack:
            server = GRADSERVE.start(stack)
            if not path:
                _, sent = load.ask(server.port, load.post("/v1/data", {"values": y.tolist()}))
                data = {"y": {"data": sent.json()["data_id"]}}
                function = {"expression": DENSITY, "args": ["mu", "sigma", "y"], "data": data}
                _, registered = load.ask(server.port, load.post("/v1/functions", function))
                path = f"/v1/functions/{registered.json()['function_id']}/grad"
            connection = load.Connection(server.port)
            stack.callback(connection.close)
            end = time.perf_counter() + _WARM_SECONDS
            while time.perf_counter() < end:
                connection.ask(_request(path, 1.0, 2.0))
            for turn in range(run.rounds):
                points = [(1.0 + 0.01 * n, 2.0 + 0.001 * turn) for n in range(_TURNS)]
                found = [connection.ask(_request(path, *point)) for point in points]
                expected, times = [], []
                for point in points:
                    began = time.perf_counter()
                    expected.append(jax.device_get(jitted(*point)))
                    times.append(time.perf_counter() - began)
                held.append(statistics.median(times))
                bound.append(statistics.median(seconds for seconds, _ in found))
                kept.append(1.5 * held[-1] + 4e-4)
                for (_, response), (value, gradient) in zip(found, expected, strict=True):
                    answer = response.json()
                    if not np.allclose([answer["value"], *answer["gradient"]], [value, *gradient], rtol=1e-9):
                        raise RuntimeError(f"{answer} where {value}, {gradient} is right")
    what, figures = f"gradient of a log density bound to {NUMBERS:,} numbers", [1e3 * each for each in bound]
    run.keep("data/bound", figures)
    run.keep("data/jit", [1e3 * each for each in held])
    run.add(table.compare(what, GRADSERVE.name, figures, "ms", "jit in process", [1e3 * each for each in held]))
    against = "1.5 times that and 0.4 ms"
    run.add(table.compare(what, GRADSERVE.name, figures, "ms", against, [1e3 * each for each in kept], GOAL))


def _request(path: str, mu: float, sigma: float) -> bytes:
    request = load.post(path, {"point": [mu, sigma], "argnums": [0, 1]})
    if len(request) > MOST_BYTES:
        raise RuntimeError(f"a request of {len(request)} bytes")
    return request
