"""Which tier answers: the interpreter at once, compiled code when it has been earned, and never a wrong number."""

import ctypes
import gc
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np
import pytest

from app.autodiff import compiler
from app.engine import engine, executables, query
from app.engine.functions import functions
from app.engine.workers import jobs
from app.language import parse
from app.runtime import events, processes
from app.runtime.store import disk as disk_store
from tests.support.engines import Recorder, ask, compilations, promote, with_engine

Result = TypeVar("Result")


@dataclass
class FirstRun:
    """An engine that has compiled one function: its answers and events, and the directory of its store."""

    first: query.Answer
    last: query.Answer
    recorder: Recorder
    directory: Path


@pytest.fixture(scope="module")
def first_run(tmp_path_factory: pytest.TempPathFactory) -> FirstRun:
    async def use(served: engine.Engine) -> tuple[query.Answer, query.Answer]:
        return await ask(served), await promote(served)

    directory = tmp_path_factory.mktemp("cache")
    (first, last), recorder = with_engine(use, disk_store.DiskStore(directory, 1 << 30))
    return FirstRun(first, last, recorder, directory)


@pytest.fixture
def disk(first_run: FirstRun, tmp_path: Path) -> disk_store.DiskStore:
    """Return a copy of the store of the first run."""
    shutil.copytree(first_run.directory, tmp_path, dirs_exist_ok=True)
    return disk_store.DiskStore(tmp_path, 1 << 30)


def test_a_new_function_is_interpreted_and_a_hot_one_is_compiled_with_the_same_numbers(first_run: FirstRun) -> None:
    first, last, recorder = first_run.first, first_run.last, first_run.recorder
    assert (first.tier, first.hit) == ("interpreted", False)
    assert (last.tier, last.hit) == ("compiled", True)
    assert first.derivative == pytest.approx(last.derivative, rel=1e-15)
    assert compilations(recorder) == 1


def test_after_a_restart_the_executable_of_a_hot_function_is_loaded_from_the_store(
    disk: disk_store.DiskStore,
) -> None:
    async def use(served: engine.Engine) -> tuple[query.Answer, query.Answer]:
        first = await ask(served)
        await served.executables.wait_until_idle()
        return first, await ask(served)

    (_, second), recorder = with_engine(use, disk, workers=False)
    assert second.tier == "compiled"
    assert compilations(recorder) == 0


def test_one_executable_serves_every_function_of_its_structure(disk: disk_store.DiskStore) -> None:
    async def use(served: engine.Engine) -> query.Answer:
        await promote(served)
        return await served.answer(query.Query("grad", "p*q**3 + r/q", [1.0, 1.0, 1.0]))

    answer, _ = with_engine(use, disk, workers=False)
    assert answer.tier == "compiled"
    assert answer.derivative == 1.0


def test_a_damaged_entry_of_the_store_is_compiled_again(disk: disk_store.DiskStore, tmp_path: Path) -> None:
    paths = list(tmp_path.glob("*.entry"))
    assert paths
    for path in paths:
        path.write_bytes(b"gradserve1\nnonsense")  # other damage: tests/runtime/test_disk_store.py
    answer, recorder = with_engine(promote, disk)
    assert answer.tier == "compiled"
    assert compilations(recorder) == 1


