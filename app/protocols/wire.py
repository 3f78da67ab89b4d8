"""Hot requests answered where their bytes arrive, together: no task, no event, one write.

ASGI gives every request a task, an event to wait for its body and two messages to send, which together cost more than
a compiled gradient. Here uvicorn's protocol keeps a small request until everything that has arrived has been read. Of
what it then has the edge prepares what it can answer without waiting, all of that is run and all of it written; the
rest goes on as if it had only just arrived. Doing each step for all requests before the next one matters: run in turn,
the machine code of one step pushes that of the others out of the processor's caches. Any other server simply serves
the application.
"""

from __future__ import annotations

import asyncio
import logging
import time
from typing import Any

from app import errors
from app.protocols import connections, edge, exchange

_log = logging.getLogger("gradserve")

_STATUS_LINE = b"HTTP/1.1 200 OK\r\n"


class Desk:
    """Requests that wait for the end of a turn of the event loop, to be answered together.

    Args:
        answers: prepares them.
    """

    def __init__(self, answers: edge.Edge) -> None:
        self.answers = answers
        self._waiting: list[Wire] = []

    def add(self, connection: Wire) -> None:
        """Have a connection's request answered at the end of this turn."""
        if not self._waiting:
            connection.loop.call_soon(self._answer)
        self._waiting.append(connection)

    def _answer(self) -> None:
        waiting = [connection for connection in self._waiting if connection.holds]
        self._waiting = []
        for step in (Wire.prepare, Wire.run, Wire.encode):
            for connection in waiting:
                try:
                    step(connection)
                except Exception:  # noqa: BLE001 - a bug of ours: it will show again where such are dealt with
                    _log.exception("a request could not be answered at once")
                    connection.give_up()
        for connection in waiting:
            connection.finish()


class Wire(connections.Connection):
    """One connection.

    Attributes:
        desk: where requests wait; one for all connections.
    """

    desk: Desk

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._held: bytes | None = None
        self._pending: exchange.Pending | None = None
        self._response: bytes | None = None
        self._complete = False
        self._path = ""
        self._prepared = 0.0

    @property
    def holds(self) -> bool:
        """Whether a request is kept here."""
        return self._held is not None

    def on_message_begin(self) -> None:
        """Begin the next request, having let the one before it go: they are answered in their order."""
        if self._held is not None:
            self._release(complete=True)
        super().on_message_begin()

    def take_head(self) -> None:
        """Keep an ordinary request, or begin to answer it."""
        self._complete = False
        if self._may_hold():
            self._held = b""
        else:
            super().take_head()

    def take_body(self, body: bytes) -> None:
        """Take a piece of a body."""
        if self._held is None:
            super().take_body(body)
        else:
            self._held += body

    def take_end(self) -> None:
        """Have the request answered that is all here now."""
        if self._held is None:
            super().take_end()
        else:
            self._complete = True
            self.desk.add(self)

    def data_received(self, data: bytes) -> None:
        """Take what has arrived."""
        super().data_received(data)
        # A body of which more is to come: its sender is given the time that every sender is given.
        if self._held is not None and not self._complete:
            self._release(complete=False)

    def prepare(self) -> None:
        """Find out what will answer the request that is kept, if anything here."""
        self._prepared = time.perf_counter()
        self._path = self.url.decode("ascii", "replace")
        self._pending = self.desk.answers.prepare(self._path, self.headers, self._held or b"", self.client)

    def run(self) -> None:
        """Compute."""
        if self._pending is not None:
            self._pending.run()

    def encode(self) -> None:
        """Make the response."""
        if self._pending is not None:
            reply = self._pending.reply()
            identity = edge.identity(self.headers)
            headers = (*self.server_state.default_headers, *reply.raw_headers(), identity)
            lines = b"\r\n".join(map(b": ".join, headers))
            self.desk.answers.count(self._path, reply, self._prepared, self.headers, identity)
            self._response = b"%b%b\r\n\r\n%b" % (_STATUS_LINE, lines, reply.content)

    def give_up(self) -> None:
        """Leave the request to the usual way."""
        self._pending = self._response = None

    def finish(self) -> None:
        """Write the response, or let the request go the usual way."""
        response, self._response, self._pending = self._response, None, None
        if response is None or self.transport.is_closing():
            self._release(complete=True)
            return
        self._held = None
        self.transport.write(response)
        if self._ended:
            self.transport.close()
        self.on_response_complete()

    def refuse(self, error: errors.GradserveError) -> None:
        """Answer what is no request; see there."""
        if not self._complete:
            self._held = None  # it is what is being refused
        super().refuse(error)

    def is_busy(self) -> bool:
        """Return whether a request before the one being received is still to be answered."""
        return self._held is not None or super().is_busy()

    def shutdown(self) -> None:
        """End once what is under way is answered."""
        if self._held is not None:
            self._release(complete=self._complete)
        super().shutdown()

    def _may_hold(self) -> bool:
        """Return whether nothing is under way on this connection and the request is an ordinary one."""
        return (
            self.parser.get_method() == b"POST"
            and getattr(self.cycle, "response_complete", True)  # there is none before the first
            and not self.pipeline
            and not self.flow.write_paused
            and not self.expect_100_continue
            and not self.access_log
            and self.parser.get_http_version() == "1.1"
            and self.parser.should_keep_alive()
            and not self.parser.should_upgrade()
        )

    def _release(self, *, complete: bool) -> None:
        """Let the request that is kept go the usual way, as if it had just arrived."""
        held, self._held = self._held, None
        if self.transport.is_closing():
            return
        super().take_head()
        if held:
            super().take_body(held)
        if complete:
            super().take_end()


def protocol(answers: edge.Edge) -> type[asyncio.Protocol]:
    """Return uvicorn's HTTP protocol with a way past ASGI for what ``answers`` can answer at once."""
    watch = connections.Watch(answers.limits, answers.note)
    return type("Protocol", (Wire,), {"desk": Desk(answers), "watch": watch})
