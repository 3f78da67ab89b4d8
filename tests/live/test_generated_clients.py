"""The generated clients that ``make clients`` publishes, type-checked, and run against a server."""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from deploy.clients import build
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


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What ``make clients`` publishes."""
    folder = tmp_path_factory.mktemp("clients")
    build.build(folder)
    return folder


def the(built: Path, pattern: str) -> str:
    (found,) = built.glob(pattern)
    return str(found)


def test_the_document_is_valid_and_that_of_the_service(base: str, built: Path, tmp_path: Path) -> None:
    assert json.loads((built / "openapi.json").read_text()) == json.loads(
        run(["curl", "-sf", f"{base}/openapi.json"], tmp_path)
    )
    assert "OK" in run([str(PYTHON / "openapi-spec-validator"), the(built, "openapi.json")], tmp_path)


def test_a_generated_python_client_is_typed_and_gets_the_gradient(base: str, built: Path, tmp_path: Path) -> None:
    install = ["-m", "pip", "install", "--quiet", "--no-deps", "--target", "."]
    run([str(PYTHON / "python"), *install, the(built, "gradserve_openapi-*.whl")], tmp_path)
    document = json.loads((built / "openapi.json").read_text())
    operations = sum(len(item) for item in document["paths"].values())
    assert len(list(tmp_path.glob("gradserve_openapi/api/*/[!_]*.py"))) == operations, "no operation is skipped"
    script = tmp_path / "client.py"
    script.write_text((SOURCES / "client.py").read_text())
    # What is made from the document; the generator's own part is as it is, and casts what is of that type already.
    made = ["gradserve_openapi/models", "gradserve_openapi/api"]
    strict = ["--strict", "--no-warn-redundant-casts", "--follow-imports=silent"]
    run([str(PYTHON / "mypy"), *strict, script.name, *made], tmp_path)
    assert answers(run([str(PYTHON / "python"), script.name, base], tmp_path)) == EXPECTED


def test_a_generated_typescript_client_is_typed_and_gets_the_gradient(base: str, built: Path, tmp_path: Path) -> None:
    modules = tmp_path / "node_modules"
    modules.mkdir()
    for package in NODE.iterdir():
        (modules / package.name).symlink_to(package)
    run(["tar", "xzf", the(built, "gradserve-openapi-*.tgz")], tmp_path)
    (tmp_path / "package").rename(modules / "gradserve-openapi")
    (tmp_path / "package.json").write_text('{"type": "module"}')
    (tmp_path / "client.ts").write_text((SOURCES / "client.ts").read_text())
    strict = ["--strict", "--target", "es2022", "--module", "nodenext", "client.ts"]
    run([str(NODE / ".bin" / "tsc"), *strict], tmp_path)
    assert answers(run(["node", "client.js", base], tmp_path)) == EXPECTED
