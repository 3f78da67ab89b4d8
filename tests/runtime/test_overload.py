"""The application under more expensive work than it takes: all callers together, and each of them, are bounded."""

import asyncio
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from app.engine import engine
from app.runtime import deadlines, queue
from app.settings import Settings
from tests.support import assertions
from tests.support.service import Client, serving
from tests.support.waiting import until


@pytest.fixture(scope="module")
def small() -> Iterator[Client]:
    """A service with one thread, short queues and quotas; each test can be a caller of its own."""
    settings = Settings(
        threads=1,
        queue=2,
        compile_seconds_per_minute=0.001,
        max_body_bytes=1_000_000,
        max_bodies_bytes=1_000_000,
        trusted_proxies="127.0.0.1",
    )
    with serving(settings) as client:
        workers = client.app.state.services.engine.workers
        client.run(until(workers._idle.qsize, seconds=120))
        yield client


def long_text(n: int) -> str:
    """Return an expression that is read in a thread."""
    return " + ".join(f"sin({i}.5*x + {n})*y" for i in range(400))


def engine_of(client: Client) -> engine.Engine:
    served: engine.Engine = client.app.state.services.engine
    return served


@contextmanager
def busy(client: Client) -> Iterator[None]:
    """Occupy the only thread for lengthy work."""
    stop, started = threading.Event(), threading.Event()

    def work() -> None:
        started.set()
        stop.wait()

    async def start() -> asyncio.Future[None]:
        queue.CALLER.set("")  # the service itself, which has no deadline
        task = asyncio.ensure_future(engine_of(client).lengthy.run(work))
        await until(started.is_set)
        return task

    task = client.run(start())
    try:
        yield
    finally:
        stop.set()
        client.run(asyncio.wait_for(task, 60))


def test_cheap_requests_are_answered_while_expensive_ones_wait(small: Client) -> None:
    document = {"expression": "x**2*y", "point": [3.0, 1.0], "argnums": [0, 1]}
    small.answer(document, "/v1/hessian")  # the first Hessian loads a program
    with busy(small):
        answer = small.answer({"expression": "x**2 + cos(y)", "point": [3.0, 0.0]})
        assert answer["gradient"] == 6.0
        assert small.answer(document, "/v1/hessian")["hessian"] == [[2.0, 6.0], [6.0, 0.0]]


def test_expensive_requests_beyond_the_queue_get_a_429_and_the_others_their_answer(small: Client) -> None:
    documents = [{"expression": long_text(n), "point": {"x": 0.5, "y": 2.0}, "argnums": "y"} for n in range(8)]

    async def send() -> asyncio.Future[list[Any]]:
        responses = asyncio.gather(*(small._http.post("/v1/grad", json=document) for document in documents))
        await until(lambda: len(engine_of(small).lengthy) >= 2)
        await asyncio.sleep(0.2)
        return responses

    with busy(small):
        sent = small.run(send())
    responses = small.run(asyncio.wait_for(sent, 60))
    refused = [response for response in responses if response.status_code == 429]
    answered = [response for response in responses if response.status_code == 200]
    assert len(refused) + len(answered) == 8
    assert answered
    assert refused
    for response in refused:
        assertions.assert_problem(response, 429, "overloaded")


class LeavingClient:
    """A client over bare ASGI that sends a request and disconnects when ``gone`` is set."""

    def __init__(self, client: Client, document: dict[str, Any]) -> None:
        self._client = client
        self._unsent = [json.dumps(document).encode()]
        self.gone = asyncio.Event()
        self.statuses: list[int] = []

    async def _receive(self) -> dict[str, Any]:
        if self._unsent:
            return {"type": "http.request", "body": self._unsent.pop(), "more_body": False}
        await self.gone.wait()
        return {"type": "http.disconnect"}

    async def _send(self, message: Any) -> None:
        if message["type"] == "http.response.start":
            self.statuses.append(message["status"])

    async def send(self) -> None:
        await self._client.app(scope(), self._receive, self._send)


