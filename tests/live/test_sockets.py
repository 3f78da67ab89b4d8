"""Where a real server listens: HTTPS, unix sockets, and sockets that systemd hands over; in one process and in two."""

import concurrent.futures
import contextlib
import os
import shutil
import signal
import socket
import ssl
import stat
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import httpx
import pytest

from app.cli.serving import sockets
from tests.live.ports import free_port, wait_until_listening
from tests.live.server import ROOT, Server, running_for
from tests.support import certificates, programs

pytestmark = pytest.mark.slow

QUESTION = {"expression": "x**2", "point": [3.0]}
SERVE = [sys.executable, "-m", "app.cli", "serve"]
ACTIVATE = """
import os, sys
os.dup2(int(sys.argv[1]), 3)
os.environ |= {"LISTEN_PID": str(os.getpid()), "LISTEN_FDS": "1", "LISTEN_FDNAMES": "gradserve.socket"}
os.execv(sys.argv[2], sys.argv[2:])
"""
"""What systemd does for a service with a socket, sd_listen_fds(3)."""

both = pytest.mark.parametrize("workers", ["1", "2"])


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("cache")
    programs.copy_to(made)
    return made


def settings(cache: Path, **more: str) -> dict[str, str]:
    return {"GRADSERVE_CACHE_DIR": str(cache), "GRADSERVE_LOG_LEVEL": "warning", **more}


class UnixTransport(httpx.HTTPTransport):
    """Sends requests over a unix socket; httpx leaves a socket open where nobody listens."""

    def __init__(self, path: Path) -> None:
        super().__init__(uds=str(path))
        self._path = path

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        with socket.socket(socket.AF_UNIX) as probe:
            try:
                probe.connect(str(self._path))
            except OSError as error:
                raise httpx.ConnectError(str(error)) from None
        return super().handle_request(request)


def on_unix(path: Path) -> httpx.Client:
    return httpx.Client(base_url="http://localhost", transport=UnixTransport(path), timeout=60)


def ended(command: Sequence[str], cache: Path) -> subprocess.CompletedProcess[str]:
    """Return a start that must end by itself, soon."""
    return subprocess.run(  # noqa: S603 - written here
        command, env=os.environ | settings(cache), capture_output=True, text=True, timeout=60, check=False
    )


def health(**environment: str) -> subprocess.CompletedProcess[str]:
    """Return the image's health check, run."""
    command = [sys.executable, str(ROOT / "deploy" / "image" / "healthcheck.py")]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)  # noqa: S603


def processes_that_answer(server: Server, *, at_least: int) -> None:
    """Wait until so many processes have answered; a request id begins with its process."""
    seen: set[str] = set()
    deadline = time.monotonic() + 60

    def ask(_: int) -> str:
        response = server.http.post("/v1/grad", json=QUESTION, headers={"Connection": "close"})
        assert response.json()["gradient"] == 6.0
        return str(response.headers["x-request-id"][:16])

    with concurrent.futures.ThreadPoolExecutor(16) as threads:
        while len(seen) < at_least:
            assert time.monotonic() < deadline
            seen |= set(threads.map(ask, range(64)))


@both
def test_https_with_the_files_of_a_certificate(cache: Path, tmp_path: Path, workers: str) -> None:
    certificate, key = certificates.make(tmp_path)
    port = free_port()
    files = ["--tls-cert-file", str(certificate), "--tls-key-file", str(key)]
    trusted = certificates.trusting(certificate)
    http = httpx.Client(base_url=f"https://127.0.0.1:{port}", verify=trusted, timeout=30)
    command = [*SERVE, "--port", str(port), "--workers", workers, *files]
    with running_for(http, command, settings(cache)) as server:
        processes_that_answer(server, at_least=int(workers))
        with pytest.raises(httpx.TransportError):
            httpx.get(f"http://127.0.0.1:{port}/healthz")
        before = certificate.read_text()
        certificates.make(tmp_path)
        assert certificate.read_text() != before
        assert health(GRADSERVE_PORT=str(port), GRADSERVE_TLS_CERT_FILE=str(certificate)).returncode == 0
        for _ in range(10):
            assert ssl.get_server_certificate(("127.0.0.1", port)) == certificate.read_text()
        server.process.send_signal(signal.SIGTERM)
        assert server.process.wait(20) in {0, -signal.SIGTERM}


