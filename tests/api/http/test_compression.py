"""Compressed requests and answers, and what bounds them."""

import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from backports import zstd

from app.api.http import body
from app.api.http.middleware import compression
from app.api.web import pages
from tests.support import assertions
from tests.support.service import Client

ASKED: dict[str, Any] = {"expression": "sum(X**2)", "point": {"X": [[n / 7, n / 3] for n in range(200)]}}
SMALL: dict[str, Any] = {"expression": "x**2", "point": [1.5]}
COMPRESS: dict[str, Callable[[bytes], bytes]] = {"gzip": gzip.compress, "zstd": zstd.compress}
STATIC = Path(pages.__file__).parent / "static"
DECOMPRESS: dict[str, Callable[[bytes], bytes]] = {"gzip": gzip.decompress, "zstd": zstd.decompress}

each_coding = pytest.mark.parametrize("coding", ["gzip", "zstd"])


def raw(
    client: Client, method: str, path: str, content: bytes = b"", **headers: str
) -> tuple[int, dict[str, str], bytes]:
    """Send a request whose answer is not decompressed, as httpx would; return status, headers and body."""

    async def send() -> tuple[int, dict[str, str], bytes]:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        named |= {"content-type": "application/json"} if content else {}
        asked = client._http.build_request(
            method, path, content=content, headers={"accept-encoding": "identity"} | named
        )
        response = await client._http.send(asked, stream=True)
        found = b"".join([piece async for piece in response.aiter_raw()])
        return response.status_code, dict(response.headers), found

    return client.run(send())


@each_coding
def test_a_compressed_request_gets_the_answer_of_the_same_request(client: Client, coding: str) -> None:
    function_id = client.post({"expression": "x*y"}, "/v1/functions").json()["function_id"]
    call = {"name": function_id, "config": {}}
    documents = [("/v1/grad", ASKED), ("/v1/grad", SMALL), ("/v1/data", {"values": [1.5, 2.5]}), ("/InputSizes", call)]
    for path, document in documents:
        plain = client.post(document, path)
        found = client.post(COMPRESS[coding](json.dumps(document).encode()), path, content_encoding=coding)
        assert plain.is_success, plain.text
        assert found.is_success, found.text
        assert assertions.is_close(found.json(), plain.json())


@each_coding
def test_a_large_answer_is_compressed_for_who_accepts_it(client: Client, coding: str) -> None:
    content = json.dumps(ASKED).encode()
    _, plain_headers, plain = raw(client, "POST", "/v1/grad", content)
    status, headers, found = raw(client, "POST", "/v1/grad", content, accept_encoding=coding)
    assert status == 200
    assert "content-encoding" not in plain_headers
    assert headers["content-encoding"] == coding
    assert headers["vary"] == "Accept-Encoding"
    assert int(headers["content-length"]) == len(found) < len(plain)
    assert assertions.is_close(json.loads(DECOMPRESS[coding](found)), json.loads(plain))


@pytest.mark.parametrize(
    ("accepted", "used"),
    [
        ("gzip, deflate, br", "gzip"),
        ("gzip;q=0.5, zstd;q=0.1", "zstd"),
        ("GZIP", "gzip"),
        ("gzip;q=0, zstd; q=0.0", None),
        ("br", None),
        ("", None),
        ("gzip;q=", "gzip"),
        ("*", None),
    ],
)
def test_the_coding_is_one_that_the_client_accepts(client: Client, accepted: str, used: str | None) -> None:
    _, headers, _ = raw(client, "POST", "/v1/grad", json.dumps(ASKED).encode(), accept_encoding=accepted)
    assert headers.get("content-encoding") == used


def test_small_answers_and_events_and_binary_answers_are_sent_as_they_are(client: Client) -> None:
    _, headers, _ = raw(client, "POST", "/v1/grad", json.dumps(SMALL).encode(), accept_encoding="gzip")
    assert "content-encoding" not in headers
    fit = {"expression": "(x - 1)**2", "point": [3.0]}
    _, headers, found = raw(
        client, "POST", "/v1/minimize", json.dumps(fit).encode(), accept_encoding="gzip", accept="text/event-stream"
    )
    assert headers["content-type"].startswith("text/event-stream")
    assert b"event: " in found


@each_coding
def test_scripts_of_pages_are_compressed_and_say_to_caches_that_they_may_be(client: Client, coding: str) -> None:
    scripts = [path for path in sorted(STATIC.rglob("*.js")) if path.stat().st_size > 3000]
    for script in (scripts[0], max(scripts, key=lambda path: path.stat().st_size)):
        path = f"/web/{script.relative_to(STATIC)}"
        _, plain_headers, plain = raw(client, "GET", path)
        _, headers, found = raw(client, "GET", path, accept_encoding=coding)
        assert plain == script.read_bytes()
        assert "Accept-Encoding" in plain_headers["vary"]
        assert headers["content-encoding"] == coding
        assert len(found) < len(plain)
        assert DECOMPRESS[coding](found) == plain
        _, headers, found = raw(client, "HEAD", path, accept_encoding=coding)
        assert found == b""
        status, headers, found = raw(client, "GET", path, accept_encoding=coding, range="bytes=10-2000")
        assert status == 206
        assert found == plain[10:2001]


@each_coding
def test_what_comes_out_of_a_request_is_bounded(client: Client, coding: str) -> None:
    most = body.RequestLimits().max_body_bytes
    bomb = COMPRESS[coding](b" " * (most + 1))
    assert len(bomb) < most // 100
    response = client.post(bomb, content_encoding=coding)
    assertions.assert_problem(response, 413, "body_too_large")


@each_coding
def test_bytes_that_are_not_compressed_so_are_refused(client: Client, coding: str) -> None:
    right = COMPRESS[coding](json.dumps(SMALL).encode())
    for wrong in (b"{}", b"", right[:-5], right[:4], right + b"more", right[:10] + b"\xff" * 9 + right[19:]):
        response = client.post(wrong, content_encoding=coding)
        assert response.status_code in {400, 422}, response.text
        assert response.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("coding", ["br", "gzip, gzip", "zip", "x-zstd2"])
def test_another_coding_is_refused(client: Client, coding: str) -> None:
    assertions.assert_problem(client.post(SMALL, content_encoding=coding), 415, "unsupported_media_type")


def test_an_etag_becomes_weak() -> None:
    headers = [(b"etag", b'"a"'), (b"content-length", b"9")]
    assert compression._encoded(headers, b"gzip", 5) == [
        (b"etag", b'W/"a"'),
        (b"content-encoding", b"gzip"),
        (b"content-length", b"5"),
    ]
