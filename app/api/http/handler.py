"""One request to one reply, below any web framework: the hot lane and the routes both answer through ``Handler``.

A client that asks about one function again and again sends the same bytes but for the point. ``Handler`` keeps what
such a request was prepared into, by its bytes around the point, and answers the next one without reading it.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Coroutine, Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import pydantic
from starlette.types import Receive, Scope

from app import errors
from app.api.http import body, context, event_stream, problem, repeated_requests, replies
from app.engine import engine
from app.runtime import cache, queue

_REPEATS_WEIGHT = 200_000
"""Operations of all functions that repeated requests keep in memory, whether or not their plans are still cached."""

_PROMPT_SECONDS = 1e-3  # expected; up to this, a request is answered where its bytes arrive
_PROMPT_BYTES = 1 << 16  # up to so many of its point are read there: half a millisecond
_SMALL_BYTES = 1 << 10  # up to this, a request for a function that is not compiled is read there: half a millisecond

Answer = Callable[[Any, engine.Engine, str], Coroutine[Any, Any, replies.Reply]]
AsText = Callable[[replies.Reply], replies.Reply]
AtOnce = Callable[[Any, engine.Engine, str], replies.PreparedRequest | None]
Stream = Callable[[Any, engine.Engine, str], AsyncIterator[event_stream.Event]]


@dataclass(frozen=True, slots=True, eq=False)
class Operation:
    """One operation of a protocol."""

    model: type[pydantic.BaseModel]  # of the request's body
    answer: Answer  # called with the decoded body, the engine, and what ``needs`` names
    needs: Literal["", "function_id", "owner"] = ""  # the id in the path, or who sends the request
    stream: Stream | None = None  # as ``answer``, for a client that wants the answer in parts
    as_text: AsText | None = None  # for a client that wants plain text: the reply in place of one that is JSON
    at_once: AtOnce | None = None  # called with body, engine and caller; returns what can be computed without waiting


def on_function(
    by_text: type[pydantic.BaseModel],
    by_id: type[pydantic.BaseModel],
    answer: Callable[[Any, Any, Any, engine.Engine, Any], Coroutine[Any, Any, replies.Reply]],
    as_text: AsText | None = None,
) -> tuple[Operation, Operation]:
    """Return the operations on a function whose text is in the request, and on a registered one.

    ``answer`` is called with the decoded body, the text, the names of the arguments, the engine, and the binding to
    data, None without; ``as_text`` is that of the operations.
    """

    async def answer_text(request: Any, served: engine.Engine, _: str) -> replies.Reply:
        return await answer(request, request.text, request.args, served, None)

    async def answer_id(request: Any, served: engine.Engine, function_id: str) -> replies.Reply:
        entry = await served.registry.entry(function_id)
        return await answer(request, entry.expression, entry.args, served, entry.binding)

    return (
        Operation(by_text, answer_text, as_text=as_text),
        Operation(by_id, answer_id, needs="function_id", as_text=as_text),
    )


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

    def __init__(self, served: engine.Engine, limits: body.RequestLimits, *, keyed: bool = False) -> None:
        self._engine = served
        self._keyed = keyed  # then what one caller may ask another may not
        self._limits = limits
        self._repeats: cache.LruDict[Hashable, repeated_requests.Repeated] = cache.LruDict(
            _REPEATS_WEIGHT, lambda repeated: repeated.weight
        )
        # What was around the point of the latest hot request, and whether the point was an array.
        self._latest: dict[Operation, tuple[tuple[bytes, ...], bool]] = {}

    async def perform(
        self, operation: Operation, named: str, headers: replies.Headers, receive: Receive
    ) -> replies.Reply:
        """Read a request and answer it; an error becomes a problem document.

        ``named`` is what the operation ``needs``.
        """
        try:
            raw = await body.receive(headers, receive, self._limits)
            return await _answer_unless_gone(self._answer(operation, named, raw), receive)
        except errors.GradserveError as error:
            return problem.refusal(error)

    async def ask(self, operation: Operation, named: str, raw: bytes, receive: Receive) -> replies.Reply:
        """Answer a request whose body did not come as one; raise what is wrong with it."""
        return await _answer_unless_gone(self._answer(operation, named, raw), receive)

    async def stream(
        self, operation: Operation, named: str, headers: replies.Headers, receive: Receive
    ) -> replies.Reply | event_stream.EventStream:
        """Read a request and begin its answer in parts; an error before the first becomes a problem document."""
        assert operation.stream is not None
        try:
            document = await body.decode(
                operation.model, await body.receive(headers, receive, self._limits), self._limits
            )
            return await event_stream.EventStream.begin(operation.stream(document, self._engine, named))
        except errors.GradserveError as error:
            return problem.refusal(error)

    def prepare(self, operation: Operation, named: str, raw: bytes, caller: str = "") -> replies.PreparedRequest | None:
        """Return a complete request ready to be computed, or None if that may have to wait.

        Its headers have been checked (``body.check_headers``).
        """
        if len(raw) > self._limits.max_body_bytes:
            return None
        latest = self._latest.get(operation)
        again = None if latest is None else repeated_requests.split_again(raw, latest[0], is_listed=latest[1])
        taken = again or repeated_requests.split(raw)
        who = caller if self._keyed else ""
        repeated = None if taken is None else self._repeats.get((operation, named, who, *taken.around))
        if taken is None or repeated is None or repeated.request.seconds > _PROMPT_SECONDS:
            return None
        self._latest[operation] = taken.around, repeated.is_listed
        point = repeated.short_point(raw, taken.places)
        if point is None:
            found = repeated.match(raw, taken.places)
            point = repeated.point(found) if found.unread <= _PROMPT_BYTES else None
        prepared = None if point is None else repeated.request.prepare(point)
        return prepared if prepared is not None and prepared.seconds <= _PROMPT_SECONDS else None

    def prepare_at_once(self, operation: Operation, raw: bytes, caller: str) -> replies.PreparedRequest | None:
        """Return a complete request whose function is new, or not compiled, ready to be computed.

        None if that may have to wait, or if it may be at fault. Its headers have been checked.
        """
        # A name may have two spellings where there are such escapes: ``json_stream`` reads the body twice, then.
        if operation.at_once is None or len(raw) > _SMALL_BYTES or b"\\u" in raw:
            return None
        document = body.Started(body.decode(operation.model, raw, self._limits)).result
        return None if document is None else operation.at_once(document, self._engine, caller)

    def run_together(self, pending: Sequence[replies.PreparedRequest]) -> None:
        """Compute what several requests have in common; ``run`` of each computes the rest."""
        self._engine.together.run([each.prepared for each in pending])

    async def _answer(self, operation: Operation, named: str, raw: bytes) -> replies.Reply:
        taken = repeated_requests.split(raw)
        who = queue.CALLER.get() if self._keyed else ""
        repeated = None if taken is None else self._repeats.get((operation, named, who, *taken.around))
        if taken is not None and repeated is not None:
            prepared = await self._prepare(repeated, raw, taken)
            if prepared is not None:
                return await prepared.answer()
        document = await body.decode(operation.model, raw, self._limits)
        reply = await operation.answer(document, self._engine, named)
        if reply.repeated is not None and taken is not None:
            members = repeated_requests.names(taken)
            if members is not None:
                known = repeated_requests.Repeated(reply.repeated, members, len(raw))
                self._repeats[operation, named, who, *taken.around] = known
        return reply

    async def _prepare(
        self, repeated: repeated_requests.Repeated, raw: bytes, taken: repeated_requests.Split
    ) -> replies.PreparedRequest | None:
        """Return a repeated request ready to be computed; None if it is not the same one, or if it is at fault."""
        found = repeated.match(raw, taken.places)
        if found.unread > 2 * self._limits.max_json_values:  # each value takes two bytes at least
            return None
        # If anything is wrong with it, the reading of the whole body says so.
        with contextlib.suppress(errors.GradserveError):
            point = await repeated.point_in_pieces(found, self._limits.max_json_values)
            return None if point is None else repeated.request.prepare(point)
        return None


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