@both
def test_half_of_tls_and_files_that_do_not_work_end_the_start_with_a_line(
    cache: Path, tmp_path: Path, workers: str
) -> None:
    certificate, key = map(str, certificates.make(tmp_path))
    base = [*SERVE, "--port", "0", "--workers", workers]
    for wrong, told in (
        (["--tls-cert-file", certificate], "HTTPS needs both"),
        (["--tls-key-file", key], "HTTPS needs both"),
        (["--tls-cert-file", certificate, "--tls-key-file", "/nothing"], "GRADSERVE_TLS_KEY_FILE: it cannot be read"),
        (["--tls-cert-file", key, "--tls-key-file", key], "GRADSERVE_TLS_CERT_FILE: there is no certificate"),
    ):
        done = ended([*base, *wrong], cache)
        assert (done.returncode, done.stderr.count("\n")) == (2, 1), done.stderr
        assert done.stderr.startswith(told)


@both
def test_a_unix_socket_with_its_permissions_that_only_one_service_has(
    cache: Path, tmp_path: Path, workers: str
) -> None:
    path = tmp_path / "service.sock"
    command = [*SERVE, "--uds", str(path), "--workers", workers]
    with running_for(on_unix(path), command, settings(cache, GRADSERVE_UDS_MODE="600")) as server:
        assert stat.filemode(path.stat().st_mode) == "srw-------"
        processes_that_answer(server, at_least=int(workers))
        assert health(GRADSERVE_UDS=str(path)).returncode == 0
        second = ended(command, cache)
        assert second.returncode == 3
        assert f"{path}: Address already in use" in second.stderr
        assert "Traceback" not in second.stderr
        assert server.grad(**QUESTION).status_code == 200
        server.process.kill()  # it leaves its socket behind
        server.process.wait()
    assert path.exists()
    wait_until_nobody_listens(path)
    refused = health(GRADSERVE_UDS=str(path))
    assert refused.returncode == 1
    assert "Connection refused" in refused.stderr
    with running_for(on_unix(path), command, settings(cache)) as server:
        assert stat.filemode(path.stat().st_mode) == "srw-rw----"
        assert server.grad(**QUESTION).status_code == 200


def test_of_many_starts_on_one_stale_socket_one_listens(tmp_path: Path) -> None:
    path = tmp_path / "service.sock"
    for _ in range(10):
        with socket.socket(socket.AF_UNIX) as stale:
            stale.bind(str(path))
        with concurrent.futures.ThreadPoolExecutor(8) as threads:
            starts = [threads.submit(sockets.on_path, str(path), 0o600) for _ in range(8)]
        listeners = [start.result() for start in starts if start.exception() is None]
        refusals = [start.exception() for start in starts if start.exception() is not None]
        assert len(listeners) == 1
        assert all("Address already in use" in str(refusal) for refusal in refusals)
        listeners[0].close()
        path.unlink()


def wait_until_nobody_listens(path: Path) -> None:
    """Wait until all processes that shared a socket have ended."""
    deadline = time.monotonic() + 30
    while True:
        with socket.socket(socket.AF_UNIX) as probe:
            try:
                probe.connect(str(path))
            except ConnectionRefusedError:
                return
        assert time.monotonic() < deadline
        time.sleep(0.1)


