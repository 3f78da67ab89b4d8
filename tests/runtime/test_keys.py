"""The file of keys: what is written, who may write it, what is refused, and how changes are noticed."""

import hashlib
import json
import logging
import multiprocessing
import os
import pwd
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from app.runtime import keys

VALID = {
    "name": "ci",
    "sha256": "0" * 64,
    "scopes": ["ask"],
    "quota": "",
    "created": "2026-01-31T12:00:00+00:00",
    "revoked": None,
}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "folder" / "keys.json"


def audit(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.with_name(f"{path.name}.audit").read_text().splitlines()]


def test_the_file_has_the_digest_of_a_secret_and_never_the_secret(path: Path) -> None:
    secret = keys.add(path, "ci", ["register", "ask"], "100/minute")
    (key,) = keys.load(path)
    assert (key.name, key.scopes, key.quota, key.revoked) == ("ci", ("ask", "register"), "100/minute", None)
    assert key.sha256 == hashlib.sha256(secret.encode()).hexdigest()
    for file in path.parent.iterdir():
        assert secret.encode() not in file.read_bytes()
        assert secret.encode()[3:] not in file.read_bytes()
        assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_secrets_are_long_and_never_the_same(path: Path) -> None:
    found = {keys.add(path, f"k{n}", ["ask"]) for n in range(20)}
    assert len(found) == 20
    assert all(len(secret) >= 43 and secret.isascii() and secret.isprintable() for secret in found)


def test_every_change_has_a_line_in_the_audit_log(path: Path) -> None:
    keys.add(path, "a", ["ask"])
    keys.add(path, "b", ["metrics"], "1/second")
    keys.revoke(path, "a")
    lines = audit(path)
    assert [(line["change"], line["key"]) for line in lines] == [("added", "a"), ("added", "b"), ("revoked", "a")]
    assert {line["user"] for line in lines} == {pwd.getpwuid(os.getuid()).pw_name}
    assert (lines[1]["scopes"], lines[1]["quota"]) == (["metrics"], "1/second")
    assert all(line["time"] for line in lines)


def test_the_line_of_a_change_is_in_the_audit_log_before_the_change(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    replace, lines = Path.replace, []

    def replaced(draft: Path, target: Path) -> Path:
        lines.append([line["key"] for line in audit(path)])
        return replace(draft, target)

    monkeypatch.setattr(Path, "replace", replaced)
    keys.add(path, "a", ["ask"])
    keys.add(path, "b", ["ask"])
    assert lines == [["a"], ["a", "b"]]


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda path: keys.add(path, "ci", ["ask"]), "used once"),
        (lambda path: keys.add(path, "two words", ["ask"]), "name is"),
        (lambda path: keys.add(path, "", ["ask"]), "name is"),
        (lambda path: keys.add(path, "a\nb", ["ask"]), "name is"),
        (lambda path: keys.add(path, "x" * 65, ["ask"]), "name is"),
        (lambda path: keys.add(path, "x", []), "scopes is"),
        (lambda path: keys.add(path, "x", ["ask", "admin"]), "ask, register, metrics"),
        (lambda path: keys.add(path, "x", ["ask"], "often"), "quota is"),
        (lambda path: keys.add(path, "x", ["ask"], "1/fortnight"), "quota is"),
        (lambda path: keys.add(path, "x", ["ask"], f"{'9' * 20}/minute"), "quota is"),
        (lambda path: keys.revoke(path, "nobody"), "there are: ci"),
        (lambda path: keys.revoke(path.with_name("none"), "ci"), "No such file"),
        (lambda _: keys.add(Path("/proc/keys.json"), "x", ["ask"]), "cannot be changed"),
    ],
)
def test_a_change_that_cannot_be_is_one_line_and_changes_nothing(
    path: Path, change: Callable[[Path], Any], told: str
) -> None:
    keys.add(path, "ci", ["ask"])
    before = path.read_bytes(), audit(path)
    with pytest.raises(ValueError, match=told) as refused:
        change(path)
    assert "\n" not in str(refused.value)
    assert (path.read_bytes(), audit(path)) == before
    assert sorted(each.name for each in path.parent.iterdir()) == ["keys.json", "keys.json.audit"]


def test_a_name_is_used_once_and_a_key_is_revoked_once(path: Path) -> None:
    keys.add(path, "ci", ["ask"])
    keys.revoke(path, "ci")
    with pytest.raises(ValueError, match="was revoked"):
        keys.revoke(path, "ci")
    with pytest.raises(ValueError, match="used once"):
        keys.add(path, "ci", ["ask"])


