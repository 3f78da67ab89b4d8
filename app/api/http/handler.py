"""One request to one reply, below any web framework: the hot lane and the routes both answer through ``Handler``.

A client that asks about one function again and again sends the same bytes but for the point. ``Handler`` keeps what
such a request was prepared into, by its bytes around the point, and answers the next one without reading it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Hashable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import pydantic
from starlette.types import Receive, Scope

from app import errors
from app.api.http import body, context, problem, repeated_requests, replies
from app.engine import engine
from app.runtime import cache

_REPEATS_WEIGHT = 200_000
"""Operations of all functions that repeated requests keep in memory, whether or not their plans are still cached."""


Answer = Callable[[Any, engine.Engine, str], Coroutine[Any, Any, replies.Reply]]


@dataclass(frozen=True, slots=True, eq=False)
class Operation:
    """One operation of a protocol."""

    model: type[pydantic.BaseModel]  # of the request's body
    answer: Answer  # called with the decoded body, the engine, and what ``needs`` names
    needs: Literal["", "function_id", "owner"] = ""  # the id in the path, or who sends the request


class OperationTable:
    """Operations by path, in which ``{function_id}`` stands for any segment."""

    def __init__(self, operations: Mapping[str, Operation]) -> None:
        self._plain = {path: operation for path, operation in operations.items() if "{" not in path}
        self._by_id = {path: operation for path, operation in operations.items() if "{" in path}

    def find(self, path: str) -> tuple[Operation, str] | None:
        """Return the operation of a path, and the function id in it."""
        operation = self._plain.get(path)
        if operation is not None:
            return operation, ""
        before, _, name = path.rpartition("/")
        before, _, function_id = before.rpartition("/")
        operation = self._by_id.get(f"{before}/{{function_id}}/{name}")
        return None if operation is None else (operation, function_id)

    def route(self, path: str) -> str:
        """Return the path of an operation's route, given one that ``find`` finds."""
        if path in self._plain:
            return path
        before, _, name = path.rpartition("/")
        return f"{before.rpartition('/')[0]}/{{function_id}}/{name}"


def owner(scope: Scope) -> str:
    """Return the caller of a request, whose functions are listed for it: a key, or an address."""
    return context.of(scope).caller


class Handler:
    """Answers the requests of one application."""

    def __init__(self, served: engine.Engine, limits: body.RequestLimits) -> None:
        self._engine = served
        self._limits = limits
        self._repeats: cache.LruDict[Hashable, replies.RepeatedRequest] = cache.LruDict(
            _REPEATS_WEIGHT, lambda repeated: repeated.weight
        )

    async def perform(
        self, operation: Operation, named: str, headers: replies.Headers, receive: Receive
    ) -> replies.Reply:
        """Read a request and answer it; an error becomes a problem document.

        ``named`` is what the operation ``needs``.
        """
        try:
            raw = await body.receive(headers, receive, self._limits)
            prepared = self._prepare_repeated(operation, named, raw)
            if prepared is None:
                return await _answer_unless_gone(self._answer(operation, named, raw), receive)
            prepared.run()
            return prepared.reply()
        except errors.GradserveError as error:
            return problem.refusal(error)

    def prepare(
        self, operation: Operation, named: str, headers: replies.Headers, raw: bytes
    ) -> replies.PreparedRequest | None:
        """Return a complete request ready to be computed, or None if that may have to wait."""
        body.check_headers(headers, self._limits)
        return self._prepare_repeated(operation, named, raw)

    def _prepare_repeated(self, operation: Operation, named: str, raw: bytes) -> replies.PreparedRequest | None:
        around, text = repeated_requests.split(raw)
        repeated = self._repeats.get((operation, named, *around)) if text else None
        point = repeated_requests.numbers(text) if repeated is not None else None
        return None if repeated is None or point is None else repeated.prepare(point)

    async def _answer(self, operation: Operation, named: str, raw: bytes) -> replies.Reply:
        document = await body.decode(operation.model, raw, self._limits)
        reply = await operation.answer(document, self._engine, named)
        if reply.repeated is not None and repeated_requests.splits(raw):
            around, _ = repeated_requests.split(raw)
            self._repeats[operation, named, *around] = reply.repeated
        return reply


async def _answer_unless_gone(answer: Coroutine[Any, Any, replies.Reply], receive: Receive) -> replies.Reply:
    """Return an answer; cancel it and raise ``errors.RequestTimeout`` if the client disconnects."""
    started = body.Started(answer)
    if started.result is not None:
        return started.result
    task = asyncio.current_task()
    assert task is not None
    gone = False

    async def watch() -> None:
        nonlocal gone
        if (await receive())["type"] == "http.disconnect":
            gone = True
            task.cancel()

    watching = asyncio.ensure_future(watch())
    try:
        return await started
    except asyncio.CancelledError:
        if gone and not task.uncancel():
            raise errors.RequestTimeout("the client went away before the answer was there") from None
        raise
    finally:
        watching.cancel()
