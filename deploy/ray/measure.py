"""What a way through Ray costs: the same gradient asked at several addresses in turn.

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
_ROUNDS, _WARM, _ASKED, _THREADS, _SECONDS = 5, 20, 100, 16, 2.0


class _Client:
    """One connection, kept."""

    def __init__(self, url: str) -> None:
        self._connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=30)

    def ask(self) -> float:
        """Return how many seconds an answer took."""
        began = time.perf_counter()
        self._connection.request("POST", "/v1/grad", _DOCUMENT, _HEADERS)
        response = self._connection.getresponse()
        answer = json.loads(response.read())
        assert answer["gradient"] == [10.0, 24.0, 42.0], answer
        return time.perf_counter() - began


def _rate(url: str) -> float:
    """Return answers a second over some connections."""
    until = time.perf_counter() + _SECONDS
    counts = [0] * _THREADS

    def load(number: int) -> None:
        client = _Client(url)
        while time.perf_counter() < until:
            client.ask()
            counts[number] += 1

    threads = [threading.Thread(target=load, args=(number,)) for number in range(_THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(counts) / _SECONDS


def main(urls: list[str]) -> None:
    """Print a table."""
    times: dict[str, list[float]] = {url: [] for url in urls}
    rates: dict[str, list[float]] = {url: [] for url in urls}
    for _ in range(_ROUNDS):
        for url in urls:
            client = _Client(url)
            times[url] += [client.ask() for _ in range(_WARM + _ASKED)][_WARM:]
            rates[url].append(_rate(url))
    for url in urls:
        taken = sorted(times[url])
        best, half, late = (1e3 * taken[int(len(taken) * part)] for part in (0.1, 0.5, 0.99))
        rate = sorted(rates[url])[_ROUNDS // 2]
        sys.stdout.write(f"{url}  p10 {best:.2f}  p50 {half:.2f}  p99 {late:.2f} ms;  ")
        sys.stdout.write(f"{rate:.0f}/s over {_THREADS} connections\n")


if __name__ == "__main__":
    main(sys.argv[1:])
