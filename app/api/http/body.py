"""Request bytes to a validated model: size, media type, strict JSON, fields, in that order."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Generator
from dataclasses import dataclass, replace
from typing import Any, Generic, TypeVar

import pydantic
from starlette.types import Message, Receive

from app import errors
from app.api.http import json_faults, json_stream, replies

Model = TypeVar("Model", bound=pydantic.BaseModel)
Result = TypeVar("Result")

DATA_PATH = "/v1/data"
"""Where data are registered. Such a body becomes one array and few other objects, so it may be larger than others."""

_HEADER_OVERHEAD = 4  # bytes of a header line beside name and value: a colon, a blank and the end of the line


@dataclass(frozen=True, slots=True)
class RequestLimits:
    """Bounds on one request, on all requests that are being answered, and on connections."""

    max_body_bytes: int = 16 * 1024 * 1024
    max_message_bytes: int = 1024 * 1024  # of the Model Context Protocol
    max_batch_lines: int = 10_000
    max_bodies_bytes: int = 64 * 1024 * 1024
    max_answers_bytes: int = 256 * 1024 * 1024
    max_json_values: int = 2_200_000
    max_header_bytes: int = 32 * 1024
    max_header_lines: int = 100
    max_url_bytes: int = 8 * 1024
    receive_seconds: float = 20.0
    max_connections: int = 4096
    max_data_body_bytes: int = 128 * 1024 * 1024
    max_data_bodies_bytes: int = 256 * 1024 * 1024
    data_receive_seconds: float = 120.0

    def of_data(self) -> RequestLimits:
        """Return the bounds on a request that registers data."""
        return replace(self, max_body_bytes=self.max_data_body_bytes, receive_seconds=self.data_receive_seconds)

    def allow_headers(self, headers: replies.Headers) -> bool:
        """Return whether headers are within the limits."""
        if len(headers) > self.max_header_lines:
            return False
        return sum([len(name) + len(value) + _HEADER_OVERHEAD for name, value in headers]) <= self.max_header_bytes


async def receive(
    headers: replies.Headers, receive: Receive, limits: RequestLimits, *, any_type: bool = False
) -> bytes:
    """Return the body of a request; its headers are checked before it is read, its size while it is read.

    With ``any_type`` any media type is accepted: clients of some protocols send none, or another.
    """
    content = await receive_once(headers, receive, limits, any_type=any_type)
    return content if isinstance(content, bytes) else bytes(content)


async def receive_once(
    headers: replies.Headers, receive: Receive, limits: RequestLimits, *, any_type: bool = False
) -> bytes | bytearray:
    """Return the same, for a body so large that there should be no second copy of it."""
    check_headers(headers, limits, any_type=any_type)
    waiting: Started[Message] = Started(receive())
    message = waiting.result
    if message is not None and message["type"] == "http.request" and not message.get("more_body", False):
        content: bytes = message.get("body", b"")
        if len(content) > limits.max_body_bytes:
            raise _too_large(limits)
        return content  # the usual case: all of the body has arrived, and no timeout is needed
    try:
        async with asyncio.timeout(limits.receive_seconds):
            return await _gather(message or await waiting, receive, limits, _announced(headers))
    except TimeoutError:
        raise errors.RequestTimeout(f"the body did not arrive within {limits.receive_seconds:g} s") from None


class Started(Generic[Result]):
    """A coroutine run up to where it first waits. If it never waits, ``result`` is there; else await the rest.

    Most bodies have arrived already, and most answers never wait. For these this saves a timeout (1.7 us) and a task
    (2 us and a turn of the event loop).
    """

    __slots__ = ("_coroutine", "_yielded", "result")

    def __init__(self, coroutine: Awaitable[Result]) -> None:
        self._coroutine: Generator[Any, Any, Result] = coroutine.__await__()
        self.result: Result | None = None
        try:
            self._yielded = self._coroutine.send(None)
        except StopIteration as stop:
            self.result = stop.value

    def __await__(self) -> Generator[Any, Any, Result]:
        yielded = self._yielded
        while True:
            try:
                yield yielded
            except BaseException as error:  # noqa: BLE001 - a cancellation, which is the coroutine's to know
                try:
                    yielded = self._coroutine.throw(error)
                except StopIteration as stop:
                    result: Result = stop.value
                    return result
            else:
                return (yield from self._coroutine)


async def _gather(message: Message, receive: Receive, limits: RequestLimits, announced: int) -> bytearray:
    """Return a body that comes in pieces, given the first.

    Room is made for what is announced. Memory that is not written to costs nothing; an array that grows is copied again
    and again, and what it leaves behind is several times its size.
    """
    content, size = bytearray(min(announced, limits.max_body_bytes)), 0
    while True:
        if message["type"] == "http.disconnect":
            raise errors.RequestTimeout("the client went away before the body was complete")
        chunk = message.get("body", b"")
        if size + len(chunk) > limits.max_body_bytes:
            raise _too_large(limits)
        content[size : size + len(chunk)] = chunk
        size += len(chunk)
        if not message.get("more_body", False):
            del content[size:]
            return content
        message = await receive()


def _announced(headers: replies.Headers) -> int:
    """Return the length of the body that a header announces, 0 if there is none."""
    for name, value in headers:
        if name == b"content-length" and value.isdigit():
            return int(value[:20])
    return 0


async def decode(model: type[Model], body: bytes, limits: RequestLimits = RequestLimits()) -> Model:
    """Return a body as a model, or raise ``errors.TooComplex``, ``InvalidJson`` or ``InvalidField``."""
    try:
        document = await json_stream.load(body, limits.max_json_values, unique_names=True, numpy_point=True)
    except ValueError as error:
        raise json_faults.fault(error, body) from None
    return validated(model, document)


def validated(model: type[Model], document: Any) -> Model:
    """Return a JSON document as a model."""
    if not isinstance(document, dict):
        raise errors.InvalidJson("the body must be a JSON object")
    try:
        return model.model_validate(document)
    except pydantic.ValidationError as error:
        raise _field_error(error, model) from None


def check_headers(headers: replies.Headers, limits: RequestLimits, *, any_type: bool = False) -> None:
    """Raise ``errors.UnsupportedMediaType`` or ``BodyTooLarge`` if that is what the headers of a request announce."""
    media_type = encoding = b""
    for name, value in headers:
        if name == b"content-type":
            media_type = value
        elif name == b"content-length":
            if value.isdigit() and int(value[:20]) > limits.max_body_bytes:
                raise _too_large(limits)
        elif name == b"content-encoding":
            encoding = value
    if not any_type and media_type != b"application/json" and not _is_json(media_type):
        hint = "Content-Type: application/json"
        raise errors.UnsupportedMediaType("the body must be application/json in UTF-8", hint=hint)
    if encoding and encoding.lower() != b"identity":
        raise errors.UnsupportedMediaType("the body is compressed")  # the middleware Compression has not seen it


def _is_json(content_type: bytes) -> bool:
    """Return whether a Content-Type says JSON in UTF-8, whatever its case and parameters (RFC 9110, section 8.3)."""
    media_type, *parameters = (part.strip() for part in content_type.lower().split(b";"))
    for parameter in parameters:
        name, _, value = parameter.partition(b"=")
        if name.strip() == b"charset" and value.strip(b'" ') not in {b"utf-8", b"utf8"}:
            return False
    return media_type == b"application/json"


def _too_large(limits: RequestLimits) -> errors.BodyTooLarge:
    return errors.BodyTooLarge(f"the body is over {limits.max_body_bytes} bytes")


def _field_error(error: pydantic.ValidationError, model: type[pydantic.BaseModel]) -> errors.InvalidField:
    """Return the first mistake, without the input, which may be large or not encodable."""
    first = error.errors(include_url=False, include_context=False, include_input=False)[0]
    location = first["loc"]
    # For a member of a union the location has the name of a type too, which means nothing to a client.
    field = ".".join(str(step) for step in location if isinstance(step, int) or step in model.model_fields)
    if first["type"] == "missing":
        return errors.InvalidField(f"the field {location[-1]} is missing", field=field)
    if first["type"] == "extra_forbidden":
        known = ", ".join(model.model_fields)
        return errors.InvalidField(f"{errors.quote(str(location[-1]))} is not a field", hint=f"fields: {known}"[:200])
    description = (model.model_fields[str(location[0])].description or "").partition(".")[0]
    return errors.InvalidField(f"{field} is not valid: it takes {description}"[:200], field=field)
