"""100,000 points of one function in one JSON request.

From the first byte sent to the last received, against the least a Python process must do with the same bytes:
``orjson.loads``, ``jit(vmap(value_and_grad))``, ``orjson.dumps``.
"""

# ruff: noqa: S311  # these random numbers guard nothing

import json
import random
import tempfile
from contextlib import ExitStack
from pathlib import Path

from tests.benchmarks import contenders, load, processes, table
from tests.benchmarks.contenders import ARGUMENTS, GRADSERVE, TUTORIAL
from tests.benchmarks.table import Goal, Run

POINTS = 100_000
_WARM = 3
GOAL = Goal((3.0, 2.0), at_most=True)


def measure(run: Run) -> None:
    """Send the batch and compute it in process in turn, and add the row."""
    numbers = random.Random(run.source.seed)
    point = {name: [numbers.uniform(-2.0, 2.0) for _ in range(POINTS)] for name in ARGUMENTS}
    document = {"expression": TUTORIAL, "args": ARGUMENTS, "point": point, "argnums": [0, 1, 2], "in_axes": 0}
    body = json.dumps(document).encode()
    request = load.post_bytes(GRADSERVE.path, body)
    served: list[float] = []
    alone: list[float] = []
    with ExitStack() as stack:
        path = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bench-"))) / "body.json"
        path.write_bytes(body)
        server = GRADSERVE.start(stack)
        port = server.port
        process = contenders.in_process(run.peers, stack)
        # Neither is timed before it has what it needs: compiled code, and memory for lists of this length.
        contenders.settle(port, request)
        processes.wait_until_idle(server.pid)
        for _ in range(_WARM):
            load.ask(port, request)
            process.order(do="batch", path=str(path))
        for _ in range(run.rounds):
            alone.append(process.order(do="batch", path=str(path))["seconds"] * 1e3)
            seconds, response = load.ask(port, request)
            served.append(seconds * 1e3)
    for name, factor, partials in zip(ARGUMENTS, (10, 12, 14), response.json()["gradient"], strict=True):
        if any(abs(partial - factor * x) > 1e-9 for partial, x in zip(partials, point[name], strict=True)):
            raise RuntimeError(f"gradserve answered a wrong gradient by {name}")

    run.keep("batch/gradserve", served)
    run.keep("batch/in process", alone)
    what = f"{POINTS:,} points in one request ({len(body) / 1e6:.1f} MB)"
    run.add(table.compare(what, GRADSERVE.name, served, "ms", "orjson, jit(vmap), orjson", alone, GOAL))
