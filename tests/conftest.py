"""What every test runs under: default settings, a cache of its own, a strict JAX, one started application."""

import os
import platform
import tempfile
from collections.abc import Iterator
from importlib import metadata

import hypothesis
import jax
import pytest

from app.autodiff import compiler
from app.runtime import processes
from tests.support.longest import LONGEST
from tests.support.service import Client, SyncEngine, serving

for _name in [name for name in os.environ if name.startswith("GRADSERVE_")]:
    del os.environ[_name]  # the tests are about the defaults

# No test reads or writes the user's own cache.
_CACHE = tempfile.TemporaryDirectory(prefix="gradserve-tests-")
os.environ["GRADSERVE_CACHE_DIR"] = _CACHE.name

compiler.configure()
jax.config.update("jax_numpy_dtype_promotion", "strict")
jax.config.update("jax_numpy_rank_promotion", "raise")

# Every run draws the same examples, so running a test again repeats its failure. --hypothesis-profile=random draws
# others. A failure prints the smallest example, and a line or a seed that repeats it.
hypothesis.settings.register_profile(
    "suite", derandomize=True, deadline=None, max_examples=100, database=None, print_blob=True
)
hypothesis.settings.register_profile("random", hypothesis.settings.get_profile("suite"), derandomize=False)
hypothesis.settings.load_profile("suite")


_TRIM_BYTES, _FORGET_BYTES = 2 << 30, 4 << 30


def pytest_report_header() -> str:
    names = ("jax", "jaxlib", "numpy", "sympy", "fastapi", "starlette", "pydantic")
    versions = ", ".join(f"{name} {metadata.version(name)}" for name in names)
    return f"gradserve: Python {platform.python_version()}, {versions}"


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Put the longest files first, so that none of them runs alone at the end of a parallel run."""
    if not hasattr(config, "workerinput"):  # of pytest-xdist
        return
    places = {str(config.rootpath / name): place for place, name in enumerate(LONGEST)}
    items.sort(key=lambda item: places.get(str(item.path), len(places)))


def pytest_unconfigure() -> None:
    _CACHE.cleanup()


@pytest.fixture(scope="module", autouse=True)
def _trimmed() -> Iterator[None]:
    """Give free memory back after a module: thousands of compilations leave gigabytes in each process of a run."""
    yield
    size = processes.resident_bytes()
    if size > _FORGET_BYTES:
        compiler.forget()
    if size > _TRIM_BYTES:
        processes.trim()


@pytest.fixture(scope="session")
def client() -> Iterator[Client]:
    with serving() as started:
        # What is loaded in the background then disturbs no test.
        started.run(started.app.state.services.engine.wait_until_idle())
        yield started


@pytest.fixture(scope="session")
def engine(client: Client) -> SyncEngine:
    return SyncEngine(client)
