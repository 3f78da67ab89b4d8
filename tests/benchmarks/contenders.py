"""The servers that are measured: how each is started, and the form of its requests and answers.

Each serves with one process and one worker. UM-Bridge and Tesseract are started as their packages ship them and hold
the tutorial's function beforehand; gradserve and the plain service get it as text with every request.
"""

from __future__ import annotations

import math
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.benchmarks import load, processes
from tests.benchmarks.processes import ROOT, Process, Server

TUTORIAL = "5*x1**2 + 6*x2**2 + 7*x3**2"
ARGUMENTS = ("x1", "x2", "x3")

_SETTLE_SECONDS = 20.0
_FIRST_SECONDS = 600.0
_CACHE = tempfile.TemporaryDirectory(prefix="bench-")
"""One cache directory for the whole run, so that the interpreter's programs are compiled once."""
_SERVERS = "tests.benchmarks.servers"


def tutorial_gradient(point: list[float]) -> list[float]:
    """Return the gradient of the tutorial's function."""
    return [factor * coordinate for factor, coordinate in zip((10, 12, 14), point, strict=True)]


def wait_for(server: Server, line: str, seconds: float) -> None:
    """Wait until the metrics of gradserve have a line.

    Raises:
        RuntimeError: they have not, after so many seconds.
    """
    end = time.perf_counter() + seconds
    while f"\n{line}\n".encode() not in load.ask(server.port, load.get("/metrics"))[1].body:
        if time.perf_counter() > end:
            raise RuntimeError(f"no {line!r} in the metrics after {seconds:g} s:\n{server.log()}")
        time.sleep(0.1)


@dataclass(frozen=True, slots=True)
class Contender:
    """A server to measure.

    Attributes:
        name: what the table calls it.
        command: program and arguments; ``{port}`` stands for the port and ``{scratch}`` for an empty folder.
        ready: path that answers 200 when it can be asked.
        path: where it is asked for a gradient.
        body: from expression, argument names and point to the document it is asked with.
        gradient: from the document it answers with to the gradient; None if it computes nothing.
        environment: variables to add, with ``{scratch}`` as in the command.
        settled: line of its /metrics that tells that its warm-up is complete; empty if it has none.
    """

    name: str
    command: tuple[str, ...]
    ready: str
    path: str
    body: Callable[[str, list[str], list[float]], Any]
    gradient: Callable[[Any], list[float]] | None
    environment: Mapping[str, str] = field(default_factory=dict)
    settled: str = ""

    def start(
        self,
        stack: ExitStack,
        environment: Mapping[str, str] | None = None,
        *,
        settle: bool = True,
        cores: set[int] | None = None,
    ) -> Server:
        """Start the server, and wait until it has warmed up, a minute the first time. The stack stops it.

        What it loads after it is ready takes both cores for two seconds, and would be charged to what is measured.
        """
        scratch = stack.enter_context(tempfile.TemporaryDirectory(prefix="bench-"))
        command = [part.replace("{scratch}", scratch) for part in self.command]
        variables = {name: value.replace("{scratch}", scratch) for name, value in self.environment.items()}
        server = stack.enter_context(Server(command, self.ready, variables | dict(environment or {}), cores=cores))
        if settle and self.settled:
            wait_for(server, self.settled, _FIRST_SECONDS)
            processes.wait_until_idle(server.pid)
        return server

    def request(self, expression: str, arguments: tuple[str, ...], point: list[float]) -> bytes:
        """Return the bytes of a request for a gradient."""
        return load.post(self.path, self.body(expression, list(arguments), point))

    def tutorial(self, point: list[float]) -> bytes:
        """Return the bytes of a request for the gradient of the tutorial's function."""
        return self.request(TUTORIAL, ARGUMENTS, point)

    def check(self, response: load.Response, expected: list[float]) -> None:
        """Check the gradient in a response.

        Raises:
            RuntimeError: the gradient is not the expected one.
        """
        if self.gradient is None:
            return
        found = [float(part) for part in self.gradient(response.json())]
        scale = max(1.0, *(abs(part) for part in expected))
        if not all(
            math.isclose(a, b, rel_tol=1e-6, abs_tol=1e-6 * scale) for a, b in zip(found, expected, strict=True)
        ):
            raise RuntimeError(f"{self.name} answered {found} where {expected} is right")


