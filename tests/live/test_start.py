"""The start of a server as operators meet it: a foreign directory, another user, no home, settings that cannot work."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import httpx
import pytest

from tests.live.ports import free_port
from tests.live.server import ROOT, Server, running
from tests.support import programs

pytestmark = pytest.mark.slow

QUESTION = {"expression": "x**2", "point": [3.0]}
SERVE = f"import sys; sys.path.insert(0, {str(ROOT)!r}); from app.cli.commands import cli; sys.path.pop(0); cli()"
"""What the script ``gradserve`` does: the current directory is not where modules are looked for."""

UNKNOWN_USER = ["unshare", "--user", "--map-user=54321"]
"""Runs a command as a user that the system has no entry of, as some platforms run containers."""

both = pytest.mark.parametrize("workers", ["1", "2"])


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-P", "-c", SERVE, *arguments]


def ended(arguments: Sequence[str], environment: dict[str, str]) -> subprocess.CompletedProcess[bytes]:
    """Return a start that must end by itself, soon."""
    return subprocess.run(arguments, env=environment, capture_output=True, timeout=60, check=False)  # noqa: S603


@contextlib.contextmanager
def started(arguments: Sequence[str], directory: Path, **environment: str) -> Iterator[Server]:
    port = free_port()
    with running(command("serve", "--port", str(port), *arguments), port, environment, directory) as server:
        yield server


@both
def test_what_is_in_the_current_directory_is_never_run(tmp_path: Path, workers: str) -> None:
    trace, cache = tmp_path / "trace", tmp_path / "cache"
    programs.copy_to(cache)
    (tmp_path / "app").mkdir()
    for foreign in ("app.py", "app/__init__.py", "json.py", "runpy.py", "uvicorn.py"):
        (tmp_path / foreign).write_text(f"open({str(trace)!r}, 'w')\nraise SystemExit('foreign')\n")
    with started(["--workers", workers], tmp_path, GRADSERVE_CACHE_DIR=str(cache)) as server:
        assert server.grad(**QUESTION).json()["gradient"] == 6.0
        while not server.metric("gradserve_workers_alive"):  # compile workers, too
            time.sleep(0.1)
    assert not trace.exists()


@both
def test_settings_that_cannot_work_end_the_start_with_a_line_for_each(workers: str) -> None:
    wrong = {
        "GRADSERVE_API_KEY": "s",
        "GRADSERVE_API_KEYS_FILE": "/nothing",
        "GRADSERVE_PORT": "tcp://10.0.0.1:8000",
        "GRADSERVE_RATE_LIMIT_STORAGE": "foo://x",
        "GRADSERVE_METRICS_DIR": "/proc/x",
    }
    done = ended(command("serve", "--workers", workers), os.environ | wrong)
    assert done.returncode == 2
    assert [line.partition(": ")[0] for line in done.stderr.decode().splitlines()] == list(wrong)


@both
def test_a_cache_directory_that_cannot_be_used_ends_the_start(workers: str) -> None:
    arguments = command("serve", "--port", "0", "--workers", workers)
    done = ended(arguments, os.environ | {"GRADSERVE_CACHE_DIR": "/proc/x"})
    assert (done.returncode, done.stderr.count(b"\n")) == (2, 1)
    assert done.stderr.startswith(b"GRADSERVE_CACHE_DIR: ")


def test_a_user_without_a_home_is_told_to_name_a_directory() -> None:
    if ended([*UNKNOWN_USER, "true"], dict(os.environ)).returncode != 0:
        pytest.skip("there are no user namespaces here")
    environment = {name: value for name, value in os.environ.items() if name not in {"HOME", "GRADSERVE_CACHE_DIR"}}
    done = ended([*UNKNOWN_USER, *command("serve", "--port", "0")], environment)
    assert (done.returncode, done.stderr.count(b"\n")) == (2, 1)
    assert done.stderr.startswith(b"GRADSERVE_CACHE_DIR: ")
    assert b"home directory" in done.stderr


@both
def test_all_addresses_are_those_of_ipv4_too(tmp_path: Path, workers: str) -> None:
    programs.copy_to(tmp_path / "cache")
    cache = str(tmp_path / "cache")
    with started(["--host", "::", "--workers", workers], tmp_path, GRADSERVE_CACHE_DIR=cache) as server:
        port = server.http.base_url.port
        for host in ("127.0.0.1", "[::1]"):
            assert httpx.get(f"http://{host}:{port}/healthz").status_code == 200


@both
def test_a_hang_up_drains_and_is_ignored_under_nohup(tmp_path: Path, workers: str) -> None:
    programs.copy_to(tmp_path / "cache")
    settings = {"GRADSERVE_CACHE_DIR": str(tmp_path / "cache"), "GRADSERVE_DRAIN_SECONDS": "30"}
    before = signal.signal(signal.SIGHUP, signal.SIG_DFL)  # the tests themselves may run under nohup
    try:
        with started(["--workers", workers], tmp_path, **settings) as server:
            server.process.send_signal(signal.SIGHUP)
            until = time.monotonic() + 20  # before the 30 seconds of draining are over
            while server.http.get("/readyz", headers={"Connection": "close"}).status_code != 503:
                assert time.monotonic() < until
                time.sleep(0.05)
            assert server.grad(**QUESTION).status_code == 200
            # A second signal: it ends at once. A process that is still starting may see two signals as one.
            while server.process.poll() is None:
                assert time.monotonic() < until
                server.process.send_signal(signal.SIGTERM)
                time.sleep(0.5)
            assert server.process.returncode in {0, -signal.SIGTERM}
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        with started(["--workers", workers], tmp_path, GRADSERVE_CACHE_DIR=str(tmp_path / "cache")) as server:
            server.process.send_signal(signal.SIGHUP)
            time.sleep(1)
            assert server.grad(**QUESTION).status_code == 200
            assert server.http.get("/readyz").status_code == 200
    finally:
        signal.signal(signal.SIGHUP, before)


def test_input_that_is_no_utf_8_is_one_line(tmp_path: Path) -> None:
    latin = "# é\nx".encode("latin-1")
    (tmp_path / "table.csv").write_bytes(latin)
    for arguments in (
        ["grad", "-", "--at", "x=1"],
        ["grad", latin, "--at", "x=1"],
        ["grad", "x", "--at", b"\xe9=1"],
        ["symbolic", "-"],
        ["warm", "-"],
        ["fit", str(tmp_path / "table.csv"), "a*x", "--x", "x", "--y", "y"],
    ):
        done = subprocess.run(  # noqa: S603 - written here
            [*command(), *arguments], input=latin, capture_output=True, timeout=60, check=False
        )
        assert done.returncode == 2, (arguments, done.stderr)
        assert done.stderr.decode() == "the input is not UTF-8\n"


def test_what_is_in_force_is_logged_at_the_start_without_secrets(tmp_path: Path) -> None:
    (tmp_path / "keys").write_text("hunter2\n")
    settings = {
        "GRADSERVE_API_KEYS_FILE": str(tmp_path / "keys"),
        "GRADSERVE_RATE_LIMIT_STORAGE": "redis://:hunter2@127.0.0.1:9/0",
        "GRADSERVE_QUEUE": "63",
    }
    taken = free_port()
    arguments = command("serve", "--port", str(taken), "--host", "192.0.2.1")  # nobody's address: it cannot start
    done = ended(arguments, os.environ | settings)
    log = done.stderr.decode()
    assert done.returncode == 3
    assert f"GRADSERVE_PORT={taken}" in log
    assert "GRADSERVE_QUEUE=63" in log
    assert "GRADSERVE_RATE_LIMIT_STORAGE=redis://**********@127.0.0.1:9/0" in log
    assert "GRADSERVE_API_KEYS=" in log
    assert "hunter2" not in log
    assert "no key is needed" not in log
