"""Arrays that stay: by the digest of their content, in memory and in a store for later and for other processes.

An array belongs to whoever registered it. Others find it only if it is shared; for them an id that they may not use is
the same as one that nobody has. What is kept of one owner is bounded, and what is held in memory; the least recently
used goes first.

In the store an array is several entries: its bytes in pieces, then its record, which says what they are and whose. A
process that is killed in between leaves pieces that nothing names. They go as everything does that is not used.
"""

from __future__ import annotations

import asyncio
import functools
import hashlib
import json
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from app import errors
from app.runtime import cache, events, queue
from app.runtime.data.arrays import OVERHEAD, Array, Data, Record, described, identify, room
from app.runtime.store import disk

_ID = re.compile(r"[0-9a-f]{32}")
_PIECE_BYTES = 8 << 20  # of an entry in the store; shared stores have a bound on these
_MAX_OWNERS = 1000  # of one array that are remembered
_MAX_LEDGERS = 10_000  # of owners, in memory

_WRITTEN_SECONDS = 60.0
"""Time after which data that are registered again are written again: the store may have lost them since."""
_FRESH_SECONDS = 60.0
"""Time after which a record is read again: another process may have deleted the data. The store is then told that
they are used, because it forgets first what nobody has read for longest."""

_COPIED_HERE = 1 << 16  # numbers that are converted on the event loop; more in a thread


@dataclass(frozen=True, slots=True)
class DataLimits:
    """Bounds on data that stay."""

    max_data_bytes: int = 512 << 20  # of all arrays in memory
    max_data_bytes_of_one: int = 256 << 20  # of one key or address, wherever they are kept
    max_data_arrays_of_one: int = 1000


