"""The sample is of changes that are code, of every room, and the tests of each room exist."""

from pathlib import Path

from tests.mutation.__main__ import ROOT, sample
from tests.mutation.mutants import mutants
from tests.mutation.rooms import ROOMS, checks_of


def test_every_file_has_a_room_and_every_room_has_tests() -> None:
    for file in (ROOT / "app").rglob("*.py"):
        assert checks_of(str(file.relative_to(ROOT)))
    assert all((ROOT / each).exists() for _, tests in ROOMS for each in tests)


def test_mutants_are_code_that_differs() -> None:
    drawn = sample("app/", 100, 0)
    assert len({mutant.path for mutant in drawn}) > 50
    for mutant in drawn:
        compile(mutant.source, mutant.path, "exec")
        assert mutant.source != (ROOT / mutant.path).read_text()


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
