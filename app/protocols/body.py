"""Request bytes to a validated model: size, media type, strict JSON, fields, in that order."""

from __future__ import annotations

import asyncio
import functools
import json
import re
from collections.abc import Awaitable, Generator, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import pydantic
import pydantic_core
from starlette.types import Message, Receive

from app import errors
from app.protocols import pieces

Model = TypeVar("Model", bound=pydantic.BaseModel)
Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds on connections, on the envelope of a request, and on what is being received and answered in all."""

    max_body_bytes: int = 16 * 1024 * 1024
    max_bodies_bytes: int = 64 * 1024 * 1024
    max_answers_bytes: int = 256 * 1024 * 1024
    max_json_values: int = 2_200_000
    max_header_bytes: int = 32 * 1024
    max_header_lines: int = 100
    max_url_bytes: int = 8 * 1024
    receive_seconds: float = 20.0
    max_connections: int = 4096


async def receive(
    headers: Iterable[tuple[bytes, bytes]],
    receive: Receive,
    limits: Limits,
    *,
    any_type: bool = False,
) -> bytes:
    """Return the body of a request, having checked what its headers say before reading and counting what comes.

    Args:
        headers: of the request.
        receive: as in ASGI.
        limits: bounds on the body.
        any_type: whether any media type will do: clients of other protocols send none, or another.

    Raises:
        errors.UnsupportedMediaType: not application/json in UTF-8, or compressed.
        errors.BodyTooLarge: announced or received more than the limit.
        errors.RequestTimeout: not complete in time.
    """
    check_headers(headers, limits, any_type=any_type)
    waiting: Started[Message] = Started(receive())
    message = waiting.result
    if message is not None and message["type"] == "http.request" and not message.get("more_body", False):
        content: bytes = message.get("body", b"")
        if len(content) > limits.max_body_bytes:
            raise _too_large(limits)
        return content  # the usual case: all of it is here, and no clock is needed
    try:
        async with asyncio.timeout(limits.receive_seconds):
            return await _gather(message or await waiting, receive, limits)
    except TimeoutError:
        raise errors.RequestTimeout(f"the body did not arrive within {limits.receive_seconds:g} s") from None


class Started(Generic[Result]):
    """A coroutine run up to where it first waits: ``result`` is there if it never does, else await the rest.

    Arming a timeout costs more than decoding a small body that has already arrived.
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
                sent = yield yielded
            except BaseException as error:  # noqa: BLE001 - a cancellation, which is the coroutine's to know
                step = functools.partial(self._coroutine.throw, error)
            else:
                step = functools.partial(self._coroutine.send, sent)
            try:
                yielded = step()
            except StopIteration as stop:
                result: Result = stop.value
                return result


async def _gather(message: Message, receive: Receive, limits: Limits) -> bytes:
    """Return a body that comes in pieces, the first of which is here."""
    chunks: list[bytes] = []
    size = 0
    while True:
        if message["type"] == "http.disconnect":
            raise errors.RequestTimeout("the client went away before the body was complete")
        chunk = message.get("body", b"")
        size += len(chunk)
        if size > limits.max_body_bytes:
            raise _too_large(limits)
        chunks.append(chunk)
        if not message.get("more_body", False):
            return b"".join(chunks)
        message = await receive()


async def decode(model: type[Model], body: bytes, limits: Limits = Limits()) -> Model:
    """Return a body as a model.

    Args:
        model: what it must be.
        body: its bytes.
        limits: bounds on what it holds.

    Raises:
        errors.TooComplex: more than any request needs.
        errors.InvalidJson: not strict JSON in UTF-8.
        errors.InvalidField: a field is missing, unknown or of another type.
    """
    try:
        document = await pieces.load(body, limits.max_json_values, check=_refuse_duplicates)
    except ValueError as error:
        raise not_json(error) from None
    if not isinstance(document, dict):
        raise errors.InvalidJson("the body must be a JSON object")
    try:
        return model.model_validate(document)
    except pydantic.ValidationError as error:
        raise _field_error(error, model) from None


def not_json(error: ValueError) -> errors.InvalidJson:
    """Return what a parser's error is to a client."""
    return errors.InvalidJson(f"not JSON: {str(error).partition(' at line')[0]}"[:200])


def split(raw: bytes) -> tuple[tuple[bytes, bytes], bytes]:
    """Return the texts before and after the point of a request, and the point's; that is empty if it is not found.

    A JSON value in the place of another leaves the rest of a document as it was. So of two bodies that are equal but
    for this piece one is valid if the other is, and means the same but for the point, provided that the piece is the
    value of the outermost member "point" in one of them (``splits``) and an array in the other (``numbers``).
    """
    found = _POINT.search(raw) if len(raw) <= _SPLIT_BYTES else None
    if found is None:
        return (raw, b""), b""
    start, end = found.span(1)
    return (raw[:start], raw[end:]), raw[start:end]


