"""Bytes by name that machines share, in Redis or in a bucket, behind the disk of each.

What one machine has compiled is machine code to the next: an entry is sealed with a secret that all of them have and
the store has not, so whoever can write to the store can make nobody run anything. The secret is part of every name as
well (a digest of it), so machines with different secrets never meet, and one secret can follow another.

The disk comes first, and what is found farther away is put there. A store that is slow, unreachable or full costs
nobody a request: every call ends within seconds, the first one that fails is told in the log, and then the store is
left alone for a while. Nothing here runs on an event loop; ``has`` is the disk's alone and does not look farther.
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

from app import store

_log = logging.getLogger("gradserve")

SECRET_CHARACTERS = 32
"""Fewest of a secret: 128 bits as hex digits."""

MAX_ENTRY_BYTES = 16 << 20
"""What is larger stays on the machine that made it."""

KEPT = timedelta(days=30)
"""What nobody has fetched from Redis for so long goes. In a bucket a lifecycle rule of its owner's says when."""

_REST_SECONDS = 30.0
_CONNECT_SECONDS, _ANSWER_SECONDS = 1.0, 2.0


class Backend(Protocol):
    """What keeps bytes for many machines. Each call answers or raises within seconds; safe to use from threads."""

    def get(self, path: str) -> bytes | None: ...

    def put(self, path: str, content: bytes) -> None: ...

    def remove(self, path: str) -> None: ...


class Redis:
    """A Redis server, 6.2 or newer.

    Args:
        url: redis://host:6379/0, or rediss:// for TLS.
    """

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

    def put(self, path: str, content: bytes) -> None:
        self._client.set(f"gradserve/{path}", content, ex=KEPT)

    def remove(self, path: str) -> None:
        self._client.delete(f"gradserve/{path}")


class Objects:
    """A bucket of an object store. Its credentials are where its own tools look for them (AWS_ACCESS_KEY_ID, ...).

    Args:
        url: s3://bucket/prefix, gs://bucket/prefix or az://container/prefix.
    """

    def __init__(self, url: str) -> None:
        self._obstore = _imported("obstore", "objects")
        self._bucket: Any = _imported("obstore.store", "objects").from_url(
            url,
            client_options={
                "connect_timeout": timedelta(seconds=_CONNECT_SECONDS),
                "timeout": timedelta(seconds=_ANSWER_SECONDS),
                "allow_http": True,  # only where AWS_ENDPOINT_URL says so: a store of one's own
            },
            retry_config={"max_retries": 1, "retry_timeout": timedelta(seconds=_ANSWER_SECONDS)},
        )

    def get(self, path: str) -> bytes | None:
        try:
            return bytes(self._obstore.get(self._bucket, path).bytes())
        except FileNotFoundError:
            return None

    def put(self, path: str, content: bytes) -> None:
        self._obstore.put(self._bucket, path, content)

    def remove(self, path: str) -> None:
        self._obstore.delete(self._bucket, path)


_KINDS: dict[str, Callable[[str], Backend]] = {
    "redis": Redis,
    "rediss": Redis,
    "s3": Objects,
    "gs": Objects,
    "az": Objects,
}


class SharedStore:
    """Entries that many machines make and take.

    Args:
        backend: where they are.
        secret: what all of these machines know.
    """

    def __init__(self, backend: Backend, secret: str) -> None:
        self._backend = backend
        self._seal = store.Seal(secret.encode())
        self._group = hashlib.blake2b(secret.encode(), digest_size=8, person=b"gradserve").hexdigest()
        self._rests_until = 0.0

    def get(self, name: str) -> bytes | None:
        if self._rests:
            return None
        try:
            entry = self._backend.get(self._path(name))
        except Exception as error:  # noqa: BLE001 - whatever its client raises: it is a miss
            self._rest(error)
            return None
        payload = None if entry is None else self._seal.open(name, entry)
        if entry is not None and payload is None:
            _log.warning("dropped a damaged or foreign entry of the shared store: %s", name)
            self.remove(name)
        return payload

    def has(self, name: str) -> bool:  # noqa: ARG002 - the protocol's name
        return False

    def put(self, name: str, payload: bytes) -> bool:
        if self._rests or len(payload) > MAX_ENTRY_BYTES:
            return False
        try:
            self._backend.put(self._path(name), self._seal.close(name, payload))
        except Exception as error:  # noqa: BLE001 - likewise
            self._rest(error)
            return False
        return True

    def remove(self, name: str) -> None:
        if self._rests:
            return
        try:
            self._backend.remove(self._path(name))
        except Exception as error:  # noqa: BLE001 - likewise
            self._rest(error)

    @property
    def _rests(self) -> bool:
        return time.monotonic() < self._rests_until

    def _rest(self, error: Exception) -> None:
        told = self._rests
        self._rests_until = time.monotonic() + _REST_SECONDS
        if not told:
            # Its text may hold the address, and that a password.
            _log.warning("the shared store is left alone for %d s: %s", _REST_SECONDS, type(error).__name__)

    def _path(self, name: str) -> str:
        return f"{self._group}/{name}"


class Layers:
    """A store in front of another.

    Args:
        near: looked at first.
        far: looked at next; what it has is put into the near one.
    """

    def __init__(self, near: store.Store, far: store.Store) -> None:
        self._near = near
        self._far = far

    def get(self, name: str) -> bytes | None:
        payload = self._near.get(name)
        if payload is None:
            payload = self._far.get(name)
            if payload is not None:
                self._near.put(name, payload)
        return payload

    def has(self, name: str) -> bool:
        return self._near.has(name)

    def put(self, name: str, payload: bytes) -> bool:
        kept = [each.put(name, payload) for each in (self._near, self._far)]
        return all(kept)

    def remove(self, name: str) -> None:
        self._near.remove(name)
        self._far.remove(name)


def check(url: str) -> None:
    """See whether there can be a store at an address.

    Raises:
        ValueError: the address is none of a store, or the library for it is not installed.
    """
    _backend(url)


def behind(near: store.Store, url: str, secret: str) -> store.Store:
    """Return a store with a shared one behind it, or as it is if there is no address of one.

    Raises:
        ValueError: as ``check``.
    """
    return Layers(near, SharedStore(_backend(url), secret)) if url else near


def _backend(url: str) -> Backend:
    """Return what is at an address; nothing is sent there yet."""
    kind = _KINDS.get(urlsplit(url).scheme)
    if kind is None:
        raise ValueError(f"a store is at {', '.join(f'{scheme}://' for scheme in _KINDS)}")
    try:
        return kind(url)
    except Exception as error:  # noqa: BLE001 - obstore's errors have no class in common with the others'
        raise ValueError(f"the store cannot be used: {str(error).partition(chr(10))[0]}") from None


def _imported(name: str, extra: str) -> Any:
    try:
        return importlib.import_module(name)
    except ImportError:
        raise ValueError(f"this store needs a library: pip install 'gradserve[{extra}]'") from None
