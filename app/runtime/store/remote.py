"""Bytes by name that machines share, in Redis or in a bucket.

Entries are machine code, so they are authenticated with a secret that all machines know and the store does not:
whoever can only write to the store cannot make a machine run anything. A digest of the secret is part of each path, so
machines with different secrets do not see each other's entries, and the secret can be changed.

Each machine looks on its own disk first, and copies to it what it finds in the shared store. A slow, unreachable or
full store fails no request: every call ends within seconds, and after a failure, which is logged once, the store is
not used for a while. Calls block, so they must not run on an event loop; only ``has``, which asks the disk, may.
"""

from __future__ import annotations

import hashlib
import importlib
import logging
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any, Protocol
from urllib.parse import urlsplit

from app.runtime.store import disk

_log = logging.getLogger("gradserve")

SECRET_CHARACTERS = 32  # smallest length of a secret: 128 bits as hex digits
MAX_ENTRY_BYTES = 16 << 20  # larger entries are not shared
KEPT = timedelta(days=30)
"""Redis removes an entry that is not fetched for this long. A bucket needs a lifecycle rule of its owner."""

_RETRY_SECONDS = 30.0  # after a failure, the store is not used for this long
_FAILED = object()

_CONNECT_SECONDS, _ANSWER_SECONDS = 1.0, 2.0


class Backend(Protocol):
    """Bytes by path, shared by machines. Each call returns or raises within seconds. Safe to use from threads."""

    def get(self, path: str) -> bytes | None: ...
    def touch(self, path: str) -> None: ...
    def put(self, path: str, content: bytes) -> None: ...
    def remove(self, path: str) -> None: ...


class Redis:
    """A Redis server, 6.2 or newer: redis://host:6379/0, or rediss:// for TLS."""

    def __init__(self, url: str) -> None:
        redis, retry, backoff = (_imported(name, "redis") for name in ("redis", "redis.retry", "redis.backoff"))
        self._client: Any = redis.Redis.from_url(
            url,
            socket_connect_timeout=_CONNECT_SECONDS,
            socket_timeout=_ANSWER_SECONDS,
            retry=retry.Retry(backoff.NoBackoff(), 0),
        )

    def get(self, path: str) -> bytes | None:
        content: bytes | None = self._client.getex(f"gradserve/{path}", ex=KEPT)
        return content

    def touch(self, path: str) -> None:
        self._client.expire(f"gradserve/{path}", KEPT)

    def put(self, path: str, content: bytes) -> None:
        self._client.set(f"gradserve/{path}", content, ex=KEPT)

    def remove(self, path: str) -> None:
        self._client.delete(f"gradserve/{path}")


class Bucket:
    """A bucket of an object store: s3://bucket/prefix, gs://bucket/prefix or az://container/prefix.

    Credentials come from the variables of its own tools (AWS_ACCESS_KEY_ID, ...).
    """

    def __init__(self, url: str) -> None:
        self._obstore = _imported("obstore", "objects")
        self._bucket: Any = _imported("obstore.store", "objects").from_url(
            url,
            client_options={
                "connect_timeout": timedelta(seconds=_CONNECT_SECONDS),
                "timeout": timedelta(seconds=_ANSWER_SECONDS),
                "allow_http": True,  # used only if AWS_ENDPOINT_URL says http://
            },
            retry_config={"max_retries": 1, "retry_timeout": timedelta(seconds=_ANSWER_SECONDS)},
        )

    def get(self, path: str) -> bytes | None:
        try:
            return bytes(self._obstore.get(self._bucket, path).bytes())
        except FileNotFoundError:
            return None

    def touch(self, path: str) -> None:
        """Do nothing: a lifecycle rule counts from when an object was written."""

    def put(self, path: str, content: bytes) -> None:
        self._obstore.put(self._bucket, path, content)

    def remove(self, path: str) -> None:
        self._obstore.delete(self._bucket, path)


