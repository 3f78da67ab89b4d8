"""Builds what is published of the clients: two wheels, a package for npm, and the OpenAPI document.

The document comes from the application in this process. Times in archives are those of ``SOURCE_DATE_EPOCH``, so two
builds of one version give the same bytes.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from app import __version__
from app.application import create_app
from app.settings import Settings

_HERE = Path(__file__).parent
_ROOT = _HERE.parents[1]
_PYTHON = _ROOT / ".venv-generated" / "bin"
_NODE = _ROOT / ".venv-node" / "node_modules" / ".bin"
_EPOCH = "315532800"  # 1980, the first time that a zip archive can hold


def build(into: Path) -> list[Path]:
    """Write the clients to a folder, which is emptied first, and return what is there.

    Raises:
        subprocess.CalledProcessError: a generator or packager failed, or the generator of Python warned.
    """
    shutil.rmtree(into, ignore_errors=True)
    into.mkdir(parents=True)
    into = into.resolve()
    document = into / "openapi.json"
    document.write_text(json.dumps(create_app(Settings()).openapi(), indent=1) + "\n")
    with tempfile.TemporaryDirectory() as folder:
        _wheel(shutil.copytree(_ROOT / "clients" / "python", Path(folder) / "python"), into)
        _wheel(_generated_python(document, Path(folder) / "generated"), into)
        _npm_package(document, Path(folder) / "typescript", into)
    return sorted(into.iterdir())


def _generated_python(document: Path, folder: Path) -> Path:
    config = _HERE / "python" / "config.json"
    options: list[str | Path] = ["--path", document, "--output-path", folder, "--config", config, "--meta", "setup"]
    # It formats with the ruff beside it.
    path = f"{_PYTHON}{os.pathsep}{os.environ['PATH']}"
    _run(_PYTHON / "openapi-python-client", "generate", *options, "--fail-on-warning", PATH=path)
    return folder


def _wheel(source: Path, into: Path) -> None:
    _run(sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", into, source)


def _npm_package(document: Path, folder: Path, into: Path) -> None:
    shutil.copytree(_HERE / "typescript", folder)
    package = folder / "package.json"
    package.write_text(json.dumps(json.loads(package.read_text()) | {"version": __version__}, indent=2) + "\n")
    types = folder / "schema.d.ts"
    _run(_NODE / "openapi-typescript", document, "--default-non-nullable=false", "--output", types)
    _run("npm", "pack", "--silent", "--pack-destination", into, folder)


def _run(*command: str | Path, **environment: str) -> None:
    given = {**os.environ, "SOURCE_DATE_EPOCH": os.environ.get("SOURCE_DATE_EPOCH", _EPOCH), **environment}
    subprocess.run(list(map(str, command)), env=given, check=True, stdout=sys.stderr)  # noqa: S603 - of this module
