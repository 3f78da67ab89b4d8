"""Three real replicas behind real nginx: which replica gets a function, how much more is compiled, lost replicas."""

import asyncio
import contextlib
import itertools
import json
import math
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.benchmarks import ring
from tests.live.ports import free_port
from tests.live.proxy import proxying, replica_of
from tests.live.server import Server, serving
from tests.support import assertions

pytestmark = pytest.mark.slow

FUNCTIONS = 90
"""Functions of different structure: more than all replicas together hold compiled."""
HELD = 16
"""Executables that one replica holds."""
EXPONENT = 0.9
"""Exponent of Zipf's law; between 0.6 and 1 for requests on the web (Breslau et al. 1999)."""

SETTINGS = {
    "GRADSERVE_EXECUTABLE_CAPACITY": str(HELD),
    "GRADSERVE_TRUSTED_PROXIES": "127.0.0.1",
    "GRADSERVE_COMPILE_WORKERS": "1",
}


def text(function: int) -> str:
    return f"sin(x)**{function // 10 + 2} + x**{function % 10 + 2}"


def gradient(function: int, x: float) -> float:
    m, n = function // 10 + 2, function % 10 + 2
    return m * math.sin(x) ** (m - 1) * math.cos(x) + n * x ** (n - 1)


def question(function: int, x: float) -> dict[str, Any]:
    return {"expression": text(function), "point": [x]}


def assert_right(response: httpx.Response, function: int, x: float) -> None:
    assert response.status_code == 200, response.text
    assert response.json()["gradient"] == pytest.approx(gradient(function, x), rel=1e-12)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a cache directory that has every function compiled, and the interpreter's programs."""
    directory = tmp_path_factory.mktemp("store")

    async def ask(http: httpx.AsyncClient, function: int) -> None:
        for n in itertools.count():
            response = await http.post("/v1/grad", json=question(function, 0.5 + n / 1000))
            if "compiled" in response.headers["Cache-Status"]:
                return
            assert n < 10_000

    async def ask_all(server: Server) -> None:
        limits = httpx.Limits(max_connections=8)
        async with httpx.AsyncClient(base_url=server.http.base_url, timeout=60, limits=limits) as http:
            await asyncio.gather(*[ask(http, function) for function in range(FUNCTIONS)])

    with serving(directory, GRADSERVE_COMPILE_WORKERS="2") as server:
        asyncio.run(ask_all(server))
        # Otherwise each replica would compile them for itself, and large batches would wait.
        while server.metric("gradserve_programs_missing"):
            time.sleep(0.5)
    return directory


@contextlib.contextmanager
def replicas(store: Path) -> Iterator[list[Server]]:
    with contextlib.ExitStack() as stack:
        yield [stack.enter_context(serving(store, **SETTINGS)) for _ in range(3)]


def addresses(servers: Sequence[Server]) -> list[str]:
    return [server.http.base_url.netloc.decode() for server in servers]


@pytest.fixture(scope="module")
def trio(store: Path) -> Iterator[list[Server]]:
    with replicas(store) as servers:
        yield servers


def compiled_share(http: httpx.Client, requests: Sequence[int]) -> float:
    """Send one request after the other; return the share that compiled code answered."""
    hits = 0
    for number, function in enumerate(requests):
        x = 0.25 + number % 97 / 100
        response = http.post("/v1/grad", json=question(function, x))
        assert_right(response, function, x)
        hits += "compiled" in response.headers["Cache-Status"]
    return hits / len(requests)


def test_affinity_raises_the_share_of_compiled_answers_as_the_simulation_predicts(
    trio: list[Server], tmp_path: Path
) -> None:
    requests = ring.zipf(FUNCTIONS, 1500, EXPONENT, seed=7).tolist()
    names = addresses(trio)
    owners = [names.index(ring.Ring(names).owner(text(function).encode())) for function in range(FUNCTIONS)]
    with proxying(tmp_path / "turns", names, affinity=False) as http:
        without = compiled_share(http, requests)
    with proxying(tmp_path / "affinity", names) as http:
        with_affinity = compiled_share(http, requests)
    simulated = ring.hit_ratio(requests, lambda _, function: owners[function], 3, HELD)
    simulated_without = ring.hit_ratio(requests, lambda number, _: number % 3, 3, HELD)
    print(f"compiled: {with_affinity:.3f} with affinity, {without:.3f} without")  # noqa: T201
    print(f"simulated: {simulated:.3f} and {simulated_without:.3f}")  # noqa: T201
    assert with_affinity > without + 0.2
    assert with_affinity == pytest.approx(simulated, abs=0.04)
    assert without == pytest.approx(simulated_without, abs=0.04)


def test_a_function_has_one_replica_for_all_points_and_every_replica_knows_its_id(
    trio: list[Server], tmp_path: Path
) -> None:
    with proxying(tmp_path, addresses(trio)) as http:
        met: Counter[str] = Counter()
        for function in range(30):
            by_text = {replica_of(http.post("/v1/grad", json=question(function, x))) for x in (0.5, 1.0, 2.0)}
            assert len(by_text) == 1
            met.update(by_text)
            registered = http.post("/v1/functions", json={"expression": text(function)})
            assert {replica_of(registered)} == by_text
            # Its id may belong to another replica, which finds it in the store that all share.
            path = f"/v1/functions/{registered.json()['function_id']}/grad"
            by_id = [http.post(path, json={"point": [x]}) for x in (0.5, 1.0, 2.0)]
            assert len({replica_of(response) for response in by_id}) == 1
            for x, response in zip((0.5, 1.0, 2.0), by_id, strict=True):
                assert_right(response, function, x)
    assert len(met) == 3


