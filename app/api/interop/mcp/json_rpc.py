"""JSON-RPC 2.0 as far as no session is needed: which messages are taken, and refusals before a tool is called.

A refusal has the HTTP status of its error, and the problem document as ``data``. Its id is null, because most are found
before the message is read (https://www.jsonrpc.org/specification, section 5).
"""

from __future__ import annotations

from typing import Any, Literal

import pydantic
from pydantic import Field

from app import errors
from app.api.http import problem, replies
from app.api.interop import json_bodies

_PARSE_ERROR, _INVALID_REQUEST, _REFUSED = -32700, -32600, -32000
_CODES: dict[type[errors.GradserveError], int] = {
    errors.InvalidJson: _PARSE_ERROR,
    errors.InvalidField: _INVALID_REQUEST,
}


class McpMessage(pydantic.BaseModel):
    """A request, or a notification if it has no id."""

    jsonrpc: Literal["2.0"]
    id: int | str | None = None
    method: str
    params: dict[str, Any] | None = None


class McpError(pydantic.BaseModel):
    """An error of JSON-RPC; ``data`` is a problem document, if the service refused the request."""

    code: int
    message: str
    data: Any = None


class McpReply(pydantic.BaseModel):
    """A result or an error."""

    jsonrpc: Literal["2.0"]
    id: int | str | None
    result: dict[str, Any] | None = Field(None, description="Of the method, such as the content of a tool's answer.")
    error: McpError | None = None


class McpRefusal(pydantic.BaseModel):
    """A request that was refused before its method was called."""

    jsonrpc: Literal["2.0"]
    id: int | str | None
    error: McpError


def check(message: Any) -> None:
    """Raise ``errors.InvalidField`` if a document is not one request or notification."""
    if isinstance(message, list):
        raise errors.InvalidField(
            "a batch is not taken", hint="send each message by itself (the protocol has no batches since 2025-06-18)"
        )
    if not isinstance(message, dict):
        raise errors.InvalidField("the body must be a JSON-RPC message: an object")
    if message.get("jsonrpc") != "2.0":
        raise errors.InvalidField('jsonrpc must be "2.0"', field="jsonrpc")
    if not isinstance(message.get("method"), str):
        raise errors.InvalidField(
            "method must be a text", field="method", hint="this server sends no requests, so it takes no responses"
        )
    if "id" in message and (isinstance(message["id"], bool) or not isinstance(message["id"], int | str)):
        raise errors.InvalidField("id must be a text or a whole number", field="id")
    if not isinstance(message.get("params", {}), dict):
        raise errors.InvalidField("params must be an object", field="params")


def refusal(error: errors.GradserveError) -> replies.Reply:
    """Return the reply to a request that failed, in this protocol's form."""
    code = next((_CODES[cls] for cls in type(error).__mro__ if cls in _CODES), _REFUSED)
    document = problem.body(error)
    status = document["status"] = 400 if document["status"] == 422 else document["status"]
    told = {"code": code, "message": json_bodies.one_line(error), "data": document}
    return json_bodies.refusal(error, status, {"jsonrpc": "2.0", "id": None, "error": told})
