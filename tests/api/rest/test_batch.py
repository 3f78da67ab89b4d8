"""Many requests in one body: each is answered as if it had come alone, whatever the others are."""

import asyncio
import json
import math
from pathlib import Path
from typing import Any

import httpx
import pytest

from app.application import create_app
from app.runtime import keys
from app.settings import Settings
from tests.support import assertions, sockets, waiting
from tests.support.service import Client

PATH = "/v1/batch"


def line(path: str = "/v1/grad", **document: Any) -> dict[str, Any]:
    return {"path": path, "body": document}


def body(lines: list[Any]) -> bytes:
    return b"\n".join(json.dumps(each).encode() for each in lines)


def send(client: Client, lines: list[Any], **headers: str) -> list[dict[str, Any]]:
    """Return the answers in the order of their ids, which are the numbers of the lines unless a line says another."""
    response = client.request("POST", PATH, content=body(lines), headers=headers)
    assert response.status_code == 200, response.text
    assert response.headers["content-type"] == "application/x-ndjson"
    answers = [json.loads(each) for each in response.content.splitlines()]
    return sorted(answers, key=lambda answer: str(answer["id"]).zfill(9))


def test_requests_of_every_kind_are_answered_as_alone(client: Client) -> None:
    lines = [
        line(expression="x**2*y", args=["x", "y"], point=[3.0, 2.0], argnums=[0, 1]),
        line("/v1/hessian", expression="x**3", point=[2.0]),
        line("/v1/minimize", expression="(x - 1)**2", point=[0.0]),
        line("/v1/symbolic", expression="sin(x)"),
        line("/v1/taylor", expression="exp(x)", point=[0.0], order=3),
        line("/v1/functions", expression="x*sin(y)"),
        line("/v1/grad", expression="sum(X**2)", point=[[1.0, 2.0]]),
    ]
    for asked, answer in zip(lines, send(client, lines), strict=True):
        alone = client.post(asked["body"], asked["path"])
        assert answer["status"] in {200, 201}
        left_open = {"tier": ""}
        assert assertions.is_close(answer["body"] | left_open, alone.json() | left_open)


def test_a_refused_line_has_its_problem_document_and_no_other_suffers(client: Client) -> None:
    lines: list[Any] = [
        line(expression="x +* y", point=[1.0, 2.0]),
        line("/v1/nothing"),
        line(PATH),
        line("/mcp"),
        {"path": "/v1/grad"},
        {"path": "/v1/grad", "body": [], "more": 1},
        7,
        line(expression="x**2", point=[3.0]),
        {"path": "/v1/functions/0000/grad", "body": {"point": [1.0]}},
    ]
    answers = send(client, lines)
    assert [answer["status"] for answer in answers] == [422, 404, 404, 404, 422, 422, 400, 200, 404]
    assert answers[0]["body"]["position"] == {"line": 1, "column": 4, "offset": 3}
    assert all(answer["body"]["code"] for answer in answers if answer["status"] != 200)
    assert answers[7]["body"]["gradient"] == 6.0


def test_lines_that_are_no_json_are_refused_one_by_one(client: Client) -> None:
    raw = b'{bad\n\n  \n{"path": "/v1/grad", "body": {"expression": "x", "point": [1]}}\r\n\xff\n'
    response = client.request("POST", PATH, content=raw)
    answers = {answer["id"]: answer["status"] for answer in map(json.loads, response.content.splitlines())}
    assert answers == {0: 400, 1: 200, 2: 400}


def test_ids_are_those_of_the_client(client: Client) -> None:
    lines = [line(expression="x", point=[1.0]) | {"id": name} for name in ("a", 7, "\u00e9\n")]
    assert {answer["id"] for answer in send(client, lines)} == {"a", 7, "\u00e9\n"}
    (answer,) = send(client, [line(expression="x", point=[1.0]) | {"id": [1]}])
    assert (answer["status"], answer["body"]["field"]) == (422, "id")


@pytest.mark.parametrize("raw", [b"", b"\n \r\n"])
def test_a_body_without_a_line_is_refused(client: Client, raw: bytes) -> None:
    assertions.assert_problem(client.request("POST", PATH, content=raw), 400, "invalid_json")


def test_the_number_of_lines_is_bounded(client: Client) -> None:
    most = client.get("/v1/limits").json()["max_batch_lines"]
    response = client.request("POST", PATH, content=b"{}\n" * (most + 1))
    assertions.assert_problem(response, 422, "too_complex")


def test_a_thousand_small_functions(client: Client) -> None:
    lines = [line(expression=f"sin({n}*x)", point=[0.5]) for n in range(1, 1001)]
    for n, answer in enumerate(send(client, lines), 1):
        assert answer["body"]["gradient"] == pytest.approx(n * math.cos(0.5 * n), rel=1e-12, abs=1e-9)


def asked(settings: Settings, lines: list[Any], **headers: str) -> list[dict[str, Any]]:
    """Return the answers of an application of its own, in the order of their numbers."""

    async def run() -> bytes:
        app = create_app(settings)
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://service") as http:
            response = await http.post(PATH, content=body(lines), headers=headers)
        await app.state.services.engine.close()
        return response.content

    return sorted(map(json.loads, asyncio.run(run()).splitlines()), key=lambda answer: answer["id"])


def test_each_line_counts_for_the_rate() -> None:
    lines = [line(expression="x", point=[1.0])] * 5
    answers = asked(Settings(cache_dir="", rate_limit="3/hour"), lines)
    assert sorted(answer["status"] for answer in answers) == [200, 200, 200, 429, 429]


def test_each_line_needs_the_scope_of_its_route(tmp_path: Path) -> None:
    store = tmp_path / "keys.json"
    secret = keys.add(store, "reader", ("ask",), "")
    lines = [line(expression="x", point=[1.0]), line("/v1/functions", expression="x**2")]
    answers = asked(Settings(cache_dir="", key_store=str(store)), lines, **{"X-API-Key": secret})
    assert [answer["status"] for answer in answers] == [200, 403]
    assert answers[1]["body"]["code"] == "forbidden"


SLOW = line("/v1/minimize", expression="sum((X[1:] - X[:-1]**2)**2) + sum(cos(X))", point=[[0.3] * 400])


def test_answers_come_as_they_are_ready(client: Client) -> None:
    response = client.request("POST", PATH, content=body([SLOW, line(expression="x", point=[1.0])]))
    assert json.loads(response.content.splitlines()[0])["id"] == 1


def test_all_work_ends_when_the_client_goes_away() -> None:
    lines = [SLOW] * 2000

    async def run() -> None:
        app = create_app(Settings(cache_dir=""))
        async with sockets.listening(app) as served, asyncio.timeout(90):
            reader, writer = await asyncio.open_connection("127.0.0.1", served.port)
            writer.write(sockets.request(body(lines), line=f"POST {PATH} HTTP/1.1"))
            assert b'"status":200' in await reader.readuntil(b"}}\n")
            assert app.state.services.lifecycle.in_flight == 1
            writer.close()
            await waiting.until(lambda: not app.state.services.lifecycle.in_flight)
        answered = app.state.services.metrics.snapshot()["cache_requests"]
        assert sum(row[0] for row in answered.values()) < len(lines) / 2
        await app.state.services.engine.close()

    asyncio.run(run())
