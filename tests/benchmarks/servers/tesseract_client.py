"""Tesseract's own Python client, timed from call to answer.

``python -m tests.benchmarks.servers.tesseract_client`` reads one JSON order a line and answers with one JSON line. Runs
in the environment of the peers.
"""

import json
import sys
import time
from typing import Any

import numpy as np
from tesseract_core import Tesseract


def latencies(order: dict[str, Any]) -> dict[str, Any]:
    """Return the seconds of each of several gradients, and the last gradient."""
    tesseract = Tesseract.from_url(order["url"])
    seconds, found = [], {}
    for point in order["points"]:
        start = time.perf_counter()
        inputs = {**order["inputs"], "X": np.array(point)}
        if order["value"]:
            tesseract.apply(inputs)
        cotangent = {order["output"]: np.array(1.0)}
        found = tesseract.vector_jacobian_product(inputs, ["X"], [order["output"]], cotangent)
        seconds.append(time.perf_counter() - start)
    return {"seconds": seconds, "gradient": found["X"].tolist()}


if __name__ == "__main__":
    for line in sys.stdin:
        print(json.dumps(latencies(json.loads(line))), flush=True)
