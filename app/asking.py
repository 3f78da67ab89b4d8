"""A request document to its answer, from an engine in this process or from a server: what the command line asks.

Both take the documents of the REST protocol and give its answers, byte for byte.
"""

from __future__ import annotations

import asyncio
import http.client
import json
import re
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Protocol
from urllib.parse import SplitResult, urlsplit

import pydantic_core

from app import compiler, engine, errors
from app.protocols import body, exchange, functions, problem, symbolic, v1
from app.settings import Settings

_TIMEOUT_SECONDS = 120


class BadAddress(Exception):
    """The address of a server is none, or its key."""


class Refused(Exception):
    """The request got a problem document instead of an answer.

    Args:
        document: it, with a status of 0 if there was no server.
    """

    def __init__(self, document: dict[str, Any]) -> None:
        super().__init__(document["detail"])
        self.document = document


@dataclass(frozen=True, slots=True)
class Found:
    """An answer.

    Attributes:
        content: JSON.
        tier: "interpreted", "compiled", or "" where there are none.
        seconds: the service took for it, by its own account.
    """

    content: bytes
    tier: str
    seconds: float

    @classmethod
    def of(cls, content: bytes, headers: dict[str, str]) -> Found:
        """Return an answer whose headers are as the service writes them."""
        tier = re.search(r"detail=(\w+)", headers.get("cache-status", ""))
        steps = re.findall(r"dur=([\d.]+)", headers.get("server-timing", ""))
        return cls(content, tier[1] if tier else "", sum(map(float, steps)) / 1e3)

    @property
    def document(self) -> dict[str, Any]:
        """The answer, decoded."""
        document: dict[str, Any] = json.loads(self.content)
        return document


class Asker(Protocol):
    """Answers documents."""

    async def ask(self, path: str, document: dict[str, Any]) -> Found: ...

    async def settle(self) -> None: ...


class Here:
    """Answers in this process.

    Args:
        served: the engine.
    """

    def __init__(self, served: engine.Engine) -> None:
        self._served = served
        self._operations = v1.operations() | {
            "/v1/symbolic": exchange.Operation.of(symbolic.symbolic),
            "/v1/functions": exchange.Operation.of(functions.register),
        }

    async def ask(self, path: str, document: dict[str, Any]) -> Found:
        """Answer a document.

        Raises:
            Refused: the request is at fault.
        """
        operation = self._operations[path]
        try:
            query = await body.decode(operation.model, _encoded(document))
            reply = await operation.answer(query, self._served, *[""] * bool(operation.needs))
        except errors.GradserveError as error:
            raise Refused(problem.body(error)) from None
        headers = {name.decode(): value.decode() for name, value in reply.headers}
        return Found.of(reply.content, headers)

    async def settle(self) -> None:
        """Wait until nothing is being compiled."""
        await self._served.library.settle()


class There:
    """Answers at a server, over one connection that is kept.

    Args:
        url: http://host:port or https://host, perhaps with a path before /v1.
        key: sent as a bearer token, if any.

    Raises:
        BadAddress: it is not one, or the key cannot be sent.
    """

    def __init__(self, url: str, key: str | None = None) -> None:
        if key is not None and not (key.isascii() and key.isprintable()):
            raise BadAddress("a key is printable ASCII")
        parts, port = _parts(url)
        assert parts.hostname is not None
        self._prefix = parts.path.rstrip("/")
        self._url = url
        self._headers = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {key}"} if key else {})
        self._connection: http.client.HTTPConnection
        if parts.scheme == "https":
            context = ssl.create_default_context()
            self._connection = http.client.HTTPSConnection(
                parts.hostname, port, timeout=_TIMEOUT_SECONDS, context=context
            )
        else:
            self._connection = http.client.HTTPConnection(parts.hostname, port, timeout=_TIMEOUT_SECONDS)

    async def ask(self, path: str, document: dict[str, Any]) -> Found:
        """Answer a document.

        Raises:
            Refused: the request is at fault, or the server.
        """
        return await asyncio.to_thread(self._post, path, _encoded(document))

    async def settle(self) -> None:
        """Give the server a moment to compile."""
        await asyncio.sleep(0.1)

    def close(self) -> None:
        """Let the connection go."""
        self._connection.close()

    def _post(self, path: str, content: bytes) -> Found:
        try:
            self._connection.request("POST", self._prefix + path, content, self._headers)
            response = self._connection.getresponse()
            answer = response.read()
        except (OSError, http.client.HTTPException) as error:
            self._connection.close()
            raise Refused(_unreachable(f"{self._url} cannot be reached: {error}")) from None
        if response.status not in (200, 201):
            raise Refused(self._problem(response.status, answer))
        return Found.of(answer, {name.lower(): value for name, value in response.getheaders()})

    def _problem(self, status: int, answer: bytes) -> dict[str, Any]:
        try:
            document: dict[str, Any] = json.loads(answer)
            return {"status": status, "code": str(document["code"]), "detail": str(document["detail"])} | document
        except (ValueError, KeyError, TypeError):
            return _unreachable(f"{self._url} answered {status} and is no gradserve")


def _parts(url: str) -> tuple[SplitResult, int | None]:
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        parts, port = SplitResult("", "", "", "", ""), None
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise BadAddress(f"{url} is not http://HOST:PORT or https://HOST")
    return parts, port


def _encoded(document: dict[str, Any]) -> bytes:
    return pydantic_core.to_json(document, inf_nan_mode="strings")


def _unreachable(detail: str) -> dict[str, Any]:
    return {"status": 0, "code": "unreachable", "detail": detail}


@asynccontextmanager
async def asking(url: str | None = None, key: str | None = None, *, workers: bool = False) -> AsyncIterator[Asker]:
    """Ask a server, or without one an engine made for it.

    Args:
        url: the server's.
        key: for it.
        workers: whether what is asked needs compile workers.
    """
    if url is not None:
        there = There(url, key)
        try:
            yield there
        finally:
            there.close()
        return
    compiler.configure()
    settings = Settings()
    served = engine.Engine(engine.Options(limits=settings.engine_limits(), kept=settings.opened_store()))
    try:
        if workers:
            await served.start()
        yield Here(served)
    finally:
        await served.close()
