"""A server under mixed traffic: special functions, Hessians, batches, arrays and refusals beside hot functions."""

import asyncio
import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from app.runtime import processes
from tests.live.server import Server, serving
from tests.support.traffic import Request, Traffic

pytestmark = [pytest.mark.slow, pytest.mark.serial]

_SETTLED = 1_000
_REQUESTS = int(os.environ.get("MIXED_REQUESTS", "10000"))
_CONNECTIONS = 6
_GROWTH_BYTES = 300_000_000
_ANSWERED = {200, 422, 429}


def send(server: Server, requests: Iterator[Request]) -> Counter[int]:
    """Send requests over a few connections; return how many got each status."""
    statuses: Counter[int] = Counter()

    async def connection(http: httpx.AsyncClient) -> None:
        for path, document in requests:
            response = await http.post(path, json=document)
            assert response.status_code in _ANSWERED, (path, document, response.text)
            statuses[response.status_code] += 1

    async def run() -> None:
        async with httpx.AsyncClient(base_url=server.http.base_url, timeout=120) as http:
            await asyncio.gather(*(connection(http) for _ in range(_CONNECTIONS)))

    asyncio.run(run())
    return statuses


def resident_bytes(server: Server) -> int:
    return sum(map(processes.resident_bytes, server.tree()))


def test_memory_is_bounded_by_bytes_and_maps_whatever_is_asked(tmp_path: Path) -> None:
    traffic = Traffic(seed=18)
    with serving(tmp_path) as server:
        send(server, traffic.requests(_SETTLED))
        settled = resident_bytes(server)
        statuses = send(server, traffic.requests(_REQUESTS))
        assert statuses[200] > 0.8 * _REQUESTS
        assert resident_bytes(server) - settled < _GROWTH_BYTES
        assert processes.memory_maps(server.process.pid) < processes.most_memory_maps() // 2
        assert server.metric("gradserve_disagreements_total") == 0