def test_what_is_no_socket_is_left_alone(cache: Path, tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text("mine")
    done = ended([*SERVE, "--uds", str(path)], cache)
    assert done.returncode == 3
    assert f"{path}: there is a file that is no socket" in done.stderr
    assert path.read_text() == "mine"
    for wrong in (tmp_path / "missing" / "s", tmp_path / ("s" * 200)):
        done = ended([*SERVE, "--uds", str(wrong)], cache)
        assert done.returncode == 3
        assert "Traceback" not in done.stderr
        assert str(wrong) in done.stderr


def test_clients_behind_the_proxy_on_a_unix_socket_are_counted_by_their_addresses(cache: Path, tmp_path: Path) -> None:
    path = tmp_path / "service.sock"
    rate = {"GRADSERVE_RATE_LIMIT": "2/hour"}
    for trusted, statuses in (("unix", [200, 200, 429, 200, 200, 429]), ("", [200, 200, 429, 429, 429, 429])):
        with running_for(
            on_unix(path), [*SERVE, "--uds", str(path)], settings(cache, **rate, GRADSERVE_TRUSTED_PROXIES=trusted)
        ) as server:
            found = [
                server.http.get("/v1/limits", headers={"X-Forwarded-For": address}).status_code
                for address in ("198.51.100.1", "198.51.100.2")
                for _ in range(3)
            ]
        assert found == statuses


@contextlib.contextmanager
def handed_over(listener: socket.socket, http: httpx.Client, cache: Path, *arguments: str) -> Iterator[Server]:
    descriptor = listener.fileno()
    command = [sys.executable, "-c", ACTIVATE, str(descriptor), *SERVE, *arguments]
    with running_for(http, command, settings(cache), descriptors=[descriptor]) as server:
        yield server


@both
@pytest.mark.parametrize("family", [socket.AF_INET, socket.AF_UNIX], ids=["port", "unix"])
def test_a_socket_that_is_handed_over_is_served_and_nothing_else(
    cache: Path, tmp_path: Path, workers: str, family: socket.AddressFamily
) -> None:
    path, other = tmp_path / "s", free_port()
    with socket.socket(family) as listener:
        listener.bind(("127.0.0.1", 0) if family == socket.AF_INET else str(path))
        listener.listen(100)
        port = listener.getsockname()[1] if family == socket.AF_INET else 0
        http = httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=60) if port else on_unix(path)
        # A request that comes before the service runs waits for it.
        with concurrent.futures.ThreadPoolExecutor(1) as thread:
            early = thread.submit(http.post, "/v1/grad", json=QUESTION)
            time.sleep(0.2)
            with handed_over(listener, http, cache, "--port", str(other), "--workers", workers) as server:
                assert early.result(60).json()["gradient"] == 6.0
                processes_that_answer(server, at_least=int(workers))
                with pytest.raises(httpx.ConnectError):
                    httpx.get(f"http://127.0.0.1:{other}/healthz")
        # systemd keeps the socket, so the next start finds it.
        with handed_over(listener, http_again(http, port, path), cache, "--workers", workers) as server:
            assert server.grad(**QUESTION).status_code == 200


def http_again(closed: httpx.Client, port: int, path: Path) -> httpx.Client:
    assert closed.is_closed
    return httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=60) if port else on_unix(path)


@pytest.mark.parametrize("kind", ["connection", "datagrams", "closed"])
def test_a_descriptor_that_cannot_be_listened_on_is_one_line(cache: Path, kind: str) -> None:
    with contextlib.ExitStack() as stack:
        if kind == "datagrams":
            given = stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
        else:
            given, _ = map(stack.enter_context, socket.socketpair())
        command = [sys.executable, "-c", ACTIVATE, str(given.fileno()), *SERVE]
        if kind == "closed":
            command[2] = ACTIVATE.replace('"LISTEN_FDS": "1"', '"LISTEN_FDS": "2"')
            given = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
            command[3] = str(given.fileno())
        done = subprocess.run(  # noqa: S603 - written here
            command,
            env=os.environ | settings(cache),
            pass_fds=[given.fileno()],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
    assert done.returncode == 3, done.stderr
    assert "file descriptor" in done.stderr
    assert "Traceback" not in done.stderr


def test_systemd_starts_the_service_at_the_first_connection(cache: Path) -> None:
    activate = shutil.which("systemd-socket-activate")
    if activate is None:
        pytest.skip("systemd is not installed")
    port = free_port()
    command = [activate, "-l", f"127.0.0.1:{port}", *(f"-E{name}" for name in ("PATH", *settings(cache))), *SERVE]
    process = subprocess.Popen(command, cwd=ROOT, env=os.environ | settings(cache))  # noqa: S603 - written here
    try:
        wait_until_listening(port, process)
        response = httpx.post(f"http://127.0.0.1:{port}/v1/grad", json=QUESTION, timeout=60)
        assert response.json()["gradient"] == 6.0
    finally:
        process.terminate()
        process.wait(30)


def test_the_units_are_what_systemd_reads() -> None:
    verify = shutil.which("systemd-analyze")
    if verify is None:
        pytest.skip("systemd is not installed")
    units = sorted((ROOT / "deploy" / "systemd").glob("gradserve.*"))
    assert [unit.name for unit in units] == ["gradserve.service", "gradserve.socket"]
    done = subprocess.run(  # noqa: S603 - written here
        [verify, "verify", "--man=no", *map(str, units)], capture_output=True, text=True, check=False
    )
    told = [line for line in done.stderr.splitlines() if "gradserve" in line and "is not executable" not in line]
    assert told == []
