"""Hot requests over real connections get the same answers without ASGI as over ASGI."""

import asyncio
import json
import math
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import pytest

from app.api.server import protocol
from tests.support.service import Client
from tests.support.sockets import HEADERS, Connection, Response, Served, connected, listening, request

Result = TypeVar("Result")
EXPRESSION = "5*x1**2 + 6*x2**2 + 7*x3**2"
ARGS = ["x1", "x2", "x3"]
POINTS = [[1.0 + n / 7, 2.0 - n / 11, 3.0 + n / 13] for n in range(40)]


def question(point: Any, **fields: Any) -> bytes:
    return json.dumps({"expression": EXPRESSION, "args": ARGS, "point": point, "argnums": [0, 1, 2], **fields}).encode()


def gradient(point: list[float]) -> list[float]:
    return [10 * point[0], 12 * point[1], 14 * point[2]]


@pytest.fixture
def run(client: Client) -> Callable[[Callable[[Served], Awaitable[Result]]], Result]:
    """Run a conversation with the application, whose tutorial function is compiled."""

    def run(talk: Callable[[Served], Awaitable[Result]]) -> Result:
        async def converse() -> Result:
            async with listening(client.app) as served:
                await served.heat(question(POINTS[0]))
                return await talk(served)

        return client.run(converse())

    return run


Run = Callable[[Callable[[Served], Awaitable[Any]]], Any]


def test_a_hot_request_never_reaches_asgi_and_its_answer_is_the_same(client: Client, run: Run) -> None:
    async def talk(served: Served) -> tuple[Response, list[str]]:
        connection = await served.connect()
        return await connection.ask(request(question(POINTS[3]))), served.asgi

    response, asgi = run(talk)
    other = client.post(question(POINTS[3]))
    assert asgi == []
    assert response.status == other.status_code == 200
    assert response.content == other.content
    assert set(response.headers) == set(other.headers)
    for name in ("content-type", "content-length", "cache-status"):
        assert response.headers[name] == other.headers[name]


def test_requests_that_arrive_together_each_get_their_own_answer(run: Run) -> None:
    async def talk(served: Served) -> list[Response]:
        connections = [await served.connect() for _ in POINTS]
        return await asyncio.gather(
            *(connection.ask(request(question(point))) for connection, point in zip(connections, POINTS, strict=True))
        )

    for response, point in zip(run(talk), POINTS, strict=True):
        assert response.json()["gradient"] == pytest.approx(gradient(point), rel=1e-15)


def test_requests_sent_ahead_are_answered_in_their_order(run: Run) -> None:
    health = b"GET /healthz HTTP/1.1\r\nHost: service\r\n\r\n"
    hot = [request(question(point)) for point in POINTS[:4]]

    async def talk(served: Served) -> list[Response]:
        connection = await served.connect()
        connection.writer.write(hot[0] + health + hot[1] + hot[2] + health + hot[3])
        return await connection.receive(6)

    responses = run(talk)
    assert [response.status for response in responses] == [200] * 6
    answered = [response.json().get("gradient") for response in responses]
    assert answered[1] is answered[4] is None
    for found, point in zip([answered[n] for n in (0, 2, 3, 5)], POINTS[:4], strict=True):
        assert found == pytest.approx(gradient(point), rel=1e-15)


@pytest.mark.parametrize("size", [1, 7, 100, 200])
def test_a_request_that_comes_in_pieces_is_answered(run: Run, size: int) -> None:
    content = request(question(POINTS[5]))

    async def talk(served: Served) -> list[Response]:
        connection = await served.connect()
        for _ in range(2):
            for start in range(0, len(content), size):
                connection.writer.write(content[start : start + size])
                await connection.writer.drain()
                await asyncio.sleep(0)
        return await connection.receive(2)

    for response in run(talk):
        assert response.json()["gradient"] == pytest.approx(gradient(POINTS[5]), rel=1e-15)


async def send_in_two(connection: Connection, content: bytes, pause: float) -> Response:
    """Send a head, then, after a pause, the body."""
    head, end, body = content.partition(b"\r\n\r\n")
    connection.writer.write(head + end)
    await asyncio.sleep(pause)
    return await connection.ask(body)


@pytest.mark.parametrize(("patience", "pause", "reached"), [(30.0, 0.02, []), (1e-3, 0.2, ["/v1/grad"])])
def test_a_body_that_comes_behind_its_head_is_waited_for_a_moment(
    run: Run, monkeypatch: pytest.MonkeyPatch, patience: float, pause: float, reached: list[str]
) -> None:
    monkeypatch.setattr(protocol, "_BODY_SECONDS", patience)

    async def talk(served: Served) -> tuple[list[Response], list[str]]:
        connection = await served.connect()
        first = await send_in_two(connection, request(question(POINTS[6])), pause)
        asgi = list(served.asgi)
        return [first, await connection.ask(request(question(POINTS[7])))], asgi

    responses, asgi = run(talk)
    assert asgi == reached
    for response, point in zip(responses, POINTS[6:8], strict=True):
        assert response.json()["gradient"] == pytest.approx(gradient(point), rel=1e-15)


