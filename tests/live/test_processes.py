"""What an operator sees of a real process: restarts, killed children, a clean end."""

import os
import signal
import threading
import time
from pathlib import Path

import pytest

from tests.live.server import serving

pytestmark = pytest.mark.slow

TUTORIAL = {"expression": "5*x1**2 + 6*x2**2 + 7*x3**2", "point": [1.0, 2.0, 3.0], "argnums": [0, 1, 2]}


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


def test_a_hot_function_is_compiled_and_still_is_after_a_restart(cache: Path) -> None:
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


def test_killing_the_compile_workers_under_load_fails_no_request(cache: Path) -> None:
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
