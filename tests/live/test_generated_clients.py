"""Clients generated from the OpenAPI document by two widely used generators, type-checked, and run against a server."""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.live.server import serving

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
SOURCES = ROOT / "tests" / "live" / "generated"
PYTHON = ROOT / ".venv-generated" / "bin"
NODE = ROOT / ".venv-node" / "node_modules"
EXPECTED = {"value": 92.0, "gradient": [10.0, 42.0], "slope": 2.0, "code": "unknown_name"}


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with serving(tmp_path_factory.mktemp("cache")) as server:
        yield str(server.http.base_url).rstrip("/")


def run(command: list[str], folder: Path) -> str:
    """Return the output of a command that must succeed."""
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=300, check=False)  # noqa: S603
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]
    return done.stdout + done.stderr


def answers(output: str) -> Any:
    return json.loads(output.splitlines()[-1])


def test_the_document_is_valid(base: str, tmp_path: Path) -> None:
    document = tmp_path / "openapi.json"
    document.write_text(run(["curl", "-sf", f"{base}/openapi.json"], tmp_path))
    assert "OK" in run([str(PYTHON / "openapi-spec-validator"), str(document)], tmp_path)


def test_a_generated_python_client_is_typed_and_gets_the_gradient(base: str, tmp_path: Path) -> None:
    generate = ["generate", "--url", f"{base}/openapi.json", "--meta", "none", "--output-path", "gradserve_client"]
    # It formats with the ruff beside it.
    told = run(
        ["env", f"PATH={PYTHON}:/usr/bin:/bin", "openapi-python-client", *generate, "--fail-on-warning"], tmp_path
    )
    assert "arning" not in told
    document = json.loads(run(["curl", "-sf", f"{base}/openapi.json"], tmp_path))
    operations = sum(len(item) for item in document["paths"].values())
    assert len(list(tmp_path.glob("gradserve_client/api/*/[!_]*.py"))) == operations, "no operation is skipped"
    script = tmp_path / "client.py"
    script.write_text((SOURCES / "client.py").read_text())
    # What is made from the document; the generator's own part is as it is, and casts what is of that type already.
    made = ["gradserve_client/models", "gradserve_client/api"]
    strict = ["--strict", "--no-warn-redundant-casts", "--follow-imports=silent"]
    run([str(PYTHON / "mypy"), *strict, script.name, *made], tmp_path)
    assert answers(run([str(PYTHON / "python"), script.name, base], tmp_path)) == EXPECTED


def test_a_generated_typescript_client_is_typed_and_gets_the_gradient(base: str, tmp_path: Path) -> None:
    (tmp_path / "node_modules").symlink_to(NODE)
    (tmp_path / "package.json").write_text('{"type": "module"}')
    (tmp_path / "client.ts").write_text((SOURCES / "client.ts").read_text())
    types = [f"{base}/openapi.json", "--default-non-nullable=false", "--output", "gradserve.d.ts"]
    run([str(NODE / ".bin" / "openapi-typescript"), *types], tmp_path)
    strict = ["--strict", "--target", "es2022", "--module", "nodenext", "client.ts", "gradserve.d.ts"]
    run([str(NODE / ".bin" / "tsc"), *strict], tmp_path)
    assert answers(run(["node", "client.js", base], tmp_path)) == EXPECTED
