"""Keys, callers and rates, over HTTP and in the hot lane."""

import base64
import contextlib
import hashlib
import time
from collections.abc import Iterator
from typing import Any

import pydantic
import pytest
from typer.testing import CliRunner

from app.api.http.middleware import auth, ratelimit
from app.cli.commands import cli
from app.settings import Settings
from tests.support import assertions
from tests.support.service import JSON, Client, serving

KEY, OTHER = "k1-secret", "k2-secret"
QUESTION = {"expression": "x**2", "point": [3.0]}
PROBES = ("/healthz", "/readyz")
PAGES = ("/", "/fit", "/guide", "/guide/api", "/guide/search.json", "/docs", "/openapi.json")
OPEN = (*PROBES, *PAGES, "/v1/limits", "/v1/errors", "/v1/language")


@pytest.fixture(scope="module")
def closed() -> Iterator[Client]:
    with serving(Settings(api_keys=pydantic.SecretStr(f"{KEY},{OTHER}"), cors_origins="https://a.example")) as client:
        yield client


def basic(password: str, user: str = "anybody") -> str:
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


def charged(rate: ratelimit.LocalRate, times: int) -> list[bool]:
    """Return which of some requests are allowed, sent one after the other."""
    return [rate.count_now("a") is not None for _ in range(times)]


def authenticator(**options: Any) -> auth.Authenticator:
    return auth.Authenticator(**options)


@pytest.mark.parametrize(
    "headers",
    [
        {"Authorization": f"Bearer {KEY}"},
        {"Authorization": f"bearer  {OTHER}"},
        {"Authorization": basic(KEY)},
        {"Authorization": basic(OTHER, user="")},
        {"X-API-Key": KEY},
    ],
)
def test_a_known_key_is_accepted_in_every_header(closed: Client, headers: dict[str, str]) -> None:
    response = closed.post(QUESTION, **headers)
    assert response.status_code == 200, response.text
    assert response.json()["gradient"] == 6.0


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"X-API-Key": ""},
        {"X-API-Key": "k1"},
        {"X-API-Key": KEY + "x"},
        {"Authorization": "Bearer wrong"},
        {"Authorization": f"Bearer {KEY[:-1]}"},
        {"Authorization": basic("wrong")},
        {"Authorization": basic(f"wrong:{KEY}")},
        {"Authorization": ""},
        {"Authorization": "Bearer"},
        {"Authorization": f"Bearer {KEY} {KEY}"},
        {"Authorization": KEY},
        {"Authorization": f"Token {KEY}"},
        {"Authorization": "Basic !!!!"},
        {"Authorization": "Basic " + base64.b64encode(KEY.encode()).decode()},
        {"Authorization": "Basic"},
        {"Authorization": "Bearer wrong", "X-API-Key": KEY},
        {"Cookie": f"key={KEY}"},
    ],
    ids=str,
)
def test_without_a_known_key_the_answer_is_a_401_with_a_hint(closed: Client, headers: dict[str, str]) -> None:
    response = closed.post(QUESTION, **headers)
    assertions.assert_problem(response, 401, "unauthorized", sent=str(headers))
    schemes = response.headers["www-authenticate"]
    assert "Bearer" in schemes
    assert "Basic" in schemes


def test_two_authorization_headers_are_malformed(closed: Client) -> None:
    headers = [("Authorization", f"Bearer {KEY}")] * 2
    assertions.assert_problem(closed.request("POST", "/v1/grad", json=QUESTION, headers=headers), 401, "unauthorized")


def test_header_bytes_that_are_not_ascii_are_a_401(closed: Client) -> None:
    headers = [(b"authorization", b"Bearer \xff\xfe"), (b"content-type", b"application/json")]
    assertions.assert_problem(closed.request("POST", "/v1/grad", json=QUESTION, headers=headers), 401, "unauthorized")


def test_every_other_route_needs_a_key(closed: Client) -> None:
    for path, methods in closed.get("/openapi.json").json()["paths"].items():
        for method in methods:
            response = closed.request(method.upper(), path.replace("{function_id}", "0" * 32), json={})
            assert (response.status_code == 401) == (path not in OPEN), (method, path, response.status_code)


