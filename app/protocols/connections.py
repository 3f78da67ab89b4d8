"""Connections that nobody can hold up: what is sent before it is a request, and what is left unread, is bounded.

uvicorn's protocol waits for the end of a head as long as it takes, keeps whatever a head is made of, holds an answer
until it is read, and says of what is no HTTP so in plain text. A request that asks to speak another protocol loses
its body there; a server may ignore that wish (RFC 9110, section 7.8), as this one does: Java's client has it by
default.

    in         a request is here after ``receive_seconds``, its head within ``max_header_bytes`` and ``max_url_bytes``,
               else 408 or 431 and the end
    out        an answer is read within ``_READ_SECONDS``, and some of it every ``receive_seconds``, else the end
    together   ``max_connections``, half of them at most from one address, else 429 and the end
"""

from __future__ import annotations

import asyncio
import logging
import math
from collections import Counter
from collections.abc import Callable
from typing import Any

import httptools
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from app import errors
from app.protocols import body, edge, exchange

_log = logging.getLogger("gradserve")

_LOOK_SECONDS = 1.0
_READ_SECONDS = 300.0
_GRACE_SECONDS = 5.0
"""For a body that nobody waits for any more: by then its sender has been answered."""

_REQUEST_LINE = 64
"""Bytes of a request line beside the address."""

_OF_UPGRADES = frozenset({b"upgrade", b"http2-settings"})


