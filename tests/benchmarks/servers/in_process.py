"""The same gradients by JAX in the client's own process, without HTTP: faster than any service can be.

``python -m tests.benchmarks.servers.in_process`` reads one JSON order a line and answers with one JSON line. It is a
process of its own so that JAX's cold start is measured in a process that does nothing else.
"""

import json
import operator
import platform
import statistics
import sys
import time
from collections.abc import Callable
from importlib import metadata
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import orjson
from jax import Array

from tests.benchmarks import expressions
from tests.correctness import models

jax.config.update("jax_enable_x64", True)

OPERATIONS: dict[str, Callable[..., Any]] = {
    "sin": jnp.sin,
    "cos": jnp.cos,
    "exp": jnp.exp,
    "tanh": jnp.tanh,
    "log1p": jnp.log1p,
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "**": operator.pow,
}


def tutorial(x: Array) -> Array:
    return 5 * x[0] ** 2 + 6 * x[1] ** 2 + 7 * x[2] ** 2


def tutorial_of_three(x1: Array, x2: Array, x3: Array) -> Array:
    return 5 * x1**2 + 6 * x2**2 + 7 * x3**2


GRADIENT = jax.jit(jax.grad(tutorial))
BATCH = jax.jit(jax.vmap(jax.value_and_grad(tutorial_of_three, argnums=(0, 1, 2))))
ROWS = jax.jit(jax.vmap(jax.value_and_grad(tutorial)))


def hot(order: dict[str, Any]) -> dict[str, Any]:
    """A warm gradient, list in and list out, the points varied."""
    points: list[list[float]] = order["points"]
    count, start = 0, time.perf_counter()
    while time.perf_counter() - start < order["seconds"]:
        for point in points:
            np.asarray(GRADIENT(np.asarray(point))).tolist()
        count += len(points)
    return {"seconds": (time.perf_counter() - start) / count}


def cold(order: dict[str, Any]) -> dict[str, Any]:
    """The first gradient of a function: tracing, lowering, compiling, running."""

    def function(*arguments: Array) -> Array:
        found: Array = expressions.fold(order["tree"], dict(zip(expressions.NAMES, arguments, strict=True)), OPERATIONS)
        return found

    start = time.perf_counter()
    gradient = jax.jit(jax.grad(function, argnums=tuple(range(len(expressions.NAMES)))))(*order["point"])
    jax.block_until_ready(gradient)
    seconds = time.perf_counter() - start
    return {"seconds": seconds, "gradient": [float(part) for part in gradient]}


def batch(order: dict[str, Any]) -> dict[str, Any]:
    """Bytes to bytes: parse the JSON, value and gradient at every point, write the JSON."""
    body = Path(order["path"]).read_bytes()
    start = time.perf_counter()
    point = orjson.loads(body)["point"]
    value, gradient = BATCH(*(np.asarray(point[name]) for name in ("x1", "x2", "x3")))
    document = {"value": np.asarray(value), "gradient": [np.asarray(part) for part in gradient]}
    written = orjson.dumps(document, option=orjson.OPT_SERIALIZE_NUMPY)
    return {"seconds": time.perf_counter() - start, "bytes": len(written)}


def rows(order: dict[str, Any]) -> dict[str, Any]:
    """Value and gradient at many points in bytes, to bytes."""
    raw = Path(order["path"]).read_bytes()
    start = time.perf_counter()
    value, gradient = ROWS(np.frombuffer(raw).reshape(-1, 3))
    written = np.asarray(value).tobytes() + np.asarray(gradient).tobytes()
    return {"seconds": time.perf_counter() - start, "bytes": len(written)}


def model(order: dict[str, Any]) -> dict[str, Any]:
    """A function of arrays: the first gradient from NumPy to NumPy, and warm ones from JSON to JSON."""
    (found,) = [each for each in models.ALL if each.name == order["name"]]
    bodies = [Path(path).read_bytes() for path in order["paths"]]
    gradient = jax.jit(jax.value_and_grad(found.wanted_first()))

    def arguments(body: bytes) -> tuple[list[Any], dict[str, Any]]:
        point = {name: np.asarray(entry) for name, entry in orjson.loads(body)["point"].items()}
        return [point.pop(name) for name in found.wanted], point

    def answer(body: bytes) -> bytes:
        value, gradients = gradient(*arguments(body))
        parts = [np.asarray(part) if part.ndim else float(part) for part in gradients]
        document = {"value": float(value), "gradient": parts}
        written: bytes = orjson.dumps(document, option=orjson.OPT_SERIALIZE_NUMPY)
        return written

    first = arguments(bodies[0])
    start = time.perf_counter()
    _, gradients = jax.block_until_ready(gradient(*first))
    seconds = time.perf_counter() - start
    times: list[float] = []
    while sum(times) < order["seconds"] or len(times) < len(bodies):
        start = time.perf_counter()
        answer(bodies[len(times) % len(bodies)])
        times.append(time.perf_counter() - start)
    gradients = [np.asarray(part).tolist() for part in gradients]
    return {"first": seconds, "hot": statistics.median(times), "gradient": gradients}


def versions(_: dict[str, Any]) -> dict[str, Any]:
    """Return the installed versions."""
    names = ("jax", "jaxlib", "numpy", "orjson", "umbridge", "aiohttp", "tesseract-core", "fastapi", "uvicorn")
    return {"python": platform.python_version()} | {name: metadata.version(name) for name in names}


if __name__ == "__main__":
    orders = {"hot": hot, "cold": cold, "batch": batch, "rows": rows, "model": model, "versions": versions}
    for line in sys.stdin:
        asked = json.loads(line)
        print(json.dumps(orders[asked["do"]](asked)), flush=True)
