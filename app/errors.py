"""Every way a request can fail, as a tree of exceptions that know no HTTP status.

* GradserveError
  x Rejected: the request is at fault; sending it again cannot help
    + InvalidJson: the body is not strict JSON
    + InvalidField: a field is missing, unknown or does not fit the others
    + InvalidName: an argument name cannot be used
    + SyntaxRejected: the text is not in the language
    + UnknownName: a name or function nobody defined
      - NotDifferentiable: a derivative that has no name in the language
    + BadArity: a function got the wrong number of arguments
    + BadConstant: a constant that is not finite in float64
    + TooComplex: over a published limit
    + BadShape: shapes do not fit, or the output is not a scalar
    + TooExpensive: stopped at its deadline or memory cap
    + BadRequest, BodyTooLarge, HeadersTooLarge, AddressTooLong, RequestTimeout, UnsupportedMediaType: the envelope
    + Unauthorized: no key, or not one of ours
    + NotFound, MethodNotAllowed: the address
  x Refused: ours, the same request may succeed later
    + Overloaded: the queue or the quota is full
    + Draining: the process is starting or stopping

Each class has a stable ``code`` (part of the public contract) and a ``title``; each instance says what was
seen, what was expected and, where the mistake is a common one, what to write instead.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

_AROUND = 40
"""Characters shown of a client's text, before and behind a place in it."""


@dataclass(frozen=True, slots=True)
class Position:
    """A place in the client's text: line and column count from 1, offset from 0, all in characters."""

    line: int
    column: int
    offset: int

    @classmethod
    def at(cls, text: str, offset: int) -> Position:
        """Return the position of character ``offset`` of ``text``."""
        offset = min(offset, len(text))
        line_start = text.rfind("\n", 0, offset) + 1
        return cls(text.count("\n", 0, offset) + 1, offset - line_start + 1, offset)

    def marked(self, text: str) -> str:
        """Return the line of the text, cut to what stands around the place, and under it a ^ at the place."""
        line = text.split("\n")[self.line - 1]
        start = max(0, min(self.column - 1 - _AROUND, len(line) - 2 * _AROUND))
        shown = "".join(c if c.isprintable() else " " for c in line[start : start + 2 * _AROUND])
        return f"{shown}\n{' ' * (self.column - 1 - start)}^"


class GradserveError(Exception):
    """Something went wrong here; the request is not at fault.

    Args:
        detail: one sentence about this occurrence.
        hint: what to write instead.
        field: the request field concerned.
        offset: character offset into ``expression``; becomes ``position`` once the text is known.
    """

    code: ClassVar[str] = "internal_error"
    title: ClassVar[str] = "Internal error"

    def __init__(
        self, detail: str, *, hint: str | None = None, field: str | None = None, offset: int | None = None
    ) -> None:
        super().__init__(detail)
        self.detail = detail
        self.hint = hint
        self.field = field
        self.offset = offset
        self.position: Position | None = None

    def portable(self) -> dict[str, Any]:
        """Return what ``restored`` makes this error of again, in another process."""
        position = self.position and (self.position.line, self.position.column, self.position.offset)
        return {
            "class": type(self).__name__,
            "detail": self.detail,
            "hint": self.hint,
            "field": self.field,
            "position": position,
        }

    def locate(self, text: str) -> None:
        """Turn ``offset`` into ``position``, the text being the expression it counts in."""
        if self.offset is not None and self.position is None:
            self.position = Position.at(text, self.offset)
            self.field = self.field or "expression"


def restored(document: dict[str, Any]) -> GradserveError:
    """Return the error that ``portable`` described: one of this module's."""
    cls = globals()[document["class"]]
    if not issubclass(cls, GradserveError):
        raise TypeError(f"not an error of this service: {document['class']}")
    error: GradserveError = cls(document["detail"], hint=document["hint"], field=document["field"])
    error.position = document["position"] and Position(*document["position"])
    return error


class Rejected(GradserveError):
    """The request is at fault; sending it again cannot help."""


