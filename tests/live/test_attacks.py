"""Attacks on a real server: each is answered soon, runs no code, leaves no memory behind, and the server lives on."""

import asyncio
import json
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.api.rest import refused_texts, test_refused_bodies
from tests.api.server import test_connections
from tests.live.server import Server, serving
from tests.support import attacks, sockets

pytestmark = [pytest.mark.slow, pytest.mark.serial]

_ANSWERED_SECONDS = 15.0
"""A request waits for a thread for 9 seconds at most. What has begun by then is finished, which may take seconds."""
_GROWTH_BYTES = 600 << 20
_CONNECTIONS = 16
_ERROR_BYTES = 1024

Sent = tuple[str, str, Any]
"""The kind of an attack, a path, and a document or bytes."""

POINTS: list[Any] = [
    [1e308],
    [-1e308],
    [5e-324],
    [[0.0] * 100_000],
    [[[0.0] * 10] * 10],
    [1.5, 2.5],
    {"x": 1.5, "y": 2.5},
    {"__class__": 1.5},
    [[[[[[[[[[1.5]]]]]]]]]],
    "1.5",
    [None],
]


def expressions() -> Iterator[tuple[str, str]]:
    for case in refused_texts.cases():
        yield str(case.id).partition(":")[0], case.values[0]
    for text in attacks.TEXTS:
        yield "bomb", text


def requests() -> Iterator[Sent]:
    for kind, text in expressions():
        point = {"expression": text, "point": {"x": 1.5}, "args": ["x"]}
        yield kind, "/v1/grad", point
        yield kind, "/v1/hessian", point
        yield kind, "/v1/functions", {"expression": text, "args": ["x"]}
        yield kind, "/tesseract/apply", {"inputs": {"expression": text, "args": ["x"], "x": 1.5}}
        yield kind, "/Gradient", {
            "name": "gradient", "config": {"expression": text}, "input": [[1.5]], "outWrt": 0, "inWrt": 0, "sens": [1.0]
        }  # fmt: skip
    for kind, text in expressions():
        if kind in {"bomb", "code", "dunder", "number"}:
            yield kind, "/v1/symbolic", {"expression": text, "args": ["x"]}
            yield (
                kind,
                "/v2/models/gradient/infer",
                {
                    "parameters": {"expression": text},
                    "inputs": [{"name": "x", "shape": [1], "datatype": "FP64", "data": [1.5]}],
                },
            )
    for content in test_refused_bodies.NOT_JSON:
        for path in ("/v1/grad", "/tesseract/apply", "/v2/models/gradient/infer", "/Evaluate"):
            yield "json", path, content
    for point in POINTS:
        for expression in ("x**2", "sum(x)", "1/x", "exp(exp(x))"):
            yield "point", "/v1/grad", {"expression": expression, "point": point}


def at_rest(server: Server) -> int:
    """Return the resident bytes of a server once they have not grown for 16 seconds."""
    while server.metric("gradserve_programs_missing"):
        time.sleep(1)
    found = [server.resident_bytes()]
    while len(found) < 16 or found[-1] > found[-16] + (8 << 20):
        assert len(found) < 300, "its memory never stops growing"
        time.sleep(1)
        found.append(server.resident_bytes())
    return found[-1]


async def ask(http: httpx.AsyncClient, sent: Sent) -> tuple[Sent, httpx.Response, float]:
    _, path, document = sent
    content = document if isinstance(document, bytes) else json.dumps(document).encode()
    while True:
        start = time.perf_counter()
        response = await http.post(path, content=content, headers={"Content-Type": "application/json"})
        seconds = time.perf_counter() - start
        if response.status_code != 429 or seconds > _ANSWERED_SECONDS:
            return sent, response, seconds
        await asyncio.sleep(float(response.headers["retry-after"]) / 10)


