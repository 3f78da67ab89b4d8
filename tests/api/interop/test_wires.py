"""Errors of the edge: each protocol's clients find the message where their protocol has it."""

from collections.abc import Callable
from typing import Any

import httpx
import pydantic
import pytest

from app import application
from app.settings import Settings
from tests.support.service import serving

Message = Callable[[Any], str]


def of_um_bridge(document: Any) -> str:
    assert set(document) == {"error"}
    assert set(document["error"]) == {"type", "message"}
    return str(document["error"]["message"])


def of_tesseract(document: Any) -> str:
    assert set(document) == {"detail"}
    detail = document["detail"]
    return detail if isinstance(detail, str) else str(detail[0]["msg"])


def of_inference(document: Any) -> str:
    assert set(document) == {"error"}
    return str(document["error"])


def of_mcp(document: Any) -> str:
    assert set(document) == {"jsonrpc", "id", "error"}
    assert set(document["error"]) == {"code", "message", "data"}
    assert document["error"]["data"]["detail"] in document["error"]["message"]
    return str(document["error"]["message"])


WIRES = [
    pytest.param(of_mcp, "/mcp", id="mcp"),
    pytest.param(of_um_bridge, "/Evaluate", id="UM-Bridge"),
    pytest.param(of_um_bridge, "/f/4226752467f825da2f16ea77bfc0464d/Gradient", id="UM-Bridge by id"),
    pytest.param(of_tesseract, "/tesseract/apply", id="tesseract"),
    pytest.param(of_tesseract, "/f/4226752467f825da2f16ea77bfc0464d/tesseract/apply", id="tesseract by id"),
    pytest.param(of_inference, "/v2/models/gradient/infer", id="inference"),
]
each_wire = pytest.mark.parametrize(("message", "path"), WIRES)


def check(response: httpx.Response, status: int, message: Message, words: str) -> None:
    assert response.status_code == status
    assert response.headers["content-type"] == "application/json"
    assert response.headers["x-request-id"]
    assert words in message(response.json())


@each_wire
def test_a_missing_key(message: Message, path: str) -> None:
    with serving(Settings(api_keys=pydantic.SecretStr("k"))) as client:
        refused = client.post({}, path)
    check(refused, 401, message, "key")
    assert refused.headers["www-authenticate"].startswith("Bearer")


@each_wire
def test_too_many_requests(message: Message, path: str) -> None:
    with serving(Settings(rate_limit="1/minute")) as client:
        client.post({}, path)
        refused = client.post({}, path)
    check(refused, 429, message, "too often")
    assert int(refused.headers["retry-after"]) >= 1


@each_wire
def test_a_service_that_stops(message: Message, path: str) -> None:
    with serving() as client:
        client.app.state.services.lifecycle.draining = True
        refused = client.post({}, path)
        client.app.state.services.lifecycle.draining = False
    check(refused, 503, message, "stopping")
    assert refused.headers["retry-after"]


@each_wire
def test_headers_and_addresses_that_are_too_long(message: Message, path: str) -> None:
    with serving() as client:
        check(client.post({}, path, Long="a" * 70_000), 431, message, "headers")
        check(client.post({}, f"{path}?{'a' * 50_000}"), 414, message, "address")


@each_wire
def test_a_body_that_is_too_large(message: Message, path: str) -> None:
    with serving(Settings(max_body_bytes=1024)) as client:
        check(client.post(b"1" * 2000, path), 413, message, "1024 bytes")


@each_wire
def test_another_method(message: Message, path: str) -> None:
    with serving() as client:
        refused = client.request("DELETE", path)
    check(refused, 405, message, "POST")
    assert refused.headers["allow"] == "POST"


@pytest.mark.parametrize(
    ("message", "path"),
    [
        (of_um_bridge, "/models/Evaluate"),  # the client's base URL is wrong
        (of_um_bridge, "/f/4226752467f825da2f16ea77bfc0464d/Nothing"),
        (of_tesseract, "/tesseract/nothing"),
        (of_tesseract, "/there/tesseract/apply"),
        (of_inference, "/v2/nothing"),
        (of_mcp, "/mcp/nothing"),
    ],
)
def test_an_address_at_which_there_is_nothing(message: Message, path: str) -> None:
    with serving() as client:
        check(client.post({}, path), 404, message, "nothing at this address")


def test_too_large_answers_that_wait() -> None:
    body = {"inputs": {"expression": "sum(X)", "X": [1.0] * 100_000}}
    with serving(Settings(max_answers_bytes=1024)) as client:
        check(client.post(body, "/tesseract/apply", Accept_Encoding="identity"), 429, of_tesseract, "answers")


def test_a_bug(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any) -> None:
        raise ZeroDivisionError

    with serving(raise_errors=False) as client:
        monkeypatch.setattr("app.api.interop.inference.routes.model.find", fail)
        check(client.post({}, "/v2/models/gradient/infer"), 500, of_inference, "something went wrong here")


def test_the_document_of_the_api_says_so() -> None:
    paths = application.create_app(Settings()).openapi()["paths"]
    for path, schema in (
        ("/Evaluate", "UmBridgeRefusal"),
        ("/tesseract/apply", "TesseractRefusal"),
        ("/v2/models/{model}/infer", "InferenceRefusal"),
        ("/mcp", "McpRefusal"),
    ):
        responses = paths[path]["post"]["responses"]
        refusals = {status: each["content"] for status, each in responses.items() if int(status) >= 400}
        assert {"414", "429", "431", "503"} <= set(refusals)
        for content in refusals.values():
            assert content == {"application/json": {"schema": {"$ref": f"#/components/schemas/{schema}"}}}
