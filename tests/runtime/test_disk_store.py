"""The store on disk: its entries are right or missing."""

import errno
import os
import threading
from pathlib import Path

import pytest

from app.runtime.store import disk as disk_store

NAME = "0123456789abcdef"


SEAL = disk_store.Seal(b"secret")
ENTRY = SEAL.sign(NAME, b"payload")


def test_a_seal_verifies_its_own_entries() -> None:
    assert SEAL.verified(NAME, ENTRY) == b"payload"


def test_a_seal_detects_truncated_entries_and_every_changed_byte() -> None:
    for size in range(len(ENTRY)):
        assert SEAL.verified(NAME, ENTRY[:size]) is None
        assert SEAL.verified(NAME, ENTRY[:size] + bytes([ENTRY[size] ^ 1]) + ENTRY[size + 1 :]) is None


def test_a_seal_detects_entries_of_another_name_or_secret() -> None:
    assert SEAL.verified("feedface", ENTRY) is None
    assert disk_store.Seal(b"other").verified(NAME, ENTRY) is None


@pytest.fixture
def disk(tmp_path: Path) -> disk_store.DiskStore:
    return disk_store.DiskStore(tmp_path / "cache", 1 << 20)


def entry(disk: disk_store.DiskStore, tmp_path: Path) -> Path:
    disk.put(NAME, b"payload")
    (path,) = (tmp_path / "cache").glob("*.entry")
    return path


def test_an_entry_is_found_by_every_process_of_the_directory(disk: disk_store.DiskStore, tmp_path: Path) -> None:
    disk.put(NAME, b"payload")
    assert disk.has(NAME)
    assert disk.get(NAME) == b"payload"
    assert disk_store.DiskStore(tmp_path / "cache", 1 << 20).get(NAME) == b"payload"


def test_an_unknown_name_is_not_found(disk: disk_store.DiskStore) -> None:
    assert not disk.has("feedface")
    assert disk.get("feedface") is None


def test_only_the_owner_can_access_the_directory_and_its_key(disk: disk_store.DiskStore, tmp_path: Path) -> None:
    path = entry(disk, tmp_path)
    assert (tmp_path / "cache").stat().st_mode & 0o777 == 0o700
    assert (tmp_path / "cache" / "secret").stat().st_mode & 0o777 == 0o600
    assert path.stat().st_mode & 0o077 == 0


def test_a_damaged_entry_is_a_miss_and_removed(disk: disk_store.DiskStore, tmp_path: Path) -> None:
    path = entry(disk, tmp_path)
    path.write_bytes(path.read_bytes()[:-1] + b"?")
    assert disk.get(NAME) is None
    assert not path.exists()


def test_an_entry_of_another_directory_is_a_miss(disk: disk_store.DiskStore, tmp_path: Path) -> None:
    path = entry(disk, tmp_path)
    other = disk_store.DiskStore(tmp_path / "other", 1 << 20)
    (tmp_path / "other" / path.name).write_bytes(path.read_bytes())
    assert other.get(NAME) is None


def test_the_least_recently_used_entries_are_removed_first(tmp_path: Path) -> None:
    disk = disk_store.DiskStore(tmp_path, 5000)
    for index in range(10):
        disk.put(f"{index:02x}", bytes(900))
        os.utime(tmp_path / f"{index:02x}.entry", (index, index))
    assert disk.get("00") == bytes(900)  # now the most recently used
    disk.touch("01")
    disk.touch("ff")  # there is none
    disk.sweep()
    kept = {path.stem for path in tmp_path.glob("*.entry")}
    assert kept == {"00", "01", "09", "08", "07"}
    assert sum(path.stat().st_size for path in tmp_path.glob("*.entry")) <= 5000


def test_a_directory_that_others_may_write_to_is_not_used(tmp_path: Path) -> None:
    (tmp_path / "open").mkdir()
    (tmp_path / "open").chmod(0o777)
    with pytest.raises(PermissionError):
        disk_store.DiskStore(tmp_path / "open", 1 << 20)
    assert isinstance(disk_store.open_store(tmp_path / "open", 1 << 20), disk_store.NoStore)


def test_a_key_that_others_may_read_is_not_used(disk: disk_store.DiskStore, tmp_path: Path) -> None:
    entry(disk, tmp_path)
    (tmp_path / "cache" / "secret").chmod(0o644)
    with pytest.raises(PermissionError):
        disk_store.DiskStore(tmp_path / "cache", 1 << 20)


def test_without_a_usable_directory_nothing_is_stored(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    kept = disk_store.open_store(tmp_path / "file" / "cache", 1 << 20)
    kept.put(NAME, b"payload")
    assert kept.get(NAME) is None
    assert not kept.has(NAME)


def test_a_full_disk_is_logged_once_and_not_written_for_a_while_but_still_read(
    disk: disk_store.DiskStore, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    disk.put(NAME, b"payload")
    tried = []

    def full(path: Path, _: bytes) -> None:
        tried.append(path)
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(disk_store, "_write", full)
        for n in range(5):
            disk.put(f"{n:040x}", b"more")
    assert len(tried) == 1
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    assert disk.get(NAME) == b"payload"
    assert not disk.has(f"{0:040x}")
    disk._retry_at = 0.0
    disk.put(f"{0:040x}", b"more")
    assert disk.get(f"{0:040x}") == b"more"


def test_a_removed_directory_is_no_error(disk: disk_store.DiskStore, tmp_path: Path) -> None:
    path = entry(disk, tmp_path)
    for file in path.parent.iterdir():
        file.unlink()
    path.parent.rmdir()
    disk.put(NAME, b"payload")
    assert disk.get(NAME) is None


def test_stores_that_open_a_directory_at_the_same_time_share_one_key(tmp_path: Path) -> None:
    opened: list[disk_store.DiskStore] = []
    start = threading.Barrier(8)

    def open_one() -> None:
        start.wait()
        opened.append(disk_store.DiskStore(tmp_path / "cache", 1 << 20))

    threads = [threading.Thread(target=open_one) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    opened[0].put(NAME, b"payload")
    assert [disk.get(NAME) for disk in opened] == [b"payload"] * 8
    assert not list((tmp_path / "cache").glob(".secret*"))