def test_an_executable_that_disagrees_with_the_interpreter_never_answers(
    disk: disk_store.DiskStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    honest = compiler.Executable.__call__

    def wrong(self: compiler.Executable, *arrays: object) -> object:
        return honest(self, *arrays) + 1.0  # type: ignore[arg-type]

    monkeypatch.setattr(compiler.Executable, "__call__", wrong)

    async def use(served: engine.Engine) -> query.Answer:
        await ask(served)
        await served.executables.wait_until_idle()
        assert len(served.executables) >= 1
        return await ask(served, times=100)

    answer, recorder = with_engine(use, disk, workers=False)
    assert answer.tier == "interpreted"
    assert sum(isinstance(event, events.Disagreed) for event in recorder.events) == 1


@pytest.mark.parametrize(
    ("capacity", "held"),
    [
        (executables.ExecutableCapacity(count=2), 2),
        (executables.ExecutableCapacity(resident_bytes=1), 1),  # one is always kept
        (executables.ExecutableCapacity(memory_maps=7), 2),  # three each
    ],
)
def test_executables_in_memory_are_bounded_by_number_and_bytes_and_memory_maps(
    tmp_path: Path, capacity: executables.ExecutableCapacity, held: int
) -> None:
    async def use(served: engine.Engine) -> int:
        for power in range(2, 6):
            text = f"a*x**{power}"
            for _ in range(20):
                for _ in range(50):
                    await served.answer(query.Query("grad", text, [1.0, 2.0]))
                await served.executables.wait_until_idle()
        return len(served.executables)

    found, _ = with_engine(use, disk_store.DiskStore(tmp_path, 1 << 30), executable_capacity=capacity)
    assert found == held


@pytest.mark.skipif(sys.platform != "linux", reason="memory maps are counted in /proc")
@pytest.mark.parametrize("text", ["x*y", "gamma(x)*besselj(0, y)"])
def test_the_memory_maps_of_an_executable_are_known_from_its_code(text: str) -> None:
    plan = functions.Function(parse.read(text)).specialize([(), ()]).plans[0]
    job = plan.call("grad", [0, 1], "float64").job
    blob = job.perform()
    job.restore(blob)  # what is loaded once
    before = processes.memory_maps()
    held = [job.restore(blob) for _ in range(10)]
    grown = processes.memory_maps() - before
    estimated = sum(each.footprint.memory_maps for each in held)
    assert 0.8 * grown - 5 <= estimated <= 1.2 * grown + 5


needs_glibc = pytest.mark.skipif(
    not hasattr(ctypes.CDLL(None), "mallinfo2"), reason="the heap is measured by glibc 2.33"
)


class _Heap(ctypes.Structure):
    """``struct mallinfo2``, see mallinfo(3)."""

    _names = ("arena", "a", "b", "c", "mapped", "d", "e", "used", "f", "g")
    _fields_ = tuple((name, ctypes.c_size_t) for name in _names)

    @classmethod
    def held(cls) -> int:
        read = ctypes.CDLL(None).mallinfo2
        read.restype = cls
        found = read()
        return int(found.used + found.mapped)


@needs_glibc
@pytest.mark.parametrize("text", ["x*y", "sin(x)*exp(-y) + tanh(x*y)", " + ".join(f"sin({n}*x)*y" for n in range(90))])
def test_the_memory_of_an_executable_is_known_from_its_code(text: str) -> None:
    plan = functions.Function(parse.read(text)).specialize([(), ()]).plans[0]
    _check_memory(plan.call("grad", [0, 1], "float64").job)


@needs_glibc
@pytest.mark.parametrize("text", ["sum((A @ v)**2)", "slogdet(A @ A.T + eye(30))[1]*sum(v)"])
def test_so_is_that_of_a_function_of_arrays(text: str) -> None:
    plan = functions.Function(parse.read(text)).specialize([(30, 30), (30,)]).whole
    assert plan is not None
    _check_memory(plan.derivative("grad", [0, 1], 1).job("float64"))


def _check_memory(job: jobs.Compilation) -> None:
    blob = job.perform()
    job.restore(blob)  # what is loaded once
    gc.collect()
    before = _Heap.held()
    held = [job.restore(blob) for _ in range(10)]
    grown = _Heap.held() - before
    estimated = sum(each.footprint.resident_bytes for each in held)
    assert 0.75 * grown <= estimated <= 1.4 * grown


def test_the_expected_compile_time_grows_faster_than_the_function() -> None:
    assert jobs.expected_seconds(8) < 0.1
    assert jobs.expected_seconds(20_000) > 100
    growth = np.diff([jobs.expected_seconds(n) for n in (1, 10, 100, 1000, 10_000)])
    assert (np.diff(growth) > 0).all()
