"""Fuzzing: texts and requests guided by coverage (atheris), operations by the OpenAPI document (schemathesis)."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.live.server import serving

pytestmark = pytest.mark.slow

_SECONDS = 30
_OF_SERVICES = Path(sys.executable).parent / "schemathesis"
_EXAMPLES = 6


def ran(command: list[str], seconds: float) -> str:
    """Return the output of a command that must succeed."""
    done = subprocess.run(  # noqa: S603 - written here
        command, check=False, capture_output=True, text=True, timeout=seconds
    )
    assert done.returncode == 0, f"{done.stdout[-3000:]}\n{done.stderr[-3000:]}"  # an exception is in the first
    return done.stdout + done.stderr


@pytest.mark.parametrize(("target", "longest"), [("function", 400), ("formula", 300), ("request", 2000)])
def test_any_bytes_are_parsed_or_refused(tmp_path: Path, target: str, longest: int) -> None:
    command = [sys.executable, "-m", "tests.live.fuzzing", target, str(tmp_path / "corpus")]
    options = [f"-max_total_time={_SECONDS}", "-timeout=15", "-rss_limit_mb=4096", f"-max_len={longest}", "-seed=1"]
    written = ran([*command, *options, "-len_control=0", f"-artifact_prefix={tmp_path}/"], 6 * _SECONDS)
    runs = re.search(r"Done (\d+) runs", written)
    assert runs is not None
    assert int(runs[1]) > 500, "too few runs for a fuzz"


def test_every_operation_keeps_to_the_openapi_document(tmp_path: Path) -> None:
    """No 5xx, and no status, header, media type or body that the document does not describe."""
    with serving(tmp_path) as server:
        address = f"{server.http.base_url}/openapi.json"
        command = [str(_OF_SERVICES), "run", address, "--checks", "all", "--phases", "examples,coverage,fuzzing"]
        # A document cannot say which texts are functions, nor what points fit them.
        # A batch has lines, each with a status of its own, and the document has no word for that.
        options = [
            "--exclude-path",
            "/v1/batch",
            "--exclude-checks",
            "positive_data_acceptance",
            f"--max-examples={_EXAMPLES}",
            "--seed=1",
        ]
        limits = ["--max-response-time=10", "--request-timeout=20", "--no-shrink", "--warnings=off", "--no-color"]
        written = ran([*command, *options, *limits, "--continue-on-failure"], 600)
        assert "No issues found" in written or re.search(r"\d+ passed", written), written[-2000:]
        assert server.grad(expression="x**2", point=[3.0]).json()["gradient"] == 6.0
