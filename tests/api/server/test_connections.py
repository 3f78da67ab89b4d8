"""Bounds on a connection: bytes that are no request, requests without end, answers that are not read."""

import asyncio
import dataclasses
import json
import socket
from collections.abc import Awaitable, Callable, Iterator
from typing import Any, TypeVar

import httpx
import pytest

from app.api.http import body
from tests.support import assertions
from tests.support.service import Client, serving
from tests.support.sockets import HEADERS, Response, Served, listening, request

Result = TypeVar("Result")
Run = Callable[[Callable[[Served], Awaitable[Any]]], Any]
QUESTION = json.dumps({"expression": "x**2", "point": [3.0]}).encode()
HEALTH = b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n"


def running(client: Client, **limits: Any) -> Run:
    """Return what runs a conversation, under some limits of its own."""

    def run(talk: Callable[[Served], Awaitable[Result]]) -> Result:
        async def converse() -> Result:
            state = client.app.state
            usual = state.services
            state.services = dataclasses.replace(usual, limits=dataclasses.replace(usual.limits, **limits))
            try:
                async with listening(client.app) as served:
                    return await talk(served)
            finally:
                state.services = usual

        return client.run(converse())

    return run


@pytest.fixture(scope="module")
def own() -> Iterator[Client]:
    with serving() as started:
        yield started


@pytest.fixture
def run(own: Client) -> Run:
    return running(own)


def told(response: Response, status: int, code: str) -> None:
    """Check a problem document."""
    assertions.assert_problem(
        httpx.Response(response.status, headers=response.headers, content=response.content), status, code
    )


def chunked(content: bytes, more: bytes = b"", line: str = "POST /v1/grad HTTP/1.1") -> bytes:
    head = f"{line}\r\n{HEADERS}Transfer-Encoding: chunked\r\n\r\n".encode()
    return head + b"%x\r\n%b\r\n0\r\n%b\r\n" % (len(content), content, more)


NOT_HTTP = {
    "nothing of it": b"\x00\xff\xfe" * 100 + b"\r\n\r\n",
    "TLS": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(500),
    "SSH": b"SSH-2.0-OpenSSH_9.2\r\n",
    "HTTP/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "an unknown method": request(QUESTION, line="BREW /v1/grad HTTP/1.1"),
    "a method in lower case": request(QUESTION, line="post /v1/grad HTTP/1.1"),
    "a proxy's": b"CONNECT a:80 HTTP/1.1\r\nHost: a\r\n\r\n",
    "a space in the address": request(QUESTION, line="POST /v1/ grad HTTP/1.1"),
    "a zero in the address": request(QUESTION, line="POST /v1/\0grad HTTP/1.1"),
    "a port that is none": request(QUESTION, line="POST http://a:99999999/v1/grad HTTP/1.1"),
    "half an address": request(QUESTION, line="POST http://[::1/v1/grad HTTP/1.1"),
    "two lengths": request(QUESTION, HEADERS + "Content-Length: 5\r\n"),
    "a negative length": f"POST /v1/grad HTTP/1.1\r\n{HEADERS}Content-Length: -1\r\n\r\n".encode(),
    "a length in hex": f"POST /v1/grad HTTP/1.1\r\n{HEADERS}Content-Length: 0x20\r\n\r\n".encode(),
    "a length without end": f"POST /v1/grad HTTP/1.1\r\n{HEADERS}Content-Length: {'9' * 30}\r\n\r\n".encode(),
    "a length and chunks": request(QUESTION, HEADERS + "Transfer-Encoding: chunked\r\n"),
    "a chunk of no size": chunked(b"").replace(b"\r\n\r\n0\r\n", b"\r\n\r\nzz\r\n"),
    "a chunk without end": chunked(b"").replace(b"\r\n\r\n0\r\n", b"\r\n\r\n" + b"F" * 20 + b"\r\n"),
    "a header without a colon": request(QUESTION, HEADERS + "X\r\n"),
    "a header with a space": request(QUESTION, HEADERS + "X : 1\r\n"),
    "a header without a name": request(QUESTION, HEADERS + ": 1\r\n"),
    "a folded header": request(QUESTION, HEADERS + "X: 1\r\n 2\r\n"),
    "a zero in a header": request(QUESTION, HEADERS + "X: \0\r\n"),
    "a bare line feed": request(QUESTION, HEADERS + "X: 1\n"),
}


@pytest.mark.parametrize("content", NOT_HTTP.values(), ids=NOT_HTTP)
def test_bytes_that_are_no_request_get_a_problem_and_the_connection_is_closed(run: Run, content: bytes) -> None:
    async def talk(served: Served) -> tuple[Any, bool]:
        connection = await served.connect()
        return await connection.ask(content), await connection.closed()

    response, closed = run(talk)
    assert response.headers["connection"] == "close"
    told(response, 400, "bad_request")
    assert closed


