"""Fits on a real server: many at once hold nobody up."""

import statistics
import time
from itertools import cycle
from pathlib import Path

import pytest

from tests.benchmarks import fits, load
from tests.live.server import serving

pytestmark = [pytest.mark.slow, pytest.mark.serial]

TUTORIAL = {"expression": "5*x1**2 + 6*x2**2 + 7*x3**2", "argnums": [0, 1, 2]}
ROUNDS, SECONDS = 3, 2.0


def test_many_fits_at_once_hold_nobody_up(tmp_path: Path) -> None:
    """Of a hundred answers to others, 99 take a part of what a fit takes, on however busy a machine.

    ``make bench ARGS="--only fits"`` says how much longer they take than without fits.
    """
    hot = [load.post("/v1/grad", TUTORIAL | {"point": [1.0 + n / 7, 2.0, 3.0]}) for n in range(100)]
    slowest: list[float] = []
    with serving(tmp_path, GRADSERVE_MAX_FIT_SECONDS="5") as server:
        port = server.http.base_url.port
        assert port is not None
        began = time.perf_counter()
        found = load.ask(port, fits.endless())[1].json()
        fit_seconds = time.perf_counter() - began
        assert "the most that this request may search" in found["message"]
        load.closed(port, hot, 1, 1.0)
        for _ in range(ROUNDS):
            streams = [load.Stream(cycle(each), 50.0, 8) for each in (hot, [load.get("/healthz")])]
            with fits.fitting(port, fits.FITS):
                load.paced(port, streams, SECONDS)
            assert sum(stream.failed + stream.unanswered for stream in streams) == 0
            slowest.append(max(load.percentile(stream.latencies, 0.99) for stream in streams))
    assert statistics.median(slowest) < fit_seconds / 3
