"""Keys by name: a file that has the digest of each secret, its scopes and its quota. The secret itself is kept nowhere.

The file is one JSON document:

    {"version": 1, "keys": [{"name": "ci", "sha256": "2cf24d...", "scopes": ["ask"], "quota": "100/minute",
                             "created": "2026-01-31T12:00:00+00:00", "revoked": null}]}

``add`` and ``revoke`` write it under a temporary name and rename it, so a reader sees a complete file or none. Before
that each appends a line to the audit log beside it, NAME.audit: which change, by which user, when. ``Watched`` is the
file as a running server has it.

A plain SHA-256 is enough for a digest: a secret has 256 random bits, so nobody finds it by trying. Whoever can write
the file can make keys, so only its owner may.
"""

from __future__ import annotations

import contextlib
import dataclasses
import datetime as dt
import fcntl
import functools
import hashlib
import json
import logging
import os
import pwd
import re
import secrets
import stat
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

if TYPE_CHECKING:
    import limits

_log = logging.getLogger("gradserve")

ASK, REGISTER, METRICS = SCOPES = ("ask", "register", "metrics")
"""What a key may do: compute and read, keep and delete functions and data, read /metrics."""

_VERSION = 1
_MOST_BYTES = 8 << 20  # some 30,000 keys
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_HUGE = re.compile(r"\d{10}")  # numbers of a quota that clocks cannot count with
_SECRET_PREFIX = "gs_"  # noqa: S105 - by which scanners of source code know a secret
_SECRET_BYTES = 32
_OTHERS_WRITE = stat.S_IWGRP | stat.S_IWOTH

Signature = tuple[int, ...] | None  # of a file that has not changed since; None if there is none


@dataclass(frozen=True, slots=True)
class Key:
    """A key without its secret."""

    name: str
    sha256: str  # of the secret, in hexadecimal
    scopes: tuple[str, ...]
    quota: str  # "100/minute;5000/day", instead of the rate that all others have; "" is that rate
    created: str  # a time as ``dt.datetime.isoformat`` writes it
    revoked: str | None = None

    def dump(self) -> dict[str, Any]:
        return dataclasses.asdict(self)


@functools.lru_cache(4096)
def rates(quota: str) -> tuple[limits.RateLimitItem, ...]:
    """Return the rates of a quota, as ``limits`` has them: "100 per 2 minutes; 1000/day"; ``ValueError`` if not one."""
    if not quota:
        return ()
    import limits  # noqa: PLC0415 - a service without rates starts without it

    return tuple(limits.parse_many(quota.replace(",", ";")))


def load(path: Path) -> tuple[Key, ...]:
    """Return the keys of a file, revoked ones too; ``ValueError`` with one line that says why it cannot be used."""
    try:
        with path.open("rb") as file:
            if os.fstat(file.fileno()).st_mode & _OTHERS_WRITE:
                raise ValueError(f"{path} must be writable by its owner alone, since whoever writes it makes keys")
            content = file.read(_MOST_BYTES + 1)
    except OSError as error:
        raise ValueError(f"{path} cannot be read: {error.strerror}") from None
    if len(content) > _MOST_BYTES:
        raise ValueError(f"{path} has more than {_MOST_BYTES} bytes")
    try:
        return _parse(json.loads(content))
    except (ValueError, RecursionError) as error:
        reason = str(error) if type(error) is ValueError else "it is no JSON"
        raise ValueError(f"{path} is no file of keys: {reason}") from None


def add(path: Path, name: str, scopes: Sequence[str], quota: str = "") -> str:
    """Add a key and return its secret; ``ValueError`` with one line if that cannot be."""
    secret = _SECRET_PREFIX + secrets.token_urlsafe(_SECRET_BYTES)
    ordered = [scope for scope in SCOPES if scope in scopes] + [scope for scope in scopes if scope not in SCOPES]
    key = _checked(Key(name, hashlib.sha256(secret.encode()).hexdigest(), tuple(ordered), quota, _now()).dump(), "")
    path = path.resolve()
    with _locked(path) as audit:
        known = load(path) if path.exists() else ()
        if any(name == each.name for each in known):
            # Also a revoked one: two keys of one name could not be told apart in logs.
            raise ValueError(f"there is, or was, a key {name}; a name is used once")
        _replace(path, (*known, key), audit, "added", key)
    return secret


def revoke(path: Path, name: str) -> None:
    """Revoke a key for good; ``ValueError`` with one line if that cannot be."""
    load(path)  # where there is no such file no audit log is made
    path = path.resolve()
    with _locked(path) as audit:
        known = {key.name: key for key in load(path)}
        key = known.get(name)
        if key is None:
            raise ValueError(f"there is no key {name[:64]!r}; there are: {', '.join(known) or 'none'}")
        if key.revoked:
            raise ValueError(f"the key {name} was revoked at {key.revoked}")
        known[name] = dataclasses.replace(key, revoked=_now())
        _replace(path, tuple(known.values()), audit, "revoked", known[name])


