"""The wheel has the documents of the guide and serves them."""

import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.support import documents

pytestmark = pytest.mark.slow

GUIDE = "app/api/web/guide/"
PROGRAM = """
import asyncio
from app.api.rest import reference
from app.api.web.guide import book, routes
print(book.__file__)
print(*routes.make(asyncio.run(reference.language())).below)
"""


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """Return a copy of what a wheel is built from, as the Dockerfile copies it: links stay links."""
    tree = tmp_path / "source"
    for folder in ("app", "docs"):
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(documents.ROOT / folder, tree / folder, symlinks=True, ignore=ignored)
    for file in ("LICENSE", "README.md", "pyproject.toml"):
        shutil.copy2(documents.ROOT / file, tree)
    return tree


def built(source: Path, target: Path) -> zipfile.ZipFile:
    """Return the wheel of a source tree; setuptools is the one of this environment."""
    options = ["--quiet", "--no-build-isolation", "--no-deps", "-w", str(target)]
    command = [sys.executable, "-m", "pip", "wheel", *options, str(source)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)  # noqa: S603
    assert done.returncode == 0, done.stderr
    assert "would be ignored" not in done.stderr
    (wheel,) = target.glob("*.whl")
    return zipfile.ZipFile(wheel)


def test_the_wheel_serves_the_guide_from_its_own_files(source: Path, tmp_path: Path) -> None:
    with built(source, tmp_path / "wheel") as wheel:
        names = {name.removeprefix(GUIDE) for name in wheel.namelist() if name.startswith(GUIDE)}
        wheel.extractall(tmp_path / "installed")
    assert {name for name in names if name.endswith(".md")} == {documents.name(page) for page in documents.RUN}
    assert not any("examples" in name for name in names)
    for page in documents.RUN:
        assert (tmp_path / "installed" / GUIDE / documents.name(page)).read_text() == page.read_text()
    command = [sys.executable, "-c", PROGRAM]
    done = subprocess.run(  # noqa: S603
        command, cwd=tmp_path / "installed", capture_output=True, text=True, check=True, timeout=300
    )
    where, served = done.stdout.splitlines()
    assert Path(where).is_relative_to(tmp_path)
    assert set(served.split()) == {"start", "words", "search.json"} | {page.stem for page in documents.RUN[1:]}