GRADSERVE = Contender(
    "gradserve",
    (
        sys.executable,
        "-c",
        "from app.cli.commands import cli; cli()",
        "serve",
        "--host",
        "127.0.0.1",
        "--port",
        "{port}",
    ),
    "/readyz",
    "/v1/grad",
    lambda expression, arguments, point: {
        "expression": expression,
        "args": arguments,
        "point": point,
        "argnums": list(range(len(arguments))),
    },
    lambda answer: list(answer["gradient"]),
    # Not what an earlier run has left in the cache of whoever runs this.
    {"GRADSERVE_CACHE_DIR": _CACHE.name},
    "gradserve_programs_missing 0.0",
)
PLAIN = Contender(
    "plain FastAPI + dict of jit",
    (sys.executable, "-m", f"{_SERVERS}.plain", "{port}"),
    "/readyz",
    "/grad",
    lambda expression, arguments, point: {"expression": expression, "args": arguments, "point": point},
    lambda answer: list(answer["gradient"]),
)
BARE = Contender(
    "bare ASGI no-op",
    (sys.executable, "-m", f"{_SERVERS}.floor", "{port}", "bare"),
    "/",
    "/",
    GRADSERVE.body,
    None,
)
ECHO = Contender(
    "bare ASGI, as many bytes back as the path says",
    (sys.executable, "-m", f"{_SERVERS}.floor", "{port}", "copy"),
    "/0",
    "/",
    GRADSERVE.body,
    None,
)
MODELLED = Contender(
    "FastAPI no-op",
    (sys.executable, "-m", f"{_SERVERS}.floor", "{port}", "fastapi"),
    "/",
    "/",
    GRADSERVE.body,
    None,
)


def settle(port: int, request: bytes) -> float:
    """Repeat a request until the executable of the function answers it; return the seconds that took.

    A server that does not report it, as all but gradserve, counts as compiled at once.
    """
    start = time.perf_counter()
    while True:
        _, response = load.ask(port, request)
        passed = time.perf_counter() - start
        if compiled(response) or passed > _SETTLE_SECONDS:
            return passed


def compiled(response: load.Response) -> bool:
    """Return whether the executable of the function answered, by the header Cache-Status."""
    return "interpreted" not in response.header("cache-status")


def um_bridge(peers: Path) -> Contender:
    """Return UM-Bridge's own Python server."""
    return Contender(
        "UM-Bridge's server",
        (str(peers), "-m", f"{_SERVERS}.um_bridge", "{port}"),
        "/Info",
        "/Gradient",
        lambda _, __, point: {
            "name": "forward",
            "outWrt": 0,
            "inWrt": 0,
            "input": [point],
            "sens": [1.0],
            "config": {},
        },
        lambda answer: list(answer["output"]),
    )


def tesseract(peers: Path) -> Contender:
    """Return Tesseract's own server."""
    return Contender(
        "Tesseract's server",
        (
            str(peers.with_name("tesseract-runtime")),
            *("--output-path", "{scratch}", "serve", "--host", "127.0.0.1", "--port", "{port}"),
        ),
        "/health",
        "/vector_jacobian_product",
        lambda _, __, point: {
            "inputs": {"X": point},
            "vjp_inputs": ["X"],
            "vjp_outputs": ["result"],
            "cotangent_vector": {"result": 1.0},
        },
        lambda answer: list(answer["X"]["data"]["buffer"]),
        {"TESSERACT_API_PATH": str(ROOT / "tests/benchmarks/servers/tesseract_api.py")},
    )


def in_process(peers: Path, stack: ExitStack, cores: set[int] | None = None) -> Process:
    """Start a process with JAX alone; the stack ends it."""
    return stack.enter_context(Process([str(peers), "-m", f"{_SERVERS}.in_process"], conversing=True, cores=cores))


def versions(peers: Path) -> dict[str, str]:
    """Return the versions of the peers."""
    with ExitStack() as stack:
        found: dict[str, str] = in_process(peers, stack).order(do="versions")
        return found
