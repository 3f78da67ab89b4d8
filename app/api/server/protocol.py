"""Hot requests answered where their bytes arrive, together: no task, no event, one write.

ASGI gives every request a task, an event to wait for its body and two messages to send, which together cost more than
a compiled gradient. Here uvicorn's protocol holds a small request until everything that has arrived has been read. Then
the hot lane prepares the held requests that it can answer without waiting, all of these are run, and all responses are
written. The other requests go on to ASGI as if they had only just arrived.

Each step is done for all requests before the next step. Done in turn, the machine code of one step would push that of
the others out of the processor's caches. Requests for one function are computed by one call of its executable.
"""

from __future__ import annotations

import asyncio
import functools
import logging
import time
from typing import Any, cast

from app import errors
from app.api import services
from app.api.http import hot_lane, replies
from app.api.http.middleware import request_id
from app.api.server import connections, heads, tls

_log = logging.getLogger("gradserve")


_TURN_SECONDS = 2e-3
"""For all requests that are answered in one turn of the event loop."""

_BODY_SECONDS = 10e-3
_BODY_BYTES = 65_536
"""Many clients write head and body apart, Python's among them. The body is a packet behind: it is waited for so long,
and up to so many bytes, before the request goes on to ASGI, which waits for the rest."""


class Batch:
    """Connections whose requests are held until the end of one turn of the event loop, to be answered together."""

    def __init__(self, lane: hot_lane.HotLane) -> None:
        self.lane = lane
        self.heads = heads.KnownHeads()
        self._waiting: list[HotConnection] = []

    def add(self, connection: HotConnection) -> None:
        """Answer a connection's request at the end of this turn."""
        if not self._waiting:
            connection.loop.call_soon(self._answer)
        self._waiting.append(connection)

    def _answer(self) -> None:
        held = [connection for connection in self._waiting if connection.held is not None]
        self._waiting = []
        end = time.perf_counter() + _TURN_SECONDS
        for connection in held:
            # What does not fit in this turn goes on to ASGI, where each request has turns of its own.
            if time.perf_counter() < end:
                end -= self._prepared(connection)
        self._run_together(held)
        for step in (HotConnection.run, HotConnection.respond):
            for connection in held:
                try:
                    step(connection)
                except Exception:  # noqa: BLE001 - a bug of ours: it will show again where such are dealt with
                    _log.exception("a request could not be answered at once")
                    connection.give_up()
        for connection in held:
            connection.finish()

    def _run_together(self, held: list[HotConnection]) -> None:
        pending = [connection.pending for connection in held if connection.pending is not None]
        try:
            self.lane.run_together(pending)
        except Exception:  # noqa: BLE001 - each is run by itself, then
            _log.exception("requests could not be computed together")

    def _prepared(self, connection: HotConnection) -> float:
        """Prepare a held request; return how long it is expected to take."""
        try:
            return connection.prepare()
        except Exception:  # noqa: BLE001 - as above
            _log.exception("a request could not be answered at once")
            connection.give_up()
            return 0.0


