"""Keys of a file at a running application: scopes, quotas, changes without a restart, names in the log."""

import asyncio
import contextlib
import hashlib
import json
import logging
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pydantic
import pytest

from app.api.http.middleware import auth
from app.runtime import keys
from app.settings import Settings
from tests.support import assertions
from tests.support.service import JSON, Client, serving

QUESTION = {"expression": "x**2", "point": [3.0]}
GIVEN = "given-secret"
NOTICED_SECONDS = 10.0


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "keys.json"


@contextlib.contextmanager
def closed(path: Path, **settings: Any) -> Iterator[Client]:
    with serving(Settings(key_store=str(path), **settings), workers=False) as client:
        yield client


def ask(client: Client, secret: str, path: str = "/v1/grad", document: Any = QUESTION) -> httpx.Response:
    return client.post(document, path, Authorization=f"Bearer {secret}")


def until_status(client: Client, secret: str, status: int) -> None:
    """Ask until a change of the file has been taken over."""
    deadline = time.monotonic() + NOTICED_SECONDS
    while ask(client, secret).status_code != status:
        assert time.monotonic() < deadline
        client.run(asyncio.sleep(0.05))


def test_a_key_of_a_file_is_accepted_and_others_are_not(path: Path) -> None:
    secret = keys.add(path, "ci", ["ask"])
    with closed(path) as client:
        assert ask(client, secret).json()["gradient"] == 6.0
        assertions.assert_problem(client.post(QUESTION), 401, "unauthorized")
        for wrong in (secret[:-1], secret[3:], "ci", keys.load(path)[0].sha256):
            assertions.assert_problem(ask(client, wrong), 401, "unauthorized")


def test_a_file_without_a_key_in_force_lets_nobody_in(path: Path) -> None:
    secret = keys.add(path, "ci", ["ask"])
    keys.revoke(path, "ci")
    with closed(path) as client:
        assertions.assert_problem(ask(client, secret), 401, "unauthorized")
        assertions.assert_problem(client.post(QUESTION), 401, "unauthorized")


def test_a_given_key_may_do_everything_and_keeps_its_owner_beside_a_file(path: Path) -> None:
    keys.add(path, "ci", ["ask"])
    watched = keys.Watched(path)
    found = auth.Authenticator([GIVEN], store=watched).caller("/metrics", [(b"x-api-key", GIVEN.encode())], None)
    assert found == auth.Caller("key:" + hashlib.sha256(GIVEN.encode()).hexdigest()[:16])
    assert found.scopes == {"ask", "register", "metrics"}
    with closed(path, api_keys=pydantic.SecretStr(GIVEN)) as client:
        assert ask(client, GIVEN).status_code == 200
        assert ask(client, GIVEN, "/v1/functions", {"expression": "x"}).status_code in {200, 201}
        assert client.get("/metrics", headers={"X-API-Key": GIVEN}).status_code == 200


def test_the_file_has_the_last_word_about_a_key_that_is_also_given(path: Path) -> None:
    secret = keys.add(path, "ci", ["ask"])
    headers = [(b"x-api-key", secret.encode())]

    def known() -> auth.Caller:
        return auth.Authenticator([secret], store=keys.Watched(path)).caller("/v1/grad", headers, None)

    assert (known().key, known().scopes) == ("ci", frozenset({"ask"}))
    keys.revoke(path, "ci")
    with pytest.raises(Exception, match="not known"):
        known()


def test_data_of_a_key_are_found_by_the_same_secret_given_or_in_a_file(path: Path, tmp_path: Path) -> None:
    secret = keys.add(path, "ci", ["ask", "register"])
    kept: dict[str, Any] = {"cache_dir": str(tmp_path / "cache")}
    with closed(path, **kept) as client:
        data_id = ask(client, secret, "/v1/data", {"values": [1.0, 2.0]}).json()["data_id"]
    with serving(Settings(api_keys=pydantic.SecretStr(secret), **kept), workers=False) as client:
        found = client.get("/v1/data", headers={"X-API-Key": secret}).json()["data"]
    assert [each["data_id"] for each in found] == [data_id]


@pytest.mark.parametrize(
    ("path_", "message"),
    [
        ("/f/4226752467f825da2f16ea77bfc0464d/Evaluate", lambda found: found["error"]["message"]),
        ("/Evaluate", lambda found: found["error"]["message"]),
        ("/tesseract/apply", lambda found: found["detail"]),
        ("/v2/models/gradient/infer", lambda found: found["error"]),
    ],
)
def test_each_protocol_says_in_its_own_form_which_scope_is_missing(path: Path, path_: str, message: Any) -> None:
    secret = keys.add(path, "scraper", ["metrics"])
    with closed(path) as client:
        refused = ask(client, secret, path_, {})
    assert refused.status_code == 403
    assert "scope ask" in message(refused.json())
    assert 'error="insufficient_scope", scope="ask"' in refused.headers["www-authenticate"]


def test_a_missing_scope_is_a_problem_that_names_it(path: Path) -> None:
    secret = keys.add(path, "ci", ["ask"])
    with closed(path) as client:
        refused = ask(client, secret, "/v1/functions", {"expression": "x"})
        problem = assertions.assert_problem(refused, 403, "forbidden")
        assert "scope register" in problem["detail"]
        assert 'scope="register"' in refused.headers["www-authenticate"]


