"""Ray Serve started as deploy/README.md says, on one machine, with two replicas, of which one is killed."""

import contextlib
import os
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

import httpx
import pytest

from tests.live.ports import free_port
from tests.support import programs

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
BIN = ROOT / ".venv-ray" / "bin"
FUNCTIONS = 24
STARTED_SECONDS = 180
Found = TypeVar("Found")
Kind = Callable[[httpx.Client, int], tuple[bool, str]]
REPLICA = b"ray::ServeReplica:default:Replica"

QUESTION = {"expression": "5*(x1**2) + 6*(x2**2) + 7*(x3**2)", "point": [1, 2, 3], "argnums": [0, 1, 2]}


def until(find: Callable[[], Found | None], seconds: float = STARTED_SECONDS) -> Found:
    """Wait until a function returns something, and return that."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if (found := find()) is not None:
            return found
        time.sleep(0.2)
    raise AssertionError("waited in vain")


@dataclass
class Cluster:
    """The processes of Ray and their ports.

    Args:
        port: the port of Ray.
        http: a client of the service.
        scratch: the directory for Ray's files. Paths of sockets must be short.
    """

    port: int
    http: httpx.Client
    scratch: Path
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)

    @property
    def environment(self) -> dict[str, str]:
        return os.environ | {
            "RAY_ADDRESS": f"127.0.0.1:{self.port}",
            "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0",
            "RAY_USAGE_STATS_ENABLED": "0",
            "RAY_GRACEFUL_SHUTDOWN_DRAIN_TIMEOUT_S": "0",
            "RAY_SERVE_THROUGHPUT_OPTIMIZED": "1",
            "RAY_SERVE_ENABLE_DIRECT_INGRESS": "0",
            "RAY_SERVE_REPLICA_GRPC_MAX_MESSAGE_LENGTH": "268435456",
            "GRADSERVE_CACHE_DIR": str(self.scratch / "cache"),
            "GRADSERVE_COMPILE_SECONDS_PER_MINUTE": "600",
        }

    def start(self, *command: str) -> subprocess.Popen[bytes]:
        with (self.scratch / "log").open("ab") as log:
            program, *arguments = command
            process = subprocess.Popen(  # noqa: S603
                [BIN / program, *arguments], cwd=ROOT, env=self.environment, stdout=log, stderr=log
            )
        self.processes.append(process)
        return process

    def tree(self) -> list[int]:
        """Return the process ids of all that was started, and of their children."""
        waiting, found = [process.pid for process in self.processes], []
        while waiting:
            pid = waiting.pop()
            found.append(pid)
            for children in Path(f"/proc/{pid}/task").glob("*/children"):
                with contextlib.suppress(OSError):
                    waiting += [int(child) for child in children.read_text().split()]
        return found

    def replicas(self) -> set[int]:
        found = set()
        for pid in self.tree():
            with contextlib.suppress(OSError):
                if Path(f"/proc/{pid}/cmdline").read_bytes().startswith(REPLICA):
                    found.add(pid)
        return found

    def ready(self) -> bool | None:
        assert all(process.poll() is None for process in self.processes), (self.scratch / "log").read_text()[-4000:]
        with contextlib.suppress(httpx.TransportError):
            return self.http.get("/readyz").status_code == 200 or None
        return None

    def stop(self) -> None:
        """End what was started, the last first; Ray's own processes go with the first."""
        began = self.tree()
        for process in reversed(self.processes):
            process.send_signal(signal.SIGTERM)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(60)
        left = [pid for pid in began if alive(pid)]
        for pid in left:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        for process in self.processes:
            process.wait(10)
        assert left == [], (self.scratch / "log").read_text()[-4000:]


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    ray, serve = free_port(), free_port()
    with (
        tempfile.TemporaryDirectory(prefix="ray", ignore_cleanup_errors=True) as scratch,
        httpx.Client(base_url=f"http://127.0.0.1:{serve}", timeout=60) as http,
    ):
        started = Cluster(ray, http, Path(scratch))
        programs.copy_to(Path(scratch) / "cache")
        try:
            started.start(
                "ray", "start", "--head", "--block", "--port", str(ray), "--node-ip-address", "127.0.0.1",
                "--num-cpus", "2", "--object-store-memory", "100000000", "--include-dashboard", "false",
                "--disable-usage-stats", "--temp-dir", f"{scratch}/ray",
            )  # fmt: skip
            until(lambda: "Ray runtime started" in (started.scratch / "log").read_text() or None)
            subprocess.run(  # noqa: S603
                [BIN / "serve", "start", "--http-host", "127.0.0.1", "--http-port", str(serve)],
                cwd=ROOT, env=started.environment, check=True, capture_output=True, timeout=STARTED_SECONDS,
            )  # fmt: skip
            started.start(
                "serve", "run", "deploy.ray.serving:app", "min_replicas=2", "max_replicas=2", "replica_cpus=0.5",
                "doors=1", "door_cpus=0.25", "health_check_seconds=2",
            )  # fmt: skip
            until(lambda: "is ready at" in (started.scratch / "log").read_text() or None)
            until(started.ready)
            yield started
        finally:
            started.stop()


