"""The application in this process, a client that sends it requests, and its engine, for synchronous tests.

The engine belongs to one event loop, so an application keeps its loop from start to stop.
"""

import asyncio
from collections.abc import Coroutine, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any, TypeVar

import httpx
import pytest
from fastapi import FastAPI

from app.application import create_app
from app.engine import engine, query
from app.engine.workers import pool
from app.settings import Settings
from tests.support import assertions, programs

Result = TypeVar("Result")
JSON = {"Content-Type": "application/json"}


class Client:
    """Sends requests to the application over ASGI, without a network.

    Args:
        app: the application, started.
        runner: the event loop it lives on.
        raise_errors: whether an exception that no handler expects ends the test.
    """

    def __init__(self, app: FastAPI, runner: asyncio.Runner, *, raise_errors: bool = True) -> None:
        self.app = app
        self._runner = runner
        self._http = httpx.AsyncClient(
            transport=httpx.ASGITransport(app, raise_app_exceptions=raise_errors), base_url="http://service"
        )

    def run(self, coroutine: Coroutine[Any, Any, Result]) -> Result:
        return self._runner.run(coroutine)

    def request(self, method: str, path: str, **options: Any) -> httpx.Response:
        return self.run(self._http.request(method, path, **options))

    def get(self, path: str, **options: Any) -> httpx.Response:
        return self.request("GET", path, **options)

    def post(self, document: Any, path: str = "/v1/grad", **headers: str) -> httpx.Response:
        """Post a document; bytes go as they are."""
        content = {"content": document} if isinstance(document, bytes) else {"json": document}
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.request("POST", path, **content, headers=JSON | named)

    def together(self, documents: Sequence[Any], path: str = "/v1/grad") -> list[httpx.Response]:
        """Post documents at the same time."""

        async def gather() -> list[httpx.Response]:
            return await asyncio.gather(*(self._http.post(path, json=document) for document in documents))

        return self.run(gather())

    def grad(self, expression: str, point: Any, **fields: Any) -> dict[str, Any]:
        """Return the answer of a request that must succeed."""
        return self.answer({"expression": expression, "point": point, **fields})

    def answer(self, document: Mapping[str, Any], path: str = "/v1/grad") -> dict[str, Any]:
        response = self.post(document, path)
        assert response.status_code == 200, response.text
        assert response.headers["content-type"] == "application/json"
        answer: dict[str, Any] = assertions.strict_json(response.content)
        return answer


class SyncEngine:
    """The engine of a running application, which answers one query at a time."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self.engine: engine.Engine = client.app.state.services.engine

    def grad(self, expression: str, point: Any, argnums: Any = 0, **fields: Any) -> query.Answer:
        asked = query.Query("grad", expression, point, argnums=argnums, **fields)
        return self._client.run(self.engine.answer(asked))

    def answer(self, transform: str, expression: str, point: Any, **fields: Any) -> query.Answer:
        return self._client.run(self.engine.answer(query.Query(transform, expression, point, **fields)))

    def wait_until_idle(self) -> None:
        self._client.run(self.engine.wait_until_idle())

    def value(self, expression: str, point: Any, **fields: Any) -> Any:
        return self._client.run(self.engine.answer(query.Query("value", expression, point, **fields))).value

    def gradients(self, expression: str, point: Sequence[Any], **fields: Any) -> Any:
        """Return the gradient by every argument."""
        return self.grad(expression, list(point), list(range(len(point))), **fields).derivative


@contextmanager
def without_workers() -> Iterator[None]:
    """Start no compile workers; what needs them fails."""

    async def refuse(*_: Any) -> bytes:
        raise AssertionError("this test starts no compile workers")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pool.Workers, "start", lambda _: None)
        patch.setattr(pool.Workers, "_do", refuse)
        yield


@contextmanager
def serving(settings: Settings | None = None, *, raise_errors: bool = True, workers: bool = True) -> Iterator[Client]:
    """Start an application, its lifespan run, and stop it.

    Args:
        settings: the defaults if not given.
        raise_errors: whether an exception that no handler expects ends the test.
        workers: whether it has compile workers: processes that take five seconds of CPU time to start.
    """
    settings = settings or Settings()
    if settings.cache_dir:
        programs.copy_to(Path(settings.cache_dir).expanduser())
    with asyncio.Runner() as runner, nullcontext() if workers else without_workers():
        app = create_app(settings)
        lifespan = app.router.lifespan_context(app)

        async def start() -> None:
            await lifespan.__aenter__()

        async def stop() -> None:
            await lifespan.__aexit__(None, None, None)

        runner.run(start())
        try:
            yield Client(app, runner, raise_errors=raise_errors)
        finally:
            runner.run(stop())
