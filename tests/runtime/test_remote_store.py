"""The store that machines share: its entries are right or missing, and its failures fail no request."""

import asyncio
import os
import sys
import threading
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar

import pytest

from app import errors, settings
from app.autodiff import compiler
from app.engine import engine, query
from app.runtime.store import disk, remote
from tests.support import programs
from tests.support.engines import ask, compilations, promote, with_engine

Result = TypeVar("Result")

NAME = "0123456789abcdef"
SECRET, OTHER = "s" * 32, "t" * 32


class Memory:
    """A backend in memory.

    Attributes:
        entries: content by path.
        touched: paths that were used without being read.
        calls: number of calls.
        failure: raised by every call.
        answers: set if calls return; else they wait.
    """

    def __init__(self) -> None:
        self.entries: dict[str, bytes] = {}
        self.touched: list[str] = []
        self.calls = 0
        self.failure: Exception | None = None
        self.answers = threading.Event()
        self.answers.set()

    def get(self, path: str) -> bytes | None:
        self._called()
        return self.entries.get(path)

    def touch(self, path: str) -> None:
        self._called()
        self.touched.append(path)

    def put(self, path: str, content: bytes) -> None:
        self._called()
        self.entries[path] = content

    def remove(self, path: str) -> None:
        self._called()
        self.entries.pop(path, None)

    def _called(self) -> None:
        self.calls += 1
        assert self.answers.wait(60)
        if self.failure is not None:
            raise self.failure


@pytest.fixture
def backend() -> Memory:
    return Memory()


def machine(directory: Path, backend: Memory, secret: str = SECRET) -> remote.LayeredStore:
    """Return the store of a machine: a directory, and behind it the backend."""
    return remote.LayeredStore(disk.DiskStore(directory, 1 << 30), remote.SharedStore(backend, secret))


def test_an_entry_of_one_machine_is_found_and_kept_by_another(tmp_path: Path, backend: Memory) -> None:
    first, second = machine(tmp_path / "first", backend), machine(tmp_path / "second", backend)
    assert first.put(NAME, b"payload")
    assert not second.has(NAME)  # asks the directory only
    assert second.get(NAME) == b"payload"
    assert second.has(NAME)
    backend.entries.clear()
    assert second.get(NAME) == b"payload"


def test_use_without_reading_is_told_to_both_stores(tmp_path: Path, backend: Memory) -> None:
    first = machine(tmp_path, backend)
    first.put(NAME, b"payload")
    os.utime(tmp_path / f"{NAME}.entry", (1000, 1000))
    first.touch(NAME)
    assert (tmp_path / f"{NAME}.entry").stat().st_mtime > 1000
    assert backend.touched == [*backend.entries]


def test_an_unknown_name_is_not_found(tmp_path: Path, backend: Memory) -> None:
    assert machine(tmp_path, backend).get(NAME) is None


def test_a_damaged_entry_is_a_miss_and_removed(backend: Memory) -> None:
    far = remote.SharedStore(backend, SECRET)
    far.put(NAME, b"payload")
    ((path, entry),) = backend.entries.items()
    backend.entries[path] = entry[:-1] + b"?"
    assert far.get(NAME) is None
    assert not backend.entries


def test_machines_with_another_secret_neither_read_nor_damage_entries(backend: Memory) -> None:
    ours, theirs = remote.SharedStore(backend, SECRET), remote.SharedStore(backend, OTHER)
    ours.put(NAME, b"ours")
    assert theirs.get(NAME) is None
    theirs.put(NAME, b"theirs")
    assert (ours.get(NAME), theirs.get(NAME)) == (b"ours", b"theirs")
    # Nor does it help to put an entry where the others look.
    ours_path, theirs_path = backend.entries
    backend.entries[ours_path] = backend.entries[theirs_path]
    assert ours.get(NAME) is None


def test_the_secret_is_not_in_the_store(backend: Memory) -> None:
    remote.SharedStore(backend, SECRET).put(NAME, b"payload")
    ((path, entry),) = backend.entries.items()
    assert SECRET not in path
    assert SECRET.encode() not in entry


