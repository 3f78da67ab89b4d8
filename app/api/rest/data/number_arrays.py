"""Large arrays of numbers in JSON, read in pieces into one array: no number of them is kept as a Python object.

An array is found as ``json_stream`` finds it, between two strings. A piece of it, cut at a comma, is read without its
brackets as a flat list. What the brackets and commas say of the shape is counted in NumPy over the pieces.
"""

from __future__ import annotations

import asyncio
import math
import secrets
from typing import Any

import numpy as np
import pydantic_core
from numpy.typing import NDArray

from app import errors
from app.api.http import json_faults, json_stream
from app.runtime.data import arrays

Array = NDArray[Any]

_PIECE_BYTES = 1 << 17  # read at a time: some milliseconds
_MAX_RANK = 8
_OF_NUMBERS = b"0123456789+-.eE,[] \t\r\n"
_FLAT = bytes.maketrans(b"[]", b"  ")
_BLANKS = b" \t\r\n"
_OPEN, _CLOSE, _COMMA = b"[],"
_SIGNS = bytes.maketrans(b"123456789+-.eE", b"0" * 14)
"""Makes zeros of all that numbers are made of."""
_MISPLACED = (b"[,", b",,", b",]", b"]0", b"0[", b"][")
"""What is never next to each other in an array, in its signs without blanks."""


async def load(raw: bytes | bytearray, max_numbers: int) -> Any:
    """Return a JSON document in which a large array of numbers is a float64 array, giving way between its pieces.

    Raises ``errors.InvalidJson``, and ``errors.BadShape`` or ``InvalidField`` for an array that is not rectangular or
    not of finite numbers. Everything else of the document is bounded as in an ordinary body.
    """
    place = _largest(raw)
    if place is None:
        try:
            return await json_stream.load(bytes(raw), max_numbers, unique_names=True)
        except ValueError as error:
            raise json_faults.fault(error, bytes(raw)) from None
    mark = f"array {secrets.token_hex(16)}"  # random, so that no client can send it
    rest = b"".join([memoryview(raw)[: place[0]], f'"{mark}"'.encode(), memoryview(raw)[place[1] :]])
    try:
        document = await json_stream.load(rest, max_numbers, unique_names=True)
    except ValueError as error:
        raise json_faults.fault(error) from None
    if not isinstance(document, dict) or mark not in document.values():
        raise errors.InvalidField("the numbers stand in one member of the document")
    found = await array(memoryview(raw)[place[0] : place[1]])
    return {name: found if value == mark else value for name, value in document.items()}


def _largest(raw: bytes | bytearray) -> tuple[int, int] | None:
    """Return where the one large array of a document stands, None if there is none."""
    places = list(json_stream.large_arrays(raw))
    if len(places) > 1:
        raise errors.TooComplex("the document has more than one large array")
    return places[0] if places else None


async def array(text: memoryview) -> Array:
    """Return the array that a JSON text of numbers is."""
    shape = _Shape()
    found = arrays.room((await _counted(text, b",") + 1,), np.dtype(np.float64))
    start = size = 0
    while start < len(text):
        stop = _cut(text, start)
        piece = bytes(text[start:stop])
        if piece.translate(None, _OF_NUMBERS):
            raise errors.InvalidField("data are made of numbers: no strings, booleans or null", field="values")
        shape.read(piece)
        if _is_misplaced(piece.translate(_SIGNS, _BLANKS), begins=start == 0, ends=stop == len(text)):
            raise _no_array()
        numbers = _numbers(piece.translate(_FLAT))
        found[size : size + numbers.size] = numbers
        size += numbers.size
        start = stop + 1
        if stop < len(text):
            shape.comma()
        await asyncio.sleep(0)
    return found.reshape(shape.complete(size))


async def _counted(text: memoryview, token: bytes) -> int:
    """Return how often a byte stands in a text."""
    found = 0
    for start in range(0, len(text), 8 * _PIECE_BYTES):
        found += int(np.count_nonzero(np.frombuffer(text[start : start + 8 * _PIECE_BYTES], np.uint8) == token[0]))
        await asyncio.sleep(0)
    return found