def with_member(**members: Any) -> dict[str, Any]:
    return {"version": 1, "keys": [VALID | members]}


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "no JSON"),
        (b"\xff", "no JSON"),
        (b"{", "no JSON"),
        (b"[" * 100_000, "no JSON"),
        (b"null", "version and keys"),
        (b"[]", "version and keys"),
        ({"version": 2, "keys": []}, "its version is 1"),
        ({"version": 1, "keys": {}}, "a list"),
        ({"version": 1, "keys": [], "more": 1}, "nothing else"),
        ({"version": 1, "keys": [None]}, "key 1: "),
        ({"version": 1, "keys": [VALID | {"admin": True}]}, "key 1: a key has name"),
        ({"version": 1, "keys": [{"name": "ci"}]}, "key 1: a key has name"),
        ({"version": 1, "keys": [VALID, VALID | {"sha256": "1" * 64}]}, "same name"),
        ({"version": 1, "keys": [VALID, VALID | {"name": "b"}]}, "same sha256"),
        (with_member(name="a\nb"), "key 1: name is"),
        (with_member(name=1), "key 1: name is"),
        (with_member(sha256="secret"), "key 1: sha256 is"),
        (with_member(sha256="A" * 64), "key 1: sha256 is"),
        (with_member(scopes="ask"), "key 1: scopes is"),
        (with_member(scopes=[]), "key 1: scopes is"),
        (with_member(scopes=["ask", "ask"]), "key 1: scopes is"),
        (with_member(scopes=["ask", ["ask"]]), "key 1: scopes is"),
        (with_member(scopes=["root"]), "key 1: scopes is"),
        (with_member(quota=None), "key 1: quota is"),
        (with_member(quota="often"), "key 1: quota is"),
        (with_member(quota="1/minute;" * 100), "key 1: quota is"),
        (with_member(created="yesterday"), "key 1: created is"),
        (with_member(created="2026-01-31"), "key 1: created is"),
        (with_member(revoked=True), "key 1: revoked is"),
        (b" " * (9 << 20), "bytes"),
    ],
)
def test_a_file_that_is_not_of_this_form_is_refused_with_the_place(path: Path, content: Any, told: str) -> None:
    path.parent.mkdir()
    path.write_bytes(content if isinstance(content, bytes) else json.dumps(content).encode())
    with pytest.raises(ValueError, match=told) as refused:
        keys.load(path)
    assert str(path) in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("mode", [0o620, 0o602, 0o666])
def test_a_file_that_others_may_write_is_refused(path: Path, mode: int) -> None:
    keys.add(path, "ci", ["ask"])
    path.chmod(mode)
    with pytest.raises(ValueError, match="its owner alone"):
        keys.load(path)


def test_a_change_keeps_the_mode_and_the_owner_of_the_file(path: Path) -> None:
    keys.add(path, "a", ["ask"])
    path.chmod(0o640)
    if os.geteuid() == 0:
        os.chown(path, 12345, 54321)
    before = path.stat()
    keys.add(path, "b", ["ask"])
    after = path.stat()
    assert after.st_ino != before.st_ino
    assert (after.st_mode, after.st_uid, after.st_gid) == (before.st_mode, before.st_uid, before.st_gid)


def add_ten(path: Path, prefix: str) -> None:
    for n in range(10):
        keys.add(path, f"{prefix}{n}", ["ask"])


def test_processes_that_add_keys_at_once_lose_none(path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    processes = [context.Process(target=add_ten, args=(path, prefix)) for prefix in "abc"]
    for process in processes:
        process.start()
    for process in processes:
        process.join(60)
        assert process.exitcode == 0
    assert sorted(key.name for key in keys.load(path)) == sorted(f"{prefix}{n}" for prefix in "abc" for n in range(10))
    assert len(audit(path)) == 30


def told(caplog: pytest.LogCaptureFixture) -> list[str]:
    found = [record.getMessage() for record in caplog.records]
    caplog.clear()
    return found


def test_changes_of_the_file_are_noticed_and_logged(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "gradserve")
    keys.add(path, "a", ["ask"])
    watched = keys.Watched(path)
    assert not watched.refresh()
    secret = keys.add(path, "b", ["ask"], "5/second")
    assert watched.refresh()
    assert [key.name for key in watched.keys] == ["a", "b"]
    assert (caplog.records[0].scopes, caplog.records[0].quota) == ("ask", "5/second")  # type: ignore[attr-defined]
    assert told(caplog) == ["key b added"]
    keys.revoke(path, "a")
    assert watched.refresh()
    assert not watched.refresh()
    document = json.loads(path.read_text())
    document["keys"][1]["scopes"] = ["metrics"]
    path.write_text(json.dumps(document))
    assert watched.refresh()
    del document["keys"][0]
    path.write_text(json.dumps(document))
    assert watched.refresh()
    lines = told(caplog)
    assert lines == ["key a revoked", "key b changed", "key a removed"]
    assert not any(secret in line for line in lines)
    path.touch()
    assert not watched.refresh()
    assert told(caplog) == []


@pytest.mark.parametrize("spoil", ["garbage", "open", "gone"])
def test_a_file_that_is_spoiled_leaves_the_keys_as_they_were_and_is_told_once(
    path: Path, caplog: pytest.LogCaptureFixture, spoil: str
) -> None:
    keys.add(path, "a", ["ask"])
    watched = keys.Watched(path)
    good, before = path.read_bytes(), watched.keys
    if spoil == "gone":
        path.unlink()
    elif spoil == "open":
        path.chmod(0o666)
    else:
        path.write_bytes(good[: len(good) // 2])
    assert [watched.refresh() for _ in range(3)] == [False] * 3
    assert watched.keys == before
    (line,) = told(caplog)
    assert line.startswith("keys stay as they were: ")
    path.unlink(missing_ok=True)
    path.write_bytes(good)
    path.chmod(0o600)
    watched.refresh()
    keys.revoke(path, "a")
    assert watched.refresh()
    assert watched.keys[0].revoked
