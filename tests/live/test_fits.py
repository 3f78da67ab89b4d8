"""Fits on a real server: many at once hold nobody up."""

import statistics
from itertools import cycle
from pathlib import Path

import pytest

from tests.benchmarks import fits, load
from tests.live.server import serving

pytestmark = [pytest.mark.slow, pytest.mark.serial]

TUTORIAL = {"expression": "5*x1**2 + 6*x2**2 + 7*x3**2", "argnums": [0, 1, 2]}
ROUNDS, SECONDS = 3, 2.0


def test_many_fits_at_once_hold_nobody_up(tmp_path: Path) -> None:
    """Half of the answers to others take a few times what they take without fits, on however busy a machine.

    ``make bench ARGS="--only fits"`` says it of 99 in a hundred, on a quiet one.
    """
    hot = [load.post("/v1/grad", TUTORIAL | {"point": [1.0 + n / 7, 2.0, 3.0]}) for n in range(100)]
    ratios: list[float] = []
    with serving(tmp_path, GRADSERVE_MAX_FIT_SECONDS="5") as server:
        port = server.http.base_url.port
        assert port is not None
        found = load.ask(port, fits.endless())[1].json()
        assert "the most that this request may search" in found["message"]
        load.closed(port, hot, 1, 1.0)
        for _ in range(ROUNDS):
            medians = []
            for count in (0, fits.FITS):
                streams = [load.Stream(cycle(each), 50.0, 8) for each in (hot, [load.get("/healthz")])]
                with fits.fitting(port, count):
                    load.paced(port, streams, SECONDS)
                assert sum(stream.failed + stream.unanswered for stream in streams) == 0
                medians.append(max(load.percentile(stream.latencies, 0.5) for stream in streams))
            ratios.append(medians[1] / medians[0])
    assert statistics.median(ratios) < 6
