"""Every answered request in the metrics, as a span, and in the log; and the middleware that sees to it."""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.api.http import context, replies
from app.api.http.middleware import draining, framework, tracing
from app.runtime import metrics as runtime_metrics

_log = logging.getLogger("gradserve.requests")

_SLOW_SECONDS = 1.0


class RequestLog:
    """Records answered requests; ``spans`` is None if nobody collects them."""

    def __init__(self, metrics: runtime_metrics.Metrics, spans: tracing.OpenTelemetry | None = None) -> None:
        self._metrics, self.spans = metrics, spans

    def record(self, request: context.RequestContext, request_headers: replies.Headers = ()) -> float:
        """Record a request in metrics and spans, and return the seconds it took until now."""
        seconds = time.perf_counter() - request.began
        tier = (request.computed and request.computed.tier) or "none"
        self._metrics.request(request.route, request.status, tier, seconds)
        if self.spans is not None:
            try:
                self.spans.record(request, request_headers, seconds)
            except Exception:  # noqa: BLE001 - whatever the SDK raises, the request goes on
                _log.exception("a span was not recorded")
        return seconds

    def close(self) -> None:
        if self.spans is not None:
            self.spans.close()

    def write(self, request: context.RequestContext, seconds: float) -> None:
        """Write a log line: at INFO if the request was slow, refused for a while or failed, else at DEBUG."""
        level = logging.INFO if seconds > _SLOW_SECONDS or request.status >= 429 else logging.DEBUG
        if _log.isEnabledFor(level):
            fields = {"route": request.route, "status": request.status, "seconds": round(seconds, 6)}
            fields |= {"key": request.key} if request.key else {}
            _log.log(level, "answered %s with %d", request.route, request.status, extra=fields)


class AccessLog:
    """ASGI middleware that records every request and counts those in flight.

    ``find`` finds the route of a request that was refused before it came to ``framework.Operations``.
    """

    def __init__(
        self, app: ASGIApp, log: RequestLog, lifecycle: draining.Lifecycle, find: Sequence[framework.Find]
    ) -> None:
        self._app, self._log, self._lifecycle, self._find = app, log, lifecycle, find

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = context.begin(scope, time.perf_counter())

        async def send_and_note(message: Message) -> None:
            if message["type"] == "http.response.start":
                request.status, request.headers = message["status"], message["headers"]
            await send(message)

        self._lifecycle.in_flight += 1
        try:
            await self._app(scope, receive, send_and_note)
        finally:
            self._lifecycle.in_flight -= 1
        request.status = request.status or 500
        request.route = request.route or self._route(scope)
        self._log.write(request, self._log.record(request, scope["headers"]))

    def _route(self, scope: Scope) -> str:
        """Return the route of a request that the framework has answered, or a middleware before any route."""
        if "route" in scope:
            return getattr(scope["route"], "path", context.OTHER)
        found = framework.find(self._find, scope)
        return context.OTHER if found is None else found[0]
