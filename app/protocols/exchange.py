"""One request and its reply as bytes, below any web framework: what both the lane and the routes are made of."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Callable, Coroutine, Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import pydantic
import pydantic_core
from starlette.types import Receive, Scope

from app import cache, errors
from app.protocols import access, body, problem

Headers = Sequence[tuple[bytes, bytes]]

_KNOWN_WEIGHT = 200_000
"""Operations of all functions that known requests hold on to, their plans having been let go meanwhile."""


class Pending(Protocol):
    """A request understood: ``run`` computes, ``reply`` says what came out."""

    def run(self) -> None: ...

    def reply(self) -> Reply: ...


@dataclass(frozen=True, slots=True)
class Again:
    """How to answer the same request with another point in it.

    Attributes:
        prepare: from the decoded point to what will answer it; None if that might take a while.
        weight: what it costs to keep this, in operations.
    """

    prepare: Callable[[Any], Pending | None]
    weight: int


@dataclass(slots=True)
class Reply:
    """A response: status, body, media type and further headers, names in lower case."""

    status: int
    content: bytes
    media_type: bytes = b"application/json"
    headers: tuple[tuple[bytes, bytes], ...] = ()
    again: Again | None = None

    def raw_headers(self) -> list[tuple[bytes, bytes]]:
        """Return all headers as ASGI takes them."""
        length = b"%d" % len(self.content)
        return [(b"content-type", self.media_type), (b"content-length", length), *self.headers]


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation of a protocol: the model its body must fit, and what answers it.

    ``answer(query, served)`` gets the decoded body and the engine; where there is a third parameter, what ``needs``
    names: the "function_id" in the path, or the "owner", who asks.
    """

    model: type[pydantic.BaseModel]
    answer: Callable[..., Coroutine[Any, Any, Reply]]
    needs: str = ""

    @classmethod
    def of(cls, endpoint: Callable[..., Any]) -> Operation:
        """Return the operation of an endpoint whose first parameter is annotated with the model."""
        parameters = inspect.signature(endpoint).parameters
        model = next(iter(parameters.values())).annotation
        return cls(model, endpoint, *[name for name in parameters if name in ("function_id", "owner")])


class Lane:
    """Operations by path.

    Args:
        operations: by path, in which ``{function_id}`` stands for any segment.
    """

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
    """Return who asks: the digest of a key, or the address of the client, see ``access``."""
    client = scope.get("client")
    return str(scope.get(access.CALLER) or (client[0] if client else ""))


class Exchange:
    """Answers the requests of one application, and knows the texts of those that come again and again.

    Args:
        served: what operations are handed: the engine.
        limits: bounds on bodies.
    """

    def __init__(self, served: object, limits: body.Limits) -> None:
        self._served = served
        self._limits = limits
        self._known: cache.Cache[Hashable, Again] = cache.Cache(_KNOWN_WEIGHT, lambda again: again.weight)

    async def perform(self, operation: Operation, named: str, headers: Headers, receive: Receive) -> Reply:
        """Read a request, answer it, and turn whatever the client did wrong into a problem document.

        Args:
            operation: what answers it.
            named: what the operation ``needs``.
            headers: of the request.
            receive: as in ASGI.
        """
        try:
            raw = await body.receive(headers, receive, self._limits)
            pending = self._known_request(operation, named, raw)
            if pending is None:
                return await _attended(self._answer(operation, named, raw), receive)
            pending.run()
            return pending.reply()
        except errors.GradserveError as error:
            return refusal(error)

    def prepare(self, operation: Operation, named: str, headers: Headers, raw: bytes) -> Pending | None:
        """Return what will answer a request that is all here, if that needs no waiting, else None.

        Raises:
            errors.GradserveError: the request is at fault.
        """
        body.check_headers(headers, self._limits)
        return self._known_request(operation, named, raw)

    def _known_request(self, operation: Operation, named: str, raw: bytes) -> Pending | None:
        """Return what will answer a request that is known but for its point."""
        around, text = body.split(raw)
        again = self._known.get((operation.answer, named, *around)) if text else None
        point = body.numbers(text) if again is not None else None
        return None if again is None or point is None else again.prepare(point)

    async def _answer(self, operation: Operation, named: str, raw: bytes) -> Reply:
        more = (named,) if operation.needs else ()
        query = await body.decode(operation.model, raw, self._limits)
        reply = await operation.answer(query, self._served, *more)
        if reply.again is not None and body.splits(raw):
            around, _ = body.split(raw)
            self._known.put((operation.answer, named, *around), reply.again)
        return reply


async def _attended(answer: Coroutine[Any, Any, Reply], receive: Receive) -> Reply:
    """Return an answer; if it takes a while and the client goes away meanwhile, give it up.

    Raises:
        errors.RequestTimeout: nobody is there any more.
    """
    started = body.Started(answer)
    if started.result is not None:
        return started.result
    asking = asyncio.current_task()
    assert asking is not None
    gone = False

    async def watch() -> None:
        nonlocal gone
        if (await receive())["type"] == "http.disconnect":
            gone = True
            asking.cancel()

    watching = asyncio.ensure_future(watch())
    try:
        return await started
    except asyncio.CancelledError:
        if gone and not asking.uncancel():
            raise errors.RequestTimeout("the client went away before the answer was there") from None
        raise
    finally:
        watching.cancel()


def refusal(error: errors.GradserveError) -> Reply:
    """Return the reply to a request that failed."""
    headers = tuple([(name.lower().encode(), value.encode()) for name, value in problem.headers(error).items()])
    content = pydantic_core.to_json(problem.body(error))
    return Reply(problem.status(type(error)), content, problem.MEDIA_TYPE.encode(), headers)