def test_an_entry_signed_with_the_key_of_a_directory_is_a_miss(tmp_path: Path, backend: Memory) -> None:
    near = machine(tmp_path, backend)
    near.put(NAME, b"payload")
    ((path, _),) = backend.entries.items()
    backend.entries[path] = next(tmp_path.glob("*.entry")).read_bytes()
    next(tmp_path.glob("*.entry")).unlink()
    assert near.get(NAME) is None


def test_an_entry_that_is_too_large_is_not_shared(tmp_path: Path, backend: Memory) -> None:
    near = machine(tmp_path, backend)
    large = bytes(remote.MAX_ENTRY_BYTES + 1)
    assert not near.put(NAME, large)
    assert not backend.entries
    assert near.get(NAME) == large


CALLS: list[Callable[[disk.Store], object]] = [
    lambda far: far.get(NAME),
    lambda far: far.put(NAME, b"payload"),
    lambda far: far.remove(NAME),
]


@pytest.mark.parametrize("call", CALLS)
def test_a_store_that_fails_is_logged_once_and_not_used_for_a_while(
    backend: Memory, call: Callable[[disk.Store], object], caplog: pytest.LogCaptureFixture
) -> None:
    far = remote.SharedStore(backend, SECRET)
    backend.failure = ConnectionError("redis://:password@host is not there")
    for each in [call, *CALLS]:
        assert not each(far)
    assert backend.calls == 1
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    assert "password" not in caplog.text
    backend.failure, far._retry_at = None, 0.0
    assert far.put(NAME, b"payload")
    assert far.get(NAME) == b"payload"


@pytest.fixture(scope="module")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, bytes], str]:
    """Have one machine compile a function; return the entries of the backend, and the path of the executable."""
    backend = Memory()

    async def compile_function(served: engine.Engine) -> str:
        answer = await promote(served)
        assert answer.tier == "compiled"
        (key,) = served.executables._live
        return served.executables.name(key)

    name, recorder = with_engine(compile_function, machine(tmp_path_factory.mktemp("first"), backend))
    assert compilations(recorder) == 1
    (path,) = (path for path in backend.entries if path.endswith(name))
    return backend.entries, path


def test_a_function_that_one_machine_compiled_is_loaded_by_the_next(
    tmp_path: Path, backend: Memory, compiled: tuple[dict[str, bytes], str]
) -> None:
    backend.entries = dict(compiled[0])
    answer, recorder = with_engine(promote, machine(tmp_path, backend))
    assert (answer.tier, compilations(recorder)) == ("compiled", 0)


def test_a_damaged_executable_is_compiled_again_and_replaced(
    tmp_path: Path, backend: Memory, compiled: tuple[dict[str, bytes], str]
) -> None:
    entries, path = compiled
    damaged = entries[path][:-1] + b"?"
    backend.entries = entries | {path: damaged}
    answer, recorder = with_engine(promote, machine(tmp_path, backend))
    assert (answer.tier, compilations(recorder)) == ("compiled", 1)
    assert backend.entries[path] != damaged


def without_workers(use: Callable[[engine.Engine], Awaitable[Result]], store: disk.Store | None = None) -> Result:
    """Return the result of using an engine that has not started."""

    async def run() -> Result:
        served = engine.Engine(query.Options(kept=programs.Store(store or disk.NoStore())))
        try:
            return await use(served)
        finally:
            await served.close()

    return asyncio.run(run())


def test_a_store_that_does_not_answer_delays_no_request(tmp_path: Path, backend: Memory) -> None:

    async def use(served: engine.Engine) -> None:
        await ask(served)  # loads the program that computes gradients
        backend.answers.clear()
        try:
            for n in range(8):
                for _ in range(60):
                    answer = await served.answer(query.Query("grad", f"a*x**{n + 2}", [1.0, 2.0]))
                    assert answer.derivative == 2.0 ** (n + 2)
                    await asyncio.sleep(0)
            assert served.executables.pending
        finally:
            backend.answers.set()

    without_workers(use, machine(tmp_path, backend))


