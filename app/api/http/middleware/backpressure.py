"""The memory that large bodies and large answers take, all together bounded.

A body is counted from its first byte until its request is answered, because decoding it takes several times as much
memory. An answer is counted until its last piece is on its way. It is sent in pieces, each when the client has taken
those before: an answer that is not read stays counted, and the next large answer is refused instead.
"""

from __future__ import annotations

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app import errors
from app.api.http import body, problem

_PIECE_BYTES = 1 << 18
_RETRY_SECONDS = 2


class MemoryBudget:
    """Bytes held for all requests; ``detail`` is of the error when there would be too many."""

    def __init__(self, max_bytes: int, detail: str) -> None:
        self._max_bytes, self._detail = max_bytes, detail
        self.bytes = 0

    def take(self, size: int) -> None:
        """Hold more bytes, or raise ``errors.Overloaded`` if that would be too many."""
        if self.bytes + size > self._max_bytes:
            raise errors.Overloaded(self._detail, retry_after_seconds=_RETRY_SECONDS)
        self.bytes += size


class Budgets:
    """The memory of one application."""

    def __init__(self, limits: body.RequestLimits) -> None:
        self.bodies = MemoryBudget(limits.max_bodies_bytes, "too many large requests are being answered")
        self.data = MemoryBudget(limits.max_data_bodies_bytes, "too much data is being registered")
        self.answers = MemoryBudget(limits.max_answers_bytes, "too many large answers are waiting to be read")

    def of_bodies(self, path: str) -> MemoryBudget:
        """Return the budget for the bodies of requests to a path."""
        return self.data if path == body.DATA_PATH else self.bodies


class Backpressure:
    """ASGI middleware that bounds the memory of bodies and answers."""

    def __init__(self, app: ASGIApp, budgets: Budgets, refuse: problem.Refusal) -> None:
        self._app, self._budgets, self._refuse = app, budgets, refuse

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = scope["path"]
        bodies, held = self._budgets.of_bodies(path), 0
        paced_send = PacedSend(send, self._budgets.answers, path, self._refuse)

        async def counted_receive() -> Message:
            nonlocal held
            message = await receive()
            content = message.get("body")
            if content:
                bodies.take(len(content))
                held += len(content)
            return message

        try:
            await self._app(scope, counted_receive, paced_send)
        finally:
            bodies.bytes -= held
            paced_send.release()


class PacedSend:
    """``send`` of ASGI that sends a large answer piece by piece, or a refusal if there is no memory for it."""

    __slots__ = ("_budget", "_held", "_path", "_refuse", "_refused", "_send", "_start")

    def __init__(self, send: Send, budget: MemoryBudget, path: str, refuse: problem.Refusal) -> None:
        self._send, self._budget, self._held = send, budget, 0
        self._path, self._refuse = path, refuse
        self._start: Message | None = None
        self._refused = False

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._start = message  # kept until it is known that there is memory for the body
            return
        if self._refused:
            return
        content = message.get("body", b"")
        if len(content) > _PIECE_BYTES:
            try:
                self._budget.take(len(content))
            except errors.Overloaded as error:
                if self._start is None:
                    raise
                self._refused = True
                await self._refuse(self._path, error).send(self._send)
                return
            self._held += len(content)
        if self._start is not None:
            start, self._start = self._start, None
            await self._send(start)
        if len(content) <= _PIECE_BYTES:
            await self._send(message)
        else:
            await self._send_pieces(memoryview(content), more_body=message.get("more_body", False))

    def release(self) -> None:
        self._budget.bytes -= self._held

    async def _send_pieces(self, content: memoryview, *, more_body: bool) -> None:
        for first in range(0, len(content), _PIECE_BYTES):
            piece = bytes(content[first : first + _PIECE_BYTES])
            more = first + _PIECE_BYTES < len(content) or more_body
            await self._send({"type": "http.response.body", "body": piece, "more_body": more})
