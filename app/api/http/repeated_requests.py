"""The point in the bytes of a request body, found without reading the rest as JSON.

A client that sends one function with many points sends the same bytes around each point.
"""

from __future__ import annotations

import re
from typing import Any

import pydantic_core


def split(raw: bytes) -> tuple[tuple[bytes, bytes], bytes]:
    """Return the bytes before and after the point of a body, and the point's bytes, empty if no point is found.

    Replacing a JSON value by another leaves the rest of the document unchanged. So if two bodies differ in these bytes
    only, both are valid and mean the same but for the point, provided that the bytes are the value of the outermost
    member "point" in one body (``splits``) and an array in the other (``numbers``).
    """
    found = _POINT.search(raw) if len(raw) <= _SPLIT_BYTES else None
    if found is None:
        return (raw, b""), b""
    start, end = found.span(1)
    return (raw[:start], raw[end:]), raw[start:end]


def splits(raw: bytes) -> bool:
    """Return whether ``split`` finds the outermost member "point" in this body, and an array there."""
    (before, after), text = split(raw)
    if numbers(text) is None:
        return False
    try:
        # If a mark in the place of the point is read under the name "point", then so is the point.
        document = pydantic_core.from_json(b"%b%b%b" % (before, _MARK, after))
    except ValueError:
        return False
    return isinstance(document, dict) and document.get("point") == pydantic_core.from_json(_MARK)


def numbers(text: bytes) -> list[Any] | None:
    """Return the array that bytes are as JSON, or None if they are anything else."""
    try:
        found = pydantic_core.from_json(text, allow_inf_nan=False)
    except ValueError:
        return None
    return found if isinstance(found, list) else None


_POINT = re.compile(rb'"point"\s*:\s*(\[[-+0-9.eE,\s\[\]]*\])')
_SPLIT_BYTES = 4096
_MARK = b'"\\u0000"'  # the bytes replaced by this are numbers, so no request has this value there
