"""Bytes by name in a directory: authenticated, written atomically, bounded, shared by several processes.

An entry is a file with an HMAC. The key of the HMAC is a file in the same directory that only its owner can read. The
HMAC detects incomplete, damaged and foreign files, so wrong bytes are a miss and never an error. Loading an executable
runs it: whoever can read the key can run code in the service, so the directory must belong to the user of the process.

A file is written under a temporary name and then renamed (atomic in POSIX), so a reader sees a complete file or none.
Reading an entry updates its time; when the directory is too large, the entries that were not used for longest go.
"""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import logging
import os
import secrets
import stat
import tempfile
import time
from pathlib import Path
from typing import Protocol

_log = logging.getLogger("gradserve")

_MAGIC = b"gradserve1\n"
_SECRET = "secret"  # noqa: S105 - the name of a file
_SUFFIX = ".entry"
_DRAFT = ".draft-"
_SWEEP_EVERY = 64  # entries written
_SWEEP_BYTES = 64 << 20  # or so many bytes
_DRAFT_SECONDS = 600.0  # a draft that is older was left by a process that was killed
_RETRY_SECONDS = 30.0  # after a failed write, nothing is written for this long


class Store(Protocol):
    """Bytes by name; names are hex digests. Every method but ``has`` may wait for a disk or a network.

    Most entries are written once and never change; only those that ``latest`` is asked for may.
    """

    def get(self, name: str) -> bytes | None:
        """Return the bytes, or None."""

    def latest(self, name: str) -> bytes | None:
        """Return the same for an entry that other machines may have written again since it was read here."""

    def has(self, name: str) -> bool:
        """Return whether ``get`` may find the entry on this machine, at the cost of one system call."""

    def touch(self, name: str) -> None:
        """Count an entry as used: whoever has its bytes in memory does not read it again."""

    def put(self, name: str, payload: bytes) -> bool:
        """Store bytes; return whether they are stored, on this machine and elsewhere. A failure is not an error."""

    def remove(self, name: str) -> None:
        """Remove an entry."""


class NoStore:
    """A store that stores nothing."""

    def get(self, name: str) -> bytes | None:  # noqa: ARG002 - the protocol's name
        return None

    def latest(self, name: str) -> bytes | None:  # noqa: ARG002
        return None

    def has(self, name: str) -> bool:  # noqa: ARG002
        return False

    def touch(self, name: str) -> None:
        pass

    def put(self, name: str, payload: bytes) -> bool:  # noqa: ARG002
        return False

    def remove(self, name: str) -> None:
        pass


class Seal:
    """Signs and verifies entries: ``magic, HMAC-SHA-256 of (name, payload), payload`` (RFC 2104)."""

    def __init__(self, secret: bytes) -> None:
        self._secret = secret

    def sign(self, name: str, payload: bytes) -> bytes:
        return _MAGIC + hmac.digest(self._secret, name.encode() + b"\n" + payload, "sha256") + payload

    def verified(self, name: str, entry: bytes) -> bytes | None:
        """Return the payload of an entry, or None if the entry is damaged, foreign or of another name."""
        payload = entry[len(_MAGIC) + hashlib.sha256().digest_size :]
        return payload if hmac.compare_digest(entry, self.sign(name, payload)) else None


