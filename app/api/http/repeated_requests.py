"""The point in the bytes of a request body, found without reading the rest as JSON.

A client that sends one function with many points sends the same bytes around each point. Often it sends the same
arrays, too: the data of a fit stay, the parameters change. An array whose bytes are those of the request before is not
read again.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pydantic_core
from numpy.typing import NDArray

from app.api.http import json_stream, replies
from app.engine import points

_POINT = re.compile(rb'"point"\s*:\s*([\[{])')
_MEMBER = re.compile(rb'\s*"([^"\\]*)"\s*:\s*')
_MOST_BYTES = 1 << 22
"""Bodies that are longer are read in full each time."""
_MOST_MEMBERS = 64
_MOST_TRIES = 8  # places where the name "point" may stand in another sense
_KEPT_BYTES = 256  # an array that is written shorter is not kept: to read it costs little
_PIECE_BYTES = 1 << 17  # read at a time, as by ``json_stream``
_BYTES_PER_OPERATION = 160  # an operation of a plan takes so much memory, about; weights are in operations

_COMMA, _OPEN, _CLOSE = map(ord, ",[]")

Place = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Split:
    """A body taken apart.

    ``around`` are the bytes before, between and behind the values at ``places``: the point, if it is an array, or the
    members of the point, if it is an object.
    """

    around: tuple[bytes, ...]
    places: tuple[Place, ...]


def split(raw: bytes) -> Split | None:
    """Return a body taken apart, None if no point is found.

    Replacing a JSON value by another leaves the rest of the document unchanged. So if two bodies differ in these values
    only, both are valid and mean the same but for the point, provided that the places are those of the outermost member
    "point" in one body (``names``), and that there are JSON values in the other (``Repeated.match``).
    """
    if len(raw) > _MOST_BYTES:
        return None
    found, start = None, -1
    for _ in range(_MOST_TRIES):
        start = raw.find(b'"point"', start + 1)
        found = _POINT.match(raw, start) if start >= 0 else None
        if start < 0 or found is not None:
            break
    if found is None:
        return None
    if found[1] == b"{":
        places = _members(raw, found.end())
    else:
        # Between the brackets are numbers, so they end before the next quote.
        end = raw.rfind(b"]", found.start(1), _quote(raw, found.end())) + 1
        places = [(found.start(1), end)] if end else []
    if not places:
        return None
    ends = [0, *[stop for _, stop in places]]
    starts = [*[start for start, _ in places], len(raw)]
    return Split(tuple([raw[end:start] for end, start in zip(ends, starts, strict=True)]), tuple(places))


def split_again(raw: bytes, around: tuple[bytes, ...], *, is_listed: bool) -> Split | None:
    """Return what ``split`` returns, for a body like an earlier one; None if that is not sure.

    ``around`` are the parts of that body, whose point was an array, or an object. Where they are the same, and there is
    no quote and no brace between them, ``split`` finds the same places; this takes a fifth of its time.
    """
    before, *between, behind = around
    start, stop = len(before), len(raw) - len(behind)
    if not (start < stop <= _MOST_BYTES and raw.startswith(before) and raw.endswith(behind)):
        return None
    if is_listed and not (raw[start] == _OPEN and raw[stop - 1] == _CLOSE):
        return None
    places: list[Place] = []
    for part in between:
        end = raw.find(part, start, stop)
        if end < 0 or _has_marks(raw, start, end):
            return None
        places.append((start, end))
        start = end + len(part)
    return None if _has_marks(raw, start, stop) else Split(around, (*places, (start, stop)))


def _has_marks(raw: bytes, start: int, stop: int) -> bool:
    return raw.find(b'"', start, stop) >= 0 or raw.find(b"}", start, stop) >= 0


def names(taken: Split) -> tuple[str, ...] | None:
    """Return the names of a point that is an object, none for an array; None if the places are not those of the point.

    The body is one that has been answered, so there are no strings in its point.
    """
    marks = [f"\0{number}" for number in range(len(taken.places))]
    marked = b"".join(
        [part + mark for part, mark in zip(taken.around, [*map(pydantic_core.to_json, marks), b""], strict=True)]
    )
    try:
        # If marks in the places of the values are read under the name "point", then so are the values.
        document = pydantic_core.from_json(marked)
    except ValueError:
        return None
    point = document.get("point") if isinstance(document, dict) else None
    if isinstance(point, dict):
        return tuple(point) if list(point.values()) == marks else None
    return () if point == marks[0] else None


def array(text: bytes) -> list[Any] | None:
    """Return the array that bytes are as JSON, or None if they are anything else."""
    try:
        found = pydantic_core.from_json(text, allow_inf_nan=False)
    except ValueError:
        return None
    return found if isinstance(found, list) else None


@dataclass(slots=True)
class Match:
    """The point of a repeated request, read as far as it is known.

    ``entries`` are its entries; ``gaps`` says which of them are to be read, as a range, and the JSON array of these.
    A gap without an end is the whole point.
    """

    entries: list[Any]
    gaps: list[tuple[int, int | None, bytes]]

    @property
    def unread(self) -> int:
        """How many bytes are to be read."""
        return sum([len(text) for _, _, text in self.gaps])


class Repeated:
    """A request that has been answered, without its point; and the arrays of the last point.

    Args:
        request: answers it at another point.
        members: names of a point that is an object, none for an array.
        size: bytes of the body; more are not kept.
    """

    __slots__ = ("_kept", "_members", "_size", "request")

    def __init__(self, request: replies.RepeatedRequest, members: tuple[str, ...], size: int) -> None:
        self.request, self._members, self._size = request, members, size
        self._kept: list[tuple[bytes, NDArray[Any]] | None] = [None] * len(members)

    @property
    def is_listed(self) -> bool:
        """Whether the point is an array."""
        return not self._members

    @property
    def weight(self) -> int:
        """What it costs to keep it, in operations: the bytes of its arrays and their numbers take as much again."""
        return self.request.weight + 2 * self._size // _BYTES_PER_OPERATION

    def short_point(self, raw: bytes, places: Sequence[Place]) -> list[Any] | dict[str, Any] | None:
        """Return what ``match`` and ``point`` find of a short point, in a third of the time; None if it is no such.

        That is an array, an object of one member, or one of numbers.
        """
        if places[-1][1] - places[0][0] >= _KEPT_BYTES:
            return None
        if self.is_listed:
            return array(raw[slice(*places[0])])
        values = array(b"[%b]" % b",".join([raw[start:stop] for start, stop in places]))
        if values is None or len(values) != len(places):
            return None
        # Parts of arrays, one in each place, would be one value together: only numbers are certain to be one each.
        if len(values) > 1 and not points.NUMERIC.issuperset(map(type, values)):
            return None
        return dict(zip(self._members, values, strict=True))

    def match(self, raw: bytes, places: Sequence[Place]) -> Match:
        """Return the point of a body, with gaps where it is not that of the request before."""
        if self.is_listed:
            return self._match_list(raw, *places[0])
        entries: list[Any] = []
        gaps: list[tuple[int, int | None, bytes]] = []
        for number, ((start, stop), kept) in enumerate(zip(places, self._kept, strict=True)):
            if kept is not None and len(kept[0]) == stop - start and raw.startswith(kept[0], start):
                entries.append(kept[1])
            else:
                entries.append(None)
                gaps.append((number, number + 1, b"[%b]" % raw[start:stop]))
        return Match(entries, gaps)

    def point(self, found: Match) -> Any | None:
        """Return the point of a request, None if it is no JSON."""
        return self._filled(found, [array(text) for _, _, text in found.gaps])

    async def point_in_pieces(self, found: Match, most: int) -> Any | None:
        """Return the same of a long body, giving way to other tasks; ``most`` is how many values it may have."""
        read = []
        try:
            for _, _, text in found.gaps:
                read.append(array(text) if len(text) <= _PIECE_BYTES else await json_stream.load(text, most))
        except ValueError:
            return None
        return self._filled(found, read)

    def _filled(self, found: Match, read: list[list[Any] | None]) -> Any | None:
        for (start, stop, text), values in zip(found.gaps, read, strict=True):
            if values is None or (stop is not None and len(values) != stop - start):
                return None
            if stop is None:
                self._keep_list(text, values)
            elif stop - start == 1:
                values[0] = self._keep(start, text[1:-1], values[0])
            found.entries[start:stop] = values
        return dict(zip(self._members, found.entries, strict=True)) if self._members else found.entries

    def _keep(self, number: int, text: bytes, value: Any) -> Any:
        """Return a value, as an array if it is one that is kept."""
        if not isinstance(value, list) or not _KEPT_BYTES <= len(text) <= self._size:
            return value
        found = points.array(value, f"point.{self._members[number] if self._members else number}")
        found.flags.writeable = False
        self._kept[number] = text, found
        return found

    def _keep_list(self, text: bytes, values: list[Any]) -> None:
        """Keep the arrays of a point that is an array of the arguments."""
        if len(text) < _KEPT_BYTES or len(values) != self.request.arguments or len(values) < 2:
            return
        self._kept = [None] * len(values)
        for number, (part, value) in enumerate(zip(_entries(text), values, strict=True)):
            values[number] = self._keep(number, part, value)

    def _match_list(self, raw: bytes, start: int, stop: int) -> Match:
        """Compare entries with those before, from the first on and from the last on; what is between is a gap.

        If each of these parts is valid JSON, then the whole is, and these are its entries.
        """
        kept, first, last = self._kept, 0, len(self._kept)
        if not any(kept):
            return Match([], [(0, None, raw[start:stop])])
        start, stop = start + 1, stop - 1  # within the brackets
        for entry in kept:
            end = start + len(entry[0]) if entry is not None and raw.startswith(entry[0], start) else -1
            if first == last - 1 and end == stop:
                return Match([each and each[1] for each in kept], [])
            if first == last - 1 or end < 0 or raw[end : end + 1] != b",":
                break
            first, start = first + 1, end + 1
        for entry in kept[:first:-1]:
            begin = stop - len(entry[0]) if entry is not None else -1
            if entry is None or begin <= start or not raw.startswith(entry[0], begin) or raw[begin - 1] != _COMMA:
                break
            last, stop = last - 1, begin - 1
        return Match([each and each[1] for each in kept], [(first, last, b"[%b]" % raw[start:stop])])


def _quote(raw: bytes, start: int) -> int:
    """Return where the next quote is, or the end."""
    found = raw.find(b'"', start)
    return len(raw) if found < 0 else found


def _members(raw: bytes, start: int) -> list[Place]:
    """Return where the values of an object of numbers and arrays are; nothing if it is none for certain."""
    places: list[Place] = []
    while len(places) < _MOST_MEMBERS:
        name = _MEMBER.match(raw, start)
        if name is None:
            return []
        quote = _quote(raw, name.end())
        brace = raw.find(b"}", name.end(), quote)
        comma = raw.rfind(b",", name.end(), quote) if brace < 0 else brace
        if comma < 0:
            return []
        places.append((name.end(), comma))
        if brace >= 0:
            return places
        start = comma + 1
    return []


def _entries(text: bytes) -> list[bytes]:
    """Return the bytes of each entry of a valid array of numbers and arrays of numbers."""
    signs = np.frombuffer(text, np.uint8)
    depth = np.cumsum((signs == ord("[")).astype(np.int8) - (signs == ord("]")).astype(np.int8), dtype=np.int32)
    commas = np.flatnonzero((signs == _COMMA) & (depth == 1)).tolist()
    start, stop = text.index(b"["), text.rindex(b"]")
    return [text[one + 1 : other] for one, other in itertools.pairwise([start, *commas, stop])]
