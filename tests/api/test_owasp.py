"""The OWASP API Security Top 10 (2023), line by line: https://owasp.org/API-Security/editions/2023/en/0x11-t10/.

Each part has the tests of one line. Where other files test the same in depth, the part names them.
"""

import ast
import base64
import json
import logging
import re
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NoReturn

import httpx
import pydantic
import pytest
from fastapi.routing import APIRoute

from app.api.http import routing
from app.api.rest import derivatives
from app.runtime import keys
from app.settings import Settings
from tests.support import assertions
from tests.support.service import Client, serving

APP = Path(__file__).parents[2] / "app"
GIVEN = "given-secret"
QUESTION = {"expression": "x**2", "point": [3.0]}
OPEN = {"/healthz", "/readyz", "/openapi.json", "/v1/limits", "/v1/errors", "/v1/language"}
SCOPES = {
    ("POST", "/v1/functions"): "register",
    ("POST", "/v1/data"): "register",
    ("DELETE", "/v1/data/{data_id}"): "register",
    ("GET", "/metrics"): "metrics",
}
"""The scopes of operations; of all others it is "ask"."""

UNKNOWN_ID = "0" * 32


class House:
    """An application with keys, and their secrets by name."""

    def __init__(self, client: Client, path: Path, secrets: dict[str, str]) -> None:
        self.client, self.path, self.secrets = client, path, secrets

    def ask(self, name: str, method: str, path: str, **options: Any) -> httpx.Response:
        headers = {"Authorization": f"Bearer {self.secrets[name]}"} | options.pop("headers", {})
        return self.client.request(method, path, headers=headers, **options)

    def operations(self) -> list[tuple[str, str, dict[str, Any]]]:
        document = self.client.get("/openapi.json").json()
        return [
            (method.upper(), path, operation)
            for path, item in document["paths"].items()
            for method, operation in item.items()
        ]


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    folder = tmp_path_factory.mktemp("house")
    path = folder / "keys.json"
    secrets = {name: keys.add(path, name, ["ask", "register"]) for name in ("alice", "bob")}
    secrets |= {f"only-{scope}": keys.add(path, f"only-{scope}", [scope]) for scope in keys.SCOPES}
    secrets["gone"] = keys.add(path, "gone", list(keys.SCOPES))
    keys.revoke(path, "gone")
    secrets["given"] = GIVEN
    settings = Settings(
        key_store=str(path), api_keys=pydantic.SecretStr(GIVEN), cache_dir=str(folder / "cache"), log_level="debug"
    )
    with serving(settings, workers=False) as client:
        yield House(client, path, secrets)


def without_ids(response: httpx.Response) -> tuple[int, str]:
    return response.status_code, re.sub(r"[0-9a-f]{32}", "ID", response.text)


# API1: broken object level authorization (tests/api/rest/test_data.py, tests/api/rest/test_bound_functions.py)


def test_data_of_another_key_are_as_data_that_nobody_has(house: House) -> None:
    data_id = house.ask("alice", "POST", "/v1/data", json={"values": [1.5, 2.5]}).json()["data_id"]

    def tried(named: str) -> list[tuple[int, str]]:
        request = {"expression": "sum(X**2)", "point": {"X": {"data": named}}}
        function = {"expression": "sum(a*X)", "args": ["a", "X"], "data": {"X": {"data": named}}}
        return [
            without_ids(house.ask("bob", "GET", f"/v1/data/{named}")),
            without_ids(house.ask("bob", "DELETE", f"/v1/data/{named}")),
            without_ids(house.ask("bob", "POST", "/v1/grad", json=request)),
            without_ids(house.ask("bob", "POST", "/v1/functions", json=function)),
        ]

    assert tried(data_id) == tried(UNKNOWN_ID)
    assert {status for status, _ in tried(data_id)} == {404}
    assert house.ask("bob", "GET", "/v1/data").json() == {"data": []}
    assert house.ask("alice", "GET", f"/v1/data/{data_id}").status_code == 200