_BACKENDS: dict[str, Callable[[str], Backend]] = {
    **dict.fromkeys(("redis", "rediss"), Redis),
    **dict.fromkeys(("s3", "gs", "az"), Bucket),
}


class SharedStore:
    """Authenticated entries in a backend, for machines that know the same secret."""

    def __init__(self, backend: Backend, secret: str) -> None:
        self._backend = backend
        self._seal = disk.Seal(secret.encode())
        self._group = hashlib.blake2b(secret.encode(), digest_size=8, person=b"gradserve").hexdigest()
        self._retry_at = 0.0

    def get(self, name: str) -> bytes | None:
        entry = self._call(lambda: self._backend.get(self._path(name)))
        if entry is None or entry is _FAILED:
            return None
        payload = self._seal.verified(name, entry)
        if payload is None:
            _log.warning("dropped a damaged or foreign entry of the shared store: %s", name)
            self.remove(name)
        return payload

    latest = get

    def has(self, name: str) -> bool:  # noqa: ARG002 - the protocol's name
        return False

    def touch(self, name: str) -> None:
        self._call(lambda: self._backend.touch(self._path(name)))

    def put(self, name: str, payload: bytes) -> bool:
        if len(payload) > MAX_ENTRY_BYTES:
            return False
        return self._call(lambda: self._backend.put(self._path(name), self._seal.sign(name, payload))) is not _FAILED

    def remove(self, name: str) -> None:
        self._call(lambda: self._backend.remove(self._path(name)))

    def _call(self, call: Callable[[], Any]) -> Any:
        """Return the result of a call of the backend; ``_FAILED`` if it fails, or another one failed recently."""
        if time.monotonic() < self._retry_at:
            return _FAILED
        try:
            return call()
        except Exception as error:  # noqa: BLE001 - the libraries have no common error
            if time.monotonic() >= self._retry_at:
                # Not the text of the error: it may contain the address, with a password.
                _log.warning("the shared store is not used for %d s: %s", _RETRY_SECONDS, type(error).__name__)
            self._retry_at = time.monotonic() + _RETRY_SECONDS
            return _FAILED

    def _path(self, name: str) -> str:
        return f"{self._group}/{name}"


class LayeredStore:
    """A near store in front of a far one; what is found only in the far one is copied to the near one."""

    def __init__(self, near: disk.Store, far: disk.Store) -> None:
        self._near, self._far = near, far

    def get(self, name: str) -> bytes | None:
        payload = self._near.get(name)
        if payload is None and (payload := self._far.get(name)) is not None:
            self._near.put(name, payload)
        return payload

    def latest(self, name: str) -> bytes | None:
        payload = self._far.get(name)
        if payload is None:
            return self._near.get(name)
        self._near.put(name, payload)
        return payload

    def has(self, name: str) -> bool:
        return self._near.has(name)

    def touch(self, name: str) -> None:
        self._near.touch(name)
        self._far.touch(name)

    def put(self, name: str, payload: bytes) -> bool:
        stored = [store.put(name, payload) for store in (self._near, self._far)]
        return all(stored)

    def remove(self, name: str) -> None:
        self._near.remove(name)
        self._far.remove(name)


def backend(url: str) -> Backend:
    """Return the backend of an address, without connecting to it.

    Raises:
        ValueError: there is no store for such an address, or its library is not installed.
    """
    kind = _BACKENDS.get(urlsplit(url).scheme)
    if kind is None:
        raise ValueError(f"a store is at {', '.join(f'{scheme}://' for scheme in _BACKENDS)}")
    try:
        return kind(url)
    except Exception as error:  # noqa: BLE001 - the libraries have no common error
        # Libraries quote the address: not where it has a password.
        why = type(error).__name__ if "@" in url or "=" in url else str(error).partition("\n")[0]
        raise ValueError(f"the store cannot be used: {why}") from None


def _imported(name: str, extra: str) -> Any:
    try:
        return importlib.import_module(name)
    except ImportError:
        raise ValueError(f"this store needs a library: pip install 'gradserve[{extra}]'") from None
