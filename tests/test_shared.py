"""What machines share is right, or it is not there, and it costs nobody a request."""

import asyncio
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from app import compiler, engine, errors, settings, shared, store
from tests.test_library import ask, compilations, promote, with_engine

NAME = "0123456789abcdef"
SECRET, OTHER = "s" * 32, "t" * 32


class Memory:
    """A backend in memory.

    Attributes:
        entries: what it keeps.
        calls: how often it was called.
        failure: what every call raises.
        answers: whether it answers now, or lets everybody wait.
    """

    def __init__(self) -> None:
        self.entries: dict[str, bytes] = {}
        self.calls = 0
        self.failure: Exception | None = None
        self.answers = threading.Event()
        self.answers.set()

    def get(self, path: str) -> bytes | None:
        self._called()
        return self.entries.get(path)

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


def machine(directory: Path, backend: Memory, secret: str = SECRET) -> shared.Layers:
    """Return the store of a machine."""
    return shared.Layers(store.DiskStore(directory, 1 << 30), shared.SharedStore(backend, secret))


def test_what_one_machine_puts_another_gets_and_has_from_then_on(tmp_path: Path, backend: Memory) -> None:
    first, second = machine(tmp_path / "first", backend), machine(tmp_path / "second", backend)
    assert first.put(NAME, b"payload")
    assert not second.has(NAME)  # it does not look so far
    assert second.get(NAME) == b"payload"
    assert second.has(NAME)
    backend.entries.clear()
    assert second.get(NAME) == b"payload"


def test_an_unknown_name_is_a_miss(tmp_path: Path, backend: Memory) -> None:
    assert machine(tmp_path, backend).get(NAME) is None


def test_every_flipped_byte_is_a_miss_and_goes(backend: Memory) -> None:
    far = shared.SharedStore(backend, SECRET)
    far.put(NAME, b"payload")
    ((path, entry),) = backend.entries.items()
    for index in range(len(entry)):
        backend.entries[path] = entry[:index] + bytes([entry[index] ^ 1]) + entry[index + 1 :]
        assert far.get(NAME) is None
        assert not backend.entries


@pytest.mark.parametrize("cut", [0, 1, 11, 43, 44, 49])
def test_a_truncated_entry_is_a_miss(backend: Memory, cut: int) -> None:
    far = shared.SharedStore(backend, SECRET)
    far.put(NAME, b"payload")
    ((path, entry),) = backend.entries.items()
    backend.entries[path] = entry[:cut]
    assert far.get(NAME) is None


def test_an_entry_under_another_name_is_a_miss(backend: Memory) -> None:
    far = shared.SharedStore(backend, SECRET)
    far.put(NAME, b"payload")
    ((path, entry),) = backend.entries.items()
    backend.entries[path.replace(NAME, "feedface")] = entry
    assert far.get("feedface") is None


def test_who_has_another_secret_gets_nothing_and_destroys_nothing(backend: Memory) -> None:
    ours, theirs = shared.SharedStore(backend, SECRET), shared.SharedStore(backend, OTHER)
    ours.put(NAME, b"ours")
    assert theirs.get(NAME) is None
    theirs.put(NAME, b"theirs")
    assert (ours.get(NAME), theirs.get(NAME)) == (b"ours", b"theirs")
    # Nor does it help to put an entry where the others look.
    ours_path, theirs_path = backend.entries
    backend.entries[ours_path] = backend.entries[theirs_path]
    assert ours.get(NAME) is None


def test_neither_the_secret_nor_a_payload_alone_is_in_the_store(backend: Memory) -> None:
    shared.SharedStore(backend, SECRET).put(NAME, b"payload")
    ((path, entry),) = backend.entries.items()
    assert SECRET not in path
    assert SECRET.encode() not in entry


def test_the_secret_of_a_directory_is_no_secret_of_the_store(tmp_path: Path, backend: Memory) -> None:
    near = machine(tmp_path, backend)
    near.put(NAME, b"payload")
    ((path, _),) = backend.entries.items()
    backend.entries[path] = next(tmp_path.glob("*.entry")).read_bytes()
    next(tmp_path.glob("*.entry")).unlink()
    assert near.get(NAME) is None


