"""Runs tests on a changed copy of the repository, each time in a new process that has the large libraries loaded."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import shutil
import signal
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.mutation.mutants import Mutant

ROOT = Path(__file__).parents[2]
_COPIED = (
    "app", "tests", "clients", "docs", "deploy", "pyproject.toml", "README.md", "CHANGELOG.md", "constraints.txt",
    "Makefile", "Dockerfile", ".pytest_cache/programs",
)  # fmt: skip
_LIBRARIES = [
    "fastapi", "httpx", "hypothesis", "jax", "jax.numpy", "jax.scipy.special", "jax.scipy.stats", "mpmath", "pydantic",
    "pydantic_settings", "pytest", "scipy.optimize", "scipy.special", "scipy.stats", "sympy", "typer",
]  # fmt: skip
_PYTEST = [
    "-q", "-x", "--no-header", "--tb=no", "-p", "no:cacheprovider", "-W", "ignore:Module already imported",
    "-o", "faulthandler_timeout=240", "-o", "faulthandler_exit_on_timeout=true",  # seconds for one test
]  # fmt: skip
_OUR_PACKAGES = ("app", "tests")


@dataclass(frozen=True)
class Selection:
    """Tests to run: whole files, or those with these names in them, in this order."""

    files: Sequence[str]
    names: Sequence[str] = ()

    @classmethod
    def named(cls, names: Sequence[str]) -> Selection:
        return cls(list(dict.fromkeys(name.partition("::")[0] for name in names)), names)


@dataclass(frozen=True)
class Trial:
    """What the tests say about a mutant.

    Attributes:
        found: whether a test failed, or did not end, in the time given.
        by: the test, or the last line that pytest printed; empty if none was found.
    """

    found: bool
    by: str
    seconds: float

    def document(self) -> dict[str, Any]:
        return asdict(self)


class Copy:
    """A copy of the repository in a folder of its own, in which one file at a time is another."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._changes = 0
        self._fork = multiprocessing.get_context("forkserver")
        self._fork.set_forkserver_preload(_LIBRARIES)
        for name in _COPIED:
            source = ROOT / name
            if source.is_dir():
                shutil.copytree(source, folder / name, ignore=shutil.ignore_patterns("__pycache__", "node_modules"))
            elif source.exists():
                shutil.copy2(source, folder / name)

    def with_mutant(self, mutant: Mutant, tests: Selection, seconds: float) -> Trial:
        """Run tests with a mutant in place, until the first fails or the time is over."""
        file = self._folder / mutant.path
        original, kept = file.read_text(), file.stat()
        self._changes += 1
        file.write_text(mutant.applied(original))
        # Python takes kept bytecode for a file's if it has the size and the time of the file, in seconds.
        os.utime(file, (kept.st_atime + self._changes, kept.st_mtime + self._changes))
        try:
            return self.run(tests, seconds)
        finally:
            file.write_text(original)
            os.utime(file, (kept.st_atime, kept.st_mtime))

    def run(self, tests: Selection, seconds: float) -> Trial:
        """Run tests until the first fails or the time is over, the slow ones of whole files last."""
        began = time.monotonic()
        by = ""
        for speed in ("not slow",) if tests.names else ("not slow", "slow and not serial"):
            by = by or self._failing(["-m", speed, *tests.files], tests.names, began + seconds - time.monotonic())
        return Trial(bool(by), by, round(time.monotonic() - began, 1))

    def _failing(self, arguments: list[str], names: Sequence[str], seconds: float) -> str:
        """Return the test that fails; empty if there is none in the time given."""
        if seconds <= 0.0:
            return ""
        printed = self._folder / "printed"
        process = self._fork.Process(target=_test, args=(str(self._folder), str(printed), arguments, names))
        process.start()
        process.join(seconds)
        if process.is_alive():
            assert process.pid is not None
            with contextlib.suppress(ProcessLookupError):  # it has just ended, or not begun
                os.killpg(process.pid, signal.SIGKILL)
            process.kill()
            process.join()
            return ""
        passed = process.exitcode in (pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED)
        return "" if passed else _failed(printed.read_text())


def _failed(printed: str) -> str:
    lines = [line.strip() for line in printed.splitlines() if line.strip()]
    named = [line.split(" ", 1)[1].split(" - ")[0] for line in lines if line.startswith(("FAILED ", "ERROR "))]
    return [*lines[-1:], *named[:1]][-1] if lines else "died"


class _Chosen:
    """Plugin of pytest that keeps some tests of what was collected, in their order."""

    def __init__(self, names: Sequence[str]) -> None:
        self._places = {name: place for place, name in enumerate(names)}

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        items[:] = sorted((item for item in items if item.nodeid in self._places), key=self._place)

    def _place(self, item: pytest.Item) -> int:
        return self._places[item.nodeid]


def _test(folder: str, printed: str, arguments: list[str], names: Sequence[str]) -> None:
    """Run pytest as if it had been started in a folder. Does not return."""
    os.setsid()
    os.chdir(folder)
    os.environ["PYTHONPATH"] = folder
    sys.path[:] = [folder, *(path for path in sys.path if Path(path).resolve() != ROOT)]
    for name in [name for name in sys.modules if name.partition(".")[0] in _OUR_PACKAGES]:
        del sys.modules[name]
    with Path(printed).open("w") as file:
        for stream in (1, 2):
            os.dup2(file.fileno(), stream)
    code = pytest.main([*_PYTEST, *arguments], plugins=[_Chosen(names)] if names else [])
    sys.stdout.flush()
    os._exit(int(code))  # no thread of a broken service holds it up
