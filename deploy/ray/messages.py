"""A request and its answer on their way between a door and a replica, and what a request is about."""

from __future__ import annotations

import re
from dataclasses import dataclass

_BY_PATH = re.compile(r"/(?:v1/functions|v2/models|f)/([0-9a-f]{32})(?:/|$)")
_BY_TEXT = re.compile(rb'"expression"\s*+:\s*+\[?+\s*+"([^"\\]*+(?:\\.[^"\\]*+)*+)"', re.DOTALL)

Headers = list[tuple[bytes, bytes]]


@dataclass(frozen=True, slots=True)
class Asked:
    """A request on its way to a replica, as far as ASGI's scope needs it."""

    method: str
    path: str
    raw_path: bytes
    query: bytes
    headers: Headers
    client: tuple[str, int] | None
    content: bytes


@dataclass(frozen=True, slots=True)
class Answered:
    """A response on its way back."""

    status: int
    headers: Headers
    content: bytes


def function_of(path: str, content: bytes) -> str:
    """Return what a request is about: the id in its address, else the text of the function; else nothing."""
    if found := _BY_PATH.match(path):
        return found[1]
    text = _BY_TEXT.search(content)
    return text[1].decode(errors="replace") if text else ""
