"""A server process from start to end: restarts, signals, a full disk, killed compile workers, too many requests."""

import asyncio
import contextlib
import json
import math
import os
import resource
import signal
import socket
import statistics
import threading
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.live.server import Server, serving
from tests.support import assertions

pytestmark = pytest.mark.slow

QUESTION = {"expression": "x**2", "point": [3.0]}
TUTORIAL = {"expression": "5*x1**2 + 6*x2**2 + 7*x3**2", "point": [1.0, 2.0, 3.0], "argnums": [0, 1, 2]}


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


def lengthy(n: int, terms: int = 120) -> dict[str, Any]:
    """Return a request with a new text, which is parsed in a thread: long, and not plain."""
    text = " + ".join([*(f"sin({n}.25*x + {term}.5)*y" for term in range(terms)), "where(x > 1, x, y)"])
    return {"expression": text, "point": {"x": 0.5, "y": 2.0}, "argnums": "y"}


@contextlib.contextmanager
def half_sent(server: Server, document: dict[str, Any]) -> Iterator[tuple[socket.socket, bytes]]:
    """Send the first part of a request; yield the connection and the bytes that are left to send."""
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


def test_sigterm_loses_none_of_two_hundred_requests_in_flight(cache: Path) -> None:
    async def run(server: Server) -> list[httpx.Response]:
        async with asking(server, 200) as http:
            tasks = [asyncio.ensure_future(http.post("/v1/grad", json=lengthy(n, 10))) for n in range(200)]
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            server.process.send_signal(signal.SIGTERM)
            return await asyncio.gather(*tasks)

    with serving(cache, GRADSERVE_QUEUE="1000") as server:
        responses = asyncio.run(run(server))
        assert [response.status_code for response in responses] == [200] * 200
        assert server.process.wait(15) in {0, -signal.SIGTERM}


def test_after_sigterm_readyz_fails_first_then_new_requests_get_a_503_and_open_ones_are_finished(cache: Path) -> None:
    with serving(cache) as server, half_sent(server, QUESTION) as (sender, rest):
        time.sleep(0.2)
        server.process.send_signal(signal.SIGTERM)
        seen = []
        while True:
            ready, answer = server.http.get("/readyz"), server.grad(**QUESTION)
            seen.append((ready.status_code, answer.status_code))
            if answer.status_code == 503:
                break
        assert seen[0] == (503, 200)  # readyz fails before requests are refused
        assertions.assert_problem(ready, 503, "draining")
        assertions.assert_problem(answer, 503, "draining")
        assert server.http.get("/healthz").status_code == 200
        sender.sendall(rest)
        assert b" 200 OK" in sender.recv(4096)
        assert server.process.wait(15) in {0, -signal.SIGTERM}


def test_an_unfinished_request_does_not_keep_the_process_alive(cache: Path) -> None:
    with serving(cache) as server, half_sent(server, QUESTION):
        time.sleep(0.2)
        server.process.send_signal(signal.SIGTERM)
        assert server.process.wait(15) is not None


def test_a_second_signal_ends_the_server_at_once(cache: Path) -> None:
    with serving(cache, GRADSERVE_DRAIN_SECONDS="60") as server:
        server.process.send_signal(signal.SIGTERM)
        while server.http.get("/readyz").status_code != 503:
            time.sleep(0.01)
        server.process.send_signal(signal.SIGTERM)
        assert server.process.wait(15) in {0, -signal.SIGTERM}


def test_a_full_disk_fails_no_request(tmp_path: Path) -> None:
    with serving(tmp_path) as server:
        resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, (0, 0))  # every write fails from now on
        deadline = time.monotonic() + 60
        while "compiled" not in (response := server.grad(**QUESTION)).headers["Cache-Status"]:
            assert response.json()["gradient"] == 6.0
            assert time.monotonic() < deadline
        assert server.http.post("/v1/functions", json={"expression": "x**3"}).status_code == 201


def test_a_damaged_cache_directory_works_like_an_empty_one(tmp_path: Path) -> None:
    with serving(tmp_path) as server:
        server.grad(**QUESTION)
    for path in tmp_path.glob("*.entry"):
        path.write_bytes(path.read_bytes()[:-1] + b"?")
    with serving(tmp_path) as server:
        assert server.grad(**QUESTION).json()["gradient"] == 6.0


async def _ask_on(http: httpx.AsyncClient, numbers: Iterator[int], until: float) -> list[tuple[int, float]]:
    """Send one lengthy request after the other; return their statuses and seconds."""
    found = []
    while time.monotonic() < until:
        start = time.perf_counter()
        response = await http.post("/v1/grad", json=lengthy(next(numbers), 250))
        found.append((response.status_code, time.perf_counter() - start))
        if response.status_code == 429:
            assertions.assert_problem(response, 429, "overloaded")
            await asyncio.sleep(0.1)
    return found