def test_a_function_bound_to_data_of_another_key_is_as_one_that_nobody_has(house: House) -> None:
    function = {"expression": "sum(a*X)", "args": ["a", "X"], "data": {"X": [1.25, 2.25]}}
    function_id = house.ask("alice", "POST", "/v1/functions", json=function).json()["function_id"]

    def tried(name: str, named: str) -> list[tuple[int, str]]:
        vectors = {"name": "gradient", "input": [[1.0]]}
        return [
            without_ids(house.ask(name, "GET", f"/v1/functions/{named}")),
            without_ids(house.ask(name, "POST", f"/v1/functions/{named}/grad", json={"point": [2.0]})),
            without_ids(house.ask(name, "GET", f"/v1/functions/{named}/grad?a=2")),
            without_ids(house.ask(name, "POST", f"/f/{named}/Evaluate", json=vectors)),
            without_ids(house.ask(name, "GET", f"/v2/models/{named}")),
        ]

    assert tried("bob", function_id) == tried("bob", UNKNOWN_ID)
    assert {status for status, _ in tried("alice", function_id)} == {200}
    assert house.ask("bob", "GET", "/v1/functions").json() == {"functions": []}


# API2: broken authentication (tests/api/http/test_auth.py, tests/api/http/test_named_keys.py)


@pytest.mark.parametrize("secret", [None, "", "wrong", "only-ask", "alice ", "' OR '1'='1"])
def test_every_operation_refuses_who_has_no_key(house: House, secret: str | None) -> None:
    headers = {} if secret is None else {"X-API-Key": secret}
    for method, path, _ in house.operations():
        address = re.sub(r"{\w+}", UNKNOWN_ID, path)
        response = house.client.request(method, address, headers=headers, json={} if method == "POST" else None)
        assert (response.status_code == 401) == (path not in OPEN), (method, path, response.status_code)


def test_a_revoked_key_and_a_digest_open_nothing(house: House) -> None:
    assertions.assert_problem(house.ask("gone", "POST", "/v1/grad", json=QUESTION), 401, "unauthorized")
    for key in keys.load(house.path):
        refused = house.client.post(QUESTION, X_API_Key=key.sha256)
        assertions.assert_problem(refused, 401, "unauthorized", sent=key.sha256)


def test_a_secret_in_the_address_is_no_key(house: House) -> None:
    for name in ("key", "api_key", "access_token"):
        address = f"/v1/grad?expression=x&x=1&{name}={house.secrets['alice']}"
        assert house.client.get(address).status_code == 401


# API3: broken object property level authorization (tests/api/rest/test_refused_bodies.py)


def test_no_operation_takes_properties_that_it_does_not_document(house: House) -> None:
    document = house.client.get("/openapi.json").json()
    tried = 0
    for method, path, operation in house.operations():
        if method != "POST" or "/v1/" not in path:
            continue
        reference = operation["requestBody"]["content"]["application/json"]["schema"].get("$ref", "")
        examples = document["components"]["schemas"].get(reference.rpartition("/")[2], {}).get("examples", [])
        address = re.sub(r"{\w+}", "4226752467f825da2f16ea77bfc0464d", path)
        for extra in ("owner", "owners", "caller", "scopes", "quota", "function_id", "__class__"):
            for example in examples[:1]:
                refused = house.ask("alice", "POST", address, json=example | {extra: "bob"})
                if path == "/v1/batch":  # the answer to its line
                    problem = refused.json()["body"]
                    assert (refused.json()["status"], problem["code"]) == (422, "invalid_field")
                else:
                    problem = assertions.assert_problem(refused, 422, "invalid_field")
                assert f"'{extra}' is not a field" in problem["detail"]
                tried += 1
    assert tried >= 7 * len(derivatives.DERIVATIVES)


