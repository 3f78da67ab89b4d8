"""A real server in a process of its own, started as an operator starts it."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import httpx

from tests.live.ports import free_port
from tests.support import programs

ROOT = Path(__file__).parents[2]
STARTED_SECONDS = 120
STOPPED_SECONDS = 30


class Server:
    """A running ``gradserve serve``.

    Args:
        process: the process that was started.
        http: a client of it.
    """

    def __init__(self, process: subprocess.Popen[bytes], http: httpx.Client) -> None:
        self.process = process
        self.http = http

    def grad(self, **document: Any) -> httpx.Response:
        return self.http.post("/v1/grad", json=document)

    def metric(self, name: str) -> float:
        """Return the sum over a family of /metrics."""
        lines = self.http.get("/metrics").text.splitlines()
        return sum(float(line.rpartition(" ")[2]) for line in lines if line.partition("{")[0].partition(" ")[0] == name)

    def tree(self) -> list[int]:
        """Return the process ids of the server and its children."""
        pids, found = [self.process.pid], []
        while pids:
            pid = pids.pop()
            found.append(pid)
            pids += children(pid)
        return found

    def children(self) -> list[int]:
        """Return the process ids of the server's own children: compile workers, or the processes that serve."""
        return children(self.process.pid)

    def resident_bytes(self) -> int:
        """Return the resident memory of the server itself."""
        pages = int(Path(f"/proc/{self.process.pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE")


def children(pid: int) -> list[int]:
    """Return the process ids of the children of a process."""
    found = []
    for path in Path(f"/proc/{pid}/task").glob("*/children"):
        with contextlib.suppress(OSError):
            found += [int(child) for child in path.read_text().split()]
    return found


@contextlib.contextmanager
def serving(cache: Path, **environment: str) -> Iterator[Server]:
    """Start a server, on a free port if none is given, wait until it is ready, and stop it by its own pid.

    Args:
        cache: directory of its store, which gets the interpreter's programs unless the server has been here before.
        environment: settings, and other variables.
    """
    programs.copy_to(cache)
    port = int(environment.pop("GRADSERVE_PORT", 0)) or free_port()
    command = [sys.executable, "-m", "app.cli", "serve", "--port", str(port)]
    settings = {"GRADSERVE_CACHE_DIR": str(cache), "GRADSERVE_LOG_LEVEL": "warning", **environment}
    with running(command, port, settings) as server:
        yield server


@contextlib.contextmanager
def running(
    command: Sequence[str], port: int, environment: Mapping[str, str], directory: Path | None = None
) -> Iterator[Server]:
    """Run a command that serves on a port, wait until it is ready, and stop it by its own pid."""
    http = httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=30)
    with running_for(http, command, environment, directory) as server:
        yield server


@contextlib.contextmanager
def running_for(
    http: httpx.Client,
    command: Sequence[str],
    environment: Mapping[str, str],
    directory: Path | None = None,
    descriptors: Sequence[int] = (),
) -> Iterator[Server]:
    """Run a command that serves this client, wait until it is ready, and stop it by its own pid."""
    process = subprocess.Popen(  # noqa: S603 - of the tests
        command, cwd=directory, env=os.environ | environment, pass_fds=descriptors
    )
    server = Server(process, http)
    try:
        wait_until_ready(server)
        yield server
    finally:
        server.http.close()
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(STOPPED_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise


def wait_until_ready(server: Server) -> None:
    deadline = time.monotonic() + STARTED_SECONDS
    while time.monotonic() < deadline:
        with contextlib.suppress(httpx.TransportError):
            if server.http.get("/readyz").status_code == 200:
                return
        assert server.process.poll() is None, "the server ended before it was ready"
        time.sleep(0.05)
    raise AssertionError("the server did not become ready")