def test_what_is_too_large_stays_where_it_was_made(tmp_path: Path, backend: Memory) -> None:
    near = machine(tmp_path, backend)
    large = bytes(shared.MAX_ENTRY_BYTES + 1)
    assert not near.put(NAME, large)
    assert not backend.entries
    assert near.get(NAME) == large


CALLS: list[Callable[[store.Store], object]] = [
    lambda far: far.get(NAME),
    lambda far: far.put(NAME, b"payload"),
    lambda far: far.remove(NAME),
]


@pytest.mark.parametrize("call", CALLS)
def test_a_store_that_fails_is_said_once_and_left_alone_for_a_while(
    backend: Memory, call: Callable[[store.Store], object], caplog: pytest.LogCaptureFixture
) -> None:
    far = shared.SharedStore(backend, SECRET)
    backend.failure = ConnectionError("redis://:password@host is not there")
    for each in [call, *CALLS]:
        assert not each(far)
    assert backend.calls == 1
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    assert "password" not in caplog.text
    backend.failure, far._rests_until = None, 0.0
    assert far.put(NAME, b"payload")
    assert far.get(NAME) == b"payload"


def test_a_function_is_compiled_by_one_machine_and_loaded_by_the_next(tmp_path: Path, backend: Memory) -> None:
    first, made = with_engine(promote, machine(tmp_path / "first", backend))
    second, loaded = with_engine(promote, machine(tmp_path / "second", backend))
    assert (first.tier, compilations(made)) == ("compiled", 1)
    assert (second.tier, compilations(loaded)) == ("compiled", 0)


def test_damage_in_the_store_is_compiled_again_and_never_a_wrong_number(tmp_path: Path, backend: Memory) -> None:
    async def make(served: engine.Engine) -> str:
        await promote(served)
        (key,) = served.library._live
        return served.library.name(key)

    name, _ = with_engine(make, machine(tmp_path / "first", backend))
    (path,) = (path for path in backend.entries if path.endswith(name))
    damaged = backend.entries[path] = backend.entries[path][:-1] + b"?"
    answer, recorder = with_engine(promote, machine(tmp_path / "second", backend))
    assert (answer.tier, compilations(recorder)) == ("compiled", 1)
    assert backend.entries[path] != damaged  # mended


def test_a_store_that_is_slow_holds_up_nobody(tmp_path: Path, backend: Memory) -> None:
    """It answers nothing at all while every function is asked for more often than it takes to look there."""

    async def use(served: engine.Engine) -> None:
        backend.answers.clear()
        try:
            for n in range(8):
                for _ in range(60):
                    answer = await served.answer(engine.Query("grad", f"a*x**{n + 2}", [1.0, 2.0]))
                    assert answer.derivative == 2.0 ** (n + 2)
                    await asyncio.sleep(0)
            assert served.library.coming
        finally:
            backend.answers.set()

    with_engine(use, machine(tmp_path, backend))


def test_no_call_of_a_store_is_on_the_event_loop(tmp_path: Path, backend: Memory) -> None:
    threads: set[int] = set()
    noting = backend._called

    def note() -> None:
        threads.add(threading.get_ident())
        noting()

    backend._called = note  # type: ignore[method-assign]

    async def use(served: engine.Engine) -> int:
        entry, _ = await served.registrar.register("x**3", None, "somebody")
        await served.registrar.entry(entry.function_id)
        await promote(served)
        key = next(iter(served.library._live))
        served.library.discard(key)
        return threading.get_ident()

    loop, _ = with_engine(use, machine(tmp_path, backend))
    assert threads
    assert loop not in threads


def test_a_function_is_in_the_store_before_anybody_hears_of_it(tmp_path: Path, backend: Memory) -> None:
    async def register(served: engine.Engine) -> str:
        entry, created = await served.registrar.register("x**3 + y", None, "somebody")
        assert created
        assert backend.entries
        return entry.function_id

    async def find(served: engine.Engine) -> tuple[str, ...]:
        return (await served.registrar.entry(function_id)).args

    function_id, _ = with_engine(register, machine(tmp_path / "first", backend))
    args, _ = with_engine(find, machine(tmp_path / "second", backend))
    assert args == ("x", "y")


