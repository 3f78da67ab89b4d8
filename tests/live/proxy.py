"""Real nginx with the configuration of deploy/proxy, in front of replicas on free ports of this machine."""

import contextlib
import re
import subprocess
import threading
from collections.abc import Iterator, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx

from tests.live.ports import free_port, wait_until_listening

SHIPPED = Path(__file__).parents[2] / "deploy" / "proxy" / "nginx.conf"
NAMES = tuple(f"gradserve-{number}:8000" for number in (1, 2, 3))
"""The replicas of the configuration as it is shipped."""


@contextlib.contextmanager
def proxying(directory: Path, replicas: Sequence[str], *, affinity: bool = True) -> Iterator[httpx.Client]:
    """Run nginx and yield a client of it.

    The configuration is the shipped one, with other addresses. Without affinity, requests go to the replicas in turn.
    """
    port = free_port()
    text = _replaced(SHIPPED.read_text(), "listen 8080 reuseport;", f"listen 127.0.0.1:{port} reuseport;", 1)
    for name, address in zip(NAMES, replicas, strict=True):
        text = _replaced(text, f"server {name} ", f"server {address} ", 2)
    text = _replaced(text, "access_log /dev/stdout", f"access_log {directory}/access.log", 1)
    if not affinity:
        text = _replaced(text, "hash $function consistent;", "", 1)
    directory.mkdir(exist_ok=True)
    configuration = directory / "nginx.conf"
    configuration.write_text(text)
    with (directory / "errors").open("wb") as errors:
        process = subprocess.Popen(  # noqa: S603
            ["/usr/sbin/nginx", "-e", "stderr", "-p", directory, "-c", configuration, "-g", "daemon off;"],
            stderr=errors,
        )
    limits = httpx.Limits(max_connections=400, max_keepalive_connections=400)
    http = httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=60, limits=limits)
    try:
        wait_until_listening(port, process)
        yield http
    finally:
        http.close()
        process.terminate()
        process.wait(20)
    assert "[alert]" not in (directory / "errors").read_text()  # a process of nginx that died, for one


def _replaced(text: str, old: str, new: str, times: int) -> str:
    assert text.count(old) == times, f"{old!r} is there {text.count(old)} times"
    return text.replace(old, new)


class Stub:
    """A replica whose answers the test chooses.

    Args:
        status: of every answer.

    Attributes:
        address: its host and port.
        seen: headers and body of the requests it received, in order.
        under_way: number of requests that it received and has not answered.
        open: event that answers wait for.
        gone: whether it breaks connections instead of answering.
    """

    def __init__(self, status: int = 200) -> None:
        self.status = status
        self.seen: list[tuple[dict[str, str], bytes]] = []
        self.under_way = 0
        self.open = threading.Event()
        self.open.set()
        self.gone = False
        self._lock = threading.Lock()
        stub = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                stub._begin({name.lower(): value for name, value in self.headers.items()}, body)
                stub.open.wait(30)
                stub._end()
                if stub.gone:  # a killed process breaks its connections
                    self.close_connection = True
                    return
                self.send_response(stub.status)
                if stub.status != 200:
                    self.send_header("Retry-After", "7")
                self.send_header("Content-Length", str(len(stub.address)))
                self.end_headers()
                self.wfile.write(stub.address.encode())

            def do_GET(self) -> None:
                self.do_POST()

            def log_message(self, *_: object) -> None:
                pass

        class Server(ThreadingHTTPServer):
            daemon_threads = True
            request_queue_size = 512

        self._server = Server(("127.0.0.1", 0), Handler)
        self.address = f"127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def _begin(self, headers: dict[str, str], body: bytes) -> None:
        with self._lock:
            self.seen.append((headers, body))
            self.under_way += 1

    def _end(self) -> None:
        with self._lock:
            self.under_way -= 1

    def close(self) -> None:
        """Refuse new connections and break the open ones."""
        self.gone = True
        self._server.shutdown()
        self._server.server_close()


@contextlib.contextmanager
def stubs(number: int = 3) -> Iterator[list[Stub]]:
    made = [Stub() for _ in range(number)]
    try:
        yield made
    finally:
        for stub in made:
            stub.close()


def replica_of(response: httpx.Response) -> str:
    """Return which process answered: the first half of the request id that it generated."""
    found = re.fullmatch(r"([0-9a-f]{16})[0-9a-f]{16}", response.headers["x-request-id"])
    assert found is not None
    return found[1]
