"""Latency and rate of one gradient at several addresses in turn, to compare a service with one behind Ray.

python -m deploy.ray.measure http://127.0.0.1:8000 http://127.0.0.1:8001
"""

from __future__ import annotations

import http.client
import json
import sys
import threading
import time
from urllib.parse import urlsplit

_DOCUMENT = json.dumps({"expression": "5*(x1**2) + 6*(x2**2) + 7*(x3**2)", "point": [1, 2, 3], "argnums": [0, 1, 2]})
_HEADERS = {"Content-Type": "application/json"}
_ROUNDS, _WARM, _MEASURED, _THREADS, _SECONDS = 5, 20, 100, 16, 2.0


class _Client:
    """One kept connection."""

    def __init__(self, url: str) -> None:
        self._connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=30)

    def request(self) -> float:
        """Return the seconds that a request took."""
        began = time.perf_counter()
        self._connection.request("POST", "/v1/grad", _DOCUMENT, _HEADERS)
        response = self._connection.getresponse()
        answer = json.loads(response.read())
        assert answer["gradient"] == [10.0, 24.0, 42.0], answer
        return time.perf_counter() - began


def _rate(url: str) -> float:
    """Return requests per second over 16 connections."""
    until = time.perf_counter() + _SECONDS
    counts = [0] * _THREADS

    def load(number: int) -> None:
        client = _Client(url)
        while time.perf_counter() < until:
            client.request()
            counts[number] += 1

    threads = [threading.Thread(target=load, args=(number,)) for number in range(_THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(counts) / _SECONDS


def main(urls: list[str]) -> None:
    """Print one line for each address."""
    times: dict[str, list[float]] = {url: [] for url in urls}
    rates: dict[str, list[float]] = {url: [] for url in urls}
    for _ in range(_ROUNDS):
        for url in urls:
            client = _Client(url)
            times[url] += [client.request() for _ in range(_WARM + _MEASURED)][_WARM:]
            rates[url].append(_rate(url))
    for url in urls:
        taken = sorted(times[url])
        best, half, late = (1e3 * taken[int(len(taken) * part)] for part in (0.1, 0.5, 0.99))
        rate = sorted(rates[url])[_ROUNDS // 2]
        sys.stdout.write(f"{url}  p10 {best:.2f}  p50 {half:.2f}  p99 {late:.2f} ms;  ")
        sys.stdout.write(f"{rate:.0f}/s over {_THREADS} connections\n")


if __name__ == "__main__":
    main(sys.argv[1:])