@pytest.mark.serial
def test_under_overload_accepted_requests_keep_their_latency_and_the_others_get_a_429(cache: Path) -> None:
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


def test_a_jump_of_the_clock_changes_no_answer_and_blocks_no_caller(tmp_path: Path) -> None:
    """libfaketime moves the date of the process by ten years and back; its monotonic clock goes on."""
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
            # The Date header changes once a second; leap days may shift the year by one.
            while abs(_year(server) - time.gmtime().tm_year - year) > 1:
                assert time.monotonic() < deadline, "the clock did not jump"
                time.sleep(0.1)
            for number in range(100):
                response = server.grad(expression="x**3 + sin(x)", point=[float(number)])
                assert response.status_code == 200, (jump, response.text)
                assert response.json()["gradient"] == pytest.approx(3 * number**2 + math.cos(number), rel=1e-13)
    with serving(tmp_path / "cache", **faked, FAKETIME_DONT_FAKE_MONOTONIC="1") as server:
        now.write_text("-3650d")  # the files on disk are then from the future
        assert server.grad(expression="x**3 + sin(x)", point=[2.0]).json()["value"] == pytest.approx(8 + math.sin(2))


def _year(server: Server) -> int:
    return int(server.http.get("/healthz").headers["date"].split()[3])


@pytest.mark.serial
def test_large_requests_do_not_delay_small_ones(tmp_path: Path) -> None:
    """100,000 points, and 15 MB of empty lists: each would block the event loop if it were read at once."""
    points = [[0.001 * number for number in range(100_000)]] * 3
    batch = json.dumps({"expression": "5*x1**2 + 6*x2**2 + 7*x3**2", "point": points, "in_axes": 0}).encode()
    empty_lists = b'{"expression": "x", "point": [' + b",".join([b"[]"] * 5_000_000) + b"]}"
    headers = {"Content-Type": "application/json"}

    async def run(server: Server) -> tuple[dict[bytes, list[float]], list[float]]:
        taken: dict[bytes, list[float]] = {batch: [], empty_lists: []}
        probes: list[float] = []
        async with asking(server, 4) as http:

            async def ask(content: bytes, status: int) -> None:
                until = time.monotonic() + 8
                while time.monotonic() < until:
                    start = time.perf_counter()
                    response = await http.post("/v1/grad", content=content, headers=headers)
                    assert response.status_code == status, response.text[:200]
                    taken[content].append(time.perf_counter() - start)

            heavy = [asyncio.ensure_future(ask(batch, 200)), asyncio.ensure_future(ask(empty_lists, 422))]
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


def test_a_hot_function_is_compiled_and_stays_compiled_after_a_restart(cache: Path) -> None:
    with serving(cache) as server:
        deadline = time.monotonic() + 60
        while "compiled" not in server.grad(**TUTORIAL).headers["Cache-Status"]:
            assert time.monotonic() < deadline
    with serving(cache) as server:
        statuses = []
        for _ in range(200):
            response = server.grad(**TUTORIAL)
            assert response.json()["gradient"] == [10.0, 24.0, 42.0]
            statuses.append("compiled" in response.headers["Cache-Status"])
    assert statuses[-1]


def test_killing_compile_workers_under_load_fails_no_request(cache: Path) -> None:
    with serving(cache) as server:
        stop = threading.Event()

        def kill() -> None:
            while not stop.wait(0.2):
                for pid in server.tree()[1:]:
                    os.kill(pid, signal.SIGKILL)

        killer = threading.Thread(target=kill)
        killer.start()
        try:
            for n in range(60):
                expression = f"sin(x)**{n % 7 + 2}" + "*cos(y)" * (n % 5) + " + y" * (n % 3 + 1)
                for _ in range(60):
                    response = server.grad(expression=expression, point={"x": 0.5, "y": 0.25})
                    assert response.status_code == 200, response.text
        finally:
            stop.set()
            killer.join()
        deadline = time.monotonic() + 60
        while len(server.tree()) < 3:  # the server, a worker and the spare
            assert time.monotonic() < deadline
            time.sleep(0.1)


def test_sigterm_ends_the_server_and_all_its_children(cache: Path) -> None:
    with serving(cache) as server:
        while len(server.tree()) < 3:
            time.sleep(0.1)
        pids = server.tree()
    assert server.process.returncode in {0, -signal.SIGTERM}
    assert not any(_alive(pid) for pid in pids)


def _alive(pid: int) -> bool:
    try:
        return "Z" not in Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