@pytest.mark.parametrize("path", ["/v1/nothing", "/docs/assets/../../v1/grad", "/healthz/x", "/METRICS"])
def test_an_unknown_path_needs_a_key(closed: Client, path: str) -> None:
    assert closed.get(path).status_code in {401, 404}  # a client may resolve .. itself
    assertions.assert_problem(closed.request("POST", "/v1/nothing"), 401, "unauthorized")


@pytest.mark.parametrize("path", OPEN)
def test_open_paths_need_no_key(closed: Client, path: str) -> None:
    for headers in ({}, {"Authorization": "nonsense"}):
        assert closed.get(path, headers=headers).status_code == 200


def test_the_openapi_document_says_how_a_key_is_sent_where_one_is_needed(closed: Client, client: Client) -> None:
    document = closed.get("/openapi.json").json()
    assert {scheme["type"] for scheme in document["components"]["securitySchemes"].values()} == {"http", "apiKey"}
    assert document["security"]
    for path, methods in document["paths"].items():
        assert all((operation.get("security") == []) == (path in OPEN) for operation in methods.values()), path
    assert "security" not in client.get("/openapi.json").json()


def test_the_body_of_an_unauthorized_request_is_not_read(closed: Client) -> None:
    assertions.assert_problem(closed.post(b"{" * 100_000), 401, "unauthorized")


def test_functions_are_listed_for_the_key_that_registered_them(closed: Client) -> None:
    mine, theirs = {"X-API-Key": KEY}, {"Authorization": basic(OTHER)}
    assert closed.post({"expression": "sin(x)*17"}, "/v1/functions", **mine).status_code == 201
    listed = [closed.get("/v1/functions", headers=headers).json()["functions"] for headers in (mine, theirs)]
    assert [len(functions) for functions in listed] == [1, 0]


def test_without_keys_any_authorization_is_ignored(client: Client) -> None:
    assert client.post(QUESTION, Authorization="nonsense").status_code == 200


def test_keys_are_not_printed() -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GRADSERVE_API_KEYS", KEY)
        printed = CliRunner().invoke(cli, ["config"]).stdout
    assert "GRADSERVE_API_KEYS=" in printed
    assert KEY not in printed


@pytest.mark.parametrize(
    "settings",
    [
        {"api_keys": "schlüssel"},
        {"api_keys": "two words"},
        {"rate_limit": "often"},
        {"rate_limit": "5/fortnight"},
        {"trusted_proxies": "everybody"},
        {"trusted_proxies": "10.0.0.1/8"},
    ],
    ids=str,
)
def test_invalid_settings_are_refused_at_the_start(settings: dict[str, Any]) -> None:
    with pytest.raises(pydantic.ValidationError):
        Settings(**settings)


def test_only_pages_of_allowed_origins_may_send_requests(closed: Client) -> None:
    asked = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization,content-type"}
    allowed = closed.request("OPTIONS", "/v1/grad", headers={"Origin": "https://a.example", **asked})
    assert allowed.status_code == 200
    assert allowed.headers["access-control-allow-origin"] == "https://a.example"
    other = closed.request("OPTIONS", "/v1/grad", headers={"Origin": "https://b.example", **asked})
    assert "access-control-allow-origin" not in other.headers
    answer = closed.post(QUESTION, Origin="https://a.example", X_API_Key=KEY)
    assert answer.headers["access-control-allow-origin"] == "https://a.example"
    assert "X-Request-ID" in answer.headers["access-control-expose-headers"]
    assert "access-control-allow-credentials" not in answer.headers


def test_by_default_no_page_of_another_origin_may_send_requests(client: Client) -> None:
    assert "access-control-allow-origin" not in client.post(QUESTION, Origin="https://a.example").headers


def test_a_caller_over_the_rate_gets_a_429_and_others_are_answered() -> None:
    settings = Settings(rate_limit="3/minute", api_keys=pydantic.SecretStr(f"{KEY},{OTHER}"))
    with serving(settings, workers=False) as client:
        statuses = [client.post(QUESTION, X_API_Key=KEY).status_code for _ in range(3)]
        refused = client.post(QUESTION, X_API_Key=KEY)
        assert statuses == [200] * 3
        assertions.assert_problem(refused, 429, "overloaded")
        assert 1 <= int(refused.headers["retry-after"]) <= 60
        assert client.post(QUESTION, X_API_Key=OTHER).status_code == 200
        assert [client.get(path).status_code for path in PROBES * 5] == [200] * 10
        # A 401 is for nobody's account.
        assertions.assert_problem(client.post(QUESTION), 401, "unauthorized")


