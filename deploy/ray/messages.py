"""Requests and responses between a door and a replica, and the function that a request is about."""

from __future__ import annotations

import re
from dataclasses import dataclass

_BY_PATH = re.compile(r"/(?:v1/functions|v2/models|f)/([0-9a-f]{32})(?:/|$)")
_BY_TEXT = re.compile(rb'"expression"\s*+:\s*+\[?+\s*+"([^"\\]*+(?:\\.[^"\\]*+)*+)"', re.DOTALL)

Headers = list[tuple[bytes, bytes]]


@dataclass(frozen=True, slots=True)
class Request:
    """A request for a replica: the fields of an ASGI scope, and the body."""

    method: str
    path: str
    raw_path: bytes
    query: bytes
    headers: Headers
    client: tuple[str, int] | None
    content: bytes


@dataclass(frozen=True, slots=True)
class Response:
    """The response of a replica."""

    status: int
    headers: Headers
    content: bytes


def function_of(path: str, content: bytes) -> str:
    """Return the function of a request: the id in its path, else the text in its body, else an empty string."""
    if found := _BY_PATH.match(path):
        return found[1]
    text = _BY_TEXT.search(content)
    return text[1].decode(errors="replace") if text else ""
