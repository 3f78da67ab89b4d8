"""Every answered request counted, and those worth a line logged."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable

from app import meters

_log = logging.getLogger("gradserve.requests")

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
    """

    def __init__(self, counted: meters.Meters) -> None:
        self._counted = counted

    def count(self, route: str, status: int, headers: Iterable[tuple[bytes, bytes]], began: float) -> float:
        """Count a request that began at a ``time.perf_counter``; return the seconds it took."""
        seconds = time.perf_counter() - began
        used = b""
        for name, value in headers:
            if name == b"cache-status":
                used = value
        self._counted.request(route, status, _TIERS.get(used, "none"), seconds)
        return seconds

    def note(self, route: str, status: int, headers: Iterable[tuple[bytes, bytes]], began: float) -> None:
        """Count a request, and log it: at INFO if it was slow, refused for a while or failed, else at DEBUG."""
        seconds = self.count(route, status, headers, began)
        level = logging.INFO if seconds > _SLOW_SECONDS or status >= 429 else logging.DEBUG
        if _log.isEnabledFor(level):
            told = {"route": route, "status": status, "seconds": round(seconds, 6)}
            _log.log(level, "answered %s with %d", route, status, extra=told)
