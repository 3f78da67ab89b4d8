"""Errors to replies of type application/problem+json (RFC 9457), and their statuses."""

from __future__ import annotations

import ast
import functools
import inspect
from collections.abc import Callable, Coroutine
from typing import Any

import pydantic_core
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Match

from app import errors
from app.api.http import replies

MEDIA_TYPE = "application/problem+json"
_MEDIA_TYPE = MEDIA_TYPE.encode()
DOCUMENTATION = "/v1/errors#"
"""Prefix of ``type``: an identifier, the same on every server (RFC 9457, section 3.1.1).

At the root of a host it refers to GET /v1/errors, too. Under a path of a proxy it does not: the service does not know
the path, and programs compare the identifier as text.
"""
CODES = "x-codes"  # the codes of a response's errors in the OpenAPI document, while that is being made
_MAX_DETAIL = 300
_CHALLENGE = b'Bearer realm="gradserve", Basic realm="gradserve", charset="UTF-8"'
_STATUS: dict[type[errors.GradserveError], int] = {
    errors.Rejected: 422,
    errors.BadRequest: 400,
    errors.InvalidJson: 400,
    errors.Unauthorized: 401,
    errors.Forbidden: 403,
    errors.NotFound: 404,
    errors.MethodNotAllowed: 405,
    errors.NotAcceptable: 406,
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
    """Return every error code: code, title, status and meaning."""
    found: dict[str, dict[str, Any]] = {}
    for cls in errors.classes():
        if cls.code not in found:
            meaning = _docstrings()[cls.__name__].partition("\n")[0]
            found[cls.code] = {"code": cls.code, "status": status(cls), "title": cls.title, "meaning": meaning}
    return list(found.values())


@functools.cache
def _docstrings() -> dict[str, str]:
    """Return the docstrings of all errors, from the source: ``python -OO`` keeps none."""
    nodes = ast.parse(inspect.getsource(errors)).body
    return {node.name: ast.get_docstring(node) or "" for node in nodes if isinstance(node, ast.ClassDef)}


def documented(description: str, *causes: type[errors.GradserveError]) -> dict[str, Any]:
    """Return what an OpenAPI document says of a refusal; ``{}`` in its description stands for the code of a cause.

    ``app.api.openapi`` makes an example of each code.
    """
    codes = [cause.code for cause in causes]
    described = description.format(*[f"`{code}`" for code in codes])
    return {"description": described, "content": {MEDIA_TYPE: {}}, CODES: codes}


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


def headers(error: errors.GradserveError) -> tuple[replies.Header, ...]:
    """Return the headers that say what an error means to an HTTP client."""
    if isinstance(error, errors.Unauthorized):
        return ((b"www-authenticate", _CHALLENGE),)
    if isinstance(error, errors.Forbidden) and error.scope:  # RFC 6750, section 3.1
        challenge = f'Bearer realm="gradserve", error="insufficient_scope", scope="{error.scope}"'
        return ((b"www-authenticate", challenge.encode()),)
    if isinstance(error, errors.MethodNotAllowed):
        return ((b"allow", ", ".join(error.methods).encode()),)
    if isinstance(error, errors.Refused):
        retry_after = (b"retry-after", b"%d" % error.retry_after_seconds)
        if isinstance(error, errors.Draining):
            return (retry_after, (b"connection", b"close"))  # the client's next request goes to another process
        return (retry_after,)
    return ()


def _short(text: str) -> str:
    """Return text of at most 300 bytes: a problem document stays within 1 KiB whatever it quotes."""
    return text.encode()[:_MAX_DETAIL].decode(errors="ignore")


def refusal(error: errors.GradserveError) -> replies.Reply:
    """Return the reply to a request that failed, as a problem document."""
    return replies.Reply(status(type(error)), pydantic_core.to_json(body(error)), _MEDIA_TYPE, headers(error))


Refusal = Callable[[str, errors.GradserveError], replies.Reply]
"""Returns the reply to a request for a path that failed: problem documents, or what another protocol writes there."""


def bug() -> errors.GradserveError:
    """Return the error of a request that met a bug: the client learns nothing of it, the log has everything."""
    return errors.GradserveError("something went wrong here; the log has the request id")


def handlers(refuse: Refusal) -> dict[int | type[Exception], Callable[[Request, Any], Coroutine[Any, Any, Response]]]:
    """Return what replies to the exceptions that FastAPI finds; ``ErrorBoundary`` logs bugs."""

    async def handle(request: Request, exception: Exception) -> Response:
        return refuse(request.scope["path"], _error(request, exception)).response()

    return dict.fromkeys((errors.GradserveError, HTTPException, RequestValidationError, Exception), handle)


def _error(request: Request, exception: Exception) -> errors.GradserveError:
    """Return the error of this service that an exception stands for."""
    if isinstance(exception, errors.GradserveError):
        return exception
    if isinstance(exception, RequestValidationError):  # of a parameter of the URL
        first = exception.errors()[0]
        name = str(first["loc"][-1])
        detail = f"the parameter {errors.quote(name)} is not valid: {first['msg']}"
        return errors.InvalidField(detail, field=name)
    if isinstance(exception, HTTPException) and exception.status_code == 405:
        methods = _methods(request)
        not_allowed = errors.MethodNotAllowed(f"this resource answers {', '.join(methods)}", hint="see /docs")
        not_allowed.methods = methods
        return not_allowed
    if isinstance(exception, HTTPException) and exception.status_code == 404:
        return errors.NotFound("there is nothing at this address", hint="see /docs")
    return bug()


def _methods(request: Request) -> list[str]:
    """Return the methods of all routes of an address; the router knows those of the first route only."""
    scopes = {method: {**request.scope, "method": method} for method in ("GET", "POST", "PUT", "PATCH", "DELETE")}
    routes = request.app.routes
    return [name for name, scope in scopes.items() if any(route.matches(scope)[0] is Match.FULL for route in routes)]
