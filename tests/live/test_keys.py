"""Keys of a file at real servers: every process takes over changes; a spoiled file changes nothing."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from app.runtime import keys
from tests.live.server import ROOT, Server, serving
from tests.live.test_start import command, ended

pytestmark = pytest.mark.slow

QUESTION = {"expression": "x**2", "point": [3.0]}
NOTICED_SECONDS = 10.0


def gradserve(path: Path, *arguments: str) -> str:
    """Run ``gradserve keys`` as an operator; return what it prints."""
    environment = os.environ | {"GRADSERVE_KEY_STORE": str(path)}
    line = [sys.executable, "-m", "app.cli", "keys", *arguments]
    done = subprocess.run(line, cwd=ROOT, env=environment, capture_output=True, text=True, check=True)  # noqa: S603
    return done.stdout.strip()


def statuses(server: Server, secret: str) -> set[int]:
    """Return the statuses of requests on many connections, which the kernel distributes to all processes."""
    found = set()
    for _ in range(24):
        with httpx.Client(base_url=server.http.base_url) as http:
            found.add(http.post("/v1/grad", json=QUESTION, headers={"X-API-Key": secret}).status_code)
    return found


def until(holds: Callable[[], bool]) -> float:
    """Wait until something holds; return the seconds that it took."""
    began = time.monotonic()
    while not holds():
        assert time.monotonic() < began + NOTICED_SECONDS
        time.sleep(0.05)
    return time.monotonic() - began


@pytest.mark.parametrize("workers", ["1", "3"])
def test_every_process_takes_over_changes_of_the_command(
    tmp_path: Path, workers: str, capfd: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "keys.json"
    first = gradserve(path, "add", "first", "--scope", "ask")
    settings = {"GRADSERVE_KEY_STORE": str(path), "GRADSERVE_WORKERS": workers, "GRADSERVE_LOG_LEVEL": "info"}
    with serving(tmp_path / "cache", **settings, GRADSERVE_LOG_FORMAT="json") as server:
        assert statuses(server, first) == {200}
        second = gradserve(path, "add", "second", "--scope", "ask", "--quota", "100000/minute")
        until(lambda: statuses(server, second) == {200})
        gradserve(path, "revoke", "first")
        until(lambda: statuses(server, first) == {401})
        path.write_text("spoiled")
        time.sleep(1.5)
        assert (statuses(server, second), statuses(server, first)) == ({200}, {401})
    lines = [json.loads(line) for line in capfd.readouterr().err.splitlines() if line.startswith("{")]
    told = [line["message"] for line in lines]
    for message in ("key second added", "key first revoked"):
        assert 1 <= told.count(message) <= int(workers)  # a process that starts late has found it there
    assert sum(line.startswith("keys stay as they were") for line in told) == int(workers)
    assert sum(line.startswith("each process counts quotas") for line in told) == (workers != "1")
    assert not any(secret in json.dumps(line) for secret in (first, second) for line in lines)
    audit = [json.loads(line) for line in Path(f"{path}.audit").read_text().splitlines()]
    assert [(line["change"], line["key"]) for line in audit] == [
        ("added", "first"),
        ("added", "second"),
        ("revoked", "first"),
    ]


@pytest.mark.parametrize("workers", ["1", "2"])
@pytest.mark.parametrize("content", [None, "{", '{"version": 1, "keys": [{}]}'])
def test_a_file_that_cannot_be_used_ends_the_start(tmp_path: Path, workers: str, content: str | None) -> None:
    path = tmp_path / "keys.json"
    if content is not None:
        path.write_text(content)
        path.chmod(0o600)
    arguments = command("serve", "--port", "0", "--workers", workers)
    done = ended(arguments, os.environ | {"GRADSERVE_KEY_STORE": str(path)})
    assert (done.returncode, done.stderr.count(b"\n")) == (2, 1)
    assert done.stderr.startswith(b"GRADSERVE_KEY_STORE: ")


def test_a_hot_gradient_is_answered_with_a_key_of_a_file(tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    secret, scraper = keys.add(path, "ci", ["ask"], "400/minute"), keys.add(path, "scraper", ["metrics"])
    with serving(tmp_path / "cache", GRADSERVE_KEY_STORE=str(path)) as server:
        server.http.headers["Authorization"] = f"Bearer {secret}"
        found = [server.grad(**QUESTION) for _ in range(420)]
        assert {response.status_code for response in found[:400]} == {200}
        assert {response.status_code for response in found[405:]} == {429}
        assert server.http.get("/metrics").status_code == 403
        server.http.headers["Authorization"] = f"Bearer {scraper}"
        assert server.metric("gradserve_requests_total") >= 420
        assert server.grad(**QUESTION).status_code == 403