class InvalidJson(Rejected):
    """The body is not strict JSON in UTF-8 (RFC 8259)."""

    code = "invalid_json"
    title = "The body is not valid JSON"


class InvalidField(Rejected):
    """A field is missing, unknown, mistyped or contradicts another."""

    code = "invalid_field"
    title = "A field of the request is not valid"


class InvalidName(Rejected):
    """An argument name that cannot be used, or is used twice."""

    code = "invalid_name"
    title = "An argument name is not valid"


class SyntaxRejected(Rejected):
    """The text is not in the function language."""

    code = "syntax_error"
    title = "The expression is not in the function language"


class UnknownName(Rejected):
    """A name that is neither an argument, a constant nor a function."""

    code = "unknown_name"
    title = "The expression uses a name nobody defined"


class NotDifferentiable(UnknownName):
    """A function whose derivative the language has no words for."""

    title = "The derivative has no formula in the language"


class BadArity(Rejected):
    """A function was called with the wrong number of arguments."""

    code = "bad_arity"
    title = "A function has the wrong number of arguments"


class BadConstant(Rejected):
    """A constant subexpression that is not finite in float64."""

    code = "bad_constant"
    title = "A constant is not finite in float64"


class TooComplex(Rejected):
    """Over one of the limits published at /v1/limits."""

    code = "too_complex"
    title = "The request is over a published limit"


class BadShape(Rejected):
    """Shapes that do not fit together, or an output that is not a scalar."""

    code = "bad_shape"
    title = "The shapes do not fit"


class TooExpensive(Rejected):
    """The work was stopped at its deadline or memory cap."""

    code = "too_expensive"
    title = "The work was stopped at its deadline"


class BodyTooLarge(Rejected):
    """More bytes than the published limit."""

    code = "body_too_large"
    title = "The request body is too large"


class UnsupportedMediaType(Rejected):
    """Not application/json, or encoded in a way this service does not decode."""

    code = "unsupported_media_type"
    title = "The media type is not supported"


class HeadersTooLarge(BodyTooLarge):
    """More header bytes or lines than the published limit (RFC 6585, section 5)."""

    title = "The request headers are too large"


class AddressTooLong(BodyTooLarge):
    """A longer address than the published limit (RFC 9110, section 15.5.15)."""

    title = "The address is too long"


class BadRequest(Rejected):
    """What arrived is not a request of HTTP/1.1 (RFC 9112)."""

    code = "bad_request"
    title = "This is not an HTTP request"


class RequestTimeout(Rejected):
    """The request did not arrive in time."""

    code = "request_timeout"
    title = "The request took too long to arrive"


class Unauthorized(Rejected):
    """No key where one is needed, or one that is not known."""

    code = "unauthorized"
    title = "A key is needed"


class NotFound(Rejected):
    """No such resource."""

    code = "not_found"
    title = "Not found"


class MethodNotAllowed(Rejected):
    """The resource exists, the method does not."""

    code = "method_not_allowed"
    title = "Method not allowed"


class Refused(GradserveError):
    """Ours: the same request may succeed later.

    Args:
        detail: one sentence about this occurrence.
        retry_after_seconds: when trying again makes sense.
    """

    def __init__(self, detail: str, *, retry_after_seconds: int = 1) -> None:
        super().__init__(detail)
        self.retry_after_seconds = retry_after_seconds


class Overloaded(Refused):
    """The queue or the quota is full."""

    code = "overloaded"
    title = "Too many requests"


class Draining(Refused):
    """The process is starting or stopping."""

    code = "draining"
    title = "The service is not taking requests now"


def quote(text: str, limit: int = 40) -> str:
    """Return client text fit for a message: printable ASCII, at most ``limit`` characters, in quotes."""
    shown = text if len(text) <= limit else text[: limit - 3] + "..."
    escaped = ascii(shown)[1:-1]
    return f"'{escaped if len(escaped) <= 2 * limit else escaped[: 2 * limit - 3] + '...'}'"