def test_earlier_requests_are_answered_before_a_refusal(run: Run) -> None:
    async def talk(served: Served) -> bytes:
        connection = await served.connect()
        connection.writer.write(request(QUESTION) + HEALTH + request(QUESTION) + b"\0\0\0\r\n\r\n")
        return await connection.rest()

    found: bytes = run(talk)
    assert found.count(b"HTTP/1.1 200 OK") == 3
    assert found.count(b'"gradient":6.0') == 2


@pytest.mark.parametrize(
    "wish",
    [
        "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n",
        "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n",
        "Connection: close, upgrade\r\nUpgrade: TLS/1.0\r\n",
    ],
)
@pytest.mark.parametrize("whole", [True, False])
def test_a_request_for_another_protocol_is_answered_in_http(run: Run, wish: str, *, whole: bool) -> None:
    async def talk(served: Served) -> Any:
        connection = await served.connect()
        content = request(QUESTION, HEADERS + wish)
        if whole:
            return await connection.ask(content)
        for start in range(0, len(content), 50):
            connection.writer.write(content[start : start + 50])
            await connection.writer.drain()
            await asyncio.sleep(0.001)
        return (await connection.receive())[0]

    response = run(talk)
    assert response.status == 200
    assert response.json()["gradient"] == 6.0


def test_a_chunked_body_and_its_trailers_are_read(run: Run) -> None:
    async def talk(served: Served) -> list[Any]:
        connection = await served.connect()
        return [await connection.ask(chunked(QUESTION)), await connection.ask(chunked(QUESTION, b"X-Sum: 1\r\n"))]

    assert [response.json()["gradient"] for response in run(talk)] == [6.0, 6.0]


def unending() -> dict[str, tuple[bytes, bytes]]:
    """Return beginnings of requests, and what can follow for ever."""
    line = f"POST /v1/grad HTTP/1.1\r\n{HEADERS}".encode()
    return {
        "an address": (b"POST /v1/grad?", b"a" * 1000),
        "a header": (line + b"X: ", b"a" * 1000),
        "a name of a header": (line + b"X", b"a" * 1000),
        "headers": (line, b"X: 1\r\n" * 100),
        "empty lines": (b"", b"\r\n" * 500),
        "extensions of a chunk": (line + b"Transfer-Encoding: chunked\r\n\r\n1;", b"a" * 1000),
        "trailers": (line + b"Transfer-Encoding: chunked\r\n\r\n1\r\n{\r\n0\r\n", b"X: 1\r\n" * 100),
        "a trailer": (line + b"Transfer-Encoding: chunked\r\n\r\n1\r\n{\r\n0\r\nX: ", b"a" * 1000),
    }


@pytest.mark.parametrize(("begun", "more"), unending().values(), ids=unending())
def test_a_request_without_end_is_refused(run: Run, begun: bytes, more: bytes) -> None:
    async def talk(served: Served) -> int:
        connection = await served.connect()
        connection.writer.write(begun)
        for sent in range(1000):
            try:
                connection.writer.write(more)
                await connection.writer.drain()
                await asyncio.sleep(0)
            except ConnectionError:
                return sent
            if connection.ended:
                return sent
        return 1000

    assert run(talk) < 200, "more than any limit was taken"


@pytest.mark.parametrize(
    ("line", "headers", "status"),
    [
        ("POST /v1/grad?" + "a" * 8200 + " HTTP/1.1", HEADERS, 414),
        ("GET /" + "a" * 20_000 + " HTTP/1.1", HEADERS, 414),
        ("POST /v1/grad HTTP/1.1", HEADERS + f"X: {'a' * 39_000}\r\n", 431),
    ],
)
def test_a_head_over_a_limit_gets_its_status(run: Run, line: str, headers: str, status: int) -> None:
    async def talk(served: Served) -> Any:
        return await (await served.connect()).ask(request(QUESTION, headers, line))

    response = run(talk)
    told(response, status, "body_too_large")


@pytest.mark.parametrize("sent", [b"G", b"POST /v1/grad HTTP/1.1\r\nX: ", request(QUESTION)[:-100]])
def test_a_head_that_does_not_arrive_in_time_gets_a_408(own: Client, sent: bytes) -> None:
    async def talk(served: Served) -> tuple[Any, bool]:
        connection = await served.connect()
        connection.writer.write(sent)
        return (await connection.receive())[0], await connection.closed()

    response, closed = running(own, receive_seconds=0.2)(talk)
    told(response, 408, "request_timeout")
    assert closed


