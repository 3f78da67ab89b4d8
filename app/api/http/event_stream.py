"""Answers that arrive in parts: server-sent events (WHATWG HTML, section 9.2), if the client asks for them.

An answer is one event for each part, and a last one. What is at fault before the first event is an ordinary problem
document; what goes wrong later is an event ``error`` with such a document. A client that goes away ends the work.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pydantic_core
from fastapi.sse import EventSourceResponse, format_sse_event
from starlette.responses import Response

from app import errors
from app.api.http import json_stream, problem, replies

MEDIA_TYPE = "text/event-stream"
Event = tuple[str, Any]
"""Its name, and a document for JSON."""

HEADERS = {"cache-control": "no-store", "x-accel-buffering": "no"}
"""Of an answer in parts: nobody keeps it, and proxies send each part at once."""


def is_wanted(headers: replies.Headers) -> bool:
    """Return whether a client names the media type of events in Accept."""
    return replies.names_type(headers, MEDIA_TYPE.encode())


class EventStream:
    """A reply of events, see ``replies.Reply``; ``computed`` is None: nothing is known when it starts."""

    computed: replies.Computed | None = None

    def __init__(self, first: Event, events: AsyncIterator[Event]) -> None:
        self._first, self._events = first, events

    @classmethod
    async def begin(cls, events: AsyncIterator[Event]) -> EventStream:
        """Return the reply, once the first event is there; raises what was raised instead of it."""
        return cls(await anext(events), events)

    def response(self) -> Response:
        return EventSourceResponse(self._lines(), headers=HEADERS)

    async def _lines(self) -> AsyncIterator[bytes]:
        try:
            yield await _line(*self._first)
            async for event in self._events:
                yield await _line(*event)
        except errors.GradserveError as error:
            yield format_sse_event(event="error", data_str=pydantic_core.to_json(problem.body(error)).decode())


async def _line(name: str, document: Any) -> bytes:
    content = await json_stream.dump(document)
    return format_sse_event(event=name, data_str=content.decode())
