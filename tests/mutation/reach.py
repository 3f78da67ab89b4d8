"""Which tests run a line, as a plugin of pytest: ``-p tests.mutation.reach``.

It reads the lines from the file that ``REACH_LINES`` names, and writes what it has seen to the folder ``REACH_FOUND``,
a file for each process of the run. A line that runs while modules are imported belongs to no test. It needs Python
3.12, where a line that nobody asked for costs nothing after its first time (PEP 669).
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from types import CodeType
from typing import Any

import pytest

Line = tuple[str, int]  # absolute path of a file, number of a line

_PARALLEL = ["-n", "2", "--dist", "loadfile", "--no-loadscope-reorder", "-p", "no:cacheprovider"]
_TOOL = 4  # of the six of sys.monitoring; no well-known tool has it
_MOST_OF_A_FILE = 20
"""Tests of one file that are noted for a line; the others of the file rarely find more."""


class Tracer:
    """Plugin that notes the tests that run some lines."""

    def __init__(self, lines: Iterable[Line]) -> None:
        self.tests: defaultdict[Line, dict[str, None]] = defaultdict(dict)
        self.seconds: dict[str, float] = {}
        self._of_file: Counter[tuple[Line, str]] = Counter()
        self._lines = frozenset(lines)
        self._test = ""

    def start(self) -> None:
        monitoring = sys.monitoring
        monitoring.use_tool_id(_TOOL, "reach")
        monitoring.register_callback(_TOOL, monitoring.events.LINE, self._ran)
        monitoring.set_events(_TOOL, monitoring.events.LINE)

    def stop(self) -> None:
        sys.monitoring.set_events(_TOOL, sys.monitoring.events.NO_EVENTS)
        sys.monitoring.free_tool_id(_TOOL)

    def _ran(self, code: CodeType, number: int) -> Any:
        line = code.co_filename, number
        if line not in self._lines:
            return sys.monitoring.DISABLE
        tests = self.tests[line]
        if self._test and self._test not in tests:
            place = line, self._test.partition("::")[0]
            if self._of_file[place] < _MOST_OF_A_FILE:
                self._of_file[place] += 1
                tests[self._test] = None
        return None

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Iterator[None]:
        self._test = item.nodeid
        try:
            return (yield)
        finally:
            self._test = ""

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self.seconds[report.nodeid] = self.seconds.get(report.nodeid, 0.0) + report.duration

    def write(self, folder: Path) -> None:
        seen = [[*line, list(tests)] for line, tests in self.tests.items()]
        document = {"lines": seen, "seconds": self.seconds}
        (folder / f"{os.getpid()}.json").write_text(json.dumps(document))


def run(root: Path, lines: list[Line], folder: Path, arguments: Sequence[str] = _PARALLEL) -> None:
    """Run the fast tests of a repository once, and write to a new folder which of them run these lines."""
    with tempfile.TemporaryDirectory() as temporary:
        asked = Path(temporary) / "lines"
        asked.write_text(json.dumps(lines))
        found = Path(temporary) / "found"
        found.mkdir()
        environment = os.environ | {"REACH_LINES": str(asked), "REACH_FOUND": str(found), "PYTHONPATH": str(root)}
        command = [sys.executable, "-m", "pytest", "-q", "-p", "tests.mutation.reach", *arguments]
        subprocess.run(command, cwd=root, env=environment, check=False)  # noqa: S603 - a failing test tells as much
        shutil.copytree(found, folder)


def read(folder: Path) -> tuple[dict[Line, list[str]], dict[str, float]]:
    """Return the tests of each line, and the seconds that each test took, of all processes of a run."""
    tests: defaultdict[Line, list[str]] = defaultdict(list)
    seconds: dict[str, float] = {}
    for file in sorted(folder.glob("*.json")):
        document = json.loads(file.read_text())
        seconds |= document["seconds"]
        for path, number, names in document["lines"]:
            tests[path, number] += names
    return tests, seconds


def pytest_configure(config: pytest.Config) -> None:
    lines = json.loads(Path(os.environ["REACH_LINES"]).read_text())
    tracer = Tracer((path, number) for path, number in lines)
    config.pluginmanager.register(tracer, "reach-tracer")
    tracer.start()


def pytest_unconfigure(config: pytest.Config) -> None:
    tracer = config.pluginmanager.get_plugin("reach-tracer")
    assert isinstance(tracer, Tracer)
    tracer.stop()
    tracer.write(Path(os.environ["REACH_FOUND"]))