def test_a_large_body_goes_on_to_asgi_while_it_arrives(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(protocol, "_BODY_SECONDS", 60.0)
    columns = [[float(n) for n in range(10_000)]] * 3
    content = request(question(columns, in_axes=0))

    async def talk(served: Served) -> Response:
        connection = await served.connect()
        connection.writer.write(content[:-100])
        async with asyncio.timeout(20):
            while not served.asgi:  # noqa: ASYNC110 - of a test
                await asyncio.sleep(0.01)
        return await connection.ask(content[-100:])

    assert run(talk).json()["gradient"][1][:3] == [0.0, 12.0, 24.0]


def test_a_client_that_goes_away_before_its_body_disturbs_nobody(run: Run, caplog: pytest.LogCaptureFixture) -> None:
    async def talk(served: Served) -> Response:
        connection = await served.connect()
        connection.writer.write(request(question(POINTS[0]))[:-10])
        await asyncio.sleep(0.002)
        connection.writer.transport.abort()
        await asyncio.sleep(0.05)  # longer than a body is waited for
        return await (await served.connect()).ask(request(question(POINTS[8])))

    assert run(talk).json()["gradient"] == pytest.approx(gradient(POINTS[8]), rel=1e-15)
    assert not [record for record in caplog.records if record.levelname in {"ERROR", "CRITICAL"}]


@pytest.mark.parametrize(
    ("point", "code"),
    [
        ("[1.0, 2.0]", "invalid_field"),
        ("[1.0, 2.0, 3.0, 4.0]", "invalid_field"),
        ("[1.0, 2.0, 1e999]", "invalid_field"),
        ("[1.0, 2.0, [3.0, 4.0]]", "bad_shape"),
        ("[1.0, 2.0, 01]", "invalid_json"),
        ("[1.0, 2.0 3.0]", "invalid_json"),
        ("[1.0, 2.0, 3.0]]", "invalid_json"),
        ("[]", "invalid_field"),
        ("[[[", "invalid_json"),
        ('[1.0, "2.0", 3.0]', "invalid_field"),
        ("[1.0, true, 3.0]", "invalid_field"),
    ],
)
def test_a_repeated_request_with_a_mistake_is_refused_as_over_asgi(
    client: Client, run: Run, point: str, code: str
) -> None:
    content = question("POINT").replace(b'"POINT"', point.encode())

    async def talk(served: Served) -> Response:
        return await (await served.connect()).ask(request(content))

    response, other = run(talk), client.post(content)
    assert response.content == other.content
    assert response.status == other.status_code
    assert response.headers["content-type"] == "application/problem+json"
    assert response.json()["code"] == code


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ("Host: service\r\nContent-Type: text/plain\r\n", 415),
        (HEADERS + "Content-Encoding: br\r\n", 415),
        (HEADERS + "".join(f"X-{n}: 1\r\n" for n in range(200)), 431),
        (HEADERS + f"X-Long: {'a' * 40_000}\r\n", 431),
    ],
)
def test_headers_are_refused_as_over_asgi(run: Run, headers: str, status: int) -> None:
    async def talk(served: Served) -> Response:
        return await (await served.connect()).ask(request(question(POINTS[0]), headers))

    assert run(talk).status == status


@pytest.mark.parametrize(
    ("line", "headers"),
    [("POST /v1/grad HTTP/1.0", HEADERS), ("POST /v1/grad HTTP/1.1", HEADERS + "Connection: close\r\n")],
)
def test_a_connection_that_is_to_close_is_answered_and_closed(run: Run, line: str, headers: str) -> None:
    async def talk(served: Served) -> tuple[Response, bool]:
        connection = await served.connect()
        return await connection.ask(request(question(POINTS[2]), headers, line)), await connection.closed()

    response, closed = run(talk)
    assert response.json()["gradient"] == pytest.approx(gradient(POINTS[2]), rel=1e-15)
    assert closed


def test_a_client_that_expects_100_continue_gets_it(run: Run) -> None:
    content = question(POINTS[2])
    head, body = request(content, HEADERS + "Expect: 100-continue\r\n").split(b"\r\n\r\n", 1)

    async def talk(served: Served) -> list[Response]:
        connection = await served.connect()
        connection.writer.write(head + b"\r\n\r\n")
        responses = await connection.receive()
        connection.writer.write(body)
        return responses + await connection.receive()

    assert [response.status for response in run(talk)] == [100, 200]


