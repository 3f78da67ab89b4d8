"""The sample is of changes that are code, of every room, and the tests of each room exist."""

import sys
from dataclasses import replace
from pathlib import Path

import pytest

from tests.mutation import reach
from tests.mutation.__main__ import sample
from tests.mutation.equivalents import EQUIVALENTS
from tests.mutation.mutants import mutants
from tests.mutation.rooms import ROOMS, files_of
from tests.mutation.trials import ROOT, Copy, Selection


def test_every_file_has_a_room_and_every_room_has_tests() -> None:
    for file in (ROOT / "app").rglob("*.py"):
        assert files_of(ROOT, file.relative_to(ROOT).as_posix())
    assert all((ROOT / each).exists() for _, tests in ROOMS for each in tests)


def test_mutants_are_code_that_differs() -> None:
    drawn = sample("app/", 100, 0)
    assert len({mutant.path for mutant in drawn}) > 50
    assert len({mutant.name for mutant in drawn}) == len(drawn)
    for mutant in drawn:
        original = (ROOT / mutant.path).read_text()
        compile(mutant.applied(original), mutant.path, "exec")
        assert mutant.applied(original) != original


def test_every_equivalent_is_a_change_of_today() -> None:
    for row in EQUIVALENTS:
        assert row[:3] in {(mutant.path, mutant.text, mutant.change) for mutant in mutants(ROOT, row[0])}


@pytest.mark.slow
def test_a_trial_says_which_test_fails(tmp_path: Path) -> None:
    copy, tests = Copy(tmp_path), Selection(["tests/runtime/test_cache.py"])
    original = (ROOT / "app/runtime/cache.py").read_text()
    changes = mutants(ROOT, "app/runtime/cache.py")
    lost = next(mutant for mutant in changes if mutant.after == "return None")
    wrong = replace(lost, changed="return ]")
    trial = copy.with_mutant(lost, tests, seconds=300.0)
    assert trial.found
    assert trial.by.startswith("tests/runtime/test_cache.py::")
    assert copy.with_mutant(wrong, tests, seconds=300.0).found
    assert (tmp_path / lost.path).read_text() == original
    assert not copy.run(tests, seconds=300.0).found


def test_the_kinds_of_changes(tmp_path: Path) -> None:
    text = '''"""Says 1 + 1."""


def f(x: int) -> int:
    """Return 1 + 1."""
    while x < 3 and not x:
        x = x + 1
        print(x)
        break
    return -x if True else 7
'''
    (tmp_path / "a.py").write_text(text)
    found = {(mutant.before, mutant.after) for mutant in mutants(tmp_path, "a.py")}
    assert found >= {
        ("x < 3", "(x <= 3)"),
        ("x < 3 and not x", "(x < 3 or not x)"),
        ("not x", "(x)"),
        ("x + 1", "(x - 1)"),
        ("print(x)", "pass"),
        ("break", "continue"),
        ("-x", "(x)"),
        ("True", "(False)"),
        ("7", "(8)"),
        ("return -x if True else 7", "return None"),
    }
    assert not any("Return 1" in before for before, _ in found)


@pytest.mark.slow
@pytest.mark.skipif(sys.version_info < (3, 12), reason="needs PEP 669")
def test_the_tests_that_run_a_line_are_known(tmp_path: Path) -> None:
    path = ROOT / "app/runtime/cache.py"
    evicting = next(n for n, text in enumerate(path.read_text().splitlines(), 1) if "self.evictions += 1" in text)
    lines = [(str(path), evicting), (str(path), 1)]
    reach.run(ROOT, lines, tmp_path / "found", ["tests/runtime/test_cache.py"])
    tests, seconds = reach.read(tmp_path / "found")
    assert "tests/runtime/test_cache.py::test_the_least_recently_used_value_goes_first" in tests[lines[0]]
    assert "tests/runtime/test_cache.py::test_get_returns_what_was_stored_or_none" not in tests[lines[0]]
    assert lines[1] not in tests
    assert seconds["tests/runtime/test_cache.py::test_the_least_recently_used_value_goes_first"] > 0.0
