"""What is on disk is right, or it is not there."""

import errno
import os
import threading
from pathlib import Path

import pytest

from app import store

NAME = "0123456789abcdef"


@pytest.fixture
def disk(tmp_path: Path) -> store.DiskStore:
    return store.DiskStore(tmp_path / "cache", 1 << 20)


def entry(disk: store.DiskStore, tmp_path: Path) -> Path:
    disk.put(NAME, b"payload")
    (path,) = (tmp_path / "cache").glob("*.entry")
    return path


def test_what_is_put_is_got_also_by_another_process_of_the_directory(disk: store.DiskStore, tmp_path: Path) -> None:
    disk.put(NAME, b"payload")
    assert disk.has(NAME)
    assert disk.get(NAME) == b"payload"
    assert store.DiskStore(tmp_path / "cache", 1 << 20).get(NAME) == b"payload"


def test_an_unknown_name_is_a_miss(disk: store.DiskStore) -> None:
    assert not disk.has("feedface")
    assert disk.get("feedface") is None


def test_the_directory_and_its_key_are_the_owners_alone(disk: store.DiskStore, tmp_path: Path) -> None:
    path = entry(disk, tmp_path)
    assert (tmp_path / "cache").stat().st_mode & 0o777 == 0o700
    assert (tmp_path / "cache" / "secret").stat().st_mode & 0o777 == 0o600
    assert path.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("cut", [0, 1, 11, 30, 43, 44, 49])
def test_a_truncated_entry_is_a_miss_and_goes(disk: store.DiskStore, tmp_path: Path, cut: int) -> None:
    path = entry(disk, tmp_path)
    path.write_bytes(path.read_bytes()[:cut])
    assert disk.get(NAME) is None
    assert not path.exists()


def test_every_flipped_byte_is_a_miss(disk: store.DiskStore, tmp_path: Path) -> None:
    content = entry(disk, tmp_path).read_bytes()
    for index in range(len(content)):
        path = entry(disk, tmp_path)
        path.write_bytes(content[:index] + bytes([content[index] ^ 1]) + content[index + 1 :])
        assert disk.get(NAME) is None


def test_an_entry_under_another_name_is_a_miss(disk: store.DiskStore, tmp_path: Path) -> None:
    path = entry(disk, tmp_path)
    path.rename(path.with_name("fedcba9876543210.entry"))
    assert disk.get("fedcba9876543210") is None


def test_an_entry_of_another_directory_is_a_miss(disk: store.DiskStore, tmp_path: Path) -> None:
    path = entry(disk, tmp_path)
    other = store.DiskStore(tmp_path / "other", 1 << 20)
    (tmp_path / "other" / path.name).write_bytes(path.read_bytes())
    assert other.get(NAME) is None


def test_the_entries_longest_untouched_go_first(tmp_path: Path) -> None:
    disk = store.DiskStore(tmp_path, 5000)
    for index in range(10):
        disk.put(f"{index:02x}", bytes(900))
        os.utime(tmp_path / f"{index:02x}.entry", (index, index))
    assert disk.get("00") == bytes(900)  # touched: now the youngest
    disk.sweep()
    kept = {path.stem for path in tmp_path.glob("*.entry")}
    assert "00" in kept
    assert kept == {"00", "09", "08", "07", "06"}
    assert sum(path.stat().st_size for path in tmp_path.glob("*.entry")) <= 5000


def test_a_directory_others_may_write_to_is_not_used(tmp_path: Path) -> None:
    (tmp_path / "open").mkdir()
    (tmp_path / "open").chmod(0o777)
    with pytest.raises(PermissionError):
        store.DiskStore(tmp_path / "open", 1 << 20)
    assert isinstance(store.open_store(tmp_path / "open", 1 << 20), store.NoStore)


def test_a_key_others_may_read_is_not_used(disk: store.DiskStore, tmp_path: Path) -> None:
    entry(disk, tmp_path)
    (tmp_path / "cache" / "secret").chmod(0o644)
    with pytest.raises(PermissionError):
        store.DiskStore(tmp_path / "cache", 1 << 20)


def test_a_directory_that_cannot_be_made_degrades_to_nothing_kept(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    kept = store.open_store(tmp_path / "file" / "cache", 1 << 20)
    kept.put(NAME, b"payload")
    assert kept.get(NAME) is None
    assert not kept.has(NAME)


def test_a_full_disk_is_said_once_and_left_alone_for_a_while_and_what_is_there_can_be_read(
    disk: store.DiskStore, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    disk.put(NAME, b"payload")
    tried = []

    def full(path: Path, _: bytes) -> None:
        tried.append(path)
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(store, "_write", full)
        for n in range(5):
            disk.put(f"{n:040x}", b"more")
    assert len(tried) == 1
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    assert disk.get(NAME) == b"payload"
    assert not disk.has(f"{0:040x}")
    disk._rests_until = 0.0
    disk.put(f"{0:040x}", b"more")
    assert disk.get(f"{0:040x}") == b"more"


def test_a_directory_that_vanishes_is_a_miss_and_no_error(disk: store.DiskStore, tmp_path: Path) -> None:
    path = entry(disk, tmp_path)
    for file in path.parent.iterdir():
        file.unlink()
    path.parent.rmdir()
    disk.put(NAME, b"payload")
    assert disk.get(NAME) is None


def test_many_that_open_a_directory_at_once_share_one_key(tmp_path: Path) -> None:
    opened: list[store.DiskStore] = []
    start = threading.Barrier(8)

    def open_one() -> None:
        start.wait()
        opened.append(store.DiskStore(tmp_path / "cache", 1 << 20))

    threads = [threading.Thread(target=open_one) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    opened[0].put(NAME, b"payload")
    assert [disk.get(NAME) for disk in opened] == [b"payload"] * 8
    assert not list((tmp_path / "cache").glob(".secret*"))
