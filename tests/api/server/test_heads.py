"""A head that was parsed before is not parsed again, and its request gets the answer of one that was."""

import asyncio
import itertools
import json
import random
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from app.api.http import replies
from app.api.server import connections, heads, uvicorn_adapter
from tests.support.service import Client
from tests.support.sockets import HEADERS, Connection, Response, Served, listening, request

ARGS = ["a", "b", "c"]
HEALTH = b"GET /healthz HTTP/1.1\r\nHost: service\r\n\r\n"


def question(*point: Any, expression: str = "5*a**2 + 6*b**2 + 7*c**2") -> bytes:
    return json.dumps({"expression": expression, "args": ARGS, "point": point, "argnums": [0, 1, 2]}).encode()


HOT = [question(n + 0.25, n - 0.5, n + 0.75) for n in range(2, 8)]  # bodies of one length, so heads are the same


def talking(client: Client, talk: Callable[[Served], Awaitable[Any]]) -> Any:
    async def converse() -> Any:
        async with listening(client.app) as served:
            await served.heat(HOT[0])
            return await talk(served)

    return client.run(converse())


@pytest.fixture
def parsed(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """All bytes that are parsed from here on."""
    fed: list[bytes] = []
    feed = uvicorn_adapter.UvicornProtocol.feed

    def note(self: Any, data: bytes) -> None:
        fed.append(data)
        feed(self, data)

    monkeypatch.setattr(uvicorn_adapter.UvicornProtocol, "feed", note)
    return fed


def told(response: Response) -> tuple[int, Any]:
    return response.status, response.json().get("gradient", response.json())


def test_a_known_head_is_parsed_once_and_every_body_gets_its_own_answer(client: Client, parsed: list[bytes]) -> None:
    async def talk(served: Served) -> list[Response]:
        connection, other = await served.connect(), await served.connect()
        await connection.ask(request(HOT[0]))
        await other.ask(request(HOT[0]))  # the first request of a connection is always parsed
        parsed.clear()
        return [await each.ask(request(body)) for body in HOT for each in (connection, other)]

    for number, response in enumerate(talking(client, talk)):
        a, b, c = json.loads(HOT[number // 2])["point"]
        assert response.json()["gradient"] == pytest.approx([10 * a, 12 * b, 14 * c], rel=1e-15)
    assert parsed == []


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (HOT[1][:-1] + b"]", 400),  # no JSON
        (HOT[1].replace(b"2.5", b'"x"'), 422),
        (HOT[1].replace(b"5*a**2 + 6*b*", b"a if a else b"), 200),  # another function, which is not known and not plain
    ],
)
def test_a_request_that_cannot_be_answered_at_once_is_answered_over_asgi(
    client: Client, body: bytes, status: int
) -> None:
    assert len(body) == len(HOT[1])

    async def talk(served: Served) -> tuple[list[Response], list[str]]:
        connection = await served.connect()
        await connection.ask(request(HOT[0]))
        return [await connection.ask(request(each)) for each in (body, HOT[2])], served.asgi

    (response, hot), asgi = talking(client, talk)
    assert response.status == status
    assert response.content == client.post(body).content
    assert hot.status == 200
    assert asgi[0] == "/v1/grad"


@pytest.mark.parametrize("length", ["Content-Length: 0%d", "Transfer-Encoding: chunked"])
def test_a_head_that_tells_its_length_in_another_way_is_parsed_each_time(
    client: Client, parsed: list[bytes], length: str
) -> None:
    def content(body: bytes) -> bytes:
        head = f"POST /v1/grad HTTP/1.1\r\n{HEADERS}{length % len(body) if '%' in length else length}\r\n\r\n"
        return head.encode() + (body if "%" in length else b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body))

    async def talk(served: Served) -> list[Response]:
        connection = await served.connect()
        parsed.clear()
        return [await connection.ask(content(body)) for body in HOT]

    for body, response in zip(HOT, talking(client, talk), strict=True):
        assert response.content == client.post(body).content
    assert len(parsed) == len(HOT)