class Watched:
    """The keys of a file that may change. If it cannot be used any more, ``keys`` stay as they were."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._seen = _signature(path)
        self.keys = load(path)
        self._told = ""  # why it cannot be used, as the log has it

    def refresh(self) -> bool:
        """Read the file again if it has changed, and log the changes; return whether there are any."""
        signature = _signature(self._path)
        if signature == self._seen:
            self._told = ""
            return False
        try:
            found = load(self._path)
        except ValueError as error:
            if str(error) != self._told:
                self._told = str(error)
                _log.error("keys stay as they were: %s", error)
            return False
        self._seen, self._told = signature, ""
        before, self.keys = self.keys, found
        for key, change in _changes(before, found):
            told = {"scopes": ",".join(key.scopes), "quota": key.quota or "the default"}
            _log.info("key %s %s", key.name, change, extra=told)
        return before != found


def _changes(before: Sequence[Key], after: Sequence[Key]) -> Iterator[tuple[Key, str]]:
    known = {key.sha256: key for key in before}
    for key in after:
        earlier = known.pop(key.sha256, None)
        if earlier is None:
            yield key, "added, and revoked" if key.revoked else "added"
        elif key.revoked and not earlier.revoked:
            yield key, "revoked"
        elif key != earlier:
            yield key, "changed"
    for key in known.values():
        yield key, "removed"


# The form of the file


def _is_scopes(value: Any) -> bool:
    return isinstance(value, list | tuple) and 0 < len(value) == len({*map(str, value)} & {*SCOPES})


def _is_quota(value: Any) -> bool:
    try:
        return isinstance(value, str) and len(value) <= 200 and not _HUGE.search(value) and rates(value) is not None
    except ValueError:
        return False


def _is_time(value: Any) -> bool:
    try:
        return isinstance(value, str) and dt.datetime.fromisoformat(value).tzinfo is not None
    except ValueError:
        return False


_MEMBERS: dict[str, tuple[Callable[[Any], bool], str]] = {
    "name": (
        lambda value: isinstance(value, str) and _NAME.fullmatch(value) is not None,
        "1 to 64 letters, digits and . _ - behind the first",
    ),
    "sha256": (lambda value: isinstance(value, str) and _SHA256.fullmatch(value) is not None, "64 hexadecimal digits"),
    "scopes": (_is_scopes, f"one or more of {', '.join(SCOPES)}"),
    "quota": (_is_quota, 'a rate such as "100/minute" or "5/second;1000/day", or empty'),
    "created": (_is_time, "a time with its zone"),
    "revoked": (lambda value: value is None or _is_time(value), "null or a time with its zone"),
}
"""What each member of a key is, and how that is said."""


def _checked(document: Any, place: str) -> Key:
    """Return a key, or raise ``ValueError`` with the place of what is wrong."""
    if not isinstance(document, dict) or document.keys() != _MEMBERS.keys():
        raise ValueError(f"{place}a key has {', '.join(_MEMBERS)} and nothing else")
    for member, (is_valid, words) in _MEMBERS.items():
        if not is_valid(document[member]):
            raise ValueError(f"{place}{member} is {words}")
    return Key(**document | {"scopes": tuple(document["scopes"])})


def _parse(document: Any) -> tuple[Key, ...]:
    if not isinstance(document, dict) or document.keys() != {"version", "keys"}:
        raise ValueError("it has version and keys, and nothing else")
    if document["version"] != _VERSION or not isinstance(document["keys"], list):
        raise ValueError(f"its version is {_VERSION}, and keys is a list")
    found = tuple([_checked(each, f"key {number}: ") for number, each in enumerate(document["keys"], 1)])
    for member in ("name", "sha256"):
        if len({getattr(key, member) for key in found}) < len(found):
            raise ValueError(f"two keys have the same {member}")
    return found


# Changes


@contextlib.contextmanager
def _locked(path: Path) -> Iterator[IO[str]]:
    """Yield the audit log of a file, while nobody else changes the file."""
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle = os.open(path.with_name(f"{path.name}.audit"), os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        with open(handle, "a", encoding="utf-8") as audit:  # noqa: PTH123 - of a handle
            fcntl.flock(audit, fcntl.LOCK_EX)
            yield audit
    except OSError as error:
        raise ValueError(f"{path} cannot be changed: {error.strerror}") from None


def _replace(path: Path, found: Sequence[Key], audit: IO[str], change: str, key: Key) -> None:
    """Write the file anew, with the owner and the mode that it had: the server may be another user."""
    content = json.dumps({"version": _VERSION, "keys": [each.dump() for each in found]}, indent=1)
    handle, draft = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")  # its mode is 0600
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            if path.exists():
                status = path.stat()
                if (status.st_uid, status.st_gid) != (os.geteuid(), os.getegid()):
                    os.fchown(file.fileno(), status.st_uid, status.st_gid)
                os.fchmod(file.fileno(), stat.S_IMODE(status.st_mode))
            file.write(f"{content}\n")
            file.flush()
            os.fsync(file.fileno())
        audit.write(_line(change, key))  # before the change: there is none without its line
        audit.flush()
        os.fsync(audit.fileno())
        Path(draft).replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            Path(draft).unlink()
        raise


def _line(change: str, key: Key) -> str:
    """Return a line of the audit log."""
    uid = os.getuid()
    try:
        user = pwd.getpwuid(uid).pw_name
    except KeyError:  # as some platforms run containers
        user = str(uid)
    told = {"time": _now(), "change": change, "key": key.name, "scopes": key.scopes, "quota": key.quota}
    return json.dumps(told | {"user": user, "uid": uid}) + "\n"


def _now() -> str:
    return dt.datetime.now(dt.UTC).isoformat(timespec="seconds")


def _signature(path: Path) -> Signature:
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns
