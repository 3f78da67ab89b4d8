"""Connections that cannot hold the server up: the time and size of requests, and of answers not read, are bounded.

uvicorn's protocol waits for the end of a head without limit, keeps whatever a head is made of, holds an answer until it
is read, and answers bytes that are no HTTP in plain text. It drops the body of a request that asks for another
protocol. A server may ignore that wish (RFC 9110, section 7.8), as this one does: Java's client has it by default.

    in         a request is complete after ``receive_seconds``, its head within ``max_header_bytes`` and
               ``max_url_bytes``; else 408 or 431, and the connection is closed
    out        an answer is read within ``_READ_SECONDS``, and some of it every ``receive_seconds``; else the connection
               is closed
    all        ``max_connections``, half of them at most from one address; else 429, and the connection is closed
"""

from __future__ import annotations

import asyncio
import math
import socket
from collections import Counter
from collections.abc import Callable
from typing import Any, Protocol

import httptools

from app import errors
from app.api.http import body, problem
from app.api.http.middleware import request_id
from app.api.server import uvicorn_adapter

_CHECK_SECONDS = 1.0
_READ_SECONDS = 300.0
_GRACE_SECONDS = 5.0  # for a body that is not waited for any more: its sender has been answered before
_REQUEST_LINE = 64  # bytes of a request line beside the URL
_WITH_ADDRESSES = (socket.AF_INET, socket.AF_INET6)
_UPGRADE_HEADERS = frozenset({b"upgrade", b"http2-settings"})


class Open(Protocol):
    """A connection that counts: one of HTTP, or one that is still agreeing on TLS."""

    loop: asyncio.AbstractEventLoop
    client: tuple[str, int] | None

    def check(self, now: float) -> None:
        """Close the connection if its client takes too long; ``now`` is by the loop's clock."""


