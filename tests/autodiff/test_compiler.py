"""Executables: packed in and out, the same after a trip through bytes, and a broken jaxlib found out at start."""

import importlib.metadata
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from app.autodiff import compiler, tape
from app.language import parse


def recorded(text: str) -> tape.Recording:
    return tape.record(parse.parse(text))


@pytest.mark.parametrize(("dtype", "tolerance"), [("float64", 1e-15), ("float32", 1e-6)])
def test_an_executable_takes_and_returns_a_vector_of_its_dtype(dtype: str, tolerance: float) -> None:
    recording = recorded("3.0*x**2 + sin(y)")
    found = compiler.compile_tape(recording.tape, "grad", dtype)(np.array([2.0, 0.5, 3.0], dtype))
    assert found.dtype == dtype
    np.testing.assert_allclose(found, [12.0 + np.sin(0.5), 12.0, np.cos(0.5)], rtol=tolerance)


def test_rows_are_the_points_one_by_one() -> None:
    recording = recorded("x*exp(y) - 2.5")
    single = compiler.compile_tape(recording.tape, "grad", "float64")
    rows = compiler.compile_tape(recording.tape, "grad", "float64", 8)
    points, constants = np.linspace(-1.0, 1.0, 16).reshape(2, 8), np.array(recording.constants)
    each = np.stack([single(np.concatenate((point, constants))) for point in points.T], axis=1)
    np.testing.assert_allclose(rows(points, constants), each, rtol=1e-15)


@pytest.mark.parametrize("rows", [0, 8])
def test_a_restored_executable_gives_the_same_numbers(rows: int) -> None:
    recording = recorded("tanh(x)/y")
    made = compiler.compile_tape(recording.tape, "grad", "float64", rows)
    restored = compiler.restore(compiler.serialise(made), rows)
    arrays = [np.array([0.3, 0.7])] if rows == 0 else [np.full((2, rows), 0.3), np.empty(0)]
    np.testing.assert_array_equal(restored(*arrays), made(*arrays))


# What is private to JAX


def test_jax_keeps_the_dispatcher_of_an_executable_where_the_compiler_looks_for_it() -> None:
    compiled = compiler.compile_tape(recorded("x*y").tape, "grad", "float64").compiled
    dispatcher = compiler.dispatcher(compiled)
    assert dispatcher is not None, "jax.stages.Compiled has no _call: each gradient pays for a Python frame more"
    np.testing.assert_array_equal(dispatcher(np.array([2.0, 3.0])), [6.0, 3.0, 2.0])


@pytest.mark.skipif(jax.default_backend() != "cpu", reason="only memory of the host can be read in place")
def test_a_result_on_the_host_is_a_buffer_of_numbers() -> None:
    executable = compiler.compile_tape(recorded("x*y").tape, "grad", "float64")
    read = compiler.buffer_reader(executable.compiled(np.array([2.0, 3.0])))
    assert read is not None, "a jax.Array has no buffer: each gradient pays for an array of NumPy"
    assert list(read(executable.compiled(np.array([4.0, 5.0])))) == [20.0, 5.0, 4.0]


@pytest.mark.parametrize("missing", ["dispatcher", "buffer_reader"])
def test_an_executable_runs_without_what_is_private_to_jax(monkeypatch: pytest.MonkeyPatch, missing: str) -> None:
    monkeypatch.setattr(compiler, missing, lambda _: None)
    executable = compiler.compile_tape(recorded("x*y").tape, "grad", "float64")
    for point in ([2.0, 3.0], [4.0, 5.0]):
        assert list(executable.numbers(np.array(point))) == [point[0] * point[1], point[1], point[0]]


def test_a_batch_gets_the_smallest_bucket_that_holds_it() -> None:
    assert [compiler.bucket(n) for n in (1, 8, 9, 512, 513, 10**6)] == [8, 8, 64, 512, 8192, 8192]


def test_the_installed_jaxlib_passes_the_self_test() -> None:
    compiler.self_test()


def test_the_self_test_finds_numbers_that_are_off_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    honest = jax.jit

    def miscompiling(function: Any, **options: Any) -> Any:
        def run(points: Any) -> Any:
            return np.asarray(honest(function, **options)(points)) + (np.arange(len(points)) == len(points) - 1)

        return run

    # Only as this module sees it: elsewhere threads are compiling in earnest.
    monkeypatch.setattr(compiler, "jax", SimpleNamespace(jit=miscompiling, vmap=jax.vmap))
    with pytest.raises(compiler.WrongNumbers, match="self-test"):
        compiler.self_test()


def test_the_jaxlib_known_to_be_broken_is_refused_by_its_version(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.metadata, "version", lambda _: "0.10.2")
    with pytest.raises(compiler.WrongNumbers, match="0\\.10\\.2"):
        compiler.self_test()


@pytest.mark.parametrize(
    ("first", "second", "same"),
    [
        ([1.0, 2.0], [1.0, 2.0 + 1e-9], True),
        ([1.0, 2.0], [1.0, 2.1], False),
        ([np.nan, 1.0], [np.nan, 1.0], True),
        ([np.nan, 1.0], [0.0, 1.0], False),
        ([1e9, 1e-9], [1e9, 0.0], True),
    ],
)
def test_results_agree_up_to_rounding_and_in_nan_and_infinity(
    first: list[float], second: list[float], *, same: bool
) -> None:
    assert compiler.agree(np.array(first), np.array(second)) is same


def test_an_executable_from_bytes_finds_lapack_in_a_process_that_traced_nothing(tmp_path: Path) -> None:
    def traces(a: jax.Array) -> Any:
        linalg = jnp.linalg
        return linalg.solve(a, a).trace() + linalg.cholesky(a).trace() + linalg.eigh(a)[0].sum()

    path = tmp_path / "executable"
    path.write_bytes(compiler.dump(jax.jit(traces).lower(np.eye(3)).compile()))
    read = (
        "import sys, pathlib, numpy as np; from app.autodiff import compiler; compiler.configure();"
        "print(compiler.load(pathlib.Path(sys.argv[1]).read_bytes(), 1)(np.eye(3)))"
    )
    command = [sys.executable, "-c", read, str(path)]
    found = subprocess.run(command, check=False, capture_output=True, text=True, timeout=120)  # noqa: S603
    assert (found.returncode, found.stdout) == (0, "9.0\n"), found.stderr
    assert "cpu_aot_loader" not in found.stderr, "jaxlib 0.10 writes errors that are none"
