"""Bytes on disk that outlive the process: authenticated, written atomically, bounded, shared by many processes.

An entry is a sealed file named by its key. The seal's secret lies in the same directory, readable by its owner alone:
it keeps out torn, damaged and foreign files, and with them wrong numbers; who can read the secret can write entries,
and loading an executable runs it, so the directory is the owner's only. Anything that does not fit is a miss, never an
error.

Files are written beside their place and renamed (POSIX: atomic), so a reader sees all of one or nothing. Reading
an entry touches it; when the directory is over its bound the entries longest untouched go.
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
_SWEEP_EVERY = 64
_REST_SECONDS = 30.0
"""A disk that failed to take an entry is left alone for so long."""


class Store(Protocol):
    """Bytes by name, names being hex digests. All but ``has`` may take as long as a disk or a network does."""

    def get(self, name: str) -> bytes | None:
        """Return the bytes, or None."""

    def has(self, name: str) -> bool:
        """Return whether ``get`` may find something on this machine, at the price of one system call."""

    def put(self, name: str, payload: bytes) -> bool:
        """Keep bytes; return whether they are kept everywhere they should be, losing them being no error."""

    def remove(self, name: str) -> None:
        """Forget an entry."""


class Seal:
    """Makes entries that only who has the secret can make: ``magic, HMAC-SHA-256 of (name, payload), payload``.

    Args:
        secret: key of the HMAC (RFC 2104).
    """

    def __init__(self, secret: bytes) -> None:
        self._secret = secret

    def close(self, name: str, payload: bytes) -> bytes:
        """Return an entry."""
        return self._head(name, payload) + payload

    def open(self, name: str, entry: bytes) -> bytes | None:
        """Return the payload of an entry, or None if it is damaged, foreign or another name's."""
        payload = entry[len(_MAGIC) + hashlib.sha256().digest_size :]
        return payload if hmac.compare_digest(entry, self.close(name, payload)) else None

    def _head(self, name: str, payload: bytes) -> bytes:
        return _MAGIC + hmac.digest(self._secret, name.encode() + b"\n" + payload, "sha256")


class NoStore:
    """Keeps nothing."""

    def get(self, name: str) -> bytes | None:  # noqa: ARG002 - the protocol's name
        return None

    def has(self, name: str) -> bool:  # noqa: ARG002
        return False

    def put(self, name: str, payload: bytes) -> bool:  # noqa: ARG002
        return False

    def remove(self, name: str) -> None:
        pass


class DiskStore:
    """Keeps entries in a directory. Safe to use from threads and from several processes.

    Args:
        directory: made if missing, for its owner alone.
        max_bytes: bound on all entries together; may be passed by a few entries between sweeps.

    Raises:
        OSError: the directory cannot be made or used.
        PermissionError: it belongs to somebody else, or others may write to it.
    """

    def __init__(self, directory: Path, max_bytes: int) -> None:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        status = directory.stat()
        if status.st_uid != os.geteuid() or status.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
            raise PermissionError(f"{directory} must belong to this user and be writable by nobody else")
        self._directory = directory
        self._max_bytes = max_bytes
        self._seal = Seal(_shared_secret(directory / _SECRET))
        self._puts = 0
        self._rests_until = 0.0

    def get(self, name: str) -> bytes | None:
        path = self._path(name)
        try:
            entry = path.read_bytes()
        except OSError:
            return None
        payload = self._seal.open(name, entry)
        if payload is None:
            _log.warning("dropped a damaged or foreign cache entry: %s", path.name)
            self.remove(name)
            return None
        with contextlib.suppress(OSError):
            os.utime(path)
        return payload

    def put(self, name: str, payload: bytes) -> bool:
        if time.monotonic() < self._rests_until:
            return False
        try:
            _write(self._path(name), self._seal.close(name, payload))
        except OSError as error:
            # Full or read-only: what is compiled is kept in memory, and the disk is tried again in a while.
            self._rests_until = time.monotonic() + _REST_SECONDS
            _log.warning("the cache on disk takes nothing, memory has to do: %s", error.strerror)
            return False
        self._puts += 1
        if self._puts % _SWEEP_EVERY == 1:
            self.sweep()
        return True

    def has(self, name: str) -> bool:
        try:
            return self._path(name).exists()
        except OSError:
            return False

    def remove(self, name: str) -> None:
        with contextlib.suppress(OSError):
            self._path(name).unlink()

    def sweep(self) -> None:
        """Remove the entries longest untouched until the rest fit the bound."""
        entries = []
        with contextlib.suppress(OSError):
            for path in self._directory.iterdir():
                with contextlib.suppress(OSError):
                    status = path.stat()
                    if path.suffix == _SUFFIX:
                        entries.append((status.st_mtime, status.st_size, path))
        total = sum(size for _, size, _ in entries)
        for _, size, path in sorted(entries):
            if total <= self._max_bytes:
                break
            with contextlib.suppress(OSError):
                path.unlink()
            total -= size

    def _path(self, name: str) -> Path:
        return self._directory / (name + _SUFFIX)


def open_store(directory: Path | None, max_bytes: int) -> Store:
    """Return the store in a directory, or, with a warning, one that keeps nothing if the directory cannot be used."""
    if directory is None:
        return NoStore()
    try:
        return DiskStore(directory, max_bytes)
    except OSError as error:
        _log.warning("no cache on disk: %s", error)
        return NoStore()


def _shared_secret(path: Path) -> bytes:
    """Return the key all processes of this directory share; the first one to link it into place makes it."""
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
    handle, draft = tempfile.mkstemp(dir=path.parent, prefix=".")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        Path(draft).replace(path)
    except OSError:
        with contextlib.suppress(OSError):
            Path(draft).unlink()
        raise