class OpenConnections:
    """The open connections of one server, checked once a second.

    ``on_refusal`` is called with the status of each refusal that is written here.
    """

    def __init__(self, limits: body.RequestLimits, on_refusal: Callable[[int], None]) -> None:
        self.limits, self.on_refusal = limits, on_refusal
        self.max_head_bytes = limits.max_header_bytes + limits.max_url_bytes + _REQUEST_LINE
        self._share = max(1, limits.max_connections // 2)
        self._addresses: Counter[str] = Counter()
        self._open: dict[Open, str] = {}

    def add(self, connection: Open) -> bool:
        """Add a connection; return False if there are too many."""
        address = connection.client[0] if connection.client else ""
        if len(self._open) >= self.limits.max_connections or (address and self._addresses[address] >= self._share):
            return False
        if not self._open:
            connection.loop.call_later(_CHECK_SECONDS, self._check, connection.loop)
        self._open[connection] = address
        self._addresses[address] += 1
        return True

    def remove(self, connection: Open) -> None:
        address = self._open.pop(connection, None)
        if address is not None:
            self._addresses[address] -= 1
            if not self._addresses[address]:
                del self._addresses[address]

    def _check(self, loop: asyncio.AbstractEventLoop) -> None:
        for connection in tuple(self._open):
            connection.check(loop.time())
        if self._open:
            loop.call_later(_CHECK_SECONDS, self._check, loop)


class BoundedConnection(uvicorn_adapter.UvicornProtocol):
    """One connection; ``connections`` are all of the server, the rest are arguments of uvicorn's protocol."""

    def __init__(self, *, connections: OpenConnections, **uvicorn: Any) -> None:
        super().__init__(**uvicorn)
        self._connections = connections
        self._receiving_since = math.inf  # by the loop's clock
        self._in_head = True
        self._head_bytes = 0  # received since the last byte of a body
        self._in_body = False  # whether the latest bytes belong to a body
        self._upgrades = False
        self.is_closing = False  # after the responses that are due
        self._idle_since = math.inf  # after an answer without ASGI; uvicorn sees to the others
        self._unread = 0
        self._unread_since = self._unread_moved = math.inf

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        if self.client is None and uvicorn_adapter.family(transport) in _WITH_ADDRESSES:
            transport.abort()  # the client is gone already: nobody may pass for one on a unix socket
        self._receiving_since = self.loop.time()
        if not self._connections.add(self):
            self.refuse(errors.Overloaded("too many connections are open", retry_after_seconds=5))

    def connection_lost(self, exc: Exception | None) -> None:
        self._connections.remove(self)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self.is_closing:
            return
        self.stop_idling()
        self._in_body = False
        try:
            self.feed(data)
        except httptools.HttpParserUpgrade as upgrade:
            self._read_without_upgrade(data[upgrade.args[0] :])
            return
        except httptools.HttpParserError:
            self.refuse(errors.BadRequest("this is not HTTP/1.1 as RFC 9112 has it"))
            return
        if self._in_body:
            self._head_bytes = 0
        else:
            self._head_bytes += len(data)
            if self._head_bytes > self._connections.max_head_bytes:
                self.refuse(errors.HeadersTooLarge("the headers are over the published limit"))

    def is_between_requests(self) -> bool:
        """Return whether the latest bytes ended a request."""
        return self._receiving_since == math.inf

    def stop_idling(self) -> None:
        """Note that a request begins."""
        self._idle_since = math.inf
        self.stop_keep_alive_timer()

    def end_request(self) -> None:
        """Go on to the next request; this one was held, and its response has been written without the application."""
        self.count_request()
        self._idle_since = self.loop.time()

    def on_message_begin(self) -> None:
        self._receiving_since = self.loop.time()
        self._in_head = True
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """Start the request, unless it must be read again, see ``_read_without_upgrade``."""
        self._in_head = False
        self._upgrades = self.parser.should_upgrade()
        if not self._upgrades:
            self.start_request()

    def on_body(self, body: bytes) -> None:
        self._in_body = True
        self.add_body(body)

    def on_message_complete(self) -> None:
        if not self._upgrades:
            self._in_body = True
            self._receiving_since = math.inf
            self.end_body()

    def start_request(self) -> None:
        try:
            super().start_request()
        except httptools.HttpParserInvalidURLError:
            self.refuse(errors.BadRequest("the address is malformed"))
        else:
            if self.is_closing:
                self.close_after_responses()

    def check(self, now: float) -> None:
        """Close the connection if its client takes too long to send or to read; ``now`` is by the loop's clock."""
        seconds = self._connections.limits.receive_seconds
        if now - self._receiving_since > seconds:
            if not self._in_head:
                if now - self._receiving_since > self._body_seconds() + _GRACE_SECONDS:
                    self.transport.abort()
            elif self._head_bytes:
                self.refuse(errors.RequestTimeout(f"the request did not arrive within {seconds:g} s"))
            else:
                self.transport.close()
        if now - self._idle_since > self.keep_alive_seconds():
            self.transport.close()
        unread = self.transport.get_write_buffer_size()
        if not unread:
            self._unread_since = self._unread_moved = now
        elif unread != self._unread:
            self._unread_moved = now
        elif now - self._unread_moved > seconds or now - self._unread_since > _READ_SECONDS:
            self.transport.abort()
        self._unread = unread

    def _body_seconds(self) -> float:
        """Return how long the body that is arriving may take."""
        limits = self._connections.limits
        of_data = (self.scope or {}).get("path") == body.DATA_PATH
        return limits.data_receive_seconds if of_data else limits.receive_seconds

    def refuse(self, error: errors.GradserveError) -> None:
        """Answer with an error and close the connection; earlier requests are answered first."""
        if self.is_closing or self.transport.is_closing():
            return
        self.is_closing = True
        if self.is_busy():
            self.close_after_responses()
            return
        reply = problem.refusal(error)
        response = self.encode(reply, request_id.header_for(()), (b"connection", b"close"))
        self.transport.write(response)
        self.transport.close()
        self._connections.on_refusal(reply.status)
        self.disconnect_application()

    def is_busy(self) -> bool:
        """Return whether a request before the one being received is still to be answered."""
        return self.is_answering() if self._in_head else self.has_queued_requests()

    def _read_without_upgrade(self, rest: bytes) -> None:
        """Read a request again that asks for another protocol, without that wish."""
        method, self._upgrades = self.parser.get_method(), False
        if method == b"CONNECT":
            self.refuse(errors.BadRequest("this is no proxy"))
            return
        lines = [b"%b %b HTTP/1.1" % (method, self.url)]
        for name, value in self.headers:
            if name == b"connection":
                options = [option.strip() for option in value.split(b",")]
                value = b", ".join([option for option in options if option.lower() not in _UPGRADE_HEADERS])  # noqa: PLW2901
            if name not in _UPGRADE_HEADERS:
                lines.append(b"%b: %b" % (name, value))
        self.restart_parser()
        self.data_received(b"\r\n".join(lines) + b"\r\n\r\n" + rest)
