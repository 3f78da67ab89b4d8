"""Large JSON read and written in pieces, so that other requests are answered in between.

A parser written in C holds the interpreter's lock from the first byte to the last: a fifth of a second for the largest
body, in which no other request is answered. A body is large because of its arrays of numbers. An array can be cut at
any comma: the lists that are open there are closed before the cut and opened again after it, and the pieces are read
one by one.

    [[1, 2, 3], [4, 5]]   =   [[1, 2]]  joined with  [[3], [4, 5]]

Everything else, and all that is not valid, is left to the parser as it is.

Large arrays of a point are read to NumPy's arrays, and answers for many points are written from them, by orjson: the
list of Python numbers between them costs more than the digits do.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import re
import secrets
import struct
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal

import numpy as np
import orjson
import pydantic_core
from numpy.typing import NDArray

from app import errors
from app.api.http import json_faults

Array = NDArray[Any]

InfNan = Literal["strings", "constants"]
"""How NaN and infinities are written: as JSON strings, or as tokens, which JSON does not have."""

_PIECE_BYTES = 1 << 17  # parsed at a time: some milliseconds
_COUNTED_BYTES = 1 << 20  # counted at a time: some milliseconds
_PIECE_NUMBERS = 1 << 14  # written at a time

_FEW = 64  # lists up to this length may hold arrays of different sizes: the gradients by some arguments of a function
_BACKSLASH = ord("\\")
_BLANKS = 64  # skipped at a cut; with more of them an array is left to the parser

_MARK = f"array {secrets.token_hex(16)} "
"""Stands for an array while the rest is read. It is random, so that no client can send it."""

_POINT_BEGINS = re.compile(rb'"point"\s*:\s*\{[^{}]*\Z')
"""The end of what stands before a member of an object "point"."""

_IS_POINT = re.compile(rb'"point"\s*:\s*\Z')
"""The end of what stands before a list "point"."""

_LONG = 1024
"""Bytes of a list that is worth an array of its own."""

_MANY_QUOTES = 4096
_BLANKS_BEFORE_COLON = 32
_MAX_OBJECTS = 10_000
_MAX_QUOTES = 100_000
"""Far above what any request needs. Each object and each string costs a parser as much as many numbers."""


async def load(
    raw: bytes, max_numbers: int, *, inf_nan: bool = False, unique_names: bool = False, numpy_point: bool = False
) -> Any:
    """Return a JSON document, giving way to other tasks between its pieces; ValueError if it is not JSON.

    With ``inf_nan``, NaN and infinities may be tokens. With ``unique_names``, an object with two members of one name is
    refused (``errors.InvalidJson``). With ``numpy_point``, large members of an object "point" that are lists of finite
    numbers, or of short lists of one length, may be float64 arrays, and so may the lists of a list "point". More
    numbers, or more of anything else than any request needs, are ``errors.TooComplex``.
    """
    text = raw
    found: list[list[Any] | Array] = []
    cuts = [(0, 0)]  # places in text and in raw that are the same
    if len(raw) > _PIECE_BYTES:
        await _refuse_excess(raw, max_numbers)
        rest, end, in_point = [], 0, False
        for first, last in large_arrays(raw):
            between = raw[end:first]
            in_point = numpy_point and _goes_on_in_point(between, in_point)
            array: list[Any] | Array | None = await _numbers(raw, first, last) if in_point else None
            if numpy_point and _IS_POINT.search(between):
                array = await _columns(raw, first, last)
            if array is None:
                array = await _array(raw, first, last)
            if array is not None:
                rest += [between, f'"{_MARK}{len(found)}"'.encode()]
                found.append(array)
                end = last
                cuts.append((sum(map(len, rest)), end))
        text = b"".join([*rest, raw[end:]])
    try:
        document = pydantic_core.from_json(text, allow_inf_nan=inf_nan)
    except ValueError as error:
        raise ValueError(json_faults.of_whole(str(error), text, raw, cuts)) from None
    if unique_names:
        _refuse_duplicates(text)
    if any(map(_is_numpy, found)) and not _all_in_point(document, found):
        return await load(raw, max_numbers, inf_nan=inf_nan, unique_names=unique_names)
    return _filled(document, found) if found else document


def _goes_on_in_point(between: bytes, in_point: bool) -> bool:
    """Return whether an array seems to be a member of the point, by the text between it and the one before."""
    return _POINT_BEGINS.search(between) is not None or (in_point and b"}" not in between)


def _is_numpy(array: list[Any] | Array) -> bool:
    return isinstance(array, np.ndarray) or (bool(array) and isinstance(array[0], np.ndarray))


def _all_in_point(document: Any, found: Sequence[list[Any] | Array]) -> bool:
    """Return whether every NumPy array is a member of the outermost "point"."""
    point = document.get("point") if isinstance(document, dict) else None
    given = point.values() if isinstance(point, dict) else [point]
    members = {value for value in given if isinstance(value, str)}
    return all(f"{_MARK}{number}" in members for number, array in enumerate(found) if _is_numpy(array))


async def dump(document: Any, *, inf_nan: InfNan = "strings") -> bytes:
    """Return strict JSON, giving way to other tasks between its pieces.

    Lists are rectangular; NumPy arrays are of floats and have an axis.
    """
    written: list[bytes | memoryview] = []
    for piece in _written(document, inf_nan):
        written.append(piece)
        if len(piece) >= _PIECE_NUMBERS:
            await asyncio.sleep(0)
    return b"".join(written)


def encode(document: Mapping[str, Any]) -> bytes:
    """Return strict JSON; numbers that are not finite become "NaN", "Infinity" and "-Infinity" (ProtoJSON)."""
    return pydantic_core.to_json(document, inf_nan_mode="strings")


def count(value: Any) -> int:
    """Return how many numbers a rectangular array has, or a few of them in a list; 1 for anything else."""
    if isinstance(value, list | tuple) and len(value) <= _FEW:
        return sum(map(_product, value))
    return _product(value)


def _product(value: Any) -> int:
    numbers = 1
    while isinstance(value, list | tuple):
        numbers *= len(value)
        value = value[0] if value else None
    return numbers


async def _refuse_excess(raw: bytes, max_numbers: int) -> None:
    """Refuse a body with too many values before a parser makes objects of them."""
    most = max_numbers + _MAX_QUOTES
    left = {b",": most, b"[": most, b"{": _MAX_OBJECTS, b'"': _MAX_QUOTES}
    for start in range(0, len(raw), _COUNTED_BYTES):
        end = min(start + _COUNTED_BYTES, len(raw))
        for token, some in left.items():
            left[token] = some - _counted(raw, token, start, end)
            if left[token] < 0:
                raise errors.TooComplex(f"the body has more of {token.decode()} than any request needs")
        await asyncio.sleep(0)


def _counted(text: bytes, token: bytes, start: int, end: int) -> int:
    """Return how often a byte stands in a piece: ``bytes.count`` takes ten times as long for a frequent byte."""
    return int(np.count_nonzero(np.frombuffer(text, np.uint8, end - start, start) == token[0]))


def large_arrays(raw: bytes | bytearray) -> Iterator[tuple[int, int]]:
    """Return where large arrays of numbers may stand: between two strings, from the first bracket to the last."""
    start = 0
    while start < len(raw):
        end = raw.find(b'"', start)
        end = len(raw) if end < 0 else end
        if end - start >= _PIECE_BYTES:
            first, last = raw.find(b"[", start, end), raw.rfind(b"]", start, end)
            if first >= 0 and last - first >= _PIECE_BYTES:
                yield first, last + 1
        start = _end_of_text(raw, end)


def _end_of_text(raw: bytes | bytearray, start: int) -> int:
    """Return the place behind the string that starts at a quote."""
    while True:
        start = raw.find(b'"', start + 1)
        if start < 0:
            return len(raw)
        escapes = start
        while raw[escapes - 1] == _BACKSLASH:
            escapes -= 1
        if (start - escapes) % 2 == 0:
            return start + 1


async def _array(raw: bytes, start: int, end: int) -> list[Any] | None:
    """Return the array of numbers in a piece of JSON, None if it is not one for certain."""
    found: list[Any] = []
    depth, cut = 0, start
    while cut < end:
        first, cut = cut, raw.find(b",", cut + _PIECE_BYTES, end)
        cut = end if cut < 0 else cut
        before, depth = depth, depth + _counted(raw, b"[", first, cut) - _counted(raw, b"]", first, cut)
        piece = b"".join([b"[" * before, memoryview(raw)[first:cut], b"]" * depth])
        good = (first == start or before) and (cut == end or _stand_around(raw, cut))
        read = _read(piece) if good else None
        if read is None:
            return None
        _join(found, read, before)
        cut += 1
        await asyncio.sleep(0)
    return found if depth == 0 else None


async def _columns(raw: bytes, start: int, end: int) -> list[Array] | None:
    """Return the arrays of a list of long lists of finite numbers, None if it is not one for certain."""
    found: list[Array] = []
    last = end - 1  # of its brackets
    while start < last:  # at the bracket or the comma before a list
        first = raw.find(b"[", start + 1, last)
        stop = raw.find(b"]", first, last) + 1
        blank = first >= 0 and stop > 0 and not raw[start + 1 : first].strip(b" \t\r\n")
        column = await _numbers(raw, first, stop) if blank and stop - first > _LONG else None
        if column is None:
            return None
        found.append(column)
        start = raw.find(b",", stop, last)
        start = last if start < 0 else start
        if raw[stop:start].strip(b" \t\r\n"):
            return None
    return found


async def _numbers(raw: bytes, start: int, end: int) -> Array | None:
    """Return the array of finite numbers in a piece of JSON as float64, None if it is not one for certain.

    It is a flat list, or a list of short lists of one length. orjson refuses numbers beyond float64. Of the words that
    it accepts each has a letter that no number has.
    """
    found: list[bytes] = []
    nested = raw[start + 1 : start + _BLANKS].lstrip().startswith(b"[")
    widths: set[int] = set()
    cut, last = start, end - 1  # of its brackets
    while cut < last:
        first, cut = cut + 1, _cut(raw, cut + _PIECE_BYTES, last, nested)
        piece = b"[%b]" % raw[first:cut]
        if (nested and len(piece) > 2 * _PIECE_BYTES) or b"u" in piece or b"l" in piece:
            return None  # long lists; true, false, null
        try:
            numbers = orjson.loads(piece)
            if nested:
                widths.update(map(len, numbers))
                numbers = list(itertools.chain.from_iterable(numbers))
            packed = struct.pack(f"{len(numbers)}d", *numbers)  # takes half the time that ``np.array`` takes
        except (TypeError, ValueError, struct.error):
            return None
        if not packed or len(widths) > 1:
            return None
        found.append(packed)
        await asyncio.sleep(0)
    flat = np.frombuffer(b"".join(found))
    return flat.reshape(-1, *widths)


def _cut(raw: bytes, start: int, end: int, nested: bool) -> int:
    """Return where the next comma is, for nested lists the next one between two of them; else the end."""
    if not nested:
        found = raw.find(b",", start, end)
        return end if found < 0 else found
    while (start := raw.find(b"]", start, end)) >= 0:
        start += 1
        behind = raw[start : start + _BLANKS]
        blanks = len(behind) - len(behind.lstrip())
        if behind[blanks : blanks + 1] == b",":
            return start + blanks
    return end


def _read(text: bytes) -> list[Any] | None:
    try:
        found: list[Any] = pydantic_core.from_json(text)
    except ValueError:
        return None
    return found


def _stand_around(raw: bytes, cut: int) -> bool:
    """Return whether a number or a list stands on either side of a comma: no list begins before it or ends behind."""
    before, behind = raw[max(0, cut - _BLANKS) : cut].rstrip()[-1:], raw[cut + 1 : cut + _BLANKS].lstrip()[:1]
    return before not in (b"", b"[") and behind not in (b"", b"]")


def _join(first: list[Any], second: list[Any], depth: int) -> None:
    """Append an array to another, in which ``depth`` lists are still open."""
    for _ in range(depth - 1):
        last, goes_on = first[-1], second[0]
        first.extend(second[1:])
        first, second = last, goes_on
    first.extend(second)


def _filled(document: Any, arrays: Sequence[list[Any] | Array]) -> Any:
    if isinstance(document, str) and document.startswith(_MARK):
        return arrays[int(document[len(_MARK) :])]
    if isinstance(document, dict):
        return {name: _filled(value, arrays) for name, value in document.items()}
    if isinstance(document, list):
        return [_filled(value, arrays) for value in document]
    return document


def _written(value: Any, inf_nan: InfNan) -> Iterator[bytes | memoryview]:
    """Return JSON in pieces of some milliseconds each."""
    if isinstance(value, dict):
        for number, (name, member) in enumerate(value.items()):
            yield b"%b%b:" % (b"," if number else b"{", pydantic_core.to_json(name))
            yield from _written(member, inf_nan)
        yield b"}" if value else b"{}"
    elif isinstance(value, np.ndarray):
        yield from _written_array(value, inf_nan)
    elif isinstance(value, list) and value and isinstance(value[0], np.ndarray):
        for number, array in enumerate(value):
            yield b"," if number else b"["
            yield from _written_array(array, inf_nan)
        yield b"]"
    elif isinstance(value, list | tuple) and len(value) > 1 and (numbers := count(value)) > _PIECE_NUMBERS:
        each = max(1, len(value) * _PIECE_NUMBERS // numbers)
        for start in range(0, len(value), each):
            yield b"," if start else b"["
            if each == 1:
                yield from _written(value[start], inf_nan)
            else:
                yield pydantic_core.to_json(value[start : start + each], inf_nan_mode=inf_nan)[1:-1]
        yield b"]"
    else:
        yield pydantic_core.to_json(value, inf_nan_mode=inf_nan)


def _written_array(array: Array, inf_nan: InfNan) -> Iterator[bytes | memoryview]:
    """Return what ``tolist`` of an array of floats is as JSON, in pieces."""
    each = max(1, len(array) * _PIECE_NUMBERS // max(1, array.size))
    yield b"["
    for start in range(0, len(array), each):
        piece = np.ascontiguousarray(array[start : start + each], np.float64)
        if start:
            yield b","
        if np.isfinite(piece).all():
            yield memoryview(orjson.dumps(piece, option=orjson.OPT_SERIALIZE_NUMPY))[1:-1]
        else:
            yield pydantic_core.to_json(piece.tolist(), inf_nan_mode=inf_nan)[1:-1]
    yield b"]"


def _may_repeat_a_name(body: bytes) -> bool:
    """Return False if no object of a JSON text can have two members of one name, without parsing the text.

    Splitting at quotes is cheap, because a large body is numbers, which have none. The parts are strings and the text
    between strings in turn.
    """
    if b"\\" in body:
        if b"\\u" in body:
            return True  # one name in two spellings
        body = body.replace(b"\\\\", b"").replace(b'\\"', b"")
    if body.count(b'"') > _MANY_QUOTES:
        return True
    parts = body.split(b'"')
    seen: set[bytes] = set()
    for string, following in zip(parts[1::2], parts[2::2], strict=False):
        # A string is a name if a colon follows; behind more blanks than these it is taken for one.
        if following[:_BLANKS_BEFORE_COLON].lstrip()[:1] in (b":", b""):
            if string in seen:
                return True
            seen.add(string)
    return False


def _refuse_duplicates(body: bytes) -> None:
    """Refuse an object with two members of one name: parsers differ in what it means (RFC 8259, section 4)."""
    if not _may_repeat_a_name(body):
        return

    def members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) < len(pairs):
            names = [name for name, _ in pairs]
            twice = next(name for name in found if names.count(name) > 1)
            raise errors.InvalidJson(f"the name {errors.quote(twice)} stands twice in one object")
        return found

    json.loads(body, object_pairs_hook=members)