class HotConnection(connections.BoundedConnection):
    """One connection, whose small requests are held for the batch."""

    def __init__(self, *, batch: Batch, **rest: Any) -> None:
        super().__init__(**rest)
        self._batch = batch
        self.held: bytes | None = None  # the body of the held request
        self._complete = False
        self._body_timer: asyncio.TimerHandle | None = None  # of the held request, while its body is waited for
        self._unparsed: bytes | None = None  # all of the held request, if its head was known
        self._way: hot_lane.Way | None = None
        self._began = 0.0
        self.pending: replies.PreparedRequest | None = None
        self._more_headers: replies.Headers = ()
        self._response: bytes | None = None

    def on_message_begin(self) -> None:
        """Begin the next request. The one held before it goes on to ASGI: they are answered in their order."""
        if self.held is not None:
            self._release(complete=True)
        super().on_message_begin()

    def start_request(self) -> None:
        """Hold an ordinary request of an idle connection whose client reads, or start it."""
        self._complete = False
        if self._unparsed is None and self.is_plain_post() and self._may_hold():
            self.held = b""
        else:
            super().start_request()

    def _may_hold(self) -> bool:
        return not self.is_answering() and not self.has_queued_requests() and self.can_write()

    def add_body(self, body: bytes) -> None:
        if self.held is None:
            super().add_body(body)
        else:
            self.held += body

    def end_body(self) -> None:
        if self.held is None:
            super().end_body()
        else:
            self._complete = True
            self._stop_waiting()
            self._way = self._batch.lane.way(self.url.decode("ascii", "replace"), self.headers)
            if self._way is None:
                self._release(complete=True)
            else:
                self._batch.add(self)

    def data_received(self, data: bytes) -> None:
        """Parse bytes, unless they are a whole request with a known head, which is held."""
        if self._unparsed is not None:
            self._release(complete=True)
        whole = self.is_between_requests() and self.held is None
        if whole and self._may_hold():
            found = self._batch.heads.find(data)
            if found is not None:
                self._hold(data, *found)
                return
        super().data_received(data)
        if self.held is None:
            return
        if not self._complete:
            self._wait_for_body()
        elif whole and self._way is not None:
            self._batch.heads.keep(data, heads.KnownHead(len(self.held), self._way))

    def _hold(self, data: bytes, head: heads.KnownHead, body: bytes) -> None:
        """Hold a request that is not parsed."""
        self.stop_idling()
        self._unparsed, self._complete, self.held, self._way = data, True, body, head.way
        self._batch.add(self)

    def _wait_for_body(self) -> None:
        """Wait a moment for the rest of the held request; then it goes on to ASGI as it is."""
        if len(self.held or b"") > _BODY_BYTES:
            self._release(complete=False)
        elif self._body_timer is None:
            self._body_timer = self.loop.call_later(_BODY_SECONDS, functools.partial(self._release, complete=False))

    def _stop_waiting(self) -> None:
        if self._body_timer is not None:
            self._body_timer.cancel()
            self._body_timer = None

    def prepare(self) -> float:
        """Find out what answers the held request, if the hot lane can; the first of a batch's three steps.

        Return the seconds that the others are expected to take.
        """
        self._began = time.perf_counter()
        found = self._way and self._batch.lane.prepare(self._way, self.held or b"", self.client)
        self.pending, self._more_headers = found or (None, ())
        return 0.0 if self.pending is None else self.pending.seconds

    def run(self) -> None:
        if self.pending is not None:
            self.pending.run()

    def respond(self) -> None:
        if self.pending is not None:
            reply = self.pending.reply()
            assert self._way is not None
            more = (request_id.header_for(self._way.headers), *self._more_headers)
            self._response = self.encode(reply, *more)
            self._batch.lane.record(self._way, reply, self._began, more)

    def give_up(self) -> None:
        """Leave the request to ASGI."""
        self.pending = self._response = None

    def finish(self) -> None:
        """Write the response, or let the request go on to ASGI."""
        response, self._response, self.pending = self._response, None, None
        if response is None or self.transport.is_closing():
            self._release(complete=True)
            return
        self.held = self._unparsed = None
        self.transport.write(response)
        if self.is_closing:
            self.transport.close()
        self.end_request()

    def refuse(self, error: errors.GradserveError) -> None:
        if not self._complete:
            self._stop_waiting()
            self.held = None  # this is the request that is refused
        super().refuse(error)

    def is_busy(self) -> bool:
        return self.held is not None or super().is_busy()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_waiting()
        super().connection_lost(exc)

    def shutdown(self) -> None:
        if self.held is not None:
            self._release(complete=self._complete)
        super().shutdown()

    def _release(self, *, complete: bool) -> None:
        """Let the held request go on to ASGI, as if it had just arrived."""
        self._stop_waiting()
        held, self.held = self.held, None
        if self._unparsed is not None:
            if not self.transport.is_closing():
                super().data_received(self._unparsed)
            self._unparsed = None  # until here it tells ``start_request`` not to hold the request again
            return
        if self.transport.is_closing():
            return
        super().start_request()
        if held:
            super().add_body(held)
        if complete:
            super().end_body()


def factory(parts: services.Services, certificate: tls.Certificate | None = None) -> type[asyncio.Protocol]:
    """Return what makes the protocol of each connection to an application, for ``uvicorn.Config(http=...)``."""
    lane = parts.hot_lane
    opened = connections.OpenConnections(parts.limits, lane.record_refusal)
    made = functools.partial(HotConnection, batch=Batch(lane), connections=opened)

    def secured(**uvicorn: Any) -> asyncio.Protocol:
        return made(**uvicorn) if certificate is None else tls.Handshake(made(**uvicorn), certificate, opened)

    return cast("type[asyncio.Protocol]", secured)  # uvicorn is typed for a class, and only calls it
