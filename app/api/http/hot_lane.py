"""The middlewares without ASGI: what ``app.api.server`` asks about a request that needs no waiting.

Each question goes to the object that the ASGI middleware of the same name asks, in the same order. A request that is
not answered here, for whatever reason, goes through the middlewares, which also say what is wrong with it.
"""

from __future__ import annotations

import functools
import time
from collections.abc import Sequence
from dataclasses import dataclass

from app import errors
from app.api.http import body, context, handler, replies
from app.api.http.middleware import access_log, auth, draining, framework, ratelimit


@dataclass(frozen=True, slots=True)
class Way:
    """What answers a POST, known from its head alone. ``named`` is what the operation ``needs``, from the path."""

    path: str
    route: str
    operation: handler.Operation
    named: str
    headers: replies.Headers


@dataclass(frozen=True, slots=True)
class HotLane:
    """Answers operations whose function is compiled, or is plain and interpreted."""

    limits: body.RequestLimits
    lifecycle: draining.Lifecycle
    authenticator: auth.Authenticator
    rate: ratelimit.Rate | None
    operations: handler.OperationTable
    request_handler: handler.Handler
    log: access_log.RequestLog
    cross_origin: bool  # pages of other origins are allowed; their requests need further headers

    def find(self, path: str) -> tuple[str, framework.Answer] | None:
        """Return the route of an operation and what answers it, for the middleware ``Operations``."""
        found = self.operations.find(path)
        return found and (self.operations.route(path), functools.partial(self.request_handler.perform, *found))

    def way(self, path: str, headers: replies.Headers) -> Way | None:
        """Return what answers a POST with these headers, or None if that needs waiting or they are at fault."""
        found = self.operations.find(path)
        if found is None or not self.limits.allow_headers(headers):
            return None
        if self.cross_origin and any(name == b"origin" for name, _ in headers):
            return None
        try:
            body.check_headers(headers, self.limits)
        except errors.GradserveError:
            return None
        return Way(path, self.operations.route(path), *found, headers)

    def prepare(
        self, way: Way, content: bytes, client: auth.Client
    ) -> tuple[replies.PreparedRequest, replies.Headers] | None:
        """Return what answers a request that has arrived and headers of the answer.

        None if that needs waiting or the request is at fault.
        """
        if self.lifecycle.draining:
            return None
        try:
            if self.rate is None and self.authenticator.trivial:
                prepared = self.request_handler.prepare(way.operation, way.named, content)
                if prepared is not None:
                    return prepared, ()
                caller = self.authenticator.caller(way.path, way.headers, client)
            else:
                caller = self.authenticator.caller(way.path, way.headers, client)
                caller.check("POST", way.path)
                prepared = self.request_handler.prepare(way.operation, way.named, content, caller.id)
            prepared = prepared or self.request_handler.prepare_at_once(way.operation, content, caller.id)
        except errors.GradserveError:
            return None
        if prepared is None:
            return None
        # A request is counted here only if it is answered here.
        left = () if self.rate is None else self.rate.count_now(caller.id, caller.quota)
        return None if left is None else (prepared, left)

    def run_together(self, pending: Sequence[replies.PreparedRequest]) -> None:
        """Compute what requests have in common that ``prepare`` found."""
        self.request_handler.run_together(pending)

    def record(self, way: Way, reply: replies.Reply, began: float, more: replies.Headers) -> None:
        """Record a request whose answer ``prepare`` found; it began at a time of ``time.perf_counter``.

        ``more`` are headers of the response beside those of the reply.
        """
        request = context.RequestContext(began, route=way.route, status=reply.status, computed=reply.computed)
        if self.log.spans is not None:
            request.headers = (*reply.raw_headers(), *more)
        self.log.record(request, way.headers)

    def record_refusal(self, status: int) -> None:
        """Record an answer to bytes that are no request, or to a connection too many."""
        self.log.record(context.RequestContext(time.perf_counter(), route=context.OTHER, status=status))
