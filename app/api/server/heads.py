"""Heads of requests, by their bytes: a client sends the same head again and again, and only the body changes.

A head that has been parsed once need not be parsed again: the same bytes at the start of a request mean the same. Most
clients write few heads; those that write a number into each, as an identity of the request, push each other out.
"""

from __future__ import annotations

from dataclasses import dataclass

from app.api.http import hot_lane
from app.runtime import cache

_KEPT = 1024
_MOST_BYTES = 2048  # of a head that is kept
_END = b"\r\n\r\n"


@dataclass(frozen=True, slots=True)
class KnownHead:
    """The head of a request that the hot lane may answer.

    Attributes:
        length: bytes of the body, by its Content-Length.
    """

    length: int
    way: hot_lane.Way


class KnownHeads:
    """The heads of requests that were complete when they arrived. Belongs to one event loop."""

    def __init__(self) -> None:
        self._heads: cache.LruDict[bytes, KnownHead] = cache.LruDict(_KEPT)

    def find(self, data: bytes) -> tuple[KnownHead, bytes] | None:
        """Return the head and the body of bytes that are one whole request with a known head, else None."""
        end = data.find(_END) + len(_END)
        head = self._heads.get(data[:end])
        if head is None or len(data) != end + head.length:
            return None
        return head, data[end:]

    def keep(self, data: bytes, head: KnownHead) -> None:
        """Keep the head of bytes that were one whole request, unless it tells its length in another way."""
        end = len(data) - head.length
        announced = (b"content-length", b"%d" % head.length) in head.way.headers
        if announced and end <= _MOST_BYTES and data.find(_END) + len(_END) == end:
            self._heads[data[:end]] = head