def test_a_client_that_goes_away_does_not_disturb_the_others(run: Run) -> None:
    async def talk(served: Served) -> list[Response]:
        stay, leave = [[await served.connect() for _ in range(5)] for _ in range(2)]
        for one, other in zip(leave, stay, strict=True):
            one.writer.write(request(question(POINTS[0])))
            other.writer.write(request(question(POINTS[1])))
            one.writer.transport.abort()
        return [response for connection in stay for response in await connection.receive()]

    for response in run(talk):
        assert response.json()["gradient"] == pytest.approx(gradient(POINTS[1]), rel=1e-15)


@pytest.mark.parametrize(("sent", "echoed"), [("abc-1", True), ("a b", False), ("<script>", False)])
def test_a_request_id_is_echoed_if_it_is_harmless(run: Run, sent: str, echoed: bool) -> None:
    async def talk(served: Served) -> list[Response]:
        connection = await served.connect()
        content = request(question(POINTS[0]), HEADERS + f"X-Request-ID: {sent}\r\n")
        return [await connection.ask(content), await connection.ask(request(question(POINTS[0])))]

    first, second = run(talk)
    assert (first.headers["x-request-id"] == sent) is echoed
    assert first.headers["x-request-id"] != second.headers["x-request-id"]


def test_numbers_that_are_not_finite_are_strings_of_a_hot_function_too(client: Client, run: Run) -> None:
    def asked(point: list[float]) -> bytes:
        return json.dumps({"expression": "x*exp(x*y)", "point": point, "argnums": [1, 0]}).encode()

    async def talk(served: Served) -> tuple[Response, list[str]]:
        await served.heat(asked([1.0, 2.0]))
        connection = await served.connect()
        return await connection.ask(request(asked([800.0, 1.0]))), served.asgi

    response, asgi = run(talk)
    assert asgi == []
    assert response.json()["value"] == "Infinity"
    assert response.json()["finite"] is False
    assert response.content == client.post(asked([800.0, 1.0])).content


@pytest.mark.parametrize("second", [b"\r\n", b"\r\n\r\n", b"\0no request\r\n", b"POST /v1/gr"])
def test_bytes_behind_a_request_do_not_change_its_answer(client: Client, second: bytes) -> None:
    async def talk() -> bytes:
        protocol, pipe = connected(client.app)
        for data in (request(question(POINTS[6])), second):  # in one turn of the event loop
            protocol.data_received(data)
        async with asyncio.timeout(20):
            await pipe.answered.wait()
        protocol.connection_lost(None)
        return pipe.written

    found = client.run(talk())
    assert found.startswith(b"HTTP/1.1 200 OK")
    assert json.loads(found.partition(b"\r\n\r\n")[2])["gradient"] == pytest.approx(gradient(POINTS[6]), rel=1e-15)


# Functions that are new


def new(text: str, point: Any, **fields: Any) -> bytes:
    return json.dumps({"expression": text, "args": ["x", "y"], "point": point, "argnums": [0, 1], **fields}).encode()


@pytest.mark.parametrize(
    "asked",
    [
        {"expression": "sin(x)*y - x**2/y", "args": ["x", "y"], "point": [0.5, 1.5]},
        {"expression": "sin(x)*y - x**2/y + 0", "point": {"y": 1.5, "x": 0.5}},
        {"expression": "lambda x, y: sin(x)*y - x**2/y", "point": [0.5, 1.5]},
        {"expression": "def f(x, y):\n    return math.sin(x)*y - x**2/y", "point": {"x": 0.5, "y": 1.5}},
        {"expression": "sin(x[0])*x[1] - x[0]**2/x[1]", "point": [[0.5, 1.5]], "argnums": 0},
        {"expression": "sin(x[0])*x[1] - x[0]**2/x[1] + 0", "point": {"x": [0.5, 1.5]}, "argnums": "x"},
    ],
)
def test_the_first_request_for_a_plain_function_never_reaches_asgi_and_its_answer_is_the_same(
    client: Client, run: Run, asked: dict[str, Any]
) -> None:
    content = json.dumps({"argnums": [0, 1]} | asked).encode()

    async def talk(served: Served) -> tuple[list[Response], list[str]]:
        connection = await served.connect()
        found = [await connection.ask(request(content)) for _ in range(2)]
        return found, served.asgi

    (first, second), asgi = run(talk)
    other = client.post(content)
    assert asgi == []
    assert first.status == second.status == other.status_code == 200
    assert first.content == second.content == other.content
    assert set(first.headers) == set(other.headers)
    assert first.headers["cache-status"] == "gradserve; fwd=miss; detail=interpreted"
    assert second.headers["cache-status"] == other.headers["cache-status"] == "gradserve; hit; detail=interpreted"
    x, y = 0.5, 1.5
    gradient = [math.cos(x) * y - 2 * x / y, math.sin(x) + x**2 / y**2]
    assert first.json()["gradient"] == pytest.approx(gradient, rel=1e-14)


