"""Which answers and failures are errors of which kind, and which requests are repeated, when."""

import asyncio
from collections.abc import Iterable
from typing import Any

import gradserve
import httpx
import pytest
from gradserve.client import LONGEST_PAUSE

from tests.support.service import Client

REGISTERED = {"function_id": "f", "args": ["x"], "expression": "x", "shape": []}
FULL = {"code": "overloaded", "detail": "the rate is used up", "status": 429}
AFTER = {"Retry-After": "7"}


class Script:
    """A service that answers as told, then registers; it counts requests and pauses."""

    def __init__(self, answers: Iterable[Any]) -> None:
        self._answers = list(answers)
        self.requests = 0
        self.pauses: list[float] = []

    def __call__(self, _: httpx.Request) -> httpx.Response:
        self.requests += 1
        answer = self._answers.pop(0) if self._answers else lambda: httpx.Response(200, json=REGISTERED)
        if isinstance(answer, Exception):
            raise answer
        return answer() if callable(answer) else httpx.Response(answer[0], json=FULL, headers=answer[1])

    async def sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)


@pytest.fixture(params=["sync", "async"])
def ask(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Register a function at a script, by either client, with three repetitions."""

    def sync(script: Script) -> Any:
        monkeypatch.setattr(gradserve.Client, "_sleep", staticmethod(script.pauses.append))
        transport = httpx.MockTransport(script)
        with gradserve.Client("http://service", retries=3, transport=transport) as client:
            return client.function("x")

    def coroutine(script: Script) -> Any:
        monkeypatch.setattr(gradserve.AsyncClient, "_sleep", staticmethod(script.sleep))

        async def run() -> Any:
            transport = httpx.MockTransport(script)
            async with gradserve.AsyncClient("http://service", retries=3, transport=transport) as client:
                return await client.function("x")

        return asyncio.run(run())

    return sync if request.param == "sync" else coroutine


@pytest.mark.parametrize(
    ("failure", "least", "most"),
    [
        ((429, AFTER), 7, 8),
        ((503, AFTER), 7, 8),
        ((429, {"RateLimit": '"default";r=0;t=5'}), 5, 6),
        ((429, {"RateLimit": '"default";r=3;t=5'}), 0, 1),
        ((503, {}), 0, 1),
        (httpx.ConnectError("refused"), 0, 1),
        (httpx.ReadError("reset"), 0, 1),
        (httpx.RemoteProtocolError("closed"), 0, 1),
    ],
)
def test_what_may_succeed_later_is_repeated_then(ask: Any, failure: Any, least: float, most: float) -> None:
    script = Script([failure, failure])
    assert ask(script).id == "f"
    assert script.requests == 3
    assert len(script.pauses) == 2
    assert all(least <= pause < most for pause in script.pauses)


@pytest.mark.parametrize("failure", [(429, AFTER), (503, AFTER), httpx.ConnectError("refused")])
def test_a_request_is_repeated_so_often_and_no_more(ask: Any, failure: Any) -> None:
    script = Script([failure] * 9)
    expected = httpx.ConnectError if isinstance(failure, Exception) else gradserve.Unavailable
    with pytest.raises(expected) as caught:
        ask(script)
    assert (script.requests, len(script.pauses)) == (4, 3)
    assert getattr(caught.value, "retry_after", 7) == 7


def test_pauses_without_advice_grow_and_have_a_bound(ask: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("random.random", lambda: 0.999)
    script = Script([httpx.ConnectError("refused")] * 3)
    ask(script)
    assert script.pauses == pytest.approx([0.2, 0.4, 0.8], rel=0.01)


@pytest.mark.parametrize(
    ("failure", "expected"),
    [
        ((429, {"Retry-After": str(int(LONGEST_PAUSE) + 1)}), gradserve.Unavailable),
        ((400, AFTER), gradserve.Rejected),
        ((401, {}), gradserve.Forbidden),
        ((403, {}), gradserve.Forbidden),
        ((404, {}), gradserve.NotFound),
        ((422, AFTER), gradserve.Rejected),
        ((500, AFTER), gradserve.GradserveError),
        (httpx.ReadTimeout("too long"), httpx.ReadTimeout),
        (httpx.UnsupportedProtocol("gopher"), httpx.UnsupportedProtocol),
        (lambda: httpx.Response(502, html="<h1>Bad gateway</h1>"), gradserve.GradserveError),
        (lambda: httpx.Response(307, json=[]), gradserve.GradserveError),
    ],
)
def test_what_cannot_succeed_is_not_repeated(ask: Any, failure: Any, expected: type[Exception]) -> None:
    script = Script([failure])
    with pytest.raises(expected) as caught:
        ask(script)
    assert type(caught.value) is expected
    assert (script.requests, script.pauses) == (1, [])


# What an error says


def test_an_error_has_the_members_of_the_problem_document(remote: gradserve.Client) -> None:
    with pytest.raises(gradserve.InvalidFunction) as caught:
        remote.function("1 + x*sine(x)")
    error = caught.value
    assert (error.status, error.code, error.field) == (422, "unknown_name", "expression")
    assert error.title == "The expression uses a name nobody defined"
    assert error.hint == "did you mean sin?"
    assert error.position is not None
    assert error.request_id


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("x + sine(x)", "    x + sine(x)\n        ^"),
        ("def f(x):\n    y = 2*x\n    return y + cosine(y)", "        return y + cosine(y)\n                   ^"),
    ],
)
def test_a_mistake_in_a_text_is_shown_where_it_stands(remote: gradserve.Client, text: str, shown: str) -> None:
    with pytest.raises(gradserve.InvalidFunction) as caught:
        remote.function(text)
    assert str(caught.value).partition("\n")[2] == shown


def test_a_point_that_does_not_fit_is_rejected(remote: gradserve.Client) -> None:
    with pytest.raises(gradserve.Rejected, match="argument") as caught:
        remote.function("x*y")(1.0)
    assert caught.value.status == 422


def test_a_refused_connection_is_an_error_of_httpx(client: Client) -> None:  # noqa: ARG001 - see conftest
    with gradserve.Client("http://127.0.0.1:9", retries=0) as nobody, pytest.raises(httpx.ConnectError):
        nobody.function("x")
