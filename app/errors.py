"""Every way a request can fail, as a tree of exceptions that know no HTTP status.

* GradserveError
  x Rejected: the request is at fault; sending it again cannot help
    + transport: InvalidJson, BadRequest, RequestTimeout, UnsupportedMediaType, BodyTooLarge
      - HeadersTooLarge, AddressTooLong (each a BodyTooLarge), NotAcceptable (an UnsupportedMediaType)
    + resource: Unauthorized, Forbidden, NotFound, MethodNotAllowed
    + fields: InvalidField, InvalidName
    + function: SyntaxRejected, UnknownName, BadArity, BadConstant, BadShape
      - NotDifferentiable, NotEnclosed, NotWritten (each an UnknownName)
    + cost: TooComplex, TooExpensive
  x Refused: the service cannot answer now; the same request may succeed later
    + Overloaded, Draining

Each class has a stable ``code``, part of the public contract, and a ``title``; a class that gives none has that of its
base. The first line of its docstring is published as its meaning. The message of an instance says what was found and
what was expected; for common mistakes its hint says what to write instead.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import astuple, dataclass
from typing import Any, ClassVar

_CONTEXT = 40  # characters of a client's text shown before and after a position in it


@dataclass(frozen=True, slots=True)
class TextPosition:
    """A position in the client's text, in characters: line and column count from 1, offset from 0."""

    line: int
    column: int
    offset: int

    @classmethod
    def at(cls, text: str, offset: int) -> TextPosition:
        offset = min(offset, len(text))
        line_start = text.rfind("\n", 0, offset) + 1
        return cls(text.count("\n", 0, offset) + 1, offset - line_start + 1, offset)

    def marked(self, text: str) -> str:
        """Return the line of the text around the position, and below it a line with ^ at the position."""
        line = text.split("\n")[self.line - 1]
        start = max(0, min(self.column - 1 - _CONTEXT, len(line) - 2 * _CONTEXT))
        shown = "".join(c if c.isprintable() else " " for c in line[start : start + 2 * _CONTEXT])
        return f"{shown}\n{' ' * (self.column - 1 - start)}^"


class GradserveError(Exception):
    """Something went wrong here; the request is not at fault.

    ``detail`` is one sentence, ``field`` the field of the request that the error is about, and ``offset`` counts
    characters of the expression; ``locate`` turns it into ``position``.
    """

    code: ClassVar[str] = "internal_error"
    title: ClassVar[str] = "Internal error"
    is_over_limits = False  # whether larger limits might let the same request pass; may be set on an instance

    def __init_subclass__(cls, *, code: str | None = None, title: str | None = None) -> None:
        cls.code, cls.title = code or cls.code, title or cls.title

    def __init__(
        self, detail: str, *, hint: str | None = None, field: str | None = None, offset: int | None = None
    ) -> None:
        super().__init__(detail)
        self.detail, self.hint, self.field, self.offset = detail, hint, field, offset
        self.position: TextPosition | None = None

    def portable(self) -> dict[str, Any]:
        """Return the error as a JSON document, from which ``restored`` makes it again in another process."""
        position = self.position and astuple(self.position)
        named = {"class": type(self).__name__, "detail": self.detail, "hint": self.hint, "field": self.field}
        return named | {"position": position}

    def locate(self, text: str) -> None:
        """Set ``position`` from ``offset``, which counts in this text."""
        if self.offset is not None and self.position is None:
            self.position = TextPosition.at(text, self.offset)
            self.field = self.field or "expression"


def classes() -> list[type[GradserveError]]:
    """Return all classes of the tree, level by level."""
    found: list[type[GradserveError]] = [GradserveError]
    for cls in found:  # grows while it is read
        found.extend(cls.__subclasses__())
    return found


def restored(document: dict[str, Any]) -> GradserveError:
    """Return the error of a document from ``portable``."""
    cls = {each.__name__: each for each in classes()}[document["class"]]
    error = cls(document["detail"], hint=document["hint"], field=document["field"])
    error.position = document["position"] and TextPosition(*document["position"])
    return error


class Rejected(GradserveError):
    """The request is at fault; sending it again cannot help."""


class InvalidJson(Rejected, code="invalid_json", title="The body is not valid JSON"):
    """The body is not strict JSON in UTF-8 (RFC 8259)."""


