"""What all protocols of other projects have in common: which bodies are read, and that any request gets a reply."""

import copy
import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.support.service import Client

UM_BRIDGE = {"name": "gradient", "input": [[3.0]]}
TESSERACT = {
    "inputs": {
        "expression": "5*X[0]**2 + X[1]*sin(X[0])",
        "X": {"shape": [2], "dtype": "float64", "data": {"buffer": [1.0, 2.0], "encoding": "json"}},
    },
    "vjp_inputs": ["X"],
    "vjp_outputs": ["value", "gradient"],
    "cotangent_vector": {"value": 1.0, "gradient": [1.0, 2.0]},
}
INFERENCE = {
    "id": "1",
    "parameters": {"expression": "5*X[0]**2 + X[1]", "argnums": 0, "binary_data_output": False, "rank": 1},
    "inputs": [{"name": "X", "shape": [2], "datatype": "FP64", "data": [1.0, 2.0]}],
    "outputs": [{"name": "value"}, {"name": "gradient", "parameters": {"binary_data": True}}],
}
JUNK: list[Any] = [
    None,
    True,
    -1,
    10**400,
    "",
    "X",
    "a.b\u0000",
    [],
    {},
    {"a": 1},
    ["X", "X"],
    [None],
    [[1.0, 2.0]] * 2,
]


def places(document: Any) -> Iterator[tuple[Any, Any]]:
    """Yield every container of a document with each of its keys or indices."""
    for key in document if isinstance(document, dict) else range(len(document)):
        yield document, key
        if isinstance(document[key], dict | list):
            yield from places(document[key])


def spoiled(document: Any) -> Iterator[Any]:
    """Yield copies of a document, each with junk in one place."""
    for index in range(len(list(places(document)))):
        for junk in JUNK:
            copied = copy.deepcopy(document)
            container, key = list(places(copied))[index]
            container[key] = junk
            yield copied


DOCUMENTS = {
    "/Evaluate": UM_BRIDGE,
    "/tesseract/vector_jacobian_product": TESSERACT,
    "/v2/models/gradient/infer": INFERENCE,
}
PATHS = pytest.mark.parametrize("path", DOCUMENTS)


def message(response: httpx.Response) -> str:
    """Return the message of an error, in the form of whatever protocol."""
    assert response.headers["content-type"] == "application/json"
    (error,) = response.json().values()
    error = error[0] if isinstance(error, list) else error
    return str(error.get("msg") or error["message"] if isinstance(error, dict) else error)


@pytest.mark.parametrize("path", list(DOCUMENTS)[1:])
def test_junk_in_any_place_is_answered_or_refused(client: Client, path: str) -> None:
    document = DOCUMENTS[path]
    statuses = {
        client.request("POST", path, content=json.dumps(each).encode()).status_code for each in spoiled(document)
    }
    assert statuses <= {200, 400, 422}
    assert client.request("POST", path, content=json.dumps(document).encode()).status_code == 200


@PATHS
@pytest.mark.parametrize("media_type", [None, "text/plain", "application/x-www-form-urlencoded", "application/json"])
def test_any_content_type_is_read(client: Client, path: str, media_type: str | None) -> None:
    headers = {} if media_type is None else {"Content-Type": media_type}
    response = client.request("POST", path, content=json.dumps(DOCUMENTS[path]).encode(), headers=headers)
    assert response.status_code == 200, response.text


@PATHS
@pytest.mark.parametrize("content", [b"", b"{", b"\xff", b"[" * 100_000, b'{"inputs": ' + b"[" * 5000])
def test_a_body_that_is_not_json_is_refused(client: Client, path: str, content: bytes) -> None:
    response = client.request("POST", path, content=content)
    assert response.status_code == (422 if "tesseract" in path else 400)
    assert "JSON" in message(response)


@PATHS
def test_a_body_in_an_unknown_coding_is_refused(client: Client, path: str) -> None:
    response = client.request("POST", path, content=b"x", headers={"Content-Encoding": "br"})
    assert response.status_code == 415
    assert "Content-Encoding" in message(response)


@PATHS
def test_a_body_that_is_not_what_its_coding_says_is_refused(client: Client, path: str) -> None:
    response = client.request("POST", path, content=b"x", headers={"Content-Encoding": "gzip"})
    assert response.status_code in {400, 422}
    assert "Content-Encoding" in message(response)


@PATHS
def test_a_body_over_the_limit_is_refused(client: Client, path: str) -> None:
    response = client.request("POST", path, content=b" " * (16 * 1024 * 1024 + 1))
    assert response.status_code == 413
    assert "bytes" in message(response)