def text_of(number: int) -> str:
    return f"{number + 2}*x**2 + sin(y)*{number + 1}"


def ask(http: httpx.Client, number: int) -> httpx.Response:
    document = {"expression": text_of(number), "point": {"x": 3.0, "y": 0.0}, "argnums": ["x", "y"]}
    return http.post("/v1/grad", json=document)


def right(response: httpx.Response, number: int) -> bool:
    return response.status_code == 200 and response.json()["gradient"] == [6.0 * (number + 2), number + 1.0]


def test_the_gradient_of_the_tutorial(cluster: Cluster) -> None:
    response = cluster.http.post("/v1/grad", json=QUESTION)
    assert response.json()["gradient"] == [10.0, 24.0, 42.0]
    assert len(response.headers.get_list("x-request-id")) == 1


def test_an_error_is_a_problem_document(cluster: Cluster) -> None:
    response = cluster.http.post("/v1/grad", json=QUESTION | {"expression": "x +* y"})
    assert (response.status_code, response.headers["content-type"]) == (422, "application/problem+json")
    assert response.json()["code"] == "syntax_error"


def test_a_too_long_body_is_not_read_to_its_end(cluster: Cluster) -> None:
    response = cluster.http.post("/v1/grad", content=b" " * (18 << 20), headers={"Content-Type": "application/json"})
    assert (response.status_code, response.json()["code"]) == (413, "body_too_large")


def test_a_large_batch_is_answered(cluster: Cluster) -> None:
    points = [[float(n), 1.0] for n in range(100_000)]
    document = {"expression": "X[0]**2 * X[1]", "point": points, "in_axes": 0}
    response = cluster.http.post("/v1/grad", json=document)
    assert len(response.content) > 2 << 20
    assert response.json()["gradient"][-1] == [2.0 * 99_999, 99_999.0**2]


def test_a_registered_function_is_known_to_every_replica(cluster: Cluster) -> None:
    document = {"expression": "lambda a, b: a*sin(b)"}
    function_id = cluster.http.post("/v1/functions", json=document).json()["function_id"]
    answers = [
        cluster.http.post(f"/v1/functions/{function_id}/grad", json={"point": [2.0, 0.0], "argnums": 1}).json()
        for _ in range(8)
    ]
    assert [answer["gradient"] for answer in answers] == [2.0] * 8


def test_a_function_goes_to_the_replica_that_has_it(cluster: Cluster) -> None:
    for number in range(FUNCTIONS):
        assert right(ask(cluster.http, number), number)
    again = [ask(cluster.http, number).headers["cache-status"] for number in range(FUNCTIONS) for _ in range(2)]
    assert all(status.startswith("gradserve; hit") for status in again)


def lengthy(http: httpx.Client, number: int) -> tuple[bool, str]:
    """Send requests that take seconds, so that a replica dies with some of them under way."""
    text = " * ".join(f"(sin({factor + number}*x) + y**{factor})" for factor in range(1, 13))
    question = {"expression": text, "argnums": ["x"]}
    while (response := http.post("/v1/symbolic", json=question)).status_code == 429:  # others are before it
        time.sleep(0.5)
    if response.status_code == 422:  # a busy machine reaches the deadline: the replica has answered
        return response.json()["code"] == "too_expensive", response.text[:200]
    derived = response.status_code == 200 and response.json()["partials"][0]["arg"] == "x"
    return derived, response.text[:200]


def brief(http: httpx.Client, number: int) -> tuple[bool, str]:
    response = ask(http, number)
    return right(response, number), response.headers.get("cache-status", response.text)


def test_a_killed_replica_loses_no_request_and_is_replaced(cluster: Cluster) -> None:
    for number in range(FUNCTIONS):
        ask(cluster.http, number)
    before = cluster.replicas()
    assert len(before) == 2
    ended = threading.Event()
    answers: dict[Kind, list[tuple[bool, str]]] = {brief: [], lengthy: []}

    def load(kind: Kind, first: int) -> None:
        with httpx.Client(base_url=cluster.http.base_url, timeout=120) as http:
            number = first
            while not ended.is_set():
                answers[kind].append(kind(http, number))
                number = (number + 5) % FUNCTIONS

    threads = [threading.Thread(target=load, args=(kind, first)) for kind in answers for first in range(6)]
    for thread in threads:
        thread.start()
    until(lambda: len(answers[lengthy]) >= 2 or None)
    os.kill(min(before), signal.SIGKILL)
    there = {kind: len(some) for kind, some in answers.items()}
    until(lambda: all(len(answers[kind]) > some + 6 for kind, some in there.items()) or None)
    until(lambda: len(cluster.replicas() - before) == 1 or None)
    ended.set()
    for thread in threads:
        thread.join()
    assert [word for some in answers.values() for correct, word in some if not correct] == []
    # Those that the dead one knew were new to the other, so it was one that worked.
    assert sum(word.startswith("gradserve; fwd=miss") for _, word in answers[brief]) >= 2
    until(cluster.ready)