class InvalidField(Rejected, code="invalid_field", title="A field of the request is not valid"):
    """A field is missing, unknown, mistyped or contradicts another."""


class InvalidName(Rejected, code="invalid_name", title="An argument name is not valid"):
    """An argument name that cannot be used, or is used twice."""


class SyntaxRejected(Rejected, code="syntax_error", title="The expression is not in the function language"):
    """The text is not in the function language."""


class UnknownName(Rejected, code="unknown_name", title="The expression uses a name nobody defined"):
    """A name that is neither an argument, a constant nor a function."""


class NotDifferentiable(UnknownName, title="The derivative has no formula in the language"):
    """A function whose derivative the language has no words for."""


class NotEnclosed(UnknownName, title="The function has no enclosure"):
    """A function that ball arithmetic does not have."""


class NotWritten(UnknownName, title="The language of the file lacks a word"):
    """A function that another language has no words for."""


class BadArity(Rejected, code="bad_arity", title="A function has the wrong number of arguments"):
    """A function was called with the wrong number of arguments."""


class BadConstant(Rejected, code="bad_constant", title="A constant is not finite in float64"):
    """A constant subexpression that is not finite in float64."""


class TooComplex(Rejected, code="too_complex", title="The request is over a published limit"):
    """Over one of the limits published at /v1/limits."""

    is_over_limits = True


class BadShape(Rejected, code="bad_shape", title="The shapes do not fit"):
    """Shapes that do not fit together, or an output that is not a scalar."""


class TooExpensive(Rejected, code="too_expensive", title="The work was stopped at its deadline"):
    """The work was stopped at its deadline or memory cap."""


class BodyTooLarge(Rejected, code="body_too_large", title="The request body is too large"):
    """More bytes than the published limit."""


class UnsupportedMediaType(Rejected, code="unsupported_media_type", title="The media type is not supported"):
    """Not application/json, or encoded in a way this service does not decode."""


class NotAcceptable(UnsupportedMediaType, title="No media type of the answer is accepted"):
    """The answer has a media type that the request does not accept (RFC 9110, section 15.5.7)."""


class HeadersTooLarge(BodyTooLarge, title="The request headers are too large"):
    """More header bytes or lines than the published limit (RFC 6585, section 5)."""


class AddressTooLong(BodyTooLarge, title="The address is too long"):
    """A longer address than the published limit (RFC 9110, section 15.5.15)."""


class BadRequest(Rejected, code="bad_request", title="This is not an HTTP request"):
    """What arrived is not a request of HTTP/1.1 (RFC 9112)."""


class RequestTimeout(Rejected, code="request_timeout", title="The request took too long to arrive"):
    """The request did not arrive in time."""


class Unauthorized(Rejected, code="unauthorized", title="A key is needed"):
    """No key where one is needed, or one that is not known."""


class Forbidden(Rejected, code="forbidden", title="The key may not do this"):
    """The key does not have the scope that this needs."""

    scope = ""  # set on an instance


class NotFound(Rejected, code="not_found", title="Not found"):
    """No such resource."""


class MethodNotAllowed(Rejected, code="method_not_allowed", title="Method not allowed"):
    """The resource exists, the method does not."""

    methods: Sequence[str] = ()  # that the resource has


class Refused(GradserveError):
    """Ours: the same request may succeed later."""

    def __init__(self, detail: str, *, retry_after_seconds: int = 1) -> None:
        super().__init__(detail)
        self.retry_after_seconds = retry_after_seconds


class Overloaded(Refused, code="overloaded", title="Too many requests"):
    """The queue or the quota is full."""


class Draining(Refused, code="draining", title="The service is not taking requests now"):
    """The process is starting or stopping."""


class Misconfigured(Exception):
    """The settings cannot be used. No request is in it: ``lines`` say to the operator what is wrong with each."""

    def __init__(self, lines: Sequence[str]) -> None:
        super().__init__("\n".join(lines))
        self.lines = tuple(lines)


def quote(text: str, limit: int = 40) -> str:
    """Return client text in quotes for a message: printable ASCII, at most ``limit`` characters of the text."""
    shown = text if len(text) <= limit else text[: limit - 3] + "..."
    escaped = ascii(shown)[1:-1]
    return f"'{escaped if len(escaped) <= 2 * limit else escaped[: 2 * limit - 3] + '...'}'"
