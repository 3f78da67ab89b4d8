"""HTTP client of the service for the command line: of a server, or of the application in this process.

Both get the same requests and give the same answers. A client of a server loads neither JAX nor the application, and a
server, which is started by the command line too, not httpx.
"""

from __future__ import annotations

import asyncio
import re
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import TYPE_CHECKING, Any

import pydantic_core

if TYPE_CHECKING:
    import httpx

_TIMEOUT_SECONDS = 120
_PAUSE_SECONDS = 0.1  # pause in which a server may compile


class BadAddress(Exception):
    """The address of a server is malformed, or the key cannot be sent."""


class ProblemResponse(Exception):
    """The service answered with a problem document, or did not answer: then the status in ``document`` is 0."""

    def __init__(self, document: dict[str, Any]) -> None:
        super().__init__(document["detail"])
        self.document = document


class Client:
    """Posts documents to the service. ``wait_until_idle`` waits for compilations, or a moment if they are not known."""

    def __init__(self, http: httpx.AsyncClient, wait_until_idle: Callable[[], Awaitable[None]]) -> None:
        self._http = http
        self._address = str(http.base_url).rstrip("/")
        self.wait_until_idle = wait_until_idle

    async def post(self, path: str, document: dict[str, Any]) -> httpx.Response:
        """Return the response to a document if its status is 200 or 201, else raise ``ProblemResponse``."""
        headers = {"Content-Type": "application/json"}
        return await self._answered(self._http.post(path, content=_json(document), headers=headers))

    async def get(self, path: str) -> httpx.Response:
        """Return what is at a path, or raise ``ProblemResponse``."""
        return await self._answered(self._http.get(path))

    async def _answered(self, response: Awaitable[httpx.Response]) -> httpx.Response:
        import httpx  # noqa: PLC0415

        try:
            answered = await response
        except httpx.HTTPError as error:
            raise ProblemResponse(_unreachable(f"{self._address} cannot be reached: {error}")) from None
        if answered.status_code not in (200, 201):
            raise ProblemResponse(self._problem(answered))
        return answered

    async def events(
        self, path: str, document: dict[str, Any], tell: Callable[[dict[str, Any]], None]
    ) -> dict[str, Any]:
        """Return the answer to a document that is answered by events; each one before it is given to ``tell``."""
        import httpx  # noqa: PLC0415

        content = _json(document)
        headers = {"Content-Type": "application/json", "Accept": "text/event-stream"}
        name = ""
        try:
            async with self._http.stream("POST", path, content=content, headers=headers) as response:
                if response.status_code != 200:
                    await response.aread()
                    raise ProblemResponse(self._problem(response))
                async for line in response.aiter_lines():
                    field, _, value = line.partition(": ")
                    if field == "event":
                        name = value
                    elif field == "data":
                        found: dict[str, Any] = pydantic_core.from_json(value)
                        if name == "answer":
                            return found
                        if name == "error":
                            raise ProblemResponse(found)
                        tell(found)
        except httpx.HTTPError as error:
            raise ProblemResponse(_unreachable(f"{self._address} cannot be reached: {error}")) from None
        raise ProblemResponse(_unreachable(f"{self._address} ended its answer before it was there"))

    def _problem(self, response: httpx.Response) -> dict[str, Any]:
        try:
            document: dict[str, Any] = response.json()
            required = {"code": str(document["code"]), "detail": str(document["detail"])}
            return {"status": response.status_code} | required | document
        except (ValueError, KeyError, TypeError):
            return _unreachable(f"{self._address} answered {response.status_code} and is no gradserve")


def tier(response: httpx.Response) -> str:
    """Return the tier that computed a response, "interpreted" or "compiled"; "" if it names none."""
    found = re.search(r"detail=(\w+)", response.headers.get("cache-status", ""))
    return found[1] if found else ""


def service_seconds(response: httpx.Response) -> float:
    """Return the time that the service took for a response, as the response says."""
    return sum(map(float, re.findall(r"dur=([\d.]+)", response.headers.get("server-timing", "")))) / 1e3


def connect(
    url: str | None = None, key: str | None = None, *, workers: bool = False, caller: str = ""
) -> AbstractAsyncContextManager[Client]:
    """Open a client of the server at ``url``, or of the application in this process, with compile workers or without.

    Without an address as ``caller`` the requests here are those of the service itself: without deadline and quota.

    Raises:
        BadAddress: ``url`` is not http://host:port or https://host, or ``key`` is not printable ASCII.
    """
    return _server(url, key) if url is not None else _application(workers=workers, caller=caller)


@asynccontextmanager
async def _server(url: str, key: str | None) -> AsyncIterator[Client]:
    if key is not None and not (key.isascii() and key.isprintable()):
        raise BadAddress("a key is printable ASCII")
    import httpx  # noqa: PLC0415

    try:
        base = httpx.URL(url)
    except httpx.InvalidURL:
        base = httpx.URL()
    if base.scheme not in ("http", "https") or not base.host:
        raise BadAddress(f"{url} is not http://HOST:PORT or https://HOST")
    async with httpx.AsyncClient(
        base_url=base,
        headers={"Authorization": f"Bearer {key}"} if key else {},
        timeout=_TIMEOUT_SECONDS,
        verify=ssl.create_default_context() if base.scheme == "https" else False,
        trust_env=False,  # proxies of the environment are not used
    ) as http:
        yield Client(http, lambda: asyncio.sleep(_PAUSE_SECONDS))


@asynccontextmanager
async def _application(*, workers: bool, caller: str) -> AsyncIterator[Client]:
    import httpx  # noqa: PLC0415

    # Imported here because it loads JAX, which takes seconds.
    from app import application  # noqa: PLC0415
    from app.environment import read  # noqa: PLC0415

    app = application.create_app(read().for_one_user())
    engine = app.state.services.engine
    transport = httpx.ASGITransport(app, client=(caller, 0))
    try:
        if workers:
            await engine.start()
        async with httpx.AsyncClient(transport=transport, base_url="http://here") as http:
            yield Client(http, engine.executables.wait_until_idle)
    finally:
        await engine.close()


def _json(document: dict[str, Any]) -> bytes:
    """Return a document as JSON; ``UnicodeError`` for words of a command that are no UTF-8."""
    try:
        return pydantic_core.to_json(document, inf_nan_mode="strings")
    except pydantic_core.PydanticSerializationError as error:
        raise UnicodeError(str(error)) from None


def _unreachable(detail: str) -> dict[str, Any]:
    return {"status": 0, "code": "unreachable", "detail": detail}