def test_a_caller_over_the_rate_is_answered_again_later() -> None:
    rate = ratelimit.LocalRate("2/second")
    assert charged(rate, 3) == [True, True, False]
    deadline = time.monotonic() + 10
    while rate.count_now("a") is None:
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_each_of_several_rates_holds_and_a_refused_request_counts_for_none() -> None:
    rate = ratelimit.LocalRate("2/second;3/minute")
    assert charged(rate, 4) == [True, True, False, False]
    time.sleep(1.1)
    assert charged(rate, 2) == [True, False]


def test_the_rate_holds_on_every_route() -> None:
    with serving(Settings(rate_limit="1/minute"), workers=False) as client:
        assert client.get("/v1/functions").status_code == 200
        for path in ("/v1/grad", "/v1/symbolic", "/v1/functions", "/v1/functions/0/hessian", "/nothing"):
            assertions.assert_problem(client.post(QUESTION, path), 429, "overloaded")


def test_without_its_store_a_shared_rate_is_counted_by_the_process(closed: Client) -> None:
    class Gone:
        async def hit(self, *_: Any) -> bool:
            raise ConnectionError("gone")

    rate = ratelimit.SharedRate("2/minute", "memory://")
    rate._window = Gone()  # type: ignore[assignment]
    counted = [closed.run(rate.count("a")) for _ in range(3)]
    assert [each.refusal is None for each in counted] == [True, True, False]


def test_a_shared_rate_holds(closed: Client) -> None:
    rate = ratelimit.SharedRate("2/minute", "memory://")
    for _ in range(2):
        assert closed.run(rate.count("a")).refusal is None
    refusal = closed.run(rate.count("a")).refusal
    assert refusal is not None
    assert 1 <= refusal.retry_after_seconds <= 60
    assert closed.run(rate.count("b")).refusal is None


@pytest.mark.parametrize(
    ("peer", "forwarded", "caller"),
    [
        ("203.0.113.7", "198.51.100.1", "203.0.113.7"),
        ("10.0.0.1", "", "10.0.0.1"),
        ("10.0.0.1", "198.51.100.1", "198.51.100.1"),
        ("10.0.0.1", "1.1.1.1, 198.51.100.1", "198.51.100.1"),
        ("10.0.0.1", "198.51.100.1, 10.9.9.9", "198.51.100.1"),
        ("10.0.0.1", "198.51.100.1, nonsense", "10.0.0.1"),
        ("10.0.0.1", "2001:db8:1:2:3::4", "2001:db8:1:2::/64"),
        ("10.0.0.1", "203.0.113.5:51008", "203.0.113.5"),
        ("10.0.0.1", "1.1.1.1:1, 203.0.113.5:51008, 10.9.9.9:80", "203.0.113.5"),
        ("10.0.0.1", "[2001:db8:1:2:3::4]:51008", "2001:db8:1:2::/64"),
        ("10.0.0.1", "[2001:db8:1:2:3::4]", "2001:db8:1:2::/64"),
        ("10.0.0.1", "::ffff:203.0.113.5", "203.0.113.5"),
        ("10.0.0.1", "[::ffff:203.0.113.5]:443", "203.0.113.5"),
        ("10.0.0.1", "203.0.113.5:x:y, 10.0.0.2", "10.0.0.2"),
        ("::ffff:10.0.0.1", "203.0.113.5:51008", "203.0.113.5"),
        ("::ffff:10.0.0.1", "203.0.113.5, ::ffff:10.9.9.9", "203.0.113.5"),
        ("::ffff:203.0.113.7", "198.51.100.1", "203.0.113.7"),
    ],
)
def test_behind_a_trusted_proxy_the_caller_is_the_nearest_other_address(peer: str, forwarded: str, caller: str) -> None:
    headers = [(b"x-forwarded-for", forwarded.encode())] if forwarded else []
    assert authenticator(trusted=["10.0.0.0/8"]).caller("/v1/grad", headers, (peer, 1)).id == caller


