"""The parts of one application, which routes and the server find in ``app.state.services``."""

from __future__ import annotations

from dataclasses import dataclass

from starlette.requests import Request

from app.api.http import body, handler, hot_lane
from app.api.http.middleware import access_log, auth, backpressure, draining, ratelimit
from app.engine import engine
from app.runtime import metrics as runtime_metrics


@dataclass(frozen=True, slots=True)
class Services:
    """The parts of one application."""

    engine: engine.Engine
    limits: body.RequestLimits
    lifecycle: draining.Lifecycle
    authenticator: auth.Authenticator
    rate: ratelimit.Rate | None  # None without a bound
    origins: tuple[str, ...]
    budgets: backpressure.Budgets
    log: access_log.RequestLog
    metrics: runtime_metrics.Metrics
    shared_metrics: runtime_metrics.SharedDirectory | None  # of all processes that serve together, if there are several
    request_handler: handler.Handler
    hot_lane: hot_lane.HotLane


def of(request: Request) -> Services:
    """Return the parts of the application that serves a request."""
    services: Services = request.app.state.services
    return services
