"""One array that stays: its id, its record, and its numbers in memory, aligned and read-only."""

from __future__ import annotations

import hashlib
import json
import math
import time
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
Shape = tuple[int, ...]

KINDS = "biuf"
"""Kinds of NumPy's dtypes that data may have: truth values, integers and floating-point numbers."""

OVERHEAD = 4096  # bytes that an array costs beside its own
_ALIGNMENT = 64  # of arrays in memory: compiled code then reads them where they are


@dataclass(frozen=True, slots=True)
class Record:
    """What is known of an array without its bytes; one without owners was deleted."""

    dtype: str  # as NumPy names it
    shape: Shape
    owners: tuple[str, ...]
    shared: bool

    @property
    def size(self) -> int:
        """How many bytes its numbers take."""
        return math.prod(self.shape) * np.dtype(self.dtype).itemsize

    def visible(self, owner: str) -> bool:
        """Return whether a caller may use the array."""
        return owner in self.owners or (self.shared and bool(self.owners))

    def dump(self) -> bytes:
        return json.dumps([self.dtype, self.shape, self.owners, self.shared]).encode()

    @classmethod
    def load(cls, payload: bytes) -> Record:
        dtype, shape, owners, shared = json.loads(payload)
        return cls(dtype, tuple(shape), tuple(owners), shared)


@dataclass(slots=True, eq=False)
class Data:
    """An array in memory; nothing may write to it."""

    data_id: str
    array: Array
    record: Record
    checked: float = field(default_factory=time.monotonic)  # when the record was last read
    _forms: dict[str, Array] = field(default_factory=dict)  # the same numbers in other dtypes

    @property
    def weight(self) -> int:
        return OVERHEAD + self.array.nbytes + sum(form.nbytes for form in self._forms.values())

    def known(self, dtype: str) -> Array | None:
        """Return the numbers in a dtype, None if they have to be converted."""
        return self.array if self.array.dtype == dtype else self._forms.get(dtype)

    def converted(self, dtype: str) -> Array:
        """Return the numbers in a dtype, converted once; beyond float32 is infinity, as JAX has it."""
        found = self.known(dtype)
        if found is None:
            with np.errstate(over="ignore"):
                found = self._forms[dtype] = aligned(self.array, dtype)
        return found

    def described(self) -> dict[str, Any]:
        """Return what a client is told of the data."""
        return {"data_id": self.data_id} | described(self.record)


def described(record: Record) -> dict[str, Any]:
    return {"shape": record.shape, "dtype": record.dtype, "bytes": record.size, "shared": record.shared}


def aligned(array: Array, dtype: Any = None) -> Array:
    """Return an array that nobody can write to, row-major in the machine's byte order.

    It is the same one if that is so already. Compiled code reads it where it lies.
    """
    own = np.dtype(dtype or array.dtype).newbyteorder("=")
    if array.dtype != own or not array.flags.c_contiguous or array.ctypes.data % _ALIGNMENT:
        found = room(array.shape, own)
        found[...] = array
        array = found
    array.flags.writeable = False
    return array


def identify(array: Array) -> str:
    """Return the id of an array: 32 hex digits, the same on every machine.

    They are a digest of dtype and shape as text, and the elements, row-major and little-endian.
    """
    digest = hashlib.blake2b(f"{array.dtype.name} {list(array.shape)}\n".encode(), digest_size=16)
    digest.update(np.ascontiguousarray(array, array.dtype.newbyteorder("<")).reshape(-1).view(np.uint8))
    return digest.hexdigest()


def room(shape: Shape, dtype: np.dtype[Any]) -> Array:
    """Return an array without numbers, for ``aligned``."""
    size = math.prod(shape) * dtype.itemsize
    raw = np.empty(size + _ALIGNMENT, np.uint8)
    start = -raw.ctypes.data % _ALIGNMENT
    return raw[start : start + size].view(dtype).reshape(shape)