def splits(raw: bytes) -> bool:
    """Return whether ``split`` finds the outermost member "point" in this body, and an array there."""
    (before, after), text = split(raw)
    if numbers(text) is None:
        return False
    try:
        # What a reader finds under the name when something else stands there.
        document = pydantic_core.from_json(b"%b%b%b" % (before, _MARK, after))
    except ValueError:
        return False
    return isinstance(document, dict) and document.get("point") == pydantic_core.from_json(_MARK)


def numbers(text: bytes) -> list[Any] | None:
    """Return the array of a piece of JSON, or None if it is anything else."""
    try:
        found = pydantic_core.from_json(text, allow_inf_nan=False)
    except ValueError:
        return None
    return found if isinstance(found, list) else None


_POINT = re.compile(rb'"point"\s*:\s*(\[[-+0-9.eE,\s\[\]]*\])')
_SPLIT_BYTES = 4096
_MARK = b'"\\u0000"'
"""No text from a request: it has the numbers' characters only."""


_MANY_QUOTES = 4096
_BLANKS = 32


def _may_repeat_a_name(body: bytes) -> bool:
    """Return False if certainly no object of a JSON text has two members of one name; the text is all but free to read.

    Numbers make up a large body, and have no quotes: between those lie strings and what stands between strings.
    """
    if b"\\" in body:
        if b"\\u" in body:
            return True  # one name in two spellings
        body = body.replace(b"\\\\", b"").replace(b'\\"', b"")
    if body.count(b'"') > _MANY_QUOTES:
        return True
    pieces = body.split(b'"')
    seen: set[bytes] = set()
    for string, following in zip(pieces[1::2], pieces[2::2], strict=False):
        # Beyond so many blanks nobody looks whether a colon makes it a name.
        if following[:_BLANKS].lstrip()[:1] in (b":", b""):
            if string in seen:
                return True
            seen.add(string)
    return False


def _refuse_duplicates(body: bytes) -> None:
    """Refuse an object with two members of one name, which readers understand differently (RFC 8259, section 4)."""
    if not _may_repeat_a_name(body):
        return

    def members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) < len(pairs):
            names = [name for name, _ in pairs]
            twice = next(name for name in found if names.count(name) > 1)
            raise errors.InvalidJson(f"the name {errors.quote(twice)} stands twice in one object")
        return found

    json.loads(body, object_pairs_hook=members)


def encode(document: Mapping[str, Any]) -> bytes:
    """Return strict JSON; numbers that are not finite become "NaN", "Infinity" and "-Infinity" (ProtoJSON)."""
    return pydantic_core.to_json(document, inf_nan_mode="strings")


def check_headers(headers: Iterable[tuple[bytes, bytes]], limits: Limits, *, any_type: bool = False) -> None:
    """Check what the headers of a request with a body say of it; ``any_type`` as in ``receive``.

    Raises:
        errors.UnsupportedMediaType: not application/json in UTF-8, or compressed.
        errors.BodyTooLarge: announced more than the limit.
    """
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
        raise errors.UnsupportedMediaType("compressed bodies are not decoded", hint="send the body as it is")


def _is_json(content_type: bytes) -> bool:
    """Return whether a Content-Type says JSON in UTF-8, whatever its case and parameters (RFC 9110, section 8.3)."""
    media_type, *parameters = (part.strip() for part in content_type.lower().split(b";"))
    for parameter in parameters:
        name, _, value = parameter.partition(b"=")
        if name.strip() == b"charset" and value.strip(b'" ') not in {b"utf-8", b"utf8"}:
            return False
    return media_type == b"application/json"


def _too_large(limits: Limits) -> errors.BodyTooLarge:
    return errors.BodyTooLarge(f"the body is over {limits.max_body_bytes} bytes")


def _field_error(error: pydantic.ValidationError, model: type[pydantic.BaseModel]) -> errors.InvalidField:
    """Return the first thing wrong, without echoing the input (it may be large, or not even encodable)."""
    first = error.errors(include_url=False, include_context=False, include_input=False)[0]
    location = first["loc"]
    # Members of a union add a step of their own to the location, the name of a type; a client knows only fields.
    field = ".".join(str(step) for step in location if isinstance(step, int) or step in model.model_fields)
    if first["type"] == "missing":
        return errors.InvalidField(f"the field {location[-1]} is missing", field=field)
    if first["type"] == "extra_forbidden":
        known = ", ".join(model.model_fields)
        return errors.InvalidField(f"{errors.quote(str(location[-1]))} is not a field", hint=f"fields: {known}"[:200])
    description = (model.model_fields[str(location[0])].description or "").partition(".")[0]
    return errors.InvalidField(f"{field} is not valid: it takes {description}"[:200], field=field)