class DiskStore:
    """Entries in a directory. Safe to use from threads and from several processes.

    All entries together have ``max_bytes``, and a bit more between two sweeps. Raises ``OSError`` if the directory
    cannot be created or used, belongs to another user, or others may write to it.
    """

    def __init__(self, directory: Path, max_bytes: int) -> None:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        status = directory.stat()
        if status.st_uid != os.geteuid() or status.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
            raise PermissionError(f"{directory} must belong to this user and be writable by nobody else")
        self._directory, self._max_bytes = directory, max_bytes
        self._root = f"{directory}{os.sep}"
        self._seal = Seal(_shared_secret(directory / _SECRET))
        self._puts, self._written = 0, 0  # since the last sweep
        self._retry_at = 0.0

    def get(self, name: str) -> bytes | None:
        path = self._path(name)
        try:
            entry = path.read_bytes()
        except OSError:
            return None
        payload = self._seal.verified(name, entry)
        if payload is None:
            _log.warning("dropped a damaged or foreign cache entry: %s", path.name)
            self.remove(name)
            return None
        self.touch(name)
        return payload

    def touch(self, name: str) -> None:
        with contextlib.suppress(OSError):
            os.utime(self._path(name))

    def put(self, name: str, payload: bytes) -> bool:
        if time.monotonic() < self._retry_at:
            return False
        try:
            _write(self._path(name), self._seal.sign(name, payload))
        except OSError as error:
            # Full or read-only: executables stay in memory, and the disk is tried again later.
            self._retry_at = time.monotonic() + _RETRY_SECONDS
            _log.warning("the cache on disk cannot be written, executables stay in memory only: %s", error.strerror)
            return False
        self._puts += 1
        self._written += len(payload)
        if self._puts % _SWEEP_EVERY == 1 or self._written > _SWEEP_BYTES:
            self.sweep()
        return True

    latest = get

    def has(self, name: str) -> bool:
        return os.path.exists(f"{self._root}{name}{_SUFFIX}")  # noqa: PTH110 - asked for every new function

    def remove(self, name: str) -> None:
        with contextlib.suppress(OSError):
            self._path(name).unlink()

    def sweep(self) -> None:
        """Remove the least recently used entries until the others fit into ``max_bytes``, and abandoned drafts."""
        self._written = 0
        self._remove_drafts()
        entries = []
        for path in self._directory.glob(f"*{_SUFFIX}"):
            with contextlib.suppress(OSError):  # another process has removed it
                status = path.stat()
                entries.append((status.st_mtime, status.st_size, path))
        total = sum(size for _, size, _ in entries)
        for _, size, path in sorted(entries):
            if total <= self._max_bytes:
                break
            with contextlib.suppress(OSError):
                path.unlink()
            total -= size

    def _remove_drafts(self) -> None:
        for draft in self._directory.glob(f"{_DRAFT}*"):
            with contextlib.suppress(OSError):
                if draft.stat().st_mtime < time.time() - _DRAFT_SECONDS:
                    draft.unlink()

    def _path(self, name: str) -> Path:
        return self._directory / (name + _SUFFIX)


def open_store(directory: Path | None, max_bytes: int) -> Store:
    """Return the store of a directory; if there is none or it cannot be used (a warning), one that stores nothing."""
    if directory is None:
        return NoStore()
    try:
        return DiskStore(directory, max_bytes)
    except OSError as error:
        _log.warning("no cache on disk: %s", error)
        return NoStore()


def _shared_secret(path: Path) -> bytes:
    """Return the key that all processes of a directory share; the first process creates it."""
    with contextlib.suppress(FileNotFoundError):
        return _read_secret(path)
    draft = path.with_name(f".{_SECRET}-{secrets.token_hex(8)}")
    draft.touch(mode=0o600)
    draft.write_bytes(secrets.token_bytes(32))
    with contextlib.suppress(FileExistsError):
        os.link(draft, path)
    draft.unlink()
    return _read_secret(path)


def _read_secret(path: Path) -> bytes:
    status = path.stat()
    if status.st_uid != os.geteuid() or stat.S_IMODE(status.st_mode) & 0o077:
        raise PermissionError(f"{path} must be readable by its owner alone")
    secret = path.read_bytes()
    if len(secret) != 32:
        raise PermissionError(f"{path} is not a key")
    return secret


def _write(path: Path, content: bytes) -> None:
    handle, draft = tempfile.mkstemp(dir=path.parent, prefix=_DRAFT)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        Path(draft).replace(path)
    except OSError:
        with contextlib.suppress(OSError):
            Path(draft).unlink()
        raise
