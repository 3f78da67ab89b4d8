"""UM-Bridge's own Python client, timed from call to answer.

``python -m tests.benchmarks.servers.um_bridge_client`` reads one JSON order a line and answers with one JSON line. Runs
in the environment of the peers.
"""

import json
import sys
import time
from typing import Any

import umbridge  # lives in the environment of the peers only


def latencies(order: dict[str, Any]) -> dict[str, Any]:
    """Return the seconds of each of several gradients, and the last gradient."""
    model = umbridge.HTTPModel(order["url"], order["name"])
    found, gradient = [], []
    for point in order["points"]:
        start = time.perf_counter()
        if order["value"]:
            model([point], order["config"])
        gradient = model.gradient(0, 0, [point], [1.0], order["config"])
        found.append(time.perf_counter() - start)
    return {"seconds": found, "gradient": gradient}


if __name__ == "__main__":
    for line in sys.stdin:
        print(json.dumps(latencies(json.loads(line))), flush=True)
