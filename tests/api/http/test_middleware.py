"""The middlewares around the application."""

import re
from typing import Any

import pytest

from app import application
from app.settings import Settings
from tests.support.service import serving


def test_the_docstring_of_main_lists_the_middlewares_in_their_order() -> None:
    settings = Settings(cache_dir="", cors_origins="https://a.example", rate_limit="5/second")
    layer: Any = application.create_app(settings).front
    names = []
    while not hasattr(layer, "__self__"):  # the innermost is a method of the application
        names.append(type(layer).__name__)
        layer = layer.app if hasattr(layer, "app") else layer._app
    listed = re.findall(r"^    (\w+)  ", application.__doc__ or "", re.MULTILINE)
    assert [*names, "FastAPI"] == listed


HEADERS = ["Authorization", "Content-Type", "Inference-Header-Content-Length", "traceparent", "tracestate", "X-API-Key"]
HEADERS += ["Mcp-Method", "Mcp-Name", "Mcp-Protocol-Version"]
EXPOSED = ["cache-status", "inference-header-content-length", "location", "server-timing"]
EXPOSED += ["ratelimit", "ratelimit-policy"]


@pytest.mark.parametrize("path", ["/v1/grad", "/v2/models/gradient/infer", "/tesseract/apply", "/Gradient", "/mcp"])
def test_a_page_of_an_allowed_origin_may_send_and_read_what_clients_send_and_read(path: str) -> None:
    with serving(Settings(cache_dir="", cors_origins="https://a.example")) as started:
        asked = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": ", ".join(HEADERS)}
        allowed = started.request("OPTIONS", path, headers={"Origin": "https://a.example"} | asked)
        assert allowed.status_code == 200, allowed.text
        assert {name.lower() for name in HEADERS} <= _names(allowed, "access-control-allow-headers")
        answer = started.request("POST", path, headers={"Origin": "https://a.example"}, content=b"{}")
        exposed = _names(answer, "access-control-expose-headers")
        assert set(EXPOSED) <= exposed


def test_a_public_page_of_an_allowed_origin_may_ask_a_service_in_a_private_network() -> None:
    with serving(Settings(cache_dir="", cors_origins="https://a.example")) as started:
        asked = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Private-Network": "true"}
        allowed, refused = (
            started.request("OPTIONS", "/v1/grad", headers={"Origin": origin} | asked)
            for origin in ("https://a.example", "https://b.example")
        )
    assert allowed.status_code == 200
    assert allowed.headers["access-control-allow-private-network"] == "true"
    assert refused.status_code == 400


def _names(response: Any, header: str) -> set[str]:
    return {name.strip().lower() for name in response.headers[header].split(",")}
