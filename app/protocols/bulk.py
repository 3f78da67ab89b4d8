"""The memory that large bodies and large answers take, all together bounded.

A body is counted from its first byte until its request is answered, for while it is decoded it takes several times as
much. An answer is counted until its last piece is on its way: it is sent in pieces, each when the client has taken
those before, so what nobody reads stays counted, and is refused to the next instead.
"""

from __future__ import annotations

from typing import Self

from starlette.types import Message, Receive, Send

from app import errors
from app.protocols import exchange

_PIECE_BYTES = 1 << 18
_RETRY_SECONDS = 2


class Bulk:
    """Bytes held by all requests.

    Args:
        most: how many.
        full: what to say when there are more.
    """

    def __init__(self, most: int, full: str) -> None:
        self._most = most
        self._full = full
        self.bytes = 0

    def grow(self, size: int) -> None:
        """Hold more.

        Raises:
            errors.Overloaded: that would be too much.
        """
        if self.bytes + size > self._most:
            raise errors.Overloaded(self._full, retry_after_seconds=_RETRY_SECONDS)
        self.bytes += size


class Share:
    """What one request holds, given back at the end of a ``with`` block."""

    __slots__ = ("_bulk", "_size")

    def __init__(self, bulk: Bulk) -> None:
        self._bulk = bulk
        self._size = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._bulk.bytes -= self._size

    def grow(self, size: int) -> None:
        """Hold more, see ``Bulk.grow``."""
        self._bulk.grow(size)
        self._size += size


def counted(receive: Receive, share: Share) -> Receive:
    """Return ``receive`` of ASGI, counting what it brings."""

    async def receive_counted() -> Message:
        message = await receive()
        content = message.get("body")
        if content:
            share.grow(len(content))
        return message

    return receive_counted


class Paced:
    """``send`` of ASGI, taking large answers piece by piece.

    Args:
        send: waits, as uvicorn's does, while the client does not read.
        share: counts them.

    Attributes:
        status: of what was sent instead of the answer, 0 as long as that is none.
    """

    def __init__(self, send: Send, share: Share) -> None:
        self._send = send
        self._share = share
        self._start: Message | None = None
        self.status = 0

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._start = message  # until it is known that there is room for what follows
            return
        content = message.get("body", b"")
        if len(content) > _PIECE_BYTES and not self.status:
            try:
                self._share.grow(len(content))
            except errors.Overloaded as error:
                if self._start is None:
                    raise
                await self._refuse(error, self._start)
                return
        if self.status:
            return
        if self._start is not None:
            start, self._start = self._start, None
            await self._send(start)
        if len(content) <= _PIECE_BYTES:
            await self._send(message)
            return
        view = memoryview(content)
        for first in range(0, len(view), _PIECE_BYTES):
            last = first + _PIECE_BYTES >= len(view)
            more = not last or message.get("more_body", False)
            piece = bytes(view[first : first + _PIECE_BYTES])
            await self._send({"type": "http.response.body", "body": piece, "more_body": more})

    async def _refuse(self, error: errors.Overloaded, start: Message) -> None:
        reply = exchange.refusal(error)
        identity = [header for header in start["headers"] if header[0] == b"x-request-id"]
        self.status = reply.status
        headers = [*reply.raw_headers(), *identity]
        await self._send({"type": "http.response.start", "status": reply.status, "headers": headers})
        await self._send({"type": "http.response.body", "body": reply.content})
