"""The cost of a request and of a function for a replica: processor time, memory, memory maps, disk and network.

``python -m tests.benchmarks.costs`` prints them; deploy/sizing/README.md has what it printed and what follows from it.
Functions are random ones of 6 to 25 operations and three arguments. One replica on this machine, alone, and behind
nginx; costs are processor time, not time, so that a busy machine changes them little.
"""

from __future__ import annotations

import contextlib
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from app.autodiff import compiler
from app.engine.functions import functions, plans
from app.language import parse
from tests.benchmarks import expressions, load, processes
from tests.benchmarks.contenders import GRADSERVE
from tests.live.proxy import proxying

KNOWN, COMPILED, REGISTERED = 2000, 60, 1000
_HOT_SECONDS, _WINDOWS, _CONNECTIONS = 1.0, 5, 16
_REST_SECONDS, _RESTED_SECONDS = 60.0, 1.5
_FILL = 20
"""Functions that warm up a replica and are not counted."""
_POINT = [0.5, 0.75, 1.0]

_ENVIRONMENT = {
    "GRADSERVE_PLAN_CAPACITY": "100000000",
    "GRADSERVE_REGISTRY_CAPACITY": "1000000",
    "GRADSERVE_EXECUTABLE_CAPACITY": "8000",
    "GRADSERVE_EXECUTABLE_MAX_BYTES": "4000000000",
    "GRADSERVE_COMPILE_SECONDS_PER_MINUTE": "1000000",
    "GRADSERVE_LOG_LEVEL": "warning",
}


@dataclass(frozen=True, slots=True)
class Spent:
    """The cost of some work.

    Attributes:
        server: microseconds of the server's processor time.
        resident: bytes the server's memory has grown.
        maps: memory maps it has more.
    """

    server: float
    resident: float
    maps: float


