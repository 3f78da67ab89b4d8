"""JSON bodies as the clients of other projects write and read them.

A body may have any media type. NaN and infinities are the tokens NaN, Infinity and -Infinity, in both directions.
"""

from __future__ import annotations

from typing import Any

import pydantic_core
from starlette.types import Receive

from app import errors
from app.api.http import body, json_faults, json_stream, problem, replies

MAX_TEXTS = 64
"""Largest length of a list of texts or names."""


async def read(headers: replies.Headers, receive: Receive, limits: body.RequestLimits) -> dict[str, Any]:
    """Return the body of a request as a JSON object."""
    return await parse(await body.receive(headers, receive, limits, any_type=True), limits)


async def parse(raw: bytes, limits: body.RequestLimits) -> dict[str, Any]:
    """Return a JSON object; errors.InvalidJson if the text is no JSON object in UTF-8."""
    try:
        document = await json_stream.load(raw, limits.max_json_values, inf_nan=True)
    except ValueError as error:
        raise json_faults.fault(error, raw) from None
    if not isinstance(document, dict):
        raise errors.InvalidJson("the body must be a JSON object")
    return document


def reply(document: Any, status: int = 200) -> replies.Reply:
    """Return a reply with a small document."""
    return replies.Reply(status, pydantic_core.to_json(document, inf_nan_mode="constants"))


async def large_reply(document: Any) -> replies.Reply:
    """Return a reply with a document of any size, without blocking the event loop."""
    return replies.Reply(200, await json_stream.dump(document, inf_nan="constants"))


def refusal(error: errors.GradserveError, status: int, document: Any) -> replies.Reply:
    """Return the reply to a request that failed, with the headers that every protocol over HTTP has."""
    refused = reply(document, status)
    refused.headers = problem.headers(error)
    return refused


def one_line(error: errors.GradserveError) -> str:
    """Return the message of an error, its position in the text and its hint as one line."""
    document = problem.body(error)
    line: str = document["detail"]
    if error.position is not None:
        line += f" (line {error.position.line}, column {error.position.column})"
    return f"{line}; {document['hint']}" if "hint" in document else line


def texts(value: Any, field: str) -> list[str]:
    """Return a list of at most ``MAX_TEXTS`` texts."""
    if not isinstance(value, list) or not all(isinstance(text, str) for text in value) or len(value) > MAX_TEXTS:
        raise errors.InvalidField(f"{field.rpartition('.')[2]} is a list of at most {MAX_TEXTS} texts", field=field)
    return value