def test_nothing_that_is_answered_or_logged_has_a_secret_or_an_owner(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    digests = [key.sha256 for key in keys.load(house.path)]
    hidden = [*house.secrets.values(), *digests, *[digest[:16] for digest in digests]]
    hidden += [base64.b64encode(f":{secret}".encode()).decode() for secret in house.secrets.values()]
    house.ask("alice", "POST", "/v1/data", json={"values": [3.5]})
    answered = []
    for method, path, _ in house.operations():
        address = re.sub(r"{\w+}", UNKNOWN_ID, path)
        response = house.ask("given", method, address, json={} if method == "POST" else None)
        answered.append(f"{response.headers} {response.text}")
    answered += [house.ask("alice", "GET", path).text for path in ("/v1/data", "/v1/functions", "/nothing")]
    told = [str(vars(record)) for record in caplog.records]
    assert len(answered) > 40
    assert [text for text in (*answered, *told) for secret in hidden if secret in text] == []


# API4: unrestricted resource consumption (tests/runtime/test_overload.py, tests/api/server/test_connections.py)


@pytest.mark.parametrize(
    ("request_", "status", "code"),
    [
        ({"content": b" " * (16 * 1024 * 1024 + 1)}, 413, "body_too_large"),
        ({"json": QUESTION, "headers": {"Long": "a" * 40_000}}, 431, "body_too_large"),
        ({"json": {"expression": "x" + "+x" * 70_000, "point": [1.0]}}, 422, "too_complex"),
        ({"json": {"expression": "sum(arange(10**12)*x)", "point": [1.0]}}, 422, {"too_complex", "bad_constant"}),
        ({"json": {"expression": "x", "point": [[1.0] * 100_001], "in_axes": 0}}, 422, "too_complex"),
    ],
)
def test_a_request_over_a_limit_is_refused(house: House, request_: dict[str, Any], status: int, code: Any) -> None:
    refused = house.ask("alice", "POST", "/v1/grad", **({"headers": {"Content-Type": "application/json"}} | request_))
    assertions.assert_problem(refused, status, code)


def test_every_limit_is_published_and_finite(house: House) -> None:
    limits = house.client.get("/v1/limits").json()
    assert len(limits) > 20
    assert all(isinstance(limit, int | float) and 0 < limit < 1 << 40 for limit in limits.values())


# API5: broken function level authorization


def test_each_operation_needs_its_scope_and_no_other(house: House) -> None:
    seen = set()
    for method, path, operation in house.operations():
        if path in OPEN:
            continue
        needed = SCOPES.get((method, path), "ask")
        seen.add((method, path))
        address = re.sub(r"{\w+}", UNKNOWN_ID, path)
        for variant in (address, f"{address}/", f"http://service/{address}"):
            for scope in keys.SCOPES:
                response = house.ask(f"only-{scope}", method, variant, json={} if method == "POST" else None)
                assert (response.status_code == 403) == (scope != needed), (method, variant, scope, response.text)
        assert {tuple(*each.values()) for each in operation["security"]} == {(needed,)}
        assert "403" in operation["responses"]
    assert seen >= SCOPES.keys()


@pytest.mark.parametrize("method", ["HEAD", "PUT", "PATCH", "OPTIONS", "TRACE", "get", "FOO"])
def test_another_method_goes_around_no_scope(house: House, method: str) -> None:
    for path, lacking in (("/metrics", "only-ask"), ("/v1/data", "only-metrics"), ("/v1/grad", "only-register")):
        assert house.ask(lacking, method, path).status_code == 403


def test_a_path_in_other_letters_or_codes_goes_around_no_scope(house: House) -> None:
    for path in ("/METRICS", "/metrics%2F", "/%6detrics", "/v1/../metrics", "/metrics;x", "//metrics//", "/./metrics"):
        assert house.ask("only-ask", "GET", f"http://service{path}").status_code in {403, 404}, path


# API6: unrestricted access to sensitive business flows


def test_one_key_cannot_use_up_what_the_service_does_for_others(tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    greedy, modest = keys.add(path, "greedy", ["ask"], "10/minute"), keys.add(path, "modest", ["ask"])
    with serving(Settings(key_store=str(path)), workers=False) as client:
        house = House(client, path, {"greedy": greedy, "modest": modest})
        everywhere = [
            ("/v1/grad", QUESTION),
            ("/v1/functions/4226752467f825da2f16ea77bfc0464d/grad", {"point": [1, 2, 3]}),
            ("/Evaluate", {"name": "gradient", "input": [[1.0]], "config": {"expression": "x"}}),
            ("/tesseract/apply", {"inputs": {"expression": "x**2", "x": 1.5}}),
            ("/v2/models/gradient/infer", {}),
        ]
        statuses = [house.ask("greedy", "POST", *each[:1], json=each[1]).status_code for each in everywhere * 3]
        assert statuses[:4] == [200] * 4
        assert 429 not in statuses[:10]
        assert set(statuses[10:]) == {429}
        assert house.ask("modest", "POST", "/v1/grad", json=QUESTION).status_code == 200


# API7: server side request forgery


def test_no_address_in_a_request_is_fetched(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    def fetch(*arguments: Any, **_: Any) -> NoReturn:
        raise AssertionError(f"the service connects: {arguments}")

    for name in ("connect", "connect_ex", "sendto"):
        monkeypatch.setattr(socket.socket, name, fetch)
    for name in ("getaddrinfo", "gethostbyname", "create_connection"):
        monkeypatch.setattr(socket, name, fetch)
    headers = {"Forwarded": "for=169.254.169.254", "X-Forwarded-Host": "169.254.169.254", "Referer": "http://127.0.0.1"}
    addresses = ("http://169.254.169.254/latest/meta-data", "file:///etc/passwd", "//127.0.0.1:6379", "gopher://h:1/_")
    for address in addresses:
        bodies: list[tuple[str, Any]] = [
            ("/v1/grad", {"expression": address, "point": [1.0]}),
            ("/v1/grad", {"expression": f"sum(loadtxt({address!r})*x)", "point": [1.0]}),
            ("/v1/grad", {"expression": "sum(X)", "point": {"X": {"data": address}}}),
            ("/v1/grad", {"expression": "sum(X)", "point": {"X": {"$ref": address}}}),
            ("/v1/functions", {"expression": "sum(X)", "data": {"X": {"url": address}}}),
            ("/v1/data", {"values": address}),
            ("/tesseract/apply", {"inputs": {"expression": "x", "x": {"data": {"buffer": address}}}}),
            ("/v2/models/gradient/infer", {"inputs": [{"name": "x", "datatype": "BYTES", "data": [address]}]}),
            ("/Evaluate", {"name": address, "input": [[1.0]], "config": {"expression": address}}),
        ]
        for path, body in bodies:
            assert 400 <= house.ask("alice", "POST", path, json=body, headers=headers).status_code < 500


def test_nothing_that_reads_requests_has_a_client_of_the_network() -> None:
    clients = {"aiohttp", "ftplib", "http", "httpx", "requests", "smtplib", "socket", "urllib", "urllib3"}
    found = set()
    for room in ("api", "engine", "autodiff", "language"):
        for path in (APP / room).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text())):
                names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
                names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
                found |= {(path.stem, name) for name in names if name.partition(".")[0] in clients}
    assert found <= {("connections", "socket"), ("uvicorn_adapter", "socket")}  # which have listening ones


# API8: security misconfiguration (tests/api/web/test_pages.py, tests/api/http/test_problem.py)


def test_by_default_nobody_is_trusted_and_nothing_is_announced(client: Client) -> None:
    settings = Settings()
    assert settings.host == "127.0.0.1"
    assert (settings.cors_origins, settings.trusted_proxies) == ("", "")
    response = client.post(QUESTION, Origin="https://evil.example")
    assert not {"access-control-allow-origin", "server", "x-powered-by", "set-cookie"} & set(response.headers)


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "TRACE", "CONNECT", "FOO"])
def test_a_method_that_is_not_there_is_refused_with_those_that_are(client: Client, method: str) -> None:
    for path in ("/v1/grad", "/v1/data", "/", "/metrics"):
        refused = client.request(method, path)
        assertions.assert_problem(refused, 405, "method_not_allowed")
        assert refused.headers["allow"]


