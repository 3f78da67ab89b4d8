"""RateLimit and RateLimit-Policy say what a client may still send, on every answer to a counted request."""

import re
import time
from typing import Any

import httpx
import pytest

from app.api.http.middleware import ratelimit
from app.settings import Settings
from tests.support import assertions
from tests.support.service import Client, serving
from tests.support.sockets import Response, listening, request

QUESTION = {"expression": "x**2", "point": [3.0]}
MEMBER = re.compile(r'"([a-z0-9]+)"((?:;[a-z]+=\d+)+)')


def members(header: str) -> dict[str, dict[str, int]]:
    """Return a list of strings with integer parameters (RFC 9651), by string."""
    found = {}
    for text in header.split(", "):
        member = MEMBER.fullmatch(text)
        assert member, text
        pairs = [pair.split("=") for pair in member[2][1:].split(";")]
        found[member[1]] = {name: int(value) for name, value in pairs}
    return found


def left(response: httpx.Response | Response, name: str = "default") -> int:
    return members(response.headers["ratelimit"])[name]["r"]


def test_a_client_that_believes_the_headers_is_never_refused_before_they_say_so() -> None:
    with serving(Settings(rate_limit="4/minute"), workers=False) as client:
        response = client.post(QUESTION)
        assert response.headers["ratelimit-policy"] == '"default";q=4;w=60'
        answered = 1
        while left(response):
            response = client.post(QUESTION)
            assert response.status_code == 200
            answered += 1
        assert answered == 4
        refused = client.post(QUESTION)
        assertions.assert_problem(refused, 429, "overloaded")
        told = members(refused.headers["ratelimit"])["default"]
        assert told["r"] == 0
        assert 1 <= told["t"] <= 60
        assert abs(told["t"] - int(refused.headers["retry-after"])) <= 1
        assert refused.headers["ratelimit-policy"] == '"default";q=4;w=60'


def test_in_the_seconds_that_are_told_there_is_more() -> None:
    with serving(Settings(rate_limit="1/2 second"), workers=False) as client:
        told = members(client.post(QUESTION).headers["ratelimit"])["default"]
        assert told["r"] == 0
        assert client.post(QUESTION).status_code == 429
        time.sleep(told["t"] + 0.1)
        assert client.post(QUESTION).status_code == 200


def test_each_of_several_rates_is_told() -> None:
    with serving(Settings(rate_limit="3/second;5/2 minutes;1000/day"), workers=False) as client:
        response = client.post(QUESTION)
        assert members(response.headers["ratelimit-policy"]) == {
            "second": {"q": 3, "w": 1},
            "2minutes": {"q": 5, "w": 120},
            "day": {"q": 1000, "w": 86_400},
        }
        told = members(response.headers["ratelimit"])
        assert {name: member["r"] for name, member in told.items()} == {"second": 2, "2minutes": 4, "day": 999}


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/v1/limits", 200),
        ("HEAD", "/v1/limits", 200),
        ("GET", "/nothing", 404),
        ("GET", "/v1/jvp", 405),
        ("POST", "/v1/grad", 415),
        ("POST", "/v2/models/gradient/infer", 400),
        ("GET", "/docs", 200),
    ],
)
def test_errors_and_pages_have_the_headers_too(method: str, path: str, status: int) -> None:
    with serving(Settings(rate_limit="5/minute"), workers=False) as client:
        response = client.request(method, path)
        assert response.status_code == status, response.text
        assert left(response) == 4


def test_what_is_not_counted_has_no_headers(client: Client) -> None:
    with serving(Settings(rate_limit="5/minute"), workers=False) as counting:
        found = [counting.get("/healthz"), counting.get("/metrics"), client.post(QUESTION)]
    assert not any(name.startswith("ratelimit") for response in found for name in response.headers)


def test_where_the_store_is_not_asked_only_the_policy_is_told_until_nothing_is_left(client: Client) -> None:
    rate: Any = ratelimit.SharedRate("2/minute", "memory://")
    counted = [client.run(rate.count("a")) for _ in range(3)]
    policy = (b"ratelimit-policy", b'"default";q=2;w=60')
    assert [each.headers for each in counted[:2]] == [(policy,)] * 2
    told = dict(counted[2].headers)
    assert told[b"ratelimit-policy"] == policy[1]
    assert members(told[b"ratelimit"].decode())["default"]["r"] == 0


def test_the_hot_lane_tells_the_same_as_asgi() -> None:
    content = b'{"expression":"x**3","point":[3.0]}'
    with serving(Settings(rate_limit="100000/hour")) as client:

        async def talk() -> tuple[list[Response], list[str]]:
            async with listening(client.app) as served:
                await served.heat(content)
                connection = await served.connect()
                return [await connection.ask(request(content)) for _ in range(3)], served.asgi

        responses, asgi = client.run(talk())
        assert asgi == []  # these were answered without it
        first = left(responses[0])
        assert [left(response) for response in responses] == [first, first - 1, first - 2]
        other = client.post(content)  # from another address
        assert set(other.headers) == set(responses[0].headers)
        assert other.headers["ratelimit-policy"] == responses[0].headers["ratelimit-policy"]
