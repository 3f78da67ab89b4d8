"""100,000 points of one function in one request with binary tensors.

From the first byte sent to the last received, against the least that takes: the same bytes there and as many back
through the same kind of server, which does nothing with them, and ``jit(vmap(value_and_grad))`` of the points in a
process that has them.
"""

import json
import tempfile
from contextlib import ExitStack
from pathlib import Path

import numpy as np

from tests.benchmarks import contenders, load, processes, table
from tests.benchmarks.contenders import ECHO, GRADSERVE
from tests.benchmarks.table import Goal, Run

POINTS = 100_000
REPEATS = 5
GOAL = Goal((1.5,), at_most=True)

_FACTORS = (10.0, 12.0, 14.0)
_LENGTH = "Inference-Header-Content-Length"


def measure(run: Run) -> None:
    """Send the batch, copy and compute it in turn, and add the row."""
    rows = np.random.default_rng(run.source.seed).uniform(-2.0, 2.0, (POINTS, 3))
    content = _content(rows)
    request = load.post_bytes("/v2/models/gradient/infer", content[0], {_LENGTH: str(content[1])})
    found: dict[str, list[float]] = {"gradserve": [], "copy": [], "in process": []}
    with ExitStack() as stack:
        path = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bench-"))) / "points"
        path.write_bytes(rows.tobytes())
        server, echo = GRADSERVE.start(stack), ECHO.start(stack).port
        port = server.port
        process = contenders.in_process(run.peers, stack)
        contenders.settle(port, request)
        processes.wait_until_idle(server.pid)
        answer = load.ask(port, request)[1]
        _check(answer, rows)
        copied = load.post_bytes(f"/{len(answer.body)}", content[0])
        for _ in range(run.rounds):
            found["gradserve"].append(min(load.ask(port, request)[0] for _ in range(REPEATS)) * 1e3)
            found["copy"].append(min(load.ask(echo, copied)[0] for _ in range(REPEATS)) * 1e3)
            alone = [process.order(do="rows", path=str(path))["seconds"] for _ in range(REPEATS)]
            found["in process"].append(min(alone) * 1e3)
    for name, figures in found.items():
        run.keep(f"binary/{name}", figures)
    least = [copy + alone for copy, alone in zip(found["copy"], found["in process"], strict=True)]
    what = f"{POINTS:,} points in one request, binary ({len(content[0]) / 1e6:.1f} MB)"
    run.add(table.compare(what, GRADSERVE.name, found["gradserve"], "ms", "copy of the bytes + jit(vmap)", least, GOAL))


def _content(rows: np.ndarray) -> tuple[bytes, int]:
    """Return the body of a request, and the length of the document it begins with."""
    tensor = {
        "name": "X",
        "shape": rows.shape,
        "datatype": "FP64",
        "parameters": {"binary_data_size": rows.nbytes},
    }
    parameters = {"expression": "5*X[0]**2 + 6*X[1]**2 + 7*X[2]**2", "binary_data_output": True}
    head = json.dumps({"parameters": parameters, "inputs": [tensor]}).encode()
    return head + rows.tobytes(), len(head)


def _check(answer: load.Response, rows: np.ndarray) -> None:
    gradient = np.frombuffer(answer.body[-rows.nbytes :]).reshape(rows.shape)
    if not np.allclose(gradient, rows * _FACTORS, rtol=1e-12, atol=0):
        raise RuntimeError("gradserve answered a wrong gradient")
