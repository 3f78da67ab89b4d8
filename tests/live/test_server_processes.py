"""Several server processes on one port (``--workers``), seen by a client and by an operator."""

import asyncio
import collections
import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from prometheus_client import parser

from tests.live.server import Server, children, serving
from tests.live.test_lifecycle import QUESTION, asking, half_sent
from tests.support import assertions

pytestmark = pytest.mark.slow

WORKERS, IN_FLIGHT = 2, 20


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


@contextlib.contextmanager
def together(cache: Path, **environment: str) -> Iterator[Server]:
    """Start a server of several processes and wait until all of them are ready."""
    with serving(cache, GRADSERVE_WORKERS=str(WORKERS), **environment) as server:
        wait_for_all(server)
        yield server


@pytest.fixture(scope="module")
def server(cache: Path) -> Iterator[Server]:
    with together(cache) as server:
        yield server


def scraped(server: Server, name: str) -> float:
    families = parser.text_string_to_metric_families(server.http.get("/metrics").text)
    return sum(sample.value for family in families for sample in family.samples if sample.name == name)


def wait_for_all(server: Server) -> None:
    deadline = time.monotonic() + 120
    while scraped(server, "gradserve_ready") != WORKERS:
        assert time.monotonic() < deadline
        time.sleep(0.1)


def answering(response: httpx.Response) -> str:
    """Return which process answered: its request ids share their first half."""
    return response.headers["X-Request-ID"][:16]


def anew(server: Server, method: str, path: str, document: object = None) -> httpx.Response:
    """Send a request over a new connection."""
    return server.http.request(method, path, json=document, headers={"Connection": "close"})


def alive(pid: int) -> bool:
    with contextlib.suppress(OSError):
        return "Z" not in Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    return False


def wait_until_gone(pids: list[int]) -> None:
    deadline = time.monotonic() + 30
    while any(map(alive, pids)):
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_one_scrape_has_the_counts_of_all_processes(server: Server) -> None:
    before = scraped(server, "gradserve_requests_total")
    seen = collections.Counter(answering(anew(server, "POST", "/v1/grad", QUESTION)) for _ in range(60))
    assert len(seen) == WORKERS
    time.sleep(1.5)  # every process writes its numbers once a second
    assert scraped(server, "gradserve_requests_total") - before >= 60


def test_a_function_registered_at_one_process_is_known_to_all_at_once(server: Server) -> None:
    seen = set()
    for n in range(20):
        created = anew(server, "POST", "/v1/functions", {"expression": f"x**3 + {n}.5*x"})
        assert created.status_code == 201
        function = created.json()["function_id"]
        found = [
            anew(server, "GET", f"/v1/functions/{function}"),
            anew(server, "POST", f"/v1/functions/{function}/grad", {"point": [2.0]}),
            anew(server, "POST", f"/f/{function}/Evaluate", {"name": "gradient", "input": [[2.0]], "config": {}}),
            anew(server, "GET", f"/v2/models/{function}"),
        ]
        assert [response.status_code for response in found] == [200] * 4
        assert found[1].json()["gradient"] == 12.0 + n + 0.5
        seen |= {answering(created) != answering(response) for response in found}
    assert seen == {True, False}