def test_problem_documents_of_the_service_pass_through_the_proxy(trio: list[Server], tmp_path: Path) -> None:
    with proxying(tmp_path, addresses(trio)) as http:
        assertions.assert_problem(
            http.post("/v1/grad", json={"expression": "sine(x)", "point": [1.0]}), 422, "unknown_name"
        )
        assertions.assert_problem(http.post("/v1/grad", content=b"1" * 16_800_000), 413, "body_too_large")
        large = http.get("/v1/limits", headers={"Long": "a" * 40_000})
        assertions.assert_problem(large, 431, "body_too_large")
        assert http.get("/readyz").status_code == 200


def test_a_hot_function_spreads_to_other_replicas_when_its_own_is_full(trio: list[Server], tmp_path: Path) -> None:
    """A hundred slow requests at once are three times as many as one replica may have under way."""
    xs = [n / 20_000 for n in range(20_000)]
    document = {"expression": "sin(x)**2 + x**2", "point": {"x": xs}, "in_axes": 0}

    async def ask_all(http: httpx.AsyncClient) -> list[httpx.Response]:
        return await asyncio.gather(*[http.post("/v1/grad", json=document) for _ in range(100)])

    async def run(base: httpx.URL) -> list[httpx.Response]:
        async with httpx.AsyncClient(base_url=base, timeout=60, limits=httpx.Limits(max_connections=100)) as http:
            return await ask_all(http)

    with proxying(tmp_path, addresses(trio)) as http:
        alone = {replica_of(http.post("/v1/grad", json=document)) for _ in range(5)}
        responses = asyncio.run(run(http.base_url))
    assert len(alone) == 1
    assert {response.status_code for response in responses} == {200}
    assert len({replica_of(response) for response in responses}) == 3
    for response in responses[::25]:
        assert response.json()["gradient"][::999] == pytest.approx([gradient(0, x) for x in xs[::999]], rel=1e-12)


class Load:
    """Clients that send one request after the other until they are stopped."""

    def __init__(self, base: httpx.URL, clients: int = 8) -> None:
        self._base, self._clients = base, clients
        self.stopped = False
        self.answers: list[tuple[int, float, httpx.Response]] = []

    async def _ask(self, http: httpx.AsyncClient, numbers: Iterator[int]) -> None:
        while not self.stopped:
            number = next(numbers)
            function, x = number * 7 % FUNCTIONS, 0.25 + number % 97 / 100
            self.answers.append((function, x, await http.post("/v1/grad", json=question(function, x))))

    async def run(self, accident: Callable[[], Any], seconds: float) -> None:
        """Send requests for some seconds, cause the accident, and go on for as many seconds."""
        numbers = itertools.count()
        async with httpx.AsyncClient(base_url=self._base, timeout=60) as http:
            tasks = [asyncio.ensure_future(self._ask(http, numbers)) for _ in range(self._clients)]
            await asyncio.sleep(seconds)
            before = len(self.answers)
            accident()
            await asyncio.sleep(seconds)
            self.stopped = True
            await asyncio.gather(*tasks)
        assert before > 100
        assert len(self.answers) > before + 100


def retried(directory: Path) -> int:
    """Return how many requests nginx has sent to a second replica."""
    lines = [json.loads(line) for line in (directory / "access.log").read_text().splitlines()]
    return sum(", " in line["replica"] for line in lines)


def test_a_replica_killed_or_stopped_under_load_loses_no_request(store: Path, tmp_path: Path) -> None:
    port = free_port()

    def of_victim(victim: Server, http: httpx.Client) -> list[int]:
        process = replica_of(victim.http.get("/healthz"))
        return [f for f in range(FUNCTIONS) if replica_of(http.post("/v1/grad", json=question(f, 1.0))) == process]

    def lose(victim: Server, http: httpx.Client, accident: Callable[[], Any]) -> int:
        """Cause an accident under load; return how many functions the victim had."""
        held, load = len(of_victim(victim, http)), Load(http.base_url)
        asyncio.run(load.run(accident, 2.0))
        for function, x, response in load.answers:
            assert_right(response, function, x)
        victim.process.wait(20)
        return held

    with serving(store, **SETTINGS) as one, serving(store, **SETTINGS) as other:
        names = [*addresses([one, other]), f"127.0.0.1:{port}"]
        owned = [ring.Ring(names).owner(text(f).encode()) == names[2] for f in range(FUNCTIONS)]
        with proxying(tmp_path, names) as http:
            with serving(store, GRADSERVE_PORT=str(port), **SETTINGS) as victim:
                assert lose(victim, http, victim.process.kill) == sum(owned) > 0
            with serving(store, GRADSERVE_PORT=str(port), **SETTINGS) as victim:
                time.sleep(3)  # fail_timeout, which nginx counts in whole seconds
                # The replica is back and has its functions again.
                assert lose(victim, http, victim.process.terminate) == sum(owned)
    assert retried(tmp_path) > 0
