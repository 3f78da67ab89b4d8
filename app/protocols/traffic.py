"""Every answered request counted, and those worth a line logged."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable

from app import meters
from app.protocols import spans

_log = logging.getLogger("gradserve.requests")

Headers = Iterable[tuple[bytes, bytes]]

OTHER = "other"
"""The route of what no route answers: paths are the clients', and without end."""

_SLOW_SECONDS = 1.0
_TIERS = {
    b"": "none",
    **{
        f"gradserve; {used}; detail={tier}".encode(): tier
        for used in ("hit", "fwd=miss")
        for tier in ("interpreted", "compiled")
    },
}
"""By Cache-Status; any other is of something that is not computed at a point."""


class Traffic:
    """Counts requests.

    Args:
        counted: where.
        traced: takes each as a span.
    """

    def __init__(self, counted: meters.Meters, traced: spans.Spans | None = None) -> None:
        self._counted = counted
        self._spans = traced

    def count(self, route: str, status: int, headers: Headers, began: float, asked: Headers = ()) -> float:
        """Count a request, and return the seconds it took.

        Args:
            route: of it.
            status: of its answer.
            headers: of its answer.
            began: when it did, by ``time.perf_counter``.
            asked: headers of the request.
        """
        seconds = time.perf_counter() - began
        used = b""
        for name, value in headers:
            if name == b"cache-status":
                used = value
        self._counted.request(route, status, _TIERS.get(used, "none"), seconds)
        if self._spans is not None:
            try:
                self._spans.record(route, status, asked, headers, seconds)
            except Exception:  # noqa: BLE001 - whatever the SDK raises, the request goes on
                _log.exception("a span was not recorded")
        return seconds

    def note(self, route: str, status: int, headers: Headers, began: float, asked: Headers = ()) -> None:
        """Count a request, and log it: at INFO if it was slow, refused for a while or failed, else at DEBUG."""
        seconds = self.count(route, status, headers, began, asked)
        level = logging.INFO if seconds > _SLOW_SECONDS or status >= 429 else logging.DEBUG
        if _log.isEnabledFor(level):
            told = {"route": route, "status": status, "seconds": round(seconds, 6)}
            _log.log(level, "answered %s with %d", route, status, extra=told)