@pytest.mark.parametrize("seed", range(12))
def test_requests_cut_anywhere_get_the_same_answers(client: Client, seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311
    refused = [HOT[3][:-1] + b"]", question(1.0, "x", 2.0)]
    kinds = [[request(body) for body in HOT], [HEALTH], [request(body) for body in refused]]
    asked = [chance.choice(chance.choices(kinds, [6, 1, 1])[0]) for _ in range(40)]
    whole = b"".join(asked)
    cuts = sorted(chance.sample(range(1, len(whole)), 20) + _ends(asked, chance))

    async def talk(served: Served) -> list[Response]:
        connection = await served.connect()
        sending = asyncio.ensure_future(_send(connection, whole, [0, *cuts, len(whole)], chance))
        responses = await connection.receive(len(asked))
        await sending
        return responses

    expected = {content: talking(client, _alone(content)) for content in set(asked)}
    for content, response in zip(asked, talking(client, talk), strict=True):
        assert told(response) == told(expected[content]), content


def _ends(asked: list[bytes], chance: random.Random) -> list[int]:
    """Return the ends of some requests."""
    ends = [sum(map(len, asked[:number])) for number in range(1, len(asked))]
    return chance.sample(ends, len(ends) // 2)


async def _send(connection: Connection, whole: bytes, cuts: list[int], chance: random.Random) -> None:
    for start, stop in itertools.pairwise(cuts):
        connection.writer.write(whole[start:stop])
        if chance.random() < 0.7:
            await connection.writer.drain()
            await asyncio.sleep(chance.choice([0, 0, 0.002]))


def _alone(content: bytes) -> Callable[[Served], Awaitable[Response]]:
    async def talk(served: Served) -> Response:
        return await (await served.connect()).ask(content)

    return talk


def test_an_idle_connection_is_closed_after_the_time_of_keep_alive(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "_CHECK_SECONDS", 0.02)
    monkeypatch.setattr(uvicorn_adapter.UvicornProtocol, "keep_alive_seconds", lambda _: 0.3)

    async def talk(served: Served) -> tuple[list[int], bool]:
        connection = await served.connect()
        found = []
        for body in HOT:  # together longer than that time
            found.append((await connection.ask(request(body))).status)
            await asyncio.sleep(0.1)
        return found, await connection.closed()

    assert talking(client, talk) == ([200] * len(HOT), True)


def test_heads_are_bounded_in_number_and_size(client: Client) -> None:
    lane = client.app.state.services.hot_lane
    known = heads.KnownHeads()

    def kept(*more: tuple[bytes, bytes]) -> bool:
        lines = [(b"content-type", b"application/json"), (b"content-length", b"2"), *more]
        data = b"POST /v1/grad HTTP/1.1\r\n" + b"".join([b"%b: %b\r\n" % line for line in lines]) + b"\r\n{}"
        way = lane.way("/v1/grad", lines)
        assert way is not None
        known.keep(data, heads.KnownHead(2, way))
        return known.find(data) is not None

    assert kept()
    assert not kept((b"x-long", b"a" * 4000))
    assert all(kept((b"x-request-id", b"%d" % number)) for number in range(3000))
    assert len(known._heads) <= 1024


@pytest.mark.parametrize("computed", [None, replies.Computed(True, "compiled", 1e-4, 2e-5), replies.Computed(False)])
@pytest.mark.parametrize("headers", [(), ((b"retry-after", b"1"),)])
@pytest.mark.parametrize("content", [b"", b"{}"])
def test_a_head_is_written_as_its_headers_are(computed: Any, headers: Any, content: bytes) -> None:
    reply = replies.Reply(200, content, headers=headers, computed=computed)
    assert reply.head() == b"".join(b"%b: %b\r\n" % line for line in reply.raw_headers())
