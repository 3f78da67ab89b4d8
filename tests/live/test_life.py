"""The life of a real process among accidents: its end, a full disk, more work than it can do."""

import asyncio
import contextlib
import json
import math
import resource
import signal
import socket
import statistics
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests import laws
from tests.live.server import Server, serving

pytestmark = pytest.mark.slow

QUESTION = {"expression": "x**2", "point": [3.0]}


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


def lengthy(n: int, terms: int = 120) -> dict[str, Any]:
    """Return a request whose text is read in a thread, and is new."""
    text = " + ".join(f"sin({n}.25*x + {term}.5)*y" for term in range(terms))
    return {"expression": text, "point": {"x": 0.5, "y": 2.0}, "argnums": "y"}


@contextlib.contextmanager
def half_sent(server: Server, document: dict[str, Any]) -> Iterator[tuple[socket.socket, bytes]]:
    """Begin a request; give the connection, and what is still to be sent."""
    content = json.dumps(document).encode()
    head = (
        f"POST /v1/grad HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: {len(content)}\r\n\r\n"
    )
    with socket.create_connection((server.http.base_url.host, server.http.base_url.port or 80), timeout=30) as sender:
        sender.sendall(head.encode() + content[:10])
        yield sender, content[10:]


@contextlib.asynccontextmanager
async def asking(server: Server, connections: int) -> AsyncIterator[httpx.AsyncClient]:
    limits = httpx.Limits(max_connections=connections, max_keepalive_connections=connections)
    async with httpx.AsyncClient(base_url=server.http.base_url, timeout=60, limits=limits) as http:
        yield http


def test_sigterm_with_two_hundred_requests_in_flight_loses_none(cache: Path) -> None:
    async def run(server: Server) -> list[httpx.Response]:
        async with asking(server, 200) as http:
            tasks = [asyncio.ensure_future(http.post("/v1/grad", json=lengthy(n, 60))) for n in range(200)]
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            server.process.send_signal(signal.SIGTERM)
            return await asyncio.gather(*tasks)

    with serving(cache, GRADSERVE_QUEUE="1000") as server:
        responses = asyncio.run(run(server))
        assert [response.status_code for response in responses] == [200] * 200
        assert server.process.wait(15) in {0, -signal.SIGTERM}


def test_after_sigterm_readyz_says_no_then_new_requests_get_a_503_and_what_was_begun_is_finished(cache: Path) -> None:
    with serving(cache) as server, half_sent(server, QUESTION) as (sender, rest):
        time.sleep(0.2)
        server.process.send_signal(signal.SIGTERM)
        seen = []
        while True:
            ready, answer = server.http.get("/readyz"), server.grad(**QUESTION)
            seen.append((ready.status_code, answer.status_code))
            if answer.status_code == 503:
                break
        assert seen[0] == (503, 200)  # told before it is so
        laws.assert_problem(ready, 503, "draining")
        laws.assert_problem(answer, 503, "draining")
        assert server.http.get("/healthz").status_code == 200
        sender.sendall(rest)
        assert b" 200 OK" in sender.recv(4096)
        assert server.process.wait(15) in {0, -signal.SIGTERM}


def test_a_request_that_never_ends_does_not_keep_the_process(cache: Path) -> None:
    with serving(cache, GRADSERVE_RECEIVE_SECONDS="3000") as server, half_sent(server, QUESTION):
        time.sleep(0.2)
        server.process.send_signal(signal.SIGTERM)
        assert server.process.wait(15) is not None


def test_a_second_signal_ends_it_at_once(cache: Path) -> None:
    with serving(cache, GRADSERVE_DRAIN_SECONDS="60") as server:
        server.process.send_signal(signal.SIGTERM)
        while server.http.get("/readyz").status_code != 503:
            time.sleep(0.01)
        server.process.send_signal(signal.SIGTERM)
        assert server.process.wait(15) in {0, -signal.SIGTERM}


def test_a_disk_that_takes_nothing_any_more_costs_no_request(tmp_path: Path) -> None:
    with serving(tmp_path) as server:
        resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, (0, 0))  # every write fails from now on
        deadline = time.monotonic() + 60
        while "compiled" not in (response := server.grad(**QUESTION)).headers["Cache-Status"]:
            assert response.json()["gradient"] == 6.0
            assert time.monotonic() < deadline
        assert server.http.post("/v1/functions", json={"expression": "x**3"}).status_code == 201


def test_a_cache_full_of_rubbish_is_as_good_as_an_empty_one(tmp_path: Path) -> None:
    with serving(tmp_path) as server:
        server.grad(**QUESTION)
    for path in tmp_path.glob("*.entry"):
        path.write_bytes(path.read_bytes()[:-1] + b"?")
    with serving(tmp_path) as server:
        assert server.grad(**QUESTION).json()["gradient"] == 6.0


async def _ask_on(http: httpx.AsyncClient, numbers: Iterator[int], until: float) -> list[tuple[int, float]]:
    """Ask one lengthy request after the other; return statuses and seconds."""
    found = []
    while time.monotonic() < until:
        start = time.perf_counter()
        response = await http.post("/v1/grad", json=lengthy(next(numbers), 250))
        found.append((response.status_code, time.perf_counter() - start))
        if response.status_code == 429:
            laws.assert_problem(response, 429, "overloaded")
            await asyncio.sleep(0.1)
    return found


