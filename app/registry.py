"""Functions by their id: in memory, and in a store for later and for other processes.

An id is content-addressed, so an entry never changes and it does not matter who registered it, or how often.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections import OrderedDict
from dataclasses import dataclass

from app import store

_WRITTEN_SECONDS = 60.0
"""A function that is registered again after so long is written again: the store may have lost it since."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A registered function.

    Attributes:
        function_id: see ``tape.Recording`` and ``fingerprint``.
        expression: as it was first spelled, a text or several.
        args: argument names in order.
        text: the same in one spelling, where it has one.
    """

    function_id: str
    expression: str | tuple[str, ...]
    args: tuple[str, ...]
    text: str | tuple[str, ...]

    def dump(self) -> bytes:
        """Return the entry as bytes for ``load``."""
        return json.dumps([self.function_id, self.expression, self.args, self.text]).encode()

    @classmethod
    def load(cls, payload: bytes) -> Entry:
        """Return the entry that ``dump`` wrote."""
        function_id, expression, args, text = json.loads(payload)
        expression, text = (each if isinstance(each, str) else tuple(each) for each in (expression, text))
        return cls(function_id, expression, tuple(args), text)


class Registry:
    """Keeps entries. Safe to use from threads as far as they only ``fetch`` and ``write``.

    Args:
        kept: where entries outlive the process.
        capacity: entries held in memory, and registrations remembered.
    """

    def __init__(self, kept: store.Store, capacity: int) -> None:
        self._kept = kept
        self._capacity = capacity
        self._entries: OrderedDict[str, Entry] = OrderedDict()
        self._owned: OrderedDict[tuple[str, str], None] = OrderedDict()
        self._written: OrderedDict[str, float] = OrderedDict()

    def get(self, function_id: str) -> Entry | None:
        """Return an entry from memory."""
        entry = self._entries.get(function_id)
        if entry is not None:
            self._entries.move_to_end(function_id)
        return entry

    def fetch(self, function_id: str) -> Entry | None:
        """Return an entry from the store."""
        payload = self._kept.get(_name(function_id))
        return None if payload is None else Entry.load(payload)

    def keep(self, entry: Entry) -> None:
        """Hold an entry in memory."""
        self._entries[entry.function_id] = entry
        self._entries.move_to_end(entry.function_id)
        while len(self._entries) > self._capacity:
            self._entries.popitem(last=False)

    def write(self, entry: Entry) -> None:
        """Put an entry into the store, unless that was done a moment ago."""
        now = time.monotonic()
        if now < self._written.get(entry.function_id, 0.0):
            return
        if self._kept.put(_name(entry.function_id), entry.dump()):
            self._written[entry.function_id] = now + _WRITTEN_SECONDS
            while len(self._written) > self._capacity:
                self._written.popitem(last=False)

    def own(self, owner: str, function_id: str) -> None:
        """Remember that somebody registered a function."""
        self._owned[owner, function_id] = None
        self._owned.move_to_end((owner, function_id))
        while len(self._owned) > self._capacity:
            self._owned.popitem(last=False)

    def owned(self, owner: str) -> list[Entry]:
        """Return what somebody registered in this process, the latest first."""
        ids = [function_id for who, function_id in reversed(self._owned) if who == owner]
        return [self._entries[function_id] for function_id in ids if function_id in self._entries]


def _name(function_id: str) -> str:
    return hashlib.blake2b(f"function {function_id}".encode(), digest_size=20).hexdigest()