class Meter:
    """The resources that one process uses.

    Args:
        pid: of the process.
    """

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self._before = self._now()

    def per(self, count: int) -> Spent:
        """Return the mean cost of a number of items since the last call."""
        if self._pid != os.getpid():
            _rest(self._pid)
        now = self._now()
        spent = [(after - before) / count for before, after in zip(self._before, now, strict=True)]
        self._before = now
        return Spent(*spent)

    def _now(self) -> tuple[float, float, float]:
        directory = Path(f"/proc/{self._pid}")
        fields = (directory / "stat").read_text().rpartition(")")[2].split()
        own = sum(map(int, fields[11:13])) / os.sysconf("SC_CLK_TCK")
        resident = int((directory / "statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
        maps = (directory / "maps").read_text().count("\n")
        return own * 1e6, float(resident), float(maps)


def grad(expression: str, n: int = 0) -> bytes:
    """Return a request for a gradient, at another point for every n."""
    return GRADSERVE.request(expression, expressions.NAMES, [c + n / 1009 for c in _POINT])


_HOT = [grad("5*x**2 + 6*y**2 + 7*z**2", n) for n in range(500)]


@contextlib.contextmanager
def serving(store: Path) -> Iterator[processes.Server]:
    """Start a replica with caches so large that they drop nothing."""
    command = [sys.executable, "-m", "app.cli", "serve", "--port", "{port}"]
    with processes.Server(command, "/readyz", {**_ENVIRONMENT, "GRADSERVE_CACHE_DIR": str(store)}) as server:
        # Its workers have first made the programs that every start makes.
        while _tier(server.port, _HOT[0]) != "compiled":
            time.sleep(0.01)
        _rest(server.pid)
        yield server


def texts_of(count: int, seed: int) -> list[str]:
    """Return texts of functions of different structure."""
    source = expressions.Source(seed)
    return [expressions.text(source.function(_POINT)) for _ in range(count)]


def say(what: str, value: str) -> None:
    """Print a row."""
    print(f"| {what} | {value} |", flush=True)


def hot(store: Path) -> None:
    """Measure a compiled function, alone and behind nginx."""
    with serving(store) as server, tempfile.TemporaryDirectory(prefix="costs-") as directory:
        alone = [_served(server, server.port) for _ in range(_WINDOWS)]
        say("hot request, microseconds of the server", f"{min(alone):.0f}")
        with proxying(Path(directory), [f"127.0.0.1:{server.port}"] * 3) as http:
            port, nginx = http.base_url.port or 0, int((Path(directory) / "nginx.pid").read_text())
            before = processes.cpu_seconds(nginx)
            behind = [_served(server, port) for _ in range(_WINDOWS)]
            answers = len((Path(directory) / "access.log").read_text().splitlines())
            proxy = 1e6 * (processes.cpu_seconds(nginx) - before) / answers
            hops = [_median(each, _HOT[0]) for each in (server.port, port)]
        say("the same behind nginx, of the server", f"{min(behind):.0f}")
        say("the same, of nginx", f"{proxy:.0f}")
        say("one request after the other, median: alone, behind nginx", f"{hops[0]:.0f}, {hops[1]:.0f} us")
        _, response = load.ask(server.port, _HOT[0])
        say("bytes of a request, of its response", f"{len(_HOT[0])}, {len(response.head) + len(response.body) + 4}")


def _served(server: processes.Server, port: int) -> float:
    """Return microseconds of the server for a request: the least of several runs, which other work disturbed least."""
    meter = Meter(server.pid)
    return meter.per(len(load.closed(port, _HOT, _CONNECTIONS, _HOT_SECONDS).latencies)).server


def unseen(store: Path) -> None:
    """Measure the first and the second request for a function."""
    texts = texts_of(KNOWN + _FILL, 1)
    with serving(store) as server, contextlib.closing(load.Connection(server.port)) as connection:
        for text in texts[:_FILL]:
            connection.ask(grad(text))
        meter = Meter(server.pid)
        for text in texts[_FILL:]:
            connection.ask(grad(text))
        first = meter.per(KNOWN)
        for text in texts[_FILL:]:
            connection.ask(grad(text, 1))
        second = meter.per(KNOWN)
    say("first request of a function, microseconds of the server", f"{first.server:.0f}")
    say("bytes of a function that is known", f"{first.resident:.0f}")
    say("later request, interpreted, microseconds of the server", f"{second.server:.0f}")


def compiled() -> None:
    """Measure compiling and loading executables in this process, because compile workers run at low priority."""
    jobs = [_plan(text).job("grad", "float64", 0) for text in texts_of(_FILL + COMPILED, 2)]
    made: list[bytes] = []
    for part in (jobs[:_FILL], jobs[_FILL:]):
        meter = Meter(os.getpid())
        made = [compiler.serialise(compiler.compile_tape(job.tape, "grad", "float64")) for job in part]
        spent = meter.per(len(part))
    say("compiling a function, milliseconds", f"{spent.server / 1000:.0f}")
    say("bytes of a compiled function in the store", f"{statistics.mean(map(len, made)):.0f}")
    kept = [compiler.restore(blob, 0) for blob in made]
    meter = Meter(os.getpid())
    kept += [compiler.restore(blob, 0) for blob in made]
    loaded = meter.per(len(made))
    say("loading one, microseconds of the server", f"{loaded.server:.0f}")
    say("bytes of a live executable", f"{loaded.resident:.0f}")
    say("memory maps of a live executable", f"{loaded.maps:.1f}")


def _plan(text: str) -> plans.Plan:
    """Return the text of a function of the three arguments."""
    return functions.Function(parse.read(text, expressions.NAMES)).specialize([(), (), ()]).plans[0]


def registered(store: Path) -> None:
    """Measure registering functions."""
    texts = texts_of(REGISTERED, 3)
    before = set(store.glob("*.entry"))
    with serving(store) as server, contextlib.closing(load.Connection(server.port)) as connection:
        sizes = [processes.memory_bytes(server.pid)]
        meter = Meter(server.pid)
        for text in texts:
            request = load.post("/v1/functions", {"expression": text, "args": list(expressions.NAMES)})
            connection.send(request, 0.0)
            while connection.receive() is None:
                pass
        spent = meter.per(REGISTERED)
        sizes.append(processes.memory_bytes(server.pid))
    entries = [path.stat() for path in set(store.glob("*.entry")) - before]
    say("registering a function, microseconds of the server", f"{spent.server:.0f}")
    say("bytes of a registered function in memory, with its plan", f"{spent.resident:.0f}")
    say("bytes of a registered function in the store", f"{statistics.mean(each.st_size for each in entries):.0f}")
    say("the same on a disk of 4 kB blocks", f"{statistics.mean(512 * each.st_blocks for each in entries):.0f}")


def idle(store: Path) -> None:
    """Measure an idle replica."""
    with serving(store) as server:
        own = int(Path(f"/proc/{server.pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
        everything = processes.memory_bytes(server.pid)
    say("resident megabytes at rest: server, with workers", f"{own / 1e6:.0f}, {everything / 1e6:.0f}")


def _rest(pid: int) -> None:
    """Wait until a process and its children have been idle for a while, however busy the machine is."""
    end, since, before = time.monotonic() + _REST_SECONDS, time.monotonic(), processes.cpu_seconds(pid)
    while time.monotonic() < min(end, since + _RESTED_SECONDS):
        time.sleep(0.1)
        now = processes.cpu_seconds(pid)
        if now > before + 0.02:
            since, before = time.monotonic(), now


def _tier(port: int, request: bytes) -> str:
    return load.ask(port, request)[1].header("cache-status").rpartition("=")[2]


def _median(port: int, request: bytes) -> float:
    with contextlib.closing(load.Connection(port)) as connection:
        return 1e6 * statistics.median(connection.ask(request)[0] for _ in range(2000))


def main() -> None:
    """Print the table."""
    processes.end_children_on_termination()
    print("| what | measured |\n| --- | --- |")
    with tempfile.TemporaryDirectory(prefix="costs-") as directory:
        store = Path(directory)
        for measure in (idle, hot, unseen, registered):
            measure(store)
    compiler.configure()
    compiled()


if __name__ == "__main__":
    main()
