"""``gradserve mcp``: the tools for agents over the standard input and output, answered here or by a server.

The protocol is served at once. JAX and the application are loaded meanwhile, and the first call of a tool waits for
them. Only messages of the protocol go to the standard output: the SDK points it at the standard error for all others.
"""

from __future__ import annotations

import asyncio
import contextlib
import importlib
import importlib.util
import logging
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any

import typer

from app import errors
from app.cli import client, output

if TYPE_CHECKING:
    import httpx

_log = logging.getLogger("gradserve")

_CALLER = "127.0.0.1"
"""Whose requests the calls are: those of a caller have deadlines, those of the service itself have none."""


def serve(url: str | None, key: str | None) -> None:
    """Serve until the standard input ends."""
    if importlib.util.find_spec("mcp") is None:
        typer.echo("gradserve mcp needs gradserve[agents]", err=True)
        raise typer.Exit(output.USAGE)
    logging.basicConfig(level=logging.WARNING)  # to the standard error
    output.run(_serve(url, key))


async def _serve(url: str | None, key: str | None) -> None:
    from app.api.interop.mcp import sdk  # noqa: PLC0415 - loads the SDK

    async with _opened(url, key) as asked:
        await sdk.over_stdio(sdk.make(lambda _: asked))


@contextlib.asynccontextmanager
async def _opened(url: str | None, key: str | None) -> AsyncIterator[_Elsewhere]:
    """Open a client of the service; that of this process in the background."""
    if url is not None:
        async with client.connect(url, key) as service:
            found: asyncio.Future[client.Client] = asyncio.get_running_loop().create_future()
            found.set_result(service)
            yield _Elsewhere(found)
        return
    ready, ended = asyncio.get_running_loop().create_future(), asyncio.Event()

    async def open_here() -> None:
        try:
            await asyncio.to_thread(importlib.import_module, "app.application")
            async with client.connect(workers=True, caller=_CALLER) as service:
                ready.set_result(service)
                await ended.wait()
        except Exception as error:
            if ready.done():
                raise
            _log.error("the service cannot start: %s", error)
            ready.set_exception(errors.Refused(f"the service cannot start: {error}"))

    opening = asyncio.create_task(open_here())
    try:
        yield _Elsewhere(ready)
    finally:
        ended.set()
        await opening


class _Elsewhere:
    """Asks the service behind a client, see ``service.Service``."""

    def __init__(self, opened: asyncio.Future[client.Client]) -> None:
        self._opened = opened
        self._language: dict[str, Any] | None = None

    async def ask(self, path: str, document: dict[str, Any]) -> dict[str, Any]:
        service = await asyncio.shield(self._opened)
        return await _answered(service.post(path, document))

    async def language(self) -> dict[str, Any]:
        service = await asyncio.shield(self._opened)
        if self._language is None:
            self._language = await _answered(service.get("/v1/language"))
        return self._language


async def _answered(response: Any) -> dict[str, Any]:
    """Return the document of a response; a problem document is raised as the error that it is of."""
    try:
        answered: httpx.Response = await response
    except client.ProblemResponse as refused:
        raise _error(refused.document) from None
    document: dict[str, Any] = answered.json()
    return document


def _error(document: dict[str, Any]) -> errors.GradserveError:
    cls = next((each for each in errors.classes() if each.code == document["code"]), errors.Refused)
    if issubclass(cls, errors.Refused):
        return cls(document["detail"])
    error = cls(document["detail"], hint=document.get("hint"), field=document.get("field"))
    position = document.get("position")
    error.position = position and errors.TextPosition(**position)
    return error