class DataStore:
    """Keeps arrays and finds them again. Belongs to one event loop.

    Callers are as ``queue.CALLER`` names them. ``private`` is whether data belong to who registered them; else all are
    shared.
    """

    def __init__(
        self,
        kept: disk.Store,
        limits: DataLimits,
        *,
        private: bool,
        lengthy: queue.ThreadPool,
        waiting: queue.ThreadPool,
        observer: events.Observer,
    ) -> None:
        self._kept, self.limits, self._private = kept, limits, private
        self._lengthy, self._waiting, self._observer = lengthy, waiting, observer
        self._loaded: cache.Cache[str, Data] = cache.Cache(limits.max_data_bytes, lambda data: data.weight)
        self._written: cache.LruDict[str, float] = cache.LruDict(_MAX_LEDGERS)
        self._ledgers: cache.LruDict[str, dict[str, int]] = cache.LruDict(_MAX_LEDGERS)
        self._changing = asyncio.Lock()

    @property
    def held_bytes(self) -> int:
        """Memory that all arrays take."""
        return self._loaded.weight

    def __len__(self) -> int:
        return len(self._loaded)

    def clear(self) -> None:
        self._loaded.clear()

    async def register(self, array: Array, caller: str, *, shared: bool = False) -> tuple[Data, bool]:
        """Keep an array from ``aligned``; return it, and whether this caller did not have it before."""
        limits, owner = self.limits, owner_name(caller)
        if array.nbytes + OVERHEAD > limits.max_data_bytes_of_one:
            raise errors.TooComplex(f"{array.nbytes} bytes of data, the limit is {limits.max_data_bytes_of_one}")
        data_id = await self._lengthy.run(lambda: identify(array))
        if time.monotonic() >= (self._written.get(data_id) or 0.0):
            await self._write_pieces(data_id, array)
        async with self._changing:
            record = await self._record(data_id) or self._record_in_memory(data_id)
            created = record is None or owner not in record.owners
            owners = () if record is None else tuple([each for each in record.owners if each != owner])
            shared = shared or not self._private or (record is not None and record.shared)
            record = Record(array.dtype.name, array.shape, (*owners, owner)[-_MAX_OWNERS:], shared)
            await self._write_record(data_id, record)
            await self._charge(owner, data_id, array.nbytes)
        data = self._loaded.get(data_id) or Data(data_id, array, record)
        data.record, data.checked = record, time.monotonic()
        self._hold(data)
        return data, created

    async def get(self, data_id: str, caller: str, field: str | None = None) -> Data:
        """Return data that a caller may use, or raise ``errors.NotFound``."""
        owner, data = owner_name(caller), self._loaded.get(data_id)
        if data is not None and self._fresh(data) and data.record.visible(owner):
            return data
        record = await self._record(data_id) if _ID.fullmatch(data_id) else None
        if record is None and data is not None:
            record = data.record  # a store that fails, or has lost it, costs no request
        if record is None or not record.visible(owner):
            if record is not None and not record.owners:
                self._loaded.pop(data_id)
            raise _gone(data_id, field)
        known = record
        if data is not None:
            await self._waiting.run(lambda: self._touch(data_id, known, owner))
        found = await self._loaded.get_or_make(data_id, lambda: self._load(data_id, known, field))
        self._observe_evictions()
        found.record, found.checked = record, time.monotonic()
        return found

    async def numbers(self, data_id: str, caller: str, dtype: str, field: str) -> Array:
        """Return data in a dtype."""
        data = await self.get(data_id, caller, field)
        found = data.known(dtype)
        if found is None:

            def convert() -> Array:
                return data.converted(dtype)

            found = convert() if data.array.size <= _COPIED_HERE else await self._lengthy.run(convert)
            self._hold(data)
        return found

    def at_hand(self, data_id: str, caller: str, dtype: str) -> Array | None:
        """Return data in a dtype if that takes no waiting."""
        data = self._loaded.get(data_id)
        if data is None or not self._fresh(data) or not data.record.visible(owner_name(caller)):
            return None
        return data.known(dtype)

    async def listed(self, caller: str, most: int) -> list[dict[str, Any]]:
        """Return what a caller has registered, the latest first."""
        owner = owner_name(caller)
        found = []
        for data_id in list(reversed(await self._ledger(owner))):
            record = await self._record(data_id) or self._record_in_memory(data_id)
            if record is not None and owner in record.owners:
                found.append({"data_id": data_id} | described(record))
            if len(found) == most:
                break
        return found

    async def remove(self, data_id: str, caller: str) -> None:
        """Remove data for one of their owners, and altogether if nobody else has them; or raise ``errors.NotFound``."""
        owner = owner_name(caller)
        async with self._changing:
            ledger = await self._ledger(owner)
            record = await self._record(data_id) if _ID.fullmatch(data_id) else None
            record = record or self._record_in_memory(data_id)
            if record is None or owner not in record.owners:
                raise _gone(data_id, None)
            await self._release(data_id, owner)
            ledger.pop(data_id, None)
            await self._write_ledger(owner, ledger)

    def _fresh(self, data: Data) -> bool:
        return time.monotonic() - data.checked < _FRESH_SECONDS

    def _hold(self, data: Data) -> None:
        self._loaded[data.data_id] = data
        self._observe_evictions()

    def _observe_evictions(self) -> None:
        count, self._loaded.evictions = self._loaded.evictions, 0
        if count:
            self._observer.observe(events.DataEvicted("memory", count))

    def _record_in_memory(self, data_id: str) -> Record | None:
        data = self._loaded.get(data_id)
        return None if data is None else data.record

    async def _record(self, data_id: str) -> Record | None:
        payload = await self._waiting.run(lambda: self._kept.latest(_name(data_id)))
        return None if payload is None else Record.load(payload)

    async def _write_record(self, data_id: str, record: Record) -> None:
        if await self._waiting.run(lambda: self._kept.put(_name(data_id), record.dump())):
            self._written[data_id] = time.monotonic() + _WRITTEN_SECONDS

    async def _write_pieces(self, data_id: str, array: Array) -> None:
        flat = array.astype(array.dtype.newbyteorder("<"), copy=False).reshape(-1).view(np.uint8)
        for number, (start, stop) in enumerate(_pieces(array.nbytes)):
            name, piece = _name(data_id, number), flat[start:stop]
            if not await self._waiting.run(functools.partial(self._put_piece, name, piece)):
                return  # it stays in memory only

    def _put_piece(self, name: str, piece: Array) -> bool:
        return self._kept.put(name, piece.tobytes())

    async def _load(self, data_id: str, record: Record, field: str | None) -> Data:
        found = await self._lengthy.run(lambda: room(record.shape, np.dtype(record.dtype)))
        flat = found.reshape(-1).view(np.uint8)
        for number, (start, stop) in enumerate(_pieces(record.size)):
            name = _name(data_id, number)
            piece = await self._waiting.run(functools.partial(self._kept.get, name))
            if piece is None or len(piece) != stop - start:
                raise _gone(data_id, field)
            flat[start:stop] = np.frombuffer(piece, np.uint8)
        if not found.dtype.newbyteorder("<").isnative:
            found.byteswap(inplace=True)
        found.flags.writeable = False
        return Data(data_id, found, record)

    def _touch(self, data_id: str, record: Record, owner: str) -> None:
        """Tell the store that data are used which are read from memory: their pieces, and the ledger of their owner."""
        for number, _ in enumerate(_pieces(record.size)):
            self._kept.touch(_name(data_id, number))
        if owner in record.owners:
            self._kept.touch(_name(owner, "owner"))

    async def _ledger(self, owner: str) -> dict[str, int]:
        """Return the bytes of what an owner has registered, by id, the oldest first."""
        ledger = self._ledgers.get(owner)
        if ledger is None:
            payload = await self._waiting.run(lambda: self._kept.latest(_name(owner, "owner")))
            ledger = {} if payload is None else dict(json.loads(payload))
            self._ledgers[owner] = ledger
        return ledger

    async def _write_ledger(self, owner: str, ledger: dict[str, int]) -> None:
        payload = json.dumps(list(ledger.items())).encode()
        await self._waiting.run(lambda: self._kept.put(_name(owner, "owner"), payload))

    async def _charge(self, owner: str, data_id: str, size: int) -> None:
        """Count data as the latest of an owner, whose oldest go if these are too many."""
        ledger, limits = await self._ledger(owner), self.limits
        ledger.pop(data_id, None)
        ledger[data_id] = size + OVERHEAD
        total = sum(ledger.values())
        while total > limits.max_data_bytes_of_one or len(ledger) > limits.max_data_arrays_of_one:
            oldest = next(iter(ledger))
            await self._release(oldest, owner)
            self._observer.observe(events.DataEvicted("quota", 1))
            total -= ledger.pop(oldest)
        await self._write_ledger(owner, ledger)

    async def _release(self, data_id: str, owner: str) -> None:
        """Take data from one of their owners; nothing is left of them if it was the last."""
        record = await self._record(data_id) or self._record_in_memory(data_id)
        if record is None:
            return
        record = replace(record, owners=tuple([each for each in record.owners if each != owner]))
        await self._write_record(data_id, record)
        data = self._loaded.get(data_id)
        if data is not None:
            data.record = record
        if not record.owners:
            self._loaded.pop(data_id)
            self._written.pop(data_id)
            for number, _ in enumerate(_pieces(record.size)):
                await self._waiting.run(functools.partial(self._kept.remove, _name(data_id, number)))


def _gone(data_id: str, field: str | None) -> errors.NotFound:
    hint = "it was deleted, evicted or registered elsewhere: POST /v1/data again, its id will be the same"
    return errors.NotFound(f"no data {errors.quote(data_id)} are kept here", hint=hint, field=field)


def _pieces(size: int) -> Iterator[tuple[int, int]]:
    for start in range(0, size, _PIECE_BYTES):
        yield start, min(start + _PIECE_BYTES, size)


def owner_name(caller: str) -> str:
    """Return the name of a caller in the store: no address is written there."""
    return hashlib.blake2b(caller.encode(), digest_size=8, person=b"gradserve owner").hexdigest()


def _name(data_id: str, part: int | str = "record") -> str:
    return hashlib.blake2b(f"data {data_id} {part}".encode(), digest_size=20).hexdigest()
