"""Load over raw keep-alive sockets from this process; the bytes of the requests are made beforehand.

The generator must cost less than the servers it measures, so there is no HTTP library and no coroutine in it: one
loop around one selector. ``closed`` keeps every connection busy and finds the throughput; ``paced`` sends on a clock,
whether answers come or not, and counts the time from when a request was due, so that a stall is charged to every
request it delays and not only to the one that met it.
"""

from __future__ import annotations

import json
import select
import selectors
import socket
import time
from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import cycle
from typing import Any, Self

STALLED_SECONDS = 30.0
"""A server that does not answer for this long fails the measurement."""

_PIECE, _LARGE_PIECE = 1 << 14, 1 << 20
"""Bytes asked for at first and once a response turns out long; a large buffer for each small one costs system time."""


class BadAnswer(RuntimeError):
    """A server answered with another status than 200, or not at all."""


def post(path: str, document: Any) -> bytes:
    """Return the bytes of a POST of JSON."""
    return post_bytes(path, json.dumps(document).encode())


def post_bytes(path: str, body: bytes, headers: Mapping[str, str] | None = None) -> bytes:
    """Return the bytes of a POST of a body, which is JSON unless the headers say otherwise."""
    more = "".join(f"{name}: {value}\r\n" for name, value in (headers or {}).items())
    head = (
        f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nAccept: application/json\r\n"
        f"{more}Content-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def get(path: str) -> bytes:
    """Return the bytes of a GET."""
    return f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode()


@dataclass(frozen=True, slots=True)
class Response:
    """An answer: its status, its head in lower case, and its body."""

    status: int
    head: bytes
    body: bytes

    def header(self, name: str) -> str:
        """Return the value of a header, or nothing."""
        return _header(self.head, name.encode().lower()).decode()

    def json(self) -> Any:
        """Return the body as a document."""
        return json.loads(self.body)


class Connection:
    """One keep-alive connection, one request at a time."""

    __slots__ = ("_port", "_received", "_wanted", "due", "socket")

    def __init__(self, port: int) -> None:
        self._port = port
        self.socket = _connect(port)
        self._received = bytearray()
        self._wanted = 0
        self.due = 0.0

    def send(self, request: bytes, due: float) -> None:
        """Send a request; ``due`` is when its time begins to count."""
        self.due = due
        self.socket.sendall(request)

    def receive(self) -> bytes | None:
        """Read what has arrived; return the response if it is complete."""
        piece = self.socket.recv(_LARGE_PIECE if self._received else _PIECE)
        if not piece:
            raise BadAnswer("the server closed the connection")
        if not self._received:
            # Nearly every response comes in one piece.
            if _length(piece) == len(piece):
                return piece
            self._wanted = 0
        self._received += piece
        if not self._wanted:
            self._wanted = _length(bytes(self._received))
        done = len(self._received) >= self._wanted if self._wanted > 0 else self._received.endswith(b"\r\n0\r\n\r\n")
        if self._wanted == 0 or not done:
            return None
        whole = bytes(self._received)
        self._received.clear()
        return whole

    def ask(self, request: bytes, timeout_seconds: float = STALLED_SECONDS) -> tuple[float, Response]:
        """Return the seconds a request took and its response.

        Raises:
            TimeoutError: no answer in time.
            BadAnswer: the answer is not a 200 or 201.
        """
        if select.select([self.socket], [], [], 0.0)[0]:
            # Nothing can have come but the end: servers close connections that were idle for some seconds.
            self.socket.close()
            self.socket = _connect(self._port)
        self.socket.settimeout(timeout_seconds)
        start = time.perf_counter()
        self.send(request, start)
        raw = None
        while raw is None:
            raw = self.receive()
        seconds = time.perf_counter() - start
        self.socket.settimeout(None)
        response = _parse(raw)
        if response.status not in (200, 201):
            raise BadAnswer(f"{response.status}: {response.body[:300]!r} to {request[:200]!r}")
        return seconds, response

    def close(self) -> None:
        """Close it."""
        self.socket.close()


@dataclass(frozen=True, slots=True)
class Outcome:
    """The result of a load: seconds of each answer, in order of arrival, and the duration."""

    latencies: list[float]
    seconds: float

    @property
    def rate(self) -> float:
        """Answers a second."""
        return len(self.latencies) / self.seconds


def ask(port: int, request: bytes, timeout_seconds: float = STALLED_SECONDS) -> tuple[float, Response]:
    """Send one request over a new connection; the time to connect is not counted."""
    connection = Connection(port)
    try:
        return connection.ask(request, timeout_seconds)
    finally:
        connection.close()


def closed(port: int, requests: list[bytes], connections: int, seconds: float) -> Outcome:
    """Keep every connection busy for some seconds: each answer is followed by the next request."""
    upcoming = cycle(requests)
    clock = time.perf_counter
    latencies: list[float] = []
    with _Pool(port, connections) as pool:
        start = clock()
        end = start + seconds
        for connection in pool.connections:
            connection.send(next(upcoming), clock())
        now = start
        while now < end:
            for connection in pool.ready(STALLED_SECONDS):
                answer = connection.receive()
                if answer is None:
                    continue
                now = clock()
                _check(answer)
                latencies.append(now - connection.due)
                connection.send(next(upcoming), now)
        return Outcome(latencies, now - start)


@dataclass(slots=True)
class Stream:
    """Requests that are sent at a steady rate.

    Attributes:
        requests: what to send.
        rate: requests a second.
        connections: how many can be under way; a request that finds none free waits, and its wait counts.
        latencies: seconds from due to answered, filled by ``paced``.
        failed: answers that were not a 200.
        unanswered: requests due that were not answered when time was up.
    """

    requests: Iterator[bytes]
    rate: float
    connections: int
    latencies: list[float] = field(default_factory=list)
    failed: int = 0
    unanswered: int = 0


def paced(port: int, streams: list[Stream], seconds: float, drain_seconds: float = STALLED_SECONDS) -> None:
    """Run streams side by side for some seconds, then wait for all answers."""
    # The selector that waits to the microsecond; epoll rounds up to milliseconds.
    selector = selectors.SelectSelector()
    runners = [_Runner(stream, port, selector, index / len(streams)) for index, stream in enumerate(streams)]
    try:
        end = time.perf_counter() + seconds
        while (now := time.perf_counter()) < end:
            due = min(runner.send(now) for runner in runners)
            _take(selector, min(due, end) - time.perf_counter())
        end += drain_seconds
        while any(runner.behind() for runner in runners) and time.perf_counter() < end:
            _take(selector, 0.1)
    finally:
        selector.close()
        for runner in runners:
            runner.close()


def _take(selector: selectors.BaseSelector, timeout_seconds: float) -> None:
    for key, _ in selector.select(max(timeout_seconds, 0.0)):
        runner, connection = key.data
        runner.take(connection)


class _Runner:
    """A running stream."""

    def __init__(self, stream: Stream, port: int, selector: selectors.BaseSelector, phase: float) -> None:
        self.stream = stream
        self._port = port
        self._selector = selector
        self._free: deque[Connection] = deque()
        self._busy: set[Connection] = set()
        self._late: deque[float] = deque()
        for _ in range(stream.connections):
            self._connect()
        self._next = time.perf_counter() + (1.0 + phase) / stream.rate

    def send(self, now: float) -> float:
        """Send the requests that are due; return when the next one is."""
        while self._next <= now:
            self._late.append(self._next)
            self._next += 1.0 / self.stream.rate
        self.behind()
        return self._next

    def behind(self) -> bool:
        """Send late requests over the free connections; return whether an answer is missing."""
        while self._late and self._free:
            connection = self._free.popleft()
            self._busy.add(connection)
            connection.send(next(self.stream.requests), self._late.popleft())
        return bool(self._busy)

    def take(self, connection: Connection) -> None:
        """Read what has arrived on a connection."""
        if connection not in self._busy:
            # Servers close connections that were idle for some seconds.
            self._selector.unregister(connection.socket)
            self._free.remove(connection)
            connection.close()
            self._connect()
            return
        answer = connection.receive()
        if answer is not None:
            if answer[9:12] == b"200":
                self.stream.latencies.append(time.perf_counter() - connection.due)
            else:
                self.stream.failed += 1
            self._busy.remove(connection)
            self._free.append(connection)

    def close(self) -> None:
        """Count the missing answers and close the connections."""
        self.stream.unanswered = len(self._busy) + len(self._late)
        for connection in (*self._free, *self._busy):
            connection.close()

    def _connect(self) -> None:
        connection = Connection(self._port)
        self._selector.register(connection.socket, selectors.EVENT_READ, (self, connection))
        self._free.append(connection)


class _Pool:
    """Connections behind one selector."""

    def __init__(self, port: int, connections: int) -> None:
        self.connections = [Connection(port) for _ in range(connections)]
        self._selector = selectors.DefaultSelector()
        for connection in self.connections:
            self._selector.register(connection.socket, selectors.EVENT_READ, connection)

    def ready(self, timeout_seconds: float) -> list[Connection]:
        """Return the connections with something to read."""
        found = [key.data for key, _ in self._selector.select(timeout_seconds)]
        if not found:
            raise BadAnswer(f"no answer for {timeout_seconds:g} s")
        return found

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._selector.close()
        for connection in self.connections:
            connection.close()


def _connect(port: int) -> socket.socket:
    connected = socket.create_connection(("127.0.0.1", port), timeout=5.0)
    connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    connected.settimeout(None)
    return connected


def _length(data: bytes) -> int:
    """Return the length of the response that begins here: 0 if not known yet, -1 if it comes in chunks."""
    end = data.find(b"\r\n\r\n")
    if end < 0:
        return 0
    head = data[:end].lower()
    stated = _header(head, b"content-length")
    return end + 4 + int(stated) if stated else -1


def _header(head: bytes, name: bytes) -> bytes:
    _, found, rest = head.partition(b"\r\n" + name + b":")
    return rest.partition(b"\r\n")[0].strip() if found else b""


def _check(answer: bytes) -> None:
    if answer[9:12] != b"200":
        raise BadAnswer(repr(answer[:500]))


def _parse(raw: bytes) -> Response:
    head, _, body = raw.partition(b"\r\n\r\n")
    lower = head.lower()
    if _header(lower, b"transfer-encoding") == b"chunked":
        body = b"".join(_chunks(body))
    return Response(int(raw[9:12]), lower, body)


def _chunks(body: bytes) -> Iterator[bytes]:
    while body:
        size, _, rest = body.partition(b"\r\n")
        length = int(size, 16)
        yield rest[:length]
        body = rest[length + 2 :] if length else b""


def percentile(values: list[float], share: float) -> float:
    """Return the value below which this share of them lies."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]
