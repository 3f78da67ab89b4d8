"""Health, limits, the language and the documentation of a service."""

import dataclasses
import json
import re
from typing import Any

import pytest

from app.application import create_app
from app.engine import query
from app.language.vocabulary import words
from app.settings import Settings
from tests.support import assertions
from tests.support.service import Client, serving


def request(expression: str, point: Any, **fields: Any) -> dict[str, Any]:
    return {"expression": expression, "point": point, **fields}


def test_a_started_service_is_alive_and_ready(client: Client) -> None:
    assert client.get("/healthz").status_code == 200
    assert client.get("/readyz").status_code == 200


def test_a_service_that_has_not_started_is_alive_but_not_ready(client: Client) -> None:
    starting = Client(create_app(Settings()), client._runner)
    assert starting.get("/healthz").status_code == 200
    assertions.assert_problem(starting.get("/readyz"), 503, "draining")


def test_a_stopped_service_is_not_ready() -> None:
    with serving(workers=False) as stopped:
        assert stopped.get("/readyz").status_code == 200
    assert stopped.app.state.services.lifecycle.ready is False


def test_every_limit_is_published(client: Client) -> None:
    published = client.get("/v1/limits").json()
    limits = client.app.state.services.engine.limits
    expected: dict[str, Any] = {}
    for group in (*limits.groups(), Settings().request_limits()):
        expected |= dataclasses.asdict(group)
    assert published == expected
    assert limits == query.QueryLimits()


@pytest.mark.parametrize(
    ("limit", "least"),
    [
        ("max_expression_bytes", 128 * 1024),
        ("max_operations", 65_536),
        ("max_nesting", 256),
        ("max_arguments", 64),
        ("max_body_bytes", 16 * 1024 * 1024),
        ("max_points", 100_000),
    ],
)
def test_the_default_limits_admit_promised_sizes(client: Client, limit: str, least: int) -> None:
    assert client.get("/v1/limits").json()[limit] >= least


@pytest.mark.parametrize(
    ("limit", "bound"),
    [("max_header_bytes", 32 * 1024), ("max_header_lines", 100), ("receive_seconds", 20.0), ("max_name_length", 64)],
)
def test_the_default_limits_are_not_above_their_bounds(client: Client, limit: str, bound: float) -> None:
    assert client.get("/v1/limits").json()[limit] == bound


def test_a_limit_that_is_set_is_enforced_and_published() -> None:
    settings = Settings(max_operations=16, max_points=2, max_body_bytes=1024, max_expression_bytes=40)
    with serving(settings, workers=False) as small:
        assert small.get("/v1/limits").json()["max_operations"] == 16
        assert small.grad("x*y + x", [1, 2])["value"] == 3.0
        assertions.assert_problem(
            small.post(request("x*y+x/y-x*x+y/x-y*y+x*2-x/3+y*4-y/5", [1, 2])), 422, "too_complex"
        )
        assertions.assert_problem(small.post(request("x", [1, 2, 3], in_axes=0)), 422, "too_complex")
        assertions.assert_problem(
            small.post(request("x + 0.000000000000000000000000000000000000001", [1])), 422, "too_complex"
        )
        assertions.assert_problem(
            small.post(json.dumps(request("x", [1])).encode() + b" " * 1024), 413, "body_too_large"
        )


@pytest.mark.parametrize("limit", ["max_expression_bytes", "max_operations", "max_points"])
def test_a_service_with_a_small_limit_starts(limit: str) -> None:
    with serving(Settings.model_validate({limit: 2}), workers=False) as small:
        assert small.grad("x", [1.0])["gradient"] == 1.0


def test_the_language_is_published_with_aliases_and_arity(client: Client) -> None:
    language = client.get("/v1/language").json()
    by_name = {function["name"]: function for function in language["functions"]}
    assert by_name["asin"]["aliases"] == ["arcsin"]
    assert by_name["atan2"]["arity"] == {"least": 2, "most": 2}
    assert by_name["log"]["arity"] == {"least": 1, "most": 2}
    assert by_name["max"]["arity"]["most"] is None
    assert set(by_name) == {word.names[0] for word in words.ALL}
    assert all(function["doc"] for function in language["functions"])


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/v1/limits", "/v1/language", "/v1/errors", "/openapi.json"])
def test_reference_documents_are_json(client: Client, path: str) -> None:
    response = client.get(path)
    assert response.status_code == 200
    assert response.headers["content-type"] == "application/json"
    assertions.strict_json(response.content)


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
def test_head_is_answered_like_get(client: Client, path: str) -> None:
    response = client.request("HEAD", path)
    assert (response.status_code, response.content) == (200, b"")


def test_the_documentation_pages_load_nothing_from_elsewhere(client: Client) -> None:
    assert re.findall(r"""(?:src|href)=["']https?://""", client.get("/docs").text) == []
