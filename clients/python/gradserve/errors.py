"""Exceptions of answers that are errors; what fails on the way is an ``httpx.TransportError``.

GradserveError          any answer that is an error
├─ Rejected             the request is at fault: the same request fails again
│  ├─ InvalidFunction   the text of the function is, at ``position``
│  ├─ Forbidden         a key is missing, unknown, or lacks a scope
│  └─ NotFound          nobody registered the function or the data, or they are gone
└─ Unavailable          a rate, a quota or a queue is full, or the service stops: it may work ``retry_after`` seconds
"""

import re
from typing import Any

import httpx


class GradserveError(Exception):
    """An error by its problem document (RFC 9457), whose members are attributes, None where it has none.

    ``position`` has ``line`` and ``column`` from 1; ``request_id`` names the request in the log of the service.
    """

    expression: Any = None  # the text that was sent, where it is known

    def __init__(self, response: httpx.Response, document: dict[str, Any]) -> None:
        super().__init__(document.get("detail", f"{response.url} answered {response.status_code}"))
        self.status, self.detail = response.status_code, str(self.args[0])
        self.title, self.code, self.hint, self.field = map(document.get, ("title", "code", "hint", "field"))
        self.position: dict[str, int] | None = document.get("position")
        self.request_id: str | None = response.headers.get("x-request-id")
        self.retry_after = _seconds_until(response)

    def __str__(self) -> str:
        text = self.detail + f" ({self.hint})" * bool(self.hint)
        if self.position is None or not isinstance(self.expression, str):
            return text
        line = self.expression.split("\n")[self.position["line"] - 1]
        return f"{text}\n    {line}\n    {' ' * (self.position['column'] - 1)}^"


class Rejected(GradserveError):
    """The request is at fault: the same request fails again."""


class InvalidFunction(Rejected):
    """The text of the function is at fault; the message shows the place."""


class Forbidden(Rejected):
    """A key is missing, unknown, or lacks a scope."""


class NotFound(Rejected):
    """Nobody registered the function or the data, or they are gone."""


class Unavailable(GradserveError):
    """The service refuses for now: it may answer after ``retry_after`` seconds."""


_KINDS: dict[int, type[GradserveError]] = {
    401: Forbidden, 403: Forbidden, 404: NotFound, 429: Unavailable, 503: Unavailable,
}  # fmt: skip


def of(response: httpx.Response) -> GradserveError:
    """Return the exception for an answer that is an error, whether it is a problem document or not."""
    try:
        document = dict(response.json())
    except (ValueError, TypeError):
        document = {}
    kind = Rejected if response.is_client_error else GradserveError
    found = InvalidFunction if "position" in document else _KINDS.get(response.status_code, kind)
    return found(response, document)


def _seconds_until(response: httpx.Response) -> float | None:
    """Return after how many seconds the service takes a request again, None if it does not say."""
    headers = (response.headers.get("retry-after", ""), response.headers.get("ratelimit", ""))
    found = re.fullmatch(r"(\d+)", headers[0]) or re.search(r";r=0;t=(\d+)", headers[1])
    return float(found[1]) if found else None
