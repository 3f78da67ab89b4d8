"""Large JSON read and written piece by piece, so that nobody waits for all of it.

A parser written in C holds the interpreter's lock from the first byte to the last: a fifth of a second for the largest
body, in which no other request is answered, hot or not. What makes a body large is arrays of numbers, and these can be
cut at any comma: closed behind it as many lists as are open there, opened again before what follows,

    [[1, 2, 3], [4, 5]]   =   [[1, 2]]  joined with  [[3], [4, 5]]

the pieces can be read one by one. Whatever is not such an array, or wrong, is left to the parser as it is.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable, Iterator
from typing import Any, Literal

import numpy as np
import pydantic_core

from app import errors

InfNan = Literal["strings", "constants"]
"""How NaN and infinities are written: as JSON texts, or as the tokens that JSON has not."""

_PIECE_BYTES = 1 << 17
"""Some milliseconds of a parser's time."""
_COUNTED_BYTES = 1 << 20
"""Likewise, of counting."""

_PIECE_NUMBERS = 1 << 14
_FEW = 64
"""Arguments of a function, whose gradients differ in size."""

_BACKSLASH = ord("\\")
_BLANKS = 64
"""More of them at a cut than anybody writes."""

_MARK = f"array {secrets.token_hex(16)} "
"""What stands for an array while the rest is read; no client can know it."""

_MAX_OBJECTS = 10_000
_MAX_QUOTES = 100_000
"""Far above what any request needs; each object and each text costs a parser as much as many numbers."""


async def load(
    raw: bytes, max_numbers: int, *, inf_nan: bool = False, check: Callable[[bytes], None] | None = None
) -> Any:
    """Return a JSON document, letting others have a turn between its pieces.

    Args:
        raw: JSON in UTF-8.
        max_numbers: of all arrays.
        inf_nan: whether NaN and infinities may be tokens.
        check: looks at the text of all but large arrays, and raises what is wrong with it.

    Raises:
        ValueError: not JSON.
        errors.TooComplex: more than any request needs, of numbers or anything else.
    """
    if len(raw) <= _PIECE_BYTES:
        document = pydantic_core.from_json(raw, allow_inf_nan=inf_nan)
        if check is not None:
            check(raw)
        return document
    await _refuse_excess(raw, max_numbers)
    found: list[list[Any]] = []
    rest: list[bytes] = []
    end = 0
    for first, last in _arrays(raw):
        array = await _array(raw, first, last)
        if array is not None:
            rest += [raw[end:first], f'"{_MARK}{len(found)}"'.encode()]
            found.append(array)
            end = last
    text = b"".join([*rest, raw[end:]])
    document = pydantic_core.from_json(text, allow_inf_nan=inf_nan)
    if check is not None:
        check(text)
    return _filled(document, found) if found else document


async def dump(document: Any, *, inf_nan: InfNan = "strings") -> bytes:
    """Return strict JSON, letting others have a turn between its pieces.

    Args:
        document: of what JSON has, objects' names being text; arrays are rectangular.
        inf_nan: how NaN and infinities are written.
    """
    written = []
    for piece in _written(document, inf_nan):
        written.append(piece)
        if len(piece) >= _PIECE_NUMBERS:
            await asyncio.sleep(0)
    return b"".join(written)


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
    """Refuse what nobody needs before a parser makes objects of any of it.

    Raises:
        errors.TooComplex: more than any request needs.
    """
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
    """Return how often a byte stands in a piece: as ``bytes.count``, in a tenth of its time where that is often."""
    return int(np.count_nonzero(np.frombuffer(text, np.uint8, end - start, start) == token[0]))


def _arrays(raw: bytes) -> Iterator[tuple[int, int]]:
    """Return where large arrays without texts may stand: between two texts, from the first bracket to the last."""
    start = 0
    while start < len(raw):
        end = raw.find(b'"', start)
        end = len(raw) if end < 0 else end
        if end - start >= _PIECE_BYTES:
            first, last = raw.find(b"[", start, end), raw.rfind(b"]", start, end)
            if first >= 0 and last - first >= _PIECE_BYTES:
                yield first, last + 1
        start = _end_of_text(raw, end)


def _end_of_text(raw: bytes, start: int) -> int:
    """Return the place behind the text that starts at a quote."""
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
    """Append an array to another of which so many lists are still open."""
    for _ in range(depth - 1):
        last, goes_on = first[-1], second[0]
        first.extend(second[1:])
        first, second = last, goes_on
    first.extend(second)


def _filled(document: Any, arrays: list[list[Any]]) -> Any:
    """Return a document with its arrays in their places."""
    if isinstance(document, str) and document.startswith(_MARK):
        return arrays[int(document[len(_MARK) :])]
    if isinstance(document, dict):
        return {name: _filled(value, arrays) for name, value in document.items()}
    if isinstance(document, list):
        return [_filled(value, arrays) for value in document]
    return document


def _written(value: Any, inf_nan: InfNan) -> Iterator[bytes]:
    """Return JSON in pieces of some milliseconds each."""
    if isinstance(value, dict):
        for number, (name, member) in enumerate(value.items()):
            yield b"%b%b:" % (b"," if number else b"{", pydantic_core.to_json(name))
            yield from _written(member, inf_nan)
        yield b"}" if value else b"{}"
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