def test_beyond_what_it_can_do_accepted_requests_keep_their_latency_and_the_rest_get_a_429(cache: Path) -> None:
    """One place in line and one thread: at most two requests are inside, however many ask."""

    async def run(server: Server) -> tuple[list[tuple[int, float]], list[tuple[int, float]], list[float]]:
        numbers, probes = iter(range(10_000)), []
        async with asking(server, 12) as http:
            alone = await _ask_on(http, numbers, time.monotonic() + 2)
            crowd = [asyncio.ensure_future(_ask_on(http, numbers, time.monotonic() + 6)) for _ in range(8)]
            while not all(task.done() for task in crowd):
                start = time.perf_counter()
                assert (await http.get("/healthz")).status_code == 200
                probes.append(time.perf_counter() - start)
                await asyncio.sleep(0.02)
            return alone, [each for task in crowd for each in task.result()], probes

    with serving(cache, GRADSERVE_THREADS="1", GRADSERVE_QUEUE="1") as server:
        alone, crowd, probes = asyncio.run(run(server))
    usual = statistics.median(seconds for _, seconds in alone)
    accepted = [seconds for status, seconds in crowd if status == 200]
    assert {status for status, _ in alone} == {200}
    assert {status for status, _ in crowd} == {200, 429}
    # Everybody who asks shares two cores with whoever answers: thrice is for them.
    assert statistics.median(accepted) < 3 * 2 * usual
    assert statistics.median(probes) < usual


def test_a_clock_that_jumps_changes_no_number_and_keeps_nobody_out(tmp_path: Path) -> None:
    """libfaketime moves the process's idea of the date by ten years, there and back; the monotonic clock goes on."""
    now = tmp_path / "now"
    now.write_text("+0d")
    (library,) = Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1")
    faked = {"LD_PRELOAD": str(library), "FAKETIME_TIMESTAMP_FILE": str(now), "FAKETIME_NO_CACHE": "1"}
    with serving(
        tmp_path / "cache", **faked, FAKETIME_DONT_FAKE_MONOTONIC="1", GRADSERVE_RATE_LIMIT="1000/minute"
    ) as server:
        for jump, year in (("+0d", 0), ("+3650d", 10), ("-3650d", -10), ("+0d", 0)):
            now.write_text(jump)
            deadline = time.monotonic() + 30
            # Told once a second; a year more or less by leap days.
            while abs(_year(server) - time.gmtime().tm_year - year) > 1:
                assert time.monotonic() < deadline, "the clock did not jump"
                time.sleep(0.1)
            for number in range(100):
                response = server.grad(expression="x**3 + sin(x)", point=[float(number)])
                assert response.status_code == 200, (jump, response.text)
                assert response.json()["gradient"] == pytest.approx(3 * number**2 + math.cos(number), rel=1e-13)
    with serving(tmp_path / "cache", **faked, FAKETIME_DONT_FAKE_MONOTONIC="1") as server:
        now.write_text("-3650d")  # what is on disk is from the future
        assert server.grad(expression="x**3 + sin(x)", point=[2.0]).json()["value"] == pytest.approx(8 + math.sin(2))


def _year(server: Server) -> int:
    return int(server.http.get("/healthz").headers["date"].split()[3])


def test_what_is_large_holds_up_nobody_who_asks_for_little(tmp_path: Path) -> None:
    """100,000 points, and fifteen megabytes of nothing: read at once, either would hold the event loop for long."""
    points = [[0.001 * number for number in range(100_000)]] * 3
    batch = json.dumps({"expression": "5*x1**2 + 6*x2**2 + 7*x3**2", "point": points, "in_axes": 0}).encode()
    nothing = b'{"expression": "x", "point": [' + b",".join([b"[]"] * 5_000_000) + b"]}"
    headers = {"Content-Type": "application/json"}

    async def run(server: Server) -> tuple[dict[bytes, list[float]], list[float]]:
        taken: dict[bytes, list[float]] = {batch: [], nothing: []}
        probes: list[float] = []
        async with asking(server, 4) as http:

            async def ask(content: bytes, status: int) -> None:
                until = time.monotonic() + 8
                while time.monotonic() < until:
                    start = time.perf_counter()
                    response = await http.post("/v1/grad", content=content, headers=headers)
                    assert response.status_code == status, response.text[:200]
                    taken[content].append(time.perf_counter() - start)

            heavy = [asyncio.ensure_future(ask(batch, 200)), asyncio.ensure_future(ask(nothing, 422))]
            await asyncio.to_thread(_probe, server, heavy, probes)
            await asyncio.gather(*heavy)
        return taken, probes

    with serving(tmp_path) as server:
        for _ in range(3):
            server.http.post("/v1/grad", content=batch, headers=headers)
        taken, probes = asyncio.run(run(server))
    assert len(probes) > 50
    # Both processes and the test itself share two cores: a tenth of the requests may meet the worst of that.
    assert sorted(probes)[int(0.9 * len(probes))] < statistics.median(taken[batch]) / 3


def _probe(server: Server, heavy: Sequence[asyncio.Future[None]], probes: list[float]) -> None:
    while not all(task.done() for task in heavy):
        start = time.perf_counter()
        assert server.http.get("/healthz").status_code == 200
        probes.append(time.perf_counter() - start)
        time.sleep(0.01)
