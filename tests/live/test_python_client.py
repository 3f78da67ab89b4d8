"""The hand-made Python client against a server: as published, in JAX under jit, in PyTorch, over a restart."""

import contextlib
import functools
import json
import os
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import gradserve
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from gradserve.jax import as_jax

from deploy.clients import build
from tests.clients.test_jax import FUNCTIONS, TRANSFORMS, check, plain, wave
from tests.live.ports import free_port
from tests.live.server import Server, serving
from tests.support import documents

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
BARE = ROOT / ".venv-generated/bin/python"
"""It has httpx, and neither NumPy nor JAX."""
TORCH = ROOT / ".venv-torch/bin/python"

__all__ = ["plain"]  # a fixture


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving(tmp_path_factory.mktemp("cache")) as started:
        yield started


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What ``make clients`` publishes."""
    folder = tmp_path_factory.mktemp("clients")
    build.build(folder)
    return folder


@pytest.fixture
def remote(server: Server) -> Iterator[gradserve.Client]:
    with gradserve.Client(str(server.http.base_url)) as client:
        yield client


def run(command: list[str], **environment: str) -> str:
    """Return what a command prints, which must succeed."""
    done = subprocess.run(  # noqa: S603
        command, env=os.environ | environment, capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]
    return done.stdout


@pytest.mark.usefixtures("plain")
@pytest.mark.parametrize("transform", TRANSFORMS)
@pytest.mark.parametrize("name", ["expression", "def of arrays"])
def test_a_compiled_derivative_is_that_of_the_function_in_jax(
    remote: gradserve.Client, name: str, transform: str
) -> None:
    text, local, point = FUNCTIONS[name]
    arguments = [jnp.array(each) for each in point]
    there = jax.jit(TRANSFORMS[transform](as_jax(remote.function(text, ["a", "x"]))))
    check(there(*arguments), TRANSFORMS[transform](local)(*arguments))


@pytest.mark.usefixtures("plain")
def test_a_compiled_loop_descends_to_the_minimum(remote: gradserve.Client) -> None:
    there = as_jax(remote.function("sum((x - 3)**4 + (x - 3)**2)"))

    @jax.jit
    def newton(x: Any) -> Any:
        step = lambda _, x: x - jnp.linalg.solve(jax.hessian(there)(x), jax.grad(there)(x))  # noqa: E731
        return jax.lax.fori_loop(0, 12, step, x)

    np.testing.assert_allclose(newton(jnp.array([1.0, 5.0])), 3.0, rtol=1e-12)


def test_pytorch_gets_the_derivatives_of_jax(server: Server) -> None:
    assert TORCH.exists(), "make test-all makes the environment with PyTorch"
    command = [str(TORCH), str(ROOT / "tests/live/remote_torch.py"), str(server.http.base_url)]
    found = json.loads(run(command, PYTHONPATH=str(ROOT / "clients/python")))
    a, x = jnp.float64(0.7), jnp.array([0.1, 0.5, -0.3])
    for order in range(5):
        expected = functools.reduce(lambda f, _: jax.grad(f), range(order), wave)(a, x)
        assert found["by a number"][order] == pytest.approx(float(expected), rel=1e-12)
    np.testing.assert_allclose(found["hessian"], jax.hessian(wave, 1)(a, x), rtol=1e-12, atol=1e-13)
    np.testing.assert_allclose(found["third"], jax.jacfwd(jax.hessian(wave, 1), 1)(a, x), rtol=1e-12, atol=1e-13)
    assert found["checked"] == [True, True]
    assert found["single"] == "torch.float32"


def test_the_wheel_works_where_nothing_but_httpx_is_installed(server: Server, built: Path, tmp_path: Path) -> None:
    (wheel,) = built.glob("gradserve_client-*.whl")
    run([str(BARE), "-m", "pip", "install", "--quiet", "--no-deps", "--target", str(tmp_path / "site"), str(wheel)])
    (code,) = [each.code for each in documents.blocks(ROOT / "clients/python/README.md") if each.language == "python"]
    there = code.replace("http://127.0.0.1:8000", str(server.http.base_url))
    shown = [line.partition("  # ")[2] for line in code.splitlines() if "  # " in line]
    assert run([str(BARE), "-c", there], PYTHONPATH=str(tmp_path / "site")).splitlines() == shown
    assert (tmp_path / "site/gradserve/py.typed").exists()


def test_two_builds_give_the_same_bytes(built: Path, tmp_path: Path) -> None:
    first, again = (
        {path.name: path.read_bytes() for path in paths} for paths in (built.iterdir(), build.build(tmp_path))
    )
    assert first.keys() == again.keys()
    assert [name for name in first if first[name] != again[name]] == []


def test_a_client_outlives_its_server_and_what_that_forgot(tmp_path: Path) -> None:
    port = free_port()
    with contextlib.ExitStack() as stack, gradserve.Client(f"http://127.0.0.1:{port}", retries=30) as client:
        with serving(tmp_path / "one", GRADSERVE_PORT=str(port)):
            times = client.data(np.array([1.0, 2.0]))
            f = client.function("sum(a*t**2)", ["a", "t"]).bind(t=times)
            assert f.grad(3.0) == 5.0
        found: list[float] = []
        asking = threading.Thread(target=lambda: found.append(f.grad(3.0)))
        asking.start()  # nobody listens yet
        stack.callback(asking.join)
        stack.enter_context(serving(tmp_path / "two", GRADSERVE_PORT=str(port)))
        asking.join()
        assert found == [5.0]


def test_a_client_keeps_to_the_rate_of_its_server(tmp_path: Path) -> None:
    with serving(tmp_path, GRADSERVE_RATE_LIMIT="5/second") as limited:
        url = str(limited.http.base_url)
        with gradserve.Client(url, retries=0) as impatient, pytest.raises(gradserve.Unavailable) as caught:
            [impatient.function("x**2") for _ in range(100)]
        assert caught.value.retry_after is not None
        with gradserve.Client(url, retries=10) as client:
            g = client.function("x**2")
            assert [g(x) for x in range(12)] == [x**2 for x in range(12)]
