"""Requests that must be refused for what is around their body: headers, methods, addresses, slow clients."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from app import errors
from app.api.http import body
from tests.support import assertions
from tests.support.service import JSON, Client

GOOD = {"expression": "x*y", "point": [1.0, 2.0]}


@pytest.mark.parametrize(
    "media_type",
    [
        "text/plain",
        "text/json",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/problem+json",
        "application/jsonp",
        "application/json, text/plain",
        "application/json; charset=latin-1",
        "application/json; charset=utf-16",
        "application/xml",
        "json",
        "",
        "*/*",
        "x" * 1000,
    ],
)
def test_another_media_type_is_refused(client: Client, media_type: str) -> None:
    response = client.request("POST", "/v1/grad", content=json.dumps(GOOD), headers={"Content-Type": media_type})
    assertions.assert_problem(response, 415, "unsupported_media_type", sent=media_type)


def test_no_media_type_is_refused(client: Client) -> None:
    assertions.assert_problem(
        client.request("POST", "/v1/grad", content=json.dumps(GOOD)), 415, "unsupported_media_type"
    )


@pytest.mark.parametrize("encoding", ["br", "deflate", "gzip, gzip", "compress", "x"])
def test_a_body_in_an_unknown_coding_is_refused(client: Client, encoding: str) -> None:
    response = client.post(GOOD, Content_Encoding=encoding)
    assertions.assert_problem(response, 415, "unsupported_media_type")


def limit(client: Client) -> int:
    return int(client.get("/v1/limits").json()["max_body_bytes"])


def test_a_body_of_the_maximum_size_is_read_and_a_longer_one_is_refused(client: Client) -> None:
    content = json.dumps(GOOD).encode()
    most = limit(client)
    assert client.post(content + b" " * (most - len(content))).status_code == 200
    assertions.assert_problem(client.post(content + b" " * (most - len(content) + 1)), 413, "body_too_large")


def test_a_chunked_body_over_the_limit_is_refused(client: Client) -> None:
    sent = 0

    async def chunks() -> AsyncIterator[bytes]:
        nonlocal sent
        for _ in range(40):
            sent += 1
            yield b" " * (1 << 20)

    response = client.request("POST", "/v1/grad", content=chunks(), headers=JSON)
    assertions.assert_problem(response, 413, "body_too_large")
    assert sent <= 18, "what comes after the limit must not be read"


def test_a_body_in_small_chunks_is_read(client: Client) -> None:
    content = json.dumps(GOOD).encode()

    async def chunks() -> AsyncIterator[bytes]:
        for start in range(0, len(content), 3):
            yield content[start : start + 3]

    response = client.request("POST", "/v1/grad", content=chunks(), headers=JSON)
    assert response.json()["gradient"] == 2.0


@pytest.mark.parametrize("announced", ["16777217", "99999999999999999999999999", "1" + "0" * 100])
def test_a_body_announced_as_too_large_is_not_read(client: Client, announced: str) -> None:
    read = False

    async def chunks() -> AsyncIterator[bytes]:
        nonlocal read
        read = True
        yield b"{}"

    headers = JSON | {"Content-Length": announced}
    response = client.request("POST", "/v1/grad", content=chunks(), headers=headers)
    assertions.assert_problem(response, 413, "body_too_large")
    assert not read


@pytest.mark.parametrize("count", [200, 5000])
def test_too_many_header_lines_are_refused(client: Client, count: int) -> None:
    headers = [("Content-Type", "application/json"), *[("X-Header", str(n)) for n in range(count)]]
    response = client.request("POST", "/v1/grad", json=GOOD, headers=headers)
    assertions.assert_problem(response, 431, "body_too_large")


@pytest.mark.parametrize("path", ["/v1/grad", "/healthz", "/nowhere"])
def test_headers_of_too_many_bytes_are_refused(client: Client, path: str) -> None:
    method = "POST" if path == "/v1/grad" else "GET"
    response = client.request(method, path, headers=JSON | {"X-Header": "a" * 33_000})
    assertions.assert_problem(response, 431, "body_too_large", sent="a" * 33_000)


def test_headers_below_the_limits_are_accepted(client: Client) -> None:
    headers = [("Content-Type", "application/json"), *[("X-Header", "a" * 300) for _ in range(80)]]
    assert client.request("POST", "/v1/grad", json=GOOD, headers=headers).status_code == 200


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE"])
def test_a_refused_method_gets_the_allowed_ones(client: Client, method: str) -> None:
    response = client.request(method, "/v1/grad")
    assertions.assert_problem(response, 405, "method_not_allowed")
    assert response.headers["allow"] == "GET, POST"


def test_all_allowed_methods_of_an_address_are_named(client: Client) -> None:
    response = client.request("DELETE", "/v1/functions")
    assertions.assert_problem(response, 405, "method_not_allowed")
    assert response.headers["allow"] == "GET, POST"


@pytest.mark.parametrize(
    "path",
    ["/nowhere", "/v1", "/v3/grad", "/v1/grad/x", "/../etc/passwd", "/%2e%2e/etc/passwd", "/v1/GRAD", "/" + "a" * 5000],
)
def test_an_unknown_address_is_refused(client: Client, path: str) -> None:
    assertions.assert_problem(client.post(GOOD, path), 404, "not_found", sent=path)


def receiving(*messages: dict[str, Any], then_wait: bool = False) -> Any:
    pending = list(messages)

    async def receive() -> dict[str, Any]:
        if pending:
            return pending.pop(0)
        assert then_wait, "read past the end"
        await asyncio.Event().wait()
        raise AssertionError

    return receive


HEADERS = [(b"content-type", b"application/json")]


@pytest.mark.parametrize("first", [[], [{"type": "http.request", "body": b"{", "more_body": True}]])
def test_a_body_that_takes_too_long_is_refused(first: list[dict[str, Any]]) -> None:
    limits = body.RequestLimits(receive_seconds=0.02)
    with pytest.raises(errors.RequestTimeout):
        asyncio.run(body.receive(HEADERS, receiving(*first, then_wait=True), limits))


def test_a_client_that_disconnects_is_not_a_server_error() -> None:
    begun: dict[str, Any] = {"type": "http.request", "body": b"{", "more_body": True}
    for messages in ([{"type": "http.disconnect"}], [begun, {"type": "http.disconnect"}]):
        with pytest.raises(errors.RequestTimeout):
            asyncio.run(body.receive(HEADERS, receiving(*messages), body.RequestLimits()))
