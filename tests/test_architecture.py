"""The rooms of the house: what each hands out, how many doors a folder has, one meaning for one name."""

import ast
import importlib
from collections import defaultdict
from pathlib import Path

import pytest

APP = Path(__file__).parents[1] / "app"
PACKAGES = sorted(init.parent.relative_to(APP.parent).as_posix().replace("/", ".") for init in APP.rglob("__init__.py"))
ROOMS = [package for package in PACKAGES if package != "app"]
MODULES = {path: ast.parse(path.read_text()) for path in sorted(APP.rglob("*.py"))}

MOST_ENTRIES = 12
"""Entries of a folder, ``__init__.py`` and ``__main__.py`` not counted."""
MOST_LINES = 400
MOST_FUNCTION_LINES = 50


def module_name(path: Path) -> str:
    return ".".join(path.relative_to(APP.parent).with_suffix("").parts).removesuffix(".__init__")


def imports(path: Path) -> list[str]:
    """Return the full names of what a module imports of this project."""
    found = [node for node in ast.walk(MODULES[path]) if isinstance(node, ast.ImportFrom)]
    names = [f"{node.module}.{alias.name}" for node in found for alias in node.names]
    return [name for name in names if name.startswith("app.")]


@pytest.mark.parametrize("package", ROOMS)
def test_a_package_says_what_it_holds_and_lists_its_public_modules(package: str) -> None:
    room = importlib.import_module(package)
    assert room.__doc__
    for name in room.__all__:
        importlib.import_module(f"{package}.{name}")


@pytest.mark.parametrize("path", MODULES, ids=module_name)
def test_an_import_from_another_room_names_a_public_module(path: Path) -> None:
    here = module_name(path)
    for target in imports(path):
        for package in (package for package in ROOMS if target.startswith(f"{package}.")):
            if not f"{here}.".startswith(f"{package}."):
                name = target.removeprefix(f"{package}.").partition(".")[0]
                assert name in importlib.import_module(package).__all__, f"{here} imports {target}"


def test_no_class_name_is_defined_twice() -> None:
    homes: defaultdict[str, list[str]] = defaultdict(list)
    for path, tree in MODULES.items():
        for node in ast.walk(tree):
            if isinstance(node, ast.ClassDef):
                homes[node.name].append(module_name(path))
    assert {name: places for name, places in homes.items() if len(places) > 1} == {}


@pytest.mark.parametrize("package", PACKAGES)
def test_a_folder_has_few_entries(package: str) -> None:
    folder = APP.parent / package.replace(".", "/")
    entries = [entry for entry in folder.iterdir() if not entry.name.startswith("__")]
    assert len(entries) <= MOST_ENTRIES


@pytest.mark.parametrize("path", MODULES, ids=module_name)
def test_files_and_functions_are_short(path: Path) -> None:
    assert len(path.read_text().splitlines()) <= MOST_LINES
    for node in ast.walk(MODULES[path]):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            assert (node.end_lineno or 0) - node.lineno < MOST_FUNCTION_LINES, node.name
