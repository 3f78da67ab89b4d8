"""uvicorn's HTTP protocol, behind the few names that this package uses.

uvicorn does not promise to keep the attributes of its protocol class. All of them that are used here are named in this
file and nowhere else; ``pyproject.toml`` bounds the version, and tests/api/server/test_uvicorn_adapter.py says which
one a new version lacks.
"""

from __future__ import annotations

import asyncio
import functools
from typing import Any

import httptools
from uvicorn.protocols import utils
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from app.api.http import replies

PROTOCOL_ATTRIBUTES = (
    *("access_log", "client", "cycle", "expect_100_continue", "flow", "headers", "loop", "parser", "pipeline"),
    *(
        "server_state",
        "timeout_keep_alive",
        "transport",
        "url",
        "_unset_keepalive_if_required",
        "connection_lost",
        "connection_made",
        "on_response_complete",
    ),
    *("on_body", "on_headers_complete", "on_message_begin", "on_message_complete", "shutdown"),
)
CYCLE_ATTRIBUTES = ("disconnected", "keep_alive", "message_event", "on_response", "response_complete", "transport")

_JOINED_BYTES = 65_536


class _JoinedWrites:
    """The transport of one response: its head waits for what is written next in the same turn of the event loop.

    uvicorn writes head and body apart, which are then two packets, and the client wakes twice. Long bodies are written
    apart: to join them would be a copy.
    """

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        self._transport, self._loop = transport, loop
        self._held: bytes | None = None  # before the first write

    def write(self, data: bytes) -> None:
        if self._held is None:
            self._held = data
            self._loop.call_soon(self.flush)
        elif self._held and len(data) <= _JOINED_BYTES:
            data, self._held = self._held + data, b""
            self._transport.write(data)
        else:
            self.flush()
            self._transport.write(data)

    def flush(self) -> None:
        """Write what waits."""
        held, self._held = self._held, b""
        if held and not self._transport.is_closing():
            self._transport.write(held)

    def close(self) -> None:
        self.flush()
        self._transport.close()

    def is_closing(self) -> bool:
        return self._transport.is_closing()


class UvicornProtocol(HttpToolsProtocol):
    """One connection. ``client``, ``headers``, ``loop``, ``parser``, ``transport`` and ``url`` are used as they are."""

    def add_to_server(self, connection: Any) -> None:
        """Have a server that ends call ``connection.shutdown()``, and wait until it is removed."""
        self.server_state.connections.add(connection)

    def remove_from_server(self, connection: Any) -> None:
        self.server_state.connections.discard(connection)

    def feed(self, data: bytes) -> None:
        """Parse bytes, calling ``on_message_begin`` and so on; ``httptools.HttpParserError`` if they are not HTTP/1.1.

        ``httptools.HttpParserUpgrade`` if a request asks for another protocol; its argument is where the head ends.
        """
        self.parser.feed_data(data)

    def stop_keep_alive_timer(self) -> None:
        """Stop the timer that closes the connection: a request has begun."""
        self._unset_keepalive_if_required()

    def keep_alive_seconds(self) -> float:
        """Return how long a connection may be idle between requests."""
        return self.timeout_keep_alive

    def restart_parser(self) -> None:
        """Have what follows parsed as a new request."""
        self.parser = httptools.HttpRequestParser(self)

    def start_request(self) -> None:
        """Run the application for the request whose head is here, or raise ``httptools.HttpParserInvalidURLError``."""
        super().on_headers_complete()
        writes: Any = _JoinedWrites(self.transport, self.loop)
        self.cycle.transport = writes
        self.cycle.on_response = functools.partial(self._end_response, writes)

    def _end_response(self, writes: _JoinedWrites) -> None:
        writes.flush()  # a response without a body
        self.on_response_complete()

    def add_body(self, body: bytes) -> None:
        """Hand a piece of a body to the application."""
        if not self.transport.is_closing():
            super().on_body(body)

    def end_body(self) -> None:
        """Tell the application that the body is complete."""
        if not self.transport.is_closing():
            super().on_message_complete()

    def count_request(self) -> None:
        """Count a request that was answered without the application."""
        self.server_state.total_requests += 1

    def is_answering(self) -> bool:
        """Return whether a response of the application is not complete."""
        return not getattr(self.cycle, "response_complete", True)  # there is no cycle before the first request

    def has_queued_requests(self) -> bool:
        """Return whether requests wait for the response to an earlier one."""
        return bool(self.pipeline)

    def can_write(self) -> bool:
        """Return whether the client reads what is written."""
        return not self.flow.write_paused

    def is_plain_post(self) -> bool:
        """Return whether the request whose head has been parsed is a POST over HTTP/1.1 that wants nothing special."""
        return (
            self.parser.get_method() == b"POST"
            and not self.expect_100_continue
            and not self.access_log
            and self.parser.get_http_version() == "1.1"
            and self.parser.should_keep_alive()
            and not self.parser.should_upgrade()
        )

    def close_after_responses(self) -> None:
        """Close the connection after the last response that is due."""
        last = self.pipeline[0][0] if self.pipeline else self.cycle
        last.keep_alive = False

    def disconnect_application(self) -> None:
        """Tell the application that the client is gone."""
        if self.cycle is not None:
            self.cycle.disconnected = True
            self.cycle.message_event.set()

    def encode(self, reply: replies.Reply, *headers: replies.Header) -> bytes:
        """Return a response with further headers as bytes."""
        more = b"".join([b"%b: %b\r\n" % line for line in (*self.server_state.default_headers, *headers)])
        return b"%b%b%b\r\n%b" % (STATUS_LINE[reply.status], more, reply.head(), reply.content)


def peer(transport: asyncio.Transport) -> tuple[str, int] | None:
    """Return address and port of a client, None for one on a unix socket."""
    return utils.get_remote_addr(transport)


def family(transport: asyncio.BaseTransport) -> int | None:
    """Return the family of the addresses of a connection's socket, None if there is no socket."""
    return getattr(transport.get_extra_info("socket"), "family", None)
