"""The interpreter's programs: made once, found on disk after, and a worker's failure is nobody's."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, cast

import jax
import numpy as np
import pytest

from app import errors
from app.autodiff import bytecode, compiler, interpreter
from app.engine import executables
from app.engine.workers import pool
from app.runtime.store import disk
from tests.support import float_tapes


class Making:
    """Workers that compile here, and tell what and whether they run."""

    def __init__(self) -> None:
        self.asked: list[interpreter.Program] = []
        self.running = False

    def start(self) -> None:
        self.running = True

    async def close(self) -> None:
        self.running = False

    async def compile(self, job: Any) -> bytes:
        assert self.running
        self.asked.append(job.program)
        return compiler.dump(interpreter.compile_program(job.program, job.dtype))


class Refusing(Making):
    """Workers that compile nothing."""

    async def compile(self, job: Any) -> bytes:
        self.asked.append(job.program)
        raise errors.TooExpensive("stopped at its memory limit")


def warmed(kept: disk.Store, makers: Making) -> executables.Interpreters:
    found = executables.Interpreters(kept)
    with ThreadPoolExecutor(1) as threads:
        asyncio.run(found.warm_rest(cast("pool.Workers", makers), threads))
    return found


def test_programs_that_cannot_be_made_ahead_are_left_to_numpy(caplog: pytest.LogCaptureFixture) -> None:
    refusing = Refusing()
    found = warmed(disk.NoStore(), refusing)
    assert refusing.asked == [*interpreter.AHEAD]
    assert not refusing.running
    assert len(caplog.records) == len(refusing.asked)
    assert not any(found["float64"].installed(program) for program in refusing.asked)


class Wrong(Making):
    """Workers that compile a program whose numbers are twice the right ones."""

    async def compile(self, job: Any) -> bytes:
        self.asked.append(job.program)
        bucket = job.program.bucket
        arrays = jax.ShapeDtypeStruct((1 + bucket, 7), "int32"), jax.ShapeDtypeStruct((bucket,), "float64")
        return compiler.dump(jax.jit(lambda _, first: 2 * first, keep_unused=True).lower(*arrays).compile())


def test_a_program_with_wrong_numbers_is_neither_kept_nor_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(interpreter, "AHEAD", interpreter.AHEAD[:1])
    for _ in range(2):
        wrong = Wrong()
        found = warmed(disk.DiskStore(tmp_path, 1 << 30), wrong)
        assert wrong.asked == [*interpreter.AHEAD]
        assert not found["float64"].installed(interpreter.AHEAD[0])
    assert ["wrong numbers" in record.message for record in caplog.records] == [True, True]
    product = bytecode.encode(float_tapes.recorded("x*y", "x", "y").tape)
    assert found["float64"].gradient(product, np.array([3.0, 2.0])).tolist() == [6.0, 2.0, 3.0]


def test_programs_are_made_once_and_loaded_from_the_store_afterwards(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    few = interpreter.AHEAD[:2]
    monkeypatch.setattr(interpreter, "AHEAD", few)
    for asked in ([*few], []):
        making = Making()
        found = warmed(disk.DiskStore(tmp_path, 1 << 30), making)
        assert making.asked == asked
        assert all(found["float64"].installed(program) for program in few)


class Loaded:
    """Stands for the executable of a program: it runs nothing."""


def used(found: executables.Interpreters, *asked: tuple[interpreter.Program, str]) -> None:
    for program, dtype in asked:
        found[dtype]._executable(program)


def test_programs_loaded_on_demand_are_let_go_when_unused_and_beyond_a_bound_of_bytes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Those that were installed ahead stay."""
    monkeypatch.setattr(executables, "_load", lambda *_: Loaded())
    kept = Kept(bytes(400_000))  # 14 MB by ``compiler.Footprint``
    found = executables.Interpreters(cast("disk.Store", kept))
    ahead, *others = interpreter.GRADIENTS
    found["float64"].install(ahead, Loaded())
    used(found, (ahead, "float64"), *[(program, "float64") for program in others], (ahead, "float32"))
    assert found.release() == 0
    monkeypatch.setattr(executables, "_ON_DEMAND_BYTES", 3 * compiler.Footprint.of(kept.blob).resident_bytes)
    used(found, (others[0], "float64"))  # the most recent now
    assert found.release() == 1
    assert not found["float64"].installed(others[1])
    assert found.release(unused_seconds=0.0) == 3
    assert found["float64"].installed(ahead)
    assert not found["float32"].installed(ahead)
    assert not any(found["float64"].installed(program) for program in others)


class Kept(disk.NoStore):
    """A store that has every entry."""

    def __init__(self, blob: bytes) -> None:
        self.blob = blob

    def get(self, name: str) -> bytes | None:  # noqa: ARG002
        return self.blob

    def has(self, name: str) -> bool:  # noqa: ARG002
        return True