async def ask_all(server: Server, sent: list[Sent]) -> list[tuple[Sent, httpx.Response, float]]:
    turns = asyncio.Semaphore(_CONNECTIONS)

    async def in_turn(each: Sent) -> tuple[Sent, httpx.Response, float]:
        async with turns:
            return await ask(http, each)

    async with httpx.AsyncClient(base_url=server.http.base_url, timeout=60) as http:
        return await asyncio.gather(*map(in_turn, sent))


def test_two_thousand_attacks_are_each_answered_soon_and_run_no_code(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    canary = tmp_path / "canary"
    monkeypatch.chdir(tmp_path)
    sent = [*requests()]
    sent += [("code", "/v1/grad", {"expression": f"open('{canary}', 'w')", "point": [1.5]})]
    assert len(sent) > 2000
    with serving(tmp_path / "cache") as server:
        assert server.grad(expression="x**2", point=[3.0]).json()["gradient"] == 6.0
        before = at_rest(server)
        answered = asyncio.run(ask_all(server, sent))
        after = at_rest(server)
        assert server.grad(expression="x**2", point=[3.0]).json()["gradient"] == 6.0
        assert server.http.get("/readyz").status_code == 200
    wrong = [
        (*what, response.status_code, response.text[:200])
        for what, response, _ in answered
        if response.status_code >= 500 or (response.status_code >= 400 and len(response.content) > _ERROR_BYTES)
    ]
    assert not wrong
    slow = [(*what, seconds) for what, _, seconds in answered if seconds > _ANSWERED_SECONDS]
    assert not slow, [(kind, path, str(document)[:60], round(seconds, 1)) for kind, path, document, seconds in slow]
    for what, response, _ in answered:
        if what[0] in {"code", "dunder", "attribute", "string", "character", "normalised"}:
            assert response.status_code in {400, 422}, (*what, response.text[:200])
    kinds = Counter(response.status_code for _, response, _ in answered)
    assert set(kinds) <= {200, 201, 400, 404, 413, 415, 422}, kinds
    assert after - before < _GROWTH_BYTES, f"{(after - before) >> 20} MiB more"
    assert not canary.exists()


async def abuse(server: Server, content: bytes) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", server.http.base_url.port)
    try:
        writer.write(content)
        async with asyncio.timeout(_ANSWERED_SECONDS):
            return await reader.read(1 << 16)
    except ConnectionError:
        return b""
    finally:
        writer.close()


async def go_away(server: Server, document: Any, after_seconds: float) -> None:
    """Send a request and close the connection before the answer."""
    content = json.dumps(document).encode()
    _, writer = await asyncio.open_connection("127.0.0.1", server.http.base_url.port)
    writer.write(sockets.request(content))
    await asyncio.sleep(after_seconds)
    writer.transport.abort()


def test_broken_and_abandoned_connections_leave_nothing_behind(tmp_path: Path) -> None:
    lengthy = [
        {"expression": "+".join(f"sin({n}.{k}*x)" for k in range(400)), "point": [0.5]} for n in range(200)
    ]  # each is parsed in a thread

    async def run(server: Server) -> list[bytes]:
        bytes_sent = [content for content in test_connections.NOT_HTTP.values() for _ in range(20)]
        answers = await asyncio.gather(*(abuse(server, content) for content in bytes_sent))
        await asyncio.gather(*(go_away(server, each, 0.001 * n) for n, each in enumerate(lengthy)))
        return list(answers)

    with serving(tmp_path) as server:
        before = server.resident_bytes()
        for answer in asyncio.run(run(server)):
            assert not answer or answer.startswith(b"HTTP/1.1 400 "), answer[:100]
        deadline = time.monotonic() + 60
        while server.metric("gradserve_queue_length") or server.metric("gradserve_requests_in_flight") > 1:
            assert time.monotonic() < deadline, "a place in the queue is taken by no request"
            time.sleep(0.1)
        assert server.grad(expression="x**2", point=[3.0]).json()["gradient"] == 6.0
        assert server.resident_bytes() - before < _GROWTH_BYTES