def test_pages_run_no_foreign_script_and_are_in_no_foreign_frame(client: Client) -> None:
    for path in ("/", "/fit", "/guide", "/guide/api", "/docs"):
        headers = client.get(path).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"
        assert "default-src 'none'" in headers["content-security-policy"]
        assert "frame-ancestors 'none'" in headers["content-security-policy"]


def test_a_bug_shows_its_traceback_in_the_log_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any) -> NoReturn:
        raise ZeroDivisionError("secret of the house")

    with serving(raise_errors=False, workers=False) as client:
        monkeypatch.setattr("app.api.http.body.decode", fail)
        problem = assertions.assert_problem(client.post(QUESTION), 500, "internal_error")
    assert "secret" not in json.dumps(problem)


# API9: improper inventory management


def routes(router: Any) -> Iterator[Any]:
    """Yield the routes of an application, those of its routers too."""
    for route in router.routes:
        inner = getattr(route, "original_router", None)
        yield from [route] if inner is None else routes(inner)


def test_every_route_is_in_the_document_and_the_document_has_no_other(house: House) -> None:
    served = list(routes(house.client.app))
    listed = [each for each in served if isinstance(each, APIRoute) and each.include_in_schema]
    pages = {"/openapi.json", "/", "/fit", "/guide", "/guide/{name}", "/docs", "/web", "/docs/assets"}
    assert {each.path for each in served if each not in listed} == pages
    assert sum([len(each.methods or ()) for each in listed]) == len(house.operations())


