"""What every response has and every request must respect, as one ASGI layer around the application.

Nothing gets past it: whatever protocol a route speaks, its caller is known, allowed and counted before anything of the
request is read.
"""

from __future__ import annotations

import functools
import itertools
import logging
import os
import re
import time
from collections.abc import Awaitable, Callable, Sequence

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app import admission, errors, logs
from app.protocols import access, body, bulk, exchange, traffic

_log = logging.getLogger("gradserve")

_PROCESS = os.urandom(8).hex().encode()
_NUMBERS = itertools.count(1)
"""A request id is the process's and a number: unique, and a tenth of the price of a random one."""

TO_THE_END = frozenset({"/healthz", "/readyz", "/metrics"})
"""What is answered while the process ends."""

_POLICY_VIOLATION = 1008
"""RFC 6455, section 7.4.1; before the handshake a server makes it a 403. There is nothing here to talk to."""

Header = tuple[bytes, bytes]
_NONE: exchange.Headers = ()
Answered = tuple[str, int, exchange.Headers]
"""Route, status and headers of an answer."""

_REQUEST_ID = re.compile(rb"[A-Za-z0-9._:/+=-]{1,128}")


Answers = Callable[[exchange.Headers, Receive], Awaitable[exchange.Reply]]
"""Answers one request, whatever is wrong with it."""