class Watch:
    """The connections of one server, looked at once a second.

    Args:
        limits: bounds on them.
        note: told the status of each answer that is given here.
    """

    def __init__(self, limits: body.Limits, note: Callable[[int], None]) -> None:
        self.limits = limits
        self.note = note
        self.most_outside = limits.max_header_bytes + limits.max_url_bytes + _REQUEST_LINE
        self._share = max(1, limits.max_connections // 2)
        self._addresses: Counter[str] = Counter()
        self._open: dict[Connection, str] = {}

    def admit(self, connection: Connection) -> bool:
        """Watch a connection; return False if there are enough."""
        address = connection.client[0] if connection.client else ""
        if len(self._open) >= self.limits.max_connections or (address and self._addresses[address] >= self._share):
            return False
        if not self._open:
            connection.loop.call_later(_LOOK_SECONDS, self._look, connection.loop)
        self._open[connection] = address
        self._addresses[address] += 1
        return True

    def forget(self, connection: Connection) -> None:
        """Watch a connection no more."""
        address = self._open.pop(connection, None)
        if address is not None:
            self._addresses[address] -= 1
            if not self._addresses[address]:
                del self._addresses[address]

    def _look(self, loop: asyncio.AbstractEventLoop) -> None:
        for connection in tuple(self._open):
            connection.look(loop.time())
        if self._open:
            loop.call_later(_LOOK_SECONDS, self._look, loop)


class Connection(HttpToolsProtocol):
    """One connection. A request is taken in by ``take_head``, ``take_body`` and ``take_end``.

    Attributes:
        watch: what bounds it; one for all connections.
    """

    watch: Watch

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._began = math.inf  # when what is being received did, by the loop's clock
        self._in_head = True
        self._outside = 0  # bytes received of it lately that belong to no body
        self._advanced = False
        self._upgrades = False
        self._ended = False
        self._unread = 0
        self._unread_began = self._unread_moved = math.inf

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin."""
        super().connection_made(transport)
        self._began = self.loop.time()
        if not self.watch.admit(self):
            self.refuse(errors.Overloaded("too many connections are open", retry_after_seconds=5))

    def connection_lost(self, exc: Exception | None) -> None:
        """End."""
        self.watch.forget(self)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Take what has arrived."""
        if self._ended:
            return
        self._unset_keepalive_if_required()
        self._advanced = False
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:
            self._stay(data[upgrade.args[0] :])
            return
        except httptools.HttpParserError:
            self.refuse(errors.BadRequest("this is not HTTP/1.1 as RFC 9112 has it"))
            return
        if self._advanced:
            self._outside = 0
        else:
            self._outside += len(data)
            if self._outside > self.watch.most_outside:
                self.refuse(errors.HeadersTooLarge("the headers are over the published limit"))

    def on_message_begin(self) -> None:
        """Begin a request."""
        self._began = self.loop.time()
        self._in_head = True
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """Begin to answer it, unless it must be read again, see ``_stay``."""
        self._in_head = False
        self._upgrades = self.parser.should_upgrade()
        if not self._upgrades:
            self.take_head()

    def on_body(self, body: bytes) -> None:
        """Take a piece of its body."""
        self._advanced = True
        self.take_body(body)

    def on_message_complete(self) -> None:
        """End it."""
        if not self._upgrades:
            self._advanced = True
            self._began = math.inf
            self.take_end()

    def take_head(self) -> None:
        """Begin to answer a request."""
        try:
            super().on_headers_complete()
        except httptools.HttpParserInvalidURLError:
            self.refuse(errors.BadRequest("the address is none"))
        else:
            if self._ended:
                self.cycle.keep_alive = False

    def take_body(self, body: bytes) -> None:
        """Hand on a piece of its body."""
        if not self.transport.is_closing():
            super().on_body(body)

    def take_end(self) -> None:
        """Say that all of it is here."""
        if not self.transport.is_closing():
            super().on_message_complete()

    def look(self, now: float) -> None:
        """End the connection if it holds something up.

        Args:
            now: by the loop's clock.
        """
        seconds = self.watch.limits.receive_seconds
        if now - self._began > seconds:
            if not self._in_head:
                if now - self._began > seconds + _GRACE_SECONDS:
                    self.transport.abort()
            elif self._outside:
                self.refuse(errors.RequestTimeout(f"the request did not arrive within {seconds:g} s"))
            else:
                self.transport.close()
        unread = self.transport.get_write_buffer_size()
        if not unread:
            self._unread_began = self._unread_moved = now
        elif unread != self._unread:
            self._unread_moved = now
        elif now - self._unread_moved > seconds or now - self._unread_began > _READ_SECONDS:
            self.transport.abort()
        self._unread = unread

    def refuse(self, error: errors.GradserveError) -> None:
        """Answer what is no request, or none that is waited for, and close; what was asked before is answered first."""
        if self._ended or self.transport.is_closing():
            return
        self._ended = True
        if self.is_busy():
            last = self.pipeline[0][0] if self.pipeline else self.cycle
            last.keep_alive = False
            return
        reply = exchange.refusal(error)
        lines = [
            b"%b: %b\r\n" % header
            for header in (*self.server_state.default_headers, *reply.raw_headers(), edge.identity(()))
        ]
        self.transport.write(
            b"%b%bconnection: close\r\n\r\n%b" % (STATUS_LINE[reply.status], b"".join(lines), reply.content)
        )
        self.transport.close()
        self.watch.note(reply.status)
        if self.cycle is not None:
            self.cycle.disconnected = True
            self.cycle.message_event.set()

    def is_busy(self) -> bool:
        """Return whether a request before the one being received is still to be answered."""
        if self._in_head:
            return not getattr(self.cycle, "response_complete", True)  # there is none before the first
        return bool(self.pipeline)

    def _stay(self, rest: bytes) -> None:
        """Read a request again that asks to change the protocol, without that wish.

        Args:
            rest: what has arrived behind its head.
        """
        method, self._upgrades = self.parser.get_method(), False
        if method == b"CONNECT":
            self.refuse(errors.BadRequest("this is no proxy"))
            return
        lines = [b"%b %b HTTP/1.1" % (method, self.url)]
        for name, value in self.headers:
            if name == b"connection":
                options = [option.strip() for option in value.split(b",")]
                value = b", ".join([option for option in options if option.lower() not in _OF_UPGRADES])  # noqa: PLW2901
            if name not in _OF_UPGRADES:
                lines.append(b"%b: %b" % (name, value))
        self.parser = httptools.HttpRequestParser(self)
        self.data_received(b"\r\n".join(lines) + b"\r\n\r\n" + rest)