def test_a_function_that_the_store_has_lost_is_there_again_when_it_is_registered_again(
    tmp_path: Path, backend: Memory, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def use(served: engine.Engine) -> None:
        backend.failure = ConnectionError()
        await served.registrar.register("x**3 + y", None, "somebody")
        backend.failure = None
        far._rests_until = 0.0
        _, created = await served.registrar.register("x**3 + y", None, "somebody")
        assert not created
        assert functions()
        lost = functions()
        for path in lost:
            del backend.entries[path]
        await served.registrar.register("x**3 + y", None, "somebody")
        assert not functions()  # it was written a moment ago
        monkeypatch.setattr("app.registry._WRITTEN_SECONDS", 0.0)
        served.registrar._registry._written.clear()
        await served.registrar.register("x**3 + y", None, "somebody")
        assert functions() == lost

    def functions() -> list[str]:
        return [path for path, entry in backend.entries.items() if b"x**3 + y" in entry]

    far = shared.SharedStore(backend, SECRET)
    with_engine(use, shared.Layers(store.DiskStore(tmp_path, 1 << 30), far))


def test_a_function_that_only_a_store_out_of_reach_has_is_not_found(tmp_path: Path, backend: Memory) -> None:
    backend.failure = TimeoutError()

    async def use(served: engine.Engine) -> None:
        with pytest.raises(errors.NotFound):
            await served.registrar.entry("0" * 32)
        await ask(served)

    with_engine(use, machine(tmp_path, backend))


def test_machine_code_of_another_processor_has_another_name(monkeypatch: pytest.MonkeyPatch) -> None:
    """What it was made for is part of the name, so a machine never meets code that it cannot run."""

    async def name(served: engine.Engine) -> str:
        return served.library.name(("key", "grad", "float64", 0))

    here, _ = with_engine(name)
    again, _ = with_engine(name)
    real = Path.read_text

    def read_text(path: Path, *args: str, **options: str) -> str:
        text = real(path, *args, **options)
        return text.replace(" avx2", "").replace(" fp", "") if path == Path("/proc/cpuinfo") else text

    monkeypatch.setattr(Path, "read_text", read_text)
    elsewhere, _ = with_engine(name)
    assert here == again != elsewhere
    monkeypatch.undo()
    assert "cpu" in compiler.environment()


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({"store": "redis://127.0.0.1"}, "store_secret"),
        ({"store": "redis://127.0.0.1", "store_secret": "short"}, "store_secret"),
        ({"store": "ftp://host/", "store_secret": SECRET}, "redis://"),
        ({"store": "host:6379", "store_secret": SECRET}, "redis://"),
        ({"store": "redis://host:port", "store_secret": SECRET}, "cannot be used"),
        ({"store": "s3://", "store_secret": SECRET}, "cannot be used"),
        ({"workers": 2, "rate_limit": "5/second"}, "rate_limit_storage"),
        ({"workers": 2, "cache_dir": ""}, "cache_dir"),
    ],
)
def test_settings_that_do_not_go_together_are_refused(values: dict[str, str | int], told: str) -> None:
    with pytest.raises(ValueError, match=told):
        settings.Settings(**values)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "url", ["redis://host:6379/0", "rediss://:key@host/1", "s3://bucket/prefix", "gs://bucket", "az://container"]
)
def test_a_store_need_not_be_there_when_the_service_starts(
    url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AZURE_STORAGE_ACCOUNT_NAME", "account")
    made = settings.Settings(store=url, store_secret=SECRET, cache_dir=str(tmp_path))
    assert isinstance(made.opened_store(), shared.Layers)


def test_a_library_that_is_missing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "obstore", None)
    with pytest.raises(ValueError, match=r"pip install 'gradserve\[objects\]'"):
        shared.check("s3://bucket")