def test_no_call_of_a_store_is_on_the_event_loop(
    tmp_path: Path, backend: Memory, compiled: tuple[dict[str, bytes], str]
) -> None:
    backend.entries = dict(compiled[0])
    threads: set[int] = set()
    noting = backend._called

    def note() -> None:
        threads.add(threading.get_ident())
        noting()

    backend._called = note  # type: ignore[method-assign]

    async def use(served: engine.Engine) -> int:
        entry, _ = await served.registry.register("x**3", None, "somebody")
        await served.registry.entry(entry.function_id)
        await promote(served)
        key = next(iter(served.executables._live))
        served.executables.discard(key)
        return threading.get_ident()

    loop = without_workers(use, machine(tmp_path, backend))
    assert threads
    assert loop not in threads


def test_a_function_is_stored_before_its_registration_is_answered(tmp_path: Path, backend: Memory) -> None:
    async def register(served: engine.Engine) -> str:
        entry, created = await served.registry.register("x**3 + y", None, "somebody")
        assert created
        assert backend.entries
        return entry.function_id

    async def find(served: engine.Engine) -> tuple[str, ...]:
        return (await served.registry.entry(function_id)).args

    function_id = without_workers(register, machine(tmp_path / "first", backend))
    args = without_workers(find, machine(tmp_path / "second", backend))
    assert args == ("x", "y")


def test_registering_a_function_again_stores_it_again_if_the_store_has_lost_it(
    tmp_path: Path, backend: Memory, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def use(served: engine.Engine) -> None:
        backend.failure = ConnectionError()
        await served.registry.register("x**3 + y", None, "somebody")
        backend.failure = None
        far._retry_at = 0.0
        _, created = await served.registry.register("x**3 + y", None, "somebody")
        assert not created
        assert functions()
        lost = functions()
        for path in lost:
            del backend.entries[path]
        await served.registry.register("x**3 + y", None, "somebody")
        assert not functions()  # written a moment ago
        monkeypatch.setattr("app.engine.registry._WRITTEN_SECONDS", 0.0)
        served.registry._written.clear()
        await served.registry.register("x**3 + y", None, "somebody")
        assert functions() == lost

    def functions() -> list[str]:
        return [path for path, entry in backend.entries.items() if b"x**3 + y" in entry]

    far = remote.SharedStore(backend, SECRET)
    without_workers(use, remote.LayeredStore(disk.DiskStore(tmp_path, 1 << 30), far))


def test_a_function_in_a_store_that_cannot_be_reached_is_not_found(tmp_path: Path, backend: Memory) -> None:
    backend.failure = TimeoutError()

    async def use(served: engine.Engine) -> None:
        with pytest.raises(errors.NotFound):
            await served.registry.entry("0" * 32)
        await ask(served)

    without_workers(use, machine(tmp_path, backend))


def test_executables_for_another_processor_have_another_name(monkeypatch: pytest.MonkeyPatch) -> None:
    async def name(served: engine.Engine) -> str:
        return served.executables.name(("key", "grad", "float64", 0))

    here, again = without_workers(name), without_workers(name)
    real = Path.read_text

    def read_text(path: Path, *args: str, **options: str) -> str:
        text = real(path, *args, **options)
        return text.replace(" avx2", "").replace(" fp", "") if path == Path("/proc/cpuinfo") else text

    monkeypatch.setattr(Path, "read_text", read_text)
    elsewhere = without_workers(name)
    assert here == again != elsewhere
    monkeypatch.undo()
    assert "cpu" in compiler.environment()


@pytest.mark.parametrize(
    "url", ["redis://host:6379/0", "rediss://:key@host/1", "s3://bucket/prefix", "gs://bucket", "az://container"]
)
def test_the_service_starts_without_its_store(url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AZURE_STORAGE_ACCOUNT_NAME", "account")
    made = settings.Settings(store=url, store_secret=SECRET, cache_dir=str(tmp_path))
    assert isinstance(made.open_store(), remote.LayeredStore)


def test_a_missing_library_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "obstore", None)
    with pytest.raises(ValueError, match=r"pip install 'gradserve\[objects\]'"):
        remote.backend("s3://bucket")