def scope() -> dict[str, Any]:
    """Return the ASGI scope of a request for a gradient."""
    return {
        "type": "http",
        "method": "POST",
        "path": "/v1/grad",
        "headers": [(b"content-type", b"application/json")],
        "client": ("192.0.2.1", 1),
        "query_string": b"",
    }


def test_a_client_that_disconnects_frees_its_place(small: Client) -> None:
    document = {"expression": long_text(100), "point": {"x": 0.5, "y": 2.0}}

    async def run() -> None:
        leaving = LeavingClient(small, document)
        sending = asyncio.ensure_future(leaving.send())
        lengthy = engine_of(small).lengthy
        await until(lambda: len(lengthy) == 2)
        leaving.gone.set()
        await until(lambda: len(lengthy) == 1)
        await sending
        assert leaving.statuses == [408]

    with busy(small):
        small.run(run())
    assert small.post(document).status_code == 200


def test_a_client_that_stays_gets_its_answer_if_another_with_the_same_request_disconnects(small: Client) -> None:
    document = {"expression": long_text(200), "point": {"x": 0.5, "y": 2.0}}

    async def start() -> tuple[LeavingClient, asyncio.Future[None]]:
        leaving, staying = (LeavingClient(small, document) for _ in range(2))
        first, second = (asyncio.ensure_future(each.send()) for each in (leaving, staying))
        await until(lambda: len(engine_of(small).lengthy) == 2)
        leaving.gone.set()
        await first
        return staying, second

    with busy(small):
        staying, task = small.run(start())
    small.run(asyncio.wait_for(task, 60))
    assert staying.statuses == [200]


def test_all_bodies_together_take_no_more_memory_than_the_limit(small: Client) -> None:
    large = json.dumps({"expression": "x**2", "point": [3.0], "args": ["x"]}).encode().ljust(700_000)

    async def run() -> list[int]:
        statuses, gone, unsent = [], asyncio.Event(), [large]

        async def incomplete() -> Any:
            if unsent:
                return {"type": "http.request", "body": unsent.pop(), "more_body": True}
            await gone.wait()
            return {"type": "http.disconnect"}

        async def complete() -> Any:
            return {"type": "http.request", "body": large, "more_body": False}

        async def send(message: Any) -> None:
            if message["type"] == "http.response.start":
                statuses.append(message["status"])

        slow = asyncio.ensure_future(small.app(scope(), incomplete, send))
        await until(lambda: not unsent)
        await asyncio.sleep(0.01)
        await small.app(scope(), complete, send)
        gone.set()
        await slow
        await small.app(scope(), complete, send)
        return statuses

    assert small.run(run()) == [429, 408, 200]


def test_beyond_the_quota_formulae_get_a_429_and_functions_stay_interpreted(small: Client) -> None:
    caller = {"X_Forwarded_For": "198.51.100.1"}
    statuses = []
    for n in range(3):
        response = small.post({"expression": f"sin(x)**{n + 2}"}, "/v1/symbolic", **caller)
        statuses.append(response.status_code)
    assert statuses == [200, 429, 429]
    assertions.assert_problem(response, 429, "overloaded")
    for _ in range(200):
        answer = small.post({"expression": "x**3 + 8.5*cos(x)*x", "point": [2.0]}, **caller)
        assert answer.status_code == 200
        small.run(engine_of(small).executables.wait_until_idle())
    assert "interpreted" in answer.headers["cache-status"]


def test_formulae_that_do_not_start_in_time_are_refused(small: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deadlines, "START_SECONDS", 0.2)
    monkeypatch.setattr(deadlines, "ANSWER_SECONDS", 1.0)
    headers = {"X-Forwarded-For": "198.51.100.2"}
    slow = {"expression": "x**" * 300 + "2"}  # takes longer than its deadline

    async def send() -> list[Any]:
        documents = (slow, {"expression": "x**2"})
        return await asyncio.gather(
            *(small._http.post("/v1/symbolic", json=document, headers=headers) for document in documents)
        )

    first, second = small.run(send())
    assertions.assert_problem(first, 422, "too_expensive")
    assertions.assert_problem(second, 429, "overloaded")
