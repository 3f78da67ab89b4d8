"""Clients of other projects as their users install them, against a real server."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.live.server import Server, serving

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
PYTHON = ROOT / ".venv-clients/bin/python"
CHECKS = sorted(path.name for path in (ROOT / "tests/live/peer_clients").glob("check_*.py"))


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving(tmp_path_factory.mktemp("cache")) as started:
        yield started


@pytest.mark.parametrize("checks", CHECKS)
def test_real_clients_get_what_they_expect(server: Server, checks: str) -> None:
    run(server, checks)


def test_real_clients_say_why_they_are_refused(tmp_path: Path) -> None:
    with serving(tmp_path, GRADSERVE_RATE_LIMIT="6/hour") as limited:
        run(limited, "refusals.py")


def run(server: Server, checks: str) -> None:
    """Run checks in the environment of the clients."""
    assert PYTHON.exists(), "make test-all makes the environment of the clients"
    # Neither what this project's own tests need nor its settings are there.
    options = ["-q", "-c", os.devnull, "--rootdir", str(ROOT), "--noconftest", "-p", "no:cacheprovider"]
    environment = os.environ | {"GRADSERVE_TESTED_URL": str(server.http.base_url).rstrip("/"), "JAX_PLATFORMS": "cpu"}
    found = subprocess.run(  # noqa: S603
        [str(PYTHON), "-m", "pytest", *options, f"tests/live/peer_clients/{checks}"],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert found.returncode == 0, found.stdout[-6000:] + found.stderr[-2000:]
