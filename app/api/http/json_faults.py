"""What is wrong with a body that is not JSON, with line and column, and what to send instead."""

from __future__ import annotations

import re

from app import errors

_PLACE = re.compile(r"^(.*?) at line (\d+) column (\d+)")
_AROUND = 60
"""Bytes before and after the place that are looked at."""

_BEGINNINGS: tuple[tuple[bytes, str], ...] = (
    (b"\xef\xbb\xbf", "the body begins with a byte order mark: send UTF-8 without it"),
    (b"\xff\xfe", "the body is UTF-16: send UTF-8"),
    (b"\xfe\xff", "the body is UTF-16: send UTF-8"),
    (b"\x1f\x8b", "the body is compressed: send it as it is"),
    (b"<", "the body is HTML or XML: send a JSON object"),
    (b"expression=", "the body is a form: send a JSON object"),
)
"""How bodies of other kinds begin."""

_SLIPS: tuple[tuple[bytes, bytes, str], ...] = (
    (
        rb"[:,\[]\s*-?$",
        rb"-?(?:NaN|nan|Infinity|inf)\b",
        "JSON has no NaN and no Infinity: a point is made of finite numbers",
    ),
    (
        rb"[\[:,\s-](?:N|Na|I|n|na|i|in)$",
        rb"[aANnf]",
        "JSON has no NaN and no Infinity: a point is made of finite numbers",
    ),
    (rb"", rb"'", 'write double quotes, "..."'),
    (rb"'", rb"", 'write double quotes, "..."'),
    (rb",\s*$", rb"[\]}]", "leave the last comma out"),
    (rb"", rb"True\b|False\b|None\b", "write true, false and null"),
    (rb"", rb"//|/\*|#", "JSON has no comments"),
    (rb"\d\.$", rb"(?!\d)", "write a digit after the point: 1.0"),
    (rb"[\[,:]\s*-?$", rb"\.\d", "write a digit before the point: 0.5"),
    (rb"[\[,:]\s*$", rb"\+", "write the number without +"),
    (rb"\b0$", rb"\d", "write the number without leading zeros"),
    (rb"[{,]\s*$", rb"[A-Za-z_]", "put names in double quotes"),
    (rb"", rb"\n|\r", r"write a line break within a string as \n"),
    (rb"[\d\"\]}]\s*$", rb"[\d\"\[{-]", "separate the values with commas"),
)
"""Patterns before and from the place, and what to write."""


_SAID: dict[str, str] = {
    "invalid unicode code point": "the body is not UTF-8",
    "invalid escape": r"write \\ for a backslash within a string",
    "lone leading surrogate in hex escape": "a character beyond 16 bits is two escapes",
    "expected `:`": "write a colon between a name and its value",
    "expected `,` or `}`": r"a quote within a string is \"; members are separated by commas",
    "expected `,` or `]`": "items are separated by commas",
    "recursion limit exceeded": "lists are nested too deep",
}
"""Hints by what the parser says, where nothing at the place gives a better one."""


def of_whole(message: str, text: bytes, raw: bytes, cuts: list[tuple[int, int]]) -> str:
    """Return what a parser says of a text, with the line and column that the place has in the whole body.

    Args:
        message: of the parser.
        text: what was parsed: the body with other text for some of its parts.
        raw: the body.
        cuts: places in text and body that are the same.
    """
    found = _PLACE.match(message)
    if found is None or text is raw:
        return message
    start = 0
    for _ in range(int(found[2]) - 1):
        start = text.find(b"\n", start) + 1
    place = start + int(found[3])
    here, whole = max(cut for cut in cuts if cut[0] <= place)
    place += whole - here
    line = 1 + raw.count(b"\n", 0, place)
    column = place - (raw.rfind(b"\n", 0, place) + 1)
    return f"{found[1]} at line {line} column {column}"


def fault(error: ValueError, body: bytes = b"") -> errors.InvalidJson:
    """Return the error of a parser as the client is told of it."""
    found = _PLACE.match(str(error))
    if found is None:
        said = str(error)[:200]
        return errors.InvalidJson(f"not JSON: {said}", hint=_beginning(body) or _said(said))
    what, line, column = found[1], int(found[2]), int(found[3])
    detail = f"not JSON: {what[:150]}, at line {line}, column {column}"
    return errors.InvalidJson(detail, hint=_beginning(body) or _slip(body, line, column) or _said(what))


def _beginning(body: bytes) -> str | None:
    for start, hint in _BEGINNINGS:
        if body.startswith(start):
            return hint
    if b"\x00" in body[:8]:
        return "the body is UTF-16 or UTF-32: send UTF-8"
    return None


def _said(what: str) -> str | None:
    if what.startswith("EOF"):
        return "the body ends before its last bracket or quote is closed"
    return _SAID.get(what)


def _slip(body: bytes, line: int, column: int) -> str | None:
    start = 0
    for _ in range(line - 1):
        start = body.find(b"\n", start) + 1
    # A parser says the column of the byte that it cannot take, or of the one before it.
    for place in (start + column - 1, start + column):
        before, after = body[max(0, place - _AROUND) : max(0, place)], body[max(0, place) : place + _AROUND]
        for first, second, hint in _SLIPS:
            if (not first or re.search(first, before[-_AROUND:])) and re.match(second, after):
                return hint
    return None