def test_a_killed_process_is_replaced_and_only_its_connections_are_lost(server: Server) -> None:
    stop = asyncio.Event()

    async def ask(answered: list[str]) -> set[str]:
        """Send requests, over a new connection when one is lost; return the processes that lost one."""
        lost: set[str] = set()
        while not stop.is_set():
            async with asking(server, 1) as http:
                try:
                    while not stop.is_set():
                        response = await http.post("/v1/grad", json=QUESTION)
                        assert response.status_code == 200
                        answered.append(answering(response))
                except httpx.TransportError:
                    lost.add(answered[-1])
        return lost

    async def run(victim: int) -> tuple[list[list[str]], list[set[str]]]:
        answered: list[list[str]] = [[] for _ in range(16)]
        tasks = [asyncio.ensure_future(ask(each)) for each in answered]
        while not all(answered):  # noqa: ASYNC110 - lists send no event
            await asyncio.sleep(0.1)
        os.kill(victim, signal.SIGKILL)
        before = len(answered[0])
        await asyncio.sleep(2)
        stop.set()
        losses = await asyncio.gather(*tasks)
        assert len(answered[0]) > before
        return answered, losses

    owner, other = sorted(server.children(), key=lambda pid: b"JAX_PLATFORMS=cpu" in environment(pid))
    compilers = children(owner)
    answered, losses = asyncio.run(run(owner))
    wait_until_gone(compilers)
    (lost,) = set().union(*losses)
    for each, own in zip(answered, losses, strict=True):
        assert bool(own) == (lost in each)  # only its own clients lost a connection
    wait_for_all(server)
    followed, stayed = sorted(server.children(), key=lambda pid: b"JAX_PLATFORMS=cpu" in environment(pid))
    assert (followed != owner, stayed) == (True, other)
    assert b"JAX_PLATFORMS" not in environment(followed)  # it owns the accelerator now
    seen = {answering(anew(server, "GET", "/healthz")) for _ in range(60)}
    assert len(seen) == WORKERS
    assert lost not in seen


def environment(pid: int) -> bytes:
    return Path(f"/proc/{pid}/environ").read_bytes()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_all_processes_and_loses_no_request(cache: Path, tmp_path: Path, number: int) -> None:
    with together(cache, TMPDIR=str(tmp_path)) as server, contextlib.ExitStack() as stack:
        pids = server.tree()
        assert len(list(tmp_path.glob("gradserve-*/*.json"))) == WORKERS
        begun = [stack.enter_context(half_sent(server, QUESTION)) for _ in range(IN_FLIGHT)]
        deadline = time.monotonic() + 15
        while scraped(server, "gradserve_requests_in_flight") <= IN_FLIGHT:  # the scrape is one more
            assert time.monotonic() < deadline
            time.sleep(0.1)
        server.process.send_signal(number)
        time.sleep(1)
        for sender, rest in begun:
            sender.sendall(rest)
        answers = [sender.recv(4096) for sender, _ in begun]
        assert all(b" 200 OK" in answer for answer in answers)
        assert len({answer.partition(b"x-request-id: ")[2][:16] for answer in answers}) == WORKERS
        assert server.process.wait(15) == 0
        assert not any(map(alive, pids))
        assert not list(tmp_path.iterdir())


def test_every_process_is_unready_before_it_refuses_requests(cache: Path) -> None:
    with together(cache, GRADSERVE_DRAIN_SECONDS="30") as server:  # a second signal ends it sooner
        server.process.send_signal(signal.SIGTERM)
        time.sleep(1)
        told = [anew(server, "GET", "/readyz") for _ in range(20)]
        taken = [anew(server, "POST", "/v1/grad", QUESTION) for _ in range(20)]
        for response in told:
            assertions.assert_problem(response, 503, "draining")
        assert len({answering(response) for response in told}) == WORKERS
        assert {response.status_code for response in taken} == {200}


def test_the_processes_end_when_their_supervisor_is_killed(cache: Path) -> None:
    with together(cache) as server:
        pids = server.tree()
        server.process.kill()
        wait_until_gone(pids)


def test_a_port_in_use_is_reported_without_a_traceback(cache: Path) -> None:
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        command = [sys.executable, "-m", "app.cli", "serve", "--workers", "2", "--port", str(holder.getsockname()[1])]
        done = subprocess.run(  # noqa: S603 - written here
            command, env=os.environ | {"GRADSERVE_CACHE_DIR": str(cache)}, capture_output=True, text=True, check=False
        )
    assert done.returncode == 3
    assert "ddress already in use" in done.stderr
    assert "Traceback" not in done.stderr