class Edge:
    """Checks and answers X-Request-ID, keeps out who may not ask, and has a lane for the hot routes.

    The lane serves an operation straight from ASGI messages; what it does not know goes on to the application,
    whose routes of the same operations go through the same ``exchange.Exchange``.

    Args:
        app: the application inside.
        lane: operations, all POST.
        performs: answers them.
        limits: bounds on headers.
        gate: knows who may ask, and how often.
        counts: every answer.
        shares: whether browsers are told of other origins; what has one is then for the application to answer.
        others: from the path of a POST to its route and what answers it, for protocols that read and write in their
            own way.

    Attributes:
        limits: as given.
        draining: whether the process is about to end, and takes no more requests.
        in_flight: requests under way.
    """

    def __init__(  # noqa: PLR0913 - here everything comes together
        self,
        app: ASGIApp,
        *,
        lane: exchange.Lane,
        performs: exchange.Exchange,
        limits: body.Limits,
        gate: access.Gate,
        counts: traffic.Traffic,
        shares: bool = False,
        others: Sequence[Callable[[str], tuple[str, Answers] | None]] = (),
    ) -> None:
        self._app = app
        self._lane = lane
        self._exchange = performs
        self.limits = limits
        self._gate = gate
        self._traffic = counts
        self._shares = shares
        self.draining = False
        self.in_flight = 0
        self._others = others
        self._bodies = bulk.Bulk(limits.max_bodies_bytes, "too many large requests are being answered")
        self._answers = bulk.Bulk(limits.max_answers_bytes, "too many large answers are waiting to be read")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": _POLICY_VIOLATION})
            return
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began = time.perf_counter()
        request_id = identity(scope["headers"])
        logs.REQUEST_ID.set(request_id[1].decode())
        self.in_flight += 1
        try:
            with bulk.Share(self._bodies) as body_share, bulk.Share(self._answers) as answer_share:
                paced = bulk.Paced(send, answer_share)
                answered = await self._answer(scope, bulk.counted(receive, body_share), paced, request_id)
        finally:
            self.in_flight -= 1
        route, status, headers = answered
        self._traffic.note(route, paced.status or status, (*headers, request_id), began, scope["headers"])

    async def _answer(self, scope: Scope, receive: Receive, send: Send, request_id: Header) -> Answered:
        route, answers = self._find(scope)
        try:
            await self._admit(scope)
        except errors.GradserveError as error:
            reply = exchange.refusal(error)
        else:
            if answers is None:
                return await self._forward(scope, receive, send, request_id)
            try:
                reply = await answers(scope["headers"], receive)
            except Exception:  # noqa: BLE001 - a bug of ours: the client learns nothing of it, the log everything
                reply = _bug(request_id)
        await _send(reply, send, request_id)
        return route, reply.status, reply.headers

    def _find(self, scope: Scope) -> tuple[str, Answers | None]:
        """Return the route of a request and what answers it, None for the application."""
        path = scope["path"]
        if scope["method"] != "POST":
            return traffic.OTHER, None
        found = self._lane.find(path)
        if found is not None:
            return self._lane.route(path), functools.partial(self._exchange.perform, *found)
        others = (other for find in self._others if (other := find(path)) is not None)
        return next(others, (traffic.OTHER, None))

    async def _admit(self, scope: Scope) -> None:
        """Let a request in, its scope saying whose it is, or raise what is wrong with it."""
        headers, path = scope["headers"], scope["path"]
        if self._excessive(headers):
            raise errors.HeadersTooLarge("the headers are over the published limit")
        if len(scope.get("raw_path") or path) + len(scope["query_string"]) > self.limits.max_url_bytes:
            raise errors.AddressTooLong("the address is over the published limit")
        if self.draining and path not in TO_THE_END:
            raise errors.Draining("the service is stopping")
        scope[access.CALLER] = caller = self._gate.caller(path, headers, scope.get("client"))
        admission.CALLER.set(caller)
        await self._gate.count(path, caller)

    def prepare(
        self, path: str, headers: exchange.Headers, content: bytes, client: access.Client
    ) -> exchange.Pending | None:
        """Return what will answer a POST that is all here, if that needs no waiting, else None.

        What is wrong with a request is left to ``__call__`` to say.
        """
        found = self._lane.find(path)
        if found is None or self.draining or self._excessive(headers) or (self._shares and _has_origin(headers)):
            return None
        try:
            if self._gate.plain:
                return self._exchange.prepare(*found, headers, content)
            caller = self._gate.caller(path, headers, client)
            pending = self._exchange.prepare(*found, headers, content)
            # Counted here only if answered here.
            return pending if pending is not None and self._gate.count_now(caller) else None
        except errors.GradserveError:
            return None

    def note(self, status: int) -> None:
        """Count an answer to what was no request."""
        self._traffic.count(traffic.OTHER, status, (), time.perf_counter())

    def count(self, path: str, reply: exchange.Reply, began: float, asked: exchange.Headers, told: Header) -> None:
        """Count a request that ``prepare`` found an answer to.

        Args:
            path: of the request.
            reply: its answer.
            began: when it did, by ``time.perf_counter``.
            asked: headers of the request.
            told: its identity.
        """
        self._traffic.count(self._lane.route(path), reply.status, (*reply.headers, told), began, asked)

    def _excessive(self, headers: exchange.Headers) -> bool:
        return len(headers) > self.limits.max_header_lines or _size(headers) > self.limits.max_header_bytes

    async def _forward(self, scope: Scope, receive: Receive, send: Send, request_id: Header) -> Answered:
        """Have the application answer."""
        status, headers = 0, _NONE
        # HEAD is GET without the content (RFC 9110, section 9.3.2).
        head = scope["method"] == "HEAD"
        if head:
            scope = {**scope, "method": "GET"}

        async def send_with_id(message: Message) -> None:
            nonlocal status, headers
            if message["type"] == "http.response.start":
                status, headers = message["status"], message["headers"]
                message["headers"] = [*headers, request_id]
            elif head:
                message["body"] = b""
            await send(message)

        try:
            await self._app(scope, receive, send_with_id)
        except Exception:  # noqa: BLE001 - likewise
            reply = _bug(request_id)
            # Else the framework has answered it, or the server will see that nobody finished.
            if not status:
                await _send(reply, send, request_id)
                status = reply.status
        return getattr(scope.get("route"), "path", traffic.OTHER), status or 500, headers


def _bug(request_id: tuple[bytes, bytes]) -> exchange.Reply:
    _log.exception("request %s failed", request_id[1].decode())
    return exchange.refusal(errors.GradserveError("something went wrong here; the log has the request id"))


async def _send(reply: exchange.Reply, send: Send, request_id: tuple[bytes, bytes]) -> None:
    headers = [*reply.raw_headers(), request_id]
    await send({"type": "http.response.start", "status": reply.status, "headers": headers})
    await send({"type": "http.response.body", "body": reply.content})


def identity(headers: exchange.Headers) -> tuple[bytes, bytes]:
    """Return the header X-Request-ID of a response: the client's if it is harmless in a log line, else a new one."""
    for header in headers:
        if header[0] == b"x-request-id" and _REQUEST_ID.fullmatch(header[1]):
            return header
    return b"x-request-id", b"%s%016x" % (_PROCESS, next(_NUMBERS))


def _has_origin(headers: exchange.Headers) -> bool:
    return any(name == b"origin" for name, _ in headers)


def _size(headers: exchange.Headers) -> int:
    return sum([len(name) + len(value) + 4 for name, value in headers])
