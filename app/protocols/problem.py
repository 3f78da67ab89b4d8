"""Errors as application/problem+json (RFC 9457): one mapping from the error tree to HTTP, one shape."""

from __future__ import annotations

from typing import Any

import pydantic_core
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Match

from app import errors

MEDIA_TYPE = "application/problem+json"
DOCUMENTATION = "/v1/errors#"
"""Prefix of ``type``, a relative reference (RFC 9457, section 3.1.1) to the list this service publishes."""

_MAX_DETAIL = 300
_CHALLENGE = 'Bearer realm="gradserve", Basic realm="gradserve", charset="UTF-8"'
_STATUS: dict[type[errors.GradserveError], int] = {
    errors.Rejected: 422,
    errors.BadRequest: 400,
    errors.InvalidJson: 400,
    errors.Unauthorized: 401,
    errors.NotFound: 404,
    errors.MethodNotAllowed: 405,
    errors.RequestTimeout: 408,
    errors.BodyTooLarge: 413,
    errors.AddressTooLong: 414,
    errors.UnsupportedMediaType: 415,
    errors.HeadersTooLarge: 431,
    errors.Overloaded: 429,
    errors.Draining: 503,
    errors.GradserveError: 500,
}


def status(error: type[errors.GradserveError]) -> int:
    """Return the HTTP status of an error class: its own, or its nearest ancestor's."""
    return next(_STATUS[cls] for cls in error.__mro__ if cls in _STATUS)


def catalogue() -> list[dict[str, Any]]:
    """Return every error a request can get: code, title, status and what it means."""
    found: dict[str, dict[str, Any]] = {}
    pending: list[type[errors.GradserveError]] = [errors.GradserveError]
    while pending:
        cls = pending.pop(0)
        pending.extend(cls.__subclasses__())
        if cls.code not in found:
            meaning = (cls.__doc__ or "").partition("\n")[0]
            found[cls.code] = {"code": cls.code, "status": status(cls), "title": cls.title, "meaning": meaning}
    return list(found.values())


def body(error: errors.GradserveError) -> dict[str, Any]:
    """Return the problem document of an error."""
    document: dict[str, Any] = {
        "type": DOCUMENTATION + error.code,
        "title": error.title,
        "status": status(type(error)),
        "detail": _short(error.detail),
        "code": error.code,
    }
    if error.field is not None:
        document["field"] = error.field[:80]
    if error.position is not None:
        position = error.position
        document["position"] = {"line": position.line, "column": position.column, "offset": position.offset}
    if error.hint is not None:
        document["hint"] = _short(error.hint)
    return document


def headers(error: errors.GradserveError) -> dict[str, str]:
    """Return the headers that the status of an error asks for."""
    if isinstance(error, errors.Draining):
        # The connection ends here: the next request is for another process.
        return {"Retry-After": str(error.retry_after_seconds), "Connection": "close"}
    if isinstance(error, errors.Refused):
        return {"Retry-After": str(error.retry_after_seconds)}
    if isinstance(error, errors.Unauthorized):
        return {"WWW-Authenticate": _CHALLENGE}
    return {}


def _short(text: str) -> str:
    """Return text of at most 300 bytes: a problem document stays within 1 KiB whatever it quotes."""
    return text.encode()[:_MAX_DETAIL].decode(errors="ignore")


def response(error: errors.GradserveError) -> Response:
    """Return the HTTP response of an error."""
    return Response(pydantic_core.to_json(body(error)), status(type(error)), headers(error), MEDIA_TYPE)


def from_error(request: Request, error: Exception) -> Response:
    """Handle an error of our own."""
    if not isinstance(error, errors.GradserveError):
        raise TypeError(f"not an error of this service: {error!r}")
    return response(error)


def from_http(request: Request, error: Exception) -> Response:
    """Handle what the router refuses: unknown paths and methods."""
    if not isinstance(error, HTTPException):
        raise TypeError(f"not an HTTP error: {error!r}")
    if error.status_code == 405:
        methods = ", ".join(_methods(request))
        refused = response(errors.MethodNotAllowed(f"this resource answers {methods}", hint="see /docs"))
        refused.headers["Allow"] = methods
        return refused
    if error.status_code == 404:
        return response(errors.NotFound("there is nothing at this address", hint="see /docs"))
    return response(errors.GradserveError("the request could not be served"))


def _methods(request: Request) -> list[str]:
    """Return the methods that an address answers: of all its routes, where the router tells those of the first."""
    scopes = {method: {**request.scope, "method": method} for method in ("GET", "POST", "PUT", "PATCH", "DELETE")}
    routes = request.app.routes
    return [name for name, scope in scopes.items() if any(route.matches(scope)[0] is Match.FULL for route in routes)]


def from_parameters(request: Request, error: Exception) -> Response:
    """Handle what FastAPI refuses: parameters of the address that are not what they should be."""
    if not isinstance(error, RequestValidationError):
        raise TypeError(f"not an error of parameters: {error!r}")
    first = error.errors()[0]
    name = str(first["loc"][-1])
    return response(errors.InvalidField(f"the parameter {errors.quote(name)} is not valid: {first['msg']}", field=name))


def from_bug(request: Request, error: Exception) -> Response:
    """Handle what nobody foresaw, telling the client nothing of it; the edge logs it."""
    return response(errors.GradserveError("something went wrong here; the log has the request id"))
