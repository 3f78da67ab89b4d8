"""Rates counted in a real Redis: together, and alone when it is stopped, gone or never speaks."""

import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.runtime import keys
from app.settings import Settings
from tests.live.ports import free_port, wait_until_listening
from tests.support import assertions
from tests.support.service import Client, serving

pytestmark = pytest.mark.slow

QUESTION = {"expression": "x**2", "point": [3.0]}
RATE = "5/minute"


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[tuple[str, int]]:
    """Run Redis; yield its address and process id."""
    port = free_port()
    command = ["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(tmp_path)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)  # noqa: S603 - written here
    try:
        wait_until_listening(port, process)
        yield f"redis://127.0.0.1:{port}/0", process.pid
    finally:
        process.send_signal(signal.SIGCONT)
        process.kill()
        process.wait()


def counted(address: str) -> Settings:
    return Settings(rate_limit=RATE, rate_limit_storage=address)


def assert_counted_alone_within_a_second(client: Client) -> None:
    for _ in range(5):
        began = time.monotonic()
        assert client.post(QUESTION).status_code == 200
        assert time.monotonic() - began < 1.0
    assertions.assert_problem(client.post(QUESTION), 429, "overloaded")


def test_two_replicas_count_together(redis: tuple[str, int]) -> None:
    with serving(counted(redis[0]), workers=False) as one, serving(counted(redis[0]), workers=False) as other:
        statuses = [client.post(QUESTION).status_code for client in (one, other) * 3]
        assert sorted(statuses) == [200] * 5 + [429]


def test_when_redis_is_stopped_each_replica_counts_alone(
    redis: tuple[str, int], caplog: pytest.LogCaptureFixture
) -> None:
    address, pid = redis
    with serving(counted(address), workers=False) as client:
        client.post({"expression": "y**2", "point": [3.0]})
        assert client.post(QUESTION).status_code == 200
        os.kill(pid, signal.SIGSTOP)  # the kernel goes on to take connections for it
        assert_counted_alone_within_a_second(client)
        told = [record for record in caplog.records if "counts alone" in record.getMessage()]
        assert len(told) == 1
        assert address not in told[0].getMessage()


def test_requests_that_wait_for_a_stopped_redis_wait_together(redis: tuple[str, int]) -> None:
    address, pid = redis
    with serving(counted(address), workers=False) as client:
        assert client.post(QUESTION).status_code == 200
        os.kill(pid, signal.SIGSTOP)
        began = time.monotonic()
        responses = client.together([QUESTION] * 20)
        assert time.monotonic() - began < 2.0
        assert sorted(response.status_code for response in responses) == [200] * 5 + [429] * 15


def test_a_store_that_never_speaks_or_is_not_there_is_done_without() -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen(100)
        with serving(counted(f"redis://127.0.0.1:{silent.getsockname()[1]}"), workers=False) as client:
            client.run(client.app.state.services.engine.wait_until_idle())
            assert_counted_alone_within_a_second(client)
    with serving(counted(f"redis://127.0.0.1:{free_port()}"), workers=False) as client:
        assert_counted_alone_within_a_second(client)


def test_two_replicas_count_the_quota_of_a_key_together(redis: tuple[str, int], tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    secret = keys.add(path, "ci", ["ask"], RATE)
    settings = Settings(key_store=str(path), rate_limit_storage=redis[0])
    with serving(settings, workers=False) as one, serving(settings, workers=False) as other:
        statuses = [client.post(QUESTION, X_API_Key=secret).status_code for client in (one, other) * 3]
        assert sorted(statuses) == [200] * 5 + [429]
