"""Large JSON read and written piece by piece, so that nobody waits for all of it.

A parser written in C holds the interpreter's lock from the first byte to the last: a fifth of a second for the largest
body, in which no other request is answered, hot or not. What makes a body large is arrays of numbers, and these can be
cut at any comma: closed behind it as many lists as are open there, opened again before what follows,

    [[1, 2, 3], [4, 5]]   =   [[1, 2]]  joined with  [[3], [4, 5]]

the pieces can be read one by one. Whatever is not such an array, or wrong, is left to the parser as it is.
"""

from __future__ import annotations

import asyncio
import re
import secrets
from collections.abc import Callable, Iterator
from typing import Any, Literal

import pydantic_core

from app import errors

InfNan = Literal["strings", "constants"]
"""How NaN and infinities are written: as JSON texts, or as the tokens that JSON has not."""

_PIECE_BYTES = 1 << 17
"""Some milliseconds of a parser's time."""
_PIECE_COUNTED = 1 << 20

_PIECE_NUMBERS = 1 << 14
_FEW = 64
"""Arguments of a function, whose gradients differ in size."""

_ARRAY = re.compile(rb"\[[-+0-9.eE,\s\[\]]{%d,}\]" % _PIECE_BYTES)
_MARK = f"array {secrets.token_hex(16)} "
"""What stands for an array while the rest is read; no client can know it."""

_MAX_OBJECTS = 10_000
_MAX_QUOTES = 200_000
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
    await _check_counts(raw, max_numbers)
    found: list[list[Any]] = []
    rest: list[bytes] = []
    end = 0
    for match in _ARRAY.finditer(raw):
        array = await _array(match.group()) if _is_outside_of_texts(raw, match.start()) else None
        if array is not None:
            rest += [raw[end : match.start()], f'"{_MARK}{len(found)}"'.encode()]
            found.append(array)
            end = match.end()
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


async def _check_counts(raw: bytes, max_numbers: int) -> None:
    """Refuse what nobody needs before a parser has made objects of it."""
    most = max_numbers + _MAX_QUOTES
    for token, limit in ((b",", most), (b"[", most), (b"{", _MAX_OBJECTS), (b'"', _MAX_QUOTES)):
        found = 0
        for start in range(0, len(raw), _PIECE_COUNTED):
            found += raw.count(token, start, start + _PIECE_COUNTED)
            await asyncio.sleep(0)
        if found > limit:
            raise errors.TooComplex(f"the body has {found} of {token.decode()}, the limit is {limit}")


def _is_outside_of_texts(raw: bytes, position: int) -> bool:
    before = raw[:position]
    if b"\\" in before:
        before = before.replace(b"\\\\", b"").replace(b'\\"', b"")
    return before.count(b'"') % 2 == 0


async def _array(text: bytes) -> list[Any] | None:
    """Return an array of numbers, None if its text is not one for certain."""
    found: list[Any] = []
    start = depth = 0
    while start < len(text):
        end = text.find(b",", start + _PIECE_BYTES)
        end = len(text) if end < 0 else end
        piece = text[start:end]
        before, depth = depth, depth + piece.count(b"[") - piece.count(b"]")
        # At a cut a number or a list stands on either side: no end of a list behind it, no beginning before it.
        if (start and (not before or piece.lstrip()[:1] == b"]")) or (end < len(text) and piece.rstrip()[-1:] == b"["):
            return None
        try:
            read = pydantic_core.from_json(b"[" * before + piece + b"]" * depth)
        except ValueError:
            return None
        _join(found, read, before)
        start = end + 1
        await asyncio.sleep(0)
    return found if depth == 0 else None


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