def test_a_silent_connection_is_closed(own: Client) -> None:
    async def talk(served: Served) -> bytes:
        return await (await served.connect()).rest()

    assert running(own, receive_seconds=0.2)(talk) == b""


def test_a_slow_head_gets_no_more_time(own: Client) -> None:
    async def talk(served: Served) -> tuple[Any, bool]:
        connection = await served.connect()
        told = asyncio.ensure_future(connection.receive())
        for byte in b"POST /v1/grad HTTP/1.1\r\nX: " + b"a" * 1000:
            if told.done():
                break
            connection.writer.write(bytes([byte]))
            await asyncio.sleep(0.02)
        return (await told)[0], await connection.closed()

    response, closed = running(own, receive_seconds=0.3)(talk)
    assert (response.status, closed) == (408, True)


def test_the_body_of_a_refused_request_is_awaited_for_a_limited_time(
    own: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.api.server.connections._GRACE_SECONDS", 0.2)
    content = f"POST /v1/grad HTTP/1.1\r\n{HEADERS}Content-Length: 999999999\r\n\r\n".encode()

    async def talk(served: Served) -> Any:
        connection = await served.connect()
        response = await connection.ask(content)
        while not connection.ended:
            connection.writer.write(b" ")
            await asyncio.sleep(0.05)
        return response

    assert running(own, receive_seconds=0.2)(talk).status == 413


def test_a_connection_whose_client_does_not_read_is_closed(own: Client) -> None:
    points = [float(n) / 7 for n in range(100_000)]
    content = json.dumps({"expression": "x**2", "point": [points], "in_axes": 0}).encode()

    async def talk(served: Served) -> bool:
        # A window of a few kB, so that the answer stays on the server's side.
        sock = socket.socket()
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        sock.setblocking(False)
        await asyncio.get_running_loop().sock_connect(sock, ("127.0.0.1", served.port))
        reader, writer = await asyncio.open_connection(sock=sock, limit=1024)
        writer.write(request(content))
        async with asyncio.timeout(30):
            while not writer.transport.is_closing():
                await asyncio.sleep(0.1)
                writer.write(b"\r\n")
        return reader.at_eof() or writer.transport.is_closing()

    assert running(own, receive_seconds=0.5)(talk)


def test_a_large_answer_that_is_read_slowly_is_read_whole(own: Client) -> None:
    points = [float(n) / 7 for n in range(100_000)]
    content = json.dumps({"expression": "x**2", "point": [points], "in_axes": 0}).encode()

    async def talk(served: Served) -> Any:
        connection = await served.connect()
        connection.writer.write(request(content))
        return (await connection.receive(pause=0.005))[0]

    answer = running(own, receive_seconds=5)(talk).json()
    assert answer["gradient"] == pytest.approx([2 * point for point in points], rel=1e-15)


def test_a_connection_too_many_gets_a_429(own: Client) -> None:
    async def talk(served: Served) -> tuple[list[Any], Any, Any]:
        connections = [await served.connect() for _ in range(3)]
        answers = [await connection.ask(HEALTH) for connection in connections]
        over = (await (await served.connect()).receive())[0]
        connections[0].writer.close()
        await asyncio.sleep(0.1)
        return answers, over, await (await served.connect()).ask(HEALTH)

    # Half of all may come from one address, and here all do.
    answers, over, after = running(own, max_connections=6)(talk)
    assert [answer.status for answer in answers] == [200] * 3
    told(over, 429, "overloaded")
    assert int(over.headers["retry-after"]) > 0
    assert after.status == 200


def test_refusals_of_the_protocol_are_counted(own: Client) -> None:
    def refused() -> float:
        lines = own.get("/metrics").text.splitlines()
        found = [line for line in lines if line.startswith('gradserve_requests_total{route="other",status="400"}')]
        return float(found[0].rpartition(" ")[2]) if found else 0.0

    async def talk(served: Served) -> Any:
        return await (await served.connect()).ask(NOT_HTTP["SSH"])

    before = refused()
    running(own)(talk)
    assert refused() == before + 1


def test_limits_on_connections_are_published(client: Client) -> None:
    published = client.get("/v1/limits").json()
    usual = body.RequestLimits()
    assert published["max_url_bytes"] == usual.max_url_bytes == 8192
    assert published["max_connections"] == usual.max_connections == 4096


def test_a_connection_is_an_object_of_its_own_state(run: Run) -> None:
    async def talk(served: Served) -> list[Any]:
        first, second = await served.connect(), await served.connect()
        first.writer.write(request(QUESTION)[:40])
        answered = await second.ask(request(QUESTION))
        first.writer.write(request(QUESTION)[40:])
        return [answered, *await first.receive()]

    assert [response.json()["gradient"] for response in run(talk)] == [6.0, 6.0]