def test_a_quota_holds_instead_of_the_rate_of_all(path: Path) -> None:
    few = keys.add(path, "few", ["ask"], "2/minute")
    many = keys.add(path, "many", ["ask"], "6/minute;1000/day")
    other = keys.add(path, "other", ["ask"])
    with closed(path, rate_limit="4/minute") as client:
        for secret, count in ((few, 2), (many, 6), (other, 4)):
            assert [ask(client, secret).status_code for _ in range(count)] == [200] * count
            refused = ask(client, secret)
            assertions.assert_problem(refused, 429, "overloaded")
            assert 1 <= int(refused.headers["retry-after"]) <= 60


def test_a_quota_holds_where_there_is_no_rate(path: Path) -> None:
    few = keys.add(path, "few", ["ask"], "2/minute")
    other = keys.add(path, "other", ["ask"])
    with closed(path) as client:
        assert [ask(client, few).status_code for _ in range(3)] == [200, 200, 429]
        assert {ask(client, other).status_code for _ in range(10)} == {200}


def test_a_quota_holds_where_replicas_count_together(path: Path) -> None:
    few = keys.add(path, "few", ["ask"], "2/minute")
    other = keys.add(path, "other", ["ask"])
    with closed(path, rate_limit_storage="memory://") as client:
        assert [ask(client, few).status_code for _ in range(3)] == [200, 200, 429]
        assert {ask(client, other).status_code for _ in range(10)} == {200}
        rate = client.app.state.services.rate
        assert [rate.count_now("key", quota) for quota in ("", "1/minute")] == [(), None]


def test_the_hot_lane_knows_scopes_and_counts_quotas(path: Path) -> None:
    secret, scraper = keys.add(path, "ci", ["ask"], "500/minute"), keys.add(path, "scraper", ["metrics"])
    with serving(Settings(key_store=str(path))) as client:
        lane = client.app.state.services.hot_lane
        while "compiled" not in ask(client, secret).headers["cache-status"]:
            client.run(client.app.state.services.engine.executables.wait_until_idle())
        ask(client, secret)
        content = b'{"expression":"x**2","point":[3.0]}'
        ask(client, secret, document=content)

        def prepared(key: str) -> bool:
            headers = [(name.lower().encode(), value.encode()) for name, value in (JSON | {"X-API-Key": key}).items()]
            return lane.prepare(lane.way("/v1/grad", headers), content, ("203.0.113.7", 1)) is not None

        assert not prepared(scraper)
        answered = 0
        while prepared(secret):
            answered += 1
        assert 0 < answered < 500
        assertions.assert_problem(ask(client, secret), 429, "overloaded")


def test_changes_are_taken_over_without_a_restart(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "gradserve")
    first = keys.add(path, "first", ["ask"])
    with closed(path) as client:
        second = keys.add(path, "second", ["ask"])
        until_status(client, second, 200)
        keys.revoke(path, "first")
        until_status(client, first, 401)
        assert ask(client, second).status_code == 200
        path.write_text("{")
        client.run(asyncio.sleep(1.2))
        assert (ask(client, second).status_code, ask(client, first).status_code) == (200, 401)
    told = [record.getMessage() for record in caplog.records if "key" in record.getMessage()]
    assert told[:2] == ["key second added", "key first revoked"]
    assert [line.partition(":")[0] for line in told[2:]] == ["keys stay as they were"]
    assert not any(secret in str(vars(record)) for secret in (first, second) for record in caplog.records)


def test_log_lines_of_requests_have_the_name_of_the_key(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, "gradserve.requests")
    secret = keys.add(path, "ci", ["ask"], "1/minute")
    with closed(path, api_keys=pydantic.SecretStr(GIVEN)) as client:
        for _ in range(2):
            ask(client, secret)
        ask(client, secret, "/v1/functions", {"expression": "x"})
        ask(client, GIVEN)
    lines = [record for record in caplog.records if record.name == "gradserve.requests"]
    found = [(record.status, getattr(record, "key", "")) for record in lines]  # type: ignore[attr-defined]
    assert found == [(200, "ci"), (429, "ci"), (403, "ci"), (200, "")]
    assert not any(each in str(vars(record)) for each in (secret, GIVEN) for record in lines)


def test_finding_a_key_takes_as_long_among_thousands(path: Path) -> None:
    document = {"name": "", "sha256": "", "scopes": ["ask"], "quota": "", "created": "2026-01-31T12:00:00+00:00"}
    found = [
        document | {"name": f"k{n}", "sha256": hashlib.sha256(b"%d" % n).hexdigest(), "revoked": None}
        for n in range(20_000)
    ]
    path.write_text(json.dumps({"version": 1, "keys": found}))
    path.chmod(0o600)
    many, one = auth.Authenticator(store=keys.Watched(path)), auth.Authenticator(["0"])

    def seconds(of: auth.Authenticator) -> float:
        """Return the shortest time of several for a thousand requests."""
        times = []
        for _ in range(5):
            began = time.perf_counter()
            for _ in range(1000):
                of.caller("/v1/grad", [(b"x-api-key", b"0")], None)
            times.append(time.perf_counter() - began)
        return min(times)

    assert seconds(many) < 5 * seconds(one)
