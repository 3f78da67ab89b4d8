"""What every test runs under: JAX as the service sets it up and stricter, one started application."""

import os
import platform
import tempfile
from collections.abc import Iterator
from importlib import metadata

import hypothesis
import jax
import pytest

from app import compiler
from tests.service import Client, SyncEngine, serving

for _name in [name for name in os.environ if name.startswith("GRADSERVE_")]:
    del os.environ[_name]  # the defaults are what is tested

# Except that nothing a test does may reach the user's own cache, nor depend on what is in it.
_CACHE = tempfile.TemporaryDirectory(prefix="gradserve-tests-")
os.environ["GRADSERVE_CACHE_DIR"] = _CACHE.name

compiler.configure()
jax.config.update("jax_numpy_dtype_promotion", "strict")
jax.config.update("jax_numpy_rank_promotion", "raise")

# The same examples every time: a failure here is a failure there. Seconds are not what these tests are about.
hypothesis.settings.register_profile("suite", derandomize=True, deadline=None, max_examples=100, database=None)
hypothesis.settings.load_profile("suite")


def pytest_report_header() -> str:
    names = ("jax", "jaxlib", "numpy", "sympy", "fastapi", "starlette", "pydantic")
    versions = ", ".join(f"{name} {metadata.version(name)}" for name in names)
    return f"gradserve: Python {platform.python_version()}, {versions}"


def pytest_unconfigure() -> None:
    _CACHE.cleanup()


@pytest.fixture(scope="session")
def client() -> Iterator[Client]:
    with serving() as started:
        # On machines that tests keep busy, what is made in no hurry would otherwise be made all the time.
        started.run(started.app.state.engine.settle())
        yield started


@pytest.fixture(scope="session")
def engine(client: Client) -> SyncEngine:
    return SyncEngine(client)