def _cut(text: memoryview, start: int) -> int:
    """Return where a piece from here ends: at a comma, or at the end of the text."""
    stop = start + _PIECE_BYTES
    while stop < len(text):
        found = bytes(text[stop : stop + 1024]).find(b",")
        if found >= 0:
            return stop + found
        stop += 1024
    return len(text)


def _is_misplaced(signs: bytes, *, begins: bool, ends: bool) -> bool:
    """Return whether brackets, commas and numbers of a piece do not follow each other as in an array."""
    around = b"%b%b%b" % (b"" if begins else b",", signs, b"" if ends else b",")
    return any(pair in around for pair in _MISPLACED)


def _numbers(flat: bytes) -> Array:
    try:
        values = pydantic_core.from_json(b"[%b]" % flat)
        found = np.array(values, np.float64)
    except (ValueError, OverflowError):
        found = np.array([np.nan])
    if not np.isfinite(found).all():
        raise _no_array()
    return found


def _no_array() -> errors.InvalidField:
    hint = "numbers as JSON writes them, finite in float64; lists are rectangular and separated by commas"
    return errors.InvalidField("the values are no array of numbers", hint=hint, field="values")


class _Shape:
    """What brackets and commas say of the shape of an array whose pieces are read in turn."""

    def __init__(self) -> None:
        self._depth = 0
        self._rank = 0  # until the first piece is read
        self._sizes: list[int] = []  # of lists by depth, 0 until one has ended
        self._commas: list[int] = []  # since the last list of a depth began
        self._lists: list[int] = []  # of each depth that have ended
        self._closed = False

    def read(self, piece: bytes) -> None:
        """Read a piece that ends before a comma, or with the text."""
        signs = np.frombuffer(piece, np.uint8)
        signs = signs[(signs == _OPEN) | (signs == _CLOSE) | (signs == _COMMA)]
        if not self._rank:
            self._begin(signs)
        steps = (signs == _OPEN).astype(np.int64) - (signs == _CLOSE).astype(np.int64)
        before = self._depth + np.cumsum(steps) - steps
        if (signs.size and (before.min() < 0 or (self._depth + np.cumsum(steps)).max() > self._rank)) or self._closed:
            raise _ragged()
        commas, closed = signs == _COMMA, signs == _CLOSE
        for depth in range(1, self._rank + 1):
            self._count(depth, commas & (before == depth), closed & (before == depth))
        self._depth += int(steps.sum())
        self._closed = self._depth == 0 and bool(signs.size)

    def comma(self) -> None:
        """Read the comma between two pieces."""
        if not self._depth > 0:
            raise _ragged()
        self._commas[self._depth - 1] += 1

    def complete(self, size: int) -> tuple[int, ...]:
        """Return the shape of an array of so many numbers."""
        shape = tuple(self._sizes)
        expected = [math.prod(shape[:depth]) for depth in range(len(shape))]
        if not self._closed or math.prod(shape) != size or self._lists != expected:
            raise _ragged()
        return shape

    def _begin(self, signs: Array) -> None:
        ends = np.flatnonzero(signs != _OPEN)
        self._rank = int(ends[0]) if ends.size else signs.size
        if not 0 < self._rank <= _MAX_RANK:
            raise errors.TooComplex(f"an array of more than {_MAX_RANK} axes", field="values")
        self._sizes, self._commas, self._lists = [0] * self._rank, [0] * self._rank, [0] * self._rank

    def _count(self, depth: int, commas: Array, closed: Array) -> None:
        """Compare the lists of a depth that end in this piece with those before."""
        counts = self._commas[depth - 1] + np.cumsum(commas)[closed]
        if counts.size:
            sizes = np.diff(counts, prepend=0) + 1
            known = self._sizes[depth - 1] or int(sizes[0])
            if (sizes != known).any():
                raise _ragged()
            self._sizes[depth - 1] = known
            self._lists[depth - 1] += counts.size
        total = self._commas[depth - 1] + int(commas.sum())
        self._commas[depth - 1] = total - (int(counts[-1]) if counts.size else 0)


def _ragged() -> errors.BadShape:
    return errors.BadShape("the rows of an array must have the same length", field="values")
