"""What nobody thought of: a coverage-guided fuzz of texts and requests, and the OpenAPI document taken at its word."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.live.server import serving

pytestmark = pytest.mark.slow

_SECONDS = 45
_OF_SERVICES = Path(sys.executable).parent / "schemathesis"
_EXAMPLES = 25


def ran(command: list[str], seconds: float) -> str:
    """Return what a command writes, having ended well."""
    done = subprocess.run(  # noqa: S603 - written here
        command, check=False, capture_output=True, text=True, timeout=seconds
    )
    written = done.stdout + done.stderr
    assert done.returncode == 0, written[-6000:]
    return written


@pytest.mark.parametrize(("target", "longest"), [("function", 400), ("request", 2000)])
def test_whatever_bytes_come_they_are_read_or_refused(tmp_path: Path, target: str, longest: int) -> None:
    command = [sys.executable, "-m", "tests.live.fuzzing", target, str(tmp_path / "corpus")]
    options = [f"-max_total_time={_SECONDS}", "-timeout=15", "-rss_limit_mb=4096", f"-max_len={longest}", "-seed=1"]
    written = ran([*command, *options, "-len_control=0", f"-artifact_prefix={tmp_path}/"], 6 * _SECONDS)
    runs = re.search(r"Done (\d+) runs", written)
    assert runs is not None
    assert int(runs[1]) > 500, "that is no fuzz"


def test_the_document_is_kept_to_by_every_operation(tmp_path: Path) -> None:
    """schemathesis: no 5xx, no status, header, type or body that the document does not have, whatever is sent."""
    with serving(tmp_path) as server:
        address = f"{server.http.base_url}/openapi.json"
        command = [str(_OF_SERVICES), "run", address, "--checks", "all", "--phases", "examples,coverage,fuzzing"]
        # A document cannot say which texts are functions, nor what points fit them.
        options = ["--exclude-checks", "positive_data_acceptance", f"--max-examples={_EXAMPLES}", "--seed=1"]
        limits = ["--max-response-time=10", "--request-timeout=20", "--no-shrink", "--warnings=off", "--no-color"]
        written = ran([*command, *options, *limits, "--continue-on-failure"], 600)
        assert "No issues found" in written or re.search(r"\d+ passed", written), written[-2000:]
        assert server.grad(expression="x**2", point=[3.0]).json()["gradient"] == 6.0
