"""The state of one request that the middlewares share, kept in its ASGI scope."""

from __future__ import annotations

from dataclasses import dataclass

from starlette.types import Scope

from app.api.http import replies

OTHER = "other"  # the route of what no route answers: paths are chosen by clients, and their number has no bound
_KEY = "gradserve"


@dataclass(slots=True)
class RequestContext:
    """The state of one request; ``status``, ``headers`` and ``computed`` are of its response."""

    began: float  # by time.perf_counter
    request_id: bytes = b""
    caller: str = ""  # the digest of a key or an address, see ``auth``; empty before authentication
    key: str = ""  # the name of the key, if it has one
    quota: str = ""  # of the key, if it has one of its own
    left: replies.Headers = ()  # headers that say what the caller may still send, if the request was counted
    route: str = ""  # the path template, once a route is found
    status: int = 0  # until the response starts
    headers: replies.Headers = ()
    computed: replies.Computed | None = None


def begin(scope: Scope, began: float) -> RequestContext:
    """Return the state of a new request, kept in its scope."""
    context = scope[_KEY] = RequestContext(began)
    return context


def of(scope: Scope) -> RequestContext:
    """Return the state of a request."""
    context: RequestContext = scope[_KEY]
    return context