def test_operations_that_are_answered_before_the_routes_are_routes_too(house: House) -> None:
    documented = {path for _, path, _ in house.operations()}
    assert set(routing.operations([derivatives.router])) <= documented
    assert house.client.app.state.services.hot_lane.find("/v1/nothing") is None


@pytest.mark.parametrize(
    "path", ["/v0/grad", "/v2/grad", "/v1beta/grad", "/debug", "/admin", "/redoc", "/.env", "/.git"]
)
def test_there_are_no_other_versions_and_no_doors_for_developers(client: Client, path: str) -> None:
    assert client.get(path).status_code == 404


# API10: unsafe consumption of APIs (tests/runtime/test_disk_store.py, tests/runtime/test_remote_store.py)


def overwritten(content: bytes) -> bytes:
    return content[:-1] + bytes([content[-1] ^ 1])


@pytest.mark.parametrize("change", [overwritten, lambda _: b"", lambda _: b"{}", lambda content: content * 2])
def test_what_a_store_gives_back_is_believed_only_with_its_seal(
    tmp_path: Path, change: Callable[[bytes], bytes]
) -> None:
    def settings() -> Settings:
        return Settings(cache_dir=str(tmp_path))

    with serving(settings(), workers=False) as client:
        data_id = client.post({"values": [7.5, 8.5]}, "/v1/data").json()["data_id"]
        before = set(client.get("/v1/data").json()["data"][0])
    for path in (tmp_path / "data").glob("*.entry"):
        path.write_bytes(change(path.read_bytes()))
    with serving(settings(), workers=False) as client:
        assertions.assert_problem(client.get(f"/v1/data/{data_id}"), 404, "not_found")
        assert client.get("/v1/data").json() == {"data": []}
        again = client.post({"values": [7.5, 8.5]}, "/v1/data").json()
    assert (set(again), again["data_id"]) == (before, data_id)


def test_what_proxies_say_is_believed_only_of_trusted_ones(client: Client) -> None:
    spoofed = {"X-Forwarded-For": "10.0.0.1", "X-Real-IP": "10.0.0.1", "X-Original-URL": "/metrics", "Host": "evil"}
    response = client.request("POST", "/v1/grad", json=QUESTION, headers=spoofed | {"X-HTTP-Method-Override": "GET"})
    assert response.json()["gradient"] == 6.0
    with serving(Settings(rate_limit="2/minute"), workers=False) as limited:
        statuses = [limited.post(QUESTION, X_Forwarded_For=f"10.0.0.{n}").status_code for n in range(4)]
    assert statuses == [200, 200, 429, 429]