def test_clients_on_a_unix_socket_are_told_apart_if_it_is_trusted() -> None:
    forwarded = [(b"x-forwarded-for", b"198.51.100.1, 203.0.113.5")]
    trusting, other = authenticator(trusted=["unix", "10.0.0.0/8"]), authenticator(trusted=["10.0.0.0/8"])
    assert trusting.caller("/v1/grad", forwarded, None).id == "203.0.113.5"
    assert trusting.caller("/v1/grad", [], None).id == "unix"
    assert trusting.caller("/v1/grad", forwarded, ("203.0.113.7", 1)).id == "203.0.113.7"
    # Never "", which is the service itself, without a quota.
    for each in (other, authenticator()):
        assert each.caller("/v1/grad", forwarded, None).id == "unix"


def test_without_a_trusted_proxy_forwarded_addresses_are_ignored() -> None:
    headers = [(b"x-forwarded-for", b"1.1.1.1")]
    assert authenticator().caller("/v1/grad", headers, ("203.0.113.7", 1)).id == "203.0.113.7"


def test_all_addresses_of_an_ipv6_network_are_one_caller() -> None:
    callers = {authenticator().caller("/", [], (f"2001:db8::{n:x}", 1)).id for n in range(50)}
    assert callers == {"2001:db8::/64"}
    assert authenticator().caller("/", [], ("::ffff:192.0.2.1", 1)).id == "192.0.2.1"


def test_a_caller_with_a_key_is_its_digest_at_every_address() -> None:
    closed = authenticator(keys=[KEY])
    headers = [(b"x-api-key", KEY.encode())]
    callers = {closed.caller("/v1/grad", headers, (f"10.0.0.{n}", 1)).id for n in range(3)}
    # The owner of stored data is made of it, so it may never change.
    assert callers == {"key:" + hashlib.sha256(KEY.encode()).hexdigest()[:16]}


def test_a_websocket_is_refused_before_its_handshake(closed: Client) -> None:
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    async def receive() -> Any:
        return {"type": "websocket.connect"}

    scope = {"type": "websocket", "path": "/", "headers": []}
    closed.run(closed.app(scope, receive, send))
    assert [message["type"] for message in sent] == ["websocket.close"]


def test_a_draining_process_refuses_requests_and_answers_probes() -> None:
    with serving(workers=False) as client, contextlib.ExitStack() as stack:
        lifecycle = client.app.state.services.lifecycle
        stack.callback(setattr, lifecycle, "draining", False)
        lifecycle.drain()
        refused = client.post(QUESTION)
        assertions.assert_problem(refused, 503, "draining")
        assert refused.headers["connection"] == "close"
        assertions.assert_problem(client.get("/readyz"), 503, "draining")
        assert client.get("/healthz").status_code == 200


def test_requests_of_the_hot_lane_need_a_key_and_count() -> None:
    settings = Settings(api_keys=pydantic.SecretStr(KEY), rate_limit="500/minute")
    with serving(settings) as client:
        lane = client.app.state.services.hot_lane
        key = {"X-API-Key": KEY}
        while "compiled" not in client.post(QUESTION, **key).headers["cache-status"]:
            client.run(client.app.state.services.engine.executables.wait_until_idle())
        client.post(QUESTION, **key)
        content = b'{"expression":"x**2","point":[3.0]}'
        client.post(content, **key)
        headers = [(name.lower().encode(), value.encode()) for name, value in (JSON | key).items()]
        peer = ("203.0.113.7", 1)

        def prepared(headers: list[tuple[bytes, bytes]]) -> bool:
            return lane.prepare(lane.way("/v1/grad", headers), content, peer) is not None

        assert not prepared(headers[:1])
        assert not prepared([*headers[:1], (b"x-api-key", b"wrong")])
        answered = 0
        while prepared(headers):
            answered += 1
        assert 0 < answered < 500
        assertions.assert_problem(client.post(QUESTION, **key), 429, "overloaded")


def test_a_clock_set_back_does_not_keep_callers_out(monkeypatch: pytest.MonkeyPatch) -> None:
    rate, real, offset = ratelimit.LocalRate("2/minute"), time.time, 0.0
    monkeypatch.setattr(time, "time", lambda: real() + offset)
    assert charged(rate, 3) == [True, True, False]
    offset = -86_400.0
    assert charged(rate, 1) == [True]
    assert charged(rate, 2) == [True, False]
    offset = 86_400.0
    assert charged(rate, 1) == [True]