@pytest.mark.parametrize(
    ("text", "point", "fields"),
    [
        ("sum(x*y)", [[0.5, 1.0], [1.5, 2.0]], {}),
        ("sin(x)*y +", [0.5, 1.5], {}),
        ("sin(x)*y + 1", [0.5], {}),
        ("sin(x)*y + 8", [0.5, "1.5"], {}),
        ("sin(x)*y + 9", [0.5, 1e999], {}),
        ("sin(x)*y + 7", {"x": 0.5, "z": 1.5}, {}),
        ("sin(x)*y + 2", [0.5, 1.5], {"argnums": [2]}),
        ("sin(x)*y + 3", [0.5, 1.5], {"verify": True}),
        ("sin(x)*y + 4", [[0.5], [1.5]], {"in_axes": 0}),
        ("sin(x)*y + 5", [0.5, 1.5], {"args": ["x", "y", "y"]}),
        ("sin(x)*y + 6", [0.5, 1.5], {"unknown": 1}),
        ("\\sin x \\cdot y", [0.5, 1.5], {"format": "latex"}),
    ],
)
def test_other_first_requests_are_answered_or_refused_over_asgi(
    client: Client, run: Run, text: str, point: Any, fields: dict[str, Any]
) -> None:
    async def talk(served: Served) -> tuple[Response, int]:
        response = await (await served.connect()).ask(request(new(text, point, **fields)))
        return response, len(served.asgi)

    response, asgi = run(talk)
    other = client.post(new(text, point, **fields))
    assert asgi == 1
    assert response.status == other.status_code
    assert response.json().get("code") == other.json().get("code")
    if response.status == 200:
        assert response.content == other.content
        assert response.headers["cache-status"].startswith("gradserve; fwd=miss")


def test_a_new_function_of_a_structure_that_is_compiled_is_answered_without_asgi(run: Run) -> None:
    async def talk(served: Served) -> tuple[Response, list[str]]:
        body = json.dumps(
            {"expression": "8*a**2 + 9*b**2 + 10*c**2", "args": ["a", "b", "c"], "point": [1.0, 2.0, 3.0]}
        )
        return await (await served.connect()).ask(request(body.encode())), served.asgi

    response, asgi = run(talk)
    assert asgi == []
    assert response.headers["cache-status"] == "gradserve; fwd=miss; detail=compiled"
    assert response.json()["gradient"] == pytest.approx(16.0, rel=1e-15)


def test_values_of_new_functions_are_answered_without_asgi(client: Client, run: Run) -> None:
    body = {"expression": "exp(x)/y", "args": ["x", "y"], "point": [0.5, 1.5]}

    async def talk(served: Served) -> tuple[Response, list[str]]:
        connection = await served.connect()
        return await connection.ask(request(json.dumps(body).encode(), line="POST /v1/evaluate HTTP/1.1")), served.asgi

    response, asgi = run(talk)
    assert asgi == []
    assert response.json()["value"] == pytest.approx(math.exp(0.5) / 1.5, rel=1e-15)
    assert response.content == client.post(json.dumps(body).encode(), path="/v1/evaluate").content


# Derivatives that only the interpreter computes

SECOND: dict[str, dict[str, Any]] = {
    "hessian": {"argnums": [0, 2]},
    "hvp": {"argnums": [0, 1], "tangents": [1.0, 2.0]},
    "jvp": {"argnums": [0, 1], "tangents": [1.0, 2.0]},
    "vjp": {"argnums": [0, 1], "cotangent": 3.0},
    "jacobian": {"argnums": [0, 1]},
}


@pytest.mark.parametrize("text", ["x**2*y*z + sin(y)", "x**2*y*z + sin(z)*where(y > 0, 1, 2)"])
@pytest.mark.parametrize("name", SECOND)
def test_a_derivative_of_few_numbers_never_reaches_asgi_once_it_is_known_and_its_answer_is_the_same(
    client: Client, run: Run, name: str, text: str
) -> None:
    line = f"POST /v1/{name} HTTP/1.1"

    def asked(x: float) -> bytes:
        return json.dumps({"expression": text, "args": ["x", "y", "z"], "point": [x, 1.5, 2.5]} | SECOND[name]).encode()

    async def talk(served: Served) -> tuple[Response, list[str]]:
        connection = await served.connect()
        for x in (0.5, 0.75):
            await connection.ask(request(asked(x), line=line))
        served.asgi.clear()
        return await connection.ask(request(asked(0.25), line=line)), list(served.asgi)

    response, asgi = run(talk)
    other = client.post(asked(0.25), f"/v1/{name}")
    assert asgi == []
    assert response.status == other.status_code == 200
    assert response.content == other.content
    assert response.headers["cache-status"] == other.headers["cache-status"] == "gradserve; hit; detail=interpreted"
