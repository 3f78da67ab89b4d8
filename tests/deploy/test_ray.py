"""The parts of deploy/ray that work without Ray; tests/live/test_ray.py tests the others."""

import json
import re
from pathlib import Path

import pytest

from deploy.ray import messages, replica
from deploy.ray.options import Options
from tests.support.service import serving

ID = "4226752467f825da2f16ea77bfc0464d"


@pytest.mark.parametrize(
    "path",
    [f"/v1/functions/{ID}", f"/v1/functions/{ID}/grad", f"/f/{ID}/Gradient", f"/f/{ID}/tesseract/apply",
     f"/v2/models/{ID}/infer"],
)  # fmt: skip
def test_the_function_of_a_request_is_the_id_in_its_path(path: str) -> None:
    assert messages.function_of(path, b'{"expression": "x"}') == ID


@pytest.mark.parametrize(
    ("document", "function"),
    [
        ({"expression": "x**2", "point": [1]}, "x**2"),
        ({"point": [1], "expression": "x**2"}, "x**2"),
        ({"expression": ["x**2", "y"], "point": [1, 2]}, "x**2"),
        ({"name": "gradient", "input": [[1.0]], "config": {"expression": "x**2"}}, "x**2"),
        ({"point": [1]}, ""),
        ({"expression": 5}, ""),
    ],
)
def test_without_an_id_the_function_is_the_first_text_of_the_body(document: object, function: str) -> None:
    assert messages.function_of("/v1/grad", json.dumps(document).encode()) == function


def test_escaped_quotes_and_lines_do_not_end_the_text() -> None:
    text = 'def f(x):\n    return x # "so"\\'
    content = json.dumps({"expression": text, "point": [1]}).encode()
    assert json.loads(f'"{messages.function_of("/v1/grad", content)}"') == text


@pytest.mark.parametrize("content", [b"", b'"expression"', b'"expression": "' + b"\\" * 100_001, b"\xff\xfe" * 50_000])
def test_a_malformed_body_has_no_function(content: bytes) -> None:
    assert messages.function_of("/v1/grad", content) == ""


def test_a_replica_answers_as_the_application_does() -> None:
    content = b'{"expression": "x**2", "point": [3]}'
    headers = [(b"content-type", b"application/json"), (b"x-request-id", b"abc")]
    request = messages.Request("POST", "/v1/grad", b"/v1/grad", b"", headers, ("127.0.0.1", 1), content)

    unknown = messages.Request("GET", "/v1/none", b"/v1/none", b"", [], None, b"")
    with serving(workers=False) as client:
        found, missing = (client.run(replica.respond(client.app, each)) for each in (request, unknown))
    assert found.status == 200
    assert json.loads(found.content)["gradient"] == 6.0
    assert (b"x-request-id", b"abc") in found.headers
    assert missing.status == 404
    assert json.loads(missing.content)["code"] == "not_found"


def test_the_options_are_documented() -> None:
    readme = (Path(__file__).parents[2] / "deploy" / "ray" / "README.md").read_text()
    rows = re.findall(r"^\| `(\w+)` \| `([\d.]+)` \| (.*) \|$", readme, re.MULTILINE)
    fields = Options.model_fields.items()
    assert [(name, float(default), text) for name, default, text in rows] == [
        (name, field.default, field.description) for name, field in fields
    ]
