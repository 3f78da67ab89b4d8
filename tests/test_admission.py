"""Hard work is bounded, for all and for each, and what is cheap does not wait for it."""

import asyncio
import json
import threading
import time
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app import admission, cache, engine, errors, interpreter
from app.protocols import body
from app.settings import Settings
from tests import laws
from tests.service import Client, serving

Result = TypeVar("Result")


@contextmanager
def caller(name: str) -> Iterator[None]:
    token = admission.CALLER.set(name)
    try:
        yield
    finally:
        admission.CALLER.reset(token)


def with_pool(
    use: Callable[[admission.Pool], Coroutine[Any, Any, Result]], *, threads: int = 1, places: int = 4
) -> Result:
    async def run() -> Result:
        pool = admission.Pool(threads, places, "test")
        try:
            return await use(pool)
        finally:
            pool.shutdown()

    return asyncio.run(run())


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(30):
        while not condition():  # noqa: ASYNC110 - there is no event for it
            await asyncio.sleep(0.005)


def long_text(n: int) -> str:
    return " + ".join(f"sin({i}.5*x + {n})*y" for i in range(400))


@given(st.lists(st.tuples(st.sampled_from("abc"), st.booleans()), max_size=60), st.integers(1, 8))
def test_a_room_never_holds_more_than_its_places_nor_half_of_them_for_one(
    moves: list[tuple[str, bool]], places: int
) -> None:
    room, inside = admission.Room(places, "full"), dict.fromkeys("abc", 0)
    for name, enters in moves:
        if enters:
            allowed = sum(inside.values()) < places and inside[name] < max(1, places // 2)
            if allowed:
                room.enter(name)
                inside[name] += 1
            else:
                with pytest.raises(errors.Overloaded, match="full"):
                    room.enter(name)
        elif inside[name]:
            room.leave(name)
            inside[name] -= 1
        assert len(room) == sum(inside.values())


def test_work_in_a_pool_gives_what_it_returns_and_raises_what_it_raises() -> None:
    async def use(pool: admission.Pool) -> int:
        with pytest.raises(errors.BadShape):
            await pool.run(lambda: (_ for _ in ()).throw(errors.BadShape("no")))
        return await pool.run(lambda: 7)

    assert with_pool(use) == 7


def test_who_comes_when_the_line_is_full_is_told_when_to_come_again() -> None:
    async def use(pool: admission.Pool) -> None:
        stop = threading.Event()
        inside = [asyncio.ensure_future(pool.run(stop.wait)) for _ in range(5)]  # one at work, four in line
        await asyncio.sleep(0)
        with pytest.raises(errors.Overloaded) as refused:
            await pool.run(stop.wait)
        assert refused.value.retry_after_seconds >= 1
        stop.set()
        await asyncio.gather(*inside)
        assert await pool.run(lambda: 1) == 1

    with_pool(use)


def test_who_gets_no_turn_in_time_is_told_to_come_again_and_what_is_under_way_is_finished(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(admission, "PATIENCE_SECONDS", 0.05)

    async def use(pool: admission.Pool) -> None:
        stop = threading.Event()
        admission.CALLER.set("somebody")
        first = asyncio.ensure_future(pool.run(stop.wait))
        await asyncio.sleep(0)
        with pytest.raises(errors.Overloaded) as refused:
            await pool.run(lambda: 7)
        assert refused.value.retry_after_seconds >= 1
        assert not first.done()
        stop.set()
        assert await first
        await until(lambda: not len(pool))
        assert await pool.run(lambda: 7) == 7

    with_pool(use)


def test_work_that_takes_too_long_is_given_up_and_its_place_is_taken_until_it_ends(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(admission, "PATIENCE_SECONDS", 0.02)
    monkeypatch.setattr(admission, "ANSWER_SECONDS", 0.1)

    async def use(pool: admission.Pool) -> None:
        stop = threading.Event()
        admission.CALLER.set("somebody")
        with pytest.raises(errors.TooExpensive):
            await pool.run(stop.wait)
        assert len(pool) == 1
        stop.set()
        await until(lambda: not len(pool))
        assert await pool.run(lambda: 7) == 7

    with_pool(use)


def test_who_needs_a_program_that_is_being_made_is_told_to_come_again(small: Client) -> None:
    served: engine.Engine = small.app.state.engine
    assert isinstance(served._late(), errors.TooExpensive)
    lock = served.programs["float32"]._compiling.setdefault(interpreter.AHEAD[0], threading.Lock())
    with lock:
        late = served._late()
    assert isinstance(late, errors.Overloaded)
    assert late.retry_after_seconds > 1


def test_formulae_that_get_no_turn_in_time_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(admission, "PATIENCE_SECONDS", 0.2)
    slow = {"expression": "x**" * 300 + "2"}  # until its deadline

    with serving(Settings()) as client:
        first, second = client.together([slow, {"expression": "x**2"}], "/v1/symbolic")
    laws.assert_problem(first, 422, "too_expensive")
    laws.assert_problem(second, 429, "overloaded")


def test_one_caller_cannot_fill_the_line() -> None:
    async def use(pool: admission.Pool) -> None:
        stop = threading.Event()
        with caller("greedy"):
            inside = [asyncio.ensure_future(pool.run(stop.wait)) for _ in range(3)]
            await asyncio.sleep(0)
            with pytest.raises(errors.Overloaded):
                await pool.run(stop.wait)
        with caller("other"):
            inside.append(asyncio.ensure_future(pool.run(stop.wait)))
            await asyncio.sleep(0)
        stop.set()
        await asyncio.gather(*inside)

    with_pool(use, threads=2, places=4)


def test_who_goes_away_leaves_the_line_and_what_has_begun_keeps_its_place_till_it_ends() -> None:
    async def use(pool: admission.Pool) -> None:
        stop, begun = threading.Event(), threading.Event()

        def work() -> None:
            begun.set()
            stop.wait()

        first = asyncio.ensure_future(pool.run(work))
        await until(begun.is_set)
        second = asyncio.ensure_future(pool.run(stop.wait))
        await asyncio.sleep(0)
        assert len(pool) == 2
        first.cancel()
        second.cancel()
        await asyncio.gather(first, second, return_exceptions=True)
        assert len(pool) == 1
        stop.set()
        await until(lambda: len(pool) == 0)

    with_pool(use)


def test_a_budget_is_drawn_down_and_fills_again() -> None:
    budget = admission.Budget(600.0)
    with caller("a"):
        budget.check()
        budget.pay(600.5)
        with pytest.raises(errors.Overloaded) as refused:
            budget.check()
        assert refused.value.retry_after_seconds >= 1
        deadline = time.monotonic() + 30
        while budget.left("a") <= 0:
            assert time.monotonic() < deadline
            time.sleep(0.01)
        budget.check()
    with caller("b"):
        budget.check()


@given(st.lists(st.floats(0, 100), max_size=20))
def test_a_budget_never_holds_more_than_a_minute_of_it(payments: list[float]) -> None:
    budget = admission.Budget(10.0)
    with caller("a"):
        for seconds in payments:
            before = budget.left("a")
            budget.pay(seconds)
            assert before - seconds <= budget.left("a") <= 10.0


def test_the_service_itself_owes_nobody() -> None:
    budget = admission.Budget(1.0)
    budget.pay(1e9)
    budget.check()


def test_budgets_of_those_who_are_gone_are_forgotten() -> None:
    budget = admission.Budget(1.0)
    for n in range(admission._CALLERS + 100):
        with caller(str(n)):
            budget.pay(2.0)
    assert len(budget._levels) == admission._CALLERS
    assert budget.left("0") == 1.0
    assert budget.left(str(admission._CALLERS + 99)) < 0


def test_making_that_nobody_wants_and_that_has_not_begun_is_given_up() -> None:
    async def run() -> None:
        held: cache.Cache[str, int] = cache.Cache(8)
        ended: list[str] = []

        async def make() -> int:
            try:
                await asyncio.sleep(60)
            except asyncio.CancelledError:
                ended.append("given up")
                raise
            return 1

        askers = [asyncio.ensure_future(held.get_or_make("a", make, begun=lambda: False)) for _ in range(2)]
        await asyncio.sleep(0)
        askers[0].cancel()
        await asyncio.sleep(0.01)
        assert not ended
        askers[1].cancel()
        await until(lambda: ended)
        await until(lambda: not held.making)

    asyncio.run(run())


@pytest.fixture(scope="module")
def small() -> Iterator[Client]:
    with serving(Settings(threads=1, queue=2)) as client:
        yield client


@contextmanager
def busy(client: Client) -> Iterator[None]:
    """Keep the only thread for lengthy work at work."""
    stop, begun = threading.Event(), threading.Event()

    def work() -> None:
        begun.set()
        stop.wait()

    async def start() -> asyncio.Future[None]:
        with caller(""):
            lengthy: admission.Pool = client.app.state.engine.lengthy
        with caller(""):  # not on the account of who asked last
            task = asyncio.ensure_future(lengthy.run(work))
            await asyncio.sleep(0)
        await until(begun.is_set)
        return task

    async def end(task: asyncio.Future[None]) -> None:
        await task

    task = client.run(start())
    try:
        yield
    finally:
        stop.set()
        client.run(end(task))


def test_what_is_cheap_is_answered_while_what_is_expensive_waits(small: Client) -> None:
    document = {"expression": "x**2*y", "point": [3.0, 1.0], "argnums": [0, 1]}
    small.answer(document, "/v1/hessian")  # the first of its kind makes a program
    with busy(small):
        answer = small.answer({"expression": "x**2 + cos(y)", "point": [3.0, 0.0]})
        assert answer["gradient"] == 6.0
        assert small.answer(document, "/v1/hessian")["hessian"] == [[2.0, 6.0], [6.0, 0.0]]


def test_beyond_the_line_expensive_requests_get_a_429_and_the_rest_their_answer(small: Client) -> None:
    documents = [{"expression": long_text(n), "point": {"x": 0.5, "y": 2.0}, "argnums": "y"} for n in range(8)]

    async def ask() -> list[Any]:
        return await asyncio.gather(*(small._http.post("/v1/grad", json=document) for document in documents))

    with busy(small):

        async def later() -> list[Any]:
            task = asyncio.ensure_future(ask())
            await until(lambda: len(small.app.state.engine.lengthy) >= 2)
            await asyncio.sleep(0.2)
            return [task]

        (task,) = small.run(later())

    async def finish() -> Any:
        return await task

    responses = small.run(finish())
    refused = [response for response in responses if response.status_code == 429]
    answered = [response for response in responses if response.status_code == 200]
    assert len(refused) + len(answered) == 8
    assert answered
    assert refused
    for response in refused:
        laws.assert_problem(response, 429, "overloaded")


class Leaving:
    """A client over bare ASGI that sends a request and goes away when told to."""

    def __init__(self, client: Client, path: str, document: dict[str, Any]) -> None:
        self._client = client
        self._body = json.dumps(document).encode()
        self._scope = {
            "type": "http",
            "method": "POST",
            "path": path,
            "headers": [(b"content-type", b"application/json")],
            "client": ("192.0.2.1", 1),
            "query_string": b"",
        }
        self._sent = False
        self.gone = asyncio.Event()
        self.statuses: list[int] = []

    async def _receive(self) -> dict[str, Any]:
        if not self._sent:
            self._sent = True
            return {"type": "http.request", "body": self._body, "more_body": False}
        await self.gone.wait()
        return {"type": "http.disconnect"}

    async def _send(self, message: Any) -> None:
        if message["type"] == "http.response.start":
            self.statuses.append(message["status"])

    async def ask(self) -> None:
        await self._client.app(self._scope, self._receive, self._send)


def test_a_client_that_goes_away_frees_its_place(small: Client) -> None:
    document = {"expression": long_text(100), "point": {"x": 0.5, "y": 2.0}}

    async def run() -> None:
        leaving = Leaving(small, "/v1/grad", document)
        asking = asyncio.ensure_future(leaving.ask())
        lengthy = small.app.state.engine.lengthy
        await until(lambda: len(lengthy) == 2)
        leaving.gone.set()
        await until(lambda: len(lengthy) == 1)
        await asking
        assert leaving.statuses == [408]

    with busy(small):
        small.run(run())
    assert small.post(document).status_code == 200


def test_a_client_that_stays_gets_its_answer_whoever_else_goes_away(small: Client) -> None:
    document = {"expression": long_text(200), "point": {"x": 0.5, "y": 2.0}}

    async def begin() -> tuple[Leaving, asyncio.Future[None], asyncio.Future[None]]:
        leaving, staying = (Leaving(small, "/v1/grad", document) for _ in range(2))
        tasks = [asyncio.ensure_future(each.ask()) for each in (leaving, staying)]
        await until(lambda: len(small.app.state.engine.lengthy) == 2)
        leaving.gone.set()
        await tasks[0]
        return staying, tasks[0], tasks[1]

    async def end(task: asyncio.Future[None]) -> None:
        await task

    with busy(small):
        staying, _, task = small.run(begin())
    small.run(end(task))
    assert staying.statuses == [200]


def test_bodies_together_take_no_more_memory_than_they_may() -> None:
    large = json.dumps({"expression": "x**2", "point": [3.0], "args": ["x"]}).encode().ljust(700_000)
    scope = {
        "type": "http",
        "method": "POST",
        "path": "/v1/grad",
        "headers": [(b"content-type", b"application/json")],
        "client": ("192.0.2.1", 1),
        "query_string": b"",
    }

    async def run(client: Client) -> list[int]:
        statuses, gone = [], asyncio.Event()

        async def half() -> Any:
            if not gone.is_set() and not half_sent:
                half_sent.append(True)
                return {"type": "http.request", "body": large, "more_body": True}
            await gone.wait()
            return {"type": "http.disconnect"}

        async def whole() -> Any:
            return {"type": "http.request", "body": large, "more_body": False}

        async def send(message: Any) -> None:
            if message["type"] == "http.response.start":
                statuses.append(message["status"])

        half_sent: list[bool] = []
        slow = asyncio.ensure_future(client.app(dict(scope), half, send))
        await until(lambda: half_sent)
        await asyncio.sleep(0.01)
        await client.app(dict(scope), whole, send)
        gone.set()
        await slow
        await client.app(dict(scope), whole, send)
        return statuses

    with serving(Settings(max_body_bytes=1_000_000, max_bodies_bytes=1_000_000)) as client:
        assert client.run(run(client)) == [429, 408, 200]


def test_formulae_beyond_the_budget_get_a_429_and_functions_stay_interpreted() -> None:
    with serving(Settings(compile_seconds_per_minute=0.001)) as client:
        statuses = []
        for n in range(3):
            response = client.post({"expression": f"sin(x)**{n + 2}"}, "/v1/symbolic")
            statuses.append(response.status_code)
        assert statuses == [200, 429, 429]
        laws.assert_problem(response, 429, "overloaded")
        served: engine.Engine = client.app.state.engine
        for _ in range(400):
            answer = client.post({"expression": "x**3 + 8.5*cos(x)*x", "point": [2.0]})
            assert answer.status_code == 200
            client.run(served.library.settle())
        assert "interpreted" in answer.headers["cache-status"]


def test_a_coroutine_run_up_to_where_it_waits_is_cancelled_like_any_other() -> None:
    async def run() -> list[str]:
        seen = []

        async def work() -> None:
            try:
                await asyncio.sleep(60)
            except asyncio.CancelledError:
                seen.append("cancelled")
                raise

        async def wait() -> None:
            await body.Started(work())

        task = asyncio.ensure_future(wait())
        await asyncio.sleep(0.01)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        return seen

    assert asyncio.run(run()) == ["cancelled"]
