"""The package needs httpx alone, is small, and exports what it says."""

import ast
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import gradserve
import pytest

PACKAGE = Path(__file__).parents[2] / "clients" / "python"
MODULES = {path.name: path.read_text() for path in sorted((PACKAGE / "gradserve").glob("*.py"))}
OF_EXTRAS = {"jax.py": {"jax", "numpy"}, "torch.py": {"torch"}, "scipy.py": {"numpy"}, "forms.py": {"numpy"}}
OF_ALL = {"gradserve", "httpx", "anyio", *sys.stdlib_module_names}
MOST_LINES = 460


def imported(node: ast.AST) -> set[str]:
    """Return the first names of what the statements of a node import."""
    found = [each.module or "" for each in ast.walk(node) if isinstance(each, ast.ImportFrom)]
    found += [alias.name for each in ast.walk(node) if isinstance(each, ast.Import) for alias in each.names]
    return {name.partition(".")[0] for name in found}


@pytest.mark.parametrize("name", MODULES)
def test_a_module_imports_httpx_and_the_library_that_it_is_for(name: str) -> None:
    tree = ast.parse(MODULES[name])
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
    optional = set().union(*map(imported, functions)) if functions else set()
    assert optional <= {"numpy"} | OF_ALL, "and NumPy where it is there"
    assert imported(tree) - optional <= OF_ALL | OF_EXTRAS.get(name, set())


def test_the_package_can_be_imported_where_nothing_but_httpx_is_installed() -> None:
    blocked = "import sys; sys.modules.update(dict.fromkeys(('numpy', 'jax', 'torch', 'scipy', 'app')))"
    code = f"{blocked}; import gradserve; print(gradserve.Client('http://here').retries)"
    done = subprocess.run(  # noqa: S603
        [sys.executable, "-c", code], env={"PYTHONPATH": str(PACKAGE)}, capture_output=True, text=True, check=True
    )
    assert done.stdout == "4\n"


def test_what_it_requires_is_what_it_imports() -> None:
    project = tomllib.loads((PACKAGE / "pyproject.toml").read_text())["project"]
    assert [each.partition(">")[0] for each in project["dependencies"]] == ["httpx"]
    assert set(project["optional-dependencies"]) == {"numpy", "jax", "torch", "scipy"}


def test_every_name_that_is_exported_is_there_and_nothing_else() -> None:
    public = {name for name, each in vars(gradserve).items() if isinstance(each, type)}
    assert sorted(gradserve.__all__) == gradserve.__all__
    assert set(gradserve.__all__) == public


def statements(text: str) -> int:
    """Return how many lines are code: not empty, no comment, no docstring."""
    documented = set()
    for node in ast.walk(ast.parse(text)):
        body: Any = getattr(node, "body", None)
        for each in body if isinstance(body, list) else []:
            if isinstance(each, ast.Expr) and isinstance(each.value, ast.Constant):
                documented |= set(range(each.lineno, (each.end_lineno or 0) + 1))
    lines = enumerate(text.splitlines(), 1)
    return sum(bool(line.strip()) and line.strip()[0] != "#" and number not in documented for number, line in lines)


def test_the_package_is_small() -> None:
    assert sum(map(statements, MODULES.values())) < MOST_LINES
