"""Replicas that share compiled functions over a real Redis and a real server of the S3 protocol."""

import contextlib
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest
from prometheus_client import parser

from app.runtime.store import remote
from tests.live.clients import PYTHON
from tests.live.ports import free_port, wait_until_listening
from tests.live.server import Server, serving

pytestmark = pytest.mark.slow

TUTORIAL = {"expression": "5*x1**2 + 6*x2**2 + 7*x3**2", "point": [1.0, 2.0, 3.0], "argnums": [0, 1, 2]}
SECRET, OTHER = "5" * 32, "6" * 32
KEYS = {"AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "word", "AWS_REGION": "us-east-1"}


@dataclass
class Running:
    """A store.

    Attributes:
        process: the server of the store.
        url: the setting ``store`` of the replicas.
        environment: variables that the replicas need.
    """

    process: subprocess.Popen[bytes]
    url: str
    environment: dict[str, str] = field(default_factory=dict)

    @contextlib.contextmanager
    def replica(self, cache: Path) -> Iterator[Server]:
        settings = {"GRADSERVE_STORE": self.url, "GRADSERVE_STORE_SECRET": SECRET} | self.environment
        with serving(cache, **settings) as server:
            yield server


@contextlib.contextmanager
def started(port: int, *command: str) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)  # noqa: S603
    try:
        wait_until_listening(port, process)
        yield process
    finally:
        process.kill()
        process.wait()


@contextlib.contextmanager
def redis(directory: Path) -> Iterator[Running]:
    command = shutil.which("redis-server")
    assert command, "redis-server is missing: make test-all installs it"
    port = free_port()
    quiet = ("--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", str(directory))
    with started(port, command, "--port", str(port), *quiet) as process:
        yield Running(process, f"redis://127.0.0.1:{port}/0")


@contextlib.contextmanager
def bucket(_: Path) -> Iterator[Running]:
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    with started(port, str(PYTHON), "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)) as process:
        assert httpx.put(f"{url}/bucket").status_code == 200
        yield Running(process, "s3://bucket/compiled", KEYS | {"AWS_ENDPOINT_URL": url})


Kind = Callable[[Path], contextlib.AbstractContextManager[Running]]


def compilations(server: Server) -> float:
    families = parser.text_string_to_metric_families(server.http.get("/metrics").text)
    return sum(
        sample.value
        for family in families
        for sample in family.samples
        if sample.name == "gradserve_compile_seconds_count" and sample.labels["transform"] == "grad"
    )


def ask_until_compiled(server: Server) -> None:
    deadline = time.monotonic() + 90
    while True:
        response = server.grad(**TUTORIAL)
        assert response.json()["gradient"] == [10.0, 24.0, 42.0]
        if "compiled" in response.headers["Cache-Status"]:
            return
        assert time.monotonic() < deadline


@pytest.mark.parametrize("kind", [redis, bucket])
def test_replicas_share_compiled_and_registered_functions_and_survive_the_loss_of_the_store(
    kind: Kind, tmp_path: Path
) -> None:
    with kind(tmp_path) as running, running.replica(tmp_path / "first") as first:
        ask_until_compiled(first)
        assert compilations(first) == 1
        time.sleep(1)  # the store is written after the answers
        with running.replica(tmp_path / "second") as second:
            ask_until_compiled(second)
            assert compilations(second) == 0

            created = first.http.post("/v1/functions", json={"expression": "x**3 + 0.5*x"})
            assert created.status_code == 201
            function = created.json()["function_id"]
            assert second.http.get(f"/v1/functions/{function}").json()["args"] == ["x"]
            assert second.http.post(f"/v1/functions/{function}/grad", json={"point": [2.0]}).json()["gradient"] == 12.5

            running.process.kill()
            for n in range(40):
                for server in (first, second):
                    registered = server.http.post("/v1/functions", json={"expression": f"x**{n + 2} + y"})
                    assert registered.status_code == 201
                    for _ in range(8):
                        response = server.grad(expression=f"x**{n + 2} + y", point=[1.0, 1.0])
                        assert (response.status_code, response.json()["gradient"]) == (200, n + 2.0)


@pytest.mark.parametrize("kind", [redis, bucket])
def test_damaged_entries_are_misses(kind: Kind, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with kind(tmp_path) as running:
        for name, value in running.environment.items():
            monkeypatch.setenv(name, value)
        backend = remote.backend(running.url)
        ours, theirs = remote.SharedStore(backend, SECRET), remote.SharedStore(backend, OTHER)
        payload = bytes(range(256)) * 40_000
        assert ours.get("feed") is None
        assert ours.put("feed", payload)
        assert ours.get("feed") == payload
        assert theirs.get("feed") is None
        path = ours._path("feed")
        entry = backend.get(path)
        assert entry is not None
        backend.put(path, entry[:-1])
        assert ours.get("feed") is None
        assert backend.get(path) is None  # a damaged entry is removed
        backend.put(path, entry.replace(b"\x00", b"\x01", 1))
        assert ours.get("feed") is None
        assert ours.put("feed", payload)
        ours.remove("feed")
        assert ours.get("feed") is None
        assert ours._retry_at == 0.0


def test_reading_an_entry_extends_its_life_in_redis(tmp_path: Path) -> None:
    with redis(tmp_path) as running:
        backend = remote.Redis(running.url)
        backend.put("group/feed", b"entry")
        backend._client.expire("gradserve/group/feed", 100)
        assert backend.get("group/feed") == b"entry"
        assert backend._client.ttl("gradserve/group/feed") == remote.KEPT.total_seconds()
